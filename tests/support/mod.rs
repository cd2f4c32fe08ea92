//! What integration tests share: real servers, started on free loopback ports and stopped when dropped.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, one that is skipped says so"
)]

pub(crate) mod prometheus;

/// Whether a test may go on that needs a program which is not there: it is skipped, unless
/// `FLIGHTDECK_REQUIRE_SERVERS` is set, as where every test must run.
pub(crate) fn skip(program: &str) {
    assert!(std::env::var_os("FLIGHTDECK_REQUIRE_SERVERS").is_none(), "{program} is not installed, and servers are required");
    println!("skipped: {program} is not installed");
}
