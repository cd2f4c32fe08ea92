//! The demo's world leaves nothing behind. In a binary of its own, so no other test takes a port that was just given back.
#![cfg(test)]

use std::time::{Duration, Instant};

use flightdeck::sandbox::{Fault, Options, World};
use tokio::net::TcpStream;

fn options(folder: &std::path::Path, rate: f64) -> Options {
    let (stable, candidate) = ("2.3.7".to_owned(), "2.4.0".to_owned());
    Options { stable, candidate, fault: Fault::None, rate, folder: folder.to_owned() }
}

/// Whether this process has a thread of that name, where the system tells.
fn is_listed(name: &str) -> bool {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok()).any(|found| found.trim() == name)
}

#[tokio::test]
async fn stopped_or_dropped_no_port_listens_and_no_thread_is_left() {
    for politely in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let world = World::start(options(folder.path(), 100.0)).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while world.stats().good < 10 {
            assert!(Instant::now() < deadline, "{:?}", world.stats());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let urls = [
            world.balancer_url(),
            world.control_url(),
            world.stable_metrics_url(),
            world.proxy_metrics_url(),
            world.staging_url(),
        ];
        let authorities = urls.map(|url| url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned());
        for authority in &authorities {
            assert!(TcpStream::connect(authority).await.is_ok(), "{authority}");
        }
        assert!(is_listed("sandbox") || !std::path::Path::new("/proc/self/task").exists());
        if politely {
            world.stop().await;
        } else {
            drop(world);
        }
        for authority in &authorities {
            let error = TcpStream::connect(authority).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused, "{authority}");
        }
        // A thread that was joined may be listed for a moment more.
        while is_listed("sandbox") {
            assert!(Instant::now() < deadline, "the sandbox's thread is left");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
