//! The user's command as a source: its last line is the number.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

use super::ERROR_LENGTH;
use crate::{health::Unknown, text};

/// How much a command may print.
const OUTPUT: usize = 64 * 1024;
/// How much of its complaints is read for their first line.
const COMPLAINTS: usize = 4 * 1024;
/// How long its output may stay open once it has ended, by something that it left running.
const GRACE: Duration = Duration::from_millis(100);

/// A process group that is killed when nobody waits for it any longer.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may just have ended, and then there is nothing to do.
            let _ended = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs the command in its own process group, all of which is killed where this is dropped before it ends.
pub(super) async fn take(run: &str, folder: &Path, env: &[(String, String)]) -> Result<f64, Unknown> {
    let failed = |error: &io::Error| Unknown::Error(text::line(&format!("cannot run it: {error}"), ERROR_LENGTH));
    let mut command = Command::new("sh");
    command.arg("-c").arg(run).current_dir(folder).envs(env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).kill_on_drop(true).spawn().map_err(|error| failed(&error))?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let mut group = Group(pid);
    let (mut output, mut complaints) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let status = {
        let reading = async {
            tokio::join!(read(stdout, &mut output, OUTPUT + 1), read(stderr, &mut complaints, COMPLAINTS));
        };
        tokio::pin!(reading);
        // Both are awaited, whichever ends first: a command may close its output early, or leave it open to another.
        let (status, all_read) = tokio::select! {
            () = &mut reading => (child.wait().await, true),
            status = child.wait() => {
                let all_read = tokio::time::timeout(GRACE, &mut reading).await.is_ok();
                (status, all_read)
            }
        };
        // It ended by itself. Where something still holds its output, the group still exists, so its number is no one
        // else's, and dropping `group` ends what was left behind.
        if all_read {
            group.0 = None;
        }
        status
    };
    let status = status.map_err(|error| failed(&error))?;
    if status.success() { number(&output) } else { Err(Unknown::Error(complaint(status, &complaints))) }
}

/// Reads to the end and keeps the beginning, so that whoever writes much is not held up.
async fn read(stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>, limit: usize) {
    let Some(mut stream) = stream else { return };
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = limit.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
}

/// The number on the last line that is not empty.
fn number(output: &[u8]) -> Result<f64, Unknown> {
    if output.len() > OUTPUT {
        return Err(Unknown::Error("it prints more than 64 KiB".to_owned()));
    }
    let output = String::from_utf8_lossy(output);
    let Some(line) = output.lines().map(str::trim).rfind(|line| !line.is_empty()) else {
        return Err(Unknown::NoData);
    };
    let number: f64 =
        line.parse().map_err(|_| Unknown::Error(format!("it printed `{}`, which is no number", text::line(line, 40))))?;
    if number.is_finite() { Ok(number) } else { Err(Unknown::NotANumber) }
}

/// How it failed, with the first line of its complaints.
fn complaint(status: ExitStatus, complaints: &[u8]) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "it failed".to_owned(),
    };
    let first = complaints.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    match first {
        None => how,
        Some(line) => text::line(&format!("{how}: {}", text::line_from_bytes(line, ERROR_LENGTH)), ERROR_LENGTH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(command: &str) -> Result<f64, Unknown> {
        take(command, Path::new("/"), &[("ANSWER".into(), "42".into())]).await
    }

    #[tokio::test]
    async fn what_commands_print() {
        let error = |why: &str| Err(Unknown::Error(why.to_owned()));
        for (command, expected) in [
            ("echo 0.21", Ok(0.21)),
            ("echo $ANSWER", Ok(42.0)),
            ("pwd >&2; printf ' loading\\n\\n -1e3 \\n\\n'", Ok(-1000.0)),
            ("true", Err(Unknown::NoData)),
            ("echo nan", Err(Unknown::NotANumber)),
            ("echo -inf", Err(Unknown::NotANumber)),
            ("echo 12 percent", error("it printed `12 percent`, which is no number")),
            ("printf '\\033[2Jx'", error("it printed `x`, which is no number")),
            ("echo 1; exit 3", error("exit 3")),
            ("printf '\\nno \\033[31mluck\\nmore' >&2; exit 3", error("exit 3: no luck")),
            ("kill -9 $$", error("killed by signal 9")),
            ("head -c 70000 /dev/zero | tr '\\0' 1", error("it prints more than 64 KiB")),
            ("exec >&- 2>&-; exit 4", error("exit 4")),
        ] {
            assert_eq!(run(command).await, expected, "{command}");
        }
        let missing = take("true", Path::new("/nowhere"), &[]).await;
        assert!(matches!(missing, Err(Unknown::Error(why)) if why.starts_with("cannot run it: No such file")));
    }

    #[tokio::test]
    async fn does_not_wait_for_what_it_leaves_behind() {
        let started = std::time::Instant::now();
        assert_eq!(run("sleep 60 & echo 7").await, Ok(7.0));
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn its_whole_group_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = "sleep 61 & echo $! >child; wait";
        let taken = tokio::time::timeout(Duration::from_millis(500), take(run, folder.path(), &[])).await;
        assert!(taken.is_err());
        let pid: i32 = std::fs::read_to_string(folder.path().join("child")).unwrap().trim().parse().unwrap();
        for _ in 0..500 {
            // Ended, or ended and not yet collected by whoever inherits it.
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            if state.map_or(true, |state| state.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the child still runs");
    }
}
