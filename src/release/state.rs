//! What is so: the state of a release, folded from its events.
//!
//! [`Release::apply`] is the only way in which it changes, but for the samples of its signals, which stand beside the
//! events and are given by [`Release::observe`]. Two processes that have read the same journal hold the same state.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{
    bake::Bake,
    event::{Act, CONTROLLER, CheckResult, Event, EventKind, Kept, Outcome, UndoStep},
    marks::{self, Mark},
    signals::{self, Alerts, AutomaticOff},
    silence::Silence,
    trials::Tried,
    words,
};
use crate::{
    health::{Compared, Series, Unknown, Verdict, Watched, compare},
    plan::{Duration, Id, Plan, Stage},
};

/// How many lines of the log the state keeps at hand for the screen; the journal has them all.
const RECENT: usize = 400;

/// One attempt to bring a version through a plan.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its id.
    pub id: String,
    /// The version it brings out.
    pub version: String,
    /// The version it replaces, where that is known.
    pub previous: Option<String>,
    /// The plan it flies.
    pub plan: Arc<Plan>,
    /// The plan's digest.
    pub digest: String,
    /// The folder in which the plan's commands run.
    pub folder: String,
    /// The sequence number of the last event folded in.
    pub sequence: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// Its stages, in the plan's order and as many as the plan has.
    pub stages: Vec<StageState>,
    /// What is known of each check.
    pub checks: IndexMap<Id, CheckState>,
    /// What was last written down of each signal's verdict.
    pub turns: IndexMap<Id, Turn>,
    /// The samples at hand of each signal.
    pub(super) watched: IndexMap<Id, Watched>,
    /// What came of judging each signal that is compared, found out once for each sample that comes.
    pub(super) compared: IndexMap<Id, OnceLock<Result<Arc<Compared>, Unknown>>>,
    /// The samples at hand of each endpoint of a signal that has several, by `SIGNAL@ENDPOINT`.
    pub(super) parts: IndexMap<Id, Series>,
    /// When each signal that is compared was, or is, judged beside its baseline.
    pub(super) trials: IndexMap<Id, Tried>,
    /// The alerts that match each signal that counts some.
    pub alerts: IndexMap<Id, Alerts>,
    /// What the source of a signal wants to be known.
    pub warnings: IndexMap<Id, Vec<String>>,
    /// Why the release does not roll back by itself, if a person took that out.
    pub automatic_off: Option<AutomaticOff>,
    /// The silences that were asked for, the oldest first.
    pub silences: Vec<Silence>,
    /// Why nothing new starts, if so.
    pub hold: Option<Hold>,
    /// When it last went on after a hold.
    pub resumed: Option<Timestamp>,
    /// The way back, once it began.
    pub rollback: Option<Rollback>,
    /// Who drives it, or drove it last.
    pub controller: Option<Controller>,
    /// The people who have done something in it, the first first.
    pub people: Vec<String>,
    /// The last lines of its log, the oldest first.
    pub recent: VecDeque<LogLine>,
    /// What changed on the world, the oldest first: at most [`marks::MARKS`], what moved traffic kept longest.
    pub marks: VecDeque<Mark>,
}

/// The state of a stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StageState {
    /// How far it is.
    pub phase: Phase,
    /// Which try this is, from 1; 0 before the first.
    pub attempt: u32,
    /// The step of a rollout, from 1; 0 before the first.
    pub step: u32,
    /// The steps that this attempt has taken, the first first.
    pub steps: Vec<StepTaken>,
    /// The weight that was last observed, in percent.
    pub weight: Option<u8>,
    /// Whether this attempt's version was observed on the target.
    pub deployed: bool,
    /// Whether an act of it ever began, so that there may be something to take back.
    pub touched: bool,
    /// When this attempt began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The act under way, or the last one with its outcome.
    pub operation: Option<Operation>,
    /// The watch over the step or soak.
    pub bake: Option<Bake>,
    /// Why it failed, or what is not known.
    pub why: Option<String>,
    /// The sequence number of the event with which it passed: the way back goes by it.
    pub passed: Option<u64>,
    /// How often the act under way, or the last one, was begun.
    pub tries: u32,
}

/// A step of a rollout that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTaken {
    /// Which, from 1.
    pub step: u32,
    /// When it was taken.
    pub began: Timestamp,
    /// When it was done, and had been watched.
    pub ended: Option<Timestamp>,
    /// The weight that was observed after it, in percent.
    pub weight: Option<u8>,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not begun.
    #[default]
    Idle,
    /// An act on the world is under way or due.
    Running,
    /// It is being watched.
    Baking,
    /// A step is done; a person takes the next.
    Paused,
    /// Nobody knows how its task ended; a person decides.
    Unsettled,
    /// Done.
    Passed,
    /// Failed.
    Failed,
    /// Taken back.
    RolledBack,
}

impl Phase {
    /// Whether it has begun and not ended.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Baking | Self::Paused | Self::Unsettled)
    }
}

/// An act on the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// What is done.
    pub act: Act,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// The step it belongs to.
    pub step: Option<u32>,
    /// When it was intended.
    pub at: Timestamp,
    /// How it ended; none while nobody has written that down.
    pub outcome: Option<Outcome>,
}

/// From `from` to `to` in milliseconds, at least 0.
pub(crate) fn millis_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond().saturating_sub(from.as_millisecond()).max(0)
}

/// What is known of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckState {
    /// Since when it is being run, if it is.
    pub running: Option<Timestamp>,
    /// What came of it last.
    pub last: Option<CheckOutcome>,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutcome {
    /// The result; a signature is a pass.
    pub result: CheckResult,
    /// Who signed it, or [`CONTROLLER`].
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// A person's note or what the run said.
    pub note: Option<String>,
    /// Where the proof is.
    pub evidence: Option<String>,
}

/// A change of a signal's verdict, as it was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What it turned to.
    pub verdict: Verdict,
    /// When it was written down.
    pub at: Timestamp,
    /// Why, in a sentence.
    pub why: String,
    /// When the value that turned it was taken at its source.
    pub sampled: Option<Timestamp>,
    /// Whether it is not known only because more samples are needed to tell a canary from its baseline.
    pub undecided: bool,
    /// Whether it fails because it was shown to be worse than its baseline.
    pub shown_worse: bool,
    /// Whether a person went on in spite of this failure, or of one from which it has not recovered since.
    pub accepted: bool,
}

/// Why nothing new starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who holds it.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// The sequence number of the event that brought it.
    pub sequence: u64,
    /// Why.
    pub why: String,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// What is undone, in this order.
    pub steps: Vec<UndoState>,
    /// What stays as it is.
    pub kept: Vec<Kept>,
    /// When the sample was taken that brought it, where it began by itself.
    pub sampled: Option<Timestamp>,
    /// Whether it is through.
    pub done: bool,
}

/// The state of one step of the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoState {
    /// What it is.
    pub step: UndoStep,
    /// Its act under way, or the last one with its outcome.
    pub operation: Option<Operation>,
    /// How often it was tried.
    pub tries: u32,
    /// Why it is stuck, if it is.
    pub stuck: Option<String>,
    /// Whether it is done.
    pub done: bool,
    /// Whether something else still acted on its target after its act began, so that it has to be done again.
    again: bool,
}

/// Who drives a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The host it runs on.
    pub host: String,
    /// Its process id.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
    /// Its fencing token.
    pub token: u64,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The event's sequence number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What, in words.
    pub words: String,
    /// How much it matters.
    pub tone: Tone,
}

/// How much a line of the log matters to somebody who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// How the work is done: of interest in a log, not on the screen.
    Detail,
    /// It goes on.
    Plain,
    /// Something was reached.
    Good,
    /// Look at it.
    Warn,
    /// It went wrong.
    Bad,
}

/// The first event of a release is not [`EventKind::Started`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the release's first event does not say what was started")]
pub struct NotStarted;

impl Release {
    /// The release that an event of the kind [`EventKind::Started`] begins.
    ///
    /// # Errors
    /// [`NotStarted`] if it is another event.
    pub fn begin(event: Event) -> Result<Self, NotStarted> {
        let words = words::of(&event);
        let EventKind::Started { release, version, previous, plan, digest, folder } = event.kind else {
            return Err(NotStarted);
        };
        let mut begun = Self {
            id: release,
            version,
            previous,
            digest,
            folder,
            sequence: 1,
            started: event.at,
            ended: None,
            stages: plan.stages.iter().map(|_| StageState::default()).collect(),
            checks: plan.checks.iter().map(|check| (check.id.clone(), CheckState::default())).collect(),
            turns: IndexMap::new(),
            watched: signals::watched(&plan),
            compared: signals::compared(&plan),
            parts: IndexMap::new(),
            trials: IndexMap::new(),
            alerts: IndexMap::new(),
            warnings: IndexMap::new(),
            automatic_off: None,
            silences: Vec::new(),
            plan: plan.into(),
            hold: None,
            resumed: None,
            rollback: None,
            controller: None,
            people: Vec::new(),
            recent: VecDeque::new(),
            marks: VecDeque::new(),
        };
        begun.note_person(&event.by);
        begun.recent.push_back(LogLine { sequence: 1, at: event.at, by: event.by, words: words.0, tone: words.1 });
        Ok(begun)
    }

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

    /// The stages of the plan with their state.
    pub fn stages(&self) -> impl DoubleEndedIterator<Item = (&Stage, &StageState)> {
        self.plan.stages.iter().zip(&self.stages)
    }

    /// A stage of the plan with its state.
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<(&Stage, &StageState)> {
        self.stages().find(|(stage, _)| stage.id == id)
    }

    /// Whether the new version is out.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.ended.is_some() && self.rollback.is_none()
    }

    /// Whether nothing more will happen unless a person asks for it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
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

    fn note_person(&mut self, by: &str) {
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
                let shown_worse = verdict == Verdict::Fail && worse;
                let recovered = matches!(verdict, Verdict::Ok | Verdict::Warn);
                let accepted = !recovered && self.turns.get(signal).is_some_and(|turn| turn.accepted);
                let turn = Turn { verdict, at, why: why.clone(), sampled, undecided, shown_worse, accepted };
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

impl StageState {
    /// Takes the outcome of its act in.
    fn acted(&mut self, outcome: &Outcome) {
        let Some(operation) = &mut self.operation else { return };
        operation.outcome = Some(outcome.clone());
        if matches!(outcome, Outcome::Succeeded { .. }) {
            match operation.act {
                Act::Deploy => self.deployed = true,
                Act::Weight { weight } => {
                    self.weight = Some(weight);
                    if let Some(taken) = self.steps.last_mut() {
                        taken.weight = Some(weight);
                    }
                }
                Act::Run | Act::Undo | Act::Restore => {}
            }
        }
    }

    fn step_ended(&mut self, at: Timestamp) {
        if let Some(taken) = self.steps.last_mut() {
            taken.ended.get_or_insert(at);
        }
    }

    fn end(&mut self, phase: Phase, at: Timestamp, why: Option<String>) {
        self.phase = phase;
        self.ended = Some(at);
        self.why = why;
    }

    /// The act under way, if one is.
    #[must_use]
    pub fn under_way(&self) -> Option<&Operation> {
        self.operation.as_ref().filter(|operation| operation.outcome.is_none())
    }
}

impl UndoState {
    /// Takes the outcome of its act in; the act if that took the stage back.
    fn ended(&mut self, outcome: &Outcome) -> Option<Act> {
        let operation = self.operation.as_mut()?;
        operation.outcome = Some(outcome.clone());
        let succeeded = matches!(outcome, Outcome::Succeeded { .. });
        if succeeded && self.again {
            self.once_more();
            return None;
        }
        self.done = succeeded;
        succeeded.then_some(operation.act.clone())
    }

    /// Something else that acted on its target has ended: what its own act did until then does not count.
    fn overtaken(&mut self) {
        if self.done {
            self.once_more();
        } else if self.under_way().is_some() {
            self.again = true;
        }
    }

    fn once_more(&mut self) {
        (self.done, self.again, self.operation, self.tries) = (false, false, None, 0);
    }

    fn new(step: UndoStep) -> Self {
        Self { step, operation: None, tries: 0, stuck: None, done: false, again: false }
    }

    /// The act under way, if one is.
    #[must_use]
    pub fn under_way(&self) -> Option<&Operation> {
        self.operation.as_ref().filter(|operation| operation.outcome.is_none())
    }
}
