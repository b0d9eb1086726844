//! Days and months that an address or a form asks for.

use crate::domain::date;
use chrono::{Datelike as _, Months, NaiveDate};

/// The years that anybody can mean. With others, days before and after would be out of range.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// A day as people write it.
pub(super) fn parse_day(text: &str) -> Option<NaiveDate> {
    date::parse_day(text).filter(|day| YEARS.contains(&day.year()))
}

/// The first and the last day of a month such as `2021-04`.
pub(super) fn parse_month(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    month_of(parse_day(&format!("{text}-01"))?)
}

/// The first and the last day of the month of a day.
pub(super) fn month_of(day: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let first = day.with_day(1)?;
    Some((first, first.checked_add_months(Months::new(1))?.pred_opt()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_somebody_can_mean_are_read() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(parse_day("2021年4月2日"), Some(day("2021-04-02")));
        assert_eq!(parse_month("2024-02"), Some((day("2024-02-01"), day("2024-02-29"))));
        assert_eq!(parse_month("2200-12"), Some((day("2200-12-01"), day("2200-12-31"))));
        for bad in ["0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31", "-262143-01-01", ""] {
            assert_eq!(parse_day(bad), None, "{bad}");
        }
        for bad in ["-262143-01", "9999-12", "0000-01", "2021-13", "2021", "x", ""] {
            assert_eq!(parse_month(bad), None, "{bad}");
        }
    }
}
