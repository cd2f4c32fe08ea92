//! Service levels: what a real Prometheus answers for one, and OpenSLO documents by the command line.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, its helpers too"
)]

#[expect(dead_code, reason = "the server here has its own data")]
mod support;

use std::{
    fmt::Write,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use flightdeck::{
    health::{Verdict, slo::tell},
    plan::{self, Slo, SloReading},
    sources::{
        http::http_client,
        slo::{LABEL, Windows},
    },
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

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
            let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
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

    /// The rows of a query's answer: the value of our label, and the number.
    async fn ask(&self, promql: &str) -> Vec<(String, f64)> {
        let url = format!("http://127.0.0.1:{}/api/v1/query", self.port);
        let answer = http_client().unwrap().post(url).form(&[("query", promql)]).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer["status"], "success", "{promql}: {answer}");
        let rows = answer["data"]["result"].as_array().unwrap();
        rows.iter()
            .map(|row| (row["metric"][LABEL].as_str().unwrap().to_owned(), row["value"][1].as_str().unwrap().parse().unwrap()))
            .collect()
    }
}

/// Ten requests a second for four days; two of a hundred have failed since some seconds ago.
fn samples(now: i64, failing: i64) -> String {
    let (mut ok, mut bad) = (String::new(), String::new());
    let mut at = now - 4 * 86_400;
    while at <= now {
        let all = 10 * (at - now + 4 * 86_400);
        let failed = (at - (now - failing)).max(0) / 5;
        writeln!(ok, "requests_total{{code=\"200\"}} {} {at}", all - failed).unwrap();
        writeln!(bad, "requests_total{{code=\"500\"}} {failed} {at}").unwrap();
        at += if at >= now - 7200 { 15 } else { 300 };
    }
    format!("# TYPE requests counter\n{ok}{bad}# EOF\n")
}

fn slo(keys: &str) -> Slo {
    let text = format!(
        "service = 'x'\nstages = [{{ id = 'a', run = 'b' }}]\n[slos.a]\nurl = 'http://localhost:9090'\nobjective = 99.9\nperiod = '3d'\n\
         total = 'requests_total'\n{keys}\n"
    );
    plan::parse(&text, "plan").unwrap().slos["a"].clone()
}

#[tokio::test]
async fn a_real_server_answers_for_all_windows() {
    let now = Timestamp::now();
    let Some(server) = Server::start(&samples(now.as_second(), 3900)).await else { return };
    for keys in [
        "bad = 'requests_total{code=~\"5..\"}'\nmax_spend = 4",
        "good = 'requests_total{code!~\"5..\"}'\nmax_spend = 4",
        "bad = 'requests_total{code=~\"5\\d+\"}'\nmax_spend = 4",
    ] {
        let slo = slo(keys);
        // The release began ten minutes ago.
        let mut windows = Windows::new(now.saturating_sub(SignedDuration::from_mins(10)).unwrap());
        for ask in windows.due(&slo, now) {
            let rows = server.ask(&ask.promql).await;
            windows.answered(&slo, &ask, &rows);
        }
        let tally = windows.tally(&slo, now).unwrap();
        let burn = tell(&slo, SloReading::Burn, &tally);
        assert_eq!(burn.said.verdict, Some(Verdict::Fail), "{burn:?}");
        assert!(burn.said.why.starts_with("burns 20") && burn.said.why.ends_with("over 5m, pages from 1.44 x"), "{burn:?}");
        // 780 of the 2592 that may fail in three days, 120 of them since the release began. The last step before now has no
        // end yet, and the server guesses.
        let near = |told: flightdeck::health::slo::Told, number: f64| {
            assert!(told.number.is_some_and(|found| (found - number).abs() < 0.5), "{number}: {told:?}");
        };
        near(tell(&slo, SloReading::Budget, &tally), 69.9);
        near(tell(&slo, SloReading::Spent, &tally), 4.63);
    }
    // What nothing matches is not known.
    let slo = slo("bad = 'errors_total'");
    let mut windows = Windows::new(now);
    for ask in windows.due(&slo, now) {
        windows.answered(&slo, &ask, &server.ask(&ask.promql).await);
    }
    let burn = tell(&slo, SloReading::Burn, &windows.tally(&slo, now).unwrap());
    assert_eq!((burn.said.verdict, burn.said.why.as_str()), (Some(Verdict::Unknown), "no data over 5m; no series matches `bad`"));
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
