//! The keys: one table, from which they are dispatched, shown at the foot of the screen and explained in the help.

use super::input::{Code, Key, Mods};

/// What a key does on the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below says what each does")]
pub enum Act {
    Promote,
    Hold,
    Rollback,
    Retry,
    Sign,
    Note,
    Recheck,
    Detail,
    NextPane,
    PreviousPane,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Help,
    Quit,
}

/// A line of the table.
#[derive(Debug)]
pub struct Binding {
    /// What is done.
    pub act: Act,
    /// The keys that do it.
    pub keys: &'static [Code],
    /// The keys as they are written.
    pub label: &'static str,
    /// In a word or two, for the foot of the screen; nothing for what need not stand there.
    pub short: &'static str,
    /// In a sentence, for the help.
    pub long: &'static str,
}

const fn binding(act: Act, keys: &'static [Code], label: &'static str, short: &'static str, long: &'static str) -> Binding {
    Binding { act, keys, label, short, long }
}

/// Every key, in the order in which the help shows them and in which they give way at the foot of a narrow screen.
pub const BINDINGS: &[Binding] = &[
    binding(Act::Promote, &[Code::Char('p')], "p", "promote", "takes the one next step that waits for a person"),
    binding(Act::Rollback, &[Code::Char('R')], "R", "rollback", "takes everything back; nothing keeps it from being given"),
    binding(Act::Hold, &[Code::Char(' ')], "space", "hold", "holds: nothing new starts; on a held release, goes on"),
    binding(Act::Help, &[Code::Char('?')], "?", "help", "shows this"),
    binding(Act::Sign, &[Code::Char('s')], "s", "sign", "signs the selected check, or the first that waits for a signature"),
    binding(Act::Detail, &[Code::Enter], "enter", "detail", "shows everything that is known of the selected row"),
    binding(Act::NextPane, &[Code::Tab, Code::Right], "tab", "pane", "goes to the next pane; also →"),
    binding(Act::Retry, &[Code::Char('t')], "t", "retry", "starts a failed stage again, as a new attempt"),
    binding(Act::Recheck, &[Code::Char('c')], "c", "check", "runs the selected check again"),
    binding(Act::Note, &[Code::Char('n')], "n", "note", "writes a note into the journal"),
    binding(Act::Quit, &[Code::Char('q')], "q", "quit", "leaves the cockpit; Ctrl-C twice leaves at once"),
    binding(Act::PreviousPane, &[Code::BackTab, Code::Left], "shift-tab", "", "goes to the pane before; also ←"),
    binding(Act::Up, &[Code::Up, Code::Char('k')], "↑ k", "", "goes up a row"),
    binding(Act::Down, &[Code::Down, Code::Char('j')], "↓ j", "", "goes down a row"),
    binding(Act::PageUp, &[Code::PageUp], "PgUp", "", "goes up ten rows"),
    binding(Act::PageDown, &[Code::PageDown], "PgDn", "", "goes down ten rows"),
    binding(Act::Top, &[Code::Home], "Home", "", "goes to the first row"),
    binding(Act::Bottom, &[Code::End], "End", "", "goes to the last row"),
];

/// What a key does on the main screen, if it does anything.
#[must_use]
pub(crate) fn find(key: &Key) -> Option<Act> {
    if key.mods != Mods::default() {
        return None;
    }
    BINDINGS.iter().find(|binding| binding.keys.contains(&key.code)).map(|binding| binding.act)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys = BINDINGS.iter().flat_map(|binding| binding.keys).collect::<Vec<_>>();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key), "{key:?}");
        }
    }
}
