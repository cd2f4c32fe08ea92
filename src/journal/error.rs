//! What can go wrong with the journal, in words for whoever is awake at 3 a.m.

use std::path::Path;

use rusqlite::ErrorCode;

use super::Location;
use crate::text;

/// How much of a foreign message is shown.
const MESSAGE: usize = 300;

/// What can go wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is none.
    #[error("there is no journal at {path}; the first release started there creates it")]
    Missing {
        /// Where.
        path: String,
    },
    /// The setting names something that is not supported.
    #[error("{0}")]
    Setting(String),
    /// No default place is known.
    #[error("no folder for the journal is known, for there is no home folder; name one with FLIGHTDECK_JOURNAL")]
    NoDataFolder,
    /// The file or its folder cannot be made or reached.
    #[error("the journal {path} cannot be reached: {why}")]
    Unreachable {
        /// Where.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file is something else.
    #[error("{path} is not a journal of Flightdeck: {why}; it was left as it is")]
    NotAJournal {
        /// Where.
        path: String,
        /// What it is.
        why: String,
    },
    /// The file's layout is newer than this program.
    #[error(
        "the journal {path} was written by a newer Flightdeck (layout {found}; this one knows {known}); use that one, or another journal"
    )]
    NewerSchema {
        /// Where.
        path: String,
        /// Its layout.
        found: i64,
        /// The newest layout that is known here.
        known: i64,
    },
    /// An event's form is newer than this program.
    #[error(
        "event {sequence} of release {release} was written by a newer Flightdeck (form {format}; this one knows {known}); use that one for this release"
    )]
    Newer {
        /// The release.
        release: String,
        /// The event.
        sequence: u64,
        /// Its form.
        format: i64,
        /// The newest form that is known here.
        known: u32,
    },
    /// An event cannot be read.
    #[error("event {sequence} of release {release} cannot be read: {why}; `flightdeck verify {release}` says more")]
    Unreadable {
        /// The release.
        release: String,
        /// The event.
        sequence: u64,
        /// Why.
        why: String,
    },
    /// An event is not there, so what the release is at is not known.
    #[error("event {sequence} of release {release} is missing from the journal; `flightdeck verify {release}` says more")]
    Gap {
        /// The release.
        release: String,
        /// The event that should be there.
        sequence: u64,
    },
    /// The journal has no such release.
    #[error("the journal {path} knows no release {release}")]
    UnknownRelease {
        /// The release.
        release: String,
        /// Where.
        path: String,
    },
    /// Another process kept it locked for too long.
    #[error("the journal {path} is locked by another process, which has not let go for 5 seconds")]
    Locked {
        /// Where.
        path: String,
    },
    /// It may not be written.
    #[error("the journal {path} or its folder may not be written; nothing was recorded")]
    ReadOnly {
        /// Where.
        path: String,
    },
    /// The disk is full.
    #[error("the disk that holds the journal {path} is full; nothing was recorded")]
    Full {
        /// Where.
        path: String,
    },
    /// The file is damaged.
    #[error("the journal {path} is damaged ({why}); keep the file, and go on with a copy from a backup or a new journal")]
    Damaged {
        /// Where.
        path: String,
        /// What SQLite says.
        why: String,
    },
    /// Anything else.
    #[error("the journal {path} failed: {why}")]
    Failed {
        /// Where.
        path: String,
        /// What SQLite says.
        why: String,
    },
}

impl JournalError {
    /// What SQLite says, in our words.
    pub(super) fn sqlite(location: &Location, error: &rusqlite::Error) -> Self {
        let path = location.shown();
        let why = text::line(&error.to_string(), MESSAGE);
        match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Damaged { path, why },
            _ => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
                Some(ErrorCode::DiskFull) => Self::Full { path },
                Some(ErrorCode::CannotOpen) => Self::Unreachable { path, why },
                Some(ErrorCode::NotADatabase) => Self::NotAJournal { path, why: "it is no SQLite file".to_owned() },
                Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, why },
                _ => Self::Failed { path, why },
            },
        }
    }

    /// What the system says of a path.
    pub(super) fn folder(path: &Path, why: &std::io::Error) -> Self {
        let shown = shown(path);
        match why.kind() {
            std::io::ErrorKind::StorageFull => Self::Full { path: shown },
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path: shown },
            _ => Self::Unreachable { path: shown, why: text::line(&why.to_string(), MESSAGE) },
        }
    }

    /// An event that cannot be read.
    pub(super) fn unreadable(release: &str, sequence: u64, why: &dyn std::fmt::Display) -> Self {
        Self::Unreadable { release: text::line(release, 80), sequence, why: text::line(&why.to_string(), MESSAGE) }
    }
}

/// A path as it may be shown.
pub(super) fn shown(path: &Path) -> String {
    text::line(&path.display().to_string(), MESSAGE)
}

/// Why events were not appended. None of them was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The release has moved on since its writer looked.
    #[error("the release has moved on: its last event is {head} now")]
    Conflict {
        /// The sequence number of its last event.
        head: u64,
    },
    /// Somebody else drives the release.
    #[error("another controller has taken over the release")]
    Fenced,
    /// A release begins with an event that says so, and only with that.
    #[error("a release's first event must be that it started, under its own id, and no other event may be")]
    NotStarted,
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
