//! Catch-up campaigns: who lacks which doses, and the areas that are below the share to be reached.

use super::assigning::each_standing;
use super::{App, AppError, Loaded, Result};
use crate::domain::catch_up::{Progressed, Progresses, Visit, visits};
use crate::domain::count::Percent;
use crate::domain::id::{AreaCode, GroupId, PersonId};
use crate::domain::judge::{Asks, Judge, MissedDose, Subject};
use crate::domain::person::OutcomeKind;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// A person who lacks doses.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct LackLine {
    /// Who.
    pub person: PersonId,
    /// Their name, where the register has one.
    pub name: Option<String>,
    /// Their phone, where the register has one.
    pub phone: Option<String>,
    /// Where they live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// What they lack by the day asked for.
    pub lacks: Vec<LackDose>,
    /// When they can get it, and what falls due until the campaign's end.
    pub visits: Vec<VisitLine>,
}

/// A dose that is lacking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LackDose {
    /// The vaccine group.
    pub vaccine: String,
    /// Code of the vaccine that it is usually given with.
    pub code: Option<String>,
    /// Number of the dose.
    pub dose: u8,
    /// Doses of the group whose age has come, this one included.
    pub doses_lacking: u8,
    /// First day on which it counts.
    pub earliest: NaiveDate,
    /// The day for which it was recommended.
    pub recommended: NaiveDate,
    /// The day after which it is overdue.
    pub past_due: Option<NaiveDate>,
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitLine {
    /// First day on which all its doses count.
    pub day: NaiveDate,
    /// Its doses.
    pub doses: Vec<LackDose>,
}

/// How far an area is with a vaccine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreaLine {
    /// The area, with all that lies below it.
    pub area: AreaCode,
    /// Its name.
    pub area_name: String,
    /// The vaccine group.
    pub vaccine: String,
    /// People who should have had at least one dose by now, or have had one.
    pub should: u64,
    /// Of them, those who have every dose that is due.
    pub done: u64,
    /// Their share, one decimal.
    pub percent: Option<Percent>,
    /// Whether that is less than the campaign asks of every area.
    pub below: bool,
    /// People who lack doses.
    pub lacking_people: u64,
    /// Doses that they lack.
    pub lacking_doses: u64,
    /// People to be caught up so that the share is reached.
    pub people_to_rate: u64,
    /// Their doses.
    pub doses_to_rate: u64,
    /// People who are too old to be caught up.
    pub aged_out: u64,
}

/// The report of a catch-up campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatchUpReport {
    /// Doses given up to this day's 24:00 count.
    pub as_of: NaiveDate,
    /// The share that every area must reach.
    pub rate: Decimal,
    /// A line for each area and vaccine group that concerns somebody.
    pub rows: Vec<AreaLine>,
}

impl App {
    /// Everybody of the register who lacks doses on a day, by code.
    pub async fn lacking(&self, loaded: &Loaded, day: NaiveDate) -> Result<Vec<LackLine>> {
        groups(loaded)?;
        let (campaign, judge) = loaded.rules();
        let mut tx = self.store.read().await?;
        let mut out = Vec::new();
        each_standing(&mut tx, loaded, day, |standing| {
            let (Some(group), None) = (standing.group, standing.barred) else { return };
            if !standing.missed.iter().any(|lack| lack.lacking > 0) {
                return;
            }
            let who = Subject { born: standing.person.born, sex: standing.person.sex };
            let from = day.max(campaign.start);
            let visits = visits(campaign, judge, who, &standing.doses, from);
            let lacks = standing.missed.iter().filter(|lack| lack.lacking > 0);
            out.push(LackLine {
                lacks: lacks.map(|lack| lack_dose(judge, lack)).collect(),
                visits: visits.iter().map(|visit| visit_line(judge, visit)).collect(),
                person: standing.person.id,
                name: standing.person.name,
                phone: standing.person.phone,
                area: standing.person.area,
                group,
            });
        })
        .await?;
        Ok(out)
    }

    /// People who can be caught up in the campaign, by area and group: its denominators.
    pub async fn lacking_counts(
        &self,
        loaded: &Loaded,
        day: NaiveDate,
    ) -> Result<BTreeMap<(AreaCode, GroupId), u64>> {
        groups(loaded)?;
        let mut tx = self.store.read().await?;
        let mut out = BTreeMap::new();
        each_standing(&mut tx, loaded, day, |standing| {
            if let (Some(group), None, Some(_)) = (standing.group, standing.barred, standing.due) {
                *out.entry((standing.person.area, group)).or_default() += 1;
            }
        })
        .await?;
        Ok(out)
    }

    /// How far every area is with every vaccine that the campaign asks for.
    pub async fn catch_up_report(&self, loaded: &Loaded, day: NaiveDate) -> Result<CatchUpReport> {
        let groups = groups(loaded)?;
        let (campaign, judge) = loaded.rules();
        let rate = campaign.catch_up.as_ref().map_or(Decimal::ONE, |catch_up| catch_up.rate);
        let mut tx = self.store.read().await?;
        let mut progress = Progresses::default();
        each_standing(&mut tx, loaded, day, |standing| {
            let gone = matches!(standing.barred, Some(OutcomeKind::Dead | OutcomeKind::Moved));
            if standing.group.is_some() && !gone {
                progress.add(&standing.person.area, &standing.forecasts, &groups);
            }
        })
        .await?;
        let mut rows = Vec::new();
        for area in &campaign.areas {
            for group in &groups {
                let here = progress.of(campaign, *group, &area.code);
                if here.should + here.aged_out > 0 {
                    let vaccine = judge.name(*group).to_owned();
                    rows.push(area_line((&area.code, &area.name), vaccine, &here, rate));
                }
            }
        }
        Ok(CatchUpReport { as_of: day, rate, rows })
    }
}

/// The vaccine groups that a catch-up campaign asks for.
fn groups(loaded: &Loaded) -> Result<Vec<crate::domain::rules::model::VaccineGroupId>> {
    match &loaded.judge.asks {
        Asks::CatchUp { groups, .. } => Ok(groups.clone()),
        Asks::Series { .. } => {
            Err(AppError::refused("refused-no-catch-up", &[("campaign", &loaded.campaign.id)]))
        }
    }
}

fn area_line(
    (area, name): (&AreaCode, &str),
    vaccine: String,
    here: &Progressed,
    rate: Decimal,
) -> AreaLine {
    let signed = |people: u64| i64::try_from(people).unwrap_or(i64::MAX);
    let (people_to_rate, doses_to_rate) = here.to_rate(rate);
    AreaLine {
        area: area.clone(),
        area_name: name.to_owned(),
        vaccine,
        should: here.should,
        done: here.done,
        percent: Percent::of(signed(here.done), signed(here.should)),
        below: people_to_rate > 0,
        lacking_people: here.lacking_people(),
        lacking_doses: here.lacking_doses(),
        people_to_rate,
        doses_to_rate,
        aged_out: here.aged_out,
    }
}

fn visit_line(judge: &Judge, visit: &Visit) -> VisitLine {
    let doses = visit.doses.iter().map(|lack| lack_dose(judge, lack)).collect();
    VisitLine { day: visit.day, doses }
}

fn lack_dose(judge: &Judge, lack: &MissedDose) -> LackDose {
    LackDose {
        vaccine: judge.name(lack.group).to_owned(),
        code: lack.vaccine.as_deref().map(str::to_owned),
        dose: lack.dose,
        doses_lacking: lack.lacking,
        earliest: lack.earliest,
        recommended: lack.recommended,
        past_due: lack.past_due,
    }
}
