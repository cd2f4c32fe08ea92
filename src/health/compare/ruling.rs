//! One case under one set of rules, in one shape for both.

use serde::Serialize;

use super::{
    Case, CaseError, Data, Verdict, compare,
    kayenta::{self, Allowed, Classification},
};

/// By which rules a case is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rules {
    /// Flightdeck's own.
    Flightdeck,
    /// Kayenta's, with an interval that is so sure.
    Kayenta {
        /// From 0 to 1; [`kayenta::CONFIDENCE`] in Kayenta itself.
        confidence: f64,
    },
}

/// What came out. What has no end, or no value, is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ruling {
    /// What the metric is called.
    pub name: String,
    /// What is thought of it.
    pub verdict: Verdict,
    /// Canary less baseline, in the metric's own unit.
    pub estimate: Option<f64>,
    /// Where the difference lies.
    pub interval: Option<[Option<f64>; 2]>,
    /// Canary over baseline.
    pub ratio: Option<f64>,
    /// The same as a sentence.
    pub why: String,
    /// Kayenta's word for it, where its rules were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification: Option<Classification>,
    /// How sure the interval is.
    #[serde(skip)]
    pub confidence: f64,
    /// About how many more samples would settle it.
    #[serde(skip)]
    pub more: Option<u64>,
}

/// Judges a case.
///
/// # Errors
/// What cannot have been measured, as for [`compare`].
pub fn rule(case: &Case, rules: Rules) -> Result<Ruling, CaseError> {
    match rules {
        Rules::Flightdeck => own(case),
        Rules::Kayenta { confidence } => kayentas(case, confidence),
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
