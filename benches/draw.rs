//! How long the cockpit takes to draw a whole screen of a busy release.

#[path = "../tests/cockpit/scenes.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod scenes;

use criterion::{Criterion, criterion_group, criterion_main};
use flightdeck::tui::{App, draw};
use ratatui::{Terminal, backend::TestBackend};

fn draws(criterion: &mut Criterion) {
    for (width, height) in [(80, 24), (200, 50)] {
        for name in ["waiting", "failing"] {
            let flight = scenes::scene(name);
            let app = App::new(flight.release, scenes::settings());
            let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
            criterion.bench_function(&format!("draw {name} {width}x{height}"), |bencher| {
                bencher.iter(|| terminal.draw(|frame| draw(&app, frame, flight.now)).map(|frame| frame.count));
            });
        }
    }
}

criterion_group!(benches, draws);
criterion_main!(benches);
