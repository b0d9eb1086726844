//! The fields of a cron line as sets of numbers. Every field follows the same rules: lists, ranges that may cross the
//! end (`22-4`, `FRI-MON`, `NOV-FEB`), steps (`MON/2` is from Monday on, every second day), and names for months and
//! weekdays.

use std::collections::BTreeSet;

/// One of the five fields.
pub(super) struct Field {
    /// What messages call it.
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of the numbers from `min` on; a longer word that begins so is the same.
    names: &'static [&'static str],
    /// A number that means the lowest one as well: 7 is Sunday.
    also_min: Option<u32>,
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// In the order of their numbers.
pub(super) const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const WEEKDAYS_WHOLE: [&str; 7] =
    ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];
const MONTHS_WHOLE: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];

/// The five fields in their order.
pub(super) const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[], also_min: None },
    Field { name: "hour", min: 0, max: 23, names: &[], also_min: None },
    Field { name: "day of the month", min: 1, max: 31, names: &[], also_min: None },
    Field { name: "month", min: 1, max: 12, names: &MONTHS, also_min: None },
    Field { name: "weekday", min: 0, max: 6, names: &WEEKDAYS, also_min: Some(7) },
];

impl Field {
    /// The numbers that a text means; the error says what to write.
    pub(super) fn read(&self, text: &str) -> Result<BTreeSet<u32>, String> {
        let mut all = BTreeSet::new();
        for part in text.split(',') {
            self.read_part(part, &mut all)?;
        }
        Ok(all)
    }

    /// Whether a set holds every number of the field.
    pub(super) fn is_full(&self, set: &BTreeSet<u32>) -> bool {
        (self.min..=self.max).all(|number| set.contains(&number))
    }

    fn read_part(&self, part: &str, all: &mut BTreeSet<u32>) -> Result<(), String> {
        let (range, step) =
            part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let is_step = |step: &u32| (1..=self.max).contains(step);
        let width = step.map_or(Ok(1), |step| {
            step.parse().ok().filter(is_step).ok_or_else(|| {
                let (name, max) = (self.name, self.max);
                format!("{name} {part:?}: the step is a number from 1 to {max}")
            })
        })?;
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.min, self.max),
            Some((first, last)) => (self.number(first, part)?, self.number(last, part)?),
            None => {
                let first = self.number(range, part)?;
                // With a step a single number is where the steps begin.
                (first, if step.is_some() { self.max } else { first })
            }
        };
        // A range whose end comes before its start crosses the end of the field and goes on at its beginning.
        let size = self.max - self.min + 1;
        let last = if last < first { last + size } else { last };
        for number in (first..=last).step_by(width as usize) {
            all.insert((number - self.min) % size + self.min);
        }
        Ok(())
    }

    fn number(&self, text: &str, part: &str) -> Result<u32, String> {
        let upper = text.to_ascii_uppercase();
        let whole: &[&str] = if self.max == 12 { &MONTHS_WHOLE } else { &WEEKDAYS_WHOLE };
        let named =
            (0..self.names.len()).find(|at| self.names[*at] == upper || whole[*at] == upper);
        if let Some(at) = named {
            return Ok(self.min + u32::try_from(at).unwrap_or(0));
        }
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let highest = self.also_min.unwrap_or(self.max);
        match text.parse::<u32>() {
            Ok(number) if is_plain && (self.min..=highest).contains(&number) => Ok(number),
            _ => Err(self.wrong(text, part)),
        }
    }

    /// What is wrong with a text that is no number of this field.
    fn wrong(&self, text: &str, part: &str) -> String {
        let (name, min, max) = (self.name, self.min, self.max);
        let near = if text == part { String::new() } else { format!(" in {part:?}") };
        if self.also_min.is_some() {
            return format!(
                "{text:?}{near} is no weekday; write 0 to 7 (0 and 7 are Sunday) or SUN to SAT, \
                 without L or #"
            );
        }
        if !self.names.is_empty() {
            return format!("{text:?}{near} is no month; write 1 to 12 or JAN to DEC");
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return format!("{name} {text}{near}: write {min} to {max}");
        }
        let hint = if text.contains(['L', 'l', 'W', 'w']) {
            "L and W are not known; write a day that every month has, 1 to 28".to_owned()
        } else {
            format!("write numbers from {min} to {max} with , - and /, or *")
        };
        format!("{name} {part:?}: {hint}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: usize, text: &str) -> Result<Vec<u32>, String> {
        FIELDS[field].read(text).map(|set| set.into_iter().collect())
    }

    #[test]
    fn ranges_cross_the_end_and_steps_begin_where_they_are_told_in_every_field() {
        for (field, text, numbers) in [
            (0, "55-5/5", &[0, 5, 55][..]),
            (0, "50/5", &[50, 55]),
            (1, "22-4", &[0, 1, 2, 3, 4, 22, 23]),
            (1, "22-4/3", &[1, 4, 22]),
            (2, "30-2", &[1, 2, 30, 31]),
            (3, "NOV-FEB", &[1, 2, 11, 12]),
            (3, "november", &[11]),
            (3, "JAN/3", &[1, 4, 7, 10]),
            (4, "MON/2", &[1, 3, 5]),
            (4, "1/2", &[1, 3, 5]),
            (4, "FRI-MON", &[0, 1, 5, 6]),
            (4, "5-7", &[0, 5, 6]),
            (4, "0-7", &[0, 1, 2, 3, 4, 5, 6]),
            (4, "7", &[0]),
            (4, "6/2", &[6]),
            (4, "sunday,Wed", &[0, 3]),
            (4, "*/3", &[0, 3, 6]),
        ] {
            assert_eq!(read(field, text), Ok(numbers.to_vec()), "{text}");
        }
    }

    #[test]
    fn what_is_refused_says_what_to_write() {
        for (field, text, told) in [
            (0, "60", "minute 60: write 0 to 59"),
            (1, "24", "hour 24: write 0 to 23"),
            (2, "0", "day of the month 0: write 1 to 31"),
            (3, "13", "\"13\" is no month; write 1 to 12 or JAN to DEC"),
            (4, "8", "\"8\" is no weekday; write 0 to 7"),
            (4, "FUN", "\"FUN\" is no weekday"),
            (0, "5/0", "minute \"5/0\": the step is a number from 1 to 59"),
            (1, "1-", "hour \"1-\": write numbers from 0 to 23"),
            (1, "1-25", "hour 25 in \"1-25\": write 0 to 23"),
            (2, "L", "day of the month \"L\": L and W are not known"),
            (0, "", "minute \"\": write numbers from 0 to 59"),
            (0, "-5", "minute \"-5\": write numbers from 0 to 59"),
        ] {
            let error = read(field, text).expect_err(text);
            assert!(error.starts_with(told), "{text}: {error}");
        }
    }
}
