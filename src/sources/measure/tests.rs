//! The rules of growth, one row each, and several endpoints.

use proptest::prelude::*;

use super::*;

/// Scrapes these pages of several endpoints, so many seconds apart; one that fails is written as `!`.
fn taken(measure: &Measure, percent: bool, scrapes: &[(u64, &[&str])]) -> Vec<Taken> {
    let asks = Asks { measure, window: Duration::from_secs(30), every: Duration::from_secs(5), percent };
    let mut histories = Histories::default();
    let mut now = Instant::now();
    let scrape = |(later, pages): &(u64, &[&str])| {
        now += Duration::from_secs(*later);
        let wanted = match Wanted::new(measure) {
            Ok(wanted) => wanted,
            Err(why) => return Taken::from(Err(why)),
        };
        let page = |page: &&str| match *page {
            "!" => Err(Unknown::Error("HTTP status 503".into())),
            page if page.ends_with("# EOF") => wanted.read(page.as_bytes(), Format::OpenMetrics),
            page => wanted.read(format!("{page}\n").as_bytes(), Format::Text),
        };
        let names: Vec<String> = ["a:1", "b:2", "c:3"].iter().take(pages.len()).map(|name| (*name).to_owned()).collect();
        super::measure(asks.terms(), &wanted, &names, pages.iter().map(page).collect(), now, &mut histories)
    };
    scrapes.iter().map(scrape).collect()
}

/// Scrapes these pages of one endpoint, so many seconds apart, and returns what each gives.
fn scrapes(measure: &Measure, percent: bool, pages: &[(u64, &str)]) -> Vec<Result<f64, Unknown>> {
    let each: Vec<[&str; 1]> = pages.iter().map(|(_, page)| [*page]).collect();
    let pages: Vec<(u64, &[&str])> = pages.iter().zip(&each).map(|((later, _), page)| (*later, &page[..])).collect();
    let number = |taken: Taken| {
        assert!(taken.parts.is_empty());
        taken.whole.map(|(_, number)| number)
    };
    taken(measure, percent, &pages).into_iter().map(number).collect()
}

fn error(why: &str) -> Unknown {
    Unknown::Error(why.to_owned())
}

const NONE: Result<f64, Unknown> = Err(Unknown::NoData);

#[test]
fn gauges() {
    let page = "a{x=\"1\"} 1.5\na{x=\"2\"} 2\nb 7\nn NaN\n";
    for (selector, expected) in [("a", Ok(3.5)), ("a{x=\"2\"}", Ok(2.0)), ("a{x=\"3\"}", NONE), ("c", NONE)] {
        assert_eq!(scrapes(&Measure::Value(selector.into()), false, &[(0, page)]), [expected], "{selector}");
    }
    assert!(scrapes(&Measure::Value("n".into()), false, &[(0, page)])[0].as_ref().unwrap().is_nan());
    let error = scrapes(&Measure::Value("a b".into()), false, &[(0, page)]).remove(0);
    assert_eq!(error, Err(Unknown::Error("`a b` is not a selector of series: the end is wanted at `b`".into())));
}

#[test]
fn rates() {
    let rate = Measure::Rate("a".into());
    for (pages, expected) in [
        (&[(0_u64, "a 5"), (5, "a 15")] as &[_], vec![NONE, Ok(2.0)]),
        (&[(0, "a 5"), (0, "a 15")], vec![NONE, NONE]),
        // 10 in 5 s, then 10 more in 15 s
        (&[(0, "a 0"), (5, "a 10"), (15, "a 20")], vec![NONE, Ok(2.0), Ok(1.0)]),
        // a restart: 10, then 5 after it
        (&[(0, "a 100"), (5, "a 110"), (5, "a 5")], vec![NONE, Ok(2.0), Ok(1.5)]),
        // one series restarts, the other goes on
        (&[(0, "a{x=\"1\"} 100\na{x=\"2\"} 1000"), (10, "a{x=\"1\"} 10\na{x=\"2\"} 1010")], vec![NONE, Ok(2.0)]),
        // one is born
        (&[(0, "a{x=\"1\"} 100"), (10, "a{x=\"1\"} 100\na{x=\"2\"} 20")], vec![NONE, Ok(2.0)]),
        // one vanishes for a scrape
        (&[(0, "a 100\nb 1"), (5, "b 1"), (5, "a 120\nb 1")], vec![NONE, NONE, Ok(2.0)]),
        // a pause longer than twice the window
        (&[(0, "a 0"), (5, "a 10"), (61, "a 900"), (5, "a 910")], vec![NONE, Ok(2.0), NONE, Ok(2.0)]),
        (&[(0, "b 0"), (5, "b 10")], vec![NONE, NONE]),
    ] {
        assert_eq!(scrapes(&rate, false, pages), expected, "{pages:?}");
    }
    // The labels' order is no difference.
    let pages = [(0, "a{x=\"1\",y=\"2\"} 5"), (5, "a{y=\"2\",x=\"1\"} 15")];
    assert_eq!(scrapes(&rate, false, &pages)[1], Ok(2.0));
    let twice = "a{x=\"1\"} 5\na{x=\"1\"} 6";
    let error = Err(Unknown::Error("the page has `a` twice with the same labels".into()));
    assert_eq!(scrapes(&rate, false, &[(0, twice)]), [error]);
}

#[test]
fn the_window_slides() {
    let mut pages: Vec<(u64, String)> = vec![(5, "a 0".into())];
    pages.extend((1..=10).map(|_| (5, "a 1000".to_owned())));
    let pages: Vec<(u64, &str)> = pages.iter().map(|(later, page)| (*later, page.as_str())).collect();
    let rates = scrapes(&Measure::Rate("a".into()), false, &pages);
    assert_eq!(rates[1], Ok(200.0));
    assert_eq!(rates[6], Ok(1000.0 / 30.0));
    assert_eq!(rates[7], Ok(0.0));
    assert_eq!(rates[10], Ok(0.0));
}

#[test]
fn ratios() {
    let ratio = Measure::Ratio { of: "r{code=~\"5..\"}".into(), over: "r".into() };
    let page = |ok: u32, bad: u32| format!("r{{code=\"200\"}} {ok}\nr{{code=\"500\"}} {bad}");
    for (before, after, expected) in [
        (page(0, 0), page(99, 1), Ok(0.01)),
        (page(100, 50), page(200, 50), Ok(0.0)),
        (page(5, 5), page(5, 5), NONE),
        // the first failure, and none yet
        ("r{code=\"200\"} 10".into(), page(13, 1), Ok(0.25)),
        ("r{code=\"200\"} 10".into(), "r{code=\"200\"} 20".into(), Ok(0.0)),
        // no such label, no such metric
        ("r{status=\"200\"} 10".into(), "r{status=\"200\"} 20".into(), NONE),
        ("s 10".into(), "s 20".into(), NONE),
    ] {
        let pages = [(0, before.as_str()), (5, after.as_str())];
        assert_eq!(scrapes(&ratio, false, &pages), [NONE, expected.clone()], "{before} {after}");
        assert_eq!(scrapes(&ratio, true, &pages)[1], expected.map(|number| number * 100.0));
    }
}

#[test]
fn quantiles_of_pages() {
    let page = |counts: [u32; 3]| {
        let mut page = String::new();
        for instance in ["1", "2"] {
            for (le, count) in ["0.1", "1", "+Inf"].iter().zip(counts) {
                page.push_str(&format!("h_bucket{{i=\"{instance}\",le=\"{le}\"}} {count}\n"));
            }
        }
        page
    };
    let half = Measure::Quantile { of: "h".into(), q: 0.5 };
    let before = page([100, 100, 100]);
    for (after, expected) in [
        (page([110, 110, 110]), Ok(0.05)),
        (page([100, 110, 110]), Ok(0.55)),
        (page([100, 100, 110]), Ok(1.0)),
        (page([100, 100, 100]), NONE),
        (page([5, 5, 5]), Ok(0.05)),
    ] {
        assert_eq!(scrapes(&half, false, &[(0, &before), (5, &after)]), [NONE, expected], "{after}");
    }
    let error = |why: &str| Err(Unknown::Error(why.into()));
    for (page, expected) in [
        ("h_bucket{le=\"x\"} 1", error("a bucket's `le` is no number")),
        ("h_bucket 1", error("a bucket's `le` is no number")),
        ("h_bucket{le=\"1\"} 1", error("the histogram has no buckets with a bound")),
        ("h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1", error("the histogram has no bucket `+Inf`")),
        ("h_sum 1", NONE),
    ] {
        assert_eq!(scrapes(&half, false, &[(0, page), (5, page)])[1], expected, "{page}");
    }
}

/// What becomes of a counter, and why.
#[test]
fn what_becomes_of_counters() {
    let wrong = |value: &str| Err(error(&format!("`a` is {value}, which no counter can be")));
    for (why, pages, expected) in [
        ("it grew", &[(0_u64, "a 5"), (10, "a 15")] as &[_], vec![NONE, Ok(1.0)]),
        ("it stands", &[(0, "a 5"), (10, "a 5")], vec![NONE, Ok(0.0)]),
        ("it fell, so it was started over, and grew by what it is", &[(0, "a 100"), (10, "a 5")], vec![NONE, Ok(0.5)]),
        ("it fell to zero", &[(0, "a 100"), (10, "a 0")], vec![NONE, Ok(0.0)]),
        (
            "one starts over, the other does not hide it",
            &[(0, "a{x=\"1\"} 100\na{x=\"2\"} 100"), (10, "a{x=\"1\"} 10\na{x=\"2\"} 200")],
            vec![NONE, Ok(11.0)],
        ),
        ("one is born at zero", &[(0, "a{x=\"1\"} 1"), (10, "a{x=\"1\"} 1\na{x=\"2\"} 20")], vec![NONE, Ok(2.0)]),
        (
            "one vanishes, and what it did stays in the window",
            &[(0, "a{x=\"1\"} 1\na{x=\"2\"} 1"), (10, "a{x=\"1\"} 1\na{x=\"2\"} 11"), (10, "a{x=\"1\"} 1")],
            vec![NONE, Ok(1.0), Ok(0.5)],
        ),
        (
            "one comes back, and goes on from where it was",
            &[(0, "a{x=\"1\"} 0\na{x=\"2\"} 50"), (10, "a{x=\"1\"} 0"), (10, "a{x=\"1\"} 0\na{x=\"2\"} 60")],
            vec![NONE, Ok(0.0), Ok(0.5)],
        ),
        (
            "one comes back after a long time, and goes on from where it is",
            &[
                (0, "a{x=\"1\"} 0\na{x=\"2\"} 50"),
                (30, "a{x=\"1\"} 0"),
                (40, "a{x=\"1\"} 0\na{x=\"2\"} 5000"),
                (30, "a{x=\"1\"} 0\na{x=\"2\"} 5030"),
            ],
            vec![NONE, Ok(0.0), Ok(0.0), Ok(1.0)],
        ),
        (
            "its own time runs backwards: that is nothing new",
            &[(0, "a 5 20000"), (10, "a 15 30000"), (10, "a 5 20000"), (10, "a 25 40000")],
            vec![NONE, Ok(1.0), Ok(0.5), Ok(2.0 / 3.0)],
        ),
        ("it is shown again as it was", &[(0, "a 5 20000"), (10, "a 5 20000")], vec![NONE, Ok(0.0)]),
        ("not a number", &[(0, "a 5"), (10, "a NaN"), (10, "a 25")], vec![NONE, wrong("NaN"), Ok(1.0)]),
        ("infinite", &[(0, "a 5"), (10, "a +Inf"), (10, "a 25")], vec![NONE, wrong("inf"), Ok(1.0)]),
        ("negative", &[(0, "a 5"), (10, "a -1"), (10, "a 25")], vec![NONE, wrong("-1"), Ok(1.0)]),
        ("wrong at first", &[(0, "a NaN"), (10, "a 5"), (10, "a 15")], vec![wrong("NaN"), NONE, Ok(1.0)]),
        (
            "it is there twice, and nobody knows which it is",
            &[(0, "a 5"), (10, "a 6\na 7"), (10, "a 25")],
            vec![NONE, Err(error("the page has `a` twice with the same labels")), Ok(1.0)],
        ),
        (
            "more than can be added up",
            &[(0, "a 0\na{x=\"1\"} 0"), (1, "a 1e308\na{x=\"1\"} 1e308")],
            vec![NONE, Ok(f64::INFINITY)],
        ),
    ] {
        assert_eq!(scrapes(&Measure::Rate("a".into()), false, pages), expected, "{why}");
    }
}

#[test]
fn a_gauge_there_twice_is_not_added_up() {
    let twice = "a{x=\"1\",y=\"2\"} 5\na{y=\"2\",x=\"1\"} 5";
    let expected = error("the page has `a` twice with the same labels");
    assert_eq!(scrapes(&Measure::Value("a".into()), false, &[(0, twice)]), [Err(expected)]);
}

#[test]
fn a_sample_is_as_old_as_its_oldest_part() {
    let at = |page: &str| {
        let measures =
            [Measure::Value("a".into()), Measure::Rate("a".into()), Measure::Ratio { of: "b".into(), over: "a".into() }];
        measures.map(|measure| {
            let before = page.replace("000000", "000").replace(" 1 ", " 0 ").replace(" 1\n", " 0\n");
            let taken = taken(&measure, false, &[(0, &[&before]), (5, &[page])]).pop().unwrap();
            taken.whole.unwrap().0.map(Timestamp::as_second)
        })
    };
    assert_eq!(at("a 1\nb 1\n"), [None; 3]);
    assert_eq!(at("a 1 5000000\nb 1\n"), [Some(5000); 3]);
    assert_eq!(at("a{x=\"1\"} 1 5000000\na{x=\"2\"} 1 4000000\na 1\nb 1 1000000\n"), [Some(4000); 3]);
}

#[test]
fn ratios_count() {
    let ratio = Measure::Ratio { of: "bad".into(), over: "all".into() };
    let page = |bad: i32, all: i32| format!("bad {bad}\nall {all}");
    let count = |events, trials| Some(Count { events, trials });
    for (why, pages, expected) in [
        ("none before the second scrape", vec![page(1, 10)], vec![None]),
        (
            "since the scrape before, not over the window",
            vec![page(1, 10), page(2, 20), page(5, 40)],
            vec![None, count(1.0, 10.0), count(3.0, 20.0)],
        ),
        ("nothing was tried", vec![page(1, 10), page(2, 20), page(2, 20)], vec![None, count(1.0, 10.0), None]),
        ("nothing went wrong", vec![page(1, 10), page(1, 20)], vec![None, count(0.0, 10.0)]),
        ("a failed scrape loses nothing", vec![page(1, 10), "!".into(), page(3, 30)], vec![None, None, count(2.0, 20.0)]),
        ("started over", vec![page(1, 10), page(0, 7)], vec![None, count(0.0, 7.0)]),
        ("read between an event and its trial", vec![page(0, 10), page(1, 10), page(1, 12)], vec![None, None, count(1.0, 2.0)]),
        ("no part of it", vec![page(0, 0), page(9, 3), page(18, 6)], vec![None, None, None]),
    ] {
        let pages: Vec<[&str; 1]> = pages.iter().map(|page| [page.as_str()]).collect();
        let pages: Vec<(u64, &[&str])> = pages.iter().map(|page| (5, &page[..])).collect();
        let counts: Vec<Option<Count>> = taken(&ratio, true, &pages).into_iter().map(|taken| taken.count).collect();
        assert_eq!(counts, expected, "{why}");
    }
    let other = taken(&Measure::Rate("all".into()), false, &[(0, &["all 1"]), (5, &["all 2"])]);
    assert!(other.iter().all(|taken| taken.count.is_none()));
}

type Number = Result<f64, Unknown>;

/// The numbers of the whole and of each part.
fn numbers(taken: &Taken) -> (Number, Vec<(&str, Number)>) {
    let number = |measured: &Measured| measured.clone().map(|(_, number)| number);
    (number(&taken.whole), taken.parts.iter().map(|(name, part)| (name.as_str(), number(part))).collect())
}

#[test]
fn several_endpoints_are_measured_as_one() {
    let down = || Err(error("HTTP status 503"));
    let fails = |which: &str| Err(error(&format!("1 of 2 endpoints fails: {which}: HTTP status 503")));
    let no_data = Err(error("1 of 2 endpoints has no data: b:2"));
    let ratio = || Measure::Ratio { of: "r{code=\"500\"}".into(), over: "r".into() };
    let half = || Measure::Quantile { of: "h".into(), q: 0.5 };
    let r = |ok: u32, bad: u32| format!("r{{code=\"200\"}} {ok}\nr{{code=\"500\"}} {bad}");
    let h = |le: &str, low: u32, all: u32| format!("h_bucket{{le=\"{le}\"}} {low}\nh_bucket{{le=\"+Inf\"}} {all}");
    let s = String::from;
    let differ = "the endpoints' histograms have different buckets, and cannot be added up";
    for (why, measure, scrapes, whole, parts) in [
        ("gauges add up", Measure::Value(s("g")), vec![[s("g 1"), s("g 2")]], Ok(3.0), [Ok(1.0), Ok(2.0)]),
        ("a missing gauge is not zero", Measure::Value(s("g")), vec![[s("g 1"), s("f 2")]], no_data.clone(), [Ok(1.0), NONE]),
        ("no gauge anywhere", Measure::Value(s("g")), vec![[s("f 1"), s("f 2")]], NONE, [NONE, NONE]),
        ("one is down", Measure::Value(s("g")), vec![[s("g 1"), s("!")]], fails("b:2"), [Ok(1.0), down()]),
        (
            "rates add up",
            Measure::Rate(s("g")),
            vec![[s("g 5"), s("g 1000")], [s("g 10"), s("g 1020")]],
            Ok(5.0),
            [Ok(1.0), Ok(4.0)],
        ),
        (
            "one starts over",
            Measure::Rate(s("g")),
            vec![[s("g 5"), s("g 1000")], [s("g 10"), s("g 10")]],
            Ok(3.0),
            [Ok(1.0), Ok(2.0)],
        ),
        (
            "the same series of two endpoints are two",
            Measure::Rate(s("g")),
            vec![[s("g 1000"), s("g 5")], [s("g 1000"), s("g 5")]],
            Ok(0.0),
            [Ok(0.0), Ok(0.0)],
        ),
        (
            "what one did before it was first seen is not known",
            Measure::Rate(s("g")),
            vec![[s("g 5"), s("!")], [s("g 10"), s("g 10")]],
            NONE,
            [Ok(1.0), NONE],
        ),
        (
            "one that was down grew meanwhile",
            Measure::Rate(s("g")),
            vec![[s("g 0"), s("g 0")], [s("g 5"), s("!")], [s("g 10"), s("g 20")]],
            Ok(3.0),
            [Ok(1.0), Ok(2.0)],
        ),
        ("a ratio is of all", ratio(), vec![[r(0, 0), r(0, 0)], [r(90, 0), r(0, 10)]], Ok(0.1), [Ok(0.0), Ok(1.0)]),
        ("one has nothing to do", ratio(), vec![[r(0, 0), s("up 1")], [r(8, 2), s("up 1")]], Ok(0.2), [Ok(0.2), NONE]),
        ("one says nothing at all", ratio(), vec![[r(0, 0), r(0, 0)], [r(8, 2), s("")]], no_data, [Ok(0.2), NONE]),
        ("the label is at one", ratio(), vec![[s("r 1"), r(0, 0)], [s("r 9"), r(2, 0)]], Ok(0.0), [NONE, Ok(0.0)]),
        (
            "a quantile is of all",
            half(),
            vec![[h("1", 0, 0), h("1", 0, 0)], [h("1", 10, 10), h("1", 20, 30)]],
            Ok(2.0 / 3.0),
            [Ok(0.5), Ok(0.75)],
        ),
        (
            "other buckets",
            half(),
            vec![[h("1", 0, 0), h("2", 0, 0)], [h("1", 10, 10), h("2", 20, 20)]],
            Err(error(differ)),
            [Ok(0.5), Ok(1.0)],
        ),
    ] {
        let pages: Vec<[&str; 2]> = scrapes.iter().map(|pages| [pages[0].as_str(), pages[1].as_str()]).collect();
        let pages: Vec<(u64, &[&str])> = pages.iter().map(|pages| (5, &pages[..])).collect();
        let last = taken(&measure, false, &pages).pop().unwrap();
        let [one, two] = parts;
        assert_eq!(numbers(&last), (whole, vec![("a:1", one), ("b:2", two)]), "{why}");
    }
}

#[test]
fn counts_are_of_all_endpoints() {
    let ratio = Measure::Ratio { of: "bad".into(), over: "all".into() };
    let scrapes: [(u64, &[&str]); 4] = [
        (5, &["bad 0\nall 0", "bad 0\nall 0"]),
        (5, &["bad 1\nall 10", "bad 0\nall 20"]),
        (5, &["bad 2\nall 20", "!"]),
        (5, &["bad 2\nall 30", "bad 5\nall 50"]),
    ];
    let taken = taken(&ratio, false, &scrapes);
    let counts: Vec<Option<Count>> = taken.iter().map(|taken| taken.count).collect();
    // What the first did while the second was down is counted too, once.
    let count = |events, trials| Some(Count { events, trials });
    assert_eq!(counts, [None, count(1.0, 30.0), None, count(6.0, 50.0)]);
}

#[test]
fn histograms_that_differ_are_not_added_up() {
    let half = Measure::Quantile { of: "h".into(), q: 0.5 };
    let page = |bounds: &[&str], each: u32| {
        let buckets = bounds.iter().zip(1..).map(|(le, nth)| format!("h_bucket{{le=\"{le}\"}} {}\n", each * nth));
        buckets.collect::<String>()
    };
    // A new version with other buckets begins anew.
    let (old, new) = (["1", "2", "+Inf"], ["4", "+Inf"]);
    let pages = [page(&old, 0), page(&old, 10), page(&new, 0), page(&new, 5), page(&new, 10)];
    let pages: Vec<(u64, &str)> = pages.iter().map(|page| (5, page.as_str())).collect();
    assert_eq!(scrapes(&half, false, &pages), [NONE, Ok(1.5), NONE, Ok(4.0), Ok(4.0)]);

    let differ = "h_bucket{i=\"1\",le=\"1\"} 1\nh_bucket{i=\"1\",le=\"+Inf\"} 1\nh_bucket{i=\"2\",le=\"+Inf\"} 1";
    let expected = error("the histograms have different buckets, and cannot be added up");
    assert_eq!(scrapes(&half, false, &[(0, differ)]), [Err(expected)]);
    let many: Vec<String> = (0..600).map(|le| le.to_string()).collect();
    let many = page(&many.iter().map(String::as_str).collect::<Vec<_>>(), 1);
    assert_eq!(scrapes(&half, false, &[(0, &many)]), [Err(error("the histogram has more than 512 buckets"))]);
}

#[test]
fn a_page_may_say_what_its_metrics_are() {
    let (a, b) = (String::from("a"), String::from("b"));
    let value = || Measure::Value(a.clone());
    let rate = || Measure::Rate(a.clone());
    let ratio = || Measure::Ratio { of: a.clone(), over: b.clone() };
    let of = |of: &str| Measure::Rate(of.to_owned());
    let quantile = || Measure::Quantile { of: a.clone(), q: 0.5 };
    let refused = |what: &str| Err(error(&format!("{what} by its page, and only counters grow")));
    for (measure, page, expected) in [
        (value(), "# TYPE a gauge\na 1", Ok(1.0)),
        // It falls with each restart, but that is what was asked for.
        (value(), "# TYPE a counter\na 1", Ok(1.0)),
        (value(), "# TYPE a counter\na_total 1\n# EOF", Ok(1.0)),
        (rate(), "# TYPE a counter\na 1", NONE),
        (rate(), "# TYPE a counter\na_total 1\n# EOF", NONE),
        (of("a_total"), "# TYPE a counter\na_total 1\n# EOF", NONE),
        (rate(), "# TYPE a untyped\na 1", NONE),
        (rate(), "# TYPE a gauge\na 1", refused("`a` is a gauge")),
        (rate(), "# TYPE a gauge\n", refused("`a` is a gauge")),
        (rate(), "# TYPE a gauge\n# TYPE a counter\na 1", NONE),
        (rate(), "# TYPE a summary\na{quantile=\"0.5\"} 1", refused("`a` is a summary's quantile")),
        (of("a_count"), "# TYPE a summary\na_count 1", NONE),
        (of("a_bucket"), "# TYPE a histogram\na_bucket{le=\"1\"} 1", NONE),
        (of("a_created"), "# TYPE a counter\na_created 1\n# EOF", refused("`a_created` is a gauge")),
        (of("a_gcount"), "# TYPE a gaugehistogram\na_gcount 1\n# EOF", refused("`a_gcount` is a gauge histogram")),
        (of("a_info"), "# TYPE a info\na_info 1\n# EOF", refused("`a_info` is no number of anything")),
        (rate(), "# TYPE a stateset\na 1\n# EOF", refused("`a` is no number of anything")),
        (ratio(), "# TYPE a gauge\na 1\nb 1", refused("`a` is a gauge")),
        (ratio(), "# TYPE b gauge\na 1\nb 1", refused("`b` is a gauge")),
        (
            quantile(),
            "# TYPE a gauge\na 1",
            Err(error("`a` is neither a histogram nor a summary by its page, and has no quantiles")),
        ),
    ] {
        assert_eq!(scrapes(&measure, false, &[(0, page)]), [expected], "{page}");
    }
}

/// When a counter began to count, as OpenMetrics tells it.
#[test]
fn counters_created_anew() {
    let page =
        |value: u32, created: f64| format!("# TYPE a counter\na_total{{x=\"1\"}} {value}\na_created{{x=\"1\"}} {created}\n# EOF");
    let other =
        |value: u32, created: f64| format!("# TYPE a counter\na_total{{x=\"1\"}} {value}\na_created{{x=\"2\"}} {created}\n# EOF");
    let text = |value: u32, created: f64| format!("a_total{{x=\"1\"}} {value}\na_created{{x=\"1\"}} {created}");
    for (why, before, after, expected) in [
        ("the same", page(5, 1000.0), page(15, 1000.0), 10.0),
        ("later: it started over, though it did not fall", page(5, 1000.0), page(15, 1060.5), 15.0),
        ("a little later: the exporter computed it anew", page(5, 1000.0), page(15, 1000.3), 10.0),
        ("earlier: that is no new beginning", page(5, 1000.0), page(15, 900.0), 10.0),
        ("not a number says nothing", page(5, 1000.0), page(15, f64::NAN), 10.0),
        ("another series'", other(5, 1000.0), other(15, 2000.0), 10.0),
        ("in text the name may mean anything", text(5, 1000.0), text(15, 2000.0), 10.0),
        ("it fell, whatever it says", page(5, 1000.0), page(3, 1000.0), 3.0),
    ] {
        let rates = scrapes(&Measure::Rate("a_total".into()), false, &[(0, &before), (10, &after)]);
        assert_eq!(rates, [NONE, Ok(expected / 10.0)], "{why}");
    }
    // The parts of a histogram began with it.
    let page = |count: u32, created: u32| {
        format!(
            "# TYPE h histogram\nh_bucket{{le=\"1.0\"}} {count}\nh_bucket{{le=\"+Inf\"}} {count}\nh_count {count}\nh_created {created}\n# EOF"
        )
    };
    let (before, after) = (page(5, 1000), page(15, 2000));
    assert_eq!(scrapes(&Measure::Rate("h_count".into()), false, &[(0, &before), (10, &after)])[1], Ok(1.5));
    assert_eq!(scrapes(&Measure::Rate("h_bucket{le=\"1.0\"}".into()), false, &[(0, &before), (10, &after)])[1], Ok(1.5));
}

#[test]
fn summaries_are_read_as_they_stand() {
    let half = |of: &str| Measure::Quantile { of: of.into(), q: 0.5 };
    let typed = "# TYPE s summary\n";
    let s = "s{p=\"a\",quantile=\"0.5\"} 3\ns{p=\"a\",quantile=\"0.9\"} 7\ns_sum{p=\"a\"} 9\ns_count{p=\"a\"} 2";
    let other = s.replace("p=\"a\"", "p=\"b\"");
    let several = Err(error("`s` is 2 series of a summary, and their quantiles cannot be added up"));
    for (measure, page, expected) in [
        (half("s"), format!("{typed}{s}"), Ok(3.0)),
        (half("s"), s.to_owned(), Ok(3.0)),
        (half("s"), format!("{typed}{}\n# EOF", s.replace("0.5", "5e-1")), Ok(3.0)),
        (half("s"), format!("{typed}{s}\n{other}"), several),
        (half("s{p=\"b\"}"), format!("{typed}{s}\n{other}"), Ok(3.0)),
        (half("s{p=\"c\"}"), format!("{typed}{s}\n{other}"), NONE),
        (half("s"), format!("{typed}s{{quantile=\"0.5\"}} NaN"), NONE),
        (half("s"), typed.to_owned(), NONE),
        (
            half("s"),
            format!("{typed}s{{quantile=\"0.50\"}} 1\ns{{quantile=\"0.5\"}} 1"),
            Err(error("the page has `s` twice with the same labels")),
        ),
        (
            half("s"),
            format!("{typed}s{{quantile=\"0.9\"}} 1\ns{{quantile=\"0.99\"}} 2"),
            Err(error("the summary `s` has no quantile 0.5; it has 0.9, 0.99")),
        ),
    ] {
        assert_eq!(scrapes(&measure, false, &[(0, &page)]), [expected], "{page}");
    }
    let one = "s{quantile=\"0.5\"} 3 7000000";
    let alone = taken(&half("s"), false, &[(0, &[one])]).pop().unwrap();
    assert_eq!(alone.whole, Ok((Timestamp::from_second(7000).ok(), 3.0)));
    let two = taken(&half("s"), false, &[(0, &[one, one])]).pop().unwrap();
    let why = "the quantiles of several endpoints' summaries cannot be added up";
    assert_eq!(numbers(&two), (Err(error(why)), vec![("a:1", Ok(3.0)), ("b:2", Ok(3.0))]));
}

#[test]
fn a_plan_for_text_goes_on_with_openmetrics() {
    let text = ["requests 5", "requests 15"];
    let open = ["# TYPE requests counter\nrequests_total 5\n# EOF", "# TYPE requests counter\nrequests_total 15.0\n# EOF"];
    for [before, after] in [text, open] {
        assert_eq!(scrapes(&Measure::Rate("requests".into()), false, &[(0, before), (10, after)]), [NONE, Ok(1.0)]);
    }
}

proptest! {
    #[test]
    fn restarts_never_make_growth_negative_or_too_large(values in proptest::collection::vec((0u32..1000, 0u32..1000), 2..20)) {
        let pages: Vec<(u64, String)> = values.iter().map(|(a, b)| (1, format!("a{{x=\"1\"}} {a}\na{{x=\"2\"}} {b}"))).collect();
        let pages: Vec<(u64, &str)> = pages.iter().map(|(later, page)| (*later, page.as_str())).collect();
        for rate in scrapes(&Measure::Rate("a".into()), false, &pages).into_iter().skip(1) {
            prop_assert!((0.0..=2000.0).contains(&rate.unwrap()));
        }
    }
}
