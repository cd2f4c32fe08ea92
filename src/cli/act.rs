//! The five acts, and the people's part: `promote`, `hold`, `resume`, `rollback`, `retry`, `automatic`, `silence`,
//! `sign`, `note`.

use jiff::Timestamp;

use super::{Exit, Failure, Global, answer, confirm::confirm, tell};
use crate::{
    controller::Logbook,
    release::{Alerts, Ask, Command, Release, ReleaseStatus},
    text,
};

/// What every act takes.
#[derive(Debug, clap::Args)]
#[group(id = "act-plain")]
pub(super) struct Plain {
    /// The release: its id or the beginning of it; by default the only active one
    release: Option<String>,
    /// Refuse if the release has moved on from this sequence number
    #[arg(long, value_name = "SEQ")]
    expect: Option<u64>,
    /// Print what it would do, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// What a dangerous act takes.
pub(super) type Dangerous = Plain;

#[derive(Debug, clap::Args)]
#[group(id = "act-promote")]
pub(super) struct Promote {
    #[command(flatten)]
    plain: Plain,
    /// The stage, where several wait
    #[arg(long, value_name = "ID")]
    stage: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(id = "act-retry")]
pub(super) struct Retry {
    #[command(flatten)]
    plain: Plain,
    /// The stage, where several failed
    #[arg(long, value_name = "ID", conflicts_with = "check")]
    stage: Option<String>,
    /// A check to run again
    #[arg(long, value_name = "ID")]
    check: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(id = "act-sign")]
pub(super) struct Sign {
    /// The check
    check: String,
    #[command(flatten)]
    plain: Plain,
    /// What there is to say of it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Where the proof is: an address or a path
    #[arg(long, value_name = "LINK")]
    evidence: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(id = "act-note")]
pub(super) struct Note {
    /// What to write down
    text: String,
    /// The release: its id or the beginning of it; by default the only active one
    release: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(id = "act-automatic")]
pub(super) struct Automatic {
    /// Whether the release may roll back by itself where the plan says so
    #[arg(value_enum)]
    state: State,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum State {
    /// It may
    On,
    /// It holds instead
    Off,
}

#[derive(Debug, clap::Args)]
#[group(id = "act-silence")]
pub(super) struct Silence {
    /// The alert: its name, or its fingerprint where several have the name
    alert: String,
    #[command(flatten)]
    plain: Plain,
    /// The signal that counts it, where several do
    #[arg(long, value_name = "ID")]
    signal: Option<String>,
    /// The stage for whose length it is silent; the one under way, else the next, unless given
    #[arg(long, value_name = "ID")]
    stage: Option<String>,
    /// Take the silence back before its stage ends
    #[arg(long, conflicts_with_all = ["signal", "stage"])]
    end: bool,
}

pub(super) fn promote(arguments: &Promote, global: &Global) -> Result<Exit, Failure> {
    act(&arguments.plain, global, Ask::Promote(arguments.stage.clone()), Some("promotion"))
}

pub(super) fn hold(arguments: &Plain, global: &Global) -> Result<Exit, Failure> {
    act(arguments, global, Ask::Hold, None)
}

pub(super) fn resume(arguments: &Plain, global: &Global) -> Result<Exit, Failure> {
    act(arguments, global, Ask::Resume, None)
}

pub(super) fn rollback(arguments: &Plain, global: &Global) -> Result<Exit, Failure> {
    act(arguments, global, Ask::Rollback, Some("rollback"))
}

pub(super) fn retry(arguments: &Retry, global: &Global) -> Result<Exit, Failure> {
    match &arguments.check {
        Some(check) => act(&arguments.plain, global, Ask::Recheck(check.clone()), None),
        None => act(&arguments.plain, global, Ask::Retry(arguments.stage.clone()), Some("retry")),
    }
}

pub(super) fn sign(arguments: &Sign, global: &Global) -> Result<Exit, Failure> {
    let ask = Ask::Sign {
        check: arguments.check.clone(),
        note: words(arguments.note.as_deref(), "note")?,
        evidence: words(arguments.evidence.as_deref(), "evidence")?,
    };
    act(&arguments.plain, global, ask, None)
}

pub(super) fn automatic(arguments: &Automatic, global: &Global) -> Result<Exit, Failure> {
    let on = arguments.state == State::On;
    // Back in, it may roll back at once.
    act(&arguments.plain, global, Ask::Automatic(on), on.then_some("automatic rollback"))
}

pub(super) fn silence(arguments: &Silence, global: &Global) -> Result<Exit, Failure> {
    if arguments.end {
        return act(&arguments.plain, global, Ask::Unsilence(arguments.alert.clone()), None);
    }
    let signal = match &arguments.signal {
        Some(signal) => signal.clone(),
        None => {
            let (_, logbook) = global.logbook(arguments.plain.release.as_deref())?;
            counting(&logbook.release, &arguments.alert)?
        }
    };
    let ask = Ask::Silence { signal, alert: arguments.alert.clone(), stage: arguments.stage.clone() };
    act(&arguments.plain, global, ask, None)
}

/// The signal that knows an alert.
fn counting(release: &Release, alert: &str) -> Result<String, Failure> {
    let knows =
        |(_, alerts): &(&String, &Alerts)| alerts.known.iter().any(|known| known.name == alert || known.fingerprint == alert);
    let mut signals = release.alerts.iter().filter(knows).map(|(signal, _)| signal.clone());
    match (signals.next(), signals.next()) {
        (Some(only), None) => Ok(only),
        (Some(one), Some(other)) => {
            let all = [one, other].into_iter().chain(signals).collect::<Vec<_>>().join(", ");
            Err(Failure::wrong(format!("several signals count that alert; name one with --signal: {all}")))
        }
        (None, _) => {
            Err(Failure::wrong(format!("no signal of this release counts an alert `{}` that fires", text::line(alert, 60))))
        }
    }
}

pub(super) fn note(arguments: &Note, global: &Global) -> Result<Exit, Failure> {
    let text = words(Some(&arguments.text), "note")?.ok_or_else(|| Failure::wrong("a note has at least a word"))?;
    let plain = Plain { release: arguments.release.clone(), expect: None, dry_run: false, reason: None, yes: false };
    act(&plain, global, Ask::Note(text), None)
}

/// What a person wrote, as one safe line.
fn words(given: Option<&str>, what: &str) -> Result<Option<String>, Failure> {
    let Some(given) = given else { return Ok(None) };
    if given.chars().count() > 2000 {
        return Err(Failure::wrong(format!("the {what} is longer than 2000 characters")));
    }
    Ok(Some(text::line(given, 2000)).filter(|line| !line.is_empty()))
}

/// Does what is asked for; `confirmed` names what has to be confirmed first.
fn act(arguments: &Plain, global: &Global, ask: Ask, confirmed: Option<&str>) -> Result<Exit, Failure> {
    let (_, mut logbook) = global.logbook(arguments.release.as_deref())?;
    let consequence = logbook.release.consequence(&ask, Timestamp::now());
    let mut command = Command {
        by: global.operator()?,
        ask,
        seen: None,
        expect: arguments.expect,
        reason: words(arguments.reason.as_deref(), "reason")?,
    };
    if arguments.dry_run {
        let decided = crate::release::decide(&logbook.release, &command, Timestamp::now());
        answer(&consequence.lines.join("\n"));
        return match decided {
            Ok(_) => Ok(Exit::Done),
            Err(refusal) => Err(crate::controller::ActError::Refused(refusal).into()),
        };
    }
    if let Some(what) = confirmed {
        // What would be refused anyway is not asked about.
        if let Err(refusal) = crate::release::decide(&logbook.release, &command, Timestamp::now()) {
            return Err(crate::controller::ActError::Refused(refusal).into());
        }
        confirm(what, &consequence, arguments.yes)?;
        command.seen = consequence.seen;
    }
    let done = logbook.act(&command)?;
    report(&logbook, &done);
    Ok(Exit::Done)
}

fn report(logbook: &Logbook, done: &[String]) {
    if done.is_empty() {
        tell(&format!("It is so already: {}.", logbook.release.status(Timestamp::now()).word()));
        return;
    }
    for line in done {
        tell(line);
    }
    let status = logbook.release.status(Timestamp::now());
    let moves = matches!(status, ReleaseStatus::Running | ReleaseStatus::RollingBack);
    if moves && !super::status::is_driven(logbook) {
        tell(&format!(
            "Nobody drives the release: it moves once a cockpit is open, as with: flightdeck --release {}",
            logbook.release.id
        ));
    }
}
