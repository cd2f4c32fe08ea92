//! What is wrong with a file: every problem with its place, a code that stays stable, and what would be right.

use std::{fmt, ops::Range};

use serde::Serialize;

use crate::text;

/// One thing that is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The bytes of the file that it is about.
    #[serde(skip)]
    pub span: Range<usize>,
    /// The kind of problem, as in `unknown-key`; stays the same from version to version.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

/// All that is wrong with one file, in the order of its lines. Never empty where it is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    pub(crate) text: String,
    list: Vec<Problem>,
}

/// A problem as the reader finds it: without line and column yet.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) span: Range<usize>,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: String,
    /// Whether it says that something is not there. Where a part of the file could not be read, it may well be there.
    pub(crate) absence: bool,
}

impl From<&Problem> for Found {
    fn from(problem: &Problem) -> Self {
        let Problem { span, code, message, help, .. } = problem.clone();
        Self { span, code, message, help, absence: false }
    }
}

impl Problems {
    pub(crate) fn new(file: &str, text: &str, mut found: Vec<Found>) -> Self {
        found.sort_by(|a, b| (a.span.start, a.code, &a.message).cmp(&(b.span.start, b.code, &b.message)));
        found.dedup_by(|a, b| a.span == b.span && a.code == b.code && a.message == b.message);
        let file = text::safe(file).into_owned();
        // The list is sorted, so one pass over the text finds every line and column.
        let (mut line, mut column, mut characters) = (1_usize, 1_usize, text.char_indices().peekable());
        let list = found
            .into_iter()
            .map(|found| {
                while let Some((_, c)) = characters.next_if(|(offset, _)| *offset < found.span.start) {
                    if c == '\n' {
                        line = line.saturating_add(1);
                        column = 1;
                    } else {
                        column = column.saturating_add(1);
                    }
                }
                Problem {
                    file: file.clone(),
                    line,
                    column,
                    span: found.span,
                    code: found.code,
                    message: found.message,
                    help: found.help,
                }
            })
            .collect();
        Self { text: text.to_owned(), list }
    }

    /// The problems, by their place.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// As `flightdeck check --json` prints them: `{"problems": [{"file", "line", "column", "code", "message", "help"}]}`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "problems": self.list })
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {} ({})", self.file, self.line, self.column, self.message, self.help)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
