//! Bytes from a terminal as what a person did there: one decoder for the local console and for every session over SSH.
//!
//! Pure: it is told what time it is. A key may arrive in pieces, each in a read of its own, and an Esc alone looks like the
//! first piece of another key; so an Esc counts once nothing has followed it for a while, and whoever feeds the decoder asks
//! it for its [`deadline`](Decoder::deadline) and lets it [`expire`](Decoder::expire).
//!
//! What comes as pasted text or as an answer of the terminal never comes out as keys.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::sequence::{self, Meaning, Reply};
use crate::{
    text,
    tui::{Code, Input, Key, Kind, Mods, Mouse},
};

/// An Esc alone is one if nothing follows for so long. A person does not press another key so soon.
pub const ESC_ALONE: Duration = Duration::from_millis(60);
/// The rest of a sequence that has begun for certain may take so long; then it was a key with Alt, or is lost.
const REST: Duration = Duration::from_secs(1);
/// So long after an Esc that was taken for a key …
const LATE: Duration = Duration::from_secs(3);
/// … what follows in so little time is the rest of its sequence, which a slow line held up, and nobody's typing.
const AT_ONCE: Duration = Duration::from_millis(10);
/// An answer that stops for so long has lost its end.
const ANSWER: Duration = Duration::from_millis(500);
/// Pasted text that stops for so long has lost its end. Long, since a line that stalls must not turn the rest into keys.
const PASTE: Duration = Duration::from_secs(5);
/// No sequence of a key is longer.
const LONGEST: usize = 64;
/// What is kept of a pasted text, in bytes.
pub const LONGEST_PASTE: usize = 64 * 1024;
/// What ends pasted text.
const PASTE_END: &[u8] = b"\x1b[201~";

const ESC: u8 = 0x1b;

/// Something that came out of the bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// For the cockpit.
    Input(Input),
    /// For whoever asked.
    Reply(Reply),
}

/// Where in the stream of bytes it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between keys.
    Ground,
    /// Within a character of several bytes, which are kept.
    Character { alt: bool },
    /// Behind an ESC, or behind two.
    Esc { twice: bool },
    /// Behind `ESC [`, or behind `ESC O`; what has come of it is kept.
    Sequence { opener: u8, from: Before },
    /// Behind `ESC [ [`.
    Linux { alt: bool },
    /// Within a mouse event of the old form, which nobody asked for: so many bytes are left.
    OldMouse { left: u8 },
    /// Within a string that the terminal answers with. `opener` while nothing has followed that.
    Answer { opener: Option<u8>, esc: bool },
    /// Within pasted text, which is kept; so many bytes look like its end.
    Paste { matched: usize },
}

/// What was before a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Esc,
    /// A second one, which some terminals send for Alt.
    TwoEscs,
    /// One that was taken for a key, since it came so much sooner.
    LateEsc,
}

/// Turns bytes into what a person did.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    kept: Vec<u8>,
    /// When the last byte came.
    last: Instant,
    /// When an ESC came that was taken for a key, if nothing has come since.
    esc_given: Option<Instant>,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { state: State::Ground, kept: Vec::new(), last: now, esc_given: None }
    }

    /// Takes bytes that came at that time, and appends what they mean.
    pub fn feed(&mut self, bytes: &[u8], at: Instant, out: &mut VecDeque<Decoded>) {
        self.expire(at, out);
        self.last = at;
        for byte in bytes {
            self.take(*byte, out);
        }
    }

    /// When something ends unless a byte comes before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let wait = match self.state {
            State::Ground | State::Character { .. } => return None,
            State::Esc { .. } => ESC_ALONE,
            State::Sequence { from: Before::LateEsc, .. } => AT_ONCE,
            State::Sequence { .. } | State::Linux { .. } | State::OldMouse { .. } => REST,
            State::Answer { .. } => ANSWER,
            State::Paste { .. } => PASTE,
        };
        Some(self.last + wait)
    }

    /// Takes note of the time, and appends what has come to its end by it.
    pub fn expire(&mut self, now: Instant, out: &mut VecDeque<Decoded>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let kept = std::mem::take(&mut self.kept);
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Esc { twice } => {
                self.key(Code::Esc, Mods::default(), out);
                if twice {
                    self.key(Code::Esc, Mods::default(), out);
                }
                self.esc_given = Some(self.last);
            }
            State::Sequence { opener, from } if kept.is_empty() => {
                let mods = Mods { ctrl: false, alt: from != Before::LateEsc };
                self.key(Code::Char(char::from(opener)), mods, out);
            }
            State::Answer { opener: Some(opener), .. } => self.with_alt(Code::Char(char::from(opener)), out),
            State::Paste { .. } => self.paste(&kept, out),
            _ => {}
        }
    }

    fn take(&mut self, byte: u8, out: &mut VecDeque<Decoded>) {
        match self.state {
            State::Ground => self.ground(byte, out),
            State::Character { alt } => self.character(byte, alt, out),
            State::Esc { twice } => self.behind_esc(byte, twice, out),
            State::Sequence { opener, from } => self.sequence(byte, opener, from, out),
            State::Linux { alt } => {
                self.state = State::Ground;
                self.mean(sequence::linux(byte), alt, out);
            }
            State::OldMouse { .. } if byte == ESC => self.state = State::Esc { twice: false },
            State::OldMouse { left } => {
                self.state = if left > 1 { State::OldMouse { left: left - 1 } } else { State::Ground };
            }
            State::Answer { esc, .. } => {
                self.state = match byte {
                    0x07 => State::Ground,
                    b'\\' if esc => State::Ground,
                    _ => State::Answer { opener: None, esc: byte == ESC },
                }
            }
            State::Paste { matched } => self.pasted(byte, matched, out),
        }
    }

    fn ground(&mut self, byte: u8, out: &mut VecDeque<Decoded>) {
        let late = self.esc_given.take().is_some_and(|given| self.last.saturating_duration_since(given) < LATE);
        match byte {
            ESC => self.state = State::Esc { twice: false },
            b'[' | b'O' if late => self.begin(State::Sequence { opener: byte, from: Before::LateEsc }),
            0x80.. => self.first(byte, false),
            _ => {
                let (code, mods) = plain(byte);
                self.key(code, mods, out);
            }
        }
    }

    fn behind_esc(&mut self, byte: u8, twice: bool, out: &mut VecDeque<Decoded>) {
        let from = if twice { Before::TwoEscs } else { Before::Esc };
        match byte {
            b'[' | b'O' => self.begin(State::Sequence { opener: byte, from }),
            b']' | b'P' | b'_' => self.state = State::Answer { opener: Some(byte), esc: false },
            _ => {
                if twice {
                    self.key(Code::Esc, Mods::default(), out);
                }
                match byte {
                    ESC => self.state = State::Esc { twice: true },
                    0x80.. => self.first(byte, true),
                    _ => {
                        self.state = State::Ground;
                        let (code, mods) = plain(byte);
                        self.key(code, Mods { alt: true, ..mods }, out);
                    }
                }
            }
        }
    }

    fn begin(&mut self, state: State) {
        self.kept.clear();
        self.state = state;
    }

    /// The first byte of a character of several.
    fn first(&mut self, byte: u8, alt: bool) {
        self.state = State::Ground;
        if length(byte).is_some() {
            self.begin(State::Character { alt });
            self.kept.push(byte);
        }
    }

    fn character(&mut self, byte: u8, alt: bool, out: &mut VecDeque<Decoded>) {
        if !matches!(byte, 0x80..=0xbf) {
            // What there was of it is nothing.
            self.state = State::Ground;
            return self.take(byte, out);
        }
        self.kept.push(byte);
        if self.kept.first().copied().and_then(length).is_some_and(|length| self.kept.len() < length) {
            return;
        }
        self.state = State::Ground;
        let c = std::str::from_utf8(&self.kept).ok().and_then(|text| text.chars().next());
        if let Some(c) = c.filter(|c| !text::is_unsafe(*c)) {
            self.key(Code::Char(c), Mods { ctrl: false, alt }, out);
        }
    }

    fn sequence(&mut self, byte: u8, opener: u8, from: Before, out: &mut VecDeque<Decoded>) {
        let alt = from == Before::TwoEscs;
        let first = self.kept.is_empty();
        // rxvt ends a sequence with a byte that ends nobody else's.
        let ends = byte == b'$' && !first && self.kept.iter().all(u8::is_ascii_digit);
        match byte {
            ESC => self.state = State::Esc { twice: false },
            b'[' if opener == b'[' && first => self.state = State::Linux { alt },
            b'M' if opener == b'[' && first => self.state = State::OldMouse { left: 3 },
            0x40..=0x7e | b'$' if ends || byte != b'$' => {
                self.state = State::Ground;
                let meaning = match opener {
                    _ if self.kept.len() >= LONGEST => Meaning::Nothing,
                    b'O' => sequence::ss3(&self.kept, byte),
                    _ => sequence::csi(&self.kept, byte),
                };
                self.mean(meaning, alt, out);
            }
            0x20..=0x3f => {
                if self.kept.len() < LONGEST {
                    self.kept.push(byte);
                }
            }
            // Nothing that a terminal sends; whatever it was, it is no key.
            _ => self.state = State::Ground,
        }
    }

    fn mean(&mut self, meaning: Meaning, alt: bool, out: &mut VecDeque<Decoded>) {
        match meaning {
            Meaning::Key(code, mods, kind) => {
                let mods = Mods { alt: mods.alt || alt, ..mods };
                out.push_back(Decoded::Input(Input::Key(Key { code, mods, kind, at: self.last })));
            }
            Meaning::Mouse(what, column, row) => {
                out.push_back(Decoded::Input(Input::Mouse(Mouse { what, column, row, at: self.last })));
            }
            Meaning::Focus(focus) => out.push_back(Decoded::Input(Input::Focus(focus))),
            Meaning::Reply(reply) => out.push_back(Decoded::Reply(reply)),
            Meaning::Paste => self.begin(State::Paste { matched: 0 }),
            Meaning::Nothing => {}
        }
    }

    fn pasted(&mut self, byte: u8, matched: usize, out: &mut VecDeque<Decoded>) {
        if PASTE_END.get(matched) == Some(&byte) {
            self.state = State::Paste { matched: matched + 1 };
            if matched + 1 == PASTE_END.len() {
                self.state = State::Ground;
                let kept = std::mem::take(&mut self.kept);
                self.paste(&kept, out);
            }
            return;
        }
        // It was not the end; its first byte stands only at its beginning, so another end can begin only here.
        let begun = PASTE_END.iter().take(matched).copied();
        let rest = (byte != ESC).then_some(byte);
        let room = LONGEST_PASTE.saturating_sub(self.kept.len());
        self.kept.extend(begun.chain(rest).take(room));
        self.state = State::Paste { matched: usize::from(byte == ESC) };
    }

    /// Pasted text, made safe. Line breaks and tabs stay.
    fn paste(&self, bytes: &[u8], out: &mut VecDeque<Decoded>) {
        let mut pasted = String::with_capacity(bytes.len());
        let mut before = ' ';
        for c in bytes.utf8_chunks().flat_map(|chunk| chunk.valid().chars()) {
            match c {
                '\n' if before == '\r' => {}
                '\r' | '\n' => pasted.push('\n'),
                '\t' => pasted.push('\t'),
                c if text::is_unsafe(c) => {}
                c => pasted.push(c),
            }
            before = c;
        }
        out.push_back(Decoded::Input(Input::Paste(pasted, self.last)));
    }

    fn key(&self, code: Code, mods: Mods, out: &mut VecDeque<Decoded>) {
        out.push_back(Decoded::Input(Input::Key(Key { code, mods, kind: Kind::Press, at: self.last })));
    }

    fn with_alt(&self, code: Code, out: &mut VecDeque<Decoded>) {
        self.key(code, Mods { ctrl: false, alt: true }, out);
    }
}

/// The key of a single byte below 0x80.
fn plain(byte: u8) -> (Code, Mods) {
    let ctrl = |c: u8| (Code::Char(char::from(c)), Mods { ctrl: true, alt: false });
    let code = match byte {
        0x00 => return ctrl(b' '),
        b'\r' => Code::Enter,
        b'\t' => Code::Tab,
        // A serial terminal's key for it may send either.
        0x08 | 0x7f => Code::Backspace,
        0x01..=0x1a => return ctrl(byte + 0x60),
        ESC => Code::Esc,
        0x1c..=0x1f => return ctrl(byte + 0x40),
        _ => Code::Char(char::from(byte)),
    };
    (code, Mods::default())
}

/// How many bytes a character has that begins with this one.
fn length(first: u8) -> Option<usize> {
    match first {
        0xc2..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf4 => Some(4),
        _ => None,
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
