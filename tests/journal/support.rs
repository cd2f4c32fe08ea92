//! Journals in folders of their own, and events to put into them.

use flightdeck::{
    journal::{Journal, Location},
    plan::Plan,
    release::{CONTROLLER, Event, EventKind},
};
use jiff::Timestamp;
use tempfile::TempDir;

pub(crate) fn location(folder: &TempDir) -> Location {
    Location::from_setting(folder.path().join("journal.db").to_str()).unwrap()
}

pub(crate) fn journal() -> (TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&location(&folder)).unwrap();
    (folder, journal)
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

pub(crate) fn event(kind: EventKind) -> Event {
    Event { at: at(0), by: CONTROLLER.to_owned(), kind }
}

pub(crate) fn started(release: &str) -> Event {
    let plan: Plan = serde_json::from_str(r#"{"service": "checkout", "stages": []}"#).unwrap();
    event(EventKind::Started {
        release: release.to_owned(),
        version: "2.4.0".to_owned(),
        previous: Some("2.3.7".to_owned()),
        plan: Box::new(plan),
        digest: "d1".to_owned(),
        folder: "/tmp".to_owned(),
    })
}

pub(crate) fn note(text: &str) -> Event {
    event(EventKind::Noted { text: text.to_owned() })
}

pub(crate) fn stage(stage: &str) -> Event {
    event(EventKind::StagePassed { stage: stage.to_owned() })
}

/// A connection past all that the journal forbids.
pub(crate) fn raw(folder: &TempDir) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    for trigger in ["events_stay", "events_remain", "events_once", "heads_rise", "heads_remain", "releases_remain"] {
        connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {trigger}")).unwrap();
    }
    connection
}
