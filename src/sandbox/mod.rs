//! The demo's world: two versions of a small shop on loopback, a balancer in front of them, customers, and a database.
//!
//! Everything in it is real: HTTP over real ports, requests that do work, metrics counted from them. It lives on a thread of its own,
//! so drawing and the journal do not disturb what is measured, and ends with its [`World`]: no thread, port or task is left.
//!
//! | file | what it is |
//! |---|---|
//! | `service` | the shop, in a version that may have a fault |
//! | `balancer` | splits the traffic and measures each track |
//! | `control` | what the `sandbox` target driver speaks to |
//! | `load` | the customers; the load test and the smoke test |
//! | `migrate` | the shop's database, its migration and backup |
//! | `plan` | the demo's `flightdeck.toml` |
//! | `command` | what that plan runs |
//! | `server`, `client`, `metrics` | HTTP and Prometheus' format, as far as they are needed here |

mod balancer;
mod client;
mod command;
mod control;
mod load;
mod metrics;
pub mod migrate;
mod plan;
mod server;
mod service;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use command::{Direction, SandboxCommand, run};
pub use load::{Ceiling, Report, Stats, load_test, smoke_test};
pub use plan::{Pace, Urls, demo_plan};
pub use service::Fault;

use balancer::{Balancer, Upstream};
use control::Control;
use load::Load;
use service::Service;

/// Why something in the sandbox is not done.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A server could not be started.
    #[error("the sandbox's {what} does not start: {source}")]
    Start {
        /// Which part.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The sandbox's thread ended before it had begun.
    #[error("the sandbox broke off while it started")]
    BrokeOff,
    /// No URL that can be used here.
    #[error("{url}: {why}")]
    Url {
        /// The URL.
        url: String,
        /// Why not.
        why: String,
    },
    /// A database.
    #[error("{}: {source}", path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Progress could not be written.
    #[error("progress could not be written: {0}")]
    Output(#[source] io::Error),
    /// It was tried, and it is not as it should be.
    #[error("{0}")]
    Failed(String),
}

/// What world is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version that runs.
    pub stable: String,
    /// The version to be released.
    pub candidate: String,
    /// What is wrong with that one.
    pub fault: Fault,
    /// How many requests customers send each second.
    pub rate: f64,
    /// Where the database is made. The folder must be there; whoever made it removes it.
    pub folder: PathBuf,
}

/// Where everything listens.
#[derive(Debug, Clone, Copy)]
struct Addresses {
    traffic: SocketAddr,
    balancer: SocketAddr,
    control: SocketAddr,
    stable: SocketAddr,
    staging: SocketAddr,
}

/// The running sandbox. Dropped, it ends at once, and has ended when the drop returns.
#[derive(Debug)]
pub struct World {
    addresses: Addresses,
    stats: Arc<Mutex<Stats>>,
    database: PathBuf,
    /// Sent to, it ends politely; dropped, at once.
    stop: Option<oneshot::Sender<()>>,
    stopped: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the sandbox's thread says once everything runs.
type Started = Result<(Addresses, Arc<Mutex<Stats>>), SandboxError>;

impl World {
    /// Makes the database, and starts the stable version, the candidate's instance in staging, the balancer, the control and the customers.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let database = options.folder.join("shop.db");
        let (stop, stopping) = oneshot::channel();
        let (started, starting) = oneshot::channel::<Started>();
        let (end, stopped) = oneshot::channel();
        let path = database.clone();
        let thread = std::thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || {
                let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(source) => {
                        let _ = started.send(Err(SandboxError::Start { what: "runtime", source }));
                        return;
                    }
                };
                runtime.block_on(live(options, &path, started, stopping));
                // Whatever is left ends with the runtime, before anyone hears that it has ended.
                drop(runtime);
                let _ = end.send(());
            })
            .map_err(|source| SandboxError::Start { what: "thread", source })?;
        // From here on a failure, or a caller that gives up, ends the thread through the drop of what it holds.
        let mut world = Self {
            addresses: Addresses { traffic: NOWHERE, balancer: NOWHERE, control: NOWHERE, stable: NOWHERE, staging: NOWHERE },
            stats: Arc::default(),
            database,
            stop: Some(stop),
            stopped: Some(stopped),
            thread: Some(thread),
        };
        (world.addresses, world.stats) = starting.await.map_err(|_| SandboxError::BrokeOff)??;
        Ok(world)
    }

    /// Where customers come in.
    #[must_use]
    pub fn balancer_url(&self) -> String {
        url(self.addresses.traffic)
    }

    /// What the `sandbox` target driver speaks to.
    #[must_use]
    pub fn control_url(&self) -> String {
        url(self.addresses.control)
    }

    /// The metrics of the instance that was stable at the start.
    #[must_use]
    pub fn stable_metrics_url(&self) -> String {
        url(self.addresses.stable) + "/metrics"
    }

    /// The balancer's metrics, by track.
    #[must_use]
    pub fn proxy_metrics_url(&self) -> String {
        url(self.addresses.balancer) + "/metrics"
    }

    /// The candidate's instance in staging, which customers do not reach.
    #[must_use]
    pub fn staging_url(&self) -> String {
        url(self.addresses.staging)
    }

    /// The addresses that the demo's plan names.
    #[must_use]
    pub fn urls(&self) -> Urls {
        Urls {
            balancer: self.balancer_url(),
            control: self.control_url(),
            proxy_metrics: self.proxy_metrics_url(),
            staging: self.staging_url(),
        }
    }

    /// The shop's database.
    #[must_use]
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// What became of the customers' requests so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the customers away, answers what is under way, and returns once every port is closed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(stopped) = self.stopped.take() {
            let _ = stopped.await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An address before there is one.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Everything that runs.
struct Parts {
    load: Load,
    balancer: Balancer,
    control: Control,
    staging: Service,
}

async fn live(options: Options, database: &Path, started: oneshot::Sender<Started>, mut stopping: oneshot::Receiver<()>) {
    let parts = tokio::select! {
        // Given up while it starts.
        _ = &mut stopping => return,
        parts = bring_up(&options, database) => parts,
    };
    let parts = match parts {
        Ok((parts, addresses)) => {
            let _ = started.send(Ok((addresses, parts.load.stats())));
            parts
        }
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    if stopping.await.is_ok() {
        parts.load.stop().await;
        parts.balancer.stop().await;
        parts.control.stop().await;
        parts.staging.stop().await;
    }
}

async fn bring_up(options: &Options, database: &Path) -> Result<(Parts, Addresses), SandboxError> {
    let failed = |what| move |source| SandboxError::Start { what, source };
    migrate::create(database)?;
    let stable = Service::start(&options.stable, Fault::None).await.map_err(failed("stable version"))?;
    let staging = Service::start(&options.candidate, options.fault).await.map_err(failed("staging"))?;
    let upstream = Upstream::new(stable.version(), stable.address());
    let balancer = Balancer::start(upstream).await.map_err(failed("balancer"))?;
    let stable_address = stable.address();
    let control =
        Control::start(balancer.routes(), stable, &options.candidate, options.fault).await.map_err(failed("control"))?;
    let addresses = Addresses {
        traffic: balancer.address(),
        balancer: balancer.own_address(),
        control: control.address(),
        stable: stable_address,
        staging: staging.address(),
    };
    let load = Load::start(addresses.traffic, options.rate);
    Ok((Parts { load, balancer, control, staging }, addresses))
}
