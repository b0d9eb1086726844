//! The rules as data: antigens, their series, the doses of a series, and what the person must have
//! for each.
//!
//! The shape is that of CDC's supporting data (Logic Specification for CDSi 4.6, chapters 3 to 9),
//! with three things
//! that it lacks and Chinese schedules need: cohorts by birth date, a longest interval, and the
//! month-end rule as
//! data. Texts are numbered once, when the rules are read: a vaccine, an antigen, an age is an
//! index here.

use crate::domain::person::Sex;
use crate::domain::series::{Duration, MonthEnd};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A vaccine type: its place in [`Rules::vaccines`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaccineId(pub u16);

/// An antigen: its place in [`Rules::antigens`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AntigenId(pub u16);

/// A vaccine group: its place in [`Rules::groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaccineGroupId(pub u16);

/// An observation (condition, reaction, evidence of immunity): its place in
/// [`Rules::observations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservationId(pub u16);

/// An age: its place in [`Rules::ages`], or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgeId(pub u16);

impl AgeId {
    /// No age is said.
    pub const NONE: Self = Self(u16::MAX);
}

/// A length of time that is added to a day, with the month-end rule of its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wait {
    /// How long.
    pub duration: Duration,
    /// What becomes of a day that a month does not have.
    pub month_end: MonthEnd,
}

impl Wait {
    /// The day that lies this long after `start`.
    pub fn after(&self, start: NaiveDate) -> NaiveDate {
        self.duration.after(start, self.month_end)
    }
}

/// A set of vaccine types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VaccineSet(Vec<u64>);

impl VaccineSet {
    /// Puts a vaccine in.
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

/// First and last day on which a row holds, both included (CDSi 3.3, RELEVANT-1 and -2).
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
    /// Whether the row holds on this day.
    pub fn on(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }
}

/// All rules that one run works with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Vaccine types.
    pub vaccines: Vec<Vaccine>,
    /// Vaccine types by code.
    pub vaccine_by_code: BTreeMap<Box<str>, VaccineId>,
    /// Ages that any rule names.
    pub ages: Vec<Wait>,
    /// Antigens, with their series.
    pub antigens: Vec<Antigen>,
    /// Vaccine groups, in the order of the output.
    pub groups: Vec<VaccineGroup>,
    /// Codes of observations.
    pub observations: Vec<Box<str>>,
    /// Observations by code.
    pub observation_by_code: BTreeMap<Box<str>, ObservationId>,
    /// Vaccines that must keep apart, by the vaccine given later; one for every vaccine.
    pub conflicts: Vec<Conflicts>,
}

/// A vaccine type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vaccine {
    /// CVX with two digits at least, or the code of a series file.
    pub code: Box<str>,
    /// The antigens that it holds, at which ages of the person.
    pub antigens: Vec<Association>,
    /// Whether the rules say anything of it when it was given.
    pub is_known: bool,
}

/// A vaccine's antigen (CDSi 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Association {
    /// The antigen.
    pub antigen: AntigenId,
    /// From this age.
    pub begin: AgeId,
    /// Before this age.
    pub end: AgeId,
}

/// What a vaccine must keep apart from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    rows: Vec<Conflict>,
    previous: VaccineSet,
}

impl Conflicts {
    /// Adds a vaccine to keep apart from.
    pub fn push(&mut self, conflict: Conflict) {
        self.previous.insert(conflict.previous);
        self.rows.push(conflict);
    }

    /// The vaccines to keep apart from.
    pub fn previous(&self) -> &VaccineSet {
        &self.previous
    }

    /// Every row.
    pub fn rows(&self) -> &[Conflict] {
        &self.rows
    }
}

/// Two vaccines that must keep apart (CDSi 6.7); the list says which one comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The vaccine given before.
    pub previous: VaccineId,
    /// The first day in conflict.
    pub begin: Wait,
    /// The first day after the conflict where the earlier dose is valid or not evaluated.
    pub end_min: Wait,
    /// The first day after the conflict where the earlier dose is not valid; also for forecasts.
    pub end: Wait,
}

/// A vaccine group (CDSi chapter 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaccineGroup {
    /// Its name.
    pub name: Box<str>,
    /// Whether all its antigens are given together.
    pub full: bool,
    /// Whether it belongs to the programme that everybody is to have.
    pub is_programme: bool,
    /// Its antigens.
    pub antigens: Vec<AntigenId>,
}

/// An antigen with its series and what keeps people from needing or having it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Antigen {
    /// Its name.
    pub name: Box<str>,
    /// Observations that show immunity.
    pub immune_by_history: Vec<ObservationId>,
    /// Births before a day that show immunity.
    pub immune_by_birth: Vec<ImmuneBirth>,
    /// What forbids the antigen.
    pub contraindications: Vec<Contraindication>,
    /// What forbids single vaccines.
    pub vaccine_contraindications: Vec<VaccineContraindication>,
    /// Its series, as the files have them.
    pub series: Vec<AntigenSeries>,
    /// Whether any series asks whether another one is complete.
    pub asks_for_complete_series: bool,
}

/// Immunity by birth (CDSi 7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImmuneBirth {
    /// Born before this day.
    pub before: NaiveDate,
    /// Born in this country; anywhere where absent.
    pub country: Option<Box<str>>,
    /// Not with one of these.
    pub except: Vec<ObservationId>,
}

/// What forbids an antigen (CDSi 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contraindication {
    /// The observation.
    pub observation: ObservationId,
    /// From this age.
    pub begin: AgeId,
    /// Before this age.
    pub end: AgeId,
}

/// What forbids a vaccine (CDSi 7.3).
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
    /// Nobody is called for it, but whoever has it is done.
    EvaluationOnly,
}

/// A way to protection against one antigen.
#[derive(Debug, Clone, PartialEq)]
pub struct AntigenSeries {
    /// Its name.
    pub name: Box<str>,
    /// The vaccine group that forecasts it.
    pub group: VaccineGroupId,
    /// Whom it is for.
    pub kind: Kind,
    /// Required sexes; anybody where empty.
    pub sexes: Vec<Sex>,
    /// Born on or after this day.
    pub born_from: NaiveDate,
    /// Born before this day.
    pub born_before: NaiveDate,
    /// Conditions that call for it.
    pub indications: Vec<Contraindication>,
    /// Series groups that make this one's group unnecessary.
    pub equivalent_groups: Vec<u8>,
    /// Its series group.
    pub series_group: u8,
    /// The one to take where nothing speaks for another.
    pub is_default: bool,
    /// Whether it stands for one product.
    pub is_product: bool,
    /// 0 is the highest.
    pub priority: u8,
    /// 1 is the best.
    pub preference: u32,
    /// The first dose lies before this age.
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
    /// Ages; of several in force the first counts.
    pub ages: Vec<AgeRow>,
    /// Preferable intervals: all must hold.
    pub intervals: Vec<Interval>,
    /// Allowable intervals.
    pub allowable_intervals: Vec<Interval>,
    /// Preferable vaccines.
    pub preferable: Vec<Preferable>,
    /// Allowable vaccines.
    pub allowable: Vec<Allowable>,
    /// Vaccines that are given by mistake.
    pub inadvertent: VaccineSet,
    /// When it is not needed: any of them is enough.
    pub skips: Vec<Skip>,
    /// Whether it comes again and again.
    pub recurring: bool,
    /// The season of its recommendation.
    pub season: Option<Season>,
}

/// Ages of a dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeRow {
    /// Youngest age with grace.
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
    /// Shortest with grace.
    pub absolute_min: Option<Wait>,
    /// Shortest.
    pub min: Option<Wait>,
    /// Recommended from.
    pub recommended: Option<Wait>,
    /// Overdue from.
    pub latest: Option<Wait>,
    /// Longest, the last day included.
    pub max: Option<Wait>,
    /// Whether a dose after the longest interval still counts.
    pub late_counts: bool,
    /// Whether it overrides other antigens of the group.
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
    /// Only of this manufacturer.
    pub manufacturer: Option<Box<str>>,
    /// Whether a forecast names it.
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

/// A season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Season {
    /// First day.
    pub start: Option<NaiveDate>,
    /// Last day.
    pub end: Option<NaiveDate>,
}

/// When a dose is not needed (CDSi 6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Whether it is asked when doses are evaluated.
    pub in_evaluation: bool,
    /// Whether it is asked when the next dose is forecast.
    pub in_forecast: bool,
    /// Whether all sets must be met, or one.
    pub all_sets: bool,
    /// The sets.
    pub sets: Vec<SkipSet>,
}

/// Conditions that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipSet {
    /// When the set holds.
    pub in_force: InForce,
    /// Whether all conditions must be met, or one.
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
    /// This long after the dose before.
    Interval(Wait),
    /// A series of one of these groups is complete.
    CompletedSeries(Vec<u8>),
    /// So many doses were given.
    Count(Count),
}

/// A condition on the number of doses given (CDSi CONDSKIP-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Of these vaccines; any of the antigen where absent.
    pub vaccines: Option<VaccineSet>,
    /// Given from this age.
    pub begin: AgeId,
    /// Given before this age.
    pub end: AgeId,
    /// Given from this day.
    pub from: NaiveDate,
    /// Given before this day.
    pub before: NaiveDate,
    /// Only valid ones.
    pub valid_only: bool,
    /// How they are compared.
    pub logic: CountLogic,
    /// With this number.
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
