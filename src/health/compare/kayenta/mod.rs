//! Kayenta's judge (`NetflixACAJudge`), for those who come from it: the same rules, with what is wrong with them.
//!
//! A metric is High or Low if the whole interval of Mann and Whitney lies beyond a fraction of **the estimated shift
//! itself**. What users have come to know:
//!
//! - The tolerance of 0.25 is no share of the baseline. It asks that the interval reaches less than 75 % of the way to
//!   zero, and so says how precise the shift is known, not whether it matters: a shift of 1 % fails once it is measured well.
//! - The search for the interval's ends stops within 1e-4 **of the metric's unit**. Where the shift is of that size, as for
//!   error fractions and latencies in seconds, ends and estimate are noise, and a doubling from 1e-5 to 2e-5 passes.
//! - Neighbouring samples count as independent: about 30 % false alarms a metric at an autocorrelation of 0.8.
//! - Two samples are enough for a verdict.
//! - An error counts neither as failure nor as missing, not even in a critical metric. A group of errors alone has full marks.
//!
//! The estimate given is R's; for its limit Kayenta has one that keeps the continuity correction, and so has this.
//! One thing differs: where both sides are constant Kayenta adds a little noise, other at every run. The outcome is the same
//! for all noise, and given here without.

mod score;
mod wilcoxon;
mod zeroin;

use serde::Serialize;

pub use score::{Metric, Outcome, Score, score};

use super::Direction;

/// How sure the interval is, where nobody says otherwise: it is fixed in Kayenta.
pub const CONFIDENCE: f64 = 0.98;
/// The fraction of the shift that the interval has to clear; fixed as well.
const TOLERANCE: f64 = 0.25;

/// What Kayenta calls a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Classification {
    /// Not shown to differ, which includes what is not known.
    Pass,
    /// The canary is above.
    High,
    /// The canary is below.
    Low,
    /// A side has no samples.
    Nodata,
    /// A side has no samples and must have some (`mustHaveData`).
    NodataFailMetric,
    /// It could not be computed.
    Error,
}

/// Above or below which ratio of the means a difference counts at all (`allowedIncrease`, `allowedDecrease`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowed {
    /// High only at this ratio or more.
    pub increase: f64,
    /// Low only at this ratio or less.
    pub decrease: f64,
}

impl Default for Allowed {
    fn default() -> Self {
        Self { increase: 1.0, decrease: 1.0 }
    }
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// What Kayenta calls it.
    pub classification: Classification,
    /// The shift and its interval; none where nothing was computed.
    pub shift: Option<(f64, [f64; 2])>,
    /// The canary's mean over the baseline's; none where one is zero.
    pub ratio: Option<f64>,
}

/// Judges one metric by its levels; what is not a number is left out (`nanStrategy: remove`).
#[must_use]
pub fn compare(canary: &[f64], baseline: &[f64], direction: Direction, confidence: f64, allowed: Allowed) -> Finding {
    let present = |samples: &[f64]| -> Vec<f64> { samples.iter().copied().filter(|sample| !sample.is_nan()).collect() };
    let (canary, baseline) = (present(canary), present(baseline));
    let ratio = mean_ratio(&canary, &baseline);
    let plain = |classification| Finding { classification, shift: None, ratio };
    let (Some(first), Some(base)) = (canary.first().copied(), baseline.first().copied()) else {
        return plain(Classification::Nodata);
    };
    if sorted(&canary) == sorted(&baseline) {
        return plain(Classification::Pass);
    }
    let constant = |samples: &[f64], value: f64| samples.iter().all(|sample| *sample == value);
    let constants = constant(&canary, first) && constant(&baseline, base);
    if constants && first == base {
        return plain(Classification::Pass);
    }
    let shift = if constants {
        // With one sample each, noise or not, all are tied once moved.
        if canary.len() == 1 && baseline.len() == 1 {
            return plain(Classification::Error);
        }
        let difference = first - base;
        wilcoxon::Shift { estimate: difference, corrected: difference, interval: [difference; 2] }
    } else {
        match wilcoxon::shift(&canary, &baseline, confidence) {
            Ok(shift) => shift,
            Err(wilcoxon::AllTied) => return plain(Classification::Error),
        }
    };
    let limit = TOLERANCE * shift.corrected.abs();
    let [low, high] = shift.interval;
    let up = matches!(direction, Direction::Increase | Direction::Either);
    let down = matches!(direction, Direction::Decrease | Direction::Either);
    let classification = if up && low > limit && ratio.is_none_or(|ratio| ratio >= allowed.increase) {
        Classification::High
    } else if down && high < -limit && ratio.is_none_or(|ratio| ratio <= allowed.decrease) {
        Classification::Low
    } else {
        Classification::Pass
    };
    Finding { classification, shift: Some((shift.estimate, shift.interval)), ratio }
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

fn mean_ratio(canary: &[f64], baseline: &[f64]) -> Option<f64> {
    let mean = |samples: &[f64]| samples.iter().sum::<f64>() / samples.len() as f64;
    let (canary, baseline) = (mean(canary), mean(baseline));
    let ratio = canary / baseline;
    (canary != 0.0 && baseline != 0.0 && ratio.is_finite()).then_some(ratio)
}
