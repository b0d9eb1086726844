//! Appointments: which people of the register come to which session of the adopted plan.
//!
//! Running it again moves nobody whose appointment still stands.
//!
//! A register may hold only a part of those who are still to come. Its people then get the same part of every session:
//! where one of ten is in the register, they fill a tenth of each session, not all of the first tenth of the sessions.
//!
//! People, places and cohorts are numbers here, because the codes of a million people take more memory than all
//! the rest. The numbers of people and of places must be in the order of their codes: ties go to the smaller number.

use super::id::{PersonId, PlaceCode};
use super::outset::{Left, NAMES_WAIT_DAYS, REPORT_WAIT_DAYS};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

mod overbook;
pub mod overbook_play;
mod roll;
pub mod visits;

pub use overbook::Chances;
pub use roll::Roll;

/// A person of the register, by the position of their code among all codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonNo(pub u32);

/// A place, by the position of its code among all codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceNo(pub u32);

/// The people of one area and group, by their number in [`Input::left`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CohortNo(pub u32);

/// Doses that the plan gives to one cohort at one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The day of the session.
    pub day: NaiveDate,
    /// Its place.
    pub place: PlaceNo,
    /// Who gets the doses.
    pub cohort: CohortNo,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// How many doses, one for each person.
    pub doses: u32,
}

/// An appointment in numbers: the session at which a person is expected, and for which dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The day of the session.
    pub day: NaiveDate,
    /// Its place.
    pub place: PlaceNo,
    /// Number of the dose, from 1.
    pub dose: u8,
}

/// An appointment as it is stored: one for each person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Who.
    pub person: PersonId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// The day of the session.
    pub day: NaiveDate,
    /// Its place.
    pub place: PlaceCode,
    /// Number of the plan that the session is in.
    pub plan: i64,
    /// When the appointment was made, milliseconds since 1970.
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
    /// The place is shut on the day, has less room, or is no longer there.
    Closed,
    /// There is no vaccine for it.
    Short,
    /// The person took another one.
    Moved,
    /// The person said that they would not come.
    Cancelled,
}

impl Ended {
    /// The word in the database and in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Absent => "absent",
            Self::PlanChanged => "plan_changed",
            Self::Barred => "barred",
            Self::Closed => "closed",
            Self::Short => "short",
            Self::Moved => "moved",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A person of the register who is due for a dose, now or later, and may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub person: PersonNo,
    /// Their area and group.
    pub cohort: CohortNo,
    /// Number of the next dose, from 1.
    pub dose: u8,
    /// How often they did not come for this dose, or said that they would not.
    pub absences: u8,
    /// The last day on which they did not come; `None` without an absence.
    pub absent_last: Option<NaiveDate>,
    /// The first day on which the dose counts.
    pub earliest: NaiveDate,
    /// The last day that the series allows in a plan; `None` where it has none.
    pub latest: Option<NaiveDate>,
    /// The appointment that they have now.
    pub held: Option<Seat>,
    /// Whether they confirmed or booked it themselves: then nothing moves it but the place or the vaccine.
    pub has_answered: bool,
    /// Whether they were told of it. It moves only where it must.
    pub is_told: bool,
    /// Whether they come for another vaccine, too, at the same place and day. Then no seat on an earlier day is theirs.
    pub is_joined: bool,
    /// Whether they wait for a seat, because none was free for them. They come before others, and at once.
    pub waits: bool,
}

/// What the assignment works on.
#[derive(Debug)]
pub struct Input<'a> {
    /// What the adopted plan offers.
    pub offers: &'a [Offer],
    /// The present day. Sessions before it are over; nobody new is called for this day itself.
    pub today: NaiveDate,
    /// The first day of the plan. What stands before it is not the plan's to end.
    pub first: NaiveDate,
    /// Who may be called, in any order; everybody once.
    pub candidates: Vec<Candidate>,
    /// People with an appointment who are no candidates, by number, and whether they must not be called. The
    /// others have had every dose.
    pub others: Vec<(PersonNo, Seat, IsBarred)>,
    /// Places and days with a report. Where there is none yet, nobody is absent.
    pub reported: &'a BTreeSet<(PlaceNo, NaiveDate)>,
    /// Who is still to come, by cohort and number of the next dose; of the register alone where there is no entry.
    pub left: BTreeMap<(CohortNo, u8), Left>,
    /// How likely people come.
    pub chances: Chances,
}

/// Whether a person must not be called.
pub type IsBarred = bool;

/// What changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// How many appointments stay as they are.
    pub kept: usize,
    /// New appointments. Who had one before has it in `ended`, too.
    pub new: Vec<(PersonNo, Seat)>,
    /// Appointments that end, and why.
    pub ended: Vec<(PersonNo, Seat, Ended)>,
    /// How many people are due and found no session.
    pub without: usize,
}

/// Days after which a person who did not come is called again; twice as many after each further absence. Our choice: by
/// then the names of a late report are in, so that hardly anybody is called who came.
const RECALL_DAYS: i64 = REPORT_WAIT_DAYS + NAMES_WAIT_DAYS;
/// Doublings of [`RECALL_DAYS`], at most: more would lead beyond every campaign.
const RECALL_DOUBLINGS_MAX: u8 = 8;
/// Absences for a first dose after which a person gets no further appointment; the due list still has them. Our choice:
/// then somebody should call them.
const ABSENCES_MAX: u8 = 3;
/// The same for a later dose: whoever has begun wants the vaccine, and should finish in time. Our choice.
const ABSENCES_LATER_MAX: u8 = 5;

/// Whether somebody was absent too often for a dose to get another appointment.
#[must_use]
pub fn is_given_up(dose: u8, absences: u8) -> bool {
    absences >= if dose > 1 { ABSENCES_LATER_MAX } else { ABSENCES_MAX }
}

/// Seats of so many days that nobody takes are offered to people with a later appointment, if it is so many days later.
/// Our choice: people are told the day before, so nobody knows of the later one yet.
const FORWARD_WITHIN_DAYS: i64 = 3;
const FORWARD_LEAST_DAYS: i64 = 3;

/// The first day on which somebody may be called: after today, not before the dose counts, and some time after they
/// did not come, unless their window ends before that. Whoever has begun and must come inside a window is called again
/// as soon after each absence. `absent`: how often, and on which day last.
#[must_use]
pub fn callable_from(
    dose: u8,
    (earliest, latest): (NaiveDate, Option<NaiveDate>),
    absent: Option<(u8, NaiveDate)>,
    today: NaiveDate,
) -> NaiveDate {
    let from = (today + TimeDelta::days(1)).max(earliest);
    let Some((times, last)) = absent else { return from };
    let doublings = times.saturating_sub(1).min(RECALL_DOUBLINGS_MAX);
    let doublings = if dose > 1 && latest.is_some() { 0 } else { doublings };
    let recall = from.max(last + TimeDelta::days(RECALL_DAYS << doublings));
    match latest {
        Some(latest) if recall > latest && from <= latest => from,
        _ => recall,
    }
}

impl Candidate {
    /// Whose turn it is: first those who answered, then those who wait for a seat, then those whose window ends first,
    /// then those who may come first.
    fn turn(&self) -> (bool, bool, NaiveDate, NaiveDate, PersonNo) {
        let latest = self.latest.unwrap_or(NaiveDate::MAX);
        (!self.has_answered, !self.waits, latest, self.earliest, self.person)
    }

    /// Notes that they did not come on a day.
    fn note_absence(&mut self, day: NaiveDate) {
        self.absences = self.absences.saturating_add(1);
        self.absent_last = Some(day);
    }

    fn callable_from(&self, today: NaiveDate) -> NaiveDate {
        let absent = self.absent_last.filter(|_| !self.waits);
        let absent = absent.map(|last| (self.absences, last));
        callable_from(self.dose, (self.earliest, self.latest), absent, today)
    }
}

/// The sessions of one cohort and dose, by day and place, with a way to skip those that are full.
#[derive(Default)]
struct Sessions {
    slots: Vec<Slot>,
    /// For each slot the next one that may be free: itself, or one after it.
    next_free: Vec<usize>,
}

struct Slot {
    day: NaiveDate,
    place: PlaceNo,
    /// Doses planned.
    doses: u64,
    /// The register's part of them, which new appointments may fill.
    part: u64,
    /// Appointments so far.
    used: u64,
}

impl Sessions {
    /// Works out the register's part of every session. Parts are rounded up in sum, so that no session loses more
    /// than one person to rounding.
    fn set_parts(&mut self, left: Left) {
        let Left { registered, others } = left;
        self.slots.sort_by_key(|slot| (slot.day, slot.place));
        let (mut sum, mut allowed) = (0_u64, 0_u64);
        for slot in &mut self.slots {
            sum += slot.doses;
            let until =
                if others == 0 { sum } else { (sum * registered).div_ceil(registered + others) };
            slot.part = until - allowed;
            allowed = until;
        }
        self.next_free = (0..=self.slots.len()).collect();
    }

    fn find(&mut self, day: NaiveDate, place: PlaceNo) -> Option<&mut Slot> {
        let index = self.slots.binary_search_by_key(&(day, place), |slot| (slot.day, slot.place));
        index.ok().map(|index| &mut self.slots[index])
    }

    /// The first session from `index` on that has room; the number of sessions where none has.
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

type ByCohortAndDose = BTreeMap<(CohortNo, u8), Sessions>;

/// Assigns the people who are due to the plan's sessions: first those who wait for a seat, then those whose
/// window ends first, then those who may come first, then by code. The order of the candidates given does not matter.
#[must_use]
pub fn assign(input: Input<'_>) -> Output {
    let whom = (input.candidates.as_slice(), input.today);
    let mut offers = overbook::without_seats(input.offers, whom, &input.chances);
    offers.extend_from_slice(input.offers);
    let mut sessions = sessions_of(&offers, input.today, &input.left);
    let mut out = Output::default();
    let (mut later, mut beyond) = (Later::new(), Vec::new());
    let tomorrow = input.today + TimeDelta::days(1);
    let mut open = input.candidates;
    // Appointments that stand take their seats before anybody new does: first those that were confirmed or booked, then
    // those of which people know, then visits for several vaccines.
    open.sort_unstable_by_key(|one| (!one.has_answered, !one.is_told, !one.is_joined, one.turn()));
    open.retain_mut(|candidate| {
        let Some(held) = candidate.held else { return true };
        let days = (input.today, input.first);
        let Some(why) = why_ended(held, candidate, days, input.reported, &mut sessions) else {
            out.kept += 1;
            if !candidate.has_answered && !candidate.is_told && !candidate.is_joined {
                let key = (candidate.cohort, candidate.dose);
                later.entry(key).or_default().push((held, *candidate));
            }
            return false;
        };
        if why == Ended::PlanChanged && held.day <= tomorrow && candidate.earliest <= held.day {
            beyond.push((held, *candidate));
            return false;
        }
        if why == Ended::Absent {
            candidate.note_absence(held.day);
        }
        out.ended.push((candidate.person, held, why));
        true
    });
    open.extend(overbook::keep((beyond, input.today), &mut sessions, &input.chances, &mut out));
    open.sort_unstable_by_key(Candidate::turn);
    out.ended.extend(input.others.into_iter().map(|(person, held, is_barred)| {
        (person, held, if is_barred { Ended::Barred } else { Ended::Done })
    }));
    for candidate in open {
        match first_free(&candidate, input.today, &mut sessions) {
            Some(seat) => out.new.push((candidate.person, seat)),
            None => out.without += 1,
        }
    }
    bring_forward(&mut later, input.today, &mut sessions, &mut out);
    overbook::call(later, input.today, &mut sessions, &input.chances, &mut out);
    out
}

/// People who keep an appointment, by cohort and dose.
type Later = BTreeMap<(CohortNo, u8), Vec<(Seat, Candidate)>>;

/// Offers seats of the next days that nobody else takes to people with an appointment much later: of a cohort to those
/// who would come last.
fn bring_forward(
    later: &mut Later,
    today: NaiveDate,
    sessions: &mut ByCohortAndDose,
    out: &mut Output,
) {
    let until = today + TimeDelta::days(FORWARD_WITHIN_DAYS);
    for (key, people) in later {
        let Some(mine) = sessions.get_mut(key) else { continue };
        people.sort_by_key(|(held, one)| (held.day, std::cmp::Reverse(one.person)));
        for at in 0..mine.slots.len() {
            let (day, place) = (mine.slots[at].day, mine.slots[at].place);
            if day <= today || day > until {
                continue;
            }
            while mine.slots[at].used < mine.slots[at].part {
                let may = |(held, one): &(Seat, Candidate)| {
                    one.callable_from(today) <= day
                        && (held.day - day).num_days() >= FORWARD_LEAST_DAYS
                };
                let Some(found) = people.iter().rposition(may) else { break };
                let (held, one) = people.remove(found);
                if let Some(old) = mine.find(held.day, held.place) {
                    old.used -= 1;
                }
                mine.slots[at].used += 1;
                out.kept -= 1;
                out.ended.push((one.person, held, Ended::PlanChanged));
                out.new.push((one.person, Seat { day, place, dose: one.dose }));
            }
        }
    }
}

fn sessions_of(
    offers: &[Offer],
    today: NaiveDate,
    left: &BTreeMap<(CohortNo, u8), Left>,
) -> ByCohortAndDose {
    let mut out = ByCohortAndDose::new();
    for offer in offers.iter().filter(|offer| offer.day >= today) {
        out.entry((offer.cohort, offer.dose)).or_default().slots.push(Slot {
            day: offer.day,
            place: offer.place,
            doses: u64::from(offer.doses),
            part: 0,
            used: 0,
        });
    }
    for (key, sessions) in &mut out {
        sessions.set_parts(left.get(key).copied().unwrap_or_default());
    }
    out
}

/// Why a candidate's appointment has ended; `None` where it stands, and then it takes its seat.
fn why_ended(
    held: Seat,
    candidate: &Candidate,
    (today, first): (NaiveDate, NaiveDate),
    reported: &BTreeSet<(PlaceNo, NaiveDate)>,
    sessions: &mut ByCohortAndDose,
) -> Option<Ended> {
    let is_past = held.day < today;
    // The dose could have been given then, and now it cannot until later: one was given that must be repeated.
    if candidate.dose != held.dose || is_past && candidate.earliest > held.day {
        return Some(Ended::Done);
    }
    if is_past {
        let is_known = reported.contains(&(held.place, held.day));
        let is_late = (today - held.day).num_days() > REPORT_WAIT_DAYS;
        return (is_known || is_late).then_some(Ended::Absent);
    }
    if held.day < first {
        return None;
    }
    if held.day < candidate.earliest {
        return Some(Ended::PlanChanged);
    }
    let takes = |of: &mut Sessions| {
        let slot = of.find(held.day, held.place).filter(|slot| slot.used < slot.doses);
        slot.map(|slot| slot.used += 1).is_some()
    };
    if sessions.get_mut(&(candidate.cohort, candidate.dose)).is_some_and(takes) {
        return None;
    }
    // Where the plan has the session for others now, whoever answered keeps a seat there.
    let mut same = sessions.iter_mut().filter(|((_, dose), _)| *dose == candidate.dose);
    let is_kept = candidate.has_answered && same.any(|(_, of)| takes(of));
    if is_kept { None } else { Some(Ended::PlanChanged) }
}

/// The first session with room at which a candidate can get their dose; `None` where there is none, or where they
/// have been absent too often.
fn first_free(
    candidate: &Candidate,
    today: NaiveDate,
    sessions: &mut ByCohortAndDose,
) -> Option<Seat> {
    if is_given_up(candidate.dose, candidate.absences) && !candidate.waits {
        return None;
    }
    let from = candidate.callable_from(today);
    let mine = sessions.get_mut(&(candidate.cohort, candidate.dose))?;
    let start = mine.slots.partition_point(|slot| slot.day < from);
    let mut index = mine.free_from(start);
    // Who waits has said of that day that they cannot come, or stayed away.
    let is_unfit = |slot: &Slot| candidate.waits && Some(slot.day) == candidate.absent_last;
    while mine.slots.get(index).is_some_and(is_unfit) {
        index = mine.free_from(index + 1);
    }
    // Who has begun must finish in time: then any seat will do, also one beyond the register's part.
    let is_late = |slot: Option<&Slot>| {
        slot.is_none_or(|slot| candidate.latest.is_some_and(|latest| slot.day > latest))
    };
    if candidate.dose > 1 && is_late(mine.slots.get(index)) {
        let any = (start..mine.slots.len()).find(|at| mine.slots[*at].used < mine.slots[*at].doses);
        index = any.unwrap_or(index);
    }
    let slot = mine.slots.get_mut(index)?;
    slot.used += 1;
    Some(Seat { day: slot.day, place: slot.place, dose: candidate.dose })
}

#[cfg(test)]
#[path = "assign_properties.rs"]
mod properties;
#[cfg(test)]
#[path = "assign_tests.rs"]
mod tests;
