//! The campaign as the check reads it.

pub(super) use super::tables::Day;
use super::tables::{SiteTable, closed_by_day};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::counting::ELSEWHERE;
use crate::domain::dose::GivenRow;
use crate::domain::jurisdiction::JoinedCampaign;
use crate::domain::site::{Site, Team};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// The campaign from a day on, with its history.
pub(super) struct View<'a> {
    pub(super) campaign: &'a Campaign,
    /// Number of planning days.
    pub(super) days: Day,
    /// First day that the plan may use.
    pub(super) first: Day,
    pub(super) cohorts: BTreeMap<CohortKey, CohortView>,
    /// What it may use of each site.
    pub(super) sites: Vec<SiteTable>,
    /// What a campaign over a jurisdiction says beyond the tables of a campaign.
    pub(super) joined: Option<&'a JoinedCampaign>,
    closures: BTreeMap<(&'a str, Day), u32>,
    reach: BTreeSet<(&'a str, &'a str)>,
    pub(super) lots: Vec<LotView<'a>>,
    /// Units in a vaccine dose.
    pub(super) scale: u128,
}

/// People of one area and group.
pub(super) struct CohortView {
    pub(super) people: u64,
    pub(super) opens: Day,
    pub(super) priority: f64,
    /// Doses of history that count, by dose and day; empty without history.
    pub(super) history: Vec<BTreeMap<Day, u64>>,
}

/// A lot, less what history drew.
pub(super) struct LotView<'a> {
    pub(super) code: &'a str,
    pub(super) first: Day,
    pub(super) last: Day,
    pub(super) units: u128,
}

/// Above this the exact scale is given up: sums would not fit into 128 bits.
const SCALE_MAX: u128 = 1_000_000_000_000_000_000_000_000;

impl<'a> View<'a> {
    /// A campaign on its own.
    pub(super) fn new(campaign: &'a Campaign, given: &[GivenRow], from: NaiveDate) -> Self {
        let mut view = Self::empty(campaign, from);
        let table = |site: &Site| {
            let closed = |day| view.closures.get(&(site.code.as_str(), day)).copied();
            SiteTable::plain(site, (campaign.start, view.days), closed)
        };
        view.sites = campaign.sites.iter().map(table).collect();
        view.read(given, from);
        view
    }

    /// A campaign of a jurisdiction: `sites` says what it may use of each site.
    pub(super) fn joined(
        one: &'a JoinedCampaign,
        sites: Vec<SiteTable>,
        given: &[GivenRow],
        from: NaiveDate,
    ) -> Self {
        let mut view = Self::empty(&one.campaign, from);
        for ((place, day), doses) in closed_by_day(&one.closures, one.campaign.start) {
            // A closure of its own comes on top of the place's.
            let held = view.closures.entry((place, day)).or_insert(doses);
            *held = doses.min(*held);
        }
        view.scale = scale(&one.campaign, &sites);
        view.joined = Some(one);
        view.sites = sites;
        view.read(given, from);
        view
    }

    /// Its days and closures.
    fn empty(campaign: &'a Campaign, from: NaiveDate) -> Self {
        let at = |day: NaiveDate| (day - campaign.start).num_days();
        let mut view = Self {
            campaign,
            days: at(campaign.end) + 1,
            first: at(from).max(0),
            cohorts: BTreeMap::new(),
            sites: Vec::new(),
            joined: None,
            closures: BTreeMap::new(),
            reach: BTreeSet::new(),
            lots: Vec::new(),
            scale: scale(campaign, &[]),
        };
        for closure in &campaign.closures {
            view.closures.insert((closure.place.as_str(), at(closure.day)), closure.doses);
        }
        view
    }

    fn read(&mut self, given: &[GivenRow], from: NaiveDate) {
        let campaign = self.campaign;
        let at = |day: NaiveDate| (day - campaign.start).num_days();
        for reach in &campaign.reach {
            self.reach.insert((reach.area.as_str(), reach.site.as_str()));
        }
        for lot in &campaign.deliveries {
            let units = u128::from(lot.doses) * self.scale;
            let (first, last) = (at(lot.date), at(lot.expires));
            self.lots.push(LotView { code: lot.lot.as_str(), first, last, units });
        }
        self.read_cohorts(from);
        let past: Vec<&GivenRow> = given.iter().filter(|row| at(row.day) < self.first).collect();
        self.add_doses(&past);
        self.take_lots(&past);
    }

    fn read_cohorts(&mut self, from: NaiveDate) {
        for (key, row) in self.campaign.eligible_on(from.max(self.campaign.start)) {
            let Some(group) = self.campaign.group(key.group.as_str()) else { continue };
            let people = (Decimal::from(row.people) * group.uptake).floor();
            let opens = group.opens.map_or(0, |day| (day - self.campaign.start).num_days());
            let cohort = CohortView {
                people: u64::try_from(people).unwrap_or(0),
                opens: opens.max(0),
                priority: group.priority,
                history: Vec::new(),
            };
            self.cohorts.insert(key, cohort);
        }
    }

    /// History by cohort: a later dose counts only as far as older ones allow it.
    fn add_doses(&mut self, past: &[&GivenRow]) {
        let count = self.campaign.series.dose_count();
        for row in past {
            let key = CohortKey { area: row.area.clone(), group: row.group.clone() };
            let Some(cohort) = self.cohorts.get_mut(&key) else { continue };
            if (1..=count).contains(&usize::from(row.dose)) {
                cohort.history.resize(count, BTreeMap::new());
                let day = (row.day - self.campaign.start).num_days();
                *cohort.history[usize::from(row.dose) - 1].entry(day).or_insert(0) +=
                    u64::from(row.doses);
            }
        }
        let mut cohorts = std::mem::take(&mut self.cohorts);
        for cohort in cohorts.values_mut().filter(|cohort| !cohort.history.is_empty()) {
            cohort.people = cohort.people.max(cohort.history[0].values().sum());
            for later in 1..count {
                let (before, after) = cohort.history.split_at_mut(later);
                let old: Vec<(Day, u64)> =
                    before[later - 1].iter().map(|(d, n)| (*d, *n)).collect();
                let (mut next, mut enough, mut counted) = (0, 0_u64, 0_u64);
                for (day, doses) in &mut after[0] {
                    while next < old.len() && self.earliest(later, old[next].0) <= *day {
                        enough += old[next].1;
                        next += 1;
                    }
                    *doses = (*doses).min(enough - counted);
                    counted += *doses;
                }
            }
        }
        self.cohorts = cohorts;
    }

    /// Takes what history drew off the lots usable on its day, first expiring first.
    fn take_lots(&mut self, past: &[&GivenRow]) {
        let worst = self.campaign.teams.iter().map(|team| team.wastage_rate).max();
        let mut drawn: BTreeMap<Day, u128> = BTreeMap::new();
        for row in past.iter().filter(|row| row.place.as_str() != ELSEWHERE) {
            let code = row.place.as_str();
            let day = (row.day - self.campaign.start).num_days();
            let site = self.campaign.sites.iter().position(|site| site.code == row.place);
            let rate = site
                .map(|site| self.sites[site].rate_on(day.max(0)))
                .or_else(|| self.campaign.stop(code).and(worst))
                .unwrap_or(Decimal::ZERO);
            *drawn.entry(day).or_insert(0) += units(self.scale, u64::from(row.doses), rate);
        }
        let mut order: Vec<usize> = (0..self.lots.len()).collect();
        order.sort_by_key(|&i| self.lots[i].last);
        for (day, mut need) in drawn {
            for &i in &order {
                let lot = &mut self.lots[i];
                if lot.first <= day && day <= lot.last {
                    let taken = need.min(lot.units);
                    lot.units -= taken;
                    need -= taken;
                }
            }
        }
    }

    fn after(&self, wait: crate::domain::series::Duration, day: Day) -> Day {
        let start = self.date(day);
        (wait.after(start, self.campaign.series.month_end) - self.campaign.start).num_days()
    }

    /// First day of dose `dose` (index, from 1) when the one before was on `day`.
    pub(super) fn earliest(&self, dose: usize, day: Day) -> Day {
        let wait = self.campaign.series.doses[dose].interval_min;
        wait.map_or(day, |wait| self.after(wait, day))
    }

    /// Its last day; `None`: never too late.
    pub(super) fn latest(&self, dose: usize, day: Day) -> Option<Day> {
        let wait = self.campaign.series.doses[dose].interval_max;
        wait.map(|wait| self.after(wait, day))
    }

    pub(super) fn date(&self, day: Day) -> NaiveDate {
        self.campaign.start + TimeDelta::days(day)
    }

    pub(super) fn reaches(&self, area: &str, site: &str) -> bool {
        self.reach.contains(&(area, site))
    }

    /// Whether a team or stop is there on a day.
    pub(super) fn is_there(
        &self,
        code: &str,
        weekdays: crate::domain::date::Weekdays,
        day: Day,
    ) -> bool {
        weekdays.contains(self.date(day))
            && self.closures.get(&(code, day)).is_none_or(|doses| *doses > 0)
    }

    /// Units that so many doses draw.
    pub(super) fn drawn(&self, doses: u64, rate: Decimal) -> u128 {
        units(self.scale, doses, rate)
    }

    /// Kilometres on the road of the shortest round of a team.
    pub(super) fn tour_km(&self, team: &Team, stops: &[usize]) -> f64 {
        let points: Vec<_> = stops.iter().map(|&i| self.campaign.stops[i].point).collect();
        let mut best = f64::INFINITY;
        for order in orders(points.len()) {
            let (mut km, mut at) = (0.0, team.point);
            for i in order {
                km += at.km_to(points[i]);
                at = points[i];
            }
            best = best.min(km + at.km_to(team.point));
        }
        self.campaign.travel.road_factor * best
    }
}

/// Every order of `0..n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for i in 0..n {
        let mut longer = Vec::new();
        for order in &all {
            for at in 0..=order.len() {
                let mut next: Vec<usize> = order.clone();
                next.insert(at, i);
                longer.push(next);
            }
        }
        all = longer;
    }
    all
}

/// 1 − w as a fraction in lowest terms; nothing kept: (0, 1). The same rule as in `domain::stock`,
/// written a second time on purpose: the check shares no code with the planner.
fn kept(rate: Decimal) -> (u128, u128) {
    let keep = (Decimal::ONE - rate).normalize();
    let (over, under) = (u128::try_from(keep.mantissa()).unwrap_or(0), 10_u128.pow(keep.scale()));
    let common = gcd(over, under);
    (over / common, under / common)
}

/// Vaccine doses drawn for a dose given.
pub(super) fn draw_doses(rate: Decimal) -> f64 {
    let (over, under) = kept(rate);
    under as f64 / over as f64
}

/// Units that doses draw; rounded down where the scale had to be given up.
pub(super) fn units(scale: u128, doses: u64, rate: Decimal) -> u128 {
    let (over, under) = kept(rate);
    if over == 0 {
        return if doses == 0 { 0 } else { u128::MAX / 4 };
    }
    match (u128::from(doses) * scale).checked_mul(under) {
        Some(product) => product / over,
        None => (u128::from(doses) * scale / over).saturating_mul(under),
    }
}

/// A scale on which the draws at all rates of a campaign and of some tables are whole numbers.
pub(super) fn scale(campaign: &Campaign, tables: &[SiteTable]) -> u128 {
    let sites = campaign.sites.iter().map(|site| site.wastage_rate);
    let days: BTreeSet<Decimal> = tables.iter().flat_map(|table| &table.wastage).copied().collect();
    let teams = campaign.teams.iter().map(|team| team.wastage_rate);
    let rates = sites.chain(teams).chain(days);
    let mut common = 1_u128;
    for rate in rates {
        let over = kept(rate).0.max(1);
        common = (common / gcd(common, over)).saturating_mul(over);
        if common > SCALE_MAX {
            return 1_000_000_000_000;
        }
    }
    common
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}
