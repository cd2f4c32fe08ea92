//! Kayenta's score: groups with weights, critical metrics, a pass and a marginal threshold (`WeightedSumScorer`,
//! `ThresholdScoreClassifier`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Classification;

/// A metric with its place in the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What it is called.
    pub name: String,
    /// The group it counts in.
    pub group: String,
    /// Whether its failure fails the canary.
    pub critical: bool,
    /// What Kayenta calls it.
    pub classification: Classification,
}

/// How the score compares with its thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// The pass threshold is reached.
    Pass,
    /// The marginal threshold is reached.
    Marginal,
    /// Neither is.
    Fail,
}

/// The score of a canary.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// From 0 to 100, to two places.
    pub score: f64,
    /// How it compares.
    pub outcome: Outcome,
    /// Why it is nothing, if a rule made it so.
    pub why: Option<String>,
}

/// Scores what was found; weights are in percent.
#[must_use]
pub fn score(metrics: &[Metric], weights: &BTreeMap<String, f64>, pass: f64, marginal: f64) -> Score {
    let (score, why) = summary(metrics, weights);
    let outcome = if score >= pass {
        Outcome::Pass
    } else if score >= marginal {
        Outcome::Marginal
    } else {
        Outcome::Fail
    };
    Score { score, outcome, why }
}

fn summary(metrics: &[Metric], weights: &BTreeMap<String, f64>) -> (f64, Option<String>) {
    // An error takes the critical mark off a metric; so do a missing required sample and a pass.
    let fails = |metric: &&Metric| {
        metric.critical && matches!(metric.classification, Classification::High | Classification::Low | Classification::Nodata)
    };
    if let Some(metric) = metrics.iter().find(fails) {
        return (0.0, Some(format!("the critical metric {} is {:?}", metric.name, metric.classification)));
    }
    let missing = metrics.iter().filter(|metric| metric.classification == Classification::Nodata).count();
    // Of no metrics at all there is no share; Kayenta compares with NaN and goes on.
    if !metrics.is_empty() && missing * 2 >= metrics.len() {
        return (0.0, Some("50 % or more of the metrics have no data".to_owned()));
    }
    let groups: BTreeSet<&str> = metrics.iter().map(|metric| metric.group.as_str()).collect();
    let without = groups.iter().filter(|group| !weights.contains_key(**group)).count();
    let rest = 100.0 - weights.values().sum::<f64>();
    let sum: f64 = groups
        .iter()
        .map(|group| {
            let weight = weights.get(*group).copied().unwrap_or(rest / without.max(1) as f64);
            marks(metrics.iter().filter(|metric| metric.group == *group)) * weight / 100.0
        })
        .sum();
    ((sum * 100.0).round() / 100.0, None)
}

/// What a group has of 100. A group of which nothing is known has all.
fn marks<'a>(metrics: impl Iterator<Item = &'a Metric>) -> f64 {
    let (mut passed, mut counted) = (0.0, 0.0);
    for metric in metrics {
        match metric.classification {
            Classification::Pass => {
                passed += 1.0;
                counted += 1.0;
            }
            Classification::High | Classification::Low | Classification::NodataFailMetric => counted += 1.0,
            Classification::Nodata | Classification::Error => {}
        }
    }
    if counted > 0.0 { passed / counted * 100.0 } else { 100.0 }
}
