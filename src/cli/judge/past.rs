//! A canary as a Prometheus server remembers it: a signal of a plan, or two queries.

use std::{path::PathBuf, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Defaults, Exit, Failure, exit, report};
use crate::{
    cli::{open, tell, thread},
    health::{
        Compared, LONGEST_TRIAL, Series, Trial, Unknown, Value,
        compare::{Rules, rule},
    },
    plan::{Compare, Duration, Place, Plan, Question, Secret, Server, Signal, Source},
    sources::{
        self, Sampler,
        prometheus::{Client, QueryError},
    },
};

/// How a plan made for two queries calls them.
const CANARY: &str = "canary";
const BASELINE: &str = "baseline";
/// How the server is called there.
const SERVER: &str = "server";
/// How much of what a server says of a query is told: VictoriaMetrics repeats the query first.
const LONGEST_ERROR: usize = 400;

#[derive(Debug, clap::Args)]
#[group(id = "judge-past")]
pub(super) struct Arguments {
    /// A signal of a plan that is compared with a baseline: its server, queries and tolerance are those of the plan
    #[arg(long, value_name = "ID", conflicts_with_all = ["files", "batch", "prometheus"])]
    signal: Option<String>,
    /// The plan; `flightdeck.toml` here or in a folder above, unless given
    #[arg(long, value_name = "PLAN", requires = "signal")]
    plan: Option<PathBuf>,
    /// The address of a Prometheus server, or of one that speaks its API
    #[arg(long, value_name = "URL", conflicts_with_all = ["files", "batch"])]
    prometheus: Option<String>,
    /// PromQL of the canary that yields one number
    #[arg(long, value_name = "QUERY", requires_all = ["prometheus", "baseline"])]
    canary: Option<String>,
    /// The same of the baseline
    #[arg(long, value_name = "QUERY", requires = "canary")]
    baseline: Option<String>,
    /// The canary's bad events, as a selector of counters: judged as events of trials
    #[arg(long, value_name = "SELECTOR", conflicts_with = "canary", requires_all = ["prometheus", "canary_trials", "baseline_events", "baseline_trials"])]
    canary_events: Option<String>,
    /// All of the canary's events
    #[arg(long, value_name = "SELECTOR", requires = "canary_events")]
    canary_trials: Option<String>,
    /// The baseline's bad events
    #[arg(long, value_name = "SELECTOR", requires = "canary_events")]
    baseline_events: Option<String>,
    /// All of the baseline's events
    #[arg(long, value_name = "SELECTOR", requires = "canary_events")]
    baseline_trials: Option<String>,
    /// A bearer token for the server, as env:NAME, file:PATH or command:COMMAND
    #[arg(long, value_name = "SECRET", requires = "prometheus")]
    bearer: Option<String>,
    /// A header for the server, as in X-Scope-OrgID=shop; the value may be env:NAME, file:PATH or command:COMMAND
    #[arg(long, value_name = "NAME=VALUE", requires = "prometheus")]
    header: Vec<String>,
    /// What the metric is called
    #[arg(long, value_name = "TEXT", requires = "prometheus")]
    name: Option<String>,
    /// Since when: a time, or how long ago, as in 30m; an hour ago, unless given
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when; now, unless given
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The time between two samples; 15s, or a signal's own, unless given
    #[arg(long, value_name = "DURATION")]
    step: Option<String>,
}

impl Arguments {
    /// Whether anything of it was asked for.
    pub(super) fn is_meant(&self) -> bool {
        self.signal.is_some() || self.prometheus.is_some()
    }
}

/// What is judged: a canary's signal in a plan.
struct Asked {
    plan: Plan,
    folder: PathBuf,
    canary: String,
    name: String,
    /// Whether the plan says how it is compared; else the command does.
    by_plan: bool,
}

pub(super) fn run(arguments: &Arguments, rules: Rules, defaults: Defaults, as_json: bool) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let to = arguments.to.as_deref().map_or(Ok(now), |text| time(text, "--to", now))?;
    let hour = SignedDuration::from_hours(1);
    let from = arguments.from.as_deref().map_or(Ok(to.saturating_sub(hour).unwrap_or(to)), |text| time(text, "--from", now))?;
    if from >= to {
        return Err(Failure::wrong(format!("--from {from:.0} is not before --to {to:.0}")));
    }
    let mut asked = match &arguments.signal {
        Some(id) => of_plan(id, arguments)?,
        None => of_queries(arguments)?,
    };
    if let Some(step) = &arguments.step {
        let step = step.parse::<Duration>().map_err(|error| Failure::wrong(format!("--step {step}: {error}")))?;
        if step < Duration::from_secs(1) {
            return Err(Failure::wrong("--step is at least a second"));
        }
        asked.plan.signals.values_mut().for_each(|signal| signal.every = step);
    }
    let compared = remembered(&asked, from, to)?;
    for (side, count) in [CANARY, BASELINE].into_iter().zip(compared.samples()) {
        tell(&format!("{count} samples of the {side}"));
    }
    let ruling = if asked.by_plan {
        compared.ruling
    } else {
        let mut case = compared.case;
        case.direction = defaults.direction;
        case.tolerance = defaults.tolerance;
        rule(&case, rules).map_err(|error| Failure::wrong(error.to_string()))?
    };
    report::print(std::slice::from_ref(&ruling), as_json)?;
    Ok(exit([ruling.verdict].into_iter()))
}

/// A time, or one so long ago.
fn time(text: &str, flag: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let wrong =
        || Failure::wrong(format!("{flag} {text} is no time; write it as in 2026-03-03T14:00:00Z, or as how long ago: 30m"));
    if let Ok(ago) = text.parse::<Duration>() {
        let ago = SignedDuration::try_from(ago.get()).map_err(|_| wrong())?;
        return now.checked_sub(ago).map_err(|_| wrong());
    }
    let zoned = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::system()).ok();
    text.parse::<Timestamp>().ok().or_else(|| Some(zoned()?.timestamp())).ok_or_else(wrong)
}

fn of_plan(id: &str, arguments: &Arguments) -> Result<Asked, Failure> {
    let loaded = open::plan(arguments.plan.as_deref())?;
    let judged = |signal: &Signal| signal.compare.is_some() && matches!(signal.source, Source::Prometheus { .. });
    // A comparison with queries of its own is a signal of its own.
    let own = format!("{id}.canary");
    let Some((id, signal)) =
        [own.as_str(), id].into_iter().find_map(|id| loaded.plan.signals.get_key_value(id).filter(|(_, signal)| judged(signal)))
    else {
        let known = loaded.plan.signals.iter().filter(|(_, signal)| judged(signal)).map(|(id, _)| id.as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "the plan has none".to_owned() } else { format!("the plan has {known}") };
        return Err(Failure::wrong(format!(
            "{id} is no signal of a Prometheus server that is compared with a baseline; {known}"
        )));
    };
    let (canary, name) = (id.clone(), signal.title.clone().unwrap_or_else(|| id.clone()));
    Ok(Asked { canary, name, folder: loaded.folder, plan: loaded.plan, by_plan: true })
}

fn of_queries(arguments: &Arguments) -> Result<Asked, Failure> {
    let missing =
        || Failure::wrong("--prometheus goes with --canary and --baseline, or with --canary-events and the three beside it");
    let question = |query: &Option<String>, events: &Option<String>, trials: &Option<String>| match (query, events, trials) {
        (Some(query), ..) => Ok(Question::Query(query.clone())),
        (None, Some(of), Some(over)) => Ok(Question::Ratio { of: of.clone(), over: over.clone() }),
        _ => Err(missing()),
    };
    let canary = question(&arguments.canary, &arguments.canary_events, &arguments.canary_trials)?;
    let baseline = question(&arguments.baseline, &arguments.baseline_events, &arguments.baseline_trials)?;
    for selector in [&canary, &baseline].into_iter().flat_map(|question| match question {
        Question::Query(_) => Vec::new(),
        Question::Ratio { of, over } => vec![of, over],
    }) {
        if let Err(error) = selector.parse::<crate::plan::Selector>() {
            return Err(Failure::wrong(format!("`{selector}` is no selector of counters: {error}")));
        }
    }
    let mut server = Server::at(arguments.prometheus.as_deref().unwrap_or_default());
    server.bearer = arguments
        .bearer
        .as_deref()
        .map(|bearer| bearer.parse::<Secret>().map_err(|error| Failure::wrong(format!("--bearer: {error}"))))
        .transpose()?;
    for header in &arguments.header {
        let (name, value) = header
            .split_once('=')
            .ok_or_else(|| Failure::wrong("--header is written as NAME=VALUE, as in X-Scope-OrgID=shop"))?;
        server.headers.insert(name.trim().to_owned(), value.to_owned());
    }
    // The same path as that of a plan's signals, so that both are asked and counted alike.
    let plan = serde_json::from_value(serde_json::json!({ "service": "judge", "stages": [] }));
    let mut plan: Plan = plan.map_err(|error| Failure::unknown(error.to_string()))?;
    plan.servers.insert(SERVER.to_owned(), server);
    let at = || Place { url: None, server: Some(SERVER.to_owned()) };
    let signal = |question, baseline: Option<&str>| -> Result<Signal, Failure> {
        let made = serde_json::json!({ "source": "command", "run": "", "every": "15s" });
        let made: Signal = serde_json::from_value(made).map_err(|error| Failure::unknown(error.to_string()))?;
        let compare = baseline.map(|_| Compare::default());
        Ok(Signal {
            source: Source::Prometheus { at: at(), question, window: None },
            baseline: baseline.map(str::to_owned),
            compare,
            ..made
        })
    };
    plan.signals.insert(CANARY.to_owned(), signal(canary, Some(BASELINE))?);
    plan.signals.insert(BASELINE.to_owned(), signal(baseline, None)?);
    let name = crate::text::line(arguments.name.as_deref().unwrap_or("the canary"), 120);
    let folder = std::env::current_dir()?;
    Ok(Asked { plan, folder, canary: CANARY.to_owned(), name, by_plan: false })
}

/// What a side asks its server, each by where it was written: an option of the command, or the plan's signal.
fn queries<'a>(asked: &Asked, id: &str, question: &'a Question) -> Vec<(String, &'a str)> {
    match question {
        Question::Query(query) if asked.by_plan => vec![(id.to_owned(), query)],
        Question::Query(query) => vec![(format!("--{id}"), query)],
        Question::Ratio { of, over } if asked.by_plan => vec![(format!("{id}, of"), of), (format!("{id}, over"), over)],
        Question::Ratio { of, over } => vec![(format!("--{id}-events"), of), (format!("--{id}-trials"), over)],
    }
}

/// Why there is no number of a side, if there is any more to it than that there was nothing: its past says so, or the
/// server, when it is asked the same now.
async fn why_none(asked: &Asked, id: &str, series: &Series, context: &sources::Context) -> Result<(), Failure> {
    let Some(signal) = asked.plan.signals.get(id) else { return Ok(()) };
    let Source::Prometheus { at, question, .. } = &signal.source else { return Ok(()) };
    let client = Client::new(&asked.plan.server(at), context);
    let limit = signal.sampling_timeout().get();
    let queries = queries(asked, id, question);
    for (place, query) in &queries {
        let answer = client.instant(query, None, limit).await;
        let told = match question {
            Question::Query(_) => answer.and_then(|answer| answer.one().map(drop)),
            Question::Ratio { .. } => answer.and_then(|answer| answer.series().map(drop)),
        };
        told.map_err(|error| refused(place, &error))?;
    }
    let past = series.iter().rev().find_map(|sample| match &sample.value {
        Value::Missing(Unknown::Error(why)) => Some(why),
        _ => None,
    });
    match (past, queries.first()) {
        // The query is fine by now.
        (Some(why), Some((place, _))) => Err(Failure::unknown(format!("{place}: {why}"))),
        _ => Ok(()),
    }
}

/// A query that was not answered, by where it was written.
fn refused(place: &str, error: &QueryError) -> Failure {
    let why = format!("{place}: {}", crate::text::line(&error.to_string(), LONGEST_ERROR));
    if error.is_about_the_query() { Failure::wrong(why) } else { Failure::unknown(why) }
}

/// What the server remembers of both sides, judged.
fn remembered(asked: &Asked, from: Timestamp, to: Timestamp) -> Result<Compared, Failure> {
    let signals = &asked.plan.signals;
    let found = signals.get(&asked.canary).and_then(|signal| Some((signal, signal.compare.as_ref()?, signal.baseline.as_ref()?)));
    let Some((signal, compare, baseline)) = found else { return Err(Failure::wrong("there is nothing to compare")) };
    let http = sources::http::http_client().map_err(|error| Failure::unknown(error.to_string()))?;
    let context = sources::Context { http, folder: asked.folder.clone(), env: Vec::new(), started: from };
    let plan = Arc::new(asked.plan.clone());
    let sides = [asked.canary.clone(), baseline.clone()];
    let mut series = [Series::with_capacity(LONGEST_TRIAL), Series::with_capacity(LONGEST_TRIAL)];
    let readings = thread::runtime()?.block_on(async {
        let mut readings = Vec::new();
        for group in sources::groups(&plan) {
            let asked: Vec<String> = group.into_iter().filter(|id| sides.contains(id)).collect();
            if !asked.is_empty() {
                let mut sampler = Sampler::new(Arc::clone(&plan), asked, context.clone());
                readings.extend(sampler.past(|_| from, to).await);
            }
        }
        readings
    });
    for reading in readings {
        for (id, series) in sides.iter().zip(&mut series) {
            if *id == reading.signal {
                series.push(reading.sample.clone());
            }
        }
        for warning in &reading.warnings {
            tell(&format!("{}: {warning}", reading.signal));
        }
    }
    let empty: Vec<_> = sides.iter().zip(&series).filter(|(_, series)| series.latest_number().is_none()).collect();
    for (id, series) in &empty {
        thread::runtime()?.block_on(why_none(asked, id, series, &context))?;
    }
    if empty.len() == sides.len() {
        return Err(Failure::unknown("the server has nothing of either side in that time"));
    }
    let [canary, stable] = &series;
    let trial = Trial { from: from.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(from), until: Some(to) };
    Compared::of(&asked.name, signal, compare, [canary, stable], trial).map_err(|why| Failure::unknown(why.to_string()))
}
