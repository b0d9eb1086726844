//! `doseplan plan show --vials`: whole vials for each session, doses left in them, and sessions that are better
//! merged.

use super::Invocation;
use super::output::{Format, Sheet, harmless};
use crate::domain::campaign::Campaign;
use crate::domain::planner::{LotVials, Merge, SessionVials};
use serde::Serialize;

/// Sessions and advice, as `-o json` prints them.
#[derive(Serialize)]
pub(super) struct View {
    pub(super) sessions: Vec<SessionVials>,
    pub(super) advice: Vec<Merge>,
}

pub(super) fn print(invocation: &Invocation, campaign: &Campaign, view: &View) {
    let out = invocation.out;
    if out.format == Format::Json {
        out.json(view);
        return;
    }
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
    out.sheet(&sheet);
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
