//! `[signals.NAME]`.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::de::DeTable;

use super::{
    Known,
    reader::{At, Fields, Reader},
    shapes,
    words::{self, quote},
};
use crate::plan::{Id, Measure, ProbeMeasure, Side, Signal, Source, defaults};

/// Every signal of the plan.
pub(super) fn signals(reader: &mut Reader, plan: &Fields<'_>, known: &mut Known) -> IndexMap<Id, Signal> {
    let rows: Vec<Row> = reader.named(plan, "signals", "signal").into_iter().map(|row| signal(reader, row)).collect();
    known.signals.extend(rows.iter().map(|row| (row.id.clone(), row.has_threshold)));
    for row in &rows {
        if let Some(named) = &row.baseline {
            baseline(reader, row, named, &rows);
        }
    }
    beside(rows.into_iter().filter_map(|row| Some((row.id, row.signal?))).collect())
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
struct Row {
    /// How a message calls it.
    name: String,
    id: Id,
    /// Nothing where its source is wrong.
    signal: Option<Signal>,
    has_threshold: bool,
    baseline: Option<At<String>>,
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

fn signal<'a>(reader: &mut Reader, (id, table): (At<String>, &'a DeTable<'a>)) -> Row {
    let fields = reader.fields(format!("signal {}", quote(&id.is)), id.at, table, &shapes::SIGNAL);
    let source = source(reader, &fields);
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
    let (warn, fail) = (reader.number(&fields, "warn"), reader.number(&fields, "fail"));
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
    let samples = reader.whole(&fields, "samples", 1..=100).map_or_else(defaults::samples, |samples| samples.is);
    let confirm = reader.whole(&fields, "confirm", 1..=100).map_or_else(defaults::confirm, |confirm| confirm.is);
    if let (Some(Source::Scrape { measure, window, .. }), Some(entry)) = (&source, fields.get("window"))
        && *window < every
        && !window.is_zero()
        && !matches!(measure, Measure::Value(_))
    {
        let message = format!("{} looks back {window} and is sampled every {every}: it would never see any growth", fields.name);
        reader.report(&entry.value.span(), "impossible-time", message, "make `window` several times as long as `every`");
    }
    let needs_traffic = reader.flag(&fields, "needs_traffic").unwrap_or_default();
    let baseline = reader.id(&fields, "baseline");
    let has_threshold = fields.has("warn") || fields.has("fail");
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
        needs_traffic,
        samples,
        confirm,
        stale: stale.map(|stale| stale.is),
    });
    Row { name: fields.name, id: id.is, signal, has_threshold, baseline }
}

fn source(reader: &mut Reader, fields: &Fields<'_>) -> Option<Source> {
    let names: Vec<_> = shapes::SIGNAL_KINDS.iter().map(|(name, _)| (*name, *name)).collect();
    if !fields.has("source") {
        let all = words::list(names.iter().map(|(name, _)| *name));
        reader.missing(fields, "source", &format!("source = \"prometheus\"; there are {all}"));
    }
    let source = reader.choice(fields, "source", &names)?;
    reader.only(fields, source, shapes::SIGNAL_COMMON, shapes::SIGNAL_KINDS, |key| {
        format!("leave `{key}` out, or choose another source")
    });
    Some(match source {
        "prometheus" => Source::Prometheus {
            url: reader.url(fields, "url", "https://prometheus.example").map(|url| url.is).unwrap_or_default(),
            query: {
                if !fields.has("query") {
                    reader.missing(fields, "query", "query = '…', PromQL that yields one number");
                }
                query(reader, fields)
            },
        },
        "scrape" => Source::Scrape {
            url: reader.url(fields, "url", "http://127.0.0.1:9100/metrics").map(|url| url.is).unwrap_or_default(),
            measure: measure(reader, fields),
            window: reader.some_time(fields, "window").map_or_else(defaults::window, |window| window.is),
        },
        "probe" => probe(reader, fields),
        _ => Source::Command { run: reader.needed_command(fields, "run", "run = \"./measure.sh\", which prints one number") },
    })
}

/// PromQL; only a server can say whether it is right.
pub(super) fn query(reader: &mut Reader, fields: &Fields<'_>) -> String {
    let Some(query) = reader.string(fields, "query") else { return String::new() };
    if query.is.trim().is_empty() {
        reader.report(
            &query.at,
            "empty-query",
            format!("`query` of {} is empty", fields.name),
            "write PromQL, as in 'up{job=\"shop\"}'",
        );
        return String::new();
    }
    reader.command(fields, "query").map(|query| query.is).unwrap_or_default()
}

fn measure(reader: &mut Reader, fields: &Fields<'_>) -> Measure {
    const KINDS: [&str; 4] = ["value", "rate", "ratio", "quantile"];
    let given: Vec<_> = fields.entries().into_iter().filter(|entry| KINDS.contains(&entry.key)).cloned().collect();
    if let Some(second) = given.get(1) {
        let message =
            format!("{} measures several things at once: {}", fields.name, words::list(given.iter().map(|entry| entry.key)));
        reader.report(&second.place, "several-measures", message, "keep one of them; make a signal of its own for each other");
    }
    let nothing = Measure::Value(String::new());
    match given.first().map(|entry| entry.key) {
        Some("value") => Measure::Value(reader.selector(fields, "value").map(|selector| selector.is).unwrap_or_default()),
        Some("rate") => Measure::Rate(reader.selector(fields, "rate").map(|selector| selector.is).unwrap_or_default()),
        Some("ratio") => {
            let example = "ratio = { of = 'errors_total', over = 'requests_total' }";
            let Some(ratio) = reader.sub(fields, "ratio", &shapes::RATIO, example) else { return nothing };
            Measure::Ratio { of: needed_selector(reader, &ratio, "of"), over: needed_selector(reader, &ratio, "over") }
        }
        Some("quantile") => {
            let example = "quantile = { of = 'request_duration_seconds', q = 0.95 }";
            let Some(quantile) = reader.sub(fields, "quantile", &shapes::QUANTILE, example) else { return nothing };
            histogram(reader, &quantile)
        }
        _ => {
            let message = format!("{} does not say what is measured on the page", fields.name);
            let help =
                "add one of value = '…', rate = '…', ratio = { of = '…', over = '…' } or quantile = { of = '…', q = 0.95 }";
            reader.report_absence(&fields.place, "missing-key", message, help);
            nothing
        }
    }
}

fn histogram(reader: &mut Reader, fields: &Fields<'_>) -> Measure {
    if fields.has("of")
        && let Some(of) = reader.selector(fields, "of")
    {
        if let Ok(selector) = of.is.parse::<crate::plan::Selector>()
            && let Some(name) = selector.name.strip_suffix("_bucket")
        {
            let message = format!("`of` of {} names the buckets, not the histogram", fields.name);
            reader.report(&of.at, "bad-selector", message, format!("write it without `_bucket`: {}", quote(name)));
        }
    } else if !fields.has("of") {
        reader.missing(fields, "of", "of = 'NAME', the histogram's name");
    }
    if !fields.has("q") {
        reader.missing(fields, "q", "q = 0.95, for the 95th percentile");
    }
    let q = reader.number(fields, "q");
    if let Some(q) = &q
        && !(0.0..=1.0).contains(&q.is)
    {
        let percent = if (1.0..=100.0).contains(&q.is) { format!(", as in {}", q.is / 100.0) } else { String::new() };
        reader.report(&q.at, "out-of-range", format!("`q` of {} is {}", fields.name, q.is), format!("it can be 0 to 1{percent}"));
    }
    let of = fields.get("of").and_then(|entry| entry.value.get_ref().as_str()).unwrap_or_default().to_owned();
    Measure::Quantile { of, q: q.map_or(0.0, |q| q.is) }
}

fn needed_selector(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> String {
    if !fields.has(key) {
        reader.missing(fields, key, &format!("{key} = 'NAME', a metric's name with label matchers"));
    }
    reader.selector(fields, key).map(|selector| selector.is).unwrap_or_default()
}

fn probe(reader: &mut Reader, fields: &Fields<'_>) -> Source {
    let measures =
        [("up", ProbeMeasure::Up), ("latency", ProbeMeasure::Latency), ("certificate-days", ProbeMeasure::CertificateDays)];
    let measure = reader.choice(fields, "measure", &measures).unwrap_or_default();
    let url = reader.url(fields, "url", "https://shop.example/health");
    if measure == ProbeMeasure::CertificateDays {
        if let Some(url) = &url
            && !url.is.to_ascii_lowercase().starts_with("https:")
        {
            let message = format!("{} asks for a certificate's days at an address without one", fields.name);
            reader.report(&url.at, "bad-url", message, "write an https:// address");
        }
        for key in ["status", "body"] {
            if let Some(entry) = fields.get(key) {
                let message = format!("`{key}` has no meaning for certificate-days in {}", fields.name);
                reader.report(&entry.place, "key-of-another-kind", message, "leave it out; it is for up and latency");
            }
        }
    }
    Source::Probe {
        url: url.map(|url| url.is).unwrap_or_default(),
        measure,
        status: reader.status(fields),
        body: reader.regex(fields, "body"),
    }
}
