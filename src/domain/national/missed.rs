//! Doses that a child should have had by a day and may still get: what schools and units are told to catch up.
//!
//! The period table stops counting a child as due twelve months after the start and from an upper age on. Who
//! was missed stays missed as long as the dose may be given, so neither limit holds here.

use super::counting::Counting;
use super::period::{applies, start_of};
use super::records::{ChildFile, Dossier, UnitId};
use super::rules::later;
use chrono::NaiveDate;

/// A missed dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingDose {
    /// The row of the period table, by its place.
    pub row: usize,
    /// The first day on which it could have been given.
    pub since: NaiveDate,
    /// Whether it was given after the day of the look, by the day of the second look.
    pub is_caught_up: bool,
}

/// A child with its missed doses.
pub struct MissingChild<'a> {
    /// The file with the child's basic data.
    pub child: &'a ChildFile,
    /// The managing unit.
    pub unit: Option<UnitId>,
    /// What it misses, in the order of the rows; empty if nothing.
    pub missed: Vec<MissingDose>,
}

impl Counting<'_> {
    /// What a person has missed at the end of a day, and what of it was given by the end of another; `None` if the
    /// person is not known, not born or not alive on the first.
    pub fn missing<'b>(
        &self,
        dossiers: &[&'b Dossier],
        (day, until): (NaiveDate, NaiveDate),
    ) -> Option<MissingChild<'b>> {
        let (person, courses) = self.person(dossiers)?;
        let child = person.file;
        let born = child.born.day;
        if born > day || !person.is_alive(day) {
            return None;
        }
        let mut missed = Vec::new();
        for (row, rule) in self.rules.period.rows.iter().enumerate() {
            let Some(terms) = rule.terms_at(day).filter(|terms| !terms.due.is_empty()) else {
                continue;
            };
            let before = rule.missed_before.unwrap_or(terms.given_before);
            let is_too_old = later(born, before) <= day;
            if is_too_old || !self.is_kind(child, rule.only) {
                continue;
            }
            let ways = terms.due.iter().filter(|due| applies(due, born, &courses, day));
            for due in ways {
                let Some(start) = start_of(&due.start, born, &courses, day) else { break };
                if due.if_before.is_some_and(|before| start >= later(born, before)) {
                    continue;
                }
                if start <= day && !courses.had_any(&due.unless, day) {
                    let is_caught_up = courses.had_any(&due.unless, until);
                    missed.push(MissingDose { row, since: start, is_caught_up });
                }
                break;
            }
        }
        Some(MissingChild { child, unit: person.managed_by(day, self.rules), missed })
    }
}
