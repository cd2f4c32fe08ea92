//! What a terminal can show and be told, by what its environment says.

use crate::tui::{Depth, Symbols};

/// What a terminal can show, and what it can be told besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// How many colours.
    pub depth: Depth,
    /// Which symbols.
    pub symbols: Symbols,
    /// What stands between here and the terminal at which the person sits.
    pub through: Through,
    /// How its desktop is given a line to show.
    pub notes: Option<Notes>,
    /// Whether it may be asked for kitty's keyboard protocol; some would show the question.
    pub keyboard: bool,
}

/// What stands between a program and the terminal at which the person sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Nothing that would keep anything back.
    Nothing,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// How a desktop is given a line to show: there are two ways, and hardly a terminal knows both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    /// OSC 9, of iTerm2, kitty, WezTerm, Ghostty, and most others.
    Osc9,
    /// OSC 777, of rxvt, VTE and foot.
    Osc777,
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
        let is = |family: &str| term.starts_with(family);
        // Within one that runs within the other both have left their variables. Taken for GNU screen, tmux shows nothing of what
        // it is told; the other way round it would get onto the screen.
        let through = if is("tmux") || (set("TMUX").is_some() && set("STY").is_none()) {
            Through::Tmux
        } else if set("STY").is_some() || is("screen") {
            Through::Screen
        } else {
            Through::Nothing
        };
        // A serial terminal and a console know little beyond the cursor.
        let console = term == "linux" || is("linux-") || is("cons") || is("ansi");
        let serial = is("vt1") || is("vt2") || is("vt3") || is("vt4") || is("vt5");

        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        // The Linux console has few glyphs beyond those of a code page, a serial terminal has none, whatever the host's locale says.
        let symbols = if utf8 && !console && !serial { Symbols::Unicode } else { Symbols::Ascii };

        let said = set("COLORTERM").is_some_and(|said| ["truecolor", "24bit"].contains(&said.to_ascii_lowercase().as_str()));
        let many = ["256color", "kitty", "ghostty", "alacritty", "foot"].iter().any(|name| term.contains(name));
        let depth = if set("NO_COLOR").is_some() || serial || term.ends_with("-m") || term.ends_with("-mono") {
            Depth::None
        } else if console {
            // Its neighbours' variables may say more than it can.
            Depth::Ansi16
        } else if (said && through != Through::Screen) || term.ends_with("-direct") {
            // GNU screen takes such a colour for attributes.
            Depth::True
        } else if many {
            Depth::Ansi256
        } else {
            Depth::Ansi16
        };
        let notes = if console || serial {
            None
        } else if set("VTE_VERSION").is_some() || is("rxvt") || is("foot") {
            Some(Notes::Osc777)
        } else {
            Some(Notes::Osc9)
        };
        let keyboard = !console && !serial && !is("screen");
        Ok(Self { depth, symbols, through, notes, keyboard })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Capabilities, Unfit> {
        Capabilities::of(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_it_shows() {
        let utf8 = ("LANG", "de_DE.UTF-8");
        let truecolor = ("COLORTERM", "truecolor");
        let tmux = ("TMUX", "/tmp/tmux-0/default,1,0");
        for (variables, depth, symbols) in [
            (vec![("TERM", "xterm-256color"), utf8], Depth::Ansi256, Symbols::Unicode),
            (vec![("TERM", "xterm-256color"), truecolor, utf8], Depth::True, Symbols::Unicode),
            (vec![("TERM", "xterm-256color"), ("COLORTERM", "24bit"), utf8], Depth::True, Symbols::Unicode),
            (vec![("TERM", "xterm-256color"), truecolor, ("NO_COLOR", "1"), utf8], Depth::None, Symbols::Unicode),
            (vec![("TERM", "xterm-256color"), ("NO_COLOR", ""), utf8], Depth::Ansi256, Symbols::Unicode),
            (vec![("TERM", "xterm"), ("LC_ALL", "C"), utf8], Depth::Ansi16, Symbols::Ascii),
            (vec![("TERM", "xterm-direct"), utf8], Depth::True, Symbols::Unicode),
            (vec![("TERM", "xterm-kitty"), utf8], Depth::Ansi256, Symbols::Unicode),
            // Within others.
            (vec![("TERM", "screen"), ("LC_CTYPE", "C.utf8")], Depth::Ansi16, Symbols::Unicode),
            (vec![("TERM", "screen.xterm-256color"), truecolor, ("STY", "1.pts"), utf8], Depth::Ansi256, Symbols::Unicode),
            (vec![("TERM", "screen-256color"), truecolor, tmux, utf8], Depth::True, Symbols::Unicode),
            (vec![("TERM", "tmux-256color"), tmux, utf8], Depth::Ansi256, Symbols::Unicode),
            // A console and a serial line, whatever else is said there.
            (vec![("TERM", "linux"), truecolor, utf8], Depth::Ansi16, Symbols::Ascii),
            (vec![("TERM", "vt100")], Depth::None, Symbols::Ascii),
            (vec![("TERM", "vt220"), truecolor, utf8], Depth::None, Symbols::Ascii),
            (vec![("TERM", "xterm-mono"), utf8], Depth::None, Symbols::Unicode),
        ] {
            let capabilities = of(&variables).unwrap();
            assert_eq!((capabilities.depth, capabilities.symbols), (depth, symbols), "{variables:?}");
        }
    }

    #[test]
    fn what_it_can_be_told() {
        for (variables, through, notes, keyboard) in [
            (vec![("TERM", "xterm-256color")], Through::Nothing, Some(Notes::Osc9), true),
            (vec![("TERM", "xterm-256color"), ("VTE_VERSION", "7600")], Through::Nothing, Some(Notes::Osc777), true),
            (vec![("TERM", "rxvt-unicode-256color")], Through::Nothing, Some(Notes::Osc777), true),
            (vec![("TERM", "tmux-256color")], Through::Tmux, Some(Notes::Osc9), true),
            (vec![("TERM", "screen-256color"), ("TMUX", "1")], Through::Tmux, Some(Notes::Osc9), false),
            (vec![("TERM", "screen")], Through::Screen, Some(Notes::Osc9), false),
            (vec![("TERM", "screen"), ("TMUX", "1"), ("STY", "1.pts")], Through::Screen, Some(Notes::Osc9), false),
            (vec![("TERM", "tmux-256color"), ("TMUX", "1"), ("STY", "1.pts")], Through::Tmux, Some(Notes::Osc9), true),
            (vec![("TERM", "xterm"), ("STY", "1.pts")], Through::Screen, Some(Notes::Osc9), true),
            (vec![("TERM", "linux")], Through::Nothing, None, false),
            (vec![("TERM", "vt220")], Through::Nothing, None, false),
        ] {
            let capabilities = of(&variables).unwrap();
            let told = (capabilities.through, capabilities.notes, capabilities.keyboard);
            assert_eq!(told, (through, notes, keyboard), "{variables:?}");
        }
    }

    #[test]
    fn refuses_a_terminal_without_a_cursor() {
        let words = of(&[("TERM", "dumb")]).unwrap_err().to_string();
        assert!(words.contains("TERM is dumb") && words.contains("flightdeck status --watch"), "{words}");
        assert!(of(&[]).unwrap_err().to_string().contains("not set"));
    }
}
