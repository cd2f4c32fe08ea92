//! stub
use super::{Exit, Failure, Global};
use crate::{controller::Logbook, journal::Location};
#[derive(Debug, clap::Args)]
#[group(id = "cockpit")]
pub(super) struct Arguments {
    /// x
    #[arg(long)]
    release: Option<String>,
}
pub(super) fn run(_: &Arguments, _: &Global) -> Result<Exit, Failure> { Err(Failure::wrong("no")) }
pub(super) fn require_terminal(_: &str) -> Result<(), Failure> { Ok(()) }
pub(super) fn open(_: &Location, _: Logbook, _: String) -> Result<Exit, Failure> { Err(Failure::wrong("no")) }
