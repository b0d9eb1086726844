//! Whom an answer asks for, in a county of one site that can be reckoned by hand.

use super::super::super::testing::{plain, series, start};
use super::super::super::{AsStaffed, Limits, Request};
use super::super::{SurgeQuestion, surge};
use super::*;
use crate::domain::jurisdiction::{Hours, SiteRow, StaffMember, Stations};
use crate::domain::testing::staff;
use chrono::{NaiveTime, TimeDelta};
use rust_decimal::Decimal;

/// A site of three stations that give ten doses each, every day or on weekdays, and people who all are to have a dose.
fn county(people: u32, is_daily: bool) -> (Campaign, Jurisdiction) {
    let mut campaign = plain();
    campaign.series = series(1, None, None);
    campaign.teams.clear();
    campaign.stops.clear();
    campaign.eligible[0].people = people;
    campaign.groups[0].target = Some(Decimal::ONE);
    let site = &mut campaign.sites[0];
    (site.weekday_doses, site.storage_doses, site.wastage_rate) = (30, None, Decimal::ZERO);
    let weekend = if is_daily { 30 } else { 0 };
    (site.saturday_doses, site.sunday_doses) = (weekend, weekend);
    let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
    let row = SiteRow {
        hours: Some(Hours { opens: at(8), closes: at(10) }),
        stations: Some(Stations { count: 3, doses_per_hour: Decimal::from(5) }),
        ..SiteRow::plain(campaign.sites[0].clone())
    };
    let of = Jurisdiction { sites: vec![row], ..Jurisdiction::of_campaign(&campaign) };
    (campaign, of)
}

/// The answer by so many days after the start, and whom it asks for by role.
fn asked(
    (campaign, of): &(Campaign, Jurisdiction),
    people: &[(&str, Role)],
    days: i64,
) -> (Surge, Vec<(Role, u32)>) {
    let member = |(code, role): &(&str, Role)| -> StaffMember { staff(code, "S1", &[*role]) };
    let of = Jurisdiction { staff: people.iter().map(member).collect(), ..of.clone() };
    let by = start() + TimeDelta::days(days - 1);
    let staffed = AsStaffed::new(campaign, &of, (&[], &[]), (start(), campaign.end));
    let mut means = Means::on(start(), campaign, Some(&of), 10);
    means.unstaffed = staffed.unstaffed;
    let (given, published, limits) = (&[], &[], Limits::QUICK);
    let (campaign, from) = (&staffed.campaign, start());
    let request = Request { campaign, given, from, published, told: None, warm: None, limits };
    let question = SurgeQuestion { request, by, groups: &[], means: &means };
    let found = surge(&question, &mut || 0.0);
    let counted = CountedStaff { jurisdiction: &of, others: &[], rounds: &[] };
    let recruits = found.recruits(campaign, &means, counted);
    let area = Some(AreaCode::from("A1"));
    assert!(recruits.keys().all(|key| key.0 == area), "{recruits:?}");
    let by_role = recruits.into_iter().map(|((_, role), people)| (role, people)).collect();
    (found, by_role)
}

#[test]
fn whoever_is_there_without_work_need_not_come() {
    use Role::{Doctor, Registrar, Vaccinator};
    let county = county(100, false);
    let crew = [("v1", Vaccinator), ("r1", Registrar), ("d", Doctor)];
    // A hundred people in five days take twenty a day: a second station.
    let (found, more) = asked(&county, &crew, 5);
    assert_eq!(found.more.as_ref().map(|more| more.stations["S1"]), Some(1), "{found:?}");
    assert_eq!((found.staff, more), (2.0, vec![(Vaccinator, 1), (Registrar, 1)]));
    // A second vaccinator had no registrar to work with.
    let idle = [&crew[..], &[("v2", Vaccinator)]].concat();
    let (found, more) = asked(&county, &idle, 5);
    assert_eq!((found.staff, more), (2.0, vec![(Registrar, 1)]));
    // Where nobody can open anything, the first station needs a doctor as well.
    let (found, more) = asked(&county, &[("v1", Vaccinator)], 5);
    assert_eq!(found.more.as_ref().map(|more| more.stations["S1"]), Some(2), "{found:?}");
    let wanted = vec![(Vaccinator, 1), (Registrar, 2), (Doctor, 1)];
    assert_eq!((found.staff, more), (5.0, wanted));
}

#[test]
fn a_station_of_seven_days_a_week_takes_two_people_of_each_role() {
    use Role::{Doctor, Registrar, Vaccinator};
    let crew = [("v1", Vaccinator), ("r1", Registrar), ("d", Doctor)];
    // Twenty a day for seven days; who is counted here has no day off.
    let (found, more) = asked(&county(140, true), &crew, 7);
    assert_eq!(found.more.as_ref().map(|more| more.stations["S1"]), Some(1), "{found:?}");
    assert_eq!(more, [(Vaccinator, 2), (Registrar, 2)]);
}

#[test]
fn nobody_is_on_more_than_five_days_of_a_week() {
    let day = |n| start() + TimeDelta::days(n);
    let on = |days: std::ops::Range<i64>, people: u32| days.map(|n| (day(n), people)).collect();
    assert_eq!(sharing(&on(0..5, 3)), 3);
    assert_eq!(sharing(&on(0..7, 3)), 5, "21 days of work in a week");
    assert_eq!(sharing(&on(5..9, 2)), 2, "two days in each of two weeks");
    assert_eq!(sharing(&BTreeMap::new()), 0);
}
