//! Many metrics as one verdict: groups with weights, critical metrics, a score with a pass and a marginal threshold.
//!
//! The words are those of Kayenta's users. What is not known is not counted as passed, nor left out: the score is a range,
//! from all that is unknown failing to all of it passing, and the verdict is what holds over the whole range.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Verdict;

/// A metric with its place in the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What it is called.
    pub name: String,
    /// The group it counts in.
    pub group: String,
    /// Whether its failure fails the canary.
    pub critical: bool,
    /// What was found.
    pub verdict: Verdict,
}

/// How groups count and where the thresholds lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighting {
    /// In percent. Groups that have none share what is left of 100 evenly.
    pub weights: BTreeMap<String, f64>,
    /// A score of as much passes.
    pub pass: f64,
    /// A score of less fails; one between the two is marginal.
    pub marginal: f64,
}

impl Default for Weighting {
    fn default() -> Self {
        Self { weights: BTreeMap::new(), pass: 95.0, marginal: 75.0 }
    }
}

/// All metrics together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Pass, fail, or unknown, which includes marginal.
    pub verdict: Verdict,
    /// The least and the most that the score can be, of 100.
    pub score: [f64; 2],
    /// The same as a sentence.
    pub why: String,
}

/// Why a weighting cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WeightingError {
    /// A weight that is none.
    #[error("the weight of the group {0} is {1}; it has to be from 0 to 100")]
    Weight(String, f64),
    /// More than everything.
    #[error("the weights come to {0} %; they may not be more than 100 together")]
    TooMuch(f64),
    /// A weight that nothing can earn.
    #[error("the group {0} has a weight and no metrics; its share could never be reached")]
    Empty(String),
    /// With no group to take the rest, all has to be given out.
    #[error("every group has a weight and they come to {0} %; they have to come to 100")]
    TooLittle(f64),
    /// Thresholds out of order.
    #[error("the thresholds are {pass} for pass and {marginal} for marginal; they go from 0 to 100, marginal first")]
    Thresholds {
        /// The pass threshold.
        pass: f64,
        /// The marginal threshold.
        marginal: f64,
    },
}

/// Scores what was found.
///
/// # Errors
///
/// A weighting under which no score would mean anything.
pub fn score(metrics: &[Metric], weighting: &Weighting) -> Result<Score, WeightingError> {
    let shares = shares(metrics, weighting)?;
    if metrics.is_empty() {
        return Ok(Score { verdict: Verdict::Unknown, score: [0.0, 100.0], why: "there are no metrics".to_owned() });
    }
    let of_verdict = |verdict: Verdict| metrics.iter().filter(move |metric| metric.verdict == verdict);
    if let Some(metric) = of_verdict(Verdict::Fail).find(|metric| metric.critical) {
        let why = format!("the critical metric {} failed", metric.name);
        return Ok(Score { verdict: Verdict::Fail, score: [0.0, 0.0], why });
    }
    let with = |unknown: f64| -> f64 {
        shares
            .iter()
            .map(|(group, share)| {
                let members = || metrics.iter().filter(|metric| metric.group == *group);
                let marks = members().map(|metric| match metric.verdict {
                    Verdict::Pass => 1.0,
                    Verdict::Fail => 0.0,
                    Verdict::Unknown => unknown,
                });
                marks.sum::<f64>() / members().count().max(1) as f64 * share
            })
            .sum()
    };
    let open = of_verdict(Verdict::Unknown).find(|metric| metric.critical);
    let least = if open.is_some() { 0.0 } else { with(0.0) };
    // Shares of thirds come to 99.999….
    let [least, most] = [least, with(1.0)].map(|score| (score * 1e6).round() / 1e6);
    let verdict = if least >= weighting.pass {
        Verdict::Pass
    } else if most < weighting.marginal {
        Verdict::Fail
    } else {
        Verdict::Unknown
    };
    let thresholds = format!("{} passes, under {} fails", weighting.pass, weighting.marginal);
    let score =
        if least == most { format!("the score is {least:.1}") } else { format!("the score is from {least:.1} to {most:.1}") };
    let why = match open {
        Some(metric) if verdict == Verdict::Unknown => {
            format!("the critical metric {} is unknown; {score}: {thresholds}", metric.name)
        }
        _ => format!("{score}: {thresholds}"),
    };
    Ok(Score { verdict, score: [least, most], why })
}

/// What each group counts, of 100.
fn shares<'a>(metrics: &'a [Metric], weighting: &Weighting) -> Result<BTreeMap<&'a str, f64>, WeightingError> {
    let Weighting { weights, pass, marginal } = weighting;
    if !(*marginal >= 0.0 && marginal <= pass && *pass <= 100.0) {
        return Err(WeightingError::Thresholds { pass: *pass, marginal: *marginal });
    }
    let groups: BTreeSet<&str> = metrics.iter().map(|metric| metric.group.as_str()).collect();
    for (group, weight) in weights {
        if !(0.0..=100.0).contains(weight) {
            return Err(WeightingError::Weight(group.clone(), *weight));
        }
        if !metrics.is_empty() && !groups.contains(group.as_str()) {
            return Err(WeightingError::Empty(group.clone()));
        }
    }
    let given: f64 = weights.values().sum();
    let without = groups.iter().filter(|group| !weights.contains_key(**group)).count();
    // Weights of thirds do not come to 100 to the last digit.
    if given > 100.0 + 1e-6 {
        return Err(WeightingError::TooMuch(given));
    }
    if without == 0 && !groups.is_empty() && given < 100.0 - 1e-6 {
        return Err(WeightingError::TooLittle(given));
    }
    let rest = (100.0 - given).max(0.0) / without.max(1) as f64;
    Ok(groups.into_iter().map(|group| (group, weights.get(group).copied().unwrap_or(rest))).collect())
}
