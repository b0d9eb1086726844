//! Days on which teams make adopted rounds of home visits. A team goes out once a day: no plan has a tour of it then,
//! and no round is adopted for the day of a tour.

use super::{App, AppError, Loaded, Result, today};
use crate::domain::campaign::Campaign;
use crate::domain::homes::RoundDay;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::plan::{PlanRow, PlanState};
use crate::domain::site::Closure;
use crate::store::health::Check;
use crate::store::{Tx, bookings, campaigns, homes, plans};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Teams that are away on days, as closures.
pub(super) fn closures(rounds: &[RoundDay]) -> impl Iterator<Item = Closure> + '_ {
    rounds.iter().map(|(day, team)| Closure { place: team.to_string(), day: *day, doses: 0 })
}

/// The days from one on on which the campaign's teams make rounds, whichever campaign these are for.
pub(super) async fn closed(
    tx: &mut Tx,
    campaign: &Campaign,
    from: NaiveDate,
) -> Result<Vec<Closure>> {
    let mut rounds = homes::days(tx, from).await?;
    rounds.retain(|(_, team)| campaign.team(team.as_str()).is_some());
    Ok(closures(&rounds).collect())
}

/// Refuses rows of a plan from a day on that send a team on a tour on the day of its round. `no`: the plan's number.
pub(super) async fn leaves_rounds(
    tx: &mut Tx,
    loaded: &Loaded,
    no: i64,
    rows: &[PlanRow],
    open: NaiveDate,
) -> Result<()> {
    let mut tours: BTreeMap<RoundDay, BTreeSet<&PlaceCode>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.day >= open) {
        if let Some(team) = &row.team {
            tours.entry((row.day, team.clone())).or_default().insert(&row.place);
        }
    }
    let span = tours.first_key_value().zip(tours.last_key_value());
    let Some(days) = span.map(|(first, last)| (first.0.0, last.0.0)) else { return Ok(()) };
    let heads = campaigns::heads(tx).await?;
    for round in homes::rounds(tx, days).await? {
        let Some(stops) = tours.get(&(round.day, round.team.clone())) else { continue };
        // What a closed campaign still had in mind takes nobody's day.
        let its = heads.iter().find(|head| head.no == round.campaign);
        let Some(its) = its.filter(|head| head.closed_at.is_none()) else { continue };
        let its = its.id.to_string();
        let (people, stops) = (round.calls.len(), named(&loaded.campaign, stops.iter().copied()));
        let said: [(&str, &dyn Display); 6] = [
            ("no", &no),
            ("day", &round.day),
            ("team", &round.team),
            ("stops", &stops),
            ("campaign", &its),
            ("people", &people),
        ];
        return Err(AppError::refused("refused-plan-homes", &said));
    }
    Ok(())
}

/// Names of stops; the code of one that the campaign no longer has.
fn named<'a>(campaign: &Campaign, stops: impl Iterator<Item = &'a PlaceCode>) -> String {
    let name = |code: &PlaceCode| {
        let known = campaign.stop(code.as_str());
        known.map_or_else(|| code.to_string(), |stop| stop.name.clone())
    };
    stops.map(name).collect::<Vec<_>>().join(", ")
}

/// The tours of a team on a day, by campaign.
type Tours<'a> = BTreeMap<RoundDay, Vec<(&'a Loaded, BTreeSet<PlaceCode>)>>;

impl App {
    /// The days from one on on which a campaign's teams make rounds, as closures.
    pub async fn round_closures(&self, loaded: &Loaded, from: NaiveDate) -> Result<Vec<Closure>> {
        closed(&mut self.store.read().await?, &loaded.campaign, from).await
    }

    /// A campaign whose teams have no tours on the days of their rounds, from a day on.
    pub async fn around_rounds(&self, loaded: &Loaded, from: NaiveDate) -> Result<Campaign> {
        let mut campaign = (*loaded.campaign).clone();
        campaign.closures.extend(self.round_closures(loaded, from).await?);
        Ok(campaign)
    }

    /// The days from one on on which teams make rounds: their crews are needed then.
    pub async fn rounds_to_staff(&self, from: NaiveDate) -> Result<Vec<RoundDay>> {
        Ok(homes::days(&mut self.store.read().await?, from).await?)
    }

    /// Which of these days of teams have tours of plans in force of open campaigns.
    async fn tours_on<'a>(
        &self,
        tx: &mut Tx,
        all: &'a [Loaded],
        days: &BTreeSet<RoundDay>,
    ) -> Result<Tours<'a>> {
        let mut out = Tours::new();
        let Some((first, last)) = days.first().zip(days.last()) else { return Ok(out) };
        for loaded in all.iter().filter(|one| one.is_open) {
            let sessions = self.sessions_in(tx, loaded).await?;
            let mut own: BTreeMap<RoundDay, BTreeSet<PlaceCode>> = BTreeMap::new();
            for (key, _) in sessions.standing((first.0, last.0)) {
                let Some(team) = key.team.clone() else { continue };
                if days.contains(&(key.day, team.clone())) {
                    own.entry((key.day, team)).or_default().insert(key.place.clone());
                }
            }
            for (at, stops) in own {
                out.entry(at).or_default().push((loaded, stops));
            }
        }
        Ok(out)
    }

    /// Refuses rounds on the day of a tour of a plan in force. No plan is adopted until the transaction ends.
    pub(super) async fn leaves_tours(
        &self,
        tx: &mut Tx,
        rounds: impl Iterator<Item = (NaiveDate, &TeamCode)>,
    ) -> Result<()> {
        let mut all = self.campaigns_in(tx).await?;
        // In the order in which plans that are adopted together lock theirs.
        all.sort_by(|a, b| a.campaign.id.cmp(&b.campaign.id));
        for loaded in &all {
            bookings::lock(tx, loaded.no).await?;
        }
        let days = rounds.map(|(day, team)| (day, team.clone())).collect();
        let tours = self.tours_on(tx, &all, &days).await?;
        let Some(((day, team), of)) = tours.first_key_value() else { return Ok(()) };
        let Some((loaded, stops)) = of.first() else { return Ok(()) };
        let plan = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
        let no = plan.map_or(0, |head| head.no);
        let stops = named(&loaded.campaign, stops.iter());
        let said: [(&str, &dyn Display); 5] = [
            ("day", day),
            ("team", team),
            ("no", &no),
            ("campaign", &loaded.campaign.id),
            ("stops", &stops),
        ];
        Err(AppError::refused("refused-homes-tour", &said))
    }

    /// Looks for teams that have a tour and a round on one day from today on.
    pub(super) async fn tours_and_rounds(
        &self,
        tx: &mut Tx,
        all: &[Loaded],
        now: DateTime<Utc>,
    ) -> Result<Check> {
        let first = all.iter().map(|loaded| today(&loaded.campaign, now)).min();
        let rounds = homes::days(tx, first.unwrap_or_else(|| now.date_naive())).await?;
        let days: BTreeSet<RoundDay> = rounds.into_iter().collect();
        let tours = self.tours_on(tx, all, &days).await?;
        let line = |((day, team), of): (&RoundDay, &Vec<(&Loaded, BTreeSet<PlaceCode>)>)| {
            let stops = |(loaded, stops): &(&Loaded, BTreeSet<PlaceCode>)| {
                let stops: Vec<&str> = stops.iter().map(PlaceCode::as_str).collect();
                format!("{} {}", loaded.campaign.id, stops.join(" "))
            };
            format!("{team} {day}: {}", of.iter().map(stops).collect::<Vec<_>>().join("; "))
        };
        let right = days.len().saturating_sub(tours.len()) as u64;
        Ok(Check { check: "tours", right, wrong: tours.iter().map(line).collect() })
    }
}
