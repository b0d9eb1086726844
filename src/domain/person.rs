//! People of the register, and who among them must not be called.

use super::campaign::{Campaign, Language};
use super::group::Group;
use super::id::{AreaCode, GroupId, PersonId, RecordId};
use super::words::words;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A person of the register. No derived `Debug`: names and contacts stay out of logs and errors.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The code that the register gives.
    pub id: PersonId,
    /// Where the person lives.
    pub area: AreaCode,
    /// Date of birth.
    pub born: NaiveDate,
    /// Name, as a letter would have it.
    pub name: Option<String>,
    /// Sex.
    pub sex: Sex,
    /// The group that the register names; else age decides.
    pub group: Option<GroupId>,
    /// Words about the person, such as `chronic`.
    pub tags: Vec<String>,
    /// Address for reminders.
    pub email: Option<String>,
    /// Number for calls and SMS.
    pub phone: Option<String>,
    /// Language of reminders; the campaign's where absent.
    pub language: Option<Language>,
    /// People of one household share a mail.
    pub household: Option<String>,
    /// Wants no reminders.
    pub opt_out: bool,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Sex as registers have it.
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
    /// The letter of the files.
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
    /// What makes its import idempotent.
    pub record: RecordId,
    /// Who.
    pub person: PersonId,
    /// The day it was noted.
    pub date: NaiveDate,
    /// What.
    pub outcome: OutcomeKind,
    /// Last day that it holds; for ever where absent.
    pub until: Option<NaiveDate>,
}

words! {
    /// Why a person got no dose.
    pub enum OutcomeKind {
        /// Does not want it.
        Refused = "refused",
        /// Later: ill, pregnant, travelling.
        Deferred = "deferred",
        /// Must not have it.
        Contraindicated = "contraindicated",
        /// Did not come; is assigned anew.
        Absent = "absent",
        /// Lives elsewhere now.
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

/// The outcome that bars a person on a day, if any: the newest one noted by then that still holds.
/// A dose given after a refusal lifts it, so the caller passes only outcomes newer than the last dose.
pub fn barred<'a>(
    outcomes: impl IntoIterator<Item = &'a Outcome>,
    day: NaiveDate,
) -> Option<&'a Outcome> {
    outcomes
        .into_iter()
        .filter(|o| o.outcome.bars() && o.date <= day && o.until.is_none_or(|until| day <= until))
        .max_by_key(|o| (o.date, o.record.clone()))
}

/// The group that a person belongs to on a day: the one that the register names, else by age.
pub fn group_of<'a>(
    campaign: &'a Campaign,
    born: NaiveDate,
    named: Option<&GroupId>,
    day: NaiveDate,
) -> Option<&'a Group> {
    if let Some(named) = named {
        return campaign.group(named.as_str());
    }
    let month_end = campaign.series.month_end;
    campaign.groups.iter().find(|group| {
        (group.min_age.is_some() || group.max_age.is_some())
            && group.min_age.as_ref().is_none_or(|age| age.after(born, month_end) <= day)
            && group.max_age.as_ref().is_none_or(|age| day < age.after(born, month_end))
    })
}
