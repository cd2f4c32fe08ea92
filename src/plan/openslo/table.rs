//! A table of a plan, as text.

use std::{collections::BTreeSet, fmt};

use crate::text;

/// How long an id may be, so that the signals' that are named after it fit too.
const ID: usize = 56;
/// How long a line of a comment may be.
const LINE: usize = 300;

/// A table with its comments.
#[derive(Debug)]
pub(super) struct Table {
    kind: &'static str,
    id: String,
    comments: Vec<String>,
    lines: Vec<String>,
    is_usable: bool,
}

impl Table {
    pub(super) fn new(kind: &'static str, id: &str) -> Self {
        Self { kind, id: id.to_owned(), comments: Vec::new(), lines: Vec::new(), is_usable: true }
    }

    /// Says something before it.
    pub(super) fn comment(&mut self, what: impl AsRef<str>) {
        self.comments.push(text::line(what.as_ref(), LINE));
    }

    /// Says something before everything else.
    pub(super) fn heading(&mut self, what: &str) {
        self.comments.insert(0, text::line(what, LINE));
    }

    /// Says what it is called on screen.
    pub(super) fn title(&mut self, title: &str) {
        self.lines.insert(0, format!("title = {}", quote(title)));
    }

    /// What is said before it.
    pub(super) fn comments(&self) -> &[String] {
        &self.comments
    }

    /// Makes a comment of all of it, and says why.
    pub(super) fn unusable(&mut self, why: impl AsRef<str>) {
        self.comment(why);
        self.is_usable = false;
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.lines.push(format!("{key} = {}", quote(value)));
    }

    pub(super) fn number(&mut self, key: &str, value: f64) {
        self.lines.push(format!("{key} = {value}"));
    }

    /// Whether it is a service level that can be used as it is.
    pub(super) fn is_level(&self) -> bool {
        self.is_usable && self.kind == "slos"
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for comment in &self.comments {
            writeln!(f, "# {comment}")?;
        }
        let mark = if self.is_usable { "" } else { "# " };
        writeln!(f, "{mark}[{}.{}]", self.kind, self.id)?;
        for line in &self.lines {
            writeln!(f, "{mark}{line}")?;
        }
        Ok(())
    }
}

/// A text of TOML in one line: as it is where it can be, for selectors are full of quotes.
fn quote(value: &str) -> String {
    if !value.contains('\'') && !value.chars().any(char::is_control) {
        let plain = !value.contains(['"', '\\']);
        return if plain { format!("\"{value}\"") } else { format!("'{value}'") };
    }
    let mut quoted = "\"".to_owned();
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// An id made of a name, unlike all others. It has no dots: the signals of a service level are named with one.
pub(super) fn slug(name: &str, taken: &mut BTreeSet<String>) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let mut id: String = name.trim().chars().map(fits).take(ID).collect();
    while id.contains("--") {
        id = id.replace("--", "-");
    }
    let id = id.trim_matches(['-', '_']);
    let id = if id.is_empty() { "unnamed" } else { id };
    let mut free = id.to_owned();
    let mut next = 2_u32;
    while !taken.insert(free.clone()) {
        free = format!("{id}-{next}");
        next = next.saturating_add(1);
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_good_and_unlike_each_other() {
        let mut taken = BTreeSet::new();
        for (name, expected) in [
            ("checkout", "checkout"),
            ("checkout", "checkout-2"),
            ("a.b / c", "a-b-c"),
            ("", "unnamed"),
            ("é", "unnamed-2"),
            ("--x_", "x"),
        ] {
            assert_eq!(slug(name, &mut taken), expected);
        }
        assert_eq!(slug(&"x".repeat(100), &mut taken).len(), ID);
    }

    proptest::proptest! {
        #[test]
        fn texts_are_read_back(value in "\\PC{0,20}|[a-z\"'\\\\\n\t\r\u{0}\u{7f}\u{85}]{0,20}") {
            let table: toml::Table = toml::from_str(&format!("key = {}", quote(&value))).unwrap();
            proptest::prop_assert_eq!(table["key"].as_str(), Some(value.as_str()));
        }
    }
}
