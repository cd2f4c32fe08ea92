//! `flightdeck status`: where a release stands.

use std::fmt::Write;

use jiff::Timestamp;

use super::{Exit, Failure, Global, answer, thread};
use crate::{
    controller::Logbook,
    journal::Watch,
    release::{CheckStatus, ReleaseStatus, StageStatus, Status, verdict_word},
};

#[derive(Debug, clap::Args)]
#[group(id = "status-arguments")]
pub(super) struct Arguments {
    /// The release: its id or the beginning of it; by default the only active one
    release: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print it again whenever it changes, until the release is over
    #[arg(long)]
    watch: bool,
    /// End with exit status 1 unless it is GO
    #[arg(long)]
    gate: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    let (location, mut logbook) = global.logbook(arguments.release.as_deref())?;
    let mut status = now(&logbook);
    show(&status, arguments.json);
    if arguments.watch {
        let (changed, changes) = std::sync::mpsc::sync_channel(1);
        let _watch = Watch::new(&location, move || {
            // One that is not taken yet stands for this one too.
            let _full = changed.try_send(());
        })?;
        while !logbook.release.is_over() {
            // A controller that dies changes nothing in the journal: its lease runs out.
            let _timeout = changes.recv_timeout(std::time::Duration::from_secs(1));
            logbook.catch_up()?;
            logbook.read_samples()?;
            let next = now(&logbook);
            if moved(&status, &next) {
                show(&next, arguments.json);
                status = next;
            }
        }
    }
    Ok(if arguments.gate && !status.go { Exit::No } else { Exit::Done })
}

fn now(logbook: &Logbook) -> Status {
    logbook.release.report(is_driven(logbook), Timestamp::now())
}

/// Whether somebody drives the release now.
pub(super) fn is_driven(logbook: &Logbook) -> bool {
    let lease = logbook.journal.lease(&logbook.release.id).ok().flatten();
    lease.is_some_and(|lease| lease.is_alive(&thread::host(), Timestamp::now(), crate::controller::PATIENCE))
}

/// Whether more than ages and values changed.
fn moved(before: &Status, after: &Status) -> bool {
    let still = |status: &Status| {
        let mut still = status.clone();
        for signal in &mut still.signals {
            signal.value = None;
            signal.age_seconds = None;
            signal.why = String::new();
        }
        for blocker in &mut still.blockers {
            blocker.why = String::new();
        }
        still
    };
    still(before) != still(after)
}

fn show(status: &Status, json: bool) {
    if json {
        answer(&serde_json::to_string(status).unwrap_or_default());
    } else {
        answer(&text(status));
    }
}

/// For a person.
pub(super) fn text(status: &Status) -> String {
    let mut text = String::new();
    let previous = status.previous.as_ref().map_or_else(String::new, |previous| format!(" (from {previous})"));
    let go = match (status.state, status.go, status.blockers.len()) {
        (ReleaseStatus::Completed, ..) => String::new(),
        (_, true, _) => "  GO".to_owned(),
        (_, false, count) => format!("  NO-GO {count}"),
    };
    let Status { service, version, environment, release, sequence, .. } = status;
    let state = status.state.word();
    let _ = writeln!(text, "{service} {version}{previous} · {environment} · {state}{go}");
    if let Some(why) = &status.why {
        let _ = writeln!(text, "  {why}");
    }
    let controller = status.controller.as_ref().map_or_else(|| "nobody".to_owned(), |controller| controller.host.clone());
    let _ = writeln!(text, "release {release}, sequence {sequence}, driven by {controller}");
    let _ = writeln!(text, "\nstages");
    let wide = status.stages.iter().map(|stage| stage.id.chars().count()).max().unwrap_or(0);
    for stage in &status.stages {
        let mut more = String::new();
        if stage.steps > 0 && stage.step > 0 {
            let _ = write!(more, "  step {} of {}", stage.step, stage.steps);
        }
        if let Some(weight) = stage.weight {
            let _ = write!(more, "  {weight} %");
        }
        if stage.attempt > 1 {
            let _ = write!(more, "  attempt {}", stage.attempt);
        }
        if let Some(why) = &stage.why {
            let _ = write!(more, "  {why}");
        }
        let _ = writeln!(text, "  {:wide$}  {}{more}", stage.id, stage_word(stage.state));
    }
    if !status.checks.is_empty() {
        let holds = status.checks.iter().filter(|check| check.state.holds()).count();
        let _ = writeln!(text, "\nchecks {holds}/{}", status.checks.len());
        let wide = status.checks.iter().map(|check| check.id.chars().count()).max().unwrap_or(0);
        for check in &status.checks {
            let by = check.by.as_ref().filter(|_| check.state == CheckStatus::Passed);
            let by = by.map_or_else(String::new, |by| format!("  {by}"));
            let note = check.note.as_ref().map_or_else(String::new, |note| format!("  {note}"));
            let _ = writeln!(text, "  {:wide$}  {}{by}{note}", check.id, check.state.word());
        }
    }
    if !status.signals.is_empty() {
        let _ = writeln!(text, "\nsignals");
        let wide = status.signals.iter().map(|signal| signal.id.chars().count()).max().unwrap_or(0);
        for signal in &status.signals {
            let age = signal.age_seconds.map_or_else(String::new, |age| format!("  {age:.0} s old"));
            let _ = writeln!(text, "  {:wide$}  {}  {}{age}", signal.id, verdict_word(signal.verdict), signal.why);
        }
    }
    if !status.blockers.is_empty() {
        let _ = writeln!(text, "\nin the way");
        for blocker in &status.blockers {
            let stage = blocker.stage.as_ref().map_or_else(String::new, |stage| format!("{stage}: "));
            let _ = writeln!(text, "  {stage}{}: {}", blocker.id, blocker.why);
        }
    }
    text
}

/// A stage's state as a word or two.
pub(super) fn stage_word(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Pending => "pending",
        StageStatus::Blocked => "blocked",
        StageStatus::Ready => "ready",
        StageStatus::Running => "running",
        StageStatus::Baking => "baking",
        StageStatus::Paused => "paused",
        StageStatus::Passed => "passed",
        StageStatus::Failed => "failed",
        StageStatus::RolledBack => "rolled back",
        StageStatus::Skipped => "skipped",
    }
}
