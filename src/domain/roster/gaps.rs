//! Whom places lack for stations that could open: what stands between what staff can do and what there is room for.

use super::model::workplaces;
use super::needs::crews;
use super::staffing::stations;
use super::{Duty, Lack};
use crate::domain::date::days;
use crate::domain::id::{AreaCode, StaffId};
use crate::domain::jurisdiction::{Crew, CrewKind, Jurisdiction, People, Role, crew_of};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A station of a site, or a team's day, that people are missing for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StationGap {
    /// The site or team.
    pub place: String,
    /// The township of the site; `None`: a team.
    pub area: Option<AreaCode>,
    /// The day.
    pub day: NaiveDate,
    /// Whom it lacks: nobody else who may work there is free on that day.
    pub people: People,
    /// Doses that it could give; of a team the most that it gives on a day.
    pub doses: u32,
    /// The most that these doses could bring, in points of the objective; `None` where no price says it.
    pub worth: Option<f64>,
}

impl StationGap {
    /// The price of each of its missing people: all of them open the station, so they share its worth.
    #[must_use]
    pub fn price(&self) -> Option<f64> {
        let people: u32 = self.people.values().sum();
        self.worth.map(|worth| worth / f64::from(people.max(1)))
    }
}

/// Whom places lack to do what they could, station by station. `duties`: of the roster, with those of earlier days.
#[must_use]
pub fn station_gaps(
    of: &Jurisdiction,
    lacks: &[&Lack],
    duties: &[Duty],
    span: (NaiveDate, NaiveDate),
) -> Vec<StationGap> {
    let mut free = Free::new(of, duties, span);
    let mut lacks = lacks.to_vec();
    lacks.sort_by(|a, b| (a.day, &a.place).cmp(&(b.day, &b.place)));
    let mut out = Vec::new();
    for Lack { place, day, could, can } in lacks {
        let Some(could) = could else {
            let most = of.team(place).map_or(0, |team| team.doses_per_day);
            let doses = |count: u32| count * most;
            out.extend(free.gaps(&Wanted { place, day: *day, stations: (0, 1), doses: &doses }));
            continue;
        };
        let doses = |count: u32| of.doses_with(place, *day, count).min(*could);
        let most = stations(of, place, *day);
        let open = (0..most).find(|count| doses(*count) >= *can).unwrap_or(most);
        let stations = (open, most);
        out.extend(free.gaps(&Wanted { place, day: *day, stations, doses: &doses }));
    }
    out
}

/// Whom places lack for stations that are wanted: a day, a place, its stations with a crew, and those that it needs.
/// Nobody says how many doses these give.
#[must_use]
pub fn crew_gaps(
    of: &Jurisdiction,
    wanted: &[(NaiveDate, &str, (u32, u32))],
    duties: &[Duty],
    span: (NaiveDate, NaiveDate),
) -> Vec<StationGap> {
    let mut free = Free::new(of, duties, span);
    let mut out = Vec::new();
    for &(day, place, stations) in wanted {
        out.extend(free.gaps(&Wanted { place, day, stations, doses: &|_| 0 }));
    }
    out
}

/// A place that could do more on a day: its stations with a crew, and those that it could use.
struct Wanted<'w> {
    place: &'w str,
    day: NaiveDate,
    /// Stations, from those that are staffed to those that could be.
    stations: (u32, u32),
    /// Doses of so many stations.
    doses: &'w dyn Fn(u32) -> u32,
}

/// Who is free when: everybody who works there, less who has a duty or may not have one more.
struct Free<'a> {
    of: &'a Jurisdiction,
    crews: Vec<Crew>,
    /// Who may work at each place, people of the place first.
    at: BTreeMap<String, Vec<usize>>,
    away: BTreeSet<(usize, NaiveDate)>,
    /// Days on which each works, somewhere.
    busy: Vec<BTreeSet<NaiveDate>>,
    /// Who works where on a day, and as what.
    duties: BTreeMap<(NaiveDate, &'a str), Vec<(usize, Role)>>,
}

impl<'a> Free<'a> {
    /// `duties`: of the roster, with those of earlier days, which count in weeks and rows.
    fn new(
        of: &'a Jurisdiction,
        duties: &'a [Duty],
        (from, until): (NaiveDate, NaiveDate),
    ) -> Self {
        let mut at: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut codes: BTreeMap<&StaffId, usize> = BTreeMap::new();
        for (who, member) in of.staff.iter().enumerate() {
            codes.insert(&member.code, who);
            for place in workplaces(of, member) {
                at.entry(place).or_default().push(who);
            }
        }
        for (place, people) in &mut at {
            people.sort_by_key(|who| (of.staff[*who].home != *place, *who));
        }
        let mut away = BTreeSet::new();
        for leave in &of.leave {
            if let Some(&who) = codes.get(&leave.staff) {
                let span = days(leave.first.max(from), leave.last.min(until));
                away.extend(span.map(|day| (who, day)));
            }
        }
        let mut busy = vec![BTreeSet::new(); of.staff.len()];
        let mut there: BTreeMap<(NaiveDate, &str), Vec<(usize, Role)>> = BTreeMap::new();
        for duty in duties {
            if let Some(&who) = codes.get(&duty.staff) {
                busy[who].insert(duty.date);
                there.entry((duty.date, &duty.place)).or_default().push((who, duty.role));
            }
        }
        Self { of, crews: crews(of), at, away, busy, duties: there }
    }

    /// What each further station of a place lacks, the first one first. Who is free for it is free no more.
    fn gaps(&mut self, wanted: &Wanted<'_>) -> Vec<StationGap> {
        let Wanted { place, day, stations: (open, could), doses } = *wanted;
        let is_team = self.of.team(place).is_some();
        let kinds = BTreeSet::from([if is_team { CrewKind::Team } else { CrewKind::Site }]);
        let mut crew = self.crewing(place, day);
        let mut out: Vec<StationGap> = Vec::new();
        for station in open + 1..=could {
            let less = crew_of(&self.crews, &kinds, station - 1);
            let less = if station > 1 { less } else { People::new() };
            let mut people = People::new();
            for (role, need) in crew_of(&self.crews, &kinds, station) {
                let more = need.saturating_sub(less.get(&role).copied().unwrap_or(0));
                let lacking = (0..more).filter(|_| !crew.seat(role)).count();
                if let Some(lacking) = u32::try_from(lacking).ok().filter(|count| *count > 0) {
                    people.insert(role, lacking);
                }
            }
            let doses = doses(station) - doses(station - 1);
            match out.last_mut() {
                // It opens as soon as the one before it does.
                Some(before) if people.is_empty() => before.doses += doses,
                None if people.is_empty() => {}
                _ => out.push(StationGap {
                    place: place.to_owned(),
                    area: self.of.township_of(place).filter(|_| !is_team).cloned(),
                    day,
                    people,
                    doses,
                    worth: None,
                }),
            }
        }
        let taken: Vec<usize> = crew.taken().collect();
        for who in taken {
            self.busy[who].insert(day);
        }
        out
    }

    /// The people of a place on a day: those with a duty there in their roles, and those who are free.
    fn crewing(&self, place: &str, day: NaiveDate) -> Crewing<'a> {
        let of = self.of;
        let there = self.duties.get(&(day, place)).map_or(&[][..], Vec::as_slice);
        let mut crew = Crewing { people: Vec::new(), seats: Vec::new() };
        for (who, role) in there {
            let seat = Some(crew.seats.len());
            crew.people.push(Candidate { who: *who, roles: &of.staff[*who].roles, seat });
            crew.seats.push(*role);
        }
        let near = self.at.get(place).map_or(&[][..], Vec::as_slice);
        let free = near.iter().filter(|who| self.is_free(**who, day));
        let new = free.map(|who| Candidate { who: *who, roles: &of.staff[*who].roles, seat: None });
        crew.people.extend(new);
        crew
    }

    fn is_free(&self, who: usize, day: NaiveDate) -> bool {
        let (member, busy) = (&self.of.staff[who], &self.busy[who]);
        if !member.works_on(day) || self.away.contains(&(who, day)) || busy.contains(&day) {
            return false;
        }
        let monday = monday_of(day);
        let week = busy.range(monday..=monday + TimeDelta::days(6)).count();
        let most = |days: u32| usize::try_from(days).unwrap_or(usize::MAX);
        let run = |step: i64| {
            let next = |day: &NaiveDate| Some(*day + TimeDelta::days(step));
            let days = std::iter::successors(next(&day), next);
            days.take(busy.len()).take_while(|day| busy.contains(day)).count()
        };
        week < most(member.days_a_week_max) && run(-1) + run(1) < most(member.days_in_row_max)
    }
}

/// The Monday of a day's week.
#[must_use]
pub fn monday_of(day: NaiveDate) -> NaiveDate {
    day - TimeDelta::days(i64::from(day.weekday().num_days_from_monday()))
}

/// Somebody who could sit at a place.
struct Candidate<'a> {
    who: usize,
    roles: &'a BTreeSet<Role>,
    seat: Option<usize>,
}

/// Seats of a place on a day and who sits there; people change seats where that lets one more sit.
struct Crewing<'a> {
    people: Vec<Candidate<'a>>,
    seats: Vec<Role>,
}

impl Crewing<'_> {
    /// Fills one more seat of a role; false where nobody is left for it.
    fn seat(&mut self, role: Role) -> bool {
        self.seats.push(role);
        let is_filled = self.fill(self.seats.len() - 1, &mut vec![false; self.people.len()]);
        if !is_filled {
            self.seats.pop();
        }
        is_filled
    }

    fn fill(&mut self, seat: usize, seen: &mut [bool]) -> bool {
        for at in 0..self.people.len() {
            if seen[at] || !self.people[at].roles.contains(&self.seats[seat]) {
                continue;
            }
            seen[at] = true;
            let is_free = match self.people[at].seat {
                None => true,
                Some(other) => self.fill(other, seen),
            };
            if is_free {
                self.people[at].seat = Some(seat);
                return true;
            }
        }
        false
    }

    /// Who has a seat.
    fn taken(&self) -> impl Iterator<Item = usize> {
        self.people.iter().filter(|one| one.seat.is_some()).map(|one| one.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jurisdiction::{Leave, SiteRow, StaffMember};
    use crate::domain::testing::{county, day, site, staff};

    fn person(code: &str, home: &str, roles: &[Role]) -> StaffMember {
        StaffMember { days_a_week_max: 5, days_in_row_max: 6, ..staff(code, home, roles) }
    }

    fn of(staff: Vec<StaffMember>) -> Jurisdiction {
        Jurisdiction {
            sites: vec![SiteRow::plain(site("A", "N", 50)), SiteRow::plain(site("B", "N", 50))],
            staff,
            ..Jurisdiction::of_campaign(&county())
        }
    }

    fn duty(at: i64, staff: &str, role: Role) -> Duty {
        Duty { date: day(at), place: "A".to_owned(), role, staff: StaffId::from(staff) }
    }

    fn gaps(free: &mut Free<'_>, place: &str, at: i64, stations: (u32, u32)) -> Vec<StationGap> {
        free.gaps(&Wanted { place, day: day(at), stations, doses: &|count| 10 * count })
    }

    fn said(gaps: &[StationGap]) -> Vec<(Vec<(Role, u32)>, u32)> {
        let people = |one: &StationGap| one.people.iter().map(|(role, n)| (*role, *n)).collect();
        gaps.iter().map(|one| (people(one), one.doses)).collect()
    }

    #[test]
    fn a_station_lacks_whoever_is_not_free_and_one_doctor_opens_all() {
        use Role::{Doctor, Registrar, Vaccinator};
        let staff = vec![
            person("v1", "A", &[Vaccinator]),
            person("v2", "A", &[Vaccinator]),
            person("r1", "A", &[Registrar]),
            person("r2", "A", &[Registrar]),
            person("d", "A", &[Doctor]),
        ];
        let mut of = of(staff);
        of.leave = vec![Leave { staff: "v2".into(), first: day(0), last: day(0), reason: None }];
        let duties = [duty(0, "v1", Vaccinator), duty(0, "r1", Registrar), duty(0, "d", Doctor)];
        let mut free = Free::new(&of, &duties, (day(0), day(6)));
        // A second station lacks a vaccinator; the third one lacks another, and a registrar.
        let found = gaps(&mut free, "A", 0, (1, 3));
        assert_eq!(
            said(&found),
            [(vec![(Vaccinator, 1)], 10), (vec![(Vaccinator, 1), (Registrar, 1)], 10)]
        );
        assert_eq!(found[0].area.as_ref().map(AreaCode::as_str), Some("N"));
        // With the doctor away everybody else is there: one person more gives both stations.
        of.leave = vec![Leave { staff: "d".into(), first: day(1), last: day(1), reason: None }];
        let mut free = Free::new(&of, &[], (day(0), day(6)));
        assert_eq!(said(&gaps(&mut free, "A", 1, (0, 2))), [(vec![(Doctor, 1)], 20)]);
        // They are counted once: the other place of the township lacks whole crews.
        let other = said(&gaps(&mut free, "B", 1, (0, 1)));
        assert_eq!(other, [(vec![(Vaccinator, 1), (Registrar, 1), (Doctor, 1)], 10)]);
    }

    #[test]
    fn people_change_seats_and_a_full_week_is_full() {
        use Role::{Doctor, Registrar, Vaccinator};
        let staff = vec![
            person("x", "A", &[Vaccinator, Registrar]),
            person("r", "A", &[Registrar]),
            person("d", "A", &[Doctor]),
            person("y", "A", &[Registrar]),
            person("v", "A", &[Vaccinator]),
        ];
        let of = of(staff);
        // Who can do both registers on Monday, and vaccinates when a registrar is left.
        let duties = [duty(0, "v", Vaccinator), duty(0, "x", Registrar), duty(0, "d", Doctor)];
        let mut free = Free::new(&of, &duties, (day(0), day(6)));
        assert!(gaps(&mut free, "A", 0, (1, 2)).is_empty());
        // Five days are a week: on Saturday nobody who worked from Monday to Friday is free.
        let week: Vec<Duty> = (0..5).map(|at| duty(at, "v", Vaccinator)).collect();
        let mut free = Free::new(&of, &week, (day(0), day(6)));
        let found = said(&gaps(&mut free, "A", 5, (0, 2)));
        assert_eq!(found, [(vec![(Vaccinator, 1)], 10)], "x vaccinates at the first station");
    }
}
