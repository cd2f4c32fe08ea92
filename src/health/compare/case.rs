//! What is compared with what, and what came out.

use serde::{Deserialize, Serialize};

pub use crate::{health::Count, plan::Direction};

/// What was measured on one side. Written as JSON it is what `flightdeck judge` reads: a gap is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub enum Data {
    /// One level a sample, evenly spaced in time; NaN is a gap.
    Levels(Vec<f64>),
    /// One count a sample; no trials are a gap.
    Counts(Vec<Count>),
    /// One count over the whole time.
    Total(Count),
}

impl Data {
    /// Whether these are events of trials.
    #[must_use]
    pub fn counts(&self) -> bool {
        !matches!(self, Self::Levels(_))
    }
}

/// [`Data`] in JSON, which has no NaN.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Levels(Vec<Option<f64>>),
    Counts(Vec<Option<Count>>),
    Total(Count),
}

impl From<Data> for Written {
    fn from(data: Data) -> Self {
        match data {
            Data::Levels(levels) => Self::Levels(levels.into_iter().map(|level| (!level.is_nan()).then_some(level)).collect()),
            Data::Counts(counts) => {
                Self::Counts(counts.into_iter().map(|count| (!count.trials.is_nan()).then_some(count)).collect())
            }
            Data::Total(total) => Self::Total(total),
        }
    }
}

impl From<Written> for Data {
    fn from(written: Written) -> Self {
        match written {
            Written::Levels(levels) => Self::Levels(levels.into_iter().map(|level| level.unwrap_or(f64::NAN)).collect()),
            Written::Counts(counts) => Self::Counts(counts.into_iter().map(|count| count.unwrap_or(Count::GAP)).collect()),
            Written::Total(total) => Self::Total(total),
        }
    }
}

/// How much of a difference does no harm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// A fraction of the baseline: 0.1 is 10 %.
    Relative(f64),
    /// In the metric's own unit. That of events of trials is their share: 0.005 is half a point, and 1 would allow everything.
    Absolute(f64),
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Relative(0.1)
    }
}

/// A canary beside its baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What the metric is called in sentences.
    pub name: String,
    /// The new version.
    pub canary: Data,
    /// The version before.
    pub baseline: Data,
    /// Which change is a bad one.
    pub direction: Direction,
    /// How much of it does no harm.
    pub tolerance: Tolerance,
}

/// What is thought of a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The difference is within the tolerance.
    Pass,
    /// The difference is beyond the tolerance.
    Fail,
    /// Neither is shown, which is never a pass.
    Unknown,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What is thought of it.
    pub verdict: Verdict,
    /// Canary less baseline, in the metric's own unit.
    pub estimate: Option<f64>,
    /// Where the difference lies. The whole of it is beyond the tolerance for a failure, within it for a pass.
    pub interval: Option<[f64; 2]>,
    /// Canary over baseline.
    pub ratio: Option<f64>,
    /// How sure the interval is: a failure's holds for all looks together, a pass's for this look, on each side.
    pub confidence: f64,
    /// About how many more samples of each side would settle it.
    pub more: Option<u64>,
    /// The same as a sentence.
    pub why: String,
}

/// Why a case cannot be judged at all.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CaseError {
    /// One side has levels and the other counts.
    #[error("the canary and the baseline must both be numbers or both be events of trials")]
    Mixed,
    /// A sample is infinite.
    #[error("{side} sample {place} is {value}, which is no measurement; leave a gap as null")]
    Infinite {
        /// Canary or baseline.
        side: &'static str,
        /// Counted from one.
        place: usize,
        /// What stands there.
        value: f64,
    },
    /// A count cannot have come about.
    #[error("{side} sample {place} has {events} events of {trials} trials; events go from 0 to the trials")]
    Count {
        /// Canary or baseline.
        side: &'static str,
        /// Counted from one.
        place: usize,
        /// How many events it claims.
        events: f64,
        /// Of how many trials.
        trials: f64,
    },
    /// The tolerance is no size.
    #[error("a tolerance of {0} is no size; give 0 or more, as 0.1 for 10 %")]
    Tolerance(f64),
    /// No difference of shares goes past the tolerance.
    #[error("an absolute tolerance of {0} for events of trials would allow everything; 0.01 is one point")]
    Everything(f64),
}

impl Case {
    /// Refuses what cannot have been measured.
    ///
    /// # Errors
    ///
    /// Infinite levels, more events than trials, sides of different kinds, a negative tolerance, one that allows everything.
    pub fn check(&self) -> Result<(), CaseError> {
        let (Tolerance::Relative(size) | Tolerance::Absolute(size)) = self.tolerance;
        if !size.is_finite() || size < 0.0 {
            return Err(CaseError::Tolerance(size));
        }
        if self.canary.counts() != self.baseline.counts() {
            return Err(CaseError::Mixed);
        }
        if let Tolerance::Absolute(size) = self.tolerance
            && self.canary.counts()
            && size >= 1.0
        {
            return Err(CaseError::Everything(size));
        }
        sound(&self.canary, "canary")?;
        sound(&self.baseline, "baseline")
    }
}

fn sound(data: &Data, side: &'static str) -> Result<(), CaseError> {
    let counts = match data {
        Data::Levels(levels) => {
            let infinite = levels.iter().position(|level| level.is_infinite());
            let found = infinite.and_then(|at| levels.get(at).map(|value| (at, *value)));
            return found.map_or(Ok(()), |(at, value)| Err(CaseError::Infinite { side, place: at + 1, value }));
        }
        Data::Counts(counts) => counts.as_slice(),
        Data::Total(total) => std::slice::from_ref(total),
    };
    for (at, Count { events, trials }) in counts.iter().copied().enumerate() {
        // A gap is written as two that are no numbers.
        let gap = events.is_nan() && trials.is_nan();
        let possible = events >= 0.0 && events <= trials && trials <= MOST_TRIALS;
        if !gap && !possible {
            return Err(CaseError::Count { side, place: at + 1, events, trials });
        }
    }
    Ok(())
}

/// Past this a sum of counts loses events.
const MOST_TRIALS: f64 = 1e15;
