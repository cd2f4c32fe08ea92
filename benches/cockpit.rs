//! The cockpit as somebody at a terminal feels it: how long a key takes to be seen, and what goes over the wire.
//!
//! `cargo bench --bench cockpit` runs the real loop over a terminal in memory, in real time, for about half a minute.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "the figures are what it is for")]

#[path = "support/loaded.rs"]
mod loaded;
#[path = "../tests/cockpit/scenes.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod scenes;
#[path = "support/timed.rs"]
mod timed;

use std::{
    thread,
    time::{Duration, Instant},
};

use flightdeck::{
    health::Sample,
    release::{CONTROLLER, Event, EventKind, Outcome, Phase, Release, Wanted, advance, decide, wanted},
    tui::{Code, Driving, Exit, Input, Key, Link, Request, Stop, SystemClock, Update, draw, run},
};
use jiff::{SignedDuration, Timestamp};
use ratatui::{Terminal, layout::Size};
use scenes::{Flight, Hand};
use timed::{Keys, Timed};
use tokio::sync::mpsc;

const SCREEN: Size = Size { width: 200, height: 50 };
/// How many keys are pressed.
const KEYS: u64 = 400;
/// From one event to the next.
const EVENT: Duration = Duration::from_millis(1);
/// From one sample to the next: each of 200 signals is sampled every 5 seconds.
const SAMPLE: Duration = Duration::from_millis(25);

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    if wanted("keys") {
        for (what, updates) in [("nothing else going on", false), ("1,000 events a second", true)] {
            keys(what, updates);
        }
    }
    if wanted("wire") {
        promoted_step();
        wire("500 checks, 200 signals, 40 stages", loaded::loaded());
    }
}

/// A number that looks random and is the same in every run.
fn any(n: u64) -> u64 {
    let mixed = (n ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
}

/// From a key's arrival to the end of the first frame that was begun after it had been taken in.
fn keys(what: &str, updates: bool) {
    // The release as if it flew now.
    let mut flight = loaded::loaded();
    let ago = Timestamp::now().duration_since(flight.now);
    for n in 0..200 {
        let signal = format!("signal-{n}");
        for at in 0..240 {
            let at = flight.now + ago - SignedDuration::from_secs((239 - at) * 5);
            flight.release.observe(&signal, Sample::number(at, 40.0));
        }
    }
    let sequence = flight.release.sequence;
    let (update, told) = mpsc::channel(1024);
    let (requests, mut asked) = mpsc::channel(64);
    let (press, pressed) = mpsc::unbounded_channel();
    let keys = Keys::default();
    let mut terminal = Terminal::new(Timed::new(SCREEN, keys.clone())).unwrap();

    let typist = thread::spawn(move || {
        for n in 0..KEYS {
            thread::sleep(Duration::from_millis(30 + any(n) % 60));
            let code = match any(n + KEYS) % 12 {
                0 => Code::Tab,
                1 => Code::Char('z'),
                2 => Code::PageDown,
                n if n % 2 == 0 => Code::Char('j'),
                _ => Code::Char('k'),
            };
            // Dropped once the cockpit was left.
            let _left = press.send(Input::Key(Key::press(code, Instant::now())));
        }
        thread::sleep(Duration::from_millis(200));
        let _left = press.send(Input::Stop(Stop::Closed));
    });
    let world = thread::spawn(move || {
        let _told = update.blocking_send(Update::Driving(Driving::Here));
        let begun = Instant::now();
        let mut count = 0_u32;
        while updates && !update.is_closed() {
            let (by, kind) = loaded::event(count as usize);
            let at = Timestamp::now();
            let event = Update::Event(sequence + 1 + u64::from(count), Event { at, by, kind });
            if update.blocking_send(event).is_err() {
                return count;
            }
            if count.is_multiple_of(u32::try_from(SAMPLE.as_millis() / EVENT.as_millis()).unwrap()) {
                let signal = format!("signal-{}", count / 25 % 200);
                let _left = update.blocking_send(Update::Samples(vec![(signal, Sample::number(at, 41.0))]));
            }
            count += 1;
            thread::sleep((begun + EVENT * count).saturating_duration_since(Instant::now()));
        }
        while !update.is_closed() {
            thread::sleep(SAMPLE);
        }
        count
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    let left = runtime.block_on(run(
        &mut terminal,
        flight.release,
        Link { updates: told, requests },
        keys.stream(pressed),
        scenes::settings(),
        SystemClock,
    ));
    assert!(matches!(left, Ok(Exit::Stopped(Stop::Closed))), "{left:?}");
    let took = begun.elapsed();
    typist.join().unwrap();
    let events = world.join().unwrap();
    while let Ok(request) = asked.try_recv() {
        assert!(!matches!(request, Request::Act { .. }), "nobody asked for anything");
    }
    let mut times = keys.times();
    assert_eq!(times.len(), KEYS as usize, "every key was shown");
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    println!(
        "key to frame, {what}: half within {:.2} ms, 99 % within {:.2} ms (goal 5 ms); {:.0} frames and {:.0} events a second",
        at(50),
        at(99),
        f64::from(terminal.backend().frames()) / took.as_secs_f64(),
        f64::from(events) / took.as_secs_f64(),
    );
}

/// What goes over the wire, each change in a frame of its own.
struct Wire {
    hand: Hand,
    terminal: Terminal<Timed>,
}

impl Wire {
    /// Draws what there is to draw; how many bytes that takes.
    fn frame(&mut self) -> u64 {
        let before = self.terminal.backend().bytes();
        let mut shown = None;
        self.terminal.draw(|frame| shown = Some(draw(&self.hand.app, frame, self.hand.now))).unwrap();
        self.hand.app.drawn(shown.unwrap());
        self.terminal.backend().bytes() - before
    }

    fn key(&mut self, code: Code) -> (u64, Vec<Request>) {
        let sent = self.hand.after(500, code);
        (self.frame(), sent)
    }

    fn tick(&mut self) -> u64 {
        self.hand.now += SignedDuration::from_secs(1);
        self.frame()
    }
}

fn say(what: &str, bytes: u64, goal: &str) {
    println!("  {what:44} {bytes:>7} bytes{goal}");
}

fn wire(what: &str, flight: Flight) -> Wire {
    let hand = Hand::at(flight, scenes::settings());
    let mut wire = Wire { hand, terminal: Terminal::new(Timed::new(SCREEN, Keys::default())).unwrap() };
    println!("on the wire at 200x50, {what}:");
    say("first frame", wire.frame(), "");
    say("nothing changed", wire.frame(), "");
    say("a clock tick", wire.tick(), "");
    say("moving the selection", wire.key(Code::Char('k')).0, "");
    wire.key(Code::Char('j'));
    wire
}

/// A step from the key that asks for it to the watch over it: what comes is what the core says, in its order.
fn promoted_step() {
    let Flight { mut release, now } = scenes::scene("waiting");
    // What the signals are was written down long before.
    for kind in advance(&release, now) {
        release.apply(&Event { at: now, by: CONTROLLER.to_owned(), kind });
    }
    let mut wire = wire("a release of seven stages", Flight { release: release.clone(), now });
    let (mut asking, _) = wire.key(Code::Char('p'));
    for letter in "production".chars() {
        asking += wire.key(Code::Char(letter)).0;
    }
    let (mut taking, sent) = wire.key(Code::Enter);
    let [Request::Act { id, command }] = sent.as_slice() else { unreachable!("it was confirmed: {sent:?}") };
    let mut told = |wire: &mut Wire, release: &mut Release, by: &str, kind: EventKind| {
        let event = Event { at: wire.hand.now, by: by.to_owned(), kind };
        release.apply(&event);
        wire.hand.told(Update::Event(release.sequence, event));
        taking += wire.frame();
    };
    for kind in decide(&release, command, wire.hand.now).unwrap() {
        told(&mut wire, &mut release, "alice", kind);
    }
    let mut seconds = 0;
    while release.stage("canary").unwrap().1.phase != Phase::Baking {
        for Wanted { stage, attempt, step, act } in wanted(&release) {
            let op = format!("{stage}-{}", release.sequence);
            let intended = EventKind::OperationIntended { op: op.clone(), stage: stage.clone(), attempt, step, act };
            told(&mut wire, &mut release, "flightdeck", intended);
            // It takes two seconds.
            seconds += wire.tick() + wire.tick();
            let ended = EventKind::OperationEnded { op, stage, outcome: Outcome::Succeeded { seen: None } };
            told(&mut wire, &mut release, "flightdeck", ended);
        }
        for kind in advance(&release, wire.hand.now) {
            told(&mut wire, &mut release, "flightdeck", kind);
        }
    }
    wire.hand.told(Update::Answer { id: *id, answer: Ok("promoted canary to 50 %".to_owned()) });
    taking += wire.frame() + seconds;
    say("a promoted step: reading, typing the name", asking, "");
    say("a promoted step: from Enter to its watch", taking, " (goal 4,096)");
    say("a promoted step, all of it", asking + taking, "");
}
