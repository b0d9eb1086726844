//! Calling people beyond the seats: small crowds counted by hand, and many sessions for what must hold of all.

use super::super::tests::day;
use super::*;

fn cell(cohort: u32, seats: u64, named: u64) -> CellToPlay {
    CellToPlay { cohort: CohortNo(cohort), dose: 1, seats, named }
}

/// What is believed of two cohorts: people with an appointment, and seats for others.
fn believed(risk: f64, called: f64, seat: f64) -> Chances {
    let cohorts = [CohortNo(0), CohortNo(1)];
    Chances {
        risk,
        called: cohorts.map(|no| ((no, 1), called)).into(),
        seats: cohorts.map(|no| ((no, 1), seat)).into(),
        has_vaccine: true,
        ..Chances::default()
    }
}

/// As many people wait as are wanted.
static ANYBODY: BTreeMap<(CohortNo, u8), u64> = BTreeMap::new();

/// Sessions of two cohorts of one group, of which so many believe and so many come.
struct Setting {
    sessions: Vec<ToPlay>,
    cohorts: BTreeMap<CohortNo, CohortKey>,
    uptake: BTreeMap<GroupId, f64>,
    truth: Truth,
}

impl Setting {
    /// `days` days with so many sessions each. `uptake`: what is believed at first; `truth`: of those who are called,
    /// and of seats for others.
    fn new(
        (days, a_day): (u32, usize),
        cells: &[CellToPlay],
        uptake: f64,
        truth: (f64, f64),
    ) -> Self {
        let group = GroupId::new("adult");
        let key = |area: &str| CohortKey { area: area.into(), group: group.clone() };
        let one = |number: u32| ToPlay {
            day: day(1) + TimeDelta::days(i64::from(number)),
            cells: cells.to_vec(),
            doses_per_vial: None,
            hours: None,
        };
        let (called, seat) = truth;
        let comes = Comes { called, seat };
        Self {
            sessions: (0..days).flat_map(|no| vec![one(no); a_day]).collect(),
            cohorts: [(CohortNo(0), key("A")), (CohortNo(1), key("B"))].into(),
            uptake: [(group.clone(), uptake)].into(),
            truth: [CohortNo(0), CohortNo(1)].map(|no| ((no, 1), comes)).into(),
        }
    }

    fn game(&self, risk: f64, seed: u64) -> Game<'_> {
        Game {
            sessions: &self.sessions,
            cohorts: &self.cohorts,
            uptake: &self.uptake,
            truth: &self.truth,
            people: &ANYBODY,
            past: &[],
            risk,
            // Nobody needs what is left: another vial is opened for one.
            vaccine: (0, 0),
            vial_minutes: None,
            seed,
            runs: 1,
        }
    }
}

#[test]
fn who_is_called_under_each_policy() {
    // Of ten who come with 0.4 all of eleven come in 0.4^11 = 0.00004 of cases, eleven or twelve of twelve in 0.0003;
    // with an appointment 0.0001 are allowed. 10 / 0.4 = 25, 10 / 0.8 = 12.5.
    // Five of ten seats are kept for others: of eleven with an appointment all come in 0.0005, too many. 5 + 5 / 0.5.
    // Five of one cohort and five seats for others of another: of 13 more than ten come in 92 of 8192 cases, of 14 in
    // 470 of 16384; eight with an appointment always find a seat.
    type Case<'a> = (f64, f64, &'a [CellToPlay], &'a [u64], &'a [u64]);
    let cases: &[Case<'_>] = &[
        (0.02, 0.8, &[cell(0, 10, 10)], &[10], &[12]),
        (0.02, 0.4, &[cell(0, 10, 10)], &[11], &[25]),
        (0.0, 0.4, &[cell(0, 10, 10)], &[10], &[25]),
        (0.02, 0.5, &[cell(0, 10, 5)], &[5], &[15]),
        (0.02, 0.5, &[cell(0, 5, 5), cell(1, 5, 0)], &[8, 0], &[15, 0]),
        (0.02, 1.0, &[cell(0, 10, 10)], &[10], &[10]),
        (0.02, 0.5, &[cell(0, 10, 0)], &[0], &[0]),
    ];
    for (risk, comes, cells, program, always) in cases {
        let chances = believed(*risk, *comes, *comes);
        let named = |policy: Policy| -> Vec<u64> {
            policy.crowd(cells, &chances).iter().map(|people| people.named).collect()
        };
        assert_eq!(named(Policy::Program), *program, "{risk} {comes} {cells:?}");
        assert_eq!(named(Policy::Always), *always, "{risk} {comes} {cells:?}");
        let never: Vec<u64> = cells.iter().map(|cell| cell.named).collect();
        assert_eq!(named(Policy::Never), never);
    }
}

#[test]
fn where_everybody_comes_whom_the_program_thinks_away_some_are_turned_away() {
    // It believes 0.4, and calls 11 to ten seats; seats ÷ show-up are 25.
    let setting = Setting::new((1, 1), &[cell(0, 10, 10)], 0.4, (1.0, 1.0));
    let [never, program, always] = play(&setting.game(0.02, 7));
    let counts = |one: Played| {
        let Played { called, came, vaccinated, turned_away, empty_seats, turning_away, .. } = one;
        (called, came, vaccinated, turned_away, empty_seats, turning_away)
    };
    assert_eq!(counts(never), (10, 10, 10, 0, 0, 0));
    assert_eq!(counts(program), (11, 11, 10, 1, 0, 1));
    assert_eq!(counts(always), (25, 25, 10, 15, 0, 1));
    assert_eq!(Advice::of(&[never, program, always], 0.02), Advice::TooMany);
    assert_eq!(Advice::of(&[never, program, always], 1.0), Advice::Keep);
}

#[test]
fn where_nobody_comes_all_seats_stay_empty() {
    let setting = Setting::new((2, 1), &[cell(0, 10, 10)], 0.4, (0.0, 0.0));
    for one in play(&setting.game(0.02, 7)) {
        assert_eq!((one.came, one.empty_seats, one.vials, one.wasted), (0, 20, 0, 0));
        assert!(one.share_turning_away().abs() < 1e-12);
    }
}

#[test]
fn whole_vials_are_opened_and_what_is_left_is_wasted() {
    // Ten people out of vials of six: two vials, two doses left. The eleventh finds no seat. A vial that is good for no
    // time is opened for each.
    let mut setting = Setting::new((1, 1), &[cell(0, 10, 10)], 0.4, (1.0, 1.0));
    setting.sessions[0].doses_per_vial = Some(6);
    for one in play(&setting.game(0.02, 7)) {
        assert_eq!((one.vaccinated, one.vials, one.wasted, one.sent_home), (10, 2, 2, 0));
    }
    let game = Game { vial_minutes: Some(0), ..setting.game(0.02, 7) };
    for one in play(&game) {
        assert_eq!((one.vaccinated, one.vials, one.wasted), (10, 10, 50));
    }
}

#[test]
fn nobody_is_called_again_who_got_the_dose() {
    // Thirty people, ten seats a day, and half of those called come. With two called for each seat about nine get a
    // dose a day, so that in twelve days everybody has it.
    let setting = Setting::new((12, 1), &[cell(0, 10, 10)], 0.5, (0.5, 1.0));
    let people = BTreeMap::from([((CohortNo(0), 1), 30)]);
    let [never, _, always] = play(&Game { people: &people, ..setting.game(0.02, 7) });
    assert!(never.vaccinated <= 30 && always.vaccinated == 30, "{never:?} {always:?}");
    // Without that limit the same days give more.
    let [.., unlimited] = play(&setting.game(0.02, 7));
    assert!(unlimited.vaccinated > 60, "{unlimited:?}");
}

#[test]
fn the_program_learns_who_comes_from_reports_whose_names_are_in() {
    // It believes that all come, and 0.6 do. What came on the first day is known on the evening of the seventh.
    let called = |days| {
        let setting = Setting::new((days, 1), &[cell(0, 100, 100)], 1.0, (0.6, 1.0));
        play(&setting.game(0.02, 7)).map(|one| one.called)
    };
    assert_eq!(called(7), [700, 700, 700]);
    let [never, program, always] = called(8);
    assert_eq!(never, 800);
    assert!(program > 805 && always > program, "{program} {always}");
}

#[test]
fn what_came_before_is_known_from_the_first_day() {
    let past = Past {
        day: day(1) - TimeDelta::days(10),
        cohort: CohortKey { area: "A".into(), group: GroupId::new("adult") },
        dose: 1,
        seats: 10_000,
        named: 10_000,
        known: 10_000,
        came: 5_000,
        others: 0,
        has_names: true,
    };
    let setting = Setting::new((1, 1), &[cell(0, 100, 100)], 1.0, (0.5, 1.0));
    let called = |past: &[Past]| play(&Game { past, ..setting.game(0.02, 7) }).map(|it| it.called);
    assert_eq!(called(&[]), [100, 100, 100]);
    // (20 + 5,000) of (20 + 10,000) come: 100 / 0.501 = 199.6.
    let [never, program, always] = called(std::slice::from_ref(&past));
    assert_eq!((never, always), (100, 199));
    assert!(program > 110, "{program}");
    let old = Past { day: day(1) - TimeDelta::days(40), ..past };
    assert_eq!(called(&[old]), [100, 100, 100]);
}

#[test]
fn the_program_keeps_its_risk_and_always_does_not() {
    for (cells, uptake, truth) in [
        (vec![cell(0, 40, 40)], 0.8, (0.8, 1.0)),
        (vec![cell(0, 40, 40)], 0.5, (0.5, 1.0)),
        (vec![cell(0, 30, 30), cell(1, 30, 0)], 0.7, (0.7, 0.6)),
        (vec![cell(0, 30, 15), cell(1, 20, 0)], 0.7, (0.7, 0.6)),
    ] {
        let setting = Setting::new((24, 4), &cells, uptake, truth);
        let mut sums = Policy::ALL.map(|_| [0; 5]);
        for seed in 0..40 {
            for (sum, one) in sums.iter_mut().zip(play(&setting.game(0.02, seed))) {
                assert_eq!(one.came, one.vaccinated + one.turned_away + one.sent_home);
                assert_eq!(one.seats, one.vaccinated + one.empty_seats);
                for (sum, count) in sum.iter_mut().zip([
                    one.sessions,
                    one.turning_away,
                    one.turned_away,
                    one.vaccinated,
                    one.called,
                ]) {
                    *sum += count;
                }
            }
        }
        let [never, program, always] = sums;
        let said = format!("{cells:?}: {sums:?}");
        assert_eq!((never[1], never[2]), (0, 0), "{said}");
        assert!(program[1] as f64 <= 0.02 * program[0] as f64, "{said}");
        assert!(program[4] > never[4] && program[3] > never[3], "{said}");
        assert!(always[1] > 5 * program[1] && always[2] > 5 * program[2], "{said}");
        assert!(always[1] as f64 > 0.2 * always[0] as f64, "{said}");
    }
}

#[test]
fn fuller_sessions_waste_less_for_each_dose_given() {
    let mut setting = Setting::new((24, 4), &[cell(0, 25, 25)], 0.5, (0.5, 1.0));
    for one in &mut setting.sessions {
        one.doses_per_vial = Some(10);
    }
    let mut sums = Policy::ALL.map(|_| (0, 0));
    for seed in 0..10 {
        for (sum, one) in sums.iter_mut().zip(play(&setting.game(0.02, seed))) {
            assert_eq!(one.wasted, one.vials * 10 - one.vaccinated);
            *sum = (sum.0 + one.wasted, sum.1 + one.vaccinated);
        }
    }
    let [never, program, always] = sums.map(|(wasted, given)| wasted as f64 / given as f64);
    assert!(never > program && program > always, "{never} {program} {always}");
}

#[test]
fn the_same_seed_gives_the_same_figures_and_another_one_others() {
    let setting = Setting::new((12, 2), &[cell(0, 40, 40)], 0.8, (0.8, 1.0));
    let outcomes = |seed| play(&setting.game(0.02, seed));
    assert_eq!(outcomes(3), outcomes(3));
    assert_ne!(outcomes(3), outcomes(4));
    assert_eq!((runs_for(0), runs_for(3), runs_for(3_000), runs_for(70_000)), (500, 500, 4, 1));
}
