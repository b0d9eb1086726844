//! SQLite and PostgreSQL behind one transaction type. One SQL text serves both: `$1…$n`, `ON CONFLICT`,
//! `RETURNING`, `CAST(… AS BIGINT)` around sums, no date functions.

use super::audit_key::KeyPlace;
use super::connect::{self, Pools};
pub use super::row::{Row, TableRow};
use super::secret::Secret;
pub use super::value::Value;
use super::value::day_text;
use super::{StoreError, migrations};
use crate::clock::Clock;
use crate::fault::Faults;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use sqlx::Arguments as _;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Postgres, Sqlite, Transaction};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[path = "scrub.rs"]
mod scrub;

/// How long a transaction is begun again and again on a server that restarts or fails over.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// The first wait before it is; doubled each time.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// The longest.
const RETRY_LONGEST: Duration = Duration::from_secs(1);

/// PostgreSQL's own clock, also inside a transaction.
const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
/// The cluster, which a dump loaded elsewhere does not share, and the database in it.
const CLUSTER: &str = "SELECT CAST(system_identifier AS TEXT) || '/' || CAST(oid AS TEXT) \
     FROM pg_control_system(), pg_database WHERE datname = current_database()";
/// Locks the row of a run, so that nobody claims it between this and the end of the transaction.
const STILL_MINE: &str = "UPDATE run SET fence = fence \
     WHERE id = $1 AND fence = $2 AND state = 'running'";

/// A database.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    /// SQLite has no clock of its own: this is the one of its leases.
    clock: Clock,
    /// The claim under which everything is written, where there is one.
    claim: Option<Claim>,
    /// Where a test makes the process die: before and after every commit, and at steps of the app.
    faults: Faults,
    /// Whether anything was written.
    wrote: Arc<AtomicBool>,
    secret: Secret,
    /// Where the key is that seals the audit log.
    key_place: Arc<KeyPlace>,
}

/// The claim of a run: what is written under it is undone where somebody else has claimed the run since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The run.
    pub run: i64,
    /// The number of the claim.
    pub fence: i64,
}

/// A transaction; gone without a trace unless committed.
#[derive(Debug)]
pub struct Tx {
    way: Way,
    claim: Option<Claim>,
    faults: Faults,
    /// Of a transaction that may write: what its commit sets.
    wrote: Option<Arc<AtomicBool>>,
    key_place: Arc<KeyPlace>,
}

#[derive(Debug)]
enum Way {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// The arguments of a statement: `args![campaign, "text", 3_i64]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::db::Value::from($value)),*] };
}

impl Store {
    /// Opens a database and brings its tables up to date. A SQLite file is made where `create` says so.
    pub(super) async fn connect(address: &str, create: bool) -> Result<Self, StoreError> {
        let pools = connect::open(address, create).await?;
        let key_place = match &pools {
            Pools::Sqlite { file, .. } => KeyPlace::beside(file),
            Pools::Postgres(_) => KeyPlace::default(),
        };
        let store = Self {
            pools,
            key_place: Arc::new(key_place),
            clock: Clock::System,
            claim: None,
            faults: Faults::default(),
            wrote: Arc::default(),
            secret: Secret::default(),
        };
        store.migrate().await?;
        Ok(store)
    }

    /// The same database with the secret that it has now.
    pub(super) async fn with_secret(self) -> Result<Self, StoreError> {
        let secret = Secret::of(&self).await?;
        Ok(Self { secret, ..self })
    }

    /// The secret that signs what mails carry, as it was when the database was opened.
    pub fn secret(&self) -> &[u8] {
        self.secret.bytes()
    }

    /// The same database with another clock for its leases, where it is SQLite.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same database, where a test makes the process die.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The same database, whose audit log is sealed with the key in this file.
    #[must_use]
    pub fn with_audit_key(mut self, file: PathBuf) -> Self {
        self.key_place = Arc::new(KeyPlace::in_file(file));
        self
    }

    /// The file with the key that seals the audit log; `None` where the key is made from the installation's secret.
    pub fn audit_key(&self) -> Option<&Path> {
        self.key_place.file()
    }

    /// Tells that a step has been reached.
    pub fn step(&self, name: &'static str) {
        self.faults.at(name);
    }

    /// The same database, where every transaction is committed only while a claim still holds.
    #[must_use]
    pub fn under(&self, claim: Claim) -> Self {
        Self { claim: Some(claim), ..self.clone() }
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let done = match &self.pools {
            Pools::Sqlite { write, .. } => migrations::sqlite().run(write).await,
            Pools::Postgres(pool) => migrations::postgres().run(pool).await,
        };
        match done {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(version)) => Err(StoreError::Newer(version)),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                Err(self.pools.explained(error).await)
            }
            Err(other) => Err(StoreError::Migration(other)),
        }
    }

    /// Begins a transaction that may write. On SQLite it holds the write lock from the start, so it never
    /// fails half-way because somebody else wrote.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        self.begin(true).await
    }

    /// Begins a transaction that only reads, on one snapshot.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        self.begin(false).await
    }

    /// Begins, again and again while the server is starting or failing over.
    async fn begin(&self, writes: bool) -> Result<Tx, StoreError> {
        const READ_ONLY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let since = tokio::time::Instant::now();
        let mut wait = RETRY_FIRST;
        loop {
            let begun = match &self.pools {
                Pools::Sqlite { write, .. } if writes => {
                    write.begin_with("BEGIN IMMEDIATE").await.map(Way::Sqlite)
                }
                Pools::Sqlite { read, .. } => read.begin().await.map(Way::Sqlite),
                Pools::Postgres(pool) if writes => pool.begin().await.map(Way::Postgres),
                Pools::Postgres(pool) => pool.begin_with(READ_ONLY).await.map(Way::Postgres),
            };
            let error = match begun {
                Ok(way) => {
                    let wrote = writes.then(|| Arc::clone(&self.wrote));
                    let (faults, key_place) = (self.faults.clone(), Arc::clone(&self.key_place));
                    return Ok(Tx { way, claim: self.claim, faults, wrote, key_place });
                }
                Err(error) => StoreError::from(error),
            };
            // SQLite has waited by itself; a server that is not there has been tried for some time by the pool.
            if self.is_sqlite() || !error.is_passing() || since.elapsed() + wait > RETRY_MAX {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_LONGEST);
        }
    }

    /// Whether the database is a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> Option<&Path> {
        match &self.pools {
            Pools::Sqlite { file, .. } => Some(file),
            Pools::Postgres(_) => None,
        }
    }

    /// The clock by which leases run: the database's, milliseconds since 1970.
    pub async fn lease_clock(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        if tx.is_sqlite() {
            return Ok(self.clock.now().timestamp_millis());
        }
        let row = tx.row(NOW, vec![]).await?;
        row.ok_or_else(|| StoreError::bad("clock", "*", "now", "there is no row"))?.get(0)
    }

    /// Where this database is: of a file the machine and the path, on PostgreSQL the cluster and the database. A
    /// copy is somewhere else.
    pub async fn home(&self, machine: &str) -> Result<String, StoreError> {
        let said = match &self.pools {
            Pools::Sqlite { file, .. } => {
                let path = file.canonicalize().unwrap_or_else(|_| file.clone());
                format!("{machine}\n{}", path.display())
            }
            Pools::Postgres(_) => {
                let mut tx = self.read().await?;
                let row = tx.row(CLUSTER, vec![]).await?;
                let none = || StoreError::bad("pg_database", "*", "this one", "there is no row");
                row.ok_or_else(none)?.get(0)?
            }
        };
        Ok(crate::text::hex(&Sha256::digest(said.as_bytes())[..12]))
    }

    /// Whether commits wait until they are safe on the disk, as they do at first. A replay need not wait: after a power
    /// cut it can be repeated. PostgreSQL always waits as it is configured to.
    pub async fn wait_for_disk(&self, waits: bool) -> Result<(), StoreError> {
        // The writer is one connection. Should it ever be opened anew, it waits again.
        if let Pools::Sqlite { write, .. } = &self.pools {
            let sql = if waits { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = OFF" };
            sqlx::query(sql).execute(write).await?;
        }
        Ok(())
    }

    /// Folds what was written into the file of SQLite, so that the file is complete without its log and the log is
    /// short: while a daemon has the file open, nothing else does so. A fault is only logged, because nothing is
    /// lost.
    pub async fn fold_log(&self) {
        if !self.is_sqlite() || !self.wrote.swap(false, Ordering::Relaxed) {
            return;
        }
        match self.pools.fold().await {
            Ok(true) => {}
            Ok(false) => self.wrote.store(true, Ordering::Relaxed),
            Err(error) => {
                self.wrote.store(true, Ordering::Relaxed);
                tracing::debug!(%error, "the log of the database could not be folded");
            }
        }
    }

    /// Folds the log and closes the connections.
    pub async fn close(&self) {
        self.fold_log().await;
        self.pools.close().await;
    }
}

fn sqlite(
    sql: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Text(it) => arguments.add(it),
            Value::Int(it) => arguments.add(it),
            // The same text as sqlx's own, which takes longer to write.
            Value::Day(it) => arguments.add(it.map(day_text)),
            Value::Bytes(it) => arguments.add(it),
        };
        added.expect("SQLite takes any text, number and bytes");
    }
    sqlx::query_with(sql, arguments)
}

fn postgres(
    sql: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(sql);
    for value in values {
        query = match value {
            Value::Text(it) => query.bind(it),
            Value::Int(it) => query.bind(it),
            Value::Day(it) => query.bind(it),
            Value::Bytes(it) => query.bind(it),
        };
    }
    query
}

impl Tx {
    /// Runs a statement; returns how many rows it changed.
    pub async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        Ok(match &mut self.way {
            Way::Sqlite(tx) => sqlite(sql, values).execute(&mut **tx).await?.rows_affected(),
            Way::Postgres(tx) => postgres(sql, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// All rows of a query.
    pub async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match &mut self.way {
            Way::Sqlite(tx) => sqlite(sql, values).map(Row::Sqlite).fetch_all(&mut **tx).await?,
            Way::Postgres(tx) => {
                postgres(sql, values).map(Row::Postgres).fetch_all(&mut **tx).await?
            }
        })
    }

    /// The first row of a query, if there is one.
    pub async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(match &mut self.way {
            Way::Sqlite(tx) => {
                sqlite(sql, values).map(Row::Sqlite).fetch_optional(&mut **tx).await?
            }
            Way::Postgres(tx) => {
                postgres(sql, values).map(Row::Postgres).fetch_optional(&mut **tx).await?
            }
        })
    }

    /// The rows of a query one by one, however many there are.
    pub fn stream(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> BoxStream<'_, Result<Row, StoreError>> {
        match &mut self.way {
            Way::Sqlite(tx) => {
                sqlite(sql, values).fetch(&mut **tx).map_ok(Row::Sqlite).err_into().boxed()
            }
            Way::Postgres(tx) => {
                postgres(sql, values).fetch(&mut **tx).map_ok(Row::Postgres).err_into().boxed()
            }
        }
    }

    /// Hands the rows of a query over one by one, however many there are.
    pub async fn each(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
        mut take: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.stream(sql, values);
        while let Some(row) = rows.try_next().await? {
            take(row)?;
        }
        Ok(())
    }

    /// Where the key is that seals the audit log.
    pub(super) fn key_place(&self) -> Arc<KeyPlace> {
        Arc::clone(&self.key_place)
    }

    /// Whether the database is a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.way, Way::Sqlite(_))
    }

    /// Whether it may write.
    pub fn writes(&self) -> bool {
        self.wrote.is_some()
    }

    /// Makes everything that the transaction did permanent; nothing of it where the claim that it is made under
    /// has gone to somebody else.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if let Some(claim) = self.claim
            && self.run(STILL_MINE, crate::args![claim.run, claim.fence]).await? == 0
        {
            return Err(StoreError::Fenced);
        }
        self.faults.at("commit");
        match self.way {
            Way::Sqlite(tx) => tx.commit().await?,
            Way::Postgres(tx) => tx.commit().await?,
        }
        if let Some(wrote) = self.wrote {
            wrote.store(true, Ordering::Relaxed);
        }
        self.faults.at("committed");
        Ok(())
    }
}
