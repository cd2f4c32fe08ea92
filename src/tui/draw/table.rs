//! A table whose columns stand below each other: what matters less gives way where the screen is narrow.

use ratatui::{layout::Rect, style::Style};

use super::{Paint, panes::line};
use crate::tui::words;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its heading.
    pub(super) title: &'static str,
    /// Whether what stands in it is a number, and so stands at the right.
    pub(super) right: bool,
    /// How wide it is at least, so that what grows in it moves nothing.
    pub(super) least: usize,
    /// Columns with a higher one give way first; one with 0 never does.
    pub(super) rank: u8,
}

/// A column of words.
pub(super) const fn words_column(title: &'static str, least: usize, rank: u8) -> Column {
    Column { title, right: false, least, rank }
}

/// A column of numbers.
pub(super) const fn number_column(title: &'static str, least: usize, rank: u8) -> Column {
    Column { title, right: true, least, rank }
}

/// A cell: what it says and how it looks.
pub(super) type Cell = (String, Style);

/// How far columns stand apart.
const GAP: usize = 2;

/// The columns that have room, each with its width. The last one takes what is left.
fn fitted(columns: &[Column], rows: &[Vec<Cell>], room: usize) -> Vec<(usize, usize)> {
    let wide = |(index, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|(text, _)| words::width(text));
        (index, cells.max().unwrap_or(0).max(column.least).max(words::width(column.title)))
    };
    let mut widths = columns.iter().enumerate().map(wide).collect::<Vec<_>>();
    let rank = |index: usize| columns.get(index).map_or(0, |column| column.rank);
    let taken = |widths: &[(usize, usize)]| {
        let gaps = widths.len().saturating_sub(1).saturating_mul(GAP);
        widths.iter().map(|(_, wide)| *wide).sum::<usize>().saturating_add(gaps)
    };
    // The last column may be cut short as far as its least.
    let slack = |widths: &[(usize, usize)]| {
        let last = widths.last().and_then(|(index, wide)| Some(wide.saturating_sub(columns.get(*index)?.least)));
        last.unwrap_or(0)
    };
    while taken(&widths).saturating_sub(slack(&widths)) > room {
        let Some(first) = widths.iter().map(|(index, _)| rank(*index)).max().filter(|rank| *rank > 0) else { break };
        widths.retain(|(index, _)| rank(*index) != first);
    }
    // What may never give way is cut: the first column, which names the row, and then the last.
    let over = taken(&widths).saturating_sub(room);
    if let Some((index, last)) = widths.last_mut() {
        let least = columns.get(*index).map_or(0, |column| column.least);
        *last = last.saturating_sub(over.min(last.saturating_sub(least)));
    }
    let over = taken(&widths).saturating_sub(room);
    if let Some((_, first)) = widths.first_mut() {
        *first = first.saturating_sub(over);
    }
    let left = room.saturating_sub(taken(&widths));
    if let Some((_, last)) = widths.last_mut().filter(|(index, _)| columns.get(*index).is_some_and(|column| !column.right)) {
        *last = last.saturating_add(left);
    }
    widths
}

/// Shows a table with its headings; of the rows those from `first` on. Says where each row stands.
pub(super) fn table(paint: &mut Paint<'_>, area: Rect, columns: &[Column], rows: &[Vec<Cell>], first: usize) -> Vec<Rect> {
    if area.is_empty() {
        return Vec::new();
    }
    let (theme, more) = (paint.view.theme, paint.view.glyphs.more);
    let widths = fitted(columns, rows, usize::from(area.width));
    let aligned = |column: &Column, text: &str, wide: usize| {
        if column.right { words::right(text, wide, more) } else { words::left(text, wide, more) }
    };
    let gap = " ".repeat(GAP);
    let headings = columns.iter().map(|column| (column.title.to_owned(), theme.dim)).collect::<Vec<_>>();
    let shown = rows.iter().skip(first).take(usize::from(area.height.saturating_sub(1)));
    let mut places = Vec::new();
    for (place, row) in std::iter::once(&headings).chain(shown).enumerate() {
        let mut spans = Vec::with_capacity(widths.len());
        for (index, wide) in &widths {
            let (Some(column), Some((text, style))) = (columns.get(*index), row.get(*index)) else { continue };
            spans.push((aligned(column, text, *wide), *style));
        }
        let mut parts = Vec::with_capacity(spans.len().saturating_mul(2));
        for (text, style) in &spans {
            parts.extend([(text.as_str(), *style), (gap.as_str(), theme.text)]);
        }
        parts.pop();
        let at = line(area, place);
        paint.row(at, &parts);
        if place > 0 {
            places.push(at);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: [Column; 4] =
        [words_column("name", 4, 0), number_column("n", 2, 2), number_column("time", 6, 1), words_column("state", 4, 0)];

    fn rows(cells: &[[&str; 4]]) -> Vec<Vec<Cell>> {
        cells.iter().map(|row| row.iter().map(|cell| ((*cell).to_owned(), Style::new())).collect()).collect()
    }

    #[test]
    fn what_matters_less_gives_way() {
        let rows = rows(&[["canary", "1", "3m10s", "running well"], ["build", "12", "9s", "passed"]]);
        for (room, expected) in [
            (60, vec![(0, 6), (1, 2), (2, 6), (3, 40)]),
            (32, vec![(0, 6), (1, 2), (2, 6), (3, 12)]),
            (24, vec![(0, 6), (1, 2), (2, 6), (3, 4)]),
            (21, vec![(0, 6), (2, 6), (3, 5)]),
            (14, vec![(0, 6), (3, 6)]),
            (9, vec![(0, 3), (3, 4)]),
        ] {
            assert_eq!(fitted(&COLUMNS, &rows, room), expected, "{room}");
        }
    }

    proptest! {
        #[test]
        fn it_keeps_to_its_room(cells in proptest::collection::vec(["\\PC{0,12}", "\\d{0,3}", "\\d{0,8}", "\\PC{0,20}"], 0..6), room in 0usize..100) {
            let rows = cells.iter().map(|row| row.iter().map(|cell| (cell.clone(), Style::new())).collect()).collect::<Vec<_>>();
            let widths = fitted(&COLUMNS, &rows, room);
            let whole = widths.iter().map(|(_, wide)| wide).sum::<usize>() + widths.len().saturating_sub(1) * GAP;
            // Below the least of what never gives way the row's end is cut.
            prop_assert!(whole <= room.max(4 + GAP), "{widths:?}");
        }
    }
}
