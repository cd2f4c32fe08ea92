//! What a terminal does besides showing the screen: each back-end does it in its own way, or not at all.

use ratatui::backend::{Backend, TestBackend};

/// The longest text that is copied, in bytes: terminals take no more than 74,994 of it in base 64.
pub const LONGEST_COPY: usize = 74_994 / 4 * 3;

/// Something that the cockpit wants of its terminal, besides showing the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Put this text, which may have several lines, on the clipboard of whoever sits at the terminal.
    Copy(String),
    /// A person is needed who does not look: ring, and show this line where the desktop shows such things.
    Alert(String),
    /// Send clicks and the wheel from now on, or stop doing so.
    Mouse(bool),
    /// Give the terminal back and stop this process until it is continued; then take the terminal again.
    Suspend,
    /// Somebody else has used the terminal meanwhile: take it again as it was.
    Retake,
}

/// A back-end that a cockpit can run on.
pub trait Console: Backend {
    /// Does what is called for. What this terminal cannot do is left out without a word.
    ///
    /// # Errors
    /// Where the terminal is gone.
    fn call(&mut self, call: &Call) -> Result<(), Self::Error>;
}

/// A terminal in memory has nobody in front of it.
impl Console for TestBackend {
    fn call(&mut self, _: &Call) -> Result<(), Self::Error> {
        Ok(())
    }
}
