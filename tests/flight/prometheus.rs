//! A canary under a signal from a real Prometheus, which stops in the middle and comes back.

use serde_json::Value;

use crate::{
    servers::prometheus::{Prometheus, until},
    support::{Flight, TARGET, named},
};

fn plan(url: &str) -> String {
    format!(
        r#"service = "shop"
{TARGET}
[signals.up]
source  = "prometheus"
url     = "{url}"
query   = 'up{{job="prometheus"}}'
every   = "300ms"
stale   = "2s"
samples = 1
confirm = 1
bad     = "below"
fail    = 0.5

[[stages]]
id  = "beside"
run = "while ! test -e end; do sleep 0.1; done"

[[stages]]
id      = "canary"
needs   = []
target  = "shop"
steps   = [{{ weight = 25, bake = "300ms" }}, {{ weight = 50, bake = "300ms" }}, {{ weight = 100 }}]
signals = ["up"]
"#
    )
}

/// A flight whose canary has a quarter of the traffic, driven, with its server.
async fn at_a_quarter() -> Option<(Prometheus, Flight, String, crate::support::Background)> {
    let server = Prometheus::start(&[]).await?;
    let flight = Flight::new(&plan(&server.url()));
    let id = flight.start();
    let driver = flight.drive(&id, &[]);
    until("a canary that may begin", async || signal(&flight, &id, "ok").filter(|_| state(&flight, &id) == "ready")).await;
    flight.run(&["promote", &id, "--yes"]).ends(0);
    until("a quarter", async || (state(&flight, &id) == "paused").then_some(())).await;
    Some((server, flight, id, driver))
}

fn state(flight: &Flight, id: &str) -> Value {
    flight.stage(id, "canary")["state"].clone()
}

/// The signal, if this is thought of it.
fn signal(flight: &Flight, id: &str, verdict: &str) -> Option<Value> {
    let signal = named(&flight.status(id)["signals"], "up");
    (signal["verdict"] == verdict).then_some(signal)
}

#[tokio::test]
async fn without_its_source_nothing_turns_green() {
    let Some((mut server, flight, id, mut driver)) = at_a_quarter().await else { return };
    server.stop();
    let unknown = until("an unknown signal", async || signal(&flight, &id, "unknown")).await;
    assert!(!unknown["why"].as_str().unwrap().is_empty(), "{unknown}");
    // The age grows while nothing is known.
    let age = unknown["age_seconds"].as_f64().unwrap();
    let older =
        until("its age", async || signal(&flight, &id, "unknown").filter(|now| now["age_seconds"].as_f64().unwrap() > age + 2.0));
    let older = older.await;
    assert_eq!(older["value"], 1.0, "{older}");

    let status = flight.status(&id);
    assert_eq!(status["go"], false);
    let blocker = &status["blockers"][0];
    assert_eq!((&blocker["stage"], &blocker["kind"], &blocker["id"]), (&"canary".into(), &"signal".into(), &"up".into()));
    let refused = flight.run(&["promote", &id, "--yes"]).ends(3);
    assert!(refused.err.contains("up") && refused.err.contains("unknown"), "{refused:#?}");
    assert_eq!(state(&flight, &id), "paused");
    assert_eq!(flight.count(&id, "step-started"), 1);

    assert!(server.start_again().await, "prometheus does not start again");
    until("a signal that is known again", async || signal(&flight, &id, "ok")).await;
    flight.run(&["promote", &id, "--yes"]).ends(0);
    until("half", async || (flight.stage(&id, "canary")["weight"] == 50).then_some(())).await;

    // While it is watched without its source, the watch does not end.
    until("the watch's end", async || (state(&flight, &id) == "paused").then_some(())).await;
    flight.run(&["promote", &id, "--yes"]).ends(0);
    flight.let_end();
    driver.ends(0);
    flight.run(&["verify", &id]).ends(0);
}

#[tokio::test]
async fn without_its_source_the_way_back_is_open() {
    let Some((mut server, flight, id, mut driver)) = at_a_quarter().await else { return };
    server.stop();
    until("an unknown signal", async || signal(&flight, &id, "unknown")).await;
    flight.run(&["rollback", &id, "--yes"]).ends(0);
    driver.ends(1);
    assert_eq!(flight.acts(), ["deploy 2.0", "weight 25", "restore"]);
    assert_eq!(flight.status(&id)["state"], "rolled_back");
}

/// A watch that loses its signal goes on until it is known again.
#[tokio::test]
async fn a_watch_does_not_end_without_its_source() {
    let Some(mut server) = Prometheus::start(&[]).await else { return };
    let flight = Flight::new(&plan(&server.url()).replace("weight = 25, bake = \"300ms\"", "weight = 25, bake = \"2s\""));
    let id = flight.start();
    let _driver = flight.drive(&id, &[]);
    until("a canary that may begin", async || (state(&flight, &id) == "ready").then_some(())).await;
    flight.run(&["promote", &id, "--yes"]).ends(0);
    until("the watch", async || (state(&flight, &id) == "baking").then_some(())).await;
    server.stop();
    until("an unknown signal", async || signal(&flight, &id, "unknown")).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(state(&flight, &id), "baking");
    assert!(server.start_again().await, "prometheus does not start again");
    until("the watch's end", async || (state(&flight, &id) == "paused").then_some(())).await;
}
