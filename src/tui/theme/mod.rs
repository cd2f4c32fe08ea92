//! Colours by what they mean, in as many colours as the terminal has, and the symbols that carry the same without any.
//!
//! A theme is a TOML file that gives each role a look. The roles below are its contract: a theme that works today works
//! with every later version.

mod contrast;
mod example;
mod glyphs;
mod read;
mod reduce;
mod themes;

#[cfg(test)]
mod audit;
#[cfg(test)]
mod vision;

use std::collections::BTreeMap;

use ratatui::style::{Modifier, Style};

pub use contrast::{Rgb, contrast, luminance, rgb};
pub use example::example;
pub(crate) use glyphs::Glyphs;
pub use glyphs::Symbols;
pub use reduce::Depth;
pub use themes::{File, Listed, Origin, Themes};

/// What a look is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Its name in a theme.
    pub name: &'static str,
    /// What looks so.
    pub about: &'static str,
}

macro_rules! theme {
    ($(#[doc = $about:literal] $role:ident,)*) => {
        /// How everything looks, by what it means.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Theme {
            /// What it is called.
            pub name: String,
            /// What it is, in a few words; may be empty.
            pub about: String,
            $(#[doc = $about] pub $role: Style,)*
            /// The badges of environments that have a look of their own.
            pub environments: BTreeMap<String, Style>,
        }

        /// Every role, in the order in which a theme is best written.
        pub const ROLES: &[Role] = &[$(Role { name: stringify!($role), about: $about.trim_ascii() },)*];

        /// The names of the roles, and what else can be at the top of a theme.
        const KEYS: &[&str] = &[$(stringify!($role),)* "about", "inherits", "environments"];

        impl Theme {
            fn empty() -> Self {
                Self { name: String::new(), about: String::new(), $($role: Style::new(),)* environments: BTreeMap::new() }
            }

            /// The look of a role.
            #[must_use]
            pub fn role(&self, name: &str) -> Option<Style> {
                match name {
                    $(stringify!($role) => Some(self.$role),)*
                    _ => None,
                }
            }

            fn role_mut(&mut self, name: &str) -> Option<&mut Style> {
                match name {
                    $(stringify!($role) => Some(&mut self.$role),)*
                    _ => None,
                }
            }

            /// The same in so many colours.
            #[must_use]
            pub fn at(mut self, depth: Depth) -> Self {
                let text = self.text;
                $(self.$role = reduce::reduced(self.$role, text, depth);)*
                for look in self.environments.values_mut() {
                    *look = reduce::reduced(*look, text, depth);
                }
                self
            }
        }
    };
}

theme! {
    /// Plain text; its bg is the screen's ground, and without one the terminal's own ground stays
    text,
    /// What matters less: ages, units, hints
    dim,
    /// The frame of a pane
    border,
    /// The frame of the pane that has the keys
    focus,
    /// Headings, and what a line is about
    title,
    /// It is well
    good,
    /// Look at it
    warn,
    /// It is not well
    bad,
    /// Nobody knows; never to be taken for good
    unknown,
    /// It is under way
    active,
    /// The selected row
    selected,
    /// The badge of an environment that is not named below
    badge,
    /// The badge of an environment that is protected and not named below
    protected,
    /// GO
    go,
    /// NO-GO
    no_go,
    /// A line over the whole width that must be read first
    banner,
    /// The line that says that the display is frozen while the release goes on
    frozen,
    /// A key that can be pressed
    key,
    /// A button
    button,
    /// The button that Enter would press, the tab that is open
    chosen,
    /// A field to type into
    field,
    /// What a search or a filter has found
    search,
    /// In a chart: the line of the new version, or the only one
    chart_canary,
    /// In a chart: the line of the version that it is compared with
    chart_baseline,
    /// In a chart: a limit, and its number
    threshold,
    /// In a chart: where something was done, and what
    mark,
    /// In a chart: where a value is read
    cursor,
    /// In a chart: the axes and their numbers
    axis,
}

impl Theme {
    /// The built-in theme of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Themes::built_in().get(name).cloned()
    }

    /// The badge of an environment.
    #[must_use]
    pub fn environment(&self, name: &str, protected: bool) -> Style {
        self.environments.get(name).copied().unwrap_or(if protected { self.protected } else { self.badge })
    }

    /// No colours; what must stand out is reversed. The ground on which themes are read, and what is left were the built-in
    /// ones broken.
    fn plain() -> Self {
        let mut plain = Self { name: "plain".to_owned(), ..Self::empty() };
        let strong = Style::new().add_modifier(Modifier::REVERSED);
        for name in ["selected", "protected", "go", "no_go", "banner", "frozen", "chosen", "search"] {
            if let Some(look) = plain.role_mut(name) {
                *look = strong;
            }
        }
        plain
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::named("default").unwrap_or_else(Self::plain)
    }
}
