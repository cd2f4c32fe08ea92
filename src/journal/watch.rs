//! Tells when somebody has written to the journal: another thread, or another process.

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
const GATHER: Duration = Duration::from_millis(20);
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
    /// once for all that came shortly after. It may be called when nothing of interest is new, for it is also written to
    /// by signs of life, samples and housekeeping.
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
        let names: [Option<OsString>; 2] = [name(&self.main), name(&self.log)];
        let mut watcher = notify::recommended_watcher(move |event: Result<notify::Event, notify::Error>| {
            let written = event.map_or(true, |event| {
                event.need_rescan()
                    || (is_write(&event.kind)
                        && event.paths.iter().any(|path| names.contains(&path.file_name().map(OsStr::to_owned))))
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

/// Whether an event means that data was written. Readers create, open and remove the log too: none of that counts.
fn is_write(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Any | EventKind::Modify(ModifyKind::Any | ModifyKind::Data(_) | ModifyKind::Name(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{AccessKind, AccessMode, CreateKind, DataChange, MetadataKind, RemoveKind};

    #[test]
    fn only_writes_count() {
        for (kind, counts) in [
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), true),
            (EventKind::Modify(ModifyKind::Any), true),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), false),
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), false),
            (EventKind::Access(AccessKind::Read), false),
            (EventKind::Create(CreateKind::File), false),
            (EventKind::Remove(RemoveKind::File), false),
        ] {
            assert_eq!(is_write(&kind), counts, "{kind:?}");
        }
    }
}
