//! The wall: verdict, stage, weight, clock and the worst signal, to be read from across the room.

use ratatui::{
    layout::{Position, Rect},
    style::{Modifier, Style},
    text::Line,
    widgets::Widget,
};
use tui_big_text::{BigText, PixelSize};

use super::{Paint, View, banner, cut, foot, header};
use crate::{
    health::Verdict,
    plan::Signal,
    release::{Phase, ReleaseStatus},
    tui::{theme::Symbols, words},
};

/// The sizes of large letters, the largest first: what a letter is made of, its columns and its rows.
const SIZES: [(PixelSize, u16, u16); 4] =
    [(PixelSize::Full, 8, 8), (PixelSize::HalfHeight, 8, 4), (PixelSize::HalfWidth, 4, 8), (PixelSize::Quadrant, 4, 4)];

/// A text that is shown large, and its look.
struct Large {
    text: String,
    style: Style,
}

/// Shows the wall.
pub(super) fn wall(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (head, rest) = cut(area, 2);
    header::header(paint, head);
    let (_, mut rest) = cut(rest, u16::from(area.height >= 20));
    if let Some(frozen) = &view.app.frozen {
        let (line, below) = cut(rest, 1);
        header::frozen(paint, line, frozen);
        rest = below;
    }
    if let Some(words) = banner(view) {
        let (line, below) = cut(rest, 1);
        paint.fill(line, view.theme.banner);
        paint.row(line, &[(&format!(" {} {words}", view.glyphs.warn), view.theme.banner)]);
        rest = below;
    }
    let (body, foot) = cut(rest, rest.height.saturating_sub(2));
    foot::foot(paint, foot);

    let parts = [verdict(view), stage(view), clock(view), worst(view)];
    // Every part has the same share of the height, and the verdict what is left over.
    let count = u16::try_from(parts.len()).unwrap_or(1);
    let share = body.height.checked_div(count).unwrap_or(0);
    let mut y = body.y;
    for (index, part) in parts.iter().enumerate() {
        let left_over = body.height.saturating_sub(share.saturating_mul(count));
        let height = if index == 0 { share.saturating_add(left_over) } else { share };
        let place = Rect { y, height, x: body.x.saturating_add(2), width: body.width.saturating_sub(4) };
        y = y.saturating_add(height);
        large(paint, place, part);
    }
}

/// Writes a text as large as the place allows; as it is, where no large letters fit.
fn large(paint: &mut Paint<'_>, area: Rect, part: &Large) {
    let area = area.intersection(paint.buffer.area);
    let letters = u16::try_from(words::width(&part.text)).unwrap_or(u16::MAX);
    let ascii = paint.view.app.settings.symbols == Symbols::Ascii;
    let fits = |(_, wide, high): &&(PixelSize, u16, u16)| letters.saturating_mul(*wide) <= area.width && *high <= area.height;
    // Half blocks and quadrants are no ASCII.
    let size = SIZES.iter().filter(|(size, ..)| !ascii || *size == PixelSize::Full).find(fits);
    let Some((size, _, high)) = size.filter(|_| part.text.is_ascii()) else {
        let middle = area.y.saturating_add(area.height.saturating_sub(1) / 2);
        let style = part.style.add_modifier(Modifier::BOLD);
        paint.row(Rect { y: middle, height: 1.min(area.height), ..area }, &[(&part.text, style)]);
        return;
    };
    // A ground of its own would be a bar of another colour: large letters are coloured themselves.
    let style = letter_style(part.style);
    let top = area.y.saturating_add(area.height.saturating_sub(*high) / 2);
    let place = Rect { y: top, height: *high, ..area };
    let line = Line::from(part.text.clone());
    BigText::builder().pixel_size(*size).style(style).lines(vec![line]).build().render(place, paint.buffer);
    if ascii {
        for position in place.positions() {
            solid(paint, position);
        }
    }
}

/// Makes a block an ASCII character.
fn solid(paint: &mut Paint<'_>, position: Position) {
    if let Some(cell) = paint.buffer.cell_mut(position)
        && !cell.symbol().is_ascii()
    {
        cell.set_symbol("#");
    }
}

fn letter_style(style: Style) -> Style {
    let reversed = style.add_modifier.contains(Modifier::REVERSED);
    Style { bg: if reversed { None } else { style.bg }, ..style.remove_modifier(Modifier::REVERSED | Modifier::DIM) }
}

fn verdict(view: &View<'_>) -> Large {
    let (words, style) = header::verdict(view);
    Large { text: words.trim().to_owned(), style }
}

/// The stage where the action is, and its weight.
fn stage(view: &View<'_>) -> Large {
    let theme = view.theme;
    let open = view.release.stages().find(|(_, state)| state.phase.is_open() || state.phase == Phase::Failed);
    let meant = open.or_else(|| view.release.meant(None)).or_else(|| view.release.stages().last());
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

/// The worst of the signals, by verdict and then by the plan's order.
fn worst(view: &View<'_>) -> Large {
    let theme = view.theme;
    let rank = |verdict: Verdict| match verdict {
        Verdict::Fail => 0,
        Verdict::Unknown => 1,
        Verdict::Warn => 2,
        Verdict::Ok => 3,
    };
    let judged = view.plan.signals.iter().filter_map(|(id, signal)| Some((id, signal, view.release.judge(id, view.now)?)));
    let Some((id, signal, judged)) = judged.min_by_key(|(_, _, judged)| rank(judged.verdict)) else {
        return Large { text: "no signals".to_owned(), style: theme.dim };
    };
    let style = match judged.verdict {
        Verdict::Ok => theme.good,
        Verdict::Warn => theme.warn,
        Verdict::Fail => theme.bad,
        Verdict::Unknown => theme.unknown,
    };
    let text = match (judged.verdict, judged.value) {
        (Verdict::Ok, _) => "all signals ok".to_owned(),
        (Verdict::Unknown, _) | (_, None) => format!("{} ?", name(id, signal)),
        (_, Some(value)) => format!("{} {}{}", name(id, signal), words::number(value), words::unit(&signal.unit)),
    };
    Large { text, style }
}

fn name<'a>(id: &'a str, signal: &'a Signal) -> &'a str {
    signal.title.as_deref().unwrap_or(id)
}
