//! A back-end that writes each frame whole, in one piece, and nothing where nothing changed.

use std::io::{self, Write};

use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

/// A frame is shown when it is whole: mode 2026, which terminals that do not know it ignore.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
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
        Ok(rustix::io::write(io::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes frames to a terminal.
#[derive(Debug)]
pub struct Local<W> {
    out: W,
    frame: Vec<u8>,
    size: Option<Size>,
    cursor_shown: Option<bool>,
    cursor: Option<Position>,
}

impl Local<Stdout> {
    /// To the terminal at standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self { size: None, ..Self::new(Stdout, USUAL) }
    }
}

impl<W: Write> Local<W> {
    /// To any writer that leads to a terminal of that size.
    pub fn new(out: W, size: Size) -> Self {
        Self { out, frame: Vec::with_capacity(CAPACITY), size: Some(size), cursor_shown: None, cursor: None }
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, size: Size) {
        self.size = Some(size);
    }

    /// What is written to.
    pub fn writer(&self) -> &W {
        &self.out
    }

    fn encoder(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.frame)
    }
}

impl<W: Write> Backend for Local<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor = None;
        self.encoder().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown.replace(false) == Some(false) { Ok(()) } else { self.encoder().hide_cursor() }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown.replace(true) == Some(true) { Ok(()) } else { self.encoder().show_cursor() }
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would wait for its answer among the keys.
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor.replace(position) == Some(position) { Ok(()) } else { self.encoder().set_cursor_position(position) }
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.encoder().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let size = self.size.unwrap_or_else(|| match rustix::termios::tcgetwinsize(io::stdout()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size { width: size.ws_col, height: size.ws_row },
            _ => USUAL,
        });
        Ok(Size { width: size.width.min(LARGEST.width), height: size.height.min(LARGEST.height) })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        self.frame.splice(0..0, BEGIN.iter().copied());
        self.frame.extend_from_slice(END);
        let written = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.frame.clear();
        written
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

    #[test]
    fn a_frame_is_one_write_and_no_change_is_none() {
        let mut terminal = Terminal::new(Local::new(Writes::default(), Size { width: 20, height: 3 })).unwrap();
        terminal.draw(|frame| frame.render_widget(Paragraph::new("hello"), frame.area())).unwrap();
        assert_eq!(terminal.backend().writer().0.len(), 1);
        let first = String::from_utf8(terminal.backend().writer().0[0].clone()).unwrap();
        assert!(first.starts_with("\x1b[?2026h") && first.ends_with("\x1b[?2026l") && first.contains("hello"), "{first:?}");
        terminal.draw(|frame| frame.render_widget(Paragraph::new("hello"), frame.area())).unwrap();
        assert_eq!(terminal.backend().writer().0.len(), 1, "nothing changed");
        terminal.draw(|frame| frame.render_widget(Paragraph::new("hellp"), frame.area())).unwrap();
        assert_eq!(terminal.backend().writer().0.len(), 2);
        assert!(terminal.backend().writer().0[1].len() < 60);
    }

    #[test]
    fn no_screen_is_too_large() {
        let backend = Local::new(Vec::new(), Size { width: 65_535, height: 65_535 });
        assert_eq!(backend.size().unwrap(), LARGEST);
    }
}
