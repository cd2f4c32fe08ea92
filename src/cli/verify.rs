//! `flightdeck verify`: was an event of the journal changed, removed or reordered.

use super::{Exit, Failure, Global, answer, open};
use crate::journal::Journal;

#[derive(Debug, clap::Args)]
#[group(id = "verify-arguments")]
pub(super) struct Arguments {
    /// The release: its id or the beginning of it; by default every one
    release: Option<String>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    let journal = Journal::open_existing(&global.location()?)?;
    // One whose events are gone can still be asked about by its whole name.
    let named = arguments.release.as_ref().map(|named| open::find(&journal, Some(named)).unwrap_or_else(|_| named.clone()));
    let verified = journal.verify(named.as_deref())?;
    if verified.is_empty() {
        return Err(Failure::wrong("the journal has no such release"));
    }
    let mut exit = Exit::Done;
    for release in verified {
        match release.fault {
            None => answer(&format!("{}: {} events, whole and in order", release.release, release.events)),
            Some(fault) => {
                exit = Exit::No;
                answer(&format!("{}: event {}: {}", release.release, fault.sequence, fault.words));
            }
        }
    }
    Ok(exit)
}
