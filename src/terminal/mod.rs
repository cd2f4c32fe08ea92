//! The terminal: what it can do, what comes in from it, what goes out to it, and giving it back as it was.
//!
//! The local console is one back-end and one stream of input among others: the cockpit takes any.

mod caps;
mod console;
mod guard;
mod input;
mod local;
#[cfg(unix)]
mod signals;

pub use caps::{Capabilities, Unfit};
pub use guard::Guard;
pub use input::{convert, keys};
pub use local::{Local, Stdout};
#[cfg(unix)]
pub use signals::{input, signals};
