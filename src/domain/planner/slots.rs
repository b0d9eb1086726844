//! Everything that is scarce, as a list.
//!
//! A **slot** is something scarce that has a price: a site on a day, a cold store between two
//! restocks, a lot, a stop on a day, a visit of a stop on a day; and a programme's own limit of a
//! site's day or store.

use super::index::{
    Day, LotIndex, Per, PeriodIndex, ProgrammeIndex, SiteIndex, SlotIndex, StopIndex,
};
use super::model::{Period, Problem};
use super::programme::{PeriodUse, SiteUse};

/// A price for each slot.
pub(super) type Prices = Per<SlotIndex, f64>;

/// The slots of a problem and how much each holds.
pub(super) struct Slots {
    /// By site and day; `None` where the site is shut.
    pub(super) site_day: Per<SiteIndex, Per<Day, Option<SlotIndex>>>,
    /// By site and period; `None` without a limit.
    pub(super) storage: Per<SiteIndex, Per<PeriodIndex, Option<SlotIndex>>>,
    /// By lot.
    pub(super) lot: Per<LotIndex, SlotIndex>,
    /// By stop and day; `None` where no team can come.
    pub(super) stop_day: Per<StopIndex, Per<Day, Option<SlotIndex>>>,
    /// By stop and day; `None` where no team can come.
    pub(super) stop_visit: Per<StopIndex, Per<Day, Option<SlotIndex>>>,
    /// Own limits by programme and site; `None` where a programme has none.
    pub(super) own: Per<ProgrammeIndex, Per<SiteIndex, Option<OwnSlots>>>,
    /// What each slot holds: doses, vaccine doses, visits; 0 for stop-days, which the teams fill.
    pub(super) holds: Per<SlotIndex, f64>,
}

/// Slots of a programme's own limit at a site.
#[derive(Debug, Clone)]
pub(super) struct OwnSlots {
    /// By day; `None` where its limit is not smaller than the place's.
    pub(super) day: Per<Day, Option<SlotIndex>>,
    /// By period; `None` without a limit.
    pub(super) storage: Per<PeriodIndex, Option<SlotIndex>>,
}

impl Slots {
    /// The slots of a problem, for the days that a plan may use.
    pub(super) fn new(problem: &Problem) -> Self {
        let mut holds: Per<SlotIndex, f64> = Per::default();
        let mut add = |amount: f64| holds.push(amount);
        let vaccine = |units: u64| units as f64 / problem.scale as f64;
        let mut site_day = Per::default();
        let mut storage = Per::default();
        for site in &problem.sites {
            let of_day = |&doses: &u32| (doses > 0).then(|| add(f64::from(doses)));
            site_day.push(site.capacity.iter().map(of_day).collect());
            let limited = |period: &Period| {
                let used = period.storage != u64::MAX && period.last >= problem.first;
                used.then(|| add(vaccine(period.storage)))
            };
            storage.push(site.periods.iter().map(limited).collect());
        }
        let lot = problem.lots.iter().map(|lot| add(vaccine(lot.units))).collect();
        let works = |day| problem.teams.iter().any(|team| team.works[day]);
        let worked: Per<Day, bool> = Per::with(problem.days, works);
        let mut by_stop = |amount: f64| -> Per<StopIndex, Per<Day, Option<SlotIndex>>> {
            let mut slot = |(open, works): (&bool, &bool)| (*open && *works).then(|| add(amount));
            problem
                .stops
                .iter()
                .map(|stop| stop.open.iter().zip(&worked).map(&mut slot).collect())
                .collect()
        };
        let stop_day = by_stop(0.0);
        let stop_visit = by_stop(1.0);
        let mut own = Per::default();
        for programme in &problem.programmes {
            let mut of_site = |(s, limit): (SiteIndex, &SiteUse)| {
                let place = &problem.sites[s].capacity;
                let day = |(d, &doses): (Day, &u32)| {
                    (0 < doses && doses < place[d]).then(|| add(f64::from(doses)))
                };
                let mut own = limit.is_limited.then(|| OwnSlots {
                    day: limit.capacity.pairs().map(day).collect(),
                    storage: Per::default(),
                })?;
                let store = |period: &PeriodUse| {
                    let used = period.storage != u64::MAX && period.last >= problem.first;
                    used.then(|| add(vaccine(period.storage)))
                };
                own.storage = limit.periods.iter().map(store).collect();
                Some(own)
            };
            own.push(programme.sites.pairs().map(&mut of_site).collect());
        }
        Self { site_day, storage, lot, stop_day, stop_visit, own, holds }
    }

    /// The slots of a dose of a programme at a site on a day, beside the site-day and the lot: cold
    /// stores, then the programme's own day.
    pub(super) fn beside(
        &self,
        (programme, site): (ProgrammeIndex, SiteIndex),
        (day, period): (Day, PeriodIndex),
    ) -> Beside {
        let own = self.own[programme][site].as_ref();
        Beside {
            storage: self.storage[site][period],
            own_storage: own.and_then(|own| own.storage[period]),
            own_day: own.and_then(|own| own.day[day]),
        }
    }
}

/// Slots that a dose at a site uses beside the site-day and the lot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beside {
    /// The place's cold store.
    pub(super) storage: Option<SlotIndex>,
    /// The programme's part of it.
    pub(super) own_storage: Option<SlotIndex>,
    /// The programme's own limit of the day.
    pub(super) own_day: Option<SlotIndex>,
}
