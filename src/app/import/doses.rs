//! Doses of persons. Numbers and validity follow from all doses of a person, so one dose changes what the others count.
//! Each person of a batch is judged twice: with the doses before the batch, and with the doses after it.

use super::known::Facts;
use super::pipeline::{Found, Histories, Importable};
use super::{Good, Warning, each_once};
use crate::app::Loaded;
use crate::domain::counting::{Cells, count_person};
use crate::domain::dose::Dose;
use crate::domain::id::{PersonId, RecordId};
use crate::domain::judge::Judged;
use crate::domain::plausible::is_dose_too_early;
use crate::intake::Issue;
use crate::store::doses::{History, in_order};
use std::collections::{HashMap, HashSet};

impl Importable for Dose {
    const KEY: &'static str = "record";

    fn people<'a>(rows: &'a [Good<Self>], replaced: &[&'a Self]) -> Vec<&'a PersonId> {
        each_once(rows.iter().map(|row| &row.value).chain(replaced.iter().copied()).map(person))
    }

    fn put_codes(&mut self, facts: &Facts<'_>) {
        facts.settle_place(&mut self.place);
    }

    fn fault(&self, facts: &Facts<'_>, line: u32, histories: &Histories) -> Option<Issue> {
        let Loaded { campaign, .. } = facts.loaded;
        let Some(history) = histories.get(&self.person) else {
            return Some(facts.unknown_person(line, &self.person));
        };
        if self.date < history.person.born {
            return Some(facts.issue("before_birth", line, "date", &self.date.to_string()));
        }
        // A catch-up register holds doses that were given elsewhere, years ago.
        let is_history = campaign.catch_up.is_some() && self.date < campaign.start;
        let place = if is_history { None } else { facts.place(line, &self.place) };
        place
            .or_else(|| product(facts, line, self))
            .or_else(|| {
                let lot = self.lot.as_ref().filter(|lot| !facts.lots.contains(*lot));
                lot.map(|lot| facts.issue("unknown_lot", line, "lot", lot.as_str()))
            })
            .or_else(|| facts.not_future(line, self.date))
            .or_else(|| {
                let is_early = is_dose_too_early(campaign, self.date);
                is_early.then(|| facts.too_early(line, self.date))
            })
    }

    fn count(
        loaded: &Loaded,
        mut histories: Histories,
        replaced: &[&Self],
        rows: &[Good<Self>],
        cells: &mut Cells,
    ) -> Found {
        let mut found = Found::default();
        let gone: HashSet<&RecordId> = replaced.iter().map(|old| &old.record).collect();
        let mut new: HashMap<&PersonId, Vec<&Good<Self>>> = HashMap::with_capacity(rows.len());
        for row in rows {
            new.entry(&row.value.person).or_default().push(row);
        }
        for person in Self::people(rows, replaced) {
            if let Some(history) = histories.remove(person) {
                let new = new.get(person).map_or(&[][..], Vec::as_slice);
                count_changed(loaded, history, (&gone, new), cells, &mut found);
            }
        }
        found.invalid.sort_by_key(|warning| warning.row);
        found
    }
}

fn person(dose: &Dose) -> &PersonId {
    &dose.person
}

/// Where a dose comes from.
enum Origin {
    /// From this line of the file.
    Row(u32),
    /// It stood in the database.
    Stored {
        /// Whether the rules refused it already.
        was_refused: bool,
    },
}

/// Counts a person anew: without the doses that are `gone`, with the `new` ones.
fn count_changed(
    loaded: &Loaded,
    History { person, doses: before }: History,
    (gone, new): (&HashSet<&RecordId>, &[&Good<Dose>]),
    cells: &mut Cells,
    found: &mut Found,
) {
    let judged = count_person(loaded.rules(), &person, &before, -1, cells);
    let stay = before.into_iter().zip(judged).filter(|(dose, _)| !gone.contains(&dose.record));
    let stored = |(dose, judged): (Dose, Judged)| {
        (dose, Origin::Stored { was_refused: judged.is_refused() })
    };
    let mut after: Vec<(Dose, Origin)> = stay.map(stored).collect();
    after.extend(new.iter().map(|row| (row.value.clone(), Origin::Row(row.line))));
    after.sort_by(|(a, _), (b, _)| in_order(a, b));
    let (doses, origins): (Vec<Dose>, Vec<Origin>) = after.into_iter().unzip();
    let judged = count_person(loaded.rules(), &person, &doses, 1, cells);
    for ((dose, origin), judged) in doses.iter().zip(origins).zip(judged) {
        match origin {
            _ if !judged.is_refused() => {}
            Origin::Row(line) => found.invalid.push(Warning::new(Some(line), dose, judged)),
            Origin::Stored { was_refused: true } => {}
            Origin::Stored { was_refused: false } => {
                found.no_longer_valid.push(Warning::new(None, dose, judged));
            }
        }
    }
}

/// In a catch-up register a dose of an unknown vaccine is refused: the person would seem to lack that dose.
fn product(facts: &Facts<'_>, line: u32, dose: &Dose) -> Option<Issue> {
    let Loaded { campaign, judge, .. } = facts.loaded;
    let product = dose.product.as_deref().unwrap_or_default();
    if campaign.catch_up.is_none() || judge.vaccine(Some(product)).is_some() {
        return None;
    }
    if product.is_empty() {
        return Some(facts.issue("missing_value", line, "product", product));
    }
    let known = judge.rules.vaccine_by_code.keys().map(|code| &**code);
    Some(facts.unknown("unknown_vaccine", (line, "product", product), known))
}
