//! One record that somebody enters by hand: a dose, an outcome, a change of the register. It is stored like a row of a
//! file, with all that follows from it, or refused with the reason.

use super::facts::{Changes, Facts, change};
use super::pipeline::{self, Importable};
use super::{Good, Kind, Order, Stored};
use crate::app::{App, AppError, Loaded, Result, breaking, millis};
use crate::domain::audit::Action;
use crate::domain::dose::Dose;
use crate::domain::id::{PlaceCode, RecordId};
use crate::domain::permission::{Actor, Power, Visits, may_at};
use crate::domain::person::{Outcome, Person};
use crate::domain::plausible::Sure;
use crate::intake::Issue;
use crate::intake::rows::Present;
use crate::store::audit::Act;
use crate::store::{doses, figures, outcomes, records};
use chrono::{DateTime, NaiveDate, Utc};
use std::path::Path;

/// What came of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It is stored.
    Stored,
    /// It was so before.
    Known,
    /// The form was sent before: with other content, which stands, or its record was voided since.
    Used,
    /// It cannot be; why.
    Refused(Vec<Issue>),
}

/// A record that a form makes. The form names the record, so that it is one record however often it is sent.
trait FromForm: Importable {
    /// Where it was given; `None` where that is no matter. Whoever enters it must be one who may do so there.
    fn place(&self) -> Option<(&PlaceCode, NaiveDate)>;

    /// Whether a form says the same as the record that it made.
    fn is_same(&self, stored: &Self) -> bool;
}

impl FromForm for Dose {
    fn place(&self) -> Option<(&PlaceCode, NaiveDate)> {
        Some((&self.place, self.date))
    }

    fn is_same(&self, stored: &Self) -> bool {
        (&self.person, self.date, &self.place, &self.lot)
            == (&stored.person, stored.date, &stored.place, &stored.lot)
    }
}

impl FromForm for Outcome {
    fn place(&self) -> Option<(&PlaceCode, NaiveDate)> {
        None
    }

    fn is_same(&self, stored: &Self) -> bool {
        (&self.person, self.date, self.outcome, self.until)
            == (&stored.person, stored.date, stored.outcome, stored.until)
    }
}

impl App {
    /// Stores a dose that `by` entered under a campaign.
    pub async fn enter_dose(
        &self,
        loaded: &Loaded,
        dose: Dose,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        Box::pin(self.enter_form(loaded, dose, (by, Action::DoseEnter), now)).await
    }

    /// Stores an outcome as part of a change that says so in the audit log, by somebody who may see the person.
    pub(in crate::app) async fn enter_outcome_in(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        outcome: Outcome,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let facts = self.facts_of::<Outcome>(act, loaded, now).await?;
        Box::pin(self.enter_new(loaded, act, facts, (outcome, by), now)).await
    }

    /// Puts somebody into the register as part of a change that says so in the audit log. [`Entry::Used`]: the code is
    /// somebody's already, perhaps as another code of theirs.
    pub(in crate::app) async fn enter_person_in(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        mut person: Person,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let facts = self.facts_of::<Person>(act, loaded, now).await?;
        person.resolve(&facts);
        if !records::find::<Person>(act.tx(), [person.id.as_str()]).await?.is_empty() {
            return Ok(Entry::Used);
        }
        Box::pin(self.enter_one(loaded, act, facts, (person, by), now)).await
    }

    /// Stores an outcome that `by` entered under a campaign.
    pub async fn enter_outcome(
        &self,
        loaded: &Loaded,
        outcome: Outcome,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        Box::pin(self.enter_form(loaded, outcome, (by, Action::OutcomeEnter), now)).await
    }

    /// Stops the messages to a person, or lets them be sent again.
    pub async fn set_quiet(
        &self,
        loaded: &Loaded,
        (code, opt_out): (&str, bool),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let mut act = self.act((by, Power::People), Action::PersonChange, now).await?;
        let person = self.person_in(act.tx(), loaded, code, by, now).await?;
        let facts = self.facts_of::<Person>(&mut act, loaded, now).await?;
        let person = Person { opt_out, ..person };
        let said = person.id.to_string();
        let entry = Box::pin(self.enter_one(loaded, &mut act, facts, (person, by), now)).await?;
        done(act, loaded, entry, &said).await
    }

    /// Takes a dose or an outcome of a person whom `by` may see out of what counts and keeps what it said, with the
    /// reason. A dose is taken back by whoever may enter one at its place. `false`: the person has no such record.
    pub async fn void_of(
        &self,
        loaded: &Loaded,
        (code, kind, record): (&str, Kind, &RecordId),
        (why, by): (&str, Actor<'_>),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut act = self.act((by, Power::People), Action::Void, now).await?;
        let person = self.person_in(act.tx(), loaded, code, by, now).await?.id;
        let is_theirs = match kind {
            Kind::Doses => {
                let mut all = doses::histories(act.tx(), std::iter::once(&person)).await?;
                let all = all.remove(&person).map(|history| history.doses).unwrap_or_default();
                let dose = all.into_iter().find(|dose| dose.record == *record);
                if let Some(dose) = &dose {
                    let sessions = self.sessions_in(act.tx(), loaded).await?;
                    let visits = Visits::on(&sessions, dose.date);
                    let place = dose.place.as_str();
                    may_at(by, Power::Tally, &loaded.campaign, place, &visits)?;
                }
                dose.is_some()
            }
            Kind::Outcomes => {
                let all = outcomes::of_people(act.tx(), &[person.as_str()]).await?;
                all.values().flatten().any(|outcome| outcome.record == *record)
            }
            Kind::Persons | Kind::Tallies => false,
        };
        if !is_theirs {
            return Ok(false);
        }
        let (known, campaign) = self.void_in(&mut act, (kind, record), (why, by), now).await?;
        if known {
            act.commit(campaign.as_deref(), &format!("{} {record}", kind.name())).await?;
        }
        Ok(known)
    }

    /// Stores what a form says about a person whom `by` may see, where it was not sent before.
    async fn enter_form<T: FromForm>(
        &self,
        loaded: &Loaded,
        value: T,
        (by, did): (Actor<'_>, Action),
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let mut act = self.act((by, Power::People), did, now).await?;
        if let Some(person) = value.of() {
            self.person_in(act.tx(), loaded, person.as_str(), by, now).await?;
        }
        if let Some((place, day)) = value.place() {
            let sessions = self.sessions_in(act.tx(), loaded).await?;
            let visits = Visits::on(&sessions, day);
            may_at(by, Power::Tally, &loaded.campaign, place.as_str(), &visits)?;
        }
        let facts = self.facts_of::<T>(&mut act, loaded, now).await?;
        let said = value.of().map_or_else(|| value.key().to_owned(), ToString::to_string);
        let entry = self.enter_new(loaded, &mut act, facts, (value, by), now).await?;
        done(act, loaded, entry, &said).await
    }

    /// Stores a record that a form makes, where the form was not sent before.
    async fn enter_new<T: FromForm>(
        &self,
        loaded: &Loaded,
        act: &mut Act,
        facts: Facts,
        (mut value, by): (T, Actor<'_>),
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        value.resolve(&facts);
        let mut known = records::find::<T>(act.tx(), [value.key()]).await?;
        if let Some(known) = known.remove(value.key()) {
            let is_same = value.is_same(&known.value);
            return Ok(if is_same { Entry::Known } else { Entry::Used });
        }
        if facts.voided.contains(value.key()) {
            return Ok(Entry::Used);
        }
        self.enter_one(loaded, act, facts, (value, by), now).await
    }

    /// What a record is checked against that somebody enters by hand.
    async fn facts_of<T: Importable>(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        now: DateTime<Utc>,
    ) -> Result<Facts> {
        let kind = T::KIND;
        let who = (Sure::None, Actor::CommandLine);
        let order = Order::entered(loaded, (kind, Path::new("")), who);
        let present = Present::whole(kind.name());
        self.facts(act.tx(), &order, (kind.name(), present), now).await
    }

    async fn enter_one<T: Importable>(
        &self,
        loaded: &Loaded,
        act: &mut Act,
        mut facts: Facts,
        (value, by): (T, Actor<'_>),
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let author = self.author(by);
        let about = (T::KIND.name(), None);
        let tx = act.tx();
        let entry = figures::begin_entry(tx, Some(loaded.no), about, &author, millis(now)).await?;
        facts.now = entry.at;
        let good = vec![Good { index: 0, line: 1, campaign: None, value }];
        let mut changes = Changes::new();
        let stored = pipeline::store(tx, &facts, good, &mut changes).await?;
        let Stored { new, same, corrected, refused, freed, .. } = stored;
        if !refused.is_empty() {
            return Ok(Entry::Refused(refused.into_iter().map(|(_, issue)| issue).collect()));
        }
        if new + corrected == 0 {
            return Ok(Entry::Known);
        }
        change(act.tx(), changes).await?;
        // What follows concerns all areas, also where whoever enters it sees a part of them.
        let whole = facts.of(loaded.no).ok_or(AppError::NoCampaign)?;
        breaking::freed(act.tx(), whole, freed, now).await?;
        if T::KIND == super::Kind::Doses {
            // What was given is no longer in the store.
            breaking::plan(act.tx(), whole, now).await?;
        }
        figures::end_entry(act.tx(), entry, [new, same, corrected, 0]).await?;
        Ok(Entry::Stored)
    }
}

/// Ends the change that a record made, where it made one.
async fn done(act: Act, loaded: &Loaded, entry: Entry, said: &str) -> Result<Entry> {
    if entry == Entry::Stored {
        act.commit(Some(loaded.campaign.id.as_str()), said).await?;
    }
    Ok(entry)
}
