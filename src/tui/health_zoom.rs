//! What the zoomed Health screen looks at: how far back, which moment, and the history it was sent for that.
//!
//! The row it looks at is the Health pane's own. After whatever may have moved it, [`HealthZoom::look_at`] says what has to be asked for.

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
    /// Reads the newest.
    Newest,
}

/// How far back a chart reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    Minute,
    Minutes5,
    Minutes15,
    Hour,
    Hours6,
    Whole,
}

/// Those of a length of their own, the shortest first.
const RANGES: [Range; 5] = [Range::Minute, Range::Minutes5, Range::Minutes15, Range::Hour, Range::Hours6];

/// A chart of a whole release grows by these, in minutes, and not with every second.
const WHOLE: [i64; 16] = [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440];

impl Range {
    /// How it is called.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Minute => "1 min",
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
            Self::Minute => Some(1),
            Self::Minutes5 => Some(5),
            Self::Minutes15 => Some(15),
            Self::Hour => Some(60),
            Self::Hours6 => Some(360),
            Self::Whole => None,
        }
    }

    /// The next shorter one, or the next longer one, for a release that has flown so many minutes: nothing is longer than the
    /// whole of it.
    fn turned(self, longer: bool, flown: i64) -> Self {
        let own = self.minutes().unwrap_or(flown);
        let length = |range: &Self| range.minutes().unwrap_or(flown);
        if longer {
            let next = RANGES.into_iter().find(|range| length(range) > own && length(range) < flown);
            next.unwrap_or(Self::Whole)
        } else {
            RANGES.into_iter().rev().find(|range| length(range) < own).unwrap_or(self)
        }
    }

    /// From when to when a chart of a release reaches. One that is over is looked at as it ended.
    pub(crate) fn window(self, release: &Release, now: Timestamp) -> (Timestamp, Timestamp) {
        let end = release.ended.map_or(now, |ended| ended.min(now));
        let Some(minutes) = self.minutes() else {
            let flown = end.duration_since(release.started).as_mins().max(0);
            if release.is_over() {
                let seconds = end.duration_since(release.started).as_secs().max(60);
                return (later(release.started, -seconds / 50), later(release.started, seconds + seconds / 50));
            }
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
#[derive(Debug, Default)]
pub(crate) struct HealthZoom {
    /// How far back, where a person has chosen.
    chosen: Option<Range>,
    /// The moment whose values are read.
    pub(crate) cursor: Option<Timestamp>,
    /// What was asked for last, while something is looked at.
    asked: Option<Asked>,
    /// What was sent for that: of a signal and its baseline, never of more.
    held: Vec<Held>,
}

/// What history was asked for.
#[derive(Debug)]
struct Asked {
    /// The signal that is looked at, and its baseline.
    signals: Vec<String>,
    range: Range,
    from: Timestamp,
}

impl HealthZoom {
    /// How far back it looks: over the whole release, or the last hour of one that has flown for longer, if nobody has chosen.
    pub(crate) fn range(&self, release: &Release, now: Timestamp) -> Range {
        let flown = release.ended.unwrap_or(now).duration_since(release.started);
        self.chosen.unwrap_or(if flown.as_hours() >= 1 { Range::Hour } else { Range::Whole })
    }

    /// Looks at a signal from now on, or at none; what has to be asked for, if that is something else than before.
    pub(crate) fn look_at(&mut self, release: &Release, signal: Option<&str>, now: Timestamp) -> Vec<Request> {
        let Some(signal) = signal else {
            (self.asked, self.cursor) = (None, None);
            self.held.clear();
            return Vec::new();
        };
        let range = self.range(release, now);
        let baseline = release.plan.signals.get(signal).and_then(|signal| signal.baseline.as_deref());
        let shown = [Some(signal), baseline];
        let shown = || shown.into_iter().flatten();
        if self.asked.as_ref().is_some_and(|asked| asked.range == range && asked.signals.iter().eq(shown())) {
            return Vec::new();
        }
        self.held.retain(|held| shown().any(|signal| *signal == held.signal));
        let (from, _) = range.window(release, now);
        self.asked = Some(Asked { signals: shown().map(str::to_owned).collect(), range, from });
        shown().map(|signal| Request::History { signal: signal.to_owned(), from }).collect()
    }

    /// Does what a key does.
    pub(crate) fn key(&mut self, act: HealthAct, release: &Release, signal: &str, now: Timestamp) {
        let range = self.range(release, now);
        let (from, to) = range.window(release, now);
        let newest = release.ended.map_or(now, |ended| ended.min(now)).min(to);
        match act {
            HealthAct::Shorter | HealthAct::Longer => {
                let flown = release.ended.unwrap_or(now).duration_since(release.started).as_mins();
                let range = range.turned(act == HealthAct::Longer, flown);
                let (from, to) = range.window(release, now);
                self.chosen = Some(range);
                self.cursor = self.cursor.filter(|at| (from..=to).contains(at));
            }
            HealthAct::Earlier | HealthAct::Later => {
                // In a hundred steps from one end to the other, but no finer than the samples are.
                let every = release.plan.signals.get(signal).map_or(Duration::ZERO, |signal| signal.every.get());
                let whole = Duration::try_from(to.duration_since(from)).unwrap_or_default();
                let step = SignedDuration::try_from(every.max(whole / 100)).unwrap_or(SignedDuration::ZERO);
                self.cursor = Some(match self.cursor {
                    None => newest,
                    Some(at) if act == HealthAct::Earlier => at.saturating_sub(step).unwrap_or(from).clamp(from, to),
                    Some(at) => at.saturating_add(step).unwrap_or(newest).min(newest).max(from),
                });
            }
            HealthAct::Oldest => self.cursor = Some(from),
            HealthAct::Newest => self.cursor = Some(newest),
        }
    }

    /// Takes in the history that was asked for. What nobody looks at any more is let go.
    pub(crate) fn told(&mut self, signal: String, from: Timestamp, samples: Vec<Sample>) {
        if self.asked.as_ref().is_some_and(|asked| asked.from == from && asked.signals.contains(&signal)) {
            self.held.retain(|held| held.signal != signal);
            self.held.push(Held { signal, samples });
        }
    }

    /// Takes in a new sample of a signal.
    pub(crate) fn observe(&mut self, id: &str, signal: &Signal, sample: &Sample) {
        let Some(held) = self.held.iter_mut().find(|held| held.signal == id) else { return };
        held.samples.push(sample.clone());
        if held.samples.len() >= HISTORY.saturating_mul(2) {
            if let Some(minutes) = self.asked.as_ref().and_then(|asked| asked.range.minutes()) {
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
            None => release.series(signal).map_or_else(Vec::new, |series| series.iter().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{Event, EventKind};

    fn release() -> Release {
        let at = Timestamp::from_second(1_772_542_170).unwrap();
        let plan = serde_json::from_str(r#"{"service": "checkout", "stages": []}"#).unwrap();
        let kind = EventKind::Started {
            release: "r".to_owned(),
            version: "2".to_owned(),
            previous: None,
            plan: Box::new(plan),
            digest: "d".to_owned(),
            folder: "/".to_owned(),
        };
        Release::begin(Event { at, by: "alice".to_owned(), kind }).unwrap()
    }

    /// How many seconds before its beginning a window begins, and how long it is.
    fn window(range: Range, release: &Release, flown: i64) -> (i64, i64) {
        let (from, to) = range.window(release, later(release.started, flown));
        (release.started.duration_since(from).as_secs(), to.duration_since(from).as_secs())
    }

    #[test]
    fn windows() {
        let mut release = release();
        for (range, flown, expected) in [
            (Range::Minutes5, 1000, (-700, 300)),
            (Range::Hours6, 1000, (20_600, 21_600)),
            // It grows by steps, with a little air around.
            (Range::Whole, 0, (2, 124)),
            (Range::Whole, 119, (2, 124)),
            (Range::Whole, 120, (5, 310)),
            (Range::Whole, 3 * 86_400, (4 * 1440, 4 * 1440 * 62)),
        ] {
            assert_eq!(window(range, &release, flown), expected, "{range:?} after {flown} s");
        }
        release.ended = Some(later(release.started, 500));
        assert_eq!(window(Range::Whole, &release, 9000), (10, 520));
        assert_eq!(window(Range::Minutes5, &release, 9000), (-205, 300), "it is looked at as it ended");
    }

    #[test]
    fn the_range_is_the_whole_release_for_an_hour() {
        let release = release();
        let mut zoom = HealthZoom::default();
        let at = |seconds| later(release.started, seconds);
        assert_eq!((zoom.range(&release, at(3599)), zoom.range(&release, at(3600))), (Range::Whole, Range::Hour));
        zoom.key(HealthAct::Longer, &release, "errors", at(10));
        assert_eq!(zoom.range(&release, at(9999)), Range::Whole, "what was chosen stays");
        zoom.key(HealthAct::Shorter, &release, "errors", at(10));
        assert_eq!(zoom.range(&release, at(10)), Range::Whole, "nothing is shorter than ten seconds");
        zoom.key(HealthAct::Shorter, &release, "errors", at(4000));
        assert_eq!(zoom.range(&release, at(4000)), Range::Hour);
        zoom.key(HealthAct::Longer, &release, "errors", at(4000));
        assert_eq!(zoom.range(&release, at(4000)), Range::Whole, "six hours are longer than the whole of it");
    }

    #[test]
    fn shorter_is_shorter_and_longer_is_longer() {
        for (range, flown, shorter, longer) in [
            (Range::Whole, 21, Range::Minutes15, Range::Whole),
            (Range::Minutes15, 21, Range::Minutes5, Range::Whole),
            (Range::Minute, 21, Range::Minute, Range::Minutes5),
            (Range::Whole, 1, Range::Whole, Range::Whole),
            (Range::Whole, 2000, Range::Hours6, Range::Whole),
            (Range::Hour, 2000, Range::Minutes15, Range::Hours6),
        ] {
            assert_eq!((range.turned(false, flown), range.turned(true, flown)), (shorter, longer), "{range:?} {flown}");
        }
    }
}
