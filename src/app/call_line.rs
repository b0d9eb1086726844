//! Somebody on a call list.

use crate::domain::call::CallReason;
use crate::domain::id::{AreaCode, PersonId, PlaceCode};
use chrono::NaiveDate;

/// Somebody to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLine {
    /// Who.
    pub person: PersonId,
    /// Name, or the code where the register has none.
    pub name: String,
    /// Phone; empty where the register has none.
    pub phone: String,
    /// Where they live.
    pub area: AreaCode,
    /// Number of the dose.
    pub dose: u8,
    /// Day and place of the appointment.
    pub appointment: Option<(NaiveDate, PlaceCode)>,
    /// The last day on which the dose is in time.
    pub latest: Option<NaiveDate>,
    /// Why.
    pub reason: CallReason,
    /// Whether they want no reminders.
    pub opt_out: bool,
    /// How often nobody answered today.
    pub tries: usize,
}
