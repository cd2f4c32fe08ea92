//! A secret as a plan names it: where it is found, never what it is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A reference to a secret. What it refers to is read where it is needed, each time anew, and is in no plan, journal or log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Secret {
    /// `env:NAME`: a variable of the environment of the process that drives the release.
    Env(String),
    /// `file:PATH`: a file's content without the line's end; a path that is not absolute is looked for in the plan's folder.
    File(String),
    /// `command:COMMAND`: the first line that a command prints, run with `sh -c` in the plan's folder.
    Command(String),
}

/// A text is no reference to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is named by where it is found: env:NAME, file:PATH or command:COMMAND")]
pub struct SecretError;

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let (kind, place) = text.split_once(':').ok_or(SecretError)?;
        let place = place.trim();
        let is_variable = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match kind {
            _ if place.is_empty() => Err(SecretError),
            "env" if is_variable(place) => Ok(Self::Env(place.to_owned())),
            "file" => Ok(Self::File(place.to_owned())),
            "command" => Ok(Self::Command(place.to_owned())),
            _ => Err(SecretError),
        }
    }
}

impl TryFrom<String> for Secret {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        text.parse()
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.to_string()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Command(command) => write!(f, "command:{command}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_place_and_never_a_value() {
        for text in ["env:TOKEN", "file:/run/secrets/token", "file:token", "command:pass show prom | head -1"] {
            assert_eq!(text.parse::<Secret>().map(|secret| secret.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "hunter2", "env:", "env:A B", "file: ", "vault:x", "Bearer x"] {
            assert_eq!(text.parse::<Secret>(), Err(SecretError), "{text}");
        }
    }
}
