//! What a task writes, read on as it grows: only what is new, made safe to show, in parts of bounded size.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    time::SystemTime,
};

use crate::text;

/// How many lines are handed on at once; what lies before them is left out.
pub const MOST_LINES: usize = 5_000;
/// How much of the end of an output is read at once; what lies before it is left out.
const MOST_BYTES: u64 = 1024 * 1024;
/// How many characters of a line are kept.
const LONGEST: usize = 4_000;
/// How much of a line without an end is kept: a character takes at most four bytes, and escape sequences take some more.
const UNENDED: usize = LONGEST * 8;
/// How many of the last bytes that were read are kept, to see whether they are still what lies before the rest.
const WITNESS: usize = 64;
/// The columns between two tab stops.
const TAB: usize = 8;

/// An output, and how far it was read.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    /// The length and the time of writing as of the last look.
    looked: Option<(u64, Option<SystemTime>)>,
    offset: u64,
    /// The last bytes before the offset.
    witness: Vec<u8>,
    /// The last line, as long as it has no end.
    rest: Vec<u8>,
    /// The number of that line.
    next: u64,
}

/// What is new of an output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// The number of the first of the lines; what was known from that number on is replaced by them.
    pub first: u64,
    /// The lines, safe to show. The last one may still grow.
    pub lines: Vec<String>,
    /// Whether there was more before them that is not shown.
    pub cut: bool,
}

impl Tail {
    /// The output in a file that may not be there yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, looked: None, offset: 0, witness: Vec::new(), rest: Vec::new(), next: 0 }
    }

    /// What was written since the last reading; none if nothing was. A file that has not changed is not read.
    ///
    /// # Errors
    /// If it cannot be read. That it is not there is no error: there is nothing yet.
    pub fn read(&mut self) -> io::Result<Option<News>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = file.metadata()?;
        let looked = Some((found.len(), found.modified().ok()));
        if self.looked == looked {
            return Ok(None);
        }
        self.looked = looked;
        let mut cut = false;
        if !self.goes_on(&mut file, found.len())? {
            // It was cut at its front and goes on: it is read anew, and its lines are counted on.
            self.next = self.next.saturating_add(u64::from(!self.rest.is_empty()));
            self.start_at(0);
            cut = true;
        }
        let from = self.offset.max(found.len().saturating_sub(MOST_BYTES));
        if from > self.offset {
            self.next = self.next.saturating_add(u64::from(!self.rest.is_empty()));
            self.start_at(from);
            cut = true;
        }
        let mut new = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(MOST_BYTES).read_to_end(&mut new)?;
        self.offset = from.saturating_add(new.len() as u64);
        self.witness.extend_from_slice(new.get(new.len().saturating_sub(WITNESS)..).unwrap_or_default());
        self.witness.drain(..self.witness.len().saturating_sub(WITNESS));
        Ok((cut || !new.is_empty()).then(|| self.take(&new, cut)))
    }

    /// Whether what was read is still what lies before the rest.
    fn goes_on(&self, file: &mut File, length: u64) -> io::Result<bool> {
        if length < self.offset {
            return Ok(false);
        }
        let mut before = vec![0; self.witness.len()];
        file.seek(SeekFrom::Start(self.offset.saturating_sub(before.len() as u64)))?;
        file.read_exact(&mut before)?;
        Ok(before == self.witness)
    }

    fn start_at(&mut self, offset: u64) {
        self.offset = offset;
        self.witness.clear();
        self.rest.clear();
    }

    /// Takes what was read in, and hands on the lines that it made or changed.
    fn take(&mut self, new: &[u8], mut cut: bool) -> News {
        let mut first = self.next;
        let mut whole = std::mem::take(&mut self.rest);
        whole.extend_from_slice(new);
        let mut parts = whole.split(|byte| *byte == b'\n').collect::<Vec<_>>();
        let last = parts.pop().unwrap_or_default();
        self.next = self.next.saturating_add(parts.len() as u64);
        let mut lines = parts.iter().rev().take(MOST_LINES).map(|part| shown(part)).collect::<Vec<_>>();
        lines.reverse();
        if lines.len() < parts.len() {
            cut = true;
            first = self.next.saturating_sub(lines.len() as u64);
        }
        if !last.is_empty() {
            lines.push(shown(whole_characters(last)));
        }
        self.rest = unended(last);
        News { first, lines, cut }
    }
}

/// What must be kept of a line that goes on.
fn unended(line: &[u8]) -> Vec<u8> {
    let state = last_state(line);
    let mut kept = state.get(..UNENDED).unwrap_or(state).to_vec();
    // What comes next is drawn over it.
    if line.ends_with(b"\r") {
        kept.push(b'\r');
    }
    kept
}

/// What would be seen of a line: a progress bar draws over itself with carriage returns.
fn last_state(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last.saturating_add(1));
    let line = line.get(..end).unwrap_or_default();
    line.rsplit(|byte| *byte == b'\r').next().unwrap_or_default()
}

/// The line without the beginning of a character whose end is not written yet.
fn whole_characters(line: &[u8]) -> &[u8] {
    let last = line.get(line.len().saturating_sub(3)..).unwrap_or_default();
    let begun = last.iter().rposition(|byte| byte & 0b1100_0000 != 0b1000_0000).unwrap_or(0);
    match std::str::from_utf8(last.get(begun..).unwrap_or_default()) {
        Err(error) if error.error_len().is_none() => {
            line.get(..line.len().saturating_sub(last.len().saturating_sub(begun))).unwrap_or_default()
        }
        _ => line,
    }
}

/// A line as it may be shown, with its indentation.
fn shown(line: &[u8]) -> String {
    let line = last_state(line);
    let mut indent = 0_usize;
    let blank = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    let mut skipped = 0_usize;
    for byte in blank.take(LONGEST) {
        let wide = if *byte == b'\t' { TAB.saturating_sub(indent % TAB) } else { 1 };
        indent = indent.saturating_add(wide);
        skipped = skipped.saturating_add(1);
    }
    let said = text::line_from_bytes(line.get(skipped..).unwrap_or_default(), LONGEST);
    if said.is_empty() { said } else { format!("{:indent$}{said}", "", indent = indent.min(LONGEST)) }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    struct Written {
        _folder: tempfile::TempDir,
        path: PathBuf,
        tail: Tail,
        /// What a reader has who took all news.
        known: Vec<(u64, String)>,
    }

    impl Written {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("output");
            Self { _folder: folder, tail: Tail::new(path.clone()), path, known: Vec::new() }
        }

        fn appends(&mut self, bytes: &[u8]) -> Option<News> {
            fs::OpenOptions::new().create(true).append(true).open(&self.path).unwrap().write_all(bytes).unwrap();
            self.look()
        }

        fn look(&mut self) -> Option<News> {
            let news = self.tail.read().unwrap()?;
            self.known.retain(|(number, _)| *number < news.first);
            self.known.extend((news.first..).zip(news.lines.iter().cloned()));
            Some(news)
        }

        fn lines(&self) -> Vec<&str> {
            self.known.iter().map(|(_, line)| line.as_str()).collect()
        }
    }

    #[test]
    fn only_what_is_new_is_handed_on() {
        let mut written = Written::new();
        assert_eq!(written.look(), None);
        let news = written.appends(b"one\ntwo\nthr").unwrap();
        assert_eq!(news, News { first: 0, lines: vec!["one".into(), "two".into(), "thr".into()], cut: false });
        assert_eq!(written.look(), None);
        let news = written.appends(b"ee\nfour\n").unwrap();
        assert_eq!(news, News { first: 2, lines: vec!["three".into(), "four".into()], cut: false });
        assert_eq!(written.lines(), ["one", "two", "three", "four"]);
    }

    #[test]
    fn lines_are_safe_and_keep_their_indentation() {
        let mut written = Written::new();
        written.appends(b"\x1b[31mred\x1b[0m\n10 %\r20 %\r30 %\r\n\xff\xfe\n  two\n\tone tab\n \t after\n   \ncrlf\r\nlast");
        assert_eq!(
            written.lines(),
            ["red", "30 %", "\u{fffd}\u{fffd}", "  two", "        one tab", "         after", "", "crlf", "last"]
        );
    }

    #[test]
    fn a_progress_bar_is_one_line_that_changes() {
        let mut written = Written::new();
        for percent in 0..=100 {
            written.appends(format!("\rcopying {percent:>3} %").as_bytes());
            assert_eq!(written.lines(), [format!("copying {percent:>3} %")]);
        }
        assert!(written.tail.rest.len() < 20);
        written.appends(b"\rdone         \n");
        assert_eq!(written.lines(), ["done"]);
    }

    #[test]
    fn a_character_is_shown_when_it_is_whole() {
        let mut written = Written::new();
        let check = "✔".as_bytes();
        written.appends(&check[..1]);
        assert_eq!(written.lines(), [""]);
        written.appends(&check[1..2]);
        assert_eq!(written.lines(), [""]);
        written.appends(&check[2..]);
        assert_eq!(written.lines(), ["✔"]);
    }

    #[test]
    fn an_output_cut_at_its_front_is_read_anew() {
        let mut written = Written::new();
        written.appends(b"one\ntwo\nthree\n");
        fs::write(&written.path, b"[cut]\nthree\n").unwrap();
        let news = written.look().unwrap();
        assert_eq!(news, News { first: 3, lines: vec!["[cut]".into(), "three".into()], cut: true });
        // It is longer than it was by now, and still not what it was.
        fs::write(&written.path, b"[cut once more]\nthree\nfour\nfive\nsix\n").unwrap();
        let news = written.look().unwrap();
        assert!(news.cut);
        assert_eq!((news.first, news.lines.len()), (5, 5));
        assert_eq!(written.appends(b"seven\n").unwrap().lines, ["seven"]);
    }

    #[test]
    fn an_emptied_output_is_told() {
        let mut written = Written::new();
        written.appends(b"one\nhalf");
        fs::write(&written.path, b"").unwrap();
        assert_eq!(written.look().unwrap(), News { first: 2, lines: Vec::new(), cut: true });
        assert_eq!(written.appends(b"new\n").unwrap(), News { first: 2, lines: vec!["new".into()], cut: false });
    }

    #[test]
    fn a_large_output_is_read_from_its_end() {
        let mut written = Written::new();
        let large = (0..400_000).map(|n| format!("line {n}\n")).collect::<String>();
        let news = written.appends(large.as_bytes()).unwrap();
        assert!(news.cut);
        assert_eq!((news.lines.len(), news.lines.last().unwrap().as_str()), (MOST_LINES, "line 399999"));
        let news = written.appends(&vec![b'x'; 10_000_000]).unwrap();
        assert!(news.cut);
        assert_eq!(news.lines.len(), 1);
        assert!(news.lines[0].chars().count() <= LONGEST + 1);
        assert!(written.tail.rest.len() <= UNENDED + 1);
        assert_eq!(written.appends(b"\nend\n").unwrap().lines.last().unwrap(), "end");
    }

    proptest::proptest! {
        #[test]
        fn however_it_is_written_it_reads_the_same(
            parts in proptest::collection::vec(proptest::collection::vec(proptest::prop_oneof![
                proptest::strategy::Just(b'\n'), proptest::strategy::Just(b'\r'), proptest::strategy::Just(b' '), proptest::num::u8::ANY,
            ], 0..40), 1..8),
        ) {
            let mut bit_by_bit = Written::new();
            for part in &parts {
                bit_by_bit.appends(part);
            }
            let mut at_once = Written::new();
            at_once.appends(&parts.concat());
            proptest::prop_assert_eq!(&bit_by_bit.known, &at_once.known);
            for (_, line) in &at_once.known {
                proptest::prop_assert!(!line.chars().any(text::is_unsafe));
            }
        }
    }
}
