//! The interval of Mann and Whitney for the shift between two samples, as R's `wilcox.test` computes it for large samples:
//! normal approximation, continuity correction, average ranks for ties. Kayenta's is a port of the same.

use super::zeroin::zero;
use crate::health::compare::sequence::normal_quantile;

/// By how much the canary is shifted against the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    /// The estimate of Hodges and Lehmann, as R gives it: without the continuity correction.
    pub(super) estimate: f64,
    /// The same as Kayenta has it, which keeps the correction. Apart from ties they differ by less than the next pair of samples.
    pub(super) corrected: f64,
    pub(super) interval: [f64; 2],
}

/// All samples are tied: there is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AllTied;

/// The shift of `canary` against `baseline`, neither of which is empty.
pub(super) fn shift(canary: &[f64], baseline: &[f64], confidence: f64) -> Result<Shift, AllTied> {
    let least = |samples: &[f64]| samples.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |samples: &[f64]| samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let from = least(canary) - most(baseline);
    let to = most(canary) - least(baseline);
    let (low, high) =
        (statistic(canary, baseline, from, 0.5).ok_or(AllTied)?, statistic(canary, baseline, to, 0.5).ok_or(AllTied)?);
    let quantile = normal_quantile((1.0 - confidence) / 2.0).ok_or(AllTied)?;
    let root = |quantile: f64| {
        if low - quantile <= 0.0 {
            from
        } else if high - quantile >= 0.0 {
            to
        } else {
            zero(from, to, |shift| statistic(canary, baseline, shift, 0.5).unwrap_or(0.0) - quantile)
        }
    };
    let middle = |correction: f64| zero(from, to, |shift| statistic(canary, baseline, shift, correction).unwrap_or(0.0));
    Ok(Shift { estimate: middle(0.0), corrected: middle(0.5), interval: [root(quantile), root(-quantile)] })
}

/// The standardised rank sum of the canary moved back by `shift`, drawn by `correction` towards nothing; `None` if all are tied.
fn statistic(canary: &[f64], baseline: &[f64], shift: f64, correction: f64) -> Option<f64> {
    let (n, m) = (canary.len() as f64, baseline.len() as f64);
    let mut all: Vec<(f64, bool)> =
        canary.iter().map(|sample| (sample - shift, true)).chain(baseline.iter().map(|sample| (*sample, false))).collect();
    // No order among equals is needed: they share their rank.
    all.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let (mut ranks, mut ties, mut before) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|(a, _), (b, _)| a == b) {
        let count = equal.len() as f64;
        let canaries = equal.iter().filter(|(_, canary)| *canary).count() as f64;
        ranks += canaries * (before + (count + 1.0) / 2.0);
        ties += count.powi(3) - count;
        before += count;
    }
    let excess = ranks - n * (n + 1.0) / 2.0 - n * m / 2.0;
    let correction = if excess == 0.0 { 0.0 } else { correction * excess.signum() };
    let sigma = (n * m / 12.0 * ((n + m + 1.0) - ties / ((n + m) * (n + m - 1.0)))).sqrt();
    (sigma > 0.0).then(|| (excess - correction) / sigma)
}
