//! The user's settings: a folder with `settings.toml` and, in `themes`, a file for each theme of their own.
//!
//! Wrong settings never keep anybody from a release: what is wrong is said, each at its place, and its default taken.

mod choose;
mod file;
mod keys;
mod read;
mod watch;

use std::path::{Path, PathBuf};

use toml::Spanned;

pub use choose::{Choice, Chosen, Flags};
pub use watch::Watch;

use crate::{
    document::{Found, Problem, Problems},
    tui::{Depth, Symbols, Themes},
};

/// Where the settings are, if not where the platform has them.
pub const FOLDER: &str = "FLIGHTDECK_CONFIG";

/// The settings' folder: the one that `FLIGHTDECK_CONFIG` names, or the platform's. It need not be there.
#[must_use]
pub fn folder(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    match variable(FOLDER).filter(|value| !value.is_empty()) {
        Some(named) => std::path::absolute(named).ok(),
        None => directories::ProjectDirs::from("", "", "flightdeck").map(|folders| folders.config_dir().to_owned()),
    }
}

/// How a person is told that they are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alerts {
    /// By a notification of the desktop, and the bell.
    #[default]
    Desktop,
    /// By the bell alone.
    Bell,
    /// Not at all.
    None,
}

/// How many colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colors {
    /// As many as the terminal has.
    Auto,
    /// So many.
    Are(Depth),
}

impl Colors {
    /// The words for them, in settings and on the command line.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("auto", Self::Auto),
        ("true", Self::Are(Depth::True)),
        ("256", Self::Are(Depth::Ansi256)),
        ("16", Self::Are(Depth::Ansi16)),
        ("none", Self::Are(Depth::None)),
    ];
}

/// What `settings.toml` says. What it does not say, or says wrong, is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserSettings {
    /// The theme's name; there is such a theme.
    pub theme: Option<String>,
    /// How many colours.
    pub colors: Option<Colors>,
    /// Which symbols; the inner `None` is `auto`.
    pub symbols: Option<Option<Symbols>>,
    /// Whether clicks and the wheel are taken.
    pub mouse: Option<bool>,
    /// How a person is told that they are needed.
    pub alerts: Option<Alerts>,
    /// The keys.
    pub keys: KeySettings,
}

/// The keys as they are written, each text with its bytes in the file. What they mean is for the cockpit to say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeySettings {
    /// The set that is built upon.
    pub preset: Option<Spanned<String>>,
    /// Keys and what they do, in the order of the file.
    pub bind: Vec<(Spanned<String>, Spanned<String>)>,
}

/// Something wrong with the settings that only shows when they are used, as a key that nobody can press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The bytes of `settings.toml` that it is about.
    pub span: std::ops::Range<usize>,
    /// The kind of problem, as in `unknown-key`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

/// All that the settings' folder holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// What `settings.toml` says.
    pub user: UserSettings,
    /// All themes, those of the user and those that are built in.
    pub themes: Themes,
    /// What is wrong, file by file.
    pub problems: Vec<Problems>,
    /// `settings.toml`: what it is called in problems, and its text.
    source: Option<(String, String)>,
}

impl Settings {
    /// Reads a folder, which need not be there.
    #[must_use]
    pub fn load(folder: &Path) -> Self {
        file::load(folder)
    }

    /// Adds what has only shown when `settings.toml` was used.
    pub fn complain(&mut self, complaints: Vec<Complaint>) {
        let Some((name, text)) = &self.source else { return };
        if complaints.is_empty() {
            return;
        }
        let found = complaints.into_iter().map(|complaint| {
            let Complaint { span, code, message, help } = complaint;
            Found { span, code, message, help, absence: false }
        });
        let of_settings = |problems: &Problems| problems.iter().any(|problem| problem.file == *name);
        let known = self.problems.iter().position(of_settings).map(|at| self.problems.remove(at));
        let known = known.iter().flatten().map(Found::from).collect::<Vec<_>>();
        let problems = Problems::new(name, text, known.into_iter().chain(found).collect());
        self.problems.insert(0, problems);
    }

    /// Every problem in a line, as the cockpit shows them.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.problems.iter().flatten().map(Problem::to_string).collect()
    }
}
