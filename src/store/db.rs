//! SQLite and PostgreSQL behind one transaction type. One SQL text serves both: `$1…$n`, `ON CONFLICT`,
//! `RETURNING`, `CAST(… AS BIGINT)` around sums, no date functions.

use super::audit_key::KeyPlace;
pub use super::row::{Row, TableRow};
pub use super::value::Value;
use super::{StoreError, migrations};
use crate::clock::Clock;
use crate::fault::Faults;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Postgres, Sqlite, Transaction};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// How long a writer waits for another one before it gives up.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// Connections to PostgreSQL, and readers of SQLite, of one process.
const CONNECTIONS_MAX: u32 = 4;
/// Page cache of SQLite's writer in KiB: enough for what one commit of an import touches.
const SQLITE_WRITE_CACHE_KIB: &str = "-64000";
/// The same of a reader, of which there are several.
const SQLITE_READ_CACHE_KIB: &str = "-8000";
/// Pages (64 MB) of the write-ahead log before it is folded into the file: an import touches a page many times.
const SQLITE_LOG_PAGES: &str = "16000";
/// Rows that SQLite's thread may be ahead of their reader: waking up for every row costs more than the row.
const ROWS_BUFFERED: usize = 1024;

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
    /// Where the key is that seals the audit log.
    key_place: Arc<KeyPlace>,
}

#[derive(Debug, Clone)]
enum Pools {
    /// One writer, so that nobody waits for a lock inside a transaction; readers see a snapshot.
    Sqlite {
        file: PathBuf,
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
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
    pub async fn open(address: &str, create: bool) -> Result<Self, StoreError> {
        let pools = if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            open_postgres(address).await?
        } else if address.starts_with("sqlite:") {
            open_sqlite(address, create).await?
        } else {
            return Err(StoreError::Address(address.to_owned()));
        };
        let key_place = match &pools {
            Pools::Sqlite { file, .. } => KeyPlace::beside(file),
            Pools::Postgres(_) => KeyPlace::default(),
        };
        let key_place = Arc::new(key_place);
        let (clock, faults) = (Clock::System, Faults::default());
        let store = Self { pools, clock, claim: None, faults, key_place };
        store.migrate().await?;
        if super::installation::secret(&mut store.read().await?).await?.is_none() {
            let mut tx = store.write().await?;
            super::installation::found(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(store)
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
        done.map_err(|error| match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => StoreError::Newer(version),
            sqlx::migrate::MigrateError::Execute(error)
            | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error.into(),
            other => StoreError::Migration(other),
        })
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
                    let (faults, key_place) = (self.faults.clone(), Arc::clone(&self.key_place));
                    return Ok(Tx { way, claim: self.claim, faults, key_place });
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

    /// Closes the connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

async fn open_sqlite(address: &str, create: bool) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::from_str(address)
        .map_err(|_| StoreError::Address(address.to_owned()))?
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL could lose the last "sent" at a power cut, and the mail would go twice.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_MAX)
        .pragma("cache_size", SQLITE_WRITE_CACHE_KIB)
        .pragma("wal_autocheckpoint", SQLITE_LOG_PAGES)
        .pragma("temp_store", "memory")
        .row_buffer_size(ROWS_BUFFERED)
        .create_if_missing(create);
    if !create && !options.get_filename().exists() {
        return Err(StoreError::Absent(options.get_filename().display().to_string()));
    }
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(BUSY_MAX * 6)
        .connect_with(options.clone())
        .await?;
    let read = SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX).connect_lazy_with(
        options.clone().pragma("query_only", "on").pragma("cache_size", SQLITE_READ_CACHE_KIB),
    );
    Ok(Pools::Sqlite { file: options.get_filename().to_owned(), write, read })
}

async fn open_postgres(address: &str) -> Result<Pools, StoreError> {
    let options = PgConnectOptions::from_str(address)
        .map_err(|_| StoreError::Address(address.to_owned()))?
        .application_name("doseplan")
        .options([
            ("statement_timeout", "60s"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "60s"),
        ]);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(BUSY_MAX)
        // A transaction whose `begin` was cancelled may still be open on the server.
        .before_acquire(|connection, _| {
            Box::pin(
                async move { sqlx::raw_sql("ROLLBACK").execute(connection).await.map(|_| true) },
            )
        })
        .connect_with(options)
        .await?;
    Ok(Pools::Postgres(pool))
}

macro_rules! bind_all {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Text(it) => query.bind(it),
                Value::Int(it) => query.bind(it),
                Value::Day(it) => query.bind(it),
                Value::Bytes(it) => query.bind(it),
            };
        }
        query
    }};
}

fn sqlite(
    sql: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    // The same text as sqlx's own, which takes longer to write.
    let as_text = |value| match value {
        Value::Day(day) => Value::Text(day.map(|day| day.to_string())),
        other => other,
    };
    bind_all!(sqlx::query(sql), values.into_iter().map(as_text))
}

fn postgres(
    sql: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    bind_all!(sqlx::query(sql), values)
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
        self.faults.at("committed");
        Ok(())
    }
}
