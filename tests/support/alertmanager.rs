//! A real Alertmanager that tells nobody.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A server with its own folder; both end when it is dropped.
pub(crate) struct Alertmanager {
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl Alertmanager {
    /// Starts one. None where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = program() else {
            super::skip("alertmanager");
            return None;
        };
        // A free port may be taken by another before the server has it.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            let config = folder.path().join("alertmanager.yml");
            std::fs::write(&config, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
            let child = Command::new(&program)
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.path={}", folder.path().join("data").display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--cluster.listen-address=")
                .arg("--log.level=error")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut server = Self { _folder: folder, port, child };
            if server.is_ready().await {
                return Some(server);
            }
        }
        panic!("alertmanager does not start");
    }

    async fn is_ready(&mut self) -> bool {
        let http = flightdeck::sources::http::http_client().unwrap();
        let started = Instant::now();
        while started.elapsed() < START && matches!(self.child.try_wait(), Ok(None)) {
            let ready = http.get(format!("{}/-/ready", self.url())).timeout(Duration::from_secs(1)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets an alert with these labels, as JSON, fire for a while.
    pub(crate) async fn fire(&self, labels: serde_json::Value) {
        let http = flightdeck::sources::http::http_client().unwrap();
        let alert = serde_json::json!([{ "labels": labels, "annotations": { "summary": "it is slow" } }]);
        let answer = http.post(format!("{}/api/v2/alerts", self.url())).json(&alert).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// What it says of silences.
    pub(crate) async fn silences(&self) -> serde_json::Value {
        let http = flightdeck::sources::http::http_client().unwrap();
        http.get(format!("{}/api/v2/silences", self.url())).send().await.unwrap().json().await.unwrap()
    }
}

/// The program, by Debian's name or its own.
fn program() -> Option<PathBuf> {
    let folders = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let names = ["prometheus-alertmanager", "alertmanager"];
    let mut programs = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    programs.find(|program| program.is_file())
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
