//! Points of the compact program as prices, and prices and other programs' points as points of it.

use super::compact::Compact;
use super::index::{Per, Place, RowIndex};
use super::pdhg::Point;
use super::prices::Market;
use super::slots::Prices;

impl Compact {
    /// A point of another program of the same problem as a point of this one, for what does not
    /// depend on routes. `is_alike`: both have the same days driven anyway.
    pub(super) fn point_of(&self, other: &Self, point: &Point, is_alike: bool) -> Point {
        let (rows, columns) = if is_alike { self.common } else { self.before_teams };
        let mut mine = Point {
            x: point.x.iter().copied().take(columns).collect(),
            y: point.y.iter().copied().take(rows).collect(),
        };
        if is_alike {
            return mine;
        }
        mine.x.resize(self.common.1, 0.0);
        mine.y.resize(self.common.0, 0.0);
        for (days, others) in self.team_day.iter().zip(&other.team_day) {
            for (row, same) in days.iter().zip(others) {
                if let Some((row, same)) = row.zip(*same) {
                    mine.y[row] = point.y.get(same).copied().unwrap_or(0.0);
                }
            }
        }
        for visit in &self.visits {
            let same = other.visits.iter().find(|v| (v.stop, v.day) == (visit.stop, visit.day));
            if let Some(same) = same {
                mine.x[visit.column] = point.x.get(same.column).copied().unwrap_or(0.0);
            }
        }
        mine
    }

    /// Prices of the slots at a point. A site-day costs the most that any set of places pays for it
    /// beyond store and vaccine.
    pub(super) fn prices(&self, market: &Market, point: &Point) -> Prices {
        let y = |row: RowIndex| point.y.get(row).copied().unwrap_or(0.0).max(0.0);
        let mut prices: Prices = self.slot.iter().map(|row| row.map_or(0.0, y)).collect();
        for days in market.slots.site_day.iter().chain(&market.slots.stop_day) {
            for (_, slot) in days.present() {
                prices[slot] = 0.0;
            }
        }
        let rest = market.dose_prices(&prices);
        for (r, reach) in market.reaches.pairs() {
            for &place in &reach.places {
                let slots = match place {
                    Place::Site(site) => &market.slots.site_day[site],
                    Place::Stop(stop) => &market.slots.stop_day[stop],
                };
                let rest = &rest[reach.programme][place];
                for (d, slot) in slots.present().filter(|(d, _)| reach.allows(place, *d)) {
                    let pays = y(self.balance[r][d]);
                    prices[slot] = prices[slot].max(pays - rest[d]);
                }
            }
        }
        prices
    }

    /// A point to start from: the rows whose prices are known.
    pub(super) fn warm(&self, market: &Market, prices: &Prices) -> Point {
        let mut y: Per<RowIndex, f64> = Per::filled(0.0, self.program.right.len());
        for (slot, row) in self.slot.present() {
            y[row] = prices[slot];
        }
        for (&row, vaccine) in self.class.iter().zip(market.vaccine_prices(prices)) {
            y[row] = if vaccine.is_finite() { vaccine } else { 0.0 };
        }
        let of_place = market.dose_prices(prices);
        for (r, reach) in market.reaches.pairs() {
            let of_place = &of_place[reach.programme];
            for (d, &row) in self.balance[r].pairs() {
                let open = reach.places.iter().filter(|&&place| reach.allows(place, d));
                let least = open.map(|&place| of_place[place][d]).fold(f64::INFINITY, f64::min);
                y[row] = if least.is_finite() { least } else { 0.0 };
            }
        }
        Point { x: Per::default(), y }
    }
}
