//! Prints a plan: figures, targets, rows, and the people without a place in it.

use super::Invocation;
use super::output::{Format, NONE, Out, Sheet, harmless};
use crate::app::staffing::StaffOutcome;
use crate::app::verdict_words;
use crate::domain::campaign::Campaign;
use crate::domain::figure::fixed;
use crate::domain::plan::{Figures, Plan, PlanRow, Stages, Unplaced, WorstArea};
use crate::domain::planner::{self, GroupVerdict, LeastTravel, StaffGap, StaffLimit, least_travel};
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
    travel_ratio: f64,
    stages: StagesView<'a>,
    unplaced: &'a [Unplaced],
    verdict: &'a [GroupVerdict],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    staff_limits: &'a [StaffLimit],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    staff_days: Vec<StaffGap>,
}

/// The value of the plan at each stage of the search: the plain plan, the best objective, the plan itself.
#[derive(Serialize)]
pub(super) struct StagesView<'a> {
    greedy: StageView<'a>,
    objective: StageView<'a>,
    plan: StageView<'a>,
}

/// A stage of the search.
#[derive(Serialize)]
struct StageView<'a> {
    objective: f64,
    gap: f64,
    worst_area: Option<&'a WorstArea>,
    travel_km: f64,
}

impl<'a> StageView<'a> {
    fn of(figures: &'a Figures) -> Self {
        let Figures { objective, gap, travel_km, .. } = *figures;
        Self { objective, gap, worst_area: figures.worst_area.as_ref(), travel_km }
    }
}

impl<'a> StagesView<'a> {
    pub(super) fn of(stages: &'a Stages, figures: &'a Figures) -> Self {
        Self {
            greedy: StageView::of(&stages.greedy),
            objective: StageView::of(&stages.objective),
            plan: StageView::of(figures),
        }
    }
}

pub(super) fn view<'a>(
    (plan, campaign): (&'a Plan, &Campaign),
    (verdict, staff): (&'a [GroupVerdict], &'a StaffOutcome),
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
        travel_ratio: least_travel(campaign, &plan.rows).ratio(),
        stages: StagesView::of(&plan.stages, &plan.figures),
        unplaced: &plan.unplaced,
        verdict,
        staff_limits: &staff.limits,
        staff_days: planner::staff_gaps(&staff.gaps),
    }
}

pub(super) fn rows_sheet(rows: &[PlanRow]) -> Sheet {
    let mut sheet = Sheet::new(&["date", "place", "team", "area", "group", "dose", "doses"]);
    for row in rows {
        sheet.push(row_cells(row));
    }
    sheet
}

/// The cells of a row: date, place, team, area, group, dose, doses.
pub(super) fn row_cells(row: &PlanRow) -> Vec<String> {
    vec![
        row.day.to_string(),
        row.place.to_string(),
        row.team.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.area.to_string(),
        row.group.to_string(),
        row.dose.to_string(),
        row.doses.to_string(),
    ]
}

pub(super) fn table(
    invocation: &Invocation,
    campaign: &Campaign,
    (plan, verdict): (&Plan, &[GroupVerdict]),
    no: Option<i64>,
) {
    let out = invocation.out;
    let mut sheet = Sheet::new(&["figure", "value"]);
    for (key, value) in figure_lines(&plan.figures) {
        sheet.push(vec![out.word(&format!("figure-{key}")), value]);
    }
    if let Some(km) = plan.figures.km_each() {
        sheet.push(vec![out.word("column-km_each"), fixed(km, 1)]);
    }
    let ratio = least_travel(campaign, &plan.rows).ratio();
    sheet.push(vec![out.word("figure-travel-ratio"), fixed(ratio, 3)]);
    out.sheet(&sheet);
    out.sheet(&stages_sheet(invocation, &plan.stages, &plan.figures));
    super::verdict::print(invocation, campaign, verdict);
    unplaced_table(invocation, campaign, &plan.unplaced);
    if let Some(no) = no {
        out.note("plan-made", &[("no", &no)]);
    }
}

/// Says how long people's ways are, and how many times as long as the shortest.
pub(super) fn travel_note(invocation: &Invocation, travel: LeastTravel) {
    let (km, ratio) = (fixed(travel.km, 0), fixed(travel.ratio(), 3));
    invocation.out.note("plan-travel", &[("km", &km), ("ratio", &ratio)]);
}

/// The plain plan, the best objective and the plan, side by side.
pub(super) fn stages_sheet(invocation: &Invocation, stages: &Stages, figures: &Figures) -> Sheet {
    let mut sheet = Sheet::new(&["stage", "objective", "gap", "worst_area", "travel_km"]);
    let stages = StagesView::of(stages, figures);
    let named = [("greedy", stages.greedy), ("objective", stages.objective), ("plan", stages.plan)];
    for (key, stage) in named {
        sheet.push(vec![
            invocation.out.word(&format!("stage-{key}")),
            fixed(stage.objective, 2),
            format!("{} %", fixed(stage.gap * 100.0, 3)),
            worst_text(stage.worst_area),
            fixed(stage.travel_km, 0),
        ]);
    }
    sheet
}

/// The worst area and its share of people who finish.
pub(super) fn worst_text(worst: Option<&WorstArea>) -> String {
    let text = |worst: &WorstArea| format!("{} {:.1} %", worst.area, worst.share * 100.0);
    worst.map_or_else(|| NONE.to_owned(), text)
}

fn figure_lines(figures: &Figures) -> Vec<(&'static str, String)> {
    vec![
        ("doses", thousands(figures.doses)),
        ("people", thousands(figures.people)),
        ("people-finished", thousands(figures.people_finished)),
        ("upper-bound", fixed(figures.upper_bound, 2)),
    ]
}

pub(super) fn unplaced_table(invocation: &Invocation, campaign: &Campaign, unplaced: &[Unplaced]) {
    if !unplaced.is_empty() {
        invocation.out.sheet(&unplaced_sheet(invocation.out, campaign, unplaced));
    }
}

/// A line for each cohort of which people have no place.
pub(super) fn unplaced_sheet(out: Out, campaign: &Campaign, unplaced: &[Unplaced]) -> Sheet {
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
            verdict_words::reason(out.language, one.reason),
        ]);
    }
    sheet
}
