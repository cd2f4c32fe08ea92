//! A selector of series, as in `http_requests_total{code=~"5.."}`.

use std::str::FromStr;

use regex_lite::Regex;

/// What a series must be called, and how it must be labelled.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    /// The metric's name; any if empty.
    pub(crate) name: String,
    /// All of these must hold.
    pub(crate) matchers: Vec<Matcher>,
}

/// A condition on one label. A label that a series does not have is empty.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    /// The label; `__name__` is the metric's name.
    pub(crate) label: String,
    /// Whether it must be so, or must not.
    pub(crate) wanted: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    Regex(Regex),
}

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a selector of series: {why}")]
pub(crate) struct SelectorError {
    text: String,
    why: String,
}

impl Matcher {
    /// Whether that value of the label is as it must be.
    pub(crate) fn matches(&self, value: &str) -> bool {
        let is_so = match &self.test {
            Test::Equal(expected) => expected == value,
            Test::Regex(regex) => regex.is_match(value),
        };
        is_so == self.wanted
    }
}

impl Selector {
    /// Whether it selects that series.
    pub(crate) fn matches(&self, name: &str, labels: &[(String, String)]) -> bool {
        (self.name.is_empty() || self.name == name)
            && self.matchers.iter().all(|matcher| {
                let value = if matcher.label == "__name__" {
                    name
                } else {
                    labels.iter().find(|(label, _)| *label == matcher.label).map_or("", |(_, value)| value.as_str())
                };
                matcher.matches(value)
            })
    }

    /// The same with something behind the metric's name.
    pub(crate) fn with_suffix(&self, suffix: &str) -> Self {
        Self { name: format!("{}{suffix}", self.name), matchers: self.matchers.clone() }
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        parse(text.trim()).map_err(|why| SelectorError { text: crate::text::line(text, 80), why })
    }
}

fn parse(text: &str) -> Result<Selector, String> {
    let (name, mut rest) = word(text, true);
    let mut matchers = Vec::new();
    rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        loop {
            if let Some(after) = rest.strip_prefix('}') {
                rest = after.trim_start();
                break;
            }
            let (matcher, after) = matcher(rest)?;
            matchers.push(matcher);
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start(),
                None if rest.starts_with('}') => {}
                None => return Err("`,` or `}` is missing".to_owned()),
            }
        }
    }
    if !rest.is_empty() {
        return Err(format!("`{}` is too much", crate::text::line(rest, 40)));
    }
    if name.is_empty() && matchers.iter().all(|matcher| matcher.matches("")) {
        return Err("it names neither a metric nor a label that must be there".to_owned());
    }
    Ok(Selector { name: name.to_owned(), matchers })
}

/// One `label op "value"`, and what follows it.
fn matcher(text: &str) -> Result<(Matcher, &str), String> {
    let (label, rest) = word(text, false);
    if label.is_empty() {
        return Err("a label's name is missing".to_owned());
    }
    let rest = rest.trim_start();
    let operators = [("!=", false, false), ("!~", false, true), ("=~", true, true), ("=", true, false)];
    let found = operators.iter().find_map(|(sign, wanted, regex)| Some((rest.strip_prefix(sign)?, *wanted, *regex)));
    let Some((rest, wanted, is_regex)) = found else {
        return Err(format!("`=`, `!=`, `=~` or `!~` is missing behind `{label}`"));
    };
    let (value, rest) = quoted(rest.trim_start())?;
    let test = if is_regex {
        // As in Prometheus, a pattern must match the whole value, and `.` matches a line break too.
        // It must be one by itself too, or `a)|(b` would be let out of the brackets.
        let regex = Regex::new(&value).and_then(|_| Regex::new(&format!("^(?s:{value})$")));
        let wrong = |error: regex_lite::Error| crate::text::line(&format!("the pattern of `{label}` is wrong: {error}"), 120);
        Test::Regex(regex.map_err(wrong)?)
    } else {
        Test::Equal(value)
    };
    Ok((Matcher { label: label.to_owned(), wanted, test }, rest))
}

/// The name that a text begins with, and what follows it.
fn word(text: &str, colons: bool) -> (&str, &str) {
    let part = |(index, c): (usize, char)| {
        !(c.is_ascii_alphabetic() || c == '_' || (colons && c == ':') || (index > 0 && c.is_ascii_digit()))
    };
    let end = text.char_indices().find(|found| part(*found)).map_or(text.len(), |(index, _)| index);
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// A string in PromQL's quotes with its escapes undone, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut rest = text.chars();
    let quote = rest.next().filter(|c| matches!(c, '"' | '\'' | '`')).ok_or("a value in quotes is missing")?;
    let mut value = String::new();
    while let Some(c) = rest.next() {
        match c {
            c if c == quote => return Ok((value, rest.as_str())),
            '\\' if quote != '`' => match rest.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(c @ ('\\' | '"' | '\'')) => value.push(c),
                Some(c) => return Err(format!("`\\{c}` is no escape; write `\\\\{c}`")),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("a value's closing quote is missing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[(&str, &str)]) -> Vec<(String, String)> {
        labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn selects() {
        let series = labels(&[("code", "503"), ("path", "a\"b\\c"), ("method", "get")]);
        for (selector, expected) in [
            ("http_requests_total", true),
            ("  http_requests_total {  } ", true),
            ("http_requests", false),
            ("http_requests_total{code=\"503\"}", true),
            ("http_requests_total{code='503',}", true),
            ("http_requests_total{code=\"50\"}", false),
            ("http_requests_total{code!=\"503\"}", false),
            ("http_requests_total{code=~\"5..\"}", true),
            ("http_requests_total{code=~\"5.\"}", false),
            ("http_requests_total{code=~\"4..|5..\"}", true),
            ("http_requests_total{code=~`5\\d+`}", true),
            ("http_requests_total{code=~\"5\\\\d+\"}", true),
            ("http_requests_total{code!~\"5..\"}", false),
            ("http_requests_total{code!~\"2..\" , method = \"get\"}", true),
            ("http_requests_total{track=\"\"}", true),
            ("http_requests_total{track!=\"\"}", false),
            ("http_requests_total{track=~\".*\"}", true),
            ("http_requests_total{path=\"a\\\"b\\\\c\"}", true),
            ("{__name__=~\"http_.*\",code=\"503\"}", true),
            ("{__name__=\"up\"}", false),
            ("{code=\"503\"}", true),
        ] {
            let parsed: Selector = selector.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(parsed.matches("http_requests_total", &series), expected, "{selector}");
        }
    }

    #[test]
    fn refuses() {
        for (text, why) in [
            ("", "it names neither"),
            ("{}", "it names neither"),
            ("{a=\"\"}", "it names neither"),
            ("{a=~\".*\"}", "it names neither"),
            ("a b", "`b` is too much"),
            ("rate(a[1m])", "`(a[1m])` is too much"),
            ("a{b}", "`=`, `!=`, `=~` or `!~` is missing behind `b`"),
            ("a{b=\"c\"", "`,` or `}` is missing"),
            ("a{b=\"c\" d=\"e\"}", "`,` or `}` is missing"),
            ("a{b=c}", "a value in quotes is missing"),
            ("a{b=\"c}", "a value's closing quote is missing"),
            ("a{=\"c\"}", "a label's name is missing"),
            ("a{b=~\"(\"}", "the pattern of `b` is wrong"),
            ("a{b=~\"x)|(y\"}", "the pattern of `b` is wrong"),
            ("a{b=\"\\d\"}", "`\\d` is no escape; write `\\\\d`"),
            ("9a", "`9a` is too much"),
        ] {
            let error = text.parse::<Selector>().unwrap_err();
            assert!(error.why.starts_with(why), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}", braces in "[a{}=~!\"',\\\\ ]{0,20}") {
            let _ = text.parse::<Selector>();
            let _ = braces.parse::<Selector>();
        }

        #[test]
        fn any_value_can_be_written(value in "\\PC{0,20}") {
            let selector: Selector = format!("a{{b={value:?}}}", value = Quoted(&value)).parse().unwrap();
            proptest::prop_assert!(selector.matches("a", &[("b".to_owned(), value)]));
        }
    }

    struct Quoted<'a>(&'a str);

    impl std::fmt::Debug for Quoted<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
        }
    }
}
