//! The rules as data: antigens, their series, the doses of a series, and the conditions of each dose.
//!
//! The shape is that of CDC's supporting data (Logic Specification for CDSi 4.6, chapters 3 to 9). Three
//! things are added for Chinese schedules: cohorts by birth date, a longest interval, and the month-end rule
//! as data. Vaccines, antigens, ages and the like are indices into tables that are filled when the rules are
//! read.

use crate::domain::person::Sex;
use crate::domain::series::{Duration, MonthEnd};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A vaccine type: its index in [`Rules::vaccines`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaccineId(pub u16);

/// An antigen: its index in [`Rules::antigens`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AntigenId(pub u16);

/// A vaccine group: its index in [`Rules::groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaccineGroupId(pub u16);

/// An observation (condition, reaction, evidence of immunity): its index in [`Rules::observations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservationId(pub u16);

/// An age: its index in [`Rules::ages`], or [`AgeId::NONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgeId(pub u16);

impl AgeId {
    /// No age is given.
    pub const NONE: Self = Self(u16::MAX);
}

/// A length of time to be added to a day, with the month-end rule of its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wait {
    /// How long.
    pub duration: Duration,
    /// Which day is meant where a month is too short.
    pub month_end: MonthEnd,
}

impl Wait {
    /// The day this long after `start`.
    pub fn after(&self, start: NaiveDate) -> NaiveDate {
        self.duration.after(start, self.month_end)
    }
}

/// A set of vaccine types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VaccineSet(Vec<u64>);

impl VaccineSet {
    /// Adds a vaccine.
    pub fn insert(&mut self, vaccine: VaccineId) {
        let (word, bit) = (usize::from(vaccine.0) / 64, vaccine.0 % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    /// Whether the vaccine is in it.
    pub fn contains(&self, vaccine: VaccineId) -> bool {
        self.0.get(usize::from(vaccine.0) / 64).is_some_and(|w| w >> (vaccine.0 % 64) & 1 == 1)
    }

    /// Whether the two sets have a vaccine in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(own, other)| own & other != 0)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

impl FromIterator<VaccineId> for VaccineSet {
    fn from_iter<I: IntoIterator<Item = VaccineId>>(vaccines: I) -> Self {
        let mut set = Self::default();
        vaccines.into_iter().for_each(|vaccine| set.insert(vaccine));
        set
    }
}

/// First and last day on which a row of the rules is in force, both included (3.3, RELEVANT-1 and -2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

impl Default for InForce {
    fn default() -> Self {
        Self { from: NaiveDate::MIN, to: NaiveDate::MAX }
    }
}

impl InForce {
    /// Whether the row is in force on this day.
    pub fn on(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }
}

/// The complete rules of a schedule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Vaccine types.
    pub vaccines: Vec<Vaccine>,
    /// Vaccine types by code.
    pub vaccine_by_code: BTreeMap<Box<str>, VaccineId>,
    /// All ages that the rules mention.
    pub ages: Vec<Wait>,
    /// Antigens with their series.
    pub antigens: Vec<Antigen>,
    /// Vaccine groups, in the order of the output.
    pub groups: Vec<VaccineGroup>,
    /// Codes of observations.
    pub observations: Vec<Box<str>>,
    /// Observations by code.
    pub observation_by_code: BTreeMap<Box<str>, ObservationId>,
    /// Conflicts between live vaccines, by the vaccine given later; one entry for every vaccine.
    pub conflicts: Vec<Conflicts>,
}

/// A vaccine type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vaccine {
    /// CVX code with at least two digits, or the code in a series file.
    pub code: Box<str>,
    /// The antigens it contains, and the ages at which it counts for each.
    pub antigens: Vec<Association>,
    /// Whether the rules mention it; a dose of another vaccine has no verdict.
    pub is_known: bool,
}

/// An antigen of a vaccine (4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Association {
    /// The antigen.
    pub antigen: AntigenId,
    /// From this age.
    pub begin: AgeId,
    /// Before this age.
    pub end: AgeId,
}

/// The conflicts of a vaccine with vaccines given before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    rows: Vec<Conflict>,
    previous: VaccineSet,
}

impl Conflicts {
    /// Adds a conflict.
    pub fn push(&mut self, conflict: Conflict) {
        self.previous.insert(conflict.previous);
        self.rows.push(conflict);
    }

    /// The vaccines that it conflicts with.
    pub fn previous(&self) -> &VaccineSet {
        &self.previous
    }

    /// All conflicts.
    pub fn rows(&self) -> &[Conflict] {
        &self.rows
    }
}

/// A conflict (6.7): two vaccines that must not be given too close together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The vaccine given before.
    pub previous: VaccineId,
    /// From the earlier dose to the first day of conflict.
    pub begin: Wait,
    /// To the first day after the conflict, where the earlier dose is valid or was not evaluated.
    pub end_min: Wait,
    /// To the first day after the conflict, where the earlier dose is not valid, and in forecasts.
    pub end: Wait,
}

/// A vaccine group (chapter 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaccineGroup {
    /// Its name.
    pub name: Box<str>,
    /// Whether its antigens are always given together.
    pub full: bool,
    /// Whether it belongs to the national programme for everybody.
    pub is_programme: bool,
    /// Its antigens.
    pub antigens: Vec<AntigenId>,
}

/// An antigen: its series, and who is immune or must not have it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Antigen {
    /// Its name.
    pub name: Box<str>,
    /// Observations that are evidence of immunity.
    pub immune_by_history: Vec<ObservationId>,
    /// Dates of birth that are evidence of immunity.
    pub immune_by_birth: Vec<ImmuneBirth>,
    /// Contraindications for the antigen.
    pub contraindications: Vec<Contraindication>,
    /// Contraindications for single vaccines.
    pub vaccine_contraindications: Vec<VaccineContraindication>,
    /// Its series, in the order of the files.
    pub series: Vec<AntigenSeries>,
    /// Whether a series has a condition that another one is complete.
    pub asks_for_complete_series: bool,
}

/// Immunity by date and country of birth (7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImmuneBirth {
    /// Born before this day.
    pub before: NaiveDate,
    /// Born in this country; anywhere where absent.
    pub country: Option<Box<str>>,
    /// Not for people with one of these observations.
    pub except: Vec<ObservationId>,
}

/// A contraindication for an antigen (7.3), or an indication for a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contraindication {
    /// The observation.
    pub observation: ObservationId,
    /// From this age.
    pub begin: AgeId,
    /// Before this age.
    pub end: AgeId,
}

/// A contraindication for a vaccine (7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaccineContraindication {
    /// The observation.
    pub observation: ObservationId,
    /// The vaccine.
    pub vaccine: VaccineId,
    /// From this age.
    pub begin: AgeId,
    /// Before this age.
    pub end: AgeId,
}

/// Whom a series is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everybody.
    Standard,
    /// People with an indication.
    Risk,
    /// Nobody: it is never recommended, but whoever completed it is complete.
    EvaluationOnly,
}

/// A series of doses that protects against one antigen.
#[derive(Debug, Clone, PartialEq)]
pub struct AntigenSeries {
    /// Its name.
    pub name: Box<str>,
    /// The vaccine group that it is forecast in.
    pub group: VaccineGroupId,
    /// Whom it is for.
    pub kind: Kind,
    /// Required sexes; anybody where empty.
    pub sexes: Vec<Sex>,
    /// Born on or after this day.
    pub born_from: NaiveDate,
    /// Born before this day.
    pub born_before: NaiveDate,
    /// Observations that make it relevant; only for risk series.
    pub indications: Vec<Contraindication>,
    /// Series groups that, once complete, make this one unnecessary.
    pub equivalent_groups: Vec<u8>,
    /// Its series group.
    pub series_group: u8,
    /// Whether it is the default series of its series group.
    pub is_default: bool,
    /// Whether it is for one product.
    pub is_product: bool,
    /// Priority among risk series; 0 is the highest.
    pub priority: u8,
    /// Preference between series of equal score; 1 is the best.
    pub preference: u32,
    /// The first dose must be given before this age.
    pub start_before: AgeId,
    /// Its doses.
    pub doses: Vec<TargetDose>,
    /// Every preferable vaccine of any dose.
    pub preferable: VaccineSet,
}

/// A dose of a series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TargetDose {
    /// Its number, from 1.
    pub number: u8,
    /// Ages; of several rows in force the first holds.
    pub ages: Vec<AgeRow>,
    /// Preferable intervals: all must hold.
    pub intervals: Vec<Interval>,
    /// Allowable intervals.
    pub allowable_intervals: Vec<Interval>,
    /// Preferable vaccines.
    pub preferable: Vec<Preferable>,
    /// Allowable vaccines.
    pub allowable: Vec<Allowable>,
    /// Inadvertent vaccines: given by mistake, they never count.
    pub inadvertent: VaccineSet,
    /// Conditional skips: one that is met is enough.
    pub skips: Vec<Skip>,
    /// Whether it recurs without end.
    pub recurring: bool,
    /// The season of its recommendation.
    pub season: Option<Season>,
}

/// Ages of a dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeRow {
    /// Youngest age, with grace.
    pub absolute_min: AgeId,
    /// Youngest age.
    pub min: AgeId,
    /// Recommended from.
    pub recommended: AgeId,
    /// Overdue from.
    pub latest: AgeId,
    /// Too old from.
    pub max: AgeId,
    /// When the row holds.
    pub in_force: InForce,
}

/// What an interval is measured from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntervalFrom {
    /// The dose before.
    Previous,
    /// The dose that satisfied this dose of the series.
    Dose(u8),
    /// The latest dose of one of these vaccines.
    MostRecent(VaccineSet),
    /// The latest observation of this code.
    Observation(ObservationId),
}

/// An interval of a dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// Measured from.
    pub from: IntervalFrom,
    /// Shortest length, with grace.
    pub absolute_min: Option<Wait>,
    /// Shortest length.
    pub min: Option<Wait>,
    /// Recommended from.
    pub recommended: Option<Wait>,
    /// Overdue from.
    pub latest: Option<Wait>,
    /// Longest length, last day included. Not in CDSi; Chinese schedules have it.
    pub max: Option<Wait>,
    /// Whether a dose after the longest length still counts.
    pub late_counts: bool,
    /// Whether it takes precedence over other antigens of the group (FORECASTPRIORITY-1).
    pub priority: bool,
    /// When the row holds.
    pub in_force: InForce,
}

/// A preferable vaccine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferable {
    /// The vaccine.
    pub vaccine: VaccineId,
    /// From this age.
    pub begin: AgeId,
    /// Before this age.
    pub end: AgeId,
    /// Only from this manufacturer (MVX).
    pub manufacturer: Option<Box<str>>,
    /// Whether forecasts recommend it.
    pub forecast: bool,
}

/// An allowable vaccine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowable {
    /// The vaccine.
    pub vaccine: VaccineId,
    /// From this age.
    pub begin: AgeId,
    /// Before this age.
    pub end: AgeId,
}

/// The season in which a dose is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Season {
    /// First day.
    pub start: Option<NaiveDate>,
    /// Last day.
    pub end: Option<NaiveDate>,
}

/// A conditional skip: when a dose is not needed (6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Whether it applies to the evaluation of doses.
    pub in_evaluation: bool,
    /// Whether it applies to forecasts.
    pub in_forecast: bool,
    /// Whether all sets must be met; otherwise one is enough.
    pub all_sets: bool,
    /// The sets.
    pub sets: Vec<SkipSet>,
}

/// A set of conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipSet {
    /// When the set is in force.
    pub in_force: InForce,
    /// Whether all conditions must be met; otherwise one is enough.
    pub all_conditions: bool,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

/// A condition of a skip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// At this age.
    Age {
        /// From.
        begin: AgeId,
        /// Before.
        end: AgeId,
    },
    /// At least this long after the previous dose.
    Interval(Wait),
    /// A series of one of these groups is complete.
    CompletedSeries(Vec<u8>),
    /// A number of doses was given.
    Count(Count),
}

/// A condition on the number of doses given (CDSi CONDSKIP-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Of these vaccines; where absent, any vaccine of the antigen.
    pub vaccines: Option<VaccineSet>,
    /// Given from this age.
    pub begin: AgeId,
    /// Given before this age.
    pub end: AgeId,
    /// Given from this day.
    pub from: NaiveDate,
    /// Given before this day.
    pub before: NaiveDate,
    /// Only valid doses.
    pub valid_only: bool,
    /// How they are compared.
    pub logic: CountLogic,
    /// The number to compare with.
    pub doses: u32,
}

/// How a number of doses is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountLogic {
    /// More.
    Greater,
    /// Exactly as many.
    Equal,
    /// Fewer.
    Less,
}
