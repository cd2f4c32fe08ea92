//! What is known of a signal beyond its number: the judge's finding, alerts, endpoints, a service level, its source's
//! warnings. For the detail of a row, and beside the large chart.

use ratatui::style::Style;

use super::{
    View,
    detail::without_password,
    health::Judged,
    standing::{Standing, difference, in_unit, signed},
};
use crate::{
    health::{Alert, AlertState, Compared, Verdict, compare::Tolerance},
    plan::{Compare, Direction, Method, Signal, SloReading, Source},
    release::{Silence, SilencePhase},
    tui::{actions::Action, words},
};

/// Of so many alerts and endpoints each at most something is said.
const MOST: usize = 40;

/// Something that is known: of what, in words, and its look.
pub(super) type Fact = (&'static str, String, Style);

/// What is thought of a signal and why: always the first.
pub(super) fn verdict(view: &View<'_>, of: Judged<'_>) -> Fact {
    let standing = Standing::of(of);
    let (symbol, look) = standing.look(view);
    match standing {
        Standing::LookedAt => ("now", format!("{}, without thresholds: it is only looked at", of.judged.why), view.theme.text),
        _ => ("verdict", format!("{symbol} {}: {}", standing.word(), of.judged.why), look),
    }
}

/// What else is known of it beyond its number, the most important first.
pub(super) fn facts(view: &View<'_>, of: Judged<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(warnings) = view.release.warnings.get(of.id) {
        let warnings = warnings.iter().take(MOST);
        facts.extend(warnings.map(|warning| ("warning", format!("the source says: {warning}"), view.theme.warn)));
    }
    if let (Some(compare), Some(compared)) = (&of.signal.compare, &of.judged.compared) {
        judged_beside(view, of, compare, compared, &mut facts);
    }
    match &of.signal.source {
        Source::Alertmanager { .. } => alerts(view, of, &mut facts),
        Source::Slo { slo, reading } => {
            if let Some(slo) = view.plan.slos.get(slo) {
                let means = match reading {
                    SloReading::Burn => format!("1 spends the whole error budget in {}", slo.period),
                    SloReading::Budget => format!("what is left of the error budget of {}", slo.period),
                    SloReading::Spent => format!("what this release has spent of the error budget of {}", slo.period),
                };
                facts.push(("promised", format!("{} % good over {}", words::round(slo.objective), slo.period), view.theme.text));
                facts.push(("measure", means, view.theme.text));
            }
        }
        _ => {}
    }
    endpoints(view, of, &mut facts);
    facts
}

fn judged_beside(view: &View<'_>, of: Judged<'_>, compare: &Compare, compared: &Compared, facts: &mut Vec<Fact>) {
    let text = view.theme.text;
    let ruling = &compared.ruling;
    let counts = compared.case.canary.counts();
    let end = |number| signed(in_unit(of.signal, number, counts));
    if let Some(estimate) = ruling.estimate {
        let interval = match ruling.interval {
            Some([Some(low), Some(high)]) => format!(", from {} to {}", end(low), end(high)),
            Some([Some(low), None]) => format!(", {} or more", end(low)),
            Some([None, Some(high)]) => format!(", {} or less", end(high)),
            Some([None, None]) | None => String::new(),
        };
        let ratio = ruling.ratio.map_or_else(String::new, |ratio| format!("; {} times the baseline", words::number(ratio)));
        let estimate = difference(of.signal, estimate, counts);
        facts.push(("difference", format!("{estimate}{interval}{ratio}"), text));
    }
    facts.push(("allowed", allowed(of.signal, compared, counts), text));
    let [canary, baseline] = compared.samples();
    let more = match (ruling.verdict, ruling.more) {
        (crate::health::compare::Verdict::Unknown, Some(more)) => format!("; about {more} more settle it"),
        (crate::health::compare::Verdict::Unknown, None) => "; more of them alone will hardly settle it".to_owned(),
        _ => String::new(),
    };
    facts.push(("samples", format!("{canary} of the canary, {baseline} of the baseline{more}"), text));
    let sure = format!("{} % sure", words::round((ruling.confidence * 1000.0).round() / 10.0));
    let method = match compared.method {
        Method::Flightdeck => format!("Flightdeck's, {sure}"),
        Method::Kayenta => format!("Kayenta's, {sure}"),
    };
    facts.push(("method", method, text));
    if let Some(trial) = view.release.trial(of.id) {
        let from = view.time(trial.from, "%H:%M:%S");
        let trial = match trial.until {
            Some(until) => format!("from {from} to {}, while both had traffic", view.time(until, "%H:%M:%S")),
            None => format!("since {from}, {}: both have traffic", words::span(view.since(trial.from))),
        };
        facts.push(("judged", trial, text));
    }
    if let Some(score) = in_score(view, of, compare) {
        facts.push(("score", score, text));
    }
}

/// How much of a difference does no harm.
fn allowed(signal: &Signal, compared: &Compared, counts: bool) -> String {
    let size = match compared.case.tolerance {
        Tolerance::Relative(part) => format!("{} % of the baseline", words::round((part * 1000.0).round() / 10.0)),
        Tolerance::Absolute(size) => difference(signal, size, counts).trim_start_matches('+').to_owned(),
    };
    let side = match compared.case.direction {
        Direction::Increase => "above it",
        Direction::Decrease => "below it",
        Direction::Either => "either way",
    };
    format!("{size} {side}")
}

/// How it counts in a score, if it counts in one.
fn in_score(view: &View<'_>, of: Judged<'_>, compare: &Compare) -> Option<String> {
    let counts = |signal: &Signal| matches!(&signal.source, Source::Score { of: counted, .. } if counted.is_empty() || counted.iter().any(|id| id == of.id));
    let (id, score) = view.plan.signals.iter().find(|(_, signal)| counts(signal))?;
    let score = score.title.as_deref().unwrap_or(id);
    let group = compare.group.as_ref().map_or_else(String::new, |group| format!(", in the group {group}"));
    let critical = if compare.critical { "; critical: its failure alone makes it nothing" } else { "" };
    Some(format!("counts in {score}{group}{critical}"))
}

fn alerts(view: &View<'_>, of: Judged<'_>, facts: &mut Vec<Fact>) {
    let theme = view.theme;
    let release = view.release;
    let silences = release.silences.iter().filter(|silence| silence.signal == of.id).collect::<Vec<_>>();
    let Some(alerts) = release.alerts.get(of.id) else {
        facts.push(("alerts", "nothing is known of them yet".to_owned(), theme.dim));
        return;
    };
    let is_new = |alert: &Alert| alert.state == AlertState::Firing && alert.since >= release.started;
    let mut known = alerts.known.iter().collect::<Vec<_>>();
    known.sort_by_key(|alert| (!is_new(alert), alert.state != AlertState::Firing));
    if known.is_empty() && alerts.more == 0 {
        facts.push(("alerts", "none fires".to_owned(), theme.good));
    }
    for alert in known.iter().take(MOST) {
        let (state, look) = match alert.state {
            AlertState::Firing if is_new(alert) => ("firing, new", theme.bad),
            AlertState::Firing => ("firing", theme.warn),
            quiet => (quiet.word(), theme.dim),
        };
        let severity = alert.severity.as_ref().map_or_else(String::new, |severity| format!(", {severity}"));
        let age = words::span(view.since(alert.since));
        let since = format!("{}{severity}, since {}, {age}", alert.name, view.time(alert.since, "%H:%M:%S"));
        facts.push((state, since, look));
        if let Some(summary) = &alert.summary {
            facts.push(("", summary.clone(), theme.text));
        }
        if let Some(silence) = silences.iter().rfind(|silence| silence.alert.fingerprint == alert.fingerprint) {
            facts.extend(silence_words(silence).map(|words| ("", words, theme.text)));
        }
    }
    let more = (alerts.more as usize).saturating_add(known.len().saturating_sub(MOST));
    if more > 0 {
        facts.push(("", format!("and {more} more"), theme.text));
    }
    // A silenced alert may not be told of any more.
    let gone = silences
        .iter()
        .filter(|silence| silence.is_open() && !known.iter().any(|alert| alert.fingerprint == silence.alert.fingerprint));
    for silence in gone {
        facts.extend(silence_words(silence).map(|words| ("silence", format!("{}: {words}", silence.alert.name), theme.text)));
    }
    if view.app.has_silences(of.id) {
        let key = view.app.key(Action::Silence);
        facts.push(("", format!("{key} silences one for as long as a stage takes, or takes that back"), theme.dim));
    }
}

/// How a silence from here is, while it is of interest.
fn silence_words(silence: &Silence) -> Option<String> {
    let Silence { by, stage, why, .. } = silence;
    match &silence.phase {
        SilencePhase::Failed(error) => Some(format!("the silence that {by} asked for failed: {error}")),
        SilencePhase::Ended => None,
        _ if silence.lifted => Some(format!("the silence by {by} is being taken back")),
        SilencePhase::Asked => Some(format!("{by} asked for a silence for as long as {stage} takes: {why}")),
        SilencePhase::Set(_) => Some(format!("silenced by {by} for as long as {stage} takes: {why}")),
    }
}

/// Each endpoint of a signal that has several: its own number, how old it is, and what is wrong with it.
fn endpoints(view: &View<'_>, of: Judged<'_>, facts: &mut Vec<Fact>) {
    let parts = view.release.parts(of.id).take(MOST).collect::<Vec<_>>();
    let names = parts.iter().map(|(endpoint, _)| without_password(endpoint)).collect::<Vec<_>>();
    let wide = names.iter().map(|name| words::width(name)).max().unwrap_or(0).min(40);
    for (index, ((_, series), name)) in parts.iter().zip(&names).enumerate() {
        let judged = crate::health::judge(of.signal, series, view.now);
        let part = Judged { judged: &judged, ..of };
        let standing = Standing::of(part);
        let (symbol, look) = standing.look(view);
        let unit = of.signal.unit_sign();
        let value = judged.value.map_or_else(
            || words::right(view.glyphs.dash, 6, ""),
            |value| format!("{} {unit}", words::right(&words::number(value), 6, "")),
        );
        let age = judged.age(view.now).map_or_else(String::new, |age| format!(", {} old", words::age(age)));
        let wrong = match judged.verdict {
            Verdict::Ok => String::new(),
            _ => format!("  {}: {}", standing.word(), judged.why),
        };
        let name = words::left(name, wide, view.glyphs.more);
        let look = if judged.verdict == Verdict::Ok { view.theme.text } else { look };
        facts.push((if index == 0 { "endpoints" } else { "" }, format!("{symbol} {name}  {value}{age}{wrong}"), look));
    }
}
