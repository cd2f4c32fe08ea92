//! A screen as a picture, cell by cell, for documents and for looking at.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

use super::theme::Theme;

/// A cell's width and height.
const CELL: (f64, f64) = (8.43, 18.0);

/// The screen as SVG, with the theme's own ground; for a theme that has none, as on a dark terminal.
pub(crate) fn svg_in(buffer: &Buffer, theme: &Theme) -> String {
    let fg = theme.text.fg.and_then(hex).unwrap_or_else(|| "#c9d1d9".to_owned());
    let bg = theme.text.bg.and_then(hex).unwrap_or_else(|| "#0f141a".to_owned());
    svg(buffer, &fg, &bg)
}

/// The screen as text, without what follows the last word of a line.
pub(crate) fn plain(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut line = String::new();
        let mut x = buffer.area.left();
        while let Some(cell) = buffer.cell((x, y)) {
            line.push_str(cell.symbol());
            x = x.saturating_add(u16::try_from(super::words::width(cell.symbol())).unwrap_or(1).max(1));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The screen as SVG. Where a cell has the terminal's own colours, these two are used: foreground and background, as `#rrggbb`.
#[must_use]
pub fn svg(buffer: &Buffer, foreground: &str, background: &str) -> String {
    let area = buffer.area;
    let (width, height) = (f64::from(area.width) * CELL.0 + 16.0, f64::from(area.height) * CELL.1 + 16.0);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"-8 -8 {width:.2} {height:.2}\" \
         font-family=\"'DejaVu Sans Mono','Cascadia Mono',Menlo,monospace\" font-size=\"14\">\n\
         <rect x=\"-8\" y=\"-8\" width=\"{width:.2}\" height=\"{height:.2}\" rx=\"6\" fill=\"{background}\"/>\n"
    );
    for y in area.top()..area.bottom() {
        ground(&mut out, buffer, y, foreground, background);
        let mut x = area.left();
        while x < area.right() {
            let Some(cell) = buffer.cell((x, y)) else { break };
            let look = Look::of(cell, foreground, background);
            // Cells that look the same are one piece, so that text stays text; what is no ASCII stands at its own place.
            let mut text = cell.symbol().to_owned();
            let wide = u16::try_from(super::words::width(cell.symbol())).unwrap_or(1).max(1);
            let mut end = x.saturating_add(wide);
            while text.is_ascii() && end < area.right() {
                let Some(next) = buffer.cell((end, y)) else { break };
                if !next.symbol().is_ascii() || Look::of(next, foreground, background) != look {
                    break;
                }
                text.push_str(next.symbol());
                end = end.saturating_add(1);
            }
            piece(&mut out, &look, &text, x.saturating_sub(area.x), y.saturating_sub(area.y), end.saturating_sub(x));
            x = end;
        }
    }
    out.push_str("</svg>\n");
    out
}

#[derive(PartialEq)]
struct Look {
    fg: String,
    bg: String,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell, foreground: &str, background: &str) -> Self {
        let mut fg = hex(cell.fg).unwrap_or_else(|| foreground.to_owned());
        let mut bg = hex(cell.bg).unwrap_or_else(|| background.to_owned());
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut fg, &mut bg);
        }
        Self { fg, bg, modifier: cell.modifier }
    }
}

/// What lies behind a line's text, in pieces as long as possible, so that there are no seams.
fn ground(out: &mut String, buffer: &Buffer, y: u16, foreground: &str, background: &str) {
    let area = buffer.area;
    let bg = |x: u16| buffer.cell((x, y)).map(|cell| Look::of(cell, foreground, background).bg);
    let mut x = area.left();
    while x < area.right() {
        let here = bg(x);
        let mut end = x.saturating_add(1);
        while end < area.right() && bg(end) == here {
            end = end.saturating_add(1);
        }
        if let Some(here) = here.filter(|here| here != background) {
            let (left, wide) = (f64::from(x.saturating_sub(area.x)) * CELL.0, f64::from(end.saturating_sub(x)) * CELL.0);
            let top = f64::from(y.saturating_sub(area.y)) * CELL.1;
            let high = CELL.1;
            let _ =
                writeln!(out, "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{wide:.2}\" height=\"{high:.2}\" fill=\"{here}\"/>");
        }
        x = end;
    }
}

fn piece(out: &mut String, look: &Look, text: &str, x: u16, y: u16, columns: u16) {
    let (left, top) = (f64::from(x) * CELL.0, f64::from(y) * CELL.1);
    let (wide, high) = (f64::from(columns) * CELL.0, CELL.1);
    let fg = &look.fg;
    let opacity = if look.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let (mid_x, mid_y, right, bottom) = (left + wide / 2.0, top + high / 2.0, left + wide, top + high);
    let path = match text {
        "─" | "━" => Some(format!("M{left:.2} {mid_y:.2}H{right:.2}")),
        "│" => Some(format!("M{mid_x:.2} {top:.2}V{bottom:.2}")),
        "┤" => Some(format!("M{mid_x:.2} {top:.2}V{bottom:.2}M{left:.2} {mid_y:.2}H{mid_x:.2}")),
        "┬" => Some(format!("M{left:.2} {mid_y:.2}H{right:.2}M{mid_x:.2} {mid_y:.2}V{bottom:.2}")),
        "└" => Some(format!("M{mid_x:.2} {top:.2}V{mid_y:.2}H{right:.2}")),
        // Broken lines whose pieces go on in the next cell at the same distance.
        "╌" => Some(format!("M{:.2} {mid_y:.2}H{:.2}", left + wide * 0.2, right - wide * 0.2)),
        "┊" => Some(dashes(mid_x, top, high)),
        "╭" => Some(format!("M{right:.2} {mid_y:.2}Q{mid_x:.2} {mid_y:.2} {mid_x:.2} {bottom:.2}")),
        "╮" => Some(format!("M{left:.2} {mid_y:.2}Q{mid_x:.2} {mid_y:.2} {mid_x:.2} {bottom:.2}")),
        "╰" => Some(format!("M{right:.2} {mid_y:.2}Q{mid_x:.2} {mid_y:.2} {mid_x:.2} {top:.2}")),
        "╯" => Some(format!("M{left:.2} {mid_y:.2}Q{mid_x:.2} {mid_y:.2} {mid_x:.2} {top:.2}")),
        _ => None,
    };
    if let Some(path) = path {
        let stroke = if text == "━" { 3.0 } else { 1.2 };
        let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{fg}\" stroke-width=\"{stroke}\"{opacity}/>");
        return;
    }
    if let Some(level) = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"].iter().position(|bar| *bar == text) {
        let part = high * (f64::from(u8::try_from(level).unwrap_or(0)) + 1.0) / 8.0;
        let _ = writeln!(
            out,
            "<rect x=\"{left:.2}\" y=\"{:.2}\" width=\"{wide:.2}\" height=\"{part:.2}\" fill=\"{fg}\"{opacity}/>",
            bottom - part
        );
        return;
    }
    if text == "░" {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{wide:.2}\" height=\"{high:.2}\" fill=\"{fg}\" fill-opacity=\"0.14\"/>"
        );
        return;
    }
    if let Some(dots) = dots(text) {
        let _ = writeln!(out, "<path d=\"{}\" fill=\"{fg}\"{opacity}/>", circles(dots, left, top));
        return;
    }
    let shown = text.trim_end();
    if shown.is_empty() {
        return;
    }
    let lead = shown.len().saturating_sub(shown.trim_start().len());
    let start = left + CELL.0 * f64::from(u32::try_from(lead).unwrap_or(0));
    let length = CELL.0 * f64::from(u32::try_from(super::words::width(shown.trim_start())).unwrap_or(0));
    let mut style = String::new();
    for (modifier, css) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if look.modifier.contains(modifier) {
            style.push_str(css);
        }
    }
    let escaped = escaped(shown.trim_start());
    let base = top + 13.5;
    let _ = writeln!(
        out,
        "<text x=\"{start:.2}\" y=\"{base:.2}\" fill=\"{fg}\" textLength=\"{length:.2}\" xml:space=\"preserve\"{style}{opacity}>{escaped}</text>"
    );
}

/// Text as it stands in XML, which knows no way to say a few characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// A broken line down a cell.
fn dashes(x: f64, top: f64, high: f64) -> String {
    let part = high / 4.0;
    (0..4).map(|n| top + part * f64::from(n)).map(|y| format!("M{x:.2} {:.2}v{:.2}", y + part * 0.25, part * 0.5)).collect()
}

/// The dots of a braille character, as its last eight bits.
fn dots(text: &str) -> Option<u32> {
    let mut chars = text.chars();
    let dots = u32::from(chars.next()?).checked_sub(0x2800).filter(|dots| *dots < 0x100);
    dots.filter(|_| chars.next().is_none())
}

/// The dots of a braille character as circles, evenly spaced over the borders of the cells: fonts put them closer together.
fn circles(dots: u32, left: f64, top: f64) -> String {
    const PLACES: [(f64, f64); 8] =
        [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 3.0), (1.0, 3.0)];
    const RADIUS: f64 = 1.25;
    let set = PLACES.iter().enumerate().filter(|(bit, _)| dots >> bit & 1 == 1);
    set.map(|(_, (across, down))| {
        let (x, y) = (left + CELL.0 * (across + 0.5) / 2.0 - RADIUS, top + CELL.1 * (down + 0.5) / 4.0);
        format!("M{x:.2} {y:.2}a{RADIUS} {RADIUS} 0 1 0 {0} 0a{RADIUS} {RADIUS} 0 1 0 -{0} 0", RADIUS * 2.0)
    })
    .collect()
}

fn hex(color: Color) -> Option<String> {
    let (r, g, b) = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Black => (38, 42, 48),
        Color::Red => (224, 92, 84),
        Color::Green => (92, 184, 112),
        Color::Yellow => (214, 168, 60),
        Color::Blue => (84, 140, 220),
        Color::Magenta => (184, 120, 210),
        Color::Cyan => (74, 172, 196),
        Color::Gray => (200, 204, 208),
        Color::DarkGray => (120, 126, 134),
        Color::LightRed => (240, 120, 110),
        Color::LightGreen => (120, 210, 140),
        Color::LightYellow => (236, 196, 92),
        Color::LightBlue => (116, 170, 244),
        Color::LightMagenta => (210, 150, 232),
        Color::LightCyan => (110, 204, 224),
        Color::White => (240, 242, 244),
        Color::Indexed(index @ 16..=231) => {
            let cube = index.saturating_sub(16);
            let level = |n: u8| if n == 0 { 0 } else { n.saturating_mul(40).saturating_add(55) };
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Indexed(index @ 232..) => {
            let grey = index.saturating_sub(232).saturating_mul(10).saturating_add(8);
            (grey, grey, grey)
        }
        Color::Indexed(_) => return None,
    };
    Some(format!("#{r:02x}{g:02x}{b:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_on_the_screen_the_picture_is_xml() {
        assert_eq!(escaped("a < b && c > \"d\""), "a &lt; b &amp;&amp; c &gt; \"d\"");
        assert_eq!(escaped("\u{1b}[0m\u{fffe}\u{ffff}\u{85}日"), "\u{fffd}[0m\u{fffd}\u{fffd}\u{fffd}日");
    }
}
