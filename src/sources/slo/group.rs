//! The service levels of one Prometheus server, sampled together: each is asked once for all that is told of it.

use std::time::Duration;

use jiff::Timestamp;

use super::{LABEL, Windows};
use crate::{
    health::{Sample, Unknown, slo},
    plan::{Plan, Signal, Slo, Source},
    sources::{
        Context, Reading, now,
        prometheus::{Client, QueryError},
    },
    text,
};

/// The service levels of a server, and what it has answered so far.
pub(in crate::sources) struct Group {
    client: Client,
    levels: Vec<Level>,
}

/// A service level, and the signals that tell of it.
struct Level {
    slo: Slo,
    signals: Vec<(String, Signal)>,
    windows: Windows,
}

impl Group {
    /// For these signals of the plan, which all tell of service levels at one server.
    pub(in crate::sources) fn new(plan: &Plan, signals: &[String], context: &Context) -> Self {
        let mut levels: Vec<(String, Level)> = Vec::new();
        let mut server = crate::plan::Server::default();
        for (id, signal) in signals.iter().filter_map(|id| plan.signals.get_key_value(id)) {
            let Source::Slo { slo: name, .. } = &signal.source else { continue };
            let Some(slo) = plan.slos.get(name) else { continue };
            server = plan.server(&slo.at);
            let told = (id.clone(), signal.clone());
            match levels.iter_mut().find(|(known, _)| known == name) {
                Some((_, level)) => level.signals.push(told),
                None => {
                    let level = Level { slo: slo.clone(), signals: vec![told], windows: Windows::new(context.started) };
                    levels.push((name.clone(), level));
                }
            }
        }
        Self { client: Client::new(&server, context), levels: levels.into_iter().map(|(_, level)| level).collect() }
    }

    /// A reading of each signal. The levels are asked side by side.
    pub(in crate::sources) async fn sample(&mut self, limit: Duration) -> Vec<Reading> {
        let client = &self.client;
        let asked = now();
        let readings = self.levels.iter_mut().map(|level| level.sample(client, asked, limit));
        futures::future::join_all(readings).await.into_iter().flatten().collect()
    }
}

impl Level {
    async fn sample(&mut self, client: &Client, asked: Timestamp, limit: Duration) -> Vec<Reading> {
        let asks = self.windows.due(&self.slo, asked);
        let answers = futures::future::join_all(asks.iter().map(|ask| client.instant(&ask.promql, None, limit))).await;
        let mut warnings = Vec::new();
        for (ask, answer) in asks.iter().zip(answers) {
            let rows = answer.and_then(|answer| {
                warnings.extend(answer.warnings.iter().cloned());
                rows(answer)
            });
            match rows {
                Ok(rows) => self.windows.answered(&self.slo, ask, &rows),
                Err(error) => self.windows.failed(ask, text::line(&error.to_string(), 160)),
            }
        }
        warnings.dedup();
        let tally = self.windows.tally(&self.slo, asked);
        let told = self.signals.iter().map(|(id, signal)| {
            let sample = match (&tally, &signal.source) {
                (Ok(tally), Source::Slo { reading, .. }) => slo::tell(&self.slo, *reading, tally).sample(asked),
                (Ok(_), _) => Sample::missing(asked, Unknown::NoData),
                (Err(why), _) => Sample::missing(asked, Unknown::Error(why.clone())),
            };
            Reading { warnings: warnings.clone(), ..Reading::new(id, sample) }
        });
        told.collect()
    }
}

/// The rows of an answer: what each is called, and its number.
fn rows(answer: crate::sources::prometheus::Answer) -> Result<Vec<(String, f64)>, QueryError> {
    let named = answer.series()?.into_iter().filter_map(|element| {
        let (_, name) = element.labels.into_iter().find(|(label, _)| label == LABEL)?;
        Some((name, element.point?.value))
    });
    Ok(named.collect())
}
