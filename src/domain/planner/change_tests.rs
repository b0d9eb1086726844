//! What moves, and what stays, when a plan is made again.

use super::testing::{eligible, group, plain, row, series, start};
use super::*;
use crate::domain::counting::ELSEWHERE;
use crate::domain::date::Weekdays;
use chrono::TimeDelta;

fn given(day: i64, doses: u32) -> GivenRow {
    let PlanRow { day, area, group, dose, doses, .. } = row(day, 1, doses);
    GivenRow { day, place: ELSEWHERE.into(), area, group, dose, doses }
}

/// One site that gives ten doses on weekdays and fetches vaccine every day.
fn county() -> Campaign {
    let mut campaign = plain();
    campaign.sites[0].restock = Weekdays::EVERY_DAY;
    campaign.sites[0].storage_doses = None;
    campaign.teams.clear();
    campaign
}

fn night(
    campaign: &Campaign,
    given: &[GivenRow],
    from: i64,
    published: &[PlanRow],
) -> Vec<PlanRow> {
    let from = start() + TimeDelta::days(from);
    let limits = Limits::QUICK;
    let request = Request { campaign, given, from, published, told: None, limits, warm: None };
    make(&request, &mut |_| {}, &mut || 0.0).rows
}

#[test]
fn room_for_one_person_moves_one_seat_of_the_days_that_stay() {
    // W3: 40 people may come from day 30 on and have seats on days 35 to 38; one who had a dose elsewhere must come by
    // day 34. The seats of days 30 to 32 stay but for one.
    let campaign = county();
    let history = [given(-1, 1), given(9, 40)];
    let mut published: Vec<_> = [30, 31, 32].map(|day| row(day, 1, 10)).to_vec();
    published.extend([35, 36, 37, 38].map(|day| row(day, 2, 10)));
    published.extend([51, 52, 53].map(|day| row(day, 2, 10)));
    let plan = night(&campaign, &history, 30, &published);
    let seats = |rows: &[PlanRow], dose: u8| -> u32 {
        let of = rows.iter().filter(|row| row.dose == dose && row.day <= row_day(34));
        of.map(|row| row.doses).sum()
    };
    assert_eq!((seats(&plan, 1), seats(&plan, 2)), (29, 1));
}

fn row_day(day: i64) -> NaiveDate {
    start() + TimeDelta::days(day)
}

#[test]
fn who_comes_late_comes_forward_into_what_became_free() {
    // The plan of yesterday waited for a lot that is here now.
    let campaign = county();
    let published = [row(21, 1, 10), row(22, 1, 10), row(42, 2, 10), row(43, 2, 10)];
    let mut fewer = campaign.clone();
    fewer.eligible[0].people = 20;
    let plan = night(&fewer, &[], 0, &published);
    let first: Vec<_> = plan.iter().filter(|row| row.dose == 1).cloned().collect();
    assert_eq!(first, [row(0, 1, 10), row(1, 1, 10)]);
    assert!(check(&fewer, &plan, &[], start()).is_feasible());
}

#[test]
fn nobody_moves_for_a_day_or_two() {
    // P8: the price of a change.
    let mut campaign = county();
    campaign.eligible[0].people = 10;
    let published = [row(9, 1, 10), row(30, 2, 10)];
    assert_eq!(night(&campaign, &[], 7, &published), published);
    let near = [row(8, 1, 10), row(29, 2, 10)];
    assert_eq!(night(&campaign, &[], 0, &near)[0], row(0, 1, 10));
}

#[test]
fn whose_a_seat_of_the_next_days_is_may_change_until_somebody_was_told() {
    // The young are first for a week and the old come after them, though they count three times.
    let mut campaign = county();
    campaign.series = series(1, None, None);
    campaign.eligible[0].people = 50;
    campaign.groups.push(group("old", 3.0));
    campaign.eligible.push(eligible("A1", "old", 100));
    let old = |day| PlanRow { group: "old".into(), ..row(day, 1, 10) };
    let mut published: Vec<_> = (0..5).map(|day| row(day, 1, 10)).collect();
    published.extend((7..12).chain(14..19).map(old));
    let first_week = |told: Option<&[PlanRow]>| -> Vec<(i64, String, u32)> {
        let (campaign, given, from, published) = (&campaign, &[], start(), published.as_slice());
        let limits = Limits::steps(300);
        let request = Request { campaign, given, from, published, told, limits, warm: None };
        let plan = make(&request, &mut |_| {}, &mut || 0.0);
        let rows = plan.rows.into_iter().filter(|row| row.day < row_day(7));
        rows.map(|row| ((row.day - start()).num_days(), row.group.to_string(), row.doses)).collect()
    };
    let days = |group: &str| -> Vec<_> { (0..5).map(|day| (day, group.to_owned(), 10)).collect() };
    assert_eq!(first_week(None), days("all"), "everybody was told");
    assert_eq!(first_week(Some(&[])), days("old"), "nobody was told");
    let mut some = days("old");
    some[0].2 = 6;
    some.insert(0, (0, "all".to_owned(), 4));
    assert_eq!(first_week(Some(&[row(0, 1, 4)])), some, "four know of their day");
}
