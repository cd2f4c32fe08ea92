//! Problems for people: each with its line, the place in it marked, and what would be right.

use std::{fmt, ops::Range};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{
    problem::{Problem, Problems},
    words::without_password,
};
use crate::text;

/// How a report looks. Nothing is read from the environment here: whoever prints knows where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderStyle {
    /// With colours.
    pub colour: bool,
    /// With nothing but ASCII around the file's own text.
    pub ascii: bool,
    /// How wide it may get, in characters.
    pub width: usize,
}

impl Default for RenderStyle {
    /// Plain text for a file or a pipe.
    fn default() -> Self {
        Self { colour: false, ascii: false, width: 100 }
    }
}

/// So many characters of a line are shown before the marked place, and so many in all.
const BEFORE: usize = 80;
const LINE: usize = 160;
/// Problems whose place in the file is a secret, or may be.
const SECRET: [&str; 2] = ["private-key", "secret-in-plan"];

impl Problems {
    /// A report for people: every problem in turn, and how many there are.
    #[must_use]
    pub fn render(&self, style: RenderStyle) -> String {
        let theme = GraphicalTheme {
            characters: if style.ascii { ThemeCharacters::ascii() } else { ThemeCharacters::unicode() },
            styles: if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() },
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_context_lines(1)
            .with_width(style.width.max(40))
            .without_syntax_highlighting();
        let mut report = String::new();
        // A secret may stand on the line of another problem too.
        let secrets: Vec<&Range<usize>> =
            self.iter().filter(|problem| SECRET.contains(&problem.code)).map(|problem| &problem.span).collect();
        for problem in self {
            let marked = Marked::new(problem, &self.text, &secrets, style.ascii);
            if handler.render_report(&mut report, &marked).is_err() {
                report.push_str(&format!("{problem}\n"));
            }
            report.push('\n');
        }
        let file = self.iter().next().map_or("", |problem| problem.file.as_str());
        let plural = if self.len() == 1 { "" } else { "s" };
        report.push_str(&format!("{} problem{plural} in {file}\n", self.len()));
        report
    }
}

/// A problem with the one line that it is about.
#[derive(Debug)]
struct Marked<'a> {
    problem: &'a Problem,
    message: String,
    help: String,
    line: String,
    span: SourceSpan,
}

impl<'a> Marked<'a> {
    /// Cuts the line out of the text, safe for a terminal and not longer than a screen can show.
    fn new(problem: &'a Problem, source: &str, secrets: &[&Range<usize>], ascii: bool) -> Self {
        let start = floor(source, problem.span.start);
        let before = source.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let skipped = problem.column.saturating_sub(1).saturating_sub(BEFORE);
        let (mut line, mut from, mut to) = (String::new(), None, 0);
        if skipped > 0 {
            line.push('…');
        }
        let rest = source.get(line_start..).unwrap_or_default();
        let rest = rest.split('\n').next().unwrap_or_default();
        // Passwords are hidden character by character; their bytes are those of the line.
        let shown = without_password(rest);
        let secret = |offset: usize| secrets.iter().any(|secret| secret.contains(&offset));
        let characters = rest.trim_end_matches('\r').char_indices().zip(shown.chars());
        for (count, ((offset, _), c)) in characters.skip(skipped).enumerate() {
            let offset = offset.saturating_add(line_start);
            let c = if secret(offset) { '*' } else { c };
            if offset >= start {
                from.get_or_insert(line.len());
            }
            if count >= LINE {
                line.push('…');
                break;
            }
            line.push(if text::is_unsafe(c) && c != '\t' { char::REPLACEMENT_CHARACTER } else { c });
            if offset < problem.span.end {
                to = line.len();
            }
        }
        let from = from.unwrap_or(line.len());
        if from == line.len() {
            line.push(' '); // what is missing at the line's end can be marked too
        }
        let length = to.saturating_sub(from).max(1);
        let words = |text: &str| if ascii { text.replace('…', "...") } else { text.to_owned() };
        Self { problem, message: words(&problem.message), help: words(&problem.help), line, span: (from, length).into() }
    }
}

/// The character boundary at or before that byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}

impl fmt::Display for Marked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Marked<'_> {}

impl Diagnostic for Marked<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_primary_with_span(Some(self.problem.code.replace('-', " ")), self.span);
        Some(Box::new(std::iter::once(label)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }
}

impl SourceCode for Marked<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.line.as_str().read_span(span, before, after)?;
        // The excerpt is one line of the file; the place shown is the one in the file, counted in characters.
        let column = if before == 0 { self.problem.column.saturating_sub(1) } else { inner.column() };
        let line = self.problem.line.saturating_sub(1);
        let name = self.problem.file.clone();
        Ok(Box::new(MietteSpanContents::new_named(name, inner.data(), *inner.span(), line, column, 1)))
    }
}
