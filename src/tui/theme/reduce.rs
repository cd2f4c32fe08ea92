//! A theme in fewer colours than it was made for.
//!
//! In 256 colours each becomes the nearest. Sixteen are another matter: nobody but the terminal knows what they look like, or
//! what its ground is. There a theme gives up its own ground, and each look becomes one named colour on the terminal's
//! ground, or that reversed: the two kinds of pairs that whoever chose the terminal's colours has seen to be readable.

use ratatui::style::{Color, Modifier, Style};

use super::contrast::{Rgb, contrast, rgb};

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Depth {
    /// None: bold, dim and reversed text only.
    None,
    /// The sixteen named ones.
    #[default]
    Ansi16,
    /// The 256 indexed ones.
    Ansi256,
    /// All of them.
    True,
}

/// Grounds that differ less than this are the same ground, a little raised.
const SAME_GROUND: f64 = 1.6;
/// A grey with less than this part of the text's contrast is meant to stand back.
const STANDS_BACK: f64 = 0.7;
/// With less between its strongest and its weakest part a colour is a grey.
const GREY: u8 = 36;

/// A look on a theme's text, in so many colours.
pub(super) fn reduced(look: Style, text: Style, depth: Depth) -> Style {
    match depth {
        Depth::True => look,
        Depth::Ansi256 => Style { fg: look.fg.map(to_256), bg: look.bg.map(to_256), ..look },
        Depth::Ansi16 if !own(text.bg) && !own(look.fg) && !own(look.bg) => look,
        Depth::Ansi16 => flat(look, text, true),
        Depth::None => flat(look, text, false),
    }
}

/// Whether a colour is not one of the sixteen.
fn own(color: Option<Color>) -> bool {
    matches!(color, Some(Color::Rgb(..) | Color::Indexed(16..)))
}

/// One named colour on the terminal's own ground, or that reversed; or neither colour nor ground.
fn flat(look: Style, text: Style, named: bool) -> Style {
    let seen = text.patch(look);
    let swapped = look.add_modifier.contains(Modifier::REVERSED);
    let (front, ground) = if swapped { (seen.bg, seen.fg) } else { (seen.fg, seen.bg) };
    let reversed = match (ground.filter(|ground| *ground != Color::Reset), text.bg.filter(|ground| *ground != Color::Reset)) {
        // The terminal's own colours, the one or the other way round.
        (None, _) => swapped,
        (Some(ground), Some(usual)) => !same_ground(ground, usual),
        (Some(_), None) => true,
    };
    let carrier = if reversed { ground } else { front };
    let color = carrier.filter(|_| named).map_or(Color::Reset, |color| to_16(color, own(text.bg)));
    let coloured = look.fg.is_some() || look.bg.is_some();
    let mut flat = Style { fg: coloured.then_some(color), bg: look.bg.map(|_| Color::Reset), ..look };
    flat.add_modifier.set(Modifier::REVERSED, reversed);
    if coloured && !reversed && color == Color::Reset && stands_back(front, text) {
        flat.add_modifier.insert(Modifier::DIM);
    }
    flat
}

fn same_ground(one: Color, other: Color) -> bool {
    one == other || matches!((rgb(one), rgb(other)), (Some(one), Some(other)) if contrast(one, other) < SAME_GROUND)
}

/// Whether it is a grey that is fainter than the text, on the same ground.
fn stands_back(front: Option<Color>, text: Style) -> bool {
    match (front.and_then(rgb), text.fg.and_then(rgb), text.bg.and_then(rgb)) {
        (Some(front), Some(text), Some(ground)) => {
            hue(front) == Color::Reset && contrast(front, ground) < contrast(text, ground) * STANDS_BACK
        }
        _ => false,
    }
}

fn to_256(color: Color) -> Color {
    let Color::Rgb(r, g, b) = color else { return color };
    let far = |index: &u8| {
        let (x, y, z) = rgb(Color::Indexed(*index)).unwrap_or_default();
        let far = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        far(r, x).saturating_add(far(g, y)).saturating_add(far(b, z))
    };
    (16..=255).min_by_key(far).map_or(Color::Reset, Color::Indexed)
}

/// The named colour of the same hue; the terminal's own for a grey. Blue is the bright one, for the other is all but black in
/// many a terminal. A named colour stays, unless it is a grey that counts on a ground that is given up.
fn to_16(color: Color, ground_given_up: bool) -> Color {
    match (color, rgb(color)) {
        (_, Some(known)) => hue(known),
        (Color::Indexed(index), None) => {
            SIXTEEN.get(usize::from(index)).map_or(Color::Reset, |named| to_16(*named, ground_given_up))
        }
        (Color::Black | Color::White | Color::Gray | Color::DarkGray, None) if ground_given_up => Color::Reset,
        (named, None) => named,
    }
}

const SIXTEEN: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn hue((r, g, b): Rgb) -> Color {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let spread = most.saturating_sub(least);
    if spread < GREY {
        return Color::Reset;
    }
    let part = |a: u8, b: u8| (f64::from(a) - f64::from(b)) / f64::from(spread);
    let sixth = if most == r {
        part(g, b)
    } else if most == g {
        part(b, r) + 2.0
    } else {
        part(r, g) + 4.0
    };
    match (sixth * 60.0).rem_euclid(360.0) {
        25.0..75.0 => Color::Yellow,
        75.0..175.0 => Color::Green,
        175.0..200.0 => Color::Cyan,
        200.0..255.0 => Color::LightBlue,
        255.0..335.0 => Color::Magenta,
        _ => Color::Red,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DARK: Style = Style::new().fg(Color::Rgb(201, 209, 217)).bg(Color::Rgb(15, 20, 26));
    const LIGHT: Style = Style::new().fg(Color::Rgb(36, 41, 47)).bg(Color::Rgb(251, 250, 248));
    const OWN: Style = Style::new();
    const RED: Color = Color::Rgb(250, 10, 10);

    #[test]
    fn all_colours_and_256() {
        let style = Style::new().fg(RED).bg(Color::Indexed(21)).add_modifier(Modifier::BOLD);
        assert_eq!(reduced(style, DARK, Depth::True), style);
        assert_eq!(reduced(style, DARK, Depth::Ansi256).fg, Some(Color::Indexed(196)));
        assert_eq!(reduced(style, DARK, Depth::Ansi256).bg, Some(Color::Indexed(21)));
        for (color, index) in [((0, 0, 0), 16), ((255, 255, 255), 231), ((128, 128, 128), 244), ((95, 135, 175), 67)] {
            assert_eq!(to_256(Color::Rgb(color.0, color.1, color.2)), Color::Indexed(index));
        }
        assert_eq!(to_256(Color::Red), Color::Red);
    }

    #[test]
    fn sixteen_are_one_colour_on_the_terminals_ground_or_that_reversed() {
        let fg = |color| Style::new().fg(color);
        let (reset, reversed) = (Color::Reset, Modifier::REVERSED);
        let grey = Color::Rgb(110, 110, 110);
        for (look, text, is) in [
            (DARK, DARK, fg(reset).bg(reset)),
            (LIGHT, LIGHT, fg(reset).bg(reset)),
            (fg(RED), DARK, fg(Color::Red)),
            (fg(RED).add_modifier(reversed), DARK, fg(Color::Red).add_modifier(reversed)),
            // A coloured ground with dark text on it.
            (fg(Color::Rgb(15, 20, 26)).bg(RED), DARK, fg(Color::Red).bg(reset).add_modifier(reversed)),
            // The selected row: the text's colours the other way round.
            (DARK.add_modifier(reversed), DARK, fg(reset).bg(reset).add_modifier(reversed)),
            // A ground that is only a little raised.
            (fg(RED).bg(Color::Rgb(27, 35, 44)), DARK, fg(Color::Red).bg(reset)),
            // A grey that stands back; without a ground nobody knows whether it does.
            (fg(grey), DARK, fg(reset).add_modifier(Modifier::DIM)),
            (fg(grey), OWN, fg(reset)),
            // Named colours are what the terminal's user knows.
            (fg(Color::Blue), OWN, fg(Color::Blue)),
            (fg(Color::Black).bg(Color::Yellow), OWN, fg(Color::Black).bg(Color::Yellow)),
            (fg(Color::White), DARK, fg(reset)),
            (fg(Color::Indexed(7)), DARK, fg(reset)),
            (Style::new().add_modifier(reversed), OWN, Style::new().add_modifier(reversed)),
            (Style::new(), DARK, Style::new()),
        ] {
            assert_eq!(reduced(look, text, Depth::Ansi16), is, "{look:?}");
        }
    }

    #[test]
    fn hues_have_names() {
        for (color, named) in [
            ((250, 10, 10), Color::Red),
            ((249, 100, 30), Color::Red),
            ((224, 180, 88), Color::Yellow),
            ((26, 127, 60), Color::Green),
            ((10, 160, 170), Color::Cyan),
            ((108, 182, 255), Color::LightBlue),
            ((128, 51, 168), Color::Magenta),
            ((125, 136, 148), Color::Reset),
        ] {
            assert_eq!(hue(color), named, "{color:?}");
        }
    }

    #[test]
    fn without_colours_a_coloured_ground_is_reversed_text() {
        let (reset, reversed) = (Color::Reset, Modifier::REVERSED);
        for (look, text, is) in [
            (Style::new().fg(RED).add_modifier(Modifier::BOLD), DARK, Style::new().fg(reset).add_modifier(Modifier::BOLD)),
            (Style::new().fg(Color::Black).bg(Color::Yellow), OWN, Style::new().fg(reset).bg(reset).add_modifier(reversed)),
            (Style::new().fg(RED).add_modifier(reversed), OWN, Style::new().fg(reset).add_modifier(reversed)),
            (DARK, DARK, Style::new().fg(reset).bg(reset)),
        ] {
            assert_eq!(reduced(look, text, Depth::None), is, "{look:?}");
        }
    }
}
