//! What a task wrote, as far as the cockpit keeps it: its last lines, counted from the first it was told.

use std::{borrow::Cow, collections::VecDeque};

use super::link;
use crate::text;

/// How many lines are kept.
const MOST_LINES: usize = 5_000;
/// How many bytes of lines are kept.
const MOST_BYTES: usize = 1024 * 1024;

/// What a stage's operation wrote, as far as it is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    pub(crate) stage: String,
    operation: String,
    lines: VecDeque<String>,
    bytes: usize,
    /// The number of the first line that is kept.
    first: u64,
    /// Whether there was more before it.
    cut: bool,
}

impl Output {
    /// Takes a part in; the number from which on lines are new, or others than they were.
    pub(crate) fn take(&mut self, part: link::Output) -> u64 {
        let follows = self.operation == part.operation && part.first <= self.end() && part.first >= self.first;
        let cut = part.cut || (self.operation == part.operation && self.cut);
        if !follows || part.cut {
            *self = Self { stage: part.stage, operation: part.operation, first: part.first, ..Self::default() };
        }
        let kept = usize::try_from(part.first.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let gone = self.lines.drain(kept.min(self.lines.len())..).map(|line| line.len()).sum::<usize>();
        self.bytes = self.bytes.saturating_sub(gone);
        for line in part.lines {
            let line = match text::safe(&line) {
                Cow::Borrowed(_) => line,
                Cow::Owned(safe) => safe,
            };
            self.bytes = self.bytes.saturating_add(line.len());
            self.lines.push_back(line);
        }
        self.cut = cut;
        while self.lines.len() > MOST_LINES || (self.bytes > MOST_BYTES && self.lines.len() > 1) {
            let Some(line) = self.lines.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(line.len());
            self.first = self.first.saturating_add(1);
            self.cut = true;
        }
        part.first
    }

    /// The number behind that of the last line.
    pub(crate) fn end(&self) -> u64 {
        self.first.saturating_add(self.lines.len() as u64)
    }

    /// The number of the first line that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Whether there was more before the first line.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The line of that number, if it is kept.
    pub(crate) fn line(&self, number: u64) -> Option<&str> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.lines.get(index).map(String::as_str)
    }

    /// The last lines, the newest last.
    pub(crate) fn last(&self, most: usize) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(self.lines.len().saturating_sub(most)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(operation: &str, first: u64, lines: &[&str], cut: bool) -> link::Output {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        link::Output { stage: "build".to_owned(), operation: operation.to_owned(), first, lines, cut }
    }

    fn lines(output: &Output) -> Vec<&str> {
        output.last(usize::MAX).collect()
    }

    #[test]
    fn parts_make_a_whole() {
        let mut output = Output::default();
        output.take(part("one", 0, &["a", "b", "c"], false));
        output.take(part("one", 2, &["cc", "d"], false));
        assert_eq!(lines(&output), ["a", "b", "cc", "d"]);
        assert_eq!((output.line(2), output.line(4), output.end(), output.is_cut()), (Some("cc"), None, 4, false));
        // Cut at its front while it ran: what was there before is gone from the file too.
        output.take(part("one", 4, &["[cut]", "d"], true));
        assert_eq!((lines(&output), output.first(), output.is_cut()), (vec!["[cut]", "d"], 4, true));
        output.take(part("one", 6, &["e"], false));
        assert_eq!((lines(&output), output.is_cut()), (vec!["[cut]", "d", "e"], true));
        // Another attempt begins anew.
        output.take(part("two", 0, &["x"], false));
        assert_eq!((lines(&output), output.is_cut()), (vec!["x"], false));
        // What was missed in between is not made up.
        output.take(part("two", 9, &["z"], false));
        assert_eq!((lines(&output), output.first()), (vec!["z"], 9));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let mut output = Output::default();
        for first in 0..3 * MOST_LINES as u64 {
            output.take(part("one", first, &["line"], false));
        }
        assert_eq!((output.lines.len(), output.end(), output.is_cut()), (MOST_LINES, 3 * MOST_LINES as u64, true));
        let long = "x".repeat(MOST_BYTES / 10);
        for first in output.end()..output.end() + 30 {
            output.take(part("one", first, &[&long], false));
        }
        assert!(output.bytes <= MOST_BYTES);
        assert_eq!(output.bytes, output.lines.iter().map(String::len).sum::<usize>());
    }
}
