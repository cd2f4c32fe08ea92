//! Which keys mean which action: the sets that come with the program, and what a user's settings change in them.

use std::fmt;

use super::{
    actions::{ACTIONS, Action, Context, Scope},
    input::{Code, Key, Mods},
};

/// What can be reached whatever is changed.
const KEPT: [Action; 3] = [Action::Rollback, Action::Palette, Action::Quit];
/// The longest sequence of keys for one action.
const LONGEST: usize = 4;

/// One key of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Which key.
    pub code: Code,
    /// With what held down.
    pub mods: Mods,
}

impl Chord {
    /// The key as it was pressed.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        Self { code: key.code, mods: key.mods }
    }

    /// Reads a key as it is written: `p`, `R`, `ctrl-x`, `alt-<`, `space`, `enter`, `f5`, `shift-tab`.
    ///
    /// # Errors
    /// [`KeyError`] that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut mods = Mods::default();
        let mut rest = text;
        let mut shift = false;
        while let Some((before, behind)) =
            rest.split_once('-').filter(|(before, behind)| !before.is_empty() && !behind.is_empty())
        {
            match before.to_ascii_lowercase().as_str() {
                "ctrl" | "c" => mods.ctrl = true,
                "alt" | "m" | "meta" => mods.alt = true,
                "shift" => shift = true,
                _ => return Err(KeyError::Modifier(before.to_owned())),
            }
            rest = behind;
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(c), None) if shift => Code::Char(capital(c).ok_or_else(|| KeyError::Shift(rest.to_owned()))?),
            (Some(c), None) => Code::Char(c),
            _ => match named(&rest.to_ascii_lowercase()).ok_or_else(|| KeyError::Key(rest.to_owned()))? {
                Code::Tab if shift => Code::BackTab,
                // Most terminals send the same with shift and without.
                _ if shift => return Err(KeyError::Shift(rest.to_owned())),
                code => code,
            },
        };
        // A terminal sends the same byte for control and either case.
        let code = match code {
            Code::Char(c) if mods.ctrl => Code::Char(c.to_ascii_lowercase()),
            code => code,
        };
        let chord = Self { code, mods };
        match chord {
            Self { code: Code::Char('c'), mods: Mods { ctrl: true, alt: false } } => {
                Err(KeyError::Kept("ctrl-c", "it leaves the cockpit"))
            }
            Self { code: Code::Esc, .. } => Err(KeyError::Kept("esc", "it goes back")),
            // What terminals send for these is another key, so that they could never be pressed.
            Self { code: Code::Char('i'), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-i", "terminals send it as tab"))
            }
            Self { code: Code::Char('m'), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-m", "terminals send it as enter"))
            }
            Self { code: Code::Char('h'), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-h", "terminals send it as backspace"))
            }
            Self { code: Code::Char('['), mods: Mods { ctrl: true, .. } } => {
                Err(KeyError::Kept("ctrl-[", "terminals send it as esc"))
            }
            chord => Ok(chord),
        }
    }
}

/// The capital of a letter that has a single one.
fn capital(c: char) -> Option<char> {
    let mut capitals = c.to_uppercase();
    capitals.next().filter(|capital| capitals.next().is_none() && capital.is_uppercase())
}

fn named(name: &str) -> Option<Code> {
    Some(match name {
        "space" => Code::Char(' '),
        "enter" | "return" => Code::Enter,
        "esc" | "escape" => Code::Esc,
        "tab" => Code::Tab,
        "backtab" => Code::BackTab,
        "backspace" => Code::Backspace,
        "delete" | "del" => Code::Delete,
        "insert" | "ins" => Code::Insert,
        "left" => Code::Left,
        "right" => Code::Right,
        "up" => Code::Up,
        "down" => Code::Down,
        "home" => Code::Home,
        "end" => Code::End,
        "pageup" | "pgup" => Code::PageUp,
        "pagedown" | "pgdn" => Code::PageDown,
        "minus" => Code::Char('-'),
        _ => {
            let number: u8 = name.strip_prefix('f')?.parse().ok()?;
            (1..=12).contains(&number).then_some(Code::F(number))?
        }
    })
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mods.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.mods.alt {
            f.write_str("alt-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("space"),
            Code::Char(c) => write!(f, "{c}"),
            Code::Enter => f.write_str("enter"),
            Code::Esc => f.write_str("esc"),
            Code::Tab => f.write_str("tab"),
            Code::BackTab => f.write_str("shift-tab"),
            Code::Backspace => f.write_str("backspace"),
            Code::Delete => f.write_str("delete"),
            Code::Insert => f.write_str("insert"),
            Code::Left => f.write_str("left"),
            Code::Right => f.write_str("right"),
            Code::Up => f.write_str("up"),
            Code::Down => f.write_str("down"),
            Code::Home => f.write_str("home"),
            Code::End => f.write_str("end"),
            Code::PageUp => f.write_str("pageup"),
            Code::PageDown => f.write_str("pagedown"),
            Code::F(number) => write!(f, "f{number}"),
        }
    }
}

/// What is wrong with keys that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There are none.
    #[error("no key is named; write one as in `g`, `ctrl-x` or `g g`")]
    Empty,
    /// Too many.
    #[error("more than {LONGEST} keys in a row")]
    TooLong,
    /// No modifier.
    #[error("`{0}-` is no modifier; there are ctrl-, alt- and shift-")]
    Modifier(String),
    /// No key.
    #[error("`{0}` is no key; write a single character, or a name as in space, enter, tab, up, pagedown, f5")]
    Key(String),
    /// Shift with what it does not change.
    #[error("shift- says nothing with `{0}`; write the character that it makes, as in `!`, or take another key")]
    Shift(String),
    /// One that cannot be given away.
    #[error("{0} cannot be given another meaning: {1}")]
    Kept(&'static str, &'static str),
}

/// Reads a sequence of keys: `p`, `g g`, `ctrl-x o`.
///
/// # Errors
/// [`KeyError`] that says what is wrong with it.
pub fn parse_keys(text: &str) -> Result<Vec<Chord>, KeyError> {
    let chords = text.split_whitespace().map(Chord::parse).collect::<Result<Vec<_>, _>>()?;
    match chords.len() {
        0 => Err(KeyError::Empty),
        1..=LONGEST => Ok(chords),
        _ => Err(KeyError::TooLong),
    }
}

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

fn label(keys: &[Chord]) -> String {
    keys.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ")
}

/// The sets of keys that come with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// Single keys and arrows.
    #[default]
    Plain,
    /// As in vi.
    Vi,
    /// As in Emacs.
    Emacs,
}

impl Preset {
    /// Their names in the settings.
    pub const NAMES: [&'static str; 3] = ["default", "vi", "emacs"];

    /// The set of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::Plain),
            "vi" => Some(Self::Vi),
            "emacs" => Some(Self::Emacs),
            _ => None,
        }
    }

    fn extra(self) -> &'static [(&'static str, Action)] {
        match self {
            Self::Plain => &[],
            Self::Vi => VI,
            Self::Emacs => EMACS,
        }
    }
}

/// What every set has. Acts on the release are the same in all of them, so that nobody rolls back by another set's habit.
const COMMON: &[(&str, Action)] = &[
    ("p", Action::Promote),
    ("R", Action::Rollback),
    ("space", Action::Hold),
    ("t", Action::Retry),
    ("s", Action::Sign),
    ("c", Action::Recheck),
    ("n", Action::Note),
    ("enter", Action::Detail),
    ("o", Action::Output),
    ("z", Action::Zoom),
    ("w", Action::Wall),
    (":", Action::Palette),
    ("/", Action::Filter),
    ("?", Action::Help),
    ("f1", Action::Help),
    ("f", Action::Freeze),
    ("q", Action::Quit),
    ("tab", Action::NextPane),
    ("right", Action::NextPane),
    ("shift-tab", Action::PreviousPane),
    ("left", Action::PreviousPane),
    ("1", Action::Stages),
    ("2", Action::Checklist),
    ("3", Action::Health),
    ("up", Action::Up),
    ("down", Action::Down),
    ("k", Action::Up),
    ("j", Action::Down),
    ("pageup", Action::PageUp),
    ("pagedown", Action::PageDown),
    ("home", Action::Top),
    ("end", Action::Bottom),
    ("y y", Action::CopyRow),
    ("y i", Action::CopyId),
    ("y s", Action::CopyStatus),
    ("S s", Action::PictureSvg),
    ("S t", Action::PictureText),
    ("m", Action::Mouse),
    ("ctrl-l", Action::Redraw),
    ("ctrl-z", Action::Suspend),
    ("[", Action::RangeShorter),
    ("]", Action::RangeLonger),
    ("left", Action::CursorLeft),
    ("right", Action::CursorRight),
    ("home", Action::CursorStart),
    ("end", Action::CursorEnd),
    ("/", Action::Search),
    ("n", Action::NextMatch),
    ("N", Action::PreviousMatch),
    ("f", Action::Follow),
    ("w", Action::Wrap),
    ("left", Action::ScrollLeft),
    ("right", Action::ScrollRight),
];

const VI: &[(&str, Action)] = &[
    ("g g", Action::Top),
    ("G", Action::Bottom),
    ("ctrl-d", Action::PageDown),
    ("ctrl-u", Action::PageUp),
    ("ctrl-f", Action::PageDown),
    ("ctrl-b", Action::PageUp),
    ("h", Action::PreviousPane),
    ("l", Action::NextPane),
    ("h", Action::CursorLeft),
    ("l", Action::CursorRight),
    ("h", Action::ScrollLeft),
    ("l", Action::ScrollRight),
    ("Z Z", Action::Quit),
    ("ctrl-w w", Action::NextPane),
    ("ctrl-w o", Action::Zoom),
];

const EMACS: &[(&str, Action)] = &[
    ("ctrl-n", Action::Down),
    ("ctrl-p", Action::Up),
    ("ctrl-v", Action::PageDown),
    ("alt-v", Action::PageUp),
    ("alt-<", Action::Top),
    ("alt->", Action::Bottom),
    ("ctrl-f", Action::NextPane),
    ("ctrl-b", Action::PreviousPane),
    ("ctrl-f", Action::CursorRight),
    ("ctrl-b", Action::CursorLeft),
    ("ctrl-f", Action::ScrollRight),
    ("ctrl-b", Action::ScrollLeft),
    ("alt-x", Action::Palette),
    ("ctrl-s", Action::Filter),
    ("ctrl-s", Action::Search),
    ("alt-w", Action::CopyRow),
    ("ctrl-g", Action::Back),
    ("ctrl-x o", Action::NextPane),
    ("ctrl-x 1", Action::Zoom),
    ("ctrl-x ctrl-z", Action::Suspend),
];

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
    fn reads_keys_as_they_are_written() {
        for text in ["p", "R", "space", "ctrl-x ctrl-f", "alt-<", "shift-tab", "f5", "g g", "-", "ctrl--", "pageup", ":", "Ü"] {
            assert_eq!(label(&keys(text)), text);
        }
        for (written, read) in [
            ("C-x", "ctrl-x"),
            ("M-x", "alt-x"),
            ("ctrl-X", "ctrl-x"),
            ("shift-r", "R"),
            ("minus", "-"),
            ("return", "enter"),
            ("shift-ü", "Ü"),
        ] {
            assert_eq!(label(&keys(written)), read);
        }
    }

    #[test]
    fn says_what_is_wrong_with_keys() {
        for (text, said) in [
            ("", "no key is named"),
            ("hyper-x", "`hyper-` is no modifier"),
            ("banana", "`banana` is no key"),
            ("f13", "`f13` is no key"),
            ("a b c d e", "more than 4"),
            ("ctrl-c", "it leaves the cockpit"),
            ("g esc", "it goes back"),
            ("ctrl-i", "as tab"),
            ("ctrl-h", "as backspace"),
            ("ctrl-[", "as esc"),
            ("shift-enter", "shift- says nothing with `enter`"),
            ("shift-f5", "shift- says nothing with `f5`"),
            ("shift-1", "shift- says nothing with `1`"),
        ] {
            let error = parse_keys(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
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

        #[test]
        fn reads_anything_without_falling_over(text in "\\PC{0,20}") {
            if let Ok(keys) = parse_keys(&text) {
                prop_assert_eq!(parse_keys(&label(&keys)).unwrap(), keys);
            }
        }
    }
}
