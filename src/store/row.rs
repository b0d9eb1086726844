//! Rows of a result, and what is said of a value that cannot be read.

use super::StoreError;
use crate::domain::words::Word;
use chrono::NaiveDate;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Decode, Postgres, Row as _, Sqlite, Type};

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

    /// The same row as one of `table`, so that an unreadable value is reported with table, column and key. `key` are
    /// the numbers (from 0) of the columns that identify the row.
    pub fn of(&self, table: &'static str, key: &'static [usize]) -> TableRow<'_> {
        TableRow { row: self, table, key }
    }

    /// The name of column `index` (from 0) in the statement's result.
    fn column_name(&self, index: usize) -> String {
        let name = match self {
            Self::Sqlite(row) => row.columns().get(index).map(|column| column.name()),
            Self::Postgres(row) => row.columns().get(index).map(|column| column.name()),
        };
        name.unwrap_or("?").to_owned()
    }

    /// A key column as text.
    fn shown(&self, index: usize) -> String {
        let text = self.get::<String>(index);
        let text = text.or_else(|_| self.get::<i64>(index).map(|number| number.to_string()));
        let text = text.or_else(|_| self.get::<NaiveDate>(index).map(|day| day.to_string()));
        text.unwrap_or_else(|_| "?".to_owned())
    }

    /// A count: a whole number of 0 or more.
    pub fn count(&self, index: usize, table: &'static str) -> Result<u64, StoreError> {
        let number: i64 = self.get(index)?;
        let bad = || {
            let key = if index == 0 { "*".to_owned() } else { self.shown(0) };
            StoreError::bad(table, &self.column_name(index), key, format!("{number} is no count"))
        };
        u64::try_from(number).map_err(|_| bad())
    }
}

/// A row of a known table. What cannot be read becomes [`StoreError::BadValue`].
#[derive(Debug, Clone, Copy)]
pub struct TableRow<'r> {
    row: &'r Row,
    table: &'static str,
    key: &'static [usize],
}

impl TableRow<'_> {
    /// The value of column `index` (from 0).
    pub fn get<T>(&self, index: usize) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        self.row.get(index).map_err(|error| match error {
            // The database's own text may quote the value, which may be private.
            StoreError::Other(sqlx::Error::ColumnDecode { .. }) => {
                self.bad(index, "cannot be read as what the column should hold")
            }
            other => other,
        })
    }

    /// The whole number in column `index`, as a smaller type such as `u8`; `what` says what it should be.
    pub fn number<T: TryFrom<i64>>(&self, index: usize, what: &str) -> Result<T, StoreError> {
        let number: i64 = self.get(index)?;
        T::try_from(number).map_err(|_| self.bad(index, format!("{number} is not {what}")))
    }

    /// The value of a closed list that column `index` names by its word.
    pub fn word<T: Word>(&self, index: usize) -> Result<T, StoreError> {
        let word: String = self.get(index)?;
        T::all().iter().copied().find(|value| value.to_word() == word).ok_or_else(|| {
            let known: Vec<_> = T::all().iter().map(|value| value.to_word()).collect();
            self.bad(index, format!("{word:?} is not known; known: {}", known.join(", ")))
        })
    }

    /// The error for a value in column `index` that doseplan cannot have written.
    pub fn bad(&self, index: usize, what: impl Into<String>) -> StoreError {
        let key: Vec<_> = self.key.iter().map(|at| self.row.shown(*at)).collect();
        StoreError::BadValue {
            table: self.table,
            column: self.row.column_name(index),
            key: key.join(" "),
            what: what.into(),
        }
    }
}
