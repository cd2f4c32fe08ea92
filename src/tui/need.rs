//! When a person is needed: what the terminal rings for, if nobody looks at it.

use jiff::{SignedDuration, Timestamp};

use super::{app::App, app::Effect, console::Call};
use crate::release::{CONTROLLER, ReleaseStatus};

/// Where a terminal does not say whether it is looked at: so long after the last key it is not.
const AWAY: SignedDuration = SignedDuration::from_secs(30);
/// An event older than this is history, and nobody is rung for it.
const NEWS: SignedDuration = SignedDuration::from_secs(30);

impl App {
    /// What a person is needed for now, in a sentence; nothing where it goes on by itself.
    pub(crate) fn need(&self, now: Timestamp) -> Option<String> {
        let release = &self.release;
        let what = match release.status(now) {
            ReleaseStatus::Completed => "is out".to_owned(),
            ReleaseStatus::RolledBack => "is rolled back".to_owned(),
            ReleaseStatus::Failed => "the rollback is stuck".to_owned(),
            ReleaseStatus::RollingBack => {
                let rollback = release.rollback.as_ref()?;
                (rollback.by == CONTROLLER).then(|| format!("rolls back by itself: {}", rollback.why))?
            }
            ReleaseStatus::Held => {
                let hold = release.hold.as_ref()?;
                (hold.by == CONTROLLER).then(|| format!("held: {}", hold.why))?
            }
            ReleaseStatus::Awaiting => {
                let (stage, state) = release.meant(None)?;
                let step =
                    stage.steps().get(state.step as usize).map_or_else(String::new, |step| format!(" for {} %", step.weight));
                format!("{} waits for you{step}", stage.title())
            }
            ReleaseStatus::Running => return None,
        };
        Some(format!("{} {}: {what}", release.plan.service, release.version))
    }

    /// Rings, if a person is needed for something new and does not look. `at` is when that came about.
    pub(super) fn ring(&mut self, at: Timestamp, now: Timestamp) -> Vec<Effect> {
        let need = self.need(now);
        if need == self.needed {
            return Vec::new();
        }
        self.needed.clone_from(&need);
        let away = match self.focused {
            Some(focused) => !focused,
            None => self.last_key.is_none_or(|last| now.duration_since(last) >= AWAY),
        };
        match need {
            Some(words) if away && now.duration_since(at) < NEWS => vec![Effect::Call(Call::Alert(words))],
            _ => Vec::new(),
        }
    }
}
