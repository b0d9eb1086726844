//! What holds people back, read from the prices of a plan. The price of a constraint is the most
//! that one more unit of it could add to the objective. Also what the best series of a cohort would
//! cost.

use super::index::{Day, ListIndex as _, Per, Place, ReachIndex, SlotIndex};
use super::model::Problem;
use super::path_search::PathSearch;
use super::prices::{Kind, Market};
use super::programme::only;
use super::slots::Prices;
use super::teams::best_route;
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::jurisdiction::Role;
use crate::domain::plan::{Certificate, StaffPrices};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a question is about; `None` means everything.
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
    /// A working day of somebody in a township, or of a team's crew.
    StaffDay,
}

/// A constraint that holds people back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scarcity {
    /// What.
    pub scarce: Scarce,
    /// Code of the site, stop, team, lot or township.
    pub code: String,
    /// The role of a staff-day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// First day with a price: of a cold store the restock day, of a lot its first day.
    pub first: NaiveDate,
    /// Last day with a price.
    pub last: NaiveDate,
    /// Number of days, periods or lots that have a price.
    pub count: usize,
    /// The most that one more unit on the dearest day could add to the objective.
    pub one_more: f64,
    /// The dearest day.
    pub dearest: NaiveDate,
    /// Price times units, summed: how much the plan is held back here.
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
    /// What it costs at the prices: what other people would lose.
    pub cost: f64,
}

/// Below this a price is rounding noise.
const PRICE_MIN: f64 = 1e-9;

/// Every constraint with a price that the question is about, the largest weight first.
pub fn why(
    campaign: &Campaign,
    from: NaiveDate,
    prices: &Certificate,
    question: &Question,
) -> Vec<Scarcity> {
    let campaign = &*campaign.on(from);
    let problem = Problem::new(campaign, &[], from);
    let market = Market::new(&problem);
    let mut found = Found { problem: &problem, question, lines: BTreeMap::new() };
    found.add_all(&market, &market.prices_of(prices));
    let mut lines: Vec<Scarcity> = found.lines.into_values().collect();
    lines.extend(staff_days(campaign, prices, question));
    lines.sort_by(|a, b| {
        let key = |one: &Scarcity| (one.scarce, one.code.clone(), one.role);
        b.weight.total_cmp(&a.weight).then_with(|| key(a).cmp(&key(b)))
    });
    lines
}

struct Found<'a> {
    problem: &'a Problem<'a>,
    question: &'a Question<'a>,
    lines: BTreeMap<(Scarce, String), Scarcity>,
}

impl Found<'_> {
    /// Adds a constraint that has a price from day `days.0` to day `days.1`; it holds `holds`
    /// units.
    fn add(&mut self, scarce: Scarce, code: &str, days: (Day, Day), price: f64, holds: f64) {
        let (first, last) = (self.problem.date(days.0), self.problem.date(days.1));
        let asked = self.question.day.is_none_or(|day| first <= day && day <= last);
        if price <= PRICE_MIN || !asked {
            return;
        }
        let opens = self.question.group.and_then(|group| self.campaign().group(group)?.opens);
        if opens.is_some_and(|opens| last < opens) {
            return;
        }
        let line = self.lines.entry((scarce, code.to_owned())).or_insert_with(|| Scarcity {
            scarce,
            code: code.to_owned(),
            role: None,
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

    fn campaign(&self) -> &Campaign {
        self.problem.programmes[only()].campaign
    }

    /// Whether the question is about a place.
    fn asks(&self, place: Place, code: &str) -> bool {
        let problem = self.problem;
        let in_area = |area: &str| {
            let mut of_area = problem
                .catchments
                .iter()
                .filter(|one| problem.areas[one.area].area.code.as_str() == area);
            of_area.any(|one| one.places.contains(&place))
        };
        self.question.place.is_none_or(|asked| asked == code)
            && self.question.area.is_none_or(in_area)
    }

    fn add_all(&mut self, market: &Market, prices: &Prices) {
        let problem = market.problem;
        let slots = &market.slots;
        let price = |slot: Option<SlotIndex>| slot.map_or(0.0, |slot| prices[slot]);
        let holds = |slot: Option<SlotIndex>| slot.map_or(0.0, |slot| slots.holds[slot]);
        for (s, site) in problem.sites.pairs() {
            let code = problem.site(s).code.as_str();
            if !self.asks(Place::Site(s), code) {
                continue;
            }
            for (d, &slot) in slots.site_day[s].pairs() {
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
            for d in problem.plan_days() {
                self.add(Scarce::StopDay, code, (d, d), price(slots.stop_day[p][d]), most);
                self.add(Scarce::StopVisit, code, (d, d), price(slots.stop_visit[p][d]), 1.0);
            }
        }
        let campaign = problem.programmes[only()].campaign;
        for (lot, &slot) in campaign.deliveries.iter().zip(&slots.lot) {
            let code = lot.lot.as_str();
            let last_day = Day::of(problem.days - 1);
            let (first, last) =
                (problem.day_of(lot.date), problem.day_of(lot.expires).min(last_day));
            if self.question.place.is_none_or(|asked| asked == code) && first <= last {
                self.add(Scarce::Lot, code, (first, last), prices[slot], slots.holds[slot]);
            }
        }
        self.add_teams(market, prices);
    }

    /// Adds team days: the price of one is what the team's best route earns.
    fn add_teams(&mut self, market: &Market, prices: &Prices) {
        let problem = market.problem;
        let of_area = |area: &str| self.campaign().stops.iter().any(|s| s.area.as_str() == area);
        if self.question.area.is_some_and(|area| !of_area(area)) {
            return;
        }
        let vaccine = market.vaccine_prices(prices);
        for (t, team) in problem.teams.pairs() {
            let code = problem.team(t).code.as_str();
            if self.question.place.is_some_and(|asked| asked != code) {
                continue;
            }
            for d in problem.plan_days().filter(|&d| team.works[d]) {
                let worth = best_route(market, prices, &vaccine, t, d).worth;
                self.add(Scarce::TeamDay, code, (d, d), worth, 1.0);
            }
        }
    }
}

/// Staff-days with a price that a question is about.
fn staff_days(campaign: &Campaign, prices: &Certificate, question: &Question) -> Vec<Scarcity> {
    let asked = |day: &NaiveDate| question.day.is_none_or(|asked| asked == *day);
    let mut out = Vec::new();
    let mut add = |code: &str, table: &StaffPrices| {
        for (role, days) in table.get(code).into_iter().flatten() {
            let days: Vec<(NaiveDate, f64)> = days
                .iter()
                .filter(|(day, _)| asked(day))
                .map(|(day, price)| (*day, *price))
                .collect();
            let dearest = days.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
            let (Some(dearest), Some(first), Some(last)) = (dearest, days.first(), days.last())
            else {
                continue;
            };
            out.push(Scarcity {
                scarce: Scarce::StaffDay,
                code: code.to_owned(),
                role: Role::from_word(role),
                first: first.0,
                last: last.0,
                count: days.len(),
                one_more: dearest.1,
                dearest: dearest.0,
                weight: days.iter().map(|(_, price)| price).sum(),
            });
        }
    };
    for code in prices.staff_day.keys().filter(|code| is_about(campaign, code, question)) {
        add(code, &prices.staff_day);
    }
    let is_team = |code: &&String| {
        let has_stop = |area: &str| campaign.stops.iter().any(|stop| stop.area.as_str() == area);
        campaign.team(code).is_some()
            && question.place.is_none_or(|asked| asked == code.as_str())
            && question.area.is_none_or(has_stop)
    };
    for code in prices.crew_day.keys().filter(is_team) {
        add(code, &prices.crew_day);
    }
    out
}

/// Whether a question is about a township: some site of it is the one asked for, or reaches the area.
fn is_about(campaign: &Campaign, township: &str, question: &Question) -> bool {
    let stands_there = |site: &str| {
        let site = campaign.sites.iter().find(|one| one.code.as_str() == site);
        let mut at = site.map(|site| &site.area);
        for _ in 0..campaign.areas.len() {
            let Some(code) = at.filter(|code| code.as_str() != township) else { break };
            at = campaign.area(code.as_str()).and_then(|area| area.parent.as_ref());
        }
        at.is_some_and(|code| code.as_str() == township)
    };
    let reaches = |area: &str| {
        let mut reach = campaign.reach.iter().filter(|reach| reach.area.as_str() == area);
        reach.any(|reach| stands_there(reach.site.as_str()))
    };
    question.place.is_none_or(stands_there) && question.area.is_none_or(reaches)
}

/// For each cohort that the question is about, the series with the best worth less cost. Cohorts
/// for which no series fits are left out.
pub fn best_series(
    campaign: &Campaign,
    from: NaiveDate,
    prices: &Certificate,
    question: &Question,
) -> Vec<BestSeries> {
    let campaign = &*campaign.on(from);
    let problem = Problem::new(campaign, &[], from);
    let market = Market::new(&problem);
    let of_place = &market.dose_prices(&market.prices_of(prices))[only()];
    let mut search = PathSearch::new(&problem);
    let mut found = Vec::new();
    for cohort in &problem.cohorts {
        let asked = question.area.is_none_or(|area| cohort.key.area.as_str() == area)
            && question.group.is_none_or(|group| cohort.key.group.as_str() == group);
        let places = &problem.catchments[cohort.catchment].places;
        if !asked || places.is_empty() || problem.days == 0 {
            continue;
        }
        let cheapest = |d: Day| -> (f64, Place) {
            let of_day = places.iter().map(|&place| (of_place[place][d], place));
            of_day.fold((f64::INFINITY, places[0]), |a, b| if b.0 < a.0 { b } else { a })
        };
        let by_day: Per<Day, (f64, Place)> = Per::with(problem.days, cheapest);
        let price: Per<Day, f64> = by_day.iter().map(|one| one.0).collect();
        let kind = Kind {
            programme: cohort.programme,
            reach: ReachIndex::of(0),
            priority: cohort.priority,
            dose: 0,
            days: (cohort.opens, Day::of(problem.days - 1)),
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

#[cfg(test)]
mod tests {
    use super::super::testing::{eligible, group, plain, start};
    use super::*;
    use crate::domain::plan::PriceTable;
    use chrono::TimeDelta;

    fn on(n: i64) -> NaiveDate {
        start() + TimeDelta::days(n)
    }

    /// Prices of the site, its store and the lot.
    fn prices() -> Certificate {
        let table = |days: &[(i64, f64)]| -> PriceTable {
            let days = days.iter().map(|&(n, price)| (on(n), price)).collect();
            [("S1".to_owned(), days)].into_iter().collect()
        };
        Certificate {
            site_day: table(&[(1, 0.5), (4, 0.75), (8, 1e-12)]),
            storage: table(&[(7, 0.25)]),
            lot: [("L1".to_owned(), 0.125)].into_iter().collect(),
            ..Certificate::default()
        }
    }

    fn asked(campaign: &Campaign, question: &Question) -> Vec<Scarcity> {
        why(campaign, start(), &prices(), question)
    }

    #[test]
    fn what_has_a_price_is_listed_with_its_days_the_heaviest_first() {
        let found = asked(&plain(), &Question::default());
        let line = |one: &Scarcity| {
            let days = [one.first, one.last, one.dearest].map(|day| (day - start()).num_days());
            (one.scarce, days, one.count, one.one_more, one.weight)
        };
        let lines: Vec<_> = found.iter().map(line).collect();
        let want = [
            (Scarce::Lot, [0, 59, 0], 1, 0.125, 25.0),
            (Scarce::SiteDay, [1, 4, 4], 2, 0.75, 12.5),
            (Scarce::Storage, [7, 13, 7], 1, 0.25, 10.0),
        ];
        assert_eq!(lines, want);
    }

    #[test]
    fn a_question_chooses_by_place_area_day_and_group() {
        use Scarce::{Lot, SiteDay, Storage};
        let mut campaign = plain();
        let mut second = campaign.areas[0].clone();
        second.code = "A2".into();
        campaign.areas.push(second);
        campaign.groups.push(group("late", 1.0));
        campaign.groups[1].opens = Some(on(5));
        let kinds = |question: Question| -> Vec<Scarce> {
            asked(&campaign, &question).iter().map(|one| one.scarce).collect()
        };
        let none = Question::default();
        assert_eq!(kinds(none), [Lot, SiteDay, Storage]);
        assert_eq!(kinds(Question { place: Some("S1"), ..none }), [SiteDay, Storage]);
        assert_eq!(kinds(Question { place: Some("L1"), ..none }), [Lot]);
        assert_eq!(kinds(Question { area: Some("A1"), ..none }), [Lot, SiteDay, Storage]);
        assert_eq!(kinds(Question { area: Some("A2"), ..none }), [Lot]);
        assert_eq!(kinds(Question { day: Some(on(4)), ..none }), [Lot, SiteDay]);
        assert_eq!(kinds(Question { day: Some(on(13)), ..none }), [Lot, Storage]);
        assert_eq!(kinds(Question { group: Some("late"), ..none }), [Lot, Storage]);
        assert_eq!(kinds(Question { group: Some("all"), ..none }), [Lot, SiteDay, Storage]);
    }

    #[test]
    fn staff_days_with_a_price_are_those_of_the_townships_whose_places_are_asked_about() {
        let days = [(on(0), 0.5), (on(2), 0.25)].into_iter().collect();
        let staff_day = [("A1".to_owned(), [("vaccinator".to_owned(), days)].into())].into();
        let prices = Certificate { staff_day, ..Certificate::default() };
        let none = Question::default();
        let asked = |question: Question| why(&plain(), start(), &prices, &question);
        let all = asked(none);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].scarce, all[0].role), (Scarce::StaffDay, Some(Role::Vaccinator)));
        assert_eq!((all[0].code.as_str(), all[0].count, all[0].dearest), ("A1", 2, on(0)));
        assert_eq!((all[0].one_more, all[0].weight), (0.5, 0.75));
        let about = |place, area| asked(Question { area, place, ..none }).len();
        assert_eq!((about(Some("S1"), None), about(None, Some("A1"))), (1, 1));
        assert_eq!((about(Some("S9"), None), about(None, Some("A9"))), (0, 0));
        assert_eq!(asked(Question { day: Some(on(1)), ..none }), []);
    }

    #[test]
    fn the_best_series_avoids_dear_days_where_waiting_costs_less() {
        let mut campaign = plain();
        campaign.groups.push(group("few", 2.0));
        campaign.eligible.push(eligible("A1", "few", 3));
        let site_day = [("S1".to_owned(), [(on(0), 9.0), (on(21), 9.0)].into_iter().collect())];
        let prices =
            Certificate { site_day: site_day.into_iter().collect(), ..Certificate::default() };
        let found = best_series(&campaign, start(), &prices, &Question::default());
        assert_eq!(found.len(), 2);
        let days: Vec<i64> =
            found[0].doses.iter().map(|dose| (dose.0 - start()).num_days()).collect();
        assert_eq!(days, [1, 22]);
        assert!(found[0].doses.iter().all(|dose| dose.1.as_str() == "S1"));
        assert!((found[0].worth - 0.5 * (59.0 + 38.0) / 60.0).abs() < 1e-12);
        assert!((found[1].worth - 2.0 * found[0].worth).abs() < 1e-12, "by priority");
        assert!(found[0].cost.abs() < 1e-12);
        let one = Question { group: Some("few"), ..Question::default() };
        assert_eq!(best_series(&campaign, start(), &prices, &one).len(), 1);
        let other = Question { area: Some("A9"), ..Question::default() };
        assert_eq!(best_series(&campaign, start(), &prices, &other), []);
    }
}
