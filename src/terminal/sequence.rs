//! What an escape sequence that a terminal sends means, once it is whole.
//!
//! The forms of xterm, rxvt, the Linux console and the VT220 are known, and those of kitty's keyboard protocol.

use crate::tui::{Code, Gesture, Kind, Mods};

/// Something that a terminal says of itself because it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It knows kitty's keyboard protocol; these of its flags are set.
    Keyboard(u32),
}

/// What a sequence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Key(Code, Mods, Kind),
    /// What it did, over which column and row.
    Mouse(Gesture, u16, u16),
    Focus(bool),
    /// Pasted text follows.
    Paste,
    Reply(Reply),
    /// Something that nobody asked for.
    Nothing,
}

/// What is held down with a key, as xterm and kitty number it.
#[derive(Debug, Clone, Copy)]
struct Held {
    shift: bool,
    mods: Mods,
}

impl Held {
    const SHIFT: u32 = 1;
    const CTRL: u32 = 4;
    /// Alt, super, hyper and meta are one.
    const ALT: u32 = 2 | 8 | 16 | 32;

    /// From the parameter, which is the bits and one. Caps lock and num lock are no matter.
    fn of(parameter: Option<u32>) -> Self {
        let bits = parameter.unwrap_or(1).saturating_sub(1);
        Self { shift: bits & Self::SHIFT != 0, mods: Mods { ctrl: bits & Self::CTRL != 0, alt: bits & Self::ALT != 0 } }
    }

    fn shift() -> Self {
        Self::of(Some(1 + Self::SHIFT))
    }

    fn ctrl() -> Self {
        Self::of(Some(1 + Self::CTRL))
    }
}

/// Numbers between semicolons, each with more behind colons.
#[derive(Clone, Copy)]
struct Parameters<'a>(&'a [u8]);

impl Parameters<'_> {
    fn sub(self, at: usize, sub: usize) -> Option<u32> {
        self.0.split(|byte| *byte == b';').nth(at)?.split(|byte| *byte == b':').nth(sub).and_then(number)
    }

    fn get(self, at: usize) -> Option<u32> {
        self.sub(at, 0)
    }

    fn held(self) -> Held {
        Held::of(self.get(1))
    }

    /// What happened to the key, as kitty says it.
    fn kind(self) -> Option<Kind> {
        match self.sub(1, 1) {
            None | Some(1) => Some(Kind::Press),
            Some(2) => Some(Kind::Repeat),
            Some(3) => Some(Kind::Release),
            Some(_) => None,
        }
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn key(code: Option<Code>, held: Held, kind: Option<Kind>) -> Meaning {
    let code = match code {
        Some(Code::Tab) if held.shift => Some(Code::BackTab),
        code => code,
    };
    match (code, kind) {
        (Some(code), Some(kind)) => Meaning::Key(code, held.mods, kind),
        _ => Meaning::Nothing,
    }
}

/// A sequence that began with `ESC [`: what stood between that and its last byte, and the last byte.
pub(super) fn csi(body: &[u8], last: u8) -> Meaning {
    let parameters = Parameters(body);
    match (body.first(), last) {
        (Some(b'<'), b'M') => mouse(Parameters(body.get(1..).unwrap_or_default())),
        (Some(b'?'), b'u') => match body.get(1..).and_then(number) {
            Some(flags) => Meaning::Reply(Reply::Keyboard(flags)),
            None => Meaning::Nothing,
        },
        // Whatever else has a mark in front or an intermediate byte is an answer to something.
        _ if !body.iter().all(|byte| matches!(byte, b'0'..=b';')) => Meaning::Nothing,
        (None, b'I') => Meaning::Focus(true),
        (None, b'O') => Meaning::Focus(false),
        (_, b'Z') => key(Some(Code::BackTab), parameters.held(), parameters.kind()),
        // rxvt says shift with small letters.
        (None, b'a'..=b'd') => key(arrow(last.to_ascii_uppercase()), Held::shift(), Some(Kind::Press)),
        // With numbers it says where the cursor is.
        (Some(_), b'R') => Meaning::Nothing,
        (_, b'A'..=b'H' | b'P'..=b'S') => key(arrow(last), parameters.held(), parameters.kind()),
        (Some(_), b'~') if body == b"200" => Meaning::Paste,
        // xterm's own form of what kitty says with `u`.
        (Some(_), b'~') if parameters.get(0) == Some(27) => {
            let held = parameters.held();
            key(parameters.get(2).and_then(|code| named(code, None, None, held)), held, Some(Kind::Press))
        }
        (Some(_), b'~') => key(numbered(parameters.get(0)), parameters.held(), parameters.kind()),
        // rxvt again.
        (Some(_), b'$') => key(numbered(parameters.get(0)), Held::shift(), Some(Kind::Press)),
        (Some(_), b'^' | b'@') => key(numbered(parameters.get(0)), Held::ctrl(), Some(Kind::Press)),
        (Some(_), b'u') => {
            let held = parameters.held();
            let code = parameters.get(0).and_then(|code| named(code, parameters.sub(0, 1), parameters.sub(0, 2), held));
            key(code, held, parameters.kind())
        }
        _ => Meaning::Nothing,
    }
}

/// A sequence that began with `ESC O`.
pub(super) fn ss3(body: &[u8], last: u8) -> Meaning {
    // Some say what is held with one number, some as in the other sequences.
    let parameters = Parameters(body);
    let held = if body.contains(&b';') { parameters.held() } else { Held::of(parameters.get(0)) };
    match last {
        b'A'..=b'H' | b'P'..=b'S' => key(arrow(last), held, Some(Kind::Press)),
        // rxvt says control with small letters.
        b'a'..=b'd' => key(arrow(last.to_ascii_uppercase()), Held::ctrl(), Some(Kind::Press)),
        b'M' => key(Some(Code::Enter), held, Some(Kind::Press)),
        b'I' => key(Some(Code::Tab), held, Some(Kind::Press)),
        b'X' => key(Some(Code::Char('=')), held, Some(Kind::Press)),
        // The number pad: a letter stands for the character 0x40 below it.
        b'j'..=b'y' => key(Some(Code::Char(char::from(last - 0x40))), held, Some(Kind::Press)),
        _ => Meaning::Nothing,
    }
}

/// `ESC [ [` and a letter: the first five function keys of the Linux console.
pub(super) fn linux(last: u8) -> Meaning {
    match last {
        b'A'..=b'E' => key(Some(Code::F(last - b'A' + 1)), Held::of(None), Some(Kind::Press)),
        _ => Meaning::Nothing,
    }
}

fn arrow(letter: u8) -> Option<Code> {
    Some(match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        b'P'..=b'S' => Code::F(letter - b'P' + 1),
        _ => return None,
    })
}

fn numbered(number: Option<u32>) -> Option<Code> {
    let function = |from: u32, first: u8| Some(Code::F(first + u8::try_from(number?.checked_sub(from)?).ok()?));
    match number? {
        1 | 7 => Some(Code::Home),
        2 => Some(Code::Insert),
        3 => Some(Code::Delete),
        4 | 8 => Some(Code::End),
        5 => Some(Code::PageUp),
        6 => Some(Code::PageDown),
        // The numbers have holes, as the keys of a VT220 had.
        11..=15 => function(11, 1),
        17..=21 => function(17, 6),
        23..=26 => function(23, 11),
        28..=29 => function(28, 15),
        31..=34 => function(31, 17),
        _ => None,
    }
}

/// A key by its character, or by the number that kitty gives to what has none.
fn named(code: u32, shifted: Option<u32>, base: Option<u32>, held: Held) -> Option<Code> {
    Some(match code {
        9 => Code::Tab,
        13 | 57414 => Code::Enter,
        27 => Code::Esc,
        8 | 127 => Code::Backspace,
        57376..=57398 => Code::F(u8::try_from(code - 57376 + 13).ok()?),
        57399..=57408 => Code::Char(char::from_digit(code - 57399, 10)?),
        57409 => Code::Char('.'),
        57410 => Code::Char('/'),
        57411 => Code::Char('*'),
        57412 => Code::Char('-'),
        57413 => Code::Char('+'),
        57415 => Code::Char('='),
        57416 => Code::Char(','),
        57417 => Code::Left,
        57418 => Code::Right,
        57419 => Code::Up,
        57420 => Code::Down,
        57421 => Code::PageUp,
        57422 => Code::PageDown,
        57423 => Code::Home,
        57424 => Code::End,
        57425 => Code::Insert,
        57426 => Code::Delete,
        // The rest of what has no character: locks, media keys, keys that are held with others.
        0xe000..=0xf8ff => return None,
        _ => Code::Char(character(code, shifted, base, held)?),
    })
}

/// A letter as it is written: shift and `r` is `R`. With control or Alt, the letter on a Latin keyboard where the key's own
/// is none, so that a shortcut is the same key on every keyboard.
fn character(code: u32, shifted: Option<u32>, base: Option<u32>, held: Held) -> Option<char> {
    let plain = held.mods == Mods::default();
    let code = if !plain && code > 0x7f { base.unwrap_or(code) } else { code };
    let c = match shifted {
        Some(shifted) if held.shift => char::from_u32(shifted)?,
        _ => char::from_u32(code)?,
    };
    let c = if held.shift && c.is_ascii() { c.to_ascii_uppercase() } else { c };
    (!crate::text::is_unsafe(c)).then_some(c)
}

fn mouse(parameters: Parameters<'_>) -> Meaning {
    /// Shift, Alt and control, which do not matter here.
    const HELD: u32 = 4 | 8 | 16;
    let (Some(button), Some(column), Some(row)) = (parameters.get(0), parameters.get(1), parameters.get(2)) else {
        return Meaning::Nothing;
    };
    let what = match button & !HELD {
        0 => Gesture::Click,
        64 => Gesture::WheelUp,
        65 => Gesture::WheelDown,
        _ => return Meaning::Nothing,
    };
    let place = |number: u32| u16::try_from(number.checked_sub(1)?).ok();
    match (place(column), place(row)) {
        (Some(column), Some(row)) => Meaning::Mouse(what, column, row),
        _ => Meaning::Nothing,
    }
}
