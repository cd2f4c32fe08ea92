//! Pages of metrics, and what a measure makes of some of them in a row: nothing panics, bounds hold, and what counts never
//! runs backwards.
//!
//! The first byte chooses the measure, the second which pages are in which format and how far they are apart; the pages
//! follow, parted by zeros.

#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use flightdeck::{
    plan::Measure,
    sources::{
        exposition::{Format, LABELS, SAMPLES, parse_bytes},
        measure::{Asks, Histories, of_pages},
    },
};
use libfuzzer_sys::fuzz_target;

/// More pages than a window remembers say no more.
const PAGES: usize = 8;

static MEASURES: LazyLock<Vec<Measure>> = LazyLock::new(|| {
    let text = |text: &str| text.to_owned();
    vec![
        Measure::Value(text("a")),
        Measure::Value(text("a{x=~\".+\"}")),
        Measure::Rate(text("a")),
        Measure::Rate(text("a_total{x!=\"2\"}")),
        Measure::Ratio { of: text("a{x=\"1\"}"), over: text("a") },
        Measure::Ratio { of: text("h_bucket{le=\"1\"}"), over: text("h_count") },
        Measure::Quantile { of: text("h"), q: 0.9 },
        Measure::Quantile { of: text("s"), q: 0.5 },
    ]
});

fuzz_target!(|data: &[u8]| {
    let [measure, flags, rest @ ..] = data else { return };
    let pages: Vec<&[u8]> = rest.split(|byte| *byte == 0).take(PAGES).collect();
    for page in &pages {
        for format in [Format::Text, Format::OpenMetrics] {
            reads(page, format);
        }
    }
    let measure = &MEASURES[usize::from(*measure) % MEASURES.len()];
    let format = if flags & 1 == 0 { Format::Text } else { Format::OpenMetrics };
    let endpoints = if flags & 2 == 0 { 1 } else { 2 };
    let apart = Duration::from_secs(u64::from(flags >> 2));
    measures(measure, &pages, format, endpoints, apart);
});

fn reads(page: &[u8], format: Format) {
    // The same again is read the same. It is compared as text, for a number that is none does not equal itself.
    let shown = || format!("{:?}", parse_bytes(page, format).map(|page| page.samples));
    assert_eq!(shown(), shown());
    let Ok(read) = parse_bytes(page, format) else { return };
    assert!(read.samples.len() <= SAMPLES);
    for sample in &read.samples {
        assert!(!sample.name.is_empty());
        assert!(sample.labels.len() <= LABELS);
        assert!(sample.labels.is_sorted_by(|(one, _), (other, _)| one < other));
    }
    if format == Format::OpenMetrics {
        let text = std::str::from_utf8(page).expect("what was read is text");
        assert!(text.trim_end().ends_with("# EOF"));
    } else {
        let end = page.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        assert!(end.iter().all(|byte| b" \t\r".contains(byte)), "it was cut off");
    }
}

fn measures(measure: &Measure, pages: &[&[u8]], format: Format, endpoints: usize, apart: Duration) {
    let asks = Asks { measure, window: Duration::from_secs(30), every: Duration::from_secs(5), percent: false };
    let mut histories = Histories::default();
    let mut now = Instant::now();
    for pages in pages.chunks_exact(endpoints) {
        now += apart;
        let pages: Vec<(&[u8], Format)> = pages.iter().map(|page| (*page, format)).collect();
        let taken = of_pages(&asks, &pages, now, &mut histories);
        assert_eq!(taken.parts.len(), if endpoints > 1 { endpoints } else { 0 });
        if let Some(count) = taken.count {
            assert!(count.events >= 0.0 && count.events <= count.trials);
            assert!(count.trials > 0.0 && count.trials.is_finite());
            assert!(taken.whole.is_ok() && matches!(measure, Measure::Ratio { .. }));
        }
        let each = taken.parts.iter().map(|(_, part)| part);
        for measured in each.chain([&taken.whole]) {
            match (measure, measured) {
                (Measure::Rate(_) | Measure::Ratio { .. }, Ok((_, number))) => assert!(number.is_nan() || *number >= 0.0),
                (_, Ok(_)) => {}
                (_, Err(why)) => {
                    let why = why.to_string();
                    assert!(why.chars().count() <= 250 && !why.contains(char::is_control), "{why:?}");
                }
            }
        }
    }
}
