//! Cases of what is still free.

use super::super::index::ListIndex as _;
use super::super::programme::only;
use super::super::testing::{lot, plain, start};
use super::*;
use crate::domain::campaign::Campaign;
use crate::domain::date::Weekdays;
use crate::domain::site::Stop;

/// One site, two stops near the base of two teams; everything there is no limit to is large.
fn campaign() -> Campaign {
    let mut campaign = plain();
    campaign.travel.road_factor = 0.0;
    for code in ["P0", "P1"] {
        campaign.stops.push(Stop {
            code: code.into(),
            name: String::new(),
            area: "A1".into(),
            point: campaign.teams[0].point,
            kind: None,
            setup_minutes: 20,
            max_doses: 12,
            weekdays: Weekdays::MON_TO_FRI,
        });
    }
    let mut second = campaign.teams[0].clone();
    (second.code, second.doses_per_day) = ("T2".into(), 8);
    campaign.teams.push(second);
    campaign
}

fn site() -> Place {
    Place::Site(SiteIndex::of(0))
}

fn stop(i: usize) -> Place {
    Place::Stop(StopIndex::of(i))
}

fn team(i: usize) -> TeamIndex {
    TeamIndex::of(i)
}

fn day(n: usize) -> Day {
    Day::of(n)
}

#[test]
fn a_site_gives_up_to_its_day_its_store_and_the_vaccine_and_takes_back() {
    let campaign = campaign();
    let problem = Problem::new(&campaign, &[], start());
    let mut free = FreeCapacity::new(&problem);
    assert_eq!(free.most(only(), site(), day(0)), 10);
    assert_eq!(free.give(only(), site(), day(0), 12, None), (10, None));
    assert_eq!(free.blocked_by(only(), site(), day(0)), Some(Blocked::Full));
    assert_eq!(free.give(only(), site(), day(0), 1, None), (0, None));
    for (d, doses) in [(1, 10), (2, 10), (3, 8), (4, 0)] {
        assert_eq!(
            free.give(only(), site(), day(d), 99, None).0,
            doses,
            "38 of a store of 40, day {d}"
        );
    }
    assert_eq!(free.blocked_by(only(), site(), day(4)), Some(Blocked::Storage));
    assert_eq!(free.blocked_by(only(), site(), day(5)), Some(Blocked::Shut));
    assert_eq!(free.blocked_by(only(), site(), day(7)), None, "a new week");
    free.take_back(only(), Step { day: day(1), place: site(), team: None }, 4);
    assert_eq!((free.most(only(), site(), day(1)), free.most(only(), site(), day(4))), (4, 4));
}

#[test]
fn without_vaccine_nothing_is_given_and_the_reason_is_supply() {
    let mut campaign = campaign();
    campaign.deliveries = vec![lot("L1", 0, 8, 60)];
    let problem = Problem::new(&campaign, &[], start());
    let mut free = FreeCapacity::new(&problem);
    assert_eq!(free.give(only(), site(), day(0), 10, None).0, 7, "8 with 5 % of waste");
    assert_eq!(free.blocked_by(only(), site(), day(1)), Some(Blocked::Supply));
    assert_eq!(free.give(only(), stop(0), day(1), 5, None), (0, None));
    assert_eq!(free.blocked_by(only(), stop(0), day(1)), Some(Blocked::Supply));
    free.take_back(only(), Step { day: day(0), place: site(), team: None }, 2);
    assert_eq!(free.blocked_by(only(), site(), day(1)), None);
    assert_eq!(free.give(only(), stop(0), day(1), 5, None).0, 2, "a tenth is wasted there");
}

#[test]
fn a_stop_has_one_team_a_day_the_one_that_can_give_most_or_the_one_wished_for() {
    let campaign = campaign();
    let problem = Problem::new(&campaign, &[], start());
    let mut free = FreeCapacity::new(&problem);
    assert_eq!(free.give(only(), stop(0), day(0), 3, None), (3, Some(team(0))));
    assert_eq!(
        free.give(only(), stop(0), day(0), 1, Some(team(1))),
        (1, Some(team(0))),
        "one team is there"
    );
    assert_eq!(
        free.give(only(), stop(1), day(0), 3, Some(team(1))),
        (3, Some(team(1))),
        "wished for"
    );
    assert_eq!(free.visits(TeamIndex::of(0), day(0)), [(StopIndex::of(0), 4)]);
    assert_eq!(free.most(only(), stop(0), day(0)), 8, "12 doses at a stop");
    assert_eq!(free.most(only(), stop(1), day(0)), 5, "8 doses of the second team");
    let step = Step { day: day(0), place: stop(0), team: Some(team(0)) };
    free.take_back(only(), step, 3);
    assert_eq!(free.visits(TeamIndex::of(0), day(0)), [(StopIndex::of(0), 1)]);
    free.take_back(only(), step, 1);
    assert!(free.visits(TeamIndex::of(0), day(0)).is_empty());
    assert_eq!(
        free.give(only(), stop(0), day(0), 1, Some(team(1))),
        (1, Some(team(1))),
        "nobody is there"
    );
}

#[test]
fn each_limit_of_a_team_holds() {
    let given = |change: &dyn Fn(&mut Campaign)| {
        let mut campaign = campaign();
        campaign.teams.truncate(1);
        change(&mut campaign);
        let problem = Problem::new(&campaign, &[], start());
        let mut free = FreeCapacity::new(&problem);
        [0, 1].map(|i| free.give(only(), stop(i), day(0), 99, None).0)
    };
    assert_eq!(given(&|_| {}), [12, 12]);
    assert_eq!(given(&|c| c.stops[1].max_doses = 5), [12, 5]);
    assert_eq!(given(&|c| c.teams[0].max_stops = 1), [12, 0]);
    assert_eq!(given(&|c| c.teams[0].doses_per_day = 15), [12, 3]);
    assert_eq!(given(&|c| c.teams[0].weekdays = Weekdays::NONE), [0, 0]);
    assert_eq!(given(&|c| c.stops[0].weekdays = Weekdays::NONE), [0, 12]);
    // 40 minutes to set up both, six for each dose.
    assert_eq!(given(&|c| c.teams[0].work_minutes = 20 + 12 * 6), [12, 0]);
    assert_eq!(given(&|c| c.teams[0].work_minutes = 40 + 12 * 6), [12, 0]);
    assert_eq!(given(&|c| c.teams[0].work_minutes = 40 + 13 * 6), [12, 1]);
    assert_eq!(given(&|c| c.teams[0].work_minutes = 40 + 14 * 6 - 1), [12, 1]);
    assert_eq!(given(&|c| c.teams[0].work_minutes = 19), [0, 0]);
    let half = |c: &mut Campaign| {
        // Half an hour out and half an hour back, to both stops.
        c.travel.road_factor = 1.0;
        let km = c.teams[0].point;
        for stop in &mut c.stops {
            stop.point.latitude = km.latitude + 15.0 / 111.194_926;
        }
        c.teams[0].work_minutes = 61 + 20 + 7 * 6;
    };
    assert_eq!(given(&half), [7, 0]);
}

#[test]
fn decided_routes_keep_teams_to_their_stops_with_time_for_all_of_them() {
    let mut campaign = campaign();
    campaign.teams.truncate(1);
    campaign.teams[0].work_minutes = 40 + 13 * 6;
    let problem = Problem::new(&campaign, &[], start());
    let mut free = FreeCapacity::new(&problem);
    let mut routes: Routes = Per::filled(Per::filled(Vec::new(), 60), 1);
    routes[TeamIndex::of(0)][day(1)] = vec![StopIndex::of(1)];
    routes[TeamIndex::of(0)][day(2)] = vec![StopIndex::of(0), StopIndex::of(1)];
    free.keep_routes(Some(Arc::new(routes)));
    assert_eq!(free.most(only(), stop(1), day(0)), 0, "no route");
    assert_eq!((free.most(only(), stop(0), day(1)), free.most(only(), stop(1), day(1))), (0, 12));
    free.give(only(), stop(0), day(2), 9, None);
    assert_eq!(free.most(only(), stop(1), day(2)), 4, "13 doses and both to set up");
    free.keep_routes(None);
    assert_eq!(free.most(only(), stop(0), day(1)), 12);
}

#[test]
fn what_is_used_is_taken_off_what_slots_hold() {
    let campaign = campaign();
    let problem = Problem::new(&campaign, &[], start());
    let slots = Slots::new(&problem);
    let mut free = FreeCapacity::new(&problem);
    free.give(only(), site(), day(1), 4, None);
    let mut holds = slots.holds.clone();
    free.less(&slots, &mut holds);
    let site = SiteIndex::of(0);
    let of = |slot: Option<SlotIndex>| holds[slot.expect("a slot")];
    assert!((of(slots.site_day[site][day(0)]) - 10.0).abs() < 1e-9);
    assert!((of(slots.site_day[site][day(1)]) - 6.0).abs() < 1e-9);
    let drawn = 4.0 / 0.95;
    let period = |i| super::super::index::PeriodIndex::of(i);
    assert!((of(slots.storage[site][period(0)]) - (40.0 - drawn)).abs() < 1e-9);
    assert!((of(slots.storage[site][period(1)]) - 40.0).abs() < 1e-9);
    let lot = slots.lot.iter().next().expect("a lot");
    assert!((holds[*lot] - (200.0 - drawn)).abs() < 1e-9);
}
