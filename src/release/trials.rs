//! The trials of a release: since when, and until when, a signal of the new version has a stable one to be judged beside.
//!
//! A trial is one signal's in one rollout, so that rollouts side by side do not disturb each other's, though they name the same
//! signal. It begins with the rollout's first traffic, is over when the stable version may have none any more, and begins
//! again with another attempt, or when a person goes on in spite of a failure that it showed.
//!
//! When trials begin and end follows from events alone, and not from samples: whoever reads the journal finds the same.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::{
    event::{Act, Event, EventKind, Outcome},
    state::Release,
};
use crate::{
    health::{Compared, Trial, Unknown},
    plan::{Id, Stage, StageKind},
};

/// The trial of a signal in a rollout.
#[derive(Debug, Clone)]
pub(super) struct Tried {
    pub(super) rollout: Id,
    pub(super) signal: Id,
    pub(super) trial: Trial,
    /// What came of it, found out once for each sample that comes.
    pub(super) found: OnceLock<Result<Arc<Compared>, Unknown>>,
}

impl Tried {
    fn new(rollout: &str, signal: &str, trial: Trial) -> Self {
        Self { rollout: rollout.to_owned(), signal: signal.to_owned(), trial, found: OnceLock::new() }
    }

    fn end(&mut self, at: Timestamp) {
        self.change(Trial { until: Some(self.trial.until.unwrap_or(at)), ..self.trial });
    }

    fn change(&mut self, trial: Trial) {
        if self.trial != trial {
            self.trial = trial;
            self.found.take();
        }
    }
}

impl Release {
    /// The time in which a signal is judged beside its baseline, in the rollout that began it last; none before its canary
    /// has traffic.
    #[must_use]
    pub fn trial(&self, signal: &str) -> Option<Trial> {
        self.trials_of(signal).map(|tried| tried.trial).max_by_key(|trial| trial.from)
    }

    /// The time in which a signal is judged beside its baseline in a rollout.
    #[must_use]
    pub fn trial_in(&self, rollout: &str, signal: &str) -> Option<Trial> {
        self.tried_in(rollout, signal).map(|tried| tried.trial)
    }

    /// The trials of a signal.
    pub(super) fn trials_of(&self, signal: &str) -> impl Iterator<Item = &Tried> {
        self.trials.iter().filter(move |tried| tried.signal == signal)
    }

    pub(super) fn tried_in(&self, rollout: &str, signal: &str) -> Option<&Tried> {
        self.trials_of(signal).find(|tried| tried.rollout == rollout)
    }

    /// What is judged anew when somebody goes on: in rollouts under way, what a stage waits for and its comparison showed to
    /// be worse than its baseline. With it whether there will be anything to judge it by: not where all traffic goes over.
    pub(super) fn judged_anew(&self) -> impl Iterator<Item = (&Stage, &str, bool)> {
        let open = self.stages().filter(|(_, state)| state.phase.is_open());
        open.flat_map(move |(stage, state)| {
            let weight = stage.steps().get((state.step as usize).saturating_sub(1)).map_or(0, |step| step.weight);
            let worse = self.turns.iter().filter(|(_, turn)| turn.shown_worse).map(|(id, _)| id.as_str());
            let named = worse.filter(move |id| self.plan.is_judged_beside(stage, id));
            named.filter_map(move |id| {
                let tried = self.tried_in(&stage.id, id)?;
                Some((stage, id, tried.trial.until.is_none() && weight < 100))
            })
        })
    }

    /// Follows the trials. The event is not yet folded in.
    pub(super) fn follow_trials(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            // Another attempt is another version of the same number, or another target. Where the canary keeps the traffic
            // that an earlier rollout to the same target gave it, it is judged on.
            EventKind::StepStarted { step: 1, stage, .. } => {
                let kept = self.tried_by(stage).filter_map(|signal| Some((signal, self.trial_on_target(stage, signal)?)));
                let kept = kept.map(|(signal, trial)| Tried::new(stage, signal, trial)).collect::<Vec<_>>();
                self.trials.retain(|tried| tried.rollout != *stage);
                self.trials.extend(kept);
            }
            // From here on the stable version may have no traffic any more; what opened the gate to it stands.
            EventKind::OperationIntended { stage, act: Act::Weight { weight: 100 }, .. } => self.end_trials(stage, at),
            EventKind::OperationEnded { op, stage, outcome: Outcome::Succeeded { .. } } => match self.act_under_way(op, stage) {
                Some(Act::Weight { weight: 100 }) => self.end_trials(stage, at),
                Some(Act::Weight { .. }) if self.rollback.is_none() => {
                    let trial = Trial { from: at, until: None };
                    let new = self.tried_by(stage).filter(|signal| self.tried_in(stage, signal).is_none());
                    let new = new.map(|signal| Tried::new(stage, signal, trial)).collect::<Vec<_>>();
                    self.trials.extend(new);
                }
                _ => {}
            },
            EventKind::RollbackStarted { .. } => self.trials.iter_mut().for_each(|tried| tried.end(at)),
            // Whoever goes on has seen what was shown, and takes it on themselves; what comes now is judged anew.
            EventKind::Resumed { .. } => {
                let anew = self.judged_anew().map(|(stage, id, more)| (stage.id.clone(), id.to_owned(), more));
                for (rollout, signal, more) in anew.collect::<Vec<_>>() {
                    let found = self.trials.iter_mut().find(|tried| tried.rollout == rollout && tried.signal == signal);
                    if let Some(turn) = self.turns.get_mut(&signal) {
                        (turn.shown_worse, turn.accepted) = (false, true);
                    }
                    if let Some(tried) = found {
                        tried.change(Trial { from: at, until: if more { None } else { tried.trial.until.or(Some(at)) } });
                    }
                }
            }
            _ => {}
        }
    }

    /// The signals that are judged with a rollout.
    fn tried_by(&self, rollout: &str) -> impl Iterator<Item = &str> {
        let rollout = self.plan.stage(rollout);
        let signals = self.plan.signals.keys().map(String::as_str);
        signals.filter(move |id| rollout.is_some_and(|rollout| self.plan.is_tried_by(rollout, id)))
    }

    /// The trial of a signal in another rollout to the same target, while both versions have traffic there.
    fn trial_on_target(&self, stage: &str, signal: &str) -> Option<Trial> {
        let (there, own) = (self.target_of(stage), |tried: &&Tried| tried.rollout == stage);
        let others = self.trials_of(signal).filter(|tried| !own(tried) && self.target_of(&tried.rollout) == there);
        others.map(|tried| tried.trial).find(|trial| trial.until.is_none())
    }

    /// Ends the trials on a rollout's target.
    fn end_trials(&mut self, stage: &str, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let target_of = |rollout: &str| plan.stage(rollout).and_then(target);
        let there = |rollout: &str| target_of(rollout) == target_of(stage);
        self.trials.iter_mut().filter(|tried| there(&tried.rollout)).for_each(|tried| tried.end(at));
    }

    fn act_under_way(&self, op: &str, stage: &str) -> Option<&Act> {
        let (_, state) = self.stage(stage)?;
        state.under_way().filter(|operation| operation.id == op).map(|operation| &operation.act)
    }

    /// The target of a rollout.
    pub(super) fn target_of(&self, stage: &str) -> Option<&str> {
        self.plan.stage(stage).and_then(target)
    }
}

fn target(stage: &Stage) -> Option<&str> {
    match &stage.kind {
        StageKind::Rollout { target, .. } => Some(target),
        StageKind::Task { .. } | StageKind::Soak { .. } => None,
    }
}
