//! What a Prometheus server answers, read with distrust: it may be another program, a broken one or a hostile one.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::QueryError;
use crate::text;

/// How many of a server's remarks are kept.
const REMARKS: usize = 10;

/// What a query yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The numbers.
    pub data: Data,
    /// What the server wants to be known about the query, safe to show.
    pub warnings: Vec<String>,
}

/// The kinds of values that PromQL has.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// A number without labels.
    Scalar(Point),
    /// A number for each series, at one time.
    Vector(Vec<Element>),
    /// Several numbers for each series.
    Matrix(Vec<Row>),
    /// A text, which is of no use here, or something unknown: its name.
    Other(String),
}

/// One series at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Its labels in the order of their names, as the server wrote them: not safe to show.
    pub labels: Labels,
    /// Its number; none if it is a native histogram.
    pub point: Option<Point>,
}

/// One series over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its labels in the order of their names, as the server wrote them: not safe to show.
    pub labels: Labels,
    /// Its numbers, oldest first.
    pub points: Vec<Point>,
    /// Whether it has native histograms, which are no numbers.
    pub has_histograms: bool,
}

/// A series' labels in the order of their names.
pub type Labels = Vec<(String, String)>;

/// A number at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// By the server's clock.
    pub at: Timestamp,
    /// NaN and the infinities are possible.
    pub value: f64,
}

/// Reads the body of an answer to an instant or a range query.
///
/// # Errors
/// Where it is not the API's JSON, says that the query failed, or tells only a part of what there is.
pub fn decode(body: &[u8]) -> Result<Answer, QueryError> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    if envelope.status == "error" {
        return Err(refused(envelope.kind.as_deref(), envelope.error.as_deref()));
    }
    let Some(data) = envelope.data.filter(|_| envelope.status == "success") else {
        return Err(QueryError::Malformed("it has neither data nor an error".to_owned()));
    };
    if envelope.is_partial {
        return Err(QueryError::Partial);
    }
    let raw = data.result.get();
    let data = match data.kind.as_str() {
        "scalar" => Data::Scalar(point(&serde_json::from_str(raw).map_err(|error| malformed(&error))?)?),
        "vector" => {
            let elements: Vec<RawElement> = serde_json::from_str(raw).map_err(|error| malformed(&error))?;
            Data::Vector(elements.into_iter().map(element).collect::<Result<_, _>>()?)
        }
        "matrix" => {
            let rows: Vec<RawRow> = serde_json::from_str(raw).map_err(|error| malformed(&error))?;
            Data::Matrix(rows.into_iter().map(row).collect::<Result<_, _>>()?)
        }
        kind => Data::Other(text::line(kind, 20)),
    };
    let remarks = envelope.warnings.into_iter().chain(envelope.infos).flatten().take(REMARKS);
    Ok(Answer { data, warnings: remarks.map(|remark| text::line(&remark, 160)).collect() })
}

/// Why a server has no answer, by the kind that it gives and by its words: the statuses of Thanos, Mimir and VictoriaMetrics
/// are the same for a query that is wrong, for storage that is out of reach, and for a time that is up.
fn refused(kind: Option<&str>, message: Option<&str>) -> QueryError {
    const NO_REASON: &str = "no reason given";
    let message = message.map_or(NO_REASON, without_query);
    let shown = text::line(message, 160);
    match (kind.unwrap_or(NO_REASON), Fault::of(message)) {
        ("execution" | "internal" | "422" | "500" | "503", Some(Fault::Storage)) => QueryError::Storage(shown),
        ("execution" | "internal" | "422" | "500" | "503", Some(Fault::Late)) => {
            QueryError::Refused { kind: "timeout".to_owned(), message: shown }
        }
        (kind, _) => QueryError::Refused { kind: text::line(kind, 40), message: shown },
    }
}

/// What a server's words say is at fault, where it is not the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Something that the server asks itself.
    Storage,
    /// The time was up.
    Late,
}

impl Fault {
    fn of(message: &str) -> Option<Self> {
        const LATE: [&str; 6] = [
            "context deadline exceeded",
            "context canceled",
            "code = DeadlineExceeded",
            "deadline exceeded",
            "timeout exceeded",
            "request timeout reached",
        ];
        const STORAGE: [&str; 10] = [
            // Thanos, and Mimir's own services among each other
            "code = Unavailable",
            "code = Aborted",
            "No StoreAPIs matched",
            "connection refused",
            // Cortex and Mimir
            "consistency check failed",
            "unhealthy instances in the ring",
            "empty ring",
            "live replicas required",
            // VictoriaMetrics
            "vmstorage nodes are unavailable",
            "from vmstorage nodes",
        ];
        // A query that reads too much is refused by the storage, and the server may say where.
        const TOO_MUCH: [&str; 5] = ["exceeds", "code = ResourceExhausted", "err-mimir-max-", " limit", "(limit"];
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&LATE) { Some(Self::Late) } else { (says(&STORAGE) && !says(&TOO_MUCH)).then_some(Self::Storage) }
    }
}

/// An error's words without the query itself, which VictoriaMetrics puts before them: many queries that were asked together
/// leave no room for what is wrong.
fn without_query(message: &str) -> &str {
    let reason = || {
        let quoted = message.strip_prefix("error when executing query=\"")?;
        let mut escaped = false;
        let end = quoted.find(|c| {
            let is_end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            is_end
        })?;
        quoted.get(end..)?.split_once("): ").map(|(_, reason)| reason)
    };
    reason().unwrap_or(message)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    status: String,
    #[serde(borrow)]
    data: Option<RawData<'a>>,
    #[serde(rename = "errorType")]
    kind: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
    infos: Option<Vec<String>>,
    /// VictoriaMetrics' word for an answer without those of its nodes that are down.
    #[serde(rename = "isPartial", default)]
    is_partial: bool,
}

#[derive(Deserialize)]
struct RawData<'a> {
    #[serde(rename = "resultType")]
    kind: String,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct RawElement {
    metric: std::collections::BTreeMap<String, String>,
    value: Option<Pair>,
    histogram: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawRow {
    metric: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<Pair>,
    histograms: Option<serde::de::IgnoredAny>,
}

/// Seconds since 1970, and a number as text.
type Pair = (f64, String);

fn element(raw: RawElement) -> Result<Element, QueryError> {
    if raw.value.is_none() && raw.histogram.is_none() {
        return Err(QueryError::Malformed("a series has no value".to_owned()));
    }
    Ok(Element { labels: raw.metric.into_iter().collect(), point: raw.value.as_ref().map(point).transpose()? })
}

fn row(raw: RawRow) -> Result<Row, QueryError> {
    let points: Vec<Point> = raw.values.iter().map(point).collect::<Result<_, _>>()?;
    if points.windows(2).any(|pair| matches!(pair, [before, after] if after.at <= before.at)) {
        return Err(QueryError::Malformed("its times do not rise".to_owned()));
    }
    Ok(Row { labels: raw.metric.into_iter().collect(), points, has_histograms: raw.histograms.is_some() })
}

fn malformed(error: &serde_json::Error) -> QueryError {
    QueryError::Malformed(text::line(&error.to_string(), 120))
}

fn point((at, value): &Pair) -> Result<Point, QueryError> {
    let value = value.parse().map_err(|_| QueryError::Malformed("a value is no number".to_owned()))?;
    Ok(Point { at: timestamp(*at)?, value })
}

/// Seconds since 1970, rounded to the API's milliseconds.
pub(super) fn timestamp(seconds: f64) -> Result<Timestamp, QueryError> {
    let wrong = || QueryError::Malformed("a time is out of range".to_owned());
    if seconds.is_nan() || seconds.abs() >= 1e12 {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    let millis = (seconds * 1000.0).round() as i64;
    Timestamp::from_millisecond(millis).map_err(|_| wrong())
}
