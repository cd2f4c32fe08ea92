//! Verifying the hash chains, and saying what is wrong and where.

use jiff::Timestamp;
use rusqlite::{Connection, params, types::ValueRef};
use serde::Serialize;

use super::{
    Journal, JournalError,
    chain::{self, Hash, ORIGIN},
    events::{self, tip},
    number, stored,
};
use crate::{
    release::{Event, EventKind, FORMAT},
    text,
};

/// What verifying a release found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The release.
    pub release: String,
    /// How many events were found in order, before the fault if there is one.
    pub events: u64,
    /// The first fault, if there is one. Nothing behind it can be relied on.
    pub fault: Option<Fault>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The event's number.
    pub sequence: u64,
    /// What is wrong with it.
    pub kind: FaultKind,
    /// The same in words: the event's time and what it is about, where they can be read.
    pub words: String,
}

/// What can be wrong with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It does not read as it was written.
    Changed,
    /// It is not there, though later ones are.
    Missing,
    /// It stands at another place than it was written at.
    Reordered,
    /// It and all behind it are not there.
    CutOff,
    /// It was put there by something else than an append.
    Added,
    /// It is as it was written, but cannot be read.
    Unreadable,
}

/// An event as it is stored. Nothing about it is taken for granted.
struct Stored<'row> {
    sequence: u64,
    format: i64,
    body: &'row [u8],
    hash: &'row [u8],
}

impl<'row> Stored<'row> {
    const COLUMNS: &'static str = "sequence, format, body, hash";

    fn of(row: &'row rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            sequence: number(integer(row.get_ref(0)?)),
            format: integer(row.get_ref(1)?),
            body: bytes(row.get_ref(2)?),
            hash: bytes(row.get_ref(3)?),
        })
    }

    fn linked(&self, previous: &Hash, release: &str, sequence: u64) -> Hash {
        chain::link(previous, release, sequence, self.format, self.body)
    }
}

fn integer(value: ValueRef<'_>) -> i64 {
    value.as_i64().unwrap_or(-1)
}

fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        _ => &[],
    }
}

impl Journal {
    /// Verifies the chain of one release, or of all.
    ///
    /// # Errors
    /// Where the journal cannot be read at all, or has no such release. A fault in a chain is no error, but a finding.
    pub fn verify(&self, release: Option<&str>) -> Result<Vec<Verified>, JournalError> {
        let all = || {
            // One view, so that what is appended meanwhile does not look like a fault.
            let view = self.connection.unchecked_transaction()?;
            known(&view, release)?
                .into_iter()
                .map(|release| verify(&view, &release).map(|(events, fault)| Verified { release, events, fault }))
                .collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        let verified = all().map_err(|error| JournalError::sqlite(&self.location, &error))?;
        match release {
            Some(release) if verified.is_empty() => {
                Err(JournalError::UnknownRelease { release: text::line(release, 80), path: self.location.shown() })
            }
            _ => Ok(verified),
        }
    }
}

/// Every release that any table knows of: one that was removed from one of them is missed by the others.
fn known(connection: &Connection, only: Option<&str>) -> Result<Vec<String>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT release FROM releases WHERE release = coalesce(?1, release)
             UNION SELECT release FROM heads WHERE release = coalesce(?1, release)
             UNION SELECT DISTINCT release FROM events WHERE release = coalesce(?1, release)
             ORDER BY release",
        )?
        .query_map([only], |row| row.get(0))?
        .collect()
}

/// How many events are in order, and the first fault.
fn verify(connection: &Connection, release: &str) -> Result<(u64, Option<Fault>), rusqlite::Error> {
    let head = tip_bytes(connection, release)?;
    let mut statement =
        connection.prepare_cached(&format!("SELECT {} FROM events WHERE release = ?1 ORDER BY sequence", Stored::COLUMNS))?;
    let mut rows = statement.query([release])?;
    let (mut last, mut previous) = (0_u64, ORIGIN);
    let mut told = String::new();
    let mut row_of_list = Listed::default();
    while let Some(row) = rows.next()? {
        let event = Stored::of(row)?;
        let expected = last.saturating_add(1);
        let fault = |kind, words| Ok((last, Some(Fault { sequence: expected, kind, words })));
        if event.sequence != expected {
            if let Some((place, about)) = elsewhere(connection, release, expected, &previous, None)? {
                return fault(FaultKind::Reordered, format!("event {expected} ({about}) now stands at place {place}"));
            }
            let gone = span(expected, event.sequence.saturating_sub(1), "is", "are");
            let words = format!("{gone} missing; the next there is event {} ({})", event.sequence, about(event.body));
            return fault(FaultKind::Missing, words);
        }
        if head.as_ref().is_some_and(|(head, _)| event.sequence > *head) {
            let words = format!("event {expected} ({}) stands behind the last one that was appended", about(event.body));
            return fault(FaultKind::Added, words);
        }
        let hash = event.linked(&previous, release, expected);
        if hash != *event.hash {
            if let Some((place, about)) = elsewhere(connection, release, expected, &previous, Some(event.hash))? {
                return fault(FaultKind::Reordered, format!("event {expected} ({about}) now stands at place {place}"));
            }
            let words = format!("event {expected} is not as it was written; it now reads: {}", about(event.body));
            return fault(FaultKind::Changed, words);
        }
        // Newer forms are bound by their hashes all the same.
        if event.format <= i64::from(FORMAT) {
            let read = std::str::from_utf8(event.body)
                .map_err(|why| JournalError::unreadable(release, expected, &why))
                .and_then(|body| events::decode(release, expected, event.format, body));
            match read {
                Ok(event) => row_of_list.see(&event),
                Err(why) => return fault(FaultKind::Unreadable, format!("{why}: {}", about(event.body))),
            }
        }
        (last, previous) = (expected, hash);
        if head.as_ref().is_none_or(|(head, _)| last >= *head) {
            told = about(event.body);
        }
    }
    let fault = match head {
        None => Some((last.max(1), FaultKind::Missing, "the journal's note of the release's last event is missing".to_owned())),
        Some((head, _)) if head > last => {
            let gone = span(last.saturating_add(1), head, "was", "were");
            Some((last.saturating_add(1), FaultKind::CutOff, format!("{gone} cut off; {head} had been written, {last} are left")))
        }
        Some((_, hash)) if hash != previous => {
            Some((last, FaultKind::Changed, format!("event {last} ({told}) is not the one that was appended last")))
        }
        Some(_) => row_of_list.fault(connection, release)?,
    };
    Ok((last, fault.map(|(sequence, kind, words)| Fault { sequence, kind, words })))
}

/// The last event as it was noted, whatever stands there.
fn tip_bytes(connection: &Connection, release: &str) -> Result<Option<(u64, Vec<u8>)>, rusqlite::Error> {
    match tip(connection, release) {
        Ok(tip) => Ok(tip.map(|(sequence, hash)| (sequence, hash.to_vec()))),
        // A hash of another length was never ours: it will match nothing.
        Err(_) => connection.query_row("SELECT sequence FROM heads WHERE release = ?1", [release], |row| {
            Ok(Some((number(integer(row.get_ref(0)?)), Vec::new())))
        }),
    }
}

/// Where the event stands that belongs to a place, and what it is about. It is told by its hash, which fits there: its
/// own, or for one whose text was moved alone, the one that stands there.
fn elsewhere(
    connection: &Connection,
    release: &str,
    place: u64,
    previous: &Hash,
    there: Option<&[u8]>,
) -> Result<Option<(u64, String)>, rusqlite::Error> {
    let sql = format!("SELECT {} FROM events WHERE release = ?1 AND sequence > ?2 ORDER BY sequence", Stored::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![release, stored(place)])?;
    while let Some(row) = rows.next()? {
        let event = Stored::of(row)?;
        let hash = event.linked(previous, release, place);
        if hash == *event.hash || there.is_some_and(|there| hash == *there) {
            return Ok(Some((event.sequence, about(event.body))));
        }
    }
    Ok(None)
}

/// What the list of releases should say.
#[derive(Default)]
struct Listed {
    started: Option<(Timestamp, String, String)>,
    ended: bool,
    last: u64,
}

impl Listed {
    fn see(&mut self, event: &Event) {
        self.last = self.last.saturating_add(1);
        match &event.kind {
            EventKind::Started { version, plan, .. } => {
                self.started = Some((event.at, plan.service.clone(), version.clone()));
            }
            EventKind::Completed | EventKind::RolledBack => self.ended = true,
            EventKind::RollbackStarted { .. } | EventKind::RollbackRetried { .. } => self.ended = false,
            _ => {}
        }
    }

    /// Whether the list says something else. It is not part of the chain, but follows from it.
    fn fault(&self, connection: &Connection, release: &str) -> Result<Option<(u64, FaultKind, String)>, rusqlite::Error> {
        let Some((at, service, version)) = &self.started else {
            return Ok(None);
        };
        let expected = (at.to_string(), service.clone(), version.clone(), self.ended);
        let listed = connection
            .prepare_cached("SELECT started, service, version, ended FROM releases WHERE release = ?1")?
            .query_map([release], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .next()
            .transpose()?;
        Ok(match listed {
            None => Some((1, FaultKind::Missing, "the release was taken out of the list of releases".to_owned())),
            Some(listed) if listed != expected => {
                let words = "the list of releases says something else of it than its events do".to_owned();
                Some((1, FaultKind::Changed, words))
            }
            Some(_) => None,
        })
    }
}

/// `event 3 is` or `events 3 to 5 are`.
fn span(first: u64, last: u64, is: &str, are: &str) -> String {
    if last <= first { format!("event {first} {is}") } else { format!("events {first} to {last} {are}") }
}

/// What an event is about, by whatever can be read of it: its time, its kind, what it concerns and who did it.
fn about(body: &[u8]) -> String {
    let Ok(event) = serde_json::from_slice::<serde_json::Value>(body) else {
        return "it cannot be read".to_owned();
    };
    let field = |name: &str| event.get(name).and_then(serde_json::Value::as_str);
    let mut words = Vec::new();
    words.extend(field("at").map(str::to_owned));
    words.extend(field("kind").map(str::to_owned));
    let subject = ["stage", "check", "signal", "op", "version"].into_iter().find_map(|name| Some((name, field(name)?)));
    words.extend(subject.map(|(name, value)| format!("{name} {value}")));
    words.extend(field("by").map(|by| format!("by {by}")));
    if words.is_empty() { "it is no event".to_owned() } else { text::line(&words.join(" "), 200) }
}
