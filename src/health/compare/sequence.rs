//! How far an estimate has to be from a limit before it counts, although somebody looks again with every sample.
//!
//! At each look the data are asked how much likelier they are if there is a difference than if there is none. If there is
//! none, that ratio ever reaches `1/alpha` with a probability of `alpha` at most, however often and long is looked (Ville
//! 1939; Robbins 1970, "Statistical methods related to the law of the iterated logarithm"; for means of any distribution
//! Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
//! 2021, arXiv 2103.06476). It needs no plan of when is looked and no last look, so that a verdict depends on the data alone.
//!
//! The difference that there may be is a mixture. Robbins' is a normal one, which keeps two thirds of `alpha` for differences
//! so small that they show only after `n` is twelve times its scale `m`. Here it is a normal one times the fourth power of the
//! difference (Johnson and Rossell 2010, "On the use of non-local prior densities in Bayesian hypothesis tests"), which makes
//! those unlikely: with `u` the standardised estimate and `w = n / (n + m)` the ratio is
//!
//! `(1 - w)^(5/2) (1 + 2 w u^2 + (w u^2)^2 / 3) exp(w u^2 / 2)`,
//!
//! It reaches `1/alpha` most easily where `n` is twice `m`, at 3.4 standard errors; before and long after it asks for more.
//! A small share is kept for differences that are far larger, with an `m` of less than a sample: without it a disaster that
//! nobody had thought of would rather be taken for a chance error that nobody had thought of, and found late.
//!
//! The standard error hangs on how samples depend on each other, which is not known well either. Numerator and denominator
//! are each the sum over the candidates for it ([`super::dependence`]), so that a large difference speaks for a large error
//! as well as for itself. `alpha` then holds on the average over the candidates; `cargo bench --bench judge` shows how it
//! holds at each.

use statrs::{
    distribution::{ContinuousCDF, Normal},
    function::erf::erfc,
};

use super::{dependence::Candidate, roots::crossing};

/// How sure a failure is, over all looks and both directions together.
pub const CONFIDENCE: f64 = 0.99;
/// How sure a pass is, at the look at which it is given.
pub const PASS_CONFIDENCE: f64 = 0.95;
/// The mixture: shares, and their scales in samples of each side where these are independent; set by simulation.
const MIXTURE: [(f64, f64); 2] = [(0.94, 14.0), (0.06, 0.5)];

/// The error of an estimate if the samples depend on each other as a candidate says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Possibility {
    pub(super) candidate: Candidate,
    /// The standard error; more than nothing.
    pub(super) error: f64,
    /// The degrees of freedom that its size was estimated with.
    pub(super) freedom: f64,
}

impl Possibility {
    /// A standard error of one that is known.
    pub(super) const EXACT: Self =
        Self { candidate: Candidate { coefficient: 0.0, log_weight: 0.0 }, error: 1.0, freedom: f64::INFINITY };

    /// The number of standard errors in `distance`, as a normal deviate that is as far out in its tail (Wallace 1959,
    /// "Bounds on normal approximations to Student's and the chi-square distributions").
    fn deviate(&self, distance: f64) -> f64 {
        // Beyond a million the two are the same to six digits.
        let freedom = self.freedom.clamp(1.0, 1e6);
        let shrink = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0);
        shrink * (freedom * ((distance / self.error).powi(2) / freedom).ln_1p()).sqrt()
    }
}

/// How far an interval reaches to each side that holds at every look, once so many samples are there.
pub(super) fn at_every_look(samples: f64, possibilities: &[Possibility]) -> f64 {
    let least = -(1.0 - CONFIDENCE).ln();
    // What does not hang on the distance.
    let terms: Vec<_> = possibilities.iter().map(|possibility| (possibility, Term::of(possibility, samples.max(1.0)))).collect();
    reach(possibilities, |distance| {
        let parts = || terms.iter().map(|(possibility, term)| (term, possibility.deviate(distance).powi(2)));
        // The largest exponent is taken out, so that none is too large for a number.
        let largest = parts().map(|(term, square)| term.exponent(square)).fold(f64::NEG_INFINITY, f64::max);
        let none: f64 = parts().map(|(term, square)| (term.log_weight - square / 2.0 - largest).exp()).sum();
        let some: f64 = parts().map(|(term, square)| term.some(square, largest)).sum();
        least - (some / none).ln()
    })
}

/// The ratio under one possibility, weighed.
#[derive(Debug, Clone, Copy)]
struct Term {
    /// Of the density of no difference, without its exponential.
    log_weight: f64,
    mixture: [Part; MIXTURE.len()],
}

/// One part of the mixture.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// How much of the difference the samples tell, from nothing to one.
    known: f64,
    scale: f64,
}

impl Term {
    fn of(possibility: &Possibility, samples: f64) -> Self {
        let Candidate { coefficient, log_weight } = possibility.candidate;
        let mixture = MIXTURE.map(|(share, scale)| {
            // What one sample tells where they are independent takes longer where they are alike.
            let known = samples / (samples + scale / (1.0 - coefficient));
            Part { known, scale: share * (1.0 - known).powf(2.5) }
        });
        Self { log_weight: log_weight - possibility.error.ln(), mixture }
    }

    /// The largest exponent in the density of some difference.
    fn exponent(&self, square: f64) -> f64 {
        let known = self.mixture.iter().map(|part| part.known).fold(0.0, f64::max);
        self.log_weight - (1.0 - known) * square / 2.0
    }

    /// The density of some difference, with so large an exponent taken out.
    fn some(&self, square: f64, largest: f64) -> f64 {
        let parts = self.mixture.iter().map(|part| {
            let told = part.known * square;
            let exponent = self.log_weight - (1.0 - part.known) * square / 2.0;
            part.scale * (1.0 + 2.0 * told + told * told / 3.0) * (exponent - largest).exp()
        });
        parts.sum()
    }
}

/// The same for one look, and for one side.
pub(super) fn at_one_look(possibilities: &[Possibility]) -> f64 {
    let largest = possibilities.iter().map(|one| one.candidate.log_weight).fold(f64::NEG_INFINITY, f64::max);
    let weighed: Vec<_> = possibilities.iter().map(|one| (one, (one.candidate.log_weight - largest).exp())).collect();
    let whole: f64 = weighed.iter().map(|(_, weight)| weight).sum();
    reach(possibilities, |distance| {
        let tails = weighed.iter().map(|(one, weight)| weight * tail(one.deviate(distance)));
        tails.sum::<f64>() / whole - (1.0 - PASS_CONFIDENCE)
    })
}

/// The distance at which what falls with it falls through nothing; it is sought as a logarithm.
fn reach(possibilities: &[Possibility], falling: impl Fn(f64) -> f64) -> f64 {
    /// So many times the largest error is as good as without end.
    const FURTHEST: f64 = 1e3;
    const HALVINGS: usize = 4;
    let errors = || possibilities.iter().map(|possibility| possibility.error);
    let (least, most) = (errors().fold(f64::INFINITY, f64::min), errors().fold(0.0, f64::max));
    if most > 0.0 { crossing([least.ln(), (FURTHEST * most).ln()], HALVINGS, |log| falling(log.exp())).exp() } else { 0.0 }
}

/// The upper tail of the normal distribution.
fn tail(deviate: f64) -> f64 {
    erfc(deviate / std::f64::consts::SQRT_2) / 2.0
}

/// The quantile of the normal distribution for the upper tail `tail`.
pub(super) fn normal_quantile(tail: f64) -> Option<f64> {
    let normal = Normal::new(0.0, 1.0).ok()?;
    (tail > 0.0 && tail < 1.0).then(|| -normal.inverse_cdf(tail))
}
