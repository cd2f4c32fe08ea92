//! The judge from outside: what it promises of made-up canaries, its numbers against R's, and the command.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod cases;
mod command;
mod kayenta;
mod properties;
mod simulation;

#[path = "../../benches/support/judged.rs"]
mod judged;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the others use the servers")]
mod support;
