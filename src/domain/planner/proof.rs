//! Prices as a certificate, and back.

use super::prices::{Market, NO_SLOT};
use crate::domain::plan::{Certificate, PriceTable};

impl Market<'_> {
    /// The certificate of prices that prove `bound`.
    pub(super) fn certificate(&self, prices: &[f64], bound: f64) -> Certificate {
        let (problem, slots) = (self.problem, &self.slots);
        let campaign = problem.campaign;
        let mut certificate = Certificate { upper_bound: bound, ..Certificate::default() };
        let put = |table: &mut PriceTable, code: &str, d: usize, slot: usize| {
            if slot != NO_SLOT && prices[slot] > 0.0 {
                let days = table.entry(code.to_owned()).or_default();
                days.insert(problem.date(d), prices[slot]);
            }
        };
        for (s, model) in problem.sites.pairs() {
            let site = problem.site(s);
            for (d, &slot) in slots.site_day[s].iter().enumerate() {
                put(&mut certificate.site_day, site.code.as_str(), d, slot);
            }
            for (period, &slot) in model.periods.iter().zip(&slots.storage[s]) {
                put(&mut certificate.storage, site.code.as_str(), period.start, slot);
            }
        }
        for p in problem.stops.indices() {
            let stop = problem.stop(p);
            for d in 0..problem.days {
                let code = stop.code.as_str();
                put(&mut certificate.stop_day, code, d, slots.stop_day[p][d]);
                put(&mut certificate.stop_visit, code, d, slots.stop_visit[p][d]);
            }
        }
        for (lot, &slot) in campaign.deliveries.iter().zip(&slots.lot) {
            if prices[slot] > 0.0 {
                certificate.lot.insert(lot.lot.as_str().to_owned(), prices[slot]);
            }
        }
        certificate
    }

    /// The prices of a certificate, as far as they belong to slots of this problem.
    pub(super) fn prices_of(&self, certificate: &Certificate) -> Vec<f64> {
        let (problem, slots) = (self.problem, &self.slots);
        let campaign = problem.campaign;
        let mut prices = vec![0.0; slots.holds.len()];
        let mut put = |slot: usize, price: Option<f64>| {
            if let Some(price) = price.filter(|price| slot != NO_SLOT && price.is_finite()) {
                prices[slot] = price.max(0.0);
            }
        };
        let of = |table: &PriceTable, code: &str, d: usize| -> Option<f64> {
            table.get(code)?.get(&problem.date(d)).copied()
        };
        for (s, model) in problem.sites.pairs() {
            let site = problem.site(s);
            for (d, &slot) in slots.site_day[s].iter().enumerate() {
                put(slot, of(&certificate.site_day, site.code.as_str(), d));
            }
            for (period, &slot) in model.periods.iter().zip(&slots.storage[s]) {
                put(slot, of(&certificate.storage, site.code.as_str(), period.start));
            }
        }
        for p in problem.stops.indices() {
            let stop = problem.stop(p);
            for d in 0..problem.days {
                put(slots.stop_day[p][d], of(&certificate.stop_day, stop.code.as_str(), d));
                put(slots.stop_visit[p][d], of(&certificate.stop_visit, stop.code.as_str(), d));
            }
        }
        for (lot, &slot) in campaign.deliveries.iter().zip(&slots.lot) {
            put(slot, certificate.lot.get(lot.lot.as_str()).copied());
        }
        prices
    }
}
