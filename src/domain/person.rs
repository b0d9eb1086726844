//! People of the register, what became of those who were called, and which group a person is in.

use super::campaign::{Campaign, Language};
use super::group::Group;
use super::id::{AreaCode, GroupId, PersonId, RecordId};
use super::words::words;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A person of the register. `Debug` shows the code alone: names, birth dates and contacts stay out of logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The register's code.
    pub id: PersonId,
    /// Where the person lives.
    pub area: AreaCode,
    /// Date of birth.
    pub born: NaiveDate,
    /// Name, as it is written in a letter.
    pub name: Option<String>,
    /// Sex.
    pub sex: Sex,
    /// The group that the register names; where absent, age decides.
    pub group: Option<GroupId>,
    /// Free tags, such as `chronic`.
    pub tags: Vec<String>,
    /// Address for reminders.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Language of reminders; where absent, the campaign's.
    pub language: Option<Language>,
    /// Key of the household: its people share one mail.
    pub household: Option<String>,
    /// Whether the person wants no reminders.
    pub opt_out: bool,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Sex, as registers record it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Sex {
    /// Female.
    F,
    /// Male.
    M,
    /// Unknown.
    #[default]
    U,
}

impl Sex {
    /// The letter used in files.
    pub fn letter(self) -> &'static str {
        match self {
            Self::F => "F",
            Self::M => "M",
            Self::U => "U",
        }
    }
}

/// What became of a person who was called, other than a dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Code of the record; importing it twice changes nothing.
    pub record: RecordId,
    /// Who.
    pub person: PersonId,
    /// The day on which it was noted.
    pub date: NaiveDate,
    /// What became of them.
    pub outcome: OutcomeKind,
    /// Last day on which it holds; where absent, it holds for good.
    pub until: Option<NaiveDate>,
}

words! {
    /// Why a person got no dose.
    pub enum OutcomeKind {
        /// Refused the vaccine.
        Refused = "refused",
        /// Put off: ill, pregnant, travelling.
        Deferred = "deferred",
        /// Must not have the vaccine, for a medical reason.
        Contraindicated = "contraindicated",
        /// Did not come; will be assigned again.
        Absent = "absent",
        /// Moved away.
        Moved = "moved",
        /// Has died.
        Dead = "dead",
    }
}

impl OutcomeKind {
    /// Whether a person with this outcome is neither assigned nor reminded.
    pub fn bars(self) -> bool {
        self != Self::Absent
    }
}

/// The outcome that keeps a person from being assigned or reminded on a day: the newest one noted by then
/// that still holds; `None` if there is none. A later dose lifts a refusal, so callers pass only outcomes
/// noted after the last dose.
pub fn barred<'a>(
    outcomes: impl IntoIterator<Item = &'a Outcome>,
    day: NaiveDate,
) -> Option<&'a Outcome> {
    outcomes
        .into_iter()
        .filter(|o| bars_on(o.outcome, (o.date, o.until), day))
        .max_by_key(|o| (o.date, o.record.clone()))
}

/// Whether an outcome noted on a day, and holding until another one or for ever, bars a person on `day`.
pub fn bars_on(
    kind: OutcomeKind,
    (noted, until): (NaiveDate, Option<NaiveDate>),
    day: NaiveDate,
) -> bool {
    kind.bars() && noted <= day && until.is_none_or(|until| day <= until)
}

/// The group that a person belongs to on a day: the one that the register names, else the first whose ages
/// fit, `min_age` included and `max_age` excluded. `None` where no group fits or the named one is unknown.
pub fn group_of<'a>(
    campaign: &'a Campaign,
    born: NaiveDate,
    named: Option<&GroupId>,
    day: NaiveDate,
) -> Option<&'a Group> {
    if let Some(named) = named {
        return campaign.group(campaign.group_now(named).as_str());
    }
    let month_end = campaign.series.month_end;
    campaign.groups.iter().find(|group| {
        (group.min_age.is_some() || group.max_age.is_some())
            && group.min_age.as_ref().is_none_or(|age| age.after(born, month_end) <= day)
            && group.max_age.as_ref().is_none_or(|age| day < age.after(born, month_end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, date, day};

    fn outcome(record: &str, kind: OutcomeKind, noted: i64, until: Option<i64>) -> Outcome {
        Outcome {
            record: record.into(),
            person: "P1".into(),
            date: day(noted),
            outcome: kind,
            until: until.map(day),
        }
    }

    #[test]
    fn every_outcome_but_an_absence_bars_a_person() {
        for kind in OutcomeKind::ALL {
            let noted = [outcome("R1", kind, 5, None)];
            let barred = barred(&noted, day(9)).is_some();
            assert_eq!(barred, kind != OutcomeKind::Absent, "{kind:?}");
            assert_eq!(OutcomeKind::from_word(kind.word()), Some(kind));
            assert_eq!(serde_json::json!(kind), kind.word());
        }
        assert_eq!(OutcomeKind::from_word("Refused"), None);
    }

    #[test]
    fn an_outcome_holds_from_the_day_it_was_noted_to_its_last_day() {
        let deferred = [outcome("R1", OutcomeKind::Deferred, 5, Some(8))];
        for (at, bars) in [(4, false), (5, true), (8, true), (9, false)] {
            assert_eq!(barred(&deferred, day(at)).is_some(), bars, "day {at}");
        }
    }

    #[test]
    fn of_several_outcomes_the_newest_that_holds_is_told() {
        let noted = [
            outcome("R3", OutcomeKind::Refused, 2, None),
            outcome("R1", OutcomeKind::Deferred, 6, Some(7)),
            outcome("R2", OutcomeKind::Moved, 6, None),
            outcome("R4", OutcomeKind::Absent, 9, None),
        ];
        let record = |at: i64| barred(&noted, day(at)).map(|found| found.record.as_str());
        assert_eq!([1, 2, 5].map(record), [None, Some("R3"), Some("R3")]);
        assert_eq!([6, 8, 10].map(record), [Some("R2"); 3], "of one day the larger record");
        assert_eq!(barred(&[], day(0)), None);
    }

    #[test]
    fn a_person_belongs_to_the_group_named_else_to_the_first_that_fits_the_age_on_the_day() {
        let campaign = county();
        let group = |born: &str, named: Option<&str>, on: &str| {
            let named = named.map(GroupId::from);
            group_of(&campaign, date(born), named.as_ref(), date(on)).map(|group| group.id.as_str())
        };
        // Adults are 18 and younger than 60, seniors 60 and older; `other` names no age.
        assert_eq!(group("2003-03-02", None, "2021-03-01"), None, "a day too young");
        assert_eq!(group("2003-03-02", None, "2021-03-02"), Some("adult"), "the birthday");
        assert_eq!(group("1961-03-02", None, "2021-03-01"), Some("adult"));
        assert_eq!(group("1961-03-02", None, "2021-03-02"), Some("senior"), "the age is exclusive");
        assert_eq!(group("2003-03-02", Some("senior"), "2021-03-01"), Some("senior"));
        assert_eq!(group("2003-03-02", Some("other"), "2021-03-01"), Some("other"));
        assert_eq!(group("1990-01-01", Some("gone"), "2021-03-01"), None, "no such group");
    }

    #[test]
    fn a_birthday_that_a_month_does_not_have_follows_the_month_end_of_the_series() {
        let mut campaign = county();
        let is_adult = |campaign: &Campaign, on: &str| {
            group_of(campaign, date("2004-02-29"), None, date(on)).is_some()
        };
        assert!(!is_adult(&campaign, "2022-02-28") && is_adult(&campaign, "2022-03-01"));
        campaign.series.month_end = crate::domain::series::MonthEnd::Clip;
        assert!(!is_adult(&campaign, "2022-02-27") && is_adult(&campaign, "2022-02-28"));
    }

    #[test]
    fn the_first_group_of_the_file_wins_where_ages_overlap() {
        let mut campaign = county();
        campaign.groups[0].max_age = None;
        let found = |campaign: &Campaign| {
            let group = group_of(campaign, date("1940-01-01"), None, date("2021-03-01"));
            group.map(|group| group.id.to_string())
        };
        assert_eq!(found(&campaign).as_deref(), Some("adult"));
        campaign.groups.swap(0, 1);
        assert_eq!(found(&campaign).as_deref(), Some("senior"));
        campaign.groups[0].min_age = None;
        campaign.groups[0].max_age = Some(crate::domain::testing::length("99 years"));
        assert_eq!(found(&campaign).as_deref(), Some("senior"), "one bound is enough");
    }

    #[test]
    fn logs_see_nothing_of_a_person_but_the_code() {
        let person = Person {
            id: "P1".into(),
            area: "N".into(),
            born: date("1990-04-05"),
            name: Some("Zhang San".into()),
            sex: Sex::F,
            group: None,
            tags: vec!["chronic".into()],
            email: Some("z@example.test".into()),
            phone: Some("555".into()),
            language: None,
            household: None,
            opt_out: false,
        };
        assert_eq!(format!("{person:?}"), r#"Person { id: PersonId("P1"), .. }"#);
        assert_eq!([Sex::F, Sex::M, Sex::U].map(Sex::letter), ["F", "M", "U"]);
        assert_eq!(Sex::default(), Sex::U);
    }
}
