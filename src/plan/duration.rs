//! Durations as people write them: `90s`, `10m`, `1h 30m`, `500ms`, `2 days`.

use std::{fmt, str::FromStr, time::Duration as StdDuration};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time, never negative, at most 366 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Duration(StdDuration);

/// Why a text is no [`Duration`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a number with a unit.
    #[error("`{0}` is not a duration; write a number with a unit, as in 30s, 10m, 1h30m or 2d")]
    Malformed(String),
    /// Below nothing.
    #[error("`{0}` is negative; a duration is zero or more")]
    Negative(String),
    /// Longer than a release may last.
    #[error("`{0}` is longer than 366 days")]
    TooLong(String),
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(StdDuration::ZERO);
    /// The longest duration a plan may ask for.
    pub const MAX: Self = Self(StdDuration::from_secs(366 * 24 * 3600));

    /// So many whole seconds, capped at [`Duration::MAX`].
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// So many milliseconds, capped at [`Duration::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0.as_secs() * 1000 { Self::MAX } else { Self(StdDuration::from_millis(millis)) }
    }

    /// As the standard library's type.
    #[must_use]
    pub const fn get(self) -> StdDuration {
        self.0
    }

    /// In milliseconds.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }

    /// In seconds, with their fraction.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// In whole seconds, rounded up: for people who wait.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self::from_secs(self.0.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
    }

    /// Whether it is no time at all.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let malformed = || DurationError::Malformed(text.to_owned());
        let parsed: SignedDuration = match text.trim().parse() {
            Ok(parsed) => parsed,
            // jiff's durations have no days; a span has, and a day of a plan is 24 hours.
            Err(_) => {
                let span: jiff::Span = text.trim().parse().map_err(|_| malformed())?;
                span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| malformed())?
            }
        };
        if parsed.is_negative() {
            return Err(DurationError::Negative(text.to_owned()));
        }
        let std = StdDuration::try_from(parsed).map_err(|_| malformed())?;
        if std > Self::MAX.0 { Err(DurationError::TooLong(text.to_owned())) } else { Ok(Self(std)) }
    }
}

impl TryFrom<String> for Duration {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

impl fmt::Display for Duration {
    /// Exact and short: `1h30m`, `90s` as `1m30s`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis == 0 {
            return f.write_str("0s");
        }
        let mut rest = millis;
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("30s", 30_000),
            ("10m", 600_000),
            ("5 min", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2d", 172_800_000),
            ("1 day", 86_400_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(text.parse::<Duration>().map(Duration::as_millis), Ok(millis), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "10", "m", "-5m", "soon", "1 fortnight", "400d", "1e9h", "10m foo"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn writes_what_it_reads(millis in 0u64..=366 * 86_400_000) {
            let duration = Duration::from_millis(millis);
            proptest::prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }
    }
}
