//! How the cockpit looks: flags, and the user's settings where no flag says.

use std::io::IsTerminal;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{Failure, check, tell};
use crate::{
    settings::{self, Choice, Chosen, Colors, Flags, Settings},
    terminal::Capabilities,
    text,
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

/// The user's settings. What is wrong with them is told, and stands in nobody's way.
pub(super) fn settings() -> Settings {
    let settings = settings::folder(|name| std::env::var_os(name)).map(|folder| Settings::load(&folder)).unwrap_or_default();
    complain(&settings);
    settings
}

/// Tells what is wrong with the settings.
pub(super) fn complain(settings: &Settings) {
    for problems in &settings.problems {
        tell(&problems.render(check::style(std::io::stderr().is_terminal())));
    }
}

impl Looks {
    /// What flags, environment, settings and terminal come to.
    pub(super) fn chosen(&self, settings: &Settings, capabilities: Capabilities) -> Result<Chosen, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        if let Some(name) = &self.theme
            && !settings.themes.iter().any(|listed| listed.name == *name)
        {
            return Err(unknown(settings, name));
        }
        if let Some(name) = variable("FLIGHTDECK_THEME").filter(|name| !name.is_empty())
            && self.theme.is_none()
            && settings.themes.get(&name).is_none()
        {
            tell(&format!("FLIGHTDECK_THEME: {}", unknown(settings, &name).message));
        }
        let Self { theme, colors, ascii, mouse } = self.clone();
        let flags = Flags { theme, colors, ascii, mouse };
        let Capabilities { depth, symbols } = capabilities;
        Ok(Choice { flags: &flags, variable, settings, depth, symbols }.made())
    }
}

/// There is no theme of that name.
pub(super) fn unknown(settings: &Settings, name: &str) -> Failure {
    Failure::wrong(format!("there is no theme `{}`; {}", text::line(name, 60), settings.themes.instead_of(name)))
}
