//! The sessions to come of a campaign, as they are played to see what comes of calling more people than there are
//! seats.

use super::assigning::outset::{self, Begun};
use super::coverage::given;
use super::notices::late_vials::needed_and_left;
use super::{App, Loaded, Result, today};
use crate::domain::assign::CohortNo;
use crate::domain::assign::overbook_play::{CellToPlay, Comes, ToPlay, Truth};
use crate::domain::attendance::{Attendance, Past, Tried};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::id::{GroupId, PlaceCode};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::outset::Left;
use crate::domain::plan::{PlanRow, PlanState};
use crate::domain::planner::{SessionVials, vials};
use crate::store::{jurisdictions, plans};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use std::collections::BTreeMap;

/// Sessions that are played where none is planned: one a day for each group. Our choice.
const EXAMPLE_DAYS: i64 = 30;
/// Their seats.
pub const EXAMPLE_SEATS: u64 = 100;
/// Doses of a vial where no lot says it.
const EXAMPLE_VIAL: u32 = 10;

/// Which sessions are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Those of the adopted plan, with the register's part of their seats.
    Plan,
    /// Those of the adopted plan, as if everybody had an appointment: the register is empty.
    Unnamed,
    /// An example, since none is planned.
    Example,
}

/// How people of a group come to appointments for a dose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShowUp {
    /// The group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// The chance, 0..=1, with which somebody comes.
    pub chance: f64,
    /// Appointments of the last weeks, and those to which somebody came.
    pub before: Tried,
}

/// What is played of a campaign.
#[derive(Debug)]
pub struct Playable {
    /// Where the sessions come from.
    pub basis: Basis,
    /// The sessions, by day.
    pub sessions: Vec<ToPlay>,
    /// Their cohorts.
    pub cohorts: BTreeMap<CohortNo, CohortKey>,
    /// What is believed of groups while nothing is known.
    pub uptake: BTreeMap<GroupId, f64>,
    /// How people come, by what is known today.
    pub truth: Truth,
    /// How many people of the register may be called, by cohort and number of the dose.
    pub people: BTreeMap<(CohortNo, u8), u64>,
    /// The same by group and dose.
    pub show_up: Vec<ShowUp>,
    /// What came of sessions before.
    pub past: Vec<Past>,
    /// Doses that plans need after tomorrow, and those that are left for them.
    pub vaccine: (u64, u64),
}

/// Seats of a session by cohort and number of the dose.
type Seats = BTreeMap<(CohortKey, u8), u64>;
/// Sessions by day and place.
type ByPlace<T> = BTreeMap<(NaiveDate, PlaceCode), T>;

/// What is known of planned sessions.
struct Known<'a> {
    begun: &'a Begun,
    vials: &'a [SessionVials],
    of: Option<&'a Jurisdiction>,
}

impl App {
    /// The sessions of the adopted plan from tomorrow on, with what is known of who comes; where there are none, an
    /// example.
    pub async fn playable(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Playable> {
        let mut tx = self.store.read().await?;
        let campaign = &loaded.campaign;
        let known = today(campaign, now);
        let open = outset::tomorrow(known);
        let Some(head) = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await? else {
            return Ok(example(campaign, open));
        };
        let rows = plans::rows(&mut tx, loaded.no, head.no, ..).await?;
        let rows = campaign.plan_on(&rows, known).into_owned();
        if !rows.iter().any(|row| row.day >= open) {
            return Ok(example(campaign, open));
        }
        let begun =
            Box::pin(outset::begin(&mut tx, loaded, known, (&rows, head.from, open))).await?;
        let before = head.from - TimeDelta::days(1);
        let before = given(&mut tx, loaded, NaiveDate::MIN, before).await?;
        let of = jurisdictions::newest(&mut tx).await?.jurisdiction;
        drop(tx);
        let vials = vials(campaign, &rows, &before, head.from);
        let facts = Known { begun: &begun, vials: &vials, of: of.as_ref() };
        let mut out = planned(campaign, &facts, &rows, open);
        out.vaccine = needed_and_left(&begun, &rows, open);
        out.past = begun.past;
        Ok(out)
    }
}

/// Sessions of a plan from a day on.
fn planned(campaign: &Campaign, facts: &Known<'_>, rows: &[PlanRow], open: NaiveDate) -> Playable {
    let mut seats: ByPlace<Seats> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.day >= open) {
        let key = CohortKey { area: row.area.clone(), group: row.group.clone() };
        let of = seats.entry((row.day, row.place.clone())).or_default();
        *of.entry((key, row.dose)).or_default() += u64::from(row.doses);
    }
    let begun = facts.begun;
    let mut held: ByPlace<Seats> = BTreeMap::new();
    if let Some(register) = &begun.register {
        let keys = register.cohort_keys();
        for (cohort, seat) in register.appointments() {
            let Some(key) = keys.get(&cohort).filter(|_| seat.day >= open) else { continue };
            let place = register.places.get(seat.place).clone();
            let of = held.entry((seat.day, place)).or_default();
            *of.entry((key.clone(), seat.dose)).or_default() += 1;
        }
    }
    let basis = if begun.register.is_some() { Basis::Plan } else { Basis::Unnamed };
    let mut out = Playable::empty(campaign, basis);
    let mut numbers: BTreeMap<CohortKey, CohortNo> = BTreeMap::new();
    let mut appointed: BTreeMap<(CohortNo, u8), u64> = BTreeMap::new();
    let lots = facts.vials.iter().filter_map(|one| Some(((one.day, &one.place), one.lots.last()?)));
    let lots: BTreeMap<_, _> = lots.collect();
    for ((day, place), of) in seats {
        let held = held.remove(&(day, place.clone())).unwrap_or_default();
        let mut cells = Vec::new();
        for ((key, dose), seats) in of {
            let next = CohortNo(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
            let cohort = *numbers.entry(key.clone()).or_insert(next);
            let named = match basis {
                Basis::Plan => {
                    let part = registered(&begun.outset.left, (&key, dose), seats);
                    held.get(&(key, dose)).copied().unwrap_or(0).max(part).min(seats)
                }
                Basis::Unnamed | Basis::Example => seats,
            };
            cells.push(CellToPlay { cohort, dose, seats, named });
            *appointed.entry((cohort, dose)).or_insert(0) += named;
        }
        let lot = lots.get(&(day, &place)).copied();
        let row = facts.of.and_then(|of| of.site_on(place.as_str(), day));
        out.sessions.push(ToPlay {
            day,
            cells,
            doses_per_vial: lot.and_then(|lot| lot.doses_per_vial),
            hours: row.and_then(|row| row.hours).map(|hours| (hours.opens, hours.closes)),
        });
    }
    out.cohorts = numbers.into_iter().map(|(key, no)| (no, key)).collect();
    if basis == Basis::Plan {
        // Whoever has a later appointment may come sooner, and so may those who have none.
        for ((cohort, dose), named) in appointed {
            let key = out.cohorts.get(&cohort).map(|key| (key.clone(), dose));
            let left = key.and_then(|key| begun.outset.left.get(&key));
            out.people.insert((cohort, dose), left.map_or(0, |left| left.registered).max(named));
        }
    }
    out.know(&begun.attendance);
    out
}

/// The register's part of seats: as of those who are still to come for the dose; while nobody is due for a later one,
/// as of those who come for the first.
fn registered(
    left: &BTreeMap<(CohortKey, u8), Left>,
    (key, dose): (&CohortKey, u8),
    seats: u64,
) -> u64 {
    let of = |dose: u8| {
        let left = left.get(&(key.clone(), dose))?;
        let all = left.registered + left.others;
        (all > 0).then(|| (seats * left.registered + all / 2) / all)
    };
    of(dose).or_else(|| of(1)).unwrap_or(0)
}

/// A session a day for each group, everybody with an appointment.
fn example(campaign: &Campaign, open: NaiveDate) -> Playable {
    let mut out = Playable::empty(campaign, Basis::Example);
    let Some(area) = campaign.areas.first().map(|area| area.code.clone()) else { return out };
    let vial = campaign.deliveries.iter().find_map(|lot| lot.doses_per_vial);
    let first = open.max(campaign.start);
    for day in crate::domain::date::days(first, first + TimeDelta::days(EXAMPLE_DAYS - 1)) {
        for (no, group) in (0..).zip(&campaign.groups) {
            let cohort = CohortNo(no);
            let key = CohortKey { area: area.clone(), group: group.id.clone() };
            out.cohorts.insert(cohort, key);
            let (dose, seats) = (1, EXAMPLE_SEATS);
            out.sessions.push(ToPlay {
                day,
                cells: vec![CellToPlay { cohort, dose, seats, named: seats }],
                doses_per_vial: vial.or(Some(EXAMPLE_VIAL)),
                hours: None,
            });
        }
    }
    out.know(&Attendance::default());
    out
}

impl Playable {
    fn empty(campaign: &Campaign, basis: Basis) -> Self {
        let uptake = campaign.groups.iter();
        let uptake = uptake.map(|group| (group.id.clone(), group.uptake.to_f64().unwrap_or(1.0)));
        Self {
            basis,
            sessions: Vec::new(),
            cohorts: BTreeMap::new(),
            uptake: uptake.collect(),
            truth: Truth::new(),
            people: BTreeMap::new(),
            show_up: Vec::new(),
            past: Vec::new(),
            // As many doses as are needed.
            vaccine: (1, 1),
        }
    }

    /// Takes what is known for what is true.
    fn know(&mut self, attendance: &Attendance) {
        let mut show_up: BTreeMap<(GroupId, u8), ShowUp> = BTreeMap::new();
        for cell in self.sessions.iter().flat_map(|one| &one.cells) {
            let Some(key) = self.cohorts.get(&cell.cohort) else { continue };
            let (group, dose) = (&key.group, cell.dose);
            let uptake = self.uptake.get(group).copied().unwrap_or(1.0);
            let called = attendance.of_called(group, dose, uptake);
            let comes = Comes { called, seat: attendance.of_seat(key, dose) };
            self.truth.insert((cell.cohort, dose), comes);
            let kind = (group.clone(), dose);
            let before = attendance.called.get(&kind).copied().unwrap_or_default();
            let new = ShowUp { group: group.clone(), dose, chance: called, before };
            show_up.entry(kind).or_insert(new);
        }
        self.show_up = show_up.into_values().collect();
    }

    /// Everybody with an appointment comes with this chance, 0..=1, whatever is believed.
    pub fn suppose(&mut self, chance: f64) {
        self.truth.values_mut().for_each(|comes| comes.called = chance);
        self.show_up.iter_mut().for_each(|one| one.chance = chance);
    }
}
