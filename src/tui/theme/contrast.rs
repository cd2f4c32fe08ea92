//! How well a text can be read on its ground: the contrast ratio of WCAG 2.1.

use ratatui::style::{Color, Modifier, Style};

use super::Theme;

/// Red, green and blue.
pub type Rgb = (u8, u8, u8);

/// What a colour is, where that is known: the sixteen named ones are whatever the terminal makes of them.
#[must_use]
pub fn rgb(color: Color) -> Option<Rgb> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index @ 16..=231) => {
            let cube = index.saturating_sub(16);
            let level = |n: u8| if n == 0 { 0 } else { n.saturating_mul(40).saturating_add(55) };
            Some((level(cube / 36), level(cube / 6 % 6), level(cube % 6)))
        }
        Color::Indexed(index @ 232..) => {
            let grey = index.saturating_sub(232).saturating_mul(10).saturating_add(8);
            Some((grey, grey, grey))
        }
        _ => None,
    }
}

/// One part of a colour as light, from 0 to 1.
pub(super) fn light(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

/// The relative luminance of a colour: 0 for black, 1 for white.
#[must_use]
pub fn luminance((r, g, b): Rgb) -> f64 {
    0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b)
}

/// The contrast ratio of two colours, from 1 to 21: <https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio>. Text wants 4.5 (AA),
/// lines and large shapes want 3.
#[must_use]
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

impl Theme {
    /// The colours that a look has on this theme's ground, text first, where both are known.
    #[must_use]
    pub fn colours(&self, look: Style) -> Option<(Rgb, Rgb)> {
        let seen = self.text.patch(look);
        let (front, ground) = (rgb(seen.fg?)?, rgb(seen.bg?)?);
        Some(if seen.add_modifier.contains(Modifier::REVERSED) { (ground, front) } else { (front, ground) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        for (one, other, ratio) in [
            ((0, 0, 0), (255, 255, 255), 21.0),
            ((255, 255, 255), (255, 255, 255), 1.0),
            ((118, 118, 118), (255, 255, 255), 4.54),
            ((255, 0, 0), (255, 255, 255), 4.0),
            ((0, 0, 255), (255, 255, 255), 8.59),
        ] {
            assert!((contrast(one, other) - ratio).abs() < 0.01, "{one:?} {other:?}");
            assert!((contrast(one, other) - contrast(other, one)).abs() < 1e-9);
        }
    }

    #[test]
    fn only_the_terminal_knows_its_sixteen_colours() {
        for (color, known) in [
            (Color::Rgb(1, 2, 3), Some((1, 2, 3))),
            (Color::Indexed(16), Some((0, 0, 0))),
            (Color::Indexed(196), Some((255, 0, 0))),
            (Color::Indexed(231), Some((255, 255, 255))),
            (Color::Indexed(232), Some((8, 8, 8))),
            (Color::Indexed(255), Some((238, 238, 238))),
            (Color::Indexed(3), None),
            (Color::Red, None),
            (Color::Reset, None),
        ] {
            assert_eq!(rgb(color), known, "{color:?}");
        }
    }
}
