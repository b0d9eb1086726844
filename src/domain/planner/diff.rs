//! What a new plan changes, by session: a place and a day.

use crate::domain::id::{GroupId, PlaceCode, TeamCode};
use crate::domain::plan::PlanRow;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The sessions that differ between two plans, in the order of day and place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlanDiff {
    /// What changes.
    pub sessions: Vec<SessionChange>,
    /// Sessions that stay as they are.
    pub same_sessions: usize,
    /// Doses before.
    pub doses_before: u64,
    /// Doses after.
    pub doses_after: u64,
    /// Doses of the new plan at a place and day, for a cohort and dose, where the old plan had
    /// none or fewer.
    pub doses_moved: u64,
}

/// A session that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionChange {
    /// The day.
    pub day: NaiveDate,
    /// The site or stop.
    pub place: PlaceCode,
    /// The team before, at a stop.
    pub team_before: Option<TeamCode>,
    /// The team after.
    pub team_after: Option<TeamCode>,
    /// Doses before; 0: the session is new.
    pub doses_before: u64,
    /// Doses after; 0: the session is cancelled.
    pub doses_after: u64,
    /// The groups and doses whose numbers differ.
    pub counts: Vec<CountChange>,
}

/// Doses of a group and dose number at a session, over all areas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountChange {
    /// The group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// Doses before.
    pub before: u64,
    /// Doses after.
    pub after: u64,
}

impl PlanDiff {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

type Sessions<'a> = BTreeMap<(NaiveDate, &'a PlaceCode), Vec<&'a PlanRow>>;

/// Compares two plans from day `from` on.
pub fn diff(old: &[PlanRow], new: &[PlanRow], from: NaiveDate) -> PlanDiff {
    let (before, after) = (sessions(old, from), sessions(new, from));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let mut found = PlanDiff::default();
    for key in keys {
        let rows = |of: Option<&Vec<_>>| of.map(Vec::as_slice).unwrap_or_default().to_vec();
        let change = session(key, &rows(before.get(&key)), &rows(after.get(&key)));
        found.doses_before += change.doses_before;
        found.doses_after += change.doses_after;
        found.doses_moved +=
            change.counts.iter().map(|c| c.after.saturating_sub(c.before)).sum::<u64>();
        if change.counts.is_empty() && change.team_before == change.team_after {
            found.same_sessions += 1;
        } else {
            found.sessions.push(change);
        }
    }
    found
}

fn sessions(rows: &[PlanRow], from: NaiveDate) -> Sessions<'_> {
    let mut sessions: Sessions = BTreeMap::new();
    for row in rows.iter().filter(|row| row.day >= from && row.doses > 0) {
        sessions.entry((row.day, &row.place)).or_default().push(row);
    }
    sessions
}

fn session(
    (day, place): (NaiveDate, &PlaceCode),
    before: &[&PlanRow],
    after: &[&PlanRow],
) -> SessionChange {
    let mut counts: BTreeMap<(&GroupId, u8), (u64, u64)> = BTreeMap::new();
    for row in before {
        counts.entry((&row.group, row.dose)).or_default().0 += u64::from(row.doses);
    }
    for row in after {
        counts.entry((&row.group, row.dose)).or_default().1 += u64::from(row.doses);
    }
    let team = |rows: &[&PlanRow]| rows.first().and_then(|row| row.team.clone());
    SessionChange {
        day,
        place: place.clone(),
        team_before: team(before),
        team_after: team(after),
        doses_before: counts.values().map(|n| n.0).sum(),
        doses_after: counts.values().map(|n| n.1).sum(),
        counts: counts
            .into_iter()
            .filter(|(_, (a, b))| a != b)
            .map(|((group, dose), (before, after))| CountChange {
                group: group.clone(),
                dose,
                before,
                after,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::testing::start;
    use chrono::TimeDelta;

    fn row(day: i64, place: &str, team: Option<&str>, dose: u8, doses: u32) -> PlanRow {
        PlanRow {
            day: start() + TimeDelta::days(day),
            place: place.into(),
            team: team.map(Into::into),
            area: "A1".into(),
            group: "all".into(),
            dose,
            doses,
        }
    }

    #[test]
    fn a_difference_names_sessions_that_are_new_gone_or_other_and_counts_the_doses_that_move() {
        let old = [
            row(0, "S1", None, 1, 9),
            row(1, "S1", None, 1, 5),
            row(2, "S1", None, 1, 4),
            row(3, "P1", Some("T1"), 1, 3),
            row(4, "S1", None, 1, 2),
        ];
        let new = [
            row(1, "S1", None, 1, 5),
            row(2, "S1", None, 1, 1),
            row(2, "S1", None, 2, 6),
            row(3, "P1", Some("T2"), 1, 3),
            row(5, "S1", None, 1, 7),
        ];
        let from = start() + TimeDelta::days(1);
        let found = diff(&old, &new, from);
        assert_eq!((found.doses_before, found.doses_after, found.doses_moved), (14, 22, 13));
        assert_eq!(found.same_sessions, 1);
        assert!(!found.is_empty());
        let of = |change: &SessionChange| {
            let day = (change.day - start()).num_days();
            (day, change.doses_before, change.doses_after, change.counts.len())
        };
        let changes: Vec<_> = found.sessions.iter().map(of).collect();
        assert_eq!(changes, [(2, 4, 7, 2), (3, 3, 3, 0), (4, 2, 0, 1), (5, 0, 7, 1)]);
        let teams = &found.sessions[1];
        assert_eq!(teams.team_before, Some("T1".into()));
        assert_eq!(teams.team_after, Some("T2".into()));
        let counts = &found.sessions[0].counts;
        assert_eq!((counts[0].dose, counts[0].before, counts[0].after), (1, 4, 1));
        assert!(diff(&old, &old, from).is_empty());
    }
}
