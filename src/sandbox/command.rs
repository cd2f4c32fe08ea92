//! What the demo's plan runs: a hidden subcommand of the program, so the demo needs nothing that is not there.

use std::io::Write;
use std::path::PathBuf;

use super::{Ceiling, SandboxError, load_test, migrate, smoke_test};
use crate::plan::Duration;

/// The sandbox's tasks and checks.
#[derive(Debug, Clone, PartialEq, clap::Subcommand)]
pub enum SandboxCommand {
    /// Sends steady load to a service and judges the answers.
    Load {
        /// The service, as in `http://127.0.0.1:8080`.
        url: String,
        /// Requests a second.
        #[arg(long, default_value_t = 60.0)]
        rate: f64,
        /// How long.
        #[arg(long = "for", default_value = "5s")]
        duration: Duration,
        /// Requests that may fail, in percent.
        #[arg(long, default_value_t = 1.0)]
        max_errors: f64,
        /// What the 95th percentile of the time to an answer may be.
        #[arg(long, default_value = "200ms")]
        max_p95: Duration,
    },
    /// Uses a service as a customer would and checks every answer.
    Smoke {
        /// The service, as in `http://127.0.0.1:8080`.
        url: String,
        /// The version that must answer.
        #[arg(long)]
        expect: String,
        /// How many times.
        #[arg(long, default_value_t = 20)]
        times: u32,
    },
    /// Migrates the shop's database.
    Migrate {
        /// Which way.
        direction: Direction,
        /// The database.
        database: PathBuf,
    },
    /// Copies the shop's database and checks the copy.
    Backup {
        /// The database.
        database: PathBuf,
        /// The copy; an older one is replaced.
        to: PathBuf,
    },
    /// Checks that the shop's database is whole.
    Verify {
        /// The database.
        database: PathBuf,
    },
}

/// Which way a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Direction {
    /// To the new schema.
    Up,
    /// Back to the old one.
    Down,
}

/// Does it, with progress on `out`. An error of the kind [`SandboxError::Failed`] means that it was tried and is not as it should be.
pub async fn run(command: SandboxCommand, out: &mut dyn Write) -> Result<(), SandboxError> {
    match command {
        SandboxCommand::Load { url, rate, duration, max_errors, max_p95 } => {
            let ceiling = Ceiling { error_percent: max_errors, p95: max_p95.get() };
            let report = load_test(&url, rate, duration.get(), ceiling, out).await?;
            writeln!(out, "{report}").and_then(|()| out.flush()).map_err(SandboxError::Output)?;
            if report.passed() { Ok(()) } else { Err(SandboxError::Failed(report.why_not().join("; "))) }
        }
        SandboxCommand::Smoke { url, expect, times } => smoke_test(&url, &expect, times, out).await,
        SandboxCommand::Migrate { direction: Direction::Up, database } => migrate::up(&database, out),
        SandboxCommand::Migrate { direction: Direction::Down, database } => migrate::down(&database, out),
        SandboxCommand::Backup { database, to } => migrate::backup(&database, &to, out),
        SandboxCommand::Verify { database } => {
            let verified = migrate::verify(&database)?;
            writeln!(out, "{verified}").map_err(SandboxError::Output)
        }
    }
}
