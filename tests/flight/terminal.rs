//! The cockpit in a pseudo-terminal, read by a terminal emulator and played with keys.

use std::{thread::sleep, time::Duration};

use rustix::process::Signal;
use vt100::MouseProtocolMode;

use crate::{
    emulator::{PANES, Terminal, ready},
    support::{Flight, content, is_alive, until},
};

#[test]
fn promotes_by_keyboard() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
    terminal.shows(&PANES);
    terminal.shows(&[" GO ", "25 %"]);
    assert!(terminal.screen(|screen| screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()));

    // Enter alone is not enough, and Esc leaves everything as it was.
    terminal.press("p");
    terminal.shows(&["Promote canary?", "Type production to confirm", "Cancel"]);
    terminal.read();
    terminal.press("\r");
    terminal.press("prod\r");
    terminal.press("\u{1b}");
    until("the dialog's end", || (!terminal.text().contains("Promote canary?")).then_some(()));
    assert_eq!(flight.count(&id, "step-started"), 0);

    sleep(Duration::from_millis(200));
    terminal.press("p");
    terminal.shows(&["Promote canary?"]);
    terminal.read();
    terminal.press("production");
    terminal.read();
    terminal.press("\r");
    until("the step", || (flight.stage(&id, "canary")["weight"] == 25).then_some(()));
    terminal.shows(&["takes canary to 25 %"]);
    assert_eq!(flight.acts(), ["deploy 2.0", "weight 25"]);
    assert_eq!(flight.count(&id, "step-started"), 1);

    // Rolled back by hand.
    until("the watch's end", || (flight.stage(&id, "canary")["state"] == "paused").then_some(()));
    terminal.press("R");
    terminal.shows(&["Roll shop back?"]);
    terminal.read();
    terminal.press("production");
    terminal.read();
    terminal.press("\r");
    terminal.shows(&["flightdeck  rolled back"]);
    until("the rollback", || (flight.status(&id)["state"] == "rolled_back").then_some(()));
    assert_eq!(flight.acts()[2..], ["restore"]);
    // What is over is left without a question.
    terminal.press("q");
    assert_eq!(terminal.ends(Duration::from_secs(10)), 0);
    terminal.is_given_back();
    flight.run(&["verify"]).ends(0);
}

#[test]
fn follows_a_resize_and_gives_the_terminal_back() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 200, 50, &["--release", &id]);
    terminal.shows(&PANES);
    let bottom = |terminal: &Terminal| terminal.text().lines().last().unwrap_or_default().to_owned();
    until("the foot", || bottom(&terminal).contains("promote").then_some(()));
    for (columns, rows) in [(80, 24), (200, 50)] {
        terminal.resize(columns, rows);
        terminal.shows(&PANES);
        until("the whole height", || {
            let text = terminal.text();
            (text.lines().count() == usize::from(rows) && bottom(&terminal).contains("promote")).then_some(())
        });
    }
    let pid = content(&flight.file("pid"));
    terminal.quit(&flight);
    terminal.is_given_back();
    // What runs runs on.
    assert!(is_alive(pid.trim()));
    assert_eq!(flight.stage(&id, "beside")["state"], "running");
}

#[test]
fn a_signal_ends_it_promptly() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let (flight, id) = ready();
        let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
        terminal.shows(&PANES);
        let pid = content(&flight.file("pid"));
        terminal.signal(signal);
        terminal.ends(Duration::from_secs(2));
        terminal.is_given_back();
        assert!(is_alive(pid.trim()), "{signal:?} ended what runs");
    }
}

#[test]
fn a_signal_ends_it_also_where_nobody_reads_what_it_writes() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 200, 50, &["--release", &id]);
    terminal.shows(&PANES);
    let parser = std::sync::Arc::clone(&terminal.parser);
    let stalled = parser.lock().unwrap();
    for _ in 0..30 {
        // The whole screen anew.
        terminal.send(b"\x0c");
        sleep(Duration::from_millis(50));
    }
    terminal.signal(Signal::TERM);
    terminal.ends(Duration::from_secs(10));
    drop(stalled);
    terminal.is_given_back();
}

#[test]
fn an_output_is_read_as_it_grows() {
    let flight = Flight::new(
        r#"service = "shop"
[[stages]]
id          = "noisy"
environment = "staging"
run         = '''
echo first
n=0
while ! test -e end; do n=$((n + 1)); echo "line $n"; sleep 0.05; done
echo over
'''
"#,
    );
    flight.let_end();
    flight.run(&["run", "--version", "1.9"]).ends(0);
    std::fs::remove_file(flight.file("end")).unwrap();
    let id = flight.start();
    let mut terminal = Terminal::open(&flight, 100, 24, &["--release", &id]);
    // What the release before took is known.
    terminal.shows(&["noisy", " over"]);
    terminal.press("o");
    terminal.shows(&["Output of noisy", "line 40", "follows what is written"]);
    terminal.press("/");
    for letter in ["f", "i", "r", "s", "t"] {
        terminal.press(letter);
    }
    terminal.press("\r");
    terminal.shows(&["/first: 1 of 1 line", "first", "line 2"]);
    terminal.press("f");
    flight.let_end();
    terminal.shows(&["│ over", "COMPLETED"]);
    // Once out of what is read, and once out of the cockpit, where nothing is left to be driven.
    terminal.press("qq");
    assert_eq!(terminal.ends(Duration::from_secs(60)), 0);
    terminal.is_given_back();
}

#[test]
fn output_that_is_out_to_harm_does_none() {
    let flight = Flight::new(
        r#"service = "shop"
[[stages]]
id          = "noisy"
environment = "staging"
run         = '''
head -c 10000000 /dev/zero | tr '\0' x
printf '\n\033]0;owned\007\033]2;owned\033\\\033]52;c;b3duZWQ=\007'
printf '\033[?1049l\033[?1000h\033[?2004l\033[?25h\033c\033[2J\033[H\033[31mred\033[0m\n'
printf '\377\376\300\200 not text \302\233 31m\n'
printf 'bidi \342\200\256 and \342\201\246 and \342\200\213 zero\n'
printf '\007bell \010\010\010 back\rover\n'
printf 'this is the end\n'
while ! test -e end; do sleep 0.1; done
'''
"#,
    );
    let id = flight.start();
    let mut terminal = Terminal::open(&flight, 120, 36, &["--release", &id]);
    terminal.shows(&["noisy", "running"]);
    terminal.press("\r");
    terminal.shows(&["this is the end"]);
    let harmless = |terminal: &Terminal| {
        let text = terminal.text();
        for harm in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{9b}', '\u{7}', '\u{8}'] {
            assert!(!text.contains(harm), "{harm:?} in\n{text}");
        }
        terminal.screen(|screen| {
            assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
            assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
        });
        assert_eq!(terminal.parser.lock().unwrap().callbacks().effects, Vec::<String>::new());
    };
    harmless(&terminal);
    terminal.press("o");
    terminal.shows(&["Output of noisy", "this is the end", "follows what is written"]);
    harmless(&terminal);
    terminal.press("\u{1b}");
    sleep(Duration::from_millis(300));
    terminal.shows(&["noisy", "Stages"]);
    harmless(&terminal);
    terminal.quit(&flight);
    terminal.is_given_back();
    // On the command line neither.
    for arguments in [&["status", &id][..], &["log", &id]] {
        let ran = flight.run(arguments).ends(0);
        assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'), "{ran:?}");
    }
}

#[test]
fn the_demo_opens_and_leaves_nothing_behind() {
    let flight = Flight::new("");
    let mut terminal = Terminal::open(&flight, 200, 50, &["demo"]);
    terminal.shows(&["Stages", "Checklist", "Health", "Log", "2.4.0", "2.3.7", "canary"]);
    terminal.quit(&flight);
    terminal.is_given_back();
    assert_eq!(crate::demo::left_behind(&flight), Vec::<String>::new());
}
