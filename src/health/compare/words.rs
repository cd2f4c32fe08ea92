//! A finding as a sentence that a person understands.

use super::{Case, Direction, Finding, LEAST_SAMPLES, Tolerance, Verdict, sequence::CONFIDENCE};

/// Unknown, because a side has too few samples; `None` if there are enough.
pub(super) fn too_few(case: &Case, canary: f64, baseline: f64) -> Option<Finding> {
    let least = LEAST_SAMPLES as f64;
    let missing = (least - canary.min(baseline)).ceil();
    if missing <= 0.0 {
        return None;
    }
    let why = format!(
        "{} has too few samples, {canary} of the canary and {baseline} of the baseline; at least {least} of each are needed, {missing} more",
        case.name
    );
    Some(unknown(why, Some(missing as u64)))
}

/// Unknown, because a side was hardly tried.
pub(super) fn too_few_trials(case: &Case, fewest: f64, least: f64, more: Option<u64>) -> Finding {
    let rest = more.map_or_else(String::new, |more| format!(", about {more} more samples"));
    let fewest = whole(fewest);
    unknown(format!("{} has {fewest} trials on a side; at least {least} on each are needed{rest}", case.name), more)
}

fn unknown(why: String, more: Option<u64>) -> Finding {
    Finding { verdict: Verdict::Unknown, estimate: None, interval: None, ratio: None, confidence: CONFIDENCE, more, why }
}

/// The finding with its sentence; `of_baseline` is the interval as a fraction of the baseline.
pub(super) fn explained(case: &Case, finding: Finding, of_baseline: Option<[f64; 2]>) -> Finding {
    let relative = matches!(case.tolerance, Tolerance::Relative(_));
    // Shares of events are read in percent, and their differences in points.
    let points = case.canary.counts();
    let place = match (of_baseline, finding.interval) {
        (Some(parts), _) if relative => place(parts.map(|part| part * 100.0), " %"),
        (_, Some(interval)) if points => place(interval.map(|end| end * 100.0), " points"),
        (_, Some(interval)) => place(interval, ""),
        (_, None) => "not known".to_owned(),
    };
    let allowed = match case.tolerance {
        Tolerance::Relative(part) => format!("{} %", short(part * 100.0)),
        Tolerance::Absolute(size) if points => format!("{} points", short(size * 100.0)),
        Tolerance::Absolute(size) => short(size),
    };
    let allowed = match case.direction {
        Direction::Increase => format!("allowed is {allowed} above"),
        Direction::Decrease => format!("allowed is {allowed} below"),
        Direction::Either => format!("allowed is {allowed} either way"),
    };
    let rest = match (finding.verdict, finding.more) {
        (Verdict::Pass | Verdict::Fail, _) => String::new(),
        (Verdict::Unknown, Some(more)) => format!("; about {more} more samples would settle it"),
        (Verdict::Unknown, None) if relative && of_baseline.is_none() => {
            "; a share of nothing allows nothing, give an absolute tolerance".to_owned()
        }
        (Verdict::Unknown, None) => "; more samples alone will hardly settle it".to_owned(),
    };
    let why = format!("{} is {place} the baseline; {allowed}{rest}", case.name);
    Finding { why, ..finding }
}

/// The finding with the counts behind it.
pub(super) fn with_events(finding: Finding, canary: (f64, f64), baseline: (f64, f64)) -> Finding {
    let side = |(events, trials): (f64, f64)| format!("{} of {}", whole(events), whole(trials));
    let why = format!("{} ({} beside {})", finding.why, side(canary), side(baseline));
    Finding { why, ..finding }
}

/// Where an interval lies, seen from the baseline.
fn place([low, high]: [f64; 2], unit: &str) -> String {
    /// An interval that is wider than so many percent of the baseline tells a reader nothing by its ends.
    const WIDE: f64 = 1000.0;
    let (from, to) = (short(low.abs()), short(high.abs()));
    let unbounded = !high.is_finite();
    if unit == " %" && low < 0.0 && high > 0.0 && high - low > WIDE {
        return "too noisy to be placed beside".to_owned();
    }
    if low == 0.0 && high == 0.0 {
        "the same as".to_owned()
    } else if low >= 0.0 && unbounded {
        format!("{from}{unit} or more above")
    } else if unbounded {
        format!("{from}{unit} below or anything above")
    } else if low >= 0.0 {
        format!("{from}{unit} to {to}{unit} above")
    } else if high <= 0.0 {
        format!("{to}{unit} to {from}{unit} below")
    } else {
        format!("between {from}{unit} below and {to}{unit} above")
    }
}

/// A number with as many digits as a reader wants.
fn short(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e7).contains(&size) {
        format!("{number:.2e}")
    } else if size >= 10.0 {
        format!("{number:.0}")
    } else {
        // Three digits.
        let digits = (2 - size.log10().floor() as i32).max(0) as usize;
        let text = format!("{number:.digits$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A count; rates of counters make fractions of events.
fn whole(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}
