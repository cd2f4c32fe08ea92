//! The zoomed Health screen: the signals in a list, the selected one's chart, what is known of it, and the others in small.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::{
    Paint, View, cut, cut_left,
    detail::source_words,
    health::{Columns, Judged, signal, signal_line, signals, worst},
    panes::{first_shown, line, more_marks},
    signal_facts::{self, Fact},
    standing::Standing,
};
use crate::{
    plan::{Side, Signal, StageKind},
    release::{Change, Mark, verdict_word},
    tui::{
        app::Hit,
        chart::{Chart, Flag, Line, Looks, Point, Threshold},
        health_zoom::{HealthZoom, Range},
        list::Pane,
        theme::Theme,
        words,
    },
};

/// From this width on the list stands beside the chart, and from the next one above it; below, the chart stands alone.
const BESIDE: u16 = 100;
const ABOVE: u16 = 60;
/// A small chart takes at least so many columns and lines.
const SMALL: (u16, u16) = (36, 9);
/// From how many lines on a chart can spare one.
const SPARES: u16 = 16;
/// From how many lines on, with its frame, a glance at a signal says more than its row does.
pub(super) const GLANCE: u16 = 9;
/// How much of a release a glance shows, and in which steps it moves on, in seconds: nothing moves in between.
const GLANCED: (i64, i64) = (1200, 300);

/// The zoomed Health screen.
pub(super) fn zoomed(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    paint.shown.page = area.height.saturating_sub(2);
    let selected = view.selected(Pane::Health);
    let of = signal(view, selected).filter(|of| view.rows(Pane::Health).contains(&of.index));
    let Some(of) = of else {
        let inner = paint.frame(area, "Health", &view.filtered(Pane::Health, worst(view)), true);
        let words = if view.plan.signals.is_empty() { "the plan has no signals" } else { "no signal has that in its row" };
        paint.row(inner, &[(words, view.theme.dim)]);
        return;
    };
    let columns = Columns::of_list(view);
    let rows = u16::try_from(view.rows(Pane::Health).len()).unwrap_or(u16::MAX).saturating_add(2);
    if area.width >= BESIDE {
        let wide = u16::try_from(columns.list()).unwrap_or(u16::MAX).max(area.width / 3).min(area.width / 2);
        let (left, right) = cut_left(area, wide);
        // What the list leaves of a tall screen is for the other signals.
        let rest = left.height.saturating_sub(rows.min(left.height / 2));
        let (top, others) = cut(left, if rest >= SMALL.1 + 2 { left.height.saturating_sub(rest) } else { left.height });
        list(paint, top, selected, columns);
        small_charts(paint, others, of);
        large(paint, right, of);
    } else if area.width >= ABOVE {
        let (top, bottom) = cut(area, rows.min(area.height / 3).max(4));
        list(paint, top, selected, columns);
        large(paint, bottom, of);
    } else {
        large(paint, area, of);
    }
}

fn list(paint: &mut Paint<'_>, area: Rect, selected: usize, columns: Columns) {
    let view = paint.view;
    let rows = view.rows(Pane::Health);
    paint.shown.page = area.height.saturating_sub(2);
    let inner = paint.frame(area, "Health", &view.filtered(Pane::Health, worst(view)), true);
    let height = usize::from(inner.height);
    paint.shown.crowded = rows.len() > height;
    let first = first_shown(rows.iter().position(|row| *row == selected).unwrap_or(0), rows.len(), height);
    for (place, index) in rows.iter().copied().skip(first).take(height).enumerate() {
        let Some(of) = signal(view, index) else { continue };
        let row = line(inner, place);
        paint.hit(row, Hit::Row(Pane::Health, index));
        signal_line(paint, row, of, columns);
        if index == selected {
            paint.select(row);
        }
    }
    more_marks(paint, area, first, rows.len(), height);
}

/// The selected signal: its chart, and below it what is known of it.
fn large(paint: &mut Paint<'_>, area: Rect, of: Judged<'_>) {
    let view = paint.view;
    let zoom = &view.app.zoom;
    let range = zoom.range(view.release, view.now);
    let inner = paint.frame(area, of.title(), range.words(), false);
    let facts = facts(view, of, usize::from(inner.width));
    // At least half of a low screen is for the chart.
    let below = u16::try_from(facts.len()).unwrap_or(u16::MAX).min(inner.height.saturating_sub(8)).min(inner.height / 2);
    let (top, said) = cut(inner, inner.height.saturating_sub(below));
    // A line of air between them where the chart can spare it.
    let (top, _) = cut(top, if top.height >= SPARES { top.height.saturating_sub(1) } else { top.height });
    let window = range.window(view.release, view.now);
    let mut chart = chart(view, Some(zoom), of.id, of.signal, window);
    chart.cursor = zoom.cursor;
    chart.draw(top, paint.buffer);
    for (place, (name, text, style)) in facts.iter().take(usize::from(below)).enumerate() {
        let name = words::left(name, NAME, "");
        paint.row(line(said, place), &[(&name, view.theme.dim), (text, *style)]);
    }
}

/// How wide the names of the facts are.
const NAME: usize = 12;

/// What is known of a signal, the most important first, in lines of so many columns: what is thought of it, by what, and since
/// when.
fn facts(view: &View<'_>, of: Judged<'_>, columns: usize) -> Vec<Fact> {
    let theme = view.theme;
    let (signal, judged) = (of.signal, of.judged);
    let mut facts = vec![signal_facts::verdict(view, of)];
    facts.extend(signal_facts::facts(view, of));
    let age = judged.age(view.now).map_or_else(|| "no sample yet".to_owned(), |age| format!("{} old", words::age(age)));
    let late = format!("{age}; sampled every {}, not known after {}", signal.every, signal.stale_after());
    facts.push(("age", late, theme.text));
    let side = if signal.bad == Side::Above { "from" } else { "down from" };
    let edge = |word: &str, at: Option<f64>| {
        at.map(|at| format!("{word} {side} {} {}", words::round(at), signal.unit_sign()).trim_end().to_owned())
    };
    let edges: Vec<_> = [edge("warns", signal.warn), edge("fails", signal.fail)].into_iter().flatten().collect();
    if !edges.is_empty() {
        facts.push(("thresholds", edges.join(", "), theme.text));
    }
    if let Some(turn) = view.release.turns.get(of.id) {
        let words = format!("{} at {}: {}", verdict_word(turn.verdict), view.time(turn.at, "%H:%M:%S"), turn.why);
        facts.push(("last turn", words, theme.text));
    }
    if let Some(baseline) = &signal.baseline {
        let title = view.plan.signals.get(baseline).and_then(|signal| signal.title.as_deref()).unwrap_or(baseline);
        facts.push(("baseline", title.to_owned(), theme.text));
    }
    facts.push(("source", source_words(signal), theme.text));
    let wrapped = facts.into_iter().flat_map(|(name, text, style)| {
        let parts = words::wrap(&view.app.settings.symbols.say(&text), columns.saturating_sub(NAME));
        parts.into_iter().enumerate().map(move |(index, part)| (if index == 0 { name } else { "" }, part, style))
    });
    wrapped.collect()
}

/// The other signals in small: those first of which most must be thought.
fn small_charts(paint: &mut Paint<'_>, area: Rect, selected: Judged<'_>) {
    let view = paint.view;
    let range = view.app.zoom.range(view.release, view.now);
    if area.is_empty() {
        return;
    }
    let area = paint.frame(area, "Others", range.words(), false);
    let (across, down) = (area.width / SMALL.0, area.height / SMALL.1);
    let shown = usize::from(across).saturating_mul(usize::from(down));
    let of_selected = |of: &Judged<'_>| of.index == selected.index || selected.signal.baseline.as_deref() == Some(of.id);
    // A baseline is in its canary's chart.
    let mut others: Vec<_> = signals(view).filter(|of| !of_selected(of) && !of.is_baseline).collect();
    others.sort_by_key(|of| std::cmp::Reverse(Standing::of(*of)));
    others.truncate(shown);
    if others.is_empty() || shown == 0 {
        return;
    }
    let across = across.min(u16::try_from(others.len()).unwrap_or(u16::MAX)).max(1);
    let down = u16::try_from(others.len().div_ceil(usize::from(across))).unwrap_or(1).max(1);
    let (wide, high) = (area.width / across, area.height / down);
    let window = range.window(view.release, view.now);
    for (place, of) in others.into_iter().enumerate() {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        let x = area.x.saturating_add(place % across * wide);
        let y = area.y.saturating_add(place / across * high);
        // A line of air below, and two columns between.
        let air = if across > 1 { 2 } else { 0 };
        let cell = Rect { x, y, width: wide.saturating_sub(air), height: high.saturating_sub(1) };
        let (head, below) = cut(cell.intersection(area), 1);
        let (symbol, look) = Standing::of(of).look(view);
        let value =
            of.judged.value.map_or_else(String::new, |value| format!("{} {}", words::number(value), of.signal.unit_sign()));
        let spans = [(symbol, look), (" ", look), (of.title(), view.theme.title), ("  ", look), (&value, view.theme.text)];
        paint.row(head, &spans);
        let mut chart = chart(view, None, of.id, of.signal, window);
        chart.legend = false;
        chart.thresholds_inside = true;
        chart.draw(below, paint.buffer);
    }
}

/// A signal larger than its row has it, in whatever room there is to spare: the selected one where the signals have the
/// keys, else the one of which worst must be thought, of those that the selected stage is judged by.
pub(super) fn glance(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let Some(of) = glanced(view).filter(|_| area.height >= GLANCE) else { return };
    let (from, to, words) = glance_window(view);
    let inner = paint.frame(area, of.title(), words, false);
    let mut chart = chart(view, None, of.id, of.signal, (from, to));
    // Its row says its name and its value: only two lines need a legend.
    chart.legend = chart.baseline.is_some();
    chart.thresholds_inside = area.width < BESIDE / 2;
    chart.draw(inner, paint.buffer);
}

fn glanced<'a>(view: &'a View<'_>) -> Option<Judged<'a>> {
    if view.app.pane == Pane::Health {
        return signal(view, view.selected(Pane::Health));
    }
    let stage = view.plan.stages.get(view.selected(Pane::Stages));
    let watches = |of: &Judged<'_>| stage.is_some_and(|stage| stage.signals.iter().any(|id| id == of.id));
    let judged = signals(view).filter(|of| !of.is_baseline);
    // Of those of which the same is thought it is the first.
    judged.min_by_key(|of| (!watches(of), std::cmp::Reverse(Standing::of(*of))))
}

/// From when to when a glance reaches, and how that is called.
fn glance_window(view: &View<'_>) -> (Timestamp, Timestamp, &'static str) {
    let (long, step) = GLANCED;
    let now = view.release.ended.unwrap_or(view.now).min(view.now).as_second();
    let to = now.div_euclid(step).saturating_add(1).saturating_mul(step);
    let started = view.release.started.as_second().div_euclid(60).saturating_mul(60);
    let from = to.saturating_sub(long);
    let words = if started > from { "whole release" } else { "20 min" };
    let at = |second| Timestamp::from_second(second).unwrap_or(view.now);
    (at(from.max(started)), at(to), words)
}

/// A chart of a signal's last minutes, as far as its samples at hand reach.
pub(super) fn chart_of<'a>(view: &'a View<'_>, id: &str) -> Option<Chart<'a>> {
    let signal = view.plan.signals.get(id)?;
    let oldest = view.release.series(id)?.iter().map(|sample| sample.at).min()?;
    let from = oldest.max(Range::Minutes15.window(view.release, view.now).0);
    Some(chart(view, None, id, signal, (from, view.now.max(from))))
}

fn chart<'a>(
    view: &'a View<'_>,
    zoom: Option<&HealthZoom>,
    id: &str,
    signal: &'a Signal,
    (from, to): (Timestamp, Timestamp),
) -> Chart<'a> {
    let line = |id: &str, signal: &Signal| {
        let release = view.release;
        let mut points: Vec<Point> = match zoom {
            Some(zoom) => zoom.samples(release, id).into_iter().map(Point::from).collect(),
            None => release.series(id).into_iter().flat_map(|series| series.iter().map(Point::from)).collect(),
        };
        // Numbers carry their source's time, and gaps ours.
        points.sort_by_key(|point| point.at);
        // One before the picture stays, so that its line comes in from the left.
        let before = points.partition_point(|point| point.at < from.as_millisecond()).saturating_sub(1);
        points.drain(..before);
        // A frozen display knows nothing of what came later.
        points.truncate(points.partition_point(|point| point.at <= view.now.as_millisecond()));
        let hole = signal.stale_after().as_millis();
        Line { name: signal.title.clone().unwrap_or_else(|| id.to_owned()), points, hole }
    };
    let baseline = signal.baseline.as_deref().and_then(|id| Some((id, view.plan.signals.get(id)?)));
    let threshold =
        |at: Option<f64>, word: &str, fails| at.map(|at| Threshold { at, label: format!("{word} {}", words::round(at)), fails });
    let ended = view.release.ended.unwrap_or(view.now);
    Chart {
        line: line(id, signal),
        baseline: baseline.map(|(id, signal)| line(id, signal)),
        bad: signal.bad,
        unit: signal.unit_sign(),
        thresholds: [threshold(signal.warn, "warn", false), threshold(signal.fail, "fail", true)].into_iter().flatten().collect(),
        thresholds_inside: false,
        flags: view.release.marks.iter().map(|mark| flag(view, mark)).collect(),
        from,
        to,
        now: view.now.as_millisecond(),
        until: ended.min(view.now).as_millisecond(),
        zone: &view.app.zone,
        cursor: None,
        legend: true,
        ascii: view.glyphs.rule.is_ascii(),
        looks: looks(view.theme),
    }
}

/// Something that changed on the world, in a word or two.
fn flag(view: &View<'_>, mark: &Mark) -> Flag {
    let stage = mark.stage.as_deref().and_then(|id| view.plan.stage(id));
    let title = stage.map_or("", |stage| stage.title());
    let rollouts = view.plan.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Rollout { .. })).count();
    let (label, rank) = match mark.change {
        Change::Rollback => ("rollback".to_owned(), 5),
        Change::Failed => (format!("{} {title}", view.glyphs.failed), 4),
        Change::Weight(weight) if rollouts > 1 => (format!("{title} {weight} %"), 3),
        Change::Weight(weight) => (format!("{weight} %"), 3),
        Change::RolledBack => ("rolled back".to_owned(), 2),
        Change::Completed => ("completed".to_owned(), 2),
        Change::Passed => (format!("{} {title}", view.glyphs.passed), 1),
        Change::Started => (title.to_owned(), 0),
    };
    Flag { at: mark.at.as_millisecond(), label, rank }
}

/// How the parts of a chart look in a theme.
fn looks(theme: &Theme) -> Looks {
    Looks {
        line: theme.chart_canary,
        baseline: theme.chart_baseline,
        warn: theme.warn,
        fail: theme.bad,
        threshold: theme.threshold,
        // What was done stands out by its name; the line through the whole chart is no more than an axis.
        mark: theme.axis,
        mark_label: theme.mark,
        cursor: theme.cursor,
        axis: theme.axis,
        text: theme.text,
        unknown: theme.unknown,
    }
}
