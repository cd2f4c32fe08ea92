//! Signals as input: the cockpit leaves, stops and goes on by itself, so that the terminal is given back and nothing is cut off.

use std::{io, task::Poll};

use futures::{Stream, stream};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use super::{Guard, local::size_of_stdout};
use crate::tui::{Input, Stop};

/// What a signal means.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Stop(Stop),
    Suspend,
    Resumed,
    Resize,
}

/// HUP, TERM, INT and QUIT of this process, then TSTP and CONT, and last WINCH. Several of one kind may come as one.
///
/// # Errors
/// Where they cannot be caught.
pub fn signals() -> io::Result<impl Stream<Item = Input> + Unpin> {
    let mut watched = Vec::new();
    for (kind, meaning) in [
        (SignalKind::hangup(), Meaning::Stop(Stop::HangUp)),
        (SignalKind::terminate(), Meaning::Stop(Stop::Terminate)),
        (SignalKind::interrupt(), Meaning::Stop(Stop::Interrupt)),
        (SignalKind::quit(), Meaning::Stop(Stop::Terminate)),
        (SignalKind::from_raw(Signal::TSTP.as_raw()), Meaning::Suspend),
        (SignalKind::from_raw(Signal::CONT.as_raw()), Meaning::Resumed),
        (SignalKind::window_change(), Meaning::Resize),
    ] {
        watched.push((signal(kind)?, meaning));
    }
    Ok(stream::poll_fn(move |context| {
        for (signal, meaning) in &mut watched {
            while signal.poll_recv(context).is_ready() {
                let input = match meaning {
                    Meaning::Stop(stop) => Some(Input::Stop(*stop)),
                    Meaning::Suspend => Some(Input::Suspend),
                    Meaning::Resumed => Some(Input::Resumed),
                    Meaning::Resize => size_of_stdout().map(|size| Input::Resize(size.width, size.height)),
                };
                if input.is_some() {
                    return Poll::Ready(input);
                }
            }
        }
        Poll::Pending
    }))
}

/// Signals, and what a person does at the local terminal.
///
/// # Errors
/// Where signals cannot be caught, or the terminal cannot be read from.
pub fn input(guard: Guard) -> io::Result<impl Stream<Item = Input>> {
    Ok(stream::select(signals()?, super::input::keys(guard)?))
}
