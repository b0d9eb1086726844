//! What a new version of a campaign changes, row by row, as `campaign apply` shows it.

use super::campaign::Campaign;
use super::tables::{Table, tables};
use serde::Serialize;
use std::collections::BTreeMap;

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowChange {
    /// The table: `sites`, `campaign`, `groups` ….
    pub table: &'static str,
    /// What names the row: `S01`, or `danbei, adult, 2021-10-20`.
    pub key: String,
    /// How it differs.
    pub what: What,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum What {
    /// Only the new campaign has it.
    Added {
        /// What it says beside its key: `people=250 source=recount`.
        row: String,
    },
    /// Only the old one has it.
    Removed {
        /// What it said beside its key.
        row: String,
    },
    /// One column differs.
    Changed {
        /// The column; `value` for settings.
        column: &'static str,
        /// The text before; empty = absent.
        old: String,
        /// The text now.
        new: String,
    },
    /// The rows are the same, in another order.
    Reordered,
}

/// Everything that differs, table by table, in the order of the new rows, removed rows last.
/// Empty exactly where the campaigns are equal.
pub fn differences(old: &Campaign, new: &Campaign) -> Vec<RowChange> {
    let mut changes = Vec::new();
    for (old, new) in tables(old).iter().zip(&tables(new)) {
        compare(old, new, &mut changes);
    }
    changes
}

fn compare(old: &Table, new: &Table, changes: &mut Vec<RowChange>) {
    let before = changes.len();
    let key_of = |row: &[String]| row[..new.key_columns].join(", ");
    let old_rows: BTreeMap<String, &Vec<String>> =
        old.rows.iter().map(|row| (key_of(row), row)).collect();
    let new_rows: BTreeMap<String, &Vec<String>> =
        new.rows.iter().map(|row| (key_of(row), row)).collect();
    let table = new.stem;
    for row in &new.rows {
        let key = key_of(row);
        let Some(old_row) = old_rows.get(&key) else {
            let row = said(new, row);
            changes.push(RowChange { table, key, what: What::Added { row } });
            continue;
        };
        for ((column, old), new) in new.columns.iter().zip(old_row.iter()).zip(row) {
            if old != new {
                let what = What::Changed { column, old: old.clone(), new: new.clone() };
                changes.push(RowChange { table, key: key.clone(), what });
            }
        }
    }
    for row in &old.rows {
        let key = key_of(row);
        if !new_rows.contains_key(&key) {
            let row = said(old, row);
            changes.push(RowChange { table, key, what: What::Removed { row } });
        }
    }
    if changes.len() == before && old.rows != new.rows {
        changes.push(RowChange { table, key: String::new(), what: What::Reordered });
    }
}

/// The cells of a row that are not its key and not empty.
fn said(table: &Table, row: &[String]) -> String {
    let cells = table.columns.iter().zip(row).skip(table.key_columns);
    let named = cells.filter(|(_, cell)| !cell.is_empty());
    named.map(|(column, cell)| format!("{column}={cell}")).collect::<Vec<_>>().join(" ")
}
