//! What is deployed to: one file per driver.
//!
//! A driver says how an act is done, and observes what is so. Whether an act had its effect is decided here, from what
//! was observed and never from an accepted request.

mod command;
mod sandbox;

use std::{future::Future, path::PathBuf, pin::Pin, time::Duration};

use serde::Deserialize;

use crate::{plan::Target, release::Act, text};

/// What a driver needs to know of the release.
#[derive(Debug, Clone)]
pub struct Context {
    /// The plan's folder.
    pub folder: PathBuf,
    /// The version that is brought out.
    pub version: String,
    /// The version it replaces, where that is known.
    pub previous: Option<String>,
    /// The environment variables of the user's commands.
    pub environment: Vec<(String, String)>,
    /// The client for requests.
    pub http: reqwest::Client,
}

/// What a driver observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The version that serves.
    pub stable: Option<String>,
    /// The version that is being brought out beside it.
    pub candidate: Option<String>,
    /// How much of the traffic the candidate gets, in percent.
    pub weight: u8,
}

impl std::fmt::Display for Observed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stable = self.stable.as_deref().unwrap_or("nothing");
        match &self.candidate {
            Some(candidate) => write!(f, "{candidate} with {} %, beside {stable}", self.weight),
            None => write!(f, "{stable} alone"),
        }
    }
}

impl Observed {
    /// Whether an act's effect is what is observed.
    #[must_use]
    pub fn shows(&self, act: &Act, version: &str, previous: Option<&str>) -> bool {
        let candidate = self.candidate.as_deref() == Some(version);
        let stable = self.stable.as_deref() == Some(version);
        match act {
            Act::Deploy => candidate || stable,
            // A target may make the candidate the stable version once it has all the traffic.
            Act::Weight { weight: 100 } => {
                (candidate && self.weight == 100) || (stable && (self.candidate.is_none() || candidate))
            }
            Act::Weight { weight } => candidate && self.weight == *weight,
            Act::Restore => {
                let back = match previous {
                    Some(previous) => self.stable.as_deref() == Some(previous),
                    None => !stable,
                };
                back && (self.candidate.is_none() || self.weight == 0)
            }
            Act::Run | Act::Undo => false,
        }
    }
}

/// Why a target did not do, or was not observed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(pub String);

/// How an act is done.
pub enum Way<'a> {
    /// By a command of the user's, which the controller runs as an operation.
    Shell {
        /// The command.
        command: String,
        /// How long it may take.
        timeout: Duration,
    },
    /// By a request, done when this is.
    Request(Pin<Box<dyn Future<Output = Result<(), TargetError>> + Send + 'a>>),
}

/// A driver, ready to act.
#[derive(Debug, Clone)]
pub enum Driver {
    /// The user's commands.
    Command(command::Commands),
    /// The demo's loopback services.
    Sandbox(sandbox::Sandbox),
}

/// The driver that a target asks for.
#[must_use]
pub fn driver(target: &Target) -> Driver {
    match target {
        Target::Command { .. } => Driver::Command(command::Commands::new(target.clone())),
        Target::Sandbox { url, settle } => Driver::Sandbox(sandbox::Sandbox::new(url.clone(), *settle)),
    }
}

impl Driver {
    /// How an act is done.
    ///
    /// # Errors
    /// A [`TargetError`] if the target has no way to do it.
    pub fn way<'a>(&'a self, act: &Act, context: &'a Context) -> Result<Way<'a>, TargetError> {
        match self {
            Self::Command(commands) => commands.way(act, context),
            Self::Sandbox(sandbox) => sandbox.way(act, context),
        }
    }

    /// What is so.
    ///
    /// # Errors
    /// A [`TargetError`] if that cannot be known.
    pub async fn observe(&self, context: &Context) -> Result<Observed, TargetError> {
        match self {
            Self::Command(commands) => commands.observe(context).await,
            Self::Sandbox(sandbox) => sandbox.observe(context).await,
        }
    }

    /// How long an act's effect may take to show.
    #[must_use]
    pub fn settle(&self) -> Duration {
        match self {
            Self::Command(commands) => commands.settle(),
            Self::Sandbox(sandbox) => sandbox.settle(),
        }
    }
}

/// What a target prints or answers of itself.
#[derive(Deserialize)]
struct Told {
    stable: Option<String>,
    candidate: Option<String>,
    weight: Option<f64>,
}

/// Reads what a target says is so: `{"stable": "2.3.7", "candidate": "2.4.0", "weight": 25}`.
fn told(body: &[u8]) -> Result<Observed, TargetError> {
    let told: Told = serde_json::from_slice(body).map_err(|error| {
        let said = text::line_from_bytes(body, 80);
        TargetError(format!("observe said `{said}`, not {{\"stable\", \"candidate\", \"weight\"}} as JSON: {error}"))
    })?;
    let version =
        |version: Option<String>| version.map(|version| text::line(&version, 100)).filter(|version| !version.is_empty());
    let candidate = version(told.candidate);
    let weight = match told.weight {
        // Without a candidate nothing goes to it, whatever is said.
        _ if candidate.is_none() => 0,
        None => return Err(TargetError("observe names a candidate, but not its weight".to_owned())),
        Some(weight) if (0.0..=100.0).contains(&weight) && weight.fract() == 0.0 => weight as u8,
        Some(weight) => return Err(TargetError(format!("observe said weight {weight}; it is a whole number from 0 to 100"))),
    };
    Ok(Observed { stable: version(told.stable), candidate, weight })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(stable: &str, candidate: Option<&str>, weight: u8) -> Observed {
        Observed { stable: Some(stable.into()), candidate: candidate.map(Into::into), weight }
    }

    #[test]
    fn an_effect_is_what_is_observed() {
        let (old, both) = (observed("1", None, 0), observed("1", Some("2"), 25));
        let (full, new) = (observed("1", Some("2"), 100), observed("2", None, 0));
        let other = observed("1", Some("3"), 25);
        for (act, seen, expected) in [
            (Act::Deploy, &old, false),
            (Act::Deploy, &both, true),
            (Act::Deploy, &other, false),
            (Act::Weight { weight: 25 }, &both, true),
            (Act::Weight { weight: 50 }, &both, false),
            (Act::Weight { weight: 25 }, &other, false),
            (Act::Weight { weight: 100 }, &full, true),
            (Act::Weight { weight: 100 }, &new, true),
            (Act::Weight { weight: 100 }, &both, false),
            (Act::Restore, &old, true),
            (Act::Restore, &both, false),
            (Act::Restore, &new, false),
            (Act::Restore, &observed("1", Some("2"), 0), true),
        ] {
            assert_eq!(seen.shows(&act, "2", Some("1")), expected, "{act:?} {seen}");
            assert_eq!(seen.shows(&act, "2", None), expected, "{act:?} {seen}");
        }
    }

    #[test]
    fn reads_what_a_target_says() {
        assert_eq!(told(br#"{"stable":"1"}"#), Ok(observed("1", None, 0)));
        assert_eq!(told(br#"{"stable":"1","candidate":null,"weight":0}"#), Ok(observed("1", None, 0)));
        assert_eq!(told(br#"{"stable":"1","candidate":"2","weight":25.0}"#), Ok(observed("1", Some("2"), 25)));
        for wrong in [&b""[..], b"ok", b"{", b"[]", br#"{"candidate":"2"}"#, br#"{"candidate":"2","weight":101}"#, b"\xff"] {
            assert!(told(wrong).is_err(), "{wrong:?}");
        }
    }
}
