//! The Health pane: a row for every signal, with its number, its last minutes and what is thought of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ratatui::{layout::Rect, style::Style};

use super::{
    Paint, View, cut,
    panes::{first_shown, line, more_marks},
    spark::sparkline,
    standing::{NOTE, Standing, alert_words, note},
};
use crate::{
    health::{Judgement, Verdict},
    plan::{Signal, Source},
    release::Release,
    tui::{app::Hit, list::Pane, words},
};

/// What is thought of every signal, in the plan's order: found out once for a frame.
#[derive(Debug)]
pub(super) struct Health {
    judged: Vec<Judgement>,
    /// Whether it is another's baseline.
    is_baseline: Vec<bool>,
}

impl Health {
    pub(super) fn of(release: &Release, now: Timestamp) -> Self {
        let plan = &release.plan;
        let judged = plan.signals.keys().filter_map(|id| release.judge(id, now));
        let baselines: BTreeSet<&str> = plan.signals.values().filter_map(|signal| signal.baseline.as_deref()).collect();
        Self { judged: judged.collect(), is_baseline: plan.signals.keys().map(|id| baselines.contains(id.as_str())).collect() }
    }
}

/// A signal of the plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    pub(super) index: usize,
    pub(super) id: &'a str,
    pub(super) signal: &'a Signal,
    pub(super) judged: &'a Judgement,
    pub(super) is_baseline: bool,
}

impl<'a> Judged<'a> {
    /// What a person calls it.
    pub(super) fn title(&self) -> &'a str {
        self.signal.title.as_deref().unwrap_or(self.id)
    }

    /// A baseline stands below its canary, a little to the right.
    fn indent(&self) -> &'static str {
        if self.is_baseline { "  " } else { "" }
    }
}

/// A signal by its place in the plan.
pub(super) fn signal<'a>(view: &'a View<'_>, index: usize) -> Option<Judged<'a>> {
    let (id, signal) = view.plan.signals.get_index(index)?;
    let judged = view.health.judged.get(index)?;
    Some(Judged { index, id, signal, judged, is_baseline: view.health.is_baseline.get(index).copied().unwrap_or(false) })
}

/// The signals of the plan.
pub(super) fn signals<'a>(view: &'a View<'_>) -> impl Iterator<Item = Judged<'a>> {
    (0..view.plan.signals.len()).filter_map(|index| signal(view, index))
}

/// The worst that is thought of the signals, in a word. Of what is only looked at, nothing is thought.
pub(super) fn worst(view: &View<'_>) -> &'static str {
    let thought = signals(view).filter(|of| of.signal.is_judged()).map(Standing::of);
    thought.max().map_or("", Standing::word)
}

/// From which width inside its frame on a signal's picture stands in its row, and not below it.
const IN_ROW: u16 = 58;

/// How many lines the signals have in a pane of so many columns, with its frame.
pub(super) fn wanted(view: &View<'_>, width: u16) -> u16 {
    let lines = if width.saturating_sub(4) < IN_ROW { 2 } else { 1 };
    u16::try_from(view.rows(Pane::Health).len()).unwrap_or(u16::MAX).max(1).saturating_mul(lines).saturating_add(2)
}

/// The signals.
pub(super) fn health(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let focused = view.app.pane == Pane::Health;
    let note = view.filtered(Pane::Health, worst(view));
    let inner = paint.frame(area, "Health", &note, focused);
    let selected = view.selected(Pane::Health);
    let rows = view.rows(Pane::Health);
    let len = rows.len();
    if view.plan.signals.is_empty() {
        paint.row(inner, &[("the plan has no signals", view.theme.dim)]);
    }
    // Two lines a signal, if the pane has them: in a narrow one the picture stands below, in a wide one nothing does.
    let lines = if usize::from(inner.height) >= len.saturating_mul(2) { 2 } else { 1 };
    let below = lines == 2 && inner.width < IN_ROW;
    let height = usize::from(inner.height) / lines;
    paint.shown.crowded = len > height;
    let first = first_shown(rows.iter().position(|row| *row == selected).unwrap_or(0), len, height);
    let columns = Columns::of(view, usize::from(inner.width));
    for (place, index) in rows.iter().copied().skip(first).take(height).enumerate() {
        let Some(of) = signal(view, index) else { continue };
        let row = Rect { height: u16::try_from(lines).unwrap_or(1), ..line(inner, place.saturating_mul(lines)) };
        paint.hit(row, Hit::Row(Pane::Health, index));
        if below {
            signal_two(paint, row, of, columns);
        } else {
            signal_one(paint, row, of, columns);
        }
        if focused && index == selected {
            paint.select(Rect { height: 1, ..row });
        }
    }
    more_marks(paint, area, first, len, height);
}

/// How many columns a number takes.
const VALUE: usize = 6;
/// How many the widest verdict takes.
const VERDICT: usize = 7;
/// How many an age takes, with the space before it.
const AGE: usize = 5;

/// So much of a name at least is shown where there is any room for it.
const NAME: usize = 9;

/// How a row is divided, the same for every row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    name: usize,
    unit: usize,
    verdict: usize,
    /// What is said in a few letters; nothing where there is nothing to say, or no room.
    note: usize,
    inner: usize,
}

impl Columns {
    /// For rows of so many columns. Where there are few, what is said in a few letters stands in the verdict's place: the
    /// symbol says that, too.
    pub(super) fn of(view: &View<'_>, inner: usize) -> Self {
        let list = Self::of_list(view);
        let narrow = list.note > 0 && inner < usize::from(IN_ROW);
        let (verdict, note) = if narrow { (VERDICT + 1, 0) } else { (list.verdict, list.note) };
        Self { verdict, note, inner, ..list }
    }

    /// For a list without pictures.
    pub(super) fn of_list(view: &View<'_>) -> Self {
        let signals = &view.plan.signals;
        let unit = signals.values().map(|signal| words::width(signal.unit_sign())).max().unwrap_or(0).clamp(1, 5);
        let name = self::signals(view).map(|of| words::width(of.title()).saturating_add(of.indent().len())).max();
        let noted = |signal: &Signal| signal.compare.is_some() || matches!(signal.source, Source::Alertmanager { .. });
        let note = if signals.values().any(noted) { NOTE } else { 0 };
        Self { name: name.unwrap_or(0), unit, verdict: VERDICT, note, inner: 0 }
    }

    /// What a list without pictures takes, with its frame.
    pub(super) fn list(self) -> usize {
        self.name.saturating_add(self.fixed()).saturating_add(4)
    }

    /// What a row takes beside its name and its picture.
    fn fixed(self) -> usize {
        let note = if self.note == 0 { 0 } else { self.note + 1 };
        2 + 1 + VALUE + 1 + self.unit + 1 + note + self.verdict + AGE
    }
}

/// A signal in the words of its row.
struct SignalWords {
    symbol: &'static str,
    look: Style,
    name: String,
    value: String,
    unit: String,
    /// What is said in a few letters, with a space behind it, where it has a place of its own.
    note: String,
    verdict: String,
    age: String,
}

fn signal_words(view: &View<'_>, of: Judged<'_>, columns: Columns) -> SignalWords {
    let (signal, judged) = (of.signal, of.judged);
    let standing = Standing::of(of);
    // Nothing is thought of what has no thresholds: it is known or not.
    let only_looked_at = standing == Standing::LookedAt;
    let (symbol, look) = if only_looked_at { (view.glyphs.dash, view.theme.dim) } else { standing.look(view) };
    let value = judged.value.map_or_else(|| view.glyphs.dash.to_owned(), |value| value_words(signal, value));
    let said = note(view.release, of);
    let instead = columns.verdict > VERDICT && !said.is_empty() && words::width(&said) <= columns.verdict;
    let verdict = if only_looked_at { "" } else { standing.word() };
    SignalWords {
        symbol,
        look,
        name: format!("{}{}", of.indent(), of.title()),
        value: words::right(&value, VALUE, view.glyphs.more),
        unit: words::left(if judged.value.is_some() { signal.unit_sign() } else { "" }, columns.unit, view.glyphs.more),
        note: if columns.note == 0 { String::new() } else { words::right(&said, columns.note, view.glyphs.more) + " " },
        verdict: if instead { said } else { verdict.to_owned() },
        age: judged.age(view.now).map_or_else(String::new, words::age),
    }
}

/// A signal's number. Alerts are counted, and not measured.
pub(super) fn value_words(signal: &Signal, value: f64) -> String {
    match signal.source {
        Source::Alertmanager { .. } => format!("{value:.0}"),
        _ => words::number(value),
    }
}

/// The picture of a signal, or why there is none, in so many columns.
fn picture(view: &View<'_>, of: Judged<'_>, columns: usize) -> Vec<(String, Style)> {
    if says_why(view, of) {
        return vec![(words::left(&of.judged.why, columns, view.glyphs.more), view.theme.text)];
    }
    if let Some(alerts) = alert_words(view.release, of) {
        let theme = view.theme;
        let apart = if alerts.new.is_empty() { "" } else { ", " };
        let count = words::fit(&format!("{}{apart}", alerts.count), columns, view.glyphs.more).into_owned();
        let left = columns.saturating_sub(words::width(&count));
        let new = words::fit(&alerts.new, left, view.glyphs.more).into_owned();
        let left = left.saturating_sub(words::width(&new));
        // A few letters of a name say nothing.
        let names = if alerts.names.is_empty() || left < 8 { String::new() } else { format!(": {}", alerts.names) };
        let names = words::left(&names, left, view.glyphs.more);
        return vec![(count, theme.text), (new, theme.bad), (names, theme.dim)];
    }
    let spans = sparkline(view, of, columns);
    // The newest stands at the right, where the next will come.
    let fill = columns.saturating_sub(spans.iter().map(|(text, _)| words::width(text)).sum());
    std::iter::once((" ".repeat(fill), view.theme.text)).chain(spans).collect()
}

/// Whether a row has words instead of a picture: what is being judged has a line all the same, if the judge says how far it is.
fn says_why(view: &View<'_>, of: Judged<'_>) -> bool {
    match Standing::of(of) {
        Standing::Judging => note(view.release, of).is_empty(),
        Standing::NotYet | Standing::Blind => true,
        _ => false,
    }
}

fn signal_one(paint: &mut Paint<'_>, area: Rect, of: Judged<'_>, columns: Columns) {
    let view = paint.view;
    let (theme, more) = (view.theme, view.glyphs.more);
    let said = signal_words(view, of, columns);
    // A name that cannot be told from another says less than an age.
    let spare = columns.inner.saturating_sub(columns.fixed());
    let age_wide = if spare < columns.name.min(NAME) { 0 } else { AGE };
    let fixed = columns.fixed().saturating_sub(AGE).saturating_add(age_wide);
    let name = columns.name.min(columns.inner.saturating_sub(fixed)).min(columns.inner / 3);
    // Words have the judge's columns too: there is either the one or the other.
    let says = says_why(view, of) || alert_words(view.release, of).is_some();
    let note = if says { "" } else { said.note.as_str() };
    let room = columns.inner.saturating_sub(fixed + name + 1).saturating_add(if says { said.note.len() } else { 0 });
    let name = words::left(&said.name, name, more);
    let verdict = words::left(&said.verdict, columns.verdict, more);
    let age = words::right(&said.age, age_wide, "");
    // Words keep away from the number, and a picture need not.
    let apart = if says && room >= 4 { " " } else { "" };
    let picture = if room < 4 { Vec::new() } else { picture(view, of, room.saturating_sub(apart.len())) };
    let mut spans = vec![
        (said.symbol, said.look),
        (" ", theme.text),
        (name.as_str(), theme.text),
        (" ", theme.text),
        (said.value.as_str(), if of.judged.verdict == Verdict::Ok { theme.text } else { said.look }),
        (" ", theme.text),
        (said.unit.as_str(), theme.dim),
        (" ", theme.text),
        (apart, theme.text),
    ];
    spans.extend(picture.iter().map(|(text, style)| (text.as_str(), *style)));
    if !picture.is_empty() {
        spans.push((" ", theme.text));
    }
    spans.extend([(note, note_look(view, of)), (verdict.as_str(), said.look), (age.as_str(), theme.dim)]);
    paint.row(area, &spans);
}

/// What the judge says looks as what is thought of it, and is plain where all is well.
fn note_look(view: &View<'_>, of: Judged<'_>) -> Style {
    match Standing::of(of) {
        Standing::Ok | Standing::LookedAt => view.theme.text,
        standing => standing.look(view).1,
    }
}

/// A signal without its picture: for a list beside a chart.
pub(super) fn signal_line(paint: &mut Paint<'_>, area: Rect, of: Judged<'_>, columns: Columns) {
    let room = usize::from(area.width).saturating_sub(columns.fixed());
    let view = paint.view;
    let said = signal_words(view, of, columns);
    let (theme, more) = (view.theme, view.glyphs.more);
    paint.row(
        area,
        &[
            (said.symbol, said.look),
            (" ", theme.text),
            (&words::left(&said.name, room, more), theme.text),
            (" ", theme.text),
            (&said.value, if of.judged.verdict == Verdict::Ok { theme.text } else { said.look }),
            (" ", theme.text),
            (&said.unit, theme.dim),
            (" ", theme.text),
            (&said.note, note_look(view, of)),
            (&words::left(&said.verdict, columns.verdict, more), said.look),
            (&words::right(&said.age, AGE, more), theme.dim),
        ],
    );
}

fn signal_two(paint: &mut Paint<'_>, area: Rect, of: Judged<'_>, columns: Columns) {
    let view = paint.view;
    let (theme, more) = (view.theme, view.glyphs.more);
    let said = signal_words(view, of, columns);
    let name = columns.inner.saturating_sub(2 + VALUE + 1 + columns.unit + 1 + columns.verdict);
    let (first, second) = cut(area, 1);
    paint.row(
        first,
        &[
            (said.symbol, said.look),
            (" ", theme.text),
            (&words::left(&said.name, name, more), theme.text),
            (&said.value, if of.judged.verdict == Verdict::Ok { theme.text } else { said.look }),
            (" ", theme.text),
            (&said.unit, theme.dim),
            (" ", theme.text),
            (&words::right(&said.verdict, columns.verdict, more), said.look),
        ],
    );
    let picture = picture(view, of, columns.inner.saturating_sub(2 + AGE));
    let age = words::right(&said.age, AGE, more);
    let mut spans = vec![("  ", theme.text)];
    spans.extend(picture.iter().map(|(text, style)| (text.as_str(), *style)));
    spans.push((age.as_str(), theme.dim));
    paint.row(second, &spans);
}
