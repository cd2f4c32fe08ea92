//! `flightdeck log`: the journal of a release.

use serde::Serialize;

use super::{Exit, Failure, Global, answer};
use crate::{
    journal::Watch,
    release::{Event, LogLine, Release, Tone},
};

#[derive(Debug, clap::Args)]
#[group(id = "log-arguments")]
pub(super) struct Arguments {
    /// The release: its id or the beginning of it; by default the only active one
    release: Option<String>,
    /// Print each event as a JSON object on a line
    #[arg(long)]
    json: bool,
    /// Go on until the release is over
    #[arg(long)]
    follow: bool,
    /// Leave out how the work was done: intents, outcomes, watches
    #[arg(long)]
    brief: bool,
}

/// An event as a script reads it.
#[derive(Serialize)]
struct Line<'a> {
    sequence: u64,
    #[serde(flatten)]
    event: &'a Event,
    words: &'a str,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    let (location, mut logbook) = global.logbook(arguments.release.as_deref())?;
    let id = logbook.release.id.clone();
    let mut folded: Option<Release> = None;
    // What came after the opening is told by following.
    let until = logbook.release.sequence;
    for entry in logbook.journal.read(&id, 0)?.into_iter().filter(|entry| entry.sequence <= until) {
        match &mut folded {
            None => folded = Release::begin(entry.event.clone()).ok(),
            Some(release) => release.apply(&entry.event),
        }
        if let Some(line) = folded.as_ref().and_then(|release| release.recent.back()) {
            show(arguments, &entry.event, line);
        }
    }
    if arguments.follow {
        let (changed, changes) = std::sync::mpsc::sync_channel(1);
        let _watch = Watch::new(&location, move || {
            // One that is not taken yet stands for this one too.
            let _full = changed.try_send(());
        })?;
        while !logbook.release.is_over() {
            let news = logbook.catch_up()?;
            for (sequence, event) in news {
                if let Some(line) = logbook.release.recent.iter().find(|line| line.sequence == sequence) {
                    show(arguments, &event, line);
                }
            }
            if !logbook.release.is_over() && changes.recv().is_err() {
                break;
            }
        }
    }
    Ok(Exit::Done)
}

fn show(arguments: &Arguments, event: &Event, line: &LogLine) {
    if arguments.brief && line.tone == Tone::Detail {
        return;
    }
    if arguments.json {
        let line = Line { sequence: line.sequence, event, words: &line.words };
        answer(&serde_json::to_string(&line).unwrap_or_default());
    } else {
        answer(&format!("{:>5}  {:.0}  {}  {}", line.sequence, line.at, line.by, line.words));
    }
}
