//! `flightdeck keys`: every key of the cockpit and what it does.

use super::{Exit, Failure, answer};
use crate::tui::BINDINGS;

/// How wide the keys are.
const KEYS: usize = 11;

pub(super) fn run() -> Result<Exit, Failure> {
    let lines = BINDINGS.iter().map(|binding| format!("{:<KEYS$} {}\n", binding.label, binding.long));
    answer(&lines.collect::<String>());
    Ok(Exit::Done)
}
