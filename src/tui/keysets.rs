//! The sets of keys that come with the program.

use super::actions::Action;

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

    pub(super) fn extra(self) -> &'static [(&'static str, Action)] {
        match self {
            Self::Plain => &[],
            Self::Vi => VI,
            Self::Emacs => EMACS,
        }
    }
}

/// What every set has. Acts on the release are the same in all of them, so that nobody rolls back by another set's habit.
pub(super) const COMMON: &[(&str, Action)] = &[
    ("p", Action::Promote),
    ("R", Action::Rollback),
    ("space", Action::Hold),
    ("t", Action::Retry),
    ("M", Action::Silence),
    ("A", Action::Automatic),
    ("s", Action::Sign),
    ("c", Action::Recheck),
    ("n", Action::Note),
    ("L", Action::Log),
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
