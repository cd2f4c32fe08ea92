//! Standard error while the screen is held: what libraries write there goes to a file, and never onto the screen.

use std::{
    fs, io,
    io::IsTerminal,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{Mode, OFlags},
    stdio::dup2_stderr,
};

/// A log that has grown beyond this begins anew when it is opened.
const LARGEST: u64 = 1024 * 1024;

/// Opens a log for what would otherwise be written onto the screen; only its owner may read it.
///
/// What is written is lost where there is no such file: better lost than on the screen.
///
/// # Errors
/// Where it could not even be thrown away.
pub fn log(path: Option<&Path>) -> io::Result<OwnedFd> {
    match path.map(file) {
        Some(Ok(file)) => Ok(file),
        Some(Err(_)) | None => Ok(rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?),
    }
}

fn file(path: &Path) -> io::Result<OwnedFd> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Without blocking: a pipe that nobody reads would be waited for.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?;
    if file.as_fd().is_terminal() {
        return Err(io::Error::other("a terminal is no log"));
    }
    let file = fs::File::from(file);
    let about = file.metadata()?;
    // Whoever names the wrong file must not find it written into, or emptied.
    if about.is_file() && about.len() > 0 && path.extension().is_none_or(|ending| ending != "log") {
        return Err(io::Error::other("it has something in it and does not call itself a log"));
    }
    if about.is_file() && about.len() > LARGEST {
        file.set_len(0)?;
    }
    Ok(file.into())
}

/// Where standard error goes, and where it went before.
#[derive(Debug)]
pub(super) struct Aside {
    before: OwnedFd,
    log: OwnedFd,
}

impl Aside {
    /// Nothing where standard error does not lead to a terminal: whoever sent it elsewhere wants it there.
    pub(super) fn new(log: OwnedFd) -> io::Result<Option<Self>> {
        if !io::stderr().is_terminal() {
            return Ok(None);
        }
        Ok(Some(Self { before: rustix::io::fcntl_dupfd_cloexec(io::stderr(), 3)?, log }))
    }

    /// Standard error goes to the log.
    pub(super) fn take(&self) -> io::Result<()> {
        Ok(dup2_stderr(&self.log)?)
    }

    /// Standard error goes where it went before.
    pub(super) fn give_back(&self) -> io::Result<()> {
        Ok(dup2_stderr(&self.before)?)
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::fs::PermissionsExt};

    use super::*;

    fn write(log: OwnedFd, words: &str) {
        fs::File::from(log).write_all(words.as_bytes()).unwrap();
    }

    #[test]
    fn what_is_no_log_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        fs::write(&path, "SQLite").unwrap();
        write(log(Some(&path)).unwrap(), "noise\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "SQLite");
    }

    #[test]
    fn a_log_is_its_owners_and_goes_on_until_it_is_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/flightdeck.log");
        write(log(Some(&path)).unwrap(), "one\n");
        write(log(Some(&path)).unwrap(), "two\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        write(log(Some(&path)).unwrap(), &"x".repeat(1024 * 1024));
        write(log(Some(&path)).unwrap(), "three\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn without_a_file_it_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for path in [None, Some(folder.path()), Some(pipe.as_path()), Some(Path::new("/dev/null/x"))] {
            write(log(path).unwrap(), "lost");
        }
    }
}
