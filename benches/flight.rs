//! What a person at a terminal would measure of the whole program: the first frame, memory, what it does when nothing
//! happens, and how long the way back takes to reach the target.
//!
//! `cargo bench --bench flight` runs the built binary in a pseudo-terminal of 200 by 50 and prints a table.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made says so by ending")]

use std::{
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
/// What ends a frame.
const END: &[u8] = b"\x1b[?2026l";
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

struct Cockpit {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<(Instant, Vec<u8>)>,
    _pty: Box<dyn MasterPty + Send>,
    begun: Instant,
}

impl Cockpit {
    fn open(folder: &Path, id: &str) -> Self {
        let size = PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(BINARY);
        command.args(["--release", id]);
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

    /// The time from the start to the last byte of the first frame.
    fn first_frame(&self) -> Duration {
        let mut seen = Vec::new();
        loop {
            let (at, bytes) = self.bytes.recv_timeout(Duration::from_secs(10)).unwrap();
            seen.extend(bytes);
            if seen.windows(END.len()).any(|window| window == END) {
                return at - self.begun;
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

    fn status(&self, field: &str) -> u64 {
        let pid = self.child.process_id().unwrap();
        let mut sum = 0;
        let files = if field == "VmRSS" {
            vec![format!("/proc/{pid}/status").into()]
        } else {
            fs::read_dir(format!("/proc/{pid}/task")).unwrap().map(|task| task.unwrap().path().join("status")).collect::<Vec<_>>()
        };
        for file in files {
            let text = fs::read_to_string(file).unwrap();
            let line = text.lines().find(|line| line.starts_with(field)).unwrap();
            sum += line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap();
        }
        sum
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

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("flightdeck.toml"), PLAN).unwrap();
    let id = flightdeck(folder, &["start", "--version", "2", "--previous", "1"]);

    let frames = (0..20).map(|_| {
        let cockpit = Cockpit::open(folder, &id);
        let time = cockpit.first_frame();
        cockpit.close();
        time
    });
    row("first frame at 200x50, from exec", median(frames.collect()));

    let cockpit = Cockpit::open(folder, &id);
    cockpit.first_frame();
    cockpit.bytes_in(Duration::from_secs(3));
    println!("{:48} {:8.1} MB", "resident memory", cockpit.status("VmRSS") as f64 / 1000.0);
    let before = cockpit.status("voluntary_ctxt_switches");
    let bytes = cockpit.bytes_in(Duration::from_secs(10));
    println!("{:48} {:8.1} bytes a second", "written while only the clock changes", bytes as f64 / 10.0);
    let wakes = cockpit.status("voluntary_ctxt_switches") - before;
    println!("{:48} {:8.1} a second", "wake-ups of all threads meanwhile, driving", wakes as f64 / 10.0);
    cockpit.close();

    let mut times = Vec::new();
    for _ in 0..10 {
        let _old = fs::remove_file(folder.join("back"));
        let id = flightdeck(folder, &["start", "--version", "2", "--previous", "1"]);
        let mut cockpit = Cockpit::open(folder, &id);
        cockpit.first_frame();
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
