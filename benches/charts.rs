//! How long the zoomed Health screen takes to draw with a full history, and the pane with very many signals.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what cannot be built cannot be timed")]

#[path = "../tests/cockpit/scenes.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod scenes;

use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use flightdeck::{
    health::Sample,
    plan::Plan,
    release::{Event, EventKind, Release},
    tui::{Code, HISTORY, Request, Update},
};
use jiff::{SignedDuration, Timestamp};
use scenes::{Flight, Hand, settings};

/// A release with so many signals, each with all the samples that are kept at hand.
fn signals(count: usize) -> Flight {
    let mut plan = serde_json::to_value(scenes::plan()).expect("a plan is JSON");
    let pattern = plan["signals"]["errors"].clone();
    for n in 0..count {
        plan["signals"][format!("signal-{n:03}")] = pattern.clone();
    }
    plan["signals"]["signal-000"]["baseline"] = "signal-001".into();
    let plan: Plan = serde_json::from_value(plan).expect("a plan");
    let started: Timestamp = scenes::START.parse().expect("a time");
    let kind = EventKind::Started {
        release: "r7k2m9".to_owned(),
        version: "2.4.0".to_owned(),
        previous: None,
        plan: Box::new(plan),
        digest: "digest".to_owned(),
        folder: "/srv/checkout".to_owned(),
    };
    let event = Event { at: started, by: "alice".to_owned(), kind };
    let now = started + SignedDuration::from_hours(6);
    let mut flight = Flight { release: Release::begin(event).expect("a release"), now };
    let ids: Vec<_> = flight.release.plan.signals.keys().cloned().collect();
    for (n, id) in (0..240).flat_map(|n| ids.iter().map(move |id| (n, id))) {
        let at = now - SignedDuration::from_secs((239 - n) * 5);
        flight.release.observe(id, Sample::number(at, 0.2 + (n % 9) as f64 * 0.05));
    }
    flight
}

fn draws(_: &mut Criterion) {
    let mut hand = Hand::at(signals(200), settings());
    hand.press(Code::Char('3'));
    for _ in 0..4 {
        hand.press(Code::Down);
    }
    time("pane of 204 signals 200x50", &mut hand);
    let asked = hand.press(Code::Char('z'));
    for request in asked {
        if let Request::History { signal, from } = request {
            let sample = |n: i64| {
                let number = 0.2 + (n * 7 % 11) as f64 * 0.2;
                Sample::number(hand.now - SignedDuration::from_secs(n * 3), number)
            };
            let samples = (0..i64::try_from(HISTORY).expect("a small number")).rev().map(sample).collect();
            hand.told(Update::History { signal, from, samples });
        }
    }
    time("zoom with two full histories 200x50", &mut hand);
}

#[expect(clippy::print_stdout, reason = "the figure is what it is for")]
fn time(name: &str, hand: &mut Hand) {
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(200, 50)).expect("a terminal in memory");
    let mut times = (0..3000)
        .map(|_| {
            let begun = Instant::now();
            terminal.draw(|frame| drop(flightdeck::tui::draw(&hand.app, frame, hand.now))).expect("a terminal in memory");
            begun.elapsed()
        })
        .collect::<Vec<_>>();
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!("{name}: median {:?}, 99th percentile {:?}", at(50), at(99));
}

criterion_group!(benches, draws);
criterion_main!(benches);
