//! Many samples made few for a picture, without losing what the picture is looked at for: spikes stay, gaps stay gaps.

use std::time::Duration;

use jiff::Timestamp;

use super::{Sample, Unknown};

/// How many samples a stretch of time keeps at most: its first gap, its least, its greatest and its last number.
const PER_STRETCH: usize = 4;

/// At most about so many of the samples, in the order of their times.
///
/// The time they span is cut into stretches of the same length. Each keeps its least and its greatest number, its last one
/// and one gap, where it has any. Where two samples are further apart than `hole`, nothing was known in between, and that is
/// said by a gap of its own: the thinned samples are further apart than the samples were.
#[must_use]
pub fn thin(mut samples: Vec<Sample>, hole: Duration, limit: usize) -> Vec<Sample> {
    samples.sort_by_key(|sample| sample.at);
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return samples };
    if samples.len() <= limit {
        return samples;
    }
    let (first, last) = (first.at, last.at);
    let stretches = i128::try_from((limit / PER_STRETCH).max(1)).unwrap_or(1);
    let span = last.as_nanosecond().saturating_sub(first.as_nanosecond()).max(1);
    let stretch = |at: Timestamp| at.as_nanosecond().saturating_sub(first.as_nanosecond()).saturating_mul(stretches) / span;
    let mut thinned = Vec::with_capacity(limit.saturating_add(PER_STRETCH));
    let mut held = Stretch::default();
    let mut place = None;
    let mut before: Option<Timestamp> = None;
    for sample in samples {
        let here = stretch(sample.at);
        if place != Some(here) {
            held.end(&mut thinned);
            place = Some(here);
        }
        if let Some(before) = before
            && Duration::try_from(sample.at.duration_since(before)).is_ok_and(|apart| apart > hole)
        {
            held.take(Sample::missing(before.saturating_add(hole).unwrap_or(sample.at), Unknown::Unwatched));
        }
        before = Some(sample.at);
        held.take(sample);
    }
    held.end(&mut thinned);
    thinned
}

/// What a stretch of time keeps.
#[derive(Default)]
struct Stretch {
    gap: Option<Sample>,
    least: Option<Sample>,
    most: Option<Sample>,
    last: Option<Sample>,
}

impl Stretch {
    fn take(&mut self, sample: Sample) {
        let Some(number) = sample.value.number() else {
            self.gap.get_or_insert(sample);
            return;
        };
        let is = |kept: &Option<Sample>, beyond: fn(f64, f64) -> bool| {
            kept.as_ref().and_then(|kept| kept.value.number()).is_none_or(|kept| beyond(number, kept))
        };
        if is(&self.least, |new, kept| new < kept) {
            self.least = Some(sample.clone());
        }
        if is(&self.most, |new, kept| new > kept) {
            self.most = Some(sample.clone());
        }
        self.last = Some(sample);
    }

    fn end(&mut self, thinned: &mut Vec<Sample>) {
        let from = thinned.len();
        thinned.extend([self.gap.take(), self.least.take(), self.most.take(), self.last.take()].into_iter().flatten());
        if let Some(new) = thinned.get_mut(from..) {
            new.sort_by_key(|sample| sample.at);
        }
        thinned.dedup();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOLE: Duration = Duration::from_secs(5);

    fn number(second: i64, number: f64) -> Sample {
        Sample::number(Timestamp::from_second(second).unwrap(), number)
    }

    fn gap(second: i64) -> Sample {
        Sample::missing(Timestamp::from_second(second).unwrap(), Unknown::NoData)
    }

    fn numbers(samples: &[Sample]) -> Vec<f64> {
        samples.iter().filter_map(|sample| sample.value.number()).collect()
    }

    #[test]
    fn few_samples_stay_as_they_are() {
        let samples: Vec<_> = (0..10).map(|second| number(second, 1.0)).collect();
        assert_eq!(thin(samples.clone(), HOLE, 10), samples);
        assert_eq!(thin(Vec::new(), HOLE, 0), []);
    }

    #[test]
    fn a_spike_and_a_dip_stay() {
        let samples = (0..10_000).map(|second| {
            number(
                second,
                match second {
                    4_321 => 99.0,
                    7_000 => -5.0,
                    _ => 1.0,
                },
            )
        });
        let thinned = thin(samples.collect(), HOLE, 400);
        assert!(thinned.len() <= 404, "{}", thinned.len());
        assert!(thinned.contains(&number(4_321, 99.0)) && thinned.contains(&number(7_000, -5.0)));
        assert_eq!(thinned.first(), Some(&number(0, 1.0)));
        assert_eq!(thinned.last(), Some(&number(9_999, 1.0)));
    }

    #[test]
    fn gaps_and_holes_stay() {
        let mut samples: Vec<_> = (0..5_000).map(|second| number(second, 1.0)).collect();
        samples.push(gap(5_000));
        samples.extend((5_001..6_000).map(|second| number(second, 1.0)));
        // Nobody sampled for 200 s.
        samples.extend((6_200..10_000).map(|second| number(second, 1.0)));
        let thinned = thin(samples, HOLE, 400);
        assert!(thinned.contains(&gap(5_000)));
        let said = Sample::missing(Timestamp::from_second(6_004).unwrap(), Unknown::Unwatched);
        assert!(thinned.contains(&said));
    }

    proptest! {
        #[test]
        fn is_bounded_in_order_and_keeps_the_extremes(
            seconds in prop::collection::vec((0i64..100_000, prop::option::of(-1e9..1e9_f64)), 0..2_000),
            limit in 0usize..600,
        ) {
            let samples: Vec<_> = seconds.iter().map(|(second, value)| value.map_or(gap(*second), |value| number(*second, value))).collect();
            let before = numbers(&samples);
            let thinned = thin(samples, HOLE, limit);
            prop_assert!(thinned.len() <= limit.max(PER_STRETCH) + 2 * PER_STRETCH);
            prop_assert!(thinned.is_sorted_by_key(|sample| sample.at));
            let after = numbers(&thinned);
            let most = |numbers: &[f64]| numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let least = |numbers: &[f64]| numbers.iter().copied().fold(f64::INFINITY, f64::min);
            prop_assert_eq!((most(&before), least(&before)), (most(&after), least(&after)));
        }
    }
}
