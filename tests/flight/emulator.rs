//! The program in a pseudo-terminal of its own, with an emulator that reads it and a person who presses its keys.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZeroU16,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, sleep},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use vt100::{Callbacks, MouseProtocolMode, Parser, Screen};

use crate::support::{Flight, PROGRAM, TARGET, until, within};

/// What a terminal was told beside what it shows.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) effects: Vec<String>,
}

impl Callbacks for Told {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.effects.push("bell".to_owned());
    }

    fn set_window_icon_name(&mut self, _: &mut Screen, name: &[u8]) {
        self.effects.push(format!("icon {}", String::from_utf8_lossy(name)));
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.effects.push(format!("title {}", String::from_utf8_lossy(title)));
    }

    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.effects.push(format!("clipboard {}", String::from_utf8_lossy(data)));
    }
}

/// The program in a terminal of its own.
pub(crate) struct Terminal {
    pub(crate) parser: Arc<Mutex<Parser<Told>>>,
    /// Everything that it wrote.
    raw: Arc<Mutex<Vec<u8>>>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    line: Option<Line>,
}

/// What holds the terminal open.
struct Line {
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    /// Held, so that the terminal's settings outlive the program.
    _slave: Box<dyn SlavePty + Send>,
    reader: JoinHandle<()>,
    unplugged: Arc<AtomicBool>,
}

pub(crate) fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    pub(crate) fn open(flight: &Flight, columns: u16, rows: u16, arguments: &[&str]) -> Self {
        Self::with(flight, columns, rows, &[], &[&[PROGRAM], arguments].concat())
    }

    /// With more in the environment, and any command.
    pub(crate) fn with(flight: &Flight, columns: u16, rows: u16, more: &[(&str, &str)], command: &[&str]) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut builder = CommandBuilder::from_argv(command.iter().map(Into::into).collect());
        builder.cwd(flight.plan());
        for name in ["COLORTERM", "NO_COLOR", "TMUX", "STY", "FLIGHTDECK_LOG", "XDG_STATE_HOME", "VTE_VERSION"] {
            builder.env_remove(name);
        }
        builder.env("TERM", "xterm-256color");
        builder.env("LC_ALL", "C.UTF-8");
        for (name, value) in flight.environment() {
            builder.env(name, value);
        }
        for (name, value) in more {
            builder.env(name, value);
        }
        let child = pair.slave.spawn_command(builder).unwrap();
        let (rows, columns) = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
        let parser = Arc::new(Mutex::new(Parser::new_with_callbacks(rows, columns, 0, Told::default())));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let unplugged = Arc::new(AtomicBool::default());
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (reads, keeps, stops) = (Arc::clone(&parser), Arc::clone(&raw), Arc::clone(&unplugged));
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                keeps.lock().unwrap().extend_from_slice(&buffer[..count]);
                reads.lock().unwrap().process(&buffer[..count]);
                if stops.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        let line = Line { keys, master: pair.master, _slave: pair.slave, reader, unplugged };
        Self { parser, raw, child, line: Some(line) }
    }

    /// Everything that was written to it.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.raw.lock().unwrap().clone()
    }

    /// Whether this was written to it.
    pub(crate) fn got(&self, bytes: &str) -> bool {
        self.raw().windows(bytes.len()).any(|window| window == bytes.as_bytes())
    }

    /// Has another size from now on.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let (height, width) = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
        self.parser.lock().unwrap().set_size(height, width);
        self.line.as_ref().unwrap().master.resize(size(columns, rows)).unwrap();
    }

    /// Sends bytes as one.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let keys = &mut self.line.as_mut().unwrap().keys;
        keys.write_all(bytes).unwrap();
        keys.flush().unwrap();
    }

    /// Is gone: nothing can be read from it or written to it any more.
    pub(crate) fn unplug(&mut self) {
        self.line.as_ref().unwrap().unplugged.store(true, Ordering::SeqCst);
        // The reader lets go of its end once it has read something more.
        self.send(b"?");
        self.line.take().unwrap().reader.join().unwrap();
    }

    /// What `stty` says of it.
    pub(crate) fn settings(&self) -> String {
        let terminal = File::open(self.line.as_ref().unwrap().master.tty_name().unwrap()).unwrap();
        let settings = Command::new("stty").arg("-a").stdin(terminal).stderr(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&settings.stdout).replace('\n', " ")
    }

    pub(crate) fn screen<T>(&self, ask: impl FnOnce(&Screen) -> T) -> T {
        ask(self.parser.lock().unwrap().screen())
    }

    pub(crate) fn text(&self) -> String {
        self.screen(Screen::contents)
    }

    /// Waits until the screen shows all of these.
    #[track_caller]
    pub(crate) fn shows(&self, all: &[&str]) {
        let began = Instant::now();
        while !all.iter().all(|what| self.text().contains(what)) {
            assert!(began.elapsed() < Duration::from_secs(60), "{all:?} is not shown:\n{}", self.text());
            sleep(Duration::from_millis(20));
        }
    }

    /// Presses keys as fast as a person would.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.send(key.encode_utf8(&mut [0; 4]).as_bytes());
            sleep(Duration::from_millis(100));
        }
    }

    /// Reads a dialog before going on.
    pub(crate) fn read(&self) {
        sleep(Duration::from_millis(600));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    #[track_caller]
    pub(crate) fn ends(&mut self, limit: Duration) -> u32 {
        let child = &mut self.child;
        within(limit, "the cockpit's end", || child.try_wait().unwrap()).exit_code()
    }

    /// Leaves it by the keys, through the question.
    #[track_caller]
    pub(crate) fn quit(&mut self, flight: &Flight) {
        // Leaving matters once it drives.
        until("the controls", || flight.drives(self.child.process_id().unwrap()).then_some(()));
        self.read();
        assert!(!self.text().contains("Nobody drives"), "{}", self.text());
        self.press("q");
        self.shows(&["Quit?"]);
        self.read();
        self.press("\t");
        let began = Instant::now();
        // On a busy machine keys may reach it too close to each other; it then asks for Enter once more.
        while self.child.try_wait().unwrap().is_none() && self.screen(Screen::alternate_screen) {
            assert!(began.elapsed() < Duration::from_secs(60), "it is not left:\n{}", self.text());
            self.read();
            self.press("\r");
        }
        assert_eq!(self.ends(Duration::from_secs(60)), 0);
    }

    /// Whether the terminal is as it was before.
    #[track_caller]
    pub(crate) fn is_given_back(&self) {
        let whole = |screen: &Screen| !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste();
        until("the terminal's modes", || self.screen(whole).then_some(()));
        assert_eq!(self.screen(Screen::mouse_protocol_mode), MouseProtocolMode::None);
        let settings = self.settings();
        for setting in [" icanon", " echo ", " isig", " icrnl"] {
            assert!(settings.contains(setting), "{setting} in {settings}");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A canary in production that can begin at once, and a stage beside it that runs until it is let end.
pub(crate) fn plan() -> String {
    format!(
        r#"service = "shop"
{TARGET}
[signals.load]
source  = "command"
run     = "echo 12"
every   = "250ms"
samples = 1
fail    = 50

[[stages]]
id          = "beside"
environment = "staging"
run         = "echo $$ > pid; while ! test -e end; do sleep 0.1; done"

[[stages]]
id          = "canary"
environment = "production"
needs       = []
target      = "shop"
steps       = [{{ weight = 25, bake = "100ms" }}, {{ weight = 100 }}]
signals     = ["load"]

[[checks]]
id     = "reviewed"
title  = "It was reviewed"
before = "canary"
"#
    )
}

/// A flight whose canary may be promoted.
pub(crate) fn ready() -> (Flight, String) {
    let flight = Flight::new(&plan());
    let id = flight.start();
    flight.run(&["sign", "reviewed", &id]).ends(0);
    (flight, id)
}

pub(crate) const PANES: [&str; 6] = ["shop 2.0", "Stages", "Checklist", "Health", "Log", "canary"];
