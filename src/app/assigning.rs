//! Appointments for people of the register, and where each of them stands.

use super::{App, Loaded, Result, millis, today};
use crate::domain::assign::{Ended, Output};
use crate::domain::booking::Answer;
use crate::domain::dose::Dose;
use crate::domain::id::{GroupId, PersonId};
use crate::domain::judge::{Due, Judged, MissedDose, Subject};
use crate::domain::person::{Asked, Outcome, OutcomeKind, Person, barred};
use crate::domain::plan::PlanState;
use crate::domain::rules::GroupForecast;
use crate::store::{Tx, assignments, bookings, doses, outcomes, people, plans, records, waiting};
use chrono::{DateTime, NaiveDate, Utc};
use register::{Codes, Register};
use std::collections::{BTreeMap, BTreeSet};
pub(super) use visits::ToAssign;

mod attendance;
pub(super) mod outset;
mod register;
mod visits;

/// A person of the register, with doses, what is due, and what bars them on a day.
pub struct Standing {
    /// Who.
    pub person: Person,
    /// Their group on the day asked for; `None` where no group fits.
    pub group: Option<GroupId>,
    /// Their doses up to that day, by day and record.
    pub doses: Vec<Dose>,
    /// The verdict on each dose.
    pub judged: Vec<Judged>,
    /// The next dose, or visit; `None` when all is given.
    pub due: Option<Due>,
    /// Doses that a catch-up campaign still gives; else empty.
    pub missed: Vec<MissedDose>,
    /// The forecast of every vaccine group.
    pub forecasts: Vec<GroupForecast>,
    /// Why they must not be called on that day; `None` where they may.
    pub barred: Option<OutcomeKind>,
}

/// Calls `take` for everybody whom the campaign may be about, sorted by code, as they stand on `day`.
pub async fn each_standing(
    tx: &mut Tx,
    loaded: &Loaded,
    day: NaiveDate,
    mut take: impl FnMut(Standing),
) -> Result<()> {
    let near = loaded.near();
    let noted = outcomes::by_person(tx, near).await?;
    let mut given = doses::by_person(tx, near).await?;
    let asked = Asked::by(&loaded.campaign);
    let take = |person: Person| {
        let doses = given.remove(&person.id).unwrap_or_default();
        let noted = noted.get(&person.id).map_or(&[][..], Vec::as_slice);
        let group = asked.group(&person.area, person.traits(), day).map(|group| group.id.clone());
        take(stands(loaded, (person, group), doses, noted, day));
    };
    each_person(tx, loaded, take).await
}

/// Calls `take` for everybody whose records the work of a campaign reads, sorted by code: whoever it asks is among
/// them.
pub async fn each_person(tx: &mut Tx, loaded: &Loaded, take: impl FnMut(Person)) -> Result<()> {
    match loaded.near() {
        Some(near) => people::each_near(tx, near, take).await?,
        None => people::each(tx, take).await?,
    }
    Ok(())
}

/// Some people of the register as they stand on `day`.
pub async fn standings<'a>(
    tx: &mut Tx,
    loaded: &Loaded,
    wanted: impl Iterator<Item = &'a PersonId>,
    day: NaiveDate,
) -> Result<BTreeMap<PersonId, Standing>> {
    let codes: Vec<&str> = wanted.map(PersonId::as_str).collect();
    let known = records::find::<Person>(tx, codes.iter().copied()).await?;
    let noted = outcomes::of_people(tx, &codes).await?;
    let people: Vec<Person> = known.into_values().map(|known| known.value).collect();
    let mut given = doses::of_people(tx, people.iter().map(|person| person.id.as_str())).await?;
    let asked = Asked::by(&loaded.campaign);
    let mut out = BTreeMap::new();
    for person in people {
        let doses = given.remove(&person.id).unwrap_or_default();
        let noted = noted.get(&person.id).map_or(&[][..], Vec::as_slice);
        let group = asked.group(&person.area, person.traits(), day).map(|group| group.id.clone());
        out.insert(person.id.clone(), stands(loaded, (person, group), doses, noted, day));
    }
    Ok(out)
}

/// Everybody of the households of some people, as they stand on `day`: whoever reads for a household may live where the
/// campaign's work reads nobody. Nobody where it reads everybody.
pub async fn households_beyond(
    tx: &mut Tx,
    loaded: &Loaded,
    of: &[&str],
    day: NaiveDate,
) -> Result<Vec<Standing>> {
    if loaded.near().is_none() { Ok(Vec::new()) } else { households(tx, loaded, of, day).await }
}

/// Everybody of the households of some people, as they stand on `day`.
pub async fn households(
    tx: &mut Tx,
    loaded: &Loaded,
    of: &[&str],
    day: NaiveDate,
) -> Result<Vec<Standing>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let homes = people::households(tx, of).await?;
    let members: BTreeSet<PersonId> = homes.into_values().flatten().collect();
    let found = standings(tx, loaded, members.iter(), day).await?;
    Ok(found.into_values().collect())
}

fn stands(
    loaded: &Loaded,
    (person, group): (Person, Option<GroupId>),
    doses: Vec<Dose>,
    noted: &[Outcome],
    day: NaiveDate,
) -> Standing {
    let state = state(loaded, &person, doses, noted, day);
    Standing {
        group,
        doses: state.doses,
        judged: state.judged,
        due: state.due,
        missed: state.missed,
        forecasts: state.forecasts,
        barred: state.barred,
        person,
    }
}

/// The part of [`Standing`] that follows from doses and outcomes.
struct State {
    doses: Vec<Dose>,
    judged: Vec<Judged>,
    due: Option<Due>,
    missed: Vec<MissedDose>,
    forecasts: Vec<GroupForecast>,
    barred: Option<OutcomeKind>,
}

fn state(
    loaded: &Loaded,
    person: &Person,
    mut doses: Vec<Dose>,
    noted: &[Outcome],
    day: NaiveDate,
) -> State {
    let (campaign, judge) = loaded.rules();
    let who = Subject { born: person.born, sex: person.sex };
    doses.retain(|dose| dose.date <= day);
    let outlook = judge.outlook(campaign, who, &doses, day);
    let last = doses.last().map(|dose| dose.date);
    let last_own =
        outlook.doses.iter().filter(|dose| dose.number > 0).map(|dose| dose.date).next_back();
    // Any dose shows that somebody lives here; only one of the campaign's lifts what was said about its vaccine.
    let is_newer = |outcome: &&Outcome| {
        let last = if outcome.outcome.is_of_person() { last } else { last_own };
        judge.heeds(outcome.outcome, outcome.campaign, outcome.vaccine.as_deref())
            && last.is_none_or(|last| outcome.date > last)
    };
    let noted = barred(noted.iter().filter(is_newer), day).map(|outcome| outcome.outcome);
    let has_died = person.more.died.is_some_and(|died| died <= day);
    State {
        due: outlook.due,
        missed: outlook.missed,
        forecasts: outlook.forecasts,
        barred: if has_died { Some(OutcomeKind::Dead) } else { noted },
        judged: outlook.doses,
        doses,
    }
}

impl App {
    /// Assigns everybody who is due to the sessions of the adopted plan; `None` where no plan is adopted.
    pub async fn assign(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Option<Output>> {
        let mut tx = self.store.write().await?;
        bookings::lock(&mut tx, loaded.no).await?;
        let Some(head) = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await? else {
            return Ok(None);
        };
        let day = today(&loaded.campaign, now);
        let rows = plans::rows(&mut tx, loaded.no, head.no, ..).await?;
        let rows = loaded.campaign.plan_on(&rows, day).into_owned();
        let begun = outset::begin(&mut tx, loaded, day, (&rows, head.from, outset::tomorrow(day)));
        let begun = Box::pin(begun).await?;
        let one = ToAssign { loaded, plan: head.no, begun };
        let out = self.assign_in(&mut tx, one, now).await?;
        tx.commit().await?;
        Ok(Some(out))
    }
}

/// Notes the seats of those who waited for one. They asked for it, so it is theirs as if they had taken it.
async fn keep_word(tx: &mut Tx, loaded: &Loaded, read: &Register, output: &Output) -> Result<()> {
    for (person, seat) in &output.new {
        if read.waiting.contains(&(*person, seat.dose)) {
            let code = read.codes.get(*person);
            bookings::answer(tx, loaded.no, &[code], Answer::Booked).await?;
            waiting::give(tx, loaded.no, code, seat.day).await?;
        }
    }
    Ok(())
}

/// Stores that appointments have ended.
async fn end(
    tx: &mut Tx,
    loaded: &Loaded,
    codes: &Codes,
    output: &Output,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut by_reason: BTreeMap<Ended, Vec<&str>> = BTreeMap::new();
    for (person, _, why) in &output.ended {
        by_reason.entry(*why).or_default().push(codes.get(*person));
    }
    for (why, people) in by_reason {
        assignments::end(tx, loaded.no, &people, why, millis(now)).await?;
    }
    Ok(())
}

/// Stores new appointments, session by session: what they have in common is then said once for all.
async fn store(
    tx: &mut Tx,
    loaded: &Loaded,
    read: &Register,
    output: &Output,
    (plan, now): (i64, DateTime<Utc>),
) -> Result<()> {
    let mut new: Vec<_> = output
        .new
        .iter()
        .map(|(person, seat)| {
            let session = (seat.day, seat.place, seat.dose, read.cohort_of(*person));
            (session, *person)
        })
        .collect();
    new.sort_unstable();
    let keys = read.cohort_keys();
    let mut rest = new.as_slice();
    while let Some(&(session, _)) = rest.first() {
        let count = rest.partition_point(|one| one.0 == session);
        let (same, others) = rest.split_at(count);
        let people: Vec<&str> = same.iter().map(|(_, person)| read.codes.get(*person)).collect();
        let (day, place, dose, cohort) = session;
        let cohort = cohort.and_then(|cohort| keys.get(&cohort));
        let session = (day, read.places.get(place), dose, cohort);
        assignments::write(tx, loaded.no, session, &people, (plan, millis(now))).await?;
        rest = others;
    }
    Ok(())
}
