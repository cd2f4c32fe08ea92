//! Bodies of a service that is broken or means harm, each read and each scraped from a real server: a sample says what is
//! wrong, in words that are safe to show, and no number is made up.
//!
//! The bodies are files in `bodies`, `.om` as OpenMetrics and the others as text; what cannot be a file is made here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod server;

use std::{collections::BTreeSet, path::Path};

use flightdeck::{
    health::{Sample, Series, Unknown, Value},
    plan::{Duration, Endpoints, Measure, Signal, Source},
    sources::{
        Context, Memory,
        exposition::{Format, PAGE, parse_bytes},
        http::http_client,
        sample,
    },
};
use server::{Answer, Server};

/// What is measured of a body.
#[derive(Clone, Copy)]
enum Asked {
    Value,
    Rate,
    Median,
}
use Asked::{Median, Rate, Value as Gauge};

/// What two scrapes of the same body give the second time. A number is written as such.
const EXPECTED: &[(&str, Asked, &str)] = &[
    ("a-counter.txt", Gauge, "1"),
    ("a-counter.txt", Rate, "0"),
    ("a-gauge.txt", Gauge, "1"),
    ("a-gauge.txt", Rate, "`a` is a gauge by its page, and only counters grow"),
    ("a-login.txt", Gauge, "line 1 of the page: it is a web page, not metrics"),
    ("behind-the-end.om", Rate, "line 4 of the page: there is something behind `# EOF`"),
    ("beyond-what-a-number-holds.txt", Gauge, "not a number"),
    ("beyond-what-a-number-holds.txt", Rate, "`a` is inf, which no counter can be"),
    ("both-infinities.txt", Gauge, "not a number"),
    ("bucket-bound-nan.txt", Median, "a bucket's `le` is no number"),
    ("bucket-without-bound.txt", Median, "a bucket's `le` is no number"),
    ("buckets-differ.txt", Median, "the histograms have different buckets, and cannot be added up"),
    ("buckets-fall.txt", Median, "no data"),
    ("byte-order-mark.txt", Gauge, "line 1 of the page: a metric's name is missing"),
    ("cut-in-a-label.txt", Gauge, "line 2 of the page: the page was cut off: it ends within a line"),
    ("cut-in-a-value.txt", Gauge, "line 2 of the page: the page was cut off: it ends within a line"),
    ("cut-in-an-exemplar.om", Rate, "line 2 of the page: a closing quote is missing"),
    ("escapes-in-a-name.txt", Gauge, "line 2 of the page: a metric's name is missing"),
    ("escapes-in-a-quoted-name.txt", Gauge, "1"),
    ("escapes-in-labels.txt", Gauge, "the page has `a` twice with the same labels"),
    ("half-an-end.om", Rate, "line 3 of the page: the page was cut off: it ends within a line"),
    ("hexadecimal.txt", Gauge, "line 1 of the page: the value is not a number"),
    ("infinite.txt", Gauge, "not a number"),
    ("infinite.txt", Rate, "`a` is inf, which no counter can be"),
    ("json.txt", Gauge, "line 1 of the page: `,` or `}` is missing behind a label"),
    ("label-twice.txt", Gauge, "line 1 of the page: a label is there twice"),
    ("nan.txt", Gauge, "not a number"),
    ("nan.txt", Rate, "`a` is NaN, which no counter can be"),
    ("negative.txt", Gauge, "-1"),
    ("negative.txt", Rate, "`a` is -1, which no counter can be"),
    ("no-end.om", Rate, "line 3 of the page: the page was cut off: it does not end with `# EOF`"),
    ("no-infinite-bucket.txt", Median, "the histogram has no bucket `+Inf`"),
    ("no-such-type.txt", Gauge, "line 1 of the page: no such type of metric"),
    ("not-utf8.txt", Gauge, "line 2 of the page: not UTF-8"),
    ("nothing.om", Gauge, "line 1 of the page: the page was cut off: it does not end with `# EOF`"),
    ("nothing.txt", Gauge, "no data"),
    ("nothing.txt", Rate, "no data"),
    ("only-comments.txt", Gauge, "no data"),
    ("returns-alone.txt", Gauge, "line 1 of the page: the page was cut off: it ends within a line"),
    ("summaries.txt", Median, "`h` is 2 series of a summary, and their quantiles cannot be added up"),
    ("summary-without-it.txt", Median, "the summary `h` has no quantile 0.5; it has 0.9"),
    ("time-in-the-far-future.txt", Gauge, "source clock is ahead"),
    ("time-long-gone.txt", Gauge, "1"),
    ("time-not-a-number.om", Gauge, "line 1 of the page: the time is out of range"),
    ("time-not-whole.txt", Gauge, "line 1 of the page: the time is not a number of milliseconds"),
    ("time-too-late.txt", Gauge, "line 1 of the page: the time is out of range"),
    ("twice.txt", Gauge, "the page has `a` twice with the same labels"),
    ("twice.txt", Rate, "the page has `a` twice with the same labels"),
    ("two-types.txt", Rate, "0"),
    ("utf16.txt", Gauge, "line 1 of the page: not UTF-8"),
    ("zeros.txt", Gauge, "line 2 of the page: a metric's name is missing"),
];

fn signal(url: &str, asked: Asked) -> Signal {
    let measure = match asked {
        Gauge => Measure::Value("a".into()),
        Rate => Measure::Rate("a".into()),
        Median => Measure::Quantile { of: "h".into(), q: 0.5 },
    };
    let source = Source::Scrape { url: Endpoints::One(url.into()), measure, window: Duration::from_secs(30) };
    Signal { timeout: Some(Duration::from_secs(60)), samples: 1, confirm: 1, ..Signal::of(source) }
}

fn context() -> Context {
    Context { http: http_client().unwrap(), folder: "/".into(), env: Vec::new(), started: jiff::Timestamp::UNIX_EPOCH }
}

/// Scrapes as often, and returns the last sample.
async fn scrape(signal: &Signal, times: usize) -> Sample {
    let context = context();
    let mut memory = Memory::default();
    let mut last = None;
    for _ in 0..times {
        last = Some(sample(signal, &context, &mut memory).await);
    }
    last.unwrap()
}

/// A sample in words: its number, or why there is none.
fn words(sample: &Sample) -> String {
    match &sample.value {
        Value::Number(number) => number.to_string(),
        Value::Missing(why) => why.to_string(),
    }
}

fn bodies() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/bodies")
}

fn format(name: &str) -> Format {
    if name.ends_with(".om") { Format::OpenMetrics } else { Format::Text }
}

#[test]
fn every_body_has_its_row() {
    let names = std::fs::read_dir(bodies()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.collect();
    let rows: BTreeSet<String> = EXPECTED.iter().map(|(name, _, _)| (*name).to_owned()).collect();
    assert_eq!(names, rows);
}

#[test]
fn bodies_are_read() {
    for (name, _, expected) in EXPECTED {
        let body = std::fs::read(bodies().join(name)).unwrap();
        let read = parse_bytes(&body, format(name));
        assert_eq!(
            read.as_ref().err().map(ToString::to_string).as_deref(),
            expected.starts_with("line ").then_some(*expected),
            "{name}"
        );
    }
}

#[tokio::test]
async fn bodies_are_scraped() {
    for (name, asked, expected) in EXPECTED {
        let body = std::fs::read(bodies().join(name)).unwrap();
        let content_type = match format(name) {
            Format::Text => "text/plain; version=0.0.4",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        };
        let server = Server::start(Answer::Body(content_type, body)).await;
        let shown = words(&scrape(&signal(&server.url(), *asked), 2).await);
        if expected.starts_with("source clock") {
            assert!(shown.starts_with(expected), "{name}: {shown}");
        } else {
            assert_eq!(shown, *expected, "{name}");
        }
        assert!(!shown.contains(flightdeck::text::is_unsafe), "{name}: {shown:?}");
    }
}

#[tokio::test]
async fn what_is_no_page_says_so() {
    let page = b"a 1\n".to_vec();
    for (content_type, expected) in [
        ("text/html", "the answer is a web page, not metrics"),
        ("application/vnd.google.protobuf", "the answer is in Prometheus' binary format, which is not understood"),
        (
            "application/openmetrics-text; version=2.0.0",
            "the answer is in a version of OpenMetrics that is not understood; 1.0 is",
        ),
        ("\u{e9}", "1"),
    ] {
        let server = Server::start(Answer::Body(content_type, page.clone())).await;
        assert_eq!(words(&scrape(&signal(&server.url(), Gauge), 1).await), expected);
    }
}

/// Pages as large as they may be, of what takes the most work.
fn large() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let fill = |line: &dyn Fn(usize) -> String, end: &str| {
        let mut page = String::new();
        for nth in 0.. {
            let line = line(nth);
            if page.len() + line.len() + end.len() > PAGE {
                break;
            }
            page.push_str(&line);
        }
        (page + end).into_bytes()
    };
    let labels: String = (0..128).map(|nth| format!("l{nth}=\"\\n\",")).collect();
    let many = "line 1 of the page: more than 128 labels";
    let long = "line 1 of the page: longer than 64 KiB";
    vec![
        ("empty lines", fill(&|_| "\n".into(), "a 1\n"), "1"),
        ("comments", fill(&|_| "#\n".into(), "a 1\n"), "1"),
        ("samples", fill(&|_| "b 1\n".into(), "a 1\n"), "line 200001 of the page: more than 200000 samples"),
        ("types", fill(&|nth| format!("# TYPE b{nth} gauge\n"), "a 1\n"), "line 200001 of the page: more than 200000 types"),
        ("one type", fill(&|_| "# TYPE b gauge\n".into(), "a 1\n"), "1"),
        ("labels", fill(&|nth| format!("b{{{labels}x=\"{nth}\"}} 1\n").replace("l127=\"\\n\",", ""), "a 1\n"), "1"),
        ("too many labels", fill(&|nth| format!("a{{{labels}x=\"{nth}\"}} 1\n"), ""), many),
        ("one line", fill(&|_| "a".into(), " 1\n"), long),
        ("an open quote", fill(&|nth| if nth == 0 { "a{x=\"".into() } else { "\\\\".into() }, "\n"), long),
        ("digits", fill(&|_| format!("b 0.{}\n", "1".repeat(65_000)), "a 1\n"), "1"),
        ("exponents", fill(&|_| format!("b 1e{}\n", "9".repeat(65_000)), "a 1\n"), "1"),
    ]
}

#[tokio::test]
async fn large_pages_are_bounded() {
    for (what, body, expected) in large() {
        assert!(body.len() <= PAGE, "{what}");
        let server = Server::start(Answer::Body("text/plain", body)).await;
        assert_eq!(words(&scrape(&signal(&server.url(), Gauge), 1).await), expected, "{what}");
    }
}

#[tokio::test]
async fn nothing_goes_on_for_ever() {
    for (answer, expected) in [
        (Answer::Endless("", "a 1\n"), Some("the page is longer than 8 MiB")),
        (Answer::Endless("", "a"), Some("the page is longer than 8 MiB")),
        (Answer::Endless("content-length: 99999999999\r\n", "a 1\n"), Some("the page is longer than 8 MiB")),
        (Answer::EndlessHeaders, None),
        (Answer::Drip(""), Some("no answer within 300ms")),
        (Answer::Drip("a 1\n"), Some("no answer within 300ms")),
        (Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na 1\n".to_vec()), None),
        (Answer::Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\na 1\n\r\n".to_vec()), None),
        (Answer::Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\na 1\n".to_vec()), None),
        (Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\na 1\n".to_vec()), None),
        (
            Answer::Raw(b"HTTP/1.1 200 OK\r\n\r\na 1".to_vec()),
            Some("line 1 of the page: the page was cut off: it ends within a line"),
        ),
    ] {
        let drips = matches!(answer, Answer::Drip(_));
        let server = Server::start(answer).await;
        let mut signal = signal(&server.url(), Gauge);
        if drips {
            signal.timeout = Some(Duration::from_millis(300));
        }
        let sample = scrape(&signal, 1).await;
        let Value::Missing(Unknown::Error(why)) = &sample.value else { panic!("{sample:?}") };
        if let Some(expected) = expected {
            assert_eq!(why, expected);
        }
    }
}

/// A page that is small on the way and large when unpacked. Whether the client unpacks it or not, it is no page.
#[tokio::test]
async fn a_bomb() {
    let bomb = std::fs::read(bodies().with_file_name("bomb.gz")).unwrap();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bomb.len());
    let server = Server::start(Answer::Raw([head.into_bytes(), bomb].concat())).await;
    let sample = scrape(&signal(&server.url(), Gauge), 1).await;
    let expected = ["the page is longer than 8 MiB", "line 1 of the page: not UTF-8"];
    assert!(expected.contains(&words(&sample).as_str()), "{sample:?}");
}

/// What a page dates back is not news: the number that is known grows old.
#[tokio::test]
async fn a_time_that_runs_backwards_is_stale() {
    let server = Server::start(Answer::InTurn(vec!["a 5 2000000\n", "a 6 1000000\n", "a 7 2000000\n"])).await;
    let signal = signal(&server.url(), Gauge);
    let context = context();
    let (mut memory, mut series) = (Memory::default(), Series::new());
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(series.push(sample(&signal, &context, &mut memory).await));
    }
    assert_eq!(taken, [true, false, false]);
    assert_eq!(series.latest_number().map(|(at, number)| (at.as_second(), number)), Some((2000, 5.0)));
    let judged = flightdeck::health::judge(&signal, &series, jiff::Timestamp::from_second(2060).unwrap());
    assert_eq!(judged.why, "stale, 60 s old");
}
