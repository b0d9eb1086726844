//! Schools: three lists that become one, consent, visits by class, and who was missed.
//!
//! A **pupil** is a row of a list: a school's, or a township's of those who are not at school. A **file** is a person
//! of the register as lists are matched with it. A **child** is what rows and files belong to: each of them belongs
//! to exactly one.

mod classes;
mod matching;
#[cfg(test)]
mod matching_tests;
mod visit_days;
mod visit_model;
mod visits;
#[cfg(test)]
mod visits_tests;

pub use classes::{
    ClassCount, ClassKey, Missed, PupilStanding, VisitDays, WhyMissed, count, missed,
};
pub use matching::{Child, ChildState, RegisterFile, is_row_of, match_lists, number, plain};
pub use visit_model::{
    ClassNeed, NoVisit, SchoolDays, SchoolNeed, SchoolVisit, Unvisited, VisitPlan, VisitRequest,
    VisitedClass,
};
pub use visits::plan_visits;

use super::campaign::Campaign;
use super::id::{AreaCode, PersonId};
use super::sex::Sex;
use super::words::words;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

words! {
    /// Whose list a row stands in.
    pub enum ListKind {
        /// A school's list of its classes.
        School = "school",
        /// A township's list of those who are not at school.
        Township = "township",
    }
}

/// What a list says of a child. `Debug` shows where it stands alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pupil {
    /// The area whose list it is: a school, or a township.
    #[serde(skip, default = "nowhere")]
    pub list: AreaCode,
    /// Number of the row in the list, from 1.
    #[serde(skip)]
    pub nr: u32,
    /// Whose list it is.
    #[serde(skip, default = "of_school")]
    pub kind: ListKind,
    /// What a clerk decided about it.
    #[serde(skip)]
    pub decided: Option<Decided>,
    /// The class, in a school's list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The name.
    pub name: String,
    /// Number of the identity card or another document, if it can be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_no: Option<String>,
    /// Date of birth.
    pub born: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// Name of a parent or guardian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// Phone number of a parent or guardian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardian_phone: Option<String>,
    /// Why the child is not at school, in a township's list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn nowhere() -> AreaCode {
    AreaCode::new("")
}

fn of_school() -> ListKind {
    ListKind::School
}

impl fmt::Debug for Pupil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pupil")
            .field("list", &self.list)
            .field("nr", &self.nr)
            .finish_non_exhaustive()
    }
}

impl Pupil {
    /// The name of the row: `S01:12`.
    pub fn row(&self) -> String {
        format!("{}:{}", self.list, self.nr)
    }

    /// Whether another row says the same child: a list that comes again keeps what was decided.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.id_no, self.born, &self.guardian)
            == (&other.name, &other.id_no, other.born, &other.guardian)
    }
}

/// What a clerk decided about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is this person of the register.
    Person(PersonId),
    /// It is nobody whom the register has.
    New,
    /// It should not be in the list.
    Drop,
}

impl Decided {
    /// As it is written: `new`, `drop`, or the person's code.
    pub fn of_text(text: &str) -> Self {
        match text {
            "new" => Self::New,
            "drop" => Self::Drop,
            code => Self::Person(PersonId::new(code)),
        }
    }

    /// The text that [`Self::of_text`] reads.
    pub fn text(&self) -> &str {
        match self {
            Self::Person(code) => code.as_str(),
            Self::New => "new",
            Self::Drop => "drop",
        }
    }
}

words! {
    /// What a guardian answered.
    pub enum ConsentAnswer {
        /// Agrees.
        Yes = "yes",
        /// Refuses.
        No = "no",
    }
}

/// A guardian's answer for a person in a campaign. Without one the form was not returned. No derived `Debug`: it
/// has a name.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// Who is to be vaccinated.
    pub person: PersonId,
    /// The answer.
    pub answer: ConsentAnswer,
    /// When it was given.
    pub day: NaiveDate,
    /// Who gave it.
    pub given_by: Option<String>,
    /// Why not.
    pub reason: Option<String>,
}

impl Consent {
    /// Whether this answer counts although another one is known: it is newer, or of the same day and no agreement
    /// where the other one refuses.
    pub fn outweighs(&self, other: &Self) -> bool {
        let rank = |it: &Self| (it.day, it.answer == ConsentAnswer::No);
        rank(self) >= rank(other)
    }
}

/// The kind of stops that are schools.
pub const SCHOOL: &str = "school";

/// The stop at which a school is visited: the first of kind `school` in its area.
pub fn stop_of<'a>(
    campaign: &'a Campaign,
    school: &AreaCode,
) -> Option<&'a crate::domain::site::Stop> {
    let is_its = |stop: &&crate::domain::site::Stop| {
        stop.area == *school && stop.kind.as_deref() == Some(SCHOOL)
    };
    campaign.stops.iter().find(is_its)
}
