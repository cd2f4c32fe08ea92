//! The dialogs: what an act would do, in words, and what it takes to say yes to it.
//!
//! A dialog is frozen: what it sends is what it showed when it was opened, with the state it was shown for. It starts on
//! Cancel, and needs a move to the other button, or the environment's name typed, before Enter does anything. Its rules for
//! keys are [`super::guard`]'s.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tui_input::{Input as Field, InputRequest};

use super::{
    app::App,
    guard::Arrival,
    input::{Code, Key},
    link::Driving,
};
use crate::{
    release::{Ask, Consequence, Phase, Release, Seen},
    text,
};

/// Nothing is confirmed sooner after a dialog has opened: nobody reads it faster.
const READING: Duration = Duration::from_millis(400);
/// The longest text that a field takes.
const FIELD: usize = 400;

/// What a dialog is for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Purpose {
    /// An act on the release.
    Act(Ask),
    /// Leaving the cockpit.
    Quit,
    /// Giving the terminal back to the shell for a while.
    Suspend,
}

/// Where Enter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Field,
    Cancel,
    Confirm,
}

/// A question before an act.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) purpose: Purpose,
    pub(crate) title: String,
    pub(crate) button: &'static str,
    pub(crate) consequence: Consequence,
    pub(crate) seen: Option<Seen>,
    pub(crate) focus: Focus,
    pub(crate) field: Field,
    pub(crate) hint: Option<&'static str>,
    /// What has happened since it was opened.
    pub(crate) moved_on: Vec<String>,
    pub(crate) scroll: usize,
    pub(crate) drawn: bool,
    opened: Instant,
}

/// What a key in a dialog leads to.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    Nothing,
    No,
    Yes,
}

impl Dialog {
    /// The dialog for an act; a refusal in words where there is nothing to ask.
    pub(crate) fn of(release: &Release, ask: Ask, now: Timestamp, at: Instant) -> Result<Self, String> {
        let consequence = release.consequence(&ask, now);
        // What was meant is named, so that the command can mean nothing else.
        let stage = consequence.seen.as_ref().and_then(|seen| seen.stage.as_ref()).map(|stage| stage.stage.clone());
        let phase = stage.as_deref().and_then(|id| release.stage(id)).map(|(_, state)| state.phase);
        let (title, button, ask) = match ask {
            Ask::Promote(_) => {
                let Some(stage) = stage else { return Err(consequence.line) };
                if phase == Some(Phase::Unsettled) {
                    (format!("Take {stage} as done?"), "It was done", Ask::Promote(Some(stage)))
                } else {
                    (format!("Promote {stage}?"), "Promote", Ask::Promote(Some(stage)))
                }
            }
            Ask::Retry(_) => match stage {
                Some(stage) => (format!("Start {stage} again?"), "Retry", Ask::Retry(Some(stage))),
                None if release.rollback.as_ref().is_some_and(|rollback| rollback.steps.iter().any(|u| u.stuck.is_some())) => {
                    ("Go on rolling back?".to_owned(), "Retry", Ask::Retry(None))
                }
                None => return Err(consequence.line),
            },
            Ask::Rollback => match &release.rollback {
                Some(rollback) if rollback.steps.iter().all(|undo| undo.stuck.is_none()) => return Err(consequence.line),
                Some(_) => ("Go on rolling back?".to_owned(), "Roll back", ask),
                None => (format!("Roll {} back?", release.plan.service), "Roll back", ask),
            },
            Ask::Resume => ("Go on?".to_owned(), "Resume", ask),
            _ => return Err("this needs no dialog".to_owned()),
        };
        let focus = if consequence.type_name.is_some() { Focus::Field } else { Focus::Cancel };
        let seen = Some(consequence.seen.clone().unwrap_or_else(|| release.seen(None)));
        Ok(Self {
            purpose: Purpose::Act(ask),
            title,
            button,
            consequence,
            seen,
            focus,
            field: Field::default(),
            hint: None,
            moved_on: Vec::new(),
            scroll: 0,
            drawn: false,
            opened: at,
        })
    }

    /// The question before leaving.
    pub(crate) fn quit(at: Instant) -> Self {
        let lines = ["The release stops being driven; running tasks go on.", "Another cockpit may drive it."];
        Self::plain(Purpose::Quit, "Quit?", "Quit", &lines, at)
    }

    /// The question before stopping for a while.
    pub(crate) fn suspend(at: Instant) -> Self {
        let lines = [
            "The release stops being driven until `fg`; running tasks go on.",
            "Nothing rolls back by itself meanwhile, unless another cockpit drives it.",
        ];
        Self::plain(Purpose::Suspend, "Suspend?", "Suspend", &lines, at)
    }

    fn plain(purpose: Purpose, title: &str, button: &'static str, lines: &[&str], at: Instant) -> Self {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Self {
            purpose,
            title: title.to_owned(),
            button,
            consequence: Consequence { line: String::new(), lines, ..Consequence::default() },
            seen: None,
            focus: Focus::Cancel,
            field: Field::default(),
            hint: None,
            moved_on: Vec::new(),
            scroll: 0,
            drawn: false,
            opened: at,
        }
    }

    /// Whether it is for what nothing may keep from being given.
    pub(crate) fn is_free(&self) -> bool {
        match &self.purpose {
            Purpose::Quit | Purpose::Suspend | Purpose::Act(Ask::Rollback) => true,
            // Going on with a rollback that is stuck is rolling back.
            Purpose::Act(Ask::Retry(stage)) => stage.is_none(),
            Purpose::Act(_) => false,
        }
    }

    /// Takes note that the release has moved on.
    pub(crate) fn moved(&mut self, words: String) {
        if self.moved_on.len() < 4 {
            self.moved_on.push(words);
        }
    }

    /// Why it cannot be confirmed now, in sentences; nothing where it can.
    pub(crate) fn locks(&self, app: &App, now: Timestamp) -> Vec<String> {
        let Purpose::Act(ask) = &self.purpose else { return Vec::new() };
        if self.is_free() {
            return Vec::new();
        }
        let mut locks = Vec::new();
        if !self.moved_on.is_empty() {
            locks.push(format!("The release has moved on: {}. Close this and look again.", self.moved_on.join("; ")));
        }
        match (&app.trouble, &app.driving) {
            (Some(trouble), _) => locks.push(format!("What is shown may be old: {trouble}.")),
            (None, Some(Driving::Nobody { .. })) => {
                locks.push("Nobody drives this release, so nothing would be done.".to_owned())
            }
            (None, None) => locks.push("It is not known yet who drives this release.".to_owned()),
            (None, Some(_)) => {}
        }
        // The gate as it is now, not as it was: a signal may have gone stale without an event.
        let blockers = app.release.consequence(ask, now).blockers;
        let words = blockers.iter().map(|blocker| super::draw::blocker_words(&app.release, blocker));
        locks.extend(words);
        locks
    }

    /// A key.
    pub(crate) fn key(&mut self, key: &Key, arrival: Arrival, locked: bool) -> Said {
        let typing = self.focus == Focus::Field;
        let before = self.hint.take();
        match key.code {
            Code::Esc if arrival.repeat => Said::Nothing,
            Code::Esc => Said::No,
            // What is torn, pasted or held does nothing else here.
            _ if !arrival.may_act() => {
                if typing && arrival.burst {
                    self.hint = Some("that was too fast for a person's hand; some letters were left out");
                }
                Said::Nothing
            }
            Code::Enter => self.enter(key.at, arrival, locked),
            Code::Up => {
                self.scroll = self.scroll.saturating_sub(1);
                Said::Nothing
            }
            Code::Down => {
                self.scroll = self.scroll.saturating_add(1);
                Said::Nothing
            }
            Code::Tab | Code::BackTab => {
                self.focus = self.next(key.code == Code::BackTab, locked);
                Said::Nothing
            }
            Code::Left if !typing => {
                self.focus = Focus::Cancel;
                Said::Nothing
            }
            Code::Right if !typing => {
                if !locked {
                    self.focus = Focus::Confirm;
                }
                Said::Nothing
            }
            _ if typing => {
                edit(&mut self.field, key);
                Said::Nothing
            }
            _ => {
                self.hint = before;
                Said::Nothing
            }
        }
    }

    fn next(&self, back: bool, locked: bool) -> Focus {
        let field = self.consequence.type_name.is_some();
        match (self.focus, back) {
            (Focus::Field, false) | (Focus::Confirm, true) => Focus::Cancel,
            (Focus::Field, true) | (Focus::Cancel, false) => {
                if locked {
                    Focus::Cancel
                } else {
                    Focus::Confirm
                }
            }
            (Focus::Confirm, false) | (Focus::Cancel, true) if field => Focus::Field,
            (Focus::Confirm, false) => Focus::Cancel,
            (Focus::Cancel, true) => {
                if locked {
                    Focus::Cancel
                } else {
                    Focus::Confirm
                }
            }
        }
    }

    fn enter(&mut self, at: Instant, arrival: Arrival, locked: bool) -> Said {
        if self.focus == Focus::Cancel {
            return Said::No;
        }
        if locked {
            return Said::Nothing;
        }
        if let Some(name) = &self.consequence.type_name
            && self.field.value() != name
        {
            self.hint = Some("type the environment's name first");
            return Said::Nothing;
        }
        let read = at.saturating_duration_since(self.opened) >= READING;
        if !self.drawn || !read || !arrival.may_confirm() {
            self.hint = Some("that was too quick; press Enter once more");
            return Said::Nothing;
        }
        Said::Yes
    }

    /// The confirming button was pointed at: Enter would press it.
    pub(crate) fn point_at_confirm(&mut self, locked: bool) {
        if !locked {
            self.focus = Focus::Confirm;
        }
    }

    /// Pasted text never counts.
    pub(crate) fn pasted(&mut self) {
        if self.focus == Focus::Field {
            self.hint = Some("type the name; pasting it does not count");
        }
    }
}

/// What is typed about a check, or as a note.
#[derive(Debug)]
pub(crate) struct Form {
    /// The check to sign; none for a note.
    pub(crate) check: Option<String>,
    pub(crate) note: Field,
    pub(crate) evidence: Field,
    /// The field that is typed into; behind the last, the button.
    pub(crate) at: usize,
    pub(crate) drawn: bool,
    pub(crate) hint: Option<&'static str>,
}

impl Form {
    pub(crate) fn sign(check: String) -> Self {
        Self { check: Some(check), note: Field::default(), evidence: Field::default(), at: 0, drawn: false, hint: None }
    }

    pub(crate) fn note() -> Self {
        Self { check: None, note: Field::default(), evidence: Field::default(), at: 0, drawn: false, hint: None }
    }

    /// How many fields it has.
    pub(crate) fn fields(&self) -> usize {
        if self.check.is_some() { 2 } else { 1 }
    }

    /// A key.
    pub(crate) fn key(&mut self, key: &Key, arrival: Arrival) -> Said {
        self.hint = None;
        let places = self.fields().saturating_add(1);
        match key.code {
            Code::Esc if arrival.repeat => return Said::Nothing,
            Code::Esc => return Said::No,
            _ if arrival.behind_esc => {}
            Code::Enter if arrival.repeat => {}
            Code::Enter if self.at >= self.fields() || self.check.is_none() => {
                if self.check.is_none() && self.note.value().trim().is_empty() {
                    self.hint = Some("there is nothing to write down yet");
                } else if !self.drawn || !arrival.may_confirm() {
                    self.hint = Some("that was too quick; press Enter once more");
                } else {
                    return Said::Yes;
                }
            }
            Code::Enter | Code::Tab | Code::Down => self.at = self.at.saturating_add(1).checked_rem(places).unwrap_or(0),
            Code::BackTab | Code::Up => {
                self.at = self.at.checked_sub(1).unwrap_or(places.saturating_sub(1));
            }
            _ => {
                if let Some(field) = self.field() {
                    edit(field, key);
                }
            }
        }
        Said::Nothing
    }

    fn field(&mut self) -> Option<&mut Field> {
        match (self.at, &self.check) {
            (0, _) => Some(&mut self.note),
            (1, Some(_)) => Some(&mut self.evidence),
            _ => None,
        }
    }

    /// Pasted text, as one safe line.
    pub(crate) fn pasted(&mut self, pasted: &str) {
        let Some(field) = self.field() else { return };
        insert_text(field, pasted);
    }

    /// What it asks for.
    pub(crate) fn ask(&self) -> Ask {
        let filled = |field: &Field| Some(text::line(field.value(), FIELD)).filter(|text| !text.is_empty());
        match &self.check {
            Some(check) => Ask::Sign { check: check.clone(), note: filled(&self.note), evidence: filled(&self.evidence) },
            None => Ask::Note(filled(&self.note).unwrap_or_default()),
        }
    }
}

/// Puts text into a field, as one safe line.
pub(crate) fn insert_text(field: &mut Field, pasted: &str) {
    for c in text::line(pasted, FIELD).chars() {
        insert(field, c);
    }
}

fn insert(field: &mut Field, c: char) {
    if !text::is_unsafe(c) && field.value().chars().count() < FIELD {
        field.handle(InputRequest::InsertChar(c));
    }
}

/// What a key does to a field.
pub(crate) fn edit(field: &mut Field, key: &Key) {
    let request = match (key.code, key.mods.ctrl, key.mods.alt) {
        (Code::Char(c), false, false) => return insert(field, c),
        (Code::Char('a'), true, _) | (Code::Home, ..) => InputRequest::GoToStart,
        (Code::Char('e'), true, _) | (Code::End, ..) => InputRequest::GoToEnd,
        (Code::Char('u'), true, _) => InputRequest::DeleteLine,
        (Code::Char('k'), true, _) => InputRequest::DeleteTillEnd,
        (Code::Char('w'), true, _) | (Code::Backspace, _, true) => InputRequest::DeletePrevWord,
        (Code::Char('y'), true, _) => InputRequest::Yank,
        (Code::Backspace, ..) | (Code::Char('h'), true, _) => InputRequest::DeletePrevChar,
        (Code::Delete, ..) => InputRequest::DeleteNextChar,
        (Code::Left, true, _) | (Code::Char('b'), _, true) => InputRequest::GoToPrevWord,
        (Code::Right, true, _) | (Code::Char('f'), _, true) => InputRequest::GoToNextWord,
        (Code::Left, ..) => InputRequest::GoToPrevChar,
        (Code::Right, ..) => InputRequest::GoToNextChar,
        _ => return,
    };
    field.handle(request);
}
