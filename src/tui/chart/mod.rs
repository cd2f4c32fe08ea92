//! A chart of a signal over time: its line and its baseline's, thresholds, what happened meanwhile, and a hair to read values by.
//!
//! It draws into any area of a buffer, down to none. What there is no room for is left out: first the line below, then the
//! labels of what happened, the legend, the times, and at last the numbers at the left.

mod flags;
mod legend;
mod raster;
mod scale;
mod time;

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

pub(crate) use flags::Flag;

use super::words;
use crate::{health::Sample, plan::Side};
use raster::{Dot, Raster, braille};
use scale::Scale;
use time::Grid;

/// A number at a time, or that there was none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    /// The number; none is a gap.
    pub(crate) number: Option<f64>,
}

impl From<&Sample> for Point {
    fn from(sample: &Sample) -> Self {
        Self { at: sample.at.as_millisecond(), number: sample.value.number() }
    }
}

/// One line of a chart.
#[derive(Debug)]
pub(crate) struct Line {
    /// What it is called in the legend.
    pub(crate) name: String,
    /// Its points, in the order of their times.
    pub(crate) points: Vec<Point>,
    /// Two numbers further apart than this have a hole between them, in milliseconds.
    pub(crate) hole: i64,
}

/// A number from which on something is thought of the line.
#[derive(Debug)]
pub(crate) struct Threshold {
    /// The number.
    pub(crate) at: f64,
    /// What is written beside it, as in `fail 1`.
    pub(crate) label: String,
    /// Whether it is a failure; else it is a warning.
    pub(crate) fails: bool,
}

/// How the parts of a chart look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looks {
    pub(crate) line: Style,
    pub(crate) baseline: Style,
    pub(crate) warn: Style,
    pub(crate) fail: Style,
    pub(crate) threshold: Style,
    pub(crate) mark: Style,
    pub(crate) mark_label: Style,
    pub(crate) cursor: Style,
    pub(crate) axis: Style,
    pub(crate) text: Style,
    pub(crate) unknown: Style,
}

/// What a chart shows.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    /// The line that is judged.
    pub(crate) line: Line,
    /// The line it is compared with.
    pub(crate) baseline: Option<Line>,
    /// Which side is bad.
    pub(crate) bad: Side,
    /// The unit, as it is written behind a number.
    pub(crate) unit: &'a str,
    /// Thresholds, the mildest first.
    pub(crate) thresholds: Vec<Threshold>,
    /// Whether they are named within the plot, and not beside it.
    pub(crate) thresholds_inside: bool,
    /// What happened.
    pub(crate) flags: Vec<Flag>,
    /// The oldest time that is shown.
    pub(crate) from: Timestamp,
    /// The newest.
    pub(crate) to: Timestamp,
    /// Now, in milliseconds since 1970.
    pub(crate) now: i64,
    /// Up to when there should be numbers: now, or when the release ended.
    pub(crate) until: i64,
    /// The zone of the times.
    pub(crate) zone: &'a TimeZone,
    /// The time whose values are read.
    pub(crate) cursor: Option<Timestamp>,
    /// Whether the names of the lines and their values stand above.
    pub(crate) legend: bool,
    /// Whether only ASCII may be used.
    pub(crate) ascii: bool,
    /// How it looks.
    pub(crate) looks: Looks,
}

/// Where the parts of a chart are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Layout {
    legend: Option<Rect>,
    flags: Option<Rect>,
    /// Left of the plot; without width where there is no room.
    numbers: Rect,
    plot: Rect,
    /// Right of the plot; without width where there is no room.
    thresholds: Rect,
    line: Option<Rect>,
    times: Option<Rect>,
}

impl Chart<'_> {
    /// Draws it.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let steps = (area.height / 4).clamp(2, 8);
        let scale = self.scale(steps);
        let ticks = scale.ticks();
        let layout = self.layout(area, &ticks);
        let grid = Grid::of(self.from, self.to, layout.plot.width);
        if layout.plot.is_empty() {
            return;
        }
        let mut pen = Pen { buffer, ascii: self.ascii };
        self.draw_unknown(&mut pen, &layout, &grid);
        self.draw_thresholds(&mut pen, &layout, &scale);
        self.draw_flags(&mut pen, &layout, &grid);
        self.draw_cursor(&mut pen, &layout, &grid);
        self.draw_lines(&mut pen, &layout, &grid, &scale);
        self.name_thresholds(&mut pen, &layout, &scale);
        self.draw_numbers(&mut pen, &layout, &scale, &ticks);
        self.draw_times(&mut pen, &layout, &grid);
        if let Some(legend) = layout.legend {
            self.draw_legend(&mut pen, legend, &grid);
        }
    }

    fn scale(&self, steps: u16) -> Scale {
        let from = self.from.as_millisecond();
        let numbers = std::iter::once(&self.line)
            .chain(&self.baseline)
            .flat_map(|line| line.points.iter().filter(move |point| point.at >= from).filter_map(|point| point.number));
        Scale::of(numbers.chain(self.thresholds.iter().map(|threshold| threshold.at)), self.bad, steps)
    }

    fn layout(&self, area: Rect, ticks: &[(f64, String)]) -> Layout {
        let height = area.height;
        let mut rest = area;
        let mut top = |wanted: bool| {
            wanted.then(|| {
                let line = Rect { height: 1, ..rest };
                rest = Rect { y: rest.y.saturating_add(1), height: rest.height.saturating_sub(1), ..rest };
                line
            })
        };
        let legend = top(self.legend && height >= 5);
        let flags = top(height >= 7);
        let mut bottom = |wanted: bool| {
            wanted.then(|| {
                rest.height = rest.height.saturating_sub(1);
                Rect { y: rest.bottom(), height: 1, ..rest }
            })
        };
        let times = bottom(height >= 4 && area.width >= 16);
        let line = bottom(height >= 9);
        let wide =
            |texts: &mut dyn Iterator<Item = &str>| u16::try_from(texts.map(words::width).max().unwrap_or(0)).unwrap_or(u16::MAX);
        let numbers = wide(
            &mut ticks
                .iter()
                .map(|(_, label)| label.as_str())
                .chain([self.unit, self.zone.to_offset_info(self.to).abbreviation()]),
        );
        // With a column of air, and the line that the numbers stand at.
        let numbers = if area.width >= 24 { numbers.saturating_add(2).min(area.width / 3) } else { 0 };
        let labels = wide(&mut self.thresholds.iter().map(|threshold| threshold.label.as_str()));
        let labels = if area.width >= 50 && labels > 0 && !self.thresholds_inside {
            labels.saturating_add(1).min(area.width / 4)
        } else {
            0
        };
        let plot = Rect { x: rest.x.saturating_add(numbers), width: rest.width.saturating_sub(numbers + labels), ..rest };
        let across = |line: Rect| Rect { x: plot.x, width: plot.width, ..line };
        Layout {
            legend,
            flags: flags.map(across),
            numbers: Rect { width: numbers, ..rest },
            plot,
            thresholds: Rect { x: plot.right(), width: labels, ..rest },
            line: line.map(across),
            times: times.map(across),
        }
    }

    /// The stretches of time of which nothing is known, from and up to: gaps, holes between numbers, and what is older than it may be.
    fn unknown(&self) -> Vec<(i64, i64)> {
        let mut stretches = Vec::new();
        let mut known: Option<i64> = None;
        let mut since: Option<i64> = None;
        for point in &self.line.points {
            let aged = known.map(|at| at.saturating_add(self.line.hole)).filter(|end| *end < point.at);
            if point.number.is_none() {
                since = since.or(aged).or(Some(point.at));
                continue;
            }
            if let Some(from) = since.take().or(aged) {
                stretches.push((from, point.at));
            }
            known = Some(point.at);
        }
        let aged = known.map(|at| at.saturating_add(self.line.hole)).filter(|end| *end < self.until);
        if let Some(from) = since.or(aged) {
            stretches.push((from, self.until));
        }
        stretches
    }

    /// Shades what is not known. A gap narrower than a cell is none in this picture, unless it is what is there now.
    fn draw_unknown(&self, pen: &mut Pen<'_>, layout: &Layout, grid: &Grid) {
        let plot = layout.plot;
        for (from, to) in self.unknown() {
            let column = |at: i64| u16::try_from(grid.dot(at, 1).clamp(0, i64::from(plot.width))).unwrap_or(0);
            let (first, last) = (column(from), column(to));
            for (column, row) in (first..last).flat_map(|column| (0..plot.height).map(move |row| (column, row))) {
                let glyph = match self.ascii {
                    false => '░',
                    true if (column + row.saturating_mul(2)).is_multiple_of(5) => '?',
                    true => continue,
                };
                pen.put(plot.x + column, plot.y + row, glyph, self.looks.axis);
            }
            let wide = last.saturating_sub(first);
            let words = if wide >= 13 { " not known " } else { "?" };
            let start = first.saturating_add(wide.saturating_sub(u16::try_from(words.len()).unwrap_or(0)) / 2);
            pen.text(plot.x + start, plot.y + plot.height / 2, words, usize::from(wide), self.looks.unknown);
        }
    }

    /// The row of the plot that a number lies in.
    fn row(number: f64, scale: &Scale, plot: Rect, ascii: bool) -> u16 {
        let (_, down) = Raster::per_cell(!ascii);
        let row = dot_row(number, scale, plot, ascii) / down;
        u16::try_from(row).unwrap_or(0).min(plot.height.saturating_sub(1))
    }

    /// The thresholds with their rows, the worst first.
    fn edges<'b>(&'b self, scale: &'b Scale, plot: Rect) -> impl Iterator<Item = (&'b Threshold, u16, Style)> {
        self.thresholds.iter().rev().map(move |threshold| {
            let style = if threshold.fails { self.looks.fail } else { self.looks.warn };
            (threshold, Self::row(threshold.at, scale, plot, self.ascii), style)
        })
    }

    fn draw_thresholds(&self, pen: &mut Pen<'_>, layout: &Layout, scale: &Scale) {
        let plot = layout.plot;
        let glyph = if self.ascii { '-' } else { '╌' };
        for (_, row, _) in self.edges(scale, plot) {
            for column in (0..plot.width).filter(|column| !self.ascii || column.is_multiple_of(2)) {
                pen.put(plot.x.saturating_add(column), plot.y.saturating_add(row), glyph, self.looks.threshold);
            }
        }
    }

    /// Writes the thresholds' names beside the plot, or where there is no room, into it where no line is.
    fn name_thresholds(&self, pen: &mut Pen<'_>, layout: &Layout, scale: &Scale) {
        let plot = layout.plot;
        let mut taken: Option<u16> = None;
        for (threshold, row, style) in self.edges(scale, plot) {
            // Where two fall into one row, it is the worst that is named.
            if taken.replace(row) == Some(row) {
                continue;
            }
            let y = plot.y.saturating_add(row);
            if layout.thresholds.width > 0 {
                let room = usize::from(layout.thresholds.width.saturating_sub(1));
                pen.text(layout.thresholds.x.saturating_add(1), y, &threshold.label, room, style);
                continue;
            }
            let wide = u16::try_from(words::width(&threshold.label)).unwrap_or(u16::MAX);
            if wide > plot.width {
                continue;
            }
            let places = [plot.x, plot.right().saturating_sub(wide)];
            let free = |start: &u16| (*start..start.saturating_add(wide)).all(|x| !pen.has_line(x, y));
            if let Some(start) = places.into_iter().find(free) {
                pen.text(start, y, &threshold.label, usize::from(wide), style);
            }
        }
    }

    fn draw_flags(&self, pen: &mut Pen<'_>, layout: &Layout, grid: &Grid) {
        let plot = layout.plot;
        let glyph = if self.ascii { ':' } else { '┊' };
        let shown: Vec<_> = self.flags.iter().filter_map(|flag| Some((grid.column(flag.at)?, flag))).collect();
        for (column, _) in &shown {
            for y in plot.y..plot.bottom() {
                pen.put(plot.x.saturating_add(*column), y, glyph, self.looks.mark);
            }
        }
        if let Some(line) = layout.flags {
            for placed in flags::place(shown, usize::from(line.width)) {
                let x = line.x.saturating_add(u16::try_from(placed.start).unwrap_or(u16::MAX));
                let room = usize::from(line.right().saturating_sub(x));
                pen.text(x, line.y, placed.label, room, self.looks.mark_label);
            }
        }
    }

    fn draw_cursor(&self, pen: &mut Pen<'_>, layout: &Layout, grid: &Grid) {
        let Some(column) = self.cursor.and_then(|at| grid.column(at.as_millisecond())) else { return };
        let glyph = if self.ascii { '|' } else { '│' };
        for y in layout.plot.y..layout.plot.bottom() {
            pen.put(layout.plot.x.saturating_add(column), y, glyph, self.looks.cursor);
        }
    }

    fn draw_lines(&self, pen: &mut Pen<'_>, layout: &Layout, grid: &Grid, scale: &Scale) {
        let plot = layout.plot;
        let baseline = self.baseline.as_ref().map(|line| self.raster(line, true, plot, grid, scale));
        let line = self.raster(&self.line, false, plot, grid, scale);
        let edges: Vec<_> = self.edges(scale, plot).map(|(_, row, style)| (row, style)).collect();
        for row in 0..plot.height {
            // Beyond a threshold the line has its look, the worst one's that it is beyond.
            let beyond = edges.iter().find(|(edge, _)| match self.bad {
                Side::Above => row < *edge,
                Side::Below => row > *edge,
            });
            let look = beyond.map_or(self.looks.line, |(_, style)| *style);
            for column in 0..plot.width {
                let dots = line.cell(usize::from(column), usize::from(row));
                let under = baseline.as_ref().map_or(0, |raster| raster.cell(usize::from(column), usize::from(row)));
                if dots | under == 0 {
                    continue;
                }
                let style = if dots == 0 { self.looks.baseline } else { look };
                let glyph = match (self.ascii, dots) {
                    (false, _) => braille(dots | under),
                    (true, 0) => 'o',
                    (true, _) => '*',
                };
                pen.put(plot.x.saturating_add(column), plot.y.saturating_add(row), glyph, style);
            }
        }
    }

    fn raster(&self, line: &Line, dotted: bool, plot: Rect, grid: &Grid, scale: &Scale) -> Raster {
        let mut raster = Raster::new(plot.width, plot.height, !self.ascii);
        let (across, _) = Raster::per_cell(!self.ascii);
        // In one character a cell there is nothing to leave out.
        let dotted = dotted && !self.ascii;
        let mut before: Option<(i64, Dot)> = None;
        let mut gap = false;
        // The thinned samples of a long time are further apart than the samples were.
        let hole = line.hole.max(grid.cell().saturating_mul(3));
        let mut alone = true;
        for point in &line.points {
            let Some(number) = point.number else {
                gap = true;
                continue;
            };
            let dot = (grid.dot(point.at, across), dot_row(number, scale, plot, self.ascii));
            match before {
                // What is no wider than a dot is no gap that could be drawn.
                Some((at, last)) if dot.0.saturating_sub(last.0) <= 1 || (!gap && point.at.saturating_sub(at) <= hole) => {
                    raster.line(last, dot, dotted);
                    alone = false;
                }
                Some((_, last)) => {
                    if alone {
                        raster.dot(last);
                    }
                    alone = true;
                }
                None => {}
            }
            (before, gap) = (Some((point.at, dot)), false);
        }
        if let Some((_, last)) = before
            && (alone || !dotted)
        {
            raster.dot(last);
        }
        raster
    }

    fn draw_numbers(&self, pen: &mut Pen<'_>, layout: &Layout, scale: &Scale, ticks: &[(f64, String)]) {
        let area = layout.numbers;
        if area.width < 3 {
            return;
        }
        let room = usize::from(area.width.saturating_sub(2));
        let x = area.right().saturating_sub(1);
        let (line, tick, corner) = if self.ascii { ('|', '+', '+') } else { ('│', '┤', '└') };
        for y in area.y..area.bottom() {
            pen.put(x, y, line, self.looks.axis);
        }
        for (number, label) in ticks {
            let y = area.y.saturating_add(Self::row(*number, scale, layout.plot, self.ascii));
            pen.put(x, y, tick, self.looks.axis);
            pen.text(area.x, y, &words::right(label, room, ""), room, self.looks.axis);
        }
        if let Some(line) = layout.line {
            pen.put(x, line.y, corner, self.looks.axis);
        }
        if let Some(flags) = layout.flags {
            pen.text(area.x, flags.y, &words::right(self.unit, room, ""), room, self.looks.axis);
        }
        if let Some(times) = layout.times {
            let zone = self.zone.to_offset_info(self.to);
            pen.text(area.x, times.y, &words::right(zone.abbreviation(), room, ""), room, self.looks.axis);
        }
    }

    fn draw_times(&self, pen: &mut Pen<'_>, layout: &Layout, grid: &Grid) {
        let Some(times) = layout.times else { return };
        let (rule, tick) = if self.ascii { ('-', '+') } else { ('─', '┬') };
        if let Some(line) = layout.line {
            for x in line.x..line.right() {
                pen.put(x, line.y, rule, self.looks.axis);
            }
        }
        for (column, label) in time::ticks(grid, self.zone) {
            if let Some(line) = layout.line {
                pen.put(line.x.saturating_add(column), line.y, tick, self.looks.axis);
            }
            let wide = u16::try_from(words::width(&label)).unwrap_or(u16::MAX);
            // A label that would be cut off is left out, so that it comes and goes as a whole.
            if let Some(start) = column.checked_sub(wide / 2)
                && start.saturating_add(wide) <= times.width
            {
                pen.text(times.x.saturating_add(start), times.y, &label, usize::from(wide), self.looks.axis);
            }
        }
    }
}

/// The row of dots that a number lies in.
fn dot_row(number: f64, scale: &Scale, plot: Rect, ascii: bool) -> i64 {
    let (_, down) = Raster::per_cell(!ascii);
    let rows = i64::from(plot.height).saturating_mul(down).saturating_sub(1).max(0);
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and the rows of dots of a screen")]
    let row = (scale.depth(number) * rows as f64).round() as i64;
    row
}

/// Writes into cells that are there.
struct Pen<'a> {
    buffer: &'a mut Buffer,
    ascii: bool,
}

impl Pen<'_> {
    fn put(&mut self, x: u16, y: u16, glyph: char, style: Style) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_char(glyph).set_style(style);
        }
    }

    /// Whether a line of numbers goes through a cell.
    fn has_line(&self, x: u16, y: u16) -> bool {
        let symbol = self.buffer.cell((x, y)).and_then(|cell| cell.symbol().chars().next());
        symbol.is_some_and(|c| ('\u{2801}'..='\u{28ff}').contains(&c) || (self.ascii && matches!(c, '*' | 'o')))
    }

    /// Writes a text into at most so many columns; how many it took.
    fn text(&mut self, x: u16, y: u16, text: &str, room: usize, style: Style) -> u16 {
        let inside = x < self.buffer.area.right() && y < self.buffer.area.bottom();
        if !inside || room == 0 {
            return 0;
        }
        let text = words::fit(text, room, if self.ascii { "~" } else { "…" });
        self.buffer.set_stringn(x, y, &text, room, style);
        u16::try_from(words::width(&text)).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests;
