//! What may be supposed of a campaign, and what follows.

use super::testing::{lot, plain, start};
use super::*;
use crate::domain::campaign::Campaign;
use crate::domain::site::Closure;
use chrono::TimeDelta;
use rust_decimal::Decimal;

fn day(after: i64) -> NaiveDate {
    start() + TimeDelta::days(after)
}

/// A campaign with lots that arrive on days 0, 10 and 20.
fn three_lots() -> Campaign {
    let lots = [("L1", 0), ("L2", 10), ("L3", 20)];
    let deliveries = lots.map(|(code, first)| lot(code, first, 101, first + 60)).into();
    Campaign { deliveries, ..plain() }
}

fn doses(campaign: &Campaign) -> Vec<u32> {
    campaign.deliveries.iter().map(|lot| lot.doses).collect()
}

#[test]
fn supply_changes_lots_that_have_not_arrived_rounded_down() {
    let campaign = three_lots();
    let half = |from| {
        let change = WhatIfChange::Supply(Decimal::new(5, 1));
        doses(&changed(&campaign, from, &[change]).expect("a campaign"))
    };
    assert_eq!(half(day(-1)), [50, 50, 50], "before the campaign everything is still to come");
    assert_eq!(half(day(0)), [50, 50, 50]);
    assert_eq!(half(day(1)), [101, 50, 50]);
    assert_eq!(half(day(10)), [101, 50, 50]);
    assert_eq!(half(day(11)), [101, 101, 50]);
    let none = changed(&campaign, day(0), &[WhatIfChange::Supply(Decimal::ZERO)]);
    assert_eq!(none.map(|campaign| doses(&campaign)), Ok(vec![0, 0, 0]));
    let less = Decimal::new(-1, 1);
    let refused = changed(&campaign, day(0), &[WhatIfChange::Supply(less)]);
    assert_eq!(refused, Err(WhatIfError::Supply(less)));
}

#[test]
fn teams_come_like_the_first_and_the_last_ones_go_with_their_closures() {
    let mut campaign = plain();
    let codes = |campaign: &Campaign, more| {
        let found = changed(campaign, day(0), &[WhatIfChange::Teams(more)])?;
        let teams = found.teams.iter().map(|team| team.code.to_string()).collect::<Vec<_>>();
        Ok::<_, WhatIfError>((teams.join(" "), found.closures.len()))
    };
    assert_eq!(codes(&campaign, 2), Ok(("T1 +1 +2".to_owned(), 0)));
    let second = crate::domain::site::Team { code: "T2".into(), ..campaign.teams[0].clone() };
    campaign.teams.push(second);
    let off = |place: &str| Closure { place: place.to_owned(), day: day(3), doses: 0 };
    campaign.closures = vec![off("T1"), off("T2")];
    assert_eq!(codes(&campaign, 0), Ok(("T1 T2".to_owned(), 2)));
    assert_eq!(codes(&campaign, -1), Ok(("T1".to_owned(), 1)));
    assert_eq!(codes(&campaign, -2), Ok((String::new(), 0)));
    let refused = WhatIfError::TooFewTeams { teams: 2, asked: -3 };
    assert_eq!(codes(&campaign, -3), Err(refused));
    campaign.teams.clear();
    assert_eq!(codes(&campaign, 1), Err(WhatIfError::NoTeam));
}

#[test]
fn a_place_is_shut_on_the_campaigns_days_of_a_span_and_keeps_its_other_closures() {
    let mut campaign = plain();
    let at =
        |place: &str, after, doses| Closure { place: place.to_owned(), day: day(after), doses };
    campaign.closures = vec![at("S1", 1, 5), at("S1", 2, 5), at("S1", 4, 5), at("T1", 2, 0)];
    let shut = |first, last| {
        let (first, last) = (day(first), day(last));
        let change = WhatIfChange::Close { place: "S1".to_owned(), first, last };
        let mut found = changed(&campaign, day(0), &[change])?.closures;
        found.sort_by_key(|one| (one.place.clone(), one.day));
        let days = found
            .iter()
            .map(|one| format!("{} {} {}", one.place, (one.day - start()).num_days(), one.doses));
        Ok::<_, WhatIfError>(days.collect::<Vec<_>>().join(", "))
    };
    let wanted = "S1 1 5, S1 2 0, S1 3 0, S1 4 5, T1 2 0";
    assert_eq!(shut(2, 3), Ok(wanted.to_owned()));
    let until_end = shut(58, 70).map(|days| days.matches(" 0").count());
    assert_eq!(until_end, Ok(3), "the last two days, and the team's");
    assert_eq!(shut(-5, 0).map(|days| days.contains("S1 0 0")), Ok(true));
    assert_eq!(shut(59, 59).map(|days| days.contains("S1 59 0")), Ok(true));
    for (first, last) in [(3, 2), (-5, -1), (60, 61)] {
        assert!(matches!(shut(first, last), Err(WhatIfError::Outside { .. })), "{first} {last}");
    }
}

#[test]
fn a_lot_comes_later_and_what_is_not_there_is_named_with_what_is() {
    let campaign = three_lots();
    let delay = |code: &str| WhatIfChange::Delay { lot: code.into(), days: 5 };
    let found = changed(&campaign, day(0), &[delay("L2")]).expect("a campaign");
    let days: Vec<_> = found.deliveries.iter().map(|lot| lot.date).collect();
    assert_eq!(days, [day(0), day(15), day(20)]);
    let error = changed(&campaign, day(0), &[delay("L9")]).expect_err("no such lot");
    assert_eq!(error.to_string(), "there is no lot \"L9\"; there are L1, L2, L3");
    let many = (1..=14).map(|number| lot(&format!("L{number}"), 0, 1, 9)).collect();
    let error = changed(&Campaign { deliveries: many, ..plain() }, day(0), &[delay("X")]);
    let text = error.expect_err("no such lot").to_string();
    assert!(text.ends_with("L11, L12 and 2 more"), "{text}");
    let error = changed(&Campaign { deliveries: vec![], ..plain() }, day(0), &[delay("X")]);
    assert!(error.expect_err("no lot").to_string().ends_with("there are none"));
    let close = WhatIfChange::Close { place: "X".to_owned(), first: day(0), last: day(0) };
    let error = changed(&campaign, day(0), &[close]).expect_err("no such place");
    assert_eq!(error.to_string(), "there is no site, stop or team \"X\"; there are S1, T1");
}
