//! Appointments: people of the register and the adopted plan's sessions.

use super::{App, Loaded, Result, millis, today};
use crate::domain::assign::{Candidate, Input, Output, assign};
use crate::domain::campaign::CohortKey;
use crate::domain::count::floor_of;
use crate::domain::counting::Enrollee;
use crate::domain::dose::Dose;
use crate::domain::id::{AreaCode, GroupId, PersonId};
use crate::domain::judge::{Asks, Due, Judged, MissedDose, Subject};
use crate::domain::person::{Outcome, OutcomeKind, Person, Sex, barred, group_of};
use crate::domain::plan::PlanRow;
use crate::domain::plan::PlanState;
use crate::domain::rules::GroupForecast;
use crate::store::{Tx, assignments, cells, doses, outcomes, people, plans};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Where a person of the register stands.
pub struct Standing {
    /// Who.
    pub person: Person,
    /// Their group on the day asked for.
    pub group: Option<GroupId>,
    /// Their doses, in the order given.
    pub doses: Vec<Dose>,
    /// What the rules say of them.
    pub judged: Vec<Judged>,
    /// The next dose, or visit; `None` when all is given.
    pub due: Option<Due>,
    /// What a catch-up campaign gives at it.
    pub missed: Vec<MissedDose>,
    /// How far they are with every vaccine group.
    pub forecasts: Vec<GroupForecast>,
    /// What bars them on the day asked for.
    pub barred: Option<OutcomeKind>,
}

/// Hands over everybody of the register with where they stand on a day.
pub async fn each_standing(
    tx: &mut Tx,
    loaded: &Loaded,
    day: NaiveDate,
    mut take: impl FnMut(Standing),
) -> Result<()> {
    let noted = outcomes::by_person(tx, loaded.no).await?;
    let mut given = doses::by_person(tx, loaded.no).await?;
    people::each(tx, loaded.no, |person| {
        let doses = given.remove(&person.id).unwrap_or_default();
        let noted = noted.get(&person.id).map_or(&[][..], Vec::as_slice);
        let who = Subject { born: person.born, sex: person.sex };
        let state = state(loaded, (who, person.group.as_ref()), doses, noted, day);
        take(Standing {
            group: state.group,
            doses: state.doses,
            judged: state.judged,
            due: state.due,
            missed: state.missed,
            forecasts: state.forecasts,
            barred: state.barred,
            person,
        });
    })
    .await?;
    Ok(())
}

/// What follows from a person's doses and outcomes on a day.
struct State {
    group: Option<GroupId>,
    doses: Vec<Dose>,
    judged: Vec<Judged>,
    due: Option<Due>,
    missed: Vec<MissedDose>,
    forecasts: Vec<GroupForecast>,
    barred: Option<OutcomeKind>,
}

fn state(
    loaded: &Loaded,
    (who, named): (Subject, Option<&GroupId>),
    mut doses: Vec<Dose>,
    noted: &[Outcome],
    day: NaiveDate,
) -> State {
    let campaign = &loaded.campaign;
    doses.retain(|dose| dose.date <= day);
    let outlook = loaded.judge.outlook(campaign, who, &doses, day);
    let last = doses.last().map(|dose| dose.date);
    let newer = noted.iter().filter(|outcome| last.is_none_or(|last| outcome.date > last));
    State {
        group: group_of(campaign, who.born, named, day).map(|group| group.id.clone()),
        due: outlook.due,
        missed: outlook.missed,
        forecasts: outlook.forecasts,
        barred: barred(newer, day).map(|outcome| outcome.outcome),
        judged: outlook.doses,
        doses,
    }
}

impl App {
    /// Assigns everybody who is due to the adopted plan's sessions; nothing where no plan is adopted.
    pub async fn assign(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Option<Output>> {
        let mut tx = self.store.write().await?;
        let Some(head) = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await? else {
            return Ok(None);
        };
        let rows = plans::rows(&mut tx, loaded.no, head.no).await?;
        let out = assign_in(&mut tx, loaded, head.no, &rows, now).await?;
        tx.commit().await?;
        Ok(Some(out))
    }
}

/// Assigns inside a transaction, so that adopting a plan and moving its people is one step.
pub async fn assign_in(
    tx: &mut Tx,
    loaded: &Loaded,
    plan: i64,
    rows: &[PlanRow],
    now: DateTime<Utc>,
) -> Result<Output> {
    if people::count(tx, loaded.no).await? == 0 {
        return Ok(Output::default());
    }
    let day = today(&loaded.campaign, now);
    let Register { candidates, barred, people: registered } = register(tx, loaded, day).await?;
    let current = assignments::all(tx, loaded.no).await?;
    let reported = cells::reports(tx, loaded.no, day).await?.into_iter().collect();
    let output = assign(Input {
        rows,
        plan,
        today: day,
        candidates,
        barred: &barred,
        current,
        reported: &reported,
        shares: &shares(loaded, day, &registered),
        now: millis(now),
    });
    assignments::change(tx, loaded.no, &output.new, &output.ended, millis(now)).await?;
    Ok(output)
}

/// The register as assigning sees it.
#[derive(Default)]
struct Register {
    candidates: Vec<Candidate>,
    barred: BTreeSet<PersonId>,
    /// People by cohort: all of them, or those alone who lack something, or did.
    people: BTreeMap<(AreaCode, GroupId), u64>,
}

async fn register(tx: &mut Tx, loaded: &Loaded, day: NaiveDate) -> Result<Register> {
    let absences = assignments::absences(tx, loaded.no).await?;
    let noted = outcomes::by_person(tx, loaded.no).await?;
    let mut given = doses::by_person(tx, loaded.no).await?;
    let mut out = Register::default();
    let asks_all = matches!(loaded.judge.asks, Asks::Series { .. });
    let mut take = |id: PersonId, sex: Sex, person: Enrollee| {
        let doses = given.remove(&id).unwrap_or_default();
        let noted = noted.get(&id).map_or(&[][..], Vec::as_slice);
        let who = Subject { born: person.born, sex };
        let state = state(loaded, (who, person.group.as_ref()), doses, noted, day);
        let Some(group) = state.group else { return };
        let is_asked = state.due.is_some() || state.judged.iter().any(|dose| dose.number > 0);
        if !asks_all && !is_asked {
            return;
        }
        *out.people.entry((person.area.clone(), group.clone())).or_default() += 1;
        if state.barred.is_some() {
            out.barred.insert(id);
            return;
        }
        let Some(due) = state.due else { return };
        let absent = absences.get(&(id.clone(), due.number));
        out.candidates.push(Candidate {
            person: id,
            area: person.area,
            group,
            dose: due.number,
            earliest: due.earliest,
            latest: due.latest,
            absences: absent.map_or(0, |(times, _)| *times),
            absent_last: absent.map(|(_, day)| *day),
        });
    };
    if asks_all {
        // Names and contacts are not read: they are the larger part of a register.
        people::each_enrollee(tx, loaded.no, |id, person| take(id, Sex::U, person)).await?;
    } else {
        // Some vaccines of a programme are for girls alone.
        people::each(tx, loaded.no, |person| {
            let (area, born, group) = (person.area, person.born, person.group);
            take(person.id, person.sex, Enrollee { area, born, group });
        })
        .await?;
    }
    Ok(out)
}

/// People of each cohort: those that the plan counts with, and those that the register has.
fn shares(
    loaded: &Loaded,
    day: NaiveDate,
    registered: &BTreeMap<(AreaCode, GroupId), u64>,
) -> BTreeMap<(AreaCode, GroupId), (u64, u64)> {
    let eligible = loaded.campaign.eligible_on(day);
    registered
        .iter()
        .map(|((area, group), people)| {
            let key = CohortKey { area: area.clone(), group: group.clone() };
            let uptake =
                loaded.campaign.group(group.as_str()).map_or_else(Default::default, |g| g.uptake);
            let planned = eligible.get(&key).map_or(0, |row| floor_of(row.people, uptake));
            ((area.clone(), group.clone()), (u64::from(planned), *people))
        })
        .collect()
}
