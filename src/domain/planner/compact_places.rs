//! Doses at places in the compact program.

use super::compact::Compact;
use super::index::{
    ClassIndex, ColumnIndex, Day, Per, Place, ReachIndex, RowIndex, SiteIndex, StopIndex,
};
use super::prices::Market;

impl Compact {
    /// Adds columns of doses at places for every set of places.
    pub(super) fn add_places(&mut self, market: &Market) {
        let problem = market.problem;
        for (r, reach) in market.reaches.pairs() {
            let mut columns = Vec::new();
            for &place in &reach.places {
                columns.push(match place {
                    Place::Site(at) => self.add_site(market, r, at),
                    Place::Stop(stop) if market.sole_reach(stop).is_none() => {
                        self.add_stop(market, r, stop)
                    }
                    Place::Stop(_) => Per::filled(None, problem.days),
                });
            }
            self.places.push(columns);
        }
    }

    /// Columns of doses at a site for a set of places.
    fn add_site(
        &mut self,
        market: &Market,
        r: ReachIndex,
        at: SiteIndex,
    ) -> Per<Day, Option<ColumnIndex>> {
        let problem = market.problem;
        let (site, reach) = (&problem.sites[at], &market.reaches[r]);
        let own = &problem.programmes[reach.programme].sites[at];
        let mut columns = Per::filled(None, problem.days);
        for (d, slot) in market.slots.site_day[at].present() {
            let period = site.period_of[d];
            let Some(class) = own.periods[period].class else { continue };
            if own.capacity[d] == 0 || !reach.allows(Place::Site(at), d) {
                continue;
            }
            let holds = market.slots.holds[slot];
            let column = self.program.column(0.0, f64::INFINITY, holds);
            self.program.entry(self.balance[r][d], column, -1.0);
            let row = self.slot_row(slot, 1.0);
            self.program.entry(row, column, 1.0);
            let beside = market.slots.beside((reach.programme, at), (d, period));
            for store in [beside.storage, beside.own_storage].into_iter().flatten() {
                let row = self.slot_row(store, 1.0);
                self.program.entry(row, column, own.draw_doses[d]);
            }
            if let Some(day) = beside.own_day {
                let row = self.slot_row(day, 1.0);
                self.program.entry(row, column, 1.0);
            }
            self.program.entry(self.class[class], column, own.draw_doses[d]);
            columns[d] = Some(column);
        }
        columns
    }

    /// Columns of doses at a stop that several sets of places hold.
    fn add_stop(
        &mut self,
        market: &Market,
        r: ReachIndex,
        stop: StopIndex,
    ) -> Per<Day, Option<ColumnIndex>> {
        let reach = &market.reaches[r];
        let programme = market.programme_of(r);
        let size = f64::from(market.problem.stops[stop].doses_max).max(1.0);
        let mut columns = Per::filled(None, market.problem.days);
        for (d, slot) in market.slots.stop_day[stop].present() {
            if !programme.stops[stop][d] || !reach.allows(Place::Stop(stop), d) {
                continue;
            }
            let column = self.program.column(0.0, f64::INFINITY, size);
            self.program.entry(self.balance[r][d], column, -1.0);
            let row = self.slot_row(slot, 1.0);
            self.program.entry(row, column, 1.0);
            let class = self.class[programme.day_class[d]];
            self.program.entry(class, column, programme.stop_draw[d]);
            columns[d] = Some(column);
        }
        columns
    }

    /// The row that doses brought to a stop on a day go into, and the class that the route draws
    /// from: where several sets of places hold the stop, their columns draw. `None` where nobody
    /// can use it.
    pub(super) fn stop_row(
        &mut self,
        market: &Market,
        stop: StopIndex,
        d: Day,
    ) -> Option<(RowIndex, Option<ClassIndex>)> {
        match market.sole_reach(stop) {
            Some(reach) => {
                let class = market.programme_of(reach).day_class[d];
                Some((self.balance[reach][d], Some(class)))
            }
            None if market.stop_reaches[stop].is_empty() => None,
            None => {
                let slot = market.slots.stop_day[stop][d]?;
                Some((self.slot_row(slot, 1.0), None))
            }
        }
    }
}
