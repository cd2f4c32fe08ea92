//! A terminal in memory that counts what it is sent and says when each key was shown.

use std::{
    cell::{Cell as Shared, RefCell},
    io::{self, Write},
    rc::Rc,
    time::{Duration, Instant},
};

use flightdeck::{
    terminal::Local,
    tui::{Call, Console, Input},
};
use futures::{Stream, stream};
use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};
use tokio::sync::mpsc;

/// The keys that were taken in and not shown yet, and how long the others took.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    taken: Rc<RefCell<Vec<Instant>>>,
    shown: Rc<RefCell<Vec<Duration>>>,
}

impl Keys {
    /// The input as it comes, with a note of when each key arrived.
    pub(crate) fn stream(&self, input: mpsc::UnboundedReceiver<Input>) -> impl Stream<Item = Input> {
        let taken = Rc::clone(&self.taken);
        stream::unfold((input, taken), |(mut input, taken)| async move {
            let came = input.recv().await?;
            if let Input::Key(key) = &came {
                taken.borrow_mut().push(key.at);
            }
            Some((came, (input, taken)))
        })
    }

    /// From each key's arrival to the end of the frame that showed it.
    pub(crate) fn times(&self) -> Vec<Duration> {
        self.shown.borrow().clone()
    }

    /// A frame is whole: whatever was taken in before it is in it, for the loop does one after the other.
    fn frame(&self) {
        let now = Instant::now();
        self.shown.borrow_mut().extend(self.taken.borrow_mut().drain(..).map(|arrived| now - arrived));
    }
}

/// Counts what is written.
#[derive(Clone, Default)]
struct Count(Rc<Shared<u64>>);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The back-end of a real terminal, with nothing behind it.
pub(crate) struct Timed {
    local: Local<Count>,
    keys: Keys,
    frames: u32,
}

impl Timed {
    pub(crate) fn new(size: Size, keys: Keys) -> Self {
        Self { local: Local::new(Count::default(), size), keys, frames: 0 }
    }

    /// How many bytes were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.local.writer().0.get()
    }

    /// How many frames were drawn.
    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }
}

impl Console for Timed {
    fn call(&mut self, call: &Call) -> io::Result<()> {
        self.local.call(call)
    }
}

impl Backend for Timed {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        self.local.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.local.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.local.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.local.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.local.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.local.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.local.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.local.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.local.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.local.flush();
        self.frames += 1;
        self.keys.frame();
        flushed
    }
}
