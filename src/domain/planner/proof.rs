//! Prices as a certificate, and back.

use super::index::{Day, Per, SlotIndex};
use super::prices::{Market, Prices};
use crate::domain::plan::{Certificate, PriceTable};

impl Market<'_> {
    /// The certificate of prices that prove `bound`.
    pub(super) fn certificate(&self, prices: &Prices, bound: f64) -> Certificate {
        let (problem, slots) = (self.problem, &self.slots);
        let campaign = problem.campaign;
        let mut certificate = Certificate { upper_bound: bound, ..Certificate::default() };
        let put = |table: &mut PriceTable, code: &str, d: Day, slot: Option<SlotIndex>| {
            if let Some(slot) = slot.filter(|&slot| prices[slot] > 0.0) {
                let days = table.entry(code.to_owned()).or_default();
                days.insert(problem.date(d), prices[slot]);
            }
        };
        for (s, model) in problem.sites.pairs() {
            let site = problem.site(s);
            for (d, &slot) in slots.site_day[s].pairs() {
                put(&mut certificate.site_day, site.code.as_str(), d, slot);
            }
            for (period, &slot) in model.periods.iter().zip(&slots.storage[s]) {
                put(&mut certificate.storage, site.code.as_str(), period.start, slot);
            }
        }
        for p in problem.stops.indices() {
            let stop = problem.stop(p);
            for d in Day::FIRST.until(problem.end()) {
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
    pub(super) fn prices_of(&self, certificate: &Certificate) -> Prices {
        let (problem, slots) = (self.problem, &self.slots);
        let campaign = problem.campaign;
        let mut prices = Per::filled(0.0, slots.holds.len());
        let mut put = |slot: Option<SlotIndex>, price: Option<f64>| {
            if let Some((slot, price)) = slot.zip(price.filter(|price| price.is_finite())) {
                prices[slot] = price.max(0.0);
            }
        };
        let of = |table: &PriceTable, code: &str, d: Day| -> Option<f64> {
            table.get(code)?.get(&problem.date(d)).copied()
        };
        for (s, model) in problem.sites.pairs() {
            let site = problem.site(s);
            for (d, &slot) in slots.site_day[s].pairs() {
                put(slot, of(&certificate.site_day, site.code.as_str(), d));
            }
            for (period, &slot) in model.periods.iter().zip(&slots.storage[s]) {
                put(slot, of(&certificate.storage, site.code.as_str(), period.start));
            }
        }
        for p in problem.stops.indices() {
            let stop = problem.stop(p);
            for d in Day::FIRST.until(problem.end()) {
                put(slots.stop_day[p][d], of(&certificate.stop_day, stop.code.as_str(), d));
                put(slots.stop_visit[p][d], of(&certificate.stop_visit, stop.code.as_str(), d));
            }
        }
        for (lot, &slot) in campaign.deliveries.iter().zip(&slots.lot) {
            put(Some(slot), certificate.lot.get(lot.lot.as_str()).copied());
        }
        prices
    }
}
