//! What is searched for in a text: as it was typed, in capitals or not unless a capital was typed.

use std::ops::Range;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: String,
    exact: bool,
}

impl Pattern {
    /// What was typed; none if nothing was.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { text: text.to_owned(), exact: text.chars().any(char::is_uppercase) })
    }

    /// As it was typed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is in a text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.find(text).next().is_some()
    }

    /// Where it is in a text, from the left; none of them lies over another.
    pub(crate) fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let rest = text.get(from..)?;
            let found = rest.char_indices().find_map(|(at, _)| Some((at, self.matches(rest.get(at..)?)?)));
            let (at, length) = found?;
            let begin = from.saturating_add(at);
            from = begin.saturating_add(length);
            Some(begin..from)
        })
    }

    /// How long it is at the beginning of a text, if it is there.
    fn matches(&self, text: &str) -> Option<usize> {
        if self.exact {
            return text.starts_with(&self.text).then_some(self.text.len());
        }
        let mut rest = text.chars();
        for wanted in self.text.chars() {
            let found = rest.next()?;
            // Most characters differ at once, and most are ASCII.
            let same = if found.is_ascii() && wanted.is_ascii() {
                found.eq_ignore_ascii_case(&wanted)
            } else {
                found.to_lowercase().eq(wanted.to_lowercase())
            };
            if !same {
                return None;
            }
        }
        Some(text.len().saturating_sub(rest.as_str().len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_matter_once_one_is_typed() {
        for (pattern, text, expected) in [
            ("error", "Error: ERROR, error", vec![(0, 5), (7, 12), (14, 19)]),
            ("Error", "Error: ERROR, error", vec![(0, 5)]),
            ("aa", "aaaaa", vec![(0, 2), (2, 4)]),
            ("größe", "GRÖSSE GRÖẞE", vec![(8, 16)]),
            ("日", "今日は日", vec![(3, 6), (9, 12)]),
            ("x", "", vec![]),
            ("long", "lon", vec![]),
        ] {
            let found = Pattern::new(pattern).unwrap();
            let hits = found.find(text).map(|hit| (hit.start, hit.end)).collect::<Vec<_>>();
            assert_eq!(hits, expected, "{pattern} in {text}");
        }
        assert_eq!(Pattern::new(""), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_found_is_there(text in ".{0,60}", pattern in ".{1,4}") {
            let pattern = Pattern::new(&pattern).unwrap();
            let mut last = 0;
            for hit in pattern.find(&text) {
                proptest::prop_assert!(hit.start >= last && !hit.is_empty());
                proptest::prop_assert!(text.get(hit.clone()).is_some());
                last = hit.end;
            }
            proptest::prop_assert_eq!(pattern.exact && text.contains(&pattern.text), pattern.exact && pattern.is_in(&text));
        }
    }
}
