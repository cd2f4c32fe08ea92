//! The controller: makes the world agree with the journal.
//!
//! It is level-triggered. Each round it reads what is new, writes down what follows ([`crate::release::advance`]), and
//! closes the difference between the acts that should be under way and those that are. Starting, restarting after a crash
//! and taking over are the same round. Exactly one drives a release: it holds the lease, and every event it writes
//! carries the lease's fencing token.

mod checks;
mod drive;
mod launch;
mod logbook;
mod operation;
mod output;
mod sampling;
mod silences;

pub(crate) use drive::PATIENCE;
pub use drive::{Config, DriveError, drive};
pub use launch::{Files, become_task};
pub use logbook::{ActError, Logbook, LogbookError};
pub use operation::kill_tasks;
pub use output::{MOST_LINES, News, Tail};
