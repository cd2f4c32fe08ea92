//! Silences at an Alertmanager: set, kept in force and taken back as the release's state says.
//!
//! Level-triggered, as all that the controller does. A silence is found again by its id in its comment, so that one that was
//! asked for before a crash is not made twice. It is made for half an hour and renewed: should nobody drive the release any
//! more, alerts are heard again by themselves.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    health::Alert,
    plan::{Server, Source},
    release::{EventKind, Release, Silence, SilencePhase},
    sources::{
        self,
        alertmanager::{AlertmanagerError, Client},
    },
    text,
};

/// How long a silence is in force at most without being renewed.
const LENGTH: SignedDuration = SignedDuration::from_mins(30);
/// How often it is renewed.
const RENEWED: Duration = Duration::from_secs(10 * 60);
/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How often it is tried before it counts as failed, and how long is waited in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(3);

/// What is done about silences here.
#[derive(Debug, Default)]
pub(super) struct Silences {
    known: HashMap<String, Known>,
}

#[derive(Debug, Default)]
struct Known {
    busy: bool,
    renewed: Option<Instant>,
}

/// What is to be done about a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Set,
    Renew,
    End,
}

/// A piece of work about one silence.
pub(super) struct Job {
    silence: Silence,
    wish: Wish,
    server: Server,
    context: sources::Context,
    release: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Done {
    silence: String,
    wish: Wish,
    event: Option<EventKind>,
}

/// How a silence's comment ends, by which it is found: whole, for one id may begin as another does.
fn marker(silence: &str) -> String {
    format!("Flightdeck {silence})")
}

impl Silences {
    /// What should be under way and is not.
    pub(super) fn due(&mut self, release: &Release, context: impl Fn() -> sources::Context) -> Vec<Job> {
        let mut jobs = Vec::new();
        for silence in release.open_silences() {
            let known = self.known.entry(silence.id.clone()).or_default();
            let fresh = known.renewed.is_some_and(|at| at.elapsed() < RENEWED);
            let wish = match (&silence.phase, release.wants_silence(silence)) {
                (SilencePhase::Asked, true) => Wish::Set,
                (SilencePhase::Set(_), true) if fresh => continue,
                (SilencePhase::Set(_), true) => Wish::Renew,
                (SilencePhase::Ended | SilencePhase::Failed(_), _) => continue,
                (_, false) => Wish::End,
            };
            let signal = release.plan.signals.get(&silence.signal).map(|signal| &signal.source);
            let (false, Some(Source::Alertmanager { at, .. })) = (known.busy, signal) else { continue };
            known.busy = true;
            jobs.push(Job {
                silence: silence.clone(),
                wish,
                server: release.plan.server(at),
                context: context(),
                release: format!("{} {}", release.plan.service, release.version),
            });
        }
        jobs
    }

    /// Takes in what came of one: what is to be written down of it.
    pub(super) fn done(&mut self, done: Done) -> Option<EventKind> {
        let known = self.known.entry(done.silence).or_default();
        known.busy = false;
        if matches!(done.wish, Wish::Set | Wish::Renew) {
            known.renewed = Some(Instant::now());
        }
        done.event
    }

    /// Whether something is still under way or due for a release that is over.
    pub(super) fn is_busy(release: &Release) -> bool {
        release.open_silences().next().is_some()
    }
}

impl Job {
    /// Does it, some times if need be.
    pub(super) async fn perform(self) -> Done {
        let client = Client::new(&self.server, &self.context);
        let mut why = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            match self.once(&client).await {
                Ok(event) => return self.done(event),
                Err(error) => why = text::line(&error.to_string(), 160),
            }
        }
        let (silence, name) = (self.silence.id.clone(), &self.silence.alert.name);
        let event = match self.wish {
            Wish::Set => Some(EventKind::SilenceFailed { silence, why: format!("{name} could not be silenced: {why}") }),
            // The next round tries again, and it lasts a while.
            Wish::Renew => None,
            Wish::End => {
                let why = format!(
                    "{name} is still silent, for it could not be taken back; it ends by itself within half an hour: {why}"
                );
                Some(EventKind::SilenceFailed { silence, why })
            }
        };
        self.done(event)
    }

    fn done(&self, event: Option<EventKind>) -> Done {
        Done { silence: self.silence.id.clone(), wish: self.wish, event }
    }

    async fn once(&self, client: &Client) -> Result<Option<EventKind>, AlertmanagerError> {
        let silence = self.silence.id.clone();
        let until = Timestamp::now().saturating_add(LENGTH).unwrap_or(Timestamp::MAX);
        let remote = match &self.silence.phase {
            SilencePhase::Set(remote) => Some(remote.clone()),
            // It may have been made before anybody could write that down.
            _ => client.find_silence(&marker(&silence), LIMIT).await?,
        };
        match (self.wish, remote) {
            (Wish::Set, Some(remote)) => Ok(Some(EventKind::SilenceSet { silence, remote })),
            (Wish::Set, None) => {
                let Alert { labels, .. } = &self.silence.alert;
                let Silence { by, stage, why, .. } = &self.silence;
                let comment = format!("{why} (while {stage} of {} is under way; {}", self.release, marker(&silence));
                let remote = client.silence(labels, (Timestamp::now(), until), by, &comment, LIMIT).await?;
                Ok(Some(EventKind::SilenceSet { silence, remote }))
            }
            (Wish::Renew, Some(remote)) => {
                match client.extend(&remote, until, LIMIT).await {
                    Ok(other) if other != remote => Ok(Some(EventKind::SilenceSet { silence, remote: other })),
                    Ok(_) => Ok(None),
                    // Somebody has ended it there, or nobody renewed it for too long: it is heard again.
                    Err(AlertmanagerError::NoSilence) => Ok(Some(EventKind::SilenceEnded { silence })),
                    Err(error) => Err(error),
                }
            }
            (Wish::End, Some(remote)) => {
                client.expire(&remote, LIMIT).await?;
                // Renewed, it may have got another name.
                if let Some(other) = client.find_silence(&marker(&silence), LIMIT).await? {
                    client.expire(&other, LIMIT).await?;
                }
                Ok(Some(EventKind::SilenceEnded { silence }))
            }
            (Wish::End | Wish::Renew, None) => Ok(Some(EventKind::SilenceEnded { silence })),
        }
    }
}
