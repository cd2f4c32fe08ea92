//! One act on the world, from its intent to its outcome: begun, found again after a crash, ended when its time is up, and
//! believed only when its effect is seen.
//!
//! Everything here looks first: at the claim, the exit status, the target. So doing an act and taking it up again are the
//! same code.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

use super::launch::{Claim, Files, identity};
use crate::{
    process,
    release::{Act, Outcome, millis_between},
    targets::{Context, Driver, TargetError, Way},
};

/// How often a running task is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long a task has to end itself when it is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long what starts a task may take to claim it.
const TO_CLAIM: Duration = Duration::from_secs(10);
/// Output beyond this is cut off at the front, to [`KEPT`].
const MOST: u64 = 4 * 1024 * 1024;
/// What is kept of an output that grew too long.
const KEPT: u64 = 512 * 1024;
/// How much of the end of an output is read to say why it failed.
const SAID: u64 = 64 * 1024;

/// An act, ready to be done or taken up.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// The operation's id.
    pub(super) op: String,
    /// The act.
    pub(super) act: Act,
    /// Where its files are.
    pub(super) files: Files,
    /// This program, which starts tasks.
    pub(super) launcher: PathBuf,
    /// What its commands see of the release.
    pub(super) context: Context,
    /// What is done.
    pub(super) work: Work,
}

/// What is done.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// A task's command.
    Task {
        /// The command.
        command: String,
        /// How long it may take.
        timeout: Duration,
    },
    /// An act on a target.
    Target(Driver),
}

impl Job {
    /// Does it, or takes it up where it stands.
    pub(super) async fn perform(self) -> Outcome {
        match &self.work {
            Work::Task { command, timeout } => self.task(command, *timeout).await,
            Work::Target(driver) => self.on_target(driver).await,
        }
    }

    /// Ends it: what has not begun never will, what runs is told to stop. `at_once` asks without courtesy.
    pub(super) async fn cancel(self, at_once: bool) -> Outcome {
        let never = Claim { pid: None, identity: String::new(), at: Timestamp::now() };
        if let Err(error) = self.files.create() {
            return Outcome::Lost { why: format!("its folder cannot be written: {error}") };
        }
        match self.files.take(&never) {
            Ok(true) => return Outcome::Cancelled,
            Ok(false) => {}
            Err(error) => return Outcome::Lost { why: format!("its claim cannot be read: {error}") },
        }
        if let Some(code) = self.files.exit_code() {
            // It was over before it could be stopped.
            return self.ended(code);
        }
        if let Ok(Some(claim)) = self.files.claimed() {
            self.end(&claim, at_once).await;
        }
        Outcome::Cancelled
    }

    /// Sends the hard signal to what runs, without waiting for anything.
    pub(super) fn kill_now(&self) {
        if let Ok(Some(claim)) = self.files.claimed() {
            signal(&claim, Signal::KILL);
        }
    }

    async fn task(&self, command: &str, timeout: Duration) -> Outcome {
        let claim = match self.claimed_or_started(command).await {
            Ok(claim) => claim,
            Err(outcome) => return outcome,
        };
        if claim.pid.is_none() {
            return Outcome::Cancelled;
        }
        loop {
            self.bound_output();
            // Alive is asked before the exit status: it may write that and go in between.
            let alive = is_alive(&claim);
            if let Some(code) = self.files.exit_code() {
                return self.ended(code);
            }
            if !alive {
                return Outcome::Lost { why: "it ended without leaving an exit status".to_owned() };
            }
            if u128::try_from(millis_between(claim.at, Timestamp::now())).is_ok_and(|ran| ran >= timeout.as_millis()) {
                self.end(&claim, false).await;
                let after = crate::plan::Duration::from_millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
                return Outcome::TimedOut { after: after.to_string() };
            }
            sleep(LOOK).await;
        }
    }

    fn ended(&self, code: i32) -> Outcome {
        if code == 0 {
            return Outcome::Succeeded { seen: None };
        }
        let how = if code > 128 {
            format!("exit {code}, ended by signal {}", code.saturating_sub(128))
        } else {
            format!("exit {code}")
        };
        let said = read_end(&self.files.output(), SAID).ok().and_then(|output| process::last_line(&output));
        Outcome::Failed { why: said.map_or(how.clone(), |said| format!("{how}: {said}")) }
    }

    /// Whose it is, once somebody has it: the one who has it already, or the task that is started now.
    async fn claimed_or_started(&self, command: &str) -> Result<Claim, Outcome> {
        let lost = |error: io::Error| Outcome::Lost { why: format!("its claim cannot be read: {error}") };
        if let Some(claim) = self.files.claimed().map_err(lost)? {
            return Ok(claim);
        }
        let cannot = |error: io::Error| Outcome::Failed { why: format!("it could not be started: {error}") };
        self.files.create().map_err(cannot)?;
        let mut child = tokio::process::Command::new(&self.launcher)
            .arg("launch")
            .arg(&self.files.folder)
            .arg(command)
            .current_dir(&self.context.folder)
            .envs(self.context.environment.iter().map(|(name, value)| (name, value)))
            .env("FLIGHTDECK_OPERATION", &self.op)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(cannot)?;
        let began = Instant::now();
        loop {
            if let Some(claim) = self.files.claimed().map_err(lost)? {
                // It is left to itself; the runtime buries it when it has ended.
                return Ok(claim);
            }
            let gone = child.try_wait().ok().flatten();
            if gone.is_some() && self.files.claimed().map_err(lost)?.is_none() {
                return Err(self.never_began("what starts tasks ended before it began"));
            }
            if began.elapsed() > TO_CLAIM {
                return Err(self.never_began("what starts tasks did not begin in time"));
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Makes sure that it never begins, late either, before saying so.
    fn never_began(&self, why: &str) -> Outcome {
        let never = Claim { pid: None, identity: String::new(), at: Timestamp::now() };
        match self.files.take(&never) {
            Ok(true) => Outcome::Failed { why: format!("it could not be started: {why}") },
            _ => Outcome::Lost { why: why.to_owned() },
        }
    }

    /// Ends a task's whole group, politely first.
    async fn end(&self, claim: &Claim, at_once: bool) {
        if at_once {
            signal(claim, Signal::KILL);
            return;
        }
        if !signal(claim, Signal::TERM) {
            return;
        }
        let asked = Instant::now();
        while group_is_alive(claim) {
            if asked.elapsed() >= GRACE {
                // The leader may be gone by now, but its group was there all the while, so the number is still its own.
                if let Some(pid) = claim.pid.and_then(Pid::from_raw) {
                    let _gone = kill_process_group(pid, Signal::KILL);
                }
                return;
            }
            sleep(LOOK).await;
        }
    }

    async fn on_target(&self, driver: &Driver) -> Outcome {
        let way = match driver.way(&self.act, &self.context) {
            Ok(way) => way,
            Err(error) => return Outcome::Failed { why: error.to_string() },
        };
        match way {
            Way::Shell { command, timeout } => match self.task(&command, timeout).await {
                Outcome::Succeeded { .. } => self.effect(driver).await,
                // Its effect tells what its end did not.
                Outcome::Lost { why } => match self.seen(driver).await {
                    Ok(Some(seen)) => Outcome::Succeeded { seen: Some(seen) },
                    Ok(None) | Err(_) => Outcome::Lost { why },
                },
                other => other,
            },
            Way::Request(request) => {
                // What is so already is not asked for again; but the way back never waits for a look first.
                if self.act != Act::Restore
                    && let Ok(Some(seen)) = self.seen(driver).await
                {
                    return Outcome::Succeeded { seen: Some(seen) };
                }
                if let Err(error) = request.await {
                    return match self.seen(driver).await {
                        Ok(Some(seen)) => Outcome::Succeeded { seen: Some(seen) },
                        Ok(None) | Err(_) => Outcome::Failed { why: error.to_string() },
                    };
                }
                self.effect(driver).await
            }
        }
    }

    /// What is observed, if it shows the act's effect.
    async fn seen(&self, driver: &Driver) -> Result<Option<String>, TargetError> {
        let observed = driver.observe(&self.context).await?;
        let shows = observed.shows(&self.act, &self.context.version, self.context.previous.as_deref());
        Ok(shows.then(|| observed.to_string()))
    }

    /// Waits until the effect is seen. That it was accepted means nothing.
    async fn effect(&self, driver: &Driver) -> Outcome {
        let began = Instant::now();
        let mut pause = LOOK;
        loop {
            let last = match driver.observe(&self.context).await {
                Ok(observed) if observed.shows(&self.act, &self.context.version, self.context.previous.as_deref()) => {
                    return Outcome::Succeeded { seen: Some(observed.to_string()) };
                }
                Ok(observed) => format!("what is seen is {observed}"),
                Err(error) => error.to_string(),
            };
            if began.elapsed() >= driver.settle() {
                return Outcome::Failed { why: format!("no effect after {} s: {last}", driver.settle().as_secs()) };
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Cuts an output that grew too long at its front. The task appends, so it goes on behind the cut.
    fn bound_output(&self) {
        let path = self.files.output();
        if fs::metadata(&path).map_or(0, |output| output.len()) <= MOST {
            return;
        }
        if let Ok(end) = read_end(&path, KEPT) {
            let cut = File::options().write(true).open(&path).and_then(|file| file.set_len(0));
            let again = OpenOptions::new().append(true).open(&path);
            if let (Ok(()), Ok(mut file)) = (cut, again) {
                // What cannot be kept is lost to the eye only: the task's work goes on.
                let _kept = file.write_all(b"[earlier output was cut off]\n").and_then(|()| file.write_all(&end));
            }
        }
    }
}

/// Ends at once every task of a release that still runs, for a release that goes with its journal.
pub fn kill_tasks(tasks: &std::path::Path, release: &str) {
    let Ok(operations) = fs::read_dir(tasks.join(release)) else { return };
    for folder in operations.flatten() {
        if let Ok(Some(claim)) = (Files { folder: folder.path() }).claimed() {
            signal(&claim, Signal::KILL);
        }
    }
}

fn read_end(path: &std::path::Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut end = Vec::new();
    file.take(most).read_to_end(&mut end)?;
    Ok(end)
}

fn is_alive(claim: &Claim) -> bool {
    claim.pid.is_some_and(|pid| identity(pid).is_some_and(|found| found == claim.identity))
}

/// Whether anybody is left of a task's group: what it left behind counts, as long as its number was not given away.
fn group_is_alive(claim: &Claim) -> bool {
    let pid = claim.pid.and_then(Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process_group(pid).is_ok())
}

/// Signals a task's group; whether there was one. A group's number may be somebody else's once it is gone, so only a group
/// whose leader is known to be ours is signalled.
fn signal(claim: &Claim, signal: Signal) -> bool {
    let ours = claim.pid.and_then(Pid::from_raw).filter(|_| is_alive(claim));
    ours.is_some_and(|pid| kill_process_group(pid, signal).is_ok())
}
