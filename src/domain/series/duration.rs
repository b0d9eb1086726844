//! Durations as dose rules state them: `6 months - 4 days`.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Months and days; `1 year` is twelve months, `1 week` seven days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Duration {
    /// Calendar months; they are added first.
    pub months: i32,
    /// Days; they are added to the result.
    pub days: i32,
}

/// Which day is meant where a month is too short, as in 31 January + 1 month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MonthEnd {
    /// The first day of the month after it, as in CDSi.
    #[default]
    Roll,
    /// The last day of the month.
    Clip,
}

/// The text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration; write for example \"21 days\", \"6 months - 4 days\"")]
pub struct DurationError(pub String);

/// Longest duration in months, 200 years; our choice. Larger numbers are typing errors and could leave the calendar.
const MONTHS_MAX: u32 = 12 * 200;
/// Longest duration in days, 200 years; our choice.
const DAYS_MAX: u32 = 366 * 200;

impl Duration {
    /// A number of days.
    pub const fn days(days: i32) -> Self {
        Self { months: 0, days }
    }

    /// The day this long after `start`; `start`, moved by months alone, where the calendar ends before.
    pub fn after(&self, start: NaiveDate, month_end: MonthEnd) -> NaiveDate {
        let moved =
            if self.months == 0 { start } else { add_months(start, self.months, month_end) };
        let days = Days::new(u64::from(self.days.unsigned_abs()));
        let found =
            if self.days < 0 { moved.checked_sub_days(days) } else { moved.checked_add_days(days) };
        found.unwrap_or(moved)
    }
}

impl Duration {
    /// The last day for which this much time has passed by `end`: the latest `d` with `after(d) <= end`.
    pub fn before(&self, end: NaiveDate, month_end: MonthEnd) -> NaiveDate {
        let back = Self { months: -self.months, days: -self.days };
        let mut day = back.after(end, MonthEnd::Clip);
        while self.after(day, month_end) > end {
            day = day.pred_opt().unwrap_or(NaiveDate::MIN);
        }
        while let Some(next) = day.succ_opt().filter(|next| self.after(*next, month_end) <= end) {
            day = next;
        }
        day
    }
}

fn add_months(start: NaiveDate, months: i32, month_end: MonthEnd) -> NaiveDate {
    let count = Months::new(months.unsigned_abs());
    let clipped =
        if months < 0 { start.checked_sub_months(count) } else { start.checked_add_months(count) };
    let Some(clipped) = clipped else { return start };
    match month_end {
        MonthEnd::Roll if clipped.day() != start.day() => {
            clipped.checked_add_days(Days::new(1)).unwrap_or(clipped)
        }
        _ => clipped,
    }
}

/// The text with blanks around its signs, numbers and units: `6yrs–4days` becomes `6 yrs - 4 days`.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut last = ' ';
    for letter in text.replace("(s)", "s").chars() {
        let letter = if matches!(letter, '−' | '–') { '-' } else { letter };
        let is_sign = matches!(letter, '+' | '-');
        let changes = last.is_ascii_digit() != letter.is_ascii_digit();
        if is_sign || matches!(last, '+' | '-') || (changes && letter != '.' && last != '.') {
            out.push(' ');
        }
        // A full stop may end an abbreviation.
        if letter != '.' || !last.is_alphabetic() {
            out.push(letter);
        }
        last = letter;
    }
    out
}

impl std::str::FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let wrong = || DurationError(text.to_owned());
        let spaced = spaced(text);
        let mut words = spaced.split_whitespace().peekable();
        let (mut months, mut days) = (0_i32, 0_i32);
        let mut first = true;
        while words.peek().is_some() {
            let sign = match words.peek() {
                Some(&"+") => words.next().map(|_| 1),
                Some(&"-") => words.next().map(|_| -1),
                _ if first => Some(1),
                _ => None,
            }
            .ok_or_else(wrong)?;
            first = false;
            let number =
                words.next().filter(|n| n.bytes().all(|b| b.is_ascii_digit())).ok_or_else(wrong)?;
            let number = sign * number.parse::<i32>().map_err(|_| wrong())?;
            let unit = words.next().ok_or_else(wrong)?.to_ascii_lowercase();
            let (total, factor) = match unit.strip_suffix('s').unwrap_or(&unit) {
                "day" | "d" | "天" | "日" => (&mut days, 1),
                "week" | "wk" | "w" | "周" => (&mut days, 7),
                "month" | "mo" | "mth" | "月" | "个月" => (&mut months, 1),
                "year" | "yr" | "y" | "岁" | "年" => (&mut months, 12),
                _ => return Err(wrong()),
            };
            *total =
                number.checked_mul(factor).and_then(|n| total.checked_add(n)).ok_or_else(wrong)?;
        }
        if first || months.unsigned_abs() > MONTHS_MAX || days.unsigned_abs() > DAYS_MAX {
            return Err(wrong());
        }
        Ok(Self { months, days })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = |n: i32, name: &str| format!("{n} {name}{}", if n == 1 { "" } else { "s" });
        match (self.months, self.days) {
            (0, days) => f.write_str(&unit(days, "day")),
            (months, 0) if months % 12 == 0 => f.write_str(&unit(months / 12, "year")),
            (months, 0) => f.write_str(&unit(months, "month")),
            (months, days) => {
                let sign = if days < 0 { '-' } else { '+' };
                write!(f, "{} {sign} {}", unit(months, "month"), unit(days.abs(), "day"))
            }
        }
    }
}

impl Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn months_come_before_days_and_month_ends_follow_the_series() {
        let cases = [
            ("1 month", "2021-01-31", "2021-03-01", "2021-02-28"),
            ("6 months - 4 days", "2021-01-15", "2021-07-11", "2021-07-11"),
            ("1 year", "2020-02-29", "2021-03-01", "2021-02-28"),
            ("3 weeks", "2021-01-01", "2021-01-22", "2021-01-22"),
            ("-1 day", "2021-01-01", "2020-12-31", "2020-12-31"),
        ];
        for (text, start, roll, clip) in cases {
            let duration: Duration = text.parse().expect(text);
            assert_eq!(duration.after(day(start), MonthEnd::Roll), day(roll), "{text}");
            assert_eq!(duration.after(day(start), MonthEnd::Clip), day(clip), "{text}");
            assert_eq!(duration.to_string().parse::<Duration>(), Ok(duration));
        }
    }

    #[test]
    fn a_duration_is_told_in_its_largest_unit() {
        for (months, days, told) in [
            (0, 0, "0 days"),
            (0, 1, "1 day"),
            (0, 21, "21 days"),
            (1, 0, "1 month"),
            (6, 0, "6 months"),
            (12, 0, "1 year"),
            (24, 0, "2 years"),
            (18, 0, "18 months"),
            (12, -4, "12 months - 4 days"),
            (1, 1, "1 month + 1 day"),
        ] {
            assert_eq!(Duration { months, days }.to_string(), told);
        }
        let read = |text: &str| text.parse::<Duration>().expect(text);
        assert_eq!(read("2 Weeks + 1 day"), Duration::days(15));
        assert_eq!(read("1 year-4 days"), Duration { months: 12, days: -4 });
        for (text, months, days) in [
            ("6 yrs - 4 days", 72, -4),
            ("18 mos", 18, 0),
            ("4 wks", 0, 28),
            ("1 yr. + 1 mo.", 13, 0),
            ("6yrs–4days", 72, -4),
            ("2 Month(s)", 2, 0),
            ("65岁", 780, 0),
            ("6个月", 6, 0),
        ] {
            assert_eq!(read(text), Duration { months, days }, "{text}");
        }
        assert_eq!(read("200 years"), Duration { months: 2400, days: 0 }, "the longest");
        assert_eq!(read("73200 days"), Duration::days(73_200));
        for text in ["2401 months", "73201 days", "-73201 days"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn before_is_the_last_day_from_which_the_time_has_passed() {
        for (text, end, roll, clip) in [
            ("28 days", "2021-03-29", "2021-03-01", "2021-03-01"),
            ("1 month", "2021-03-01", "2021-02-01", "2021-02-01"),
            ("1 month", "2021-02-28", "2021-01-28", "2021-01-31"),
            ("1 month", "2021-03-31", "2021-02-28", "2021-02-28"),
            ("1 year", "2021-02-28", "2020-02-28", "2020-02-29"),
            ("0 days", "2021-02-28", "2021-02-28", "2021-02-28"),
        ] {
            let duration: Duration = text.parse().expect(text);
            for (month_end, start) in [(MonthEnd::Roll, roll), (MonthEnd::Clip, clip)] {
                let found = duration.before(day(end), month_end);
                assert_eq!(found, day(start), "{text} before {end}, {month_end:?}");
                assert!(duration.after(found, month_end) <= day(end));
                let next = found.succ_opt().expect("a day");
                assert!(duration.after(next, month_end) > day(end));
            }
        }
    }

    #[test]
    fn nonsense_is_no_duration() {
        for text in [
            "",
            "5",
            "days",
            "5 fortnights",
            "5 days 3 days",
            "99999999999 days",
            "1 day +",
            "+",
            "900 years",
            "1.5 years",
            "1 . years",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    /// Texts that are durations, or nearly so.
    fn nearly() -> impl Strategy<Value = String> {
        let number = prop_oneof![
            "[0-9]{1,4}",
            Just(i32::MAX.to_string()),
            Just(u64::MAX.to_string()),
            "\\PC{0,2}"
        ];
        let unit = "(day|week|month|year)s?|Days|YEAR|dys|";
        let part = ("[-+]{0,2} {0,2}", number, " {0,2}", unit);
        prop::collection::vec(part, 0..4).prop_map(|parts| {
            let parts = parts.into_iter().map(|(sign, n, gap, unit)| [sign, n, gap, unit].concat());
            parts.collect::<Vec<_>>().concat()
        })
    }

    proptest! {
        #[test]
        fn any_text_is_a_duration_that_reads_back_or_is_refused_by_name(
            text in prop_oneof![nearly(), "\\PC{0,20}"],
        ) {
            match text.parse::<Duration>() {
                Ok(found) => prop_assert_eq!(found.to_string().parse(), Ok(found), "{}", found),
                Err(error) => prop_assert_eq!(error.0, text),
            }
        }

        #[test]
        fn every_duration_from_every_day_is_a_day(
            months in -2_400_i32..=2_400, days in -73_200_i32..=73_200,
            start in prop_oneof![
                Just(NaiveDate::MIN), Just(NaiveDate::MAX), Just(day("2000-02-29")),
                (1_i32..3_000_000).prop_filter_map("a day", NaiveDate::from_num_days_from_ce_opt)
            ],
        ) {
            let duration = Duration { months, days };
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
            let clipped = duration.after(start, MonthEnd::Clip);
            let rolled = duration.after(start, MonthEnd::Roll);
            prop_assert!(clipped <= rolled && (rolled - clipped).num_days() <= 1);
        }
    }
}
