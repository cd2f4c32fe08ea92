//! The controller on a thread of its own, so that neither the screen nor the disk waits for the other.

use std::{path::PathBuf, thread::JoinHandle};

use tokio::sync::{oneshot, watch};

use super::Failure;
use crate::{
    controller::{self, Config, DriveError},
    journal::Location,
    plan::Loaded,
    sources, targets,
};

/// A controller at work.
pub(super) struct Driving {
    stop: watch::Sender<bool>,
    thread: JoinHandle<Result<(), DriveError>>,
}

impl Driving {
    /// Begins to drive a release; `ended` is told why, if it ends by itself.
    pub(super) fn begin(location: &Location, release: &str, ended: oneshot::Sender<String>) -> Result<Self, Failure> {
        let config =
            Config { location: location.clone(), release: release.to_owned(), launcher: std::env::current_exe()?, host: host() };
        let (stop, stopped) = watch::channel(false);
        let runtime = runtime()?;
        let thread = std::thread::Builder::new().name("controller".to_owned()).spawn(move || {
            let result = runtime.block_on(controller::drive(config, stopped));
            if let Err(error) = &result {
                // Nobody listens any more where the cockpit is closing.
                let _closing = ended.send(error.to_string());
            }
            result
        })?;
        Ok(Self { stop, thread })
    }

    /// Lets go of the release. What runs runs on.
    pub(super) fn end(self) -> Result<(), Failure> {
        // It may have ended before.
        let _ended = self.stop.send(true);
        match self.thread.join() {
            Ok(result) => Ok(result?),
            Err(_) => Err(Failure::unknown("the controller came to an unexpected end; the journal is intact")),
        }
    }
}

/// A runtime on one thread.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// This host's name.
pub(super) fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    crate::text::line(&name, 64)
}

/// The version that a plan's first target says is stable, if it says so.
pub(super) fn observed_stable(loaded: &Loaded, version: &str) -> Result<Option<String>, Failure> {
    let Some(target) = loaded.plan.targets.values().next() else { return Ok(None) };
    let http = sources::http::http_client().map_err(|error| Failure::unknown(error.to_string()))?;
    let environment = [("FLIGHTDECK_SERVICE", loaded.plan.service.as_str()), ("FLIGHTDECK_VERSION", version)];
    let context = targets::Context {
        folder: PathBuf::from(&loaded.folder),
        version: version.to_owned(),
        previous: None,
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        http,
    };
    let observed = runtime()?.block_on(targets::driver(target).observe(&context));
    Ok(observed.ok().and_then(|observed| observed.stable).filter(|stable| stable != version))
}
