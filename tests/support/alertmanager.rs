//! A real Alertmanager that tells nobody.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);
/// What Debian and others call it.
const NAMES: [&str; 2] = ["prometheus-alertmanager", "alertmanager"];
/// A critical alert speaks for the warnings of its service.
const CONFIG: &str = "
route: {receiver: nobody}
receivers: [{name: nobody}]
inhibit_rules:
- {source_matchers: [severity=\"critical\"], target_matchers: [severity=\"warning\"], equal: [service]}
";

/// A server with its own folder; both end when it is dropped.
pub(crate) struct Alertmanager {
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl Alertmanager {
    /// Starts one. None where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let folders = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
        let programs: Vec<PathBuf> = folders.iter().flat_map(|folder| NAMES.map(|name| folder.join(name))).collect();
        let program = programs.into_iter().find(|program| program.is_file())?;
        // A free port may be taken by another before the server has it.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            std::fs::write(folder.path().join("alertmanager.yml"), CONFIG).unwrap();
            let mut command = Command::new(&program);
            command
                .arg(format!("--config.file={}", folder.path().join("alertmanager.yml").display()))
                .arg(format!("--storage.path={}", folder.path().join("data").display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--cluster.listen-address=")
                .arg("--log.level=error")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let mut server = Self { child: command.spawn().unwrap(), _folder: folder, port };
            if server.is_ready().await {
                return Some(server);
            }
        }
        panic!("alertmanager does not start");
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Fires alerts, as a Prometheus server does: a JSON list.
    pub(crate) async fn fire(&self, alerts: &serde_json::Value) {
        let http = flightdeck::sources::http::http_client().unwrap();
        let answer = http.post(format!("{}/api/v2/alerts", self.url())).json(alerts).send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }

    async fn is_ready(&mut self) -> bool {
        let http = flightdeck::sources::http::http_client().unwrap();
        let started = Instant::now();
        while started.elapsed() < START {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return false;
            }
            let ready = http.get(format!("{}/-/ready", self.url())).timeout(Duration::from_secs(1)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
