//! What the settings' keys mean: the cockpit's key map with the user's changes in it, and all that is wrong with them.

use toml::Spanned;

use super::{Complaint, KeySettings};
use crate::{
    document::words::{list, nearest, quote},
    tui::{Action, Keymap, Preset, action_names, parse_keys},
};

/// What takes keys their meaning.
const NOTHING: &str = "none";

impl KeySettings {
    /// The key map, and what is wrong. What is wrong is left out.
    #[must_use]
    pub fn keymap(&self) -> (Keymap, Vec<Complaint>) {
        let mut complaints = Vec::new();
        let mut wrong = |at: &Spanned<String>, code, message, help| {
            complaints.push(Complaint { span: at.span(), code, message, help });
        };
        let named = self.preset.as_ref().and_then(|preset| {
            let known = Preset::named(preset.get_ref());
            if known.is_none() {
                let message = format!("there is no set of keys {}", quote(preset.get_ref()));
                wrong(preset, "unknown-value", message, instead(preset.get_ref(), &Preset::NAMES));
            }
            known
        });
        let actions = action_names().chain([NOTHING]).collect::<Vec<_>>();
        let (mut changes, mut lines) = (Vec::new(), Vec::new());
        for (keys, name) in &self.bind {
            let action = match name.get_ref().as_str() {
                NOTHING => Some(None),
                name => Action::named(name).map(Some),
            };
            if action.is_none() {
                let message = format!("there is no action {}", quote(name.get_ref()));
                wrong(name, "unknown-action", message, instead(name.get_ref(), &actions));
            }
            match (parse_keys(keys.get_ref()), action) {
                (Ok(chords), Some(action)) => {
                    changes.push((chords, action));
                    lines.push(keys);
                }
                (Ok(_), None) => {}
                (Err(error), _) => {
                    let error = crate::text::line(&error.to_string(), 200);
                    let (message, help) = error.split_once("; ").unwrap_or((&error, "keys are written as in p, ctrl-x, g g"));
                    wrong(keys, "bad-key", message.to_owned(), help.to_owned());
                }
            }
        }
        let (keymap, conflicts) = Keymap::changed(named.unwrap_or_default(), &changes);
        for conflict in conflicts {
            if let Some(keys) = lines.get(conflict.change) {
                let (message, help) = conflict.words.split_once("; ").unwrap_or((&conflict.words, "take other keys"));
                wrong(keys, "key-conflict", message.to_owned(), help.to_owned());
            }
        }
        (keymap, complaints)
    }
}

/// What would be right instead of a word.
fn instead(word: &str, words: &[&str]) -> String {
    match nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean {}?", quote(near)),
        None if words.len() <= 10 => format!("there are {}", list(words.iter().copied())),
        None => "`flightdeck keys` lists what there is".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{settings::Settings, tui::Context};

    #[test]
    fn keys_that_are_right_count_and_all_that_are_not_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let text = "[keys]\npreset = \"vim\"\n[keys.bind]\n\"g x\" = \"hold\"\n\"hyper-x\" = \"hold\"\n\"f5\" = \"hodl\"\n\"q\" = \"none\"\n";
        std::fs::write(&path, text).unwrap();
        let mut settings = Settings::load(folder.path());
        let (keymap, complaints) = settings.user.keys.keymap();
        settings.complain(complaints);
        let said = settings.lines().iter().map(|line| line.replace(&format!("{}:", path.display()), "")).collect::<Vec<_>>();
        assert_eq!(said.len(), 4, "{said:#?}");
        assert!(said[0].starts_with("2:10: there is no set of keys `vim` (did you mean `vi`?)"), "{said:#?}");
        assert!(said[1].starts_with("5:1: `hyper-` is no modifier (there are ctrl-, alt- and shift-)"), "{said:#?}");
        assert!(said[2].starts_with("6:8: there is no action `hodl` (did you mean `hold`?)"), "{said:#?}");
        assert!(said[3].starts_with("7:1: nothing would mean `quit` any more (give it other keys first)"), "{said:#?}");
        let found = keymap.find(Context::Panes, &parse_keys("g x").unwrap());
        assert!(matches!(found, crate::tui::Found::Act(Action::Hold)), "{found:?}");
        assert_eq!(KeySettings::default().keymap(), (Keymap::default(), Vec::new()));
    }

    #[test]
    fn a_conflict_stands_at_its_line() {
        let spanned = |at: usize, text: &str| Spanned::new(at..at + 1, text.to_owned());
        let keys = KeySettings {
            preset: None,
            bind: vec![(spanned(10, "f5"), spanned(20, "hold")), (spanned(30, "f5"), spanned(40, "help"))],
        };
        let (_, complaints) = keys.keymap();
        assert_eq!(complaints.len(), 1);
        assert_eq!((complaints[0].span.clone(), complaints[0].code), (30..31, "key-conflict"));
    }
}
