//! Alertmanager, version 2 of its API: the alerts that fire, and silences.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    ApiError, Context, ERROR_LENGTH, Reading,
    api::{Api, Asked, Body, Reply},
    finish, now,
};
use crate::{
    health::{Alert, AlertState, Said, Sample, Unknown},
    plan::{Counted, Server, Signal, Source},
    text,
};

/// How many alerts are told of; all are counted.
pub const ALERTS: usize = 200;
/// How many alerts are named in a line.
const NAMED: usize = 3;
/// How many labels of an alert are kept, and how long one may be.
const LABELS: usize = 64;
const LABEL: usize = 1024;
/// How long an answer may be, in MiB.
const ANSWER: usize = 8;

/// Why an Alertmanager cannot be asked, or did not do what it was told. None of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertmanagerError {
    /// It cannot be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It refused, in its words.
    #[error("it refused: {0}")]
    Refused(String),
    /// Not the API's JSON.
    #[error("the answer is not Alertmanager's: {0}")]
    Malformed(String),
    /// A silence without labels would silence everything.
    #[error("there are no labels to silence by")]
    NoLabels,
    /// There is no such silence.
    #[error("there is no silence of that name")]
    NoSilence,
}

/// Reads the body of an answer that lists alerts, in its order.
///
/// # Errors
/// Where it is not the API's JSON.
pub fn decode(body: &[u8]) -> Result<Vec<Alert>, AlertmanagerError> {
    let alerts: Vec<RawAlert> = parse(body)?;
    Ok(alerts.into_iter().map(alert).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAlert {
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
    labels: std::collections::BTreeMap<String, String>,
    starts_at: Timestamp,
    fingerprint: String,
    status: RawStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    state: String,
    #[serde(default)]
    inhibited_by: Vec<String>,
    #[serde(default)]
    silenced_by: Vec<String>,
}

fn alert(raw: RawAlert) -> Alert {
    let label = |name: &str| raw.labels.get(name).filter(|value| !value.is_empty()).map(|value| text::line(value, 80));
    let annotation = |name: &str| raw.annotations.get(name).filter(|value| !value.trim().is_empty());
    let state = match (raw.status.state.as_str(), raw.status.silenced_by.is_empty(), raw.status.inhibited_by.is_empty()) {
        // What is suppressed by neither is muted by a time interval, which somebody has set up as well.
        ("suppressed", true, false) => AlertState::Inhibited,
        ("suppressed", ..) => AlertState::Silenced,
        // Not yet processed, it fires all the same.
        _ => AlertState::Firing,
    };
    Alert {
        fingerprint: text::line(&raw.fingerprint, 64),
        name: label("alertname").unwrap_or_else(|| "an alert without a name".to_owned()),
        severity: label("severity"),
        summary: annotation("summary").or_else(|| annotation("description")).map(|said| text::line(said, ERROR_LENGTH)),
        since: raw.starts_at,
        state,
        labels: raw.labels.iter().take(LABELS).map(|(name, value)| (text::line(name, 80), text::line(value, LABEL))).collect(),
    }
}

/// How bad a severity is, by the words in use for it; the worst is 0.
fn rank(severity: Option<&str>) -> u8 {
    match severity.map(str::to_ascii_lowercase).as_deref() {
        Some("critical" | "page" | "emergency" | "fatal" | "disaster" | "p1" | "sev1") => 0,
        Some("error" | "high" | "major" | "p2" | "sev2") => 1,
        Some("info" | "information" | "low" | "none" | "debug" | "p4" | "p5" | "sev4" | "sev5") => 3,
        // A warning, and what says nothing or in its own words.
        _ => 2,
    }
}

/// The worst and newest first: those that fire, by severity, then by when they began.
fn sort(alerts: &mut [Alert]) {
    alerts.sort_by(|a, b| {
        let key = |alert: &Alert| (alert.state, rank(alert.severity.as_deref()), std::cmp::Reverse(alert.since));
        key(a).cmp(&key(b)).then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
}

/// "2 firing, 1 new: HighErrorRate (critical), SlowAnswers"; alerts are sorted.
fn words(alerts: &[Alert], started: Timestamp) -> String {
    let count = |state| alerts.iter().filter(|alert| alert.state == state).count();
    let firing: Vec<&Alert> = alerts.iter().filter(|alert| alert.state == AlertState::Firing).collect();
    let new = firing.iter().filter(|alert| alert.since > started).count();
    let mut words = if firing.is_empty() { "none firing".to_owned() } else { format!("{} firing", firing.len()) };
    if new > 0 {
        words.push_str(&format!(", {new} new"));
    }
    for state in [AlertState::Silenced, AlertState::Inhibited] {
        match count(state) {
            0 => {}
            some => words.push_str(&format!(", {some} {}", state.word())),
        }
    }
    let mut named: Vec<String> = Vec::new();
    // Those that are new are named before those that are not.
    let (new, old): (Vec<&Alert>, Vec<&Alert>) = firing.iter().copied().partition(|alert| alert.since > started);
    for alert in new.into_iter().chain(old) {
        let name = match &alert.severity {
            Some(severity) => format!("{} ({severity})", alert.name),
            None => alert.name.clone(),
        };
        if !named.contains(&name) {
            named.push(name);
        }
    }
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    if !named.is_empty() {
        words.push_str(&format!(": {}", named.join(", ")));
    }
    text::line(&words, ERROR_LENGTH)
}

/// An Alertmanager that can be asked, and told to be silent.
pub struct Client {
    api: Api,
}

impl Client {
    /// For a server of the plan. Nothing is read or asked yet.
    #[must_use]
    pub fn new(server: &Server, context: &Context) -> Self {
        Self { api: Api::new(server, &context.folder, &context.env) }
    }

    /// The alerts that match all of these matchers, as in `service="shop"`: those that fire, are silenced or inhibited, the
    /// worst and newest first.
    ///
    /// # Errors
    /// Where there is no answer within the limit.
    pub async fn alerts(&self, matchers: &[String], limit: Duration) -> Result<Vec<Alert>, AlertmanagerError> {
        let mut query = vec![("active", "true"), ("silenced", "true"), ("inhibited", "true"), ("unprocessed", "true")];
        query.extend(matchers.iter().map(|matcher| ("filter", matcher.as_str())));
        let body = self.ask(Method::GET, &["alerts"], &query, Body::Nothing, limit).await?;
        let mut alerts = decode(&body)?;
        sort(&mut alerts);
        Ok(alerts)
    }

    /// A reading of a signal with an Alertmanager as its source.
    pub(super) async fn sample(&self, id: &str, signal: &Signal, started: Timestamp) -> Reading {
        let asked = now();
        let Source::Alertmanager { matchers, count, .. } = &signal.source else {
            return Reading::new(id, Sample::missing(asked, Unknown::NoData));
        };
        match self.alerts(matchers, signal.sampling_timeout().get()).await {
            Ok(mut alerts) => {
                let counts = |alert: &&Alert| match count {
                    Counted::All => alert.state == AlertState::Firing,
                    Counted::New => alert.state == AlertState::Firing && alert.since > started,
                };
                #[expect(clippy::cast_precision_loss, reason = "an answer has no room for so many")]
                let number = alerts.iter().filter(counts).count() as f64;
                let said = Said { verdict: None, why: words(&alerts, started) };
                alerts.truncate(ALERTS);
                let sample = Sample { said: Some(Box::new(said)), ..finish(signal, asked, number, asked) };
                Reading { alerts: Some(alerts), ..Reading::new(id, sample) }
            }
            Err(error) => {
                let why = Unknown::Error(text::line(&error.to_string(), ERROR_LENGTH));
                Reading::new(id, Sample::missing(asked, why))
            }
        }
    }

    /// Silences whatever has all of these labels, and returns the silence's id. The comment should hold something by which
    /// [`find_silence`](Self::find_silence) finds it: where this fails it may have been made all the same.
    ///
    /// # Errors
    /// Where it is not known to have been made.
    pub async fn silence(
        &self,
        labels: &[(String, String)],
        (starts, ends): (Timestamp, Timestamp),
        created_by: &str,
        comment: &str,
        limit: Duration,
    ) -> Result<String, AlertmanagerError> {
        let matcher = |(name, value): &(String, String)| RawMatcher {
            name: name.clone(),
            value: value.clone(),
            is_regex: false,
            is_equal: true,
        };
        let matchers: Vec<RawMatcher> = labels.iter().filter(|(_, value)| !value.is_empty()).map(matcher).collect();
        if matchers.is_empty() {
            return Err(AlertmanagerError::NoLabels);
        }
        let silence = NewSilence { id: None, matchers: &matchers, starts_at: starts, ends_at: ends, created_by, comment };
        self.post(&silence, limit).await
    }

    /// The silence whose comment contains this, if one is in force or will be.
    ///
    /// # Errors
    /// Where it cannot be found out.
    pub async fn find_silence(&self, marker: &str, limit: Duration) -> Result<Option<String>, AlertmanagerError> {
        let body = self.ask(Method::GET, &["silences"], &[], Body::Nothing, limit).await?;
        let silences: Vec<RawSilence> = parse(&body)?;
        let found = silences.into_iter().find(|silence| silence.is_in_force() && silence.comment.contains(marker));
        Ok(found.map(|silence| text::line(&silence.id, 64)))
    }

    /// Lets a silence end at another time, and returns its id, which may be another one.
    ///
    /// # Errors
    /// Where there is none of that id, or it is not known to have been changed.
    pub async fn extend(&self, id: &str, ends: Timestamp, limit: Duration) -> Result<String, AlertmanagerError> {
        let silence = self.found(id, limit).await?.filter(RawSilence::is_in_force).ok_or(AlertmanagerError::NoSilence)?;
        let again = NewSilence {
            id: Some(&silence.id),
            matchers: &silence.matchers,
            starts_at: silence.starts_at,
            ends_at: ends,
            created_by: &silence.created_by,
            comment: &silence.comment,
        };
        self.post(&again, limit).await
    }

    /// Ends a silence. One that has ended already, or is not known any more, is as good.
    ///
    /// # Errors
    /// Where it is not known to have ended.
    pub async fn expire(&self, id: &str, limit: Duration) -> Result<(), AlertmanagerError> {
        match self.ask(Method::DELETE, &["silence", id], &[], Body::Nothing, limit).await {
            Ok(_) => Ok(()),
            Err(error) => match self.found(id, limit).await {
                Ok(Some(silence)) if silence.is_in_force() => Err(error),
                Ok(_) => Ok(()),
                Err(_) => Err(error),
            },
        }
    }

    async fn found(&self, id: &str, limit: Duration) -> Result<Option<RawSilence>, AlertmanagerError> {
        match self.ask(Method::GET, &["silence", id], &[], Body::Nothing, limit).await {
            Ok(body) => Ok(Some(parse(&body)?)),
            Err(AlertmanagerError::Api(ApiError::Status(StatusCode::NOT_FOUND, _))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn post(&self, silence: &NewSilence<'_>, limit: Duration) -> Result<String, AlertmanagerError> {
        #[derive(Deserialize)]
        struct Made {
            #[serde(rename = "silenceID")]
            id: String,
        }
        let body = serde_json::to_vec(silence).map_err(|error| malformed(&error))?;
        let body = self.ask(Method::POST, &["silences"], &[], Body::Json(body), limit).await?;
        let made: Made = parse(&body)?;
        Ok(text::line(&made.id, 64))
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Body,
        limit: Duration,
    ) -> Result<Vec<u8>, AlertmanagerError> {
        let path: Vec<&str> = ["api", "v2"].into_iter().chain(path.iter().copied()).collect();
        // A silence that is made twice is two silences.
        let repeatable = method != Method::POST;
        let asked = Asked { method, path: &path, query, body, repeatable, most: ANSWER };
        let reply = self.api.ask(&asked, limit).await?;
        match refusal(&reply) {
            Some(said) => Err(AlertmanagerError::Refused(said)),
            None => Ok(reply.success()?),
        }
    }
}

/// What a refusal says: Alertmanager answers with a JSON text, or with a code and a message.
fn refusal(reply: &Reply) -> Option<String> {
    #[derive(Deserialize)]
    struct Told {
        message: String,
    }
    if !matches!(reply.status.as_u16(), 400 | 422 | 500) {
        return None;
    }
    let said: Option<String> = serde_json::from_slice(&reply.body).ok();
    let said = said.or_else(|| serde_json::from_slice(&reply.body).ok().map(|told: Told| told.message));
    said.map(|said| text::line(&said, 160))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMatcher {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSilence {
    id: String,
    matchers: Vec<RawMatcher>,
    starts_at: Timestamp,
    created_by: String,
    comment: String,
    status: SilenceStatus,
}

#[derive(Deserialize)]
struct SilenceStatus {
    state: String,
}

impl RawSilence {
    fn is_in_force(&self) -> bool {
        self.status.state != "expired"
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewSilence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    matchers: &'a [RawMatcher],
    starts_at: Timestamp,
    ends_at: Timestamp,
    created_by: &'a str,
    comment: &'a str,
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, AlertmanagerError> {
    serde_json::from_slice(body).map_err(|error| malformed(&error))
}

fn malformed(error: &serde_json::Error) -> AlertmanagerError {
    AlertmanagerError::Malformed(text::line(&error.to_string(), 120))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{
        health::Value,
        plan::Place,
        sources::testing::{Reply as Told, Server as Fake, context, signal},
    };

    const LIMIT: Duration = Duration::from_secs(20);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
    }

    fn raw(name: &str, severity: &str, minute: i64, status: &Json) -> Json {
        json!({
            "annotations": {"summary": format!("{name} is so"), "description": "long"},
            "endsAt": "2030-01-01T00:00:00.000Z",
            "fingerprint": format!("{name}-{minute}"),
            "receivers": [{"name": "team"}],
            "startsAt": at(minute).to_string(),
            "status": status,
            "updatedAt": "2023-11-14T22:13:20.000Z",
            "generatorURL": "http://prometheus/graph",
            "labels": {"alertname": name, "severity": severity, "service": "shop"},
        })
    }

    fn active() -> Json {
        json!({"inhibitedBy": [], "silencedBy": [], "state": "active"})
    }

    fn alerts() -> Vec<Json> {
        vec![
            raw("SlowAnswers", "warning", -10, &active()),
            raw("DiskFull", "critical", -60, &json!({"inhibitedBy": [], "silencedBy": ["x"], "state": "suppressed"})),
            raw("HighErrorRate", "critical", 5, &active()),
            raw("NodeDown", "critical", 1, &json!({"inhibitedBy": ["y"], "silencedBy": [], "state": "suppressed"})),
            raw("Unheard", "", 2, &json!({"inhibitedBy": [], "silencedBy": [], "state": "unprocessed"})),
        ]
    }

    #[test]
    fn alerts_are_read_and_sorted() {
        let mut found = decode(json!(alerts()).to_string().as_bytes()).unwrap();
        sort(&mut found);
        let shown: Vec<_> = found.iter().map(|alert| (alert.name.as_str(), alert.severity.as_deref(), alert.state)).collect();
        assert_eq!(
            shown,
            [
                ("HighErrorRate", Some("critical"), AlertState::Firing),
                ("Unheard", None, AlertState::Firing),
                ("SlowAnswers", Some("warning"), AlertState::Firing),
                ("DiskFull", Some("critical"), AlertState::Silenced),
                ("NodeDown", Some("critical"), AlertState::Inhibited),
            ]
        );
        assert_eq!(found[0].summary.as_deref(), Some("HighErrorRate is so"));
        assert_eq!(found[0].since, at(5));
        let labels = [("alertname", "HighErrorRate"), ("service", "shop"), ("severity", "critical")];
        assert_eq!(found[0].labels, labels.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn says_how_many_and_which() {
        let mut all = decode(json!(alerts()).to_string().as_bytes()).unwrap();
        sort(&mut all);
        for (started, skip, expected) in [
            (0, 0, "3 firing, 2 new, 1 silenced, 1 inhibited: HighErrorRate (critical), Unheard, SlowAnswers (warning)"),
            (10, 0, "3 firing, 1 silenced, 1 inhibited: HighErrorRate (critical), Unheard, SlowAnswers (warning)"),
            (-30, 2, "1 firing, 1 new, 1 silenced, 1 inhibited: SlowAnswers (warning)"),
            (0, 3, "none firing, 1 silenced, 1 inhibited"),
            (0, 5, "none firing"),
        ] {
            assert_eq!(words(&all[skip..], at(started)), expected);
        }
        // What is new is named before what is worse; the same name once.
        let many: Vec<Json> = (0..9).map(|n| raw(&format!("Old{}", n / 2), "critical", -5, &active())).collect();
        let many = [many, vec![raw("New", "info", 1, &active())]].concat();
        let mut many = decode(json!(many).to_string().as_bytes()).unwrap();
        sort(&mut many);
        assert_eq!(words(&many, at(0)), "10 firing, 1 new: New (info), Old0 (critical), Old1 (critical), 3 more");
    }

    #[test]
    fn hostile_answers() {
        let long = "x".repeat(10_000);
        let labels: std::collections::BTreeMap<String, String> = (0..500).map(|n| (format!("l{n}"), long.clone())).collect();
        let mut rude = raw("\u{1b}[2Jrude\n", "critical\u{202e}", 0, &active());
        rude["annotations"] = json!({"summary": " ", "description": format!("\u{1b}]0;x\u{7}{long}")});
        let found = decode(json!([rude]).to_string().as_bytes()).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].severity.as_deref()), ("rude", Some("critical\u{fffd}")));
        assert!(found[0].summary.as_ref().is_some_and(|said| said.starts_with('x') && said.chars().count() <= ERROR_LENGTH));
        let mut many = raw("many", "", 0, &active());
        many["labels"] = json!(labels);
        let found = decode(json!([many]).to_string().as_bytes()).unwrap();
        assert_eq!(found[0].name, "an alert without a name");
        assert!(found[0].labels.len() == LABELS && found[0].labels.iter().all(|(_, value)| value.chars().count() <= LABEL));
        for body in ["", "{}", "[1]", "[{}]", "[[", "null", "\"x\"", &json!([{"labels": {}}]).to_string()] {
            assert!(matches!(decode(body.as_bytes()), Err(AlertmanagerError::Malformed(_))), "{body}");
        }
        let mut timeless = raw("a", "", 0, &active());
        timeless["startsAt"] = json!("yesterday");
        assert!(decode(json!([timeless]).to_string().as_bytes()).is_err());
    }

    #[tokio::test]
    async fn what_lets_us_in_is_in_no_refusal() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "s3cr3t").unwrap();
        let context = Context { folder: folder.path().to_owned(), ..context() };
        for (status, body, expected) in [
            ("400 Bad Request", r#""bad token Bearer s3cr3t""#, "bad token ***"),
            ("422 Unprocessable Entity", r#"{"code":601,"message":"bad token Bearer s3cr3t"}"#, "bad token ***"),
            ("401 Unauthorized", "bad token Bearer s3cr3t", "bad token ***"),
        ] {
            let fake = Fake::start(move |_| Told::text(status, body)).await;
            let server = Server { bearer: "file:token".parse().ok(), ..Server::at(&fake.url("")) };
            let error = Client::new(&server, &context).alerts(&[], LIMIT).await.unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[tokio::test]
    async fn samples() {
        let body = json!(alerts()).to_string();
        let fake = Fake::start(move |_| Told::ok(&body)).await;
        let source = |count| Source::Alertmanager {
            at: Place::default(),
            matchers: vec!["service=\"shop\"".into(), "severity=~\"page|critical\"".into()],
            count,
        };
        let client = Client::new(&Server::at(&fake.url("/am")), &context());
        for (count, expected) in [(Counted::All, 3.0), (Counted::New, 2.0)] {
            let reading = client.sample("alerts", &signal(source(count)), at(0)).await;
            assert_eq!(reading.sample.value, Value::Number(expected));
            let said = reading.sample.said.unwrap();
            assert!(said.verdict.is_none() && said.why.starts_with("3 firing, 2 new"), "{said:?}");
            assert_eq!(reading.alerts.unwrap().len(), 5);
        }
        let line = "GET /am/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true\
            &filter=service%3D%22shop%22&filter=severity%3D%7E%22page%7Ccritical%22 HTTP/1.1\r\n";
        assert!(fake.requests()[0].starts_with(line), "{}", fake.requests()[0]);

        let many: Vec<Json> = (0..500).map(|n| raw("a", "warning", n, &active())).collect();
        let body = json!(many).to_string();
        let fake = Fake::start(move |_| Told::ok(&body)).await;
        let client = Client::new(&Server::at(&fake.url("")), &context());
        let reading = client.sample("alerts", &signal(source(Counted::All)), at(0)).await;
        assert_eq!(reading.sample.value, Value::Number(500.0));
        let kept = reading.alerts.unwrap();
        assert_eq!((kept.len(), kept[0].since), (ALERTS, at(499)));

        for (status, body, expected) in [
            ("400 Bad Request", "\"bad matcher format: x\"", "it refused: bad matcher format: x"),
            ("422 Unprocessable Entity", "{\"code\":602,\"message\":\"filter is wrong\"}", "it refused: filter is wrong"),
            (
                "200 OK",
                "<html>",
                "it answers with a web page in place of its API; is the address right, and does it need a login?",
            ),
            ("401 Unauthorized", "Unauthorized\n", "it does not let us in: 401 Unauthorized: Unauthorized"),
            ("404 Not Found", "nothing here", "HTTP status 404 Not Found: nothing here"),
        ] {
            let fake = Fake::start(move |_| Told::text(status, body)).await;
            let client = Client::new(&Server::at(&fake.url("")), &context());
            let reading = client.sample("alerts", &signal(source(Counted::All)), at(0)).await;
            assert_eq!(reading.sample.value, Value::Missing(Unknown::Error(expected.into())));
            assert_eq!(reading.alerts, None, "what is not known is not none");
        }
    }

    #[tokio::test]
    async fn a_silence_is_never_made_of_nothing_nor_twice() {
        let fake = Fake::start(|_| Told::text("500 Internal Server Error\r\nretry-after: 0", "\"no\"")).await;
        let client = Client::new(&Server::at(&fake.url("")), &context());
        let nothing = [("a".to_owned(), String::new())];
        let silence = client.silence(&nothing, (at(0), at(1)), "alice", "why", LIMIT).await;
        assert_eq!(silence, Err(AlertmanagerError::NoLabels));
        assert_eq!(fake.requests().len(), 0);
        let labels = [("alertname".to_owned(), "A \"b\"".to_owned())];
        let silence = client.silence(&labels, (at(0), at(1)), "alice", "why", LIMIT).await;
        assert_eq!(silence, Err(AlertmanagerError::Refused("no".into())));
        assert_eq!(fake.requests().len(), 1, "it may have been made");
        let body = json!({
            "matchers": [{"name": "alertname", "value": "A \"b\"", "isRegex": false, "isEqual": true}],
            "startsAt": at(0).to_string(), "endsAt": at(1).to_string(), "createdBy": "alice", "comment": "why",
        });
        let sent: Json = serde_json::from_str(fake.requests()[0].split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(sent, body);
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_decoded_or_refused(body in proptest::collection::vec(0u8.., 0..200), cut in 0usize..400) {
            let _refused = decode(&body);
            let whole = json!(alerts()).to_string();
            let part = whole.get(..cut.min(whole.len())).unwrap_or_default();
            proptest::prop_assert_eq!(decode(part.as_bytes()).is_ok(), part.len() == whole.len());
        }
    }
}
