//! What the cockpit costs on the wire: whole frames, steps, the clock, and nothing where nothing changes.
#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use flightdeck::{
    terminal::Local,
    tui::{App, Depth, Theme, draw},
};
use jiff::SignedDuration;
use ratatui::{Terminal, layout::Size};

/// A terminal of that size, whose bytes are counted.
struct Counted {
    terminal: Terminal<Local<Vec<u8>>>,
    counted: usize,
    theme: Option<&'static str>,
}

impl Counted {
    fn new(width: u16, height: u16, theme: Option<&'static str>) -> Self {
        let terminal = Terminal::new(Local::new(Vec::new(), Size { width, height })).unwrap();
        Self { terminal, counted: 0, theme }
    }

    /// How many bytes it takes to show this, so many seconds later.
    fn show(&mut self, scene: &str, seconds: i64) -> usize {
        let flight = scenes::scene(scene);
        let now = flight.now + SignedDuration::from_secs(seconds);
        let mut settings = scenes::settings();
        if let Some(theme) = self.theme {
            settings.depth = Depth::True;
            settings.looks.theme = Theme::named(theme).unwrap();
        }
        let app = App::new(flight.release, settings, now);
        self.terminal.draw(|frame| drop(draw(&app, frame, now))).unwrap();
        let before = self.counted;
        self.counted = self.terminal.backend().writer().len();
        self.counted - before
    }
}

#[test]
fn a_frame_costs_little_and_a_frame_like_the_one_before_nothing() {
    for (theme, first, step, tick) in [(None, 12_000, 3000, 64), (Some("dark"), 25_000, 4096, 100)] {
        let mut screen = Counted::new(200, 50, theme);
        let all = screen.show("waiting", 0);
        assert!(all < first, "{theme:?}: {all} bytes for the first frame");
        assert_eq!(screen.show("waiting", 0), 0);
        let clock = screen.show("waiting", 1);
        assert!((1..tick).contains(&clock), "{theme:?}: {clock} bytes for a second");
        // A step is promoted, and what stands everywhere of it changes.
        let promoted = screen.show("baking", 1);
        assert!((1..step).contains(&promoted), "{theme:?}: {promoted} bytes for a step");
    }
}
