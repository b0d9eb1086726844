//! Days and weekdays, and the instants at which days begin in a time zone.

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone, Utc,
    Weekday,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A set of weekdays; `mon tue …` in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weekdays(u8);

/// The names used in files, Monday first.
pub const WEEKDAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// All seven.
    pub const EVERY_DAY: Self = Self(0b111_1111);
    /// Monday to Friday.
    pub const MON_TO_FRI: Self = Self(0b001_1111);
    /// None.
    pub const NONE: Self = Self(0);

    /// This set with `day` added.
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

/// The days from `first` to `last`, both included; none where `last` comes first.
pub fn days(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day <= last)
}

/// The first instant of a day in a zone; where midnight does not exist, the first instant after the gap.
pub fn day_start(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    resolve(zone, day.and_time(NaiveTime::MIN))
}

/// 24:00 of a day: the first instant of the next one.
pub fn day_end(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    day_start(zone, day + TimeDelta::days(1))
}

/// The day that an instant falls on in a zone.
pub fn day_of(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The instant of a local time. Where the clock skips it, the first instant after the gap; where the clock
/// shows it twice, the first of the two.
pub fn resolve(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    use chrono::LocalResult;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            /// No zone ever moved its clocks by more than 36 hours.
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

/// The next instant after `after` at which a zone changes its offset; `None` where it does not within 400
/// days.
pub fn clock_change(zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    /// A year, and some weeks for changes that follow the lunar calendar.
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
/// `2021年10月20日`. `None` for anything else, and for a day that does not exist.
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

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_day_ends_where_the_next_one_begins_in_its_zone() {
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(day_start(zone, day("2021-10-20")).to_rfc3339(), "2021-10-19T16:00:00+00:00");
        assert_eq!(day_end(zone, day("2021-10-20")).to_rfc3339(), "2021-10-20T16:00:00+00:00");
        let berlin = chrono_tz::Europe::Berlin;
        let hours =
            |text: &str| (day_end(berlin, day(text)) - day_start(berlin, day(text))).num_hours();
        assert_eq!(["2021-03-28", "2021-10-31", "2021-11-01"].map(hours), [23, 25, 24]);
        let last = day_end(zone, day("2021-10-20")) - TimeDelta::milliseconds(1);
        assert_eq!(day_of(zone, last), day("2021-10-20"));
        assert_eq!(day_of(zone, day_end(zone, day("2021-10-20"))), day("2021-10-21"));
    }

    #[test]
    fn a_local_time_in_a_gap_is_the_instant_after_it_and_in_a_fold_the_first_of_two() {
        let berlin = chrono_tz::Europe::Berlin;
        let at = |text: &str| {
            let local: NaiveDateTime = text.parse().expect("a local time");
            resolve(berlin, local).to_rfc3339()
        };
        assert_eq!(at("2021-03-28T01:59:59"), "2021-03-28T00:59:59+00:00");
        for gap in ["2021-03-28T02:00:00", "2021-03-28T02:30:00", "2021-03-28T03:00:00"] {
            assert_eq!(at(gap), "2021-03-28T01:00:00+00:00", "{gap}");
        }
        assert_eq!(at("2021-10-31T02:30:00"), "2021-10-31T00:30:00+00:00");
        // Samoa had no 30 December 2011.
        let noon = day("2011-12-30").and_hms_opt(12, 0, 0).expect("noon");
        let after = resolve(chrono_tz::Pacific::Apia, noon);
        assert_eq!(after.to_rfc3339(), "2011-12-30T10:00:00+00:00");
    }

    #[test]
    fn a_change_of_the_clock_is_looked_for_after_the_instant_and_a_year_ahead() {
        let zone = chrono_tz::Europe::Berlin;
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let next = |text: &str| clock_change(zone, at(text)).map(|at| at.to_rfc3339());
        let (spring, autumn) = ("2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00");
        assert_eq!(next("2026-03-29T00:59:59Z").as_deref(), Some(spring));
        assert_eq!(next("2026-03-29T01:00:00Z").as_deref(), Some(autumn));
        assert_eq!(next("2025-10-26T01:00:00Z").as_deref(), Some(spring));
    }

    #[test]
    fn weekdays_are_a_set_in_the_order_of_the_week() {
        let set = Weekdays::NONE.with(Weekday::Sun).with(Weekday::Mon).with(Weekday::Mon);
        assert_eq!(set.to_string(), "mon sun");
        // 1 March 2021 is a Monday.
        let held = |set: Weekdays| -> Vec<bool> {
            days(day("2021-03-01"), day("2021-03-07")).map(|day| set.contains(day)).collect()
        };
        assert_eq!(held(set), [true, false, false, false, false, false, true]);
        assert_eq!(held(Weekdays::MON_TO_FRI), [true, true, true, true, true, false, false]);
        assert_eq!(held(Weekdays::EVERY_DAY), [true; 7]);
        assert_eq!(held(Weekdays::NONE), [false; 7]);
        assert_eq!(Weekdays::EVERY_DAY.to_string(), WEEKDAY_NAMES.join(" "));
        assert_eq!(days(day("2021-03-02"), day("2021-03-01")).count(), 0);
    }

    #[test]
    fn a_day_has_four_digits_of_a_year_and_no_more_than_two_of_month_and_day() {
        assert_eq!(parse_day("2021/1/2"), Some(day("2021-01-02")));
        assert_eq!(parse_day("2021年1月2日"), Some(day("2021-01-02")));
        for text in [
            "2021-001-02",
            "2021-01-002",
            "02021-01-02",
            "2021-01-02-03",
            "+021-01-02",
            "2021-01-2日日",
        ] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
