//! A canary's signal beside its baseline, judged while the samples come in.
//!
//! The judge in [`super::compare`] is given everything since the new version first had traffic: a boundary that holds at
//! every look does so for one growing series, and not for one that begins anew. Where there are more samples than the judge
//! was measured with, neighbours are taken together, counted from the beginning.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Count, Sample, Series, Unknown,
    compare::{Case, CaseError, Data, Direction, Rules, Ruling, Tolerance, Verdict, kayenta, rule},
};
use crate::plan::{Compare, Method, Side, Signal, Undecided};

/// How many samples of a signal that is compared are kept: six hours at one in 5 s, 72 minutes at one a second. A trial that is longer is judged by its
/// last so many, to which the guarantee for all looks together no longer extends.
pub const LONGEST_TRIAL: usize = 4_320;
/// How many samples a side has at most when it is judged.
const MOST: usize = 240;

/// The time in which both versions have traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Since when the new version has some.
    pub from: Timestamp,
    /// Until when the stable one had some, once it has none.
    pub until: Option<Timestamp>,
}

impl Trial {
    /// Whether nothing can lie in it: it was to begin anew after the stable version had no traffic any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_some_and(|until| self.from >= until)
    }

    fn holds(&self, sample: &Sample) -> bool {
        sample.at > self.from && self.until.is_none_or(|until| sample.at <= until)
    }
}

/// What came of judging a signal beside its baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The judge's word.
    pub ruling: Ruling,
    /// What it was given.
    pub case: Case,
    /// The rules.
    pub method: Method,
}

/// What the judge decided, and on which data: all that it takes to judge it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the metric is called.
    pub name: String,
    /// The new version.
    pub canary: Data,
    /// The version before.
    pub baseline: Data,
    /// Which change is a bad one.
    pub direction: Direction,
    /// How much does no harm, as a fraction of the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// The same in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<f64>,
    /// By which rules.
    pub method: Method,
    /// What was decided.
    pub verdict: Verdict,
    /// Canary less baseline.
    pub estimate: Option<f64>,
    /// Where the difference lies.
    pub interval: Option<[Option<f64>; 2]>,
    /// Canary over baseline.
    pub ratio: Option<f64>,
}

impl Compared {
    /// Judges a signal that is called `name` beside its baseline.
    ///
    /// A failure counts at the look that gives it. A pass stands for [`Signal::confirm`] looks, so that an interval at the
    /// tolerance's edge does not flicker.
    ///
    /// # Errors
    /// Why there is nothing to judge.
    pub fn of(name: &str, signal: &Signal, compare: &Compare, sides: [&Series; 2], trial: Trial) -> Result<Self, Unknown> {
        let [canary, baseline] = sides.map(|side| side.iter().filter(|sample| trial.holds(sample)).collect::<Vec<_>>());
        let judged = |leave: usize| {
            let but = |samples: &[&Sample]| samples.len().saturating_sub(leave);
            let (canary, baseline) = (canary.get(..but(&canary)), baseline.get(..but(&baseline)));
            Self::at_a_look(name, signal, compare, [canary.unwrap_or_default(), baseline.unwrap_or_default()])
        };
        let now = judged(0).map_err(|error| Unknown::Error(error.to_string()))?;
        let fewest = now.samples().into_iter().min().unwrap_or(0);
        let have = u32::try_from(fewest).unwrap_or(u32::MAX);
        // Kayenta passes what it has hardly seen; a gate does not.
        if compare.method == Method::Kayenta && have < signal.samples.max(1) {
            return Err(Unknown::TooFew(have, signal.samples.max(1)));
        }
        if now.ruling.verdict == Verdict::Unknown {
            let looks = usize::try_from(signal.confirm).unwrap_or(usize::MAX);
            let before = (1..looks).filter_map(|leave| judged(leave).ok());
            if let Some(passed) = before.into_iter().find(|before| before.ruling.verdict == Verdict::Pass) {
                return Ok(passed);
            }
        }
        Ok(now)
    }

    fn at_a_look(name: &str, signal: &Signal, compare: &Compare, sides: [&[&Sample]; 2]) -> Result<Self, CaseError> {
        let counts = sides.iter().all(|side| side.iter().any(|sample| sample.count.is_some()));
        let longest = sides.iter().map(|side| side.len()).max().unwrap_or(0);
        let together = longest.div_ceil(MOST).max(1);
        let [canary, baseline] = sides.map(|side| data(side, counts, together));
        let direction = compare.direction.unwrap_or(match signal.bad {
            Side::Above => Direction::Increase,
            Side::Below => Direction::Decrease,
        });
        // Counts are shares; an absolute tolerance is in the signal's unit, which may be a percentage of them.
        let unit = if counts { signal.share_of_unit() } else { 1.0 };
        let tolerance = match (compare.tolerance, compare.absolute) {
            (_, Some(size)) => Tolerance::Absolute(size * unit),
            (Some(part), None) => Tolerance::Relative(part),
            (None, None) => Tolerance::default(),
        };
        let case = Case { name: name.to_owned(), canary, baseline, direction, tolerance };
        let ruling = rule(&case, rules(compare.method))?;
        Ok(Self { ruling, case, method: compare.method })
    }

    /// What a signal's verdict is by this: nothing where it is not decided and that is not known.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn verdict(&self, compare: &Compare) -> Result<super::Verdict, Unknown> {
        match (self.ruling.verdict, compare.undecided) {
            (Verdict::Pass, _) => Ok(super::Verdict::Ok),
            (Verdict::Fail, _) => Ok(super::Verdict::Fail),
            (Verdict::Unknown, Undecided::Warn) => Ok(super::Verdict::Warn),
            (Verdict::Unknown, Undecided::Hold) => Err(Unknown::Undecided(self.ruling.why.clone())),
        }
    }

    /// Whether the judge waits for more.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ruling.verdict == Verdict::Unknown
    }

    /// How many samples each side had.
    #[must_use]
    pub fn samples(&self) -> [usize; 2] {
        [&self.case.canary, &self.case.baseline].map(|side| match side {
            Data::Levels(levels) => levels.iter().filter(|level| !level.is_nan()).count(),
            Data::Counts(counts) => counts.iter().filter(|count| count.trials > 0.0).count(),
            Data::Total(_) => 1,
        })
    }

    /// The same for the journal.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let (tolerance, absolute) = match self.case.tolerance {
            Tolerance::Relative(part) => (Some(part), None),
            Tolerance::Absolute(size) => (None, Some(size)),
        };
        Evidence {
            name: self.case.name.clone(),
            canary: self.case.canary.clone(),
            baseline: self.case.baseline.clone(),
            direction: self.case.direction,
            tolerance,
            absolute,
            method: self.method,
            verdict: self.ruling.verdict,
            estimate: self.ruling.estimate,
            interval: self.ruling.interval,
            ratio: self.ruling.ratio,
        }
    }
}

impl Evidence {
    /// Judges the same data again by the same rules.
    ///
    /// # Errors
    /// Where the data cannot have been measured.
    pub fn judge_again(&self) -> Result<Ruling, CaseError> {
        let tolerance = match (self.tolerance, self.absolute) {
            (_, Some(size)) => Tolerance::Absolute(size),
            (Some(part), None) => Tolerance::Relative(part),
            (None, None) => Tolerance::default(),
        };
        let case = Case {
            name: self.name.clone(),
            canary: self.canary.clone(),
            baseline: self.baseline.clone(),
            direction: self.direction,
            tolerance,
        };
        rule(&case, rules(self.method))
    }
}

fn rules(method: Method) -> Rules {
    match method {
        Method::Flightdeck => Rules::Flightdeck,
        Method::Kayenta => Rules::Kayenta { confidence: kayenta::CONFIDENCE },
    }
}

/// What the judge is given of one side, so many neighbours taken together.
fn data(samples: &[&Sample], counts: bool, together: usize) -> Data {
    let groups = samples.chunks(together.max(1));
    if counts {
        return Data::Counts(groups.map(sum).collect());
    }
    let mean = |group: &[&Sample]| {
        let numbers = || group.iter().filter_map(|sample| sample.value.number());
        // None at all is a gap: nothing over nothing.
        numbers().sum::<f64>() / numbers().count() as f64
    };
    Data::Levels(groups.map(mean).collect())
}

fn sum(group: &[&Sample]) -> Count {
    let counted = group.iter().filter_map(|sample| sample.count);
    counted
        .reduce(|sum, count| Count { events: sum.events + count.events, trials: sum.trials + count.trials })
        .unwrap_or(Count::GAP)
}
