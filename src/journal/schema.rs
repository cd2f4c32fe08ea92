//! The file: opening it, its tables, and who may read it.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{JournalError, Location};

/// The layout of the tables. A newer one is refused.
const SCHEMA: i64 = 2;
/// Marks a SQLite file as a journal of ours: `FLDK`.
const APPLICATION: i64 = 0x464C_444B;
/// How long a lock is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE events (
        release  TEXT NOT NULL,
        sequence INTEGER NOT NULL CHECK (sequence > 0),
        format   INTEGER NOT NULL,
        body     TEXT NOT NULL,
        hash     BLOB NOT NULL,
        PRIMARY KEY (release, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    -- INSERT OR REPLACE deletes without asking the trigger above.
    CREATE TRIGGER events_once BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events WHERE release = NEW.release AND sequence = NEW.sequence)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

    -- The last event of each release: without it, a tail that was cut off would not be missed.
    CREATE TABLE heads (
        release  TEXT NOT NULL PRIMARY KEY,
        sequence INTEGER NOT NULL,
        hash     BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER heads_rise BEFORE UPDATE ON heads WHEN NEW.sequence <= OLD.sequence OR NEW.release <> OLD.release
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER heads_remain BEFORE DELETE ON heads BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

    -- What a list of releases shows, so that it need not read their events.
    CREATE TABLE releases (
        number   INTEGER PRIMARY KEY AUTOINCREMENT,
        release  TEXT NOT NULL UNIQUE,
        started  TEXT NOT NULL,
        service  TEXT NOT NULL,
        version  TEXT NOT NULL,
        ended    INTEGER NOT NULL
    ) STRICT;
    CREATE TRIGGER releases_remain BEFORE DELETE ON releases BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

    -- Times in nanoseconds since 1970, here and below.
    CREATE TABLE leases (
        release  TEXT NOT NULL PRIMARY KEY,
        host     TEXT NOT NULL,
        pid      INTEGER NOT NULL,
        nonce    TEXT NOT NULL,
        since    INTEGER NOT NULL,
        renewed  INTEGER NOT NULL,
        token    INTEGER NOT NULL,
        released INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- AUTOINCREMENT: a viewer's cursor must not meet a number that was used before.
    CREATE TABLE samples (
        number   INTEGER PRIMARY KEY AUTOINCREMENT,
        release  TEXT NOT NULL,
        signal   TEXT NOT NULL,
        at       INTEGER NOT NULL,
        value    REAL,
        missing  TEXT,
        more     TEXT
    ) STRICT;
    CREATE INDEX samples_of ON samples (release, signal);
";

/// What makes tables of the layout before into tables of this one; the first stands for layout 1.
const STEPS: [&str; 1] = ["ALTER TABLE samples ADD COLUMN more TEXT;"];

/// What a commit on a connection promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It is on the disk when it returns.
    Synced,
    /// It is seen by all processes when it returns; a power cut may take the last ones back.
    Quick,
}

/// Creates the file and its folder, for their owner only, if they are not there. SQLite gives the files beside it the same rights.
pub(super) fn create_file(location: &Location) -> Result<(), JournalError> {
    let path = location.path();
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|why| JournalError::folder(folder, &why))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(why) => Err(JournalError::folder(path, &why)),
    }
}

/// A connection to a file that is there, with its layout looked at.
pub(super) fn connect(location: &Location, durability: Durability) -> Result<Connection, JournalError> {
    let fail = |error: rusqlite::Error| JournalError::sqlite(location, &error);
    let path = location.path();
    if path.is_dir() {
        return Err(JournalError::NotAJournal { path: location.shown(), why: "it is a folder".to_owned() });
    }
    // No URI and no creation: the path is what it says, and the file was made with its rights before.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    connection.busy_timeout(PATIENCE).map_err(fail)?;
    let level = match durability {
        Durability::Synced => "FULL",
        Durability::Quick => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", level).map_err(fail)?;
    // On macOS a plain fsync leaves data in the drive's cache; elsewhere this does nothing.
    connection.pragma_update(None, "fullfsync", durability == Durability::Synced).map_err(fail)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(fail)?;

    // One look: read apart, what another process creates in between would look like another program's file.
    let look = connection.unchecked_transaction().map_err(fail)?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(fail);
    let (application, found) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    look.commit().map_err(fail)?;
    let empty = application == 0 && found == 0 && tables == 0;
    if !empty && application != APPLICATION {
        return Err(JournalError::NotAJournal {
            path: location.shown(),
            why: "it is the SQLite file of another program".to_owned(),
        });
    }
    if found > SCHEMA {
        return Err(JournalError::NewerSchema { path: location.shown(), found, known: SCHEMA });
    }
    if !empty && found < SCHEMA {
        bring_up_to_date(&connection).map_err(fail)?;
    }
    Ok(connection)
}

/// Takes the tables of an older layout through each step to this one. Events stay as they are: what changes is beside them.
fn bring_up_to_date(connection: &Connection) -> Result<(), rusqlite::Error> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another process may have been quicker.
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(found).unwrap_or(0).saturating_sub(1);
    if found > 0 {
        for step in STEPS.iter().skip(done) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", SCHEMA)?;
    }
    transaction.commit()
}

/// Whether the tables are still to be made.
pub(super) fn is_new(location: &Location, connection: &Connection) -> Result<bool, JournalError> {
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| JournalError::sqlite(location, &error))?;
    Ok(version == 0)
}

/// Makes the tables if they are not there.
pub(super) fn create(location: &Location, connection: &mut Connection) -> Result<(), JournalError> {
    if !is_new(location, connection)? {
        return Ok(());
    }
    let fail = |error: rusqlite::Error| JournalError::sqlite(location, &error);
    write_ahead(connection).map_err(fail)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    // Another process may have been quicker.
    if is_new(location, &transaction)? {
        transaction.execute_batch(TABLES).map_err(fail)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(fail)?;
        transaction.pragma_update(None, "user_version", SCHEMA).map_err(fail)?;
    }
    transaction.commit().map_err(fail)
}

/// Turns the write-ahead log on, for good. SQLite does not wait for a lock by itself here.
fn write_ahead(connection: &Connection) -> Result<(), rusqlite::Error> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Err(error)
                if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
                    && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done.map(drop),
        }
    }
}
