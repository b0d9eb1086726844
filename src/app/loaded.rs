//! A campaign as it stands in the database, whole or in the part that somebody may see.

use super::{AppError, Result};
use crate::domain::campaign::Campaign;
use crate::domain::id::AreaCode;
use crate::domain::judge::Judge;
use crate::domain::permission::{self, Actor};
use crate::store::CampaignNo;
use crate::store::near::Near;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::sync::Arc;

/// A campaign that is in the database.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its row.
    pub no: CampaignNo,
    /// Its version, from 1.
    pub version: i64,
    /// The version of the jurisdiction's places with which it was read.
    pub places: i64,
    /// What it says.
    pub campaign: Arc<Campaign>,
    /// Its dose rules at work.
    pub judge: Arc<Judge>,
    /// Whether it is not closed.
    pub is_open: bool,
    /// The areas of which it is a part; `None`: it is whole. A part is for looking at only.
    pub tops: Option<Arc<[AreaCode]>>,
}

/// Refuses plans of campaigns that are closed.
pub(super) fn only_open(all: &[Loaded]) -> Result<()> {
    match all.iter().find(|one| !one.is_open) {
        Some(closed) => {
            let id = closed.campaign.id.as_str();
            Err(AppError::refused("refused-plan-closed", &[("id", &id)]))
        }
        None => Ok(()),
    }
}

impl Loaded {
    /// The campaign as somebody may see it.
    #[must_use]
    pub fn seen_by(&self, actor: Actor<'_>) -> Self {
        self.part(permission::areas_of(actor).map(Arc::from))
    }

    /// The part of the campaign that lies in these areas.
    #[must_use]
    pub fn below(&self, tops: &[AreaCode]) -> Self {
        self.part(Some(Arc::from(tops)))
    }

    /// Another version of the campaign, in the same part of the tree.
    #[must_use]
    pub fn like(&self, other: &Self) -> Self {
        other.part(self.tops.clone())
    }

    fn part(&self, tops: Option<Arc<[AreaCode]>>) -> Self {
        let Some(tops) = tops else { return self.clone() };
        let campaign = Arc::new(self.campaign.within(&tops));
        Self { campaign, tops: Some(tops), ..self.clone() }
    }

    /// Whether facts of an area are to be seen.
    pub fn shows(&self, area: &AreaCode) -> bool {
        self.tops.is_none() || self.campaign.has_people_of(area)
    }

    /// The same campaign as it is on a day: people and places of areas that were merged by then are their
    /// successors'.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> Self {
        match self.campaign.on(day) {
            Cow::Borrowed(_) => self.clone(),
            Cow::Owned(campaign) => Self { campaign: Arc::new(campaign), ..self.clone() },
        }
    }

    /// Of whose records its work reads; `None`: of everybody's.
    pub fn near(&self) -> Option<Near<'_>> {
        let areas = self.campaign.around.as_deref()?;
        Some(Near { areas, campaign: self.no })
    }

    /// What doses are judged by.
    pub fn rules(&self) -> (&Campaign, &Judge) {
        (&self.campaign, &self.judge)
    }
}
