//! Rosters on small and on random counties; every rule broken once on purpose.

use super::*;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, TeamCode};
use crate::domain::jurisdiction::{
    Crew, CrewKind, Hours, Leave, SiteRow, StaffMember, Stations, StopRow,
};
use crate::domain::plan::PlanRow;
use crate::domain::testing::{county, day, site, staff, stop, team};
use chrono::NaiveTime;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// A generator of numbers: the same seed, the same numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        u32::try_from((self.0 >> 33) % u64::from(below.max(1))).expect("below 2^32")
    }
}

fn person(code: &str, home: &str, roles: &[Role]) -> StaffMember {
    StaffMember {
        name: format!("name of {code}"),
        days_a_week_max: 5,
        days_in_row_max: 6,
        ..staff(code, home, roles)
    }
}

/// A site of `stations` stations that give 10 doses an hour each, for two hours.
fn place(code: &str, area: &str, stations: Option<u32>) -> SiteRow {
    let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
    let doses_per_hour = Decimal::from(10);
    SiteRow {
        hours: Some(Hours { opens: at(8), closes: at(10) }),
        stations: stations.map(|count| Stations { count, doses_per_hour }),
        ..SiteRow::plain(site(code, area, 0))
    }
}

/// Two sites in area N, one in S, a team with a school; enough people of every role.
fn places() -> Jurisdiction {
    let school = |code: &str| {
        let stop = crate::domain::site::Stop { kind: Some("school".into()), ..stop(code, "S") };
        StopRow { stop, address: None, phone: None }
    };
    let mut of = Jurisdiction {
        sites: vec![place("A", "N", Some(3)), place("B", "N", Some(1)), place("Z", "S", None)],
        teams: vec![team("T", 0)],
        stops: vec![school("K"), StopRow { stop: stop("P", "S"), address: None, phone: None }],
        closures: Vec::new(),
        reach: None,
        ..Jurisdiction::of_campaign(&county())
    };
    let crew = |kind, role, per_station: u32, per_place| Crew {
        kind,
        role,
        per_station: per_station.into(),
        per_place,
    };
    of.crews = crate::domain::jurisdiction::default_crews();
    of.crews.push(crew(CrewKind::School, Role::Observer, 1, 0));
    for (home, count) in [("A", 5), ("B", 2), ("Z", 2)] {
        for n in 0..count {
            of.staff.push(person(&format!("{home}v{n}"), home, &[Role::Vaccinator]));
            of.staff.push(person(&format!("{home}r{n}"), home, &[Role::Registrar]));
            of.staff.push(person(&format!("{home}d{n}"), home, &[Role::Doctor]));
        }
    }
    for n in 0..4 {
        of.staff.push(person(&format!("Tv{n}"), "T", &[Role::Vaccinator, Role::Observer]));
        of.staff.push(person(&format!("Td{n}"), "T", &[Role::Driver]));
    }
    of
}

fn doses(at: i64, place: &str, team: Option<&str>, doses: u32) -> PlanRow {
    PlanRow {
        day: day(at),
        place: PlaceCode::from(place),
        team: team.map(TeamCode::from),
        area: AreaCode::from("N"),
        group: GroupId::from("adults"),
        dose: 1,
        doses,
    }
}

/// Two weeks at all places.
fn plan() -> Vec<PlanRow> {
    let mut rows = Vec::new();
    for n in (0..14).filter(|n| n % 7 != 6) {
        rows.push(doses(n, "A", None, if n % 2 == 0 { 45 } else { 20 }));
        rows.push(doses(n, "B", None, 20));
        rows.push(doses(n, "Z", None, 70));
        if n % 7 < 5 {
            rows.push(doses(n, if n % 2 == 0 { "K" } else { "P" }, Some("T"), 30));
        }
    }
    rows
}

fn made(of: &Jurisdiction, rows: &[PlanRow], before: &[Duty], days: (i64, i64)) -> Roster {
    let needs = Needs::of_plans(of, rows).expect("known places");
    let (from, until) = (day(days.0), day(days.1));
    make(&RosterRequest { jurisdiction: of, needs: &needs, before, from, until })
}

fn rules(of: &Jurisdiction, duties: &[Duty], rows: &[PlanRow], before: &[Duty]) -> BTreeSet<Fault> {
    let report = check(of, duties, rows, before, (day(0), day(13)));
    report.violations.iter().map(|one| one.rule).collect()
}

fn duty(at: i64, staff: &str, place: &str, role: Role) -> Duty {
    Duty { date: day(at), place: place.to_owned(), role, staff: StaffId::from(staff) }
}

#[test]
fn every_need_has_its_crew_evenly_and_no_rule_is_broken() {
    let (of, rows) = (places(), plan());
    let roster = made(&of, &rows, &[], (0, 13));
    assert_eq!(roster.missing, []);
    assert_eq!(rules(&of, &roster.duties, &rows, &[]), BTreeSet::new());
    let at = |n: i64| roster.stations[&(day(n), "A".to_owned())];
    assert_eq!((at(0), at(1)), (3, 1), "45 doses want three stations of 20, 20 want one");
    let (days, weekends) = (&roster.fairness.days, &roster.fairness.weekends);
    assert_eq!((days.unfairness, weekends.unfairness), (days.bound, weekends.bound));
    assert_eq!(made(&of, &rows, &[], (0, 13)), roster, "the same request, the same roster");
}

#[test]
fn every_rule_broken_on_purpose_is_found() {
    let (of, rows) = (places(), plan());
    let good = made(&of, &rows, &[], (0, 13)).duties;
    let with = |more: &[Duty]| [good.as_slice(), more].concat();
    let without = |gone: &dyn Fn(&Duty) -> bool| {
        good.iter().filter(|duty| !gone(duty)).cloned().collect::<Vec<_>>()
    };
    let alone = |changed: Jurisdiction, wanted: &[Fault]| {
        let found = rules(&changed, &good, &rows, &[]);
        assert_eq!(found, wanted.iter().copied().collect(), "{wanted:?}");
    };
    let first = good.iter().find(|duty| duty.place == "A").expect("a duty").clone();
    let who = |of: &mut Jurisdiction| {
        of.staff.iter().position(|one| one.code == first.staff).expect("a person")
    };
    let mut changed = of.clone();
    let (staff, date) = (first.staff.clone(), first.date);
    changed.leave.push(Leave { staff, first: date, last: date, reason: None });
    alone(changed, &[Fault::Absent]);
    let mut changed = of.clone();
    let at = who(&mut changed);
    changed.staff[at].from = Some(day(60));
    alone(changed, &[Fault::Absent]);
    let mut changed = of.clone();
    let at = who(&mut changed);
    changed.staff[at].roles = [Role::Driver].into();
    alone(changed, &[Fault::Role]);
    let mut changed = of.clone();
    let at = who(&mut changed);
    changed.staff[at].home = "Z".to_owned();
    alone(changed, &[Fault::Where]);
    let mut changed = of.clone();
    changed.staff.iter_mut().for_each(|one| one.days_a_week_max = 1);
    alone(changed, &[Fault::Week]);
    let mut changed = of.clone();
    changed.staff.iter_mut().for_each(|one| one.days_in_row_max = 1);
    alone(changed, &[Fault::Run]);
    let mut changed = of.clone();
    changed.sites[0].stations = Some(Stations { count: 1, doses_per_hour: 10.into() });
    alone(changed, &[Fault::Capacity]);
    let mut changed = of.clone();
    let crew =
        Crew { kind: CrewKind::School, role: Role::Driver, per_station: 2.into(), per_place: 0 };
    changed.crews.push(crew);
    alone(changed, &[Fault::Crew]);
    for (duties, wanted) in [
        (with(&[duty(0, "nobody", "A", Role::Doctor)]), Fault::Row),
        (with(&[duty(0, "Av0", "nowhere", Role::Vaccinator)]), Fault::Row),
        (with(&[duty(60, "Av0", "A", Role::Vaccinator)]), Fault::Row),
        (with(&[Duty { role: Role::Vaccinator, ..first.clone() }]), Fault::Twice),
        (without(&|duty| duty.place == "B" && duty.role == Role::Doctor), Fault::Crew),
        (without(&|duty| duty.place == "B" && duty.date == day(1)), Fault::Crew),
        (without(&|duty| duty.place == "T" && duty.role == Role::Observer), Fault::Crew),
    ] {
        assert!(rules(&of, &duties, &rows, &[]).contains(&wanted), "{wanted}");
    }
    let old = (-6..0).map(|n| Duty { date: day(n), ..first.clone() }).collect::<Vec<_>>();
    assert_eq!(rules(&of, &good, &rows, &old), BTreeSet::from([Fault::Run]), "days before count");
}

#[test]
fn a_sick_call_moves_few_and_the_others_stay() {
    let (mut of, rows) = (places(), plan());
    let old = made(&of, &rows, &[], (0, 13)).duties;
    for sick in ["Av0", "Ad1", "Br0", "Tv2", "Td0"] {
        of.leave = vec![Leave {
            staff: StaffId::from(sick),
            first: day(2),
            last: day(3),
            reason: Some("sick".into()),
        }];
        for rows in [rows.as_slice(), &[]] {
            let needs = if rows.is_empty() {
                Needs::of_roster(&old)
            } else {
                Needs::of_plans(&of, rows).expect("known places")
            };
            let (from, until) = (day(2), day(13));
            let asked =
                RosterRequest { jurisdiction: &of, needs: &needs, before: &old, from, until };
            let new = make(&asked);
            assert_eq!(new.missing, [], "{sick}");
            let moved: BTreeSet<&StaffId> = new
                .changes
                .iter()
                .filter(|change| change.reason != Reason::Away)
                .map(|change| &change.staff)
                .collect();
            assert!(moved.len() <= 3, "{sick}: {moved:?}");
            let report = check(&of, &new.duties, rows, &old, (from, until));
            assert_eq!(report.violations, [], "{sick}");
            assert!(
                new.changes.iter().all(|change| {
                    change.reason != Reason::Away || change.staff.as_str() == sick
                })
            );
        }
    }
}

#[test]
fn a_published_roster_stays_when_nothing_has_changed() {
    let (of, rows) = (places(), plan());
    let old = made(&of, &rows, &[], (0, 13)).duties;
    let again = made(&of, &rows, &old, (0, 13));
    assert_eq!((again.duties, again.changes), (old.clone(), Vec::new()));
    let first_week: Vec<Duty> = old.into_iter().filter(|duty| duty.date < day(7)).collect();
    let longer = made(&of, &rows, &first_week, (0, 13));
    assert_eq!(longer.changes, []);
    assert_eq!(rules(&of, &longer.duties, &rows, &[]), BTreeSet::new());
}

#[test]
fn what_cannot_be_staffed_is_said_and_its_people_are_free() {
    let (mut of, rows) = (places(), plan());
    of.staff.retain(|one| !one.roles.contains(&Role::Doctor) || one.home != "Z");
    let roster = made(&of, &rows, &[], (0, 13));
    let is_it = |one: &Missing| one.place == "Z" && one.role == Role::Doctor && one.people == 1;
    assert_eq!(roster.missing.len(), 12);
    assert!(roster.missing.iter().all(is_it), "{:?}", roster.missing);
    assert!(roster.duties.iter().all(|duty| duty.place != "Z"), "no crew, nobody comes");
    let unknown = Needs::of_plans(&of, &[doses(0, "K", Some("M9"), 1)]);
    assert_eq!(unknown, Err(Unknown("M9".to_owned())));
}

#[test]
fn somebody_with_two_roles_goes_where_only_they_can() {
    let mut of = places();
    of.staff.retain(|one| one.home == "B" && one.code.as_str().ends_with('0'));
    of.staff.retain(|one| !one.roles.contains(&Role::Registrar));
    of.staff.push(person("Bx", "B", &[Role::Vaccinator, Role::Registrar]));
    let roster = made(&of, &[doses(0, "B", None, 10)], &[], (0, 0));
    assert_eq!(roster.missing, []);
    let registrar = roster.duties.iter().find(|duty| duty.role == Role::Registrar);
    assert_eq!(registrar.map(|duty| duty.staff.as_str()), Some("Bx"));
}

#[test]
fn capacity_follows_staff() {
    let mut of = places();
    let span = (day(0), day(6));
    let most = Staffing::most(&of, span);
    let at = |staffing: &Staffing, n: i64, place: &str| {
        staffing.0.get(&(day(n), place.to_owned())).copied()
    };
    let within =
        |of: &Jurisdiction, most: &Staffing| of.within(&of.lacks(most, span), &BTreeMap::new());
    assert_eq!(at(&most, 0, "A"), Some(3));
    assert_eq!(at(&most, 6, "A"), Some(0), "no doses on a Sunday, no station");
    assert_eq!(within(&of, &most).closures, [], "nobody is missing");
    let away = of.staff.iter().filter(|one| one.roles.contains(&Role::Doctor));
    let leave = away.map(|one| Leave {
        staff: one.code.clone(),
        first: day(1),
        last: day(1),
        reason: None,
    });
    of.leave = leave.collect();
    let most = Staffing::most(&of, span);
    assert_eq!([at(&most, 1, "A"), at(&most, 1, "T")], [Some(0), Some(1)]);
    let held = within(&of, &most);
    let shut: Vec<&str> = held.closures.iter().map(|one| one.place.as_str()).collect();
    assert_eq!(shut, ["A", "B", "Z"], "sites need a doctor, the team does not");
    // Of seven vaccinators in the township three stay.
    of.leave.clear();
    let mut kept = 0;
    of.staff.retain(|one| {
        let goes = one.roles.contains(&Role::Vaccinator) && one.home != "T" && one.home != "Z";
        kept += u32::from(goes);
        !goes || kept <= 2
    });
    let most = Staffing::most(&of, span);
    assert_eq!(at(&most, 0, "A"), Some(2));
    let held = within(&of, &most);
    let of_a = held.closures.iter().find(|one| one.place == "A").expect("less than typed");
    assert_eq!(of_a.doses, 40, "two stations of 20");
    // Of these somebody else's plan has 30.
    let used = BTreeMap::from([((day(0), "A".to_owned()), 30)]);
    let left = of.within(&of.lacks(&most, span), &used);
    let of_a = left.closures.iter().find(|one| one.place == "A" && one.first == day(0));
    assert_eq!(of_a.map(|one| one.doses), Some(10));
}

#[test]
fn published_duties_are_needed_as_far_as_they_are_whole_crews() {
    let of = places();
    let made = made(&of, &[doses(0, "A", None, 40)], &[], (0, 0));
    let needs = Needs::of_duties(&of, &made.duties, day(0));
    let at = |needs: &Needs| needs.0.get(&(day(0), "A".to_owned())).map(|need| need.stations);
    assert_eq!(at(&needs), Some(2));
    assert!(Needs::of_duties(&of, &made.duties, day(1)).0.is_empty(), "that day has passed");
    let without: Vec<_> =
        made.duties.iter().filter(|duty| duty.role != Role::Doctor).cloned().collect();
    assert_eq!(at(&Needs::of_duties(&of, &without, day(0))), None, "no crew without a doctor");
    let mut all = Needs::of_plans(&of, &[doses(0, "A", None, 10)]).expect("a place");
    all.and(&needs);
    assert_eq!(at(&all), Some(2), "what was published stays");
}

#[test]
fn rounds_of_home_visits_need_the_crew_of_their_team() {
    let mut of = places();
    of.crews.push(Crew {
        kind: CrewKind::Home,
        role: Role::Vaccinator,
        per_station: 3.into(),
        per_place: 0,
    });
    let rounds = [(day(1), TeamCode::from("T")), (day(2), TeamCode::from("X"))];
    let mut needs = Needs::of_rounds(&of, &rounds);
    assert_eq!(needs.0.len(), 1, "a team that the jurisdiction does not have");
    needs.and(&Needs::of_plans(&of, &[doses(1, "A", None, 10)]).expect("a place"));
    let (from, until) = (day(0), day(2));
    let request = RosterRequest { jurisdiction: &of, needs: &needs, before: &[], from, until };
    let made = make(&request);
    assert_eq!(made.missing, []);
    let of_team = |role: Role| {
        made.duties.iter().filter(|duty| duty.place == "T" && duty.role == role).count()
    };
    assert_eq!([of_team(Role::Vaccinator), of_team(Role::Driver)], [3, 1]);
    assert!(made.duties.iter().all(|duty| duty.date == day(1)));
}

#[test]
fn no_rule_is_broken_in_random_counties() {
    for seed in 0..60 {
        let dice = &mut Dice(seed);
        let mut of = places();
        of.staff.retain(|_| dice.below(6) > 0);
        for one in &mut of.staff {
            one.days_a_week_max = 3 + dice.below(4);
            one.days_in_row_max = 2 + dice.below(5);
            if dice.below(5) == 0 {
                one.roles.insert(Role::ALL[dice.below(6) as usize]);
            }
            if dice.below(6) == 0 {
                one.sites = vec!["Z".to_owned(), "A".to_owned()];
            }
            if dice.below(8) == 0 {
                one.until = Some(day(i64::from(dice.below(14))));
            }
        }
        for at in 0..of.staff.len() {
            if dice.below(3) == 0 {
                let first = day(i64::from(dice.below(14)));
                let staff = of.staff[at].code.clone();
                of.leave.push(Leave { staff, first, last: first, reason: None });
            }
        }
        let rows: Vec<PlanRow> = plan().into_iter().filter(|_| dice.below(5) > 0).collect();
        let roster = made(&of, &rows, &[], (0, 13));
        // What is said to be missing is all that the check may find.
        let lacks = |row: &PlanRow| {
            let place = row.team.as_ref().map_or(row.place.as_str(), |team| team.as_str());
            roster.missing.iter().any(|one| one.date == row.day && one.place == place)
        };
        let can: Vec<PlanRow> = rows.into_iter().filter(|row| !lacks(row)).collect();
        let report = check(&of, &roster.duties, &can, &[], (day(0), day(13)));
        assert_eq!(report.violations, [], "seed {seed}");
        let again = made(&of, &can, &roster.duties, (3, 13));
        let late: Vec<PlanRow> = can.into_iter().filter(|row| row.day >= day(3)).collect();
        let report = check(&of, &again.duties, &late, &roster.duties, (day(3), day(13)));
        assert_eq!(report.violations, [], "seed {seed}, from the fourth day on");
    }
}

#[test]
fn where_nobody_can_take_over_it_is_said_and_the_others_stay() {
    let mut of = places();
    let rows: Vec<PlanRow> = (0..2).map(|n| doses(n, "Z", None, 70)).collect();
    let published = made(&of, &rows, &[], (0, 1)).duties;
    let away =
        |who: &str| Leave { staff: StaffId::from(who), first: day(0), last: day(0), reason: None };
    let is_doctor = |one: &&Duty| one.date == day(0) && one.role == Role::Doctor;
    let first = published.iter().find(is_doctor).expect("a doctor").staff.clone();
    of.leave.push(away(first.as_str()));
    let one = again(&of, &published, day(0));
    assert_eq!((one.days, one.missing.len()), (Some((day(0), day(1))), 0));
    assert_eq!(rules(&of, &one.duties, &rows, &[]), BTreeSet::new());
    assert!(one.changes.iter().any(|it| it.staff == first && it.reason == Reason::Away));
    of.leave.extend(["Zd0", "Zd1"].map(away));
    let none = again(&of, &published, day(0));
    let missing = Missing { date: day(0), place: "Z".to_owned(), role: Role::Doctor, people: 1 };
    assert_eq!(none.missing, [missing]);
    let others = |duties: &[Duty]| -> Vec<Duty> {
        duties.iter().filter(|it| it.date == day(0) && it.role != Role::Doctor).cloned().collect()
    };
    assert_eq!(others(&none.duties), others(&published));
    assert!(!others(&published).is_empty());
    assert_eq!(again(&of, &published, day(5)).days, None, "nothing is published from then on");
}

#[test]
fn the_use_of_staff_counts_days_without_leave_and_work_wherever() {
    let mut of = places();
    let (first, last) = (day(0), day(6));
    of.leave.push(Leave { staff: StaffId::from("Zd0"), first, last, reason: None });
    let duties = [duty(0, "Zv0", "Z", Role::Vaccinator), duty(1, "Zv0", "A", Role::Vaccinator)];
    let found = used(&of, &duties, first);
    let at = |place: &str| found.iter().find(|one| one.place == place).cloned().expect("a place");
    let (z, a) = (at("Z"), at("A"));
    assert_eq!((z.people, z.could, z.worked, z.staff_days), (6, 25, 2, 1));
    assert_eq!((a.people, a.could, a.worked, a.staff_days), (15, 75, 0, 1));
}
