//! A back-end that writes each frame whole, in one piece, and nothing where nothing changed.

use std::{
    io::{self, Write},
    os::fd::AsFd,
};

use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

use super::{
    Guard,
    caps::{Capabilities, Notes, Through},
    encode::Encoder,
    modes::{self, BEGIN_FRAME, END_FRAME},
    told,
};
use crate::{
    settings::Alerts,
    tui::{Call, Console},
};

/// What a frame's buffer holds without growing.
const CAPACITY: usize = 64 * 1024;
/// No screen is larger than this, whatever a terminal says of itself.
const LARGEST: Size = Size { width: 500, height: 200 };
/// What is taken for the size of a terminal that does not say.
const USUAL: Size = Size { width: 80, height: 24 };

/// Standard output, unbuffered and without a lock that a panic could find taken.
#[derive(Debug, Clone, Copy)]
pub struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(write(io::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes, and waits for room where whoever shares the terminal has made it one that does not wait.
fn write(to: impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    loop {
        match rustix::io::write(&to, bytes) {
            Err(Errno::AGAIN) => {}
            written => return written,
        }
        match poll(&mut [PollFd::new(&to, PollFlags::OUT)], None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The size of the terminal at standard output, if it says one.
pub(super) fn size_of_stdout() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size { width: size.ws_col, height: size.ws_row })
}

/// Writes frames to a terminal, and what it is told besides.
#[derive(Debug)]
pub struct Local<W> {
    out: W,
    frame: Vec<u8>,
    encoder: Encoder,
    /// The size; none for that of standard output.
    size: Option<Size>,
    cursor_shown: Option<bool>,
    cursor: Position,
    guard: Option<Guard>,
    through: Through,
    notes: Option<Notes>,
    alerts: Alerts,
}

impl Local<Stdout> {
    /// To the terminal at standard output, which is held.
    #[must_use]
    pub fn stdout(guard: Guard, capabilities: &Capabilities) -> Self {
        Self { size: None, guard: Some(guard), ..Self::new(Stdout, USUAL).with_capabilities(capabilities) }
    }
}

impl<W: Write> Local<W> {
    /// To any writer that leads to a terminal of that size.
    pub fn new(out: W, size: Size) -> Self {
        Self {
            out,
            frame: BEGIN_FRAME.to_vec(),
            encoder: Encoder::default(),
            size: Some(size),
            cursor_shown: None,
            cursor: Position::ORIGIN,
            guard: None,
            through: Through::Nothing,
            notes: None,
            alerts: Alerts::default(),
        }
    }

    /// What the terminal can be told.
    #[must_use]
    pub fn with_capabilities(self, capabilities: &Capabilities) -> Self {
        Self { through: capabilities.through, notes: capabilities.notes, ..self }
    }

    /// How much the person wants to be called.
    #[must_use]
    pub fn with_alerts(self, alerts: Alerts) -> Self {
        Self { alerts, ..self }
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, size: Size) {
        self.size = Some(size);
    }

    /// What is written to.
    pub fn writer(&self) -> &W {
        &self.out
    }

    /// Writes something that is no part of a frame.
    fn tell(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// What the terminal shows, and how, is not known any more.
    fn forget(&mut self) {
        self.encoder.forget();
        self.cursor_shown = None;
    }
}

impl<W: Write> Backend for Local<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut content = content.peekable();
        if content.peek().is_some() {
            self.encoder.cells(content, &mut self.frame);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown.replace(false) != Some(false) {
            self.frame.extend_from_slice(b"\x1b[?25l");
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown.replace(true) != Some(true) {
            self.frame.extend_from_slice(b"\x1b[?25h");
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would wait for its answer among the keys.
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.cursor = position.into();
        // One that nobody sees may stand anywhere.
        if self.cursor_shown == Some(true) {
            self.encoder.go(self.cursor, &mut self.frame);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        let what: &[u8] = match region {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        };
        self.encoder.plain(&mut self.frame);
        if region != ClearType::All {
            self.encoder.go(self.cursor, &mut self.frame);
        }
        self.frame.extend_from_slice(what);
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let size = self.size.or_else(size_of_stdout).unwrap_or(USUAL);
        Ok(Size { width: size.width.min(LARGEST.width), height: size.height.min(LARGEST.height) })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.len() <= BEGIN_FRAME.len() {
            return Ok(());
        }
        self.frame.extend_from_slice(END_FRAME);
        let written = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.frame.truncate(BEGIN_FRAME.len());
        self.frame.shrink_to(CAPACITY);
        written
    }
}

impl<W: Write> Console for Local<W> {
    fn call(&mut self, call: &Call) -> io::Result<()> {
        match call {
            Call::Copy(text) => self.tell(&told::copy(text, self.through)),
            Call::Alert(line) => self.tell(&told::alert(line, self.alerts, self.notes, self.through)),
            Call::Mouse(on) => {
                if let Some(guard) = &self.guard {
                    guard.mouse(*on);
                }
                self.tell(if *on { modes::MOUSE_ON } else { modes::MOUSE_OFF })
            }
            Call::Suspend | Call::Retake => {
                self.forget();
                match &self.guard {
                    Some(guard) if *call == Call::Suspend => guard.suspend(),
                    Some(guard) => guard.retake(),
                    // Who holds the other end of a session stops and goes on over there.
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, widgets::Paragraph};

    use super::*;

    /// Counts how often it is written to.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn terminal(width: u16, height: u16) -> Terminal<Local<Writes>> {
        let capabilities = Capabilities::of(|name| (name == "TERM").then(|| "xterm".to_owned())).unwrap();
        Terminal::new(Local::new(Writes::default(), Size { width, height }).with_capabilities(&capabilities)).unwrap()
    }

    fn show(terminal: &mut Terminal<Local<Writes>>, text: &str) -> String {
        let before = terminal.backend().writer().0.len();
        terminal.draw(|frame| frame.render_widget(Paragraph::new(text), frame.area())).unwrap();
        let writes = &terminal.backend().writer().0[before..];
        assert!(writes.len() <= 1, "a frame is one write");
        String::from_utf8(writes.concat()).unwrap()
    }

    #[test]
    fn a_frame_is_one_write_and_no_change_is_none() {
        let mut terminal = terminal(20, 3);
        assert_eq!(show(&mut terminal, "hello"), "\x1b[?2026h\x1b[H\x1b[0mhello\x1b[?25l\x1b[?2026l");
        assert_eq!(show(&mut terminal, "hello"), "", "nothing changed");
        assert_eq!(show(&mut terminal, "hellp"), "\x1b[?2026h\x1b[1;5Hp\x1b[?2026l");
    }

    #[test]
    fn a_cursor_is_shown_where_it_belongs() {
        let mut terminal = terminal(20, 3);
        show(&mut terminal, "name:");
        let before = terminal.backend().writer().0.len();
        let field = |frame: &mut ratatui::Frame<'_>| {
            frame.render_widget(Paragraph::new("name: a"), frame.area());
            frame.set_cursor_position((7, 0));
        };
        terminal.draw(field).unwrap();
        terminal.draw(field).unwrap();
        let writes = &terminal.backend().writer().0[before..];
        assert_eq!(writes, [b"\x1b[?2026h\x1b[Ca\x1b[?25h\x1b[?2026l"], "it stands there already, and then nothing changes");
    }

    #[test]
    fn everything_is_shown_anew_to_a_terminal_that_somebody_else_has_used() {
        let mut terminal = terminal(20, 3);
        let first = show(&mut terminal, "hello");
        terminal.backend_mut().call(&Call::Retake).unwrap();
        terminal.clear().unwrap();
        assert_eq!(show(&mut terminal, "hello"), first.replace("\x1b[H\x1b[0m", "\x1b[0m\x1b[2J\x1b[H"));
    }

    #[test]
    fn what_it_is_called_for_is_no_part_of_a_frame() {
        let mut terminal = terminal(20, 3);
        for call in [Call::Copy("foo".to_owned()), Call::Alert("go".to_owned()), Call::Mouse(true), Call::Mouse(false)] {
            terminal.backend_mut().call(&call).unwrap();
        }
        assert_eq!(
            terminal.backend().writer().0,
            [&b"\x1b]52;c;Zm9v\x07"[..], b"\x07\x1b]9;Flightdeck: go\x07", b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1006l\x1b[?1000l",]
        );
    }

    #[test]
    fn a_terminal_that_does_not_wait_is_waited_for() {
        let (read, to) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK).unwrap();
        while rustix::io::write(&to, &[b'x'; 4096]).is_ok() {}
        // Made empty once it is waited for, or before.
        let reader = std::thread::spawn(move || {
            let taken = rustix::io::read(&read, &mut vec![0; 1024 * 1024]).unwrap();
            (read, taken)
        });
        assert_eq!(write(&to, b"frame"), Ok(5));
        assert!(reader.join().unwrap().1 > 0);
    }

    #[test]
    fn no_screen_is_too_large() {
        let backend = Local::new(Vec::new(), Size { width: 65_535, height: 65_535 });
        assert_eq!(backend.size().unwrap(), LARGEST);
    }
}
