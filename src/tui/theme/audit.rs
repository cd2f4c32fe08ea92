//! Every built-in theme held against what a screen must be: readable, in any number of colours, to any eyes.

use ratatui::style::{Color, Modifier, Style};

use super::{
    Depth, ROLES, Theme, Themes,
    contrast::{Rgb, contrast, luminance, rgb},
    vision::{Eyes, apart},
};

/// WCAG 2.1: text (1.4.3, AA), and what is no text (1.4.11).
const TEXT: f64 = 4.5;
const LINE: f64 = 3.0;
/// What is only lines. All other roles are text, or text too.
const LINES: [&str; 2] = ["border", "chart_baseline"];
/// States are so far apart (CIEDE2000) that a single symbol tells; 10 is two colours that nobody confuses side by side.
const APART: f64 = 15.0;
const STATES: [&str; 5] = ["good", "warn", "bad", "unknown", "active"];
const DEPTHS: [Depth; 4] = [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True];

fn all() -> Vec<Theme> {
    Themes::built_in().usable().cloned().collect()
}

/// The themes with a ground of their own.
fn grounded() -> Vec<Theme> {
    all().into_iter().filter(|theme| theme.text.bg.is_some()).collect()
}

fn looks(theme: &Theme) -> Vec<(&str, Style)> {
    let roles = ROLES.iter().map(|role| (role.name, theme.role(role.name).unwrap()));
    roles.chain(theme.environments.iter().map(|(name, look)| (name.as_str(), *look))).collect()
}

fn state(theme: &Theme, name: &str) -> Rgb {
    theme.colours(theme.role(name).unwrap()).unwrap().0
}

#[test]
fn every_pair_on_screen_can_be_read() {
    assert_eq!(grounded().len(), 5);
    for theme in grounded() {
        for depth in [Depth::True, Depth::Ansi256] {
            let theme = theme.clone().at(depth);
            for (name, look) in looks(&theme) {
                let (front, ground) = theme.colours(look).unwrap();
                let wanted = if LINES.contains(&name) { LINE } else { TEXT };
                let is = contrast(front, ground);
                assert!(is >= wanted, "{} {depth:?}: {name} has {is:.2}, wants {wanted}", theme.name);
            }
            // The selected row, a match and a field bring both colours, so that what lay there before makes no other pair.
            for (name, look) in [("selected", theme.selected), ("search", theme.search), ("field", theme.field)] {
                assert!(look.fg.is_some() && look.bg.is_some(), "{} {name}", theme.name);
            }
            // What is filled stands out from the ground too.
            for name in ["selected", "protected", "go", "no_go", "banner", "frozen", "chosen", "search"] {
                let (_, ground) = theme.colours(theme.role(name).unwrap()).unwrap();
                let usual = rgb(theme.text.bg.unwrap()).unwrap();
                assert!(contrast(ground, usual) >= LINE, "{} {name}", theme.name);
            }
        }
    }
}

#[test]
fn high_contrast_is_aaa() {
    for depth in [Depth::True, Depth::Ansi256] {
        let theme = Theme::named("high-contrast").unwrap().at(depth);
        for (name, look) in looks(&theme) {
            let (front, ground) = theme.colours(look).unwrap();
            assert!(contrast(front, ground) >= 7.0, "{name}");
        }
    }
}

#[test]
fn a_light_theme_is_light_and_the_others_are_dark() {
    for theme in grounded() {
        let ground = luminance(rgb(theme.text.bg.unwrap()).unwrap());
        assert_eq!(ground > 0.5, theme.name == "light", "{}", theme.name);
    }
}

#[test]
fn states_are_far_apart_to_the_eyes_a_theme_is_for() {
    let grounded = grounded();
    let eyes = |name: &str| match name {
        "deuteranopia" => vec![Eyes::Usual, Eyes::Deuteranopia, Eyes::Protanopia],
        "tritanopia" => vec![Eyes::Usual, Eyes::Tritanopia],
        _ => vec![Eyes::Usual],
    };
    for theme in &grounded {
        for depth in [Depth::True, Depth::Ansi256] {
            let theme = theme.clone().at(depth);
            for eyes in eyes(&theme.name) {
                for (index, one) in STATES.iter().enumerate() {
                    for other in &STATES[index + 1..] {
                        let is = apart(eyes, state(&theme, one), state(&theme, other));
                        assert!(is >= APART, "{} {depth:?} {eyes:?}: {one} and {other} are {is:.1} apart", theme.name);
                    }
                }
            }
        }
    }
    // The bound is one that the usual colours do not reach for these eyes.
    let dark = grounded.iter().find(|theme| theme.name == "dark").unwrap();
    assert!(apart(Eyes::Deuteranopia, state(dark, "good"), state(dark, "bad")) < APART);
    assert!(apart(Eyes::Tritanopia, state(dark, "good"), state(dark, "active")) < APART);
}

#[test]
fn production_is_not_staging() {
    for theme in all() {
        for depth in DEPTHS {
            let theme = theme.clone().at(depth);
            for (production, staging) in [
                (theme.environment("production", true), theme.environment("staging", false)),
                (theme.environment("live", true), theme.environment("test", false)),
            ] {
                assert_ne!(production, staging, "{} {depth:?}", theme.name);
                // In its shape too: a filled block, and text on the ground.
                let filled = |look: Style| {
                    look.add_modifier.contains(Modifier::REVERSED) || look.bg.is_some_and(|ground| ground != Color::Reset)
                };
                assert!(filled(production) && !filled(staging), "{} {depth:?}", theme.name);
            }
        }
    }
}

#[test]
fn go_is_not_no_go() {
    for theme in all() {
        for depth in DEPTHS {
            let theme = theme.clone().at(depth);
            if depth != Depth::None {
                assert_ne!(theme.go, theme.no_go, "{} {depth:?}", theme.name);
            }
            assert_ne!(theme.selected, theme.text, "{} {depth:?}", theme.name);
            assert_ne!(theme.chosen, theme.button, "{} {depth:?}", theme.name);
        }
    }
}

#[test]
fn sixteen_colours_are_on_the_terminals_ground() {
    for theme in all() {
        let theme = theme.at(Depth::Ansi16);
        for (name, look) in looks(&theme) {
            let named = [
                None,
                Some(Color::Reset),
                Some(Color::Red),
                Some(Color::Green),
                Some(Color::Yellow),
                Some(Color::LightBlue),
                Some(Color::Magenta),
                Some(Color::Cyan),
            ];
            assert!(named.contains(&look.fg), "{} {name}: {look:?}", theme.name);
            assert!(matches!(look.bg, None | Some(Color::Reset)), "{} {name}: {look:?}", theme.name);
        }
        if theme.name == "mono" {
            continue;
        }
        for (index, one) in STATES.iter().enumerate() {
            for other in &STATES[index + 1..] {
                let fg = |name: &str| theme.role(name).unwrap().fg;
                assert_ne!(fg(one), fg(other), "{}: {one} and {other}", theme.name);
            }
        }
    }
}

/// The colours of the terminals that most people have, as these came; red, green, yellow, magenta, cyan, bright blue.
const PALETTES: [(&str, Rgb, [Rgb; 6]); 11] = [
    ("xterm", (0, 0, 0), [(205, 0, 0), (0, 205, 0), (205, 205, 0), (205, 0, 205), (0, 205, 205), (92, 92, 255)]),
    ("Linux console", (0, 0, 0), [(170, 0, 0), (0, 170, 0), (170, 85, 0), (170, 0, 170), (0, 170, 170), (85, 85, 255)]),
    (
        "VS Code, dark",
        (30, 30, 30),
        [(205, 49, 49), (13, 188, 121), (229, 229, 16), (188, 63, 188), (17, 168, 205), (59, 142, 234)],
    ),
    (
        "Windows Terminal",
        (12, 12, 12),
        [(197, 15, 31), (19, 161, 14), (193, 156, 0), (136, 23, 152), (58, 150, 221), (59, 120, 255)],
    ),
    (
        "GNOME, dark",
        (23, 20, 33),
        [(192, 28, 40), (38, 162, 105), (162, 115, 76), (163, 71, 186), (42, 161, 179), (42, 123, 222)],
    ),
    (
        "Solarized, dark",
        (0, 43, 54),
        [(220, 50, 47), (133, 153, 0), (181, 137, 0), (211, 54, 130), (42, 161, 152), (131, 148, 150)],
    ),
    ("macOS", (255, 255, 255), [(153, 0, 0), (0, 166, 0), (153, 153, 0), (178, 0, 178), (0, 166, 178), (0, 0, 255)]),
    (
        "VS Code, light",
        (255, 255, 255),
        [(205, 49, 49), (16, 124, 16), (148, 152, 0), (188, 5, 188), (5, 152, 188), (4, 81, 165)],
    ),
    (
        "GNOME, light",
        (255, 255, 255),
        [(192, 28, 40), (38, 162, 105), (162, 115, 76), (163, 71, 186), (42, 161, 179), (42, 123, 222)],
    ),
    (
        "One Half Light",
        (250, 250, 250),
        [(228, 86, 73), (80, 161, 79), (193, 132, 1), (166, 38, 164), (9, 151, 179), (1, 132, 188)],
    ),
    (
        "Solarized, light",
        (253, 246, 227),
        [(220, 50, 47), (133, 153, 0), (181, 137, 0), (211, 54, 130), (42, 161, 152), (131, 148, 150)],
    ),
];

/// What the faintest of them have: magenta in Windows Terminal, red on the Linux console, three of Solarized's on its paper.
const SEEN: f64 = 2.3;

/// The terminal's own colours are not ours to choose, and no named colour has 4.5 in each of these. What is taken for granted
/// is that whoever made a palette has made these six to be told from its ground, dark or light; they are used for a state's
/// symbol and words, and what must be read in any case, as text, headings and keys, has the terminal's own colour. Whoever
/// wants more takes a theme with a ground of its own.
#[test]
fn the_six_named_colours_are_seen_on_any_usual_ground() {
    for (name, ground, colours) in PALETTES {
        for color in colours {
            let is = contrast(color, ground);
            assert!(is >= SEEN, "{name}: {color:?} has {is:.2}");
        }
    }
}

#[test]
fn without_colours_nothing_is_coloured() {
    for theme in all() {
        let theme = theme.at(Depth::None);
        for (name, look) in looks(&theme) {
            assert!(matches!(look.fg, None | Some(Color::Reset)), "{} {name}", theme.name);
            assert!(matches!(look.bg, None | Some(Color::Reset)), "{} {name}", theme.name);
        }
        for name in ["go", "no_go", "selected", "protected", "banner", "frozen", "chosen", "search"] {
            assert!(theme.role(name).unwrap().add_modifier.contains(Modifier::REVERSED), "{} {name}", theme.name);
        }
        for name in ["text", "good", "bad", "badge", "button", "title"] {
            assert!(!theme.role(name).unwrap().add_modifier.contains(Modifier::REVERSED), "{} {name}", theme.name);
        }
        assert!(theme.dim.add_modifier.contains(Modifier::DIM), "{}", theme.name);
    }
}
