//! The terminal is given back as it was, on every way out: what a pseudo-terminal sees of a process that takes it over.
#![cfg(unix)]

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use flightdeck::{
    terminal::{Guard, Stdout, signals},
    tui::{Input, Stop},
};
use futures::StreamExt;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const WAY_OUT: &str = "FLIGHTDECK_TEST_WAY_OUT";

/// The process in the pseudo-terminal: this same program, which does something only where the test below runs it.
#[test]
#[ignore = "run by the test below"]
fn child() {
    let Ok(way) = std::env::var(WAY_OUT) else { return };
    let guard = Guard::enter().unwrap();
    match way.as_str() {
        "end" => drop(guard),
        "panic" => panic!("something broke"),
        _ => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let stopped = runtime.block_on(async {
                let mut signals = signals().unwrap();
                Stdout.write_all(b"READY").unwrap();
                signals.next().await
            });
            assert!(matches!(stopped, Some(Input::Stop(Stop::Terminate | Stop::HangUp | Stop::Interrupt))));
            guard.restore_within(Duration::from_secs(1));
            // A second time does nothing.
            guard.restore();
            std::process::exit(7);
        }
    }
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    for (way, signal) in [("end", None), ("panic", None), ("TERM", Some("-TERM")), ("INT", Some("-INT")), ("HUP", Some("-HUP"))] {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        let before = format!("{:?}", pair.master.get_termios().unwrap().local_flags);
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "child", "--nocapture"]);
        command.env(WAY_OUT, way);
        command.env("TERM", "xterm-256color");
        command.env("RUST_BACKTRACE", "0");
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (bytes, read) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if bytes.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut seen = String::new();
        let mut signalled = signal.is_none();
        let limit = Instant::now() + Duration::from_secs(20);
        let status = loop {
            if let Ok(bytes) = read.recv_timeout(Duration::from_millis(20)) {
                seen.push_str(&String::from_utf8_lossy(&bytes));
            }
            if let (false, Some(signal), true) = (signalled, signal, seen.contains("READY")) {
                let pid = child.process_id().unwrap().to_string();
                assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
                signalled = true;
            }
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < limit, "{way} does not end: {seen:?}");
        };
        let after = format!("{:?}", pair.master.get_termios().unwrap().local_flags);
        while let Ok(bytes) = read.recv_timeout(Duration::from_millis(200)) {
            seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        assert!(before.contains("ICANON") && before == after, "{way}: {after}");
        let entered = seen.find("\u{1b}[?1049h").unwrap();
        let left = seen.find("\u{1b}[?1049l").unwrap();
        assert!(entered < left, "{way}: {seen:?}");
        assert_eq!(seen.matches("\u{1b}[?1049l").count(), 1, "{way}: once");
        for (on, off) in [("\u{1b}[?2004h", "\u{1b}[?2004l"), ("\u{1b}[?25l", "\u{1b}[?25h")] {
            assert!(seen.find(on).unwrap() < seen.find(off).unwrap(), "{way}: {seen:?}");
        }
        match way {
            "end" => assert!(status.success(), "{seen:?}"),
            "panic" => {
                assert!(left < seen.find("something broke").unwrap(), "the message is read on the screen that stays: {seen:?}")
            }
            _ => assert_eq!(status.exit_code(), 7, "{way}: {seen:?}"),
        }
    }
}
