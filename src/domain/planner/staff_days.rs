//! Staff-days that townships and teams lack: how many, what they would give, and their prices.
//!
//! A station that lacks people is worth its doses times the price of a dose there. A place that nobody opens has no
//! price; what a dose there is worth then follows from the prices of everything else: the most that anybody would gain
//! who could have one.

use super::index::{Day, Per, Place, ReachIndex, TeamIndex};
use super::model::Problem;
use super::path_search::PathSearch;
use super::prices::{DosePrices, Kind, Market};
use super::slots::Prices;
use super::teams::{Gain, best_of};
use super::verdict::GroupVerdict;
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::{Joined, People, Role};
use crate::domain::plan::{Certificate, JointCertificate, StaffPrices, UnplacedReason};
use crate::domain::roster::{StationGap, monday_of};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A station that is worth less is worth nothing: prices are not exact.
const WORTH_MIN: f64 = 1e-6;
/// People whose best series is worth less than this share of what it could be have none.
const NOTHING: f64 = 0.01;

/// Staff-days that a township or a team lacks in a week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StaffGap {
    /// The township; `None`: a team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaCode>,
    /// The team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The Monday of the week.
    pub week: NaiveDate,
    /// Staff-days by role.
    pub people: People,
    /// On how many days somebody is missing.
    pub days: u32,
    /// Doses that its places could give with them; of a team at most.
    pub doses: u64,
    /// The most that one of these staff-days could bring, in points of the objective; `None` where no price says it.
    pub price: Option<f64>,
}

/// Staff-days by township or team and week; what is worth most comes first.
#[must_use]
pub fn staff_gaps<'g>(stations: impl IntoIterator<Item = &'g StationGap>) -> Vec<StaffGap> {
    type Key<'k> = (Option<&'k AreaCode>, Option<&'k str>, NaiveDate);
    let mut found: BTreeMap<Key<'_>, (StaffGap, f64, BTreeSet<NaiveDate>)> = BTreeMap::new();
    for one in stations {
        let team = one.area.is_none().then_some(one.place.as_str());
        let week = monday_of(one.day);
        let empty = || {
            let (area, team) = (one.area.clone(), team.map(str::to_owned));
            let people = People::new();
            let gap = StaffGap { area, team, week, people, days: 0, doses: 0, price: None };
            (gap, 0.0, BTreeSet::new())
        };
        let (gap, worth, days) = found.entry((one.area.as_ref(), team, week)).or_insert_with(empty);
        for (role, people) in &one.people {
            *gap.people.entry(*role).or_default() += people;
        }
        gap.doses += u64::from(one.doses);
        days.insert(one.day);
        gap.days = u32::try_from(days.len()).unwrap_or(u32::MAX);
        *worth += one.worth.unwrap_or(0.0);
        gap.price = match (gap.price, one.price()) {
            (Some(held), Some(price)) => Some(held.max(price)),
            (held, price) => held.or(price),
        };
    }
    let mut found: Vec<(StaffGap, f64, _)> = found.into_values().collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.doses.cmp(&a.0.doses)));
    found.into_iter().map(|(gap, ..)| gap).collect()
}

/// Says for people whom staff holds back which staff-days would serve them: the dearest, and no more than they need.
pub fn say_gaps(verdict: &mut [GroupVerdict], campaign: &Campaign, gaps: &[StationGap]) {
    let doses_each = u64::try_from(campaign.series.dose_count()).unwrap_or(1);
    for bind in verdict.iter_mut().flat_map(|one| &mut one.binds) {
        if bind.reason != UnplacedReason::Staff {
            continue;
        }
        let reach = campaign.reach.iter().filter(|reach| bind.areas.contains(&reach.area));
        let sites: BTreeSet<&str> = reach.map(|reach| reach.site.as_str()).collect();
        let has_stops = campaign.stops.iter().any(|stop| bind.areas.contains(&stop.area));
        let serves = |one: &&StationGap| {
            let is_open = campaign.start <= one.day && one.day <= campaign.end;
            let is_near = match one.area {
                Some(_) => sites.contains(one.place.as_str()),
                None => has_stops && campaign.team(&one.place).is_some(),
            };
            is_open && is_near
        };
        let mut near: Vec<&StationGap> = gaps.iter().filter(serves).collect();
        let each = |one: &StationGap| one.worth.unwrap_or(0.0) / f64::from(one.doses.max(1));
        // The stations of a place stay in their order.
        near.sort_by(|a, b| each(b).total_cmp(&each(a)).then(a.day.cmp(&b.day)));
        let (need, mut given) = (bind.people * doses_each, 0);
        let needed = near.into_iter().take_while(|one| {
            let is_needed = given < need;
            given += u64::from(one.doses);
            is_needed
        });
        bind.staff = staff_gaps(needed);
    }
}

/// Puts prices on what is missing, and those of staff-days into the certificate. What would bring nothing is left out;
/// what would bring something only beside others of these days has the price 0 there, and none itself.
/// `held`: places that do what their staff can; `open`: what they could.
pub(super) fn price(
    gaps: &mut Vec<StationGap>,
    (held, open): (&Joined, &Joined),
    (given, from): (&[Vec<GivenRow>], NaiveDate),
    certificate: &mut JointCertificate,
) {
    let given: Vec<&[GivenRow]> = given.iter().map(Vec::as_slice).collect();
    let (held, open) = (Problem::joint(held, &given, from), Problem::joint(open, &given, from));
    let (held, open) = (Market::new(&held), Market::new(&open));
    let worths = Worths::new((&held, &open), certificate, gaps);
    gaps.retain_mut(|gap| {
        let worth = worths.of(gap);
        let is_worth = worth > WORTH_MIN;
        gap.worth = is_worth.then_some(worth);
        is_worth || worths.helps_others(gap)
    });
    certificate.staff_day = table(gaps.iter().filter_map(|gap| Some((gap.area.as_ref()?, gap))));
    let teams = gaps.iter().filter(|gap| gap.area.is_none());
    certificate.crew_day = table(teams.map(|gap| (&gap.place, gap)));
}

/// The dearest staff-day of each role and day.
fn table<'g, K: ToString + 'g>(gaps: impl Iterator<Item = (&'g K, &'g StationGap)>) -> StaffPrices {
    let mut out = StaffPrices::new();
    for (code, gap) in gaps {
        let price = gap.price().unwrap_or(0.0);
        for role in gap.people.keys() {
            let roles = out.entry(code.to_string()).or_default();
            let days = roles.entry(role.word().to_owned()).or_default();
            let held = days.entry(gap.day).or_insert(0.0);
            *held = price.max(*held);
        }
    }
    out
}

/// Puts the prices of a plan on what is missing now. Where the plan has any, what has none would bring nothing; what
/// costs 0 brings something beside others.
pub fn price_gaps(gaps: &mut Vec<StationGap>, prices: &Certificate) {
    if prices.staff_day.is_empty() && prices.crew_day.is_empty() {
        return;
    }
    gaps.retain_mut(|gap| {
        let table = match &gap.area {
            Some(area) => prices.staff_day.get(area.as_str()),
            None => prices.crew_day.get(&gap.place),
        };
        let price =
            |role: &Role| table.and_then(|roles| roles.get(role.word())?.get(&gap.day)).copied();
        let worth: f64 = gap
            .people
            .iter()
            .map(|(role, people)| f64::from(*people) * price(role).unwrap_or(0.0))
            .sum();
        let is_known = gap.people.keys().any(|role| price(role).is_some());
        gap.worth = (worth > 0.0).then_some(worth);
        is_known
    });
}

/// The site of what is missing, or the stops that are open to its team on the day.
fn places_of(open: &Problem<'_>, gap: &StationGap, day: Day) -> Vec<Place> {
    if gap.area.is_some() {
        return open.place_of(&gap.place).into_iter().collect();
    }
    let stops = open.stops.indices().filter(|stop| open.stops[*stop].open[day]);
    stops.map(Place::Stop).collect()
}

/// What doses are worth at places that do less than they could.
struct Worths<'m, 'p> {
    held: &'m Market<'p>,
    open: &'m Market<'p>,
    prices: Prices,
    /// What a dose costs where places do what they could, with no price on what staff shuts.
    could: DosePrices,
    least: Per<ReachIndex, Per<Day, f64>>,
    /// What the best path of each kind is worth.
    best: Vec<f64>,
    /// The same if every place opened on every day on which people are missing there.
    together: Vec<f64>,
}

impl<'m, 'p> Worths<'m, 'p> {
    fn new(
        (held, open): (&'m Market<'p>, &'m Market<'p>),
        certificate: &JointCertificate,
        gaps: &[StationGap],
    ) -> Self {
        let prices = held.joint_prices_of(certificate);
        let could = open.dose_prices(&open.joint_prices_of(certificate));
        let least = held.least(&held.dose_prices(&prices));
        let best = held.best_worths(&least);
        let mut out = Self { held, open, prices, could, least, best, together: Vec::new() };
        let mut opened = out.least.clone();
        for gap in gaps {
            let Some(day) = out.day_of(gap) else { continue };
            let places = places_of(open.problem, gap, day);
            for (r, reach) in held.reaches.pairs() {
                for &place in places.iter().filter(|place| reach.places.contains(place)) {
                    let cost = out.could[reach.programme][place][day];
                    if reach.allows(place, day) && cost < opened[r][day] {
                        opened[r][day] = cost;
                    }
                }
            }
        }
        out.together = held.best_worths(&opened);
        out
    }

    fn of(&self, gap: &StationGap) -> f64 {
        let Some(day) = self.day_of(gap) else { return 0.0 };
        if gap.area.is_none() {
            return self.of_team(&gap.place, day);
        }
        let dose = match self.held.problem.place_of(&gap.place) {
            Some(Place::Site(site)) => match self.held.slots.site_day[site][day] {
                Some(slot) => self.prices[slot],
                None => self.gain(&gap.place, day),
            },
            _ => 0.0,
        };
        dose * f64::from(gap.doses)
    }

    /// Whether a day that brings nothing by itself is one of those that would let people finish a series who cannot:
    /// whoever needs two doses gains nothing by one day.
    fn helps_others(&self, gap: &StationGap) -> bool {
        let Some(day) = self.day_of(gap) else { return false };
        let places = places_of(self.open.problem, gap, day);
        let is_helped = |(kind, (alone, together)): (&Kind, (&f64, &f64))| {
            let reach = &self.held.reaches[kind.reach];
            let is_near = places
                .iter()
                .any(|place| reach.places.contains(place) && reach.allows(*place, day));
            is_near && *together > WORTH_MIN && *alone < *together * NOTHING
        };
        let worths = self.best.iter().zip(&self.together);
        self.held.kinds.iter().zip(worths).any(is_helped)
    }

    /// The day of what is missing; `None` where the plan does not have it.
    fn day_of(&self, gap: &StationGap) -> Option<Day> {
        let problem = self.held.problem;
        let day = (gap.day >= problem.start).then(|| problem.day_of(gap.day))?;
        (problem.first <= day && day < problem.end()).then_some(day)
    }

    /// What a team earns on a day on its best tour.
    fn of_team(&self, code: &str, day: Day) -> f64 {
        let (held, open) = (self.held, self.open.problem);
        let is_it = |team: &TeamIndex| open.team(*team).code.as_str() == code;
        let Some(team) = open.teams.indices().find(is_it) else { return 0.0 };
        let mut stops = Vec::new();
        for p in open.stops.indices().filter(|p| open.stops[*p].open[day]) {
            let known = held.slots.stop_day[p][day].zip(held.slots.stop_visit[p][day]);
            let (each, fee) = match known {
                Some((slot, visit)) => (self.prices[slot], self.prices[visit]),
                None => (self.gain(open.stop(p).code.as_str(), day), 0.0),
            };
            if each > 0.0 {
                stops.push(Gain { stop: p, each, most: f64::from(open.stops[p].doses_max), fee });
            }
        }
        best_of(open, (team, open.taken_on(team, day)), stops).worth
    }

    /// The most that anybody gains who can have a dose at a place on a day that nobody opens it.
    fn gain(&self, code: &str, day: Day) -> f64 {
        let (held, open) = (self.held, self.open);
        let places = held.problem.place_of(code).zip(open.problem.place_of(code));
        let Some((place, could)) = places else { return 0.0 };
        let mut search = PathSearch::new(held.problem);
        let mut most = 0.0_f64;
        for (kind, best) in held.kinds.iter().zip(&self.best) {
            let reach = &held.reaches[kind.reach];
            if !reach.places.contains(&place) || !reach.allows(place, day) {
                continue;
            }
            let cost = self.could[kind.programme][could][day];
            let least = &self.least[kind.reach];
            if cost < least[day] {
                let mut price = least.clone();
                price[day] = cost;
                most = most.max(search.best(kind, &price).max(0.0) - best);
            }
        }
        most
    }
}

#[cfg(test)]
#[path = "staff_days_tests.rs"]
mod tests;
