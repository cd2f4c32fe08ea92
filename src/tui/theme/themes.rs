//! All themes by name: those that are built in, and those of the user, which may build upon others.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Theme,
    read::{Written, read},
};
use crate::document::{
    Found, Problems,
    words::{list, nearest, quote},
};

/// What is built in, in the order in which it is offered.
const BUILT_IN: [(&str, &str); 7] = [
    ("default", include_str!("../../../themes/default.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("deuteranopia", include_str!("../../../themes/deuteranopia.toml")),
    ("tritanopia", include_str!("../../../themes/tritanopia.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// What a theme builds upon that does not say.
const BASE: &str = "default";

/// A theme's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What the theme is called: the file's name without its end.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// Where a theme comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is built in.
    BuiltIn,
    /// It is the user's.
    File(PathBuf),
}

/// A theme that there is, or that there would be if it were right.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// What it is called.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How everything looks; or all that is wrong with it.
    pub theme: Result<Theme, Problems>,
}

/// All themes. One of the user's with the name of a built-in one takes its place, if it is right.
#[derive(Debug, Clone, PartialEq)]
pub struct Themes {
    listed: Vec<Listed>,
}

impl Default for Themes {
    fn default() -> Self {
        Self::built_in()
    }
}

impl Themes {
    /// Those that are built in.
    #[must_use]
    pub fn built_in() -> Self {
        let listed = BUILT_IN.iter().map(|(name, text)| {
            let (written, found) = read(text);
            let theme =
                if found.is_empty() { Ok(Theme::plain().with(name, &written)) } else { Err(Problems::new(name, text, found)) };
            Listed { name: (*name).to_owned(), origin: Origin::BuiltIn, theme }
        });
        Self { listed: listed.collect() }
    }

    /// Those that are built in and these of the user.
    #[must_use]
    pub fn with(files: Vec<File>) -> Self {
        let built_in = Self::built_in();
        let read = files.iter().map(|file| (file.name.as_str(), read(&file.text))).collect::<BTreeMap<_, _>>();
        let family = Family { built_in: &built_in, read: &read };
        let theirs = files
            .iter()
            .map(|file| {
                let theme = family.theme(&file.name).map_err(|mut found| {
                    found.extend(read.get(file.name.as_str()).iter().flat_map(|(_, found)| found.iter().cloned()));
                    Problems::new(&file.path.display().to_string(), &file.text, found)
                });
                Listed { name: file.name.clone(), origin: Origin::File(file.path.clone()), theme }
            })
            .collect::<Vec<_>>();
        let mut listed = built_in.listed;
        for theirs in theirs {
            listed.retain(|listed| listed.name != theirs.name || theirs.theme.is_err());
            listed.push(theirs);
        }
        Self { listed }
    }

    /// The theme of that name, if there is one and it is right.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Theme> {
        self.usable().find(|theme| theme.name == name)
    }

    /// Every theme that can be used, in the order in which it is offered.
    pub fn usable(&self) -> impl Iterator<Item = &Theme> {
        self.listed.iter().filter_map(|listed| listed.theme.as_ref().ok())
    }

    /// Every theme, those that are wrong too.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.listed.iter()
    }

    /// What to say where a theme of that name is wanted and there is none.
    #[must_use]
    pub fn instead_of(&self, name: &str) -> String {
        let names = self.usable().map(|theme| theme.name.as_str()).collect::<Vec<_>>();
        let all = format!("there are {}", list(names.iter().copied()));
        match nearest(name, names) {
            Some(near) => format!("did you mean {}? {all}", quote(near)),
            None => all,
        }
    }
}

/// The user's themes while they are put together.
struct Family<'a> {
    built_in: &'a Themes,
    read: &'a BTreeMap<&'a str, (Written, Vec<Found>)>,
}

impl Family<'_> {
    /// Puts a theme together from what it says and what it builds upon. Where that cannot be, says why at the place where it
    /// says upon what; what is wrong with the file itself is known already.
    fn theme(&self, name: &str) -> Result<Theme, Vec<Found>> {
        let Some((written, found)) = self.read.get(name) else { return Err(Vec::new()) };
        let base = self.base(name, written).map_err(|found| vec![found])?;
        if found.is_empty() { Ok(base.with(name, written)) } else { Err(Vec::new()) }
    }

    fn base(&self, name: &str, written: &Written) -> Result<Theme, Found> {
        let Some(parent) = &written.inherits else {
            return Ok(self.built_in.get(BASE).cloned().unwrap_or_else(Theme::plain));
        };
        let wrong = |code, message, help| Found { span: parent.at.clone(), code, message, help, absence: false };
        let wanted = parent.is.as_str();
        if !self.is_theirs(name, wanted) {
            return self.built_in.get(wanted).cloned().ok_or_else(|| {
                if wanted == name {
                    return wrong(
                        "cycle",
                        format!("{} cannot inherit itself", quote(name)),
                        "name another theme, or leave it out".to_owned(),
                    );
                }
                let names = self.built_in.usable().map(|theme| theme.name.as_str()).chain(self.read.keys().copied());
                let names = names.filter(|other| *other != name).collect::<Vec<_>>();
                let help = match nearest(wanted, names.iter().copied()) {
                    Some(near) => format!("did you mean {}?", quote(near)),
                    None => format!("there are {}", list(names)),
                };
                wrong("unknown-theme", format!("there is no theme {}", quote(wanted)), help)
            });
        }
        let way = self.way(name, wanted);
        if way.last().is_some_and(|last| *last == name) {
            let way = way.into_iter().map(quote).collect::<Vec<_>>().join(", which inherits ");
            let message = format!("{} inherits {way}: it goes round in a circle", quote(name));
            return Err(wrong("cycle", message, "let one of them inherit a built-in theme".to_owned()));
        }
        self.theme(wanted).map_err(|_| {
            let message = format!("{} is wrong itself", quote(wanted));
            wrong("wrong-theme", message, format!("mend {} first; `flightdeck themes` says what is wrong with it", quote(wanted)))
        })
    }

    /// Whether what a theme inherits is a theme of the user: one that takes the place of a built-in one builds upon that.
    fn is_theirs(&self, name: &str, inherited: &str) -> bool {
        inherited != name && self.read.contains_key(inherited)
    }

    /// The user's themes upon which one builds, from the next on; up to itself, or to one that was there already, where it goes
    /// round.
    fn way<'b>(&'b self, name: &str, next: &'b str) -> Vec<&'b str> {
        let mut way = vec![next];
        while let Some(last) = way.last().copied().filter(|last| *last != name)
            && let Some(further) = self.read.get(last).and_then(|(written, _)| written.inherits.as_ref())
            && self.is_theirs(last, &further.is)
        {
            let around = way.contains(&further.is.as_str());
            way.push(&further.is);
            if around {
                break;
            }
        }
        way
    }
}

impl Theme {
    /// What is written, over this theme.
    fn with(mut self, name: &str, written: &Written) -> Self {
        name.clone_into(&mut self.name);
        self.about = written.about.clone().unwrap_or_default();
        for (role, look) in &written.looks {
            if let Some(place) = self.role_mut(role) {
                *place = *look;
            }
        }
        self.environments.extend(written.environments.iter().map(|(name, look)| (name.clone(), *look)));
        self
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;
    use crate::tui::theme::ROLES;

    fn file(name: &str, text: &str) -> File {
        File { name: name.to_owned(), path: PathBuf::from(format!("/c/themes/{name}.toml")), text: text.to_owned() }
    }

    fn wrong(themes: &Themes, name: &str) -> String {
        let wrong = themes.iter().filter(|listed| listed.name == name).find_map(|listed| listed.theme.as_ref().err());
        wrong.map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn the_built_in_themes_are_right_and_name_every_role() {
        assert_eq!(Themes::built_in().usable().count(), BUILT_IN.len());
        for (name, text) in BUILT_IN {
            let (written, found) = read(text);
            assert!(found.is_empty(), "{name}: {found:?}");
            let named = written.looks.iter().map(|(role, _)| *role).collect::<Vec<_>>();
            assert_eq!(named, ROLES.iter().map(|role| role.name).collect::<Vec<_>>(), "{name}");
            assert!(written.about.is_some_and(|about| !about.is_empty()) && written.inherits.is_none(), "{name}");
            assert!(written.environments.keys().eq(["production", "staging"]), "{name}");
            // Written in the order of the roles, so that themes can be read side by side.
            let places = ROLES.iter().map(|role| text.find(&format!("\n{} ", role.name)));
            assert!(places.is_sorted() && text.ends_with('\n'), "{name}");
        }
        assert_eq!(Theme::default().name, "default");
        assert!(Theme::named("pink").is_none());
    }

    #[test]
    fn a_theme_builds_upon_another() {
        let themes = Themes::with(vec![
            file("mine", "inherits = \"dark\"\ngood = { fg = \"#00ff00\" }\n[environments]\ndr = { bold = true }\n"),
            file("ours", "inherits = \"mine\"\nbad = { fg = \"red\" }\n"),
            file("alone", "good = { fg = \"blue\" }\n"),
            file("light", "inherits = \"light\"\nkey = { fg = \"red\" }\n"),
        ]);
        let dark = themes.get("dark").unwrap();
        let ours = themes.get("ours").unwrap();
        assert_eq!(ours.good, Style::new().fg(Color::Rgb(0, 255, 0)));
        assert_eq!(ours.bad, Style::new().fg(Color::Red));
        assert_eq!(ours.warn, dark.warn);
        assert_eq!(ours.environment("dr", true), Style::new().add_modifier(ratatui::style::Modifier::BOLD));
        assert_eq!(ours.environment("production", true), dark.environment("production", true));
        assert_eq!(ours.environment("elsewhere", true), dark.protected);
        assert_eq!(ours.environment("elsewhere", false), dark.badge);
        assert_eq!(themes.get("alone").unwrap().selected, Theme::default().selected);
        // In the place of the built-in one.
        assert_eq!(themes.get("light").unwrap().key, Style::new().fg(Color::Red));
        assert_eq!(themes.get("light").unwrap().good, Theme::named("light").unwrap().good);
        assert_eq!(themes.iter().count(), BUILT_IN.len() + 3);
    }

    #[test]
    fn a_wrong_theme_is_none_and_says_why() {
        let themes = Themes::with(vec![
            file("a", "inherits = \"b\"\n"),
            file("b", "inherits = \"a\"\n"),
            file("self", "inherits = \"self\"\n"),
            file("typo", "inherits = \"drak\"\ngood = { fg = \"grean\" }\n"),
            file("child", "inherits = \"typo\"\n"),
            file("dark", "god = {}\n"),
        ]);
        for (name, said) in [
            ("a", "/c/themes/a.toml:1:12: `a` inherits `b`, which inherits `a`: it goes round in a circle"),
            ("b", "goes round"),
            ("self", "/c/themes/self.toml:1:12: `self` cannot inherit itself"),
            (
                "typo",
                "/c/themes/typo.toml:1:12: there is no theme `drak` (did you mean `dark`?)\n/c/themes/typo.toml:2:15: `grean`",
            ),
            ("child", "/c/themes/child.toml:1:12: `typo` is wrong itself (mend `typo` first"),
            ("dark", "the theme has no key `god`"),
        ] {
            assert!(wrong(&themes, name).contains(said), "{name}: {}", wrong(&themes, name));
        }
        // The built-in one stays where the user's of that name is wrong.
        assert_eq!(themes.get("dark"), Theme::named("dark").as_ref());
        assert_eq!(themes.usable().count(), BUILT_IN.len());
        assert!(themes.instead_of("ligth").starts_with("did you mean `light`? there are `default`, `dark`"));
    }
}
