//! Plans that staff can carry out, in a county of two places that can be reckoned by hand.

use super::super::joint_tests::local;
use super::super::testing::{plain, series, start};
use super::*;
use crate::domain::date::Weekdays;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::{
    Hours, Leave, LocalCampaign, Role, SiteRow, StaffMember, Stations,
};
use crate::domain::plan::UnplacedReason;
use crate::domain::testing::staff;
use chrono::NaiveTime;
use rust_decimal::Decimal;

fn on(day: i64) -> NaiveDate {
    start() + TimeDelta::days(day)
}

fn person(code: &str, role: Role) -> StaffMember {
    StaffMember { sites: vec!["S2".to_owned()], ..staff(code, "S1", &[role]) }
}

fn away(code: &str, first: i64, last: i64) -> Leave {
    Leave { staff: StaffId::from(code), first: on(first), last: on(last), reason: None }
}

/// Two places of two stations that give 10 doses each, and people for two stations with one doctor.
fn county() -> (Jurisdiction, LocalCampaign) {
    let mut campaign = plain();
    campaign.series = series(1, None, None);
    campaign.teams.clear();
    let mut of = Jurisdiction::of_campaign(&campaign);
    let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
    let site = |code: &str| {
        let mut site = campaign.sites[0].clone();
        (site.code, site.weekday_doses) = (PlaceCode::from(code), 20);
        (site.storage_doses, site.restock) = (None, Weekdays::EVERY_DAY);
        SiteRow {
            hours: Some(Hours { opens: at(8), closes: at(10) }),
            stations: Some(Stations { count: 2, doses_per_hour: Decimal::from(5) }),
            ..SiteRow::plain(site)
        }
    };
    of.sites = vec![site("S1"), site("S2")];
    of.staff = vec![
        person("v1", Role::Vaccinator),
        person("v2", Role::Vaccinator),
        person("r1", Role::Registrar),
        person("r2", Role::Registrar),
        person("d", Role::Doctor),
    ];
    (of, local(&campaign))
}

fn planned(
    of: &Jurisdiction,
    own: &LocalCampaign,
    (duties, others): (&[Duty], &[PlanRow]),
) -> StaffedPlan {
    let request = StaffedRequest {
        jurisdiction: of,
        join: &|held| held.join(std::slice::from_ref(own), start()),
        given: &[],
        from: start(),
        published: &[],
        told: None,
        duties,
        others,
        rounds: &[],
        warm: None,
        limits: Limits::QUICK,
    };
    make_staffed(&request, &mut |_| {}, &mut || 0.0)
}

/// Doses at the first place on some days.
fn doses(plan: &StaffedPlan, days: std::ops::Range<i64>) -> Vec<u32> {
    let rows = &plan.plan.campaigns[0].rows;
    let of_day = |day: i64| -> u32 {
        let here = rows.iter().filter(|row| row.day == on(day) && row.place.as_str() == "S1");
        here.map(|row| row.doses).sum()
    };
    days.map(of_day).collect()
}

#[test]
fn whoever_others_or_the_published_roster_need_is_used() {
    let (of, own) = county();
    let alone = planned(&of, &own, (&[], &[]));
    assert_eq!(doses(&alone, 0..5), [20, 20, 20, 20, 20]);
    assert!(alone.missing.is_empty());
    // The only doctor is at the other place on day 0, for another campaign's plan.
    let others = [PlanRow { place: "S2".into(), ..super::super::testing::row(0, 1, 10) }];
    let beside = planned(&of, &own, (&[], &others));
    assert_eq!(doses(&beside, 0..3), [0, 20, 20], "{:?}", beside.missing);
    assert!(beside.missing.is_empty());
    assert!(beside.limits.iter().any(|one| one.place == "S1" && one.first == on(0)));
    // At the same place both share the station that is left.
    let mut less = of.clone();
    less.leave = vec![away("v2", 0, 0)];
    let same = [super::super::testing::row(0, 1, 4)];
    assert_eq!(doses(&planned(&less, &own, (&[], &same)), 0..2), [6, 20]);
    // The roster sends a crew elsewhere on day 1.
    let duty = |staff: &str, role| Duty {
        date: on(1),
        place: "S2".to_owned(),
        role,
        staff: StaffId::from(staff),
    };
    let crew = [duty("v1", Role::Vaccinator), duty("r1", Role::Registrar), duty("d", Role::Doctor)];
    assert_eq!(doses(&planned(&of, &own, (&crew, &[])), 0..3), [20, 0, 20]);
}

#[test]
fn leave_limits_a_place_and_is_the_reason_that_people_have_no_place() {
    let (mut of, own) = county();
    of.leave = vec![away("v2", 0, 0), away("d", 1, 100)];
    let found = planned(&of, &own, (&[], &[]));
    assert_eq!(doses(&found, 0..2), [10, 0], "one station, then no doctor");
    let left = &found.plan.campaigns[0].unplaced;
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].people, left[0].reason), (90, UnplacedReason::Staff));
    // Nothing is planned after the first day, but on each of the 43 weekdays that follow the doctor would open the
    // place. A plan without a search has no prices.
    let lacks: Vec<_> =
        found.gaps.iter().map(|one| (one.day, one.doses, one.people.clone())).collect();
    assert_eq!(lacks[0], (on(0), 10, [(Role::Vaccinator, 1)].into()));
    assert_eq!(lacks.len(), 44);
    assert!(lacks[1..].iter().all(|one| (one.1, &one.2) == (20, &[(Role::Doctor, 1)].into())));
    assert_eq!(lacks.last().map(|one| one.0), Some(on(59)), "the campaign's last day");
    assert!(found.gaps.iter().all(|gap| gap.worth.is_none()));
    assert!(found.plan.certificate.staff_day.is_empty());
    // Where nobody can ever work nothing is planned, and that is said.
    of.leave = vec![away("d", 0, 100)];
    let found = planned(&of, &own, (&[], &[]));
    assert!(found.plan.campaigns[0].rows.is_empty());
    let limit = found.limits.iter().find(|one| one.place == "S1").expect("a limit");
    assert_eq!((limit.days, limit.first, limit.last), (44, on(0), on(59)));
}

#[test]
fn staff_is_the_reason_of_as_many_as_it_would_serve_and_vaccine_of_the_others() {
    let (mut of, mut own) = county();
    of.leave = vec![away("v2", 0, 0), away("d", 1, 100)];
    own.campaign.deliveries[0].doses = 60;
    for row in &mut of.sites {
        row.site.wastage_rate = Decimal::ZERO;
    }
    let found = planned(&of, &own, (&[], &[]));
    assert_eq!(doses(&found, 0..2), [10, 0]);
    // With everybody at work sixty of the hundred have vaccine: fifty more than the ten who are placed.
    let left = found.plan.campaigns[0].unplaced.iter();
    let said: Vec<_> = left.map(|one| (one.people, one.reason)).collect();
    assert_eq!(said, [(50, UnplacedReason::Staff), (40, UnplacedReason::Supply)]);
}

#[test]
fn the_certificate_has_prices_for_staff_days_by_township_and_role() {
    let (mut of, mut own) = county();
    own.campaign.eligible[0].people = 95;
    of.leave = vec![away("v2", 0, 1)];
    let limits = Limits::steps(3000);
    let join = |held: &Jurisdiction| held.join(std::slice::from_ref(&own), start());
    let request = StaffedRequest {
        jurisdiction: &of,
        join: &join,
        given: &[],
        from: start(),
        published: &[],
        told: None,
        duties: &[],
        rounds: &[],
        others: &[],
        warm: None,
        limits,
    };
    let found = make_staffed(&request, &mut |_| {}, &mut || 0.0);
    assert_eq!(doses(&found, 0..8), [10, 10, 20, 20, 20, 0, 0, 15]);
    // Ten people would come 7 days sooner by a station on day 0, and 6 days sooner on day 1, out of 60.
    let days = &found.plan.certificate.staff_day["A1"]["vaccinator"];
    let prices: Vec<f64> = days.values().copied().collect();
    assert_eq!(days.keys().copied().collect::<Vec<_>>(), [on(0), on(1)]);
    assert!((prices[0] - 7.0 / 6.0).abs() < 0.1 && (prices[1] - 1.0).abs() < 0.1, "{prices:?}");
    let part = found.plan.certificate.of_campaign(&"test".into(), 100.0);
    assert_eq!(part.staff_day, found.plan.certificate.staff_day);
    // Who judges the certificate need not know them.
    let open = join(&of);
    let (_, problems) = check_joint_certificate(&open, &found.plan.certificate, &[], start());
    assert!(problems.is_empty(), "{problems:?}");
}
