//! The cockpit's state. What every message does to it is in `update.rs`; nothing here asks for the time or for I/O.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use ratatui::layout::{Position, Rect};
use tui_input::Input as Field;

use super::{
    actions::{Action, Context},
    chord::Chord,
    console::Call,
    dialog::Dialog,
    form::Form,
    guard::Guard,
    health_zoom::HealthZoom,
    input::Stop,
    keymap::Keymap,
    link::{Driving, Request},
    list::{Lists, Pane, Subject},
    output::Output,
    palette::Palette,
    reader::OutputView,
    theme::{Depth, Symbols, Theme},
};
use crate::release::{Ask, Expected, Release, Tone};

/// How long a message stands at the foot of the screen, in seconds.
const NOTICE: i64 = 8;

/// What belongs to one session.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The operator's name, under which commands are given.
    pub operator: String,
    /// How things look, and may look.
    pub looks: Looks,
    /// Which symbols the terminal shows.
    pub symbols: Symbols,
    /// How many colours it has.
    pub depth: Depth,
    /// Whether the mouse is listened to from the start.
    pub mouse: bool,
}

/// What a person's settings say of looks and keys. It may change while the cockpit is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looks {
    /// The colours.
    pub theme: Theme,
    /// All the themes there are, to choose from.
    pub themes: Vec<Theme>,
    /// The keys.
    pub keymap: Keymap,
    /// What is wrong with the settings, a line each: defaults stand in for it.
    pub problems: Vec<String>,
}

/// What is to be done outside of the cockpit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// By the rest of the program.
    Request(Request),
    /// By the terminal.
    Call(Call),
}

/// How a cockpit was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The person left.
    Quit,
    /// It was asked to end from outside.
    Stopped(Stop),
}

/// What fills the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// The panes side by side.
    Main,
    /// The pane with the keys alone, with more in it.
    Zoom,
    /// What matters most, large.
    Wall,
}

/// What lies over the screen.
#[derive(Debug)]
pub(crate) enum Overlay {
    /// The keys of what it lies over.
    Help {
        of: Context,
        scroll: usize,
    },
    /// What has happened, read from its end.
    Log {
        scroll: usize,
    },
    Detail {
        of: Subject,
        scroll: usize,
    },
    Dialog(Box<Dialog>),
    Form(Box<Form>),
    Palette(Box<Palette>),
    Output(Box<OutputView>),
    /// What the rows of the pane with the keys are filtered by is being typed; with what it was before.
    Filter {
        field: Field,
        before: String,
    },
}

/// A message at the foot of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) words: String,
    pub(crate) tone: Tone,
    pub(crate) until: Timestamp,
}

/// The display as it was when it was frozen.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(crate) release: Release,
    pub(crate) output: Output,
    pub(crate) at: Timestamp,
}

/// What a frame has shown, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The screen's columns.
    pub width: u16,
    /// The screen's rows.
    pub height: u16,
    pub(crate) hits: Vec<(Rect, Hit)>,
    /// How far the reader on top can be scrolled.
    pub(crate) scroll: Option<usize>,
    /// How many rows the pane with the keys shows.
    pub(crate) page: u16,
    /// Whether there was no room for all signals at once, so that those of the running stage came first.
    pub(crate) crowded: bool,
}

impl Shown {
    /// A screen of that size, of which nothing more is known.
    #[must_use]
    pub fn sized(width: u16, height: u16) -> Self {
        Self { width, height, ..Self::default() }
    }

    /// What lies under a cell; what was drawn last lies on top.
    pub(crate) fn at(&self, column: u16, row: u16) -> Option<Hit> {
        let position = Position { x: column, y: row };
        self.hits.iter().rev().find(|(area, _)| area.contains(position)).map(|(_, hit)| *hit)
    }
}

/// What can be clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    /// A pane, beside its rows.
    Pane(Pane),
    /// A row of a pane, by its place in the plan.
    Row(Pane, usize),
    /// What a key at the foot does.
    Act(Action),
    /// A line of the palette.
    Item(usize),
    /// The button that leaves a dialog.
    Cancel,
    /// The button that confirms one.
    Confirm,
    /// A part of what lies on top with nothing to click.
    Top,
}

/// The cockpit.
#[derive(Debug)]
pub struct App {
    pub(crate) release: Release,
    pub(crate) settings: Settings,
    /// The theme in as many colours as the terminal has.
    pub(crate) theme: Theme,
    pub(crate) zone: TimeZone,
    pub(crate) driving: Option<Driving>,
    pub(crate) trouble: Option<String>,
    /// What stages usually take.
    pub(crate) expected: Expected,
    pub(crate) output: Output,
    /// The stage whose output is sent.
    pub(super) watched: Option<String>,
    pub(crate) view: View,
    pub(crate) pane: Pane,
    pub(crate) lists: Lists,
    /// What the zoomed signals are looked at by.
    pub(crate) zoom: HealthZoom,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) notice: Option<Notice>,
    pub(crate) frozen: Option<Box<Frozen>>,
    /// The keys pressed so far of a sequence.
    pub(crate) keys: Vec<Chord>,
    pub(crate) mouse: bool,
    /// Whether the terminal's window has the focus, where it says so.
    pub(crate) focused: Option<bool>,
    /// When a key was pressed last.
    pub(crate) last_key: Option<Timestamp>,
    /// What a person was last needed for.
    pub(crate) needed: Option<String>,
    /// Requests that were sent and not answered yet, with what they ask for.
    pub(crate) pending: Vec<(u64, String)>,
    pub(super) next_id: u64,
    pub(super) guard: Guard,
    pub(super) exit: Option<Exit>,
    pub(super) shown: Shown,
    dirty: bool,
}

impl App {
    /// A cockpit over a release.
    #[must_use]
    pub fn new(release: Release, settings: Settings, now: Timestamp) -> Self {
        let named = release.plan.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let mut app = Self {
            zone: named.unwrap_or(TimeZone::UTC),
            release,
            theme: settings.looks.theme.clone().at(settings.depth),
            mouse: settings.mouse,
            settings,
            driving: None,
            trouble: None,
            expected: Expected::default(),
            output: Output::default(),
            watched: None,
            view: View::Main,
            pane: Pane::Stages,
            lists: Lists::default(),
            zoom: HealthZoom::default(),
            overlay: None,
            notice: None,
            frozen: None,
            keys: Vec::new(),
            focused: None,
            last_key: Some(now),
            needed: None,
            pending: Vec::new(),
            next_id: 1,
            guard: Guard::default(),
            exit: None,
            shown: Shown::default(),
            dirty: true,
        };
        app.needed = app.need(now);
        app.say_problems(now);
        app
    }

    /// What the terminal has to be told before the first frame.
    #[must_use]
    pub fn opening(&self) -> Vec<Effect> {
        if self.mouse { vec![Effect::Call(Call::Mouse(true))] } else { Vec::new() }
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

    /// Takes note that time has passed: what shows the time has to be drawn, and what stands only for a while may be over.
    pub(super) fn passed(&mut self, now: Timestamp) {
        self.notice.take_if(|notice| notice.until <= now);
        self.dirty = true;
    }

    /// Takes note that it was drawn as it is: a person can have seen it.
    pub fn drawn(&mut self, shown: Shown) {
        self.dirty = false;
        let seen = super::draw::has_room(shown.width, shown.height);
        match &mut self.overlay {
            Some(Overlay::Dialog(dialog)) => dialog.drawn = seen,
            Some(Overlay::Form(form)) => form.drawn = seen,
            Some(Overlay::Help { scroll, .. } | Overlay::Log { scroll } | Overlay::Detail { scroll, .. }) => {
                *scroll = shown.scroll.map_or(*scroll, |most| (*scroll).min(most));
            }
            _ => {}
        }
        self.shown = shown;
    }

    /// The release as the display shows it: as it is, or as it was when the display was frozen.
    pub(crate) fn shown(&self) -> &Release {
        self.frozen.as_ref().map_or(&self.release, |frozen| &frozen.release)
    }

    /// The time for which the display shows it.
    pub(crate) fn shown_at(&self, now: Timestamp) -> Timestamp {
        self.frozen.as_ref().map_or(now, |frozen| frozen.at)
    }

    /// Where the keys go.
    pub(crate) fn context(&self) -> Context {
        match (&self.overlay, self.view, self.pane) {
            (Some(Overlay::Help { .. } | Overlay::Log { .. } | Overlay::Detail { .. }), ..) => Context::Reader,
            (Some(Overlay::Output(_)), ..) => Context::Output,
            (_, View::Zoom, Pane::Health) => Context::Chart,
            _ => Context::Panes,
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
        // While it flies, its clock shows seconds. Then only minutes matter, and on a frozen display nothing does.
        let clock = match (&self.frozen, self.release.is_over()) {
            (Some(_), _) => None,
            (None, true) => Some(to_next(0, 60_000)),
            (None, false) => Some(to_next(self.release.started.as_millisecond(), 1000)),
        };
        let notice = self.notice.as_ref().filter(|notice| notice.until > now).map(|notice| {
            let left = notice.until.as_millisecond().saturating_sub(millis).max(1);
            Duration::from_millis(u64::try_from(left).unwrap_or(1000))
        });
        clock.into_iter().chain(notice).min()
    }

    /// What promoting would ask for.
    pub(crate) fn promote(&self, now: Timestamp) -> Ask {
        Ask::Promote(self.selected_stage(now))
    }

    /// What retrying would ask for.
    pub(crate) fn retry(&self, now: Timestamp) -> Ask {
        Ask::Retry(self.selected_stage(now))
    }

    /// Whether leaving stops something.
    pub(crate) fn leaving_matters(&self) -> bool {
        self.driving == Some(Driving::Here) && !self.release.is_over()
    }

    /// The keys that mean an action, as they are written; nothing where none do.
    pub(crate) fn key(&self, action: Action) -> String {
        self.settings.looks.keymap.label(action).unwrap_or_default()
    }

    pub(super) fn say(&mut self, words: impl Into<String>, tone: Tone, now: Timestamp) {
        let until = now.saturating_add(jiff::SignedDuration::from_secs(NOTICE)).unwrap_or(now);
        self.notice = Some(Notice { words: words.into(), tone, until });
    }

    pub(super) fn say_problems(&mut self, now: Timestamp) {
        let problems = &self.settings.looks.problems;
        if let Some(first) = problems.first() {
            let more = problems.len().saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!("  (+{more})") };
            self.say(format!("settings: {first}{more}"), Tone::Warn, now);
        }
    }

    /// Shows another theme.
    pub(super) fn wear(&mut self, theme: &Theme) {
        self.theme = theme.clone().at(self.settings.depth);
    }

    /// Takes note that a request could not be handed on.
    pub fn not_sent(&mut self, request: &Request, now: Timestamp) {
        let id = match request {
            Request::Act { id, .. } | Request::Keep { id, .. } => id,
            Request::WatchOutput(_) => {
                // It is asked for again with whatever comes next.
                self.watched = None;
                return;
            }
            Request::History { .. } => return,
        };
        let what = self.pending.iter().find(|(pending, _)| pending == id).map(|(_, what)| what.clone());
        self.pending.retain(|(pending, _)| pending != id);
        if let Some(what) = what {
            self.say(format!("{what} could not be sent: try again"), Tone::Bad, now);
        }
        self.dirty = true;
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
        Ask::Automatic(true) => "automatic rollback".to_owned(),
        Ask::Automatic(false) => "no automatic rollback".to_owned(),
        Ask::Silence { .. } => "silence".to_owned(),
        Ask::Unsilence(_) => "end of a silence".to_owned(),
        Ask::Note(_) => "note".to_owned(),
    }
}
