//! An alert of another system, beside the release.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An alert as an Alertmanager tells of it. Its texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What tells it from every other: the Alertmanager's fingerprint of its labels.
    pub fingerprint: String,
    /// Its name: the label `alertname`.
    pub name: String,
    /// How bad it is, by its label `severity`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What it says of itself, in a line: its annotation `summary`, else `description`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Whether it is heard.
    pub state: AlertState,
    /// All its labels, in the order of their names: what a silence is made for.
    pub labels: Vec<(String, String)>,
}

/// Whether an alert is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It fires.
    Firing,
    /// It fires, and somebody has silenced it.
    Silenced,
    /// It fires, and another alert speaks for it.
    Inhibited,
}

impl AlertState {
    /// As a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Silenced => "silenced",
            Self::Inhibited => "inhibited",
        }
    }
}
