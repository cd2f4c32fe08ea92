//! The plan as data: what `flightdeck.toml` says, checked and with its defaults filled in.
//!
//! A [`Plan`] is only made by the loader beside this file, so whoever holds one may rely on it: ids are unique,
//! every reference names something that exists, the stages form a graph without cycles. It is written whole into
//! the journal when a release starts, and the release keeps flying that plan.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Duration, Place, Server, Signal, Slo, Source};

/// A name in the plan: letters, digits, `-`, `_` and `.`, at most 64 characters.
pub type Id = String;

/// How one service is brought from a version to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What is released.
    pub service: String,
    /// The IANA time zone that times are shown in, as in `Europe/Berlin`; UTC if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Built-in lists of checks to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<ChecklistEntry>")]
    pub checklists: Vec<Checklist>,
    /// What is special about an environment. One that is only named by a stage needs no entry.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub environments: IndexMap<Id, Environment>,
    /// The people who fly.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub operators: IndexMap<Id, Operator>,
    /// What is deployed to.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub targets: IndexMap<Id, Target>,
    /// The servers that signals, service levels and checks ask.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub servers: IndexMap<Id, Server>,
    /// The measures of health.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub signals: IndexMap<Id, Signal>,
    /// What is promised to users. Each is also a signal of its name, which says how fast its error budget is spent.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub slos: IndexMap<Id, Slo>,
    /// What is done, in the order it was written; `needs` is filled in.
    pub stages: Vec<Stage>,
    /// What must be true, the built-in lists' items first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// A built-in list of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Checklist {
    /// The eighteen items of going live.
    GoLive,
    /// The six requirements for going live.
    Requirements,
}

/// How a plan takes a built-in list.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum ChecklistEntry {
    /// By its name.
    Name(Checklist),
    /// As what a stage waits for.
    Before {
        /// The list.
        list: Checklist,
        /// The stage that waits for every item of it; an item's own `before` counts more.
        #[schemars(default)]
        before: Option<Id>,
    },
}

/// What is special about an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Whether a dangerous act asks for the environment's name to be typed. By default so for `production`, `prod` and `live`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
}

/// A person who flies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// What they are responsible for, shown beside what they sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Their public keys, in OpenSSH's one-line form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

/// What is deployed to, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Target {
    /// The user's own commands, run with `sh -c` in the plan's folder. `{version}`, `{previous}` and `{weight}` are
    /// replaced, quoted for the shell. Each must be safe to repeat.
    Command {
        /// Brings the new version up as a candidate without traffic (or with all of it, where there is no `weight`).
        deploy: String,
        /// Gives the candidate `{weight}` percent of the traffic. Needed by a rollout with a step below 100.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        weight: Option<String>,
        /// Gives all traffic back to the stable version.
        rollback: String,
        /// Prints what is so, as JSON: `{"stable": "2.3.7", "candidate": "2.4.0", "weight": 25}`.
        observe: String,
        /// How long one command may take.
        #[serde(default = "defaults::command_timeout")]
        timeout: Duration,
        /// How long the effect may take to show in `observe` once a command has ended well.
        #[serde(default = "defaults::effect_timeout")]
        settle: Duration,
    },
    /// The demo's loopback services.
    Sandbox {
        /// Where the sandbox's control listens, as in `http://127.0.0.1:8080`.
        url: String,
        /// How long the effect may take to show.
        #[serde(default = "defaults::effect_timeout")]
        settle: Duration,
    },
}

/// A thing that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// Its name.
    pub id: Id,
    /// What it is called on screen; its id if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it happens; where the stage before does if left out, and `production` for the first.
    #[schemars(with = "Option<Id>")]
    pub environment: Id,
    /// The stages that must have passed; the one before if left out.
    #[schemars(with = "Option<Vec<Id>>")]
    pub needs: Vec<Id>,
    /// What kind of stage it is.
    #[serde(flatten)]
    pub kind: StageKind,
    /// The signals that must be ok for it to go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Id>,
    /// What its failure, or that of one of its signals, leads to.
    #[serde(default)]
    pub on_fail: OnFail,
    /// Whether a person takes each step; `manual` for a rollout and `auto` for anything else if left out.
    #[schemars(with = "Option<Advance>")]
    pub advance: Advance,
    /// Where it is described what to do: a path or an address, shown beside the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

impl Stage {
    /// What it is called on screen.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.id)
    }

    /// The steps of a rollout; none for other kinds.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match &self.kind {
            StageKind::Rollout { steps, .. } => steps,
            StageKind::Task { .. } | StageKind::Soak { .. } => &[],
        }
    }
}

/// The kinds of stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", untagged)]
pub enum StageKind {
    /// A command that runs to its end.
    Task {
        /// What is run, with `sh -c` in the plan's folder.
        run: String,
        /// What takes it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<String>,
        /// How long it may take.
        #[serde(default = "defaults::task_timeout")]
        timeout: Duration,
        /// Whether it may be run again when nobody knows how it ended.
        #[serde(default)]
        idempotent: bool,
        /// Whether it is a point of no return.
        #[serde(default)]
        irreversible: bool,
    },
    /// A version brought to a target, step by step.
    Rollout {
        /// The target.
        target: Id,
        /// The steps, by rising weight.
        steps: Vec<Step>,
    },
    /// A time to watch the signals.
    Soak {
        /// How long.
        soak: Duration,
    },
}

/// A step of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How much of the traffic the new version gets, in percent, 1 to 100.
    pub weight: u8,
    /// How long it is watched before the step counts as done.
    #[serde(default)]
    pub bake: Duration,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFail {
    /// Nothing new starts, and a person decides.
    #[default]
    Hold,
    /// The release is rolled back by itself.
    Rollback,
}

/// Who takes the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Advance {
    /// A person promotes each step: the default for a rollout.
    Manual,
    /// It goes on by itself when its gate is open: the default for a task and a soak.
    Auto,
}

/// Something that must be true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name.
    pub id: Id,
    /// What it is called on screen. Only a built-in item's may be left out.
    #[schemars(with = "Option<String>")]
    pub title: String,
    /// What proves it, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// Who or what finds out.
    #[serde(flatten)]
    pub kind: CheckKind,
    /// How long a pass or a signature lasts; for the release if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// How often it is run again by itself; once if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// How long one run may take.
    #[serde(default = "defaults::check_timeout")]
    pub timeout: Duration,
    /// The stage that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Id>,
}

/// Who or what finds out whether a check holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// A person signs.
    Signed,
    /// A command, run with `sh -c` in the plan's folder: exit status 0 passes, 75 (temporary failure), 126 and 127 (it could
    /// not be run) mean that it could not be found out, any other fails.
    Run(String),
    /// An HTTP request.
    Http {
        /// What is requested, with GET.
        url: String,
        /// The status expected; any 2xx if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// A regular expression that the body must match.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    /// A PromQL comparison, as in `up{job="shop"} == 1`: passes where it yields something, fails where it yields nothing.
    Query {
        /// The Prometheus server.
        #[serde(flatten)]
        at: Place,
        /// The comparison.
        query: String,
    },
}

/// The values that a plan need not write.
pub(crate) mod defaults {
    use super::Duration;

    pub(crate) fn command_timeout() -> Duration {
        Duration::from_secs(300)
    }

    pub(crate) fn effect_timeout() -> Duration {
        Duration::from_secs(60)
    }

    pub(crate) fn task_timeout() -> Duration {
        Duration::from_secs(3600)
    }

    pub(crate) fn check_timeout() -> Duration {
        Duration::from_secs(60)
    }

    pub(crate) fn every() -> Duration {
        Duration::from_secs(5)
    }

    pub(crate) fn window() -> Duration {
        Duration::from_secs(30)
    }

    pub(crate) fn retries() -> u32 {
        2
    }

    pub(crate) fn period() -> Duration {
        Duration::from_secs(30 * 24 * 3600)
    }

    pub(crate) fn slo_every() -> Duration {
        Duration::from_secs(15)
    }

    pub(crate) fn pass() -> f64 {
        95.0
    }

    pub(crate) fn marginal() -> f64 {
        75.0
    }

    pub(crate) fn samples() -> u32 {
        3
    }

    pub(crate) fn confirm() -> u32 {
        2
    }
}

impl Plan {
    /// The stage of that name.
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// The check of that name.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// Whether a stage is judged by a signal beside its baseline: it names it, or a score that counts it.
    #[must_use]
    pub fn is_judged_beside(&self, stage: &Stage, signal: &str) -> bool {
        let counts = |id: &Id| match self.signals.get(id).map(|signal| &signal.source) {
            Some(Source::Score { of, .. }) => of.is_empty() || of.iter().any(|id| id == signal),
            _ => false,
        };
        let is_compared = self.signals.get(signal).is_some_and(|signal| signal.compare.is_some());
        is_compared && stage.signals.iter().any(|id| id == signal || counts(id))
    }

    /// Whether a signal is judged beside its baseline while a rollout gives the new version its traffic: because the rollout
    /// waits for it, or because none does and it is only looked at.
    #[must_use]
    pub fn is_tried_by(&self, rollout: &Stage, signal: &str) -> bool {
        let rollouts = || self.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Rollout { .. }));
        let is_compared = self.signals.get(signal).is_some_and(|signal| signal.compare.is_some());
        matches!(rollout.kind, StageKind::Rollout { .. })
            && is_compared
            && (self.is_judged_beside(rollout, signal) || !rollouts().any(|other| self.is_judged_beside(other, signal)))
    }

    /// The server that a place means; one without credentials where it is an address.
    #[must_use]
    pub fn server(&self, at: &Place) -> Server {
        match (&at.server, &at.url) {
            (Some(id), _) => self.servers.get(id).cloned().unwrap_or_default(),
            (None, Some(url)) => Server::at(url),
            (None, None) => Server::default(),
        }
    }

    /// Whether a dangerous act in this environment asks for its name to be typed.
    #[must_use]
    pub fn is_protected(&self, environment: &str) -> bool {
        self.environments
            .get(environment)
            .and_then(|environment| environment.protected)
            .unwrap_or_else(|| ["production", "prod", "live"].contains(&environment.to_ascii_lowercase().as_str()))
    }
}
