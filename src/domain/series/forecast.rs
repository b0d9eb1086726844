//! When the next dose is due.

use super::evaluate::Evaluated;
use super::model::Series;
use chrono::NaiveDate;

/// The next dose of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its number, from 1.
    pub number: u8,
    /// First day on which it counts.
    pub earliest: NaiveDate,
    /// The day for which it is recommended.
    pub recommended: NaiveDate,
    /// The last day that the series allows in a plan; the dose stays due after it.
    pub latest: Option<NaiveDate>,
}

/// The next dose after those given, or nothing when the series is complete. `given` is in date order.
pub fn forecast(series: &Series, born: NaiveDate, given: &[Evaluated]) -> Option<Due> {
    let valid = given.iter().filter(|dose| dose.is_valid()).count();
    let rule = series.doses.get(valid)?;
    let number = u8::try_from(valid + 1).unwrap_or(u8::MAX);
    let old_enough = rule.min_age.map_or(born, |age| age.after(born, series.month_end));
    let Some(previous) = given.last().map(|dose| dose.date) else {
        return Some(Due { number, earliest: old_enough, recommended: old_enough, latest: None });
    };
    let after =
        |wait: Option<super::Duration>| wait.map(|wait| wait.after(previous, series.month_end));
    let earliest = old_enough.max(after(rule.interval_min).unwrap_or(previous));
    let recommended = after(rule.interval_recommended).unwrap_or(earliest).max(earliest);
    let latest = if valid == 0 { None } else { after(rule.interval_max) };
    Some(Due { number, earliest, recommended, latest })
}
