//! Calls to people: what comes of one, and who is called first.

use super::person::OutcomeKind;
use super::words::words;
use chrono::{NaiveDate, TimeDelta};

words! {
    /// What came of a call.
    pub enum CallResult {
        /// They come on the day.
        WillCome = "will_come",
        /// Somebody was spoken to, and nothing is settled.
        Reached = "reached",
        /// Nobody answered.
        NotReached = "not_reached",
        /// They refuse the vaccine.
        Refused = "refused",
        /// They have moved away.
        Moved = "moved",
    }
}

impl CallResult {
    /// The outcome that it is of the person, where it is one.
    pub fn outcome(self) -> Option<OutcomeKind> {
        match self {
            Self::Refused => Some(OutcomeKind::Refused),
            Self::Moved => Some(OutcomeKind::Moved),
            Self::WillCome | Self::Reached | Self::NotReached => None,
        }
    }

    /// Whether nobody need call again on the same day.
    pub fn settles_the_day(self) -> bool {
        self != Self::NotReached
    }
}

words! {
    /// Why somebody is called, the most urgent first.
    pub enum CallReason {
        /// They have an appointment soon, and no message reaches them.
        Appointment = "appointment",
        /// Their dose is overdue, and they have no appointment.
        Overdue = "overdue",
        /// They are due, live nearby, and doses of an open vial may be left at the end of a session.
        LeftDoses = "left_doses",
    }
}

/// Days before an appointment from which on somebody is called about it. Our choice.
const AHEAD_DAYS: i64 = 2;
/// After somebody settled a call, nobody calls again about an overdue dose for so many days. Our choice.
pub const AGAIN_DAYS: i64 = 7;

/// What decides whether somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The present day.
    pub today: NaiveDate,
    /// The day of the appointment.
    pub appointment: Option<NaiveDate>,
    /// Whether they said that they come.
    pub is_confirmed: bool,
    /// Whether a message reaches them.
    pub is_reached: bool,
    /// The last day on which the dose is in time; `None`: it has none.
    pub latest: Option<NaiveDate>,
    /// The newest call that stands: its day and result.
    pub last_call: Option<(NaiveDate, CallResult)>,
}

/// Why somebody is to be called; `None`: nobody need call.
pub fn reason(case: &Case) -> Option<CallReason> {
    let is_settled = |since: NaiveDate| {
        case.last_call.is_some_and(|(day, result)| result.settles_the_day() && day >= since)
    };
    if let Some(day) = case.appointment {
        let first = day - TimeDelta::days(AHEAD_DAYS);
        let is_near = (first..=day).contains(&case.today);
        let is_needed = is_near && !case.is_reached && !case.is_confirmed;
        return (is_needed && !is_settled(first)).then_some(CallReason::Appointment);
    }
    let is_late = case.latest.is_some_and(|latest| latest < case.today);
    let since = case.today - TimeDelta::days(AGAIN_DAYS - 1);
    (is_late && !is_settled(since)).then_some(CallReason::Overdue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    fn case(appointment: Option<i64>, latest: Option<i64>) -> Case {
        Case {
            today: day(10),
            appointment: appointment.map(day),
            is_confirmed: false,
            is_reached: false,
            latest: latest.map(day),
            last_call: None,
        }
    }

    #[test]
    fn people_whom_no_message_reaches_are_called_before_their_appointment() {
        for (appointment, called) in [(9, false), (10, true), (12, true), (13, false)] {
            let found = reason(&case(Some(appointment), None));
            assert_eq!(found, called.then_some(CallReason::Appointment), "{appointment}");
        }
        let near = case(Some(11), None);
        assert_eq!(reason(&Case { is_reached: true, ..near }), None);
        assert_eq!(reason(&Case { is_confirmed: true, ..near }), None);
        for (on, result, called) in [
            (10, CallResult::NotReached, true),
            (10, CallResult::Reached, false),
            (9, CallResult::WillCome, false),
            (8, CallResult::Reached, true),
        ] {
            let found = reason(&Case { last_call: Some((day(on), result)), ..near });
            assert_eq!(found.is_some(), called, "{on} {result}");
        }
    }

    #[test]
    fn an_overdue_dose_without_an_appointment_is_called_about_once_a_week() {
        for (latest, called) in [(None, false), (Some(10), false), (Some(9), true)] {
            let found = reason(&case(None, latest));
            assert_eq!(found, called.then_some(CallReason::Overdue), "{latest:?}");
        }
        for (on, called) in [(10, false), (4, false), (3, true)] {
            let last_call = Some((day(on), CallResult::Reached));
            let found = reason(&Case { last_call, ..case(None, Some(9)) });
            assert_eq!(found.is_some(), called, "{on}");
        }
    }
}
