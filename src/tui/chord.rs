//! Keys as people write them: `p`, `R`, `ctrl-x`, `g g`.

use std::fmt;

use super::input::{Code, Key, Mods};

/// The longest sequence of keys for one action.
const LONGEST: usize = 4;

/// One key of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Which key.
    pub code: Code,
    /// With what held down.
    pub mods: Mods,
}

impl Chord {
    /// The key as it was pressed.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        Self { code: key.code, mods: key.mods }
    }

    /// Reads a key as it is written: `p`, `R`, `ctrl-x`, `alt-<`, `space`, `enter`, `f5`, `shift-tab`.
    ///
    /// # Errors
    /// [`KeyError`] that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut mods = Mods::default();
        let mut rest = text;
        let mut shift = false;
        while let Some((before, behind)) =
            rest.split_once('-').filter(|(before, behind)| !before.is_empty() && !behind.is_empty())
        {
            match before.to_ascii_lowercase().as_str() {
                "ctrl" | "c" => mods.ctrl = true,
                "alt" | "m" | "meta" => mods.alt = true,
                "shift" => shift = true,
                _ => return Err(KeyError::Modifier(before.to_owned())),
            }
            rest = behind;
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(c), None) if shift => Code::Char(capital(c).ok_or_else(|| KeyError::Shift(rest.to_owned()))?),
            (Some(c), None) => Code::Char(c),
            _ => match named(&rest.to_ascii_lowercase()).ok_or_else(|| KeyError::Key(rest.to_owned()))? {
                Code::Tab if shift => Code::BackTab,
                // Most terminals send the same with shift and without.
                _ if shift => return Err(KeyError::Shift(rest.to_owned())),
                code => code,
            },
        };
        // A terminal sends the same byte for control and either case.
        let code = match code {
            Code::Char(c) if mods.ctrl => Code::Char(c.to_ascii_lowercase()),
            code => code,
        };
        let chord = Self { code, mods };
        match chord {
            Self { code: Code::Char('c'), mods: Mods { ctrl: true, alt: false } } => {
                Err(KeyError::Kept("ctrl-c", "it leaves the cockpit"))
            }
            Self { code: Code::Esc, .. } => Err(KeyError::Kept("esc", "it goes back")),
            // What terminals send for these is another key, so that they could never be pressed.
            Self { code: Code::Char('i'), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-i", "terminals send it as tab"))
            }
            Self { code: Code::Char('m'), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-m", "terminals send it as enter"))
            }
            Self { code: Code::Char('h'), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-h", "terminals send it as backspace"))
            }
            Self { code: Code::Char('['), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-[", "terminals send it as esc"))
            }
            chord => Ok(chord),
        }
    }
}

/// The capital of a letter that has a single one.
fn capital(c: char) -> Option<char> {
    let mut capitals = c.to_uppercase();
    capitals.next().filter(|capital| capitals.next().is_none() && capital.is_uppercase())
}

fn named(name: &str) -> Option<Code> {
    Some(match name {
        "space" => Code::Char(' '),
        "enter" | "return" => Code::Enter,
        "esc" | "escape" => Code::Esc,
        "tab" => Code::Tab,
        "backtab" => Code::BackTab,
        "backspace" => Code::Backspace,
        "delete" | "del" => Code::Delete,
        "insert" | "ins" => Code::Insert,
        "left" => Code::Left,
        "right" => Code::Right,
        "up" => Code::Up,
        "down" => Code::Down,
        "home" => Code::Home,
        "end" => Code::End,
        "pageup" | "pgup" => Code::PageUp,
        "pagedown" | "pgdn" => Code::PageDown,
        "minus" => Code::Char('-'),
        _ => {
            let number: u8 = name.strip_prefix('f')?.parse().ok()?;
            (1..=12).contains(&number).then_some(Code::F(number))?
        }
    })
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mods.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.mods.alt {
            f.write_str("alt-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("space"),
            Code::Char(c) => write!(f, "{c}"),
            Code::Enter => f.write_str("enter"),
            Code::Esc => f.write_str("esc"),
            Code::Tab => f.write_str("tab"),
            Code::BackTab => f.write_str("shift-tab"),
            Code::Backspace => f.write_str("backspace"),
            Code::Delete => f.write_str("delete"),
            Code::Insert => f.write_str("insert"),
            Code::Left => f.write_str("left"),
            Code::Right => f.write_str("right"),
            Code::Up => f.write_str("up"),
            Code::Down => f.write_str("down"),
            Code::Home => f.write_str("home"),
            Code::End => f.write_str("end"),
            Code::PageUp => f.write_str("pageup"),
            Code::PageDown => f.write_str("pagedown"),
            Code::F(number) => write!(f, "f{number}"),
        }
    }
}

/// What is wrong with keys that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There are none.
    #[error("no key is named; write one as in `g`, `ctrl-x` or `g g`")]
    Empty,
    /// Too many.
    #[error("more than {LONGEST} keys in a row")]
    TooLong,
    /// No modifier.
    #[error("`{0}-` is no modifier; there are ctrl-, alt- and shift-")]
    Modifier(String),
    /// No key.
    #[error("`{0}` is no key; write a single character, or a name as in space, enter, tab, up, pagedown, f5")]
    Key(String),
    /// Shift with what it does not change.
    #[error("shift- says nothing with `{0}`; write the character that it makes, as in `!`, or take another key")]
    Shift(String),
    /// One that cannot be given away.
    #[error("{0} cannot be given another meaning: {1}")]
    Kept(&'static str, &'static str),
}

/// Reads a sequence of keys: `p`, `g g`, `ctrl-x o`.
///
/// # Errors
/// [`KeyError`] that says what is wrong with it.
pub fn parse_keys(text: &str) -> Result<Vec<Chord>, KeyError> {
    let chords = text.split_whitespace().map(Chord::parse).collect::<Result<Vec<_>, _>>()?;
    match chords.len() {
        0 => Err(KeyError::Empty),
        1..=LONGEST => Ok(chords),
        _ => Err(KeyError::TooLong),
    }
}

/// Keys as they are written, one behind the other.
pub(super) fn label(keys: &[Chord]) -> String {
    keys.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(text: &str) -> Vec<Chord> {
        parse_keys(text).unwrap()
    }

    #[test]
    fn reads_keys_as_they_are_written() {
        for text in ["p", "R", "space", "ctrl-x ctrl-f", "alt-<", "shift-tab", "f5", "g g", "-", "ctrl--", "pageup", ":", "Ü"] {
            assert_eq!(label(&keys(text)), text);
        }
        for (written, read) in [
            ("C-x", "ctrl-x"),
            ("M-x", "alt-x"),
            ("ctrl-X", "ctrl-x"),
            ("shift-r", "R"),
            ("minus", "-"),
            ("return", "enter"),
            ("shift-ü", "Ü"),
        ] {
            assert_eq!(label(&keys(written)), read);
        }
    }

    #[test]
    fn says_what_is_wrong_with_keys() {
        for (text, said) in [
            ("", "no key is named"),
            ("hyper-x", "`hyper-` is no modifier"),
            ("banana", "`banana` is no key"),
            ("f13", "`f13` is no key"),
            ("a b c d e", "more than 4"),
            ("ctrl-c", "it leaves the cockpit"),
            ("g esc", "it goes back"),
            ("ctrl-i", "as tab"),
            ("ctrl-h", "as backspace"),
            ("ctrl-[", "as esc"),
            ("shift-enter", "shift- says nothing with `enter`"),
            ("shift-f5", "shift- says nothing with `f5`"),
            ("shift-1", "shift- says nothing with `1`"),
        ] {
            let error = parse_keys(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(text in "\\PC{0,20}") {
            if let Ok(keys) = parse_keys(&text) {
                prop_assert_eq!(parse_keys(&label(&keys)).unwrap(), keys);
            }
        }
    }
}
