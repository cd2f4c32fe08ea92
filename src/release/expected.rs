//! What things usually take: from what they took in earlier releases of the same service.

use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{
    event::{Act, Event, EventKind, Outcome},
    state::millis_between,
};
use crate::plan::{Id, Plan, Stage, StageKind};

/// From how many of the newest releases a usual time is taken.
const FROM: usize = 5;

/// What something usually takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// The median of the last times.
    pub median: Duration,
    /// From how many releases it is.
    pub releases: usize,
}

/// What the stages of a plan, their steps and the whole usually take. What was never done before is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The whole release, from its start to the new version being out.
    pub release: Option<Usual>,
    /// A stage: for a task the time its command runs, else all that lies between its start and its end.
    pub stages: IndexMap<Id, Usual>,
    /// A step of a rollout, from 1: its act and its watch, without the time in which it waits for a person.
    pub steps: IndexMap<(Id, u32), Usual>,
}

impl Expected {
    /// What the plan's stages usually take, after earlier releases, the newest first.
    #[must_use]
    pub fn of<'a>(plan: &Plan, earlier: impl IntoIterator<Item = &'a Past>) -> Self {
        let earlier = earlier.into_iter().collect::<Vec<_>>();
        let same_stages =
            |past: &&&Past| past.plan.stages.iter().map(|stage| &stage.id).eq(plan.stages.iter().map(|stage| &stage.id));
        let release = usual(earlier.iter().filter(same_stages).filter_map(|past| past.took));
        let mut expected = Self { release, ..Self::default() };
        for stage in &plan.stages {
            let alike = || earlier.iter().filter(|past| past.plan.stage(&stage.id).is_some_and(|then| is_alike(then, stage)));
            if let Some(usual) = usual(alike().filter_map(|past| past.stages.get(&stage.id).copied())) {
                expected.stages.insert(stage.id.clone(), usual);
            }
            for number in (1_u32..).take(stage.steps().len()) {
                let key = (stage.id.clone(), number);
                if let Some(usual) = usual(alike().filter_map(|past| past.steps.get(&key).copied())) {
                    expected.steps.insert(key, usual);
                }
            }
        }
        expected
    }

    /// What a step usually takes.
    #[must_use]
    pub fn step(&self, stage: &str, step: u32) -> Option<Usual> {
        self.steps.iter().find(|((id, number), _)| id == stage && *number == step).map(|(_, usual)| *usual)
    }
}

/// The median of the newest of some times.
fn usual(times: impl Iterator<Item = Duration>) -> Option<Usual> {
    let mut times = times.take(FROM).collect::<Vec<_>>();
    times.sort_unstable();
    let (lower, upper) = (times.get(times.len().saturating_sub(1) / 2)?, times.get(times.len() / 2)?);
    Some(Usual { median: lower.saturating_add(*upper) / 2, releases: times.len() })
}

/// Whether a stage did the same then, so that it tells what it takes now.
fn is_alike(then: &Stage, now: &Stage) -> bool {
    match (&then.kind, &now.kind) {
        (StageKind::Task { run: then, .. }, StageKind::Task { run: now, .. }) => then == now,
        (StageKind::Rollout { target: at, steps: then }, StageKind::Rollout { target, steps: now }) => {
            at == target && then == now
        }
        (StageKind::Soak { soak: then }, StageKind::Soak { soak: now }) => then == now,
        _ => false,
    }
}

/// What a release took, collected from its events.
#[derive(Debug, Clone)]
pub struct Past {
    plan: Plan,
    began: Timestamp,
    took: Option<Duration>,
    stages: IndexMap<Id, Duration>,
    steps: IndexMap<(Id, u32), Duration>,
    open: IndexMap<Id, Open>,
}

/// What is known of a stage that has begun and not passed.
#[derive(Debug, Clone)]
struct Open {
    began: Timestamp,
    /// The step that is being taken, since when.
    step: Option<(u32, Timestamp)>,
    /// The operation that began last, what it does and since when.
    operation: Option<(String, Act, Timestamp)>,
    /// How long the task ran that succeeded.
    ran: Option<Duration>,
    steps: Vec<(u32, Duration)>,
}

impl Past {
    /// A release from its first event; none from any other event.
    #[must_use]
    pub fn begin(event: Event) -> Option<Self> {
        let EventKind::Started { plan, .. } = event.kind else { return None };
        Some(Self {
            plan: *plan,
            began: event.at,
            took: None,
            stages: IndexMap::new(),
            steps: IndexMap::new(),
            open: IndexMap::new(),
        })
    }

    /// Takes a later event in. An event in between that tells nothing of times may be left out.
    pub fn take(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            EventKind::StageStarted { stage, .. } => {
                let open = Open { began: at, step: None, operation: None, ran: None, steps: Vec::new() };
                self.open.insert(stage.clone(), open);
            }
            EventKind::StepStarted { stage, step, .. } => {
                if let Some(open) = self.open.get_mut(stage) {
                    open.step = Some((*step, at));
                }
            }
            EventKind::OperationIntended { op, stage, act, .. } => {
                if let Some(open) = self.open.get_mut(stage) {
                    open.operation = Some((op.clone(), act.clone(), at));
                }
            }
            EventKind::OperationEnded { op, stage, outcome: Outcome::Succeeded { .. } } => {
                let Some(open) = self.open.get_mut(stage) else { return };
                if let Some((_, Act::Run, since)) = open.operation.as_ref().filter(|(known, ..)| known == op) {
                    open.ran = Some(between(*since, at));
                }
            }
            EventKind::BakeEnded { stage, .. } => {
                if let Some(open) = self.open.get_mut(stage) {
                    open.step_ends(at);
                }
            }
            EventKind::StagePassed { stage } => {
                let Some(mut open) = self.open.shift_remove(stage) else { return };
                open.step_ends(at);
                self.stages.insert(stage.clone(), open.ran.unwrap_or_else(|| between(open.began, at)));
                self.steps.extend(open.steps.into_iter().map(|(step, took)| ((stage.clone(), step), took)));
            }
            EventKind::Completed => self.took = Some(between(self.began, at)),
            _ => {}
        }
    }
}

impl Open {
    fn step_ends(&mut self, at: Timestamp) {
        if let Some((step, since)) = self.step.take() {
            self.steps.push((step, between(since, at)));
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(millis_between(from, to)).unwrap_or(0))
}
