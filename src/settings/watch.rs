//! Tells when the settings have changed, from a thread of its own. It waits for the system to tell; nothing is looked at twice.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, SyncSender},
    },
    thread,
    time::Duration,
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::{
    Settings,
    file::{SETTINGS, THEMES},
};

/// How long changes are gathered: an editor saves a file in several steps.
const GATHER: Duration = Duration::from_millis(80);

/// Tells of changes until it is dropped.
#[derive(Debug)]
pub struct Watch {
    stopped: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Watch {
    /// Calls `changed` with the whole of the settings whenever they are other than before, `current` to begin with. Where the
    /// folder is not there, the one that it would be in is watched, if that is there.
    ///
    /// # Errors
    /// Where the system does not tell of changes, or no thread can be started.
    pub fn new(folder: &Path, current: Settings, changed: impl Fn(Settings) + Send + 'static) -> Result<Self, notify::Error> {
        let stopped = Arc::new(AtomicBool::new(false));
        // One place to wait in is enough: all that comes while it is taken is seen with it.
        let (wake, woken) = mpsc::sync_channel::<()>(1);
        let mut watched = Watched::new(folder, wake.clone())?;
        watched.renew();
        // What has changed since `current` was read is seen at once.
        let _ = wake.try_send(());
        let silent = Arc::clone(&stopped);
        let folder = folder.to_owned();
        let run = move || {
            let mut current = current;
            while woken.recv().is_ok() && !silent.load(Ordering::Acquire) {
                thread::sleep(GATHER);
                // What comes from here on is told of in the next round.
                let _ = woken.try_recv();
                watched.renew();
                let read = Settings::load(&folder);
                if silent.load(Ordering::Acquire) {
                    return;
                }
                if read != current {
                    current = read.clone();
                    changed(read);
                }
            }
        };
        thread::Builder::new().name("settings-watch".to_owned()).spawn(run).map_err(notify::Error::io)?;
        Ok(Self { stopped, wake })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread is not waited for: it may be the one that drops this.
        self.stopped.store(true, Ordering::Release);
        let _ = self.wake.try_send(());
    }
}

/// The folders that the system tells of.
struct Watched {
    watcher: RecommendedWatcher,
    folder: PathBuf,
    folders: BTreeSet<PathBuf>,
}

impl Watched {
    fn new(folder: &Path, wake: SyncSender<()>) -> Result<Self, notify::Error> {
        let own = folder.to_owned();
        let watcher = notify::recommended_watcher(move |event: Result<notify::Event, notify::Error>| {
            let matters = event.map_or(true, |event| {
                event.need_rescan() || (is_change(event.kind) && event.paths.iter().any(|path| is_ours(path, &own)))
            });
            if matters {
                // Full: the change is seen with the one that waits already.
                let _ = wake.try_send(());
            }
        })?;
        Ok(Self { watcher, folder: folder.to_owned(), folders: BTreeSet::new() })
    }

    /// Watches what is there now: folders may have come and gone, and a link may lead elsewhere.
    fn renew(&mut self) {
        let wanted = folders(&self.folder);
        for gone in self.folders.difference(&wanted) {
            let _ = self.watcher.unwatch(gone);
        }
        // One that was removed and made again is another one for the system, so each is watched anew.
        self.folders =
            wanted.into_iter().filter(|folder| self.watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()).collect();
    }
}

/// The folders in which a change can be one of the settings: theirs, or where that is not there the one it would be in; and
/// those in which the real files are, where the settings are links, as those who keep them in a repository have it.
fn folders(folder: &Path) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    folders.extend(folder.parent().filter(|parent| parent.is_dir()).map(Path::to_owned));
    let themes = folder.join(THEMES);
    for folder in [folder, &themes] {
        if folder.is_dir() {
            folders.insert(folder.to_owned());
        }
    }
    let entries = fs::read_dir(&themes).into_iter().flatten().flatten().map(|entry| entry.path()).take(MOST_LINKS);
    for file in entries.chain([folder.join(SETTINGS)]) {
        if file.is_symlink()
            && let Ok(real) = fs::canonicalize(&file)
            && let Some(parent) = real.parent()
        {
            folders.insert(parent.to_owned());
        }
    }
    folders
}

/// More links than this are not followed.
const MOST_LINKS: usize = 100;

/// Whether an event means that something is other than it was; reading is none.
fn is_change(kind: EventKind) -> bool {
    matches!(kind, EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_))
}

/// Whether a path is the folder, something in it, or a file that one in it may lead to.
fn is_ours(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder) || (path.extension().is_some_and(|end| end == "toml") && path.parent() != folder.parent())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, RecvTimeoutError};

    use super::*;

    /// How long the system may take to tell on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn watch(folder: &Path) -> (Watch, Receiver<Settings>) {
        let (told, changes) = mpsc::channel();
        let watch = Watch::new(folder, Settings::load(folder), move |settings| {
            let _ = told.send(settings);
        });
        (watch.unwrap(), changes)
    }

    #[track_caller]
    fn until(changes: &Receiver<Settings>, good: impl Fn(&Settings) -> bool) {
        while !good(&changes.recv_timeout(PATIENCE).unwrap()) {}
    }

    #[test]
    fn tells_of_settings_and_themes_from_the_first_file_on() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("flightdeck");
        let (watch, changes) = watch(&folder);
        fs::create_dir_all(folder.join(THEMES)).unwrap();
        fs::write(folder.join(SETTINGS), "mouse = true\n").unwrap();
        until(&changes, |settings| settings.user.mouse == Some(true));
        fs::write(folder.join("themes/mine.toml"), "inherits = \"dark\"\n").unwrap();
        until(&changes, |settings| settings.themes.get("mine").is_some());
        // As an editor saves: another file takes the place of the first.
        fs::write(folder.join("new"), "mouse = 1\n").unwrap();
        fs::rename(folder.join("new"), folder.join(SETTINGS)).unwrap();
        until(&changes, |settings| settings.lines().len() == 1);
        fs::remove_dir_all(&folder).unwrap();
        until(&changes, |settings| *settings == Settings::default());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(SETTINGS), "mouse = false\n").unwrap();
        until(&changes, |settings| settings.user.mouse == Some(false));
        drop(watch);
        assert_eq!(changes.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }

    #[cfg(unix)]
    #[test]
    fn tells_of_files_that_links_lead_to() {
        let home = tempfile::tempdir().unwrap();
        let (folder, real) = (home.path().join("flightdeck"), home.path().join("dotfiles"));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(&real).unwrap();
        fs::write(real.join("deck.toml"), "mouse = true\n").unwrap();
        std::os::unix::fs::symlink(real.join("deck.toml"), folder.join(SETTINGS)).unwrap();
        let (_watch, changes) = watch(&folder);
        fs::write(real.join("deck.toml"), "mouse = false\n").unwrap();
        until(&changes, |settings| settings.user.mouse == Some(false));
    }

    #[test]
    fn what_matters() {
        let folder = Path::new("/home/ann/.config/flightdeck");
        for (path, ours) in [
            ("/home/ann/.config/flightdeck", true),
            ("/home/ann/.config/flightdeck/settings.toml", true),
            ("/home/ann/.config/flightdeck/themes/mine.toml", true),
            ("/home/ann/.config/other", false),
            ("/home/ann/.config/other.toml", false),
            ("/home/ann/dotfiles/deck.toml", true),
            ("/home/ann/dotfiles/notes", false),
        ] {
            assert_eq!(is_ours(Path::new(path), folder), ours, "{path}");
        }
        use notify::event::{AccessKind, AccessMode, CreateKind};
        assert!(is_change(EventKind::Create(CreateKind::File)));
        assert!(!is_change(EventKind::Access(AccessKind::Open(AccessMode::Read))));
        assert!(!is_change(EventKind::Access(AccessKind::Close(AccessMode::Read))));
    }
}
