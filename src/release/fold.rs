//! How events change the state of a release.

use jiff::Timestamp;

use super::{
    bake::Bake,
    event::{Act, CONTROLLER, CheckResult, Event, EventKind, Outcome},
    marks::{self, Mark},
    signals::{Alerts, AutomaticOff},
    stage::{Operation, Phase, StageState, StepTaken, UndoState},
    state::{CheckOutcome, Controller, Hold, LogLine, Release, Rollback, Tone, Turn},
    words,
};
use crate::{
    health::{Verdict, compare},
    plan::{Duration, Id},
};

/// How many lines of the log the state keeps at hand for the screen; the journal has them all.
const RECENT: usize = 400;

impl Release {
    /// Folds the next event in.
    pub fn apply(&mut self, event: &Event) {
        self.sequence = self.sequence.saturating_add(1);
        let (words, tone) = words::of(event);
        // That a check run again says what it said before is no news.
        let tone = if self.says_the_same(event) { Tone::Detail } else { tone };
        self.follow_trials(event);
        if let Some(mark) = Mark::of(self, self.sequence, event) {
            marks::add(&mut self.marks, mark);
        }
        let was_back = self.is_traffic_back();
        self.change(event);
        let (words, tone) = match self.caught_after(event.at).filter(|_| !was_back) {
            Some(after) => (format!("{words}; all traffic is back, {after} after the sample that failed"), Tone::Good),
            None => (words, tone),
        };
        self.note_person(&event.by);
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(LogLine { sequence: self.sequence, at: event.at, by: event.by.clone(), words, tone });
    }

    /// Whether an event says what was said before, or that a signal of which nothing was known is well: that is no news.
    fn says_the_same(&self, event: &Event) -> bool {
        match &event.kind {
            EventKind::CheckEnded { check, result, .. } => {
                let last = self.checks.get(check).and_then(|state| state.last.as_ref());
                last.is_some_and(|last| last.result == *result)
            }
            EventKind::SignalTurned { signal, verdict: Verdict::Ok, .. } => !self.turns.contains_key(signal),
            _ => false,
        }
    }

    pub(super) fn note_person(&mut self, by: &str) {
        if by != CONTROLLER && !self.people.iter().any(|known| known == by) {
            self.people.push(by.to_owned());
        }
    }

    fn stage_mut(&mut self, id: &str) -> Option<&mut StageState> {
        let index = self.plan.stages.iter().position(|stage| stage.id == id)?;
        self.stages.get_mut(index)
    }

    fn with_stage(&mut self, id: &str, change: impl FnOnce(&mut StageState)) {
        if let Some(stage) = self.stage_mut(id) {
            change(stage);
        }
    }

    /// The length of the watch over a stage's step, or over the soak.
    fn bake_length(&self, id: &str, step: Option<u32>) -> Duration {
        match (self.plan.stage(id).map(|stage| &stage.kind), step) {
            (Some(crate::plan::StageKind::Soak { soak }), _) => *soak,
            (Some(crate::plan::StageKind::Rollout { steps, .. }), Some(step)) => {
                steps.get((step as usize).saturating_sub(1)).map_or(Duration::ZERO, |step| step.bake)
            }
            _ => Duration::ZERO,
        }
    }

    fn change(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            EventKind::Started { .. } | EventKind::Noted { .. } => {}
            EventKind::ControllerTook { host, pid, token, unwatched_since } => {
                self.controller = Some(Controller { host: host.clone(), pid: *pid, since: at, token: *token });
                if let Some(from) = unwatched_since {
                    let bakes = self.stages.iter_mut().filter_map(|state| state.bake.as_mut());
                    bakes.filter(|bake| !bake.done).for_each(|bake| bake.forget(*from, at));
                }
            }
            EventKind::StageStarted { stage, attempt } => self.with_stage(stage, |state| {
                *state = StageState {
                    phase: Phase::Running,
                    attempt: *attempt,
                    touched: state.touched,
                    weight: state.weight,
                    started: Some(at),
                    ..StageState::default()
                };
            }),
            EventKind::StepStarted { stage, step, .. } => self.with_stage(stage, |state| {
                state.phase = Phase::Running;
                state.step = *step;
                state.steps.push(StepTaken { step: *step, began: at, ended: None, weight: None });
                state.bake = None;
                state.operation = None;
            }),
            EventKind::OperationIntended { op, stage, attempt, step, act } => {
                let operation = Operation { id: op.clone(), act: act.clone(), attempt: *attempt, step: *step, at, outcome: None };
                self.operation_began(stage, operation);
            }
            EventKind::OperationEnded { op, stage, outcome } => {
                self.operation_ended(op, stage, outcome, at);
                self.end_stopped(at);
            }
            EventKind::BakeStarted { stage, step } => {
                let length = self.bake_length(stage, *step);
                self.with_stage(stage, |state| {
                    state.phase = Phase::Baking;
                    state.bake = Some(Bake { started: at, length, spans: Vec::new(), since: None, done: false });
                });
                self.count_bakes(at);
            }
            EventKind::BakeEnded { stage, .. } => self.with_stage(stage, |state| {
                state.phase = Phase::Paused;
                state.step_ended(at);
                if let Some(bake) = &mut state.bake {
                    bake.stop(at);
                    bake.done = true;
                }
            }),
            EventKind::StagePassed { stage } | EventKind::StageSettled { stage } => {
                let sequence = self.sequence;
                self.with_stage(stage, |state| {
                    state.step_ended(at);
                    state.end(Phase::Passed, at, None);
                    state.passed = Some(sequence);
                });
            }
            EventKind::StageFailed { stage, why } => {
                self.with_stage(stage, |state| state.end(Phase::Failed, at, Some(why.clone())));
            }
            EventKind::StageUnsettled { stage, why } => self.with_stage(stage, |state| {
                state.phase = Phase::Unsettled;
                state.why = Some(why.clone());
            }),
            EventKind::Held { why } => {
                self.hold = Some(Hold { by: event.by.clone(), at, sequence: self.sequence, why: why.clone() });
                self.count_bakes(at);
            }
            EventKind::Resumed { .. } => {
                self.hold = None;
                self.resumed = Some(at);
                self.turns.values_mut().for_each(|turn| turn.accepted |= turn.verdict == Verdict::Fail);
                self.count_bakes(at);
            }
            EventKind::RollbackStarted { why, steps, kept } => {
                self.ended = None;
                self.hold = None;
                let steps = steps.iter().cloned().map(UndoState::new).collect();
                // The signal that brought it is named first; an act that failed is no sample.
                let brought = |id: &str| why.strip_prefix(id).is_some_and(|rest| rest.starts_with(": "));
                let failing = self.turns.iter().find(|(id, turn)| turn.verdict == Verdict::Fail && brought(id));
                let sampled = failing.and_then(|(_, turn)| turn.sampled).filter(|_| event.by == CONTROLLER);
                let (by, why, kept) = (event.by.clone(), why.clone(), kept.clone());
                self.rollback = Some(Rollback { by, at, why, steps, kept, sampled, done: false });
                self.count_bakes(at);
                self.end_stopped(at);
            }
            EventKind::RollbackStuck { stage, why } => self.with_undo(stage, |undo| undo.stuck = Some(why.clone())),
            EventKind::RollbackRetried { stage } => self.with_undo(stage, |undo| {
                undo.stuck = None;
                undo.operation = None;
                undo.tries = 0;
            }),
            EventKind::RolledBack => {
                self.ended = Some(at);
                self.checks_stop();
                if let Some(rollback) = &mut self.rollback {
                    rollback.done = true;
                }
            }
            EventKind::Completed => {
                self.ended = Some(at);
                self.checks_stop();
            }
            EventKind::CheckSigned { check, note, evidence, version, digest } => {
                // A signature for another version or another plan is no signature for this one.
                if *version == self.version && *digest == self.digest {
                    self.check_ended(check, CheckResult::Passed, event, note.clone(), evidence.clone());
                }
            }
            EventKind::CheckStarted { check } => {
                if let Some(state) = self.checks.get_mut(check) {
                    state.running = Some(at);
                }
            }
            EventKind::CheckEnded { check, result, detail } => {
                self.check_ended(check, *result, event, (!detail.is_empty()).then(|| detail.clone()), None);
            }
            EventKind::SignalTurned { signal, verdict, why, sampled, undecided, evidence, .. } => {
                let (verdict, undecided, sampled) = (*verdict, *undecided, *sampled);
                // It may fail by a threshold, whatever the comparison says.
                let worse = evidence.as_deref().is_some_and(|evidence| evidence.verdict == compare::Verdict::Fail);
                let recovered = verdict == Verdict::Ok || (verdict == Verdict::Warn && !undecided);
                let before = self.turns.get(signal).filter(|_| !recovered);
                // Whoever mends it and goes on then finds it left open already, and means the failure all the same.
                let shown_worse = (verdict == Verdict::Fail && worse) || before.is_some_and(|turn| turn.shown_worse);
                let accepted = before.is_some_and(|turn| turn.accepted);
                let sequence = self.sequence;
                let turn = Turn { verdict, at, why: why.clone(), sampled, undecided, sequence, shown_worse, accepted };
                self.turns.insert(signal.clone(), turn);
                self.count_bakes(at);
            }
            EventKind::AlertsChanged { signal, alerts, more } => {
                self.alerts.insert(signal.clone(), Alerts { at, known: alerts.clone(), more: *more });
            }
            EventKind::SourceWarned { signal, warnings } if warnings.is_empty() => {
                self.warnings.shift_remove(signal);
            }
            EventKind::SourceWarned { signal, warnings } => {
                self.warnings.insert(signal.clone(), warnings.clone());
            }
            EventKind::AutomaticSet { on, why } => {
                self.automatic_off = (!on).then(|| AutomaticOff { by: event.by.clone(), at, why: why.clone() });
            }
            EventKind::SilenceAsked { .. }
            | EventKind::SilenceSet { .. }
            | EventKind::SilenceLifted { .. }
            | EventKind::SilenceEnded { .. }
            | EventKind::SilenceFailed { .. } => self.silence_changed(event),
        }
    }

    /// Lets the time of every watch that is not over count or not: it is no watch while the release is held or goes back,
    /// nor while a signal of its stage has turned unknown.
    fn count_bakes(&mut self, at: Timestamp) {
        let flies = self.hold.is_none() && self.rollback.is_none();
        for (stage, state) in self.plan.stages.iter().zip(&mut self.stages) {
            let Some(bake) = state.bake.as_mut().filter(|bake| !bake.done) else { continue };
            // A watch is what more samples are waited for in.
            let unknown = |id: &Id| self.turns.get(id).is_some_and(|turn| turn.verdict == Verdict::Unknown && !turn.undecided);
            if flies && !stage.signals.iter().any(unknown) { bake.go_on(at) } else { bake.stop(at) }
        }
    }

    fn with_undo(&mut self, stage: &str, change: impl FnOnce(&mut UndoState)) {
        let undo = self.rollback.as_mut().and_then(|rollback| rollback.steps.iter_mut().find(|undo| undo.step.stage == stage));
        if let Some(undo) = undo {
            change(undo);
        }
    }

    fn check_ended(&mut self, check: &str, result: CheckResult, event: &Event, note: Option<String>, evidence: Option<String>) {
        if let Some(state) = self.checks.get_mut(check) {
            state.running = None;
            state.last = Some(CheckOutcome { result, by: event.by.clone(), at: event.at, note, evidence });
        }
    }

    /// Nobody runs the checks of a release that is over: what still ran is open again, or as it was.
    fn checks_stop(&mut self) {
        self.checks.values_mut().for_each(|check| check.running = None);
    }

    /// Once the release goes back, ends each open stage of which nothing runs any more and that has no step on the way back.
    fn end_stopped(&mut self, at: Timestamp) {
        let Some(rollback) = &self.rollback else { return };
        for (stage, state) in self.plan.stages.iter().zip(&mut self.stages) {
            let undone = rollback.steps.iter().any(|undo| undo.step.stage == stage.id);
            if undone || !state.phase.is_open() || state.under_way().is_some() {
                continue;
            }
            match state.operation.as_ref().map(|operation| &operation.outcome) {
                // It was faster than the way back. What stays of it is named there.
                Some(Some(Outcome::Succeeded { .. })) => state.end(Phase::Passed, at, None),
                Some(Some(Outcome::Lost { why })) => {
                    let why = format!("stopped by the rollback, and nobody knows how it ended: {why}");
                    state.end(Phase::Failed, at, Some(why));
                }
                None if !state.touched => state.end(Phase::RolledBack, at, None),
                Some(_) | None => state.end(Phase::Failed, at, Some("stopped by the rollback".to_owned())),
            }
        }
    }

    fn operation_began(&mut self, stage: &str, operation: Operation) {
        if matches!(operation.act, Act::Undo | Act::Restore) {
            self.with_undo(stage, |undo| {
                undo.tries = undo.tries.saturating_add(1);
                undo.again = false;
                undo.operation = Some(operation);
            });
        } else {
            self.with_stage(stage, |state| {
                let same = state.operation.as_ref().is_some_and(|last| last.act == operation.act);
                state.tries = if same { state.tries.saturating_add(1) } else { 1 };
                state.touched = true;
                state.operation = Some(operation);
            });
        }
    }

    /// Only the first outcome of an operation counts.
    fn operation_ended(&mut self, op: &str, stage: &str, outcome: &Outcome, at: Timestamp) {
        if self.stage(stage).is_some_and(|(_, state)| state.under_way().is_some_and(|operation| operation.id == op)) {
            self.with_stage(stage, |state| state.acted(outcome));
            // Whatever still acted on a target while its traffic went back may have moved it again.
            self.with_undo(stage, UndoState::overtaken);
            return;
        }
        let mut undone = None;
        self.with_undo(stage, |undo| {
            if undo.under_way().is_some_and(|operation| operation.id == op) {
                undone = undo.ended(outcome);
            }
        });
        if let Some(act) = undone {
            self.with_stage(stage, |state| {
                if act == Act::Restore {
                    state.weight = Some(0);
                }
                let ended = state.ended.unwrap_or(at);
                state.end(Phase::RolledBack, ended, state.why.clone());
            });
        }
    }
}
