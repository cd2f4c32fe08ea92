//! How counters grow, from one look at them to the next.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::exposition::Point;
use crate::{health::Unknown, text};

/// How many scrapes are remembered; a longer window is cut short.
const STEPS: usize = 4096;

/// The upper bound of a histogram's bucket.
pub(super) fn bound(point: &Point) -> Option<Bound> {
    let (_, le) = point.labels.iter().find(|(label, _)| label == "le")?;
    let le: f64 = le.parse().ok()?;
    (!le.is_nan()).then_some(Bound(le))
}

/// Which part of a measure a series belongs to; the same series may belong to both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Of,
    Over,
}

/// How far back growth is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// The time that growth is added up over.
    pub(super) window: Duration,
    /// A pause after which everything begins anew, and a series is forgotten.
    pub(super) pause: Duration,
}

/// A series: the part of the measure, its metric's name and its labels in order.
type Key = (Part, String, Vec<(String, String)>);

/// A number with an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound(pub(super) f64);

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bound {}

/// By how much the selected counters grew, added up.
#[derive(Debug, Clone, Default)]
pub(super) struct Growth {
    pub(super) of: f64,
    pub(super) over: f64,
    /// By bucket, for a histogram.
    pub(super) buckets: BTreeMap<Bound, f64>,
}

/// Growth from one scrape to the next.
#[derive(Debug)]
struct Step {
    from: Instant,
    growth: Growth,
}

/// How the counters on a page grew, from scrape to scrape.
///
/// Growth is computed for each series and then added up, so that one that starts over does not hide the others' growth. A
/// counter that fell was started over, and grew by what it is now. One that appears between two scrapes was born at
/// zero between them, and grew by what it is: a first failed request counts. One that vanishes and comes back, as on a
/// page that was cut short, goes on from where it was.
#[derive(Debug, Default)]
pub(super) struct History {
    seen: HashMap<Key, (f64, Instant)>,
    newest: Option<Instant>,
    steps: VecDeque<Step>,
}

impl History {
    /// Adds a scrape.
    pub(super) fn add<'a>(
        &mut self,
        reach: Reach,
        now: Instant,
        points: impl Iterator<Item = (Part, &'a Point)>,
    ) -> Result<(), Unknown> {
        if self.newest.is_some_and(|newest| now.saturating_duration_since(newest) > reach.pause) {
            *self = Self::default();
        }
        if self.newest.is_some_and(|newest| now <= newest) {
            return Ok(());
        }
        let mut growth = Growth::default();
        for (part, point) in points.filter(|(_, point)| point.value.is_finite()) {
            let mut labels = point.labels.clone();
            labels.sort_unstable();
            let before = self.seen.insert((part, point.name.clone(), labels), (point.value, now));
            let grown = match before {
                Some((_, at)) if at == now => {
                    *self = Self::default();
                    return Err(Unknown::Error(text::line(
                        &format!("the page has `{}` twice with the same labels", point.name),
                        super::ERROR_LENGTH,
                    )));
                }
                Some((before, _)) if point.value >= before => point.value - before,
                Some(_) | None => point.value,
            };
            match part {
                Part::Of => growth.of += grown,
                Part::Over => growth.over += grown,
            }
            if let Some(bound) = bound(point) {
                *growth.buckets.entry(bound).or_default() += grown;
            }
        }
        self.seen.retain(|_, (_, at)| now.saturating_duration_since(*at) <= reach.pause);
        if let Some(from) = self.newest.replace(now) {
            self.steps.push_back(Step { from, growth });
        }
        // The window begins with the newest scrape that is old enough for it.
        while self.steps.len() > STEPS
            || self.steps.get(1).is_some_and(|second| now.saturating_duration_since(second.from) >= reach.window)
        {
            self.steps.pop_front();
        }
        Ok(())
    }

    /// The growth since the look before, if there was one.
    pub(super) fn last(&self) -> Option<&Growth> {
        self.steps.back().map(|step| &step.growth)
    }

    /// The growth over the window, and how many seconds that is; none before the second scrape.
    pub(super) fn growth(&self) -> Option<(Growth, f64)> {
        let from = self.steps.front()?.from;
        let seconds = self.newest?.saturating_duration_since(from).as_secs_f64();
        let mut sum = Growth::default();
        for Step { growth, .. } in &self.steps {
            sum.of += growth.of;
            sum.over += growth.over;
            for (bound, count) in &growth.buckets {
                *sum.buckets.entry(*bound).or_default() += count;
            }
        }
        (seconds > 0.0).then_some((sum, seconds))
    }
}
