//! Reads `settings.toml`'s text.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Alerts, Colors, KeySettings, UserSettings};
use crate::{
    document::{
        Found, Shape, decode,
        reader::{At, Fields, Reader},
        words::quote,
    },
    tui::{Symbols, Themes},
};

const SETTINGS: Shape = Shape {
    keys: &["theme", "colors", "symbols", "mouse", "alerts", "keys"],
    words: &[
        ("colours", "colors"),
        ("color", "colors"),
        ("colour", "colors"),
        ("depth", "colors"),
        ("colorscheme", "theme"),
        ("glyphs", "symbols"),
        ("icons", "symbols"),
        ("ascii", "symbols"),
        ("notifications", "alerts"),
        ("notify", "alerts"),
        ("bell", "alerts"),
        ("keymap", "keys"),
        ("bindings", "keys"),
    ],
};

const KEYS: Shape = Shape {
    keys: &["preset", "bind"],
    words: &[("set", "preset"), ("base", "preset"), ("map", "bind"), ("bindings", "bind"), ("keymap", "preset")],
};

const SYMBOLS: [(&str, Option<Symbols>); 3] =
    [("auto", None), ("unicode", Some(Symbols::Unicode)), ("ascii", Some(Symbols::Ascii))];
const ALERTS: [(&str, Alerts); 3] = [("desktop", Alerts::Desktop), ("bell", Alerts::Bell), ("none", Alerts::None)];

/// More keys than this nobody has.
const BINDINGS: usize = 1000;

/// Reads the text; a theme counts as wrong that is not among these.
pub(super) fn read(text: &str, themes: &Themes) -> (UserSettings, Vec<Found>) {
    decode(text, |reader, root| settings(reader, root, themes))
}

fn settings(reader: &mut Reader, root: &DeTable<'_>, themes: &Themes) -> UserSettings {
    let fields = reader.fields("settings.toml".to_owned(), 0..0, root, &SETTINGS);
    UserSettings {
        theme: theme(reader, &fields, themes),
        colors: reader.choice(&fields, "colors", &Colors::WORDS),
        symbols: reader.choice(&fields, "symbols", &SYMBOLS),
        mouse: reader.flag(&fields, "mouse"),
        alerts: reader.choice(&fields, "alerts", &ALERTS),
        keys: keys(reader, &fields),
    }
}

fn theme(reader: &mut Reader, fields: &Fields<'_>, themes: &Themes) -> Option<String> {
    let name = reader.string(fields, "theme")?;
    if themes.get(&name.is).is_some() {
        return Some(name.is);
    }
    let known = themes.iter().any(|listed| listed.name == name.is);
    let (code, message, help) = if known {
        ("wrong-theme", format!("the theme {} is wrong", quote(&name.is)), "mend its file".to_owned())
    } else {
        ("unknown-theme", format!("there is no theme {}", quote(&name.is)), themes.instead_of(&name.is))
    };
    reader.report(&name.at, code, message, help);
    None
}

fn keys(reader: &mut Reader, fields: &Fields<'_>) -> KeySettings {
    let Some(keys) = reader.sub(fields, "keys", &KEYS, "[keys]") else { return KeySettings::default() };
    let spanned = |At { is, at }| Spanned::new(at, is);
    let mut settings = KeySettings { preset: reader.string(&keys, "preset").map(spanned), bind: Vec::new() };
    let Some(bind) = keys.get("bind") else { return settings };
    let Some(table) = reader.table("`bind` of the keys", bind.value, "[keys.bind]") else { return settings };
    for (key, action) in table.iter().take(BINDINGS) {
        let name = quote(key.get_ref());
        // `ctrl.d = …` is not what it looks like.
        if let DeValue::Table(_) = action.get_ref() {
            let help = "write keys in quotes, as in \"g g\" = \"top\"";
            reader.report(&key.span(), "wrong-type", format!("{name} of the keys is a table"), help);
        } else if let Some(action) =
            reader.string_value(&format!("key {name}"), action, "write what it does in quotes, as in \"g g\" = \"top\"")
        {
            settings.bind.push((Spanned::new(key.span(), key.get_ref().to_string()), spanned(action)));
        }
    }
    settings.bind.sort_by_key(|(key, _)| key.span().start);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document::Problems, tui::Depth};

    #[test]
    fn reads_everything() {
        let text = "theme = \"dark\"\ncolors = \"256\"\nsymbols = \"ascii\"\nmouse = true\nalerts = \"bell\"\n\
                    [keys]\npreset = \"vi\"\n[keys.bind]\n\"g g\" = \"top\"\n\"ctrl-d\" = \"page-down\"\n";
        let (settings, found) = read(text, &Themes::built_in());
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(settings.theme.as_deref(), Some("dark"));
        assert_eq!(settings.colors, Some(Colors::Are(Depth::Ansi256)));
        assert_eq!(settings.symbols, Some(Some(Symbols::Ascii)));
        assert_eq!((settings.mouse, settings.alerts), (Some(true), Some(Alerts::Bell)));
        assert_eq!(settings.keys.preset.as_ref().map(|preset| preset.get_ref().as_str()), Some("vi"));
        let bind = settings.keys.bind.iter().map(|(keys, action)| (keys.get_ref().as_str(), action.get_ref().as_str()));
        assert_eq!(bind.collect::<Vec<_>>(), [("g g", "top"), ("ctrl-d", "page-down")]);
        let (keys, action) = &settings.keys.bind[0];
        assert_eq!((&text[keys.span()], &text[action.span()]), ("\"g g\"", "\"top\""));
        assert_eq!(read("", &Themes::built_in()).0, UserSettings::default());
        assert_eq!(read("colors = \"auto\"\nsymbols = \"auto\"", &Themes::built_in()).0.colors, Some(Colors::Auto));
    }

    #[test]
    fn says_what_is_wrong_where_and_what_would_be_right() {
        for (text, said) in [
            ("theme = \"drak\"", "s:1:9: there is no theme `drak` (did you mean `dark`? there are `default`"),
            ("colours = \"16\"", "s:1:1: settings.toml has no key `colours` (did you mean `colors`?)"),
            ("colors = \"8\"", "s:1:10: settings.toml has no colors `8` (there are `auto`, `true`, `256`, `16` and `none`)"),
            (
                "colors = 256",
                "s:1:10: `colors` of settings.toml is the number 256, where a text in quotes is wanted (write colors = \"256\")",
            ),
            ("mouse = \"yes\"", "s:1:9: `mouse` of settings.toml is the text `yes`, where true or false is wanted"),
            ("alerts = \"ding\"", "s:1:10: settings.toml has no alerts `ding`"),
            ("keys = \"vi\"", "s:1:8: `keys` of settings.toml is the text `vi`, where a table is wanted (write it as [keys])"),
            ("[keys]\npresets = \"vi\"", "s:2:1: `keys` of settings.toml has no key `presets` (did you mean `preset`?)"),
            ("[keys.bind]\nctrl.d = \"top\"", "s:2:1: `ctrl` of the keys is a table (write keys in quotes"),
            ("[keys.bind]\n\"g g\" = 1", "s:2:9: key `g g` is the number 1, where a text in quotes is wanted"),
            ("[keys.bind]\n\"g g\" = \"top\"\n\"g g\" = \"bottom\"", "s:3:1: `\"g g\"` is there twice"),
            ("mouse = ja", "s:1:9: `ja` is no value"),
        ] {
            let (_, found) = read(text, &Themes::built_in());
            let problems = Problems::new("s", text, found).to_string();
            assert!(problems.starts_with(said), "{text:?}: {problems}");
        }
    }

    #[test]
    fn what_is_right_counts_beside_what_is_wrong() {
        let (settings, found) = read("theme = \"light\"\ncolors = \"8\"\nsymbols = 1\nmouse = true\n", &Themes::built_in());
        assert_eq!(found.len(), 2);
        assert_eq!((settings.theme.as_deref(), settings.colors, settings.mouse), (Some("light"), None, Some(true)));
    }
}
