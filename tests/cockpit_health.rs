//! The zoomed Health screen: cause and effect in one picture, at every size, and what its keys do.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use flightdeck::{
    health::{Sample, Unknown, Value, Verdict},
    plan::Plan,
    release::{Act, Event, EventKind, Release},
    tui::{Code, HISTORY, Looks, Request, Settings, Symbols, Theme, Update, svg},
};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use scenes::{Flight, Hand, settings, text};
use serde_json::json;

/// The plan of the scenes, with the new version's own errors beside those of the stable one.
fn plan() -> Plan {
    let mut plan = serde_json::to_value(scenes::plan()).unwrap();
    let signal = |title: &str, extra: serde_json::Value| {
        let mut signal = json!({ "title": title, "source": "prometheus", "url": "http://prometheus:9090", "query": "errors", "unit": "percent", "every": "5s" });
        signal.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        signal
    };
    let signals = plan["signals"].as_object_mut().unwrap();
    signals.insert(
        "canary-errors".to_owned(),
        signal("canary errors", json!({ "warn": 0.5, "fail": 1.0, "baseline": "stable-errors" })),
    );
    signals.insert("stable-errors".to_owned(), signal("stable errors", json!({})));
    serde_json::from_value(plan).unwrap()
}

/// A number between 0 and 1 that looks like chance, and is the same each time.
fn noise(n: i64) -> f64 {
    ((n.wrapping_mul(2_654_435_761) >> 7) & 0xff) as f64 / 255.0
}

/// Flies on for so many seconds, with a sample of every signal each 5 s.
fn flies(flight: &mut Flight, seconds: i64, canary: impl Fn(i64) -> Option<f64>) {
    for n in 0..seconds / 5 {
        flight.wait(5);
        let at = flight.now - SignedDuration::from_secs(1);
        let chance = noise(at.as_second());
        let number = |number: f64| Value::Number(number);
        let values = [
            ("errors", number(0.12 + 0.1 * chance)),
            ("p95", number(170.0 + 40.0 * noise(at.as_second() + 3))),
            ("orders", number(46.0 + 9.0 * chance)),
            ("certificate", number(61.0)),
            ("canary-errors", canary(n).map_or(Value::Missing(Unknown::NoData), |errors| number(errors + 0.15 * chance))),
            ("stable-errors", number(0.1 + 0.12 * noise(at.as_second() + 7))),
        ];
        for (signal, value) in values {
            flight.release.observe(signal, Sample::new(at, value));
        }
    }
}

/// A canary whose errors rise with a quarter of the traffic, and what came of it.
fn canary(until: &str) -> Flight {
    let now: Timestamp = scenes::START.parse().unwrap();
    let kind = EventKind::Started {
        release: "r7k2m9".to_owned(),
        version: "2.4.0".to_owned(),
        previous: Some("2.3.7".to_owned()),
        plan: Box::new(plan()),
        digest: "digest".to_owned(),
        folder: "/srv/checkout".to_owned(),
    };
    let mut flight = Flight { release: Release::begin(Event { at: now, by: "alice".to_owned(), kind }).unwrap(), now };
    let started = |flight: &mut Flight, stage: &str| {
        flight.does(EventKind::StageStarted { stage: stage.to_owned(), attempt: 1 });
    };
    for (stage, seconds) in [("build", 60), ("load-test", 120), ("migrate", 30)] {
        started(&mut flight, stage);
        flight.acts(stage, None, Act::Run);
        flies(&mut flight, seconds, |_| None);
        flight.acted(stage).does(EventKind::StagePassed { stage: stage.to_owned() });
    }
    started(&mut flight, "canary");
    flight.step(1, 5);
    flies(&mut flight, 180, |_| Some(0.1));
    flight.step(2, 25);
    if until == "unknown" {
        flies(&mut flight, 90, |_| Some(0.12));
        flies(&mut flight, 60, |_| None);
        return flight;
    }
    flies(&mut flight, 100, |n| Some(0.15 + 0.01 * (n * n) as f64));
    if until == "rolled-back" {
        let why = "3.6 %, fails from 1 %".to_owned();
        let signal = "canary-errors".to_owned();
        flight.does(EventKind::SignalTurned {
            signal,
            verdict: Verdict::Fail,
            value: Some(3.6),
            why: why.clone(),
            sampled: None,
            undecided: false,
            evidence: None,
        });
        let back = flight.release.rollback_plan();
        flight.does(EventKind::RollbackStarted { why, steps: back.steps, kept: back.kept });
        flight.acts("canary", None, Act::Restore);
        flies(&mut flight, 10, |n| Some(3.7 - n as f64));
        flight.acted("canary").does(EventKind::RolledBack);
    }
    flight
}

/// A person who looks at a signal of the zoomed Health screen.
fn looks_at(flight: Flight, signal: &str, settings: Settings) -> Hand {
    let row = flight.release.plan.signals.get_index_of(signal).unwrap();
    let mut hand = Hand::at(flight, settings);
    hand.press(Code::Char('3'));
    hand.press(Code::Home);
    for _ in 0..row {
        hand.press(Code::Down);
    }
    assert!(!hand.press(Code::Char('z')).is_empty(), "its history is asked for");
    hand
}

/// A screen with one number for its looks.
fn hashed(buffer: &Buffer) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for cell in &buffer.content {
        for byte in format!("{:?}{:?}{:?}", cell.fg, cell.bg, cell.modifier).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{}\nlooks: {hash:016x}\n", text(buffer))
}

#[test]
fn at_every_size() {
    for (width, height) in [(200, 50), (120, 36), (80, 24), (60, 20), (40, 12)] {
        let mut hand = looks_at(canary("rolled-back"), "canary-errors", settings());
        insta::assert_snapshot!(format!("zoom_{width}x{height}"), hashed(&hand.screen(width, height)));
    }
}

#[test]
fn other_states() {
    let mut hand = looks_at(canary("unknown"), "canary-errors", settings());
    insta::assert_snapshot!("zoom_unknown_120x36", hashed(&hand.screen(120, 36)));
    let mut hand = looks_at(canary("failing"), "canary-errors", settings());
    insta::assert_snapshot!("zoom_failing_120x36", hashed(&hand.screen(120, 36)));
    hand.press(Code::Left);
    for _ in 0..4 {
        hand.press(Code::Left);
    }
    insta::assert_snapshot!("zoom_cursor_120x36", hashed(&hand.screen(120, 36)));
    let mut hand = looks_at(canary("failing"), "certificate", settings());
    insta::assert_snapshot!("zoom_certificate_80x24", hashed(&hand.screen(80, 24)));
    let mut hand = looks_at(canary("rolled-back"), "canary-errors", Settings { symbols: Symbols::Ascii, ..settings() });
    let shown = hand.screen(120, 36);
    assert!(text(&shown).is_ascii(), "{}", text(&shown));
    insta::assert_snapshot!("zoom_ascii_120x36", hashed(&shown));
}

#[test]
fn the_pane_shows_a_baseline_below_its_canary() {
    let mut hand = Hand::at(canary("failing"), settings());
    insta::assert_snapshot!("pane_120x36", hashed(&hand.screen(120, 36)));
}

#[test]
fn keys_ask_for_what_they_need() {
    let mut hand = looks_at(canary("failing"), "canary-errors", settings());
    let asked = |requests: Vec<Request>| -> Vec<(String, i64)> {
        let asked = requests.into_iter().map(|request| match request {
            Request::History { signal, from } => (signal, from.as_second()),
            other => panic!("{other:?}"),
        });
        asked.collect()
    };
    let now = hand.now.as_second();
    let of = |signal: &str, back: i64| (signal.to_owned(), now - back);
    for (key, back) in [('[', 300), ('[', 60)] {
        assert_eq!(asked(hand.press(Code::Char(key))), [of("canary-errors", back), of("stable-errors", back)]);
    }
    assert_eq!(asked(hand.press(Code::Char('['))), [], "nothing is shorter");
    assert_eq!(asked(hand.press(Code::Char(']'))), [of("canary-errors", 300), of("stable-errors", 300)]);
    assert_eq!(asked(hand.press(Code::Up)), [of("certificate", 300)]);
    assert_eq!(asked(hand.press(Code::Down)), [of("canary-errors", 300), of("stable-errors", 300)]);
    assert_eq!(asked(hand.press(Code::Left)), [], "a cursor needs nothing");
}

#[test]
fn history_is_drawn_and_goes_on_with_what_comes() {
    let mut hand = looks_at(canary("failing"), "canary-errors", settings());
    hand.press(Code::Char('['));
    let from = hand.now - SignedDuration::from_secs(300);
    let sample = |ago: i64, number: f64| Sample::number(hand.now - SignedDuration::from_secs(ago), number);
    let samples: Vec<_> = (0..60).map(|n| sample(300 - n * 5, 7.0)).collect();
    let told = |signal: &str, from| Update::History { signal: signal.to_owned(), from, samples: samples.clone() };
    // What was asked for before, or of another signal, is not taken.
    let before = hand.text(120, 36);
    hand.told(told("canary-errors", from - SignedDuration::from_secs(1)));
    hand.told(told("p95", from));
    assert_eq!(hand.text(120, 36), before);
    hand.told(told("canary-errors", from));
    let shown = hand.text(120, 36);
    assert!(shown.contains("canary errors 7.00 %"), "{shown}");
    hand.now += SignedDuration::from_secs(4);
    let new = Sample::number(hand.now, 4.5);
    hand.told(Update::Samples(vec![("canary-errors".to_owned(), new)]));
    let shown = hand.text(120, 36);
    assert!(shown.contains("canary errors 4.50 %"), "{shown}");
    // However long it is looked at.
    let mut at = hand.now;
    for _ in 0..3 * HISTORY {
        at += SignedDuration::from_secs(5);
        let sample = Sample::number(at, 4.5);
        hand.told(Update::Samples(vec![("canary-errors".to_owned(), sample)]));
    }
    hand.now = at;
    assert!(hand.text(120, 36).contains("canary errors 4.50 %"));
}

#[test]
fn a_cursor_reads_values_and_esc_takes_it_away_first() {
    let mut hand = looks_at(canary("failing"), "canary-errors", settings());
    hand.press(Code::Char('['));
    let plain = hand.text(120, 36);
    hand.press(Code::Right);
    let newest = hand.text(120, 36);
    assert!(newest.contains("<5s ago"), "{newest}");
    for _ in 0..9 {
        hand.press(Code::Left);
    }
    let read = hand.text(120, 36);
    assert!(read.contains("45s ago   ⠒⠒ canary errors 1.24 %"), "{read}");
    hand.press(Code::Home);
    assert!(hand.text(120, 36).contains("5m ago"));
    hand.press(Code::Esc);
    assert_eq!(hand.text(120, 36), plain);
    hand.press(Code::Esc);
    assert!(hand.text(120, 36).contains("─ Stages"), "the main screen is back");
}

#[test]
fn a_second_that_changes_nothing_touches_only_ages() {
    let mut hand = looks_at(canary("failing"), "canary-errors", settings());
    let before = hand.screen(120, 36);
    hand.now += SignedDuration::from_secs(1);
    let after = hand.screen(120, 36);
    let changed = before.content.iter().zip(&after.content).filter(|(one, other)| one != other).count();
    assert!(changed <= 12, "{changed} cells");
}

#[test]
fn nothing_panics_at_any_size() {
    for until in ["failing", "unknown", "rolled-back"] {
        let mut hand = looks_at(canary(until), "canary-errors", settings());
        for (width, height) in (0..40).flat_map(|n| [(n * 5, 50 - n), (n, n), (200 - n * 5, n * 2)]) {
            for code in [Code::Left, Code::Char(']'), Code::Down] {
                hand.press(code);
                if width > 0 && height > 0 {
                    hand.screen(width, height);
                }
            }
        }
    }
}

fn in_theme(name: &str) -> Settings {
    Settings { looks: Looks { theme: Theme::named(name).unwrap(), ..Looks::default() }, ..settings() }
}

/// Draws pictures into the folder that `FLIGHTDECK_PICTURES` names, if it names one.
#[test]
fn pictures() {
    let folder = std::env::var("FLIGHTDECK_PICTURES").ok();
    for until in ["failing", "unknown", "rolled-back"] {
        for theme in ["dark", "light", "mono"] {
            for (width, height) in [(200, 50), (120, 36), (80, 24), (60, 20), (40, 12)] {
                let mut hand = looks_at(canary(until), "canary-errors", in_theme(theme));
                let (foreground, background) = if theme == "light" { ("#24292f", "#fbfaf8") } else { ("#c9d1d9", "#0f141a") };
                let picture = svg(&hand.screen(width, height), foreground, background);
                assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
                if let Some(folder) = &folder {
                    std::fs::write(format!("{folder}/zoom-{until}-{theme}-{width}x{height}.svg"), picture).unwrap();
                }
            }
        }
    }
    assert!(folder.is_none_or(|folder| std::path::Path::new(&folder).is_dir()));
}
