//! A cockpit in the hands of somebody who does anything at all, over a release that really flies: whatever comes in, in
//! whatever order and at whatever size, nothing falls over and nothing is done that was not shown and meant.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps a test may fail it")]

#[path = "cockpit/scenes.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod scenes;

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use flightdeck::{
    health::{Sample, Unknown, Value},
    plan::CheckKind,
    release::{Ask, Command, Consequence, Event, EventKind, Operation, Outcome, Release, Seen, Wanted, advance, decide, wanted},
    tui::{
        ACTIONS, Action, Change, Code, Driving, Gesture, Input, Key, Keymap, Kind, Looks, Mods, Mouse, Preset, Request, Update,
        parse_keys,
    },
};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use scenes::{Flight, Hand, SCENES, scene, settings, text};

/// What acts on the release; what is dangerous more often than the rest.
const ACTS: [Action; 15] = [
    Action::Promote,
    Action::Promote,
    Action::Promote,
    Action::Promote,
    Action::Rollback,
    Action::Hold,
    Action::Hold,
    Action::Retry,
    Action::Silence,
    Action::Silence,
    Action::Automatic,
    Action::Automatic,
    Action::Sign,
    Action::Recheck,
    Action::Note,
];

/// Something that comes in.
#[derive(Debug, Clone)]
enum Step {
    /// A key, so many milliseconds after the last.
    Key(Code, Mods, Kind, u64),
    /// The keys of an action, pressed by somebody who looks, and may leave what lies on top first.
    Means {
        action: Action,
        leaves: bool,
    },
    /// The name that a dialog asks for, or a move to its other button; a few letters where something is written down.
    Answers,
    /// A deliberate Enter, or one right after the last key; looked at before, or not.
    Enter {
        gap: u64,
        looks: bool,
    },
    /// Keys as a terminal sends what was pasted into it, if it does not say so.
    Burst(Vec<Code>),
    Pastes(String),
    Points(Gesture, u16, u16),
    /// A click on the button that would confirm what is shown.
    PointsAtButton,
    Focus(bool),
    Resumed,
    /// It is drawn in so many columns and rows.
    Draws(u16, u16),
    /// The controller goes on, or somebody else gives a command.
    Flies(u8),
    Commands(u8),
    Sampled(u8, Option<f64>),
    /// Every signal says that all is well.
    Healthy,
    Answered(u64, bool),
    Trouble(bool),
    Drives(u8),
    Wears(Vec<Change>),
    Waits(i64),
}

fn code() -> impl Strategy<Value = Code> {
    prop_oneof![
        6 => prop::sample::select("pRtsnMAcofzw:/?q mjk123ySg[]hlNG日".chars().collect::<Vec<_>>()).prop_map(Code::Char),
        2 => any::<char>().prop_map(Code::Char),
        2 => prop::sample::select(vec![Code::Enter, Code::Esc, Code::Tab]),
        3 => prop::sample::select(vec![
            Code::BackTab, Code::Backspace, Code::Delete, Code::Left, Code::Right, Code::Up, Code::Down, Code::Home, Code::End,
            Code::PageUp, Code::PageDown, Code::Insert, Code::F(1), Code::F(12), Code::F(255),
        ]),
    ]
}

fn mods() -> impl Strategy<Value = Mods> {
    let held = (any::<bool>(), any::<bool>()).prop_map(|(ctrl, alt)| Mods { ctrl, alt });
    prop_oneof![6 => Just(Mods::default()), 1 => held]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![8 => Just(Kind::Press), 1 => Just(Kind::Repeat), 1 => Just(Kind::Release)]
}

fn gap() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..80, 80u64..800]
}

/// Changes that a person's settings could make to the keys.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let keys = prop_oneof![
        "[a-zA-Z:/?]",
        "[a-z] [a-z]",
        "ctrl-[abd-gj-ln-z]",
        prop::sample::select(vec!["space", "enter", "tab", "f5", "up", "x x x x"]).prop_map(str::to_owned),
    ];
    let actions = ACTIONS.iter().map(|described| described.action).collect::<Vec<_>>();
    let change = (keys, prop::option::weighted(0.9, prop::sample::select(actions)));
    let change = change.prop_map(|(keys, to): (String, _)| (parse_keys(&keys).unwrap(), to));
    prop::collection::vec(change, 0..8)
}

fn size() -> impl Strategy<Value = (u16, u16)> {
    let usual = prop::sample::select(vec![(80, 24), (120, 36), (60, 20), (40, 10), (200, 50)]);
    prop_oneof![3 => usual, 2 => (0u16..90, 0u16..40), 1 => (0u16..=300, 0u16..=100)]
}

fn enter() -> impl Strategy<Value = Step> {
    (gap(), prop::bool::weighted(0.8)).prop_map(|(gap, looks)| Step::Enter { gap, looks })
}

fn means() -> impl Strategy<Value = Step> {
    (prop::sample::select(ACTS.to_vec()), any::<bool>()).prop_map(|(action, leaves)| Step::Means { action, leaves })
}

/// Somebody who means an act sees it through, with or without something coming in between.
fn attempt() -> impl Strategy<Value = Vec<Step>> {
    let freezes = prop::collection::vec(Just(Step::Means { action: Action::Freeze, leaves: true }), 0..2);
    let between = prop_oneof![Just(Vec::new()), prop::collection::vec(step(), 1..4)];
    let well = prop::collection::vec(Just(Step::Healthy), 0..2);
    let enters = prop::collection::vec(prop_oneof![3 => enter(), 1 => Just(Step::PointsAtButton)], 1..3);
    (well, freezes, means(), between.clone(), between, enters).prop_map(|(well, freezes, act, before, behind, enters)| {
        [well, freezes, vec![act], before, vec![Step::Answers], behind, enters].into_iter().flatten().collect()
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let part = prop_oneof![2 => attempt(), 1 => prop::collection::vec(step(), 1..6)];
    prop::collection::vec(part, 1..10).prop_map(|parts| parts.into_iter().flatten().collect())
}

fn step() -> impl Strategy<Value = Step> {
    let gesture = prop::sample::select(vec![Gesture::Click, Gesture::Click, Gesture::WheelUp, Gesture::WheelDown]);
    prop_oneof![
        12 => (code(), mods(), kind(), gap()).prop_map(|(code, mods, kind, gap)| Step::Key(code, mods, kind, gap)),
        3 => means(),
        3 => Just(Step::Answers),
        3 => enter(),
        1 => prop::collection::vec(code(), 2..14).prop_map(Step::Burst),
        1 => "(production|\n|\r|p|R| |\u{1b}\\[A|[a-z]{0,9}){0,6}".prop_map(Step::Pastes),
        3 => (gesture, 0u16..120, 0u16..50).prop_map(|(what, column, row)| Step::Points(what, column, row)),
        1 => any::<bool>().prop_map(Step::Focus),
        1 => Just(Step::Resumed),
        5 => size().prop_map(|(width, height)| Step::Draws(width, height)),
        5 => any::<u8>().prop_map(Step::Flies),
        2 => any::<u8>().prop_map(Step::Commands),
        2 => (any::<u8>(), prop::option::of(-1.0..400.0)).prop_map(|(signal, value)| Step::Sampled(signal, value)),
        1 => (0u64..6, any::<bool>()).prop_map(|(id, well)| Step::Answered(id, well)),
        1 => any::<bool>().prop_map(Step::Trouble),
        1 => any::<u8>().prop_map(Step::Drives),
        1 => changes().prop_map(Step::Wears),
        1 => Just(Step::Healthy),
        2 => prop_oneof![0i64..3, 0i64..90].prop_map(Step::Waits),
    ]
}

/// What a person did just before something was asked for.
enum By {
    Key(Key),
    Burst(usize),
    Paste,
    Mouse,
}

/// A dialog as it was when it was opened.
struct Opened {
    title: String,
    /// The release at that moment.
    release: Release,
    now: jiff::Timestamp,
    /// How many screens had been drawn by then.
    drawn: usize,
}

struct Play {
    hand: Hand,
    /// The same release, beside the cockpit.
    release: Release,
    keymap: Keymap,
    size: (u16, u16),
    /// The last screen that was drawn, and how many were.
    screen: String,
    drawn: usize,
    /// What there was to see when Enter was pressed.
    before: String,
    opened: Option<Opened>,
    /// What was asked for.
    asked: Vec<Ask>,
}

type Checked = Result<(), TestCaseError>;

/// The question of the dialog on a screen.
fn question(screen: &str) -> Option<String> {
    screen.contains("[ Cancel ]").then_some(())?;
    // The title stands in the frame's first line.
    let titles = screen.lines().filter_map(|line| line.split_once("╭─ ")?.1.split_once('?'));
    titles.map(|(title, _)| format!("{title}?")).next()
}

/// The questions that may stand before an act.
fn questions(ask: &Ask, was: &Release) -> Vec<String> {
    match ask {
        Ask::Promote(Some(stage)) => vec![format!("Promote {stage}?"), format!("Take {stage} as done?")],
        Ask::Rollback if was.rollback.is_none() => vec![format!("Roll {} back?", was.plan.service)],
        Ask::Rollback | Ask::Retry(None) => vec!["Go on rolling back?".to_owned()],
        Ask::Retry(Some(stage)) => vec![format!("Start {stage} again?")],
        Ask::Resume => vec!["Go on?".to_owned()],
        Ask::Automatic(true) => vec!["Automatic rollback back in?".to_owned()],
        other => panic!("{other:?} stands behind no question"),
    }
}

impl Play {
    fn new(name: &str, preset: Preset, changes: &[Change]) -> Self {
        let Flight { release, now } = scene(name);
        let (keymap, _) = Keymap::changed(preset, changes);
        let looks = Looks { keymap: keymap.clone(), ..Looks::default() };
        let mut settings = settings();
        settings.looks = looks;
        settings.mouse = true;
        let hand = Hand::at(Flight { release: release.clone(), now }, settings);
        let (screen, before, asked) = (String::new(), String::new(), Vec::new());
        Self { hand, release, keymap, size: (80, 24), screen, drawn: 0, before, opened: None, asked }
    }

    fn draw(&mut self) -> Checked {
        let (width, height) = self.size;
        self.screen = self.hand.text(width, height);
        self.drawn += 1;
        let mut lines = self.screen.lines();
        let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let badge = |line: &str, letters: usize| ["production", "staging"].iter().any(|name| line.contains(&name[..letters]));
        let verdict = |line: &str| ["GO", "LOCKED", "COMPLETED", "ROLL"].iter().any(|word| line.contains(word));
        if width >= 40 && height >= 10 {
            prop_assert!(badge(first, 7) && (verdict(second) || verdict(first)), "no badge or verdict\n{}", self.screen);
        } else if width >= 20 && height >= 4 {
            prop_assert!(badge(first, 1) && verdict(first), "no badge or verdict\n{}", self.screen);
        }
        Ok(())
    }

    /// Looks at the question on top, without showing it to the person.
    fn look(&mut self) {
        let title = question(&text(&self.hand.peek(80, 24)));
        if title.as_ref() != self.opened.as_ref().map(|opened| &opened.title) {
            let (release, now) = (self.release.clone(), self.hand.now);
            self.opened = title.map(|title| Opened { title, release, now, drawn: self.drawn });
        }
    }

    fn input(&mut self, input: Input, by: &By) -> Checked {
        let requests = self.hand.input(input);
        for request in requests {
            if let Request::Act { command, .. } = request {
                self.acted(by, command)?;
            }
        }
        self.look();
        Ok(())
    }

    fn key(&mut self, code: Code, mods: Mods, kind: Kind, gap: u64) -> Checked {
        self.hand.at += Duration::from_millis(gap);
        let key = Key { code, mods, kind, at: self.hand.at };
        if code == Code::Enter {
            self.before = text(&self.hand.peek(80, 24));
        }
        self.input(Input::Key(key), &By::Key(key))
    }

    fn press(&mut self, code: Code, gap: u64) -> Checked {
        self.key(code, Mods::default(), Kind::Press, gap)
    }

    /// Presses the keys of an action.
    fn means(&mut self, action: Action) -> Checked {
        let keys = self.keymap.keys(action).next().map(|bound| bound.keys.clone()).unwrap_or_default();
        for chord in keys {
            self.draw()?;
            self.key(chord.code, chord.mods, Kind::Press, 300)?;
        }
        Ok(())
    }

    /// A command came out: it was shown, it was meant, and it is what was shown.
    fn acted(&mut self, by: &By, command: Command) -> Checked {
        let ask = &command.ask;
        let enter = matches!(by, By::Key(Key { code: Code::Enter, kind: Kind::Press, .. }));
        match by {
            By::Paste => prop_assert!(false, "a paste led to {ask:?}"),
            By::Mouse => prop_assert!(matches!(ask, Ask::Hold | Ask::Recheck(_)), "a click led to {ask:?}"),
            By::Burst(before) => {
                prop_assert!(matches!(ask, Ask::Hold | Ask::Recheck(_)), "a burst led to {ask:?}");
                prop_assert!(*before < 8, "the {before}th key of a burst led to {ask:?}");
            }
            By::Key(key) => prop_assert_eq!(key.kind, Kind::Press),
        }
        prop_assert_eq!(&command.by, "alice");
        match ask {
            Ask::Hold => prop_assert!(self.release.hold.is_none()),
            Ask::Recheck(check) => {
                let checked = self.release.plan.check(check);
                prop_assert!(checked.is_some_and(|check| !matches!(check.kind, CheckKind::Signed)), "{check} is no check to run");
            }
            Ask::Sign { check, note, evidence } => {
                let shown = self.screen.contains(&format!("Signs {check} ")) && self.screen.contains("[ Sign ]");
                prop_assert!(enter && shown, "{check} was signed unseen\n{}", self.screen);
                for text in note.iter().chain(evidence) {
                    prop_assert!(text.chars().all(|c| !c.is_control()));
                }
            }
            Ask::Note(text) => {
                prop_assert!(enter && self.screen.contains("[ Write ]"), "{text} was noted unseen\n{}", self.screen);
            }
            Ask::Silence { signal, alert, stage } => {
                let known = self.release.alerts.get(signal).map(|alerts| alerts.known.clone()).unwrap_or_default();
                let name = known.iter().find(|known| known.fingerprint == *alert).map(|known| known.name.clone());
                let shown = format!("Silences {} ", name.unwrap_or_else(|| alert.clone()));
                prop_assert!(enter && stage.is_some() && self.screen.contains("[ Silence ]"), "{alert} unseen\n{}", self.screen);
                // A small screen has no room for the sentence, but for the choice.
                let named = self.screen.contains(&shown) || known.iter().any(|known| self.screen.contains(&known.name));
                prop_assert!(named, "{alert} was silenced unseen\n{}", self.screen);
                prop_assert!(command.reason.is_some(), "without a reason");
            }
            Ask::Unsilence(silence) => {
                prop_assert!(enter && self.screen.contains("[ Take back ]"), "{silence} was taken back unseen\n{}", self.screen);
            }
            Ask::Automatic(false) => {
                let shown = self.screen.contains("Take the automatic rollback out") && self.screen.contains("[ Take out ]");
                prop_assert!(enter && shown && command.reason.is_some(), "taken out unseen\n{}", self.screen);
            }
            Ask::Automatic(true) => {
                prop_assert!(command.reason.is_some(), "without a reason");
                self.confirmed(ask, command.seen.as_ref(), enter)?;
            }
            dangerous => self.confirmed(dangerous, command.seen.as_ref(), enter)?,
        }
        let frozen = text(&self.hand.peek(80, 24)).contains("FROZEN at");
        let allowed = matches!(ask, Ask::Rollback | Ask::Hold | Ask::Note(_));
        prop_assert!(!frozen || allowed, "a frozen display led to {ask:?}");
        self.asked.push(command.ask);
        Ok(())
    }

    /// What a dialog stands before: it was drawn, it said so, and it is bound to what was so when it was opened.
    fn confirmed(&self, ask: &Ask, seen: Option<&Seen>, enter: bool) -> Checked {
        prop_assert!(enter, "{ask:?} without an Enter");
        let Some(opened) = &self.opened else { return Err(TestCaseError::fail(format!("{ask:?} without a dialog"))) };
        prop_assert!(self.drawn > opened.drawn, "{ask:?} confirmed before it was drawn");
        let possible = questions(ask, &opened.release);
        prop_assert!(possible.contains(&opened.title), "{ask:?} behind {}", opened.title);
        prop_assert!(self.screen.contains(&opened.title), "{ask:?} not on the screen\n{}", self.screen);
        let stage = match ask {
            Ask::Promote(stage) | Ask::Retry(stage) => stage.as_deref(),
            _ => None,
        };
        let was = opened.release.seen(stage);
        prop_assert_eq!(seen, Some(&was), "{:?} is bound to something else", ask);
        // What may roll back at once takes what a rollback does.
        let as_much_as = if matches!(ask, Ask::Automatic(_)) { &Ask::Rollback } else { ask };
        let Consequence { type_name, .. } = opened.release.consequence(as_much_as, opened.now);
        if let Some(name) = type_name {
            let typed = format!("Type {name} to confirm: {name} ");
            prop_assert!(self.before.contains(&typed), "{ask:?} without the name\n{}", self.before);
        }
        Ok(())
    }

    fn told(&mut self, by: &str, kind: EventKind) {
        let event = Event { at: self.hand.now, by: by.to_owned(), kind };
        self.release.apply(&event);
        self.hand.sequence = self.release.sequence;
        self.hand.told(Update::Event(self.release.sequence, event.clone()));
        // Told again, it changes nothing.
        self.hand.told(Update::Event(self.release.sequence, event));
    }

    fn sampled(&mut self, signal: &str, ago: i64, value: Value) {
        let sample = Sample::new(self.hand.now - jiff::SignedDuration::from_secs(ago), value);
        self.release.observe(signal, sample.clone());
        self.hand.told(Update::Samples(vec![(signal.to_owned(), sample)]));
    }

    /// The controller does the next thing, and the world the one after.
    fn flies(&mut self, any: u8) {
        let kinds = advance(&self.release, self.hand.now);
        if !kinds.is_empty() {
            kinds.into_iter().for_each(|kind| self.told("flightdeck", kind));
            return;
        }
        let back = self.release.rollback.iter().flat_map(|rollback| &rollback.steps);
        let back = back.filter_map(|undo| Some((undo.step.stage.clone(), undo.under_way()?)));
        let forth = self.release.stages().filter_map(|(stage, state)| Some((stage.id.clone(), state.under_way()?)));
        let under_way = back.chain(forth).map(|(stage, Operation { id, .. })| (stage, id.clone())).next();
        if let Some((stage, op)) = under_way {
            let outcome = match any % 8 {
                0 => Outcome::Failed { why: "exit status 2".to_owned() },
                1 => Outcome::Lost { why: "its process is gone".to_owned() },
                2 => Outcome::TimedOut { after: "30m".to_owned() },
                _ => Outcome::Succeeded { seen: None },
            };
            self.told("flightdeck", EventKind::OperationEnded { op, stage, outcome });
        } else if let Some(Wanted { stage, attempt, step, act }) = wanted(&self.release).into_iter().next() {
            let op = format!("{stage}-{}", self.release.sequence);
            self.told("flightdeck", EventKind::OperationIntended { op, stage, attempt, step, act });
        }
    }

    fn commands(&mut self, any: u8) {
        let check = |n: usize| self.release.plan.checks.get(n % self.release.plan.checks.len()).map(|check| check.id.clone());
        let ask = match any % 9 {
            0 => Ask::Promote(None),
            1 => Ask::Hold,
            2 => Ask::Resume,
            3 if any < 60 => Ask::Rollback,
            4 => Ask::Retry(None),
            5 => Ask::Sign { check: check(any.into()).unwrap(), note: None, evidence: None },
            6 => Ask::Automatic(any < 128),
            7 => Ask::Silence { signal: "alerts".to_owned(), alert: "DiskFillsUp".to_owned(), stage: None },
            _ => Ask::Note("all quiet 日本\u{301}".to_owned()),
        };
        let reason = Some("it is known".to_owned());
        let command = Command { by: "bob".to_owned(), ask, seen: None, expect: None, reason };
        for kind in decide(&self.release, &command, self.hand.now).unwrap_or_default() {
            self.told("bob", kind);
        }
    }

    fn take(&mut self, step: Step) -> Checked {
        match step {
            Step::Key(code, mods, kind, gap) => self.key(code, mods, kind, gap)?,
            Step::Means { action, leaves } => {
                if leaves {
                    self.press(Code::Esc, 500)?;
                }
                self.means(action)?;
                self.draw()?;
            }
            Step::Answers => {
                let mut screen = text(&self.hand.peek(80, 24));
                if question(&screen).is_some() && screen.contains("Reason: ") {
                    self.press(Code::Char('v'), 200)?;
                    self.press(Code::Tab, 200)?;
                    screen = text(&self.hand.peek(80, 24));
                }
                match screen.split_once("Type ").and_then(|(_, rest)| rest.split_once(" to confirm:")) {
                    Some((name, _)) => {
                        for c in name.to_owned().chars() {
                            self.press(Code::Char(c), 90)?;
                        }
                    }
                    None if question(&screen).is_some() => self.press(Code::Right, 200)?,
                    None => {
                        self.press(Code::Char('v'), 200)?;
                        self.press(Code::Tab, 200)?;
                    }
                }
            }
            Step::Enter { gap, looks } => {
                if looks {
                    self.draw()?;
                }
                self.press(Code::Enter, if looks { gap + 100 } else { gap })?;
            }
            Step::Burst(codes) => {
                let mut codes = codes.into_iter().enumerate();
                // Of the first nobody can know yet that more follow.
                if let Some((_, code)) = codes.next() {
                    self.press(code, 500)?;
                }
                for (before, code) in codes {
                    self.hand.at += Duration::from_millis(1);
                    self.input(Input::Key(Key::press(code, self.hand.at)), &By::Burst(before))?;
                }
            }
            Step::Pastes(text) => self.input(Input::Paste(text, self.hand.at), &By::Paste)?,
            Step::Points(what, column, row) => {
                self.input(Input::Mouse(Mouse { what, column, row, at: self.hand.at }), &By::Mouse)?;
            }
            Step::PointsAtButton => {
                self.draw()?;
                self.hand.at += Duration::from_millis(500);
                let button = (0u16..).zip(self.screen.lines()).find_map(|(row, line)| {
                    let at = line.split_once("[ Cancel ]")?.0.chars().count();
                    Some((u16::try_from(at).unwrap() + 14, row))
                });
                if let Some((column, row)) = button {
                    let click = Mouse { what: Gesture::Click, column, row, at: self.hand.at };
                    self.input(Input::Mouse(click), &By::Mouse)?;
                }
            }
            Step::Focus(focused) => self.input(Input::Focus(focused), &By::Mouse)?,
            Step::Resumed => self.input(Input::Resumed, &By::Mouse)?,
            Step::Draws(width, height) => {
                self.size = (width, height);
                self.input(Input::Resize(width, height), &By::Mouse)?;
                self.draw()?;
            }
            Step::Flies(any) => self.flies(any),
            Step::Commands(any) => self.commands(any),
            Step::Sampled(signal, value) => {
                let (id, _) = self.release.plan.signals.get_index(usize::from(signal) % self.release.plan.signals.len()).unwrap();
                self.sampled(&id.clone(), 0, value.map_or(Value::Missing(Unknown::NoData), Value::Number));
            }
            Step::Healthy => {
                for (signal, value) in [("errors", 0.2), ("p95", 180.0), ("orders", 50.0), ("certificate", 61.0)] {
                    [10, 5, 0].into_iter().for_each(|ago| self.sampled(signal, ago, Value::Number(value)));
                }
            }
            Step::Answered(id, well) => {
                let answer = if well { Ok("done".to_owned()) } else { Err("the release has moved on".to_owned()) };
                self.hand.told(Update::Answer { id, answer });
            }
            Step::Trouble(there) => self.hand.told(Update::Trouble(there.then(|| "the journal cannot be read".to_owned()))),
            Step::Drives(any) => self.hand.told(Update::Driving(match any % 4 {
                0 => Driving::Nobody { since: Some(self.hand.now) },
                1 => Driving::Other { host: "console-2".to_owned(), pid: 7 },
                _ => Driving::Here,
            })),
            Step::Wears(changes) => {
                (self.keymap, _) = Keymap::changed(Preset::Plain, &changes);
                let looks = Looks { keymap: self.keymap.clone(), ..Looks::default() };
                self.hand.told(Update::Looks(Box::new(looks)));
            }
            Step::Waits(seconds) => self.hand.now += jiff::SignedDuration::from_secs(seconds),
        }
        Ok(())
    }

    /// Two steps from here the way back is asked for, unless the release goes back already.
    fn can_go_back(&mut self) -> Checked {
        self.size = (80, 24);
        self.press(Code::Esc, 500)?;
        self.means(Action::Rollback)?;
        self.draw()?;
        let under_way = self.release.rollback.as_ref().is_some_and(|back| back.steps.iter().all(|undo| undo.stuck.is_none()));
        let asks = matches!(question(&self.screen).as_deref(), Some("Roll checkout back?" | "Go on rolling back?"));
        prop_assert_eq!(asks, !under_way, "the way back\n{}", &self.screen);
        Ok(())
    }
}

/// How often each act came out of all plays: where none did, nothing was tested.
fn counted(ask: &Ask) -> &'static str {
    match ask {
        Ask::Promote(_) => "promote",
        Ask::Hold => "hold",
        Ask::Resume => "resume",
        Ask::Rollback => "rollback",
        Ask::Retry(_) => "retry",
        Ask::Recheck(_) => "check",
        Ask::Sign { .. } => "sign",
        Ask::Automatic(_) => "automatic",
        Ask::Silence { .. } => "silence",
        Ask::Unsilence(_) => "unsilence",
        Ask::Note(_) => "note",
    }
}

fn plays(cases: u32, keys: impl Strategy<Value = (Preset, Vec<Change>)>) {
    let counts = RefCell::new(BTreeMap::new());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    // Most things can be done where a step waits for a person.
    let scenes = prop_oneof![3 => prop::sample::select(SCENES.to_vec()), 2 => prop::sample::select(vec!["waiting", "waiting", "held", "alerts", "automatic-out"])];
    let plays = (scenes, keys, steps());
    let result = TestRunner::new(config).run(&plays, |(name, (preset, changes), steps)| {
        let mut play = Play::new(name, preset, &changes);
        play.draw()?;
        for step in steps {
            play.take(step)?;
            if play.hand.app.exit().is_some() {
                break;
            }
        }
        if play.hand.app.exit().is_none() {
            play.can_go_back()?;
        }
        for ask in &play.asked {
            *counts.borrow_mut().entry(counted(ask)).or_insert(0_u32) += 1;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    for act in ["promote", "hold", "rollback", "note", "automatic"] {
        assert!(counts.borrow().contains_key(act), "nobody came to {act}: {:?}", counts.borrow());
    }
}

#[test]
fn whatever_comes_in_only_what_was_shown_and_meant_is_done() {
    plays(80, Just((Preset::Plain, Vec::new())));
}

#[test]
fn nor_with_other_keys() {
    let preset = prop::sample::select(vec![Preset::Plain, Preset::Vi, Preset::Emacs]);
    plays(80, (preset, changes()));
}
