//! The cockpit: the screen, its keys and its dialogs, over any terminal back-end and any stream of input.
//!
//! [`update()`] takes what came in and changes the [`App`]; [`draw()`] shows it; [`run()`] does both until it is left. The
//! cockpit knows the release and a [`Link`] to the rest, and nothing of the world outside.

mod actions;
mod app;
mod chart;
mod chord;
mod console;
mod dialog;
mod draw;
mod form;
mod guard;
mod health_zoom;
mod input;
mod keymap;
mod keysets;
mod link;
mod list;
mod need;
mod output;
mod palette;
mod perform;
mod reader;
mod run;
mod search;
mod svg;
pub mod theme;
mod update;
mod watching;
mod welcome;
mod words;

pub use actions::{ACTIONS, Action, Context, Described, Group, Scope};
pub use app::{App, Effect, Exit, Looks, Settings, Shown};
pub use chord::{Chord, KeyError, parse_keys};
pub use console::{Call, Console, LONGEST_COPY};
pub use draw::draw;
pub use input::{Code, Gesture, Input, Key, Kind, Mods, Mouse, Stop};
pub use keymap::{Bound, Change, Conflict, Found, Keymap, action_names};
pub use keysets::Preset;
pub use link::{Driving, HISTORY, Keep, Link, Output, Request, Update};
pub use run::{Clock, SystemClock, run};
pub use svg::svg;
pub use theme::{Depth, Symbols, Theme, Themes};
pub use update::{Message, update};
pub use welcome::{Choice, OFFERED, Welcome, welcome};
