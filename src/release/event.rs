//! What happened: the words the journal is written in.
//!
//! Events are facts, in the past tense, and small. Their JSON is what the journal keeps for ever: a field may be added
//! with a default, none may change its meaning or go away without a new [`FORMAT`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    health::{Alert, Evidence, Verdict},
    plan::Plan,
};

/// The version of the form in which events are written now.
pub const FORMAT: u32 = 1;

/// Something that happened in a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who did it: an operator's name, or [`CONTROLLER`] for what happens by itself.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The name under which the controller's own events stand.
pub const CONTROLLER: &str = "flightdeck";

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// The release began. Always the first event, and only that.
    Started {
        /// The release's id.
        release: String,
        /// The version to bring out.
        version: String,
        /// The version it replaces, where it is known.
        previous: Option<String>,
        /// The plan as it stood, which this release flies to its end.
        plan: Box<Plan>,
        /// The plan's digest, which sign-offs are bound to.
        digest: String,
        /// The plan's folder, in which its commands run.
        folder: String,
    },
    /// Another process took the controls. Bakes do not count the time in which nobody had them.
    ControllerTook {
        /// The host it runs on.
        host: String,
        /// Its process id.
        pid: u32,
        /// Its fencing token: higher than any before.
        token: u64,
        /// The last sign of life of the controller before, if there was one.
        unwatched_since: Option<Timestamp>,
    },
    /// A stage began, or began again.
    StageStarted {
        /// The stage.
        stage: String,
        /// Which try this is, from 1.
        attempt: u32,
    },
    /// A rollout goes to its next step. The traffic moves when the operation for it has succeeded.
    StepStarted {
        /// The stage.
        stage: String,
        /// The attempt.
        attempt: u32,
        /// Which step, from 1.
        step: u32,
        /// The weight it leads to, in percent.
        weight: u8,
    },
    /// The controller is about to act on the world. Written before it does.
    OperationIntended {
        /// The operation's id, under which the act is claimed.
        op: String,
        /// The stage it is for.
        stage: String,
        /// The attempt.
        attempt: u32,
        /// The step, for an act on a target.
        step: Option<u32>,
        /// The act.
        act: Act,
    },
    /// How an act ended. Written once, after.
    OperationEnded {
        /// The operation's id.
        op: String,
        /// The stage it was for.
        stage: String,
        /// The outcome.
        outcome: Outcome,
    },
    /// The watch over a step or a soak began: the effect has been observed.
    BakeStarted {
        /// The stage.
        stage: String,
        /// The step; none for a soak.
        step: Option<u32>,
    },
    /// A step or a soak was watched for its time, and was healthy at its end.
    BakeEnded {
        /// The stage.
        stage: String,
        /// The step; none for a soak.
        step: Option<u32>,
    },
    /// A stage is done.
    StagePassed {
        /// The stage.
        stage: String,
    },
    /// A stage failed.
    StageFailed {
        /// The stage.
        stage: String,
        /// Why, in a sentence: for a signal, its name, its value and its threshold.
        why: String,
    },
    /// Nobody knows how a stage's task ended, and it may not simply be run again.
    StageUnsettled {
        /// The stage.
        stage: String,
        /// What is known.
        why: String,
    },
    /// A person looked, and says that the unsettled task was done.
    StageSettled {
        /// The stage.
        stage: String,
    },
    /// Nothing new starts.
    Held {
        /// Why.
        why: String,
    },
    /// It goes on.
    Resumed {
        /// Why, if a reason was given.
        why: Option<String>,
    },
    /// The way back began.
    RollbackStarted {
        /// Why.
        why: String,
        /// What is undone, in this order.
        steps: Vec<UndoStep>,
        /// What stays as it is, and why.
        kept: Vec<Kept>,
    },
    /// The rollback stopped at a step that failed; it can be retried.
    RollbackStuck {
        /// The stage whose undoing failed.
        stage: String,
        /// Why.
        why: String,
    },
    /// A rollback that was stuck is tried again.
    RollbackRetried {
        /// The stage whose undoing is tried again.
        stage: String,
    },
    /// The release is back where it came from.
    RolledBack,
    /// The new version is out.
    Completed,
    /// A person signed a check.
    CheckSigned {
        /// The check.
        check: String,
        /// What they say of it.
        note: Option<String>,
        /// Where the proof is.
        evidence: Option<String>,
        /// The version it was signed for.
        version: String,
        /// The plan it was signed for.
        digest: String,
    },
    /// A check is being run.
    CheckStarted {
        /// The check.
        check: String,
    },
    /// A check was run.
    CheckEnded {
        /// The check.
        check: String,
        /// What came of it.
        result: CheckResult,
        /// What it said, in a line.
        detail: String,
    },
    /// What is thought of a signal changed.
    SignalTurned {
        /// The signal.
        signal: String,
        /// What is thought of it now.
        verdict: Verdict,
        /// The value that turned it.
        value: Option<f64>,
        /// Why, in a sentence.
        why: String,
        /// When that value was taken at its source.
        sampled: Option<Timestamp>,
        /// Whether it is not known only because more samples are needed to tell a canary from its baseline.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        undecided: bool,
        /// What the judge decided, on which data, where it was the judge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Box<Evidence>>,
    },
    /// The alerts that match a signal are others than before.
    AlertsChanged {
        /// The signal.
        signal: String,
        /// All of them now, or the worst and newest where there are many.
        alerts: Vec<Alert>,
        /// How many more there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u32,
    },
    /// What a signal's source wants to be known is something else than before.
    SourceWarned {
        /// The signal.
        signal: String,
        /// Its words; none where it has nothing more to say.
        warnings: Vec<String>,
    },
    /// A person took the automatic rollback out, or back in.
    AutomaticSet {
        /// Whether the release may roll back by itself from now on.
        on: bool,
        /// Why.
        why: String,
    },
    /// A person asked for an alert to be silent for as long as a stage takes.
    SilenceAsked {
        /// The silence's id, by which it is found again.
        silence: String,
        /// The signal whose Alertmanager is meant.
        signal: String,
        /// The alert.
        alert: Box<Alert>,
        /// The stage.
        stage: String,
        /// Why.
        why: String,
    },
    /// The silence is in force.
    SilenceSet {
        /// The silence.
        silence: String,
        /// What the Alertmanager calls it.
        remote: String,
    },
    /// A person asked for a silence to be taken back before its stage ends.
    SilenceLifted {
        /// The silence.
        silence: String,
    },
    /// The silence was taken back, or had ended.
    SilenceEnded {
        /// The silence.
        silence: String,
    },
    /// The silence could not be set, or not be taken back.
    SilenceFailed {
        /// The silence.
        silence: String,
        /// Why.
        why: String,
    },
    /// A person wrote something down.
    Noted {
        /// What.
        text: String,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An act on the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Runs a stage's task.
    Run,
    /// Runs a task's undo.
    Undo,
    /// Brings the version up on a target, without traffic.
    Deploy,
    /// Gives the new version so much of the traffic, in percent.
    Weight {
        /// How much.
        weight: u8,
    },
    /// Gives all traffic on a target back to the stable version.
    Restore,
}

/// How an act ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It did what it should, and for a target: its effect was observed.
    Succeeded {
        /// What was seen, in a line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<String>,
    },
    /// It failed.
    Failed {
        /// Why.
        why: String,
    },
    /// It took longer than it may, and was ended.
    TimedOut {
        /// What it was given, as in `10m`.
        after: String,
    },
    /// It was ended, or never begun, because of a rollback.
    Cancelled,
    /// Nobody knows.
    Lost {
        /// What is known.
        why: String,
    },
}

/// One step of the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoStep {
    /// The stage it takes back.
    pub stage: String,
    /// Its environment.
    pub environment: String,
    /// How: [`Act::Restore`] or [`Act::Undo`].
    pub act: Act,
}

/// Something that a rollback leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The stage.
    pub stage: String,
    /// Why it stays.
    pub why: WhyKept,
}

/// Why a rollback leaves a stage as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyKept {
    /// The plan marks it as a point of no return.
    Irreversible,
    /// The plan names no undo.
    NoUndo,
    /// It was begun and not finished, so its undo might undo what was not done.
    Unfinished,
    /// It was never begun.
    NeverDone,
    /// It changes nothing that would need undoing.
    NothingToUndo,
}

/// What came of running a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It could not be found out.
    CouldNotRun,
}
