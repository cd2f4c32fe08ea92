//! What starts a task: a process that claims the operation, and then becomes the user's shell.
//!
//! It is this program once more, as `flightdeck launch FOLDER COMMAND`. It leaves the terminal behind (a session of its
//! own), claims the operation by creating a file that must not exist yet, and replaces itself by `sh`, with output going to
//! a file. So the task outlives the cockpit, whoever finds the claim knows that it may have begun, whoever comes
//! late finds the claim taken and does nothing, and the shell writes the exit status down when it is over.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The shell that runs the command in a shell of its own, outlives a polite signal to the group, and writes the exit
/// status so that it is there whole or not at all.
const SHELL: &str = r#"trap : HUP INT TERM
sh -c "$1"
code=$?
printf '%s\n' "$code" > "$2/exit.new" && mv -f "$2/exit.new" "$2/exit"
exit "$code""#;

/// Whose an operation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The process that runs it, which leads its own session and group; none if it was claimed so that it never begins.
    pub pid: Option<i32>,
    /// What tells that process from a later one of the same number.
    pub identity: String,
    /// When it was claimed.
    pub at: Timestamp,
}

/// Where an operation's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The operation's folder.
    pub folder: PathBuf,
}

impl Files {
    /// The files of one operation below the folder for all.
    #[must_use]
    pub fn of(tasks: &Path, release: &str, operation: &str) -> Self {
        Self { folder: tasks.join(release).join(operation) }
    }

    /// The file that says whose it is.
    #[must_use]
    pub fn claim(&self) -> PathBuf {
        self.folder.join("claim")
    }

    /// The file with the exit status.
    #[must_use]
    pub fn exit(&self) -> PathBuf {
        self.folder.join("exit")
    }

    /// The file with what it wrote.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    /// Creates the folder, for this user alone.
    ///
    /// # Errors
    /// If that fails.
    pub fn create(&self) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }

    /// Who claimed it; none if nobody has.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn claimed(&self) -> io::Result<Option<Claim>> {
        match fs::read(self.claim()) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Claims it, unless it is taken: whether it was free. The file appears whole, and only if there was none.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub fn take(&self, claim: &Claim) -> io::Result<bool> {
        let draft = self.folder.join(format!("claim.{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec(claim).map_err(io::Error::other)?)?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, self.claim());
        fs::remove_file(&draft)?;
        match linked {
            Ok(()) => {
                // The claim's name must be on disk before what it stands for begins.
                File::open(&self.folder)?.sync_all()?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The exit status, once it is there.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        fs::read_to_string(self.exit()).ok()?.trim().parse().ok()
    }
}

/// Becomes the task. Returns only if it cannot, or if the claim is taken.
///
/// # Errors
/// If the task could not be begun; then it has not.
pub fn become_task(folder: &Path, command: &str) -> io::Result<()> {
    let files = Files { folder: folder.to_owned() };
    // It fails only for a process that leads a group already, as when a person calls it by hand.
    let _already = rustix::process::setsid();
    let output = OpenOptions::new().create(true).append(true).mode(0o600).open(files.output())?;
    let errors = output.try_clone()?;
    let own = i32::try_from(std::process::id()).map_err(io::Error::other)?;
    let identity = identity(own).ok_or_else(|| io::Error::other("this process cannot be told from others"))?;
    if !files.take(&Claim { pid: Some(own), identity, at: Timestamp::now() })? {
        return Ok(());
    }
    let error = Command::new("sh")
        .args(["-c", SHELL, "flightdeck-task", command])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .exec();
    // It is claimed and cannot begin: that is an end like any other.
    fs::write(files.output(), format!("sh could not be started: {error}\n"))?;
    fs::write(files.exit(), "127\n")?;
    Err(error)
}

/// What tells a living process from a later one of the same number: none if there is none, or only its remains.
#[must_use]
pub(super) fn identity(pid: i32) -> Option<String> {
    if cfg!(target_os = "linux") { identity_by_proc(pid) } else { identity_by_ps(pid) }
}

/// The start time since boot, and the boot it counts from.
fn identity_by_proc(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields are counted from its end.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields = rest.split_ascii_whitespace().collect::<Vec<_>>();
    let (state, started) = (fields.first()?, fields.get(19)?);
    if matches!(*state, "Z" | "X" | "x") {
        return None;
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{started}@{}", boot.trim()))
}

fn identity_by_ps(pid: i32) -> Option<String> {
    let listed = Command::new("ps").args(["-o", "lstart=,state=", "-p", &pid.to_string()]).output().ok()?;
    let line = String::from_utf8(listed.stdout).ok()?;
    let (started, state) = line.trim().rsplit_once(' ')?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::of(folder.path(), "r", "r-1");
        files.create().unwrap();
        (folder, files)
    }

    #[test]
    fn only_one_gets_the_claim() {
        let (_folder, files) = files();
        assert_eq!(files.claimed().unwrap(), None);
        let claim = Claim { pid: Some(1), identity: "a".into(), at: Timestamp::UNIX_EPOCH };
        assert!(files.take(&claim).unwrap());
        assert!(!files.take(&Claim { pid: None, ..claim.clone() }).unwrap());
        assert_eq!(files.claimed().unwrap(), Some(claim));
    }

    #[test]
    fn a_process_is_told_from_others() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(identity(own).is_some());
        assert_eq!(identity(own), identity(own));
        let mut child = Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        assert_eq!(identity(pid), None);
    }
}
