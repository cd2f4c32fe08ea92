//! Cases as JSON has them.
//!
//! A case is `{"name", "canary", "baseline", "direction", "tolerance"}`. A side is a list of numbers, a list of
//! `{"events", "trials"}`, or one of these for the whole time. A gap is `null` or `NaN`, which many programs write although
//! JSON does not know it. `absolute` in place of `tolerance` is in the metric's own unit, for events of trials a share: 0.005 is
//! half a point. Keys of others are let be.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::Value;

use super::Defaults;
use crate::{
    health::compare::{Case, Count, Data, Direction, Tolerance},
    text,
};

/// How long a name may be in a sentence.
const LONGEST_NAME: usize = 120;

/// A case as it is written.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    pub(super) name: Option<Value>,
    canary: Value,
    baseline: Value,
    direction: Option<Direction>,
    tolerance: Option<f64>,
    absolute: Option<f64>,
    /// The group it counts in; its name, if none is given.
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    critical: bool,
}

/// A case with its place in a score.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) case: Case,
    pub(super) group: String,
    pub(super) critical: bool,
}

/// How a score is made of the metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scored {
    /// Weights in percent.
    #[serde(default)]
    pub(super) groups: BTreeMap<String, f64>,
    pub(super) pass: f64,
    pub(super) marginal: f64,
}

/// A whole file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) metrics: Vec<Asked>,
    pub(super) score: Option<Scored>,
}

impl Written {
    /// The case it stands for.
    pub(super) fn asked(self, unnamed: &str, defaults: Defaults) -> Result<Asked, String> {
        let name = match &self.name {
            Some(Value::String(name)) => text::line(name, LONGEST_NAME),
            Some(Value::Null) | None => unnamed.to_owned(),
            Some(other) => text::line(&other.to_string(), LONGEST_NAME),
        };
        let tolerance = match (self.tolerance, self.absolute) {
            (Some(_), Some(_)) => return Err("it has both a tolerance and an absolute one; give one".to_owned()),
            (Some(part), None) => Tolerance::Relative(part),
            (None, Some(size)) => Tolerance::Absolute(size),
            (None, None) => defaults.tolerance,
        };
        let direction = self.direction.unwrap_or(defaults.direction);
        let (canary, baseline) = (data(&self.canary, "canary")?, data(&self.baseline, "baseline")?);
        let (canary, baseline) = match (&canary, &baseline) {
            // A list of gaps alone is of either kind.
            (Data::Levels(levels), other) if other.counts() && levels.iter().all(|level| level.is_nan()) => {
                (gaps(levels.len()), baseline)
            }
            (other, Data::Levels(levels)) if other.counts() && levels.iter().all(|level| level.is_nan()) => {
                (canary, gaps(levels.len()))
            }
            _ => (canary, baseline),
        };
        let group = self.group.unwrap_or_else(|| name.clone());
        Ok(Asked { case: Case { name, canary, baseline, direction, tolerance }, group, critical: self.critical })
    }
}

fn gaps(count: usize) -> Data {
    Data::Counts(vec![Count::GAP; count])
}

fn data(side: &Value, what: &str) -> Result<Data, String> {
    let samples = match side {
        Value::Object(_) => return count(side).map(Data::Total).ok_or_else(|| format!("{what} is {}; {SIDE}", short(side))),
        Value::Array(samples) => samples,
        _ => return Err(format!("{what} is {}; {SIDE}", short(side))),
    };
    let wrong = |(at, sample): (usize, &Value)| format!("{what} sample {} is {}; {SAMPLE}", at + 1, short(sample));
    if samples.iter().any(Value::is_object) {
        let counts = samples.iter().enumerate().map(|(at, sample)| match sample {
            Value::Null => Ok(Count::GAP),
            _ => count(sample).ok_or_else(|| wrong((at, sample))),
        });
        return counts.collect::<Result<_, _>>().map(Data::Counts);
    }
    let levels = samples.iter().enumerate().map(|(at, sample)| match sample {
        Value::Null => Ok(f64::NAN),
        _ => sample.as_f64().ok_or_else(|| wrong((at, sample))),
    });
    levels.collect::<Result<_, _>>().map(Data::Levels)
}

const SIDE: &str = "give a list of numbers, a list of {\"events\", \"trials\"}, or one of these";
const SAMPLE: &str = "give a number or {\"events\", \"trials\"}, the same kind throughout, or null for a gap";

fn count(value: &Value) -> Option<Count> {
    let number = |key: &str| match value.get(key)? {
        Value::Null => Some(f64::NAN),
        number => number.as_f64(),
    };
    let (events, trials) = (number("events")?, number("trials")?);
    // Half a count is none.
    Some(if events.is_nan() || trials.is_nan() { Count::GAP } else { Count { events, trials } })
}

fn short(value: &Value) -> String {
    text::line(&value.to_string(), 40)
}

/// The text with `NaN` outside of strings as `null`.
pub(super) fn with_gaps(json: &str) -> Result<Cow<'_, str>, String> {
    if !json.contains("NaN") && !json.contains("Infinity") {
        return Ok(Cow::Borrowed(json));
    }
    let mut changed = String::with_capacity(json.len() + 16);
    let (mut rest, mut quoted) = (json, false);
    while let Some(c) = rest.chars().next() {
        let taken = match (quoted, c) {
            (true, '\\') => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            (_, '"') => {
                quoted = !quoted;
                1
            }
            (false, 'N') if rest.starts_with("NaN") => {
                changed.push_str("null");
                rest = rest.get(3..).unwrap_or_default();
                continue;
            }
            (false, 'I') if rest.starts_with("Infinity") => {
                return Err("Infinity is no measurement; leave a gap as null".to_owned());
            }
            (_, c) => c.len_utf8(),
        };
        let (head, tail) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        changed.push_str(head);
        rest = tail;
    }
    Ok(Cow::Owned(changed))
}

/// A file of one case, a list of cases, or `metrics` with a `score`.
pub(super) fn document(json: &str, unnamed: &str, defaults: Defaults) -> Result<Document, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        metrics: Vec<Written>,
        score: Option<Scored>,
    }
    let json = with_gaps(json)?;
    let value: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let list = value.is_array();
    let (written, score): (Vec<Written>, _) = if value.get("metrics").is_some() {
        let whole: Whole = serde_json::from_value(value).map_err(|error| error.to_string())?;
        (whole.metrics, whole.score)
    } else if list {
        (serde_json::from_value(value).map_err(|error| error.to_string())?, None)
    } else {
        (vec![serde_json::from_value(value).map_err(|error| error.to_string())?], None)
    };
    let alone = written.len() == 1;
    let metrics = written.into_iter().enumerate().map(|(at, written)| {
        let unnamed = if alone { unnamed.to_owned() } else { format!("{unnamed} {}", at + 1) };
        written.asked(&unnamed, defaults).map_err(|error| format!("metric {}: {error}", at + 1))
    });
    Ok(Document { metrics: metrics.collect::<Result<_, _>>()?, score })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_a_number_is_a_gap_except_in_strings() {
        let cases = [
            (r#"{"a": [1, NaN, 2]}"#, Ok(r#"{"a": [1, null, 2]}"#)),
            (r#"{"NaN": "a \"NaN", "b": NaN}"#, Ok(r#"{"NaN": "a \"NaN", "b": null}"#)),
            (r#"["é\\", NaN]"#, Ok(r#"["é\\", null]"#)),
            ("[1]", Ok("[1]")),
            ("[-Infinity]", Err(())),
            (r#"["Infinity"]"#, Ok(r#"["Infinity"]"#)),
        ];
        for (json, expected) in cases {
            assert_eq!(with_gaps(json).as_deref().map_err(|_| ()), expected, "{json}");
        }
    }

    fn read(json: &str) -> Result<Case, String> {
        let defaults = Defaults { direction: Direction::Either, tolerance: Tolerance::default() };
        let written: Written = serde_json::from_str(json).map_err(|error| error.to_string())?;
        written.asked("line 1", defaults).map(|asked| asked.case)
    }

    #[test]
    fn the_kinds_of_sides() {
        let levels = read(r#"{"canary": [1, 2.5], "baseline": [], "direction": "increase", "absolute": 3}"#).unwrap();
        assert_eq!(levels.canary, Data::Levels(vec![1.0, 2.5]));
        assert_eq!(
            (levels.name.as_str(), levels.direction, levels.tolerance),
            ("line 1", Direction::Increase, Tolerance::Absolute(3.0))
        );
        let counts =
            read(r#"{"name": "e", "canary": [{"events": 1, "trials": 9}], "baseline": {"events": 0, "trials": 5}}"#).unwrap();
        assert_eq!(counts.canary, Data::Counts(vec![Count { events: 1.0, trials: 9.0 }]));
        assert_eq!(counts.baseline, Data::Total(Count { events: 0.0, trials: 5.0 }));
        let gaps = read(r#"{"canary": [null, null], "baseline": [{"events": 0, "trials": 5}]}"#).unwrap();
        assert!(gaps.canary.counts(), "gaps are of the other side's kind");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases = [
            (r#"{"canary": [1, "x"], "baseline": []}"#, "canary sample 2"),
            (r#"{"canary": 7, "baseline": []}"#, "canary is 7"),
            (r#"{"canary": [], "baseline": [{"events": 1}]}"#, "baseline sample 1"),
            (r#"{"canary": [], "baseline": [1, {"events": 1, "trials": 2}]}"#, "baseline sample 1"),
            (r#"{"canary": []}"#, "baseline"),
            (r#"{"canary": [], "baseline": [], "direction": "up"}"#, "increase"),
            (r#"{"canary": [], "baseline": [], "tolerance": 1, "absolute": 1}"#, "both"),
        ];
        for (json, said) in cases {
            let error = read(json).unwrap_err();
            assert!(error.contains(said), "{json}: {error}");
        }
    }
}
