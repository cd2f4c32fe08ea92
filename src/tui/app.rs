//! The cockpit's state, and what every message does to it. Pure: no clock, no I/O; what is to be done is returned.

use std::time::{Duration, Instant};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    dialog::{Dialog, Form, Purpose, Said},
    guard::{Arrival, Guard},
    health_zoom::{HealthAct, HealthZoom},
    input::{Code, Input, Key, Kind, Stop},
    keys::{self, Act},
    link::{Driving, Request, Update},
    theme::{Depth, Symbols, Theme},
};
use crate::{
    plan::CheckKind,
    release::{Ask, Command, Event, Phase, Release, Tone},
};

/// How long a message stands at the foot of the screen, in seconds.
const NOTICE: i64 = 8;

/// What belongs to one session.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The operator's name, under which commands are given.
    pub operator: String,
    /// How things look.
    pub theme: Theme,
    /// Which symbols the terminal shows.
    pub symbols: Symbols,
    /// How many colours it has.
    pub depth: Depth,
}

/// Something that came in.
#[derive(Debug)]
pub enum Message {
    /// From the terminal.
    Input(Input),
    /// From the rest.
    Update(Update),
}

/// How a cockpit was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The person left.
    Quit,
    /// It was asked to end from outside.
    Stopped(Stop),
}

/// The three panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Stages,
    Checks,
    Health,
}

/// The row that a detail is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Stage(String),
    Check(String),
    Signal(String),
}

/// What lies over the main screen.
#[derive(Debug)]
pub(crate) enum Overlay {
    Help { scroll: usize },
    Detail { of: Subject, scroll: usize },
    Dialog(Box<Dialog>),
    Form(Box<Form>),
}

/// A message at the foot of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) words: String,
    pub(crate) tone: Tone,
    pub(crate) until: Timestamp,
}

/// The cockpit.
#[derive(Debug)]
pub struct App {
    pub(crate) release: Release,
    pub(crate) settings: Settings,
    pub(crate) zone: TimeZone,
    pub(crate) driving: Option<Driving>,
    pub(crate) trouble: Option<String>,
    pub(crate) output: Option<(String, Vec<String>)>,
    pub(crate) pane: Pane,
    rows: [Option<usize>; 3],
    pub(crate) overlay: Option<Overlay>,
    pub(crate) notice: Option<Notice>,
    /// The Health pane over the whole screen.
    pub(crate) zoom: Option<HealthZoom>,
    /// Requests that were sent and not answered yet, with what they ask for.
    pub(crate) pending: Vec<(u64, String)>,
    next_id: u64,
    guard: Guard,
    exit: Option<Exit>,
    dirty: bool,
}

impl App {
    /// A cockpit over a release.
    #[must_use]
    pub fn new(release: Release, mut settings: Settings) -> Self {
        settings.theme = settings.theme.at(settings.depth);
        let named = release.plan.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
        Self {
            zone: named.unwrap_or(TimeZone::UTC),
            release,
            settings,
            driving: None,
            trouble: None,
            output: None,
            pane: Pane::Stages,
            rows: [None; 3],
            overlay: None,
            notice: None,
            zoom: None,
            pending: Vec::new(),
            next_id: 1,
            guard: Guard::default(),
            exit: None,
            dirty: true,
        }
    }

    /// How it was left, once it was.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// Whether something has changed since it was drawn.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Takes note that it has to be drawn.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// Takes note that it was drawn as it is, on a screen of that size: a person can have seen it.
    pub fn drawn(&mut self, width: u16, height: u16) {
        self.dirty = false;
        let seen = super::draw::has_room(width, height);
        match &mut self.overlay {
            Some(Overlay::Dialog(dialog)) => dialog.drawn = seen,
            Some(Overlay::Form(form)) => form.drawn = seen,
            _ => {}
        }
    }

    /// In how long the screen changes by itself, if it does.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Duration> {
        let millis = now.as_millisecond();
        let to_next = |from: i64, every: i64| {
            let left = every.saturating_sub(millis.saturating_sub(from).rem_euclid(every));
            Duration::from_millis(u64::try_from(left).unwrap_or(1000))
        };
        // While it flies, its clock shows seconds. Then only minutes matter.
        let clock =
            if self.release.is_over() { to_next(0, 60_000) } else { to_next(self.release.started.as_millisecond(), 1000) };
        let notice = self.notice.as_ref().map(|notice| {
            let left = notice.until.as_millisecond().saturating_sub(millis).max(1);
            Duration::from_millis(u64::try_from(left).unwrap_or(1000))
        });
        Some(notice.map_or(clock, |notice| notice.min(clock)))
    }

    /// The row selected in a pane: where the person put it, else where the action is.
    pub(crate) fn row(&self, pane: Pane, now: Timestamp) -> usize {
        let last = self.len(pane).saturating_sub(1);
        let chosen = match pane {
            Pane::Stages => self.rows.first(),
            Pane::Checks => self.rows.get(1),
            Pane::Health => self.rows.get(2),
        };
        chosen.copied().flatten().unwrap_or_else(|| self.follow(pane, now)).min(last)
    }

    /// The row where the action is.
    fn follow(&self, pane: Pane, now: Timestamp) -> usize {
        let release = &self.release;
        let place = match pane {
            Pane::Stages => {
                let at = |wanted: &dyn Fn(Phase) -> bool| release.stages.iter().position(|state| wanted(state.phase));
                at(&|phase| matches!(phase, Phase::Failed | Phase::Unsettled))
                    .or_else(|| at(&Phase::is_open))
                    .or_else(|| release.stages().position(|(stage, state)| state.phase == Phase::Idle && release.is_due(stage)))
                    .or_else(|| release.stages.iter().rposition(|state| state.phase != Phase::Idle))
            }
            Pane::Checks => {
                let blocks = release.blockers(now);
                let checks = &release.plan.checks;
                let blocking = checks.iter().position(|check| blocks.iter().any(|blocker| blocker.id == check.id));
                blocking.or_else(|| checks.iter().position(|check| !release.check_status(check, now).holds()))
            }
            Pane::Health => {
                let bad = |id: &String| release.judge(id, now).is_some_and(|judged| judged.verdict != crate::health::Verdict::Ok);
                release.plan.signals.keys().position(bad)
            }
        };
        place.unwrap_or(0)
    }

    fn len(&self, pane: Pane) -> usize {
        match pane {
            Pane::Stages => self.release.plan.stages.len(),
            Pane::Checks => self.release.plan.checks.len(),
            Pane::Health => self.release.plan.signals.len(),
        }
    }

    /// What the selected row of the pane with the keys is.
    pub(crate) fn subject(&self, now: Timestamp) -> Option<Subject> {
        let row = self.row(self.pane, now);
        let plan = &self.release.plan;
        match self.pane {
            Pane::Stages => plan.stages.get(row).map(|stage| Subject::Stage(stage.id.clone())),
            Pane::Checks => plan.checks.get(row).map(|check| Subject::Check(check.id.clone())),
            Pane::Health => plan.signals.get_index(row).map(|(id, _)| Subject::Signal(id.clone())),
        }
    }

    fn selected_stage(&self, now: Timestamp) -> Option<String> {
        match self.subject(now) {
            Some(Subject::Stage(stage)) => Some(stage),
            _ => None,
        }
    }

    /// What `p` would ask for.
    pub(crate) fn promote(&self, now: Timestamp) -> Ask {
        Ask::Promote(self.selected_stage(now))
    }

    /// What `t` would ask for.
    pub(crate) fn retry(&self, now: Timestamp) -> Ask {
        Ask::Retry(self.selected_stage(now))
    }

    fn say(&mut self, words: impl Into<String>, tone: Tone, now: Timestamp) {
        let until = now.saturating_add(jiff::SignedDuration::from_secs(NOTICE)).unwrap_or(now);
        self.notice = Some(Notice { words: words.into(), tone, until });
    }

    /// Takes note that a request could not be handed on.
    pub fn not_sent(&mut self, request: &Request, now: Timestamp) {
        if let Request::Act { id, command } = request {
            self.pending.retain(|(pending, _)| pending != id);
            self.say(format!("{} could not be sent: try again", ask_words(&command.ask)), Tone::Bad, now);
            self.dirty = true;
        }
    }
}

/// What is asked for, in words.
pub(crate) fn ask_words(ask: &Ask) -> String {
    match ask {
        Ask::Promote(Some(stage)) => format!("promote {stage}"),
        Ask::Promote(None) => "promote".to_owned(),
        Ask::Hold => "hold".to_owned(),
        Ask::Resume => "resume".to_owned(),
        Ask::Rollback => "rollback".to_owned(),
        Ask::Retry(Some(stage)) => format!("retry {stage}"),
        Ask::Retry(None) => "retry".to_owned(),
        Ask::Recheck(check) => format!("check {check}"),
        Ask::Sign { check, .. } => format!("signature of {check}"),
        Ask::Note(_) => "note".to_owned(),
    }
}

/// What a message does. What is to be done outside is returned.
pub fn update(app: &mut App, message: Message, now: Timestamp) -> Vec<Request> {
    match message {
        Message::Update(update) => {
            app.dirty = true;
            app.told(update, now);
            Vec::new()
        }
        Message::Input(Input::Stop(stop)) => {
            app.exit = Some(Exit::Stopped(stop));
            Vec::new()
        }
        Message::Input(Input::Resize(..)) => {
            app.dirty = true;
            Vec::new()
        }
        Message::Input(Input::Focus(_) | Input::Mouse(_) | Input::Suspend | Input::Resumed) => Vec::new(),
        Message::Input(Input::Paste(text)) => {
            app.dirty = true;
            app.guard.pasted(None);
            match &mut app.overlay {
                Some(Overlay::Form(form)) => form.pasted(&text),
                Some(Overlay::Dialog(dialog)) => dialog.pasted(),
                _ => {}
            }
            Vec::new()
        }
        Message::Input(Input::Key(key)) if key.kind == Kind::Release => Vec::new(),
        Message::Input(Input::Key(key)) => {
            app.dirty = true;
            let arrival = app.guard.arrived(&key);
            app.key(&key, arrival, now)
        }
    }
}

impl App {
    fn told(&mut self, update: Update, now: Timestamp) {
        match update {
            Update::Event(sequence, event) => self.event(sequence, &event),
            Update::Samples(samples) => {
                for (signal, sample) in samples {
                    if let (Some(zoom), Some(plan)) = (&mut self.zoom, self.release.plan.signals.get(&signal)) {
                        zoom.observe(&signal, plan, &sample);
                    }
                    self.release.observe(&signal, sample);
                }
            }
            Update::History { signal, from, samples } => {
                if let Some(zoom) = &mut self.zoom {
                    zoom.told(signal, from, samples);
                }
            }
            Update::Output { stage, lines } => self.output = Some((stage, lines)),
            Update::Driving(driving) => self.driving = Some(driving),
            Update::Trouble(trouble) => self.trouble = trouble,
            Update::Answer { id, answer } => {
                self.pending.retain(|(pending, _)| *pending != id);
                match answer {
                    Ok(done) => self.say(done, Tone::Good, now),
                    Err(refusal) => self.say(refusal, Tone::Bad, now),
                }
            }
        }
    }

    fn event(&mut self, sequence: u64, event: &Event) {
        // An event that is known already is not folded in twice.
        if sequence <= self.release.sequence {
            return;
        }
        self.release.apply(event);
        if let (Some(Overlay::Dialog(dialog)), Some(line)) = (&mut self.overlay, self.release.recent.back())
            && line.tone != Tone::Detail
        {
            dialog.moved(format!("{} {}", line.by, line.words));
        }
    }

    fn key(&mut self, key: &Key, arrival: Arrival, now: Timestamp) -> Vec<Request> {
        let watched = matches!(&self.overlay, Some(Overlay::Detail { of: Subject::Stage(_), .. }));
        if key.is_ctrl('c') {
            self.ctrl_c(key, arrival);
            let left = watched && !matches!(&self.overlay, Some(Overlay::Detail { .. }));
            return if left { vec![Request::WatchOutput(None)] } else { Vec::new() };
        }
        match self.overlay.take() {
            None => self.main_key(key, arrival, now),
            Some(Overlay::Dialog(dialog)) => self.dialog_key(dialog, key, arrival, now),
            Some(Overlay::Form(form)) => self.form_key(form, key, arrival),
            Some(Overlay::Help { mut scroll }) => {
                if scrolled(&mut scroll, key) {
                    self.overlay = Some(Overlay::Help { scroll });
                }
                Vec::new()
            }
            Some(Overlay::Detail { of, mut scroll }) => {
                if scrolled(&mut scroll, key) {
                    self.overlay = Some(Overlay::Detail { of, scroll });
                    return Vec::new();
                }
                if watched { vec![Request::WatchOutput(None)] } else { Vec::new() }
            }
        }
    }

    /// Whether leaving stops something.
    fn leaving_matters(&self) -> bool {
        self.driving == Some(Driving::Here) && !self.release.is_over()
    }

    fn ctrl_c(&mut self, key: &Key, arrival: Arrival) {
        let asked = matches!(&self.overlay, Some(Overlay::Dialog(dialog)) if dialog.purpose == Purpose::Quit);
        if asked || !self.leaving_matters() {
            if !arrival.repeat {
                self.exit = Some(Exit::Quit);
            }
        } else {
            self.overlay = Some(Overlay::Dialog(Box::new(Dialog::quit(key.at))));
        }
    }

    fn dialog_key(&mut self, mut dialog: Box<Dialog>, key: &Key, arrival: Arrival, now: Timestamp) -> Vec<Request> {
        let locked = !dialog.locks(self, now).is_empty();
        match dialog.key(key, arrival, locked) {
            Said::Nothing => {
                self.overlay = Some(Overlay::Dialog(dialog));
                Vec::new()
            }
            Said::No => Vec::new(),
            Said::Yes => match dialog.purpose {
                Purpose::Quit => {
                    self.exit = Some(Exit::Quit);
                    Vec::new()
                }
                Purpose::Act(ask) => {
                    let command =
                        Command { by: self.settings.operator.clone(), ask, seen: dialog.seen, expect: None, reason: None };
                    vec![self.send(command)]
                }
            },
        }
    }

    fn form_key(&mut self, mut form: Box<Form>, key: &Key, arrival: Arrival) -> Vec<Request> {
        match form.key(key, arrival) {
            Said::Nothing => {
                self.overlay = Some(Overlay::Form(form));
                Vec::new()
            }
            Said::No => Vec::new(),
            Said::Yes => {
                vec![self.send_ask(form.ask())]
            }
        }
    }

    fn send_ask(&mut self, ask: Ask) -> Request {
        let seen = Some(self.release.seen(None));
        self.send(Command { by: self.settings.operator.clone(), ask, seen, expect: None, reason: None })
    }

    fn send(&mut self, command: Command) -> Request {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.pending.push((id, ask_words(&command.ask)));
        self.notice = None;
        Request::Act { id, command }
    }

    fn main_key(&mut self, key: &Key, arrival: Arrival, now: Timestamp) -> Vec<Request> {
        if let Some(requests) = self.zoom_key(key, now) {
            return requests;
        }
        let Some(act) = keys::find(key) else { return Vec::new() };
        let moves = matches!(
            act,
            Act::NextPane | Act::PreviousPane | Act::Up | Act::Down | Act::PageUp | Act::PageDown | Act::Top | Act::Bottom
        );
        if arrival.behind_esc || (!moves && !arrival.may_act()) {
            return Vec::new();
        }
        match act {
            Act::NextPane => self.turn(1, now),
            Act::PreviousPane => self.turn(2, now),
            Act::Up => self.go(-1, now),
            Act::Down => self.go(1, now),
            Act::PageUp => self.go(-10, now),
            Act::PageDown => self.go(10, now),
            Act::Top => self.go(isize::MIN, now),
            Act::Bottom => self.go(isize::MAX, now),
            Act::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Act::Quit if self.leaving_matters() => self.overlay = Some(Overlay::Dialog(Box::new(Dialog::quit(key.at)))),
            Act::Quit => self.exit = Some(Exit::Quit),
            Act::Promote => self.ask(self.promote(now), key.at, now),
            Act::Retry => self.ask(self.retry(now), key.at, now),
            Act::Rollback => self.ask(Ask::Rollback, key.at, now),
            Act::Hold if self.release.hold.is_some() => self.ask(Ask::Resume, key.at, now),
            // Holding is safe, so it needs no dialog; it only starts what was going to start anyway a little later.
            Act::Hold if self.release.is_over() || self.release.rollback.is_some() => {
                self.say("there is nothing to hold", Tone::Warn, now);
            }
            Act::Hold => return vec![self.send_ask(Ask::Hold)],
            Act::Note => self.overlay = Some(Overlay::Form(Box::new(Form::note()))),
            Act::Sign => self.sign(now),
            Act::Recheck => return self.recheck(now),
            Act::Detail => return self.detail(now),
        }
        Vec::new()
    }

    /// What a key does to the zoomed Health screen; nothing where it is not for that.
    fn zoom_key(&mut self, key: &Key, now: Timestamp) -> Option<Vec<Request>> {
        let Some(Subject::Signal(signal)) = self.subject(now) else { return None };
        let Some(mut zoom) = self.zoom.take() else {
            if key.code != Code::Char('z') {
                return None;
            }
            let (zoom, requests) = HealthZoom::open(&self.release, &signal, now);
            self.zoom = Some(zoom);
            return Some(requests);
        };
        let act = match key.code {
            Code::Char('z') | Code::Esc if zoom.cursor.is_none() => return Some(Vec::new()),
            Code::Esc => HealthAct::Clear,
            Code::Char('[') => HealthAct::Shorter,
            Code::Char(']') => HealthAct::Longer,
            Code::Left => HealthAct::Earlier,
            Code::Right => HealthAct::Later,
            Code::Home => HealthAct::Oldest,
            Code::Up | Code::Down => {
                self.go(if key.code == Code::Up { -1 } else { 1 }, now);
                let Some(Subject::Signal(signal)) = self.subject(now) else { return None };
                let requests = zoom.look_at(&self.release, &signal, now);
                self.zoom = Some(zoom);
                return Some(requests);
            }
            _ => {
                self.zoom = Some(zoom);
                return None;
            }
        };
        let requests = zoom.key(act, &self.release, &signal, now);
        self.zoom = Some(zoom);
        Some(requests)
    }

    fn ask(&mut self, ask: Ask, at: Instant, now: Timestamp) {
        match Dialog::of(&self.release, ask, now, at) {
            Ok(dialog) => self.overlay = Some(Overlay::Dialog(Box::new(dialog))),
            Err(why) => self.say(why, Tone::Warn, now),
        }
    }

    fn sign(&mut self, now: Timestamp) {
        let selected = match self.subject(now) {
            Some(Subject::Check(id)) => Some(id),
            _ => None,
        };
        let signed = |id: &str| self.release.plan.check(id).is_some_and(|check| check.kind == CheckKind::Signed);
        let check = match selected {
            Some(id) if !signed(&id) => {
                return self.say(format!("{id} is found out by running it: c runs it"), Tone::Warn, now);
            }
            Some(id) => Some(id),
            None => self.release.unsigned(now).first().map(|id| (*id).to_owned()),
        };
        match check {
            Some(check) => self.overlay = Some(Overlay::Form(Box::new(Form::sign(check)))),
            None => self.say("no check waits for a signature", Tone::Warn, now),
        }
    }

    fn recheck(&mut self, now: Timestamp) -> Vec<Request> {
        let Some(Subject::Check(id)) = self.subject(now) else {
            self.say("select a check first: tab", Tone::Warn, now);
            return Vec::new();
        };
        if self.release.plan.check(&id).is_some_and(|check| check.kind == CheckKind::Signed) {
            self.say(format!("{id} is signed by a person: s signs it"), Tone::Warn, now);
            return Vec::new();
        }
        vec![self.send_ask(Ask::Recheck(id))]
    }

    fn detail(&mut self, now: Timestamp) -> Vec<Request> {
        let Some(of) = self.subject(now) else { return Vec::new() };
        let mut requests = Vec::new();
        if let Subject::Stage(stage) = &of {
            if self.output.as_ref().is_some_and(|(shown, _)| shown != stage) {
                self.output = None;
            }
            requests.push(Request::WatchOutput(Some(stage.clone())));
        }
        self.overlay = Some(Overlay::Detail { of, scroll: 0 });
        requests
    }

    /// Goes to another pane. Where it has the keys its row stands still.
    fn turn(&mut self, by: usize, now: Timestamp) {
        let panes = [Pane::Stages, Pane::Checks, Pane::Health];
        let place = panes.iter().position(|pane| *pane == self.pane).unwrap_or(0);
        if let Some(pane) = panes.get(place.saturating_add(by) % panes.len()) {
            self.pane = *pane;
        }
        if self.pane != Pane::Stages {
            self.go(0, now);
        }
    }

    fn go(&mut self, by: isize, now: Timestamp) {
        let row = self.row(self.pane, now).saturating_add_signed(by).min(self.len(self.pane).saturating_sub(1));
        let chosen = match self.pane {
            Pane::Stages => self.rows.first_mut(),
            Pane::Checks => self.rows.get_mut(1),
            Pane::Health => self.rows.get_mut(2),
        };
        if let Some(chosen) = chosen {
            *chosen = Some(row);
        }
    }
}

/// Whether a key stays in what is only read; any other key leaves it.
fn scrolled(scroll: &mut usize, key: &Key) -> bool {
    let by: isize = match key.code {
        Code::Up | Code::Char('k') => -1,
        Code::Down | Code::Char('j') => 1,
        Code::PageUp => -10,
        Code::PageDown => 10,
        Code::Home => isize::MIN,
        Code::End => 1000,
        Code::Esc | Code::Enter | Code::Char('q' | '?') if key.kind == Kind::Press => return false,
        // What is read is not left by a key that would have done something: look first, then act.
        _ => 0,
    };
    *scroll = scroll.saturating_add_signed(by).min(1000);
    true
}
