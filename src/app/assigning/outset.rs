//! What a plan begins with: doses, sessions whose report is out, and the people of the register.

use super::super::{Loaded, Result, home_days};
use super::attendance::{chances, has_vaccine, learned, past_sessions};
use super::register::{self, Days, Register};
use crate::domain::assign::Chances;
use crate::domain::attendance::{Attendance, Past};
use crate::domain::campaign::Campaign;
use crate::domain::counting::{Cells, count_family, families};
use crate::domain::dose::GivenRow;
use crate::domain::id::PlaceCode;
use crate::domain::outset::{
    Outset, OutsetFacts, REPORT_WAIT_DAYS, ReportedDoses, SeatsUsed, USE_DAYS, bind_to_store,
    outset, remembered_from, seats_used,
};
use crate::domain::plan::PlanRow;
use crate::domain::whole_vials::drawn_doses;
use crate::store::plans::{self, PlanHead, in_force};
use crate::store::{Tx, cells, people};
use chrono::{NaiveDate, TimeDelta};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What a plan begins with.
pub(in crate::app) struct Begun {
    /// The people to plan for, and what they have had.
    pub(in crate::app) outset: Outset,
    /// Doses given before the plan's first open day, as far as they were reported.
    pub(in crate::app) given_doses: u64,
    /// The register; `None` where it is empty.
    pub(in crate::app) register: Option<Register>,
    /// What came of appointments and seats before.
    pub(in crate::app) attendance: Attendance,
    /// The sessions of the last weeks, from which that was learned.
    pub(in crate::app) past: Vec<Past>,
    /// With which chance people come.
    pub(in crate::app) chances: Chances,
}

/// The day after a day.
pub(in crate::app) fn tomorrow(day: NaiveDate) -> NaiveDate {
    day + TimeDelta::days(1)
}

/// The first day on which a plan from `from` on may place anything: not the present day where a plan is in force for
/// it, because people and places have been told of that day, and nobody can be called for it any more.
pub(in crate::app) fn open_day(
    adopted: Option<&PlanHead>,
    from: NaiveDate,
    today: NaiveDate,
) -> NaiveDate {
    let is_told = adopted.is_some_and(|plan| plan.from <= today);
    if is_told && from == today { tomorrow(today) } else { from }
}

/// Reads what a plan begins with that may place doses from `open` on, while the plan with these rows, from `first` on,
/// is in force until then.
pub(in crate::app) async fn begin(
    tx: &mut Tx,
    loaded: &Loaded,
    today: NaiveDate,
    (rows, first, open): (&[PlanRow], NaiveDate, NaiveDate),
) -> Result<Begun> {
    let campaign = loaded.campaign.on(open);
    let counted = counted(tx, loaded, &campaign, open).await?;
    let given_doses = counted.iter().map(|one| u64::from(one.row.doses)).sum();
    let heads = plans::heads(tx, loaded.no).await?;
    let unreported = unreported(tx, loaded, &heads, (rows, first), (today, open)).await?;
    let recent = recent(tx, loaded, &heads, (today, open)).await?;
    let of_use = recent.partition_point(|row| row.day < today - TimeDelta::days(USE_DAYS));
    let used = used(tx, loaded, (&recent[of_use..], &counted)).await?;
    let register = if people::count(tx).await? > 0 {
        let days = Days { today, first, open };
        Some(Box::pin(register::read(tx, &loaded.on(today), rows, days)).await?)
    } else {
        None
    };
    let persons = register.as_ref().map(Register::persons).unwrap_or_default();
    let past = match &register {
        Some(register) => {
            past_sessions(register, (&recent, &counted), (loaded.campaign.start, today))
        }
        None => Vec::new(),
    };
    let (attendance, last_seats) = learned(&past, &campaign, today);
    let mut outset = outset(OutsetFacts {
        campaign: &campaign,
        open,
        counted: &counted,
        persons: &persons,
        unreported: &unreported,
        used,
        last_seats: &last_seats,
    });
    outset.campaign.closures.extend(home_days::closed(tx, &campaign, open).await?);
    let mut begun =
        Begun { outset, given_doses, register, attendance, past, chances: Chances::default() };
    if let Some(register) = &begun.register {
        let has_vaccine = has_vaccine(&campaign, &begun.outset.history, rows, tomorrow(today));
        let tomorrow = (has_vaccine, tomorrow(today));
        begun.chances = chances(&campaign, register, &begun.attendance, tomorrow);
    }
    Ok(begun)
}

impl Begun {
    /// The campaign as the planner sees it: sites that fetch vaccine on some weekdays give what was published until
    /// they fetch again.
    pub(in crate::app) fn campaign(
        &self,
        published: &[PlanRow],
        (today, open): (NaiveDate, NaiveDate),
    ) -> Campaign {
        let mut campaign = self.outset.campaign.clone();
        if !published.is_empty() {
            bind_to_store(&mut campaign, published, (today, open));
        }
        campaign
    }
}

/// Doses that count, before a day.
async fn counted(
    tx: &mut Tx,
    loaded: &Loaded,
    campaign: &Campaign,
    open: NaiveDate,
) -> Result<Vec<ReportedDoses>> {
    // The earliest day of the calendar is written with a sign, which would sort after every other day.
    let first = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day");
    let found = cells::between(tx, loaded.no, first, open - TimeDelta::days(1)).await?;
    let mut out = rows_of(found);
    for one in &mut out {
        one.row.area = campaign.home(&one.row.area, open).clone();
        one.row.group = campaign.group_now(&one.row.group).clone();
    }
    Ok(out)
}

fn rows_of(found: Cells) -> Vec<ReportedDoses> {
    let mut out = Vec::new();
    for (family, cells) in families(found) {
        let figures: Vec<_> = cells.values().copied().collect();
        for ((area, cell), total) in cells.iter().zip(count_family(&figures)) {
            let Ok(doses) = u32::try_from(total.doses) else { continue };
            if doses > 0 {
                out.push(ReportedDoses {
                    row: GivenRow {
                        day: family.day,
                        place: family.place.clone(),
                        area: area.clone(),
                        group: family.group.clone(),
                        dose: family.dose,
                        doses,
                    },
                    persons: u32::try_from(cell.persons).unwrap_or(0).min(doses),
                });
            }
        }
    }
    out
}

/// Rows of sessions before the first open day of which there is no report, as long as one may still come.
async fn unreported(
    tx: &mut Tx,
    loaded: &Loaded,
    heads: &[PlanHead],
    (rows, first): (&[PlanRow], NaiveDate),
    (today, open): (NaiveDate, NaiveDate),
) -> Result<Vec<PlanRow>> {
    let oldest = today - TimeDelta::days(REPORT_WAIT_DAYS);
    let last = open - TimeDelta::days(1);
    let reports = cells::reports_between(tx, loaded.no, oldest, last).await?;
    let reports: BTreeSet<_> = reports.into_iter().collect();
    let mut older: BTreeMap<i64, Vec<PlanRow>> = BTreeMap::new();
    let mut out = Vec::new();
    for day in crate::domain::date::days(oldest, last) {
        let of_day: &[PlanRow] = if day >= first {
            rows
        } else if let Some(head) = in_force(heads, day) {
            if let Entry::Vacant(free) = older.entry(head.no) {
                let found = plans::rows(tx, loaded.no, head.no, oldest..=last).await?;
                free.insert(loaded.campaign.plan_rows_on(found, open));
            }
            &older[&head.no]
        } else {
            &[]
        };
        let is_out =
            |row: &&PlanRow| row.day == day && !reports.contains(&(row.place.clone(), day));
        out.extend(of_day.iter().filter(is_out).cloned());
    }
    Ok(out)
}

/// What plans had for the days from which something is learned, up to yesterday, as they were in force.
async fn recent(
    tx: &mut Tx,
    loaded: &Loaded,
    heads: &[PlanHead],
    (today, open): (NaiveDate, NaiveDate),
) -> Result<Vec<PlanRow>> {
    let first = remembered_from(today).max(loaded.campaign.start);
    let mut out = Vec::new();
    for day in crate::domain::date::days(first, today - TimeDelta::days(1)) {
        let Some(head) = in_force(heads, day) else { continue };
        let rows = plans::rows(tx, loaded.no, head.no, day..=day).await?;
        out.extend(loaded.campaign.plan_rows_on(rows, open));
    }
    Ok(out)
}

/// The share of planned seats that is used. `recent`: rows of the last days.
async fn used(
    tx: &mut Tx,
    loaded: &Loaded,
    (recent, counted): (&[PlanRow], &[ReportedDoses]),
) -> Result<SeatsUsed> {
    let (Some(first), Some(last)) = (recent.first(), recent.last()) else {
        return Ok(SeatsUsed { people: seats_used(&[]), vaccine: seats_used(&[]) });
    };
    let reports = cells::reports_between(tx, loaded.no, first.day, last.day).await?;
    let mut sessions: BTreeMap<(PlaceCode, NaiveDate), (u64, u64)> =
        reports.into_iter().map(|session| (session, (0, 0))).collect();
    for row in recent {
        if let Some(of) = sessions.get_mut(&(row.place.clone(), row.day)) {
            of.0 += u64::from(row.doses);
        }
    }
    for ReportedDoses { row, .. } in counted.iter().filter(|one| one.row.day >= first.day) {
        if let Some(of) = sessions.get_mut(&(row.place.clone(), row.day)) {
            of.1 += u64::from(row.doses);
        }
    }
    let planned = sessions.into_iter().filter(|(_, (seats, _))| *seats > 0);
    let (mut people, mut vaccine) = (Vec::new(), Vec::new());
    for ((place, day), (seats, given)) in planned {
        let doses = u32::try_from(given).unwrap_or(u32::MAX);
        let drawn = drawn_doses(&loaded.campaign, &place, doses);
        people.push((day, seats, given));
        vaccine.push((day, seats, u64::from(drawn)));
    }
    Ok(SeatsUsed { people: seats_used(&people), vaccine: seats_used(&vaccine) })
}
