//! What holds people back, from the prices of a plan: where a constraint has a price, one more
//! unit of it could bring at most that much; and what the best series of a cohort would cost.

use super::index::Place;
use super::model::Problem;
use super::prices::{Kind, Market, NO_SLOT, PathSearch};
use super::teams::best_route;
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::plan::Certificate;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is asked about; `None`: everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
    /// An area: the places that it can use.
    pub area: Option<&'a str>,
    /// A group: days from its opening on.
    pub group: Option<&'a str>,
    /// A site, stop, team or lot.
    pub place: Option<&'a str>,
    /// A day.
    pub day: Option<NaiveDate>,
}

/// What is scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scarce {
    /// Doses of a site on a day.
    SiteDay,
    /// Vaccine doses in a site's cold store between two restocks.
    Storage,
    /// Vaccine doses of a lot.
    Lot,
    /// Doses at a stop on a day.
    StopDay,
    /// A visit to a stop on a day, which only one team may make.
    StopVisit,
    /// A working day of a team.
    TeamDay,
}

/// A constraint that holds people back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scarcity {
    /// What.
    pub scarce: Scarce,
    /// Code of the site, stop, team or lot.
    pub code: String,
    /// First day with a price: of a cold store the restock day, of a lot its first day.
    pub first: NaiveDate,
    /// Last day with a price.
    pub last: NaiveDate,
    /// How many days, periods or lots have a price.
    pub count: usize,
    /// What one more unit on the dearest day could bring to the objective at most.
    pub one_more: f64,
    /// The dearest day.
    pub dearest: NaiveDate,
    /// What all units together cost: how much the plan is held back here.
    pub weight: f64,
}

/// What the best series of a cohort costs at the prices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BestSeries {
    /// The cohort's area.
    pub area: AreaCode,
    /// Its group.
    pub group: GroupId,
    /// Day and place of each dose.
    pub doses: Vec<(NaiveDate, PlaceCode)>,
    /// What the series is worth for one person.
    pub worth: f64,
    /// What it costs: what others would lose.
    pub cost: f64,
}

/// Below this a price is rounding noise.
const PRICE_MIN: f64 = 1e-9;

/// Everything with a price that the question is about, the heaviest first.
pub fn why(
    campaign: &Campaign,
    from: NaiveDate,
    prices: &Certificate,
    question: &Question,
) -> Vec<Scarcity> {
    let problem = Problem::new(campaign, &[], from);
    let market = Market::new(&problem);
    let mut found = Found { problem: &problem, question, lines: BTreeMap::new() };
    found.add_all(&market, &market.prices_of(prices));
    let mut lines: Vec<Scarcity> = found.lines.into_values().collect();
    lines.sort_by(|a, b| {
        b.weight.total_cmp(&a.weight).then((a.scarce, &a.code).cmp(&(b.scarce, &b.code)))
    });
    lines
}

struct Found<'a> {
    problem: &'a Problem<'a>,
    question: &'a Question<'a>,
    lines: BTreeMap<(Scarce, String), Scarcity>,
}

impl Found<'_> {
    /// Adds what has a price on the days `days.0..=days.1`, of which it holds so much.
    fn add(&mut self, scarce: Scarce, code: &str, days: (usize, usize), price: f64, holds: f64) {
        let (first, last) = (self.problem.date(days.0), self.problem.date(days.1));
        let asked = self.question.day.is_none_or(|day| first <= day && day <= last);
        if price <= PRICE_MIN || !asked {
            return;
        }
        let opens = self.question.group.and_then(|group| self.problem.campaign.group(group)?.opens);
        if opens.is_some_and(|opens| last < opens) {
            return;
        }
        let line = self.lines.entry((scarce, code.to_owned())).or_insert_with(|| Scarcity {
            scarce,
            code: code.to_owned(),
            first,
            last,
            count: 0,
            one_more: 0.0,
            dearest: first,
            weight: 0.0,
        });
        (line.first, line.last) = (line.first.min(first), line.last.max(last));
        line.count += 1;
        line.weight += price * holds;
        if price > line.one_more {
            (line.one_more, line.dearest) = (price, first);
        }
    }

    /// Whether the question is about a place.
    fn asks(&self, place: Place, code: &str) -> bool {
        let campaign = self.problem.campaign;
        let in_area = |area: &str| {
            let at = campaign.areas.iter().position(|one| one.code.as_str() == area);
            at.is_some_and(|area| self.problem.reach[area].contains(&place))
        };
        self.question.place.is_none_or(|asked| asked == code)
            && self.question.area.is_none_or(in_area)
    }

    fn add_all(&mut self, market: &Market, prices: &[f64]) {
        let problem = market.problem;
        let slots = &market.slots;
        let price = |slot: usize| if slot == NO_SLOT { 0.0 } else { prices[slot] };
        let holds = |slot: usize| if slot == NO_SLOT { 0.0 } else { slots.holds[slot] };
        for (s, site) in problem.sites.pairs() {
            let code = problem.site(s).code.as_str();
            if !self.asks(Place::Site(s), code) {
                continue;
            }
            for (d, &slot) in slots.site_day[s].iter().enumerate() {
                self.add(Scarce::SiteDay, code, (d, d), price(slot), holds(slot));
            }
            for (period, &slot) in site.periods.iter().zip(&slots.storage[s]) {
                let days = (period.start, period.last);
                self.add(Scarce::Storage, code, days, price(slot), holds(slot));
            }
        }
        for (p, stop) in problem.stops.pairs() {
            let code = problem.stop(p).code.as_str();
            if !self.asks(Place::Stop(p), code) {
                continue;
            }
            let most = f64::from(stop.doses_max);
            for d in problem.first..problem.days {
                self.add(Scarce::StopDay, code, (d, d), price(slots.stop_day[p][d]), most);
                self.add(Scarce::StopVisit, code, (d, d), price(slots.stop_visit[p][d]), 1.0);
            }
        }
        for (lot, &slot) in problem.campaign.deliveries.iter().zip(&slots.lot) {
            let code = lot.lot.as_str();
            let day = |date: NaiveDate| super::num::day((date - problem.campaign.start).num_days());
            let (first, last) = (day(lot.date), day(lot.expires).min(problem.days - 1));
            if self.question.place.is_none_or(|asked| asked == code) && first <= last {
                self.add(Scarce::Lot, code, (first, last), price(slot), holds(slot));
            }
        }
        self.add_teams(market, prices);
    }

    /// A team's day brings what its best route earns.
    fn add_teams(&mut self, market: &Market, prices: &[f64]) {
        let problem = market.problem;
        let of_area = |area: &str| problem.campaign.stops.iter().any(|s| s.area.as_str() == area);
        if self.question.area.is_some_and(|area| !of_area(area)) {
            return;
        }
        let vaccine = market.vaccine_prices(prices);
        for (t, team) in problem.teams.pairs() {
            let code = problem.team(t).code.as_str();
            if self.question.place.is_some_and(|asked| asked != code) {
                continue;
            }
            for d in (problem.first..problem.days).filter(|&d| team.works[d]) {
                let worth = best_route(market, prices, &vaccine, t, d).worth;
                self.add(Scarce::TeamDay, code, (d, d), worth, 1.0);
            }
        }
    }
}

/// For each cohort that the question is about the series that costs least beyond its worth; none
/// where no series fits.
pub fn best_series(
    campaign: &Campaign,
    from: NaiveDate,
    prices: &Certificate,
    question: &Question,
) -> Vec<BestSeries> {
    let problem = Problem::new(campaign, &[], from);
    let market = Market::new(&problem);
    let of_place = market.dose_prices(&market.prices_of(prices));
    let mut search = PathSearch::new(&problem);
    let mut found = Vec::new();
    for cohort in &problem.cohorts {
        let asked = question.area.is_none_or(|area| cohort.key.area.as_str() == area)
            && question.group.is_none_or(|group| cohort.key.group.as_str() == group);
        let places = &problem.reach[cohort.area];
        if !asked || places.is_empty() || problem.days == 0 {
            continue;
        }
        let cheapest = |d: usize| -> (f64, Place) {
            let of_day = places.iter().map(|&place| (of_place[place][d], place));
            of_day.fold((f64::INFINITY, places[0]), |a, b| if b.0 < a.0 { b } else { a })
        };
        let by_day: Vec<(f64, Place)> = (0..problem.days).map(cheapest).collect();
        let price: Vec<f64> = by_day.iter().map(|one| one.0).collect();
        let kind = Kind {
            reach: 0,
            priority: cohort.priority,
            dose: 0,
            days: (cohort.opens, problem.days - 1),
            may_stop: false,
            members: Vec::new(),
            people: 1.0,
        };
        if !search.best(&kind, &price).is_finite() {
            continue;
        }
        let path = search.path(&kind);
        let worth = path.iter().enumerate().map(|(j, &d)| problem.value(cohort, j, d)).sum();
        found.push(BestSeries {
            area: cohort.key.area.clone(),
            group: cohort.key.group.clone(),
            cost: path.iter().map(|&d| price[d]).sum(),
            doses: path
                .iter()
                .map(|&d| (problem.date(d), problem.place_code(by_day[d].1).clone()))
                .collect(),
            worth,
        });
    }
    found
}
