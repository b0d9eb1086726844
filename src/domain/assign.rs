//! Who of the register is expected at which session of the plan. Stable: nobody who has an appointment that still
//! stands is moved.
//!
//! A register may hold only a part of a cohort. Its people then take their part of every session, so that a register
//! of one in ten fills a tenth of each session instead of the first tenth of the sessions.

use super::id::{AreaCode, GroupId, PersonId, PlaceCode};
use super::plan::PlanRow;
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// A person's appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Who.
    pub person: PersonId,
    /// For which dose.
    pub dose: u8,
    /// When.
    pub day: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// Number of the plan whose session it is.
    pub plan: i64,
    /// When it was made, milliseconds since 1970.
    pub made_at: i64,
}

/// How an appointment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// The dose was given.
    Done,
    /// The person did not come.
    Absent,
    /// The plan no longer has the session, or the person no longer fits it.
    PlanChanged,
    /// The person refused, is deferred, contraindicated, moved or dead.
    Barred,
}

impl Ended {
    /// The word in the database and in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Absent => "absent",
            Self::PlanChanged => "plan_changed",
            Self::Barred => "barred",
        }
    }
}

/// A person of the register whose next dose may be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub person: PersonId,
    /// Where they live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// Number of the next dose.
    pub dose: u8,
    /// First day on which it counts.
    pub earliest: NaiveDate,
    /// The last day of its window, if it has one.
    pub latest: Option<NaiveDate>,
    /// How often they did not come for it, and when last.
    pub absences: u32,
    /// When they last did not come.
    pub absent_last: Option<NaiveDate>,
}

/// What the assignment works on.
#[derive(Debug)]
pub struct Input<'a> {
    /// The adopted plan.
    pub rows: &'a [PlanRow],
    /// Its number.
    pub plan: i64,
    /// The day: appointments before it are past.
    pub today: NaiveDate,
    /// Who may be assigned, in any order.
    pub candidates: Vec<Candidate>,
    /// Who must not be called.
    pub barred: &'a BTreeSet<PersonId>,
    /// Today's appointments.
    pub current: BTreeMap<PersonId, Assignment>,
    /// Places and days with a report; without one nobody is called absent.
    pub reported: &'a BTreeSet<(PlaceCode, NaiveDate)>,
    /// People of each cohort: planned people, people of the register.
    pub shares: &'a BTreeMap<(AreaCode, GroupId), (u64, u64)>,
    /// The present, milliseconds since 1970.
    pub now: i64,
}

/// What changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Appointments that stay.
    pub kept: usize,
    /// New ones.
    pub new: Vec<Assignment>,
    /// Those that end, and why.
    pub ended: Vec<(Assignment, Ended)>,
    /// People who are due and found no session.
    pub without: usize,
}

/// How long a place may be late with its report before its guests count as absent.
const REPORT_WAIT_DAYS: i64 = 3;
/// A person who did not come is called again after so many days, twice as many the second time.
const AGAIN_DAYS: i64 = 7;
/// After so many absences for one dose a person is no longer given appointments; the due list still has them.
pub const ABSENCES_MAX: u32 = 3;

/// The sessions of one cohort and dose, by (day, place), with a way to skip those that are full.
#[derive(Default)]
struct Sessions {
    slots: Vec<Slot>,
    next_free: Vec<usize>,
}

struct Slot {
    day: NaiveDate,
    place: PlaceCode,
    /// Doses planned.
    doses: u64,
    /// The register's part of them.
    part: u64,
    used: u64,
}

impl Sessions {
    fn set_parts(&mut self, planned: u64, registered: u64) {
        self.slots.sort_by(|a, b| (a.day, &a.place).cmp(&(b.day, &b.place)));
        let (mut sum, mut allowed) = (0_u64, 0_u64);
        for slot in &mut self.slots {
            sum += slot.doses;
            let until = if registered >= planned || planned == 0 {
                sum
            } else {
                (sum * registered).div_ceil(planned)
            };
            slot.part = until - allowed;
            allowed = until;
        }
        self.next_free = (0..=self.slots.len()).collect();
    }

    fn find(&self, day: NaiveDate, place: &PlaceCode) -> Option<usize> {
        self.slots.binary_search_by(|slot| (slot.day, &slot.place).cmp(&(day, place))).ok()
    }

    fn free_from(&mut self, index: usize) -> usize {
        let mut found = index;
        while found < self.slots.len() {
            let slot = &self.slots[found];
            if slot.used < slot.part {
                break;
            }
            let next = self.next_free[found].max(found + 1);
            self.next_free[found] = self.next_free[next.min(self.slots.len())].max(next);
            found = self.next_free[found];
        }
        found
    }
}

/// Assigns the people who are due to the plan's sessions.
#[must_use]
pub fn assign(input: Input<'_>) -> Output {
    let mut sessions = sessions_of(input.rows, input.today, input.shares);
    let mut out = Output::default();
    let mut candidates = input.candidates;
    candidates.sort_by(|a, b| {
        let order = |c: &Candidate| (c.latest.unwrap_or(NaiveDate::MAX), c.earliest);
        order(a).cmp(&order(b)).then_with(|| a.person.cmp(&b.person))
    });
    let mut current = input.current;
    let mut open = Vec::with_capacity(candidates.len());
    for mut candidate in candidates {
        let Some(held) = current.remove(&candidate.person) else {
            open.push(candidate);
            continue;
        };
        match judge(&held, &candidate, input.today, input.reported, &mut sessions) {
            None => out.kept += 1,
            Some(why) => {
                if why == Ended::Absent {
                    candidate.absences += 1;
                    candidate.absent_last = Some(held.day);
                }
                out.ended.push((held, why));
                open.push(candidate);
            }
        }
    }
    // Whoever is left is no candidate any more: barred, or has had every dose.
    for (person, held) in current {
        let why = if input.barred.contains(&person) { Ended::Barred } else { Ended::Done };
        out.ended.push((held, why));
    }
    let first_day = input.today + TimeDelta::days(1);
    for candidate in open {
        match place(&candidate, first_day, &mut sessions) {
            Some((day, place)) => out.new.push(Assignment {
                person: candidate.person,
                dose: candidate.dose,
                day,
                place,
                plan: input.plan,
                made_at: input.now,
            }),
            None => out.without += 1,
        }
    }
    out
}

type ByKind = BTreeMap<(AreaCode, GroupId, u8), Sessions>;

fn sessions_of(
    rows: &[PlanRow],
    today: NaiveDate,
    shares: &BTreeMap<(AreaCode, GroupId), (u64, u64)>,
) -> ByKind {
    let mut out = ByKind::new();
    for row in rows.iter().filter(|row| row.day >= today) {
        let key = (row.area.clone(), row.group.clone(), row.dose);
        out.entry(key).or_default().slots.push(Slot {
            day: row.day,
            place: row.place.clone(),
            doses: u64::from(row.doses),
            part: 0,
            used: 0,
        });
    }
    for ((area, group, _), sessions) in &mut out {
        let (planned, registered) =
            shares.get(&(area.clone(), group.clone())).copied().unwrap_or((0, 0));
        sessions.set_parts(planned, registered);
    }
    out
}

/// `None`: the appointment stands.
fn judge(
    held: &Assignment,
    candidate: &Candidate,
    today: NaiveDate,
    reported: &BTreeSet<(PlaceCode, NaiveDate)>,
    sessions: &mut ByKind,
) -> Option<Ended> {
    if candidate.dose != held.dose || candidate.earliest > held.day && held.day < today {
        return Some(Ended::Done);
    }
    if held.day < today {
        let known = reported.contains(&(held.place.clone(), held.day));
        let late = (today - held.day).num_days() > REPORT_WAIT_DAYS;
        return (known || late).then_some(Ended::Absent);
    }
    let key = (candidate.area.clone(), candidate.group.clone(), candidate.dose);
    let Some(mine) = sessions.get_mut(&key) else { return Some(Ended::PlanChanged) };
    let slot = mine.find(held.day, &held.place).map(|index| &mut mine.slots[index]);
    match slot {
        Some(slot) if slot.used < slot.doses && held.day >= candidate.earliest => {
            slot.used += 1;
            None
        }
        _ => Some(Ended::PlanChanged),
    }
}

fn place(
    candidate: &Candidate,
    first_day: NaiveDate,
    sessions: &mut ByKind,
) -> Option<(NaiveDate, PlaceCode)> {
    if candidate.absences >= ABSENCES_MAX {
        return None;
    }
    let again = candidate.absent_last.map(|day| {
        day + TimeDelta::days(AGAIN_DAYS * (1 << candidate.absences.saturating_sub(1).min(8)))
    });
    let from = first_day.max(candidate.earliest).max(again.unwrap_or(first_day));
    let key = (candidate.area.clone(), candidate.group.clone(), candidate.dose);
    let mine = sessions.get_mut(&key)?;
    let start = mine.slots.partition_point(|slot| slot.day < from);
    let index = mine.free_from(start);
    let slot = mine.slots.get_mut(index)?;
    slot.used += 1;
    Some((slot.day, slot.place.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2021, 5, number).expect("a day")
    }

    fn row(number: u32, doses: u32) -> PlanRow {
        PlanRow {
            day: day(number),
            place: "S1".into(),
            team: None,
            area: "a".into(),
            group: "g".into(),
            dose: 1,
            doses,
        }
    }

    fn candidate(person: &str) -> Candidate {
        Candidate {
            person: person.into(),
            area: "a".into(),
            group: "g".into(),
            dose: 1,
            earliest: day(1),
            latest: None,
            absences: 0,
            absent_last: None,
        }
    }

    fn run(
        rows: &[PlanRow],
        people: &[&str],
        current: BTreeMap<PersonId, Assignment>,
        today: u32,
        share: (u64, u64),
    ) -> Output {
        let shares = BTreeMap::from([(("a".into(), "g".into()), share)]);
        let reported = (1..=31).map(|number| ("S1".into(), day(number))).collect();
        assign(Input {
            rows,
            plan: 1,
            today: day(today),
            candidates: people.iter().map(|person| candidate(person)).collect(),
            barred: &BTreeSet::new(),
            current,
            reported: &reported,
            shares: &shares,
            now: 0,
        })
    }

    fn held(out: &Output) -> BTreeMap<PersonId, Assignment> {
        out.new.iter().map(|one| (one.person.clone(), one.clone())).collect()
    }

    #[test]
    fn running_again_moves_nobody() {
        let rows = [row(3, 2), row(4, 2)];
        let first = run(&rows, &["p1", "p2", "p3"], BTreeMap::new(), 1, (3, 3));
        let days: Vec<_> = first.new.iter().map(|one| one.day).collect();
        assert_eq!(days, [day(3), day(3), day(4)]);
        let again = run(&rows, &["p1", "p2", "p3"], held(&first), 1, (3, 3));
        assert_eq!((again.kept, again.new.len(), again.ended.len()), (3, 0, 0));
    }

    #[test]
    fn only_those_move_whose_session_is_gone() {
        let first = run(&[row(3, 2), row(4, 2)], &["p1", "p2", "p3"], BTreeMap::new(), 1, (3, 3));
        let then = run(&[row(3, 2), row(5, 2)], &["p1", "p2", "p3"], held(&first), 1, (3, 3));
        assert_eq!(then.kept, 2);
        assert_eq!(then.ended[0].1, Ended::PlanChanged);
        assert_eq!((then.new[0].person.as_str(), then.new[0].day), ("p3", day(5)));
    }

    #[test]
    fn who_did_not_come_is_called_again_a_week_later() {
        let rows: Vec<_> = (3..=20).map(|number| row(number, 2)).collect();
        let first = run(&rows, &["p1"], BTreeMap::new(), 1, (1, 1));
        let then = run(&rows, &["p1"], held(&first), 4, (1, 1));
        assert_eq!(then.ended[0].1, Ended::Absent);
        assert_eq!(then.new[0].day, day(10));
    }

    #[test]
    fn a_register_of_a_tenth_takes_a_tenth_of_each_session() {
        let rows: Vec<_> = (3..=12).map(|number| row(number, 10)).collect();
        let people: Vec<String> = (0..10).map(|number| format!("p{number}")).collect();
        let people: Vec<&str> = people.iter().map(String::as_str).collect();
        let out = run(&rows, &people, BTreeMap::new(), 1, (100, 10));
        let days: BTreeSet<_> = out.new.iter().map(|one| one.day).collect();
        assert_eq!(days.len(), 10);
    }
}
