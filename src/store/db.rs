//! SQLite and PostgreSQL behind one transaction type. One SQL text serves both: `$1…$n`, `ON CONFLICT`,
//! `RETURNING`, `CAST(… AS BIGINT)` around sums, no date functions.

use chrono::NaiveDate;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Decode, Postgres, Row as _, Sqlite, Transaction, Type};
use std::str::FromStr;
use std::sync::LazyLock;
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

/// What went wrong in the database, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is not one of a database.
    #[error("{0:?} is not a database address; write sqlite://FILE or postgres://USER@HOST/NAME")]
    Address(String),
    /// The file of the database is not there.
    #[error("there is no database {0}; `doseplan campaign apply FOLDER` makes one")]
    Absent(String),
    /// The database belongs to a later doseplan.
    #[error("the database was written by a newer doseplan (migration {0}); use that version")]
    Newer(i64),
    /// The disk is full.
    #[error("the disk of the database is full; this step was undone, make room and run it again")]
    DiskFull,
    /// The file cannot be written.
    #[error("the database cannot be written (read-only file or disk); mend its rights")]
    ReadOnly,
    /// The file is damaged.
    #[error("the database is damaged ({0}); restore a backup")]
    Damaged(String),
    /// Another process holds the database for too long.
    #[error("another process has held the database for more than 10 s; try again")]
    Busy,
    /// A row that cannot be what doseplan wrote.
    #[error("table {table}: {what}")]
    BadRow {
        /// Table and key.
        table: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// Anything else that the database says.
    #[error("database: {0}")]
    Other(sqlx::Error),
    /// A migration that cannot be applied.
    #[error("migration: {0}")]
    Migration(sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(found) = error.as_database_error() else { return Self::Other(error) };
        // SQLite's primary result code is the low byte of the extended one.
        match found.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff) {
            _ if found.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_none() => {
                Self::Other(error)
            }
            Some(5 | 6) => Self::Busy,
            Some(8) => Self::ReadOnly,
            Some(11 | 26) => Self::Damaged(found.message().to_owned()),
            Some(13) => Self::DiskFull,
            _ => Self::Other(error),
        }
    }
}

/// A database.
#[derive(Debug, Clone)]
pub struct Store(Pools);

#[derive(Debug, Clone)]
enum Pools {
    /// One writer, so that nobody waits for a lock inside a transaction; readers see a snapshot.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction; gone without a trace unless committed.
#[derive(Debug)]
pub enum Tx {
    /// Of SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// Of PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// A value handed to a statement.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text or nothing.
    Text(Option<String>),
    /// A whole number or nothing.
    Int(Option<i64>),
    /// A day or nothing.
    Day(Option<NaiveDate>),
    /// Bytes.
    Bytes(Vec<u8>),
}

macro_rules! into_value {
    ($($from:ty => |$it:ident| $make:expr),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from($it: $from) -> Self {
                $make
            }
        }
    )+};
}

into_value! {
    &str => |it| Value::Text(Some(it.to_owned())),
    &String => |it| Value::Text(Some(it.clone())),
    String => |it| Value::Text(Some(it)),
    Option<String> => |it| Value::Text(it),
    Option<&str> => |it| Value::Text(it.map(str::to_owned)),
    i64 => |it| Value::Int(Some(it)),
    Option<i64> => |it| Value::Int(it),
    u32 => |it| Value::Int(Some(i64::from(it))),
    u8 => |it| Value::Int(Some(i64::from(it))),
    bool => |it| Value::Int(Some(i64::from(it))),
    NaiveDate => |it| Value::Day(Some(it)),
    Option<NaiveDate> => |it| Value::Day(it),
    Vec<u8> => |it| Value::Bytes(it),
    super::CampaignNo => |it| Value::Int(Some(it.0)),
}

/// The arguments of a statement: `args![campaign, "text", 3_i64]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::db::Value::from($value)),*] };
}

/// A row of a result.
#[derive(Debug)]
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// The value of column `index` (from 0).
    pub fn get<T>(&self, index: usize) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(index)?,
            Self::Postgres(row) => row.try_get(index)?,
        })
    }

    /// A count: a whole number of 0 or more.
    pub fn count(&self, index: usize, table: &'static str) -> Result<u64, StoreError> {
        let number: i64 = self.get(index)?;
        u64::try_from(number)
            .map_err(|_| StoreError::BadRow { table, what: format!("{number} is no count") })
    }
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
        let store = Self(pools);
        store.migrate().await?;
        Ok(store)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let done = match &self.0 {
            Pools::Sqlite { write, .. } => sqlx::migrate!("migrations/sqlite").run(write).await,
            Pools::Postgres(pool) => sqlx::migrate!("migrations/postgres").run(pool).await,
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
        Ok(match &self.0 {
            Pools::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads, on one snapshot.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match &self.0 {
            Pools::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Pools::Postgres(pool) => Tx::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
            ),
        })
    }

    /// Closes the connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { write, read } => {
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
        options.pragma("query_only", "on").pragma("cache_size", SQLITE_READ_CACHE_KIB),
    );
    Ok(Pools::Sqlite { write, read })
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
    bind_all!(sqlx::query(sql), values)
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
        Ok(match self {
            Self::Sqlite(tx) => sqlite(sql, values).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => postgres(sql, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// All rows of a query.
    pub async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => sqlite(sql, values).map(Row::Sqlite).fetch_all(&mut **tx).await?,
            Self::Postgres(tx) => {
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
        Ok(match self {
            Self::Sqlite(tx) => {
                sqlite(sql, values).map(Row::Sqlite).fetch_optional(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                postgres(sql, values).map(Row::Postgres).fetch_optional(&mut **tx).await?
            }
        })
    }

    /// Hands the rows of a query over one by one, however many there are.
    pub async fn each(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
        mut take: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        use futures_util::TryStreamExt as _;
        match self {
            Self::Sqlite(tx) => {
                let mut rows = sqlite(sql, values).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(Row::Sqlite(row))?;
                }
            }
            Self::Postgres(tx) => {
                let mut rows = postgres(sql, values).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(Row::Postgres(row))?;
                }
            }
        }
        Ok(())
    }

    /// Makes everything that the transaction did permanent.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A statement that handles many rows at once: `head` then `(…), (…)` then `tail`.
/// Made once for each number of rows and kept, so that the database's statement cache knows it.
#[derive(Debug)]
pub struct Bulk {
    texts: [LazyLock<BulkText>; 3],
    columns: usize,
}

/// Its text. PostgreSQL wants placeholders numbered; SQLite searches all numbers for each, which takes long.
#[derive(Debug)]
pub struct BulkText {
    sqlite: String,
    postgres: String,
}

/// Rows of one statement. The largest spreads the cost of a round trip and keeps within every limit on bound
/// values; the smaller ones take what is left over.
pub const ROWS_PER_STATEMENT: [usize; 3] = [128, 16, 1];

impl BulkText {
    /// Used by `bulk!`.
    pub fn new(head: &str, rows: usize, columns: usize, tail: &str) -> Self {
        let text = |placeholder: fn(usize) -> String| {
            let row = |row: usize| {
                let cells: Vec<_> = (1..=columns).map(|n| placeholder(row * columns + n)).collect();
                format!("({})", cells.join(", "))
            };
            let rows: Vec<_> = (0..rows).map(row).collect();
            format!("{head} {} {tail}", rows.join(", "))
        };
        Self { sqlite: text(|_| "?".to_owned()), postgres: text(|number| format!("${number}")) }
    }

    fn on(&self, tx: &Tx) -> &str {
        match tx {
            Tx::Sqlite(_) => &self.sqlite,
            Tx::Postgres(_) => &self.postgres,
        }
    }
}

/// Declares a [`Bulk`] statement.
#[macro_export]
macro_rules! bulk {
    ($name:ident, $columns:expr, $head:expr, $tail:expr) => {
        static $name: $crate::store::db::Bulk = {
            use std::sync::LazyLock;
            use $crate::store::db::{Bulk, BulkText, ROWS_PER_STATEMENT as ROWS};
            Bulk::new(
                $columns,
                [
                    LazyLock::new(|| BulkText::new($head, ROWS[0], $columns, $tail)),
                    LazyLock::new(|| BulkText::new($head, ROWS[1], $columns, $tail)),
                    LazyLock::new(|| BulkText::new($head, ROWS[2], $columns, $tail)),
                ],
            )
        };
    };
}

impl Bulk {
    /// Used by `bulk!`.
    pub const fn new(columns: usize, texts: [LazyLock<BulkText>; 3]) -> Self {
        Self { texts, columns }
    }

    /// Runs the statement for all rows, whose values come one row after the other. Returns rows changed.
    pub async fn run(&'static self, tx: &mut Tx, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut changed = 0;
        for (text, chunk) in self.chunks(values) {
            changed += tx.run(text.on(tx), chunk).await?;
        }
        Ok(changed)
    }

    /// Runs a query of this form for all rows and collects what it returns.
    pub async fn rows(
        &'static self,
        tx: &mut Tx,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for (text, chunk) in self.chunks(values) {
            found.extend(tx.rows(text.on(tx), chunk).await?);
        }
        Ok(found)
    }

    fn chunks(
        &'static self,
        values: Vec<Value>,
    ) -> impl Iterator<Item = (&'static BulkText, Vec<Value>)> {
        let mut left = values.into_iter();
        std::iter::from_fn(move || {
            let rows = left.len() / self.columns;
            let index = ROWS_PER_STATEMENT.iter().position(|&size| size <= rows)?;
            let size = ROWS_PER_STATEMENT[index] * self.columns;
            Some((&*self.texts[index], left.by_ref().take(size).collect()))
        })
    }
}
