//! Connections to SQLite and PostgreSQL, as every command and daemon opens them.

use super::place::{self, folder_of};
use super::{Result, StoreError, lock, swap};
use crate::fault::Faults;
use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::path::PathBuf;
use std::time::Duration;

/// How long a writer waits for another one before it gives up.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// Connections to PostgreSQL, and readers of SQLite, of one process.
const CONNECTIONS_MAX: u32 = 4;
/// Page cache of SQLite's writer in KiB: more is no help to an import in the order of persons.
const SQLITE_WRITE_CACHE_KIB: &str = "-64000";
/// The same of a reader, of which there are several.
const SQLITE_READ_CACHE_KIB: &str = "-8000";
/// Pages (64 MB) of the write-ahead log before it is folded into the file: an import touches a page many times.
const SQLITE_LOG_PAGES: &str = "16000";
/// Bytes to which the log is cut when it begins anew; else it stays as long as it ever was.
const SQLITE_LOG_BYTES_MAX: &str = "16000000";
/// Rows that SQLite's thread may be ahead of their reader: waking up for every row costs more than the row.
const ROWS_BUFFERED: usize = 1024;
/// What folding the log waits for readers of an older state, in milliseconds; whoever writes waits as long.
const FOLD_WAIT: &str = "PRAGMA busy_timeout = 1000";
const FOLD: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// As [`BUSY_MAX`].
const WAIT_AGAIN: &str = "PRAGMA busy_timeout = 10000";

/// A role without the rights that its statement needs, or with none on any schema.
const NO_RIGHT: [&str; 2] = ["42501", "3F000"];
/// A database that is not there.
const NO_DATABASE: &str = "3D000";
const WHO: &str = "SELECT quote_ident(current_user), quote_ident(current_database()), \
     quote_ident(COALESCE(current_schema(), 'public')), \
     has_schema_privilege(COALESCE(current_schema(), 'public'), 'CREATE')";

/// The connections of a process to its database.
#[derive(Debug, Clone)]
pub(super) enum Pools {
    /// One writer, so that nobody waits for a lock inside a transaction; readers see a snapshot.
    Sqlite {
        /// By its one name.
        file: PathBuf,
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// Opens a database. A SQLite file is made where `create` says so; nobody but its owner may read it.
pub(super) async fn open(address: &str, create: bool) -> Result<Pools> {
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        open_postgres(address).await
    } else if address.starts_with("sqlite:") {
        open_sqlite(address, create).await
    } else {
        Err(StoreError::address(address))
    }
}

async fn open_sqlite(address: &str, create: bool) -> Result<Pools> {
    let mut options = place::options(address)?
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL could lose the last "sent" at a power cut, and the mail would go twice.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_MAX)
        .pragma("cache_size", SQLITE_WRITE_CACHE_KIB)
        .pragma("wal_autocheckpoint", SQLITE_LOG_PAGES)
        .pragma("journal_size_limit", SQLITE_LOG_BYTES_MAX)
        .pragma("temp_store", "memory")
        .row_buffer_size(ROWS_BUFFERED)
        .create_if_missing(create);
    let mut file = options.get_filename().to_owned();
    if let Some(real) = place::file(address)? {
        if swap::is_decided(&real) {
            lock::FileLock::take(&real, &Faults::from_environment())?;
        }
        if !create && !real.exists() {
            return Err(StoreError::Absent(options.get_filename().display().to_string()));
        }
        lock::one_name(&real)?;
        if create && !real.exists() && folder_of(&real).is_dir() {
            swap::clear(&real)?;
            swap::make_private(&real)?;
        }
        options = options.filename(&real);
        file = real;
    }
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(BUSY_MAX * 6)
        .connect_with(options.clone())
        .await?;
    // A file does not go away as a server does: asking before each transaction whether it is there only takes time.
    let read = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .test_before_acquire(false)
        .connect_lazy_with(
            options.pragma("query_only", "on").pragma("cache_size", SQLITE_READ_CACHE_KIB),
        );
    Ok(Pools::Sqlite { file, write, read })
}

async fn open_postgres(address: &str) -> Result<Pools> {
    let options = place::server(address)?.application_name("doseplan").options([
        ("statement_timeout", "60s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "60s"),
    ]);
    let (database, user) = (options.get_database().map(str::to_owned), options.get_username());
    let wanted = database.unwrap_or_else(|| user.to_owned());
    let owner = user.to_owned();
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
        .await;
    let pool = pool.map_err(|error| match said_with(&error, NO_DATABASE) {
        Some(said) => {
            let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
            let (name, owner) = (quoted(&wanted), quoted(&owner));
            StoreError::Rights { said, remedy: format!("CREATE DATABASE {name} OWNER {owner};") }
        }
        None => error.into(),
    })?;
    Ok(Pools::Postgres(pool))
}

/// What a server says with this SQLSTATE.
fn said_with(error: &sqlx::Error, code: &str) -> Option<String> {
    let found = error.as_database_error()?;
    (found.code().as_deref() == Some(code)).then(|| found.message().to_owned())
}

impl Pools {
    /// The error of a statement that makes tables. A role without rights is told the statement that gives them.
    pub(super) async fn explained(&self, error: sqlx::Error) -> StoreError {
        let lacking = NO_RIGHT.iter().find_map(|code| said_with(&error, code));
        let (Self::Postgres(pool), Some(said)) = (self, lacking) else { return error.into() };
        let Ok(row) = sqlx::query(WHO).fetch_one(pool).await else { return error.into() };
        let word = |at: usize| row.try_get::<String, _>(at).unwrap_or_default();
        let (who, database, schema) = (word(0), word(1), word(2));
        let makes = row.try_get::<bool, _>(3).unwrap_or(false);
        let grant = if makes {
            format!(
                "GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {who}; \
                 GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {who};"
            )
        } else {
            format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {who};")
        };
        StoreError::Rights { said, remedy: format!("\\c {database} and {grant}") }
    }

    /// Folds the log of a SQLite file into the file, so that the file is complete by itself and the log is empty, as
    /// far as no reader needs an older state. Says whether all of it was.
    pub(super) async fn fold(&self) -> Result<bool> {
        let Self::Sqlite { write, .. } = self else { return Ok(true) };
        let mut connection = write.acquire().await?;
        sqlx::query(FOLD_WAIT).execute(&mut *connection).await?;
        let folded = sqlx::query(FOLD).fetch_one(&mut *connection).await;
        if sqlx::query(WAIT_AGAIN).execute(&mut *connection).await.is_err() {
            // Opened anew, it waits as it should.
            connection.close().await?;
        }
        Ok(folded?.try_get::<i64, _>(0)? == 0)
    }

    /// Closes the connections; on SQLite the last one folds the log into the file.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
