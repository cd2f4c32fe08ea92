//! Files judged together: a table for a person, or JSON.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    Defaults, Exit, Failure, csv, exit,
    read::{self, Asked, Document, Scored},
};
use crate::{
    cli::answer,
    health::compare::{Rules, Ruling, Verdict, kayenta, rule, score},
    text,
};

/// All metrics as one.
struct Whole {
    verdict: Verdict,
    why: String,
    json: Value,
}

pub(super) fn run(files: &[PathBuf], rules: Rules, defaults: Defaults, as_json: bool) -> Result<Exit, Failure> {
    let Document { metrics, score } = all(files, defaults)?;
    if metrics.is_empty() {
        return Err(Failure::wrong("there is no metric in the files"));
    }
    let rulings = metrics.iter().map(|asked| rule(&asked.case, rules));
    let rulings = rulings
        .zip(&metrics)
        .map(|(ruling, asked)| ruling.map_err(|error| Failure::wrong(format!("{}: {error}", asked.case.name))));
    let rulings: Vec<Ruling> = rulings.collect::<Result<_, _>>()?;
    let whole = score.map(|scored| whole(&scored, &metrics, &rulings, rules)).transpose()?;
    let verdict = whole.as_ref().map_or_else(|| together(&rulings), |whole| whole.verdict);
    if as_json {
        let metrics: Vec<Value> = rulings.iter().map(full).collect::<Result<_, _>>()?;
        let score = whole.map(|whole| whole.json);
        answer(&json!({"verdict": verdict, "score": score, "metrics": metrics}).to_string());
    } else {
        answer(&table(&rulings, whole.as_ref()));
    }
    Ok(exit([verdict].into_iter()))
}

/// Prints rulings that have no score.
pub(super) fn print(rulings: &[Ruling], as_json: bool) -> Result<(), Failure> {
    if as_json {
        let metrics: Vec<Value> = rulings.iter().map(full).collect::<Result<_, _>>()?;
        answer(&json!({"verdict": together(rulings), "score": null, "metrics": metrics}).to_string());
    } else {
        answer(&table(rulings, None));
    }
    Ok(())
}

/// Where cases are read from.
struct Source {
    /// How it is called in errors.
    shown: String,
    /// What a metric without a name is called.
    name: String,
    content: io::Result<String>,
}

/// A file, or standard input for `-`.
fn source(path: &Path) -> Source {
    if path.as_os_str() == "-" {
        let content = io::read_to_string(io::stdin().lock());
        return Source { shown: "standard input".to_owned(), name: "the canary".to_owned(), content };
    }
    let shown = text::safe(&path.display().to_string()).into_owned();
    let name = path.file_stem().map_or_else(|| shown.clone(), |stem| text::line(&stem.to_string_lossy(), 120));
    Source { shown, name, content: fs::read_to_string(path) }
}

/// What the files hold, one after the other.
fn all(files: &[PathBuf], defaults: Defaults) -> Result<Document, Failure> {
    let mut all = Document { metrics: Vec::new(), score: None };
    for path in files {
        let Source { shown, name, content } = source(path);
        let wrong = |error: String| Failure::wrong(format!("{shown}: {error}"));
        let content = content.map_err(|error| wrong(error.to_string()))?;
        let json = content.trim_start().starts_with(['{', '[']);
        let document = if json {
            read::document(&content, &name, defaults).map_err(wrong)?
        } else {
            Document { metrics: vec![csv::case(&content, &name, defaults).map_err(wrong)?], score: None }
        };
        if document.score.is_some() && all.score.is_some() {
            return Err(wrong("another file has a score as well; there can be one".to_owned()));
        }
        all.metrics.extend(document.metrics);
        all.score = all.score.or(document.score);
    }
    Ok(all)
}

/// Without a score every metric counts: all have to pass.
fn together(rulings: &[Ruling]) -> Verdict {
    let verdicts: BTreeSet<u8> = rulings.iter().map(|ruling| exit([ruling.verdict].into_iter()) as u8).collect();
    if verdicts.contains(&(Exit::No as u8)) {
        Verdict::Fail
    } else if verdicts.contains(&(Exit::Unknown as u8)) {
        Verdict::Unknown
    } else {
        Verdict::Pass
    }
}

fn whole(scored: &Scored, metrics: &[Asked], rulings: &[Ruling], rules: Rules) -> Result<Whole, Failure> {
    // Kayenta takes any weighting; one that means nothing is refused under both.
    let members = metrics.iter().zip(rulings).map(|(asked, ruling)| score::Metric {
        name: ruling.name.clone(),
        group: asked.group.clone(),
        critical: asked.critical,
        verdict: ruling.verdict,
    });
    let weighting = score::Weighting { weights: scored.groups.clone(), pass: scored.pass, marginal: scored.marginal };
    let own =
        score::score(&members.collect::<Vec<_>>(), &weighting).map_err(|error| Failure::wrong(format!("score: {error}")))?;
    let Rules::Kayenta { .. } = rules else {
        let json = json!({"from": own.score[0], "to": own.score[1], "why": own.why});
        return Ok(Whole { verdict: own.verdict, why: own.why, json });
    };
    let members = metrics.iter().zip(rulings).map(|(asked, ruling)| kayenta::Metric {
        name: ruling.name.clone(),
        group: asked.group.clone(),
        critical: asked.critical,
        classification: ruling.classification.unwrap_or(kayenta::Classification::Error),
    });
    let score = kayenta::score(&members.collect::<Vec<_>>(), &scored.groups, scored.pass, scored.marginal);
    let verdict = match score.outcome {
        kayenta::Outcome::Pass => Verdict::Pass,
        kayenta::Outcome::Marginal => Verdict::Unknown,
        kayenta::Outcome::Fail => Verdict::Fail,
    };
    let because = score.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let why = format!("the score is {}, {:?}{because}", score.score, score.outcome);
    let json = json!({"score": score.score, "outcome": score.outcome, "why": score.why});
    Ok(Whole { verdict, why, json })
}

/// A ruling with what a stream leaves out.
fn full(ruling: &Ruling) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(ruling).map_err(|error| Failure::unknown(error.to_string()))?;
    if let Value::Object(fields) = &mut value {
        fields.insert("confidence".to_owned(), json!(ruling.confidence));
        fields.insert("more".to_owned(), json!(ruling.more));
    }
    Ok(value)
}

fn table(rulings: &[Ruling], whole: Option<&Whole>) -> String {
    let mut table = String::new();
    for ruling in rulings {
        // Writing to a string does not fail.
        let _always = writeln!(table, "{:<8} {}", word(ruling.verdict), ruling.why);
    }
    if let Some(whole) = whole {
        let _always = writeln!(table, "{:<8} {}", word(whole.verdict), whole.why);
    }
    table
}

pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "FAIL",
        Verdict::Unknown => "unknown",
    }
}
