//! The time along a chart: which cell a time falls into, and which round local times are written below.
//!
//! The grid of cells lies fixed in time: a sample stays in the cell of its time, and the picture moves on by a whole cell when
//! the newest time enters the next. So nothing jitters, and a redraw in between changes nothing.

use jiff::{Timestamp, tz::TimeZone};

/// The cells of a chart in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// When the first cell begins, in milliseconds since 1970.
    start: i64,
    /// How long a cell is.
    cell: i64,
    /// How many there are.
    columns: u16,
}

impl Grid {
    /// The grid that shows the time up to `to` and reaches back to `from`, in so many columns.
    pub(super) fn of(from: Timestamp, to: Timestamp, columns: u16) -> Self {
        let (from, to) = (from.as_millisecond(), to.as_millisecond());
        let wide = i64::from(columns.max(1));
        // The newest time may lie anywhere in the last cell, so that the oldest needs one more than the time is long.
        let cell = ceil_div(to.saturating_sub(from).max(1), wide.saturating_sub(1).max(1)).max(1);
        let end = to.div_euclid(cell).saturating_add(1);
        Self { start: end.saturating_sub(wide).saturating_mul(cell), cell, columns }
    }

    /// The column of dots that a time falls into, of so many in a cell. It may lie beside the grid.
    pub(super) fn dot(&self, at: i64, per_cell: i64) -> i64 {
        at.saturating_sub(self.start).saturating_mul(per_cell).div_euclid(self.cell)
    }

    /// The cell that a time falls into, if it is one of the grid's.
    pub(super) fn column(&self, at: i64) -> Option<u16> {
        u16::try_from(self.dot(at, 1)).ok().filter(|column| *column < self.columns)
    }

    /// When a cell begins, and when the next does.
    pub(super) fn span(&self, column: u16) -> (i64, i64) {
        let start = self.start.saturating_add(self.cell.saturating_mul(i64::from(column)));
        (start, start.saturating_add(self.cell))
    }

    /// When the grid ends.
    pub(super) fn end(&self) -> i64 {
        self.span(self.columns).0
    }

    /// How long a cell is, in milliseconds.
    pub(super) fn cell(&self) -> i64 {
        self.cell
    }
}

fn ceil_div(number: i64, by: i64) -> i64 {
    number.saturating_add(by.saturating_sub(1)).div_euclid(by)
}

/// The steps between the times that are written, in seconds.
const STEPS: [i64; 19] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY, 7 * DAY];
const DAY: i64 = 86_400;
/// Every offset from UTC that is in use is a multiple of this, so round local times are among its multiples.
const QUARTER: i64 = 900;
/// No more times than this are looked at for one axis.
const MOST: i64 = 4_000;

/// Round local times with the cells they fall into, far enough apart that each can be written.
///
/// Each is asked for its local time by itself, so a change to or from summer time shows as it is: an hour that comes
/// twice is written twice, one that is left out is not there.
pub(super) fn ticks(grid: &Grid, zone: &TimeZone) -> Vec<(u16, String)> {
    let room = |step: i64| if step < 60 { 8 } else { 6 };
    let fits = |step: &i64| step.saturating_mul(1000) >= grid.cell.saturating_mul(room(*step) + 4);
    let step = STEPS.into_iter().find(fits).unwrap_or(7 * DAY);
    let (from, to) = (grid.start.div_euclid(1000), ceil_div(grid.end(), 1000));
    // A grid of months is looked at in whole hours.
    let look = match to.saturating_sub(from) {
        long if long / step.min(QUARTER) > MOST => 3600,
        _ => step.min(QUARTER),
    };
    let first = ceil_div(from, look);
    let candidates = (first..first.saturating_add(MOST)).map(|n| n.saturating_mul(look)).take_while(|second| *second < to);
    let mut ticks: Vec<(u16, String)> = Vec::new();
    for (column, label) in candidates.filter_map(|second| {
        let at = Timestamp::from_second(second).ok()?;
        let column = grid.column(second.saturating_mul(1000))?;
        let local = zone.to_datetime(at);
        let of_day = i64::from(local.hour()) * 3600 + i64::from(local.minute()) * 60 + i64::from(local.second());
        let round = if step <= DAY { of_day % step == 0 } else { of_day == 0 && local.weekday() == jiff::civil::Weekday::Monday };
        let format = match step {
            _ if of_day == 0 && step >= 60 => "%b %-d",
            0..60 => "%H:%M:%S",
            _ => "%H:%M",
        };
        round.then(|| (column, local.strftime(format).to_string()))
    }) {
        // Where an hour comes twice, times are nearer to each other than the step; and a grid of years has no step that is far enough.
        if ticks.last().is_none_or(|(last, before)| usize::from(column.saturating_sub(*last)) > before.len().max(label.len())) {
            ticks.push((column, label));
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn written(from: &str, to: &str, columns: u16, zone: &str) -> String {
        let grid = Grid::of(at(from), at(to), columns);
        let labels: Vec<_> = ticks(&grid, &TimeZone::get(zone).unwrap()).into_iter().map(|(_, label)| label).collect();
        labels.join(" ")
    }

    #[test]
    fn round_local_times() {
        for (from, to, columns, zone, expected) in [
            ("2026-03-03T12:00:00Z", "2026-03-03T12:05:00Z", 61, "Europe/Berlin", "13:00 13:01 13:02 13:03 13:04 13:05"),
            ("2026-03-03T12:00:00Z", "2026-03-03T12:00:50Z", 61, "UTC", "12:00:00 12:00:15 12:00:30 12:00:45"),
            ("2026-03-03T12:00:00Z", "2026-03-03T18:00:00Z", 61, "Asia/Kolkata", "18:00 19:00 20:00 21:00 22:00 23:00"),
            ("2026-03-03T12:00:00Z", "2026-03-03T18:00:00Z", 61, "Asia/Kathmandu", "18:00 19:00 20:00 21:00 22:00 23:00"),
            ("2026-03-03T20:00:00Z", "2026-03-04T02:00:00Z", 61, "UTC", "20:00 21:00 22:00 23:00 Mar 4 01:00 02:00"),
            // The hour from two to three comes twice, and the one in spring not at all.
            ("2026-10-24T22:30:00Z", "2026-10-25T03:30:00Z", 61, "Europe/Berlin", "01:00 02:00 02:00 03:00 04:00"),
            ("2026-03-28T22:30:00Z", "2026-03-29T03:30:00Z", 61, "Europe/Berlin", "Mar 29 01:00 03:00 04:00 05:00"),
            ("2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z", 61, "Europe/Berlin", "Mar 2 Mar 16 Mar 30 Apr 13"),
        ] {
            let written = written(from, to, columns, zone);
            assert!(written.starts_with(expected), "{from} to {to} in {zone}: {written}");
        }
    }

    #[test]
    fn moves_by_whole_cells() {
        let grid = |second: i64| {
            let to = Timestamp::from_second(1_772_542_170 + second).unwrap();
            Grid::of(to - jiff::SignedDuration::from_secs(300), to, 51)
        };
        // A cell is six seconds long.
        let columns: Vec<_> = (0..13).map(|second| grid(second).column(1_772_542_000_000)).collect();
        let changes = columns.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 2, "{columns:?}");
        assert_eq!(grid(0).column(1_772_542_170_000), Some(50));
    }

    proptest! {
        #[test]
        fn any_time_has_its_place(from in -9_000_000_000i64..9_000_000_000, long in -10i64..90_000_000, columns in 0u16..300) {
            let from = Timestamp::from_second(from).unwrap();
            let to = from.saturating_add(jiff::SignedDuration::from_secs(long)).unwrap();
            let grid = Grid::of(from, to, columns);
            if columns > 0 {
                prop_assert_eq!(grid.column(to.as_millisecond()), Some(columns - 1));
                prop_assert!(columns == 1 || long < 0 || grid.column(from.as_millisecond()).is_some());
            }
            let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
            let ticks = ticks(&grid, &zone);
            prop_assert!(ticks.len() <= usize::from(columns));
            for pair in ticks.windows(2) {
                prop_assert!(pair[0].0 < pair[1].0);
            }
        }
    }
}
