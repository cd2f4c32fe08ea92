//! The verdict on one signal: its thresholds, without flapping, and never healthy where it is not known.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use jiff::Timestamp;

use super::{Compared, Sample, Series, Unknown, Value, Verdict};
use crate::plan::{Side, Signal};

/// What is thought of a signal, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The newest number, also where it is too old to count.
    pub value: Option<f64>,
    /// When that number was taken at the source.
    pub at: Option<Timestamp>,
    /// Why, as a part of a sentence: `0.21 percent`, `3.4 percent, fails from 1 percent`, `stale, 12 s old`.
    pub why: String,
    /// Why it is not known, where it is not.
    pub unknown: Option<Unknown>,
    /// What came of judging it beside its baseline, where it is judged so.
    pub compared: Option<Arc<Compared>>,
}

impl Judgement {
    /// That it is not known, and why.
    pub(crate) fn unknown(value: Option<f64>, at: Option<Timestamp>, unknown: Unknown) -> Self {
        Self { verdict: Verdict::Unknown, value, at, why: unknown.to_string(), unknown: Some(unknown), compared: None }
    }

    /// Whether it is not known only because more samples are needed to tell a canary from its baseline.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        matches!(self.unknown, Some(Unknown::Undecided(_)))
    }

    /// How old the newest number is; nothing where the source's clock is ahead of ours.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.at.map(|at| since(at, now))
    }
}

/// Judges a signal by its samples.
///
/// It is unknown where the last `confirm` samples in a row are gaps, where the newest number is older than
/// [`Signal::stale_after`] or as far in the future, and where there are fewer numbers than `samples`.
///
/// Otherwise each number has a class: ok, warn or fail, and a number at a threshold is beyond it. The verdict begins
/// with the median class of the first `samples` numbers (the milder of two in the middle), so that none of them alone
/// decides. From there on it moves only when the last `confirm` numbers all are worse, to the mildest of them, or
/// all are better, to the worst of them. Hence a worse number never makes a better verdict. Gaps between numbers
/// change nothing, unless the numbers are twice [`Signal::stale_after`] apart: then what was before no longer counts.
///
/// Where the source itself has judged ([`Sample::said`]), its word is the number's class.
///
/// A signal without thresholds is ok while it is known.
#[must_use]
pub fn judge(signal: &Signal, series: &Series, now: Timestamp) -> Judgement {
    Settled::of(signal, series).at(signal, now)
}

/// A signal's samples, and what they settle on: found out once for each sample that comes, and not each time it is asked for.
#[derive(Clone, Default)]
pub struct Watched {
    series: Series,
    settled: OnceLock<Settled>,
}

impl Watched {
    /// One that keeps so many samples.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { series: Series::with_capacity(capacity), settled: OnceLock::new() }
    }

    /// Takes a sample in, as [`Series::push`] does.
    pub fn push(&mut self, sample: Sample) -> bool {
        let taken = self.series.push(sample);
        if taken {
            self.settled.take();
        }
        taken
    }

    /// The samples.
    #[must_use]
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// What [`judge`] says of them. The signal is always the one that was sampled.
    #[must_use]
    pub fn judge(&self, signal: &Signal, now: Timestamp) -> Judgement {
        self.settled.get_or_init(|| Settled::of(signal, &self.series)).at(signal, now)
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whether it was asked for already is no part of what is so.
        self.series.fmt(f)
    }
}

/// What a signal's samples say, whatever time it is.
#[derive(Debug, Clone)]
struct Settled {
    newest: Option<(Timestamp, f64)>,
    /// Why it is not known, whenever it is asked for.
    gone: Option<Unknown>,
    /// Why the newest sample has no number, if it has none.
    reason: Option<Unknown>,
    /// What is thought of it and why, while the newest number is not too old.
    said: Result<(Verdict, String), Unknown>,
}

impl Settled {
    fn of(signal: &Signal, series: &Series) -> Self {
        let newest = series.latest_number();
        let recent = recent(signal, series);
        let reason = series.latest().and_then(reason);
        let gaps = series.iter().rev().take_while(|sample| !is_number(sample)).count();
        let too_few = || Unknown::TooFew(u32::try_from(recent.len()).unwrap_or(u32::MAX), signal.samples.max(1));
        let gone = if gaps >= count(signal.confirm) && reason.is_some() {
            reason.clone()
        } else {
            newest.is_none().then(|| reason.clone().unwrap_or_else(too_few))
        };
        let said = match newest {
            Some((_, number)) if recent.len() >= count(signal.samples) => {
                let classes: Vec<Verdict> = recent.iter().map(|sample| class_of(signal, sample)).collect();
                let verdict = settle(signal, &classes);
                let said = recent.last().and_then(|sample| sample.said.as_ref());
                Ok((verdict, said.map_or_else(|| why(signal, verdict, number), |said| said.why.clone())))
            }
            _ => Err(too_few()),
        };
        Self { newest, gone, reason, said }
    }

    fn at(&self, signal: &Signal, now: Timestamp) -> Judgement {
        let (value, at) = (self.newest.map(|(_, number)| number), self.newest.map(|(at, _)| at));
        match self.unknown(signal, now).map_or_else(|| self.said.clone(), Err) {
            Ok((verdict, why)) => Judgement { verdict, value, at, why, unknown: None, compared: None },
            Err(unknown) => Judgement::unknown(value, at, unknown),
        }
    }

    /// Why it is not known at a time, besides that there are too few numbers.
    fn unknown(&self, signal: &Signal, now: Timestamp) -> Option<Unknown> {
        if self.gone.is_some() {
            return self.gone.clone();
        }
        let (at, _) = self.newest?;
        let limit = signal.stale_after().get();
        let ahead = since(now, at);
        if ahead > limit {
            return Some(Unknown::Error(format!("source clock is ahead by {} s", ahead.as_secs())));
        }
        let age = since(at, now);
        (age > limit).then(|| self.reason.clone().unwrap_or(Unknown::Stale(age.as_secs())))
    }
}

/// The time from one point to a later one; nothing if it is earlier.
fn since(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// The samples with a number since the last long gap, oldest first.
fn recent<'a>(signal: &Signal, series: &'a Series) -> Vec<&'a Sample> {
    let gap = signal.stale_after().get().saturating_mul(2);
    let mut numbers = Vec::with_capacity(series.len());
    let mut before = None;
    for sample in series.iter().filter(|sample| is_number(sample)) {
        if before.is_some_and(|before| since(before, sample.at) > gap) {
            numbers.clear();
        }
        before = Some(sample.at);
        numbers.push(sample);
    }
    numbers
}

/// Why a sample has no number, if it has none.
fn reason(sample: &Sample) -> Option<Unknown> {
    match &sample.value {
        Value::Missing(unknown) => Some(unknown.clone()),
        Value::Number(number) if !number.is_finite() => Some(Unknown::NotANumber),
        Value::Number(_) => None,
    }
}

fn is_number(sample: &Sample) -> bool {
    matches!(sample.value, Value::Number(number) if number.is_finite())
}

/// A number of samples from the plan; none would mean nothing, so it is one.
fn count(samples: u32) -> usize {
    usize::try_from(samples.max(1)).unwrap_or(usize::MAX)
}

/// The class of one sample: what its source says, else what the thresholds say of its number.
fn class_of(signal: &Signal, sample: &Sample) -> Verdict {
    let said = sample.said.as_ref().and_then(|said| said.verdict);
    said.or_else(|| sample.value.number().map(|number| class(signal, number))).unwrap_or(Verdict::Unknown)
}

/// The class of one number.
fn class(signal: &Signal, number: f64) -> Verdict {
    let beyond = |threshold: Option<f64>| {
        threshold.is_some_and(|threshold| match signal.bad {
            Side::Above => number >= threshold,
            Side::Below => number <= threshold,
        })
    };
    if beyond(signal.fail) {
        Verdict::Fail
    } else if beyond(signal.warn) {
        Verdict::Warn
    } else {
        Verdict::Ok
    }
}

/// The verdict that the numbers settle on, by their classes.
fn settle(signal: &Signal, classes: &[Verdict]) -> Verdict {
    let first = count(signal.samples).min(classes.len());
    let mut begin: Vec<Verdict> = classes.iter().take(first).copied().collect();
    begin.sort_unstable();
    let mut verdict = begin.get(first.saturating_sub(1) / 2).copied().unwrap_or(Verdict::Unknown);
    // Every stretch of `confirm` numbers whose last one comes after the first `samples`. To hold the verdict between the
    // mildest and the worst of each is monotone in every number, which counting a run and starting over would not be.
    let confirm = count(signal.confirm);
    for window in classes.windows(confirm).skip(first.saturating_add(1).saturating_sub(confirm)) {
        if let (Some(mildest), Some(worst)) = (window.iter().min(), window.iter().max()) {
            verdict = verdict.clamp(*mildest, *worst);
        }
    }
    verdict
}

/// The verdict in words, by the newest number.
fn why(signal: &Signal, verdict: Verdict, number: f64) -> String {
    let newest = class(signal, number);
    let unit = if signal.unit.is_empty() { String::new() } else { format!(" {}", signal.unit_sign()) };
    let short = short(number);
    // Rounding must not carry a number over a threshold: 0.99996 is not "1, fails from 1".
    let shown = if short.parse().is_ok_and(|rounded| class(signal, rounded) == newest) { short } else { format!("{number}") };
    let threshold = match newest.max(verdict) {
        Verdict::Fail => signal.fail.map(|threshold| ("fails", threshold)),
        Verdict::Warn => signal.warn.map(|threshold| ("warns", threshold)),
        Verdict::Ok | Verdict::Unknown => None,
    };
    let side = match signal.bad {
        Side::Above => "",
        Side::Below => " down",
    };
    match threshold {
        None => format!("{shown}{unit}"),
        Some((does, threshold)) => {
            let beyond = if signal.bad == Side::Above { "above" } else { "below" };
            match newest.cmp(&verdict) {
                std::cmp::Ordering::Greater => format!("{shown}{unit}, {beyond} {threshold}{unit}: {does} if it stays"),
                std::cmp::Ordering::Less => format!("{shown}{unit}, {does} from {threshold}{unit}{side}: well again if it stays"),
                std::cmp::Ordering::Equal => format!("{shown}{unit}, {does} from {threshold}{unit}{side}"),
            }
        }
    }
}

/// A number with about three digits that matter.
fn short(number: f64) -> String {
    let size = number.abs();
    let decimals = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 1.0 {
        2
    } else {
        3
    };
    if size > 0.0 && !(0.001..1e15).contains(&size) {
        return format!("{number:.2e}");
    }
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text.as_str() };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::plan::{Duration as PlanDuration, Source};

    const START: i64 = 1_000_000;

    fn signal(samples: u32, confirm: u32, bad: Side, warn: Option<f64>, fail: Option<f64>) -> Signal {
        Signal {
            title: None,
            source: Source::Command { run: "true".into() },
            unit: "percent".into(),
            scale: None,
            every: PlanDuration::from_secs(1),
            timeout: None,
            bad,
            warn,
            fail,
            baseline: None,
            compare: None,
            needs_traffic: false,
            samples,
            confirm,
            stale: None, // 5 s
        }
    }

    fn usual() -> Signal {
        signal(3, 2, Side::Above, Some(0.5), Some(1.0))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(START + second).unwrap()
    }

    /// One sample a second; NaN stands for a gap.
    fn series(numbers: &[f64]) -> Series {
        (0..)
            .zip(numbers)
            .map(|(second, number)| {
                let value = if number.is_nan() { Value::Missing(Unknown::NoData) } else { Value::Number(*number) };
                Sample::new(at(second), value)
            })
            .collect()
    }

    fn now_of(series: &Series) -> Timestamp {
        series.latest().map_or(at(0), |sample| sample.at)
    }

    fn verdict(signal: &Signal, numbers: &[f64]) -> Verdict {
        let series = series(numbers);
        judge(signal, &series, now_of(&series)).verdict
    }

    #[test]
    fn verdicts() {
        use Verdict::{Fail, Ok, Unknown, Warn};
        let gap = f64::NAN;
        let rows: &[(&[f64], Verdict)] = &[
            (&[], Unknown),
            (&[0.1, 0.1], Unknown),
            (&[0.1, 0.1, 0.1], Ok),
            (&[9.0, 0.1, 0.1], Ok), // the median of the first three
            (&[9.0, 9.0, 0.1], Fail),
            (&[0.1, 0.5, 1.0], Warn),      // at a threshold is beyond it
            (&[0.1, 0.1, 0.1, 9.0], Ok),   // one bad sample is none
            (&[0.1, 0.1, 9.0, 9.0], Fail), // two are, and one may be among the first
            (&[0.1, 0.1, 0.1, 9.0, 0.1, 9.0], Ok),
            (&[0.1, 0.1, 0.1, 0.6, 9.0], Warn), // the mildest of the two
            (&[0.1, 0.1, 0.1, 0.6, 9.0, 9.0], Fail),
            (&[9.0, 9.0, 9.0, 0.1], Fail),
            (&[9.0, 9.0, 9.0, 0.1, 0.1], Ok),
            (&[9.0, 9.0, 9.0, 0.6, 0.1], Warn), // the worst of the two
            (&[0.1, 0.1, 0.1, gap], Ok),        // one gap is none
            (&[0.1, 0.1, 0.1, gap, gap], Unknown),
            (&[0.1, 0.1, 0.1, 9.0, gap, 9.0], Fail),
            (&[0.1, gap, 0.1], Unknown),
            (&[gap, gap, 0.1, 0.1, 0.1], Ok),
        ];
        for (numbers, expected) in rows {
            assert_eq!(verdict(&usual(), numbers), *expected, "{numbers:?}");
        }
    }

    #[test]
    fn the_other_side_and_no_thresholds() {
        let below = signal(1, 1, Side::Below, Some(99.5), Some(99.0));
        for (number, expected) in
            [(100.0, Verdict::Ok), (99.5, Verdict::Warn), (99.2, Verdict::Warn), (99.0, Verdict::Fail), (0.0, Verdict::Fail)]
        {
            assert_eq!(verdict(&below, &[number]), expected, "{number}");
        }
        assert_eq!(verdict(&signal(1, 1, Side::Above, None, None), &[1e300]), Verdict::Ok);
        assert_eq!(verdict(&signal(1, 1, Side::Above, None, Some(1.0)), &[2.0]), Verdict::Fail);
        assert_eq!(verdict(&signal(0, 0, Side::Above, None, Some(1.0)), &[2.0]), Verdict::Fail);
        assert_eq!(verdict(&signal(0, 0, Side::Above, None, Some(1.0)), &[]), Verdict::Unknown);
    }

    #[test]
    fn age_and_clocks() {
        let series = series(&[0.1, 0.1, 0.1]); // the last at second 2
        for (second, expected, why) in [
            (2, Verdict::Ok, "0.1 %"),
            (7, Verdict::Ok, "0.1 %"),
            (8, Verdict::Unknown, "stale, 6 s old"),
            (3600, Verdict::Unknown, "stale, 59 min old"),
            (-3, Verdict::Ok, "0.1 %"),
            (-4, Verdict::Unknown, "source clock is ahead by 6 s"),
        ] {
            let judgement = judge(&usual(), &series, at(second));
            assert_eq!((judgement.verdict, judgement.why.as_str()), (expected, why), "{second}");
            assert_eq!(judgement.value, Some(0.1));
            let age = u64::try_from((second - 2).max(0)).unwrap();
            assert_eq!(judgement.age(at(second)), Some(Duration::from_secs(age)));
        }
        assert_eq!(judge(&usual(), &Series::new(), at(0)).age(at(0)), None);
    }

    #[test]
    fn the_reason_is_the_newest_one() {
        let mut series = series(&[0.1, 0.1, 0.1]);
        series.push(Sample::missing(at(4), Unknown::Error("connection refused".into())));
        assert_eq!(judge(&usual(), &series, at(4)).verdict, Verdict::Ok);
        let late = judge(&usual(), &series, at(9));
        assert_eq!(late.unknown, Some(Unknown::Error("connection refused".into())));
        assert_eq!((late.value, late.at), (Some(0.1), Some(at(2))));
        series.push(Sample::missing(at(5), Unknown::NotANumber));
        assert_eq!(judge(&usual(), &series, at(5)).unknown, Some(Unknown::NotANumber));
    }

    #[test]
    fn a_long_gap_starts_anew() {
        let mut series = series(&[0.1, 0.1, 0.1]);
        series.push(Sample::number(at(13), 0.1));
        assert_eq!(judge(&usual(), &series, at(13)).unknown, Some(Unknown::TooFew(1, 3)));
        series.extend([14, 15].map(|second| Sample::number(at(second), 9.0)));
        assert_eq!(judge(&usual(), &series, at(15)).verdict, Verdict::Fail);
    }

    #[test]
    fn words() {
        let below = signal(3, 2, Side::Below, Some(99.0), None);
        let bare = Signal { unit: String::new(), ..usual() };
        for (signal, numbers, expected) in [
            (&usual(), &[0.1, 0.1, 0.1, 0.21] as &[f64], "0.21 %"),
            (&usual(), &[9.0, 9.0, 3.4], "3.4 %, fails from 1 %"),
            (&usual(), &[0.7, 0.7, 0.7], "0.7 %, warns from 0.5 %"),
            (&usual(), &[0.1, 0.1, 3.4], "3.4 %, above 1 %: fails if it stays"),
            (&usual(), &[9.0, 9.0, 0.1], "0.1 %, fails from 1 %: well again if it stays"),
            (&usual(), &[0.7, 0.7, 0.99999], "0.99999 %, warns from 0.5 %"),
            (&below, &[98.0, 98.0, 98.0], "98 %, warns from 99 % down"),
            (&bare, &[182.4, 182.4, 182.4], "182, fails from 1"),
            (&usual(), &[0.1], "1 of 3 samples"),
        ] {
            let series = series(numbers);
            assert_eq!(judge(signal, &series, now_of(&series)).why, expected);
        }
    }

    #[test]
    fn short_numbers() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.2149, "0.215"),
            (1.0, "1"),
            (9.999, "10"),
            (31.25, "31.2"),
            (1234.5, "1234"),
            (-2.5, "-2.5"),
            (0.00012, "1.20e-4"),
            (1e18, "1.00e18"),
        ] {
            assert_eq!(short(number), expected, "{number}");
        }
    }

    fn any_signal() -> impl Strategy<Value = Signal> {
        (1u32..5, 1u32..5, prop::bool::ANY, prop::option::of(0.0..10.0), prop::option::of(0.0..10.0)).prop_map(
            |(samples, confirm, above, warn, fail)| {
                signal(samples, confirm, if above { Side::Above } else { Side::Below }, warn, fail)
            },
        )
    }

    proptest! {
        #[test]
        fn worse_numbers_never_give_a_better_verdict(
            signal in any_signal(), numbers in vec((0.0..10.0f64, 0.0..5.0f64), 0..40),
        ) {
            let before: Vec<f64> = numbers.iter().map(|(number, _)| *number).collect();
            let worse: Vec<f64> = numbers.iter().map(|(number, by)| match signal.bad {
                Side::Above => number + by,
                Side::Below => number - by,
            }).collect();
            prop_assert!(verdict(&signal, &worse) >= verdict(&signal, &before));
        }

        #[test]
        fn one_sample_changes_no_settled_verdict(
            signal in any_signal(), history in vec(0.0..10.0f64, 0..30), settled in 0.0..10.0f64, last in 0.0..10.0f64,
        ) {
            prop_assume!(signal.confirm >= 2);
            let mut numbers = history;
            numbers.extend(std::iter::repeat_n(settled, 8));
            let before = verdict(&signal, &numbers);
            prop_assert_eq!(before, class(&signal, settled));
            numbers.push(last);
            prop_assert_eq!(verdict(&signal, &numbers), before);
        }

        #[test]
        fn unknown_is_never_healthy(
            signal in any_signal(), numbers in vec(prop_oneof![3 => 0.0..10.0f64, 1 => Just(f64::NAN)], 0..40), later in -20i64..20,
        ) {
            let series = series(&numbers);
            let now = Timestamp::from_second(now_of(&series).as_second() + later).unwrap();
            let judgement = judge(&signal, &series, now);
            prop_assert_eq!(judgement.unknown.is_some(), judgement.verdict == Verdict::Unknown);
            let known = numbers.iter().filter(|number| !number.is_nan()).count();
            let gaps = numbers.iter().rev().take_while(|number| number.is_nan()).count();
            let old = series.latest_number().is_none_or(|(at, _)| now.duration_since(at).as_secs().abs() > 5);
            if known < count(signal.samples) || gaps >= count(signal.confirm) || old {
                prop_assert_eq!(judgement.verdict, Verdict::Unknown);
            }
        }

        #[test]
        fn gaps_between_numbers_change_nothing(
            signal in any_signal(), numbers in vec(0.0..10.0f64, 1..30), gaps in vec(0i64..3, 30),
        ) {
            let plain = verdict(&signal, &numbers);
            let mut series = Series::new();
            let mut second = 0;
            for (number, gaps) in numbers.iter().zip(gaps) {
                for _ in 0..gaps {
                    series.push(Sample::missing(at(second), Unknown::NoData));
                    second += 1;
                }
                series.push(Sample::number(at(second), *number));
                second += 1;
            }
            prop_assert_eq!(judge(&signal, &series, now_of(&series)).verdict, plain);
        }
    }
}
