//! What the judge decided in a release, judged again on the data that the journal holds.

use serde_json::{Value, json};

use super::{Exit, Failure, report::word};
use crate::{
    cli::{Global, answer},
    health::{Evidence, compare::Ruling},
    release::EventKind,
};

/// A decision of the journal.
struct Decided {
    sequence: u64,
    at: String,
    signal: String,
    evidence: Box<Evidence>,
}

/// Judges every decision of a release again. It ends with 0 where all come out as they were, and with 1 where one does not.
///
/// # Errors
/// Where nothing was decided, nothing can come out again.
pub(super) fn run(named: Option<&str>, global: &Global, as_json: bool) -> Result<Exit, Failure> {
    let (_, logbook) = global.logbook(named)?;
    let entries = logbook.journal.read(&logbook.release.id, 0)?;
    let decided = entries.into_iter().filter_map(|entry| match entry.event.kind {
        EventKind::SignalTurned { signal, evidence: Some(evidence), .. } => {
            Some(Decided { sequence: entry.sequence, at: format!("{:.0}", entry.event.at), signal, evidence })
        }
        _ => None,
    });
    let mut exit = Exit::Done;
    let mut lines = Vec::new();
    for decision in decided {
        let again = decision.evidence.judge_again();
        let same = again.as_ref().is_ok_and(|again| again.verdict == decision.evidence.verdict);
        if !same {
            exit = Exit::No;
        }
        let again = again.map_err(|error| error.to_string());
        lines.push(if as_json { in_json(&decision, &again, same)?.to_string() } else { in_words(&decision, &again, same) });
    }
    if lines.is_empty() {
        return Err(Failure::unknown("the judge has decided nothing in this release"));
    }
    lines.iter().for_each(|line| answer(line));
    Ok(exit)
}

fn in_words(decision: &Decided, again: &Result<Ruling, String>, same: bool) -> String {
    let same = if same { "again" } else { "NOT AGAIN" };
    let why = again.as_ref().map_or_else(String::as_str, |ruling| ruling.why.as_str());
    format!("{:>5}  {}  {:<7} {same}: {why}", decision.sequence, decision.at, word(decision.evidence.verdict))
}

fn in_json(decision: &Decided, again: &Result<Ruling, String>, same: bool) -> Result<Value, Failure> {
    let evidence = serde_json::to_value(&decision.evidence).map_err(|error| Failure::unknown(error.to_string()))?;
    let again = match again {
        Ok(ruling) => serde_json::to_value(ruling).map_err(|error| Failure::unknown(error.to_string()))?,
        Err(error) => json!({ "error": error }),
    };
    Ok(json!({
        "sequence": decision.sequence, "at": decision.at, "signal": decision.signal, "same": same, "decided": evidence, "again": again,
    }))
}
