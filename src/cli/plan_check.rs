//! `plan check`: a plan of one campaign, or of several over a jurisdiction, from files.

use super::output::Format;
use super::plan_files::{misused, only, read};
use super::plan_joint::{Together, by_campaign};
use super::{Invocation, exit, parse_day};
use crate::app::fault_words;
use crate::domain::campaign::Language;
use crate::domain::id::CampaignId;
use crate::domain::plan::{Figures, JointCertificate, PlanRow};
use crate::domain::planner;
use crate::intake::rows::{self, CampaignRow};
use crate::text::say;
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Args;
use serde::Serialize;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Check a plan against a campaign folder, or a joint plan against a jurisdiction.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The campaign folder or workbook, then the plan as printed by `plan make -o csv`; with
    /// --jurisdiction only the plan
    #[arg(value_name = "PATH", required = true, num_args = 1..=2)]
    files: Vec<PathBuf>,
    /// A jurisdiction's folder or workbook: the plan is of the campaigns of all --folder together
    #[arg(long, value_name = "PATH", requires = "folder")]
    jurisdiction: Option<PathBuf>,
    /// A campaign's folder or workbook, with --jurisdiction; may be repeated
    #[arg(long, value_name = "PATH", requires = "jurisdiction")]
    folder: Vec<PathBuf>,
    /// The prices that prove an upper bound
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Doses given before --from; with --jurisdiction CAMPAIGN=TALLIES.csv, may be repeated
    #[arg(long, value_name = "TALLIES.csv", requires = "from")]
    given: Vec<PathBuf>,
    /// First day of the plan; doses given before it are history
    #[arg(long, value_parser = parse_day)]
    from: Option<NaiveDate>,
}

#[derive(Serialize)]
struct CheckResult {
    feasible: bool,
    violations: Vec<String>,
    certificate_problems: Vec<String>,
    #[serde(flatten)]
    figures: Figures,
}

/// How far a certificate may be below the objective because of rounding, as a part of the bound.
const SLACK: f64 = 1e-6;

impl Check {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if let Some(jurisdiction) = &self.jurisdiction {
            return self.run_joint(invocation, jurisdiction);
        }
        let [path, plan] = self.files.as_slice() else {
            misused(invocation, "plan-check-folder-and-plan");
        };
        let (campaign, given) = read(invocation, path, only(invocation, &self.given))?;
        let rows = match read_plan(invocation, plan) {
            Ok(rows) => rows,
            Err(code) => return Ok(code),
        };
        // A joint plan has rows of other campaigns too.
        let is_own = |id: &Option<CampaignId>| id.as_ref().is_none_or(|id| *id == campaign.id);
        let rows: Vec<PlanRow> =
            rows.into_iter().filter(|(id, _)| is_own(id)).map(|(_, row)| row).collect();
        let from = self.from.unwrap_or(campaign.start);
        let found = planner::check(&campaign, &rows, &given, from);
        let language = words_of(invocation);
        let mut result = CheckResult {
            feasible: found.is_feasible(),
            violations: found
                .violations
                .iter()
                .map(|one| fault_words::of_plan(language, one))
                .collect(),
            certificate_problems: Vec::new(),
            figures: found.figures,
        };
        if let Some(certificate) = self.certificate()? {
            let proved = planner::check_certificate(&campaign, &certificate, &given, from);
            compare(language, certificate.upper_bound, proved, &mut result);
        }
        let good = result.feasible && result.certificate_problems.is_empty();
        print(invocation, &result, self.certificate.is_some());
        Ok(if good { exit::OK } else { exit::FAILED })
    }

    fn run_joint(&self, invocation: &Invocation, jurisdiction: &Path) -> anyhow::Result<u8> {
        let [plan] = self.files.as_slice() else { misused(invocation, "plan-check-plan-alone") };
        let Together { joined, given, from, .. } =
            Together::read(invocation, (jurisdiction, &self.folder), &self.given, self.from)?;
        let rows = match read_plan(invocation, plan) {
            Ok(rows) => rows,
            Err(code) => return Ok(code),
        };
        let (plans, strange) = by_campaign(&joined, rows);
        let found = planner::check_joint(&joined, &plans, &given, from);
        let language = words_of(invocation);
        let told = found.violations.iter().map(|one| fault_words::of_joint_plan(language, one));
        let mut result = CheckResult {
            feasible: found.is_feasible() && strange.is_empty(),
            violations: strange.into_iter().chain(told).collect(),
            certificate_problems: Vec::new(),
            figures: found.figures,
        };
        if let Some(certificate) = self.certificate::<JointCertificate>()? {
            let proved = planner::check_joint_certificate(&joined, &certificate, &given, from);
            compare(language, certificate.upper_bound, proved, &mut result);
        }
        let good = result.feasible && result.certificate_problems.is_empty();
        print(invocation, &result, self.certificate.is_some());
        Ok(if good { exit::OK } else { exit::FAILED })
    }

    /// The certificate that was named, in the form that is asked for.
    fn certificate<C: serde::de::DeserializeOwned>(&self) -> anyhow::Result<Option<C>> {
        let Some(path) = &self.certificate else { return Ok(None) };
        let text = crate::files::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let certificate = serde_json::from_str(&text)
            .with_context(|| format!("{} is no certificate", path.display()))?;
        Ok(Some(certificate))
    }
}

/// The language of what is wrong: programs always read English.
fn words_of(invocation: &Invocation) -> Language {
    if invocation.out.format == Format::Table { invocation.out.language } else { Language::En }
}

/// Compares the bound that prices prove with what their certificate claims, and with the plan.
fn compare(
    language: Language,
    claimed: f64,
    (bound, mut problems): (f64, Vec<String>),
    result: &mut CheckResult,
) {
    let slack = SLACK * bound.abs().max(1.0);
    let objective = result.figures.objective;
    // What the check of the prices says of the claim is said here, once.
    let is_other = |problem: &String| !problem.starts_with("upper_bound");
    let is_told = !problems.iter().all(is_other);
    problems.retain(is_other);
    if bound < objective - slack {
        let said: [(&str, &dyn Display); 2] = [("bound", &bound), ("objective", &objective)];
        problems.push(say(language, "check-bound-below", &said));
    }
    if is_told || claimed < bound - slack {
        let said: [(&str, &dyn Display); 2] = [("claimed", &claimed), ("bound", &bound)];
        problems.push(say(language, "check-bound-claimed", &said));
    }
    result.figures.upper_bound = bound;
    result.figures.gap = if bound > 0.0 { (bound - objective) / bound } else { 0.0 };
    result.certificate_problems = problems;
}

fn print(invocation: &Invocation, result: &CheckResult, with_bound: bool) {
    if invocation.out.format != Format::Table {
        invocation.out.thing(result);
        return;
    }
    let mut lines = vec![if result.feasible {
        invocation.out.word("check-feasible")
    } else {
        invocation.out.say("check-infeasible", &[("count", &result.violations.len())])
    }];
    lines.extend(result.violations.iter().map(|text| format!("  {text}")));
    let of_certificate = |said: &String| invocation.out.say("check-certificate", &[("said", said)]);
    let problems = result.certificate_problems.iter().map(of_certificate);
    lines.extend(problems.map(|text| format!("  {text}")));
    let figures = &result.figures;
    let mut said = vec![("objective", "column-objective", figures.objective.to_string())];
    if with_bound {
        said.push(("upper_bound", "figure-upper-bound", figures.upper_bound.to_string()));
        said.push(("gap", "column-gap", figures.gap.to_string()));
    }
    said.push(("doses", "figure-doses", figures.doses.to_string()));
    said.push(("people", "figure-people", figures.people.to_string()));
    let finished = figures.people_finished.to_string();
    said.push(("people_finished", "figure-people-finished", finished));
    if let Some(worst) = &figures.worst_area {
        let worst = format!("{} {}", worst.area, worst.share);
        said.push(("worst_area", "figure-worst-area", worst));
    }
    said.push(("travel_km", "column-travel_km", figures.travel_km.to_string()));
    lines.extend(said.into_iter().map(|(code, key, figure)| match invocation.out.language {
        Language::En => format!("{code:<17}{figure}"),
        Language::ZhCn => format!("{}：{figure}", invocation.out.word(key)),
    }));
    super::output::print(&(lines.join("\n") + "\n"));
}

fn read_plan(invocation: &Invocation, path: &Path) -> Result<Vec<CampaignRow>, u8> {
    rows::plan(path).map_err(|issues| {
        for issue in &issues {
            super::output::tell(&issue.line(invocation.out.language));
        }
        let missing = issues.iter().any(|issue| issue.code == "path_missing");
        if missing { exit::CONFIGURATION } else { exit::FAILED }
    })
}
