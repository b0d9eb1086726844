//! `doseplan plan show --vials`: whole vials for each session, doses left in them, and sessions that are better
//! merged.

use super::chosen::Lines;
use super::output::{Format, Sheet, harmless};
use super::plan_choice::{StoredPlan, planning_day, plans_of, reported};
use super::{Invocation, exit};
use crate::app::{App, Loaded};
use crate::domain::campaign::Campaign;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::planner::{self, LotVials, Merge, SessionVials};
use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

/// Sessions and advice, as `-o json` prints them.
#[derive(Serialize)]
struct View {
    sessions: Vec<SessionVials>,
    advice: Vec<Merge>,
}

/// Shows the sessions that are `asked` for, of each campaign that is meant.
pub(super) async fn run(
    invocation: &Invocation,
    no: Option<i64>,
    asked: &impl Fn(NaiveDate, &PlaceCode, Option<&TeamCode>) -> bool,
) -> anyhow::Result<u8> {
    let (app, all) = reported(invocation, no).await?;
    let plans = plans_of(invocation, &app, &all, no).await?;
    if plans.is_empty() {
        return Ok(exit::FAILED);
    }
    let mut lines = Lines::of(&all);
    for (loaded, plan) in plans {
        let view = view(invocation, (&app, loaded), plan, asked).await?;
        let campaign = &loaded.campaign;
        match invocation.out.format {
            Format::Json => lines.thing(loaded, serde_json::to_value(&view)?),
            Format::Csv => {
                lines.sheet(loaded, sheet(invocation, campaign, &view));
                told(invocation, campaign, &view);
            }
            Format::Table => {
                lines.title(loaded);
                invocation.out.sheet(&sheet(invocation, campaign, &view));
                told(invocation, campaign, &view);
            }
        }
    }
    lines.print(invocation);
    Ok(exit::OK)
}

async fn view(
    invocation: &Invocation,
    (app, loaded): (&App, &Loaded),
    (head, rows): StoredPlan,
    asked: &impl Fn(NaiveDate, &PlaceCode, Option<&TeamCode>) -> bool,
) -> anyhow::Result<View> {
    let history = app.history(loaded, head.from).await?;
    let campaign = &loaded.campaign;
    let fixed = planning_day(invocation, loaded).max(head.from) - TimeDelta::days(1);
    let fixed = fixed + TimeDelta::days(i64::from(campaign.freeze_days));
    let mut sessions = planner::vials(campaign, &rows, &history, head.from);
    let mut advice = planner::merges(campaign, &rows, &history, head.from, fixed);
    sessions.retain(|one| asked(one.day, &one.place, one.team.as_ref()));
    let is_shown =
        |merge: &Merge, day| sessions.iter().any(|one| one.place == merge.place && one.day == day);
    advice.retain(|merge| is_shown(merge, merge.from) || is_shown(merge, merge.into));
    Ok(View { sessions, advice })
}

fn sheet(invocation: &Invocation, campaign: &Campaign, view: &View) -> Sheet {
    let columns = ["day", "place", "name", "team", "doses", "vials", "open_vial_waste"];
    let mut sheet = Sheet::new(&columns);
    for one in &view.sessions {
        let place = campaign.place(one.place.as_str());
        sheet.push(vec![
            one.day.to_string(),
            one.place.to_string(),
            place.map(|place| harmless(place.name())).unwrap_or_default(),
            one.team.as_ref().map(ToString::to_string).unwrap_or_default(),
            one.doses.to_string(),
            one.lots.iter().map(|lot| vials_text(invocation, lot)).collect::<Vec<_>>().join(", "),
            one.open_vial_waste.to_string(),
        ]);
    }
    sheet
}

fn told(invocation: &Invocation, campaign: &Campaign, view: &View) {
    let out = invocation.out;
    if campaign.deliveries.iter().all(|lot| lot.doses_per_vial.is_none()) {
        out.note("vials-unknown", &[]);
        return;
    }
    let doses: u64 = view.sessions.iter().map(|one| one.doses).sum();
    let waste: u64 = view.sessions.iter().map(|one| one.open_vial_waste).sum();
    out.note("vials-waste", &[("doses", &doses), ("waste", &waste)]);
    for merge in &view.advice {
        let place = campaign.place(merge.place.as_str());
        let name = place.map(|place| harmless(place.name())).unwrap_or_default();
        let (doses, saves) = (merge.doses, merge.saves);
        let key = if merge.objective < 0.0 { "vials-merge-later" } else { "vials-merge" };
        out.note(
            key,
            &[
                ("place", &merge.place),
                ("name", &name),
                ("from", &merge.from),
                ("into", &merge.into),
                ("doses", &doses),
                ("saves", &saves),
            ],
        );
    }
}

/// The vials of a lot; only its doses if the campaign does not say how many are in a vial.
fn vials_text(invocation: &Invocation, lot: &LotVials) -> String {
    match lot.vials.zip(lot.doses_per_vial) {
        Some((vials, each)) => format!("{} {vials}×{each}", lot.lot),
        None => invocation.out.say("vials-doses", &[("lot", &lot.lot), ("doses", &lot.doses)]),
    }
}
