//! Records and their history. A record is something that an import may repeat and correct: a dose, a tally, a person,
//! an outcome. Table `x` holds what is known now; `x_past` holds what was known before, until when, and why it changed.

use super::bulk::{Bulk, ROWS_PER_STATEMENT};
use super::db::{Row, TableRow, Value};
use super::lookup::Lookup;
use super::{Result, Tx};
use crate::args;
use std::collections::HashMap;

/// A kind of record.
pub trait Record: Clone + PartialEq + Send + Sync + 'static {
    /// Its table.
    fn table() -> &'static Table;

    /// What makes its import idempotent: the value of the table's first column.
    fn key(&self) -> &str;

    /// Its values in the order of the table's columns, the key first.
    fn values(&self) -> Vec<Value>;

    /// Reads it from a row that holds the table's columns in their order.
    fn read(row: &TableRow<'_>) -> Result<Self>;
}

/// The table of a kind of record, with its statements.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    name: &'static str,
    /// Where `recorded_at` stands in what the statements return: after the record's own columns.
    recorded_at: usize,
    find: Lookup,
    write: Bulk,
    keep: Bulk,
    delete: String,
    known: String,
    past: String,
    all_past: String,
    /// What was recorded at an instant, what that replaced, and what of it has been replaced since.
    put_in: String,
    replaced: String,
    overtaken: String,
}

impl Table {
    /// Table `name`, whose columns before `recorded_at` are `columns`; the first of them is the key.
    pub fn new(name: &'static str, columns: &[&'static str]) -> Self {
        let key = columns[0];
        let list = columns.join(", ");
        let updates: Vec<_> =
            columns[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
        Self {
            name,
            recorded_at: columns.len(),
            find: Lookup::new(name, (key, None), &[columns, &["recorded_at"]].concat()),
            write: Bulk::new(
                columns.len() + 1,
                format!("INSERT INTO {name} ({list}, recorded_at) VALUES"),
                format!(
                    "ON CONFLICT ({key}) DO UPDATE SET {}, recorded_at = excluded.recorded_at",
                    updates.join(", ")
                ),
            ),
            keep: Bulk::new(
                columns.len() + 3,
                format!("INSERT INTO {name}_past ({list}, recorded_at, superseded_at, why) VALUES"),
                String::new(),
            ),
            delete: format!("DELETE FROM {name} WHERE {key} = $1"),
            known: format!(
                "SELECT {list} FROM {name} WHERE recorded_at < $1 UNION ALL \
                 SELECT {list} FROM {name}_past WHERE recorded_at < $1 AND superseded_at >= $1"
            ),
            past: format!(
                "SELECT {list}, recorded_at, superseded_at, why FROM {name}_past \
                 WHERE {key} = $1 ORDER BY superseded_at"
            ),
            all_past: format!(
                "SELECT {list}, recorded_at, superseded_at, why FROM {name}_past \
                 WHERE recorded_at < $1 ORDER BY {key}, recorded_at, superseded_at"
            ),
            put_in: format!("SELECT {list}, recorded_at FROM {name} WHERE recorded_at = $1"),
            replaced: format!(
                "SELECT {list}, recorded_at, superseded_at, why FROM {name}_past \
                 WHERE superseded_at = $1"
            ),
            overtaken: format!(
                "SELECT {key} FROM {name}_past WHERE recorded_at = $1 ORDER BY {key}"
            ),
        }
    }

    /// The statements for SQLite that find and delete records by their keys.
    #[cfg(test)]
    pub(super) fn by_key(&self) -> [&str; 2] {
        [self.find.sqlite(), &self.delete]
    }
}

/// A record with the time of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<T> {
    /// The record.
    pub value: T,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_at: i64,
}

/// What was known before of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past<T> {
    /// What was known.
    pub known: Known<T>,
    /// When it was replaced, milliseconds since 1970.
    pub superseded_at: i64,
    /// Why: `corrected`, or `void: ` and a reason.
    pub why: String,
}

fn known<T: Record>(row: &TableRow<'_>) -> Result<Known<T>> {
    Ok(Known { value: T::read(row)?, recorded_at: row.get(T::table().recorded_at)? })
}

/// The records with these keys, by key, as far as they are known.
pub async fn find<'k, T: Record>(
    tx: &mut Tx,
    keys: impl IntoIterator<Item = &'k str>,
) -> Result<HashMap<String, Known<T>>> {
    let found: Vec<Known<T>> = T::table().find.rows(tx, keys, known).await?;
    Ok(found.into_iter().map(|known| (known.value.key().to_owned(), known)).collect())
}

/// Stores records as they are known from now on. `now`: milliseconds since 1970.
pub async fn write<'a, T: Record>(
    tx: &mut Tx,
    records: impl IntoIterator<Item = &'a T>,
    now: i64,
) -> Result<()> {
    let records: Vec<&T> = records.into_iter().collect();
    // One statement's rows at a time: those of a whole batch would not stay in the processor's cache until they are
    // handed on.
    for some in records.chunks(ROWS_PER_STATEMENT[0]) {
        let mut values = Vec::with_capacity(some.len() * (T::table().recorded_at + 1));
        for record in some {
            values.append(&mut record.values());
            values.push(now.into());
        }
        T::table().write.run(tx, values).await?;
    }
    Ok(())
}

/// Keeps what was known of records before a correction or a void, with the reason. `now`: milliseconds since 1970.
pub async fn keep<'a, T: Record>(
    tx: &mut Tx,
    old: impl IntoIterator<Item = &'a Known<T>>,
    now: i64,
    why: &str,
) -> Result<()> {
    let mut values = Vec::new();
    for known in old {
        values.append(&mut known.value.values());
        values.append(&mut args![known.recorded_at, now, why]);
    }
    T::table().keep.run(tx, values).await?;
    Ok(())
}

/// Takes a record out of what is known.
pub async fn delete<T: Record>(tx: &mut Tx, key: &str) -> Result<()> {
    tx.run(&T::table().delete, args![key]).await?;
    Ok(())
}

/// Hands over what was recorded before an instant (milliseconds since 1970) and replaced at any time, by key and in
/// the order in which it was recorded, with when that was.
pub async fn each_replaced<T: Record>(
    tx: &mut Tx,
    before: i64,
    mut take: impl FnMut(T, i64),
) -> Result<()> {
    let (table, at) = (T::table(), T::table().recorded_at);
    tx.each(&table.all_past, args![before], |row| {
        let row = row.of(table.name, &[0]);
        take(T::read(&row)?, row.get(at)?);
        Ok(())
    })
    .await
}

/// Hands over every record as it was known before an instant (milliseconds since 1970), in no order.
pub async fn each_known<T: Record>(
    tx: &mut Tx,
    before: i64,
    mut take: impl FnMut(T),
) -> Result<()> {
    tx.each(&T::table().known, args![before], |row| {
        take(T::read(&row.of(T::table().name, &[0]))?);
        Ok(())
    })
    .await
}

/// What was known before of the record with this key, the oldest first.
pub async fn past<T: Record>(tx: &mut Tx, key: &str) -> Result<Vec<Past<T>>> {
    past_of(&tx.rows(&T::table().past, args![key]).await?)
}

fn past_of<T: Record>(rows: &[Row]) -> Result<Vec<Past<T>>> {
    let at = T::table().recorded_at;
    let past = |row: &Row| {
        let row = row.of(T::table().name, &[0]);
        let known = known(&row)?;
        Ok(Past { known, superseded_at: row.get(at + 1)?, why: row.get(at + 2)? })
    };
    rows.iter().map(past).collect()
}

/// The records as one import left them that were recorded at an instant (milliseconds since 1970).
pub async fn put_in<T: Record>(tx: &mut Tx, at: i64) -> Result<Vec<T>> {
    let rows = tx.rows(&T::table().put_in, args![at]).await?;
    rows.iter().map(|row| T::read(&row.of(T::table().name, &[0]))).collect()
}

/// What the records of that instant replaced.
pub async fn replaced<T: Record>(tx: &mut Tx, at: i64) -> Result<Vec<Past<T>>> {
    past_of(&tx.rows(&T::table().replaced, args![at]).await?)
}

/// Keys of records of that instant that have been corrected or taken out since.
pub async fn overtaken<T: Record>(tx: &mut Tx, at: i64) -> Result<Vec<String>> {
    let rows = tx.rows(&T::table().overtaken, args![at]).await?;
    rows.iter().map(|row| row.of(T::table().name, &[0]).get(0)).collect()
}

/// Stores a record with the time at which it was recorded before.
pub async fn give_back<T: Record>(tx: &mut Tx, known: &Known<T>) -> Result<()> {
    write(tx, [&known.value], known.recorded_at).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dose::{Dose, Tally};
    use crate::domain::person::{Outcome, Person};
    use crate::store::{Store, StoreError};

    /// What reading the records with key `x` says after `spoil`.
    async fn said<T: Record>(spoil: &'static str) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("doseplan.db");
        let store = Store::open(&format!("sqlite://{}", file.display()), true).await;
        let store = store.expect("a database");
        let mut tx = store.write().await.expect("a transaction");
        tx.run("INSERT INTO campaign VALUES (1, 'c', 0, NULL)", vec![]).await.expect("a campaign");
        tx.run(spoil, vec![]).await.expect("a row that doseplan would not write");
        match find::<T>(&mut tx, ["x"]).await {
            Err(error @ StoreError::BadValue { .. }) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("the row was read"),
        }
    }

    #[tokio::test]
    async fn a_bad_value_names_table_column_and_key_and_nothing_private() {
        let dose = "INSERT INTO dose VALUES ('x', 'p', 'someday', 's', NULL, NULL, 1, 0, NULL, \
                    NULL, NULL, 0)";
        let found = said::<Dose>(dose).await;
        assert!(found.starts_with("table dose, column day, row x: "), "{found}");
        let tally = "INSERT INTO tally VALUES ('x', '2021-04-02', 's', 'a', 'g', 999, 1, 1, 0)";
        let found = said::<Tally>(tally).await;
        assert_eq!(found, "table tally, column dose, row x: 999 is not a dose number");
        let tally = "INSERT INTO tally VALUES ('x', '2021-04-02', 's', 'a', 'g', 1, -1, 1, 0)";
        let found = said::<Tally>(tally).await;
        assert_eq!(found, "table tally, column doses, row x: -1 is not a count of doses");
        let outcome = "INSERT INTO outcome \
                       VALUES ('x', 'p', '2021-04-02', 'tired', NULL, 1, NULL, 0)";
        let found = said::<Outcome>(outcome).await;
        assert_eq!(found, "table outcome, column outcome, row x: \"tired\" is not an outcome");
        let person = "INSERT INTO person VALUES ('x', 'a', '1950-01-01', NULL, 'U', NULL, NULL, \
                      '\"Zhang\"', 0)";
        let found = said::<Person>(person).await;
        assert_eq!(found, "table person, column content, row x: is not a person in JSON");
    }
}
