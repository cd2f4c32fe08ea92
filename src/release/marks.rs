//! What changed on the world, and when: the marks that a chart of a signal carries, so that cause and effect stand in one picture.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{
    event::{Act, Event, EventKind, Outcome},
    state::Release,
};
use crate::plan::{Id, StageKind};

/// How many marks are kept at hand; the journal has every event.
pub const MARKS: usize = 256;

/// A change on the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The sequence number of the event that tells of it.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// The stage it belongs to; none for what concerns the whole release.
    pub stage: Option<Id>,
    /// What changed.
    pub change: Change,
}

/// What can change on the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A task's stage began, or began again.
    Started,
    /// A task's stage is done.
    Passed,
    /// A task's stage failed.
    Failed,
    /// The new version was observed with so much of the traffic, in percent.
    Weight(u8),
    /// The way back was given.
    Rollback,
    /// The release is back where it came from.
    RolledBack,
    /// The new version is out.
    Completed,
}

impl Change {
    /// Whether it moved traffic, or was given to: such a mark is kept before the others.
    #[must_use]
    pub fn moves_traffic(self) -> bool {
        matches!(self, Self::Weight(_) | Self::Rollback)
    }
}

impl Mark {
    /// The mark that an event leaves on a release that has not folded it in yet.
    pub(super) fn of(release: &Release, sequence: u64, event: &Event) -> Option<Self> {
        let is_task = |stage: &str| release.plan.stage(stage).is_some_and(|stage| matches!(stage.kind, StageKind::Task { .. }));
        let of_task = |stage: &str, change| is_task(stage).then(|| (Some(stage.to_owned()), change));
        let (stage, change) = match &event.kind {
            EventKind::StageStarted { stage, .. } => of_task(stage, Change::Started),
            EventKind::StagePassed { stage } | EventKind::StageSettled { stage } => of_task(stage, Change::Passed),
            EventKind::StageFailed { stage, .. } => of_task(stage, Change::Failed),
            EventKind::OperationEnded { op, stage, outcome: Outcome::Succeeded { .. } } => {
                release.weight_of(op, stage).map(|weight| (Some(stage.clone()), Change::Weight(weight)))
            }
            EventKind::RollbackStarted { .. } => Some((None, Change::Rollback)),
            EventKind::RolledBack => Some((None, Change::RolledBack)),
            EventKind::Completed => Some((None, Change::Completed)),
            _ => None,
        }?;
        Some(Self { sequence, at: event.at, stage, change })
    }
}

impl Release {
    /// The weight that an act under way leaves on its target once it has succeeded, if it moves traffic.
    fn weight_of(&self, op: &str, stage: &str) -> Option<u8> {
        let forth = self.stage(stage).and_then(|(_, state)| state.under_way());
        let steps = self.rollback.iter().flat_map(|rollback| &rollback.steps);
        let back = steps.filter(|undo| undo.step.stage == stage).find_map(|undo| undo.under_way());
        match forth.into_iter().chain(back).find(|operation| operation.id == op)?.act {
            Act::Weight { weight } => Some(weight),
            Act::Restore => Some(0),
            Act::Run | Act::Undo | Act::Deploy => None,
        }
    }
}

/// Adds a mark. Where there are too many, the oldest goes that moved no traffic; if all did, the oldest.
pub(super) fn add(marks: &mut VecDeque<Mark>, mark: Mark) {
    if marks.len() >= MARKS {
        let place = marks.iter().position(|mark| !mark.change.moves_traffic()).unwrap_or(0);
        marks.remove(place);
    }
    marks.push_back(mark);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(sequence: u64, change: Change) -> Mark {
        Mark { sequence, at: Timestamp::UNIX_EPOCH, stage: None, change }
    }

    #[test]
    fn keeps_what_moved_traffic_longest() {
        let mut marks = VecDeque::new();
        add(&mut marks, mark(1, Change::Weight(5)));
        for sequence in 2..=400 {
            add(&mut marks, mark(sequence, Change::Started));
        }
        assert_eq!(marks.len(), MARKS);
        assert_eq!(marks.front(), Some(&mark(1, Change::Weight(5))));
        assert_eq!(marks.get(1).map(|mark| mark.sequence), Some(146));
        for sequence in 401..=1000 {
            add(&mut marks, mark(sequence, Change::Weight(1)));
        }
        assert_eq!((marks.len(), marks.front().map(|mark| mark.sequence)), (MARKS, Some(745)));
    }
}
