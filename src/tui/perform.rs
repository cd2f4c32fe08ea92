//! What each action does, what it would do, and why it cannot be done where it cannot.

use std::time::Instant;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use tui_input::Input as Field;

use super::{
    actions::{Action, Context},
    app::{App, Effect, Exit, Frozen, Overlay, View},
    console::{Call, LONGEST_COPY},
    dialog::Dialog,
    form::{About, Form, Silencing},
    health_zoom::HealthAct,
    link::{Keep, Request},
    list::{Pane, Subject},
};
use crate::{
    health::AlertState,
    plan::{CheckKind, OnFail, Signal, Source},
    release::{Ask, Phase, Tone},
    text,
};

impl App {
    /// Does an action. Whatever changes the release opens a dialog first, but for what is safe.
    pub(super) fn perform(&mut self, action: Action, at: Instant, now: Timestamp) -> Vec<Effect> {
        if let Some(why) = self.hindrance(action, now) {
            self.say(why, Tone::Warn, now);
            return Vec::new();
        }
        if self.read_output(action) {
            return Vec::new();
        }
        let page = isize::try_from(self.shown.page.saturating_sub(1).max(1)).unwrap_or(1);
        match action {
            Action::Promote => self.ask(self.promote(now), at, now),
            Action::Retry => self.ask(self.retry(now), at, now),
            Action::Rollback => {
                let effects = self.close();
                self.ask(Ask::Rollback, at, now);
                return effects;
            }
            Action::Hold if self.release.hold.is_some() => self.ask(Ask::Resume, at, now),
            // Holding is safe, so it needs no dialog; it only starts what was going to start anyway a little later.
            Action::Hold => return vec![self.send_ask(Ask::Hold)],
            Action::Sign => {
                if let Some(check) = self.to_sign(now) {
                    self.fill_in(About::Sign { check });
                }
            }
            Action::Silence => {
                if let Some(of) = self.to_silence(now) {
                    self.fill_in(About::Silence(of));
                }
            }
            // Out, it does less than before, and needs no more than a reason. Back in, it may act at once.
            Action::Automatic if self.release.automatic_off.is_none() => self.fill_in(About::AutomaticOut),
            Action::Automatic => self.ask(Ask::Automatic(true), at, now),
            Action::Recheck => {
                if let Some(Subject::Check(id)) = self.subject(now) {
                    return vec![self.send_ask(Ask::Recheck(id))];
                }
            }
            // The newest stands at the end.
            Action::Log => self.overlay = Some(Overlay::Log { scroll: usize::MAX }),
            Action::Note => self.fill_in(About::Note),
            Action::Detail => self.detail(now),
            Action::Output => self.open_output(now),
            Action::Zoom => self.view = if self.view == View::Zoom { View::Main } else { View::Zoom },
            Action::Wall => self.view = if self.view == View::Wall { View::Main } else { View::Wall },
            Action::Filter => {
                let before = self.lists.of(self.pane).filter.clone();
                self.overlay = Some(Overlay::Filter { field: Field::new(before.clone()), before });
            }
            Action::Palette => {
                let effects = self.close();
                self.overlay = Some(Overlay::Palette(Box::default()));
                return effects;
            }
            Action::Help => {
                let was_help = matches!(self.overlay, Some(Overlay::Help { .. }));
                let reads = self.context() == Context::Output;
                let effects = self.close();
                if !was_help {
                    let of = if reads { Context::Output } else { self.context() };
                    self.overlay = Some(Overlay::Help { of, scroll: 0 });
                }
                return effects;
            }
            Action::NextPane => self.turn(1, now),
            Action::PreviousPane => self.turn(2, now),
            Action::Stages => self.focus(Pane::Stages, now),
            Action::Checklist => self.focus(Pane::Checks, now),
            Action::Health => self.focus(Pane::Health, now),
            Action::Up => self.scroll(-1, now),
            Action::Down => self.scroll(1, now),
            Action::PageUp => self.scroll(page.saturating_neg(), now),
            Action::PageDown => self.scroll(page, now),
            Action::Top => self.scroll(isize::MIN, now),
            Action::Bottom => self.scroll(isize::MAX, now),
            Action::CopyRow => {
                let rows = self.rows(self.pane, now);
                let row = self.row(self.pane, now);
                let text = if rows.is_empty() { String::new() } else { self.row_text(self.pane, row, now) };
                return self.copy(text, "the row", now);
            }
            Action::CopyId => return self.copy(self.release.id.clone(), "the release's id", now),
            Action::CopyStatus => {
                let alive = matches!(self.driving, Some(super::Driving::Here | super::Driving::Other { .. }));
                return self.copy(self.shown().report(alive, self.shown_at(now)).text(), "the status", now);
            }
            Action::PictureSvg => return self.picture(true, now),
            Action::PictureText => return self.picture(false, now),
            Action::Freeze => self.freeze(now),
            Action::Mouse => {
                self.mouse = !self.mouse;
                let words =
                    if self.mouse { "the mouse is listened to: click, wheel" } else { "the mouse is left to the terminal" };
                self.say(words, Tone::Good, now);
                return vec![Effect::Call(Call::Mouse(self.mouse))];
            }
            Action::Redraw => return vec![Effect::Call(Call::Retake)],
            Action::Suspend if self.leaving_matters() => self.overlay = Some(Overlay::Dialog(Box::new(Dialog::suspend(at)))),
            Action::Suspend => return vec![Effect::Call(Call::Suspend)],
            Action::Quit => return self.quit(at),
            Action::Back => return self.back(),
            Action::RangeShorter => self.read_chart(HealthAct::Shorter, now),
            Action::RangeLonger => self.read_chart(HealthAct::Longer, now),
            Action::CursorLeft => self.read_chart(HealthAct::Earlier, now),
            Action::CursorRight => self.read_chart(HealthAct::Later, now),
            Action::CursorStart => self.read_chart(HealthAct::Oldest, now),
            Action::CursorEnd => self.read_chart(HealthAct::Newest, now),
            Action::Search
            | Action::NextMatch
            | Action::PreviousMatch
            | Action::Follow
            | Action::Wrap
            | Action::ScrollLeft
            | Action::ScrollRight => {}
        }
        Vec::new()
    }

    /// Does something to the large chart of the selected signal.
    fn read_chart(&mut self, act: HealthAct, now: Timestamp) {
        if let Some(Subject::Signal(signal)) = self.subject(now) {
            let (release, at) = match &self.frozen {
                Some(frozen) => (&frozen.release, frozen.at),
                None => (&self.release, now),
            };
            self.zoom.key(act, release, &signal, at);
        }
    }

    /// What has to be asked for, so that the chart shows what is selected; without a chart, nothing is kept for one.
    pub(super) fn follow_chart(&mut self, now: Timestamp) -> Vec<Effect> {
        let zoomed = self.view == View::Zoom && self.pane == Pane::Health;
        let signal = match self.subject(now) {
            Some(Subject::Signal(signal)) if zoomed => Some(signal),
            _ => None,
        };
        let requests = self.zoom.look_at(&self.release, signal.as_deref(), now);
        requests.into_iter().map(Effect::Request).collect()
    }

    fn quit(&mut self, at: Instant) -> Vec<Effect> {
        // In what lies on top, it leaves only that.
        if self.overlay.is_some() {
            return self.close();
        }
        if self.leaving_matters() {
            self.overlay = Some(Overlay::Dialog(Box::new(Dialog::quit(at))));
        } else {
            self.exit = Some(Exit::Quit);
        }
        Vec::new()
    }

    fn scroll(&mut self, by: isize, now: Timestamp) {
        match &mut self.overlay {
            Some(Overlay::Help { scroll, .. } | Overlay::Log { scroll } | Overlay::Detail { scroll, .. }) => {
                *scroll = scroll.saturating_add_signed(by).min(self.shown.scroll.unwrap_or(0));
            }
            _ => self.go(by, now),
        }
    }

    fn ask(&mut self, ask: Ask, at: Instant, now: Timestamp) {
        match Dialog::of(&self.release, ask, now, at) {
            Ok(dialog) => self.overlay = Some(Overlay::Dialog(Box::new(dialog))),
            Err(why) => self.say(why, Tone::Warn, now),
        }
    }

    fn fill_in(&mut self, about: About) {
        self.overlay = Some(Overlay::Form(Box::new(Form::new(about))));
    }

    /// The alerts that silencing would choose from: the selected signal's, if it counts alerts, else those of the first signal
    /// that has some.
    pub(crate) fn to_silence(&self, now: Timestamp) -> Option<Silencing> {
        let release = &self.release;
        let selected = match self.subject(now) {
            Some(Subject::Signal(id)) => release.plan.signals.get(&id).filter(|signal| counts_alerts(signal)).map(|_| id),
            _ => None,
        };
        match selected {
            Some(id) => Silencing::of(release, &id),
            None => release.plan.signals.keys().find_map(|id| Silencing::of(release, id)),
        }
    }

    /// Whether a signal has alerts that silencing would choose from.
    pub(crate) fn has_silences(&self, signal: &str) -> bool {
        self.frozen.is_none() && Silencing::of(&self.release, signal).is_some()
    }

    /// Why nothing can be silenced, where nothing can.
    fn nothing_to_silence(&self, now: Timestamp) -> Option<String> {
        let release = &self.release;
        if self.to_silence(now).is_some() {
            return None;
        }
        let fires = release.alerts.values().flat_map(|alerts| &alerts.known).any(|alert| alert.state == AlertState::Firing);
        Some(if !release.plan.signals.values().any(counts_alerts) {
            "the plan has no signal that counts an Alertmanager's alerts".to_owned()
        } else if !fires {
            "no alert fires that could be silenced".to_owned()
        } else if release.is_over() || release.stage_for_silence().is_none() {
            "no stage is under way or next whose length a silence could have".to_owned()
        } else {
            "no alert of this signal fires that could be silenced".to_owned()
        })
    }

    /// Why the automatic rollback can be neither taken out nor back in, where that is so.
    fn automatic_stands(&self) -> Option<String> {
        let release = &self.release;
        let by_itself = release.plan.stages.iter().any(|stage| stage.on_fail == OnFail::Rollback);
        match &release.rollback {
            Some(rollback) if rollback.done => Some("it was rolled back already".to_owned()),
            Some(_) => Some("it is being rolled back already".to_owned()),
            None if release.is_over() => Some("the release is over".to_owned()),
            None if !by_itself => Some("no stage of this plan rolls back by itself".to_owned()),
            None => None,
        }
    }

    /// The check that signing would be for.
    fn to_sign(&self, now: Timestamp) -> Option<String> {
        let unsigned = || self.release.unsigned(now).first().map(|id| (*id).to_owned());
        match self.subject(now) {
            // One that is signed already, and still counts, is not what is meant.
            Some(Subject::Check(id)) => {
                let check = self.release.plan.check(&id);
                let holds =
                    check.is_some_and(|check| check.kind == CheckKind::Signed && self.release.check_status(check, now).holds());
                if holds { unsigned() } else { Some(id) }
            }
            _ => unsigned(),
        }
    }

    fn detail(&mut self, now: Timestamp) {
        if let Some(of) = self.subject(now) {
            self.overlay = Some(Overlay::Detail { of, scroll: 0 });
        }
    }

    fn turn(&mut self, by: usize, now: Timestamp) {
        let place = Pane::ALL.iter().position(|pane| *pane == self.pane).unwrap_or(0);
        let next = place.saturating_add(by).checked_rem(Pane::ALL.len()).unwrap_or(0);
        if let Some(pane) = Pane::ALL.get(next) {
            self.focus(*pane, now);
        }
    }

    fn copy(&mut self, copied: String, what: &str, now: Timestamp) -> Vec<Effect> {
        let safe = copied.lines().map(|line| text::safe(line).into_owned()).collect::<Vec<_>>().join("\n");
        if safe.len() > LONGEST_COPY {
            self.say(
                format!("{what} is too long for a clipboard: {} of at most {LONGEST_COPY} bytes", safe.len()),
                Tone::Warn,
                now,
            );
            return Vec::new();
        }
        // Whether the terminal took it cannot be known.
        self.say(format!("sent {what} to the terminal's clipboard"), Tone::Good, now);
        vec![Effect::Call(Call::Copy(safe))]
    }

    /// Writes the screen, as it is behind the palette or whatever was used to ask for it, to a file.
    fn picture(&mut self, drawn: bool, now: Timestamp) -> Vec<Effect> {
        let area = Rect { x: 0, y: 0, width: self.shown.width, height: self.shown.height };
        let mut buffer = Buffer::empty(area);
        self.notice = None;
        super::draw::render(self, &mut buffer, now);
        let (content, ending) =
            if drawn { (super::svg::svg_in(&buffer, &self.theme), "svg") } else { (super::svg::plain(&buffer), "txt") };
        let at = now.strftime("%Y%m%dT%H%M%SZ");
        let name = format!("flightdeck-{}-{}-{at}.{ending}", self.release.plan.service, self.release.version);
        let id = self.asked("picture".to_owned());
        vec![Effect::Request(Request::Keep { id, keep: Keep { name, content } })]
    }

    fn freeze(&mut self, now: Timestamp) {
        if self.frozen.take().is_some() {
            self.thawed_output();
        } else {
            let (release, output) = (self.release.clone(), self.output.clone());
            self.frozen = Some(Box::new(Frozen { release, output, at: now }));
        }
    }

    fn frozen_words(&self) -> String {
        format!("the display is frozen: {} thaws it first", self.key(Action::Freeze))
    }

    /// Why an action cannot be done now, in a sentence; nothing where it can.
    pub(crate) fn hindrance(&self, action: Action, now: Timestamp) -> Option<String> {
        let release = &self.release;
        let context = self.context();
        match action {
            // What was seen is old: nobody acts on it but to go back.
            Action::Promote | Action::Retry | Action::Sign | Action::Recheck | Action::Silence | Action::Automatic
                if self.frozen.is_some() =>
            {
                Some(self.frozen_words())
            }
            Action::Silence => self.nothing_to_silence(now),
            Action::Automatic => self.automatic_stands(),
            // Holding is safe; going on is not.
            Action::Hold if self.frozen.is_some() && release.hold.is_some() => Some(self.frozen_words()),
            Action::Promote => {
                let consequence = release.consequence(&self.promote(now), now);
                consequence.seen.is_none().then_some(consequence.line)
            }
            Action::Retry => {
                let stuck = release.rollback.iter().flat_map(|rollback| &rollback.steps).any(|undo| undo.stuck.is_some());
                let failed = release.stages.iter().any(|state| matches!(state.phase, Phase::Failed | Phase::Unsettled));
                let can = stuck || (failed && release.rollback.is_none());
                (!can).then(|| "nothing has failed that could be started again".to_owned())
            }
            Action::Rollback => match &release.rollback {
                Some(rollback) if rollback.steps.iter().all(|undo| undo.stuck.is_none()) => {
                    Some(release.consequence(&Ask::Rollback, now).line)
                }
                _ => None,
            },
            Action::Hold if release.hold.is_none() && (release.is_over() || release.rollback.is_some()) => {
                Some("there is nothing to hold".to_owned())
            }
            Action::Sign => match self.to_sign(now) {
                None => Some("no check waits for a signature".to_owned()),
                Some(id) => {
                    let signed = release.plan.check(&id).is_some_and(|check| check.kind == CheckKind::Signed);
                    (!signed).then(|| format!("{id} is found out by running it: {} runs it", self.key(Action::Recheck)))
                }
            },
            Action::Recheck => match self.subject(now) {
                Some(Subject::Check(id)) => {
                    let signed = release.plan.check(&id).is_some_and(|check| check.kind == CheckKind::Signed);
                    signed.then(|| format!("{id} is signed by a person: {} signs it", self.key(Action::Sign)))
                }
                _ => Some(format!("select a check first: {}", self.key(Action::Checklist))),
            },
            Action::Detail | Action::CopyRow => self.subject(now).is_none().then(|| "no row is selected".to_owned()),
            Action::Output => {
                (self.selected_stage(now).is_none()).then(|| format!("select a stage first: {}", self.key(Action::Stages)))
            }
            Action::RangeShorter
            | Action::RangeLonger
            | Action::CursorLeft
            | Action::CursorRight
            | Action::CursorStart
            | Action::CursorEnd => (context != Context::Chart)
                .then(|| format!("zoom the signals first: {} and {}", self.key(Action::Health), self.key(Action::Zoom))),
            Action::Search
            | Action::NextMatch
            | Action::PreviousMatch
            | Action::Follow
            | Action::Wrap
            | Action::ScrollLeft
            | Action::ScrollRight => {
                (context != Context::Output).then(|| format!("open a task's output first: {}", self.key(Action::Output)))
            }
            _ => None,
        }
    }

    /// What an action would do now, in a line.
    pub(crate) fn would(&self, action: Action, now: Timestamp) -> String {
        let ask = match action {
            Action::Promote => Some(self.promote(now)),
            Action::Retry => Some(self.retry(now)),
            Action::Rollback => Some(Ask::Rollback),
            Action::Hold if self.release.hold.is_some() => Some(Ask::Resume),
            Action::Hold => Some(Ask::Hold),
            Action::Sign => self.to_sign(now).map(|check| Ask::Sign { check, note: None, evidence: None }),
            Action::Silence => self.to_silence(now).map(|of| of.ask()),
            Action::Automatic => Some(Ask::Automatic(self.release.automatic_off.is_some())),
            Action::Recheck => match self.subject(now) {
                Some(Subject::Check(id)) => Some(Ask::Recheck(id)),
                _ => None,
            },
            _ => None,
        };
        let long = || action.described().map_or_else(String::new, |described| described.long.to_owned());
        ask.map_or_else(long, |ask| {
            let consequence = self.release.consequence(&ask, now);
            match consequence.blockers.first() {
                Some(blocker) => format!("in the way: {}", super::draw::blocker_words(&self.release, blocker)),
                None => super::words::phrase(&consequence.line),
            }
        })
    }
}

/// Whether a signal counts the alerts of an Alertmanager.
fn counts_alerts(signal: &Signal) -> bool {
    matches!(signal.source, Source::Alertmanager { .. })
}
