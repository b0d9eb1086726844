//! The register. When a person's area, group or birth date changes, what their doses count moves along.

use super::facts::{Changes, Facts};
use super::pipeline::{Found, Histories, Importable};
use super::{Good, Kind, Warning, each_once};
use crate::domain::counting::count_person;
use crate::domain::id::PersonId;
use crate::domain::person::Person;
use crate::domain::resident_id::{self, Misfit};
use crate::intake::Issue;
use crate::store::doses::History;

impl Importable for Person {
    const KEY: &'static str = "person";
    const KIND: Kind = Kind::Persons;

    fn of(&self) -> Option<&PersonId> {
        Some(&self.id)
    }

    fn resolve(&mut self, facts: &Facts) {
        facts.resolve(&mut self.id);
        facts.settle_area(&mut self.area);
        self.groups.iter_mut().for_each(|group| facts.settle_group(group));
    }

    fn complete(row: &mut Good<Self>, known: Option<&Self>, facts: &Facts) -> Option<Issue> {
        let person = &mut row.value;
        if facts.erased.contains(person.id.as_str()) {
            return Some(facts.issue("erased_person", row.line, "person", person.id.as_str()));
        }
        if let Some(known) = known {
            leave_unsaid(person, known, facts);
        }
        None
    }

    fn people<'a>(_: &'a [Good<Self>], replaced: &[&'a Self]) -> Vec<&'a PersonId> {
        each_once(replaced.iter().map(|old| &old.id))
    }

    fn fault(&self, facts: &Facts, line: u32, histories: &Histories) -> Option<Issue> {
        // The birth date itself is private and stays out of messages.
        let born = |code| facts.issue(code, line, "born", "…");
        let unknown = |group| facts.group(facts.all.iter(), (line, group));
        let given = histories.get(&self.id).map_or(&[][..], |history| &history.doses);
        facts
            .area(line, &self.area)
            .or_else(|| self.groups.iter().find_map(unknown))
            .or_else(|| {
                (self.born > facts.today).then(|| born("future_date").with("today", facts.today))
            })
            .or_else(|| {
                let dose = given.iter().find(|dose| dose.date < self.born)?;
                Some(born("born_after_dose").with("record", &dose.record))
            })
            .or_else(|| {
                let died =
                    self.more.died.filter(|died| *died < self.born || *died > facts.today)?;
                Some(facts.issue("bad_death", line, "died", &died.to_string()))
            })
    }

    /// Another date of birth may be another person's. The date itself is private and stays out of messages, and so does
    /// the number of an identity card, which holds it. Where the number says otherwise, that was told already.
    fn odd(&self, facts: &Facts, line: u32, known: &Self) -> Option<Issue> {
        let code = resident_id::shown(self.id.as_str());
        let issue = || facts.issue("born_changed", line, "born", "…").with("person", code);
        let is_told = resident_id::misfit(self.id.as_str(), Some(self.born)) == Some(Misfit::Born);
        (self.born != known.born && !is_told).then(|| issue().as_warning())
    }

    async fn count(
        facts: &Facts,
        histories: Histories,
        _: &[&Self],
        rows: &[Good<Self>],
        changes: &mut Changes,
    ) -> Found {
        let mut found = Found::default();
        for Good { value: person, .. } in rows {
            if let Some(history) = histories.get(&person.id) {
                count_moved(facts, person, history, changes, &mut found);
            }
        }
        found
    }
}

/// Counts the doses of a person anew in every campaign that they concern.
fn count_moved(
    facts: &Facts,
    person: &Person,
    history: &History,
    changes: &mut Changes,
    found: &mut Found,
) {
    let now = person.enrollee();
    if now == history.person {
        return;
    }
    for loaded in &facts.all {
        let (campaign, judge) = loaded.rules();
        if !history.doses.iter().any(|dose| judge.concerns(campaign, dose)) {
            continue;
        }
        let cells = changes.entry(loaded.no).or_default();
        let before = count_person((campaign, judge), &history.person, &history.doses, -1, cells);
        let after = count_person((campaign, judge), &now, &history.doses, 1, cells);
        for ((dose, before), after) in history.doses.iter().zip(before).zip(after) {
            if after.is_refused() && !before.is_refused() {
                found.no_longer_valid.push(Warning::new(None, dose, after, loaded.no));
            }
        }
    }
}

/// Takes from what is known what the file says nothing about.
fn leave_unsaid(person: &mut Person, known: &Person, facts: &Facts) {
    macro_rules! keep {
        ($($column:literal => $($field:ident).+),+ $(,)?) => {$(
            if !facts.present.has($column) {
                person.$($field).+.clone_from(&known.$($field).+);
            }
        )+};
    }
    keep! {
        "name" => name,
        "sex" => sex,
        "tags" => tags,
        "email" => email,
        "phone" => phone,
        "language" => language,
        "household" => household,
        "opt_out" => opt_out,
        "id_no" => more.id_no,
        "guardian" => more.guardian,
        "guardian_phone" => more.guardian_phone,
        "unit" => more.unit,
        "school" => more.school,
        "class" => more.class,
        "address" => more.address,
        "died" => more.died,
        "mother_hbsag" => more.mother_hbsag,
        "birth_weight" => more.birth_weight,
    }
    if !facts.present.has("group") {
        person.groups.clone_from(&known.groups);
    } else if let Some(chosen) = facts.chosen.and_then(|chosen| facts.of(chosen)) {
        // A file of one campaign says nothing about the groups of the others.
        let is_other = |group: &&crate::domain::id::GroupId| {
            let now = chosen.campaign.group_now(group).as_str();
            chosen.campaign.group(now).is_none() && !person.groups.contains(group)
        };
        let others: Vec<_> = known.groups.iter().filter(is_other).cloned().collect();
        person.groups.extend(others);
    }
}
