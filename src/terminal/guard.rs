//! Takes the terminal over, and gives it back as it was on every way out.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use crossterm::{style::force_color_output, terminal};

use super::local::Stdout;

/// Alternate screen, pasted text in one piece, no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// A frame that was left open, pasted text, attributes, cursor, screen.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Holds the terminal, and gives it back when dropped, on a panic, or when told to; once, whichever comes first.
#[derive(Debug, Clone)]
pub struct Guard {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    given_back: AtomicBool,
}

impl Guard {
    /// Takes standard output's terminal over: raw mode, the alternate screen, bracketed paste, no cursor.
    ///
    /// A panic gives the terminal back before its message is written.
    ///
    /// # Errors
    /// Where there is no terminal, or it does not do this.
    pub fn enter() -> io::Result<Self> {
        // Colours are mapped before they get to the decoder's library, which would drop more than colours under NO_COLOR.
        force_color_output(true);
        terminal::enable_raw_mode()?;
        let guard = Self { held: Arc::new(Held { given_back: AtomicBool::new(false) }) };
        let mut out = Stdout;
        // Where this fails, the guard's end undoes what was done.
        out.write_all(ENTER)?;
        let held = Arc::downgrade(&guard.held);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(held) = held.upgrade() {
                held.give_back();
            }
            before(panic);
        }));
        Ok(guard)
    }

    /// Gives the terminal back now.
    pub fn restore(&self) {
        self.held.give_back();
    }

    /// Gives the terminal back, but waits no longer than this: a terminal that is gone may swallow a write for ever.
    /// For the way out after a hang-up, behind which the process has to end at once, since reading on from
    /// a terminal that is gone does not end.
    pub fn restore_within(&self, deadline: Duration) {
        let (done, wait) = mpsc::channel();
        let held = Arc::clone(&self.held);
        let spawned = std::thread::Builder::new().spawn(move || {
            held.give_back();
            // Nobody may wait any more.
            let _ = done.send(());
        });
        if spawned.is_ok() {
            let _ = wait.recv_timeout(deadline);
        }
    }
}

impl Held {
    fn give_back(&self) {
        if !self.given_back.swap(true, Ordering::SeqCst) {
            // There is nobody left to tell if this fails, and the rest is worth trying.
            let _ = Stdout.write_all(LEAVE);
            let _ = terminal::disable_raw_mode();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}
