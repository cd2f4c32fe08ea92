//! What lies over the screen and asks or explains: dialogs, and what is read.

use ratatui::{layout::Rect, style::Style};
use tui_input::Input as Field;

use super::{Paint, header, inside};
use crate::{
    release::{WhyKept, kept_words},
    tui::{
        app::Hit,
        dialog::{Dialog, Focus},
        words,
    },
};

/// A line of an overlay: what it is of, what it says, and the look of what it says.
pub(super) type Line = (String, String, Style);

/// From how many columns on enough of the screen stands beside an overlay to be worth seeing.
const WIDE: u16 = 150;

/// Empties what lies behind an overlay. On a narrow screen that is the whole width, for the few columns beside it would only
/// be scraps; on a wide one a column around it, so that a dialog costs a slow line no more than itself.
pub(super) fn behind(paint: &mut Paint<'_>, screen: Rect, area: Rect) {
    let whole = Rect { y: area.y, height: area.height, ..screen };
    let around = Rect { x: area.x.saturating_sub(1), width: area.width.saturating_add(2), ..whole }.intersection(screen);
    paint.clear(if screen.width >= WIDE { around } else { whole });
}

/// An area in the middle, at most so large. The head of the screen stays in sight, whatever lies over the rest.
pub(super) fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width.saturating_sub(2));
    let height = height.min(area.height.saturating_sub(header::LINES));
    let above = area.height.saturating_sub(height) / 2;
    Rect {
        x: area.x.saturating_add(area.width.saturating_sub(width) / 2),
        y: area.y.saturating_add(above.max(header::LINES)),
        width,
        height,
    }
}

/// A box with lines to read, scrolled.
pub(super) fn reader(paint: &mut Paint<'_>, area: Rect, title: &str, lines: &[Line], scroll: usize) {
    let (inner, first) = sheet(paint, area, title, lines.len(), scroll);
    let dim = paint.view.theme.dim;
    for (index, (of, text, style)) in lines.iter().skip(first).take(usize::from(inner.height)).enumerate() {
        let y = inner.y.saturating_add(u16::try_from(index).unwrap_or(0));
        paint.row(Rect { y, height: 1, ..inner }, &[(of, dim), (text, *style)]);
    }
}

/// A box for so many lines to read: what lies inside it, and which line is the first that is shown.
pub(super) fn sheet(paint: &mut Paint<'_>, area: Rect, title: &str, lines: usize, scroll: usize) -> (Rect, usize) {
    let wanted = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2);
    let screen = area;
    let area = middle(area, area.width, wanted.min(area.height.saturating_sub(3)).max(5));
    behind(paint, screen, area);
    paint.hit(area, Hit::Top);
    let inner = paint.frame(area, title, "", true);
    let height = usize::from(inner.height);
    paint.shown.page = inner.height;
    paint.shown.scroll = Some(lines.saturating_sub(height));
    let first = scroll.min(lines.saturating_sub(height));
    if lines > height {
        let last = first.saturating_add(height).min(lines);
        let place = format!(" {}-{last} of {lines} ", first.saturating_add(1));
        let width = u16::try_from(place.len()).unwrap_or(0);
        let x = area.right().saturating_sub(width.saturating_add(2));
        let style = paint.view.theme.dim;
        paint.row(Rect { x, y: area.bottom().saturating_sub(1), width, height: 1 }, &[(&place, style)]);
    }
    (inner, first)
}

/// A dialog; says where the cursor is, if it has a field.
pub(super) fn dialog(paint: &mut Paint<'_>, area: Rect, dialog: &Dialog) -> Option<(u16, u16)> {
    let view = paint.view;
    let theme = view.theme;
    let symbols = view.app.settings.symbols;
    let width = area.width.saturating_sub(2).min(76);
    let columns = usize::from(width.saturating_sub(4));
    let locks = dialog.locks(view.app, view.now);

    let mut lines: Vec<(String, Style)> = Vec::new();
    // What is asked is never cut short: what is too long for the frame's line is the text's first.
    let title = symbols.say(&dialog.title);
    if words::width(&title) > columns.saturating_sub(2) {
        lines.extend(words::wrap(&title, columns).into_iter().map(|line| (line, theme.title)));
    }
    let mut apart = false;
    for (index, text) in dialog.consequence.lines.iter().enumerate() {
        let style = if index == 0 { theme.title } else { kept_look(paint, text) };
        // What it does, in one step or several, stands for itself; then comes what follows from it.
        let does = index == 0 || text.starts_with(|c: char| c.is_ascii_digit());
        if !does && !std::mem::replace(&mut apart, true) {
            lines.push((String::new(), theme.text));
        }
        lines.extend(words::wrap(&symbols.say(text), columns).into_iter().map(|line| (line, style)));
    }
    if dialog.is_free() && !dialog.moved_on.is_empty() {
        let since = format!("Since then: {}. What is so when it starts is undone.", dialog.moved_on.join("; "));
        lines.extend(words::wrap(&symbols.say(&since), columns).into_iter().map(|line| (line, theme.warn)));
    }
    let mut said: Vec<(String, Style)> = Vec::new();
    for lock in &locks {
        let marked = format!("{} {lock}", view.glyphs.failed);
        said.extend(words::wrap(&symbols.say(&marked), columns).into_iter().map(|line| (line, theme.bad)));
    }
    let typed = dialog.consequence.type_name.as_ref().filter(|_| locks.is_empty());
    let reason = dialog.reason.as_ref().filter(|_| locks.is_empty());
    // Title and frame, the text, a blank, the fields, the hint and the buttons.
    let fields = u16::from(typed.is_some()).saturating_add(u16::from(reason.is_some()));
    let below = fields.saturating_add(u16::from(fields > 0)).saturating_add(3);
    let fixed = below.saturating_add(2);
    let gap = usize::from(!said.is_empty());
    let whole = lines.len().saturating_add(said.len()).saturating_add(gap);
    let height = u16::try_from(whole).unwrap_or(u16::MAX).saturating_add(fixed);
    let frame = middle(area, width, height);
    behind(paint, area, frame);
    paint.frame(frame, &title, "", true);
    if let Some(environment) = &dialog.consequence.environment {
        let (badge, look) = header::badge_of(view, environment);
        let beside = u16::try_from(words::width(&title)).unwrap_or(u16::MAX).saturating_add(4);
        let place =
            Rect { x: frame.x.saturating_add(beside), width: frame.width.saturating_sub(beside.saturating_add(2)), ..frame };
        paint.row(Rect { height: 1, ..place }, &[(&badge, look), (" ", theme.focus)]);
    }
    let inner = inside(frame);

    // Where there is no room for all of it, what keeps it from being done stays in sight, and the rest scrolls.
    let room = usize::from(inner.height.saturating_sub(below));
    let kept = said.len().min(room);
    let text_room = room.saturating_sub(kept).saturating_sub(gap.min(room.saturating_sub(kept)));
    let first = dialog.scroll.min(lines.len().saturating_sub(text_room));
    let mut y = inner.y;
    let mut put = |paint: &mut Paint<'_>, text: &str, style: Style| {
        paint.row(Rect { y, height: 1, ..inner }, &[(text, style)]);
        y = y.saturating_add(1);
    };
    let hidden = lines.len().saturating_sub(text_room);
    for (text, style) in lines.iter().skip(first).take(text_room) {
        put(paint, text, *style);
    }
    if gap == 1 {
        put(paint, "", theme.text);
    }
    for (text, style) in said.iter().take(kept) {
        put(paint, text, *style);
    }
    if hidden > 0 && first < hidden {
        let more = format!(" +{} {} ", hidden.saturating_sub(first), view.glyphs.updown);
        let wide = u16::try_from(words::width(&more)).unwrap_or(0);
        let x = frame.right().saturating_sub(wide.saturating_add(2));
        paint.row(Rect { x, y: frame.bottom().saturating_sub(1), width: wide, height: 1 }, &[(&more, theme.warn)]);
    }

    let bottom = inner.bottom();
    let mut cursor = None;
    let asks = [
        reason.map(|reason| ("Reason: ".to_owned(), reason, Focus::Reason)),
        typed.map(|name| (format!("Type {name} to confirm: "), &dialog.field, Focus::Field)),
    ];
    for (from_bottom, (ask, value, focus)) in (4..=fields.saturating_add(3)).rev().zip(asks.into_iter().flatten()) {
        let row = Rect { y: bottom.saturating_sub(from_bottom), height: 1, ..inner };
        let used = paint.row(row, &[(&ask, theme.text)]);
        let place = Rect { x: row.x.saturating_add(used), width: row.width.saturating_sub(used), ..row };
        cursor = field(paint, place, value, dialog.focus == focus).or(cursor);
    }
    if let Some(hint) = dialog.hint {
        paint.row(Rect { y: bottom.saturating_sub(2), height: 1, ..inner }, &[(hint, theme.warn)]);
    }
    let buttons = Rect { y: bottom.saturating_sub(1), height: 1, ..inner };
    let look = |on: bool| if on { theme.chosen } else { theme.button };
    let confirm = format!("[ {} ]", dialog.button);
    let confirm_style = look(dialog.focus == Focus::Confirm && locks.is_empty());
    let mut spans = vec![("[ Cancel ]", look(dialog.focus == Focus::Cancel || !locks.is_empty())), ("  ", theme.text)];
    if locks.is_empty() {
        spans.push((confirm.as_str(), confirm_style));
    }
    let how = match (locks.is_empty(), typed.is_some(), dialog.focus) {
        (false, ..) => "esc closes",
        (true, true, Focus::Field) => "enter confirms, esc cancels",
        (true, _, Focus::Reason) => "say why, then tab",
        (true, _, Focus::Confirm) => "enter confirms",
        _ => "tab to choose, enter",
    };
    let used = paint.row(buttons, &spans);
    paint.hit(Rect { width: 10, ..buttons }, Hit::Cancel);
    paint.hit(Rect { x: buttons.x.saturating_add(12), width: used.saturating_sub(12), ..buttons }, Hit::Confirm);
    let rest = Rect {
        x: buttons.x.saturating_add(used).saturating_add(2),
        width: buttons.width.saturating_sub(used).saturating_sub(2),
        ..buttons
    };
    let how = words::right(how, usize::from(rest.width), view.glyphs.more);
    paint.row(rest, &[(&how, theme.dim)]);
    cursor
}

/// How a line of a consequence looks: what a rollback leaves looks as it does in the list of where a rollback leads.
fn kept_look(paint: &Paint<'_>, text: &str) -> Style {
    let (theme, plan) = (paint.view.theme, paint.view.release.rollback_plan());
    match plan.kept.iter().find(|kept| text.ends_with(&kept_words(kept))).map(|kept| kept.why) {
        Some(WhyKept::Irreversible | WhyKept::Unfinished) => theme.warn,
        Some(WhyKept::NeverDone | WhyKept::NothingToUndo) => theme.dim,
        Some(WhyKept::NoUndo) | None => theme.text,
    }
}

/// A field to type into; says where the cursor is, if it is there.
pub(super) fn field(paint: &mut Paint<'_>, area: Rect, field: &Field, focused: bool) -> Option<(u16, u16)> {
    let theme = paint.view.theme;
    paint.fill(area, theme.field);
    let width = usize::from(area.width);
    let scroll = field.visual_scroll(width.saturating_sub(1));
    let mut skipped = 0_usize;
    let shown = field.value().chars().skip_while(|c| {
        let here = skipped < scroll;
        skipped = skipped.saturating_add(unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0));
        here
    });
    let shown = words::fit(&shown.collect::<String>(), width, "").into_owned();
    paint.row(area, &[(&shown, theme.field)]);
    let column = field.visual_cursor().saturating_sub(scroll).min(width.saturating_sub(1));
    let x = area.x.saturating_add(u16::try_from(column).unwrap_or(0));
    (focused && !area.is_empty()).then_some((x, area.y))
}
