//! How long the cockpit takes to draw a whole screen of a busy release.

#[path = "../tests/cockpit/scenes.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod scenes;

use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use flightdeck::tui::{App, draw};
use ratatui::{Terminal, backend::TestBackend};

fn draws(criterion: &mut Criterion) {
    for (width, height) in [(80, 24), (200, 50)] {
        for name in ["waiting", "failing"] {
            let flight = scenes::scene(name);
            let app = App::new(flight.release, scenes::settings(), flight.now);
            let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
            criterion.bench_function(&format!("draw {name} {width}x{height}"), |bencher| {
                bencher.iter(|| terminal.draw(|frame| drop(draw(&app, frame, flight.now))).map(|frame| frame.count));
            });
        }
    }
}

/// What one draw in a hundred takes longer than: the goal is under a millisecond at 200x50.
#[expect(clippy::print_stdout, reason = "the figure is what it is for")]
fn slowest(_: &mut Criterion) {
    let flight = scenes::scene("failing");
    let app = App::new(flight.release, scenes::settings(), flight.now);
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a terminal in memory");
    let mut times = (0..5000)
        .map(|_| {
            let begun = Instant::now();
            terminal.draw(|frame| drop(draw(&app, frame, flight.now))).expect("a terminal in memory");
            begun.elapsed()
        })
        .collect::<Vec<_>>();
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!("draw failing 200x50: median {:?}, 99th percentile {:?}", at(50), at(99));
}

criterion_group!(benches, draws, slowest);
criterion_main!(benches);
