//! The demo's services, scraped by a real Prometheus: a slow canary is judged beside the stable version and rolled back, and
//! the whole chain from the sample to the effect stands in the log. A real Alertmanager's alerts, beside the release.

use std::time::Duration;

use flightdeck::{
    sandbox::{Fault, Options, World},
    sources::http::http_client,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    alertmanager::Alertmanager,
    servers::{
        prometheus::{Prometheus, until},
        skip,
    },
    support::{Flight, named},
};

async fn world(fault: Fault, folder: &std::path::Path) -> World {
    let options =
        Options { stable: "1.0".to_owned(), candidate: "2.0".to_owned(), fault, rate: 120.0, folder: folder.to_owned() };
    World::start(options).await.unwrap()
}

/// A canary that nothing but the judge watches.
fn plan(control: &str, prometheus: &str) -> String {
    format!(
        r#"service = "shop"

[targets.shop]
driver = "sandbox"
url    = "{control}"

[servers.prometheus]
url = "{prometheus}"

[signals.p95]
source   = "prometheus"
server   = "prometheus"
query    = 'histogram_quantile(0.95, sum by (le) (rate(proxy_request_duration_seconds_bucket{{track="candidate"}}[4s])))'
scale    = 1000
unit     = "ms"
every    = "1s"
timeout  = "1s"
baseline = "p95-stable"
compare  = {{ absolute = 100 }}

[signals.p95-stable]
source  = "prometheus"
server  = "prometheus"
query   = 'histogram_quantile(0.95, sum by (le) (rate(proxy_request_duration_seconds_bucket{{track="stable"}}[4s])))'
scale   = 1000
unit    = "ms"
every   = "1s"
timeout = "1s"

[signals.errors]
source   = "prometheus"
server   = "prometheus"
ratio    = {{ of = 'proxy_requests_total{{track="candidate",code=~"5.."}}', over = 'proxy_requests_total{{track="candidate"}}' }}
unit     = "percent"
every    = "1s"
baseline = "errors-stable"
compare  = {{ absolute = 2, undecided = "warn" }}

[signals.errors-stable]
source = "prometheus"
server = "prometheus"
ratio  = {{ of = 'proxy_requests_total{{track="stable",code=~"5.."}}', over = 'proxy_requests_total{{track="stable"}}' }}
unit   = "percent"
every  = "1s"

[[stages]]
id      = "canary"
target  = "shop"
steps   = [{{ weight = 25, bake = "14s" }}, {{ weight = 100 }}]
signals = ["p95", "errors"]
on_fail = "rollback"
"#
    )
}

struct Judged {
    flight: Flight,
    id: String,
    _world: World,
    _server: Prometheus,
    _folder: tempfile::TempDir,
}

/// Flies it to its end, each step taken as soon as its gate is open.
async fn flown(fault: Fault, exit: i32) -> Option<Judged> {
    let folder = tempfile::tempdir().unwrap();
    let world = world(fault, folder.path()).await;
    let metrics = world.proxy_metrics_url();
    let target = metrics.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
    let server = Prometheus::start(&[&target]).await?;
    let flight = Flight::new(&plan(&world.control_url(), &server.url()));
    let id = flight.start();
    let mut driver = flight.drive(&id, &["--promote"]);
    driver.ends(exit);
    Some(Judged { flight, id, _world: world, _server: server, _folder: folder })
}

fn at(event: &Value, key: &str) -> Timestamp {
    event[key].as_str().unwrap_or_else(|| panic!("{event}")).parse().unwrap()
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "with --nocapture it says how long it took")]
async fn a_slow_canary_is_judged_and_rolled_back() {
    let Some(Judged { flight, id, .. }) = flown(Fault::Latency, 1).await else { return };
    assert_eq!(flight.status(&id)["state"], "rolled_back");
    let log = flight.log(&id);
    let find = |what: &dyn Fn(&Value) -> bool| log.iter().find(|event| what(event)).unwrap_or_else(|| panic!("{log:#?}")).clone();
    let turned = find(&|event| event["kind"] == "signal-turned" && event["signal"] == "p95" && event["verdict"] == "fail");
    let begun = find(&|event| event["kind"] == "rollback-started");
    let acted = find(&|event| event["kind"] == "operation-intended" && event["act"]["act"] == "restore");
    let back =
        find(&|event| event["kind"] == "operation-ended" && event["words"].as_str().unwrap().contains("all traffic is back"));

    // From the sample to the verdict to the act to the effect, each with its time and its reason.
    assert!(turned["words"].as_str().unwrap().contains(" above the baseline; allowed is 100 above"), "{turned}");
    assert!(begun["words"].as_str().unwrap().starts_with("rolls back: p95: p95 is "), "{begun}");
    let chain = [at(&turned, "sampled"), at(&turned, "at"), at(&begun, "at"), at(&acted, "at"), at(&back, "at")];
    assert!(chain.is_sorted(), "{chain:?}");
    let after = |one: usize, other: usize| Duration::try_from(chain[other].duration_since(chain[one])).unwrap();
    assert_eq!(flight.count(&id, "rollback-started"), 1);
    // At once: nothing else happened between the two.
    let place = |of: &Value| log.iter().position(|event| event == of).unwrap();
    let between = log[place(&turned) + 1..place(&begun)].iter().map(|event| event["kind"].as_str().unwrap());
    assert!(between.clone().all(|kind| ["signal-turned", "stage-failed"].contains(&kind)), "{:?}", between.collect::<Vec<_>>());

    // The first bad sample is the first of the canary at all: it was slow from the beginning.
    let journal = rusqlite::Connection::open(flight.journal()).unwrap();
    let first = "SELECT min(at) FROM samples WHERE signal = 'p95' AND value > 100";
    let first: i64 = journal.query_row(first, [], |row| row.get(0)).unwrap();
    let first = Timestamp::from_nanosecond(first.into()).unwrap();
    let whole = Duration::try_from(chain[4].duration_since(first)).unwrap();
    println!(
        "from the first bad sample to the traffic off the canary: {whole:?}; from the verdict's sample to the verdict {:?}, to the effect {:?}",
        after(0, 1),
        after(0, 4)
    );

    // What was decided comes out again, from what the journal holds.
    let again = flight.run(&["judge", "--release", &id]).ends(0);
    assert!(again.out.contains("FAIL    again: p95 is "), "{}", again.out);
    flight.run(&["verify", &id]).ends(0);
}

#[tokio::test]
async fn a_good_canary_is_judged_and_goes_on() {
    let Some(Judged { flight, id, _server, .. }) = flown(Fault::None, 0).await else { return };
    let status = flight.status(&id);
    assert_eq!(status["state"], "completed");
    let compared = &named(&status["signals"], "p95")["compared"];
    assert!(compared["canary_samples"].as_u64().unwrap() >= 8, "{compared}");
    let decided = flight.log(&id);
    assert!(decided.iter().any(|event| event["evidence"]["verdict"] == "pass"), "{decided:#?}");

    // The same by what the server remembers, from the plan and by hand.
    let judged = flight.run(&["judge", "--signal", "p95", "--from", "40s", "--json"]);
    let json: Value = serde_json::from_str(&judged.out).unwrap_or_else(|_| panic!("{judged:#?}"));
    assert_ne!(json["verdict"], "fail", "{judged:#?}");
    let by_hand = flight.run(&[
        "judge",
        "--prometheus",
        &_server.url(),
        "--canary-events",
        r#"proxy_requests_total{track="candidate",code=~"5.."}"#,
        "--canary-trials",
        r#"proxy_requests_total{track="candidate"}"#,
        "--baseline-events",
        r#"proxy_requests_total{track="stable",code=~"5.."}"#,
        "--baseline-trials",
        r#"proxy_requests_total{track="stable"}"#,
        "--absolute",
        "0.02",
        "--from",
        "40s",
        "--step",
        "1s",
        "--name",
        "errors",
    ]);
    assert!(by_hand.out.contains("errors is ") && by_hand.out.contains(" 0 of "), "{by_hand:#?}");
}

/// Lets an alert with these labels fire for a while.
async fn fire(server: &Alertmanager, labels: Value) {
    server.fire(&json!([{ "labels": labels, "annotations": { "summary": "it is slow" } }])).await;
}

/// The silences that a server has.
async fn silences(server: &Alertmanager) -> Value {
    let http = http_client().unwrap();
    http.get(format!("{}/api/v2/silences", server.url())).send().await.unwrap().json().await.unwrap()
}

/// What is said of an Alertmanager's signal, and what of its alerts.
fn alerts(flight: &Flight, id: &str) -> (Value, Value) {
    let status = flight.status(id);
    (named(&status["signals"], "alerts"), status["alerts"].clone())
}

#[tokio::test]
async fn alerts_stand_beside_the_release_and_are_silent_for_a_stage() {
    let Some(server) = Alertmanager::start().await else { return skip("prometheus-alertmanager") };
    let plan = format!(
        r#"service = "shop"

[signals.alerts]
source = "alertmanager"
url    = "{}"
match  = ['service="shop"']
every  = "300ms"
stale  = "5s"

[[stages]]
id  = "work"
run = "while ! test -e end; do sleep 0.1; done"

[[stages]]
id      = "after"
needs   = []
run     = "true"
advance = "manual"
signals = ["alerts"]
"#,
        server.url()
    );
    fire(&server, json!({ "alertname": "Old", "service": "shop" })).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let flight = Flight::new(&plan);
    let id = flight.start();
    let _driver = flight.drive(&id, &[]);
    until("the old alert", async || (alerts(&flight, &id).1[0]["name"] == "Old").then_some(())).await;
    fire(&server, json!({ "alertname": "Slow", "service": "shop", "severity": "page" })).await;
    fire(&server, json!({ "alertname": "Other", "service": "somebody else's" })).await;
    let (signal, known) = until("both alerts", async || {
        let (signal, known) = alerts(&flight, &id);
        (known.as_array().is_some_and(|known| known.len() == 2) && signal["value"] == 2.0).then_some((signal, known))
    })
    .await;
    assert_eq!(signal["verdict"], "fail", "{signal}");
    assert!(signal["why"].as_str().unwrap().contains("2 firing, 1 new"), "{signal}");
    let new = |name: &str| known.as_array().unwrap().iter().find(|alert| alert["name"] == name).unwrap()["new"].clone();
    assert_eq!((new("Old"), new("Slow")), (false.into(), true.into()), "{known}");

    // The gate asks for none.
    let refused = flight.run(&["promote", &id, "--stage", "after", "--yes"]).ends(3);
    assert!(refused.err.contains("after waits for alerts: fail: 2 firing"), "{refused:#?}");

    // Silenced with a reason, for as long as the stage takes; the other one too.
    flight.run(&["silence", "Slow", &id, "--stage", "work"]).ends(3);
    for name in ["Slow", "Old"] {
        flight.run(&["silence", name, &id, "--stage", "work", "--reason", "the cache is cold"]).ends(0);
    }
    until("silence", async || (alerts(&flight, &id).0["verdict"] == "ok").then_some(())).await;
    let set = silences(&server).await;
    let active = |set: &Value| set.as_array().unwrap().iter().filter(|one| one["status"]["state"] == "active").count();
    assert_eq!(active(&set), 2, "{set}");
    assert_eq!(set[0]["createdBy"], "alice");
    assert!(set[0]["comment"].as_str().unwrap().starts_with("the cache is cold (while work of shop 2.0 is under way"), "{set}");
    assert_eq!(alerts(&flight, &id).1[0]["silenced_by"], "alice");

    // One is taken back early, the other with the end of its stage.
    flight.run(&["silence", "Old", &id, "--end"]).ends(0);
    until("one silence less", async || (active(&silences(&server).await) == 1).then_some(())).await;
    flight.let_end();
    until("the end of the silence", async || (active(&silences(&server).await) == 0).then_some(())).await;
    until("both ends in the journal", async || (flight.count(&id, "silence-ended") == 2).then_some(())).await;
    // What was silenced is heard again.
    let heard = async || {
        let answer = http_client().unwrap().get(format!("{}/api/v2/alerts", server.url())).send().await.ok()?;
        let known: Value = answer.json().await.ok()?;
        known.as_array()?.iter().all(|alert| alert["status"]["state"] == "active").then_some(())
    };
    until("all alerts", heard).await;
}

/// What is set and not yet written down when its driver is killed is found again, and not set twice.
#[tokio::test]
async fn a_silence_outlives_its_driver_and_is_set_once() {
    let Some(server) = Alertmanager::start().await else { return skip("prometheus-alertmanager") };
    let plan = format!(
        r#"service = "shop"

[signals.alerts]
source = "alertmanager"
url    = "{}"
every  = "300ms"

[[stages]]
id  = "work"
run = "while ! test -e end; do sleep 0.1; done"
"#,
        server.url()
    );
    fire(&server, json!({ "alertname": "Slow" })).await;
    let flight = Flight::new(&plan);
    let id = flight.start();
    let mut first = flight.drive(&id, &[]);
    until("the alert", async || (alerts(&flight, &id).1[0]["name"] == "Slow").then_some(())).await;
    flight.run(&["silence", "Slow", &id, "--reason", "known"]).ends(0);
    // It is killed as soon as the silence is there, whether it could write that down or not.
    until("silence", async || silences(&server).await.get(0).map(drop)).await;
    first.kill();
    let mut second = flight.drive(&id, &[]);
    until("that it is known", async || (flight.count(&id, "silence-set") == 1).then_some(())).await;
    flight.let_end();
    second.ends(0);
    let silences = silences(&server).await;
    assert_eq!(silences.as_array().unwrap().len(), 1, "{silences}");
    assert_eq!(silences[0]["status"]["state"], "expired", "{silences}");
}
