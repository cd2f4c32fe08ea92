//! What a measure takes from a page: the series that its selectors mean, as far as their metric is of the right kind.
//!
//! A page may say what its metrics are. A gauge is refused where growth is asked for. A counter as a value is its count since
//! its service began, so it falls back to nothing with each restart; who asks for that gets it. A counter is found by the name of
//! its type in OpenMetrics too, where its samples are called `…_total`, so that a plan written for the page in text goes on.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use super::{
    exposition::{self, Format, Page, Point, Sample},
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
    pub(super) of: Vec<Found>,
    /// Those of the whole, for a ratio.
    pub(super) over: Vec<Found>,
    /// A summary's quantile, which the service has computed.
    pub(super) summary: Option<Point>,
    /// What is there beside the selected.
    pub(super) presence: Presence,
}

impl Picked {
    /// How many series matter.
    pub(super) fn len(&self) -> usize {
        self.of.len().saturating_add(self.over.len())
    }
}

/// A selected series.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) point: Point,
    /// When it began to count, in seconds since 1970, where the page says so.
    pub(super) created: Option<f64>,
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
            Measure::Quantile { of, q } => (Kind::Quantile(*q), selector(of)?, None),
        };
        Ok(Self { kind, of, over })
    }

    /// What matters of a page of bytes.
    pub(super) fn read(&self, body: &[u8], format: Format) -> Result<Picked, Unknown> {
        let page = exposition::parse_bytes(body, format).map_err(|error| Unknown::Error(error.to_string()))?;
        self.pick(&page)
    }

    /// What matters of a page.
    fn pick(&self, page: &Page<'_>) -> Result<Picked, Unknown> {
        let mut picked = Picked { is_empty: page.samples.is_empty(), ..Picked::default() };
        match self.kind {
            Kind::Value => {
                picked.of = found(page, &series_name(page, &self.of.name), &self.of)?;
                distinct(&picked.of)?;
            }
            Kind::Rate | Kind::Ratio => {
                let name = series_name(page, &self.of.name);
                grows(page, &name)?;
                picked.presence = self.presence(page, &name);
                picked.of = found(page, &name, &self.of)?;
                if let Some(over) = &self.over {
                    let name = series_name(page, &over.name);
                    grows(page, &name)?;
                    picked.over = found(page, &name, over)?;
                }
            }
            Kind::Quantile(q) => {
                let buckets = format!("{}_bucket", self.of.name);
                if is_summary(page, &self.of.name, &buckets)? {
                    picked.summary = summary(page, &self.of, q)?;
                } else {
                    picked.of = found(page, &buckets, &self.of)?;
                    alike(&picked.of)?;
                }
            }
        }
        Ok(picked)
    }

    /// What of the selector is there.
    fn presence(&self, page: &Page<'_>, name: &str) -> Presence {
        let mut presence = Presence::default();
        for sample in page.samples.iter().filter(|sample| sample.name == name) {
            presence.is_named = true;
            for label in self.needed() {
                if !presence.labels.contains(label) && sample.label(label).is_some() {
                    presence.labels.insert(label.to_owned());
                }
            }
        }
        presence
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

/// What the samples of a metric are called on this page.
fn series_name<'a>(page: &Page<'_>, name: &'a str) -> Cow<'a, str> {
    if page.format == Format::OpenMetrics && page.kind(name) == exposition::Kind::Counter {
        return Cow::Owned(format!("{name}_total"));
    }
    Cow::Borrowed(name)
}

/// The metric that a sample's name may be a part of.
fn family(name: &str) -> Option<(&str, &str)> {
    let cut = name.rfind('_')?;
    let (family, suffix) = name.split_at_checked(cut)?;
    matches!(suffix, "_total" | "_bucket" | "_count" | "_sum" | "_gcount" | "_gsum" | "_created" | "_info")
        .then_some((family, suffix))
}

/// An error where the page says that the samples of this name do not count.
fn grows(page: &Page<'_>, name: &str) -> Result<(), Unknown> {
    use exposition::Kind::{Counter, Gauge, GaugeHistogram, Histogram, Info, StateSet, Summary, Unknown};
    let what = match (page.kind(name), family(name).map(|(family, suffix)| (page.kind(family), suffix))) {
        (Counter, _) | (Unknown, None | Some((Unknown, _))) => return Ok(()),
        (Gauge, _) | (Unknown, Some((Counter | Histogram | Summary, "_created"))) => "a gauge",
        (Summary, _) => "a summary's quantile",
        (GaugeHistogram, _) | (Unknown, Some((GaugeHistogram, "_bucket" | "_gcount" | "_gsum"))) => "a gauge histogram",
        (Info | StateSet, _) | (Unknown, Some((Info, "_info"))) => "no number of anything",
        (Histogram | Unknown, _) => return Ok(()),
    };
    Err(wrong(&format!("`{name}` is {what} by its page, and only counters grow")))
}

/// The samples of that name that are selected, with what the page says of when they began.
fn found(page: &Page<'_>, name: &str, selector: &Selector) -> Result<Vec<Found>, Unknown> {
    let created = created(page, name);
    let mut found = Vec::new();
    for sample in page.samples.iter().filter(|sample| sample.name == name && selector.matches_labels(&sample.labels)) {
        if found.len() >= SERIES {
            return Err(wrong(&format!("more than {SERIES} series are selected")));
        }
        let created = if created.is_empty() { None } else { created.get(&own_labels(sample)).copied() };
        found.push(Found { point: sample.to_point(), created });
    }
    Ok(found)
}

/// When the series of a counter, histogram or summary began, by their labels. Only OpenMetrics sets the name aside for it: in
/// text, `orders_created` may well be a number of orders.
fn created<'a>(page: &'a Page<'_>, name: &str) -> HashMap<Vec<(&'a str, &'a str)>, f64> {
    use exposition::Kind::{Counter, Histogram, Summary};
    let Some((family, "_total" | "_bucket" | "_count" | "_sum")) = family(name) else { return HashMap::new() };
    if page.format != Format::OpenMetrics || !matches!(page.kind(family), Counter | Histogram | Summary) {
        return HashMap::new();
    }
    let name = format!("{family}_created");
    let samples = page.samples.iter().filter(|sample| sample.name == name && sample.value.is_finite());
    samples.map(|sample| (own_labels(sample), sample.value)).collect()
}

/// The labels of a series but for those that tell the parts of a histogram or summary apart.
fn own_labels<'a>(sample: &'a Sample<'_>) -> Vec<(&'a str, &'a str)> {
    let labels = sample.labels.iter().map(|(label, value)| (&**label, &**value));
    labels.filter(|(label, _)| !matches!(*label, "le" | "quantile")).collect()
}

/// Whether a metric is a summary: by its page's word, else by its series.
fn is_summary(page: &Page<'_>, name: &str, buckets: &str) -> Result<bool, Unknown> {
    match page.kind(name) {
        exposition::Kind::Summary => Ok(true),
        exposition::Kind::Histogram => Ok(false),
        exposition::Kind::Unknown => {
            let has =
                |name: &str, label: &str| page.samples.iter().any(|sample| sample.name == name && sample.label(label).is_some());
            Ok(has(name, "quantile") && !has(buckets, "le"))
        }
        _ => Err(wrong(&format!("`{name}` is neither a histogram nor a summary by its page, and has no quantiles"))),
    }
}

/// A summary's quantile as it stands; none where nothing is selected, or nothing was observed lately.
fn summary(page: &Page<'_>, of: &Selector, q: f64) -> Result<Option<Point>, Unknown> {
    let is_selected =
        |sample: &&Sample<'_>| sample.name == of.name && sample.label("quantile").is_some() && of.matches_labels(&sample.labels);
    let selected: Vec<&Sample<'_>> = page.samples.iter().filter(is_selected).collect();
    let series: HashSet<Vec<(&str, &str)>> = selected.iter().map(|sample| own_labels(sample)).collect();
    if series.len() > 1 {
        let why = format!("`{}` is {} series of a summary, and their quantiles cannot be added up", of.name, series.len());
        return Err(wrong(&why));
    }
    let quantile = |sample: &Sample<'_>| sample.label("quantile").and_then(|label| label.parse::<f64>().ok());
    let mut asked = selected.iter().filter(|sample| quantile(sample).is_some_and(|own| (own - q).abs() < 1e-9));
    match (asked.next(), asked.next()) {
        (Some(_), Some(_)) => Err(wrong(&format!("the page has `{}` twice with the same labels", of.name))),
        // A client's word for it that nothing was observed.
        (Some(sample), None) if sample.value.is_nan() => Ok(None),
        (Some(sample), None) => Ok(Some(sample.to_point())),
        (None, _) if selected.is_empty() => Ok(None),
        (None, _) => {
            let there: Vec<&str> = selected.iter().take(10).filter_map(|sample| sample.label("quantile")).collect();
            Err(wrong(&format!("the summary `{}` has no quantile {q}; it has {}", of.name, there.join(", "))))
        }
    }
}

fn wrong(why: &str) -> Unknown {
    Unknown::Error(text::line(why, super::ERROR_LENGTH))
}

/// An error where a series is there twice, which would be added up.
fn distinct(found: &[Found]) -> Result<(), Unknown> {
    let mut seen = HashSet::with_capacity(found.len());
    for Found { point, .. } in found {
        if !seen.insert((&point.name, &point.labels)) {
            return Err(wrong(&format!("the page has `{}` twice with the same labels", point.name)));
        }
    }
    Ok(())
}

/// An error where the buckets of several histograms are not the same, so that they cannot be added up.
fn alike(buckets: &[Found]) -> Result<(), Unknown> {
    let mut times = BTreeMap::new();
    for Found { point, .. } in buckets {
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
