//! What a terminal can show, by what its environment says.

use crate::tui::{Depth, Symbols};

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// How many colours.
    pub depth: Depth,
    /// Which symbols.
    pub symbols: Symbols,
}

/// The terminal cannot show a cockpit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this terminal cannot show the cockpit (TERM is {0}); `flightdeck status --watch` works in any")]
pub struct Unfit(String);

impl Capabilities {
    /// By the variables of the environment in which the terminal's user is, however they came here.
    ///
    /// # Errors
    /// [`Unfit`] where there is no terminal that could move its cursor.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Unfit> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").ok_or_else(|| Unfit("not set".to_owned()))?;
        if term == "dumb" || term == "unknown" {
            return Err(Unfit(term));
        }
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        // The Linux console has few glyphs beyond those of a code page.
        let symbols = if utf8 && term != "linux" { Symbols::Unicode } else { Symbols::Ascii };
        let colours = set("COLORTERM").unwrap_or_default().to_ascii_lowercase();
        let depth = if set("NO_COLOR").is_some() || term.starts_with("vt1") || term.starts_with("vt2") || term.ends_with("-m") {
            Depth::None
        } else if colours == "truecolor" || colours == "24bit" || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256color") || term.contains("kitty") || term.contains("ghostty") || term.contains("alacritty") {
            Depth::Ansi256
        } else {
            Depth::Ansi16
        };
        Ok(Self { depth, symbols })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Capabilities, Unfit> {
        Capabilities::of(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn reads_the_environment() {
        let utf8 = ("LANG", "de_DE.UTF-8");
        for (variables, depth, symbols) in [
            (vec![("TERM", "xterm-256color"), utf8], Depth::Ansi256, Symbols::Unicode),
            (vec![("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), utf8], Depth::True, Symbols::Unicode),
            (vec![("TERM", "xterm-256color"), ("NO_COLOR", "1"), utf8], Depth::None, Symbols::Unicode),
            (vec![("TERM", "xterm-256color"), ("NO_COLOR", ""), utf8], Depth::Ansi256, Symbols::Unicode),
            (vec![("TERM", "xterm"), ("LC_ALL", "C"), utf8], Depth::Ansi16, Symbols::Ascii),
            (vec![("TERM", "screen"), ("LC_CTYPE", "C.utf8")], Depth::Ansi16, Symbols::Unicode),
            (vec![("TERM", "linux"), utf8], Depth::Ansi16, Symbols::Ascii),
            (vec![("TERM", "vt100")], Depth::None, Symbols::Ascii),
        ] {
            assert_eq!(of(&variables), Ok(Capabilities { depth, symbols }), "{variables:?}");
        }
    }

    #[test]
    fn refuses_a_terminal_without_a_cursor() {
        assert!(of(&[("TERM", "dumb")]).unwrap_err().to_string().contains("TERM is dumb"));
        assert!(of(&[]).unwrap_err().to_string().contains("not set"));
    }
}
