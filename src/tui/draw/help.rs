//! The help: the keys of what is looked at, from the key map as it is.

use ratatui::layout::Rect;

use super::{Paint, cut_left, overlay::sheet, panes::line};
use crate::tui::{
    actions::{ACTIONS, Action, Context, Group},
    theme::Glyphs,
    words,
};

/// From this width on there are two columns, and from the next one on the names have room: they are for whoever writes a
/// key map.
const TWO: u16 = 150;
const FOR_NAMES: usize = 90;
/// From how many columns on all keys of an action have room.
const FOR_ALL_KEYS: usize = 64;
/// How wide the names are.
const NAME: usize = 17;

/// A line of the help.
enum HelpLine {
    Air,
    Heading(&'static str),
    /// Keys, the action's name, and what it does; the rest of a long one stands below it.
    Keys(String, &'static str, String),
    Symbols(String),
}

/// The keys, each with what it does, those of what is looked at first; then the symbols.
pub(super) fn help(paint: &mut Paint<'_>, area: Rect, of: Context, scroll: usize) {
    let room = usize::from(area.width).saturating_sub(6);
    let columns = if area.width >= TWO { 2 } else { 1 };
    // Two columns stand four apart.
    let wide = if columns == 2 { room.saturating_sub(4) / 2 } else { room };
    let parts = split(blocks(paint, of, wide.min(110)), columns);
    let lines = parts.iter().map(Vec::len).max().unwrap_or(0);
    let (mut inner, first) = sheet(paint, area, "Keys", lines, scroll);
    let keys = keys_wide(paint, of, wide);
    for part in &parts {
        let (place, rest) = cut_left(inner, u16::try_from(wide).unwrap_or(u16::MAX));
        for (index, said) in part.iter().skip(first).take(usize::from(inner.height)).enumerate() {
            help_line(paint, line(place, index), said, keys, wide);
        }
        (_, inner) = cut_left(rest, 4);
    }
}

fn help_line(paint: &mut Paint<'_>, area: Rect, said: &HelpLine, keys_wide: usize, columns: usize) {
    let theme = paint.view.theme;
    match said {
        HelpLine::Air => {}
        HelpLine::Heading(title) => {
            paint.row(area, &[(title, theme.title)]);
        }
        HelpLine::Keys(keys, name, text) => {
            let name = words::left(name, if columns >= FOR_NAMES { NAME } else { 0 }, "");
            paint.row(
                area,
                &[("  ", theme.text), (&words::left(keys, keys_wide, ""), theme.key), (&name, theme.dim), (text, theme.text)],
            );
        }
        HelpLine::Symbols(text) => {
            paint.row(area, &[("  ", theme.text), (text, theme.dim)]);
        }
    }
}

/// The labels of an action's keys, one behind the other; where there is little room, that of the first.
fn labels(paint: &Paint<'_>, action: Action, columns: usize) -> String {
    let settings = &paint.view.app.settings;
    let most = if columns < FOR_ALL_KEYS { 1 } else { usize::MAX };
    let labels = settings.looks.keymap.keys(action).take(most).map(|bound| bound.label()).collect::<Vec<_>>().join(", ");
    settings.symbols.say(&labels).into_owned()
}

/// How many columns the keys have.
fn keys_wide(paint: &Paint<'_>, of: Context, columns: usize) -> usize {
    let holds = ACTIONS.iter().filter(|described| described.scope.holds(of));
    holds
        .map(|described| words::width(&labels(paint, described.action, columns)))
        .max()
        .unwrap_or(0)
        .clamp(6, 24)
        .saturating_add(2)
}

/// The groups of keys and the symbols, in so many columns.
fn blocks(paint: &Paint<'_>, of: Context, columns: usize) -> Vec<Vec<HelpLine>> {
    let view = paint.view;
    let symbols = view.app.settings.symbols;
    let keys_wide = keys_wide(paint, of, columns);
    let name_wide = if columns >= FOR_NAMES { NAME } else { 0 };
    let room = columns.saturating_sub(2).saturating_sub(keys_wide).saturating_sub(name_wide);
    let say = |lines: &mut Vec<HelpLine>, keys: &str, name: &'static str, long: &str| {
        for (index, part) in words::wrap(&symbols.say(long), room).into_iter().enumerate() {
            let (keys, name) = if index == 0 { (keys.to_owned(), name) } else { (String::new(), "") };
            lines.push(HelpLine::Keys(keys, name, part));
        }
    };
    let mut blocks = Vec::new();
    for group in Group::ALL {
        let mut lines = vec![HelpLine::Heading(group.title())];
        for described in ACTIONS.iter().filter(|described| described.group == group && described.scope.holds(of)) {
            let keys = labels(paint, described.action, columns);
            if !keys.is_empty() {
                say(&mut lines, &keys, described.name, described.long);
            }
        }
        if lines.len() > 1 {
            blocks.push(lines);
        }
    }
    if let Some(last) = blocks.last_mut() {
        say(last, "esc", "", "goes back: out of what lies on top, a filter, a zoom");
        say(last, "ctrl-c", "", "leaves; twice leaves at once");
    }
    let mut lines = vec![HelpLine::Heading("Symbols")];
    let meanings = meanings(view.glyphs).map(|(symbol, what)| format!("{symbol} {what}"));
    let wide = meanings.iter().map(|meaning| words::width(meaning)).max().unwrap_or(0).saturating_add(3);
    for row in meanings.chunks((columns.saturating_sub(2) / wide).max(1)) {
        lines.push(HelpLine::Symbols(row.iter().map(|meaning| words::left(meaning, wide, "")).collect()));
    }
    blocks.push(lines);
    blocks
}

fn meanings(glyphs: &Glyphs) -> [(&'static str, &'static str); 12] {
    [
        (glyphs.passed, "passed, ok"),
        (glyphs.failed, "failed"),
        (glyphs.running, "running"),
        (glyphs.baking, "watched, judged"),
        (glyphs.waits, "waits for you"),
        (glyphs.ready, "ready"),
        (glyphs.pending, "pending"),
        (glyphs.blocked, "in the way"),
        (glyphs.unknown, "not known"),
        (glyphs.warn, "warns, expired"),
        (glyphs.back, "taken back"),
        (glyphs.flag, "cannot be undone"),
    ]
}

/// The blocks below each other with a line of air between them, in so many columns that are about as long.
fn split(blocks: Vec<Vec<HelpLine>>, columns: usize) -> Vec<Vec<HelpLine>> {
    let all = blocks.iter().map(|block| block.len().saturating_add(1)).sum::<usize>();
    let mut parts: Vec<Vec<HelpLine>> = vec![Vec::new()];
    for block in blocks {
        let full =
            parts.len() < columns && parts.last().is_some_and(|part| part.len().saturating_add(block.len() / 2) >= all / columns);
        if full {
            parts.push(Vec::new());
        }
        let Some(part) = parts.last_mut() else { continue };
        if !part.is_empty() {
            part.push(HelpLine::Air);
        }
        part.extend(block);
    }
    parts
}
