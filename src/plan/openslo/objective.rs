//! A document's objectives as service levels: one table each.

use std::collections::BTreeSet;

use super::{
    Document, Remarks, World, is_prometheus, promql, quoted,
    table::{Table, slug},
    time,
    yaml::Node,
};
use crate::text;

/// How long a query may be in a comment.
const QUERY: usize = 1000;

/// A table for each objective of a document. What cannot be used is there as a comment, and said.
pub(super) fn tables(world: &World<'_>, slo: &Document<'_>, ids: &mut BTreeSet<String>, remarks: &mut Remarks) -> Vec<Table> {
    let objectives = slo.spec().map_or(&[][..], |spec| spec.items("objectives"));
    if objectives.is_empty() {
        remarks.say(slo.file, slo.root.line.max(1), format!("{} has no objectives", slo.title()));
    }
    let period = time::period(slo);
    let notes = notes(slo, &period);
    for (line, note) in &notes {
        remarks.say(slo.file, *line, format!("{}: {note}", slo.title()));
    }
    let mut tables = Vec::new();
    for (index, objective) in objectives.iter().enumerate() {
        let number = index.saturating_add(1);
        let own = objective.text("displayName").filter(|name| !name.trim().is_empty());
        let name = match (objectives.len(), own) {
            (1, _) => slo.name.to_owned(),
            (_, Some(own)) => format!("{}-{own}", slo.name),
            (_, None) => format!("{}-{number}", slo.name),
        };
        let id = slug(&name, ids);
        let mut table = match indicator(world, slo, objective) {
            Ok(Indicator::Ratio(ratio)) => level(world, &id, objective, ratio, &period),
            Ok(Indicator::Threshold(metric)) => signal(&id, objective, &metric),
            Err(why) => {
                let mut table = Table::new("slos", &id);
                table.unusable(why);
                table
            }
        };
        for comment in table.comments() {
            remarks.say(slo.file, objective.line, format!("{}, objective {number}: {comment}", slo.title()));
        }
        let service =
            slo.spec().and_then(|spec| spec.text("service")).map(|service| format!(" of the service {}", quoted(service)));
        table.heading(&format!("{}{}, {}:{}", slo.title(), service.unwrap_or_default(), slo.file, objective.line));
        for (_, note) in &notes {
            table.comment(note);
        }
        let title = slo.root.get("metadata").and_then(|metadata| metadata.text("displayName"));
        let title = match own.filter(|_| objectives.len() > 1) {
            Some(own) => format!("{}, {own}", title.unwrap_or(slo.name)),
            None => title.unwrap_or_default().to_owned(),
        };
        if !title.trim().is_empty() {
            table.title(&text::line(&title, super::SHOWN));
        }
        tables.push(table);
    }
    tables
}

/// What is so of all objectives of a document, and where it says so.
fn notes(slo: &Document<'_>, period: &time::Period) -> Vec<(u64, String)> {
    let mut notes: Vec<_> = period.notes.iter().map(|note| (period.line, note.clone())).collect();
    let Some(spec) = slo.spec() else { return notes };
    if let Some(method) = spec.get("budgetingMethod")
        && let Some(name) = spec.text("budgetingMethod").filter(|name| *name != "Occurrences")
    {
        notes.push((method.line, format!("the budgeting method is {}; here bad events are counted instead", quoted(name))));
    }
    let alerts = spec.items("alertPolicies");
    if let Some(first) = alerts.first() {
        let what = "its alert policies are not taken over: burn rates are judged by rules of Flightdeck's own";
        notes.push((first.line, what.to_owned()));
    }
    if let Some(weighed) = spec.items("objectives").iter().find_map(|objective| objective.get("compositeWeight")) {
        notes.push((weighed.line, "it is a composite; each part is a service level of its own, without its weight".to_owned()));
    }
    notes
}

/// What an objective is measured by.
enum Indicator<'a> {
    Ratio(&'a Node),
    Threshold(Metric<'a>),
}

/// The indicator of an objective: its own, or that of all objectives, in the document or in one of its own.
fn indicator<'a>(world: &World<'a>, slo: &Document<'a>, objective: &'a Node) -> Result<Indicator<'a>, String> {
    // So it is in `openslo/v1alpha`.
    if let Some(ratio) = objective.get("ratioMetrics") {
        return Ok(Indicator::Ratio(ratio));
    }
    let mut found = None;
    for node in [Some(objective), slo.spec()].into_iter().flatten() {
        if let Some(indicator) = node.get("indicator") {
            found = Some(indicator);
        } else if let Some(name) = node.text("indicatorRef") {
            let sli = world.indicators.get(name).ok_or_else(|| format!("the SLI {} is in none of the files", quoted(name)))?;
            found = Some(sli.root);
        }
        if found.is_some() {
            break;
        }
    }
    let indicator = found.ok_or_else(|| "it has no indicator".to_owned())?;
    let indicator = indicator.get("spec").unwrap_or(indicator);
    match (indicator.get("ratioMetric"), indicator.get("thresholdMetric")) {
        (Some(ratio), _) => Ok(Indicator::Ratio(ratio)),
        (None, Some(metric)) => Ok(Indicator::Threshold(Metric::of(metric))),
        (None, None) => Err("its indicator has neither `ratioMetric` nor `thresholdMetric`".to_owned()),
    }
}

/// A query, and who is asked.
struct Metric<'a> {
    query: &'a str,
    /// The data source by its name.
    source: Option<&'a str>,
    /// The type of the data source where it is not named.
    kind: Option<&'a str>,
}

impl<'a> Metric<'a> {
    fn of(node: &'a Node) -> Self {
        let source = node.get("metricSource").unwrap_or(node);
        // What `spec` holds is up to the data source; these are what is in use for Prometheus.
        let query = |node: &'a Node| ["query", "promql", "expr"].into_iter().find_map(|key| node.text(key));
        Self {
            query: source.get("spec").and_then(query).or_else(|| query(source)).unwrap_or_default().trim(),
            source: source.text("metricSourceRef"),
            kind: source.text("type").or_else(|| source.text("source")),
        }
    }

    /// The plan's server that is asked; nothing where the documents do not say.
    fn server(&self, world: &World<'_>) -> Result<Option<String>, String> {
        match (self.source.map(|name| world.servers.get(name)), self.kind) {
            (Some(Some(Ok(id))), _) => Ok(Some(id.clone())),
            (Some(Some(Err(why))), _) => Err(why.clone()),
            (_, Some(kind)) if !is_prometheus(kind) => Err(format!("it asks {}, not Prometheus", quoted(kind))),
            (Some(None) | None, _) => Ok(None),
        }
    }
}

/// A service level by good or bad events of all.
fn level(world: &World<'_>, id: &str, objective: &Node, ratio: &Node, period: &time::Period) -> Table {
    let mut table = Table::new("slos", id);
    let metric = |key| ratio.get(key).map(Metric::of);
    let (bad, good, total) = (metric("bad"), metric("good"), metric("total"));
    let (key, part) = match (&bad, &good) {
        (Some(bad), _) => ("bad", Some(bad)),
        (None, good) => ("good", good.as_ref()),
    };
    let (Some(part), Some(total)) = (part, &total) else {
        let raw = if ratio.get("raw").is_some() { ": a ratio that is measured as one cannot be counted" } else { "" };
        table.unusable(format!("its indicator does not name the good or the bad events, and all{raw}"));
        return table;
    };
    // What is asked of another system is no PromQL to be understood.
    let mut is_promql = true;
    match (part.server(world), total.server(world)) {
        (Ok(one), Ok(other)) if one == other => match one {
            Some(server) => table.text("server", &server),
            None => {
                let what = "the documents do not say where the server is: write its `url`, or a `server` of the plan";
                table.comment(what);
                table.text("url", "https://prometheus.example");
            }
        },
        (Ok(_), Ok(_)) => table.unusable("its two queries ask different servers"),
        (Err(why), _) | (_, Err(why)) => {
            is_promql = false;
            table.unusable(why);
        }
    }
    match target(objective) {
        Ok((percent, note)) => {
            if let Some(note) = note {
                table.comment(note);
            }
            table.number("objective", percent);
        }
        Err(why) => table.unusable(why),
    }
    table.text("period", &period.is.to_string());
    // Growth is what is counted, so what a query takes the growth of is a counter whatever is said of it.
    let grows = |metric: &Metric<'_>| metric.query.contains("rate(") || metric.query.contains("increase(");
    if ratio.text("counter") == Some("false") && !(grows(part) && grows(total)) {
        table.unusable("its metrics are no counters, and only the growth of counters can be counted");
    }
    for (key, metric) in [(key, part), ("total", total)] {
        let selector = promql::counters(metric.query);
        if selector.is_none() && is_promql {
            table.unusable(format!("`{key}` is no selector of counters, nor the sum of their rate or increase"));
        }
        table.text(key, &selector.unwrap_or_else(|| text::line(metric.query, QUERY)));
    }
    table
}

/// A signal with a threshold, as a comment: what it should ask is left to a person.
fn signal(id: &str, objective: &Node, metric: &Metric<'_>) -> Table {
    let mut table = Table::new("signals", id);
    table.unusable("a `thresholdMetric` counts no events, good or bad; it can be a signal with a threshold");
    table.text("source", "prometheus");
    table.text("url", "https://prometheus.example");
    table.text("query", &text::line(metric.query, QUERY));
    if matches!(objective.text("op"), Some("gt" | "gte")) {
        table.text("bad", "below");
    }
    if let Some(value) = objective.number("value") {
        table.number("fail", value);
    }
    table
}

/// What an objective promises, in percent, and what is to be said of it.
fn target(objective: &Node) -> Result<(f64, Option<&'static str>), String> {
    let (percent, note) = match (objective.number("targetPercent"), objective.number("target")) {
        (Some(percent), _) => (percent, None),
        (None, Some(share)) if share <= 1.0 => (share * 100.0, None),
        (None, Some(percent)) => (percent, Some("its `target` is more than 1, so it is taken as percent")),
        (None, None) => return Err("it has neither `target` nor `targetPercent`".to_owned()),
    };
    // 0.9995 * 100 is a little less than 99.95.
    let percent = (percent * 1e9).round() / 1e9;
    if (1.0..100.0).contains(&percent) {
        Ok((percent, note))
    } else {
        Err(format!("its target of {percent} % cannot be taken over; a plan's is at least 1 % and less than 100 %"))
    }
}
