//! Sessions for calendar programs. They need the history of all adopted plans: a changed session must have a higher
//! sequence number than before, and a dropped one must be sent once more as cancelled (RFC 5545, SEQUENCE and STATUS).

use super::id::{GroupId, PlaceCode, TeamCode};
use super::plan::PlanRow;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// What identifies a session in every plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey {
    /// The day.
    pub day: NaiveDate,
    /// The site or stop.
    pub place: PlaceCode,
    /// The team, at a stop; `None` at a site.
    pub team: Option<TeamCode>,
}

/// The present state of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Doses by group and number of the dose.
    pub doses: BTreeMap<(GroupId, u8), u64>,
    /// How often it has changed, from 0.
    pub sequence: u32,
    /// When the plan with its last change was adopted, milliseconds since 1970.
    pub changed_at: i64,
    /// Whether the newest plan no longer has it.
    pub cancelled: bool,
}

/// All sessions of all plans that were ever adopted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sessions {
    entries: BTreeMap<SessionKey, SessionEntry>,
    /// Number and time of adoption of each plan taken in, oldest first.
    plans: Vec<(i64, i64)>,
    first_day: Option<NaiveDate>,
}

impl Sessions {
    /// Number and time of adoption (milliseconds since 1970) of each plan taken in, oldest first.
    pub fn plans(&self) -> &[(i64, i64)] {
        &self.plans
    }

    /// The first day that any of the plans has; `None` without a plan.
    pub fn first_day(&self) -> Option<NaiveDate> {
        self.first_day
    }

    /// Takes in the next adopted plan. It replaces the sessions from `from` on; earlier days stay as they are.
    /// `rows` are sorted as a plan's rows are.
    pub fn adopt(&mut self, (no, adopted_at): (i64, i64), from: NaiveDate, rows: &[PlanRow]) {
        let mut new: BTreeMap<SessionKey, BTreeMap<(GroupId, u8), u64>> = BTreeMap::new();
        let is_one =
            |a: &PlanRow, b: &PlanRow| (a.day, &a.place, &a.team) == (b.day, &b.place, &b.team);
        for session in rows.chunk_by(is_one).filter(|session| session[0].day >= from) {
            let PlanRow { day, place, team, .. } = &session[0];
            let key = SessionKey { day: *day, place: place.clone(), team: team.clone() };
            let doses = new.entry(key).or_default();
            for row in session {
                *doses.entry((row.group.clone(), row.dose)).or_default() += u64::from(row.doses);
            }
        }
        for (key, entry) in &mut self.entries {
            if key.day >= from && !entry.cancelled && !new.contains_key(key) {
                entry.cancelled = true;
                entry.sequence += 1;
                entry.changed_at = adopted_at;
            }
        }
        for (key, doses) in new {
            let Some(entry) = self.entries.get_mut(&key) else {
                let first =
                    SessionEntry { doses, sequence: 0, changed_at: adopted_at, cancelled: false };
                self.entries.insert(key, first);
                continue;
            };
            if entry.cancelled || entry.doses != doses {
                let sequence = entry.sequence + 1;
                *entry = SessionEntry { doses, sequence, changed_at: adopted_at, cancelled: false };
            }
        }
        self.first_day = Some(self.first_day.map_or(from, |first| first.min(from)));
        self.plans.push((no, adopted_at));
    }

    /// The sessions of the days `first..=last` that are not cancelled, by day.
    pub fn standing(
        &self,
        (first, last): (NaiveDate, NaiveDate),
    ) -> impl Iterator<Item = (&SessionKey, &SessionEntry)> {
        let within = move |key: &SessionKey| (first..=last).contains(&key.day);
        self.entries.iter().filter(move |(key, entry)| within(key) && !entry.cancelled)
    }

    /// The sessions of a site or a team on the days `first..=last`, cancelled ones included, by day.
    pub fn of<'a>(
        &'a self,
        post: &'a str,
        (first, last): (NaiveDate, NaiveDate),
    ) -> impl Iterator<Item = (&'a SessionKey, &'a SessionEntry)> {
        self.entries.iter().filter(move |(key, _)| (first..=last).contains(&key.day)).filter(
            move |(key, _)| match &key.team {
                Some(team) => team.as_str() == post,
                None => key.place.as_str() == post,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2021, 4, number).unwrap()
    }

    fn row(number: u32, place: &str, team: Option<&str>, doses: u32) -> PlanRow {
        PlanRow {
            day: day(number),
            place: place.into(),
            team: team.map(Into::into),
            area: "A".into(),
            group: "g".into(),
            dose: 1,
            doses,
        }
    }

    fn seen(sessions: &Sessions, post: &str) -> Vec<(u32, u32, i64, bool)> {
        use chrono::Datelike;
        sessions
            .of(post, (day(1), day(30)))
            .map(|(key, one)| (key.day.day(), one.sequence, one.changed_at, one.cancelled))
            .collect()
    }

    #[test]
    fn a_session_grows_in_number_only_when_it_changes() {
        let mut all = Sessions::default();
        let first = [row(1, "S1", None, 10), row(2, "S1", None, 10), row(3, "S1", None, 10)];
        all.adopt((1, 100), day(1), &first);
        assert_eq!(seen(&all, "S1"), [(1, 0, 100, false), (2, 0, 100, false), (3, 0, 100, false)]);
        // The first day is over; the second session stays, the third is dropped, a fourth is new.
        all.adopt((4, 200), day(2), &[row(2, "S1", None, 10), row(4, "S1", None, 5)]);
        let expected =
            [(1, 0, 100, false), (2, 0, 100, false), (3, 1, 200, true), (4, 0, 200, false)];
        assert_eq!(seen(&all, "S1"), expected);
        // The third comes back with other doses; a session dropped before is not cancelled again.
        all.adopt((5, 300), day(3), &[row(3, "S1", None, 7)]);
        all.adopt((6, 400), day(3), &[row(3, "S1", None, 7)]);
        let expected =
            [(1, 0, 100, false), (2, 0, 100, false), (3, 2, 300, false), (4, 1, 300, true)];
        assert_eq!(seen(&all, "S1"), expected);
        assert_eq!(all.plans(), [(1, 100), (4, 200), (5, 300), (6, 400)]);
    }

    #[test]
    fn a_stop_that_another_team_takes_over_is_cancelled_for_the_first() {
        let mut all = Sessions::default();
        all.adopt((1, 100), day(1), &[row(1, "P1", Some("T1"), 10)]);
        all.adopt((2, 200), day(1), &[row(1, "P1", Some("T2"), 10)]);
        assert_eq!(seen(&all, "T1"), [(1, 1, 200, true)]);
        assert_eq!(seen(&all, "T2"), [(1, 0, 200, false)]);
        assert_eq!(seen(&all, "P1"), []);
    }
}
