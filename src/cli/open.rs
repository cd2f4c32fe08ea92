//! Finding the journal, a plan, a release.

use std::path::{Path, PathBuf};

use super::{Failure, Global};
use crate::{
    controller::Logbook,
    journal::{Journal, Location, ReleaseRow},
    plan::{self, Loaded},
};

/// The plan's file name.
pub(super) const PLAN: &str = "flightdeck.toml";

impl Global {
    /// Where the journal is.
    pub(super) fn location(&self) -> Result<Location, Failure> {
        Location::from_setting(self.journal.as_deref()).map_err(|error| Failure::wrong(error.to_string()))
    }

    /// The release that was named, or the only active one.
    pub(super) fn logbook(&self, named: Option<&str>) -> Result<(Location, Logbook), Failure> {
        let location = self.location()?;
        let journal = Journal::open_existing(&location)?;
        let id = find(&journal, named)?;
        Ok((location, Logbook::open(journal, &id)?))
    }
}

/// The id of the release that was named by it or the beginning of it; with none named, of the only active one.
pub(super) fn find(journal: &Journal, named: Option<&str>) -> Result<String, Failure> {
    let rows = journal.releases()?;
    let (matching, what) = match named {
        Some(named) => {
            if let Some(row) = rows.iter().find(|row| row.release == named) {
                return Ok(row.release.clone());
            }
            let begins = rows.iter().filter(|row| row.release.starts_with(named)).collect::<Vec<_>>();
            (begins, format!("release `{}`", crate::text::line(named, 60)))
        }
        None => (rows.iter().filter(|row| !row.ended).collect(), "active release".to_owned()),
    };
    match matching.as_slice() {
        [only] => Ok(only.release.clone()),
        [] if rows.is_empty() => Err(Failure::wrong("the journal has no release; begin one with `flightdeck start`")),
        [] => Err(Failure::wrong(format!("there is no {what}; the journal has\n{}", listed(&rows.iter().collect::<Vec<_>>())))),
        several => Err(Failure::wrong(format!("there is more than one {what}; name one\n{}", listed(several)))),
    }
}

pub(super) fn listed(rows: &[&ReleaseRow]) -> String {
    let line = |row: &&ReleaseRow| {
        let state = if row.ended { "ended" } else { "active" };
        format!("  {}  {} {}  {state}, began {:.0}", row.release, row.service, row.version, row.started)
    };
    let mut lines = rows.iter().take(20).map(line).collect::<Vec<_>>();
    if rows.len() > 20 {
        lines.push(format!("  … and {} more", rows.len().saturating_sub(20)));
    }
    lines.join("\n")
}

/// The plan's file: the one named (a folder stands for the plan in it), or `flightdeck.toml` here or in a folder above.
pub(super) fn plan_path(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(if named.is_dir() { named.join(PLAN) } else { named.to_owned() });
    }
    let here = std::env::current_dir()?;
    let found = here.ancestors().map(|folder| folder.join(PLAN)).find(|path| path.is_file());
    found.ok_or_else(|| {
        Failure::wrong(format!(
            "there is no {PLAN} here or in a folder above\n  flightdeck demo   shows a whole release, with nothing to set up\n  flightdeck init   writes a plan to begin with"
        ))
    })
}

/// A plan without problems.
pub(super) fn plan(named: Option<&Path>) -> Result<Loaded, Failure> {
    let path = plan_path(named)?;
    plan::load(&path).map_err(|error| super::check::failure(&error))
}
