//! The loop: what came in is taken in, and the screen is drawn once for all of it, when something has changed.

use std::{pin::pin, task::Poll, time::Duration};

use futures::{Stream, StreamExt, stream};
use jiff::Timestamp;
use ratatui::Terminal;
use tokio::time::Instant;

use super::{
    app::{App, Effect, Exit, Settings},
    console::{Call, Console},
    draw::draw,
    input::{Input, Stop},
    link::{Link, Request, Update},
    update::{Message, update},
};
use crate::release::Release;

/// Frames come no closer than this,
const FRAME: Duration = Duration::from_millis(16);
/// but for what a person does: that is shown at once, or nearly so where it comes in a flood.
const ANSWER: Duration = Duration::from_millis(2);
/// How much is taken in before the screen is drawn and the keys are looked at again.
const AT_ONCE: usize = 512;

/// What time it is.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl<F: Fn() -> Timestamp> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

enum Came {
    Input(Option<Input>),
    Update(Option<Update>),
    Time,
}

/// Runs a cockpit until it is left.
///
/// The loop sleeps until there is input, an update, or a change of what shows the time.
///
/// # Errors
/// Those of the back-end.
pub async fn run<B: Console>(
    terminal: &mut Terminal<B>,
    release: Release,
    mut link: Link,
    input: impl Stream<Item = Input>,
    settings: Settings,
    clock: impl Clock,
) -> Result<Exit, B::Error> {
    let mut app = App::new(release, settings, clock.now());
    let opening = app.opening();
    carry_out(opening, terminal, &link, &mut app, clock.now())?;
    // When the stream ends the terminal is gone or nobody will ever press a key again.
    let mut input = pin!(input.chain(stream::once(async { Input::Stop(Stop::Closed) })));
    let mut told = true;
    let mut drawn = Instant::now();
    let mut frame = drawn;
    let mut wake = None;
    loop {
        if app.is_dirty() && Instant::now() >= frame {
            let now = clock.now();
            let mut shown = None;
            terminal.draw(|frame| shown = Some(draw(&app, frame, now)))?;
            app.drawn(shown.unwrap_or_default());
            drawn = Instant::now();
            frame = drawn + FRAME;
            wake = app.next_change(now).map(|wait| Instant::now() + wait);
        }
        let until = if app.is_dirty() { Some(frame) } else { wake };
        // The stream of input brings the signals too, and each round takes in one part of either, so neither starves the other.
        let came = tokio::select! {
            biased;
            update = link.updates.recv(), if told => Came::Update(update),
            input = input.next() => Came::Input(input),
            () = sleep_until(until) => Came::Time,
        };
        let now = clock.now();
        let mut effects = Vec::new();
        let mut answers = matches!(came, Came::Input(_));
        match came {
            Came::Time => {
                app.passed(now);
                // What a screen shows goes by its size, which is known once it was drawn.
                effects.extend(app.watch(now));
            }
            Came::Input(Some(input)) => effects.extend(update(&mut app, Message::Input(input), now)),
            Came::Input(None) => return Ok(Exit::Stopped(Stop::Closed)),
            Came::Update(Some(told)) => effects.extend(update(&mut app, Message::Update(told), now)),
            Came::Update(None) => {
                told = false;
                let trouble = Some("the release can no longer be followed".to_owned());
                effects.extend(update(&mut app, Message::Update(Update::Trouble(trouble)), now));
            }
        }
        for _ in 0..AT_ONCE {
            let Ok(told) = link.updates.try_recv() else { break };
            effects.extend(update(&mut app, Message::Update(told), now));
        }
        for _ in 0..AT_ONCE {
            // Polled with this task's own waker, so that whatever stream it is wakes this loop.
            let Poll::Ready(Some(input)) = futures::poll!(input.next()) else { break };
            answers = true;
            effects.extend(update(&mut app, Message::Input(input), now));
            if app.exit().is_some() {
                break;
            }
        }
        if answers {
            frame = frame.min(drawn + ANSWER);
        }
        carry_out(effects, terminal, &link, &mut app, now)?;
        if let Some(exit) = app.exit() {
            return Ok(exit);
        }
    }
}

/// Does what is to be done outside.
fn carry_out<B: Console>(
    effects: Vec<Effect>,
    terminal: &mut Terminal<B>,
    link: &Link,
    app: &mut App,
    now: Timestamp,
) -> Result<(), B::Error> {
    for effect in effects {
        match effect {
            Effect::Request(request) => send(link, app, request, now),
            Effect::Call(call) => {
                terminal.backend_mut().call(&call)?;
                if matches!(call, Call::Suspend | Call::Retake) {
                    // Nothing is known of what the terminal shows.
                    terminal.clear()?;
                    app.touch();
                }
            }
        }
    }
    Ok(())
}

/// Hands a request on without waiting; a person is told where that is not possible.
fn send(link: &Link, app: &mut App, request: Request, now: Timestamp) {
    if let Err(error) = link.requests.try_send(request) {
        let request = match error {
            tokio::sync::mpsc::error::TrySendError::Full(request) | tokio::sync::mpsc::error::TrySendError::Closed(request) => {
                request
            }
        };
        app.not_sent(&request, now);
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
