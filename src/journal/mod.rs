//! The append-only store: events in hash chains, leases, samples. Synchronous; used from threads of its own.
//!
//! One SQLite file holds many releases. Each has its own sequence of events, from 1, and its own hash chain. An append
//! names the last sequence number its writer knew, so of two who decide at once, one is told to look again; when it
//! returns, the events are on the disk. Several processes may have the journal open at the same time.
//!
//! Two connections keep two promises: events and leases are taken with `synchronous=FULL`, so what was acted on survives
//! a power cut; signs of life and samples are written with `NORMAL`, which may lose the last moments in a power cut, never
//! the file, and does not wait for the disk.

mod chain;
mod earlier;
mod error;
mod events;
mod lease;
mod location;
mod samples;
mod schema;
mod verify;
mod watch;

use rusqlite::Connection;

pub use error::{AppendError, JournalError};
pub use events::{Entry, ReleaseRow};
pub use lease::{Holder, Lease, Taking};
pub use location::Location;
pub use verify::{Fault, FaultKind, Verified};
pub use watch::Watch;

use schema::Durability;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    location: Location,
    /// For events and leases: a commit is on the disk when it returns.
    connection: Connection,
    /// For signs of life and samples: opened when first needed.
    quick: Option<Connection>,
    /// How many samples were written since old ones were last taken out.
    untrimmed: usize,
}

impl Journal {
    /// Opens the journal, and creates it with its folder if there is none.
    ///
    /// # Errors
    /// Where it cannot be created or opened, is no journal, or was written by a newer Flightdeck.
    pub fn open(location: &Location) -> Result<Self, JournalError> {
        schema::create_file(location)?;
        let mut connection = schema::connect(location, Durability::Synced)?;
        schema::create(location, &mut connection)?;
        Ok(Self::over(location, connection))
    }

    /// Opens a journal that is there already.
    ///
    /// # Errors
    /// [`JournalError::Missing`] where there is none; otherwise as [`Journal::open`].
    pub fn open_existing(location: &Location) -> Result<Self, JournalError> {
        let missing = || JournalError::Missing { path: location.shown() };
        if !location.path().try_exists().map_err(|why| JournalError::folder(location.path(), &why))? {
            return Err(missing());
        }
        let connection = schema::connect(location, Durability::Synced)?;
        if schema::is_new(location, &connection)? {
            return Err(missing());
        }
        Ok(Self::over(location, connection))
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    fn over(location: &Location, connection: Connection) -> Self {
        Self { location: location.clone(), connection, quick: None, untrimmed: 0 }
    }

    /// The connection that does not wait for the disk.
    fn quick(&mut self) -> Result<&mut Connection, JournalError> {
        if self.quick.is_none() {
            self.quick = Some(schema::connect(&self.location, Durability::Quick)?);
        }
        // It was just opened; the other arm is for the compiler.
        self.quick.as_mut().ok_or_else(|| JournalError::Missing { path: self.location.shown() })
    }
}

/// A sequence number as SQLite keeps it. None ever gets near the limit; if one did, it would match nothing.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A sequence number from SQLite. A negative one was never written by us, and reads as 0.
fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
