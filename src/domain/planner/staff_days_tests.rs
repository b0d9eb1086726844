//! Prices of staff-days in a county that can be reckoned by hand: 95 people, one dose, twenty a day at one place.

use super::super::joint_tests::local;
use super::super::testing::{eligible, plain, series, start};
use super::super::verdict::Bind;
use super::*;
use crate::domain::date::Weekdays;
use crate::domain::id::{GroupId, PlaceCode, StaffId};
use crate::domain::jurisdiction::{
    Hours, Jurisdiction, LocalCampaign, Role, SiteRow, StaffMember, Stations,
};
use crate::domain::roster::{Duty, Lack, station_gaps};
use crate::domain::site::Stop;
use crate::domain::testing::staff;
use chrono::{NaiveTime, TimeDelta};
use rust_decimal::Decimal;

fn on(day: i64) -> NaiveDate {
    start() + TimeDelta::days(day)
}

fn person(code: &str, role: Role) -> StaffMember {
    staff(code, "S1", &[role])
}

/// A place of two stations that give ten doses each on weekdays, and perhaps a team with a stop beside its base.
fn county(has_team: bool) -> (Jurisdiction, LocalCampaign) {
    let mut campaign = plain();
    campaign.series = series(1, None, None);
    campaign.eligible = vec![eligible("A1", "all", 95)];
    campaign.stops = vec![Stop {
        code: PlaceCode::from("P1"),
        name: "P1".into(),
        area: "A1".into(),
        point: campaign.teams[0].point,
        kind: None,
        setup_minutes: 30,
        max_doses: 12,
        weekdays: Weekdays::EVERY_DAY,
    }];
    if !has_team {
        campaign.teams.clear();
        campaign.stops.clear();
    }
    let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
    let site = &mut campaign.sites[0];
    (site.weekday_doses, site.storage_doses, site.restock) = (20, None, Weekdays::EVERY_DAY);
    let mut of = Jurisdiction::of_campaign(&campaign);
    of.sites = vec![SiteRow {
        hours: Some(Hours { opens: at(8), closes: at(10) }),
        stations: Some(Stations { count: 2, doses_per_hour: Decimal::from(5) }),
        ..SiteRow::plain(campaign.sites[0].clone())
    }];
    of.staff = vec![
        person("v1", Role::Vaccinator),
        person("r1", Role::Registrar),
        person("r2", Role::Registrar),
    ];
    (of, local(&campaign))
}

/// Prices of the place from the first day on, in sixtieths: a day later costs so much of a dose.
fn certificate(sixtieths: &[(i64, f64)]) -> JointCertificate {
    let days = sixtieths.iter().map(|(day, price)| (on(*day), price / 60.0)).collect();
    let site_day = [("S1".to_owned(), days)].into_iter().collect();
    JointCertificate { site_day, ..JointCertificate::default() }
}

/// What places lack, with prices; which the certificate has afterwards.
fn priced(
    (of, own): &(Jurisdiction, LocalCampaign),
    (lacks, duties): (&[Lack], &[Duty]),
    certificate: &mut JointCertificate,
) -> Vec<StationGap> {
    let campaigns = std::slice::from_ref(own);
    let open = of.join(campaigns, start());
    let held = of.within(lacks, &BTreeMap::new()).join(campaigns, start());
    let lacks: Vec<&Lack> = lacks.iter().collect();
    let mut gaps = station_gaps(of, &lacks, duties, (start(), on(59)));
    price(&mut gaps, (&held, &open), (&[], start()), certificate);
    gaps
}

fn lack(place: &str, day: i64, could: Option<u32>, can: u32) -> Lack {
    Lack { place: place.to_owned(), day: on(day), could, can }
}

fn duty(day: i64, staff: &str, role: Role) -> Duty {
    Duty { date: on(day), place: "S1".to_owned(), role, staff: StaffId::from(staff) }
}

fn is_near(is: f64, wanted: f64) -> bool {
    (is - wanted).abs() < 1e-9
}

#[test]
fn a_vaccinator_is_worth_the_doses_of_the_station_that_waits_for_one() {
    let mut county = county(false);
    county.0.staff.push(person("d", Role::Doctor));
    // On two days one station is staffed, and a registrar is left. Ten people wait from each of them until day 7,
    // which is not full: 7 and 6 sixtieths of a dose.
    let lacks = [lack("S1", 0, Some(20), 10), lack("S1", 1, Some(20), 10)];
    let crew = [("v1", Role::Vaccinator), ("r1", Role::Registrar), ("d", Role::Doctor)];
    let duties: Vec<Duty> =
        (0..2).flat_map(|day| crew.map(|(who, role)| duty(day, who, role))).collect();
    let mut prices = certificate(&[(0, 7.0), (1, 6.0), (2, 5.0), (3, 4.0), (4, 3.0)]);
    let gaps = priced(&county, (&lacks, &duties), &mut prices);
    let days = &prices.staff_day["A1"]["vaccinator"];
    assert_eq!((prices.staff_day.len(), prices.staff_day["A1"].len(), days.len()), (1, 1, 2));
    assert!(is_near(days[&on(0)], 70.0 / 60.0) && is_near(days[&on(1)], 1.0), "{days:?}");
    assert!(prices.crew_day.is_empty());
    let week = staff_gaps(&gaps);
    assert_eq!(week.len(), 1);
    assert_eq!((week[0].area.clone(), week[0].week), (Some("A1".into()), start()));
    assert_eq!(week[0].people, People::from([(Role::Vaccinator, 2)]));
    assert_eq!((week[0].days, week[0].doses), (2, 20));
    assert!(is_near(week[0].price.expect("a price"), 70.0 / 60.0));
    // Where a dose brings nothing, nobody is missing.
    let mut none = JointCertificate::default();
    assert!(priced(&county, (&lacks, &duties), &mut none).is_empty());
    assert!(none.staff_day.is_empty());
}

#[test]
fn a_doctor_without_whom_nothing_opens_is_worth_all_that_would() {
    let mut county = county(false);
    county.0.staff.push(person("v2", Role::Vaccinator));
    // Shut on the first day, full from day 1 to 4, not full on day 7: a dose on the first day would come 7 days sooner.
    let lacks = [lack("S1", 0, Some(20), 0)];
    let mut prices = certificate(&[(1, 6.0), (2, 5.0), (3, 4.0), (4, 3.0)]);
    let gaps = priced(&county, (&lacks, &[]), &mut prices);
    assert_eq!(gaps.len(), 1);
    assert_eq!((&gaps[0].people, gaps[0].doses), (&People::from([(Role::Doctor, 1)]), 20));
    assert!(is_near(prices.staff_day["A1"]["doctor"][&on(0)], 140.0 / 60.0), "{gaps:?}");
    // Two people who are both missing share what the station is worth.
    county.0.staff.retain(|one| one.code.as_str() != "v2" && one.code.as_str() != "v1");
    let mut prices = certificate(&[(1, 6.0), (2, 5.0), (3, 4.0), (4, 3.0)]);
    let gaps = priced(&county, (&lacks, &[]), &mut prices);
    let first = People::from([(Role::Vaccinator, 1), (Role::Doctor, 1)]);
    assert_eq!((&gaps[0].people, gaps[0].doses), (&first, 10));
    assert_eq!((&gaps[1].people, gaps[1].doses), (&People::from([(Role::Vaccinator, 1)]), 10));
    let of = |role: Role| prices.staff_day["A1"][role.word()][&on(0)];
    assert!(is_near(of(Role::Doctor), 35.0 / 60.0), "{prices:?}");
    assert!(is_near(of(Role::Vaccinator), 70.0 / 60.0), "the dearer of two: {prices:?}");
}

#[test]
fn days_that_bring_nothing_one_by_one_are_kept_where_they_do_together() {
    // Two doses three weeks apart, and nobody at work until the end: one day with people lets nobody finish.
    let (mut of, mut own) = county(false);
    own.campaign.series = series(2, Some(21), Some(35));
    of.staff.clear();
    let weekdays = (0..60).filter(|day| day % 7 < 5);
    let lacks: Vec<Lack> = weekdays.map(|day| lack("S1", day, Some(20), 0)).collect();
    let mut prices = JointCertificate::default();
    let gaps = priced(&(of.clone(), own.clone()), (&lacks, &[]), &mut prices);
    assert_eq!(gaps.len(), 88, "two stations on each of 44 days");
    assert!(gaps.iter().all(|gap| gap.worth.is_none()), "no day has a price of its own");
    assert!(is_near(prices.staff_day["A1"]["vaccinator"][&on(0)], 0.0));
    // The stored plan keeps them as well, and so it does not say that nothing is scarce.
    let mut stored = gaps.clone();
    price_gaps(&mut stored, &prices.of_campaign(&"test".into(), 0.0));
    assert_eq!(stored, gaps);
    // Of one dose each day is worth something by itself.
    own.campaign.series = series(1, None, None);
    let gaps = priced(&(of, own), (&lacks, &[]), &mut JointCertificate::default());
    assert!(gaps.len() == 88 && gaps.iter().all(|gap| gap.worth.is_some()));
}

#[test]
fn a_crew_is_worth_what_its_team_would_earn_on_the_day() {
    let mut county = county(true);
    county.0.staff.push(person("d", Role::Doctor));
    county.0.staff.push(person("v2", Role::Vaccinator));
    // The place gives twenty on each of five days, the last of which is not full: a dose on the first day comes four
    // days sooner. The stop takes twelve.
    let mut prices = certificate(&[(0, 4.0), (1, 3.0), (2, 2.0), (3, 1.0)]);
    let later = [(1, 3.0), (2, 2.0), (3, 1.0)].map(|(day, price)| (on(day), price / 60.0));
    prices.stop_day = [("P1".to_owned(), later.into())].into();
    let gaps = priced(&county, (&[lack("T1", 0, None, 0)], &[]), &mut prices);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].people, People::from([(Role::Vaccinator, 2), (Role::Driver, 1)]));
    assert!(is_near(gaps[0].worth.expect("a price"), 48.0 / 60.0), "{gaps:?}");
    assert!(is_near(prices.crew_day["T1"]["driver"][&on(0)], 16.0 / 60.0));
    assert!(prices.staff_day.is_empty());
    let week = staff_gaps(&gaps);
    assert_eq!((week[0].area.clone(), week[0].team.as_deref()), (None, Some("T1")));
}

#[test]
fn a_verdict_names_the_dearest_staff_days_and_no_more_than_are_needed() {
    let campaign = plain();
    let gap = |place: &str, day: i64, worth: f64| StationGap {
        place: place.to_owned(),
        area: Some("A1".into()),
        day: on(day),
        people: People::from([(Role::Vaccinator, 1)]),
        doses: 10,
        worth: Some(worth),
    };
    let bind = |reason, people| Bind {
        reason,
        people,
        areas: vec!["A1".into()],
        days: None,
        staff: Vec::new(),
    };
    let mut verdict = [GroupVerdict {
        group: GroupId::from("all"),
        target_people: 100,
        planned_people: 80,
        reached: false,
        short: 20,
        reachable: Some(false),
        short_at_best: 20,
        binds: vec![bind(UnplacedReason::Staff, 6), bind(UnplacedReason::Supply, 14)],
        fixes: Vec::new(),
        cut_short: false,
    }];
    // Six people take twelve doses: two stations. The other place does not serve them, and day 70 is after the end.
    let gaps = [
        gap("S1", 0, 1.0),
        gap("S1", 1, 2.0),
        gap("S1", 9, 3.0),
        gap("S9", 1, 9.0),
        gap("S1", 70, 9.0),
    ];
    say_gaps(&mut verdict, &campaign, &gaps);
    let said = &verdict[0].binds[0].staff;
    let weeks: Vec<_> = said.iter().map(|one| (one.week, one.doses, one.price)).collect();
    assert_eq!(weeks, [(on(7), 10, Some(3.0)), (on(0), 10, Some(2.0))]);
    assert!(verdict[0].binds[1].staff.is_empty());
}

#[test]
fn a_stored_plan_prices_what_is_missing_now() {
    let gap = |day: i64| StationGap {
        place: "S1".to_owned(),
        area: Some("A1".into()),
        day: on(day),
        people: People::from([(Role::Vaccinator, 1), (Role::Registrar, 1)]),
        doses: 10,
        worth: None,
    };
    let mut gaps = vec![gap(0), gap(1)];
    price_gaps(&mut gaps, &Certificate::default());
    assert_eq!(gaps, [gap(0), gap(1)], "a plan without a search has no prices");
    let days: BTreeMap<NaiveDate, f64> = [(on(0), 0.5)].into();
    let staff_day = [("A1".to_owned(), [("vaccinator".to_owned(), days)].into())].into();
    let prices = Certificate { staff_day, ..Certificate::default() };
    price_gaps(&mut gaps, &prices);
    assert_eq!(gaps, [StationGap { worth: Some(0.5), ..gap(0) }]);
    // A price of 0 says that the day brings something beside others.
    let mut prices = prices;
    let days = prices.staff_day.get_mut("A1").and_then(|roles| roles.get_mut("vaccinator"));
    days.expect("prices").insert(on(1), 0.0);
    let mut gaps = vec![gap(0), gap(1)];
    price_gaps(&mut gaps, &prices);
    assert_eq!(gaps, [StationGap { worth: Some(0.5), ..gap(0) }, gap(1)]);
}
