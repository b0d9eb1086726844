//! Another vial or none: against sums over all that can happen, and against always and never opening one.

use super::*;

fn at(text: &str) -> NaiveTime {
    text.parse().expect("a time")
}

/// All ways in which people with these chances come: how many, and how likely.
fn ways(chances: &[f64]) -> Vec<(u32, f64)> {
    (0..1_u32 << chances.len())
        .map(|who| {
            let of = |(no, comes): (usize, &f64)| {
                if (who >> no) & 1 == 1 { *comes } else { 1.0 - comes }
            };
            (who.count_ones(), chances.iter().enumerate().map(of).product())
        })
        .collect()
}

#[test]
fn the_rule_is_the_best_one_over_all_that_can_happen() {
    for (doses_per_vial, dose, comes_again) in
        [(10, 100, 0.8), (10, 30, 0.8), (5, 60, 0.5), (20, 100, 0.9), (2, 80, 0.0), (10, 0, 1.0)]
    {
        let worth = VialWorth::of(comes_again, dose, 100);
        for expected in [vec![], vec![(4, 0.9)], vec![(6, 0.7), (5, 0.4)], vec![(12, 1.0)]] {
            let part = 0.3;
            let all: Vec<f64> = expected
                .iter()
                .flat_map(|&(people, comes)| (0..people).map(move |_| comes * part))
                .collect();
            let late = Stragglers::of(&expected, part, doses_per_vial);
            let given = |waiting: u32| -> f64 {
                let of = |(more, chance): (u32, f64)| {
                    f64::from((waiting + more).min(doses_per_vial)) * chance
                };
                ways(&all).into_iter().map(of).sum()
            };
            let gain = |waiting: u32| {
                worth.sent_home * given(waiting) - worth.dose * f64::from(doses_per_vial)
            };
            let least = late.least_waiting(doses_per_vial, worth);
            for waiting in 1..=doses_per_vial {
                assert!((late.given(waiting, doses_per_vial) - given(waiting)).abs() < 1e-9);
                let is_worth = gain(waiting) >= -1e-9;
                assert_eq!(waiting >= least, is_worth, "{doses_per_vial} {dose} {waiting}");
            }
            let mean: f64 = all.iter().sum();
            assert!((late.mean - mean).abs() < 1e-9);
        }
    }
}

#[test]
fn plenty_of_vaccine_is_opened_for_one_and_scarce_vaccine_for_many() {
    let nobody = Stragglers::of(&[], 0.125, 10);
    let least = |needed, left| nobody.least_waiting(10, VialWorth::of(0.8, needed, left));
    assert_eq!(least(0, 500), 1, "nobody needs it any more");
    assert_eq!(least(500, 500), 7);
    assert_eq!(least(500, 0), 7);
    assert!(least(100, 500) < least(300, 500));
    // Who may still come counts as well.
    let many = Stragglers::of(&[(40, 0.8)], 0.125, 10);
    assert!(many.least_waiting(10, VialWorth::of(0.8, 500, 500)) < 7);
    // A vial of a single dose is opened for whoever comes.
    assert_eq!(Stragglers::of(&[], 0.125, 1).least_waiting(1, VialWorth::of(1.0, 9, 9)), 1);
}

#[test]
fn the_end_of_a_session_is_its_last_hour() {
    let end = |opens, closes| LastPart::of(Some((at(opens), at(closes))));
    assert_eq!(end("08:30:00", "16:30:00"), LastPart { after: Some(at("15:30:00")), part: 0.125 });
    assert_eq!(end("08:00:00", "09:00:00"), LastPart { after: Some(at("08:30:00")), part: 0.5 });
    assert_eq!(end("10:10:00", "11:57:00").after, Some(at("11:00:00")));
    assert_eq!(LastPart::of(None), LastPart { after: None, part: 0.125 });
    assert_eq!(end("09:00:00", "09:00:00").after, None);
}

#[test]
fn doses_in_the_open_vial_are_given_first() {
    let hours = Some((at("08:30:00"), at("16:30:00")));
    let rule = VialRule::of(&[(24, 0.5)], hours, 10, VialWorth::of(0.8, 60, 100));
    assert_eq!((rule.after, rule.doses_per_vial), (Some(at("15:30:00")), 10));
    assert!((rule.expected - 1.5).abs() < 1e-9 && rule.least == 4, "{rule:?}");
    for (waiting, left, opens) in [(3, 0, false), (4, 0, true), (4, 1, false), (7, 3, true)] {
        assert_eq!(rule.opens(waiting, left), opens, "{waiting} {left}");
    }
    let plenty = VialRule { least: 1, ..rule };
    assert!(!plenty.opens(2, 2) && plenty.opens(3, 2));
}

/// What came of many sessions.
#[derive(Debug, Default)]
struct Sum {
    wasted: u64,
    sent_home: u64,
    /// In doses that somebody needs.
    costs: f64,
}

/// Always the same numbers.
struct Dice(u64);

impl Dice {
    /// A number from 0 on below another one.
    fn below(&mut self, end: u64) -> u32 {
        const FACTOR: u64 = 6_364_136_223_846_793_005;
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % end).expect("a small number")
    }
}

/// Many sessions whose open vial is empty at the end, with some people who wait and others who come late. Sent home
/// is also who comes after nothing was opened.
fn sessions(expected: u64, worth: VialWorth, opens: impl Fn(u32) -> bool) -> Sum {
    const DOSES: u32 = 10;
    let mut dice = Dice(20_210_401);
    let mut sum = Sum::default();
    for _ in 0..20_000 {
        let waiting = 1 + dice.below(8);
        // Eight of ten come, an eighth of them at the end.
        let late: u32 = (0..expected).map(|_| u32::from(dice.below(100) < 10)).sum();
        let people = waiting + late;
        let (vials, given) = if opens(waiting) { (1, people.min(DOSES)) } else { (0, 0) };
        sum.wasted += u64::from(vials * DOSES - given);
        sum.sent_home += u64::from(people - given);
        sum.costs +=
            f64::from(vials * DOSES) * worth.dose + f64::from(people - given) * worth.sent_home;
    }
    sum
}

#[test]
fn over_many_sessions_the_rule_costs_less_than_always_and_never_opening_a_vial() {
    for (expected, needed) in [(0, 100), (20, 100), (20, 60), (40, 100)] {
        let worth = VialWorth::of(0.8, needed, 100);
        let least = Stragglers::of(&[(expected, 0.8)], 0.125, 10).least_waiting(10, worth);
        assert!((2..=8).contains(&least), "{expected} {needed}: {least}");
        let rule = sessions(expected, worth, |waiting| waiting >= least);
        let always = sessions(expected, worth, |_| true);
        let never = sessions(expected, worth, |_| false);
        assert!(rule.wasted < always.wasted, "{rule:?} {always:?}");
        assert!(rule.sent_home < never.sent_home, "{rule:?} {never:?}");
        assert!(rule.costs < always.costs && rule.costs < never.costs, "{rule:?}");
        // No other number is better.
        for other in 1..=9 {
            let found = sessions(expected, worth, |waiting| waiting >= other);
            assert!(rule.costs <= found.costs * 1.001, "{other} and {least}: {found:?} {rule:?}");
        }
    }
}

#[test]
fn vials_are_opened_as_people_come_and_at_the_end_for_enough_of_them() {
    let vials = Vials { doses_per_vial: 2, least: 2, end: 0.8, good_for: 1.0 };
    // Two out of the first; two wait for the second; the last one waits in vain.
    let (got, opened) = vials.serve(&[0.1, 0.2, 0.85, 0.9, 0.95]);
    assert_eq!((got, opened), (vec![true, true, true, true, false], 2));
    // Before the end one is enough, and what is left in it is given in the end.
    let (got, opened) = vials.serve(&[0.1, 0.2, 0.79, 0.95]);
    assert_eq!((got, opened), (vec![true; 4], 2));
    // A vial opened at 0.0 is thrown away after 0.25, the one of 0.3 after 0.55.
    let short = Vials { doses_per_vial: 10, least: 1, good_for: 0.25, ..vials };
    let (got, opened) = short.serve(&[0.0, 0.1, 0.3, 0.9]);
    assert_eq!((got, opened), (vec![true; 4], 3));
    assert_eq!(vials.serve(&[]), (Vec::new(), 0));
}
