//! What a person does at a terminal, from its bytes and the time: for the local terminal and for any other.

use std::{collections::VecDeque, future::pending, io, time::Instant};

use futures::{Stream, StreamExt, stream};

use super::{
    Guard,
    decode::{Decoded, Decoder},
    reader::{Chunk, Reader},
    sequence::Reply,
};
use crate::tui::{Input, Stop};

/// What comes in from the local terminal at standard input, until it cannot be read any more; then [`Stop::Closed`].
///
/// # Errors
/// Where it cannot be read from.
pub(super) fn keys(guard: Guard) -> io::Result<impl Stream<Item = Input>> {
    let reader = Reader::begin(io::stdin())?;
    Ok(inputs(reader, move |reply| match reply {
        Reply::Keyboard(_) => guard.keyboard_known(),
    }))
}

/// What bytes mean, as soon as it is certain; after the last of them [`Stop::Closed`]. What the terminal says of itself is
/// handed to whoever asked.
pub fn inputs(chunks: impl Stream<Item = Chunk> + Unpin, replied: impl FnMut(Reply)) -> impl Stream<Item = Input> {
    let start = Inputs { chunks, replied, decoder: Decoder::new(Instant::now()), decoded: VecDeque::new(), closed: false };
    stream::unfold(start, |mut inputs| async move { inputs.next().await.map(|input| (input, inputs)) })
}

struct Inputs<S, F> {
    chunks: S,
    replied: F,
    decoder: Decoder,
    decoded: VecDeque<Decoded>,
    closed: bool,
}

impl<S: Stream<Item = Chunk> + Unpin, F: FnMut(Reply)> Inputs<S, F> {
    async fn next(&mut self) -> Option<Input> {
        loop {
            match self.decoded.pop_front() {
                Some(Decoded::Input(input)) => return Some(input),
                Some(Decoded::Reply(reply)) => (self.replied)(reply),
                None if self.closed => return None,
                None => self.wait().await,
            }
        }
    }

    async fn wait(&mut self) {
        let deadline = self.decoder.deadline();
        let time = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => pending().await,
            }
        };
        // What was read in time counts, however late it is taken in.
        tokio::select! {
            biased;
            chunk = self.chunks.next() => match chunk {
                Some((at, bytes)) => self.decoder.feed(&bytes, at, &mut self.decoded),
                None => {
                    self.closed = true;
                    self.decoded.push_back(Decoded::Input(Input::Stop(Stop::Closed)));
                }
            },
            () = time => self.decoder.expire(tokio::time::Instant::now().into(), &mut self.decoded),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use tokio::{sync::mpsc, time::sleep};

    use super::*;
    use crate::tui::{Code, Key};

    fn now() -> Instant {
        tokio::time::Instant::now().into()
    }

    #[tokio::test(start_paused = true)]
    async fn an_esc_is_one_after_a_while() {
        let (send, receive) = mpsc::channel(4);
        let chunks = stream::unfold(receive, |mut receive: mpsc::Receiver<Chunk>| async move {
            receive.recv().await.map(|chunk| (chunk, receive))
        });
        let (replied, replies) = std::sync::mpsc::channel();
        let mut inputs = pin!(inputs(chunks.boxed(), |reply| replied.send(reply).unwrap()));
        let begun = now();
        send.send((begun, b"\x1b".to_vec())).await.unwrap();
        assert_eq!(inputs.next().await, Some(Input::Key(Key::press(Code::Esc, begun))));
        assert_eq!(now() - begun, super::super::ESC_ALONE);

        // The rest comes in time.
        send.send((now(), b"\x1b".to_vec())).await.unwrap();
        assert!(futures::poll!(inputs.next()).is_pending());
        sleep(Duration::from_millis(30)).await;
        send.send((now(), b"[A".to_vec())).await.unwrap();
        assert_eq!(inputs.next().await, Some(Input::Key(Key::press(Code::Up, now()))));

        // The rest was read in time, and is taken in too late.
        let at = now();
        send.send((at, b"\x1b".to_vec())).await.unwrap();
        assert!(futures::poll!(inputs.next()).is_pending());
        let soon = at + Duration::from_millis(10);
        send.send((soon, b"[B".to_vec())).await.unwrap();
        sleep(Duration::from_millis(500)).await;
        assert_eq!(inputs.next().await, Some(Input::Key(Key::press(Code::Down, soon))));

        // Its end.
        send.send((now(), b"\x1b[?0u".to_vec())).await.unwrap();
        drop(send);
        assert_eq!(inputs.next().await, Some(Input::Stop(Stop::Closed)));
        assert_eq!(inputs.next().await, None);
        assert_eq!(replies.try_iter().collect::<Vec<_>>(), [Reply::Keyboard(0)]);
    }
}
