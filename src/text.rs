//! Text from outside, made safe for a terminal once, where it enters.
//!
//! Control characters could move the cursor or speak to the terminal; bidirectional overrides and invisible
//! characters could make a line read as another one. None of them gets past here.

use std::borrow::Cow;

/// Whether a character may never reach a terminal as it is.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'   // C0, DEL, C1
        | '\u{ad}' | '\u{61c}' | '\u{180e}'         // soft hyphen, Arabic letter mark, Mongolian vowel separator
        | '\u{34f}' | '\u{115f}' | '\u{1160}'       // grapheme joiner, Hangul fillers
        | '\u{17b4}' | '\u{17b5}'                   // Khmer vowels without a shape
        | '\u{3164}' | '\u{ffa0}'                   // more Hangul fillers
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' // format controls of shorthand and of music
        | '\u{200b}'..='\u{200f}'                   // zero width, left-to-right and right-to-left marks
        | '\u{2028}'..='\u{202e}'                   // line and paragraph separators, bidi embeddings and overrides
        | '\u{2060}'..='\u{206f}'                   // word joiner, invisible operators, bidi isolates
        | '\u{fe00}'..='\u{fe0f}'                   // variation selectors
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'      // byte order mark, interlinear annotation
        | '\u{e0000}'..='\u{e0fff}') // tags, more variation selectors
}

/// One line: escape sequences are dropped whole, a tab or line break becomes a space, other unsafe characters become `�`.
/// At most `limit` characters, the last of them `…` where more was there.
#[must_use]
pub fn line(text: &str, limit: usize) -> String {
    if limit == 0 {
        return String::new();
    }
    let mut safe = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let mut count = 0_usize;
    let mut rest = text.trim().chars().peekable();
    while let Some(c) = rest.next() {
        let c = match c {
            '\u{1b}' => {
                skip_escape(&mut rest);
                continue;
            }
            '\t' | '\n' | '\r' => ' ',
            c if is_unsafe(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        if count.saturating_add(1) == limit && rest.peek().is_some() {
            safe.push('…');
            return safe;
        }
        safe.push(c);
        count = count.saturating_add(1);
        if count >= limit {
            return safe;
        }
    }
    safe
}

/// The text if it is safe as it stands, else its safe [`line()`] without a limit.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) { Cow::Owned(line(text, usize::MAX)) } else { Cow::Borrowed(text) }
}

/// Bytes that should be text, as one safe line.
#[must_use]
pub fn line_from_bytes(bytes: &[u8], limit: usize) -> String {
    // No more than could be shown is decoded: a 10 MB line costs what its first part costs.
    let most = limit.saturating_mul(16).min(bytes.len());
    let cut = most < bytes.len();
    let mut text = line(&String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)), limit);
    if cut && !text.ends_with('…') {
        text.push('…');
    }
    text
}

/// Passes over what follows an ESC: a CSI sequence, a string (OSC, DCS, …) to its end, or one more character.
fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => while rest.next_if(|c| !('\u{40}'..='\u{7e}').contains(c)).is_some() {},
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // A string that is never closed ends at the line's end, so it cannot swallow what follows.
            while let Some(c) = rest.next_if(|c| *c != '\n') {
                if c == '\u{7}' || c == '\u{9c}' {
                    return;
                }
                if c == '\u{1b}' {
                    rest.next_if_eq(&'\\');
                    return;
                }
            }
            return;
        }
        _ => return,
    }
    rest.next(); // the sequence's final byte
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_teeth_out() {
        for (text, expected) in [
            ("plain", "plain"),
            ("  trimmed \n", "trimmed"),
            ("a\tb\nc\r\nd", "a b c  d"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[2J\u{1b}[1;1Hgone", "gone"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]52;c;ZXZpbA==\u{1b}\\after", "after"),
            ("\u{1b}]never closed", ""),
            ("bell\u{7}", "bell�"),
            ("c1 \u{9b}31m", "c1 �31m"),
            ("abc\u{202e}fed", "abc�fed"),
            ("zero\u{200b}width", "zero�width"),
            ("naïve 日本 ✔", "naïve 日本 ✔"),
            ("\u{1b}P1$r0m\u{1b}\\after", "after"),
            ("\u{1b}_payload\u{9c}after", "after"),
            ("\u{1b}]8;;http://a\u{7}link\u{1b}]8;;\u{7}", "link"),
            ("\u{1b}]never closed\nnext line", " next line"),
            ("\u{1b}[?1049h\u{1b}[>1uin", "in"),
            ("\u{1b}cfull reset", "full reset"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("\u{1b}[38;5", ""),
            ("\u{1b}\u{1b}[31mx", "[31mx"),
            ("del\u{7f}", "del�"),
            ("isolate\u{2066}x\u{2069}", "isolate�x�"),
            ("filler\u{3164}", "filler�"),
            ("tag\u{e0041}", "tag�"),
        ] {
            assert_eq!(line(text, 200), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_to_its_limit() {
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("abcd", 4), "abcd");
        assert_eq!(line("abcd", 0), "");
        let long = vec![b'x'; 10_000_000];
        assert_eq!(line_from_bytes(&long, 5), "xxxx…");
        assert_eq!(line_from_bytes(b"\xff\xfe ok", 10), "�� ok");
    }

    proptest::proptest! {
        #[test]
        fn nothing_unsafe_gets_through(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), limit in 0usize..100) {
            let text = line_from_bytes(&bytes, limit);
            proptest::prop_assert!(!text.chars().any(is_unsafe), "{:?}", text);
            proptest::prop_assert!(text.chars().count() <= limit + 1);
        }

        #[test]
        fn what_is_safe_stays_as_it_is(text in ".*", limit in 0usize..60) {
            let cleaned = safe(&text).into_owned();
            proptest::prop_assert!(!cleaned.chars().any(is_unsafe));
            proptest::prop_assert_eq!(safe(&cleaned).into_owned(), cleaned.clone());
            let short = line(&text, limit);
            proptest::prop_assert!(short.chars().count() <= limit);
            proptest::prop_assert!(!short.chars().any(is_unsafe));
            if text.chars().any(is_unsafe) {
                proptest::prop_assert!(safe(&text) == line(&text, usize::MAX));
            }
        }

        #[test]
        fn escapes_of_any_kind_leave_nothing(
            parts in proptest::collection::vec("\\PC{0,6}|\u{1b}|\u{9b}|\\[|\\]|[0-9;]{1,3}|m|\u{7}|\n|\u{202e}|\u{9c}", 0..40),
        ) {
            let text = parts.concat();
            proptest::prop_assert!(!line(&text, 500).chars().any(is_unsafe), "{:?}", text);
        }
    }
}
