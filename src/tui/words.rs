//! Widths, ages, numbers and small pictures: what the screen's columns are made of.

use std::{borrow::Cow, time::Duration};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::Glyphs;

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    // Most of what is shown is, and nothing on screen has control characters.
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The text in at most so many columns, its end left out where it is longer.
pub(crate) fn fit<'a>(text: &'a str, columns: usize, more: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return text.into();
    }
    let room = columns.saturating_sub(width(more));
    let mut kept = String::new();
    let mut used = 0_usize;
    for c in text.chars() {
        used = used.saturating_add(c.width().unwrap_or(0));
        if used > room {
            break;
        }
        kept.push(c);
    }
    if columns > 0 {
        kept.push_str(more);
    }
    kept.into()
}

/// How many bytes of a text fit into so many columns.
pub(crate) fn prefix(text: &str, columns: usize) -> usize {
    let mut used = 0_usize;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        used = used.saturating_add(c.width().unwrap_or(0));
        if used > columns {
            return at;
        }
        end = at.saturating_add(c.len_utf8());
    }
    end
}

/// The text, filled up with spaces behind it.
pub(crate) fn left(text: &str, columns: usize, more: &str) -> String {
    let text = fit(text, columns, more);
    let fill = columns.saturating_sub(width(&text));
    format!("{text}{:fill$}", "")
}

/// The text, filled up with spaces before it.
pub(crate) fn right(text: &str, columns: usize, more: &str) -> String {
    let text = fit(text, columns, more);
    let fill = columns.saturating_sub(width(&text));
    format!("{:fill$}{text}", "")
}

/// The text in lines of at most so many columns, broken between words where that is possible.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0_usize;
    for word in text.split(' ') {
        let wide = width(word);
        if used > 0 && used.saturating_add(1).saturating_add(wide) > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used = used.saturating_add(1);
        }
        if wide <= columns {
            line.push_str(word);
            used = used.saturating_add(wide);
            continue;
        }
        // A word longer than a line is broken where the line ends.
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used > 0 && used.saturating_add(wide) > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used = used.saturating_add(wide);
        }
    }
    lines.push(line);
    lines
}

/// A sentence as a phrase behind a name: with a small letter at its beginning and no full stop.
pub(crate) fn phrase(sentence: &str) -> String {
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    let mut letters = sentence.chars();
    // A name that begins with several capitals stays as it is.
    let shouts = sentence.chars().take(2).all(char::is_uppercase);
    match letters.next() {
        Some(first) if !shouts => first.to_lowercase().chain(letters).collect(),
        _ => sentence.to_owned(),
    }
}

/// A length of time in its two largest units, without a space: `12s`, `4m05s`, `1h02m`, `3d04h`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// About how long something takes, never less than that.
pub(crate) fn about(time: Duration) -> String {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    let up_to = |step: u64| seconds.div_ceil(step).saturating_mul(step);
    match seconds {
        0..30 => span(Duration::from_secs(seconds)),
        30..120 => span(Duration::from_secs(up_to(10))).replace("m00s", "m"),
        120..3600 => span(Duration::from_secs(up_to(60))).replace("m00s", "m").replace("h00m", "h"),
        _ => span(Duration::from_secs(up_to(300))).replace("h00m", "h").replace("d00h", "d"),
    }
}

/// An age in one unit. Seconds go by fives, so that a screen with many ages does not flicker.
pub(crate) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..5 => "<5s".to_owned(),
        5..60 => format!("{}s", seconds / 5 * 5),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A length of time as a clock shows it.
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A measured number in at most six columns.
pub(crate) fn number(number: f64) -> String {
    let size = number.abs();
    if size < 9.995 {
        format!("{number:.2}")
    } else if size < 99.95 {
        format!("{number:.1}")
    } else if size < 9999.5 {
        format!("{number:.0}")
    } else if size < 9.995e5 {
        format!("{:.1}k", number / 1e3)
    } else if size < 9.995e8 {
        format!("{:.1}M", number / 1e6)
    } else {
        format!("{number:.1e}")
    }
}

/// A threshold, without digits that say nothing.
pub(crate) fn round(number: f64) -> String {
    format!("{number}")
}

/// How far something is, in so many columns: what is done, and what is left.
pub(crate) fn bar(done: f64, columns: usize, glyphs: &Glyphs) -> (String, String) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a screen's width")]
    let full = ((done.clamp(0.0, 1.0) * columns as f64).floor() as usize).min(columns);
    (glyphs.full.repeat(full), glyphs.empty.repeat(columns.saturating_sub(full)))
}

/// A number as a bar between two limits; a gap stays empty.
pub(crate) fn spark(number: Option<f64>, low: f64, high: f64, glyphs: &Glyphs) -> &'static str {
    let Some(number) = number else { return " " };
    let top = glyphs.spark.len().saturating_sub(1);
    let range = high - low;
    if range <= 0.0 || !range.is_finite() {
        return glyphs.spark.first().copied().unwrap_or(" ");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of levels")]
    let level = (((number - low) / range).clamp(0.0, 1.0) * top as f64).round() as usize;
    glyphs.spark.get(level).copied().unwrap_or(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Symbols;

    #[test]
    fn fits_and_fills() {
        assert_eq!(fit("abcdef", 4, "…"), "abc…");
        assert_eq!(fit("abcd", 4, "…"), "abcd");
        assert_eq!(fit("日本語", 5, "…"), "日本…");
        assert_eq!(fit("日本語", 4, "…"), "日…");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(left("ab", 4, "…"), "ab  ");
        assert_eq!(right("ab", 4, "…"), "  ab");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
    }

    #[test]
    fn says_times_and_numbers() {
        let at = Duration::from_secs;
        assert_eq!([span(at(9)), span(at(245)), span(at(3725)), span(at(270_000))], ["9s", "4m05s", "1h02m", "3d03h"]);
        let about_s = [0, 29, 31, 61, 119, 121, 3541, 3601, 7300, 86_399].map(|seconds| about(at(seconds)));
        assert_eq!(about_s, ["0s", "29s", "40s", "1m10s", "2m", "3m", "1h", "1h05m", "2h05m", "1d"]);
        assert_eq!([about(Duration::from_millis(1)), about(Duration::from_millis(180_001))], ["1s", "4m"]);
        assert_eq!([age(at(4)), age(at(14)), age(at(119)), age(at(7300))], ["<5s", "10s", "1m", "2h"]);
        assert_eq!(clock(at(360_001)), "100:00:01");
        let said = [0.214, 9.999, 99.99, 9999.9, 123_456.0, 4.2e6, -0.5].map(number);
        assert_eq!(said, ["0.21", "10.0", "100", "10.0k", "123.5k", "4.2M", "-0.50"]);
    }

    #[test]
    fn draws_small_pictures() {
        let glyphs = Symbols::Unicode.glyphs();
        assert_eq!(bar(0.5, 6, glyphs), ("━━━".to_owned(), "───".to_owned()));
        let sparks =
            |numbers: &[Option<f64>], low, high, glyphs| numbers.iter().map(|n| spark(*n, low, high, glyphs)).collect::<String>();
        assert_eq!(sparks(&[Some(0.0), None, Some(5.0), Some(10.0)], 0.0, 10.0, glyphs), "▁ ▅█");
        assert_eq!(sparks(&[Some(3.0), Some(3.0)], 3.0, 3.0, glyphs), "▁▁");
        assert_eq!(sparks(&[Some(0.0), Some(10.0)], 0.0, 10.0, Symbols::Ascii.glyphs()), ".#");
    }

    proptest::proptest! {
        #[test]
        fn keeps_to_its_width(text in "\\PC{0,40}", columns in 0usize..30) {
            proptest::prop_assert!(width(&fit(&text, columns, "…")) <= columns);
            proptest::prop_assert_eq!(width(&left(&text, columns, "…")), columns);
            for line in wrap(&text, columns.max(2)) {
                proptest::prop_assert!(width(&line) <= columns.max(2));
            }
        }
    }
}
