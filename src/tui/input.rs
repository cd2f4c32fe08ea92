//! What a person does at a terminal, in the cockpit's own words, whichever decoder it came from.

use std::time::Instant;

/// Something that came in from the terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Text that was pasted as a whole, and when its end came.
    Paste(String, Instant),
    /// The terminal has this size now, in columns and rows.
    Resize(u16, u16),
    /// The terminal's window was given the focus, or lost it.
    Focus(bool),
    /// The mouse, where it is listened to.
    Mouse(Mouse),
    /// The process was asked from outside to give the terminal back for a while.
    Suspend,
    /// The process goes on after it was stopped: somebody else may have used the terminal.
    Resumed,
    /// The process or the session is asked to end.
    Stop(Stop),
}

/// What the mouse did, and over which cell; the first column and the first row are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What it did.
    pub what: Gesture,
    /// The column.
    pub column: u16,
    /// The row.
    pub row: u16,
    /// When.
    pub at: Instant,
}

/// What a mouse does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// Its first button went down.
    Click,
    /// Its wheel was turned away from the person.
    WheelUp,
    /// Its wheel was turned towards the person.
    WheelDown,
}

/// Why it is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody interrupts it.
    Interrupt,
    /// It shall terminate.
    Terminate,
    /// The terminal is gone: nothing may be read from it or written to it any more.
    HangUp,
    /// There is no more input, though the terminal may still be there.
    Closed,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Which.
    pub code: Code,
    /// With what held down.
    pub mods: Mods,
    /// What happened to it.
    pub kind: Kind,
    /// When.
    pub at: Instant,
}

/// Which key. A letter stands as it is written: shift and `r` is `R`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "keys are called what they are called")]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    Insert,
    F(u8),
}

/// What is held down with a key, besides shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Mods {
    /// Control.
    pub ctrl: bool,
    /// Alt or Meta.
    pub alt: bool,
}

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It went down.
    Press,
    /// It is held, and the terminal says so.
    Repeat,
    /// It went up.
    Release,
}

impl Key {
    /// A key that went down, with nothing held.
    #[must_use]
    pub fn press(code: Code, at: Instant) -> Self {
        Self { code, mods: Mods::default(), kind: Kind::Press, at }
    }

    /// Whether it is control and that letter.
    #[must_use]
    pub fn is_ctrl(&self, letter: char) -> bool {
        self.code == Code::Char(letter) && self.mods == Mods { ctrl: true, alt: false }
    }
}
