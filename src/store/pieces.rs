//! A whole table, read in pieces by its key. A piece comes as one JSON text, and while it is read the database makes
//! the next one: passing a million rows one by one takes several times as long.

use super::db::{TableRow, Tx, Value};
use super::lookup::each_row;
use super::{Result, StoreError};
use crate::args;

/// Rows of a piece. Our choice: a text of about a megabyte.
const ROWS: usize = 10_000;
/// Stands between two columns of what was reached, below every character of a code.
const BETWEEN: char = '\u{1}';

/// A query for rows in the order of a key.
#[derive(Debug)]
pub(super) struct Pieces {
    table: &'static str,
    names: Vec<&'static str>,
    /// Rows of a piece.
    rows: usize,
    /// The column whose order comes before that of the key on SQLite.
    behind: Option<usize>,
    sqlite: String,
    postgres: String,
}

impl Pieces {
    /// Reads `columns` of a table, each with its name: any expressions. The rows come in the order of the first one, a
    /// text that is never empty and differs from row to row. `rest`: what else holds for the rows, in which `$2` and
    /// further are the values that [`Self::each`] gets.
    pub(super) fn new(
        (table, from): (&'static str, &str),
        columns: &[(&'static str, &str)],
        rest: &str,
    ) -> Self {
        Self::of((table, from), columns, rest, ROWS)
    }

    fn of(
        (table, from): (&'static str, &str),
        columns: &[(&'static str, &str)],
        rest: &str,
        rows: usize,
    ) -> Self {
        let names: Vec<&'static str> = columns.iter().map(|(name, _)| *name).collect();
        let inner: Vec<String> =
            columns.iter().enumerate().map(|(at, (_, is))| format!("{is} AS c{at}")).collect();
        let outer: Vec<String> = (0..columns.len()).map(|at| format!("c{at}")).collect();
        let (inner, outer, by) = (inner.join(", "), outer.join(", "), columns[0].1);
        let piece = format!(
            "FROM (SELECT {inner} FROM {from} WHERE {by} > $1 {rest} \
             ORDER BY {by} LIMIT {rows}) AS piece"
        );
        Self {
            table,
            names,
            rows,
            behind: None,
            sqlite: format!(
                "SELECT json_group_array(json_array({outer})), MAX(c0), COUNT(*) {piece}"
            ),
            postgres: format!(
                "SELECT CAST(json_agg(json_build_array({outer}) ORDER BY c0) AS TEXT), \
                 MAX(c0), COUNT(*) {piece}"
            ),
        }
    }

    /// The same, where SQLite keeps the table in the order of another column first: there the rows come in that order,
    /// and those of one value of it by the key. Its columns have their own names, and no text in either has a control
    /// character.
    #[must_use]
    pub(super) fn behind(mut self, column: usize) -> Self {
        let (key, first, table) = (self.names[0], self.names[column], self.table);
        let list = self.names.join(", ");
        let (_, rest) = self.sqlite.split_once("> $1 ").expect("a piece begins behind a key");
        let (rest, _) = rest.split_once(" ORDER BY").expect("a piece has an order");
        let rows = self.rows;
        // What was reached is one text: the first column, the sign, the key.
        let at = format!("instr($1, '{BETWEEN}')");
        let (one, other) = (format!("substr($1, 1, {at} - 1)"), format!("substr($1, {at} + 1)"));
        self.sqlite = format!(
            "SELECT json_group_array(json_array({list})), MAX({first} || '{BETWEEN}' || {key}), \
             COUNT(*) FROM (SELECT {list} FROM {table} WHERE {first} >= {one} \
             AND ({first} > {one} OR {key} > {other}) {rest} \
             ORDER BY {first}, {key} LIMIT {rows}) AS piece"
        );
        self.behind = Some(column);
        self
    }

    /// Hands over each row, in the order of the key.
    pub(super) async fn each(
        &'static self,
        tx: &mut Tx,
        values: Vec<Value>,
        mut take: impl FnMut(&TableRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let behind = self.behind.filter(|_| tx.is_sqlite());
        let mut piece = self.piece(tx, String::new(), &values).await?;
        while let Some(Piece { rows, last }) = piece.take() {
            let next = async {
                match last {
                    Some(last) => self.piece(tx, last, &values).await,
                    None => Ok(None),
                }
            };
            // The database is asked first, and works while the rows are read.
            let read = async { self.read(&rows, behind, &mut take) };
            let (next, read) = tokio::join!(biased; next, read);
            read?;
            piece = next?;
        }
        Ok(())
    }

    fn read(
        &self,
        rows: &str,
        behind: Option<usize>,
        take: &mut impl FnMut(&TableRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut before = (String::new(), String::new());
        each_row(rows, (self.table, &self.names, &[0]), |row| {
            // SQLite makes the text in the order of the rows, but does not promise it.
            let first = behind.map_or(Ok(String::new()), |column| row.get(column))?;
            let key: (String, String) = (first, row.get(0)?);
            if key <= before {
                let what = "rows come out of order".to_owned();
                return Err(StoreError::BadTable { table: self.table, what });
            }
            before = key;
            take(row)
        })
    }

    /// The rows after a key; `None` where there are none.
    async fn piece(
        &'static self,
        tx: &mut Tx,
        after: String,
        values: &[Value],
    ) -> Result<Option<Piece>> {
        let text = if tx.is_sqlite() { &self.sqlite } else { &self.postgres };
        let mut all = args![after];
        all.extend_from_slice(values);
        let Some(row) = tx.row(text, all).await? else { return Ok(None) };
        let count = row.count(2, self.table)?;
        let rows = row.get::<Option<String>>(0)?.filter(|_| count > 0);
        let last = row.get::<Option<String>>(1)?.filter(|_| count == self.rows as u64);
        Ok(rows.map(|rows| Piece { rows, last }))
    }
}

/// Some rows as a JSON text.
struct Piece {
    rows: String,
    /// The key of the last row; `None` where no more rows follow.
    last: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// Who is read of so many people, four of five of whom live in area a; and the error. `spoilt`: whose birth date
    /// is none.
    async fn found(people: u32, spoilt: Option<u32>) -> (Vec<String>, Option<String>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("doseplan.db");
        let store = Store::open(&format!("sqlite://{}", file.display()), true).await;
        let mut tx = store.expect("a database").write().await.expect("a transaction");
        for no in (0..people).rev() {
            let born = if spoilt == Some(no) { "someday" } else { "1950-01-01" };
            let sql = "INSERT INTO person VALUES ($1, $2, $3, NULL, 'U', NULL, NULL, '{}', 0)";
            let area = if no % 5 == 4 { "b" } else { "a" };
            tx.run(sql, args![format!("P{no:03}"), area, born]).await.expect("a row");
        }
        let columns = [("person", "person"), ("born", "born")];
        let pieces = Pieces::of(("person", "person"), &columns, "AND area = $2", 3);
        let pieces: &'static Pieces = Box::leak(Box::new(pieces));
        let mut found = Vec::new();
        let done = pieces.each(&mut tx, args!["a"], |row| {
            row.get::<chrono::NaiveDate>(1)?;
            found.push(row.get(0)?);
            Ok(())
        });
        let said = done.await.err().map(|error| error.to_string());
        (found, said)
    }

    #[tokio::test]
    async fn every_row_comes_once_and_in_order_whatever_the_pieces_hold() {
        for people in [0, 1, 2, 3, 4, 6, 7, 8, 9, 14, 15] {
            let wanted: Vec<String> =
                (0..people).filter(|no| no % 5 != 4).map(|no| format!("P{no:03}")).collect();
            assert_eq!(found(people, None).await, (wanted, None), "{people}");
        }
    }

    #[tokio::test]
    async fn rows_behind_another_column_come_by_both_whatever_the_pieces_hold() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("doseplan.db");
        let store = Store::open(&format!("sqlite://{}", file.display()), true).await;
        let mut tx = store.expect("a database").write().await.expect("a transaction");
        let mut wanted = Vec::new();
        // Records descend with the persons, and one code begins as another one does.
        for (no, person) in ["p", "p1", "p10", "p2"].into_iter().enumerate() {
            for dose in 0..=no {
                let record = format!("r{}{dose}", 9 - no);
                let sql = "INSERT INTO dose (record, person, day, place, elsewhere, recorded_at) \
                     VALUES ($1, $2, '2021-04-01', 's', 0, 0)";
                tx.run(sql, args![record.as_str(), person]).await.expect("a row");
                wanted.push((person.to_owned(), record));
            }
        }
        for rows in 1..=11 {
            let columns = [("record", "record"), ("person", "person")];
            let pieces = Pieces::of(("dose", "dose"), &columns, "AND day <= $2", rows).behind(1);
            let pieces: &'static Pieces = Box::leak(Box::new(pieces));
            let mut found = Vec::new();
            let done = pieces.each(&mut tx, args!["2021-04-01"], |row| {
                found.push((row.get::<String>(1)?, row.get::<String>(0)?));
                Ok(())
            });
            done.await.expect("all rows");
            assert_eq!(found, wanted, "{rows}");
        }
    }

    #[tokio::test]
    async fn a_bad_value_ends_it_and_is_named() {
        let (found, said) = found(9, Some(5)).await;
        assert_eq!(found, ["P000", "P001", "P002", "P003"]);
        let said = said.expect("an error");
        assert!(said.starts_with("table person, column born, row P005: "), "{said}");
    }
}
