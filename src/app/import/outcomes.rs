//! Outcomes other than a dose. They change no cell.

use super::facts::Facts;
use super::pipeline::{Histories, Importable};
use super::{Good, Kind, each_once};
use crate::domain::id::PersonId;
use crate::domain::person::Outcome;
use crate::intake::Issue;

impl Importable for Outcome {
    const KEY: &'static str = "record";
    const KIND: Kind = Kind::Outcomes;

    fn of(&self) -> Option<&PersonId> {
        Some(&self.person)
    }

    fn resolve(&mut self, facts: &Facts) {
        facts.resolve(&mut self.person);
    }

    fn complete(row: &mut Good<Self>, known: Option<&Self>, facts: &Facts) -> Option<Issue> {
        let old = known.and_then(|known| known.campaign);
        let named = match facts.campaign(row, old) {
            Ok(named) => named,
            Err(issue) => return Some(issue),
        };
        let outcome = &mut row.value;
        if let Some(known) = known {
            if !facts.present.has("until") {
                outcome.until = known.until;
            }
            if !facts.present.has("vaccine") {
                outcome.vaccine.clone_from(&known.vaccine);
            }
        }
        let says_all = outcome.outcome.is_of_person() || outcome.vaccine.is_some();
        if named.is_none() && !says_all {
            return Some(facts.which_campaign(row.line));
        }
        if old.is_some() && named.is_some() && old != named {
            return Some(facts.wrong_campaign(row.line, old));
        }
        outcome.campaign = named;
        None
    }

    fn people<'a>(rows: &'a [Good<Self>], _: &[&'a Self]) -> Vec<&'a PersonId> {
        each_once(rows.iter().map(|row| &row.value.person))
    }

    fn fault(&self, facts: &Facts, line: u32, histories: &Histories) -> Option<Issue> {
        if !histories.contains_key(&self.person) {
            return Some(facts.unknown_person(line, &self.person));
        }
        if let Some(vaccine) = self.vaccine.as_deref()
            && !facts.all.iter().any(|loaded| loaded.judge.gives(vaccine))
            && !crate::intake::rules::vaccine_names().any(|known| known == vaccine)
        {
            let known = crate::intake::rules::vaccine_names();
            return Some(facts.unknown("unknown_vaccine", (line, "vaccine", vaccine), known));
        }
        facts
            .not_future(line, self.date)
            .or_else(|| facts.not_too_early(self.campaign, (line, self.date)))
    }
}
