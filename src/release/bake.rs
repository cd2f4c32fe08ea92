//! The watch over a step or a soak: how long it is, and which stretches of time count for it.

use jiff::Timestamp;

use super::state::millis_between;
use crate::plan::Duration;

/// The watch over a step or a soak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bake {
    /// When it began.
    pub started: Timestamp,
    /// How long it shall be.
    pub length: Duration,
    /// The stretches of time that count, up to where it last stopped.
    pub(super) spans: Vec<(Timestamp, Timestamp)>,
    /// Since when it counts; none while it is held, or while a signal of its stage is not known.
    pub(super) since: Option<Timestamp>,
    /// Whether it is over.
    pub done: bool,
}

impl Bake {
    /// How long it has counted, at most its length.
    #[must_use]
    pub fn elapsed(&self, now: Timestamp) -> Duration {
        let spans = self.spans.iter().copied().chain(self.since.map(|since| (since, now)));
        let millis = spans.fold(0_i64, |sum, (from, to)| sum.saturating_add(millis_between(from, to)));
        let counted = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        if self.done { self.length } else { counted.min(self.length) }
    }

    /// How long it still takes.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Duration {
        let left = self.length.as_millis().saturating_sub(self.elapsed(now).as_millis());
        Duration::from_millis(u64::try_from(left).unwrap_or(0))
    }

    /// Whether its time counts now: not while it is held, or while a signal of its stage is not known.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.since.is_some()
    }

    pub(super) fn stop(&mut self, at: Timestamp) {
        if let Some(since) = self.since.take() {
            self.add(since, at);
        }
    }

    pub(super) fn go_on(&mut self, at: Timestamp) {
        self.since.get_or_insert(at);
    }

    /// Takes out the time in which nobody watched, whatever was held or resumed meanwhile.
    pub(super) fn forget(&mut self, from: Timestamp, to: Timestamp) {
        if from >= to {
            return;
        }
        let spans = std::mem::take(&mut self.spans);
        for (began, ended) in spans {
            self.add(began, ended.min(from));
            self.add(began.max(to), ended);
        }
        if let Some(since) = self.since.filter(|since| *since < to) {
            self.add(since, from);
            self.since = Some(to);
        }
    }

    fn add(&mut self, from: Timestamp, to: Timestamp) {
        if from < to {
            self.spans.push((from, to));
        }
    }
}
