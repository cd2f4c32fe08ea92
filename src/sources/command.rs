//! The user's command as a source: its last line is the number.

use std::{path::Path, time::Duration};

use super::ERROR_LENGTH;
use crate::{health::Unknown, process, text};

/// Whoever samples sets the limit, and lets go of this when it is reached.
const ENOUGH: Duration = Duration::from_secs(24 * 3600);

/// Runs the command in its own process group, all of which is killed where this is dropped before it ends.
pub(super) async fn take(run: &str, folder: &Path, env: &[(String, String)]) -> Result<f64, Unknown> {
    match process::shell(run, folder, env, ENOUGH).await {
        Ok(finished) if finished.is_success() => number(&finished.stdout),
        Ok(finished) => Err(Unknown::Error(text::line(&finished.words(), ERROR_LENGTH))),
        Err(error) => Err(Unknown::Error(text::line(&error.to_string(), ERROR_LENGTH))),
    }
}

/// The number on the last line that is not empty.
fn number(output: &[u8]) -> Result<f64, Unknown> {
    if output.len() >= process::MOST {
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
            ("echo 1; exit 3", error("exit 3: 1")),
            ("printf '\\nno \\033[31mluck\\nmore' >&2; exit 3", error("exit 3: more")),
            ("kill -9 $$", error("ended by a signal")),
            ("head -c 70000 /dev/zero | tr '\\0' 1", error("it prints more than 64 KiB")),
            ("exec >&- 2>&-; exit 4", error("exit 4")),
        ] {
            assert_eq!(run(command).await, expected, "{command}");
        }
        let missing = take("true", Path::new("/nowhere"), &[]).await;
        assert!(matches!(missing, Err(Unknown::Error(why)) if why.starts_with("could not be started: No such file")));
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
