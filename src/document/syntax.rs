//! TOML that is not quite TOML: every error of syntax at once, and as much of the rest as can still be trusted.
//!
//! The parser recovers from most errors, but gives up on the rest of the file after a few. Such a line is reported
//! and blanked, byte for byte, so that what follows is read at its place.

use std::ops::Range;

use toml::de::{DeTable, Error};

use super::{
    problem::Found,
    words::{quote, without_password},
};

/// A document as far as it can be read.
#[derive(Debug)]
pub(crate) struct Readable {
    /// The text, blank where it cannot be read.
    pub(crate) text: String,
    /// The errors of syntax.
    pub(crate) found: Vec<Found>,
    /// From this byte on, what is read may be an effect of an error.
    pub(crate) up_to: usize,
    /// Whether nothing is blanked. If something is, what seems to be missing may be there.
    pub(crate) whole: bool,
}

/// So often are lines blanked and the rest tried again; each time, all bad lines found are taken.
const ROUNDS: usize = 16;
/// More errors than this help nobody.
const MOST: usize = 1000;
/// No key has more than three parts. Thousands would nest tables deeper than the stack.
const PARTS: usize = 30;

/// What an error does to the rest.
enum Damage {
    /// The value alone is wrong.
    Value,
    /// The line is lost.
    Line,
    /// The table under this header is lost.
    Section,
    /// A table or key is there twice; the second is left out.
    Twice { header: bool },
    /// What follows is lost.
    Rest,
}

/// Finds the errors of syntax.
pub(crate) fn read(text: &str) -> Readable {
    let mut readable = Readable { text: text.to_owned(), found: Vec::new(), up_to: usize::MAX, whole: true };
    if let Some(at) = too_deep(text) {
        let (message, help) = ("a key has too many parts".to_owned(), "none has more than three, as in a.b.c".to_owned());
        readable.found.push(Found { span: at, code: "syntax", message, help, absence: false });
        return Readable { text: String::new(), up_to: 0, whole: false, ..readable };
    }
    let mut bad_lines = std::collections::BTreeSet::new();
    for round in 1..=ROUNDS {
        let (_, mut errors) = DeTable::parse_recoverable(&readable.text);
        errors.truncate(MOST);
        errors.sort_by_key(|error| span(error, text).start);
        let mut blank = Vec::new();
        for error in errors {
            let span = span(&error, text);
            if span.start >= readable.up_to {
                continue;
            }
            let line = line(text, span.start);
            let damage = match damage(error.message(), text.get(line.clone()).unwrap_or_default()) {
                Damage::Line | Damage::Section | Damage::Twice { header: true } if round == ROUNDS => Damage::Rest,
                damage => damage,
            };
            let twice = matches!(damage, Damage::Twice { .. });
            // One slip often makes several errors in its line.
            if twice || bad_lines.insert(line.start) {
                let value = text.get(span.clone()).unwrap_or_default();
                readable.found.push(describe(error.message(), value, span.clone(), twice));
            }
            match damage {
                Damage::Value | Damage::Twice { header: false } => {}
                Damage::Line => {
                    readable.whole = false;
                    blank.push(line);
                }
                Damage::Section => {
                    readable.whole = false;
                    blank.push(section(text, line));
                    break; // the next header was read as part of this one
                }
                Damage::Twice { header: true } => blank.push(section(text, line)),
                Damage::Rest => {
                    readable.whole = false;
                    readable.up_to = span.start;
                }
            }
        }
        if blank.is_empty() {
            break;
        }
        readable.text = blanked(&readable.text, &blank);
        // What was wrong inside a table that is there twice follows from that.
        let inside = |at: usize| blank.iter().any(|range| range.contains(&at) && line(text, range.start).end < at);
        readable.found.retain(|found| !inside(found.span.start));
    }
    readable
}

fn span(error: &Error, text: &str) -> Range<usize> {
    let span = error.span().unwrap_or(0..0);
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start = start.saturating_sub(1);
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_add(1);
    }
    start..end
}

/// The line around a byte, without its end.
fn line(text: &str, at: usize) -> Range<usize> {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at.saturating_add(1));
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at.saturating_add(length));
    start..end
}

/// From a header's line up to the next header's.
fn section(text: &str, header: Range<usize>) -> Range<usize> {
    let mut end = header.end;
    for line in text.get(header.end..).unwrap_or_default().split_inclusive('\n').skip(1) {
        if line.trim_start().starts_with('[') {
            break;
        }
        end = end.saturating_add(line.len());
    }
    // The first piece is the header's own line end.
    header.start..end.saturating_add(1).min(text.len())
}

/// The text with spaces for every byte of these ranges but the line ends.
fn blanked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        for byte in bytes.get_mut(range.clone()).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn damage(message: &str, line: &str) -> Damage {
    let header = line.trim_start().starts_with('[');
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| message.starts_with(beginning));
    if message.starts_with("duplicate key") {
        Damage::Twice { header }
    } else if header
        && starts(&[
            "unclosed table",
            "unclosed array of tables",
            "missing table",
            "unexpected key",
            "key with no value",
            "invalid unquoted key",
            "unquoted keys",
        ])
    {
        Damage::Section
    } else if starts(&["key with no value", "unexpected key or value", "invalid unquoted key", "unquoted keys"]) {
        Damage::Line
    } else if starts(&["unclosed", "missing comma", "extra comma", "unexpected", "recursion"]) {
        Damage::Rest
    } else {
        Damage::Value
    }
}

fn describe(error: &str, value: &str, span: Range<usize>, twice: bool) -> Found {
    let value = &*without_password(value);
    let (what, expected) = error.split_once(", expected ").unwrap_or((error, ""));
    let (code, message, help) = if twice {
        let message = format!("{} is there twice", quote(value));
        ("duplicate-key", message, "keep one of them, and move what the other says into it".to_owned())
    } else if what.starts_with("string values must be quoted") && value.trim().is_empty() {
        ("syntax", "the value is missing".to_owned(), "write one behind the `=`".to_owned())
    } else if what.starts_with("string values must be quoted") {
        (
            "syntax",
            format!("{} is no value", quote(value)),
            format!("a text needs quotes: \"{}\"", crate::text::line(value.trim_matches(['"', '\'', '“', '”', '„']), 60)),
        )
    } else if what.starts_with("invalid unquoted key") && value == ":" {
        ("syntax", "a key is followed by `=`, not by `:`".to_owned(), "write key = value".to_owned())
    } else if what.ends_with("string") && matches!(expected, "`\"`" | "`'`" | "'`'") {
        (
            "syntax",
            "the text is not closed".to_owned(),
            format!("close it with {expected}; one of several lines begins and ends with three"),
        )
    } else if what.starts_with("key with no value") {
        (
            "syntax",
            "the `=` and the value are missing".to_owned(),
            "a line is `key = value`, or a header as in `[targets.shop]`".to_owned(),
        )
    } else if what.starts_with("unexpected key or value") {
        (
            "syntax",
            "there is something behind the value".to_owned(),
            "end the line here, or put the whole value in quotes".to_owned(),
        )
    } else if what.starts_with("unclosed table") || what.starts_with("unclosed array of tables") {
        ("syntax", "the header is not closed".to_owned(), format!("close it with {expected}"))
    } else {
        let help = match expected {
            "" | "nothing" => "see https://toml.io for how a value is written".to_owned(),
            expected => format!("wanted here: {expected}"),
        };
        ("syntax", format!("this is no TOML: {what}"), help)
    };
    Found { span, code, message, help, absence: false }
}

/// Where a key has more parts than any file needs.
fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut parts = 0_usize;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = text.len().saturating_sub(rest.len());
        // Strings and comments are passed over whole.
        let skipped = ["\"\"\"", "'''", "\"", "'", "#"].into_iter().find_map(|open| Some((open, rest.strip_prefix(open)?)));
        rest = match skipped {
            Some(("#", inner)) => inner.find('\n').and_then(|end| inner.get(end..)).unwrap_or_default(),
            Some((quote, inner)) => after_string(inner, quote),
            None => {
                match c {
                    '.' => parts = parts.saturating_add(1),
                    '=' | ',' | '\n' | '{' | '[' => parts = 0,
                    _ => {}
                }
                rest.get(c.len_utf8()..).unwrap_or_default()
            }
        };
        if parts > PARTS {
            return Some(at..at.saturating_add(1));
        }
    }
    None
}

/// What follows the string that this is inside of. One that is not closed ends with its line, a long one with the text.
fn after_string<'a>(inner: &'a str, quote: &str) -> &'a str {
    let (mut escaped, long) = (false, quote.len() == 3);
    for (at, c) in inner.char_indices() {
        let here = inner.get(at..).unwrap_or_default();
        if escaped {
            escaped = false;
        } else if c == '\\' && quote.starts_with('"') {
            escaped = true;
        } else if let Some(rest) = here.strip_prefix(quote) {
            return rest;
        } else if c == '\n' && !long {
            return here;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slip_once_and_the_rest_is_read() {
        for (text, errors, rest) in [
            ("a = 1\n", 0, "a = 1\n"),
            ("a 1\nb = 2\n", 1, "   \nb = 2\n"),
            ("a: 1\nb: 2\nc = 3\n", 2, "    \n    \nc = 3\n"),
            ("a = \nb = hello\nc = 5m\n", 3, "a = \nb = hello\nc = 5m\n"),
            ("[x\ny = 1\n[z]\nw = 2\n", 1, "  \n     \n[z]\nw = 2\n"),
            ("[x]\ny = 1\n[x]\ny = 2\nz = 3\n[w]\n", 1, "[x]\ny = 1\n   \n     \n     \n[w]\n"),
            ("a = 'x' 'y'\nb = \"open\nc = 1\n", 2, "           \nb = \"open\nc = 1\n"),
            ("a = 1\na = 2\n", 1, "a = 1\na = 2\n"),
        ] {
            let readable = read(text);
            assert_eq!(readable.found.len(), errors, "{text:?}: {:?}", readable.found);
            assert_eq!(readable.text, rest, "{text:?}");
            assert_eq!(readable.up_to, usize::MAX, "{text:?}");
        }
    }

    #[test]
    fn a_key_deeper_than_the_stack_is_refused() {
        for text in [
            format!("{}a = 1", "a.".repeat(400_000)),
            format!("[{}a]", "a . ".repeat(200_000)),
            format!("x = {{ '=' . {}b = 1 }}", "a.".repeat(9999)),
        ] {
            let readable = read(&text);
            assert_eq!((readable.found.len(), readable.up_to), (1, 0));
        }
        assert!(read(&format!("a = '{0}'\nb = \"\"\"\n{0}\n\"\"\" # {0}\n", ".".repeat(500))).found.is_empty());
        let nested = format!("{}1{}", format!("{}a = {{", "a.".repeat(28)).repeat(75), "}".repeat(75));
        read(&nested); // as deep as it may get
    }
}
