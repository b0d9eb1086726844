//! Booking (预约): the slots of a session, which seats are free, and which of them somebody may take.
//!
//! The plan says how many doses of each number a session has for each cohort. A seat is one of these doses in one slot;
//! a booking takes it from its own cohort alone, so that nobody takes what was planned for others.

use super::campaign::CohortKey;
use super::id::{AreaCode, GroupId, PlaceCode};
use super::judge::Due;
use super::jurisdiction::{AgreedSession, Hours};
use super::person::OutcomeKind;
use super::plan::PlanRow;
use super::words::words;
use chrono::{NaiveDate, NaiveTime, TimeDelta, Timelike as _};
use std::collections::BTreeMap;
use std::fmt;

/// Minutes of a slot where a site says none.
pub const SLOT_MINUTES: u32 = 30;

/// Minutes of a day.
const DAY_MINUTES: i64 = 24 * 60;

/// When a slot begins: a minute of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotTime(u16);

impl SlotTime {
    /// The minute of the day; `None` beyond its end.
    pub fn of_minute(minute: i64) -> Option<Self> {
        let is_of_day = (0..DAY_MINUTES).contains(&minute);
        u16::try_from(minute).ok().filter(|_| is_of_day).map(Self)
    }

    /// The slot that begins at a time.
    pub fn of_time(time: NaiveTime) -> Self {
        let minute = time.num_seconds_from_midnight() / 60;
        Self(u16::try_from(minute).unwrap_or_default())
    }

    /// Reads `08:30`.
    pub fn parse(text: &str) -> Option<Self> {
        NaiveTime::parse_from_str(text.trim(), "%H:%M").ok().map(Self::of_time)
    }

    /// The minute of the day.
    pub fn minute(self) -> i64 {
        i64::from(self.0)
    }

    /// The same as a time.
    pub fn time(self) -> NaiveTime {
        NaiveTime::MIN + TimeDelta::minutes(self.minute())
    }
}

impl fmt::Display for SlotTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// The hours of a session and the length of its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From opening to closing.
    pub hours: Hours,
    /// Minutes of a slot, above 0.
    pub slot_minutes: u32,
}

impl Timing {
    /// When the slots begin. What is left at the end belongs to the last one.
    pub fn slots(self) -> Vec<SlotTime> {
        let length = i64::from(self.slot_minutes.max(1));
        let count = (self.hours.minutes() / length).max(1);
        let first = SlotTime::of_time(self.hours.opens).minute();
        (0..count).filter_map(|nth| SlotTime::of_minute(first + nth * length)).collect()
    }

    /// When a slot ends.
    pub fn end_of(self, slot: SlotTime) -> NaiveTime {
        let is_last = self.slots().last() == Some(&slot);
        let end = slot.time() + TimeDelta::minutes(i64::from(self.slot_minutes));
        if is_last { self.hours.closes } else { end }
    }
}

words! {
    /// What somebody said to an appointment.
    pub enum Answer {
        /// They come.
        Confirmed = "confirmed",
        /// They took it themselves.
        Booked = "booked",
    }
}

words! {
    /// How somebody stands to a seat of a session.
    pub enum SeatStand {
        /// The plan gave it to them, and they have not answered.
        Expected = "expected",
        /// They come.
        Confirmed = "confirmed",
        /// They took it themselves.
        Booked = "booked",
        /// They gave it back for another one.
        Moved = "moved",
        /// They gave it back.
        Cancelled = "cancelled",
    }
}

impl SeatStand {
    /// Of whoever has the seat and said this to it.
    pub fn of(answer: Option<Answer>) -> Self {
        match answer {
            None => Self::Expected,
            Some(Answer::Confirmed) => Self::Confirmed,
            Some(Answer::Booked) => Self::Booked,
        }
    }
}

words! {
    /// Why somebody cannot book.
    pub enum NoBooking {
        /// They have died.
        Dead = "dead",
        /// They refused, are deferred, contraindicated or have moved.
        Barred = "barred",
        /// The dose was given, or another one is due.
        Given = "given",
        /// The campaign does not ask them.
        NotAsked = "not-asked",
        /// The dose counts on no day of the campaign that is left.
        Outside = "outside",
        /// No plan is in force.
        Unplanned = "unplanned",
        /// The seat has gone to somebody else.
        Full = "full",
        /// It is no seat that they may take.
        NotOffered = "not-offered",
        /// There is no appointment.
        None = "none",
        /// They have an appointment, and wait for none.
        HasOne = "has-one",
        /// The register does not have them, or the campaign is closed.
        Stranger = "stranger",
        /// Several campaigns have a seat for them there, and nothing says which one is meant.
        WhichCampaign = "which-campaign",
    }
}

/// Somebody who would book a dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booker {
    /// Whose seats they take; `None`: the campaign does not ask them.
    pub cohort: Option<CohortKey>,
    /// The dose that the booking is for.
    pub dose: u8,
    /// The dose that is due.
    pub due: Option<Due>,
    /// Why they must not be called.
    pub barred: Option<OutcomeKind>,
}

impl Booker {
    /// The first and the last day that they may take: nobody can be expected for the present day any more, and whose
    /// window is over may come on any day that is left.
    pub fn days(
        &self,
        today: NaiveDate,
        end: NaiveDate,
    ) -> Result<(NaiveDate, NaiveDate), NoBooking> {
        match self.barred {
            Some(OutcomeKind::Dead) => return Err(NoBooking::Dead),
            Some(_) => return Err(NoBooking::Barred),
            None => {}
        }
        let due = self.due.filter(|due| due.number == self.dose).ok_or(NoBooking::Given)?;
        if self.cohort.is_none() {
            return Err(NoBooking::NotAsked);
        }
        let first = due.earliest.max(today + TimeDelta::days(1));
        let last = due.latest.filter(|latest| *latest >= first).unwrap_or(end).min(end);
        if first <= last { Ok((first, last)) } else { Err(NoBooking::Outside) }
    }
}

/// The seats of one session: one place, one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotSeats {
    /// Seats by slot; one slot without a time where the place has no hours.
    pub slots: BTreeMap<Option<SlotTime>, u64>,
    /// Doses of the plan by cohort and number of the dose.
    pub doses: BTreeMap<(CohortKey, u8), u64>,
}

impl SlotSeats {
    /// The seats of a session with these rows of the plan. The slots get the same number, the first ones one more.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a PlanRow>, timing: Option<Timing>) -> Self {
        let mut doses: BTreeMap<(CohortKey, u8), u64> = BTreeMap::new();
        for row in rows {
            *doses.entry((CohortKey::of(row), row.dose)).or_default() += u64::from(row.doses);
        }
        let all: u64 = doses.values().sum();
        let times: Vec<Option<SlotTime>> = match timing {
            Some(timing) => timing.slots().into_iter().map(Some).collect(),
            None => vec![None],
        };
        let count = (times.len() as u64).max(1);
        let seats = |nth: u64| all / count + u64::from(nth < all % count);
        let slots = (0..).map(seats).zip(times).map(|(seats, time)| (time, seats)).collect();
        Self { slots, doses }
    }

    /// All seats.
    pub fn total(&self) -> u64 {
        self.doses.values().sum()
    }

    /// Takes an appointment to another slot. Where that has no seat left, one of those who may get another time leaves
    /// it; returns who, and says all of it to `taken`.
    pub fn change_time<T>(
        &self,
        taken: &mut Taken,
        (from, to): (Option<SlotTime>, SlotTime),
        untold: &mut Vec<T>,
    ) -> Option<T> {
        let seats = self.slots.get(&Some(to)).copied().unwrap_or(0);
        let is_full = taken.in_slot(Some(to)) >= seats;
        let leaves = if is_full { untold.pop() } else { None };
        if leaves.is_some() {
            taken.change_slot(Some(to), None);
        }
        taken.change_slot(from, Some(to));
        leaves
    }

    /// The slots in which somebody of a cohort can have a dose, with the seats that are free for them.
    pub fn free(
        &self,
        taken: &Taken,
        cohort: &CohortKey,
        dose: u8,
    ) -> Vec<(Option<SlotTime>, u64)> {
        let key = (cohort.clone(), dose);
        let had = taken.of_cohort.get(&key).copied().unwrap_or(0) + taken.of_nobody(dose);
        let own = self.doses.get(&key).copied().unwrap_or(0).saturating_sub(had);
        let most = own.min(self.total().saturating_sub(taken.total()));
        let free = |(slot, seats): (&Option<SlotTime>, &u64)| {
            let left = seats.saturating_sub(taken.in_slot(*slot)).min(most);
            (left > 0).then_some((*slot, left))
        };
        self.slots.iter().filter_map(free).collect()
    }

    /// Every slot with its seats and how many of them nobody has.
    pub fn open(&self, taken: &Taken) -> Vec<(Option<SlotTime>, u64, u64)> {
        let most = self.total().saturating_sub(taken.total());
        let left = |(slot, seats): (&Option<SlotTime>, &u64)| {
            (*slot, *seats, seats.saturating_sub(taken.in_slot(*slot)).min(most))
        };
        self.slots.iter().map(left).collect()
    }

    /// The slot for somebody who has a seat but none yet: the emptiest, the first of several. Says so to `taken`.
    pub fn give_slot(&self, taken: &mut Taken) -> Option<SlotTime> {
        let left = |(slot, seats): &(&Option<SlotTime>, &u64)| {
            i64::try_from(**seats).unwrap_or(i64::MAX)
                - i64::try_from(taken.in_slot(**slot)).unwrap_or(i64::MAX)
        };
        let found = self.slots.iter().rev().max_by_key(left)?.0.as_ref().copied()?;
        *taken.in_slots.entry(Some(found)).or_default() += 1;
        if let Some(without) = taken.in_slots.get_mut(&None) {
            *without = without.saturating_sub(1);
        }
        Some(found)
    }
}

/// Seats of a session that people have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    in_slots: BTreeMap<Option<SlotTime>, u64>,
    of_cohort: BTreeMap<(CohortKey, u8), u64>,
    /// Of appointments that do not say whose seats they take, by number of the dose.
    of_nobody: BTreeMap<u8, u64>,
}

impl Taken {
    /// Counts appointments.
    pub fn add(
        &mut self,
        slot: Option<SlotTime>,
        (cohort, dose): (Option<CohortKey>, u8),
        count: u64,
    ) {
        *self.in_slots.entry(slot).or_default() += count;
        match cohort {
            Some(cohort) => *self.of_cohort.entry((cohort, dose)).or_default() += count,
            None => *self.of_nobody.entry(dose).or_default() += count,
        }
    }

    /// Takes one appointment out again.
    pub fn leave(&mut self, slot: Option<SlotTime>, (cohort, dose): (Option<CohortKey>, u8)) {
        let count = match cohort {
            Some(cohort) => self.of_cohort.get_mut(&(cohort, dose)),
            None => self.of_nobody.get_mut(&dose),
        };
        for count in [count, self.in_slots.get_mut(&slot)].into_iter().flatten() {
            *count = count.saturating_sub(1);
        }
    }

    /// Takes one appointment from a slot to another.
    fn change_slot(&mut self, from: Option<SlotTime>, to: Option<SlotTime>) {
        if let Some(count) = self.in_slots.get_mut(&from) {
            *count = count.saturating_sub(1);
        }
        *self.in_slots.entry(to).or_default() += 1;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.in_slots.values().sum()
    }

    /// Those in a slot.
    pub fn in_slot(&self, slot: Option<SlotTime>) -> u64 {
        self.in_slots.get(&slot).copied().unwrap_or(0)
    }

    fn of_nobody(&self, dose: u8) -> u64 {
        self.of_nobody.get(&dose).copied().unwrap_or(0)
    }
}

/// A name of which one character is shown: of a Chinese one the last, which members of a family do not share; of
/// others the first.
pub fn masked(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    let stars = "＊".repeat(letters.len().saturating_sub(1).clamp(1, 2));
    let is_chinese = |letter: &char| ('\u{3400}'..='\u{9fff}').contains(letter);
    match letters.as_slice() {
        [] => "＊".to_owned(),
        [.., last] if letters.iter().all(is_chinese) => format!("{stars}{last}"),
        [first, ..] => format!("{first}{stars}"),
    }
}

/// Appointments that people confirmed or booked: at one session, for one cohort and dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedSeats {
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub place: PlaceCode,
    /// Whose seats they are.
    pub cohort: CohortKey,
    /// Number of the dose.
    pub dose: u8,
    /// How many.
    pub people: u64,
}

/// What a new plan leaves as it is because people booked it: where somebody of a cohort did, the published doses of
/// that cohort at the session, as far as the place has `room` for them.
pub fn kept_sessions(
    published: &[PlanRow],
    answered: &[BookedSeats],
    room: impl Fn(&PlaceCode, NaiveDate) -> u64,
) -> Vec<AgreedSession> {
    type Spot<'a> = (NaiveDate, &'a PlaceCode);
    type Of<'a> = (&'a AreaCode, &'a GroupId, u8);
    let mut wanted: BTreeMap<Spot<'_>, BTreeMap<Of<'_>, u64>> = BTreeMap::new();
    for one in answered {
        let of = (&one.cohort.area, &one.cohort.group, one.dose);
        *wanted.entry((one.day, &one.place)).or_default().entry(of).or_default() += one.people;
    }
    let booked = wanted.clone();
    for row in published {
        let Some(here) = booked.get(&(row.day, &row.place)) else { continue };
        if !here.keys().any(|(area, group, _)| (*area, *group) == (&row.area, &row.group)) {
            continue;
        }
        let of = (&row.area, &row.group, row.dose);
        let least = here.get(&of).copied().unwrap_or(0);
        let of_session = wanted.entry((row.day, &row.place)).or_default();
        let doses = of_session.entry(of).or_default();
        *doses = least.max(u64::from(row.doses));
    }
    let mut out = Vec::new();
    for ((day, place), mut doses) in wanted {
        let room = room(place, day);
        // Where the place has less room than was published, what was booked itself is kept.
        if doses.values().sum::<u64>() > room {
            doses.clone_from(&booked[&(day, place)]);
        }
        if doses.values().sum::<u64>() > room {
            continue;
        }
        let session =
            |((area, group, dose), doses): ((&AreaCode, &GroupId, u8), u64)| AgreedSession {
                place: place.clone(),
                day,
                hours: None,
                area: Some(area.clone()),
                group: Some(group.clone()),
                school: None,
                class: None,
                doses: Some(u32::try_from(doses).unwrap_or(u32::MAX)),
                dose: Some(dose),
                is_booked: true,
                is_locked: true,
            };
        // A lock keeps what is published, and of that there may be nothing.
        out.extend(doses.into_iter().filter(|(_, doses)| *doses > 0).map(session));
    }
    out
}

/// Somebody who asks to be put into the register.
#[derive(Clone, PartialEq, Eq)]
pub struct RegisterRequest {
    /// Their name.
    pub name: String,
    /// Date of birth.
    pub born: NaiveDate,
    /// Where they live, in their words.
    pub area: String,
    /// Their mobile number.
    pub phone: String,
    /// When they asked, milliseconds since 1970.
    pub made_at: i64,
}

impl fmt::Debug for RegisterRequest {
    /// Hides what is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterRequest").field("made_at", &self.made_at).finish_non_exhaustive()
    }
}

words! {
    /// What became of such a request.
    pub enum RequestState {
        /// Nobody has decided.
        Waiting = "waiting",
        /// The register has them now.
        Taken = "taken",
        /// It was refused.
        Refused = "refused",
    }
}

#[cfg(test)]
#[path = "booking_tests.rs"]
mod tests;
