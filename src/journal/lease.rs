//! The lease: who drives a release. One at a time, with a token that only ever rises.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use std::time::Duration;

use super::{Journal, JournalError, number, stored};

/// Who asks for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The host it runs on.
    pub host: String,
    /// Its process id.
    pub pid: u32,
    /// Random, to tell it from a later process with the same id, and from another controller in the same process.
    pub nonce: String,
}

/// A lease that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// The holder's host.
    pub host: String,
    /// The holder's process id.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
    /// The holder's last sign of life.
    pub renewed: Timestamp,
    /// The token that goes with it.
    pub token: u64,
}

impl Lease {
    /// Whether its holder shows signs of life: it renewed it within `patience`, and is not known to be gone from this `host`.
    #[must_use]
    pub fn is_alive(&self, host: &str, now: Timestamp, patience: Duration) -> bool {
        now.duration_since(self.renewed).unsigned_abs() <= patience && !(self.host == host && is_gone(self.pid))
    }
}

/// How asking for a lease ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    /// It was taken.
    Taken {
        /// The token to append with: higher than any before.
        token: u64,
        /// The last sign of life of the holder before, if there was one.
        previous: Option<Timestamp>,
    },
    /// Somebody else has it.
    Held(Lease),
}

/// A lease as it is kept.
struct Kept {
    lease: Lease,
    nonce: String,
    released: bool,
}

impl Journal {
    /// Takes a release's lease, if it is free: never taken, given back, not renewed for longer than `patience`, held by a
    /// process of the same host that is gone, or by the asker itself.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn take_lease(
        &mut self,
        release: &str,
        holder: &Holder,
        now: Timestamp,
        patience: Duration,
    ) -> Result<Taking, JournalError> {
        let location = &self.location;
        let fail = |error: rusqlite::Error| JournalError::sqlite(location, &error);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        let before = kept(&transaction, release).map_err(fail)?;
        if let Some(before) = &before
            && !is_free(before, holder, now, patience)
        {
            return Ok(Taking::Held(before.lease.clone()));
        }
        let previous = before.as_ref().map(|before| before.lease.renewed);
        let token = before.map_or(0, |before| before.lease.token).saturating_add(1);
        transaction
            .execute(
                "INSERT INTO leases (release, host, pid, nonce, since, renewed, token, released)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 0)
                 ON CONFLICT (release) DO UPDATE SET host = excluded.host, pid = excluded.pid, nonce = excluded.nonce,
                     since = excluded.since, renewed = excluded.renewed, token = excluded.token, released = 0",
                params![release, holder.host, holder.pid, holder.nonce, nanoseconds(now), stored(token)],
            )
            .map_err(fail)?;
        transaction.commit().map_err(fail)?;
        Ok(Taking::Taken { token, previous })
    }

    /// Gives a sign of life. Whether the lease is still held with this token.
    ///
    /// It does not wait for the disk: a sign of life that a power cut takes back is one of a process it has ended.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn renew_lease(&mut self, release: &str, token: u64, now: Timestamp) -> Result<bool, JournalError> {
        let location = self.location.clone();
        self.quick()?
            .prepare_cached("UPDATE leases SET renewed = ?3 WHERE release = ?1 AND token = ?2 AND released = 0")
            .and_then(|mut statement| statement.execute(params![release, stored(token), nanoseconds(now)]))
            .map(|changed| changed > 0)
            .map_err(|error| JournalError::sqlite(&location, &error))
    }

    /// Gives a lease back, if it is still held with this token.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn release_lease(&mut self, release: &str, token: u64) -> Result<(), JournalError> {
        let location = self.location.clone();
        self.quick()?
            .execute("UPDATE leases SET released = 1 WHERE release = ?1 AND token = ?2", params![release, stored(token)])
            .map(drop)
            .map_err(|error| JournalError::sqlite(&location, &error))
    }

    /// Who holds a release's lease, if it was taken and not given back. Whether they are still alive, its times tell.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn lease(&self, release: &str) -> Result<Option<Lease>, JournalError> {
        let kept = kept(&self.connection, release).map_err(|error| JournalError::sqlite(&self.location, &error))?;
        Ok(kept.filter(|kept| !kept.released).map(|kept| kept.lease))
    }
}

fn kept(connection: &Connection, release: &str) -> Result<Option<Kept>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT host, pid, since, renewed, token, nonce, released FROM leases WHERE release = ?1")?
        .query_row([release], |row| {
            Ok(Kept {
                lease: Lease {
                    host: row.get(0)?,
                    pid: row.get(1)?,
                    since: timestamp(row.get(2)?),
                    renewed: timestamp(row.get(3)?),
                    token: number(row.get(4)?),
                },
                nonce: row.get(5)?,
                released: row.get(6)?,
            })
        })
        .optional()
}

/// Whether a lease may be taken from its holder.
fn is_free(kept: &Kept, asker: &Holder, now: Timestamp, patience: Duration) -> bool {
    let lease = &kept.lease;
    let same_host = lease.host == asker.host;
    // A sign of life from the future is as little one as an old one: somebody's clock was set back.
    let age = now.duration_since(lease.renewed).unsigned_abs();
    kept.released
        || age > patience
        || (same_host && lease.pid == asker.pid && kept.nonce == asker.nonce)
        || (same_host && is_gone(lease.pid))
}

/// Whether there is no process with this id. Not knowing is no.
#[cfg(unix)]
fn is_gone(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else {
        return false;
    };
    rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}

#[cfg(not(unix))]
fn is_gone(_pid: u32) -> bool {
    false
}

/// A time as it is kept. One outside of the years 1677 to 2262 is kept as the nearest.
pub(super) fn nanoseconds(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// A time that was kept.
pub(super) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default()
}
