//! What came of the appointments and seats of the last weeks, so that sessions expect as many people as come.

use super::super::{Loaded, Result};
use super::register::{Register, learned_from};
use crate::domain::assign::{Chances, CohortNo, PlaceNo};
use crate::domain::attendance::Attendance;
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::counting::ELSEWHERE;
use crate::domain::date::days;
use crate::domain::dose::GivenRow;
use crate::domain::outset::ReportedDoses;
use crate::domain::plan::PlanRow;
use crate::domain::stock::{GivenAt, drawn_by_plan, stock_left};
use crate::store::Tx;
use crate::store::plans::{self, PlanHead, in_force};
use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::BTreeMap;

/// People are called beyond the seats only where the store has vaccine for so many days like tomorrow. Our choice:
/// sites fetch vaccine for everybody who is called.
const DAYS_OF_VACCINE: u64 = 2;

/// Doses or seats by place, day, cohort and number of the dose.
type Cells = BTreeMap<(PlaceNo, NaiveDate, CohortNo, u8), u64>;

/// What came of the appointments and seats of the last weeks. `campaign`: as it is on the first day on which a plan may
/// place anything, `open`. `counted`: what was given before it.
pub(super) async fn attendance(
    tx: &mut Tx,
    (loaded, campaign): (&Loaded, &Campaign),
    heads: &[PlanHead],
    (register, counted): (&Register, &[ReportedDoses]),
    (today, open): (NaiveDate, NaiveDate),
) -> Result<Attendance> {
    let mut out = Attendance::default();
    let keys = register.cohort_keys();
    let mut named = Cells::new();
    for one in register.called() {
        *named.entry((one.place, one.day, one.cohort, one.dose)).or_default() += 1;
        if let (Some(came), Some(key)) = (one.came, keys.get(&one.cohort)) {
            out.called.entry(key.group.clone()).or_default().add(1, u64::from(came));
        }
    }
    let (first, last) = learned_from(today);
    let mut used = Cells::new();
    for one in counted.iter().filter(|one| (first..=last).contains(&one.row.day)) {
        let Some(place) = register.places.find(&one.row.place) else { continue };
        let Some(cohort) = register.cohort(&one.row.area, &one.row.group) else { continue };
        let others = u64::from(one.row.doses.saturating_sub(one.persons));
        *used.entry((place, one.row.day, cohort, one.row.dose)).or_default() += others;
    }
    for day in days(first.max(campaign.start), last) {
        let Some(head) = in_force(heads, day) else { continue };
        let rows = plans::rows(tx, loaded.no, head.no, day..=day).await?;
        let mut seats: BTreeMap<(PlaceNo, CohortNo, u8), (CohortKey, u64)> = BTreeMap::new();
        for row in loaded.campaign.plan_rows_on(rows, open) {
            let place = register.places.find(&row.place);
            let cohort = register.cohort(&row.area, &row.group);
            let (Some(place), Some(cohort)) = (place, cohort) else { continue };
            if register.has_reported(place, day) {
                let key = (place, cohort, row.dose);
                let seats = seats.entry(key).or_insert_with(|| (CohortKey::of(&row), 0));
                seats.1 += u64::from(row.doses);
            }
        }
        for ((place, cohort, dose), (key, seats)) in seats {
            let at = (place, day, cohort, dose);
            let others = seats.saturating_sub(named.get(&at).copied().unwrap_or(0));
            let came = used.get(&at).copied().unwrap_or(0);
            out.seats.entry((key, dose)).or_default().add(others, came.min(others));
        }
    }
    Ok(out)
}

/// With which chance people come, cohort by cohort.
pub(super) fn chances(
    campaign: &Campaign,
    register: &Register,
    attendance: &Attendance,
    has_vaccine: bool,
) -> Chances {
    let mut out = Chances {
        risk: campaign.overbook_risk.to_f64().unwrap_or(0.0),
        has_vaccine,
        ..Chances::default()
    };
    for (no, key) in register.cohort_keys() {
        let Some(group) = campaign.group(key.group.as_str()) else { continue };
        let uptake = group.uptake.to_f64().unwrap_or(1.0);
        out.called.insert(no, attendance.of_called(&key.group, uptake));
        for dose in 1..=u8::try_from(campaign.series.dose_count()).unwrap_or(u8::MAX) {
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
