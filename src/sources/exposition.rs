//! Prometheus' text format for metrics (0.0.4), and what OpenMetrics adds to it: `# EOF`, exemplars, times in seconds.
//!
//! A page comes from a service that may be broken or hostile, so everything is bounded, and a line that is wrong is an
//! error that names the line; none is skipped, since a number that is missing without a word looks like health.

use jiff::Timestamp;

/// How long a page may be.
pub const PAGE: usize = 8 * 1024 * 1024;
/// How many samples a page may have.
pub const SAMPLES: usize = 200_000;
/// How long a line may be.
pub const LINE: usize = 64 * 1024;

/// One series' value on the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The metric's name.
    pub name: String,
    /// Its labels, in the page's order.
    pub labels: Vec<(String, String)>,
    /// Its value; NaN and the infinities are possible.
    pub value: f64,
    /// When it was taken, where the page says so.
    pub at: Option<Timestamp>,
}

/// What is wrong with a page, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the page: {what}")]
pub struct ExpositionError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Reads a page of bytes; see [`parse`].
///
/// # Errors
/// Where it is not UTF-8, not in the format, or too large.
pub fn parse_bytes(page: &[u8]) -> Result<Vec<Point>, ExpositionError> {
    let text = std::str::from_utf8(page).map_err(|error| {
        let before = page.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        ExpositionError { line, what: "not UTF-8" }
    })?;
    parse(text)
}

/// Reads a page: all its samples, in its order.
///
/// # Errors
/// Where it is not in the format or too large.
pub fn parse(page: &str) -> Result<Vec<Point>, ExpositionError> {
    // Only OpenMetrics ends so, and only there a time is in seconds.
    let seconds = page.trim_end().ends_with("# EOF");
    let mut points = Vec::new();
    if page.len() > PAGE {
        return Err(ExpositionError { line: 1, what: "the page is longer than 8 MiB" });
    }
    for (line, text) in (1..).zip(page.split('\n')) {
        let wrong = |what| ExpositionError { line, what };
        if text.len() > LINE {
            return Err(wrong("longer than 64 KiB"));
        }
        let text = text.trim_matches([' ', '\t', '\r']);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if points.len() >= SAMPLES {
            return Err(wrong("more than 200000 samples"));
        }
        points.push(point(text, seconds).map_err(wrong)?);
    }
    Ok(points)
}

/// One line that is neither empty nor a comment.
fn point(text: &str, seconds: bool) -> Result<Point, &'static str> {
    let (name, mut rest) = name(text, true);
    let mut name = name.to_owned();
    let mut labels = Vec::new();
    rest = blank(rest);
    if let Some(inside) = rest.strip_prefix('{') {
        rest = label_set(inside, &mut name, &mut labels)?;
    }
    if name.is_empty() {
        return Err("a metric's name is missing");
    }
    // What follows ` # ` is an exemplar.
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = words.next().ok_or("a value is missing")?;
    let value = value.parse().map_err(|_| "the value is not a number")?;
    let at = words.next().map(|word| time(word, seconds)).transpose()?;
    if words.next().is_some() {
        return Err("there is something behind the time");
    }
    Ok(Point { name, labels, value, at })
}

/// A time in milliseconds, or in seconds with a fraction.
fn time(word: &str, seconds: bool) -> Result<Timestamp, &'static str> {
    const WRONG: &str = "the time is not a number of milliseconds";
    let millis = if seconds || word.contains('.') {
        let seconds: f64 = word.parse().map_err(|_| WRONG)?;
        if seconds.is_nan() || seconds.abs() >= 1e12 {
            return Err(WRONG);
        }
        #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
        let millis = (seconds * 1000.0).round() as i64;
        millis
    } else {
        word.parse().map_err(|_| WRONG)?
    };
    Timestamp::from_millisecond(millis).map_err(|_| "the time is out of range")
}

/// The labels behind a `{`, and what follows their `}`. A quoted word without a value is the metric's name.
fn label_set<'a>(text: &'a str, metric: &mut String, labels: &mut Vec<(String, String)>) -> Result<&'a str, &'static str> {
    let mut rest = blank(text);
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let (label, after) = if rest.starts_with('"') {
            quoted(rest)?
        } else {
            let (label, after) = name(rest, false);
            (label.to_owned(), after)
        };
        if label.is_empty() {
            return Err("a label's name is missing");
        }
        let was_quoted = rest.starts_with('"');
        rest = blank(after);
        match rest.strip_prefix('=') {
            Some(after) => {
                let (value, after) = quoted(blank(after))?;
                if labels.iter().any(|(other, _)| *other == label) {
                    return Err("a label is there twice");
                }
                labels.push((label, value));
                rest = blank(after);
            }
            None if was_quoted && metric.is_empty() => *metric = label,
            None => return Err("`=` is missing behind a label's name"),
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = blank(after),
            None if rest.starts_with('}') => {}
            None => return Err("`,` or `}` is missing behind a label"),
        }
    }
}

/// A string in quotes with its escapes undone, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let text = text.strip_prefix('"').ok_or("a value in quotes is missing")?;
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok((value, rest.as_str())),
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
    Err("a label's closing quote is missing")
}

/// The name that a text begins with, and what follows it.
fn name(text: &str, colons: bool) -> (&str, &str) {
    let ends = |(index, byte): (usize, u8)| {
        !(byte.is_ascii_alphabetic() || byte == b'_' || (colons && byte == b':') || (index > 0 && byte.is_ascii_digit()))
    };
    let end = text.bytes().enumerate().find(|found| ends(*found)).map_or(text.len(), |(index, _)| index);
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The text behind its leading blanks.
fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> Point {
        let mut points = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(points.len(), 1, "{line}");
        points.remove(0)
    }

    fn shown(point: &Point) -> String {
        let labels: Vec<_> = point.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let at = point.at.map_or_else(String::new, |at| format!(" @{}", at.as_millisecond()));
        format!("{} [{}] {}{at}", point.name, labels.join(" "), point.value)
    }

    #[test]
    fn lines() {
        for (line, expected) in [
            ("up 1", "up [] 1"),
            ("up{} 1", "up [] 1"),
            ("  up\t{ } \t1  \r", "up [] 1"),
            ("a:b_9{x=\"1\",y=\"2\"} 3.5e-2", "a:b_9 [x=1 y=2] 0.035"),
            ("a{x=\"1\",} +Inf", "a [x=1] inf"),
            ("a -Inf", "a [] -inf"),
            ("a NaN", "a [] NaN"),
            ("a .5", "a [] 0.5"),
            ("a{x=\"q\\\"b\\\\n\\n\\d\"} 1", "a [x=q\"b\\n\n\\d] 1"),
            ("a{x=\"},{# \"} 1", "a [x=},{# ] 1"),
            ("a{x=\"日本\"} 1", "a [x=日本] 1"),
            ("a 1 1395066363000", "a [] 1 @1395066363000"),
            ("a 1 -5", "a [] 1 @-5"),
            ("a 1 1395066363.25", "a [] 1 @1395066363250"),
            ("a_bucket{le=\"1\"} 4 # {trace_id=\"x\"} 0.67 1.5", "a_bucket [le=1] 4"),
            ("a 1 2 # {} 3", "a [] 1 @2"),
            ("{\"my.metric\",\"l.b\"=\"v\"} 1", "my.metric [l.b=v] 1"),
        ] {
            assert_eq!(shown(&one(line)), expected, "{line}");
        }
    }

    #[test]
    fn pages() {
        let page = "# HELP a says \\n much\n# TYPE a counter\na_total 1\na_created 1.5e9\n\n#comment\nb 2 1.5\n# EOF\n";
        let points = parse(page).unwrap();
        assert_eq!(points.iter().map(shown).collect::<Vec<_>>(), ["a_total [] 1", "a_created [] 1500000000", "b [] 2 @1500"]);
        assert_eq!(parse("a 1 3\n# EOF").unwrap()[0].at, Timestamp::from_second(3).ok());
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("a 1\r\nb 2\r\n").unwrap().len(), 2);
    }

    #[test]
    fn hostile_pages() {
        for (page, line, what) in [
            ("<html>", 1, "a metric's name is missing"),
            ("a 1\n\nb", 3, "a value is missing"),
            ("a one", 1, "the value is not a number"),
            ("a 1 2 3", 1, "there is something behind the time"),
            ("a 1 soon", 1, "the time is not a number of milliseconds"),
            ("a 1 1e99.", 1, "the time is not a number of milliseconds"),
            ("a 1 9223372036854775807", 1, "the time is out of range"),
            ("a{x=\"1\" 1", 1, "`,` or `}` is missing behind a label"),
            ("a{x=\"1} 1", 1, "a label's closing quote is missing"),
            ("a{x=\"1\\", 1, "a label's closing quote is missing"),
            ("a{x=1} 1", 1, "a value in quotes is missing"),
            ("a{x} 1", 1, "`=` is missing behind a label's name"),
            ("a{=\"1\"} 1", 1, "a label's name is missing"),
            ("a{,} 1", 1, "a label's name is missing"),
            ("a{x=\"1\",x=\"2\"} 1", 1, "a label is there twice"),
            ("{x=\"1\"} 1", 1, "a metric's name is missing"),
            ("9a 1", 1, "a metric's name is missing"),
            ("é 1", 1, "a metric's name is missing"),
        ] {
            assert_eq!(parse(page), Err(ExpositionError { line, what }), "{page}");
        }
        assert_eq!(parse_bytes(b"a 1\nb{x=\"\xff\"} 1").unwrap_err().line, 2);
        assert_eq!(parse(&format!("a 1\na{{x=\"{}\"}} 1", "y".repeat(LINE))).unwrap_err().line, 2);
        assert_eq!(parse(&"a 1\n".repeat(SAMPLES + 1)).unwrap_err().line, SAMPLES + 1);
        assert_eq!(parse(&"\n".repeat(PAGE + 1)).unwrap_err().what, "the page is longer than 8 MiB");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), near in "[a1{}=\",\\\\# \n.eN+-]{0,60}", text in "\\PC{0,60}") {
            let _ = parse_bytes(&bytes);
            let _ = parse(&near);
            let _ = parse(&text);
        }

        #[test]
        fn reads_back_what_was_written(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,9}",
            labels in proptest::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,5}", any::<String>(), 0..4),
            value in any::<f64>(),
            millis in proptest::option::of(-1_000_000_000_000i64..4_000_000_000_000),
        ) {
            let escaped: Vec<_> = labels.iter()
                .map(|(label, value)| format!("{label}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")))
                .collect();
            let time = millis.map_or_else(String::new, |millis| format!(" {millis}"));
            let point = one(&format!("{name}{{{}}} {value:e}{time}", escaped.join(",")));
            prop_assert_eq!(point.name, name);
            prop_assert_eq!(point.labels, labels.into_iter().collect::<Vec<_>>());
            prop_assert!(point.value == value || (point.value.is_nan() && value.is_nan()));
            prop_assert_eq!(point.at.map(Timestamp::as_millisecond), millis);
        }
    }
}
