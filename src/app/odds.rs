//! Whom a session expects, and how many of them come by what came of earlier ones.

use super::assigning::outset;
use super::{App, Loaded, Result, today};
use crate::domain::attendance::{Crowd, Tried};
use crate::domain::id::{GroupId, PlaceCode};
use crate::domain::plan::PlanState;
use crate::store::plans;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use std::collections::BTreeMap;

/// Whom a session expects, and what is expected of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Odds {
    /// The place.
    pub place: PlaceCode,
    /// The day.
    pub day: NaiveDate,
    /// Seats: doses planned.
    pub seats: u64,
    /// People with an appointment.
    pub called: u64,
    /// Seats that are left for people in no register.
    pub others: u64,
    /// How many come, on average.
    pub expected: f64,
    /// The chance, 0..=1, that somebody must be turned away.
    pub turned_away: f64,
    /// The most that it may be.
    pub risk: f64,
    /// People with an appointment, by group and number of the dose.
    pub groups: Vec<GroupOdds>,
    /// Seats for people in no register of the last weeks, of all cohorts, and those that were used.
    pub other_seats: Tried,
}

/// People of a group with an appointment for a dose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupOdds {
    /// The group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// How many are expected at the session.
    pub called: u64,
    /// The chance, 0..=1, with which each of them comes.
    pub chance: f64,
    /// Appointments of the last weeks at any place, and those to which somebody came.
    pub before: Tried,
}

impl Odds {
    fn of((place, day): (&PlaceCode, NaiveDate), seats: u64, risk: f64) -> Self {
        Self {
            place: place.clone(),
            day,
            seats,
            called: 0,
            others: 0,
            expected: 0.0,
            turned_away: 0.0,
            risk,
            groups: Vec::new(),
            other_seats: Tried::default(),
        }
    }
}

impl App {
    /// Whom a session of the adopted plan expects; `None` where the plan has no such session.
    pub async fn session_odds(
        &self,
        loaded: &Loaded,
        (place, day): (&PlaceCode, NaiveDate),
        now: DateTime<Utc>,
    ) -> Result<Option<Odds>> {
        let mut tx = self.store.read().await?;
        let Some(head) = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await? else {
            return Ok(None);
        };
        let known = today(&loaded.campaign, now);
        let rows = plans::rows(&mut tx, loaded.no, head.no, ..).await?;
        let rows = loaded.campaign.plan_on(&rows, known).into_owned();
        let open = outset::tomorrow(known);
        let begun =
            Box::pin(outset::begin(&mut tx, loaded, known, (&rows, head.from, open))).await?;
        let of_session = rows.iter().filter(|row| row.day == day && row.place == *place);
        let seats: u64 = of_session.clone().map(|row| u64::from(row.doses)).sum();
        if seats == 0 {
            return Ok(None);
        }
        let (attendance, chances) = (&begun.attendance, &begun.chances);
        let risk = loaded.campaign.overbook_risk.to_f64().unwrap_or(0.0);
        let mut out = Odds::of((place, day), seats, risk);
        for tried in attendance.seats.values() {
            out.other_seats.add(tried.all, tried.came);
        }
        let Some(register) = &begun.register else {
            (out.others, out.expected) = (seats, seats as f64);
            return Ok(Some(out));
        };
        let keys = register.cohort_keys();
        let held = register.held_at(place, day);
        let mut crowd = Crowd::new(seats);
        let mut groups: BTreeMap<(GroupId, u8), GroupOdds> = BTreeMap::new();
        for (&(cohort, dose), &called) in &held {
            let Some(key) = keys.get(&cohort) else { continue };
            let chance = chances.of_called(cohort, dose);
            crowd.add_all(called, chance);
            out.expected += called as f64 * chance;
            out.called += called;
            let kind = (key.group.clone(), dose);
            let before = attendance.called.get(&kind).copied().unwrap_or_default();
            let new = GroupOdds { group: key.group.clone(), dose, called: 0, chance, before };
            groups.entry(kind).or_insert(new).called += called;
        }
        for row in of_session {
            let Some(cohort) = register.cohort(&row.area, &row.group) else { continue };
            let named = held.get(&(cohort, row.dose)).copied().unwrap_or(0);
            let others = u64::from(row.doses).saturating_sub(named);
            let chance = chances.of_seat(cohort, row.dose);
            crowd.add_all(others, chance);
            out.expected += others as f64 * chance;
            out.others += others;
        }
        out.turned_away = crowd.beyond();
        out.groups = groups.into_values().collect();
        Ok(Some(out))
    }
}
