//! How long the cockpit takes to draw a whole screen of a release as large as it has to be quick with.
//!
//! `cargo bench --bench draw` prints, for every kind of view, what half of the frames and what 99 of 100 take at most, beside
//! the goal: 1 ms at 200x50, 2.5 ms at 400x100. Each frame is another second of the release, so that clocks, ages and bars
//! move, and goes through the back-end of a real terminal.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "the figures are what it is for")]

#[path = "support/loaded.rs"]
mod loaded;
#[path = "../tests/cockpit/scenes.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod scenes;

use std::{
    io,
    time::{Duration, Instant},
};

use flightdeck::{
    terminal::Local,
    tui::{Code, draw},
};
use jiff::SignedDuration;
use ratatui::{Terminal, layout::Size};
use scenes::Hand;

/// How often each view is drawn.
const FRAMES: i64 = 1000;

const SIZES: [(u16, u16, Duration); 2] = [(200, 50, Duration::from_millis(1)), (400, 100, Duration::from_micros(2500))];

/// Every kind of view, and the keys that lead to it.
fn views() -> Vec<(&'static str, Vec<Code>)> {
    let keys = |text: &str| text.chars().map(Code::Char).collect::<Vec<_>>();
    let then = |text: &str, code| {
        let mut keys = keys(text);
        keys.push(code);
        keys
    };
    let mut filtered = then("2/check 4", Code::Enter);
    filtered.push(Code::Down);
    vec![
        ("main", keys("")),
        ("main, keys on the checklist", keys("2jjj")),
        ("main, keys on health", keys("3jjj")),
        ("main, checklist filtered", filtered),
        ("stages zoomed", keys("1z")),
        ("checklist zoomed", keys("2z")),
        ("health zoomed", keys("3z")),
        ("wall", keys("w")),
        ("palette", keys(":")),
        ("palette, a word typed", keys(":roll")),
        ("help", keys("?")),
        ("detail of a stage", then("1", Code::Enter)),
        ("detail of a check", then("2", Code::Enter)),
        ("detail of a signal", then("3", Code::Enter)),
        ("promote dialog", keys("p")),
        ("rollback dialog", keys("R")),
        ("signing", keys("2s")),
        ("frozen", keys("f")),
    ]
}

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut missed = 0;
    println!("{:30} {:>8} {:>12} {:>12} {:>10}", "draw", "", "half within", "99 % within", "goal");
    for (name, keys) in views() {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let mut hand = Hand::at(loaded::loaded(), scenes::settings());
        for code in keys {
            let sent = hand.press(code);
            assert!(sent.iter().all(|request| !matches!(request, flightdeck::tui::Request::Act { .. })), "{name} only looks");
        }
        for (width, height, goal) in SIZES {
            let mut terminal = Terminal::new(Local::new(io::sink(), Size { width, height })).unwrap();
            let mut times = (0..FRAMES)
                .map(|frame| {
                    let now = hand.now + SignedDuration::from_secs(frame % 9);
                    let begun = Instant::now();
                    terminal.draw(|frame| drop(draw(&hand.app, frame, now))).unwrap();
                    begun.elapsed()
                })
                .collect::<Vec<_>>();
            times.sort();
            let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
            let late = at(99) > goal;
            missed += u32::from(late);
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            println!(
                "{name:30} {:>8} {:9.0} µs {:9.0} µs {:7.0} µs{}",
                format!("{width}x{height}"),
                micros(at(50)),
                micros(at(99)),
                micros(goal),
                if late { "  missed" } else { "" }
            );
        }
    }
    println!("{missed} goals missed");
}
