//! Builds the programmes of a problem: what each campaign may use of the places, and which lots serve
//! its draws.

use super::ground::{self, Away, Entrant, SiteDays, Span};
use super::history;
use super::index::{
    ClassIndex, Day, ListIndex as _, LotIndex, Per, SiteIndex, StopIndex, TeamIndex,
};
use super::model::{LotModel, Period, Problem, SiteModel};
use super::programme::{PeriodUse, Programme, SiteUse};
use super::units::Scale;
use crate::domain::site::Site;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Collects the classes of draws, each a set of lots.
struct Classes<'p> {
    lots: &'p Per<LotIndex, LotModel>,
    /// The lots of the programme.
    own: &'p [LotIndex],
    found: BTreeMap<Vec<LotIndex>, ClassIndex>,
    list: &'p mut Per<ClassIndex, Vec<LotIndex>>,
}

impl Classes<'_> {
    /// Class of a draw that is taken on day `taken` and used until day `last`.
    fn of(&mut self, taken: Day, last: Day) -> ClassIndex {
        let serves = |lot: &LotModel| lot.first <= taken.number() && lot.last >= last.number();
        let mut lots: Vec<LotIndex> =
            self.own.iter().copied().filter(|&l| serves(&self.lots[l])).collect();
        lots.sort_by_key(|&l| (self.lots[l].last, self.lots[l].first, l));
        *self.found.entry(lots.clone()).or_insert_with(|| self.list.push(lots))
    }
}

/// Adds every programme to a problem whose places are known. `sites`: what the places can do.
pub(super) fn programmes<'a>(
    problem: &mut Problem<'a>,
    entrants: &[Entrant<'a, '_>],
    sites: &Per<SiteIndex, SiteDays>,
    (from, span, scale): (NaiveDate, Span, Scale),
) {
    for entrant in entrants {
        let before = problem.lots.len();
        let rates = past_rates(problem, entrant, sites, span);
        for lot in history::lots_left(entrant, &rates, problem.start, from, scale) {
            problem.lots.push(lot);
        }
        let own: Vec<LotIndex> = problem.lots.indices().skip(before).collect();
        let mut classes = std::mem::take(&mut problem.classes);
        let found =
            Classes { lots: &problem.lots, own: &own, found: BTreeMap::new(), list: &mut classes };
        let programme = programme(problem, entrant, sites, (span, scale), found);
        problem.classes = classes;
        problem.programmes.push(Programme { lots: own, ..programme });
    }
}

fn programme<'a>(
    problem: &Problem<'a>,
    entrant: &Entrant<'a, '_>,
    places: &Per<SiteIndex, SiteDays>,
    (span, scale): (Span, Scale),
    mut classes: Classes,
) -> Programme<'a> {
    let campaign = entrant.campaign;
    let start = problem.day_of(campaign.start);
    let end = start.plus(campaign.day_count());
    let away = away(problem, entrant, span);
    let mut sites = Per::default();
    for (s, model) in problem.sites.pairs() {
        let code = campaign.sites[s.position()].code.as_str();
        let own = own_limit(problem, entrant, span, code);
        sites.push(site_use(model, (&places[s], &own), (start, end), (scale, &mut classes)));
    }
    let inside = |d: Day| start <= d && d < end;
    let works = |t: TeamIndex, d: Day| problem.teams[t].works[d] && !away.teams.contains(&(t, d));
    let worked = |d: Day| inside(d) && problem.teams.indices().any(|team| works(team, d));
    let worked: Per<Day, bool> = Per::with(problem.days, worked);
    let stops = problem.stops.pairs().map(|(p, stop)| {
        let open = |d: Day| stop.open[d] && worked[d] && !away.stops.contains(&(p, d));
        Per::with(problem.days, open)
    });
    let stops = stops.collect();
    let stop_draw = |d: Day| {
        let teams = problem.teams.pairs().filter(|(team, _)| inside(d) && works(*team, d));
        teams.map(|(_, team)| team.draw_doses).fold(f64::INFINITY, f64::min)
    };
    let stop_draw = Per::with(problem.days, stop_draw);
    let day_class = Per::with(problem.days, |day| classes.of(day, day));
    let mut programme = Programme {
        campaign,
        start,
        end,
        first: problem.first.max(start),
        origin: problem.start,
        shares: (0..campaign.series.dose_count()).map(|j| campaign.series.share(j)).collect(),
        windows: Vec::new(),
        sites,
        stops,
        away,
        day_class,
        stop_draw,
        lots: Vec::new(),
    };
    let later = 1..campaign.series.dose_count();
    programme.windows =
        later.map(|j| Per::with(problem.days, |day| programme.inside(j, day))).collect();
    programme
}

/// Wastage rates of sites on the days of a programme, for what was drawn before the plan; empty where
/// nothing was drawn, or the campaign's own table says it all.
fn past_rates<'a>(
    problem: &Problem,
    entrant: &Entrant<'a, '_>,
    places: &Per<SiteIndex, SiteDays>,
    span: Span,
) -> history::Rates<'a> {
    if entrant.joined.is_none() || entrant.given.is_empty() {
        return history::Rates::new();
    }
    let first = problem.day_of(entrant.campaign.start).position();
    let rates = |(site, place): (&'a Site, &SiteDays)| {
        let code = site.code.as_str();
        let own = own_limit(problem, entrant, span, code);
        let days = own.days.as_ref().filter(|_| own.has_wastage).unwrap_or(place);
        (code, days.wastage.iter().copied().skip(first).collect())
    };
    entrant.campaign.sites.iter().zip(places).map(rates).collect()
}

/// What a programme says of a site for itself.
#[derive(Default)]
struct OwnLimit {
    days: Option<SiteDays>,
    /// Whether it says how much it wastes.
    has_wastage: bool,
    /// Whether its cold store is its part of the place's, and not the place's itself.
    has_storage: bool,
    /// Its closures, where it has no numbers of its own.
    closed: BTreeMap<Day, u32>,
}

fn own_limit(problem: &Problem, entrant: &Entrant, span: Span, code: &str) -> OwnLimit {
    let Some((joined, one)) = entrant.joined else { return OwnLimit::default() };
    let mut closed = BTreeMap::new();
    for closure in one.closures.iter().filter(|closure| closure.place == code) {
        for day in crate::domain::date::days(closure.first, closure.last) {
            if day >= problem.start {
                closed.insert(problem.day_of(day), closure.doses);
            }
        }
    }
    let mut limits = one.limits.get(code).into_iter().flatten();
    OwnLimit {
        days: ground::limit_days(span, one, code),
        has_wastage: limits.any(|limit| limit.wastage_rate.is_some()),
        has_storage: !joined.brought.contains_key(code),
        closed,
    }
}

/// Stops and teams that the programme's own closures keep away.
fn away(problem: &Problem, entrant: &Entrant, span: Span) -> Away {
    let mut away = Away::default();
    let Some((_, joined)) = entrant.joined else { return away };
    let own = crate::domain::jurisdiction::closed_days(&joined.closures);
    for ((code, day), doses) in ground::closed(span, &own) {
        if doses > 0 || day.position() >= problem.days {
            continue;
        }
        let campaign = entrant.campaign;
        let stop = campaign.stops.iter().position(|stop| stop.code.as_str() == code);
        away.stops.extend(stop.map(|at| (StopIndex::of(at), day)));
        let team = campaign.teams.iter().position(|team| team.code.as_str() == code);
        away.teams.extend(team.map(|at| (TeamIndex::of(at), day)));
    }
    away
}

/// What a programme may use of a site that can do what `place` says.
fn site_use(
    model: &SiteModel,
    (place, own): (&SiteDays, &OwnLimit),
    (start, end): (Day, Day),
    (scale, classes): (Scale, &mut Classes),
) -> SiteUse {
    let limit = own.days.as_ref();
    let own_rate = limit.filter(|_| own.has_wastage);
    let rate = |d: Day| own_rate.map_or(place.wastage[d], |limit| limit.wastage[d]);
    let draws: Per<Day, (Option<u64>, f64)> =
        Per::with(model.capacity.len(), |d| ground::draw(scale, rate(d)));
    let doses = |d: Day| limit.map(|limit| limit.capacity[d]).or(own.closed.get(&d).copied());
    let mut is_limited = false;
    let capacity = Per::with(model.capacity.len(), |d: Day| {
        if d < start || d >= end || draws[d].0.is_none() {
            return 0;
        }
        let place = model.capacity[d];
        let least = doses(d).unwrap_or(u32::MAX).min(place);
        is_limited |= least < place;
        least
    });
    let mut periods = Per::default();
    for period in &model.periods {
        let Period { start: restock, last, .. } = *period;
        let (taken, last) = (restock.max(start), last.min(Day::of(end.position().max(1) - 1)));
        let class = (taken <= last && taken < end).then(|| classes.of(taken, last));
        let part = limit.filter(|_| own.has_storage && class.is_some());
        let held = part.and_then(|limit| limit.storage[taken]);
        let storage = held.map_or(u64::MAX, |doses| scale.vaccine(doses));
        is_limited |= storage != u64::MAX;
        periods.push(PeriodUse { start: taken, last, class, storage });
    }
    SiteUse {
        capacity,
        is_limited,
        periods,
        draw: draws.iter().map(|draw| draw.0.unwrap_or(1)).collect(),
        draw_doses: draws.iter().map(|draw| draw.1).collect(),
    }
}
