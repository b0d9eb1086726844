//! Reads many rows with one statement: by their keys, or all of some days. Keys go in as one JSON text, and rows come
//! back as another: passing each key and row by itself costs more than finding it.

use super::db::{TableRow, Tx};
use super::json_rows::{Cell, NoRows, Rows};
use super::{CampaignNo, Result, StoreError};
use crate::args;
use chrono::NaiveDate;

/// A query for the rows whose `key` is one of many.
#[derive(Debug)]
pub(super) struct Lookup {
    table: &'static str,
    columns: Vec<&'static str>,
    sqlite: String,
    postgres: String,
}

impl Lookup {
    /// Looks up `columns` of `table`, the first of which names a row in messages. `index` is the one that SQLite is
    /// told to use: by itself it prefers the primary key, whose pages hold whole rows.
    pub(super) fn new(
        table: &'static str,
        (key, index): (&str, Option<&str>),
        columns: &[&'static str],
    ) -> Self {
        let list =
            columns.iter().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
        let by = index.map(|index| format!("INDEXED BY {index} ")).unwrap_or_default();
        Self {
            table,
            columns: columns.to_vec(),
            // The keys come first in the join: SQLite does not know that they are few.
            sqlite: format!(
                "SELECT json_group_array(json_array({list})) FROM json_each($1) w \
                 CROSS JOIN {table} t {by}ON t.{key} = w.value"
            ),
            // A join would read the whole table until PostgreSQL has statistics of a new table.
            postgres: format!(
                "SELECT CAST(json_agg(json_build_array({list})) AS TEXT) FROM {table} t \
                 WHERE t.{key} = ANY (ARRAY (SELECT json_array_elements_text(CAST($1 AS JSON))))"
            ),
        }
    }

    /// Its text for SQLite.
    #[cfg(test)]
    pub(super) fn sqlite(&self) -> &str {
        &self.sqlite
    }

    /// Reads each row that is found, in no order.
    pub(super) async fn rows<'k, T>(
        &'static self,
        tx: &mut Tx,
        keys: impl IntoIterator<Item = &'k str>,
        read: impl Fn(&TableRow<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let keys: Vec<&str> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let count = keys.len();
        let keys = serde_json::to_string(&keys).expect("texts are plain data");
        let text = if tx.is_sqlite() { &self.sqlite } else { &self.postgres };
        let answer = tx.row(text, args![keys]).await?;
        let answer = answer.map_or(Ok(None), |row| row.get::<Option<String>>(0))?;
        let mut found = Vec::with_capacity(count);
        let answer = answer.as_deref().unwrap_or("[]");
        each_row(answer, (self.table, &self.columns, &[0]), |row| {
            found.push(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }
}

/// Hands over each row of an answer in JSON. `of`: the table, the columns of the answer, and those that name a row.
pub(super) fn each_row(
    answer: &str,
    (table, columns, key): (&'static str, &[&'static str], &'static [usize]),
    mut take: impl FnMut(&TableRow<'_>) -> Result<()>,
) -> Result<()> {
    let unreadable =
        |NoRows| StoreError::BadTable { table, what: "an answer is not in JSON".to_owned() };
    let mut rows = Rows::of(answer).map_err(unreadable)?;
    let mut cells = vec![Cell::Null; columns.len()];
    while rows.read(&mut cells).map_err(unreadable)? {
        take(&TableRow::json(&cells, columns, table, key))?;
    }
    Ok(())
}

/// A query for the rows of a campaign on some days. The rows of a day come back as one JSON text.
#[derive(Debug)]
pub(super) struct ByDay {
    table: &'static str,
    key: &'static [usize],
    columns: Vec<&'static str>,
    sqlite: String,
    postgres: String,
}

impl ByDay {
    /// Reads `columns` of `table`, of which those at `key` name a row in messages.
    pub(super) fn new(
        table: &'static str,
        key: &'static [usize],
        columns: &[&'static str],
    ) -> Self {
        let list = columns.join(", ");
        let rest = format!(
            "FROM {table} WHERE campaign = $1 AND day >= $2 AND day <= $3 GROUP BY day ORDER BY day"
        );
        Self {
            table,
            key,
            columns: columns.to_vec(),
            sqlite: format!("SELECT json_group_array(json_array({list})) {rest}"),
            postgres: format!("SELECT CAST(json_agg(json_build_array({list})) AS TEXT) {rest}"),
        }
    }

    /// Hands over each row of the days `first..=last`: day by day, the rows of a day in no order.
    pub(super) async fn each(
        &'static self,
        tx: &mut Tx,
        campaign: CampaignNo,
        (first, last): (NaiveDate, NaiveDate),
        mut take: impl FnMut(&TableRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let text = if tx.is_sqlite() { &self.sqlite } else { &self.postgres };
        tx.each(text, args![campaign, first, last], |row| {
            let answer: String = row.get(0)?;
            each_row(&answer, (self.table, &self.columns, self.key), &mut take)
        })
        .await
    }
}
