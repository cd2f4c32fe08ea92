use std::{process::Command, time::Duration};

use flightdeck::journal::{AppendError, Holder, Journal, Taking};

use crate::support::{at, journal, location, note, started};

const PATIENCE: Duration = Duration::from_secs(3);

fn holder(host: &str, pid: u32, nonce: &str) -> Holder {
    Holder { host: host.to_owned(), pid, nonce: nonce.to_owned() }
}

/// The id of a process that is over.
fn gone() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

#[test]
fn is_taken_over_when_it_may_be() {
    let me = std::process::id();
    let gone = gone();
    for (what, first, released, second, now, taken) in [
        ("held and alive", holder("h", me, "1"), false, holder("h", me, "2"), 2, false),
        ("held, to the last moment", holder("h", me, "1"), false, holder("h", me, "2"), 3, false),
        ("not renewed", holder("h", me, "1"), false, holder("h", me, "2"), 4, true),
        ("renewed in the future", holder("h", me, "1"), false, holder("h", me, "2"), -60, true),
        ("given back", holder("h", me, "1"), true, holder("h", me, "2"), 1, true),
        ("a dead process here", holder("h", gone, "1"), false, holder("h", me, "2"), 1, true),
        ("a process elsewhere", holder("elsewhere", gone, "1"), false, holder("h", me, "2"), 1, false),
        ("its own", holder("h", me, "1"), false, holder("h", me, "1"), 1, true),
        ("no such process id", holder("h", 0, "1"), false, holder("h", me, "2"), 1, false),
    ] {
        let (_folder, mut journal) = journal();
        let taking = journal.take_lease("r", &first, at(0), PATIENCE).unwrap();
        assert_eq!(taking, Taking::Taken { token: 1, previous: None }, "{what}");
        if released {
            journal.release_lease("r", 1).unwrap();
            assert_eq!(journal.lease("r").unwrap(), None);
        }
        match journal.take_lease("r", &second, at(now), PATIENCE).unwrap() {
            Taking::Taken { token, previous } => {
                assert!(taken, "{what}");
                assert_eq!((token, previous), (2, Some(at(0))), "{what}");
                assert!(!journal.renew_lease("r", 1, at(9)).unwrap(), "{what}");
            }
            Taking::Held(lease) => {
                assert!(!taken, "{what}");
                assert_eq!((lease.host, lease.pid, lease.token), (first.host, first.pid, 1), "{what}");
                assert!(journal.renew_lease("r", 1, at(9)).unwrap(), "{what}");
            }
        }
    }
}

#[test]
fn signs_of_life_keep_it() {
    let (folder, mut journal) = journal();
    let mut other = Journal::open(&location(&folder)).unwrap();
    let (me, you) = (holder("h", std::process::id(), "1"), holder("h", std::process::id(), "2"));
    journal.take_lease("r", &me, at(0), PATIENCE).unwrap();
    assert!(journal.renew_lease("r", 1, at(60)).unwrap());
    assert!(matches!(other.take_lease("r", &you, at(62), PATIENCE).unwrap(), Taking::Held(_)));
    let lease = other.lease("r").unwrap().unwrap();
    assert_eq!((lease.since, lease.renewed), (at(0), at(60)));
    assert_eq!(other.take_lease("r", &you, at(70), PATIENCE).unwrap(), Taking::Taken { token: 2, previous: Some(at(60)) });
    journal.release_lease("r", 1).unwrap();
    assert!(other.lease("r").unwrap().is_some(), "one who lost it cannot give it back");
    assert!(other.renew_lease("r", 2, at(71)).unwrap());
    assert_eq!(other.lease("other").unwrap(), None);
    assert!(!other.renew_lease("other", 1, at(71)).unwrap());
}

#[test]
fn who_lost_it_cannot_append() {
    let (folder, mut journal) = journal();
    let mut other = Journal::open(&location(&folder)).unwrap();
    let (me, you) = (holder("h", std::process::id(), "1"), holder("h", std::process::id(), "2"));
    assert!(matches!(journal.append("r", 0, &[started("r")], Some(1)), Err(AppendError::Fenced)), "never taken");
    journal.take_lease("r", &me, at(0), PATIENCE).unwrap();
    journal.append("r", 0, &[started("r")], Some(1)).unwrap();
    other.take_lease("r", &you, at(10), PATIENCE).unwrap();
    assert!(matches!(journal.append("r", 1, &[note("a")], Some(1)), Err(AppendError::Fenced)));
    other.append("r", 1, &[note("b")], Some(2)).unwrap();
    assert!(matches!(journal.append("r", 1, &[note("c")], Some(1)), Err(AppendError::Fenced)), "not merely a conflict");
    journal.append("r", 2, &[note("an operator's")], None).unwrap();
    other.release_lease("r", 2).unwrap();
    assert!(matches!(other.append("r", 3, &[note("d")], Some(2)), Err(AppendError::Fenced)), "given back");
}
