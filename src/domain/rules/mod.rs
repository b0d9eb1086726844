//! Dose rules of whole schedules: which doses given count, and when the next dose of every vaccine group is
//! due.
//!
//! *evaluate* looks back, *forecast* looks ahead, *select* takes the best series of every antigen, *merge*
//! combines antigens into vaccine groups. The logic is that of CDC's Logic Specification for CDSi 4.6
//! (2024-12-13), and so are the section numbers and rule names in the comments; the rules are data.

mod evaluate;
mod forecast;
mod merge;
pub mod model;
mod person;
mod reason;
mod run;
mod select;
mod skip;
#[cfg(test)]
mod tests;

pub use forecast::{Day, Next, SeriesStatus};
pub use merge::{Assessment, DoseVerdict, GroupForecast, assess};
pub use model::Rules;
pub use person::{DoseAdministered, Patient};
pub use reason::{DoseReason, Since, Why};
pub use run::{Status, Verdict};
