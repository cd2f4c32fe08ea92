//! "Did you mean": the nearest of the words that would be right, other tools' words, and lists of words in a sentence.

use std::borrow::Cow;

use crate::text;

/// Longer words and longer lists are not worth a guess.
const LONGEST: usize = 64;
const MOST: usize = 500;

/// A value from the file as it is quoted in a message.
pub(crate) fn quote(word: &str) -> String {
    format!("`{}`", text::line(&without_password(word), 60))
}

/// With an asterisk for every character of an address's user and password.
pub(crate) fn without_password(text: &str) -> Cow<'_, str> {
    let mut hidden = Cow::Borrowed(text);
    for (at, separator) in text.match_indices("://") {
        let start = at.saturating_add(separator.len());
        let rest = text.get(start..).unwrap_or_default();
        let authority = rest.split(|c: char| c.is_whitespace() || "/\"'?#".contains(c)).next().unwrap_or_default();
        if let Some((secret, _)) = authority.rsplit_once('@') {
            // The number of characters stays, so that a mark beneath still fits.
            let stars = "*".repeat(secret.chars().count());
            hidden = Cow::Owned(hidden.replace(&format!("://{secret}@"), &format!("://{stars}@")));
        }
    }
    hidden
}

/// The word that was probably meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let word = plain(word);
    candidates
        .into_iter()
        .take(MOST)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Without what people vary: case, and which kind of dash.
pub(crate) fn plain(word: &str) -> String {
    word.to_lowercase().replace(['-', ' '], "_")
}

/// `a`, `b` and `c`; the first ten, where there are more.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<String> = words.into_iter().take(11).map(quote).collect();
    if words.len() > 10 {
        words.pop();
        return format!("{}, …", words.join(", "));
    }
    match words.pop() {
        None => "none".to_owned(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}

/// What to say about a word that is not among those that would be right.
pub(crate) fn instead<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> String {
    match nearest(word, candidates.clone()) {
        Some(near) => format!("did you mean {}?", quote(near)),
        None => {
            let all = list(candidates);
            if all == "none" { format!("there are no {what} yet") } else { format!("the {what} here: {all}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let keys = ["run", "undo", "timeout", "on_fail", "environment", "needs"];
        for (word, expected) in [
            ("timout", Some("timeout")),
            ("onfail", Some("on_fail")),
            ("on-fail", Some("on_fail")),
            ("enviroment", Some("environment")),
            ("Run", Some("run")),
            ("rnu", Some("run")),
            ("need", Some("needs")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!(without_password("url = \"https://alice:söcret@host/x@y\""), "url = \"https://************@host/x@y\"");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(list(["a"]), "`a`");
    }
}
