//! `plan make` for several campaigns of a jurisdiction together, from files.

use super::output::{Format, NONE, Sheet};
use super::plan_files::{Unusable, misused, read_tallies};
use super::plan_print::{StagesView, stages_sheet, worst_text};
use super::plan_progress::Watch;
use super::{Invocation, exit};
use crate::app::plans::Search;
use crate::app::{App, Loaded};
use crate::domain::dose::GivenRow;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::{Joined, Jurisdiction, LocalCampaign};
use crate::domain::permission::Actor;
use crate::domain::plan::{CampaignPart, Figures, JointPlan, PlanRow, Unplaced, WorstArea};
use crate::domain::planner::{self, JointRequest, Limits, SearchProgress, StaffedRequest};
use crate::domain::roster::Missing;
use crate::intake::rows::CampaignRow;
use crate::intake::{self, Issue};
use anyhow::Context as _;
use chrono::NaiveDate;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Campaigns over a jurisdiction, with their histories, from a day on.
pub(super) struct Together {
    /// The jurisdiction as its own folder says it, and the campaigns beside it.
    jurisdiction: Jurisdiction,
    local: Vec<LocalCampaign>,
    pub(super) joined: Joined,
    /// Doses of each campaign given before.
    pub(super) given: Vec<Vec<GivenRow>>,
    /// First day that the plans may use.
    pub(super) from: NaiveDate,
}

impl Together {
    /// Reads a jurisdiction's files and those of campaigns beside it. What is wrong with them is
    /// printed.
    pub(super) fn read(
        invocation: &Invocation,
        (jurisdiction, folders): (&Path, &[PathBuf]),
        given: &[PathBuf],
        from: Option<NaiveDate>,
    ) -> anyhow::Result<Self> {
        let language = invocation.out.language;
        let refused = |issues: Vec<Issue>| {
            for issue in issues {
                super::output::tell(&issue.line(language));
            }
            Unusable
        };
        let warn = |issues: &[Issue]| {
            for issue in issues {
                let warning = invocation.out.word("word-warning");
                super::output::tell(&format!("{warning} {}", issue.line(language)));
            }
        };
        let of_folder = |issues| intake::in_folder(jurisdiction, issues);
        let found = intake::jurisdiction(jurisdiction).map_err(of_folder).map_err(refused)?;
        warn(&of_folder(found.warnings));
        let known = intake::series::all();
        let local =
            intake::local_campaigns(folders, &found.jurisdiction, known).map_err(refused)?;
        warn(&local.warnings);
        let start = local.campaigns.iter().map(|one| one.campaign.start).min();
        // Files have no today.
        let from = from.or(start).unwrap_or_default().max(start.unwrap_or_default());
        let joined = found.jurisdiction.join(&local.campaigns, from);
        let given = histories(invocation, &joined, given)?;
        Ok(Self { jurisdiction: found.jurisdiction, local: local.campaigns, joined, given, from })
    }
}

/// The histories of campaigns, each named as CAMPAIGN=TALLIES.csv.
fn histories(
    invocation: &Invocation,
    joined: &Joined,
    given: &[PathBuf],
) -> anyhow::Result<Vec<Vec<GivenRow>>> {
    let mut all = vec![Vec::new(); joined.campaigns.len()];
    for named in given {
        let text = named.to_string_lossy();
        let pair = text.split_once('=').and_then(|(id, path)| {
            let is_own =
                |one: &crate::domain::jurisdiction::JoinedCampaign| one.campaign.id.as_str() == id;
            Some((joined.campaigns.iter().position(is_own)?, path))
        });
        let Some((at, path)) = pair else { misused(invocation, "plan-given-of-campaign") };
        all[at] = read_tallies(invocation, Path::new(path))?;
    }
    Ok(all)
}

/// The rows of each campaign, in their order; and what is wrong with rows that name none of them. A
/// blank name is enough where there is one campaign.
pub(super) fn by_campaign(
    joined: &Joined,
    rows: Vec<CampaignRow>,
) -> (Vec<Vec<PlanRow>>, Vec<String>) {
    let mut plans = vec![Vec::new(); joined.campaigns.len()];
    let mut strange = Vec::new();
    for (number, (id, row)) in (1..).zip(rows) {
        let at = match &id {
            Some(id) => joined.campaigns.iter().position(|one| one.campaign.id == *id),
            None => (plans.len() == 1).then_some(0),
        };
        if let Some(at) = at {
            plans[at].push(row);
        } else {
            let name = id.as_ref().map_or("", |id| id.as_str());
            strange.push(format!("rule 0: row {number}: no campaign {name:?}"));
        }
    }
    (plans, strange)
}

/// What `plan make` is asked for.
pub(super) struct Asked<'a> {
    pub(super) limits: Limits,
    pub(super) seconds: Option<u64>,
    pub(super) certificate: Option<&'a Path>,
}

/// Makes the plans and prints them.
pub(super) fn make(
    invocation: &Invocation,
    together: &Together,
    asked: &Asked,
) -> anyhow::Result<u8> {
    let watch = Watch::begin(invocation.out, asked.seconds);
    let (mut progress, mut time_used) = (|at| watch.tell(at), || watch.share());
    let (plan, missing) = made(together, asked.limits, &mut progress, &mut time_used);
    super::roster_basis::missing(invocation, &missing);
    watch.end();
    print(invocation, (&plan, together.from), &[], asked.certificate)?;
    Ok(exit::OK)
}

/// Makes drafts of campaigns in a database and prints them.
pub(super) async fn make_stored(
    invocation: &Invocation,
    (app, all): (&App, &[Loaded]),
    from: Option<NaiveDate>,
    asked: &Asked<'_>,
) -> anyhow::Result<u8> {
    let watch = Watch::begin(invocation.out, asked.seconds);
    let (mut progress, mut time_used) = (|at| watch.tell(at), || watch.share());
    let search =
        Search { limits: asked.limits, progress: &mut progress, time_used: &mut time_used };
    let now = invocation.clock.now();
    let made = app.make_together(all, from, Actor::CommandLine, search, now).await?;
    watch.end();
    let drafts: Vec<i64> = made.drafts.iter().map(|(_, no)| *no).collect();
    print(invocation, (&made.plan, made.from), &drafts, asked.certificate)?;
    Ok(exit::OK)
}

/// Prints plans. `drafts`: the numbers under which they are stored, in their order.
fn print(
    invocation: &Invocation,
    (plan, from): (&JointPlan, NaiveDate),
    drafts: &[i64],
    certificate: Option<&Path>,
) -> anyhow::Result<()> {
    if let Some(path) = certificate {
        let text = serde_json::to_string(&plan.certificate)?;
        crate::files::write(path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    match invocation.out.format {
        Format::Csv => rows_sheet(invocation, plan),
        Format::Json => invocation.out.json(&View::of(plan, drafts, from)),
        Format::Table => {
            table(invocation, plan);
            if !drafts.is_empty() {
                let numbers: Vec<String> = drafts.iter().map(ToString::to_string).collect();
                invocation.out.note("plan-made-together", &[("numbers", &numbers.join(", "))]);
            }
        }
    }
    Ok(())
}

/// Makes the plans: with staff only what people can do. Also says who is missing all the same.
fn made(
    together: &Together,
    limits: Limits,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> (JointPlan, Vec<Missing>) {
    let (given, from) = (together.given.as_slice(), together.from);
    if together.jurisdiction.staff.is_empty() {
        let joined = &together.joined;
        let request = JointRequest { joined, given, from, published: &[], warm: None, limits };
        return (planner::make_joint(&request, progress, time_used), Vec::new());
    }
    let (jurisdiction, campaigns) = (&together.jurisdiction, together.local.as_slice());
    let request = StaffedRequest { jurisdiction, campaigns, given, from, limits };
    let made = planner::make_staffed(&request, progress, time_used);
    (made.plan, made.missing)
}

/// A joint plan as `-o json` prints it.
#[derive(Serialize)]
struct View<'a> {
    from: NaiveDate,
    objective: f64,
    upper_bound: f64,
    gap: f64,
    doses: u64,
    people: u64,
    people_finished: u64,
    worst_area: Option<WorstView<'a>>,
    travel_km: f64,
    stages: StagesView<'a>,
    campaigns: Vec<PartView<'a>>,
}

/// The worst area over all campaigns.
#[derive(Serialize)]
struct WorstView<'a> {
    campaign: Option<&'a str>,
    #[serde(flatten)]
    area: &'a WorstArea,
}

/// A campaign's part of a joint plan.
#[derive(Serialize)]
struct PartView<'a> {
    campaign: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<i64>,
    objective: f64,
    doses: u64,
    people: u64,
    people_finished: u64,
    worst_area: Option<&'a WorstArea>,
    travel_km: f64,
    unplaced: &'a [Unplaced],
}

impl<'a> View<'a> {
    fn of(plan: &'a JointPlan, drafts: &[i64], from: NaiveDate) -> Self {
        let campaign = plan.worst_campaign.as_ref().map(CampaignId::as_str);
        let worst = plan.figures.worst_area.as_ref();
        let Figures {
            objective, upper_bound, gap, doses, people, people_finished, travel_km, ..
        } = plan.figures;
        Self {
            from,
            objective,
            upper_bound,
            gap,
            doses,
            people,
            people_finished,
            worst_area: worst.map(|area| WorstView { campaign, area }),
            travel_km,
            stages: StagesView::of(&plan.stages, &plan.figures),
            campaigns: (0..)
                .zip(&plan.campaigns)
                .map(|(at, part)| PartView::of(part, drafts.get(at).copied()))
                .collect(),
        }
    }
}

impl<'a> PartView<'a> {
    fn of(part: &'a CampaignPart, plan: Option<i64>) -> Self {
        let Figures { objective, doses, people, people_finished, travel_km, .. } = part.figures;
        Self {
            campaign: part.campaign.as_str(),
            plan,
            objective,
            doses,
            people,
            people_finished,
            worst_area: part.figures.worst_area.as_ref(),
            travel_km,
            unplaced: &part.unplaced,
        }
    }
}

/// The rows of all campaigns, by campaign.
fn rows_sheet(invocation: &Invocation, plan: &JointPlan) {
    let columns = ["campaign", "date", "place", "team", "area", "group", "dose", "doses"];
    let mut sheet = Sheet::new(&columns);
    for part in &plan.campaigns {
        for row in &part.rows {
            let mut cells = vec![part.campaign.to_string()];
            cells.extend(super::plan_print::row_cells(row));
            sheet.push(cells);
        }
    }
    invocation.out.sheet(&sheet);
}

fn table(invocation: &Invocation, plan: &JointPlan) {
    let out = invocation.out;
    let columns = ["campaign", "doses", "people", "people_finished", "worst_area", "unplaced"];
    let mut sheet = Sheet::new(&columns);
    let mut line = |name: String, figures: &Figures, worst: String, unplaced: u64| {
        sheet.push(vec![
            name,
            figures.doses.to_string(),
            figures.people.to_string(),
            figures.people_finished.to_string(),
            worst,
            unplaced.to_string(),
        ]);
    };
    let unplaced = |part: &CampaignPart| -> u64 {
        part.unplaced.iter().map(|one| u64::from(one.people)).sum()
    };
    for part in &plan.campaigns {
        let worst = worst_text(part.figures.worst_area.as_ref());
        line(part.campaign.to_string(), &part.figures, worst, unplaced(part));
    }
    let all = plan.campaigns.iter().map(unplaced).sum();
    line(NONE.to_owned(), &plan.figures, worst_text(plan.figures.worst_area.as_ref()), all);
    out.sheet(&sheet);
    out.sheet(&stages_sheet(invocation, &plan.stages, &plan.figures));
}
