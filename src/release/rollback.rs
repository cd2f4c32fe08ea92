//! The way back: what will be undone in which order, what cannot be, what was never done.

use super::{
    event::{Act, Kept, UndoStep, WhyKept},
    stage::Phase,
    state::Release,
};
use crate::plan::StageKind;

/// What a rollback would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RollbackPlan {
    /// What is undone, in this order: traffic first, then what was done last.
    pub steps: Vec<UndoStep>,
    /// What stays as it is, and why, in the plan's order.
    pub kept: Vec<Kept>,
}

impl Release {
    /// What a rollback would do if it were given now.
    ///
    /// A rollout whose target was ever acted on gives its traffic back, whatever is thought of how far it got. A task is
    /// undone only if it was done; what was done last is undone first, in whichever order the plan was written.
    #[must_use]
    pub fn rollback_plan(&self) -> RollbackPlan {
        let mut restore = Vec::new();
        let mut undo = Vec::new();
        let mut kept = Vec::new();
        for (stage, state) in self.stages() {
            let step = |act| UndoStep { stage: stage.id.clone(), environment: stage.environment.clone(), act };
            let why = match &stage.kind {
                StageKind::Rollout { .. } if state.touched => {
                    restore.push(step(Act::Restore));
                    continue;
                }
                _ if state.phase == Phase::Idle => WhyKept::NeverDone,
                StageKind::Soak { .. } => WhyKept::NothingToUndo,
                _ if !state.touched && state.phase != Phase::Passed => WhyKept::NeverDone,
                StageKind::Task { irreversible: true, .. } => WhyKept::Irreversible,
                StageKind::Task { undo: None, .. } => WhyKept::NoUndo,
                StageKind::Task { .. } if state.phase == Phase::Passed => {
                    undo.push((state.passed, step(Act::Undo)));
                    continue;
                }
                StageKind::Task { .. } => WhyKept::Unfinished,
                StageKind::Rollout { .. } => WhyKept::NothingToUndo,
            };
            kept.push(Kept { stage: stage.id.clone(), why });
        }
        restore.reverse();
        undo.sort_by_key(|(passed, _)| *passed);
        restore.extend(undo.into_iter().rev().map(|(_, step)| step));
        RollbackPlan { steps: restore, kept }
    }
}
