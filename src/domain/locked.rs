//! Sessions of a plan that an office has locked: a new plan leaves them as they were published.
//!
//! A lock says place and day. What it keeps is what the plan in force has there when the next one is made, cohort by
//! cohort, so that a count that changed in between does not make it impossible.

use super::booking::BookedSeats;
use super::campaign::{Campaign, CohortKey};
use super::id::PlaceCode;
use super::jurisdiction::AgreedSession;
use super::plan::PlanRow;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLock {
    /// The site or stop.
    pub place: PlaceCode,
    /// The day.
    pub day: NaiveDate,
    /// Doses that were planned there when it was locked.
    pub doses: u64,
    /// Why.
    pub reason: String,
    /// Who locked it.
    pub who: String,
    /// When, milliseconds since 1970.
    pub at: i64,
}

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 80;

/// The reason as it is stored: one line, not too long.
pub fn reason(text: &str) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect()
}

/// What locks keep of a published plan, in the form in which bookings are kept: with nobody who booked.
pub fn kept_seats(locks: &[PlanLock], published: &[PlanRow]) -> Vec<BookedSeats> {
    let is_locked =
        |row: &&PlanRow| locks.iter().any(|lock| lock.place == row.place && lock.day == row.day);
    let seats = |row: &PlanRow| BookedSeats {
        day: row.day,
        place: row.place.clone(),
        cohort: CohortKey::of(row),
        dose: row.dose,
        people: 0,
    };
    published.iter().filter(is_locked).map(seats).collect()
}

/// Beside what is kept of a locked session nothing is added to it: a session for everybody without a dose. A lock of
/// which nothing is kept leaves its place and day free.
pub fn fences(locks: &[PlanLock], kept: &[AgreedSession]) -> Vec<AgreedSession> {
    let is_kept =
        |lock: &&PlanLock| kept.iter().any(|one| one.place == lock.place && one.day == lock.day);
    let fence = |lock: &PlanLock| AgreedSession {
        place: lock.place.clone(),
        day: lock.day,
        hours: None,
        area: None,
        group: None,
        school: None,
        class: None,
        doses: Some(0),
        dose: None,
        is_booked: true,
        is_locked: true,
    };
    locks.iter().filter(is_kept).map(fence).collect()
}

/// The first lock of an instant or later whose session a draft of that instant would change: it was made without
/// regard to the lock. `published`: the plan in force.
pub fn changed<'a>(
    locks: &'a [PlanLock],
    made_at: i64,
    (published, draft): (&[PlanRow], &[PlanRow]),
) -> Option<&'a PlanLock> {
    let there = |rows: &[PlanRow], lock: &PlanLock| {
        let mut doses: BTreeMap<(CohortKey, u8), u32> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.place == lock.place && row.day == lock.day) {
            *doses.entry((CohortKey::of(row), row.dose)).or_default() += row.doses;
        }
        doses
    };
    let mut later = locks.iter().filter(|lock| lock.at >= made_at);
    later.find(|lock| there(published, lock) != there(draft, lock))
}

/// The most doses of a session that is kept: at a site what it can give on that day, at a stop that is locked what a
/// visit can. A stop that nobody locked is not kept: its team may be needed elsewhere.
pub fn room(campaign: &Campaign, locks: &[PlanLock], place: &PlaceCode, day: NaiveDate) -> u64 {
    if let Some(site) = campaign.site(place.as_str()) {
        return campaign.capacity(site, day).into();
    }
    let is_locked = locks.iter().any(|lock| lock.place == *place && lock.day == day);
    let is_off =
        |code: &str| campaign.closures.iter().any(|one| one.place == code && one.day == day);
    match campaign.stop(place.as_str()) {
        Some(stop) if is_locked && stop.weekdays.contains(day) && !is_off(place.as_str()) => {
            stop.max_doses.into()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::booking::kept_sessions;
    use crate::domain::id::{AreaCode, GroupId};
    use crate::domain::testing::{county, day};

    fn lock(place: &str, n: i64) -> PlanLock {
        PlanLock {
            place: PlaceCode::new(place),
            day: day(n),
            doses: 0,
            reason: String::new(),
            who: "zhao".into(),
            at: 0,
        }
    }

    fn row(place: &str, n: i64, dose: u8, doses: u32) -> PlanRow {
        PlanRow {
            day: day(n),
            place: PlaceCode::new(place),
            team: None,
            area: AreaCode::new("N"),
            group: GroupId::new("adult"),
            dose,
            doses,
        }
    }

    #[test]
    fn a_locked_session_keeps_its_doses_and_nothing_else_is_kept() {
        let published = [row("S1", 3, 1, 20), row("S1", 3, 2, 5), row("S1", 4, 1, 9)];
        let seats = kept_seats(&[lock("S1", 3), lock("S2", 4)], &published);
        let kept = kept_sessions(&published, &seats, |_, _| 25);
        let told: Vec<_> = kept.iter().map(|one| (one.day, one.dose, one.doses)).collect();
        assert_eq!(told, [(day(3), Some(1), Some(20)), (day(3), Some(2), Some(5))]);
        assert!(kept.iter().all(|one| one.is_locked && one.is_booked));
        let locks = [lock("S1", 3), lock("S2", 4)];
        let around: Vec<_> = fences(&locks, &kept);
        assert_eq!(around.len(), 1, "nothing is kept at S2");
        assert_eq!((around[0].day, around[0].doses, &around[0].area), (day(3), Some(0), &None));
        // A place that has less room now keeps nothing of it, and is not kept free either.
        assert!(kept_sessions(&published, &seats, |_, _| 24).is_empty());
        assert!(kept_seats(&[], &published).is_empty());
    }

    #[test]
    fn a_lock_adds_nothing_to_what_people_booked() {
        let published = [row("S1", 3, 1, 20)];
        let booked =
            BookedSeats { people: 7, ..kept_seats(&[lock("S1", 3)], &published).remove(0) };
        let both = [vec![booked.clone()], kept_seats(&[lock("S1", 3)], &published)].concat();
        let kept = kept_sessions(&published, &both, |_, _| 100);
        assert_eq!(kept, kept_sessions(&published, &[booked], |_, _| 100));
        assert_eq!(kept[0].doses, Some(20));
    }

    #[test]
    fn a_draft_from_before_a_lock_may_not_change_its_session() {
        let published = [row("S1", 3, 1, 20), row("S1", 4, 1, 9)];
        let locks = [PlanLock { at: 5, ..lock("S1", 3) }];
        let other = [row("S1", 3, 1, 19), row("S1", 4, 1, 9)];
        assert_eq!(changed(&locks, 5, (&published, &other)), Some(&locks[0]));
        assert_eq!(changed(&locks, 6, (&published, &other)), None, "it knew of the lock");
        let moved = [row("S1", 3, 1, 12), row("S1", 3, 1, 8), row("S1", 5, 1, 9)];
        assert_eq!(changed(&locks, 0, (&published, &moved)), None, "the session is the same");
    }

    #[test]
    fn only_a_locked_stop_has_room() {
        let campaign = county();
        let site = campaign.sites[0].code.clone();
        let capacity = campaign.capacity(&campaign.sites[0], day(3));
        assert_eq!(room(&campaign, &[], &site, day(3)), u64::from(capacity));
        let Some(stop) = campaign.stops.first() else { panic!("the county has a stop") };
        let on = (0..7).map(day).find(|day| stop.weekdays.contains(*day)).expect("a day");
        let own = PlanLock { day: on, ..lock(stop.code.as_str(), 0) };
        assert_eq!(room(&campaign, &[], &stop.code, on), 0);
        assert_eq!(room(&campaign, &[own], &stop.code, on), u64::from(stop.max_doses));
        assert_eq!(room(&campaign, &[], &PlaceCode::new("nowhere"), on), 0);
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(reason("  school\r\n hall  booked "), "school hall booked");
        assert_eq!(reason(&"长".repeat(90)).chars().count(), REASON_CHARS_MAX);
    }
}
