//! The log with the whole screen: what has happened, with who did it and when.

use ratatui::layout::Rect;

use super::{
    Paint,
    overlay::{Line, reader},
};
use crate::{release::Tone, tui::words};

/// Shows the last events, whole, the newest at the end.
pub(super) fn log(paint: &mut Paint<'_>, area: Rect, scroll: usize) {
    let view = paint.view;
    let theme = view.theme;
    let shown = || view.release.recent.iter().filter(|line| line.tone != Tone::Detail);
    let names = shown().map(|line| words::width(&line.by)).max().unwrap_or(0).min(16);
    let mut lines: Vec<Line> = Vec::new();
    let mut day = String::new();
    for line in shown() {
        let date = view.time(line.at, "%Y-%m-%d %Z");
        if date != day {
            lines.push((String::new(), date.clone(), theme.title));
            day = date;
        }
        let style = match line.tone {
            Tone::Bad => theme.bad,
            Tone::Warn => theme.warn,
            Tone::Detail | Tone::Plain | Tone::Good => theme.text,
        };
        let who = format!("{}  {}  ", view.time(line.at, "%H:%M:%S"), words::left(&line.by, names, view.glyphs.more));
        let room = usize::from(area.width).saturating_sub(6).saturating_sub(words::width(&who)).max(12);
        let said = view.app.settings.symbols.say(&line.words);
        for (index, part) in words::wrap(&said, room).into_iter().enumerate() {
            let who = if index == 0 { who.clone() } else { " ".repeat(words::width(&who)) };
            lines.push((who, part, style));
        }
    }
    reader(paint, area, "Log", &lines, scroll);
}
