//! Doses that the compact program gives at each place: whole people are placed after them.

use super::compact::Compact;
use super::index::{ColumnIndex, Day, Per, Place, ReachIndex, StopIndex};
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
        for (r, reach) in market.reaches.pairs() {
            for (&place, columns) in reach.places.iter().zip(&self.places[r]) {
                for (d, column) in columns.present() {
                    if x[column] > CRUMB {
                        quotas[r][d].insert(place, x[column]);
                    }
                }
            }
        }
        // What routes bring to a stop that several sets of places hold is in its columns.
        let mut bring = |stop: StopIndex, day: Day, amount: f64| {
            if let Some(reach) = market.sole_reach(stop)
                && amount > CRUMB
            {
                *quotas[reach][day].entry(Place::Stop(stop)).or_insert(0.0) += amount;
            }
        };
        for route in &self.routes {
            let share = x.get(route.column).copied().unwrap_or(0.0);
            for &(stop, doses) in &route.visits {
                bring(stop, route.day, doses * share);
            }
        }
        for visit in &self.visits {
            bring(visit.stop, visit.day, x.get(visit.column).copied().unwrap_or(0.0));
        }
        quotas
    }
}
