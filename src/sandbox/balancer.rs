//! The balancer: a reverse proxy in front of the shop that gives the candidate its share of the requests.
//!
//! It measures each track from outside, so a candidate that has crashed still has an error rate. Its own pages are on a port of
//! their own, beside the traffic: `/metrics` and `/healthz`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, VIA};
use hyper::{Method, Request, StatusCode};
use tokio::sync::watch;
use tokio::time::timeout;

use super::client::{Client, Reply};
use super::metrics::{self, Histogram};
use super::server::{self, Answer, Ending, Server};
use super::service::VIA_BALANCER;

/// How long an upstream may take to answer.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest body of a request that is passed on.
const BODY_LIMIT: usize = 64 * 1024;
/// Headers that concern one connection only, or that the client writes itself.
const OF_THE_CONNECTION: [&str; 12] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "content-length",
    "expect",
];

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Track {
    Stable,
    Candidate,
}

impl Track {
    const ALL: [Self; 2] = [Self::Stable, Self::Candidate];

    fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Candidate => "candidate",
        }
    }
}

/// An instance that requests can be passed on to.
#[derive(Debug)]
pub(crate) struct Upstream {
    version: String,
    client: Client,
}

impl Upstream {
    pub(crate) fn new(version: &str, address: SocketAddr) -> Arc<Self> {
        Arc::new(Self { version: version.to_owned(), client: Client::new(address) })
    }
}

/// Who gets which share.
#[derive(Debug)]
struct Split {
    stable: Arc<Upstream>,
    candidate: Option<Arc<Upstream>>,
    /// The candidate's share, in percent; 0 where there is none.
    weight: u8,
    /// What the candidate has saved up towards its next request, in percent of one.
    saved: u8,
}

impl Split {
    /// Spreads the candidate's requests evenly: at 25 percent it gets every fourth, not 25 in a row.
    fn next(&mut self) -> (Track, Arc<Upstream>) {
        if let Some(candidate) = &self.candidate {
            let saved = self.saved.saturating_add(self.weight);
            self.saved = saved.checked_sub(100).unwrap_or(saved);
            if saved >= 100 {
                return (Track::Candidate, Arc::clone(candidate));
            }
        }
        (Track::Stable, Arc::clone(&self.stable))
    }
}

/// What is so, as the balancer has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Observed {
    /// The version that gets what the candidate does not.
    pub(crate) stable: String,
    /// The version on trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) candidate: Option<String>,
    /// Its share, in percent.
    pub(crate) weight: u8,
}

/// What was passed on.
#[derive(Debug)]
struct Passed {
    codes: BTreeMap<(Track, u16), u64>,
    took: BTreeMap<Track, Histogram>,
}

impl Default for Passed {
    fn default() -> Self {
        // A series that exists from the start shows its first increase, and "no error yet" differs from "nobody counts".
        let codes = Track::ALL.into_iter().flat_map(|track| [200, 500, 502].map(|code| ((track, code), 0))).collect();
        Self { codes, took: Track::ALL.into_iter().map(|track| (track, Histogram::default())).collect() }
    }
}

/// The part of the balancer that requests and the control share.
#[derive(Debug)]
pub(crate) struct Routes {
    split: Mutex<Split>,
    passed: Mutex<Passed>,
    started: f64,
}

impl Routes {
    fn split(&self) -> MutexGuard<'_, Split> {
        self.split.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is so.
    pub(crate) fn observe(&self) -> Observed {
        let split = self.split();
        Observed {
            stable: split.stable.version.clone(),
            candidate: split.candidate.as_ref().map(|candidate| candidate.version.clone()),
            weight: split.weight,
        }
    }

    /// Puts an instance into the candidate's place; its share stays what it is, 0 for a new one.
    pub(crate) fn set_candidate(&self, candidate: Arc<Upstream>) {
        self.split().candidate = Some(candidate);
    }

    /// Gives the candidate its share; false where there is none.
    pub(crate) fn set_weight(&self, weight: u8) -> bool {
        let mut split = self.split();
        if split.candidate.is_none() {
            return false;
        }
        split.weight = weight.min(100);
        true
    }

    /// Gives the stable version everything.
    pub(crate) fn remove_candidate(&self) {
        let mut split = self.split();
        split.weight = 0;
        split.saved = 0;
        split.candidate = None;
    }

    /// Makes the candidate the stable version.
    pub(crate) fn settle_candidate(&self) {
        let mut split = self.split();
        if let Some(candidate) = split.candidate.take() {
            split.stable = candidate;
        }
        split.weight = 0;
        split.saved = 0;
    }

    async fn pass(&self, request: Request<Incoming>) -> Answer {
        let began = Instant::now();
        let (track, upstream) = self.split().next();
        let answer = pass_on(&upstream, request).await;
        let mut passed = self.passed();
        let count = passed.codes.entry((track, answer.status().as_u16())).or_default();
        *count = count.saturating_add(1);
        passed.took.entry(track).or_default().observe(began.elapsed());
        drop(passed);
        answer
    }

    fn metrics(&self) -> String {
        let mut page = String::with_capacity(8192);
        let weight = self.split().weight;
        let passed = self.passed();
        metrics::begin(&mut page, "proxy_requests_total", "counter", "Requests passed on, by track and the answer's status.");
        for ((track, code), count) in &passed.codes {
            let _ = writeln!(page, "proxy_requests_total{{{},code=\"{code}\"}} {count}", metrics::label("track", track.name()));
        }
        metrics::begin(&mut page, "proxy_request_duration_seconds", "histogram", "How long an answer took, as a customer waits.");
        for (track, took) in &passed.took {
            took.write(&mut page, "proxy_request_duration_seconds", &metrics::label("track", track.name()));
        }
        drop(passed);
        metrics::begin(&mut page, "proxy_candidate_weight", "gauge", "The candidate's share of the requests, in percent.");
        let _ = writeln!(page, "proxy_candidate_weight {weight}");
        metrics::begin(&mut page, "process_start_time_seconds", "gauge", "When the balancer started, in seconds since 1970.");
        let _ = writeln!(page, "process_start_time_seconds {}", self.started);
        page
    }

    fn own_page(&self, request: &Request<Incoming>) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return server::method_not_allowed("GET, HEAD");
        }
        match request.uri().path() {
            "/metrics" => server::answer(StatusCode::OK, metrics::CONTENT_TYPE, self.metrics()),
            "/healthz" => server::text(StatusCode::OK, "ok\n"),
            _ => server::text(StatusCode::NOT_FOUND, "no such page\n"),
        }
    }
}

async fn pass_on(upstream: &Upstream, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return server::text(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too long or broke off\n");
    };
    let body = body.to_bytes();
    let via = VIA_BALANCER;
    let mut headers: Vec<(&str, &str)> = Vec::with_capacity(head.headers.len().saturating_add(1));
    for (name, value) in &head.headers {
        if !OF_THE_CONNECTION.contains(&name.as_str())
            && *name != VIA
            && let Ok(value) = value.to_str()
        {
            headers.push((name.as_str(), value));
        }
    }
    headers.push((VIA.as_str(), via.to_str().unwrap_or_default()));
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let sent = upstream.client.send(head.method.as_str(), path, &headers, &body);
    match timeout(UPSTREAM_TIMEOUT, sent).await {
        Ok(Ok(reply)) => pass_back(reply),
        Ok(Err(why)) => server::text(StatusCode::BAD_GATEWAY, format!("version {} does not answer: {why}\n", upstream.version)),
        Err(_) => server::text(StatusCode::GATEWAY_TIMEOUT, format!("version {} takes too long\n", upstream.version)),
    }
}

fn pass_back(reply: Reply) -> Answer {
    let mut answer = Answer::new(reply.body.into());
    match StatusCode::from_u16(reply.status) {
        Ok(status) => *answer.status_mut() = status,
        Err(_) => return server::text(StatusCode::BAD_GATEWAY, "an answer without a sensible status\n"),
    }
    for (name, value) in reply.headers {
        if OF_THE_CONNECTION.contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

/// The running balancer.
#[derive(Debug)]
pub(crate) struct Balancer {
    traffic: Server,
    own: Server,
    routes: Arc<Routes>,
}

impl Balancer {
    /// Starts it in front of one stable instance.
    pub(crate) async fn start(stable: Arc<Upstream>) -> io::Result<Self> {
        let routes = Arc::new(Routes {
            split: Mutex::new(Split { stable, candidate: None, weight: 0, saved: 0 }),
            passed: Mutex::default(),
            started: metrics::unix_seconds(),
        });
        let passing = Arc::clone(&routes);
        let traffic = Server::start(
            watch::channel(Ending::Serving).0,
            Arc::new(move |request| {
                let routes = Arc::clone(&passing);
                Box::pin(async move { routes.pass(request).await })
            }),
        )
        .await?;
        let telling = Arc::clone(&routes);
        let own = Server::start(
            watch::channel(Ending::Serving).0,
            Arc::new(move |request| {
                let routes = Arc::clone(&telling);
                Box::pin(async move { routes.own_page(&request) })
            }),
        )
        .await?;
        Ok(Self { traffic, own, routes })
    }

    /// Where customers come in.
    pub(crate) fn address(&self) -> SocketAddr {
        self.traffic.address()
    }

    /// Where its own pages are.
    pub(crate) fn own_address(&self) -> SocketAddr {
        self.own.address()
    }

    /// What the control changes.
    pub(crate) fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes)
    }

    /// Answers what is under way and ends.
    pub(crate) async fn stop(self) {
        self.traffic.stop().await;
        self.own.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn of_a_hundred_requests_the_candidate_gets_its_weight(weight in 0u8..=100, hundreds in 1usize..5) {
            let one = |version| Upstream::new(version, SocketAddr::from(([127, 0, 0, 1], 1)));
            let mut split = Split { stable: one("1"), candidate: Some(one("2")), weight, saved: 0 };
            let tracks: Vec<Track> = (0..hundreds * 100).map(|_| split.next().0).collect();
            let share = tracks.iter().filter(|track| **track == Track::Candidate).count();
            proptest::prop_assert_eq!(share, usize::from(weight) * hundreds);
            // Evenly: no stretch of twenty differs from its share by more than one request.
            for stretch in tracks.windows(20) {
                let share = stretch.iter().filter(|track| **track == Track::Candidate).count();
                proptest::prop_assert!((share as f64 - f64::from(weight) / 5.0).abs() <= 1.0);
            }
        }
    }
}
