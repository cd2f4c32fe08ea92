use flightdeck::{
    journal::{Fault, FaultKind, Journal, JournalError},
    release::Event,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::{journal, note, raw, stage, started};

/// A journal with a release of six events and another of two.
fn written() -> (TempDir, Journal) {
    let (folder, mut journal) = journal();
    let events: Vec<Event> = std::iter::once(started("r")).chain(["a", "b", "c", "d", "e"].map(stage)).collect();
    journal.append("r", 0, &events[..2], None).unwrap();
    journal.append("r", 2, &events[2..], None).unwrap();
    journal.append("other", 0, &[started("other"), note("x")], None).unwrap();
    (folder, journal)
}

fn fault(journal: &Journal) -> (u64, Option<Fault>) {
    let verified = journal.verify(None).unwrap();
    for verified in &verified {
        assert!(verified.release == "r" || verified.fault.is_none(), "{verified:?}");
    }
    let mine = verified.into_iter().find(|verified| verified.release == "r").unwrap();
    (mine.events, mine.fault)
}

#[test]
fn an_untouched_journal_verifies() {
    let (_folder, journal) = written();
    assert_eq!(fault(&journal), (6, None));
    let one = journal.verify(Some("other")).unwrap();
    assert_eq!((one.len(), one[0].events, &one[0].fault), (1, 2, &None));
    assert!(matches!(journal.verify(Some("none")), Err(JournalError::UnknownRelease { .. })));
}

#[test]
fn every_fault_is_named() {
    use FaultKind::{Added, Changed, CutOff, Missing, Reordered};
    const SWAP: &str = "
        CREATE TABLE two AS SELECT sequence, body, hash FROM events WHERE release = 'r' AND sequence IN (3, 5);";
    for (sql, sequence, kind, words) in [
        ("UPDATE events SET body = replace(body, '\"b\"', '\"z\"') WHERE sequence = 3", 3, Changed, "stage-passed stage z"),
        ("UPDATE events SET hash = zeroblob(32) WHERE release = 'r' AND sequence = 3", 3, Changed, "stage b"),
        ("UPDATE events SET hash = x'00' WHERE release = 'r' AND sequence = 3", 3, Changed, "stage b"),
        ("UPDATE events SET format = 0 WHERE release = 'r' AND sequence = 3", 3, Changed, "stage b"),
        ("UPDATE events SET body = 'gone' WHERE release = 'r' AND sequence = 3", 3, Changed, "cannot be read"),
        ("DELETE FROM events WHERE release = 'r' AND sequence = 3", 3, Missing, "event 3 is missing"),
        ("DELETE FROM events WHERE release = 'r' AND sequence IN (3, 4)", 3, Missing, "events 3 to 4 are missing"),
        ("DELETE FROM events WHERE release = 'r' AND sequence = 1", 1, Missing, "event 1 is missing"),
        ("DELETE FROM events WHERE release = 'r' AND sequence > 4", 5, CutOff, "events 5 to 6 were cut off"),
        ("DELETE FROM events WHERE release = 'r'", 1, CutOff, "events 1 to 6 were cut off"),
        // Two texts swapped, and two whole events.
        (
            "UPDATE events SET body = (SELECT body FROM two WHERE two.sequence = 8 - events.sequence)
             WHERE release = 'r' AND sequence IN (3, 5)",
            3,
            Reordered,
            "event 3 (2025-06-15T15:06:40Z stage-passed stage b by flightdeck) now stands at place 5",
        ),
        (
            "UPDATE events SET (body, hash) = (SELECT body, hash FROM two WHERE two.sequence = 8 - events.sequence)
             WHERE release = 'r' AND sequence IN (3, 5)",
            3,
            Reordered,
            "now stands at place 5",
        ),
        ("UPDATE events SET sequence = 99 WHERE release = 'r' AND sequence = 3", 3, Reordered, "now stands at place 99"),
        // One slipped in, and the ones behind it moved up.
        (
            "UPDATE events SET sequence = sequence + 100 WHERE release = 'r' AND sequence > 2;
             UPDATE events SET sequence = sequence - 99 WHERE release = 'r' AND sequence > 2;
             INSERT INTO events SELECT 'r', 3, 1, body, hash FROM events WHERE release = 'other' AND sequence = 2",
            3,
            Reordered,
            "now stands at place 4",
        ),
        ("INSERT INTO events SELECT 'r', 7, 1, body, hash FROM events WHERE release = 'r' AND sequence = 6", 7, Added, "behind"),
        ("DELETE FROM heads WHERE release = 'r'", 6, Missing, "note"),
        ("UPDATE heads SET hash = zeroblob(32) WHERE release = 'r'", 6, Changed, "event 6"),
        ("UPDATE heads SET hash = x'00' WHERE release = 'r'", 6, Changed, "event 6"),
        ("DELETE FROM heads WHERE release = 'r'; DELETE FROM events WHERE release = 'r'", 1, Missing, "note"),
        ("DELETE FROM releases WHERE release = 'r'", 1, Missing, "list of releases"),
        ("UPDATE releases SET version = '9' WHERE release = 'r'", 1, Changed, "list of releases"),
        ("UPDATE releases SET ended = 1 WHERE release = 'r'", 1, Changed, "list of releases"),
    ] {
        let (folder, journal) = written();
        raw(&folder).execute_batch(&format!("{SWAP} {sql}")).unwrap();
        let (events, fault) = fault(&journal);
        let fault = fault.unwrap_or_else(|| panic!("not found: {sql}"));
        assert_eq!((fault.sequence, fault.kind), (sequence, kind), "{sql}: {fault:?}");
        assert!(fault.words.contains(words), "{sql}: {fault:?}");
        assert!(events < sequence || events == 6, "{sql}: {events}");
    }
}

/// Puts an event behind the last as another program would that keeps to the chain.
fn chained(folder: &TempDir, format: i64, body: &str) {
    let raw = raw(folder);
    let previous: Vec<u8> = raw.query_row("SELECT hash FROM heads WHERE release = 'r'", [], |row| row.get(0)).unwrap();
    let mut hash = Sha256::new();
    let (sequence, form) = (7_u64.to_be_bytes(), format.to_be_bytes());
    for part in [b"flightdeck journal event 1".as_slice(), &previous, b"r", &sequence, &form, body.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash: [u8; 32] = hash.finalize().into();
    raw.execute("INSERT INTO events VALUES ('r', 7, ?1, ?2, ?3)", rusqlite::params![format, body, hash]).unwrap();
    raw.execute("UPDATE heads SET sequence = 7, hash = ?1 WHERE release = 'r'", [hash]).unwrap();
}

#[test]
fn a_newer_form_is_verified_though_it_cannot_be_read() {
    let (folder, journal) = written();
    chained(&folder, 2, "whatever comes");
    assert_eq!(fault(&journal), (7, None));
    assert!(matches!(journal.read("r", 0), Err(JournalError::Newer { sequence: 7, .. })));
}

#[test]
fn an_event_of_our_form_that_cannot_be_read_is_a_fault() {
    for (format, body) in [(1, "whatever comes"), (1, r#"{"at":"2025-06-15T15:06:40Z","by":"x","kind":"sang"}"#), (0, "{}")] {
        let (folder, journal) = written();
        chained(&folder, format, body);
        let (events, fault) = fault(&journal);
        let fault = fault.unwrap();
        assert_eq!((events, fault.sequence, fault.kind), (6, 7, FaultKind::Unreadable), "{fault:?}");
    }
}

#[test]
fn hostile_text_does_not_get_into_the_words() {
    let (folder, journal) = written();
    raw(&folder)
        .execute("UPDATE events SET body = '{\"kind\":\"\\u001b[2J\\u202eevil\"}' WHERE release = 'r' AND sequence = 3", [])
        .unwrap();
    let words = fault(&journal).1.unwrap().words;
    assert!(!words.chars().any(flightdeck::text::is_unsafe), "{words:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Writers that know older states, in any order: exactly those who knew the present one get through.
    #[test]
    fn stale_writers_never_corrupt(writes in prop::collection::vec((0usize..3, 0u64..6, 0usize..4), 1..25)) {
        let (_folder, mut journal) = journal();
        let mut heads = [0_u64; 3];
        for (which, behind, count) in writes {
            let release = ["a", "b", "c"][which];
            let expected = heads[which].saturating_sub(behind);
            let first = (expected == 0).then(|| started(release));
            let events: Vec<Event> = first.into_iter().chain((0..count).map(|number| note(&number.to_string()))).collect();
            match journal.append(release, expected, &events, None) {
                Ok(last) => {
                    prop_assert_eq!(expected, heads[which]);
                    prop_assert_eq!(last, expected + events.len() as u64);
                    heads[which] = last;
                }
                Err(refusal) => prop_assert_ne!(expected, heads[which], "{}", refusal),
            }
            prop_assert_eq!(journal.head(release).unwrap(), heads[which]);
        }
        for verified in journal.verify(None).unwrap() {
            let which = ["a", "b", "c"].iter().position(|name| *name == verified.release).unwrap();
            prop_assert_eq!((verified.events, verified.fault), (heads[which], None));
            prop_assert_eq!(journal.read(&verified.release, 0).unwrap().len() as u64, heads[which]);
        }
    }

    /// A byte changed anywhere in an event's text, or in its hash, is found at that event.
    #[test]
    fn any_changed_byte_is_found(sequence in 1i64..7, column in prop::bool::ANY, place in 0usize..10_000) {
        let (folder, journal) = written();
        let raw = raw(&folder);
        let column = if column { "body" } else { "hash" };
        let sql = format!("SELECT CAST({column} AS BLOB) FROM events WHERE release = 'r' AND sequence = ?1");
        let mut bytes: Vec<u8> = raw.query_row(&sql, [sequence], |row| row.get(0)).unwrap();
        let place = place % bytes.len();
        bytes[place] ^= 1;
        let kind = if column == "body" { "TEXT" } else { "BLOB" };
        let sql = format!("UPDATE events SET {column} = CAST(?2 AS {kind}) WHERE release = 'r' AND sequence = ?1");
        raw.execute(&sql, rusqlite::params![sequence, bytes]).unwrap();
        let fault = fault(&journal).1.unwrap();
        prop_assert_eq!((fault.sequence, fault.kind), (sequence as u64, FaultKind::Changed));
    }
}
