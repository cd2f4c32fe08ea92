//! The pure core: what happened, what is so, what may be done, what would follow. No I/O, no clock, no randomness.

mod event;

pub use event::*;
