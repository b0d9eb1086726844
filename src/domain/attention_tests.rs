use super::*;
use crate::domain::contact::Contact;
use crate::domain::coverage::{Depth, coverage};
use crate::domain::stock::GivenAt;
use crate::domain::testing::{county, day};
use rust_decimal::Decimal;

fn counted(area: &str, group: &str, dose: u8, people: i64) -> DoseSums {
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

fn tree(campaign: &Campaign, counted: &[DoseSums]) -> Coverage {
    coverage(campaign, day(30), counted, Depth::Tree, SitesReported::default())
}

#[test]
fn a_campaign_without_a_plan_is_told_of_on_its_own_days() {
    // Days 0 to 60; the day of reading, whether there is a plan, whether that is told.
    for (today, has_plan, is_told) in [
        (-1, false, false),
        (0, false, true),
        (1, false, true),
        (60, false, true),
        (61, false, false),
        (0, true, false),
        (60, true, false),
    ] {
        let expected = is_told.then_some(Attention::NoPlan);
        assert_eq!(no_plan(&county(), has_plan, day(today)), expected, "day {today}, {has_plan}");
    }
}

#[test]
fn behind_the_plan_means_more_than_five_in_a_hundred() {
    for (planned, done, is_told) in [
        (0, 0, false),
        (0, 9, false),
        (100, 95, false),
        (100, 94, true),
        (1, 0, true),
        (20, 19, false),
    ] {
        let progress = PlanProgress { planned, done, planned_total: 1000 };
        let expected = is_told.then_some(Attention::BehindPlan { planned, done });
        assert_eq!(behind_plan(progress), expected, "{done} of {planned}");
    }
}

#[test]
fn progress_counts_the_doses_of_planned_groups_against_the_curve_of_the_days() {
    let campaign = county();
    let counted = [
        counted("N", "adult", 1, 30),
        counted("N", "adult", 2, 5),
        counted("S", "senior", 1, 7),
        // No denominator, so the plan gives them nothing.
        counted("N", "other", 1, 100),
        counted("N", NO_GROUP, 1, 1000),
    ];
    let curve = [(day(1), 10), (day(2), 20), (day(3), 40)];
    for (as_of, planned) in [(0, 0), (1, 10), (2, 30), (3, 70), (9, 70)] {
        let expected = PlanProgress { planned, done: 42, planned_total: 70 };
        assert_eq!(plan_progress(&campaign, &counted, &curve, day(as_of)), expected, "{as_of}");
    }
    let nothing = plan_progress(&campaign, &[], &[], day(5));
    assert_eq!(nothing, PlanProgress::default());
}

#[test]
fn late_sites_are_told_by_name() {
    let mut campaign = county();
    campaign.sites[0].name = "first site".into();
    let missing = |codes: &[&str]| SitesReported {
        missing: codes.iter().map(|code| (*code).into()).collect(),
        ..SitesReported::default()
    };
    let yesterday = (day(1), day(2));
    assert_eq!(late_sites(&campaign, &missing(&[]), yesterday), None);
    let both = missing(&["S1", "gone"]);
    let names = vec!["first site".to_owned(), "gone".to_owned()];
    assert_eq!(late_sites(&campaign, &both, yesterday), Some(Attention::LateSites(names)));
    assert_eq!(late_sites(&campaign, &both, (day(2), day(2))), None, "the day is not over");
}

#[test]
fn mails_in_doubt_are_counted() {
    let counts = |state, count| [(MailState::Sent, 9), (state, count)];
    let told = |state, count| mail_in_doubt(&counts(state, count));
    assert_eq!(told(MailState::InDoubt, 2), Some(Attention::MailInDoubt(2)));
    assert_eq!(told(MailState::InDoubt, 0), None);
    assert_eq!(told(MailState::Failed, 3), None);
}

#[test]
fn leads_without_an_address_are_told_of() {
    let mut campaign = county();
    let lead = |email: Option<&str>| {
        Some(Contact { name: "lead".into(), email: email.map(str::to_owned) })
    };
    for site in &mut campaign.sites {
        site.lead = lead(Some("a@b.example"));
    }
    for team in &mut campaign.teams {
        team.lead = lead(Some("a@b.example"));
    }
    assert_eq!(no_address(&campaign, day(0)), None);
    campaign.sites[1].lead = lead(None);
    campaign.teams[0].lead = None;
    let names = vec![campaign.sites[1].name.clone(), campaign.teams[0].name.clone()];
    assert_eq!(no_address(&campaign, day(0)), Some(Attention::NoAddress(names)));
    assert_eq!(no_address(&campaign, day(61)), None, "nobody is written to after the end");
}

#[test]
fn a_draft_waits_where_it_is_newer_than_the_plan_in_force() {
    for (adopted, draft, waits) in
        [(None, 1, true), (Some(1), 2, true), (Some(2), 2, false), (Some(3), 2, false)]
    {
        let found = draft_waits(&county(), adopted, draft, day(60));
        assert_eq!(found, waits, "{adopted:?} {draft}");
    }
    assert!(!draft_waits(&county(), None, 1, day(61)), "the campaign is over");
}

fn row(number: i64, doses: u32) -> PlanRow {
    PlanRow {
        day: day(number),
        place: "S1".into(),
        team: None,
        area: "N".into(),
        group: "adult".into(),
        dose: 1,
        doses,
    }
}

#[test]
fn stock_is_low_where_it_does_not_last_for_three_days_of_the_plan() {
    // Lot L1 has 100 doses from day 0 to day 20; L2 and L3 come on day 5. Today is day 2.
    let mut county = county();
    for site in &mut county.sites {
        site.wastage_rate = Decimal::ZERO;
    }
    let low = |plan: &[PlanRow], given: &GivenAt| {
        let all = stock(&county, plan, given, day(2));
        all.into_iter().find(|one| matches!(one, Attention::StockLow { .. }))
    };
    let none = GivenAt::new();
    assert_eq!(low(&[row(2, 60), row(4, 40)], &none), None);
    let short = Some(Attention::StockLow { stock: 100, needed: 101 });
    assert_eq!(low(&[row(2, 60), row(4, 41)], &none), short);
    // The day before and the fourth day do not count.
    assert_eq!(low(&[row(1, 500), row(5, 500)], &none), None);
    let given = GivenAt::from([((day(1), "S2".into()), 30)]);
    let short = Some(Attention::StockLow { stock: 70, needed: 71 });
    assert_eq!(low(&[row(2, 71)], &given), short);
}

#[test]
fn what_a_plan_wastes_must_be_in_stock_too() {
    let mut county = county();
    for site in &mut county.sites {
        site.wastage_rate = Decimal::new(1, 1);
    }
    let needed = |doses| {
        let all = stock(&county, &[row(2, doses)], &GivenAt::new(), day(2));
        all.into_iter().find_map(|one| match one {
            Attention::StockLow { needed, .. } => Some(needed),
            _ => None,
        })
    };
    // Giving n doses draws n / 0.9; the store has 100.
    assert_eq!(needed(90), None);
    assert_eq!(needed(91), Some(102));
}

#[test]
fn a_lot_is_named_from_a_fortnight_before_its_last_day_while_doses_are_left() {
    // L1: 100 doses, last day 20.
    let near = |today: i64, given: u64| {
        let given = GivenAt::from([((day(0), "S2".into()), given)]);
        let all = stock(&county(), &[], &given, day(today));
        all.into_iter().find_map(|one| match one {
            Attention::LotNearExpiry { lot, left, expires } if lot.as_str() == "L1" => {
                Some((left, expires))
            }
            _ => None,
        })
    };
    for (today, given, left) in [
        (5, 0, None),
        (6, 0, Some(100)),
        (20, 0, Some(100)),
        (21, 0, None),
        (10, 99, Some(1)),
        (10, 100, None),
    ] {
        let expected = left.map(|left| (left, day(20)));
        assert_eq!(near(today, given), expected, "day {today}, {given} given");
    }
}

#[test]
fn nothing_is_advised_about_lots_once_a_campaign_is_over() {
    let mut campaign = county();
    campaign.end = day(9);
    let near = |today: i64| stock(&campaign, &[], &GivenAt::new(), day(today)).len();
    assert_eq!((near(9), near(10)), (1, 0));
}

#[test]
fn over_a_hundred_is_told_once_of_the_highest_area() {
    let campaign = county();
    let told = |counted: &[DoseSums]| -> Vec<(String, String, u8, String)> {
        over_100(&campaign, &tree(&campaign, counted))
            .into_iter()
            .map(|one| match one {
                Attention::Over100 { area_name, group_name, dose, percent } => {
                    (area_name, group_name, dose, percent.to_string())
                }
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(told(&[counted("S", "adult", 1, 1000)]), []);
    let of = |area: &str, dose, percent: &str| {
        (format!("area {area}"), "group adult".to_owned(), dose, percent.to_owned())
    };
    // Over in V alone: 210 of 200.
    assert_eq!(told(&[counted("V", "adult", 1, 210)]), [of("V", 1, "105.0")]);
    // N and V together have 1,000 people: over in both, told of N.
    assert_eq!(told(&[counted("V", "adult", 1, 1010)]), [of("N", 1, "101.0")]);
    // Of the doses the one with most people.
    let both = [counted("V", "adult", 1, 205), counted("V", "adult", 2, 208)];
    assert_eq!(told(&both), [of("V", 2, "104.0")]);
}

#[test]
fn doses_that_do_not_count_are_added_up_once() {
    let campaign = county();
    let invalid = |counted: &[DoseSums]| invalid_doses(&campaign, &tree(&campaign, counted));
    assert_eq!(invalid(&[counted("V", "adult", 1, 10)]), None);
    let with =
        |area: &str, group: &str, invalid| DoseSums { invalid, ..counted(area, group, 1, 10) };
    // Adults are in two group sets as well, and V lies below N and C.
    let both = [with("V", "adult", 2), with("S", "senior", 1)];
    assert_eq!(invalid(&both), Some(Attention::InvalidDoses(Doses(3))));
}
