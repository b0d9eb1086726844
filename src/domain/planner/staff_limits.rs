//! Where staff is the limit of a plan, in words that whoever reads it can act on.

use crate::domain::campaign::Campaign;
use crate::domain::homes::RoundDay;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::{Joined, Jurisdiction};
use crate::domain::plan::{JointPlan, PlanRow, Unplaced, UnplacedReason};
use crate::domain::roster::{
    self, Duty, Lack, Needs, RosterRequest, Staffing, StationGap, station_gaps,
};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A place that does less than it could because people are missing, on days on which the plan uses all that they can
/// do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaffLimit {
    /// The site or team.
    pub place: String,
    /// On how many days.
    pub days: u32,
    /// The first of them.
    pub first: NaiveDate,
    /// The last of them.
    pub last: NaiveDate,
    /// Doses that the place could give on these days beyond what its staff can; `None`: a team that does not go out.
    pub doses: Option<u64>,
}

/// Places that could serve people whom plans leave without a place, with the days on which they could: staff may be
/// missing there long after the last day on which anything is planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanting(BTreeMap<String, (NaiveDate, NaiveDate)>);

impl Wanting {
    /// Adds the sites that reach areas of a campaign, and the teams where one of these has a stop, until the campaign's
    /// end.
    pub fn add<'u>(&mut self, campaign: &Campaign, areas: impl IntoIterator<Item = &'u AreaCode>) {
        let areas: BTreeSet<&AreaCode> = areas.into_iter().collect();
        let reach = campaign.reach.iter().filter(|reach| areas.contains(&reach.area));
        let sites = reach.map(|reach| reach.site.as_str());
        let has_stops = campaign.stops.iter().any(|stop| areas.contains(&stop.area));
        let teams = campaign.teams.iter().filter(|_| has_stops).map(|team| team.code.as_str());
        for place in sites.chain(teams) {
            let days = (campaign.start, campaign.end);
            let held = self.0.entry(place.to_owned()).or_insert(days);
            *held = (held.0.min(days.0), held.1.max(days.1));
        }
    }

    /// Adds the places of people who have none for want of places.
    pub fn add_unplaced(&mut self, campaign: &Campaign, unplaced: &[Unplaced]) {
        let by_place = unplaced.iter().filter(|one| one.reason.is_of_places());
        self.add(campaign, by_place.map(|one| &one.area));
    }

    /// The last day of all.
    #[must_use]
    pub fn last(&self) -> Option<NaiveDate> {
        self.0.values().map(|days| days.1).max()
    }

    fn has(&self, place: &str, day: NaiveDate) -> bool {
        self.0.get(place).is_some_and(|(first, last)| (*first..=*last).contains(&day))
    }
}

/// The places at which staff is the limit of plans as they stand, on the days of a span, and whom they lack. `rows`: of
/// all plans in force; `wanting`: places for the people whom they leave without one; `duties`: the published roster;
/// `rounds`: days on which teams make rounds of home visits.
pub fn staff_limits(
    of: &Jurisdiction,
    (rows, wanting): (&[PlanRow], &Wanting),
    (duties, rounds): (&[Duty], &[RoundDay]),
    (from, until): (NaiveDate, NaiveDate),
) -> (Vec<StaffLimit>, Vec<StationGap>) {
    let mut needs = Needs::of_known(of, rows);
    needs.and(&Needs::of_duties(of, duties, from));
    needs.and(&Needs::of_rounds(of, rounds));
    let request = RosterRequest { jurisdiction: of, needs: &needs, before: duties, from, until };
    let held = roster::make(&request);
    let spare = Staffing::most(of, (from, until)).beyond(&held.stations);
    let staffing = Staffing(roster::make_with_spare(&request, &spare).stations);
    let lacks = of.lacks(&staffing, (from, until));
    let binding = binding(of, &lacks, (rows, wanting));
    let mut working = held.duties;
    working.extend(duties.iter().filter(|duty| duty.date < from).cloned());
    let gaps = station_gaps(of, &binding, &working, (from, until));
    (limits_of(&binding), gaps)
}

/// Where staff holds a plan back: places that give all that their staff can, and teams that do not go out. Up to the
/// plan's last day, and at places that people without one could use up to the end.
pub(super) fn binding<'l>(
    of: &Jurisdiction,
    lacks: &'l [Lack],
    (rows, wanting): (&[PlanRow], &Wanting),
) -> Vec<&'l Lack> {
    let until = rows.iter().map(|row| row.day).max();
    let mut given: BTreeMap<(&str, NaiveDate), u32> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.team.is_none()) {
        *given.entry((row.place.as_str(), row.day)).or_default() += row.doses;
    }
    let binds = |lack: &&Lack| {
        let place = lack.place.as_str();
        let is_shut = || {
            of.closures.iter().any(|closed| {
                closed.place == place && closed.first <= lack.day && lack.day <= closed.last
            })
        };
        let given = given.get(&(place, lack.day)).copied().unwrap_or(0);
        let is_used = until.is_some_and(|until| lack.day <= until) || wanting.has(place, lack.day);
        is_used && given >= lack.can && (lack.could.is_some() || !is_shut())
    };
    lacks.iter().filter(binds).collect()
}

/// The places at which staff is the limit of a plan, most doses first; teams last.
pub(super) fn limits_of(binding: &[&Lack]) -> Vec<StaffLimit> {
    let mut found: BTreeMap<&str, StaffLimit> = BTreeMap::new();
    for lack in binding {
        let place = lack.place.as_str();
        let more = lack.could.map(|could| u64::from(could - lack.can));
        let limit = found.entry(place).or_insert_with(|| StaffLimit {
            place: place.to_owned(),
            days: 0,
            first: lack.day,
            last: lack.day,
            doses: more.map(|_| 0),
        });
        limit.days += 1;
        limit.first = limit.first.min(lack.day);
        limit.last = limit.last.max(lack.day);
        limit.doses = limit.doses.zip(more).map(|(sum, more)| sum + more);
    }
    let mut out: Vec<StaffLimit> = found.into_values().collect();
    out.sort_by(|a, b| b.doses.cmp(&a.doses).then_with(|| a.place.cmp(&b.place)));
    out
}

/// Says of people without a place that staff is what holds them back: of as many as would have one if nobody were
/// missing, by a plan of the same campaigns. The others keep the reason that they have there. `open`: who has no place
/// in that plan, by campaign.
pub(super) fn say_staff(
    joined: &Joined,
    lacks: &[Lack],
    open: &[Vec<Unplaced>],
    plan: &mut JointPlan,
) {
    let none = Vec::new();
    for (at, (one, part)) in joined.campaigns.iter().zip(&mut plan.campaigns).enumerate() {
        let lost = LostDoses::of(&one.campaign, lacks);
        let left = Left(open.get(at).unwrap_or(&none));
        // Whom staff would help at another's expense it does not help.
        let mut helped = people(&part.unplaced).saturating_sub(people(left.0));
        let mut out = Vec::new();
        for unplaced in std::mem::take(&mut part.unplaced) {
            if !unplaced.reason.is_of_places() {
                out.push(unplaced);
                continue;
            }
            let (still, reason) = left.of(&unplaced);
            let more = u64::from(unplaced.people.saturating_sub(still));
            let staff = more.min(helped).min(lost.at(&one.campaign, &unplaced.area));
            helped -= staff;
            let staff = u32::try_from(staff).unwrap_or(u32::MAX);
            let parts = [(staff, UnplacedReason::Staff), (unplaced.people - staff, reason)];
            let parts = parts.into_iter().filter(|(people, _)| *people > 0);
            out.extend(parts.map(|(people, reason)| Unplaced {
                people,
                reason,
                ..unplaced.clone()
            }));
        }
        part.unplaced = out;
    }
}

fn people(unplaced: &[Unplaced]) -> u64 {
    unplaced.iter().map(|one| u64::from(one.people)).sum()
}

/// Who has no place in a plan for which nobody is missing.
struct Left<'u>(&'u [Unplaced]);

impl Left<'_> {
    /// How many of a cohort, and why; where none of it is, what holds back the most others, else what was said.
    fn of(&self, cohort: &Unplaced) -> (u32, UnplacedReason) {
        let known = self.0.iter().filter(|one| one.reason != UnplacedReason::Overdue);
        let is_its = |one: &&Unplaced| one.area == cohort.area && one.group == cohort.group;
        if let Some(own) = known.clone().find(is_its) {
            return (own.people, own.reason);
        }
        let most = known.max_by_key(|one| one.people).map(|one| one.reason);
        (0, most.unwrap_or(cohort.reason))
    }
}

/// Doses that places cannot give during a campaign because staff is missing.
struct LostDoses<'a> {
    sites: BTreeMap<&'a str, u64>,
    /// Of all teams together.
    teams: u64,
}

impl<'a> LostDoses<'a> {
    fn of(campaign: &Campaign, lacks: &'a [Lack]) -> Self {
        let mut out = Self { sites: BTreeMap::new(), teams: 0 };
        for lack in lacks {
            if lack.day < campaign.start || lack.day > campaign.end {
                continue;
            }
            if let Some(could) = lack.could {
                *out.sites.entry(&lack.place).or_default() += u64::from(could - lack.can);
            } else {
                let team = campaign.team(&lack.place);
                out.teams += team.map_or(0, |team| u64::from(team.doses_per_day));
            }
        }
        out
    }

    /// At the places that reach an area.
    fn at(&self, campaign: &Campaign, area: &AreaCode) -> u64 {
        let reach = campaign.reach.iter().filter(|reach| reach.area == *area);
        let sites = reach.filter_map(|reach| self.sites.get(reach.site.as_str())).sum::<u64>();
        let has_stops = campaign.stops.iter().any(|stop| stop.area == *area);
        sites + if has_stops { self.teams } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jurisdiction::SiteRow;
    use crate::domain::site::Reach;
    use crate::domain::testing::{county, day, site};

    fn row(at: i64, doses: u32) -> PlanRow {
        PlanRow {
            day: day(at),
            place: "A".into(),
            team: None,
            area: "N".into(),
            group: "adults".into(),
            dose: 1,
            doses,
        }
    }

    fn lack(place: &str, at: i64, could: Option<u32>, can: u32) -> Lack {
        Lack { place: place.to_owned(), day: day(at), could, can }
    }

    #[test]
    fn staff_is_the_limit_where_the_plan_uses_all_that_it_can_do() {
        let of = Jurisdiction {
            sites: vec![SiteRow::plain(site("A", "N", 50))],
            closures: Vec::new(),
            reach: None,
            ..Jurisdiction::of_campaign(&county())
        };
        let lacks = [
            lack("A", 0, Some(50), 20),
            lack("A", 1, Some(50), 20),
            lack("A", 2, Some(50), 0),
            lack("T", 1, None, 0),
            lack("T", 9, None, 0),
        ];
        // On day 1 nobody is missing who would be used; after day 3 nothing is planned.
        let rows = [row(0, 20), row(1, 19), row(3, 5)];
        let nobody = Wanting::default();
        let found = limits_of(&binding(&of, &lacks, (&rows, &nobody)));
        let said: Vec<_> =
            found.iter().map(|one| (one.place.as_str(), one.days, one.doses)).collect();
        assert_eq!(said, [("A", 2, Some(80)), ("T", 1, None)]);
        assert_eq!((found[0].first, found[0].last), (day(0), day(2)));
        assert!(binding(&of, &lacks, (&[], &nobody)).is_empty());
        // People in a campaign until day 8 have no place: the place that reaches them lacks people as long.
        let mut campaign = county();
        campaign.end = day(8);
        campaign.reach = vec![Reach { area: "N".into(), site: "A".into() }];
        campaign.stops.clear();
        let left = |reason| {
            let (area, group) = ("N".into(), "adults".into());
            let mut wanting = Wanting::default();
            wanting.add_unplaced(&campaign, &[Unplaced { area, group, people: 5, reason }]);
            wanting
        };
        let late = [lack("A", 8, Some(50), 0), lack("A", 9, Some(50), 0), lack("B", 8, None, 0)];
        let days = |reason| {
            let found = limits_of(&binding(&of, &late, (&[], &left(reason))));
            found.into_iter().map(|one| (one.place, one.first, one.last)).collect::<Vec<_>>()
        };
        assert_eq!(days(UnplacedReason::Closed), [("A".to_owned(), day(8), day(8))]);
        assert!(days(UnplacedReason::Supply).is_empty(), "no vaccine: nobody is missing");
    }
}
