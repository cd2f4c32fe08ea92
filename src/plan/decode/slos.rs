//! `[slos.NAME]`, and the signals that each makes.

use indexmap::IndexMap;
use toml::de::DeTable;

use super::{
    Known,
    reader::{At, Fields, Reader},
    servers, shapes,
    words::quote,
};
use crate::plan::{Duration, Id, Side, Signal, Slo, SloReading, Source, defaults};

/// Every objective of the plan; the signals that tell of them are added to the others.
pub(super) fn slos(
    reader: &mut Reader,
    plan: &Fields<'_>,
    known: &mut Known,
    signals: &mut IndexMap<Id, Signal>,
) -> IndexMap<Id, Slo> {
    let mut slos = IndexMap::new();
    for (id, table) in reader.named(plan, "slos", "service level") {
        let at = id.at.clone();
        let (id, slo) = slo(reader, (id, table), known);
        let Some(slo) = slo else {
            // It was meant to be there: whoever names it is not wrong besides.
            known.signals.push((id, true));
            continue;
        };
        for (id, signal) in told(&id, &slo) {
            if signals.contains_key(&id) {
                let message = format!("the service level makes a signal {}, and there is one already", quote(&id));
                reader.report(&at, "duplicate-id", message, "call one of them differently");
            }
            known.signals.push((id.clone(), signal.is_judged()));
            signals.insert(id, signal);
        }
        for (limit, signal) in [(slo.max_spend, spent(&id)), (slo.min_left, budget(&id))] {
            if limit.is_some() {
                known.along.push((id.clone(), signal));
            }
        }
        slos.insert(id, slo);
    }
    slos
}

fn budget(id: &str) -> String {
    format!("{id}.budget")
}

fn spent(id: &str) -> String {
    format!("{id}.spent")
}

/// The signals that tell of an objective.
fn told(id: &str, slo: &Slo) -> Vec<(Id, Signal)> {
    let title = |what: &str| Some(format!("{} {what}", slo.title.as_deref().unwrap_or(id)));
    let signal = |reading, title, unit: &str, bad, fail| Signal {
        title,
        unit: unit.to_owned(),
        every: slo.every,
        bad,
        fail,
        samples: 1,
        confirm: 1,
        ..Signal::of(Source::Slo { slo: id.to_owned(), reading })
    };
    vec![
        (id.to_owned(), signal(SloReading::Burn, title("burn"), "x", Side::Above, None)),
        (budget(id), signal(SloReading::Budget, title("budget left"), "percent", Side::Below, slo.min_left)),
        (spent(id), signal(SloReading::Spent, title("spent"), "percent", Side::Above, slo.max_spend)),
    ]
}

fn slo<'a>(reader: &mut Reader, (id, table): (At<String>, &'a DeTable<'a>), known: &Known) -> (Id, Option<Slo>) {
    let fields = reader.fields(format!("service level {}", quote(&id.is)), id.at, table, &shapes::SLO);
    let title = reader.shown(&fields, "title").map(|title| title.is);
    let at = servers::place(reader, &fields, known, "https://prometheus.example");
    for (key, example) in [("objective", "objective = 99.9, in percent"), ("total", "total = 'http_requests_total'")] {
        if !fields.has(key) {
            reader.missing(&fields, key, example);
        }
    }
    match (fields.get("bad"), fields.get("good")) {
        (Some(_), Some(good)) => {
            let message = format!("{} names both the bad and the good events", fields.name);
            reader.report(&good.place, "conflicting-keys", message, "keep one of them; the other is the rest of `total`");
        }
        (None, None) => reader.missing(&fields, "bad", "bad = 'http_requests_total{code=~\"5..\"}', or good = '…'"),
        _ => {}
    }
    let objective = reader.number(&fields, "objective");
    // Less than 1 % is promised nowhere, and a fraction is easily meant.
    if let Some(objective) = &objective
        && !(objective.is >= 1.0 && objective.is < 100.0)
    {
        let is_fraction = objective.is > 0.0 && objective.is < 1.0;
        // 0.9995 * 100 is a little less than 99.95.
        let percent = (objective.is * 1e11).round() / 1e9;
        let meant = if is_fraction { format!("; {} is {percent} %", objective.is) } else { String::new() };
        let message = format!("`objective` of {} is {}", fields.name, objective.is);
        let help = format!("it can be 1 or more and less than 100, in percent{meant}");
        reader.report(&objective.at, "out-of-range", message, help);
    }
    let max_spend = reader.number(&fields, "max_spend");
    if let Some(spend) = &max_spend
        && spend.is <= 0.0
    {
        let message = format!("`max_spend` of {} is {}", fields.name, spend.is);
        reader.report(&spend.at, "out-of-range", message, "it can be more than 0, in percent of the period's error budget");
    }
    let min_left = reader.number(&fields, "min_left");
    if let Some(left) = &min_left
        && !(0.0..100.0).contains(&left.is)
    {
        let message = format!("`min_left` of {} is {}", fields.name, left.is);
        let help = "it can be 0 or more and less than 100, in percent of the period's error budget";
        reader.report(&left.at, "out-of-range", message, help);
    }
    let period = reader.some_time(&fields, "period");
    if let Some(period) = &period
        && period.is < Duration::from_secs(3600)
    {
        let message = format!("{} is promised over {}", fields.name, period.is);
        reader.report(&period.at, "impossible-time", message, "write at least an hour, as in period = \"30d\"");
    }
    let slo = Slo {
        title,
        at,
        objective: objective.as_ref().map_or(0.0, |objective| objective.is),
        period: period.map_or_else(defaults::period, |period| period.is),
        bad: reader.selector(&fields, "bad").map(|bad| bad.is),
        good: reader.selector(&fields, "good").map(|good| good.is),
        total: reader.selector(&fields, "total").map(|total| total.is).unwrap_or_default(),
        max_spend: max_spend.map(|spend| spend.is),
        min_left: min_left.map(|left| left.is),
        every: reader.some_time(&fields, "every").map_or_else(defaults::slo_every, |every| every.is),
    };
    (id.is, objective.is_some().then_some(slo))
}
