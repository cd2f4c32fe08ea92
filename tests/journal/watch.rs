use std::{
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use flightdeck::journal::{Journal, Watch};

use crate::support::{journal, location, note, started};

/// Long enough for a busy machine; a test that passes never waits for it.
const LONG: Duration = Duration::from_secs(20);
/// How long nothing must come before it counts as quiet.
const QUIET: Duration = Duration::from_millis(150);

#[test]
fn tells_of_writes_by_others_and_not_of_reads() {
    let (folder, mut journal) = journal();
    journal.append("r", 0, &[started("r")], None).unwrap();
    let (sender, changes) = mpsc::channel();
    let watch = Watch::new(&location(&folder), move || sender.send(()).unwrap_or_default()).unwrap();

    for head in 1..4 {
        journal.append("r", head, &[note("a")], None).unwrap();
        changes.recv_timeout(LONG).unwrap();
        while changes.recv_timeout(QUIET).is_ok() {}
    }

    // Readers that come and go touch the files beside it.
    for _ in 0..5 {
        let reader = Journal::open_existing(&location(&folder)).unwrap();
        assert_eq!(reader.read("r", 0).unwrap().len(), 4);
    }
    assert_eq!(changes.recv_timeout(QUIET), Err(RecvTimeoutError::Timeout));

    drop(watch);
    journal.append("r", 4, &[note("b")], None).unwrap();
    assert_eq!(changes.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected), "what it called is let go of, uncalled");
}

#[test]
fn does_not_feed_on_readers_that_open_and_close_the_file() {
    let (folder, mut journal) = journal();
    journal.append("r", 0, &[started("r")], None).unwrap();
    drop(journal);
    let (sender, changes) = mpsc::channel();
    let place = location(&folder);
    let inner = place.clone();
    let _watch = Watch::new(&place, move || {
        // The only one that has it open: SQLite creates the log, and removes it again.
        drop(Journal::open_existing(&inner).unwrap().read("r", 0).unwrap());
        sender.send(()).unwrap_or_default();
    })
    .unwrap();
    Journal::open(&place).unwrap().append("r", 1, &[note("a")], None).unwrap();
    changes.recv_timeout(LONG).unwrap();
    let mut told = 1;
    while changes.recv_timeout(QUIET).is_ok() {
        told += 1;
        assert!(told < 20, "it feeds on itself");
    }
}

#[test]
fn gathers_bursts() {
    let (folder, mut journal) = journal();
    journal.append("r", 0, &[started("r")], None).unwrap();
    let (sender, changes) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let _watch = Watch::new(&location(&folder), move || {
        sender.send(()).unwrap_or_default();
        wait.recv().unwrap_or_default();
    })
    .unwrap();
    for head in 1..50 {
        journal.append("r", head, &[note("a")], None).unwrap();
    }
    // The first is told of at once; all others wait together until it is done with.
    changes.recv_timeout(LONG).unwrap();
    drop(go);
    let mut told = 1;
    while changes.recv_timeout(QUIET).is_ok() {
        told += 1;
    }
    assert!(told <= 4, "{told}");
}

#[test]
fn a_folder_that_is_not_there_is_looked_at_until_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let place = flightdeck::journal::Location::from_setting(folder.path().join("later/journal.db").to_str()).unwrap();
    let (sender, changes) = mpsc::channel();
    let _watch = Watch::new(&place, move || sender.send(()).unwrap_or_default()).unwrap();
    Journal::open(&place).unwrap().append("r", 0, &[started("r")], None).unwrap();
    changes.recv_timeout(LONG).unwrap();
}
