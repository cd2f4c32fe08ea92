//! `flightdeck run`: drives a release without a screen until it ends or needs a person.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, oneshot},
};

use super::{Exit, Failure, Global, answer, start, tell, thread};
use crate::{
    controller::{ActError, Logbook},
    journal::{Location, Watch},
    plan::{Check, CheckKind},
    release::{self, Ask, BlockerKind, CheckStatus, Command, Phase, ReleaseStatus, Tone},
};

#[derive(Debug, clap::Args)]
#[group(id = "run-arguments")]
pub(super) struct Arguments {
    /// The plan; by default flightdeck.toml here or in a folder above
    plan: Option<PathBuf>,
    /// The version to bring out
    #[arg(long, value_name = "V", required_unless_present = "release")]
    version: Option<String>,
    /// The version it replaces; by default what the plan's first target says is stable, else the last version that was completed
    #[arg(long, value_name = "V")]
    previous: Option<String>,
    /// Drive a release that was begun already, instead of beginning one: its id or the beginning of it
    #[arg(long, value_name = "RELEASE", conflicts_with_all = ["plan", "version", "previous"])]
    release: Option<String>,
    /// Take each step that waits for a person as soon as its gate is open, in your name
    #[arg(long)]
    promote: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    let (location, logbook) = match (&arguments.release, &arguments.version) {
        (None, Some(version)) => {
            let (plan, previous) = (arguments.plan.clone(), arguments.previous.clone());
            start::begin(&start::Arguments { plan, version: version.clone(), previous }, global)?
        }
        (release, _) => global.logbook(release.as_deref())?,
    };
    let promote = arguments.promote.then(|| global.operator()).transpose()?;
    tell(&format!("release {}", logbook.release.id));
    let id = logbook.release.id.clone();
    let (exit, logbook) = fly(&location, logbook, promote, Vec::new())?;
    answer(&logbook.release.report(false, Timestamp::now()).text());
    if exit != Exit::Done && !logbook.release.is_over() {
        tell(&format!("Go on with: flightdeck --release {id}, or without a screen: flightdeck run --release {id}"));
    }
    Ok(exit)
}

/// Drives a release to its end, or to where a person is needed. `promote` names the operator who takes each step whose
/// gate is open; `sign` are the checks that this operator signs first.
pub(super) fn fly(
    location: &Location,
    logbook: Logbook,
    promote: Option<String>,
    sign: Vec<(String, String)>,
) -> Result<(Exit, Logbook), Failure> {
    let (ended, mut over) = oneshot::channel();
    let driving = thread::Driving::begin(location, &logbook.release.id, ended)?;
    let flown = thread::runtime()?.block_on(follow(location, logbook, promote, sign, &mut over));
    driving.end()?;
    flown
}

async fn follow(
    location: &Location,
    mut logbook: Logbook,
    promote: Option<String>,
    sign: Vec<(String, String)>,
    over: &mut oneshot::Receiver<String>,
) -> Result<(Exit, Logbook), Failure> {
    let changed = Arc::new(Notify::new());
    let wake = Arc::clone(&changed);
    let _watch = Watch::new(location, move || wake.notify_one())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut told = 0;
    if let Some(by) = &promote {
        for (check, note) in sign {
            let ask = Ask::Sign { check, note: Some(note), evidence: None };
            logbook.act(&Command { by: by.clone(), ask, seen: None, expect: None, reason: None })?;
        }
    }
    loop {
        logbook.catch_up()?;
        logbook.read_samples()?;
        told = progress(&logbook, told);
        if let Some(exit) = end(&logbook, promote.is_some()) {
            return Ok((exit, logbook));
        }
        if let Some(by) = &promote {
            take_step(&mut logbook, by)?;
        }
        tokio::select! {
            () = changed.notified() => {}
            // Samples age without the journal's changing.
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            why = &mut *over => return Err(Failure::unknown(why.unwrap_or_else(|_| "the controller ended".to_owned()))),
            _ = interrupt.recv() => return interrupted(&logbook),
            _ = terminate.recv() => return interrupted(&logbook),
            _ = hang_up.recv() => return interrupted(&logbook),
        }
    }
}

fn interrupted<T>(logbook: &Logbook) -> Result<T, Failure> {
    Err(Failure::unknown(format!(
        "interrupted; what runs runs on, and the release goes on with: flightdeck --release {}",
        logbook.release.id
    )))
}

/// Says what is new, and returns up to where.
fn progress(logbook: &Logbook, told: u64) -> u64 {
    for line in logbook.release.recent.iter().filter(|line| line.sequence > told && line.tone != Tone::Detail) {
        tell(&format!("{:.0}  {}  {}", line.at, line.by, line.words));
    }
    logbook.release.sequence
}

/// Promotes the first stage that waits for it, if its gate is open.
fn take_step(logbook: &mut Logbook, by: &str) -> Result<(), Failure> {
    let now = Timestamp::now();
    let release = &logbook.release;
    let ready =
        release.promotable().find(|(stage, state)| state.phase != Phase::Unsettled && release.gate(stage, state, now).is_empty());
    let Some((stage, _)) = ready else { return Ok(()) };
    let (ask, seen) = (Ask::Promote(Some(stage.id.clone())), Some(release.seen(Some(&stage.id))));
    match logbook.act(&Command { by: by.to_owned(), ask, seen, expect: None, reason: None }) {
        // Another one was faster, or a gate has just closed: the next look decides.
        Ok(_) | Err(ActError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How it ended, or that it needs a person; none while it flies.
fn end(logbook: &Logbook, promotes: bool) -> Option<Exit> {
    let release = &logbook.release;
    let now = Timestamp::now();
    // What follows by itself and is not written down yet is as good as under way: the controller may only be beginning.
    let busy = release.stages.iter().any(|state| matches!(state.phase, Phase::Running | Phase::Baking))
        || release.checks.values().any(|check| check.running.is_some())
        || !release::advance(release, now).is_empty();
    // Alerts are not left silent for a stage that is over.
    if release.open_silences().any(|silence| !release.wants_silence(silence)) {
        return None;
    }
    match release.status(now) {
        ReleaseStatus::Completed => Some(Exit::Done),
        ReleaseStatus::RolledBack | ReleaseStatus::Failed => Some(Exit::No),
        ReleaseStatus::RollingBack => None,
        _ if busy => None,
        _ if release.stages.iter().any(|state| state.phase == Phase::Unsettled) => Some(Exit::Unknown),
        _ if release.stages.iter().any(|state| state.phase == Phase::Failed) => Some(Exit::No),
        ReleaseStatus::Held => Some(Exit::Refused),
        ReleaseStatus::Running => None,
        ReleaseStatus::Awaiting => {
            // A signal may recover by itself, and a check that was not run yet, or is run again and again, comes to be run; a
            // signature does not come by itself.
            let is_stuck = |check: &Check| {
                let failed = matches!(release.check_status(check, now), CheckStatus::Failed | CheckStatus::CouldNotRun);
                check.kind == CheckKind::Signed || (failed && check.every.is_none())
            };
            let needs_person =
                |kind: BlockerKind, id: &str| kind == BlockerKind::Check && release.plan.check(id).is_some_and(is_stuck);
            let blockers = release.blockers(now);
            let open = release.promotable().any(|(stage, state)| release.gate(stage, state, now).is_empty());
            let waits = blockers.iter().any(|blocker| needs_person(blocker.kind, &blocker.id));
            (waits || (open && !promotes)).then_some(Exit::Refused)
        }
    }
}
