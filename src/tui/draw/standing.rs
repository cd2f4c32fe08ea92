//! How a signal stands, as the screen tells it apart: a verdict, or why there is none yet. Not known because more samples are
//! needed is one thing, and not known because nothing is seen another.

use ratatui::style::Style;

use super::{View, health::Judged};
use crate::{
    health::{Alert, AlertState, Unknown, Verdict, compare},
    plan::{Signal, Source},
    release::{Release, verdict_word},
    tui::words,
};

/// How a signal stands, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Ok,
    /// It is known, and nothing is thought of it.
    LookedAt,
    /// There is no canary yet that could be judged.
    NotYet,
    /// It is being judged, and more samples are needed.
    Judging,
    Warn,
    /// Nobody knows.
    Blind,
    Fail,
}

impl Standing {
    pub(super) fn of(of: Judged<'_>) -> Self {
        match (of.judged.verdict, &of.judged.unknown) {
            (Verdict::Ok, _) if !of.signal.is_judged() => Self::LookedAt,
            (Verdict::Ok, _) => Self::Ok,
            (Verdict::Warn, _) => Self::Warn,
            (Verdict::Fail, _) => Self::Fail,
            (Verdict::Unknown, Some(Unknown::NoCanary)) => Self::NotYet,
            (Verdict::Unknown, Some(Unknown::Undecided(_))) => Self::Judging,
            (Verdict::Unknown, _) => Self::Blind,
        }
    }

    /// In a word of at most seven letters.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok | Self::LookedAt => verdict_word(Verdict::Ok),
            Self::NotYet => "not yet",
            Self::Judging => "judging",
            Self::Warn => verdict_word(Verdict::Warn),
            Self::Blind => verdict_word(Verdict::Unknown),
            Self::Fail => verdict_word(Verdict::Fail),
        }
    }

    /// Its symbol and its look.
    pub(super) fn look(self, view: &View<'_>) -> (&'static str, Style) {
        let (theme, glyphs) = (view.theme, view.glyphs);
        match self {
            Self::Ok | Self::LookedAt => (glyphs.passed, theme.good),
            Self::NotYet => (glyphs.pending, theme.dim),
            Self::Judging => (glyphs.baking, theme.active),
            Self::Warn => (glyphs.warn, theme.warn),
            Self::Blind => (glyphs.unknown, theme.unknown),
            Self::Fail => (glyphs.failed, theme.bad),
        }
    }
}

/// How many columns a [`note`] takes at most.
pub(super) const NOTE: usize = 9;

/// What is to be said of a signal in a few letters: by the judge, how many samples more it needs, or how far from its baseline
/// it is; of alerts, how many are new.
pub(super) fn note(release: &Release, of: Judged<'_>) -> String {
    if let Some(alerts) = alert_words(release, of) {
        return alerts.new;
    }
    let Some(compared) = &of.judged.compared else { return String::new() };
    let ruling = &compared.ruling;
    match (ruling.verdict, ruling.more, ruling.ratio, ruling.estimate) {
        (compare::Verdict::Unknown, Some(more @ 0..1000), ..) => format!("{more} more"),
        (compare::Verdict::Unknown, Some(_), ..) => "many more".to_owned(),
        (compare::Verdict::Unknown, None, ..) => String::new(),
        (_, _, Some(ratio), _) if ratio < 10.0 => percent((ratio - 1.0) * 100.0),
        (_, _, Some(ratio), _) if ratio < 9_999.5 => format!("{ratio:.0} x"),
        (_, _, _, Some(estimate)) => difference(of.signal, estimate, compared.case.canary.counts()),
        _ => String::new(),
    }
}

/// A difference in percent, rounded so that it is read at a glance.
fn percent(difference: f64) -> String {
    let rounded = if difference.abs() < 9.95 { format!("{difference:+.1}") } else { format!("{difference:+.0}") };
    let digits = rounded.strip_suffix(".0").unwrap_or(&rounded);
    // No sign where there is no difference.
    if matches!(digits, "+0" | "-0") { "same".to_owned() } else { format!("{digits} %") }
}

/// A difference with its sign, in the signal's unit; of shares in percent, in points.
pub(super) fn difference(signal: &Signal, difference: f64, counts: bool) -> String {
    let unit = if signal.unit == "percent" { "points" } else { signal.unit_sign() };
    format!("{} {unit}", signed(in_unit(signal, difference, counts))).trim_end().to_owned()
}

/// What the judge found, in the signal's unit: counts are judged as shares.
pub(super) fn in_unit(signal: &Signal, found: f64, counts: bool) -> f64 {
    if counts { found / signal.share_of_unit() } else { found }
}

/// A number with its sign.
pub(super) fn signed(number: f64) -> String {
    let said = words::number(number);
    if number > 0.0 { format!("+{said}") } else { said }
}

/// The alerts of a signal in a few words.
pub(super) struct AlertWords {
    /// How many fire, or that none does.
    pub(super) count: String,
    /// How many of them are new; empty where none is.
    pub(super) new: String,
    /// What they are called, the newest of the new ones first.
    pub(super) names: String,
}

/// What is to be said in a row of the alerts that a signal counts; nothing for one that counts none, or is not known.
pub(super) fn alert_words(release: &Release, of: Judged<'_>) -> Option<AlertWords> {
    if !matches!(of.signal.source, Source::Alertmanager { .. }) || of.judged.verdict == Verdict::Unknown {
        return None;
    }
    let alerts = release.alerts.get(of.id)?;
    let (mut firing, quiet): (Vec<&Alert>, Vec<_>) = alerts.known.iter().partition(|alert| alert.state == AlertState::Firing);
    let count = match (firing.len().saturating_add(alerts.more as usize), quiet.len()) {
        (0, 0) => "none fires".to_owned(),
        (0, quiet) => format!("none fires, {quiet} not heard"),
        (firing, _) => format!("{firing} firing"),
    };
    let new = match release.new_alerts(of.id).count() {
        0 => String::new(),
        new => format!("{new} new"),
    };
    firing.sort_by_key(|alert| std::cmp::Reverse(alert.since));
    let names = firing.iter().map(|alert| alert.name.as_str()).collect::<Vec<_>>().join(", ");
    Some(AlertWords { count, new, names })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_read_at_a_glance() {
        for (difference, expected) in [
            (24.4, "+24 %"),
            (-3.04, "-3 %"),
            (0.04, "same"),
            (-0.04, "same"),
            (1.26, "+1.3 %"),
            (899.0, "+899 %"),
            (9.97, "+10 %"),
        ] {
            assert_eq!(percent(difference), expected);
            assert!(percent(difference).len() <= NOTE);
        }
        assert_eq!([signed(0.0), signed(12.04), signed(-0.5)], ["0.00", "+12.0", "-0.50"]);
    }

    #[test]
    fn what_is_not_known_is_worse_than_what_is_being_judged() {
        assert!(Standing::Judging < Standing::Warn && Standing::Warn < Standing::Blind && Standing::Blind < Standing::Fail);
    }
}
