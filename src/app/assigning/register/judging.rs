//! How everybody of the register stands: due, barred, expected, to be called again later.

use super::super::super::Loaded;
use super::{Barred, Cohorts, Days, Enrolled, Places, Shot};
use crate::domain::assign::{
    Candidate, IsBarred, PersonNo, PlaceNo, Seat, callable_from, is_given_up,
};
use crate::domain::judge::{Asks, Due, Judged, Outlook};
use crate::domain::outset::{CohortPersons, REPORT_WAIT_DAYS};
use crate::domain::rules::Patient;
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of people, each list sorted by person.
pub(super) struct Known<'a> {
    pub(super) given: Vec<(PersonNo, Shot)>,
    pub(super) barring: BTreeMap<PersonNo, Barred>,
    pub(super) absences: BTreeMap<(PersonNo, u8), (u8, NaiveDate)>,
    pub(super) held: Vec<(PersonNo, Seat)>,
    /// Those of them who confirmed or booked their appointment themselves.
    pub(super) answered: BTreeSet<PersonNo>,
    /// Those of them who were told of it.
    pub(super) told: BTreeSet<PersonNo>,
    /// Those of them who come for another campaign at the same place and day.
    pub(super) joined: BTreeSet<PersonNo>,
    /// Who waits for a seat, and for which dose.
    pub(super) waiting: &'a BTreeSet<(PersonNo, u8)>,
    pub(super) reported: &'a BTreeSet<(PlaceNo, NaiveDate)>,
    pub(super) places: &'a Places,
}

impl Known<'_> {
    /// Whether somebody did not come to an appointment, as assigning will find.
    fn is_missed(&self, seat: Seat, due: &Due, days: Days) -> bool {
        seat.dose == due.number
            && seat.day <= days.today
            && seat.day < days.open
            && due.earliest <= seat.day
            && !self.is_open(seat, due, days)
    }

    /// Whether nobody knows yet what comes of an appointment.
    fn is_open(&self, seat: Seat, due: &Due, days: Days) -> bool {
        seat.dose == due.number
            && seat.day < days.open
            && due.earliest <= seat.day
            && (days.today - seat.day).num_days() <= REPORT_WAIT_DAYS
            && !self.reported.contains(&(seat.place, seat.day))
    }
}

pub(super) type Others = Vec<(PersonNo, Seat, IsBarred)>;

/// Who is due and may be called, and who else has an appointment. Counts how the people of each cohort stand: all of
/// them, in a catch-up campaign only those who miss a dose or have had their visit.
pub(super) fn judge_all(
    loaded: &Loaded,
    days: Days,
    people: &[Enrolled],
    known: &Known<'_>,
    cohorts: &mut Cohorts,
) -> (Vec<Candidate>, Others) {
    let asks_all = matches!(loaded.judge.asks, Asks::Series { .. });
    let (mut candidates, mut others) = (Vec::new(), Vec::new());
    let (mut given, mut held) = (known.given.as_slice(), known.held.as_slice());
    for (no, person) in (0..).map(PersonNo).zip(people) {
        let mine = split_off(&mut given, no);
        let seat = split_off(&mut held, no).first().map(|(_, seat)| *seat);
        let mut not_due = |is_barred| others.extend(seat.map(|seat| (no, seat, is_barred)));
        if let Some(before) = person.counted_in {
            cohorts.of(before).joined -= 1;
        }
        let Some(cohort) = person.cohort else {
            not_due(false);
            continue;
        };
        let outlook = loaded.judge.outlook_of(&Patient {
            born: person.born,
            sex: person.sex,
            as_of: days.today,
            country: None,
            doses: mine.iter().map(|(_, shot)| shot.given()).collect(),
            observations: Vec::new(),
        });
        if !asks_all && outlook.due.is_none() && outlook.doses.iter().all(|dose| dose.number == 0) {
            not_due(false);
            continue;
        }
        let standing = cohorts.of(cohort);
        standing.joined += i64::from(person.counted_in.is_some());
        let last = mine.last().map(|(_, shot)| shot.date);
        let prospect = Prospect::of((no, person.has_died), (&outlook, last), seat, known, days);
        prospect.count(standing, &outlook, seat, known, days);
        let Some(due) = outlook.due.filter(|_| !prospect.is_barred) else {
            not_due(prospect.is_barred);
            continue;
        };
        candidates.push(Candidate {
            person: no,
            cohort,
            dose: due.number,
            absences: prospect.noted_absent.map_or(0, |(times, _)| times),
            absent_last: prospect.noted_absent.map(|(_, last)| last),
            earliest: due.earliest,
            latest: due.latest,
            held: seat,
            has_answered: known.answered.contains(&no),
            is_told: known.told.contains(&no),
            is_joined: known.joined.contains(&no),
            waits: seat.is_none() && known.waiting.contains(&(no, due.number)),
        });
    }
    others.extend(held.iter().map(|(person, seat)| (*person, *seat, false)));
    (candidates, others)
}

/// What can be expected of somebody of the register.
struct Prospect {
    /// They must not be called today.
    is_barred: bool,
    /// They get no further dose.
    is_gone: bool,
    /// How often they were found absent for the next dose, and on which day last.
    noted_absent: Option<(u8, NaiveDate)>,
    /// The first day on which they may be called; `None` where nothing is due.
    again: Option<NaiveDate>,
}

impl Prospect {
    fn of(
        (no, has_died): (PersonNo, bool),
        (outlook, last): (&Outlook, Option<NaiveDate>),
        seat: Option<Seat>,
        known: &Known<'_>,
        days: Days,
    ) -> Self {
        // A dose given since lifts what was noted before it.
        let last_own = last_own(outlook);
        let noted = known.barring.get(&no).filter(|noted| noted.holds(last, last_own));
        let absent_for = |due: Due| known.absences.get(&(no, due.number)).copied();
        let noted_absent = outlook.due.and_then(absent_for);
        let missed = outlook.due.and_then(|due| {
            let seat = seat.filter(|seat| known.is_missed(*seat, &due, days))?;
            Some((noted_absent.map_or(0, |(times, _)| times).saturating_add(1), seat.day))
        });
        let absent = missed.or(noted_absent);
        let again = outlook.due.map(|due| {
            let until = noted.and_then(|noted| noted.until);
            let free = until.map_or(due.earliest, |until| due.earliest.max(until + DAY));
            callable_from(due.number, (free, due.latest), absent, days.today)
        });
        let dose = outlook.due.map_or(1, |due| due.number);
        let is_given_up = absent.is_some_and(|(times, _)| is_given_up(dose, times));
        Self {
            is_barred: has_died || noted.is_some(),
            is_gone: has_died || is_given_up || noted.is_some_and(|noted| noted.for_good),
            noted_absent,
            again,
        }
    }

    /// Counts the person in their cohort.
    fn count(
        &self,
        standing: &mut CohortPersons,
        outlook: &Outlook,
        seat: Option<Seat>,
        known: &Known<'_>,
        days: Days,
    ) {
        let Some(due) = outlook.due.filter(|_| self.is_gone) else {
            count_given(standing, &outlook.doses, (outlook.due, self.again), days);
            let Some(due) = outlook.due else { return };
            let open = seat.filter(|seat| !self.is_barred && known.is_open(*seat, &due, days));
            if let Some(seat) = open {
                let place = known.places.get(seat.place).clone();
                *standing.expected.entry((due.number, seat.day, place)).or_insert(0) += 1;
            } else {
                count_due(standing, due.number, self.again, days);
            }
            return;
        };
        standing.gone += u32::from(due.number > 1);
    }
}

/// The day of somebody's last dose of the campaign.
fn last_own(outlook: &Outlook) -> Option<NaiveDate> {
    outlook.doses.iter().filter(|dose| dose.number > 0).map(|dose| dose.date).next_back()
}

/// Counts the doses of somebody who goes on or has finished: of each number the last one, because a dose that must be
/// repeated does not bring them on. Who can be called again only later than the dose allows counts as if the last one
/// had been given so much later.
fn count_given(
    standing: &mut CohortPersons,
    doses: &[Judged],
    (due, again): (Option<Due>, Option<NaiveDate>),
    days: Days,
) {
    let next = due.map_or(u8::MAX, |due| due.number);
    let mut of_number: BTreeMap<u8, NaiveDate> = BTreeMap::new();
    for dose in doses.iter().filter(|dose| 0 < dose.number && dose.number < next) {
        of_number.insert(dose.number, dose.date);
    }
    if let (Some(due), Some(again), Some(mut last)) = (due, again, of_number.last_entry())
        && again > days.open.max(due.earliest)
        && due.latest.is_none_or(|latest| again <= latest)
    {
        *last.get_mut() = (*last.get() + (again - due.earliest)).min(days.open - DAY);
    }
    for key in of_number {
        *standing.given.entry(key).or_insert(0) += 1;
    }
}

/// Counts somebody who may be called for a dose from a day on.
fn count_due(standing: &mut CohortPersons, dose: u8, again: Option<NaiveDate>, days: Days) {
    if dose == 1 && again.is_some_and(|again| again > days.open + DAY) {
        standing.resting += 1;
    } else {
        *standing.due.entry(dose).or_insert(0) += 1;
    }
}

/// One day.
const DAY: TimeDelta = TimeDelta::days(1);

/// The entries of a person at the start of a list that is sorted by person; takes them off.
fn split_off<'a, T>(list: &mut &'a [(PersonNo, T)], person: PersonNo) -> &'a [(PersonNo, T)] {
    let count = list.iter().take_while(|(no, _)| *no == person).count();
    let (mine, rest) = list.split_at(count);
    *list = rest;
    mine
}
