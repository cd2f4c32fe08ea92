//! A view of what a task wrote: where it is scrolled to, whether it follows what is written, what is searched for. Pure, and
//! how lines are wrapped is found out for what is seen of them, however many there are.

use std::{collections::VecDeque, ops::Range};

use tui_input::Input as Field;

use super::{output::Output, search::Pattern, words};

/// By how much lines that are not wrapped are moved sideways.
const ASIDE: usize = 8;

/// How much of an output is seen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// What a person does with a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputAct {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    /// To the end, and on with what is written.
    Follow,
    Left,
    Right,
    /// Wraps long lines, or lets them run out at the side.
    Wrap,
    /// Begins to type what is searched for.
    Search,
    Next,
    Previous,
}

/// A row of the view: a part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) part: Range<usize>,
}

/// The first row that is seen: a line, and how many of its rows are above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Top {
    line: u64,
    row: usize,
}

/// A view of the output of a stage.
#[derive(Debug, Clone)]
pub(crate) struct OutputView {
    pub(crate) stage: String,
    /// Where it was scrolled to; none as long as it follows what is written.
    top: Option<Top>,
    pub(crate) wrap: bool,
    /// How far it is moved sideways, where it is not wrapped.
    pub(crate) aside: usize,
    /// What is being typed.
    pub(crate) field: Option<Field>,
    pub(crate) pattern: Option<Pattern>,
    /// The numbers of the lines that match.
    found: VecDeque<u64>,
    /// The match that was gone to.
    pub(crate) at: Option<u64>,
}

impl OutputView {
    /// A view that follows what is written.
    pub(crate) fn new(stage: String) -> Self {
        Self { stage, top: None, wrap: true, aside: 0, field: None, pattern: None, found: VecDeque::new(), at: None }
    }

    /// Whether it goes on with what is written.
    pub(crate) fn follows(&self) -> bool {
        self.top.is_none()
    }

    /// The place among the matching lines of the one that was gone to, from 1, and how many there are.
    pub(crate) fn matches(&self) -> (Option<usize>, usize) {
        let place = self.at.and_then(|at| self.found.binary_search(&at).ok());
        (place.map(|place| place.saturating_add(1)), self.found.len())
    }

    /// Takes note that the output is another one from a line on.
    pub(crate) fn grew(&mut self, output: &Output, from: u64) {
        while self.found.back().is_some_and(|line| *line >= from) {
            self.found.pop_back();
        }
        while self.found.front().is_some_and(|line| *line < output.first()) {
            self.found.pop_front();
        }
        if let Some(pattern) = &self.pattern {
            let lines = from.max(output.first())..output.end();
            self.found.extend(lines.filter(|line| output.line(*line).is_some_and(|line| pattern.is_in(line))));
        }
        if self.at.is_some_and(|at| self.found.binary_search(&at).is_err()) {
            self.at = None;
        }
    }

    /// What a person does with it.
    pub(crate) fn key(&mut self, act: OutputAct, output: &Output, room: Room) {
        let page = room.height.saturating_sub(1).max(1);
        match act {
            OutputAct::Up => self.scroll_up(1, output, room),
            OutputAct::PageUp => self.scroll_up(page, output, room),
            OutputAct::Down => self.scroll_down(1, output, room),
            OutputAct::PageDown => self.scroll_down(page, output, room),
            OutputAct::Top => self.stop_at(Top { line: output.first(), row: 0 }, output, room),
            OutputAct::Follow => self.top = None,
            OutputAct::Left => self.aside = self.aside.saturating_sub(ASIDE),
            OutputAct::Right => self.move_aside(output, room),
            OutputAct::Wrap => {
                // The line at the top stays there.
                self.wrap = !self.wrap;
                self.aside = 0;
                self.top = self.top.map(|top| Top { row: 0, ..top });
            }
            OutputAct::Search => self.field = Some(Field::default()),
            OutputAct::Next => self.go_on(true, output, room),
            OutputAct::Previous => self.go_on(false, output, room),
        }
    }

    /// Takes what was typed as what is searched for; nothing typed ends the search.
    pub(crate) fn search(&mut self, output: &Output, room: Room) {
        let Some(field) = self.field.take() else { return };
        let from = self.shown_top(output, room).line;
        self.pattern = Pattern::new(field.value());
        self.found.clear();
        self.at = None;
        self.grew(output, output.first());
        // The newest is what somebody looks for who follows; a reader goes on from where they are.
        let next = match self.follows() {
            true => self.found.back(),
            false => self.found.iter().find(|line| **line >= from).or(self.found.front()),
        };
        if let Some(line) = next.copied() {
            self.show(line, output, room);
        }
    }

    /// Leaves the field; if there is none, ends the search; whether there was either.
    pub(crate) fn leave_search(&mut self) -> bool {
        if self.field.take().is_some() {
            return true;
        }
        let searched = self.pattern.take().is_some();
        self.found.clear();
        self.at = None;
        searched
    }

    /// The rows that are seen.
    pub(crate) fn rows(&self, output: &Output, room: Room) -> Vec<Row> {
        let mut rows = Vec::with_capacity(room.height.min(1000));
        let top = self.shown_top(output, room);
        let mut number = top.line;
        let mut skip = top.row;
        while rows.len() < room.height {
            let Some(line) = output.line(number) else { break };
            let left = room.height.saturating_sub(rows.len());
            rows.extend(self.parts(line, room).skip(skip).take(left).map(|part| Row { line: number, part }));
            skip = 0;
            number = number.saturating_add(1);
        }
        rows
    }

    /// The rows of a line, broken between words where that leaves no row half empty.
    fn parts<'a>(&self, line: &'a str, room: Room) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let width = if self.wrap { room.width.max(1) } else { usize::MAX };
        let mut begin = Some(0_usize);
        std::iter::from_fn(move || {
            let from = begin?;
            let rest = line.get(from..).unwrap_or_default();
            let fits = words::prefix(rest, width);
            let space = rest.get(..fits).unwrap_or_default().rfind(' ').map(|space| space.saturating_add(1));
            let fits = space.filter(|space| fits < rest.len() && *space > fits / 2).unwrap_or(fits);
            // A character wider than the room stands there all the same, so that every row goes on.
            let end = from.saturating_add(fits.max(1)).min(line.len());
            let end = (end..=line.len()).find(|end| line.is_char_boundary(*end)).unwrap_or(line.len());
            begin = (end < line.len()).then_some(end);
            Some(from..end)
        })
    }

    fn height(&self, output: &Output, number: u64, room: Room) -> usize {
        if !self.wrap {
            return 1;
        }
        output.line(number).map_or(1, |line| self.parts(line, room).count())
    }

    /// The first row that is seen, wherever it was scrolled to.
    fn shown_top(&self, output: &Output, room: Room) -> Top {
        let lowest = self.lowest_top(output, room);
        match self.top {
            None => lowest,
            Some(top) => {
                let line = top.line.max(output.first());
                let last = self.height(output, line, room).saturating_sub(1);
                let row = if line == top.line { top.row.min(last) } else { 0 };
                Top { line, row }.min(lowest)
            }
        }
    }

    /// The first row where the last line stands at the bottom.
    fn lowest_top(&self, output: &Output, room: Room) -> Top {
        let end = Top { line: output.end(), row: 0 };
        self.above(end, room.height, output, room)
    }

    /// The row so many rows above another.
    fn above(&self, from: Top, rows: usize, output: &Output, room: Room) -> Top {
        let mut at = from;
        let mut left = rows;
        while left > 0 {
            if at.row >= left {
                at.row = at.row.saturating_sub(left);
                break;
            }
            left = left.saturating_sub(at.row);
            at.row = 0;
            if at.line <= output.first() {
                break;
            }
            at.line = at.line.saturating_sub(1);
            at.row = self.height(output, at.line, room);
        }
        at
    }

    fn below(&self, from: Top, rows: usize, output: &Output, room: Room) -> Top {
        let mut at = from;
        let mut left = rows;
        while left > 0 && at.line < output.end() {
            let after = self.height(output, at.line, room).saturating_sub(at.row).max(1);
            if after > left {
                at.row = at.row.saturating_add(left);
                break;
            }
            left = left.saturating_sub(after);
            at = Top { line: at.line.saturating_add(1), row: 0 };
        }
        at
    }

    fn scroll_up(&mut self, rows: usize, output: &Output, room: Room) {
        let top = self.shown_top(output, room);
        let above = self.above(top, rows, output, room);
        // Where all of it is seen there is nothing to scroll, and it follows on.
        if above != top || self.top.is_some() {
            self.top = Some(above);
        }
    }

    fn scroll_down(&mut self, rows: usize, output: &Output, room: Room) {
        if self.top.is_some() {
            let top = self.shown_top(output, room);
            self.stop_at(self.below(top, rows, output, room), output, room);
        }
    }

    fn stop_at(&mut self, top: Top, output: &Output, room: Room) {
        let lowest = self.lowest_top(output, room);
        // Where all of it is seen there is nothing to scroll, and it follows on.
        let all = lowest == Top { line: output.first(), row: 0 };
        self.top = (!all).then(|| top.min(lowest));
    }

    fn move_aside(&mut self, output: &Output, room: Room) {
        if self.wrap {
            return;
        }
        let longest = self.rows(output, room).iter().filter_map(|row| output.line(row.line)).map(words::width).max();
        let most = longest.unwrap_or(0).saturating_sub(room.width);
        if self.aside < most {
            self.aside = self.aside.saturating_add(ASIDE);
        }
    }

    /// Goes to the match after the one that was gone to, or before it; from the last to the first.
    fn go_on(&mut self, forward: bool, output: &Output, room: Room) {
        let from = self.at.unwrap_or_else(|| self.shown_top(output, room).line);
        let passed = self.at.is_some();
        let next = if forward {
            self.found.iter().find(|line| if passed { **line > from } else { **line >= from }).or(self.found.front())
        } else {
            self.found.iter().rev().find(|line| **line < from).or(self.found.back())
        };
        if let Some(line) = next.copied() {
            self.show(line, output, room);
        }
    }

    /// Stops where a match is seen.
    fn show(&mut self, number: u64, output: &Output, room: Room) {
        let (Some(pattern), Some(line)) = (&self.pattern, output.line(number)) else { return };
        self.at = Some(number);
        let Some(hit) = pattern.find(line).next() else { return };
        let row = self.parts(line, room).position(|part| part.end > hit.start).unwrap_or(0);
        if !self.wrap {
            let (from, to) =
                (words::width(line.get(..hit.start).unwrap_or_default()), words::width(line.get(..hit.end).unwrap_or_default()));
            if from < self.aside || to > self.aside.saturating_add(room.width) {
                self.aside = from.saturating_sub(room.width / 2);
            }
        }
        let here = Top { line: number, row };
        let top = self.shown_top(output, room);
        let seen = top <= here && here < self.below(top, room.height, output, room);
        let wanted = if seen { top } else { self.above(here, room.height / 3, output, room) };
        // What is followed moves on: a match that is looked at must not.
        self.stop_at(wanted, output, room);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tui::link;

    fn written(lines: &[String]) -> Output {
        let mut output = Output::default();
        writes(&mut output, lines);
        output
    }

    fn writes(output: &mut Output, lines: &[String]) -> u64 {
        let first = output.end();
        let (stage, operation) = ("build".to_owned(), "one".to_owned());
        output.take(link::Output { stage, operation, first, lines: lines.to_vec(), cut: false })
    }

    fn numbered(lines: usize) -> Vec<String> {
        (0..lines).map(|n| format!("line {n}")).collect()
    }

    fn seen(view: &OutputView, output: &Output, room: Room) -> Vec<String> {
        let rows = view.rows(output, room);
        rows.iter().map(|row| output.line(row.line).unwrap()[row.part.clone()].to_owned()).collect()
    }

    fn searches(view: &mut OutputView, output: &Output, room: Room, text: &str) {
        view.key(OutputAct::Search, output, room);
        view.field = Some(Field::new(text.to_owned()));
        view.search(output, room);
    }

    const ROOM: Room = Room { width: 20, height: 3 };

    #[test]
    fn it_follows_until_somebody_scrolls_up() {
        let mut output = written(&numbered(10));
        let mut view = OutputView::new("build".to_owned());
        assert_eq!(seen(&view, &output, ROOM), ["line 7", "line 8", "line 9"]);
        writes(&mut output, &["line 10".to_owned()]);
        assert_eq!(seen(&view, &output, ROOM), ["line 8", "line 9", "line 10"]);
        view.key(OutputAct::Up, &output, ROOM);
        assert_eq!((seen(&view, &output, ROOM)[0].as_str(), view.follows()), ("line 7", false));
        writes(&mut output, &["line 11".to_owned()]);
        assert_eq!(seen(&view, &output, ROOM)[0], "line 7");
        view.key(OutputAct::Top, &output, ROOM);
        assert_eq!(seen(&view, &output, ROOM)[0], "line 0");
        view.key(OutputAct::PageDown, &output, ROOM);
        assert_eq!(seen(&view, &output, ROOM)[0], "line 2");
        view.key(OutputAct::PageUp, &output, ROOM);
        assert_eq!(seen(&view, &output, ROOM)[0], "line 0");
        for _ in 0..40 {
            view.key(OutputAct::Down, &output, ROOM);
        }
        assert_eq!((seen(&view, &output, ROOM)[2].as_str(), view.follows()), ("line 11", false));
        view.key(OutputAct::Follow, &output, ROOM);
        assert!(view.follows());
    }

    #[test]
    fn where_all_is_seen_there_is_nothing_to_scroll() {
        let output = written(&numbered(2));
        let mut view = OutputView::new("build".to_owned());
        for act in [OutputAct::Up, OutputAct::PageUp, OutputAct::Top, OutputAct::Down] {
            view.key(act, &output, ROOM);
            assert!(view.follows(), "{act:?}");
        }
    }

    #[test]
    fn long_lines_are_wrapped_or_moved_sideways() {
        let output = written(&["a".to_owned(), "0123456789".repeat(5), "日本語".repeat(5)]);
        let mut view = OutputView::new("build".to_owned());
        let room = Room { width: 20, height: 4 };
        assert_eq!(seen(&view, &output, room), ["01234567890123456789", "0123456789", "日本語日本語日本語日", "本語日本語"]);
        view.key(OutputAct::Up, &output, room);
        assert_eq!(seen(&view, &output, room)[0], "01234567890123456789");
        view.key(OutputAct::Wrap, &output, room);
        assert_eq!(seen(&view, &output, room).len(), 3);
        for _ in 0..20 {
            view.key(OutputAct::Right, &output, room);
        }
        assert_eq!(view.aside, 32);
        view.key(OutputAct::Left, &output, room);
        assert_eq!(view.aside, 24);
    }

    #[test]
    fn a_search_goes_from_match_to_match() {
        let mut output = written(&["ok".to_owned(), "Error one".to_owned(), "ok".to_owned(), "an error".to_owned()]);
        writes(&mut output, &numbered(20));
        let mut view = OutputView::new("build".to_owned());
        searches(&mut view, &output, ROOM, "error");
        // Whoever follows looks for the newest.
        assert_eq!((view.at, view.matches(), view.follows()), (Some(3), (Some(2), 2), false));
        assert!(seen(&view, &output, ROOM).contains(&"an error".to_owned()));
        view.key(OutputAct::Next, &output, ROOM);
        assert_eq!(view.at, Some(1));
        view.key(OutputAct::Next, &output, ROOM);
        assert_eq!(view.at, Some(3));
        view.key(OutputAct::Previous, &output, ROOM);
        view.key(OutputAct::Previous, &output, ROOM);
        assert_eq!(view.at, Some(3));
        // What is written meanwhile is found too.
        let from = writes(&mut output, &["ERROR three".to_owned()]);
        view.grew(&output, from);
        assert_eq!(view.matches(), (Some(2), 3));
        searches(&mut view, &output, ROOM, "Error");
        assert_eq!((view.at, view.matches().1), (Some(1), 1));
        searches(&mut view, &output, ROOM, "nowhere");
        assert_eq!((view.at, view.matches()), (None, (None, 0)));
        view.key(OutputAct::Next, &output, ROOM);
        assert!(view.leave_search() && !view.leave_search());
    }

    #[test]
    fn a_match_at_the_side_is_moved_into_sight() {
        let output = written(&[format!("{}needle", "x".repeat(200))]);
        let mut view = OutputView::new("build".to_owned());
        view.key(OutputAct::Wrap, &output, ROOM);
        searches(&mut view, &output, ROOM, "needle");
        assert!(view.aside <= 200 && view.aside + ROOM.width >= 206, "{}", view.aside);
    }

    fn acts() -> impl Strategy<Value = OutputAct> {
        proptest::sample::select(vec![
            OutputAct::Up,
            OutputAct::Down,
            OutputAct::PageUp,
            OutputAct::PageDown,
            OutputAct::Top,
            OutputAct::Follow,
            OutputAct::Left,
            OutputAct::Right,
            OutputAct::Wrap,
            OutputAct::Search,
            OutputAct::Next,
            OutputAct::Previous,
        ])
    }

    #[derive(Debug, Clone)]
    enum Step {
        Acts(OutputAct),
        Writes(Vec<String>, bool),
        Searches(String),
    }

    fn steps() -> impl Strategy<Value = Step> {
        let lines = proptest::collection::vec("\\PC{0,50}|[a-c ]{0,200}", 0..6);
        prop_oneof![
            4 => acts().prop_map(Step::Acts),
            2 => (lines, any::<bool>()).prop_map(|(lines, cut)| Step::Writes(lines, cut)),
            1 => "[a-c]{1,2}".prop_map(Step::Searches),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_written_and_done_the_view_shows_what_is_there(
            steps in proptest::collection::vec((steps(), 0usize..40, 0usize..20), 0..40),
        ) {
            let mut output = Output::default();
            let mut view = OutputView::new("build".to_owned());
            for (step, width, height) in steps {
                let room = Room { width, height };
                match step {
                    Step::Acts(act) => view.key(act, &output, room),
                    Step::Searches(text) => searches(&mut view, &output, room, &text),
                    Step::Writes(lines, cut) => {
                        let (stage, operation, first) = ("build".to_owned(), "one".to_owned(), output.end());
                        let from = output.take(link::Output { stage, operation, first, lines, cut });
                        view.grew(&output, from);
                    }
                }
                let rows = view.rows(&output, room);
                prop_assert!(rows.len() <= height);
                for row in &rows {
                    let line = output.line(row.line).unwrap();
                    let part = line.get(row.part.clone()).unwrap();
                    // A character is not broken, however wide: some take three columns.
                    let seen = part.chars().filter(|c| words::width(c.encode_utf8(&mut [0; 4])) > 0).count();
                    prop_assert!(!view.wrap || words::width(part) <= width || seen == 1);
                }
                for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
                    let goes_on = row.line == next.line && row.part.end == next.part.start;
                    prop_assert!(goes_on || (row.line + 1 == next.line && next.part.start == 0));
                }
                // No room is left empty while there is something to show, and who follows sees the end.
                if height > 0 && !output.is_empty() {
                    let last = rows.last().unwrap();
                    let at_end = last.line + 1 == output.end() && last.part.end == output.line(last.line).unwrap().len();
                    prop_assert!(rows.len() == height || at_end);
                    prop_assert!(at_end || !view.follows());
                }
                let found = (output.first()..output.end())
                    .filter(|number| view.pattern.as_ref().is_some_and(|pattern| pattern.is_in(output.line(*number).unwrap())));
                prop_assert_eq!(found.count(), view.matches().1);
            }
        }
    }
}
