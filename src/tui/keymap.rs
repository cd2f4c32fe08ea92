//! Which keys mean which action: a set that comes with the program, and what a user's settings change in it.

use super::{
    actions::{ACTIONS, Action, Context, Scope},
    chord::{Chord, label, parse_keys},
    keysets::{COMMON, Preset},
};

/// What can be reached whatever is changed.
const KEPT: [Action; 3] = [Action::Rollback, Action::Palette, Action::Quit];

/// Keys and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The keys, one behind the other.
    pub keys: Vec<Chord>,
    /// The action.
    pub action: Action,
}

impl Bound {
    fn scope(&self) -> Scope {
        self.action.described().map_or(Scope::Everywhere, |described| described.scope)
    }

    /// The keys as they are written.
    #[must_use]
    pub fn label(&self) -> String {
        label(&self.keys)
    }
}

/// A change that a user's settings make: keys, and the action they mean from now on; none where they mean nothing any more.
pub type Change = (Vec<Chord>, Option<Action>);

/// Something that does not fit together in a key map, and of which change it is, by its place among the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Which change.
    pub change: usize,
    /// What is wrong, in a sentence, and what would be right.
    pub words: String,
}

/// Which keys mean which action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bound: Vec<Bound>,
}

/// What keys that were pressed so far mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This.
    Act(Action),
    /// Something, with more keys.
    Prefix,
    /// Nothing.
    Nothing,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::preset(Preset::Plain)
    }
}

impl Keymap {
    /// A set that comes with the program.
    #[must_use]
    pub fn preset(preset: Preset) -> Self {
        let mut map = Self { bound: Vec::new() };
        let whole = COMMON.iter().chain(preset.extra());
        for (keys, action) in whole {
            // The tables are read in a test: what they say are keys.
            if let Ok(keys) = parse_keys(keys) {
                map.bind(keys, *action);
            }
        }
        map
    }

    /// A set with a user's changes in it, and what does not fit together. A change that does not is left out.
    #[must_use]
    pub fn changed(preset: Preset, changes: &[Change]) -> (Self, Vec<Conflict>) {
        let mut map = Self::preset(preset);
        let mut conflicts = Vec::new();
        for (index, (keys, action)) in changes.iter().enumerate() {
            let earlier = changes.get(..index).unwrap_or_default();
            match map.trial(earlier, keys, *action) {
                Ok(next) => map = next,
                Err(words) => conflicts.push(Conflict { change: index, words }),
            }
        }
        (map, conflicts)
    }

    /// The map with one change more, or why not.
    fn trial(&self, earlier: &[Change], keys: &[Chord], action: Option<Action>) -> Result<Self, String> {
        let written = label(keys);
        let mut next = self.clone();
        match action {
            None => {
                if !next.bound.iter().any(|bound| bound.keys == keys) {
                    return Err(format!("`{written}` means nothing already"));
                }
                next.bound.retain(|bound| bound.keys != keys);
            }
            Some(action) => {
                let scope = action.described().map_or(Scope::Everywhere, |described| described.scope);
                let meets = |other: Action| other.described().is_some_and(|described| described.scope.clashes(scope));
                let twice = earlier
                    .iter()
                    .find(|(other, meant)| other == keys && meant.is_some_and(|meant| meant != action && meets(meant)));
                if let Some((_, Some(other))) = twice {
                    return Err(format!("`{written}` means `{}` already, by a line above", name(*other)));
                }
                next.bound.retain(|other| other.keys != keys || !other.scope().clashes(scope));
                next.bind(keys.to_vec(), action);
                let longer = next.bound.iter().find(|bound| {
                    let begins = |long: &[Chord], short: &[Chord]| long.len() > short.len() && long.starts_with(short);
                    bound.scope().clashes(scope) && (begins(&bound.keys, keys) || begins(keys, &bound.keys))
                });
                if let Some(other) = longer {
                    let other_keys = other.label();
                    let other = name(other.action);
                    return Err(format!(
                        "`{written}` and `{other_keys}` (`{other}`) begin with the same keys, so one of them could never be pressed; \
                         take other keys, or `\"{other_keys}\" = \"none\"` first"
                    ));
                }
            }
        }
        // Whatever else is changed, nobody may be left without the way back or the way to find it.
        match KEPT.into_iter().find(|kept| !next.reaches(*kept)) {
            Some(lost) => Err(format!("nothing would mean `{}` any more; give it other keys first", name(lost))),
            None => Ok(next),
        }
    }

    /// Whether there are keys for an action wherever the keys may go.
    fn reaches(&self, action: Action) -> bool {
        let contexts = [Context::Panes, Context::Chart, Context::Output, Context::Reader];
        contexts.iter().all(|context| self.keys(action).any(|bound| self.find(*context, &bound.keys) == Found::Act(action)))
    }

    /// Gives keys a meaning; whatever they meant where that would be unclear is gone.
    fn bind(&mut self, keys: Vec<Chord>, action: Action) {
        let bound = Bound { keys, action };
        self.bound.retain(|other| other.keys != bound.keys || !other.scope().meets(bound.scope()));
        self.bound.push(bound);
    }

    /// What keys mean where the keys go now.
    #[must_use]
    pub fn find(&self, context: Context, keys: &[Chord]) -> Found {
        let here = || self.bound.iter().filter(|bound| bound.scope().holds(context));
        let whole = here().filter(|bound| bound.keys == keys).max_by_key(|bound| bound.scope().nearness());
        let longer = here()
            .filter(|bound| bound.keys.len() > keys.len() && bound.keys.starts_with(keys))
            .max_by_key(|bound| bound.scope().nearness());
        match (whole, longer) {
            // The nearer one wins where one is the beginning of the other.
            (Some(whole), Some(longer)) if longer.scope().nearness() > whole.scope().nearness() => Found::Prefix,
            (Some(whole), _) => Found::Act(whole.action),
            (None, Some(_)) => Found::Prefix,
            (None, None) => Found::Nothing,
        }
    }

    /// What may follow keys that were pressed: the next keys and what they lead to.
    pub fn behind(&self, context: Context, keys: &[Chord]) -> Vec<(String, Action)> {
        let here = self.bound.iter().filter(|bound| bound.scope().holds(context));
        let longer = here.filter(|bound| bound.keys.len() > keys.len() && bound.keys.starts_with(keys));
        longer.map(|bound| (label(bound.keys.get(keys.len()..).unwrap_or_default()), bound.action)).collect()
    }

    /// The keys that mean an action, the first the one to tell people; empty where none do.
    pub fn keys(&self, action: Action) -> impl Iterator<Item = &Bound> {
        self.bound.iter().filter(move |bound| bound.action == action)
    }

    /// The first keys that mean an action, as they are written.
    #[must_use]
    pub fn label(&self, action: Action) -> Option<String> {
        // The last one given is the user's own.
        self.keys(action).last().filter(|_| self.is_changed(action)).or_else(|| self.keys(action).next()).map(Bound::label)
    }

    /// Whether the common keys of an action no longer mean it, or others were given.
    fn is_changed(&self, action: Action) -> bool {
        let common = COMMON.iter().filter(|(_, of)| *of == action);
        !common.clone().any(|(keys, _)| parse_keys(keys).is_ok_and(|keys| self.keys(action).any(|bound| bound.keys == keys)))
    }
}

fn name(action: Action) -> &'static str {
    action.described().map_or("?", |described| described.name)
}

/// Every action's name, to say which there are.
pub fn action_names() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|described| described.name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(text: &str) -> Vec<Chord> {
        parse_keys(text).unwrap()
    }

    fn change(text: &str, action: &str) -> Change {
        (keys(text), Action::named(action))
    }

    #[test]
    fn the_sets_that_come_with_it_are_whole_and_free_of_conflicts() {
        for preset in [Preset::Plain, Preset::Vi, Preset::Emacs] {
            let mut map = Keymap { bound: Vec::new() };
            for (text, action) in COMMON.iter().chain(preset.extra()) {
                let (keys, scope) = (keys(text), action.described().unwrap().scope);
                for other in &map.bound {
                    let begins = other.keys.starts_with(&keys) || keys.starts_with(&other.keys);
                    assert!(!(begins && other.scope().meets(scope)), "{preset:?}: {text} and {}", other.label());
                }
                map.bind(keys, *action);
            }
            assert_eq!(map, Keymap::preset(preset));
            for described in ACTIONS.iter().filter(|described| described.action != Action::Back) {
                assert!(map.keys(described.action).next().is_some(), "{preset:?}: {}", described.name);
            }
        }
        for name in Preset::NAMES {
            assert!(Preset::named(name).is_some());
        }
    }

    #[test]
    fn the_nearer_meaning_wins() {
        let map = Keymap::default();
        assert_eq!(map.find(Context::Panes, &keys("f")), Found::Act(Action::Freeze));
        assert_eq!(map.find(Context::Output, &keys("f")), Found::Act(Action::Follow));
        assert_eq!(map.find(Context::Chart, &keys("left")), Found::Act(Action::CursorLeft));
        assert_eq!(map.find(Context::Panes, &keys("left")), Found::Act(Action::PreviousPane));
        assert_eq!(map.find(Context::Reader, &keys("p")), Found::Nothing, "what is read is not acted on");
        assert_eq!(map.find(Context::Panes, &keys("y")), Found::Prefix);
        assert_eq!(map.find(Context::Panes, &keys("y i")), Found::Act(Action::CopyId));
        assert_eq!(map.find(Context::Panes, &keys("y x")), Found::Nothing);
        let behind = map.behind(Context::Panes, &keys("S"));
        assert_eq!(behind, [("s".to_owned(), Action::PictureSvg), ("t".to_owned(), Action::PictureText)]);
    }

    #[test]
    fn a_user_changes_keys() {
        let (map, conflicts) =
            Keymap::changed(Preset::Plain, &[change("ctrl-r", "rollback"), change("R", "retry"), (keys("t"), None)]);
        assert_eq!(conflicts, []);
        assert_eq!(map.find(Context::Panes, &keys("R")), Found::Act(Action::Retry));
        assert_eq!(map.find(Context::Panes, &keys("t")), Found::Nothing);
        assert_eq!(map.label(Action::Rollback).as_deref(), Some("ctrl-r"));
        assert_eq!(map.label(Action::Retry).as_deref(), Some("R"));
    }

    #[test]
    fn what_does_not_fit_is_said_and_left_out() {
        for (changes, wrong, said) in [
            (vec![change("x", "zoom"), change("x", "wall")], 1, "`x` means `zoom` already, by a line above"),
            (vec![change("y", "zoom")], 0, "`y` and `y y` (`copy-row`) begin with the same keys"),
            (vec![change("p p", "zoom")], 0, "`p p` and `p` (`promote`) begin with the same keys"),
            (vec![(keys("R"), None)], 0, "nothing would mean `rollback` any more"),
            (vec![change("R", "zoom")], 0, "nothing would mean `rollback` any more"),
            (vec![change("R", "cursor-left")], 0, "nothing would mean `rollback` any more"),
            (vec![change("R x", "zoom")], 0, "`R x` and `R` (`rollback`) begin with the same keys"),
            (vec![(keys("x"), None)], 0, "`x` means nothing already"),
        ] {
            let (map, conflicts) = Keymap::changed(Preset::Plain, &changes);
            assert_eq!(conflicts.len(), 1, "{conflicts:?}");
            assert_eq!(conflicts[0].change, wrong);
            assert!(conflicts[0].words.contains(said), "{}", conflicts[0].words);
            let (without, none) = Keymap::changed(Preset::Plain, &changes[..wrong]);
            assert_eq!((map, none), (without, vec![]));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_the_way_back_stays(texts in proptest::collection::vec(("[a-zA-Z:/?]( [a-z])?", 0..ACTIONS.len() + 5), 0..40)) {
            let changes = texts.iter().map(|(text, action)| (keys(text), ACTIONS.get(*action).map(|described| described.action))).collect::<Vec<_>>();
            let (map, _) = Keymap::changed(Preset::Vi, &changes);
            for kept in KEPT {
                prop_assert!(map.reaches(kept), "{kept:?}");
            }
        }
    }
}
