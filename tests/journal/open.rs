use std::fs;

use flightdeck::{
    health::{Count, Said, Sample},
    journal::{Journal, JournalError, Location},
};

use crate::support::{journal, location, note, raw, started};

#[test]
fn creates_what_only_its_owner_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/journal.db");
    let location = Location::from_setting(path.to_str()).unwrap();
    assert!(matches!(Journal::open_existing(&location), Err(JournalError::Missing { .. })));
    assert!(!path.exists(), "looking creates nothing");
    let mut journal = Journal::open(&location).unwrap();
    journal.append("r", 0, &[started("r")], None).unwrap();
    drop(Journal::open_existing(&location).unwrap());
    drop(Journal::open(&location).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("a")), 0o700);
        assert_eq!(mode(&folder.path().join("a/b")), 0o700);
        for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
            assert_eq!(mode(&folder.path().join("a/b").join(name)), 0o600, "{name}");
        }
    }
}

#[test]
fn writes_ahead() {
    let (folder, _journal) = journal();
    let mode: String = raw(&folder).pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn refuses_a_newer_layout_in_words() {
    let (folder, journal) = journal();
    drop(journal);
    raw(&folder).pragma_update(None, "user_version", 3).unwrap();
    for refusal in [Journal::open(&location(&folder)), Journal::open_existing(&location(&folder))] {
        let refusal = refusal.unwrap_err();
        assert!(matches!(refusal, JournalError::NewerSchema { found: 3, known: 2, .. }), "{refusal:?}");
        assert!(refusal.to_string().contains("newer Flightdeck") && refusal.to_string().contains("journal.db"), "{refusal}");
    }
}

#[test]
fn brings_an_older_layout_up_to_date() {
    let (folder, mut journal) = journal();
    journal.append("r", 0, &[started("r")], None).unwrap();
    drop(journal);
    raw(&folder).execute_batch("ALTER TABLE samples DROP COLUMN more; PRAGMA user_version = 1;").unwrap();
    let at = jiff::Timestamp::from_second(1000).unwrap();
    let sample = Sample {
        count: Some(Count { events: 1.0, trials: 7.0 }),
        said: Some(Box::new(Said { verdict: None, why: "two".to_owned() })),
        ..Sample::number(at, 5.0)
    };
    let mut journal = Journal::open_existing(&location(&folder)).unwrap();
    journal.write_samples("r", &[("errors".to_owned(), sample.clone())]).unwrap();
    assert_eq!(journal.samples("r", 0, 10).unwrap().0, [("errors".to_owned(), sample.clone())]);
    assert_eq!(journal.history("r", "errors", at, 10).unwrap(), [sample]);
    assert_eq!(journal.read("r", 0).unwrap().len(), 1);
}

#[test]
fn leaves_other_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    let location = location(&folder);
    let text = "These are my notes.\n".repeat(500);
    fs::write(location.path(), &text).unwrap();
    for refusal in [Journal::open(&location), Journal::open_existing(&location)] {
        let refusal = refusal.unwrap_err();
        assert!(matches!(refusal, JournalError::NotAJournal { .. }), "{refusal:?}");
        assert!(refusal.to_string().contains("journal.db"), "{refusal}");
    }
    assert_eq!(fs::read_to_string(location.path()).unwrap(), text);

    fs::remove_file(location.path()).unwrap();
    let other = rusqlite::Connection::open(location.path()).unwrap();
    other.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let refusal = Journal::open(&location).unwrap_err();
    assert!(refusal.to_string().contains("another program"), "{refusal}");

    fs::create_dir(folder.path().join("inner")).unwrap();
    let inner = Location::from_setting(folder.path().join("inner").to_str()).unwrap();
    let refusal = Journal::open(&inner).unwrap_err();
    assert!(refusal.to_string().contains("it is a folder"), "{refusal}");
}

#[test]
fn says_which_path_cannot_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let location = Location::from_setting(folder.path().join("file/journal.db").to_str()).unwrap();
    for refusal in [Journal::open(&location), Journal::open_existing(&location)] {
        let refusal = refusal.unwrap_err();
        assert!(matches!(refusal, JournalError::Unreachable { .. } | JournalError::Missing { .. }), "{refusal:?}");
        assert!(refusal.to_string().contains("/file"), "{refusal}");
    }
}

#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let (folder, mut journal) = journal();
    let notes: Vec<_> = std::iter::once(started("r")).chain((0..2_000).map(|number| note(&format!("note {number}")))).collect();
    journal.append("r", 0, &notes, None).unwrap();
    drop(journal);
    let path = folder.path().join("journal.db");
    let mut bytes = fs::read(&path).unwrap();
    // All but the first pages, which hold the tables' layout.
    for byte in bytes.iter_mut().skip(64 * 1024) {
        *byte = 0x5a;
    }
    fs::write(&path, bytes).unwrap();
    let journal = Journal::open(&location(&folder)).unwrap();
    let refusal = journal.read("r", 0).unwrap_err();
    assert!(matches!(refusal, JournalError::Damaged { .. }), "{refusal:?}");
    assert!(journal.verify(None).is_err());
}
