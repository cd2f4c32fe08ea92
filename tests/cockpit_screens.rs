//! The cockpit's screens, as text and as looks, in every state and at every size.
#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use std::fmt::Write as _;

use flightdeck::tui::{Code, Depth, Driving, Looks, Output, Settings, Symbols, Theme, Themes, Update, svg};
use ratatui::{buffer::Buffer, style::Style};
use scenes::{Hand, SCENES, scene, settings, text};

/// A screen with its looks: a letter for each style, below each other as the text is, with what each letter means.
fn looks(buffer: &Buffer) -> String {
    let mut styles: Vec<Style> = Vec::new();
    let mut map = String::new();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            let index = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            map.push(if index == 0 { ' ' } else { char::from(b'a' + u8::try_from(index - 1).unwrap()) });
        }
        map.truncate(map.trim_end_matches(' ').len());
        map.push('\n');
    }
    let mut out = format!("{}\n{map}", text(buffer));
    for (index, style) in styles.iter().enumerate().skip(1) {
        let letter = char::from(b'a' + u8::try_from(index - 1).unwrap());
        let _ = writeln!(
            out,
            "{letter}: {:?} on {:?} {:?}",
            style.fg.unwrap_or_default(),
            style.bg.unwrap_or_default(),
            style.add_modifier
        );
    }
    out
}

/// Looks in a theme.
fn wearing(theme: &str) -> Looks {
    Looks { theme: Theme::named(theme).unwrap(), ..Looks::default() }
}

/// A screen with one number for its looks.
fn hashed(buffer: &Buffer) -> String {
    // FNV-1a: the same on every platform and with every compiler.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for cell in &buffer.content {
        for byte in format!("{:?}{:?}{:?}", cell.fg, cell.bg, cell.modifier).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{}\nlooks: {hash:016x}\n", text(buffer))
}

#[test]
fn every_state() {
    for name in SCENES {
        let mut hand = Hand::scene(name);
        insta::assert_snapshot!(format!("state_{name}_80x24"), looks(&hand.screen(80, 24)));
    }
}

#[test]
fn every_size() {
    for (width, height) in [(120, 36), (200, 50), (100, 30), (60, 20), (40, 12), (40, 10), (39, 9), (20, 4)] {
        let mut hand = Hand::scene("waiting");
        insta::assert_snapshot!(format!("size_{width}x{height}"), hashed(&hand.screen(width, height)));
    }
}

#[test]
fn wide_states() {
    for name in ["baking", "failing", "unknown", "rolling-back"] {
        let mut hand = Hand::scene(name);
        insta::assert_snapshot!(format!("state_{name}_120x36"), hashed(&hand.screen(120, 36)));
    }
}

#[test]
fn judged_states() {
    for (name, sizes) in [
        ("judging", vec![(120, 36), (60, 20)]),
        ("judged", vec![(100, 30)]),
        ("alerts", vec![(120, 36), (200, 50), (60, 20)]),
        ("automatic-out", vec![(120, 36), (100, 30), (60, 20), (40, 12), (40, 10), (39, 9), (20, 4)]),
    ] {
        for (width, height) in sizes {
            let mut hand = Hand::scene(name);
            insta::assert_snapshot!(format!("state_{name}_{width}x{height}"), hashed(&hand.screen(width, height)));
        }
    }
}

/// Gives the keys to a signal's row.
fn at_signal(scene: &str, signal: &str) -> Hand {
    let mut hand = Hand::scene(scene);
    hand.press(Code::Char('3'));
    hand.press(Code::Char('/'));
    hand.types(signal);
    hand.press(Code::Enter);
    hand
}

#[test]
fn the_running_stages_signals_come_first_where_not_all_fit() {
    let named = |screen: &str| -> Vec<&str> {
        let names = ["error rate", "orders", "canary p95", "stable p95", "canary errors"];
        let row = |line: &&str| line.contains("<5s");
        screen.lines().filter(row).filter_map(|line| names.into_iter().find(|name| line.contains(name))).collect()
    };
    let mut hand = Hand::scene("judging");
    let shown = hand.text(80, 24);
    assert_eq!(named(&shown), ["error rate", "canary p95", "stable p95", "canary errors"], "{shown}");
    // What is drawn first on such a screen is what is drawn from then on.
    assert_eq!(hand.text(80, 24), shown);
    // The keys go through them as they are shown.
    hand.press(Code::Char('3'));
    hand.press(Code::Home);
    hand.press(Code::Down);
    hand.press(Code::Enter);
    assert!(hand.text(80, 24).contains("─ canary p95 ─"), "{}", hand.text(80, 24));
    hand.press(Code::Esc);
    // Where all fit, they stand as the plan has them.
    let shown = hand.text(200, 50);
    assert_eq!(named(&shown)[..3], ["error rate", "orders", "canary p95"], "{shown}");
}

#[test]
fn what_is_being_judged_is_not_what_nobody_knows() {
    let row = |scene: &str, symbols: Symbols, name: &str| {
        let mut hand = Hand::at(scenes::scene(scene), Settings { symbols, ..settings() });
        let shown = hand.text(200, 50);
        // A row ends with an age.
        shown
            .lines()
            .flat_map(|line| line.split(['│', '|']))
            .find(|part| part.contains(name) && part.trim_end().ends_with('s'))
            .map(str::to_owned)
            .unwrap()
    };
    for symbols in [Symbols::Unicode, Symbols::Ascii] {
        let of = |scene, name| row(scene, symbols, name);
        let (judging, blind) = if symbols == Symbols::Ascii { ("%", "?") } else { ("◔", "?") };
        let judged = of("judging", "canary p95");
        assert!(judged.contains(judging) && judged.contains("2 more judging"), "{judged}");
        let unknown = of("unknown", "p95");
        assert!(unknown.contains(blind) && unknown.contains("unknown") && !unknown.contains("judging"), "{unknown}");
    }
}

#[test]
fn signal_details() {
    for (scene, signal) in [
        ("judging", "canary-p95"),
        ("judged", "canary-errors"),
        ("judged", "availability"),
        ("alerts", "alerts"),
        ("alerts", "replies"),
    ] {
        let mut hand = at_signal(scene, signal);
        hand.press(Code::Enter);
        insta::assert_snapshot!(format!("detail_{signal}_80x24"), looks(&hand.screen(80, 24)));
        insta::assert_snapshot!(format!("detail_{signal}_120x36"), hashed(&hand.screen(120, 36)));
        hand.press(Code::Esc);
        hand.press(Code::Char('z'));
        insta::assert_snapshot!(format!("zoom_{signal}_80x24"), hashed(&hand.screen(80, 24)));
        insta::assert_snapshot!(format!("zoom_{signal}_200x50"), hashed(&hand.screen(200, 50)));
    }
}

#[test]
fn every_theme() {
    let mut seen = Vec::new();
    for theme in Themes::built_in().usable() {
        for depth in [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True] {
            let mut hand = Hand::at(scene("failing"), Settings { looks: wearing(&theme.name), depth, ..settings() });
            let screen = hand.screen(80, 24);
            if depth == Depth::None || theme.name == "mono" {
                for cell in &screen.content {
                    assert!(cell.fg == ratatui::style::Color::Reset && cell.bg == ratatui::style::Color::Reset);
                }
            }
            seen.push(text(&screen));
        }
    }
    // The same words in every look.
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn ascii_only() {
    for name in SCENES {
        let mut hand = Hand::at(scene(name), Settings { symbols: Symbols::Ascii, ..settings() });
        for overlay in [None, Some(Code::Char('R')), Some(Code::Char('?')), Some(Code::Enter), Some(Code::Char('p'))] {
            if let Some(code) = overlay {
                hand.press(Code::Esc);
                hand.press(code);
            }
            for (width, height) in [(80, 24), (120, 36), (40, 12)] {
                let shown = hand.text(width, height);
                let strange = shown.chars().filter(|c| !c.is_ascii()).collect::<String>();
                assert_eq!(strange, "", "{name}\n{shown}");
            }
        }
    }
    let mut hand = Hand::at(scene("failing"), Settings { symbols: Symbols::Ascii, ..settings() });
    insta::assert_snapshot!("ascii_120x36", hand.text(120, 36));
}

#[test]
fn the_badge_and_the_verdict_are_on_every_screen() {
    for name in SCENES {
        let mut hand = Hand::scene(name);
        for (width, height) in [(200, 50), (120, 36), (80, 24), (60, 20), (40, 12), (40, 10), (39, 9), (30, 3)] {
            let shown = hand.text(width, height);
            let badge = if name == "fresh" { "[staging]" } else { " production" };
            assert!(shown.contains(badge), "{name} {width}x{height}\n{shown}");
            let verdicts = ["GO", "COMPLETED", "ROLL"];
            assert!(verdicts.iter().any(|verdict| shown.contains(verdict)), "{name} {width}x{height}\n{shown}");
        }
    }
}

#[test]
fn dialogs() {
    for (scene, code, name) in [
        ("waiting", Code::Char('p'), "promote"),
        ("blocked", Code::Char('p'), "promote_blocked"),
        ("baking", Code::Char('R'), "rollback"),
        ("unsettled", Code::Char('p'), "settle"),
        ("unsettled", Code::Char('t'), "retry_unsettled"),
        ("failed", Code::Char('t'), "retry"),
        ("held", Code::Char(' '), "resume"),
        ("stuck", Code::Char('R'), "rollback_stuck"),
        ("baking", Code::Char('q'), "quit"),
        ("blocked", Code::Char('s'), "sign"),
        ("blocked", Code::Char('n'), "note"),
        ("blocked", Code::Char('?'), "help"),
        ("alerts", Code::Char('M'), "silence"),
        ("judged", Code::Char('A'), "automatic_out"),
        ("automatic-out", Code::Char('A'), "automatic_in"),
    ] {
        let mut hand = Hand::scene(scene);
        assert_eq!(hand.press(code), []);
        insta::assert_snapshot!(format!("dialog_{name}_80x24"), looks(&hand.screen(80, 24)));
        insta::assert_snapshot!(format!("dialog_{name}_40x12"), hashed(&hand.screen(40, 12)));
    }
}

#[test]
fn details() {
    for (scene, pane, name) in
        [("baking", 0, "stage"), ("blocked", 1, "check"), ("failing", 2, "signal"), ("failed", 0, "failed")]
    {
        let mut hand = Hand::scene(scene);
        for _ in 0..pane {
            hand.press(Code::Tab);
        }
        hand.press(Code::Enter);
        let lines = vec![
            "starting".to_owned(),
            "checking /cart".to_owned(),
            "GET /cart 500 \u{1b}[31mInternal\u{202e} Server Error".to_owned(),
        ];
        hand.told(Update::Output(Output {
            stage: "verify".to_owned(),
            operation: "verify-1".to_owned(),
            first: 0,
            lines,
            cut: false,
        }));
        insta::assert_snapshot!(format!("detail_{name}_120x36"), hashed(&hand.screen(120, 36)));
        insta::assert_snapshot!(format!("detail_{name}_60x20"), hashed(&hand.screen(60, 20)));
    }
}

#[test]
fn banners() {
    let mut hand = Hand::scene("waiting");
    hand.told(Update::Driving(Driving::Nobody { since: Some(hand.now - jiff::SignedDuration::from_secs(42)) }));
    insta::assert_snapshot!("nobody_drives_80x24", looks(&hand.screen(80, 24)));
    hand.press(Code::Char('p'));
    insta::assert_snapshot!("nobody_drives_promote_80x24", hashed(&hand.screen(80, 24)));
    hand.press(Code::Esc);
    hand.told(Update::Trouble(Some("the journal cannot be read: disk full".to_owned())));
    insta::assert_snapshot!("trouble_120x36", hashed(&hand.screen(120, 36)));
}

#[test]
fn a_dialog_says_that_the_release_has_moved_on() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char('p'));
    hand.event("bob", flightdeck::release::EventKind::Held { why: "wait for me".to_owned() });
    insta::assert_snapshot!("dialog_moved_on_80x24", hashed(&hand.screen(80, 24)));
}

/// Draws pictures into the folder that `FLIGHTDECK_PICTURES` names, if it names one.
#[test]
fn pictures() {
    let folder = std::env::var("FLIGHTDECK_PICTURES").ok();
    for name in SCENES {
        for theme in Themes::built_in().usable() {
            for (width, height) in [(80, 24), (120, 36), (200, 50), (60, 20), (40, 12)] {
                for key in [None, Some('p'), Some('R'), Some('\n'), Some('?'), Some('s')] {
                    if key.is_some() && (theme.name != "dark" || width > 120) {
                        continue;
                    }
                    let mut hand = Hand::at(scene(name), Settings { looks: wearing(&theme.name), ..settings() });
                    if let Some(key) = key {
                        hand.press(if key == '\n' { Code::Enter } else { Code::Char(key) });
                    }
                    let paper = theme.text.bg.map_or_else(|| "#16191d".to_owned(), |ground| ground.to_string());
                    let picture = svg(&hand.screen(width, height), "#d0d4d8", &paper);
                    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
                    if let Some(folder) = &folder {
                        let key = key.map_or_else(String::new, |key| {
                            format!("-{}", key.to_string().replace('\n', "enter").replace('?', "help"))
                        });
                        std::fs::write(format!("{folder}/{name}-{}-{width}x{height}{key}.svg", theme.name), picture).unwrap();
                    }
                }
            }
        }
    }
}

/// README's pictures are the real screens. `UPDATE_PICTURES=1 cargo test --test cockpit_screens` draws them anew.
#[test]
fn the_pictures_in_the_readme_are_the_screens() {
    let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for (name, scene_name, keys, size) in
        [("cockpit", "baking", "", (120, 36)), ("health", "failing", "3z", (120, 36)), ("rollback", "baking", "R", (100, 30))]
    {
        let path = assets.join(name).with_extension("svg");
        let mut hand = Hand::at(scene(scene_name), Settings { looks: wearing("dark"), ..settings() });
        keys.chars().for_each(|key| {
            hand.press(Code::Char(key));
        });
        let picture = svg(&hand.screen(size.0, size.1), "#c9d1d9", "#0f141a");
        if std::env::var_os("UPDATE_PICTURES").is_some() {
            std::fs::write(&path, &picture).unwrap();
        }
        let kept = std::fs::read_to_string(&path).is_ok_and(|kept| kept == picture);
        assert!(kept, "assets/{name}.svg is not what the cockpit shows");
    }
}
