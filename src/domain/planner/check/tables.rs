//! What a site can do day by day, as the check reads it: from one row, or from a jurisdiction's rows
//! and a campaign's own limits.

use crate::domain::jurisdiction::{ClosedDays, Joined, JoinedCampaign, SiteRow};
use crate::domain::site::Site;
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Day number from the first day of a campaign, or of the whole.
pub(super) type Day = i64;

/// A site on the days of a campaign or of the whole; index 0 is the first day.
#[derive(Debug, Clone)]
pub(super) struct SiteTable {
    /// Doses.
    pub(super) capacity: Vec<u32>,
    /// Wastage rate.
    pub(super) wastage: Vec<Decimal>,
    /// Vaccine doses that the cold store holds; `None`: no limit.
    storage: Vec<Option<u32>>,
    /// Periods between restocks.
    pub(super) periods: Vec<Span>,
}

/// A period between restocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The restock day, or the campaign's first day.
    pub(super) start: Day,
    /// The last day.
    pub(super) last: Day,
    /// Vaccine doses that may be drawn; `None`: no limit.
    pub(super) storage: Option<u32>,
}

impl SiteTable {
    /// Doses on a day; 0 outside the table.
    pub(super) fn doses_on(&self, day: Day) -> u32 {
        usize::try_from(day).ok().and_then(|at| self.capacity.get(at)).copied().unwrap_or(0)
    }

    /// Wastage rate on a day.
    pub(super) fn rate_on(&self, day: Day) -> Decimal {
        let at = usize::try_from(day).unwrap_or(0);
        self.wastage.get(at).copied().unwrap_or_default()
    }

    /// The period of a day.
    pub(super) fn span_of(&self, day: Day) -> Option<&Span> {
        self.periods.iter().find(|span| (span.start..=span.last).contains(&day))
    }

    /// A site that is the same on every day but for closures.
    pub(super) fn plain(
        site: &Site,
        (start, days): (NaiveDate, Day),
        closed: impl Fn(Day) -> Option<u32>,
    ) -> Self {
        let date = |day: Day| start + TimeDelta::days(day);
        let doses = |day| closed(day).unwrap_or_else(|| site.weekly_capacity(date(day)));
        let restock = |day: Day| day == 0 || site.restock.contains(date(day));
        Self {
            capacity: (0..days).map(doses).collect(),
            wastage: (0..days).map(|_| site.wastage_rate).collect(),
            storage: (0..days).map(|_| site.storage_doses).collect(),
            periods: spans(days, restock, |_| site.storage_doses),
        }
    }

    /// A site whose rows count from their days on. Before the first one it is shut; stations cap
    /// whatever the week or a closure says; a candidate gives nothing.
    pub(super) fn dated(
        rows: &[&SiteRow],
        (start, days): (NaiveDate, Day),
        closed: impl Fn(Day) -> Option<u32>,
    ) -> Self {
        let date = |day: Day| start + TimeDelta::days(day);
        let in_force = |day: Day| {
            let begun = rows.iter().filter(|row| row.from.is_none_or(|from| from <= date(day)));
            begun.max_by_key(|row| row.from).copied()
        };
        let of = |day: Day| in_force(day).or_else(|| rows.iter().min_by_key(|r| r.from).copied());
        let doses = |day: Day| {
            let Some(row) = in_force(day).filter(|row| !row.is_candidate) else { return 0 };
            let typed = closed(day).unwrap_or_else(|| row.site.weekly_capacity(date(day)));
            typed.min(stations(row))
        };
        let store = |day: Day| of(day).and_then(|row| row.site.storage_doses);
        let restock =
            |day: Day| day == 0 || of(day).is_some_and(|r| r.site.restock.contains(date(day)));
        Self {
            capacity: (0..days).map(doses).collect(),
            wastage: (0..days)
                .map(|day| of(day).map(|row| row.site.wastage_rate).unwrap_or_default())
                .collect(),
            storage: (0..days).map(store).collect(),
            periods: spans(days, restock, store),
        }
    }
}

/// Doses that the stations of a row can give, written a second time on purpose.
fn stations(row: &SiteRow) -> u32 {
    let (Some(stations), Some(hours)) = (row.stations, row.hours) else { return u32::MAX };
    let seconds = Decimal::from((hours.closes - hours.opens).num_seconds());
    let doses = Decimal::from(stations.count) * stations.doses_per_hour * seconds;
    u32::try_from((doses / Decimal::from(3600)).trunc()).unwrap_or(u32::MAX)
}

fn spans(
    days: Day,
    restock: impl Fn(Day) -> bool,
    storage: impl Fn(Day) -> Option<u32>,
) -> Vec<Span> {
    let starts: Vec<Day> = (0..days).filter(|&day| restock(day)).collect();
    let lasts = starts.iter().skip(1).map(|day| day - 1).chain([days - 1]);
    let span = |(&start, last)| Span { start, last, storage: storage(start) };
    starts.iter().zip(lasts).map(span).collect()
}

/// Closures by place and day of a list of ranges.
pub(super) fn closed_by_day(
    closures: &[ClosedDays],
    start: NaiveDate,
) -> BTreeMap<(&str, Day), u32> {
    let mut found = BTreeMap::new();
    for closure in closures {
        let at = |date: NaiveDate| (date - start).num_days();
        for day in at(closure.first)..=at(closure.last) {
            found.insert((closure.place.as_str(), day), closure.doses);
        }
    }
    found
}

/// What each site of a jurisdiction can do on the days of the whole, in the order of the campaigns'
/// lists. A site that only campaigns bring can do the largest number that any of them says.
pub(super) fn of_places(joined: &Joined, span: (NaiveDate, Day)) -> Vec<SiteTable> {
    let Some(first) = joined.campaigns.first() else { return Vec::new() };
    let shut = closed_by_day(&joined.jurisdiction.closures, span.0);
    let table = |site: &Site| {
        let code = site.code.as_str();
        let closed = |day| shut.get(&(code, day)).copied();
        let rows = joined.jurisdiction.sites.iter().filter(|row| row.site.code == site.code);
        let rows: Vec<&SiteRow> = rows.collect();
        let mut table = SiteTable::dated(&rows, span, closed);
        if let Some(who) = joined.brought.get(code) {
            let said: Vec<SiteTable> =
                who.iter().filter_map(|&at| of_limits(&joined.campaigns[at], code, span)).collect();
            for (at, doses) in table.capacity.iter_mut().enumerate() {
                let most = said.iter().map(|one| one.capacity[at]).max().unwrap_or(0);
                *doses = closed(Day::try_from(at).unwrap_or(Day::MAX)).unwrap_or(most);
            }
            for span in &mut table.periods {
                let at = usize::try_from(span.start).unwrap_or(0);
                let stores: Option<Vec<u32>> = said.iter().map(|one| one.storage[at]).collect();
                span.storage = stores.and_then(|stores| stores.into_iter().max());
            }
        }
        table
    };
    first.campaign.sites.iter().map(table).collect()
}

/// A campaign's own numbers at a site over the days of the whole; `None` where it has none.
fn of_limits(one: &JoinedCampaign, code: &str, span: (NaiveDate, Day)) -> Option<SiteTable> {
    let rows: Vec<&SiteRow> = one.limits.get(code)?.iter().map(|limit| &limit.row).collect();
    let own = closed_by_day(&one.closures, span.0);
    Some(SiteTable::dated(&rows, span, |day| own.get(&(code, day)).copied()))
}

/// What a campaign may use of each site on its own days: the smaller of the place's number and its
/// own, its own part of the cold store, and its own wastage where it says one. `off`: its first day
/// in the whole.
pub(super) fn of_campaign(
    (joined, at): (&Joined, usize),
    places: &[SiteTable],
    (whole, off, days): ((NaiveDate, Day), Day, Day),
) -> Vec<SiteTable> {
    let one = &joined.campaigns[at];
    let own_closed = closed_by_day(&one.closures, whole.0);
    let table = |(site, place): (&Site, &SiteTable)| {
        let code = site.code.as_str();
        let own = of_limits(one, code, whole);
        let has_wastage = one
            .limits
            .get(code)
            .is_some_and(|limits| limits.iter().any(|limit| limit.wastage_rate.is_some()));
        let doses = |day: Day| {
            let said = own.as_ref().map(|own| own.doses_on(day));
            let said = said.or_else(|| own_closed.get(&(code, day)).copied());
            place.doses_on(day).min(said.unwrap_or(u32::MAX))
        };
        let rate = |day: Day| match &own {
            Some(own) if has_wastage => own.rate_on(day),
            _ => place.rate_on(day),
        };
        let inside =
            place.periods.iter().filter(|span| span.last >= off && span.start < off + days);
        let span = |span: &Span| {
            let start = span.start.max(off);
            let part = own.as_ref().filter(|_| !joined.brought.contains_key(code));
            // The number in force on the first day of the campaign's part of the period.
            let storage = part.and_then(|own| own.storage[usize::try_from(start).unwrap_or(0)]);
            Span { start: start - off, last: span.last.min(off + days - 1) - off, storage }
        };
        SiteTable {
            capacity: (off..off + days).map(doses).collect(),
            wastage: (off..off + days).map(rate).collect(),
            storage: Vec::new(),
            periods: inside.map(span).collect(),
        }
    };
    one.campaign.sites.iter().zip(places).map(table).collect()
}
