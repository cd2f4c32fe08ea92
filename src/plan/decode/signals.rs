//! `[signals.NAME]`.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::de::DeTable;

use super::{
    Known, compared,
    reader::{At, Fields, Reader, Span},
    shapes, sources,
    words::{self, quote},
};
use crate::plan::{Id, Measure, Question, Side, Signal, Source, defaults};

/// Every signal of the plan, those that a comparison makes among them; and what each table said.
pub(super) fn signals(reader: &mut Reader, plan: &Fields<'_>, known: &mut Known) -> (IndexMap<Id, Signal>, Vec<Row>) {
    let mut rows: Vec<Row> = reader.named(plan, "signals", "signal").into_iter().map(|row| signal(reader, row, known)).collect();
    compared::spread(reader, &mut rows, known);
    known.signals.extend(rows.iter().map(|row| (row.id.clone(), row.is_judged)));
    for row in &rows {
        if let Some(named) = &row.baseline {
            baseline(reader, row, named, &rows);
        }
    }
    (beside(rows.iter().filter_map(|row| Some((row.id.clone(), row.signal.clone()?))).collect()), rows)
}

/// In the order they were written, but that a baseline comes right behind the first signal that names it.
fn beside(mut signals: IndexMap<Id, Signal>) -> IndexMap<Id, Signal> {
    let named: BTreeSet<Id> = signals.values().filter_map(|signal| signal.baseline.clone()).collect();
    let mut order = Vec::with_capacity(signals.len());
    for (id, signal) in signals.iter().filter(|(id, _)| !named.contains(*id)) {
        order.push(id.clone());
        order.extend(signal.baseline.clone().filter(|baseline| !order.contains(baseline)));
    }
    // A plan with problems may name what is not there, or itself.
    let place = |id: &Id| order.iter().position(|known| known == id).unwrap_or(usize::MAX);
    signals.sort_by_cached_key(|id, _| place(id));
    signals
}

/// What one table says.
pub(super) struct Row {
    /// How a message calls it.
    pub(super) name: String,
    pub(super) id: Id,
    /// Where its id is.
    pub(super) place: Span,
    /// Nothing where its source is wrong.
    pub(super) signal: Option<Signal>,
    pub(super) is_judged: bool,
    pub(super) baseline: Option<At<String>>,
    /// The signals that its source names.
    pub(super) mentions: Vec<At<String>>,
    /// Whether it says how often it is sampled.
    pub(super) has_every: bool,
}

/// An expression has nothing new to say more often than the slowest of what it is made of, and is as old as that.
pub(super) fn slow_down(rows: &[Row], signals: &mut IndexMap<Id, Signal>) {
    for row in rows.iter().filter(|row| !row.has_every) {
        let parts = row.mentions.iter().filter_map(|named| signals.get(&named.is)).map(|signal| signal.every);
        let (slowest, signal) = (parts.max(), signals.get_mut(&row.id));
        if let (Some(slowest), Some(signal)) = (slowest, signal)
            && matches!(signal.source, Source::Expression { .. })
        {
            let slowest = signal.stale.map_or(slowest, |stale| slowest.min(stale));
            signal.every = signal.every.max(slowest);
        }
    }
}

/// Canary and baseline stand in one picture with one scale, and a baseline has none of its own.
fn baseline(reader: &mut Reader, row: &Row, named: &At<String>, rows: &[Row]) {
    let others = rows.iter().map(|other| other.id.as_str()).filter(|id| *id != row.id);
    if named.is == row.id {
        let help = words::instead("", others, "other signals");
        return reader.report(&named.at, "bad-baseline", format!("{} names itself as its baseline", row.name), help);
    }
    if !reader.reference(&row.name, "signal", named, others) {
        return;
    }
    let Some(other) = rows.iter().find(|other| other.id == named.is) else { return };
    if let Some(next) = &other.baseline {
        let message =
            format!("{} names {} as its baseline, which has one itself: {}", row.name, quote(&named.is), quote(&next.is));
        let help = "compare both with the same signal, or take `baseline` out of one of them";
        return reader.report(&named.at, "bad-baseline", message, help);
    }
    if let (Some(one), Some(other)) = (&row.signal, &other.signal)
        && one.unit != other.unit
    {
        let unit = |unit: &str| if unit.is_empty() { "no unit".to_owned() } else { quote(unit) };
        let (mine, theirs) = (unit(&one.unit), unit(&other.unit));
        let message = format!("{} is in {mine} and its baseline {} in {theirs}", row.name, quote(&named.is));
        reader.report(&named.at, "bad-baseline", message, "give both the same `unit`, so that one scale fits both");
    }
}

fn signal<'a>(reader: &mut Reader, (id, table): (At<String>, &'a DeTable<'a>), known: &Known) -> Row {
    let fields = reader.fields(format!("signal {}", quote(&id.is)), id.at, table, &shapes::SIGNAL);
    let (source, mentions) = sources::source(reader, &fields, known);
    let title = reader.shown(&fields, "title").map(|title| title.is);
    let unit = reader.shown(&fields, "unit").map(|unit| unit.is).unwrap_or_default();
    let scale = reader.number(&fields, "scale");
    if let Some(scale) = &scale
        && scale.is == 0.0
    {
        let message = format!("`scale` of {} makes every value zero", fields.name);
        reader.report(
            &scale.at,
            "out-of-range",
            message,
            "leave it out for the value as it is; 100 makes a percentage of a fraction",
        );
    }
    let bad = reader.choice(&fields, "bad", &[("above", Side::Above), ("below", Side::Below)]).unwrap_or_default();
    let (warn, mut fail) = (reader.number(&fields, "warn"), reader.number(&fields, "fail"));
    if matches!(source, Some(Source::Alertmanager { .. })) && !fields.has("warn") && !fields.has("fail") {
        // That none fires is what an alert is watched for.
        fail = Some(At { is: 1.0, at: fields.place.clone() });
    }
    if let (Some(warn), Some(fail)) = (&warn, &fail) {
        let beyond = match bad {
            Side::Above => warn.is > fail.is,
            Side::Below => warn.is < fail.is,
        };
        if beyond {
            let (side, relation) = match bad {
                Side::Above => ("above", "at most"),
                Side::Below => ("below", "at least"),
            };
            let message = format!("{} would fail at {} before it warns at {}", fields.name, fail.is, warn.is);
            let help = format!(
                "what is {side} is bad, so `warn` must be {relation} `fail`; for the other side, write bad = \"{}\"",
                if side == "above" { "below" } else { "above" }
            );
            reader.report(&warn.at, "warn-beyond-fail", message, help);
        }
    }
    let every = reader.some_time(&fields, "every").map_or_else(defaults::every, |every| every.is);
    let timeout = reader.some_time(&fields, "timeout").map(|timeout| timeout.is);
    let stale = reader.duration(&fields, "stale");
    if let Some(stale) = &stale
        && stale.is < every
    {
        let message = format!("{} is sampled every {every} and would be stale after {}", fields.name, stale.is);
        reader.report(
            &stale.at,
            "impossible-time",
            message,
            "make `stale` longer than `every`, or leave it out: three times `every`",
        );
    }
    // Who judges there has waited already: the judge for enough samples, an alert's rule for its `for`.
    let judged = matches!(source, Some(Source::Score { .. } | Source::Alertmanager { .. }));
    let or_one = |default: fn() -> u32| if judged { 1 } else { default() };
    let samples = reader.whole(&fields, "samples", 1..=100).map_or_else(|| or_one(defaults::samples), |samples| samples.is);
    let confirm = reader.whole(&fields, "confirm", 1..=100).map_or_else(|| or_one(defaults::confirm), |confirm| confirm.is);
    let window = match &source {
        Some(Source::Scrape { measure, window, .. }) if !matches!(measure, Measure::Value(_)) => Some(*window),
        Some(Source::Prometheus { question: Question::Ratio { .. }, window, .. }) => *window,
        _ => None,
    };
    if let (Some(window), Some(entry)) = (window, fields.get("window"))
        && window < every
        && !window.is_zero()
    {
        let why = match &source {
            Some(Source::Scrape { .. }) => "it would never see any growth",
            _ => "there is no share of less than comes between two samples",
        };
        let message = format!("{} looks back {window} and is sampled every {every}: {why}", fields.name);
        reader.report(&entry.value.span(), "impossible-time", message, "make `window` several times as long as `every`");
    }
    let needs_traffic = reader.flag(&fields, "needs_traffic").unwrap_or_default();
    let baseline = reader.id(&fields, "baseline");
    let compare = compared::compare(reader, &fields, bad);
    let signal = source.map(|source| Signal {
        title,
        source,
        unit,
        scale: scale.map(|scale| scale.is),
        every,
        timeout,
        bad,
        warn: warn.map(|warn| warn.is),
        fail: fail.map(|fail| fail.is),
        baseline: baseline.as_ref().map(|baseline| baseline.is.clone()),
        compare,
        needs_traffic,
        samples,
        confirm,
        stale: stale.map(|stale| stale.is),
    });
    // One whose source or threshold is wrong may well have been meant to be judged.
    let was_meant = ["warn", "fail", "compare"].iter().any(|key| fields.has(key));
    let is_judged = was_meant || signal.as_ref().is_none_or(Signal::is_judged);
    let has_every = fields.has("every");
    Row { name: fields.name, id: id.is, place: fields.place, signal, is_judged, baseline, mentions, has_every }
}
