//! `[signals.NAME.compare]`: how a signal is judged beside its baseline.

use super::{
    Known,
    reader::{At, Fields, Reader},
    shapes,
    signals::Row,
    words::quote,
};
use crate::plan::{Compare, Direction, Method, Question, Side, Signal, Source, Undecided};

const EXAMPLE: &str = "compare = { tolerance = 0.1 }, beside `baseline`";

/// What the table says; nothing where there is none.
pub(super) fn compare(reader: &mut Reader, signal: &Fields<'_>, bad: Side) -> Option<Compare> {
    let place = signal.get("compare")?.place.clone();
    let fields = reader.sub(signal, "compare", &shapes::COMPARE, EXAMPLE)?;
    let directions = [("increase", Direction::Increase), ("decrease", Direction::Decrease), ("either", Direction::Either)];
    let direction = reader.choice(&fields, "direction", &directions);
    let (tolerance, absolute) = (size(reader, &fields, "tolerance"), size(reader, &fields, "absolute"));
    if let (Some(_), Some(second)) = (&tolerance, &absolute) {
        let message = format!("{} has both `tolerance` and `absolute`", fields.name);
        reader.report(
            &second.at,
            "conflicting-keys",
            message,
            "keep one: a fraction of the baseline, or a size in the signal's unit",
        );
    }
    let methods = [("flightdeck", Method::Flightdeck), ("kayenta", Method::Kayenta)];
    let method = reader.choice(&fields, "method", &methods).unwrap_or_default();
    if let (Method::Kayenta, Some(size)) = (method, tolerance.as_ref().or(absolute.as_ref())) {
        let message = format!("{} has a tolerance, and Kayenta's is fixed at a quarter of the shift", fields.name);
        reader.report(&size.at, "conflicting-keys", message, "leave it out, or take method = \"flightdeck\"");
    }
    let undecided = [("hold", Undecided::Hold), ("warn", Undecided::Warn)];
    let compare = Compare {
        direction: direction.or(Some(match bad {
            Side::Above => Direction::Increase,
            Side::Below => Direction::Decrease,
        })),
        tolerance: tolerance.map(|size| size.is),
        absolute: absolute.map(|size| size.is),
        method,
        undecided: reader.choice(&fields, "undecided", &undecided).unwrap_or_default(),
        critical: reader.flag(&fields, "critical").unwrap_or_default(),
        group: reader.id(&fields, "group").map(|group| group.is),
        canary: reader.command(&fields, "canary").map(|query| query.is),
        baseline: reader.command(&fields, "baseline").map(|query| query.is),
    };
    match (fields.get("canary"), fields.get("baseline"), signal.get("baseline")) {
        (None, None, None) => {
            let message = format!("{} is compared with nothing", signal.name);
            let help = "add baseline = \"SIGNAL\" to it, the same measure of the stable version";
            reader.report_absence(&place, "missing-key", message, help);
        }
        (Some(one), None, _) | (None, Some(one), _) => {
            let other = if one.key == "canary" { "baseline" } else { "canary" };
            reader.missing(&fields, other, &format!("{other} = '…': the two queries go together"));
        }
        (Some(query), Some(_), Some(_)) => {
            let message = format!("{} has queries of its own and a `baseline` besides", fields.name);
            reader.report(&query.place, "conflicting-keys", message, "keep the queries, or the signal's `baseline`");
        }
        (Some(query), Some(_), None) if signal.get("query").is_none() => {
            let message = format!("{} has queries, and {} asks none", fields.name, signal.name);
            reader.report(&query.place, "key-of-another-kind", message, "they are for a signal with a PromQL `query`");
        }
        _ => {}
    }
    Some(compare)
}

fn size(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<At<f64>> {
    let size = reader.number(fields, key)?;
    if size.is < 0.0 {
        let message = format!("`{key}` of {} is {}", fields.name, size.is);
        reader.report(&size.at, "out-of-range", message, "it can be 0 or more; 0.1 is 10 %");
        return None;
    }
    Some(size)
}

/// Makes two signals of each comparison that has queries of its own: `NAME.canary`, judged beside `NAME.baseline`.
pub(super) fn spread(reader: &mut Reader, rows: &mut Vec<Row>, known: &mut Known) {
    let mut made = Vec::new();
    for row in rows.iter_mut() {
        let Some(signal) = &mut row.signal else { continue };
        let (Some(canary), Some(baseline)) = (
            signal.compare.as_mut().and_then(|compare| compare.canary.take()),
            signal.compare.as_mut().and_then(|compare| compare.baseline.take()),
        ) else {
            continue;
        };
        let compare = signal.compare.take();
        row.is_judged = true;
        let Source::Prometheus { at, .. } = &signal.source else { continue };
        let asked = |query: String| Source::Prometheus { at: at.clone(), question: Question::Query(query), window: None };
        let (canary_id, baseline_id) = (format!("{}.canary", row.id), format!("{}.baseline", row.id));
        let title = |side: &str| signal.title.as_ref().map(|title| format!("{title} {side}"));
        let plain = Signal { warn: None, fail: None, baseline: None, compare: None, ..signal.clone() };
        let canary = Signal {
            title: title("canary"),
            source: asked(canary),
            baseline: Some(baseline_id.clone()),
            compare,
            needs_traffic: true,
            ..plain.clone()
        };
        let baseline = Signal { title: title("baseline"), source: asked(baseline), ..plain };
        known.along.push((row.id.clone(), canary_id.clone()));
        for (id, signal, is_judged) in [(canary_id, canary, true), (baseline_id, baseline, false)] {
            let (name, place) = (row.name.clone(), row.place.clone());
            made.push(Row {
                name,
                id,
                place,
                signal: Some(signal),
                is_judged,
                baseline: None,
                mentions: Vec::new(),
                has_every: true,
            });
        }
    }
    for row in made {
        if let Some(other) = rows.iter().find(|other| other.id == row.id) {
            let message = format!("{} makes a signal {}, and there is one already", row.name, quote(&row.id));
            reader.report(&other.place, "duplicate-id", message, "call this one differently");
        }
        rows.push(row);
    }
}
