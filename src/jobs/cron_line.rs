//! Cron lines of five fields, in time zones whose clocks change.
//!
//! - Where the hour is a number, a list or a range, the **wall clock** decides: each due time comes once. A time in a
//!   gap is due at the first instant after the gap, a time in a fold at the first of the two instants.
//! - Where the hour is `*` or `*/n`, **elapsed time** decides: the line is due at every instant whose wall-clock time
//!   matches, so at both instants of a fold and never in a gap. `0 * * * *` is due once an hour for ever.

use super::cron_fields::{FIELDS, WEEKDAYS};
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

impl CronLine {
    /// Reads minute, hour, day of the month, month and weekday (0 or 7 is Sunday, names work too). The error says
    /// what to write.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        if line.starts_with('@') {
            return Err(nickname(line));
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "{} fields; write five: minute hour day month weekday; {EXAMPLE}",
                fields.len()
            ));
        };
        if line.contains('?') {
            return Err("? is not known; write * for every day".to_owned());
        }
        let mut sets = Vec::new();
        for (text, field) in fields.iter().zip(&FIELDS) {
            let set = field.read(text)?;
            let is_full = field.is_full(&set);
            sets.push(if is_full { "*".to_owned() } else { listed(&set) });
        }
        let [minutes, hours, days, months, weekdays] = &sets[..] else {
            return Err(EXAMPLE.to_owned());
        };
        if *day != "*" && *weekday != "*" {
            return Err("the day of the month and the weekday together mean different things to \
                 different programs; give one and write * for the other"
                .to_owned());
        }
        let weekdays = named(weekdays);
        let schedule =
            cron::Schedule::from_str(&format!("0 {minutes} {hours} {days} {months} {weekdays}"))
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

/// Numbers as a list.
fn listed(numbers: &BTreeSet<u32>) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// Weekdays by their names, because the cron library counts from 1 = Sunday.
fn named(numbers: &str) -> String {
    let name = |number: &str| number.parse().ok().and_then(|at: usize| WEEKDAYS.get(at).copied());
    let names: Vec<&str> = numbers.split(',').map(|one| name(one).unwrap_or(one)).collect();
    names.join(",")
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
