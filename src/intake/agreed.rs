//! What agreed sessions ask of places that cannot be: a day on which the place is shut, more doses than a team gives.

use super::issue::Issue;
use super::tables::Located;
use crate::domain::jurisdiction::{AgreedSession, ClosedDays};
use crate::domain::site::{Stop, Team};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// The places of the campaign and its jurisdiction.
#[derive(Default)]
pub(super) struct There<'t> {
    pub(super) closures: Vec<&'t ClosedDays>,
    pub(super) stops: Vec<&'t Stop>,
    pub(super) teams: Vec<&'t Team>,
}

impl There<'_> {
    fn is_shut(&self, place: &str, day: NaiveDate) -> bool {
        let closes = |one: &ClosedDays| {
            one.place == place && one.doses == 0 && one.first <= day && day <= one.last
        };
        let stop = self.stops.iter().find(|stop| stop.code.as_str() == place);
        self.closures.iter().any(|one| closes(one))
            || stop.is_some_and(|stop| !stop.weekdays.contains(day))
    }

    /// Doses that a visit to a stop gives at most: one team comes on a day. `None`: the place is no stop, or no team
    /// is there yet.
    fn most(&self, place: &str) -> Option<u32> {
        let stop = self.stops.iter().find(|stop| stop.code.as_str() == place)?;
        let team = self.teams.iter().map(|team| team.doses_per_day).max()?;
        Some(team.min(stop.max_doses))
    }
}

/// Warns of sessions that nobody can hold as they are agreed.
pub(super) fn warn(
    file: &str,
    sessions: &[Located<AgreedSession>],
    there: &There<'_>,
    issues: &mut Vec<Issue>,
) {
    let mut visits: BTreeMap<(&str, NaiveDate), (u32, u32)> = BTreeMap::new();
    for Located { row, value } in sessions {
        let (place, day) = (value.place.as_str(), value.day);
        if there.is_shut(place, day) {
            let issue = Issue::warning("session_when_shut", file).row(*row).column("date");
            issues.push(issue.value(place).with("date", day));
        }
        let visit = visits.entry((place, day)).or_insert((*row, 0));
        visit.1 = visit.1.saturating_add(value.doses.unwrap_or(0));
    }
    for ((place, day), (row, doses)) in visits {
        if let Some(most) = there.most(place).filter(|most| *most < doses) {
            let issue = Issue::warning("session_too_large", file).row(row).column("doses");
            let issue = issue.value(place).with("date", day).with("doses", doses);
            issues.push(issue.with("most", most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date::Weekdays;
    use crate::domain::testing::{county, day};

    fn session(place: &str, at: i64, doses: Option<u32>) -> AgreedSession {
        AgreedSession {
            place: place.into(),
            day: day(at),
            hours: None,
            area: None,
            group: None,
            school: None,
            class: None,
            doses,
            dose: None,
            is_booked: false,
            is_locked: true,
        }
    }

    #[test]
    fn a_visit_on_a_holiday_or_beyond_the_day_of_a_team_is_told() {
        let campaign = county();
        let (mut stop, mut team) = (campaign.stops[0].clone(), campaign.teams[0].clone());
        (stop.max_doses, stop.weekdays) = (500, Weekdays::EVERY_DAY);
        team.doses_per_day = 100;
        let (first, last) = (day(1), day(7));
        let place = stop.code.to_string();
        let holiday = ClosedDays { place, first, last, doses: 0, reason: None };
        let there = There { closures: vec![&holiday], stops: vec![&stop], teams: vec![&team] };
        let code = stop.code.as_str();
        let sessions = [
            (2, session(code, 7, Some(10))),
            (3, session(code, 8, Some(60))),
            (4, session(code, 8, Some(41))),
            (5, session(code, 9, Some(100))),
            (6, session(code, 10, None)),
        ];
        let sessions = sessions.map(|(row, value)| Located { row, value });
        let mut issues = Vec::new();
        warn("sessions.csv", &sessions, &there, &mut issues);
        let told: Vec<_> = issues.iter().map(|issue| (issue.code, issue.row)).collect();
        assert_eq!(told, [("session_when_shut", Some(2)), ("session_too_large", Some(3))]);
    }
}
