//! A real Alertmanager: alerts that fire, are silenced and inhibited, and silences made, found, extended and ended.

use flightdeck::{
    health::{AlertState, Value},
    plan::Server,
    sources::{
        Context, Reading, Sampler,
        alertmanager::{AlertmanagerError, Client},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    LIMIT,
    alertmanager::Alertmanager,
    plain, plan, sampler,
    support::{self, prometheus::until},
};

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

async fn look(sampler: &mut Sampler) -> (Value, String, Vec<(String, AlertState)>) {
    let Reading { sample, alerts, .. } = sampler.sample().await.remove(0);
    let shown = alerts.unwrap().into_iter().map(|alert| (alert.name, alert.state)).collect();
    (sample.value, sample.said.unwrap().why, shown)
}

#[tokio::test]
async fn alerts_and_silences() {
    let Some(server) = Alertmanager::start().await else {
        support::skip("prometheus-alertmanager");
        return;
    };
    let started = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let context = Context { started, ..plain() };
    let signal = |count: &str| {
        plan(&format!(
            "[signals.alerts]\nsource = 'alertmanager'\nurl = '{}'\nmatch = ['service=\"shop\"', 'severity!~\"info|none\"']\n\
             count = '{count}'\ntimeout = '20s'\n",
            server.url()
        ))
    };
    let (mut all, mut new) = (sampler(&signal("all"), &context), sampler(&signal("new"), &context));
    assert_eq!(look(&mut all).await, (Value::Number(0.0), "none firing".to_owned(), vec![]));

    let alert = |name: &str, severity: &str, service: &str, seconds: i64| {
        json!({
            "labels": {"alertname": name, "severity": severity, "service": service, "odd": "a \"b\" \\ c"},
            "annotations": {"summary": format!("{name}\u{1b}[31m is so")},
            "startsAt": after(started, seconds).to_string(),
        })
    };
    server
        .fire(&json!([
            alert("Slow", "page", "shop", -600),
            alert("Errors", "error", "shop", 1),
            alert("Noise", "info", "shop", 1),
            alert("Other", "critical", "stock", 1),
        ]))
        .await;
    let (value, why, shown) = look(&mut all).await;
    assert_eq!(value, Value::Number(2.0));
    assert_eq!(why, "2 firing, 1 new: Errors (error), Slow (page)");
    let firing = |name: &str| (name.to_owned(), AlertState::Firing);
    assert_eq!(shown, [firing("Slow"), firing("Errors")]);
    assert_eq!(look(&mut new).await.0, Value::Number(1.0));
    let reading = all.sample().await.remove(0);
    let slow = &reading.alerts.as_ref().unwrap()[0];
    assert_eq!((slow.since, slow.summary.as_deref()), (after(started, -600), Some("Slow is so")));

    // A critical alert speaks for a warning of the same service.
    server.fire(&json!([alert("Down", "critical", "shop", 2), alert("Weak", "warning", "shop", 2)])).await;
    // That takes Alertmanager a moment.
    let (value, why) = until("the inhibition", async || {
        let (value, why, shown) = look(&mut all).await;
        (shown.last() == Some(&("Weak".to_owned(), AlertState::Inhibited))).then_some((value, why))
    })
    .await;
    assert_eq!(value, Value::Number(3.0));
    assert_eq!(why, "3 firing, 2 new, 1 inhibited: Down (critical), Errors (error), Slow (page)");

    // Silenced for a while, by all of its labels.
    let client = Client::new(&Server::at(&server.url()), &context);
    let mine = "flightdeck release-1 stage-2";
    assert_eq!(client.find_silence(mine, LIMIT).await, Ok(None));
    let now = Timestamp::now();
    let span = (now, after(now, 600));
    let id = client.silence(&slow.labels, span, "alice", &format!("load test ({mine})"), LIMIT).await.unwrap();
    assert_eq!(client.find_silence(mine, LIMIT).await, Ok(Some(id.clone())));
    let (value, why, shown) = look(&mut all).await;
    assert_eq!(value, Value::Number(2.0));
    assert_eq!(why, "2 firing, 2 new, 1 silenced, 1 inhibited: Down (critical), Errors (error)");
    assert!(shown.contains(&("Slow".to_owned(), AlertState::Silenced)), "{shown:?}");
    let longer = client.extend(&id, after(now, 1200), LIMIT).await.unwrap();
    assert_eq!(client.find_silence(mine, LIMIT).await, Ok(Some(longer.clone())));

    // Ended, and ended again, it is as if it had never been.
    client.expire(&longer, LIMIT).await.unwrap();
    client.expire(&longer, LIMIT).await.unwrap();
    client.expire("8d2f8b4e-0000-4000-8000-000000000000", LIMIT).await.unwrap();
    assert_eq!(client.find_silence(mine, LIMIT).await, Ok(None));
    assert_eq!(look(&mut all).await.0, Value::Number(3.0));
    assert_eq!(client.extend(&longer, after(now, 1800), LIMIT).await, Err(AlertmanagerError::NoSilence));

    // What it refuses, it refuses in its words.
    let backwards = client.silence(&slow.labels, (now, after(now, -600)), "alice", "x", LIMIT).await;
    assert!(matches!(&backwards, Err(AlertmanagerError::Refused(why)) if !why.is_empty()), "{backwards:?}");
}
