//! The output of tasks: which stage's is sent to the cockpit, and what a person does where it is read.

use jiff::Timestamp;

use super::{
    actions::Action,
    app::{App, Effect, Overlay, View},
    draw,
    form::edit,
    guard::Arrival,
    input::{Code, Key},
    link::{self, Request},
    list::{Pane, Subject},
    output::Output,
    reader::{OutputAct, OutputView},
};

impl App {
    /// The output as the display shows it: as it is, or as it was when the display was frozen.
    pub(crate) fn shown_output(&self) -> &Output {
        self.frozen.as_ref().map_or(&self.output, |frozen| &frozen.output)
    }

    /// Takes in what is new of the output that is watched.
    pub(super) fn told_output(&mut self, part: link::Output) {
        // What was asked for before something else was may still come.
        if self.watched.as_ref() != Some(&part.stage) {
            return;
        }
        let from = self.output.take(part);
        if self.frozen.is_none()
            && let Some(Overlay::Output(reader)) = &mut self.overlay
        {
            reader.grew(&self.output, from);
        }
    }

    /// Asks for the output that the screen shows, if another one is sent.
    pub(super) fn watch(&mut self, now: Timestamp) -> Option<Effect> {
        let wanted = self.output_wanted(now);
        if wanted == self.watched {
            return None;
        }
        if wanted.is_some() && wanted.as_ref() != Some(&self.output.stage) {
            self.output = Output::default();
        }
        self.watched.clone_from(&wanted);
        Some(Effect::Request(Request::WatchOutput(wanted)))
    }

    /// The stage whose output the screen shows, if it shows one's.
    fn output_wanted(&self, now: Timestamp) -> Option<String> {
        let selected = || self.release.plan.stages.get(self.row(Pane::Stages, now)).map(|stage| stage.id.clone());
        match (&self.overlay, self.view) {
            (Some(Overlay::Output(reader)), _) => Some(reader.stage.clone()),
            (Some(Overlay::Detail { of: Subject::Stage(stage), .. }), _) => Some(stage.clone()),
            (_, View::Zoom) if self.pane == Pane::Stages => selected(),
            (_, View::Main) if draw::shows_output(self.shown.width, self.shown.height) => selected(),
            _ => None,
        }
    }

    /// Opens the output of the selected stage.
    pub(super) fn open_output(&mut self, now: Timestamp) {
        if let Some(stage) = self.selected_stage(now) {
            self.overlay = Some(Overlay::Output(Box::new(OutputView::new(stage))));
        }
    }

    /// Does in the output that is open what an action means there; whether one is open and it means something.
    pub(super) fn read_output(&mut self, action: Action) -> bool {
        let act = match action {
            Action::Up => OutputAct::Up,
            Action::Down => OutputAct::Down,
            Action::PageUp => OutputAct::PageUp,
            Action::PageDown => OutputAct::PageDown,
            Action::Top => OutputAct::Top,
            Action::Bottom | Action::Follow => OutputAct::Follow,
            Action::ScrollLeft => OutputAct::Left,
            Action::ScrollRight => OutputAct::Right,
            Action::Wrap => OutputAct::Wrap,
            Action::Search => OutputAct::Search,
            Action::NextMatch => OutputAct::Next,
            Action::PreviousMatch => OutputAct::Previous,
            _ => return false,
        };
        let room = draw::reader_room(self.shown.width, self.shown.height);
        let output = self.frozen.as_ref().map_or(&self.output, |frozen| &frozen.output);
        let Some(Overlay::Output(reader)) = &mut self.overlay else { return false };
        reader.key(act, output, room);
        true
    }

    /// A key while it is typed what is searched for.
    pub(super) fn search_key(&mut self, mut reader: Box<OutputView>, key: &Key, arrival: Arrival) {
        let room = draw::reader_room(self.shown.width, self.shown.height);
        match key.code {
            Code::Esc if arrival.repeat => {}
            Code::Esc => {
                reader.leave_search();
            }
            _ if arrival.behind_esc => {}
            Code::Enter => reader.search(self.shown_output(), room),
            _ => {
                if let Some(field) = &mut reader.field {
                    edit(field, key);
                }
            }
        }
        self.overlay = Some(Overlay::Output(reader));
    }

    /// Whether something was searched for in the output that is open.
    pub(crate) fn searches(&self) -> bool {
        matches!(&self.overlay, Some(Overlay::Output(reader)) if reader.pattern.is_some())
    }

    /// Takes note that the output is shown as it is again, and not as it was when the display was frozen.
    pub(super) fn thawed_output(&mut self) {
        if let Some(Overlay::Output(reader)) = &mut self.overlay {
            reader.grew(&self.output, self.output.first());
        }
    }
}
