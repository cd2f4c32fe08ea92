//! What integration tests share: real servers, started on free loopback ports and stopped when dropped.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, one that is skipped says so"
)]

pub(crate) mod prometheus;

use std::{net::TcpListener, path::PathBuf};

/// Where a program is installed, if it is.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let folders = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    folders.iter().map(|folder| folder.join(program)).find(|program| program.is_file())
}

/// A port on loopback that is free now. Another may take it before a server has it.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Whether a test may go on that needs a program which is not there: it is skipped, unless
/// `FLIGHTDECK_REQUIRE_SERVERS` is set, as where every test must run.
pub(crate) fn skip(program: &str) {
    assert!(std::env::var_os("FLIGHTDECK_REQUIRE_SERVERS").is_none(), "{program} is not installed, and servers are required");
    println!("skipped: {program} is not installed");
}
