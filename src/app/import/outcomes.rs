//! Outcomes other than a dose. They change no cell.

use super::known::Facts;
use super::pipeline::{Histories, Importable};
use super::{Good, each_once};
use crate::domain::id::PersonId;
use crate::domain::person::Outcome;
use crate::intake::Issue;

impl Importable for Outcome {
    const KEY: &'static str = "record";

    fn people<'a>(rows: &'a [Good<Self>], _: &[&'a Self]) -> Vec<&'a PersonId> {
        each_once(rows.iter().map(|row| &row.value.person))
    }

    fn fault(&self, facts: &Facts<'_>, line: u32, histories: &Histories) -> Option<Issue> {
        if !histories.contains_key(&self.person) {
            return Some(facts.unknown_person(line, &self.person));
        }
        facts.not_future(line, self.date).or_else(|| facts.not_too_early(line, self.date))
    }
}
