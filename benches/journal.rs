//! How fast a long journal is read, and how long an event takes to be on the disk.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may say so at once")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use flightdeck::{
    health::Verdict,
    journal::{Journal, Location},
    plan::Plan,
    release::{Act, CONTROLLER, Event, EventKind, Outcome},
};
use jiff::{SignedDuration, Timestamp};

const EVENTS: u64 = 1_000_000;
const AT_ONCE: usize = 10_000;

fn started(at: Timestamp) -> Event {
    let plan: Plan = serde_json::from_str(r#"{"service": "checkout", "stages": []}"#).unwrap();
    let kind = EventKind::Started {
        release: "bench".to_owned(),
        version: "2.4.0".to_owned(),
        previous: Some("2.3.7".to_owned()),
        plan: Box::new(plan),
        digest: "0123456789abcdef".to_owned(),
        folder: "/srv/checkout".to_owned(),
    };
    Event { at, by: CONTROLLER.to_owned(), kind }
}

/// What a long release is made of.
fn event(number: u64, at: Timestamp) -> Event {
    let (stage, op) = ("canary".to_owned(), format!("{number:012x}"));
    let (by, kind) = match number % 5 {
        0 => (CONTROLLER, EventKind::StageStarted { stage, attempt: 1 }),
        1 => (CONTROLLER, EventKind::OperationIntended { op, stage, attempt: 1, step: Some(2), act: Act::Weight { weight: 25 } }),
        2 => (
            CONTROLLER,
            EventKind::OperationEnded { op, stage, outcome: Outcome::Succeeded { seen: Some("2.4.0 at 25 %".to_owned()) } },
        ),
        3 => (
            CONTROLLER,
            EventKind::SignalTurned {
                signal: "error-rate".to_owned(),
                verdict: Verdict::Warn,
                value: Some(0.8125),
                why: "0.81 % is over 0.5 %".to_owned(),
                sampled: Some(at),
                undecided: false,
                evidence: None,
            },
        ),
        _ => ("alice", EventKind::Noted { text: "the line flattens, we go on".to_owned() }),
    };
    Event { at, by: by.to_owned(), kind }
}

fn benchmarks(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::from_setting(folder.path().join("journal.db").to_str()).unwrap();
    let mut journal = Journal::open(&location).unwrap();
    let begin: Timestamp = "2025-06-15T15:06:40.123456789Z".parse().unwrap();

    let mut head = journal.append("bench", 0, &[started(begin)], None).unwrap();
    while head < EVENTS {
        let events: Vec<Event> = (head..EVENTS)
            .take(AT_ONCE)
            .map(|number| event(number, begin + SignedDuration::from_millis(i64::try_from(number).unwrap())))
            .collect();
        head = journal.append("bench", head, &events, None).unwrap();
    }

    let mut group = criterion.benchmark_group("journal");
    group.sample_size(10);
    group.bench_function("fold a million events", |bencher| {
        bencher.iter(|| {
            let folded = journal.fold("bench", 0, 0, |count: u64, _, event| {
                black_box(&event);
                count + 1
            });
            assert_eq!(folded.unwrap(), EVENTS);
        });
    });
    group.bench_function("verify a million events", |bencher| {
        bencher.iter(|| assert_eq!(journal.verify(Some("bench")).unwrap().first().unwrap().fault, None));
    });
    group.sample_size(50);
    group.bench_function("append an event", |bencher| {
        bencher.iter(|| head = journal.append("bench", head, &[event(head, begin)], None).unwrap());
    });
    let other = Journal::open_existing(&location).unwrap();
    group.bench_function("open, and list the releases", |bencher| {
        bencher.iter(|| Journal::open_existing(&location).unwrap().releases().unwrap().len());
    });
    group.finish();
    drop(other);
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
