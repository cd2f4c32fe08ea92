//! The palette: every action by its name, with its keys, what it would do now, and why it cannot be done where it cannot.

use jiff::Timestamp;
use tui_input::Input as Field;

use super::{
    actions::{ACTIONS, Action, Described, Scope},
    app::App,
};

/// The palette as it is open.
#[derive(Debug, Default)]
pub(crate) struct Palette {
    /// What is typed.
    pub(crate) field: Field,
    /// The line selected among those found.
    pub(crate) selected: usize,
}

/// What a line of the palette leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// An action.
    Act(Action),
    /// The theme at that place of the settings.
    Theme(usize),
}

/// A line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) what: What,
    pub(crate) name: String,
    /// The other name it was found by, if not by its own.
    pub(crate) found_by: Option<&'static str>,
    pub(crate) keys: String,
    /// What it would do, or why it cannot be done now.
    pub(crate) says: String,
    pub(crate) can: bool,
}

/// How well a text answers to what is typed; the less the better.
fn rank(text: &str, typed: &str) -> Option<u8> {
    let text = text.to_lowercase();
    match () {
        () if typed.is_empty() || text == typed => Some(0),
        () if text.starts_with(typed) => Some(1),
        () if text.split([' ', '-']).any(|word| word.starts_with(typed)) => Some(2),
        () if text.contains(typed) => Some(3),
        () if typed.split_whitespace().all(|word| text.contains(word)) => Some(4),
        () if is_within(&text, typed) => Some(6),
        () => None,
    }
}

/// Whether the letters are in the text in their order.
fn is_within(text: &str, letters: &str) -> bool {
    let mut text = text.chars();
    letters.chars().filter(|c| !c.is_whitespace()).all(|letter| text.any(|c| c == letter))
}

/// How well an action answers to what is typed, and the other name it does so by.
fn answers(described: &Described, typed: &str) -> Option<(u8, Option<&'static str>)> {
    let own = rank(described.name, typed).map(|rank| (rank, None));
    let also = described.also.iter().filter_map(|name| Some((rank(name, typed)?, Some(*name))));
    let best = also.min_by_key(|(rank, _)| *rank);
    match (own, best) {
        // Another tool's word counts like the own name, but the own name comes first.
        (Some(own), Some(also)) if also.0 < own.0 => Some(also),
        (Some(own), _) => Some(own),
        (None, Some((rank, name))) if rank <= 4 => Some((rank, name)),
        (None, _) => rank(described.long, typed).filter(|rank| *rank <= 3).map(|rank| (rank.saturating_add(2), None)),
    }
}

impl Palette {
    /// What was found, the best answer first.
    pub(crate) fn items(&self, app: &App, now: Timestamp) -> Vec<Item> {
        let typed = self.field.value().trim().to_lowercase();
        let mut found = Vec::new();
        for described in ACTIONS.iter().filter(|described| !matches!(described.action, Action::Palette | Action::Back)) {
            let Some((rank, found_by)) = answers(described, &typed) else { continue };
            let hindrance = app.hindrance(described.action, now);
            let can = hindrance.is_none();
            let item = Item {
                what: What::Act(described.action),
                name: described.name.to_owned(),
                found_by,
                keys: app.key(described.action),
                says: hindrance.unwrap_or_else(|| app.would(described.action, now)),
                can,
            };
            // Without a word typed, what only moves about comes last.
            let late = typed.is_empty() && matches!(described.scope, Scope::Lists | Scope::Chart | Scope::Output);
            found.push((if late { 9 } else { rank }, item));
        }
        for (index, theme) in app.settings.looks.themes.iter().enumerate() {
            let name = format!("theme {}", theme.name);
            let by_name = rank(&name, &typed).or_else(|| rank("colours", &typed)).or_else(|| rank("colors", &typed));
            let Some(rank) = by_name else { continue };
            let worn = theme.name == app.settings.looks.theme.name;
            let says = if worn { "is in use" } else { "uses it until the cockpit is left" }.to_owned();
            let item = Item { what: What::Theme(index), name, found_by: None, keys: String::new(), says, can: true };
            found.push((if typed.is_empty() { 8 } else { rank }, item));
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, item)| item).collect()
    }

    /// The theme to be previewed: the one whose line is selected.
    pub(crate) fn preview(&self, app: &App, now: Timestamp) -> Option<usize> {
        match self.items(app, now).get(self.selected)?.what {
            What::Theme(index) => Some(index),
            What::Act(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(typed: &str) -> Vec<Action> {
        let mut found =
            ACTIONS.iter().filter_map(|described| Some((answers(described, typed)?.0, described.action))).collect::<Vec<_>>();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, action)| action).collect()
    }

    #[test]
    fn other_tools_words_lead_to_the_act_that_does_it() {
        for (word, action) in [
            ("abort", Action::Rollback),
            ("undo", Action::Rollback),
            ("unpause", Action::Hold),
            ("resume", Action::Hold),
            ("pause", Action::Hold),
            ("promote --full", Action::Promote),
            ("continue", Action::Promote),
            ("rerun", Action::Retry),
            ("screenshot", Action::PictureSvg),
            ("logs", Action::Output),
            ("rollb", Action::Rollback),
            ("rol", Action::Rollback),
            ("cpst", Action::CopyStatus),
            ("mute", Action::Silence),
            ("ack", Action::Silence),
            ("unsilence", Action::Silence),
            ("kill switch", Action::Automatic),
            ("pause automation", Action::Automatic),
            ("disable auto rollback", Action::Automatic),
        ] {
            assert_eq!(found(word).first(), Some(&action), "{word}");
        }
        assert_eq!(found("xyzzy"), []);
        assert_eq!(found("").len(), ACTIONS.len());
    }
}
