//! What a plan's references to secrets refer to, read where it is needed and kept only for a short while, so that a token
//! that was renewed is picked up.
//!
//! A command may take longer than whoever needs its secret has time. It goes on by itself then, and is there for the next
//! who asks.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::AsyncReadExt,
    sync::watch,
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use crate::{plan::Secret, process, text};

/// How long what was read is used again: a file is cheap to read, and a command may ask a vault across the world.
const KEPT: Duration = Duration::from_secs(30);
/// How long a command's secret is used while it is asked for anew: a server that has had enough of it says so.
const OLD: Duration = Duration::from_secs(5 * 60);
/// How long a command may take, whoever waits for it.
const COMMAND: Duration = Duration::from_secs(60);
/// How long a secret may be. A private key with its chain is a few kilobytes.
const LONGEST: usize = 64 * 1024;

/// Why a secret cannot be had, by its reference and never with anything that was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{secret} {why}")]
pub struct SecretError {
    /// The reference, cut short.
    secret: String,
    why: String,
}

impl SecretError {
    fn new(secret: &Secret, why: impl Into<String>) -> Self {
        Self { secret: text::line(&secret.to_string(), 60), why: why.into() }
    }
}

/// Reads secrets, and remembers them for a while.
pub(super) struct Secrets {
    folder: PathBuf,
    env: Vec<(String, String)>,
    known: Arc<Mutex<Known>>,
}

/// What is remembered.
#[derive(Default)]
struct Known {
    /// What was read, and when.
    kept: HashMap<Secret, (Instant, SecretString)>,
    /// The commands that are under way.
    running: HashMap<Secret, Running>,
}

/// A command under way.
struct Running {
    ended: watch::Receiver<Option<Result<SecretString, SecretError>>>,
    task: AbortHandle,
}

impl Drop for Secrets {
    /// Nobody waits for the commands any more.
    fn drop(&mut self) {
        lock(&self.known).running.drain().for_each(|(_, running)| running.task.abort());
    }
}

impl Secrets {
    /// Files are looked for, and commands are run, in the plan's folder; commands find `env` in their environment besides ours.
    pub(super) fn new(folder: PathBuf, env: Vec<(String, String)>) -> Self {
        Self { folder, env, known: Arc::default() }
    }

    /// The secret, without the end of its line, if it can be had by then.
    pub(super) async fn read(&self, secret: &Secret, deadline: Instant) -> Result<SecretString, SecretError> {
        let kept = lock(&self.known).kept.get(secret).cloned();
        if let Some((_, kept)) = kept.as_ref().filter(|(at, _)| at.elapsed() < KEPT) {
            return Ok(kept.clone());
        }
        let read = match secret {
            Secret::Env(name) => {
                let value = std::env::var_os(name).ok_or_else(|| SecretError::new(secret, "is not set"))?;
                text_of(secret, value.into_encoded_bytes())?
            }
            Secret::File(path) => {
                let read = timeout_at(deadline, self.file(secret, path)).await;
                text_of(secret, read.unwrap_or_else(|_| Err(SecretError::new(secret, "was not read in time")))?)?
            }
            Secret::Command(command) => {
                let mut ended = self.started(secret, command);
                if let Some((_, old)) = kept.filter(|(at, _)| at.elapsed() < OLD) {
                    return Ok(old);
                }
                let late = || SecretError::new(secret, "is not done yet, and goes on");
                let ended = timeout_at(deadline, ended.wait_for(Option::is_some)).await.map_err(|_| late())?;
                return ended.ok().and_then(|ended| ended.clone()).unwrap_or_else(|| Err(late()));
            }
        };
        lock(&self.known).kept.insert(secret.clone(), (Instant::now(), read.clone()));
        Ok(read)
    }

    /// A secret that is sent in a header: one line of what may stand there.
    pub(super) async fn line(&self, secret: &Secret, deadline: Instant) -> Result<SecretString, SecretError> {
        let read = self.read(secret, deadline).await?;
        if read.expose_secret().chars().any(char::is_control) {
            return Err(SecretError::new(secret, "holds several lines, or characters that cannot be sent"));
        }
        Ok(read)
    }

    /// Forgets what was read longer ago than that, and says whether there was any: it may have been renewed meanwhile.
    pub(super) fn forget(&self, older: Duration) -> bool {
        let kept = &mut lock(&self.known).kept;
        let before = kept.len();
        kept.retain(|_, (at, _)| at.elapsed() < older);
        kept.len() < before
    }

    /// A command that is under way, started unless it is already.
    fn started(&self, secret: &Secret, command: &str) -> watch::Receiver<Option<Result<SecretString, SecretError>>> {
        let mut known = lock(&self.known);
        if let Some(running) = known.running.get(secret) {
            return running.ended.clone();
        }
        let (end, ended) = watch::channel(None);
        let (secret, command) = (secret.clone(), command.to_owned());
        let (folder, env, remembered) = (self.folder.clone(), self.env.clone(), Arc::clone(&self.known));
        let key = secret.clone();
        let run = async move {
            let printed = run(&secret, &command, &folder, &env).await.and_then(|printed| text_of(&secret, printed));
            let mut known = lock(&remembered);
            known.running.remove(&secret);
            if let Ok(printed) = &printed {
                known.kept.insert(secret, (Instant::now(), printed.clone()));
            }
            // Whoever waited may be gone.
            end.send_replace(Some(printed));
        };
        // It cannot have ended yet: what it does at its end takes the lock that is held here.
        let task = tokio::spawn(run).abort_handle();
        known.running.insert(key, Running { ended: ended.clone(), task });
        ended
    }

    async fn file(&self, secret: &Secret, path: &str) -> Result<Vec<u8>, SecretError> {
        let failed = |error: std::io::Error| SecretError::new(secret, format!("cannot be read: {}", io_words(&error)));
        let file = tokio::fs::File::open(self.folder.join(path)).await.map_err(failed)?;
        let mut content = Vec::new();
        let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1)).read_to_end(&mut content).await.map_err(failed)?;
        if content.len() > LONGEST { Err(SecretError::new(secret, "is longer than 64 KiB")) } else { Ok(content) }
    }
}

/// What a command printed first. Only how it ended is told, since what it printed may be the secret.
async fn run(secret: &Secret, command: &str, folder: &Path, env: &[(String, String)]) -> Result<Vec<u8>, SecretError> {
    let finished =
        process::shell(command, folder, env, COMMAND).await.map_err(|error| SecretError::new(secret, error.to_string()))?;
    match finished.code {
        Some(0) => Ok(finished.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec()),
        Some(code) => Err(SecretError::new(secret, format!("failed with exit {code}"))),
        None => Err(SecretError::new(secret, "was ended by a signal")),
    }
}

/// What was read, as a text without the end of its line.
fn text_of(secret: &Secret, read: Vec<u8>) -> Result<SecretString, SecretError> {
    let read = SecretString::from(String::from_utf8(read).map_err(|_| SecretError::new(secret, "is not UTF-8"))?);
    let trimmed = SecretString::from(read.expose_secret().trim_end_matches(['\r', '\n']));
    if trimmed.expose_secret().is_empty() { Err(SecretError::new(secret, "is empty")) } else { Ok(trimmed) }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // Nothing is half done while it is held.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An I/O error without its number.
fn io_words(error: &std::io::Error) -> String {
    let words = error.to_string();
    words.split_once(" (os error").map_or(words.as_str(), |(words, _)| words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        text.parse().unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[tokio::test]
    async fn are_read_and_what_is_wrong_is_said_by_reference() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
        write("token", b"hunter2\r\n");
        write("empty", b"\n");
        write("binary", b"hunter2\xff");
        write("long", &vec![b'x'; LONGEST + 1]);
        write("lines", b"hunter2\nhunter3\n");
        let secrets = Secrets::new(folder.path().to_owned(), vec![("PLACE".into(), "hunter2".into())]);
        for (reference, expected) in [
            ("env:CARGO_PKG_NAME", Ok("flightdeck")),
            ("env:FLIGHTDECK_NO_SUCH_VARIABLE", Err("env:FLIGHTDECK_NO_SUCH_VARIABLE is not set")),
            ("file:token", Ok("hunter2")),
            ("file:nowhere", Err("file:nowhere cannot be read: No such file or directory")),
            ("file:empty", Err("file:empty is empty")),
            ("file:binary", Err("file:binary is not UTF-8")),
            ("file:long", Err("file:long is longer than 64 KiB")),
            ("file:lines", Ok("hunter2\nhunter3")),
            ("command:echo $PLACE; echo more", Ok("hunter2")),
            ("command:cat token >&2; exit 3", Err("command:cat token >&2; exit 3 failed with exit 3")),
            ("command:true", Err("command:true is empty")),
            ("command:kill -9 $$", Err("command:kill -9 $$ was ended by a signal")),
        ] {
            let read = secrets.read(&secret(reference), soon()).await;
            let shown = read.as_ref().map(ExposeSecret::expose_secret).map_err(ToString::to_string);
            assert_eq!(shown, expected.map_err(str::to_owned));
            assert!(!format!("{read:?}").contains("hunter2"), "{read:?}");
        }
        let error = secrets.line(&secret("file:lines"), soon()).await.unwrap_err();
        assert_eq!(error.to_string(), "file:lines holds several lines, or characters that cannot be sent");
    }

    #[tokio::test]
    async fn one_that_was_renewed_is_picked_up() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(folder.path().to_owned(), Vec::new());
        let token = secret("file:token");
        let write = |content: &str| std::fs::write(folder.path().join("token"), content).unwrap();
        let read = async || secrets.read(&token, soon()).await.unwrap().expose_secret().to_owned();
        write("one");
        assert_eq!(read().await, "one");
        write("two");
        assert_eq!(read().await, "one", "it is not read for every request");
        assert!(!secrets.forget(Duration::from_secs(5)), "it is younger than that");
        assert!(secrets.forget(Duration::ZERO));
        assert_eq!(read().await, "two");
        write("three");
        tokio::time::pause();
        tokio::time::advance(KEPT).await;
        tokio::time::resume();
        assert_eq!(read().await, "three");
    }

    #[tokio::test]
    async fn a_command_goes_on_when_nobody_has_time_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(folder.path().to_owned(), Vec::new());
        let slow = secret("command:echo >>ran; until [ -e go ]; do sleep 0.01; done; echo hunter2");
        let read = async |deadline| secrets.read(&slow, deadline).await.map(|read| read.expose_secret().to_owned());
        for _ in 0..3 {
            let error = read(Instant::now()).await.unwrap_err().to_string();
            assert!(error.starts_with("command:echo >>ran;") && error.ends_with(" is not done yet, and goes on"), "{error}");
        }
        std::fs::write(folder.path().join("go"), "").unwrap();
        assert_eq!(read(soon()).await.unwrap(), "hunter2");
        assert_eq!(std::fs::read_to_string(folder.path().join("ran")).unwrap(), "\n", "it ran once");

        // Later it is asked for anew, and meanwhile the old one does.
        std::fs::remove_file(folder.path().join("go")).unwrap();
        tokio::time::pause();
        tokio::time::advance(KEPT).await;
        tokio::time::resume();
        assert_eq!(read(Instant::now()).await.unwrap(), "hunter2");
        // Unless it is refused.
        assert!(secrets.forget(Duration::ZERO));
        assert!(read(Instant::now()).await.is_err());
        std::fs::write(folder.path().join("go"), "").unwrap();
        assert_eq!(read(soon()).await.unwrap(), "hunter2");
        assert_eq!(std::fs::read_to_string(folder.path().join("ran")).unwrap(), "\n\n", "it ran twice");
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_does_not_go_on_for_ever() {
        let secrets = Secrets::new(std::env::temp_dir(), Vec::new());
        let error = secrets.read(&secret("command:sleep 600"), Instant::now() + COMMAND * 2).await.unwrap_err();
        assert_eq!(error.to_string(), "command:sleep 600 not done after 60 s");
    }
}
