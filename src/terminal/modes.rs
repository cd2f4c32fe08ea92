//! The modes that a cockpit needs of a terminal: how each is switched on, and off again.

/// Alternate screen, which is erased where there is none; pasted text in one piece, the focus told, no cursor.
pub(super) const ENTER: &[u8] = b"\x1b[?1049h\x1b[0m\x1b[2J\x1b[?2004h\x1b[?1004h\x1b[?25l";
/// Everything off that may be on: a frame that was left open, the mouse, the focus, pasted text, attributes, what is shown
/// where there is no other screen to go back to; the cursor, the screen.
pub(super) const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l";

/// A frame is shown when it is whole; terminals that do not know this ignore it.
pub(super) const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
pub(super) const END_FRAME: &[u8] = b"\x1b[?2026l";

/// Clicks and the wheel, with places beyond column 223; no movement.
pub(super) const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
pub(super) const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Does it know kitty's keyboard protocol? Only one that does answers.
pub(super) const KEYBOARD_ASK: &[u8] = b"\x1b[?u";
/// Keys that cannot be taken for others, and what happens to them. The terminal keeps what was set before.
pub(super) const KEYBOARD_ON: &[u8] = b"\x1b[>3u";
pub(super) const KEYBOARD_OFF: &[u8] = b"\x1b[<u";
