//! The dialogs: what an act would do, in words, and what it takes to say yes to it.
//!
//! A dialog is frozen: what it sends is what it showed when it was opened, with the state it was shown for. It starts on
//! Cancel, and needs a move to the other button, or the environment's name typed, before Enter does anything. Its rules for
//! keys are [`super::guard`]'s.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tui_input::Input as Field;

use super::{
    app::App,
    form::{edit, filled, insert_text},
    guard::Arrival,
    input::{Code, Key},
    link::Driving,
};
use crate::release::{Ask, Consequence, Phase, Release, Seen};

/// Nothing is confirmed sooner after a dialog has opened: nobody reads it faster.
const READING: Duration = Duration::from_millis(400);

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
    Reason,
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
    /// Why it is done, where that must be said.
    pub(crate) reason: Option<Field>,
    /// The environment's name, where that must be typed.
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
        let mut consequence = release.consequence(&ask, now);
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
            Ask::Automatic(true) => {
                // It may act at once: what it takes to roll back by hand it takes here.
                let back = release.consequence(&Ask::Rollback, now);
                consequence.lines.push(format!("A rollback now: {}.", back.line));
                (consequence.environment, consequence.type_name) = (back.environment, back.type_name);
                ("Automatic rollback back in?".to_owned(), "Take back in", ask)
            }
            _ => return Err("this needs no dialog".to_owned()),
        };
        let reason = matches!(ask, Ask::Automatic(_)).then(Field::default);
        let focus = match (&reason, &consequence.type_name) {
            (Some(_), _) => Focus::Reason,
            (None, Some(_)) => Focus::Field,
            (None, None) => Focus::Cancel,
        };
        let seen = Some(consequence.seen.clone().unwrap_or_else(|| release.seen(None)));
        Ok(Self {
            purpose: Purpose::Act(ask),
            title,
            button,
            consequence,
            seen,
            focus,
            reason,
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
            reason: None,
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
        let typing = matches!(self.focus, Focus::Field | Focus::Reason);
        let before = self.hint.take();
        match key.code {
            Code::Esc if arrival.repeat => Said::Nothing,
            Code::Esc => Said::No,
            // A reason confirms nothing: it may be typed as fast as any text.
            Code::Char(_) | Code::Backspace | Code::Delete if self.focus == Focus::Reason && !arrival.behind_esc => {
                self.write(key);
                Said::Nothing
            }
            // What is torn, pasted or held does nothing else here.
            _ if !arrival.may_act() => {
                if self.focus == Focus::Field && arrival.burst {
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
                self.write(key);
                Said::Nothing
            }
            _ => {
                self.hint = before;
                Said::Nothing
            }
        }
    }

    /// Types into the field that has the keys.
    fn write(&mut self, key: &Key) {
        match (self.focus, &mut self.reason) {
            (Focus::Reason, Some(reason)) => edit(reason, key),
            (Focus::Field, _) => edit(&mut self.field, key),
            _ => {}
        }
    }

    /// The next place for Enter, or the one before.
    fn next(&self, back: bool, locked: bool) -> Focus {
        if locked {
            return Focus::Cancel;
        }
        let places = [
            self.reason.as_ref().map(|_| Focus::Reason),
            self.consequence.type_name.as_ref().map(|_| Focus::Field),
            Some(Focus::Cancel),
            Some(Focus::Confirm),
        ];
        let places = places.into_iter().flatten().collect::<Vec<_>>();
        let at = places.iter().position(|place| *place == self.focus).unwrap_or(0);
        let step = if back { places.len().saturating_sub(1) } else { 1 };
        let next = at.saturating_add(step).checked_rem(places.len()).unwrap_or(0);
        places.get(next).copied().unwrap_or(Focus::Cancel)
    }

    /// What was said why, where that must be said.
    pub(crate) fn why(&self) -> Option<String> {
        self.reason.as_ref().and_then(filled)
    }

    fn enter(&mut self, at: Instant, arrival: Arrival, locked: bool) -> Said {
        if self.focus == Focus::Cancel {
            return Said::No;
        }
        if locked {
            return Said::Nothing;
        }
        if self.reason.is_some() && self.why().is_none() {
            self.hint = Some("it needs a reason: say why first");
            return Said::Nothing;
        }
        if self.focus == Focus::Reason {
            // Where a name is to be typed it is next; a button is never come upon by Enter.
            match &self.consequence.type_name {
                Some(_) => self.focus = Focus::Field,
                None => self.hint = Some("tab goes to the buttons"),
            }
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

    /// Pasted text never confirms anything; as a reason it is welcome.
    pub(crate) fn pasted(&mut self, pasted: &str) {
        match (self.focus, &mut self.reason) {
            (Focus::Reason, Some(reason)) => insert_text(reason, pasted),
            (Focus::Field, _) => self.hint = Some("type the name; pasting it does not count"),
            _ => {}
        }
    }
}
