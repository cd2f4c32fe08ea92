//! `flightdeck status`: where a release stands.

use jiff::Timestamp;

use super::{Exit, Failure, Global, answer, thread};
use crate::{controller::Logbook, journal::Watch, release::Status};

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
        answer(&status.text());
    }
}
