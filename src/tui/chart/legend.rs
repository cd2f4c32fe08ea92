//! The line above a chart: what its lines are called, and their numbers now or where the cursor is.

use std::time::Duration;

use ratatui::layout::Rect;

use super::{Chart, Line, Pen, time::Grid};
use crate::tui::words;

/// What is said where there is no number that counts.
const NOT_KNOWN: &str = "not known";

impl Chart<'_> {
    /// The lines by their names with their newest numbers, or those at the cursor with its time and age.
    pub(super) fn draw_legend(&self, pen: &mut Pen<'_>, area: Rect, grid: &Grid) {
        let cell = self.cursor.and_then(|at| grid.column(at.as_millisecond()).map(|column| (at, column)));
        let (canary, baseline) = if self.ascii { ("**", "oo") } else { ("⠒⠒", "⠂⠂") };
        let lines = [
            Some((&self.line, canary, self.looks.line)),
            self.baseline.as_ref().map(|line| (line, baseline, self.looks.baseline)),
        ];
        let mut spans = Vec::new();
        if let Some((at, _)) = cell {
            let local = at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string();
            let age = u64::try_from(self.now.saturating_sub(at.as_millisecond())).unwrap_or(0);
            spans.push((local, self.looks.cursor));
            spans.push((format!(", {} ago   ", words::age(Duration::from_millis(age))), self.looks.text));
        }
        let values: Vec<_> = lines
            .into_iter()
            .flatten()
            .map(|(line, glyph, style)| {
                let newest = || line.points.iter().rev().find_map(|point| Some((point.at, point.number?)));
                let fresh = newest().filter(|(at, _)| self.until.saturating_sub(*at) <= line.hole);
                let value = match cell {
                    Some((_, column)) => self.read(line, grid, column),
                    None => fresh.map_or_else(|| NOT_KNOWN.to_owned(), |(_, number)| self.with_unit(&words::number(number))),
                };
                (line, glyph, format!("{value}   "), style)
            })
            .collect();
        let wide = |text: &str| words::width(text);
        let whole = spans.iter().map(|(text, _)| wide(text)).sum::<usize>()
            + values
                .iter()
                .map(|(line, glyph, value, _)| wide(glyph) + wide(&line.name) + wide(value.trim_end()) + 5)
                .sum::<usize>();
        // The values are what is read: where there is no room for the names, the lines' looks stand for them.
        let named = whole <= usize::from(area.width).saturating_add(3);
        for (line, glyph, value, style) in values {
            let name = if named { format!(" {} ", line.name) } else { " ".to_owned() };
            spans.extend([(glyph.to_owned(), style), (name, self.looks.text), (value, style)]);
        }
        let mut x = area.x;
        for (text, style) in spans {
            let room = usize::from(area.right().saturating_sub(x));
            x = x.saturating_add(pen.text(x, area.y, &text, room, style));
        }
    }

    /// The numbers of a line in a cell, in words: those that fall into it, or the last before it if that still counts.
    fn read(&self, line: &Line, grid: &Grid, column: u16) -> String {
        let (from, to) = grid.span(column);
        let until = line.points.partition_point(|point| point.at < to);
        let before = line.points.get(..until).unwrap_or_default();
        let here = before.iter().rev().take_while(|point| point.at >= from).filter_map(|point| point.number);
        let (low, high) =
            here.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
        if low <= high {
            let (low, high) = (words::number(low), words::number(high));
            return self.with_unit(&if low == high { low } else { format!("{low} to {high}") });
        }
        let last = before.last().filter(|point| to.saturating_sub(point.at) <= line.hole.saturating_add(grid.cell()));
        last.and_then(|point| point.number).map_or_else(|| NOT_KNOWN.to_owned(), |number| self.with_unit(&words::number(number)))
    }

    fn with_unit(&self, number: &str) -> String {
        if self.unit.is_empty() { number.to_owned() } else { format!("{number} {}", self.unit) }
    }
}
