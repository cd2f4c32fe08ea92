//! What a terminal and the line to it do to the cockpit: torn escapes, pastes, resizes, hang-ups, stops, poor terminals.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use vt100::Screen;

use crate::{
    emulator::{PANES, Terminal, ready},
    support::{Flight, PROGRAM, until},
};

/// Sends the pieces so far apart. Whether it was quick enough for them to be one key.
fn torn(terminal: &mut Terminal, pieces: &[&[u8]], apart: Duration) -> bool {
    let mut quick = true;
    let mut last: Option<Instant> = None;
    for piece in pieces {
        if let Some(last) = last {
            sleep(apart);
            quick &= last.elapsed() < Duration::from_millis(50);
        }
        last = Some(Instant::now());
        terminal.send(piece);
    }
    quick
}

/// Nothing has acted, and keys are heard.
#[track_caller]
fn nothing_happened(terminal: &mut Terminal, flight: &Flight, id: &str) {
    for (kind, before) in [("step-started", 0), ("rollback-started", 0), ("held", 0), ("noted", 0), ("check-signed", 1)] {
        assert_eq!(flight.count(id, kind), before, "{kind}");
    }
    assert_eq!(flight.acts(), Vec::<String>::new());
    terminal.press("?");
    terminal.shows(&["Keys"]);
    terminal.press("\u{1b}");
}

#[test]
fn a_torn_escape_is_the_key_it_was() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
    terminal.shows(&PANES);
    let dialog = "Promote canary?";
    let mut tries = 0;
    for pieces in [&[&b"\x1b"[..], b"[A"][..], &[b"\x1b", b"[", b"A"], &[b"\x1b", b"O", b"A"], &[b"\x1b", b"[1;", b"5A"]] {
        loop {
            if !terminal.text().contains(dialog) {
                terminal.press("p");
                terminal.shows(&[dialog]);
            }
            let quick = torn(&mut terminal, pieces, Duration::from_millis(30));
            sleep(Duration::from_millis(300));
            if quick {
                assert!(terminal.text().contains(dialog), "{pieces:?} closed it:\n{}", terminal.text());
                break;
            }
            tries += 1;
            assert!(tries < 50, "this machine is too slow");
        }
    }
    // An Esc alone is one.
    terminal.press("\u{1b}");
    until("the dialog's end", || (!terminal.text().contains(dialog)).then_some(()));
    // Torn too far: no letter of it is a key of its own.
    terminal.send(b"\x1b");
    sleep(Duration::from_millis(400));
    terminal.send(b"OR");
    sleep(Duration::from_millis(300));
    assert!(!terminal.text().contains("Roll shop back?"), "{}", terminal.text());
    nothing_happened(&mut terminal, &flight, &id);
}

#[test]
fn pasted_text_never_acts() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
    terminal.shows(&PANES);
    let paste = |text: &str| format!("\x1b[200~{text}\x1b[201~").into_bytes();
    let long = "pproduction\rpyyR\r".repeat(6000);
    assert!(long.len() > 100_000);
    for text in ["pyyR\r", &long] {
        terminal.send(&paste(text));
        sleep(Duration::from_millis(500));
        assert!(
            !terminal.text().contains("Promote canary?") && !terminal.text().contains("Roll shop back?"),
            "{}",
            terminal.text()
        );
    }
    // Nor does it confirm.
    terminal.press("p");
    terminal.shows(&["Promote canary?"]);
    terminal.read();
    for text in ["production\r", "production\r\n\r\n", &long] {
        terminal.send(&paste(text));
        sleep(Duration::from_millis(300));
    }
    terminal.press("\u{1b}");
    until("the dialog's end", || (!terminal.text().contains("Promote canary?")).then_some(()));
    nothing_happened(&mut terminal, &flight, &id);
}

#[test]
fn a_storm_of_resizes_ends_with_the_right_screen() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
    terminal.shows(&PANES);
    for n in 0..200_u16 {
        terminal.resize(1 + (n * 37) % 250, 1 + (n * 13) % 90);
    }
    terminal.resize(120, 36);
    terminal.shows(&PANES);
    let frame = |terminal: &Terminal| terminal.text().lines().map(str::to_owned).collect::<Vec<_>>();
    until("the whole height", || (frame(&terminal).len() == 36).then_some(()));
    sleep(Duration::from_millis(500));
    // What an emulator is sent anew is what it shows already, but for what shows the time.
    let before = frame(&terminal);
    let erased = |terminal: &Terminal| terminal.raw().windows(4).filter(|bytes| *bytes == b"\x1b[2J").count();
    let times = erased(&terminal);
    terminal.press("\u{c}");
    until("a screen drawn anew", || (erased(&terminal) > times).then_some(()));
    terminal.shows(&PANES);
    let after = frame(&terminal);
    let differ = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert!(before.len() == after.len() && differ <= 4, "{before:#?}\n{after:#?}");
}

#[test]
fn ends_at_once_when_the_terminal_is_gone() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
    terminal.shows(&PANES);
    let pid = terminal.child.process_id().unwrap();
    terminal.unplug();
    // Its exit status says that it was not left by a person.
    assert_ne!(terminal.ends(Duration::from_secs(3)), 0);
    until("the lease's end", || (!flight.drives(pid)).then_some(()));
}

#[test]
fn ends_at_once_when_it_is_gone_and_nobody_says_so() {
    let (flight, id) = ready();
    // Without a terminal of its own that could hang up, it finds out by itself.
    let mut terminal = Terminal::with(&flight, 80, 24, &[], &["setsid", "--wait", PROGRAM, "--release", &id]);
    terminal.shows(&PANES);
    let pid = until("the controls", || flight.holder(&id));
    assert!(flight.drives(pid));
    terminal.unplug();
    until("its end", || (!crate::support::is_alive(&pid.to_string())).then_some(()));
}

/// The parameters of every sequence that sets attributes.
fn attributes(raw: &[u8]) -> Vec<Vec<u16>> {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\u{1b}[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    sequences
        .map(|parameters| {
            parameters
                .split(';')
                .map(|number| number.parse().unwrap_or_else(|_| panic!("{parameters:?} is no bare form")))
                .collect()
        })
        .collect()
}

#[test]
fn as_many_colours_as_the_terminal_has() {
    for (more, named, indexed) in [
        (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")][..], false, false),
        (&[("TERM", "vt220")], false, false),
        (&[("TERM", "xterm")], true, false),
        (&[("TERM", "linux"), ("COLORTERM", "truecolor")], true, false),
    ] {
        let (flight, id) = ready();
        let mut terminal = Terminal::with(&flight, 100, 30, more, &[PROGRAM, "--release", &id]);
        terminal.shows(&["shop 2.0", "Stages", "Health"]);
        terminal.press("p");
        terminal.shows(&["Promote canary?"]);
        let all = attributes(&terminal.raw());
        let is_named = |number: &u16| matches!(number, 30..=37 | 40..=47 | 90..=97 | 100..=107);
        let is_indexed = |number: &u16| matches!(number, 38 | 48);
        assert_eq!(all.iter().flatten().any(is_named), named, "{more:?}: {all:?}");
        assert_eq!(all.iter().flatten().any(is_indexed), indexed, "{more:?}: {all:?}");
        // Weight and reversal carry what colours do not.
        for number in [1, 7] {
            assert!(all.iter().flatten().any(|one| *one == number), "{more:?}: {number} in {all:?}");
        }
        terminal.signal(Signal::TERM);
        terminal.ends(Duration::from_secs(5));
        terminal.is_given_back();
    }
}

#[test]
fn a_terminal_without_a_cursor_is_told_what_works_there() {
    let (flight, id) = ready();
    let mut terminal = Terminal::with(&flight, 80, 24, &[("TERM", "dumb")], &[PROGRAM, "--release", &id]);
    assert_eq!(terminal.ends(Duration::from_secs(10)), 2);
    terminal.shows(&["flightdeck status --watch"]);
    assert!(!terminal.got("\u{1b}"), "{:?}", String::from_utf8_lossy(&terminal.raw()));
}

#[test]
fn what_is_switched_on_later_is_switched_off_too() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
    terminal.shows(&PANES);
    // It asks for the keyboard protocol, and uses it where the terminal answers; the mouse only where a person wants it.
    assert!(terminal.got("\u{1b}[?u") && !terminal.got("\u{1b}[>3u") && !terminal.got("\u{1b}[?1000h"));
    terminal.send(b"\x1b[?0u");
    until("the keyboard protocol", || terminal.got("\u{1b}[>3u").then_some(()));
    terminal.press("m");
    until("the mouse", || terminal.got("\u{1b}[?1000h\u{1b}[?1006h").then_some(()));
    // Keys in the protocol's words.
    terminal.send(b"\x1b[112;1:1u");
    terminal.shows(&["Promote canary?"]);
    terminal.send(b"\x1b[112;1:3u\x1b[27u\x1b[27;1:3u");
    until("the dialog's end", || (!terminal.text().contains("Promote canary?")).then_some(()));
    terminal.signal(Signal::TERM);
    terminal.ends(Duration::from_secs(5));
    terminal.is_given_back();
    let raw = terminal.raw();
    let last = |bytes: &[u8]| raw.windows(bytes.len()).rposition(|window| window == bytes);
    assert!(last(b"\x1b[<u").is_some() && last(b"\x1b[<u") < last(b"\x1b[?1049l"), "each screen has its own");
    assert!(last(b"\x1b[?1000l") > last(b"\x1b[?1000h"));
}

/// Whether the terminal is the cockpit's.
fn is_taken(terminal: &Terminal) -> bool {
    terminal.screen(|screen: &Screen| screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste())
        && terminal.settings().contains("-icanon")
}

/// Whether a process is stopped.
fn is_stopped(pid: u32) -> bool {
    let about = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    about.rsplit(')').next().unwrap().trim_start().starts_with('T')
}

#[test]
fn stops_and_goes_on_as_a_job_of_a_shell() {
    let (flight, id) = ready();
    let script =
        r#"set -m; "$0" --release "$1"; echo STOPPED once; read go; fg; echo STOPPED twice; read go; fg; echo "ENDED $?""#;
    let mut terminal = Terminal::with(&flight, 120, 36, &[], &["sh", "-c", script, PROGRAM, &id]);
    terminal.shows(&PANES);
    let pid = until("the controls", || flight.holder(&id));
    let signal = |signal| kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();

    // Asked from outside.
    signal(Signal::TSTP);
    terminal.shows(&["STOPPED once"]);
    assert!(is_stopped(pid));
    terminal.is_given_back();
    // Whoever comes back finds the whole screen, in the size that it has by then.
    terminal.resize(100, 30);
    terminal.send(b"\n");
    until("the terminal taken again", || is_taken(&terminal).then_some(()));
    terminal.shows(&PANES);
    until("the whole height", || (terminal.text().lines().count() == 30).then_some(()));
    assert!(!terminal.text().contains("STOPPED"), "{}", terminal.text());

    // By the key, through the question.
    terminal.read();
    terminal.press("\u{1a}");
    terminal.shows(&["Suspend?"]);
    terminal.read();
    terminal.press("\t");
    let began = Instant::now();
    while !terminal.text().contains("STOPPED twice") {
        assert!(began.elapsed() < Duration::from_secs(30), "it does not stop:\n{}", terminal.text());
        terminal.read();
        if !is_stopped(pid) {
            terminal.press("\r");
        }
    }
    assert!(is_stopped(pid));
    terminal.is_given_back();
    terminal.send(b"\n");
    until("the terminal taken again", || is_taken(&terminal).then_some(()));
    terminal.shows(&PANES);
    assert_eq!(flight.acts(), Vec::<String>::new());

    signal(Signal::TERM);
    terminal.shows(&["ENDED 4"]);
    terminal.is_given_back();
}

#[test]
fn does_not_stop_where_nobody_could_let_it_go_on() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 80, 24, &["--release", &id]);
    terminal.shows(&PANES);
    terminal.signal(Signal::TSTP);
    sleep(Duration::from_millis(500));
    assert!(!is_stopped(terminal.child.process_id().unwrap()));
    nothing_happened(&mut terminal, &flight, &id);
}
