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

/// A person of the register with doses to catch up on.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PersonToCatchUp {
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
    /// The doses that they have missed by the day asked for.
    #[serde(rename = "lacks")]
    pub missed: Vec<MissedDoseLine>,
    /// The visits at which they can get them, up to the campaign's end.
    pub visits: Vec<VisitLine>,
}

/// A missed dose, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissedDoseLine {
    /// The vaccine group.
    pub vaccine: String,
    /// Code of the vaccine that it is usually given with.
    pub code: Option<String>,
    /// Number of the dose.
    pub dose: u8,
    /// How many doses of the group are missed, this one included.
    pub doses_lacking: u8,
    /// First day on which it counts.
    pub earliest: NaiveDate,
    /// The day for which it was recommended.
    pub recommended: NaiveDate,
    /// The day after which it is overdue.
    pub past_due: Option<NaiveDate>,
}

/// A visit at which doses are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitLine {
    /// First day on which all its doses count.
    pub day: NaiveDate,
    /// Its doses.
    pub doses: Vec<MissedDoseLine>,
}

/// Coverage of an area with one vaccine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreaLine {
    /// The area; areas below it are included.
    pub area: AreaCode,
    /// Its name.
    pub area_name: String,
    /// The vaccine group.
    pub vaccine: String,
    /// People who should have had at least one dose by now, or have had one.
    pub should: u64,
    /// People among them who have every dose that is due.
    pub done: u64,
    /// `done` as a percentage of `should`; `None` where that is zero.
    pub percent: Option<Percent>,
    /// Whether that is below the campaign's target for every area.
    pub below: bool,
    /// People who have missed doses.
    pub lacking_people: u64,
    /// Doses that they have missed.
    pub lacking_doses: u64,
    /// People who must still be caught up to reach the target.
    pub people_to_rate: u64,
    /// Doses of these people.
    pub doses_to_rate: u64,
    /// People who are too old to be caught up.
    pub aged_out: u64,
}

/// The report of a catch-up campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatchUpReport {
    /// Doses up to this day's 24:00 are counted.
    pub as_of: NaiveDate,
    /// The target for every area, as a share of 1.
    pub rate: Decimal,
    /// A line for each area and vaccine group with people in it.
    pub rows: Vec<AreaLine>,
}

impl App {
    /// The catch-up campaigns that are meant: the one named, or those of the open ones. Refused where several campaigns
    /// are open and none of them is one.
    pub async fn catching_up(&self, wanted: Option<&str>) -> Result<Vec<Loaded>> {
        let mut all = self.meant(wanted).await?;
        if all.len() > 1 {
            all.retain(|loaded| matches!(loaded.judge.asks, Asks::CatchUp { .. }));
        }
        if all.is_empty() {
            return Err(AppError::refused("refused-no-catch-ups", &[]));
        }
        Ok(all)
    }

    /// Everybody of the register who lacks doses on a day, by code.
    pub async fn lacking(&self, loaded: &Loaded, day: NaiveDate) -> Result<Vec<PersonToCatchUp>> {
        groups(loaded)?;
        let (campaign, judge) = loaded.rules();
        let mut tx = self.store.read().await?;
        let mut out = Vec::new();
        each_standing(&mut tx, loaded, day, |standing| {
            let (Some(group), None) = (standing.group, standing.barred) else { return };
            if !standing.missed.iter().any(|dose| dose.lacking > 0) {
                return;
            }
            let who = Subject { born: standing.person.born, sex: standing.person.sex };
            let from = day.max(campaign.start);
            let visits = visits(campaign, judge, who, &standing.doses, from);
            let missed = standing.missed.iter().filter(|dose| dose.lacking > 0);
            out.push(PersonToCatchUp {
                missed: missed.map(|dose| missed_dose_line(judge, dose)).collect(),
                visits: visits.iter().map(|visit| visit_line(judge, visit)).collect(),
                person: standing.person.id,
                name: standing.person.name,
                phone: standing.person.phone,
                area: campaign.home(&standing.person.area, day).clone(),
                group,
            });
        })
        .await?;
        Ok(out)
    }

    /// People who can be caught up in the campaign, by area and group. They are the campaign's denominators.
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
                let area = loaded.campaign.home(&standing.person.area, day).clone();
                *out.entry((area, group)).or_default() += 1;
            }
        })
        .await?;
        Ok(out)
    }

    /// Coverage of every area with every vaccine of the campaign.
    pub async fn catch_up_report(&self, loaded: &Loaded, day: NaiveDate) -> Result<CatchUpReport> {
        let groups = groups(loaded)?;
        let (campaign, judge) = loaded.rules();
        let rate = campaign.catch_up.as_ref().map_or(Decimal::ONE, |catch_up| catch_up.rate);
        let mut tx = self.store.read().await?;
        let mut progress = Progresses::default();
        each_standing(&mut tx, loaded, day, |standing| {
            let gone = matches!(standing.barred, Some(OutcomeKind::Dead | OutcomeKind::Moved));
            if standing.group.is_some() && !gone {
                let area = campaign.home(&standing.person.area, day);
                progress.add(area, &standing.forecasts, &groups);
            }
        })
        .await?;
        let mut rows = Vec::new();
        let on = campaign.on(day);
        for area in &on.areas {
            for group in &groups {
                let here = progress.of(&on, *group, &area.code);
                if here.should + here.aged_out > 0 {
                    let vaccine = judge.name(*group).to_owned();
                    rows.push(area_line((&area.code, &area.name), vaccine, &here, rate));
                }
            }
        }
        Ok(CatchUpReport { as_of: day, rate, rows })
    }
}

/// The vaccine groups of a catch-up campaign; refused for a campaign of one series.
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
    let doses = visit.doses.iter().map(|dose| missed_dose_line(judge, dose)).collect();
    VisitLine { day: visit.day, doses }
}

fn missed_dose_line(judge: &Judge, dose: &MissedDose) -> MissedDoseLine {
    MissedDoseLine {
        vaccine: judge.name(dose.group).to_owned(),
        code: dose.vaccine.as_deref().map(str::to_owned),
        dose: dose.dose,
        doses_lacking: dose.lacking,
        earliest: dose.earliest,
        recommended: dose.recommended,
        past_due: dose.past_due,
    }
}
