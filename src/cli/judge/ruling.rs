//! One case under one set of rules, in the shape that is printed.

use serde::Serialize;

use super::Method;
use crate::health::compare::{
    Case, CaseError, Data, Verdict, compare,
    kayenta::{self, Allowed, Classification},
};

/// What came out. What has no end, or no value, is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Ruling {
    pub(super) name: String,
    pub(super) verdict: Verdict,
    pub(super) estimate: Option<f64>,
    pub(super) interval: Option<[Option<f64>; 2]>,
    pub(super) ratio: Option<f64>,
    pub(super) why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) classification: Option<Classification>,
    /// How sure the interval is.
    #[serde(skip)]
    pub(super) confidence: f64,
    /// About how many more samples would settle it.
    #[serde(skip)]
    pub(super) more: Option<u64>,
}

/// Judges a case.
pub(super) fn rule(case: &Case, method: Method) -> Result<Ruling, CaseError> {
    match method {
        Method::Flightdeck => own(case),
        Method::Kayenta { confidence } => kayentas(case, confidence),
    }
}

fn own(case: &Case) -> Result<Ruling, CaseError> {
    let finding = compare(case)?;
    Ok(Ruling {
        name: case.name.clone(),
        verdict: finding.verdict,
        estimate: finding.estimate,
        interval: finding.interval.map(ends),
        ratio: finding.ratio,
        why: finding.why,
        classification: None,
        confidence: finding.confidence,
        more: finding.more,
    })
}

fn kayentas(case: &Case, confidence: f64) -> Result<Ruling, CaseError> {
    case.check()?;
    let finding =
        kayenta::compare(&levels(&case.canary), &levels(&case.baseline), case.direction, confidence, Allowed::default());
    let (verdict, why) = match finding.classification {
        Classification::Pass => (Verdict::Pass, "is not shown to differ, by Kayenta's rules"),
        Classification::High => (Verdict::Fail, "is High, by Kayenta's rules"),
        Classification::Low => (Verdict::Fail, "is Low, by Kayenta's rules"),
        Classification::Nodata | Classification::NodataFailMetric => (Verdict::Unknown, "has no data on a side"),
        Classification::Error => (Verdict::Unknown, "cannot be computed: all samples are tied"),
    };
    Ok(Ruling {
        name: case.name.clone(),
        verdict,
        estimate: finding.shift.map(|(estimate, _)| estimate),
        interval: finding.shift.map(|(_, interval)| ends(interval)),
        ratio: finding.ratio,
        why: format!("{} {why}", case.name),
        classification: Some(finding.classification),
        confidence,
        more: None,
    })
}

fn ends(interval: [f64; 2]) -> [Option<f64>; 2] {
    interval.map(|end| end.is_finite().then_some(end))
}

/// Kayenta knows levels only: a count is its share.
fn levels(data: &Data) -> Vec<f64> {
    match data {
        Data::Levels(levels) => levels.clone(),
        // Without trials it is no number, and thereby a gap.
        Data::Counts(counts) => counts.iter().map(|count| count.events / count.trials).collect(),
        Data::Total(total) => vec![total.events / total.trials],
    }
}
