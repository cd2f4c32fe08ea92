//! The sandbox's control: what its target driver speaks to.
//!
//! HTTP on loopback, JSON both ways. Every call may be repeated, and answers with what is so afterwards, in the form of `/observe`:
//!
//! | call | body | what it does |
//! |---|---|---|
//! | `GET /observe` | | `{"stable": "2.3.7", "candidate": "2.4.0", "weight": 25}`; no `candidate`, and weight 0, where there is none |
//! | `POST /deploy` | `{"version": "2.4.0"}` | starts that version as the candidate, without traffic. Where it is the candidate already, nothing changes, but a crashed instance is replaced |
//! | `POST /weight` | `{"weight": 25}` | gives the candidate that many percent of the requests, 0 to 100. At 100 it stays the candidate |
//! | `POST /rollback` | none | gives the stable version everything at once, then stops the candidate |
//!
//! A candidate at 100 percent becomes the stable version when the next one is deployed; one without traffic is replaced by it.
//! Refusals are `{"error": "…"}`: 400 for what makes no sense, 403 for a request of a web page, 404 and 405 for no such
//! call, 409 for what does not fit what is so (a weight without a candidate, a second candidate beside one with traffic, the
//! stable version as its own candidate), 413 for a body over 4 KiB, 500 for an instance that does not start.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::ORIGIN;
use hyper::{Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, watch};

use super::balancer::{Routes, Upstream};
use super::client::Client;
use super::server::{self, Answer, Ending, Server};
use super::service::{Fault, Service};

/// The longest body of a call.
const BODY_LIMIT: usize = 4096;
/// The longest version.
const VERSION_LIMIT: usize = 64;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Deploy {
    version: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Weight {
    weight: u8,
}

/// Why a call is refused.
struct Refusal(StatusCode, String);

impl Refusal {
    fn bad(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }

    fn conflict(why: impl Into<String>) -> Self {
        Self(StatusCode::CONFLICT, why.into())
    }
}

/// The running instances.
#[derive(Debug)]
struct Instances {
    stable: Service,
    candidate: Option<Service>,
}

#[derive(Debug)]
struct Shared {
    routes: Arc<Routes>,
    /// Held for the length of a call, so calls happen one after the other; `/observe` does not wait for it.
    instances: Mutex<Option<Instances>>,
    faulty: String,
    fault: Fault,
}

/// The running control.
#[derive(Debug)]
pub(crate) struct Control {
    server: Server,
    shared: Arc<Shared>,
}

impl Control {
    /// Starts it. The version `faulty` has the fault, any other is sound.
    pub(crate) async fn start(routes: Arc<Routes>, stable: Service, faulty: &str, fault: Fault) -> std::io::Result<Self> {
        let instances = Mutex::new(Some(Instances { stable, candidate: None }));
        let shared = Arc::new(Shared { routes, instances, faulty: faulty.to_owned(), fault });
        let handling = Arc::clone(&shared);
        let server = Server::start(
            watch::channel(Ending::Serving).0,
            Arc::new(move |request| {
                let shared = Arc::clone(&handling);
                Box::pin(async move { shared.handle(request).await })
            }),
        )
        .await?;
        Ok(Self { server, shared })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Ends it, and every instance.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
        if let Some(instances) = self.shared.instances.lock().await.take() {
            instances.stable.stop().await;
            if let Some(candidate) = instances.candidate {
                candidate.stop().await;
            }
        }
    }
}

impl Shared {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        // A web page open on this machine must not be able to fly the demo: a browser says where such a request comes from.
        if request.headers().contains_key(ORIGIN) {
            return refuse(&Refusal(StatusCode::FORBIDDEN, "not for web pages".to_owned()));
        }
        let path = request.uri().path().to_owned();
        let allowed = match path.as_str() {
            "/observe" => Method::GET,
            "/deploy" | "/weight" | "/rollback" => Method::POST,
            _ => return refuse(&Refusal(StatusCode::NOT_FOUND, "there is /observe, /deploy, /weight and /rollback".to_owned())),
        };
        if *request.method() != allowed {
            return refuse(&Refusal(StatusCode::METHOD_NOT_ALLOWED, format!("use {allowed}")));
        }
        if path == "/observe" {
            return self.observed();
        }
        let Ok(body) = Limited::new(request.into_body(), BODY_LIMIT).collect().await else {
            return refuse(&Refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is longer than {BODY_LIMIT} bytes, or broke off"),
            ));
        };
        // In a task of its own: a caller that gives up half-way must not leave half a change.
        let doing = Arc::clone(&self);
        let done = tokio::spawn(async move { doing.act(&path, &body.to_bytes()).await }).await;
        match done {
            Ok(Ok(())) => self.observed(),
            Ok(Err(refusal)) => refuse(&refusal),
            Err(_) => refuse(&Refusal(StatusCode::INTERNAL_SERVER_ERROR, "the call broke off".to_owned())),
        }
    }

    fn observed(&self) -> Answer {
        match serde_json::to_vec(&self.routes.observe()) {
            Ok(json) => server::answer(StatusCode::OK, "application/json", json),
            Err(error) => refuse(&Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        }
    }

    async fn act(&self, path: &str, body: &[u8]) -> Result<(), Refusal> {
        let mut instances = self.instances.lock().await;
        let Some(instances) = instances.as_mut() else {
            return Err(Refusal::conflict("the sandbox is ending"));
        };
        match path {
            "/deploy" => {
                let Deploy { version } = parse(body, r#"{"version": "2.4.0"}"#)?;
                self.deploy(instances, &version).await
            }
            "/weight" => {
                let Weight { weight } = parse(body, r#"{"weight": 25}, a whole number from 0 to 100"#)?;
                if weight > 100 {
                    return Err(Refusal::bad(format!("weight {weight} is over 100 percent")));
                }
                if self.routes.set_weight(weight) {
                    Ok(())
                } else {
                    Err(Refusal::conflict("there is no candidate; deploy one first"))
                }
            }
            _ => {
                self.routes.remove_candidate();
                if let Some(candidate) = instances.candidate.take() {
                    candidate.stop().await;
                }
                Ok(())
            }
        }
    }

    async fn deploy(&self, instances: &mut Instances, version: &str) -> Result<(), Refusal> {
        let sensible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
        if version.is_empty() || version.len() > VERSION_LIMIT || !version.chars().all(sensible) {
            let why = format!("a version is 1 to {VERSION_LIMIT} of the letters, digits and . - _ +");
            return Err(Refusal::bad(why));
        }
        let now = self.routes.observe();
        if now.candidate.as_deref() == Some(version) {
            if instances.candidate.as_ref().is_some_and(Service::is_serving) {
                return Ok(());
            }
        } else if now.candidate.is_some() && !matches!(now.weight, 0 | 100) {
            let (candidate, weight) = (now.candidate.unwrap_or_default(), now.weight);
            return Err(Refusal::conflict(format!(
                "{candidate} is the candidate and has {weight} percent of the traffic; roll it back first"
            )));
        } else if now.weight != 100 && now.stable == version {
            return Err(Refusal::conflict(format!("{version} is the stable version")));
        }

        let fault = if version == self.faulty { self.fault } else { Fault::None };
        let started = start(version, fault).await?;
        let upstream = Upstream::new(version, started.address());
        if now.weight == 100 && now.candidate.as_deref() != Some(version) {
            self.routes.settle_candidate();
            if let Some(settled) = instances.candidate.take() {
                std::mem::replace(&mut instances.stable, settled).stop().await;
            }
        }
        self.routes.set_candidate(upstream);
        if let Some(replaced) = instances.candidate.replace(started) {
            replaced.stop().await;
        }
        Ok(())
    }
}

/// Starts an instance and waits until it says that it is well.
async fn start(version: &str, fault: Fault) -> Result<Service, Refusal> {
    let failed = |why: String| Refusal(StatusCode::INTERNAL_SERVER_ERROR, format!("{version} does not start: {why}"));
    let service = Service::start(version, fault).await.map_err(|error| failed(error.to_string()))?;
    match Client::new(service.address()).get("/healthz").await {
        Ok(reply) if reply.status == 200 => Ok(service),
        Ok(reply) => Err(failed(format!("/healthz answered {}", reply.status))),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8], expected: &str) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let why = crate::text::line(&error.to_string(), 200);
        Refusal::bad(format!("expected {expected}: {why}"))
    })
}

fn refuse(refusal: &Refusal) -> Answer {
    let Refusal(status, why) = refusal;
    server::answer(*status, "application/json", serde_json::json!({ "error": why }).to_string())
}
