//! The palette on the screen.

use ratatui::layout::Rect;

use super::{
    Paint, cut, inside,
    overlay::{behind, field, middle},
    panes::{line, more_marks},
};
use crate::tui::{app::Hit, palette::Palette, words};

/// How many columns the names and the keys have: the longest theme's name, and the longest key's.
const NAME: usize = 19;
const KEYS: usize = 9;
/// From this width on the longest theme's name has room.
const FOR_THEMES: u16 = 70;
const SHORT_NAME: usize = 14;
/// How many lines the whole of what the selected one does has, with the line above it.
const ABOUT: u16 = 3;

/// Shows the palette; says where the cursor is.
pub(super) fn palette(paint: &mut Paint<'_>, area: Rect, palette: &Palette) -> Option<(u16, u16)> {
    let view = paint.view;
    let theme = view.theme;
    let symbols = view.app.settings.symbols;
    let items = palette.items(view.app, view.now);
    let most = area.height.saturating_sub(4).min(24);
    let frame = middle(area, area.width.saturating_sub(2).min(110), most);
    behind(paint, area, frame);
    paint.hit(frame, Hit::Top);
    paint.frame(frame, "Find", &format!("{}", items.len()), true);
    let inner = inside(frame);
    let typed = Rect { height: 1, ..inner };
    let used = paint.row(typed, &[("> ", theme.key)]);
    let place = Rect { x: typed.x.saturating_add(used), width: typed.width.saturating_sub(used), ..typed };
    let cursor = field(paint, place, &palette.field, true);

    // The last lines say what the selected one does, whole.
    let about = ABOUT.min(inner.height.saturating_sub(2));
    let list = Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(1).saturating_sub(about), ..inner };
    let height = usize::from(list.height);
    let name_wide = if inner.width < FOR_THEMES { SHORT_NAME } else { NAME };
    let selected = palette.selected.min(items.len().saturating_sub(1));
    let first = selected.saturating_sub(height / 2).min(items.len().saturating_sub(height));
    for (place, (index, item)) in items.iter().enumerate().skip(first).take(height).enumerate() {
        let row = Rect { y: list.y.saturating_add(u16::try_from(place).unwrap_or(0)), height: 1, ..list };
        let (name, says) = if item.can { (theme.title, theme.dim) } else { (theme.dim, theme.dim) };
        let found_by = item.found_by.map_or_else(String::new, |by| format!("{by}: "));
        let mark = if item.can { " " } else { view.glyphs.failed };
        paint.row(
            row,
            &[
                (mark, theme.warn),
                (" ", theme.text),
                (&words::left(&item.name, name_wide, view.glyphs.more), name),
                ("  ", theme.text),
                (&words::left(&symbols.say(&item.keys), KEYS, view.glyphs.more), theme.key),
                ("  ", theme.text),
                (&found_by, theme.active),
                (&symbols.say(&item.says), says),
            ],
        );
        paint.hit(row, Hit::Item(index));
        if index == selected {
            paint.select(row);
        }
    }
    more_marks(paint, frame, first, items.len(), height);
    if items.is_empty() {
        paint.row(list, &[("nothing is called so; other tools' words are known too: abort, undo, unpause", theme.warn)]);
    }
    if let Some(item) = items.get(selected) {
        let said = format!("{} {} {}", item.name, view.glyphs.leads, symbols.say(&item.says));
        let lines = words::wrap(&said, usize::from(inner.width));
        let style = if item.can { theme.text } else { theme.warn };
        let (_, below) = cut(inner, inner.height.saturating_sub(about));
        let (rule, below) = cut(below, 1);
        paint.row(rule, &[(&view.glyphs.rule.repeat(usize::from(rule.width)), theme.border)]);
        for (index, text) in lines.iter().take(usize::from(below.height)).enumerate() {
            paint.row(line(below, index), &[(text, style)]);
        }
    }
    cursor
}
