//! Campaigns and histories from files, without a database.

use super::{Invocation, parse_day};
use crate::app::coverage::given_rows;
use crate::domain::campaign::{Campaign, Language};
use crate::domain::counting::{Cells, count_tally};
use crate::domain::dose::{GivenRow, Tally};
use crate::domain::id::RecordId;
use crate::domain::plan::first_day;
use crate::intake::{Issue, rows};
use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    pub(super) folder: Vec<PathBuf>,
    /// First day to plan [default: today, or the start]
    #[arg(long, value_parser = parse_day)]
    pub(super) from: Option<NaiveDate>,
    /// Doses given before --from, with --folder
    #[arg(long, value_name = "TALLIES.csv", requires = "folder")]
    pub(super) given: Vec<PathBuf>,
}

/// Ends the program: the arguments do not go together, although each is right alone.
pub(super) fn misused(invocation: &Invocation, key: &str) -> ! {
    let (out, said) = (invocation.out, invocation.out.word(key));
    let error = super::Cli::command().error(ErrorKind::WrongNumberOfValues, &said);
    if out.language == Language::ZhCn {
        super::output::tell(&format!("{said}\n{}", out.word("usage-help")));
        std::process::exit(error.exit_code());
    }
    error.exit()
}

/// The only one of a list that may be longer elsewhere.
pub(super) fn only<'a>(invocation: &Invocation, list: &'a [PathBuf]) -> Option<&'a Path> {
    if list.len() > 1 {
        misused(invocation, "plan-one-folder");
    }
    list.first().map(PathBuf::as_path)
}

impl Basis {
    /// Campaign, doses given and first day, if `--folder` names files.
    pub(super) fn folder(
        &self,
        invocation: &Invocation,
    ) -> anyhow::Result<Option<(Campaign, Vec<GivenRow>, NaiveDate)>> {
        let Some(folder) = only(invocation, &self.folder) else { return Ok(None) };
        let (campaign, given) = read(invocation, folder, only(invocation, &self.given))?;
        // Files have no today.
        let from = first_day(&campaign, campaign.start, self.from);
        Ok(Some((campaign, given, from)))
    }
}

/// The tallies of a file as doses given. If a record occurs more than once, its last row counts.
pub(super) fn read_tallies(invocation: &Invocation, path: &Path) -> anyhow::Result<Vec<GivenRow>> {
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
