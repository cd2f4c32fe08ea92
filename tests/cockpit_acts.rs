//! What it takes to act: each dangerous act asked for, accepted and cancelled, and everything that must not act.
#![expect(clippy::panic, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
mod scenes;

use flightdeck::{
    release::{Ask, Command, EventKind, decide},
    tui::{Code, Driving, Exit, Input, Output, Request, Shown, Stop, Update},
};
use proptest::prelude::*;
use scenes::{Hand, SCENES, scene, text};

/// The acts that a dialog stands before: in which state, by which key, what is asked for, and what has to be typed.
fn dangerous() -> Vec<(&'static str, Code, Ask, &'static str)> {
    let stage = |stage: &str| Some(stage.to_owned());
    vec![
        ("waiting", Code::Char('p'), Ask::Promote(stage("canary")), "production"),
        ("baking", Code::Char('R'), Ask::Rollback, "production"),
        ("completed", Code::Char('R'), Ask::Rollback, "production"),
        ("fresh", Code::Char('R'), Ask::Rollback, ""),
        ("stuck", Code::Char('R'), Ask::Rollback, ""),
        ("stuck", Code::Char('t'), Ask::Retry(None), ""),
        ("failed", Code::Char('t'), Ask::Retry(stage("verify")), "production"),
        ("unsettled", Code::Char('p'), Ask::Promote(stage("migrate")), "production"),
        ("unsettled", Code::Char('t'), Ask::Retry(stage("migrate")), "production"),
        ("held", Code::Char(' '), Ask::Resume, ""),
        ("automatic-out", Code::Char('A'), Ask::Automatic(true), "production"),
    ]
}

/// The one command among requests.
fn command(requests: &[Request]) -> Command {
    match requests {
        [Request::Act { command, .. }] => command.clone(),
        other => panic!("{other:?}"),
    }
}

/// Says why, where a dialog asks for it, and goes on to the name.
fn reasons(hand: &mut Hand) {
    if hand.text(80, 24).contains("Reason: ") {
        hand.types("it is back");
        assert_eq!(hand.press(Code::Enter), []);
    }
}

/// Brings a dialog to where Enter would confirm it.
fn armed(scene: &str, code: Code, typed: &str) -> Hand {
    let mut hand = Hand::scene(scene);
    assert_eq!(hand.press(code), [], "{scene}");
    reasons(&mut hand);
    if typed.is_empty() {
        hand.press(Code::Right);
    } else {
        hand.types(typed);
    }
    hand
}

#[test]
fn a_dangerous_act_is_done_when_it_is_accepted() {
    for (name, code, ask, typed) in dangerous() {
        let mut hand = armed(name, code, typed);
        let was = scene(name);
        let sent = command(&hand.press(Code::Enter));
        assert_eq!(sent.ask, ask, "{name}");
        assert_eq!(sent.by, "alice");
        let seen = sent.seen.clone().unwrap();
        assert_eq!(seen.sequence, was.release.sequence, "{name}: bound to what was shown");
        decide(&was.release, &sent, was.now).unwrap();
        assert!(hand.text(80, 24).contains("sent"), "{name}");
        let again = hand.press(Code::Enter);
        assert!(again.iter().all(|request| matches!(request, Request::WatchOutput(_))), "{name}: not twice");
    }
}

#[test]
fn a_dangerous_act_is_not_done_when_it_is_cancelled() {
    for (name, code, _, typed) in dangerous() {
        let mut hand = armed(name, code, typed);
        assert_eq!(hand.press(Code::Esc), [], "{name}");
        assert!(!hand.text(80, 24).contains("[ Cancel ]"), "{name}");
        let mut hand = armed(name, code, typed);
        // The button before the confirming one is Cancel.
        hand.press(if typed.is_empty() { Code::Left } else { Code::Tab });
        assert_eq!(hand.press(Code::Enter), [], "{name}");
        assert!(!hand.text(80, 24).contains("[ Cancel ]"), "{name}");
    }
}

#[test]
fn enter_alone_never_acts() {
    for (name, code, ..) in dangerous() {
        for enters in 1..6 {
            let mut hand = Hand::scene(name);
            hand.press(code);
            for _ in 0..enters {
                let sent = hand.press(Code::Enter);
                assert!(sent.iter().all(|request| matches!(request, Request::WatchOutput(_))), "{name}");
            }
        }
        // Nor does the key that opened it, pressed again and again.
        let mut hand = Hand::scene(name);
        for _ in 0..10 {
            assert_eq!(hand.press(code), [], "{name}");
        }
    }
}

#[test]
fn nothing_acts_on_what_is_no_single_key_of_a_person() {
    for (name, code, ask, typed) in dangerous() {
        // A key that is held.
        let mut hand = armed(name, code, typed);
        assert_eq!(hand.held(Code::Enter), [], "{name}");
        // A key right behind an Esc, of a sequence that was torn apart: the dialog is gone, and nothing is done.
        let mut hand = armed(name, code, typed);
        assert_eq!(hand.after(500, Code::Esc), []);
        assert_eq!(hand.after(30, Code::Char('[')), []);
        assert_eq!(hand.after(30, code), []);
        assert!(!hand.text(80, 24).contains("[ Cancel ]"), "{name}: not opened again either");
        // Enter right behind another key.
        let mut hand = armed(name, code, typed);
        hand.press(Code::Left);
        hand.press(Code::Right);
        assert_eq!(hand.after(20, Code::Enter), [], "{name}");
        // A dialog that nobody can have read yet, or that was never drawn.
        let mut hand = Hand::scene(name);
        hand.press(code);
        if typed.is_empty() {
            hand.after(100, Code::Right);
            hand.app.drawn(Shown::sized(80, 24));
            assert_eq!(hand.after(100, Code::Enter), [], "{name}");
        }
        let mut hand = Hand::scene(name);
        hand.after(500, code);
        if matches!(ask, Ask::Automatic(_)) {
            hand.after(500, Code::Char('x'));
            hand.after(500, Code::Enter);
        }
        for c in typed.chars() {
            hand.after(500, Code::Char(c));
        }
        hand.after(500, if typed.is_empty() { Code::Right } else { Code::End });
        assert_eq!(hand.after(500, Code::Enter), [], "{name}: not drawn");
        // Pasted text.
        let mut hand = Hand::scene(name);
        hand.press(code);
        reasons(&mut hand);
        assert_eq!(hand.input(Input::Paste(format!("{typed}\r\r"), hand.at)), []);
        if !typed.is_empty() {
            assert_eq!(hand.press(Code::Enter), [], "{name}: a pasted name does not count");
            assert!(hand.text(80, 24).contains("type the environment's name first"));
        }
        // Pasted text that arrives as keys.
        let mut hand = Hand::scene(name);
        for c in format!("{typed}pR y").chars().chain(['\n'; 9]) {
            hand.app.drawn(Shown::sized(80, 24));
            let key = if c == '\n' { Code::Enter } else { Code::Char(c) };
            assert!(hand.after(1, key).iter().all(|sent| !matches!(sent, Request::Act { .. })), "{name}");
        }
    }
}

#[test]
fn what_was_shown_is_what_is_sent_or_nothing() {
    // The release moves on while the dialog is open: it is closed and looked at again, but a rollback is given.
    for (name, code, ask, typed) in dangerous() {
        let mut hand = armed(name, code, typed);
        hand.event("bob", EventKind::Noted { text: "stop".to_owned() });
        let sent = hand.press(Code::Enter);
        if ask == Ask::Rollback || ask == Ask::Retry(None) {
            assert_eq!(command(&sent).ask, ask, "{name}");
        } else {
            assert_eq!(sent, [], "{name}");
            assert!(hand.text(80, 24).contains("The release has moved on: bob note: stop"), "{name}");
        }
    }
    // What nobody would look at does not get in the way.
    let mut hand = armed("waiting", Code::Char('p'), "production");
    hand.event("flightdeck", EventKind::CheckStarted { check: "monitoring".to_owned() });
    assert_eq!(command(&hand.press(Code::Enter)).ask, Ask::Promote(Some("canary".to_owned())));
}

#[test]
fn promotion_locks_where_nobody_drives_and_rollback_does_not() {
    for update in
        [Update::Driving(Driving::Nobody { since: None }), Update::Trouble(Some("the journal cannot be read".to_owned()))]
    {
        for (name, code, ask, typed) in dangerous() {
            let mut hand = Hand::scene(name);
            hand.told(update.clone());
            hand.press(code);
            reasons(&mut hand);
            if typed.is_empty() {
                hand.press(Code::Right);
            } else {
                hand.types(typed);
            }
            let sent = hand.press(Code::Enter);
            let free = ask == Ask::Rollback || ask == Ask::Retry(None);
            assert_eq!(!sent.is_empty(), free, "{name} {ask:?}");
        }
    }
}

#[test]
fn a_gate_that_closes_while_a_dialog_is_open_closes_it_too() {
    let mut hand = armed("waiting", Code::Char('p'), "production");
    // Nothing is said, but the samples grow old.
    hand.now += jiff::SignedDuration::from_secs(60);
    assert_eq!(hand.press(Code::Enter), []);
    assert!(hand.text(80, 24).contains("error rate is unknown"));
    let mut hand = Hand::scene("blocked");
    hand.press(Code::Char('p'));
    hand.press(Code::Right);
    assert_eq!(hand.press(Code::Enter), []);
}

#[test]
fn nothing_that_lies_on_top_hides_where_it_acts_or_how_it_stands() {
    for (width, height) in [(40, 10), (60, 12), (80, 24)] {
        for keys in ["R", "p", "?", ":", "s", "n", "2\n", "1\n", "3\n", "wR", "zR"] {
            let mut hand = Hand::scene("waiting");
            for c in keys.chars() {
                hand.press(if c == '\n' { Code::Enter } else { Code::Char(c) });
            }
            let screen = text(&hand.peek(width, height));
            let head = screen.lines().take(2).collect::<String>();
            assert!(head.contains("2.4.0") && head.contains(" production ") && head.contains("GO"), "{keys}\n{screen}");
        }
    }
}

#[test]
fn holding_needs_no_dialog_and_says_what_came_of_it() {
    let mut hand = Hand::scene("baking");
    let requests = hand.press(Code::Char(' '));
    assert_eq!(command(&requests).ask, Ask::Hold);
    let [Request::Act { id, .. }] = requests.as_slice() else { panic!() };
    assert!(hand.text(80, 24).contains("hold: sent…"));
    hand.told(Update::Answer { id: *id, answer: Err("the release is completed".to_owned()) });
    assert!(hand.text(80, 24).contains("✗ the release is completed"));
    hand.now += jiff::SignedDuration::from_secs(20);
    assert!(!hand.text(80, 24).contains("✗ the release is completed"), "it does not stay for ever");
    assert_eq!(hand.held(Code::Char(' ')), []);
}

#[test]
fn signs_writes_and_checks() {
    let mut hand = Hand::scene("blocked");
    hand.press(Code::Char('s'));
    assert!(hand.text(80, 24).contains("Sign Rollback plan"), "the one that something waits for");
    hand.types("seen it q");
    hand.press(Code::Enter);
    hand.input(Input::Paste("https://wiki.example/\u{1b}[31mplan\u{202e}\nx".to_owned(), hand.at));
    hand.press(Code::Enter);
    assert_eq!(
        command(&hand.press(Code::Enter)).ask,
        Ask::Sign {
            check: "rollback-plan".to_owned(),
            note: Some("seen it q".to_owned()),
            evidence: Some("https://wiki.example/plan\u{fffd} x".to_owned())
        }
    );
    // An Enter that comes with pasted text was never pressed.
    let mut hand = Hand::scene("waiting");
    hand.press(Code::Char('n'));
    hand.text(80, 24);
    hand.at += std::time::Duration::from_millis(500);
    hand.input(Input::Paste("see the wiki".to_owned(), hand.at));
    assert_eq!(hand.after(10, Code::Enter), []);
    assert_eq!(command(&hand.press(Code::Enter)).ask, Ask::Note("see the wiki".to_owned()));
    // The selected check, if it is one to be signed; one that is signed already is left alone, and the next is asked for.
    let mut hand = Hand::scene("blocked");
    hand.press(Code::Tab);
    hand.press(Code::Home);
    hand.press(Code::Char('s'));
    assert!(hand.text(80, 24).contains("Sign Rollback plan"));
    hand.press(Code::Esc);
    hand.press(Code::End);
    hand.press(Code::Char('s'));
    assert!(hand.text(80, 24).contains("Sign Communication to users"));
    hand.press(Code::Esc);
    hand.press(Code::Home);
    assert_eq!(hand.press(Code::Char('c')), []);
    assert!(hand.text(80, 24).contains("is signed by a person"));
    for _ in 0..4 {
        hand.press(Code::Down);
    }
    assert_eq!(command(&hand.press(Code::Char('c'))).ask, Ask::Recheck("database-backup".to_owned()));
    // A note.
    hand.press(Code::Char('n'));
    assert_eq!(hand.press(Code::Enter), [], "an empty one is none");
    hand.types("all quiet");
    assert_eq!(command(&hand.press(Code::Enter)).ask, Ask::Note("all quiet".to_owned()));
}

#[test]
fn silences_an_alert_with_a_reason() {
    let silence =
        |alert: &str| Ask::Silence { signal: "alerts".to_owned(), alert: alert.to_owned(), stage: Some("canary".to_owned()) };
    // From any pane, the newest first; not without a reason, and Enter alone does nothing.
    let mut hand = Hand::scene("alerts");
    let was = scene("alerts");
    hand.press(Code::Char('M'));
    let shown = hand.text(80, 24);
    assert!(shown.contains("▸ HighLatency  firing, new") && shown.contains("for as long as canary takes"), "{shown}");
    for _ in 0..3 {
        assert_eq!(hand.press(Code::Enter), []);
    }
    assert!(hand.text(80, 24).contains("a silence needs a reason: say why"));
    hand.types(" ");
    assert_eq!(hand.press(Code::Enter), [], "blanks are no reason");
    hand.types("cold cache ");
    hand.input(Input::Paste("see\u{1b}[31m\nJIRA-1".to_owned(), hand.at));
    assert_eq!(hand.after(10, Code::Enter), [], "an Enter that came with pasted text was never pressed");
    assert_eq!(hand.held(Code::Enter), []);
    let sent = command(&hand.press(Code::Enter));
    assert_eq!(sent.ask, silence("f-highlatency"));
    assert_eq!(sent.reason.as_deref(), Some("cold cache see JIRA-1"));
    assert_eq!(decide(&was.release, &sent, was.now).unwrap().len(), 1);

    // Another one is chosen; what was chosen and never drawn is not confirmed.
    let mut hand = Hand::scene("alerts");
    hand.press(Code::Char('M'));
    hand.types("known");
    hand.after(500, Code::Down);
    assert_eq!(hand.after(500, Code::Enter), []);
    assert_eq!(command(&hand.press(Code::Enter)).ask, silence("f-diskfillsup"));

    // What is silenced from here is taken back, without a reason.
    let mut hand = Hand::scene("alerts");
    hand.press(Code::Char('M'));
    hand.press(Code::Down);
    hand.press(Code::Down);
    assert!(hand.text(80, 24).contains("[ Take back ]"));
    let sent = command(&hand.press(Code::Enter));
    assert_eq!(sent.ask, Ask::Unsilence(was.release.silences[0].id.clone()));
    decide(&was.release, &sent, was.now).unwrap();
    // Esc, or a click, sends nothing.
    let mut hand = Hand::scene("alerts");
    hand.press(Code::Char('M'));
    hand.types("known");
    assert_eq!(hand.press(Code::Esc), []);
    assert!(!hand.text(80, 24).contains("Silence an alert"));
}

#[test]
fn a_silence_is_for_the_stage_that_it_was_shown_for() {
    let mut hand = Hand::scene("alerts");
    hand.press(Code::Char('M'));
    hand.types("known");
    hand.event("flightdeck", EventKind::StagePassed { stage: "canary".to_owned() });
    assert_eq!(hand.press(Code::Enter), []);
    assert!(hand.text(80, 24).contains("The release has moved on: canary is over."), "{}", hand.text(80, 24));
}

#[test]
fn says_why_nothing_can_be_silenced_or_taken_out() {
    for (name, key, why) in [
        ("baking", 'M', "the plan has no signal that counts an Alertmanager's alerts"),
        ("judged", 'M', "no alert fires that could be silenced"),
        ("rolling-back", 'A', "it is being rolled back already"),
        ("rolled-back", 'A', "it was rolled back already"),
        ("completed", 'A', "the release is over"),
    ] {
        let mut hand = Hand::scene(name);
        assert_eq!(hand.press(Code::Char(key)), [], "{name}");
        assert!(hand.text(80, 24).contains(why), "{name}\n{}", hand.text(80, 24));
    }
    // Nobody acts on what is old.
    for key in ['M', 'A'] {
        let mut hand = Hand::scene("alerts");
        hand.press(Code::Char('f'));
        hand.press(Code::Char(key));
        assert!(hand.text(80, 24).contains("the display is frozen"));
    }
}

#[test]
fn takes_the_automatic_rollback_out_with_a_reason() {
    let was = scene("judged");
    let mut hand = Hand::scene("judged");
    hand.press(Code::Char('A'));
    assert!(hand.text(80, 24).contains("holds the release instead of rolling it back"));
    assert_eq!(hand.press(Code::Enter), []);
    assert_eq!(hand.press(Code::Enter), []);
    hand.types("cache outage");
    assert_eq!(hand.held(Code::Enter), []);
    let sent = command(&hand.press(Code::Enter));
    assert_eq!((sent.ask.clone(), sent.reason.as_deref()), (Ask::Automatic(false), Some("cache outage")));
    assert_eq!(decide(&was.release, &sent, was.now).unwrap().len(), 1);
}

#[test]
fn takes_the_automatic_rollback_back_in_with_a_reason_and_the_name() {
    let was = scene("automatic-out");
    let mut hand = armed("automatic-out", Code::Char('A'), "production");
    let sent = command(&hand.press(Code::Enter));
    assert_eq!((sent.ask.clone(), sent.reason.as_deref()), (Ask::Automatic(true), Some("it is back")));
    assert_eq!(decide(&was.release, &sent, was.now).unwrap().len(), 1);
    // Not without a reason, also where the name is right.
    let mut hand = Hand::scene("automatic-out");
    hand.press(Code::Char('A'));
    assert!(hand.text(80, 24).contains("the release rolls back AT ONCE"));
    hand.press(Code::Tab);
    hand.types("production");
    assert_eq!(hand.press(Code::Enter), []);
    assert!(hand.text(80, 24).contains("it needs a reason: say why first"));
    // A reason may be pasted; a name may not.
    hand.press(Code::BackTab);
    hand.input(Input::Paste("the cache\nis back".to_owned(), hand.at));
    hand.press(Code::Tab);
    let sent = command(&hand.press(Code::Enter));
    assert_eq!(sent.reason.as_deref(), Some("the cache is back"));
}

#[test]
fn leaves() {
    // Nothing depends on this cockpit: it is left at once.
    let mut hand = Hand::scene("completed");
    hand.press(Code::Char('q'));
    assert_eq!(hand.app.exit(), Some(Exit::Quit));
    let mut hand = Hand::scene("baking");
    hand.told(Update::Driving(Driving::Other { host: "console".to_owned(), pid: 4 }));
    hand.ctrl('c');
    assert_eq!(hand.app.exit(), Some(Exit::Quit));
    // It drives: it asks.
    let mut hand = Hand::scene("baking");
    hand.press(Code::Char('q'));
    assert!(hand.text(80, 24).contains("running tasks go on"));
    hand.press(Code::Enter);
    assert_eq!(hand.app.exit(), None);
    hand.press(Code::Char('q'));
    hand.press(Code::Right);
    hand.press(Code::Enter);
    assert_eq!(hand.app.exit(), Some(Exit::Quit));
    // Twice leaves at once.
    let mut hand = Hand::scene("baking");
    hand.ctrl('c');
    assert_eq!(hand.app.exit(), None);
    hand.ctrl('c');
    assert_eq!(hand.app.exit(), Some(Exit::Quit));
    let mut hand = Hand::scene("baking");
    hand.input(Input::Stop(Stop::HangUp));
    assert_eq!(hand.app.exit(), Some(Exit::Stopped(Stop::HangUp)));
}

#[test]
fn watches_the_output_of_the_stage_that_is_looked_at() {
    let mut hand = Hand::scene("fresh");
    assert_eq!(hand.press(Code::Enter), [Request::WatchOutput(Some("build".to_owned()))]);
    hand.told(Update::Output(Output {
        stage: "build".to_owned(),
        operation: "build-1".to_owned(),
        first: 0,
        lines: vec!["compiling checkout".to_owned()],
        cut: false,
    }));
    assert!(hand.text(120, 36).contains("compiling checkout"));
    assert_eq!(hand.press(Code::Char('p')), [], "what is read is not left by a key that would act");
    assert_eq!(hand.press(Code::Esc), [Request::WatchOutput(None)]);
}

fn keys() -> impl Strategy<Value = (Code, u64)> {
    let letters = prop::sample::select("pRtsnMAcjkq ?production".chars().collect::<Vec<_>>()).prop_map(Code::Char);
    let others = prop::sample::select(vec![
        Code::Enter,
        Code::Enter,
        Code::Enter,
        Code::Esc,
        Code::Tab,
        Code::Right,
        Code::Left,
        Code::Up,
        Code::Down,
        Code::BackTab,
        Code::PageDown,
        Code::End,
        Code::Home,
        Code::Backspace,
        Code::Delete,
    ]);
    (prop_oneof![letters, others], prop::sample::select(vec![1u64, 30, 70, 200, 600]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Whatever is pressed and happens at whatever size: nothing panics, and a dialog sends what it showed when it was opened.
    #[test]
    fn whatever_is_pressed(
        name in prop::sample::select(SCENES.to_vec()),
        steps in prop::collection::vec((keys(), 0u8..12, 1u16..130, 1u16..45), 1..60),
    ) {
        let mut hand = Hand::scene(name);
        let mut opened_at = hand.sequence;
        for ((code, after), happens, width, height) in steps {
            match happens {
                0 => hand.event("bob", EventKind::Noted { text: "something 日本 happened".to_owned() }),
                1 => hand.event("bob", EventKind::Held { why: "wait".to_owned() }),
                2 => hand.event("bob", EventKind::Resumed { why: None }),
                3 => hand.now += jiff::SignedDuration::from_secs(40),
                4 => { hand.input(Input::Paste("production\npRy\u{1b}[A".to_owned(), hand.at)); }
                _ => {}
            }
            let open = hand.text(80, 24).contains("[ Cancel ]");
            let shown = hand.text(width, height);
            if !open {
                opened_at = hand.sequence;
            }
            let requests = hand.after(after, code);
            for request in requests {
                if let Request::Act { command, .. } = request {
                    let dangerous = matches!(
                        command.ask,
                        Ask::Promote(_) | Ask::Rollback | Ask::Retry(_) | Ask::Resume | Ask::Automatic(true)
                    );
                    if dangerous {
                        prop_assert_eq!(code, Code::Enter);
                        prop_assert!(after >= 70);
                        prop_assert!(width >= 40 && height >= 10, "nobody can have read it");
                        prop_assert!(open && shown.contains("[ Cancel ]"), "nothing dangerous without a dialog\n{}", shown);
                        prop_assert_eq!(command.seen.unwrap().sequence, opened_at);
                    }
                }
            }
        }
    }
}
