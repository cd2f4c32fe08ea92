//! One stage as it stands: how far it is, its steps, and what a person should know of it before they touch it.

use std::time::Duration;

use ratatui::{layout::Rect, style::Style};

use super::{
    Paint, View, blocker_words, cut,
    panes::line,
    progress::{ELAPSED, Progress, source},
    stages::{is_irreversible, stage_look, status_word},
    table::{self, Cell, Column, number_column, words_column},
};
use crate::{
    plan::{OnFail, Stage, StageKind, Step},
    release::{Act, Phase, StageState, StageStatus, UndoState},
    tui::words,
};

/// How wide the names of the facts are.
const NAME: usize = 12;
/// How long the bar is at most.
const BAR: usize = 32;
/// Below this words are left out that the row of the stage says too.
const NARROW: u16 = 50;

/// What a step took before, where anything is known of that.
const USUALLY: &str = "usually";

/// The columns of a rollout's steps.
const STEPS: [Column; 8] = [
    number_column("step", 4, 0),
    number_column("weight", 6, 0),
    number_column("watched", 7, 1),
    number_column("seen", 5, 3),
    words_column("began", 8, 4),
    number_column("took", 6, 2),
    number_column(USUALLY, 7, 5),
    words_column("state", 12, 0),
];

/// A fact: what it is of, what it says and how that looks.
type Fact = (&'static str, String, Style);

/// How many lines it would like to have, in so many columns.
pub(super) fn wanted(view: &View<'_>, stage: &Stage, state: &StageState, columns: usize) -> usize {
    let steps = stage.steps().len();
    // A line of air before the table with its headings, and one before the facts.
    let table = if steps == 0 { 0 } else { steps.saturating_add(2) };
    let facts = wrapped(view, &facts(view, stage, state), columns).iter().map(Vec::len).sum::<usize>();
    let gap = usize::from(facts > 0);
    1_usize.saturating_add(table).saturating_add(gap).saturating_add(facts)
}

/// Whether a stage stands beside its row: then what the row says is not said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Its row with its bar and its time is in sight.
    Row,
    /// It is not.
    Nothing,
}

/// Shows it; what has no room is left out, the steps last.
pub(super) fn show(paint: &mut Paint<'_>, area: Rect, stage: &Stage, state: &StageState, beside: Beside) {
    let view = paint.view;
    headline(paint, Rect { height: area.height.min(1), ..area }, stage, state, beside);
    let (_, rest) = cut(area, 1);
    let steps = stage.steps();
    // A line of air, where nothing has to give way for it.
    let (_, rest) = cut(rest, u16::from(usize::from(rest.height) > steps.len().saturating_add(1).max(3)));
    let mut rest = rest;
    if !steps.is_empty() {
        // A column of dashes says nothing.
        let usual = (1_u32..).take(steps.len()).any(|number| view.app.expected.step(&stage.id, number).is_some());
        let row = |(step, number): (&Step, u32)| step_row(view, stage, state, *step, number, usual);
        let rows = steps.iter().zip(1_u32..).map(row).collect::<Vec<_>>();
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(1).min(rest.height);
        let (top, below) = cut(rest, height);
        // The step that is being taken stays in sight.
        let shown = usize::from(height.saturating_sub(1));
        let at = (state.step as usize).saturating_sub(1);
        let first = at.saturating_sub(shown / 2).min(rows.len().saturating_sub(shown));
        let columns = STEPS.into_iter().filter(|column| usual || column.title != USUALLY).collect::<Vec<_>>();
        table::table(paint, top, &columns, &rows, first);
        let (_, below) = cut(below, u16::from(below.height > 1));
        rest = below;
    }
    let mut room = usize::from(rest.height);
    let mut y = 0;
    for fact in wrapped(view, &facts(view, stage, state), usize::from(rest.width)) {
        // Whole facts or none; only of what matters most a part is better than nothing.
        if fact.len() > room && y > 0 {
            break;
        }
        for (index, (name, text, style)) in fact.iter().take(room).enumerate() {
            let cut = index.saturating_add(1) == room && fact.len() > room;
            let more = if cut { format!(" {}", view.glyphs.more) } else { String::new() };
            let columns = usize::from(rest.width).saturating_sub(NAME).saturating_sub(words::width(&more));
            let text = words::fit(text, columns, "");
            paint.row(line(rest, y), &[(&words::left(name, NAME, ""), view.theme.dim), (&text, *style), (&more, view.theme.dim)]);
            y = y.saturating_add(1);
        }
        room = room.saturating_sub(fact.len());
    }
}

/// The lines of each fact.
fn wrapped(view: &View<'_>, facts: &[Fact], columns: usize) -> Vec<Vec<Fact>> {
    let lines = |(name, text, style): &Fact| {
        let parts = words::wrap(&view.app.settings.symbols.say(text), columns.saturating_sub(NAME));
        let named = |(index, part)| (if index == 0 { *name } else { "" }, part, *style);
        parts.into_iter().enumerate().map(named).collect()
    };
    facts.iter().map(lines).collect()
}

/// What is said of a stage in its first line.
struct Headline {
    words: String,
    /// How far it is, where that is known.
    part: Option<f64>,
    time: String,
    time_look: Style,
}

fn headline(paint: &mut Paint<'_>, area: Rect, stage: &Stage, state: &StageState, beside: Beside) {
    let view = paint.view;
    let theme = view.theme;
    let status = view.release.stage_status(stage, state, view.now);
    let (symbol, look) = stage_look(view, status, state);
    let said = said(view, stage, state, status, area.width < NARROW, beside);
    let used = paint.row(area, &[(symbol, look), (" ", theme.text), (&said.words, look)]);
    let mut rest = Rect { x: area.x.saturating_add(used), width: area.width.saturating_sub(used), ..area };
    let time = if said.time.is_empty() { String::new() } else { format!("  {}", said.time) };
    let wide = words::width(&time);
    let bar = usize::from(rest.width).saturating_sub(wide).saturating_sub(2).min(BAR);
    if let Some(part) = said.part.filter(|_| bar >= 4) {
        let (done, left) = words::bar(part, bar, view.glyphs);
        let used = paint.row(rest, &[("  ", theme.text), (&done, look), (&left, theme.dim)]);
        rest = Rect { x: rest.x.saturating_add(used), width: rest.width.saturating_sub(used), ..rest };
    }
    paint.row(rest, &[(&time, said.time_look)]);
}

fn said(view: &View<'_>, stage: &Stage, state: &StageState, status: StageStatus, narrow: bool, beside: Beside) -> Headline {
    let theme = view.theme;
    let plain = |words: String, time: String| Headline { words, part: None, time, time_look: theme.dim };
    if let Some(undo) = undo_of(view, stage).filter(|undo| !undo.done) {
        return match &undo.stuck {
            Some(_) => plain("its way back is stuck".to_owned(), String::new()),
            None => match undo.under_way() {
                Some(operation) => plain("going back".to_owned(), words::span(view.since(operation.at))),
                None => plain("to be undone".to_owned(), String::new()),
            },
        };
    }
    let steps = stage.steps().len();
    let of_steps = if narrow { format!("{}/{steps}", state.step) } else { format!("step {} of {steps}", state.step) };
    let weight = state.weight.map_or_else(String::new, |weight| format!(" at {weight} %"));
    match status {
        StageStatus::Running => {
            if let Some(progress) = Progress::of(view, stage, state).filter(|_| beside == Beside::Nothing) {
                let (part, time, time_look) = (Some(progress.part()), progress.words(), progress.look(view));
                return Headline { words: "running".to_owned(), part, time, time_look };
            }
            let operation = state.under_way();
            let words = match operation.map(|operation| &operation.act) {
                Some(Act::Weight { weight }) => format!("{of_steps}, goes to {weight} %"),
                Some(Act::Deploy) => format!("{of_steps}, deploys"),
                _ => "running".to_owned(),
            };
            let since = operation.map(|operation| operation.at).or(state.started);
            let since = since.filter(|_| beside == Beside::Nothing);
            plain(words, since.map_or_else(String::new, |at| words::span(view.since(at))))
        }
        StageStatus::Baking => {
            let words = if stage.steps().is_empty() { "watched".to_owned() } else { format!("{of_steps}{weight}, watched") };
            let Some(bake) = &state.bake else { return plain(words, String::new()) };
            if beside == Beside::Row {
                let words = format!("{words} for {}", words::about(bake.length.get()));
                let stands = if bake.counts() { "" } else { "does not count now" };
                return Headline { time_look: theme.warn, ..plain(words, stands.to_owned()) };
            }
            let length = bake.length.as_secs_f64().max(0.001);
            let elapsed = bake.elapsed(view.now);
            let left = bake.left(view.now).rounded().get();
            let left = words::right(&words::span(left), ELAPSED, "");
            let time = match (narrow, bake.counts()) {
                (true, true) => format!("-{}", left.trim_start()),
                (true, false) => "stands".to_owned(),
                (false, true) => format!("{left} to go of {}", words::about(bake.length.get())),
                (false, false) => format!("{left} to go of {}, does not count now", words::about(bake.length.get())),
            };
            let time_look = if bake.counts() { theme.text } else { theme.warn };
            Headline { words, part: Some(elapsed.as_secs_f64() / length), time, time_look }
        }
        StageStatus::Paused if state.phase != Phase::Unsettled => {
            let since = state.steps.last().and_then(|step| step.ended).map_or(Duration::ZERO, |ended| view.since(ended));
            let waits = if narrow { "waits".to_owned() } else { format!("waits for a person for {}", words::age(since)) };
            plain(format!("{of_steps}{weight} is done"), waits)
        }
        StageStatus::Passed | StageStatus::Failed | StageStatus::RolledBack => {
            let at = state.ended.map_or_else(String::new, |ended| format!(" at {}", view.time(ended, "%H:%M:%S")));
            let took = state.started.zip(state.ended).map(|(from, to)| format!("after {}", words::span(View::between(from, to))));
            let at = if status == StageStatus::RolledBack { String::new() } else { at };
            plain(format!("{}{at}", status_word(status, state.phase)), took.unwrap_or_default())
        }
        _ => plain(status_word(status, state.phase).to_owned(), String::new()),
    }
}

/// How far a stage's way back is, where it has one.
fn undo_of<'a>(view: &View<'a>, stage: &Stage) -> Option<&'a UndoState> {
    view.release.rollback.iter().flat_map(|rollback| &rollback.steps).find(|undo| undo.step.stage == stage.id)
}

fn step_row(view: &View<'_>, stage: &Stage, state: &StageState, step: Step, number: u32, usual: bool) -> Vec<Cell> {
    let (theme, glyphs) = (view.theme, view.glyphs);
    let dash = || glyphs.dash.to_owned();
    let taken = state.steps.iter().rev().find(|taken| taken.step == number);
    let (symbol, look, said) = match taken {
        Some(taken) if taken.ended.is_some() => (glyphs.passed, theme.good, "done".to_owned()),
        Some(_) => {
            let status = view.release.stage_status(stage, state, view.now);
            let (symbol, look) = stage_look(view, status, state);
            let said = match (&state.bake, state.phase) {
                _ if view.release.rollback.is_some() => match undo_of(view, stage) {
                    Some(undo) if undo.done => "taken back".to_owned(),
                    Some(undo) if undo.stuck.is_some() => "stuck".to_owned(),
                    _ => "going back".to_owned(),
                },
                (Some(_), Phase::Baking) => "watched".to_owned(),
                _ => status_word(status, state.phase).to_owned(),
            };
            (symbol, look, said)
        }
        None if state.phase == Phase::Paused && number == state.step.saturating_add(1) => {
            (glyphs.waits, theme.active, "next".to_owned())
        }
        None => (glyphs.pending, theme.dim, String::new()),
    };
    let style = if taken.is_some() { theme.text } else { theme.dim };
    let bake = if step.bake.is_zero() { dash() } else { words::about(step.bake.get()) };
    let seen = taken.and_then(|taken| taken.weight).map_or_else(dash, |weight| format!("{weight} %"));
    let began = taken.map_or_else(dash, |taken| view.time(taken.began, "%H:%M:%S"));
    // Of one that is under way the headline says how long it still takes.
    let took = taken.and_then(|taken| Some(words::span(View::between(taken.began, taken.ended?)))).unwrap_or_else(dash);
    let usually = view.app.expected.step(&stage.id, number).map_or_else(dash, |usual| format!("~{}", words::about(usual.median)));
    let mut row = vec![
        (number.to_string(), style),
        (format!("{} %", step.weight), style),
        (bake, style),
        (seen, style),
        (began, style),
        (took, style),
        (format!("{symbol} {said}"), look),
    ];
    if usual {
        row.insert(row.len().saturating_sub(1), (usually, theme.dim));
    }
    row
}

/// What a person should know of it, what matters most first.
fn facts(view: &View<'_>, stage: &Stage, state: &StageState) -> Vec<Fact> {
    let theme = view.theme;
    let mut facts: Vec<Fact> = Vec::new();
    let status = view.release.stage_status(stage, state, view.now);
    if let Some(why) = undo_of(view, stage).and_then(|undo| undo.stuck.as_ref()).or(state.why.as_ref()) {
        facts.push(("why", why.clone(), theme.bad));
    }
    let asks = view.release.rollback.is_none();
    if asks && matches!(status, StageStatus::Blocked | StageStatus::Ready | StageStatus::Paused | StageStatus::Baking) {
        for (index, blocker) in view.release.gate(stage, state, view.now).iter().enumerate() {
            let name = if index == 0 { "in the way" } else { "" };
            facts.push((name, blocker_words(view.release, blocker), theme.warn));
        }
    }
    if is_irreversible(stage) {
        facts.push(("no return", no_return(view, state), theme.warn));
    }
    if let Some(usual) = view.app.expected.stages.get(&stage.id).filter(|_| !matches!(stage.kind, StageKind::Soak { .. })) {
        let waits = if stage.steps().is_empty() { "" } else { ", with its waits for people" };
        facts.push(("expected", format!("{}{waits}", source(*usual)), theme.text));
    }
    match &stage.kind {
        StageKind::Task { run, undo, timeout, irreversible, .. } => {
            facts.push(("runs", run.clone(), theme.text));
            match undo {
                Some(undo) => facts.push(("undo", undo.clone(), theme.text)),
                None if *irreversible => {}
                None => facts.push(("undo", "none: a rollback leaves it as it is".to_owned(), theme.warn)),
            }
            facts.push(("time-out", timeout.to_string(), theme.text));
        }
        StageKind::Rollout { target, .. } => facts.push(("target", target.clone(), theme.text)),
        StageKind::Soak { .. } => {}
    }
    if !stage.signals.is_empty() {
        let then = on_fail_words(view, stage);
        facts.push(("signals", format!("{}: {then}", stage.signals.join(", ")), theme.text));
    }
    if let Some(runbook) = &stage.runbook {
        facts.push(("runbook", runbook.clone(), theme.text));
    }
    facts
}

/// What a point of no return means, before and after.
pub(super) fn no_return(view: &View<'_>, state: &StageState) -> String {
    let flag = view.glyphs.flag;
    match state.phase {
        Phase::Idle => format!("{flag} once it has begun, no rollback takes it back"),
        Phase::Passed => format!("{flag} it was passed: a rollback leaves what it did"),
        _ => format!("{flag} it has begun: a rollback leaves what it did"),
    }
}

/// What happens where one of a stage's signals fails.
pub(super) fn on_fail_words(view: &View<'_>, stage: &Stage) -> &'static str {
    match (view.release.on_fail(stage), stage.on_fail) {
        (OnFail::Rollback, _) => "rolls back by itself if one fails",
        (OnFail::Hold, OnFail::Rollback) => "holds if one fails: the automatic rollback is out",
        (OnFail::Hold, OnFail::Hold) => "holds if one fails",
    }
}
