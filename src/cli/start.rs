//! `flightdeck start`: begins a release.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Exit, Failure, Global, answer, open, tell, thread};
use crate::{
    controller::Logbook,
    journal::{Journal, Location},
    plan::Loaded,
    release::{Event, EventKind},
    text,
};

/// Which release to begin.
#[derive(Debug, clap::Args)]
#[group(id = "start")]
pub(super) struct Arguments {
    /// The plan; by default flightdeck.toml here or in a folder above
    pub(super) plan: Option<PathBuf>,
    /// The version to bring out
    #[arg(long, value_name = "V")]
    pub(super) version: String,
    /// The version it replaces; by default what the plan's first target says is stable, else the last version that was completed
    #[arg(long, value_name = "V")]
    pub(super) previous: Option<String>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    let (_, logbook) = begin(arguments, global)?;
    answer(&logbook.release.id);
    tell(&format!("Nothing drives it yet. Open the cockpit with: flightdeck --release {}", logbook.release.id));
    Ok(Exit::Done)
}

/// Begins a release from the command line's arguments.
pub(super) fn begin(arguments: &Arguments, global: &Global) -> Result<(Location, Logbook), Failure> {
    let version = a_version(&arguments.version)?;
    let previous = arguments.previous.as_deref().map(a_version).transpose()?;
    let loaded = open::plan(arguments.plan.as_deref())?;
    let location = global.location()?;
    let journal = Journal::open(&location)?;
    let previous = match previous {
        Some(previous) => Some(previous),
        None => thread::observed_stable(&loaded, &version)?.or_else(|| last_completed(&journal, &loaded.plan.service)),
    };
    let others = journal.releases()?.into_iter().filter(|row| !row.ended && row.service == loaded.plan.service);
    for other in others {
        tell(&format!("Mind: release {} of {} {} is still under way.", other.release, other.service, other.version));
    }
    let logbook = write(journal, loaded, &version, previous, &global.operator()?)?;
    Ok((location, logbook))
}

/// Writes the first event of a release.
pub(super) fn write(
    journal: Journal,
    loaded: Loaded,
    version: &str,
    previous: Option<String>,
    by: &str,
) -> Result<Logbook, Failure> {
    let id = fresh_id()?;
    let kind = EventKind::Started {
        release: id.clone(),
        version: version.to_owned(),
        previous,
        plan: Box::new(loaded.plan),
        digest: loaded.digest,
        folder: in_words(&loaded.folder)?,
    };
    Ok(Logbook::begin(journal, &id, Event { at: Timestamp::now(), by: by.to_owned(), kind })?)
}

fn in_words(folder: &Path) -> Result<String, Failure> {
    let whole = std::path::absolute(folder)?;
    let text = whole.to_str().ok_or_else(|| Failure::wrong("the plan's folder has a name that is no text"))?;
    Ok(text.to_owned())
}

fn a_version(given: &str) -> Result<String, Failure> {
    let safe = text::line(given, 100);
    if safe.is_empty() || safe != given {
        return Err(Failure::wrong(format!("`{safe}` is no version; give 1 to 100 plain characters, as in 2.4.0")));
    }
    Ok(safe)
}

fn last_completed(journal: &Journal, service: &str) -> Option<String> {
    let rows = journal.releases().ok()?;
    rows.into_iter().filter(|row| row.ended && row.service == service).find_map(|row| {
        let entries = journal.read(&row.release, row.last.saturating_sub(1)).ok()?;
        let last = entries.last()?;
        matches!(last.event.kind, EventKind::Completed).then_some(row.version)
    })
}

/// Eight characters that read well aloud, from the system's randomness.
fn fresh_id() -> Result<String, Failure> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| Failure::unknown(format!("no randomness for an id: {error}")))?;
    Ok(bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32))).map(|letter| char::from(*letter)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_differ() {
        let ids = (0..100).map(|_| fresh_id().unwrap()).collect::<std::collections::HashSet<_>>();
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|id| id.len() == 8));
    }

    #[test]
    fn a_version_is_plain() {
        assert!(a_version("2.4.0").is_ok());
        for wrong in ["", " 1", "1\n", "\u{1b}[31m", &"1".repeat(101)] {
            assert!(a_version(wrong).is_err(), "{wrong:?}");
        }
    }
}
