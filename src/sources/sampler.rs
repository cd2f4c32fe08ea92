//! Which signals are sampled together, and sampling them.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Context, Memory, Reading, alertmanager, now, prometheus, reading, slo};
use crate::{
    health::{Sample, Unknown},
    plan::{Plan, Server, Signal, Source},
};

/// The signals that are sampled together: those of one Prometheus server that are sampled as often are a group, the
/// service levels of one server are one, and every other signal is a group of its own. Those that are computed of others
/// are in none.
#[must_use]
pub fn groups(plan: &Plan) -> Vec<Vec<String>> {
    let mut groups: Vec<(Option<Together>, Vec<String>)> = Vec::new();
    for (id, signal) in &plan.signals {
        let together = match &signal.source {
            Source::Expression { .. } | Source::Score { .. } => continue,
            Source::Prometheus { at, .. } => Some(Together::Queries(plan.server(at), signal.every.get())),
            Source::Slo { slo, .. } => plan.slos.get(slo).map(|slo| Together::Slos(plan.server(&slo.at))),
            Source::Scrape { .. } | Source::Probe { .. } | Source::Command { .. } | Source::Alertmanager { .. } => None,
        };
        let group = together.as_ref().and_then(|_| groups.iter_mut().find(|(key, _)| *key == together));
        match group {
            Some((_, signals)) => signals.push(id.clone()),
            None => groups.push((together, vec![id.clone()])),
        }
    }
    groups.into_iter().map(|(_, signals)| signals).collect()
}

/// What signals have in common that are sampled together.
#[derive(PartialEq)]
enum Together {
    Queries(Server, Duration),
    Slos(Server),
}

/// Samples the signals of one group again and again, and remembers what it takes.
pub struct Sampler {
    plan: Arc<Plan>,
    signals: Vec<String>,
    context: Context,
    kind: Kind,
}

/// What is remembered between two samplings.
enum Kind {
    Prometheus(Box<prometheus::Group>),
    Alertmanager(Box<alertmanager::Client>),
    Slos(Box<slo::Group>),
    Single(Box<Memory>),
}

impl Sampler {
    /// For signals of the plan that are one of its [`groups`].
    #[must_use]
    pub fn new(plan: Arc<Plan>, signals: Vec<String>, context: Context) -> Self {
        let first = signals.first().and_then(|id| plan.signals.get(id));
        let kind = match first.map(|signal| &signal.source) {
            Some(Source::Prometheus { at, .. }) => {
                let members = plan.signals.iter().filter(|(id, _)| signals.contains(id));
                Kind::Prometheus(Box::new(prometheus::Group::new(&plan.server(at), members, &context)))
            }
            Some(Source::Alertmanager { at, .. }) => {
                Kind::Alertmanager(Box::new(alertmanager::Client::new(&plan.server(at), &context)))
            }
            Some(Source::Slo { .. }) => Kind::Slos(Box::new(slo::Group::new(&plan, &signals, &context))),
            _ => Kind::Single(Box::default()),
        };
        Self { plan, signals, context, kind }
    }

    /// How often the group is sampled.
    #[must_use]
    pub fn every(&self) -> Duration {
        self.members().map(|(_, signal)| signal.every.get()).min().unwrap_or(Duration::from_secs(5))
    }

    /// What the source kept of the past, oldest first for each signal, from the time that each one wants it: a sample for
    /// each sampling that would have been. None where the source keeps no past or cannot be asked.
    pub async fn past(&mut self, from: impl Fn(&str) -> Timestamp, to: Timestamp) -> Vec<Reading> {
        let (every, limit) = (self.every(), self.limit());
        match &mut self.kind {
            Kind::Prometheus(group) => group.past(from, to, every, limit).await,
            Kind::Alertmanager(_) | Kind::Slos(_) | Kind::Single(_) => Vec::new(),
        }
    }

    /// Samples every signal of the group once: one reading for each. It never fails: what goes wrong becomes a sample
    /// without a number, with a line that says why. It takes no longer than the longest [`Signal::sampling_timeout`]
    /// of the group, and may be dropped at any time.
    pub async fn sample(&mut self) -> Vec<Reading> {
        let limit = self.limit();
        let Self { plan, signals, context, kind } = self;
        let mut readings = match kind {
            Kind::Prometheus(group) => group.sample(limit).await,
            Kind::Slos(group) => group.sample(limit).await,
            Kind::Alertmanager(client) => match member(plan, signals) {
                Some((id, signal)) => vec![client.sample(id, signal, context.started).await],
                None => Vec::new(),
            },
            Kind::Single(memory) => match member(plan, signals) {
                Some((id, signal)) => vec![reading(id, signal, context, memory).await],
                None => Vec::new(),
            },
        };
        // Whatever is asked for gets a reading.
        for id in signals {
            if !readings.iter().any(|reading| reading.signal == *id) {
                readings.push(Reading::new(id, Sample::missing(now(), Unknown::NoData)));
            }
        }
        readings
    }

    fn limit(&self) -> Duration {
        self.members().map(|(_, signal)| signal.sampling_timeout().get()).max().unwrap_or(Duration::from_secs(5))
    }

    fn members(&self) -> impl Iterator<Item = (&String, &Signal)> {
        self.signals.iter().filter_map(|id| self.plan.signals.get_key_value(id))
    }
}

/// The only signal of a group of one.
fn member<'a>(plan: &'a Plan, signals: &[String]) -> Option<(&'a String, &'a Signal)> {
    plan.signals.get_key_value(signals.first()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        health::Value,
        plan,
        sources::testing::{Reply, Server as Fake, context},
    };

    fn plan(url: &str) -> Arc<Plan> {
        let text = format!(
            "service = 'shop'
            [servers.main]
            url = '{url}'
            [signals.errors]
            source = 'prometheus'
            server = 'main'
            query = 'sum(errors)'
            [signals.probe]
            source = 'probe'
            url = '{url}/health'
            [signals.latency]
            source = 'prometheus'
            server = 'main'
            ratio = {{ of = 'slow_total', over = 'all_total' }}
            [signals.rare]
            source = 'prometheus'
            server = 'main'
            query = 'sum(rare)'
            every = '1m'
            [signals.same]
            source = 'prometheus'
            url = '{url}'
            query = 'sum(same)'
            timeout = '2s'
            [signals.alerts]
            source = 'alertmanager'
            url = '{url}'
            [signals.both]
            source = 'expression'
            of = '{{errors}} + {{latency}}'
            [slos.availability]
            server = 'main'
            objective = 99.9
            bad = 'errors_total'
            total = 'all_total'
            [[stages]]
            id = 'build'
            run = 'true'
            "
        );
        Arc::new(plan::parse(&text, "test").unwrap_or_else(|problems| panic!("{text}\n{problems:?}")))
    }

    #[test]
    fn who_is_sampled_together() {
        let plan = plan("http://127.0.0.1:9");
        let mut groups = groups(&plan);
        groups.iter_mut().for_each(|group| group.sort());
        groups.sort();
        let expected = [
            vec!["alerts"],
            vec!["availability", "availability.budget", "availability.spent"],
            // One server is one, by its name and by its address.
            vec!["errors", "latency", "same"],
            vec!["probe"],
            vec!["rare"],
        ];
        assert_eq!(groups, expected);
    }

    #[tokio::test]
    async fn every_signal_gets_one_reading() {
        let fake = Fake::start(|_| Reply::text("500 Internal Server Error", "")).await;
        let plan = plan(&fake.url(""));
        for group in groups(&plan) {
            let mut sampler = Sampler::new(Arc::clone(&plan), group.clone(), context());
            let readings = sampler.sample().await;
            let mut signals: Vec<&str> = readings.iter().map(|reading| reading.signal.as_str()).collect();
            signals.sort_unstable();
            let mut expected: Vec<&str> = group.iter().map(String::as_str).collect();
            expected.sort_unstable();
            assert_eq!(signals, expected);
            let none = readings.iter().all(|reading| reading.sample.value.number().is_none_or(|number| number == 0.0));
            assert!(none, "{readings:?}");
            let long_ago = |_: &str| Timestamp::UNIX_EPOCH;
            assert_eq!(sampler.past(long_ago, Timestamp::now()).await, []);
        }
    }

    #[tokio::test]
    async fn how_often_and_for_how_long() {
        let plan = plan("http://127.0.0.1:9");
        let sampler =
            |signals: &[&str]| Sampler::new(Arc::clone(&plan), signals.iter().map(|id| (*id).to_owned()).collect(), context());
        for (signals, every, limit) in [(&["errors", "same"] as &[_], 5, 5), (&["same"], 5, 2), (&["rare"], 60, 10)] {
            let sampler = sampler(signals);
            assert_eq!((sampler.every().as_secs(), sampler.limit().as_secs()), (every, limit), "{signals:?}");
        }
        // One that is unknown is unknown, and one that is no group of its own is not left out.
        let readings = sampler(&["nothing"]).sample().await;
        assert_eq!(readings[0].sample.value, Value::Missing(Unknown::NoData));
        assert_eq!(sampler(&["probe", "errors"]).sample().await.len(), 2);
    }
}
