//! The shop's database and its migration: real SQLite, really changed, in one transaction.
//!
//! Version 2 of the schema gives every order a pseudonym of its customer: a key stretched from the e-mail address, so that figures
//! can be made without it. Stretching a key is meant to be work, which is what takes the time here.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::SandboxError;
use super::service::hex;

/// How many orders the shop has.
pub const ORDERS: u32 = 4000;
/// How many orders are changed between two lines of progress.
const BATCH: usize = 400;
/// How often a key is hashed.
const ROUNDS: u32 = 2500;

/// What was found in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The version of its schema: 1 before the migration, 2 after.
    pub schema: u32,
    /// How many orders there are.
    pub orders: u32,
    /// How many of them have a pseudonym; none before the migration, all after.
    pub pseudonyms: u32,
    /// What all orders are worth, in cents: no migration may change it.
    pub cents: u64,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, orders, pseudonyms, cents } = self;
        write!(
            f,
            "schema {schema}, {orders} orders worth {}.{:02} EUR, {pseudonyms} pseudonyms, integrity ok",
            cents / 100,
            cents % 100
        )
    }
}

fn open(path: &Path) -> Result<Connection, SandboxError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(of(path))?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(of(path))?;
    Ok(connection)
}

/// Says which file an error is about.
fn of(path: &Path) -> impl Fn(rusqlite::Error) -> SandboxError + '_ {
    |source| SandboxError::Database { path: path.to_owned(), source }
}

fn schema(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn say(out: &mut dyn Write, line: &str) -> Result<(), SandboxError> {
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(SandboxError::Output)
}

/// Makes the shop's database, with [`ORDERS`] orders.
pub fn create(path: &Path) -> Result<(), SandboxError> {
    create_with(path, ORDERS)
}

/// Makes the shop's database with so many orders.
pub fn create_with(path: &Path, orders: u32) -> Result<(), SandboxError> {
    let make = || -> rusqlite::Result<()> {
        let mut connection = Connection::open(path)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL, placed TEXT NOT NULL) STRICT;
             PRAGMA user_version = 1;",
        )?;
        {
            let mut insert = transaction.prepare("INSERT INTO orders (id, customer, cents, placed) VALUES (?1, ?2, ?3, ?4)")?;
            for id in 1..=orders {
                // A fixed scatter: the same database each time, with customers who come back.
                let scatter = id.wrapping_mul(2_654_435_761);
                let customer = format!("customer{}@example.com", scatter % 700);
                let placed = format!("2026-{:02}-{:02}", scatter % 12 + 1, scatter / 16 % 28 + 1);
                insert.execute(params![id, customer, 500 + scatter / 64 % 20_000, placed])?;
            }
        }
        transaction.commit()
    };
    make().map_err(of(path))
}

/// Brings the database to version 2. Where it is there already, nothing is done; broken off, nothing was done.
pub fn up(path: &Path, out: &mut dyn Write) -> Result<(), SandboxError> {
    let began = Instant::now();
    let mut connection = open(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of(path))?;
    match schema(&transaction).map_err(of(path))? {
        1 => {}
        2 => return say(out, "migrate up: the schema is at version 2 already"),
        other => return Err(SandboxError::Failed(format!("the schema is at version {other}; this migration goes from 1 to 2"))),
    }
    transaction.execute_batch("ALTER TABLE orders ADD COLUMN customer_key TEXT").map_err(of(path))?;
    let orders: Vec<(i64, String)> = {
        let mut select = transaction.prepare("SELECT id, customer FROM orders ORDER BY id").map_err(of(path))?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(of(path))?;
        rows.collect::<Result<_, _>>().map_err(of(path))?
    };
    say(out, &format!("migrate up: {} orders get a pseudonym of their customer", orders.len()))?;
    let mut done = 0_usize;
    let mut update = transaction.prepare("UPDATE orders SET customer_key = ?2 WHERE id = ?1").map_err(of(path))?;
    for batch in orders.chunks(BATCH) {
        for (id, customer) in batch {
            update.execute(params![id, pseudonym(customer, *id)]).map_err(of(path))?;
        }
        done = done.saturating_add(batch.len());
        let percent = done.saturating_mul(100) / orders.len().max(1);
        say(out, &format!("migrate up: {done} of {} orders, {percent} %", orders.len()))?;
    }
    drop(update);
    transaction
        .execute_batch("CREATE INDEX orders_by_customer_key ON orders (customer_key); PRAGMA user_version = 2;")
        .map_err(of(path))?;
    transaction.commit().map_err(of(path))?;
    drop(connection);
    let verified = verify(path)?;
    say(out, &format!("migrate up: {verified}; took {:.1} s", began.elapsed().as_secs_f64()))
}

/// Takes the migration back. Where that is so already, nothing is done.
pub fn down(path: &Path, out: &mut dyn Write) -> Result<(), SandboxError> {
    let mut connection = open(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of(path))?;
    match schema(&transaction).map_err(of(path))? {
        2 => {}
        1 => return say(out, "migrate down: the schema is at version 1 already"),
        other => return Err(SandboxError::Failed(format!("the schema is at version {other}; this migration goes from 2 to 1"))),
    }
    transaction
        .execute_batch("DROP INDEX orders_by_customer_key; ALTER TABLE orders DROP COLUMN customer_key; PRAGMA user_version = 1;")
        .map_err(of(path))?;
    transaction.commit().map_err(of(path))?;
    drop(connection);
    say(out, &format!("migrate down: {}", verify(path)?))
}

/// Writes a copy of the database as it stands, checks it, and only then puts it in the place of an older one.
pub fn backup(path: &Path, to: &Path, out: &mut dyn Write) -> Result<(), SandboxError> {
    let file = |source| SandboxError::File { path: to.to_owned(), source };
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(file)?;
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(format!(".{}.unfinished", std::process::id()));
    let unfinished = std::path::PathBuf::from(unfinished);
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
        _ => {}
    }
    let name = unfinished.to_str().ok_or_else(|| SandboxError::Failed("the backup's path is no text".to_owned()))?;
    open(path)?.execute("VACUUM INTO ?1", [name]).map_err(of(&unfinished))?;
    let (original, copy) = (verify(path)?, verify(&unfinished)?);
    if original != copy {
        let _ = std::fs::remove_file(&unfinished);
        return Err(SandboxError::Failed(format!("the backup is not what was backed up: {copy}, not {original}")));
    }
    let bytes = std::fs::metadata(&unfinished).map_err(file)?.len();
    std::fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(file)?;
    std::fs::rename(&unfinished, to).map_err(file)?;
    say(out, &format!("backup: {} KiB; {copy}", bytes / 1024))
}

/// Checks that a database is whole: SQLite's own check, and that every order is as its schema says.
pub fn verify(path: &Path) -> Result<Verified, SandboxError> {
    let connection = open(path)?;
    let integrity: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(of(path))?;
    if integrity != "ok" {
        return Err(SandboxError::Failed(format!("integrity check: {}", crate::text::line(&integrity, 200))));
    }
    let schema = schema(&connection).map_err(of(path))?;
    let pseudonyms = match schema {
        1 => "0",
        2 => "count(customer_key)",
        other => return Err(SandboxError::Failed(format!("a schema of version {other}, which nobody knows"))),
    };
    let (orders, cents, pseudonyms) = connection
        .query_row(&format!("SELECT count(*), coalesce(sum(cents), 0), {pseudonyms} FROM orders"), [], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, row.get::<_, u32>(2)?))
        })
        .map_err(of(path))?;
    if schema == 2 && pseudonyms != orders {
        return Err(SandboxError::Failed(format!("{pseudonyms} of {orders} orders have a pseudonym")));
    }
    Ok(Verified { schema, orders, pseudonyms, cents: u64::try_from(cents).unwrap_or(0) })
}

/// A customer's e-mail address, stretched with the order's number as salt.
fn pseudonym(customer: &str, order: i64) -> String {
    let mut key = Sha256::new().chain_update(order.to_le_bytes()).chain_update(customer).finalize();
    for _ in 0..ROUNDS {
        key = Sha256::digest(key);
    }
    hex(key.get(..16).unwrap_or_default())
}
