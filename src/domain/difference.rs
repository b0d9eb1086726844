//! What a new version of a campaign changes, row by row.

use super::campaign::Campaign;
use super::tables::{Table, tables};
use serde::Serialize;
use std::collections::BTreeMap;

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowChange {
    /// The table: `sites`, `campaign`, `groups` ….
    pub table: &'static str,
    /// The key of the row: `S01`, or `danbei, adult, 2021-10-20`.
    pub key: String,
    /// How it differs.
    pub what: What,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum What {
    /// The row is new.
    Added {
        /// Its cells, without the key and empty ones: `people=250 source=recount`.
        row: String,
    },
    /// The row is gone.
    Removed {
        /// Its cells, without the key and empty ones.
        row: String,
    },
    /// One column differs.
    Changed {
        /// The column; `value` for settings.
        column: &'static str,
        /// The old text; empty where absent.
        old: String,
        /// The new text; empty where absent.
        new: String,
    },
    /// The rows are the same, in another order.
    Reordered,
}

/// All differences, table by table: new and changed rows in their new order, then removed rows.
/// Empty if and only if the campaigns are equal.
pub fn differences(old: &Campaign, new: &Campaign) -> Vec<RowChange> {
    between(&tables(old), &tables(new))
}

/// The differences of the same tables, old and new.
pub fn between(old: &[Table], new: &[Table]) -> Vec<RowChange> {
    let mut changes = Vec::new();
    for (old, new) in old.iter().zip(new) {
        compare(old, new, &mut changes);
    }
    changes
}

fn compare(old: &Table, new: &Table, changes: &mut Vec<RowChange>) {
    let before = changes.len();
    let key_of = |row: &[String]| new.key_of(row);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, day, eligible, site};

    /// `table key: what`, a line for each difference.
    fn told(change: impl Fn(&mut Campaign)) -> Vec<String> {
        let (old, mut new) = (county(), county());
        change(&mut new);
        let line = |it: RowChange| match it.what {
            What::Added { row } => format!("{} {} + {row}", it.table, it.key),
            What::Removed { row } => format!("{} {} - {row}", it.table, it.key),
            What::Changed { column, old, new } => {
                format!("{} {} {column}: {old} > {new}", it.table, it.key)
            }
            What::Reordered => format!("{} {}reordered", it.table, it.key),
        };
        differences(&old, &new).into_iter().map(line).collect()
    }

    #[test]
    fn equal_campaigns_have_no_differences() {
        assert!(told(|_| {}).is_empty());
    }

    #[test]
    fn a_row_is_named_by_its_key_and_told_without_empty_cells() {
        assert_eq!(told(|c| c.sites[1].weekday_doses = 7), ["sites S2 weekday_doses: 100 > 7"]);
        assert_eq!(
            told(|c| c.eligible.push(eligible("V", "senior", 5, Some(3)))),
            ["eligible V, senior, 2021-03-04 + people=5 source=register"]
        );
        assert_eq!(
            told(|c| drop(c.eligible.remove(1))),
            ["eligible V, adult,  - people=200 source=register"]
        );
        assert_eq!(told(|c| c.end = day(59)), ["campaign end value: 2021-04-30 > 2021-04-29"]);
        assert_eq!(
            told(|c| c.groups[0].target = Some("0.90".parse().expect("a share"))),
            ["groups adult target:  > 0.9"]
        );
    }

    #[test]
    fn added_rows_come_in_the_new_order_and_removed_rows_last() {
        let found = told(|c| {
            c.sites.remove(0);
            c.sites.insert(0, site("S9", "V", 0));
            c.closures.clear();
        });
        let heads: Vec<String> = found
            .iter()
            .map(|line| line.split(" area=").next().unwrap_or(line).to_owned())
            .collect();
        assert_eq!(
            heads,
            [
                "sites S9 + name=site S9",
                "sites S1 - name=site S1",
                "closures S1, 2021-03-03 - doses=0",
                "closures S2, 2021-03-07 - doses=30",
            ]
        );
    }

    #[test]
    fn the_same_rows_in_another_order_are_told_once() {
        assert_eq!(told(|c| c.groups.swap(0, 1)), ["groups reordered"]);
        let both = told(|c| {
            c.groups.swap(0, 1);
            c.groups[0].priority = 2.0;
        });
        assert_eq!(both, ["groups senior priority: 1 > 2"], "a change tells more");
    }
}
