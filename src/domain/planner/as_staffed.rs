//! A campaign whose places do no more than the counted staff can: what questions about other resources begin with.

use crate::domain::campaign::Campaign;
use crate::domain::homes::RoundDay;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::plan::PlanRow;
use crate::domain::roster::{self, Lack, Needs, RosterRequest, Staffing};
use crate::domain::site::Closure;
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// Staff is looked at on so many days after the end, for what moves it.
pub(super) const DAYS_AFTER: i64 = 60;

/// A campaign as its staff lets it be.
#[derive(Debug, Clone)]
pub struct AsStaffed {
    /// The campaign, with closures where staff lets a place do less.
    pub campaign: Campaign,
    /// Days on which a site would be open if it had people.
    pub unstaffed: BTreeMap<PlaceCode, BTreeSet<NaiveDate>>,
}

impl AsStaffed {
    /// A campaign of which nobody has counted the staff: places do what they say.
    #[must_use]
    pub fn uncounted(campaign: &Campaign) -> Self {
        Self { campaign: campaign.clone(), unstaffed: BTreeMap::new() }
    }

    /// The campaign with the staff of a jurisdiction on the days of a span: as many stations as one roster opens, first
    /// stations before second ones. `others`: rows of plans that stay; their people come first, and their doses.
    /// `rounds`: days on which teams make rounds of home visits, with their crews.
    #[must_use]
    pub fn new(
        campaign: &Campaign,
        of: &Jurisdiction,
        (others, rounds): (&[PlanRow], &[RoundDay]),
        (from, until): (NaiveDate, NaiveDate),
    ) -> Self {
        let mut out = Self::uncounted(campaign);
        if of.staff.is_empty() {
            return out;
        }
        let used = used_by(others);
        let mut closed: BTreeMap<(String, NaiveDate), u32> = BTreeMap::new();
        for one in &campaign.closures {
            closed.entry((one.place.clone(), one.day)).or_insert(one.doses);
        }
        for lack in lacks(of, (others, rounds), (from, until)) {
            let site = campaign.site(&lack.place);
            if site.is_none() && campaign.team(&lack.place).is_none() {
                continue;
            }
            let used = used.get(&(lack.day, lack.place.clone())).copied().unwrap_or(0);
            // What the campaign itself does not use on a day stays so.
            let usual = site.map_or(0, |site| site.weekly_capacity(lack.day));
            let held = closed.entry((lack.place.clone(), lack.day)).or_insert(usual);
            let could = (*held).min(lack.could.unwrap_or(0)).saturating_sub(used);
            *held = lack.can.saturating_sub(used).min(*held);
            if let Some(site) = site.filter(|_| *held == 0 && could > 0) {
                out.unstaffed.entry(site.code.clone()).or_default().insert(lack.day);
            }
        }
        let closure = |((place, day), doses)| Closure { place, day, doses };
        out.campaign.closures = closed.into_iter().map(closure).collect();
        out
    }
}

/// A jurisdiction as its staff lets it be: what questions about several campaigns begin with.
#[derive(Debug, Clone)]
pub struct StaffedPlaces {
    /// The jurisdiction, with closures where staff lets a place do less.
    pub jurisdiction: Jurisdiction,
    /// Days on which a site would be open if it had people.
    pub unstaffed: BTreeMap<PlaceCode, BTreeSet<NaiveDate>>,
}

impl StaffedPlaces {
    /// A jurisdiction with its staff from a day to another, as [`AsStaffed::new`] has it for a campaign. `others`: rows
    /// of plans that stay; `rounds`: days on which teams make rounds of home visits. Where nobody has counted the
    /// staff, places do what they say.
    #[must_use]
    pub fn new(
        of: &Jurisdiction,
        (others, rounds): (&[PlanRow], &[RoundDay]),
        (from, until): (NaiveDate, NaiveDate),
    ) -> Self {
        let mut unstaffed: BTreeMap<PlaceCode, BTreeSet<NaiveDate>> = BTreeMap::new();
        if of.staff.is_empty() {
            return Self { jurisdiction: of.clone(), unstaffed };
        }
        let span = (from, until + TimeDelta::days(DAYS_AFTER));
        let lacks = lacks(of, (others, rounds), span);
        let used = used_by(others);
        for lack in &lacks {
            let used = used.get(&(lack.day, lack.place.clone())).copied().unwrap_or(0);
            if lack.can <= used && lack.could.is_some_and(|could| could > used) {
                let code = PlaceCode::from(lack.place.as_str());
                unstaffed.entry(code).or_default().insert(lack.day);
            }
        }
        Self { jurisdiction: of.within(&lacks, &used), unstaffed }
    }
}

/// Where one roster lets places do less than they could, first stations before second ones. Whom the rows of plans that
/// stay need is used, and so are the crews of rounds of home visits.
fn lacks(
    of: &Jurisdiction,
    (others, rounds): (&[PlanRow], &[RoundDay]),
    (from, until): (NaiveDate, NaiveDate),
) -> Vec<Lack> {
    let mut needs = Needs::of_known(of, others);
    needs.and(&Needs::of_rounds(of, rounds));
    let request = RosterRequest { jurisdiction: of, needs: &needs, before: &[], from, until };
    let held = roster::make(&request).stations;
    let mut spare = Staffing::most(of, (from, until)).beyond(&held);
    spare.sort_by(|a, b| (a.0, a.2, &a.1).cmp(&(b.0, b.2, &b.1)));
    let staffing = Staffing(roster::make_with_spare(&request, &spare).stations);
    of.lacks(&staffing, (from, until))
}

/// Doses at sites that rows of plans use.
fn used_by(rows: &[PlanRow]) -> BTreeMap<(NaiveDate, String), u32> {
    let mut used = BTreeMap::new();
    for row in rows.iter().filter(|row| row.team.is_none()) {
        *used.entry((row.day, row.place.to_string())).or_default() += row.doses;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::super::testing::{plain, start};
    use super::*;
    use crate::domain::jurisdiction::{Hours, Leave, Role, SiteRow, StaffMember, Stations};
    use crate::domain::testing::staff;
    use chrono::{NaiveTime, TimeDelta};
    use rust_decimal::Decimal;

    fn on(day: i64) -> NaiveDate {
        start() + TimeDelta::days(day)
    }

    fn person(code: &str, role: Role) -> StaffMember {
        staff(code, "S1", &[role])
    }

    #[test]
    fn places_do_what_people_can_and_a_day_without_a_doctor_waits_for_one() {
        let mut campaign = plain();
        campaign.sites[0].weekday_doses = 20;
        campaign.closures = vec![
            Closure { place: "S1".into(), day: on(2), doses: 4 },
            Closure { place: "S1".into(), day: on(3), doses: 0 },
        ];
        let mut of = Jurisdiction::of_campaign(&campaign);
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
        of.sites = vec![SiteRow {
            hours: Some(Hours { opens: at(8), closes: at(10) }),
            stations: Some(Stations { count: 2, doses_per_hour: Decimal::from(5) }),
            ..SiteRow::plain(campaign.sites[0].clone())
        }];
        let span = (start(), on(6));
        let alone = AsStaffed::new(&campaign, &of, (&[], &[]), span);
        assert_eq!(alone.campaign, campaign, "nobody has counted the staff");
        of.staff = vec![
            person("v", Role::Vaccinator),
            person("r", Role::Registrar),
            person("d", Role::Doctor),
        ];
        let leave = |day| Leave { staff: "d".into(), first: on(day), last: on(day), reason: None };
        // The place could open on Saturday, but the campaign is not there.
        of.sites[0].site.saturday_doses = 20;
        of.leave = vec![leave(1), leave(3), leave(5)];
        let found = AsStaffed::new(&campaign, &of, (&[], &[]), span);
        let given = |campaign: &Campaign| -> Vec<u32> {
            (0..6).map(|day| campaign.capacity(&campaign.sites[0], on(day))).collect()
        };
        // One station of ten; no doctor on day 1; what was closed stays closed, with or without people.
        assert_eq!(given(&found.campaign), [10, 0, 4, 0, 10, 0]);
        let waits: Vec<_> = found.unstaffed.into_iter().collect();
        assert_eq!(waits, [("S1".into(), [on(1)].into())]);
        // The team has no crew.
        let team = found.campaign.closures.iter().filter(|one| one.place == "T1" && one.doses == 0);
        assert_eq!(team.count(), 5, "from Monday to Friday");
        // Another campaign's plan uses six of the ten doses on day 0.
        let others = [super::super::testing::row(0, 1, 6)];
        let beside = AsStaffed::new(&campaign, &of, (&others, &[]), span);
        assert_eq!(given(&beside.campaign)[..2], [4, 0]);
        // The same as closures of the jurisdiction, whose own one stays.
        let places = StaffedPlaces::new(&of, (&others, &[]), (start(), on(0)));
        let at = |day| {
            let here = places.jurisdiction.closures.iter().filter(|one| one.place == "S1");
            here.filter(|one| one.first == on(day)).map(|one| one.doses).collect::<Vec<_>>()
        };
        assert_eq!((at(0), at(1), at(2)), (vec![4], vec![0], vec![4]));
        assert_eq!(places.unstaffed["S1"].first(), Some(&on(1)));
        // On day 4 the team makes a round, and takes the vaccinator along.
        of.staff[0].sites = vec!["T1".to_owned()];
        for (code, role) in [("w", Role::Vaccinator), ("e", Role::Driver)] {
            of.staff.push(StaffMember { home: "T1".to_owned(), ..person(code, role) });
        }
        let with = |rounds: &[RoundDay]| {
            given(&AsStaffed::new(&campaign, &of, (&[], rounds), span).campaign)
        };
        assert_eq!(with(&[]), [10, 0, 4, 0, 10, 0]);
        assert_eq!(with(&[(on(4), "T1".into())]), [10, 0, 4, 0, 0, 0]);
        of.staff.clear();
        assert_eq!(StaffedPlaces::new(&of, (&others, &[]), (start(), on(0))).jurisdiction, of);
    }
}
