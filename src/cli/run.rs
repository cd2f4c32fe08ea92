//! `flightdeck run`: drives a release without a screen until it ends or needs a person.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

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
    release::{self, Ask, Blocker, BlockerKind, CheckStatus, Command, Phase, Release, ReleaseStatus, Tone},
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
    let mut waiting = Waiting::default();
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
        waiting.tell(&logbook.release, Timestamp::now(), Instant::now());
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

/// What keeps the release from going on, said once it has for a while, and again from time to time: what was so from the
/// beginning has no line in the journal.
#[derive(Debug, Default)]
struct Waiting {
    what: BTreeSet<String>,
    since: Option<Instant>,
    told: Option<Instant>,
}

impl Waiting {
    /// For so long it may pass by itself.
    const PATIENCE: Duration = Duration::from_secs(10);
    const AGAIN: Duration = Duration::from_secs(5 * 60);

    fn tell(&mut self, release: &Release, now: Timestamp, at: Instant) {
        for line in self.due(release, now, at) {
            tell(&line);
        }
    }

    fn due(&mut self, release: &Release, now: Timestamp, at: Instant) -> Vec<String> {
        let is_under_way = release.stages.iter().any(|state| match state.phase {
            Phase::Running => true,
            Phase::Baking => state.bake.as_ref().is_some_and(|bake| !bake.left(now).is_zero()),
            _ => false,
        });
        let blockers = if is_under_way { Vec::new() } else { release.blockers(now) };
        let name = |blocker: &Blocker| format!("{} {}", blocker.stage.as_deref().unwrap_or_default(), blocker.id);
        let what: BTreeSet<String> = blockers.iter().map(name).collect();
        if what != self.what {
            *self = Self { what, since: Some(at), told: None };
        }
        let for_long = self.since.is_some_and(|since| at.duration_since(since) >= Self::PATIENCE);
        let lately = self.told.is_some_and(|told| at.duration_since(told) < Self::AGAIN);
        if !for_long || lately {
            return Vec::new();
        }
        self.told = Some(at);
        let line = |blocker: &Blocker| match &blocker.stage {
            Some(stage) => format!("{now:.0}  {stage} waits for {}: {}", blocker.id, blocker.why),
            None => format!("{now:.0}  held by {}: {}", blocker.id, blocker.why),
        };
        blockers.iter().map(line).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{Event, EventKind};

    #[test]
    fn what_is_in_the_way_for_long_is_said_once_and_again_later() {
        let at: Timestamp = "2026-03-03T12:00:00Z".parse().unwrap();
        let plan = r#"
            service = "shop"
            [signals.errors]
            source = "command"
            run = "x"
            fail = 1
            [[stages]]
            id = "go"
            run = "x"
            signals = ["errors"]
        "#;
        let kind = EventKind::Started {
            release: "r".to_owned(),
            version: "2".to_owned(),
            previous: None,
            plan: Box::new(crate::plan::parse(plan, "test").unwrap()),
            digest: String::new(),
            folder: "/".to_owned(),
        };
        let release = Release::begin(Event { at, by: "alice".to_owned(), kind }).unwrap();
        let (mut waiting, begun) = (Waiting::default(), Instant::now());
        let mut due = |seconds: u64| waiting.due(&release, at, begun + Duration::from_secs(seconds));
        assert_eq!(due(0), [""; 0]);
        assert_eq!(due(9), [""; 0]);
        assert_eq!(due(10), ["2026-03-03T12:00:00Z  go waits for errors: unknown: 0 of 3 samples"]);
        assert_eq!(due(11), [""; 0]);
        assert_eq!(due(311).len(), 1);
    }
}
