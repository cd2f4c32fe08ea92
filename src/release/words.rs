//! Events in words, as the log and the screen show them.

use super::{
    event::{Act, CheckResult, Event, EventKind, Kept, Outcome, WhyKept},
    state::Tone,
};
use crate::health::{Alert, AlertState, Verdict};

/// What an event says, without its time and its author, and how much it matters.
pub(super) fn of(event: &Event) -> (String, Tone) {
    match &event.kind {
        EventKind::Started { version, previous, plan, .. } => {
            let from = previous.as_ref().map_or_else(String::new, |previous| format!(", from {previous}"));
            (format!("started the release of {} {version}{from}", plan.service), Tone::Plain)
        }
        EventKind::ControllerTook { host, pid, unwatched_since, .. } => {
            let gap = if unwatched_since.is_some() { ", taken over" } else { "" };
            (format!("drives the release from {host}, process {pid}{gap}"), Tone::Detail)
        }
        EventKind::StageStarted { stage, attempt: 1 } => (format!("started {stage}"), Tone::Plain),
        EventKind::StageStarted { stage, attempt } => (format!("started {stage} again, attempt {attempt}"), Tone::Plain),
        EventKind::StepStarted { stage, weight, step, .. } => (format!("takes {stage} to {weight} %, step {step}"), Tone::Plain),
        EventKind::OperationIntended { op, stage, act, .. } => (format!("{} ({op})", act_words(act, stage)), Tone::Detail),
        EventKind::OperationEnded { stage, outcome, .. } => outcome_words(stage, outcome),
        EventKind::BakeStarted { stage, step: Some(step) } => (format!("watches {stage}, step {step}"), Tone::Detail),
        EventKind::BakeStarted { stage, step: None } => (format!("watches {stage}"), Tone::Detail),
        EventKind::BakeEnded { stage, step: Some(step) } => (format!("{stage} step {step} was healthy"), Tone::Good),
        EventKind::BakeEnded { stage, step: None } => (format!("{stage} was healthy"), Tone::Good),
        EventKind::StagePassed { stage } => (format!("{stage} passed"), Tone::Good),
        EventKind::StageFailed { stage, why } => (format!("{stage} failed: {why}"), Tone::Bad),
        EventKind::StageUnsettled { stage, why } => (format!("{stage}: nobody knows how it ended: {why}"), Tone::Bad),
        EventKind::StageSettled { stage } => (format!("says that {stage} was done"), Tone::Warn),
        EventKind::Held { why } => (format!("holds: {why}"), Tone::Warn),
        EventKind::Resumed { why: None } => ("resumed".to_owned(), Tone::Plain),
        EventKind::Resumed { why: Some(why) } => (format!("resumed: {why}"), Tone::Plain),
        EventKind::RollbackStarted { why, .. } => (format!("rolls back: {why}"), Tone::Bad),
        EventKind::RollbackStuck { stage, why } => (format!("the rollback is stuck at {stage}: {why}"), Tone::Bad),
        EventKind::RollbackRetried { stage } => (format!("tries to take {stage} back again"), Tone::Plain),
        EventKind::RolledBack => ("rolled back".to_owned(), Tone::Warn),
        EventKind::Completed => ("completed: the new version is out".to_owned(), Tone::Good),
        EventKind::CheckSigned { check, note, evidence, .. } => {
            let note = note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
            let evidence = evidence.as_ref().map_or_else(String::new, |evidence| format!(" [{evidence}]"));
            (format!("signed {check}{note}{evidence}"), Tone::Good)
        }
        EventKind::CheckStarted { check } => (format!("runs check {check}"), Tone::Detail),
        EventKind::CheckEnded { check, result, detail } => {
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            match result {
                CheckResult::Passed => (format!("check {check} passed{detail}"), Tone::Good),
                CheckResult::Failed => (format!("check {check} failed{detail}"), Tone::Bad),
                CheckResult::CouldNotRun => (format!("check {check} could not run{detail}"), Tone::Warn),
            }
        }
        EventKind::SignalTurned { signal, verdict, why, .. } => {
            let tone = match verdict {
                Verdict::Ok => Tone::Good,
                Verdict::Warn | Verdict::Unknown => Tone::Warn,
                Verdict::Fail => Tone::Bad,
            };
            (format!("{signal} is {}: {why}", verdict_word(*verdict)), tone)
        }
        EventKind::AlertsChanged { signal, alerts, more } => alerts_words(signal, alerts, *more),
        EventKind::SourceWarned { signal, warnings } if warnings.is_empty() => {
            (format!("the source of {signal} warns no more"), Tone::Detail)
        }
        EventKind::SourceWarned { signal, warnings } => {
            (format!("the source of {signal} warns: {}", warnings.join("; ")), Tone::Detail)
        }
        EventKind::AutomaticSet { on: true, why } => (format!("took the automatic rollback back in: {why}"), Tone::Plain),
        EventKind::AutomaticSet { on: false, why } => (format!("took the automatic rollback out: {why}"), Tone::Warn),
        EventKind::SilenceAsked { alert, stage, why, .. } => {
            (format!("silences {} for as long as {stage} takes: {why}", alert.name), Tone::Warn)
        }
        EventKind::SilenceSet { silence, remote } => (format!("silence {silence} is in force, as {remote}"), Tone::Detail),
        EventKind::SilenceLifted { silence } => (format!("takes silence {silence} back"), Tone::Plain),
        EventKind::SilenceEnded { silence } => (format!("silence {silence} has ended"), Tone::Plain),
        EventKind::SilenceFailed { silence, why } => (format!("silence {silence}: {why}"), Tone::Bad),
        EventKind::Noted { text } => (format!("note: {text}"), Tone::Plain),
    }
}

fn alerts_words(signal: &str, alerts: &[Alert], more: u32) -> (String, Tone) {
    /// More names than these help nobody in a line.
    const NAMED: usize = 4;
    let firing = alerts.iter().filter(|alert| alert.state == AlertState::Firing);
    let names = firing.clone().map(|alert| alert.name.as_str()).take(NAMED).collect::<Vec<_>>();
    let count = firing.count().saturating_add(more as usize);
    if count == 0 {
        let quiet = alerts.len();
        let words = if quiet == 0 {
            format!("{signal}: no alert fires")
        } else {
            format!("{signal}: no alert fires, {quiet} silenced or inhibited")
        };
        return (words, Tone::Good);
    }
    let rest = count.saturating_sub(names.len());
    let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    (format!("{signal}: {count} firing, {}{rest}", names.join(", ")), Tone::Warn)
}

/// A verdict as a word.
#[must_use]
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::Unknown => "unknown",
    }
}

/// An act in words.
#[must_use]
pub fn act_words(act: &Act, stage: &str) -> String {
    match act {
        Act::Run => format!("runs {stage}"),
        Act::Undo => format!("undoes {stage}"),
        Act::Deploy => format!("deploys for {stage}"),
        Act::Weight { weight } => format!("gives {stage} {weight} % of the traffic"),
        Act::Restore => format!("gives the traffic of {stage} back"),
    }
}

fn outcome_words(stage: &str, outcome: &Outcome) -> (String, Tone) {
    match outcome {
        Outcome::Succeeded { seen: Some(seen) } => (format!("{stage}: seen {seen}"), Tone::Detail),
        Outcome::Succeeded { seen: None } => (format!("{stage}: done"), Tone::Detail),
        Outcome::Failed { why } => (format!("{stage}: {why}"), Tone::Bad),
        Outcome::TimedOut { after } => (format!("{stage}: ended after {after}, its time-out"), Tone::Bad),
        Outcome::Cancelled => (format!("{stage}: stopped"), Tone::Detail),
        Outcome::Lost { why } => (format!("{stage}: {why}"), Tone::Warn),
    }
}

/// Why a rollback leaves something, in words.
#[must_use]
pub fn kept_words(kept: &Kept) -> String {
    match kept.why {
        WhyKept::Irreversible => format!("{} cannot be undone: it is a point of no return", kept.stage),
        WhyKept::NoUndo => format!("{} stays as it is: the plan names no undo", kept.stage),
        WhyKept::Unfinished => format!("{} was begun and not finished: it is not undone, look at it", kept.stage),
        WhyKept::NeverDone => format!("{} was never begun", kept.stage),
        WhyKept::NothingToUndo => format!("{} has nothing to undo", kept.stage),
    }
}
