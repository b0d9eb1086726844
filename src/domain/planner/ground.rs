//! What places can do on each day, whoever plans there: capacity, cold stores and restocks of
//! sites, days of teams and stops.
//!
//! The **ground** is a campaign's own tables, or those of a jurisdiction.

use super::index::{Day, ListIndex as _, Per, SiteIndex, StopIndex, TeamIndex};
use super::units::{Keep, Scale};
use crate::domain::campaign::Campaign;
use crate::domain::date::Weekdays;
use crate::domain::dose::GivenRow;
use crate::domain::jurisdiction::{Joined, JoinedCampaign, SiteRow, closed_days};
use crate::domain::site::{Closure, Site};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The days of a problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The first day of the whole.
    pub(super) start: NaiveDate,
    /// Number of days.
    pub(super) days: usize,
}

impl Span {
    /// The days of campaigns together.
    pub(super) fn of(campaigns: &[&Campaign]) -> Self {
        let start = campaigns.iter().map(|campaign| campaign.start).min().unwrap_or_default();
        let end = campaigns.iter().map(|campaign| campaign.end).max().unwrap_or_default();
        Self { start, days: usize::try_from((end - start).num_days() + 1).unwrap_or(0) }
    }

    fn date(self, day: Day) -> NaiveDate {
        self.start + TimeDelta::days(day.number())
    }

    fn each(self) -> impl Iterator<Item = Day> {
        Day::FIRST.until(Day::of(self.days))
    }
}

/// Closures by place and day.
pub(super) type Closed<'a> = BTreeMap<(&'a str, Day), u32>;

/// The closures of a list that fall on days of the span.
pub(super) fn closed(span: Span, closures: &[Closure]) -> Closed<'_> {
    let inside = closures.iter().filter(|closure| closure.day >= span.start);
    let entry = |closure: &Closure| {
        let at = Day::of_number((closure.day - span.start).num_days());
        (at, closure.doses)
    };
    inside
        .map(|closure| (closure.place.as_str(), entry(closure)))
        .map(|(place, (at, doses))| ((place, at), doses))
        .collect()
}

/// A campaign as it enters a problem.
#[derive(Clone, Copy)]
pub(super) struct Entrant<'a, 'g> {
    /// The campaign; all of a problem have the same sites, teams and stops in the same order.
    pub(super) campaign: &'a Campaign,
    /// Doses given before the plan.
    pub(super) given: &'g [GivenRow],
    /// What it says beyond that, in a jurisdiction.
    pub(super) joined: Option<(&'a Joined, &'a JoinedCampaign)>,
}

/// What a site can do on each day.
#[derive(Debug, Clone)]
pub(super) struct SiteDays {
    /// Doses.
    pub(super) capacity: Per<Day, u32>,
    /// Vaccine doses that the cold store holds; `None` without a limit.
    pub(super) storage: Per<Day, Option<u32>>,
    /// Whether it is supplied.
    pub(super) restock: Per<Day, bool>,
    /// The wastage rate.
    pub(super) wastage: Per<Day, Decimal>,
}

/// A row of a site and the day from which it counts.
#[derive(Clone, Copy)]
struct Version<'a> {
    from: Option<NaiveDate>,
    site: &'a Site,
    stations_most: Option<u32>,
    is_candidate: bool,
}

impl<'a> Version<'a> {
    fn of(row: &'a SiteRow) -> Self {
        Self {
            from: row.from,
            site: &row.site,
            stations_most: row.stations_most(),
            is_candidate: row.is_candidate,
        }
    }

    /// Doses on a day: the typed number or the closure's, and no more than the stations can give.
    fn doses(self, date: NaiveDate, closed: Option<u32>) -> u32 {
        if self.is_candidate {
            return 0;
        }
        let typed = closed.unwrap_or_else(|| self.site.weekly_capacity(date));
        self.stations_most.map_or(typed, |most| typed.min(most))
    }
}

/// What the rows of a site, the earliest first, say for each day. Before the first row it is shut.
fn site_days(span: Span, versions: &[Version], closed: &Closed) -> SiteDays {
    let mut days = SiteDays {
        capacity: Per::default(),
        storage: Per::default(),
        restock: Per::default(),
        wastage: Per::default(),
    };
    for day in span.each() {
        let date = span.date(day);
        let now = versions.iter().rev().find(|one| one.from.is_none_or(|from| from <= date));
        let Some(row) = now.or(versions.first()) else { continue };
        let shut = closed.get(&(row.site.code.as_str(), day)).copied();
        days.capacity.push(now.map_or(0, |row| row.doses(date, shut)));
        days.storage.push(row.site.storage_doses);
        days.restock.push(day == Day::FIRST || row.site.restock.contains(date));
        days.wastage.push(row.site.wastage_rate);
    }
    days
}

/// What the sites of a campaign's own folder can do.
pub(super) fn of_campaign(span: Span, campaign: &Campaign) -> Per<SiteIndex, SiteDays> {
    let closed = closed(span, &campaign.closures);
    let of_site = |site: &Site| {
        let version = Version { from: None, site, stations_most: None, is_candidate: false };
        site_days(span, &[version], &closed)
    };
    campaign.sites.iter().map(of_site).collect()
}

/// What the sites of a jurisdiction can do: as its rows say, and where only campaigns bring the
/// site, the largest number that any of them says.
pub(super) fn of_joined(span: Span, joined: &Joined) -> Per<SiteIndex, SiteDays> {
    let Some(first) = joined.campaigns.first() else { return Per::default() };
    let shared = closed_days(&joined.jurisdiction.closures);
    let shut = closed(span, &shared);
    let of_site = |site: &Site| {
        let code = site.code.as_str();
        let rows = joined.jurisdiction.site_rows(code);
        let versions: Vec<Version> = rows.into_iter().map(Version::of).collect();
        let mut days = site_days(span, &versions, &shut);
        let Some(who) = joined.brought.get(code) else { return days };
        let said = who.iter().filter_map(|&at| limit_days(span, &joined.campaigns[at], code));
        let said: Vec<SiteDays> = said.collect();
        for day in span.each() {
            let most = said.iter().map(|one| one.capacity[day]).max().unwrap_or(0);
            days.capacity[day] = shut.get(&(code, day)).copied().unwrap_or(most);
            let stores = said.iter().map(|one| one.storage[day]);
            days.storage[day] = stores.reduce(|a, b| Some(a?.max(b?))).flatten();
        }
        days
    };
    first.campaign.sites.iter().map(of_site).collect()
}

/// A campaign's own limit at a site; `None` where it says none.
pub(super) fn limit_days(span: Span, campaign: &JoinedCampaign, code: &str) -> Option<SiteDays> {
    let limits = campaign.limits.get(code)?;
    let mut versions: Vec<Version> = limits.iter().map(|one| Version::of(&one.row)).collect();
    versions.sort_by_key(|version| version.from);
    let own = closed_days(&campaign.closures);
    Some(site_days(span, &versions, &closed(span, &own)))
}

/// Days of a team or stop: its weekdays, less closures.
pub(super) fn days_there(
    span: Span,
    code: &str,
    week: Weekdays,
    closed: &Closed,
) -> Per<Day, bool> {
    let on = |d: Day| {
        week.contains(span.date(d)) && closed.get(&(code, d)).is_none_or(|&doses| doses > 0)
    };
    Per::with(span.days, on)
}

/// Stops and teams that a campaign's own closures keep away from it, on days of the span.
#[derive(Debug, Clone, Default)]
pub(super) struct Away {
    /// Stops.
    pub(super) stops: std::collections::BTreeSet<(StopIndex, Day)>,
    /// Teams.
    pub(super) teams: std::collections::BTreeSet<(TeamIndex, Day)>,
}

/// The draw of a dose at a wastage rate: units, and vaccine doses. `None` if nothing is left.
pub(super) fn draw(scale: Scale, rate: Decimal) -> (Option<u64>, f64) {
    let keep = Keep::after(rate);
    (scale.draw(keep), keep.draw_doses())
}
