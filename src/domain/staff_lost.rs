//! Seats of plans in force that lose their staff: somebody is ill, or leaves, and nobody can take over.

use super::homes::RoundDay;
use super::jurisdiction::Jurisdiction;
use super::plan::PlanRow;
use super::roster::{self, Duty, Missing, Needs, Roster, RosterRequest};
use super::standing::{Cause, Lost, Remains};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Whether two versions of a jurisdiction differ in who works where, or in what a station needs or gives.
#[must_use]
pub fn staff_differs(old: &Jurisdiction, new: &Jurisdiction) -> bool {
    (&old.staff, &old.leave, &old.crews) != (&new.staff, &new.leave, &new.crews)
        || old
            .sites
            .iter()
            .map(|row| (row.stations, row.hours))
            .ne(new.sites.iter().map(|row| (row.stations, row.hours)))
}

/// The seats that each of these plans loses from a day on when the staff of one version of a jurisdiction becomes that
/// of another. Whoever has a published duty keeps it where that can be; a place loses seats only where nobody can take
/// over. What it lacked before is no news. `rounds`: days on which teams make rounds of home visits, which need their
/// crews.
#[must_use]
pub fn staff_lost(
    (old, new): (&Jurisdiction, &Jurisdiction),
    plans: &[Vec<PlanRow>],
    (duties, rounds): (&[Duty], &[RoundDay]),
    from: NaiveDate,
) -> Vec<Vec<Lost>> {
    let mut out = vec![Vec::new(); plans.len()];
    let all: Vec<PlanRow> = plans.iter().flatten().filter(|row| row.day >= from).cloned().collect();
    let Some(until) = all.iter().map(|row| row.day).max() else { return out };
    let mut needs = Needs::of_known(new, &all);
    needs.and(&Needs::of_rounds(new, rounds));
    let made = |of: &Jurisdiction| {
        let request =
            RosterRequest { jurisdiction: of, needs: &needs, before: duties, from, until };
        roster::make(&request)
    };
    let now = made(new);
    if now.missing.is_empty() {
        return out;
    }
    let before = made(old);
    let lacking: BTreeSet<(NaiveDate, &str)> = now.missing.iter().map(Missing::at).collect();
    let mut planned: BTreeMap<(NaiveDate, &str), u32> = BTreeMap::new();
    for row in &all {
        *planned.entry((row.day, at(row))).or_default() += row.doses;
    }
    let mut less: BTreeMap<(NaiveDate, &str), u32> = BTreeMap::new();
    for key in lacking {
        let wanted = planned.get(&key).copied().unwrap_or(0);
        let had = gives((old, &before), key).min(wanted);
        let lost = had.saturating_sub(gives((new, &now), key));
        if lost > 0 {
            less.insert(key, lost);
        }
    }
    for (plan, out) in plans.iter().zip(&mut out).rev() {
        for row in plan.iter().rev().filter(|row| row.day >= from) {
            let Some(left) = less.get_mut(&(row.day, at(row))) else { continue };
            let doses = row.doses.min(*left);
            *left -= doses;
            if doses > 0 {
                out.push(Lost { row: PlanRow { doses, ..row.clone() }, cause: Cause::Staff });
            }
        }
    }
    out
}

/// Whose people a row needs: the team's at a stop, else the site's.
fn at(row: &PlanRow) -> &str {
    row.team.as_ref().map_or(row.place.as_str(), |team| team.as_str())
}

/// Doses that a place gives on a day by a roster; a team that goes out, any number.
fn gives((of, roster): (&Jurisdiction, &Roster), (day, place): (NaiveDate, &str)) -> u32 {
    let stations = roster.stations.get(&(day, place.to_owned())).copied().unwrap_or(0);
    if of.team(place).is_some() {
        return if stations == 0 { 0 } else { u32::MAX };
    }
    of.doses_with(place, day, stations)
}

impl Remains {
    /// Takes further seats out, as far as they still stood.
    pub fn lose(&mut self, more: &[Lost]) {
        for one in more {
            let is_it = |row: &&mut PlanRow| {
                (row.day, &row.place, &row.team) == (one.row.day, &one.row.place, &one.row.team)
                    && (&row.area, &row.group, row.dose)
                        == (&one.row.area, &one.row.group, one.row.dose)
            };
            let Some(row) = self.rows.iter_mut().find(is_it) else { continue };
            let doses = one.row.doses.min(row.doses);
            row.doses -= doses;
            let lost = PlanRow { doses, ..one.row.clone() };
            self.lost.push(Lost { row: lost, cause: one.cause });
        }
        self.rows.retain(|row| row.doses > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{AreaCode, GroupId, PlaceCode, StaffId};
    use crate::domain::jurisdiction::{Leave, Role, SiteRow, StaffMember};
    use crate::domain::testing::{county, day, site, staff};

    fn person(code: &str, home: &str, roles: &[Role]) -> StaffMember {
        StaffMember { days_in_row_max: 30, ..staff(code, home, roles) }
    }

    /// A place where one person of each role works, and a second registrar.
    fn small() -> Jurisdiction {
        let mut of = Jurisdiction {
            sites: vec![SiteRow::plain(site("A", "N", 50))],
            closures: Vec::new(),
            reach: None,
            ..Jurisdiction::of_campaign(&county())
        };
        of.staff = vec![
            person("v", "A", &[Role::Vaccinator]),
            person("d", "A", &[Role::Doctor]),
            person("r1", "A", &[Role::Registrar]),
            person("r2", "A", &[Role::Registrar]),
        ];
        of
    }

    fn row(at: i64, dose: u8, doses: u32) -> PlanRow {
        PlanRow {
            day: day(at),
            place: PlaceCode::from("A"),
            team: None,
            area: AreaCode::from("N"),
            group: GroupId::from("adults"),
            dose,
            doses,
        }
    }

    fn ill(of: &Jurisdiction, who: &str, at: i64) -> Jurisdiction {
        let mut of = of.clone();
        let staff = StaffId::from(who);
        of.leave.push(Leave { staff, first: day(at), last: day(at), reason: None });
        of
    }

    #[test]
    fn a_sick_call_costs_seats_only_where_nobody_takes_over() {
        let old = small();
        let plans = [vec![row(0, 1, 9), row(1, 1, 5), row(1, 2, 4)], vec![row(1, 1, 7)]];
        let lost = |new: &Jurisdiction| {
            let found = staff_lost((&old, new), &plans, (&[], &[]), day(1));
            let doses = |lost: &Vec<Lost>| lost.iter().map(|one| one.row.doses).sum::<u32>();
            found.iter().map(doses).collect::<Vec<_>>()
        };
        assert!(!staff_differs(&old, &old));
        assert!(staff_differs(&old, &ill(&old, "r1", 1)));
        assert_eq!(lost(&ill(&old, "r1", 1)), [0, 0], "the other registrar comes");
        assert_eq!(lost(&ill(&old, "v", 1)), [9, 7], "nobody else vaccinates");
        assert_eq!(lost(&ill(&old, "v", 0)), [0, 0], "that day stays as it was told");
        // Who was missing already is no news.
        let without = ill(&old, "v", 1);
        let again = ill(&without, "d", 1);
        let found = staff_lost((&without, &again), &plans, (&[], &[]), day(1));
        assert!(found.iter().all(Vec::is_empty), "{found:?}");
    }

    #[test]
    fn what_does_not_stand_any_more_is_not_lost_twice() {
        let mut left = Remains { rows: vec![row(1, 1, 5)], lost: Vec::new() };
        let seat = |doses| Lost { row: row(1, 1, doses), cause: Cause::Staff };
        left.lose(&[seat(3), seat(4), Lost { row: row(2, 1, 1), cause: Cause::Staff }]);
        assert!(left.rows.is_empty());
        let lost: Vec<u32> = left.lost.iter().map(|one| one.row.doses).collect();
        assert_eq!(lost, [3, 2]);
    }
}
