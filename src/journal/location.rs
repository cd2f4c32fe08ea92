//! Where a journal is.

use std::path::{Path, PathBuf};

use super::{JournalError, error};
use crate::text;

/// Where a journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    path: PathBuf,
}

impl Location {
    /// From the setting: a path, `sqlite:PATH`, or nothing for the platform's data folder.
    ///
    /// # Errors
    /// Where the setting names a store that is not supported, or there is no data folder.
    pub fn from_setting(setting: Option<&str>) -> Result<Self, JournalError> {
        let Some(setting) = setting.map(str::trim).filter(|setting| !setting.is_empty()) else {
            return directories::ProjectDirs::from("", "", "flightdeck")
                .ok_or(JournalError::NoDataFolder)
                .and_then(|folders| Self::at(&folders.data_local_dir().join("journal.db")));
        };
        if let Some(path) = setting.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(JournalError::Setting("the journal's setting `sqlite:` names no file; write sqlite:PATH".to_owned()));
            }
            return Self::at(Path::new(path));
        }
        match setting.split_once("://") {
            // The rest of a URL may hold a password: only its first word is repeated.
            Some(("postgres" | "postgresql", _)) => Err(JournalError::Setting(
                "a journal in PostgreSQL is not supported yet; name a file, as a path or as sqlite:PATH".to_owned(),
            )),
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) => {
                Err(JournalError::Setting(format!(
                    "a journal cannot be kept in `{}`; name a file, as a path or as sqlite:PATH",
                    text::line(scheme, 30)
                )))
            }
            _ => Self::at(Path::new(setting)),
        }
    }

    /// A file. Made absolute, so that it stays the same file, and SQLite takes none of its special names for one of its own.
    fn at(path: &Path) -> Result<Self, JournalError> {
        let path = std::path::absolute(path).map_err(|why| JournalError::folder(path, &why))?;
        Ok(Self { path })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder beside it in which tasks keep their output and their fate.
    #[must_use]
    pub fn tasks_folder(&self) -> PathBuf {
        self.beside(".tasks")
    }

    /// The file's path with something behind it.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        PathBuf::from(path)
    }

    /// The file as it may be shown.
    pub(super) fn shown(&self) -> String {
        error::shown(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_setting() {
        let here = std::env::current_dir().unwrap();
        for (setting, expected) in [
            ("/var/lib/j.db", PathBuf::from("/var/lib/j.db")),
            ("sqlite:/var/lib/j.db", PathBuf::from("/var/lib/j.db")),
            ("sqlite:///var/lib/j.db", PathBuf::from("/var/lib/j.db")),
            ("sqlite:j.db", here.join("j.db")),
            ("sqlite://j.db", here.join("j.db")),
            (" j.db ", here.join("j.db")),
            (":memory:", here.join(":memory:")),
            ("file:x?mode=memory", here.join("file:x?mode=memory")),
        ] {
            assert_eq!(Location::from_setting(Some(setting)).unwrap().path(), expected, "{setting}");
        }
        let tasks = Location::from_setting(Some("/var/lib/j.db")).unwrap().tasks_folder();
        assert_eq!(tasks, PathBuf::from("/var/lib/j.db.tasks"));
    }

    #[test]
    fn refuses_other_stores_without_repeating_their_secrets() {
        for (setting, word) in [
            ("postgres://ann:hunter2@db/flights", "PostgreSQL"),
            ("postgresql://ann:hunter2@db/flights", "PostgreSQL"),
            ("mysql://ann:hunter2@db/flights", "`mysql`"),
            ("sqlite:", "no file"),
        ] {
            let words = Location::from_setting(Some(setting)).unwrap_err().to_string();
            assert!(words.contains(word) && !words.contains("hunter2"), "{setting}: {words}");
        }
    }
}
