//! The terminal: what it can do, what comes in from it, what goes out to it, and giving it back as it was.
//!
//! The local console is one back-end and one stream of input among others: the cockpit takes any. Bytes from wherever become
//! [`inputs`] by one [`Decoder`], and frames for wherever are written by [`Local`].

mod aside;
mod caps;
mod decode;
mod encode;
mod guard;
mod input;
mod local;
mod modes;
mod reader;
mod sequence;
mod signals;
mod told;

pub use aside::log;
pub use caps::{Capabilities, Notes, Through, Unfit};
pub use decode::{Decoded, Decoder, ESC_ALONE, LONGEST_PASTE};
pub use guard::Guard;
pub use input::inputs;
pub use local::{Local, Stdout};
pub use reader::Chunk;
pub use sequence::Reply;
pub use signals::{input, signals};
