//! `flightdeck demo`: a whole release against real HTTP services on loopback.

use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;

use super::{Exit, Failure, Global, answer, cockpit, looks::Looks, open::PLAN, run, start, tell, thread};
use crate::{
    journal::{Journal, Location},
    plan,
    sandbox::{self, Fault, Options, Pace, World},
};

/// What runs, and what is to come.
const STABLE: &str = "2.3.7";
const CANDIDATE: &str = "2.4.0";
/// How many requests the customers send each second.
const RATE: f64 = 120.0;

#[derive(Debug, clap::Args)]
#[group(id = "demo")]
pub(super) struct Arguments {
    /// What is wrong with the new version
    #[arg(long, value_enum, default_value_t = FaultName::None)]
    fault: FaultName,
    /// Drive it to its end without a screen
    #[arg(long)]
    headless: bool,
    #[command(flatten)]
    looks: Looks,
}

impl Arguments {
    /// The demo as it is flown without arguments.
    pub(super) fn with(looks: Looks) -> Self {
        Self { fault: FaultName::None, headless: false, looks }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FaultName {
    /// Nothing
    None,
    /// Many of its answers are errors
    Errors,
    /// It takes its time
    Latency,
    /// It goes down
    Crash,
}

impl From<FaultName> for Fault {
    fn from(name: FaultName) -> Self {
        match name {
            FaultName::None => Self::None,
            FaultName::Errors => Self::Errors,
            FaultName::Latency => Self::Latency,
            FaultName::Crash => Self::Crash,
        }
    }
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    if !arguments.headless {
        // Before anything is started: without a terminal there is nothing to see.
        cockpit::require_terminal("flightdeck demo --headless flies it without one")?;
    }
    let folder = tempfile::Builder::new().prefix("flightdeck-demo-").tempdir()?;
    let result = fly(arguments, global, folder.path());
    // Dropped, it would be removed too, but a failure would not be said.
    folder.close()?;
    result
}

fn fly(arguments: &Arguments, global: &Global, folder: &Path) -> Result<Exit, Failure> {
    let options = Options {
        stable: STABLE.to_owned(),
        candidate: CANDIDATE.to_owned(),
        fault: arguments.fault.into(),
        rate: RATE,
        folder: folder.to_owned(),
    };
    let runtime = thread::runtime()?;
    let world = runtime.block_on(World::start(options)).map_err(|error| Failure::unknown(error.to_string()))?;
    let exe = std::env::current_exe()?;
    let text = sandbox::demo_plan(&world.urls(), &exe, folder, Pace::Watch);
    let path = folder.join(PLAN);
    std::fs::write(&path, text)?;
    let loaded = plan::load(&path).map_err(|error| super::check::failure(&error))?;
    // A journal that was named is the user's, and keeps the flight; otherwise it goes with the demo.
    let location = match &global.journal {
        Some(_) => global.location()?,
        None => Location::from_setting(folder.join("journal.db").to_str())?,
    };
    let logbook = start::write(Journal::open(&location)?, loaded, CANDIDATE, Some(STABLE.to_owned()), &global.operator()?)?;
    let id = logbook.release.id.clone();
    let signed = vec![
        ("code-review".to_owned(), "read by two people".to_owned()),
        ("rollback-plan".to_owned(), "traffic back to the stable version, then the migration down".to_owned()),
    ];
    let flown = if arguments.headless {
        tell(&format!("release {id}"));
        run::fly(&location, logbook, Some(global.operator()?), signed).map(|(exit, logbook)| {
            answer(&logbook.release.report(false, Timestamp::now()).text());
            exit
        })
    } else {
        cockpit::open(&location, logbook, global.operator()?, &arguments.looks)
    };
    stop_tasks(&location, &id);
    runtime.block_on(world.stop());
    flown
}

/// Ends what the demo's release still runs: it goes with its world.
fn stop_tasks(location: &Location, id: &str) {
    crate::controller::kill_tasks(&location.tasks_folder(), id);
}
