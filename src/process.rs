//! Running the user's commands for their answer: `sh -c` in the plan's folder, ended as a group when its time is up.
//!
//! For what is asked again and again (a target observed, a check, a number). What changes the world is run by the
//! controller's operations instead, which outlive this process.

use std::{path::Path, pin::pin, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};

use crate::text;

/// How much of a command's output is read; the rest is drained and dropped.
pub const MOST: usize = 64 * 1024;
/// How long its output may stay open once it has ended, by something that it left running.
const LEFT_OPEN: Duration = Duration::from_millis(100);

/// A command's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its exit status; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output, at most 64 KiB.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, at most 64 KiB.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Whether it ended with exit status 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// How it ended, with the last line of what it said.
    #[must_use]
    pub fn words(&self) -> String {
        let said = last_line(&self.stderr).or_else(|| last_line(&self.stdout));
        let ended = self.code.map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit {code}"));
        match said {
            Some(said) => format!("{ended}: {said}"),
            None => ended,
        }
    }
}

/// The last line that is not empty, safe to show.
#[must_use]
pub fn last_line(output: &[u8]) -> Option<String> {
    let line = output.split(|byte| *byte == b'\n').rfind(|line| !line.trim_ascii().is_empty())?;
    Some(text::line_from_bytes(line, 200))
}

/// Why a command gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("could not be started: {0}")]
    Start(std::io::Error),
    /// It was ended because its time was up.
    #[error("not done after {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// Its end could not be waited for.
    #[error("could not be waited for: {0}")]
    Wait(std::io::Error),
}

/// Ends the whole group when it goes out of scope before the command has ended.
struct Group(Option<Pid>);

impl Group {
    fn end(&mut self) {
        if let Some(pid) = self.0.take() {
            // Gone already is as good.
            let _gone = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a command and waits for its end.
///
/// # Errors
/// A [`ProcessError`] if it could not be started, or was not done in time.
pub async fn shell(
    command: &str,
    folder: &Path,
    environment: &[(String, String)],
    limit: Duration,
) -> Result<Finished, ProcessError> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command)
        .current_dir(folder)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(ProcessError::Start)?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut group = Group(pid);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = timeout(limit, async {
        let mut reading = pin!(async { tokio::join!(bounded(out, &mut stdout), bounded(err, &mut stderr)) });
        // Whichever comes first: a command may close its output early, or leave it open to another.
        tokio::select! {
            _ = &mut reading => (child.wait().await, true),
            status = child.wait() => {
                let all_read = timeout(LEFT_OPEN, &mut reading).await.is_ok();
                (status, all_read)
            }
        }
    });
    let Ok((status, all_read)) = ended.await else {
        group.end();
        return Err(ProcessError::TimedOut(limit));
    };
    if all_read {
        // Where something still holds the output, the group still exists, and what was left behind is ended with it.
        group.0 = None;
    }
    let status = status.map_err(ProcessError::Wait)?;
    Ok(Finished { code: status.code(), stdout, stderr })
}

/// Reads to the end, and keeps the first part.
async fn bounded(from: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; 8192];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let room = MOST.saturating_sub(kept.len());
        kept.extend(buffer.iter().take(count.min(room)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(command: &str, limit: Duration) -> Result<Finished, ProcessError> {
        shell(command, Path::new("/"), &[("ANSWER".into(), "42".into())], limit).await
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn gives_what_it_says_and_how_it_ended() {
        let finished = run("echo $ANSWER; echo no >&2; exit 3", LONG).await.unwrap();
        assert_eq!(finished, Finished { code: Some(3), stdout: b"42\n".to_vec(), stderr: b"no\n".to_vec() });
        assert_eq!(finished.words(), "exit 3: no");
        assert!(!finished.is_success());
    }

    #[tokio::test]
    async fn keeps_the_first_part_of_much() {
        let finished = run("head -c 1000000 /dev/zero", LONG).await.unwrap();
        assert_eq!(finished.stdout.len(), MOST);
        assert!(finished.is_success());
    }

    #[tokio::test]
    async fn is_not_held_up_by_what_is_left_running() {
        let finished = run("sleep 600 & echo done", LONG).await.unwrap();
        assert_eq!(finished.stdout, b"done\n");
    }

    #[tokio::test]
    async fn ends_the_whole_group_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let command = format!("sh -c 'echo $$ > {}; sleep 600'; true", file.display());
        assert!(matches!(run(&command, Duration::from_millis(300)).await, Err(ProcessError::TimedOut(_))));
        let pid = std::fs::read_to_string(file).unwrap();
        let gone = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).map_or(true, |stat| stat.contains(") Z "));
        for _ in 0..200 {
            if gone() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{pid} still runs");
    }
}
