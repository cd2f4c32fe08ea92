//! How counters grow, from one look at them to the next.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, HashSet, VecDeque, hash_map::Entry},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::exposition::Point;
use crate::{
    health::{Count, Unknown},
    text,
};

/// How many scrapes are remembered; a longer window is cut short.
const STEPS: usize = 4096;
/// How many series each part of a measure may select.
pub(super) const SERIES: usize = 100_000;
/// A counter that says it was created later than it said before, by more than these seconds, has started over. By less it
/// is the same one, whose exporter computes that time anew from a clock that drifts.
const RECREATED: f64 = 1.0;

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
    /// As `Of`, and its growth is kept by bucket.
    Bucket,
}

/// How far back growth is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// The time that growth is added up over.
    pub(super) window: Duration,
    /// A pause after which everything begins anew.
    pub(super) pause: Duration,
}

/// A counter as it is seen now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counter<'a> {
    /// The part of the measure.
    pub(super) part: Part,
    /// Its series and value.
    pub(super) point: &'a Point,
    /// When it began to count, in seconds since 1970, where the page says so.
    pub(super) created: Option<f64>,
}

impl<'a> From<(Part, &'a Point)> for Counter<'a> {
    /// One that does not say when it began.
    fn from((part, point): (Part, &'a Point)) -> Self {
        Self { part, point, created: None }
    }
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

/// By how much the selected counters grew, added up. Never negative.
#[derive(Debug, Clone, Default)]
pub(super) struct Growth {
    pub(super) of: f64,
    pub(super) over: f64,
    /// By bucket, for a histogram.
    pub(super) buckets: BTreeMap<Bound, f64>,
}

impl Growth {
    /// Both together.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.of += other.of;
        self.over += other.over;
        for (bound, count) in &other.buckets {
            *self.buckets.entry(*bound).or_default() += count;
        }
        self
    }
}

/// Growth from one scrape to the next.
#[derive(Debug)]
struct Step {
    from: Instant,
    growth: Growth,
}

/// A counter as it was last seen.
#[derive(Debug, Clone, Copy)]
struct Mark {
    value: f64,
    created: Option<f64>,
    /// Its time by the page.
    at: Option<Timestamp>,
    /// When it was looked at.
    seen: Instant,
}

/// How the counters of one page grew, from scrape to scrape.
///
/// Growth is computed for each series and then added up, so that one that starts over does not hide the others' growth:
///
/// - A counter that fell was started over, and so was one that says it was created later than before; it grew by what it
///   is now. What it counted between the last scrape and its end is lost.
/// - One that appears between two scrapes was born at zero between them, and grew by what it is: a first failed request
///   counts.
/// - One that vanishes and comes back goes on from where it was. After a longer absence than the pause it goes on from
///   where it is: what it did meanwhile is not of now.
/// - One whose time on the page is older than it was before shows nothing new, and has not grown.
/// - One that is negative, infinite or not a number is no counter, and one that is there twice is none that is known:
///   that makes the page an error, which leaves everything as it was.
#[derive(Debug, Default)]
pub(super) struct History {
    seen: HashMap<Key, Mark>,
    newest: Option<Instant>,
    steps: VecDeque<Step>,
    /// The growth of `of` and `over` that no count has told of yet.
    uncounted: (f64, f64),
    /// Since when.
    uncounted_since: Option<Instant>,
}

impl History {
    /// Adds a scrape.
    pub(super) fn add<'a>(
        &mut self,
        reach: Reach,
        now: Instant,
        counters: impl Iterator<Item = impl Into<Counter<'a>>>,
    ) -> Result<(), Unknown> {
        if self.newest.is_some_and(|newest| now.saturating_duration_since(newest) > reach.pause) {
            *self = Self::default();
        }
        if self.newest.is_some_and(|newest| now <= newest) {
            return Ok(());
        }
        let page = marked(now, counters.map(Into::into))?;
        let mut growth = Growth::default();
        for (key, mark, bound) in page {
            let part = key.0;
            let grown = match self.seen.entry(key) {
                Entry::Occupied(mut entry) => {
                    let before = entry.get_mut();
                    if mark.at.is_some_and(|at| before.at.is_some_and(|before| at < before)) {
                        before.seen = now;
                        0.0
                    } else {
                        let before = std::mem::replace(before, mark);
                        let away = now.saturating_duration_since(before.seen) > reach.pause;
                        if away { 0.0 } else { grown(before, mark) }
                    }
                }
                Entry::Vacant(entry) => entry.insert(mark).value,
            };
            match part {
                Part::Of => growth.of += grown,
                Part::Over => growth.over += grown,
                Part::Bucket => {
                    growth.of += grown;
                    if let Some(bound) = bound {
                        *growth.buckets.entry(bound).or_default() += grown;
                    }
                }
            }
        }
        // Those that vanished are remembered as long as there is room.
        if self.seen.len() > 2 * SERIES {
            self.seen.retain(|_, mark| mark.seen == now);
        }
        // What could not be counted for long, as while another endpoint was out, tells of a time long gone.
        if self.uncounted_since.is_some_and(|since| now.saturating_duration_since(since) > reach.pause) {
            (self.uncounted, self.uncounted_since) = ((0.0, 0.0), None);
        }
        if let Some(from) = self.newest.replace(now) {
            self.uncounted_since.get_or_insert(from);
            self.push(Step { from, growth });
        }
        // The window begins with the newest scrape that is old enough for it.
        while self.steps.len() > STEPS
            || self.steps.get(1).is_some_and(|second| now.saturating_duration_since(second.from) >= reach.window)
        {
            self.steps.pop_front();
        }
        Ok(())
    }

    fn push(&mut self, step: Step) {
        // Counts by other buckets, as those of a new version, cannot be added to these.
        let others = |last: &Step| {
            let (before, now) = (&last.growth.buckets, &step.growth.buckets);
            !before.is_empty() && !now.is_empty() && !before.keys().eq(now.keys())
        };
        if self.steps.back().is_some_and(others) {
            self.steps.clear();
        }
        let (of, over) = (self.uncounted.0 + step.growth.of, self.uncounted.1 + step.growth.over);
        self.uncounted = if of.is_finite() && over.is_finite() { (of, over) } else { (0.0, 0.0) };
        self.steps.push_back(step);
    }

    /// The growth since the look before, if there was one.
    pub(super) fn last(&self) -> Option<&Growth> {
        self.steps.back().map(|step| &step.growth)
    }

    /// The growth over the window, and how many seconds that is; none before the second scrape.
    pub(super) fn growth(&self) -> Option<(Growth, f64)> {
        let from = self.steps.front()?.from;
        let seconds = self.newest?.saturating_duration_since(from).as_secs_f64();
        let sum = self.steps.iter().fold(Growth::default(), |sum, step| sum.and(&step.growth));
        (seconds > 0.0).then_some((sum, seconds))
    }
}

/// How many events there were, of how many trials, in all these together since this was last asked: the growth of `of` and
/// of `over`. None where there were no trials. Neither is there one where there were more events than trials: either they
/// are no parts of them, or a page was read between an event and its trial, and then the next count has both.
pub(super) fn count(histories: &mut [History]) -> Option<Count> {
    let (events, trials) = histories.iter().fold((0.0, 0.0), |(events, trials), history| {
        let (of, over) = history.uncounted;
        (events + of, trials + over)
    });
    if !(trials > 0.0 && trials.is_finite() && events <= trials) {
        return None;
    }
    for history in histories {
        (history.uncounted, history.uncounted_since) = ((0.0, 0.0), None);
    }
    Some(Count { events, trials })
}

/// The page's counters by series, in its order; an error where one is none.
fn marked<'a>(now: Instant, counters: impl Iterator<Item = Counter<'a>>) -> Result<Vec<(Key, Mark, Option<Bound>)>, Unknown> {
    let wrong = |why: String| Unknown::Error(text::line(&why, super::ERROR_LENGTH));
    let mut page = Vec::new();
    for Counter { part, point, created } in counters {
        if !(point.value.is_finite() && point.value >= 0.0) {
            return Err(wrong(format!("`{}` is {}, which no counter can be", point.name, point.value)));
        }
        if page.len() >= 2 * SERIES {
            return Err(wrong(format!("more than {} series are selected", 2 * SERIES)));
        }
        let mut labels = point.labels.clone();
        labels.sort_unstable();
        let mark = Mark { value: point.value, created, at: point.at, seen: now };
        page.push(((part, point.name.clone(), labels), mark, bound(point)));
    }
    let mut once = HashSet::with_capacity(page.len());
    for (key, _, _) in &page {
        if !once.insert(key) {
            return Err(wrong(format!("the page has `{}` twice with the same labels", key.1)));
        }
    }
    Ok(page)
}

/// By how much a counter grew.
fn grown(before: Mark, now: Mark) -> f64 {
    let recreated = before.created.zip(now.created).is_some_and(|(before, now)| now - before > RECREATED);
    if recreated || now.value < before.value { now.value } else { now.value - before.value }
}
