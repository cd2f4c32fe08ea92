//! The recent samples of one signal, a bounded number of them.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{Sample, Value};

/// The recent samples of one signal, oldest first.
///
/// Numbers carry the source's time, and samples without a number carry ours, so each kind is kept in the order of its
/// own clock: a number that is not newer than the newest number is ignored, and so is a gap not newer than the newest
/// gap. That drops what is sent twice and what runs backwards, and a source whose clock is a little off from ours
/// neither hides its numbers behind a gap nor a gap behind its numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    samples: VecDeque<Sample>,
    /// How many are kept; [`Series::CAPACITY`] where it does not say.
    capacity: Option<usize>,
    newest_number: Option<Timestamp>,
    newest_gap: Option<Timestamp>,
}

impl Series {
    /// How many samples are kept, unless more are asked for.
    pub const CAPACITY: usize = 240;

    /// One without samples.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One without samples that keeps so many.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity: Some(capacity), ..Self::default() }
    }

    /// Adds a sample as the newest, dropping the oldest where there are too many.
    /// Whether it was taken: not where it is a duplicate or its time runs backwards.
    pub fn push(&mut self, sample: Sample) -> bool {
        let newest = match sample.value {
            Value::Number(_) => &mut self.newest_number,
            Value::Missing(_) => &mut self.newest_gap,
        };
        if newest.is_some_and(|newest| sample.at <= newest) {
            return false;
        }
        *newest = Some(sample.at);
        if self.samples.len() >= self.capacity.unwrap_or(Self::CAPACITY) {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        true
    }

    /// The samples, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples.iter()
    }

    /// The newest sample, with a number or without.
    #[must_use]
    pub fn latest(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// The newest number, and when it was taken.
    #[must_use]
    pub fn latest_number(&self) -> Option<(Timestamp, f64)> {
        self.samples.iter().rev().find_map(|sample| Some((sample.at, sample.value.number()?)))
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The samples taken at that time or later.
    pub fn since(&self, at: Timestamp) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples.iter().filter(move |sample| sample.at >= at)
    }

    /// The last samples' numbers for a sparkline, at most that many, oldest first; `None` is a gap.
    #[must_use]
    pub fn numbers(&self, last: usize) -> Vec<Option<f64>> {
        let skip = self.samples.len().saturating_sub(last);
        self.samples.iter().skip(skip).map(|sample| sample.value.number()).collect()
    }
}

impl Extend<Sample> for Series {
    fn extend<I: IntoIterator<Item = Sample>>(&mut self, samples: I) {
        for sample in samples {
            self.push(sample);
        }
    }
}

impl FromIterator<Sample> for Series {
    fn from_iter<I: IntoIterator<Item = Sample>>(samples: I) -> Self {
        let mut series = Self::new();
        series.extend(samples);
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Unknown;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn number(second: i64, number: f64) -> Sample {
        Sample::number(at(second), number)
    }

    fn gap(second: i64) -> Sample {
        Sample::missing(at(second), Unknown::NoData)
    }

    #[test]
    fn ignores_what_it_has_and_what_runs_backwards() {
        let mut series = Series::new();
        assert!(series.push(number(10, 1.0)));
        assert!(!series.push(number(10, 2.0)));
        assert!(!series.push(number(9, 3.0)));
        assert!(series.push(gap(12)));
        assert!(!series.push(gap(12)));
        // A source whose clock is 2 s behind ours is still heard after a gap.
        assert!(series.push(number(11, 4.0)));
        assert_eq!(series.numbers(10), [Some(1.0), None, Some(4.0)]);
        assert_eq!(series.numbers(2), [None, Some(4.0)]);
        assert_eq!(series.latest(), Some(&number(11, 4.0)));
        assert_eq!(series.latest_number(), Some((at(11), 4.0)));
        assert_eq!(series.since(at(11)).count(), 2);
        assert_eq!((series.len(), series.is_empty()), (3, false));
    }

    #[test]
    fn a_number_that_is_none_is_a_gap() {
        let series: Series = [number(1, 1.0), number(2, f64::NAN), gap(3)].into_iter().collect();
        assert_eq!(series.latest_number(), Some((at(1), 1.0)));
        assert_eq!(series.numbers(9), [Some(1.0), None, None]);
    }

    proptest::proptest! {
        #[test]
        fn stays_bounded_and_in_order(seconds in proptest::collection::vec((0i64..500, proptest::bool::ANY), 0..900)) {
            let series: Series = seconds.iter().map(|(second, is_gap)| if *is_gap { gap(*second) } else { number(*second, 0.0) }).collect();
            proptest::prop_assert!(series.len() <= Series::CAPACITY);
            for gaps in [true, false] {
                let times: Vec<_> = series.iter().filter(|s| s.value.number().is_none() == gaps).map(|s| s.at).collect();
                proptest::prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }
    }
}
