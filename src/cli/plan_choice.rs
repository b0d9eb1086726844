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

/// The plan asked for, or else the adopted one, or else the newest draft.
pub(super) async fn any_plan(
    invocation: &Invocation,
    app: &App,
    loaded: &Loaded,
    no: Option<i64>,
) -> anyhow::Result<Option<(PlanHead, Vec<PlanRow>)>> {
    let mut found = app.plan(loaded, no).await?;
    if found.is_none() && no.is_none() {
        found = app.draft(loaded).await?;
    }
    if found.is_none() {
        invocation.out.note("plan-none", &[]);
    }
    Ok(found)
}

/// The campaign whose plan has this number; without a number all that are planned.
pub(super) async fn chosen(
    invocation: &Invocation,
    no: Option<i64>,
) -> anyhow::Result<(App, Vec<Loaded>)> {
    let (app, all) = invocation.planned(None).await?;
    if let (Some(_), true) = (no, all.len() > 1) {
        for loaded in &all {
            if app.plan(loaded, no).await?.is_some() {
                return Ok((app, vec![loaded.clone()]));
            }
        }
    }
    Ok((app, all))
}
