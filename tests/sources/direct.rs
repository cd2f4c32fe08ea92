//! Scraped pages and probes beside real servers: Prometheus, and TLS by OpenSSL.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use flightdeck::{
    health::{Unknown, Value},
    plan::{Duration as PlanDuration, Endpoints, Measure, ProbeMeasure, Source},
    sources::{Memory, http::http_client, sample},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    LIMIT, Page, client, context, signal,
    support::{
        self,
        prometheus::{Prometheus, until},
    },
    take,
};

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
    let page = Page::start("text/plain; version=0.0.4", histogram([0; 5]).as_bytes());
    let address = page.address.clone();
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
    page.show(histogram([17, 40, 90, 97, 100]).as_bytes());
    let theirs = client(&server.url());
    until("the new page", async || {
        let query = r#"sum(latency_seconds_bucket{le="+Inf"}) == 200"#;
        theirs.holds(query, LIMIT).await.ok()?.then_some(())
    })
    .await;
    for (q, memory) in quantiles.iter().zip(&mut memories) {
        let query = format!("histogram_quantile({q}, sum by (le) (latency_seconds_bucket))");
        let theirs = theirs.instant(&query, None, LIMIT).await.unwrap().one().unwrap().unwrap();
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
