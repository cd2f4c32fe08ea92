//! The three panes: stages, checklist, health.

use ratatui::{layout::Rect, style::Style};

use super::{Paint, View, cut};
use crate::tui::app::Hit;
use crate::{
    health::{Judgement, Verdict},
    plan::{Advance, Check, CheckKind, Side, Signal, Stage, StageKind},
    release::{Act, BlockerKind, CONTROLLER, CheckStatus, Phase, StageState, StageStatus, verdict_word},
    tui::{list::Pane, words},
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

fn checked(view: &View<'_>) -> String {
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
fn first_shown(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

fn line(area: Rect, index: usize) -> Rect {
    Rect { y: area.y.saturating_add(u16::try_from(index).unwrap_or(u16::MAX)), height: 1, ..area }
}

/// Shows on the frame that there is more above or below.
fn more_marks(paint: &mut Paint<'_>, frame: Rect, first: usize, len: usize, height: usize) {
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

/// The stages, by environment.
pub(super) fn stages(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let focused = view.app.pane == Pane::Stages;
    let passed = view.release.stages.iter().filter(|state| state.phase == Phase::Passed).count();
    let note = view.filtered(Pane::Stages, &format!("{passed}/{}", view.plan.stages.len()));
    let inner = paint.frame(area, "Stages", &note, focused);
    let selected = view.app.row(Pane::Stages, view.now);
    let titles = view.plan.stages.iter().map(|stage| words::width(stage.title()).saturating_add(flag_width(view, stage)));
    let columns = StageColumns::of(usize::from(inner.width), titles.max().unwrap_or(0));

    // The lines: headings and stages.
    let mut lines = Vec::new();
    let mut before = None;
    let mut at = 0;
    let rows = view.rows(Pane::Stages);
    for (index, (stage, state)) in view.release.stages().enumerate().filter(|(index, _)| rows.binary_search(index).is_ok()) {
        if before != Some(&stage.environment) {
            lines.push(None);
        }
        before = Some(&stage.environment);
        if index == selected {
            at = lines.len();
        }
        lines.push(Some((index, stage, state)));
    }
    let height = usize::from(inner.height);
    let first = first_shown(at, lines.len(), height);
    for (place, shown) in lines.iter().skip(first).take(height).enumerate() {
        let row = line(inner, place);
        match shown {
            None => {
                let next = lines.get(first.saturating_add(place).saturating_add(1));
                let name = next.and_then(Option::as_ref).map_or("", |(_, stage, _)| stage.environment.as_str());
                paint.row(row, &[(name, view.theme.dim)]);
            }
            Some((index, stage, state)) => {
                paint.hit(row, Hit::Row(Pane::Stages, *index));
                stage_row(paint, row, stage, state, columns);
                if focused && *index == selected {
                    paint.select(row);
                }
            }
        }
    }
    more_marks(paint, area, first, lines.len(), height);
}

fn flag_width(view: &View<'_>, stage: &Stage) -> usize {
    if irreversible(stage) { words::width(view.glyphs.flag).saturating_add(1) } else { 0 }
}

fn irreversible(stage: &Stage) -> bool {
    matches!(&stage.kind, StageKind::Task { irreversible: true, .. })
}

/// How a stage's line is divided: symbol, title, what it does, time.
#[derive(Clone, Copy)]
struct StageColumns {
    title: usize,
    middle: usize,
    time: usize,
}

impl StageColumns {
    fn of(inner: usize, longest: usize) -> Self {
        let time = 7;
        let room = inner.saturating_sub(2 + 2 + 1 + time);
        let title = longest.min(room.saturating_mul(3) / 5).max(6.min(room));
        Self { title, middle: room.saturating_sub(title), time }
    }
}

fn stage_row(paint: &mut Paint<'_>, area: Rect, stage: &Stage, state: &StageState, columns: StageColumns) {
    let view = paint.view;
    let (theme, more) = (view.theme, view.glyphs.more);
    let status = view.release.stage_status(stage, state, view.now);
    let (symbol, look) = stage_look(view, status, state);
    let quiet = matches!(status, StageStatus::Pending | StageStatus::Skipped);
    let name_style = match status {
        StageStatus::Running | StageStatus::Baking | StageStatus::Paused | StageStatus::Failed => theme.title,
        _ if quiet => theme.dim,
        _ => theme.text,
    };
    let flag = if irreversible(stage) { format!(" {}", view.glyphs.flag) } else { String::new() };
    let name_room = columns.title.saturating_sub(words::width(&flag));
    let name = words::fit(stage.title(), name_room, more).into_owned();
    let flagged = words::left(&flag, columns.title.saturating_sub(words::width(&name)), more);
    let time = words::right(&stage_time(view, state), columns.time, more);
    let (x, used) = (
        area.x,
        paint.row(area, &[(symbol, look), (" ", theme.text), (&name, name_style), (&flagged, theme.warn), ("  ", theme.text)]),
    );
    let middle = stage_middle(view, stage, state, status, look, columns.middle);
    let spans = middle.iter().map(|(text, style)| (text.as_str(), *style)).collect::<Vec<_>>();
    let width = u16::try_from(columns.middle).unwrap_or(0);
    // Words may run on where there is no time to show.
    let width = if time.trim().is_empty() { area.width.saturating_sub(used) } else { width };
    paint.row(Rect { x: x.saturating_add(used), width, ..area }, &spans);
    if !time.trim().is_empty() {
        let wide = u16::try_from(columns.time).unwrap_or(0);
        let time_style = if state.phase.is_open() { theme.text } else { theme.dim };
        paint.row(Rect { x: area.right().saturating_sub(wide), width: wide, ..area }, &[(&time, time_style)]);
    }
}

/// A stage's symbol and its look.
pub(super) fn stage_look(view: &View<'_>, status: StageStatus, state: &StageState) -> (&'static str, Style) {
    let (theme, glyphs) = (view.theme, view.glyphs);
    match status {
        _ if view.release.rollback.is_some() && state.phase.is_open() => (glyphs.back, theme.warn),
        StageStatus::Pending | StageStatus::Skipped => (glyphs.pending, theme.dim),
        StageStatus::Blocked => (glyphs.blocked, theme.warn),
        StageStatus::Ready => (glyphs.ready, theme.active),
        StageStatus::Running => (glyphs.running, theme.active),
        StageStatus::Baking => (glyphs.baking, theme.active),
        StageStatus::Paused if state.phase == Phase::Unsettled => (glyphs.unknown, theme.unknown),
        StageStatus::Paused => (glyphs.waits, theme.active),
        StageStatus::Passed => (glyphs.passed, theme.good),
        StageStatus::Failed => (glyphs.failed, theme.bad),
        StageStatus::RolledBack => (glyphs.back, theme.warn),
    }
}

fn stage_middle(
    view: &View<'_>,
    stage: &Stage,
    state: &StageState,
    status: StageStatus,
    look: Style,
    columns: usize,
) -> Vec<(String, Style)> {
    let theme = view.theme;
    let undo = view.release.rollback.iter().flat_map(|rollback| &rollback.steps).find(|undo| undo.step.stage == stage.id);
    if let Some(undo) = undo.filter(|undo| !undo.done) {
        return match &undo.stuck {
            Some(why) => vec![(format!("undo stuck: {why}"), theme.bad)],
            None if undo.under_way().is_some() => vec![("going back".to_owned(), theme.warn)],
            None => vec![("to be undone".to_owned(), theme.dim)],
        };
    }
    let weight = |weight: Option<u8>| format!("{} %", weight.unwrap_or(0));
    match status {
        StageStatus::Pending => vec![("pending".to_owned(), theme.dim)],
        StageStatus::Skipped => vec![("skipped".to_owned(), theme.dim)],
        StageStatus::Blocked => {
            let gate = view.release.gate(stage, state, view.now);
            let by = gate.iter().find(|blocker| blocker.stage.is_some()).or(gate.first());
            vec![(by.map_or_else(|| "blocked".to_owned(), |by| format!("needs {}", by.id)), look)]
        }
        StageStatus::Ready if stage.advance == Advance::Manual => {
            vec![(if columns < 6 { "waits" } else { "waits for you" }.to_owned(), look)]
        }
        StageStatus::Ready => vec![("ready".to_owned(), look)],
        StageStatus::Running => match state.under_way().map(|operation| &operation.act) {
            Some(Act::Weight { weight }) => vec![(format!("{} {weight} %", view.glyphs.leads), look)],
            Some(Act::Deploy) => vec![("deploying".to_owned(), look)],
            _ => vec![("running".to_owned(), look)],
        },
        StageStatus::Baking => {
            let prefix = if stage.steps().is_empty() { String::new() } else { format!("{:>5} ", weight(state.weight)) };
            let Some(bake) = &state.bake else { return vec![("watched".to_owned(), look)] };
            let length = bake.length.as_secs_f64().max(0.001);
            let room = columns.saturating_sub(words::width(&prefix)).min(24);
            let (done, left) = words::bar(bake.elapsed(view.now).as_secs_f64() / length, room, view.glyphs);
            vec![(prefix, look), (done, look), (left, theme.dim)]
        }
        StageStatus::Paused if state.phase == Phase::Unsettled => vec![("fate unknown".to_owned(), look)],
        StageStatus::Paused => {
            let waits = if columns < 11 { "waits" } else { "waits for you" };
            vec![(format!("{:>5} {waits}", weight(state.weight)), look)]
        }
        StageStatus::Passed => vec![("passed".to_owned(), theme.dim)],
        StageStatus::Failed => {
            let why = state.why.as_deref().unwrap_or("");
            vec![("failed".to_owned(), look), (if why.is_empty() { String::new() } else { format!(": {why}") }, theme.text)]
        }
        StageStatus::RolledBack => vec![("rolled back".to_owned(), look)],
    }
}

/// How long a stage takes, took, or still has to be watched.
fn stage_time(view: &View<'_>, state: &StageState) -> String {
    match (state.phase, &state.bake, state.started, state.ended) {
        // What is taken back is not watched any more.
        (Phase::Baking | Phase::Running, ..) if view.release.rollback.is_some() => String::new(),
        (Phase::Baking, Some(_), ..) if view.release.hold.is_some() => "held".to_owned(),
        (Phase::Baking, Some(bake), ..) => {
            let left = bake.left(view.now).rounded().get();
            if left.is_zero() { String::new() } else { format!("-{}", words::span(left)) }
        }
        (Phase::Running, _, Some(started), _) => {
            let began = state.under_way().map_or(started, |operation| operation.at);
            words::span(view.since(began))
        }
        (Phase::Passed, _, Some(started), Some(ended)) => words::span(View::between(started, ended)),
        _ => String::new(),
    }
}

/// The checklist.
pub(super) fn checks(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let focused = view.app.pane == Pane::Checks;
    let note = view.filtered(Pane::Checks, &checked(view));
    let inner = paint.frame(area, "Checklist", &note, focused);
    let selected = view.app.row(Pane::Checks, view.now);
    let height = usize::from(inner.height);
    let rows = view.rows(Pane::Checks);
    let len = rows.len();
    if view.plan.checks.is_empty() {
        paint.row(inner, &[("the plan has no checks", view.theme.dim)]);
    }
    let first = first_shown(rows.binary_search(&selected).unwrap_or(0), len, height);
    for (place, index) in rows.iter().copied().enumerate().skip(first).take(height) {
        let Some(check) = view.plan.checks.get(index) else { continue };
        let row = line(inner, place.saturating_sub(first));
        paint.hit(row, Hit::Row(Pane::Checks, index));
        check_row(paint, row, check);
        if focused && index == selected {
            paint.select(row);
        }
    }
    more_marks(paint, area, first, len, height);
}

/// A check's symbol and its look.
pub(super) fn check_look(view: &View<'_>, status: CheckStatus, blocks: bool) -> (&'static str, Style) {
    let (theme, glyphs) = (view.theme, view.glyphs);
    match status {
        CheckStatus::Open if blocks => (glyphs.blocked, theme.warn),
        CheckStatus::Open => (glyphs.pending, theme.dim),
        CheckStatus::Running => (glyphs.running, theme.active),
        CheckStatus::Passed => (glyphs.passed, theme.good),
        CheckStatus::Failed => (glyphs.failed, theme.bad),
        CheckStatus::CouldNotRun => (glyphs.unknown, theme.unknown),
        CheckStatus::Expired => (glyphs.warn, theme.warn),
        CheckStatus::Waived => (glyphs.waived, theme.warn),
    }
}

fn check_row(paint: &mut Paint<'_>, area: Rect, check: &Check) {
    let view = paint.view;
    let (theme, more) = (view.theme, view.glyphs.more);
    let status = view.release.check_status(check, view.now);
    let blocks = view.blockers.iter().any(|blocker| blocker.kind == BlockerKind::Check && blocker.id == check.id);
    let (symbol, look) = check_look(view, status, blocks);
    let last = view.release.checks.get(&check.id).and_then(|state| state.last.as_ref());
    let age = last.map_or_else(String::new, |last| words::age(view.since(last.at)));
    let words = match (status, &check.kind) {
        (CheckStatus::Open, CheckKind::Signed) => "unsigned".to_owned(),
        (CheckStatus::Open, _) => "not run".to_owned(),
        (CheckStatus::Passed, _) => match last {
            Some(last) if last.by != CONTROLLER => last.by.clone(),
            _ => "passed".to_owned(),
        },
        (status, _) => status.word().to_owned(),
    };
    let time = if matches!(status, CheckStatus::Open | CheckStatus::Running) { "" } else { age.as_str() };
    // The age has its own column at the right, the state stands before it, and the title has the rest.
    let time_wide = 4;
    let inner = usize::from(area.width);
    let state_wide = words::width(&words).min(inner.saturating_sub(2 + 10 + 1 + time_wide));
    let title_wide = inner.saturating_sub(2 + 1 + state_wide + time_wide);
    let title_style = match status {
        CheckStatus::Open if !blocks => theme.dim,
        CheckStatus::Failed | CheckStatus::Expired | CheckStatus::CouldNotRun => theme.title,
        _ if blocks => theme.title,
        _ => theme.text,
    };
    let state_style = if status == CheckStatus::Passed { theme.dim } else { look };
    paint.row(
        area,
        &[
            (symbol, look),
            (" ", theme.text),
            (&words::left(&check.title, title_wide, more), title_style),
            (" ", theme.text),
            (&words::right(&words, state_wide, more), state_style),
            (&words::right(time, time_wide, more), theme.dim),
        ],
    );
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
