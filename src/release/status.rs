//! Where a release stands, in the form that scripts read: `status --json`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    gate::{Blocker, CheckStatus, ReleaseStatus, StageStatus},
    state::Release,
};
use crate::health::{AlertState, Verdict};

/// Where a release stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// The release's id.
    pub release: String,
    /// What is released.
    pub service: String,
    /// The version it brings out.
    pub version: String,
    /// The version it replaces, where that is known.
    pub previous: Option<String>,
    /// The environment in which it is now.
    pub environment: String,
    /// The state of the whole.
    pub state: ReleaseStatus,
    /// Why it is held, or why it went back.
    pub why: Option<String>,
    /// The sequence number of its last event, for `--expect`.
    pub sequence: u64,
    /// When it began, as RFC 3339.
    pub started: String,
    /// When it ended, as RFC 3339.
    pub ended: Option<String>,
    /// Whether nothing stands in the way of what comes next.
    pub go: bool,
    /// What does.
    pub blockers: Vec<Blocker>,
    /// The stages, in the plan's order.
    pub stages: Vec<StageLine>,
    /// The checks, in the plan's order.
    pub checks: Vec<CheckLine>,
    /// The signals, in the plan's order.
    pub signals: Vec<SignalLine>,
    /// Whether it rolls back by itself where the plan says so: not while a person has taken that out.
    pub automatic: bool,
    /// The alerts that the signals count, firing or not heard.
    pub alerts: Vec<AlertLine>,
    /// The people who fly.
    pub operators: Vec<String>,
    /// Who drives it; none if nobody does.
    pub controller: Option<ControllerLine>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StageLine {
    /// Its name.
    pub id: String,
    /// Where it happens.
    pub environment: String,
    /// Its state.
    pub state: StageStatus,
    /// Which try this is, from 1; 0 before the first.
    pub attempt: u32,
    /// The step of a rollout, from 1; 0 before the first.
    pub step: u32,
    /// How many steps it has; 0 for what is no rollout.
    pub steps: usize,
    /// The weight that was last observed, in percent.
    pub weight: Option<u8>,
    /// When this attempt began, as RFC 3339.
    pub started: Option<String>,
    /// When it ended, as RFC 3339.
    pub ended: Option<String>,
    /// Why it failed, or what is not known.
    pub why: Option<String>,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckLine {
    /// Its name.
    pub id: String,
    /// Its state.
    pub state: CheckStatus,
    /// Who signed it, or `flightdeck` for one that was run.
    pub by: Option<String>,
    /// When, as RFC 3339.
    pub at: Option<String>,
    /// Where the proof is.
    pub evidence: Option<String>,
    /// A person's note, or what the run said.
    pub note: Option<String>,
    /// The stage that waits for it.
    pub before: Option<String>,
}

/// A signal.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SignalLine {
    /// Its name.
    pub id: String,
    /// What is thought of it.
    pub verdict: Verdict,
    /// Its newest number, in its unit.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// How old that number is, in seconds.
    pub age_seconds: Option<f64>,
    /// Why it is thought so.
    pub why: String,
    /// What came of judging it beside its baseline, where that is done and there is a canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<ComparedLine>,
}

/// What came of judging a signal beside its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ComparedLine {
    /// The signal that it is beside.
    pub baseline: String,
    /// Canary less baseline, in the signal's unit; of counts, as a share.
    pub estimate: Option<f64>,
    /// Where the difference lies; an end that has none is null.
    pub interval: Option<[Option<f64>; 2]>,
    /// Canary over baseline.
    pub ratio: Option<f64>,
    /// How many samples of the canary there are.
    pub canary_samples: usize,
    /// How many of the baseline.
    pub baseline_samples: usize,
    /// About how many more would settle it, where it is not settled.
    pub more: Option<u64>,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertLine {
    /// The signal that counts it.
    pub signal: String,
    /// Its name.
    pub name: String,
    /// What tells it from others of its name.
    pub fingerprint: String,
    /// How bad it is, where it says.
    pub severity: Option<String>,
    /// Whether it is heard.
    pub state: AlertState,
    /// Since when, as RFC 3339.
    pub since: String,
    /// Whether it has begun since the release did.
    pub new: bool,
    /// Who silenced it from here, if somebody did.
    pub silenced_by: Option<String>,
}

/// Who drives a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ControllerLine {
    /// The host.
    pub host: String,
    /// Since when, as RFC 3339.
    pub since: String,
}

impl Release {
    /// Where it stands. Whether its controller is `alive` the state alone cannot know.
    #[must_use]
    pub fn report(&self, alive: bool, now: Timestamp) -> Status {
        let blockers = self.blockers(now);
        let stages = self.stages().map(|(stage, state)| StageLine {
            id: stage.id.clone(),
            environment: stage.environment.clone(),
            state: self.stage_status(stage, state, now),
            attempt: state.attempt,
            step: state.step,
            steps: stage.steps().len(),
            weight: state.weight,
            started: state.started.map(|at| at.to_string()),
            ended: state.ended.map(|at| at.to_string()),
            why: state.why.clone(),
        });
        let checks = self.plan.checks.iter().map(|check| {
            let last = self.checks.get(&check.id).and_then(|state| state.last.as_ref());
            CheckLine {
                id: check.id.clone(),
                state: self.check_status(check, now),
                by: last.map(|last| last.by.clone()),
                at: last.map(|last| last.at.to_string()),
                evidence: last.and_then(|last| last.evidence.clone()),
                note: last.and_then(|last| last.note.clone()),
                before: check.before.clone(),
            }
        });
        let signals = self.plan.signals.iter().filter_map(|(id, signal)| {
            let judged = self.judge(id, now)?;
            Some(SignalLine {
                id: id.clone(),
                verdict: judged.verdict,
                value: judged.value,
                unit: signal.unit.clone(),
                age_seconds: judged.age(now).map(|age| age.as_secs_f64()),
                compared: judged.compared.as_ref().map(|compared| ComparedLine {
                    baseline: signal.baseline.clone().unwrap_or_default(),
                    estimate: compared.ruling.estimate,
                    interval: compared.ruling.interval,
                    ratio: compared.ruling.ratio,
                    canary_samples: compared.samples()[0],
                    baseline_samples: compared.samples()[1],
                    more: compared.ruling.more,
                }),
                why: judged.why,
            })
        });
        let alerts = self.alerts.iter().flat_map(|(signal, alerts)| alerts.known.iter().map(move |alert| (signal, alert)));
        let alerts = alerts.map(|(signal, alert)| AlertLine {
            signal: signal.clone(),
            name: alert.name.clone(),
            fingerprint: alert.fingerprint.clone(),
            severity: alert.severity.clone(),
            state: alert.state,
            since: alert.since.to_string(),
            new: alert.since >= self.started,
            silenced_by: self.silence_of(&alert.fingerprint).map(|silence| silence.by.clone()),
        });
        let hold = self.hold.as_ref().map(|hold| hold.why.clone());
        Status {
            release: self.id.clone(),
            service: self.plan.service.clone(),
            version: self.version.clone(),
            previous: self.previous.clone(),
            environment: self.environment().to_owned(),
            state: self.status(now),
            why: self.rollback.as_ref().map(|rollback| rollback.why.clone()).or(hold),
            sequence: self.sequence,
            started: self.started.to_string(),
            ended: self.ended.map(|at| at.to_string()),
            go: blockers.is_empty(),
            stages: stages.collect(),
            checks: checks.collect(),
            signals: signals.collect(),
            automatic: self.automatic_off.is_none(),
            alerts: alerts.collect(),
            operators: self.operators(),
            controller: self
                .controller
                .as_ref()
                .filter(|_| alive)
                .map(|controller| ControllerLine { host: controller.host.clone(), since: controller.since.to_string() }),
            blockers,
        }
    }

    /// The people who fly: those the plan names, and whoever has done something.
    #[must_use]
    pub fn operators(&self) -> Vec<String> {
        let mut names = self.plan.operators.keys().cloned().collect::<Vec<_>>();
        names.extend(self.people.iter().filter(|person| !self.plan.operators.contains_key(*person)).cloned());
        names
    }
}
