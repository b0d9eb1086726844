//! Locking sessions of the plan in force: what new plans leave as it is.

use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::booking::BookedSeats;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::AgreedSession;
use crate::domain::locked::{PlanLock, changed, fences, kept_seats, reason, room};
use crate::domain::permission::{self, Actor, Power};
use crate::domain::plan::PlanRow;
use crate::store::plans::PlanHead;
use crate::store::{CampaignNo, Tx, bookings, locked};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// What a lock would keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockEffect {
    /// Doses that the plan in force has at the session.
    pub doses: u64,
    /// People with an appointment there.
    pub appointments: usize,
}

/// The locks of a campaign, as a plan that is made keeps them.
pub(super) struct Kept(Vec<PlanLock>);

impl Kept {
    /// The locks from a day on.
    pub(super) async fn read(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Self> {
        Ok(Self(locked::from(tx, campaign, day).await?))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What they keep of a published plan.
    pub(super) fn seats(&self, published: &[PlanRow]) -> Vec<BookedSeats> {
        kept_seats(&self.0, published)
    }

    /// What keeps everybody else away from sessions that are kept.
    pub(super) fn fences(&self, kept: &[AgreedSession]) -> Vec<AgreedSession> {
        fences(&self.0, kept)
    }

    /// Refuses a draft that was made before a session was locked, and changes it. `rows`: of the plan in force, and of
    /// the draft.
    pub(super) fn allow(&self, draft: &PlanHead, rows: (&[PlanRow], &[PlanRow])) -> Result<()> {
        match changed(&self.0, draft.made_at, rows) {
            Some(PlanLock { place, day, .. }) => Err(AppError::refused(
                "refused-draft-lock",
                &[("no", &draft.no), ("place", place), ("day", day)],
            )),
            None => Ok(()),
        }
    }

    /// The most doses of a session that is kept.
    pub(super) fn room(
        &self,
        campaign: &crate::domain::campaign::Campaign,
        place: &PlaceCode,
        day: NaiveDate,
    ) -> u64 {
        room(campaign, &self.0, place, day)
    }
}

impl App {
    /// The locked sessions of a campaign from today on.
    pub async fn locks(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Vec<PlanLock>> {
        let mut tx = self.store.read().await?;
        Ok(locked::from(&mut tx, loaded.no, today(&loaded.campaign, now)).await?)
    }

    /// What locking a session would keep; refused where nothing can be locked.
    pub async fn lock_effect(
        &self,
        loaded: &Loaded,
        (place, day): (&str, NaiveDate),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<LockEffect> {
        permission::may(by, Power::Plan)?;
        let refused = |key| AppError::refused(key, &[("place", &place), ("day", &day)]);
        if !loaded.is_open {
            let id = loaded.campaign.id.as_str();
            return Err(AppError::refused("refused-campaign-closed", &[("id", &id)]));
        }
        // Sessions of today stay as they were told, without a lock.
        if day <= today(&loaded.campaign, now) {
            return Err(refused("refused-lock-day"));
        }
        let sessions = self.sessions(loaded).await?;
        let here = sessions.standing((day, day)).filter(|(key, _)| key.place.as_str() == place);
        let doses: u64 = here.map(|(_, entry)| entry.doses.values().sum::<u64>()).sum();
        if doses == 0 {
            return Err(refused("refused-lock-nothing"));
        }
        let mut tx = self.store.read().await?;
        let is_locked = |one: &PlanLock| one.place.as_str() == place && one.day == day;
        if locked::from(&mut tx, loaded.no, day).await?.iter().any(is_locked) {
            return Err(refused("refused-lock-there"));
        }
        let booked = bookings::from(&mut tx, loaded.no, day).await?;
        let is_here = |one: &&bookings::Appointment| one.place.as_str() == place && one.day == day;
        Ok(LockEffect { doses, appointments: booked.iter().filter(is_here).count() })
    }

    /// Locks a session of the plan in force; returns what that keeps.
    pub async fn lock_planned(
        &self,
        loaded: &Loaded,
        (place, day, why): (&str, NaiveDate, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<LockEffect> {
        let effect = self.lock_effect(loaded, (place, day), by, now).await?;
        let lock = PlanLock {
            place: PlaceCode::new(place),
            day,
            doses: effect.doses,
            reason: reason(why),
            who: self.author(by).who,
            at: millis(now),
        };
        let mut act = self.act((by, Power::Plan), Action::PlanLock, now).await?;
        if !locked::lock(&mut act, loaded.no, &lock).await? {
            return Err(AppError::refused(
                "refused-lock-there",
                &[("place", &place), ("day", &day)],
            ));
        }
        let said = format!("{place} {day} {} {}", effect.doses, lock.reason);
        act.commit(Some(loaded.campaign.id.as_str()), said.trim_end()).await?;
        Ok(effect)
    }

    /// Locks the sessions that some campaigns have at a place on a day, as far as they are not locked; returns what
    /// that keeps of each. Refused where there is nothing to lock.
    pub async fn lock_all(
        &self,
        all: &[Loaded],
        (place, day, why): (&str, NaiveDate, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, LockEffect)>> {
        let mut can = Vec::new();
        let mut refused: Option<(bool, AppError)> = None;
        for loaded in all {
            match self.lock_effect(loaded, (place, day), by, now).await {
                Ok(_) => can.push(loaded),
                Err(error @ AppError::Refused(_)) => {
                    // That it is locked already tells more than that another campaign has no session there.
                    let is_locked = self.is_locked(loaded, (place, day)).await?;
                    if refused.as_ref().is_none_or(|(locked, _)| is_locked && !locked) {
                        refused = Some((is_locked, error));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if let (true, Some((_, error))) = (can.is_empty(), refused) {
            return Err(error);
        }
        let mut out = Vec::new();
        for loaded in can {
            let effect = self.lock_planned(loaded, (place, day, why), by, now).await?;
            out.push((loaded.clone(), effect));
        }
        Ok(out)
    }

    async fn is_locked(&self, loaded: &Loaded, (place, day): (&str, NaiveDate)) -> Result<bool> {
        let mut tx = self.store.read().await?;
        let is_it = |one: &PlanLock| one.place.as_str() == place && one.day == day;
        Ok(locked::from(&mut tx, loaded.no, day).await?.iter().any(is_it))
    }

    /// Unlocks the sessions of some campaigns at a place on a day; returns those that had locked it. Refused where none
    /// had.
    pub async fn unlock_all(
        &self,
        all: &[Loaded],
        (place, day): (&str, NaiveDate),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Loaded>> {
        let mut done = Vec::new();
        for loaded in all {
            if self.is_locked(loaded, (place, day)).await? {
                self.unlock_planned(loaded, (place, day), by, now).await?;
                done.push(loaded.clone());
            }
        }
        match all.first() {
            // It says that nothing is locked.
            Some(first) if done.is_empty() => {
                self.unlock_planned(first, (place, day), by, now).await?;
                Ok(vec![first.clone()])
            }
            _ => Ok(done),
        }
    }

    /// Unlocks a session; refused where it was not locked.
    pub async fn unlock_planned(
        &self,
        loaded: &Loaded,
        (place, day): (&str, NaiveDate),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Plan), Action::PlanUnlock, now).await?;
        if !locked::unlock(&mut act, loaded.no, place, day).await? {
            let place = crate::mail::safe::name(place);
            return Err(AppError::refused(
                "refused-lock-none",
                &[("place", &place), ("day", &day)],
            ));
        }
        Ok(act.commit(Some(loaded.campaign.id.as_str()), &format!("{place} {day}")).await?)
    }

    /// Whether a campaign has sessions to come that are locked.
    pub(super) async fn has_locks(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.read().await?;
        let tomorrow = today(&loaded.campaign, now) + TimeDelta::days(1);
        Ok(!Kept::read(&mut tx, loaded.no, tomorrow).await?.is_empty())
    }
}
