//! Colours by what they mean, in as many colours as the terminal has, and the symbols that carry the same without any.

use ratatui::{
    style::{Color, Modifier, Style},
    symbols::border,
};
use serde::{Deserialize, Deserializer, de::Error as _};

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Depth {
    /// None: bold, dim and reversed text only.
    None,
    /// The sixteen named ones.
    #[default]
    Ansi16,
    /// The 256 indexed ones.
    Ansi256,
    /// All of them.
    True,
}

/// Which symbols a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symbols {
    /// Whatever its font has.
    #[default]
    Unicode,
    /// ASCII only.
    Ascii,
}

/// A symbol for every state, and what lines and bars are made of.
#[derive(Debug)]
pub(crate) struct Glyphs {
    pub(crate) mark: &'static str,
    pub(crate) from: &'static str,
    pub(crate) passed: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) running: &'static str,
    pub(crate) baking: &'static str,
    pub(crate) waits: &'static str,
    pub(crate) ready: &'static str,
    pub(crate) pending: &'static str,
    pub(crate) blocked: &'static str,
    pub(crate) back: &'static str,
    pub(crate) warn: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) waived: &'static str,
    pub(crate) flag: &'static str,
    pub(crate) leads: &'static str,
    pub(crate) dash: &'static str,
    pub(crate) more: &'static str,
    pub(crate) full: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) spark: &'static [&'static str],
    pub(crate) border: border::Set<'static>,
    pub(crate) updown: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    mark: "▲",
    from: "◂",
    passed: "✔",
    failed: "✗",
    running: "◐",
    baking: "◔",
    waits: "▸",
    ready: "◇",
    pending: "○",
    blocked: "■",
    back: "↩",
    warn: "!",
    unknown: "?",
    waived: "~",
    flag: "⚑",
    leads: "→",
    dash: "–",
    more: "…",
    full: "━",
    empty: "─",
    rule: "─",
    spark: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    border: border::ROUNDED,
    updown: "↑↓",
};

const ASCII: Glyphs = Glyphs {
    mark: "^",
    from: "<",
    passed: "+",
    failed: "x",
    running: ">",
    baking: "%",
    waits: "=",
    ready: "o",
    pending: ".",
    blocked: "#",
    back: "<",
    warn: "!",
    unknown: "?",
    waived: "~",
    flag: "^",
    leads: "->",
    dash: "-",
    more: "~",
    full: "=",
    empty: "-",
    rule: "-",
    spark: &[".", ":", "-", "=", "+", "*", "#"],
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    updown: "up/down",
};

impl Symbols {
    pub(crate) fn glyphs(self) -> &'static Glyphs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }

    /// The text in what can be shown: words of the plan stay as they are, our own punctuation is put into ASCII.
    pub(crate) fn say(self, text: &str) -> std::borrow::Cow<'_, str> {
        if self == Self::Unicode || text.is_ascii() {
            return text.into();
        }
        let plain = |c: char| match c {
            '→' => "->".to_owned(),
            '–' | '—' => "-".to_owned(),
            '…' => "~".to_owned(),
            '≥' => ">=".to_owned(),
            '≤' => "<=".to_owned(),
            '·' => "|".to_owned(),
            c if c.is_ascii() => c.to_string(),
            _ => "?".to_owned(),
        };
        text.chars().map(plain).collect::<String>().into()
    }
}

/// Why a theme could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the theme cannot be read: {0}")]
pub struct ThemeError(String);

/// How one thing looks, as a theme writes it.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Look {
    #[serde(deserialize_with = "color")]
    fg: Option<Color>,
    #[serde(deserialize_with = "color")]
    bg: Option<Color>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

fn color<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Color>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let unknown = || D::Error::custom(format!("`{text}` is no colour; write a name as in red, #rrggbb, 0 to 255, or reset"));
    text.parse().map(Some).map_err(|_| unknown())
}

impl Look {
    fn style(self) -> Style {
        let mut style = Style { fg: self.fg, bg: self.bg, ..Style::new() };
        for (set, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ] {
            if set {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

macro_rules! theme {
    ($($(#[$doc:meta])* $role:ident,)*) => {
        /// How everything looks, by what it means.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Theme {
            /// What it is called.
            pub name: String,
            $($(#[$doc])* pub $role: Style,)*
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            name: String,
            $(#[serde(default)] $role: Look,)*
        }

        impl Theme {
            /// Reads a theme.
            ///
            /// # Errors
            /// [`ThemeError`] with the line, where it is no theme.
            pub fn parse(text: &str) -> Result<Self, ThemeError> {
                let written: Written = toml::from_str(text).map_err(|error| ThemeError(error.to_string()))?;
                Ok(Self { name: written.name, $($role: written.$role.style(),)* })
            }

            /// The same in so many colours.
            #[must_use]
            pub fn at(mut self, depth: Depth) -> Self {
                $(self.$role = reduced(self.$role, depth);)*
                self
            }
        }
    };
}

theme! {
    /// Plain text, and the screen's background.
    text,
    /// What matters less.
    dim,
    /// The frame of a pane.
    border,
    /// The frame of the pane that has the keys.
    focus,
    /// Headings.
    title,
    /// It is well.
    good,
    /// Look at it.
    warn,
    /// It is not well.
    bad,
    /// Nobody knows.
    unknown,
    /// It is under way.
    active,
    /// The selected row.
    selected,
    /// An environment's badge.
    badge,
    /// The badge of an environment that is protected.
    protected,
    /// GO.
    go,
    /// NO-GO.
    no_go,
    /// What covers the whole width because it must be read first.
    banner,
    /// A key that can be pressed.
    key,
    /// A button.
    button,
    /// The button that Enter would press.
    chosen,
    /// A field to type into.
    field,
}

impl Theme {
    /// The theme of that name, of those that are built in.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let text = match name {
            "default" => include_str!("../../themes/default.toml"),
            "dark" => include_str!("../../themes/dark.toml"),
            "light" => include_str!("../../themes/light.toml"),
            "mono" => include_str!("../../themes/mono.toml"),
            _ => return None,
        };
        Self::parse(text).ok()
    }

    /// The names of the themes that are built in.
    pub const NAMES: [&'static str; 4] = ["default", "dark", "light", "mono"];
}

impl Default for Theme {
    fn default() -> Self {
        // The built-in themes are read in a test. Were one broken, an empty theme is still readable.
        Self::named("default").or_else(|| Self::parse("name = \"plain\"").ok()).unwrap_or_else(Self::plain)
    }
}

impl Theme {
    fn plain() -> Self {
        let plain = Style::new();
        let strong = plain.add_modifier(Modifier::REVERSED);
        Self {
            name: "plain".to_owned(),
            text: plain,
            dim: plain,
            border: plain,
            focus: plain,
            title: plain,
            good: plain,
            warn: plain,
            bad: plain,
            unknown: plain,
            active: plain,
            selected: strong,
            badge: plain,
            protected: strong,
            go: strong,
            no_go: strong,
            banner: strong,
            key: plain,
            button: plain,
            chosen: strong,
            field: plain,
        }
    }
}

fn reduced(style: Style, depth: Depth) -> Style {
    let map = |color: Option<Color>| match depth {
        Depth::True => color,
        Depth::None => color.map(|_| Color::Reset),
        Depth::Ansi256 => color.map(to_256),
        Depth::Ansi16 => color.map(to_16),
    };
    let mut style = Style { fg: map(style.fg), bg: map(style.bg), ..style };
    // A coloured ground carries meaning; without colours, reversed text does.
    if depth == Depth::None && style.add_modifier.contains(Modifier::REVERSED) {
        style.fg = Some(Color::Reset);
        style.bg = Some(Color::Reset);
    }
    style
}

fn to_256(color: Color) -> Color {
    let Color::Rgb(r, g, b) = color else { return color };
    let step = |c: u8| (u16::from(c).saturating_mul(5).saturating_add(127)) / 255;
    let spread = r.max(g).max(b).saturating_sub(r.min(g).min(b));
    let index = if spread < 10 {
        // The greys 232 to 255, from 8 to 238.
        let grey = (u16::from(r).saturating_sub(3)) / 10;
        232_u16.saturating_add(grey.min(23))
    } else {
        16_u16.saturating_add(step(r).saturating_mul(36)).saturating_add(step(g).saturating_mul(6)).saturating_add(step(b))
    };
    Color::Indexed(u8::try_from(index).unwrap_or(255))
}

fn to_16(color: Color) -> Color {
    let (r, g, b) = match color {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index @ 0..=15) => return NAMED.get(usize::from(index)).map_or(Color::Reset, |(_, named)| *named),
        Color::Indexed(index @ 16..=231) => {
            let cube = index.saturating_sub(16);
            let level = |n: u8| if n == 0 { 0 } else { n.saturating_mul(40).saturating_add(55) };
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Indexed(index) => {
            let grey = index.saturating_sub(232).saturating_mul(10).saturating_add(8);
            (grey, grey, grey)
        }
        named => return named,
    };
    let far = |a: u8, b: u8| i32::from(a.abs_diff(b)).pow(2);
    let nearest = NAMED.iter().min_by_key(|((x, y, z), _)| far(r, *x) + far(g, *y) + far(b, *z));
    nearest.map_or(Color::Reset, |(_, named)| *named)
}

const NAMED: [((u8, u8, u8), Color); 16] = [
    ((0, 0, 0), Color::Black),
    ((205, 0, 0), Color::Red),
    ((0, 205, 0), Color::Green),
    ((205, 205, 0), Color::Yellow),
    ((0, 0, 238), Color::Blue),
    ((205, 0, 205), Color::Magenta),
    ((0, 205, 205), Color::Cyan),
    ((229, 229, 229), Color::Gray),
    ((127, 127, 127), Color::DarkGray),
    ((255, 0, 0), Color::LightRed),
    ((0, 255, 0), Color::LightGreen),
    ((255, 255, 0), Color::LightYellow),
    ((92, 92, 255), Color::LightBlue),
    ((255, 0, 255), Color::LightMagenta),
    ((0, 255, 255), Color::LightCyan),
    ((255, 255, 255), Color::White),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_themes_are_whole() {
        for name in Theme::NAMES {
            let theme = Theme::named(name).unwrap();
            assert_eq!(theme.name, name);
            assert_ne!(theme.selected, Style::new(), "{name}");
            assert_ne!(theme.go, theme.no_go, "{name}");
            assert_ne!(theme.badge, theme.protected, "{name}");
        }
        assert_eq!(Theme::default().name, "default");
        assert!(Theme::named("pink").is_none());
    }

    #[test]
    fn says_what_is_wrong_with_a_theme() {
        for (text, said) in [
            ("name = \"x\"\ngood = { fg = \"grean\" }", "`grean` is no colour"),
            ("name = \"x\"\ngod = { fg = \"green\" }", "unknown field `god`"),
            ("name = \"x\"\ngood = { colour = \"green\" }", "unknown field `colour`"),
            ("", "missing field `name`"),
        ] {
            let error = Theme::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn reduces_colours() {
        let style = Style::new().fg(Color::Rgb(250, 10, 10)).bg(Color::Indexed(21)).add_modifier(Modifier::BOLD);
        assert_eq!(reduced(style, Depth::True), style);
        assert_eq!(reduced(style, Depth::Ansi256).fg, Some(Color::Indexed(196)));
        assert_eq!(reduced(style, Depth::Ansi16).fg, Some(Color::LightRed));
        assert_eq!(reduced(style, Depth::Ansi16).bg, Some(Color::Blue));
        let none = reduced(style, Depth::None);
        assert_eq!((none.fg, none.bg), (Some(Color::Reset), Some(Color::Reset)));
        assert!(none.add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn without_colours_nothing_is_coloured() {
        for name in Theme::NAMES {
            let theme = Theme::named(name).unwrap().at(Depth::None);
            for style in [theme.go, theme.bad, theme.selected, theme.protected, theme.text] {
                assert!(matches!(style.fg, None | Some(Color::Reset)), "{name}");
                assert!(matches!(style.bg, None | Some(Color::Reset)), "{name}");
            }
            for style in [theme.go, theme.no_go, theme.selected, theme.protected, theme.banner, theme.chosen] {
                assert!(style.add_modifier.contains(Modifier::REVERSED), "{name}");
            }
        }
    }
}
