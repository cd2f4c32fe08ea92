//! The stages with the whole screen, what things usually take, and the output of a task.

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use std::time::Duration;

use flightdeck::{
    release::{Act, EventKind, Expected, Outcome, Usual},
    tui::{Code, Output, Request, Settings, Symbols, Update},
};
use proptest::prelude::*;
use scenes::{Hand, SCENES, scene, settings};

/// What earlier releases took.
fn expected() -> Expected {
    let usual = |seconds| Usual { median: Duration::from_secs(seconds), releases: 3 };
    let mut expected = Expected { release: Some(usual(4100)), ..Expected::default() };
    for (stage, seconds) in [("build", 130), ("load-test", 560), ("canary", 2400), ("verify", 30)] {
        expected.stages.insert(stage.to_owned(), usual(seconds));
    }
    for (step, seconds) in [(1, 309), (2, 612), (3, 604)] {
        expected.steps.insert(("canary".to_owned(), step), usual(seconds));
    }
    expected
}

/// A hand at a release of which it is known what it usually takes.
fn hand(name: &str, symbols: Symbols) -> Hand {
    let mut hand = Hand::at(scene(name), Settings { symbols, ..settings() });
    hand.told(Update::Expected(expected()));
    hand
}

fn written(stage: &str, first: u64, lines: &[String]) -> Update {
    let (stage, operation) = (stage.to_owned(), format!("{stage}-1"));
    Update::Output(Output { stage, operation, first, lines: lines.to_vec(), cut: false })
}

fn log(lines: usize) -> Vec<String> {
    (0..lines)
        .map(|n| match n % 4 {
            0 => {
                format!("[{n:>3}] compiling checkout with all of its features, which takes a line of its own and more than that")
            }
            1 => "    Running `cc checkout.c`".to_owned(),
            2 => "warning: unused variable".to_owned(),
            _ => format!("Error {n}: none"),
        })
        .collect()
}

/// A hand that reads the output of the task that builds.
fn reader(lines: usize) -> Hand {
    let mut hand = hand("fresh", Symbols::Unicode);
    assert_eq!(hand.press(Code::Char('o')), [Request::WatchOutput(Some("build".to_owned()))]);
    hand.told(written("build", 0, &log(lines)));
    hand
}

/// The lines between the frame's.
fn inside(screen: &str) -> Vec<String> {
    screen.lines().filter_map(|line| line.strip_prefix("│ ")?.strip_suffix(" │")).map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn zoomed_at_every_size() {
    for (width, height) in [(60, 20), (80, 24), (120, 36), (200, 50)] {
        for name in ["baking", "fresh"] {
            let mut hand = hand(name, Symbols::Unicode);
            hand.press(Code::Char('z'));
            hand.told(written("build", 0, &log(40)));
            insta::assert_snapshot!(format!("zoomed_{name}_{width}x{height}"), hand.text(width, height));
        }
    }
}

#[test]
fn zoomed_in_every_state() {
    for name in SCENES {
        let mut hand = hand(name, Symbols::Unicode);
        hand.press(Code::Char('z'));
        insta::assert_snapshot!(format!("zoomed_state_{name}_100x30"), hand.text(100, 30));
    }
}

#[test]
fn ascii_only() {
    for name in SCENES {
        let mut hand = hand(name, Symbols::Ascii);
        hand.press(Code::Char('z'));
        for (width, height) in [(60, 20), (80, 24), (120, 36), (200, 50)] {
            let shown = hand.text(width, height);
            assert!(shown.is_ascii(), "{name}\n{shown}");
        }
    }
    let mut hand = hand("fresh", Symbols::Ascii);
    hand.press(Code::Char('o'));
    hand.told(written("build", 0, &["日本 ✔".to_owned(), "plain".to_owned()]));
    let shown = hand.text(80, 24);
    assert!(shown.is_ascii() && shown.contains("???? ?"), "{shown}");
}

#[test]
fn tall_screens_show_more_of_the_stage() {
    for (width, height) in [(120, 36), (200, 50), (80, 50)] {
        let mut steps = hand("waiting", Symbols::Unicode);
        insta::assert_snapshot!(format!("spare_steps_{width}x{height}"), steps.text(width, height));
        let mut task = hand("fresh", Symbols::Unicode);
        task.screen(width, height);
        task.told(Update::Expected(expected()));
        task.told(written("build", 0, &log(40)));
        insta::assert_snapshot!(format!("spare_output_{width}x{height}"), task.text(width, height));
    }
}

#[test]
fn a_task_is_shown_in_its_usual_time() {
    for (after, words) in
        [(0, "41s of ~3m"), (60, "1m41s of ~3m"), (89, "2m10s of ~3m"), (93, "2m14s  <5s over"), (200, "4m01s   1m over")]
    {
        let mut flight = scene("fresh");
        flight.wait(after);
        let mut hand = Hand::at(flight, settings());
        hand.told(Update::Expected(expected()));
        for (width, height) in [(60, 20), (80, 24), (120, 36), (200, 50)] {
            let shown = hand.text(width, height);
            let row = shown.lines().find(|line| line.contains("build  ")).unwrap();
            let least = words.split("  ").last().unwrap();
            assert!(row.contains(if width == 60 { least.trim() } else { words }), "{after} {width}x{height}\n{shown}");
        }
    }
}

#[test]
fn an_output_is_read_at_every_size() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 36)] {
        let mut hand = reader(60);
        insta::assert_snapshot!(format!("reader_{width}x{height}"), hand.text(width, height));
    }
    let mut hand = reader(60);
    hand.press(Code::Char('/'));
    hand.types("error");
    insta::assert_snapshot!("reader_typing_80x24", hand.text(80, 24));
    hand.press(Code::Enter);
    hand.press(Code::Char('N'));
    insta::assert_snapshot!("reader_found_80x24", hand.text(80, 24));
    hand.press(Code::Char('w'));
    hand.press(Code::Right);
    insta::assert_snapshot!("reader_not_wrapped_80x24", hand.text(80, 24));
}

#[test]
fn it_follows_until_somebody_scrolls_up() {
    let mut hand = reader(60);
    assert!(hand.text(80, 24).contains("Error 59: none"));
    hand.told(written("build", 60, &["one more".to_owned()]));
    assert!(hand.text(80, 24).contains("one more"));
    hand.press(Code::Up);
    let still = inside(&hand.text(80, 24));
    hand.told(written("build", 61, &["and another".to_owned()]));
    let shown = hand.text(80, 24);
    assert_eq!(inside(&shown)[..still.len() - 1], still[..still.len() - 1]);
    assert!(shown.contains("stopped: f follows"), "{shown}");
    hand.press(Code::Char('f'));
    assert!(hand.text(80, 24).contains("and another"));
    hand.press(Code::PageUp);
    hand.press(Code::End);
    assert!(hand.text(80, 24).contains("follows what is written"));
}

#[test]
fn escape_leaves_what_is_typed_then_the_search_then_the_output() {
    let mut hand = reader(60);
    hand.press(Code::Char('/'));
    hand.types("f");
    assert!(hand.text(80, 24).contains("│ /f "), "what is typed is no key");
    hand.press(Code::Esc);
    hand.press(Code::Char('/'));
    hand.types("warning");
    hand.press(Code::Enter);
    assert!(hand.text(80, 24).contains("/warning: 15 of 15 lines"));
    hand.press(Code::Esc);
    assert!(hand.text(80, 24).contains("Output of build"));
    assert_eq!(hand.press(Code::Esc), [Request::WatchOutput(None)]);
    assert!(!hand.text(80, 24).contains("Output of build"));
}

#[test]
fn the_help_over_an_output_has_the_keys_of_the_reader() {
    let mut hand = reader(40);
    hand.press(Code::Char('?'));
    let help = hand.text(120, 60);
    assert!(help.contains("Keys") && help.contains("next-match") && !help.contains("next-pane"), "{help}");
    hand.press(Code::Esc);
    hand.press(Code::Char('?'));
    let help = hand.text(120, 60);
    assert!(help.contains("next-pane") && !help.contains("next-match"), "{help}");
}

#[test]
fn from_the_detail_one_key_opens_the_whole_output() {
    let mut hand = hand("fresh", Symbols::Unicode);
    assert_eq!(hand.press(Code::Enter), [Request::WatchOutput(Some("build".to_owned()))]);
    hand.told(written("build", 0, &log(60)));
    assert!(hand.text(80, 36).contains("its last lines; o reads all"));
    assert_eq!(hand.press(Code::Char('o')), [], "it is sent already");
    let shown = hand.text(80, 24);
    assert!(shown.contains("Error 59: none") && shown.contains("follows what is written"), "{shown}");
}

#[test]
fn a_frozen_display_shows_no_later_output() {
    let mut hand = hand("fresh", Symbols::Unicode);
    hand.press(Code::Char('z'));
    hand.told(written("build", 0, &["before".to_owned()]));
    hand.press(Code::Char('f'));
    hand.told(written("build", 1, &["after".to_owned()]));
    let frozen = hand.text(80, 24);
    assert!(frozen.contains("before") && !frozen.contains("after"), "{frozen}");
    hand.press(Code::Char('f'));
    assert!(hand.text(80, 24).contains("after"));
}

#[test]
fn only_what_the_screen_shows_is_sent() {
    let mut hand = hand("fresh", Symbols::Unicode);
    let asked = |stage: &str| [Request::WatchOutput(Some(stage.to_owned()))];
    // At this size the panes leave no room for it.
    assert_eq!(hand.press(Code::Down), []);
    assert_eq!(hand.press(Code::Char('z')), asked("load-test"));
    assert_eq!(hand.press(Code::Up), asked("build"));
    hand.told(written("load-test", 0, &["late".to_owned()]));
    assert!(!hand.text(80, 24).contains("late"), "what was asked for before something else was");
    assert_eq!(hand.press(Code::Tab), [Request::WatchOutput(None)]);
}

#[test]
fn what_a_rollback_would_do_is_live() {
    let mut hand = hand("fresh", Symbols::Unicode);
    hand.press(Code::Char('z'));
    assert!(hand.text(120, 36).contains("nothing was done that would be taken back"));
    let mut hand = self::hand("baking", Symbols::Unicode);
    hand.press(Code::Char('z'));
    let shown = hand.text(120, 36);
    for words in ["↩ canary: all traffic in production goes back", "⚑ migrate cannot be undone", "never begun: verify"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let stage = || "verify".to_owned();
    hand.event("flightdeck", EventKind::StagePassed { stage: "canary".to_owned() });
    hand.event("flightdeck", EventKind::StageStarted { stage: stage(), attempt: 1 });
    let intended = EventKind::OperationIntended { op: "v".to_owned(), stage: stage(), attempt: 1, step: None, act: Act::Run };
    hand.event("flightdeck", intended);
    let outcome = Outcome::Succeeded { seen: None };
    hand.event("flightdeck", EventKind::OperationEnded { op: "v".to_owned(), stage: stage(), outcome });
    hand.event("flightdeck", EventKind::StagePassed { stage: stage() });
    let shown = hand.text(120, 36);
    assert!(shown.contains("never begun: watch, announce"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pressed_and_written_it_is_drawn(
        steps in proptest::collection::vec((0usize..18, 1u16..160, 1u16..60, "\\PC{0,60}|[a-e ]{0,300}"), 0..40),
        name in proptest::sample::select(SCENES.to_vec()),
    ) {
        let mut hand = hand(name, Symbols::Unicode);
        let mut number = 0;
        for (step, width, height, text) in steps {
            let keys = [
                Code::Char('z'), Code::Char('o'), Code::Up, Code::Down, Code::PageUp, Code::PageDown, Code::Home, Code::End,
                Code::Left, Code::Right, Code::Char('w'), Code::Char('f'), Code::Char('/'), Code::Char('n'), Code::Enter, Code::Esc,
            ];
            hand.screen(width, height);
            match keys.get(step) {
                Some(key) => {
                    hand.after(500, *key);
                }
                None => {
                    for stage in ["build", "migrate", "canary", "verify", "announce"] {
                        hand.told(written(stage, number, &[text.clone(), text.clone()]));
                    }
                    number += u64::from(step == 16) + 1;
                }
            }
            hand.screen(width, height);
        }
    }
}
