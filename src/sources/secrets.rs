//! What a plan's references to secrets refer to, read where it is needed and kept only for a short while, so that a token
//! that was renewed is picked up.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{io::AsyncReadExt, time::Instant};

use crate::{plan::Secret, process, text};

/// How long what was read is used again: a file is cheap to read, and a command may ask a vault across the world.
const KEPT: Duration = Duration::from_secs(30);
/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(10);
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
    kept: Mutex<HashMap<Secret, (Instant, SecretString)>>,
}

impl Secrets {
    /// Files are looked for, and commands are run, in the plan's folder; commands find `env` in their environment besides ours.
    pub(super) fn new(folder: PathBuf, env: Vec<(String, String)>) -> Self {
        Self { folder, env, kept: Mutex::default() }
    }

    /// The secret, without the end of its line.
    pub(super) async fn read(&self, secret: &Secret) -> Result<SecretString, SecretError> {
        if let Some((_, kept)) = self.kept().get(secret).filter(|(at, _)| at.elapsed() < KEPT) {
            return Ok(kept.clone());
        }
        let read = match secret {
            Secret::Env(name) => {
                let value = std::env::var_os(name).ok_or_else(|| SecretError::new(secret, "is not set"))?;
                value.into_encoded_bytes()
            }
            Secret::File(path) => self.file(secret, path).await?,
            Secret::Command(command) => self.command(secret, command).await?,
        };
        let read = SecretString::from(String::from_utf8(read).map_err(|_| SecretError::new(secret, "is not UTF-8"))?);
        let trimmed = SecretString::from(read.expose_secret().trim_end_matches(['\r', '\n']));
        if trimmed.expose_secret().is_empty() {
            return Err(SecretError::new(secret, "is empty"));
        }
        self.kept().insert(secret.clone(), (Instant::now(), trimmed.clone()));
        Ok(trimmed)
    }

    /// A secret that is sent in a header: one line of what may stand there.
    pub(super) async fn line(&self, secret: &Secret) -> Result<SecretString, SecretError> {
        let read = self.read(secret).await?;
        if read.expose_secret().chars().any(char::is_control) {
            return Err(SecretError::new(secret, "holds several lines, or characters that cannot be sent"));
        }
        Ok(read)
    }

    /// Forgets what was read longer ago than that, and says whether there was any: it may have been renewed meanwhile.
    pub(super) fn forget(&self, older: Duration) -> bool {
        let mut kept = self.kept();
        let before = kept.len();
        kept.retain(|_, (at, _)| at.elapsed() < older);
        kept.len() < before
    }

    async fn file(&self, secret: &Secret, path: &str) -> Result<Vec<u8>, SecretError> {
        let failed = |error: std::io::Error| SecretError::new(secret, format!("cannot be read: {}", io_words(&error)));
        let file = tokio::fs::File::open(self.folder.join(path)).await.map_err(failed)?;
        let mut content = Vec::new();
        let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1)).read_to_end(&mut content).await.map_err(failed)?;
        if content.len() > LONGEST { Err(SecretError::new(secret, "is longer than 64 KiB")) } else { Ok(content) }
    }

    /// Only how it ended is told, since what it printed may be the secret.
    async fn command(&self, secret: &Secret, command: &str) -> Result<Vec<u8>, SecretError> {
        let finished = process::shell(command, &self.folder, &self.env, COMMAND)
            .await
            .map_err(|error| SecretError::new(secret, error.to_string()))?;
        match finished.code {
            Some(0) => Ok(finished.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec()),
            Some(code) => Err(SecretError::new(secret, format!("failed with exit {code}"))),
            None => Err(SecretError::new(secret, "was ended by a signal")),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Secret, (Instant, SecretString)>> {
        // Nothing is half done while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
            let read = secrets.read(&secret(reference)).await;
            let shown = read.as_ref().map(ExposeSecret::expose_secret).map_err(ToString::to_string);
            assert_eq!(shown, expected.map_err(str::to_owned));
            assert!(!format!("{read:?}").contains("hunter2"), "{read:?}");
        }
        let error = secrets.line(&secret("file:lines")).await.unwrap_err();
        assert_eq!(error.to_string(), "file:lines holds several lines, or characters that cannot be sent");
    }

    #[tokio::test]
    async fn one_that_was_renewed_is_picked_up() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(folder.path().to_owned(), Vec::new());
        let token = secret("file:token");
        let write = |content: &str| std::fs::write(folder.path().join("token"), content).unwrap();
        let read = async || secrets.read(&token).await.unwrap().expose_secret().to_owned();
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
}
