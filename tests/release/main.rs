//! The pure core through its public face: what may be decided, what follows by itself, what is said, and what always holds.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod model;
mod support;
