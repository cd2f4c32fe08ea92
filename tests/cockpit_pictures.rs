//! The screens that the cockpit is judged by, in every look and at every size: each is a snapshot, and each can be drawn as
//! a picture with `FLIGHTDECK_PICTURES=folder cargo test --test cockpit_pictures`.
#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use flightdeck::tui::{Code, Looks, Settings, Symbols, Theme, Themes, svg};
use ratatui::buffer::Buffer;
use scenes::{Hand, scene, settings, text};

/// A screen: what it is called, which release it shows, and the keys that lead to it.
const SCREENS: [(&str, &str, &str); 15] = [
    ("main", "baking", ""),
    ("main-waiting", "waiting", ""),
    ("zoom-stages", "baking", "z"),
    ("zoom-checklist", "blocked", "\tz"),
    ("zoom-health", "failing", "3z"),
    ("promote", "waiting", "p"),
    ("rollback", "baking", "R"),
    ("palette", "waiting", ":"),
    ("palette-abort", "waiting", ":abort"),
    ("help", "waiting", "?"),
    ("wall", "baking", "w"),
    ("wall-failing", "failing", "w"),
    ("failing", "failing", ""),
    ("unknown", "unknown", ""),
    ("filter", "blocked", "2/se"),
];

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 36), (200, 50)];

/// A look: the theme, and the symbols.
const LOOKS: [(&str, &str, Symbols); 4] = [
    ("dark", "dark", Symbols::Unicode),
    ("light", "light", Symbols::Unicode),
    ("mono", "mono", Symbols::Unicode),
    ("ascii", "default", Symbols::Ascii),
];

fn hand(scene_name: &str, keys: &str, theme: &str, symbols: Symbols) -> Hand {
    let themes = Themes::built_in().usable().cloned().collect();
    let looks = Looks { theme: Theme::named(theme).unwrap(), themes, ..Looks::default() };
    let mut hand = Hand::at(scene(scene_name), Settings { looks, symbols, ..settings() });
    for key in keys.chars() {
        hand.press(match key {
            '\t' => Code::Tab,
            '\r' => Code::Enter,
            key => Code::Char(key),
        });
    }
    hand
}

/// One number for the looks of all cells: FNV-1a, the same on every platform and with every compiler.
fn looks(buffer: &Buffer) -> u64 {
    let styles = buffer.content.iter().map(|cell| format!("{:?}{:?}{:?}", cell.fg, cell.bg, cell.modifier));
    styles
        .flat_map(String::into_bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_screen_at_every_size_in_every_look() {
    let folder = std::env::var("FLIGHTDECK_PICTURES").ok();
    for (name, scene, keys) in SCREENS {
        for (width, height) in SIZES {
            let mut shown = String::new();
            for (look, theme, symbols) in LOOKS {
                let buffer = hand(scene, keys, theme, symbols).screen(width, height);
                let text = text(&buffer);
                if look == "dark" || look == "ascii" {
                    shown.push_str(&text);
                }
                shown.push_str(&format!("{look}: {:016x}\n", looks(&buffer)));
                assert!(symbols == Symbols::Unicode || text.is_ascii(), "{name} {width}x{height}\n{text}");
                if let Some(folder) = &folder {
                    let ground = if look == "light" { ("#24292f", "#fbfaf8") } else { ("#c9d1d9", "#0f141a") };
                    let picture = svg(&buffer, ground.0, ground.1);
                    std::fs::write(format!("{folder}/{name}-{width}x{height}-{look}.svg"), picture).unwrap();
                }
            }
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), shown);
        }
    }
}
