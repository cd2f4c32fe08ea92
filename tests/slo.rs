//! Service levels: what a real Prometheus and a real VictoriaMetrics answer for one, and OpenSLO documents by the command line.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, its helpers too"
)]

#[expect(dead_code, reason = "the server here has its own data")]
mod support;
#[path = "support/victoria.rs"]
mod victoria;

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use flightdeck::{
    health::{Said, Verdict},
    plan,
    sources::{Context, Sampler, groups, http::http_client},
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use victoria::Victoria;

/// A Prometheus whose data are written beforehand.
struct Server {
    /// Kept as long as it runs.
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one with these samples, in the form of OpenMetrics. None where it is not installed.
    async fn start(samples: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("samples"), samples).unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), "scrape_configs: []\n").unwrap();
        let within = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let Ok(written) = within("promtool", &["tsdb", "create-blocks-from", "openmetrics", "samples", "data"]).status() else {
            support::skip("promtool");
            return None;
        };
        assert!(written.success());
        // A free port may be taken by another before the server has it.
        for _ in 0..5 {
            let port = support::free_port();
            let listen = format!("--web.listen-address=127.0.0.1:{port}");
            let keep = "--storage.tsdb.retention.time=90d";
            let Ok(mut child) =
                within("prometheus", &["--config.file=prometheus.yml", "--storage.tsdb.path=data", keep, &listen]).spawn()
            else {
                support::skip("prometheus");
                return None;
            };
            let http = http_client().unwrap();
            while matches!(child.try_wait(), Ok(None)) {
                let ready = http.get(format!("http://127.0.0.1:{port}/-/ready")).timeout(Duration::from_secs(1)).send().await;
                if ready.is_ok_and(|answer| answer.status().is_success()) {
                    return Some(Self { _folder: folder, port, child });
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        panic!("prometheus does not start");
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The signals that tell of an objective with these keys, sampled once: the number and what is said, by the reading.
async fn tells(url: &str, keys: &str, began: Timestamp) -> BTreeMap<String, (Option<f64>, Said)> {
    let text = format!(
        "service = 'x'\nstages = [{{ id = 'a', run = 'b' }}]\n[slos.a]\nurl = '{url}'\nobjective = 99.9\n\
         period = '3d'\ntotal = 'requests_total'\n{keys}\n"
    );
    let plan = Arc::new(plan::parse(&text, "plan").unwrap());
    let context = Context { http: http_client().unwrap(), folder: std::env::temp_dir(), env: Vec::new(), started: began };
    let mut told = BTreeMap::new();
    for group in groups(&plan) {
        assert_eq!(group, ["a", "a.budget", "a.spent"], "all that is told of an objective is one group");
        for reading in Sampler::new(Arc::clone(&plan), group, context.clone()).sample().await {
            let said = reading.sample.said.map_or_else(|| panic!("{:?}", reading.sample.value), |said| *said);
            told.insert(reading.signal, (reading.sample.value.number(), said));
        }
    }
    told
}

/// Ten requests a second for four days; two of a hundred have failed since some seconds ago. A second is written as so many.
fn samples(now: i64, failing: i64, second: i64) -> String {
    let (mut ok, mut bad) = (String::new(), String::new());
    let mut at = now - 4 * 86_400;
    while at <= now {
        let all = 10 * (at - now + 4 * 86_400);
        let failed = (at - (now - failing)).max(0) / 5;
        writeln!(ok, "requests_total{{code=\"200\"}} {} {}", all - failed, at * second).unwrap();
        writeln!(bad, "requests_total{{code=\"500\"}} {failed} {}", at * second).unwrap();
        at += if at >= now - 7200 { 15 } else { 300 };
    }
    format!("# TYPE requests counter\n{ok}{bad}# EOF\n")
}

#[tokio::test]
async fn a_real_server_answers_for_all_windows() {
    let now = Timestamp::now();
    let Some(server) = Server::start(&samples(now.as_second(), 3900, 1)).await else { return };
    answers_for_all_windows(&server.url(), now).await;
}

#[tokio::test]
async fn a_real_victoria_metrics_answers_for_all_windows() {
    let now = Timestamp::now();
    let Some(server) = Victoria::start().await else { return };
    server.write(&samples(now.as_second(), 3900, 1000)).await;
    answers_for_all_windows(&server.url(), now).await;
}

async fn answers_for_all_windows(url: &str, now: Timestamp) {
    // The release began ten minutes ago.
    let began = now.saturating_sub(SignedDuration::from_mins(10)).unwrap();
    for keys in [
        "bad = 'requests_total{code=~\"5..\"}'\nmax_spend = 4",
        "good = 'requests_total{code!~\"5..\"}'\nmax_spend = 4",
        "bad = 'requests_total{code=~\"5\\d+\"}'\nmax_spend = 4",
    ] {
        let told = tells(url, keys, began).await;
        let (_, burn) = &told["a"];
        assert_eq!(burn.verdict, Some(Verdict::Fail), "{burn:?}");
        assert!(burn.why.starts_with("burns ") && burn.why.ends_with("over 5m, pages from 1.44 x"), "{burn:?}");
        // 780 of the 2592 that may fail in three days, 120 of them since the release began. The last step before now has no
        // end yet, and the server guesses; and a moment passes before it is asked.
        let near = |told: &(Option<f64>, Said), number: f64| {
            assert!(told.0.is_some_and(|found| (found - number).abs() < 0.7), "{number}: {told:?}");
        };
        near(&told["a.budget"], 69.9);
        near(&told["a.spent"], 4.63);
    }
    // What nothing matches is not known.
    let told = tells(url, "bad = 'errors_total'", now).await;
    let (number, burn) = &told["a"];
    assert_eq!((number, burn.verdict), (&None, Some(Verdict::Unknown)));
    assert_eq!(burn.why, "no data over 5m; no series matches `bad`");
}

fn flightdeck(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flightdeck")).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn documents_become_tables_that_a_plan_can_have() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openslo");
    let output = flightdeck(&folder, &["slo", "import", "checkout.yaml", "alpha.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    let (tables, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    insta::assert_snapshot!("openslo_tables", tables);
    insta::assert_snapshot!("openslo_remarks", said);

    let plan = tempfile::tempdir().unwrap();
    let text = format!("{}\n{tables}", plan::template("minimal").unwrap());
    std::fs::write(plan.path().join("flightdeck.toml"), text).unwrap();
    let output = flightdeck(plan.path(), &["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn where_nothing_is_imported_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.yaml"), "apiVersion: v1\nkind: Pod\n").unwrap();
    std::fs::write(folder.path().join("latin.yaml"), b"a: caf\xe9\n").unwrap();
    std::fs::write(folder.path().join("long.yaml"), "#".repeat((1 << 20) + 1)).unwrap();
    for (file, said) in [
        ("other.yaml", "other.yaml:1: `v1` is not read; `openslo/v1` and `openslo/v1alpha` are\n"),
        ("none.yaml", "flightdeck: none.yaml: "),
        ("latin.yaml", "flightdeck: latin.yaml is no text in UTF-8"),
        ("long.yaml", "flightdeck: long.yaml is longer than 1 MiB"),
    ] {
        let output = flightdeck(folder.path(), &["slo", "import", file]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
        assert!(stderr.starts_with(said), "{stderr}");
    }
}
