//! Tells when somebody has written to the journal: another thread, or another process.
//!
//! SQLite writes its log before the disk has it and before others may read it, so a write to the log comes too early to
//! be told of. Whoever has written touches the journal's file when the write can be read, and that touch is what is
//! told of. Signs of life do not touch: nobody has to wake up for them.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, SystemTime},
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::ModifyKind};

use super::{JournalError, Location};
use crate::text;

/// How long changes are gathered after one was told.
const GATHER: Duration = Duration::from_millis(5);
/// How often the files are looked at where the system does not tell.
const POLL: Duration = Duration::from_secs(1);

/// Tells of changes until it is dropped.
pub struct Watch {
    stopped: Arc<AtomicBool>,
    /// Dropping it ends the thread's wait.
    source: Option<Source>,
}

/// Where changes come from. Only held, so that dropping it ends them.
#[expect(dead_code, reason = "held for what dropping them does")]
enum Source {
    /// The system tells.
    Notified(RecommendedWatcher),
    /// The files are looked at.
    Polled(mpsc::Sender<()>),
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    /// Calls `changed` from a thread of its own whenever the journal was written: at once for the first change, then
    /// once for all that came shortly after. It may be called when nothing of interest is new, for samples are told of too.
    ///
    /// Where the system does not tell of changes, the files are looked at each second.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn new(location: &Location, changed: impl Fn() + Send + 'static) -> Result<Self, JournalError> {
        let stopped = Arc::new(AtomicBool::new(false));
        let files = Files::of(location);
        // One place to wait in is enough: whoever finds it taken is told of by the one who took it.
        let (sender, changes) = mpsc::sync_channel::<()>(1);
        let watcher = files.watch(sender);
        let silent = Arc::clone(&stopped);
        let thread = thread::Builder::new().name("journal-watch".to_owned());
        let (source, spawned) = match watcher {
            Ok(watcher) => {
                let run = move || {
                    while changes.recv().is_ok() && !silent.load(Ordering::Acquire) {
                        changed();
                        thread::sleep(GATHER);
                    }
                };
                (Source::Notified(watcher), thread.spawn(run))
            }
            Err(_) => {
                let (sender, end) = mpsc::channel::<()>();
                let mut seen = files.signature();
                let run = move || {
                    while end.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) && !silent.load(Ordering::Acquire) {
                        let now = files.signature();
                        if now != seen {
                            seen = now;
                            changed();
                        }
                    }
                };
                (Source::Polled(sender), thread.spawn(run))
            }
        };
        spawned.map_err(|why| JournalError::Failed { path: location.shown(), why: text::line(&why.to_string(), 200) })?;
        Ok(Self { stopped, source: Some(source) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread is not waited for: it may be the one that drops this, or wait for a lock that the dropper holds.
        self.stopped.store(true, Ordering::Release);
        self.source = None;
    }
}

/// The files that a write to the journal changes. Not the `-shm` file, which readers change too.
struct Files {
    main: PathBuf,
    log: PathBuf,
}

impl Files {
    /// SQLite puts its files beside the real one, not beside a link to it.
    fn of(location: &Location) -> Self {
        let main = fs::canonicalize(location.path()).unwrap_or_else(|_| location.path().to_owned());
        let mut log = main.clone().into_os_string();
        log.push("-wal");
        Self { main, log: PathBuf::from(log) }
    }

    fn watch(&self, changes: mpsc::SyncSender<()>) -> Result<RecommendedWatcher, notify::Error> {
        let name = |path: &PathBuf| path.file_name().map(OsStr::to_owned);
        let main: Option<OsString> = name(&self.main);
        let mut watcher = notify::recommended_watcher(move |event: Result<notify::Event, notify::Error>| {
            let written = event.map_or(true, |event| {
                event.need_rescan()
                    || (is_touch(&event.kind) && event.paths.iter().any(|path| path.file_name().map(OsStr::to_owned) == main))
            });
            if written {
                // Full: the change is told of with the one that waits already.
                let _ = changes.try_send(());
            }
        })?;
        let folder = self.main.parent().ok_or_else(notify::Error::path_not_found)?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    }

    /// What changes with a write: size and time of the files.
    fn signature(&self) -> [Option<(u64, Option<SystemTime>)>; 2] {
        [&self.main, &self.log].map(|path| {
            // An empty log is what a mere reader leaves.
            fs::metadata(path).ok().filter(|file| file.len() > 0).map(|file| (file.len(), file.modified().ok()))
        })
    }
}

/// Whether an event means that somebody touched the journal.
fn is_touch(kind: &EventKind) -> bool {
    match kind {
        EventKind::Any | EventKind::Modify(ModifyKind::Any | ModifyKind::Metadata(_)) => true,
        // Elsewhere systems do not tell apart what was changed.
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Name(_)) => !cfg!(target_os = "linux"),
        _ => false,
    }
}

/// Touches the journal's file: what was written before can be read now. By its name: closing a handle of the file would
/// drop the locks that SQLite holds on it in this process.
pub(super) fn touch(location: &Location) {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    // Both times: Linux tells of one alone as of a write or a read.
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    // Where it fails, whoever follows looks each second.
    let _untouched = utimensat(CWD, location.path(), &times, AtFlags::empty());
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use notify::event::{AccessKind, AccessMode, CreateKind, DataChange, MetadataKind, RemoveKind};

    #[test]
    fn only_a_touch_counts() {
        for (kind, counts) in [
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), true),
            (EventKind::Modify(ModifyKind::Any), true),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), false),
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), false),
            (EventKind::Access(AccessKind::Read), false),
            (EventKind::Create(CreateKind::File), false),
            (EventKind::Remove(RemoveKind::File), false),
        ] {
            assert_eq!(is_touch(&kind), counts, "{kind:?}");
        }
    }
}
