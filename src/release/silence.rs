//! Silences: an alert that is expected while a stage runs is made silent for that time, with a reason, and taken back after.

use jiff::Timestamp;

use super::{
    decide::Refusal,
    event::{Event, EventKind},
    stage::Phase,
    state::Release,
};
use crate::health::{Alert, AlertState};

/// An alert that is silent for as long as a stage takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Its id, by which it is found again at the Alertmanager.
    pub id: String,
    /// The signal whose Alertmanager is meant.
    pub signal: String,
    /// The alert.
    pub alert: Alert,
    /// The stage.
    pub stage: String,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// Whether somebody asked for it to be taken back already.
    pub lifted: bool,
    /// How far it is.
    pub phase: SilencePhase,
}

/// How far a silence is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SilencePhase {
    /// It was asked for; nobody has written down that it is in force.
    Asked,
    /// It is in force, under this name at the Alertmanager.
    Set(String),
    /// It has ended.
    Ended,
    /// It could not be set or taken back, and why.
    Failed(String),
}

impl Silence {
    /// Whether it is asked for or in force.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.phase, SilencePhase::Asked | SilencePhase::Set(_))
    }
}

impl Release {
    /// Whether a silence should be in force: its stage is not over, and nobody has asked for it back.
    #[must_use]
    pub fn wants_silence(&self, silence: &Silence) -> bool {
        let phase = self.stage(&silence.stage).map(|(_, state)| state.phase);
        let lasts = phase.is_some_and(|phase| phase.is_open() || phase == Phase::Idle);
        lasts && !silence.lifted && !self.is_over()
    }

    /// The silences that something is still to be done for.
    pub fn open_silences(&self) -> impl Iterator<Item = &Silence> {
        self.silences.iter().filter(|silence| silence.is_open())
    }

    /// The silence of an alert that is asked for or in force.
    #[must_use]
    pub fn silence_of(&self, fingerprint: &str) -> Option<&Silence> {
        self.open_silences().find(|silence| silence.alert.fingerprint == fingerprint)
    }

    /// The stage for whose length an alert would be silent now: the one under way, else the one that comes next.
    #[must_use]
    pub fn stage_for_silence(&self) -> Option<&str> {
        let open = self.stages().find(|(_, state)| state.phase.is_open());
        let next = || self.stages().find(|(stage, state)| state.phase == Phase::Idle && self.is_due(stage));
        open.or_else(next).map(|(stage, _)| stage.id.as_str())
    }

    /// The alert that is meant by its fingerprint or its name.
    fn alert(&self, signal: &str, named: &str) -> Result<&Alert, Refusal> {
        let known = self.alerts.get(signal).map(|alerts| alerts.known.as_slice()).unwrap_or_default();
        let mut named_so = known.iter().filter(|alert| alert.fingerprint == named || alert.name == named);
        match (named_so.next(), named_so.next()) {
            (Some(only), None) => Ok(only),
            (Some(one), Some(other)) => {
                let all = [one, other].into_iter().chain(named_so);
                Err(Refusal::Ambiguous(all.map(|alert| alert.fingerprint.clone()).collect()))
            }
            (None, _) => {
                Err(Refusal::NotNow(format!("{signal} knows no alert `{}` that fires now", crate::text::line(named, 60))))
            }
        }
    }

    pub(super) fn silence(
        &self,
        signal: &str,
        alert: &str,
        stage: Option<&str>,
        why: Option<&str>,
    ) -> Result<Vec<EventKind>, Refusal> {
        let alert = self.alert(signal, alert)?;
        let Some(why) = why.filter(|why| !why.trim().is_empty()) else {
            return Err(Refusal::NotNow("a silence needs a reason".to_owned()));
        };
        if self.is_over() {
            return Err(Refusal::NotNow("the release is over".to_owned()));
        }
        if self.silence_of(&alert.fingerprint).is_some() || alert.state == AlertState::Silenced {
            return Ok(Vec::new());
        }
        let stage = match stage {
            Some(stage) => self.stage(stage).map(|(stage, _)| stage.id.as_str()).ok_or_else(|| Refusal::Unknown {
                what: "stage",
                id: stage.to_owned(),
                known: self.plan.stages.iter().map(|stage| stage.id.clone()).collect(),
            })?,
            None => self
                .stage_for_silence()
                .ok_or_else(|| Refusal::NotNow("no stage is under way or next whose length the silence could have".to_owned()))?,
        };
        Ok(vec![EventKind::SilenceAsked {
            silence: format!("{}-{}", self.id, self.sequence.saturating_add(1)),
            signal: signal.to_owned(),
            alert: Box::new(alert.clone()),
            stage: stage.to_owned(),
            why: why.to_owned(),
        }])
    }

    pub(super) fn lift(&self, named: &str) -> Result<Vec<EventKind>, Refusal> {
        let is_meant =
            |silence: &&Silence| silence.id == named || silence.alert.fingerprint == named || silence.alert.name == named;
        let mut meant = self.open_silences().filter(is_meant).filter(|silence| !silence.lifted);
        match (meant.next(), meant.next()) {
            (Some(only), None) => Ok(vec![EventKind::SilenceLifted { silence: only.id.clone() }]),
            (Some(_), Some(_)) => {
                Err(Refusal::Ambiguous(self.open_silences().filter(is_meant).map(|silence| silence.id.clone()).collect()))
            }
            (None, _) => Err(Refusal::NotNow(format!("there is no silence of `{}` from here", crate::text::line(named, 60)))),
        }
    }

    /// Folds an event of a silence in.
    pub(super) fn silence_changed(&mut self, event: &Event) {
        let mut with = |id: &str, change: &dyn Fn(&mut Silence)| {
            if let Some(silence) = self.silences.iter_mut().find(|silence| silence.id == id) {
                change(silence);
            }
        };
        match &event.kind {
            EventKind::SilenceAsked { silence, signal, alert, stage, why } => self.silences.push(Silence {
                id: silence.clone(),
                signal: signal.clone(),
                alert: alert.as_ref().clone(),
                stage: stage.clone(),
                by: event.by.clone(),
                at: event.at,
                why: why.clone(),
                lifted: false,
                phase: SilencePhase::Asked,
            }),
            EventKind::SilenceSet { silence, remote } => {
                with(silence, &|silence| silence.phase = SilencePhase::Set(remote.clone()));
            }
            EventKind::SilenceLifted { silence } => with(silence, &|silence| silence.lifted = true),
            EventKind::SilenceEnded { silence } => with(silence, &|silence| silence.phase = SilencePhase::Ended),
            EventKind::SilenceFailed { silence, why } => {
                with(silence, &|silence| silence.phase = SilencePhase::Failed(why.clone()));
            }
            _ => {}
        }
    }
}
