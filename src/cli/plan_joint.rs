//! `plan make` for several campaigns of a jurisdiction together, from files.

use super::output::{Format, NONE, Sheet, harmless};
use super::plan_files::{Unusable, misused, read_tallies};
use super::plan_print::{StagesView, stages_sheet, travel_note, worst_text};
use super::plan_progress::Watch;
use super::{Invocation, exit};
use crate::app::plans::Search;
use crate::app::staffing::StaffOutcome;
use crate::app::verdict_words;
use crate::app::{App, Loaded};
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::{Joined, Jurisdiction, LocalCampaign};
use crate::domain::permission::Actor;
use crate::domain::plan::{CampaignPart, Figures, JointPlan, PlanRow, Unplaced, WorstArea};
use crate::domain::planner::{
    self, GroupVerdict, JointRequest, LeastTravel, Limits, SearchProgress, StaffGap, StaffLimit,
    StaffedRequest,
};
use crate::intake::rows::CampaignRow;
use crate::intake::{self, Issue};
use anyhow::Context as _;
use chrono::NaiveDate;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Most places of which a table says that staff is their limit.
const LIMITS_SHOWN: usize = 8;

/// Campaigns over a jurisdiction, with their histories, from a day on.
pub(super) struct Together {
    /// The jurisdiction as its own folder says it, and the campaigns beside it.
    pub(super) jurisdiction: Jurisdiction,
    pub(super) local: Vec<LocalCampaign>,
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
    let (plan, staff) = made(together, asked.limits, &mut progress, &mut time_used);
    watch.end();
    staff_limits(invocation, &staff);
    let campaigns = together.joined.campaigns.iter().map(|one| &one.campaign);
    let travel = travel(&plan, campaigns.clone());
    if let Some(first) = campaigns.min_by_key(|campaign| campaign.start) {
        staff_gaps(invocation, (first, first.start), &planner::staff_gaps(&staff.gaps));
    }
    let said = Said { drafts: &[], verdict: &[], staff: &staff, travel: &travel };
    print(invocation, (&plan, together.from), &said, asked.certificate)?;
    Ok(exit::OK)
}

/// Says whom a plan lacks, and where staff is its limit.
pub(super) fn staff_limits(invocation: &Invocation, staff: &StaffOutcome) {
    super::roster_basis::missing(invocation, &staff.missing);
    for limit in staff.limits.iter().take(LIMITS_SHOWN) {
        let place = harmless(&limit.place);
        let mut said: Vec<(&str, &dyn std::fmt::Display)> = vec![
            ("place", &place),
            ("days", &limit.days),
            ("first", &limit.first),
            ("last", &limit.last),
        ];
        match &limit.doses {
            Some(doses) => {
                said.push(("doses", doses));
                invocation.out.note("plan-staff-site", &said);
            }
            None => invocation.out.note("plan-staff-team", &said),
        }
    }
    let more = staff.limits.len().saturating_sub(LIMITS_SHOWN);
    if more > 0 {
        invocation.out.note("plan-staff-more", &[("more", &more)]);
    }
}

/// Says whom townships and teams lack in which week.
pub(super) fn staff_gaps(
    invocation: &Invocation,
    campaign: (&Campaign, NaiveDate),
    gaps: &[StaffGap],
) {
    for gap in gaps.iter().take(LIMITS_SHOWN) {
        let said = verdict_words::gap_words(invocation.out.language, campaign, gap);
        super::output::tell(&harmless(&said));
    }
    let more = gaps.len().saturating_sub(LIMITS_SHOWN);
    if more > 0 {
        invocation.out.note("plan-staff-gaps-more", &[("more", &more)]);
    }
}

/// Whether a verdict says whom townships and teams lack.
pub(super) fn tells_gaps(verdict: &[GroupVerdict]) -> bool {
    verdict.iter().flat_map(|one| &one.binds).any(|bind| !bind.staff.is_empty())
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
    staff_limits(invocation, &made.staff);
    let campaigns = made.drafts.iter().map(|(loaded, _)| &loaded.campaign);
    let is_told = made.verdict.iter().any(|verdict| tells_gaps(verdict));
    if let Some(first) = campaigns.min_by_key(|campaign| campaign.start).filter(|_| !is_told) {
        staff_gaps(invocation, (first, first.start), &planner::staff_gaps(&made.staff.gaps));
    }
    let drafts: Vec<i64> = made.drafts.iter().map(|(_, no)| *no).collect();
    let campaigns = made.drafts.iter().map(|(loaded, _)| &*loaded.campaign);
    let travel = travel(&made.plan, campaigns);
    let said =
        Said { drafts: &drafts, verdict: &made.verdict, staff: &made.staff, travel: &travel };
    print(invocation, (&made.plan, made.from), &said, asked.certificate)?;
    if invocation.out.format == Format::Table {
        for ((loaded, _), verdict) in made.drafts.iter().zip(&made.verdict) {
            if !verdict.is_empty() {
                invocation.out.note("plan-verdict-of", &[("campaign", &loaded.campaign.id)]);
                super::verdict::print(invocation, &loaded.campaign, verdict);
            }
        }
    }
    Ok(exit::OK)
}

/// What is printed beside plans.
struct Said<'a> {
    /// The numbers under which they are stored, in their order; none where they are not.
    drafts: &'a [i64],
    /// The verdict on each; empty without a search.
    verdict: &'a [Vec<GroupVerdict>],
    /// Where staff is the limit.
    staff: &'a StaffOutcome,
    /// People's ways to sites.
    travel: &'a [LeastTravel],
}

/// People's ways to sites by each campaign's part of a plan, in their order.
fn travel<'a>(plan: &JointPlan, campaigns: impl Iterator<Item = &'a Campaign>) -> Vec<LeastTravel> {
    let pairs = campaigns.zip(&plan.campaigns);
    pairs.map(|(campaign, part)| planner::least_travel(campaign, &part.rows)).collect()
}

/// Prints plans.
fn print(
    invocation: &Invocation,
    (plan, from): (&JointPlan, NaiveDate),
    said: &Said<'_>,
    certificate: Option<&Path>,
) -> anyhow::Result<()> {
    if let Some(path) = certificate {
        let text = serde_json::to_string(&plan.certificate)?;
        crate::files::write(path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    match invocation.out.format {
        Format::Csv => rows_sheet(invocation, plan),
        Format::Json => invocation.out.json(&View::of(plan, said, from)),
        Format::Table => {
            table(invocation, plan);
            travel_note(invocation, said.travel.iter().copied().sum());
            if !said.drafts.is_empty() {
                let numbers: Vec<String> = said.drafts.iter().map(ToString::to_string).collect();
                invocation.out.note("plan-made-together", &[("numbers", &numbers.join(", "))]);
            }
        }
    }
    Ok(())
}

/// Makes the plans: with staff only what people can do. Also says who is missing, and where staff is the limit.
fn made(
    together: &Together,
    limits: Limits,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> (JointPlan, StaffOutcome) {
    let (given, from) = (together.given.as_slice(), together.from);
    if together.jurisdiction.staff.is_empty() {
        let joined = &together.joined;
        let request =
            JointRequest { joined, given, from, published: &[], told: None, warm: None, limits };
        return (planner::make_joint(&request, progress, time_used), StaffOutcome::default());
    }
    let (jurisdiction, campaigns) = (&together.jurisdiction, together.local.as_slice());
    let request = StaffedRequest {
        jurisdiction,
        join: &|held| held.join(campaigns, from),
        given,
        from,
        published: &[],
        told: None,
        duties: &[],
        others: &[],
        rounds: &[],
        warm: None,
        limits,
    };
    let made = planner::make_staffed(&request, progress, time_used);
    let (missing, limits, gaps) = (made.missing, made.limits, made.gaps);
    (made.plan, StaffOutcome { missing, limits, gaps })
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
    travel_ratio: f64,
    stages: StagesView<'a>,
    campaigns: Vec<PartView<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    staff_limits: &'a [StaffLimit],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    staff_days: Vec<StaffGap>,
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
    travel_ratio: f64,
    unplaced: &'a [Unplaced],
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'a [GroupVerdict]>,
}

impl<'a> View<'a> {
    fn of(plan: &'a JointPlan, said: &Said<'a>, from: NaiveDate) -> Self {
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
            travel_ratio: said.travel.iter().copied().sum::<LeastTravel>().ratio(),
            stages: StagesView::of(&plan.stages, &plan.figures),
            campaigns: (0..)
                .zip(&plan.campaigns)
                .map(|(at, part)| PartView::of(part, said, at))
                .collect(),
            staff_limits: &said.staff.limits,
            staff_days: planner::staff_gaps(&said.staff.gaps),
        }
    }
}

impl<'a> PartView<'a> {
    fn of(part: &'a CampaignPart, said: &Said<'a>, at: usize) -> Self {
        let Figures { objective, doses, people, people_finished, travel_km, .. } = part.figures;
        Self {
            campaign: part.campaign.as_str(),
            plan: said.drafts.get(at).copied(),
            objective,
            doses,
            people,
            people_finished,
            worst_area: part.figures.worst_area.as_ref(),
            travel_km,
            travel_ratio: said.travel.get(at).map_or(1.0, LeastTravel::ratio),
            unplaced: &part.unplaced,
            verdict: said.verdict.get(at).map(Vec::as_slice),
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
