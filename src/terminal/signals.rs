//! Signals as input: the cockpit leaves by itself, so that the terminal is given back and nothing is cut off.

use std::{io, task::Poll};

use futures::{Stream, stream};
use tokio::signal::unix::{SignalKind, signal};

use crate::tui::{Input, Stop};

/// INT, TERM, HUP and QUIT of this process.
///
/// # Errors
/// Where they cannot be caught.
pub fn signals() -> io::Result<impl Stream<Item = Input> + Unpin> {
    let mut watched = Vec::new();
    for (kind, stop) in [
        (SignalKind::hangup(), Stop::HangUp),
        (SignalKind::terminate(), Stop::Terminate),
        (SignalKind::interrupt(), Stop::Interrupt),
        (SignalKind::quit(), Stop::Terminate),
    ] {
        watched.push((signal(kind)?, stop));
    }
    Ok(stream::poll_fn(move |context| {
        for (signal, stop) in &mut watched {
            if signal.poll_recv(context).is_ready() {
                return Poll::Ready(Some(Input::Stop(*stop)));
            }
        }
        Poll::Pending
    }))
}

/// Signals and keys of the local terminal.
///
/// # Errors
/// Where signals cannot be caught.
pub fn input() -> io::Result<impl Stream<Item = Input>> {
    Ok(stream::select(signals()?, super::keys()))
}
