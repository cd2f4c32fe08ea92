//! Prometheus' HTTP API: instant queries for samples and checks, range queries for the past.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Context, finish, http, now};
use crate::{
    health::{Sample, Unknown},
    plan::{Question, Selector, Signal, Source},
    text,
};

/// How long an answer may be.
const ANSWER: usize = 4 * 1024 * 1024;
/// How many steps of the past are asked for at once.
const STEPS: i64 = 1000;

/// What an instant query yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One number for each series, or the only one of a scalar.
    pub points: Vec<Point>,
    /// Whether it is a scalar.
    pub scalar: bool,
    /// What the server wants to be known about the query.
    pub warnings: Vec<String>,
}

/// A number at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// By the server's clock.
    pub at: Timestamp,
    /// NaN and the infinities are possible.
    pub value: f64,
}

/// Why a query has no answer. None of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The server is out of reach or does not answer in time.
    #[error("{0}")]
    Unreachable(String),
    /// Its address is none.
    #[error("the server's address is no URL: {0}")]
    Address(String),
    /// An answer of something that does not speak the API.
    #[error("HTTP status {0}")]
    Status(StatusCode),
    /// The server refused the query or failed at it, in its words.
    #[error("{kind}: {message}")]
    Refused {
        /// The API's `errorType`.
        kind: String,
        /// The API's `error`.
        message: String,
    },
    /// Not read to its end.
    #[error("the answer is longer than 4 MiB")]
    TooLarge,
    /// Not the API's JSON.
    #[error("the answer is not Prometheus': {0}")]
    Malformed(String),
    /// Several numbers where one is needed.
    #[error("the query yields {0} series; aggregate them to one, as in sum(…) or max(…)")]
    Several(usize),
    /// Something else than numbers.
    #[error("the query yields a {0}, not a number")]
    Kind(String),
}

impl Answer {
    /// The only number, if there is any.
    ///
    /// # Errors
    /// Where there are several.
    pub fn one(&self) -> Result<Option<Point>, QueryError> {
        match self.points.as_slice() {
            [] => Ok(None),
            [point] => Ok(Some(*point)),
            points => Err(QueryError::Several(points.len())),
        }
    }
}

/// Asks a query for now. Each number has the time of the evaluation, also that of a series whose newest sample is
/// five minutes old; see [`number`].
///
/// # Errors
/// Where there is no answer, or none of numbers.
pub async fn instant(client: &Client, url: &str, query: &str, timeout: Duration) -> Result<Answer, QueryError> {
    instant_at(client, url, query, timeout, None).await
}

async fn instant_at(
    client: &Client,
    url: &str,
    query: &str,
    timeout: Duration,
    at: Option<Timestamp>,
) -> Result<Answer, QueryError> {
    let mut form = vec![("query", query.to_owned()), ("timeout", milliseconds(timeout))];
    form.extend(at.map(|at| ("time", seconds(at))));
    let (data, warnings) = ask(client, url, "query", &form, timeout).await?;
    let points = match data.kind.as_str() {
        "scalar" => vec![point(&read(&data.result)?)?],
        "vector" => {
            let elements: Vec<Element> = read(&data.result)?;
            let numbers =
                elements.iter().map(|element| element.value.as_ref().ok_or_else(|| QueryError::Kind("histogram".to_owned())));
            numbers.map(|value| point(value?)).collect::<Result<_, _>>()?
        }
        kind => return Err(QueryError::Kind(text::line(kind, 20))),
    };
    Ok(Answer { points, scalar: data.kind == "scalar", warnings })
}

/// The one number that a query yields, if it yields any, and when it was taken.
///
/// The time is that of the evaluation, which says nothing about the age of what was evaluated: a server repeats a dead
/// target's last sample for five minutes. Where the query is a plain selector, its sample's own time is asked for too, so
/// that its age is true. A function hides the times of what it is given; a `rate` or `increase` ends by itself.
///
/// # Errors
/// Where there is no answer, or not of one number.
pub async fn number(client: &Client, url: &str, query: &str, timeout: Duration) -> Result<Option<Point>, QueryError> {
    let Some(point) = instant(client, url, query, timeout).await?.one()? else { return Ok(None) };
    if !is_plain(query) {
        return Ok(Some(point));
    }
    // At the same time, so that both answers speak of the same sample.
    let times = instant_at(client, url, &format!("timestamp({query})"), timeout, Some(point.at)).await?.one()?;
    times.map(|time| Ok(Point { at: timestamp(time.value)?, value: point.value })).transpose()
}

/// Asks a query for a stretch of the past: a number each `step`, none where there was none.
///
/// # Errors
/// Where there is no answer, or not of one series.
pub async fn range(
    client: &Client,
    url: &str,
    query: &str,
    (from, to): (Timestamp, Timestamp),
    step: Duration,
    timeout: Duration,
) -> Result<Vec<(Timestamp, f64)>, QueryError> {
    let form = [
        ("query", query.to_owned()),
        ("timeout", milliseconds(timeout)),
        ("start", seconds(from)),
        ("end", seconds(to)),
        ("step", milliseconds(step)),
    ];
    let (data, _) = ask(client, url, "query_range", &form, timeout).await?;
    if data.kind != "matrix" {
        return Err(QueryError::Kind(text::line(&data.kind, 20)));
    }
    let rows: Vec<Row> = read(&data.result)?;
    match rows.as_slice() {
        [] => Ok(Vec::new()),
        [row] if row.values.is_empty() && row.histograms.is_some() => Err(QueryError::Kind("histogram".to_owned())),
        [row] => row.values.iter().map(|pair| point(pair).map(|point| (point.at, point.value))).collect(),
        rows => Err(QueryError::Several(rows.len())),
    }
}

/// Whether a comparison holds: whether it yields anything. A scalar must not be zero, nor may a number of a
/// comparison with `bool`, which yields 0 instead of nothing.
///
/// # Errors
/// Where there is no answer, or none of numbers.
pub async fn holds(client: &Client, url: &str, query: &str, timeout: Duration) -> Result<bool, QueryError> {
    let answer = instant(client, url, query, timeout).await?;
    let numbers_count = answer.scalar || compares_to_bool(query);
    Ok(!answer.points.is_empty()
        && (!numbers_count || answer.points.iter().all(|point| point.value != 0.0 && !point.value.is_nan())))
}

/// The past of a signal, oldest first; none where it has no Prometheus source or the server cannot be asked.
pub async fn backfill(signal: &Signal, context: &Context, from: Timestamp, to: Timestamp, step: Duration) -> Vec<Sample> {
    let Source::Prometheus { at, question: Question::Query(query) } = &signal.source else { return Vec::new() };
    let url = at.url.as_deref().unwrap_or_default();
    let span = to.as_millisecond().saturating_sub(from.as_millisecond());
    if span < 0 {
        return Vec::new();
    }
    let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(span / STEPS).max(1);
    let duration = Duration::from_millis(step.unsigned_abs());
    let limit = signal.sampling_timeout().get();
    let ask = |query: String| async move { range(&context.http, url, &query, (from, to), duration, limit).await };
    let Ok(values) = ask(query.clone()).await else { return Vec::new() };
    // The true times of a plain selector's samples, as for `number`.
    let times = if is_plain(query) {
        let Ok(times) = ask(format!("timestamp({query})")).await else { return Vec::new() };
        Some(times.into_iter().map(|(at, time)| (at.as_millisecond(), time)).collect::<HashMap<_, _>>())
    } else {
        None
    };
    let values: HashMap<i64, f64> = values.into_iter().map(|(at, value)| (at.as_millisecond(), value)).collect();
    let asked = now();
    let mut samples: Vec<Sample> = Vec::new();
    let mut millis = from.as_millisecond();
    while millis <= to.as_millisecond() {
        let Ok(evaluated) = Timestamp::from_millisecond(millis) else { break };
        let at = match &times {
            None => Some(evaluated),
            Some(times) => times.get(&millis).and_then(|time| timestamp(*time).ok()),
        };
        let sample = match (values.get(&millis), at) {
            (Some(value), Some(at)) => finish(signal, at, *value, asked),
            _ => Sample::missing(evaluated, Unknown::NoData),
        };
        if samples.last().is_none_or(|last| last.at < sample.at) {
            samples.push(sample);
        }
        let Some(next) = millis.checked_add(step) else { break };
        millis = next;
    }
    samples
}

/// Whether a query is a selector and nothing else, so that its samples' own times can be asked for.
fn is_plain(query: &str) -> bool {
    let is_number = |name: &str| name.eq_ignore_ascii_case("nan") || name.eq_ignore_ascii_case("inf");
    // A selector may name its metric by a label; a name in front makes it one that can be read here.
    let named = if query.trim_start().starts_with('{') { format!("x{}", query.trim_start()) } else { query.to_owned() };
    named.parse::<Selector>().is_ok_and(|selector| !is_number(&selector.name))
}

/// Whether a query has a comparison with the modifier `bool`.
fn compares_to_bool(query: &str) -> bool {
    let mut outside = String::with_capacity(query.len());
    let mut quote = None;
    let mut escaped = false;
    for c in query.chars() {
        match quote {
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None => outside.push(c),
            Some(_) if escaped => escaped = false,
            Some(q) if c == '\\' && q != '`' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
        }
    }
    outside.match_indices("bool").any(|(index, word)| {
        let before = outside.get(..index).unwrap_or_default().trim_end();
        let after = outside.get(index.saturating_add(word.len())..).unwrap_or_default();
        before.ends_with(['=', '<', '>']) && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    })
}

#[derive(Deserialize)]
struct Envelope {
    status: String,
    data: Option<Data>,
    #[serde(rename = "errorType")]
    kind: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Box<RawValue>,
}

#[derive(Deserialize)]
struct Element {
    value: Option<Pair>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    values: Vec<Pair>,
    histograms: Option<serde::de::IgnoredAny>,
}

/// Seconds since 1970, and a number as text.
type Pair = (f64, String);

async fn ask(
    client: &Client,
    url: &str,
    endpoint: &str,
    form: &[(&str, String)],
    timeout: Duration,
) -> Result<(Data, Vec<String>), QueryError> {
    let mut url = Url::parse(url).map_err(|error| QueryError::Address(error.to_string()))?;
    url.path_segments_mut()
        .map_err(|()| QueryError::Address("it has no path".to_owned()))?
        .pop_if_empty()
        .extend(["api", "v1", endpoint]);
    let unreachable = |error: &reqwest::Error| QueryError::Unreachable(http::explain(error));
    let mut response = client.post(url).form(form).timeout(timeout).send().await.map_err(|error| unreachable(&error))?;
    let (body, whole) = http::read(&mut response, ANSWER).await.map_err(|error| unreachable(&error))?;
    if !whole {
        return Err(QueryError::TooLarge);
    }
    let status = response.status();
    let envelope: Envelope = match serde_json::from_slice(&body) {
        Ok(envelope) => envelope,
        Err(_) if !status.is_success() => return Err(QueryError::Status(status)),
        Err(error) => return Err(malformed(&error)),
    };
    if envelope.status == "error" {
        let line = |text: Option<String>, length| text::line(text.as_deref().unwrap_or("no reason given"), length);
        return Err(QueryError::Refused { kind: line(envelope.kind, 40), message: line(envelope.error, 160) });
    }
    if !status.is_success() {
        return Err(QueryError::Status(status));
    }
    match envelope.data {
        Some(data) if envelope.status == "success" => {
            let warnings = envelope.warnings.unwrap_or_default();
            Ok((data, warnings.iter().take(10).map(|warning| text::line(warning, 160)).collect()))
        }
        _ => Err(QueryError::Malformed("it has neither data nor an error".to_owned())),
    }
}

fn malformed(error: &serde_json::Error) -> QueryError {
    QueryError::Malformed(text::line(&error.to_string(), 120))
}

fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, QueryError> {
    serde_json::from_str(raw.get()).map_err(|error| malformed(&error))
}

fn point((at, value): &Pair) -> Result<Point, QueryError> {
    let value = value.parse().map_err(|_| QueryError::Malformed("a value is no number".to_owned()))?;
    Ok(Point { at: timestamp(*at)?, value })
}

/// Seconds since 1970, rounded to the API's milliseconds.
fn timestamp(seconds: f64) -> Result<Timestamp, QueryError> {
    let wrong = || QueryError::Malformed("a time is out of range".to_owned());
    if seconds.is_nan() || seconds.abs() >= 1e12 {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    let millis = (seconds * 1000.0).round() as i64;
    Timestamp::from_millisecond(millis).map_err(|_| wrong())
}

fn seconds(at: Timestamp) -> String {
    let millis = at.as_millisecond();
    let sign = if millis < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000)
}

fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Value;
    use crate::sources::{
        Memory, sample,
        testing::{Reply, Server, client, context, signal},
    };

    const LIMIT: Duration = Duration::from_secs(20);

    fn vector(values: &[&str]) -> String {
        let elements: Vec<_> =
            values.iter().map(|value| format!(r#"{{"metric":{{"a":"b"}},"value":[1700000000.123,"{value}"]}}"#)).collect();
        success("vector", &format!("[{}]", elements.join(",")))
    }

    fn success(kind: &str, result: &str) -> String {
        format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}},"warnings":["odd"]}}"#)
    }

    fn at(server: &Server) -> crate::plan::Place {
        crate::plan::Place { url: Some(server.url("")), server: None }
    }

    async fn server(body: &str) -> Server {
        let body = body.to_owned();
        Server::start(move |_| Reply::ok(&body)).await
    }

    #[tokio::test]
    async fn numbers() {
        let at = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        for (body, expected) in [
            (vector(&["0.21"]), Some(0.21)),
            (vector(&["1e-7"]), Some(1e-7)),
            (vector(&["+Inf"]), Some(f64::INFINITY)),
            (vector(&[]), None),
            (success("scalar", r#"[1700000000.123,"42"]"#), Some(42.0)),
        ] {
            let server = server(&body).await;
            let answer = number(&client(), &server.url("/prom/"), "sum(a)", LIMIT).await;
            assert_eq!(answer, Ok(expected.map(|value| Point { at, value })), "{body}");
            let request = &server.requests()[0];
            assert!(request.starts_with("POST /prom/api/v1/query HTTP/1.1\r\n"), "{request}");
            assert!(request.ends_with("query=sum%28a%29&timeout=20000ms"), "{request}");
        }
        let server = server(&vector(&["NaN"])).await;
        assert!(instant(&client(), &server.url(""), "a", LIMIT).await.unwrap().points[0].value.is_nan());
        assert_eq!(instant(&client(), &server.url(""), "a", LIMIT).await.unwrap().warnings, ["odd"]);
    }

    #[tokio::test]
    async fn hostile_answers() {
        let long = "x".repeat(ANSWER + 1);
        let deep = success("vector", &"[".repeat(10_000));
        for (status, body, expected) in [
            ("200 OK", vector(&["1", "2", "3"]), "the query yields 3 series; aggregate them to one, as in sum(…) or max(…)"),
            ("200 OK", String::new(), "the answer is not Prometheus': EOF while parsing a value at line 1 column 0"),
            ("200 OK", "<html>log in</html>".into(), "the answer is not Prometheus': expected value at line 1 column 1"),
            ("200 OK", "{\"status\":\"success\"}".into(), "the answer is not Prometheus': it has neither data nor an error"),
            ("200 OK", "{\"status\":\"success\",\"data\":[]}".into(), "the answer is not Prometheus': invalid "),
            ("200 OK", success("vector", "{}"), "the answer is not Prometheus': invalid type: map, expected a sequence"),
            (
                "200 OK",
                success("vector", r#"[{"metric":{},"value":["x","1"]}]"#),
                "the answer is not Prometheus': invalid type: string \"x\", expected f64",
            ),
            (
                "200 OK",
                success("vector", r#"[{"metric":{},"value":[1,2]}]"#),
                "the answer is not Prometheus': invalid type: integer `2`",
            ),
            ("200 OK", success("vector", r#"[{"metric":{},"value":[1]}]"#), "the answer is not Prometheus': invalid length 1"),
            (
                "200 OK",
                success("vector", r#"[{"metric":{},"value":[1,"one"]}]"#),
                "the answer is not Prometheus': a value is no number",
            ),
            (
                "200 OK",
                success("vector", r#"[{"metric":{},"value":[1e300,"1"]}]"#),
                "the answer is not Prometheus': a time is out of range",
            ),
            ("200 OK", success("vector", r#"[{"metric":{},"histogram":[1,{}]}]"#), "the query yields a histogram, not a number"),
            ("200 OK", success("matrix", "[]"), "the query yields a matrix, not a number"),
            ("200 OK", success("string", r#"[1,"x"]"#), "the query yields a string, not a number"),
            ("200 OK", success("\\u001b[2J", "[]"), "the query yields a , not a number"),
            ("200 OK", deep, "the answer is not Prometheus': "),
            ("200 OK", long, "the answer is longer than 4 MiB"),
            (
                "400 Bad Request",
                r#"{"status":"error","errorType":"bad_data","error":"parse error:\n\u001b[31munexpected"}"#.into(),
                "bad_data: parse error: unexpected",
            ),
            ("200 OK", r#"{"status":"error"}"#.into(), "no reason given: no reason given"),
            ("502 Bad Gateway", "<html>".into(), "HTTP status 502 Bad Gateway"),
            ("404 Not Found", "{}".into(), "HTTP status 404 Not Found"),
            ("500 Oh", vector(&["1"]), "HTTP status 500 Internal Server Error"),
        ] {
            let server = Server::start({
                let body = body.clone();
                move |_| Reply::text(status, &body)
            })
            .await;
            let error = number(&client(), &server.url(""), "sum(a)", LIMIT).await.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}, not {expected}");
        }
        let cut = Server::start(|_| Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":".into())).await;
        let error = number(&client(), &cut.url(""), "sum(a)", LIMIT).await.unwrap_err();
        assert!(matches!(error, QueryError::Unreachable(_)), "{error}");
        let silent = Server::start(|_| Reply::Silence).await;
        let error = number(&client(), &silent.url(""), "sum(a)", Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("127.0.0.1:{} did not answer in time", silent.port()));
        for url in ["", "hunter2", "mailto:hunter2"] {
            let error = number(&client(), url, "a", LIMIT).await.unwrap_err();
            assert!(matches!(&error, QueryError::Address(_)) && !error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_plain_selector_has_its_samples_own_time() {
        let old = Server::start(|request| {
            let time = request.contains("query=timestamp%28up%29");
            assert!(!time || request.ends_with("&time=1700000000.123"), "{request}");
            Reply::ok(&vector(&[if time { "1699999800.5" } else { "1" }]))
        })
        .await;
        let point = number(&client(), &old.url(""), "up", LIMIT).await.unwrap().unwrap();
        assert_eq!((point.value, point.at.as_millisecond()), (1.0, 1_699_999_800_500));
        assert_eq!(old.requests().len(), 2);

        for (query, plain) in [
            ("up", true),
            ("up{job=\"x\"}", true),
            ("{__name__=\"up\"}", true),
            ("up offset 5m", false),
            ("rate(up[5m])", false),
            ("up + 1", false),
            ("-up", false),
            ("NaN", false),
            ("1", false),
        ] {
            assert_eq!(is_plain(query), plain, "{query}");
        }
    }

    #[tokio::test]
    async fn comparisons() {
        for (query, body, expected) in [
            ("up == 0", vector(&["0"]), true),
            ("up == 1", vector(&[]), false),
            ("up == bool 1", vector(&["0"]), false),
            ("up == bool 1", vector(&["1", "0"]), false),
            ("up ==bool(1)", vector(&["1", "1"]), true),
            ("a{b=\"== bool\"} == 0", vector(&["0"]), true),
            ("a ==  bool_metric", vector(&["0"]), true),
            ("1 == bool 2", success("scalar", r#"[1,"0"]"#), false),
            ("scalar(up)", success("scalar", r#"[1,"NaN"]"#), false),
            ("scalar(up)", success("scalar", r#"[1,"1"]"#), true),
        ] {
            let server = server(&body).await;
            assert_eq!(holds(&client(), &server.url(""), query, LIMIT).await, Ok(expected), "{query} {body}");
        }
        let server = server("nonsense").await;
        assert!(holds(&client(), &server.url(""), "up", LIMIT).await.is_err());
    }

    #[tokio::test]
    async fn the_past() {
        let from = Timestamp::from_second(1_700_000_000).unwrap();
        let to = Timestamp::from_second(1_700_000_020).unwrap();
        let step = Duration::from_secs(5);
        let rows = |values: &str| success("matrix", &format!(r#"[{{"metric":{{}},"values":[{values}]}}]"#));
        let body = rows(r#"[1700000000,"1"],[1700000005,"2"],[1700000015,"NaN"],[1700000020,"4"]"#);
        let past = server(&body).await;
        let source =
            |server: &Server, query: &str| Source::Prometheus { at: at(server), question: Question::Query(query.into()) };
        let mut sum = signal(source(&past, "sum(a)"));
        sum.scale = Some(10.0);
        let samples = backfill(&sum, &context(), from, to, step).await;
        let shown: Vec<_> = samples.iter().map(|sample| (sample.at.as_second() - 1_700_000_000, sample.value.clone())).collect();
        let missing = |why| Value::Missing(why);
        assert_eq!(
            shown,
            [
                (0, Value::Number(10.0)),
                (5, Value::Number(20.0)),
                (10, missing(Unknown::NoData)),
                (15, missing(Unknown::NotANumber)),
                (20, Value::Number(40.0)),
            ]
        );
        assert!(past.requests()[0].contains("start=1700000000.000&end=1700000020.000&step=5000ms"), "{}", past.requests()[0]);

        // A dead series is repeated by the server, and is still only one sample.
        let dead = Server::start(move |request| {
            let value = if request.contains("timestamp") { "1699999990" } else { "7" };
            let values: Vec<_> = (0..5).map(|step| format!(r#"[{},"{value}"]"#, 1_700_000_000 + step * 5)).collect();
            Reply::ok(&rows(&values.join(",")))
        })
        .await;
        let samples = backfill(&signal(source(&dead, "a")), &context(), from, to, step).await;
        assert_eq!(samples, [Sample::number(Timestamp::from_second(1_699_999_990).unwrap(), 7.0)]);

        // Too many steps become fewer; what runs backwards or is broken is nothing.
        backfill(&sum, &context(), Timestamp::UNIX_EPOCH, to, step).await;
        assert!(past.requests()[1].contains("step=1700000020ms"), "{}", past.requests()[1]);
        assert_eq!(backfill(&sum, &context(), to, from, step).await, []);
        let broken = server("nonsense").await;
        assert_eq!(backfill(&signal(source(&broken, "a")), &context(), from, to, step).await, []);
    }

    #[tokio::test]
    async fn samples() {
        for (body, expected) in [
            (vector(&["0.5"]), Value::Number(0.5)),
            (vector(&[]), Value::Missing(Unknown::NoData)),
            (vector(&["NaN"]), Value::Missing(Unknown::NotANumber)),
            (vector(&["-Inf"]), Value::Missing(Unknown::NotANumber)),
            (success("matrix", "[]"), Value::Missing(Unknown::Error("the query yields a matrix, not a number".into()))),
        ] {
            let server = server(&body).await;
            let signal = signal(Source::Prometheus { at: at(&server), question: Question::Query("sum(a)".into()) });
            assert_eq!(sample(&signal, &context(), &mut Memory::default()).await.value, expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn times(millis in -1_000_000_000_000i64..4_000_000_000_000) {
            let at = Timestamp::from_millisecond(millis).unwrap();
            proptest::prop_assert_eq!(timestamp(seconds(at).parse().unwrap()), Ok(at));
        }
    }
}
