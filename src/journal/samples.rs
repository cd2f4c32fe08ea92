//! Samples: what the signals were, for the sparklines and the judge. Kept for a while, outside of the hash chain.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{
    Journal, JournalError,
    lease::{nanoseconds, timestamp},
    watch::touch,
};
use crate::health::{Count, Said, Sample, Unknown, Value};

/// How many samples of a signal are kept: seven hours at one in 5 s. They take 0.6 MB.
const KEPT: i64 = 5_000;
/// How long samples are kept.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// After how many written samples old ones are taken out.
const TRIM_EVERY: usize = 500;
/// How many of the oldest samples of the whole journal are looked at when old ones are taken out.
const TRIMMED_AT_ONCE: i64 = 2_000;

impl Journal {
    /// Writes samples of a release's signals. A power cut may take the last ones back.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn write_samples(&mut self, release: &str, samples: &[(String, Sample)]) -> Result<(), JournalError> {
        let Some(newest) = samples.iter().map(|(_, sample)| sample.at).max() else {
            return Ok(());
        };
        let location = self.location.clone();
        let fail = |error: rusqlite::Error| JournalError::sqlite(&location, &error);
        let untrimmed = self.untrimmed.saturating_add(samples.len());
        let transaction = self.quick()?.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        for (signal, sample) in samples {
            let (value, missing) = match &sample.value {
                Value::Number(value) if value.is_finite() => (Some(*value), None),
                Value::Number(_) => (None, serde_json::to_string(&Unknown::NotANumber).ok()),
                Value::Missing(why) => (None, serde_json::to_string(why).ok()),
            };
            transaction
                .prepare_cached("INSERT INTO samples (release, signal, at, value, missing, more) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                .and_then(|mut statement| {
                    statement.execute(params![release, signal, nanoseconds(sample.at), value, missing, More::of(sample)])
                })
                .map_err(fail)?;
        }
        let due = untrimmed >= TRIM_EVERY;
        if due {
            // A source whose clock runs ahead must not make the others' samples old.
            trim(&transaction, release, newest.min(Timestamp::now())).map_err(fail)?;
        }
        transaction.commit().map_err(fail)?;
        touch(&location);
        self.untrimmed = if due { 0 } else { untrimmed };
        Ok(())
    }

    /// Samples of a release that were written behind a cursor (0 at first), the newest `limit` of each signal, in the
    /// order of their times; and the cursor to go on from.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn samples(&self, release: &str, after: i64, limit: usize) -> Result<(Vec<(String, Sample)>, i64), JournalError> {
        let read = || {
            // One view for all signals, so that the cursor passes over nothing.
            let view = self.connection.unchecked_transaction()?;
            let mut found = Vec::new();
            for signal in signals(&view, release)? {
                let mut statement = view.prepare_cached(
                    "SELECT number, at, value, missing, more FROM samples
                     WHERE release = ?1 AND signal = ?2 AND number > ?3 ORDER BY number DESC LIMIT ?4",
                )?;
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let mut rows = statement.query(params![release, signal, after, limit])?;
                while let Some(row) = rows.next()? {
                    let number: i64 = row.get(0)?;
                    let sample = sample(row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
                    found.push((number, signal.clone(), sample));
                }
            }
            Ok(found)
        };
        let mut found = read().map_err(|error| JournalError::sqlite(&self.location, &error))?;
        let cursor = found.iter().map(|(number, ..)| *number).max().unwrap_or(after);
        found.sort_by_key(|(number, _, sample)| (sample.at, *number));
        Ok((found.into_iter().map(|(_, signal, sample)| (signal, sample)).collect(), cursor))
    }

    /// The newest `limit` samples of one signal that were taken at that time or later, in the order of their times.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn history(&self, release: &str, signal: &str, from: Timestamp, limit: usize) -> Result<Vec<Sample>, JournalError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT at, value, missing, more FROM samples
                 WHERE release = ?1 AND signal = ?2 AND at >= ?3 ORDER BY number DESC LIMIT ?4",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![release, signal, nanoseconds(from), limit], |row| {
                Ok(sample(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
            rows.collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        let mut samples = read().map_err(|error| JournalError::sqlite(&self.location, &error))?;
        samples.sort_by_key(|sample| sample.at);
        Ok(samples)
    }
}

/// The signals of a release that have samples. Jumps from one to the next in the index, and does not read the samples between.
fn signals(connection: &Connection, release: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE known (signal) AS (
            SELECT min(signal) FROM samples WHERE release = ?1
            UNION ALL
            SELECT (SELECT min(signal) FROM samples WHERE release = ?1 AND signal > known.signal) FROM known
            WHERE known.signal IS NOT NULL
         ) SELECT signal FROM known WHERE signal IS NOT NULL",
    )?;
    statement.query_map([release], |row| row.get(0))?.collect()
}

/// Takes out the release's samples beyond those that are kept of each signal, and the oldest of the journal.
fn trim(connection: &Connection, release: &str, now: Timestamp) -> Result<(), rusqlite::Error> {
    for signal in signals(connection, release)? {
        connection
            .prepare_cached(
                "DELETE FROM samples WHERE release = ?1 AND signal = ?2 AND number <= (
                    SELECT number FROM samples WHERE release = ?1 AND signal = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![release, signal, KEPT])?;
    }
    let oldest = now.checked_sub(LONGEST).unwrap_or(Timestamp::MIN);
    // They were written in about the order of their times, so the first ones written are the ones to look at.
    connection
        .prepare_cached("DELETE FROM samples WHERE at < ?1 AND number IN (SELECT number FROM samples ORDER BY number LIMIT ?2)")?
        .execute(params![nanoseconds(oldest), TRIMMED_AT_ONCE])?;
    Ok(())
}

/// What a sample has besides its number, as JSON; most have nothing.
#[derive(Serialize, Deserialize)]
struct More {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<Count>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Box<Said>>,
}

impl More {
    fn of(sample: &Sample) -> Option<String> {
        if sample.count.is_none() && sample.said.is_none() {
            return None;
        }
        serde_json::to_string(&Self { count: sample.count, said: sample.said.clone() }).ok()
    }
}

/// A sample as it was kept. What cannot be read of what it has besides is left out.
fn sample(at: i64, number: Option<f64>, missing: Option<String>, more: Option<String>) -> Sample {
    let more = more.and_then(|more| serde_json::from_str(&more).ok()).unwrap_or(More { count: None, said: None });
    Sample { at: timestamp(at), value: value(number, missing), count: more.count, said: more.said }
}

/// A value as it was kept. One that cannot be read is no number, and never healthy.
fn value(value: Option<f64>, missing: Option<String>) -> Value {
    match (value, missing) {
        (Some(value), None) if value.is_finite() => Value::Number(value),
        (_, Some(why)) => Value::Missing(serde_json::from_str(&why).unwrap_or(Unknown::NotANumber)),
        _ => Value::Missing(Unknown::NotANumber),
    }
}
