//! Cells as the bytes that show them, and as few as it takes.
//!
//! Named colours are said as the sixteen that every terminal has, the cursor is moved only where it is not already, and
//! attributes are said only where they change. Between frames they are plain, so whatever else is written stands plainly.

use ratatui::{
    buffer::Cell,
    layout::Position,
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

/// How the terminal shows what is written next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// What is known of the terminal that the bytes go to.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// Unknown until it was set.
    pen: Option<Pen>,
    /// Where the terminal's cursor stands for certain.
    at: Option<Position>,
    /// Whether it stands there only if the terminal takes every character for as wide as they are taken here.
    by_width: bool,
    /// Where attributes are put together.
    change: Vec<u8>,
    reset: Vec<u8>,
}

impl Encoder {
    /// Takes nothing for known any more: somebody else has used the terminal.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Shows cells, in the order of their places.
    pub(super) fn cells<'a>(&mut self, cells: impl Iterator<Item = (u16, u16, &'a Cell)>, out: &mut Vec<u8>) {
        for (x, y, cell) in cells {
            self.go(Position { x, y }, out);
            let symbol = cell.symbol();
            self.pen(self.seen(Pen::of(cell), symbol), out);
            let width = match symbol.as_bytes() {
                [0x20..=0x7e] => {
                    out.extend_from_slice(symbol.as_bytes());
                    1
                }
                // What could steer the terminal was taken out where it came in. None gets out here either.
                _ if symbol.is_empty() || symbol.chars().any(char::is_control) => {
                    out.push(b' ');
                    1
                }
                _ => {
                    out.extend_from_slice(symbol.as_bytes());
                    self.by_width = true;
                    symbol.width()
                }
            };
            self.at = u16::try_from(width).ok().and_then(|width| Some(Position { x: x.checked_add(width)?, y }));
        }
        self.plain(out);
    }

    /// Moves the cursor, unless it is there.
    pub(super) fn go(&mut self, to: Position, out: &mut Vec<u8>) {
        match self.at.replace(to) {
            Some(at) if at == to => {}
            // Shorter, and right where nothing can have been wider than thought.
            Some(at) if !self.by_width && at.y == to.y && at.x < to.x => match to.x - at.x {
                1 => out.extend_from_slice(b"\x1b[C"),
                by => sequence(&[by], b'C', out),
            },
            _ => {
                match (to.x, to.y) {
                    (0, 0) => out.extend_from_slice(b"\x1b[H"),
                    (0, y) => sequence(&[y.saturating_add(1)], b'H', out),
                    (x, y) => sequence(&[y.saturating_add(1), x.saturating_add(1)], b'H', out),
                }
                self.by_width = false;
            }
        }
    }

    /// What is written or erased next is plain.
    pub(super) fn plain(&mut self, out: &mut Vec<u8>) {
        self.pen(Pen::default(), out);
    }

    /// What of a pen is seen: on a blank only what is behind it, unless there is a line or it is reversed.
    fn seen(&self, pen: Pen, symbol: &str) -> Pen {
        let drawn = Modifier::UNDERLINED | Modifier::CROSSED_OUT | Modifier::REVERSED;
        match self.pen {
            Some(now) if symbol == " " && !(now.modifier | pen.modifier).intersects(drawn) => Pen { bg: pen.bg, ..now },
            _ => pen,
        }
    }

    fn pen(&mut self, pen: Pen, out: &mut Vec<u8>) {
        let before = self.pen.replace(pen);
        if before == Some(pen) {
            return;
        }
        // From plain, or as a change of what is: whichever is shorter.
        self.reset.clear();
        self.reset.push(b'0');
        attributes(Pen::default(), pen, &mut self.reset);
        if let Some(before) = before {
            self.change.clear();
            attributes(before, pen, &mut self.change);
        }
        let shorter = if before.is_some() && self.change.len() <= self.reset.len() { &self.change } else { &self.reset };
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(shorter);
        out.push(b'm');
    }
}

/// The numbers that lead from one to the other, with semicolons between them.
fn attributes(from: Pen, to: Pen, out: &mut Vec<u8>) {
    /// What is switched on with one number and off with another. Bold and dim go off together.
    const SWITCHES: [(Modifier, u8, u8); 9] = [
        (Modifier::BOLD, 1, 22),
        (Modifier::DIM, 2, 22),
        (Modifier::ITALIC, 3, 23),
        (Modifier::UNDERLINED, 4, 24),
        (Modifier::SLOW_BLINK, 5, 25),
        (Modifier::RAPID_BLINK, 6, 25),
        (Modifier::REVERSED, 7, 27),
        (Modifier::HIDDEN, 8, 28),
        (Modifier::CROSSED_OUT, 9, 29),
    ];
    let gone = from.modifier.difference(to.modifier);
    let mut kept = from.modifier.intersection(to.modifier);
    let mut last = 0;
    for (modifier, _, off) in SWITCHES {
        if gone.contains(modifier) && off != last {
            put(&[off], out);
            last = off;
            // Off takes its neighbour with it.
            for (other, _, same) in SWITCHES {
                if same == off {
                    kept.remove(other);
                }
            }
        }
    }
    for (modifier, on, _) in SWITCHES {
        if to.modifier.difference(kept).contains(modifier) {
            put(&[on], out);
        }
    }
    if from.fg != to.fg {
        colour(to.fg, 30, out);
    }
    if from.bg != to.bg {
        colour(to.bg, 40, out);
    }
}

/// A colour, of what is written from 30 on, of what is behind it from 40 on.
fn colour(colour: Color, from: u8, out: &mut Vec<u8>) {
    match colour {
        Color::Reset => put(&[from + 9], out),
        Color::Black => put(&[from], out),
        Color::Red => put(&[from + 1], out),
        Color::Green => put(&[from + 2], out),
        Color::Yellow => put(&[from + 3], out),
        Color::Blue => put(&[from + 4], out),
        Color::Magenta => put(&[from + 5], out),
        Color::Cyan => put(&[from + 6], out),
        Color::Gray => put(&[from + 7], out),
        Color::DarkGray => put(&[from + 60], out),
        Color::LightRed => put(&[from + 61], out),
        Color::LightGreen => put(&[from + 62], out),
        Color::LightYellow => put(&[from + 63], out),
        Color::LightBlue => put(&[from + 64], out),
        Color::LightMagenta => put(&[from + 65], out),
        Color::LightCyan => put(&[from + 66], out),
        Color::White => put(&[from + 67], out),
        Color::Indexed(index) => put(&[from + 8, 5, index], out),
        Color::Rgb(red, green, blue) => put(&[from + 8, 2, red, green, blue], out),
    }
}

/// Numbers behind those that are there, with semicolons between them.
fn put(numbers: &[u8], out: &mut Vec<u8>) {
    for number in numbers {
        if !out.is_empty() {
            out.push(b';');
        }
        decimal(u16::from(*number), out);
    }
}

/// `ESC [`, the numbers and the last byte.
fn sequence(numbers: &[u16], last: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[");
    for (index, number) in numbers.iter().enumerate() {
        if index > 0 {
            out.push(b';');
        }
        decimal(*number, out);
    }
    out.push(last);
}

fn decimal(number: u16, out: &mut Vec<u8>) {
    let mut place = 10_000;
    let mut begun = false;
    while place > 0 {
        let digit = u8::try_from(number / place % 10).unwrap_or(0);
        begun |= digit > 0 || place == 1;
        if begun {
            out.push(b'0' + digit);
        }
        place /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::*;

    fn shown(encoder: &mut Encoder, buffer: &Buffer, before: &Buffer) -> String {
        let mut out = Vec::new();
        encoder.cells(before.diff(buffer).into_iter(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn buffer(width: u16, texts: &[(u16, u16, &str, Style)]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 4));
        for (x, y, text, style) in texts {
            buffer.set_string(*x, *y, text, *style);
        }
        buffer
    }

    #[test]
    fn says_what_changes_and_no_more() {
        let plain = Style::new();
        let red = Style::new().fg(Color::Red);
        for (texts, expected) in [
            (vec![], "\x1b[0m"),
            (vec![(0, 0, "ab", plain)], "\x1b[H\x1b[0mab"),
            (vec![(0, 1, "a", plain)], "\x1b[2H\x1b[0ma"),
            (vec![(3, 1, "a", plain)], "\x1b[2;4H\x1b[0ma"),
            (vec![(0, 0, "a", plain), (2, 0, "b", plain), (9, 0, "c", plain)], "\x1b[H\x1b[0ma\x1b[Cb\x1b[6Cc"),
            // Nobody sees the colour of a blank.
            (vec![(0, 0, "a", red), (1, 0, " ", plain.bold()), (2, 0, "c", red)], "\x1b[H\x1b[0;31ma c\x1b[0m"),
            (vec![(0, 0, "a", red), (1, 0, " ", plain.reversed())], "\x1b[H\x1b[0;31ma\x1b[0;7m \x1b[0m"),
            // Behind what may be wider than thought the place is said in full.
            (vec![(0, 0, "✔", plain), (2, 0, "b", plain)], "\x1b[H\x1b[0m✔\x1b[1;3Hb"),
            (vec![(0, 0, "日本", plain), (4, 0, "b", plain)], "\x1b[H\x1b[0m日本b"),
            (vec![(0, 0, "a", red), (1, 0, "b", plain)], "\x1b[H\x1b[0;31ma\x1b[0mb"),
            (vec![(0, 0, "a", red), (1, 0, "b", red.bold()), (2, 0, "c", red)], "\x1b[H\x1b[0;31ma\x1b[1mb\x1b[22mc\x1b[0m"),
            (
                vec![(0, 0, "a", plain.bold().dim()), (1, 0, "b", plain.bold().fg(Color::Blue))],
                "\x1b[H\x1b[0;1;2ma\x1b[0;1;34mb\x1b[0m",
            ),
        ] {
            let empty = Buffer::empty(Rect::new(0, 0, 20, 4));
            assert_eq!(shown(&mut Encoder::default(), &buffer(20, &texts), &empty), expected, "{texts:?}");
        }
    }

    #[test]
    fn every_colour_in_its_oldest_form() {
        for (colour, expected) in [
            (Color::Black, "30;40"),
            (Color::White, "97;107"),
            (Color::Gray, "37;47"),
            (Color::DarkGray, "90;100"),
            (Color::LightRed, "91;101"),
            (Color::Indexed(1), "38;5;1;48;5;1"),
            (Color::Rgb(0, 10, 255), "38;2;0;10;255;48;2;0;10;255"),
        ] {
            let mut out = Vec::new();
            attributes(Pen::default(), Pen { fg: colour, bg: colour, modifier: Modifier::empty() }, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn nothing_in_a_cell_steers_the_terminal() {
        for symbol in ["\x1b[2J", "a\x07", "\u{9b}31m", "\n", "", "\x7f"] {
            let mut after = Buffer::empty(Rect::new(0, 0, 3, 1));
            after[(0, 0)].set_symbol(symbol);
            let mut out = Vec::new();
            Encoder::default().cells([(0, 0, &after[(0, 0)])].into_iter(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), "\x1b[H\x1b[0m ", "{symbol:?}");
        }
    }

    fn style() -> impl Strategy<Value = Style> {
        let colour = prop::sample::select(vec![
            Color::Reset,
            Color::Red,
            Color::LightBlue,
            Color::White,
            Color::Indexed(200),
            Color::Rgb(1, 2, 3),
        ]);
        // What the emulator knows; bold and dim at once it does not.
        let weight = prop::sample::select(vec![Modifier::empty(), Modifier::BOLD, Modifier::DIM]);
        let modifier = prop::sample::subsequence(vec![Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED], 0..4);
        (colour.clone(), colour, weight, modifier).prop_map(|(fg, bg, weight, modifiers)| {
            let style = Style::reset().fg(fg).bg(bg).add_modifier(weight);
            modifiers.into_iter().fold(style, |style, modifier| style.add_modifier(modifier))
        })
    }

    fn screens() -> impl Strategy<Value = Vec<Vec<(u16, u16, String, Style)>>> {
        // Emulators disagree on what is left of a wide character of which one half is written over.
        let text = (0u16..20, 0u16..4, "[a-c✔─ ]{0,12}", style());
        prop::collection::vec(prop::collection::vec(text, 0..8), 1..5)
    }

    proptest! {
        /// An emulator that is sent one frame after the other shows the last.
        #[test]
        fn an_emulator_shows_what_was_meant(screens in screens()) {
            let mut parser = vt100::Parser::new(4.try_into().unwrap(), 20.try_into().unwrap(), 0);
            let mut encoder = Encoder::default();
            let mut before = Buffer::empty(Rect::new(0, 0, 20, 4));
            for texts in screens {
                let texts = texts.iter().map(|(x, y, text, style)| (*x, *y, text.as_str(), *style)).collect::<Vec<_>>();
                let after = buffer(20, &texts);
                let mut bytes = Vec::new();
                encoder.cells(before.diff(&after).into_iter(), &mut bytes);
                parser.process(&bytes);
                before = after;
            }
            let colour = |colour: Color| match colour {
                Color::Reset => vt100::Color::Default,
                Color::Red => vt100::Color::Idx(1),
                Color::LightBlue => vt100::Color::Idx(12),
                Color::White => vt100::Color::Idx(15),
                Color::Indexed(index) => vt100::Color::Idx(index),
                Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
                other => panic!("{other}"),
            };
            for y in 0..4 {
                for x in 0..20 {
                    let cell = &before[(x, y)];
                    let seen = parser.screen().cell(y, x).unwrap();
                    let contents = if seen.has_contents() { seen.contents() } else { " " };
                    prop_assert_eq!(contents, cell.symbol(), "{} {}", x, y);
                    prop_assert_eq!(seen.bgcolor(), colour(cell.bg));
                    let drawn = Modifier::UNDERLINED | Modifier::REVERSED;
                    let blank = cell.symbol() == " " && !cell.modifier.intersects(drawn);
                    if !blank {
                        prop_assert_eq!(seen.fgcolor(), colour(cell.fg));
                    }
                    let modifier = [
                        (seen.bold(), Modifier::BOLD),
                        (seen.dim(), Modifier::DIM),
                        (seen.italic(), Modifier::ITALIC),
                        (seen.underline(), Modifier::UNDERLINED),
                        (seen.inverse(), Modifier::REVERSED),
                    ]
                    .into_iter()
                    .filter(|(on, _)| *on)
                    .fold(Modifier::empty(), |all, (_, modifier)| all | modifier);
                    let of = if blank { drawn } else { Modifier::all() };
                    prop_assert_eq!(modifier & of, cell.modifier & of, "{} {}", x, y);
                }
            }
        }
    }
}
