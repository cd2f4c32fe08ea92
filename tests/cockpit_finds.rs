//! Finding, seeing and taking along: the palette, filters, sequences of keys, zoom and wall, a frozen display, the clipboard,
//! pictures, the mouse, and ringing for a person who does not look.
#![expect(clippy::panic, clippy::unwrap_used, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use flightdeck::{
    release::{Ask, EventKind},
    tui::{Action, Call, Code, Gesture, Input, Keymap, Looks, Mouse, Preset, Request, Settings, Theme, Update, parse_keys},
};
use scenes::{Hand, scene, settings};

/// Where a text stands on the screen.
fn place(hand: &mut Hand, what: &str) -> (u16, u16) {
    let text = hand.text(120, 36);
    for (row, line) in text.lines().enumerate() {
        if let Some(column) = line.find(what) {
            let column = line.get(..column).unwrap().chars().count();
            return (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
        }
    }
    panic!("{what} is not on the screen:\n{text}");
}

fn mouse(hand: &mut Hand, what: Gesture, at: (u16, u16)) -> Vec<Request> {
    hand.at += std::time::Duration::from_millis(500);
    hand.input(Input::Mouse(Mouse { what, column: at.0, row: at.1, at: hand.at }))
}

fn acts(requests: &[Request]) -> usize {
    requests.iter().filter(|request| matches!(request, Request::Act { .. })).count()
}

#[test]
fn the_palette_leads_to_the_dialog_and_never_acts_itself() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char(':'));
    hand.types("abort");
    assert!(hand.text(80, 24).contains("abort: all traffic back to 2.3.7"));
    assert_eq!(hand.press(Code::Enter), []);
    let shown = hand.text(80, 24);
    assert!(shown.contains("Roll checkout back?") && shown.contains("[ Cancel ]"), "{shown}");
    for _ in 0..3 {
        assert_eq!(hand.press(Code::Enter), [], "the name was not typed");
    }
}

#[test]
fn the_palette_says_why_something_cannot_be_done() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char(':'));
    hand.types("retry");
    assert!(hand.text(120, 36).contains("nothing has failed that could be started again"));
    assert_eq!(hand.press(Code::Enter), []);
    let shown = hand.text(120, 36);
    assert!(!shown.contains("Find") && shown.contains("! nothing has failed"), "{shown}");
    hand.press(Code::Char(':'));
    hand.types("xyzzy");
    assert!(hand.text(120, 36).contains("nothing is called so"));
    assert_eq!(hand.press(Code::Enter), []);
    hand.press(Code::Esc);
    assert!(!hand.text(120, 36).contains("nothing is called so"));
}

#[test]
fn a_theme_is_previewed_and_taken_or_not() {
    let themes = flightdeck::tui::Themes::built_in().usable().cloned().collect();
    let mut hand = Hand::at(scene("waiting"), Settings { looks: Looks { themes, ..Looks::default() }, ..settings() });
    let ground = |hand: &mut Hand| hand.screen(80, 24)[(0, 23)].bg;
    let own = ground(&mut hand);
    hand.press(Code::Char(':'));
    hand.types("theme light");
    let light = ground(&mut hand);
    assert_ne!(own, light, "it shows itself");
    hand.press(Code::Esc);
    assert_eq!(ground(&mut hand), own);
    hand.press(Code::Char(':'));
    hand.types("theme light");
    hand.press(Code::Enter);
    assert_eq!(ground(&mut hand), light);
}

#[test]
fn a_filter_shows_only_what_it_names_and_the_selection_stays_among_it() {
    let mut hand = Hand::scene("blocked");
    hand.press(Code::Char('2'));
    hand.press(Code::Char('/'));
    hand.types("plan uns");
    let shown = hand.text(120, 36);
    assert!(shown.contains("Rollback plan") && !shown.contains("Live date") && shown.contains("2 rows"), "{shown}");
    hand.press(Code::Down);
    hand.press(Code::Enter);
    assert!(hand.text(120, 36).contains("Checklist 12/18  /plan uns"));
    // What is signed is what is selected.
    hand.press(Code::Char('s'));
    assert!(hand.text(120, 36).contains("Sign Announcement plan"), "{}", hand.text(120, 36));
    hand.press(Code::Esc);
    hand.press(Code::Esc);
    assert!(hand.text(120, 36).contains("Live date"));
    // One that is given up leaves what was there before.
    hand.press(Code::Char('/'));
    hand.types("zzz");
    assert!(hand.text(120, 36).contains("0 rows"));
    assert_eq!(hand.press(Code::Esc), []);
    assert!(hand.text(120, 36).contains("Live date"));
    // Where nothing is shown, nothing is selected.
    hand.press(Code::Char('/'));
    hand.types("zzz");
    hand.press(Code::Enter);
    assert_eq!(hand.press(Code::Enter), []);
    assert!(hand.text(120, 36).contains("no row is selected"));
}

#[test]
fn a_filter_stays_with_its_pane_when_another_is_clicked() {
    let mut hand = Hand::scene("blocked");
    hand.press(Code::Char('2'));
    hand.press(Code::Char('/'));
    hand.types("plan");
    let at = place(&mut hand, "migrate");
    mouse(&mut hand, Gesture::Click, at);
    hand.press(Code::Char('x'));
    let shown = hand.text(120, 36);
    assert!(shown.contains("/plan") && !shown.contains("/planx") && shown.contains("canary"), "{shown}");
}

#[test]
fn keys_of_a_sequence_say_what_may_follow() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char('y'));
    let shown = hand.text(80, 24);
    assert!(shown.contains("y …  y copy-row  i copy-id  s copy-status  esc not"), "{shown}");
    hand.press(Code::Esc);
    assert!(!hand.text(80, 24).contains("copy-row"));
    hand.press(Code::Char('y'));
    hand.press(Code::Char('i'));
    assert_eq!(hand.calls, [Call::Copy("r7k2m9".to_owned())]);
    assert!(hand.text(80, 24).contains("sent the release's id to the terminal's clipboard"));
    // A sequence that means nothing does nothing, and nor does its last key.
    hand.press(Code::Char('y'));
    assert_eq!(hand.press(Code::Char('R')), []);
    assert!(!hand.text(80, 24).contains("[ Cancel ]"));
}

#[test]
fn a_row_and_the_status_are_copied_as_text() {
    let mut hand = Hand::scene("failed");
    hand.press(Code::Char('y'));
    hand.press(Code::Char('y'));
    hand.press(Code::Char('y'));
    hand.press(Code::Char('s'));
    let [Call::Copy(row), Call::Copy(status)] = hand.calls.as_slice() else { panic!("{:?}", hand.calls) };
    assert_eq!(row, "verify  production  failed  exit status 2: /cart answered 500");
    assert!(status.starts_with("checkout 2.4.0 (from 2.3.7)") && status.contains("\nstages\n") && status.contains("in the way"));
    assert!(!status.contains('\u{1b}'));
}

#[test]
fn a_picture_is_what_the_screen_shows() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char('S'));
    let requests = hand.press(Code::Char('t'));
    let [Request::Keep { id, keep }] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(keep.name.starts_with("flightdeck-checkout-2.4.0-20260303T1") && keep.name.ends_with("Z.txt"), "{}", keep.name);
    assert!(keep.content.contains("canary waits for you") && keep.content.contains("Checklist 13/18"));
    hand.told(Update::Answer { id: *id, answer: Ok("written to /tmp/x.txt".to_owned()) });
    assert!(hand.text(80, 24).contains("written to /tmp/x.txt"));
    hand.press(Code::Char('S'));
    let requests = hand.press(Code::Char('s'));
    let [Request::Keep { keep, .. }] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(keep.name.ends_with("Z.svg") && keep.content.starts_with("<svg ") && keep.content.contains("checkout"));
}

#[test]
fn a_frozen_display_stands_still_while_the_release_goes_on() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char('f'));
    let shown = hand.text(120, 36);
    assert!(shown.contains("FROZEN at 14:15:47, nothing has happened since: f thaws, R still rolls back."), "{shown}");
    hand.event("bob", EventKind::Held { why: "wait for me".to_owned() });
    hand.now += jiff::SignedDuration::from_secs(90);
    let later = hand.text(120, 36);
    assert!(later.contains("1 event since") && later.contains("T+00:26:17") && !later.contains("wait for me"), "{later}");
    assert_eq!(hand.app.next_change(hand.now), None, "nothing wakes it");
    // Nobody promotes what may be old, and everybody may go back from it.
    assert_eq!(acts(&hand.press(Code::Char('p'))), 0);
    assert!(hand.text(120, 36).contains("the display is frozen: f thaws it first"));
    hand.now += jiff::SignedDuration::from_secs(20);
    assert_eq!(hand.app.next_change(hand.now), None, "what was said is over, and wakes it no more");
    // Bob's hold, which is not shown, is not ended by a key that seems to hold.
    hand.press(Code::Char(' '));
    let shown = hand.text(120, 36);
    assert!(shown.contains("the display is frozen: f thaws it first") && !shown.contains("Go on?"), "{shown}");
    hand.press(Code::Char('R'));
    hand.types("production");
    assert_eq!(acts(&hand.press(Code::Enter)), 1);
    hand.press(Code::Char('f'));
    assert!(!hand.text(120, 36).contains("FROZEN") && hand.text(120, 36).contains("wait for me"));
}

#[test]
fn a_row_is_copied_as_the_frozen_display_shows_it() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char('3'));
    hand.press(Code::Char('f'));
    // By now nobody knows how it is.
    hand.now += jiff::SignedDuration::from_secs(600);
    hand.press(Code::Char('y'));
    hand.press(Code::Char('y'));
    assert!(matches!(hand.calls.as_slice(), [Call::Copy(row)] if row.contains("  ok  ")), "{:?}", hand.calls);
}

#[test]
fn zoom_and_wall_are_left_as_they_are_entered() {
    for (key, sign) in [('z', "Stages  Checklist"), ('w', "")] {
        for back in [Code::Char(key), Code::Esc] {
            let mut hand = Hand::scene("baking");
            let main = hand.text(120, 36);
            hand.press(Code::Char(key));
            let other = hand.text(120, 36);
            assert_ne!(main, other);
            assert!(other.contains("production") && other.contains("checkout 2.4.0") && other.contains("GO"), "{sign}");
            hand.press(back);
            assert_eq!(hand.text(120, 36), main);
        }
    }
}

#[test]
fn the_mouse_selects_and_looks_and_never_confirms() {
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char('m'));
    hand.press(Code::Char('m'));
    assert_eq!(hand.calls, [Call::Mouse(true), Call::Mouse(false)]);
    hand.now += jiff::SignedDuration::from_secs(10);
    let at = place(&mut hand, "Rollback plan");
    assert_eq!(acts(&mouse(&mut hand, Gesture::Click, at)), 0);
    assert!(hand.text(120, 36).contains("s sign → signs rollback-plan"), "{}", hand.text(120, 36));
    assert_eq!(acts(&mouse(&mut hand, Gesture::Click, at)), 0);
    assert!(hand.text(120, 36).contains("esc closes"), "a second click looks closer");
    mouse(&mut hand, Gesture::Click, (0, 35));
    assert!(!hand.text(120, 36).contains("esc closes"), "a click beside it leaves it");
    mouse(&mut hand, Gesture::WheelDown, at);
    assert!(!hand.text(120, 36).contains("s sign → signs rollback-plan"));
    // The key at the foot opens the dialog, its button is only pointed at.
    let at = place(&mut hand, "R rollback");
    mouse(&mut hand, Gesture::Click, at);
    let at = place(&mut hand, "[ Roll back ]");
    for _ in 0..5 {
        assert_eq!(acts(&mouse(&mut hand, Gesture::Click, at)), 0);
        hand.text(120, 36);
    }
    let at = place(&mut hand, "[ Cancel ]");
    assert_eq!(acts(&mouse(&mut hand, Gesture::Click, at)), 0);
    assert!(!hand.text(120, 36).contains("[ Cancel ]"));
}

#[test]
fn rings_for_a_person_who_does_not_look() {
    let waits = EventKind::BakeEnded { stage: "canary".to_owned(), step: Some(2) };
    for (focused, gone, rings) in [(Some(true), 600, false), (Some(false), 0, true), (None, 5, false), (None, 60, true)] {
        let mut hand = Hand::scene("baking");
        if let Some(focused) = focused {
            hand.input(Input::Focus(focused));
        }
        hand.now += jiff::SignedDuration::from_secs(gone);
        hand.event("flightdeck", waits.clone());
        let expected = if rings { vec![Call::Alert("checkout 2.4.0: canary waits for you for 50 %".to_owned())] } else { vec![] };
        assert_eq!(hand.calls, expected, "{focused:?} {gone}");
        // Once for each thing.
        hand.event("alice", EventKind::Noted { text: "hm".to_owned() });
        assert_eq!(hand.calls, expected);
    }
    // What a person does oneself is no news.
    let mut hand = Hand::scene("baking");
    hand.input(Input::Focus(false));
    hand.event("bob", EventKind::Held { why: "lunch".to_owned() });
    assert_eq!(hand.calls, []);
    hand.event("flightdeck", EventKind::Held { why: "errors is unknown".to_owned() });
    assert_eq!(hand.calls, [Call::Alert("checkout 2.4.0: held: errors is unknown".to_owned())]);
}

#[test]
fn a_users_keys_are_shown_and_meant_everywhere() {
    let keys = |text: &str| parse_keys(text).unwrap();
    let changes =
        [(keys("ctrl-r"), Some(Action::Rollback)), (keys("R"), None), (keys("x p"), Some(Action::Promote)), (keys("p"), None)];
    let (keymap, conflicts) = Keymap::changed(Preset::Vi, &changes);
    assert_eq!(conflicts, []);
    let mut hand = Hand::at(scene("waiting"), Settings { looks: Looks { keymap, ..Looks::default() }, ..settings() });
    let shown = hand.text(120, 36);
    assert!(shown.contains("x p promote → canary: 25 % → 50 %") && shown.contains("ctrl-r rollback"), "{shown}");
    assert_eq!(hand.press(Code::Char('p')), []);
    assert!(!hand.text(120, 36).contains("[ Cancel ]"));
    hand.press(Code::Char('x'));
    hand.press(Code::Char('p'));
    assert!(hand.text(120, 36).contains("Promote canary?"));
    hand.press(Code::Esc);
    hand.press(Code::Char('?'));
    let help = hand.text(200, 60);
    assert!(help.contains("ctrl-r") && help.contains("g g"), "{help}");
}

#[test]
fn suspending_asks_first_where_it_would_stop_the_driving() {
    let mut hand = Hand::scene("baking");
    assert_eq!(hand.ctrl('z'), []);
    assert!(hand.text(80, 24).contains("Suspend?") && hand.calls.is_empty());
    hand.press(Code::Right);
    hand.press(Code::Enter);
    assert_eq!(hand.calls, [Call::Suspend]);
    let mut hand = Hand::scene("completed");
    hand.ctrl('z');
    assert_eq!(hand.calls, [Call::Suspend]);
    hand.input(Input::Resumed);
    assert_eq!(hand.calls, [Call::Suspend, Call::Retake]);
}

#[test]
fn changed_settings_are_worn_at_once_and_their_mistakes_are_said() {
    let mut hand = Hand::scene("waiting");
    let looks = Looks {
        theme: Theme::named("light").unwrap(),
        problems: vec!["settings.toml:3:9: `grean` is no colour".to_owned()],
        ..Looks::default()
    };
    let before = hand.screen(80, 24)[(0, 0)].bg;
    hand.told(Update::Looks(Box::new(looks)));
    assert_ne!(hand.screen(80, 24)[(0, 0)].bg, before);
    assert!(hand.text(80, 24).contains("settings.toml:3:9"));
}

#[test]
fn changed_settings_move_no_line_under_the_hand() {
    let themes = vec![Theme { name: "old".to_owned(), ..Theme::default() }];
    let mut hand = Hand::at(scene("waiting"), Settings { looks: Looks { themes, ..Looks::default() }, ..settings() });
    hand.press(Code::Char(':'));
    hand.types("old");
    let shown = hand.text(120, 36);
    assert!(shown.find("theme old").unwrap() < shown.find("starts nothing new").unwrap(), "{shown}");
    // Without that theme, its line would be that of hold.
    hand.told(Update::Looks(Box::default()));
    assert_eq!(acts(&hand.after(500, Code::Enter)), 0);
}

#[test]
fn rollback_is_two_keys_away_from_everywhere() {
    for keys in ["?", ":", "/", "z", "w", "\r", "f", "y", "n", "2/x\r", "3z?"] {
        let mut hand = Hand::scene("baking");
        for key in keys.chars() {
            hand.press(if key == '\r' { Code::Enter } else { Code::Char(key) });
        }
        let typed = [":", "/", "n", "y"].contains(&keys);
        if typed {
            hand.press(Code::Esc);
        }
        hand.press(Code::Char('R'));
        assert!(hand.text(80, 24).contains("Roll checkout back?"), "{keys}\n{}", hand.text(80, 24));
        hand.types("production");
        let sent = hand.press(Code::Enter);
        assert!(matches!(sent.as_slice(), [Request::Act { command, .. }] if command.ask == Ask::Rollback), "{keys}: {sent:?}");
    }
}

#[test]
fn a_signal_is_found_by_its_alerts_and_by_being_judged() {
    for (name, typed, found, not) in
        [("alerts", "highlat", "alerts", "replies"), ("judging", "judging", "canary p95", "stable p95")]
    {
        let mut hand = Hand::scene(name);
        hand.press(Code::Char('3'));
        hand.press(Code::Char('/'));
        hand.types(typed);
        hand.press(Code::Enter);
        let shown = hand.text(200, 50);
        let pane = shown.lines().filter(|line| line.contains("<5s")).collect::<String>();
        assert!(pane.contains(found) && !pane.contains(not), "{typed}\n{shown}");
    }
}
