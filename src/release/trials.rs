//! The trials of a release: since when, and until when, a signal of the new version has a stable one to be judged beside.
//!
//! A trial belongs to a signal and to the rollout that began it, so that rollouts side by side do not disturb each other's. It
//! begins with the rollout's first traffic, is over when the stable version may have none any more, and begins again with
//! another attempt, or when a person goes on in spite of a failure that it showed.

use jiff::Timestamp;

use super::{
    event::{Act, Event, EventKind, Outcome},
    state::Release,
};
use crate::{
    health::Trial,
    plan::{Id, StageKind},
};

/// A signal's trial, and the rollout that began it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tried {
    rollout: Id,
    trial: Trial,
}

impl Tried {
    fn ended(&self, at: Timestamp) -> Self {
        let until = Some(self.trial.until.unwrap_or(at));
        Self { trial: Trial { until, ..self.trial }, ..self.clone() }
    }
}

impl Release {
    /// The time in which a signal is judged beside its baseline; none before its canary has traffic.
    #[must_use]
    pub fn trial(&self, signal: &str) -> Option<Trial> {
        self.trials.get(signal).map(|tried| tried.trial)
    }

    /// The signals whose comparison showed them to be worse than their baselines when they were last written down.
    pub(super) fn shown_worse(&self) -> impl Iterator<Item = &str> {
        self.turns.iter().filter(|(_, turn)| turn.shown_worse).map(|(id, _)| id.as_str())
    }

    /// Follows the trials. The event is not yet folded in.
    pub(super) fn follow_trials(&mut self, event: &Event) {
        for (signal, tried) in self.next_trials(event) {
            if self.trials.get(&signal) == tried.as_ref() {
                continue;
            }
            if let Some(found) = self.compared.get_mut(&signal) {
                found.take();
            }
            match tried {
                Some(tried) => drop(self.trials.insert(signal, tried)),
                None => drop(self.trials.shift_remove(&signal)),
            }
        }
    }

    /// The trials that an event changes, as they are from then on.
    fn next_trials(&self, event: &Event) -> Vec<(Id, Option<Tried>)> {
        let at = event.at;
        match &event.kind {
            // Another attempt is another version of the same number, or another target.
            EventKind::StepStarted { step: 1, stage, .. } => self.tried_by(stage).map(|id| (id, None)).collect(),
            // From here on the stable version may have no traffic any more; what opened the gate to it stands.
            EventKind::OperationIntended { stage, act: Act::Weight { weight: 100 }, .. } => self.ended_by(stage, at),
            EventKind::OperationEnded { op, stage, outcome: Outcome::Succeeded { .. } } => match self.act_under_way(op, stage) {
                Some(Act::Weight { weight: 100 }) => self.ended_by(stage, at),
                Some(Act::Weight { .. }) => {
                    let new = Tried { rollout: stage.clone(), trial: Trial { from: at, until: None } };
                    let not_its_own = |id: &Id| self.trials.get(id).is_none_or(|tried| tried.rollout != *stage);
                    self.tried_by(stage).filter(not_its_own).map(|id| (id, Some(new.clone()))).collect()
                }
                _ => Vec::new(),
            },
            EventKind::RollbackStarted { .. } => {
                self.trials.iter().map(|(id, tried)| (id.clone(), Some(tried.ended(at)))).collect()
            }
            // Whoever goes on has seen what was shown, and takes it on themselves; what comes now is judged anew.
            EventKind::Resumed { .. } => {
                let tried = self.shown_worse().filter_map(|id| Some((id, self.trials.get(id)?.clone())));
                let anew = |tried: Tried| Tried { trial: Trial { from: at, ..tried.trial }, ..tried };
                tried.map(|(id, tried)| (id.to_owned(), Some(anew(tried)))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The signals that are judged with a rollout, but for those that are judged with another one just now.
    fn tried_by<'a>(&'a self, rollout: &'a str) -> impl Iterator<Item = Id> + 'a {
        let tried = move |id: &&Id| self.plan.stage(rollout).is_some_and(|rollout| self.plan.is_tried_by(rollout, id));
        self.compared.keys().filter(tried).filter(move |id| !self.is_tried_elsewhere(id, rollout)).cloned()
    }

    /// Whether a signal is judged with another rollout that is under way.
    fn is_tried_elsewhere(&self, signal: &str, stage: &str) -> bool {
        let Some(tried) = self.trials.get(signal).filter(|tried| tried.rollout != stage) else { return false };
        tried.trial.until.is_none() && self.stage(&tried.rollout).is_some_and(|(_, state)| state.phase.is_open())
    }

    /// The trials on a rollout's target, which are over.
    fn ended_by(&self, stage: &str, at: Timestamp) -> Vec<(Id, Option<Tried>)> {
        let target = self.target_of(stage);
        let there = self.trials.iter().filter(|(_, tried)| self.target_of(&tried.rollout) == target);
        there.map(|(id, tried)| (id.clone(), Some(tried.ended(at)))).collect()
    }

    fn act_under_way(&self, op: &str, stage: &str) -> Option<&Act> {
        let (_, state) = self.stage(stage)?;
        state.under_way().filter(|operation| operation.id == op).map(|operation| &operation.act)
    }

    /// The target of a rollout.
    pub(super) fn target_of(&self, stage: &str) -> Option<&str> {
        match &self.plan.stage(stage)?.kind {
            StageKind::Rollout { target, .. } => Some(target),
            StageKind::Task { .. } | StageKind::Soak { .. } => None,
        }
    }
}
