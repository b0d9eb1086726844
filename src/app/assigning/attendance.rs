//! What came of the appointments and seats of the last weeks, so that sessions expect as many people as come.

use super::register::Register;
use crate::domain::assign::{Chances, CohortNo, PlaceNo};
use crate::domain::attendance::{Attendance, LastSeats, Past, took_place};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::counting::ELSEWHERE;
use crate::domain::dose::GivenRow;
use crate::domain::id::GroupId;
use crate::domain::outset::{ReportedDoses, learned_from, remembered_from};
use crate::domain::plan::PlanRow;
use crate::domain::stock::{GivenAt, drawn_by_plan, stock_left};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::BTreeMap;

/// People are called beyond the seats only where the store has vaccine for so many days like tomorrow. Our choice:
/// sites fetch vaccine for everybody who is called.
const DAYS_OF_VACCINE: u64 = 2;

/// A session's seats for a cohort: place, day, cohort and number of the dose.
type Cell = (PlaceNo, NaiveDate, CohortNo, u8);

/// What came of the appointments and seats of the last weeks up to yesterday, as far as their sessions have reported.
/// `recent`: rows of plans for these days, as they were in force. `counted`: what was given before.
pub(super) fn past_sessions(
    register: &Register,
    (recent, counted): (&[PlanRow], &[ReportedDoses]),
    (start, today): (NaiveDate, NaiveDate),
) -> Vec<Past> {
    let (first, last) = (remembered_from(today), today - TimeDelta::days(1));
    let mut seats: BTreeMap<Cell, u64> = BTreeMap::new();
    for row in recent.iter().filter(|row| row.day >= first.max(start)) {
        let place = register.places.find(&row.place);
        let cohort = register.cohort(&row.area, &row.group);
        let (Some(place), Some(cohort)) = (place, cohort) else { continue };
        *seats.entry((place, row.day, cohort, row.dose)).or_default() += u64::from(row.doses);
    }
    past(register, counted, &seats, (first, last))
}

/// What is learned from sessions: who comes, from those of the last weeks whose names are in; and whether people in no
/// register are left, from the last ones of each cohort.
pub(super) fn learned(
    sessions: &[Past],
    campaign: &Campaign,
    today: NaiveDate,
) -> (Attendance, BTreeMap<CohortKey, LastSeats>) {
    let (first, last) = learned_from(today);
    let recent = sessions.iter().filter(|one| first <= one.day && one.day <= last);
    let attendance = Attendance::of(recent.cloned());
    let seats = LastSeats::of(sessions, |cohort| comes(campaign, &attendance, (&cohort.group, 1)));
    (attendance, seats)
}

/// The chance that somebody of a group comes to an appointment for a dose.
fn comes(campaign: &Campaign, attendance: &Attendance, (group, dose): (&GroupId, u8)) -> f64 {
    let uptake = campaign.group(group.as_str()).and_then(|group| group.uptake.to_f64());
    attendance.of_called(group, dose, uptake.unwrap_or(1.0))
}

/// What came of these seats, and of the appointments of the same days.
fn past(
    register: &Register,
    counted: &[ReportedDoses],
    seats: &BTreeMap<Cell, u64>,
    (first, last): (NaiveDate, NaiveDate),
) -> Vec<Past> {
    let keys = register.cohort_keys();
    let mut out: BTreeMap<Cell, Past> = BTreeMap::new();
    let mut at = |cell: Cell, add: &mut dyn FnMut(&mut Past)| {
        let (place, day, cohort, dose) = cell;
        let Some(cohort) = keys.get(&cohort).filter(|_| register.has_reported(place, day)) else {
            return;
        };
        let (cohort, has_names) = (cohort.clone(), true);
        let (seats, named, known, came, others) = (0, 0, 0, 0, 0);
        let new = Past { day, cohort, dose, seats, named, known, came, others, has_names };
        add(out.entry(cell).or_insert(new));
    };
    for (cell, doses) in seats {
        at(*cell, &mut |past| past.seats += doses);
    }
    for one in register.called() {
        at((one.place, one.day, one.cohort, one.dose), &mut |past| {
            past.named += 1;
            past.known += u64::from(one.came.is_some());
            past.came += u64::from(one.came == Some(true));
        });
    }
    // Doses and names of each session.
    let mut reports: BTreeMap<(PlaceNo, NaiveDate), (u64, u64)> = BTreeMap::new();
    for ReportedDoses { row, persons } in counted {
        let (place, cohort) =
            (register.places.find(&row.place), register.cohort(&row.area, &row.group));
        let Some(place) = place.filter(|_| (first..=last).contains(&row.day)) else { continue };
        let report = reports.entry((place, row.day)).or_default();
        *report = (report.0 + u64::from(row.doses), report.1 + u64::from(*persons));
        let Some(cohort) = cohort else { continue };
        let others = u64::from(row.doses.saturating_sub(*persons));
        at((place, row.day, cohort, row.dose), &mut |past| past.others += others);
    }
    let mut named: BTreeMap<(PlaceNo, NaiveDate), u64> = BTreeMap::new();
    for ((place, day, ..), past) in &mut out {
        let (doses, names) = reports.get(&(*place, *day)).copied().unwrap_or_default();
        past.has_names = names > 0 || doses == 0;
        *named.entry((*place, *day)).or_default() += past.named;
    }
    out.retain(|(place, day, ..), _| {
        let (doses, _) = reports.get(&(*place, *day)).copied().unwrap_or_default();
        took_place(doses, named[&(*place, *day)])
    });
    out.into_values().collect()
}

/// With which chance people come, cohort by cohort.
pub(super) fn chances(
    campaign: &Campaign,
    register: &Register,
    attendance: &Attendance,
    (has_vaccine, tomorrow): (bool, NaiveDate),
) -> Chances {
    let mut out = Chances {
        risk: campaign.overbook_risk.to_f64().unwrap_or(0.0),
        reach: register.planned(),
        has_vaccine,
        ..Chances::default()
    };
    for (no, key) in register.cohort_keys() {
        let group = campaign.group(key.group.as_str());
        let Some(group) = group else { continue };
        if group.opens.is_some_and(|opens| opens > tomorrow) {
            out.reach.retain(|(_, cohort)| *cohort != no);
        }
        for dose in 1..=u8::try_from(campaign.series.dose_count()).unwrap_or(u8::MAX) {
            out.called.insert((no, dose), comes(campaign, attendance, (&key.group, dose)));
            out.seats.insert((no, dose), attendance.of_seat(&key, dose));
        }
    }
    out
}

/// Whether the store has vaccine for more people than the plan's rows of tomorrow have seats. `history`: doses that
/// draw vaccine, and others.
pub(super) fn has_vaccine(
    campaign: &Campaign,
    history: &[GivenRow],
    rows: &[PlanRow],
    tomorrow: NaiveDate,
) -> bool {
    let mut given = GivenAt::new();
    for row in history.iter().filter(|row| row.place.as_str() != ELSEWHERE) {
        *given.entry((row.day, row.place.clone())).or_default() += u64::from(row.doses);
    }
    let left: u64 = stock_left(campaign, &given, tomorrow).iter().map(|(_, doses)| doses).sum();
    let drawn = drawn_by_plan(campaign, rows.iter().filter(|row| row.day == tomorrow));
    left >= drawn * DAYS_OF_VACCINE
}
