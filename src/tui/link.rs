//! The contract between a cockpit and the rest: what it is told, and what it asks for.

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::app::Looks;
use crate::{
    health::Sample,
    release::{Command, Event, Expected},
};

/// How many samples of a signal's history a cockpit is sent: more than a wide screen has columns of dots.
pub const HISTORY: usize = 1_200;

/// What the cockpit is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The next event with its sequence number, to be folded in.
    Event(u64, Event),
    /// New samples, each of the signal named.
    Samples(Vec<(String, Sample)>),
    /// What is new of the output that is watched.
    Output(Output),
    /// What stages usually take.
    Expected(Expected),
    /// A signal's samples over a long time, few enough for a picture.
    History {
        /// The signal.
        signal: String,
        /// The time they were asked for from.
        from: Timestamp,
        /// The samples from then on, at most about [`HISTORY`] of them; spikes and gaps are all there.
        samples: Vec<Sample>,
    },
    /// Who drives.
    Driving(Driving),
    /// The person's settings were changed.
    Looks(Box<Looks>),
    /// What came of a request.
    Answer {
        /// The request's id.
        id: u64,
        /// What was done, or why not, in words.
        answer: Result<String, String>,
    },
    /// The journal or the controller is out of reach, in words; nothing once it is back.
    Trouble(Option<String>),
}

/// A part of what a stage's operation writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The stage.
    pub stage: String,
    /// The operation. Another one's output takes the place of what was there.
    pub operation: String,
    /// The number of the first of the lines; what was known from that number on is replaced by them.
    pub first: u64,
    /// The lines, already safe. The last one may still grow.
    pub lines: Vec<String>,
    /// Whether there was more before them that is not shown.
    pub cut: bool,
}

/// Who drives a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driving {
    /// This process.
    Here,
    /// Another process.
    Other {
        /// Its host.
        host: String,
        /// Its process id.
        pid: u32,
    },
    /// Nobody.
    Nobody {
        /// The last sign of life, where there was one.
        since: Option<Timestamp>,
    },
}

/// What the cockpit asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Do this.
    Act {
        /// The id under which the answer comes.
        id: u64,
        /// What.
        command: Command,
    },
    /// Send this stage's output from now on, what is there of it first; of none, if none is named.
    WatchOutput(Option<String>),
    /// Send this signal's samples since a time, for a chart.
    History {
        /// The signal.
        signal: String,
        /// Since when.
        from: Timestamp,
    },
    /// Write this to a file.
    Keep {
        /// The id under which the answer comes.
        id: u64,
        /// What.
        keep: Keep,
    },
}

/// Something to be kept in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The file's name, as it should be; one that is there already is left alone.
    pub name: String,
    /// What is in it.
    pub content: String,
}

/// The two ends a cockpit holds.
#[derive(Debug)]
pub struct Link {
    /// What it is told.
    pub updates: mpsc::Receiver<Update>,
    /// What it asks for.
    pub requests: mpsc::Sender<Request>,
}
