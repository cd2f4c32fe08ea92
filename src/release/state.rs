//! What is so: the state of a release, folded from its events.
//!
//! [`Release::apply`] is the only way in which it changes, but for the samples of its signals, which stand beside the
//! events and are given by [`Release::observe`]. Two processes that have read the same journal hold the same state.

use std::{collections::VecDeque, sync::Arc};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{
    event::{CheckResult, Event, EventKind, Kept},
    marks::Mark,
    signals::{self, Alerts, AutomaticOff},
    silence::Silence,
    stage::{StageState, UndoState},
    trials::Tried,
    words,
};
use crate::{
    health::{Series, Verdict, Watched},
    plan::{Id, Plan, Stage},
};

/// One attempt to bring a version through a plan.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its id.
    pub id: String,
    /// The version it brings out.
    pub version: String,
    /// The version it replaces, where that is known.
    pub previous: Option<String>,
    /// The plan it flies.
    pub plan: Arc<Plan>,
    /// The plan's digest.
    pub digest: String,
    /// The folder in which the plan's commands run.
    pub folder: String,
    /// The sequence number of the last event folded in.
    pub sequence: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// Its stages, in the plan's order and as many as the plan has.
    pub stages: Vec<StageState>,
    /// What is known of each check.
    pub checks: IndexMap<Id, CheckState>,
    /// What was last written down of each signal's verdict.
    pub turns: IndexMap<Id, Turn>,
    /// The samples at hand of each signal.
    pub(super) watched: IndexMap<Id, Watched>,
    /// The samples at hand of each endpoint of a signal that has several, by `SIGNAL@ENDPOINT`.
    pub(super) parts: IndexMap<Id, Series>,
    /// When the signals that are compared were, or are, judged beside their baselines.
    pub(super) trials: Vec<Tried>,
    /// The alerts that match each signal that counts some.
    pub alerts: IndexMap<Id, Alerts>,
    /// What the source of a signal wants to be known.
    pub warnings: IndexMap<Id, Vec<String>>,
    /// Why the release does not roll back by itself, if a person took that out.
    pub automatic_off: Option<AutomaticOff>,
    /// The silences that were asked for, the oldest first.
    pub silences: Vec<Silence>,
    /// Why nothing new starts, if so.
    pub hold: Option<Hold>,
    /// When it last went on after a hold.
    pub resumed: Option<Timestamp>,
    /// The way back, once it began.
    pub rollback: Option<Rollback>,
    /// Who drives it, or drove it last.
    pub controller: Option<Controller>,
    /// The people who have done something in it, the first first.
    pub people: Vec<String>,
    /// The last lines of its log, the oldest first.
    pub recent: VecDeque<LogLine>,
    /// What changed on the world, the oldest first: at most [`super::MARKS`], what moved traffic kept longest.
    pub marks: VecDeque<Mark>,
}

/// From `from` to `to` in milliseconds, at least 0.
pub(crate) fn millis_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond().saturating_sub(from.as_millisecond()).max(0)
}

/// What is known of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckState {
    /// Since when it is being run, if it is.
    pub running: Option<Timestamp>,
    /// What came of it last.
    pub last: Option<CheckOutcome>,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutcome {
    /// The result; a signature is a pass.
    pub result: CheckResult,
    /// Who signed it, or [`super::CONTROLLER`].
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// A person's note or what the run said.
    pub note: Option<String>,
    /// Where the proof is.
    pub evidence: Option<String>,
}

/// A change of a signal's verdict, as it was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What it turned to.
    pub verdict: Verdict,
    /// When it was written down.
    pub at: Timestamp,
    /// Why, in a sentence.
    pub why: String,
    /// When the value that turned it was taken at its source.
    pub sampled: Option<Timestamp>,
    /// Whether it is not known only because more samples are needed to tell a canary from its baseline.
    pub undecided: bool,
    /// The sequence number of the event that wrote it down.
    pub sequence: u64,
    /// Whether it was shown to be worse than its baseline, and has neither recovered since nor been accepted.
    pub shown_worse: bool,
    /// Whether a person went on in spite of this failure, or of one from which it has not recovered since.
    pub accepted: bool,
}

/// Why nothing new starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who holds it.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// The sequence number of the event that brought it.
    pub sequence: u64,
    /// Why.
    pub why: String,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// What is undone, in this order.
    pub steps: Vec<UndoState>,
    /// What stays as it is.
    pub kept: Vec<Kept>,
    /// When the sample was taken that brought it, where it began by itself.
    pub sampled: Option<Timestamp>,
    /// Whether it is through.
    pub done: bool,
}

/// Who drives a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The host it runs on.
    pub host: String,
    /// Its process id.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
    /// Its fencing token.
    pub token: u64,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The event's sequence number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What, in words.
    pub words: String,
    /// How much it matters.
    pub tone: Tone,
}

/// How much a line of the log matters to somebody who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// How the work is done: of interest in a log, not on the screen.
    Detail,
    /// It goes on.
    Plain,
    /// Something was reached.
    Good,
    /// Look at it.
    Warn,
    /// It went wrong.
    Bad,
}

/// The first event of a release is not [`EventKind::Started`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the release's first event does not say what was started")]
pub struct NotStarted;

impl Release {
    /// The release that an event of the kind [`EventKind::Started`] begins.
    ///
    /// # Errors
    /// [`NotStarted`] if it is another event.
    pub fn begin(event: Event) -> Result<Self, NotStarted> {
        let words = words::of(&event);
        let EventKind::Started { release, version, previous, plan, digest, folder } = event.kind else {
            return Err(NotStarted);
        };
        let mut begun = Self {
            id: release,
            version,
            previous,
            digest,
            folder,
            sequence: 1,
            started: event.at,
            ended: None,
            stages: plan.stages.iter().map(|_| StageState::default()).collect(),
            checks: plan.checks.iter().map(|check| (check.id.clone(), CheckState::default())).collect(),
            turns: IndexMap::new(),
            watched: signals::watched(&plan),
            parts: IndexMap::new(),
            trials: Vec::new(),
            alerts: IndexMap::new(),
            warnings: IndexMap::new(),
            automatic_off: None,
            silences: Vec::new(),
            plan: plan.into(),
            hold: None,
            resumed: None,
            rollback: None,
            controller: None,
            people: Vec::new(),
            recent: VecDeque::new(),
            marks: VecDeque::new(),
        };
        begun.note_person(&event.by);
        begun.recent.push_back(LogLine { sequence: 1, at: event.at, by: event.by, words: words.0, tone: words.1 });
        Ok(begun)
    }

    /// The stages of the plan with their state.
    pub fn stages(&self) -> impl DoubleEndedIterator<Item = (&Stage, &StageState)> {
        self.plan.stages.iter().zip(&self.stages)
    }

    /// A stage of the plan with its state.
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<(&Stage, &StageState)> {
        self.stages().find(|(stage, _)| stage.id == id)
    }

    /// Whether the new version is out.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.ended.is_some() && self.rollback.is_none()
    }

    /// Whether nothing more will happen unless a person asks for it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }
}
