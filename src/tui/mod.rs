//! The cockpit: the screen, its keys and its dialogs, over any terminal back-end and any stream of input.
//!
//! [`update`] takes what came in and changes the [`App`]; [`draw()`] shows it; [`run()`] does both until it is left. The
//! cockpit knows the release and a [`Link`] to the rest, and nothing of the world outside.

mod app;
mod console;
mod dialog;
mod draw;
mod guard;
mod input;
mod keys;
mod link;
mod run;
mod svg;
pub mod theme;
mod words;

pub use app::{App, Exit, Message, Settings, update};
pub use console::{Call, Console};
pub use draw::draw;
pub use input::{Code, Gesture, Input, Key, Kind, Mods, Mouse, Stop};
pub use keys::{Act, BINDINGS, Binding};
pub use link::{Driving, Link, Request, Update};
pub use run::{Clock, SystemClock, run};
pub use svg::svg;
pub use theme::{Depth, Symbols, Theme, Themes};
