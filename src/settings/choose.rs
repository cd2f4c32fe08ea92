//! What counts: flags before the environment, the environment before the settings, the settings before what the terminal says.

use super::{Alerts, Colors, Settings};
use crate::tui::{Depth, Symbols, Theme};

/// What was said on the command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// The theme's name.
    pub theme: Option<String>,
    /// How many colours.
    pub colors: Option<Colors>,
    /// Nothing but ASCII.
    pub ascii: bool,
    /// Clicks and the wheel are taken.
    pub mouse: bool,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// How everything looks, in all colours it has.
    pub theme: Theme,
    /// How many colours there are.
    pub depth: Depth,
    /// Which symbols.
    pub symbols: Symbols,
    /// Whether clicks and the wheel are taken.
    pub mouse: bool,
    /// How a person is told that they are needed.
    pub alerts: Alerts,
}

/// Everything that has a say.
#[derive(Debug)]
pub struct Choice<'a, V> {
    /// The command line.
    pub flags: &'a Flags,
    /// A variable of the environment in which the terminal's user is.
    pub variable: V,
    /// The settings.
    pub settings: &'a Settings,
    /// How many colours the terminal has.
    pub depth: Depth,
    /// Which symbols it shows.
    pub symbols: Symbols,
}

impl<V: Fn(&str) -> Option<String>> Choice<'_, V> {
    /// What it comes to. A theme that there is not is the default one.
    #[must_use]
    pub fn made(&self) -> Chosen {
        let user = &self.settings.user;
        let set = |name: &str| (self.variable)(name).filter(|value| !value.is_empty());
        let name = self.flags.theme.clone().or_else(|| set("FLIGHTDECK_THEME")).or_else(|| user.theme.clone());
        let theme = name.and_then(|name| self.settings.themes.get(&name)).or_else(|| self.settings.themes.get("default"));
        let no_color = set("NO_COLOR").map(|_| Colors::Are(Depth::None));
        let depth = match self.flags.colors.or(no_color).or(user.colors) {
            Some(Colors::Are(depth)) => depth,
            Some(Colors::Auto) | None => self.depth,
        };
        let ascii = self.flags.ascii.then_some(Symbols::Ascii);
        Chosen {
            theme: theme.cloned().unwrap_or_default(),
            depth,
            symbols: ascii.or(user.symbols.flatten()).unwrap_or(self.symbols),
            mouse: self.flags.mouse || user.mouse.unwrap_or(false),
            alerts: user.alerts.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::UserSettings;

    fn chosen(flags: &Flags, variables: &[(&str, &str)], user: UserSettings) -> Chosen {
        let settings = Settings { user, ..Settings::default() };
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Choice { flags, variable, settings: &settings, depth: Depth::Ansi256, symbols: Symbols::Unicode }.made()
    }

    #[test]
    fn flags_before_environment_before_settings_before_the_terminal() {
        let flag = |theme: &str| Flags { theme: Some(theme.to_owned()), ..Flags::default() };
        let set = |theme: &str| UserSettings { theme: Some(theme.to_owned()), ..UserSettings::default() };
        let none = Flags::default();
        for (flags, variables, user, name) in [
            (&none, &[][..], UserSettings::default(), "default"),
            (&none, &[], set("light"), "light"),
            (&none, &[("FLIGHTDECK_THEME", "dark")], set("light"), "dark"),
            (&none, &[("FLIGHTDECK_THEME", "")], set("light"), "light"),
            (&none, &[("FLIGHTDECK_THEME", "pink")], set("light"), "default"),
            (&flag("mono"), &[("FLIGHTDECK_THEME", "dark")], set("light"), "mono"),
        ] {
            assert_eq!(chosen(flags, variables, user).theme.name, name);
        }
        let flag = |colors| Flags { colors, ..Flags::default() };
        let set = |colors| UserSettings { colors, ..UserSettings::default() };
        let (auto, full, few) = (Some(Colors::Auto), Some(Colors::Are(Depth::True)), Some(Colors::Are(Depth::Ansi16)));
        let no_color = &[("NO_COLOR", "1")][..];
        for (flags, variables, user, depth) in [
            (None, &[][..], None, Depth::Ansi256),
            (None, &[], few, Depth::Ansi16),
            (None, &[], auto, Depth::Ansi256),
            (None, no_color, full, Depth::None),
            (None, &[("NO_COLOR", "")], full, Depth::True),
            (full, no_color, few, Depth::True),
            (auto, &[], few, Depth::Ansi256),
        ] {
            assert_eq!(chosen(&flag(flags), variables, set(user)).depth, depth, "{flags:?} {variables:?} {user:?}");
        }
        let plain =
            UserSettings { symbols: Some(Some(Symbols::Ascii)), mouse: Some(true), alerts: Some(Alerts::None), ..set(None) };
        let made = chosen(&none, &[], plain.clone());
        assert_eq!((made.symbols, made.mouse, made.alerts), (Symbols::Ascii, true, Alerts::None));
        let made =
            chosen(&Flags { ascii: true, mouse: true, ..none.clone() }, &[], UserSettings { symbols: Some(None), ..set(None) });
        assert_eq!((made.symbols, made.mouse, made.alerts), (Symbols::Ascii, true, Alerts::Desktop));
        assert_eq!(chosen(&none, &[], UserSettings { symbols: Some(None), ..set(None) }).symbols, Symbols::Unicode);
    }
}
