use serde_json::{Value as Json, json};

use super::{batch::Batch, *};
use crate::{
    health::{Count, Sample, Unknown, Value},
    plan::{Place, Question, Signal, Source},
    sources::{
        Reading,
        testing::{Reply, Server as Fake, context, signal},
    },
};

const LIMIT: Duration = Duration::from_secs(20);
/// When the fake server thinks it is, in milliseconds.
const NOW: i64 = 1_700_000_000_123;

fn client(server: &Fake) -> Client {
    Client::new(&Server { retries: 0, ..Server::at(&server.url("/prom/")) }, &context())
}

fn success(kind: &str, result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}},"warnings":["odd"]}}"#)
}

fn vector(values: &[&str]) -> String {
    let elements: Vec<_> =
        values.iter().map(|value| format!(r#"{{"metric":{{"a":"b"}},"value":[1700000000.123,"{value}"]}}"#)).collect();
    success("vector", &format!("[{}]", elements.join(",")))
}

#[tokio::test]
async fn what_lets_us_in_is_in_no_error_and_no_warning() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "s3cr3t").unwrap();
    let context = Context { folder: folder.path().to_owned(), ..context() };
    let refused = r#"{"status":"error","errorType":"auth","error":"bad token Bearer s3cr3t"}"#;
    let warned = vector(&["1"]).replace("odd", "bad token Bearer s3cr3t");
    let fake = Fake::start(move |request| match request.contains("query=good") {
        true => Reply::ok(&warned),
        false => Reply::text("401 Unauthorized", refused),
    })
    .await;
    let client = Client::new(&Server { bearer: "file:token".parse().ok(), ..Server::at(&fake.url("")) }, &context);
    let error = client.instant("bad", None, LIMIT).await.unwrap_err();
    assert_eq!(error.to_string(), "it does not let us in: 401 Unauthorized: bad token ***");
    assert!(!error.is_about_the_query());
    let answer = client.instant("good", None, LIMIT).await.unwrap();
    assert_eq!((answer.one().unwrap().unwrap().value, answer.warnings), (1.0, vec!["bad token ***".to_owned()]));
}

async fn server(body: &str) -> Fake {
    let body = body.to_owned();
    Fake::start(move |_| Reply::ok(&body)).await
}

/// What a query yields at the fake server.
enum Yields {
    Series(Vec<(&'static str, f64)>),
    Scalar(f64),
    Histogram,
    Refused(&'static str),
}

fn one(value: f64) -> Yields {
    Yields::Series(vec![("", value)])
}

/// A server that answers each query of a batch, or one alone, as told, and evaluates ranges at every step.
async fn prometheus(yields: impl Fn(&str, i64) -> Yields + Send + Sync + 'static) -> Fake {
    Fake::start(move |request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let form: std::collections::HashMap<String, String> =
            reqwest::Url::parse(&format!("http://x/?{body}")).unwrap().query_pairs().into_owned().collect();
        let millis = |name: &str| form.get(name).map(|seconds| (seconds.parse::<f64>().unwrap() * 1000.0).round() as i64);
        let is_range = head.contains("/query_range ");
        let steps: Vec<i64> = if is_range {
            let step: i64 = form["step"].trim_end_matches("ms").parse().unwrap();
            (millis("start").unwrap()..=millis("end").unwrap()).step_by(step.try_into().unwrap()).collect()
        } else {
            vec![millis("time").unwrap_or(NOW)]
        };
        let mut rows: Vec<(Json, Vec<Json>)> = Vec::new();
        let mut histograms = Vec::new();
        for (query, place) in split(&form["query"]) {
            for at in &steps {
                let seconds = *at as f64 / 1000.0;
                match yields(&query, *at) {
                    Yields::Refused(why) => {
                        let body = json!({"status": "error", "errorType": "bad_data", "error": why}).to_string();
                        return Reply::text("400 Bad Request", &body);
                    }
                    Yields::Scalar(value) if place.is_none() && !is_range => {
                        let result = json!([seconds, value.to_string()]);
                        return Reply::ok(&success("scalar", &result.to_string()));
                    }
                    Yields::Scalar(_) if place.is_some() && !query.starts_with("vector(") => {
                        let why = "expected type instant vector in call to function \"label_replace\", got scalar";
                        let body = json!({"status": "error", "errorType": "bad_data", "error": why}).to_string();
                        return Reply::text("400 Bad Request", &body);
                    }
                    Yields::Histogram => {
                        let metric = place.as_ref().map_or(json!({}), |place| json!({"flightdeck_signal": place}));
                        histograms.push(json!({"metric": metric, "histogram": [seconds, {"count": "1"}]}));
                    }
                    Yields::Scalar(value) => add(&mut rows, "", place.as_deref(), seconds, value),
                    Yields::Series(series) => {
                        for (code, value) in series {
                            add(&mut rows, code, place.as_deref(), seconds, value);
                        }
                    }
                }
            }
        }
        let key = if is_range { "values" } else { "value" };
        let mut result: Vec<Json> = rows
            .into_iter()
            .map(|(metric, values)| json!({"metric": metric, key: if is_range { json!(values) } else { values[0].clone() }}))
            .collect();
        result.extend(histograms);
        Reply::ok(&success(if is_range { "matrix" } else { "vector" }, &json!(result).to_string()))
    })
    .await
}

fn add(rows: &mut Vec<(Json, Vec<Json>)>, code: &str, place: Option<&str>, seconds: f64, value: f64) {
    let mut metric = if code.is_empty() { json!({}) } else { json!({"__name__": "r", "code": code}) };
    if let Some(place) = place {
        metric["flightdeck_signal"] = json!(place);
    }
    let point = json!([seconds, value.to_string()]);
    match rows.iter_mut().find(|(other, _)| *other == metric) {
        Some((_, values)) => values.push(point),
        None => rows.push((metric, vec![point])),
    }
}

/// The queries of a batch and their labels, or the one that is alone.
fn split(query: &str) -> Vec<(String, Option<String>)> {
    if !query.starts_with("label_replace(") {
        return vec![(query.to_owned(), None)];
    }
    let parts = query.split("\",\"\",\"\")").filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let part = part.trim_start_matches(" or ").strip_prefix("label_replace(").unwrap();
            let (query, place) = part.rsplit_once(",\"flightdeck_signal\",\"").unwrap();
            let inner = query.strip_prefix('(').and_then(|query| query.strip_suffix(')')).unwrap_or(query);
            (inner.to_owned(), Some(place.to_owned()))
        })
        .collect()
}

/// The queries that the server has got, with what was asked together in one line.
fn asked(server: &Fake) -> Vec<String> {
    let queries = server.requests().into_iter().map(|request| {
        let body = request.split_once("\r\n\r\n").unwrap().1.to_owned();
        let url = reqwest::Url::parse(&format!("http://x/?{body}")).unwrap();
        let query = url.query_pairs().find(|(name, _)| name == "query").unwrap().1.into_owned();
        split(&query).into_iter().map(|(query, _)| query).collect::<Vec<_>>().join(" | ")
    });
    queries.collect()
}

fn query(server: &Fake, query: &str) -> Signal {
    question(server, Question::Query(query.into()))
}

fn question(server: &Fake, question: Question) -> Signal {
    signal(Source::Prometheus { at: Place { url: Some(server.url("")), server: None }, question, window: None })
}

fn group(server: &Fake, signals: &[(&str, Signal)]) -> Group {
    let signals: Vec<(String, Signal)> = signals.iter().map(|(id, signal)| ((*id).to_owned(), signal.clone())).collect();
    let server = Server { retries: 0, ..Server::at(&server.url("")) };
    Group::new(&server, signals.iter().map(|(id, signal)| (id, signal)), &context())
}

fn error(why: &str) -> Value {
    Value::Missing(Unknown::Error(why.to_owned()))
}

fn values(readings: &[Reading]) -> Vec<(&str, Value)> {
    readings.iter().map(|reading| (reading.signal.as_str(), reading.sample.value.clone())).collect()
}

#[tokio::test]
async fn numbers() {
    let at = Timestamp::from_millisecond(NOW).unwrap();
    for (body, expected) in [
        (vector(&["0.21"]), Some(0.21)),
        (vector(&["1e-7"]), Some(1e-7)),
        (vector(&["+Inf"]), Some(f64::INFINITY)),
        (vector(&[]), None),
        (success("scalar", r#"[1700000000.123,"42"]"#), Some(42.0)),
    ] {
        let server = server(&body).await;
        let answer = client(&server).instant("sum(a)", None, LIMIT).await.unwrap();
        assert_eq!(answer.one(), Ok(expected.map(|value| Point { at, value })), "{body}");
        assert_eq!(answer.warnings, ["odd"]);
        let request = &server.requests()[0];
        assert!(request.starts_with("POST /prom/api/v1/query HTTP/1.1\r\n"), "{request}");
        let body = "query=sum%28a%29&timeout=20000ms&partial_response=false&deny_partial_response=1\
                    &nocache=1&latency_offset=1ms";
        assert!(request.ends_with(body), "{request}");
    }
    let server = server(&vector(&["NaN"])).await;
    let answer = client(&server).instant("a", Some(at), LIMIT).await.unwrap();
    assert!(answer.one().unwrap().unwrap().value.is_nan());
    assert!(server.requests()[0].contains("&time=1700000000.123&"), "{}", server.requests()[0]);
}

#[tokio::test]
async fn hostile_answers() {
    let long = "x".repeat(ANSWER * 1024 * 1024 + 1);
    let deep = success("vector", &"[".repeat(10_000));
    for (status, body, expected) in [
        ("200 OK", vector(&["1", "2", "3"]), "the query yields 3 series; aggregate them to one, as in sum(…) or max(…)"),
        ("200 OK", String::new(), "the answer is not Prometheus': EOF while parsing a value at line 1 column 0"),
        ("200 OK", "<html>log in</html>".into(), "it answers with a web page in place of its API; is the address right"),
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
        ("200 OK", success("vector", r#"[{"metric":{}}]"#), "the answer is not Prometheus': a series has no value"),
        ("200 OK", success("vector", r#"[{"value":[1,"1"]}]"#), "the answer is not Prometheus': missing field `metric`"),
        ("200 OK", success("vector", r#"[{"metric":{"a":1},"value":[1,"1"]}]"#), "the answer is not Prometheus': invalid type"),
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
        (
            "200 OK",
            success("vector", r#"[{"metric":{},"histogram":[1,{}]}]"#),
            "the query yields a histogram, not a number; write",
        ),
        ("200 OK", success("matrix", "[]"), "the query yields a matrix, not a number"),
        (
            "200 OK",
            success("matrix", r#"[{"metric":{},"values":[[2,"1"],[1,"1"]]}]"#),
            "the answer is not Prometheus': its times do not rise",
        ),
        ("200 OK", success("string", r#"[1,"x"]"#), "the query yields a string, not a number"),
        ("200 OK", success("\\u001b[2J", "[]"), "the query yields a , not a number"),
        ("200 OK", deep, "the answer is not Prometheus': "),
        ("200 OK", long, "the answer is longer than 4 MiB"),
        (
            "200 OK",
            r#"{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[]}}"#.into(),
            "the answer is partial: not all of the server's own sources answered",
        ),
        (
            "400 Bad Request",
            r#"{"status":"error","errorType":"bad_data","error":"parse error:\n\u001b[31munexpected"}"#.into(),
            "bad_data: parse error: unexpected",
        ),
        ("200 OK", r#"{"status":"error"}"#.into(), "no reason given: no reason given"),
        ("502 Bad Gateway", "<html>".into(), "HTTP status 502 Bad Gateway"),
        ("404 Not Found", "{}".into(), "HTTP status 404 Not Found"),
        (
            "422 Unprocessable Entity",
            "too many \u{1b}[2Jseries\nx".into(),
            "HTTP status 422 Unprocessable Entity: too many series",
        ),
        (
            "401 Unauthorized",
            "no org id\n".into(),
            "it does not let us in: 401 Unauthorized: no org id; name the tenant: headers = { X-Scope-OrgID = \"…\" }",
        ),
        ("403 Forbidden", "<html>".into(), "it does not let us in: 403 Forbidden"),
        (
            "302 Found\r\nlocation: https://me:hunter2@sso.example/login?token=hunter2",
            String::new(),
            "it redirects to https://sso.example/login, which is not followed",
        ),
        ("500 Oh", vector(&["1"]), "HTTP status 500 Internal Server Error"),
    ] {
        let server = Fake::start({
            let body = body.clone();
            move |_| Reply::text(status, &body)
        })
        .await;
        let answer = client(&server).instant("sum(a)", None, LIMIT).await;
        let error = answer.and_then(|answer| answer.one()).unwrap_err().to_string();
        assert!(error.starts_with(expected) && !error.contains("hunter2"), "{error}, not {expected}");
    }
    let cut = Fake::start(|_| Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":".into())).await;
    let error = client(&cut).instant("a", None, LIMIT).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("the answer of 127.0.0.1:{} broke off", cut.port())), "{error}");
    let silent = Fake::start(|_| Reply::Silence).await;
    let error = client(&silent).instant("a", None, Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("127.0.0.1:{} did not answer in time", silent.port()));
    for url in ["", "hunter2", "mailto:hunter2"] {
        let error = Client::new(&Server::at(url), &context()).instant("a", None, LIMIT).await.unwrap_err();
        assert!(matches!(&error, QueryError::Api(ApiError::Address(_))) && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_number_has_its_samples_own_time() {
    let old = prometheus(|query, _| match query {
        "max(timestamp(up))" => one(1_699_999_800.5),
        "max(timestamp(down))" => one(1_699_999_900.0),
        "max(timestamp(gone))" => Yields::Series(vec![]),
        _ => one(1.0),
    })
    .await;
    for (query, expected) in [
        ("up", 1_699_999_800_500),
        ("sum(up) / on() down", 1_699_999_800_500),
        ("down or gone", 1_699_999_900_000),
        ("gone or vector(0)", NOW),
        ("rate(up[5m])", NOW),
        ("up offset 5m", NOW),
    ] {
        let point = client(&old).number(query, LIMIT).await.unwrap().unwrap();
        assert_eq!((point.value, point.at.as_millisecond()), (1.0, expected), "{query}");
    }
    assert_eq!(asked(&old)[0], "up | max(timestamp(up))", "both in one request");
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
        assert_eq!(client(&server).holds(query, LIMIT).await, Ok(expected), "{query} {body}");
    }
    for body in ["nonsense".to_owned(), success("vector", r#"[{"metric":{},"histogram":[1,{}]}]"#), success("matrix", "[]")] {
        let server = server(&body).await;
        assert!(client(&server).holds("up", LIMIT).await.is_err(), "{body}");
    }
}

#[tokio::test]
async fn many_signals_in_one_request() {
    let server = prometheus(|query, _| match query {
        "max(timestamp(a))" => one(1_699_999_990.0),
        "a" => one(0.5),
        "sum(a) # of all\n" => one(2.0),
        "nothing" | "max(timestamp(nothing))" => Yields::Series(vec![]),
        "several" => Yields::Series(vec![("200", 1.0), ("500", 2.0)]),
        "native" => Yields::Histogram,
        "rate(x[5m])" => one(f64::NAN),
        query if query.starts_with("max(timestamp(") => one(1_699_999_999.0),
        query => panic!("{query}"),
    })
    .await;
    let mut scaled = query(&server, "a");
    scaled.scale = Some(100.0);
    let signals = [
        ("a", scaled),
        ("b", query(&server, "sum(a) # of all")),
        ("c", query(&server, "nothing")),
        ("d", query(&server, "several")),
        ("e", query(&server, "native")),
        ("f", query(&server, "rate(x[5m])")),
        ("g", query(&server, "a")),
    ];
    let mut group = group(&server, &signals);
    let readings = group.sample(LIMIT).await;
    assert_eq!(
        values(&readings),
        [
            ("a", Value::Number(50.0)),
            ("b", Value::Number(2.0)),
            ("c", Value::Missing(Unknown::NoData)),
            ("d", error(&QueryError::Several(2).to_string())),
            ("e", error(&QueryError::Histogram.to_string())),
            ("f", Value::Missing(Unknown::NotANumber)),
            ("g", Value::Number(0.5)),
        ]
    );
    assert_eq!(readings[0].sample.at.as_millisecond(), 1_699_999_990_000);
    assert_eq!(readings[5].sample.at.as_millisecond(), NOW);
    assert_eq!(readings[0].warnings, ["odd"]);
    let requests = asked(&server);
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].matches("max(timestamp(a))").count(), 1, "{requests:?}");
}

#[tokio::test]
async fn one_that_is_refused_does_not_spoil_the_others() {
    let server = prometheus(|query, _| match query {
        "wrong(" => Yields::Refused("parse error"),
        "1 + 1" | "vector(1 + 1)" => Yields::Scalar(2.0),
        _ => one(1_699_999_999.0),
    })
    .await;
    let signals = [("good", query(&server, "a")), ("wrong", query(&server, "wrong(")), ("scalar", query(&server, "1 + 1"))];
    let mut group = group(&server, &signals);
    let expected =
        [("good", Value::Number(1_699_999_999.0)), ("wrong", error("bad_data: parse error")), ("scalar", Value::Number(2.0))];
    assert_eq!(values(&group.sample(LIMIT).await), expected);
    let first = asked(&server);
    assert_eq!(first.len(), 5, "together, and then each alone: {first:?}");
    // From now on only the one to blame is asked alone, and the scalar goes along as a vector.
    assert_eq!(values(&group.sample(LIMIT).await), expected);
    let requests = asked(&server);
    assert_eq!(requests[5..], ["a | max(timestamp(a)) | vector(1 + 1)", "wrong("]);
    // All at the same time.
    assert!(server.requests()[6].contains("&time=1700000000.123&"), "{}", server.requests()[6]);
}

#[tokio::test]
async fn a_batch_that_nobody_is_to_blame_for_is_taken_apart() {
    let server = Fake::start(|request| {
        let together = request.contains("label_replace");
        if together { Reply::text("422 Unprocessable Entity", "too complex") } else { Reply::ok(&vector(&["7"])) }
    })
    .await;
    let mut group = group(&server, &[("a", query(&server, "vector(1)")), ("b", query(&server, "vector(2)"))]);
    for _ in 0..2 {
        assert_eq!(values(&group.sample(LIMIT).await), [("a", Value::Number(7.0)), ("b", Value::Number(7.0))]);
    }
    assert_eq!(asked(&server).len(), 5, "the batch is not tried again so soon");
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_not_asked_for_each_again_and_again() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let sick = std::sync::Arc::new(AtomicBool::new(true));
    let is_sick = std::sync::Arc::clone(&sick);
    let server = prometheus(move |query, _| match query {
        _ if is_sick.load(Ordering::SeqCst) => Yields::Refused("the disk is on fire"),
        _ => one(7.0),
    })
    .await;
    let signals: Vec<(String, Signal)> = (0..5).map(|n| (n.to_string(), query(&server, &format!("rate(a{n}[5m])")))).collect();
    let signals: Vec<(&str, Signal)> = signals.iter().map(|(id, signal)| (id.as_str(), signal.clone())).collect();
    let mut group = group(&server, &signals);
    let mut all_are = async |expected: Value, requests: usize| {
        let before = server.requests().len();
        let readings = group.sample(LIMIT).await;
        assert!(values(&readings).iter().all(|(_, value)| *value == expected), "{readings:?}");
        assert_eq!(server.requests().len() - before, requests);
    };
    let refused = error("bad_data: the disk is on fire");
    all_are(refused.clone(), 6).await;
    all_are(refused.clone(), 1).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    all_are(refused.clone(), 6).await;
    all_are(refused, 1).await;
    // Well again, it is asked for all at once.
    sick.store(false, Ordering::SeqCst);
    all_are(Value::Number(7.0), 1).await;
}

/// What Thanos answers where a store is down.
#[tokio::test]
async fn a_server_whose_storage_is_out_of_reach_is_not_asked_for_each() {
    let server = Fake::start(|_| {
        let why = "expanding series: proxy Series(): rpc error: code = Aborted desc = No StoreAPIs matched for this query";
        let body = json!({"status": "error", "errorType": "execution", "error": why}).to_string();
        Reply::text("422 Unprocessable Entity", &body)
    })
    .await;
    let signals = [("a", query(&server, "sum(a)")), ("b", query(&server, "sum(b)"))];
    let readings = group(&server, &signals).sample(LIMIT).await;
    for (_, value) in values(&readings) {
        let Value::Missing(Unknown::Error(why)) = &value else { panic!("{value:?}") };
        assert!(why.starts_with("the server cannot reach its own storage: expanding series: "), "{why}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn one_that_takes_too_long_does_not_spoil_the_others_for_long() {
    for (slow, expected) in [("slow", Value::Number(7.0)), ("a", error("timeout: query timed out"))] {
        let server = Fake::start(move |request| {
            // Either one query is too much, or every one.
            if request.contains(slow) {
                let body = json!({"status": "error", "errorType": "timeout", "error": "query timed out"}).to_string();
                return Reply::text("503 Service Unavailable", &body);
            }
            let places: Vec<&str> = if request.contains("label_replace") { vec!["0", "1"] } else { vec![""] };
            let series: Vec<Json> = places
                .iter()
                .map(|place| json!({"metric": {"flightdeck_signal": place}, "value": [1_700_000_000, "7"]}))
                .collect();
            Reply::ok(&success("vector", &json!(series).to_string()))
        })
        .await;
        let signals = [
            ("a", query(&server, "rate(a[1m])")),
            ("b", query(&server, "rate(ab[1m])")),
            ("s", query(&server, "rate(slowa[1m])")),
        ];
        let mut group = group(&server, &signals);
        let late = error("timeout: query timed out");
        assert_eq!(values(&group.sample(LIMIT).await), [("a", late.clone()), ("b", late.clone()), ("s", late.clone())]);
        assert_eq!(server.requests().len(), 1);
        // Each alone, once; then the others together, and the one that is too much alone.
        let found = [("a", expected.clone()), ("b", expected.clone()), ("s", late.clone())];
        assert_eq!(values(&group.sample(LIMIT).await), found);
        assert_eq!(server.requests().len(), 4);
        assert_eq!(values(&group.sample(LIMIT).await), found);
        // A server that is slow at everything is not asked for each.
        assert_eq!(server.requests().len(), if slow == "slow" { 6 } else { 5 });
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_not_asked_again_for_each() {
    let server = Fake::start(|_| Reply::text("503 Service Unavailable", "starting")).await;
    let long = "x".repeat(LONG);
    let signals: Vec<(String, Signal)> =
        (0..5).map(|n| (n.to_string(), query(&server, &format!("rate({long}{n}[5m])")))).collect();
    let signals: Vec<(&str, Signal)> = signals.iter().map(|(id, signal)| (id.as_str(), signal.clone())).collect();
    let readings = group(&server, &signals).sample(LIMIT).await;
    assert!(values(&readings).iter().all(|(_, value)| *value == error("HTTP status 503 Service Unavailable: starting")));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_zero_that_is_a_histogram_is_found_out() {
    let server = Fake::start(|request| {
        let (together, native) = (request.contains("label_replace"), request.contains("query=native"));
        let place = |place: &str| if together { json!({"flightdeck_signal": place}) } else { json!({}) };
        let zero = |name: &str| json!({"metric": place(name), "value": [1_700_000_000, "0"]});
        let result = match native {
            true => json!([{"metric": {}, "histogram": [1_700_000_000, {}]}]),
            false if together && request.contains("native") => json!([zero("0"), zero("2")]),
            false => json!([zero("2")]),
        };
        Reply::ok(&success("vector", &result.to_string()))
    })
    .await;
    let mut group = group(&server, &[("native", query(&server, "native")), ("zero", query(&server, "rate(a[1m])"))]);
    for _ in 0..2 {
        let found = values(&group.sample(LIMIT).await).into_iter().map(|(id, value)| (id.to_owned(), value)).collect::<Vec<_>>();
        let expected =
            [("native".to_owned(), error(&QueryError::Histogram.to_string())), ("zero".to_owned(), Value::Number(0.0))];
        assert_eq!(found, expected);
    }
    assert_eq!(
        asked(&server),
        [
            "native | max(timestamp(native)) | rate(a[1m])",
            "native",
            "rate(a[1m])",
            // What is known to be zero is not asked twice.
            "max(timestamp(native)) | rate(a[1m])",
            "native",
        ]
    );
}

/// Two queries of this length do not fit into one request.
const LONG: usize = 5000;

#[tokio::test]
async fn long_queries_are_asked_in_several_requests() {
    let server = prometheus(|_, _| one(1.0)).await;
    let long = "x".repeat(LONG);
    let mut batch = Batch::default();
    for n in 0..3 {
        batch.add(format!("rate({long}{n}[5m])"));
    }
    let answers = batch.ask(&client(&server), LIMIT).await;
    assert!((0..3).all(|place| answers.number(place).unwrap().unwrap().value == 1.0));
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.len() < 16 * 1024));
    assert!(requests[1].contains("&time=1700000000.123&"), "the same time for all");
    assert!(!requests[0].contains("&time="));
}

#[tokio::test]
async fn a_series_that_nobody_asked_for_is_an_error() {
    let server = server(&vector(&["1"])).await;
    let readings = group(&server, &[("a", query(&server, "rate(a[5m])"))]).sample(LIMIT).await;
    assert_eq!(readings[0].sample.value, error("the answer is not Prometheus': a series lacks the label that was asked for"));
}

#[tokio::test]
async fn remarks_are_told_where_they_belong() {
    let server = Fake::start(|_| {
        let remark = r#"["PromQL info: metric might not be a counter: \"speed\" (1:23)","\u001b[31mslow"]"#;
        Reply::ok(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[]}},"infos":{remark}}}"#))
    })
    .await;
    let signals = [("a", query(&server, "rate(speed[5m])")), ("b", query(&server, "rate(a_total[5m])"))];
    let readings = group(&server, &signals).sample(LIMIT).await;
    assert_eq!(readings[0].warnings, ["PromQL info: metric might not be a counter: \"speed\"", "slow"]);
    assert_eq!(readings[1].warnings, ["slow"]);
}

fn ratio(server: &Fake) -> Signal {
    let mut signal = question(server, Question::Ratio { of: "r{code=\"500\"}".into(), over: "r".into() });
    signal.unit = "percent".into();
    signal
}

#[tokio::test]
async fn ratios_are_counted_from_sample_to_sample() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let look = std::sync::Arc::new(AtomicU32::new(0));
    let now = std::sync::Arc::clone(&look);
    let server = prometheus(move |query, _| {
        let look = now.load(Ordering::SeqCst);
        let scrape = f64::from(look / 2); // every second sampling finds something new
        match query {
            "r" => Yields::Series(vec![("200", 100.0 * scrape), ("500", 3.0 * scrape)]),
            "r{code=\"500\"}" => Yields::Series(vec![("500", 3.0 * scrape)]),
            "count(r{code!=\"\"})" => one(2.0),
            "max(timestamp(r))" => one(1_699_999_900.0 + 10.0 * scrape),
            query => panic!("{query}"),
        }
    })
    .await;
    let mut group = group(&server, &[("errors", ratio(&server))]);
    let mut samples: Vec<Sample> = Vec::new();
    for _ in 0..6 {
        let mut readings = group.sample(LIMIT).await;
        samples.push(readings.remove(0).sample);
        look.fetch_add(1, Ordering::SeqCst);
    }
    let shown: Vec<_> =
        samples.iter().map(|sample| (sample.at.as_second() - 1_699_999_900, sample.value.number(), sample.count)).collect();
    assert_eq!(samples[0].value, Value::Missing(Unknown::NoData));
    assert_eq!(samples[1].value, Value::Missing(Unknown::NoData));
    // What was born since the first look counts; what was not scraped again is the same sample again.
    let first = (10, Some(3.0 / 103.0 * 100.0), Some(Count { events: 3.0, trials: 103.0 }));
    let second = (20, Some(6.0 / 206.0 * 100.0), Some(Count { events: 3.0, trials: 103.0 }));
    assert_eq!(shown[2..], [first, first, second, second]);
    // Six looks, and one at each of the two that were zero at first.
    assert_eq!(server.requests().len(), 8);
}

#[tokio::test]
async fn a_ratio_looks_back_as_far_as_the_plan_says() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    for (every, window, expected) in [
        (5, None, Value::Number(0.0)),
        // Four times as long.
        (60, None, Value::Number(5.0)),
        (5, Some(180), Value::Number(5.0)),
        (60, Some(60), Value::Number(0.0)),
    ] {
        let look = std::sync::Arc::new(AtomicUsize::new(0));
        let now = std::sync::Arc::clone(&look);
        // Looked at once a minute: 10 failures of 100 requests, and then none of 100 more.
        let server = prometheus(move |query, _| {
            let look = now.load(Ordering::SeqCst);
            let (ok, failed) = [(0.0, 0.0), (90.0, 10.0), (190.0, 10.0)][look];
            match query {
                "r" => Yields::Series(vec![("200", ok), ("500", failed)]),
                "r{code=\"500\"}" => Yields::Series(vec![("500", failed)]),
                "max(timestamp(r))" => one(1_699_999_800.0 + 60.0 * look as f64),
                _ => one(2.0),
            }
        })
        .await;
        let mut signal = ratio(&server);
        signal.every = crate::plan::Duration::from_secs(every);
        if let Source::Prometheus { window: of_plan, .. } = &mut signal.source {
            *of_plan = window.map(crate::plan::Duration::from_secs);
        }
        let mut group = group(&server, &[("errors", signal)]);
        group.sample(LIMIT).await;
        look.store(1, Ordering::SeqCst);
        assert_eq!(group.sample(LIMIT).await[0].sample.value, Value::Number(10.0));
        look.store(2, Ordering::SeqCst);
        let sample = group.sample(LIMIT).await.remove(0).sample;
        assert_eq!(sample.value, expected, "every {every} s, {window:?}");
        assert_eq!(sample.count, Some(Count { events: 0.0, trials: 100.0 }), "each event is counted once");
    }
}

#[tokio::test]
async fn a_ratio_without_its_part_is_known_only_where_it_could_be_there() {
    for (there, expected) in [(true, Value::Number(0.0)), (false, Value::Missing(Unknown::NoData))] {
        let look = std::sync::atomic::AtomicU32::new(0);
        let server = prometheus(move |query, _| match query {
            "r" => Yields::Series(vec![("200", 10.0 * f64::from(look.load(std::sync::atomic::Ordering::SeqCst)))]),
            "count(r{code!=\"\"})" if there => one(1.0),
            // The first that is asked for in each request counts the looks.
            "r{code=\"500\"}" => {
                look.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Yields::Series(vec![])
            }
            "max(timestamp(r))" => one(1_699_999_900.0 + f64::from(look.load(std::sync::atomic::Ordering::SeqCst))),
            _ => Yields::Series(vec![]),
        })
        .await;
        let mut group = group(&server, &[("errors", ratio(&server))]);
        group.sample(LIMIT).await;
        assert_eq!(group.sample(LIMIT).await[0].sample.value, expected, "{there}");
    }
}

#[tokio::test]
async fn the_past() {
    let from = Timestamp::from_second(1_700_000_000).unwrap();
    let to = Timestamp::from_second(1_700_000_020).unwrap();
    let step = Duration::from_secs(5);
    let server = prometheus(|query, at| {
        let index = (at / 1000 - 1_700_000_000) / 5;
        match (query, index) {
            ("sum(a)", 2) => Yields::Series(vec![]),
            ("sum(a)", 3) => one(f64::NAN),
            ("sum(a)", _) => one(index as f64 + 1.0),
            // Scraped every ten seconds.
            ("max(timestamp(a))", _) => one((1_700_000_000 + index / 2 * 10) as f64),
            // Dead, and repeated by the server.
            ("dead", _) => one(7.0),
            ("max(timestamp(dead))", _) => one(1_699_999_990.0),
            ("wrong(", _) => Yields::Refused("parse error"),
            ("1", _) => Yields::Scalar(1.0),
            ("time()", _) => Yields::Scalar(at as f64 / 1000.0),
            // A counter with 10 more, one of them an error, at every step.
            ("r", _) => Yields::Series(vec![("200", 9.0 * index as f64), ("500", index as f64)]),
            ("r{code=\"500\"}", _) => Yields::Series(vec![("500", index as f64)]),
            ("max(timestamp(r))", _) => one(at as f64 / 1000.0),
            (_, _) => Yields::Series(vec![]),
        }
    })
    .await;
    let mut sum = query(&server, "sum(a)");
    sum.scale = Some(10.0);
    let signals = [
        ("sum", sum),
        ("dead", query(&server, "dead")),
        ("wrong", query(&server, "wrong(")),
        ("one", query(&server, "1")),
        ("ratio", ratio(&server)),
    ];
    let wanted = |id: &str| if id == "one" { Timestamp::from_second(1_700_000_015).unwrap() } else { from };
    let mut group = group(&server, &signals);
    let readings = group
        .past(|id| if id == "dead" { Timestamp::from_second(1_699_999_990).unwrap() } else { wanted(id) }, to, step, LIMIT)
        .await;
    let shown = |id: &str| -> Vec<(i64, Value)> {
        let of_it = readings.iter().filter(|reading| reading.signal == id);
        of_it.map(|reading| (reading.sample.at.as_second() - 1_700_000_000, reading.sample.value.clone())).collect()
    };
    let none = || Value::Missing(Unknown::NoData);
    assert_eq!(shown("sum"), [(0, Value::Number(10.0)), (10, none()), (20, Value::Number(50.0))]);
    // A dead series is repeated by the server, and is still only one sample.
    assert_eq!(shown("dead"), [(-10, Value::Number(7.0))]);
    assert_eq!(shown("wrong"), []);
    assert_eq!(shown("one"), [(15, Value::Number(1.0)), (20, Value::Number(1.0))]);
    let ratio: Vec<_> = readings.iter().filter(|reading| reading.signal == "ratio").collect();
    assert!(ratio.len() >= 4, "{ratio:?}");
    for reading in ratio {
        assert_eq!(reading.sample.value, Value::Number(10.0));
        assert_eq!(reading.sample.count, Some(Count { events: 1.0, trials: 10.0 }));
    }
    // Too many steps become fewer; what runs backwards or is broken is nothing.
    let many = server.requests().len();
    group.past(|_| Timestamp::UNIX_EPOCH, to, step, LIMIT).await;
    assert!(server.requests()[many].contains("&step=1700000020ms&"), "{}", server.requests()[many]);
    assert_eq!(group.past(|_| to, from, step, LIMIT).await, []);
}

/// VictoriaMetrics repeats what was half a minute ago, and says so only of the time.
#[tokio::test]
async fn a_past_that_is_made_up_is_not_told() {
    let second = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
    let server = prometheus(|query, at| match query {
        "time()" => Yields::Scalar(at.min(1_700_000_010_000) as f64 / 1000.0),
        _ => one(1.0),
    })
    .await;
    let mut group = group(&server, &[("a", query(&server, "rate(a[1m])"))]);
    let step = Duration::from_secs(5);
    let readings = group.past(|_| second(0), second(30), step, LIMIT).await;
    let shown: Vec<Timestamp> = readings.iter().map(|reading| reading.sample.at).collect();
    assert_eq!(shown, [second(0), second(5), second(10)]);
    assert_eq!(group.past(|_| second(15), second(30), step, LIMIT).await, [], "all of it is made up");
}

#[test]
fn whose_fault_it_is() {
    const ABOUT_QUERY: &str = "the query's";
    const STORAGE: &str = "the storage's";
    const LATE: &str = "the time was up";
    for (kind, message, expected) in [
        ("bad_data", "1:5: parse error: unexpected end of input", ABOUT_QUERY),
        ("execution", "found duplicate series for the match group {} on the right hand-side", ABOUT_QUERY),
        ("execution", "query processing would load too many samples into memory in query execution", ABOUT_QUERY),
        ("execution", "expanding series: the query exceeded the maximum number of series (limit: 9 series)", ABOUT_QUERY),
        ("execution", "expanding series: rpc error: code = Aborted desc = exceeded series limit: 9", ABOUT_QUERY),
        ("422", "error when executing query=\"x(\\\"): \" for (time=1, step=2): unexpected token", ABOUT_QUERY),
        (
            "422",
            "cannot fetch query results from vmstorage nodes: the number of matching unique timeseries exceeds 300000",
            ABOUT_QUERY,
        ),
        ("execution", "expanding series: proxy Series(): rpc error: code = Aborted desc = fetch series for {}", STORAGE),
        ("execution", "expanding series: rpc error: code = Unavailable desc = connection error", STORAGE),
        ("execution", "expanding series: too many unhealthy instances in the ring", STORAGE),
        ("internal", "expanding series: consistency check failed because some blocks were not queried: 01", STORAGE),
        ("422", "cannot return full response, since some of vmstorage nodes are unavailable", STORAGE),
        ("503", "cannot fetch query results from vmstorage nodes: cannot perform search on vmstorage a:8401", STORAGE),
        ("execution", "expanding series: context deadline exceeded", LATE),
        ("503", "error when executing query=\"a\" for (time=1, step=2): timeout exceeded: 5 s", LATE),
        ("timeout", "query timed out in expression evaluation", LATE),
    ] {
        let body = json!({"status": "error", "errorType": kind, "error": message}).to_string();
        let error = decode(body.as_bytes()).unwrap_err();
        let found = match &error {
            error if error.is_late() => LATE,
            QueryError::Storage(_) => STORAGE,
            _ => ABOUT_QUERY,
        };
        assert_eq!((found, error.is_about_the_query()), (expected, expected == ABOUT_QUERY), "{kind}: {message}");
    }
    // What is said of it is not lost behind the query.
    let long = format!("error when executing query=\"{}\" for (time=1, step=2): unexpected token", "a".repeat(500));
    let body = json!({"status": "error", "errorType": "422", "error": long}).to_string();
    assert_eq!(decode(body.as_bytes()).unwrap_err().to_string(), "422: unexpected token");
}

#[tokio::test]
async fn no_past_where_there_is_none_to_ask() {
    let server = server("nonsense").await;
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut group = group(&server, &[("a", query(&server, "a"))]);
    assert_eq!(group.past(|_| now, now, Duration::from_secs(5), LIMIT).await, []);
}

proptest::proptest! {
    #[test]
    fn times(millis in -1_000_000_000_000i64..4_000_000_000_000) {
        let at = Timestamp::from_millisecond(millis).unwrap();
        proptest::prop_assert_eq!(answer::timestamp(seconds(at).parse().unwrap()), Ok(at));
    }

    #[test]
    fn any_body_is_decoded_or_refused(body in proptest::collection::vec(0u8.., 0..200), cut in 0usize..200) {
        let _refused = decode(&body);
        let whole = vector(&["1", "NaN", "+Inf"]);
        let part = whole.get(..cut.min(whole.len())).unwrap_or_default();
        proptest::prop_assert_eq!(decode(part.as_bytes()).is_ok(), part.len() == whole.len());
    }
}
