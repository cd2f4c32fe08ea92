//! Service level objectives: how fast an error budget is spent, what is left of it, and what a release has spent.
//!
//! The rule is the multiwindow, multi-burn-rate one of Google's Site Reliability Workbook, chapter 5, "Alerting on SLOs"
//! (<https://sre.google/workbook/alerting-on-slos/>, method 6): a burn rate of 1 spends the whole budget in the period,
//! and a rule is met while both of its windows burn at least as fast as it says. The long window shows that it matters, the
//! short one that it has not ended. What it does not say, and is decided here:
//!
//! * *Other periods than 30 days.* A rule stands for a share of the budget, so its rate is `share * period / window`. It is
//!   never less than 1, at which the promise is kept, nor so much that more than half of all events must be bad.
//! * *Few events.* With an objective of 99.9 %, one bad event of three burns 333 times as fast as allowed, and none of three
//!   shows nothing. A window shows that a rate is reached with three bad events or more, and that it is not with as many
//!   events as would give three bad ones: where none of n is bad, the share of bad ones is below 3/n with 95 % confidence
//!   (Hanley and Lippman-Hand, JAMA 249:1743, 1983). Too few events of a paging rule make it unknown; a warning's are none yet.
//! * *No data.* That is never "no errors". A rule is not met if one of its windows is known to burn slower, met if both are
//!   known to burn as fast, and else not known. The shortest window must have events, or what is so now is not known at all.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::{Count, Said, Sample, Unknown, Value, Verdict};
use crate::plan::{Duration, Slo, SloReading};

/// How many bad events there must be at a rate for it to be told.
const TELLING: f64 = 3.0;
/// The share of all events beyond which no rule waits for more bad ones.
const HALF: f64 = 0.5;

/// When an objective's error budget is spent too fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The window that shows that it matters.
    pub long: Duration,
    /// The window that shows that it goes on.
    pub short: Duration,
    /// From this burn rate on in both, it is met.
    pub rate: f64,
    /// Whether it wakes somebody: a failure. A warning otherwise.
    pub pages: bool,
}

/// What was counted for an objective, up to the same time: bad events as `events`, all events as `trials`. Nothing where
/// there is no data, which is not the same as no events.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    /// Over each of the [`windows`].
    pub windows: Vec<(Duration, Option<Count>)>,
    /// Over the whole period.
    pub period: Option<Count>,
    /// Since the release began.
    pub release: Option<Count>,
    /// What else a reader should know of these numbers, as a part of a sentence.
    pub doubt: Option<String>,
}

/// What is told of an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The number; none where it is not known.
    pub number: Option<f64>,
    /// The verdict, where it is not left to the signal's thresholds, and why.
    pub said: Said,
}

impl Told {
    /// As a sample of the signal that tells it.
    #[must_use]
    pub fn sample(self, at: Timestamp) -> Sample {
        let missing = || Value::Missing(Unknown::Error(self.said.why.clone()));
        let value = self.number.map_or_else(missing, Value::from_f64);
        Sample { at, value, count: None, said: Some(Box::new(self.said)) }
    }

    fn unknown(why: String) -> Self {
        Self { number: None, said: Said { verdict: Some(Verdict::Unknown), why } }
    }
}

/// The rules that an objective is held to, the most urgent first. Windows longer than its period are left out.
#[must_use]
pub fn rules(slo: &Slo) -> Vec<Rule> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let most = (HALF / budget_share(slo)).max(1.0);
    // The share of the budget, the two windows, and whether it pages.
    [
        (0.02, HOUR, 5 * MINUTE, true),
        (0.05, 6 * HOUR, 30 * MINUTE, true),
        (0.1, DAY, 2 * HOUR, false),
        (0.1, 3 * DAY, 6 * HOUR, false),
    ]
    .into_iter()
    .map(|(share, long, short, pages)| {
        let (long, short) = (Duration::from_secs(long), Duration::from_secs(short));
        let rate = share * slo.period.as_secs_f64() / long.as_secs_f64();
        Rule { long, short, rate: rate.clamp(1.0, most), pages }
    })
    .filter(|rule| rule.long <= slo.period)
    .collect()
}

/// The windows that the rules look at, the shortest first.
#[must_use]
pub fn windows(slo: &Slo) -> Vec<Duration> {
    let mut windows: Vec<Duration> = rules(slo).iter().flat_map(|rule| [rule.long, rule.short]).collect();
    windows.sort_unstable();
    windows.dedup();
    windows
}

/// What a signal of this reading says.
///
/// How fast the budget is spent is the lesser rate of the two windows of the rule that is met, or that is nearest to it, so
/// that the number reaches the rule's rate just when the rule is met. A paging rule that is met fails, another one warns.
/// What is left, and what the release has spent, is for the signal's thresholds to judge, unless it is not known.
#[must_use]
pub fn tell(slo: &Slo, reading: SloReading, tally: &Tally) -> Told {
    let mut told = match reading {
        SloReading::Burn => burn(slo, tally),
        SloReading::Budget => budget(slo, tally),
        SloReading::Spent => spent(slo, tally),
    };
    if let Some(doubt) = &tally.doubt {
        told.said.why = format!("{}; {doubt}", told.said.why);
    }
    told
}

/// How fast the budget is spent.
fn burn(slo: &Slo, tally: &Tally) -> Told {
    let looks: Vec<Look> = rules(slo).into_iter().map(|rule| Look::at(rule, slo, tally)).collect();
    let met = |pages| looks.iter().filter(|look| look.holds == Holds::Yes && look.rule.pages == pages).max_by(nearer);
    let verdict = |verdict, look: &Look| Told {
        number: look.number(),
        said: Said { verdict: Some(verdict), why: look.words(if look.rule.pages { "pages" } else { "warns" }) },
    };
    if let Some(look) = met(true) {
        return verdict(Verdict::Fail, look);
    }
    // What is slow takes long to show: that there is too little history of it yet is no reason to know nothing.
    let deciding = looks.iter().filter(|look| look.rule.pages || look.holds != Holds::TooFew);
    if let Some(why) = silence(tally).or_else(|| deciding.clone().find_map(Look::unknown)) {
        return Told::unknown(why);
    }
    if let Some(look) = met(false) {
        return verdict(Verdict::Warn, look);
    }
    let nearest = deciding.max_by(nearer);
    let Some(number) = nearest.and_then(Look::number) else { return Told::unknown(no_data(slo.period)) };
    let left = left(slo, tally).ok().map_or_else(String::new, |left| format!("; {}", left_words(slo, left)));
    Told { number: Some(number), said: Said { verdict: Some(Verdict::Ok), why: format!("{} x{left}", short(number)) } }
}

/// How much of the period's budget is left, in percent; negative once it is overspent.
fn budget(slo: &Slo, tally: &Tally) -> Told {
    match left(slo, tally) {
        Ok(left) => {
            let limit = slo.min_left.map_or_else(String::new, |least| format!(", fails from {} %", short(least)));
            Told { number: Some(left), said: Said { verdict: None, why: format!("{}{limit}", left_words(slo, left)) } }
        }
        Err(why) => Told::unknown(why),
    }
}

/// How much of the period's budget this release has spent, in percent: its bad events as a share of those that are allowed
/// in the period. So few bad events that they say nothing are not known to be too many.
fn spent(slo: &Slo, tally: &Tally) -> Told {
    let Some(release) = counted(tally.release) else { return Told::unknown("no data since the release began".to_owned()) };
    let allowed = match allowed(slo, tally) {
        Ok(allowed) => allowed,
        Err(why) => return Told::unknown(why),
    };
    let number = 100.0 * release.events / allowed;
    let limit = slo.max_spend.map_or_else(String::new, |most| format!(", fails from {} %", short(most)));
    let of = format!("{} bad of {} events", whole(release.events), whole(release.trials));
    let why = format!("this release spent {} % of the {} budget, {of}{limit}", short(number), slo.period);
    if slo.max_spend.is_some_and(|most| number >= most) && release.events < TELLING {
        return Told::unknown(format!("{why}: too few to tell"));
    }
    Told { number: Some(number), said: Said { verdict: None, why } }
}

/// The share of events that may be bad. Rounded, so that that of 99.9 % is 0.001 and nothing is needed a little more than
/// 3000 times; never nothing.
fn budget_share(slo: &Slo) -> f64 {
    ((1.0 - slo.objective / 100.0) * 1e12).round().max(1.0) / 1e12
}

/// What is left of the budget, in percent, or why that is not known.
fn left(slo: &Slo, tally: &Tally) -> Result<f64, String> {
    let allowed = allowed(slo, tally)?;
    let spent = counted(tally.period).map_or(0.0, |count| count.events);
    Ok(100.0 * (1.0 - spent / allowed))
}

fn left_words(slo: &Slo, left: f64) -> String {
    if left < 0.0 {
        format!("the {} budget is overspent by {} %", slo.period, short(-left))
    } else {
        format!("{} % of the {} budget left", short(left), slo.period)
    }
}

/// How many events may be bad in the period, by those that there were; or why that is not known.
fn allowed(slo: &Slo, tally: &Tally) -> Result<f64, String> {
    let period = counted(tally.period).ok_or_else(|| no_data(slo.period))?;
    let allowed = budget_share(slo) * period.trials;
    if allowed >= TELLING {
        return Ok(allowed);
    }
    let least = (TELLING / budget_share(slo)).ceil();
    Err(format!("{} events over {}; {} are needed to speak of a budget", whole(period.trials), slo.period, whole(least)))
}

/// Why nothing is known of what is so now, if nothing is.
fn silence(tally: &Tally) -> Option<String> {
    let (window, count) = tally.windows.iter().min_by_key(|(window, _)| *window)?;
    match counted(*count) {
        None => Some(no_data(*window)),
        Some(count) if count.trials == 0.0 => Some(format!("no events over {window}")),
        Some(_) => None,
    }
}

fn no_data(window: Duration) -> String {
    format!("no data over {window}")
}

/// A count that can be reckoned with. A server's `increase` is a guess between samples, so that a part may come out a
/// little larger than its whole.
fn counted(count: Option<Count>) -> Option<Count> {
    let Count { events, trials } = count?;
    let sound = events.is_finite() && trials.is_finite() && events >= 0.0 && trials >= 0.0;
    sound.then(|| Count { events: events.min(trials), trials })
}

/// Whether a rule is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    No,
    Yes,
    /// A window has too few events to tell.
    TooFew,
    /// A window has no data.
    NoData,
}

/// A rule beside what was counted.
struct Look {
    rule: Rule,
    long: Pane,
    short: Pane,
    holds: Holds,
}

/// One of a rule's windows.
struct Pane {
    over: Duration,
    count: Option<Count>,
    /// The burn rate, where there were events.
    rate: Option<f64>,
    /// How many events it takes to tell that the rate is not reached.
    least: f64,
}

impl Look {
    fn at(rule: Rule, slo: &Slo, tally: &Tally) -> Self {
        let share = budget_share(slo);
        let least = (TELLING / (rule.rate * share)).ceil();
        let pane = |over: Duration| {
            let count = tally.windows.iter().find(|(window, _)| *window == over).and_then(|(_, count)| counted(*count));
            let rate = count.filter(|count| count.trials > 0.0).map(|count| count.events / count.trials / share);
            Pane { over, count, rate, least }
        };
        let (long, short) = (pane(rule.long), pane(rule.short));
        let holds = match (long.holds(rule.rate), short.holds(rule.rate)) {
            (Holds::No, _) | (_, Holds::No) => Holds::No,
            (Holds::NoData, _) | (_, Holds::NoData) => Holds::NoData,
            (Holds::TooFew, _) | (_, Holds::TooFew) => Holds::TooFew,
            (Holds::Yes, Holds::Yes) => Holds::Yes,
        };
        Self { rule, long, short, holds }
    }

    /// The lesser rate of its windows. One that has no events says nothing against the other.
    fn number(&self) -> Option<f64> {
        match (self.long.rate, self.short.rate) {
            (Some(long), Some(short)) => Some(long.min(short)),
            (long, short) => long.or(short),
        }
    }

    fn words(&self, does: &str) -> String {
        let rate = |pane: &Pane| format!("{} x over {}", pane.rate.map_or_else(|| "?".to_owned(), short), pane.over);
        format!("burns {} and {}, {does} from {} x", rate(&self.long), rate(&self.short), short(self.rule.rate))
    }

    /// Why it is not known whether it is met, if it is not.
    fn unknown(&self) -> Option<String> {
        let panes = [&self.long, &self.short];
        match self.holds {
            Holds::No | Holds::Yes => None,
            Holds::NoData => panes.into_iter().find(|pane| pane.count.is_none()).map(|pane| no_data(pane.over)),
            Holds::TooFew => panes.into_iter().filter(|pane| pane.holds(self.rule.rate) == Holds::TooFew).find_map(|pane| {
                let count = pane.count?;
                let of = format!("{} bad of {} events over {}", whole(count.events), whole(count.trials), pane.over);
                Some(format!("{of}; {} are needed to tell a burn of {} x", whole(pane.least), short(self.rule.rate)))
            }),
        }
    }
}

impl Pane {
    /// Whether it burns as fast as that.
    fn holds(&self, rate: f64) -> Holds {
        let Some(count) = self.count else { return Holds::NoData };
        match self.rate {
            Some(own) if own >= rate && count.events >= TELLING => Holds::Yes,
            Some(own) if own < rate && count.trials >= self.least => Holds::No,
            _ => Holds::TooFew,
        }
    }
}

/// Which of two rules is nearer to be met, by its number as a share of its rate.
fn nearer(one: &&Look, other: &&Look) -> Ordering {
    let share = |look: &Look| look.number().unwrap_or(0.0) / look.rule.rate;
    share(one).total_cmp(&share(other))
}

/// A number with about three digits that matter.
fn short(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A number of events; a server's `increase` makes fractions of them.
fn whole(number: f64) -> String {
    format!("{number:.0}")
}

#[cfg(test)]
mod tests;
