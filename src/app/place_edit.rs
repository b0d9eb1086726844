//! Changing one place: what it would do, and doing it.

use super::jurisdictions::AppliedPlaces;
use super::{App, AppError, Loaded, Result, today};
use crate::domain::id::CampaignId;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::place_edit::{BadEdit, PlaceEdit, edited, own_edited, touched};
use crate::store::bookings;
use chrono::{DateTime, Utc};

/// What a change of a place would do to one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// Sessions of the plan in force on those days.
    pub sessions: usize,
    /// Doses that they have.
    pub doses: u64,
    /// Doses of them that the place could no longer give.
    pub lost: u64,
    /// People with an appointment at the place on those days.
    pub appointments: usize,
}

impl App {
    /// What a change of a place would do to the plans in force of all open campaigns. Nothing is stored.
    pub async fn place_effect(
        &self,
        code: &str,
        edit: &PlaceEdit,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Effect>> {
        permission::may(by, Power::Plan)?;
        self.edited_places(code, edit).await?;
        let mut out = Vec::new();
        for loaded in self.campaigns().await?.iter().filter(|loaded| loaded.is_open) {
            if let Some(effect) = self.effect_on(loaded, code, edit, now).await? {
                out.push(effect);
            }
        }
        Ok(out)
    }

    async fn effect_on(
        &self,
        loaded: &Loaded,
        code: &str,
        edit: &PlaceEdit,
        now: DateTime<Utc>,
    ) -> Result<Option<Effect>> {
        let campaign = &loaded.campaign;
        let day = today(campaign, now);
        let days = touched(edit, (day.max(campaign.start), campaign.end));
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(None) };
        let sessions = self.sessions(loaded).await?;
        let (mut count, mut doses, mut lost) = (0, 0, 0);
        for (key, entry) in sessions.standing((*first, *last)) {
            let is_team = key.team.as_ref().is_some_and(|team| team.as_str() == code);
            if key.place.as_str() != code && !is_team {
                continue;
            }
            let planned: u64 = entry.doses.values().sum();
            let most = match edit {
                PlaceEdit::Close { doses, .. } => u64::from(*doses),
                PlaceEdit::Open { .. } => u64::MAX,
                PlaceEdit::Capacity { doses, .. } => u64::from(on_weekday(*doses, key.day)),
            };
            count += 1;
            doses += planned;
            lost += planned.saturating_sub(most);
        }
        let mut tx = self.store.read().await?;
        let booked = bookings::from(&mut tx, loaded.no, *first).await?;
        let is_here = |one: &&bookings::Appointment| one.place.as_str() == code && one.day <= *last;
        let appointments = booked.iter().filter(is_here).count();
        if count == 0 && appointments == 0 && campaign.place(code).is_none() {
            return Ok(None);
        }
        Ok(Some(Effect {
            campaign: campaign.id.clone(),
            name: campaign.name.clone(),
            sessions: count,
            doses,
            lost,
            appointments,
        }))
    }

    /// Changes a place; what the plans in force lose is noted, and the appointments that no longer stand end.
    pub async fn edit_place(
        &self,
        code: &str,
        edit: &PlaceEdit,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<AppliedPlaces> {
        permission::may(by, Power::Plan)?;
        let new = self.edited_places(code, edit).await?;
        let old = self.jurisdiction().await?.ok_or(AppError::NoCampaign)?;
        let mut done = Box::pin(self.apply_jurisdiction(&new, by, now)).await?;
        let PlaceEdit::Capacity { from, doses } = edit else { return Ok(done) };
        for loaded in self.campaigns().await?.iter().filter(|loaded| loaded.is_open) {
            let own = self.own(loaded).await?;
            if let Some(own) = own_edited(&own, &old, (code, *from, *doses)) {
                let applied = Box::pin(self.apply_own(&own, by, now)).await?;
                done.broken.extend(applied.broken);
            }
        }
        Ok(done)
    }

    async fn edited_places(
        &self,
        code: &str,
        edit: &PlaceEdit,
    ) -> Result<crate::domain::jurisdiction::Jurisdiction> {
        let of = self.jurisdiction().await?.ok_or(AppError::NoCampaign)?;
        edited(&of, code, edit).map_err(|bad| {
            let key = match bad {
                BadEdit::Unknown => "refused-place-unknown",
                BadEdit::Days => "refused-place-days",
                BadEdit::NoSite => "refused-place-no-site",
            };
            AppError::refused(key, &[("code", &code)])
        })
    }
}

/// The capacity of a usual week on a day.
fn on_weekday([weekday, saturday, sunday]: [u32; 3], day: chrono::NaiveDate) -> u32 {
    use chrono::Datelike as _;
    match day.weekday() {
        chrono::Weekday::Sat => saturday,
        chrono::Weekday::Sun => sunday,
        _ => weekday,
    }
}
