//! The far side of the cockpit's link: follows the journal, does what the cockpit asks for, reads a task's output. On a
//! thread of its own, so that the screen never waits for the disk.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, sleep, sleep_until},
};

use super::{Failure, keep, thread};
use crate::{
    controller::{Files, Logbook, LogbookError, News, PATIENCE, Tail},
    health::thin,
    journal::{Location, Watch},
    release::{Act, EventKind, Expected, Operation},
    text,
    tui::{Driving, HISTORY, Link, Output, Request, Update},
};

/// How many samples of a signal are read for a chart: all that the journal keeps.
const READ: usize = 10_000;
/// How often a running task's output is looked at while it is shown.
const LOOK: Duration = Duration::from_millis(250);
/// How often it is looked whether somebody drives.
const PULSE: Duration = Duration::from_secs(1);

/// Begins to follow a release; `ended` tells why this process no longer drives it. What else the cockpit is to be told goes
/// the same way as long as the link is there.
pub(super) fn begin(
    location: &Location,
    logbook: Logbook,
    ended: oneshot::Receiver<String>,
) -> Result<(Link, JoinHandle<()>, mpsc::WeakSender<Update>), Failure> {
    let (update, updates) = mpsc::channel(1024);
    let beside = update.downgrade();
    let (requests, asked) = mpsc::channel(64);
    let changed = Arc::new(Notify::new());
    let wake = Arc::clone(&changed);
    let watch = Watch::new(location, move || wake.notify_one())?;
    let runtime = thread::runtime()?;
    let far = Far {
        location: location.clone(),
        logbook,
        update,
        shown: None,
        output: None,
        driving: None,
        trouble: None,
        opened: Instant::now(),
    };
    let handle = std::thread::Builder::new().name("link".to_owned()).spawn(move || {
        let _watch = watch;
        // It ends when the cockpit no longer listens.
        let _closed = runtime.block_on(far.follow(asked, &changed, ended));
    })?;
    Ok((Link { updates, requests }, handle, beside))
}

struct Far {
    location: Location,
    logbook: Logbook,
    update: mpsc::Sender<Update>,
    /// The stage whose output is shown.
    shown: Option<String>,
    /// The operation whose output is read, and how far it was.
    output: Option<(String, Tail)>,
    driving: Option<Driving>,
    trouble: Option<String>,
    opened: Instant,
}

/// The cockpit no longer listens.
struct Closed;

impl Far {
    async fn follow(
        mut self,
        mut asked: mpsc::Receiver<Request>,
        changed: &Notify,
        mut ended: oneshot::Receiver<String>,
    ) -> Result<(), Closed> {
        let mut pulse = Instant::now();
        let mut no_controller = None;
        let mut may_end = true;
        self.tell_driving().await?;
        self.tell_expected().await?;
        loop {
            let growing = self.is_growing();
            tokio::select! {
                biased;
                request = asked.recv() => match request {
                    Some(request) => self.do_it(request).await?,
                    None => return Err(Closed),
                },
                () = changed.notified() => {}
                why = &mut ended, if may_end => {
                    may_end = false;
                    no_controller = Some(why.unwrap_or_else(|_| "the controller came to an end".to_owned()));
                }
                () = sleep_until(pulse) => pulse = Instant::now() + PULSE,
                () = sleep(LOOK), if growing => {
                    // Only the output may have grown: the journal would have said so.
                    self.tell_output().await?;
                    continue;
                }
            }
            self.tell_driving().await?;
            let caught = self.catch_up().await?;
            let trouble = caught.err().map(|error| error.to_string()).or_else(|| no_controller.clone());
            if trouble != self.trouble {
                self.trouble.clone_from(&trouble);
                self.send(Update::Trouble(trouble)).await?;
            }
            self.tell_output().await?;
        }
    }

    async fn send(&self, update: Update) -> Result<(), Closed> {
        self.update.send(update).await.map_err(|_| Closed)
    }

    async fn catch_up(&mut self) -> Result<Result<(), LogbookError>, Closed> {
        let news = self.logbook.catch_up().and_then(|events| Ok((events, self.logbook.read_samples()?)));
        match news {
            Ok((events, samples)) => {
                let taken = events.iter().any(|(_, event)| matches!(event.kind, EventKind::ControllerTook { .. }));
                for (sequence, event) in events {
                    self.send(Update::Event(sequence, event)).await?;
                }
                if taken {
                    self.tell_driving().await?;
                }
                if !samples.is_empty() {
                    self.send(Update::Samples(samples)).await?;
                }
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn do_it(&mut self, request: Request) -> Result<(), Closed> {
        match request {
            Request::Act { id, command } => {
                // What is new is told first, so that the cockpit sees the events in their order.
                let _told_as_trouble = self.catch_up().await?;
                let before = self.logbook.release.sequence;
                let answer = match self.logbook.act(&command) {
                    Ok(done) if done.is_empty() => Ok("it is so already".to_owned()),
                    Ok(done) => Ok(done.join("; ")),
                    Err(error) => Err(error.to_string()),
                };
                self.tell_since(before).await?;
                self.send(Update::Answer { id, answer }).await
            }
            Request::Keep { id, keep } => {
                let kept = std::env::current_dir().and_then(|folder| keep::keep(&folder, &keep));
                let answer = match kept {
                    Ok(path) => Ok(format!("written to {}", text::line(&path.to_string_lossy(), 400))),
                    Err(error) => Err(format!("{} could not be written: {error}", keep.name)),
                };
                self.send(Update::Answer { id, answer }).await
            }
            Request::WatchOutput(stage) => {
                self.shown = stage;
                self.output = None;
                Ok(())
            }
            Request::History { signal, from } => self.tell_history(signal, from).await,
        }
    }

    /// Tells a signal's samples since a time. What cannot be read now is no trouble of its own: the journal is read all the time.
    async fn tell_history(&mut self, signal: String, from: Timestamp) -> Result<(), Closed> {
        let release = &self.logbook.release;
        let Some(hole) = release.plan.signals.get(&signal).map(|signal| signal.stale_after().get()) else { return Ok(()) };
        let Ok(samples) = self.logbook.journal.history(&release.id, &signal, from, READ) else { return Ok(()) };
        let samples = thin(samples, hole, HISTORY);
        self.send(Update::History { signal, from, samples }).await
    }

    /// Tells the events that acting has folded in already.
    async fn tell_since(&mut self, before: u64) -> Result<(), Closed> {
        let id = self.logbook.release.id.clone();
        let until = self.logbook.release.sequence;
        let Ok(entries) = self.logbook.journal.read(&id, before) else { return Ok(()) };
        for entry in entries.into_iter().filter(|entry| entry.sequence <= until) {
            self.send(Update::Event(entry.sequence, entry.event)).await?;
        }
        Ok(())
    }

    async fn tell_driving(&mut self) -> Result<(), Closed> {
        let lease = self.logbook.journal.lease(&self.logbook.release.id).ok().flatten();
        let host = thread::host();
        let driving = match lease {
            Some(lease) if lease.is_alive(&host, Timestamp::now(), PATIENCE) => {
                if lease.pid == std::process::id() && lease.host == host {
                    Driving::Here
                } else {
                    Driving::Other { host: lease.host, pid: lease.pid }
                }
            }
            // One that is over needs nobody until somebody asks for more.
            _ if self.logbook.release.is_over() => Driving::Here,
            lease => Driving::Nobody { since: lease.map(|lease| lease.renewed) },
        };
        // This process is about to take the controls: that nobody has them yet is no news.
        if self.driving.is_none() && matches!(driving, Driving::Nobody { .. }) && self.opened.elapsed() < PULSE {
            return Ok(());
        }
        if self.driving.as_ref() != Some(&driving) {
            self.driving = Some(driving.clone());
            self.send(Update::Driving(driving)).await?;
        }
        Ok(())
    }

    /// Whether the output that is shown may still grow.
    fn is_growing(&self) -> bool {
        self.shown.as_deref().and_then(|stage| self.operation(stage)).is_some_and(|operation| operation.outcome.is_none())
    }

    /// What is new of the output that is shown. Where it cannot be read there is nothing new: what is written may be there later.
    async fn tell_output(&mut self) -> Result<(), Closed> {
        let Some(stage) = self.shown.clone() else { return Ok(()) };
        let Some(operation) = self.operation(&stage).map(|operation| operation.id.clone()) else { return Ok(()) };
        let begins = self.output.as_ref().is_none_or(|(read, _)| *read != operation);
        if begins {
            let files = Files::of(&self.location.tasks_folder(), &self.logbook.release.id, &operation);
            self.output = Some((operation.clone(), Tail::new(files.output())));
        }
        let news = self.output.as_mut().and_then(|(_, tail)| tail.read().ok().flatten());
        // Of one that has only begun it is told that there is nothing yet.
        let Some(news) = news.or_else(|| begins.then(News::default)) else { return Ok(()) };
        let News { first, lines, cut } = news;
        self.send(Update::Output(Output { stage, operation, first, lines, cut })).await
    }

    /// The operation of a stage that writes, or wrote last: what takes it back, if that has begun.
    fn operation(&self, stage: &str) -> Option<&Operation> {
        let release = &self.logbook.release;
        let back = release.rollback.iter().flat_map(|rollback| &rollback.steps);
        let undo =
            back.filter(|undo| undo.step.stage == stage && undo.step.act == Act::Undo).find_map(|undo| undo.operation.as_ref());
        undo.or_else(|| release.stage(stage).and_then(|(_, state)| state.operation.as_ref()))
    }

    /// What things usually take: a journal that cannot tell has said so elsewhere, and the cockpit goes without.
    async fn tell_expected(&self) -> Result<(), Closed> {
        let release = &self.logbook.release;
        match self.logbook.journal.expected(&release.id, &release.plan) {
            Ok(expected) if expected != Expected::default() => self.send(Update::Expected(expected)).await,
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
