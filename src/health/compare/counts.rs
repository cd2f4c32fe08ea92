//! Events of trials: the ratio of two rates, from the likelihood of the counts.
//!
//! A ratio `r` of the rates is set against the data by the signed root of the likelihood ratio of two binomials, one of
//! which has `r` times the rate of the other (Miettinen and Nurminen 1985, for the rates under `r`), with a continuity correction of
//! half an event towards `r`: few events against many trials would else count for more than they are. The interval is of all `r`
//! that are not too far out. With no event on a side the interval goes to nothing or without end, as it should.
//! An absolute tolerance is set against the difference of the rates: Newcombe 1998, method 10, on Wilson's intervals.
//!
//! Requests fail in bursts: where the counts of the intervals vary more than binomials do, or neighbours resemble each
//! other, the variance is taken up by so much (McCullagh and Nelder 1989, quasi-likelihood), never down.

use super::{
    Case, Count, Data, Direction, Finding, LEAST_SAMPLES, Limits, Tolerance, Verdict,
    dependence::{Candidate, Moments, candidates, inflation},
    more_samples,
    roots::crossing,
    sequence::{CONFIDENCE, PASS_CONFIDENCE, Possibility, at_every_look, at_one_look},
    words,
};

/// A single count over the whole time has to have as many trials on each side.
const LEAST_TRIALS: f64 = 100.0;
/// With no event on either side, as many trials on each side pass: the rate is then under 1 % (three over the trials, with 95 %).
const CLEAN_TRIALS: f64 = 300.0;

/// One side, summed up.
#[derive(Debug, Clone, Copy)]
struct Side {
    events: f64,
    trials: f64,
    /// How many samples it is from; `None` for a single count.
    samples: Option<f64>,
}

impl Side {
    fn of(data: &Data) -> Self {
        let counts = list(data);
        // From 0 on, for the sum of no numbers is -0.
        let sum = |part: fn(&Count) -> f64| counts.iter().map(part).fold(0.0, |sum, one| sum + one);
        let (events, trials) = (sum(|count| count.events), sum(|count| count.trials));
        let samples = matches!(data, Data::Counts(_)).then_some(counts.len() as f64);
        Self { events, trials, samples }
    }

    fn rate(&self) -> f64 {
        self.events / self.trials
    }
}

/// The counts without gaps.
fn list(data: &Data) -> Vec<Count> {
    match data {
        Data::Counts(counts) => counts.iter().copied().filter(|count| count.trials > 0.0).collect(),
        Data::Total(total) if total.trials > 0.0 => vec![*total],
        Data::Total(_) | Data::Levels(_) => Vec::new(),
    }
}

pub(super) fn compare(case: &Case) -> Finding {
    let (canary, baseline) = (Side::of(&case.canary), Side::of(&case.baseline));
    let least = LEAST_SAMPLES as f64;
    if let Some(finding) = words::too_few(case, canary.samples.unwrap_or(least), baseline.samples.unwrap_or(least)) {
        return finding;
    }
    let few = |side: &Side, least: f64| side.trials < least;
    if few(&canary, LEAST_TRIALS) || few(&baseline, LEAST_TRIALS) {
        let fewest = canary.trials.min(baseline.trials);
        let samples = canary.samples.unwrap_or(1.0).min(baseline.samples.unwrap_or(1.0));
        // If they come on as they came so far.
        let more = (samples * (LEAST_TRIALS / fewest - 1.0)).ceil();
        let more = (canary.samples.is_some() && more.is_finite()).then_some(more.max(1.0) as u64);
        return words::too_few_trials(case, fewest, LEAST_TRIALS, more);
    }
    let spread = spread(case);
    // A single count has no samples; its events are the looks at which it may have changed.
    let looks = |side: &Side| side.samples.unwrap_or(canary.events + baseline.events).max(1.0);
    let samples = 2.0 / (1.0 / looks(&canary) + 1.0 / looks(&baseline));
    let (fail, pass) = (at_every_look(samples, &spread), at_one_look(&spread));

    let estimate = canary.rate() - baseline.rate();
    let nothing = canary.events == 0.0 && baseline.events == 0.0;
    // The interval of the difference; relative to the baseline it is that of the ratio, in the baseline's measure.
    let interval = |reach: f64| match case.tolerance {
        Tolerance::Relative(_) if baseline.events > 0.0 => {
            ratios(&canary, &baseline, reach).map(|end| ((end - 1.0) * baseline.rate()).clamp(-1.0, 1.0))
        }
        Tolerance::Relative(_) | Tolerance::Absolute(_) => differences(&canary, &baseline, reach),
    };
    let allowed = match case.tolerance {
        Tolerance::Relative(part) => part * baseline.rate(),
        Tolerance::Absolute(size) => size,
    };
    let limits = Limits { above: allowed, below: -allowed, direction: case.direction };
    let (mut fail_at, pass_at) = (interval(fail), interval(pass));
    // A share of nothing allows nothing: against a clean baseline it counts whether the events are too many to be chance.
    let (broken, kept) = match case.tolerance {
        Tolerance::Relative(part) if baseline.events == 0.0 => {
            let least = ratios(&canary, &baseline, fail)[0];
            let broken = case.direction != Direction::Decrease && canary.events > 0.0 && least > 1.0 + part;
            if broken {
                // At least the least the canary can have, less the most that the baseline can have beside it.
                fail_at[0] = fail_at[0].max(wilson(&canary, fail)[0] * (1.0 - 1.0 / least));
            }
            (broken, nothing && canary.trials.min(baseline.trials) >= CLEAN_TRIALS)
        }
        Tolerance::Relative(_) | Tolerance::Absolute(_) => (limits.broken(fail_at), limits.kept(pass_at)),
    };
    let (verdict, interval, confidence) = if broken {
        (Verdict::Fail, fail_at, CONFIDENCE)
    } else if kept {
        (Verdict::Pass, pass_at, PASS_CONFIDENCE)
    } else {
        (Verdict::Unknown, fail_at, CONFIDENCE)
    };
    let samples = canary.samples.unwrap_or(1.0).min(baseline.samples.unwrap_or(1.0));
    let half = |[low, high]: [f64; 2]| if high.is_finite() { (high - low) / 2.0 } else { f64::INFINITY };
    let more = match verdict {
        Verdict::Unknown => more_samples(samples, limits.narrower(estimate, half(fail_at), half(pass_at))),
        Verdict::Pass | Verdict::Fail => None,
    };
    let ratio = (baseline.events > 0.0).then(|| canary.rate() / baseline.rate());
    let of_baseline = (baseline.events > 0.0).then(|| interval.map(|end| end / baseline.rate()));
    let finding =
        Finding { verdict, estimate: Some(estimate), interval: Some(interval), ratio, confidence, more, why: String::new() };
    let finding = words::explained(case, finding, of_baseline);
    words::with_events(finding, (canary.events, canary.trials), (baseline.events, baseline.trials))
}

/// The least share of the canary's samples that are more than nothing, if these are too many to be chance beside as many
/// samples of the baseline that all are nothing.
///
/// Means and variances tell little there: if the canary were as clean, it would have none. Each sample is a trial, and
/// neighbours that are alike count for less.
pub(super) fn more_than_nothing(canary: &[f64], baseline: f64) -> Option<f64> {
    let marks: Vec<f64> = canary.iter().map(|level| if level.is_nan() { f64::NAN } else { f64::from(*level > 0.0) }).collect();
    let moments = Moments::of(&marks);
    let alike =
        |candidate: Candidate| Possibility { candidate, error: inflation(candidate.coefficient).sqrt(), ..Possibility::EXACT };
    // Marks that all are the same do not tell how they depend on each other.
    let possibilities = if moments.squares > 0.0 {
        candidates([&moments, &Moments::default()]).map(alike).collect()
    } else {
        vec![Possibility::EXACT]
    };
    let canary = Side { events: moments.mean * moments.count, trials: moments.count, samples: None };
    let clean = Side { events: 0.0, trials: baseline, samples: None };
    let samples = 2.0 / (1.0 / canary.trials + 1.0 / clean.trials);
    let reach = at_every_look(samples, &possibilities);
    let least = ratios(&canary, &clean, reach)[0];
    (canary.events > 0.0 && least > 1.0).then(|| wilson(&canary, reach)[0] * (1.0 - 1.0 / least))
}

/// How much more the counts vary from one sample to the next than independent trials do, as errors in binomial standard
/// deviations; never less.
fn spread(case: &Case) -> Vec<Possibility> {
    // About the side's rate they have a mean near nothing, but all of the square belongs to the spread.
    let sides = [residuals(&case.canary), residuals(&case.baseline)].map(|side| Moments::about(0.0, &side));
    let moving = || sides.iter().filter(|side| side.squares > 0.0);
    let freedom: f64 = moving().map(|side| side.count - 1.0).sum();
    if freedom < LEAST_SAMPLES as f64 - 1.0 {
        return vec![Possibility::EXACT];
    }
    let error = |candidate: Candidate| {
        // The variance that one sample would have if it told what all do, each side by what it knows.
        let each = |side: &Moments| (side.count - 1.0) * side.count * side.variance_of_mean(candidate.coefficient);
        let inflation = moving().map(each).sum::<f64>() / freedom;
        if inflation > 1.0 {
            Possibility { candidate, error: inflation.sqrt(), freedom }
        } else {
            Possibility { candidate, ..Possibility::EXACT }
        }
    };
    let possibilities: Vec<_> = candidates([&sides[0], &sides[1]]).map(error).collect();
    // Where none takes more than the binomial's spread, the dependence is that of roundings.
    if possibilities.iter().all(|one| one.error <= 1.0) { vec![Possibility::EXACT] } else { possibilities }
}

/// How far each count is from what its side's rate lets expect, in binomial standard deviations. A single count has none.
fn residuals(data: &Data) -> Vec<f64> {
    let Data::Counts(counts) = data else { return Vec::new() };
    let rate = Side::of(data).rate();
    if !(rate > 0.0 && rate < 1.0) {
        return Vec::new();
    }
    let residual = |count: &Count| (count.events - rate * count.trials) / (count.trials * rate * (1.0 - rate)).sqrt();
    // Without trials it is no number, and thereby a gap.
    counts.iter().map(|count| if count.trials > 0.0 { residual(count) } else { f64::NAN }).collect()
}

/// The ratios of the rates that are not further out than `reach` standard deviations.
fn ratios(canary: &Side, baseline: &Side, reach: f64) -> [f64; 2] {
    /// No rate is so many powers of e times another: there are at most 10^15 trials.
    const WIDEST: f64 = 40.0;
    const HALVINGS: usize = 12;
    let search = |sign: f64| crossing([-WIDEST, WIDEST], HALVINGS, |log| root(canary, baseline, log.exp()) - sign * reach).exp();
    let low = if canary.events > 0.0 { search(1.0) } else { 0.0 };
    let high = if baseline.events > 0.0 { search(-1.0) } else { f64::INFINITY };
    [low, high]
}

/// How far out the counts are if the canary's rate is `ratio` times the baseline's, in standard deviations.
fn root(canary: &Side, baseline: &Side, ratio: f64) -> f64 {
    let (n1, n2) = (canary.trials, baseline.trials);
    let rate = rate_under(canary, baseline, ratio);
    let expected = n1 * (ratio * rate).min(1.0);
    // The canary's excess and the baseline's lack; where all of the canary's trials are events, only the latter tells.
    let excess = (canary.events - expected) - (baseline.events - n2 * rate);
    let sign = if excess >= 0.0 { 1.0 } else { -1.0 };
    // Half an event goes from one side to the other, but not past what is expected.
    let moved = (expected - canary.events).abs().min(0.5) * sign;
    // What comes from one side has to be there, and has to have room on the other.
    let moved = moved.max(-baseline.events).max(canary.events - n1).min(n2 - baseline.events).min(canary.events);
    let (k1, k2) = (canary.events - moved, baseline.events + moved);
    let (one, two) = (Side { events: k1, ..*canary }, Side { events: k2, ..*baseline });
    let rate = rate_under(&one, &two, ratio);
    let deviance = 2.0 * (divergence(k1, n1, (ratio * rate).min(1.0)) + divergence(k2, n2, rate));
    sign * deviance.max(0.0).sqrt()
}

/// The baseline's most likely rate if the canary's is `ratio` times as high.
fn rate_under(canary: &Side, baseline: &Side, ratio: f64) -> f64 {
    let (k1, n1, k2, n2) = (canary.events, canary.trials, baseline.events, baseline.trials);
    // a p^2 - b p + c = 0; the smaller root, in the form that loses nothing where a is small.
    let a = (n1 + n2) * ratio;
    let b = ratio * n1 + k1 + n2 + ratio * k2;
    let c = k1 + k2;
    let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
    (2.0 * c / (b + root)).min(1.0).min(1.0 / ratio)
}

/// How much likelier `events` of `trials` are under their own rate than under `rate`, as a logarithm.
fn divergence(events: f64, trials: f64, rate: f64) -> f64 {
    let part = |count: f64, expected: f64| if count > 0.0 { count * (count / expected).ln() } else { 0.0 };
    part(events, trials * rate) + part(trials - events, trials * (1.0 - rate))
}

/// The differences of the rates that are not further out than `reach` standard deviations.
fn differences(canary: &Side, baseline: &Side, reach: f64) -> [f64; 2] {
    let (p1, p2) = (canary.rate(), baseline.rate());
    let ([l1, u1], [l2, u2]) = (wilson(canary, reach), wilson(baseline, reach));
    [p1 - p2 - (p1 - l1).hypot(u2 - p2), p1 - p2 + (u1 - p1).hypot(p2 - l2)]
}

/// Wilson's interval of a rate.
fn wilson(side: &Side, reach: f64) -> [f64; 2] {
    if !reach.is_finite() {
        return [0.0, 1.0];
    }
    let (p, n, z) = (side.rate(), side.trials, reach);
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0).min(p), (centre + half).min(1.0).max(p)]
}
