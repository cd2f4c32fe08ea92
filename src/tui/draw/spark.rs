//! The last minutes of a signal in a line of small bars.

use jiff::Timestamp;
use ratatui::style::Style;

use super::{View, health::Judged};
use crate::{
    health::Series,
    plan::{Side, Signal},
    tui::words,
};

/// The limits between which a signal is drawn: its thresholds belong to the picture, so that far below one looks low.
fn limits(signal: &Signal, numbers: &[Option<f64>]) -> (f64, f64) {
    let known = || numbers.iter().flatten().copied();
    let least = known().fold(f64::INFINITY, f64::min);
    let most = known().fold(f64::NEG_INFINITY, f64::max);
    let edge = signal.fail.or(signal.warn);
    match signal.bad {
        Side::Above => {
            let low = least.min(0.0);
            (low, edge.map_or(most + (most - low) * 0.6, |edge| most.max(edge)))
        }
        // What is well above its threshold stands in the middle, and falls from there.
        Side::Below => {
            let low = edge.map_or(least.min(0.0), |edge| least.min(edge));
            (low, most + (most - low) * 0.6)
        }
    }
}

/// How many samples may be out of order because numbers carry their source's time and gaps ours.
const SKEW: usize = 16;

/// The worst number of each stretch of time, the newest stretch last; none is a gap.
///
/// The stretches lie fixed in time and hold a few samples each, so that a new sample changes the last cell and not all of them.
fn stretches(signal: &Signal, series: &Series, columns: usize) -> Vec<Option<f64>> {
    let samples = (Series::CAPACITY / columns.max(1)).clamp(1, 4);
    let every = signal.every.as_millis().max(1);
    let long = every.saturating_mul(i64::try_from(samples).unwrap_or(1));
    let stretch = |at: Timestamp| at.as_millisecond().div_euclid(long);
    // Numbers and gaps are each in the order of their own clock, so the newest of either is among the last.
    let Some(newest) = series.iter().rev().take(SKEW).map(|sample| stretch(sample.at)).max() else { return Vec::new() };
    let mut worst: Vec<Option<f64>> = vec![None; columns];
    // The newest first, until so many lie before the picture that no other can be in it.
    let mut before = 0;
    for sample in series.iter().rev() {
        let back = usize::try_from(newest.saturating_sub(stretch(sample.at))).unwrap_or(usize::MAX);
        let Some(place) = columns.saturating_sub(1).checked_sub(back).and_then(|place| worst.get_mut(place)) else {
            before += 1;
            if before > SKEW {
                break;
            }
            continue;
        };
        if let Some(number) = sample.value.number() {
            let worse = |kept: f64| if signal.bad == Side::Above { kept.max(number) } else { kept.min(number) };
            *place = Some(place.map_or(number, worse));
        }
    }
    worst
}

/// The last minutes of a signal in one line. What was beyond a threshold has that look.
pub(super) fn sparkline(view: &View<'_>, of: Judged<'_>, columns: usize) -> Vec<(String, Style)> {
    let signal = of.signal;
    let Some(series) = view.release.series(of.id) else { return Vec::new() };
    let numbers = stretches(signal, series, columns);
    let (low, high) = limits(signal, &numbers);
    let look = |number: Option<f64>| {
        let beyond = |threshold: Option<f64>| match (threshold, number, signal.bad) {
            (Some(threshold), Some(number), Side::Above) => number >= threshold,
            (Some(threshold), Some(number), Side::Below) => number <= threshold,
            _ => false,
        };
        match () {
            () if beyond(signal.fail) => view.theme.bad,
            () if beyond(signal.warn) => view.theme.warn,
            () => view.theme.dim,
        }
    };
    let mut spans: Vec<(String, Style)> = Vec::new();
    for number in numbers {
        let bar = words::spark(number, low, high, view.glyphs);
        let own = look(number);
        match spans.last_mut() {
            Some((text, style)) if *style == own => text.push_str(bar),
            _ => spans.push((bar.to_owned(), own)),
        }
    }
    spans
}
