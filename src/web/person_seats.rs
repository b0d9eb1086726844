//! Appointments and seats on a person's page: as they are shown, as forms send them, and what came of a wish.

use super::asked_days::parse_day;
use super::words::T;
use crate::app::booking::{Choice, Done, Moved, Seat, Shown, Wish};
use crate::domain::booking::SlotTime;
use crate::domain::id::PlaceCode;

/// Where and when somebody is expected.
pub(super) fn at(t: T, held: &Shown) -> String {
    let time = held.time.map(|(slot, _)| format!(" {slot}")).unwrap_or_default();
    let answer = match held.answer {
        Some(answer) => format!(" ({})", t.w(&format!("web-answer-{}", answer.word()))),
        None => String::new(),
    };
    format!("{}{time} {}{answer}", held.day, held.place_name)
}

/// A seat to choose: what the form sends, and what it shows.
pub(super) fn seat(t: T, choice: &Choice) -> (String, String) {
    let shown = &choice.shown;
    (seat_text(shown), t.say("web-person-seat", &[("seat", &at(t, shown)), ("free", &choice.free)]))
}

pub(super) fn booked(t: T, moved: Moved) -> Result<(), Vec<String>> {
    match moved {
        Moved::Done(Done::Done | Done::Already) => Ok(()),
        Moved::Done(Done::Refused(why)) => Err(vec![t.w(&format!("booking-no-{}", why.word()))]),
        Moved::Done(Done::Unknown) => Err(vec![t.w("booking-no-stranger")]),
        Moved::Changed(Some(held)) => {
            Err(vec![t.say("web-person-held-other", &[("appointment", &at(t, &held))])])
        }
        Moved::Changed(None) => Err(vec![t.w("web-person-held-none")]),
    }
}

/// What a form wants for the appointment, by its word and the seat that it sends, and the appointment that its page
/// showed.
pub(super) fn wish(
    what: &str,
    seat: Option<&str>,
    held: Option<&str>,
) -> Option<(Wish, Option<Seat>)> {
    let seen = match held? {
        "" => None,
        text => Some(seat_of(text)?),
    };
    let wish = if what == "cancel" { Wish::Cancel } else { Wish::Take(seat_of(seat?)?) };
    Some((wish, seen))
}

/// A seat as forms send it: day, slot, place.
pub(super) fn seat_text(shown: &Shown) -> String {
    let (day, place, slot) = shown.seat();
    let slot = slot.map(|slot| slot.to_string()).unwrap_or_default();
    format!("{day}|{slot}|{place}")
}

fn seat_of(text: &str) -> Option<Seat> {
    let mut parts = text.splitn(3, '|');
    let day = parse_day(parts.next()?)?;
    let slot = parts.next()?;
    let place = PlaceCode::new(parts.next()?);
    let slot = if slot.is_empty() { None } else { Some(SlotTime::parse(slot)?) };
    Some((day, place, slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_read_as_it_was_offered() {
        let seat = |day: &str, slot: Option<&str>, place: &str| {
            let slot = slot.map(|slot| SlotTime::parse(slot).unwrap());
            Some((day.parse().unwrap(), PlaceCode::new(place), slot))
        };
        assert_eq!(seat_of("2021-04-06|08:30|S1"), seat("2021-04-06", Some("08:30"), "S1"));
        assert_eq!(seat_of("2021-04-06||S|1"), seat("2021-04-06", None, "S|1"));
        for bad in ["", "2021-04-06", "2021-04-06|", "x||S1", "2021-04-06|25:00|S1"] {
            assert_eq!(seat_of(bad), None, "{bad}");
        }
    }
}
