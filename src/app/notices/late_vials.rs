//! Whether leads open another vial at the end of tomorrow's sessions, and whom they call for doses that are left.

use super::lines::lines;
use crate::app::assigning::outset::{self, Begun};
use crate::app::coverage::given;
use crate::app::plans::{in_force, rows_on};
use crate::app::{Loaded, Result};
use crate::domain::counting::ELSEWHERE;
use crate::domain::id::{PersonId, PlaceCode};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::notice::PersonLine;
use crate::domain::open_vial::{VialRule, VialWorth};
use crate::domain::person::Person;
use crate::domain::plan::{PlanRow, PlanState};
use crate::domain::planner::{SessionVials, vials};
use crate::domain::stock::{GivenAt, drawn_by_plan, stock_left};
use crate::store::{Tx, jurisdictions, plans};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use std::collections::BTreeMap;

/// People named for doses that are left: a vial's doses, but no more than these.
const CALLED_MAX: usize = 10;
/// Of so many times as many people some have a phone and want to be called.
const ASKED_TIMES: usize = 4;

/// What the rule of a session follows from.
pub(super) struct LateFacts {
    /// So many people, with such a chance to come.
    expected: Vec<(u64, f64)>,
    doses_per_vial: u32,
    worth: VialWorth,
    /// The hours of a site, where it says them.
    hours: Option<(NaiveTime, NaiveTime)>,
    /// People to call, with the number of the dose.
    call: Vec<(PersonId, u8)>,
}

impl LateFacts {
    /// The rule. `stay`: when a team is there.
    pub(super) fn rule(&self, stay: Option<(NaiveTime, NaiveTime)>) -> VialRule {
        VialRule::of(&self.expected, stay.or(self.hours), self.doses_per_vial, self.worth)
    }

    /// The people to call of whom the register has a phone, without those who want no messages.
    fn lines(
        &self,
        lines: &BTreeMap<PersonId, PersonLine>,
        people: &BTreeMap<PersonId, Person>,
    ) -> Vec<PersonLine> {
        let line = |(id, dose): &(PersonId, u8)| {
            let line = lines.get(id).filter(|line| line.phone.is_some())?;
            let wants = people.get(id).is_some_and(|person| !person.opt_out);
            wants.then(|| PersonLine { dose: *dose, ..line.clone() })
        };
        let most = CALLED_MAX.min(self.doses_per_vial as usize);
        self.call.iter().filter_map(line).take(most).collect()
    }
}

/// What the leads of a day's sessions are told of doses that are left.
#[derive(Default)]
pub(in crate::app) struct LateCalls {
    /// By place: what the rule follows from, and whom to call.
    pub(super) of: BTreeMap<PlaceCode, (LateFacts, Vec<PersonLine>)>,
    /// The people themselves.
    people: BTreeMap<PersonId, Person>,
}

impl LateCalls {
    /// Whom to call, by place, with the people as the register has them.
    pub(in crate::app) fn each(&self) -> impl Iterator<Item = (&PlaceCode, Vec<(&Person, u8)>)> {
        let known = |line: &PersonLine| Some((self.people.get(&line.person)?, line.dose));
        self.of
            .iter()
            .map(move |(place, (_, call))| (place, call.iter().filter_map(known).collect()))
    }
}

/// The rules for the sessions of the day after `today`, and whom their leads call: what the digest of that evening
/// says, and the call list of the day itself. As for [`late_facts`].
pub(super) async fn late_calls(
    tx: &mut Tx,
    (loaded, of): (&Loaded, Option<&Jurisdiction>),
    rows: (&[PlanRow], NaiveDate),
    vials: &[SessionVials],
    today: NaiveDate,
) -> Result<LateCalls> {
    let facts = late_facts(tx, (loaded, of), rows, vials, today).await?;
    let ids = facts.values().flat_map(|one| one.call.iter().map(|(person, _)| person)).collect();
    let (lines, people) = lines(tx, loaded, ids, outset::tomorrow(today)).await?;
    let with_lines = |(place, one): (PlaceCode, LateFacts)| {
        let call = one.lines(&lines, &people);
        (place, (one, call))
    };
    Ok(LateCalls { of: facts.into_iter().map(with_lines).collect(), people })
}

/// The vials of the sessions of a day; none where no lot says how many doses a vial holds. `rows`: of the plan in
/// force, from `first` on.
pub(super) async fn day_vials(
    tx: &mut Tx,
    loaded: &Loaded,
    (rows, first): (&[PlanRow], NaiveDate),
    day: NaiveDate,
) -> Result<Vec<SessionVials>> {
    let campaign = &loaded.campaign;
    if !campaign.deliveries.iter().any(|lot| lot.doses_per_vial.is_some()) {
        return Ok(Vec::new());
    }
    let before = given(tx, loaded, NaiveDate::MIN, first - TimeDelta::days(1)).await?;
    let mut found = vials(campaign, rows, &before, first);
    found.retain(|session| session.day == day);
    Ok(found)
}

/// Whom the leads of a day's sessions call for doses that are left, as the digest of the evening before has it.
pub(in crate::app) async fn late_calls_on(
    tx: &mut Tx,
    loaded: &Loaded,
    day: NaiveDate,
) -> Result<LateCalls> {
    let Some(head) = plans::newest(tx, loaded.no, PlanState::Adopted).await? else {
        return Ok(LateCalls::default());
    };
    let evening = day - TimeDelta::days(1);
    // A plan that was mended on the day begins after it.
    let mut rows = in_force(tx, loaded, day, head.from).await?;
    rows.extend(rows_on(tx, loaded, head.no, evening).await?);
    let plan = (rows.as_slice(), head.from.min(day));
    let in_vials = day_vials(tx, loaded, plan, day).await?;
    let of = jurisdictions::newest(tx).await?.jurisdiction;
    late_calls(tx, (loaded, of.as_ref()), plan, &in_vials, evening).await
}

/// The facts of tomorrow's sessions, `vials`, as far as a vial of theirs holds several doses. `rows`: of the plan in
/// force, from `first` on.
async fn late_facts(
    tx: &mut Tx,
    (loaded, of): (&Loaded, Option<&Jurisdiction>),
    (rows, first): (&[PlanRow], NaiveDate),
    vials: &[SessionVials],
    today: NaiveDate,
) -> Result<BTreeMap<PlaceCode, LateFacts>> {
    let of_several = |one: &SessionVials| {
        let last = one.lots.last().and_then(|lot| lot.doses_per_vial);
        last.filter(|doses| *doses > 1).map(|doses| (one.place.clone(), doses))
    };
    let sessions: BTreeMap<PlaceCode, u32> = vials.iter().filter_map(of_several).collect();
    if sessions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let day = outset::tomorrow(today);
    let begun = Box::pin(outset::begin(tx, loaded, today, (rows, first, day))).await?;
    let (needed, left) = needed_and_left(&begun, rows, day);
    let facts = |(place, doses_per_vial): (PlaceCode, u32)| {
        let expected = expected(&begun, (&place, day), rows);
        let most = ASKED_TIMES * CALLED_MAX.min(doses_per_vial as usize);
        let call = begun.register.iter().flat_map(|it| it.due_nearby(&place, day, most));
        let row = of.and_then(|of| of.site_on(place.as_str(), day));
        let one = LateFacts {
            worth: VialWorth::of(comes(&expected), needed, left),
            expected,
            doses_per_vial,
            hours: row.and_then(|row| row.hours).map(|hours| (hours.opens, hours.closes)),
            call: call.map(|(code, dose)| (PersonId::new(code), dose)).collect(),
        };
        (place, one)
    };
    Ok(sessions.into_iter().map(facts).collect())
}

/// Doses of vaccine that the plan draws after a day, and those that are there for them.
pub(in crate::app) fn needed_and_left(
    begun: &Begun,
    rows: &[PlanRow],
    day: NaiveDate,
) -> (u64, u64) {
    let campaign = &begun.outset.campaign;
    let mut given = GivenAt::new();
    for row in begun.outset.history.iter().filter(|row| row.place.as_str() != ELSEWHERE) {
        *given.entry((row.day, row.place.clone())).or_default() += u64::from(row.doses);
    }
    let in_store: u64 = stock_left(campaign, &given, day).iter().map(|(_, doses)| doses).sum();
    let coming = campaign.deliveries.iter().filter(|lot| lot.date > day);
    let all = in_store + coming.map(|lot| u64::from(lot.doses)).sum::<u64>();
    let drawn = drawn_by_plan(campaign, rows.iter().filter(|row| row.day == day));
    let needed = drawn_by_plan(campaign, rows.iter().filter(|row| row.day > day));
    (needed, all.saturating_sub(drawn))
}

/// Whom a session expects: so many people, with such a chance to come.
fn expected(
    begun: &Begun,
    (place, day): (&PlaceCode, NaiveDate),
    rows: &[PlanRow],
) -> Vec<(u64, f64)> {
    let of_session = rows.iter().filter(|row| row.day == day && row.place == *place);
    let Some(register) = &begun.register else {
        return of_session.map(|row| (u64::from(row.doses), 1.0)).collect();
    };
    let held = register.held_at(place, day);
    let called = held.iter().map(|((cohort, dose), called)| {
        let comes = begun.chances.of_called(*cohort, *dose);
        (*called, comes)
    });
    let others = of_session.filter_map(|row| {
        let cohort = register.cohort(&row.area, &row.group)?;
        let named = held.get(&(cohort, row.dose)).copied().unwrap_or(0);
        let comes = begun.chances.of_seat(cohort, row.dose);
        Some((u64::from(row.doses).saturating_sub(named), comes))
    });
    called.chain(others).collect()
}

/// The chance that somebody of them comes.
fn comes(expected: &[(u64, f64)]) -> f64 {
    let people: u64 = expected.iter().map(|(people, _)| people).sum();
    let come: f64 = expected.iter().map(|(people, comes)| *people as f64 * comes).sum();
    if people == 0 { 1.0 } else { come / people as f64 }
}
