//! The `command` driver: any way to deploy, by commands of the user's.

use std::time::Duration;

use super::{Context, Observed, TargetError, Way, told};
use crate::{plan::Target, process, release::Act};

/// How long observing may take; it is done again and again.
const OBSERVE: Duration = Duration::from_secs(20);

/// A target's commands.
#[derive(Debug, Clone)]
pub struct Commands {
    target: Target,
}

impl Commands {
    pub(super) fn new(target: Target) -> Self {
        Self { target }
    }

    pub(super) fn way(&self, act: &Act, context: &Context) -> Result<Way<'static>, TargetError> {
        let Target::Command { deploy, weight, rollback, timeout, .. } = &self.target else {
            return Err(TargetError("the target has no commands".to_owned()));
        };
        let (template, percent) = match act {
            Act::Deploy => (deploy, None),
            Act::Weight { weight: percent } => match weight {
                Some(weight) => (weight, Some(*percent)),
                // Without a way to share traffic, deploying gives all of it, which the observation must confirm.
                None => (deploy, Some(*percent)),
            },
            Act::Restore => (rollback, Some(0)),
            Act::Run | Act::Undo => return Err(TargetError("a target runs no tasks".to_owned())),
        };
        Ok(Way::Shell { command: fill(template, context, percent), timeout: timeout.get() })
    }

    pub(super) async fn observe(&self, context: &Context) -> Result<Observed, TargetError> {
        let Target::Command { observe, .. } = &self.target else {
            return Err(TargetError("the target has no commands".to_owned()));
        };
        let command = fill(observe, context, None);
        match process::shell(&command, &context.folder, &context.environment, OBSERVE).await {
            Ok(finished) if finished.is_success() => told(&finished.stdout),
            Ok(finished) => Err(TargetError(format!("observe: {}", finished.words()))),
            Err(error) => Err(TargetError(format!("observe: {error}"))),
        }
    }

    pub(super) fn settle(&self) -> Duration {
        match &self.target {
            Target::Command { settle, .. } | Target::Sandbox { settle, .. } => settle.get(),
        }
    }
}

/// Replaces what stands in braces, quoted so that the shell takes it as one word.
fn fill(template: &str, context: &Context, weight: Option<u8>) -> String {
    let previous = context.previous.as_deref().unwrap_or("");
    let weight = weight.map_or_else(String::new, |weight| weight.to_string());
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    // One pass: what was put in is not looked at again.
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = [("version}", context.version.as_str()), ("previous}", previous), ("weight}", weight.as_str())];
        match known.iter().find_map(|(name, value)| Some((after.strip_prefix(name)?, value))) {
            Some((after, value)) => {
                filled.push_str(&quoted(value));
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// As one word of a shell command.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+:/@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_and_quotes() {
        let context = |version: &str| Context {
            folder: ".".into(),
            version: version.into(),
            previous: Some("{version}".into()),
            environment: Vec::new(),
            http: reqwest_client(),
        };
        assert_eq!(fill("a {version} {weight} ${HOME} {x}", &context("2.4.0"), Some(5)), "a 2.4.0 5 ${HOME} {x}");
        assert_eq!(fill("a {version}", &context("1; rm -rf '/'"), None), r"a '1; rm -rf '\''/'\'''");
        assert_eq!(fill("{previous}", &context("1"), None), "'{version}'");
        assert_eq!(fill("x {weight}", &context("1"), None), "x ''");
    }

    fn reqwest_client() -> reqwest::Client {
        crate::sources::http::http_client().unwrap()
    }
}
