//! What a release's stages usually take, read from earlier releases of the same service.
//!
//! However long the journal is, only a bounded part of it is looked at: so many releases, and so many events of each.

use rusqlite::params;

use super::{Journal, JournalError, events::decode, number};
use crate::{
    plan::Plan,
    release::{Expected, Past},
};

/// Among how many of the releases before it those of the same service are looked for.
const AMONG: i64 = 500;
/// How many releases of the service are read.
const RELEASES: i64 = 12;
/// How many events of a release are looked at, from its beginning.
const EVENTS: i64 = 10_000;

/// The releases of a service before one, the newest first.
const EARLIER: &str = "
    SELECT release FROM (SELECT number, release, service FROM releases
                         WHERE number < (SELECT number FROM releases WHERE release = ?1) ORDER BY number DESC LIMIT ?2)
    WHERE service = ?3 ORDER BY number DESC LIMIT ?4";

/// The events that tell when something began or ended. The others are passed over without being read as events.
const TIMES: &str = r#"
    SELECT sequence, format, body FROM (SELECT sequence, format, body FROM events WHERE release = ?1 ORDER BY sequence LIMIT ?2)
    WHERE sequence = 1
       OR instr(body, '"kind":"stage-started"') OR instr(body, '"kind":"stage-passed"')
       OR instr(body, '"kind":"step-started"') OR instr(body, '"kind":"operation-') OR instr(body, '"kind":"bake-ended"') OR instr(body, '"kind":"completed"')
    ORDER BY sequence"#;

impl Journal {
    /// What a release's stages usually take, after the releases of the same service before it. An earlier release that cannot
    /// be read tells nothing and keeps nothing from being told.
    ///
    /// # Errors
    /// Where the journal fails.
    pub fn expected(&self, release: &str, plan: &Plan) -> Result<Expected, JournalError> {
        let fail = |error: rusqlite::Error| JournalError::sqlite(&self.location, &error);
        let earlier = self.earlier(release, &plan.service).map_err(fail)?;
        let mut past = Vec::with_capacity(earlier.len());
        for id in earlier {
            past.extend(self.past(&id).map_err(fail)?);
        }
        Ok(Expected::of(plan, &past))
    }

    fn earlier(&self, release: &str, service: &str) -> Result<Vec<String>, rusqlite::Error> {
        let mut statement = self.connection.prepare_cached(EARLIER)?;
        let rows = statement.query_map(params![release, AMONG, service, RELEASES], |row| row.get(0))?;
        rows.collect()
    }

    /// What a release took; none if it cannot be read.
    fn past(&self, release: &str) -> Result<Option<Past>, rusqlite::Error> {
        let mut statement = self.connection.prepare_cached(TIMES)?;
        let mut rows = statement.query(params![release, EVENTS])?;
        let mut past = None;
        while let Some(row) = rows.next()? {
            let sequence = number(row.get(0)?);
            let Ok(body) = row.get_ref(2)?.as_str() else { return Ok(None) };
            let Ok(event) = decode(release, sequence, row.get(1)?, body) else { return Ok(None) };
            match &mut past {
                None => past = Past::begin(event),
                Some(past) => past.take(&event),
            }
        }
        Ok(past)
    }
}
