//! Sources against real servers: Prometheus, and TLS by OpenSSL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use flightdeck::{
    health::{Sample, Series, Unknown, Value, Verdict, judge},
    plan::{Duration as PlanDuration, Endpoints, Measure, Place, ProbeMeasure, Question, Side, Signal, Source},
    sources::{
        Context, Memory, backfill,
        http::http_client,
        prometheus::{QueryError, holds, instant, range},
        sample,
    },
};
use jiff::{SignedDuration, Timestamp};
use support::prometheus::{Prometheus, until};

const LIMIT: Duration = Duration::from_secs(20);

fn signal(source: Source) -> Signal {
    Signal {
        title: None,
        source,
        unit: String::new(),
        scale: None,
        every: PlanDuration::from_secs(1),
        timeout: Some(PlanDuration::from_secs(10)),
        bad: Side::Above,
        warn: None,
        fail: None,
        baseline: None,
        compare: None,
        needs_traffic: false,
        samples: 1,
        confirm: 1,
        stale: None,
    }
}

fn context(http: reqwest::Client) -> Context {
    Context { http, folder: "/".into(), env: Vec::new() }
}

async fn take(source: Source, context: &Context) -> Sample {
    sample(&signal(source), context, &mut Memory::default()).await
}

#[tokio::test]
async fn a_real_prometheus() {
    let Some(mut server) = Prometheus::start(&["127.0.0.1:1"]).await else { return };
    let context = context(http_client().unwrap());
    let http = &context.http;
    let url = server.url();
    let source = |query: &str| Source::Prometheus {
        at: Place { url: Some(url.clone()), server: None },
        question: Question::Query(query.into()),
    };
    let own = r#"up{job="prometheus"}"#;
    until("the first scrape", async || instant(http, &url, own, LIMIT).await.ok()?.one().ok()?).await;
    until("the target that is down", async || instant(http, &url, r#"up{job="test"}"#, LIMIT).await.ok()?.one().ok()?).await;

    // Numbers of every kind, and what is none.
    for (query, expected) in [
        (own, Value::Number(1.0)),
        (r#"up{job="test"}"#, Value::Number(0.0)),
        ("sum(up)", Value::Number(1.0)),
        ("21 * 2", Value::Number(42.0)),
        ("vector(0.5)", Value::Number(0.5)),
        ("nothing_of_that_name", Value::Missing(Unknown::NoData)),
        ("sum(nothing_of_that_name)", Value::Missing(Unknown::NoData)),
        ("vector(0) / 0", Value::Missing(Unknown::NotANumber)),
        ("vector(1) / 0", Value::Missing(Unknown::NotANumber)),
        ("up", Value::Missing(Unknown::Error(QueryError::Several(2).to_string()))),
        ("up[5m]", Value::Missing(Unknown::Error("the query yields a matrix, not a number".into()))),
        ("'text'", Value::Missing(Unknown::Error("the query yields a string, not a number".into()))),
    ] {
        assert_eq!(take(source(query), &context).await.value, expected, "{query}");
    }
    let Value::Missing(Unknown::Error(why)) = take(source("sum(("), &context).await.value else { panic!("it parses") };
    assert!(why.starts_with("bad_data: "), "{why}");

    // Comparisons, as checks make them.
    for (query, expected) in [
        (r#"up{job="prometheus"} == 1"#, true),
        (r#"up{job="prometheus"} == 0"#, false),
        (r#"up{job="test"} == 0"#, true),
        (r#"up{job="prometheus"} == bool 0"#, false),
        ("1 == bool 1", true),
        ("1 == bool 2", false),
    ] {
        assert_eq!(holds(http, &url, query, LIMIT).await, Ok(expected), "{query}");
    }

    // A plain selector's sample has the time of its scrape, not that of the query.
    let plain = take(source(own), &context).await;
    let scraped = instant(http, &url, &format!("timestamp({own})"), LIMIT).await.unwrap().one().unwrap().unwrap();
    assert!(plain.at.as_millisecond() as f64 / 1000.0 <= scraped.value, "{plain:?}");
    assert!(plain.at < scraped.at);

    // The past, by step and by the samples' own times.
    let now = Timestamp::now();
    let from = now.saturating_add(SignedDuration::from_secs(-30)).unwrap();
    let points = range(http, &url, "vector(7)", (from, now), Duration::from_secs(5), LIMIT).await.unwrap();
    assert_eq!(points.iter().map(|(_, value)| *value).collect::<Vec<_>>(), [7.0; 7]);
    assert_eq!(points[0].0.as_millisecond(), from.as_millisecond());
    let several = range(http, &url, "up", (from, now), Duration::from_secs(5), LIMIT).await;
    assert!(matches!(several, Err(QueryError::Several(2) | QueryError::Several(3))), "{several:?}");
    let long_ago = now.saturating_add(SignedDuration::from_secs(-900)).unwrap();
    let past = backfill(&signal(source(own)), &context, long_ago, now, Duration::from_secs(1)).await;
    assert!(past.iter().any(|sample| sample.value == Value::Number(1.0)), "{past:?}");
    assert!(past.windows(2).all(|pair| pair[0].at < pair[1].at), "{past:?}");
    assert_eq!(past[0].value, Value::Missing(Unknown::NoData));

    // Stopped, its signal is unknown and never healthy; started again, it recovers.
    let watched = signal(source(own));
    let mut memory = Memory::default();
    let mut series = Series::new();
    series.push(sample(&watched, &context, &mut memory).await);
    assert_eq!(judge(&watched, &series, Timestamp::now()).verdict, Verdict::Ok);
    server.stop();
    series.push(sample(&watched, &context, &mut memory).await);
    let judgement = judge(&watched, &series, Timestamp::now());
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert!(judgement.why.starts_with("cannot connect to 127.0.0.1:"), "{judgement:?}");
    assert_eq!(judgement.value, Some(1.0));
    assert!(server.start_again().await);
    until("the recovery", async || {
        series.push(sample(&watched, &context, &mut memory).await);
        (judge(&watched, &series, Timestamp::now()).verdict == Verdict::Ok).then_some(())
    })
    .await;
}

/// A histogram as a service shows it, in two instances; all zero at first.
fn histogram(counts: [u32; 5]) -> String {
    let mut page = "# HELP latency_seconds How long it took.\n# TYPE latency_seconds histogram\n".to_owned();
    for instance in ["a", "b"] {
        for (le, count) in ["0.05", "0.1", "0.5", "2", "+Inf"].iter().zip(counts) {
            page.push_str(&format!("latency_seconds_bucket{{replica=\"{instance}\",le=\"{le}\"}} {count}\n"));
        }
    }
    page
}

#[tokio::test]
async fn quantiles_are_those_of_prometheus() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let page = Arc::new(Mutex::new(histogram([0; 5])));
    let shown = Arc::clone(&page);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = BufReader::new(&stream).lines().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
            request.for_each(drop);
            let body = shown.lock().unwrap().clone();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close\r\n";
            let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
        }
    });
    let Some(server) = Prometheus::start(&[&address]).await else { return };
    let context = context(http_client().unwrap());
    let quantiles = [0.0, 0.1, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];
    let mut memories: Vec<Memory> = quantiles.iter().map(|_| Memory::default()).collect();
    let ours = |q| {
        let measure = Measure::Quantile { of: "latency_seconds".into(), q };
        let url = format!("http://{address}/metrics");
        signal(Source::Scrape { url: Endpoints::One(url), measure, window: PlanDuration::from_secs(300) })
    };
    for (q, memory) in quantiles.iter().zip(&mut memories) {
        assert_eq!(sample(&ours(*q), &context, memory).await.value, Value::Missing(Unknown::NoData), "{q}");
    }
    *page.lock().unwrap() = histogram([17, 40, 90, 97, 100]);
    until("the new page", async || {
        let query = r#"sum(latency_seconds_bucket{le="+Inf"}) == 200"#;
        holds(&context.http, &server.url(), query, LIMIT).await.ok()?.then_some(())
    })
    .await;
    for (q, memory) in quantiles.iter().zip(&mut memories) {
        let query = format!("histogram_quantile({q}, sum by (le) (latency_seconds_bucket))");
        let theirs = instant(&context.http, &server.url(), &query, LIMIT).await.unwrap().one().unwrap().unwrap();
        let Value::Number(number) = sample(&ours(*q), &context, memory).await.value else { panic!("no number for {q}") };
        assert!((number - theirs.value).abs() < 1e-9, "{q}: {number}, not {}", theirs.value);
    }
    // And the whole of a real page can be read.
    let url = format!("{}/metrics", server.url());
    let build = Measure::Value("prometheus_build_info{version=~\".+\"}".into());
    let source = Source::Scrape { url: Endpoints::One(url), measure: build, window: PlanDuration::from_secs(30) };
    assert_eq!(take(source, &context).await.value, Value::Number(1.0));
}

/// OpenSSL's small HTTPS server.
struct Tls {
    child: Child,
    port: u16,
}

impl Tls {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", "cert.pem", "-key", "key.pem"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse().ok());
        // It goes on printing, and must not be stopped by nobody reading.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port: port.unwrap() }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_real_certificate() {
    if Command::new("openssl").arg("version").output().is_err() {
        support::skip("openssl");
        return;
    }
    let trusting_nobody_new = context(http_client().unwrap());
    for days in [90, -10] {
        let folder = tempfile::tempdir().unwrap();
        // What it certifies began a year ago, so that it can have ended too.
        let time = |days: i64| {
            let at = Timestamp::now().saturating_add(SignedDuration::from_hours(24 * days)).unwrap();
            at.strftime("%Y%m%d%H%M%SZ").to_string()
        };
        std::fs::write(folder.path().join("ca.cnf"), CONFIG).unwrap();
        std::fs::write(folder.path().join("index.txt"), "").unwrap();
        std::fs::write(folder.path().join("serial"), "01").unwrap();
        let run = |script: &str| {
            let output = Command::new("sh").current_dir(folder.path()).args(["-ec", script]).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.csr -subj /CN=authority");
        run("openssl x509 -req -in ca.csr -key ca.key -extfile ca.cnf -extensions authority -days 30 -out ca.pem");
        run(
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out server.csr -subj /CN=server",
        );
        run(&format!(
            "openssl ca -batch -config ca.cnf -startdate {} -enddate {} -in server.csr -out cert.pem -notext",
            time(-365),
            time(days)
        ));
        let server = Tls::start(folder.path());
        let authority = reqwest::Certificate::from_pem(&std::fs::read(folder.path().join("ca.pem")).unwrap()).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([authority]).tls_info(true).build().unwrap();
        let trusting = context(http);
        let probe = |measure| Source::Probe {
            url: Endpoints::One(format!("https://127.0.0.1:{}/", server.port)),
            measure,
            status: None,
            body: None,
        };
        // An expired certificate has its age too, although nobody connects with it.
        let Value::Number(left) = take(probe(ProbeMeasure::CertificateDays), &trusting).await.value else { panic!("no number") };
        assert!((left - days as f64).abs() < 0.1, "{left}");
        let up = if days > 0 { 1.0 } else { 0.0 };
        assert_eq!(take(probe(ProbeMeasure::Up), &trusting).await.value, Value::Number(up));
        assert_eq!(take(probe(ProbeMeasure::Up), &trusting_nobody_new).await.value, Value::Number(0.0));
        let Value::Missing(Unknown::Error(why)) = take(probe(ProbeMeasure::Latency), &trusting_nobody_new).await.value else {
            panic!("it is trusted");
        };
        assert!(why.contains("invalid peer certificate"), "{why}");
    }
}

/// OpenSSL's settings for the authority and what it signs.
const CONFIG: &str = "
[authority]
basicConstraints = critical, CA:true
[ca]
default_ca = this
[this]
new_certs_dir = .
database = index.txt
serial = serial
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = IP:127.0.0.1
basicConstraints = CA:false
";
