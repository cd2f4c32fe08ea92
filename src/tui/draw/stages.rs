//! The stages pane: a line for each stage, with how far it is.

use ratatui::{layout::Rect, style::Style};

use super::{
    Paint, View,
    panes::{first_shown, line, more_marks},
    progress::{HEAD, Progress, release},
};
use crate::{
    plan::{Advance, Stage, StageKind},
    release::{Act, Phase, StageState, StageStatus},
    tui::{app::Hit, list::Pane, words},
};

/// How long a bar is at most, and from which length on it says something.
const BAR: usize = 24;
const LEAST_BAR: usize = 4;
/// From here on the middle has room for the number of the step.
const FOR_STEP: usize = 18;
/// From here on it has room for a word.
const FOR_WORD: usize = 6;

/// How many lines the stages have, with those that say where they happen.
pub(super) fn wanted(view: &View<'_>) -> u16 {
    let stages = &view.plan.stages;
    let changes = stages.iter().zip(stages.iter().skip(1)).filter(|(one, next)| one.environment != next.environment);
    u16::try_from(stages.len().saturating_add(changes.count()).saturating_add(1)).unwrap_or(u16::MAX)
}

/// The stages, by environment.
pub(super) fn stages(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let focused = view.app.pane == Pane::Stages;
    let passed = view.release.stages.iter().filter(|state| state.phase == Phase::Passed).count();
    let usually = release(view, usize::from(area.width).saturating_sub(HEAD));
    let note = view.filtered(Pane::Stages, &format!("{passed}/{}{usually}", view.plan.stages.len()));
    let inner = paint.frame(area, "Stages", &note, focused);
    let selected = view.selected(Pane::Stages);
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
    if is_irreversible(stage) { words::width(view.glyphs.flag).saturating_add(1) } else { 0 }
}

/// Whether it is a point of no return.
pub(super) fn is_irreversible(stage: &Stage) -> bool {
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
        // A name that is cut costs more than a word that the symbol says too.
        let title = longest.min(room.saturating_mul(2) / 3).max(6.min(room));
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
    let flag = if is_irreversible(stage) { format!(" {}", view.glyphs.flag) } else { String::new() };
    let name_room = columns.title.saturating_sub(words::width(&flag));
    let name = words::fit(stage.title(), name_room, more).into_owned();
    let flagged = words::left(&flag, columns.title.saturating_sub(words::width(&name)), more);
    let (x, used) = (
        area.x,
        paint.row(area, &[(symbol, look), (" ", theme.text), (&name, name_style), (&flagged, theme.warn), ("  ", theme.text)]),
    );
    let rest = Rect { x: x.saturating_add(used), width: area.width.saturating_sub(used), ..area };
    if let Some(progress) = Progress::of(view, stage, state)
        && progress_row(paint, rest, &progress, look)
    {
        return;
    }
    let time = words::right(&stage_time(view, state), columns.time, more);
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

/// How far a task is in its usual time; whether there was room to say it.
fn progress_row(paint: &mut Paint<'_>, area: Rect, progress: &Progress, look: Style) -> bool {
    let room = usize::from(area.width);
    let said =
        [progress.words(), progress.short()].into_iter().find_map(|said| Some((room.checked_sub(words::width(&said))?, said)));
    let Some((bar, words)) = said else { return false };
    let (done, left) = words::bar(progress.part(), bar.saturating_sub(1).min(BAR), paint.view.glyphs);
    let dim = paint.view.theme.dim;
    if bar > LEAST_BAR {
        paint.row(area, &[(&done, look), (&left, dim)]);
    }
    let style = progress.look(paint.view);
    let at = u16::try_from(bar).unwrap_or(0);
    paint.row(Rect { x: area.x.saturating_add(at), width: area.width.saturating_sub(at), ..area }, &[(&words, style)]);
    true
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

/// A status in words.
pub(super) fn status_word(status: StageStatus, phase: Phase) -> &'static str {
    match status {
        _ if phase == Phase::Unsettled => "its task's fate is not known",
        StageStatus::Pending => "pending",
        StageStatus::Blocked => "blocked",
        StageStatus::Ready => "ready",
        StageStatus::Running => "running",
        StageStatus::Baking => "being watched",
        StageStatus::Paused => "waits for a person",
        StageStatus::Passed => "passed",
        StageStatus::Failed => "failed",
        StageStatus::RolledBack => "rolled back",
        StageStatus::Skipped => "skipped",
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
    let step = if columns < FOR_STEP { String::new() } else { format!("{}/{} ", state.step, stage.steps().len()) };
    match status {
        StageStatus::Pending => vec![("pending".to_owned(), theme.dim)],
        StageStatus::Skipped => vec![("skipped".to_owned(), theme.dim)],
        StageStatus::Blocked => {
            let own = view.blockers.iter().find(|blocker| blocker.stage.as_ref() == Some(&stage.id));
            let by = own.or_else(|| view.blockers.iter().find(|blocker| blocker.stage.is_none()));
            vec![(by.map_or_else(|| "blocked".to_owned(), |by| format!("needs {}", by.id)), look)]
        }
        StageStatus::Ready if stage.advance == Advance::Manual => {
            vec![(if columns < 6 { "waits" } else { "waits for you" }.to_owned(), look)]
        }
        StageStatus::Ready => vec![("ready".to_owned(), look)],
        StageStatus::Running => match state.under_way().map(|operation| &operation.act) {
            Some(Act::Weight { weight }) if columns < FOR_WORD => vec![(format!("{}{weight} %", view.glyphs.leads), look)],
            Some(Act::Weight { weight }) => vec![(format!("{} {weight} %", view.glyphs.leads), look)],
            Some(Act::Deploy) => vec![("deploying".to_owned(), look)],
            _ => vec![("running".to_owned(), look)],
        },
        StageStatus::Baking => {
            if columns < FOR_WORD && !stage.steps().is_empty() {
                return vec![(format!("{:>5}", weight(state.weight)), look)];
            }
            let prefix = if stage.steps().is_empty() { String::new() } else { format!("{step}{:>5} ", weight(state.weight)) };
            let Some(bake) = &state.bake else { return vec![("watched".to_owned(), look)] };
            let length = bake.length.as_secs_f64().max(0.001);
            let room = columns.saturating_sub(words::width(&prefix)).min(24);
            let (done, left) = words::bar(bake.elapsed(view.now).as_secs_f64() / length, room, view.glyphs);
            vec![(prefix, look), (done, look), (left, theme.dim)]
        }
        StageStatus::Paused if state.phase == Phase::Unsettled => vec![("fate unknown".to_owned(), look)],
        StageStatus::Paused => {
            let waits = if columns < 11 { "waits" } else { "waits for you" };
            vec![(format!("{step}{:>5} {waits}", weight(state.weight)), look)]
        }
        StageStatus::Passed if columns < FOR_WORD => Vec::new(),
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
