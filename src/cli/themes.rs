//! `flightdeck themes`: which themes there are, what one looks like, and one to begin with.

use std::{fmt::Write as _, io::IsTerminal};

use ratatui::style::{Color, Modifier, Style};

use super::{Exit, Failure, answer, check, looks, tell};
use crate::{
    settings::Settings,
    terminal::Capabilities,
    text,
    tui::{
        Depth, Theme,
        theme::{Origin, ROLES, contrast, example},
    },
};

#[derive(Debug, clap::Args)]
#[group(id = "themes-arguments")]
pub(super) struct Arguments {
    /// Show every look of a theme, with its contrast
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    show: Option<String>,
    /// Print a theme to begin with, every role explained
    #[arg(long)]
    example: bool,
}

/// How wide a sample is.
const SAMPLE: usize = 16;

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.example {
        answer(&example());
        return Ok(Exit::Done);
    }
    let settings = looks::read();
    if let Some(name) = &arguments.show {
        return show(&settings, name);
    }
    answer(&list(&settings));
    looks::complain(&settings);
    if let Some(folder) = looks::folder() {
        let folder = folder.join("themes");
        let folder = text::safe(&folder.display().to_string()).into_owned();
        tell(&format!("Yours go into {folder}; `flightdeck themes --example` prints one to begin with."));
    }
    Ok(Exit::Done)
}

fn list(settings: &Settings) -> String {
    let rows = settings.themes.iter().map(|listed| {
        let origin = match &listed.origin {
            Origin::BuiltIn => "built in".to_owned(),
            Origin::File(path) => text::safe(&path.display().to_string()).into_owned(),
        };
        let words = match &listed.theme {
            Ok(theme) => theme.about.clone(),
            Err(problems) if problems.len() == 1 => "wrong: 1 problem".to_owned(),
            Err(problems) => format!("wrong: {} problems", problems.len()),
        };
        (listed.name.as_str(), origin, words)
    });
    let rows = rows.collect::<Vec<_>>();
    let widest = rows.iter().map(|(_, origin, _)| origin.chars().count()).max().unwrap_or(0);
    let lines =
        rows.iter().map(|(name, origin, words)| format!("{name:<15} {origin:<widest$}  {words}").trim_end().to_owned() + "\n");
    lines.collect()
}

fn show(settings: &Settings, name: &str) -> Result<Exit, Failure> {
    // What is wrong with the file of that name matters, also where a built-in theme of the name takes its place.
    let named = || settings.themes.iter().filter(|listed| listed.name == name);
    if let Some(problems) = named().find_map(|listed| listed.theme.as_ref().err()) {
        tell(&problems.render(check::style(std::io::stderr().is_terminal())));
        return Err(Failure::wrong(format!("the theme `{}` is wrong", text::line(name, 60))));
    }
    let theme = settings.themes.get(name).ok_or_else(|| looks::unknown(settings, name))?;
    let capabilities = Capabilities::of(|name| std::env::var(name).ok()).ok();
    let depth = capabilities.filter(|_| std::io::stdout().is_terminal()).map(|capabilities| capabilities.depth);
    answer(&swatches(theme, depth));
    Ok(Exit::Done)
}

/// Every look: as it is, where there is a terminal to show it, else in words.
fn swatches(theme: &Theme, depth: Option<Depth>) -> String {
    let shown = depth.map(|depth| theme.clone().at(depth));
    let mut out = String::new();
    let mut line = |name: &str, about: &str, look: fn(&Theme, &str) -> Style| {
        let colours = theme.colours(look(theme, name));
        let ratio = colours.map_or_else(|| "   -".to_owned(), |(front, ground)| format!("{:4.1}", contrast(front, ground)));
        let sample = match &shown {
            Some(shown) => format!("\x1b[{}m {name:<SAMPLE$}\x1b[0m", sgr(shown.text.patch(look(shown, name)))),
            None => format!("{name:<SAMPLE$} {:<44}", words(look(theme, name))),
        };
        let _ = writeln!(out, "{sample} {ratio}  {about}");
    };
    for role in ROLES {
        line(role.name, role.about, |theme, name| theme.role(name).unwrap_or_default());
    }
    for name in theme.environments.keys() {
        let name = text::line(name, SAMPLE);
        line(&name, "The badge of this environment", |theme, name| theme.environments.get(name).copied().unwrap_or_default());
    }
    out
}

/// A look in words, as in `#6cc58a on #0f141a, bold`.
fn words(look: Style) -> String {
    let name = |color: Color| color.to_string().to_lowercase();
    let colours = match (look.fg.map(name), look.bg.map(name)) {
        (Some(fg), Some(bg)) => Some(format!("{fg} on {bg}")),
        (Some(fg), None) => Some(fg),
        (None, Some(bg)) => Some(format!("on {bg}")),
        (None, None) => None,
    };
    let modifiers = MODIFIERS.iter().filter(|(modifier, ..)| look.add_modifier.contains(*modifier));
    colours.into_iter().chain(modifiers.map(|(_, word, _)| (*word).to_owned())).collect::<Vec<_>>().join(", ")
}

/// What looks are made of besides colours: the word for it, and the code that terminals know it by.
const MODIFIERS: [(Modifier, &str, &str); 5] = [
    (Modifier::BOLD, "bold", "1"),
    (Modifier::DIM, "dim", "2"),
    (Modifier::ITALIC, "italic", "3"),
    (Modifier::UNDERLINED, "underline", "4"),
    (Modifier::REVERSED, "reverse", "7"),
];

/// The codes that make a terminal show a look.
fn sgr(look: Style) -> String {
    let modifiers = MODIFIERS.iter().filter(|(modifier, ..)| look.add_modifier.contains(*modifier));
    let mut codes = vec!["0".to_owned()];
    codes.extend(modifiers.map(|(.., code)| (*code).to_owned()));
    codes.extend(look.fg.map(|color| color_code(color, 30, 90)));
    codes.extend(look.bg.map(|color| color_code(color, 40, 100)));
    codes.join(";")
}

fn color_code(color: Color, first: u8, bright: u8) -> String {
    let (first, bright) = (u16::from(first), u16::from(bright));
    let code = match color {
        Color::Reset => first.saturating_add(9),
        Color::Black => first,
        Color::Red => first.saturating_add(1),
        Color::Green => first.saturating_add(2),
        Color::Yellow => first.saturating_add(3),
        Color::Blue => first.saturating_add(4),
        Color::Magenta => first.saturating_add(5),
        Color::Cyan => first.saturating_add(6),
        Color::Gray => first.saturating_add(7),
        Color::DarkGray => bright,
        Color::LightRed => bright.saturating_add(1),
        Color::LightGreen => bright.saturating_add(2),
        Color::LightYellow => bright.saturating_add(3),
        Color::LightBlue => bright.saturating_add(4),
        Color::LightMagenta => bright.saturating_add(5),
        Color::LightCyan => bright.saturating_add(6),
        Color::White => bright.saturating_add(7),
        Color::Indexed(index) => return format!("{};5;{index}", first.saturating_add(8)),
        Color::Rgb(r, g, b) => return format!("{};2;{r};{g};{b}", first.saturating_add(8)),
    };
    code.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_looks() {
        let look = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::LightBlue).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        assert_eq!(sgr(look), "0;1;7;38;2;1;2;3;104");
        assert_eq!(sgr(Style::new().fg(Color::Indexed(208)).bg(Color::Reset)), "0;38;5;208;49");
        assert_eq!(sgr(Style::new()), "0");
        assert_eq!(words(look), "#010203 on lightblue, bold, reverse");
    }

    #[test]
    fn every_look_is_shown() {
        let dark = Theme::named("dark").unwrap();
        let plain = swatches(&dark, None);
        assert_eq!(plain.lines().count(), ROLES.len() + 2);
        assert!(plain.is_ascii() && !plain.contains('\x1b'));
        let none = swatches(&dark, Some(Depth::None));
        assert!(none.contains("\x1b[0;1;7;39;49m go ") && !none.contains("38;"), "{none}");
        assert!(swatches(&dark, Some(Depth::True)).contains("\x1b[0;1;38;2;15;20;26;48;2;108;197;138m go "));
    }
}
