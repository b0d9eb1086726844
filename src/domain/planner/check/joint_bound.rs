//! The joint certificate: prices that prove an upper bound for the sum of several campaigns'
//! objectives, evaluated again without trusting their maker.
//!
//! Vaccine at stops is paid by the people here, so that a team's dose has one price whatever campaign
//! it belongs to.

use super::bound::{SLACK, Windows, best_route, cheapest_lot, entries, unknown, windows, worth};
use super::joint::Whole;
use super::view::{CohortView, Day, View, draw_doses};
use crate::domain::campaign::CohortKey;
use crate::domain::dose::GivenRow;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::Joined;
use crate::domain::plan::{JointCertificate, OwnPrices, PriceTable};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// The bound that the prices of a joint certificate prove for the sum of the campaigns' objectives,
/// and what is wrong with it. `given` and `from` as for [`super::check_joint`].
pub fn check_joint_certificate(
    joined: &Joined,
    certificate: &JointCertificate,
    given: &[Vec<GivenRow>],
    from: NaiveDate,
) -> (f64, Vec<String>) {
    let mut problems = Vec::new();
    let Some(whole) = Whole::of(joined) else { return (0.0, problems) };
    let view = View::new(&whole.campaign, &[], from);
    let shared = Shared::read(&view, &whole, certificate, &mut problems);
    let ids: BTreeSet<&str> = joined.campaigns.iter().map(|one| one.campaign.id.as_str()).collect();
    let of_lots = certificate.lot.keys().map(|id| ("lot", id));
    for (table, id) in of_lots.chain(certificate.own.keys().map(|id| ("own", id))) {
        if !ids.contains(id.as_str()) {
            problems.push(format!("{table} {id}: no such campaign"));
        }
    }
    let mut bound = shared.bound(&view, &whole);
    for at in 0..joined.campaigns.len() {
        let own = whole.view(joined, at, given, from);
        let id = own.campaign.id.as_str();
        let none = (BTreeMap::new(), OwnPrices::default());
        let lots = certificate.lot.get(id).unwrap_or(&none.0);
        let limits = certificate.own.get(id).unwrap_or(&none.1);
        let part = Part::read(&own, (lots, limits), &mut problems);
        bound += part.bound(&own, &whole, &shared, whole.off[at]);
    }
    let claimed = certificate.upper_bound;
    if claimed.is_nan() || claimed < bound - SLACK * bound.abs().max(1.0) {
        problems.push(format!("upper_bound {claimed} is not what the prices prove: {bound}"));
    }
    (bound, problems)
}

/// Prices by place and day; what is absent is 0.
type Days = Vec<Vec<f64>>;
/// Prices by site and first day of a period.
type Stores = Vec<BTreeMap<Day, f64>>;

/// Reads a table of prices by day; `codes` are the places.
fn by_day(
    view: &View,
    (table, name): (&PriceTable, &str),
    codes: &BTreeMap<&str, usize>,
    problems: &mut Vec<String>,
) -> Days {
    let days = usize::try_from(view.days).unwrap_or(0);
    let mut prices = vec![vec![0.0; days]; codes.len()];
    for (code, day, price) in entries(view, table, name, problems) {
        let at = usize::try_from(day).ok().filter(|day| *day < days);
        match codes.get(code).zip(at) {
            Some((&i, day)) => prices[i][day] = price,
            None if price == 0.0 => {}
            None => problems.push(unknown(view, name, code, day)),
        }
    }
    prices
}

/// Reads a table of prices of cold stores. `limited`: whether a site has a limit in a period that
/// begins on a day.
fn stores(
    view: &View,
    (table, name): (&PriceTable, &str),
    codes: &BTreeMap<&str, usize>,
    limited: impl Fn(usize, Day) -> bool,
    problems: &mut Vec<String>,
) -> Stores {
    let mut prices = vec![BTreeMap::new(); codes.len()];
    for (code, day, price) in entries(view, table, name, problems) {
        match codes.get(code).copied().filter(|&i| limited(i, day)) {
            Some(i) => _ = prices[i].insert(day, price),
            None if price == 0.0 => {}
            None => problems.push(unknown(view, name, code, day)),
        }
    }
    prices
}

fn site_codes<'v>(view: &View<'v>) -> BTreeMap<&'v str, usize> {
    view.campaign.sites.iter().enumerate().map(|(i, site)| (site.code.as_str(), i)).collect()
}

/// Prices of what is there once for all campaigns, by days of the whole.
struct Shared {
    site_day: Days,
    storage: Stores,
    stop_day: Days,
    stop_visit: Days,
}

impl Shared {
    fn read(
        view: &View,
        whole: &Whole,
        certificate: &JointCertificate,
        problems: &mut Vec<String>,
    ) -> Self {
        let sites = site_codes(view);
        let stops = view.campaign.stops.iter().enumerate();
        let stops: BTreeMap<&str, usize> = stops.map(|(i, stop)| (stop.code.as_str(), i)).collect();
        let limited = |i: usize, day: Day| {
            let mut spans = whole.sites[i].periods.iter();
            spans.any(|span| span.start == day && span.storage.is_some())
        };
        Self {
            site_day: by_day(view, (&certificate.site_day, "site_day"), &sites, problems),
            storage: stores(view, (&certificate.storage, "storage"), &sites, limited, problems),
            stop_day: by_day(view, (&certificate.stop_day, "stop_day"), &stops, problems),
            stop_visit: by_day(view, (&certificate.stop_visit, "stop_visit"), &stops, problems),
        }
    }

    /// What the shared places are worth, and the teams' days.
    fn bound(&self, view: &View, whole: &Whole) -> f64 {
        let mut total = 0.0;
        for (table, prices) in whole.sites.iter().zip(&self.site_day) {
            for (day, price) in (0..view.days).zip(prices).filter(|(day, _)| *day >= view.first) {
                total += price * f64::from(table.doses_on(day));
            }
        }
        for (table, prices) in whole.sites.iter().zip(&self.storage) {
            for span in &table.periods {
                let price = prices.get(&span.start).copied().unwrap_or(0.0);
                total += price * f64::from(span.storage.unwrap_or(0));
            }
        }
        total += self.stop_visit.iter().flatten().sum::<f64>();
        for (t, team) in view.campaign.teams.iter().enumerate() {
            for day in view.first..view.days {
                if !view.is_there(team.code.as_str(), team.weekdays, day) {
                    continue;
                }
                let at = usize::try_from(day).unwrap_or(0);
                let mut gains = Vec::new();
                for (p, stop) in view.campaign.stops.iter().enumerate() {
                    let gain = self.stop_day[p][at];
                    if gain > 0.0 && view.is_there(stop.code.as_str(), stop.weekdays, day) {
                        gains.push((gain, p));
                    }
                }
                let fees: Vec<f64> = self.stop_visit.iter().map(|days| days[at]).collect();
                total += best_route(view, t, gains, fees);
            }
        }
        total
    }
}

/// A campaign's own prices, by its own days.
struct Part {
    lot: Vec<f64>,
    own_day: Days,
    own_storage: Stores,
}

impl Part {
    fn read(
        view: &View,
        (lots, own): (&BTreeMap<String, f64>, &OwnPrices),
        problems: &mut Vec<String>,
    ) -> Self {
        let sites = site_codes(view);
        let id = view.campaign.id.as_str();
        let mut lot = vec![0.0; view.lots.len()];
        for (code, &price) in lots {
            match view.lots.iter().position(|lot| lot.code == code) {
                Some(i) if price.is_finite() && price >= 0.0 => lot[i] = price,
                _ => {
                    let what = format!("lot {id} {code}: {price}");
                    problems.push(format!("{what} is not a price of a known lot"));
                }
            }
        }
        let limited = |i: usize, day: Day| {
            let mut spans = view.sites[i].periods.iter();
            spans.any(|span| span.start == day && span.storage.is_some())
        };
        let (days, storage) = (format!("own {id} site_day"), format!("own {id} storage"));
        Self {
            lot,
            own_day: by_day(view, (&own.site_day, &days), &sites, problems),
            own_storage: stores(view, (&own.storage, &storage), &sites, limited, problems),
        }
    }

    /// What the campaign's lots and limits are worth, and its people. `off`: its first day in the
    /// whole.
    fn bound(&self, view: &View, whole: &Whole, shared: &Shared, off: Day) -> f64 {
        let lots = view.lots.iter().zip(&self.lot);
        let doses = |units: u128| units as f64 / view.scale as f64;
        let mut total: f64 = lots.map(|(lot, price)| price * doses(lot.units)).sum();
        let mut of_place: BTreeMap<&PlaceCode, Vec<f64>> = BTreeMap::new();
        for (i, site) in view.campaign.sites.iter().enumerate() {
            let (price, worth) = self.at_site(view, whole, (shared, off), i);
            total += worth;
            of_place.insert(&site.code, price);
        }
        let vaccine = self.at_stops(view);
        for (p, stop) in view.campaign.stops.iter().enumerate() {
            let price = (0..view.days).zip(&vaccine).map(|(day, vaccine)| {
                let at = usize::try_from(off + day).unwrap_or(0);
                let open = view.is_there(stop.code.as_str(), stop.weekdays, day);
                if open { shared.stop_day[p][at] + vaccine } else { f64::INFINITY }
            });
            of_place.insert(&stop.code, price.collect());
        }
        total + cohorts(view, &of_place)
    }

    /// Prices of a dose at a site by day, and what the campaign's own limits there are worth.
    fn at_site(
        &self,
        view: &View,
        whole: &Whole,
        (shared, off): (&Shared, Day),
        i: usize,
    ) -> (Vec<f64>, f64) {
        let table = &view.sites[i];
        let mut price = vec![f64::INFINITY; usize::try_from(view.days).unwrap_or(0)];
        let mut total = 0.0;
        for span in &table.periods {
            let own = self.own_storage[i].get(&span.start).copied().unwrap_or(0.0);
            total += own * f64::from(span.storage.unwrap_or(0));
            let mu = cheapest_lot(view, &self.lot, (span.start, span.last));
            for day in span.start.max(view.first)..=span.last {
                let at = usize::try_from(day).unwrap_or(0);
                let doses = table.doses_on(day);
                total += self.own_day[i][at] * f64::from(doses);
                if doses == 0 {
                    continue;
                }
                let place = whole.sites[i].span_of(off + day).map(|span| span.start);
                let held = place.and_then(|start| shared.storage[i].get(&start)).copied();
                let held = held.unwrap_or(0.0) + own;
                let in_whole = usize::try_from(off + day).unwrap_or(0);
                price[at] = shared.site_day[i][in_whole]
                    + self.own_day[i][at]
                    + (held + mu) * draw_doses(table.rate_on(day));
            }
        }
        (price, total)
    }

    /// What vaccine costs for a dose at a stop, by day: with the team that wastes least among those
    /// that work.
    fn at_stops(&self, view: &View) -> Vec<f64> {
        let of_day = |day: Day| {
            if day < view.first {
                return f64::INFINITY;
            }
            let mu = cheapest_lot(view, &self.lot, (day, day));
            let teams = view.campaign.teams.iter();
            let there = teams.filter(|t| view.is_there(t.code.as_str(), t.weekdays, day));
            let draws = there.map(|team| mu * draw_doses(team.wastage_rate));
            draws.fold(f64::INFINITY, f64::min)
        };
        (0..view.days).map(of_day).collect()
    }
}

/// Σ people · best path over the cohorts of a campaign, at the places that may serve them.
fn cohorts(view: &View, of_place: &BTreeMap<&PlaceCode, Vec<f64>>) -> f64 {
    let windows: Windows = windows(view);
    let mut places: BTreeMap<&str, Vec<&PlaceCode>> = BTreeMap::new();
    for reach in &view.campaign.reach {
        places.entry(reach.area.as_str()).or_default().push(&reach.site);
    }
    for stop in &view.campaign.stops {
        places.entry(stop.area.as_str()).or_default().push(&stop.code);
    }
    let none = Vec::new();
    let of_cohort = |(key, cohort): (&CohortKey, &CohortView)| {
        let near = places.get(key.area.as_str()).unwrap_or(&none);
        let joined = view.joined;
        let serves = |code: &PlaceCode| joined.is_none_or(|one| one.may_serve(&key.group, code));
        let pins = joined.and_then(|one| one.pins(key));
        let mut least = vec![f64::INFINITY; usize::try_from(view.days).unwrap_or(0)];
        for &code in near.iter().filter(|code| serves(code)) {
            let Some(prices) = of_place.get(code) else { continue };
            for (day, (held, &price)) in (0..view.days).zip(least.iter_mut().zip(prices)) {
                let is_bound =
                    pins.as_ref().is_some_and(|pins| !pins.contains(&(code, view.date(day))));
                if !is_bound {
                    *held = held.min(price);
                }
            }
        }
        worth(view, cohort, &least, &windows)
    };
    view.cohorts.iter().map(of_cohort).sum()
}
