//! The weekly duty sheet: a workbook for each week, a sheet for each site and team, to print and hang up.

use super::Invocation;
use crate::domain::jurisdiction::{Jurisdiction, Role};
use crate::domain::roster::Duty;
use crate::intake::workbook_out::{Book, Cell};
use chrono::{Datelike as _, Days, NaiveDate, NaiveTime};
use std::collections::{BTreeMap, BTreeSet};

/// Days of a week, each with its name in the catalogue.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The Monday of a day's week.
fn monday(day: NaiveDate) -> NaiveDate {
    let past = u64::from(day.weekday().num_days_from_monday());
    day.checked_sub_days(Days::new(past)).unwrap_or(day)
}

/// The workbook of each week: name and content.
pub(super) fn workbooks(
    invocation: &Invocation,
    of: &Jurisdiction,
    duties: &[Duty],
) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut weeks: BTreeMap<NaiveDate, BTreeMap<&str, Vec<&Duty>>> = BTreeMap::new();
    for duty in duties {
        let places = weeks.entry(monday(duty.date)).or_default();
        places.entry(&duty.place).or_default().push(duty);
    }
    let names: BTreeMap<&str, &str> =
        of.staff.iter().map(|one| (one.code.as_str(), one.name.as_str())).collect();
    let mut out = Vec::new();
    for (first, places) in weeks {
        let mut book = Book::new(&of.name, first.and_time(NaiveTime::MIN));
        for (place, duties) in places {
            let shown = of.post_name(place, first).to_owned();
            let mut page = book.page(&shown);
            let (titles, heads) = heads(invocation, &shown, first);
            page.table(&titles, &heads, &rows(invocation, &names, first, &duties))?;
            page.close()?;
        }
        let week = first.iso_week();
        let name = format!("week-{}-W{:02}.xlsx", week.year(), week.week());
        out.push((name, book.bytes()?));
    }
    Ok(out)
}

fn heads(invocation: &Invocation, place: &str, first: NaiveDate) -> (Vec<String>, Vec<String>) {
    let out = invocation.out;
    let last = first.checked_add_days(Days::new(6)).unwrap_or(first);
    let titles = vec![
        out.say("roster-week-title", &[("place", &place)]),
        out.say("roster-week-days", &[("from", &first), ("until", &last)]),
    ];
    let day = |(at, code): (u64, &str)| {
        let day = first.checked_add_days(Days::new(at)).unwrap_or(first);
        let name = out.word(&format!("roster-day-{code}"));
        format!("{name} {}", day.format("%m-%d"))
    };
    let days = (0..).zip(WEEKDAYS).map(day);
    (titles, std::iter::once(out.word("column-role")).chain(days).collect())
}

/// A row for each role, a cell for each day with the names of who works.
fn rows(
    invocation: &Invocation,
    names: &BTreeMap<&str, &str>,
    first: NaiveDate,
    duties: &[&Duty],
) -> Vec<Vec<Cell>> {
    let roles: BTreeSet<Role> = duties.iter().map(|duty| duty.role).collect();
    let row = |role: Role| {
        let cell = |at: u64| {
            let day = first.checked_add_days(Days::new(at)).unwrap_or(first);
            let mut here: Vec<&str> = duties
                .iter()
                .filter(|duty| duty.role == role && duty.date == day)
                .map(|duty| names.get(duty.staff.as_str()).copied().unwrap_or(duty.staff.as_str()))
                .collect();
            here.sort_unstable();
            Cell::text(here.join("\n"))
        };
        let name = Cell::text(invocation.out.word(&format!("duty-role-{role}")));
        std::iter::once(name).chain((0..7).map(cell)).collect()
    };
    roles.into_iter().map(row).collect()
}
