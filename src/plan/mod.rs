//! `flightdeck.toml`: the model, loading it with every problem named at its place, the built-in lists, the schema.

mod decode;
mod duration;
mod load;
mod model;
mod presets;
mod schema;
mod selector;
mod template;

pub use crate::document::{Problem, Problems, RenderStyle};
pub use duration::{Duration, DurationError};
pub use load::{LoadError, Loaded, load, parse};
pub use model::*;
pub use presets::{Item, item};
pub use schema::schema;
pub use selector::{MatchOp, Matcher, Selector, SelectorError};
pub use template::{TEMPLATES, template};
