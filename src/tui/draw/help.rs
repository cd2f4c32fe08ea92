//! The help: the keys of what is looked at, from the key map as it is.

use ratatui::layout::Rect;

use super::{
    Paint,
    overlay::{Line, reader},
};
use crate::tui::{
    actions::{ACTIONS, Context, Group},
    app,
    list::Pane,
    words,
};

/// How many columns the keys have.
const KEYS: usize = 16;

/// The keys, each with what it does, those of what is looked at first; then the symbols.
pub(super) fn help(paint: &mut Paint<'_>, area: Rect, scroll: usize) {
    let view = paint.view;
    let theme = view.theme;
    let symbols = view.app.settings.symbols;
    let columns = usize::from(area.width).saturating_sub(6).min(110);
    // The names are for whoever writes a key map: a narrow screen has no room for them.
    let name_wide = if columns >= 90 { 17 } else { 0 };
    // The help lies over what it is about.
    let context = match (view.app.view, view.app.pane) {
        (app::View::Zoom, Pane::Health) => Context::Chart,
        _ => Context::Panes,
    };
    let mut lines = vec![];
    let say = |lines: &mut Vec<Line>, name: &str, keys: &str, long: &str| {
        let (long, keys) = (symbols.say(long), symbols.say(keys));
        let room = columns.saturating_sub(KEYS + name_wide);
        for (index, part) in words::wrap(&long, room).into_iter().enumerate() {
            let (keys, name) = if index == 0 { (&*keys, name) } else { ("", "") };
            let left = format!("{}{}", words::left(keys, KEYS, view.glyphs.more), words::left(name, name_wide, ""));
            lines.push((left, part, theme.text));
        }
    };
    for group in Group::ALL {
        let of_group = ACTIONS.iter().filter(|described| described.group == group && described.scope.holds(context));
        lines.push((String::new(), group.title().to_owned(), theme.title));
        for described in of_group {
            let keys = view.app.settings.looks.keymap.keys(described.action).map(|bound| bound.label()).collect::<Vec<_>>();
            if !keys.is_empty() {
                say(&mut lines, described.name, &keys.join(", "), described.long);
            }
        }
    }
    say(&mut lines, "", "esc", "goes back: out of what lies on top, a filter, a zoom");
    say(&mut lines, "", "ctrl-c", "leaves; twice leaves at once");
    lines.push((String::new(), String::new(), theme.text));
    let glyphs = view.glyphs;
    let meanings = [
        (glyphs.passed, "passed, ok"),
        (glyphs.failed, "failed"),
        (glyphs.running, "running"),
        (glyphs.baking, "watched"),
        (glyphs.waits, "waits for you"),
        (glyphs.ready, "ready"),
        (glyphs.pending, "pending"),
        (glyphs.blocked, "in the way"),
        (glyphs.unknown, "not known"),
        (glyphs.warn, "warns, expired"),
        (glyphs.back, "taken back"),
        (glyphs.flag, "cannot be undone"),
    ];
    let meanings = meanings.iter().map(|(symbol, what)| format!("{symbol} {what}")).collect::<Vec<_>>().join("   ");
    lines.extend(words::wrap(&meanings, columns).into_iter().map(|line| (String::new(), line, theme.dim)));
    reader(paint, area, "Keys", &lines, scroll);
}
