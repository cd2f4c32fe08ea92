//! The bytes that come in at a terminal, read by a thread of its own, and only when there are some.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use futures::Stream;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    pipe::{PipeFlags, pipe_with},
};
use tokio::sync::mpsc;

/// Bytes, and when they came.
pub type Chunk = (Instant, Vec<u8>);

/// How much is read at once.
const READ: usize = 4096;
/// How many reads may wait to be taken in; then nothing more is read, and the terminal waits.
const WAITING: usize = 16;

/// Bytes until nothing can be read any more. The thread ends with the stream.
#[derive(Debug)]
pub(super) struct Reader {
    chunks: mpsc::Receiver<Chunk>,
    /// Closed when this is dropped, which wakes the thread.
    _wake: OwnedFd,
}

impl Reader {
    /// Begins to read.
    ///
    /// # Errors
    /// Where there is no room for a thread or a pipe.
    pub(super) fn begin(input: impl AsFd + Send + 'static) -> io::Result<Self> {
        let (woken, wake) = pipe_with(PipeFlags::CLOEXEC)?;
        let (send, chunks) = mpsc::channel(WAITING);
        std::thread::Builder::new().name("input".to_owned()).spawn(move || read(&input, &woken, &send))?;
        Ok(Self { chunks, _wake: wake })
    }
}

impl Stream for Reader {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        self.chunks.poll_recv(context)
    }
}

/// Reads until there is nothing left to read, or nobody left to read for.
fn read(input: &impl AsFd, woken: &OwnedFd, send: &mpsc::Sender<Chunk>) {
    let mut buffer = [0; READ];
    loop {
        let mut ready = [PollFd::new(input, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return,
        }
        let [input_ready, woken_ready] = ready.map(|ready| ready.revents());
        if !woken_ready.is_empty() {
            return;
        }
        match rustix::io::read(input, &mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                if send.blocking_send((Instant::now(), bytes)).is_err() {
                    return;
                }
            }
            Err(Errno::INTR) => {}
            // Somebody else was faster, unless there will never be anything.
            Err(Errno::AGAIN) if !input_ready.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use rustix::pipe::pipe;

    use super::*;

    #[tokio::test]
    async fn reads_until_the_end() {
        let (input, terminal) = pipe().unwrap();
        let mut reader = Reader::begin(input).unwrap();
        rustix::io::write(&terminal, b"ab").unwrap();
        assert_eq!(reader.next().await.unwrap().1, b"ab");
        rustix::io::write(&terminal, b"c").unwrap();
        assert_eq!(reader.next().await.unwrap().1, b"c");
        drop(terminal);
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn waits_when_nobody_takes_it_in() {
        let (input, terminal) = pipe().unwrap();
        let mut reader = Reader::begin(input).unwrap();
        let writer = std::thread::spawn(move || {
            for _ in 0..200 {
                let mut rest = &[b'x'; READ][..];
                while !rest.is_empty() {
                    rest = &rest[rustix::io::write(&terminal, rest).unwrap()..];
                }
            }
        });
        let mut read = 0;
        while let Some((_, bytes)) = reader.next().await {
            read += bytes.len();
            assert!(reader.chunks.len() <= WAITING);
        }
        assert_eq!(read, 200 * READ);
        writer.join().unwrap();
    }

    #[tokio::test]
    async fn the_thread_ends_with_the_stream() {
        let (input, terminal) = pipe().unwrap();
        drop(Reader::begin(input).unwrap());
        // Once it has ended, the pipe's other end is closed.
        while rustix::io::write(&terminal, b"x").is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
