//! The register. When a person's area, group or birth date changes, what their doses count moves along.

use super::known::Facts;
use super::pipeline::{Found, Histories, Importable};
use super::{Good, Warning, each_once};
use crate::app::Loaded;
use crate::domain::counting::{Cells, Enrollee, count_person};
use crate::domain::id::PersonId;
use crate::domain::person::Person;
use crate::intake::Issue;

impl Importable for Person {
    const KEY: &'static str = "person";

    fn people<'a>(_: &'a [Good<Self>], replaced: &[&'a Self]) -> Vec<&'a PersonId> {
        each_once(replaced.iter().map(|old| &old.id))
    }

    fn put_codes(&mut self, facts: &Facts<'_>) {
        facts.settle_area(&mut self.area);
        self.group.iter_mut().for_each(|group| facts.settle_group(group));
    }

    fn fault(&self, facts: &Facts<'_>, line: u32, _: &Histories) -> Option<Issue> {
        let group = self.group.as_ref();
        facts
            .area(line, &self.area)
            .or_else(|| group.and_then(|group| facts.group(line, group)))
            .or_else(|| {
                // The birth date itself is private and stays out of messages.
                (self.born > facts.today).then(|| {
                    facts.issue("future_date", line, "born", "…").with("today", facts.today)
                })
            })
    }

    fn count(
        loaded: &Loaded,
        histories: Histories,
        _: &[&Self],
        rows: &[Good<Self>],
        cells: &mut Cells,
    ) -> Found {
        let mut found = Found::default();
        for Good { value: person, .. } in rows {
            let Some(history) = histories.get(&person.id) else { continue };
            let now = Enrollee {
                area: person.area.clone(),
                born: person.born,
                group: person.group.clone(),
            };
            if now == history.person {
                continue;
            }
            let rules = loaded.rules();
            let before = count_person(rules, &history.person, &history.doses, -1, cells);
            let after = count_person(rules, &now, &history.doses, 1, cells);
            for ((dose, before), after) in history.doses.iter().zip(before).zip(after) {
                if after.is_refused() && !before.is_refused() {
                    found.no_longer_valid.push(Warning::new(None, dose, after));
                }
            }
        }
        found
    }
}
