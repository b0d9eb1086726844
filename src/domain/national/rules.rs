//! The counting rules as values. `schedules/national/` has them as files, `intake/national` reads those.

use super::records::ProductId;
use crate::domain::dose::Attribute;
use crate::domain::person::Sex;
use crate::domain::series::{Duration, MonthEnd};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A vaccine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NationalProduct {
    /// Its code in the files.
    pub code: String,
    /// Whether it takes part in a course: it has a programme component (R-out).
    pub has_component: bool,
    /// Whether doses of one day are only the same if their reported numbers agree (R-dup 2).
    pub is_numbered: bool,
}

/// Doses of a child that are numbered together by date (R-order).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Course {
    /// Its id.
    pub id: String,
    /// Courses that must not have begun: a dose after theirs counts nowhere.
    pub not_after: Vec<usize>,
    /// What dose *n* asks for; another dose is no dose *n*, and the child waits for a valid one.
    pub valid: Vec<ValidDose>,
    /// Doses one and two of this attribute nearer than this: the second counts nowhere (R-HPV ③).
    pub too_close: Option<(Attribute, Duration)>,
    /// A course that begins with these vaccines below this age counts only the doses with these numbers (R-MenA-sub).
    pub begun_early: Option<BegunEarly>,
}

/// What a dose must be to be dose *n* of a course (R-MenAC-valid).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidDose {
    /// The number *n*, from 1.
    pub dose: usize,
    /// The youngest age.
    pub from: Option<Duration>,
    /// Vaccines that it cannot be.
    pub never: Vec<ProductId>,
}

/// See [`Course::begun_early`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunEarly {
    /// The vaccines of the first dose.
    pub products: Vec<ProductId>,
    /// Its age is below this.
    pub before: Duration,
    /// Which doses count, from 1.
    pub counts: Vec<usize>,
}

/// That a course takes a vaccine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseTake {
    /// The course.
    pub course: usize,
    /// From this age.
    pub from: Option<Duration>,
    /// Below this age.
    pub before: Option<Duration>,
    /// Only if the course has so many doses already.
    pub after_doses: usize,
}

/// Dose `number` (from 1) of a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoseRef {
    /// The course.
    pub course: usize,
    /// The number, from 1.
    pub number: usize,
}

/// A dose of a cohort row, with the row of the period table that says up to which age it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CohortDose {
    /// The dose.
    pub dose: DoseRef,
    /// The row of the period table for this dose, if there is one.
    pub row: Option<usize>,
}

/// What children have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChildKind {
    /// Its id.
    pub id: String,
    /// The sex.
    pub sex: Option<Sex>,
    /// The mother's HBsAg is one of these; empty for any.
    pub mother: Vec<String>,
    /// The birth weight is known and below this, in grams.
    pub weight_below: Option<u32>,
    /// Born on this day or later.
    pub born_from: Option<NaiveDate>,
    /// Born before this day.
    pub born_before: Option<NaiveDate>,
}

/// Where a time begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFrom {
    /// At birth.
    Birth,
    /// On the day of the first of these doses; never without any.
    Doses(Vec<DoseRef>),
    /// On a day of the calendar.
    Day(NaiveDate),
}

/// A day: so long after something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartTerm {
    /// What it follows.
    pub from: StartFrom,
    /// How long after.
    pub after: Duration,
}

/// What must hold for a dose that the child has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseCondition {
    /// The dose.
    pub dose: DoseRef,
    /// Given at this age or later.
    pub age_from: Option<Duration>,
    /// Given at this age or earlier.
    pub age_until: Option<Duration>,
    /// Given on this day or later.
    pub day_from: Option<NaiveDate>,
}

/// One way to be due (应种). The first whose conditions hold is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueRule {
    /// Condition: born on this day or later.
    pub born_from: Option<NaiveDate>,
    /// Condition: born before this day.
    pub born_before: Option<NaiveDate>,
    /// Condition: reaches this age on this day or later.
    pub turns: Option<(Duration, NaiveDate)>,
    /// Condition: has these doses by the end of the month.
    pub has: Vec<DoseRef>,
    /// Condition: lacks these doses at the end of the month.
    pub lacks: Vec<DoseRef>,
    /// Condition: has such a dose by the end of the month.
    pub if_dose: Option<DoseCondition>,
    /// Due from the latest of these days on.
    pub start: Vec<StartTerm>,
    /// Condition: that day is before this age.
    pub if_before: Option<Duration>,
    /// Not due any more with one of these.
    pub unless: Vec<DoseRef>,
}

/// Ages and ways to be due that hold for a row in some months.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowTerms {
    /// Ways to be due; none: the row has no 应种.
    pub due: Vec<DueRule>,
    /// Nobody is due from this age on.
    pub due_before: Option<Duration>,
    /// A dose counts from this age on.
    pub given_from: Option<Duration>,
    /// A dose counts below this age.
    pub given_before: Duration,
}

/// Doses of another row that the rate of this row adds; they are in its 应种, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedRow {
    /// The other row.
    pub row: usize,
    /// Given at this age or later.
    pub from: Option<Duration>,
    /// Given below this age.
    pub before: Option<Duration>,
}

/// How soon after birth a dose is in time (R-timely).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelyWithin {
    /// At most so many days after the day of birth.
    pub days: i64,
    /// For children of [`Self::hours_for`] whose times are known: at most so many hours.
    pub hours: Option<i64>,
    /// The kind of child that hours concern.
    pub hours_for: Option<usize>,
}

/// Which doses of its course a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowDoses {
    /// The one with this number, from 1.
    Number(usize),
    /// All.
    Each,
    /// Those of another row that were given in time.
    TimelyOf(usize),
}

/// A row of the period table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodRow {
    /// Its id.
    pub id: String,
    /// The vaccine, as the form names it.
    pub vaccine: String,
    /// The dose, as the form names it.
    pub dose: String,
    /// The vaccine in English.
    pub english: String,
    /// The course of its doses.
    pub course: usize,
    /// Which of them.
    pub doses: RowDoses,
    /// Only children of this kind.
    pub only: Option<usize>,
    /// In months that end on this day or later.
    pub since: Option<NaiveDate>,
    /// In months that end before this day.
    pub until: Option<NaiveDate>,
    /// Doses given on this day or later.
    pub given_since: Option<NaiveDate>,
    /// Who missed the dose is told to catch it up below this age; `None`: as long as a dose counts.
    pub missed_before: Option<Duration>,
    /// Whether back-entered doses count (R-back).
    pub counts_back_entry: bool,
    /// Doses of other rows.
    pub merges: Vec<MergedRow>,
    /// When doses are in time, for a row that counts those.
    pub within: Option<TimelyWithin>,
    /// Whether the row has a rate of its own.
    pub has_rate: bool,
    /// Terms, each for months that end on its day or later; the first for all earlier ones, too.
    pub terms: Vec<(NaiveDate, RowTerms)>,
}

impl PeriodRow {
    /// What holds in a month that ends on `month_end`; `None` if the row is not in its table.
    pub fn terms_at(&self, month_end: NaiveDate) -> Option<&RowTerms> {
        if self.since.is_some_and(|since| month_end < since)
            || self.until.is_some_and(|until| month_end >= until)
        {
            return None;
        }
        self.terms_of(month_end)
    }

    /// The terms of a month that ends on `month_end`, whether or not its table has the row.
    pub fn terms_of(&self, month_end: NaiveDate) -> Option<&RowTerms> {
        let later = self.terms.iter().rev().find(|(from, _)| *from <= month_end);
        later.or(self.terms.first()).map(|(_, terms)| terms)
    }

    /// Whether anybody can be due in this row.
    pub fn has_due(&self) -> bool {
        self.terms.iter().any(|(_, terms)| !terms.due.is_empty())
    }
}

/// The rules of the period table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeriodRules {
    /// The title of the form.
    pub title: String,
    /// How long a child is due.
    pub due_for: Duration,
    /// The day of the next month that decides the managing unit (R-manage).
    pub upload_day: u32,
    /// Before this day the last dose decides it where nothing else does.
    pub unit_by_dose_before: Option<NaiveDate>,
    /// The rows, in the order of the form.
    pub rows: Vec<PeriodRow>,
    /// Rows that maternity wards are evaluated for.
    pub maternity_rows: BTreeSet<usize>,
}

/// A row of the cohort table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortRow {
    /// Its id.
    pub id: String,
    /// The vaccine, as the form names it.
    pub vaccine: String,
    /// The dose, as the form names it.
    pub dose: String,
    /// The vaccine in English.
    pub english: String,
    /// The youngest age group with a cell.
    pub first_age: u8,
    /// Any of these doses, by age group: first age, last age, doses.
    pub done: Vec<(u8, u8, Vec<CohortDose>)>,
    /// Not counted with one of these doses.
    pub unless: Vec<DoseRef>,
    /// Counts what is in time in another row.
    pub part_of: Option<usize>,
    /// Only children of this kind, in numerator and denominator.
    pub only: Option<usize>,
    /// On days from this one on.
    pub since: Option<NaiveDate>,
    /// On days before this one.
    pub until: Option<NaiveDate>,
    /// In time if given below this age.
    pub timely_before: Option<Duration>,
    /// In time as this row of the period table says.
    pub timely_as: Option<usize>,
    /// Rows whose counts the rate adds.
    pub rate_with: Vec<usize>,
    /// Whether the row has a rate.
    pub has_rate: bool,
    /// 全程 asks children of this kind only.
    pub full_only: Option<usize>,
    /// From which age group on 全程 asks for it; `None`: never.
    pub full_from: Option<u8>,
    /// For 全程 one of these doses is enough; empty: what the row counts.
    pub full_any: Vec<CohortDose>,
}

impl CohortRow {
    /// Whether the table of a day has a cell for an age group.
    pub fn has_cell(&self, age: u8, day: NaiveDate) -> bool {
        age >= self.first_age && self.is_in_table(day)
    }

    /// Whether the table of a day has the row.
    pub fn is_in_table(&self, day: NaiveDate) -> bool {
        self.since.is_none_or(|since| day >= since) && self.until.is_none_or(|until| day < until)
    }
}

/// The rules of the cohort table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CohortRules {
    /// The title of the form.
    pub title: String,
    /// The name of 全程 in the form.
    pub full: String,
    /// The first and the last age group, in completed years.
    pub ages: (u8, u8),
    /// The rows, in the order of the form.
    pub rows: Vec<CohortRow>,
    /// Pairs of rows for 脱漏率: earlier dose, later dose.
    pub dropouts: Vec<(usize, usize)>,
}

/// A row of the table of townships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TownshipRow {
    /// The row of the cohort table.
    pub row: usize,
    /// Its name in the form.
    pub name: String,
    /// Its name in English.
    pub english: String,
    /// The age group.
    pub age: u8,
}

/// The rules of the table of townships.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TownshipRules {
    /// The title of the form.
    pub title: String,
    /// More than this share counts, in percent.
    pub over_percent: u64,
    /// Townships with fewer residents are merged first.
    pub residents_min: u64,
    /// The rows.
    pub rows: Vec<TownshipRow>,
    /// Id and names of the row for all of them: id, Chinese, English.
    pub all: (String, String, String),
}

/// All rules.
#[derive(Debug, Clone, Default)]
pub struct NationalRules {
    /// The vaccines.
    pub products: Vec<NationalProduct>,
    /// Their ids by code.
    pub codes: HashMap<String, ProductId>,
    /// Giving units that stand for a place elsewhere.
    pub elsewhere: BTreeSet<String>,
    /// The courses.
    pub courses: Vec<Course>,
    /// Which courses take a vaccine, in the order of the courses, by the vaccine's id.
    pub takes: Vec<Vec<CourseTake>>,
    /// The kinds of children.
    pub kinds: Vec<ChildKind>,
    /// Named dates, as they hold.
    pub dates: BTreeMap<String, NaiveDate>,
    /// The month table.
    pub period: PeriodRules,
    /// The cohort table.
    pub cohort: CohortRules,
    /// The table of townships.
    pub townships: TownshipRules,
}

impl NationalRules {
    /// Whether a vaccine has a programme component.
    pub fn has_component(&self, product: ProductId) -> bool {
        self.products.get(usize::from(product.0)).is_some_and(|it| it.has_component)
    }

    /// The code of a vaccine.
    pub fn code(&self, product: ProductId) -> &str {
        self.products.get(usize::from(product.0)).map_or("", |it| it.code.as_str())
    }

    /// The id of a code. A code that no file of rules knows becomes a vaccine without programme component.
    pub fn product_of(&mut self, code: &str) -> (ProductId, bool) {
        if let Some(id) = self.codes.get(code) {
            return (*id, true);
        }
        let id = ProductId(u16::try_from(self.products.len()).unwrap_or(u16::MAX));
        let product =
            NationalProduct { code: code.to_owned(), has_component: false, is_numbered: false };
        self.products.push(product);
        self.takes.push(Vec::new());
        self.codes.insert(code.to_owned(), id);
        (id, false)
    }
}

/// The day on which a child born on `born` is so old, or so long after another day: the same day of the month,
/// clipped to the last day of a shorter one (R-months, O1).
pub fn later(day: NaiveDate, duration: Duration) -> NaiveDate {
    duration.after(day, MonthEnd::Clip)
}
