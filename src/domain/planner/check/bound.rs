//! The certificate: prices that prove an upper bound, evaluated again without trusting their maker.

use super::tables::Span;
use super::view::{CohortView, Day, View, draw_doses};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::dose::GivenRow;
use crate::domain::plan::{Certificate, PriceTable};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// The bound that the prices of a certificate prove for every feasible plan, and what is wrong
/// with it: prices that are negative or belong to nothing, or a claimed bound below the proven
/// one. `given` and `from` as for [`super::check`].
pub fn check_certificate(
    campaign: &Campaign,
    certificate: &Certificate,
    given: &[GivenRow],
    from: NaiveDate,
) -> (f64, Vec<String>) {
    let view = View::new(campaign, given, from);
    let mut problems = Vec::new();
    let prices = Prices::read(&view, certificate, &mut problems);
    let bound = bound(&view, &prices);
    let claimed = certificate.upper_bound;
    if claimed.is_nan() || claimed < bound - SLACK * bound.abs().max(1.0) {
        problems.push(format!("upper_bound {claimed} is not what the prices prove: {bound}"));
    }
    (bound, problems)
}

/// The claimed bound may be lower than the proven one by this share: sums of real numbers differ
/// by order.
pub(super) const SLACK: f64 = 1e-6;

/// Prices by index and day; what is absent is 0.
struct Prices {
    site_day: Vec<Vec<f64>>,
    /// By site and restock day.
    storage: Vec<BTreeMap<Day, f64>>,
    lot: Vec<f64>,
    stop_day: Vec<Vec<f64>>,
    stop_visit: Vec<Vec<f64>>,
}

impl Prices {
    fn read(view: &View, certificate: &Certificate, problems: &mut Vec<String>) -> Self {
        let campaign = view.campaign;
        let sites: BTreeMap<&str, usize> =
            campaign.sites.iter().enumerate().map(|(i, s)| (s.code.as_str(), i)).collect();
        let stops: BTreeMap<&str, usize> =
            campaign.stops.iter().enumerate().map(|(i, s)| (s.code.as_str(), i)).collect();
        let mut by_day = |table: &PriceTable, name: &str, codes: &BTreeMap<&str, usize>| {
            let days = usize::try_from(view.days).unwrap_or(0);
            let mut prices = vec![vec![0.0; days]; codes.len()];
            for (code, day, price) in entries(view, table, name, problems) {
                let slot = usize::try_from(day).ok().filter(|day| *day < days);
                match codes.get(code).zip(slot) {
                    Some((&i, day)) => prices[i][day] = price,
                    None if price == 0.0 => {}
                    None => problems.push(unknown(view, name, code, day)),
                }
            }
            prices
        };
        let site_day = by_day(&certificate.site_day, "site_day", &sites);
        let stop_day = by_day(&certificate.stop_day, "stop_day", &stops);
        let stop_visit = by_day(&certificate.stop_visit, "stop_visit", &stops);
        let mut storage = vec![BTreeMap::new(); campaign.sites.len()];
        for (code, day, price) in entries(view, &certificate.storage, "storage", problems) {
            let limited = sites.get(code).copied().filter(|&i| {
                let mut periods = view.sites[i].periods.iter();
                periods.any(|span| span.start == day && span.storage.is_some())
            });
            match limited {
                Some(i) => _ = storage[i].insert(day, price),
                None if price == 0.0 => {}
                None => problems.push(unknown(view, "storage", code, day)),
            }
        }
        let mut lot = vec![0.0; view.lots.len()];
        for (code, &price) in &certificate.lot {
            match view.lots.iter().position(|lot| lot.code == code) {
                Some(i) if price.is_finite() && price >= 0.0 => lot[i] = price,
                _ => problems.push(format!("lot {code}: {price} is not a price of a known lot")),
            }
        }
        Self { site_day, storage, lot, stop_day, stop_visit }
    }

    /// The cheapest lot that may serve a draw; infinite when there is none.
    fn vaccine(&self, view: &View, taken: Day, last: Day) -> f64 {
        cheapest_lot(view, &self.lot, (taken, last))
    }
}

/// The price of the cheapest lot that may serve a draw; infinite when there is none.
pub(super) fn cheapest_lot(view: &View, prices: &[f64], (taken, last): (Day, Day)) -> f64 {
    let serves = |lot: &super::view::LotView| lot.first <= taken && lot.last >= last;
    let lots = view.lots.iter().zip(prices);
    lots.filter(|(lot, _)| serves(lot)).map(|(_, &price)| price).fold(f64::INFINITY, f64::min)
}

pub(super) fn unknown(view: &View, table: &str, code: &str, day: Day) -> String {
    format!("{table} {code} {}: no such place, day or limit", view.date(day))
}

/// The prices of a table that are prices.
pub(super) fn entries<'t>(
    view: &View,
    table: &'t PriceTable,
    name: &str,
    problems: &mut Vec<String>,
) -> Vec<(&'t str, Day, f64)> {
    let mut out = Vec::new();
    for (code, days) in table {
        for (date, &price) in days {
            if price.is_finite() && price >= 0.0 {
                out.push((code.as_str(), (*date - view.campaign.start).num_days(), price));
            } else {
                problems.push(format!("{name} {code} {date}: {price} is not a price"));
            }
        }
    }
    out
}

fn bound(view: &View, prices: &Prices) -> f64 {
    let campaign = view.campaign;
    let lots = view.lots.iter().zip(&prices.lot);
    let mut total: f64 =
        lots.map(|(lot, price)| price * (lot.units as f64 / view.scale as f64)).sum();
    // Price of a dose by place and day; infinite where it is shut.
    let mut of_place: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let days = usize::try_from(view.days).unwrap_or(0);
    for (i, site) in campaign.sites.iter().enumerate() {
        let mut price = vec![f64::INFINITY; days];
        let table = &view.sites[i];
        for &Span { start, last, storage } in &table.periods {
            let keep = prices.storage[i].get(&start).copied().unwrap_or(0.0);
            total += keep * f64::from(storage.unwrap_or(0));
            let vaccine = keep + prices.vaccine(view, start, last);
            for day in start.max(view.first)..=last {
                let vaccine = vaccine * draw_doses(table.rate_on(day));
                let at = usize::try_from(day).unwrap_or(0);
                let capacity = table.doses_on(day);
                total += prices.site_day[i][at] * f64::from(capacity);
                if capacity > 0 {
                    price[at] = prices.site_day[i][at] + vaccine;
                }
            }
        }
        of_place.insert(site.code.as_str(), price);
    }
    let there = |code: &str, week, day| view.is_there(code, week, day);
    let works = |day| campaign.teams.iter().any(|t| there(t.code.as_str(), t.weekdays, day));
    let working: Vec<bool> = (0..view.days).map(|day| day >= view.first && works(day)).collect();
    for (i, stop) in campaign.stops.iter().enumerate() {
        let open = |(at, day): (usize, Day)| {
            let open = working[at] && there(stop.code.as_str(), stop.weekdays, day);
            if open { prices.stop_day[i][at] } else { f64::INFINITY }
        };
        of_place.insert(stop.code.as_str(), (0..days).zip(0..view.days).map(open).collect());
        total += prices.stop_visit[i].iter().sum::<f64>();
    }
    total + team_days(view, prices) + cohorts(view, &of_place)
}

/// Σ people · best path over the cohorts.
fn cohorts(view: &View, of_place: &BTreeMap<&str, Vec<f64>>) -> f64 {
    let campaign = view.campaign;
    let days = usize::try_from(view.days).unwrap_or(0);
    let mut cheapest: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for area in &campaign.areas {
        cheapest.insert(area.code.as_str(), vec![f64::INFINITY; days]);
    }
    let sites = campaign.reach.iter().map(|reach| (reach.area.as_str(), reach.site.as_str()));
    let stops = campaign.stops.iter().map(|stop| (stop.area.as_str(), stop.code.as_str()));
    for (area, place) in sites.chain(stops) {
        if let (Some(least), Some(price)) = (cheapest.get_mut(area), of_place.get(place)) {
            for (held, new) in least.iter_mut().zip(price) {
                *held = held.min(*new);
            }
        }
    }
    let windows = windows(view);
    let paths = |(key, cohort): (&CohortKey, &CohortView)| {
        cheapest.get(key.area.as_str()).map_or(0.0, |price| worth(view, cohort, price, &windows))
    };
    view.cohorts.iter().map(paths).sum()
}

/// First and last day of each later dose, by day of the one before.
pub(super) type Windows = Vec<Vec<(Day, Day)>>;

/// The windows of a campaign.
pub(super) fn windows(view: &View) -> Windows {
    let of_dose = |dose: usize| {
        let last = |day| view.latest(dose, day).unwrap_or(Day::MAX);
        (0..view.days).map(|day| (view.earliest(dose, day), last(day))).collect()
    };
    (1..view.campaign.series.dose_count()).map(of_dose).collect()
}

/// What the people of a cohort can earn at most at these prices by day.
pub(super) fn worth(view: &View, cohort: &CohortView, price: &[f64], windows: &Windows) -> f64 {
    let days = price.len();
    let slice = |from: Day, to: Day| {
        let from = usize::try_from(from.max(0)).unwrap_or(days).min(days);
        let to = usize::try_from(to.saturating_add(1).max(0)).unwrap_or(days).min(days);
        from..to.max(from)
    };
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let opens = usize::try_from(cohort.opens.max(view.first)).unwrap_or(days);
    let doses = view.campaign.series.dose_count();
    let (mut next, mut next_free): (Option<Vec<f64>>, Vec<f64>) = (None, Vec::new());
    let mut total = 0.0;
    for dose in (0..doses).rev() {
        let mut best = vec![f64::NEG_INFINITY; days];
        // People who had a dose before the plan and are not bound may stop after any dose.
        let mut free = best.clone();
        let share = cohort.priority * view.campaign.series.share(dose);
        for day in opens..days {
            let own = share * (days - day) as f64 / days as f64 - price[day];
            (best[day], free[day]) = (own, own);
            if let Some(next) = &next {
                let (low, high) = windows[dose][day];
                best[day] += most(&next[slice(low, high)]);
                free[day] += most(&next_free[slice(low, Day::MAX - 1)]).max(0.0);
            }
        }
        if dose > 0 && !cohort.history.is_empty() {
            total += waiting(view, cohort, dose, |from, to| most(&free[slice(from, to)]));
        }
        (next, next_free) = (Some(best), free);
    }
    let started: u64 = cohort.history.first().map_or(0, |days| days.values().sum());
    let best = next.map_or(0.0, |best| most(&best).max(0.0));
    total + (cohort.people - started.min(cohort.people)) as f64 * best
}

/// What people earn who had a dose before the plan and wait for the next. `most` returns the best
/// value between two days.
fn waiting(view: &View, cohort: &CohortView, dose: usize, most: impl Fn(Day, Day) -> f64) -> f64 {
    let mut done: u64 = cohort.history[dose].values().sum();
    let mut total = 0.0;
    for (&day, &people) in &cohort.history[dose - 1] {
        let gone = done.min(people);
        done -= gone;
        if people > gone {
            let low = view.earliest(dose, day).max(view.first);
            let high = view.latest(dose, day);
            let open = high.filter(|high| view.first <= *high && *high < view.days);
            total += (people - gone) as f64 * most(low, open.unwrap_or(view.days - 1)).max(0.0);
        }
    }
    total
}

/// Σ over teams and days of the best feasible route.
fn team_days(view: &View, prices: &Prices) -> f64 {
    let mut total = 0.0;
    for (t, team) in view.campaign.teams.iter().enumerate() {
        for day in view.first..view.days {
            if !view.is_there(team.code.as_str(), team.weekdays, day) {
                continue;
            }
            let at = usize::try_from(day).unwrap_or(0);
            let cost = prices.vaccine(view, day, day) * draw_doses(team.wastage_rate);
            let mut gains: Vec<(f64, usize)> = Vec::new();
            for (p, stop) in view.campaign.stops.iter().enumerate() {
                let gain = prices.stop_day[p][at] - cost;
                if gain > 0.0 && view.is_there(stop.code.as_str(), stop.weekdays, day) {
                    gains.push((gain, p));
                }
            }
            let fees: Vec<f64> = prices.stop_visit.iter().map(|days| days[at]).collect();
            total += best_route(view, t, gains, fees);
        }
    }
    total
}

/// What a team's best route earns: `gains` of a dose by stop, `fees` of a visit to each stop.
pub(super) fn best_route(
    view: &View,
    team: usize,
    mut gains: Vec<(f64, usize)>,
    fees: Vec<f64>,
) -> f64 {
    gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut search = Search { view, team, gains, fees, best: 0.0 };
    search.grow(0, &mut Vec::new());
    search.best
}

/// Branch and bound over the sets of stops of a team's day, dearest stops first.
struct Search<'a> {
    view: &'a View<'a>,
    team: usize,
    gains: Vec<(f64, usize)>,
    fees: Vec<f64>,
    best: f64,
}

impl Search<'_> {
    /// Doses for which the team has time; negative when it has not even time for the stops.
    fn room(&self, chosen: &[(f64, usize)], more_minutes: f64) -> f64 {
        let campaign = self.view.campaign;
        let team = &campaign.teams[self.team];
        let stops: Vec<usize> = chosen.iter().map(|c| c.1).collect();
        let km = self.view.tour_km(team, &stops);
        let setup: f64 = stops.iter().map(|&p| f64::from(campaign.stops[p].setup_minutes)).sum();
        let driving = km / campaign.travel.speed_km_per_hour * 60.0;
        let minutes = f64::from(team.work_minutes) - driving - setup - more_minutes;
        let doses = minutes * f64::from(team.doses_per_hour) / 60.0;
        if minutes < 0.0 { -1.0 } else { doses.min(f64::from(team.doses_per_day)) }
    }

    fn fill(&self, chosen: &[(f64, usize)], mut left: f64) -> (f64, f64) {
        let mut total = 0.0;
        for &(gain, p) in chosen {
            let doses = left.min(f64::from(self.view.campaign.stops[p].max_doses));
            total += gain * doses;
            left -= doses;
        }
        (total, left)
    }

    /// Adds a stop from `first` on. A tour never gets shorter by a stop, so the time left and the
    /// next gain bound everything that can still be added.
    fn grow(&mut self, first: usize, chosen: &mut Vec<(f64, usize)>) {
        let stops = &self.view.campaign.stops;
        let stops_max = self.view.campaign.teams[self.team].max_stops;
        let stops_max = usize::try_from(stops_max).unwrap_or(usize::MAX);
        let of = |g: &(f64, usize)| &stops[g.1];
        let least_setup = self.gains.iter().map(|g| of(g).setup_minutes).min().unwrap_or(0);
        let largest = self.gains.iter().map(|g| of(g).max_doses).max().unwrap_or(0);
        let left = self.room(chosen, f64::from(least_setup));
        if left <= 0.0 || chosen.len() >= stops_max {
            return;
        }
        let fees = |chosen: &[(f64, usize)], fees: &[f64]| -> f64 {
            chosen.iter().map(|c| fees[c.1]).sum()
        };
        let (base, left) = self.fill(chosen, left);
        let base = base - fees(chosen, &self.fees);
        let more = left.min((stops_max - chosen.len()) as f64 * f64::from(largest));
        for i in first..self.gains.len() {
            if base + self.gains[i].0 * more <= self.best {
                return;
            }
            chosen.push(self.gains[i]);
            let room = self.room(chosen, 0.0);
            if room > 0.0 {
                let worth = self.fill(chosen, room).0 - fees(chosen, &self.fees);
                self.best = self.best.max(worth);
                self.grow(i + 1, chosen);
            }
            chosen.pop();
        }
    }
}
