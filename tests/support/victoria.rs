//! A real VictoriaMetrics whose samples are written by the test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use flightdeck::sources::http::http_client;
use tempfile::TempDir;

use crate::support::{free_port, installed, skip};

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);
/// What Debian and others call it.
const NAMES: [&str; 3] = ["victoria-metrics", "victoria-metrics-prod", "victoriametrics"];

/// A server with its own folder; both end when it is dropped.
pub(crate) struct Victoria {
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl Victoria {
    /// Starts one that is set up as it comes. None where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = NAMES.into_iter().find_map(installed) else {
            skip("victoria-metrics");
            return None;
        };
        // A free port may be taken by another before the server has it.
        for _ in 0..5 {
            let mut server = Self::spawn(&program);
            if server.is_ready().await {
                return Some(server);
            }
        }
        panic!("victoria-metrics does not start");
    }

    fn spawn(program: &PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = Command::new(program)
            .arg(format!("-storageDataPath={}", folder.path().join("data").display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .arg("-loggerLevel=FATAL")
            // Else it takes the machine's memory to be its own.
            .arg("-memory.allowedBytes=64MB")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { _folder: folder, port, child }
    }

    async fn is_ready(&mut self) -> bool {
        let http = http_client().unwrap();
        let started = Instant::now();
        while started.elapsed() < START {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return false;
            }
            let ready = http.get(format!("{}/health", self.url())).timeout(Duration::from_secs(1)).send().await;
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

    /// Writes samples, lines of the text format with times in milliseconds, and waits until they can be asked for.
    pub(crate) async fn write(&self, samples: &str) {
        let http = http_client().unwrap();
        let import = http.post(format!("{}/api/v1/import/prometheus", self.url())).body(samples.to_owned());
        for request in [import, http.get(format!("{}/internal/force_flush", self.url()))] {
            assert!(request.send().await.unwrap().status().is_success());
        }
    }
}

impl Drop for Victoria {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
