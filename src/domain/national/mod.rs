//! The official figures of the national immunisation programme: coverage of a month (时段接种率), coverage of birth
//! cohorts (出生队列接种率) and the share of townships above 90 % (＞90%乡镇比例).
//!
//! Which vaccines, ages, intervals and dates count is data: `schedules/national/`. The files here apply it. Rule ids
//! in comments (R-due, O5 …) are those of the reading of the official texts that `schedules/national/README.md`
//! explains. Period tables go by the unit that gave the dose (谁接种谁统计), cohort tables by the unit that manages
//! the child (谁管理谁统计); they never mix.
//!
//! Whoever has children feeds them one person at a time, with all the person's files: [`Counting`]. A register or a
//! folder can stream them; tables only hold counts.

mod choices;
mod cohort;
mod counting;
mod courses;
mod duplicates;
mod missed;
mod months;
mod paid;
mod period;
mod person;
mod quality;
mod rate;
mod records;
mod reliability;
mod rules;
mod tables;
mod townships;

pub use choices::NationalChoices;
pub use cohort::{AgeCount, CohortCell, CohortPart, CohortTable};
pub use counting::{Counting, CountingOptions};
pub use duplicates::{DuplicateKey, DuplicatePair, Persons, merged, persons};
pub use missed::{MissingChild, MissingDose};
pub use months::{MonthSpan, YearMonth};
pub use paid::{PaidCell, PaidCounts, PaidTable};
pub use period::{PeriodCell, PeriodPart};
pub use person::CountedPerson;
pub use quality::{QualityLine, RecordQuality, add_records, quality_lines};
pub use rate::TwoDecimals;
pub use records::{
    ChildFile, Dossier, GivenDose, GivingUnit, Moment, Places, ProductId, UnitId, UnitKind,
    UnitPlace, VaccinationUnit,
};
pub use reliability::{
    IntervalKind, OtherDenominator, ReliabilityLine, SurveyShare, reliability_lines,
};
pub use rules::*;
pub use tables::{PeriodTable, RowCount, ScopeKey};
pub use townships::{MergedTownships, Township, TownshipLine, TownshipTable, TownshipWarning};
