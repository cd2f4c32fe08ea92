//! The pure core through its public face: what may be decided, what follows by itself, what is said, and what always holds.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on has failed")]

mod cases;
mod flights;
mod health;
mod model;
mod support;
mod tables;
mod trials;
