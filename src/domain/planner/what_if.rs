//! What would be if: a campaign with other supply, teams, sites or delivery days, and what a plan
//! brings to each group.

use super::model::Problem;
use super::{Request, measure};
use crate::domain::campaign::Campaign;
use crate::domain::id::{GroupId, LotCode, TeamCode};
use crate::domain::plan::{Figures, Plan};
use crate::domain::site::Closure;
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

/// One thing that is supposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhatIfChange {
    /// Lots that have not arrived yet hold so many times their doses, rounded down.
    Supply(Decimal),
    /// So many teams more, like the first one; below 0: fewer, the last ones go.
    Teams(i32),
    /// A site, stop or team gives nothing on the days from the first to the last.
    Close {
        /// Its code.
        place: String,
        /// The first day.
        first: NaiveDate,
        /// The last day.
        last: NaiveDate,
    },
    /// A lot arrives so many days later.
    Delay {
        /// Its code.
        lot: LotCode,
        /// Days.
        days: u32,
    },
}

/// Why something cannot be supposed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhatIfError {
    /// Fewer than no doses.
    #[error("a supply of {0} times what is announced is no supply; write a number from 0 on")]
    Supply(Decimal),
    /// No team that others could be like.
    #[error("the campaign has no team that others could be like; add one to teams.csv first")]
    NoTeam,
    /// More teams taken away than there are.
    #[error("the campaign has {teams} teams; {asked} takes more than that away")]
    TooFewTeams {
        /// How many there are.
        teams: usize,
        /// What was asked for.
        asked: i32,
    },
    /// No such place.
    #[error("there is no site, stop or team {code:?}; there are {known}")]
    UnknownPlace {
        /// What was asked for.
        code: String,
        /// What there is.
        known: String,
    },
    /// Days that are no days of the campaign.
    #[error("{first} to {last} is outside the campaign; its days are {start} to {end}")]
    Outside {
        /// First day asked for.
        first: NaiveDate,
        /// Last day asked for.
        last: NaiveDate,
        /// First day of the campaign.
        start: NaiveDate,
        /// Last day of the campaign.
        end: NaiveDate,
    },
    /// No such lot.
    #[error("there is no lot {code:?}; there are {known}")]
    UnknownLot {
        /// What was asked for.
        code: String,
        /// What there is.
        known: String,
    },
}

/// The campaign with changes, for a plan from day `from` on.
pub fn changed(
    campaign: &Campaign,
    from: NaiveDate,
    changes: &[WhatIfChange],
) -> Result<Campaign, WhatIfError> {
    let mut changed = campaign.clone();
    for change in changes {
        match change {
            WhatIfChange::Supply(factor) => supply(&mut changed, from, *factor)?,
            WhatIfChange::Teams(more) => teams(&mut changed, *more)?,
            WhatIfChange::Close { place, first, last } => {
                close(&mut changed, place, *first, *last)?
            }
            WhatIfChange::Delay { lot, days } => delay(&mut changed, lot, *days)?,
        }
    }
    Ok(changed)
}

/// Before the campaign every lot is still to come.
fn supply(campaign: &mut Campaign, from: NaiveDate, factor: Decimal) -> Result<(), WhatIfError> {
    if factor < Decimal::ZERO {
        return Err(WhatIfError::Supply(factor));
    }
    let all = from <= campaign.start;
    for lot in campaign.deliveries.iter_mut().filter(|lot| all || lot.date >= from) {
        let doses = factor.checked_mul(Decimal::from(lot.doses)).unwrap_or(Decimal::MAX);
        lot.doses = doses.floor().to_u32().unwrap_or(u32::MAX);
    }
    Ok(())
}

fn teams(campaign: &mut Campaign, more: i32) -> Result<(), WhatIfError> {
    let count = usize::try_from(more.unsigned_abs()).unwrap_or(usize::MAX);
    if more < 0 {
        let held = campaign.teams.len();
        let left = held.checked_sub(count);
        let left = left.ok_or(WhatIfError::TooFewTeams { teams: held, asked: more })?;
        for team in campaign.teams.split_off(left) {
            campaign.closures.retain(|closure| closure.place != team.code.as_str());
        }
        return Ok(());
    }
    let model = campaign.teams.first().cloned().ok_or(WhatIfError::NoTeam)?;
    for number in (1..).take(count) {
        let code = TeamCode::new(format!("+{number}"));
        campaign.teams.push(crate::domain::site::Team { code, ..model.clone() });
    }
    Ok(())
}

fn close(
    campaign: &mut Campaign,
    place: &str,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<(), WhatIfError> {
    if !campaign.closable().contains(place) {
        let known: Vec<&str> = campaign.closable().into_iter().collect();
        return Err(WhatIfError::UnknownPlace { code: place.to_owned(), known: listed(&known) });
    }
    let (start, end) = (campaign.start, campaign.end);
    if first > last || last < start || first > end {
        return Err(WhatIfError::Outside { first, last, start, end });
    }
    campaign.closures.retain(|one| one.place != place || one.day < first || one.day > last);
    for day in crate::domain::date::days(first.max(start), last.min(end)) {
        campaign.closures.push(Closure { place: place.to_owned(), day, doses: 0 });
    }
    Ok(())
}

fn delay(campaign: &mut Campaign, code: &LotCode, days: u32) -> Result<(), WhatIfError> {
    let Some(lot) = campaign.deliveries.iter_mut().find(|lot| lot.lot == *code) else {
        let known: Vec<&str> = campaign.deliveries.iter().map(|lot| lot.lot.as_str()).collect();
        return Err(WhatIfError::UnknownLot { code: code.to_string(), known: listed(&known) });
    };
    let later = lot.date.checked_add_signed(TimeDelta::days(i64::from(days)));
    lot.date = later.unwrap_or(NaiveDate::MAX);
    Ok(())
}

/// Codes that are named; the others are counted.
const NAMED: usize = 12;

fn listed(codes: &[&str]) -> String {
    if codes.is_empty() {
        return "none".to_owned();
    }
    let named = codes.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match codes.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What a plan brings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanOutcome {
    /// What it is worth.
    #[serde(flatten)]
    pub figures: Figures,
    /// The day of its last dose.
    pub last_day: Option<NaiveDate>,
    /// What each group gets that has people to plan for.
    pub groups: Vec<GroupOutcome>,
}

/// What a plan brings to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupOutcome {
    /// The group.
    pub group: GroupId,
    /// People of its cohorts.
    pub people: u64,
    /// Of them, who finishes by the end.
    pub people_finished: u64,
    /// The day of its last dose.
    pub last_day: Option<NaiveDate>,
}

/// What a plan for a request brings.
pub fn outcome(request: &Request, plan: &Plan) -> PlanOutcome {
    let problem = Problem::new(request.campaign, request.given, request.from);
    let finished = measure::finished_by_group(&problem, &plan.rows);
    let last_day = |group: Option<&GroupId>| {
        let rows = plan.rows.iter().filter(|row| group.is_none_or(|group| row.group == *group));
        rows.map(|row| row.day).max()
    };
    let of_group = |group: &GroupId| GroupOutcome {
        group: group.clone(),
        people: {
            let cohorts = problem.cohorts.iter().filter(|cohort| cohort.key.group == *group);
            cohorts.map(|cohort| u64::from(cohort.people)).sum()
        },
        people_finished: finished.get(group).copied().unwrap_or(0),
        last_day: last_day(Some(group)),
    };
    PlanOutcome {
        figures: plan.figures.clone(),
        last_day: last_day(None),
        groups: {
            let all = request.campaign.groups.iter().map(|group| of_group(&group.id));
            all.filter(|group| group.people > 0).collect()
        },
    }
}
