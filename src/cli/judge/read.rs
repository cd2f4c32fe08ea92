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

/// What may stand at a key of a case, and how that is called. The sides have words of their own.
type Key = (&'static str, fn(&Value) -> bool, &'static str);

const KEYS: [Key; 5] = [
    ("direction", |value| value.is_null() || Direction::deserialize(value).is_ok(), "increase, decrease or either"),
    ("tolerance", |value| value.is_null() || value.is_number(), "a number, as 0.1 for 10 %"),
    ("absolute", |value| value.is_null() || value.is_number(), "a number in the metric's own unit"),
    ("group", |value| value.is_null() || value.is_string(), "the name of a group"),
    ("critical", Value::is_boolean, "true or false"),
];

impl Written {
    /// The case that a value is.
    ///
    /// # Errors
    /// What is no case, what is missing, and what stands at a key that takes something else.
    pub(super) fn of(value: Value) -> Result<Self, String> {
        let Value::Object(fields) = &value else {
            return Err(format!("it is {}; a case is {{\"canary\": …, \"baseline\": …}}", short(&value)));
        };
        for (key, fits, wanted) in KEYS {
            match fields.get(key) {
                Some(found) if !fits(found) => return Err(wrong(key, found, wanted)),
                Some(_) | None => {}
            }
        }
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

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

impl Scored {
    /// The score that a value is.
    fn of(value: Value) -> Result<Self, String> {
        let Value::Object(fields) = &value else {
            return Err(wrong("score", &value, "{\"groups\": {…}, \"pass\": 95, \"marginal\": 75}"));
        };
        for key in ["pass", "marginal"] {
            match fields.get(key) {
                Some(found) if !found.is_number() => return Err(wrong(&format!("score.{key}"), found, "a number of percent")),
                Some(_) | None => {}
            }
        }
        match fields.get("groups") {
            Some(Value::Object(groups)) => {
                if let Some((group, weight)) = groups.iter().find(|(_, weight)| !weight.is_number()) {
                    let place = format!("score.groups.{}", text::line(group, LONGEST_NAME));
                    return Err(wrong(&place, weight, "a weight in percent"));
                }
            }
            Some(other) => return Err(wrong("score.groups", other, "weights in percent, as {\"latency\": 60}")),
            None => {}
        }
        serde_json::from_value(value).map_err(|error| format!("score: {error}"))
    }
}

/// What stands at a place that takes something else.
fn wrong(place: &str, found: &Value, wanted: &str) -> String {
    format!("{place} is {}; give {wanted}", short(found))
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
    let json = with_gaps(json)?;
    let value: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let (cases, score) = match value {
        Value::Array(cases) => (cases, None),
        Value::Object(mut whole) if whole.contains_key("metrics") => {
            let (metrics, score) = (whole.remove("metrics").unwrap_or_default(), whole.remove("score").unwrap_or_default());
            if let Some(key) = whole.keys().next() {
                return Err(format!("`{}` is unknown; beside `metrics` there may be a `score`", text::line(key, LONGEST_NAME)));
            }
            let Value::Array(cases) = metrics else { return Err(wrong("metrics", &metrics, "a list of cases")) };
            (cases, (!score.is_null()).then(|| Scored::of(score)).transpose()?)
        }
        case => (vec![case], None),
    };
    let alone = cases.len() == 1;
    let metrics = cases.into_iter().enumerate().map(|(at, case)| {
        let unnamed = if alone { unnamed.to_owned() } else { format!("{unnamed} {}", at + 1) };
        let asked = Written::of(case).and_then(|written| written.asked(&unnamed, defaults));
        asked.map_err(|error| format!("metric {}: {error}", at + 1))
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
        let written = Written::of(serde_json::from_str(json).map_err(|error| error.to_string())?)?;
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
            (r#"{"canary": [], "baseline": [], "direction": "up"}"#, "direction is \"up\"; give increase, decrease or either"),
            (r#"{"canary": [], "baseline": [], "tolerance": "1"}"#, "tolerance is \"1\"; give a number"),
            (r#"{"canary": [], "baseline": [], "absolute": [1]}"#, "absolute is [1]; give a number"),
            (r#"{"canary": [], "baseline": [], "group": 7}"#, "group is 7; give the name"),
            (r#"{"canary": [], "baseline": [], "critical": null}"#, "critical is null; give true or false"),
            ("7", "it is 7; a case is {"),
            (r#"{"canary": [], "baseline": [], "tolerance": 1, "absolute": 1}"#, "both"),
        ];
        for (json, said) in cases {
            let error = read(json).unwrap_err();
            assert!(error.contains(said), "{json}: {error}");
        }
    }

    #[test]
    fn a_file_says_in_which_metric_or_key_of_the_score_it_is_wrong() {
        let defaults = Defaults { direction: Direction::Either, tolerance: Tolerance::default() };
        let cases = [
            ("[1, 2]", "metric 1: it is 1; a case is {"),
            (r#"[{"canary": [], "baseline": []}, {"canary": []}]"#, "metric 2: missing field `baseline`"),
            (r#"{"metrics": 7}"#, "metrics is 7; give a list"),
            (r#"{"metrics": [], "scores": {}}"#, "`scores` is unknown"),
            (r#"{"metrics": [], "score": 90}"#, "score is 90; give {"),
            (r#"{"metrics": [], "score": {"pass": "90", "marginal": 75}}"#, "score.pass is \"90\"; give a number"),
            (r#"{"metrics": [], "score": {"pass": 90}}"#, "score: missing field `marginal`"),
            (r#"{"metrics": [], "score": {"groups": {"a": "x"}, "pass": 90, "marginal": 75}}"#, "score.groups.a is \"x\"; give"),
            (r#"{"metrics": [], "score": {"groups": [], "pass": 90, "marginal": 75}}"#, "score.groups is []; give"),
        ];
        for (json, said) in cases {
            let error = document(json, "m", defaults).unwrap_err();
            assert!(error.contains(said) && !error.contains("struct"), "{json}: {error}");
        }
    }
}
