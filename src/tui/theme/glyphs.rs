//! The symbols that say without any colour what the colours say, in Unicode and in ASCII.

use ratatui::symbols::border;

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

    /// Whether braille can be shown, of which fine charts are made.
    #[must_use]
    pub fn has_braille(self) -> bool {
        self == Self::Unicode
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
