//! The shop: the service that the demo releases, in a version that may have a fault.
//!
//! | page | what it is |
//! |---|---|
//! | `GET /?page=N` | a page of the price list, computed for each request, closed by a checksum over it |
//! | `GET /healthz` | `ok` as long as it serves |
//! | `GET /version` | its version |
//! | `GET /metrics` | what it counts of the price lists it served, in Prometheus' format |

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::{HeaderValue, VIA};
use hyper::{Method, Request, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::metrics::{self, Histogram};
use super::server::{self, Answer, Ending, Server};

/// How many requests of customers a faulty version serves well.
const GOOD_REQUESTS: u64 = 20;
/// What the balancer writes into `via`: who comes through it is a customer.
pub(crate) const VIA_BALANCER: HeaderValue = HeaderValue::from_static("1.1 sandbox");

/// What is wrong with a version, once customers use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Every fourth request is answered with status 500.
    Errors,
    /// A request takes 250 to 400 ms.
    Latency,
    /// It dies: its port closes in the middle of a request.
    Crash,
}

/// A running instance of the shop.
#[derive(Debug)]
pub(crate) struct Service {
    version: String,
    server: Server,
}

impl Service {
    /// Starts an instance on a free loopback port.
    pub(crate) async fn start(version: &str, fault: Fault) -> io::Result<Self> {
        let (ending, _) = watch::channel(Ending::Serving);
        let shop = Arc::new(Shop {
            version: version.to_owned(),
            fault,
            started: metrics::unix_seconds(),
            customers: AtomicU64::new(0),
            served: Mutex::default(),
            ending: ending.clone(),
        });
        let handler = Arc::new(move |request| {
            let shop = Arc::clone(&shop);
            Box::pin(async move { shop.handle(request).await }) as _
        });
        Ok(Self { version: version.to_owned(), server: Server::start(ending, handler).await? })
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Whether it serves: not so once it has crashed.
    pub(crate) fn is_serving(&self) -> bool {
        self.server.is_serving()
    }

    /// Answers what is under way and ends.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

struct Shop {
    version: String,
    fault: Fault,
    started: f64,
    customers: AtomicU64,
    served: Mutex<Served>,
    ending: watch::Sender<Ending>,
}

/// What was served. All of it changes under one lock, so a page of metrics never contradicts itself.
#[derive(Debug)]
struct Served {
    codes: BTreeMap<u16, u64>,
    took: Histogram,
    in_flight: u64,
}

impl Default for Served {
    fn default() -> Self {
        // A series that exists from the start shows its first increase.
        Self { codes: BTreeMap::from([(200, 0), (500, 0)]), took: Histogram::default(), in_flight: 0 }
    }
}

/// A request under way, which ends with its answer or with its connection.
struct InFlight<'a>(&'a Shop);

impl<'a> InFlight<'a> {
    fn begin(shop: &'a Shop) -> Self {
        let mut served = shop.served();
        served.in_flight = served.in_flight.saturating_add(1);
        Self(shop)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut served = self.0.served();
        served.in_flight = served.in_flight.saturating_sub(1);
    }
}

impl Shop {
    fn served(&self) -> std::sync::MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn handle(&self, request: Request<Incoming>) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return server::method_not_allowed("GET, HEAD");
        }
        match request.uri().path() {
            "/" => self.sell(&request).await,
            "/healthz" => server::text(StatusCode::OK, "ok\n"),
            "/version" => server::text(StatusCode::OK, format!("{}\n", self.version)),
            "/metrics" => server::answer(StatusCode::OK, metrics::CONTENT_TYPE, self.metrics()),
            _ => server::text(StatusCode::NOT_FOUND, "no such page\n"),
        }
    }

    async fn sell(&self, request: &Request<Incoming>) -> Answer {
        let began = Instant::now();
        let in_flight = InFlight::begin(self);
        let page =
            request.uri().query().and_then(|query| query.strip_prefix("page=")).and_then(|page| page.parse().ok()).unwrap_or(0);
        let answer = match self.misbehave(request).await {
            Some(answer) => answer,
            None => server::text(StatusCode::OK, price_list(&self.version, page)),
        };
        drop(in_flight);
        let mut served = self.served();
        served.took.observe(began.elapsed());
        let count = served.codes.entry(answer.status().as_u16()).or_default();
        *count = count.saturating_add(1);
        drop(served);
        answer
    }

    /// What the version's fault does to a request; only customers get to see it, so no test before production finds it.
    async fn misbehave(&self, request: &Request<Incoming>) -> Option<Answer> {
        if request.headers().get(VIA) != Some(&VIA_BALANCER) {
            return None;
        }
        let nth = self.customers.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if nth <= GOOD_REQUESTS {
            return None;
        }
        match self.fault {
            Fault::None => None,
            Fault::Errors if nth.is_multiple_of(4) => {
                Some(server::text(StatusCode::INTERNAL_SERVER_ERROR, "the price list could not be computed\n"))
            }
            Fault::Errors => None,
            Fault::Latency => {
                tokio::time::sleep(Duration::from_millis(250_u64.saturating_add(nth.wrapping_mul(37) % 151))).await;
                None
            }
            Fault::Crash => {
                self.ending.send_replace(Ending::Cut);
                // The server drops this request with all the others.
                std::future::pending().await
            }
        }
    }

    fn metrics(&self) -> String {
        let labels = format!("{},{}", metrics::label("service", "shop"), metrics::label("version", &self.version));
        let mut page = String::with_capacity(4096);
        let served = self.served();
        metrics::begin(&mut page, "http_requests_total", "counter", "Price lists asked for, by the answer's status.");
        for (code, count) in &served.codes {
            let _ = writeln!(page, "http_requests_total{{{labels},code=\"{code}\"}} {count}");
        }
        metrics::begin(&mut page, "http_request_duration_seconds", "histogram", "How long a price list took.");
        served.took.write(&mut page, "http_request_duration_seconds", &labels);
        metrics::begin(&mut page, "http_requests_in_flight", "gauge", "Price lists being computed.");
        let _ = writeln!(page, "http_requests_in_flight{{{labels}}} {}", served.in_flight);
        drop(served);
        metrics::begin(&mut page, "process_start_time_seconds", "gauge", "When this instance started, in seconds since 1970.");
        let _ = writeln!(page, "process_start_time_seconds{{{labels}}} {}", self.started);
        page
    }
}

/// A page of the price list, the cheapest first, with the checksum of everything before as its last line.
///
/// The whole catalogue is priced and sorted for every request: that is the work whose time is measured.
fn price_list(version: &str, page: usize) -> String {
    const PAGE: usize = 25;
    let page = page % 8;
    // A later page comes from a larger catalogue, so requests differ in what they cost, as they do in life.
    let items = 1000_u64.saturating_add(u64::try_from(page).unwrap_or(0).saturating_mul(400));
    let mut prices: Vec<(u64, u64)> = (1..=items)
        .map(|item| {
            let net = item.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) % 20_000;
            (net.saturating_add(net.saturating_mul(19) / 100), item)
        })
        .collect();
    prices.sort_unstable();
    let mut list = format!("shop {version}, page {page} of prices with tax\n");
    for (cents, item) in prices.iter().skip(page.saturating_mul(PAGE)).take(PAGE) {
        let _ = writeln!(list, "item {item:>4}  {:>4}.{:02} EUR", cents / 100, cents % 100);
    }
    let sum = checksum(&list);
    let _ = writeln!(list, "sha256 {sum}");
    list
}

/// Whether a page of the price list carries its own checksum.
pub(crate) fn is_intact(list: &str) -> bool {
    let Some((rest, sum)) = list.trim_end().rsplit_once("sha256 ") else { return false };
    checksum(rest) == sum
}

fn checksum(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_list_is_intact_until_it_is_touched() {
        for page in 0..9 {
            let list = price_list("2.4.0", page);
            assert_eq!(list.lines().count(), 27);
            assert!(is_intact(&list));
            assert!(!is_intact(&list.replacen("item", "itme", 1)));
        }
        assert!(!is_intact("<html>"));
    }
}
