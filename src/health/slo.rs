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
#[must_use]
pub fn tell(slo: &Slo, reading: SloReading, tally: &Tally) -> Told {
    match reading {
        SloReading::Burn => burn(slo, tally),
        SloReading::Budget => budget(slo, tally),
        SloReading::Spent => spent(slo, tally),
    }
}

/// How fast the budget is spent: the lesser rate of the two windows of the rule that is met, or that is nearest to it, so
/// that the number reaches the rule's rate just when the rule is met. A paging rule that is met fails, another one warns.
#[must_use]
pub fn burn(slo: &Slo, tally: &Tally) -> Told {
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
    let doubt = tally.doubt.as_ref().map_or_else(String::new, |doubt| format!("; {doubt}"));
    Told { number: Some(number), said: Said { verdict: Some(Verdict::Ok), why: format!("{} x{left}{doubt}", short(number)) } }
}

/// How much of the period's budget is left, in percent; negative once it is overspent.
#[must_use]
pub fn budget(slo: &Slo, tally: &Tally) -> Told {
    match left(slo, tally) {
        Ok(left) => {
            let doubt = tally.doubt.as_ref().map_or_else(String::new, |doubt| format!("; {doubt}"));
            Told { number: Some(left), said: Said { verdict: None, why: left_words(slo, left) + &doubt } }
        }
        Err(why) => Told::unknown(why),
    }
}

/// How much of the period's budget this release has spent, in percent: its bad events as a share of those that are allowed
/// in the period. Whether that is too much is for the signal's threshold, unless so few events were bad that it says nothing.
#[must_use]
pub fn spent(slo: &Slo, tally: &Tally) -> Told {
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::Place;

    fn slo(objective: f64, period: &str) -> Slo {
        Slo {
            title: None,
            at: Place::default(),
            objective,
            period: period.parse().unwrap(),
            bad: Some("bad".into()),
            good: None,
            total: "all".into(),
            max_spend: None,
            every: Duration::from_secs(15),
        }
    }

    fn count(events: f64, trials: f64) -> Option<Count> {
        Some(Count { events, trials })
    }

    /// The same burn rate over every window, at so many events a second.
    fn steady(slo: &Slo, burn: f64, rps: f64) -> Tally {
        let over = |window: Duration| {
            let trials = rps * window.as_secs_f64();
            count(burn * budget_share(slo) * trials, trials)
        };
        Tally {
            windows: windows(slo).into_iter().map(|window| (window, over(window))).collect(),
            period: over(slo.period),
            release: over(Duration::from_secs(600)),
            doubt: None,
        }
    }

    fn with(mut tally: Tally, changes: &[(&str, Option<Count>)]) -> Tally {
        for (window, count) in changes {
            let window: Duration = window.parse().unwrap();
            tally.windows.iter_mut().find(|(known, _)| *known == window).unwrap().1 = *count;
        }
        tally
    }

    /// Worse is more: a verdict that is not known keeps a release from going on, and a warning does not.
    fn badness(slo: &Slo, told: &Told) -> u8 {
        let beyond = told.number.zip(slo.max_spend).is_some_and(|(number, most)| number >= most);
        match told.said.verdict {
            // By the threshold of what is spent.
            None if beyond => 3,
            None | Some(Verdict::Ok) => 0,
            Some(Verdict::Warn) => 1,
            Some(Verdict::Unknown) => 2,
            Some(Verdict::Fail) => 3,
        }
    }

    #[test]
    fn the_rules_are_the_workbooks() {
        let shown = |objective, period| {
            let rules = rules(&slo(objective, period));
            rules
                .iter()
                .map(|rule| format!("{}/{} {}{}", rule.long, rule.short, short(rule.rate), if rule.pages { "!" } else { "" }))
                .collect::<Vec<_>>()
                .join(", ")
        };
        for (objective, period, expected) in [
            (99.9, "30d", "1h/5m 14.4!, 6h/30m 6!, 1d/2h 3, 3d/6h 1"),
            (99.99, "28d", "1h/5m 13.4!, 6h/30m 5.6!, 1d/2h 2.8, 3d/6h 1"),
            (99.9, "7d", "1h/5m 3.36!, 6h/30m 1.4!, 1d/2h 1, 3d/6h 1"),
            (99.9, "1d", "1h/5m 1!, 6h/30m 1!, 1d/2h 1"),
            (99.9, "1h", "1h/5m 1!"),
            // All of them bad is 10 times and twice as fast as allowed.
            (90.0, "30d", "1h/5m 5!, 6h/30m 5!, 1d/2h 3, 3d/6h 1"),
            (50.0, "30d", "1h/5m 1!, 6h/30m 1!, 1d/2h 1, 3d/6h 1"),
        ] {
            assert_eq!(shown(objective, period), expected, "{objective} over {period}");
        }
        let names: Vec<String> = windows(&slo(99.9, "30d")).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
    }

    #[test]
    fn a_burn_is_told_in_words() {
        let slo = slo(99.9, "30d");
        let steady = |burn| steady(&slo, burn, 100.0);
        for (tally, verdict, number, why) in [
            (steady(0.4), Verdict::Ok, Some(0.4), "0.4 x; 60 % of the 30d budget left"),
            (steady(0.0), Verdict::Ok, Some(0.0), "0 x; 100 % of the 30d budget left"),
            (steady(1.2), Verdict::Warn, Some(1.2), "burns 1.2 x over 3d and 1.2 x over 6h, warns from 1 x"),
            (
                with(steady(0.2), &[("1h", count(5760.0, 360_000.0)), ("5m", count(450.0, 30_000.0))]),
                Verdict::Fail,
                Some(15.0),
                "burns 16 x over 1h and 15 x over 5m, pages from 14.4 x",
            ),
            // It was bad, and has ended.
            (
                with(steady(0.2), &[("1h", count(5760.0, 360_000.0))]),
                Verdict::Ok,
                Some(0.2),
                "0.2 x; 80 % of the 30d budget left",
            ),
            // It has just begun, and does not matter yet.
            (with(steady(0.2), &[("5m", count(450.0, 30_000.0))]), Verdict::Ok, Some(0.2), "0.2 x; 80 % of the 30d budget left"),
            (with(steady(0.4), &[("5m", None)]), Verdict::Unknown, None, "no data over 5m"),
            (with(steady(0.4), &[("5m", count(f64::NAN, 1.0))]), Verdict::Unknown, None, "no data over 5m"),
            (with(steady(0.4), &[("5m", count(0.0, 0.0))]), Verdict::Unknown, None, "no events over 5m"),
            (with(steady(8.0), &[("6h", None)]), Verdict::Unknown, None, "no data over 6h"),
            // One of the two is enough to know that it is not met.
            (with(steady(0.4), &[("6h", None)]), Verdict::Ok, Some(0.4), "0.4 x; 60 % of the 30d budget left"),
            (with(steady(0.4), &[("6h", None), ("3d", None)]), Verdict::Unknown, None, "no data over 3d"),
            (Tally::default(), Verdict::Unknown, None, "no data over 1h"),
        ] {
            let told = burn(&slo, &tally);
            assert_eq!((told.said.verdict, told.said.why.as_str()), (Some(verdict), why));
            assert_eq!(told.number.map(|number| (number * 1e6).round() / 1e6), number, "{why}");
        }
    }

    #[test]
    fn few_events_tell_little() {
        let slo = slo(99.9, "30d");
        let burn = |rps: f64, changes: &[(&str, Option<Count>)]| burn(&slo, &with(steady(&slo, 0.0, rps), changes)).said;
        let said = |verdict, why: &str| Said { verdict: Some(verdict), why: why.into() };
        // Ten an hour.
        let rps = 10.0 / 3600.0;
        assert_eq!(burn(rps, &[]), said(Verdict::Unknown, "0 bad of 10 events over 1h; 209 are needed to tell a burn of 14.4 x"));
        // One bad of three would be 333 times as fast as allowed.
        let one = count(1.0, 3.0);
        assert_eq!(
            burn(rps, &[("1h", one), ("5m", one), ("30m", one)]),
            said(Verdict::Unknown, "1 bad of 3 events over 1h; 209 are needed to tell a burn of 14.4 x")
        );
        // Three of three are no accident.
        let all = count(3.0, 3.0);
        assert_eq!(burn(rps, &[("1h", all), ("5m", all)]).verdict, Some(Verdict::Fail));
        // A thousand an hour are enough, though there are few in the last five minutes.
        assert_eq!(burn(1000.0 / 3600.0, &[]), said(Verdict::Ok, "0 x; 100 % of the 30d budget left"));
        // A service that is new has no days behind it.
        let new = count(0.0, 900.0);
        assert_eq!(burn(1.0, &[("2h", new), ("6h", new), ("1d", new), ("3d", new)]).verdict, Some(Verdict::Ok));
    }

    #[test]
    fn a_budget_is_told_in_words() {
        let slo = Slo { max_spend: Some(5.0), ..slo(99.9, "30d") };
        let tally = |period, release| Tally { period, release, ..Tally::default() };
        let million = 1e6; // a thousand of them may be bad
        for (period, release, budget_says, spent_says) in [
            (
                count(180.0, million),
                count(20.0, 5000.0),
                (Some(82.0), "82 % of the 30d budget left"),
                (Some(2.0), "this release spent 2 % of the 30d budget, 20 bad of 5000 events, fails from 5 %"),
            ),
            (
                count(1123.0, million),
                count(0.0, 0.0),
                (Some(-12.3), "the 30d budget is overspent by 12.3 %"),
                (Some(0.0), "this release spent 0 % of the 30d budget, 0 bad of 0 events, fails from 5 %"),
            ),
            (None, count(1.0, 9.0), (None, "no data over 30d"), (None, "no data over 30d")),
            (count(1.0, million), None, (Some(99.9), "99.9 % of the 30d budget left"), (None, "no data since the release began")),
            (
                count(1.0, 2000.0),
                count(1.0, 9.0),
                (None, "2000 events over 30d; 3000 are needed to speak of a budget"),
                (None, "2000 events over 30d; 3000 are needed to speak of a budget"),
            ),
            (
                count(1.0, 4000.0),
                count(1.0, 9.0),
                (Some(75.0), "75 % of the 30d budget left"),
                (None, "this release spent 25 % of the 30d budget, 1 bad of 9 events, fails from 5 %: too few to tell"),
            ),
        ] {
            let tally = tally(period, release);
            for (told, (number, why)) in [(budget(&slo, &tally), budget_says), (spent(&slo, &tally), spent_says)] {
                assert_eq!((told.number.map(|number| (number * 1e6).round() / 1e6), told.said.why.as_str()), (number, why));
                // Where there is a number, the signal's thresholds decide.
                assert_eq!(told.said.verdict, number.is_none().then_some(Verdict::Unknown));
            }
        }
    }

    #[test]
    fn a_sample_has_the_number_or_the_reason() {
        let slo = slo(99.9, "30d");
        let at = Timestamp::UNIX_EPOCH;
        let sample = burn(&slo, &steady(&slo, 0.5, 100.0)).sample(at);
        assert!(sample.value.number().is_some() && sample.said.is_some_and(|said| said.verdict == Some(Verdict::Ok)));
        let sample = burn(&slo, &Tally::default()).sample(at);
        assert_eq!(sample.value, Value::Missing(Unknown::Error("no data over 1h".into())));
        assert!(sample.said.is_some_and(|said| said.verdict == Some(Verdict::Unknown)));
    }

    /// Counts of an objective's windows, some of them missing.
    fn tallies() -> impl Strategy<Value = (Slo, Tally)> {
        let objective = prop::sample::select(vec![50.0, 90.0, 99.0, 99.9, 99.99]);
        let period = prop::sample::select(vec!["1h", "1d", "7d", "28d", "30d", "90d"]);
        let one = || prop::option::weighted(0.9, (0.0..=1.0f64, -1.0..7.0f64));
        (objective, period, prop::collection::vec(one(), 9), 0.0..4.0f64).prop_map(|(objective, period, counts, rarity)| {
            let slo = Slo { max_spend: Some(5.0), ..slo(objective, period) };
            let mut counts = counts.into_iter().map(|count| {
                let (share, size) = count?;
                let trials = if size < 0.0 { 0.0 } else { 10_f64.powf(size).round() };
                Some(Count { events: (trials * share.powf(1.0 + rarity * 4.0)).round(), trials })
            });
            let mut next = || counts.next().flatten();
            let (period, release) = (next(), next());
            let windows = windows(&slo).into_iter().map(|window| (window, next())).collect();
            (slo, Tally { windows, period, release, doubt: None })
        })
    }

    proptest! {
        #[test]
        fn more_errors_are_never_better((slo, tally) in tallies(), more in prop::collection::vec(0.0..=1.0f64, 9)) {
            let mut worse = tally.clone();
            let all = worse.windows.iter_mut().map(|(_, count)| count).chain([&mut worse.period, &mut worse.release]);
            for (count, more) in all.zip(more) {
                if let Some(count) = count {
                    count.events += (more * (count.trials - count.events)).round();
                }
            }
            for reading in [SloReading::Burn, SloReading::Spent] {
                let (before, after) = (tell(&slo, reading, &tally), tell(&slo, reading, &worse));
                prop_assert!(badness(&slo, &after) >= badness(&slo, &before), "{before:?} {after:?}");
            }
            if let (Some(before), Some(after)) = (budget(&slo, &tally).number, budget(&slo, &worse).number) {
                prop_assert!(after <= before);
            }
        }

        #[test]
        fn size_alone_changes_no_verdict_that_is_known((slo, tally) in tallies(), scale in 1.0..1e6f64) {
            let mut bigger = tally.clone();
            let all = bigger.windows.iter_mut().map(|(_, count)| count).chain([&mut bigger.period, &mut bigger.release]);
            for count in all.flatten() {
                *count = Count { events: count.events * scale, trials: count.trials * scale };
            }
            let (small, big) = (burn(&slo, &tally), burn(&slo, &bigger));
            // More events may well show what a few could only hint at.
            if small.said.verdict == Some(Verdict::Fail) {
                prop_assert_eq!(big.said.verdict, Some(Verdict::Fail));
            } else if small.said.verdict != Some(Verdict::Unknown) {
                prop_assert!(badness(&slo, &big) >= badness(&slo, &small), "{small:?} {big:?}");
            }
        }

        #[test]
        fn a_window_without_data_never_makes_it_better((slo, tally) in tallies(), lost in 0usize..9) {
            let mut less = tally.clone();
            if let Some((_, count)) = less.windows.get_mut(lost) {
                *count = None;
            }
            let (before, after) = (burn(&slo, &tally), burn(&slo, &less));
            prop_assert!(
                badness(&slo, &after) >= badness(&slo, &before) || matches!(after.said.verdict, Some(Verdict::Unknown)),
                "{before:?} {after:?}"
            );
            prop_assert!(lost != 0 || matches!(after.said.verdict, Some(Verdict::Unknown | Verdict::Fail)));
        }

        #[test]
        fn the_number_reaches_the_rate_just_when_a_rule_is_met((slo, tally) in tallies()) {
            let told = burn(&slo, &tally);
            prop_assert_eq!(told.number.is_none(), told.said.verdict == Some(Verdict::Unknown));
            let rates = |pages: bool| rules(&slo).into_iter().filter(move |rule| rule.pages == pages).map(|rule| rule.rate);
            let least = |rates: &mut dyn Iterator<Item = f64>| rates.fold(f64::INFINITY, f64::min);
            match (told.number, told.said.verdict) {
                (Some(number), Some(Verdict::Fail)) => prop_assert!(number >= least(&mut rates(true))),
                (Some(number), Some(Verdict::Warn)) => prop_assert!(number >= least(&mut rates(false))),
                (Some(number), _) => prop_assert!(rates(true).chain(rates(false)).any(|rate| number < rate)),
                (None, _) => {}
            }
        }
    }
}
