//! The tables as JSON, in the form in which programs that count them are compared.

use super::National;
use crate::domain::national::{
    AgeCount, CohortTable, PeriodTable, RowCount, RowDoses, ScopeKey, TownshipTable,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl National {
    /// `month` and `cum`: place → row → numbers. Rows without any number are left out.
    pub fn period_json(&self, table: &PeriodTable, name: &str, when: &str) -> Value {
        let mut scopes = Map::new();
        for (scope, counts) in table.scopes(&self.folder.places) {
            if scope == ScopeKey::All {
                continue;
            }
            let rows = self.period_rows(&counts);
            if !rows.is_empty() {
                scopes.insert(scope.to_string(), Value::Object(rows));
            }
        }
        let apart = self.apart(&[
            ("due_without_unit", table.without_unit),
            ("given_at_unit_not_listed", table.given_elsewhere),
        ]);
        self.document(name, when, scopes, &apart)
    }

    fn period_rows(&self, counts: &[RowCount]) -> Map<String, Value> {
        let mut rows = Map::new();
        for (at, (count, rule)) in counts.iter().zip(&self.rules.period.rows).enumerate() {
            if *count == RowCount::default() {
                continue;
            }
            let is_part = matches!(rule.doses, RowDoses::TimelyOf(_));
            let due = (rule.has_due() && !is_part).then(|| count.due());
            let mut row = Map::new();
            row.insert("due".into(), json!(due));
            row.insert("programme".into(), json!(count.programme));
            row.insert("other".into(), json!(count.other));
            if count.merged > 0 {
                row.insert("merged".into(), json!(count.merged));
            }
            row.insert("rate".into(), json!(PeriodTable::rate(&self.rules, counts, at)));
            rows.insert(rule.id.clone(), Value::Object(row));
        }
        rows
    }

    /// `cohort`: place → age group → numbers.
    pub fn cohort_json(&self, table: &CohortTable) -> Value {
        let mut scopes = Map::new();
        for (scope, ages) in table.scopes(&self.folder.places) {
            if scope == ScopeKey::All {
                continue;
            }
            let groups = ages
                .iter()
                .map(|(age, group)| (age.to_string(), self.group_json(*age, group, table)));
            scopes.insert(scope.to_string(), Value::Object(groups.collect()));
        }
        let apart = self.apart(&[("child_in_no_unit", table.without_unit)]);
        self.document("cohort", &table.day.to_string(), scopes, &apart)
    }

    fn group_json(&self, age: u8, group: &AgeCount, table: &CohortTable) -> Value {
        let rules = &self.rules.cohort;
        let has_cell = |row: usize| rules.rows[row].has_cell(age, table.day);
        let (mut rows, mut has_base) = (Map::new(), false);
        for (at, rule) in rules.rows.iter().enumerate().filter(|(at, _)| has_cell(*at)) {
            has_base |= rule.only.is_some();
            let mut row = Map::new();
            row.insert("n".into(), json!(group.done(at)));
            row.insert("rate".into(), json!(group.rate(&self.rules, at)));
            if rule.timely_before.is_some() || rule.timely_as.is_some() {
                let timely = group.timely(at);
                row.insert("timely".into(), json!(timely));
                row.insert("timely_rate".into(), json!(group.share(timely)));
            }
            rows.insert(rule.id.clone(), Value::Object(row));
        }
        let mut out = Map::new();
        out.insert("children".into(), json!(group.children));
        out.insert("female".into(), json!(group.female));
        out.insert("rows".into(), Value::Object(rows));
        if has_base {
            out.insert("hpv_base".into(), json!(group.base));
        }
        out.insert("full".into(), json!({ "n": group.full, "rate": group.share(group.full) }));
        let mut dropouts = Map::new();
        for (first, last) in rules.dropouts.iter().filter(|it| has_cell(it.0) && has_cell(it.1)) {
            let name = format!("{}>{}", rules.rows[*first].id, rules.rows[*last].id);
            if let Some(rate) = group.dropout(*first, *last) {
                dropouts.insert(name, json!(rate));
            }
        }
        out.insert("dropout".into(), Value::Object(dropouts));
        Value::Object(out)
    }

    /// `year90`: everything and each county.
    pub fn townships_json(&self, tables: &BTreeMap<ScopeKey, TownshipTable>, year: i32) -> Value {
        let mut scopes = Map::new();
        for (scope, table) in tables {
            let mut rows = Map::new();
            for (id, line) in self.township_ids().iter().zip(&table.lines) {
                let row = json!({ "townships": line.townships, "rate": line.rate });
                rows.insert((*id).to_owned(), row);
            }
            let table = json!({
                "townships": table.townships, "merged_townships": table.merged, "rows": rows,
            });
            scopes.insert(scope.to_string(), table);
        }
        self.document("year90", &year.to_string(), scopes, &self.apart(&[]))
    }

    /// The ids of the lines of the table of townships.
    pub fn township_ids(&self) -> Vec<&str> {
        let rows = self.rules.townships.rows.iter();
        let ids = rows.map(|row| self.rules.cohort.rows[row.row].id.as_str());
        ids.chain([self.rules.townships.all.0.as_str()]).collect()
    }

    #[expect(clippy::unused_self, reason = "every form of output is asked of the same value")]
    fn document(
        &self,
        table: &str,
        when: &str,
        scopes: Map<String, Value>,
        apart: &BTreeMap<&'static str, u64>,
    ) -> Value {
        let mut out = Map::new();
        out.insert("table".into(), json!(table));
        out.insert("when".into(), json!(when));
        out.insert("scopes".into(), Value::Object(scopes));
        if !apart.is_empty() {
            out.insert("apart".into(), json!(apart));
        }
        Value::Object(out)
    }
}
