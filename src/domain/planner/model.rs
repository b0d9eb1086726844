//! The planner's view of one or several campaigns: cohorts, days, places, periods and lots as
//! indices.
//!
//! **Programme**: one of the campaigns that are planned together; a campaign on its own is a problem
//! with one programme. Each has its own days, dose rules, groups and lots; places and teams are there
//! once for all. **Day**: an index; 0 is the first day of the first programme. History may lie before
//! it and has signed day numbers. **Place**: a site or a stop. **Unit**: a fraction of a vaccine dose,
//! chosen so that every draw for one dose is a whole number of units. **Class**: draws that may be
//! served by the same lots.

use super::index::{
    AreaIndex, CatchmentIndex, ClassIndex, CohortIndex, Day, ListIndex as _, LotIndex, Per,
    PeriodIndex, Place, ProgrammeIndex, RunIndex, SiteIndex, StopIndex, TeamIndex,
};
use super::programme::Programme;
use super::routes::Roads;
use crate::domain::area::{Area, Travel};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::id::PlaceCode;
use crate::domain::site::{Site, Stop, Team};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// Campaigns in index form, with their history, from the first day that a plan may use.
pub(super) struct Problem<'a> {
    /// The campaigns.
    pub(super) programmes: Per<ProgrammeIndex, Programme<'a>>,
    /// The first day of the whole.
    pub(super) start: NaiveDate,
    /// Number of days of the whole.
    pub(super) days: usize,
    /// First day that the plan may use; after the last day where there is none.
    pub(super) first: Day,
    /// Who pays for vaccine at stops.
    pub(super) payer: Payer,
    /// How fast teams drive.
    pub(super) travel: Travel,
    /// Areas of each programme, in its order.
    pub(super) areas: Per<AreaIndex, AreaModel<'a>>,
    /// Sets of places that cohorts use.
    pub(super) catchments: Per<CatchmentIndex, Catchment>,
    /// Locked sessions, by day.
    pub(super) agreed: Vec<AgreedModel>,
    /// Cohorts, by programme in the order of area and group codes.
    pub(super) cohorts: Per<CohortIndex, Cohort>,
    /// Fixed sites, in the order of their table.
    pub(super) sites: Per<SiteIndex, SiteModel>,
    /// Stops.
    pub(super) stops: Per<StopIndex, StopModel>,
    /// Teams.
    pub(super) teams: Per<TeamIndex, TeamModel>,
    /// What teams do for plans that stay.
    pub(super) taken: Taken,
    /// Lots of all programmes, less what was drawn before the plan.
    pub(super) lots: Per<LotIndex, LotModel>,
    /// Lots that may serve each class of draws, first expiring first.
    pub(super) classes: Per<ClassIndex, Vec<LotIndex>>,
    /// Kilometres between bases and stops.
    pub(super) roads: Roads,
    /// Vaccine units in a dose of vaccine.
    pub(super) scale: u64,
}

/// Who pays for vaccine at stops, in prices. The bound is valid either way; the forms of the
/// certificate differ in this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payer {
    /// The team, at its own wastage: the form for one campaign.
    Team,
    /// The people, at the wastage of the team that wastes least: then a dose at a stop has one price
    /// for the teams, whatever campaign it belongs to.
    People,
}

/// An area of a programme.
#[derive(Debug, Clone, Copy)]
pub(super) struct AreaModel<'a> {
    /// The programme.
    pub(super) programme: ProgrammeIndex,
    /// The area.
    pub(super) area: &'a Area,
}

/// Places that one or more cohorts of an area use.
#[derive(Debug, Clone)]
pub(super) struct Catchment {
    /// The area.
    pub(super) area: AreaIndex,
    /// Its programme.
    pub(super) programme: ProgrammeIndex,
    /// The places, nearest first.
    pub(super) places: Vec<Place>,
    /// The only places and days at which they are served; `None`: any.
    pub(super) pins: Option<BTreeSet<(Place, Day)>>,
    /// Places and days at which exactly the doses that were agreed are given: they are placed
    /// before everything else, and nothing is added.
    pub(super) agreed: BTreeSet<(Place, Day)>,
}

impl Catchment {
    /// Whether its people may be served at a place on a day, as far as agreed sessions say.
    pub(super) fn allows(&self, place: Place, day: Day) -> bool {
        self.pins.as_ref().is_none_or(|pins| pins.contains(&(place, day)))
    }

    /// Whether the plan may add people there.
    pub(super) fn is_free(&self, place: Place, day: Day) -> bool {
        self.allows(place, day) && (self.agreed.is_empty() || !self.agreed.contains(&(place, day)))
    }
}

/// A session that was agreed: exactly its doses are given there to its cohorts.
#[derive(Debug, Clone)]
pub(super) struct AgreedModel {
    /// The day.
    pub(super) day: Day,
    /// The place.
    pub(super) place: Place,
    /// Doses; `None`: at least one.
    pub(super) doses: Option<u32>,
    /// Number of the dose that is given; `None`: any.
    pub(super) dose: Option<u8>,
    /// The cohorts that it is for.
    pub(super) cohorts: Vec<CohortIndex>,
}

/// People of one area and group.
#[derive(Debug, Clone)]
pub(super) struct Cohort {
    /// Its programme.
    pub(super) programme: ProgrammeIndex,
    /// Area and group.
    pub(super) key: CohortKey,
    /// Its area.
    pub(super) area: AreaIndex,
    /// The places that it uses.
    pub(super) catchment: CatchmentIndex,
    /// Weight of its doses.
    pub(super) priority: f64,
    /// People, and at least as many as have had a first dose.
    pub(super) people: u32,
    /// People without a dose.
    pub(super) new_people: u32,
    /// First day on which it may get a dose.
    pub(super) opens: Day,
    /// People who had a dose before the plan and wait for the next one, in the order of their last
    /// dose.
    pub(super) waiting: Per<RunIndex, Waiting>,
    /// People who finished their series before the plan.
    pub(super) finished: u32,
    /// Whether it is visited at home: no plan of places has its people.
    pub(super) at_home: bool,
}

/// People of a cohort who had a dose before the plan and wait for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Index of the dose that they wait for, from 0.
    pub(super) dose: usize,
    /// How many.
    pub(super) people: u32,
    /// First day that the plan may use for it.
    pub(super) low: Day,
    /// Last day.
    pub(super) high: Day,
    /// Whether their window is open and ends inside the campaign: then the plan must contain the
    /// dose.
    pub(super) bound: bool,
}

/// A fixed site: what it can do for all programmes together.
#[derive(Debug, Clone)]
pub(super) struct SiteModel {
    /// Doses by day; 0 before the first day and where no programme can use it.
    pub(super) capacity: Per<Day, u32>,
    /// Periods between restocks.
    pub(super) periods: Per<PeriodIndex, Period>,
    /// Period of each day.
    pub(super) period_of: Per<Day, PeriodIndex>,
}

/// Days from one restock to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    /// The restock day.
    pub(super) start: Day,
    /// The last day.
    pub(super) last: Day,
    /// Units that the cold store holds; `u64::MAX` without a limit.
    pub(super) storage: u64,
}

/// A stop.
#[derive(Debug, Clone)]
pub(super) struct StopModel {
    /// Whether it may be visited, by day; false before the first day.
    pub(super) open: Per<Day, bool>,
    /// Minutes to set up.
    pub(super) setup_minutes: f64,
    /// Doses a visit at most.
    pub(super) doses_max: u32,
}

/// A team.
#[derive(Debug, Clone)]
pub(super) struct TeamModel {
    /// Whether it works, by day; false before the first day.
    pub(super) works: Per<Day, bool>,
    /// Minutes of a day.
    pub(super) work_minutes: f64,
    /// Stops a day.
    pub(super) stops_max: usize,
    /// Doses a day.
    pub(super) doses_max: u32,
    /// Minutes that a dose takes; infinite for a team that gives none.
    pub(super) dose_minutes: f64,
    /// Units that one dose draws.
    pub(super) draw: u64,
    /// Vaccine doses that one dose draws.
    pub(super) draw_doses: f64,
}

/// Stops and doses of tours that teams make for plans that stay, by team and day. Whoever is planned may use what is
/// left of such a day.
pub(super) type Taken = BTreeMap<(TeamIndex, Day), Vec<(StopIndex, u32)>>;

/// A lot of vaccine.
#[derive(Debug, Clone, Copy)]
pub(super) struct LotModel {
    /// First day.
    pub(super) first: i64,
    /// Last day of use.
    pub(super) last: i64,
    /// Units left for the plan.
    pub(super) units: u64,
}

impl<'a> Problem<'a> {
    /// The programme of a cohort.
    pub(super) fn programme(&self, cohort: &Cohort) -> &Programme<'a> {
        &self.programmes[cohort.programme]
    }

    /// The programme of a path's people.
    pub(super) fn programme_of(&self, cohort: CohortIndex) -> &Programme<'a> {
        self.programme(&self.cohorts[cohort])
    }

    /// The places that a cohort uses, nearest first.
    pub(super) fn places_of(&self, cohort: CohortIndex) -> &[Place] {
        &self.catchments[self.cohorts[cohort].catchment].places
    }

    /// The campaign whose lists of places every programme has.
    fn lists(&self) -> &'a Campaign {
        self.programmes[ProgrammeIndex::of(0)].campaign
    }

    /// A site as the campaign describes it.
    pub(super) fn site(&self, site: SiteIndex) -> &'a Site {
        &self.lists().sites[site.position()]
    }

    /// A stop as the campaign describes it.
    pub(super) fn stop(&self, stop: StopIndex) -> &'a Stop {
        &self.lists().stops[stop.position()]
    }

    /// A team as the campaign describes it.
    pub(super) fn team(&self, team: TeamIndex) -> &'a Team {
        &self.lists().teams[team.position()]
    }

    /// Stops and doses of a team's day for plans that stay.
    pub(super) fn taken_on(&self, team: TeamIndex, day: Day) -> &[(StopIndex, u32)] {
        self.taken.get(&(team, day)).map_or(&[], Vec::as_slice)
    }

    /// Whether another team goes to a stop on a day for plans that stay.
    pub(super) fn is_others(&self, stop: StopIndex, (team, day): (TeamIndex, Day)) -> bool {
        let goes = |other: &TeamIndex| {
            *other != team && self.taken_on(*other, day).iter().any(|visit| visit.0 == stop)
        };
        !self.taken.is_empty() && self.teams.indices().any(|other| goes(&other))
    }

    /// Code of a place.
    pub(super) fn place_code(&self, place: Place) -> &'a PlaceCode {
        match place {
            Place::Site(site) => &self.site(site).code,
            Place::Stop(stop) => &self.stop(stop).code,
        }
    }

    /// The place with a code.
    pub(super) fn place_of(&self, code: &str) -> Option<Place> {
        let stops = self.lists().stops.iter();
        let stop = stops.map(|stop| stop.code.as_str()).position(|known| known == code);
        let sites = || self.lists().sites.iter().map(|site| site.code.as_str());
        let site = || sites().position(|known| known == code).map(SiteIndex::of).map(Place::Site);
        stop.map(StopIndex::of).map(Place::Stop).or_else(site)
    }

    /// Worth of dose `dose` of a cohort on a day.
    pub(super) fn value(&self, cohort: &Cohort, dose: usize, day: Day) -> f64 {
        self.programme(cohort).value(cohort.priority, dose, day)
    }

    /// The day after the last one.
    pub(super) fn end(&self) -> Day {
        Day::of(self.days)
    }

    /// The days that the plan may use.
    pub(super) fn plan_days(&self) -> impl DoubleEndedIterator<Item = Day> + Clone + use<> {
        self.first.until(self.end())
    }

    /// The date of a day.
    pub(super) fn date(&self, day: Day) -> NaiveDate {
        self.start + TimeDelta::days(day.number())
    }

    /// The day of a date; dates before the first day count as the first day.
    pub(super) fn day_of(&self, date: NaiveDate) -> Day {
        Day::of_number(self.number_of(date))
    }

    /// The signed day number of a date.
    pub(super) fn number_of(&self, date: NaiveDate) -> i64 {
        (date - self.start).num_days()
    }

    /// What a dose of a cohort loses with each day that it comes later: its priority, spread over the
    /// days and doses of its programme. Within one programme it orders cohorts as their priorities
    /// do.
    pub(super) fn urgency(&self, cohort: CohortIndex) -> f64 {
        let model = &self.cohorts[cohort];
        let programme = self.programme(model);
        let share: f64 = programme.shares.iter().sum();
        model.priority * share / (programme.doses().max(1) * programme.days().max(1)) as f64
    }

    /// Whether some group has a target.
    pub(super) fn has_targets(&self) -> bool {
        let mut groups = self.programmes.iter().flat_map(|one| &one.campaign.groups);
        groups.any(|group| group.target.is_some())
    }

    /// Whether there are teams and stops.
    pub(super) fn has_routes(&self) -> bool {
        !self.teams.is_empty() && !self.stops.is_empty()
    }
}
