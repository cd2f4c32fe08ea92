//! How the cockpit looks: flags, and the user's settings where no flag says.

use std::{io::IsTerminal, path::PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{Failure, check, tell};
use crate::{
    settings::{self, Choice, Chosen, Colors, Flags, Settings},
    terminal::Capabilities,
    text, tui,
};

/// How it looks.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(id = "looks")]
pub(super) struct Looks {
    /// The theme: one of yours, or one that is built in (`flightdeck themes` lists them)
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    /// How many colours; by default as many as the terminal has
    #[arg(long, value_name = "COLORS", value_parser = colors())]
    colors: Option<Colors>,
    /// Nothing but ASCII on the screen
    #[arg(long)]
    ascii: bool,
    /// Take clicks and the wheel
    #[arg(long)]
    mouse: bool,
}

fn colors() -> impl TypedValueParser<Value = Colors> {
    PossibleValuesParser::new(Colors::WORDS.map(|(word, _)| word)).map(|word| {
        let known = Colors::WORDS.into_iter().find(|(known, _)| *known == word);
        known.map_or(Colors::Auto, |(_, colors)| colors)
    })
}

/// Where the settings are.
pub(super) fn folder() -> Option<PathBuf> {
    settings::folder(|name| std::env::var_os(name))
}

/// The user's settings.
pub(super) fn read() -> Settings {
    folder().map(|folder| Settings::load(&folder)).unwrap_or_default()
}

/// Tells what is wrong with the settings. It stands in nobody's way.
pub(super) fn complain(settings: &Settings) {
    for problems in &settings.problems {
        tell(&problems.render(check::style(std::io::stderr().is_terminal())));
    }
}

impl Looks {
    /// What belongs to this session, by flags, environment, settings and terminal.
    pub(super) fn session(
        &self,
        read: &Settings,
        operator: String,
        capabilities: Capabilities,
    ) -> Result<tui::Settings, Failure> {
        if let Some(name) = &self.theme
            && !read.themes.iter().any(|listed| listed.name == *name)
        {
            return Err(unknown(read, name));
        }
        let mut read = read.clone();
        let (chosen, looks) = self.worn(&mut read, capabilities);
        complain(&read);
        Ok(tui::Settings { operator, looks, symbols: chosen.symbols, depth: chosen.depth, mouse: chosen.mouse })
    }

    /// What the settings come to beside flags, environment and terminal. What only shows then is added to their problems.
    pub(super) fn worn(&self, read: &mut Settings, capabilities: Capabilities) -> (Chosen, tui::Looks) {
        let variable = |name: &str| std::env::var(name).ok();
        let Self { theme, colors, ascii, mouse } = self.clone();
        let flags = Flags { theme, colors, ascii, mouse };
        let (keymap, complaints) = read.user.keys.keymap();
        read.complain(complaints);
        let Capabilities { depth, symbols, .. } = capabilities;
        let chosen = Choice { flags: &flags, variable, settings: read, depth, symbols }.made();
        let mut problems = read.lines();
        let named = variable("FLIGHTDECK_THEME").filter(|name| !name.is_empty() && self.theme.is_none());
        if let Some(name) = named.filter(|name| read.themes.get(name).is_none()) {
            problems.push(format!("FLIGHTDECK_THEME: {}", unknown(read, &name).message));
        }
        let themes = read.themes.usable().cloned().collect();
        let looks = tui::Looks { theme: chosen.theme.clone(), themes, keymap, problems };
        (chosen, looks)
    }
}

/// There is no theme of that name.
pub(super) fn unknown(settings: &Settings, name: &str) -> Failure {
    Failure::wrong(format!("there is no theme `{}`; {}", text::line(name, 60), settings.themes.instead_of(name)))
}
