//! Which campaigns share places.

use super::{App, Loaded, Result, today};
use crate::domain::plan::is_over;
use crate::store::{bookings, campaigns, jurisdictions};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

impl App {
    /// The campaign with all open campaigns that share a place, stop or team with it, or with one that does; by id. It
    /// is alone where it shares nothing, or is closed.
    pub async fn together(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Vec<Loaded>> {
        let all = self.campaigns().await?;
        let (mut rest, mut found): (Vec<Loaded>, Vec<Loaded>) = all
            .into_iter()
            .filter(|one| one.is_open && !is_over(&one.campaign, today(&one.campaign, now)))
            .partition(|one| one.no != loaded.no);
        if found.is_empty() {
            return Ok(vec![loaded.clone()]);
        }
        let mut shared = BTreeSet::new();
        let mut next = 0;
        while let Some(one) = found.get(next) {
            shared.extend(places(one));
            let is_near = |other: &Loaded| places(other).any(|place| shared.contains(&place));
            let (near, far) = rest.into_iter().partition(is_near);
            found.extend(Vec::from_iter::<Vec<Loaded>>(near));
            rest = far;
            next += 1;
        }
        found.sort_by(|a, b| a.campaign.id.cmp(&b.campaign.id));
        Ok(found)
    }

    /// Whether a campaign's plan is made and judged over the places of the jurisdiction: it shares them, or it has
    /// sessions that are agreed, locked, or that people booked, or places for some groups alone, or staff is counted.
    pub(super) async fn is_joint(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<bool> {
        if self.together(loaded, now).await?.len() > 1 {
            return Ok(true);
        }
        if self.has_locks(loaded, now).await? {
            return Ok(true);
        }
        let mut tx = self.store.read().await?;
        let tomorrow = today(&loaded.campaign, now) + TimeDelta::days(1);
        if !bookings::answered(&mut tx, loaded.no, tomorrow).await?.is_empty() {
            return Ok(true);
        }
        let places = jurisdictions::newest(&mut tx).await?.jurisdiction;
        if places.is_some_and(|all| !all.staff.is_empty()) {
            return Ok(true);
        }
        let version = campaigns::known(&mut tx, loaded.no, i64::MAX).await?;
        Ok(version
            .is_some_and(|found| !found.own.sessions.is_empty() || !found.own.kinds.is_empty()))
    }
}

/// Codes of a campaign's sites, teams and stops.
fn places(loaded: &Loaded) -> impl Iterator<Item = String> + '_ {
    let campaign = &loaded.campaign;
    let sites = campaign.sites.iter().map(|site| site.code.to_string());
    let teams = campaign.teams.iter().map(|team| team.code.to_string());
    sites.chain(teams).chain(campaign.stops.iter().map(|stop| stop.code.to_string()))
}
