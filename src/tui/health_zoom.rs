//! What the zoomed Health screen looks at: how far back, which moment, and the history it was sent for that.
//!
//! The row it looks at is the Health pane's own. Whoever moves it calls [`HealthZoom::look_at`], and hands the requests on.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::link::{HISTORY, Request};
use crate::{
    health::{Sample, thin},
    plan::Signal,
    release::Release,
};

/// What a key does on the zoomed Health screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HealthAct {
    /// Looks less far back.
    Shorter,
    /// Looks further back.
    Longer,
    /// Reads the moment before.
    Earlier,
    /// Reads the moment after.
    Later,
    /// Reads the oldest moment shown.
    Oldest,
    /// Reads no moment.
    Clear,
}

/// How far back a chart reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    Minutes5,
    Minutes15,
    Hour,
    Hours6,
    Whole,
}

const RANGES: [Range; 5] = [Range::Minutes5, Range::Minutes15, Range::Hour, Range::Hours6, Range::Whole];

/// A chart of a whole release grows by these, in minutes, and not with every second.
const WHOLE: [i64; 16] = [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440];

impl Range {
    /// How it is called.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Minutes5 => "5 min",
            Self::Minutes15 => "15 min",
            Self::Hour => "1 h",
            Self::Hours6 => "6 h",
            Self::Whole => "whole release",
        }
    }

    /// How many minutes; the whole release has no number of its own.
    fn minutes(self) -> Option<i64> {
        match self {
            Self::Minutes5 => Some(5),
            Self::Minutes15 => Some(15),
            Self::Hour => Some(60),
            Self::Hours6 => Some(360),
            Self::Whole => None,
        }
    }

    /// The next shorter one, or the next longer one.
    fn turned(self, longer: bool) -> Self {
        let place = RANGES.iter().position(|range| *range == self).unwrap_or(0);
        let next = if longer { place.saturating_add(1) } else { place.saturating_sub(1) };
        RANGES.get(next).copied().unwrap_or(self)
    }

    /// From when to when a chart of a release reaches. One that is over is looked at as it ended.
    pub(crate) fn window(self, release: &Release, now: Timestamp) -> (Timestamp, Timestamp) {
        let end = release.ended.map_or(now, |ended| ended.min(now));
        let Some(minutes) = self.minutes() else {
            let flown = end.duration_since(release.started).as_mins().max(0);
            let days = || flown / 1440 * 1440 + 1440;
            let whole = WHOLE.into_iter().find(|whole| *whole > flown).unwrap_or_else(days);
            // A little before and behind, so that its beginning and its end are in the picture.
            let from = later(release.started, -whole);
            return (from, later(from, whole * 62));
        };
        // Where it is over, a little behind its end, so that the end is in the picture.
        let to = if release.is_over() { later(end, minutes) } else { end };
        (later(to, -minutes * 60), to)
    }
}

/// So many seconds later.
fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// The samples of a signal over a long time, as the journal had them, and those that came since.
#[derive(Debug)]
struct Held {
    signal: String,
    samples: Vec<Sample>,
}

/// What the zoomed Health screen looks at.
#[derive(Debug)]
pub(crate) struct HealthZoom {
    /// How far back.
    pub(crate) range: Range,
    /// The moment whose values are read.
    pub(crate) cursor: Option<Timestamp>,
    /// The signal that is looked at, and its baseline, each with the time its history was asked for from.
    asked: Vec<(String, Timestamp)>,
    /// The range it was asked for.
    asked_range: Range,
    /// What was sent for them. Never of more than these two.
    held: Vec<Held>,
}

impl HealthZoom {
    /// Begins to look at a signal: over the whole release, or the last hour of one that has flown for longer.
    pub(crate) fn open(release: &Release, signal: &str, now: Timestamp) -> (Self, Vec<Request>) {
        let is_long = release.ended.unwrap_or(now).duration_since(release.started).as_hours() >= 1;
        let range = if is_long { Range::Hour } else { Range::Whole };
        let mut zoom = Self { range, cursor: None, asked: Vec::new(), asked_range: range, held: Vec::new() };
        let requests = zoom.look_at(release, signal, now);
        (zoom, requests)
    }

    /// Looks at a signal from now on; what has to be asked for.
    pub(crate) fn look_at(&mut self, release: &Release, signal: &str, now: Timestamp) -> Vec<Request> {
        let (from, _) = self.range.window(release, now);
        let baseline = release.plan.signals.get(signal).and_then(|signal| signal.baseline.clone());
        let shown: Vec<String> = std::iter::once(signal.to_owned()).chain(baseline).collect();
        let same = shown.iter().eq(self.asked.iter().map(|(signal, _)| signal));
        if same && self.asked_range == self.range {
            return Vec::new();
        }
        self.asked_range = self.range;
        self.held.retain(|held| shown.contains(&held.signal));
        self.asked = shown.into_iter().map(|signal| (signal, from)).collect();
        self.asked.iter().map(|(signal, from)| Request::History { signal: signal.clone(), from: *from }).collect()
    }

    /// Does what a key does; what has to be asked for then.
    pub(crate) fn key(&mut self, act: HealthAct, release: &Release, signal: &str, now: Timestamp) -> Vec<Request> {
        let (from, to) = self.range.window(release, now);
        match act {
            HealthAct::Shorter | HealthAct::Longer => {
                let range = self.range.turned(act == HealthAct::Longer);
                if range != self.range {
                    self.range = range;
                    let (from, to) = range.window(release, now);
                    self.cursor = self.cursor.filter(|at| (from..=to).contains(at));
                    return self.look_at(release, signal, now);
                }
            }
            HealthAct::Earlier | HealthAct::Later => {
                // In a hundred steps from one end to the other, but no finer than the samples are.
                let every = release.plan.signals.get(signal).map_or(Duration::ZERO, |signal| signal.every.get());
                let whole = Duration::try_from(to.duration_since(from)).unwrap_or_default();
                let step = SignedDuration::try_from(every.max(whole / 100)).unwrap_or(SignedDuration::ZERO);
                let newest = release.ended.map_or(now, |ended| ended.min(now)).min(to);
                self.cursor = Some(match self.cursor {
                    None => newest,
                    Some(at) if act == HealthAct::Earlier => at.saturating_sub(step).unwrap_or(from).clamp(from, to),
                    Some(at) => at.saturating_add(step).unwrap_or(newest).min(newest).max(from),
                });
            }
            HealthAct::Oldest => self.cursor = Some(from),
            HealthAct::Clear => self.cursor = None,
        }
        Vec::new()
    }

    /// Takes in the history that was asked for. What nobody looks at any more is let go.
    pub(crate) fn told(&mut self, signal: String, from: Timestamp, samples: Vec<Sample>) {
        if self.asked.iter().any(|(asked, since)| *asked == signal && *since == from) {
            self.held.retain(|held| held.signal != signal);
            self.held.push(Held { signal, samples });
        }
    }

    /// Takes in a new sample of a signal.
    pub(crate) fn observe(&mut self, id: &str, signal: &Signal, sample: &Sample) {
        let Some(held) = self.held.iter_mut().find(|held| held.signal == id) else { return };
        held.samples.push(sample.clone());
        if held.samples.len() >= HISTORY.saturating_mul(2) {
            if let Some(minutes) = self.range.minutes() {
                let oldest = later(sample.at, -minutes * 60);
                held.samples.retain(|sample| sample.at >= oldest);
            }
            held.samples = thin(std::mem::take(&mut held.samples), signal.stale_after().get(), HISTORY);
        }
    }

    /// The samples of a signal that are there to be drawn: its history where it came already, else those at hand.
    pub(crate) fn samples<'a>(&'a self, release: &'a Release, signal: &str) -> Vec<&'a Sample> {
        match self.held.iter().find(|held| held.signal == signal) {
            Some(held) => held.samples.iter().collect(),
            None => release.series.get(signal).map_or_else(Vec::new, |series| series.iter().collect()),
        }
    }
}
