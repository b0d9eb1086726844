//! Prices as a certificate, and back. A campaign on its own has the form of one campaign; campaigns
//! of a jurisdiction have the joint form.

use super::index::{Day, LotIndex, Per, SlotIndex};
use super::prices::Market;
use super::programme::Programme;
use super::slots::Prices;
use crate::domain::plan::{Certificate, JointCertificate, OwnPrices, PriceTable};
use crate::domain::site::Delivery;

/// Visits the slots of a table: code of the place, day and slot.
type Visit<'v> = dyn FnMut(&str, Day, SlotIndex) + 'v;

impl Market<'_> {
    fn site_days(&self, visit: &mut Visit) {
        for (s, days) in self.slots.site_day.pairs() {
            for (d, slot) in days.present() {
                visit(self.problem.site(s).code.as_str(), d, slot);
            }
        }
    }

    fn stores(&self, visit: &mut Visit) {
        for (s, model) in self.problem.sites.pairs() {
            for (period, &slot) in model.periods.iter().zip(&self.slots.storage[s]) {
                if let Some(slot) = slot {
                    visit(self.problem.site(s).code.as_str(), period.start, slot);
                }
            }
        }
    }

    fn stop_days(&self, visit: &mut Visit) {
        for (p, days) in self.slots.stop_day.pairs() {
            for (d, slot) in days.present() {
                visit(self.problem.stop(p).code.as_str(), d, slot);
            }
        }
    }

    fn stop_visits(&self, visit: &mut Visit) {
        for (p, days) in self.slots.stop_visit.pairs() {
            for (d, slot) in days.present() {
                visit(self.problem.stop(p).code.as_str(), d, slot);
            }
        }
    }

    /// The lots of a programme with their slots.
    fn lots<'c>(
        &'c self,
        programme: &'c Programme,
    ) -> impl Iterator<Item = (&'c Delivery, SlotIndex)> {
        let slot = |&lot: &LotIndex| self.slots.lot[lot];
        programme.campaign.deliveries.iter().zip(programme.lots.iter().map(slot))
    }

    /// The certificate of prices that prove `bound`, for a campaign on its own.
    pub(super) fn certificate(&self, prices: &Prices, bound: f64) -> Certificate {
        let joint = self.joint_certificate(prices, bound);
        Certificate {
            upper_bound: bound,
            site_day: joint.site_day,
            storage: joint.storage,
            lot: joint.lot.into_values().next().unwrap_or_default(),
            stop_day: joint.stop_day,
            stop_visit: joint.stop_visit,
            ..Certificate::default()
        }
    }

    /// The joint certificate of prices that prove `bound`.
    pub(super) fn joint_certificate(&self, prices: &Prices, bound: f64) -> JointCertificate {
        let problem = self.problem;
        let mut found = JointCertificate { upper_bound: bound, ..JointCertificate::default() };
        let put = |table: &mut PriceTable, code: &str, d: Day, slot: SlotIndex| {
            if prices[slot] > 0.0 {
                let days = table.entry(code.to_owned()).or_default();
                days.insert(problem.date(d), prices[slot]);
            }
        };
        self.site_days(&mut |code, d, slot| put(&mut found.site_day, code, d, slot));
        self.stores(&mut |code, d, slot| put(&mut found.storage, code, d, slot));
        self.stop_days(&mut |code, d, slot| put(&mut found.stop_day, code, d, slot));
        self.stop_visits(&mut |code, d, slot| put(&mut found.stop_visit, code, d, slot));
        for (k, programme) in problem.programmes.pairs() {
            let id = programme.campaign.id.as_str();
            for (lot, slot) in self.lots(programme).filter(|(_, slot)| prices[*slot] > 0.0) {
                let lots = found.lot.entry(id.to_owned()).or_default();
                lots.insert(lot.lot.as_str().to_owned(), prices[slot]);
            }
            let mut own = OwnPrices::default();
            for (s, slots) in self.slots.own[k].present_ref() {
                let code = problem.site(s).code.as_str();
                for (d, slot) in slots.day.present() {
                    put(&mut own.site_day, code, d, slot);
                }
                for (period, slot) in slots.storage.present() {
                    put(&mut own.storage, code, programme.sites[s].periods[period].start, slot);
                }
            }
            if own != OwnPrices::default() {
                found.own.insert(id.to_owned(), own);
            }
        }
        found
    }

    /// The prices of a certificate, as far as they belong to slots of this problem.
    pub(super) fn prices_of(&self, certificate: &Certificate) -> Prices {
        let mut joint = JointCertificate {
            upper_bound: certificate.upper_bound,
            site_day: certificate.site_day.clone(),
            storage: certificate.storage.clone(),
            stop_day: certificate.stop_day.clone(),
            stop_visit: certificate.stop_visit.clone(),
            ..JointCertificate::default()
        };
        for programme in self.problem.programmes.iter().take(1) {
            let id = programme.campaign.id.as_str().to_owned();
            joint.lot.insert(id, certificate.lot.clone());
        }
        self.joint_prices_of(&joint)
    }

    /// The prices of a joint certificate, as far as they belong to slots of this problem.
    pub(super) fn joint_prices_of(&self, certificate: &JointCertificate) -> Prices {
        let problem = self.problem;
        let mut prices = Per::filled(0.0, self.slots.holds.len());
        let mut set = |slot: SlotIndex, price: Option<f64>| {
            if let Some(price) = price.filter(|price| price.is_finite()) {
                prices[slot] = price.max(0.0);
            }
        };
        let of = |table: &PriceTable, code: &str, d: Day| -> Option<f64> {
            table.get(code)?.get(&problem.date(d)).copied()
        };
        self.site_days(&mut |code, d, slot| set(slot, of(&certificate.site_day, code, d)));
        self.stores(&mut |code, d, slot| set(slot, of(&certificate.storage, code, d)));
        self.stop_days(&mut |code, d, slot| set(slot, of(&certificate.stop_day, code, d)));
        self.stop_visits(&mut |code, d, slot| set(slot, of(&certificate.stop_visit, code, d)));
        for (k, programme) in problem.programmes.pairs() {
            let id = programme.campaign.id.as_str();
            for (lot, slot) in self.lots(programme) {
                let lots = certificate.lot.get(id);
                set(slot, lots.and_then(|lots| lots.get(lot.lot.as_str())).copied());
            }
            let Some(own) = certificate.own.get(id) else { continue };
            for (s, slots) in self.slots.own[k].present_ref() {
                let code = problem.site(s).code.as_str();
                for (d, slot) in slots.day.present() {
                    set(slot, of(&own.site_day, code, d));
                }
                for (period, slot) in slots.storage.present() {
                    set(slot, of(&own.storage, code, programme.sites[s].periods[period].start));
                }
            }
        }
        prices
    }
}
