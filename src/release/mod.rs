//! The pure core: what happened, what is so, what may be done, what would follow. No I/O, no clock, no randomness.
//!
//! [`decide()`] turns what a person asks for into events, [`advance()`] what happens by itself; [`Release::apply`] folds
//! them. Gates, consequences, the way back and the status are functions of the same state.

mod advance;
mod bake;
mod consequence;
mod decide;
mod event;
mod expected;
mod fold;
mod gate;
mod marks;
mod rollback;
mod signals;
mod silence;
mod stage;
mod state;
mod status;
mod summary;
mod trials;
mod words;

pub(crate) use state::millis_between;

pub use advance::{Wanted, advance, has_spoken, wanted};
pub use bake::Bake;
pub use consequence::Consequence;
pub use decide::{Ask, Command, Refusal, Seen, StageSeen, decide};
pub use event::*;
pub use expected::{Expected, Past, Usual};
pub use gate::{Blocker, BlockerKind, CheckStatus, ReleaseStatus, StageStatus};
pub use marks::{Change, MARKS, Mark};
pub use rollback::RollbackPlan;
pub use signals::{Alerts, AutomaticOff};
pub use silence::{Silence, SilencePhase};
pub use stage::{Operation, Phase, StageState, StepTaken, UndoState};
pub use state::*;
pub use status::{AlertLine, CheckLine, ComparedLine, ControllerLine, SignalLine, StageLine, Status};
pub use words::{act_words, kept_words, verdict_word};
