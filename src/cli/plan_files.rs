//! Plans straight from files: `plan make --folder` and `plan check`, without a database.

use super::output::Format;
use super::{Session, exit, parse_day};
use crate::app::coverage::given_rows;
use crate::domain::campaign::Campaign;
use crate::domain::counting::{Cells, count_tally};
use crate::domain::dose::{GivenRow, Tally};
use crate::domain::id::RecordId;
use crate::domain::plan::{Certificate, Figures, PlanRow};
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
    /// The plan as `plan make -o csv` prints it
    plan: PathBuf,
    /// The prices that prove a bound
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Doses given before --from
    #[arg(long, value_name = "TALLIES.csv", requires = "from")]
    given: Option<PathBuf>,
    /// First day of the plan; doses before it are history
    #[arg(long, value_parser = parse_day)]
    from: Option<NaiveDate>,
}

#[derive(Serialize)]
struct Report {
    feasible: bool,
    violations: Vec<String>,
    certificate_problems: Vec<String>,
    #[serde(flatten)]
    figures: Figures,
}

/// A certificate may be below the objective by rounding, but by no more than this part.
const SLACK: f64 = 1e-6;

/// Files that could not be read; what is wrong has been printed.
#[derive(Debug, thiserror::Error)]
#[error("the files cannot be used; what is wrong stands above")]
pub(super) struct Unusable;

/// A campaign from its files, and a history from tallies.
pub(super) fn read(
    session: &Session,
    folder: &Path,
    given: Option<&Path>,
) -> anyhow::Result<(Campaign, Vec<GivenRow>)> {
    let campaign = super::campaign::read(session, folder).map_err(|_| Unusable)?;
    let given = match given {
        Some(path) => read_tallies(session, path)?,
        None => Vec::new(),
    };
    Ok((campaign, given))
}

/// What is planned: a campaign of the database, or files.
#[derive(Debug, Args)]
pub(super) struct Basis {
    /// The campaign, where the database has several
    pub(super) id: Option<String>,
    /// Straight from a folder or workbook, without a database
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
    /// Campaign, doses given and first day of a folder, where one is named.
    pub(super) fn folder(
        &self,
        session: &Session,
    ) -> anyhow::Result<Option<(Campaign, Vec<GivenRow>, NaiveDate)>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let (campaign, given) = read(session, folder, self.given.as_deref())?;
        let from = self.from.unwrap_or(campaign.start).max(campaign.start);
        Ok(Some((campaign, given, from)))
    }
}

/// Tallies of a file as doses given; a record that comes twice counts once, its last row.
fn read_tallies(session: &Session, path: &Path) -> anyhow::Result<Vec<GivenRow>> {
    let tell = |issues: &[Issue]| {
        for issue in issues {
            eprintln!("{}", issue.line(session.out.language));
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
    pub(super) fn run(&self, session: &Session) -> anyhow::Result<u8> {
        let (campaign, given) = read(session, &self.path, self.given.as_deref())?;
        let rows = match read_plan(session, &self.plan) {
            Ok(rows) => rows,
            Err(code) => return Ok(code),
        };
        let from = self.from.unwrap_or(campaign.start);
        let found = planner::check(&campaign, &rows, &given, from);
        let mut report = Report {
            feasible: found.is_feasible(),
            violations: found.violations.iter().map(ToString::to_string).collect(),
            certificate_problems: Vec::new(),
            figures: found.figures,
        };
        if let Some(path) = &self.certificate {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let certificate: Certificate = serde_json::from_str(&text)
                .with_context(|| format!("{} is no certificate", path.display()))?;
            judge(&campaign, &certificate, &given, from, &mut report);
        }
        let good = report.feasible && report.certificate_problems.is_empty();
        print(session, &report, self.certificate.is_some());
        Ok(if good { exit::OK } else { exit::FAILED })
    }
}

/// Evaluates the prices again and compares with what they claim.
fn judge(
    campaign: &Campaign,
    certificate: &Certificate,
    given: &[GivenRow],
    from: NaiveDate,
    report: &mut Report,
) {
    let (bound, mut problems) = planner::check_certificate(campaign, certificate, given, from);
    let slack = SLACK * bound.abs().max(1.0);
    let objective = report.figures.objective;
    if bound < objective - slack {
        problems.push(format!("bound {bound} is below the objective {objective}"));
    }
    if certificate.upper_bound < bound - slack {
        let claimed = certificate.upper_bound;
        problems.push(format!("upper_bound {claimed} is not what the prices prove: {bound}"));
    }
    report.figures.upper_bound = bound;
    report.figures.gap = if bound > 0.0 { (bound - objective) / bound } else { 0.0 };
    report.certificate_problems = problems;
}

fn print(session: &Session, report: &Report, with_bound: bool) {
    if session.out.format == Format::Json {
        session.out.json(report);
        return;
    }
    let mut lines = vec![if report.feasible {
        session.out.word("check-feasible")
    } else {
        session.out.say("check-infeasible", &[("count", &report.violations.len())])
    }];
    lines.extend(report.violations.iter().map(|text| format!("  {text}")));
    lines.extend(report.certificate_problems.iter().map(|text| format!("  certificate: {text}")));
    let figures = &report.figures;
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

fn read_plan(session: &Session, path: &Path) -> Result<Vec<PlanRow>, u8> {
    rows::plan(path).map_err(|issues| {
        for issue in &issues {
            eprintln!("{}", issue.line(session.out.language));
        }
        let missing = issues.iter().any(|issue| issue.code == "path_missing");
        if missing { exit::CONFIGURATION } else { exit::FAILED }
    })
}
