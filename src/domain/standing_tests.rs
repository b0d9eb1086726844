use super::*;
use crate::domain::testing::{county, day};

fn row(number: i64, place: &str, area: &str, dose: u8, doses: u32) -> PlanRow {
    PlanRow {
        day: day(number),
        place: place.into(),
        team: None,
        area: area.into(),
        group: "adult".into(),
        dose,
        doses,
    }
}

fn told(found: &Remains) -> Vec<(i64, String, u32, Cause)> {
    let told = |one: &Lost| {
        let row = &one.row;
        ((row.day - day(0)).num_days(), row.place.to_string(), row.doses, one.cause)
    };
    found.lost.iter().map(told).collect()
}

#[test]
fn a_plan_that_can_be_kept_loses_nothing() {
    let rows = [row(0, "S1", "N", 1, 10), row(1, "S2", "S", 1, 5)];
    let found = standing(&county(), &rows, &[], day(0));
    assert_eq!((found.rows.as_slice(), found.lost.len()), (&rows[..], 0));
}

#[test]
fn a_shut_place_loses_its_day_and_nothing_else() {
    let rows = [row(1, "S1", "N", 1, 10), row(2, "S1", "N", 1, 10), row(2, "S2", "S", 1, 3)];
    let found = standing(&county(), &rows, &[], day(0));
    assert_eq!(told(&found), [(2, "S1".to_owned(), 10, Cause::Closed)]);
    assert_eq!(found.rows, [rows[0].clone(), rows[2].clone()]);
}

#[test]
fn a_place_with_less_room_keeps_what_it_can_give() {
    let mut county = county();
    county.closures.push(crate::domain::site::Closure {
        place: "S1".into(),
        day: day(1),
        doses: 4,
    });
    let rows = [row(1, "S1", "N", 1, 3), row(1, "S1", "V", 1, 7)];
    let found = standing(&county, &rows, &[], day(0));
    assert_eq!(told(&found), [(1, "S1".to_owned(), 6, Cause::Capacity)]);
    assert_eq!(found.rows.iter().map(|row| row.doses).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn a_lot_that_comes_late_takes_the_latest_first_doses() {
    let mut county = county();
    county.deliveries.retain(|lot| lot.lot.as_str() == "L1");
    county.deliveries[0].doses = 12;
    let rows = [row(0, "S1", "N", 1, 8), row(1, "S1", "N", 1, 8)];
    let found = standing(&county, &rows, &[], day(0));
    assert!(found.lost.iter().all(|one| one.cause == Cause::Vaccine), "{:?}", found.lost);
    assert!(found.lost.iter().all(|one| one.row.day == day(1)), "{:?}", found.lost);
    let left: u32 = found.rows.iter().map(|row| row.doses).sum();
    assert!((10..=12).contains(&left), "{left}");
}

#[test]
fn days_after_a_new_end_do_not_stand() {
    let mut county = county();
    county.end = day(3);
    let rows = [row(1, "S1", "N", 1, 2), row(4, "S1", "N", 1, 2)];
    let found = standing(&county, &rows, &[], day(0));
    assert_eq!(told(&found), [(4, "S1".to_owned(), 2, Cause::Outside)]);
}
