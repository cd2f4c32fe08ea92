//! Signals that are sampled together.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Context, Memory, Reading, backfill, sample};
use crate::plan::{Plan, Signal, Source};

/// The signals of a plan that are sampled, by what is sampled together.
#[must_use]
pub fn groups(plan: &Plan) -> Vec<Vec<String>> {
    let sampled = |signal: &Signal| !matches!(signal.source, Source::Expression { .. } | Source::Score { .. });
    plan.signals.iter().filter(|(_, signal)| sampled(signal)).map(|(id, _)| vec![id.clone()]).collect()
}

/// Samples a group of signals.
#[derive(Debug)]
pub struct Sampler {
    context: Context,
    signals: Vec<(String, Signal, Memory)>,
}

impl Sampler {
    /// One for these signals of the plan.
    #[must_use]
    pub fn new(plan: Arc<Plan>, signals: Vec<String>, context: Context) -> Self {
        let signals = signals.into_iter().filter_map(|id| Some((id.clone(), plan.signals.get(&id)?.clone(), Memory::default())));
        Self { context, signals: signals.collect() }
    }

    /// How often they are sampled.
    #[must_use]
    pub fn every(&self) -> Duration {
        self.signals.first().map_or(Duration::from_secs(5), |(_, signal, _)| signal.every.get())
    }

    /// What the sources keep of the past.
    pub async fn past(&mut self, from: impl Fn(&str) -> Timestamp, to: Timestamp) -> Vec<Reading> {
        let mut readings = Vec::new();
        for (id, signal, _) in &self.signals {
            let samples = backfill(signal, &self.context, from(id), to, signal.every.get()).await;
            readings.extend(samples.into_iter().map(|sample| Reading::of(id, sample)));
        }
        readings
    }

    /// A sample of each.
    pub async fn sample(&mut self) -> Vec<Reading> {
        let mut readings = Vec::new();
        for (id, signal, memory) in &mut self.signals {
            readings.push(Reading::of(id, sample(signal, &self.context, memory).await));
        }
        readings
    }
}
