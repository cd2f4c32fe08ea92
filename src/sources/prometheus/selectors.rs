//! The instant-vector selectors in a PromQL text: the series whose own times say how old a query's number is.
//!
//! A server answers with the time at which it evaluated a query, and repeats the last sample of a series that ended
//! without a word for five minutes, so a dead series looks alive. Asking for `timestamp(SELECTOR)` tells. For that the
//! selectors must be found; nothing else of the language needs to be understood, so this is a scanner and no parser: it
//! also gets along with what Prometheus' relatives add to the language.
//!
//! Left out are selectors whose times are meant to be old, or say nothing: a range (`x[5m]` ends by itself), `offset`
//! and `@`, what is inside of a subquery, and what `timestamp()` itself is asked of.

/// How many selectors of one query are looked at.
const MOST: usize = 16;
/// How deep parentheses may be.
const DEPTH: usize = 64;

/// The selectors of a query, each once, as they are written. None where it cannot be understood, or has too many: then
/// its numbers can only be taken to be as new as their evaluation.
pub(super) fn selectors(query: &str) -> Option<Vec<String>> {
    let mut scanner = Scanner { query, at: 0 };
    let mut found: Vec<&str> = Vec::new();
    // For each open parenthesis: how many were found before it, and whether it is the list of times asked for by the query.
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut name_before: Option<&str> = None;
    loop {
        scanner.skip_space();
        let Some(next) = scanner.peek() else { break };
        let name = name_before.take();
        match next {
            '(' => {
                scanner.bump();
                if open.len() >= DEPTH {
                    return None;
                }
                open.push((found.len(), name.is_some_and(|name| name.eq_ignore_ascii_case("timestamp"))));
            }
            ')' => {
                scanner.bump();
                let (before, is_asked_for) = open.pop()?;
                if is_asked_for || scanner.is_shifted() {
                    found.truncate(before);
                }
            }
            '[' => scanner.bracket(']')?,
            '"' | '\'' | '`' => scanner.quoted()?,
            '{' => {
                let start = scanner.at;
                scanner.bracket('}')?;
                keep(&mut scanner, start, &mut found);
            }
            c if c.is_ascii_digit() || (c == '.' && scanner.second().is_some_and(|c| c.is_ascii_digit())) => scanner.number(),
            c if is_name(c) => {
                let start = scanner.at;
                let word = scanner.name();
                scanner.skip_space();
                match scanner.peek() {
                    Some('(') if is_list(word) => scanner.list()?,
                    Some('(') => name_before = Some(word),
                    Some('{') if !is_word(word) => {
                        scanner.bracket('}')?;
                        keep(&mut scanner, start, &mut found);
                    }
                    _ if is_word(word) || scanner.groups() => {}
                    _ => {
                        // Without the space behind the name.
                        scanner.at = start.checked_add(word.len())?;
                        keep(&mut scanner, start, &mut found);
                    }
                }
            }
            // A single `=` is not PromQL, where it may as well give a name to something.
            '=' => {
                scanner.bump();
                if !matches!(scanner.peek(), Some('=' | '~')) {
                    return None;
                }
                scanner.bump();
            }
            '!' | '<' | '>' => {
                scanner.bump();
                if scanner.peek() == Some('=') {
                    scanner.bump();
                }
            }
            '+' | '-' | '*' | '/' | '%' | '^' | ',' | '@' => scanner.bump(),
            _ => return None,
        }
    }
    if !open.is_empty() {
        return None;
    }
    let mut once: Vec<String> = Vec::new();
    for selector in found {
        if !once.iter().any(|other| other == selector) {
            once.push(selector.to_owned());
        }
    }
    (once.len() <= MOST).then_some(once)
}

/// Keeps the selector that has just been read, unless its time is another's.
fn keep<'a>(scanner: &mut Scanner<'a>, start: usize, found: &mut Vec<&'a str>) {
    let end = scanner.at;
    if !scanner.is_shifted()
        && let Some(selector) = scanner.query.get(start..end)
    {
        found.push(selector);
    }
}

/// Words that are followed by a list of labels.
fn is_list(word: &str) -> bool {
    ["by", "without", "on", "ignoring", "group_left", "group_right", "keep_metric_names"]
        .iter()
        .any(|w| word.eq_ignore_ascii_case(w))
}

/// Words that are no metric: operators, modifiers and numbers.
fn is_word(word: &str) -> bool {
    const WORDS: [&str; 11] = ["and", "or", "unless", "atan2", "bool", "offset", "default", "if", "ifnot", "nan", "inf"];
    is_list(word) || WORDS.iter().any(|other| word.eq_ignore_ascii_case(other))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// A place in the text.
#[derive(Clone, Copy)]
struct Scanner<'a> {
    query: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.query.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn bump(&mut self) {
        self.at = self.at.saturating_add(self.peek().map_or(0, char::len_utf8));
    }

    /// Passes over white space and comments.
    fn skip_space(&mut self) {
        while let Some(c) = self.peek() {
            if c == '#' {
                let line = self.rest().find('\n').unwrap_or(self.rest().len());
                self.at = self.at.saturating_add(line);
            } else if c.is_whitespace() {
                self.bump();
            } else {
                return;
            }
        }
    }

    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.at = self.at.saturating_add(end);
        rest.get(..end).unwrap_or_default()
    }

    /// Passes over a number or a duration: `1e-7`, `0x1f`, `1_000`, `5m30s`.
    fn number(&mut self) {
        let is_hex = self.rest().starts_with("0x") || self.rest().starts_with("0X");
        while let Some(c) = self.peek() {
            let sign = matches!(c, 'e' | 'E') && !is_hex && matches!(self.second(), Some('+' | '-'));
            if sign {
                self.bump();
            } else if !c.is_ascii_alphanumeric() && c != '.' && c != '_' {
                return;
            }
            self.bump();
        }
    }

    /// Passes over a text in quotes; none where it has no end.
    fn quoted(&mut self) -> Option<()> {
        let quote = self.peek()?;
        self.bump();
        loop {
            let c = self.peek()?;
            self.bump();
            if c == quote {
                return Some(());
            }
            if c == '\\' && quote != '`' {
                self.peek()?;
                self.bump();
            }
        }
    }

    /// Passes over what is in brackets or braces, and texts and comments in it.
    fn bracket(&mut self, close: char) -> Option<()> {
        self.bump();
        loop {
            self.skip_space();
            match self.peek()? {
                '"' | '\'' | '`' => self.quoted()?,
                c => {
                    self.bump();
                    if c == close {
                        return Some(());
                    }
                }
            }
        }
    }

    /// Passes over a list in parentheses.
    fn list(&mut self) -> Option<()> {
        self.bracket(')')
    }

    /// Whether a name here is that of an aggregation with its labels in front, as in `sum by (job) (…)`.
    fn groups(&self) -> bool {
        let mut ahead = *self;
        let word = ahead.name();
        word.eq_ignore_ascii_case("by") || word.eq_ignore_ascii_case("without")
    }

    /// Whether what has just ended is a range, a subquery, or looked at for another time than now.
    fn is_shifted(&self) -> bool {
        let mut ahead = *self;
        ahead.skip_space();
        match ahead.peek() {
            Some('[' | '@') => true,
            Some(_) => ahead.name().eq_ignore_ascii_case("offset"),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_them() {
        for (query, expected) in [
            // plain ones
            ("up", &["up"] as &[_]),
            (" up ", &["up"]),
            ("job:errors:rate5m", &["job:errors:rate5m"]),
            ("up{job=\"x\"}", &["up{job=\"x\"}"]),
            ("up {job=\"x\"}", &["up {job=\"x\"}"]),
            ("{__name__=\"up\"}", &["{__name__=\"up\"}"]),
            ("{\"a metric\", job='x'}", &["{\"a metric\", job='x'}"]),
            ("-up", &["up"]),
            ("(up)", &["up"]),
            // texts, comments and braces in them
            ("up{a=\"}\", b='\\'}', c=`\\`}", &["up{a=\"}\", b='\\'}', c=`\\`}"]),
            ("up{a=\"sum(b)\"}", &["up{a=\"sum(b)\"}"]),
            ("up # of the shop\n+ down", &["up", "down"]),
            ("up{ # } \n a=\"b\"}", &["up{ # } \n a=\"b\"}"]),
            ("label_replace(up, \"dst\", \"$1\", \"src\", \"(.*)\")", &["up"]),
            // ranges, shifts and subqueries
            ("rate(up[5m])", &[]),
            ("rate(up{a=\"b\"} [5m])", &[]),
            ("up offset 5m", &[]),
            ("up{a=\"b\"} OFFSET -1w + down", &["down"]),
            ("up @ 1609746000", &[]),
            ("up @ end()", &[]),
            ("rate(up[5m] offset 1h) + down", &["down"]),
            ("max_over_time(up[5m:1m])", &[]),
            ("max_over_time(sum(up)[5m:]) + down", &["down"]),
            ("max_over_time((up + down)[5m:10s] offset 1h)", &[]),
            ("sum(a) / max_over_time(sum by (x) (b)[5m:])", &["a"]),
            ("time() - timestamp(up)", &[]),
            ("time() - max(timestamp(up)) + down", &["down"]),
            // operators and numbers
            ("up + 1", &["up"]),
            ("a/b", &["a", "b"]),
            ("a + a", &["a"]),
            ("a == bool b", &["a", "b"]),
            ("a>=b and c!=1 or d unless e ^ f % g atan2 h", &["a", "b", "c", "d", "e", "f", "g", "h"]),
            ("1e-7 * a + 0x1f - 1_000 + .5 + 5.e3", &["a"]),
            ("a * Inf + NaN - inf", &["a"]),
            ("a < -1", &["a"]),
            ("42", &[]),
            ("time()", &[]),
            ("vector(1)", &[]),
            ("\"text\"", &[]),
            // lists of labels
            ("sum by (job, instance) (up)", &["up"]),
            ("sum(up) BY(job)", &["up"]),
            ("sum without() (up)", &["up"]),
            ("topk by (job) (3, up)", &["up"]),
            ("a / on(x) group_left(y, z) b", &["a", "b"]),
            ("a * ignoring (x) group_right b", &["a", "b"]),
            ("a / on (x) group_left b", &["a", "b"]),
            ("count_values(\"version\", build)", &["build"]),
            ("histogram_quantile(0.95, sum by (le) (rate(a_bucket[5m]))) > b", &["b"]),
            ("sum", &["sum"]),
            ("sum{a=\"b\"}", &["sum{a=\"b\"}"]),
            ("byte_total", &["byte_total"]),
            ("default_errors default 0", &["default_errors"]),
        ] {
            assert_eq!(
                selectors(query).as_deref(),
                Some(expected.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>().as_slice()),
                "{query}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        let many: Vec<String> = (0..17).map(|n| format!("a{n}")).collect();
        let deep = format!("{}up{}", "(".repeat(100), ")".repeat(100));
        for query in
            ["sum(up", "up)", "up{a=\"b\"", "up{a=\"b}", "WITH (x = up) x", "a ? b", "\"open", "up[5m", &many.join("+"), &deep]
        {
            assert_eq!(selectors(query), None, "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn takes_any_text_and_finds_parts_of_it(query in "[a-z(){}\\[\\]\"'`\\\\#=!<>@,.0-9 \\nä+-]{0,60}") {
            for selector in selectors(&query).unwrap_or_default() {
                proptest::prop_assert!(query.contains(&selector) && !selector.trim().is_empty());
            }
        }

        #[test]
        fn is_not_led_astray_by_white_space(space in "[ \\t\\n]{1,3}") {
            let query = ["sum", "by", "(", "job", ")", "(", "up", ")", "/", "rate", "(", "a", "[", "5m", "]", ")", "-", "b"].join(&space);
            proptest::prop_assert_eq!(selectors(&query).unwrap(), ["up", "b"]);
        }
    }
}
