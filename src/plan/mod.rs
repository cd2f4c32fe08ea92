//! `flightdeck.toml`: the model, loading it with every problem named at its place, the built-in lists, the schema.

mod decode;
mod duration;
mod expression;
mod load;
mod model;
pub mod openslo;
mod presets;
mod schema;
mod secret;
mod selector;
mod signal;
mod template;

pub use crate::document::{Problem, Problems, RenderStyle};
pub(crate) use decode::sounds_secret;
pub use duration::{Duration, DurationError};
pub use expression::{Arithmetic, Expression, ExpressionError};
pub use load::{LoadError, Loaded, load, parse};
pub use model::*;
pub use presets::{Item, item};
pub use schema::schema;
pub use secret::{Secret, SecretError};
pub use selector::{MatchOp, Matcher, Selector, SelectorError};
pub use signal::*;
pub use template::{TEMPLATES, template};
