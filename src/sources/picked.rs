//! What a measure takes from a page: the series that its selectors mean.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{
    exposition::Point,
    growth::{SERIES, bound},
};
use crate::{
    health::Unknown,
    plan::{MatchOp, Measure, Selector},
    text,
};

/// How many buckets a histogram may have.
const BUCKETS: usize = 512;

/// A measure with its selectors understood.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) kind: Kind,
    of: Selector,
    over: Option<Selector>,
}

/// What a measure computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Value,
    Rate,
    Ratio,
    Quantile(f64),
}

/// What of a page matters to a measure.
#[derive(Debug, Clone, Default)]
pub(super) struct Picked {
    /// Whether there is nothing on it at all.
    pub(super) is_empty: bool,
    /// The selected series.
    pub(super) of: Vec<Point>,
    /// Those of the whole, for a ratio.
    pub(super) over: Vec<Point>,
    /// What is there beside the selected.
    pub(super) presence: Presence,
}

/// What of a selector is on a page, even if it selects nothing: the metric with those labels, of other values.
///
/// Then what is selected has not happened yet, as a first failed request, and has not grown. Otherwise the selector is
/// mistaken or the page is another, and nothing is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Presence {
    is_named: bool,
    labels: BTreeSet<String>,
}

impl Presence {
    /// That of both pages.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.is_named |= other.is_named;
        self.labels.extend(other.labels);
        self
    }
}

impl Wanted {
    pub(super) fn new(measure: &Measure) -> Result<Self, Unknown> {
        let selector = |written: &str| {
            written.parse::<Selector>().map_err(|error| wrong(&format!("`{written}` is not a selector of series: {error}")))
        };
        let (kind, of, over) = match measure {
            Measure::Value(of) => (Kind::Value, selector(of)?, None),
            Measure::Rate(of) => (Kind::Rate, selector(of)?, None),
            Measure::Ratio { of, over } => (Kind::Ratio, selector(of)?, Some(selector(over)?)),
            Measure::Quantile { of, q } => {
                let of = selector(of)?;
                (Kind::Quantile(*q), Selector { name: format!("{}_bucket", of.name), ..of }, None)
            }
        };
        Ok(Self { kind, of, over })
    }

    /// What matters of a page.
    pub(super) fn pick(&self, page: &[Point]) -> Result<Picked, Unknown> {
        let mut picked = Picked { is_empty: page.is_empty(), ..Picked::default() };
        for point in page {
            if point.name == self.of.name {
                picked.presence.is_named = true;
                for label in self.needed() {
                    if !picked.presence.labels.contains(label) && point.labels.iter().any(|(other, _)| other == label) {
                        picked.presence.labels.insert(label.to_owned());
                    }
                }
                if self.of.matches_labels(&point.labels) {
                    picked.of.push(point.clone());
                }
            }
            if self.over.as_ref().is_some_and(|over| over.matches(&point.name, &point.labels)) {
                picked.over.push(point.clone());
            }
        }
        match self.kind {
            Kind::Value => distinct(&picked.of)?,
            Kind::Quantile(_) => alike(&picked.of)?,
            // Growth is by series, and sees to it.
            Kind::Rate | Kind::Ratio => {}
        }
        Ok(picked)
    }

    /// Whether what the selector speaks of is there.
    pub(super) fn is_there(&self, presence: &Presence) -> bool {
        presence.is_named && self.needed().all(|label| presence.labels.contains(label))
    }

    /// The labels that a series must have to be selected.
    fn needed(&self) -> impl Iterator<Item = &str> {
        let must = self
            .of
            .matchers
            .iter()
            .filter(|matcher| matches!(matcher.op, MatchOp::Equal | MatchOp::Matches) && !matcher.matches(""));
        must.map(|matcher| matcher.label.as_str())
    }
}

fn wrong(why: &str) -> Unknown {
    Unknown::Error(text::line(why, super::ERROR_LENGTH))
}

/// An error where a series is there twice, which would be added up, or where there are too many.
fn distinct(points: &[Point]) -> Result<(), Unknown> {
    if points.len() > SERIES {
        return Err(wrong(&format!("more than {SERIES} series are selected")));
    }
    let mut seen = HashSet::with_capacity(points.len());
    for point in points {
        let mut labels: Vec<&(String, String)> = point.labels.iter().collect();
        labels.sort_unstable();
        if !seen.insert((&point.name, labels)) {
            return Err(wrong(&format!("the page has `{}` twice with the same labels", point.name)));
        }
    }
    Ok(())
}

/// An error where the buckets of several histograms are not the same, so that they cannot be added up.
fn alike(buckets: &[Point]) -> Result<(), Unknown> {
    let mut times = BTreeMap::new();
    for point in buckets {
        let bound = bound(point).ok_or_else(|| wrong("a bucket's `le` is no number"))?;
        let times: &mut usize = times.entry(bound).or_default();
        *times = times.saturating_add(1);
    }
    if times.len() > BUCKETS {
        return Err(wrong(&format!("the histogram has more than {BUCKETS} buckets")));
    }
    let mut times = times.values();
    let first = times.next();
    if times.any(|other| Some(other) != first) {
        return Err(wrong("the histograms have different buckets, and cannot be added up"));
    }
    Ok(())
}
