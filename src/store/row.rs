//! Rows of a result, and what is said of a value that cannot be read.

use super::StoreError;
use super::json_rows::Cell;
use crate::domain::words::Word;
use chrono::NaiveDate;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, Decode, Postgres, Row as _, Sqlite, Type};

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
        T: for<'v> Decode<'v, Sqlite>
            + Type<Sqlite>
            + for<'v> Decode<'v, Postgres>
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
        TableRow { values: Values::Row(self), table, key }
    }

    /// The name of column `index` (from 0) in the statement's result.
    fn column_name(&self, index: usize) -> String {
        let name = match self {
            Self::Sqlite(row) => row.columns().get(index).map(Column::name),
            Self::Postgres(row) => row.columns().get(index).map(Column::name),
        };
        name.unwrap_or("?").to_owned()
    }

    /// A count: a whole number of 0 or more.
    pub fn count(&self, index: usize, table: &'static str) -> Result<u64, StoreError> {
        let number: i64 = self.get(index)?;
        // A count of its own has no key; others stand behind what they are counts of.
        let row = self.of(table, if index == 0 { &[] } else { &[0] });
        u64::try_from(number).map_err(|_| row.bad(index, format!("{number} is no count")))
    }
}

/// A row of a known table. What cannot be read becomes [`StoreError::BadValue`].
#[derive(Debug, Clone, Copy)]
pub struct TableRow<'r> {
    values: Values<'r>,
    table: &'static str,
    key: &'static [usize],
}

#[derive(Debug, Clone, Copy)]
enum Values<'r> {
    /// A row of its own.
    Row(&'r Row),
    /// A row of an answer in JSON, and the names of its columns.
    Json(&'r [Cell<'r>], &'r [&'static str]),
}

impl<'r> TableRow<'r> {
    /// A row of an answer in JSON, with the names of its columns.
    pub(super) fn json(
        values: &'r [Cell<'r>],
        columns: &'r [&'static str],
        table: &'static str,
        key: &'static [usize],
    ) -> Self {
        Self { values: Values::Json(values, columns), table, key }
    }

    /// The value of column `index` (from 0).
    pub fn get<T: Stored>(&self, index: usize) -> Result<T, StoreError> {
        let found = match self.values {
            Values::Json(values, _) => Ok(values.get(index).and_then(T::of_json)),
            Values::Row(row) => match row.get(index) {
                Ok(value) => Ok(Some(value)),
                Err(StoreError::Other(sqlx::Error::ColumnDecode { .. })) => Ok(None),
                Err(error) => Err(error),
            },
        };
        // What the decoder says is left out: it may quote the value, which may be private.
        found?.ok_or_else(|| self.bad(index, "cannot be read as what the column holds"))
    }

    /// The whole number in column `index` as a smaller type such as `u8`; `what` says what it should be.
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
        let key: Vec<_> = self.key.iter().map(|at| self.shown(*at)).collect();
        let column = match self.values {
            Values::Row(row) => row.column_name(index),
            Values::Json(_, columns) => columns.get(index).copied().unwrap_or("?").to_owned(),
        };
        let key = if key.is_empty() { "*".to_owned() } else { key.join(" ") };
        StoreError::BadValue { table: self.table, column, key, what: what.into() }
    }

    /// A key column as text.
    fn shown(&self, index: usize) -> String {
        let text = match self.values {
            Values::Json(values, _) => values.get(index).map(|value| match value {
                Cell::Text(text) => text.to_string(),
                Cell::Number(number) => number.to_string(),
                Cell::Null => "null".to_owned(),
            }),
            Values::Row(row) => row
                .get::<String>(index)
                .or_else(|_| row.get::<i64>(index).map(|number| number.to_string()))
                .or_else(|_| row.get::<NaiveDate>(index).map(|day| day.to_string()))
                .ok(),
        };
        text.unwrap_or_else(|| "?".to_owned())
    }
}

/// A type of value that rows hold.
pub trait Stored:
    for<'v> Decode<'v, Sqlite> + Type<Sqlite> + for<'v> Decode<'v, Postgres> + Type<Postgres>
{
    /// The value as a database writes it into JSON; `None` where it is something else.
    fn of_json(json: &Cell<'_>) -> Option<Self>;
}

impl Stored for String {
    fn of_json(json: &Cell<'_>) -> Option<Self> {
        json.text().map(str::to_owned)
    }
}

impl Stored for i64 {
    fn of_json(json: &Cell<'_>) -> Option<Self> {
        if let Cell::Number(number) = json { Some(*number) } else { None }
    }
}

impl Stored for Vec<u8> {
    /// Bytes have no form in JSON.
    fn of_json(_: &Cell<'_>) -> Option<Self> {
        None
    }
}

impl Stored for NaiveDate {
    fn of_json(json: &Cell<'_>) -> Option<Self> {
        day(json.text()?.as_bytes())
    }
}

impl<T: Stored> Stored for Option<T>
where
    Self: for<'v> Decode<'v, Sqlite> + Type<Sqlite> + for<'v> Decode<'v, Postgres> + Type<Postgres>,
{
    fn of_json(json: &Cell<'_>) -> Option<Self> {
        if *json == Cell::Null { Some(None) } else { T::of_json(json).map(Some) }
    }
}

/// A day as both databases write it into JSON: `2021-10-20`.
pub(super) fn day(text: &[u8]) -> Option<NaiveDate> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)
}
