//! Plans from files without a database: `plan make --folder` and `plan check`.

use super::output::Format;
use super::{Invocation, exit, parse_day};
use crate::app::coverage::given_rows;
use crate::domain::campaign::Campaign;
use crate::domain::counting::{Cells, count_tally};
use crate::domain::dose::{GivenRow, Tally};
use crate::domain::id::RecordId;
use crate::domain::plan::{Certificate, Figures, PlanRow, first_day};
use crate::domain::planner;
use crate::intake::{Issue, rows};
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Check a plan against a campaign folder.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The campaign folder or workbook
    path: PathBuf,
    /// The plan, as printed by `plan make -o csv`
    plan: PathBuf,
    /// The prices that prove an upper bound
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Doses given before --from
    #[arg(long, value_name = "TALLIES.csv", requires = "from")]
    given: Option<PathBuf>,
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

/// Files that cannot be used. What is wrong with them has been printed.
#[derive(Debug, thiserror::Error)]
#[error("the files cannot be used; what is wrong stands above")]
pub(super) struct Unusable;

/// Reads a campaign from its files and a history from tallies.
pub(super) fn read(
    invocation: &Invocation,
    folder: &Path,
    given: Option<&Path>,
) -> anyhow::Result<(Campaign, Vec<GivenRow>)> {
    let campaign = super::campaign::read(invocation, folder).map_err(|_| Unusable)?;
    let given = match given {
        Some(path) => read_tallies(invocation, path)?,
        None => Vec::new(),
    };
    Ok((campaign, given))
}

/// What is planned: a campaign of the database, or files.
#[derive(Debug, Args)]
pub(super) struct Basis {
    /// The campaign, if the database has several
    pub(super) id: Option<String>,
    /// Use a folder or workbook directly, without a database
    #[arg(long, value_name = "PATH")]
    folder: Option<PathBuf>,
    /// First day to plan [default: today, or the start]
    #[arg(long, value_parser = parse_day)]
    pub(super) from: Option<NaiveDate>,
    /// Doses given before --from, with --folder
    #[arg(long, value_name = "TALLIES.csv", requires = "folder")]
    given: Option<PathBuf>,
}

impl Basis {
    /// Campaign, doses given and first day, if `--folder` names files.
    pub(super) fn folder(
        &self,
        invocation: &Invocation,
    ) -> anyhow::Result<Option<(Campaign, Vec<GivenRow>, NaiveDate)>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let (campaign, given) = read(invocation, folder, self.given.as_deref())?;
        // Files have no today.
        let from = first_day(&campaign, campaign.start, self.from);
        Ok(Some((campaign, given, from)))
    }
}

/// The tallies of a file as doses given. If a record occurs more than once, its last row counts.
fn read_tallies(invocation: &Invocation, path: &Path) -> anyhow::Result<Vec<GivenRow>> {
    let tell = |issues: &[Issue]| {
        for issue in issues {
            super::output::tell(&issue.line(invocation.out.language));
        }
    };
    let mut rows = rows::tallies(path).map_err(|issues| {
        tell(&issues);
        Unusable
    })?;
    let mut found: BTreeMap<RecordId, Tally> = BTreeMap::new();
    let mut bad = false;
    while let Some(batch) = rows.next_batch(10_000) {
        for row in batch.rows {
            match row.value {
                Ok(tally) => {
                    found.insert(tally.record.clone(), tally);
                }
                Err(issues) => {
                    tell(&issues);
                    bad = true;
                }
            }
        }
    }
    if let Err(issue) = rows.finish() {
        tell(&[issue]);
        bad = true;
    }
    if bad {
        return Err(Unusable.into());
    }
    let mut cells = Cells::new();
    for tally in found.values() {
        count_tally(tally, 1, &mut cells);
    }
    Ok(given_rows(cells))
}

impl Check {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (campaign, given) = read(invocation, &self.path, self.given.as_deref())?;
        let rows = match read_plan(invocation, &self.plan) {
            Ok(rows) => rows,
            Err(code) => return Ok(code),
        };
        let from = self.from.unwrap_or(campaign.start);
        let found = planner::check(&campaign, &rows, &given, from);
        let mut result = CheckResult {
            feasible: found.is_feasible(),
            violations: found.violations.iter().map(ToString::to_string).collect(),
            certificate_problems: Vec::new(),
            figures: found.figures,
        };
        if let Some(path) = &self.certificate {
            let text = crate::files::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let certificate: Certificate = serde_json::from_str(&text)
                .with_context(|| format!("{} is no certificate", path.display()))?;
            check_bound(&campaign, &certificate, &given, from, &mut result);
        }
        let good = result.feasible && result.certificate_problems.is_empty();
        print(invocation, &result, self.certificate.is_some());
        Ok(if good { exit::OK } else { exit::FAILED })
    }
}

/// Computes the bound of the prices again and compares it with what the certificate claims.
fn check_bound(
    campaign: &Campaign,
    certificate: &Certificate,
    given: &[GivenRow],
    from: NaiveDate,
    result: &mut CheckResult,
) {
    let (bound, mut problems) = planner::check_certificate(campaign, certificate, given, from);
    let slack = SLACK * bound.abs().max(1.0);
    let objective = result.figures.objective;
    if bound < objective - slack {
        problems.push(format!("bound {bound} is below the objective {objective}"));
    }
    if certificate.upper_bound < bound - slack {
        let claimed = certificate.upper_bound;
        problems.push(format!("upper_bound {claimed} is not what the prices prove: {bound}"));
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
    lines.extend(result.certificate_problems.iter().map(|text| format!("  certificate: {text}")));
    let figures = &result.figures;
    lines.push(format!("objective        {}", figures.objective));
    if with_bound {
        lines.push(format!("upper_bound      {}", figures.upper_bound));
        lines.push(format!("gap              {}", figures.gap));
    }
    lines.push(format!("doses            {}", figures.doses));
    lines.push(format!("people           {}", figures.people));
    lines.push(format!("people_finished  {}", figures.people_finished));
    if let Some(worst) = &figures.worst_area {
        lines.push(format!("worst_area       {} {}", worst.area, worst.share));
    }
    lines.push(format!("travel_km        {}", figures.travel_km));
    super::output::print(&(lines.join("\n") + "\n"));
}

fn read_plan(invocation: &Invocation, path: &Path) -> Result<Vec<PlanRow>, u8> {
    rows::plan(path).map_err(|issues| {
        for issue in &issues {
            super::output::tell(&issue.line(invocation.out.language));
        }
        let missing = issues.iter().any(|issue| issue.code == "path_missing");
        if missing { exit::CONFIGURATION } else { exit::FAILED }
    })
}
