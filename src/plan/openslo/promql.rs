//! The selector of counters in a query.

use crate::{plan::Selector, text};

/// The counters whose growth a query sums up: a selector alone, or the sum of its rate or increase over any range. A
/// template in place of the range, as Sloth and Grafana have it, means the same.
pub(super) fn counters(query: &str) -> Option<String> {
    let mut rest = query.trim();
    loop {
        if let Some(selector) = selector(rest) {
            return Some(selector);
        }
        rest = opened(rest)?;
    }
}

/// Without what is around it and does not change which counters are meant.
fn opened(query: &str) -> Option<&str> {
    // No series is no event for us too.
    if let Some((before, after)) = query.rsplit_once(" or ")
        && matches!(after.trim(), "vector(0)" | "on() vector(0)" | "on () vector(0)")
    {
        return Some(before.trim());
    }
    let inside = |name: &str| Some(query.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')?.trim());
    if let Some(inside) = inside("rate").or_else(|| inside("increase")) {
        let (selector, range) = inside.strip_suffix(']')?.rsplit_once('[')?;
        // A subquery looks at something else, and so would what has still a function around it.
        return (!range.contains(':') && self::selector(selector.trim()).is_some()).then_some(selector.trim());
    }
    inside("sum").or_else(|| inside(""))
}

/// As the plan takes it.
fn selector(text: &str) -> Option<String> {
    let selector = text.parse::<Selector>().ok()?.to_string();
    let is_long = selector.len() > 10_000;
    (!is_long && !selector.chars().any(text::is_unsafe)).then_some(selector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_selector_out() {
        for (query, expected) in [
            ("requests_total", Some("requests_total")),
            (r#"requests_total{code=~"5.."}"#, Some(r#"requests_total{code=~"5.."}"#)),
            ("sum(requests_total)", Some("requests_total")),
            ("sum(rate(requests_total[5m]))", Some("requests_total")),
            ("sum( increase ( requests_total { a = 'b' } [ 30d ] ) )", Some(r#"requests_total{a="b"}"#)),
            (r#"  sum(rate(x{code=~"[45].."}[{{.window}}]))  "#, Some(r#"x{code=~"[45].."}"#)),
            ("((sum(rate(x[$__rate_interval]))))", Some("x")),
            ("rate(x[5m])", Some("x")),
            ("sum(rate(x[5m])) or vector(0)", Some("x")),
            ("(sum(rate(x[5m])) or on() vector(0))", Some("x")),
            ("sum by (job) (rate(x[5m]))", None),
            ("sum(rate(x[5m])) / sum(rate(y[5m]))", None),
            ("(x) + (y)", None),
            ("sum(rate(x[5m] offset 1h))", None),
            ("sum(rate(x[1h:5m]))", None),
            ("max(x)", None),
            ("avg_over_time(x[5m])", None),
            ("x > 3", None),
            ("", None),
            ("x{a=\"\u{202e}\"}", None),
        ] {
            assert_eq!(counters(query).as_deref(), expected, "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_comes_out_is_a_selector(query in r#"(sum|rate|increase|x|\(|\)|\[5m\]|\{a="b"\}| or |vector\(0\)|é){0,12}"#) {
            if let Some(selector) = counters(&query) {
                proptest::prop_assert!(selector.parse::<Selector>().is_ok());
            }
        }
    }
}
