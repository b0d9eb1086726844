//! Workbooks that were uploaded: kept as bytes under a random name until they are taken or forgotten.

use super::{App, AppError, Result, millis};
use crate::domain::account::Account;
use crate::domain::campaign::Language;
use crate::intake::{self, Issue};
use crate::store::uploads;
use chrono::{DateTime, TimeDelta, Utc};
use std::path::Path;

/// An upload is forgotten after so long.
const UPLOAD_MAX: TimeDelta = TimeDelta::hours(24);
/// Uploads of an account that are kept.
const UPLOADS_KEPT: i64 = 3;

/// A workbook that was uploaded, and what it says.
#[derive(Debug)]
pub struct Upload {
    /// What the file was called.
    pub name: String,
    /// The campaign, or everything that is wrong.
    pub read: std::result::Result<intake::Loaded, Vec<Issue>>,
}

impl App {
    /// Keeps the bytes of a workbook; returns the random name under which.
    pub async fn keep_upload(
        &self,
        account: &Account,
        name: &str,
        content: Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let at = millis(now);
        let mut tx = self.store.write().await?;
        let over = (millis(now - UPLOAD_MAX), UPLOADS_KEPT);
        uploads::insert(&mut tx, &id, account.id, (name, content), at, over).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A workbook that an account uploaded, read as `campaign check` reads it. `None`: it is gone.
    pub async fn upload(&self, account: &Account, id: &str) -> Result<Option<Upload>> {
        let Some((name, content)) = self.stored(account, id).await? else { return Ok(None) };
        let shown = name.clone();
        let read = tokio::task::spawn_blocking(move || {
            intake::workbook(content, &shown, intake::series::all())
        });
        match read.await {
            Ok(read) => Ok(Some(Upload { name, read })),
            Err(error) => Err(AppError::refused("refused-reading", &[("said", &error)])),
        }
    }

    async fn stored(&self, account: &Account, id: &str) -> Result<Option<(String, Vec<u8>)>> {
        let mut tx = self.store.read().await?;
        Ok(uploads::find(&mut tx, id, account.id).await?)
    }

    /// A workbook that was uploaded with its issues marked, as `campaign check` writes it beside the file: what it is
    /// called, and its bytes. `None`: it is gone, has no issues, or cannot be opened.
    pub async fn marked_upload(
        &self,
        account: &Account,
        id: &str,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, Vec<u8>)>> {
        let Some((name, content)) = self.stored(account, id).await? else { return Ok(None) };
        let made = tokio::task::spawn_blocking(move || {
            let read = intake::workbook(content.clone(), &name, intake::series::all());
            let issues = read.map_or_else(|issues| issues, |loaded| loaded.warnings);
            let marked =
                || intake::marked_upload(content, &name, &issues, language, now.naive_utc()).ok();
            let bytes = (!issues.is_empty()).then(marked).flatten();
            let called = intake::marked_path(Path::new(&name)).to_string_lossy().into_owned();
            bytes.map(|bytes| (called, bytes))
        });
        made.await.map_err(|error| AppError::refused("refused-reading", &[("said", &error)]))
    }

    /// Forgets an upload.
    pub async fn forget_upload(&self, account: &Account, id: &str) -> Result<()> {
        let mut tx = self.store.write().await?;
        uploads::delete(&mut tx, id, account.id).await?;
        Ok(tx.commit().await?)
    }
}
