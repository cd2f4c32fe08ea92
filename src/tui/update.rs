//! What every message does to the cockpit. Pure: what is to be done outside is returned.

use std::time::Instant;

use jiff::Timestamp;
use tui_input::Input as Field;

use super::{
    actions::{Action, Context},
    app::{App, Effect, Exit, Hit, Looks, Overlay, View},
    chord::Chord,
    console::Call,
    dialog::{Dialog, Purpose, Said},
    form::{Form, edit, filled, insert_text},
    guard::Arrival,
    input::{Code, Gesture, Input, Key, Kind, Mouse},
    keymap::Found,
    link::{Request, Update},
    list::{Pane, Subject},
    palette::{Palette, What},
    theme::Theme,
};
use crate::release::{Ask, Command, Event, Tone};

/// Something that came in.
#[derive(Debug)]
pub enum Message {
    /// From the terminal.
    Input(Input),
    /// From the rest.
    Update(Update),
}

/// What a message does. What is to be done outside is returned.
pub fn update(app: &mut App, message: Message, now: Timestamp) -> Vec<Effect> {
    let mut effects = taken(app, message, now);
    effects.extend(app.watch(now));
    effects
}

fn taken(app: &mut App, message: Message, now: Timestamp) -> Vec<Effect> {
    match message {
        Message::Update(update) => {
            app.touch();
            app.told(update, now)
        }
        Message::Input(Input::Stop(stop)) => {
            app.exit = Some(Exit::Stopped(stop));
            Vec::new()
        }
        Message::Input(Input::Resize(..)) => {
            app.touch();
            Vec::new()
        }
        Message::Input(Input::Focus(focused)) => {
            app.focused = Some(focused);
            Vec::new()
        }
        Message::Input(Input::Suspend) => vec![Effect::Call(Call::Suspend)],
        Message::Input(Input::Resumed) => {
            app.touch();
            vec![Effect::Call(Call::Retake)]
        }
        Message::Input(Input::Mouse(mouse)) => {
            app.touch();
            app.last_key = Some(now);
            let mut effects = app.mouse(&mouse, now);
            effects.extend(app.follow_chart(now));
            effects
        }
        Message::Input(Input::Paste(text, at)) => {
            app.touch();
            app.last_key = Some(now);
            app.pasted(&text, at);
            Vec::new()
        }
        Message::Input(Input::Key(key)) if key.kind == Kind::Release => Vec::new(),
        Message::Input(Input::Key(key)) => {
            app.touch();
            app.last_key = Some(now);
            let arrival = app.guard.arrived(&key);
            let mut effects = app.pressed(&key, arrival, now);
            effects.extend(app.follow_chart(now));
            effects
        }
    }
}

impl App {
    fn told(&mut self, update: Update, now: Timestamp) -> Vec<Effect> {
        match update {
            Update::Event(sequence, event) => {
                self.event(sequence, &event);
                return self.ring(event.at, now);
            }
            Update::Samples(samples) => {
                for (signal, sample) in samples {
                    if let Some(plan) = self.release.plan.signals.get(&signal) {
                        self.zoom.observe(&signal, plan, &sample);
                    }
                    self.release.observe(&signal, sample);
                }
            }
            Update::Output(part) => self.told_output(part),
            Update::Expected(expected) => self.expected = expected,
            Update::History { signal, from, samples } => self.zoom.told(signal, from, samples),
            Update::Driving(driving) => self.driving = Some(driving),
            Update::Trouble(trouble) => self.trouble = trouble,
            Update::Looks(looks) => self.look_anew(*looks, now),
            Update::Answer { id, answer } => {
                self.pending.retain(|(pending, _)| *pending != id);
                match answer {
                    Ok(done) => self.say(done, Tone::Good, now),
                    Err(refusal) => self.say(refusal, Tone::Bad, now),
                }
            }
        }
        Vec::new()
    }

    fn look_anew(&mut self, looks: Looks, now: Timestamp) {
        self.keys.clear();
        // Other themes move the palette's lines: Enter must not choose another one than was seen.
        if matches!(self.overlay, Some(Overlay::Palette(_))) {
            self.overlay = None;
        }
        self.wear(&looks.theme);
        self.settings.looks = looks;
        if self.settings.looks.problems.is_empty() {
            self.say("theme and keys are read again; other settings count from the next start", Tone::Good, now);
        } else {
            self.say_problems(now);
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

    fn pasted(&mut self, text: &str, at: Instant) {
        self.guard.pasted(at);
        self.keys.clear();
        match &mut self.overlay {
            Some(Overlay::Form(form)) => form.pasted(text),
            Some(Overlay::Dialog(dialog)) => dialog.pasted(text),
            Some(Overlay::Palette(palette)) => insert_text(&mut palette.field, text),
            Some(Overlay::Filter { field, .. }) => insert_text(field, text),
            Some(Overlay::Output(reader)) => {
                if let Some(field) = &mut reader.field {
                    insert_text(field, text);
                }
            }
            Some(Overlay::Help { .. } | Overlay::Log { .. } | Overlay::Detail { .. }) | None => {}
        }
    }

    fn pressed(&mut self, key: &Key, arrival: Arrival, now: Timestamp) -> Vec<Effect> {
        if key.is_ctrl('c') {
            return self.ctrl_c(key, arrival);
        }
        match self.overlay.take() {
            Some(Overlay::Dialog(dialog)) => self.dialog_key(dialog, key, arrival, now),
            Some(Overlay::Form(form)) => self.form_key(form, key, arrival),
            Some(Overlay::Palette(palette)) => self.palette_key(palette, key, arrival, now),
            Some(Overlay::Filter { field, before }) => {
                self.filter_key(field, before, key, arrival, now);
                Vec::new()
            }
            Some(Overlay::Output(reader)) if reader.field.is_some() => {
                self.search_key(reader, key, arrival);
                Vec::new()
            }
            other => {
                self.overlay = other;
                self.command_key(key, arrival, now)
            }
        }
    }

    /// A key where no text is typed.
    fn command_key(&mut self, key: &Key, arrival: Arrival, now: Timestamp) -> Vec<Effect> {
        if arrival.behind_esc {
            // What is left of a sequence that a slow line has torn apart means nothing.
            self.keys.clear();
            return Vec::new();
        }
        if key.code == Code::Esc {
            if !arrival.repeat && !self.give_up_keys() {
                return self.back();
            }
            return Vec::new();
        }
        self.keys.push(Chord::of(key));
        match self.settings.looks.keymap.find(self.context(), &self.keys) {
            Found::Prefix if arrival.may_act() => Vec::new(),
            Found::Act(action) => {
                self.keys.clear();
                if action.moves() || arrival.may_act() { self.perform(action, key.at, now) } else { Vec::new() }
            }
            Found::Prefix | Found::Nothing => {
                self.keys.clear();
                // What is only read is left by these, whatever they mean elsewhere.
                if matches!(self.overlay, Some(Overlay::Help { .. } | Overlay::Log { .. } | Overlay::Detail { .. }))
                    && key.code == Code::Enter
                {
                    return if arrival.may_act() { self.back() } else { Vec::new() };
                }
                // What its last lines are shown of can be read whole, and an alert that is read of can be silenced.
                let key_of_panes = self.settings.looks.keymap.find(Context::Panes, &[Chord::of(key)]);
                let meant = match (&self.overlay, key_of_panes) {
                    (Some(Overlay::Detail { of: Subject::Stage(_), .. }), Found::Act(Action::Output)) => Some(Action::Output),
                    (Some(Overlay::Detail { of: Subject::Signal(_), .. }), Found::Act(Action::Silence)) => Some(Action::Silence),
                    _ => None,
                };
                if let Some(action) = meant.filter(|_| arrival.may_act()) {
                    return self.perform(action, key.at, now);
                }
                Vec::new()
            }
        }
    }

    /// Forgets the keys of a sequence that was begun; whether there were any.
    fn give_up_keys(&mut self) -> bool {
        let had = !self.keys.is_empty();
        self.keys.clear();
        had
    }

    fn ctrl_c(&mut self, key: &Key, arrival: Arrival) -> Vec<Effect> {
        let asked = matches!(&self.overlay, Some(Overlay::Dialog(dialog)) if dialog.purpose == Purpose::Quit);
        if asked || !self.leaving_matters() {
            if !arrival.repeat {
                self.exit = Some(Exit::Quit);
            }
            return Vec::new();
        }
        let effects = self.close();
        self.overlay = Some(Overlay::Dialog(Box::new(Dialog::quit(key.at))));
        effects
    }

    /// Leaves what lies on top.
    pub(super) fn close(&mut self) -> Vec<Effect> {
        match self.overlay.take() {
            Some(Overlay::Palette(_)) => {
                self.wear_own();
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Goes back by one: out of what lies on top, a filter, a zoom.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        if let Some(Overlay::Output(reader)) = &mut self.overlay
            && reader.leave_search()
        {
            return Vec::new();
        }
        if self.overlay.is_some() {
            return self.close();
        }
        if !self.lists.of(self.pane).filter.is_empty() {
            self.lists.of_mut(self.pane).filter.clear();
        } else if self.context() == Context::Chart && self.zoom.cursor.is_some() {
            self.zoom.cursor = None;
        } else if self.view != View::Main {
            self.view = View::Main;
        } else {
            self.frozen = None;
        }
        Vec::new()
    }

    fn dialog_key(&mut self, mut dialog: Box<Dialog>, key: &Key, arrival: Arrival, now: Timestamp) -> Vec<Effect> {
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
                Purpose::Suspend => vec![Effect::Call(Call::Suspend)],
                Purpose::Act(ask) => {
                    let reason = dialog.reason.as_ref().and_then(filled);
                    let command = Command { by: self.settings.operator.clone(), ask, seen: dialog.seen, expect: None, reason };
                    vec![self.send(command)]
                }
            },
        }
    }

    fn form_key(&mut self, mut form: Box<Form>, key: &Key, arrival: Arrival) -> Vec<Effect> {
        let overtaken = form.overtaken(&self.release).is_some();
        match form.key(key, arrival, overtaken) {
            Said::Nothing => {
                self.overlay = Some(Overlay::Form(form));
                Vec::new()
            }
            Said::No => Vec::new(),
            Said::Yes => vec![self.send_because(form.ask(), form.reason())],
        }
    }

    pub(super) fn send_ask(&mut self, ask: Ask) -> Effect {
        self.send_because(ask, None)
    }

    fn send_because(&mut self, ask: Ask, reason: Option<String>) -> Effect {
        let seen = Some(self.release.seen(None));
        self.send(Command { by: self.settings.operator.clone(), ask, seen, expect: None, reason })
    }

    fn send(&mut self, command: Command) -> Effect {
        let id = self.asked(super::app::ask_words(&command.ask));
        Effect::Request(Request::Act { id, command })
    }

    /// Takes note that something is asked for; the id under which the answer comes.
    pub(super) fn asked(&mut self, what: String) -> u64 {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.pending.push((id, what));
        self.notice = None;
        id
    }

    fn palette_key(&mut self, mut palette: Box<Palette>, key: &Key, arrival: Arrival, now: Timestamp) -> Vec<Effect> {
        let items = palette.items(self, now);
        let last = items.len().saturating_sub(1);
        let step = |by: isize| palette.selected.saturating_add_signed(by).min(last);
        match (key.code, key.mods.ctrl) {
            (Code::Esc, _) if arrival.repeat => {}
            (Code::Esc, _) | (Code::Char('g'), true) => {
                self.wear_own();
                return Vec::new();
            }
            _ if arrival.behind_esc => {}
            (Code::Enter, _) => {
                if arrival.may_act()
                    && let Some(item) = items.get(palette.selected)
                {
                    return self.choose(item.what, key, now);
                }
            }
            (Code::Up, _) | (Code::BackTab, _) | (Code::Char('p'), true) => palette.selected = step(-1),
            (Code::Down, _) | (Code::Tab, _) | (Code::Char('n'), true) => palette.selected = step(1),
            (Code::PageUp, _) => palette.selected = step(-10),
            (Code::PageDown, _) => palette.selected = step(10),
            _ => {
                let before = palette.field.value().to_owned();
                edit(&mut palette.field, key);
                if palette.field.value() != before {
                    palette.selected = 0;
                }
            }
        }
        // A theme shows itself while its line is selected.
        let preview = palette.preview(self, now).and_then(|index| self.settings.looks.themes.get(index).cloned());
        match preview {
            Some(theme) => self.wear(&theme),
            None => self.wear_own(),
        }
        self.overlay = Some(Overlay::Palette(palette));
        Vec::new()
    }

    fn wear_own(&mut self) {
        let own: Theme = self.settings.looks.theme.clone();
        self.wear(&own);
    }

    /// Does what a line of the palette says, exactly as its key would.
    fn choose(&mut self, what: What, key: &Key, now: Timestamp) -> Vec<Effect> {
        match what {
            What::Act(action) => {
                self.wear_own();
                self.perform(action, key.at, now)
            }
            What::Theme(index) => {
                if let Some(theme) = self.settings.looks.themes.get(index).cloned() {
                    self.wear(&theme);
                    self.settings.looks.theme = theme;
                }
                Vec::new()
            }
        }
    }

    fn filter_key(&mut self, mut field: Field, before: String, key: &Key, arrival: Arrival, now: Timestamp) {
        match key.code {
            Code::Esc => {
                if !arrival.repeat {
                    self.lists.of_mut(self.pane).filter = before;
                    return;
                }
            }
            _ if arrival.behind_esc => {}
            Code::Enter => return,
            Code::Up => self.go(-1, now),
            Code::Down => self.go(1, now),
            _ => edit(&mut field, key),
        }
        field.value().clone_into(&mut self.lists.of_mut(self.pane).filter);
        self.overlay = Some(Overlay::Filter { field, before });
    }

    fn mouse(&mut self, mouse: &Mouse, now: Timestamp) -> Vec<Effect> {
        let hit = self.shown.at(mouse.column, mouse.row);
        match mouse.what {
            Gesture::WheelUp => self.wheel(hit, Action::Up, mouse, now),
            Gesture::WheelDown => self.wheel(hit, Action::Down, mouse, now),
            Gesture::Click => self.click(hit, mouse, now),
        }
    }

    fn wheel(&mut self, hit: Option<Hit>, action: Action, mouse: &Mouse, now: Timestamp) -> Vec<Effect> {
        let by = if action == Action::Up { -1 } else { 1 };
        match (&mut self.overlay, hit) {
            (Some(Overlay::Dialog(dialog)), _) => dialog.scroll = dialog.scroll.saturating_add_signed(by),
            (Some(Overlay::Palette(palette)), _) => palette.selected = palette.selected.saturating_add_signed(by),
            (Some(Overlay::Form(_)), _) => {}
            (Some(Overlay::Help { .. } | Overlay::Log { .. } | Overlay::Detail { .. } | Overlay::Output(_)), _) => {
                return (0..3).flat_map(|_| self.perform(action, mouse.at, now)).collect();
            }
            (Some(Overlay::Filter { .. }) | None, Some(Hit::Row(pane, _) | Hit::Pane(pane))) if pane == self.pane => {
                return self.perform(action, mouse.at, now);
            }
            (Some(Overlay::Filter { .. }) | None, Some(Hit::Row(pane, _) | Hit::Pane(pane))) => self.point_at(pane, now),
            _ => {}
        }
        Vec::new()
    }

    /// A click selects and looks. What acts on the release still asks first, and is never confirmed by a click.
    fn click(&mut self, hit: Option<Hit>, mouse: &Mouse, now: Timestamp) -> Vec<Effect> {
        match (&mut self.overlay, hit) {
            (Some(Overlay::Dialog(_) | Overlay::Form(_)), Some(Hit::Cancel)) => self.close(),
            (Some(Overlay::Dialog(_)), Some(Hit::Confirm)) => {
                if let Some(Overlay::Dialog(mut dialog)) = self.overlay.take() {
                    let locked = !dialog.locks(self, now).is_empty();
                    dialog.point_at_confirm(locked);
                    self.overlay = Some(Overlay::Dialog(dialog));
                }
                Vec::new()
            }
            (Some(Overlay::Palette(palette)), Some(Hit::Item(index))) if palette.selected != index => {
                palette.selected = index;
                Vec::new()
            }
            (Some(Overlay::Palette(_)), Some(Hit::Item(_))) => match self.overlay.take() {
                Some(Overlay::Palette(palette)) => {
                    self.palette_key(palette, &Key::press(Code::Enter, mouse.at), Arrival::clear(), now)
                }
                _ => Vec::new(),
            },
            (Some(Overlay::Form(form)), Some(Hit::Item(index))) => {
                form.choose(index);
                Vec::new()
            }
            // A click beside what is only read leaves it.
            (
                Some(
                    Overlay::Help { .. }
                    | Overlay::Log { .. }
                    | Overlay::Detail { .. }
                    | Overlay::Output(_)
                    | Overlay::Palette(_),
                ),
                hit,
            ) if hit != Some(Hit::Top) => self.close(),
            (
                Some(
                    Overlay::Dialog(_)
                    | Overlay::Form(_)
                    | Overlay::Help { .. }
                    | Overlay::Log { .. }
                    | Overlay::Detail { .. }
                    | Overlay::Output(_)
                    | Overlay::Palette(_),
                ),
                _,
            ) => Vec::new(),
            (Some(Overlay::Filter { .. }) | None, Some(Hit::Act(action))) => {
                self.overlay = None;
                self.perform(action, mouse.at, now)
            }
            (Some(Overlay::Filter { .. }) | None, Some(Hit::Row(pane, row))) => {
                let again = pane == self.pane && self.row(pane, now) == row;
                self.point_at(pane, now);
                self.lists.of_mut(pane).chosen = Some(row);
                if again { self.perform(Action::Detail, mouse.at, now) } else { Vec::new() }
            }
            (Some(Overlay::Filter { .. }) | None, Some(Hit::Pane(pane))) => {
                self.point_at(pane, now);
                Vec::new()
            }
            (Some(Overlay::Filter { .. }) | None, _) => Vec::new(),
        }
    }

    /// Gives the keys to a pane. A filter that is being typed is another pane's, and stays as it is.
    fn point_at(&mut self, pane: Pane, now: Timestamp) {
        if pane != self.pane {
            self.overlay = None;
        }
        self.focus(pane, now);
    }
}
