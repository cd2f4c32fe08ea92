//! TOML files that people write: read as far as they can be, and every problem named at its place with what would be right.
//!
//! What a plan, the settings and a theme have in common. Each says by a `Shape` which keys its tables may have.

mod decode;
mod problem;
pub(crate) mod reader;
mod render;
mod syntax;
pub(crate) mod words;

pub(crate) use decode::decode;
pub(crate) use problem::Found;
pub use problem::{Problem, Problems};
pub(crate) use reader::Shape;
pub use render::RenderStyle;
