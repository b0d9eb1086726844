//! Changing one place: what it would do, and doing it.

use super::breaking;
use super::jurisdictions::{AppliedPlaces, changed};
use super::places::{Own, OwnParts, owns, unsettle};
use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::calendar::SessionKey;
use crate::domain::campaign::Campaign;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::{ClosedDays, Jurisdiction, LocalCampaign, StoredJurisdiction};
use crate::domain::permission::{self, Actor, Power};
use crate::domain::place_edit::{BadEdit, PlaceEdit, edited, own_edited, stays_closed, touched};
use crate::store::{CampaignNo, Tx, bookings, campaigns, jurisdictions};
use crate::text;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Hexadecimal digits of a mark.
const MARK_DIGITS: usize = 16;

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
    /// Whether days that open stay closed for it, because its own folder says so.
    pub stays_closed: bool,
}

/// A change of a place, with all that goes along.
struct Edited {
    old: StoredJurisdiction,
    new: StoredJurisdiction,
    /// Every campaign, and its own part after the change where that changes.
    owns: Vec<(Own, Option<LocalCampaign>)>,
    /// The campaigns that are open.
    open: BTreeSet<CampaignNo>,
}

impl Edited {
    fn parts(&self) -> OwnParts<'_> {
        let after = self.owns.iter().map(|(was, new)| new.as_ref().unwrap_or(&was.own));
        let before = self.owns.iter().map(|(was, _)| was);
        before.zip(after).map(|(was, after)| (was.no, Some(&was.own), after)).collect()
    }

    /// What open campaigns say of themselves after the change.
    fn now(&self) -> impl Iterator<Item = (CampaignNo, &LocalCampaign)> {
        let all = self.parts().into_iter().filter_map(|(no, _, own)| Some((no?, own)));
        all.filter(|(no, _)| self.open.contains(no))
    }
}

impl App {
    /// What a change of a place would do to the plans in force of all open campaigns. Nothing is stored. `seen` is the
    /// mark of what somebody had before them (see [`place_mark`]); a place that has changed since is refused.
    pub async fn place_effect(
        &self,
        code: &str,
        (edit, seen): (&PlaceEdit, Option<&str>),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Effect>> {
        permission::may(by, Power::Plan)?;
        let found = edited_in(&mut self.store.read().await?, code, (edit, seen)).await?;
        let all = self.campaigns().await?;
        let mut out = Vec::new();
        for (no, own) in found.now() {
            let Some(loaded) = all.iter().find(|loaded| loaded.no == no) else { continue };
            let after = found.new.compose(own);
            if let Some(effect) = self.effect_on((loaded, &after), code, edit, now).await? {
                let stays_closed = stays_closed(own, code, edit);
                out.push(Effect { stays_closed, ..effect });
            }
        }
        Ok(out)
    }

    async fn effect_on(
        &self,
        (loaded, after): (&Loaded, &Campaign),
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
            count += 1;
            doses += planned;
            lost += planned.saturating_sub(most(after, key));
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
            stays_closed: false,
        }))
    }

    /// Changes a place; what the plans in force lose is noted, and the appointments that no longer stand end. All of it
    /// is one transaction, so two changes at a time both count. One that was made without knowing of the other is
    /// refused by its mark, as in [`place_effect`](Self::place_effect).
    pub async fn edit_place(
        &self,
        code: &str,
        (edit, seen): (&PlaceEdit, Option<&str>),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<AppliedPlaces> {
        let mut act = self.act((by, Power::Plan), Action::JurisdictionApply, now).await?;
        let found = edited_in(act.tx(), code, (edit, seen)).await?;
        let before = self.before(act.tx()).await?;
        let (mut applied, composed) =
            changed(act.tx(), (&found.old, &found.new), found.parts()).await?;
        let own: Vec<&LocalCampaign> =
            found.owns.iter().filter_map(|(_, new)| new.as_ref()).collect();
        if !applied.is_change() && own.is_empty() {
            let closed = found.now().find(|(_, own)| stays_closed(own, code, edit));
            return match closed {
                Some((_, own)) => Err(AppError::refused(
                    "refused-place-own-closure",
                    &[("code", &code), ("campaign", &own.campaign.id)],
                )),
                None => Ok(applied),
            };
        }
        if found.new != found.old {
            jurisdictions::insert(&mut act, &found.new, millis(now)).await?;
        }
        for (was, new) in &found.owns {
            if let (Some(no), Some(new)) = (was.no, new) {
                campaigns::insert_version(&mut act, no, new, millis(now)).await?;
            }
        }
        unsettle(act.tx(), &composed).await?;
        self.count_again(act.tx()).await?;
        applied.broken =
            breaking::plans(act.tx(), &composed, &before, &super::staffing::LostStaff::new(), now)
                .await?;
        let mut said = format!("{code}: {} changes", applied.changes.len());
        for own in own {
            said = format!("{said}, campaign {}", own.campaign.id);
        }
        act.commit(None, &said).await?;
        Ok(applied)
    }
}

/// A mark of all that is said of a place: its rows and the days on which it is closed. It is another one as soon as
/// somebody changes them, so that whoever filled in a form before that is told.
pub fn place_mark(of: &Jurisdiction, code: &str) -> String {
    let closures: Vec<&ClosedDays> = of.closures.iter().filter(|one| one.place == code).collect();
    let known = (of.site_rows(code), of.stop(code), of.team(code), closures);
    let bytes = serde_json::to_vec(&known).unwrap_or_default();
    text::hex(&Sha256::digest(bytes)).chars().take(MARK_DIGITS).collect()
}

/// A change of a place with what is known in this transaction.
async fn edited_in(
    tx: &mut Tx,
    code: &str,
    (edit, seen): (&PlaceEdit, Option<&str>),
) -> Result<Edited> {
    let old = jurisdictions::newest(tx).await?;
    let of = old.jurisdiction.as_ref().ok_or(AppError::NoCampaign)?;
    let after = edited(of, code, edit).map_err(|bad| {
        let key = match bad {
            BadEdit::Unknown => "refused-place-unknown",
            BadEdit::Days => "refused-place-days",
            BadEdit::NoSite => "refused-place-no-site",
        };
        AppError::refused(key, &[("code", &code)])
    })?;
    let known = place_mark(of, code);
    // A form that is sent twice changes nothing the second time.
    if seen.is_some_and(|seen| seen != known) && place_mark(&after, code) != known {
        let stop = of.stop(code).map(|row| row.stop.name.as_str());
        let name = stop.unwrap_or_else(|| of.post_name(code, edit.first()));
        return Err(AppError::refused("refused-row-changed", &[("code", &name)]));
    }
    let heads = campaigns::heads(tx).await?;
    let open = heads.iter().filter(|head| head.closed_at.is_none()).map(|head| head.no);
    let open: BTreeSet<CampaignNo> = open.collect();
    let with_new = |was: Own| {
        let is_open = was.no.is_some_and(|no| open.contains(&no));
        let new = own_edited(&was.own, of, code, edit);
        let new = new.filter(|new| is_open && *new != was.own);
        (was, new)
    };
    let owns = owns(tx).await?.into_iter().map(with_new).collect();
    let new = old.with_place(code, after);
    Ok(Edited { old, new, owns, open })
}

/// The most doses of a session in a campaign as it is after a change.
fn most(after: &Campaign, key: &SessionKey) -> u64 {
    if let Some(site) = after.site(key.place.as_str()) {
        return u64::from(after.capacity(site, key.day));
    }
    let team = key.team.as_ref().map_or("", |team| team.as_str());
    let is_shut = after
        .closures
        .iter()
        .any(|one| one.day == key.day && (one.place == key.place.as_str() || one.place == team));
    if is_shut { 0 } else { u64::MAX }
}

#[cfg(test)]
#[path = "place_edit_tests.rs"]
mod tests;
