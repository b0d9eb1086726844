//! Builds a problem: of a campaign on its own, or of several over a jurisdiction.

use super::catchments;
use super::ground::{self, Closed, Entrant, SiteDays, Span};
use super::index::{Day, ListIndex as _, Per, PeriodIndex, SiteIndex, StopIndex, TeamIndex};
use super::model::{Payer, Period, Problem, SiteModel, StopModel, Taken, TeamModel};
use super::programmes::programmes;
use super::routes::Roads;
use super::units::{Keep, Scale};
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::jurisdiction::{Joined, JoinedCampaign};
use crate::domain::plan::PlanRow;
use crate::domain::site::{Site, Stop, Team};
use chrono::NaiveDate;
use std::collections::BTreeMap;

impl<'a> Problem<'a> {
    /// A campaign on its own. `given` may hold doses of any day; those on or after `from` are
    /// ignored.
    pub(super) fn new(campaign: &'a Campaign, given: &[GivenRow], from: NaiveDate) -> Self {
        let span = Span::of(&[campaign]);
        let sites = ground::of_campaign(span, campaign);
        let closed = ground::closed(span, &campaign.closures);
        let entrants = [Entrant { campaign, given, joined: None }];
        Self::build(&entrants, Payer::Team, (span, sites, closed), from)
    }

    /// The campaigns of a jurisdiction together. `given` has the doses of each.
    pub(super) fn joint(joined: &'a Joined, given: &[&[GivenRow]], from: NaiveDate) -> Self {
        let campaigns: Vec<&Campaign> = joined.campaigns.iter().map(|one| &one.campaign).collect();
        let span = Span::of(&campaigns);
        let sites = ground::of_joined(span, joined);
        let entrant = |(at, one): (usize, &'a JoinedCampaign)| Entrant {
            campaign: &one.campaign,
            given: given.get(at).copied().unwrap_or_default(),
            joined: Some((joined, one)),
        };
        let entrants: Vec<Entrant> = joined.campaigns.iter().enumerate().map(entrant).collect();
        let shared = crate::domain::jurisdiction::closed_days(&joined.jurisdiction.closures);
        let closed = ground::closed(span, &shared);
        Self::build(&entrants, Payer::People, (span, sites, closed), from)
    }

    fn build(
        entrants: &[Entrant<'a, '_>],
        payer: Payer,
        (span, sites, closed): (Span, Per<SiteIndex, SiteDays>, Closed),
        from: NaiveDate,
    ) -> Self {
        let first = Day::of_number((from - span.start).num_days());
        let lists = entrants.first().map(|entrant| entrant.campaign);
        let stops = lists.map_or(&[][..], |campaign| &campaign.stops);
        let teams = lists.map_or(&[][..], |campaign| &campaign.teams);
        let scale = scale(entrants, &sites);
        let open = |days: Per<Day, bool>| -> Per<Day, bool> {
            days.pairs().map(|(d, &on)| on && d >= first).collect()
        };
        let there = |code: &str, week| open(ground::days_there(span, code, week, &closed));
        let mut problem = Self {
            programmes: Per::default(),
            start: span.start,
            days: span.days,
            first,
            payer,
            travel: lists.map(|campaign| campaign.travel).unwrap_or_default(),
            areas: Per::default(),
            catchments: Per::default(),
            agreed: Vec::new(),
            cohorts: Per::default(),
            sites: sites.iter().map(|days| site_model(days, first, scale)).collect(),
            stops: stops
                .iter()
                .map(|s| stop_model(s, there(s.code.as_str(), s.weekdays)))
                .collect(),
            teams: teams
                .iter()
                .map(|t| team_model(t, there(t.code.as_str(), t.weekdays), scale))
                .collect(),
            taken: Taken::new(),
            lots: Per::default(),
            classes: Per::default(),
            roads: lists.map(Roads::new).unwrap_or_default(),
            scale: scale.units,
        };
        let joined = entrants.first().and_then(|entrant| entrant.joined);
        let taken = joined.map_or(&[][..], |(joined, _)| &joined.taken);
        problem.take(taken, (teams, stops));
        problem.take_stored(taken, (lists.map_or(&[][..], |list| &list.sites), &sites), scale);
        programmes(&mut problem, entrants, &sites, (from, span, scale));
        problem.shut_unused();
        catchments::add(&mut problem, entrants, from);
        problem
    }

    /// Takes what teams do for plans that stay. A tour that goes to a stop which nobody here knows cannot be joined.
    fn take(&mut self, rows: &[PlanRow], (teams, stops): (&[Team], &[Stop])) {
        let (first, last) = (self.date(self.first), self.days);
        let mut tours: BTreeMap<(TeamIndex, Day), BTreeMap<StopIndex, u32>> = BTreeMap::new();
        let mut strange = Vec::new();
        for row in rows.iter().filter(|row| row.day >= first) {
            let day = self.day_of(row.day);
            if day.position() >= last {
                continue;
            }
            let team =
                row.team.as_ref().and_then(|code| teams.iter().position(|t| t.code == *code));
            let stop = stops.iter().position(|stop| stop.code == row.place);
            match (team.map(TeamIndex::of), stop.map(StopIndex::of)) {
                (Some(team), Some(stop)) => {
                    *tours.entry((team, day)).or_default().entry(stop).or_insert(0) += row.doses;
                }
                (Some(team), None) => strange.push((team, day)),
                (None, Some(stop)) => self.stops[stop].open[day] = false,
                (None, None) => {}
            }
        }
        for (team, day) in strange {
            self.teams[team].works[day] = false;
        }
        self.taken =
            tours.into_iter().map(|(at, stops)| (at, stops.into_iter().collect())).collect();
    }

    /// Takes what plans that stay draw from cold stores.
    fn take_stored(
        &mut self,
        rows: &[PlanRow],
        (sites, days): (&[Site], &Per<SiteIndex, SiteDays>),
        scale: Scale,
    ) {
        let first = self.date(self.first);
        for row in rows.iter().filter(|row| row.team.is_none() && row.day >= first) {
            let site = sites.iter().position(|site| site.code == row.place).map(SiteIndex::of);
            let day = self.day_of(row.day);
            let Some(site) = site.filter(|_| day.position() < self.days) else { continue };
            let each = ground::draw(scale, days[site].wastage[day]).0.unwrap_or(0);
            let period = self.sites[site].period_of[day];
            let storage = &mut self.sites[site].periods[period].storage;
            if *storage != u64::MAX {
                *storage = storage.saturating_sub(u64::from(row.doses) * each);
            }
        }
    }

    /// Site-days that no programme can use have no capacity.
    fn shut_unused(&mut self) {
        for (s, site) in self.sites.pairs_mut() {
            for (d, capacity) in site.capacity.pairs_mut() {
                if self.programmes.iter().all(|programme| programme.sites[s].capacity[d] == 0) {
                    *capacity = 0;
                }
            }
        }
    }
}

/// The scale on which the draws of all programmes are whole numbers.
fn scale(entrants: &[Entrant], sites: &Per<SiteIndex, SiteDays>) -> Scale {
    let mut rates = Vec::new();
    for days in sites {
        for &rate in &days.wastage {
            if !rates.contains(&rate) {
                rates.push(rate);
            }
        }
    }
    let (mut lots, mut store) = (0_u64, 0);
    for entrant in entrants {
        let campaign = entrant.campaign;
        rates.extend(campaign.teams.iter().map(|team| team.wastage_rate));
        let limits = entrant.joined.into_iter().flat_map(|one| one.1.limits.values().flatten());
        rates.extend(limits.filter_map(|limit| limit.wastage_rate));
        lots += campaign.deliveries.iter().map(|lot| u64::from(lot.doses)).sum::<u64>();
        let own = campaign.sites.iter().filter_map(|site| site.storage_doses).max();
        store = own.unwrap_or(0).max(store);
    }
    let stores = sites.iter().flat_map(|days| days.storage.iter().copied().flatten());
    Scale::of(rates.into_iter(), lots, stores.max().unwrap_or(0).max(store))
}

fn site_model(days: &SiteDays, first: Day, scale: Scale) -> SiteModel {
    let mut periods: Per<PeriodIndex, Period> = Per::default();
    let mut period_of = Per::default();
    let mut period = PeriodIndex::of(0);
    for (d, &restock) in days.restock.pairs() {
        if restock {
            let storage = days.storage[d].map_or(u64::MAX, |doses| scale.vaccine(doses));
            period = periods.push(Period { start: d, last: d, storage });
        }
        periods[period].last = d;
        period_of.push(period);
    }
    let open = |(d, &doses): (Day, &u32)| if d < first { 0 } else { doses };
    SiteModel { capacity: days.capacity.pairs().map(open).collect(), periods, period_of }
}

fn stop_model(stop: &Stop, open: Per<Day, bool>) -> StopModel {
    StopModel { open, setup_minutes: f64::from(stop.setup_minutes), doses_max: stop.max_doses }
}

fn team_model(team: &Team, works: Per<Day, bool>, scale: Scale) -> TeamModel {
    let keep = Keep::after(team.wastage_rate);
    let draw = scale.draw(keep);
    TeamModel {
        works,
        work_minutes: f64::from(team.work_minutes),
        stops_max: super::num::index(team.max_stops),
        doses_max: if draw.is_some() { team.doses_per_day } else { 0 },
        dose_minutes: 60.0 / f64::from(team.doses_per_hour),
        draw: draw.unwrap_or(1),
        draw_doses: keep.draw_doses(),
    }
}

#[cfg(test)]
#[path = "setup_tests.rs"]
mod tests;
