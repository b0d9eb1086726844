//! Uploaded workbooks: stored under a random id until they are applied or too old.

use super::{App, AppError, Result, millis};
use crate::domain::account::Account;
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::permission::{Actor, Power};
use crate::intake::{self, Issue};
use crate::store::uploads;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::path::Path;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Age at which an upload is deleted.
const UPLOAD_MAX: TimeDelta = TimeDelta::hours(24);
/// The most uploads that are stored for one account.
const UPLOADS_KEPT: i64 = 3;

/// An uploaded workbook and its content.
#[derive(Debug)]
pub struct Upload {
    /// Name of the uploaded file.
    pub name: String,
    /// The campaign, or everything that is wrong.
    pub read: std::result::Result<intake::Loaded, Vec<Issue>>,
}

impl App {
    /// Stores the bytes of a workbook; returns its random id. A workbook with errors is stored too, so that it can be
    /// given back with its errors marked; the audit log has their codes. Of one that cannot be opened only the reason
    /// is stored.
    pub async fn keep_upload(
        &self,
        account: &Account,
        name: &str,
        content: Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let places = self.jurisdiction().await?;
        let read = read(name.to_owned(), content.clone(), places).await?;
        let (did, said, campaign) = match &read {
            Ok(loaded) => (Action::Upload, String::new(), Some(loaded.campaign.id.as_str())),
            Err(issues) => {
                let errors = issues.iter().filter(|issue| issue.is_error());
                let codes: BTreeSet<&str> = errors.map(|issue| issue.code).collect();
                let codes: Vec<&str> = codes.into_iter().collect();
                (Action::Refused, format!("upload: {}", codes.join(", ")), None)
            }
        };
        let content = shut(&read).unwrap_or(content);
        let by = (Actor::Account(account), Power::Plan);
        let mut act = self.act(by, did, now).await?;
        let over = (millis(now - UPLOAD_MAX), UPLOADS_KEPT);
        uploads::insert(&mut act, &id, account.id, (name, content), millis(now), over).await?;
        act.commit(campaign, &said).await?;
        Ok(id)
    }

    /// A workbook that an account uploaded, read as `campaign check` reads it; `None` if it is gone.
    pub async fn upload(&self, account: &Account, id: &str) -> Result<Option<Upload>> {
        let Some((name, content)) = self.stored(account, id).await? else { return Ok(None) };
        if let Some(issues) = intake::shut_issues(&content) {
            return Ok(Some(Upload { name, read: Err(issues) }));
        }
        let read = read(name.clone(), content, self.jurisdiction().await?).await?;
        if let Some(told) = shut(&read) {
            let mut tx = self.store.write().await?;
            uploads::replace(&mut tx, id, account.id, told).await?;
            tx.commit().await?;
        }
        Ok(Some(Upload { name, read }))
    }

    pub(super) async fn stored(
        &self,
        account: &Account,
        id: &str,
    ) -> Result<Option<(String, Vec<u8>)>> {
        let mut tx = self.store.read().await?;
        Ok(uploads::find(&mut tx, id, account.id).await?)
    }

    /// Name and bytes of an uploaded workbook with its issues marked, as `campaign check` writes it beside the file;
    /// `None` if it is gone, has no issues, or cannot be opened.
    pub async fn marked_upload(
        &self,
        account: &Account,
        id: &str,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, Vec<u8>)>> {
        let Some((name, content)) = self.stored(account, id).await? else { return Ok(None) };
        if intake::shut_issues(&content).is_some() {
            return Ok(None);
        }
        let places = self.jurisdiction().await?;
        let _turn = turn().await;
        let made = tokio::task::spawn_blocking(move || {
            let known = intake::series::all();
            let read = intake::workbook(content.clone(), &name, known, places.as_ref());
            let issues = read.map_or_else(|issues| issues, |loaded| loaded.warnings);
            let marked =
                || intake::marked_upload(content, &name, &issues, language, now.naive_utc()).ok();
            let is_open = !issues.is_empty() && !issues.iter().any(Issue::is_about_opening);
            let bytes = is_open.then(marked).flatten();
            let called = intake::marked_path(Path::new(&name)).to_string_lossy().into_owned();
            bytes.map(|bytes| (called, bytes))
        });
        made.await.map_err(|error| AppError::refused("refused-reading", &[("said", &error)]))
    }

    /// Applies the campaign of an uploaded workbook and deletes the upload. Returns the campaign's id; `None` if the
    /// workbook is gone or has errors.
    pub async fn apply_upload(
        &self,
        account: &Account,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<CampaignId>> {
        let found = self.upload(account, id).await?;
        let Some(read) = found.and_then(|found| found.read.ok()) else { return Ok(None) };
        let own = read.own;
        let by = (Actor::Account(account), Power::Plan);
        let mut act = self.act(by, Action::CampaignApply, now).await?;
        let applied = self.apply_in(&mut act, &own, now).await?;
        uploads::delete(act.tx(), id, account.id).await?;
        act.commit(Some(own.campaign.id.as_str()), &applied.said()).await?;
        Ok(Some(own.campaign.id))
    }
}

/// Workbooks that are read at the same time. Others wait without a thread.
static TURNS: Semaphore = Semaphore::const_new(1);

/// Waits until a workbook may be read.
pub(super) async fn turn() -> Option<SemaphorePermit<'static>> {
    TURNS.acquire().await.ok()
}

/// What is stored in place of a workbook that cannot be opened, so that no page opens it again.
fn shut(read: &std::result::Result<intake::Loaded, Vec<Issue>>) -> Option<Vec<u8>> {
    read.as_ref().err().and_then(|issues| intake::shut(issues))
}

/// What the bytes of a workbook say, as `campaign check` reads them.
async fn read(
    name: String,
    content: Vec<u8>,
    places: Option<Jurisdiction>,
) -> Result<std::result::Result<intake::Loaded, Vec<Issue>>> {
    let _turn = turn().await;
    let work = move || intake::workbook(content, &name, intake::series::all(), places.as_ref());
    let read = tokio::task::spawn_blocking(work).await;
    read.map_err(|error| AppError::refused("refused-reading", &[("said", &error)]))
}
