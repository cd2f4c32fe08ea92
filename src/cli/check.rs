//! `flightdeck check`: every problem of a plan at once.

use std::{io::IsTerminal, path::PathBuf};

use super::{Exit, Failure, answer, open, tell};
use crate::plan::{self, LoadError, RenderStyle};

#[derive(Debug, clap::Args)]
#[group(id = "check-arguments")]
pub(super) struct Arguments {
    /// The plan; by default flightdeck.toml here or in a folder above
    plan: Option<PathBuf>,
    /// Print the problems as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let path = open::plan_path(arguments.plan.as_deref())?;
    match plan::load(&path) {
        Ok(loaded) => {
            if arguments.json {
                answer("{\"problems\":[]}");
            } else {
                let (stages, checks, signals) = (loaded.plan.stages.len(), loaded.plan.checks.len(), loaded.plan.signals.len());
                answer(&format!("{}: in order. {stages} stages, {checks} checks, {signals} signals.", path.display()));
            }
            Ok(Exit::Done)
        }
        Err(LoadError::Problems(problems)) => {
            if arguments.json {
                answer(&problems.to_json().to_string());
            } else {
                answer(&problems.render(style(std::io::stdout().is_terminal())));
            }
            Ok(Exit::Wrong)
        }
        Err(error) => Err(failure(&error)),
    }
}

/// A plan that cannot be used, for a command that needs one.
pub(super) fn failure(error: &LoadError) -> Failure {
    match error {
        LoadError::Problems(problems) => {
            tell(&problems.render(style(std::io::stderr().is_terminal())));
            Failure::wrong("the plan has problems")
        }
        other => Failure::wrong(other.to_string()),
    }
}

/// How a report looks, on a terminal or elsewhere.
pub(super) fn style(terminal: bool) -> RenderStyle {
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    RenderStyle { colour, ..RenderStyle::default() }
}
