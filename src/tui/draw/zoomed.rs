//! The stages with the whole screen to themselves, and what of that fits into the room that the main screen has to spare.

use ratatui::layout::Rect;

use super::{
    Paint, View, back, current, cut, cut_left, output,
    panes::first_shown,
    progress::{ELAPSED, elapsed, expected},
    stages::{is_irreversible, stage_look, status_word},
    table::{self, Cell, Column, number_column, words_column},
};
use crate::{
    plan::Stage,
    release::{Phase, StageState, StageStatus},
    tui::{app::Pane, words},
};

/// From here on two columns have room.
const TWO: u16 = 100;
/// The least height of a frame that says something.
const LEAST: u16 = 4;

const STAGES: [Column; 8] = [
    words_column("stage", 8, 0),
    words_column("state", 9, 1),
    words_column("step", 10, 4),
    number_column("elapsed", ELAPSED, 2),
    number_column("expected", 8, 3),
    number_column("attempt", 7, 6),
    words_column("environment", 8, 5),
    words_column("needs", 5, 7),
];

/// The stages with the whole screen to themselves.
pub(super) fn zoomed(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let stages = u16::try_from(view.plan.stages.len()).unwrap_or(u16::MAX);
    let table = stages.saturating_add(3);
    if area.width < TWO {
        // Stacked: the table, the stage that is selected, the way back, and what is written with the rest.
        let (top, rest) = cut(area, table.min((area.height / 2).max(5)));
        all(paint, top);
        below(paint, rest, true);
        return;
    }
    let (left, right) = cut_left(area, area.width.saturating_mul(48) / 100);
    let way_back = lines(back::wanted(view, usize::from(left.width.saturating_sub(4))));
    let least = way_back.min(LEAST.max(left.height / 3));
    let (top, rest) = cut(left, table.min(left.height.saturating_sub(least)));
    all(paint, top);
    if rest.height >= LEAST {
        back_frame(paint, rest);
    }
    below(paint, right, false);
}

/// How many lines the room to spare on the main screen would best have; none where there is nothing to show.
pub(super) fn wanted(view: &View<'_>, width: u16) -> u16 {
    let Some((stage, state)) = selected(view) else { return 0 };
    let half = if width >= TWO { width / 2 } else { width };
    let now = lines(current::wanted(view, stage, state, usize::from(half.saturating_sub(4))));
    if width >= TWO { now.max(12) } else { now.saturating_add(8) }
}

/// The selected stage as it stands and what its task writes, in whatever room there is to spare.
pub(super) fn extra(paint: &mut Paint<'_>, area: Rect) {
    if area.height < LEAST || area.width < 20 {
        return;
    }
    if area.width < TWO {
        return below(paint, area, false);
    }
    let Some((stage, state)) = selected(paint.view) else { return };
    let (left, right) = cut_left(area, area.width / 2);
    now_frame(paint, left, stage, state);
    output_frame(paint, right, stage);
}

/// The selected stage as it stands, the way back if it shall be shown too, and what its task writes.
fn below(paint: &mut Paint<'_>, area: Rect, with_back: bool) {
    let view = paint.view;
    let Some((stage, state)) = selected(view) else { return };
    let columns = usize::from(area.width.saturating_sub(4));
    let has_output = output::lines(view, stage) > 0 || state.operation.is_some();
    let now = lines(current::wanted(view, stage, state, columns));
    let way_back = if with_back { lines(back::wanted(view, columns)) } else { 0 };
    // Each has at least a few lines before any has all that it wants.
    let others = u16::from(has_output).saturating_add(u16::from(with_back)).saturating_mul(LEAST);
    let (top, rest) = cut(area, now.min(area.height.saturating_sub(others).max(area.height / 2)));
    now_frame(paint, top, stage, state);
    let mut rest = rest;
    if with_back && rest.height >= LEAST {
        let spared = if has_output && rest.height >= LEAST.saturating_mul(2) { LEAST } else { 0 };
        let (top, below) = cut(rest, way_back.min(rest.height.saturating_sub(spared)));
        back_frame(paint, top);
        rest = below;
    }
    if has_output && rest.height >= 3 {
        output_frame(paint, rest, stage);
    }
}

/// So many lines with their frame.
fn lines(wanted: usize) -> u16 {
    u16::try_from(wanted).unwrap_or(u16::MAX).saturating_add(2)
}

fn selected<'a>(view: &View<'a>) -> Option<(&'a Stage, &'a StageState)> {
    view.release.stages().nth(view.app.row(Pane::Stages, view.now))
}

fn now_frame(paint: &mut Paint<'_>, area: Rect, stage: &Stage, state: &StageState) {
    let inner = paint.frame(area, stage.title(), &stage.environment, false);
    current::show(paint, inner, stage, state);
}

fn back_frame(paint: &mut Paint<'_>, area: Rect) {
    let note = if paint.view.release.rollback.is_none() { "R" } else { "" };
    let inner = paint.frame(area, back::title(paint.view), note, false);
    back::list(paint, inner);
}

fn output_frame(paint: &mut Paint<'_>, area: Rect, stage: &Stage) {
    let kept = output::lines(paint.view, stage);
    let note = if kept == 0 { "o".to_owned() } else { format!("{kept} lines, o reads them") };
    let inner = paint.frame(area, &format!("Output of {}", stage.title()), &note, false);
    output::tail(paint, inner, stage);
}

/// The table of all stages.
fn all(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let passed = view.release.stages.iter().filter(|state| state.phase == Phase::Passed).count();
    let usually = view.app.expected.release.map_or_else(String::new, |usual| {
        format!("  the whole usually takes ~{}", words::about(usual.median))
    });
    let note = format!("{passed}/{}{usually}", view.plan.stages.len());
    let inner = paint.frame(area, "Stages", &note, view.app.pane == Pane::Stages);
    let rows = view.release.stages().map(|(stage, state)| row(view, stage, state)).collect::<Vec<_>>();
    let at = view.app.row(Pane::Stages, view.now);
    let height = usize::from(inner.height.saturating_sub(1));
    let first = first_shown(at, rows.len(), height);
    let places = table::table(paint, inner, &STAGES, &rows, first);
    if let Some(place) = at.checked_sub(first).and_then(|index| places.get(index)) {
        paint.select(*place);
    }
    super::panes::more_marks(paint, area, first, rows.len(), height);
}

fn row(view: &View<'_>, stage: &Stage, state: &StageState) -> Vec<Cell> {
    let theme = view.theme;
    let status = view.release.stage_status(stage, state, view.now);
    let (symbol, look) = stage_look(view, status, state);
    let quiet = matches!(status, StageStatus::Pending | StageStatus::Skipped);
    let style = if quiet { theme.dim } else { theme.text };
    let flag = if is_irreversible(stage) { format!(" {}", view.glyphs.flag) } else { String::new() };
    let word = match status {
        StageStatus::Baking => "watched",
        StageStatus::Paused if state.phase == Phase::Unsettled => "unknown",
        StageStatus::Paused => "waits",
        status => status_word(status, state.phase),
    };
    let steps = stage.steps().len();
    let step = match (steps, state.step, state.weight) {
        (0, ..) => String::new(),
        (_, 0, _) => format!("0/{steps}"),
        (_, step, weight) => format!("{step}/{steps} {:>3} %", weight.unwrap_or(0)),
    };
    let took = elapsed(view, state).map_or_else(|| view.glyphs.dash.to_owned(), words::span);
    let attempt = if state.attempt == 0 { view.glyphs.dash.to_owned() } else { state.attempt.to_string() };
    vec![
        (format!("{symbol} {}{flag}", stage.title()), if quiet { theme.dim } else { look }),
        (word.to_owned(), look),
        (step, style),
        (took, style),
        (expected(view, stage), theme.dim),
        (attempt, theme.dim),
        (stage.environment.clone(), theme.dim),
        (stage.needs.join(", "), theme.dim),
    ]
}
