//! A theme to begin with, every role explained: made from the roles, so that none is forgotten.

use std::fmt::Write as _;

use ratatui::style::{Modifier, Style};

use super::{ROLES, Theme};

const HEAD: &str = "\
# A theme for Flightdeck. Save it as NAME.toml in the folder `themes` of your settings; `flightdeck themes` says where that is
# and whether the theme is right. `--theme NAME`, or theme = \"NAME\" in settings.toml, chooses it.
#
# A look is { fg, bg, bold, dim, italic, underline, reverse }; leave out what it does not have. A colour is \"#rrggbb\", \"0\" to
# \"255\", a name that the terminal has a colour for (black, red, green, yellow, blue, magenta, cyan, gray, darkgray, lightred,
# lightgreen, lightyellow, lightblue, lightmagenta, lightcyan, white), or \"reset\" for the terminal's own.
# A role that is left out looks as in the theme that this one inherits, which is \"default\" where it does not say. One that is
# there takes the place of the inherited look as a whole.
# Where the terminal has fewer colours each becomes the nearest; with sixteen, the terminal's own ground is kept.
# Text on its ground wants a contrast of 4.5 at least, a line 3: `flightdeck themes --show NAME` says what each has.

";

/// The dark theme, written out with every role explained.
#[must_use]
pub fn example() -> String {
    let theme = Theme::named("dark").unwrap_or_default();
    let mut out = HEAD.to_owned();
    let _ = writeln!(out, "about = \"The dark theme, as an example\"\ninherits = \"dark\"\n");
    for role in ROLES {
        let look = theme.role(role.name).unwrap_or_default();
        let _ = writeln!(out, "# {}.\n{} = {}\n", role.about, role.name, written(look));
    }
    out.push_str(
        "# Badges of environments by their names; one that is not here has the look of `badge` or `protected`.\n[environments]\n",
    );
    for (name, look) in &theme.environments {
        let _ = writeln!(out, "{name} = {}", written(*look));
    }
    out
}

/// A look as a theme writes it.
fn written(look: Style) -> String {
    let color = |key, color: Option<ratatui::style::Color>| {
        color.map(|color| format!("{key} = \"{}\"", color.to_string().to_lowercase()))
    };
    let mut parts = [color("fg", look.fg), color("bg", look.bg)].into_iter().flatten().collect::<Vec<_>>();
    for (key, modifier) in [
        ("bold", Modifier::BOLD),
        ("dim", Modifier::DIM),
        ("italic", Modifier::ITALIC),
        ("underline", Modifier::UNDERLINED),
        ("reverse", Modifier::REVERSED),
    ] {
        if look.add_modifier.contains(modifier) {
            parts.push(format!("{key} = true"));
        }
    }
    if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{File, Themes};

    #[test]
    fn the_example_is_a_theme_that_looks_like_the_one_it_shows() {
        let text = example();
        let path = std::path::PathBuf::from("mine.toml");
        let themes = Themes::with(vec![File { name: "mine".to_owned(), path, text: text.clone() }]);
        let mine = themes.get("mine").unwrap();
        let dark = Theme::named("dark").unwrap();
        assert_eq!(Theme { name: dark.name.clone(), about: dark.about.clone(), ..mine.clone() }, dark);
        assert!(text.lines().all(|line| line.chars().count() <= 130));
    }
}
