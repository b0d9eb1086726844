//! Setting up campaigns in the browser: the workbook of a campaign, an empty one, and one made from the basics, which
//! is checked and applied like an uploaded one.

use super::{App, AppError, Loaded, Result};
use crate::domain::account::Account;
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::setup::{Basics, set_up};
use crate::intake::workbook_form;
use chrono::{DateTime, NaiveDateTime, Utc};
use std::fmt::Display;

impl App {
    /// The workbook of a campaign, as `campaign export` writes it. It has the contacts of sites, so that a line of the
    /// audit log comes first.
    pub async fn campaign_workbook(
        &self,
        loaded: &Loaded,
        language: Language,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>> {
        let own = self.own(loaded).await?;
        let act = self.act((by, Power::Plan), Action::Export, now).await?;
        act.commit(Some(loaded.campaign.id.as_str()), "workbook").await?;
        let made_at = now.with_timezone(&loaded.campaign.timezone).naive_local();
        drawn(move || workbook_form::campaign(&own, language, made_at)).await
    }

    /// A workbook to fill in, as `campaign new` writes it.
    pub async fn blank_workbook(
        &self,
        language: Language,
        made_at: NaiveDateTime,
    ) -> Result<Vec<u8>> {
        drawn(move || workbook_form::blank(language, made_at)).await
    }

    /// Makes the workbook of a new campaign from its basics and keeps it like an uploaded one; returns its id. Refused
    /// where the id is taken, and where there are no areas and places yet.
    pub async fn keep_basics(
        &self,
        account: &Account,
        basics: Basics,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<String> {
        permission::may(Actor::Account(account), Power::Plan)?;
        let id = basics.id.clone();
        if self.campaigns().await?.iter().any(|known| known.campaign.id == id) {
            return Err(AppError::refused("refused-campaign-taken", &[("campaign", &id)]));
        }
        if self.jurisdiction().await?.is_none() {
            return Err(AppError::refused("refused-no-places", &[]));
        }
        let made_at = now.with_timezone(&basics.timezone).naive_local();
        let own = set_up(basics);
        let bytes = drawn(move || workbook_form::campaign(&own, language, made_at)).await?;
        self.keep_upload(account, &format!("{id}.xlsx"), bytes, now).await
    }

    /// Name and bytes of a workbook that an account uploaded, as it is; `None` if it is gone.
    pub async fn upload_file(
        &self,
        account: &Account,
        id: &str,
    ) -> Result<Option<(String, Vec<u8>)>> {
        permission::may(Actor::Account(account), Power::Plan)?;
        let found = self.stored(account, id).await?;
        // Of one that cannot be opened only the reason is kept.
        Ok(found.filter(|(_, content)| crate::intake::shut_issues(content).is_none()))
    }
}

/// Writes a workbook beside the threads that answer.
async fn drawn<E: Display + Send + 'static>(
    make: impl FnOnce() -> std::result::Result<Vec<u8>, E> + Send + 'static,
) -> Result<Vec<u8>> {
    let refused = |said: &dyn Display| AppError::refused("refused-no-workbook", &[("said", said)]);
    let made = tokio::task::spawn_blocking(make).await;
    made.map_err(|error| refused(&error))?.map_err(|error| refused(&error))
}
