//! The reasons for every status and every day, as values. The catalogue turns them into sentences.

use super::model::VaccineId;
use crate::domain::series::Duration;
use chrono::NaiveDate;

/// What an interval was measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The dose of the series with this number.
    Dose(u8),
    /// A dose that did not count, or a dose of another vaccine.
    OtherDose,
    /// An observation of the patient.
    Event,
}

/// Why a dose has its status. Section numbers are those of the CDSi Logic Specification 4.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoseReason {
    /// The series was complete already (4.4).
    SeriesComplete,
    /// The dose was expired or damaged (6.1).
    Expired,
    /// An inadvertent vaccine (6.3).
    Inadvertent,
    /// Before the youngest age (6.4).
    TooYoung {
        /// Youngest age.
        age: Duration,
        /// The first day on which it would have counted.
        first: NaiveDate,
    },
    /// Before the youngest age, but within the grace period (6.4).
    GraceAge {
        /// Youngest age.
        age: Duration,
    },
    /// At or after the maximum age (6.4).
    TooOld {
        /// That age.
        age: Duration,
    },
    /// Before the shortest interval (6.5, 6.6).
    TooSoon {
        /// The dose of the series that was tried.
        number: u8,
        /// Measured from.
        since: Since,
        /// That day.
        date: NaiveDate,
        /// Shortest interval.
        wait: Duration,
        /// Shortest interval with grace, where it differs.
        grace: Option<Duration>,
        /// The first day on which it would have counted.
        first: NaiveDate,
    },
    /// Before the shortest interval, but within the grace period (6.5).
    GraceInterval {
        /// The dose of the series.
        number: u8,
        /// Measured from.
        since: Since,
        /// That day.
        date: NaiveDate,
        /// Shortest interval.
        wait: Duration,
    },
    /// After the longest interval.
    TooLate {
        /// The dose of the series that was tried.
        number: u8,
        /// Measured from.
        since: Since,
        /// That day.
        date: NaiveDate,
        /// Longest interval.
        wait: Duration,
        /// Whether it counts nevertheless.
        counts: bool,
    },
    /// In conflict with a vaccine given before (6.7).
    Conflict {
        /// The vaccine given before.
        vaccine: VaccineId,
        /// When.
        date: NaiveDate,
        /// The first day after the conflict.
        first: NaiveDate,
    },
    /// A vaccine of the series, but not at this age (6.8, 6.9).
    VaccineAge,
    /// A vaccine of the series, but from another manufacturer (6.8).
    Manufacturer,
    /// Not a vaccine of this dose (6.8, 6.9).
    VaccineNotListed,
}

/// The rule that determines a day of a forecast (7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// An age.
    Age(Duration),
    /// Time since a dose or an event.
    Interval {
        /// Measured from.
        since: Since,
        /// That day.
        date: NaiveDate,
        /// How long.
        wait: Duration,
    },
    /// The end of a conflict with another vaccine.
    Conflict {
        /// The vaccine given before.
        vaccine: VaccineId,
        /// When.
        date: NaiveDate,
    },
    /// The season begins.
    Season,
    /// Not before the latest dose.
    LatestDose,
}
