//! A scraped page as a source, for people without a Prometheus server: gauges as they stand, and rates, ratios and
//! quantiles from how counters grew between scrapes.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{Client, header::ACCEPT};

use super::{
    Taken,
    exposition::{self, Point},
    growth::{History, Part, Reach, bound},
    http,
};
use crate::{
    health::Unknown,
    plan::{MatchOp, Measure, Selector},
    text,
};

/// What a sampling asks for.
pub(super) struct Asks<'a> {
    /// The page.
    pub(super) url: &'a str,
    /// What is computed from it.
    pub(super) measure: &'a Measure,
    /// How far back growth is looked at.
    pub(super) window: Duration,
    /// How often the page is scraped.
    pub(super) every: Duration,
    /// Whether a ratio is a percentage.
    pub(super) percent: bool,
}

impl Asks<'_> {
    fn reach(&self) -> Reach {
        // After a longer pause, growth since then would tell of a time long gone.
        Reach { window: self.window, pause: self.window.max(self.every).saturating_mul(2) }
    }
}

/// Scrapes the page and computes the measure. A sample has the time of its scrape, unless the page has one for it.
pub(super) async fn take(asks: &Asks<'_>, client: &Client, history: &mut History) -> Taken {
    let page = scrape(client, asks.url).await?;
    measure(asks, &page, tokio::time::Instant::now().into_std(), history)
}

async fn scrape(client: &Client, url: &str) -> Result<Vec<Point>, Unknown> {
    let failed = |error: reqwest::Error| Unknown::Error(http::explain(&error));
    let request = client.get(url).header(ACCEPT, "text/plain;version=0.0.4,*/*;q=0.1");
    let mut response = request.send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(Unknown::Error(format!("HTTP status {}", response.status())));
    }
    let (body, whole) = http::read(&mut response, exposition::PAGE).await.map_err(failed)?;
    if !whole {
        return Err(Unknown::Error("the page is longer than 8 MiB".to_owned()));
    }
    exposition::parse_bytes(&body).map_err(|error| Unknown::Error(error.to_string()))
}

/// Computes the measure from a page scraped now and what is remembered of those before.
fn measure(asks: &Asks<'_>, page: &[Point], now: Instant, history: &mut History) -> Taken {
    let selector = |written: &str| {
        written.parse::<Selector>().map_err(|error| {
            Unknown::Error(text::line(&format!("`{written}` is not a selector of series: {error}"), super::ERROR_LENGTH))
        })
    };
    match asks.measure {
        Measure::Value(of) => {
            let of = selector(of)?;
            let points: Vec<&Point> = selected(page, &of).collect();
            if points.is_empty() {
                return Err(Unknown::NoData);
            }
            Ok((oldest(&points), points.iter().map(|point| point.value).sum()))
        }
        Measure::Rate(of) => {
            let of = selector(of)?;
            let points: Vec<&Point> = selected(page, &of).collect();
            history.add(asks.reach(), now, points.iter().map(|point| (Part::Of, *point)))?;
            if !is_there(page, &of) {
                return Err(Unknown::NoData);
            }
            let (growth, seconds) = history.growth().ok_or(Unknown::NoData)?;
            Ok((oldest(&points), growth.of / seconds))
        }
        Measure::Ratio { of, over } => {
            let (of, over) = (selector(of)?, selector(over)?);
            let part: Vec<&Point> = selected(page, &of).collect();
            let whole: Vec<&Point> = selected(page, &over).collect();
            let both = part.iter().map(|point| (Part::Of, *point)).chain(whole.iter().map(|point| (Part::Over, *point)));
            history.add(asks.reach(), now, both)?;
            if !is_there(page, &of) {
                return Err(Unknown::NoData);
            }
            let (growth, _) = history.growth().ok_or(Unknown::NoData)?;
            // Without traffic nothing is known of how it fares.
            if growth.over <= 0.0 {
                return Err(Unknown::NoData);
            }
            let factor = if asks.percent { 100.0 } else { 1.0 };
            Ok((oldest(&whole), growth.of / growth.over * factor))
        }
        Measure::Quantile { of, q } => {
            let of = selector(of)?;
            let of = Selector { name: format!("{}_bucket", of.name), ..of };
            let points: Vec<&Point> = selected(page, &of).collect();
            for point in &points {
                bound(point).ok_or_else(|| Unknown::Error("a bucket's `le` is no number".to_owned()))?;
            }
            history.add(asks.reach(), now, points.iter().map(|point| (Part::Of, *point)))?;
            let (growth, _) = history.growth().ok_or(Unknown::NoData)?;
            let buckets: Vec<(f64, f64)> = growth.buckets.iter().map(|(bound, count)| (bound.0, *count)).collect();
            Ok((oldest(&points), quantile(*q, &buckets)?))
        }
    }
}

fn selected<'a>(page: &'a [Point], selector: &'a Selector) -> impl Iterator<Item = &'a Point> {
    page.iter().filter(|point| selector.matches(&point.name, &point.labels))
}

/// The oldest time that the page gives any of these: a sum is as old as its oldest part.
fn oldest(points: &[&Point]) -> Option<Timestamp> {
    points.iter().filter_map(|point| point.at).min()
}

/// Whether what a selector speaks of is on the page, even if nothing is selected: the metric with those labels, of other
/// values. Then what is selected has not happened yet, as a first failed request, and has not grown. Otherwise the
/// selector is mistaken or the page is another, and nothing is known.
fn is_there(page: &[Point], selector: &Selector) -> bool {
    let mut needed: Vec<&str> = selector
        .matchers
        .iter()
        .filter(|matcher| matches!(matcher.op, MatchOp::Equal | MatchOp::Matches) && !matcher.matches(""))
        .map(|matcher| matcher.label.as_str())
        .collect();
    let mut any = false;
    for point in page.iter().filter(|point| selector.name == point.name) {
        any = true;
        needed.retain(|label| !point.labels.iter().any(|(other, _)| other == label));
    }
    any && needed.is_empty()
}

/// A quantile by Prometheus' rule for `histogram_quantile`: linear within the bucket, of which the lowest begins at zero if its
/// bound is above it; in the bucket without a bound, the highest bound there is. Buckets are by rising bound, with
/// cumulative counts.
fn quantile(q: f64, buckets: &[(f64, f64)]) -> Result<f64, Unknown> {
    if !(0.0..=1.0).contains(&q) {
        return Err(Unknown::Error("a quantile is from 0 to 1".to_owned()));
    }
    let [bounded @ .., (infinite, total)] = buckets else { return Err(Unknown::NoData) };
    let Some((highest, _)) = bounded.last() else {
        return Err(Unknown::Error("the histogram has no buckets with a bound".to_owned()));
    };
    if *infinite != f64::INFINITY {
        return Err(Unknown::Error("the histogram has no bucket `+Inf`".to_owned()));
    }
    // Scrapes are no snapshots, so a count may be a little lower than that of the bucket before.
    let mut most = 0.0_f64;
    let counts: Vec<(f64, f64)> = bounded
        .iter()
        .map(|(bound, count)| {
            most = most.max(*count);
            (*bound, most)
        })
        .collect();
    let total = most.max(*total);
    if total <= 0.0 {
        return Err(Unknown::NoData);
    }
    let rank = q * total;
    let mut below = (0.0, 0.0);
    for (index, (upper, count)) in counts.iter().enumerate() {
        if *count < rank {
            below = (*upper, *count);
            continue;
        }
        let (lower, before) = below;
        let inside = count - before;
        if inside <= 0.0 || (index == 0 && *upper <= 0.0) {
            return Ok(if index == 0 && *upper > 0.0 { 0.0 } else { *upper });
        }
        return Ok(lower + (upper - lower) * (rank - before) / inside);
    }
    Ok(*highest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        health::Value,
        plan::Source,
        sources::{
            Memory, sample,
            testing::{Reply, Server, context, signal},
        },
    };

    /// Scrapes these pages, so many seconds apart, and returns what each gives.
    fn scrapes(measure: &Measure, percent: bool, pages: &[(u64, &str)]) -> Vec<Result<f64, Unknown>> {
        let (url, window, every) = ("", Duration::from_secs(30), Duration::from_secs(5));
        let asks = Asks { url, measure, window, every, percent };
        let mut history = History::default();
        let mut now = Instant::now();
        pages
            .iter()
            .map(|(later, page)| {
                now += Duration::from_secs(*later);
                super::measure(&asks, &exposition::parse(page).unwrap(), now, &mut history).map(|(_, number)| number)
            })
            .collect()
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
            (&[(0, "a NaN"), (5, "a 10")], vec![NONE, Ok(2.0)]),
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

    #[test]
    fn quantiles_by_prometheus_rule() {
        let inf = f64::INFINITY;
        for (q, buckets, expected) in [
            (0.5, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)] as &[_], 1.0),
            (0.75, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)], 1.5),
            (1.0, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)], 2.0),
            (0.0, &[(1.0, 10.0), (2.0, 20.0), (inf, 20.0)], 0.0),
            (0.0, &[(1.0, 0.0), (2.0, 20.0), (inf, 20.0)], 0.0),
            (0.99, &[(1.0, 10.0), (inf, 20.0)], 1.0),
            (0.25, &[(-1.0, 10.0), (inf, 20.0)], -1.0),
            (0.5, &[(-1.0, 0.0), (1.0, 10.0), (inf, 10.0)], 0.0),
            (0.9, &[(1.0, 10.0), (2.0, 9.0), (inf, 10.0)], 0.9),
        ] {
            assert_eq!(quantile(q, buckets), Ok(expected), "{q} {buckets:?}");
        }
        assert!(quantile(1.5, &[(1.0, 1.0), (inf, 1.0)]).is_err());
        assert!(quantile(f64::NAN, &[(1.0, 1.0), (inf, 1.0)]).is_err());
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_the_bounds_and_rises_with_q(
            counts in proptest::collection::vec(0u32..100, 2..8), low in 0.0..=1.0f64, high in 0.0..=1.0f64,
        ) {
            let mut sum = 0.0;
            let last = counts.len() - 1;
            let buckets: Vec<(f64, f64)> = counts.iter().enumerate().map(|(index, count)| {
                sum += f64::from(*count);
                (if index == last { f64::INFINITY } else { index as f64 + 1.0 }, sum)
            }).collect();
            match (quantile(low.min(high), &buckets), quantile(low.max(high), &buckets)) {
                (Ok(lower), Ok(upper)) => {
                    prop_assert!((0.0..=last as f64).contains(&lower) && lower <= upper + 1e-9 && upper <= last as f64 + 1e-9);
                }
                (lower, upper) => {
                    prop_assert_eq!(lower, NONE);
                    prop_assert_eq!(upper, NONE);
                    prop_assert_eq!(sum, 0.0);
                }
            }
        }

        #[test]
        fn restarts_never_make_growth_negative_or_too_large(values in proptest::collection::vec((0u32..1000, 0u32..1000), 2..20)) {
            let pages: Vec<(u64, String)> = values.iter().map(|(a, b)| (1, format!("a{{x=\"1\"}} {a}\na{{x=\"2\"}} {b}"))).collect();
            let pages: Vec<(u64, &str)> = pages.iter().map(|(later, page)| (*later, page.as_str())).collect();
            for rate in scrapes(&Measure::Rate("a".into()), false, &pages).into_iter().skip(1) {
                prop_assert!((0.0..=2000.0).contains(&rate.unwrap()));
            }
        }
    }

    #[tokio::test]
    async fn over_http() {
        let count = std::sync::atomic::AtomicU32::new(0);
        let server = Server::start(move |_| {
            let count = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            match count {
                0 => Reply::ok("r{code=\"200\"} 100\nr{code=\"500\"} 3\n"),
                1 => Reply::text("503 Service Unavailable", ""),
                2 => Reply::ok("r{code=\"200\"} 103\nr{code=\"500\"} 4\n"),
                3 => Reply::ok("<html>"),
                _ => Reply::ok("g 5 1395066363000\n"),
            }
        })
        .await;
        let scrape = |measure| Source::Scrape {
            url: crate::plan::Endpoints::One(server.url("/metrics")),
            measure,
            window: crate::plan::Duration::from_secs(30),
        };
        let mut signal = signal(scrape(Measure::Ratio { of: "r{code=\"500\"}".into(), over: "r".into() }));
        signal.unit = "percent".into();
        let mut memory = Memory::default();
        let error = |why: &str| Value::Missing(Unknown::Error(why.into()));
        for expected in [
            Value::Missing(Unknown::NoData),
            error("HTTP status 503 Service Unavailable"),
            Value::Number(25.0),
            error("line 1 of the page: a metric's name is missing"),
        ] {
            assert_eq!(sample(&signal, &context(), &mut memory).await.value, expected);
        }
        signal.source = scrape(Measure::Value("g".into()));
        let taken = sample(&signal, &context(), &mut memory).await;
        assert_eq!((taken.at.as_millisecond(), taken.value), (1_395_066_363_000, Value::Number(5.0)));
        assert!(server.requests()[0].contains("accept: text/plain;version=0.0.4"), "{}", server.requests()[0]);
    }

    #[tokio::test]
    async fn pages_too_large() {
        let server = Server::start(|_| Reply::ok(&"#".repeat(exposition::PAGE + 1))).await;
        let error = scrape(&context().http, &server.url("/")).await;
        assert_eq!(error, Err(Unknown::Error("the page is longer than 8 MiB".into())));
    }
}
