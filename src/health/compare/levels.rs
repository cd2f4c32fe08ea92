//! Levels: the difference between two means, with the variance that dependent samples really have.
//!
//! What is tested is `canary - (1 + tolerance) baseline`: what is allowed is a fraction of the baseline's mean, which is itself
//! an estimate (Fieller 1954). Variances differ between the sides as in Welch's test. All is computed on data divided by a power of two near the largest, so that no unit is too large or too small.

use super::{
    Case, Direction, Finding, Limits, Tolerance, Verdict, counts,
    dependence::{Candidate, Moments, candidates},
    more_samples,
    sequence::{CONFIDENCE, PASS_CONFIDENCE, Possibility, at_every_look, at_one_look},
    words,
};

/// What rounding may add to levels that are near one.
const ROUNDING: f64 = 1e-12;

pub(super) fn compare(case: &Case, canary: &[f64], baseline: &[f64]) -> Finding {
    let scale = Scale::of(canary.iter().chain(baseline));
    let scaled = scale.down(canary);
    let canary = Moments::of(&scaled);
    let baseline = Moments::of(&scale.down(baseline));
    if let Some(finding) = words::too_few(case, canary.count, baseline.count) {
        return finding;
    }
    let estimate = canary.mean - baseline.mean;
    let (allowed, carried) = match case.tolerance {
        Tolerance::Relative(part) => (part * baseline.mean.abs(), 1.0 + part),
        Tolerance::Absolute(size) => (scale.down_one(size), 1.0),
    };
    // A difference of just what is allowed is allowed, however its last digit is rounded.
    let allowed_with_rounding = allowed + ROUNDING;
    let limits = Limits { above: allowed_with_rounding, below: -allowed_with_rounding, direction: case.direction };
    let moving = canary.squares > 0.0 || baseline.squares > 0.0;
    let possibilities: Vec<_> = if moving {
        candidates([&canary, &baseline]).map(|candidate| error(candidate, &canary, &baseline, carried)).collect()
    } else {
        Vec::new()
    };
    // As many on each side would tell as much.
    let samples = 2.0 / (1.0 / canary.count + 1.0 / baseline.count);
    let (fail_reach, pass_reach) = (at_every_look(samples, &possibilities), at_one_look(&possibilities));
    let about = |reach: f64| [estimate - reach, estimate + reach];

    // A share of nothing allows nothing: beside a baseline of zeros it counts how often the canary is not.
    let clean = matches!(case.tolerance, Tolerance::Relative(_)) && baseline.mean == 0.0 && baseline.squares == 0.0;
    let upwards = case.direction != Direction::Decrease && scaled.iter().all(|level| level.is_nan() || *level >= 0.0);
    let stained = if clean && upwards { counts::more_than_nothing(&scaled, baseline.count) } else { None };
    let (verdict, interval, confidence) = if let Some(share) = stained {
        // The share of samples, of the size that they have, is the least that the mean can be.
        let sizes = scaled.iter().filter(|level| **level > 0.0);
        let least = sizes.copied().fold(f64::INFINITY, f64::min) * share;
        (Verdict::Fail, [least.max(estimate - fail_reach), estimate + fail_reach], CONFIDENCE)
    } else if limits.broken(about(fail_reach)) {
        (Verdict::Fail, about(fail_reach), CONFIDENCE)
    } else if limits.kept(about(pass_reach)) {
        (Verdict::Pass, about(pass_reach), PASS_CONFIDENCE)
    } else {
        (Verdict::Unknown, about(fail_reach), CONFIDENCE)
    };
    let more = match verdict {
        Verdict::Unknown => more_samples(canary.count.min(baseline.count), limits.narrower(estimate, fail_reach, pass_reach)),
        Verdict::Pass | Verdict::Fail => None,
    };
    let ratio = (baseline.mean != 0.0).then(|| canary.mean / baseline.mean).filter(|ratio| ratio.is_finite());
    let of_baseline = (baseline.mean != 0.0).then(|| interval.map(|end| end / baseline.mean.abs()));
    let finding = Finding {
        verdict,
        estimate: Some(scale.up(estimate)),
        interval: Some(interval.map(|end| scale.up(end))),
        ratio,
        confidence,
        more,
        why: String::new(),
    };
    words::explained(case, finding, of_baseline)
}

/// The error of `canary - carried baseline` if the samples depend on each other as the candidate says.
fn error(candidate: Candidate, canary: &Moments, baseline: &Moments, carried: f64) -> Possibility {
    let own = canary.variance_of_mean(candidate.coefficient);
    let other = carried.powi(2) * baseline.variance_of_mean(candidate.coefficient);
    let whole = own + other;
    let freedom = whole.powi(2) / (own.powi(2) / (canary.count - 1.0) + other.powi(2) / (baseline.count - 1.0));
    Possibility { candidate, error: whole.sqrt(), freedom }
}

/// A power of two that brings numbers near one; multiplying by it is exact.
#[derive(Debug, Clone, Copy)]
struct Scale {
    exponent: i32,
}

impl Scale {
    fn of<'a>(samples: impl Iterator<Item = &'a f64>) -> Self {
        let largest = samples.map(|sample| sample.abs()).fold(0.0, f64::max);
        let exponent = if largest > 0.0 { largest.log2().floor() as i32 } else { 0 };
        Self { exponent }
    }

    fn down(self, samples: &[f64]) -> Vec<f64> {
        samples.iter().map(|sample| self.down_one(*sample)).collect()
    }

    fn down_one(self, number: f64) -> f64 {
        shifted(number, -self.exponent)
    }

    /// Back to the metric's own unit; what is too large for a number stays the largest.
    fn up(self, number: f64) -> f64 {
        shifted(number, self.exponent).clamp(f64::MIN, f64::MAX)
    }
}

/// The number times two to the exponent, in two steps: one alone may be out of range where the product is not.
fn shifted(number: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    number * 2.0_f64.powi(half) * 2.0_f64.powi(exponent - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_there_and_back_changes_nothing() {
        for number in [0.0, 1.0, -3.7, 1e300, 1.7e308, 5e-324, 1e-310] {
            let scale = Scale::of([number].iter());
            let near = scale.down_one(number);
            assert!(number == 0.0 || (0.5..=2.0).contains(&near.abs()), "{number} became {near}");
            assert_eq!(scale.up(near), number);
        }
    }
}
