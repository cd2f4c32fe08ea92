//! How long a page of metrics takes: a large honest one, and those that are made to take long.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use flightdeck::{
    plan::Measure,
    sources::{
        exposition::{Format, LABELS, PAGE, parse_bytes},
        measure::{Asks, Histories, of_pages},
    },
};

/// Lines until the page is as large as it may be, or there are as many.
fn page(lines: usize, line: impl Fn(usize) -> String) -> Vec<u8> {
    let mut page = String::new();
    for line in (0..lines).map(line) {
        if page.len() + line.len() > PAGE {
            break;
        }
        page.push_str(&line);
    }
    page.into_bytes()
}

/// A service with 100,000 series: as many as may be on 8 MiB with labels of an honest length.
fn honest(more: usize) -> Vec<u8> {
    page(100_000, |nth| {
        let code = if nth % 10 == 0 { "503" } else { "200" };
        format!("http_requests_total{{code=\"{code}\",method=\"GET\",path=\"/api/v1/{nth}\"}} {}\n", nth + more)
    })
}

fn pages(c: &mut Criterion) {
    let mut group = c.benchmark_group("read a page of");
    group.sample_size(20);
    let labels: String = (1..LABELS).map(|nth| format!("l{}=\"\\n\",", LABELS - nth)).collect();
    for (what, body) in [
        ("100,000 series", honest(0)),
        ("labels, each with an escape, in the wrong order", page(usize::MAX, |nth| format!("b{{{labels}x=\"{nth}\"}} 1\n"))),
        ("types", page(200_000, |nth| format!("# TYPE a{nth} gauge\n"))),
        ("empty lines", page(usize::MAX, |_| "\n".to_owned())),
        ("digits", page(usize::MAX, |_| format!("b 0.{}\n", "1".repeat(65_000)))),
    ] {
        assert!(parse_bytes(&body, Format::Text).is_ok(), "{what}");
        group.bench_function(what, |b| b.iter(|| parse_bytes(black_box(&body), Format::Text).map(|page| page.samples.len())));
    }
    group.finish();
}

/// What a sampling computes: the page is read, the series are picked and their growth is added up.
fn ratio(c: &mut Criterion) {
    let measure = Measure::Ratio { of: "http_requests_total{code=~\"5..\"}".into(), over: "http_requests_total".into() };
    let asks = Asks { measure: &measure, window: Duration::from_secs(30), every: Duration::from_secs(5), percent: true };
    let pages = [honest(0), honest(1)];
    let mut histories = Histories::default();
    let mut now = Instant::now();
    let mut turn = 0;
    let mut group = c.benchmark_group("a ratio of");
    group.sample_size(20);
    group.bench_function("100,000 series", |b| {
        b.iter(|| {
            now += Duration::from_secs(5);
            turn += 1;
            let body = if turn % 2 == 0 { &pages[0] } else { &pages[1] };
            of_pages(&asks, &[(body, Format::Text)], now, &mut histories)
        });
    });
    group.finish();
}

criterion_group!(benches, pages, ratio);
criterion_main!(benches);
