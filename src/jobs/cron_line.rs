//! Cron lines of five fields, in time zones whose clocks change.
//!
//! - Where the hour is a number, a list or a range, the **wall clock** decides: each due time comes once. A time in a
//!   gap is due at the first instant after the gap, a time in a fold at the first of the two instants.
//! - Where the hour is `*` or `*/n`, **elapsed time** decides: the line is due at every instant whose wall-clock time
//!   matches, so at both instants of a fold and never in a gap. `0 * * * *` is due once an hour for ever.

use crate::domain::date::resolve;
use chrono::{DateTime, LocalResult, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use std::collections::BTreeSet;
use std::str::FromStr as _;

/// A parsed cron line.
#[derive(Debug, Clone)]
pub struct CronLine {
    schedule: cron::Schedule,
    /// Whether elapsed time decides instead of the wall clock.
    elapsed: bool,
}

/// Wider than any gap or fold of present time zones.
const SHIFT_MAX: TimeDelta = TimeDelta::hours(3);
const EXAMPLE: &str = "write for example 0 7 * * *, which is 07:00 every day";
const WEEKDAYS: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

impl CronLine {
    /// Reads minute, hour, day of the month, month and weekday (0 or 7 is Sunday, names work too). The error says
    /// what to write.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        if line.starts_with('@') {
            return Err(nickname(line));
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "{} fields; write five: minute hour day month weekday; {EXAMPLE}",
                fields.len()
            ));
        };
        if line.contains('?') {
            return Err("? is not known; write * for every day".to_owned());
        }
        for (field, name) in [(minute, "minute"), (hour, "hour"), (day, "day of the month")] {
            numeric(field, name)?;
        }
        if *day != "*" && *weekday != "*" {
            return Err("the day of the month and the weekday together mean different things to \
                 different programs; give one and write * for the other"
                .to_owned());
        }
        let weekday = weekdays(weekday)?;
        let schedule =
            cron::Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {weekday}"))
                .map_err(|error| format!("{}; {EXAMPLE}", on_one_line(&error.to_string())))?;
        if schedule.after(&DateTime::UNIX_EPOCH).next().is_none() {
            return Err(format!("day {day} of month {month} never comes; write one that does"));
        }
        let elapsed = *hour == "*" || (hour.starts_with("*/") && !hour.contains(','));
        Ok(Self { schedule, elapsed })
    }

    /// Due times after an instant, oldest first, each once.
    pub fn after(
        &self,
        zone: Tz,
        after: DateTime<Utc>,
    ) -> Box<dyn Iterator<Item = DateTime<Utc>> + '_> {
        // The library is right for UTC, so local times are computed as if they were UTC.
        let from = after.with_timezone(&zone).naive_local() - SHIFT_MAX;
        let locals = self.schedule.after(&from.and_utc()).map(|local| local.naive_utc());
        let later = move |at: &DateTime<Utc>| *at <= after;
        if self.elapsed {
            return Box::new(passing(zone, locals).skip_while(later));
        }
        let mut last = None;
        // Resolving keeps the order, so equal instants stand side by side.
        let due = locals.map(move |local| resolve(zone, local)).skip_while(later);
        Box::new(due.filter(move |at| last.replace(*at) != Some(*at)))
    }
}

/// The instants at which the wall clock shows these times, in order.
fn passing(
    zone: Tz,
    mut locals: impl Iterator<Item = chrono::NaiveDateTime>,
) -> impl Iterator<Item = DateTime<Utc>> {
    let mut found = BTreeSet::new();
    // No later local time resolves to an instant before this one.
    let mut complete_to = None;
    std::iter::from_fn(move || {
        loop {
            if found.first().is_some_and(|at| Some(*at) <= complete_to) {
                return found.pop_first();
            }
            let Some(local) = locals.next() else { return found.pop_first() };
            match zone.from_local_datetime(&local) {
                LocalResult::None => {}
                LocalResult::Single(at) => {
                    complete_to = Some(at.to_utc());
                    found.insert(at.to_utc());
                }
                LocalResult::Ambiguous(first, second) => {
                    complete_to = Some(first.to_utc());
                    found.extend([first.to_utc(), second.to_utc()]);
                }
            }
        }
    })
}

/// The error for `@daily` and the like: what to write instead.
fn nickname(line: &str) -> String {
    let instead = match line.to_ascii_lowercase().as_str() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => return format!("{line} is not known; {EXAMPLE}"),
    };
    format!("{line} is not known; write {instead}")
}

/// Refuses letters and signs that have a meaning in other programs.
fn numeric(field: &str, name: &str) -> Result<(), String> {
    let known = |c: char| c.is_ascii_digit() || "*,-/".contains(c);
    if field.chars().all(known) {
        return Ok(());
    }
    let hint = if field.contains(['L', 'l', 'W', 'w']) {
        "L and W are not known; write a day that every month has, 1 to 28"
    } else {
        "write numbers with , - and /, or *"
    };
    Err(format!("{name} {field:?}: {hint}"))
}

/// The weekday field with numbers replaced by names, because the cron library counts from 1 = Sunday.
fn weekdays(field: &str) -> Result<String, String> {
    if field == "*" {
        return Ok(field.to_owned());
    }
    let day = |text: &str| -> Result<usize, String> {
        let upper = text.to_ascii_uppercase();
        let index = text.parse().ok().or_else(|| WEEKDAYS.iter().position(|name| *name == upper));
        index.filter(|index| *index < WEEKDAYS.len()).ok_or_else(|| {
            format!(
                "{text:?} is no weekday; write 0 to 7 (0 and 7 are Sunday) or SUN to SAT, \
                 without L or #"
            )
        })
    };
    let mut out = Vec::new();
    for part in field.split(',') {
        let (range, step) = part
            .split_once('/')
            .map_or((part, 1), |(range, step)| (range, step.parse::<usize>().unwrap_or(0)));
        if step == 0 {
            return Err(format!("{part:?}: the step is a number from 1 on"));
        }
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(range)?, day(range)?),
        };
        // A range such as FRI-MON crosses the end of the week.
        let last = if last < first { last + 7 } else { last };
        out.extend((first..=last).step_by(step).map(|index| WEEKDAYS[index % 7]));
    }
    Ok(out.join(","))
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
