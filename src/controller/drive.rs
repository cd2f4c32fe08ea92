//! The loop that drives one release.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{MissedTickBehavior, interval},
};

use super::{
    checks,
    launch::Files,
    logbook::{Logbook, LogbookError},
    operation::{Job, Work},
};
use crate::{
    controller::{
        sampling::{self, Beside},
        silences::{self, Silences},
    },
    health::Sample,
    journal::{Holder, Journal, JournalError, Location, Taking, Watch},
    plan::StageKind,
    release::{self, Act, CONTROLLER, CheckResult, EventKind, Operation, Outcome, Release, Wanted},
    sources::{self, Reading},
    targets,
};

/// How often the lease is renewed and the clock is looked at.
const ROUND: Duration = Duration::from_secs(1);
/// How long a lease lasts that is not renewed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// What the loop needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The journal.
    pub location: Location,
    /// The release.
    pub release: String,
    /// This program, which starts tasks.
    pub launcher: PathBuf,
    /// The name of this host.
    pub host: String,
}

/// Why a release is no longer driven.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The journal failed.
    #[error(transparent)]
    Logbook(#[from] LogbookError),
    /// The system has no randomness to give.
    #[error("no randomness: {0}")]
    Randomness(String),
    /// The client for requests could not be set up.
    #[error("requests cannot be made: {0}")]
    Http(String),
}

impl From<JournalError> for DriveError {
    fn from(error: JournalError) -> Self {
        Self::Logbook(error.into())
    }
}

/// Drives a release until `stop` says so. Waits for its turn while another process drives it. A release that is over is
/// let go, and taken up again when somebody asks for more, as for a rollback after its completion.
///
/// # Errors
/// A [`DriveError`] if the journal is out of reach.
pub async fn drive(config: Config, mut stop: watch::Receiver<bool>) -> Result<(), DriveError> {
    let changed = Arc::new(Notify::new());
    let wake = Arc::clone(&changed);
    let _watch = Watch::new(&config.location, move || wake.notify_one())?;
    let holder = Holder { host: config.host.clone(), pid: std::process::id(), nonce: nonce()? };
    let mut journal = Journal::open_existing(&config.location)?;
    loop {
        if *stop.borrow() {
            return Ok(());
        }
        let release = Logbook::open(Journal::open_existing(&config.location)?, &config.release)?.release;
        // Alerts are not left silent by whoever drove it last.
        if release.is_over() && !Silences::is_busy(&release) {
            tokio::select! {
                _ = stop.changed() => return Ok(()),
                () = changed.notified() => continue,
            }
        }
        let taken = journal.take_lease(&config.release, &holder, Timestamp::now(), PATIENCE)?;
        if let Taking::Taken { token, previous } = taken {
            let result = Drive::begin(&config, token, previous, Arc::clone(&changed))?.run(&mut stop).await;
            journal.release_lease(&config.release, token)?;
            match result {
                // Somebody took over while this process slept: it waits for its turn again.
                Err(DriveError::Logbook(LogbookError::Fenced)) => {}
                Err(error) => return Err(error),
                Ok(()) => continue,
            }
        }
        tokio::select! {
            _ = stop.changed() => return Ok(()),
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

/// Random, to tell this controller from any other.
fn nonce() -> Result<String, DriveError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| DriveError::Randomness(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the world tells the loop.
enum News {
    Operation { op: String, outcome: Outcome },
    Check { check: String, result: CheckResult, detail: String },
    Sampled(Vec<Reading>),
    Silence(silences::Done),
}

struct Drive<'a> {
    config: &'a Config,
    token: u64,
    logbook: Logbook,
    changed: Arc<Notify>,
    http: reqwest::Client,
    tell: mpsc::Sender<News>,
    told: mpsc::Receiver<News>,
    /// The acts under way here, by operation.
    operations: HashMap<String, Running>,
    checks: HashMap<String, AbortHandle>,
    tasks: JoinSet<()>,
    /// What goes on when the release is over, until it is done.
    besides: JoinSet<()>,
    sampling: bool,
    beside: Beside,
    silences: Silences,
}

struct Running {
    job: Job,
    handle: AbortHandle,
    ending: bool,
}

impl<'a> Drive<'a> {
    fn begin(
        config: &'a Config,
        token: u64,
        unwatched_since: Option<Timestamp>,
        changed: Arc<Notify>,
    ) -> Result<Self, DriveError> {
        let logbook = Logbook::open(Journal::open_existing(&config.location)?, &config.release)?;
        let (tell, told) = mpsc::channel(256);
        let mut drive = Self {
            config,
            token,
            logbook,
            changed,
            http: sources::http::http_client().map_err(|error| DriveError::Http(error.to_string()))?,
            tell,
            told,
            operations: HashMap::new(),
            checks: HashMap::new(),
            tasks: JoinSet::new(),
            besides: JoinSet::new(),
            sampling: false,
            beside: Beside::default(),
            silences: Silences::default(),
        };
        // Whoever drove it before may have stopped long ago: the watches do not count that time.
        let unwatched_since = unwatched_since.filter(|_| drive.release().controller.is_some());
        drive.write(vec![EventKind::ControllerTook {
            host: config.host.clone(),
            pid: std::process::id(),
            token,
            unwatched_since,
        }])?;
        Ok(drive)
    }

    fn release(&self) -> &Release {
        &self.logbook.release
    }

    /// Writes down, on top of whatever others have written.
    fn write(&mut self, kinds: Vec<EventKind>) -> Result<(), DriveError> {
        while !self.logbook.append(kinds.clone(), CONTROLLER, Some(self.token))? {
            self.logbook.catch_up()?;
        }
        Ok(())
    }

    async fn run(mut self, stop: &mut watch::Receiver<bool>) -> Result<(), DriveError> {
        let mut round = interval(ROUND);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.reconcile()?;
            if self.release().is_over() && self.operations.is_empty() && !Silences::is_busy(self.release()) {
                return Ok(());
            }
            tokio::select! {
                biased;
                _ = stop.changed() => return Ok(()),
                () = self.changed.notified() => { self.logbook.catch_up()?; }
                Some(news) = self.told.recv() => self.take(news)?,
                Some(_) = self.tasks.join_next() => {}
                Some(_) = self.besides.join_next() => {}
                _ = round.tick() => {
                    if !self.logbook.journal.renew_lease(&self.config.release, self.token, Timestamp::now())? {
                        return Err(LogbookError::Fenced.into());
                    }
                    self.logbook.catch_up()?;
                }
            }
        }
    }

    fn take(&mut self, first: News) -> Result<(), DriveError> {
        let mut samples = Vec::new();
        let mut next = Some(first);
        // What waits is taken together: one writing for many samples.
        while let Some(news) = next {
            match news {
                News::Operation { op, outcome } => {
                    self.operations.remove(&op);
                    if let Some(stage) = self.under_way().into_iter().find(|(_, operation)| operation.id == op) {
                        self.write(vec![EventKind::OperationEnded { op, stage: stage.0, outcome }])?;
                    }
                }
                News::Check { check, result, detail } => {
                    self.checks.remove(&check);
                    self.write(vec![EventKind::CheckEnded { check, result, detail }])?;
                }
                News::Silence(done) => {
                    if let Some(event) = self.silences.done(done) {
                        self.write(vec![event])?;
                    }
                }
                News::Sampled(readings) => {
                    for reading in readings {
                        let said = self.beside.news(&self.logbook.release, &reading);
                        if !said.is_empty() {
                            self.write(said)?;
                        }
                        let parts =
                            reading.parts.into_iter().map(|(place, sample)| (format!("{}@{place}", reading.signal), sample));
                        samples.push((reading.signal.clone(), reading.sample));
                        samples.extend(parts);
                    }
                }
            }
            next = self.told.try_recv().ok();
        }
        self.observe(samples)
    }

    /// Takes samples in, and keeps them.
    fn observe(&mut self, samples: Vec<(String, Sample)>) -> Result<(), DriveError> {
        for (signal, sample) in &samples {
            self.logbook.release.observe(signal, sample.clone());
        }
        if !samples.is_empty() {
            self.logbook.journal.write_samples(&self.config.release, &samples)?;
        }
        Ok(())
    }

    /// The acts that the journal says are under way.
    fn under_way(&self) -> Vec<(String, Operation)> {
        let release = self.release();
        let forth = release.stages().filter_map(|(stage, state)| Some((stage.id.clone(), state.under_way()?.clone())));
        let back = release.rollback.iter().flat_map(|rollback| &rollback.steps);
        let back = back.filter_map(|undo| Some((undo.step.stage.clone(), undo.under_way()?.clone())));
        forth.chain(back).collect()
    }

    /// One round: what follows is written down, and what should be under way is begun or taken up.
    fn reconcile(&mut self) -> Result<(), DriveError> {
        // What is made of other signals is as new as they are.
        if !self.release().is_over() {
            self.observe(self.release().derived(Timestamp::now()))?;
        }
        loop {
            let kinds = release::advance(self.release(), Timestamp::now());
            if kinds.is_empty() {
                break;
            }
            // On a conflict the state is another one, and so may be what follows.
            if !self.logbook.append(kinds, CONTROLLER, Some(self.token))? {
                self.logbook.catch_up()?;
            }
        }
        self.restore_first();
        for wanted in release::wanted(self.release()) {
            if !self.intend(wanted)? {
                break;
            }
        }
        self.take_up()?;
        self.run_checks();
        self.keep_sampling();
        self.keep_silent();
        Ok(())
    }

    /// Whatever still acts on a target whose traffic is to go back is ended on the spot: the way back waits for nothing.
    fn restore_first(&self) {
        if self.release().rollback.is_some() {
            for running in self.operations.values() {
                if !running.ending && matches!(running.job.act, Act::Deploy | Act::Weight { .. }) {
                    running.handle.abort();
                    running.job.kill_now();
                }
            }
        }
    }

    /// Writes the intent down; only then is it begun. Whether it was: where somebody wrote in between, the next round looks again.
    fn intend(&mut self, wanted: Wanted) -> Result<bool, DriveError> {
        let op = format!("{}-{}", self.release().id, self.release().sequence.saturating_add(1));
        let Wanted { stage, attempt, step, act } = wanted;
        let intent = EventKind::OperationIntended { op, stage, attempt, step, act };
        let written = self.logbook.append(vec![intent], CONTROLLER, Some(self.token))?;
        if !written {
            self.logbook.catch_up()?;
            self.changed.notify_one();
        }
        Ok(written)
    }

    /// Begins, takes up or ends each act that the journal says is under way.
    fn take_up(&mut self) -> Result<(), DriveError> {
        let going_back = self.release().rollback.is_some();
        for (stage, operation) in self.under_way() {
            let unwanted = match operation.act {
                Act::Undo | Act::Restore => false,
                Act::Run | Act::Deploy | Act::Weight { .. } => going_back,
            };
            match self.operations.get_mut(&operation.id) {
                Some(running) if unwanted && !running.ending => {
                    running.handle.abort();
                    let (job, on_target) = (running.job.clone(), running.job.act != Act::Run);
                    let handle = self.end(job.clone(), on_target);
                    self.operations.insert(operation.id, Running { job, handle, ending: true });
                }
                Some(_) => {}
                None => {
                    let Some(job) = self.job(&stage, &operation) else {
                        let outcome = Outcome::Failed { why: "the plan does not say how".to_owned() };
                        self.write(vec![EventKind::OperationEnded { op: operation.id, stage, outcome }])?;
                        continue;
                    };
                    let handle = if unwanted { self.end(job.clone(), true) } else { self.begin_job(job.clone()) };
                    self.operations.insert(operation.id, Running { job, handle, ending: unwanted });
                }
            }
        }
        Ok(())
    }

    fn begin_job(&mut self, job: Job) -> AbortHandle {
        let tell = self.tell.clone();
        self.tasks.spawn(async move {
            let op = job.op.clone();
            let outcome = job.perform().await;
            // Nobody hears it only where the loop has ended; then it is found again by whoever drives next.
            let _unheard = tell.send(News::Operation { op, outcome }).await;
        })
    }

    fn end(&mut self, job: Job, at_once: bool) -> AbortHandle {
        let tell = self.tell.clone();
        self.tasks.spawn(async move {
            let op = job.op.clone();
            let outcome = job.cancel(at_once).await;
            let _unheard = tell.send(News::Operation { op, outcome }).await;
        })
    }

    fn job(&self, stage: &str, operation: &Operation) -> Option<Job> {
        let release = self.release();
        let stage = release.plan.stage(stage)?;
        let work = match (&stage.kind, &operation.act) {
            (StageKind::Task { run, timeout, .. }, Act::Run) => Work::Task { command: run.clone(), timeout: timeout.get() },
            (StageKind::Task { undo: Some(undo), timeout, .. }, Act::Undo) => {
                Work::Task { command: undo.clone(), timeout: timeout.get() }
            }
            (StageKind::Rollout { target, .. }, Act::Deploy | Act::Weight { .. } | Act::Restore) => {
                Work::Target(targets::driver(release.plan.targets.get(target)?))
            }
            _ => return None,
        };
        let mut environment = environment(release);
        environment.push(("FLIGHTDECK_ENVIRONMENT".to_owned(), stage.environment.clone()));
        environment.push(("FLIGHTDECK_STAGE".to_owned(), stage.id.clone()));
        environment.push(("FLIGHTDECK_ATTEMPT".to_owned(), operation.attempt.to_string()));
        environment.push(("FLIGHTDECK_OPERATION".to_owned(), operation.id.clone()));
        if let Act::Weight { weight } = operation.act {
            environment.push(("FLIGHTDECK_WEIGHT".to_owned(), weight.to_string()));
        }
        let context = targets::Context {
            folder: Path::new(&release.folder).to_owned(),
            version: release.version.clone(),
            previous: release.previous.clone(),
            environment,
            http: self.http.clone(),
        };
        Some(Job {
            op: operation.id.clone(),
            act: operation.act.clone(),
            files: Files::of(&self.config.location.tasks_folder(), &release.id, &operation.id),
            launcher: self.config.launcher.clone(),
            context,
            work,
        })
    }

    fn keep_silent(&mut self) {
        let release = &self.logbook.release;
        for job in self.silences.due(release, || sampling::context(release, &self.http)) {
            let tell = self.tell.clone();
            self.besides.spawn(async move {
                let _unheard = tell.send(News::Silence(job.perform().await)).await;
            });
        }
    }

    fn run_checks(&mut self) {
        let release = self.release();
        let running = release.checks.iter().filter(|(_, state)| state.running.is_some());
        let missing = running.filter(|(id, _)| !self.checks.contains_key(*id));
        let missing = missing.filter_map(|(id, _)| release.plan.check(id).cloned()).collect::<Vec<_>>();
        for check in missing {
            let context = sampling::context(self.release(), &self.http);
            let plan = Arc::clone(&self.release().plan);
            let tell = self.tell.clone();
            let id = check.id.clone();
            let handle = self.tasks.spawn(async move {
                let name = check.id.clone();
                let (result, detail) = checks::run(check, &plan, &context).await;
                let _unheard = tell.send(News::Check { check: name, result, detail }).await;
            });
            self.checks.insert(id, handle);
        }
    }

    /// Samples every signal for as long as the release flies.
    fn keep_sampling(&mut self) {
        let release = self.release();
        if release.is_over() || self.sampling {
            if release.is_over() && self.sampling {
                self.sampling = false;
                // Operations are over when the release is, so only samplers and checks are left.
                self.tasks.abort_all();
                self.checks.clear();
            }
            return;
        }
        let samplers = sampling::samplers(release, &self.http);
        self.sampling = true;
        for sampler in samplers {
            let tell = self.tell.clone();
            let hear = async move |readings| tell.send(News::Sampled(readings)).await.is_ok();
            self.tasks.spawn(sampler.run(hear));
        }
    }
}

/// What every command of a release sees of it.
pub(super) fn environment(release: &Release) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        pair("FLIGHTDECK_RELEASE", &release.id),
        pair("FLIGHTDECK_SERVICE", &release.plan.service),
        pair("FLIGHTDECK_VERSION", &release.version),
        pair("FLIGHTDECK_PREVIOUS", release.previous.as_deref().unwrap_or("")),
    ]
}
