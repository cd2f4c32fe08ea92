//! One counter's growth over another's at a Prometheus server, counted from sample to sample.
//!
//! The counters themselves are asked for, series by series, and their growth is computed here as it is for a scraped page
//! (see `growth`): PromQL's `increase` extrapolates to the ends of its window and does not see a counter's birth, so
//! it yields neither whole events nor the first failure there ever was.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Element;
use crate::{
    health::{Count, Unknown},
    plan::{MatchOp, Selector},
    sources::{
        exposition,
        growth::{History, Part, Reach},
    },
};

/// After such a pause growth is no longer that of the time between two samples: as long as a server itself takes a series
/// that it has not heard of to be alive.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// What is remembered of the counters.
#[derive(Debug, Default)]
pub(super) struct Counters {
    history: History,
    /// The first time that was seen, by the server's clock and as an instant, which later ones are reckoned from.
    first: Option<(Timestamp, Instant)>,
    newest: Option<Timestamp>,
}

/// What growth comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grown {
    /// The part's share of the whole over the window.
    pub(super) share: f64,
    /// What has come since the time before.
    pub(super) count: Count,
}

impl Counters {
    /// Whether the counters were looked at already as they were at that time.
    pub(super) fn knows(&self, at: Timestamp) -> bool {
        self.newest.is_some_and(|newest| at <= newest)
    }

    /// Adds the counters as they were at a time that is newer than all before.
    ///
    /// # Errors
    /// Where nothing is known yet, or nothing came over the window.
    pub(super) fn add(&mut self, of: &[Element], over: &[Element], at: Timestamp, window: Duration) -> Result<Grown, Unknown> {
        if over.is_empty() {
            // Nothing was there: what comes next has not begun at nothing since then.
            return Err(Unknown::NoData);
        }
        let first = *self.first.get_or_insert_with(|| (at, Instant::now()));
        let now = Duration::try_from(at.duration_since(first.0)).ok().and_then(|later| first.1.checked_add(later));
        let Some(now) = now else { return Err(Unknown::Error("the server's clock ran backwards".to_owned())) };
        self.newest = self.newest.max(Some(at));
        let (of, over) = (points(of)?, points(over)?);
        let both = of.iter().map(|point| (Part::Of, point)).chain(over.iter().map(|point| (Part::Over, point)));
        self.history.add(Reach { window, pause: PAUSE.max(window.saturating_mul(2)) }, now, both)?;
        let (growth, _) = self.history.growth().ok_or(Unknown::NoData)?;
        // Without traffic nothing is known of how it fares.
        if growth.over <= 0.0 {
            return Err(Unknown::NoData);
        }
        let last = self.history.last().ok_or(Unknown::NoData)?;
        Ok(Grown { share: growth.of / growth.over, count: Count { events: last.of, trials: last.over } })
    }
}

/// Series as a scraped page would show them.
fn points(elements: &[Element]) -> Result<Vec<exposition::Point>, Unknown> {
    elements
        .iter()
        .map(|element| {
            let point = element.point.ok_or_else(|| {
                Unknown::Error(
                    "a counter is a native histogram; write a query with histogram_count(…) or histogram_fraction(…)".to_owned(),
                )
            })?;
            // The name is among the labels, which are in order.
            Ok(exposition::Point { name: String::new(), labels: element.labels.clone(), value: point.value, at: None })
        })
        .collect()
}

/// A query for whether what a selector speaks of is there, even if nothing is selected: the metric with those labels, of
/// other values. Then what is selected has not happened yet, as a first failed request, and has not grown. Otherwise
/// the selector is mistaken, and nothing is known.
pub(super) fn is_there(selector: &str) -> Option<String> {
    let selector: Selector = selector.parse().ok()?;
    let mut labels: Vec<String> = selector
        .matchers
        .iter()
        .filter(|matcher| matches!(matcher.op, MatchOp::Equal | MatchOp::Matches) && !matcher.matches(""))
        .map(|matcher| format!("{}!=\"\"", matcher.label))
        .collect();
    labels.dedup();
    Some(format!("count({}{{{}}})", selector.name, labels.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::prometheus::Point;

    const WINDOW: Duration = Duration::from_secs(30);

    fn elements(at: Timestamp, values: &[(&str, f64)]) -> Vec<Element> {
        let element = |(name, value): &(&str, f64)| Element {
            labels: vec![("code".into(), (*name).into())],
            point: Some(Point { at, value: *value }),
        };
        values.iter().map(element).collect()
    }

    /// How many seconds later, the part's counters, and those of the whole.
    type Look<'a> = (i64, &'a [(&'a str, f64)], &'a [(&'a str, f64)]);

    /// What each of these looks gives, so many seconds apart.
    fn looks(looks: &[Look<'_>]) -> Vec<Result<(f64, f64, f64), Unknown>> {
        let mut counters = Counters::default();
        let mut at = Timestamp::from_second(1_700_000_000).unwrap();
        looks
            .iter()
            .map(|(later, of, over)| {
                at = at.saturating_add(jiff::SignedDuration::from_secs(*later)).unwrap();
                let grown = counters.add(&elements(at, of), &elements(at, over), at, WINDOW);
                grown.map(|grown| (grown.share, grown.count.events, grown.count.trials))
            })
            .collect()
    }

    #[test]
    fn growth_from_look_to_look() {
        let none = || Err(Unknown::NoData);
        let all = |a: f64, b: f64| [("200", a), ("500", b)];
        // A first look tells nothing; then 1 of 100, then 9 of 100 more.
        assert_eq!(
            looks(&[
                (0, &[("500", 5.0)], &all(1000.0, 5.0)),
                (10, &[("500", 6.0)], &all(1099.0, 6.0)),
                (10, &[("500", 15.0)], &all(1190.0, 15.0)),
            ]),
            [none(), Ok((0.01, 1.0, 100.0)), Ok((0.05, 9.0, 100.0))]
        );
        // The first failure there ever was, and none yet.
        assert_eq!(
            looks(&[(0, &[], &[("200", 10.0)]), (10, &[], &[("200", 20.0)]), (10, &[("500", 1.0)], &all(29.0, 1.0))]),
            [none(), Ok((0.0, 0.0, 10.0)), Ok((0.05, 1.0, 10.0))]
        );
        // A restart.
        assert_eq!(
            looks(&[(0, &[("500", 50.0)], &all(100.0, 50.0)), (10, &[("500", 2.0)], &all(6.0, 2.0))])[1],
            Ok((0.25, 2.0, 8.0))
        );
        // No traffic is not 0 %, and neither is an answer without the counters; they go on from where they were.
        assert_eq!(
            looks(&[
                (0, &[("500", 5.0)], &all(10.0, 5.0)),
                (10, &[("500", 5.0)], &all(10.0, 5.0)),
                (10, &[], &[]),
                (10, &[("500", 6.0)], &all(13.0, 6.0)),
            ]),
            [none(), none(), none(), Ok((0.25, 1.0, 4.0))]
        );
        // After a long pause everything begins anew.
        assert_eq!(
            looks(&[(0, &[], &[("200", 1.0)]), (301, &[], &[("200", 9.0)]), (5, &[], &[("200", 19.0)])]),
            [none(), none(), Ok((0.0, 0.0, 10.0))]
        );
        // The window looks further back than the sample before, and a long pause between scrapes is longer than it.
        assert_eq!(
            looks(&[(0, &[], &[("200", 0.0)]), (60, &[], &[("200", 9.0)]), (60, &[], &[("200", 19.0)])])[2],
            Ok((0.0, 0.0, 10.0))
        );
    }

    /// A server that was empty, or whose answers were for other times, says nothing of when its counters began.
    #[test]
    fn a_counter_was_not_born_where_nothing_was_seen() {
        let mut counters = Counters::default();
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        for second in [0, 5, 10] {
            assert_eq!(counters.add(&[], &[], at(second), WINDOW), Err(Unknown::NoData));
        }
        let (of, over) = (elements(at(15), &[("500", 40.0)]), elements(at(15), &[("200", 1e6), ("500", 40.0)]));
        assert_eq!(counters.add(&of, &over, at(15), WINDOW), Err(Unknown::NoData));
        let (of, over) = (elements(at(20), &[("500", 41.0)]), elements(at(20), &[("200", 1e6 + 99.0), ("500", 41.0)]));
        let grown = counters.add(&of, &over, at(20), WINDOW).unwrap();
        assert_eq!((grown.count.events, grown.count.trials), (1.0, 100.0));
    }

    #[test]
    fn what_is_no_counter() {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let histogram = [Element { labels: Vec::new(), point: None }];
        let error = Counters::default().add(&[], &histogram, at, WINDOW).unwrap_err();
        assert!(matches!(&error, Unknown::Error(why) if why.contains("native histogram")), "{error}");
        let twice = elements(at, &[("200", 1.0), ("200", 2.0)]);
        assert!(matches!(Counters::default().add(&[], &twice, at, WINDOW), Err(Unknown::Error(_))));
        let mut counters = Counters::default();
        let _first = counters.add(&[], &elements(at, &[("200", 1.0)]), at, WINDOW);
        assert!(counters.knows(at));
        let before = at.saturating_add(jiff::SignedDuration::from_secs(-1)).unwrap();
        assert_eq!(
            counters.add(&[], &elements(before, &[("200", 1.0)]), before, WINDOW),
            Err(Unknown::Error("the server's clock ran backwards".into()))
        );
    }

    #[test]
    fn whether_it_is_there() {
        for (selector, expected) in [
            ("r", Some("count(r{})")),
            ("r{code=~\"5..\",job=\"x\",env!=\"test\"}", Some("count(r{code!=\"\",job!=\"\"})")),
            ("r{code=\"\"}", Some("count(r{})")),
            ("no selector", None),
        ] {
            assert_eq!(is_there(selector).as_deref(), expected);
        }
    }
}
