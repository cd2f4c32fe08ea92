//! A real Prometheus server that scrapes itself and whatever else it is told to, every second.

use std::{
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// How a server is set up, where it is not as plain as can be.
#[derive(Default, Clone)]
pub(crate) struct Setup {
    /// Features that are switched on, as in `native-histograms`.
    pub(crate) features: Vec<&'static str>,
    /// Its web configuration, which says who is let in: TLS and users.
    pub(crate) web: Option<String>,
}

/// A server with its own folder; both end when it is dropped.
pub(crate) struct Prometheus {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    setup: Setup,
    child: Option<Child>,
}

impl Prometheus {
    /// Starts one that also scrapes these addresses, as in `127.0.0.1:8080`, under the job `test`. None where it is not installed.
    pub(crate) async fn start(targets: &[&str]) -> Option<Self> {
        Self::start_with(targets, &Setup::default()).await
    }

    /// Starts one that is set up like this. One with a web configuration may not answer at once.
    pub(crate) async fn start_with(targets: &[&str], setup: &Setup) -> Option<Self> {
        let Some(program) = super::installed("prometheus") else {
            super::skip("prometheus");
            return None;
        };
        // A free port may be taken by another before the server has it.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = super::free_port();
            let config = format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n\
                 - {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n\
                 - {{job_name: test, static_configs: [{{targets: {targets:?}}}]}}\n"
            );
            std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
            if let Some(web) = &setup.web {
                std::fs::write(folder.path().join("web.yml"), web).unwrap();
            }
            let mut server = Self { program: program.clone(), folder, port, setup: setup.clone(), child: None };
            if server.start_again().await {
                return Some(server);
            }
        }
        panic!("prometheus does not start");
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        let is_safe = self.setup.web.as_ref().is_some_and(|web| web.contains("tls_server_config"));
        let scheme = if is_safe { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Stops it at once, as a crash would.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again with the data it had. Whether it got its port.
    pub(crate) async fn start_again(&mut self) -> bool {
        self.stop();
        let folder = self.folder.path();
        let mut command = Command::new(&self.program);
        command
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if !self.setup.features.is_empty() {
            command.arg(format!("--enable-feature={}", self.setup.features.join(",")));
        }
        if self.setup.web.is_some() {
            command.arg(format!("--web.config.file={}", folder.join("web.yml").display()));
        }
        self.child = Some(command.spawn().unwrap());
        let http = flightdeck::sources::http::http_client().unwrap();
        let started = Instant::now();
        while started.elapsed() < START {
            if !matches!(self.child.as_mut().unwrap().try_wait(), Ok(None)) {
                return false;
            }
            if self.setup.web.is_some() {
                // Who is not let in cannot ask whether it is ready.
                if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                    return true;
                }
            } else {
                let ready = http.get(format!("{}/-/ready", self.url())).timeout(Duration::from_secs(1)).send().await;
                if ready.is_ok_and(|answer| answer.status().is_success()) {
                    return true;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until something is so, asking again and again.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(started.elapsed() < START, "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
