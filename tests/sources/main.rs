//! Sources against real servers: Prometheus, VictoriaMetrics, Alertmanager, and TLS by OpenSSL.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../support/alertmanager.rs"]
mod alertmanager;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/victoria.rs"]
mod victoria;

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod entry;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod victoria_metrics;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use flightdeck::{
    health::Sample,
    plan::{self, Duration as PlanDuration, Plan, Server, Signal, Source},
    sources::{Context, Memory, Reading, Sampler, groups, http::http_client, prometheus::Client, sample},
};
use jiff::Timestamp;

/// More than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

fn signal(source: Source) -> Signal {
    let (every, timeout) = (PlanDuration::from_secs(1), Some(PlanDuration::from_secs(10)));
    Signal { every, timeout, samples: 1, confirm: 1, ..Signal::of(source) }
}

fn context(http: reqwest::Client) -> Context {
    Context { http, folder: "/".into(), env: Vec::new(), started: Timestamp::now() }
}

fn plain() -> Context {
    context(http_client().unwrap())
}

fn client(url: &str) -> Client {
    Client::new(&Server::at(url), &plain())
}

async fn take(source: Source, context: &Context) -> Sample {
    sample(&signal(source), context, &mut Memory::default()).await
}

/// A plan with these signals and servers.
fn plan(text: &str) -> Arc<Plan> {
    let text = format!("service = 'shop'\n{text}\n[[stages]]\nid = 'build'\nrun = 'true'\n");
    Arc::new(plan::parse(&text, "test").unwrap_or_else(|problems| panic!("{text}\n{problems:?}")))
}

fn of<'a>(readings: &'a [Reading], id: &str) -> &'a Sample {
    &readings.iter().find(|reading| reading.signal == id).unwrap().sample
}

/// Signals with these queries, at a server.
fn signals(url: &str, queries: &[(&str, &str)]) -> String {
    let signal = |(id, query): &(&str, &str)| {
        format!(
            "[signals.{id}]\nsource = 'prometheus'\nserver = 'main'\nevery = '1s'\ntimeout = '20s'\nsamples = 1\nconfirm = 1\nfail = 100\nquery = '''{query}'''\n"
        )
    };
    format!("[servers.main]\nurl = '{url}'\n{}", queries.iter().map(signal).collect::<String>())
}

/// The sampler of a plan whose signals are all sampled together.
fn sampler(plan: &Arc<Plan>, context: &Context) -> Sampler {
    let groups = groups(plan);
    assert_eq!(groups.len(), 1, "{groups:?}");
    Sampler::new(Arc::clone(plan), groups.concat(), context.clone())
}

/// A page to be scraped, which ends with the test's process.
struct Page {
    /// Host and port.
    address: String,
    body: Arc<Mutex<Vec<u8>>>,
}

impl Page {
    fn start(kind: &'static str, body: &[u8]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let page = Self { address, body: Arc::new(Mutex::new(body.to_vec())) };
        let shown = Arc::clone(&page.body);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = BufReader::new(&stream).lines().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
                request.for_each(drop);
                let body = shown.lock().unwrap().clone();
                let length = body.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
                let _ = stream.write_all(&[head.into_bytes(), body].concat());
            }
        });
        page
    }

    fn show(&self, body: &[u8]) {
        *self.body.lock().unwrap() = body.to_vec();
    }
}

/// Runs a script of OpenSSL's; false where it is not installed.
fn openssl(folder: &Path, script: &str) -> bool {
    if Command::new("openssl").arg("version").output().is_err() {
        support::skip("openssl");
        return false;
    }
    let output = Command::new("sh").current_dir(folder).args(["-ec", script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}
