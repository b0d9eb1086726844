//! Backups that are made from the dashboard: into one folder of the machine, beside the database or where the
//! configuration says. Their files hold all that the database holds, so that nobody fetches one over the network.

use super::checks::FREE_MB_MIN;
use super::{App, AppError, Result};
use crate::domain::audit::Action;
use crate::domain::permission::{self, Actor, Power};
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// The folder beside a SQLite database.
const FOLDER: &str = "backups";
/// How the files end.
const ENDING: &str = ".db";

/// A backup in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// When it was written, milliseconds since 1970.
    pub at: i64,
}

/// The folder of backups, and what lies in it.
#[derive(Debug, Clone, Default)]
pub struct Backups {
    /// The folder; `None`: the database is no file, and the configuration names none.
    pub folder: Option<PathBuf>,
    /// The backups, the newest first.
    pub files: Vec<BackupFile>,
    /// Why the folder cannot be read.
    pub fault: Option<String>,
}

impl App {
    /// Where backups go that are made from the dashboard.
    fn backup_folder(&self) -> Option<PathBuf> {
        let beside = |file: &Path| crate::store::place::folder_of(file).join(FOLDER);
        self.config.backup.dir.clone().or_else(|| self.store.file().map(beside))
    }

    /// The backups of the folder.
    pub fn backups(&self, by: Actor<'_>) -> Result<Backups> {
        permission::may(by, Power::Operation)?;
        let Some(folder) = self.backup_folder() else { return Ok(Backups::default()) };
        let (mut files, mut fault) = (Vec::new(), None);
        match std::fs::read_dir(&folder) {
            Ok(entries) => files.extend(entries.flatten().filter_map(|entry| file_of(&entry))),
            // It is made with the first backup.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => fault = Some(error.to_string()),
        }
        files.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.name.cmp(&a.name)));
        Ok(Backups { folder: Some(folder), files, fault })
    }

    /// Writes a backup into the folder; returns its name. Refused where there is no folder, or too little space for a
    /// copy of the database and what the day's work needs.
    pub async fn make_backup(&self, by: Actor<'_>, now: DateTime<Utc>) -> Result<String> {
        permission::may(by, Power::Operation)?;
        let none = || AppError::refused("refused-backup-folder", &[]);
        let folder = self.backup_folder().ok_or_else(none)?;
        let shown = folder.display();
        crate::files::create_dir_all(&folder).map_err(|error| {
            AppError::refused("refused-backup-dir", &[("dir", &shown), ("said", &error)])
        })?;
        if let Some((free, wanted)) = self.short_of_space(&folder) {
            return Err(AppError::refused(
                "refused-backup-space",
                &[("dir", &shown), ("free", &free), ("wanted", &wanted)],
            ));
        }
        let name = format!("doseplan-{}{ENDING}", now.format("%Y%m%d-%H%M%S"));
        let act = self.act((by, Power::Operation), Action::Export, now).await?;
        act.commit(None, &format!("backup {name}")).await?;
        self.backup(&folder.join(&name), false, now).await?;
        Ok(name)
    }

    /// Megabytes that are free and that are needed, where that is too few.
    fn short_of_space(&self, folder: &Path) -> Option<(u64, u64)> {
        let size = self.store.file().and_then(|file| std::fs::metadata(file).ok());
        let wanted = size.map_or(0, |size| size.len() / 1_000_000) + FREE_MB_MIN;
        let disk = rustix::fs::statvfs(folder).ok()?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) / 1_000_000;
        (free < wanted).then_some((free, wanted))
    }
}

/// A backup, if the entry of the folder is one.
fn file_of(entry: &std::fs::DirEntry) -> Option<BackupFile> {
    let name = entry.file_name().into_string().ok()?;
    let found = entry.metadata().ok()?;
    if !name.ends_with(ENDING) || !found.is_file() {
        return None;
    }
    let at = DateTime::<Utc>::from(found.modified().ok()?);
    Some(BackupFile { name, bytes: found.len(), at: at.timestamp_millis() })
}
