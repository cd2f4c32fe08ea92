//! The detail of a row: everything that is known of it.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    Paint, View, blocker_words, checklist,
    current::{no_return, on_fail_words},
    health, health_zoom,
    overlay::{Line, reader},
    progress::{self, Progress},
    signal_facts, stages,
    standing::Standing,
};
use crate::{
    health::Verdict,
    plan::{Advance, Check, CheckKind, Endpoints, Place, Question, Side, Signal, Source, Stage, StageKind},
    release::{Outcome, Phase, StageState, StageStatus, act_words, verdict_word},
    tui::{actions::Action, list::Subject, words},
};

/// Collects lines that fit.
struct Lines<'a> {
    view: &'a View<'a>,
    columns: usize,
    lines: Vec<Line>,
}

/// How wide the names of the facts are.
const NAME: usize = 12;
/// How many of a task's last lines are shown.
const TAIL: usize = 20;

impl Lines<'_> {
    fn say(&mut self, text: &str, style: Style) {
        let text = self.view.app.settings.symbols.say(text).into_owned();
        self.lines.extend(words::wrap(&text, self.columns).into_iter().map(|line| (String::new(), line, style)));
    }

    fn fact(&mut self, name: &str, text: &str, style: Style) {
        let text = self.view.app.settings.symbols.say(text).into_owned();
        let room = self.columns.saturating_sub(NAME);
        for (index, part) in words::wrap(&text, room).into_iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.lines.push((words::left(name, NAME, ""), part, style));
        }
    }

    fn gap(&mut self) {
        self.lines.push((String::new(), String::new(), self.view.theme.text));
    }
}

/// Shows everything that is known of a row.
pub(super) fn detail(paint: &mut Paint<'_>, area: Rect, of: &Subject, scroll: usize) {
    let (title, lines) = known(paint.view, of, usize::from(area.width).saturating_sub(6));
    reader(paint, area, &title, &lines, scroll);
}

/// What a row is called, and everything that is known of it in so many columns.
pub(super) fn known(view: &View<'_>, of: &Subject, columns: usize) -> (String, Vec<Line>) {
    let mut lines = Lines { view, columns, lines: Vec::new() };
    let title = match of {
        Subject::Stage(id) => view.release.stage(id).map(|(stage, state)| {
            stage_detail(&mut lines, stage, state);
            stage.title().to_owned()
        }),
        Subject::Check(id) => view.plan.check(id).map(|check| {
            check_detail(&mut lines, check);
            check.title.clone()
        }),
        Subject::Signal(id) => view.plan.signals.get(id).map(|signal| {
            signal_detail(&mut lines, id, signal);
            signal.title.clone().unwrap_or_else(|| id.clone())
        }),
    };
    (title.unwrap_or_default(), lines.lines)
}

fn stage_detail(lines: &mut Lines<'_>, stage: &Stage, state: &StageState) {
    let view = lines.view;
    let theme = view.theme;
    let status = view.release.stage_status(stage, state, view.now);
    let (symbol, look) = stages::stage_look(view, status, state);
    lines.fact("state", &format!("{symbol} {}", stages::status_word(status, state.phase)), look);
    if let Some(why) = &state.why {
        lines.fact("why", why, theme.bad);
    }
    for (index, blocker) in view.release.gate(stage, state, view.now).iter().enumerate() {
        if matches!(status, StageStatus::Blocked | StageStatus::Ready | StageStatus::Paused | StageStatus::Baking) {
            lines.fact(if index == 0 { "in the way" } else { "" }, &blocker_words(view.release, blocker), theme.warn);
        }
    }
    lines.fact("environment", &stage.environment, theme.text);
    if stages::is_irreversible(stage) {
        lines.fact("no return", &no_return(view, state), theme.warn);
    }
    if let Some(progress) = Progress::of(view, stage, state) {
        lines.fact("elapsed", progress.words().trim_start(), progress.look(view));
    }
    if let Some(usual) = view.app.expected.stages.get(&stage.id) {
        lines.fact("expected", &progress::source(*usual), theme.text);
    }
    if let Some(started) = state.started {
        let end = state.ended.map_or_else(String::new, |ended| {
            format!(", ended {}, took {}", view.time(ended, "%H:%M:%S"), words::span(View::between(started, ended)))
        });
        let text = format!("attempt {}, started {}{end}", state.attempt, view.time(started, "%H:%M:%S"));
        lines.fact("attempt", &text, theme.text);
    }
    if let Some(operation) = &state.operation {
        let outcome = match &operation.outcome {
            None => format!("under way for {}", words::span(view.since(operation.at))),
            Some(Outcome::Succeeded { seen: Some(seen) }) => format!("succeeded, seen {seen}"),
            Some(Outcome::Succeeded { seen: None }) => "succeeded".to_owned(),
            Some(Outcome::Failed { why }) => format!("failed: {why}"),
            Some(Outcome::TimedOut { after }) => format!("ended after {after}, its time-out"),
            Some(Outcome::Cancelled) => "stopped".to_owned(),
            Some(Outcome::Lost { why }) => format!("lost: {why}"),
        };
        lines.fact("operation", &format!("{}: {} ({outcome})", operation.id, act_words(&operation.act, &stage.id)), theme.text);
    }
    match &stage.kind {
        StageKind::Task { run, undo, timeout, idempotent, irreversible } => {
            lines.fact("runs", run, theme.text);
            let again = if *idempotent { ", may be run again" } else { ", is never run twice by itself" };
            lines.fact("time-out", &format!("{timeout}{again}"), theme.text);
            let back = match undo {
                Some(undo) => undo.clone(),
                None if *irreversible => "none: a point of no return".to_owned(),
                None => "none: a rollback leaves it as it is".to_owned(),
            };
            lines.fact("undo", &back, if undo.is_some() { theme.text } else { theme.warn });
        }
        StageKind::Soak { soak } => lines.fact("watches", &format!("for {soak}"), theme.text),
        StageKind::Rollout { target, .. } => {
            lines.fact("target", target, theme.text);
            let weight = state.weight.map_or_else(|| "not observed".to_owned(), |weight| format!("{weight} % observed"));
            lines.fact("weight", &weight, theme.text);
        }
    }
    for (index, step) in stage.steps().iter().enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let (symbol, style) = match () {
            () if state.step > number || state.phase == Phase::Passed => (view.glyphs.passed, theme.good),
            () if state.step == number && state.phase == Phase::Paused => (view.glyphs.passed, theme.good),
            () if state.step == number => (symbol, look),
            () => (view.glyphs.pending, theme.dim),
        };
        let bake = if step.bake.is_zero() { String::new() } else { format!(", watched {}", step.bake) };
        let left = match &state.bake {
            Some(bake) if state.step == number && state.phase == Phase::Baking => {
                format!(", {} to go", bake.left(view.now).rounded())
            }
            _ => String::new(),
        };
        lines.fact(if index == 0 { "steps" } else { "" }, &format!("{symbol} {:>3} %{bake}{left}", step.weight), style);
    }
    if !stage.signals.is_empty() {
        let then = on_fail_words(view, stage);
        lines.fact("signals", &format!("{}: {then}", stage.signals.join(", ")), theme.text);
    }
    let advance = if stage.advance == Advance::Manual { "a person takes each step" } else { "goes on by itself" };
    lines.fact("advance", advance, theme.text);
    if !stage.needs.is_empty() {
        lines.fact("needs", &stage.needs.join(", "), theme.text);
    }
    if let Some(runbook) = &stage.runbook {
        lines.fact("runbook", runbook, theme.text);
    }
    if view.app.shown_output().stage == stage.id {
        lines.gap();
        lines.say(&format!("Output, its last lines; {} reads all", view.app.key(Action::Output)), theme.title);
        if view.app.shown_output().is_empty() {
            lines.say("nothing was written yet", theme.dim);
        }
        for line in view.app.shown_output().last(TAIL) {
            let shown = words::fit(line, lines.columns, view.glyphs.more).into_owned();
            lines.lines.push((String::new(), shown, theme.text));
        }
    }
}

fn check_detail(lines: &mut Lines<'_>, check: &Check) {
    let view = lines.view;
    let theme = view.theme;
    let status = view.release.check_status(check, view.now);
    let blocks = view.blockers.iter().any(|blocker| blocker.id == check.id);
    let (symbol, look) = checklist::check_look(view, status, blocks);
    if let Some(proof) = &check.proof {
        lines.say(proof, theme.text);
        lines.gap();
    }
    lines.fact("state", &format!("{symbol} {}", status.word()), look);
    if let Some(last) = view.release.checks.get(&check.id).and_then(|state| state.last.as_ref()) {
        lines.fact("by", &last.by, theme.text);
        let at = format!("{}, {} ago", view.time(last.at, "%Y-%m-%d %H:%M:%S %Z"), words::age(view.since(last.at)));
        lines.fact("at", &at, theme.text);
        if let Some(note) = &last.note {
            lines.fact("note", note, theme.text);
        }
        if let Some(evidence) = &last.evidence {
            lines.fact("evidence", evidence, theme.text);
        }
        lines.fact("for", &format!("{} {}, this plan", view.plan.service, view.release.version), theme.text);
        if let Some(most) = check.max_age {
            let left = i64::try_from(view.since(last.at).as_millis()).map_or(0, |age| most.as_millis().saturating_sub(age));
            let words = match u64::try_from(left) {
                Ok(left) if left > 0 => {
                    format!("in {}, {most} after it was given", words::age(std::time::Duration::from_millis(left)))
                }
                _ => format!("expired: it lasts {most}"),
            };
            lines.fact("expires", &words, theme.text);
        }
    }
    let how = match &check.kind {
        CheckKind::Signed => format!("a person signs it: {}", view.app.key(Action::Sign)),
        CheckKind::Run(command) => format!("runs {command}"),
        CheckKind::Http { url, .. } => format!("asks {}", without_password(url)),
        CheckKind::Query { at, query } => format!("asks {}: {query}", place(at)),
    };
    lines.fact("found out", &how, theme.text);
    if let Some(every) = check.every {
        lines.fact("every", &every.to_string(), theme.text);
    }
    if let Some(before) = &check.before {
        lines.fact("before", &format!("{before} waits for it"), theme.text);
    }
}

/// An address as it may be shown.
pub(super) fn without_password(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            // What is asked for may carry a token.
            let path = path.map(|path| path.split_once('?').map_or_else(|| path.to_owned(), |(path, _)| format!("{path}?…")));
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => url.to_owned(),
    }
}

/// Where something is asked, as it may be shown.
fn place(at: &Place) -> String {
    match (&at.server, &at.url) {
        (Some(server), _) => server.clone(),
        (None, url) => without_password(url.as_deref().unwrap_or_default()),
    }
}

/// Addresses as they may be shown.
fn addresses(urls: &Endpoints) -> String {
    urls.all().iter().map(|url| without_password(url)).collect::<Vec<_>>().join(", ")
}

/// Where a signal's numbers come from.
pub(super) fn source_words(signal: &Signal) -> String {
    match &signal.source {
        Source::Prometheus { at, question: Question::Query(query), .. } => format!("Prometheus at {}: {query}", place(at)),
        Source::Prometheus { at, question: Question::Ratio { of, over }, .. } => {
            let within = signal.looks_back().map(|window| format!(" within {window}")).unwrap_or_default();
            format!("Prometheus at {}: growth of {of} over that of {over}{within}", place(at))
        }
        Source::Scrape { url, .. } => format!("metrics at {}", addresses(url)),
        Source::Probe { url, .. } => format!("probe of {}", addresses(url)),
        Source::Alertmanager { at, matchers, .. } => {
            let which = if matchers.is_empty() { "all".to_owned() } else { matchers.join(", ") };
            format!("Alertmanager at {}: {which}", place(at))
        }
        Source::Expression { of } => of.clone(),
        Source::Score { .. } => "the score of what is compared".to_owned(),
        Source::Slo { slo, .. } => format!("the service level {slo}"),
        Source::Command { run } => format!("command {run}"),
    }
}

fn signal_detail(lines: &mut Lines<'_>, id: &str, signal: &Signal) {
    let view = lines.view;
    let theme = view.theme;
    let Some(of) = view.plan.signals.get_index_of(id).and_then(|index| health::signal(view, index)) else { return };
    let judged = of.judged;
    let (_, look) = Standing::of(of).look(view);
    let facts = signal_facts::facts(view, of);
    for (name, text, style) in std::iter::once(signal_facts::verdict(view, of)).chain(facts) {
        lines.fact(name, &text, style);
    }
    let unit = signal.unit_sign();
    let value = judged.value.map_or_else(|| "none".to_owned(), |value| format!("{} {unit}", health::value_words(signal, value)));
    lines.fact("value", value.trim_end(), theme.text);
    let age = judged.age(view.now).map_or_else(|| "never measured".to_owned(), |age| format!("{} old", words::age(age)));
    let stale = format!("{age}; sampled every {}, not known after {}", signal.every, signal.stale_after());
    lines.fact("age", &stale, if judged.verdict == Verdict::Unknown { theme.warn } else { theme.text });
    let side = if signal.bad == Side::Above { "from" } else { "down from" };
    let edge = |edge: Option<f64>| edge.map(|edge| format!("{side} {} {unit}", words::round(edge)));
    lines.fact("warns", &edge(signal.warn).unwrap_or_else(|| "never".to_owned()), theme.text);
    lines.fact("fails", &edge(signal.fail).unwrap_or_else(|| "never".to_owned()), theme.text);
    lines.fact("source", &source_words(signal), theme.text);
    if let Some(baseline) = &signal.baseline {
        lines.fact("baseline", baseline, theme.text);
    }
    if let Some(turn) = view.release.turns.get(id) {
        let words = format!("{} at {}: {}", verdict_word(turn.verdict), view.time(turn.at, "%H:%M:%S"), turn.why);
        lines.fact("last turn", &words, theme.text);
    }
    chart(lines, id, look);
}

/// A chart of the last minutes, as lines among the others.
fn chart(lines: &mut Lines<'_>, id: &str, look: Style) {
    const HEIGHT: u16 = 10;
    let view = lines.view;
    let Some(chart) = health_zoom::chart_of(view, id) else { return };
    let area = Rect::new(0, 0, u16::try_from(lines.columns).unwrap_or(u16::MAX).min(120), HEIGHT);
    let mut buffer = Buffer::empty(area);
    chart.draw(area, &mut buffer);
    lines.gap();
    for row in buffer.content.chunks(usize::from(area.width.max(1))) {
        let text = row.iter().map(|cell| cell.symbol()).collect::<String>();
        lines.lines.push((String::new(), text.trim_end().to_owned(), look));
    }
}
