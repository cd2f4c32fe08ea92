//! What a person at a terminal would measure of the whole program: the first frame, memory, what it does when nothing
//! happens, and how long the way back takes to reach the target.
//!
//! `cargo bench --bench flight` runs the built binary in a pseudo-terminal of 200 by 50 and prints a table; beside it, in the
//! same run, trippy and bottom, where they are on the path.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made says so by ending")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    path::Path,
    process::Command,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const BINARY: &str = env!("CARGO_BIN_EXE_flightdeck");
const PLAN: &str = r#"
service = "bench"
[targets.t]
driver = "command"
deploy = 'printf {version} > candidate'
weight = 'printf {weight} > weight'
rollback = 'date +%s%N > back; rm -f candidate; printf 0 > weight'
observe = 'if [ -f candidate ]; then printf "{\"stable\":\"1\",\"candidate\":\"%s\",\"weight\":%s}" "$(cat candidate)" "$(cat weight 2>/dev/null || echo 0)"; else echo "{\"stable\":\"1\"}"; fi'
[[stages]]
id = "canary"
environment = "staging"
target = "t"
steps = [{ weight = 10 }, { weight = 100 }]
"#;

/// A frame of this size has more bytes than this, and what comes before it has fewer.
const FRAME: usize = 1500;
/// A frame is over when nothing has come for so long.
const SILENCE: Duration = Duration::from_millis(5);

/// A program in a pseudo-terminal.
struct Screen {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<(Instant, Vec<u8>)>,
    _pty: Box<dyn MasterPty + Send>,
    begun: Instant,
}

impl Screen {
    /// The cockpit over a release.
    fn cockpit(folder: &Path, id: &str) -> Self {
        Self::open(folder, BINARY, &["--release", id])
    }

    fn open(folder: &Path, program: &str, arguments: &[&str]) -> Self {
        let size = PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("FLIGHTDECK_OPERATOR", "bench");
        command.env("FLIGHTDECK_JOURNAL", folder.join("journal.db"));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, bytes) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0_u8; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send((Instant::now(), buffer.get(..count).unwrap().to_vec())).is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        let keys = pair.master.take_writer().unwrap();
        Self { child, keys, bytes, _pty: pair.master, begun }
    }

    /// The time from the start to the last byte of the first frame: after it, nothing comes for a while. The same for every
    /// program, for not all of them say where a frame ends.
    fn first_frame(&self) -> Option<Duration> {
        let (mut count, mut last) = (0, self.begun);
        loop {
            let wait = if count < FRAME { Duration::from_secs(10) } else { SILENCE };
            match self.bytes.recv_timeout(wait) {
                Ok((at, bytes)) => (count, last) = (count + bytes.len(), at),
                Err(_) if count < FRAME => return None,
                Err(_) => return Some(last - self.begun),
            }
        }
    }

    /// How many bytes come within a time.
    fn bytes_in(&self, time: Duration) -> usize {
        let until = Instant::now() + time;
        let mut count = 0;
        while let Ok((_, bytes)) = self.bytes.recv_timeout(until.saturating_duration_since(Instant::now())) {
            count += bytes.len();
        }
        count
    }

    /// A number of the process' status.
    fn status(&self, field: &str) -> u64 {
        number(&fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap(), field)
    }

    /// How often each thread has gone to sleep by itself and was woken again.
    fn wakes(&self) -> BTreeMap<String, u64> {
        let mut wakes = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap() {
            let text = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let name = text.lines().next().unwrap().trim_start_matches("Name:").trim().to_owned();
            *wakes.entry(name).or_default() += number(&text, "voluntary_ctxt_switches");
        }
        wakes
    }

    /// The processor time of all its threads so far, in hundredths of a second.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // Behind the name, which may have anything in it, the state is the third field.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().collect::<Vec<_>>();
        [11, 12].map(|index: usize| fields.get(index).unwrap().parse::<u64>().unwrap()).iter().sum()
    }

    fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// What it does in a time in which nobody does anything.
    fn idle(&self, what: &str, seconds: u64, goal: &str) {
        let (ticks, wakes) = (self.ticks(), self.wakes());
        let bytes = self.bytes_in(Duration::from_secs(seconds));
        let share = (self.ticks() - ticks) as f64 / seconds as f64;
        println!("{:48} {share:8.3} % of a processor{goal}", format!("{what}, over {seconds} s"));
        println!("{:48} {:8.1} bytes a second", "  written meanwhile", bytes as f64 / seconds as f64);
        for (name, count) in self.wakes() {
            let rate = count.saturating_sub(wakes.get(&name).copied().unwrap_or(0)) as f64 / seconds as f64;
            println!("{:48} {rate:8.1} a second", format!("  wake-ups of thread {name}"));
        }
    }

    fn memory(&self, what: &str, goal: &str) {
        let mb = |field| self.status(field) as f64 / 1000.0;
        println!("{what:48} {:8.1} MB, at most {:.1} MB{goal}", mb("VmRSS"), mb("VmHWM"));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn close(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn flightdeck(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .current_dir(folder)
        .env("FLIGHTDECK_JOURNAL", folder.join("journal.db"))
        .env("FLIGHTDECK_OPERATOR", "bench");
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

fn median(mut times: Vec<Duration>) -> (Duration, Duration, Duration) {
    times.sort();
    (*times.first().unwrap(), *times.get(times.len() / 2).unwrap(), *times.last().unwrap())
}

fn row(what: &str, (least, median, most): (Duration, Duration, Duration)) {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("{what:48} {:8.1} {:8.1} {:8.1} ms (least, median, most)", ms(least), ms(median), ms(most));
}

/// The number behind a field of a status.
fn number(text: &str, field: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Where a program is, if it is installed.
fn installed(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())?;
    Some(found.to_string_lossy().into_owned())
}

/// The first frames of a program, many times over.
fn first_frames(what: &str, open: impl Fn() -> Screen) {
    let frames = (0..30).map(|_| {
        let screen = open();
        let time = screen.first_frame();
        screen.close();
        time
    });
    match frames.collect::<Option<Vec<_>>>() {
        Some(times) => row(what, median(times)),
        None => println!("{what:48} shows no frame"),
    }
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("flightdeck.toml"), PLAN).unwrap();
    let id = flightdeck(folder, &["start", "--version", "2", "--previous", "1"]);

    // Others of its kind in the same run, where there are any.
    let peers = [("trip", ["127.0.0.1"].as_slice()), ("btm", &[])];
    println!("from exec to the last byte of the first frame at 200x50:");
    first_frames("  flightdeck", || Screen::cockpit(folder, &id));
    for (program, arguments) in peers {
        match installed(program) {
            Some(path) => first_frames(&format!("  {program}"), || Screen::open(folder, &path, arguments)),
            None => println!("{:48} not installed, skipped", format!("  {program}")),
        }
    }

    println!("resident memory after 30 s:");
    let demo = Screen::open(folder, BINARY, &["demo"]);
    demo.bytes_in(Duration::from_secs(30));
    demo.memory("  flightdeck, driving the demo's release", " (goal 15 MB)");
    demo.close();
    for (program, arguments) in peers {
        let Some(path) = installed(program) else { continue };
        let screen = Screen::open(folder, &path, arguments);
        screen.bytes_in(Duration::from_secs(30));
        screen.memory(&format!("  {program}"), "");
        screen.close();
    }

    let cockpit = Screen::cockpit(folder, &id);
    cockpit.bytes_in(Duration::from_secs(3));
    cockpit.idle("driving a release that waits for a person", 60, " (goal 0.2 %)");
    cockpit.close();

    let mut times = Vec::new();
    for _ in 0..10 {
        let _old = fs::remove_file(folder.join("back"));
        let id = flightdeck(folder, &["start", "--version", "2", "--previous", "1"]);
        let mut cockpit = Screen::cockpit(folder, &id);
        cockpit.first_frame().unwrap();
        flightdeck(folder, &["promote", &id, "--yes"]);
        while !flightdeck(folder, &["status", &id, "--json"]).contains("\"state\":\"paused\"") {
            thread::sleep(Duration::from_millis(20));
        }
        cockpit.press("R");
        thread::sleep(Duration::from_millis(700));
        cockpit.press("\t");
        thread::sleep(Duration::from_millis(500));
        let asked = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        cockpit.press("\r");
        let until = Instant::now() + Duration::from_secs(10);
        let mut back = None;
        while back.is_none() && Instant::now() < until {
            back = fs::read_to_string(folder.join("back")).ok().and_then(|text| text.trim().parse::<u64>().ok());
            thread::sleep(Duration::from_millis(5));
        }
        times.push(Duration::from_nanos(back.unwrap()).saturating_sub(asked));
        cockpit.close();
    }
    row("rollback confirmed to its command's first act", median(times));
    // The rollback, the intent, the claim and its folder are synced on the way.
    let file = fs::File::create(folder.join("sync")).unwrap();
    let syncs = (0..50).map(|_| {
        let begun = Instant::now();
        for _ in 0..4 {
            (&file).write_all(&[0; 4096]).unwrap();
            file.sync_all().unwrap();
        }
        begun.elapsed()
    });
    row("  of which the disk's own sync, four times", median(syncs.collect()));
}
