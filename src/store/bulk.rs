//! Statements that handle many rows at once.

use super::Result;
use super::db::{Row, Tx, Value};
use std::sync::LazyLock;

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
        if tx.is_sqlite() { &self.sqlite } else { &self.postgres }
    }
}

/// Declares a [`Bulk`] statement.
#[macro_export]
macro_rules! bulk {
    ($name:ident, $columns:expr, $head:expr, $tail:expr) => {
        static $name: $crate::store::bulk::Bulk = {
            use std::sync::LazyLock;
            use $crate::store::bulk::{Bulk, BulkText, ROWS_PER_STATEMENT as ROWS};
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
    pub async fn run(&'static self, tx: &mut Tx, values: Vec<Value>) -> Result<u64> {
        let mut changed = 0;
        for (text, chunk) in self.chunks(values) {
            changed += tx.run(text.on(tx), chunk).await?;
        }
        Ok(changed)
    }

    /// Runs a query of this form for all rows and collects what it returns.
    pub async fn rows(&'static self, tx: &mut Tx, values: Vec<Value>) -> Result<Vec<Row>> {
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
