//! What a task writes: its last lines beside other things, and all that is kept of them to be read.

use std::{borrow::Cow, ops::Range};

use ratatui::{layout::Rect, style::Style};
use unicode_width::UnicodeWidthChar;

use super::{Paint, View, cut, inside, panes::line};
use crate::{
    plan::Stage,
    tui::{
        actions::Action,
        app::Hit,
        output::Output,
        reader::{OutputView, Room, Row},
        theme::Symbols,
        words,
    },
};

/// How many lines of the screen stay above a reader and below it.
const AROUND: u16 = 2;

/// The last lines that a stage's task wrote, cut where the area ends.
pub(super) fn tail(paint: &mut Paint<'_>, area: Rect, stage: &Stage) {
    let view = paint.view;
    let Some(output) = of(view, stage) else {
        paint.row(area, &[("nothing was written yet", view.theme.dim)]);
        return;
    };
    for (index, text) in output.last(usize::from(area.height)).enumerate() {
        paint.row(line(area, index), &[(&plain(view, text), view.theme.text)]);
    }
}

/// What somebody else's program wrote, in what the terminal shows, at its width.
fn plain<'a>(view: &View<'_>, text: &'a str) -> Cow<'a, str> {
    if view.app.settings.symbols == Symbols::Unicode || text.is_ascii() {
        return text.into();
    }
    let shown = |c: char| if c.is_ascii() { c.to_string() } else { "?".repeat(c.width().unwrap_or(0)) };
    text.chars().map(shown).collect::<String>().into()
}

/// How many lines there are of a stage's output.
pub(super) fn lines(view: &View<'_>, stage: &Stage) -> usize {
    of(view, stage).map_or(0, |output| usize::try_from(output.end().saturating_sub(output.first())).unwrap_or(usize::MAX))
}

fn of<'a>(view: &View<'a>, stage: &Stage) -> Option<&'a Output> {
    Some(view.app.shown_output()).filter(|output| output.stage == stage.id && !output.is_empty())
}

/// Where a reader stands on a screen.
fn frame_of(screen: Rect) -> Rect {
    let top = screen.y.saturating_add(AROUND.min(screen.height));
    Rect { y: top, height: screen.height.saturating_sub(AROUND.saturating_mul(2)), ..screen }
}

/// Where the text of a reader stands, and the line below it.
fn parts_of(screen: Rect) -> (Rect, Rect) {
    let inner = inside(frame_of(screen));
    cut(inner, inner.height.saturating_sub(1))
}

/// How much a reader shows on a screen of that size.
pub(super) fn room(width: u16, height: u16) -> Room {
    let (text, _) = parts_of(Rect { width, height, ..Rect::default() });
    Room { width: usize::from(text.width), height: usize::from(text.height) }
}

/// Shows a reader; says where the cursor is while something is typed.
pub(super) fn reader(paint: &mut Paint<'_>, screen: Rect, reader: &OutputView) -> Option<(u16, u16)> {
    let view = paint.view;
    let theme = view.theme;
    let frame = frame_of(screen);
    paint.clear(frame);
    paint.hit(frame, Hit::Top);
    let stage = view.plan.stage(&reader.stage);
    let title = stage.map_or(reader.stage.as_str(), |stage| stage.title());
    let note = if reader.follows() { "follows" } else { "stopped" };
    paint.frame(frame, &format!("Output of {title}"), note, true);
    let (text, below) = parts_of(screen);
    let room = Room { width: usize::from(text.width), height: usize::from(text.height) };
    let empty = Output::default();
    let output = stage.and_then(|stage| of(view, stage)).unwrap_or(&empty);
    let rows = reader.rows(output, room);
    if rows.is_empty() {
        paint.row(text, &[("nothing was written yet", theme.dim)]);
    }
    for (index, row) in rows.iter().enumerate() {
        text_row(paint, line(text, index), reader, output, row);
    }
    status(paint, below, reader, output, &rows)
}

fn text_row(paint: &mut Paint<'_>, area: Rect, reader: &OutputView, output: &Output, row: &Row) {
    let theme = paint.view.theme;
    let Some(text) = output.line(row.line) else { return };
    let part = if reader.wrap { row.part.clone() } else { aside(text, reader.aside) };
    let hits = reader.pattern.iter().flat_map(|pattern| pattern.find(text));
    let hit_style = if reader.at == Some(row.line) { theme.chosen } else { theme.search };
    let view = paint.view;
    let mut spans: Vec<(Cow<'_, str>, Style)> = Vec::new();
    let mut at = part.start;
    for hit in hits {
        let (from, to) = (hit.start.clamp(at, part.end), hit.end.clamp(at, part.end));
        if from < to {
            spans.push((plain(view, text.get(at..from).unwrap_or_default()), theme.text));
            spans.push((plain(view, text.get(from..to).unwrap_or_default()), hit_style));
            at = to;
        }
    }
    spans.push((plain(view, text.get(at..part.end).unwrap_or_default()), theme.text));
    let spans = spans.iter().map(|(text, style)| (text.as_ref(), *style)).collect::<Vec<_>>();
    paint.row(area, &spans);
}

/// What is left of a line that is moved aside.
fn aside(text: &str, columns: usize) -> Range<usize> {
    words::prefix(text, columns)..text.len()
}

/// Where the reader is, and what is searched for.
fn status(paint: &mut Paint<'_>, area: Rect, reader: &OutputView, output: &Output, rows: &[Row]) -> Option<(u16, u16)> {
    let view = paint.view;
    let theme = view.theme;
    let count = output.end().saturating_sub(output.first());
    let place = |row: Option<&Row>| row.map_or(0, |row| row.line.saturating_sub(output.first()).saturating_add(1));
    let digits = count.to_string().len();
    let (first, last) = (place(rows.first()), place(rows.last()));
    // What was there before is not kept.
    let kept = if output.is_cut() { "the last " } else { "" };
    let lines = format!("lines {first:>digits$}-{last:>digits$} of {kept}{count}");
    let shift = if reader.aside == 0 { String::new() } else { format!(", from column {}", reader.aside.saturating_add(1)) };
    let long = if reader.wrap { "wrapped".to_owned() } else { format!("not wrapped{shift}") };
    let right = if reader.field.is_some() { "enter finds, esc leaves".to_owned() } else { format!("{long}   {lines}") };
    let wide = u16::try_from(words::width(&right)).unwrap_or(u16::MAX);
    let (left, style) = match (&reader.field, &reader.pattern) {
        (Some(field), _) => (format!("/{}", field.value()), theme.text),
        (None, Some(pattern)) => {
            let (at, all) = reader.matches();
            let at = at.map_or_else(String::new, |at| format!("{at} of "));
            let lines = if all == 1 { "line" } else { "lines" };
            (format!("/{}: {at}{all} {lines}", pattern.text()), if all == 0 { theme.warn } else { theme.text })
        }
        (None, None) if reader.follows() => ("follows what is written".to_owned(), theme.dim),
        (None, None) => (format!("stopped: {} follows", view.app.key(Action::Follow)), theme.warn),
    };
    let left_wide = u16::try_from(words::width(&left)).unwrap_or(u16::MAX);
    // Where both have no room, what the person does matters more.
    if left_wide.saturating_add(2).saturating_add(wide) <= area.width {
        let x = area.right().saturating_sub(wide);
        paint.row(Rect { x, width: wide, ..area }, &[(&right, theme.dim)]);
    } else {
        let x = area.x.saturating_add(left_wide).saturating_add(2);
        let width = area.right().saturating_sub(x);
        let short = words::right(&format!("{last}/{count}"), usize::from(width), view.glyphs.more);
        if width >= 6 {
            paint.row(Rect { x, width, ..area }, &[(&short, theme.dim)]);
        }
    }
    let Some(field) = &reader.field else {
        paint.row(area, &[(&left, style)]);
        return None;
    };
    // The end of what is typed stays in sight.
    let room = usize::from(area.width).saturating_sub(1);
    let scroll = field.visual_scroll(room.saturating_sub(1));
    let shown = format!("/{}", field.value().get(words::prefix(field.value(), scroll)..).unwrap_or_default());
    paint.row(area, &[(&shown, style)]);
    let column = field.visual_cursor().saturating_sub(scroll).saturating_add(1).min(room);
    let x = area.x.saturating_add(u16::try_from(column).unwrap_or(0));
    (!area.is_empty()).then_some((x, area.y))
}
