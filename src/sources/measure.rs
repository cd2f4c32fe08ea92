//! What a measure makes of scraped pages: a gauge as it stands, and a rate, a ratio or a quantile of how counters grew
//! between scrapes. Nothing here waits for anything.
//!
//! Several endpoints are measured as one: rates and gauges are added up, ratios and quantiles are of the growth of all. A
//! counter that is missing at one endpoint has counted nothing there yet, as long as another endpoint has it. A gauge that
//! is missing at one is not zero, so the sum is not known.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{
    endpoints::{self, Measured, Taken},
    exposition::Format,
    growth::{self, Counter, Growth, History, Part, Reach},
    picked::{Found, Kind, Picked, Presence, Wanted},
    quantile::quantile,
};
use crate::{
    health::{Count, Unknown},
    plan::Measure,
};

/// What is asked of pages.
#[derive(Debug, Clone, Copy)]
pub struct Asks<'a> {
    /// What is computed.
    pub measure: &'a Measure,
    /// How far back growth is looked at.
    pub window: Duration,
    /// How often the pages are scraped.
    pub every: Duration,
    /// Whether a ratio is a percentage.
    pub percent: bool,
}

impl Asks<'_> {
    /// What is asked besides the series.
    pub(super) fn terms(&self) -> Terms {
        // After a longer pause, growth since then would tell of a time long gone.
        let reach = Reach { window: self.window, pause: self.window.max(self.every).saturating_mul(2) };
        Terms { reach, percent: self.percent }
    }
}

/// What is asked of series: nothing that is borrowed, so that it can go to another thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    reach: Reach,
    percent: bool,
}

/// What is remembered of a measure's pages from scrape to scrape, by endpoint.
#[derive(Debug, Default)]
pub struct Histories(Vec<History>);

impl Histories {
    /// For a ratio that is known: how many events there were since the last count. Each is counted once, so this is for
    /// whoever is sure to tell of them.
    pub(super) fn count(&mut self, wanted: &Wanted, taken: &Taken) -> Option<Count> {
        if taken.whole.is_ok() && wanted.kind == Kind::Ratio { growth::count(&mut self.0) } else { None }
    }
}

/// Computes the measure from pages as they came, one of each endpoint, at that time: what a scrape does, without the network.
/// The endpoints are called by their numbers, from 1.
pub fn of_pages(asks: &Asks<'_>, pages: &[(&[u8], Format)], now: Instant, histories: &mut Histories) -> Taken {
    let wanted = match Wanted::new(asks.measure) {
        Ok(wanted) => wanted,
        Err(why) => return Taken::from(Err(why)),
    };
    let names: Vec<String> = (1..=pages.len()).map(|number| number.to_string()).collect();
    let pages = pages.iter().map(|(body, format)| wanted.read(body, *format)).collect();
    measure(asks.terms(), &wanted, &names, pages, now, histories)
}

/// Computes the measure from the pages of all endpoints, scraped at that time, and what is remembered of those before.
pub(super) fn measure(
    terms: Terms,
    wanted: &Wanted,
    names: &[String],
    pages: Vec<Result<Picked, Unknown>>,
    now: Instant,
    histories: &mut Histories,
) -> Taken {
    let taken = look(terms, wanted, names, pages, now, histories);
    Taken { count: histories.count(wanted, &taken), ..taken }
}

/// The same, with nothing counted yet.
pub(super) fn look(
    Terms { reach, percent }: Terms,
    wanted: &Wanted,
    names: &[String],
    pages: Vec<Result<Picked, Unknown>>,
    now: Instant,
    Histories(histories): &mut Histories,
) -> Taken {
    let several = pages.len() > 1;
    histories.resize_with(pages.len(), History::default);
    let seen: Vec<Result<Seen, Unknown>> = pages
        .into_iter()
        .zip(histories.iter_mut())
        .map(|(page, history)| {
            let page = page?;
            // An instance that says nothing at all is not one at which nothing has happened.
            if page.is_empty && several {
                return Err(Unknown::NoData);
            }
            Seen::new(wanted.kind, page, reach, now, history)
        })
        .collect();
    let conclude = |seen: &Seen| seen.conclude(wanted, percent);
    let own: Vec<Measured> = seen.iter().map(|seen| seen.as_ref().map_err(Unknown::clone).and_then(conclude)).collect();
    let failures = seen.iter().zip(&own).map(|(seen, own)| match own {
        // The sum of gauges is only known with all of them.
        Err(why) if seen.is_err() || wanted.kind == Kind::Value => Some(why),
        Ok(_) | Err(_) => None,
    });
    let whole = match endpoints::failure(names, failures) {
        Some(why) => Err(why),
        None => conclude(&seen.into_iter().flatten().reduce(Seen::and).unwrap_or_default()),
    };
    let parts = if several { names.iter().cloned().zip(own).collect() } else { Vec::new() };
    Taken { whole, count: None, parts }
}

/// What is seen at one endpoint, or at several together.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// The oldest time that is given to anything of it: a sum is as old as its oldest part.
    at: Option<Timestamp>,
    presence: Presence,
    /// How many series are selected.
    selected: usize,
    /// Their sum.
    value: f64,
    /// Their growth in the window; none before the second scrape.
    growth: Option<Growth>,
    /// The same by the second.
    rate: f64,
    /// A summary's quantile.
    summary: Option<f64>,
    /// Whether this is of several endpoints.
    is_several: bool,
    /// Whether buckets differ from endpoint to endpoint.
    differs: bool,
}

impl Seen {
    fn new(kind: Kind, page: Picked, reach: Reach, now: Instant, history: &mut History) -> Result<Self, Unknown> {
        if kind != Kind::Value && page.summary.is_none() {
            let of = if matches!(kind, Kind::Quantile(_)) { Part::Bucket } else { Part::Of };
            history.add(reach, now, counters(of, &page.of).chain(counters(Part::Over, &page.over)))?;
        }
        let (growth, rate) = match history.growth() {
            Some((growth, seconds)) => {
                let rate = growth.of / seconds;
                (Some(growth), rate)
            }
            None => (None, 0.0),
        };
        let dated = if kind == Kind::Ratio { &page.over } else { &page.of };
        Ok(Self {
            at: dated.iter().map(|found| &found.point).chain(&page.summary).filter_map(|point| point.at).min(),
            selected: page.of.len(),
            value: page.of.iter().map(|found| found.point.value).sum(),
            summary: page.summary.map(|point| point.value),
            presence: page.presence,
            growth,
            rate,
            is_several: false,
            differs: false,
        })
    }

    /// Both endpoints' together.
    fn and(mut self, other: Self) -> Self {
        let growth = match (self.growth.take(), other.growth) {
            (Some(own), Some(others)) => {
                let (one, two) = (&own.buckets, &others.buckets);
                self.differs |= !one.is_empty() && !two.is_empty() && !one.keys().eq(two.keys());
                Some(own.and(&others))
            }
            // What one of them did since the last scrape is not known.
            (_, _) => None,
        };
        Self {
            at: match (self.at, other.at) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            presence: self.presence.and(other.presence),
            selected: self.selected.saturating_add(other.selected),
            value: self.value + other.value,
            growth,
            rate: self.rate + other.rate,
            summary: self.summary.or(other.summary),
            is_several: true,
            differs: self.differs || other.differs,
        }
    }

    fn conclude(&self, wanted: &Wanted, percent: bool) -> Measured {
        let number = match wanted.kind {
            Kind::Value if self.selected == 0 => return Err(Unknown::NoData),
            Kind::Value => self.value,
            // What is asked for is not there, and may be misspelt.
            Kind::Rate | Kind::Ratio if !wanted.is_there(&self.presence) => return Err(Unknown::NoData),
            Kind::Rate => {
                self.growth.as_ref().ok_or(Unknown::NoData)?;
                self.rate
            }
            Kind::Ratio => {
                let growth = self.growth.as_ref().ok_or(Unknown::NoData)?;
                // Without traffic nothing is known of how it fares.
                if growth.over <= 0.0 {
                    return Err(Unknown::NoData);
                }
                growth.of / growth.over * if percent { 100.0 } else { 1.0 }
            }
            Kind::Quantile(q) => {
                match self.summary {
                    Some(_) if self.is_several => {
                        let why = "the quantiles of several endpoints' summaries cannot be added up";
                        return Err(Unknown::Error(why.to_owned()));
                    }
                    Some(quantile) => return Ok((self.at, quantile)),
                    None => {}
                }
                let growth = self.growth.as_ref().ok_or(Unknown::NoData)?;
                if self.differs {
                    let why = "the endpoints' histograms have different buckets, and cannot be added up";
                    return Err(Unknown::Error(why.to_owned()));
                }
                let buckets: Vec<(f64, f64)> = growth.buckets.iter().map(|(bound, count)| (bound.0, *count)).collect();
                quantile(q, &buckets)?
            }
        };
        Ok((self.at, number))
    }
}

/// The series found on a page, as counters of a part.
fn counters(part: Part, found: &[Found]) -> impl Iterator<Item = Counter<'_>> {
    found.iter().map(move |found| Counter { part, point: &found.point, created: found.created })
}

#[cfg(test)]
mod tests;
