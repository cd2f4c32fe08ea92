//! Writes into a frame's cells, and never beside them.

use std::borrow::Cow;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Modifier, Style},
};

use super::View;
use crate::tui::{
    app::{Hit, Shown},
    words,
};

/// Writes into a frame's cells, and never beside them; takes note of what can be clicked.
pub(super) struct Paint<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) view: &'a View<'a>,
    pub(super) shown: Shown,
}

/// Texts with their looks, one behind the other.
pub(super) type Spans<'a> = [(&'a str, Style)];

impl Paint<'_> {
    /// Writes texts into the first line of an area; what does not fit ends in an ellipsis. Says how many columns were used.
    pub(super) fn row(&mut self, area: Rect, spans: &Spans<'_>) -> u16 {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return 0;
        }
        let whole = spans.iter().map(|(text, _)| words::width(text)).sum::<usize>();
        let mut room = usize::from(area.width);
        let short = whole > room;
        let mut x = area.x;
        for (text, style) in spans {
            let wide = words::width(text);
            let last = short && wide >= room;
            let fitted = if last && wide == room {
                // More follows that has no room: this text carries the ellipsis.
                Cow::Owned(words::fit(text, room.saturating_sub(1), "").into_owned() + self.view.glyphs.more)
            } else {
                words::fit(text, room, self.view.glyphs.more)
            };
            self.write(x, area.y, &fitted, room, *style);
            let used = words::width(&fitted).min(room);
            room = room.saturating_sub(used);
            x = x.saturating_add(u16::try_from(used).unwrap_or(u16::MAX));
            if room == 0 {
                break;
            }
        }
        x.saturating_sub(area.x)
    }

    /// Writes a text into the cells from a place on, at most so many.
    fn write(&mut self, x: u16, y: u16, text: &str, room: usize, style: Style) {
        if !text.chars().all(is_one_cell) {
            self.buffer.set_stringn(x, y, text, room, style);
            return;
        }
        // A character a cell: nothing has to be found out about where one ends, which is most of what writing costs.
        let area = self.buffer.area;
        if !area.contains(Position { x, y }) {
            return;
        }
        let room = room.min(usize::from(area.right().saturating_sub(x)));
        let first = self.buffer.index_of(x, y);
        let cells = self.buffer.content.iter_mut().skip(first).take(room);
        for (cell, c) in cells.zip(text.chars()) {
            cell.set_char(c).set_style(style);
        }
    }

    /// Takes note that an area can be clicked.
    pub(super) fn hit(&mut self, area: Rect, hit: Hit) {
        self.shown.hits.push((area.intersection(self.buffer.area), hit));
    }

    /// Makes an area's cells look so.
    pub(super) fn fill(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area.
    pub(super) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
        self.buffer.set_style(area, self.view.theme.text);
    }

    /// Marks a row as the selected one: the same for all its parts, whatever their colours.
    pub(super) fn select(&mut self, area: Rect) {
        let plain = Style::new().remove_modifier(Modifier::DIM | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED);
        self.fill(area, plain);
        self.fill(area, self.view.theme.selected);
    }

    /// A frame with a title, and what lies inside it.
    pub(super) fn frame(&mut self, area: Rect, title: &str, note: &str, focused: bool) -> Rect {
        let area = area.intersection(self.buffer.area);
        if area.width < 4 || area.height < 2 {
            return Rect::default();
        }
        let theme = self.view.theme;
        let style = if focused { theme.focus } else { theme.border };
        let set = self.view.glyphs.border;
        let across = set.horizontal_top.repeat(usize::from(area.width.saturating_sub(2)));
        let below = set.horizontal_bottom.repeat(usize::from(area.width.saturating_sub(2)));
        let line = |y| Rect { y, height: 1, ..area };
        self.row(line(area.y), &[(set.top_left, style), (&across, style), (set.top_right, style)]);
        let bottom = area.bottom().saturating_sub(1);
        self.row(line(bottom), &[(set.bottom_left, style), (&below, style), (set.bottom_right, style)]);
        for y in area.y.saturating_add(1)..bottom {
            self.row(Rect { y, height: 1, width: 1, ..area }, &[(set.vertical_left, style)]);
            let x = area.right().saturating_sub(1);
            self.row(Rect { x, y, height: 1, width: 1 }, &[(set.vertical_right, style)]);
        }
        let head = Rect { x: area.x.saturating_add(2), width: area.width.saturating_sub(4), height: 1, ..area };
        let title_style = if focused { theme.focus.patch(theme.title) } else { theme.title };
        let note = if note.is_empty() { String::new() } else { format!("{note} ") };
        self.row(head, &[(" ", style), (title, title_style), (" ", style), (&note, theme.dim)]);
        inside(area)
    }
}

/// Whether a character always has a cell of its own: letters, and the lines, blocks and dots that pictures are made of.
fn is_one_cell(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}')
}

/// The top lines of an area, and the rest.
pub(super) fn cut(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let top = Rect { height, ..area };
    (top, Rect { y: area.y.saturating_add(height), height: area.height.saturating_sub(height), ..area })
}

/// The left columns of an area, and the rest.
pub(super) fn cut_left(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    let left = Rect { width, ..area };
    (left, Rect { x: area.x.saturating_add(width), width: area.width.saturating_sub(width), ..area })
}

/// What lies inside a frame, with a column of air on both sides.
pub(super) fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}
