//! What can go wrong in a database, and what to do about it.

use crate::secrets;
use std::fmt::Display;
use std::path::PathBuf;

/// What went wrong in the database, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is not one of a database.
    #[error(
        "{0:?} is not a database address; write sqlite://FILE or postgres://USER@HOST/NAME (in a \
         password write %25 for %, %23 for #, %2F for /, %3F for ?, %40 for @)"
    )]
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
    /// The file or its folder cannot be used.
    #[error(
        "the database file cannot be opened: its folder is not there, or nothing may be written in \
         it; mend that, or copy the file (with its -wal, if there is one) to a folder that is yours"
    )]
    Unusable,
    /// The file is damaged.
    #[error(
        "the database is damaged ({0}); restore a backup: `doseplan restore FILE --force` keeps \
         what is there beside it"
    )]
    Damaged(String),
    /// Another daemon has the file, or a restore replaces it.
    #[error(
        "another daemon works on this database, or a restore is under way (it holds {}); stop it \
         first, or use PostgreSQL for several daemons",
        .0.display()
    )]
    Locked(PathBuf),
    /// A daemon has the file under another of its names.
    #[error(
        "{} has several names (hard links), and a daemon works on it under another one; use that \
         name, because what is written through two names is lost",
        .0.display()
    )]
    OtherName(PathBuf),
    /// A file beside the database, or the file of a copy, that cannot be made, moved or locked.
    #[error("{path}: {1}", path = .0.display())]
    File(PathBuf, std::io::Error),
    /// The role at PostgreSQL lacks a right.
    #[error("PostgreSQL: {said}; as its administrator, in this database: {remedy}")]
    Rights {
        /// What the server says.
        said: String,
        /// The statement that gives the right.
        remedy: String,
    },
    /// Another process holds the database for too long.
    #[error("another process has held the database for more than 10 s; try again")]
    Busy,
    /// The run that this was work of has been claimed by another daemon.
    #[error(
        "the lease of this work went to another daemon; what it would have written was dropped"
    )]
    Fenced,
    /// The key that seals the audit log cannot be used.
    #[error(
        "the key of the audit log, {path}: {1}; it must be readable for whoever may write the \
         database, and is kept apart from backups",
        path = .0.display()
    )]
    AuditKey(std::path::PathBuf, std::io::Error),
    /// A value that doseplan cannot have written. Made by [`super::row::TableRow`].
    #[error("table {table}, column {column}, row {key}: {what}")]
    BadValue {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The key of the row.
        key: String,
        /// What is wrong with the value; never a name, a birth date or a contact.
        what: String,
    },
    /// A table that is not as a whole what it must be.
    #[error("table {table}: {what}")]
    BadTable {
        /// The table.
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
            Some(14) => Self::Unusable,
            _ => Self::Other(error),
        }
    }
}

/// SQLSTATEs after which the same work may be tried again: the server ends or begins, a conflict, a standby that
/// became the primary, a statement prepared before a migration.
const PASSING: [&str; 8] = ["57P01", "57P02", "57P03", "40001", "40P01", "25006", "0A000", "53300"];

impl StoreError {
    /// The error for an address that cannot be one. The address itself may hold a password.
    pub fn address(address: &str) -> Self {
        Self::Address(secrets::shown(address).into_owned())
    }

    /// The error for a value that doseplan cannot have written, where no row of a result can make it. `column` is `*`
    /// where no single one is at fault; `key` names the row, and is never a name or an address.
    pub fn bad(table: &'static str, column: &str, key: impl Display, what: impl Display) -> Self {
        let (key, what) = (key.to_string(), what.to_string());
        Self::BadValue { table, column: column.to_owned(), key, what }
    }

    /// Whether the same work may succeed in a while: the server is starting, failing over, or was cut off.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Other(error) => match error {
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
                sqlx::Error::Database(found) => {
                    let code = found.code();
                    code.is_some_and(|code| code.starts_with("08") || PASSING.contains(&&*code))
                }
                _ => false,
            },
            _ => false,
        }
    }
}
