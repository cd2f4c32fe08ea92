//! `[[stages]]`.

use toml::de::DeTable;

use super::{
    Known,
    cycles::{self, Need},
    reader::{At, Fields, Reader, Span},
    shapes,
    targets::words_in_braces,
    words::{self, quote},
};
use crate::plan::{Advance, Duration, Id, OnFail, Stage, StageKind, Step, defaults};

/// Where the first stage happens if it does not say.
const FIRST_ENVIRONMENT: &str = "production";

/// Every stage, in the order of the file, with `needs` and `environment` filled in; and where each names a signal.
pub(super) fn stages(reader: &mut Reader, plan: &Fields<'_>, known: &mut Known) -> (Vec<Stage>, Vec<Waits>) {
    const EXAMPLE: &str = "[[stages]] with id = \"NAME\", one for each thing that is done";
    let rows = reader.rows(plan, "stages", EXAMPLE);
    if rows.is_empty() {
        let place = plan.get("stages").map_or(plan.place.clone(), |entry| entry.place.clone());
        if !reader
            .found
            .iter()
            .any(|found| found.code == "wrong-type" && plan.get("stages").is_some_and(|e| e.value.span() == found.span))
        {
            reader.report_absence(&place, "no-stages", "the plan has no stages", format!("add {EXAMPLE}"));
        }
        return (Vec::new(), Vec::new());
    }
    let tables: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(index, (table, place))| {
            // A stage without a name is called by its number.
            let id = table.get("id").and_then(|id| id.get_ref().as_str());
            let name = id.map_or_else(|| format!("stage {}", index.saturating_add(1)), |id| format!("stage {}", quote(id)));
            reader.fields(name, place.clone(), table, &shapes::STAGE)
        })
        .collect();
    let mut places: Vec<Span> = Vec::new();
    for fields in &tables {
        let id = fields.get("id").and_then(|entry| entry.value.get_ref().as_str()).unwrap_or_default();
        known.stages.push(id.to_owned());
        places.push(fields.get("id").map_or(fields.place.clone(), |entry| entry.value.span()));
    }
    let mut stages: Vec<Stage> = Vec::new();
    let mut waits = Vec::new();
    let mut needs = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let all: std::collections::BTreeSet<&str> = known.stages.iter().map(String::as_str).collect();
    for (fields, id) in tables.iter().zip(&known.stages) {
        let before = stages.last().map(|stage| (stage.id.clone(), stage.environment.clone()));
        match (fields.has("id"), reader.id(fields, "id")) {
            (false, _) => reader.missing(fields, "id", "id = \"NAME\""),
            (true, Some(id)) if !seen.insert(id.is.clone()) => {
                let message = format!("{} is the name of a stage above", quote(&id.is));
                reader.report(&id.at, "duplicate-id", message, "give each stage a name of its own");
            }
            _ => {}
        }
        let explicit = fields.has("needs").then(|| reader.set(fields, "needs"));
        let mut edges = Vec::new();
        match &explicit {
            Some(list) => {
                for need in list {
                    if need.is == *id {
                        let message = format!("{} needs itself", fields.name);
                        reader.report(&need.at, "needs-itself", message, "leave it out of `needs`");
                    } else if all.contains(need.is.as_str()) || reader.reference(&fields.name, "stage", need, others(known, id)) {
                        edges.push(Need { stage: need.is.clone(), at: Some(need.at.clone()) });
                    }
                }
            }
            None => edges.extend(before.iter().map(|(stage, _)| Need { stage: stage.clone(), at: None })),
        }
        let environment = reader.id(fields, "environment").map(|environment| environment.is);
        let environment = environment.or(before.map(|(_, environment)| environment));
        let (stage, named) = stage(reader, fields, known, id.clone(), environment);
        waits.extend(named.into_iter().map(|signal| Waits { stage: stages.len(), name: fields.name.clone(), signal }));
        stages.push(Stage { needs: edges.iter().map(|need| need.stage.clone()).collect(), ..stage });
        needs.push(edges);
    }
    cycles::report(reader, &known.stages, &needs, &places);
    (stages, waits)
}

/// The names of the other stages, for a suggestion.
fn others<'a>(known: &'a Known, id: &'a str) -> impl Iterator<Item = &'a str> + Clone {
    known.stages.iter().map(String::as_str).filter(move |name| *name != id && !name.is_empty())
}

/// A signal that a stage names.
#[derive(Debug)]
pub(super) struct Waits {
    /// The stage, by its place among them.
    pub(super) stage: usize,
    /// How a message calls it.
    pub(super) name: String,
    pub(super) signal: At<String>,
}

fn stage(reader: &mut Reader, fields: &Fields<'_>, known: &Known, id: Id, environment: Option<Id>) -> (Stage, Vec<At<String>>) {
    let kind = kind(reader, fields, known);
    let default = if matches!(kind, StageKind::Rollout { .. }) { Advance::Manual } else { Advance::Auto };
    let (mut signals, mut places) = (Vec::new(), Vec::new());
    for signal in reader.set(fields, "signals") {
        if !reader.reference(&fields.name, "signal", &signal, known.signals.iter().map(|(name, _)| name.as_str())) {
            continue;
        }
        if known.signals.iter().any(|(name, is_judged)| *name == signal.is && !is_judged) {
            let message =
                format!("{} waits for the signal {}, which has neither `warn` nor `fail`", fields.name, quote(&signal.is));
            let help = format!("give [signals.{}] a threshold, as in fail = 1.0, or take it out of the stage", signal.is);
            reader.report_absence(&signal.at, "signal-without-threshold", message, help);
        }
        let along = known.along.iter().filter(|(with, _)| *with == signal.is).map(|(_, along)| along.clone());
        let along: Vec<_> = along.collect();
        signals.push(signal.is.clone());
        signals.extend(along);
        places.push(signal);
    }
    // What comes along may have been named as well.
    let mut named = std::collections::BTreeSet::new();
    signals.retain(|signal| named.insert(signal.clone()));
    let stage = Stage {
        id,
        title: reader.shown(fields, "title").map(|title| title.is),
        environment: environment.unwrap_or_else(|| FIRST_ENVIRONMENT.to_owned()),
        needs: Vec::new(),
        kind,
        signals,
        on_fail: reader.choice(fields, "on_fail", &[("hold", OnFail::Hold), ("rollback", OnFail::Rollback)]).unwrap_or_default(),
        advance: reader.choice(fields, "advance", &[("manual", Advance::Manual), ("auto", Advance::Auto)]).unwrap_or(default),
        runbook: reader.shown(fields, "runbook").map(|runbook| runbook.is),
    };
    (stage, places)
}

fn kind(reader: &mut Reader, fields: &Fields<'_>, known: &Known) -> StageKind {
    const MARKS: [(&str, &str); 3] = [("run", "task"), ("target", "rollout"), ("soak", "soak")];
    let entries = fields.entries();
    let marks: Vec<_> =
        entries.iter().filter_map(|entry| MARKS.iter().find(|(key, _)| *key == entry.key).map(|mark| (entry, mark))).collect();
    if let Some((second, _)) = marks.get(1) {
        let message =
            format!("{} is of several kinds: it has {}", fields.name, words::list(marks.iter().map(|(entry, _)| entry.key)));
        reader.report(&second.place, "several-kinds", message, "keep one of them, and make a stage of its own for each other");
        // Which keys are one too many is open until then, so none is reported.
    }
    // Without its mark, a stage still shows by its other keys what it was meant to be.
    let kind = marks.first().map(|(_, (_, kind))| *kind).or_else(|| {
        let owner = |key: &str| shapes::STAGE_KINDS.iter().find(|(_, keys)| keys.contains(&key)).map(|(kind, _)| *kind);
        entries.iter().find_map(|entry| owner(entry.key))
    });
    if let (Some(kind), true) = (kind, marks.len() < 2) {
        reader.only(fields, kind, shapes::STAGE_COMMON, shapes::STAGE_KINDS, |key| match (kind, key) {
            ("rollout", "undo") => "leave it out: a rollout is taken back by its target".to_owned(),
            ("rollout", "timeout") => "leave it out: the target's `timeout` bounds each of its commands".to_owned(),
            ("task", "steps") => "leave it out, or make it a rollout: `target` instead of `run`".to_owned(),
            _ => format!("leave `{key}` out"),
        });
    }
    match kind {
        Some("task") => task(reader, fields),
        Some("rollout") => rollout(reader, fields, known),
        Some(_) => StageKind::Soak { soak: reader.some_time(fields, "soak").map_or(Duration::ZERO, |soak| soak.is) },
        None => {
            let help =
                "add run = \"…\" (a command), target = \"…\" with steps = […] (a rollout), or soak = \"10m\" (a time to watch)";
            reader.report_absence(&fields.place, "no-kind", format!("{} does not say what is done", fields.name), help);
            StageKind::Soak { soak: Duration::ZERO }
        }
    }
}

fn task(reader: &mut Reader, fields: &Fields<'_>) -> StageKind {
    for key in ["run", "undo"] {
        let Some(entry) = fields.get(key) else { continue };
        let command = entry.value.get_ref().as_str().unwrap_or_default();
        for word in words_in_braces(command) {
            let variable = match word {
                "version" => "FLIGHTDECK_VERSION",
                "previous" => "FLIGHTDECK_PREVIOUS",
                _ => continue,
            };
            let message = format!("`{key}` of {} has the placeholder `{{{word}}}`, and nothing is put in for it", fields.name);
            let help = format!("a task finds it in its environment: \"${variable}\"");
            reader.report(&entry.value.span(), "placeholder-in-task", message, help);
        }
    }
    let irreversible = reader.flag(fields, "irreversible").unwrap_or_default();
    if irreversible && let (Some(undo), Some(entry)) = (fields.get("undo"), fields.get("irreversible")) {
        let place = if undo.place.start < entry.place.start { &entry.place } else { &undo.place };
        let message = format!("{} has both `undo` and `irreversible`", fields.name);
        reader.report(place, "conflicting-keys", message, "keep `undo` if it can be taken back, `irreversible` if it cannot");
    }
    StageKind::Task {
        run: reader.needed_command(fields, "run", "run = \"./task.sh\""),
        undo: reader.command(fields, "undo").map(|undo| undo.is),
        timeout: reader.some_time(fields, "timeout").map_or_else(defaults::task_timeout, |timeout| timeout.is),
        idempotent: reader.flag(fields, "idempotent").unwrap_or_default(),
        irreversible,
    }
}

fn rollout(reader: &mut Reader, fields: &Fields<'_>, known: &Known) -> StageKind {
    const EXAMPLE: &str = "steps = [{ weight = 10, bake = \"5m\" }, { weight = 100 }]";
    let target = if fields.has("target") { reader.shown(fields, "target") } else { None };
    let mut splits = true;
    if let Some(target) = &target {
        if reader.reference(&fields.name, "target", target, known.targets.iter().map(|(name, _)| name.as_str())) {
            splits = known.targets.iter().any(|(name, splits)| *name == target.is && *splits);
        }
    } else if !fields.has("target") {
        reader.missing(fields, "target", "target = \"NAME\", one of [targets.NAME]");
    }
    if !fields.has("steps") {
        reader.missing(fields, "steps", EXAMPLE);
    }
    let rows = reader.items(fields, "steps", EXAMPLE);
    if let Some(entry) = fields.get("steps")
        && rows.is_empty()
        && entry.value.get_ref().is_array()
    {
        let message = format!("{} has no steps", fields.name);
        reader.report(&entry.value.span(), "empty-steps", message, format!("write at least one: {EXAMPLE}"));
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut highest: Option<u32> = None;
    for (index, value) in rows.iter().enumerate() {
        let name = format!("step {} of {}", index.saturating_add(1), fields.name);
        let Some(table) = reader.table(&name, value, "{ weight = 10, bake = \"5m\" }") else { continue };
        let Some((step, at)) = step(reader, name, value.span(), table) else { continue };
        let weight = u32::from(step.weight);
        if let Some(highest) = highest.filter(|highest| weight <= *highest) {
            let (code, verb) = if weight == highest { ("weight-repeats", "repeats") } else { ("weight-falls", "falls") };
            let message = format!("the weight {verb} in {}: {weight} after {highest}", fields.name);
            reader.report(&at, code, message, format!("each step gives more traffic than the one before: more than {highest}"));
        }
        if weight < 100 && !splits {
            let name = target.as_ref().map(|target| target.is.clone()).unwrap_or_default();
            let message = format!(
                "{} gives {weight} % of the traffic, and its target {} has no `weight` command",
                fields.name,
                quote(&name)
            );
            let help =
                format!("add weight = \"./weight.sh {{weight}}\" to [targets.{name}], or make {{ weight = 100 }} the only step");
            reader.report_absence(&at, "target-without-weight", message, help);
            splits = true; // once for each stage
        }
        highest = Some(highest.map_or(weight, |highest| highest.max(weight)));
        steps.push(step);
    }
    StageKind::Rollout { target: target.map(|target| target.is).unwrap_or_default(), steps }
}

fn step<'a>(reader: &mut Reader, name: String, place: Span, table: &'a DeTable<'a>) -> Option<(Step, Span)> {
    let fields = reader.fields(name, place, table, &shapes::STEP);
    if !fields.has("weight") {
        reader.missing(&fields, "weight", "weight = 10, in percent");
    }
    let bake = reader.duration(&fields, "bake").map_or(Duration::ZERO, |bake| bake.is);
    let At { is: weight, at } = reader.whole(&fields, "weight", 1..=100)?;
    Some((Step { weight: u8::try_from(weight).ok()?, bake }, at))
}
