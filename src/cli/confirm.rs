//! Asking before a dangerous act on the command line.

use std::io::{BufRead, IsTerminal};

use super::{Failure, tell};
use crate::release::Consequence;

/// Shows what will happen and asks, unless `--yes` was given. In an environment that the plan protects, its name is asked for.
pub(super) fn confirm(what: &str, consequence: &Consequence, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    for line in &consequence.lines {
        tell(&format!("  {line}"));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::wrong(format!("nobody is there to confirm the {what}; a script adds --yes")));
    }
    let wanted = consequence.type_name.as_deref().unwrap_or("yes");
    tell(&format!("Type {wanted} to confirm the {what}:"));
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() == wanted { Ok(()) } else { Err(Failure::refused("not confirmed; nothing was changed")) }
}
