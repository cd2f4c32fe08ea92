//! What a terminal is told besides what it shows: text for the clipboard, a line for the desktop; and how that gets
//! through what may stand between.

use super::caps::{Notes, Through};
use crate::{settings::Alerts, text, tui::LONGEST_COPY};

/// The longest line that a desktop is given to show, in characters.
const LONGEST_NOTE: usize = 200;
/// How much GNU screen passes on in one piece.
const PIECE: usize = 256;

const BELL: u8 = 0x07;

/// Puts text on the clipboard, by OSC 52. Nothing where it is too long, since half of it is not what was copied.
pub(super) fn copy(text: &str, through: Through) -> Vec<u8> {
    if text.len() > LONGEST_COPY {
        return Vec::new();
    }
    let command = [b"\x1b]52;c;".as_slice(), &base64(text.as_bytes()), &[BELL]].concat();
    match through {
        // Its own buffer takes it where its settings let it; the terminal behind it gets it by itself.
        Through::Tmux => [command.as_slice(), &passed(&command, through)].concat(),
        Through::Nothing | Through::Screen => passed(&command, through),
    }
}

/// Rings, and gives the desktop a line to show.
pub(super) fn alert(line: &str, alerts: Alerts, notes: Option<Notes>, through: Through) -> Vec<u8> {
    if alerts == Alerts::None {
        return Vec::new();
    }
    let mut bytes = vec![BELL];
    if let (Alerts::Desktop, Some(notes)) = (alerts, notes) {
        let line = text::line(line, LONGEST_NOTE);
        let command = match notes {
            // The name in front keeps a line that begins with a number from being another command.
            Notes::Osc9 => format!("\x1b]9;Flightdeck: {line}\x07"),
            Notes::Osc777 => format!("\x1b]777;notify;Flightdeck;{}\x07", line.replace(';', ",")),
        };
        bytes.extend(passed(command.as_bytes(), through));
    }
    bytes
}

/// A command so that it gets through to the terminal behind.
fn passed(command: &[u8], through: Through) -> Vec<u8> {
    match through {
        Through::Nothing => command.to_vec(),
        Through::Tmux => {
            let mut bytes = b"\x1bPtmux;".to_vec();
            for byte in command {
                if *byte == 0x1b {
                    bytes.push(*byte);
                }
                bytes.push(*byte);
            }
            bytes.extend_from_slice(b"\x1b\\");
            bytes
        }
        Through::Screen => command.chunks(PIECE).flat_map(|piece| [b"\x1bP".as_slice(), piece, b"\x1b\\"].concat()).collect(),
    }
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three.iter().chain([&0, &0]).take(3).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        for place in 0..4 {
            let sextet = u8::try_from(number >> (18 - 6 * place) & 0x3f).unwrap_or(0);
            encoded.push(match sextet {
                _ if place > three.len() => b'=',
                0..=25 => b'A' + sextet,
                26..=51 => b'a' + (sextet - 26),
                52..=61 => b'0' + (sextet - 52),
                62 => b'+',
                _ => b'/',
            });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn encodes() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{fb}\u{ff}?>", "w7vDvz8+"),
        ] {
            assert_eq!(said(base64(text.as_bytes())), expected);
        }
    }

    #[test]
    fn copies_through_what_stands_between() {
        assert_eq!(said(copy("foo", Through::Nothing)), "\x1b]52;c;Zm9v\x07");
        assert_eq!(said(copy("foo", Through::Tmux)), "\x1b]52;c;Zm9v\x07\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\");
        assert_eq!(said(copy("foo", Through::Screen)), "\x1bP\x1b]52;c;Zm9v\x07\x1b\\");
        let pieces = said(copy(&"foo".repeat(100), Through::Screen));
        assert_eq!(pieces.matches("\x1bP").count(), 2);
        assert_eq!(pieces.replace("\x1bP", "").replace("\x1b\\", ""), format!("\x1b]52;c;{}\x07", "Zm9v".repeat(100)));
    }

    #[test]
    fn copies_all_or_nothing() {
        assert!(copy(&"x".repeat(LONGEST_COPY), Through::Nothing).len() < 75_100);
        assert_eq!(copy(&"x".repeat(LONGEST_COPY + 1), Through::Nothing), b"");
    }

    #[test]
    fn calls_as_much_as_is_wanted() {
        let notes = Some(Notes::Osc9);
        assert_eq!(said(alert("go", Alerts::Desktop, notes, Through::Nothing)), "\x07\x1b]9;Flightdeck: go\x07");
        assert_eq!(said(alert("go", Alerts::Desktop, notes, Through::Tmux)), "\x07\x1bPtmux;\x1b\x1b]9;Flightdeck: go\x07\x1b\\");
        assert_eq!(said(alert("go", Alerts::Desktop, None, Through::Nothing)), "\x07");
        assert_eq!(said(alert("go", Alerts::Bell, notes, Through::Nothing)), "\x07");
        assert_eq!(said(alert("go", Alerts::None, notes, Through::Nothing)), "");
        let other = said(alert("a;b\x07\x1b]52;c;eA==\x07\nc", Alerts::Desktop, Some(Notes::Osc777), Through::Nothing));
        assert_eq!(other, "\x07\x1b]777;notify;Flightdeck;a,b� c\x07");
        assert!(alert(&"x".repeat(10_000), Alerts::Desktop, notes, Through::Nothing).len() < 300);
    }
}
