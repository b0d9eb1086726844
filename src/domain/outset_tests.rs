use super::*;
use crate::domain::attendance::{LastSeats, Tried};
use crate::domain::planner::testing::{plain, row, start};
use crate::domain::planner::{self, Limits, Request};

fn on(day: i64) -> NaiveDate {
    start() + TimeDelta::days(day)
}

fn key() -> CohortKey {
    CohortKey { area: "A1".into(), group: "all".into() }
}

fn given(day: i64, dose: u8, doses: u32) -> GivenRow {
    let CohortKey { area, group } = key();
    GivenRow { day: on(day), place: "S1".into(), area, group, dose, doses }
}

/// What is known on day 10 of a campaign of 100 people, one site and two doses.
fn facts<'a>(
    campaign: &'a Campaign,
    counted: &'a [ReportedDoses],
    persons: &'a BTreeMap<CohortKey, CohortPersons>,
    unreported: &'a [PlanRow],
) -> OutsetFacts<'a> {
    static NOTHING: BTreeMap<CohortKey, LastSeats> = BTreeMap::new();
    let open = on(10);
    let used = SeatsUsed { people: 1.0, vaccine: 1.0 };
    OutsetFacts { campaign, open, counted, persons, unreported, used, last_seats: &NOTHING }
}

fn plan_of(outset: &Outset, open: i64) -> Vec<PlanRow> {
    let request = Request {
        campaign: &outset.campaign,
        given: &outset.history,
        from: on(open),
        published: &[],
        told: None,
        warm: None,
        limits: Limits::QUICK,
    };
    planner::make(&request, &mut |_| {}, &mut || 0.0).rows
}

fn doses(rows: &[PlanRow], dose: u8) -> u32 {
    rows.iter().filter(|row| row.dose == dose).map(|row| row.doses).sum()
}

#[test]
fn what_other_campaigns_use_of_a_place_is_theirs() {
    let mut campaign = plain();
    let site = campaign.sites[0].clone();
    let can = site.weekly_capacity(on(0));
    assert!(can > 1);
    // The other campaign may use less of the place than we may.
    let mut other = plain();
    other.sites[0].weekday_doses = can - 1;
    let mut visit = row(1, 1, 5);
    (visit.team, visit.place) = (Some("T1".into()), "P9".into());
    let rows = [row(0, 1, can - 1), row(1, 1, 1), row(2, 1, can + 7), visit];
    let others = [OtherPlan { campaign: &other, rows: &rows }];
    let taken = taken_by_others(&campaign, &others, on(1));
    close(&mut campaign, taken);
    let left = |day: i64| campaign.capacity(&site, on(day));
    assert_eq!([left(0), left(1), left(2)], [can, can - 1, 0], "before the plan nothing changes");
    assert!(campaign.closures.iter().all(|one| one.place == "S1"), "teams are not shut");
    assert_eq!(rows_of_others(&others, on(1)), rows[1..], "their tour is there to come along on");
    assert_eq!(rows_of_others(&others, on(2)), rows[2..3]);
}

#[test]
fn a_campaign_that_is_over_says_nothing_of_what_a_place_can_do() {
    let mut campaign = plain();
    let site = campaign.sites[0].clone();
    let can = site.weekly_capacity(on(0));
    campaign.sites[0].weekday_doses = can - 1;
    // Both others ran at a larger place; the one that still runs uses some of ours.
    let (mut over, mut runs) = (plain(), plain());
    over.end = on(0);
    runs.sites[0].weekday_doses = can - 1;
    let (old, new) = ([row(0, 1, can)], [row(1, 1, 2)]);
    let others =
        [OtherPlan { campaign: &over, rows: &old }, OtherPlan { campaign: &runs, rows: &new }];
    let taken = taken_by_others(&campaign, &others, on(1));
    let left: Vec<_> = taken.iter().map(|one| (one.day, one.doses)).collect();
    assert_eq!(left, [(on(1), can - 3)]);
}

#[test]
fn without_a_register_the_planner_counts_what_was_given() {
    let campaign = plain();
    let counted = [ReportedDoses { row: given(1, 1, 30), persons: 0 }];
    let found = outset(facts(&campaign, &counted, &BTreeMap::new(), &[]));
    assert_eq!(found.campaign, campaign);
    let rows = plan_of(&found, 10);
    let old = Outset { history: vec![given(1, 1, 30)], ..found };
    assert_eq!(rows, plan_of(&old, 10));
    assert_eq!(old.left[&(key(), 1)], Left { registered: 0, others: 70 });
    assert_eq!(old.left[&(key(), 2)], Left { registered: 0, others: 30 });
}

#[test]
fn seats_that_nobody_takes_say_that_nobody_is_left() {
    // 30 of 100 people have had their dose; of the last ten seats two were used, or all.
    let campaign = plain();
    let counted = [ReportedDoses { row: given(1, 1, 30), persons: 0 }];
    let persons = BTreeMap::new();
    for (came, others) in [(2, 50), (6, 70), (10, 70)] {
        let tried = Tried { all: 10, came };
        let last_seats = [(key(), LastSeats { tried, day: on(9), asked: 0, comes: 0.8 })].into();
        let facts =
            OutsetFacts { last_seats: &last_seats, ..facts(&campaign, &counted, &persons, &[]) };
        let found = outset(facts);
        assert_eq!(found.left[&(key(), 1)].others, others, "the counts are off by 20 at most");
        let planned = floor_of(found.campaign.eligible[0].people, campaign.groups[0].uptake);
        assert_eq!(u64::from(planned), 30 + others);
    }
}

#[test]
fn a_session_without_report_is_not_a_session_without_doses() {
    // W4: 30 of 100 people were planned yesterday, and the report is out.
    let campaign = plain();
    let unreported = [row(9, 1, 30)];
    let nobody = BTreeMap::new();
    let found = outset(facts(&campaign, &[], &nobody, &unreported));
    assert_eq!(found.left[&(key(), 1)].others, 70);
    assert!(doses(&plan_of(&found, 10), 1) <= 70);
    // Of the vaccine as much is gone.
    let drawn: u32 =
        found.history.iter().filter(|row| row.place.as_str() == "S1").map(|row| row.doses).sum();
    assert_eq!(drawn, 30);
    // Where three seats of four are used, eight people of these come again; of the vaccine more may be gone.
    let used = SeatsUsed { people: 0.75, vaccine: 0.9 };
    let some = OutsetFacts { used, ..facts(&campaign, &[], &nobody, &unreported) };
    let found = outset(some);
    assert_eq!(found.left[&(key(), 1)].others, 77);
    let drawn = found.history.iter().filter(|row| row.place.as_str() == "S1");
    assert_eq!(drawn.map(|row| row.doses).sum::<u32>(), 27);
}

#[test]
fn registered_people_above_the_official_count_are_planned() {
    // W9: 100 eligible people of whom 60 % are expected; 80 in the register are due.
    let mut campaign = plain();
    campaign.groups[0].uptake = Decimal::new(6, 1);
    let due = BTreeMap::from([(1, 80)]);
    let persons = BTreeMap::from([(key(), CohortPersons { due, ..CohortPersons::default() })]);
    let found = outset(facts(&campaign, &[], &persons, &[]));
    assert_eq!(found.left[&(key(), 1)], Left { registered: 80, others: 0 });
    let planned = floor_of(found.campaign.eligible[0].people, campaign.groups[0].uptake);
    assert_eq!(planned, 80);
}

#[test]
fn who_waits_follows_from_people_and_not_from_groups() {
    // P4: five got dose 1 in this group, dose 2 in another one.
    let campaign = plain();
    let counted = [ReportedDoses { row: given(1, 1, 5), persons: 5 }];
    let gone = CohortPersons { joined: -5, ..CohortPersons::default() };
    let persons = BTreeMap::from([(key(), gone)]);
    let found = outset(facts(&campaign, &counted, &persons, &[]));
    let rows = plan_of(&found, 10);
    assert!(doses(&rows, 1) > 0);
    assert_eq!(doses(&rows, 2), doses(&rows, 1), "no seat is kept for them");
    // Who died after dose 1 is not waited for either.
    let dead = CohortPersons { gone: 5, ..CohortPersons::default() };
    let persons = BTreeMap::from([(key(), dead)]);
    let found = outset(facts(&campaign, &counted, &persons, &[]));
    let rows = plan_of(&found, 10);
    assert_eq!(doses(&rows, 2), doses(&rows, 1));
    assert_eq!(found.left[&(key(), 1)].others, 95);
}

#[test]
fn the_use_of_seats_is_learned_from_every_report() {
    let days = |given: &[u64]| -> Vec<(NaiveDate, u64, u64)> {
        (0..).zip(given).map(|(day, given)| (on(day), 100, *given)).collect()
    };
    let is = |sessions: &[(NaiveDate, u64, u64)], share: f64| {
        let found = seats_used(sessions);
        assert!((found - share).abs() < 1e-4, "{found} and not {share}");
    };
    is(&[], 1.0);
    // (80 + 50) / (100 + 50), and the least spread.
    is(&days(&[80]), 0.8667 + 0.04);
    // Ten days with 785 of 1,000: 835 / 1,050, and how the days differ.
    is(&days(&[70, 80, 75, 82, 81, 79, 78, 76, 74, 90]), 0.7952 + 0.0524);
    is(&days(&[100, 100, 120]), 1.0);
    // Three seats more, all used, say little; a shut door says nothing.
    let mut more = days(&[80]);
    more.push((on(0), 3, 3));
    is(&more, 133.0 / 153.0 + 0.04);
    more.push((on(1), 40, 0));
    is(&more, 133.0 / 153.0 + 0.04);
}

#[test]
fn rows_that_stay_fit_what_the_places_can_do_now() {
    let mut campaign = plain();
    let rows = [row(8, 1, 6), row(8, 2, 4), row(9, 1, 5)];
    assert_eq!(kept(&campaign, &rows), rows);
    campaign.closures.push(Closure { place: "S1".into(), day: on(8), doses: 7 });
    campaign.closures.push(Closure { place: "S1".into(), day: on(9), doses: 0 });
    assert_eq!(kept(&campaign, &rows), [row(8, 1, 6), row(8, 2, 1)]);
}

#[test]
fn a_site_gives_no_more_than_it_fetched_until_it_fetches_again() {
    // W10: S1 fetches on Mondays; day 0 is one. On day 8 the plan is open from day 9 on.
    let mut campaign = plain();
    bind_to_store(&mut campaign, &[row(9, 1, 3), row(10, 1, 30)], (on(8), on(9)));
    let site = campaign.sites[0].clone();
    let capacity = |day: i64| campaign.capacity(&site, on(day));
    assert_eq!([9, 10, 11, 12, 14].map(capacity), [3, 10, 0, 0, 10]);
}
