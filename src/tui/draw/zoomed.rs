//! The stages with the whole screen to themselves, and what of that fits into the room that the main screen has to spare.

use ratatui::layout::Rect;

use super::{
    Paint, View, back,
    current::{self, Beside},
    cut, cut_left, foot, health_zoom, output,
    panes::first_shown,
    progress::{ELAPSED, HEAD, elapsed, expected, release},
    stages::{is_irreversible, stage_look, status_word},
    table::{self, Cell, Column, number_column, words_column},
};
use crate::{
    plan::{Stage, StageKind},
    release::{Phase, StageState, StageStatus},
    tui::{actions::Action, app::Hit, list::Pane, words},
};

/// From here on two columns have room.
const TWO: u16 = 100;
/// The least height of a frame that says something.
const LEAST: u16 = 4;
/// How many lines of what is written are worth having on the main screen, with their frame.
const TAIL: u16 = 12;

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
        let (top, rest) = cut(area, table.min((area.height / 2).max(5)));
        all(paint, top);
        stacked(paint, rest);
        return;
    }
    let (left, right) = cut_left(area, area.width.saturating_mul(48) / 100);
    let way_back = lines(back::wanted(view, usize::from(left.width.saturating_sub(4))));
    let least = way_back.min(LEAST.max(left.height / 3));
    let (top, rest) = cut(left, table.min(left.height.saturating_sub(least)));
    all(paint, top);
    // What neither of them needs shows what happened last.
    let spare = rest.height.saturating_sub(way_back);
    let (middle, bottom) = cut(rest, if spare > LEAST { way_back } else { rest.height });
    if middle.height >= 3 {
        back_frame(paint, middle);
    }
    foot::log(paint, bottom);
    let Some((stage, state)) = selected(view) else { return };
    let now = lines(current::wanted(view, stage, state, usize::from(right.width.saturating_sub(4))));
    let writes = writes(view, stage, state);
    let glances = right.height >= now.saturating_add(health_zoom::GLANCE);
    let most = if writes { right.height.saturating_mul(2) / 3 } else { right.height };
    let (top, bottom) = cut(right, if writes || glances { now.min(most) } else { most });
    now_frame(paint, top, stage, state, Beside::Nothing);
    if writes {
        output_frame(paint, bottom, stage);
    } else {
        health_zoom::glance(paint, bottom);
    }
}

/// Below each other without frames: the stage that is selected, what is written, the way back.
fn stacked(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let Some((stage, state)) = selected(view) else { return };
    let columns = usize::from(area.width.saturating_sub(2));
    let head = |lines: usize| u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(1);
    let (now, way_back) = (head(current::wanted(view, stage, state, columns)), head(back::wanted(view, columns)));
    let output = if writes(view, stage, state) { head(output::lines(view, stage).max(1)) } else { 0 };
    // Each has a few lines before any has all that it wants; what is written has the rest.
    let few = |wanted: u16| wanted.min(3);
    let now = now.min(area.height.saturating_sub(few(way_back)).saturating_sub(few(output)));
    let (top, rest) = cut(area, now);
    let way_back = way_back.min(rest.height.saturating_sub(few(output)));
    let (middle, bottom) = cut(rest, rest.height.saturating_sub(way_back));
    let body = section(paint, top, stage.title(), &stage.environment);
    current::show(paint, body, stage, state, Beside::Nothing);
    if output > 0 && middle.height >= 2 {
        let body = section(paint, middle, "Output", &output_note(view, stage));
        output::tail(paint, body, stage);
    }
    let body = section(paint, bottom, back::title(view), "");
    back::list(paint, body);
}

/// A heading over the whole width, and what is below it.
fn section(paint: &mut Paint<'_>, area: Rect, title: &str, note: &str) -> Rect {
    let (theme, rule) = (paint.view.theme, paint.view.glyphs.rule);
    let (head, body) = cut(area, 1);
    let title = format!(" {title} ");
    let note = if note.is_empty() { String::new() } else { format!("{note} ") };
    let used = words::width(&title).saturating_add(words::width(&note)).saturating_add(2);
    let across = rule.repeat(usize::from(head.width).saturating_sub(used));
    paint.row(
        head,
        &[(" ", theme.border), (rule, theme.border), (&title, theme.title), (&note, theme.dim), (&across, theme.border)],
    );
    Rect { x: body.x.saturating_add(1), width: body.width.saturating_sub(2), ..body }
}

/// How many lines the room to spare on the main screen would best have; none where there is nothing to show.
pub(super) fn extra_wanted(view: &View<'_>, width: u16) -> u16 {
    let Some((stage, state)) = selected(view) else { return 0 };
    let half = if width >= TWO { width / 2 } else { width };
    let now = lines(current::wanted(view, stage, state, usize::from(half.saturating_sub(4))));
    let output = if writes(view, stage, state) { TAIL } else { 0 };
    let way_back = lines(back::wanted(view, usize::from(half.saturating_sub(4))));
    if width >= TWO { now.max(output).max(way_back) } else { now.saturating_add(output) }
}

/// The selected stage as it stands, and beside it what its task writes, or where a rollback would lead, in whatever room
/// there is to spare.
pub(super) fn extra(paint: &mut Paint<'_>, area: Rect) {
    if area.height < LEAST || area.width < 20 {
        return;
    }
    let view = paint.view;
    let Some((stage, state)) = selected(view) else { return };
    let has_output = output::lines(view, stage) > 0;
    if area.width >= TWO {
        let (left, right) = cut_left(area, area.width / 2);
        now_frame(paint, left, stage, state, Beside::Row);
        return if has_output { output_frame(paint, right, stage) } else { back_frame(paint, right) };
    }
    if !has_output {
        return now_frame(paint, area, stage, state, Beside::Row);
    }
    let now = lines(current::wanted(view, stage, state, usize::from(area.width.saturating_sub(4))));
    if now.saturating_add(LEAST) <= area.height {
        let (top, bottom) = cut(area, now);
        now_frame(paint, top, stage, state, Beside::Row);
        return output_frame(paint, bottom, stage);
    }
    // Where only one has room: the line of the stage says how far a task is, and not which steps there are.
    if stage.steps().is_empty() { output_frame(paint, area, stage) } else { now_frame(paint, area, stage, state, Beside::Row) }
}

/// Whether a stage has something that writes, or wrote.
fn writes(view: &View<'_>, stage: &Stage, state: &StageState) -> bool {
    output::lines(view, stage) > 0 || (matches!(stage.kind, StageKind::Task { .. }) && state.operation.is_some())
}

/// So many lines with their frame.
fn lines(wanted: usize) -> u16 {
    u16::try_from(wanted).unwrap_or(u16::MAX).saturating_add(2)
}

fn selected<'a>(view: &View<'a>) -> Option<(&'a Stage, &'a StageState)> {
    view.release.stages().nth(view.selected(Pane::Stages))
}

fn now_frame(paint: &mut Paint<'_>, area: Rect, stage: &Stage, state: &StageState, beside: Beside) {
    let inner = paint.frame(area, stage.title(), &stage.environment, false);
    current::show(paint, inner, stage, state, beside);
}

fn back_frame(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let note = if view.release.rollback.is_none() { format!("key {}", view.app.key(Action::Rollback)) } else { String::new() };
    let inner = paint.frame(area, back::title(view), &note, false);
    back::list(paint, inner);
}

fn output_frame(paint: &mut Paint<'_>, area: Rect, stage: &Stage) {
    let note = output_note(paint.view, stage);
    let inner = paint.frame(area, &format!("Output of {}", stage.title()), &note, false);
    output::tail(paint, inner, stage);
}

fn output_note(view: &View<'_>, stage: &Stage) -> String {
    if output::lines(view, stage) == 0 { String::new() } else { format!("{} reads all", view.app.key(Action::Output)) }
}

/// The table of all stages.
fn all(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let passed = view.release.stages.iter().filter(|state| state.phase == Phase::Passed).count();
    let usually = release(view, usize::from(area.width).saturating_sub(HEAD));
    let note = view.filtered(Pane::Stages, &format!("{passed}/{}{usually}", view.plan.stages.len()));
    paint.hit(area, Hit::Pane(Pane::Stages));
    let inner = paint.frame(area, "Stages", &note, view.app.pane == Pane::Stages);
    let shown = view.rows(Pane::Stages);
    let stages = shown.iter().filter_map(|index| view.release.stages().nth(*index));
    let rows = stages.map(|(stage, state)| row(view, stage, state)).collect::<Vec<_>>();
    let selected = view.selected(Pane::Stages);
    let height = usize::from(inner.height.saturating_sub(1));
    let first = first_shown(shown.binary_search(&selected).unwrap_or(0), rows.len(), height);
    paint.shown.page = inner.height.saturating_sub(1);
    let places = table::table(paint, inner, &STAGES, &rows, first);
    for (index, place) in shown.iter().skip(first).zip(places) {
        paint.hit(place, Hit::Row(Pane::Stages, *index));
        if *index == selected {
            paint.select(place);
        }
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
