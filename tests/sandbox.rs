//! The demo's world, over its real ports.
#![cfg(test)]

use std::time::{Duration, Instant};

use flightdeck::sandbox::{Ceiling, Fault, Options, SandboxError, World, load_test, migrate, smoke_test};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const STABLE: &str = "2.3.7";
const CANDIDATE: &str = "2.4.0";

/// A world with no customers but those of the test.
async fn world(fault: Fault, rate: f64) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (stable, candidate) = (STABLE.to_owned(), CANDIDATE.to_owned());
    let options = Options { stable, candidate, fault, rate, folder: folder.path().to_owned() };
    (World::start(options).await.unwrap(), folder)
}

fn authority(url: &str) -> &str {
    url.strip_prefix("http://").unwrap().split('/').next().unwrap()
}

/// One request on a connection of its own.
async fn ask(method: &str, url: &str, headers: &str, body: &str) -> (u16, String) {
    let authority = authority(url);
    let path = url.split_once(authority).map(|(_, path)| path).filter(|path| !path.is_empty()).unwrap_or("/");
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

async fn get(url: &str) -> (u16, String) {
    ask("GET", url, "", "").await
}

async fn control(world: &World, call: &str, body: &str) -> (u16, serde_json::Value) {
    let method = if call == "observe" { "GET" } else { "POST" };
    let (status, body) = ask(method, &format!("{}/{call}", world.control_url()), "", body).await;
    (status, serde_json::from_str(&body).unwrap())
}

async fn fly(world: &World, weight: u8) {
    assert_eq!(control(world, "deploy", r#"{"version":"2.4.0"}"#).await.0, 200);
    assert_eq!(control(world, "weight", &format!(r#"{{"weight":{weight}}}"#)).await.0, 200);
}

/// The value of a series, as written on a page of metrics.
fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is missing in\n{page}")).parse().unwrap()
}

fn state(candidate: Option<&str>, weight: u8) -> serde_json::Value {
    match candidate {
        Some(candidate) => serde_json::json!({"stable": STABLE, "candidate": candidate, "weight": weight}),
        None => serde_json::json!({"stable": STABLE, "weight": weight}),
    }
}

#[tokio::test]
async fn traffic_is_split_by_weight_and_every_request_is_counted() {
    let (world, _folder) = world(Fault::None, 0.0).await;
    fly(&world, 25).await;
    let mut by_candidate = 0;
    for nth in 0..120 {
        let (status, body) = get(&format!("{}/?page={nth}", world.balancer_url())).await;
        assert_eq!(status, 200);
        by_candidate += u32::from(body.starts_with("shop 2.4.0,"));
    }
    assert_eq!(by_candidate, 30);

    let proxy = get(&world.proxy_metrics_url()).await.1;
    for (series, expected) in [
        (r#"proxy_requests_total{track="stable",code="200"}"#, 90.0),
        (r#"proxy_requests_total{track="candidate",code="200"}"#, 30.0),
        (r#"proxy_requests_total{track="candidate",code="502"}"#, 0.0),
        (r#"proxy_request_duration_seconds_count{track="stable"}"#, 90.0),
        (r#"proxy_request_duration_seconds_count{track="candidate"}"#, 30.0),
        (r#"proxy_request_duration_seconds_bucket{track="candidate",le="+Inf"}"#, 30.0),
        ("proxy_candidate_weight", 25.0),
    ] {
        assert_eq!(value(&proxy, series), expected, "{series}");
    }
    assert!(value(&proxy, r#"proxy_request_duration_seconds_sum{track="stable"}"#) > 0.0);

    let stable = get(&world.stable_metrics_url()).await.1;
    assert_eq!(value(&stable, r#"http_requests_total{service="shop",version="2.3.7",code="200"}"#), 90.0);
    assert_eq!(value(&stable, r#"http_request_duration_seconds_count{service="shop",version="2.3.7"}"#), 90.0);
    assert_eq!(value(&stable, r#"http_requests_in_flight{service="shop",version="2.3.7"}"#), 0.0);
    let started = value(&stable, r#"process_start_time_seconds{service="shop",version="2.3.7"}"#);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((0.0..60.0).contains(&(now - started)), "{started}");
    world.stop().await;
}

#[tokio::test]
async fn errors_show_once_customers_come_and_not_in_staging() {
    let (world, _folder) = world(Fault::Errors, 0.0).await;
    for _ in 0..40 {
        assert_eq!(get(&world.staging_url()).await.0, 200);
    }
    fly(&world, 100).await;
    let mut codes = Vec::new();
    for _ in 0..60 {
        codes.push(get(&world.balancer_url()).await.0);
    }
    assert!(codes[..20].iter().all(|code| *code == 200), "{codes:?}");
    assert_eq!(codes[20..].iter().filter(|code| **code == 500).count(), 10, "{codes:?}");
    let proxy = get(&world.proxy_metrics_url()).await.1;
    assert_eq!(value(&proxy, r#"proxy_requests_total{track="candidate",code="200"}"#), 50.0);
    assert_eq!(value(&proxy, r#"proxy_requests_total{track="candidate",code="500"}"#), 10.0);
    world.stop().await;
}

#[tokio::test]
async fn latency_is_really_waited_for() {
    let (world, _folder) = world(Fault::Latency, 0.0).await;
    fly(&world, 100).await;
    for _ in 0..20 {
        get(&world.balancer_url()).await;
    }
    let began = Instant::now();
    for _ in 0..2 {
        assert_eq!(get(&world.balancer_url()).await.0, 200);
    }
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    let proxy = get(&world.proxy_metrics_url()).await.1;
    let beyond = value(&proxy, r#"proxy_request_duration_seconds_count{track="candidate"}"#)
        - value(&proxy, r#"proxy_request_duration_seconds_bucket{track="candidate",le="0.2"}"#);
    assert!(beyond >= 2.0, "{beyond}");
    world.stop().await;
}

#[tokio::test]
async fn a_crash_closes_the_port_and_the_balancer_says_so() {
    let (world, _folder) = world(Fault::Crash, 0.0).await;
    fly(&world, 100).await;
    for nth in 0..25 {
        assert_eq!(get(&world.balancer_url()).await.0, if nth < 20 { 200 } else { 502 }, "{nth}");
    }
    let proxy = get(&world.proxy_metrics_url()).await.1;
    assert_eq!(value(&proxy, r#"proxy_requests_total{track="candidate",code="502"}"#), 5.0);
    // What is deployed again is a new instance, with the share it has.
    assert_eq!(control(&world, "deploy", r#"{"version":"2.4.0"}"#).await, (200, state(Some(CANDIDATE), 100)));
    assert_eq!(get(&world.balancer_url()).await.0, 200);
    assert_eq!(control(&world, "rollback", "").await, (200, state(None, 0)));
    let (status, body) = get(&world.balancer_url()).await;
    assert!(status == 200 && body.starts_with("shop 2.3.7,"), "{body}");
    world.stop().await;
}

#[tokio::test]
async fn every_call_of_the_control_may_be_repeated() {
    let (world, _folder) = world(Fault::None, 0.0).await;
    let deploy = r#"{"version":"2.4.0"}"#;
    for _ in 0..2 {
        assert_eq!(control(&world, "rollback", "").await, (200, state(None, 0)));
    }
    for _ in 0..2 {
        assert_eq!(control(&world, "deploy", deploy).await, (200, state(Some(CANDIDATE), 0)));
    }
    for _ in 0..2 {
        assert_eq!(control(&world, "weight", r#"{"weight":5}"#).await, (200, state(Some(CANDIDATE), 5)));
    }
    // A late repetition of an earlier call does not take the traffic away.
    assert_eq!(control(&world, "deploy", deploy).await, (200, state(Some(CANDIDATE), 5)));
    assert_eq!(control(&world, "deploy", r#"{"version":"2.5.0"}"#).await.0, 409);
    assert_eq!(control(&world, "weight", r#"{"weight":100}"#).await, (200, state(Some(CANDIDATE), 100)));
    assert_eq!(control(&world, "observe", "").await, (200, state(Some(CANDIDATE), 100)));
    // The next version finds this one as the stable one.
    let (status, observed) = control(&world, "deploy", r#"{"version":"2.5.0"}"#).await;
    assert_eq!((status, &observed), (200, &serde_json::json!({"stable": "2.4.0", "candidate": "2.5.0", "weight": 0})));
    assert!(get(&world.balancer_url()).await.1.starts_with("shop 2.4.0,"));
    world.stop().await;
}

#[tokio::test]
async fn the_control_refuses_what_makes_no_sense() {
    let (world, _folder) = world(Fault::None, 0.0).await;
    let long = format!(r#"{{"version":"{}"}}"#, "1".repeat(65));
    let huge = format!(r#"{{"version":"{}"}}"#, "1".repeat(5000));
    for (call, body, expected) in [
        ("deploy", "", 400),
        ("deploy", "not json", 400),
        ("deploy", "{}", 400),
        ("deploy", r#"{"version":7}"#, 400),
        ("deploy", r#"{"version":""}"#, 400),
        ("deploy", r#"{"version":"a b"}"#, 400),
        ("deploy", r#"{"version":"\u001b[2J"}"#, 400),
        ("deploy", r#"{"version":"2.4.0","weight":5}"#, 400),
        ("deploy", &long, 400),
        ("deploy", &huge, 413),
        ("deploy", r#"{"version":"2.3.7"}"#, 409),
        ("weight", r#"{"weight":101}"#, 400),
        ("weight", r#"{"weight":-1}"#, 400),
        ("weight", r#"{"weight":2.5}"#, 400),
        ("weight", r#"{"weight":"5"}"#, 400),
        ("weight", r#"{"weight":5}"#, 409),
        ("finish", "", 404),
    ] {
        let (status, answer) = control(&world, call, body).await;
        assert_eq!(status, expected, "{call} {body}: {answer}");
        let why = answer["error"].as_str().unwrap();
        assert!(!why.is_empty() && !why.contains('\u{1b}'), "{why}");
    }
    let url = world.control_url();
    assert_eq!(ask("GET", &format!("{url}/rollback"), "", "").await.0, 405);
    assert_eq!(ask("POST", &format!("{url}/rollback"), "origin: http://evil.example\r\n", "").await.0, 403);
    assert_eq!(control(&world, "observe", "").await, (200, state(None, 0)));
    world.stop().await;
}

#[tokio::test]
async fn customers_come_steadily_and_are_counted() {
    let (world, _folder) = world(Fault::None, 100.0).await;
    fly(&world, 50).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while world.stats().good < 30 {
        assert!(Instant::now() < deadline, "{:?}", world.stats());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stats = world.stats();
    assert_eq!((stats.errors, stats.unanswered, stats.skipped), (0, 0, 0));
    let proxy = get(&world.proxy_metrics_url()).await.1;
    let passed: f64 = ["stable", "candidate"]
        .map(|track| value(&proxy, &format!(r#"proxy_requests_total{{track="{track}",code="200"}}"#)))
        .iter()
        .sum();
    assert!(passed >= stats.good as f64, "{passed} {stats:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_load_test_judges_and_a_smoke_test_checks_every_answer() {
    let (world, _folder) = world(Fault::Errors, 0.0).await;
    let ceiling = Ceiling { error_percent: 0.0, p95: Duration::from_secs(5) };
    let mut out = Vec::new();
    let lasts = Duration::from_millis(400);
    let report = load_test(&world.staging_url(), 50.0, lasts, ceiling, &mut out).await.unwrap();
    assert_eq!((report.stats.sent, report.stats.good), (20, 20));
    assert!(report.passed(), "{report}");
    assert!(report.quantile(0.5) <= report.quantile(0.95) && report.quantile(0.95) <= report.quantile(1.0));
    assert!(report.to_string().ends_with("passed") && report.to_string().contains("20 good"), "{report}");
    let staging = get(&format!("{}/metrics", world.staging_url())).await.1;
    assert_eq!(value(&staging, r#"http_requests_total{service="shop",version="2.4.0",code="200"}"#), 20.0);

    let hasty = Ceiling { p95: Duration::ZERO, ..ceiling };
    let report = load_test(&world.staging_url(), 50.0, lasts, hasty, &mut out).await.unwrap();
    assert!(!report.passed() && report.to_string().contains("p95 is"), "{report}");
    fly(&world, 100).await;
    let report = load_test(&world.balancer_url(), 100.0, lasts, ceiling, &mut out).await.unwrap();
    assert_eq!(report.stats.errors, 5, "{report}");
    assert!(!report.passed());
    for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(load_test(&world.staging_url(), nonsense, lasts, ceiling, &mut out).await.is_err(), "{nonsense}");
    }

    smoke_test(&world.staging_url(), CANDIDATE, 8, &mut out).await.unwrap();
    let error = smoke_test(&world.staging_url(), STABLE, 8, &mut out).await.unwrap_err();
    assert_eq!(error.to_string(), "version 2.4.0 answers, not 2.3.7");
    let url = world.staging_url();
    world.stop().await;
    let report = load_test(&url, 50.0, lasts, ceiling, &mut out).await.unwrap();
    assert!(!report.passed() && report.error_percent() == 100.0, "{report}");
    assert!(matches!(smoke_test(&url, CANDIDATE, 1, &mut out).await, Err(SandboxError::Failed(_))));
}

#[test]
fn a_migration_goes_up_down_and_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("it's a shop.db");
    let copy = folder.path().join("backup").join("shop.db");
    migrate::create_with(&database, 60).unwrap();
    assert!(migrate::create_with(&database, 60).is_err(), "an existing database is not written over");
    let before = migrate::verify(&database).unwrap();
    assert_eq!((before.schema, before.orders, before.pseudonyms), (1, 60, 0));

    let mut out = Vec::new();
    for round in 0..2 {
        migrate::backup(&database, &copy, &mut out).unwrap();
        assert_eq!(migrate::verify(&copy).unwrap(), before, "{round}");
        migrate::up(&database, &mut out).unwrap();
        let after = migrate::verify(&database).unwrap();
        assert_eq!((after.schema, after.orders, after.pseudonyms, after.cents), (2, 60, 60, before.cents));
        migrate::up(&database, &mut out).unwrap();
        assert_eq!(migrate::verify(&database).unwrap(), after);
        for _ in 0..2 {
            migrate::down(&database, &mut out).unwrap();
            assert_eq!(migrate::verify(&database).unwrap(), before);
        }
    }
    let said = String::from_utf8(out).unwrap();
    assert!(said.contains("migrate up: 60 of 60 orders, 100 %") && said.contains("at version 2 already"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path().join("backup")).unwrap().count(), 1, "nothing unfinished is left");

    std::fs::write(&copy, "this is no database, however long it may be").unwrap();
    assert!(migrate::verify(&copy).is_err());
    assert!(migrate::up(&folder.path().join("missing.db"), &mut Vec::new()).is_err());
    assert!(!folder.path().join("missing.db").exists());
}

#[tokio::test]
async fn a_world_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap().path().join("missing");
    let (stable, candidate) = (STABLE.to_owned(), CANDIDATE.to_owned());
    let error = World::start(Options { stable, candidate, fault: Fault::None, rate: 0.0, folder }).await.unwrap_err().to_string();
    assert!(error.contains("shop.db"), "{error}");
}
