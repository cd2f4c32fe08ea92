//! The terminal is given back as it was, on every way out: what a pseudo-terminal sees of a process that takes it over.
#![cfg(unix)]

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use flightdeck::{
    terminal::{Guard, Stdout, log, signals},
    tui::{Input, Stop},
};
use futures::StreamExt;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const WAY_OUT: &str = "FLIGHTDECK_TEST_WAY_OUT";
const LOG: &str = "FLIGHTDECK_TEST_LOG";

/// The process in the pseudo-terminal: this same program, which does something only where a test below runs it.
#[test]
#[ignore = "run by the tests below"]
fn child() {
    let Ok(way) = std::env::var(WAY_OUT) else { return };
    let file = std::env::var_os(LOG).map(PathBuf::from);
    let guard = Guard::enter(log(file.as_deref()).unwrap()).unwrap();
    match way.as_str() {
        "end" => drop(guard),
        "panic" => panic!("something broke"),
        "noise" => {
            // A library's own writes, not the test harness's.
            let noise = |words: &[u8]| rustix::io::write(std::io::stderr(), words).unwrap();
            noise(b"noise while it is held\n");
            guard.restore();
            noise(b"words afterwards\n");
            guard.retake().unwrap();
            noise(b"noise while it is held again\n");
            drop(guard);
            noise(b"words at the end\n");
        }
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

#[cfg(test)]
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap().local_flags)
}

/// A process in a pseudo-terminal, and what it writes there.
struct Process {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    read: Receiver<Vec<u8>>,
    seen: String,
    /// The terminal's settings before the program had it.
    before: String,
}

#[cfg(test)]
impl Process {
    /// The program above.
    fn begin(way: &str, file: Option<&Path>) -> Self {
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "child", "--nocapture"]);
        command.env(WAY_OUT, way);
        if let Some(file) = file {
            command.env(LOG, file);
        }
        Self::run(command)
    }

    fn run(mut command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        command.env("TERM", "xterm-256color");
        command.env("RUST_BACKTRACE", "0");
        let before = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
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
        Self { child, master: pair.master, read, seen: String::new(), before }
    }

    fn settings(&self) -> String {
        settings(&*self.master)
    }

    /// Its end, after which all that it wrote has been read; `each` is called meanwhile.
    fn ends(&mut self, mut each: impl FnMut(&mut Self)) -> portable_pty::ExitStatus {
        let limit = Instant::now() + Duration::from_secs(20);
        let status = loop {
            if let Ok(bytes) = self.read.recv_timeout(Duration::from_millis(20)) {
                self.seen.push_str(&String::from_utf8_lossy(&bytes));
            }
            each(self);
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < limit, "it does not end: {:?}", self.seen);
        };
        while let Ok(bytes) = self.read.recv_timeout(Duration::from_millis(200)) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        status
    }
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    for way in ["end", "panic", "TERM", "INT", "HUP", "QUIT"] {
        let mut process = Process::begin(way, None);
        let before = process.before.clone();
        let mut signalled = matches!(way, "end" | "panic");
        let status = process.ends(|process| {
            if !signalled && process.seen.contains("READY") {
                let pid = process.child.process_id().unwrap().to_string();
                assert!(std::process::Command::new("kill").args([&format!("-{way}"), &pid]).status().unwrap().success());
                signalled = true;
            }
        });
        let after = process.settings();
        let seen = &process.seen;
        assert!(before.contains("ICANON") && before == after, "{way}: {after}");
        let entered = seen.find("\u{1b}[?1049h").unwrap();
        let left = seen.find("\u{1b}[?1049l").unwrap();
        assert!(entered < left, "{way}: {seen:?}");
        assert_eq!(seen.matches("\u{1b}[?1049l").count(), 1, "{way}: once");
        for (on, off) in [("\u{1b}[?2004h", "\u{1b}[?2004l"), ("\u{1b}[?1004h", "\u{1b}[?1004l"), ("\u{1b}[?25l", "\u{1b}[?25h")]
        {
            assert!(seen.find(on).unwrap() < seen.find(off).unwrap(), "{way}: {seen:?}");
        }
        for off in ["\u{1b}[?1000l", "\u{1b}[?1006l", "\u{1b}[?2026l"] {
            assert!(seen.contains(off), "{way}: {seen:?}");
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

#[test]
fn what_libraries_write_stays_off_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flightdeck.log");
    let mut process = Process::begin("noise", Some(&file));
    assert!(process.ends(|_| {}).success(), "{}", process.seen);
    assert!(!process.seen.contains("noise while"), "{:?}", process.seen);
    for words in ["words afterwards", "words at the end"] {
        let at = process.seen.find(words).unwrap();
        let [entered, left] = ["\u{1b}[?1049h", "\u{1b}[?1049l"].map(|mode| process.seen[..at].rfind(mode).unwrap());
        assert!(entered < left, "{words:?} is on the screen that stays: {:?}", process.seen);
    }
    let log = std::fs::read_to_string(&file).unwrap();
    assert_eq!(log, "noise while it is held\nnoise while it is held again\n");
}

#[test]
fn whoever_sends_standard_error_elsewhere_gets_it_there() {
    let folder = tempfile::tempdir().unwrap();
    let (file, elsewhere) = (folder.path().join("flightdeck.log"), folder.path().join("elsewhere"));
    let mut command = CommandBuilder::new("sh");
    let program = std::env::current_exe().unwrap();
    command.args(["-c", "exec \"$0\" --ignored --exact child --nocapture 2> \"$1\""]);
    command.args([&program, &elsewhere]);
    command.env(WAY_OUT, "noise");
    command.env(LOG, &file);
    let mut process = Process::run(command);
    assert!(process.ends(|_| {}).success(), "{}", process.seen);
    assert!(std::fs::read_to_string(&elsewhere).unwrap().starts_with("noise while it is held\nwords afterwards\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
}
