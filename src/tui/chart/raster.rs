//! Lines on a grid of dots: eight to a cell in braille, one where a terminal has only ASCII.

/// A grid of dots that fills an area of cells.
#[derive(Debug)]
pub(super) struct Raster {
    columns: usize,
    rows: usize,
    fine: bool,
    /// The dots of each cell, as the last eight bits of a braille character are.
    cells: Vec<u8>,
}

/// Where a dot is: from the left, and from the top. It may lie beside the grid.
pub(super) type Dot = (i64, i64);

/// The bits of a braille cell, by row and by column within it.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Raster {
    /// An empty one: `fine` has two by four dots a cell, else there is one.
    pub(super) fn new(columns: u16, rows: u16, fine: bool) -> Self {
        let (columns, rows) = (usize::from(columns), usize::from(rows));
        Self { columns, rows, fine, cells: vec![0; columns.saturating_mul(rows)] }
    }

    /// How many dots a cell has across and down.
    pub(super) fn per_cell(fine: bool) -> (i64, i64) {
        if fine { (2, 4) } else { (1, 1) }
    }

    /// Sets a dot. One beside the grid is none.
    pub(super) fn dot(&mut self, (x, y): Dot) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        let (column, row, bit) = if self.fine {
            (x / 2, y / 4, BITS.get(y % 4).and_then(|bits| bits.get(x % 2)).copied().unwrap_or(0))
        } else {
            (x, y, 1)
        };
        if column < self.columns
            && row < self.rows
            && let Some(cell) = self.cells.get_mut(row.saturating_mul(self.columns).saturating_add(column))
        {
            *cell |= bit;
        }
    }

    /// Sets the dots of a straight line, its ends included; of a dotted one, those in every second column of them.
    pub(super) fn line(&mut self, from: Dot, to: Dot, dotted: bool) {
        let wide = i64::try_from(self.columns.saturating_mul(2)).unwrap_or(i64::MAX);
        let (from, to) = (clipped(from, to, wide), clipped(to, from, wide));
        let (dx, dy) = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
        let (step_x, step_y) = ((to.0 - from.0).signum(), (to.1 - from.1).signum());
        let (mut x, mut y) = from;
        let mut error = dx - dy;
        // As many steps as there are dots; what lies beside the grid was cut off, so there are not many.
        for _ in 0..=dx.saturating_add(dy) {
            if !dotted || x.rem_euclid(2) == 0 {
                self.dot((x, y));
            }
            if (x, y) == to {
                return;
            }
            let twice = error.saturating_mul(2);
            if twice > -dy {
                error -= dy;
                x += step_x;
            }
            if twice < dx {
                error += dx;
                y += step_y;
            }
        }
    }

    /// The dots of a cell; 0 where there are none.
    pub(super) fn cell(&self, column: usize, row: usize) -> u8 {
        if column >= self.columns {
            return 0;
        }
        self.cells.get(row.saturating_mul(self.columns).saturating_add(column)).copied().unwrap_or(0)
    }
}

/// The end of a line, brought to the edge where it lies far to the left or right of the grid.
fn clipped(end: Dot, other: Dot, wide: i64) -> Dot {
    let edge = end.0.clamp(-1, wide);
    let run = end.0.saturating_sub(other.0);
    if edge == end.0 || run == 0 {
        return (edge, end.1);
    }
    // Within ±2^53 for every time there is, so that nothing is lost.
    let part = edge.saturating_sub(other.0) as f64 / run as f64;
    let rise = end.1.saturating_sub(other.1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "between two rows of the grid, or about them")]
    let y = (other.1 as f64 + rise * part.clamp(0.0, 1.0)).round() as i64;
    (edge, y)
}

/// The character with these dots.
pub(super) fn braille(dots: u8) -> char {
    char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(raster: &Raster) -> String {
        let line = |row| (0..raster.columns).map(|column| braille(raster.cell(column, row))).collect::<String>();
        (0..raster.rows).map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn draws_lines() {
        for (lines, expected) in [
            (&[((0, 0), (7, 7))][..], "⠑⢄⠀⠀\n⠀⠀⠑⢄"),
            (&[((0, 7), (7, 0))], "⠀⠀⡠⠊\n⡠⠊⠀⠀"),
            (&[((0, 4), (7, 4))], "⠀⠀⠀⠀\n⠉⠉⠉⠉"),
            (&[((2, 0), (2, 7))], "⠀⡇⠀⠀\n⠀⡇⠀⠀"),
            (&[((3, 5), (3, 5))], "⠀⠀⠀⠀\n⠀⠐⠀⠀"),
            (&[((-90, 0), (90, 0))], "⠉⠉⠉⠉\n⠀⠀⠀⠀"),
            (&[((0, -9), (0, 99))], "⡇⠀⠀⠀\n⡇⠀⠀⠀"),
        ] {
            let mut raster = Raster::new(4, 2, true);
            for (from, to) in lines {
                raster.line(*from, *to, false);
            }
            assert_eq!(text(&raster), expected, "{lines:?}");
        }
        let mut dotted = Raster::new(4, 1, true);
        dotted.line((0, 0), (7, 0), true);
        assert_eq!(text(&dotted), "⠁⠁⠁⠁");
        let mut coarse = Raster::new(4, 2, false);
        coarse.line((0, 0), (3, 1), false);
        assert_eq!([coarse.cell(0, 0), coarse.cell(3, 1), coarse.cell(0, 1), coarse.cell(9, 0)], [1, 1, 0, 0]);
    }

    proptest! {
        #[test]
        fn a_line_has_its_ends_and_no_holes(
            from in (0i64..40, 0i64..40), to in (0i64..40, 0i64..40), fine in any::<bool>(),
        ) {
            let (across, down) = Raster::per_cell(fine);
            let mut raster = Raster::new(40 / u16::try_from(across).unwrap(), 40 / u16::try_from(down).unwrap(), fine);
            raster.line(from, to, false);
            let set = |x: i64, y: i64| {
                let (column, row) = (usize::try_from(x / across).unwrap(), usize::try_from(y / down).unwrap());
                let dots = raster.cell(column, row);
                if fine { dots & BITS[usize::try_from(y % 4).unwrap()][usize::try_from(x % 2).unwrap()] != 0 } else { dots != 0 }
            };
            prop_assert!(set(from.0, from.1) && set(to.0, to.1));
            for x in from.0.min(to.0)..=from.0.max(to.0) {
                prop_assert!((0..40).any(|y| set(x, y)), "column {x}");
            }
            for y in from.1.min(to.1)..=from.1.max(to.1) {
                prop_assert!((0..40).any(|x| set(x, y)), "row {y}");
            }
        }

        #[test]
        fn any_line_on_any_grid_ends(
            size in (0u16..9, 0u16..9), fine in any::<bool>(), dotted in any::<bool>(),
            from in (any::<i32>(), -99i64..99), to in (any::<i32>(), -99i64..99),
        ) {
            let mut raster = Raster::new(size.0, size.1, fine);
            raster.line((from.0.into(), from.1), (to.0.into(), to.1), dotted);
            raster.dot((i64::MIN, i64::MAX));
        }
    }
}
