//! What-if questions: a campaign with other supply, teams, closures or delivery days, and what a
//! plan achieves for each group.

use super::index::ProgrammeIndex;
use super::model::Problem;
use super::surge::{Means, Resources};
use super::{Request, measure};
use crate::domain::campaign::Campaign;
use crate::domain::id::{GroupId, LotCode, PlaceCode, TeamCode};
use crate::domain::plan::{Figures, Plan, PlanRow};
use crate::domain::site::{Closure, Delivery};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

/// One change of a what-if question.
#[derive(Debug, Clone, PartialEq)]
pub enum WhatIfChange {
    /// Multiplies the doses of lots that have not arrived yet, rounded down.
    Supply(Decimal),
    /// Adds so many teams like the first one; a negative number removes the last ones.
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
    /// A site gives so many doses on each of these days, open or not.
    Capacity {
        /// Its code.
        site: PlaceCode,
        /// Doses.
        doses: u32,
        /// The first day.
        first: NaiveDate,
        /// The last day.
        last: NaiveDate,
    },
    /// The cold store of a site holds so many doses of vaccine more.
    Storage {
        /// The site.
        site: PlaceCode,
        /// Doses.
        doses: u32,
    },
    /// Vaccine that is not announced comes on a day.
    Vaccine {
        /// Doses.
        doses: u32,
        /// The day.
        day: NaiveDate,
    },
    /// Stations are staffed and sites opened beside what is there.
    More(Resources, Box<Means>),
    /// The campaign ends on another day.
    Until(NaiveDate),
}

/// Why a change is impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhatIfError {
    /// A negative factor for the supply.
    #[error("a supply of {0} times what is announced is no supply; write a number from 0 on")]
    Supply(Decimal),
    /// Teams were asked for, but there is none to copy.
    #[error("the campaign has no team that others could be like; add one to teams.csv first")]
    NoTeam,
    /// More teams were to be removed than there are.
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
    /// The days are in the wrong order or outside the campaign.
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
    /// Vaccine was asked for, and no campaign of several is named for it.
    #[error("say for which campaign the vaccine comes; there are {known}")]
    NoCampaign {
        /// What there is.
        known: String,
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

/// The campaign with the changes made in order, for a plan from day `from` on. Fails at the first
/// change that is impossible.
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
                close(&mut changed, place, *first, *last)?;
            }
            WhatIfChange::Delay { lot, days } => delay(&mut changed, lot, *days)?,
            WhatIfChange::Capacity { site, doses, first, last } => {
                let at = (site_of(campaign, site)?, *doses);
                capacity(&mut changed, at, (*first, *last))?;
            }
            WhatIfChange::Storage { site, doses } => {
                let code = site_of(campaign, site)?;
                let own = changed.sites.iter_mut().filter(|one| one.code == *code);
                for held in own.filter_map(|one| one.storage_doses.as_mut()) {
                    *held = held.saturating_add(*doses);
                }
            }
            WhatIfChange::Vaccine { doses, day } => vaccine(&mut changed, *doses, *day)?,
            WhatIfChange::More(more, means) => {
                for code in more.stations.keys() {
                    site_of(campaign, code)?;
                }
                changed = more.apply(&changed, means);
            }
            WhatIfChange::Until(day) => {
                if *day < from.max(campaign.start) {
                    return Err(outside(campaign, (*day, *day)));
                }
                changed.end = *day;
            }
        }
    }
    Ok(changed)
}

/// The code of a site of the campaign.
fn site_of<'c>(campaign: &Campaign, code: &'c PlaceCode) -> Result<&'c PlaceCode, WhatIfError> {
    if campaign.sites.iter().any(|site| site.code == *code) {
        return Ok(code);
    }
    let known: Vec<&str> = campaign.sites.iter().map(|site| site.code.as_str()).collect();
    Err(WhatIfError::UnknownPlace { code: code.to_string(), known: known.join(", ") })
}

fn outside(campaign: &Campaign, (first, last): (NaiveDate, NaiveDate)) -> WhatIfError {
    WhatIfError::Outside { first, last, start: campaign.start, end: campaign.end }
}

/// Sets what a site gives on some days.
fn capacity(
    campaign: &mut Campaign,
    (site, doses): (&PlaceCode, u32),
    (first, last): (NaiveDate, NaiveDate),
) -> Result<(), WhatIfError> {
    if first > last || last < campaign.start || first > campaign.end {
        return Err(outside(campaign, (first, last)));
    }
    let is_own = |one: &Closure| one.place == site.as_str() && (first..=last).contains(&one.day);
    campaign.closures.retain(|one| !is_own(one));
    let days = campaign.days().filter(|day| (first..=last).contains(day));
    let new: Vec<Closure> =
        days.map(|day| Closure { place: site.to_string(), day, doses }).collect();
    campaign.closures.extend(new);
    Ok(())
}

/// Adds a lot that lasts as long as the campaign.
fn vaccine(campaign: &mut Campaign, doses: u32, day: NaiveDate) -> Result<(), WhatIfError> {
    if day < campaign.start || day > campaign.end {
        return Err(outside(campaign, (day, day)));
    }
    let number = campaign.deliveries.len();
    campaign.deliveries.push(Delivery {
        lot: LotCode::new(format!("+{number}")),
        product: String::new(),
        date: day,
        doses,
        expires: campaign.end,
        doses_per_vial: None,
    });
    Ok(())
}

/// Changes lots that arrive on `from` or later; if the plan starts with the campaign, all lots.
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

/// An error message names at most this many codes and counts the others.
const NAMED: usize = 12;

pub(super) fn listed(codes: &[&str]) -> String {
    if codes.is_empty() {
        return "none".to_owned();
    }
    let named = codes.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match codes.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What a plan achieves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanOutcome {
    /// What it is worth.
    #[serde(flatten)]
    pub figures: Figures,
    /// The day of its last dose.
    pub last_day: Option<NaiveDate>,
    /// What each group gets; groups without people are left out.
    pub groups: Vec<GroupOutcome>,
}

/// What a plan achieves for a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupOutcome {
    /// The group.
    pub group: GroupId,
    /// People of its cohorts.
    pub people: u64,
    /// How many of them finish by the campaign's end, history included.
    pub people_finished: u64,
    /// The day of its last dose.
    pub last_day: Option<NaiveDate>,
}

/// What a plan that was made for a request achieves.
pub fn outcome(request: &Request, plan: &Plan) -> PlanOutcome {
    let problem = Problem::new(request.campaign, request.given, request.from);
    let only = super::programme::only();
    of_programme((&problem, only), request.campaign, &plan.rows, plan.figures.clone())
}

/// What the rows of a programme achieve.
pub(super) fn of_programme(
    (problem, k): (&Problem<'_>, ProgrammeIndex),
    campaign: &Campaign,
    rows: &[PlanRow],
    figures: Figures,
) -> PlanOutcome {
    let finished = measure::finished_by_group(problem, k, rows);
    let last_day = |group: Option<&GroupId>| {
        let rows = rows.iter().filter(|row| group.is_none_or(|group| row.group == *group));
        rows.map(|row| row.day).max()
    };
    let of_group = |group: &GroupId| GroupOutcome {
        group: group.clone(),
        people: {
            let own = problem.cohorts.iter().filter(|cohort| cohort.programme == k);
            let cohorts = own.filter(|cohort| cohort.key.group == *group);
            cohorts.map(|cohort| u64::from(cohort.people)).sum()
        },
        people_finished: finished.get(group).copied().unwrap_or(0),
        last_day: last_day(Some(group)),
    };
    PlanOutcome {
        figures,
        last_day: last_day(None),
        groups: {
            let all = campaign.groups.iter().map(|group| of_group(&group.id));
            all.filter(|group| group.people > 0).collect()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::testing::{lot, plain, start};

    fn with(change: WhatIfChange) -> Result<Campaign, WhatIfError> {
        changed(&plain(), start(), &[change])
    }

    fn day(n: i64) -> NaiveDate {
        start() + TimeDelta::days(n)
    }

    #[test]
    fn supply_changes_lots_that_are_still_to_come_and_rounds_down() {
        let mut campaign = plain();
        campaign.deliveries = vec![lot("a", 0, 99, 60), lot("b", 5, 99, 60), lot("c", 6, 99, 60)];
        let doses = |from: NaiveDate, factor: Decimal| -> Vec<u32> {
            let change = [WhatIfChange::Supply(factor)];
            let changed = changed(&campaign, from, &change).expect("a supply");
            changed.deliveries.iter().map(|lot| lot.doses).collect()
        };
        let half = Decimal::new(5, 1);
        assert_eq!(doses(day(0), half), [49, 49, 49], "at the start every lot is to come");
        assert_eq!(doses(day(5), half), [99, 49, 49]);
        assert_eq!(doses(day(6), Decimal::ZERO), [99, 99, 0]);
        assert_eq!(doses(day(6), Decimal::MAX), [99, 99, u32::MAX]);
        let less = Decimal::new(-1, 1);
        assert_eq!(with(WhatIfChange::Supply(less)), Err(WhatIfError::Supply(less)));
    }

    #[test]
    fn teams_come_like_the_first_one_and_the_last_ones_go_with_their_days_off() {
        let more = with(WhatIfChange::Teams(2)).expect("two more");
        let codes: Vec<&str> = more.teams.iter().map(|team| team.code.as_str()).collect();
        assert_eq!(codes, ["T1", "+1", "+2"]);
        assert_eq!(more.teams[2].work_minutes, more.teams[0].work_minutes);
        let off = |place: &str| Closure { place: place.to_owned(), day: day(1), doses: 0 };
        let mut three = more.clone();
        three.closures = vec![off("T1"), off("+1"), off("+2"), off("S1")];
        let fewer = changed(&three, start(), &[WhatIfChange::Teams(-2)]).expect("two fewer");
        assert_eq!(fewer.teams.len(), 1);
        assert_eq!(fewer.closures, [off("T1"), off("S1")]);
        let asked = changed(&three, start(), &[WhatIfChange::Teams(-4)]);
        assert_eq!(asked, Err(WhatIfError::TooFewTeams { teams: 3, asked: -4 }));
        let none = changed(&three, start(), &[WhatIfChange::Teams(-3), WhatIfChange::Teams(1)]);
        assert_eq!(none, Err(WhatIfError::NoTeam));
    }

    #[test]
    fn a_place_is_closed_on_days_of_the_campaign_instead_of_what_was_announced_there() {
        let mut campaign = plain();
        let closure = |place: &str, n, doses| Closure { place: place.into(), day: day(n), doses };
        campaign.closures = vec![
            closure("S1", 1, 5),
            closure("S1", 2, 5),
            closure("S1", 3, 5),
            closure("S1", 4, 5),
            closure("T1", 2, 0),
        ];
        let close = |place: &str, first, last| {
            let (first, last) = (day(first), day(last));
            let change = WhatIfChange::Close { place: place.into(), first, last };
            changed(&campaign, start(), &[change]).map(|campaign| campaign.closures)
        };
        let mut want = vec![closure("S1", 1, 5), closure("S1", 4, 5), closure("T1", 2, 0)];
        want.extend([closure("S1", 2, 0), closure("S1", 3, 0)]);
        assert_eq!(close("S1", 2, 3), Ok(want));
        let of_place = |found: Vec<Closure>| found.iter().filter(|one| one.place == "S1").count();
        assert_eq!(close("S1", -9, 0).map(of_place), Ok(5), "cut to the campaign");
        assert_eq!(close("S1", 59, 99).map(of_place), Ok(5));
        for (first, last) in [(3, 2), (-9, -1), (60, 61)] {
            let outside = WhatIfError::Outside {
                first: day(first),
                last: day(last),
                start: day(0),
                end: day(59),
            };
            assert_eq!(close("S1", first, last), Err(outside));
        }
        let known = "S1, T1".to_owned();
        assert_eq!(close("S9", 1, 1), Err(WhatIfError::UnknownPlace { code: "S9".into(), known }));
    }

    #[test]
    fn a_lot_comes_later_and_an_unknown_one_is_refused_with_those_that_there_are() {
        let delay = |code: &str, days| WhatIfChange::Delay { lot: code.into(), days };
        let late = with(delay("L1", 3)).expect("a lot");
        assert_eq!(late.deliveries[0].date, day(3));
        assert_eq!(late.deliveries[0].expires, day(60));
        let known = "L1".to_owned();
        assert_eq!(with(delay("L9", 3)), Err(WhatIfError::UnknownLot { code: "L9".into(), known }));
        assert_eq!(with(delay("L1", u32::MAX)).expect("a lot").deliveries[0].date, NaiveDate::MAX);
        assert_eq!(listed(&[]), "none");
        assert_eq!(listed(&["a"; NAMED]), ["a"; NAMED].join(", "));
        assert_eq!(listed(&["a"; NAMED + 2]), format!("{} and 2 more", ["a"; NAMED].join(", ")));
    }

    #[test]
    fn an_outcome_counts_people_and_last_days_by_group() {
        use crate::domain::plan::{Certificate, PlanRow, Stages};
        use crate::domain::planner::testing::{eligible, first_plan, group};
        let mut campaign = plain();
        campaign.groups.push(group("few", 2.0));
        campaign.groups.push(group("nobody", 2.0));
        campaign.eligible.push(eligible("A1", "few", 7));
        let row = |group: &str, n, dose, doses| PlanRow {
            day: day(n),
            place: "S1".into(),
            team: None,
            area: "A1".into(),
            group: group.into(),
            dose,
            doses,
        };
        let rows = vec![row("all", 1, 1, 9), row("few", 2, 1, 3), row("few", 23, 2, 3)];
        let plan = Plan {
            rows,
            figures: Figures::default(),
            certificate: Certificate::default(),
            unplaced: Vec::new(),
            stages: Stages::default(),
        };
        let request = first_plan(&campaign, super::super::Limits::QUICK);
        let found = outcome(&request, &plan);
        assert_eq!(found.last_day, Some(day(23)));
        let of = |group: &str, people, people_finished, last_day| GroupOutcome {
            group: group.into(),
            people,
            people_finished,
            last_day: Some(last_day),
        };
        assert_eq!(found.groups, [of("all", 100, 0, day(1)), of("few", 7, 3, day(23))]);
    }
}
