//! Where a release stands, in the form that people read: what `status` prints and the cockpit copies.

use std::fmt::Write as _;

use super::{
    gate::{CheckStatus, ReleaseStatus, StageStatus},
    status::Status,
    words::verdict_word,
};

impl Status {
    /// Where it stands, for a person: several lines, safe as far as the release's own texts are.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let previous = self.previous.as_ref().map_or_else(String::new, |previous| format!(" (from {previous})"));
        let go = match (self.state, self.go, self.blockers.len()) {
            (ReleaseStatus::Completed, ..) => String::new(),
            (_, true, _) => "  GO".to_owned(),
            (_, false, count) => format!("  NO-GO {count}"),
        };
        let Status { service, version, environment, release, sequence, .. } = self;
        let state = self.state.word();
        let _ = writeln!(text, "{service} {version}{previous} · {environment} · {state}{go}");
        if let Some(why) = &self.why {
            let _ = writeln!(text, "  {why}");
        }
        if !self.automatic {
            let _ = writeln!(text, "  the automatic rollback is out");
        }
        let controller = self.controller.as_ref().map_or_else(|| "nobody".to_owned(), |controller| controller.host.clone());
        let _ = writeln!(text, "release {release}, sequence {sequence}, driven by {controller}");
        let _ = writeln!(text, "\nstages");
        let wide = self.stages.iter().map(|stage| stage.id.chars().count()).max().unwrap_or(0);
        for stage in &self.stages {
            let mut more = String::new();
            if stage.steps > 0 && stage.step > 0 {
                let _ = write!(more, "  step {} of {}", stage.step, stage.steps);
            }
            if let Some(weight) = stage.weight {
                let _ = write!(more, "  {weight} %");
            }
            if stage.attempt > 1 {
                let _ = write!(more, "  attempt {}", stage.attempt);
            }
            if let Some(why) = &stage.why {
                let _ = write!(more, "  {why}");
            }
            let _ = writeln!(text, "  {:wide$}  {}{more}", stage.id, stage.state.word());
        }
        if !self.checks.is_empty() {
            let holds = self.checks.iter().filter(|check| check.state.holds()).count();
            let _ = writeln!(text, "\nchecks {holds}/{}", self.checks.len());
            let wide = self.checks.iter().map(|check| check.id.chars().count()).max().unwrap_or(0);
            for check in &self.checks {
                let by = check.by.as_ref().filter(|_| check.state == CheckStatus::Passed);
                let by = by.map_or_else(String::new, |by| format!("  {by}"));
                let note = check.note.as_ref().map_or_else(String::new, |note| format!("  {note}"));
                let _ = writeln!(text, "  {:wide$}  {}{by}{note}", check.id, check.state.word());
            }
        }
        if !self.signals.is_empty() {
            let _ = writeln!(text, "\nsignals");
            let wide = self.signals.iter().map(|signal| signal.id.chars().count()).max().unwrap_or(0);
            for signal in &self.signals {
                let age = signal.age_seconds.map_or_else(String::new, |age| format!("  {age:.0} s old"));
                let _ = writeln!(text, "  {:wide$}  {}  {}{age}", signal.id, verdict_word(signal.verdict), signal.why);
            }
        }
        if !self.alerts.is_empty() {
            let _ = writeln!(text, "\nalerts");
            let wide = self.alerts.iter().map(|alert| alert.name.chars().count()).max().unwrap_or(0);
            for alert in &self.alerts {
                let new = if alert.new { "  new" } else { "" };
                let by = alert.silenced_by.as_ref().map_or_else(String::new, |by| format!("  by {by}"));
                let _ = writeln!(text, "  {:wide$}  {}{by}{new}", alert.name, alert.state.word());
            }
        }
        if !self.blockers.is_empty() {
            let _ = writeln!(text, "\nin the way");
            for blocker in &self.blockers {
                let stage = blocker.stage.as_ref().map_or_else(String::new, |stage| format!("{stage}: "));
                let _ = writeln!(text, "  {stage}{}: {}", blocker.id, blocker.why);
            }
        }
        text
    }
}

impl StageStatus {
    /// As a word or two.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Baking => "baking",
            Self::Paused => "paused",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled back",
            Self::Skipped => "skipped",
        }
    }
}
