//! One register for all campaigns: what is left to do after each campaign had its own, and what contradicts.

use super::recount::cells_known;
use super::{App, AppError, Result, millis};
use crate::domain::audit::Action;
use crate::domain::dose::Dose;
use crate::domain::id::{GroupId, PersonId};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Outcome, Person, Sex};
use crate::store::apart::{self, Apart, State};
use crate::store::records::{self, Known};
use crate::store::{Tx, campaigns, cells, copy, doses, outcomes};
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// How to decide about a person whose rows contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The register is right.
    Keep,
    /// The row that was kept apart is right.
    Take,
    /// They are two people: the one of that campaign gets a code of their own.
    Split(PersonId),
}

/// A row that was kept apart, and what contradicts.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The row.
    pub apart: Apart,
    /// Area and birth date in the register.
    pub register: Option<String>,
    /// Area and birth date in the row.
    pub other: Option<String>,
}

impl App {
    /// Finishes what a change of the tables began: joins what several campaigns knew of a person, and counts again for
    /// every campaign that needs it. It changes nothing where there is nothing to finish.
    pub async fn settle(&self, now: DateTime<Utc>) -> Result<()> {
        if campaigns::unsettled(&mut self.store.read().await?).await?.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        copy::unhurried(&mut tx).await?;
        for apart in apart::list(&mut tx).await? {
            if apart.state == State::Same && !apart.is_decided {
                self.join(&mut tx, &apart, millis(now)).await?;
            }
        }
        self.count_again(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Counts again for every campaign that needs it.
    pub(super) async fn count_again(&self, tx: &mut Tx) -> Result<()> {
        for no in campaigns::unsettled(tx).await? {
            let loaded = self.load(tx, no, i64::MAX).await?;
            let cells = cells_known(tx, &loaded, i64::MAX).await?;
            cells::replace(tx, no, cells).await?;
            campaigns::settled(tx, no).await?;
        }
        Ok(())
    }

    /// Joins a row that agrees with the one that stands.
    async fn join(&self, tx: &mut Tx, apart: &Apart, now: i64) -> Result<()> {
        match apart.kind.as_str() {
            "person" => join_person(tx, apart, now).await?,
            "dose" => self.join_dose(tx, apart).await?,
            _ => {}
        }
        let stands = (apart.state, apart.now_code.as_deref());
        Ok(apart::decide(tx, apart.id, stands, now).await?)
    }

    /// The same dose was recorded under two campaigns: it belongs to the one that gives its vaccine.
    async fn join_dose(&self, tx: &mut Tx, apart: &Apart) -> Result<()> {
        let found = records::find::<Dose>(tx, [apart.code.as_str()]).await?;
        let Some(known) = found.get(&apart.code) else { return Ok(()) };
        let (Some(product), Some(campaign)) = (&known.value.product, known.value.campaign) else {
            return Ok(());
        };
        let is_given = self.load(tx, campaign, i64::MAX).await?.judge.gives(product);
        let other = self.load(tx, apart.campaign, i64::MAX).await?;
        if !is_given && other.judge.gives(product) {
            let value = Dose { campaign: Some(apart.campaign), ..known.value.clone() };
            records::give_back(tx, &Known { value, recorded_at: known.recorded_at }).await?;
        }
        Ok(())
    }

    /// The rows that were kept apart, those of people with what they and the register say.
    pub async fn conflicts(&self) -> Result<Vec<Conflict>> {
        let mut tx = self.store.read().await?;
        let rows = apart::list(&mut tx).await?;
        let codes = rows.iter().filter(|row| row.kind == "person").map(|row| row.code.as_str());
        let known = records::find::<Person>(&mut tx, codes).await?;
        let says = |person: &Person| format!("{} {}", person.area, person.born);
        let conflict = |apart: Apart| {
            let is_person = apart.kind == "person";
            let register = known.get(&apart.code).filter(|_| is_person);
            let other = if is_person { person_of(&apart).ok() } else { None };
            let register = register.map(|known| says(&known.value));
            Conflict { register, other: other.as_ref().map(says), apart }
        };
        Ok(rows.into_iter().map(conflict).collect())
    }

    /// Decides about a person whose rows contradict each other. `false`: there is nothing to decide about this code.
    pub async fn decide(
        &self,
        code: &str,
        decision: &Decision,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut act = self.act((by, Power::Plan), Action::Decide, now).await?;
        let rows = apart::of_code(act.tx(), code).await?;
        let open: Vec<_> = rows.into_iter().filter(|row| row.state == State::Open).collect();
        if open.is_empty() {
            return Ok(false);
        }
        if open.len() > 1 && *decision != Decision::Keep {
            return Err(AppError::refused("refused-several-apart", &[("code", &code)]));
        }
        let at = millis(now);
        for row in &open {
            let (state, stands) = match decision {
                Decision::Keep => (State::Kept, code),
                Decision::Take => {
                    take(act.tx(), row, at).await?;
                    (State::Taken, code)
                }
                Decision::Split(new) => {
                    split(act.tx(), row, new, at).await?;
                    (State::Split, new.as_str())
                }
            };
            apart::decide(act.tx(), row.id, (state, Some(stands)), at).await?;
        }
        campaigns::unsettle(act.tx()).await?;
        self.count_again(act.tx()).await?;
        act.commit(None, code).await?;
        Ok(true)
    }
}

/// A person as a row that was kept apart has them.
pub(super) fn person_of(apart: &Apart) -> Result<Person> {
    #[derive(Deserialize)]
    struct Named {
        group: Option<String>,
    }
    let wrong = || {
        let what = "is not a person in JSON";
        crate::store::StoreError::bad("apart", "content", apart.id, what)
    };
    let person: Person = serde_json::from_str(&apart.content).map_err(|_| wrong())?;
    let named: Named = serde_json::from_str(&apart.content).map_err(|_| wrong())?;
    Ok(Person { groups: named.group.into_iter().map(GroupId::new).collect(), ..person })
}

/// Completes a person of the register by what another campaign knew.
async fn join_person(tx: &mut Tx, apart: &Apart, now: i64) -> Result<()> {
    let found = records::find::<Person>(tx, [apart.code.as_str()]).await?;
    let Some(known) = found.get(&apart.code) else { return Ok(()) };
    let joined = joined(known.value.clone(), person_of(apart)?);
    if joined != known.value {
        records::keep(tx, [known], now, "joined").await?;
        records::write(tx, [&joined], now).await?;
    }
    Ok(())
}

/// The fields of a person that another file may complete.
macro_rules! completed {
    ($one:ident) => {
        $one! {
            name, email, phone, language, household, more.id_no, more.guardian,
            more.guardian_phone, more.unit, more.school, more.class, more.address, more.died,
            more.mother_hbsag, more.birth_weight,
        }
    };
}

/// A person with what else is known of them: what they lack comes from `other`.
pub(super) fn joined(mut person: Person, other: Person) -> Person {
    macro_rules! complete {
        ($($($field:ident).+),+ $(,)?) => {$(
            if person.$($field).+.is_none() {
                person.$($field).+ = other.$($field).+;
            }
        )+};
    }
    completed!(complete);
    if person.sex == Sex::U {
        person.sex = other.sex;
    }
    person.opt_out |= other.opt_out;
    for tag in other.tags {
        if !person.tags.contains(&tag) {
            person.tags.push(tag);
        }
    }
    for group in other.groups {
        if !person.groups.contains(&group) {
            person.groups.push(group);
        }
    }
    person
}

/// A person without what came from another: what is as in `whole` becomes as in `before`. What changed since
/// stays; so does a wish for no more reminders.
pub(super) fn parted(mut person: Person, before: &Person, whole: &Person) -> Person {
    if person == *whole {
        return before.clone();
    }
    macro_rules! take_back {
        ($($($field:ident).+),+ $(,)?) => {$(
            if person.$($field).+ == whole.$($field).+ {
                person.$($field).+.clone_from(&before.$($field).+);
            }
        )+};
    }
    completed!(take_back);
    take_back!(sex);
    person.tags.retain(|tag| before.tags.contains(tag) || !whole.tags.contains(tag));
    person.groups.retain(|group| before.groups.contains(group) || !whole.groups.contains(group));
    person
}

/// Puts the row that was kept apart in the place of the one that stands.
async fn take(tx: &mut Tx, apart: &Apart, now: i64) -> Result<()> {
    let found = records::find::<Person>(tx, [apart.code.as_str()]).await?;
    let other = person_of(apart)?;
    let person = match found.get(&apart.code) {
        None => other,
        Some(known) => {
            records::keep(tx, [known], now, "corrected").await?;
            let (area, born) = (other.area.clone(), other.born);
            Person { area, born, ..joined(other, known.value.clone()) }
        }
    };
    Ok(records::write(tx, [&person], now).await?)
}

/// Makes the row that was kept apart a person of their own, with the records of its campaign.
async fn split(tx: &mut Tx, apart: &Apart, new: &PersonId, now: i64) -> Result<()> {
    if !records::find::<Person>(tx, [new.as_str()]).await?.is_empty() {
        return Err(AppError::refused("refused-code-taken", &[("code", new)]));
    }
    let person = Person { id: new.clone(), ..person_of(apart)? };
    records::write(tx, [&person], now).await?;
    let records = doses::records_of(tx, &apart.code).await?;
    let found = records::find::<Dose>(tx, records.iter().map(String::as_str)).await?;
    for known in found.values().filter(|known| known.value.campaign == Some(apart.campaign)) {
        records::keep(tx, [known], now, "corrected").await?;
        records::write(tx, [&Dose { person: new.clone(), ..known.value.clone() }], now).await?;
    }
    for outcome in outcomes::of_person(tx, &apart.code).await? {
        if outcome.campaign == Some(apart.campaign) {
            let found = records::find::<Outcome>(tx, [outcome.record.as_str()]).await?;
            records::keep(tx, found.values(), now, "corrected").await?;
            records::write(tx, [&Outcome { person: new.clone(), ..outcome }], now).await?;
        }
    }
    Ok(())
}
