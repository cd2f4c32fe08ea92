//! A canary beside its baseline: is the difference beyond what is allowed, within it, or not known?
//!
//! Pure: no clock, no randomness; the same data give the same verdict, on every machine and at every look.
//!
//! For each metric an interval of the difference between the means is set against a *tolerance*, which is a fraction of the
//! baseline. It **fails** when the whole interval lies beyond the tolerance in the bad direction, **passes** when it lies
//! within, and is **unknown** otherwise, with the number of samples that would settle it. Only a difference that matters
//! fails, only a shown absence of one passes.
//!
//! - `sequence`: the interval for a failure holds at all looks together with 99 %, upwards and downwards, because a failure
//!   ends the release at the first look that gives it. The one for a pass holds at the look that gives it with 95 % on each
//!   side, because a pass is judged anew with the next sample.
//! - `dependence`: neighbouring samples depend on each other; a first-order autoregression says how much, and all that its
//!   coefficient may be is weighed.
//! - `levels` compares levels, `counts` events of trials, [`score`] many metrics in groups.
//! - [`kayenta`] reproduces the judge of that name for those who come from it.
//!
//! What is assumed: samples are evenly spaced and both sides see the same traffic at random; the variance of a level is
//! finite, its dependence is short against the time watched and about the same on both sides. What both sides share, as the
//! hour of the day, is not taken out; it widens the interval and makes the judge slower, not wrong. Drift of one side alone
//! counts as a difference once it is large. The guarantee at every look is asymptotic; what it comes to in small samples is
//! measured by simulation (`cargo bench --bench judge`).

mod case;
mod counts;
mod dependence;
pub mod kayenta;
mod levels;
mod roots;
mod ruling;
pub mod score;
mod sequence;
mod words;

pub use case::{Case, CaseError, Count, Data, Direction, Finding, Tolerance, Verdict};
pub use ruling::{Rules, Ruling, rule};
pub use sequence::{CONFIDENCE, PASS_CONFIDENCE};

/// With fewer samples on a side nothing is decided.
pub const LEAST_SAMPLES: usize = 8;

/// Judges one metric.
///
/// # Errors
///
/// What cannot have been measured: infinite levels, more events than trials, a negative tolerance, one that allows
/// everything.
pub fn compare(case: &Case) -> Result<Finding, CaseError> {
    case.check()?;
    Ok(match (&case.canary, &case.baseline) {
        (Data::Levels(canary), Data::Levels(baseline)) => levels::compare(case, canary, baseline),
        _ => counts::compare(case),
    })
}

/// An interval set against what is allowed.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// The least difference that is too much of an increase.
    above: f64,
    /// The same for a decrease; negative.
    below: f64,
    direction: Direction,
}

impl Limits {
    /// The whole interval is beyond what is allowed.
    fn broken(&self, [low, high]: [f64; 2]) -> bool {
        let (above, below) = (low > self.above, high < self.below);
        match self.direction {
            Direction::Increase => above,
            Direction::Decrease => below,
            Direction::Either => above || below,
        }
    }

    /// The whole interval is within what is allowed.
    fn kept(&self, [low, high]: [f64; 2]) -> bool {
        let (above, below) = (high <= self.above, low >= self.below);
        match self.direction {
            Direction::Increase => above,
            Direction::Decrease => below,
            Direction::Either => above && below,
        }
    }

    /// How many times narrower an interval about `estimate` would have to be for a verdict, given how far it now reaches
    /// for a failure and for a pass. `None` where no interval would do.
    fn narrower(&self, estimate: f64, fail_reach: f64, pass_reach: f64) -> Option<f64> {
        let (up, down) = (estimate - self.above, self.below - estimate);
        let beyond = match self.direction {
            Direction::Increase => up,
            Direction::Decrease => down,
            Direction::Either => up.max(down),
        };
        let factor = if beyond > 0.0 { fail_reach / beyond } else { pass_reach / -beyond };
        factor.is_finite().then_some(factor)
    }
}

/// About how many more samples make an interval so many times narrower, from so many samples on.
fn more_samples(have: f64, narrower: Option<f64>) -> Option<u64> {
    /// More than anybody waits for.
    const TOO_MANY: f64 = 1e6;
    let more = (have * narrower?.powi(2) - have).ceil().max(1.0);
    (more < TOO_MANY).then_some(more as u64)
}
