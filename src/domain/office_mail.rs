//! The content of mails by office that are about no campaign's session of tomorrow: staff get their days at work,
//! schools their lists. `mail::render` turns them into text.

use super::campaign::Language;
use super::contact::Contact;
use super::jurisdiction::{Hours, Role};
use chrono::NaiveDate;

/// What somebody of the staff gets about their days at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyLetter {
    /// Name of the jurisdiction.
    pub jurisdiction: String,
    /// Who reads it.
    pub to: Contact,
    /// In which language.
    pub language: Language,
    /// What differs from what they were told before; empty for the first mail.
    pub changes: Vec<DutyChange>,
    /// Their days, the first one first.
    pub days: Vec<DutyDay>,
}

/// A day that is not as somebody was told: name of the place and role; `None`: off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyChange {
    /// The day.
    pub day: NaiveDate,
    /// As they were told.
    pub before: Option<(String, Role)>,
    /// As it is.
    pub after: Option<(String, Role)>,
}

/// A day at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyDay {
    /// The day.
    pub day: NaiveDate,
    /// Name of the site or team.
    pub place_name: String,
    /// What they do there.
    pub role: Role,
    /// The place's hours, where it says them.
    pub hours: Option<Hours>,
    /// Its address.
    pub address: Option<String>,
}

/// What the staff of a team get when a round of home visits is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundOff {
    /// Name of the jurisdiction.
    pub jurisdiction: String,
    /// Who reads it.
    pub to: Contact,
    /// In which language.
    pub language: Language,
    /// Name of the team.
    pub team_name: String,
    /// The day.
    pub day: NaiveDate,
    /// People who were to be visited.
    pub people: u64,
}

/// Which list a school gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchoolPaper {
    /// The form for the answers of guardians.
    Consent,
    /// The lists of a visit.
    Visit,
    /// Who was missed by the end of a day.
    Missed(NaiveDate),
}

/// When a class is visited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassVisit {
    /// The class.
    pub class: String,
    /// The day.
    pub day: NaiveDate,
    /// From when to when, where the visit says it.
    pub hours: Option<Hours>,
    /// Pupils who are called.
    pub people: usize,
}

/// What a school's contact gets with a list. It names nobody of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolLetter {
    /// The campaign.
    pub campaign_name: String,
    /// The school.
    pub school_name: String,
    /// In which language.
    pub language: Language,
    /// What is attached.
    pub paper: SchoolPaper,
    /// The day on which it is sent.
    pub day: NaiveDate,
    /// Sheets of the workbook: of a visit one for each class.
    pub classes: usize,
    /// When each class is visited; empty for other lists.
    pub visits: Vec<ClassVisit>,
    /// People on the list.
    pub people: usize,
    /// Who is asked about it.
    pub contact: Option<Contact>,
}
