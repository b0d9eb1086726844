//! Which plan and which day a command means if its arguments do not say so.

use super::Invocation;
use crate::app::{App, Loaded};
use crate::domain::plan::{PlanRow, first_day};
use crate::store::plans::PlanHead;
use chrono::NaiveDate;

/// The first day to plan: today, or the first day of a campaign that is over, as in a replay.
pub(super) fn planning_day(invocation: &Invocation, loaded: &Loaded) -> NaiveDate {
    first_day(&loaded.campaign, invocation.today(loaded), None)
}

/// A plan with its rows.
pub(super) type StoredPlan = (PlanHead, Vec<PlanRow>);

/// The plan asked for, or else the adopted one, or else the newest draft.
async fn found_plan(
    app: &App,
    loaded: &Loaded,
    no: Option<i64>,
) -> anyhow::Result<Option<StoredPlan>> {
    let found = app.plan(loaded, no).await?;
    if found.is_none() && no.is_none() {
        return Ok(app.draft(loaded).await?);
    }
    Ok(found)
}

/// The plans that a report is about: the one with this number, or those of all campaigns that are meant. It is said
/// where there is none, and of several campaigns which ones have none.
pub(super) async fn plans_of<'a>(
    invocation: &Invocation,
    app: &App,
    all: &'a [Loaded],
    no: Option<i64>,
) -> anyhow::Result<Vec<(&'a Loaded, StoredPlan)>> {
    let (mut found, mut without) = (Vec::new(), Vec::new());
    for loaded in all {
        match found_plan(app, loaded, no).await? {
            Some(plan) => found.push((loaded, plan)),
            None => without.push(loaded.campaign.id.as_str()),
        }
    }
    if found.is_empty() {
        invocation.out.note("plan-none", &[]);
    } else if no.is_none() && !without.is_empty() {
        invocation.out.note("plan-none-of", &[("campaigns", &without.join(", "))]);
    }
    Ok(found)
}

/// The app and the campaigns that a report on plans is about: the one whose plan has this number, or without a number
/// all that are meant.
pub(super) async fn reported(
    invocation: &Invocation,
    no: Option<i64>,
) -> anyhow::Result<(App, Vec<Loaded>)> {
    let (app, all) = invocation.meant(None).await?;
    let all = with_plan(&app, all, no).await?;
    Ok((app, all))
}

/// The campaign whose plan has this number; all where none has it, and without a number.
async fn with_plan(app: &App, all: Vec<Loaded>, no: Option<i64>) -> anyhow::Result<Vec<Loaded>> {
    if let (Some(_), true) = (no, all.len() > 1) {
        for loaded in &all {
            if app.plan(loaded, no).await?.is_some() {
                return Ok(vec![loaded.clone()]);
            }
        }
    }
    Ok(all)
}

/// The campaign whose plan has this number; without a number all that are planned.
pub(super) async fn chosen(
    invocation: &Invocation,
    no: Option<i64>,
) -> anyhow::Result<(App, Vec<Loaded>)> {
    let (app, all) = invocation.planned(None).await?;
    let all = with_plan(&app, all, no).await?;
    Ok((app, all))
}
