//! The planner's view of a campaign: cohorts, days, places, periods and lots as indices.
//!
//! **Day**: an index; 0 is the campaign's `start`. History may lie before it and has signed day
//! numbers. **Place**: a site or a stop. **Unit**: a fraction of a vaccine dose, chosen so that
//! every draw for one dose is a whole number of units. **Class**: draws that may be served by the
//! same lots.

use super::index::{
    AreaIndex, ClassIndex, CohortIndex, Day, ListIndex, LotIndex, Per, PeriodIndex, Place,
    RunIndex, SiteIndex, StopIndex, TeamIndex, by_code,
};
use super::units::{Keep, Scale};
use super::{history, routes::Roads};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::count::floor_of;
use crate::domain::dose::GivenRow;
use crate::domain::id::PlaceCode;
use crate::domain::site::{Site, Stop, Team};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// A campaign in index form, with its history, from the first day that a plan may use.
pub(super) struct Problem<'a> {
    /// The campaign that it describes.
    pub(super) campaign: &'a Campaign,
    /// Number of planning days.
    pub(super) days: usize,
    /// First day that the plan may use; after the last day where there is none.
    pub(super) first: Day,
    /// Protection that each dose adds.
    pub(super) shares: Vec<f64>,
    /// `windows[j][d]`: first and last day inside the campaign for dose j + 1 if dose j is given on
    /// day d. The first is after the last if there is no such day.
    pub(super) windows: Vec<Per<Day, (Day, Day)>>,
    /// Cohorts, in the order of area and group codes.
    pub(super) cohorts: Per<CohortIndex, Cohort>,
    /// Fixed sites, in the order of the campaign.
    pub(super) sites: Per<SiteIndex, SiteModel>,
    /// Stops.
    pub(super) stops: Per<StopIndex, StopModel>,
    /// Teams.
    pub(super) teams: Per<TeamIndex, TeamModel>,
    /// Places of each area of the campaign, nearest first.
    pub(super) reach: Per<AreaIndex, Vec<Place>>,
    /// Lots, in the order of the campaign, less what was drawn before the plan.
    pub(super) lots: Per<LotIndex, LotModel>,
    /// Lots that may serve each class of draws, first expiring first.
    pub(super) classes: Per<ClassIndex, Vec<LotIndex>>,
    /// Class of what a team draws, by day.
    pub(super) day_class: Per<Day, ClassIndex>,
    /// Kilometres between bases and stops.
    pub(super) roads: Roads,
    /// Vaccine units in a dose of vaccine.
    pub(super) scale: u64,
}

/// People of one area and group.
#[derive(Debug, Clone)]
pub(super) struct Cohort {
    /// Area and group.
    pub(super) key: CohortKey,
    /// Its area.
    pub(super) area: AreaIndex,
    /// Weight of its doses.
    pub(super) priority: f64,
    /// People, and at least as many as have had a first dose.
    pub(super) people: u32,
    /// People without a dose.
    pub(super) new_people: u32,
    /// First day on which it may get a dose.
    pub(super) opens: Day,
    /// People who had a dose before the plan and wait for the next one, in the order of their last
    /// dose.
    pub(super) waiting: Per<RunIndex, Waiting>,
    /// People who finished their series before the plan.
    pub(super) finished: u32,
}

/// People of a cohort who had a dose before the plan and wait for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Index of the dose that they wait for, from 0.
    pub(super) dose: usize,
    /// How many.
    pub(super) people: u32,
    /// First day that the plan may use for it.
    pub(super) low: Day,
    /// Last day.
    pub(super) high: Day,
    /// Whether their window is open and ends inside the campaign: then the plan must contain the
    /// dose.
    pub(super) bound: bool,
}

/// A fixed site.
#[derive(Debug, Clone)]
pub(super) struct SiteModel {
    /// Doses by day; 0 before the first day.
    pub(super) capacity: Per<Day, u32>,
    /// Periods between restocks.
    pub(super) periods: Per<PeriodIndex, Period>,
    /// Period of each day.
    pub(super) period_of: Per<Day, PeriodIndex>,
    /// Units that the cold store holds; `u64::MAX` without a limit.
    pub(super) storage: u64,
    /// Units that one dose draws.
    pub(super) draw: u64,
    /// Vaccine doses that one dose draws.
    pub(super) draw_doses: f64,
}

/// Days from one restock to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    /// The restock day.
    pub(super) start: Day,
    /// The last day.
    pub(super) last: Day,
    /// Class of its draw.
    pub(super) class: ClassIndex,
}

/// A stop.
#[derive(Debug, Clone)]
pub(super) struct StopModel {
    /// Whether it may be visited, by day; false before the first day.
    pub(super) open: Per<Day, bool>,
    /// Minutes to set up.
    pub(super) setup_minutes: f64,
    /// Doses a visit at most.
    pub(super) doses_max: u32,
}

/// A team.
#[derive(Debug, Clone)]
pub(super) struct TeamModel {
    /// Whether it works, by day; false before the first day.
    pub(super) works: Per<Day, bool>,
    /// Minutes of a day.
    pub(super) work_minutes: f64,
    /// Stops a day.
    pub(super) stops_max: usize,
    /// Doses a day.
    pub(super) doses_max: u32,
    /// Minutes that a dose takes; infinite for a team that gives none.
    pub(super) dose_minutes: f64,
    /// Units that one dose draws.
    pub(super) draw: u64,
    /// Vaccine doses that one dose draws.
    pub(super) draw_doses: f64,
}

/// A lot of vaccine.
#[derive(Debug, Clone, Copy)]
pub(super) struct LotModel {
    /// First day.
    pub(super) first: i64,
    /// Last day of use.
    pub(super) last: i64,
    /// Units left for the plan.
    pub(super) units: u64,
}

impl<'a> Problem<'a> {
    /// Builds the index form. `given` may hold doses of any day; those on or after `from` are
    /// ignored.
    pub(super) fn new(campaign: &'a Campaign, given: &[GivenRow], from: NaiveDate) -> Self {
        let days = campaign.day_count();
        let first = Day::of_number((from - campaign.start).num_days());
        let calendar = Calendar { campaign, first, closed: closures(campaign), days };
        let scale = Scale::of(campaign);
        let lots = history::lots_left(campaign, given, from, scale);
        let mut classes = Classes { lots: &lots, found: BTreeMap::new(), list: Per::default() };
        let sites = site_models(&calendar, scale, &mut classes);
        let day_class = Per::with(days, |day| classes.of(day, day));
        let classes = classes.list;
        let reach = reach(campaign);
        let mut problem = Self {
            campaign,
            days,
            first,
            shares: (0..campaign.series.dose_count()).map(|j| campaign.series.share(j)).collect(),
            windows: Vec::new(),
            cohorts: Per::default(),
            sites,
            stops: stop_models(&calendar),
            teams: team_models(&calendar, scale),
            reach,
            lots,
            classes,
            day_class,
            roads: Roads::new(campaign),
            scale: scale.units,
        };
        let later = 1..campaign.series.dose_count();
        problem.windows = later.map(|j| Per::with(days, |day| problem.inside(j, day))).collect();
        problem.cohorts = problem.cohorts_on(given, from);
        problem
    }

    /// First and last day number on which dose `dose` (index, from 1) may follow the dose before
    /// it, given on day `after`. Not cut to the campaign. The last is `None` if the series sets no
    /// longest interval.
    pub(super) fn window(&self, dose: usize, after: i64) -> (i64, Option<i64>) {
        let series = &self.campaign.series;
        let Some(date) = self.campaign.start.checked_add_signed(TimeDelta::days(after)) else {
            return (i64::MAX, None);
        };
        let move_by = |wait: &crate::domain::series::Duration| {
            (wait.after(date, series.month_end) - self.campaign.start).num_days()
        };
        let rule = &series.doses[dose];
        let low = rule.interval_min.as_ref().map_or(after, move_by);
        (low, rule.interval_max.as_ref().map(move_by))
    }

    /// The same for somebody who starts in the plan: cut to the campaign; (1, 0) where there is
    /// no such day.
    fn inside(&self, dose: usize, after: Day) -> (Day, Day) {
        let (low, high) = self.window(dose, after.number());
        let last = self.end().number() - 1;
        let high = high.unwrap_or(last).min(last);
        if high < low.max(0) {
            (Day::of(1), Day::FIRST)
        } else {
            (Day::of_number(low).max(self.first), Day::of_number(high))
        }
    }

    fn cohorts_on(&self, given: &[GivenRow], from: NaiveDate) -> Per<CohortIndex, Cohort> {
        let campaign = self.campaign;
        let areas = by_code::<AreaIndex>(campaign.areas.iter().map(|area| area.code.as_str()));
        let past = history::by_cohort(self, given, from);
        let mut cohorts = Per::default();
        for (key, eligible) in campaign.eligible_on(from.max(campaign.start)) {
            let Some(group) = campaign.group(key.group.as_str()) else { continue };
            let Some(&area) = areas.get(key.area.as_str()) else { continue };
            let people = floor_of(eligible.people, group.uptake);
            let opens = group.opens.map_or(Day::FIRST, |date| self.day_of(date));
            let none = history::Past::default();
            let past = past.get(&key).unwrap_or(&none);
            let people = people.max(past.first_doses);
            cohorts.push(Cohort {
                area,
                priority: group.priority,
                people,
                new_people: people - past.first_doses,
                opens: opens.max(self.first),
                waiting: past.waiting(self, opens.max(self.first)),
                finished: past.finished,
                key,
            });
        }
        cohorts
    }

    /// A site as the campaign describes it.
    pub(super) fn site(&self, site: SiteIndex) -> &'a Site {
        &self.campaign.sites[site.position()]
    }

    /// A stop as the campaign describes it.
    pub(super) fn stop(&self, stop: StopIndex) -> &'a Stop {
        &self.campaign.stops[stop.position()]
    }

    /// A team as the campaign describes it.
    pub(super) fn team(&self, team: TeamIndex) -> &'a Team {
        &self.campaign.teams[team.position()]
    }

    /// Code of a place.
    pub(super) fn place_code(&self, place: Place) -> &'a PlaceCode {
        match place {
            Place::Site(site) => &self.site(site).code,
            Place::Stop(stop) => &self.stop(stop).code,
        }
    }

    /// Worth of dose `dose` of a cohort on a day.
    pub(super) fn value(&self, cohort: &Cohort, dose: usize, day: Day) -> f64 {
        cohort.priority * self.shares[dose] * self.days_left(day) / self.days as f64
    }

    /// Days from a day to the end, both included.
    pub(super) fn days_left(&self, day: Day) -> f64 {
        (self.days - day.position()) as f64
    }

    /// The day after the last one.
    pub(super) fn end(&self) -> Day {
        Day::of(self.days)
    }

    /// The days that the plan may use.
    pub(super) fn plan_days(&self) -> impl DoubleEndedIterator<Item = Day> + Clone + use<> {
        self.first.until(self.end())
    }

    /// The date of a day.
    pub(super) fn date(&self, day: Day) -> NaiveDate {
        self.campaign.start + TimeDelta::days(day.number())
    }

    /// The day of a date; dates before the campaign's start count as its first day.
    pub(super) fn day_of(&self, date: NaiveDate) -> Day {
        Day::of_number((date - self.campaign.start).num_days())
    }
}

/// Weekdays and closures: on which days something is open.
struct Calendar<'a> {
    campaign: &'a Campaign,
    first: Day,
    days: usize,
    closed: BTreeMap<(&'a str, Day), u32>,
}

impl Calendar<'_> {
    fn date(&self, day: Day) -> NaiveDate {
        self.campaign.start + TimeDelta::days(day.number())
    }

    /// Days on which a team or stop is there: its weekdays, less closures, from the first day on.
    fn open(&self, code: &str, weekdays: crate::domain::date::Weekdays) -> Per<Day, bool> {
        let on = |d: Day| {
            d >= self.first
                && weekdays.contains(self.date(d))
                && self.closed.get(&(code, d)).is_none_or(|&doses| doses > 0)
        };
        Per::with(self.days, on)
    }
}

fn closures(campaign: &Campaign) -> BTreeMap<(&str, Day), u32> {
    campaign
        .closures
        .iter()
        .filter(|closure| closure.day >= campaign.start)
        .map(|closure| {
            let at = Day::of_number((closure.day - campaign.start).num_days());
            ((closure.place.as_str(), at), closure.doses)
        })
        .collect()
}

/// Collects the classes of draws, each a set of lots.
struct Classes<'a> {
    lots: &'a Per<LotIndex, LotModel>,
    found: BTreeMap<Vec<LotIndex>, ClassIndex>,
    list: Per<ClassIndex, Vec<LotIndex>>,
}

impl Classes<'_> {
    /// Class of a draw that is taken on day `taken` and used until day `last`.
    fn of(&mut self, taken: Day, last: Day) -> ClassIndex {
        let serves = |lot: &LotModel| lot.first <= taken.number() && lot.last >= last.number();
        let mut lots: Vec<LotIndex> =
            self.lots.indices().filter(|&l| serves(&self.lots[l])).collect();
        lots.sort_by_key(|&l| (self.lots[l].last, self.lots[l].first, l));
        *self.found.entry(lots.clone()).or_insert_with(|| self.list.push(lots))
    }
}

fn site_models(
    calendar: &Calendar,
    scale: Scale,
    classes: &mut Classes,
) -> Per<SiteIndex, SiteModel> {
    let mut models = Per::default();
    for site in &calendar.campaign.sites {
        let keep = Keep::after(site.wastage_rate);
        let draw = scale.draw(keep);
        let capacity = |d: Day| {
            let week = || site.weekly_capacity(calendar.date(d));
            let doses = calendar.closed.get(&(site.code.as_str(), d)).copied();
            if d < calendar.first || draw.is_none() { 0 } else { doses.unwrap_or_else(week) }
        };
        let mut spans: Per<PeriodIndex, (Day, Day)> = Per::default();
        let mut period_of = Per::default();
        let mut period = PeriodIndex::of(0);
        for d in Day::FIRST.until(Day::of(calendar.days)) {
            if d == Day::FIRST || site.restock.contains(calendar.date(d)) {
                period = spans.push((d, d));
            }
            spans[period].1 = d;
            period_of.push(period);
        }
        let of_span = |&(start, last): &(Day, Day)| {
            let class = classes.of(start, last);
            Period { start, last, class }
        };
        let periods = spans.iter().map(of_span).collect();
        models.push(SiteModel {
            capacity: Per::with(calendar.days, capacity),
            periods,
            period_of,
            storage: site.storage_doses.map_or(u64::MAX, |doses| scale.vaccine(doses)),
            draw: draw.unwrap_or(1),
            draw_doses: keep.draw_doses(),
        });
    }
    models
}

fn stop_models(calendar: &Calendar) -> Per<StopIndex, StopModel> {
    let model = |stop: &Stop| StopModel {
        open: calendar.open(stop.code.as_str(), stop.weekdays),
        setup_minutes: f64::from(stop.setup_minutes),
        doses_max: stop.max_doses,
    };
    calendar.campaign.stops.iter().map(model).collect()
}

fn team_models(calendar: &Calendar, scale: Scale) -> Per<TeamIndex, TeamModel> {
    let model = |team: &Team| {
        let keep = Keep::after(team.wastage_rate);
        let draw = scale.draw(keep);
        TeamModel {
            works: calendar.open(team.code.as_str(), team.weekdays),
            work_minutes: f64::from(team.work_minutes),
            stops_max: super::num::index(team.max_stops),
            doses_max: if draw.is_some() { team.doses_per_day } else { 0 },
            dose_minutes: 60.0 / f64::from(team.doses_per_hour),
            draw: draw.unwrap_or(1),
            draw_doses: keep.draw_doses(),
        }
    };
    calendar.campaign.teams.iter().map(model).collect()
}

/// Places of each area, nearest first; a place without a known distance counts as near.
fn reach(campaign: &Campaign) -> Per<AreaIndex, Vec<Place>> {
    let sites = by_code::<SiteIndex>(campaign.sites.iter().map(|site| site.code.as_str()));
    let mut of_area: BTreeMap<&str, BTreeSet<Place>> = BTreeMap::new();
    for row in &campaign.reach {
        if let Some(&site) = sites.get(row.site.as_str()) {
            of_area.entry(row.area.as_str()).or_default().insert(Place::Site(site));
        }
    }
    for (position, stop) in campaign.stops.iter().enumerate() {
        let place = Place::Stop(StopIndex::of(position));
        of_area.entry(stop.area.as_str()).or_default().insert(place);
    }
    let list = |area: &crate::domain::area::Area| {
        let places = of_area.get(area.code.as_str()).into_iter().flatten().copied();
        let km = |place: Place| {
            let point = match place {
                Place::Stop(stop) => Some(campaign.stops[stop.position()].point),
                Place::Site(site) => campaign.sites[site.position()].point,
            };
            area.point.zip(point).map_or(0.0, |(a, b)| a.km_to(b))
        };
        let mut places: Vec<Place> = places.collect();
        places.sort_by(|&a, &b| km(a).total_cmp(&km(b)).then(a.cmp(&b)));
        places
    };
    campaign.areas.iter().map(list).collect()
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
