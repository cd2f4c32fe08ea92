//! Lines, whole pages, and what is none.

use proptest::prelude::*;

use super::*;

fn text(page: &str) -> Result<Page<'_>, ExpositionError> {
    parse(page, Format::Text)
}

fn open(page: &str) -> Result<Page<'_>, ExpositionError> {
    parse(page, Format::OpenMetrics)
}

/// A page's only sample, whichever format it is in.
fn one(line: &str) -> Point {
    let page = parse(line, if line.ends_with(END) { Format::OpenMetrics } else { Format::Text });
    let mut samples = page.unwrap_or_else(|error| panic!("{line}: {error}")).samples;
    assert_eq!(samples.len(), 1, "{line}");
    samples.remove(0).to_point()
}

fn shown(point: &Point) -> String {
    let labels: Vec<_> = point.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let at = point.at.map_or_else(String::new, |at| format!(" @{}", at.as_millisecond()));
    format!("{} [{}] {}{at}", point.name, labels.join(" "), point.value)
}

#[test]
fn lines() {
    for (line, expected) in [
        ("up 1", "up [] 1"),
        ("up{} 1", "up [] 1"),
        ("  up\t{ } \t1  \r", "up [] 1"),
        ("a:b_9{x=\"1\",y=\"2\"} 3.5e-2", "a:b_9 [x=1 y=2] 0.035"),
        ("a{y=\"2\",x=\"1\"} 1", "a [x=1 y=2] 1"),
        ("a{x=\"1\",} +Inf", "a [x=1] inf"),
        ("a -Inf", "a [] -inf"),
        ("a NaN", "a [] NaN"),
        ("a .5", "a [] 0.5"),
        ("a{x=\"q\\\"b\\\\n\\n\\d\"} 1", "a [x=q\"b\\n\n\\d] 1"),
        ("a{x=\"},{# \"} 1", "a [x=},{# ] 1"),
        ("a{x=\"日本\"} 1", "a [x=日本] 1"),
        ("a{x=\"\"} 1", "a [x=] 1"),
        ("{\"my.metric\",\"l.b\"=\"v\"} 1", "my.metric [l.b=v] 1"),
    ] {
        assert_eq!(shown(&one(&format!("{line}\n"))), expected, "{line}");
        assert_eq!(shown(&one(&format!("{line}\n# EOF"))), expected, "{line}");
    }
    for (line, expected) in [
        ("a 1 1395066363000\n", "a [] 1 @1395066363000"),
        ("a 1 -5\n", "a [] 1 @-5"),
        ("a 1 1395066363.25\n# EOF", "a [] 1 @1395066363250"),
        ("a 1 1395066363\n# EOF", "a [] 1 @1395066363000"),
        ("a 1 1.5e3\n# EOF", "a [] 1 @1500000"),
        ("a_bucket{le=\"1\"} 4 # {trace_id=\"x\"} 0.67 1.5\n# EOF", "a_bucket [le=1] 4"),
        ("a_total 1 2 # {} 3\n# EOF", "a_total [] 1 @2000"),
    ] {
        assert_eq!(shown(&one(line)), expected, "{line}");
    }
}

#[test]
fn pages() {
    let body = "# HELP a says \\n much\n# TYPE a counter\n# UNIT a seconds\na_total 1\na_created 1.5e9\n\n#comment\nb 2 5000\n";
    let expected = ["a_total [] 1", "a_created [] 1500000000"];
    let read = |page: Page<'_>| page.samples.iter().map(|sample| shown(&sample.to_point())).collect::<Vec<_>>();
    assert_eq!(read(text(body).unwrap()), [&expected[..], &["b [] 2 @5000"]].concat());
    for end in ["# EOF", "# EOF\n", "# EOF\r\n\n"] {
        assert_eq!(read(open(&format!("{body}{end}")).unwrap()), [&expected[..], &["b [] 2 @5000000"]].concat());
    }
    // In text it is a comment as any other.
    assert_eq!(text("a 1\n# EOF\nb 2\n").unwrap().samples.len(), 2);
    assert_eq!(text("").unwrap(), Page::default());
    assert_eq!(open("# EOF").unwrap().samples, []);
    assert_eq!(text("a 1\r\nb 2\r\n").unwrap().samples.len(), 2);
}

#[test]
fn kinds() {
    let page = "# TYPE a counter\n#TYPE b  gauge \n# TYPE \"c.d\" histogram\n# TYPEe f gauge\n# TYPE a counter\n\
        # TYPE twice counter\n# TYPE twice gauge\n# TYPE twice counter\n# TYPE i info\n# TYPE u untyped\n";
    let page = text(page).unwrap();
    for (name, kind) in [
        ("a", Kind::Counter),
        ("b", Kind::Gauge),
        ("c.d", Kind::Histogram),
        ("f", Kind::Unknown),
        ("twice", Kind::Unknown),
        ("i", Kind::Info),
        ("u", Kind::Unknown),
    ] {
        assert_eq!(page.kind(name), kind, "{name}");
    }
}

#[test]
fn formats() {
    for (content_type, expected) in [
        (None, Ok(Format::Text)),
        (Some("text/plain; version=0.0.4; charset=utf-8"), Ok(Format::Text)),
        (Some("application/octet-stream"), Ok(Format::Text)),
        (Some("application/openmetrics-text"), Ok(Format::OpenMetrics)),
        (Some("Application/OpenMetrics-Text; charset=utf-8; version=1.0.0"), Ok(Format::OpenMetrics)),
        (Some("application/openmetrics-text; version=\"0.0.1\""), Ok(Format::OpenMetrics)),
        (Some("application/openmetrics-text; version=2.0.0"), Err(FormatError::Version)),
        (Some("text/html; charset=utf-8"), Err(FormatError::Html)),
        (Some("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily"), Err(FormatError::Binary)),
    ] {
        assert_eq!(Format::of(content_type), expected, "{content_type:?}");
    }
}

#[test]
fn pages_cut_off() {
    const WITHIN: &str = "the page was cut off: it ends within a line";
    const EOF: &str = "the page was cut off: it does not end with `# EOF`";
    for (page, line) in [("a 1\nb 12", 2), ("a 1", 1), ("a 1\na{x=\"1", 2), ("# HEL", 1)] {
        assert_eq!(text(page), Err(ExpositionError { line, what: WITHIN }), "{page}");
    }
    for (page, line, what) in [
        ("", 1, EOF),
        ("a 1\n", 2, EOF),
        ("a 1\nb 12", 2, WITHIN),
        ("a 1\n# EO", 2, WITHIN),
        ("# EOF\na 1\n", 2, "there is something behind `# EOF`"),
        ("# EOF\n# EOF", 2, "there is something behind `# EOF`"),
        ("# EOF\na", 2, "there is something behind `# EOF`"),
    ] {
        assert_eq!(open(page), Err(ExpositionError { line, what }), "{page}");
    }
    // Wherever it is cut, it is not taken for a whole page.
    let whole = "# TYPE a counter\na_total{x=\"1\"} 12 # {t=\"1\"} 3 4.5\nb 1.25 1395066363.25\n# EOF\n";
    assert!(open(whole).is_ok());
    for length in 0..whole.len() - 1 {
        let cut = &whole[..length];
        assert!(open(cut).is_err() || cut.ends_with(END), "{cut}");
        assert!(text(cut).is_err() || cut.is_empty() || cut.ends_with('\n'), "{cut}");
    }
}

#[test]
fn hostile_pages() {
    for (line, what) in [
        ("<html>", "it is a web page, not metrics"),
        ("<!doctype html>", "it is a web page, not metrics"),
        ("b", "a value is missing"),
        ("a one", "the value is not a number"),
        ("a 0x10", "the value is not a number"),
        ("a 1_000", "the value is not a number"),
        ("a 1 2 3", "there is something behind the time"),
        ("a 1 1e99.", "the time is not a number of milliseconds"),
        ("a 1 soon", "the time is not a number of milliseconds"),
        ("a 1 1.5", "the time is not a number of milliseconds"),
        ("a 1 9223372036854775807", "the time is out of range"),
        ("a 1 # {} 2", "there is something behind the time"),
        ("a{x=\"1\" 1", "`,` or `}` is missing behind a label"),
        ("a{x=\"1} 1", "a closing quote is missing"),
        ("a{x=\"1\\", "a closing quote is missing"),
        ("a{x=\"1\\n", "a closing quote is missing"),
        ("a{x=1} 1", "a value in quotes is missing"),
        ("a{x} 1", "`=` is missing behind a label's name"),
        ("a{\"x\"} 1", "`=` is missing behind a label's name"),
        ("a{=\"1\"} 1", "a label's name is missing"),
        ("a{,} 1", "a label's name is missing"),
        ("a{x=\"1\",y=\"\",x=\"2\"} 1", "a label is there twice"),
        ("{x=\"1\"} 1", "a metric's name is missing"),
        ("9a 1", "a metric's name is missing"),
        ("é 1", "a metric's name is missing"),
        ("# TYPE a number", "no such type of metric"),
        ("# TYPE a", "a type is a metric's name and one word"),
        ("# TYPE a counter gauge", "a type is a metric's name and one word"),
        ("# TYPE \"a counter", "a closing quote is missing"),
    ] {
        assert_eq!(text(&format!("a 1\n\n{line}\n")), Err(ExpositionError { line: 3, what }), "{line}");
    }
    for (line, what) in [
        ("a 1 soon", "the time is not a number of seconds"),
        ("a 1 NaN", "the time is out of range"),
        ("a 1 1e99", "the time is out of range"),
        ("a 1 1e12", "the time is out of range"),
        ("a 1 9e11", "the time is out of range"),
        ("a 1 2 3", "there is something behind the time"),
        ("a 1 #", "an exemplar's labels are missing"),
        ("a 1 # 2", "an exemplar's labels are missing"),
        ("a 1 # {\"a\"} 2", "`=` is missing behind a label's name"),
        ("a 1 # {a=\"1", "a closing quote is missing"),
        ("a 1 # {a=\"1\"}", "a value is missing"),
        ("a 1 # {a=\"1\"} x", "the value is not a number"),
        ("a 1 # {} 1 x", "the time is not a number of seconds"),
        ("a 1 # {} 1 2 3", "there is something behind the exemplar"),
    ] {
        assert_eq!(open(&format!("{line}\n# EOF\n")), Err(ExpositionError { line: 1, what }), "{line}");
    }
    assert_eq!(parse_bytes(b"a 1\nb{x=\"\xff\"} 1\n", Format::Text).unwrap_err().line, 2);
    assert_eq!(text(&format!("a 1\na{{x=\"{}\"}} 1\n", "y".repeat(LINE))).unwrap_err().line, 2);
    assert_eq!(text(&"a 1\n".repeat(SAMPLES + 1)).unwrap_err().line, SAMPLES + 1);
    assert_eq!(text(&"\n".repeat(PAGE + 1)).unwrap_err().what, "the page is longer than 8 MiB");
    let labels = |count: usize| (0..count).map(|nth| format!("l{nth}=\"\",")).collect::<String>();
    assert!(text(&format!("a{{{}}} 1\n", labels(LABELS))).is_ok());
    assert_eq!(text(&format!("a{{{}}} 1\n", labels(LABELS + 1))).unwrap_err().what, "more than 128 labels");
    let types: String = (0..=SAMPLES).map(|nth| format!("# TYPE a{nth} gauge\n")).collect();
    assert_eq!(text(&types).unwrap_err().what, "more than 200000 types");
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), near in "[a1{}=\",\\\\# \n.eN+-]{0,60}", text in "\\PC{0,60}") {
        for format in [Format::Text, Format::OpenMetrics] {
            let _ = parse_bytes(&bytes, format);
            let _ = parse(&near, format);
            let _ = parse(&text, format);
        }
    }

    #[test]
    fn reads_back_what_was_written(
        name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,9}",
        labels in proptest::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,5}", any::<String>(), 0..4),
        value in any::<f64>(),
        millis in proptest::option::of(-1_000_000_000_000i64..4_000_000_000_000),
    ) {
        let escaped: Vec<_> = labels.iter()
            .map(|(label, value)| format!("{label}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")))
            .collect();
        let time = millis.map_or_else(String::new, |millis| format!(" {millis}"));
        let point = one(&format!("{name}{{{}}} {value:e}{time}\n", escaped.join(",")));
        prop_assert_eq!(point.name, name);
        prop_assert_eq!(point.labels, labels.into_iter().collect::<Vec<_>>());
        prop_assert!(point.value == value || (point.value.is_nan() && value.is_nan()));
        prop_assert_eq!(point.at.map(Timestamp::as_millisecond), millis);
    }
}
