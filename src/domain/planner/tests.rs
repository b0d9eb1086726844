//! Properties of plans over random campaigns, and the edges where there is nothing to plan.

use super::testing::{Random, campaign, first_plan, history, lot, plain, series, start};
use super::*;
use crate::domain::date::Weekdays;
use crate::domain::plan::UnplacedReason;
use chrono::TimeDelta;

fn quick(campaign: &Campaign, given: &[GivenRow], from: NaiveDate, published: &[PlanRow]) -> Plan {
    plan(campaign, given, from, published, Limits::steps(60))
}

fn plan(
    campaign: &Campaign,
    given: &[GivenRow],
    from: NaiveDate,
    published: &[PlanRow],
    limits: Limits,
) -> Plan {
    let request = Request { campaign, given, from, published, told: None, limits, warm: None };
    make(&request, &mut |_| {}, &mut || 0.0)
}

/// Every rule but one holds whatever was given before: people who must get a dose in time and
/// cannot are listed, and nothing is left of the plan's days that would have helped them.
fn hold(campaign: &Campaign, given: &[GivenRow], from: NaiveDate, plan: &Plan, what: &str) {
    let report = check(campaign, &plan.rows, given, from);
    for violation in &report.violations {
        let excused = violation.is_listed(&plan.unplaced) && !given.is_empty();
        assert!(violation.rule == 2 && excused, "{what}: {violation}");
        assert_nobody_fits(campaign, given, from, plan, violation, what);
    }
    let late = |plan: &Plan| -> u64 {
        let overdue = plan.unplaced.iter().filter(|row| row.reason == UnplacedReason::Overdue);
        overdue.map(|row| u64::from(row.people)).sum()
    };
    if !report.violations.is_empty() {
        // Nobody who starts may take the place of people who wait: with fewer people to start,
        // no fewer are late.
        let mut alone = campaign.clone();
        for row in &mut alone.eligible {
            row.people = 0;
        }
        let least = late(&self::plan(&alone, given, from, &[], Limits::QUICK));
        assert!(late(plan) <= least, "{what}: {} late, {least} of them anyway", late(plan));
    }
    let (own, judged) = (&plan.figures, &report.figures);
    assert!((own.objective - judged.objective).abs() < 1e-6, "{what}: {own:?} {judged:?}");
    assert!((own.travel_km - judged.travel_km).abs() < 1e-6, "{what}: {own:?} {judged:?}");
    assert_eq!(own.doses, judged.doses, "{what}");
    assert_eq!(own.people, judged.people, "{what}");
    if report.is_feasible() {
        assert_eq!(own.people_finished, judged.people_finished, "{what}");
        assert_eq!(own.worst_area, judged.worst_area, "{what}");
    }
    let left: u64 = plan.unplaced.iter().map(|row| u64::from(row.people)).sum();
    assert_eq!(own.people_finished + left, own.people, "{what}: everybody finishes or is listed");
    let (bound, problems) = check_certificate(campaign, &plan.certificate, given, from);
    assert_eq!(problems, Vec::<String>::new(), "{what}");
    assert!(bound.is_finite() && bound >= own.objective - 1e-6, "{what}: {bound} {own:?}");
    assert!(own.gap.is_finite() && own.gap >= -1e-9, "{what}: {own:?}");
}

/// No place could give one dose more in time to people whom a violation of rule 2 names.
fn assert_nobody_fits(
    campaign: &Campaign,
    given: &[GivenRow],
    from: NaiveDate,
    plan: &Plan,
    violation: &Violation,
    what: &str,
) {
    let Fault::TooLate { area, group, dose, day: last } = &violation.fault else { return };
    let faults = |rows: &[PlanRow]| check(campaign, rows, given, from).violations;
    let before = faults(&plan.rows);
    let is_theirs = |fault: &Fault| match fault {
        Fault::TooLate { area: a, group: g, dose: d, .. }
        | Fault::Unfinished { area: a, group: g, dose: d, .. } => (a, g, d) == (area, group, dose),
        _ => false,
    };
    let stops = campaign.stops.iter().filter(|stop| stop.area == *area);
    let at_stops = stops.flat_map(|stop| {
        campaign.teams.iter().map(|team| (stop.code.clone(), Some(team.code.clone())))
    });
    let sites = campaign.reach.iter().filter(|reach| reach.area == *area);
    let places: Vec<_> = sites.map(|reach| (reach.site.clone(), None)).chain(at_stops).collect();
    for day in crate::domain::date::days(from.max(campaign.start), *last) {
        for (place, team) in places.clone() {
            let (area, group) = (area.clone(), group.clone());
            let row = PlanRow { day, place, team, area, group, dose: *dose, doses: 1 };
            let mut rows = plan.rows.clone();
            rows.push(row.clone());
            let after = faults(&rows);
            let no_worse = after.iter().all(|v| before.contains(v) || is_theirs(&v.fault));
            let helps = no_worse && after != before && after.len() <= before.len();
            assert!(!helps, "{what}: {violation}, and yet there is room for {row:?}");
        }
    }
}

#[test]
fn every_plan_of_a_random_campaign_is_feasible_and_below_its_bound() {
    for seed in 0..150 {
        let campaign = campaign(seed);
        let plan = quick(&campaign, &[], campaign.start, &[]);
        hold(&campaign, &[], campaign.start, &plan, &format!("seed {seed}"));
    }
}

#[test]
fn every_re_plan_from_what_happened_is_feasible_and_below_its_bound() {
    for seed in 1000..1150 {
        let campaign = campaign(seed);
        let random = &mut Random(seed);
        let first = quick(&campaign, &[], campaign.start, &[]);
        let from = campaign.start + TimeDelta::days(i64::from(random.below(40)));
        let given = history(&campaign, &first.rows, from, random);
        let plan = quick(&campaign, &given, from, &first.rows);
        hold(&campaign, &given, from, &plan, &format!("seed {seed}"));
    }
}

#[test]
fn whatever_the_time_the_plan_is_feasible_below_its_bound_and_no_worse_than_the_plain_one() {
    for seed in 3000..3010 {
        let campaign = campaign(seed);
        for looks in [0.5, 4.0, 12.0, 60.0, 300.0] {
            let from = campaign.start;
            let request = first_plan(&campaign, Limits::steps(640));
            // A clock that goes on whenever it is looked at.
            let mut looked = 0.0;
            let plan = make(&request, &mut |_| {}, &mut || {
                looked += 1.0 / looks;
                looked
            });
            hold(&campaign, &[], from, &plan, &format!("seed {seed}, {looks} looks"));
            let worth = plan.figures.objective;
            assert!(worth >= plan.stages.greedy.objective * (1.0 - 1e-3), "seed {seed}");
        }
    }
}

#[test]
fn the_same_request_gives_the_same_plan() {
    for seed in 0..20 {
        let campaign = campaign(seed);
        let plans = [(); 2].map(|()| quick(&campaign, &[], campaign.start, &[]));
        assert_eq!(plans[0], plans[1]);
    }
}

#[test]
fn a_day_later_with_nothing_new_the_plan_is_the_same() {
    let mut campaign = plain();
    campaign.eligible[0].people = 90;
    let first = quick(&campaign, &[], campaign.start, &[]);
    let from = campaign.start + TimeDelta::days(10);
    let given: Vec<GivenRow> = first.rows.iter().filter(|row| row.day < from).map(done).collect();
    let next = quick(&campaign, &given, from, &first.rows);
    assert_eq!(diff(&first.rows, &next.rows, from).sessions, []);
}

#[test]
fn nothing_new_keeps_every_row_of_a_random_campaign_and_the_gap_stays_known() {
    let mut changed = Vec::new();
    for seed in 2000..2100 {
        let mut campaign = campaign(seed);
        // A later count of people is something new; and so is a lot of which more was used before
        // it expired than the plan could count on.
        campaign.eligible.retain(|row| row.as_of.is_none());
        for lot in &mut campaign.deliveries {
            lot.expires = campaign.end;
        }
        // A cold store counts as full on the plan's first day, and teams waste more in history.
        for site in &mut campaign.sites {
            site.storage_doses = None;
        }
        for team in &mut campaign.teams {
            team.wastage_rate = rust_decimal::Decimal::ZERO;
        }
        let random = &mut Random(seed);
        let first = quick(&campaign, &[], campaign.start, &[]);
        let from = campaign.start + TimeDelta::days(i64::from(random.below(30)));
        let given: Vec<GivenRow> =
            first.rows.iter().filter(|row| row.day < from).map(done).collect();
        let (given, published, warm) = (&given, &first.rows, Some(&first.certificate));
        let limits = Limits::QUICK;
        let request =
            Request { campaign: &campaign, given, from, published, told: None, warm, limits };
        let next = make(&request, &mut |_| {}, &mut || 0.0);
        let still: Vec<&PlanRow> = published.iter().filter(|row| row.day >= from).collect();
        assert!(next.figures.upper_bound <= first.figures.upper_bound + 1e-6, "seed {seed}");
        if next.rows.iter().collect::<Vec<_>>() != still {
            changed.push(seed);
        }
    }
    assert_eq!(changed, Vec::<u64>::new());
}

fn done(row: &PlanRow) -> GivenRow {
    let (place, area, group) = (row.place.clone(), row.area.clone(), row.group.clone());
    GivenRow { day: row.day, place, area, group, dose: row.dose, doses: row.doses }
}

#[test]
fn published_days_inside_the_freeze_stay() {
    let mut campaign = plain();
    campaign.sites[0].storage_doses = None;
    let mut published = quick(&campaign, &[], campaign.start, &[]).rows;
    // Somebody moved half of the first day's doses to the fourth: worse, but announced.
    let (a, b) = (published[0].clone(), campaign.start + TimeDelta::days(3));
    published.retain(|row| row.dose == 2 || row.day != b);
    published[0].doses -= 4;
    published.push(PlanRow { day: b, doses: 4, ..a });
    published.sort();
    let plan = quick(&campaign, &[], campaign.start, &published);
    let kept = |row: &&PlanRow| row.day < campaign.start + TimeDelta::days(7);
    for row in published.iter().filter(kept) {
        let same = |r: &&PlanRow| (r.day, &r.place, r.dose) == (row.day, &row.place, row.dose);
        assert!(plan.rows.iter().find(same).is_some_and(|r| r.doses >= row.doses), "{row:?}");
    }
    hold(&campaign, &[], campaign.start, &plan, "frozen");
}

/// Vaccine comes week by week and binds; one lot comes days late.
#[test]
fn a_lot_that_comes_late_does_not_ruin_the_nightly_plan() {
    let mut campaign = plain();
    campaign.end = start() + TimeDelta::days(89);
    campaign.eligible[0].people = 700;
    campaign.sites[0].weekday_doses = 60;
    campaign.sites[0].storage_doses = None;
    campaign.sites[0].restock = Weekdays::EVERY_DAY;
    let weeks = 0..12_i64;
    campaign.deliveries = weeks.map(|week| lot(&format!("L{week}"), week * 7, 130, 200)).collect();
    let published = plan(&campaign, &[], start(), &[], Limits::steps(600));
    for week in [2, 4, 6] {
        let mut late = campaign.clone();
        late.deliveries[week].date += TimeDelta::days(5);
        let night = plan(&late, &[], start(), &published.rows, Limits::QUICK);
        hold(&late, &[], start(), &night, "late");
        let anew = plan(&late, &[], start(), &[], Limits::steps(600));
        let share = night.figures.objective / anew.figures.objective;
        assert!(share > 0.98, "week {week}: {share}");
    }
}

/// What makes a campaign have nothing to plan, and the reason that its people get.
type Edge = (&'static str, fn(&mut Campaign), Option<UnplacedReason>);

#[test]
fn where_nothing_can_be_planned_the_plan_is_empty_and_says_why() {
    let edges: [Edge; 9] = [
        ("no places", |c| (c.sites, c.reach) = (vec![], vec![]), Some(UnplacedReason::NoPlace)),
        ("no supply", |c| c.deliveries.clear(), Some(UnplacedReason::Supply)),
        ("zero people", |c| c.eligible[0].people = 0, None),
        ("all closed", |c| c.sites[0].weekday_doses = 0, Some(UnplacedReason::Closed)),
        ("short horizon", |c| c.end = c.start + TimeDelta::days(20), Some(UnplacedReason::Horizon)),
        (
            "opens after the end",
            |c| c.groups[0].opens = Some(c.end + TimeDelta::days(1)),
            Some(UnplacedReason::Horizon),
        ),
        ("no storage", |c| c.sites[0].storage_doses = Some(1), Some(UnplacedReason::Storage)),
        (
            "end before start",
            |c| c.end = c.start - TimeDelta::days(1),
            Some(UnplacedReason::Horizon),
        ),
        ("one day", |c| c.end = c.start, Some(UnplacedReason::Horizon)),
    ];
    for (what, change, reason) in edges {
        let mut campaign = plain();
        change(&mut campaign);
        let plan = quick(&campaign, &[], campaign.start, &[]);
        assert_eq!(plan.rows, [], "{what}");
        let reasons: Vec<_> = plan.unplaced.iter().map(|row| row.reason).collect();
        assert_eq!(reasons, reason.into_iter().collect::<Vec<_>>(), "{what}");
        hold(&campaign, &[], campaign.start, &plan, what);
    }
}

#[test]
fn a_plan_from_a_day_after_the_end_is_empty() {
    let campaign = plain();
    let from = campaign.end + TimeDelta::days(5);
    let plan = quick(&campaign, &[], from, &[]);
    assert_eq!((plan.rows.len(), plan.unplaced[0].reason), (0, UnplacedReason::Horizon));
}

#[test]
fn one_dose_three_doses_and_no_longest_interval_are_planned() {
    for series in [series(1, None, None), series(3, Some(14), Some(30)), series(2, Some(7), None)] {
        let campaign = Campaign { series, ..plain() };
        let plan = quick(&campaign, &[], campaign.start, &[]);
        assert!(plan.figures.people_finished > 0);
        hold(&campaign, &[], campaign.start, &plan, "series");
    }
}

#[test]
fn people_whose_window_closes_come_first_and_the_overdue_as_early_as_possible() {
    let campaign = plain();
    let from = campaign.start + TimeDelta::days(40);
    let dose = |day: i64, dose, doses| GivenRow {
        day: campaign.start + TimeDelta::days(day),
        place: "S1".into(),
        area: "A1".into(),
        group: "all".into(),
        dose,
        doses,
    };
    // Ten people are due until day 45; three are past day 35; two second doses beyond any first
    // count nothing.
    let given = [dose(1, 1, 3), dose(10, 1, 10), dose(11, 3, 2), dose(12, 2, 2)];
    let plan = quick(&campaign, &given, from, &[]);
    hold(&campaign, &given, from, &plan, "due");
    assert_eq!(plan.figures.people_finished, 13);
    let seconds: Vec<_> = plan.rows.iter().map(|row| (row.dose, row.day, row.doses)).collect();
    let monday = from + TimeDelta::days(2);
    assert_eq!(seconds, [(2, monday, 10), (2, monday + TimeDelta::days(1), 3)]);
}

#[test]
fn every_draw_has_its_lot_and_the_first_to_expire_goes_first() {
    // Each lot alone would be enough for the first week.
    let mut campaign = plain();
    campaign.deliveries =
        vec![lot("late", 0, 500, 60), lot("soon", 0, 10, 9), lot("middle", 0, 400, 59)];
    let plan = quick(&campaign, &[], campaign.start, &[]);
    let draws = lot_draws(&campaign, &plan.rows, &[], campaign.start);
    let first: Vec<(&str, u64)> = draws
        .iter()
        .filter(|draw| draw.taken == campaign.start)
        .map(|draw| (draw.lot.as_str(), draw.vaccine_doses))
        .collect();
    // 38 doses of the week draw 40 with 5 % of waste.
    assert_eq!(first, [("soon", 10), ("middle", 30)]);
    let given: f64 = draws.iter().map(|draw| draw.doses_given).sum();
    assert!((given - plan.figures.doses as f64).abs() < 1e-6);
    let curve = curve(&campaign, &plan.rows);
    assert_eq!(curve.len(), 60);
    assert_eq!(curve.last().map(|day| day.doses.iter().sum()), Some(plan.figures.doses));
}

#[test]
fn a_target_that_is_out_of_reach_has_a_fix_that_makes_it_reachable() {
    let mut tried = 0;
    for seed in 0..40 {
        let mut campaign = campaign(seed);
        for group in &mut campaign.groups {
            group.target = Some(rust_decimal::Decimal::new(9, 1));
        }
        let from = campaign.start;
        let request = first_plan(&campaign, Limits::QUICK);
        let plan = make(&request, &mut |_| {}, &mut || 0.0);
        for one in verdict(&request, &plan, &mut || 0.0) {
            assert_eq!(one.reached, one.short == 0, "seed {seed}");
            for fix in &one.fixes {
                tried += 1;
                let mut changed = super::verdict::apply(&campaign, from, fix);
                for group in changed.groups.iter_mut().filter(|group| group.id == one.group) {
                    group.priority = 1e6;
                }
                let request = Request { campaign: &changed, ..request };
                let plan = make(&request, &mut |_| {}, &mut || 0.0);
                let after = verdict(&request, &plan, &mut || 0.0);
                let turned = after.iter().find(|v| v.group == one.group);
                assert!(turned.is_some_and(|v| v.reached), "seed {seed}: {fix:?} does not help");
            }
        }
    }
    assert!(tried > 0, "no campaign of the generator has a fix");
}

/// Objective, bound, doses, people who finish and kilometres of a plan.
fn figures(plan: &Plan) -> String {
    let one = &plan.figures;
    let (doses, people) = (one.doses, one.people_finished);
    format!("{:.4} {:.3} {doses} {people} {:.2}", one.objective, one.upper_bound, one.travel_km)
}

/// A change of the planner that is meant to give other plans changes these lines too.
#[test]
fn the_plans_of_a_few_campaigns_and_their_re_plans_are_as_good_as_they_were() {
    let expected = [
        (0, "110.7308 112.777 186 93 6963.68", "120.2846 122.608 198 99 7408.40"),
        (3, "40.8140 40.814 52 26 2299.96", "47.4419 47.442 60 36 2371.90"),
        (5, "10.8333 25.748 20 10 922.96", "8.8542 36.986 27 46 747.20"),
        (6, "8.4643 9.512 94 47 0.00", "8.4643 9.512 94 47 0.00"),
        (7, "63.0495 83.883 558 186 2697.83", "37.4234 84.874 383 194 2329.95"),
    ];
    let found = expected.map(|(seed, ..)| {
        let campaign = campaign(seed);
        let random = &mut Random(seed);
        let first = plan(&campaign, &[], campaign.start, &[], Limits::steps(200));
        let from = campaign.start + TimeDelta::days(9);
        let given = history(&campaign, &first.rows, from, random);
        let again = plan(&campaign, &given, from, &first.rows, Limits::steps(200));
        (seed, figures(&first), figures(&again))
    });
    // Figures of the first plan, and of the one nine days later.
    let expected = expected.map(|(seed, first, again)| (seed, first.to_owned(), again.to_owned()));
    assert_eq!(found, expected);
}
