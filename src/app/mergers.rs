//! Two codes that are the same person (重档): they become one, and one becomes two again.

use super::jurisdiction::{joined, parted};
use super::people::doses_of;
use super::{App, AppError, Result, breaking, millis};
use crate::domain::audit::Action;
use crate::domain::counting::count_person;
use crate::domain::dose::Dose;
use crate::domain::id::{PersonId, RecordId};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Outcome, Person};
use crate::domain::schools::ConsentAnswer;
use crate::store::doses::sort;
use crate::store::mergers::{self, Merger, Moved};
use crate::store::people_codes::Host;
use crate::store::records::{self, Known, Record};
use crate::store::{Tx, calls, cells, outcomes, people_codes, person_file, schools};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Why something is no longer known as it was: two codes became one, or two again.
pub(super) const MERGED: &str = "merged";
pub(super) const UNMERGED: &str = "unmerged";
pub(super) const LIFTED: &str = "void: agreed";

/// What merging two codes did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// The code that stays.
    pub person: String,
    /// The code that leads to it now.
    pub alias: String,
    /// Doses that came along.
    pub doses: usize,
    /// Outcomes that came along.
    pub outcomes: usize,
    /// Records of doses that both had on one day: perhaps the same dose twice.
    pub twice: Vec<(String, String)>,
}

/// What taking a merger back did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmerged {
    /// The code that had stayed.
    pub person: String,
    /// The code that is a person of its own again.
    pub alias: String,
    /// Doses that went back.
    pub doses: usize,
    /// Outcomes that went back.
    pub outcomes: usize,
    /// What was recorded since the merger and stays with the code that had stayed.
    pub kept: Vec<String>,
    /// Records that had come along, were corrected since the merger, and went back as they are now.
    pub back: Vec<String>,
}

/// Later records that a refusal names.
const LATER_SHOWN: usize = 5;

impl App {
    /// Makes the person with the code `second` the one with the code `first`: records, appointments and reminders come
    /// along, what the register lacks is completed, and the second code leads to the first.
    pub async fn merge_people(
        &self,
        (first, second): (&str, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Merged> {
        let mut act = self.act((by, Power::Plan), Action::PersonMerge, now).await?;
        let tx = act.tx();
        let (one, other) = (self.person(tx, first).await?, self.person(tx, second).await?);
        let (id, gone) = (one.value.id.clone(), other.value.id.clone());
        if id == gone {
            return Err(AppError::refused("refused-same-person", &[("code", &id)]));
        }
        // Later than what the files say, even where clocks differ.
        let at = millis(now).max(one.recorded_at + 1).max(other.recorded_at + 1);
        let codes = (gone.as_str(), id.as_str());
        // Of mergers of one person it is clear which was the last.
        let last = mergers::last(tx, codes.0, codes.1).await?;
        let at = last.map_or(at, |last| at.max(last + 1));
        person_file::end_double(tx, codes.0, codes.1, at).await?;
        let set_aside = schools::set_aside(tx, codes, at).await?;
        let mut moved = mergers::held(tx, codes, set_aside).await?;
        moved.codes = people_codes::of(tx, gone.as_str()).await?;
        let whole = joined(one.value.clone(), other.value.clone());
        let (mine, theirs) = (doses_of(tx, &id).await?, doses_of(tx, &gone).await?);
        let noted = outcomes::of_person(tx, gone.as_str()).await?;
        let merged = Merged {
            person: id.to_string(),
            alias: gone.to_string(),
            doses: theirs.len(),
            outcomes: noted.len(),
            twice: twice(&mine, &theirs),
        };
        let renamed = |dose: &Dose| Dose { person: id.clone(), ..dose.clone() };
        let mut all: Vec<Dose> = mine.iter().cloned().chain(theirs.iter().map(renamed)).collect();
        sort(&mut all);
        // In the order in which imports lock the days of campaigns.
        let mut campaigns = self.campaigns_in(tx).await?;
        campaigns.sort_by_key(|one| one.no);
        for loaded in campaigns {
            let mut changes = BTreeMap::new();
            let rules = loaded.rules();
            count_person(rules, &one.value.enrollee(), &mine, -1, &mut changes);
            count_person(rules, &other.value.enrollee(), &theirs, -1, &mut changes);
            count_person(rules, &whole.enrollee(), &all, 1, &mut changes);
            cells::change(tx, loaded.no, changes).await?;
        }
        records::keep(tx, [&other], at, MERGED).await?;
        records::delete::<Person>(tx, gone.as_str()).await?;
        moved.is_completed = whole != one.value;
        if moved.is_completed {
            records::keep(tx, [&one], at, MERGED).await?;
            records::write(tx, [&whole], at).await?;
        }
        hand_over_records(tx, (&theirs, &noted), &id, at).await?;
        person_file::hand_over(tx, gone.as_str(), id.as_str(), at).await?;
        schools::hand_over(tx, gone.as_str(), id.as_str()).await?;
        calls::hand_over(tx, gone.as_str(), id.as_str()).await?;
        let text = |codes: &mut dyn Iterator<Item = &RecordId>| -> Vec<String> {
            codes.map(ToString::to_string).collect()
        };
        moved.doses = text(&mut theirs.iter().map(|dose| &dose.record));
        moved.outcomes = text(&mut noted.iter().map(|outcome| &outcome.record));
        moved.lifted = text(&mut lift_refusals(tx, &id, at).await?.iter());
        mergers::insert(tx, gone.as_str(), &moved, at).await?;
        self.end_what_broke(tx, &[&id], now).await?;
        act.commit(None, &format!("{gone} is {id}")).await?;
        Ok(merged)
    }

    /// Ends appointments that no longer stand with what is now known of some people.
    async fn end_what_broke(
        &self,
        tx: &mut Tx,
        people: &[&PersonId],
        now: DateTime<Utc>,
    ) -> Result<()> {
        for loaded in self.campaigns_in(tx).await?.into_iter().filter(|one| one.is_open) {
            // What both had together may end an appointment that one of them has.
            let free = breaking::people(tx, std::slice::from_ref(&loaded), people, now).await?;
            breaking::freed(tx, &loaded, free, now).await?;
        }
        Ok(())
    }

    /// Codes that went when two became one person, the newest first.
    pub async fn mergers(&self) -> Result<Vec<Merger>> {
        let mut tx = self.store.read().await?;
        Ok(mergers::list(&mut tx).await?)
    }

    /// Makes a code that became another's a person of its own again: its file, doses, outcomes, answers, appointments
    /// and codes go back. What was recorded since stands on the merger: it is named and nothing is done, unless
    /// `keeps_later` says that it stays with the code that stayed.
    pub async fn unmerge_people(
        &self,
        alias: &str,
        keeps_later: bool,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Unmerged> {
        let mut act = self.act((by, Power::Plan), Action::PersonUnmerge, now).await?;
        let tx = act.tx();
        let (merger, moved) = partable(tx, alias.trim()).await?;
        let (first, second) = (merger.person.clone(), PersonId::new(merger.alias.clone()));
        let (later, back) = later(tx, &first, (&moved, merger.at)).await?;
        let count = later.len() + back.len();
        if count > 0 && !keeps_later {
            let shown = later.iter().chain(&back).take(LATER_SHOWN);
            let shown = shown.map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(AppError::refused(
                "refused-part-later",
                &[("alias", &second), ("person", &first), ("count", &count), ("records", &shown)],
            ));
        }
        let whole = self.person(tx, first.as_str()).await?;
        // Later than the merger, even where clocks differ.
        let at = millis(now).max(merger.at + 1).max(whole.recorded_at + 1);
        let all = doses_of(tx, &first).await?;
        let other = before(tx, &second, merger.at).await?;
        let one = if moved.is_completed {
            before(tx, &first, merger.at).await?
        } else {
            whole.value.clone()
        };
        let one = parted(whole.value.clone(), &one, &joined(one.clone(), other.clone()));
        let of_other = |dose: &&Dose| moved.doses.iter().any(|it| *it == dose.record.as_str());
        let own: Vec<Dose> = all.iter().filter(|dose| !of_other(dose)).cloned().collect();
        let theirs = all.iter().filter(of_other);
        let theirs: Vec<Dose> =
            theirs.map(|dose| Dose { person: second.clone(), ..dose.clone() }).collect();
        for loaded in self.campaigns_in(tx).await? {
            let mut changes = BTreeMap::new();
            let rules = loaded.rules();
            count_person(rules, &whole.value.enrollee(), &all, -1, &mut changes);
            count_person(rules, &one.enrollee(), &own, 1, &mut changes);
            count_person(rules, &other.enrollee(), &theirs, 1, &mut changes);
            cells::change(tx, loaded.no, changes).await?;
        }
        // Where the other file had completed this one, what stands is its own from now on, whatever it says.
        if moved.is_completed || one != whole.value {
            records::keep(tx, [&whole], at, UNMERGED).await?;
            records::write(tx, [&one], at).await?;
        }
        records::write(tx, [&other], at).await?;
        let codes = (&first, &second);
        let mut outcomes = records_back(tx, codes, (&theirs, &moved), at).await?;
        mergers::give_back(tx, second.as_str(), &moved).await?;
        outcomes += refusals_back(tx, codes, &moved, (merger.at, at)).await?;
        mergers::delete(tx, second.as_str(), &moved.codes).await?;
        let host = Host { person: first.to_string(), at: merger.at, until: at };
        people_codes::part(tx, second.as_str(), &host).await?;
        self.end_what_broke(tx, &[&first, &second], now).await?;
        let (person, alias, doses) = (first.to_string(), second.to_string(), theirs.len());
        act.commit(None, &format!("{alias} is not {person}")).await?;
        Ok(Unmerged { person, alias, doses, outcomes, kept: later, back })
    }
}

/// The merger of a code, with what came along, where it can be taken back.
async fn partable(tx: &mut Tx, alias: &str) -> Result<(Merger, Moved)> {
    let found = mergers::find(tx, alias).await?;
    let merger =
        found.ok_or_else(|| AppError::refused("refused-no-merger", &[("code", &alias)]))?;
    if people_codes::erased(tx).await?.contains(merger.person.as_str()) {
        return Err(AppError::refused("refused-part-erased", &[("code", &alias)]));
    }
    let Some(moved) = merger.moved.clone() else {
        return Err(AppError::refused("refused-part-old", &[("code", &alias)]));
    };
    if moved.into != merger.person.as_str() {
        // The code that stayed went itself, later.
        let codes: [(&str, &dyn std::fmt::Display); 2] = [("code", &alias), ("into", &moved.into)];
        return Err(AppError::refused("refused-part-first", &codes));
    }
    if let Some(newer) = mergers::newer(tx, &moved.into, merger.at).await? {
        return Err(AppError::refused(
            "refused-part-newer",
            &[("code", &alias), ("newer", &newer), ("person", &moved.into)],
        ));
    }
    Ok((merger, moved))
}

/// What was recorded of a person since a merger: what stays with them, and records that had come along and go back.
/// What another merger only handed over and back says nothing new.
async fn later(
    tx: &mut Tx,
    person: &PersonId,
    (moved, at): (&Moved, i64),
) -> Result<(Vec<String>, Vec<String>)> {
    let found = mergers::later(tx, person.as_str(), at).await?;
    let mine = |dose: Dose| Dose { person: person.clone(), ..dose };
    let doses = new(tx, found.doses, at, mine).await?;
    let (mut back, mut later): (Vec<_>, Vec<_>) =
        doses.into_iter().partition(|record| moved.doses.contains(record));
    let mine = |outcome: Outcome| Outcome { person: person.clone(), ..outcome };
    for record in new(tx, found.outcomes, at, mine).await? {
        let into = if moved.outcomes.contains(&record) { &mut back } else { &mut later };
        into.push(record);
    }
    later.extend(new::<Person>(tx, found.file, at, |file| file).await?);
    later.extend(found.answers);
    Ok((later, back))
}

/// The records that do not say what they said at an instant already.
async fn new<T: Record>(
    tx: &mut Tx,
    keys: Vec<String>,
    at: i64,
    mine: impl Fn(T) -> T,
) -> Result<Vec<String>> {
    let now = records::find::<T>(tx, keys.iter().map(String::as_str)).await?;
    let mut out = Vec::new();
    for key in keys {
        let past = records::past::<T>(tx, &key).await?;
        let then = past.into_iter().rfind(|past| past.known.recorded_at <= at);
        let then = then.map(|past| mine(past.known.value));
        if then.is_none() || then.as_ref() != now.get(&key).map(|known| &known.value) {
            out.push(key);
        }
    }
    Ok(out)
}

/// A person as they were known until a merger.
async fn before(tx: &mut Tx, person: &PersonId, merged_at: i64) -> Result<Person> {
    let past = records::past::<Person>(tx, person.as_str()).await?;
    let is_it =
        |past: &records::Past<Person>| past.superseded_at == merged_at && past.why == MERGED;
    let found = past.into_iter().rfind(is_it).map(|past| past.known.value);
    found.ok_or_else(|| AppError::refused("refused-part-old", &[("code", person)]))
}

/// Gives doses and outcomes back. Returns how many outcomes.
async fn records_back(
    tx: &mut Tx,
    (first, second): (&PersonId, &PersonId),
    (theirs, moved): (&[Dose], &Moved),
    at: i64,
) -> Result<usize> {
    let codes = theirs.iter().map(|dose| dose.record.as_str());
    let found = records::find::<Dose>(tx, codes).await?;
    records::keep(tx, found.values(), at, UNMERGED).await?;
    records::write(tx, theirs, at).await?;
    let found = records::find::<Outcome>(tx, moved.outcomes.iter().map(String::as_str)).await?;
    let mut found: Vec<Known<Outcome>> =
        found.into_values().filter(|known| known.value.person == *first).collect();
    found.sort_by(|a, b| a.value.record.cmp(&b.value.record));
    records::keep(tx, &found, at, UNMERGED).await?;
    let theirs = |known: Known<Outcome>| Outcome { person: second.clone(), ..known.value };
    let noted: Vec<Outcome> = found.into_iter().map(theirs).collect();
    records::write(tx, &noted, at).await?;
    Ok(noted.len())
}

/// Lets refusals stand again that the merger had lifted, unless something newer is known: the record itself, or that
/// the same person has agreed. To be asked when the answers are back. Returns how many are the second one's.
async fn refusals_back(
    tx: &mut Tx,
    (first, second): (&PersonId, &PersonId),
    moved: &Moved,
    (merged_at, at): (i64, i64),
) -> Result<usize> {
    let newer = records::find::<Outcome>(tx, moved.lifted.iter().map(String::as_str)).await?;
    let mut agreed = BTreeSet::new();
    for person in [first, second] {
        let answers = schools::consents_of(tx, person.as_str()).await?;
        let yes = answers.into_iter().filter(|(_, one)| one.answer == ConsentAnswer::Yes);
        agreed.extend(yes.map(|(campaign, _)| (person, campaign)));
    }
    let mut noted = Vec::new();
    for record in moved.lifted.iter().filter(|record| !newer.contains_key(*record)) {
        let past = records::past::<Outcome>(tx, record).await?.pop();
        let lifted = past.filter(|it| it.superseded_at == merged_at && it.why == LIFTED);
        let Some(lifted) = lifted.map(|past| past.known.value) else { continue };
        let whose = if moved.outcomes.contains(record) { second } else { first };
        if lifted.campaign.is_none_or(|campaign| !agreed.contains(&(whose, campaign))) {
            noted.push(Outcome { person: whose.clone(), ..lifted });
        }
    }
    records::write(tx, &noted, at).await?;
    Ok(noted.iter().filter(|outcome| outcome.person == *second).count())
}

/// Takes back refusals after which a person's guardians agreed; returns their records.
async fn lift_refusals(tx: &mut Tx, id: &PersonId, at: i64) -> Result<Vec<RecordId>> {
    let lifted = super::schools::lifted(tx, id.as_str()).await?;
    let found = records::find::<Outcome>(tx, lifted.iter().map(RecordId::as_str)).await?;
    records::keep(tx, found.values(), at, LIFTED).await?;
    for record in &lifted {
        records::delete::<Outcome>(tx, record.as_str()).await?;
    }
    Ok(lifted)
}

/// Gives doses and outcomes to another person.
async fn hand_over_records(
    tx: &mut Tx,
    (given, noted): (&[Dose], &[Outcome]),
    to: &PersonId,
    at: i64,
) -> Result<()> {
    let found = records::find::<Dose>(tx, given.iter().map(|dose| dose.record.as_str())).await?;
    records::keep(tx, found.values(), at, MERGED).await?;
    let given: Vec<Dose> =
        given.iter().map(|dose| Dose { person: to.clone(), ..dose.clone() }).collect();
    records::write(tx, &given, at).await?;
    let codes = noted.iter().map(|outcome| outcome.record.as_str());
    let found = records::find::<Outcome>(tx, codes).await?;
    records::keep(tx, found.values(), at, MERGED).await?;
    let noted: Vec<Outcome> =
        noted.iter().map(|outcome| Outcome { person: to.clone(), ..outcome.clone() }).collect();
    records::write(tx, &noted, at).await?;
    Ok(())
}

/// Doses of two people that may be one dose: of one day and product.
fn twice(one: &[Dose], other: &[Dose]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for a in one {
        let same =
            |b: &&Dose| b.date == a.date && (&b.product, b.campaign) == (&a.product, a.campaign);
        out.extend(other.iter().filter(same).map(|b| (a.record.to_string(), b.record.to_string())));
    }
    out
}
