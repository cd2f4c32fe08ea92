//! Sampling every signal for as long as a release flies, and what samples bring besides numbers: alerts and warnings.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use super::drive::environment;
use crate::{
    health::{Alert, AlertState},
    release::{EventKind, Release},
    sources::{self, Reading, Sampler},
};

/// How many samples of the time before are asked of a source that remembers.
const HISTORY: i32 = 240;
/// How many alerts of a signal are written down.
const ALERTS: usize = 50;
/// How long after a source's warnings were written down others are.
const WARNED: Duration = Duration::from_secs(60);

/// What samples one group of signals.
pub(super) struct Group {
    sampler: Sampler,
    /// The time of the newest sample of each signal that is known already.
    known: BTreeMap<String, Timestamp>,
}

/// What sources need to know of a release.
pub(super) fn context(release: &Release, http: &reqwest::Client) -> sources::Context {
    sources::Context {
        http: http.clone(),
        folder: PathBuf::from(&release.folder),
        env: environment(release),
        started: release.started,
    }
}

/// What samples the signals of a release.
pub(super) fn samplers(release: &Release, http: &reqwest::Client) -> Vec<Group> {
    let context = context(release, http);
    let groups = sources::groups(&release.plan).into_iter().map(|signals| {
        let known = signals.iter().filter_map(|id| Some((id.clone(), release.series(id)?.latest_number()?.0)));
        let known = known.collect();
        Group { sampler: Sampler::new(Arc::clone(&release.plan), signals, context.clone()), known }
    });
    groups.collect()
}

impl Group {
    /// Tells what the sources keep of the past, and then samples for as long as somebody hears it.
    pub(super) async fn run(mut self, hear: impl AsyncFn(Vec<Reading>) -> bool) {
        let now = Timestamp::now();
        let span = SignedDuration::try_from(self.sampler.every()).unwrap_or_default().saturating_mul(HISTORY);
        let reach = now.checked_sub(span).unwrap_or(now);
        let from = |id: &str| self.known.get(id).map_or(reach, |known| reach.max(*known));
        let past = self.sampler.past(from, now).await;
        if !past.is_empty() && !hear(past).await {
            return;
        }
        let mut every = interval(self.sampler.every());
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if !hear(self.sampler.sample().await).await {
                return;
            }
        }
    }
}

/// What was last written down of what samples bring besides numbers.
#[derive(Debug, Default)]
pub(super) struct Beside {
    warned: HashMap<String, Instant>,
}

impl Beside {
    /// What a reading brings that is not written down yet.
    pub(super) fn news(&mut self, release: &Release, reading: &Reading) -> Vec<EventKind> {
        let mut events = Vec::new();
        if let Some(alerts) = &reading.alerts {
            events.extend(changed(release, &reading.signal, alerts));
        }
        let before = release.warnings.get(&reading.signal).map(Vec::as_slice).unwrap_or_default();
        let lately = self.warned.get(&reading.signal).is_some_and(|at| at.elapsed() < WARNED);
        if before != reading.warnings && !lately {
            self.warned.insert(reading.signal.clone(), Instant::now());
            events.push(EventKind::SourceWarned { signal: reading.signal.clone(), warnings: reading.warnings.clone() });
        }
        events
    }
}

/// The alerts, if others are known or they are heard otherwise than before.
fn changed(release: &Release, signal: &str, alerts: &[Alert]) -> Option<EventKind> {
    let known = alerts.iter().take(ALERTS);
    let before = release.alerts.get(signal).map(|alerts| alerts.known.as_slice()).unwrap_or_default();
    let told = |alert: &Alert| (alert.fingerprint.clone(), alert.state);
    let firing = |alerts: &[Alert]| alerts.iter().filter(|alert| alert.state == AlertState::Firing).count();
    let more = u32::try_from(firing(alerts.get(ALERTS..).unwrap_or_default())).unwrap_or(u32::MAX);
    let same =
        known.clone().map(told).eq(before.iter().map(told)) && release.alerts.get(signal).map_or(0, |alerts| alerts.more) == more;
    let never = alerts.is_empty() && !release.alerts.contains_key(signal);
    (!same && !never).then(|| EventKind::AlertsChanged { signal: signal.to_owned(), alerts: known.cloned().collect(), more })
}
