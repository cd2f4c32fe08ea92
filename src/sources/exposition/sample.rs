//! One line of a page: a sample, or what a metric is.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{Format, Kind, LABELS, Sample, blank};

/// A sample: a name, labels, a value, and perhaps a time; in OpenMetrics perhaps an exemplar, of which nothing is kept.
pub(super) fn sample(text: &str, format: Format) -> Result<Sample<'_>, &'static str> {
    let (name, rest) = name(blank(text), true);
    let mut name = Cow::Borrowed(name);
    let mut labels = Vec::new();
    let mut rest = blank(rest);
    if let Some(inside) = rest.strip_prefix('{') {
        rest = label_set(inside, Some(&mut name), &mut labels)?;
    }
    if name.is_empty() {
        return Err("a metric's name is missing");
    }
    let (value, rest) = word(rest);
    let value = number(value)?;
    let (at, rest) = match word(rest) {
        ("" | "#", _) => (None, blank(rest)),
        (at, rest) => (Some(time(at, format)?), blank(rest)),
    };
    match rest.strip_prefix('#') {
        _ if rest.is_empty() => {}
        Some(rest) if format == Format::OpenMetrics => exemplar(rest)?,
        _ => return Err("there is something behind the time"),
    }
    Ok(Sample { name, labels, value, at })
}

/// What follows an exemplar's `#`: labels, a value, and perhaps a time.
fn exemplar(text: &str) -> Result<(), &'static str> {
    let inside = blank(text).strip_prefix('{').ok_or("an exemplar's labels are missing")?;
    let (value, rest) = word(label_set(inside, None, &mut Vec::new())?);
    number(value)?;
    let (at, rest) = word(rest);
    if !at.is_empty() {
        time(at, Format::OpenMetrics)?;
    }
    if blank(rest).is_empty() { Ok(()) } else { Err("there is something behind the exemplar") }
}

/// What a comment says a metric is, if it says so.
pub(super) fn kind(comment: &str) -> Result<Option<(Cow<'_, str>, Kind)>, &'static str> {
    let ("TYPE", rest) = word(comment) else { return Ok(None) };
    let rest = blank(rest);
    let (name, rest) = if rest.starts_with('"') {
        quoted(rest)?
    } else {
        let (name, rest) = name(rest, true);
        (Cow::Borrowed(name), rest)
    };
    let (kind, rest) = word(rest);
    if name.is_empty() || kind.is_empty() || !blank(rest).is_empty() {
        return Err("a type is a metric's name and one word");
    }
    Ok(Some((name, Kind::named(kind).ok_or("no such type of metric")?)))
}

fn number(word: &str) -> Result<f64, &'static str> {
    if word.is_empty() {
        return Err("a value is missing");
    }
    word.parse().map_err(|_| "the value is not a number")
}

/// A time: milliseconds in text, seconds with a fraction in OpenMetrics.
fn time(word: &str, format: Format) -> Result<Timestamp, &'static str> {
    let millis = match format {
        Format::Text => word.parse().map_err(|_| "the time is not a number of milliseconds")?,
        Format::OpenMetrics => {
            let seconds: f64 = word.parse().map_err(|_| "the time is not a number of seconds")?;
            if seconds.is_nan() || seconds.abs() >= 1e12 {
                return Err("the time is out of range");
            }
            #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
            let millis = (seconds * 1000.0).round() as i64;
            millis
        }
    };
    Timestamp::from_millisecond(millis).map_err(|_| "the time is out of range")
}

/// The labels behind a `{`, and what follows their `}`. A quoted word without a value is the metric's name.
fn label_set<'a>(
    text: &'a str,
    mut metric: Option<&mut Cow<'a, str>>,
    labels: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>,
) -> Result<&'a str, &'static str> {
    let mut rest = blank(text);
    let rest = loop {
        if let Some(after) = rest.strip_prefix('}') {
            break after;
        }
        let is_quoted = rest.starts_with('"');
        let (label, after) = if is_quoted {
            quoted(rest)?
        } else {
            let (label, after) = name(rest, false);
            (Cow::Borrowed(label), after)
        };
        if label.is_empty() {
            return Err("a label's name is missing");
        }
        rest = blank(after);
        match (rest.strip_prefix('='), &mut metric) {
            (Some(after), _) => {
                let (value, after) = quoted(blank(after))?;
                if labels.len() >= LABELS {
                    return Err("more than 128 labels");
                }
                labels.push((label, value));
                rest = blank(after);
            }
            (None, Some(metric)) if is_quoted && metric.is_empty() => **metric = label,
            (None, _) => return Err("`=` is missing behind a label's name"),
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = blank(after),
            None if rest.starts_with('}') => {}
            None => return Err("`,` or `}` is missing behind a label"),
        }
    };
    labels.sort_unstable();
    if labels.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other)) {
        return Err("a label is there twice");
    }
    Ok(rest)
}

/// A string in quotes with its escapes undone, and what follows it.
fn quoted(text: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    const OPEN: &str = "a closing quote is missing";
    let text = text.strip_prefix('"').ok_or("a value in quotes is missing")?;
    let end = text.find(['"', '\\']).ok_or(OPEN)?;
    let (plain, rest) = text.split_at_checked(end).ok_or(OPEN)?;
    if let Some(rest) = rest.strip_prefix('"') {
        return Ok((Cow::Borrowed(plain), rest));
    }
    let mut value = plain.to_owned();
    let mut rest = rest.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok((Cow::Owned(value), rest.as_str())),
            '\\' => match rest.next() {
                Some('n') => value.push('\n'),
                Some(c @ ('\\' | '"')) => value.push(c),
                // No escape of the format; Prometheus keeps it as it stands.
                Some(c) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err(OPEN)
}

/// The name that a text begins with, and what follows it.
fn name(text: &str, colons: bool) -> (&str, &str) {
    let ends = |(index, byte): (usize, u8)| {
        !(byte.is_ascii_alphabetic() || byte == b'_' || (colons && byte == b':') || (index > 0 && byte.is_ascii_digit()))
    };
    let end = text.bytes().enumerate().find(|found| ends(*found)).map_or(text.len(), |(index, _)| index);
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The first word behind blanks, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = blank(text);
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}
