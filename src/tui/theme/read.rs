//! Reads a theme's file: which looks it gives, and all that is wrong with it.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::de::{DeTable, DeValue};

use super::{KEYS, ROLES};
use crate::{
    document::{
        Found, Shape, decode,
        reader::{At, Fields, Reader, Value},
        words::{nearest, quote},
    },
    text,
};

const THEME: Shape = Shape {
    keys: KEYS,
    words: &[
        ("name", "about"),
        ("description", "about"),
        ("parent", "inherits"),
        ("base", "inherits"),
        ("background", "text"),
        ("foreground", "text"),
        ("muted", "dim"),
        ("accent", "focus"),
        ("selection", "selected"),
        ("heading", "title"),
        ("ok", "good"),
        ("pass", "good"),
        ("success", "good"),
        ("warning", "warn"),
        ("fail", "bad"),
        ("failed", "bad"),
        ("error", "bad"),
        ("running", "active"),
        ("info", "active"),
        ("nogo", "no_go"),
        ("production", "environments"),
        ("staging", "environments"),
        ("environment", "environments"),
        ("canary", "chart_canary"),
        ("baseline", "chart_baseline"),
        ("match", "search"),
    ],
};

const LOOK: Shape = Shape {
    keys: &["fg", "bg", "bold", "dim", "italic", "underline", "reverse"],
    words: &[
        ("color", "fg"),
        ("colour", "fg"),
        ("foreground", "fg"),
        ("background", "bg"),
        ("underlined", "underline"),
        ("reversed", "reverse"),
        ("inverse", "reverse"),
    ],
};

/// The colours that have names.
const NAMES: [&str; 17] = [
    "reset",
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "darkgray",
    "lightred",
    "lightgreen",
    "lightyellow",
    "lightblue",
    "lightmagenta",
    "lightcyan",
    "white",
];

/// How long the words of what a theme is may be, and how many environments it may name.
const ABOUT: usize = 80;
const ENVIRONMENTS: usize = 100;

/// A theme as it is written: what it says itself, and what it builds upon.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) about: Option<String>,
    pub(super) inherits: Option<At<String>>,
    pub(super) looks: Vec<(&'static str, Style)>,
    pub(super) environments: BTreeMap<String, Style>,
}

/// Reads a theme's text.
pub(super) fn read(text: &str) -> (Written, Vec<Found>) {
    decode(text, written)
}

fn written(reader: &mut Reader, root: &DeTable<'_>) -> Written {
    let fields = reader.fields("the theme".to_owned(), 0..0, root, &THEME);
    let mut written = Written {
        about: reader.string(&fields, "about").map(|about| text::line(&about.is, ABOUT)),
        inherits: reader.string(&fields, "inherits"),
        ..Written::default()
    };
    for role in ROLES {
        if let Some(entry) = fields.get(role.name)
            && let Some(look) = look(reader, &quote(role.name), entry.value)
        {
            written.looks.push((role.name, look));
        }
    }
    if let Some(entry) = fields.get("environments")
        && let Some(table) = reader.table("`environments` of the theme", entry.value, "[environments]")
    {
        for (name, value) in table.iter().take(ENVIRONMENTS) {
            if let Some(look) = look(reader, &format!("environment {}", quote(name.get_ref())), value) {
                written.environments.insert(name.get_ref().to_string(), look);
            }
        }
    }
    written
}

/// How one thing looks.
fn look(reader: &mut Reader, name: &str, value: &Value<'_>) -> Option<Style> {
    let example = match value.get_ref() {
        DeValue::String(color) => format!("{{ fg = \"{}\" }}", text::line(color, 20)),
        _ => "{ fg = \"green\", bold = true }".to_owned(),
    };
    let table = reader.table(name, value, &example)?;
    let fields = reader.fields(name.to_owned(), value.span(), table, &LOOK);
    let mut style = Style { fg: color(reader, &fields, "fg"), bg: color(reader, &fields, "bg"), ..Style::new() };
    for (key, modifier) in [
        ("bold", Modifier::BOLD),
        ("dim", Modifier::DIM),
        ("italic", Modifier::ITALIC),
        ("underline", Modifier::UNDERLINED),
        ("reverse", Modifier::REVERSED),
    ] {
        if reader.flag(&fields, key) == Some(true) {
            style = style.add_modifier(modifier);
        }
    }
    Some(style)
}

fn color(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<Color> {
    let written = reader.string(fields, key)?;
    let word = written.is.trim();
    if let Ok(color) = word.parse() {
        return Some(color);
    }
    let digits = word.trim_start_matches('#');
    let hex = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
    let help = match digits.len() {
        6 if hex => format!("write \"#{digits}\""),
        3 if hex && word.starts_with('#') => {
            format!("write \"#{}\"", digits.chars().flat_map(|c| [c, c]).collect::<String>())
        }
        _ if word.starts_with('#') => "a colour in digits is # and six of 0 to 9 and a to f, as in \"#58a6d6\"".to_owned(),
        _ => match nearest(word, NAMES) {
            Some(near) => format!("did you mean {}?", quote(near)),
            None => "write \"#rrggbb\", \"0\" to \"255\", a name as in \"red\" or \"lightblue\", or \"reset\"".to_owned(),
        },
    };
    reader.report(&written.at, "bad-colour", format!("{} is no colour", quote(&written.is)), help);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Problems;

    #[test]
    fn says_what_is_wrong_where_and_what_would_be_right() {
        for (text, said) in [
            ("god = { fg = \"green\" }", "t:1:1: the theme has no key `god` (did you mean `good`?)"),
            ("\nok = { fg = \"green\" }", "t:2:1: the theme has no key `ok` (did you mean `good`?)"),
            ("good = { colour = \"green\" }", "t:1:10: `good` has no key `colour` (did you mean `fg`?)"),
            ("good = { fg = \"grean\" }", "t:1:15: `grean` is no colour (did you mean `green`?)"),
            ("good = { fg = \"#12345\" }", "t:1:15: `#12345` is no colour (a colour in digits is #"),
            ("good = { fg = \"#1af\" }", "t:1:15: `#1af` is no colour (write \"#11aaff\")"),
            ("good = { fg = \"58a6d6\" }", "t:1:15: `58a6d6` is no colour (write \"#58a6d6\")"),
            ("good = { fg = \"300\" }", "t:1:15: `300` is no colour (write \"#rrggbb\""),
            ("good = { fg = \"größer\" }", "t:1:15: `größer` is no colour (write \"#rrggbb\""),
            ("good = { fg = 4 }", "t:1:15: `fg` of `good` is the number 4, where a text in quotes is wanted (write fg = \"4\")"),
            ("good = { bold = 1 }", "t:1:17: `bold` of `good` is the number 1, where true or false is wanted"),
            ("good = \"green\"", "t:1:8: `good` is the text `green`, where a table is wanted (write it as { fg = \"green\" })"),
            ("good = { fg = green }", "t:1:15: `green` is no value (a text needs quotes: \"green\")"),
            ("good = { fg = \"red\"\nbad = { fg = \"red\" }", "t:2:1: this is no TOML: missing comma"),
            ("[environments]\nproduction = 3", "t:2:14: environment `production` is the number 3, where a table is wanted"),
        ] {
            let (_, found) = read(text);
            let problems = Problems::new("t", text, found).to_string();
            assert!(problems.starts_with(said), "{text:?}: {problems}");
        }
    }

    #[test]
    fn every_mistake_at_once() {
        let (written, found) =
            read("good = { fg = \"grean\" }\nbad = { fg = \"red\" }\nxyzzy = 1\n[environments]\na = { bg = \"rot\" }");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(written.looks.contains(&("bad", Style::new().fg(Color::Red))));
    }

    #[test]
    fn other_words_mean_roles_that_there_are() {
        for (word, key) in THEME.words.iter().chain(LOOK.words) {
            assert!(THEME.keys.contains(key) || LOOK.keys.contains(key), "{key}");
            assert!(!THEME.keys.contains(word) && !LOOK.keys.contains(word), "{word}");
        }
        for name in NAMES {
            assert!(name.parse::<Color>().is_ok(), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "([a-z_]{1,8} ?= ?|\\{ ?fg ?= ?\"#?[0-9a-fé]{0,7}\" ?\\}|\n|\\[environments\\]|\"|\\PC{0,5}){0,12}") {
            let (_, found) = read(&text);
            let said = Problems::new("t", &text, found).to_string();
            proptest::prop_assert!(!said.contains('\u{1b}'), "{}", said);
        }
    }
}
