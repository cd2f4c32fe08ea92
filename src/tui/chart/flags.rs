//! Labels along a line: as many as fit beside each other, the important ones first.

use crate::tui::words;

/// Something that happened, to be marked in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flag {
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    /// What, in a word or two.
    pub(crate) label: String,
    /// How much it matters: of two that stand in each other's way, the greater stays.
    pub(crate) rank: u8,
}

/// A label that has its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    /// The column it begins in.
    pub(super) start: usize,
    pub(super) label: &'a str,
}

/// Labels at their columns, at least a space apart, within so many columns. Each stands above its column, or beside it where
/// there is no room. What matters less gives way; of what matters the same, the older.
pub(super) fn place<'a>(flags: impl IntoIterator<Item = (u16, &'a Flag)>, columns: usize) -> Vec<Placed<'a>> {
    let mut flags: Vec<_> = flags.into_iter().collect();
    flags.sort_by_key(|(_, flag)| std::cmp::Reverse((flag.rank, flag.at)));
    let mut placed: Vec<(usize, usize, Placed<'a>)> = Vec::new();
    for (column, flag) in flags {
        let column = usize::from(column);
        let wide = words::width(&flag.label);
        if wide == 0 || wide > columns {
            continue;
        }
        let last = columns.saturating_sub(wide);
        let starts =
            [column.saturating_sub(wide / 2), column.saturating_add(1).saturating_sub(wide), column].map(|start| start.min(last));
        let free = |start: &usize| placed.iter().all(|(other, until, _)| start.saturating_add(wide) < *other || *until < *start);
        if let Some(start) = starts.into_iter().find(free) {
            placed.push((start, start.saturating_add(wide), Placed { start, label: &flag.label }));
        }
    }
    placed.into_iter().map(|(.., placed)| placed).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flag(at: i64, label: &str, rank: u8) -> Flag {
        Flag { at, label: label.to_owned(), rank }
    }

    fn line(flags: &[(u16, Flag)], columns: usize) -> String {
        let mut line = vec![' '; columns];
        for placed in place(flags.iter().map(|(column, flag)| (*column, flag)), columns) {
            for (place, c) in placed.label.chars().enumerate() {
                assert_eq!(line[placed.start + place], ' ');
                line[placed.start + place] = c;
            }
        }
        line.into_iter().collect()
    }

    #[test]
    fn the_important_ones_stay() {
        let flags =
            [(2, flag(1, "5 %", 2)), (4, flag(2, "25 %", 2)), (12, flag(3, "load test", 1)), (15, flag(4, "rollback", 3))];
        assert_eq!(line(&flags, 20), "  25 %     rollback ");
        let beside = [(7, flag(1, "25 %", 2)), (13, flag(2, "rollback", 3))];
        assert_eq!(line(&beside, 20), "    25 % rollback   ");
        assert_eq!(line(&flags[..1], 20), " 5 %                ");
        assert_eq!(line(&flags[..1], 3), "5 %");
        assert_eq!(line(&flags[..1], 2), "  ");
    }

    proptest! {
        #[test]
        fn never_stand_in_each_others_way(
            flags in prop::collection::vec((0u16..60, ("[a-z]{0,9}", 0u8..4)), 0..30), columns in 0usize..50,
        ) {
            let flags: Vec<_> = flags.into_iter().zip(0i64..).map(|((column, (label, rank)), at)| (column, flag(at, &label, rank))).collect();
            line(&flags, columns);
        }
    }
}
