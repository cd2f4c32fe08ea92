//! A real VictoriaMetrics, which speaks Prometheus' API and differs in what is new, in what is refused and in what is old.

use std::{fmt::Write as _, process::Command};

use flightdeck::{
    health::{Count, Sample, Series, Unknown, Value, Verdict, judge},
    sources::prometheus::QueryError,
};
use jiff::{SignedDuration, Timestamp};

use crate::{LIMIT, client, of, plain, plan, sampler, signals, support::prometheus::until, victoria::Victoria};

/// So many seconds ago, to the millisecond.
fn ago(seconds: i64) -> Timestamp {
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    now - SignedDuration::from_secs(seconds)
}

fn line(series: &str, value: f64, at: Timestamp) -> String {
    format!("{series} {value} {}\n", at.as_millisecond())
}

#[tokio::test]
async fn numbers_of_every_kind_in_one_group() {
    let Some(server) = Victoria::start().await else { return };
    let (new, died) = (ago(3), ago(70));
    let old = |series: &str, value: f64| -> String {
        (0..20).map(|n| line(series, value, died - SignedDuration::from_secs(5 * n))).collect()
    };
    server
        .write(
            &[line("up{job=\"a\"}", 1.0, new), line("up{job=\"b\"}", 0.0, new), old("dead{i=\"1\"}", 5.0), old("dead", 6.0)]
                .concat(),
        )
        .await;
    let none = || Value::Missing(Unknown::NoData);
    let cases = [
        ("own", "up{job=\"a\"}", Value::Number(1.0)),
        ("down", "up{job=\"b\"}", Value::Number(0.0)),
        ("sum", "sum(up)", Value::Number(1.0)),
        ("comment", "sum(up) # of all", Value::Number(1.0)),
        ("scalar", "21 * 2", Value::Number(42.0)),
        ("comparison", "sum(up) > 0", Value::Number(1.0)),
        ("joined", "sum(nothing_of_that_name) or vector(0)", Value::Number(0.0)),
        ("nothing", "sum(nothing_of_that_name)", none()),
        ("nan", "vector(0) / 0", none()),
        ("inf", "vector(1) / 0", Value::Missing(Unknown::NotANumber)),
        ("several", "up", Value::Missing(Unknown::Error(QueryError::Several(2).to_string()))),
        ("dead", "dead{i=\"1\"}", Value::Number(5.0)),
        ("dead-sum", "sum(dead) / count(up)", Value::Number(5.5)),
        ("many-to-many", "up * on(nothing) up", none()),
        ("wrong", "sum((", none()),
    ];
    let queries: Vec<(&str, &str)> = cases.iter().map(|(id, query, _)| (*id, *query)).collect();
    let plan = plan(&signals(&server.url(), &queries));
    let mut group = sampler(&plan, &plain());
    for round in 0..3 {
        let readings = group.sample().await;
        for (id, query, expected) in &cases {
            let value = &of(&readings, id).value;
            match (*id, value) {
                ("wrong", Value::Missing(Unknown::Error(why))) => assert!(why.contains("unexpected token"), "{why}"),
                ("many-to-many", Value::Missing(Unknown::Error(why))) => assert!(why.contains("duplicate time series"), "{why}"),
                _ => assert_eq!(value, expected, "{query}, round {round}"),
            }
        }
        // Each is as old as the oldest of what it is made of, and what is new is not held back.
        for (id, expected) in [("own", new), ("sum", new), ("dead", died), ("dead-sum", died)] {
            assert_eq!(of(&readings, id).at, expected, "{id}, round {round}");
        }
    }
    let sample = of(&group.sample().await, "dead").clone();
    let judgement = judge(&plan.signals["dead"], &[sample].into_iter().collect::<Series>(), Timestamp::now());
    assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
    assert!(judgement.why.starts_with("stale"), "{judgement:?}");

    for (query, expected) in
        [("sum(up) == 1", true), ("sum(up) == 2", false), ("sum(up) == bool 2", false), ("1 == bool 2", false)]
    {
        assert_eq!(client(&server.url()).holds(query, LIMIT).await, Ok(expected), "{query}");
    }
}

#[tokio::test]
async fn requests_are_counted_one_by_one() {
    let Some(server) = Victoria::start().await else { return };
    let plan = plan(&format!(
        "[signals.errors]\nsource = 'prometheus'\nurl = '{}'\nevery = '1s'\ntimeout = '20s'\nunit = 'percent'\n\
         ratio = {{ of = 'r_total{{code=~\"5..\"}}', over = 'r_total' }}\n",
        server.url()
    ));
    let mut group = sampler(&plan, &plain());
    let mut take = async |written: &[(&str, f64)], at: Timestamp| {
        let lines: String =
            written.iter().map(|(code, value)| line(&format!("r_total{{code=\"{code}\"}}"), *value, at)).collect();
        server.write(&lines).await;
        let sample = of(&group.sample().await, "errors").clone();
        (sample.value, sample.count, sample.at)
    };
    let (first, second, third) = (ago(20), ago(10), ago(3));
    assert_eq!(take(&[("200", 1000.0)], first).await.0, Value::Missing(Unknown::NoData), "nothing has grown yet");
    // The first three failures there ever were, of a hundred requests.
    let count = Some(Count { events: 3.0, trials: 100.0 });
    assert_eq!(take(&[("200", 1097.0), ("500", 3.0)], second).await, (Value::Number(3.0), count, second));
    // A restart.
    let count = Some(Count { events: 2.0, trials: 12.0 });
    let (value, found, at) = take(&[("200", 10.0), ("500", 2.0)], third).await;
    assert_eq!((found, at), (count, third));
    assert!(value.number().is_some_and(|share| (share - 500.0 / 112.0).abs() < 1e-9), "{value:?}");
}

/// Counters and a latency of ten minutes until now, every five seconds; the canary is slow and fails.
fn ten_minutes(now: Timestamp) -> String {
    let mut lines = String::new();
    for n in 0..=120_i32 {
        let at = (now - SignedDuration::from_secs(i64::from(600 - 5 * n))).as_millisecond();
        for (track, errors, latency) in [("canary", n, 0.30), ("stable", 0, 0.10)] {
            // Some noise, the same for both.
            let latency = latency + f64::from(n * 7 % 10) / 1000.0;
            writeln!(lines, "latency{{track=\"{track}\"}} {latency} {at}").unwrap();
            writeln!(lines, "requests_total{{track=\"{track}\",code=\"200\"}} {} {at}", n * 10 - errors).unwrap();
            writeln!(lines, "requests_total{{track=\"{track}\",code=\"500\"}} {errors} {at}").unwrap();
        }
    }
    lines
}

#[tokio::test]
async fn the_past_and_a_judgement_by_it() {
    let Some(server) = Victoria::start().await else { return };
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    server.write(&ten_minutes(now)).await;
    let queries = [("plain", "latency{track=\"canary\"}"), ("rate", "sum(rate(requests_total[30s]))"), ("wrong", "sum((")];
    let plan = plan(&signals(&server.url(), &queries).replace("every = '1s'", "every = '5s'"));
    let from = now - SignedDuration::from_secs(300);
    let past = sampler(&plan, &plain()).past(|_| from, Timestamp::now()).await;
    let of_it = |id: &str| -> Vec<&Sample> {
        past.iter().filter(|reading| reading.signal == id).map(|reading| &reading.sample).collect()
    };
    assert!(of_it("wrong").is_empty());
    for (id, expected) in [("plain", 0.30..0.31), ("rate", 3.9..4.1)] {
        let samples = of_it(id);
        assert!((50..=60).contains(&samples.len()), "{id}: {}", samples.len());
        assert!(samples.windows(2).all(|pair| pair[0].at < pair[1].at), "{id}: {samples:?}");
        assert!(samples.iter().all(|sample| sample.value.number().is_some_and(|value| expected.contains(&value))), "{samples:?}");
    }
    assert!(of_it("plain").iter().all(|sample| (now.as_second() - sample.at.as_second()) % 5 == 0), "when it was written");

    let judged = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
            .args(["judge", "--prometheus", &server.url(), "--from", "9m", "--step", "5s"])
            .args(arguments)
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), said)
    };
    let (code, said) =
        judged(&["--canary", "latency{track=\"canary\"}", "--baseline", "latency{track=\"stable\"}", "--name", "latency"]);
    assert!(code == Some(1) && said.contains("latency is "), "{said}");
    let (code, said) = judged(&[
        "--canary-events",
        "requests_total{track=\"canary\",code=\"500\"}",
        "--canary-trials",
        "requests_total{track=\"canary\"}",
        "--baseline-events",
        "requests_total{track=\"stable\",code=\"500\"}",
        "--baseline-trials",
        "requests_total{track=\"stable\"}",
        "--absolute",
        "0.02",
        "--name",
        "errors",
    ]);
    assert!(code == Some(1) && said.contains(" beside 0 of "), "{said}");
    let (code, said) = judged(&["--canary", "sum((", "--baseline", "latency"]);
    assert!(code == Some(2) && said.contains("--canary: ") && said.contains("unexpected token"), "{said}");
}

#[tokio::test]
async fn what_is_written_is_soon_seen() {
    let Some(server) = Victoria::start().await else { return };
    let written = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    server.write(&line("fresh", 1.0, written)).await;
    let client = client(&server.url());
    let point = until("the sample", async || client.number("fresh", LIMIT).await.ok()?).await;
    assert_eq!((point.value, point.at), (1.0, written), "it is evaluated for now, and not for half a minute ago");
    assert!(written.duration_until(Timestamp::now()) < SignedDuration::from_secs(20));
}
