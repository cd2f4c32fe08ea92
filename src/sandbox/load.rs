//! The customers: steady requests to one address, and a load test that judges the answers.
//!
//! Requests leave by the clock, whether or not earlier ones were answered, as customers do; a slow answer does not make the load lighter.

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::SandboxError;
use super::client::Client;
use super::service::is_intact;

/// How many requests may be under way at once; beyond it they are skipped, and counted as that.
const MOST_IN_FLIGHT: usize = 256;
/// How long a customer waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many requests a load test may send.
const MOST_REQUESTS: f64 = 1_000_000.0;

/// What became of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Those sent.
    pub sent: u64,
    /// Those answered well: with a status below 500.
    pub good: u64,
    /// Those answered with a status from 500.
    pub errors: u64,
    /// Those that got no answer.
    pub unanswered: u64,
    /// Those that were due but not sent, because too many were under way.
    pub skipped: u64,
}

impl Stats {
    /// How many came to an end, in one way or another.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.good.saturating_add(self.errors).saturating_add(self.unanswered)
    }

    fn count(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Good => &mut self.good,
            Outcome::Error => &mut self.errors,
            Outcome::Unanswered => &mut self.unanswered,
        };
        *count = count.saturating_add(1);
    }
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Good,
    Error,
    Unanswered,
}

/// Sends one request, and says what became of it and how long that took.
async fn ask(client: Arc<Client>, path: String) -> (Outcome, Duration) {
    let began = Instant::now();
    let outcome = match timeout(PATIENCE, client.get(&path)).await {
        Ok(Ok(reply)) if reply.status < 500 => Outcome::Good,
        Ok(Ok(_)) => Outcome::Error,
        Ok(Err(_)) | Err(_) => Outcome::Unanswered,
    };
    (outcome, began.elapsed())
}

fn page(path: &str, nth: u64) -> String {
    if path == "/" { format!("/?page={}", nth % 8) } else { path.to_owned() }
}

/// Steady traffic, until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Load {
    stats: Arc<Mutex<Stats>>,
    task: JoinHandle<()>,
}

impl Load {
    /// Sends so many requests a second to an address; none where the rate is not above 0.
    pub(crate) fn start(address: SocketAddr, rate: f64) -> Self {
        let stats = Arc::new(Mutex::new(Stats::default()));
        let counting = Arc::clone(&stats);
        let task = tokio::spawn(async move {
            if let Some(period) = period(rate) {
                send(address, period, &counting).await;
            }
        });
        Self { stats, task }
    }

    /// What it counts, as it goes on.
    pub(crate) fn stats(&self) -> Arc<Mutex<Stats>> {
        Arc::clone(&self.stats)
    }

    /// Ends it; what is under way is broken off.
    pub(crate) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn period(rate: f64) -> Option<Duration> {
    if rate.is_nan() || rate <= 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(1.0 / rate).ok().map(|period| period.max(Duration::from_micros(100)))
}

async fn send(address: SocketAddr, period: Duration, stats: &Mutex<Stats>) {
    let stats = || stats.lock().unwrap_or_else(PoisonError::into_inner);
    let client = Arc::new(Client::new(address));
    let mut requests = JoinSet::new();
    let mut ticks = interval(period);
    // After a pause of the machine the missed customers do not all come at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            Some(ended) = requests.join_next(), if !requests.is_empty() => {
                let (outcome, _) = ended.unwrap_or((Outcome::Unanswered, Duration::ZERO));
                stats().count(outcome);
            }
            _ = ticks.tick() => {
                let mut stats = stats();
                if requests.len() < MOST_IN_FLIGHT {
                    requests.spawn(ask(Arc::clone(&client), page("/", stats.sent)));
                    stats.sent = stats.sent.saturating_add(1);
                } else {
                    stats.skipped = stats.skipped.saturating_add(1);
                }
            }
        }
    }
}

/// What a load test may show at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceiling {
    /// Requests answered with a status from 500, or not at all, in percent.
    pub error_percent: f64,
    /// The 95th percentile of the time to an answer.
    pub p95: Duration,
}

/// What a load test showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What became of its requests.
    pub stats: Stats,
    /// How long it lasted.
    pub lasted: Duration,
    /// How long the requests that were answered took, the shortest first.
    took: Vec<Duration>,
    ceiling: Ceiling,
}

impl Report {
    /// Requests answered with a status from 500, or not at all, in percent; of no requests, all.
    #[must_use]
    pub fn error_percent(&self) -> f64 {
        if self.stats.ended() == 0 {
            return 100.0;
        }
        (self.stats.errors.saturating_add(self.stats.unanswered)) as f64 * 100.0 / self.stats.ended() as f64
    }

    /// The time that so much of the answers took at most, by nearest rank; none without an answer.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let rank = (q.clamp(0.0, 1.0) * self.took.len() as f64).ceil() as usize;
        self.took.get(rank.saturating_sub(1)).copied()
    }

    /// Whether it kept below the ceiling.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.why_not().is_empty()
    }

    /// What broke the ceiling, each in one line.
    #[must_use]
    pub fn why_not(&self) -> Vec<String> {
        let mut why = Vec::new();
        let (errors, most) = (self.error_percent(), self.ceiling.error_percent);
        if errors > most {
            why.push(format!("{errors:.2} % of the requests failed, above {most} %"));
        }
        match self.quantile(0.95) {
            None => why.push("nothing was answered".to_owned()),
            Some(p95) if p95 > self.ceiling.p95 => {
                why.push(format!("p95 is {}, above {}", millis(p95), millis(self.ceiling.p95)));
            }
            Some(_) => {}
        }
        if self.stats.skipped > 0 {
            why.push(format!("{} requests were not sent: {MOST_IN_FLIGHT} were under way", self.stats.skipped));
        }
        why
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stats { sent, good, errors, unanswered, .. } = self.stats;
        let seconds = self.lasted.as_secs_f64();
        writeln!(f, "requests  {sent} in {seconds:.1} s, {:.1} a second", sent as f64 / seconds.max(0.001))?;
        writeln!(f, "answers   {good} good, {errors} errors, {unanswered} unanswered ({:.2} %)", self.error_percent())?;
        write!(f, "time     ")?;
        for (name, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
            match self.quantile(q) {
                Some(time) => write!(f, " {name} {}", millis(time))?,
                None => write!(f, " {name} none")?,
            }
        }
        match self.why_not().as_slice() {
            [] => write!(f, "\nresult    passed"),
            why => write!(f, "\nresult    failed: {}", why.join("; ")),
        }
    }
}

/// Sends so many requests a second to a URL for so long, says each second how it goes, and judges the answers.
/// For the address of a shop alone it asks for one page of its price list after the other.
pub async fn load_test(
    url: &str,
    rate: f64,
    duration: Duration,
    ceiling: Ceiling,
    out: &mut dyn Write,
) -> Result<Report, SandboxError> {
    let requests = (rate * duration.as_secs_f64()).ceil();
    let Some(period) = period(rate).filter(|_| (1.0..=MOST_REQUESTS).contains(&requests)) else {
        return Err(SandboxError::Failed(format!("{rate} requests a second for {duration:?} make no load test")));
    };
    let requests = requests as u64;
    let (client, path) = Client::for_url(url).await?;
    let client = Arc::new(client);
    let mut stats = Stats::default();
    let mut took = Vec::new();
    let mut due = 0_u64;
    let mut running = JoinSet::new();
    let mut ticks = interval(period);
    // A request that is late is sent at once: the load is as asked.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let began = Instant::now();
    let mut progress = interval(Duration::from_secs(1));
    progress.tick().await;
    while due < requests || !running.is_empty() {
        tokio::select! {
            Some(ended) = running.join_next(), if !running.is_empty() => {
                let (outcome, time) = ended.unwrap_or((Outcome::Unanswered, Duration::ZERO));
                stats.count(outcome);
                if !matches!(outcome, Outcome::Unanswered) {
                    took.push(time);
                }
            }
            _ = ticks.tick(), if due < requests => {
                if running.len() < MOST_IN_FLIGHT {
                    running.spawn(ask(Arc::clone(&client), page(&path, due)));
                    stats.sent = stats.sent.saturating_add(1);
                } else {
                    stats.skipped = stats.skipped.saturating_add(1);
                }
                due = due.saturating_add(1);
            }
            _ = progress.tick() => {
                let failed = stats.errors.saturating_add(stats.unanswered);
                let seconds = began.elapsed().as_secs();
                writeln!(out, "load test: {seconds} s, {} of {requests} sent, {} answered, {failed} failed", stats.sent, stats.ended())
                    .and_then(|()| out.flush())
                    .map_err(SandboxError::Output)?;
            }
        }
    }
    took.sort_unstable();
    Ok(Report { stats, lasted: began.elapsed(), took, ceiling })
}

/// Uses a shop as a customer would, so many times, and checks every answer: its health, its version, and that the price list is whole.
pub async fn smoke_test(url: &str, version: &str, times: u32, out: &mut dyn Write) -> Result<(), SandboxError> {
    let (client, _) = Client::for_url(url).await?;
    let get = async |path: &str| {
        let unreachable = |why: String| SandboxError::Failed(format!("GET {path}: {why}"));
        let reply = timeout(PATIENCE, client.get(path))
            .await
            .map_err(|_| unreachable(format!("no answer within {} s", PATIENCE.as_secs())))?
            .map_err(|error| unreachable(error.to_string()))?;
        if reply.status != 200 {
            return Err(unreachable(format!("status {}", reply.status)));
        }
        Ok(String::from_utf8_lossy(&reply.body).into_owned())
    };
    for nth in 0..times {
        let found = get("/version").await?;
        if found.trim() != version {
            let found = crate::text::line(&found, 64);
            return Err(SandboxError::Failed(format!("version {found} answers, not {version}")));
        }
        get("/healthz").await?;
        let path = page("/", u64::from(nth));
        if !is_intact(&get(&path).await?) {
            return Err(SandboxError::Failed(format!("GET {path}: the price list does not match its checksum")));
        }
    }
    writeln!(out, "smoke test: {times} rounds of version, health and price list, every answer by {version} and whole")
        .and_then(|()| out.flush())
        .map_err(SandboxError::Output)
}
