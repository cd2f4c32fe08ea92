//! One measurement, and what is thought of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A measurement of a signal, or the failure to get one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was taken at the source, by the source's own word where it gives one.
    pub at: Timestamp,
    /// The number, in the signal's unit, or why there is none.
    pub value: Value,
    /// Where the number is a share of events: how many there were since the sample before, and of how many. The number may
    /// look further back than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// What the source itself says of it, where that is more than thresholds can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Box<Said>>,
}

/// What a source says of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What it thinks of it; by the signal's thresholds if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why, as a part of a sentence.
    pub why: String,
}

impl Sample {
    /// A sample that counts nothing.
    #[must_use]
    pub fn new(at: Timestamp, value: Value) -> Self {
        Self { at, value, count: None, said: None }
    }

    /// A number.
    #[must_use]
    pub fn number(at: Timestamp, number: f64) -> Self {
        Self::new(at, Value::Number(number))
    }

    /// No number, and why.
    #[must_use]
    pub fn missing(at: Timestamp, why: Unknown) -> Self {
        Self::new(at, Value::Missing(why))
    }
}

/// Events of trials, as failed requests of all requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// How often it happened.
    pub events: f64,
    /// Out of how many times.
    pub trials: f64,
}

impl Count {
    /// Stands for a count that was not taken.
    pub const GAP: Self = Self { events: f64::NAN, trials: f64::NAN };
}

/// A number, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A finite number.
    Number(f64),
    /// None, and why.
    Missing(Unknown),
}

impl Value {
    /// The number if it is one: NaN and the infinities are not.
    #[must_use]
    pub fn from_f64(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Missing(Unknown::NotANumber) }
    }

    /// The number, if there is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            // A number may also come from a journal, past `from_f64`.
            Self::Number(number) if number.is_finite() => Some(*number),
            Self::Number(_) | Self::Missing(_) => None,
        }
    }
}

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason", content = "detail")]
pub enum Unknown {
    /// The source answered, and had nothing.
    NoData,
    /// The source answered with something that is no number.
    NotANumber,
    /// The newest sample is too old; its age in seconds.
    Stale(u64),
    /// Too few samples so far: how many there are, of how many.
    TooFew(u32, u32),
    /// The source could not be asked, or answered with an error: what it said, in one line.
    Error(String),
    /// Nobody samples: no controller drives the release.
    Unwatched,
    /// There is no canary with traffic yet that could be judged beside its baseline.
    NoCanary,
    /// Neither a harmful difference from the baseline nor the absence of one is shown yet: in a sentence.
    Undecided(String),
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoData => f.write_str("no data"),
            Self::NotANumber => f.write_str("not a number"),
            Self::Stale(seconds @ 0..120) => write!(f, "stale, {seconds} s old"),
            Self::Stale(seconds @ 120..7_200) => write!(f, "stale, {} min old", seconds / 60),
            Self::Stale(seconds @ 7_200..172_800) => write!(f, "stale, {} h old", seconds / 3_600),
            Self::Stale(seconds) => write!(f, "stale, {} d old", seconds / 86_400),
            Self::TooFew(have, of) => write!(f, "{have} of {of} samples"),
            Self::Error(why) | Self::Undecided(why) => f.write_str(why),
            Self::NoCanary => f.write_str("the new version has no traffic yet to judge"),
            Self::Unwatched => f.write_str("nobody samples it"),
        }
    }
}

/// What is thought of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within its thresholds.
    Ok,
    /// Beyond `warn`.
    Warn,
    /// Beyond `fail`.
    Fail,
    /// Not known, which is never healthy.
    Unknown,
}
