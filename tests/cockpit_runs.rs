//! The cockpit's loop over a real back-end: what is written, when, and what ends it.
#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use flightdeck::{
    release::{Ask, EventKind},
    terminal::Local,
    tui::{Code, Driving, Exit, Input, Key, Link, Request, Stop, Update, run},
};
use futures::{SinkExt, channel::mpsc as inputs};
use jiff::{SignedDuration, Timestamp};
use ratatui::{Terminal, layout::Size};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

/// What was written, each write by itself.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tape {
    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A cockpit that runs, its far ends, and the screen that its bytes make.
struct Running {
    tape: Tape,
    screen: vt100::Parser,
    updates: mpsc::Sender<Update>,
    requests: mpsc::Receiver<Request>,
    input: inputs::Sender<Input>,
    done: JoinHandle<Exit>,
}

impl Running {
    async fn start(scene: &str) -> Self {
        let flight = scenes::scene(scene);
        let (updates, told) = mpsc::channel(64);
        let (asks, requests) = mpsc::channel(8);
        let (input, keys) = inputs::channel(64);
        let tape = Tape::default();
        let mut terminal = Terminal::new(Local::new(tape.clone(), Size { width: 200, height: 50 })).unwrap();
        let (zero, now) = (Instant::now(), flight.now);
        let clock = move || -> Timestamp { now + SignedDuration::try_from(zero.elapsed()).unwrap() };
        let link = Link { updates: told, requests: asks };
        let done =
            tokio::spawn(async move { run(&mut terminal, flight.release, link, keys, scenes::settings(), clock).await.unwrap() });
        let mut running = Self {
            tape,
            screen: vt100::Parser::new(50.try_into().unwrap(), 200.try_into().unwrap(), 0),
            updates,
            requests,
            input,
            done,
        };
        running.tell(Update::Driving(Driving::Here)).await;
        running
    }

    /// Lets so much time go by.
    async fn wait(&mut self, millis: u64) -> Vec<Vec<u8>> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        let writes = self.tape.take();
        for write in &writes {
            self.screen.process(write);
        }
        writes
    }

    async fn tell(&mut self, update: Update) -> Vec<Vec<u8>> {
        self.updates.send(update).await.unwrap();
        self.wait(20).await
    }

    async fn press(&mut self, code: Code) {
        self.wait(500).await;
        self.input.send(Input::Key(Key::press(code, Instant::now().into_std()))).await.unwrap();
        self.wait(40).await;
    }

    fn shows(&self, text: &str) -> bool {
        self.screen.screen().contents().contains(text)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_while_nothing_changes() {
    let mut cockpit = Running::start("completed").await;
    assert!(cockpit.shows("COMPLETED"), "{}", cockpit.screen.screen().contents());
    cockpit.wait(120_000).await;
    // Only what shows minutes changes, once a minute.
    let writes = cockpit.wait(600_000).await;
    assert!(writes.len() <= 11, "{} writes in ten minutes", writes.len());
    assert!(writes.iter().map(Vec::len).sum::<usize>() < 11 * 1200, "{writes:?}");
    assert_eq!(cockpit.wait(30_000).await.len().min(1) + cockpit.wait(29_000).await.len().min(1), 1, "once a minute");
}

#[tokio::test(start_paused = true)]
async fn the_clock_alone_costs_little() {
    // Ten seconds of a task that runs, and of a step that is watched: the clock and one time beside it.
    for scene in ["fresh", "baking"] {
        let mut cockpit = Running::start(scene).await;
        cockpit.wait(3000).await;
        let writes = cockpit.wait(10_000).await;
        let bytes = writes.iter().map(Vec::len).sum::<usize>();
        assert!((9..=11).contains(&writes.len()), "{}", writes.len());
        assert!(bytes < 1000, "{scene}: {bytes} bytes in ten seconds");
        for write in &writes {
            assert!(write.starts_with(b"\x1b[?2026h") && write.ends_with(b"\x1b[?2026l"), "one write a frame");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_updates_is_few_frames_and_keys_get_through() {
    let mut cockpit = Running::start("baking").await;
    let updates = cockpit.updates.clone();
    let flood = tokio::spawn(async move {
        let event = |n: u64| {
            Update::Event(10_000 + n, scenes::scene("fresh").event("bob", EventKind::Noted { text: format!("note {n}") }))
        };
        for n in 0..400 {
            updates.send(event(n)).await.unwrap();
        }
    });
    let frames = cockpit.wait(100).await.len();
    flood.await.unwrap();
    assert!(frames <= 8, "{frames} frames in a tenth of a second");
    cockpit.press(Code::Char('?')).await;
    assert!(cockpit.shows("Keys"));
}

#[tokio::test(start_paused = true)]
async fn promotes_from_key_to_request_and_shows_the_answer() {
    let mut cockpit = Running::start("waiting").await;
    assert!(cockpit.shows("GO") && cockpit.shows("canary waits for you"));
    cockpit.press(Code::Char('p')).await;
    for c in "production".chars() {
        cockpit.press(Code::Char(c)).await;
    }
    // The samples of the scene have grown old meanwhile: new ones come.
    let mut flight = scenes::scene("waiting");
    flight.wait(8);
    let at = flight.now;
    let fresh = |signal: &str, number| {
        let value = flightdeck::health::Value::Number(number);
        (signal.to_owned(), flightdeck::health::Sample::new(at, value))
    };
    cockpit.tell(Update::Samples(vec![fresh("errors", 0.2), fresh("p95", 180.0)])).await;
    cockpit.press(Code::Enter).await;
    let acts = std::iter::from_fn(|| cockpit.requests.try_recv().ok()).find_map(|request| match request {
        Request::Act { id, command } => Some((id, command)),
        _ => None,
    });
    let Some((id, command)) = acts else { panic!("{}", cockpit.screen.screen().contents()) };
    assert_eq!(command.ask, Ask::Promote(Some("canary".to_owned())));
    assert!(cockpit.shows("promote canary: sent"));
    cockpit.tell(Update::Answer { id, answer: Ok("promoted canary to 50 %".to_owned()) }).await;
    assert!(cockpit.shows("promoted canary to 50 %"));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_goes_by_itself_also_on_a_frozen_display() {
    let mut cockpit = Running::start("waiting").await;
    cockpit.press(Code::Char('f')).await;
    cockpit.press(Code::Char('p')).await;
    assert!(cockpit.shows("the display is frozen"), "{}", cockpit.screen.screen().contents());
    cockpit.wait(10_000).await;
    assert!(!cockpit.shows("the display is frozen"), "{}", cockpit.screen.screen().contents());
}

#[tokio::test(start_paused = true)]
async fn ends_when_it_is_told_to() {
    for stop in [Stop::HangUp, Stop::Terminate, Stop::Interrupt] {
        let mut cockpit = Running::start("baking").await;
        cockpit.input.send(Input::Stop(stop)).await.unwrap();
        assert_eq!(cockpit.done.await.unwrap(), Exit::Stopped(stop));
    }
    let cockpit = Running::start("baking").await;
    drop(cockpit.input);
    assert_eq!(cockpit.done.await.unwrap(), Exit::Stopped(Stop::Closed));
}

#[tokio::test(start_paused = true)]
async fn says_that_the_rest_is_gone() {
    let mut cockpit = Running::start("waiting").await;
    let (other, _) = mpsc::channel(1);
    drop(std::mem::replace(&mut cockpit.updates, other));
    cockpit.wait(50).await;
    assert!(cockpit.shows("the release can no longer be followed"), "{}", cockpit.screen.screen().contents());
    cockpit.requests.close();
    cockpit.press(Code::Char(' ')).await;
    assert!(cockpit.shows("hold could not be sent"), "{}", cockpit.screen.screen().contents());
}
