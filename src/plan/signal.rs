//! What a plan says of health: servers, signals and where they come from, how they are compared, service levels.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Duration, Id, Secret, model::defaults};

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
    /// Headers sent along, as in `X-Scope-OrgID = "shop"`. A value may be a reference to a secret, and must be one where the
    /// header's name speaks of a secret: token, key, password, cookie and the like.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, String>,
    /// What TLS is done with, where it is not the platform's certificates alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// How often a question that got no answer is asked again within its time; twice if left out.
    #[serde(default = "defaults::retries")]
    pub retries: u32,
}

impl Server {
    /// One that lets everybody in.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), retries: defaults::retries(), ..Self::default() }
    }
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
    /// One of this source, with everything else as a plan has it that leaves it out.
    #[must_use]
    pub fn of(source: Source) -> Self {
        Self {
            title: None,
            source,
            unit: String::new(),
            scale: None,
            every: defaults::every(),
            timeout: None,
            bad: Side::default(),
            warn: None,
            fail: None,
            baseline: None,
            compare: None,
            needs_traffic: false,
            samples: defaults::samples(),
            confirm: defaults::confirm(),
            stale: None,
        }
    }

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

    /// Its unit as it is read behind a number.
    #[must_use]
    pub fn unit_sign(&self) -> &str {
        if self.unit == "percent" { "%" } else { &self.unit }
    }

    /// What share one of its unit is: a hundredth for a percentage, else one.
    #[must_use]
    pub fn share_of_unit(&self) -> f64 {
        if self.unit == "percent" { 0.01 } else { 1.0 }
    }

    /// How far back its numbers look where the source lets the plan say so: a scraped page, or a ratio at a Prometheus server.
    #[must_use]
    pub fn looks_back(&self) -> Option<Duration> {
        match &self.source {
            Source::Scrape { window, .. } => Some(*window),
            Source::Prometheus { question: Question::Ratio { .. }, window, .. } => Some(window.unwrap_or_else(|| {
                let millis = u64::try_from(self.every.as_millis()).unwrap_or(u64::MAX);
                Duration::from_millis(millis.saturating_mul(4)).max(defaults::window())
            })),
            _ => None,
        }
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
    /// How much of the period's error budget has to be left, in percent; with less no release should go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_left: Option<f64>,
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
        /// How far back a ratio looks: the share shown is that of what came within; four times `every` if left out, at least
        /// 30 s. A comparison counts each event once, whatever it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<Duration>,
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
