//! What the three panes have in common, and the health pane.

use ratatui::{layout::Rect, style::Style};

use super::{Paint, View, cut};
use crate::{
    health::{Judgement, Verdict},
    plan::{Side, Signal},
    release::verdict_word,
    tui::{app::Hit, list::Pane, words},
};

/// How many lines the panes would like to have.
pub(super) fn wanted(view: &View<'_>) -> u16 {
    let stages = view.plan.stages.len().saturating_add(headings(view));
    let signals = view.plan.signals.len().saturating_mul(2);
    u16::try_from(stages.max(view.plan.checks.len()).max(signals).max(3)).unwrap_or(u16::MAX)
}

fn headings(view: &View<'_>) -> usize {
    let stages = &view.plan.stages;
    let changes = stages.iter().zip(stages.iter().skip(1)).filter(|(one, next)| one.environment != next.environment);
    changes.count().saturating_add(1)
}

/// The names of the panes in one line, for a screen that shows one at a time.
pub(super) fn tabs(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let look = |pane| if view.app.pane == pane { view.theme.chosen } else { view.theme.dim };
    let checks = format!(" Checklist {} ", checked(view));
    let health = health_words(view);
    paint.row(
        area,
        &[(" Stages ", look(Pane::Stages)), (&checks, look(Pane::Checks)), (&format!(" Health {health} "), look(Pane::Health))],
    );
}

pub(super) fn checked(view: &View<'_>) -> String {
    let checks = &view.plan.checks;
    let held = checks.iter().filter(|check| view.release.check_status(check, view.now).holds()).count();
    format!("{held}/{}", checks.len())
}

/// The worst that is thought of the signals.
fn health_words(view: &View<'_>) -> &'static str {
    let verdicts = view.plan.signals.keys().filter_map(|id| view.release.judge(id, view.now)).map(|judged| judged.verdict);
    // Not known is worse than a warning and no failure.
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Ok => 0,
        Verdict::Warn => 1,
        Verdict::Unknown => 2,
        Verdict::Fail => 3,
    };
    verdicts.max_by_key(rank).map_or("", verdict_word)
}

/// The first of `len` lines that is shown so that the one selected is among them, in the middle where possible.
pub(super) fn first_shown(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

pub(super) fn line(area: Rect, index: usize) -> Rect {
    Rect { y: area.y.saturating_add(u16::try_from(index).unwrap_or(u16::MAX)), height: 1, ..area }
}

/// Shows on the frame that there is more above or below.
pub(super) fn more_marks(paint: &mut Paint<'_>, frame: Rect, first: usize, len: usize, height: usize) {
    let hidden = len.saturating_sub(height);
    if hidden == 0 || frame.height < 3 {
        return;
    }
    let words = format!(" {}{} ", if first < hidden { "+" } else { "-" }, if first < hidden { hidden - first } else { hidden });
    let width = u16::try_from(words.len()).unwrap_or(0);
    let x = frame.right().saturating_sub(width.saturating_add(2));
    let style = paint.view.theme.dim;
    paint.row(Rect { x, y: frame.bottom().saturating_sub(1), width, height: 1 }, &[(&words, style)]);
}

/// The signals.
pub(super) fn health(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let focused = view.app.pane == Pane::Health;
    let note = view.filtered(Pane::Health, health_words(view));
    let inner = paint.frame(area, "Health", &note, focused);
    let selected = view.app.row(Pane::Health, view.now);
    let rows = view.rows(Pane::Health);
    let len = rows.len();
    if view.plan.signals.is_empty() {
        paint.row(inner, &[("the plan has no signals", view.theme.dim)]);
    }
    // Two lines a signal, if the pane has them: in a narrow one the picture stands below, in a wide one nothing does.
    let lines = if usize::from(inner.height) >= len.saturating_mul(2) { 2 } else { 1 };
    let below = lines == 2 && inner.width < 58;
    let height = usize::from(inner.height) / lines;
    let first = first_shown(rows.binary_search(&selected).unwrap_or(0), len, height);
    for (place, index) in rows.iter().copied().enumerate().skip(first).take(height) {
        let Some((id, signal)) = view.plan.signals.get_index(index) else { continue };
        let Some(judged) = view.release.judge(id, view.now) else { continue };
        let place = place.saturating_sub(first);
        let row = Rect { height: u16::try_from(lines).unwrap_or(1), ..line(inner, place.saturating_mul(lines)) };
        paint.hit(row, Hit::Row(Pane::Health, index));
        if below {
            signal_two(paint, row, id, signal, &judged);
        } else {
            signal_one(paint, row, id, signal, &judged);
        }
        if focused && index == selected {
            paint.select(Rect { height: 1, ..row });
        }
    }
    more_marks(paint, area, first, len, height);
}

/// A verdict's symbol and its look.
pub(super) fn verdict_look(view: &View<'_>, verdict: Verdict) -> (&'static str, Style) {
    let (theme, glyphs) = (view.theme, view.glyphs);
    match verdict {
        Verdict::Ok => (glyphs.passed, theme.good),
        Verdict::Warn => (glyphs.warn, theme.warn),
        Verdict::Fail => (glyphs.failed, theme.bad),
        Verdict::Unknown => (glyphs.unknown, theme.unknown),
    }
}

/// How many columns a number takes.
const VALUE: usize = 6;

/// How many columns the units take.
fn units(view: &View<'_>) -> usize {
    view.plan.signals.values().map(|signal| words::width(words::unit(&signal.unit))).max().unwrap_or(0).clamp(1, 5)
}

struct SignalWords {
    symbol: &'static str,
    look: Style,
    value: String,
    unit: String,
    age: String,
}

fn signal_words(view: &View<'_>, signal: &Signal, judged: &Judgement) -> SignalWords {
    let (symbol, look) = verdict_look(view, judged.verdict);
    SignalWords {
        symbol,
        look,
        value: words::right(&judged.value.map_or_else(|| view.glyphs.dash.to_owned(), words::number), VALUE, view.glyphs.more),
        unit: words::left(if judged.value.is_some() { words::unit(&signal.unit) } else { "" }, units(view), view.glyphs.more),
        age: judged.age(view.now).map_or_else(String::new, words::age),
    }
}

fn title<'a>(id: &'a str, signal: &'a Signal) -> &'a str {
    signal.title.as_deref().unwrap_or(id)
}

/// The limits between which a signal is drawn: its thresholds belong to the picture, so that far below one looks low.
pub(super) fn limits(signal: &Signal, numbers: &[Option<f64>]) -> (f64, f64) {
    let known = || numbers.iter().flatten().copied();
    let least = known().fold(f64::INFINITY, f64::min);
    let most = known().fold(f64::NEG_INFINITY, f64::max);
    let edge = signal.fail.or(signal.warn);
    match signal.bad {
        Side::Above => {
            let low = least.min(0.0);
            (low, edge.map_or(most + (most - low) * 0.6, |edge| most.max(edge)))
        }
        // What is well above its threshold stands in the middle, and falls from there.
        Side::Below => {
            let low = edge.map_or(least.min(0.0), |edge| least.min(edge));
            (low, most + (most - low) * 0.6)
        }
    }
}

fn sparkline(view: &View<'_>, id: &str, signal: &Signal, columns: usize) -> String {
    let Some(series) = view.release.series.get(id) else { return String::new() };
    let numbers = series.numbers(columns);
    let (low, high) = limits(signal, &numbers);
    let spark = words::spark(&numbers, low, high, view.glyphs);
    // The newest stands at the right, where the next will come.
    words::right(&spark, columns, view.glyphs.more)
}

fn signal_one(paint: &mut Paint<'_>, area: Rect, id: &str, signal: &Signal, judged: &Judgement) {
    let view = paint.view;
    let (theme, more) = (view.theme, view.glyphs.more);
    let said = signal_words(view, signal, judged);
    let inner = usize::from(area.width);
    let longest = view.plan.signals.iter().map(|(id, signal)| words::width(title(id, signal))).max().unwrap_or(0);
    let fixed = 2 + 1 + VALUE + 1 + units(view) + 1 + 7 + 5;
    let name = longest.min(inner.saturating_sub(fixed)).min(inner / 3);
    let spark_room = inner.saturating_sub(fixed + name + 1);
    let (picture, picture_style) = if judged.verdict == Verdict::Unknown {
        (words::left(&format!(" {}", judged.why), spark_room.saturating_add(1), more), theme.text)
    } else {
        (
            format!("{} ", sparkline(view, id, signal, spark_room)),
            if judged.verdict == Verdict::Ok { theme.dim } else { said.look },
        )
    };
    let picture = if spark_room < 4 { String::new() } else { picture };
    paint.row(
        area,
        &[
            (said.symbol, said.look),
            (" ", theme.text),
            (&words::left(title(id, signal), name, more), theme.text),
            (" ", theme.text),
            (&said.value, if judged.verdict == Verdict::Ok { theme.text } else { said.look }),
            (" ", theme.text),
            (&said.unit, theme.dim),
            (" ", theme.text),
            (&picture, picture_style),
            (&words::left(verdict_word(judged.verdict), 7, more), said.look),
            (&words::right(&said.age, 5, more), theme.dim),
        ],
    );
}

fn signal_two(paint: &mut Paint<'_>, area: Rect, id: &str, signal: &Signal, judged: &Judgement) {
    let view = paint.view;
    let (theme, more) = (view.theme, view.glyphs.more);
    let said = signal_words(view, signal, judged);
    let inner = usize::from(area.width);
    let name = inner.saturating_sub(2 + VALUE + 1 + units(view) + 1 + 7);
    let (first, second) = cut(area, 1);
    paint.row(
        first,
        &[
            (said.symbol, said.look),
            (" ", theme.text),
            (&words::left(title(id, signal), name, more), theme.text),
            (&said.value, if judged.verdict == Verdict::Ok { theme.text } else { said.look }),
            (" ", theme.text),
            (&said.unit, theme.dim),
            (" ", theme.text),
            (&words::right(verdict_word(judged.verdict), 7, more), said.look),
        ],
    );
    let room = inner.saturating_sub(2 + 5);
    let (picture, style) = match judged.verdict {
        Verdict::Unknown => (words::left(&judged.why, room, more), theme.text),
        Verdict::Ok => (sparkline(view, id, signal, room), theme.dim),
        _ => (sparkline(view, id, signal, room), said.look),
    };
    paint.row(second, &[("  ", theme.text), (&picture, style), (&words::right(&said.age, 5, more), theme.dim)]);
}
