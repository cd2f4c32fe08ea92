//! The state of a stage on the way forth, and of a step of the way back.

use jiff::Timestamp;

use super::{
    bake::Bake,
    event::{Act, Outcome, UndoStep},
};

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
    pub(super) again: bool,
}

impl StageState {
    /// Takes the outcome of its act in.
    pub(super) fn acted(&mut self, outcome: &Outcome) {
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

    pub(super) fn step_ended(&mut self, at: Timestamp) {
        if let Some(taken) = self.steps.last_mut() {
            taken.ended.get_or_insert(at);
        }
    }

    pub(super) fn end(&mut self, phase: Phase, at: Timestamp, why: Option<String>) {
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
    pub(super) fn ended(&mut self, outcome: &Outcome) -> Option<Act> {
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
    pub(super) fn overtaken(&mut self) {
        if self.done {
            self.once_more();
        } else if self.under_way().is_some() {
            self.again = true;
        }
    }

    fn once_more(&mut self) {
        (self.done, self.again, self.operation, self.tries) = (false, false, None, 0);
    }

    pub(super) fn new(step: UndoStep) -> Self {
        Self { step, operation: None, tries: 0, stuck: None, done: false, again: false }
    }

    /// The act under way, if one is.
    #[must_use]
    pub fn under_way(&self) -> Option<&Operation> {
        self.operation.as_ref().filter(|operation| operation.outcome.is_none())
    }
}
