//! Sees to it that a cockpit ends when it is asked to, also where its terminal takes nothing in any more: a line that stalls
//! keeps the screen waiting in the middle of a frame, and there it hears nothing.

use std::{io, time::Duration};

use futures::StreamExt;
use rustix::{
    process::{Signal, getpid, kill_process},
    termios::{QueueSelector, tcflush},
};
use tokio::{sync::oneshot, time::timeout};

use super::{Exit, Failure, thread};
use crate::{terminal, tui::Input};

/// How long the terminal may take to be given back, once it is asked for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often room is made then.
const TRIES: u32 = 20;

/// Watches until it is dropped.
pub(super) struct Stuck {
    /// Closed when this is dropped.
    _given_back: oneshot::Sender<()>,
}

impl Stuck {
    /// Begins to watch, on a thread of its own.
    pub(super) fn watch() -> Result<Self, Failure> {
        let (given_back, mut over) = oneshot::channel::<()>();
        let runtime = thread::runtime()?;
        let run = async move {
            let Ok(mut signals) = terminal::signals() else { return };
            let asked = async {
                while let Some(input) = signals.next().await {
                    if matches!(input, Input::Stop(_)) {
                        return;
                    }
                }
            };
            tokio::select! {
                _ = &mut over => return,
                () = asked => {}
            }
            if timeout(PATIENCE, &mut over).await.is_ok() {
                return;
            }
            for _ in 0..TRIES {
                // Nobody will read what waits in the line: without it there is room to leave the screen.
                let _gone = tcflush(io::stdout(), QueueSelector::OFlush);
                // A write that waits looks for room only when it is woken, as by a signal.
                let _woken = kill_process(getpid(), Signal::WINCH);
                if timeout(PATIENCE / TRIES, &mut over).await.is_ok() {
                    return;
                }
            }
            // Everything is in the journal.
            std::process::exit(Exit::Unknown as i32);
        };
        std::thread::Builder::new().name("stuck".to_owned()).spawn(move || runtime.block_on(run))?;
        Ok(Self { _given_back: given_back })
    }
}
