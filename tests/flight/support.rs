//! A plan with shell scripts in a folder of its own, and the program run in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_flightdeck");

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A target whose scripts keep what is so in a file, and write down each act in another.
pub(crate) const TARGET: &str = r#"
[targets.shop]
driver   = "command"
deploy   = "sh ops/deploy.sh {version}"
weight   = "sh ops/weight.sh {weight}"
rollback = "sh ops/rollback.sh"
observe  = "cat world.json"
settle   = "5s"
"#;

const SCRIPTS: [(&str, &str); 3] = [
    (
        "deploy.sh",
        r#"echo "deploy $1" >> acts
printf '{"stable":"%s","candidate":"%s","weight":0}' "$FLIGHTDECK_PREVIOUS" "$1" > world.new && mv world.new world.json"#,
    ),
    (
        "weight.sh",
        r#"echo "weight $1" >> acts
printf '{"stable":"%s","candidate":"%s","weight":%s}' "$FLIGHTDECK_PREVIOUS" "$FLIGHTDECK_VERSION" "$1" > world.new
mv world.new world.json"#,
    ),
    (
        "rollback.sh",
        r#"echo restore >> acts
printf '{"stable":"%s"}' "$FLIGHTDECK_PREVIOUS" > world.new && mv world.new world.json"#,
    ),
];

/// A folder with a plan, its scripts, a journal and a home.
pub(crate) struct Flight {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl Flight {
    /// With this plan; `shop` is at version 1.0.
    pub(crate) fn new(plan: &str) -> Self {
        let flight = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["home", "tmp", "plan/ops"] {
            fs::create_dir_all(flight.folder.path().join(folder)).unwrap();
        }
        fs::write(flight.file("flightdeck.toml"), plan).unwrap();
        fs::write(flight.file("world.json"), r#"{"stable":"1.0"}"#).unwrap();
        for (name, script) in SCRIPTS {
            fs::write(flight.file("ops").join(name), script).unwrap();
        }
        flight
    }

    /// A file in the plan's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.plan().join(name)
    }

    /// The plan's folder.
    pub(crate) fn plan(&self) -> PathBuf {
        self.folder.path().join("plan")
    }

    /// The journal's file.
    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// The folder for temporary files.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// The environment in which the program runs.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("HOME", self.folder.path().join("home")),
            ("TMPDIR", self.temporary()),
            ("FLIGHTDECK_JOURNAL", self.journal()),
            ("FLIGHTDECK_OPERATOR", "alice".into()),
        ]
    }

    /// The program, in the plan's folder, without a terminal.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.plan()).envs(self.environment()).env_remove("XDG_DATA_HOME");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Begins a release, which nobody drives yet.
    pub(crate) fn start(&self) -> String {
        self.run(&["start", "--version", "2.0"]).ends(0).out.trim().to_owned()
    }

    /// Drives a release in the background.
    pub(crate) fn drive(&self, release: &str, more: &[&str]) -> Background {
        let mut arguments = vec!["run", "--release", release];
        arguments.extend(more);
        Background(self.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Where a release stands.
    pub(crate) fn status(&self, release: &str) -> Value {
        serde_json::from_str(&self.run(&["status", release, "--json"]).ends(0).out).unwrap()
    }

    /// The state of one of its stages.
    pub(crate) fn stage(&self, release: &str, stage: &str) -> Value {
        named(&self.status(release)["stages"], stage)
    }

    /// A release's events.
    pub(crate) fn log(&self, release: &str) -> Vec<Value> {
        let out = self.run(&["log", release, "--json"]).ends(0).out;
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many events of a kind there are.
    pub(crate) fn count(&self, release: &str, kind: &str) -> usize {
        self.log(release).iter().filter(|event| event["kind"] == kind).count()
    }

    /// What the scripts did, in order.
    pub(crate) fn acts(&self) -> Vec<String> {
        fs::read_to_string(self.file("acts")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Lets the stages end that wait for a file.
    pub(crate) fn let_end(&self) {
        fs::write(self.file("end"), "").unwrap();
    }

    /// Whether a process holds a lease.
    pub(crate) fn drives(&self, pid: u32) -> bool {
        let journal = rusqlite::Connection::open(self.journal()).unwrap();
        let query = "SELECT count(*) FROM leases WHERE pid = ?1 AND released = 0";
        journal.query_row(query, [pid], |row| row.get::<_, i64>(0)).is_ok_and(|count| count > 0)
    }

    /// The process that holds a release's lease.
    pub(crate) fn holder(&self, release: &str) -> Option<u32> {
        let journal = rusqlite::Connection::open(self.journal()).ok()?;
        let query = "SELECT pid FROM leases WHERE release = ?1 AND released = 0";
        journal.query_row(query, [release], |row| row.get(0)).ok()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // A task that waits for it must not outlive a test that failed.
        let _gone = fs::write(self.file("end"), "");
        if let Ok(releases) = fs::read_dir(self.folder.path().join("journal.db.tasks")) {
            for release in releases.flatten() {
                let tasks = self.folder.path().join("journal.db.tasks");
                flightdeck::controller::kill_tasks(&tasks, &release.file_name().to_string_lossy());
            }
        }
    }
}

fn ran(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The entry with an id.
pub(crate) fn named(entries: &Value, id: &str) -> Value {
    entries.as_array().unwrap().iter().find(|entry| entry["id"] == id).cloned().unwrap()
}

/// A process that is ended when it goes out of scope.
pub(crate) struct Background(pub(crate) Child);

impl Background {
    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ends(&mut self, code: i32) {
        let status = until("the end of a process", || self.0.try_wait().unwrap());
        assert_eq!(status.code(), Some(code));
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, ask)
}

/// Waits until something is so, for so long.
#[track_caller]
pub(crate) fn within<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(began.elapsed() < limit, "{what} does not come about");
        sleep(Duration::from_millis(20));
    }
}

/// Whether a process is there.
pub(crate) fn is_alive(pid: &str) -> bool {
    Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success()
}

/// The content of a file, once there is some.
pub(crate) fn content(path: &Path) -> String {
    until(&format!("{}", path.display()), || fs::read_to_string(path).ok().filter(|text| text.ends_with('\n')))
}
