//! Files of records that come through the dashboard. The file lies in a folder of its own as long as it is read; what
//! stays there are its refused rows, until somebody has had time to correct them.

use super::{Imported, Kind, Order};
use crate::app::{App, AppError, Loaded, Result};
use crate::domain::campaign::Language;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::plausible::Sure;
use crate::intake::profile::Profile;
use crate::store::imports;
use chrono::{DateTime, TimeDelta, Utc};
use std::io;
use std::path::{Path, PathBuf};

/// The folder beside a SQLite database, or else where the daemon runs.
const FOLDER: &str = "imports";
/// How long refused rows lie there: they hold names. Our choice.
const KEPT: TimeDelta = TimeDelta::days(30);
/// The longest name of a file.
const NAME_BYTES_MAX: usize = 120;

/// A file that somebody sent.
#[derive(Debug)]
pub struct Sent {
    /// What its rows are.
    pub kind: Kind,
    /// The campaign asked for; `None`: the rows say it.
    pub campaign: Option<Loaded>,
    /// The file's name.
    pub name: String,
    /// What it says.
    pub content: Vec<u8>,
    /// How its headings and codes become ours.
    pub profile: Option<Profile>,
    /// The language of the reasons.
    pub language: Language,
}

impl App {
    /// Imports a file that `by` sent. Its refused rows can be fetched by the import's number.
    pub async fn import_sent(
        &self,
        sent: Sent,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        permission::may(by, Power::Plan)?;
        let kept = self.keep_sent(&sent.name, &sent.content)?;
        drop(sent.content);
        let order = Order {
            campaign: sent.campaign.as_ref(),
            kind: sent.kind,
            path: kept.path(),
            language: sent.language,
            revives: false,
            sure: Sure::None,
            profile: sent.profile.as_ref(),
            by,
        };
        Box::pin(self.import_file(&order, now)).await
    }

    /// Writes a file that somebody sent into a folder of its own, for as long as it is read.
    pub(in crate::app) fn keep_sent(&self, name: &str, content: &[u8]) -> Result<Input> {
        let folder = self.import_folder().join(uuid::Uuid::new_v4().simple().to_string());
        let unwritten =
            |error: io::Error| AppError::refused("refused-import-folder", &[("said", &error)]);
        crate::files::create_dir_all(&folder).map_err(unwritten)?;
        let input = Input(folder.join(file_name(name)));
        crate::files::write(&input.0, content).map_err(unwritten)?;
        Ok(input)
    }

    /// Deletes refused rows that have lain there for too long.
    pub(in crate::app) fn forget_refused(&self, now: DateTime<Utc>) {
        forget_older(&self.import_folder(), now);
    }

    fn import_folder(&self) -> PathBuf {
        let beside = self.store.file().map(crate::store::place::folder_of);
        beside.unwrap_or(Path::new("")).join(FOLDER)
    }

    /// Name and content of the refused rows of an import, as a workbook where the file was one that holds them all;
    /// `None` where there are none, or no longer.
    pub async fn refused_rows(
        &self,
        number: i64,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, Vec<u8>)>> {
        permission::may(by, Power::Plan)?;
        let mut tx = self.store.read().await?;
        let Some(path) = imports::errors_of(&mut tx, number).await?.map(PathBuf::from) else {
            return Ok(None);
        };
        drop(tx);
        let Ok(content) = crate::files::read(&path) else { return Ok(None) };
        let act =
            self.act((by, Power::Plan), crate::domain::audit::Action::SeeRecords, now).await?;
        act.commit(None, &format!("refused rows of import {number}")).await?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Some((name, content)))
    }
}

/// The file while it is read; it goes with this.
pub(in crate::app) struct Input(PathBuf);

impl Input {
    /// Where it lies.
    pub(in crate::app) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "an imported file could not be deleted");
        }
        // The folder stays where it holds refused rows.
        let _ = self.0.parent().map(std::fs::remove_dir);
    }
}

/// A name that is one name: without folders, not hidden, not too long.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).collect();
    let plain = plain.trim().trim_start_matches('.');
    let (stem, ending) = plain.rsplit_once('.').unwrap_or((plain, "csv"));
    let mut stem = stem.to_owned();
    while stem.len() > NAME_BYTES_MAX {
        stem.pop();
    }
    let is_known = ["csv", "txt", "xlsx", "xls"].contains(&ending.to_ascii_lowercase().as_str());
    let ending = if is_known { ending } else { "csv" };
    if stem.is_empty() { format!("file.{ending}") } else { format!("{stem}.{ending}") }
}

/// Deletes what has lain in the folder for too long.
fn forget_older(base: &Path, now: DateTime<Utc>) {
    let Ok(entries) = std::fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let is_old = entry.metadata().and_then(|found| found.modified());
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.len() == 32);
        if is_ours && is_old.is_ok_and(|at| DateTime::<Utc>::from(at) + KEPT < now) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_plain_name() {
        for (given, name) in [
            ("人员.xlsx", "人员.xlsx"),
            ("C:\\data\\a.CSV", "a.CSV"),
            ("../../etc/passwd", "passwd.csv"),
            (".hidden.csv", "hidden.csv"),
            ("", "file.csv"),
            ("..", "file.csv"),
            ("a.exe", "a.csv"),
        ] {
            assert_eq!(file_name(given), name, "{given}");
        }
        assert!(file_name(&"长".repeat(300)).len() < 130);
    }
}
