//! What stands in the way: gates, and the go or no-go they add up to.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    event::CheckResult,
    stage::{Phase, StageState},
    state::{CheckState, Release},
};
use crate::{
    health::{Unknown, Verdict},
    plan::{Advance, Check, CheckKind, Stage, StageKind},
};

/// Something that stands in the way of the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Blocker {
    /// The stage that waits, if it is one.
    pub stage: Option<String>,
    /// What kind of thing is in the way.
    pub kind: BlockerKind,
    /// Its name: the check's, the signal's, the stage's, or who holds.
    pub id: String,
    /// Why it is in the way, in a sentence.
    pub why: String,
}

/// The kinds of thing that can stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockerKind {
    /// A check that does not hold, or of which that is not known.
    Check,
    /// A signal that is not ok, or of which that is not known.
    Signal,
    /// The release is held.
    Hold,
    /// A stage failed, or nobody knows how it ended.
    Stage,
    /// The release goes or went back.
    Rollback,
}

/// A stage's state, as everybody outside sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// Stages before it are not done.
    Pending,
    /// It could begin, but something is in the way.
    Blocked,
    /// It can begin.
    Ready,
    /// It is being done.
    Running,
    /// It is being watched.
    Baking,
    /// It waits for a person.
    Paused,
    /// Done.
    Passed,
    /// Failed.
    Failed,
    /// Taken back.
    RolledBack,
    /// The release ended before it was its turn.
    Skipped,
}

/// A check's state, as everybody outside sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Nobody signed it, or it was not run.
    Open,
    /// It is being run.
    Running,
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be found out.
    CouldNotRun,
    /// It held, too long ago.
    Expired,
    /// Somebody took it on themselves.
    Waived,
}

impl CheckStatus {
    /// As a word or two.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::CouldNotRun => "could not run",
            Self::Expired => "expired",
            Self::Waived => "waived",
        }
    }

    /// Whether it lets a stage begin.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Self::Passed | Self::Waived)
    }
}

/// The state of the whole release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseStatus {
    /// It goes on by itself.
    Running,
    /// Nothing new starts until somebody resumes.
    Held,
    /// It waits for a person.
    Awaiting,
    /// It goes back.
    RollingBack,
    /// It is back where it came from.
    RolledBack,
    /// The new version is out.
    Completed,
    /// The way back is stuck.
    Failed,
}

impl ReleaseStatus {
    /// As a word or two.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Held => "held",
            Self::Awaiting => "awaiting",
            Self::RollingBack => "rolling back",
            Self::RolledBack => "rolled back",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// The state of a check at a time.
#[must_use]
pub(super) fn check_status(check: &Check, state: &CheckState, now: Timestamp) -> CheckStatus {
    let running = state.running.is_some();
    let Some(last) = &state.last else { return if running { CheckStatus::Running } else { CheckStatus::Open } };
    let expired = check.max_age.is_some_and(|most| super::millis_between(last.at, now) > most.as_millis());
    match last.result {
        // A pass holds while it is looked at again.
        CheckResult::Passed if !expired => CheckStatus::Passed,
        _ if running => CheckStatus::Running,
        CheckResult::Passed => CheckStatus::Expired,
        CheckResult::Failed => CheckStatus::Failed,
        CheckResult::CouldNotRun => CheckStatus::CouldNotRun,
    }
}

fn signal_blocker(stage: &Stage, id: &str, verdict: Verdict, why: &str) -> Blocker {
    Blocker {
        stage: Some(stage.id.clone()),
        kind: BlockerKind::Signal,
        id: id.to_owned(),
        why: format!("{}: {why}", super::verdict_word(verdict)),
    }
}

impl Release {
    /// The state of a check at a time; open if it is not known.
    #[must_use]
    pub fn check_status(&self, check: &Check, now: Timestamp) -> CheckStatus {
        self.checks.get(&check.id).map_or(CheckStatus::Open, |state| check_status(check, state, now))
    }

    /// Whether the stages that a stage needs have passed.
    #[must_use]
    pub fn is_due(&self, stage: &Stage) -> bool {
        stage.needs.iter().all(|need| self.stage(need).is_some_and(|(_, state)| state.phase == Phase::Passed))
    }

    /// The state of a stage at a time.
    #[must_use]
    pub fn stage_status(&self, stage: &Stage, state: &StageState, now: Timestamp) -> StageStatus {
        match state.phase {
            Phase::Idle if self.rollback.as_ref().is_some_and(|rollback| rollback.done) => StageStatus::Skipped,
            Phase::Idle if self.rollback.is_some() || !self.is_due(stage) => StageStatus::Pending,
            Phase::Idle if self.in_the_way(stage, state, now).next().is_none() => StageStatus::Ready,
            Phase::Idle => StageStatus::Blocked,
            Phase::Running => StageStatus::Running,
            Phase::Baking => StageStatus::Baking,
            Phase::Paused | Phase::Unsettled => StageStatus::Paused,
            Phase::Passed => StageStatus::Passed,
            Phase::Failed => StageStatus::Failed,
            Phase::RolledBack => StageStatus::RolledBack,
        }
    }

    /// What stands in the way of a stage's beginning, or of its next step.
    #[must_use]
    pub fn gate(&self, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<Blocker> {
        self.in_the_way(stage, state, now).collect()
    }

    /// The same, found one by one.
    fn in_the_way(&self, stage: &Stage, state: &StageState, now: Timestamp) -> impl Iterator<Item = Blocker> {
        let checks = self.plan.checks.iter().filter(|check| check.before.as_deref() == Some(stage.id.as_str()));
        let unsettled = checks.filter_map(move |check| {
            let status = self.check_status(check, now);
            (!status.holds()).then(|| Blocker {
                stage: Some(stage.id.clone()),
                kind: BlockerKind::Check,
                id: check.id.clone(),
                why: self.check_words(check, status),
            })
        });
        let signals = std::iter::once_with(move || self.unhealthy(stage, state, now)).flatten();
        self.holds().into_iter().chain(unsettled).chain(signals)
    }

    /// The signals of a stage that do not let it go on.
    #[must_use]
    pub fn unhealthy(&self, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<Blocker> {
        // A rollout that is to begin has no traffic yet that could be judged; one that failed with some has.
        let begins = matches!(state.phase, Phase::Idle | Phase::Failed) && state.weight.unwrap_or(0) == 0;
        let without_traffic = begins && matches!(stage.kind, StageKind::Rollout { .. });
        let mut blockers = Vec::new();
        for id in &stage.signals {
            let (Some(signal), Some(judged)) = (self.plan.signals.get(id), self.judge_in(stage, id, now)) else {
                blockers.push(signal_blocker(stage, id, Verdict::Unknown, "the plan does not have it"));
                continue;
            };
            let excused = match judged.verdict {
                Verdict::Ok | Verdict::Warn => true,
                Verdict::Unknown => (signal.needs_traffic || judged.unknown == Some(Unknown::NoCanary)) && without_traffic,
                Verdict::Fail => false,
            };
            if !excused {
                blockers.push(signal_blocker(stage, id, judged.verdict, &judged.why));
            }
        }
        blockers
    }

    /// What keeps a watch from ending once its time is over.
    pub(super) fn gate_of_watch(&self, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<Blocker> {
        let mut blockers = self.holds();
        blockers.extend(self.unhealthy_watched(stage, state, now));
        blockers
    }

    /// The signals of a stage that is being watched which do not let it go on; once its time is over, also those that have
    /// said too little since it began.
    fn unhealthy_watched(&self, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<Blocker> {
        let mut blockers = self.unhealthy(stage, state, now);
        let Some(bake) = state.bake.as_ref().filter(|bake| !bake.done && bake.left(now).is_zero()) else { return blockers };
        for id in super::advance::silent(self, stage, bake) {
            if blockers.iter().all(|blocker| blocker.id != *id) {
                blockers.push(signal_blocker(stage, id, Verdict::Unknown, "too few samples since the watch began"));
            }
        }
        blockers
    }

    fn check_words(&self, check: &Check, status: CheckStatus) -> String {
        match (status, &check.kind) {
            (CheckStatus::Open, CheckKind::Signed) => "nobody has signed it".to_owned(),
            (CheckStatus::Open, _) => "it has not been run".to_owned(),
            (CheckStatus::Expired, CheckKind::Signed) => "its signature has expired".to_owned(),
            (CheckStatus::Failed | CheckStatus::CouldNotRun, _) => {
                let note = self.checks.get(&check.id).and_then(|state| state.last.as_ref()?.note.as_deref());
                note.map_or_else(|| status.word().to_owned(), |note| format!("{}: {note}", status.word()))
            }
            (status, _) => status.word().to_owned(),
        }
    }

    /// What holds the release as a whole.
    fn holds(&self) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        if let Some(rollback) = &self.rollback {
            let stuck = rollback.steps.iter().find_map(|undo| Some((&undo.step.stage, undo.stuck.as_ref()?)));
            let why = match stuck {
                Some((stage, why)) => format!("the rollback is stuck at {stage}: {why}"),
                None if rollback.done => "it was rolled back".to_owned(),
                None => "it is being rolled back".to_owned(),
            };
            blockers.push(Blocker { stage: None, kind: BlockerKind::Rollback, id: rollback.by.clone(), why });
        }
        if let Some(hold) = &self.hold {
            blockers.push(Blocker { stage: None, kind: BlockerKind::Hold, id: hold.by.clone(), why: hold.why.clone() });
        }
        blockers
    }

    /// Everything that stands in the way of what comes next. It is GO where there is nothing.
    #[must_use]
    pub fn blockers(&self, now: Timestamp) -> Vec<Blocker> {
        let mut blockers = self.holds();
        if self.rollback.is_some() || self.is_over() {
            return blockers;
        }
        for (stage, state) in self.stages() {
            let found = match state.phase {
                Phase::Idle if self.is_due(stage) => self.gate(stage, state, now),
                // What keeps the step after this one from being taken is in the way already.
                Phase::Baking | Phase::Paused if (state.step as usize) < stage.steps().len() => {
                    let mut found = self.gate(stage, state, now);
                    let watched = self.unhealthy_watched(stage, state, now);
                    found.extend(watched.into_iter().filter(|more| !found.contains(more)).collect::<Vec<_>>());
                    found
                }
                Phase::Baking => self.unhealthy_watched(stage, state, now),
                Phase::Running | Phase::Paused => self.unhealthy_under_way(stage, state, now),
                Phase::Failed | Phase::Unsettled => vec![Blocker {
                    stage: Some(stage.id.clone()),
                    kind: BlockerKind::Stage,
                    id: stage.id.clone(),
                    why: match state.phase {
                        Phase::Failed => state.why.clone().unwrap_or_else(|| "it failed".to_owned()),
                        _ => "nobody knows how it ended".to_owned(),
                    },
                }],
                Phase::Idle | Phase::Passed | Phase::RolledBack => Vec::new(),
            };
            blockers.extend(found.into_iter().filter(|blocker| blocker.stage.is_some()));
        }
        blockers
    }

    /// A stage that has only just begun to act has no samples yet to speak of: only a failure counts against it.
    fn unhealthy_under_way(&self, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<Blocker> {
        let mut found = self.unhealthy(stage, state, now);
        if state.phase == Phase::Running && state.step <= 1 {
            found.retain(|blocker| self.judge_in(stage, &blocker.id, now).is_some_and(|judged| judged.verdict == Verdict::Fail));
        }
        found
    }

    /// Whether a person must take the next step of a stage that nothing else keeps back.
    #[must_use]
    pub fn awaits_person(&self, stage: &Stage, state: &StageState) -> bool {
        if self.rollback.is_some() || self.is_over() {
            return false;
        }
        match state.phase {
            Phase::Unsettled => true,
            Phase::Paused => stage.advance == Advance::Manual && (state.step as usize) < stage.steps().len(),
            Phase::Idle => stage.advance == Advance::Manual && self.is_due(stage),
            _ => false,
        }
    }

    /// The state of the whole release at a time.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> ReleaseStatus {
        if let Some(rollback) = &self.rollback {
            return if rollback.done {
                ReleaseStatus::RolledBack
            } else if rollback.steps.iter().any(|undo| undo.stuck.is_some()) {
                ReleaseStatus::Failed
            } else {
                ReleaseStatus::RollingBack
            };
        }
        if self.is_over() {
            return ReleaseStatus::Completed;
        }
        if self.hold.is_some() {
            return ReleaseStatus::Held;
        }
        if self.stages().any(|(stage, state)| self.awaits_person(stage, state)) {
            return ReleaseStatus::Awaiting;
        }
        let under_way = self.stages.iter().any(|state| matches!(state.phase, Phase::Running | Phase::Baking));
        let moves = under_way || self.checks.values().any(|check| check.running.is_some());
        let stands = self.stages().any(|(stage, state)| {
            matches!(self.stage_status(stage, state, now), StageStatus::Blocked | StageStatus::Paused | StageStatus::Failed)
        });
        if stands && !moves { ReleaseStatus::Awaiting } else { ReleaseStatus::Running }
    }

    /// The environment where it happens now: that of the first stage that is not done, else of the last.
    #[must_use]
    pub fn environment(&self) -> &str {
        let open = self.stages().find(|(_, state)| state.phase.is_open() || state.phase == Phase::Failed);
        let next = || self.stages().find(|(_, state)| state.phase == Phase::Idle && self.rollback.is_none());
        let last = || self.stages().rfind(|(_, state)| state.phase != Phase::Idle);
        open.or_else(next).or_else(last).map_or("", |(stage, _)| stage.environment.as_str())
    }
}
