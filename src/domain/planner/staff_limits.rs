//! Where staff is the limit of a plan, in words that whoever reads it can act on.

use crate::domain::campaign::Campaign;
use crate::domain::homes::RoundDay;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::{Joined, Jurisdiction};
use crate::domain::plan::{JointPlan, PlanRow, UnplacedReason};
use crate::domain::roster::{
    self, Duty, Lack, Needs, RosterRequest, Staffing, StationGap, station_gaps,
};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

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

/// The places at which staff is the limit of plans as they stand, on the days of a span, and whom they lack. `rows`: of
/// all plans in force; `duties`: the published roster; `rounds`: days on which teams make rounds of home visits.
pub fn staff_limits(
    of: &Jurisdiction,
    rows: &[PlanRow],
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
    let binding = binding(of, &lacks, rows);
    let mut working = held.duties;
    working.extend(duties.iter().filter(|duty| duty.date < from).cloned());
    let gaps = station_gaps(of, &binding, &working, (from, until));
    (limits_of(&binding), gaps)
}

/// Where staff holds a plan back, up to the plan's last day: places that give all that their staff can, and teams that
/// do not go out.
pub(super) fn binding<'l>(of: &Jurisdiction, lacks: &'l [Lack], rows: &[PlanRow]) -> Vec<&'l Lack> {
    let Some(until) = rows.iter().map(|row| row.day).max() else { return Vec::new() };
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
        lack.day <= until && given >= lack.can && (lack.could.is_some() || !is_shut())
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

/// Says of people without a place that staff is what holds them back, where the staff that is missing at the places
/// that reach them could have served as many.
pub(super) fn say_staff(joined: &Joined, lacks: &[Lack], plan: &mut JointPlan) {
    for (one, part) in joined.campaigns.iter().zip(&mut plan.campaigns) {
        if part.unplaced.is_empty() {
            continue;
        }
        let lost = LostDoses::of(&one.campaign, lacks);
        for unplaced in &mut part.unplaced {
            let by_place = matches!(
                unplaced.reason,
                UnplacedReason::SiteCapacity | UnplacedReason::TeamDays | UnplacedReason::Closed
            );
            if by_place && lost.at(&one.campaign, &unplaced.area) >= u64::from(unplaced.people) {
                unplaced.reason = UnplacedReason::Staff;
            }
        }
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
        let found = limits_of(&binding(&of, &lacks, &rows));
        let said: Vec<_> =
            found.iter().map(|one| (one.place.as_str(), one.days, one.doses)).collect();
        assert_eq!(said, [("A", 2, Some(80)), ("T", 1, None)]);
        assert_eq!((found[0].first, found[0].last), (day(0), day(2)));
        assert!(binding(&of, &lacks, &[]).is_empty());
    }
}
