//! A real Prometheus server: numbers, batches, true times, counters, the past.

use flightdeck::{
    health::{Count, Sample, Series, Unknown, Value, Verdict, judge},
    sources::{Reading, Sampler, prometheus::QueryError},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    LIMIT, Page, client, of, plain, plan, sampler, signals,
    support::prometheus::{Prometheus, Setup, until},
};

const OWN: &str = r#"up{job="prometheus"}"#;

#[tokio::test]
async fn numbers_of_every_kind_in_one_group() {
    let Some(mut server) = Prometheus::start(&["127.0.0.1:1"]).await else { return };
    let client = client(&server.url());
    for job in ["prometheus", "test"] {
        let query = format!("up{{job=\"{job}\"}}");
        until("the first scrape", async || client.number(&query, LIMIT).await.ok()?).await;
    }
    let several = Value::Missing(Unknown::Error(QueryError::Several(2).to_string()));
    let error = |why: &str| Value::Missing(Unknown::Error(why.into()));
    let none = || Value::Missing(Unknown::NoData);
    let cases = [
        ("own", OWN, Value::Number(1.0)),
        ("down", r#"up{job="test"}"#, Value::Number(0.0)),
        ("sum", "sum(up)", Value::Number(1.0)),
        ("comment", "sum(up) # of all", Value::Number(1.0)),
        ("scalar", "21 * 2", Value::Number(42.0)),
        ("vector", "vector(0.5)", Value::Number(0.5)),
        ("comparison", "sum(up) > 0", Value::Number(1.0)),
        ("joined", "sum(up) or vector(0)", Value::Number(1.0)),
        ("subquery", "max_over_time(vector(1)[5s:1s])", Value::Number(1.0)),
        ("nothing", "nothing_of_that_name", none()),
        ("sum-of-nothing", "sum(nothing_of_that_name)", none()),
        ("absent", "absent(nothing_of_that_name)", Value::Number(1.0)),
        ("nan", "vector(0) / 0", Value::Missing(Unknown::NotANumber)),
        ("inf", "vector(1) / 0", Value::Missing(Unknown::NotANumber)),
        ("several", "up", several),
        ("matrix", "up[5m]", error("the query yields a matrix, not a number")),
        ("text", "'words'", error("the query yields a string, not a number")),
        ("many-to-many", "up * on(nothing) up", none()),
        ("wrong", "sum((", none()),
    ];
    let queries: Vec<(&str, &str)> = cases.iter().map(|(id, query, _)| (*id, *query)).collect();
    let plan = plan(&signals(&server.url(), &queries));
    let context = plain();
    let mut group = sampler(&plan, &context);
    for round in 0..3 {
        let readings = group.sample().await;
        for (id, query, expected) in &cases {
            let value = &of(&readings, id).value;
            match (*id, value) {
                ("wrong", Value::Missing(Unknown::Error(why))) => assert!(why.starts_with("bad_data: "), "{why}"),
                ("many-to-many", Value::Missing(Unknown::Error(why))) => assert!(why.starts_with("execution: "), "{why}"),
                _ => assert_eq!(value, expected, "{query}, round {round}"),
            }
        }
    }

    // Comparisons, as checks make them.
    for (query, expected) in [
        (r#"up{job="prometheus"} == 1"#, true),
        (r#"up{job="prometheus"} == 0"#, false),
        (r#"up{job="test"} == 0"#, true),
        (r#"up{job="prometheus"} == bool 0"#, false),
        ("1 == bool 1", true),
        ("1 == bool 2", false),
    ] {
        assert_eq!(client.holds(query, LIMIT).await, Ok(expected), "{query}");
    }

    // The past, with the true times of what was sampled.
    // Steps lie on whole seconds, and the server may have scraped only since the last one.
    let past = until("the past", async || {
        let now = Timestamp::now();
        let back = |seconds: i64| now.saturating_add(SignedDuration::from_secs(-seconds)).unwrap();
        let past = group.past(|id| if id == "own" { back(60) } else { back(5) }, now).await;
        let known = |reading: &Reading| reading.signal == "own" && reading.sample.value.number().is_some();
        past.iter().any(known).then_some(past)
    })
    .await;
    let own: Vec<&Sample> = past.iter().filter(|reading| reading.signal == "own").map(|reading| &reading.sample).collect();
    assert!(own.windows(2).all(|pair| pair[0].at < pair[1].at), "{own:?}");
    assert_eq!(own[0].value, none(), "before the server was there");
    assert!(own.iter().any(|sample| sample.value == Value::Number(1.0)), "{own:?}");
    let constant: Vec<&Reading> = past.iter().filter(|reading| reading.signal == "vector").collect();
    assert!((5..=6).contains(&constant.len()), "a sample each second: {constant:?}");
    assert!(constant.iter().all(|reading| reading.sample.value == Value::Number(0.5)));
    assert!(!past.iter().any(|reading| reading.signal == "wrong"));

    // Stopped, its signals are unknown and never healthy; started again, they recover.
    let mut series = Series::new();
    let watched = &plan.signals["own"];
    let look = async |series: &mut Series, group: &mut Sampler| {
        series.push(of(&group.sample().await, "own").clone());
        judge(watched, series, Timestamp::now())
    };
    assert_eq!(look(&mut series, &mut group).await.verdict, Verdict::Ok);
    server.stop();
    let judgement = look(&mut series, &mut group).await;
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert!(judgement.why.starts_with("cannot connect to 127.0.0.1:"), "{judgement:?}");
    assert!(server.start_again().await);
    until("the recovery", async || (look(&mut series, &mut group).await.verdict == Verdict::Ok).then_some(())).await;
}

/// A page as an agent shows it that still answers and measures no more: its samples have the time of the last measurement.
fn old(at: Timestamp) -> String {
    let millis = at.as_millisecond();
    format!("old{{i=\"1\"}} 5 {millis}\nold{{i=\"2\"}} 6 {millis}\n")
}

#[tokio::test]
async fn a_dead_series_does_not_look_alive() {
    let died = Timestamp::from_second(Timestamp::now().as_second() - 60).unwrap();
    let page = Page::start("text/plain; version=0.0.4", old(died).as_bytes());
    let Some(server) = Prometheus::start(&[&page.address]).await else { return };
    let client = client(&server.url());
    until("the first scrape", async || client.number("sum(old)", LIMIT).await.ok()?).await;
    let queries = [
        ("plain", r#"old{i="1"}"#),
        ("sum", "sum(old)"),
        ("quotient", "sum(old) / count(up)"),
        ("by", "max(sum by (job) (old)) * 2"),
        ("window", "max_over_time(old{i=\"1\"}[5m])"),
        ("shifted", "sum(old offset 1s)"),
        ("alive", "sum(up)"),
    ];
    let plan = plan(&signals(&server.url(), &queries));
    let readings = sampler(&plan, &plain()).sample().await;
    for id in ["plain", "sum", "quotient", "by"] {
        let sample = of(&readings, id);
        assert!(sample.value.number().is_some(), "the server takes it to be alive: {sample:?}");
        assert_eq!(sample.at, died, "{id}");
    }
    for id in ["window", "shifted", "alive"] {
        assert!(of(&readings, id).at > died, "{id}");
    }
    let signal = &plan.signals["sum"];
    let series: Series = [of(&readings, "sum").clone()].into_iter().collect();
    let judgement = judge(signal, &series, Timestamp::now());
    assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
    assert!(judgement.why.starts_with("stale"), "{judgement:?}");
}

#[tokio::test]
async fn requests_are_counted_one_by_one() {
    let page = |ok: u32, bad: u32| {
        let bad = if bad == 0 { String::new() } else { format!("r_total{{code=\"500\"}} {bad}\n") };
        format!("# TYPE r_total counter\nr_total{{code=\"200\"}} {ok}\n{bad}")
    };
    let shown = Page::start("text/plain; version=0.0.4", page(1000, 0).as_bytes());
    let Some(server) = Prometheus::start(&[&shown.address]).await else { return };
    let client = client(&server.url());
    until("the first scrape", async || client.number("sum(r_total)", LIMIT).await.ok()?).await;
    let plan = plan(&format!(
        "[signals.errors]\nsource = 'prometheus'\nurl = '{}'\nevery = '1s'\ntimeout = '20s'\nunit = 'percent'\n\
         ratio = {{ of = 'r_total{{code=~\"5..\"}}', over = 'r_total' }}\n",
        server.url()
    ));
    let mut group = sampler(&plan, &plain());
    assert_eq!(of(&group.sample().await, "errors").value, Value::Missing(Unknown::NoData), "nothing has grown yet");
    let mut grown = async |ok, bad| {
        shown.show(page(ok, bad).as_bytes());
        until("growth", async || {
            let readings = group.sample().await;
            let sample = of(&readings, "errors");
            let count = sample.count.filter(|count| count.trials > 0.0)?;
            Some((sample.value.clone(), count, sample.at))
        })
        .await
    };
    // The first three failures there ever were, of a hundred requests; PromQL's `increase` sees none of them.
    let (value, count, at) = grown(1097, 3).await;
    assert_eq!((value, count), (Value::Number(3.0), Count { events: 3.0, trials: 100.0 }));
    // The sample is the same until there is something new, and the service starts over then.
    let (value, again, same) = grown(1097, 3).await;
    assert_eq!((value, again, same), (Value::Number(3.0), count, at));
    let (_, count, later) = until("a restart", async || {
        let (value, count, at) = grown(10, 2).await;
        (count.trials < 100.0).then_some((value, count, at))
    })
    .await;
    assert_eq!(count, Count { events: 2.0, trials: 12.0 });
    assert!(later > at);
}

/// A native histogram as Prometheus' client libraries show it, in the one format that has them: ten values from 1 to 2.
fn native() -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let double = |number: u8, value: f64| [&[number << 3 | 1], value.to_le_bytes().as_slice()].concat();
    // sample_count, sample_sum, schema, zero_threshold, zero_count, positive_span, positive_delta; see metrics.proto.
    let histogram = [
        vec![1 << 3, 10],
        double(2, 15.0),
        vec![5 << 3, 0],
        double(6, 1e-128),
        vec![7 << 3, 0],
        field(12, &[1 << 3, 2, 2 << 3, 1]),
        vec![13 << 3, 20],
    ]
    .concat();
    let family = [field(1, b"native"), vec![3 << 3, 4], field(4, &field(7, &histogram))].concat();
    [vec![u8::try_from(family.len()).unwrap()], family].concat()
}

#[tokio::test]
async fn native_histograms_are_computed_with() {
    let kind = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let page = Page::start(kind, &native());
    let setup = Setup { features: vec!["native-histograms"], web: None };
    let Some(server) = Prometheus::start_with(&[&page.address], &setup).await else { return };
    let client = client(&server.url());
    until("the first scrape", async || client.number("histogram_count(native)", LIMIT).await.ok()?).await;
    let queries = [
        ("raw", "native"),
        ("sum", "sum(native)"),
        ("count", "histogram_count(native)"),
        ("median", "histogram_quantile(0.5, sum(native))"),
        ("up", r#"up{job="test"}"#),
    ];
    let plan = plan(&signals(&server.url(), &queries));
    let mut group = sampler(&plan, &plain());
    let readings = group.sample().await;
    let wrong = Value::Missing(Unknown::Error(QueryError::Histogram.to_string()));
    assert_eq!(of(&readings, "raw").value, wrong);
    assert_eq!(of(&readings, "sum").value, wrong);
    assert_eq!(of(&readings, "count").value, Value::Number(10.0));
    assert_eq!(of(&readings, "up").value, Value::Number(1.0));
    let median = of(&readings, "median").value.number().unwrap();
    assert!((1.0..=2.0).contains(&median), "{median}");
    // Steps lie on whole seconds, and the server may have scraped only since the last one.
    until("the past", async || {
        let now = Timestamp::now();
        let past = group.past(|_| now - SignedDuration::from_secs(2), now).await;
        past.iter().any(|reading| reading.signal == "raw" && reading.sample.value == wrong).then_some(())
    })
    .await;
}
