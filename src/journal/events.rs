//! Appending and reading events.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::{
    AppendError, Journal, JournalError, Location,
    chain::{self, Hash, ORIGIN},
    number, stored,
    watch::touch,
};
use crate::{
    release::{Event, EventKind, FORMAT},
    text,
};

/// An event and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number in its release, from 1, without gaps.
    pub sequence: u64,
    /// What happened.
    pub event: Event,
}

/// A release as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseRow {
    /// Its id.
    pub release: String,
    /// When it started.
    pub started: Timestamp,
    /// What is released.
    pub service: String,
    /// The version to bring out.
    pub version: String,
    /// The sequence number of its last event.
    pub last: u64,
    /// Whether it is over: completed, or rolled back.
    pub ended: bool,
}

impl Journal {
    /// Appends events to a release, all or none, and returns the sequence number of the last. They are on the disk then.
    ///
    /// `expected` is the sequence number of the last event the writer knows of, 0 for a release that is to begin.
    /// With `fence`, the lease must still be held with that token.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] where the release has moved on, [`AppendError::Fenced`] where the lease is somebody else's.
    pub fn append(&mut self, release: &str, expected: u64, events: &[Event], fence: Option<u64>) -> Result<u64, AppendError> {
        let location = &self.location;
        let fail = |error: rusqlite::Error| JournalError::sqlite(location, &error);
        // Turned into text before the lock is taken, so that others wait for as short as can be.
        let bodies = events
            .iter()
            .zip((1_u64..).map(|place| expected.saturating_add(place)))
            .map(|(event, sequence)| {
                serde_json::to_string(event).map_err(|why| JournalError::unreadable(release, sequence, &why))
            })
            .collect::<Result<Vec<String>, JournalError>>()?;

        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        if let Some(token) = fence {
            let current: Option<i64> = transaction
                .prepare_cached("SELECT token FROM leases WHERE release = ?1 AND released = 0")
                .and_then(|mut statement| statement.query_row([release], |row| row.get(0)).optional())
                .map_err(fail)?;
            if current != Some(stored(token)) {
                return Err(AppendError::Fenced);
            }
        }
        let (head, mut hash) = tip(&transaction, release).map_err(fail)?.unwrap_or((0, ORIGIN));
        if head != expected {
            return Err(AppendError::Conflict { head });
        }
        let mut sequence = head;
        for (event, body) in events.iter().zip(&bodies) {
            sequence = sequence.saturating_add(1);
            hash = chain::link(&hash, release, sequence, i64::from(FORMAT), body.as_bytes());
            transaction
                .prepare_cached("INSERT INTO events (release, sequence, format, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)")
                .and_then(|mut statement| statement.execute(params![release, stored(sequence), FORMAT, body, hash]))
                .map_err(fail)?;
            list(&transaction, release, sequence, event).map_err(|error| error.in_words(location))?;
        }
        if sequence > head {
            transaction
                .prepare_cached(
                    "INSERT INTO heads (release, sequence, hash) VALUES (?1, ?2, ?3)
                     ON CONFLICT (release) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash",
                )
                .and_then(|mut statement| statement.execute(params![release, stored(sequence), hash]))
                .map_err(fail)?;
        }
        transaction.commit().map_err(fail)?;
        touch(&self.location);
        Ok(sequence)
    }

    /// A release's events behind one, in their order. None for a release that is not there.
    ///
    /// # Errors
    /// Where an event is missing, cannot be read, or was written by a newer Flightdeck.
    pub fn read(&self, release: &str, after: u64) -> Result<Vec<Entry>, JournalError> {
        self.fold(release, after, Vec::new(), |mut entries, sequence, event| {
            entries.push(Entry { sequence, event });
            entries
        })
    }

    /// Goes through a release's events behind one, in their order, without holding more than one of them.
    ///
    /// # Errors
    /// Where an event is missing, cannot be read, or was written by a newer Flightdeck.
    pub fn fold<B>(&self, release: &str, after: u64, init: B, mut f: impl FnMut(B, u64, Event) -> B) -> Result<B, JournalError> {
        let fail = |error: rusqlite::Error| JournalError::sqlite(&self.location, &error);
        let mut statement = self
            .connection
            .prepare_cached("SELECT sequence, format, body FROM events WHERE release = ?1 AND sequence > ?2 ORDER BY sequence")
            .map_err(fail)?;
        let mut rows = statement.query(params![release, stored(after)]).map_err(fail)?;
        let mut folded = init;
        let mut last = after;
        while let Some(row) = rows.next().map_err(fail)? {
            let sequence = number(row.get(0).map_err(fail)?);
            last = last.saturating_add(1);
            if sequence != last {
                return Err(JournalError::Gap { release: text::line(release, 80), sequence: last });
            }
            let format: i64 = row.get(1).map_err(fail)?;
            let body = row.get_ref(2).map_err(fail)?.as_str();
            let body = body.map_err(|why| JournalError::unreadable(release, sequence, &why))?;
            folded = f(folded, sequence, decode(release, sequence, format, body)?);
        }
        Ok(folded)
    }

    /// The sequence number of a release's last event, 0 for a release that is not there.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn head(&self, release: &str) -> Result<u64, JournalError> {
        let tip = self
            .connection
            .prepare_cached("SELECT sequence FROM heads WHERE release = ?1")
            .and_then(|mut statement| statement.query_row([release], |row| row.get(0)).optional())
            .map_err(|error| JournalError::sqlite(&self.location, &error))?;
        Ok(tip.map_or(0, number))
    }

    /// All releases, the newest first.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn releases(&self) -> Result<Vec<ReleaseRow>, JournalError> {
        let fail = |error: rusqlite::Error| JournalError::sqlite(&self.location, &error);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT release, started, service, version, coalesce(sequence, 0), ended
                 FROM releases LEFT JOIN heads USING (release) ORDER BY number DESC",
            )
            .map_err(fail)?;
        let mut rows = statement.query([]).map_err(fail)?;
        let mut releases = Vec::new();
        while let Some(row) = rows.next().map_err(fail)? {
            let release: String = row.get(0).map_err(fail)?;
            let started: String = row.get(1).map_err(fail)?;
            releases.push(ReleaseRow {
                started: started.parse().map_err(|why| JournalError::unreadable(&release, 1, &why))?,
                service: row.get(2).map_err(fail)?,
                version: row.get(3).map_err(fail)?,
                last: number(row.get(4).map_err(fail)?),
                ended: row.get(5).map_err(fail)?,
                release,
            });
        }
        Ok(releases)
    }
}

/// A release's last event: its number and its hash.
pub(super) fn tip(connection: &Connection, release: &str) -> Result<Option<(u64, Hash)>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT sequence, hash FROM heads WHERE release = ?1")?
        .query_row([release], |row| Ok((number(row.get(0)?), row.get(1)?)))
        .optional()
}

/// What can go wrong with the list of releases.
enum ListError {
    NotStarted,
    Sqlite(rusqlite::Error),
}

impl ListError {
    fn in_words(self, location: &Location) -> AppendError {
        match self {
            Self::NotStarted => AppendError::NotStarted,
            Self::Sqlite(error) => JournalError::sqlite(location, &error).into(),
        }
    }
}

impl From<rusqlite::Error> for ListError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Keeps the list of releases in step with an event.
fn list(transaction: &Transaction<'_>, release: &str, sequence: u64, event: &Event) -> Result<(), ListError> {
    let ended = match &event.kind {
        EventKind::Started { release: own, version, plan, .. } if sequence == 1 && own == release => {
            transaction
                .prepare_cached("INSERT INTO releases (release, started, service, version, ended) VALUES (?1, ?2, ?3, ?4, 0)")?
                .execute(params![release, event.at.to_string(), plan.service, version])?;
            return Ok(());
        }
        EventKind::Started { .. } => return Err(ListError::NotStarted),
        _ if sequence == 1 => return Err(ListError::NotStarted),
        EventKind::Completed | EventKind::RolledBack => true,
        // What was out is taken back: it is under way again.
        EventKind::RollbackStarted { .. } | EventKind::RollbackRetried { .. } => false,
        _ => return Ok(()),
    };
    transaction
        .prepare_cached("UPDATE releases SET ended = ?2 WHERE release = ?1 AND ended <> ?2")?
        .execute(params![release, ended])?;
    Ok(())
}

/// An event from its text. Every form that was ever written is read, by the way from it to the present one.
pub(super) fn decode(release: &str, sequence: u64, format: i64, body: &str) -> Result<Event, JournalError> {
    match format {
        1 => serde_json::from_str(body).map_err(|why| JournalError::unreadable(release, sequence, &why)),
        newer if newer > i64::from(FORMAT) => {
            Err(JournalError::Newer { release: text::line(release, 80), sequence, format: newer, known: FORMAT })
        }
        other => Err(JournalError::unreadable(release, sequence, &format_args!("there is no form {other}"))),
    }
}
