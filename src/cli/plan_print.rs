//! How `doseplan plan` prints a plan: figures, targets, rows, and who has no place in it.

use super::Session;
use super::output::{Format, Sheet, harmless};
use crate::domain::campaign::Campaign;
use crate::domain::plan::{Figures, Plan, PlanRow, Reason, Unplaced, WorstArea};
use crate::domain::planner::GroupVerdict;
use crate::text::thousands;
use chrono::NaiveDate;
use serde::Serialize;

/// A plan as `-o json` prints it.
#[derive(Serialize)]
pub(super) struct View<'a> {
    plan: Option<i64>,
    from: NaiveDate,
    objective: f64,
    upper_bound: f64,
    gap: f64,
    doses: u64,
    people: u64,
    people_finished: u64,
    worst_area: Option<&'a WorstArea>,
    travel_km: f64,
    unplaced: &'a [Unplaced],
    verdict: &'a [GroupVerdict],
}

pub(super) fn view<'a>(
    plan: &'a Plan,
    verdict: &'a [GroupVerdict],
    no: Option<i64>,
    from: NaiveDate,
) -> View<'a> {
    let Figures { objective, upper_bound, gap, doses, people, people_finished, travel_km, .. } =
        plan.figures;
    View {
        plan: no,
        from,
        objective,
        upper_bound,
        gap,
        doses,
        people,
        people_finished,
        worst_area: plan.figures.worst_area.as_ref(),
        travel_km,
        unplaced: &plan.unplaced,
        verdict,
    }
}

pub(super) fn rows_sheet(rows: &[PlanRow], session: &Session) {
    let mut sheet = Sheet::new(&["date", "place", "team", "area", "group", "dose", "doses"]);
    for row in rows {
        sheet.push(vec![
            row.day.to_string(),
            row.place.to_string(),
            row.team.as_ref().map(ToString::to_string).unwrap_or_default(),
            row.area.to_string(),
            row.group.to_string(),
            row.dose.to_string(),
            row.doses.to_string(),
        ]);
    }
    session.out.sheet(&sheet);
}

pub(super) fn table(
    session: &Session,
    campaign: &Campaign,
    (plan, verdict): (&Plan, &[GroupVerdict]),
    no: Option<i64>,
) {
    let out = session.out;
    let mut sheet = Sheet::new(&["figure", "value"]);
    for (key, value) in figure_lines(&plan.figures) {
        sheet.push(vec![out.word(&format!("figure-{key}")), value]);
    }
    out.sheet(&sheet);
    super::verdict::print(session, campaign, verdict);
    unplaced_table(session, campaign, &plan.unplaced);
    if let Some(no) = no {
        out.note("plan-made", &[("no", &no)]);
    }
}

fn figure_lines(figures: &Figures) -> Vec<(&'static str, String)> {
    let worst = figures.worst_area.as_ref();
    vec![
        ("doses", thousands(figures.doses)),
        ("people", thousands(figures.people)),
        ("people-finished", thousands(figures.people_finished)),
        (
            "worst-area",
            worst
                .map_or_else(|| "–".to_owned(), |w| format!("{} {:.1} %", w.area, w.share * 100.0)),
        ),
        ("travel-km", format!("{:.0}", figures.travel_km)),
        ("objective", format!("{:.2}", figures.objective)),
        ("upper-bound", format!("{:.2}", figures.upper_bound)),
        ("gap", format!("{:.3} %", figures.gap * 100.0)),
    ]
}

pub(super) fn unplaced_table(session: &Session, campaign: &Campaign, unplaced: &[Unplaced]) {
    if unplaced.is_empty() {
        return;
    }
    let out = session.out;
    let mut sheet = Sheet::new(&["area", "group", "people", "reason"]);
    for one in unplaced {
        let name = |found: Option<&str>, code: &str| match out.format {
            Format::Table => harmless(found.unwrap_or(code)),
            _ => code.to_owned(),
        };
        sheet.push(vec![
            name(campaign.area(one.area.as_str()).map(|a| a.name.as_str()), one.area.as_str()),
            name(campaign.group(one.group.as_str()).map(|g| g.name.as_str()), one.group.as_str()),
            one.people.to_string(),
            out.word(&format!("reason-{}", reason_key(one.reason))),
        ]);
    }
    out.sheet(&sheet);
}

/// The part of a catalogue key that names a reason.
pub(super) fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::NoPlace => "no-place",
        Reason::Horizon => "horizon",
        Reason::Closed => "closed",
        Reason::Supply => "supply",
        Reason::Storage => "storage",
        Reason::SiteCapacity => "site-capacity",
        Reason::TeamDays => "team-days",
        Reason::Overdue => "overdue",
    }
}
