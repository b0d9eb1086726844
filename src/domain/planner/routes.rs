//! Teams on the road: distances and shortest tours.

use super::index::{Per, StopIndex, TeamIndex};
use crate::domain::area::{Point, Travel};
use crate::domain::campaign::Campaign;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::plan::PlanRow;
use crate::domain::site::{Stop, Team};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Kilometres on the road between bases and stops.
#[derive(Debug, Clone, Default)]
pub(super) struct Roads {
    from_base: Per<TeamIndex, Per<StopIndex, f64>>,
    between: Per<StopIndex, Per<StopIndex, f64>>,
    minutes_per_km: f64,
}

impl Roads {
    /// Of all teams and stops of a campaign.
    pub(super) fn new(campaign: &Campaign) -> Self {
        let travel = campaign.travel;
        let to_stops = |from: Point| -> Per<StopIndex, f64> {
            campaign.stops.iter().map(|stop| road_km(travel, from, stop.point)).collect()
        };
        Self {
            from_base: campaign.teams.iter().map(|team| to_stops(team.point)).collect(),
            between: campaign.stops.iter().map(|stop| to_stops(stop.point)).collect(),
            minutes_per_km: 60.0 / travel.speed_km_per_hour,
        }
    }

    /// Kilometres of the shortest round of a team through some stops.
    pub(super) fn tour_km(&self, team: TeamIndex, stops: &[StopIndex]) -> f64 {
        let mut rest = stops.to_vec();
        let mut best = f64::INFINITY;
        self.walk(team, None, &mut rest, 0.0, &mut best);
        best
    }

    /// Minutes of that round.
    pub(super) fn tour_minutes(&self, team: TeamIndex, stops: &[StopIndex]) -> f64 {
        self.tour_km(team, stops) * self.minutes_per_km
    }

    fn walk(
        &self,
        team: TeamIndex,
        at: Option<StopIndex>,
        rest: &mut Vec<StopIndex>,
        km: f64,
        best: &mut f64,
    ) {
        let base = &self.from_base[team];
        if rest.is_empty() {
            *best = best.min(km + at.map_or(0.0, |stop| base[stop]));
            return;
        }
        for i in 0..rest.len() {
            let next = rest.swap_remove(i);
            let leg = at.map_or(base[next], |stop| self.between[stop][next]);
            if km + leg < *best {
                self.walk(team, Some(next), rest, km + leg, best);
            }
            rest.push(next);
            let last = rest.len() - 1;
            rest.swap(i, last);
        }
    }
}

fn road_km(travel: Travel, from: Point, to: Point) -> f64 {
    travel.road_factor * from.km_to(to)
}

/// A team's day: base, stops in the order of the shortest round, base.
#[derive(Debug, Clone, PartialEq)]
pub struct Tour {
    /// The stops in order.
    pub stops: Vec<TourStop>,
    /// Kilometres on the road.
    pub km: f64,
    /// Minutes from leaving the base until being back.
    pub minutes: f64,
}

/// One stop of a tour; minutes count from leaving the base.
#[derive(Debug, Clone, PartialEq)]
pub struct TourStop {
    /// Its code.
    pub stop: PlaceCode,
    /// Doses given there.
    pub doses: u32,
    /// When the team arrives.
    pub arrival_minutes: f64,
    /// When it has set up and gives the first dose.
    pub first_dose_minutes: f64,
    /// When it leaves.
    pub departure_minutes: f64,
}

/// The day of a team.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamTour {
    /// The day.
    pub day: NaiveDate,
    /// The team.
    pub team: TeamCode,
    /// Its tour.
    pub tour: Tour,
}

/// The tours of a plan, by day and team.
pub fn tours(campaign: &Campaign, rows: &[PlanRow]) -> Vec<TeamTour> {
    let mut days: BTreeMap<(NaiveDate, &TeamCode), BTreeMap<&PlaceCode, u32>> = BTreeMap::new();
    for row in rows {
        if let Some(team) = &row.team {
            let stops = days.entry((row.day, team)).or_default();
            *stops.entry(&row.place).or_insert(0) += row.doses;
        }
    }
    let tour_of = |((day, team), stops): ((NaiveDate, &TeamCode), BTreeMap<&PlaceCode, u32>)| {
        let stops: Vec<(PlaceCode, u32)> =
            stops.into_iter().map(|(stop, doses)| (stop.clone(), doses)).collect();
        let tour = tour(campaign, team, &stops)?;
        Some(TeamTour { day, team: team.clone(), tour })
    };
    days.into_iter().filter_map(tour_of).collect()
}

/// A team's day with everything that it does for the plans of several campaigns.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedTour {
    /// The day, over all of them.
    pub of: TeamTour,
    /// Doses of each stop by the plan that they are for: its position in the list, and how many.
    pub parts: BTreeMap<PlaceCode, Vec<(usize, u32)>>,
}

impl SharedTour {
    /// Doses for one of the plans.
    #[must_use]
    pub fn doses_for(&self, plan: usize) -> u64 {
        let parts = self.parts.values().flatten();
        parts.filter(|(of, _)| *of == plan).map(|(_, doses)| u64::from(*doses)).sum()
    }

    /// The plans that it serves.
    #[must_use]
    pub fn plans(&self) -> BTreeSet<usize> {
        self.parts.values().flatten().map(|(of, _)| *of).collect()
    }
}

/// The days of teams on which the first of some plans has a stop, with what they do for the others: a team makes one
/// tour a day.
pub fn shared_tours(plans: &[(&Campaign, &[PlanRow])]) -> Vec<SharedTour> {
    let mut all = all_tours(plans);
    all.retain(|tour| tour.plans().contains(&0));
    all
}

/// The days of teams on which any of some plans has a stop: a team makes one tour a day, whoever it is for.
pub fn all_tours(plans: &[(&Campaign, &[PlanRow])]) -> Vec<SharedTour> {
    type Stops<'r> = BTreeMap<&'r PlaceCode, BTreeMap<usize, u32>>;
    let mut days: BTreeMap<(NaiveDate, &TeamCode), Stops<'_>> = BTreeMap::new();
    for (plan, (_, rows)) in plans.iter().enumerate() {
        for row in *rows {
            if let Some(team) = &row.team {
                let stops = days.entry((row.day, team)).or_default();
                *stops.entry(&row.place).or_default().entry(plan).or_default() += row.doses;
            }
        }
    }
    let tour_of = |((day, team), stops): ((NaiveDate, &TeamCode), Stops<'_>)| {
        let all = |plans: &BTreeMap<usize, u32>| plans.values().sum::<u32>();
        let known: Vec<(PlaceCode, u32)> =
            stops.iter().map(|(stop, plans)| ((*stop).clone(), all(plans))).collect();
        // A campaign may not have a stop that is another one's own; of equals the first one says the way.
        let made = plans.iter().rev().filter_map(|(campaign, _)| tour(campaign, team, &known));
        let tour = made.max_by_key(|made| made.stops.len())?;
        let parts =
            stops.into_iter().map(|(stop, plans)| (stop.clone(), plans.into_iter().collect()));
        let parts = parts.collect();
        Some(SharedTour { of: TeamTour { day, team: team.clone(), tour }, parts })
    };
    days.into_iter().filter_map(tour_of).collect()
}

/// With more stops than this the order given is kept: trying every order would take too long.
const STOPS_EXACT_MAX: usize = 8;

/// The shortest round of a team through some stops with their doses. Stops that the campaign does
/// not have are left out. `None` if the team is unknown.
pub fn tour(campaign: &Campaign, team: &TeamCode, stops: &[(PlaceCode, u32)]) -> Option<Tour> {
    let team = campaign.team(team.as_str())?;
    let known: Vec<(&Stop, u32)> = stops
        .iter()
        .filter_map(|(code, doses)| campaign.stop(code.as_str()).map(|stop| (stop, *doses)))
        .collect();
    let mut best: Option<(f64, Vec<usize>)> = None;
    let mut order: Vec<usize> = (0..known.len()).collect();
    if known.len() > STOPS_EXACT_MAX {
        best = Some((round_km(campaign, team, &known, &order), order));
    } else {
        permute(&mut order, 0, &mut |order| {
            let km = round_km(campaign, team, &known, order);
            if best.as_ref().is_none_or(|held| km < held.0) {
                best = Some((km, order.to_vec()));
            }
        });
    }
    let (km, order) = best?;
    Some(timed(campaign, team, &known, &order, km))
}

fn timed(
    campaign: &Campaign,
    team: &Team,
    known: &[(&Stop, u32)],
    order: &[usize],
    km: f64,
) -> Tour {
    let per_km = 60.0 / campaign.travel.speed_km_per_hour;
    let (mut minutes, mut at) = (0.0, team.point);
    let mut stops = Vec::with_capacity(order.len());
    for &i in order {
        let (stop, doses) = known[i];
        let arrival_minutes = minutes + road_km(campaign.travel, at, stop.point) * per_km;
        let first_dose_minutes = arrival_minutes + f64::from(stop.setup_minutes);
        let giving = f64::from(doses) * 60.0 / f64::from(team.doses_per_hour.max(1));
        minutes = first_dose_minutes + giving;
        at = stop.point;
        stops.push(TourStop {
            stop: stop.code.clone(),
            doses,
            arrival_minutes,
            first_dose_minutes,
            departure_minutes: minutes,
        });
    }
    Tour { stops, km, minutes: minutes + road_km(campaign.travel, at, team.point) * per_km }
}

fn round_km(campaign: &Campaign, team: &Team, known: &[(&Stop, u32)], order: &[usize]) -> f64 {
    let mut at = team.point;
    let mut km = 0.0;
    for &i in order {
        km += road_km(campaign.travel, at, known[i].0.point);
        at = known[i].0.point;
    }
    km + road_km(campaign.travel, at, team.point)
}

/// Calls `visit` with every order of `items[from..]`, the first unchanged.
fn permute(items: &mut Vec<usize>, from: usize, visit: &mut dyn FnMut(&[usize])) {
    if from >= items.len() {
        visit(items);
        return;
    }
    for i in from..items.len() {
        items.swap(from, i);
        permute(items, from + 1, visit);
        items.swap(from, i);
    }
}
