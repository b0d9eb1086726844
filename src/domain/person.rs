//! People of the register, what became of those who were called, and which group a person is in.

use super::campaign::{Campaign, Language};
use super::group::Group;
use super::id::{AreaCode, CampaignNo, GroupId, PersonId, RecordId};
use super::series::MonthEnd;
pub use super::sex::Sex;
use super::words::words;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
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
    /// The groups that the register names, at most one of each campaign; where a campaign has none of them, the
    /// person's age, sex and tags decide.
    #[serde(skip)]
    pub groups: Vec<GroupId>,
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
    /// Everything else that a register knows.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: Box<More>,
}

/// What a register knows of a person beyond what a campaign asks for.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct More {
    /// Number of the identity card or another document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_no: Option<String>,
    /// Name of a parent or guardian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// Phone number of a parent or guardian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardian_phone: Option<String>,
    /// The site that manages the person's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// School or kindergarten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school: Option<String>,
    /// Class in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Where the person lives, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The day of death.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub died: Option<NaiveDate>,
    /// Whether the mother had hepatitis B's surface antigen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mother_hbsag: Option<bool>,
    /// Weight at birth in grams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_weight: Option<u32>,
}

/// The part of a person by which a campaign finds the group.
#[derive(Debug, Clone, Copy)]
pub struct Traits<'a> {
    /// Date of birth.
    pub born: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// The groups that the register names.
    pub groups: &'a [GroupId],
    /// Tags.
    pub tags: &'a [String],
}

/// The part of a person of the register that counting needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrollee {
    /// Where they live.
    pub area: AreaCode,
    /// Date of birth.
    pub born: NaiveDate,
    /// The groups that the register names.
    pub groups: Vec<GroupId>,
    /// Sex.
    pub sex: Sex,
    /// Tags.
    pub tags: Vec<String>,
}

impl Enrollee {
    /// What decides about the group.
    pub fn traits(&self) -> Traits<'_> {
        Traits { born: self.born, sex: self.sex, groups: &self.groups, tags: &self.tags }
    }
}

impl More {
    /// Whether nothing of it is known.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Person {
    /// What decides about the group.
    pub fn traits(&self) -> Traits<'_> {
        Traits { born: self.born, sex: self.sex, groups: &self.groups, tags: &self.tags }
    }

    /// The part that counting needs.
    pub fn enrollee(&self) -> Enrollee {
        Enrollee {
            area: self.area.clone(),
            born: self.born,
            groups: self.groups.clone(),
            sex: self.sex,
            tags: self.tags.clone(),
        }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
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
    /// The campaign under which it was noted; `None` until that is known.
    pub campaign: Option<CampaignNo>,
    /// The vaccine that it is about, in every campaign; where absent, what the campaign gives.
    pub vaccine: Option<String>,
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

    /// Whether it is true of the person whatever the vaccine.
    pub fn is_of_person(self) -> bool {
        matches!(self, Self::Moved | Self::Dead)
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
/// (`min_age` included and `max_age` excluded), sex and tags fit. `None` where no group fits.
pub fn group_of<'a>(
    campaign: &'a Campaign,
    person: Traits<'_>,
    day: NaiveDate,
) -> Option<&'a Group> {
    let named = person.groups.iter().find_map(|it| campaign.group(campaign.group_now(it).as_str()));
    let month_end = campaign.series.month_end;
    named.or_else(|| campaign.groups.iter().find(|group| fits(group, person, day, month_end)))
}

fn fits(group: &Group, person: Traits<'_>, day: NaiveDate, month_end: MonthEnd) -> bool {
    let names_age = group.min_age.is_some() || group.max_age.is_some();
    if !names_age && group.sex.is_none() && group.tags.is_empty() {
        return false;
    }
    group.min_age.as_ref().is_none_or(|age| age.after(person.born, month_end) <= day)
        && group.max_age.as_ref().is_none_or(|age| day < age.after(person.born, month_end))
        && group.sex.is_none_or(|sex| sex == person.sex)
        && (group.tags.is_empty() || group.tags.iter().any(|tag| person.tags.contains(tag)))
}

/// Whom a campaign asks: the people of its areas and counties who are in one of its groups.
#[derive(Debug)]
pub struct Asked<'a> {
    campaign: &'a Campaign,
    areas: BTreeSet<&'a str>,
}

impl<'a> Asked<'a> {
    /// Those whom `campaign` asks.
    pub fn by(campaign: &'a Campaign) -> Self {
        let mut areas: BTreeSet<&str> =
            campaign.areas.iter().map(|area| area.code.as_str()).collect();
        // Those who live where an area was merged into another are its people too.
        let merged = campaign.mergers.keys();
        let merged =
            merged.filter(|code| areas.contains(campaign.home(code, NaiveDate::MAX).as_str()));
        let merged: Vec<&str> = merged.map(AreaCode::as_str).collect();
        areas.extend(merged);
        if let Some(around) = &campaign.around {
            let around: BTreeSet<&str> = around.iter().map(AreaCode::as_str).collect();
            areas.retain(|area| around.contains(area));
        }
        Self { campaign, areas }
    }

    /// The group of a person who lives in `area`, on a day; `None`: the campaign does not ask them.
    pub fn group(&self, area: &AreaCode, person: Traits<'_>, day: NaiveDate) -> Option<&'a Group> {
        let lives_here = self.areas.contains(area.as_str());
        if lives_here { group_of(self.campaign, person, day) } else { None }
    }
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
            campaign: None,
            vaccine: None,
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
            let groups: Vec<GroupId> = named.map(GroupId::from).into_iter().collect();
            let person = Traits { born: date(born), sex: Sex::U, groups: &groups, tags: &[] };
            group_of(&campaign, person, date(on)).map(|group| group.id.as_str())
        };
        // Adults are 18 and younger than 60, seniors 60 and older; `other` names no age.
        assert_eq!(group("2003-03-02", None, "2021-03-01"), None, "a day too young");
        assert_eq!(group("2003-03-02", None, "2021-03-02"), Some("adult"), "the birthday");
        assert_eq!(group("1961-03-02", None, "2021-03-01"), Some("adult"));
        assert_eq!(group("1961-03-02", None, "2021-03-02"), Some("senior"), "the age is exclusive");
        assert_eq!(group("2003-03-02", Some("senior"), "2021-03-01"), Some("senior"));
        assert_eq!(group("2003-03-02", Some("other"), "2021-03-01"), Some("other"));
        let found = group("1990-01-01", Some("another campaign's"), "2021-03-01");
        assert_eq!(found, Some("adult"), "what another campaign calls them says nothing here");
    }

    fn of_age(born: &str) -> Traits<'static> {
        Traits { born: date(born), sex: Sex::U, groups: &[], tags: &[] }
    }

    #[test]
    fn a_group_may_ask_for_a_sex_or_a_tag_and_all_that_it_names_must_fit() {
        let mut campaign = county();
        campaign.groups[0].sex = Some(Sex::F);
        campaign.groups[1].tags = vec!["chronic".into()];
        let tags = ["poor".to_owned(), "chronic".to_owned()];
        let group = |born: &str, sex, tags: &[String]| {
            let person = Traits { sex, tags, ..of_age(born) };
            group_of(&campaign, person, date("2021-03-01")).map(|group| group.id.as_str())
        };
        assert_eq!(group("1990-01-01", Sex::F, &[]), Some("adult"));
        assert_eq!([Sex::M, Sex::U].map(|sex| group("1990-01-01", sex, &[])), [None, None]);
        assert_eq!(group("1940-01-01", Sex::M, &tags), Some("senior"));
        assert_eq!(group("1940-01-01", Sex::M, &tags[..1]), None);
        let asked = Asked::by(&campaign);
        let person = Traits { sex: Sex::F, ..of_age("1990-01-01") };
        assert!(asked.group(&"S".into(), person, date("2021-03-01")).is_some());
        assert!(asked.group(&"X".into(), person, date("2021-03-01")).is_none(), "lives elsewhere");
    }

    #[test]
    fn a_birthday_that_a_month_does_not_have_follows_the_month_end_of_the_series() {
        let mut campaign = county();
        let is_adult = |campaign: &Campaign, on: &str| {
            group_of(campaign, of_age("2004-02-29"), date(on)).is_some()
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
            let group = group_of(campaign, of_age("1940-01-01"), date("2021-03-01"));
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
            groups: Vec::new(),
            tags: vec!["chronic".into()],
            email: Some("z@example.test".into()),
            phone: Some("555".into()),
            language: None,
            household: None,
            opt_out: false,
            more: Box::default(),
        };
        assert_eq!(format!("{person:?}"), r#"Person { id: PersonId("P1"), .. }"#);
        assert_eq!([Sex::F, Sex::M, Sex::U].map(Sex::letter), ["F", "M", "U"]);
        assert_eq!(Sex::default(), Sex::U);
    }
}
