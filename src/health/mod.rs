//! Health, pure: samples, series and the verdict they give. No clock, no I/O.

mod sample;

pub use sample::{Sample, Unknown, Value, Verdict};
