//! What a what-if question supposes of several campaigns that share places, teams and staff.

use super::JointRequest;
use super::as_staffed::AsStaffed;
use super::model::Problem;
use super::supposed::{Supposed, SupposedError, SupposedOf};
use super::what_if::{self, PlanOutcome, WhatIfChange, WhatIfError};
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::{CampaignId, PlaceCode};
use crate::domain::jurisdiction::{ClosedDays, Joined, Jurisdiction};
use crate::domain::plan::JointPlan;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Campaigns over places that do no more than the staff of a jurisdiction can, and the days on which sites wait for
/// people alone.
pub type TogetherAsStaffed = (Joined, BTreeMap<PlaceCode, BTreeSet<NaiveDate>>);

/// Of which campaigns something is supposed.
pub struct SupposedTogether<'a> {
    /// Their jurisdiction, with the staff where somebody has counted it.
    pub jurisdiction: &'a Jurisdiction,
    /// The campaigns over the places of the jurisdiction, or of the same one with more people.
    pub places: &'a dyn Fn(&Jurisdiction) -> TogetherAsStaffed,
    /// The campaign whose vaccine comes that is supposed.
    pub vaccine_for: Option<&'a CampaignId>,
    /// The first day that is planned.
    pub from: NaiveDate,
}

impl Supposed {
    /// The campaigns as they are and as they are supposed to be: what is supposed of places, teams and staff is there
    /// for all of them, and none ends later than a new end; a lot is late for whoever has it. `station_doses` and
    /// errors as for [`Supposed::both`]; also fails where vaccine is supposed and no campaign is named for it.
    pub fn both_together(
        &self,
        of: &SupposedTogether<'_>,
        station_doses: u32,
    ) -> Result<(Joined, Joined), SupposedError> {
        let today = (of.places)(of.jurisdiction);
        let is_counted = !of.jurisdiction.staff.is_empty();
        let (mut then, unstaffed) = if is_counted && !self.staff.is_empty() {
            (of.places)(&self.with_people(of.jurisdiction, of.from)?)
        } else {
            today.clone()
        };
        let Some(first) = then.campaigns.first().map(|one| one.campaign.clone()) else {
            return Ok((today.0, then));
        };
        let one = SupposedOf {
            campaign: &first,
            jurisdiction: Some(of.jurisdiction),
            others: &[],
            rounds: &[],
            from: of.from,
        };
        let staffed = AsStaffed { campaign: first.clone(), unstaffed };
        for change in self.changes(&one, station_doses, &staffed)? {
            then = changed(then, &change, of)?;
        }
        Ok((today.0, then))
    }
}

/// The campaigns with a change. Fails where it is impossible.
fn changed(
    mut all: Joined,
    change: &WhatIfChange,
    of: &SupposedTogether<'_>,
) -> Result<Joined, WhatIfError> {
    match change {
        WhatIfChange::Supply(_) | WhatIfChange::Until(_) => {
            let end = if let WhatIfChange::Until(day) = change { *day } else { NaiveDate::MIN };
            for one in all.campaigns.iter_mut().filter(|one| one.campaign.end > end) {
                let change = std::slice::from_ref(change);
                one.campaign = what_if::changed(&one.campaign, of.from, change)?;
            }
        }
        WhatIfChange::Vaccine { .. } => {
            let known = all.campaigns.iter().map(|one| one.campaign.id.to_string());
            let known = known.collect::<Vec<_>>().join(", ");
            let mut all = all.campaigns.iter_mut();
            let found = all.find(|one| of.vaccine_for == Some(&one.campaign.id));
            let one = found.ok_or(WhatIfError::NoCampaign { known })?;
            let change = std::slice::from_ref(change);
            one.campaign = what_if::changed(&one.campaign, of.from, change)?;
        }
        WhatIfChange::Delay { lot, .. } => delay(&mut all, lot.as_str(), change, of.from)?,
        WhatIfChange::Teams(more) => teams(&mut all, *more)?,
        WhatIfChange::Close { place, first, last } => {
            closed(&mut all, (place, 0), (*first, *last), change, of.from)?;
        }
        WhatIfChange::Capacity { site, doses, first, last } => {
            closed(&mut all, (site.as_str(), *doses), (*first, *last), change, of.from)?;
        }
        WhatIfChange::Storage { site, doses } => {
            what_if_of_first(&all, change, of.from)?;
            let limits = all.campaigns.iter_mut().filter_map(|one| one.limits.get_mut(site));
            let limits = limits.flatten().map(|limit| &mut limit.row);
            let rows = all.jurisdiction.sites.iter_mut().filter(|row| row.site.code == *site);
            for held in rows.chain(limits).filter_map(|row| row.site.storage_doses.as_mut()) {
                *held = held.saturating_add(*doses);
            }
        }
        WhatIfChange::More(more, means) => {
            what_if_of_first(&all, change, of.from)?;
            all = more.join(&all, means);
        }
    }
    Ok(all)
}

/// Refuses a change that the lists of places, which all campaigns have, do not allow.
fn what_if_of_first(
    all: &Joined,
    change: &WhatIfChange,
    from: NaiveDate,
) -> Result<(), WhatIfError> {
    let Some(first) = all.campaigns.first() else { return Ok(()) };
    // Their days are those of all.
    let start = all.campaigns.iter().map(|one| one.campaign.start).min();
    let end = all.campaigns.iter().map(|one| one.campaign.end).max();
    let whole = Campaign {
        start: start.unwrap_or(first.campaign.start),
        end: end.unwrap_or(first.campaign.end),
        ..first.campaign.clone()
    };
    what_if::changed(&whole, from, std::slice::from_ref(change)).map(|_| ())
}

/// A place gives so many doses on some days, whatever is said of them elsewhere. A site that only campaigns bring has
/// no other limit than theirs.
fn closed(
    all: &mut Joined,
    (place, doses): (&str, u32),
    (first, last): (NaiveDate, NaiveDate),
    change: &WhatIfChange,
    from: NaiveDate,
) -> Result<(), WhatIfError> {
    what_if_of_first(all, change, from)?;
    let new = ClosedDays { place: place.to_owned(), first, last, doses, reason: None };
    all.jurisdiction.closures.push(new.clone());
    for &at in all.brought.get(place).into_iter().flatten() {
        if let Some(one) = all.campaigns.get_mut(at) {
            one.closures.push(new.clone());
        }
    }
    Ok(())
}

/// A lot is late for each campaign that has it.
fn delay(
    all: &mut Joined,
    lot: &str,
    change: &WhatIfChange,
    from: NaiveDate,
) -> Result<(), WhatIfError> {
    let has = |campaign: &Campaign| campaign.deliveries.iter().any(|one| one.lot.as_str() == lot);
    if !all.campaigns.iter().any(|one| has(&one.campaign)) {
        let lots = all.campaigns.iter().flat_map(|one| &one.campaign.deliveries);
        let codes: BTreeSet<&str> = lots.map(|one| one.lot.as_str()).collect();
        let known = what_if::listed(&codes.into_iter().collect::<Vec<_>>());
        return Err(WhatIfError::UnknownLot { code: lot.to_owned(), known });
    }
    for one in all.campaigns.iter_mut().filter(|one| has(&one.campaign)) {
        one.campaign = what_if::changed(&one.campaign, from, std::slice::from_ref(change))?;
    }
    Ok(())
}

/// More teams like the first one, or fewer: the last ones go.
fn teams(all: &mut Joined, more: i32) -> Result<(), WhatIfError> {
    let Some(first) = all.campaigns.first() else { return Ok(()) };
    let before = first.campaign.teams.len();
    let change = [WhatIfChange::Teams(more)];
    let then = what_if::changed(&first.campaign, first.campaign.start, &change)?.teams;
    if let Some(gone) = first.campaign.teams.get(then.len()..) {
        let gone: BTreeSet<String> = gone.iter().map(|team| team.code.to_string()).collect();
        all.jurisdiction.closures.retain(|one| !gone.contains(&one.place));
        all.jurisdiction.teams.retain(|team| !gone.contains(team.code.as_str()));
        for one in &mut all.campaigns {
            one.closures.retain(|one| !gone.contains(&one.place));
        }
    }
    all.jurisdiction.teams.extend(then.iter().skip(before).cloned());
    for one in &mut all.campaigns {
        one.campaign.teams.clone_from(&then);
    }
    Ok(())
}

/// What a plan of several campaigns that was made for a request achieves for each of them, in their order.
#[must_use]
pub fn joint_outcomes(request: &JointRequest<'_>, plan: &JointPlan) -> Vec<PlanOutcome> {
    let lists: Vec<&[GivenRow]> = request.given.iter().map(Vec::as_slice).collect();
    let problem = Problem::joint(request.joined, &lists, request.from);
    let parts = problem.programmes.indices().zip(&request.joined.campaigns).zip(&plan.campaigns);
    let outcomes = parts.map(|((k, one), part)| {
        what_if::of_programme((&problem, k), &one.campaign, &part.rows, plan.figures_of(part))
    });
    outcomes.collect()
}

#[cfg(test)]
mod tests {
    use super::super::joint_tests::local;
    use super::super::testing::{plain, start};
    use super::super::{Limits, make_joint};
    use super::*;
    use chrono::TimeDelta;
    use rust_decimal::Decimal;

    fn day(number: i64) -> NaiveDate {
        start() + TimeDelta::days(number)
    }

    /// Two campaigns of the same people at the same places.
    fn both(
        changes: &[WhatIfChange],
        vaccine_for: Option<&str>,
    ) -> Result<(Joined, Joined), SupposedError> {
        let county = Jurisdiction::of_campaign(&plain());
        let locals = ["one", "two"].map(|id| {
            let mut campaign = plain();
            campaign.id = id.into();
            local(&campaign)
        });
        let places = |of: &Jurisdiction| (of.join(&locals, start()), BTreeMap::new());
        let vaccine_for = vaccine_for.map(CampaignId::from);
        let of = SupposedTogether {
            jurisdiction: &county,
            places: &places,
            vaccine_for: vaccine_for.as_ref(),
            from: start(),
        };
        Supposed { changes: changes.to_vec(), ..Supposed::default() }.both_together(&of, 10)
    }

    #[test]
    fn vaccine_is_one_campaign_s_and_a_share_of_the_supply_everybody_s() {
        let doses = |all: &Joined| -> Vec<u64> {
            let of = |campaign: &Campaign| {
                campaign.deliveries.iter().map(|lot| u64::from(lot.doses)).sum()
            };
            all.campaigns.iter().map(|one| of(&one.campaign)).collect()
        };
        let more = WhatIfChange::Vaccine { doses: 70, day: day(1) };
        let (today, then) = both(std::slice::from_ref(&more), Some("two")).expect("a campaign");
        let had = doses(&today);
        assert_eq!(doses(&then), [had[0], had[1] + 70]);
        let none = WhatIfError::NoCampaign { known: "one, two".into() };
        for unnamed in [None, Some("three")] {
            let refused = both(std::slice::from_ref(&more), unnamed);
            assert_eq!(refused, Err(SupposedError::Change(none.clone())));
        }
        let (_, then) = both(&[WhatIfChange::Supply(Decimal::ZERO)], None).expect("a supply");
        assert_eq!(doses(&then), [0, 0]);
    }

    #[test]
    fn places_and_teams_change_for_all() {
        let shut = WhatIfChange::Close { place: "S1".into(), first: day(1), last: day(2) };
        let (today, then) = both(&[shut], None).expect("a site");
        let closed = |all: &Joined| all.jurisdiction.closures.last().cloned();
        assert_eq!(closed(&today), None);
        let closed = closed(&then).expect("closed days");
        assert_eq!((closed.place.as_str(), closed.doses), ("S1", 0));
        assert_eq!((closed.first, closed.last), (day(1), day(2)));
        let (today, then) = both(&[WhatIfChange::Teams(2)], None).expect("two more");
        let had = today.jurisdiction.teams.len();
        assert_eq!(then.jurisdiction.teams.len(), had + 2);
        assert!(then.campaigns.iter().all(|one| one.campaign.teams == then.jurisdiction.teams));
        let fewer = i32::try_from(had).expect("few");
        let (_, then) = both(&[WhatIfChange::Teams(-fewer)], None).expect("none left");
        assert!(then.jurisdiction.teams.is_empty());
        assert!(then.campaigns.iter().all(|one| one.campaign.teams.is_empty()));
        let many = both(&[WhatIfChange::Teams(-fewer - 1)], None);
        let few = WhatIfError::TooFewTeams { teams: had, asked: -fewer - 1 };
        assert_eq!(many, Err(SupposedError::Change(few)));
    }

    #[test]
    fn a_new_end_shortens_campaigns_and_lengthens_none() {
        let ends = |all: &Joined| -> Vec<NaiveDate> {
            all.campaigns.iter().map(|one| one.campaign.end).collect()
        };
        let own = plain().end;
        let (early, late) = (own - TimeDelta::days(1), own + TimeDelta::days(9));
        let (today, then) = both(&[WhatIfChange::Until(early)], None).expect("a day of theirs");
        assert_eq!((ends(&today), ends(&then)), (vec![own; 2], vec![early; 2]));
        let (_, then) = both(&[WhatIfChange::Until(late)], None).expect("a later day");
        assert_eq!(ends(&then), vec![own; 2]);
    }

    #[test]
    fn what_is_asked_of_nothing_is_refused() {
        let wrong = [
            WhatIfChange::Close { place: "S9".into(), first: day(1), last: day(1) },
            WhatIfChange::Delay { lot: "L9".into(), days: 3 },
            WhatIfChange::Storage { site: "S9".into(), doses: 3 },
            WhatIfChange::Close { place: "S1".into(), first: day(-9), last: day(-8) },
        ];
        for change in wrong {
            assert!(both(std::slice::from_ref(&change), None).is_err(), "{change:?}");
        }
    }

    #[test]
    fn what_each_campaign_has_of_a_joint_plan_adds_up_to_the_whole() {
        let (joined, shut) = both(&[WhatIfChange::Supply(Decimal::ZERO)], None).expect("a supply");
        let outcomes = |joined: &Joined| {
            let request = JointRequest {
                joined,
                given: &[],
                from: start(),
                published: &[],
                told: None,
                warm: None,
                limits: Limits::QUICK,
            };
            let plan = make_joint(&request, &mut |_| {}, &mut || 0.0);
            let parts = joint_outcomes(&request, &plan);
            (plan, parts)
        };
        let (plan, parts) = outcomes(&joined);
        assert_eq!(parts.len(), 2);
        let sum: u64 = parts.iter().map(|one| one.figures.doses).sum();
        assert_eq!(sum, plan.figures.doses);
        let groups = parts.iter().flat_map(|one| &one.groups);
        let finished: u64 = groups.map(|group| group.people_finished).sum();
        assert_eq!(finished, plan.figures.people_finished);
        assert!(finished > 0);
        let (plan, _) = outcomes(&shut);
        assert_eq!(plan.figures.doses, 0, "there is no vaccine");
    }
}
