//! `flightdeck.toml`: the model, loading it with every problem named at its place, the built-in lists, the schema.

mod duration;
mod model;

pub use duration::{Duration, DurationError};
pub use model::*;
