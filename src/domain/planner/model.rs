//! The planner's view of a campaign: cohorts, days, places, periods and lots as indices.
//!
//! **Day**: an index, 0 is the campaign's `start`; history may lie before it (then a signed
//! number). **Place**: a site or a stop. **Unit**: a fraction of a vaccine dose that makes every draw of one dose a whole number. **Class**: the draws that the
//! same lots may serve.

use super::index::{ListIndex, Per, Place, SiteIndex, StopIndex, TeamIndex, by_code};
use super::num::{day, number};
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
    /// Where it comes from.
    pub(super) campaign: &'a Campaign,
    /// Planning days.
    pub(super) days: usize,
    /// First day that the plan may use; `days` or more: none.
    pub(super) first: usize,
    /// Protection that each dose adds.
    pub(super) shares: Vec<f64>,
    /// `windows[j][d]`: first and last day (inside the campaign) of dose j + 1 after dose j on
    /// day d; empty where the first is after the last.
    pub(super) windows: Vec<Vec<(usize, usize)>>,
    /// Cohorts, in the order of area and group codes.
    pub(super) cohorts: Vec<Cohort>,
    /// Fixed sites, in the order of the campaign.
    pub(super) sites: Per<SiteIndex, SiteModel>,
    /// Stops.
    pub(super) stops: Per<StopIndex, StopModel>,
    /// Teams.
    pub(super) teams: Per<TeamIndex, TeamModel>,
    /// Places of each area of the campaign, nearest first.
    pub(super) reach: Vec<Vec<Place>>,
    /// Lots, in the order of the campaign, less what history drew.
    pub(super) lots: Vec<LotModel>,
    /// Lots that may serve each class of draws, first expiring first.
    pub(super) classes: Vec<Vec<usize>>,
    /// Class of what a team draws on a day.
    pub(super) day_class: Vec<usize>,
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
    /// Index of the area.
    pub(super) area: usize,
    /// Weight of its doses.
    pub(super) priority: f64,
    /// People, at least those with a first dose.
    pub(super) people: u32,
    /// People without a dose.
    pub(super) new_people: u32,
    /// First day on which it may get a dose.
    pub(super) opens: usize,
    /// People who wait for a later dose since before the plan, in the order of their last dose.
    pub(super) waiting: Vec<Waiting>,
    /// People who had their last dose before the plan.
    pub(super) finished: u32,
}

/// People of a cohort who had a dose before the plan and wait for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Index of the dose that they wait for.
    pub(super) dose: usize,
    /// How many.
    pub(super) people: u32,
    /// First day that the plan may use for it.
    pub(super) low: usize,
    /// Last day.
    pub(super) high: usize,
    /// Whether the window is open and ends inside the campaign: then the dose must be in the plan.
    pub(super) bound: bool,
}

/// A fixed site.
#[derive(Debug, Clone)]
pub(super) struct SiteModel {
    /// Doses by day; 0 before the first day.
    pub(super) capacity: Vec<u32>,
    /// Periods between restocks.
    pub(super) periods: Vec<Period>,
    /// Index of the period of each day.
    pub(super) period_of: Vec<usize>,
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
    pub(super) start: usize,
    /// The last day.
    pub(super) last: usize,
    /// Class of its draw.
    pub(super) class: usize,
}

/// A stop.
#[derive(Debug, Clone)]
pub(super) struct StopModel {
    /// Whether it may be visited, by day; false before the first day.
    pub(super) open: Vec<bool>,
    /// Minutes to set up.
    pub(super) setup_minutes: f64,
    /// Doses a visit at most.
    pub(super) doses_max: u32,
}

/// A team.
#[derive(Debug, Clone)]
pub(super) struct TeamModel {
    /// Whether it works, by day; false before the first day.
    pub(super) works: Vec<bool>,
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
    /// Builds the index form. `given` may hold doses of any day; those from `from` on are left out.
    pub(super) fn new(campaign: &'a Campaign, given: &[GivenRow], from: NaiveDate) -> Self {
        let days = campaign.day_count();
        let first = day((from - campaign.start).num_days());
        let calendar = Calendar { campaign, first, closed: closures(campaign), days };
        let scale = Scale::of(campaign);
        let lots = history::lots_left(campaign, given, from, scale);
        let mut classes = Classes { lots: &lots, found: BTreeMap::new(), list: Vec::new() };
        let sites = site_models(&calendar, scale, &mut classes);
        let day_class = (0..days).map(|d| classes.of(d, d)).collect();
        let classes = classes.list;
        let reach = reach(campaign);
        let mut problem = Self {
            campaign,
            days,
            first,
            shares: (0..campaign.series.dose_count()).map(|j| campaign.series.share(j)).collect(),
            windows: Vec::new(),
            cohorts: Vec::new(),
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
        problem.windows =
            later.map(|j| (0..days).map(|d| problem.inside(j, number(d))).collect()).collect();
        problem.cohorts = problem.cohorts_on(given, from);
        problem
    }

    /// Days on which dose `dose` may follow the dose before, given on day `after`: without and
    /// with the campaign's end; `None` where the series sets no longest interval.
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

    /// The same for somebody who starts in the plan: cut to the campaign.
    fn inside(&self, dose: usize, after: i64) -> (usize, usize) {
        let (low, high) = self.window(dose, after);
        let last = number(self.days) - 1;
        let high = high.unwrap_or(last).min(last);
        if high < low.max(0) { (1, 0) } else { (day(low).max(self.first), day(high)) }
    }

    fn cohorts_on(&self, given: &[GivenRow], from: NaiveDate) -> Vec<Cohort> {
        let campaign = self.campaign;
        let areas: BTreeMap<&str, usize> =
            campaign.areas.iter().enumerate().map(|(i, area)| (area.code.as_str(), i)).collect();
        let past = history::by_cohort(self, given, from);
        let mut cohorts = Vec::new();
        for (key, eligible) in campaign.eligible_on(from.max(campaign.start)) {
            let Some(group) = campaign.group(key.group.as_str()) else { continue };
            let Some(&area) = areas.get(key.area.as_str()) else { continue };
            let people = floor_of(eligible.people, group.uptake);
            let opens = group.opens.map_or(0, |date| day((date - campaign.start).num_days()));
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
    pub(super) fn value(&self, cohort: &Cohort, dose: usize, day: usize) -> f64 {
        cohort.priority * self.shares[dose] * (self.days - day) as f64 / self.days as f64
    }

    /// The date of a day.
    pub(super) fn date(&self, day: usize) -> NaiveDate {
        self.campaign.start + TimeDelta::days(number(day))
    }
}

/// Which weekdays and closures make a day open.
struct Calendar<'a> {
    campaign: &'a Campaign,
    first: usize,
    days: usize,
    closed: BTreeMap<(&'a str, usize), u32>,
}

impl Calendar<'_> {
    fn date(&self, day: usize) -> NaiveDate {
        self.campaign.start + TimeDelta::days(number(day))
    }

    /// Days on which a team or stop is there: its weekdays, less closures, from the first day on.
    fn open(&self, code: &str, weekdays: crate::domain::date::Weekdays) -> Vec<bool> {
        let on = |d: usize| {
            d >= self.first
                && weekdays.contains(self.date(d))
                && self.closed.get(&(code, d)).is_none_or(|&doses| doses > 0)
        };
        (0..self.days).map(on).collect()
    }
}

fn closures(campaign: &Campaign) -> BTreeMap<(&str, usize), u32> {
    campaign
        .closures
        .iter()
        .filter(|closure| closure.day >= campaign.start)
        .map(|closure| {
            let at = day((closure.day - campaign.start).num_days());
            ((closure.place.as_str(), at), closure.doses)
        })
        .collect()
}

/// Finds the classes of draws: sets of lots.
struct Classes<'a> {
    lots: &'a [LotModel],
    found: BTreeMap<Vec<usize>, usize>,
    list: Vec<Vec<usize>>,
}

impl Classes<'_> {
    /// Class of a draw that is taken on day `taken` and lasts until day `last`.
    fn of(&mut self, taken: usize, last: usize) -> usize {
        let serves = |lot: &LotModel| lot.first <= number(taken) && lot.last >= number(last);
        let mut lots: Vec<usize> =
            (0..self.lots.len()).filter(|&l| serves(&self.lots[l])).collect();
        lots.sort_by_key(|&l| (self.lots[l].last, self.lots[l].first, l));
        let next = self.list.len();
        *self.found.entry(lots.clone()).or_insert_with(|| {
            self.list.push(lots);
            next
        })
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
        let capacity = |d: usize| {
            let week = || site.weekly_capacity(calendar.date(d));
            let doses = calendar.closed.get(&(site.code.as_str(), d)).copied();
            if d < calendar.first || draw.is_none() { 0 } else { doses.unwrap_or_else(week) }
        };
        let (mut periods, mut period_of) = (Vec::<Period>::new(), Vec::new());
        for d in 0..calendar.days {
            if d == 0 || site.restock.contains(calendar.date(d)) {
                periods.push(Period { start: d, last: d, class: 0 });
            }
            if let Some(period) = periods.last_mut() {
                period.last = d;
            }
            period_of.push(periods.len() - 1);
        }
        for period in &mut periods {
            period.class = classes.of(period.start, period.last);
        }
        models.push(SiteModel {
            capacity: (0..calendar.days).map(capacity).collect(),
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
fn reach(campaign: &Campaign) -> Vec<Vec<Place>> {
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
