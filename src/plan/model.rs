//! The plan as data: what `flightdeck.toml` says, checked and with its defaults filled in.
//!
//! A [`Plan`] is only made by the loader beside this file, so whoever holds one may rely on it: ids are unique,
//! every reference names something that exists, the stages form a graph without cycles. It is written whole into
//! the journal when a release starts, and the release keeps flying that plan.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Duration, Secret};

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

/// A server that several things ask, with what it takes to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its address, as in `https://prometheus.example`; a path before `/api` is kept.
    pub url: String,
    /// A bearer token, as a reference: `env:NAME`, `file:PATH` or `command:COMMAND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub bearer: Option<Secret>,
    /// A name and a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    /// Headers sent along, as in `X-Scope-OrgID = "shop"`. A value may be a reference to a secret.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, String>,
    /// What TLS is done with, where it is not the platform's certificates alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// How often a question that got no answer is asked again within its time; twice if left out.
    #[serde(default = "defaults::retries")]
    pub retries: u32,
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The name.
    pub user: String,
    /// The password, as a reference: `env:NAME`, `file:PATH` or `command:COMMAND`.
    #[schemars(with = "String")]
    pub password: Secret,
}

/// What TLS is done with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// A file with the certificates that are trusted, in place of the platform's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// A file with our own certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// Its private key, as a reference: `file:PATH`, `env:NAME` or `command:COMMAND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub key: Option<Secret>,
}

/// Where something is asked: at an address, or at one of the plan's servers. Exactly one of them is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The server's address, as in `https://prometheus.example`; a path before `/api` is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// One of the plan's servers, in place of an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Id>,
}

/// A measure of health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// What it is called on screen; its id if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where its samples come from.
    #[serde(flatten)]
    pub source: Source,
    /// What its numbers are: `percent`, `ms`, `s`, `rps`, … shown behind them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// What the source's number is multiplied by: 100 makes a percentage of a fraction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// How often it is sampled.
    #[serde(default = "defaults::every")]
    pub every: Duration,
    /// How long one sampling may take; by default `every`, at most 10 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Which side is bad.
    #[serde(default)]
    pub bad: Side,
    /// From here on it is a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<f64>,
    /// From here on it is a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<f64>,
    /// The signal it is compared with: the same measure of the stable version. The two are drawn together, as canary and baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Id>,
    /// That it is judged beside its baseline, and how: a difference beyond what is allowed fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// Whether it speaks of the new version's own traffic, so that there is nothing to judge before the first step gives it some:
    /// such a signal does not gate a rollout's first step, only what follows.
    #[serde(default)]
    pub needs_traffic: bool,
    /// How many samples it takes before there is a verdict.
    #[serde(default = "defaults::samples")]
    pub samples: u32,
    /// How many samples in a row change a verdict.
    #[serde(default = "defaults::confirm")]
    pub confirm: u32,
    /// A newest sample older than this makes the signal unknown; three times `every` if left out, at least 5 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Duration>,
}

impl Signal {
    /// The age at which its newest sample no longer counts.
    #[must_use]
    pub fn stale_after(&self) -> Duration {
        self.stale.unwrap_or_else(|| {
            let millis = u64::try_from(self.every.as_millis()).unwrap_or(0);
            Duration::from_millis(millis.saturating_mul(3).max(5000))
        })
    }

    /// Whether anything is thought of its numbers; without thresholds or a comparison it is only looked at.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        // These are judged where they are found out.
        let by_source = matches!(&self.source, Source::Score { .. } | Source::Slo { reading: SloReading::Burn, .. });
        by_source || self.warn.is_some() || self.fail.is_some() || self.compare.is_some()
    }

    /// What share one of its unit is: a hundredth for a percentage, else one.
    #[must_use]
    pub fn share_of_unit(&self) -> f64 {
        if self.unit == "percent" { 0.01 } else { 1.0 }
    }

    /// The time limit of one sampling.
    #[must_use]
    pub fn sampling_timeout(&self) -> Duration {
        self.timeout.unwrap_or_else(|| self.every.min(Duration::from_secs(10)).max(Duration::from_secs(1)))
    }
}

/// Which side of a threshold is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// More is worse: errors, latency.
    #[default]
    Above,
    /// Less is worse: availability, throughput.
    Below,
}

/// A service level objective: what share of events may be bad over a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slo {
    /// What it is called on screen; its id if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The Prometheus server that is asked.
    #[serde(flatten)]
    pub at: Place,
    /// The share of good events that is promised, in percent, as in 99.9.
    pub objective: f64,
    /// The time over which it is promised.
    #[serde(default = "defaults::period")]
    pub period: Duration,
    /// The bad events, as a selector of counters; either these or the good ones are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<String>,
    /// The good events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<String>,
    /// All events.
    pub total: String,
    /// How much of the period's error budget this release may spend, in percent; more fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_spend: Option<f64>,
    /// How often it is looked at.
    #[serde(default = "defaults::slo_every")]
    pub every: Duration,
}

/// What a signal tells of a service level objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SloReading {
    /// How fast the error budget is spent: 1 spends all of it in the period.
    Burn,
    /// How much of the period's budget is left, in percent; negative once it is overspent.
    Budget,
    /// How much of the period's budget this release has spent, in percent.
    Spent,
}

/// How a signal is judged beside its baseline.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Which change is a bad one; by the signal's `bad` side if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// For a signal that asks Prometheus: the query of the new version alone. With `baseline` it makes two signals of their
    /// own, which are judged beside each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// The same of the stable version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// How much of a difference does no harm, as a fraction of the baseline; 0.1 if neither this nor `absolute` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// The same in the signal's own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<f64>,
    /// By which rules; Flightdeck's own if left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: Method,
    /// What it means while neither a harmful difference nor the absence of one is shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub undecided: Undecided,
    /// Whether its failure alone makes a score nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub critical: bool,
    /// The group in which it counts in a score; the signal's own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// Which change of a canary's metric is a bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is worse: errors, latency.
    Increase,
    /// Less is worse: throughput, cache hits.
    Decrease,
    /// Any change is.
    #[default]
    Either,
}

/// By which rules a canary is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Flightdeck's own.
    #[default]
    Flightdeck,
    /// Kayenta's, for those who come from it.
    Kayenta,
}

/// What it means that a canary is neither shown to be worse nor shown to be as good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Undecided {
    /// It is not known, and what is not known does not go on.
    #[default]
    Hold,
    /// A warning: it may go on.
    Warn,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where samples come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum Source {
    /// A Prometheus server's HTTP API, or one that speaks it: Thanos, Mimir, VictoriaMetrics.
    Prometheus {
        /// Where it is asked.
        #[serde(flatten)]
        at: Place,
        /// What it is asked.
        #[serde(flatten)]
        question: Question,
    },
    /// A page in Prometheus' exposition format, read directly.
    Scrape {
        /// The page, as in `http://127.0.0.1:9100/metrics`; or several, of instances that are measured together.
        url: Endpoints,
        /// What is computed from it.
        #[serde(flatten)]
        measure: Measure,
        /// How far back rates, ratios and quantiles look.
        #[serde(default = "defaults::window")]
        window: Duration,
    },
    /// An HTTP request.
    Probe {
        /// What is requested, with GET; or several, of which the worst counts.
        url: Endpoints,
        /// What is measured.
        #[serde(default)]
        measure: ProbeMeasure,
        /// The status expected; any 2xx if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// A regular expression that the body must match.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    /// The user's command, run with `sh -c` in the plan's folder; prints one number.
    Command {
        /// The command.
        run: String,
    },
    /// How many alerts fire at an Alertmanager, version 2 of its API.
    Alertmanager {
        /// Where it is asked.
        #[serde(flatten)]
        at: Place,
        /// Which alerts are meant, as Alertmanager's matchers, as in `service="shop"`; all must hold.
        #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
        matchers: Vec<String>,
        /// Which of them are counted; all that fire if left out.
        #[serde(default, skip_serializing_if = "is_default")]
        count: Counted,
    },
    /// Arithmetic on other signals.
    Expression {
        /// The expression, with signals in braces, as in `100 * {errors} / {requests}`.
        of: String,
    },
    /// The score of signals that are judged beside their baselines, from 0 to 100.
    Score {
        /// The signals; all that are compared if left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        of: Vec<Id>,
        /// What each group counts, in percent. Groups that have no weight share what is left of 100 evenly.
        #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
        groups: IndexMap<String, f64>,
        /// A score of as much passes.
        #[serde(default = "defaults::pass")]
        pass: f64,
        /// A score of less fails; one between the two warns.
        #[serde(default = "defaults::marginal")]
        marginal: f64,
    },
    /// What is told of a service level objective. No plan writes it: the loader makes these signals of `slos`.
    #[schemars(skip)]
    Slo {
        /// The objective.
        slo: Id,
        /// What is told of it.
        reading: SloReading,
    },
}

/// Which alerts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// All that fire.
    #[default]
    All,
    /// Those that have begun to fire since the release began.
    New,
}

/// What a Prometheus server is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// PromQL that yields one number.
    Query(String),
    /// One counter's growth over another's, counted from sample to sample: a fraction from 0 to 1, or a percentage if the
    /// signal's unit is `percent`. Compared with a baseline, it is judged as events of trials.
    Ratio {
        /// The part: a selector of counters, as in `http_requests_total{code=~"5.."}`.
        of: String,
        /// The whole.
        over: String,
    },
}

/// One address, or several of instances that are measured together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Endpoints {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Endpoints {
    /// The addresses.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(url) => std::slice::from_ref(url),
            Self::Several(urls) => urls,
        }
    }
}

/// What is computed from a scraped page. A selector is a metric's name with label matchers, as in
/// `http_requests_total{code=~"5.."}`; the series it selects are added up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// A gauge as it stands.
    Value(String),
    /// A counter's growth per second.
    Rate(String),
    /// One counter's growth over another's: a fraction from 0 to 1, or a percentage if the signal's unit is `percent`.
    Ratio {
        /// The part, as in the failed requests.
        of: String,
        /// The whole, as in all requests.
        over: String,
    },
    /// A quantile of a histogram's growth.
    Quantile {
        /// The histogram's name, without `_bucket`.
        of: String,
        /// Which quantile, from 0 to 1.
        q: f64,
    },
}

/// What a probe measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeMeasure {
    /// 1 where status and body are as expected, 0 where not.
    #[default]
    Up,
    /// The time to the whole answer, in milliseconds; an answer not as expected is an error.
    Latency,
    /// Days until the server's certificate expires.
    CertificateDays,
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

impl Server {
    /// One that lets everybody in.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), retries: defaults::retries(), ..Self::default() }
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
