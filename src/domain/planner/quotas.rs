//! Doses that the compact program gives at each place: whole people are placed after them.

use super::compact::Compact;
use super::index::{ColumnIndex, Day, Per, Place, ReachIndex};
use super::prices::Market;
use std::collections::BTreeMap;

/// Doses by set of places, day and place.
pub(super) type Quotas = Per<ReachIndex, Per<Day, BTreeMap<Place, f64>>>;

/// Doses below this are rounding noise.
pub(super) const CRUMB: f64 = 1e-3;

impl Compact {
    /// Doses of each set of places by day and place.
    pub(super) fn quotas(&self, market: &Market, x: &Per<ColumnIndex, f64>) -> Quotas {
        let problem = market.problem;
        let mut quotas: Quotas =
            Per::filled(Per::filled(BTreeMap::new(), problem.days), market.reaches.len());
        for (reach, places) in market.reaches.pairs() {
            for (&place, columns) in places.iter().zip(&self.places[reach]) {
                for (d, column) in columns.present() {
                    if x[column] > CRUMB {
                        quotas[reach][d].insert(place, x[column]);
                    }
                }
            }
        }
        for route in &self.routes {
            for &(stop, doses) in &route.visits {
                let amount = doses * x.get(route.column).copied().unwrap_or(0.0);
                if let Some(reach) = market.reach_of_stop(stop)
                    && amount > CRUMB
                {
                    *quotas[reach][route.day].entry(Place::Stop(stop)).or_insert(0.0) += amount;
                }
            }
        }
        for visit in &self.visits {
            let amount = x.get(visit.column).copied().unwrap_or(0.0);
            if let Some(reach) = market.reach_of_stop(visit.stop)
                && amount > CRUMB
            {
                let place = Place::Stop(visit.stop);
                *quotas[reach][visit.day].entry(place).or_insert(0.0) += amount;
            }
        }
        quotas
    }
}
