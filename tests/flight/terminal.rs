//! The cockpit in a pseudo-terminal, read by a terminal emulator and played with keys.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZeroU16,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread::sleep,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use vt100::{Callbacks, MouseProtocolMode, Parser, Screen};

use crate::support::{Flight, PROGRAM, TARGET, content, is_alive, until, within};

/// What a terminal was told beside what it shows.
#[derive(Default)]
struct Told {
    effects: Vec<String>,
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
struct Terminal {
    parser: Arc<Mutex<Parser<Told>>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// Held, so that the terminal's settings outlive the program.
    _slave: Box<dyn SlavePty + Send>,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    fn open(flight: &Flight, columns: u16, rows: u16, arguments: &[&str]) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(arguments);
        command.cwd(flight.plan());
        command.env("TERM", "xterm-256color");
        for (name, value) in flight.environment() {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let (rows, columns) = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
        let parser = Arc::new(Mutex::new(Parser::new_with_callbacks(rows, columns, 0, Told::default())));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let reads = Arc::clone(&parser);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                reads.lock().unwrap().process(&buffer[..count]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { parser, keys, child, master: pair.master, _slave: pair.slave }
    }

    fn screen<T>(&self, ask: impl FnOnce(&Screen) -> T) -> T {
        ask(self.parser.lock().unwrap().screen())
    }

    fn text(&self) -> String {
        self.screen(Screen::contents)
    }

    /// Waits until the screen shows all of these.
    #[track_caller]
    fn shows(&self, all: &[&str]) {
        let began = Instant::now();
        while !all.iter().all(|what| self.text().contains(what)) {
            assert!(began.elapsed() < Duration::from_secs(60), "{all:?} is not shown:\n{}", self.text());
            sleep(Duration::from_millis(20));
        }
    }

    /// Presses keys as fast as a person would.
    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.keys.write_all(key.encode_utf8(&mut [0; 4]).as_bytes()).unwrap();
            self.keys.flush().unwrap();
            sleep(Duration::from_millis(100));
        }
    }

    /// Reads a dialog before going on.
    fn read(&self) {
        sleep(Duration::from_millis(600));
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    #[track_caller]
    fn ends(&mut self, limit: Duration) -> u32 {
        let child = &mut self.child;
        within(limit, "the cockpit's end", || child.try_wait().unwrap()).exit_code()
    }

    /// Leaves it by the keys, through the question.
    #[track_caller]
    fn quit(&mut self, flight: &Flight) {
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
    fn is_given_back(&self) {
        let whole = |screen: &Screen| !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste();
        until("the terminal's modes", || self.screen(whole).then_some(()));
        assert_eq!(self.screen(Screen::mouse_protocol_mode), MouseProtocolMode::None);
        let terminal = File::open(self.master.tty_name().unwrap()).unwrap();
        let settings = Command::new("stty").arg("-a").stdin(terminal).stderr(Stdio::null()).output().unwrap();
        let settings = String::from_utf8_lossy(&settings.stdout).into_owned();
        for setting in [" icanon", " echo ", " isig", " icrnl"] {
            assert!(settings.replace('\n', " ").contains(setting), "{setting} in {settings}");
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
fn plan() -> String {
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
fn ready() -> (Flight, String) {
    let flight = Flight::new(&plan());
    let id = flight.start();
    flight.run(&["sign", "reviewed", &id]).ends(0);
    (flight, id)
}

const PANES: [&str; 6] = ["shop 2.0", "Stages", "Checklist", "Health", "Log", "canary"];

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
        let (height, width) = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
        terminal.parser.lock().unwrap().set_size(height, width);
        terminal.master.resize(size(columns, rows)).unwrap();
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
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
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
