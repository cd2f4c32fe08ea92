//! `flightdeck sandbox`: what the demo's plan runs.

use super::{Exit, Failure, thread};
use crate::sandbox::{self, SandboxCommand, SandboxError};

#[derive(Debug, clap::Args)]
#[group(id = "sandbox-arguments")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: SandboxCommand,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let done = thread::runtime()?.block_on(sandbox::run(arguments.command.clone(), &mut std::io::stdout()));
    done.map(|()| Exit::Done).map_err(|error| {
        let exit = if matches!(error, SandboxError::Failed(_)) { Exit::No } else { Exit::Unknown };
        Failure { exit, message: error.to_string() }
    })
}
