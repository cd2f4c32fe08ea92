//! The time over which an objective is promised.

use super::{Document, quoted, yaml::Node};
use crate::plan::{Duration, defaults};

/// The shortest period that a plan can have, in seconds.
const LEAST: u64 = 3600;

/// The period, and what is to be said of it.
pub(super) struct Period {
    pub(super) is: Duration,
    pub(super) notes: Vec<String>,
    /// Where a document says it.
    pub(super) line: u64,
}

/// The period of an objective; 30 days where it is not said, or cannot be had.
pub(super) fn period(slo: &Document<'_>) -> Period {
    let mut period = Period { is: defaults::period(), notes: Vec::new(), line: slo.root.line.max(1) };
    let windows = slo.spec().map_or(&[][..], |spec| match spec.items("timeWindow") {
        // The name of `openslo/v1alpha`.
        [] => spec.items("timeWindows"),
        windows => windows,
    });
    let Some(window) = windows.first() else {
        period.notes.push(format!("no time window is given; {} is taken", period.is));
        return period;
    };
    period.line = window.line;
    if windows.len() > 1 {
        period.notes.push("there are several time windows; the first is taken".to_owned());
    }
    match length(window) {
        Ok((seconds, note)) => {
            let length = Duration::from_secs(seconds.max(LEAST));
            if length.get().as_secs() != seconds {
                period.notes.push(format!(
                    "the time window is of {seconds} s; a plan's is at least 1h and at most 366d, {length} is taken"
                ));
            }
            period.is = length;
            period.notes.extend(note);
        }
        Err(what) => period.notes.push(format!("{what}; {} is taken", period.is)),
    }
    let is_calendar = window.get("calendar").is_some() || window.text("isRolling") == Some("false");
    if is_calendar {
        period.notes.push(format!("the time window follows the calendar; the last {} are looked at instead", period.is));
    }
    period
}

/// How long a window is, in seconds, and what is to be said of it.
fn length(window: &Node) -> Result<(u64, Option<String>), String> {
    let (count, unit) = match (window.text("duration"), window.text("count"), window.text("unit")) {
        (Some(duration), ..) => {
            let digits = duration.find(|c: char| !c.is_ascii_digit()).unwrap_or(duration.len());
            duration.split_at_checked(digits).unwrap_or_default()
        }
        (None, Some(count), Some(unit)) => (count, unit),
        _ => return Err("the time window has neither `duration` nor `count` and `unit`".to_owned()),
    };
    let unknown = || format!("the time window {} is no length of time", quoted(&format!("{count}{unit}")));
    let count: u64 = count.parse().ok().filter(|count| *count > 0).ok_or_else(unknown)?;
    const DAY: u64 = 24 * 3600;
    // The units of `openslo/v1`, and those of `openslo/v1alpha`.
    let (size, name) = match unit {
        "m" | "Minute" => (60, None),
        "h" | "Hour" => (3600, None),
        "d" | "Day" => (DAY, None),
        "w" | "Week" => (7 * DAY, None),
        "M" | "Month" => (30 * DAY, Some("a month is taken as 30 days")),
        "Q" | "Quarter" => (90 * DAY, Some("a quarter is taken as 90 days")),
        "Y" | "Year" => (365 * DAY, Some("a year is taken as 365 days")),
        _ => return Err(unknown()),
    };
    Ok((count.saturating_mul(size), name.map(str::to_owned)))
}
