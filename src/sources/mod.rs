//! Where samples come from: one file or folder per kind of source. A source knows nothing of the journal or the screen.
//!
//! [`groups`] says which signals are sampled together, and a [`Sampler`] samples them.

pub mod alertmanager;
mod api;
mod command;
pub mod endpoints;
pub mod exposition;
mod growth;
pub mod http;
mod mask;
pub mod measure;
mod picked;
mod probe;
pub mod prometheus;
mod quantile;
mod sampler;
mod scrape;
mod secrets;
mod slo;
#[cfg(test)]
mod testing;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex},
};

pub use api::ApiError;
use endpoints::{Measured, Taken};
pub use sampler::{Sampler, groups};
pub use secrets::SecretError;

use jiff::Timestamp;

use crate::{
    health::{Alert, Sample, Unknown, Value},
    plan::{ProbeMeasure, Signal, Source},
};

/// How long an error's line may be.
const ERROR_LENGTH: usize = 200;

/// What every sampling needs.
#[derive(Clone)]
pub struct Context {
    /// The client that requests are made with, from [`http::http_client`].
    pub http: reqwest::Client,
    /// The plan's folder, where commands run.
    pub folder: PathBuf,
    /// What commands find in their environment besides ours.
    pub env: Vec<(String, String)>,
    /// When the release began: an alert is new that began after it.
    pub started: Timestamp,
}

/// What one sampling of one signal brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The signal.
    pub signal: String,
    /// Its sample.
    pub sample: Sample,
    /// Where a signal has several endpoints: each one's host and port, and its own sample.
    pub parts: Vec<(String, Sample)>,
    /// What the server wants to be known; a few lines, safe to show.
    pub warnings: Vec<String>,
    /// The alerts that an Alertmanager told of, the worst and newest first; none where it was not asked or did not answer.
    pub alerts: Option<Vec<Alert>>,
}

impl Reading {
    /// A sample and nothing else.
    fn new(signal: &str, sample: Sample) -> Self {
        Self { signal: signal.to_owned(), sample, parts: Vec::new(), warnings: Vec::new(), alerts: None }
    }
}

impl fmt::Debug for Context {
    /// Without the environment's values, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Context").field("folder", &self.folder).field("env", &names).finish_non_exhaustive()
    }
}

/// What a source remembers between two samplings of the same signal; empty at first, one for each signal.
#[derive(Debug, Default)]
pub struct Memory {
    /// How the counters on scraped pages grew. It is shared with the thread that looks at many of them.
    growth: Arc<Mutex<measure::Histories>>,
}

/// Takes one sample of a signal. It never fails: what goes wrong becomes a sample without a number, with a line that
/// says why. It takes no longer than [`Signal::sampling_timeout`], and may be dropped at any time.
pub async fn sample(signal: &Signal, context: &Context, memory: &mut Memory) -> Sample {
    reading("", signal, context, memory).await.sample
}

/// The same, with the sample of each endpoint where there are several.
async fn reading(id: &str, signal: &Signal, context: &Context, memory: &mut Memory) -> Reading {
    let asked = now();
    let limit = signal.sampling_timeout();
    let taken = match tokio::time::timeout(limit.get(), take(signal, context, memory, asked)).await {
        Ok(taken) => taken,
        // What does not answer is not up.
        Err(_) if matches!(signal.source, Source::Probe { measure: ProbeMeasure::Up, .. }) => Ok((None, 0.0)).into(),
        Err(_) => Err(Unknown::Error(format!("no answer within {limit}"))).into(),
    };
    let sampled = |measured: Measured| match measured {
        Ok((at, number)) => finish(signal, at.unwrap_or(asked), number, asked),
        Err(unknown) => Sample::missing(asked, unknown),
    };
    let parts = taken.parts.into_iter().map(|(place, measured)| (place, sampled(measured))).collect();
    Reading { parts, ..Reading::new(id, Sample { count: taken.count, ..sampled(taken.whole) }) }
}

async fn take(signal: &Signal, context: &Context, memory: &mut Memory, asked: Timestamp) -> Taken {
    let limit = signal.sampling_timeout().get();
    match &signal.source {
        Source::Scrape { url, measure, window } => {
            let percent = signal.unit == "percent";
            let asks = measure::Asks { measure, window: window.get(), every: signal.every.get(), percent };
            scrape::take(&asks, url.all(), limit, &context.http, &memory.growth).await
        }
        Source::Probe { url, measure, status, body } => {
            let asks = probe::Asks { measure: *measure, status: *status, body: body.as_deref() };
            probe::take(&asks, url.all(), limit, &context.http, asked).await
        }
        // These are sampled in groups, or computed of others.
        Source::Prometheus { .. }
        | Source::Alertmanager { .. }
        | Source::Expression { .. }
        | Source::Score { .. }
        | Source::Slo { .. } => Err(Unknown::NoData).into(),
        Source::Command { run } => command::take(run, &context.folder, &context.env).await.map(|number| (None, number)).into(),
    }
}

/// The sample that a source's number makes, in the signal's unit.
fn finish(signal: &Signal, at: Timestamp, number: f64, asked: Timestamp) -> Sample {
    let ahead = at.duration_since(asked).as_secs();
    let limit = i64::try_from(signal.stale_after().get().as_secs()).unwrap_or(i64::MAX);
    // A number from far in the future would keep every later one out of the series until that time comes. One sampling
    // may take its time, so what is measured at its end is compared with its longest duration too.
    let slack = i64::try_from(signal.sampling_timeout().get().as_secs()).unwrap_or(i64::MAX);
    if ahead > limit.saturating_add(slack) {
        let value = Value::Missing(Unknown::Error(format!("source clock is ahead by {ahead} s")));
        return Sample::new(asked, value);
    }
    Sample::new(milliseconds(at), Value::from_f64(number * signal.scale.unwrap_or(1.0)))
}

fn now() -> Timestamp {
    milliseconds(Timestamp::now())
}

/// Whole milliseconds, as the journal keeps them, so that a sample read back is the same.
fn milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testing::{Reply, Server, context, signal};

    fn command(run: &str) -> Source {
        Source::Command { run: run.into() }
    }

    #[tokio::test]
    async fn numbers_are_scaled_and_never_nan() {
        let mut scaled = signal(command("echo 0.0021"));
        scaled.scale = Some(100.0);
        let before = now();
        let taken = sample(&scaled, &context(), &mut Memory::default()).await;
        assert_eq!(taken.value, Value::Number(0.0021 * 100.0));
        assert!(taken.at >= before && taken.at <= now());

        scaled.scale = Some(f64::INFINITY);
        let taken = sample(&scaled, &context(), &mut Memory::default()).await;
        assert_eq!(taken.value, Value::Missing(Unknown::NotANumber));
    }

    #[tokio::test]
    async fn is_bounded_in_time() {
        let server = Server::start(|_| Reply::Silence).await;
        let url = server.url("/");
        let probe = |measure| Source::Probe { url: crate::plan::Endpoints::One(url.clone()), measure, status: None, body: None };
        for (source, expected) in [
            (command("sleep 60"), Value::Missing(Unknown::Error("no answer within 200ms".into()))),
            (probe(ProbeMeasure::Latency), Value::Missing(Unknown::Error("no answer within 200ms".into()))),
            (probe(ProbeMeasure::Up), Value::Number(0.0)),
        ] {
            let mut signal = signal(source);
            signal.timeout = Some(crate::plan::Duration::from_millis(200));
            assert_eq!(sample(&signal, &context(), &mut Memory::default()).await.value, expected);
        }
    }

    #[test]
    fn a_clock_far_ahead_is_an_error() {
        let signal = signal(command("true")); // stale after 15 s, times out after 5 s
        let asked = now();
        for (ahead, expected) in [
            (-3600, Value::Number(1.0)),
            (20, Value::Number(1.0)),
            (3600, Value::Missing(Unknown::Error("source clock is ahead by 3600 s".into()))),
        ] {
            let at = asked.saturating_add(jiff::SignedDuration::from_secs(ahead)).unwrap();
            assert_eq!(finish(&signal, at, 1.0, asked).value, expected);
        }
    }

    #[test]
    fn a_context_shows_no_values() {
        let mut context = context();
        context.env.push(("TOKEN".into(), "hunter2".into()));
        let shown = format!("{context:?}");
        assert!(shown.contains("TOKEN") && !shown.contains("hunter2"), "{shown}");
    }
}
