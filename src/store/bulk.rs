//! Statements that handle many rows at once.

use super::Result;
use super::db::{Row, Tx, Value};

/// A statement that handles many rows at once: `head`, then `(…), (…)`, then `tail`.
#[derive(Debug)]
pub struct Bulk {
    texts: [Text; 3],
    columns: usize,
}

/// The statement for a fixed number of rows, in each database's placeholders. PostgreSQL wants them numbered;
/// SQLite searches all numbers for each, so its own are plain question marks.
#[derive(Debug)]
struct Text {
    rows: usize,
    sqlite: String,
    postgres: String,
}

/// Rows of one statement. The largest number spreads the cost of a round trip and stays within both databases' limits
/// on bound values; the smaller ones take what is left over. Few texts, so that each is prepared once and kept.
pub const ROWS_PER_STATEMENT: [usize; 3] = [128, 16, 1];

impl Text {
    fn new(head: &str, rows: usize, columns: usize, tail: &str) -> Self {
        let text = |placeholder: fn(usize) -> String| {
            let row = |row: usize| {
                let cells: Vec<_> = (1..=columns).map(|n| placeholder(row * columns + n)).collect();
                format!("({})", cells.join(", "))
            };
            let rows: Vec<_> = (0..rows).map(row).collect();
            format!("{head} {} {tail}", rows.join(", "))
        };
        Self {
            rows,
            sqlite: text(|_| "?".to_owned()),
            postgres: text(|number| format!("${number}")),
        }
    }

    fn on(&self, tx: &Tx) -> &str {
        if tx.is_sqlite() { &self.sqlite } else { &self.postgres }
    }
}

/// Declares a static [`Bulk`] statement.
#[macro_export]
macro_rules! bulk {
    ($name:ident, $columns:expr, $head:expr, $tail:expr) => {
        static $name: std::sync::LazyLock<$crate::store::bulk::Bulk> =
            std::sync::LazyLock::new(|| $crate::store::bulk::Bulk::new($columns, $head, $tail));
    };
}

impl Bulk {
    /// A statement whose rows have so many columns.
    pub fn new(columns: usize, head: impl AsRef<str>, tail: impl AsRef<str>) -> Self {
        let text = |rows| Text::new(head.as_ref(), rows, columns, tail.as_ref());
        Self { texts: ROWS_PER_STATEMENT.map(text), columns }
    }

    /// Runs the statement for all rows, whose values come one row after the other. Returns how many rows it changed.
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
            found.append(&mut tx.rows(text.on(tx), chunk).await?);
        }
        Ok(found)
    }

    fn chunks(
        &'static self,
        values: Vec<Value>,
    ) -> impl Iterator<Item = (&'static Text, Vec<Value>)> {
        let mut left = values.into_iter();
        std::iter::from_fn(move || {
            let rows = left.len() / self.columns;
            let text = self.texts.iter().find(|text| text.rows <= rows)?;
            Some((text, left.by_ref().take(text.rows * self.columns).collect()))
        })
    }
}
