//! The wall: verdict, stage, weight, clock and the worst signal, to be read from across the room.

use ratatui::{
    layout::{Position, Rect},
    style::{Modifier, Style},
    text::Line,
    widgets::Widget,
};
use tui_big_text::{BigText, PixelSize};

use super::{
    Paint, View, cut, header,
    health::{signals, value_words},
    main_screen::body,
    standing::Standing,
};
use crate::{
    release::{Phase, ReleaseStatus},
    tui::{theme::Symbols, words},
};

/// The sizes of large letters, the largest first: what a letter is made of, its columns and its rows.
const SIZES: [Size; 4] =
    [(PixelSize::Full, 8, 8), (PixelSize::HalfHeight, 8, 4), (PixelSize::HalfWidth, 4, 8), (PixelSize::Quadrant, 4, 4)];

type Size = (PixelSize, u16, u16);

/// A wall of so many rows has a line of air below its head.
const AIRY: u16 = 20;

/// A text that is shown large, and its look.
struct Large {
    text: String,
    style: Style,
}

/// Shows the wall.
pub(super) fn wall(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let body = body(paint, area, AIRY);
    // The verdict is as large as it can be; the rest is of one size, so that it reads as one.
    let (first, _) = cut(body, body.height.saturating_mul(2) / 5);
    let verdict = verdict(view);
    let of_verdict = size(view, first, &[&verdict]);
    // Its ground is a band over the whole width, to be known from the far end of a room.
    let high = of_verdict.map_or(1, |(_, _, high)| high);
    let (band, below) = cut(body, high.saturating_add(2).min(first.height));
    paint.fill(band, verdict.style);
    large(paint, indent(band), &verdict, of_verdict);
    let (_, below) = cut(below, u16::from(area.height >= 20));
    let parts = [&stage(view), &worst(view), &clock(view)];
    let share = below.height.checked_div(3).unwrap_or(0);
    let size = size(view, Rect { height: share, ..below }, &parts);
    let mut rest = below;
    for part in parts {
        let (place, after) = cut(rest, share);
        large(paint, indent(place), part, size);
        rest = after;
    }
}

fn indent(area: Rect) -> Rect {
    Rect { x: area.x.saturating_add(2), width: area.width.saturating_sub(4), ..area }
}

/// The largest letters in which all of these fit a place; none where none do.
fn size(view: &View<'_>, area: Rect, parts: &[&Large]) -> Option<Size> {
    let area = indent(area);
    let letters = parts.iter().map(|part| u16::try_from(words::width(&part.text)).unwrap_or(u16::MAX)).max().unwrap_or(0);
    let plain = parts.iter().all(|part| part.text.is_ascii());
    let ascii = view.app.settings.symbols == Symbols::Ascii;
    // Of half cells ASCII has only likenesses: good enough for a verdict in capitals, and for nothing else.
    let capitals = parts.iter().all(|part| !part.text.contains(char::is_lowercase));
    let drawn = |size: &&Size| match size.0 {
        PixelSize::Full => true,
        PixelSize::HalfHeight => !ascii || capitals,
        _ => !ascii,
    };
    let fits = |size: &&Size| letters.saturating_mul(size.1) <= area.width && size.2 <= area.height;
    SIZES.iter().filter(drawn).find(fits).copied().filter(|_| plain)
}

/// Writes a text in large letters; as it is, where none fit.
fn large(paint: &mut Paint<'_>, area: Rect, part: &Large, size: Option<Size>) {
    let area = area.intersection(paint.buffer.area);
    let Some((size, _, high)) = size else {
        let middle = area.y.saturating_add(area.height.saturating_sub(1) / 2);
        let style = part.style.add_modifier(Modifier::BOLD);
        paint.row(Rect { y: middle, height: 1.min(area.height), ..area }, &[(&part.text, style)]);
        return;
    };
    let top = area.y.saturating_add(area.height.saturating_sub(high) / 2);
    let place = Rect { y: top, height: high, ..area };
    let line = Line::from(part.text.clone());
    BigText::builder().pixel_size(size).style(part.style).lines(vec![line]).build().render(place, paint.buffer);
    if paint.view.app.settings.symbols == Symbols::Ascii {
        place.positions().for_each(|position| plain(paint, position));
    }
}

/// Makes a block an ASCII character.
fn plain(paint: &mut Paint<'_>, position: Position) {
    if let Some(cell) = paint.buffer.cell_mut(position) {
        match cell.symbol() {
            "\u{2588}" => cell.set_symbol("#"),
            "\u{2580}" => cell.set_symbol("\""),
            "\u{2584}" => cell.set_symbol("o"),
            _ => cell,
        };
    }
}

fn verdict(view: &View<'_>) -> Large {
    let (words, style) = header::verdict(view);
    Large { text: words.trim().to_owned(), style }
}

/// The stage where the action is, and its weight.
fn stage(view: &View<'_>) -> Large {
    let theme = view.theme;
    let open = view.release.stages().find(|(_, state)| state.phase.is_open() || state.phase == Phase::Failed);
    let meant = open
        .or_else(|| view.release.meant(None))
        .or_else(|| view.release.stages().rfind(|(_, state)| state.phase != Phase::Idle));
    let Some((stage, state)) = meant else { return Large { text: String::new(), style: theme.text } };
    let weight = state.weight.filter(|_| !stage.steps().is_empty());
    let weight = weight.map_or_else(String::new, |weight| format!(" {weight}%"));
    let style = match view.status {
        ReleaseStatus::Completed => theme.good,
        ReleaseStatus::RollingBack | ReleaseStatus::RolledBack => theme.warn,
        _ if state.phase == Phase::Failed => theme.bad,
        _ => theme.active,
    };
    Large { text: format!("{}{weight}", stage.title()), style }
}

fn clock(view: &View<'_>) -> Large {
    let end = view.release.ended.unwrap_or(view.now);
    Large { text: format!("T+{}", words::clock(View::between(view.release.started, end))), style: view.theme.title }
}

/// The worst of the signals, by how they stand and then by the plan's order.
fn worst(view: &View<'_>) -> Large {
    let theme = view.theme;
    let Some(of) = signals(view).min_by_key(|of| std::cmp::Reverse(Standing::of(*of))) else {
        return Large { text: "no signals".to_owned(), style: theme.dim };
    };
    let standing = Standing::of(of);
    let text = match (standing, of.judged.value) {
        (Standing::Ok | Standing::LookedAt, _) => "all signals ok".to_owned(),
        (Standing::NotYet | Standing::Judging, _) => format!("{} {}", of.title(), standing.word()),
        (Standing::Blind, _) | (_, None) => format!("{} ?", of.title()),
        (_, Some(value)) => format!("{} {}{}", of.title(), value_words(of.signal, value), of.signal.unit_sign()),
    };
    Large { text, style: standing.look(view).1 }
}
