//! Rounds of home visits that were adopted: they stay until somebody takes them back, and whoever got the dose is
//! crossed off.

use super::assigning::standings;
use super::homes::{HomeCall, HomeRounds};
use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::homes::{CallState, VialUse};
use crate::domain::id::{AreaCode, GroupId, PersonId, TeamCode};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::Asked;
use crate::domain::plan::{Unplaced, UnplacedReason};
use crate::store::Tx;
use crate::store::homes::{self, StoredRound, StoredVisit};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike as _, Utc};
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A call of an adopted round. No derived `Debug`: it has a name.
#[derive(Clone, Serialize)]
pub struct HomeVisit {
    /// Whom, where and when.
    #[serde(flatten)]
    pub call: HomeCall,
    /// Where they live; `None` where the register does not know them.
    pub area: Option<AreaCode>,
    /// What has become of it.
    pub state: CallState,
}

/// A round that was adopted.
#[derive(Clone, Serialize)]
pub struct AdoptedRound {
    /// The day.
    pub day: NaiveDate,
    /// The team.
    pub team: TeamCode,
    /// Its name.
    pub team_name: String,
    /// When it leaves its base.
    pub leaves: NaiveTime,
    /// When it is back.
    pub back: NaiveTime,
    /// Kilometres.
    pub km: f64,
    /// Vials to load, as the round was adopted.
    #[serde(flatten)]
    pub vials: VialUse,
    /// The calls in order.
    pub calls: Vec<HomeVisit>,
}

impl AdoptedRound {
    /// The calls that are still to be made.
    pub fn open(&self) -> impl Iterator<Item = &HomeVisit> {
        self.calls.iter().filter(|visit| visit.state == CallState::Open)
    }
}

fn minute(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight() / 60)
}

fn time(minute: i64) -> NaiveTime {
    NaiveTime::MIN + TimeDelta::minutes(minute)
}

impl App {
    /// Adopts rounds: their days and people are taken from now on. Refused where others were adopted since they were
    /// made, and where a plan in force has a tour of the team on the day. Returns how many there are.
    pub async fn adopt_homes(
        &self,
        loaded: &Loaded,
        made: &HomeRounds,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut act = self.act((by, Power::Plan), Action::HomesAdopt, now).await?;
        let days = made.rounds.iter().map(|round| (round.day, &round.team));
        self.leaves_tours(act.tx(), days).await?;
        // Read when nobody else adopts any: two who read the same would send two teams to one home.
        let is_as_read = homes::mark(act.tx()).await? == made.mark;
        for one in &made.rounds {
            let calls = one.calls.iter().map(|call| StoredVisit {
                person: call.person.clone(),
                dose: call.dose,
                arrives: minute(call.arrives),
            });
            let round = StoredRound {
                day: one.day,
                team: one.team.clone(),
                campaign: loaded.no,
                leaves: minute(one.leaves),
                back: minute(one.back),
                metres: (one.km * 1000.0).round().to_i64().unwrap_or(0),
                vials: one.vials,
                calls: calls.collect(),
            };
            if !is_as_read || !homes::insert(act.tx(), &round, millis(now)).await? {
                return Err(AppError::refused("refused-homes-changed", &[]));
            }
        }
        let said = format!("{} rounds, {} people", made.rounds.len(), made.visits());
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        // Whoever had the digest already reads of a round that came after it.
        Box::pin(self.tell_leads(loaded, now)).await?;
        Ok(made.rounds.len())
    }

    /// The adopted rounds of a campaign on some days, with what has become of each call by now.
    pub async fn adopted_homes(
        &self,
        loaded: &Loaded,
        days: (NaiveDate, NaiveDate),
        now: DateTime<Utc>,
    ) -> Result<Vec<AdoptedRound>> {
        let mut tx = self.store.read().await?;
        adopted_in(&mut tx, loaded, days, today(&loaded.campaign, now)).await
    }

    /// Takes back the round of a team on a day from today on, so that its people get another one. The team's lead and
    /// staff are told as far as they had been told before; returns how many mails. `None`: there is no such round.
    pub async fn withdraw_home_round(
        &self,
        loaded: &Loaded,
        (day, team): (NaiveDate, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<usize>> {
        let mut act = self.act((by, Power::Plan), Action::HomesWithdraw, now).await?;
        let is_it = |one: &StoredRound| one.team.as_str() == team && one.campaign == loaded.no;
        let round = homes::rounds(act.tx(), (day, day)).await?.into_iter().find(is_it);
        let is_ahead = day >= today(&loaded.campaign, now);
        let Some(round) = round.filter(|_| is_ahead) else { return Ok(None) };
        homes::withdraw(act.tx(), loaded.no, (day, team)).await?;
        let staff = self.tell_round_off(act.tx(), (loaded, &round), now).await?;
        act.commit(Some(loaded.campaign.id.as_str()), &format!("{day} {team}")).await?;
        let leads = Box::pin(self.tell_leads(loaded, now)).await?;
        Ok(Some(staff + leads))
    }
}

/// The same inside a transaction; `today`: the day by which is asked what was given.
pub(super) async fn adopted_in(
    tx: &mut Tx,
    loaded: &Loaded,
    days: (NaiveDate, NaiveDate),
    today: NaiveDate,
) -> Result<Vec<AdoptedRound>> {
    let campaign = &loaded.campaign;
    let mut rounds = homes::rounds(tx, days).await?;
    rounds.retain(|round| round.campaign == loaded.no);
    let people: BTreeSet<PersonId> =
        rounds.iter().flat_map(|round| &round.calls).map(|call| call.person.clone()).collect();
    let known = standings(tx, loaded, people.iter(), today).await?;
    let visit = |call: StoredVisit| {
        let one = known.get(&call.person);
        let person = one.map(|one| &one.person);
        let due = one.and_then(|one| one.due).map(|due| due.number);
        let is_barred = one.is_none_or(|one| one.barred.is_some());
        HomeVisit {
            state: CallState::of(call.dose, due, is_barred),
            area: person.map(|it| it.area.clone()),
            call: HomeCall::of(campaign, (call.person, person), (call.dose, time(call.arrives))),
        }
    };
    let adopted = |round: StoredRound| {
        let team = campaign.team(round.team.as_str());
        AdoptedRound {
            day: round.day,
            team_name: team.map_or_else(|| round.team.to_string(), |team| team.name.clone()),
            team: round.team,
            leaves: time(round.leaves),
            back: time(round.back),
            km: round.metres as f64 / 1000.0,
            vials: round.vials,
            calls: round.calls.into_iter().map(visit).collect(),
        }
    };
    Ok(rounds.into_iter().map(adopted).collect())
}

/// Says of people of a campaign who are visited at home which of them are on adopted rounds from today on. `from`: the
/// first day of the plan that leaves them to the rounds.
pub(super) async fn say_rounds(
    tx: &mut Tx,
    loaded: &Loaded,
    (today, from): (NaiveDate, NaiveDate),
    unplaced: &mut Vec<Unplaced>,
) -> Result<()> {
    if !unplaced.iter().any(|one| one.reason == UnplacedReason::Home) {
        return Ok(());
    }
    let campaign = &loaded.campaign;
    let mut rounds = homes::rounds(tx, (today, campaign.end.max(today))).await?;
    rounds.retain(|round| round.campaign == loaded.no);
    let calls: Vec<StoredVisit> = rounds.into_iter().flat_map(|round| round.calls).collect();
    let known = standings(tx, loaded, calls.iter().map(|call| &call.person), today).await?;
    let asked = Asked::by(campaign);
    let mut on_round: BTreeMap<(&AreaCode, &GroupId), BTreeSet<&PersonId>> = BTreeMap::new();
    for call in &calls {
        let Some(one) = known.get(&call.person) else { continue };
        let due = one.due.as_ref().map(|due| due.number);
        let is_open = CallState::of(call.dose, due, one.barred.is_some()) == CallState::Open;
        let group = asked.group(&one.person.area, one.person.traits(), from);
        if let Some(group) = group.filter(|_| is_open) {
            on_round.entry((&one.person.area, &group.id)).or_default().insert(&call.person);
        }
    }
    for one in std::mem::take(unplaced) {
        let its = on_round.get(&(&one.area, &one.group)).map_or(0, BTreeSet::len);
        let is_home = one.reason == UnplacedReason::Home;
        let on = if is_home { u32::try_from(its).unwrap_or(u32::MAX).min(one.people) } else { 0 };
        let parts = [(one.people - on, one.reason), (on, UnplacedReason::HomeRound)];
        let parts = parts.into_iter().filter(|(people, _)| *people > 0);
        unplaced.extend(parts.map(|(people, reason)| Unplaced { people, reason, ..one.clone() }));
    }
    Ok(())
}
