//! Days, weekdays and instants of a campaign's time zone.

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone, Utc,
    Weekday,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A set of weekdays, `mon tue …` in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weekdays(u8);

/// The names that files use, Monday first.
pub const WEEKDAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// All seven.
    pub const EVERY_DAY: Self = Self(0b111_1111);
    /// Monday to Friday.
    pub const MON_TO_FRI: Self = Self(0b001_1111);
    /// None.
    pub const NONE: Self = Self(0);

    /// This set and one day more.
    #[must_use]
    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.num_days_from_monday())
    }

    /// Whether the set holds the weekday of `day`.
    pub fn contains(self, day: NaiveDate) -> bool {
        self.0 >> day.weekday().num_days_from_monday() & 1 == 1
    }
}

impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            (0..7).filter(|i| self.0 >> i & 1 == 1).map(|i| WEEKDAY_NAMES[i]).collect();
        f.write_str(&names.join(" "))
    }
}

/// The days `first..=last`.
pub fn days(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day <= last)
}

/// The first instant of a day in a zone; where midnight does not exist, the first instant after the gap.
pub fn day_start(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    resolve(zone, day.and_time(NaiveTime::MIN))
}

/// 24:00 of a day: the first instant that no longer belongs to it.
pub fn day_end(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    day_start(zone, day + TimeDelta::days(1))
}

/// The day that an instant falls on in a zone.
pub fn day_of(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The instant of a local time: in a gap the first instant after it, in a fold the first of the two.
pub fn resolve(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    use chrono::LocalResult;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            /// No zone ever moved its clocks by more than a day and a half.
            const GAP_MAX_SECS: i64 = 129_600;
            let near = local.and_utc().timestamp();
            let is_before = |secs: i64| {
                zone.timestamp_opt(secs, 0).single().is_some_and(|at| at.naive_local() < local)
            };
            let (mut low, mut high) = (near - GAP_MAX_SECS, near + GAP_MAX_SECS);
            while high - low > 1 {
                let middle = low.midpoint(high);
                if is_before(middle) { low = middle } else { high = middle }
            }
            DateTime::from_timestamp(high, 0).expect("next to an instant of the calendar")
        }
    }
}

/// When a zone's clock is next moved after an instant, within a little more than a year.
pub fn clock_change(zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    /// A year and the weeks by which a change that follows the moon may come later.
    const DAYS_AHEAD: i64 = 400;
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let day = (0..DAYS_AHEAD).map(|ahead| after + TimeDelta::days(ahead));
    let before = day.into_iter().find(|at| offset(*at) != offset(*at + TimeDelta::days(1)))?;
    let (mut low, mut high) = (before.timestamp(), before.timestamp() + 86_400);
    let instant = |secs| DateTime::from_timestamp(secs, 0);
    while high - low > 1 {
        let middle = low.midpoint(high);
        let moved = offset(instant(middle)?) != offset(before);
        if moved { high = middle } else { low = middle }
    }
    instant(high)
}

/// Reads a day as people and spreadsheets write it: `2021-10-20`, `2021/10/20`, `20211020`, `2021.10.20` or
/// `2021年10月20日`.
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let parts: Vec<&str> = if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        vec![&text[..4], &text[4..6], &text[6..]]
    } else {
        let text = text.strip_suffix('日').unwrap_or(text);
        text.split(['-', '/', '.', '年', '月']).collect()
    };
    let [year, month, day] = parts.as_slice() else { return None };
    let number = |part: &str, longest: usize| {
        let plain =
            !part.is_empty() && part.len() <= longest && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<u32>().ok()).flatten()
    };
    if year.len() != 4 {
        return None;
    }
    NaiveDate::from_ymd_opt(number(year, 4)?.cast_signed(), number(month, 2)?, number(day, 2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_every_form_that_files_use() {
        let day = NaiveDate::from_ymd_opt(2021, 10, 20);
        for text in
            ["2021-10-20", "2021/10/20", "20211020", "2021.10.20", "2021年10月20日", " 2021-10-20 "]
        {
            assert_eq!(parse_day(text), day, "{text}");
        }
        for text in ["2021-02-30", "21-10-20", "2021-10", "", "2021-1x-20", "20211320", "2021--1-2"]
        {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }

    #[test]
    fn a_midnight_that_does_not_exist_becomes_the_first_instant_after_it() {
        let day = NaiveDate::from_ymd_opt(2023, 4, 28).expect("a day");
        let start = day_start(chrono_tz::Africa::Cairo, day);
        assert_eq!(start.to_rfc3339(), "2023-04-27T22:00:00+00:00");
    }

    #[test]
    fn the_next_change_of_a_zone_s_clock_is_known_to_the_second() {
        let from = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");
        let next = |zone| clock_change(zone, day_start(zone, from)).map(|at| at.to_rfc3339());
        let berlin = next(chrono_tz::Europe::Berlin);
        assert_eq!(berlin.as_deref(), Some("2026-03-29T01:00:00+00:00"));
        let cairo = next(chrono_tz::Africa::Cairo);
        assert_eq!(cairo.as_deref(), Some("2026-04-23T22:00:00+00:00"));
        assert_eq!(next(chrono_tz::Asia::Shanghai), None);
    }
}
