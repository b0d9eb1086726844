//! Coverage of a small county, case by case.

use super::*;
use crate::domain::site::Closure;
use crate::domain::testing::{county, date, day, eligible, length};
use rust_decimal::Decimal;

/// People who got a dose, as many doses, none of them on the as-of day.
fn some(area: &str, group: &str, dose: u8, people: i64) -> DoseSums {
    DoseSums {
        area: area.into(),
        group: group.into(),
        dose,
        people,
        doses: people,
        invalid: 0,
        today: 0,
        doses_today: 0,
        people_due_next: 0,
        exceeding: 0,
    }
}

fn tree(campaign: &Campaign, as_of: i64, counted: &[DoseSums]) -> Coverage {
    coverage(campaign, day(as_of), counted, Depth::Tree, SitesReported::default())
}

fn row_of(counted: &[DoseSums], area: &str, group: &str) -> CoverageRow {
    tree(&county(), 30, counted).row(area, group).expect("a row").clone()
}

fn text(share: Option<Percent>) -> Option<String> {
    share.map(|share| share.to_string())
}

#[test]
fn only_more_people_than_eligible_are_over_100_percent() {
    for (people, shown, flags) in [
        (999, "99.9", vec![]),
        (1000, "100.0", vec![]),
        (1001, "100.1", vec![Flag::Over100]),
        (1126, "112.6", vec![Flag::Over100]),
    ] {
        let row = row_of(&[some("S", "adult", 1, people)], "S", "adult");
        assert_eq!(text(row.doses[0].percent).as_deref(), Some(shown));
        assert_eq!(row.flags, flags, "{people} of 1000");
    }
    let second = row_of(&[some("S", "adult", 2, 1001)], "S", "adult");
    assert_eq!(second.flags, [Flag::Over100], "the second dose alone");
    assert_eq!(second.zero_dose, Some(People(1000)));
    let first = row_of(&[some("S", "adult", 1, 1001)], "S", "adult");
    assert_eq!(first.zero_dose, Some(People(0)), "never fewer than nobody");
}

#[test]
fn shares_of_the_eligible_round_half_up() {
    for (people, shown) in [(1, "0.1"), (3, "0.2"), (5, "0.3"), (0, "0.0"), (1999, "100.0")] {
        let row = row_of(&[some("N", "adult", 1, people), some("S", "adult", 1, 0)], "C", "adult");
        assert_eq!(
            (row.eligible, text(row.doses[0].percent).as_deref()),
            (Some(People(2000)), Some(shown))
        );
    }
}

#[test]
fn an_area_counts_all_that_lies_below_it_and_nothing_else() {
    let counted = [some("N", "adult", 1, 4), some("V", "adult", 1, 2), some("S", "adult", 1, 1)];
    let found = tree(&county(), 30, &counted);
    let people = |area: &str| {
        let row = found.row(area, "adult").expect("a row");
        (row.eligible, row.doses[0].people.0, row.area_name.as_str().to_owned())
    };
    assert_eq!(people("C"), (Some(People(2000)), 7, "area C".into()));
    assert_eq!(people("N"), (Some(People(1000)), 6, "area N".into()));
    assert_eq!(people("V"), (Some(People(200)), 2, "area V".into()));
    assert_eq!(people("S"), (Some(People(1000)), 1, "area S".into()));
    assert_eq!(found.as_of, day(30));
    let campaign = county();
    let top = coverage(&campaign, day(30), &counted, Depth::Root, SitesReported::default());
    let areas: Vec<&str> = top.rows.iter().map(|row| row.area.as_str()).collect();
    assert_eq!(areas, ["C"; 5]);
    let groups: Vec<&str> = top.rows.iter().map(|row| row.group.as_str()).collect();
    assert_eq!(groups, ["adult", "senior", "other", "grown", "all"]);
    assert_eq!(top.rows[3].group_name, "set grown");
    assert_eq!((top.row("C", "none"), top.row("S", "adult")), (None, None));
}

#[test]
fn a_group_set_adds_its_groups_up_and_has_no_denominator_where_one_of_them_has_none() {
    let counted = [some("S", "adult", 1, 30), some("S", "senior", 1, 50), some("S", "other", 1, 7)];
    let grown = row_of(&counted, "S", "grown");
    assert_eq!((grown.eligible, grown.doses[0].people.0), (Some(People(1100)), 80));
    assert_eq!(text(grown.doses[0].percent).as_deref(), Some("7.3"));
    let all = row_of(&counted, "S", "all");
    assert_eq!((all.eligible, all.doses[0].people.0, all.doses[0].percent), (None, 37, None));
    assert_eq!(all.flags, [Flag::NoDenominator]);
}

#[test]
fn without_a_denominator_nothing_follows_from_the_doses() {
    let mut first = some("S", "other", 1, 9);
    first.people_due_next = 9;
    let row = row_of(&[first, some("S", "other", 2, 4)], "S", "other");
    assert_eq!((row.eligible, row.zero_dose, row.drop_out), (None, None, None));
    assert_eq!(row.flags, [Flag::NoDenominator]);
    assert_eq!((row.complete.people.0, row.complete.percent), (4, None));
    for line in &row.doses {
        assert_eq!((line.percent, line.valid_percent), (None, None));
        assert_eq!((line.due_not_given, line.drop_out), (None, None));
    }
}

#[test]
fn an_eligible_count_of_zero_is_known_but_has_no_share() {
    let mut campaign = county();
    campaign.eligible = vec![eligible("S", "adult", 0, None)];
    let found = tree(&campaign, 30, &[some("S", "adult", 1, 2)]);
    let row = found.row("S", "adult").expect("a row");
    assert_eq!((row.eligible, row.doses[0].percent), (Some(People(0)), None));
    assert_eq!(row.flags, [Flag::Over100]);
}

#[test]
fn the_denominator_is_the_one_that_was_known_on_the_as_of_day() {
    let mut campaign = county();
    campaign.eligible = vec![
        eligible("S", "adult", 100, None),
        eligible("S", "adult", 200, Some(5)),
        eligible("S", "adult", 400, Some(20)),
    ];
    let eligible_on = |as_of: i64| tree(&campaign, as_of, &[]).row("S", "adult").cloned();
    for (as_of, people) in [(0, 100), (4, 100), (5, 200), (19, 200), (20, 400), (50, 400)] {
        assert_eq!(
            eligible_on(as_of).and_then(|row| row.eligible),
            Some(People(people)),
            "day {as_of}"
        );
    }
}

#[test]
fn who_is_due_for_the_second_dose_and_has_not_got_it() {
    let mut first = some("S", "adult", 1, 100);
    first.people_due_next = 80;
    first.today = 6;
    let row = row_of(&[first.clone(), some("S", "adult", 2, 60)], "S", "adult");
    let [one, two] = &row.doses[..] else { panic!("two doses") };
    assert_eq!((one.due_not_given, one.drop_out, one.today), (Some(People(900)), None, People(6)));
    assert_eq!(
        (two.due_not_given, text(two.drop_out).as_deref()),
        (Some(People(20)), Some("25.0"))
    );
    assert_eq!(row.drop_out, two.drop_out, "one step has one drop-out");
    assert_eq!((row.complete.people.0, text(row.complete.percent).as_deref()), (60, Some("6.0")));
    let early = row_of(&[first.clone(), some("S", "adult", 2, 90)], "S", "adult");
    assert_eq!(early.doses[1].due_not_given, Some(People(0)), "more came than were due");
    let more = row_of(&[first, some("S", "adult", 2, 130)], "S", "adult");
    assert_eq!(text(more.drop_out).as_deref(), Some("0.0"), "nobody dropped out");
    let nobody = row_of(&[some("S", "adult", 1, 100)], "S", "adult");
    assert_eq!((nobody.doses[1].due_not_given, nobody.doses[1].drop_out), (Some(People(0)), None));
    assert_eq!(nobody.drop_out, None, "nobody is due for the last dose yet");
}

#[test]
fn nobody_is_due_for_a_first_dose_before_the_group_opens() {
    let campaign = county();
    let due = |as_of: i64, group: &str| {
        let found = tree(&campaign, as_of, &[]);
        found.row("S", group).expect("a row").doses[0].due_not_given
    };
    // Seniors open on day 10, adults with the campaign; a set when all its groups are open.
    assert_eq!((due(-1, "adult"), due(0, "adult")), (None, Some(People(1000))));
    assert_eq!((due(9, "senior"), due(10, "senior")), (None, Some(People(100))));
    assert_eq!((due(9, "grown"), due(10, "grown")), (None, Some(People(1100))));
    assert_eq!(
        tree(&campaign, 9, &[]).row("S", "senior").expect("a row").zero_dose,
        Some(People(100))
    );
}

#[test]
fn a_dose_that_does_not_count_is_no_protection() {
    let mut first = some("S", "adult", 1, 10);
    (first.doses, first.invalid) = (12, 5);
    let mut second = some("S", "adult", 2, 8);
    (second.doses, second.invalid) = (8, 3);
    let row = row_of(&[first, second], "S", "adult");
    assert_eq!((row.doses[0].people.0, row.doses[0].valid.0), (10, 7));
    assert_eq!(
        (row.doses[1].valid.0, text(row.doses[1].valid_percent).as_deref()),
        (5, Some("0.5"))
    );
    assert_eq!((row.complete.people.0, row.valid_complete.people.0), (8, 5));
    assert_eq!(text(row.valid_complete.percent).as_deref(), Some("0.5"));
    assert_eq!(row.invalid, Doses(8));
    let mut repeats = some("S", "adult", 1, 10);
    repeats.doses = 12;
    let row = row_of(&[repeats], "S", "adult");
    assert_eq!(row.doses[0].valid, People(10), "never more than people");
}

#[test]
fn doses_beyond_the_series_are_shown_but_nobody_is_due_for_them() {
    let mut second = some("S", "adult", 2, 5);
    second.people_due_next = 5;
    let row = row_of(&[second, some("S", "adult", 3, 2)], "S", "adult");
    assert_eq!(row.doses.iter().map(|line| line.dose).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((row.doses[2].people.0, row.doses[2].due_not_given), (2, None));
    assert_eq!(row.complete.people, People(5), "the last dose of the series completes it");
    let none = row_of(&[some("S", "adult", 3, 0)], "S", "adult");
    assert_eq!(none.doses.len(), 2);
}

#[test]
fn a_register_with_more_doses_than_the_tally_is_flagged() {
    let mut one = some("S", "adult", 1, 5);
    one.exceeding = 1;
    assert_eq!(row_of(&[one.clone()], "S", "adult").flags, [Flag::PersonsExceedTally]);
    one.exceeding = 0;
    assert!(row_of(&[one], "S", "adult").flags.is_empty());
}

#[test]
fn totals_are_added_up_to_the_as_of_day() {
    let total = |doses, repeats, invalid, exceeding| Total { doses, repeats, invalid, exceeding };
    let key =
        |dose, at: i64| TotalKey { area: "S".into(), group: "adult".into(), dose, day: day(at) };
    let totals = BTreeMap::from([
        (key(1, 1), total(10, 1, 2, 0)),
        (key(1, 2), total(20, 0, 0, 3)),
        (key(1, 30), total(5, 2, 1, 0)),
        (key(1, 31), total(99, 0, 0, 9)),
        (key(2, 29), total(4, 0, 0, 0)),
    ]);
    let due = due_cutoffs(&county().series, day(30));
    assert_eq!(due, [(1, day(2))]);
    let found = counted_from(&totals, day(30), &due);
    let first = DoseSums {
        people: 32,
        doses: 35,
        invalid: 3,
        today: 3,
        doses_today: 5,
        people_due_next: 29,
        exceeding: 3,
        ..some("S", "adult", 1, 0)
    };
    assert_eq!(found, [first, some("S", "adult", 2, 4)]);
}

#[test]
fn the_next_dose_is_due_after_the_recommended_else_the_shortest_interval() {
    let mut series = county().series;
    assert_eq!(due_cutoffs(&series, day(28)), [(1, day(0))]);
    series.doses[1].interval_recommended = None;
    assert_eq!(due_cutoffs(&series, day(28)), [(1, day(7))]);
    series.doses[1].interval_min = None;
    assert_eq!(due_cutoffs(&series, day(28)), [(1, day(28))]);
    series.doses[1].interval_min = Some(length("1 month"));
    assert_eq!(due_cutoffs(&series, date("2021-03-01")), [(1, date("2021-02-01"))]);
    series.doses.push(series.doses[0].clone());
    assert_eq!(due_cutoffs(&series, day(0)).len(), 2, "nothing is due after the last dose");
}

fn needs_of(campaign: &Campaign, as_of: i64, counted: &[DoseSums]) -> Vec<Need> {
    needs(campaign, &tree(campaign, as_of, counted))
}

#[test]
fn what_a_group_needs_a_day_to_reach_its_target() {
    let mut campaign = county();
    campaign.groups[0].target = Some(Decimal::new(8005, 4));
    let counted = [some("N", "adult", 1, 1000), some("S", "adult", 2, 601)];
    let needs = |as_of: i64| needs_of(&campaign, as_of, &counted);
    // ceil(0.8005 × 2000) = 1601; 601 first doses and 1000 second doses are missing.
    let at = |days_left, per_day| Need {
        group_name: "group adult".into(),
        target: People(1601),
        finished: People(601),
        doses_left: Doses(1601),
        days_left,
        per_day: Doses(per_day),
    };
    // Of the 30 days to the end four are Sundays, on which nobody works.
    assert_eq!(needs(30), [at(26, 62)]);
    assert_eq!(needs(59), [at(1, 1601)]);
    assert_eq!(needs(60), [at(0, 1601)], "all of it on the last day");
    assert_eq!(needs(70), [at(0, 1601)], "also after the end");
    // A group that opens later has fewer days, and so has one whose only days are closed.
    campaign.groups[0].opens = Some(day(50));
    assert_eq!(needs_of(&campaign, 30, &counted), [at(10, 161)]);
    campaign.groups[0].opens = None;
    campaign.teams.clear();
    let sites: Vec<String> = campaign.sites.iter().map(|site| site.code.to_string()).collect();
    let closed = |number: i64| {
        let one = |place: &String| Closure { place: place.clone(), day: day(number), doses: 0 };
        sites.iter().map(one).collect::<Vec<_>>()
    };
    let before = needs_of(&campaign, 30, &counted)[0].days_left;
    campaign.closures = (32..37).flat_map(closed).collect();
    let shut = needs_of(&campaign, 30, &counted)[0].days_left;
    let usual =
        |number: &i64| campaign.sites.iter().any(|site| site.weekly_capacity(day(*number)) > 0);
    assert_eq!(before - shut, (32..37).filter(usual).count() as u64);
    campaign.groups[0].target = Some(Decimal::new(25, 2));
    let met = crate::domain::coverage::needs(&campaign, &tree(&campaign, 30, &counted));
    assert_eq!((met[0].target.0, met[0].doses_left.0, met[0].per_day.0), (500, 0, 0));
    assert!(crate::domain::coverage::needs(&county(), &tree(&county(), 30, &counted)).is_empty());
}
