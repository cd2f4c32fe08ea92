use std::{collections::BTreeSet, process::Command, thread};

use flightdeck::{
    journal::{AppendError, Journal, JournalError, Location},
    release::EventKind,
};

use crate::support::{event, journal, location, note, raw, stage, started};

#[test]
fn what_is_appended_is_read() {
    let (folder, mut journal) = journal();
    assert_eq!(journal.head("r").unwrap(), 0);
    assert_eq!(journal.read("r", 0).unwrap(), []);
    let events = [started("r"), stage("build"), note("fine ✔")];
    assert_eq!(journal.append("r", 0, &events, None).unwrap(), 3);
    assert_eq!(journal.append("r", 3, &[], None).unwrap(), 3);
    assert_eq!(journal.append("r", 3, &[event(EventKind::Completed)], None).unwrap(), 4);

    let other = Journal::open_existing(&location(&folder)).unwrap();
    let entries = other.read("r", 0).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(entries.iter().map(|entry| entry.event.clone()).take(3).collect::<Vec<_>>(), events);
    assert_eq!(other.read("r", 3).unwrap().len(), 1);
    assert_eq!(other.read("r", 9).unwrap(), []);
    assert_eq!(other.head("r").unwrap(), 4);
    assert_eq!(other.fold("r", 1, 0, |sum, sequence, _| sum + sequence).unwrap(), 9);
}

#[test]
fn who_knows_an_older_state_is_refused() {
    let (_folder, mut journal) = journal();
    journal.append("r", 0, &[started("r"), note("a")], None).unwrap();
    for stale in [0, 1, 3, u64::MAX] {
        let refusal = journal.append("r", stale, &[note("b")], None).unwrap_err();
        assert!(matches!(refusal, AppendError::Conflict { head: 2 }), "{stale}: {refusal}");
    }
    assert_eq!(journal.head("r").unwrap(), 2);
}

#[test]
fn a_release_begins_with_its_start_and_only_there() {
    let (_folder, mut journal) = journal();
    for events in [vec![note("a")], vec![started("other")], vec![started("r"), started("r")]] {
        assert!(matches!(journal.append("r", 0, &events, None), Err(AppendError::NotStarted)));
        assert_eq!(journal.head("r").unwrap(), 0, "all or none");
        assert_eq!(journal.releases().unwrap(), []);
    }
}

#[test]
fn lists_releases_the_newest_first() {
    let (_folder, mut journal) = journal();
    journal.append("a", 0, &[started("a"), event(EventKind::Completed)], None).unwrap();
    journal.append("b", 0, &[started("b")], None).unwrap();
    let rows = journal.releases().unwrap();
    let shown: Vec<_> = rows.iter().map(|row| (row.release.as_str(), row.last, row.ended)).collect();
    assert_eq!(shown, [("b", 1, false), ("a", 2, true)]);
    assert_eq!((rows[0].service.as_str(), rows[0].version.as_str(), rows[0].started), ("checkout", "2.4.0", started("b").at));

    let back = EventKind::RollbackStarted { why: "errors".to_owned(), steps: vec![], kept: vec![] };
    journal.append("a", 2, &[event(back)], None).unwrap();
    assert!(!journal.releases().unwrap()[1].ended);
    journal.append("a", 3, &[event(EventKind::RolledBack)], None).unwrap();
    assert!(journal.releases().unwrap()[1].ended);
}

#[test]
fn nothing_changes_what_was_written() {
    let (folder, mut journal) = journal();
    journal.append("r", 0, &[started("r"), note("a")], None).unwrap();
    let raw = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    for sql in [
        "UPDATE events SET body = '{}'",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events VALUES ('r', 2, 1, '{}', x'00')",
        "UPDATE heads SET sequence = 1",
        "DELETE FROM heads",
        "DELETE FROM releases",
    ] {
        let refusal = raw.execute(sql, []).unwrap_err().to_string();
        assert!(refusal.contains("append-only"), "{sql}: {refusal}");
    }
}

#[test]
fn a_newer_form_is_refused_in_words() {
    let (folder, mut journal) = journal();
    journal.append("r", 0, &[started("r"), note("a")], None).unwrap();
    raw(&folder).execute("UPDATE events SET format = 2 WHERE sequence = 2", []).unwrap();
    let refusal = journal.read("r", 0).unwrap_err();
    assert!(matches!(refusal, JournalError::Newer { sequence: 2, format: 2, .. }), "{refusal:?}");
    assert!(refusal.to_string().contains("newer Flightdeck"), "{refusal}");
}

#[test]
fn an_unreadable_or_missing_event_is_named() {
    let (folder, mut journal) = journal();
    journal.append("r", 0, &[started("r"), note("a"), note("b")], None).unwrap();
    let raw = raw(&folder);
    raw.execute("UPDATE events SET body = '{\"at\"' WHERE sequence = 2", []).unwrap();
    let refusal = journal.read("r", 0).unwrap_err();
    assert!(matches!(&refusal, JournalError::Unreadable { sequence: 2, release, .. } if release == "r"), "{refusal:?}");
    raw.execute("DELETE FROM events WHERE sequence = 2", []).unwrap();
    let refusal = journal.read("r", 0).unwrap_err();
    assert!(matches!(&refusal, JournalError::Gap { sequence: 2, .. }), "{refusal:?}");
}

/// Appends notes, and decides again on every conflict.
fn append_all(location: &Location, name: &str, count: usize) {
    let mut journal = Journal::open(location).unwrap();
    for number in 0..count {
        loop {
            let head = journal.head("r").unwrap();
            let events = if head == 0 { vec![started("r")] } else { vec![note(&format!("{name} {number}"))] };
            match journal.append("r", head, &events, None) {
                Ok(_) if head == 0 => {}
                Ok(_) => break,
                Err(AppendError::Conflict { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn appends_as_a_child() {
    // Only something to do when started by the test below.
    if let (Ok(path), Ok(name)) = (std::env::var("TEST_JOURNAL"), std::env::var("TEST_NAME")) {
        append_all(&Location::from_setting(Some(&path)).unwrap(), &name, 40);
    }
}

#[test]
fn threads_and_processes_lose_nothing_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let location = location(&folder);
    let children: Vec<_> = (0..2)
        .map(|child| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "append::appends_as_a_child"])
                .env("TEST_JOURNAL", location.path())
                .env("TEST_NAME", format!("child {child}"))
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    thread::scope(|scope| {
        for thread in 0..2 {
            let location = &location;
            scope.spawn(move || append_all(location, &format!("thread {thread}"), 40));
        }
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let journal = Journal::open_existing(&location).unwrap();
    let entries = journal.read("r", 0).unwrap();
    assert_eq!(entries.len(), 161);
    let notes: BTreeSet<String> = entries
        .into_iter()
        .filter_map(|entry| match entry.event.kind {
            EventKind::Noted { text } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(notes.len(), 160);
    assert_eq!(journal.verify(None).unwrap()[0].fault, None);
}
