//! The scale of a chart's numbers: round limits that hold everything that belongs to the picture, and round steps between.

use crate::plan::Side;

/// Numbers beyond this are drawn at it, so that a difference of two is a number too.
const HUGE: f64 = 1e300;
/// A range below this is no range that could be read.
const TINY: f64 = 1e-12;

/// From the lowest to the highest number of a chart, in steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    step: f64,
}

impl Scale {
    /// The scale that holds these numbers, in about so many steps.
    ///
    /// Zero belongs to it where more is worse, so that what is small looks small; where less is worse, it does unless the
    /// numbers are all far from it.
    pub(super) fn of(numbers: impl IntoIterator<Item = f64>, bad: Side, steps: u16) -> Self {
        let finite = numbers.into_iter().filter(|number| number.is_finite()).map(|number| number.clamp(-HUGE, HUGE));
        let (mut low, mut high) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
        if low > high {
            return Self { low: 0.0, high: 1.0, step: 1.0 };
        }
        if bad == Side::Above || (low > 0.0 && low < high * 0.6) {
            low = low.min(0.0);
        }
        let size = low.abs().max(high.abs());
        if high - low <= (size * 1e-9).max(TINY) {
            // All the same: it lies in the middle, or at the foot where it is nothing.
            let room = if size <= TINY { 1.0 } else { size * 0.1 };
            (low, high) = if size <= TINY { (0.0, 1.0) } else { (low - room, high + room) };
        }
        let step = round_step((high - low) / f64::from(steps.max(1)));
        let scale = Self { low: (low / step + 1e-9).floor() * step, high: (high / step - 1e-9).ceil() * step, step };
        if scale.high > scale.low && scale.high.is_finite() && scale.low.is_finite() {
            scale
        } else {
            Self { low, high, step: high - low }
        }
    }

    /// Where a number lies, from the top (0) to the foot (1).
    pub(super) fn depth(&self, number: f64) -> f64 {
        let depth = (self.high - number.clamp(-HUGE, HUGE)) / (self.high - self.low);
        if depth.is_finite() { depth.clamp(0.0, 1.0) } else { 1.0 }
    }

    /// The steps, from the foot up, with what is written beside each.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of steps, at most 20")]
        let steps = ((self.high - self.low) / self.step).round().clamp(0.0, 20.0) as u32;
        let numbers = (0..=steps).map(|n| self.low + self.step * f64::from(n)).collect::<Vec<_>>();
        let size = self.low.abs().max(self.high.abs());
        numbers.into_iter().map(|number| (number, label(number, self.step, size))).collect()
    }
}

/// The next larger of 1, 2 and 5 with as many noughts as it takes.
fn round_step(step: f64) -> f64 {
    let size = 10_f64.powf(step.log10().floor());
    if !size.is_finite() || size <= 0.0 {
        return step;
    }
    let times = step / size;
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| times <= *round + 1e-9).unwrap_or(10.0);
    round * size
}

/// A step's number, with the digits in which the steps differ.
fn label(number: f64, step: f64, size: f64) -> String {
    let number = if number.abs() < step * 1e-6 { 0.0 } else { number };
    for (unit, suffix) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if size >= unit * 10.0 && size < 1e13 && step / unit >= 0.0099 {
            let text =
                if number == 0.0 { "0".to_owned() } else { format!("{:.*}{suffix}", decimals(step / unit), number / unit) };
            return text;
        }
    }
    if size >= 1e7 || (size < 1e-3 && size > 0.0) || decimals(step) > 6 {
        return if number == 0.0 { "0".to_owned() } else { format!("{number:.1e}") };
    }
    format!("{number:.*}", decimals(step))
}

/// How many decimals a round step has.
fn decimals(step: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 12")]
    let decimals = (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize;
    decimals
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(numbers: &[f64], bad: Side, steps: u16) -> Vec<String> {
        Scale::of(numbers.iter().copied(), bad, steps).ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn round_numbers() {
        use Side::{Above, Below};
        for (numbers, bad, steps, expected) in [
            (&[][..], Above, 4, &["0", "1"][..]),
            (&[0.0, 0.0], Above, 4, &["0.0", "0.5", "1.0"]),
            (&[0.2, 0.24, 1.0], Above, 4, &["0.0", "0.5", "1.0"]),
            (&[0.2, 3.2, 0.5, 1.0], Above, 4, &["0", "1", "2", "3", "4"]),
            (&[182.0, 300.0, 500.0], Above, 5, &["0", "100", "200", "300", "400", "500"]),
            (&[99.2, 99.99, 99.0], Below, 4, &["99.0", "99.5", "100.0"]),
            (&[48.0, 59.0, 20.0], Below, 3, &["0", "20", "40", "60"]),
            (&[1.0, 0.5], Below, 2, &["0.0", "0.5", "1.0"]),
            (&[-3.0, 4.0], Above, 4, &["-4", "-2", "0", "2", "4"]),
            (&[61.0, 61.0], Below, 2, &["50", "60", "70"]),
            (&[52_000.0], Above, 3, &["0", "20k", "40k", "60k"]),
            (&[1_234_567.0, 1_234_570.0], Below, 2, &["1234566", "1234568", "1234570"]),
        ] {
            assert_eq!(labels(numbers, bad, steps), expected, "{numbers:?}");
        }
        assert_eq!(labels(&[42e6], Above, 2), ["0", "50M"]);
        assert_eq!(labels(&[2e-5], Above, 2), ["0", "1.0e-5", "2.0e-5"]);
    }

    proptest! {
        #[test]
        fn holds_every_number(numbers in prop::collection::vec(any::<f64>(), 0..20), below in any::<bool>(), steps in 0u16..20) {
            let bad = if below { Side::Below } else { Side::Above };
            let scale = Scale::of(numbers.iter().copied(), bad, steps);
            prop_assert!(scale.low < scale.high, "{scale:?}");
            for number in numbers.iter().filter(|number| number.is_finite()).map(|number| number.clamp(-HUGE, HUGE)) {
                let room = (scale.high - scale.low) * 1e-6;
                prop_assert!(number >= scale.low - room && number <= scale.high + room, "{number} in {scale:?}");
                prop_assert!((0.0..=1.0).contains(&scale.depth(number)));
            }
            let ticks = scale.ticks();
            prop_assert!(ticks.len() <= 21 && !ticks.is_empty());
            for (number, label) in ticks {
                prop_assert!(number.is_finite() && label.len() <= 14, "{label}");
            }
        }
    }
}
