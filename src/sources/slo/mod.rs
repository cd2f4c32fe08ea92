//! What a Prometheus server is asked for a service level objective, and what it has answered so far.
//!
//! All windows of an objective are asked in few instant queries, whose rows carry the window in a label of ours. What is
//! slow to change is seldom asked: a window longer than an hour each 1/60 of its length, and remembered in between. Two
//! stretches would be long and must be new all the same, the whole period and the time since the release began: their
//! older part is remembered, and only the rest asked for, an hour at most.
//!
//! Nothing is sent from here: whoever holds a client sends what is [due](Windows::due), and brings the answer.

mod group;

use jiff::Timestamp;

pub(super) use group::Group;

use crate::{
    health::{
        Count,
        slo::{Tally, windows},
    },
    plan::{Duration, Selector, Slo},
};

/// The label that tells the rows of an answer apart.
pub(super) const LABEL: &str = "flightdeck";

/// Up to here a window is asked for each time.
const NEAR: Duration = Duration::from_secs(3600);
/// How many times in its length a longer one is asked for.
const TIMES: u64 = 60;
/// How long a question that failed is let be, where its answer would not be asked for each time.
const PAUSE: Duration = Duration::from_secs(120);
/// So soon there may be no two samples yet, which it takes to see a counter grow.
const SOON: Duration = Duration::from_secs(300);
/// The row that is there while any series of all events is: the age of its newest sample.
const ALIVE: &str = "alive";
/// How many seconds old the newest sample of all events may be: more than services are usually scraped apart, and less than
/// the five minutes for which a server repeats a dead one.
const QUIET: f64 = 120.0;

/// A question for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// An instant query for now.
    pub(super) promql: String,
    kind: Kind,
    stretches: Vec<Stretch>,
    now: Timestamp,
}

/// What is asked together. A query that a server refuses, because it would read too much, must not take the others along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What is asked each time.
    Near,
    /// The rules' longer windows.
    Far,
    /// The whole period.
    Period,
}

/// A stretch of time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stretch {
    /// A rule's window.
    Window(Duration),
    /// The whole period.
    Period(Duration),
    /// What has come to the period since it was asked for.
    SincePeriod(Duration),
    /// The release, or what has come to it since its older part was found.
    Release(Duration),
}

impl Stretch {
    fn name(self) -> String {
        match self {
            Self::Window(length) => length.to_string(),
            Self::Period(_) => "period".to_owned(),
            Self::SincePeriod(_) => "since".to_owned(),
            Self::Release(_) => "release".to_owned(),
        }
    }

    fn length(self) -> Duration {
        match self {
            Self::Window(length) | Self::Period(length) | Self::SincePeriod(length) | Self::Release(length) => length,
        }
    }
}

/// What is known of an objective during a release.
#[derive(Debug)]
pub(super) struct Windows {
    near: Asked,
    far: Asked,
    period: Asked,
    /// The rules' windows, and when each was found.
    found: Vec<(Duration, Timestamp, Option<Count>)>,
    whole: Running,
    release: Running,
    /// Whether any series of all events is alive.
    is_alive: bool,
    /// Which selector matches no series, though there are events.
    unmatched: Unmatched,
}

/// How a question went the last time.
#[derive(Debug, Clone, Default)]
struct Asked {
    at: Option<Timestamp>,
    failed: Option<String>,
}

/// Whether the selector of the bad events, or of the good ones, matches anything.
#[derive(Debug, Clone, Copy, Default)]
struct Unmatched {
    /// Of a metric of its own, in what was found last.
    now: bool,
    /// In the whole period.
    ever: bool,
}

/// A count over a long stretch: its older part as it was found, and what has come since.
#[derive(Debug)]
struct Running {
    older: Option<Count>,
    until: Timestamp,
    rest: Option<Count>,
    length: Duration,
}

impl Running {
    fn new(older: Option<Count>, until: Timestamp) -> Self {
        Self { older, until, rest: None, length: Duration::ZERO }
    }

    /// Takes in what has come since its older part. It becomes older itself once it is long.
    fn rest(&mut self, rest: Option<Count>, length: Duration, now: Timestamp) {
        (self.rest, self.length) = (rest, length);
        if length >= NEAR && rest.is_some() {
            *self = Self::new(self.count(), now);
        }
    }

    fn count(&self) -> Option<Count> {
        match (self.older, self.rest) {
            (Some(older), Some(rest)) => Some(Count { events: older.events + rest.events, trials: older.trials + rest.trials }),
            (older, None) if self.length < SOON => older,
            (Some(_), None) => None,
            (None, rest) => rest,
        }
    }
}

impl Windows {
    /// Nothing yet, for a release that began at that time.
    #[must_use]
    pub(super) fn new(began: Timestamp) -> Self {
        let unknown = || Running::new(None, began);
        Self {
            near: Asked::default(),
            far: Asked::default(),
            period: Asked::default(),
            found: Vec::new(),
            whole: unknown(),
            release: unknown(),
            is_alive: false,
            unmatched: Unmatched::default(),
        }
    }

    /// What is to be asked now; nothing while what is known is new enough. Each answer goes to [`Windows::answered`], each
    /// failure to [`Windows::failed`]; the questions do not depend on each other.
    #[must_use]
    pub(super) fn due(&self, slo: &Slo, now: Timestamp) -> Vec<Ask> {
        let mut asks = Vec::new();
        // The readings of an objective are sampled one after the other, and mean the same answer.
        if self.near.age(now).is_none_or(|age| age.as_millis() >= slo.every.as_millis() / 2) {
            let mut near: Vec<Stretch> = windows(slo).into_iter().filter(|window| *window <= NEAR).map(Stretch::Window).collect();
            if self.whole.older.is_some() {
                near.extend(stretch(self.whole.until, now, slo).map(Stretch::SincePeriod));
            }
            near.extend(stretch(self.release.until, now, slo).map(Stretch::Release));
            asks.push(Ask::new(slo, Kind::Near, near, now));
        }
        if self.far.may_be_asked(now) {
            let is_due = |window: &Duration| {
                let found = self.found.iter().find(|(known, ..)| known == window);
                found.is_none_or(|(_, at, count)| since(*at, now) >= seldom(*window, count.is_some()))
            };
            let far: Vec<Stretch> =
                windows(slo).into_iter().filter(|window| *window > NEAR).filter(is_due).map(Stretch::Window).collect();
            if !far.is_empty() {
                asks.push(Ask::new(slo, Kind::Far, far, now));
            }
        }
        let is_known = self.whole.older.is_some() && self.period.failed.is_none();
        if self.period.may_be_asked(now) && self.period.age(now).is_none_or(|age| age >= seldom(slo.period, is_known)) {
            asks.push(Ask::new(slo, Kind::Period, vec![Stretch::Period(slo.period)], now));
        }
        asks
    }

    /// Takes an answer in: for each row the value of its label [`LABEL`], and its number.
    pub(super) fn answered(&mut self, slo: &Slo, ask: &Ask, rows: &[(String, f64)]) {
        let number = |name: &str| {
            let number = rows.iter().find(|(label, _)| label == name).map(|(_, number)| *number);
            number.filter(|number| number.is_finite() && *number >= 0.0)
        };
        let mut unmatched = false;
        for stretch in &ask.stretches {
            let (count, is_unmatched) = count(slo, *stretch, number);
            match stretch {
                Stretch::Window(window) => {
                    self.found.retain(|(known, ..)| known != window);
                    self.found.push((*window, ask.now, count));
                }
                Stretch::Period(_) => {
                    self.whole = Running::new(count, ask.now);
                    self.unmatched.ever = is_unmatched;
                }
                Stretch::SincePeriod(length) => self.whole.rest(count, *length, ask.now),
                Stretch::Release(length) => self.release.rest(count, *length, ask.now),
            }
            unmatched |= is_unmatched;
        }
        if ask.kind == Kind::Near {
            self.is_alive = number(ALIVE).is_some_and(|age| age <= QUIET);
            self.unmatched.now = unmatched;
        }
        *self.asked(ask.kind) = Asked { at: Some(ask.now), failed: None };
    }

    /// Remembers that a question got no answer, and why: a line that is safe to show.
    pub(super) fn failed(&mut self, ask: &Ask, why: String) {
        *self.asked(ask.kind) = Asked { at: Some(ask.now), failed: Some(why) };
    }

    /// What is known.
    ///
    /// # Errors
    /// Where what must be new could not be asked: why.
    pub(super) fn tally(&self, slo: &Slo, now: Timestamp) -> Result<Tally, String> {
        if let Some(why) = &self.near.failed {
            return Err(why.clone());
        }
        let windows: Vec<_> = windows(slo).into_iter().map(|window| (window, self.window(slo, window, now))).collect();
        // What has ended long ago in the shortest window still fills it.
        let shortest = windows.iter().map(|(window, _)| *window).min();
        let is_gone = |window| !self.is_alive && Some(window) == shortest;
        let windows = windows.into_iter().map(|(window, count)| (window, count.filter(|_| !is_gone(window)))).collect();
        Ok(Tally { windows, period: self.whole.count(), release: self.release.count(), doubt: self.doubt(slo) })
    }

    fn window(&self, slo: &Slo, window: Duration, now: Timestamp) -> Option<Count> {
        let (_, at, count) = self.found.iter().find(|(known, ..)| *known == window)?;
        let often = if window <= NEAR { slo.every } else { seldom(window, true) };
        let still_counts = since(*at, now).as_millis() <= often.as_millis().saturating_mul(3);
        count.filter(|_| still_counts)
    }

    /// What else is to be known of the numbers.
    fn doubt(&self, slo: &Slo) -> Option<String> {
        let part = if slo.bad.is_some() { "bad" } else { "good" };
        if self.near.at.is_some() && !self.is_alive {
            Some("no series of `total` is alive".to_owned())
        } else if self.unmatched.now && !is_part(slo) {
            Some(format!("no series matches `{part}`"))
        } else if let Some(why) = &self.far.failed {
            Some(format!("longer than {NEAR}: {why}"))
        } else if let Some(why) = &self.period.failed {
            Some(format!("{}: {why}", slo.period))
        } else {
            (self.unmatched.ever && self.whole.older.is_some()).then(|| format!("`{part}` matched nothing in {}", slo.period))
        }
    }

    fn asked(&mut self, kind: Kind) -> &mut Asked {
        match kind {
            Kind::Near => &mut self.near,
            Kind::Far => &mut self.far,
            Kind::Period => &mut self.period,
        }
    }
}

impl Asked {
    fn age(&self, now: Timestamp) -> Option<Duration> {
        self.at.map(|at| since(at, now))
    }

    /// Whether it is not being let be.
    fn may_be_asked(&self, now: Timestamp) -> bool {
        self.failed.is_none() || self.age(now).is_none_or(|age| age >= PAUSE)
    }
}

impl Ask {
    fn new(slo: &Slo, kind: Kind, stretches: Vec<Stretch>, now: Timestamp) -> Self {
        let mut rows = Vec::new();
        if kind == Kind::Near {
            // By the server's clock: how old the newest of its samples is.
            rows.push(row(&format!("time() - max(timestamp({}))", promql(&slo.total)), ALIVE));
        }
        for stretch in &stretches {
            let (name, length) = (stretch.name(), stretch.length());
            let parts = [("bad", slo.bad.as_ref()), ("good", slo.good.as_ref()), ("total", Some(&slo.total))];
            for (part, selector) in parts.into_iter().filter_map(|(part, selector)| Some((part, selector?))) {
                rows.push(row(&format!("sum(increase({}[{length}]))", promql(selector)), &format!("{part} {name}")));
            }
        }
        Self { promql: rows.join(" or "), kind, stretches, now }
    }
}

/// An expression whose only row has a name of ours. An empty source label is one that nothing has, so it always matches.
fn row(expression: &str, name: &str) -> String {
    format!("label_replace({expression}, \"{LABEL}\", \"{name}\", \"\", \"\")")
}

/// A selector as a server reads it: with every backslash doubled.
fn promql(selector: &str) -> String {
    selector.parse::<Selector>().map_or_else(|_| selector.to_owned(), |selector| selector.to_string())
}

/// The events of a stretch, and whether the selector of the bad ones, or of the good ones, matched no series.
///
/// A series with a label's value is there from the first event with that value on. So where the part is named by labels of
/// the whole's own metric, none matched means none; a metric of its own that is not there may be misspelled.
fn count(slo: &Slo, stretch: Stretch, number: impl Fn(&str) -> Option<f64>) -> (Option<Count>, bool) {
    let name = stretch.name();
    let part = if slo.bad.is_some() { "bad" } else { "good" };
    let (trials, found) = (number(&format!("total {name}")), number(&format!("{part} {name}")));
    let Some(trials) = trials else { return (None, false) };
    let part = found.or_else(|| is_part(slo).then_some(0.0));
    let events = part.map(|part| if slo.bad.is_some() { part } else { (trials - part).max(0.0) });
    (events.map(|events| Count { events, trials }), found.is_none())
}

/// Whether the bad events, or the good ones, are of the same metric as all events.
fn is_part(slo: &Slo) -> bool {
    let name = |selector: &str| selector.parse::<Selector>().map(|selector| selector.name).ok();
    let part = slo.bad.as_deref().or(slo.good.as_deref()).and_then(name);
    part.is_some() && part == name(&slo.total)
}

/// How often a long window is asked for. What was not there may come at any time.
fn seldom(window: Duration, was_there: bool) -> Duration {
    let millis = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
    let seldom = Duration::from_millis(millis / TIMES);
    if was_there { seldom } else { seldom.min(PAUSE) }
}

/// The time from one point to another, in whole seconds; none if there is not even one. No longer than the period.
fn stretch(from: Timestamp, to: Timestamp, slo: &Slo) -> Option<Duration> {
    let seconds = u64::try_from(since(from, to).as_millis()).unwrap_or(0) / 1000;
    (seconds > 0).then(|| Duration::from_secs(seconds).min(slo.period))
}

fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0))
}

#[cfg(test)]
mod tests;
