//! Which series of a scraped page are meant: a metric's name with label matchers, as PromQL writes them.

use std::{fmt, str::FromStr};

use regex_lite::Regex;

/// A metric's name with label matchers, as in `http_requests_total{code=~"5..",job!="test"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The metric.
    pub name: String,
    /// What its labels must be; all must hold.
    pub matchers: Vec<Matcher>,
}

/// What one label must be.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label.
    pub label: String,
    /// How it is compared.
    pub op: MatchOp,
    /// With what.
    pub value: String,
    /// The compiled value, for [`MatchOp::Matches`] and [`MatchOp::MatchesNot`].
    regex: Option<Regex>,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`: the whole value matches the regular expression.
    Matches,
    /// `!~`: it does not.
    MatchesNot,
}

/// Why a text is no [`Selector`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// It does not start with a metric's name.
    #[error("it must start with a metric's name, as in http_requests_total")]
    NoName,
    /// Something else stands where it may not.
    #[error("{wanted} is wanted at `{found}`")]
    Unexpected {
        /// What would be right there.
        wanted: &'static str,
        /// What stands there, cut short.
        found: String,
    },
    /// It ends too early.
    #[error("it ends where {0} is wanted")]
    TooShort(&'static str),
    /// A regular expression does not compile.
    #[error("the regular expression of label `{label}` does not compile: {why}")]
    Regex {
        /// The label.
        label: String,
        /// What the compiler says.
        why: String,
    },
}

impl Selector {
    /// Whether a series of that name with those labels is meant. A label that a series lacks counts as empty.
    #[must_use]
    pub fn matches<K: AsRef<str>, V: AsRef<str>>(&self, name: &str, labels: &[(K, V)]) -> bool {
        self.name == name && self.matches_labels(labels)
    }

    /// Whether the labels are as wanted, whatever the name: for a histogram, whose series are named after it.
    #[must_use]
    pub fn matches_labels<K: AsRef<str>, V: AsRef<str>>(&self, labels: &[(K, V)]) -> bool {
        self.matchers.iter().all(|matcher| {
            let value = labels.iter().find(|(label, _)| label.as_ref() == matcher.label).map_or("", |(_, value)| value.as_ref());
            matcher.matches(value)
        })
    }
}

impl Matcher {
    /// Whether a label's value is as wanted.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let regex = || self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.op {
            MatchOp::Equal => self.value == value,
            MatchOp::NotEqual => self.value != value,
            MatchOp::Matches => regex(),
            MatchOp::MatchesNot => !regex(),
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, self.op, &self.value) == (&other.label, other.op, &other.value)
    }
}

impl Eq for Matcher {}

/// What is left to read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        match self.0.strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// The name at the start; a metric's may have colons.
    fn name(&mut self, colons: bool) -> Option<&'a str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
        let end = self.0.find(|c| !fits(c)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at_checked(end)?;
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        Some(name)
    }

    /// The quoted text at the start, its escapes resolved.
    fn quoted(&mut self) -> Result<String, SelectorError> {
        let mut characters = self.0.chars();
        let quote = match characters.next() {
            Some(quote @ ('"' | '\'' | '`')) => quote,
            _ => return Err(self.wanted("a value in quotes")),
        };
        let mut value = String::new();
        loop {
            match characters.next() {
                None => return Err(SelectorError::TooShort("the closing quote")),
                Some(c) if c == quote => break,
                Some('\\') if quote != '`' => match characters.next() {
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some(c @ ('\\' | '"' | '\'')) => value.push(c),
                    // PromQL wants a backslash doubled; nothing else can be meant by a single one.
                    Some(c) => value.extend(['\\', c]),
                    None => return Err(SelectorError::TooShort("the closing quote")),
                },
                Some(c) => value.push(c),
            }
        }
        self.0 = characters.as_str();
        Ok(value)
    }

    fn wanted(&self, wanted: &'static str) -> SelectorError {
        if self.0.is_empty() {
            SelectorError::TooShort(wanted)
        } else {
            SelectorError::Unexpected { wanted, found: crate::text::line(self.0, 20) }
        }
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let mut rest = Rest(text.trim());
        let name = rest.name(true).ok_or(SelectorError::NoName)?.to_owned();
        let mut matchers = Vec::new();
        rest.skip_space();
        if rest.take("{") {
            loop {
                rest.skip_space();
                if rest.take("}") {
                    break;
                }
                let label = rest.name(false).ok_or_else(|| rest.wanted("a label's name or `}`"))?.to_owned();
                rest.skip_space();
                let op =
                    [("=~", MatchOp::Matches), ("!~", MatchOp::MatchesNot), ("!=", MatchOp::NotEqual), ("=", MatchOp::Equal)]
                        .into_iter()
                        .find_map(|(token, op)| rest.take(token).then_some(op))
                        .ok_or_else(|| rest.wanted("one of = != =~ !~"))?;
                rest.skip_space();
                let value = rest.quoted()?;
                let regex = match op {
                    MatchOp::Equal | MatchOp::NotEqual => None,
                    MatchOp::Matches | MatchOp::MatchesNot => {
                        let regex = Regex::new(&format!("^(?s:{value})$"));
                        Some(regex.map_err(|why| SelectorError::Regex { label: label.clone(), why: why.to_string() })?)
                    }
                };
                matchers.push(Matcher { label, op, value, regex });
                rest.skip_space();
                if !rest.take(",") && !rest.0.starts_with('}') {
                    return Err(rest.wanted("`,` or `}`"));
                }
            }
            rest.skip_space();
        }
        if rest.0.is_empty() { Ok(Self { name, matchers }) } else { Err(rest.wanted("the end")) }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (index, matcher) in self.matchers.iter().enumerate() {
            f.write_str(if index == 0 { "{" } else { "," })?;
            let op = match matcher.op {
                MatchOp::Equal => "=",
                MatchOp::NotEqual => "!=",
                MatchOp::Matches => "=~",
                MatchOp::MatchesNot => "!~",
            };
            let value = matcher.value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
            write!(f, "{}{op}\"{value}\"", matcher.label)?;
        }
        if self.matchers.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_as_promql_does() {
        for (selector, labels, expected) in [
            ("up", &[][..], true),
            ("up{}", &[("job", "a")], true),
            (r#"up{job="a"}"#, &[("job", "a")], true),
            (r#"up { job = "a" , }"#, &[("job", "a")], true),
            (r#"up{job="a"}"#, &[("job", "b")], false),
            (r#"up{job=""}"#, &[], true),
            (r#"up{job!="a"}"#, &[], true),
            (r#"up{code=~"5.."}"#, &[("code", "503")], true),
            (r#"up{code=~"5.."}"#, &[("code", "1503")], false),
            (r#"up{code=~"200|5.."}"#, &[("code", "200")], true),
            (r#"up{code!~"5.."}"#, &[("code", "200"), ("x", "y")], true),
            (r#"up{a="x",b='y'}"#, &[("b", "y"), ("a", "x")], true),
            (r#"up{path="a\"b\\"}"#, &[("path", "a\"b\\")], true),
            (r"up{path=~`\d+`}", &[("path", "12")], true),
        ] {
            let parsed: Selector = selector.parse().unwrap_or_else(|error| panic!("{selector}: {error}"));
            assert_eq!(parsed.matches("up", labels), expected, "{selector}");
            assert!(!parsed.matches("down", labels));
            assert_eq!(parsed.to_string().parse(), Ok(parsed), "{selector}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "{job=\"a\"}",
            "5xx",
            "up{",
            "up{job",
            "up{job=",
            "up{job=a}",
            "up{job=\"a}",
            "up{job=\"a\"",
            "up{job=\"a\"}[5m]",
            "rate(up[5m])",
            "up{code=~\"(\"}",
            "up{,}",
            "a b",
            "up{job==\"a\"}",
            "up{a=\"b\" c=\"d\"}",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_round_trips(text in r#"[a-z{}=!~",'\\ `é]{0,40}"#, value in "\\PC{0,20}") {
            let _ = text.parse::<Selector>();
            let selector = Selector {
                name: "up".into(),
                matchers: vec![Matcher { label: "l".into(), op: MatchOp::Equal, value, regex: None }],
            };
            proptest::prop_assert_eq!(selector.to_string().parse(), Ok(selector));
        }
    }
}
