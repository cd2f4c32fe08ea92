//! `flightdeck keys`: every action of the cockpit, by the user's own keys.

use super::{Exit, Failure, answer, looks};
use crate::tui::{ACTIONS, Group, Keymap};

pub(super) fn run() -> Result<Exit, Failure> {
    let mut settings = looks::read();
    let (keymap, complaints) = settings.user.keys.keymap();
    settings.complain(complaints);
    answer(&listed(&keymap));
    looks::complain(&settings);
    Ok(Exit::Done)
}

/// The actions in groups: its keys, its name as key maps call it, what it does.
fn listed(keymap: &Keymap) -> String {
    let row = |action| keymap.keys(action).map(|bound| bound.label()).collect::<Vec<_>>().join(", ");
    let widest = ACTIONS.iter().map(|described| row(described.action).chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for group in Group::ALL {
        out.push_str(&format!("{}\n", group.title()));
        for described in ACTIONS.iter().filter(|described| described.group == group) {
            out.push_str(&format!("  {:<widest$}  {:<16} {}\n", row(described.action), described.name, described.long));
        }
    }
    out
}
