//! The bound that prices prove.

use super::index::{Day, Per, ReachIndex};
use super::parallel;
use super::path_search::PathSearch;
use super::prices::{DosePrices, Kind, Market};
use super::slots::Prices;
use super::teams::best_routes;

/// So many kinds are worked on together, with one set of buffers.
const KINDS_TOGETHER: usize = 64;

impl Market<'_> {
    /// The bound that prices prove.
    pub(super) fn bound(&self, prices: &Prices) -> f64 {
        let dose_price = self.dose_prices(prices);
        let vaccine = self.vaccine_prices(prices);
        let holds = prices.iter().zip(&self.slots.holds);
        let mut bound: f64 = holds.map(|(price, holds)| price * holds).sum();
        let least = self.least(&dose_price);
        for (kind, worth) in self.kinds.iter().zip(self.best_worths(&least)) {
            bound += worth * kind.people;
        }
        bound + best_routes(self, prices, &vaccine)
    }

    /// The least price of a dose by set of places and day.
    pub(super) fn least(&self, dose_price: &DosePrices) -> Per<ReachIndex, Per<Day, f64>> {
        let mut least = Per::default();
        for reach in &self.reaches {
            let mut price = Per::filled(f64::INFINITY, self.problem.days);
            for &place in &reach.places {
                let of_place = &dose_price[reach.programme][place];
                for d in self.problem.plan_days() {
                    if of_place[d] < price[d] && reach.allows(place, d) {
                        price[d] = of_place[d];
                    }
                }
            }
            least.push(price);
        }
        least
    }

    /// The worth of the best path of every kind; 0 where none is worth its price.
    pub(super) fn best_worths(&self, least: &Per<ReachIndex, Per<Day, f64>>) -> Vec<f64> {
        let together: Vec<&[Kind]> = self.kinds.chunks(KINDS_TOGETHER).collect();
        let of_some = |kinds: &&[Kind]| -> Vec<f64> {
            let mut search = PathSearch::new(self.problem);
            let worth = |kind: &Kind| search.best(kind, &least[kind.reach]).max(0.0);
            kinds.iter().map(worth).collect()
        };
        parallel::each(&together, 2, of_some).into_iter().flatten().collect()
    }
}
