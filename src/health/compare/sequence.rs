//! How far an estimate has to be from a limit before it counts, although somebody looks again with every sample.
//!
//! The boundary is that of Robbins' normal mixture (Robbins 1970, "Statistical methods related to the law of the iterated
//! logarithm"), taken for a studentised mean as in Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central
//! limit theory and asymptotic confidence sequences" (2021, arXiv 2103.06476): the standardised error of a mean stays within
//! `sqrt((1 + m/n) (ln(1 + n/m) + 2 ln(1/alpha)))` for all `n` at once with probability `1 - alpha`. It needs no plan of
//! when is looked and no last look, so that a verdict depends on the data alone. `m` says where the boundary is narrowest;
//! it is flat enough to cost little from there to a thousand samples, and strict before, where dependence is hard to measure.
//!
//! With few samples the variance is not known either. As in Student's test the boundary is widened to the quantile of the
//! t distribution that lies as far out in its tail.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// How sure a failure is in its direction, over all looks together.
pub const CONFIDENCE: f64 = 0.99;
/// How sure a pass is, at the look at which it is given.
pub const PASS_CONFIDENCE: f64 = 0.95;
/// The mixture's scale, in samples of each side.
const MIXTURE: f64 = 15.0;

/// How many standard errors an interval reaches to each side that holds at every look, once so many samples are there.
pub(super) fn at_every_look(samples: f64, freedom: f64) -> f64 {
    let samples = samples.max(1.0);
    let spread = (samples / MIXTURE).ln_1p() - 2.0 * (2.0 * (1.0 - CONFIDENCE)).ln();
    student(((1.0 + MIXTURE / samples) * spread).sqrt(), freedom)
}

/// The same for one look, and for one side.
pub(super) fn at_one_look(freedom: f64) -> f64 {
    quantile(1.0 - PASS_CONFIDENCE, freedom)
}

/// The number of standard errors that is as far out with these degrees of freedom as `z` is for a normal distribution.
fn student(z: f64, freedom: f64) -> f64 {
    let Ok(normal) = Normal::new(0.0, 1.0) else { return f64::INFINITY };
    quantile(normal.cdf(-z), freedom)
}

/// What is exceeded with a probability of `tail`, which is under a half.
fn quantile(tail: f64, freedom: f64) -> f64 {
    // Beyond a million the two are the same to six digits; below one the library loses digits far out.
    let freedom = freedom.clamp(1.0, 1e6);
    let Ok(student) = StudentsT::new(0.0, 1.0, freedom) else { return f64::INFINITY };
    // The library's search ends before tails this thin.
    let found = -student.inverse_cdf(tail.max(1e-12));
    if found.is_finite() { found } else { f64::INFINITY }
}

/// The quantile of the normal distribution for the upper tail `tail`.
pub(super) fn normal_quantile(tail: f64) -> Option<f64> {
    let normal = Normal::new(0.0, 1.0).ok()?;
    (tail > 0.0 && tail < 1.0).then(|| -normal.inverse_cdf(tail))
}
