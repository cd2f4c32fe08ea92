//! How far something is in the time that it usually takes.

use std::time::Duration;

use ratatui::style::Style;

use super::View;
use crate::{
    plan::{Stage, StageKind},
    release::{Act, Phase, StageState, Usual},
    tui::words,
};

/// How many columns an elapsed time takes, so that nothing moves when it grows.
pub(super) const ELAPSED: usize = 6;

/// How many columns the head of a frame takes beside what the release usually takes.
pub(super) const HEAD: usize = 16;

/// What is under way, since when, and what it usually takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// For how long.
    pub(super) elapsed: Duration,
    /// What it usually takes.
    pub(super) usual: Usual,
}

impl Progress {
    /// The progress of a stage whose task runs; none for one of which nothing is known from before.
    pub(super) fn of(view: &View<'_>, stage: &Stage, state: &StageState) -> Option<Self> {
        if state.phase != Phase::Running || view.release.rollback.is_some() {
            return None;
        }
        let operation = state.under_way().filter(|operation| operation.act == Act::Run)?;
        let usual = *view.app.expected.stages.get(&stage.id)?;
        Some(Self { elapsed: view.since(operation.at), usual })
    }

    /// Which part of the usual time is over, at most 1.
    pub(super) fn part(&self) -> f64 {
        let median = self.usual.median.as_secs_f64();
        if median <= 0.0 { 1.0 } else { (self.elapsed.as_secs_f64() / median).min(1.0) }
    }

    /// By how much it takes longer than usual.
    pub(super) fn over(&self) -> Option<Duration> {
        self.elapsed.checked_sub(self.usual.median).filter(|over| over.as_secs() > 0)
    }

    /// In a few columns, of which only the first ones change: `3m10s of ~4m`, and `5m10s  1m over` once it takes longer.
    pub(super) fn words(&self) -> String {
        let elapsed = words::right(&words::span(self.elapsed), ELAPSED, "");
        match self.over() {
            Some(over) => format!("{elapsed} {} over", words::right(&words::age(over), 4, "")),
            None => format!("{elapsed} of ~{}", words::about(self.usual.median)),
        }
    }

    /// What matters of it where there is little room.
    pub(super) fn short(&self) -> String {
        let elapsed = || words::right(&words::span(self.elapsed), ELAPSED, "");
        self.over().map_or_else(elapsed, |over| format!("{} over", words::age(over)))
    }

    /// How it looks: one that takes half as long again, and a minute at least, is worth a look.
    pub(super) fn look(&self, view: &View<'_>) -> Style {
        let late = self.over().is_some_and(|over| over >= (self.usual.median / 2).max(Duration::from_secs(60)));
        if late { view.theme.warn } else { view.theme.text }
    }
}

/// What a stage may be expected to take, in a column: what it took before, else what its watches take alone.
pub(super) fn expected(view: &View<'_>, stage: &Stage) -> String {
    if let StageKind::Soak { soak } = &stage.kind {
        return words::about(soak.get());
    }
    if let Some(usual) = view.app.expected.stages.get(&stage.id) {
        return format!("~{}", words::about(usual.median));
    }
    let watched = stage.steps().iter().map(|step| step.bake.get()).sum::<Duration>();
    if watched.is_zero() { view.glyphs.dash.to_owned() } else { format!("{}+", words::about(watched)) }
}

/// What the whole release usually takes, in so many columns; nothing where nobody knows.
pub(super) fn release(view: &View<'_>, columns: usize) -> String {
    let Some(usual) = view.app.expected.release.filter(|_| view.release.rollback.is_none()) else { return String::new() };
    let about = words::about(usual.median);
    let said = format!("  usually done in {about}");
    if words::width(&said) <= columns { said } else { format!("  ~{about}") }
}

/// From how many releases a usual time is, in words.
pub(super) fn source(usual: Usual) -> String {
    let releases =
        if usual.releases == 1 { "the last release".to_owned() } else { format!("the last {} releases", usual.releases) };
    format!("usually ~{}, from {releases}", words::about(usual.median))
}

/// How long a stage has run or ran; none for one that has not begun.
pub(super) fn elapsed(view: &View<'_>, state: &StageState) -> Option<Duration> {
    let started = state.started?;
    match state.ended {
        Some(ended) => Some(View::between(started, ended)),
        None => state.phase.is_open().then(|| view.since(started)),
    }
}
