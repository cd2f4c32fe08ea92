//! Takes the terminal over, and gives it back as it was on every way out.

use std::{
    io::{self, Write},
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use crossterm::terminal;
use rustix::{
    process::{Signal, getpgrp, getsid, kill_current_process_group},
    termios::{QueueSelector, tcflush},
};

use super::{aside::Aside, local::Stdout, modes};

/// Holds the terminal, and gives it back when dropped, on a panic, or when told to; once, whichever comes first.
#[derive(Debug, Clone)]
pub struct Guard {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    taken: AtomicBool,
    /// Standard error, where it would get onto the screen.
    aside: Option<Aside>,
    /// Whether it was told to send the mouse.
    mouse: AtomicBool,
    /// Whether it has said that it knows the keyboard protocol.
    keyboard: AtomicBool,
}

impl Guard {
    /// Takes standard output's terminal over: raw mode, the alternate screen, bracketed paste, no cursor. Meanwhile what is
    /// written to standard error goes to the log, where it would get onto the screen.
    ///
    /// A panic gives the terminal back before its message is written.
    ///
    /// # Errors
    /// Where there is no terminal, or it does not do this.
    pub fn enter(log: OwnedFd) -> io::Result<Self> {
        let aside = Aside::new(log)?;
        let off = AtomicBool::default;
        let held = Arc::new(Held { taken: off(), aside, mouse: off(), keyboard: off() });
        let hook = Arc::downgrade(&held);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(held) = hook.upgrade() {
                held.give_back();
            }
            before(panic);
        }));
        // Where this fails, the guard's end undoes what was done.
        let guard = Self { held };
        guard.retake()?;
        Ok(guard)
    }

    /// Takes the terminal again, whoever has used it meanwhile.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn retake(&self) -> io::Result<()> {
        self.held.take()
    }

    /// Gives the terminal back now.
    pub fn restore(&self) {
        self.held.give_back();
    }

    /// Gives the terminal back and stops this process and those it shares its job with; takes the terminal again when it goes on.
    ///
    /// It does not stop in the session's first job: nobody is there who would let it go on.
    ///
    /// # Errors
    /// Where it cannot be stopped, or the terminal is gone afterwards.
    pub fn suspend(&self) -> io::Result<()> {
        if getpgrp() == getsid(None)? {
            return Ok(());
        }
        self.held.give_back();
        // Not by the signal that asks for it, which this process takes as a wish.
        kill_current_process_group(Signal::STOP)?;
        self.held.take()
    }

    /// Asks the terminal once for kitty's keyboard protocol. Nothing waits for the answer.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn ask_keyboard(&self) -> io::Result<()> {
        Stdout.write_all(modes::KEYBOARD_ASK)
    }

    /// The terminal has said that it knows kitty's keyboard protocol, so that is used from now on.
    pub fn keyboard_known(&self) {
        if self.held.taken.load(SeqCst) && !self.held.keyboard.swap(true, SeqCst) {
            // A terminal that is gone says so soon enough.
            let _gone = Stdout.write_all(modes::KEYBOARD_ON);
        }
    }

    /// It is told elsewhere to send the mouse, or not to; it is told again when it is taken again.
    pub(super) fn mouse(&self, on: bool) {
        self.held.mouse.store(on, SeqCst);
    }

    /// Gives the terminal back, but waits no longer than this: a terminal that is gone may swallow a write for ever.
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
    fn take(&self) -> io::Result<()> {
        let again = self.taken.swap(true, SeqCst);
        if again {
            // Somebody else may have set it otherwise behind our back, which is undone only by setting it anew.
            terminal::disable_raw_mode()?;
        }
        terminal::enable_raw_mode()?;
        if let Some(aside) = &self.aside {
            aside.take()?;
        }
        // What was typed at something else is meant for nothing here.
        let _none = tcflush(io::stdin(), QueueSelector::IFlush);
        let mut bytes = Vec::new();
        if self.keyboard.load(SeqCst) {
            if again {
                bytes.extend_from_slice(modes::KEYBOARD_OFF);
            }
            bytes.extend_from_slice(modes::ENTER);
            bytes.extend_from_slice(modes::KEYBOARD_ON);
        } else {
            bytes.extend_from_slice(modes::ENTER);
        }
        if self.mouse.load(SeqCst) {
            bytes.extend_from_slice(modes::MOUSE_ON);
        }
        Stdout.write_all(&bytes)
    }

    fn give_back(&self) {
        if self.taken.swap(false, SeqCst) {
            // There is nobody left to tell if any of this fails, and the rest is worth trying.
            let mut bytes = Vec::new();
            if self.keyboard.load(SeqCst) {
                bytes.extend_from_slice(modes::KEYBOARD_OFF);
            }
            bytes.extend_from_slice(modes::LEAVE);
            let _ = Stdout.write_all(&bytes);
            // What was typed here, and what the terminal has answered, is meant for nothing else.
            let _ = tcflush(io::stdin(), QueueSelector::IFlush);
            let _ = terminal::disable_raw_mode();
            if let Some(aside) = &self.aside {
                let _ = aside.give_back();
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}
