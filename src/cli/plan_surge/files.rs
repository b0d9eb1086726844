//! `doseplan plan surge --jurisdiction`: one answer for the campaigns of a folder, without a database.

use super::Surge;
use crate::app::checks::shell_word;
use crate::app::supposing::TogetherUntil;
use crate::cli::Invocation;
use crate::cli::output::harmless;
use crate::cli::plan_joint::Together;
use crate::domain::planner::StaffedPlaces;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The folders of the campaigns of a jurisdiction: its subfolders with a `campaign.toml`, by name.
fn campaigns_of(invocation: &Invocation, jurisdiction: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !jurisdiction.exists() {
        // Reading it says so.
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(jurisdiction).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path());
    let mut found: Vec<PathBuf> =
        folders.filter(|folder| folder.join("campaign.toml").is_file()).collect();
    found.sort();
    if found.is_empty() {
        let path = harmless(&jurisdiction.display().to_string());
        return Err(invocation.out.fail("surge-no-folders", &[("path", &path)]));
    }
    Ok(found)
}

impl Surge {
    /// One answer for the campaigns of files.
    pub(super) fn of_files(
        &self,
        invocation: &Invocation,
        jurisdiction: &Path,
    ) -> anyhow::Result<u8> {
        let folders = match self.basis.folder.as_slice() {
            [] => campaigns_of(invocation, jurisdiction)?,
            named => named.to_vec(),
        };
        let (given, from) = (self.basis.given.as_slice(), self.basis.from);
        let Together { jurisdiction: places, local, joined, given, from } =
            Together::read(invocation, (jurisdiction, &folders), given, from)?;
        let mut all: Vec<_> = local.into_iter().zip(given).zip(&folders).collect();
        self.leave_out_later(invocation, &mut all, |((local, _), _)| &local.campaign)?;
        let mut again = format!("doseplan plan make --jurisdiction {}", shell_word(jurisdiction));
        for ((local, _), folder) in &all {
            let _ = write!(again, " --folder {}", shell_word(folder));
            let tallies = self.basis.given.iter().filter(|named| {
                let named = named.to_string_lossy();
                named.split_once('=').is_some_and(|(id, _)| id == local.campaign.id.as_str())
            });
            for named in tallies {
                let _ = write!(again, " --given {}", shell_word(named));
            }
        }
        let _ = write!(again, " --from {from}");
        let (mut local, given): (Vec<_>, Vec<_>) = all.into_iter().map(|(one, _)| one).unzip();
        for one in &mut local {
            one.campaign.end = self.by;
        }
        let known = StaffedPlaces::new(&places, (&[], &[]), (from, self.by));
        let until = TogetherUntil {
            joined: known.jurisdiction.join(&local, from),
            given,
            from,
            unstaffed: known.unstaffed,
            jurisdiction: joined.jurisdiction,
            others: Vec::new(),
            rounds: Vec::new(),
        };
        self.answer_joint(invocation, &until, ("surge-enter-files", harmless(&again)))
    }
}
