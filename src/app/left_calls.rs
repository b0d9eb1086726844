//! Whom the lead of a session of today calls for doses that are left in an open vial: those whom the digest of the
//! evening before names, as far as nobody has called them today and the dose is still to be given.

use super::assigning::standings;
use super::call_line::CallLine;
use super::notices::late_vials::late_calls_on;
use super::{App, AppError, Loaded, Result, today};
use crate::domain::call::CallReason;
use crate::domain::id::{PersonId, PlaceCode};
use crate::domain::permission::{Actor, Denied, Power, Visits, may_at};
use crate::domain::plan::PlanState;
use crate::store::{Tx, bookings, calls, cells, plans};
use chrono::{DateTime, NaiveDate, Utc};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The people to call for one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftCalls {
    /// The day of the session.
    pub day: NaiveDate,
    /// Its site or stop.
    pub place: PlaceCode,
    /// Whom to call, in the order of the digest; those who did not answer last. Never empty.
    pub lines: Vec<CallLine>,
}

impl App {
    /// The sessions of today with people to call for doses that are left; none of a place that has reported.
    pub(super) async fn left_calls(
        &self,
        loaded: &Loaded,
        now: DateTime<Utc>,
    ) -> Result<Vec<LeftCalls>> {
        let day = today(&loaded.campaign, now);
        let mut tx = self.store.read().await?;
        let whole = self.whole(&mut tx, loaded).await?;
        let late = late_calls_on(&mut tx, &whole, day).await?;
        let reported: BTreeSet<PlaceCode> =
            cells::reported(&mut tx, loaded.no, day).await?.into_iter().collect();
        let (mut settled, mut tries) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
        for call in calls::since(&mut tx, loaded.no, day).await? {
            if call.result.settles_the_day() {
                settled.insert(call.person);
            } else {
                *tries.entry(call.person).or_default() += 1;
            }
        }
        let people: BTreeSet<PersonId> = late
            .each()
            .flat_map(|(_, people)| people.into_iter().map(|(person, _)| person.id.clone()))
            .collect();
        let known = standings(&mut tx, &whole, people.iter(), day).await?;
        let held = bookings::from(&mut tx, loaded.no, day).await?;
        let held: BTreeMap<&PersonId, (NaiveDate, &PlaceCode)> =
            held.iter().map(|one| (&one.person, (one.day, &one.place))).collect();
        let mut out = Vec::new();
        for (place, people) in late.each().filter(|(place, _)| !reported.contains(*place)) {
            let mut lines = Vec::new();
            for (person, dose) in people {
                let due = known.get(&person.id).filter(|one| one.barred.is_none());
                let due = due.and_then(|one| one.due).filter(|due| due.earliest <= day);
                let appointment = held.get(&person.id);
                // Whoever took a seat of today comes anyway.
                let comes = appointment.is_some_and(|(on, _)| *on == day);
                let Some(due) = due.filter(|due| due.number == dose && !comes) else { continue };
                if settled.contains(person.id.as_str()) {
                    continue;
                }
                lines.push(CallLine {
                    person: person.id.clone(),
                    name: person.name.clone().unwrap_or_else(|| person.id.to_string()),
                    phone: person.phone.clone().unwrap_or_default(),
                    area: person.area.clone(),
                    dose,
                    appointment: appointment.map(|(on, place)| (*on, (*place).clone())),
                    latest: due.latest.filter(|latest| *latest < day),
                    reason: CallReason::LeftDoses,
                    opt_out: person.opt_out,
                    tries: tries.get(person.id.as_str()).copied().unwrap_or_default(),
                });
            }
            lines.sort_by_key(|line| line.tries);
            if !lines.is_empty() {
                out.push(LeftCalls { day, place: place.clone(), lines });
            }
        }
        Ok(out)
    }

    /// The campaign with all its areas, where a part of them is looked at.
    async fn whole<'a>(&self, tx: &mut Tx, loaded: &'a Loaded) -> Result<Cow<'a, Loaded>> {
        Ok(match loaded.tops {
            None => Cow::Borrowed(loaded),
            Some(_) => Cow::Owned(self.load(tx, loaded.no, i64::MAX).await?),
        })
    }

    /// Somebody whom `by` is to call for doses that are left at the session of today that a form was sent from: then
    /// they may say what came of it, whoever else may see the person. It is found before anything is written, because
    /// it takes long; [`Self::still_calls_for_left`] holds it against what has become of it.
    pub(super) async fn calls_for_left(
        &self,
        (loaded, code): (&Loaded, &str),
        form: Option<&(NaiveDate, PlaceCode)>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<LeftCall>> {
        let mut tx = self.store.read().await?;
        match self.person_in(&mut tx, loaded, code, by, now).await {
            Err(AppError::Denied(Denied::Person)) => {}
            // Whoever sees the person needs no list.
            _ => return Ok(None),
        }
        let Some(place) = self.session_of(&mut tx, loaded, form, by, now).await? else {
            return Ok(None);
        };
        let plan = plan_no(&mut tx, loaded).await?;
        let whole = self.whole(&mut tx, loaded).await?;
        let late = late_calls_on(&mut tx, &whole, today(&loaded.campaign, now)).await?;
        let people = late.each().filter(|(at, _)| *at == place).flat_map(|(_, people)| people);
        let mut people = people.map(|(person, _)| &person.id);
        let person = people.find(|id| id.as_str() == code).cloned();
        Ok(person.map(|person| LeftCall { person, plan }))
    }

    /// The person, where they are still to be called: it is the same session of the same plan, and theirs who call.
    pub(super) async fn still_calls_for_left(
        &self,
        tx: &mut Tx,
        (loaded, found): (&Loaded, Option<LeftCall>),
        form: Option<&(NaiveDate, PlaceCode)>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<PersonId>> {
        let Some(found) = found else { return Ok(None) };
        let is_same = self.session_of(tx, loaded, form, by, now).await?.is_some()
            && plan_no(tx, loaded).await? == found.plan;
        // The person may have been joined with another one, or erased.
        let known = self.person(tx, found.person.as_str()).await;
        let is_known = known.is_ok_and(|known| known.value.id == found.person);
        Ok((is_same && is_known).then_some(found.person))
    }

    /// The place of a session of today that a form was sent from, where its people are `by`'s to look at.
    async fn session_of<'a>(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        form: Option<&'a (NaiveDate, PlaceCode)>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<&'a PlaceCode>> {
        let day = today(&loaded.campaign, now);
        let Some((_, place)) = form.filter(|(on, _)| *on == day) else { return Ok(None) };
        let sessions = self.sessions_in(tx, loaded).await?;
        let visits = Visits::on(&sessions, day);
        let may = may_at(by, Power::People, &loaded.campaign, place.as_str(), &visits);
        Ok(may.is_ok().then_some(place))
    }
}

/// Somebody to call for doses that are left, and the number of the plan by which it was so.
pub(super) struct LeftCall {
    person: PersonId,
    plan: Option<i64>,
}

async fn plan_no(tx: &mut Tx, loaded: &Loaded) -> Result<Option<i64>> {
    Ok(plans::newest(tx, loaded.no, PlanState::Adopted).await?.map(|head| head.no))
}
