//! Due times, and what is said about a faulty timetable.
//!
//! The due times in every time zone around every clock change of 2026 are compared with a walk through every
//! minute, which uses none of the program's code, and with croner.

use crate::support::{World, small};
use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::{TZ_VARIANTS, Tz};
use doseplan::jobs::timetable::{Entry, Timetable};
use std::collections::{BTreeMap, BTreeSet};

/// What decides when a line is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// The wall clock: once; after a gap; at the first pass of a repeated hour.
    Wall,
    /// Elapsed time: whenever the clock shows it.
    Passing,
}

/// Lines, by what decides.
const LINES: &[(&str, Rule)] = &[
    ("0 7 * * *", Rule::Wall),
    ("0 0 * * *", Rule::Wall),
    ("30 2 * * *", Rule::Wall),
    ("15 3 * * *", Rule::Wall),
    ("59 23 * * *", Rule::Wall),
    ("0 8-18 * * *", Rule::Wall),
    ("0 1,2 * * *", Rule::Wall),
    ("0 0-23 * * *", Rule::Wall),
    ("30 0-23/2 * * *", Rule::Wall),
    ("*/30 2 * * *", Rule::Wall),
    ("*/20 0-3 * * *", Rule::Wall),
    ("* 1 * * *", Rule::Wall),
    ("30 1 * * SUN", Rule::Wall),
    ("30 2 * * 1-5", Rule::Wall),
    ("0 3 29 3 *", Rule::Wall),
    ("5 0 1 4,10,11 *", Rule::Wall),
    ("0 * * * *", Rule::Passing),
    ("15 * * * *", Rule::Passing),
    ("*/30 * * * *", Rule::Passing),
    ("10 */2 * * *", Rule::Passing),
    ("0 */6 * * *", Rule::Passing),
    ("45 * * * 0", Rule::Passing),
];

/// Lines and the same line written out. Ranges cross the end of their field, steps begin where they are told.
const SAME: &[(&str, &str)] = &[
    ("0 22-4 * * *", "0 0,1,2,3,4,22,23 * * *"),
    ("50-10/10 7 * * *", "0,10,50 7 * * *"),
    ("0 7 * NOV-FEB *", "0 7 * 1,2,11,12 *"),
    ("0 7 30-2 * *", "0 7 1,2,30,31 * *"),
    ("0 7 * * FRI-MON", "0 7 * * 0,1,5,6"),
    ("0 7 * * MON/2", "0 7 * * 1,3,5"),
    ("0 7 * * 1/2", "0 7 * * 1,3,5"),
];

/// Lines for which croner follows another rule: it takes every list, range and step, also in minutes, as elapsed
/// time. So `0 8-18 * * *` has an hour twice in a fold and none in a gap.
fn croner_differs(line: &str) -> bool {
    let mut fields = line.split(' ');
    let (minute, hour) = (fields.next().unwrap(), fields.next().unwrap());
    let fixed = |field: &str| field.chars().all(|c| c.is_ascii_digit());
    let wall = !(hour == "*" || hour.starts_with("*/"));
    wall != (fixed(minute) && fixed(hour))
}

fn entry(line: &str) -> Entry {
    let text = format!("[plan]\ncron = \"{line}\"\nwindow_hours = 48");
    Timetable::parse(&text).expect("a timetable").entries.remove(0)
}

/// A line as sets of minutes, hours, days, months and weekdays, parsed here independently.
struct Sets([Vec<bool>; 5]);

impl Sets {
    fn read(line: &str) -> Self {
        let mut fields = line.split(' ');
        Self([60, 24, 32, 13, 7].map(|size| {
            let text = fields.next().unwrap().replace("SUN", "0");
            let mut set = vec![false; size];
            for part in text.split(',') {
                let (range, step) = part.split_once('/').unwrap_or((part, "1"));
                let (first, last) = match range.split_once('-') {
                    Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
                    None if range == "*" => (0, size - 1),
                    None => (range.parse().unwrap(), range.parse().unwrap()),
                };
                for value in (first..=last).step_by(step.parse().unwrap()) {
                    set[value] = true;
                }
            }
            set
        }))
    }

    fn hold(&self, at: NaiveDateTime) -> bool {
        let weekday = at.weekday().num_days_from_sunday();
        [at.minute(), at.hour(), at.day(), at.month(), weekday]
            .iter()
            .zip(&self.0)
            .all(|(value, set)| set[usize::try_from(*value).unwrap()])
    }
}

/// A minute: when it is, what the clock shows, and what the clock skipped just before.
struct Minute {
    at: DateTime<Utc>,
    shown: NaiveDateTime,
    left_out: Vec<NaiveDateTime>,
    /// Whether the clock has shown this time before.
    again: bool,
}

fn minutes(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Minute> {
    let one = TimeDelta::minutes(1);
    let mut out = Vec::new();
    let mut at = from;
    let mut furthest = None;
    while at <= until {
        let shown = at.with_timezone(&zone).naive_local();
        let mut left_out = Vec::new();
        let mut next = furthest.map_or(shown, |furthest| furthest + one);
        while next < shown {
            left_out.push(next);
            next += one;
        }
        let again = furthest.is_some_and(|furthest| shown <= furthest);
        furthest = furthest.max(Some(shown));
        out.push(Minute { at, shown, left_out, again });
        at += one;
    }
    out
}

/// Due times by the rule, minute by minute.
fn walked(minutes: &[Minute], line: &Sets, rule: Rule, after: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    minutes
        .iter()
        .filter(|minute| minute.at > after)
        .filter(|minute| match rule {
            Rule::Passing => line.hold(minute.shown),
            Rule::Wall => {
                !minute.again && line.hold(minute.shown)
                    || minute.left_out.iter().any(|at| line.hold(*at))
            }
        })
        .map(|minute| minute.at)
        .collect()
}

fn instant(year: i32, month: u32, day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, day, 0, 0, 0).unwrap()
}

/// The days around each clock change of a zone in 2026; for a zone without one, some days of March.
fn windows(zone: Tz) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let mut out = Vec::new();
    let mut day = instant(2026, 1, 1);
    while day < instant(2027, 1, 1) {
        let next = day + TimeDelta::days(1);
        if offset(day) != offset(next) {
            out.push((day - TimeDelta::days(1), next + TimeDelta::days(1)));
        }
        day = next;
    }
    if out.is_empty() {
        out.push((instant(2026, 3, 27), instant(2026, 3, 30)));
    }
    out
}

/// A zone and some of its days.
type Case = (Tz, (DateTime<Utc>, DateTime<Utc>));

/// Every zone with each of its windows.
fn cases() -> Vec<Case> {
    let of = |zone: &Tz| windows(*zone).into_iter().map(|window| (*zone, window)).collect();
    TZ_VARIANTS.iter().flat_map(|zone| -> Vec<Case> { of(zone) }).collect()
}

fn croner_s(
    line: &str,
    zone: Tz,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let cron: croner::Cron = line.parse().expect("croner reads it");
    let start = after.with_timezone(&zone);
    cron.iter_after(start)
        .map(|at| at.to_utc())
        .skip_while(|at| *at <= after)
        .take_while(|at| *at <= until)
        .collect()
}

#[test]
fn every_zone_s_due_times_around_every_change_of_its_clock_are_right() {
    let lines: Vec<(Entry, Sets, &str, Rule)> =
        LINES.iter().map(|(line, rule)| (entry(line), Sets::read(line), *line, *rule)).collect();
    let cases = cases();
    let (mut compared, mut with_croner) = (0, 0);
    let mut differing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut zones = BTreeSet::new();
    for (zone, (after, until)) in &cases {
        zones.insert(zone.name());
        // The walk starts earlier, so that it knows what the clock has shown before.
        let walk = minutes(*zone, *after - TimeDelta::hours(6), *until);
        for (entry, sets, line, rule) in &lines {
            let ours = entry.between(*zone, *after, *until, usize::MAX);
            let right = walked(&walk, sets, *rule, *after);
            assert_eq!(ours, right, "{zone} {line} from {after}");
            compared += 1;
            // However the span is split, nothing is lost or doubled, and a limit only cuts off the end.
            let middle = *after + (*until - *after) * 11 / 20;
            let mut halves = entry.between(*zone, *after, middle, usize::MAX);
            halves.extend(entry.between(*zone, middle, *until, usize::MAX));
            assert_eq!(halves, right, "{zone} {line} split at {middle}");
            assert_eq!(entry.between(*zone, *after, *until, 3), right[..right.len().min(3)]);
            if croner_differs(line) {
                *differing.entry(line).or_default() +=
                    usize::from(croner_s(line, *zone, *after, *until) != right);
            } else {
                let theirs = croner_s(line, *zone, *after, *until);
                assert_eq!(theirs, right, "croner: {zone} {line} from {after}");
                with_croner += 1;
            }
        }
    }
    assert_eq!(zones.len(), TZ_VARIANTS.len());
    assert!(cases.len() > zones.len() + 100, "{} windows", cases.len());
    // The rules differ only on days of clock changes.
    for (line, differ) in &differing {
        assert!(*differ < cases.len() / 2, "{line}: {differ} of {}", cases.len());
    }
    eprintln!(
        "{} zones, {} windows, {compared} comparisons, {with_croner} of them with croner too; \
         croner's rule differs: {differing:?}",
        zones.len(),
        cases.len()
    );
}

#[test]
fn hours_of_a_list_or_range_come_once_and_every_hour_comes_each_hour() {
    let zone = chrono_tz::Europe::Berlin;
    let on = |line: &str, day: u32, month: u32| -> Vec<String> {
        let start = NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        let start = doseplan::domain::date::day_start(zone, start) - TimeDelta::seconds(1);
        entry(line)
            .between(zone, start, start + TimeDelta::hours(6), 99)
            .iter()
            .map(|at| at.with_timezone(&zone).format("%H:%M%z").to_string())
            .collect()
    };
    assert_eq!(on("0 1,2 * * *", 29, 3), ["01:00+0100", "03:00+0200"]);
    assert_eq!(on("0 1,2 * * *", 25, 10), ["01:00+0200", "02:00+0200"]);
    assert_eq!(on("0 1-3 * * *", 29, 3), ["01:00+0100", "03:00+0200"]);
    assert_eq!(on("0 1-3 * * *", 25, 10), ["01:00+0200", "02:00+0200", "03:00+0100"]);
    let hourly = ["00:00+0200", "01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100"];
    assert_eq!(on("0 * * * *", 25, 10)[..5], hourly);
    assert_eq!(on("0 */2 * * *", 25, 10), ["00:00+0200", "02:00+0200", "02:00+0100", "04:00+0100"]);
}

#[test]
fn a_range_may_cross_the_end_and_a_step_begins_where_it_is_told() {
    let zone = chrono_tz::Europe::Berlin;
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
    let life = (day(1, 1), day(12, 31));
    for (line, same) in SAME {
        let from = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        let due = |line: &str| entry(line).upcoming(zone, from, life, 500);
        assert_eq!(due(line), due(same), "{line}");
        assert!(!due(line).is_empty(), "{line}");
    }
}

#[test]
fn a_line_that_cannot_be_used_says_what_to_write() {
    for (line, said) in [
        ("0 7 * *", "write five"),
        ("0 0 7 * * *", "write five"),
        ("", "write five"),
        ("0 7 1 * 1", "write * for the other"),
        ("0 7 * * 8", "0 to 7"),
        ("0 7 * * */0", "from 1 to 6"),
        ("0 7 * * 5L", "0 to 7"),
        ("0 7 * * 1#2", "0 to 7"),
        ("0 7 L * *", "1 to 28"),
        ("0 7 15W * *", "1 to 28"),
        ("0 7 ? * *", "write *"),
        ("@daily", "write 0 0 * * *"),
        ("@hourly", "write 0 * * * *"),
        ("@reboot", "write for example"),
        ("99 7 * * *", "minute 99: write 0 to 59"),
        ("0 24 * * *", "hour 24: write 0 to 23"),
        ("*/0 7 * * *", "from 1 to 59"),
        ("0 7 0 * *", "write 1 to 31"),
        ("0 7 * 13 *", "write 1 to 12"),
        ("0 7 30 2 *", "never comes"),
        ("noon 7 * * *", "write numbers"),
        ("-5 7 * * *", "write numbers from 0 to 59"),
    ] {
        let text = format!("[digest]\ncron = \"{line}\"\nwindow_hours = 48");
        let told = Timetable::parse(&text).expect_err(line).to_string();
        assert!(told.contains("[digest]") && told.contains(said), "{line}: {told}");
        assert!(!told.contains('\n'), "{line}: {told}");
    }
    for (text, said) in [
        ("[tea]\ncron = \"0 7 * * *\"", "jobs are plan, summary, reminders, digest, schools"),
        ("[plan]\ncorn = \"0 7 * * *\"", "[plan]"),
        ("[plan]\ncron = \"0 7 * * *\"\ncatch_up = \"some\"", "\"all\" or \"none\""),
        ("[plan]\ncron = \"0 7 * * *\"\nwindow_hours = 0", "1 to 744"),
        ("[plan]\ncron = 7", "[plan]"),
        ("plan = 3", "[plan]"),
        ("", "no job is named"),
        ("[plan", "write for example"),
    ] {
        let told = Timetable::parse(text).expect_err(text).to_string();
        assert!(told.contains(said), "{text}: {told}");
    }
}

#[test]
fn a_timetable_of_one_s_own_is_used_and_a_wrong_one_is_named() {
    let year = doseplan::clock::Clock::System.now().year() + 1;
    let campaign = small()
        .swap("campaign.toml", "Asia/Shanghai", "Europe/Berlin")
        .swap("campaign.toml", "start = 2021-04-01", &format!("start = {year}-03-01"))
        .swap("campaign.toml", "end = 2021-05-10", &format!("end = {year}-04-10"))
        .swap("closures.csv", "S2,2021-04-05,0\n", "");
    let world = World::with(&campaign);
    world.file("doseplan.toml", "timetable = \"mine.toml\"\n");
    world.file("mine.toml", "[digest]\ncron = \"30 17 * * *\"\n");
    let list = world.run(&["job", "list", "-o", "json"]).ends(0).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["job"], "digest");
    let before = year.to_string();
    let eve = NaiveDate::from_ymd_opt(year, 3, 1).unwrap().pred_opt().unwrap();
    assert_eq!(list[0]["next"], format!("{eve} 17:30:00+01:00"));
    assert_eq!(list[0]["then"][0], format!("{before}-03-01 17:30:00+01:00"));
    assert_eq!(list[0]["then"].as_array().unwrap().len(), 2);
    let change = list[0]["clock_change"].as_str().expect("Berlin's clock is moved");
    assert!(change.contains("-03-") || change.contains("-10-"), "{change}");
    let next = world.run(&["--lang", "en", "job", "next"]).ends(0);
    assert_eq!(next.out.matches("17:30").count(), 3, "{}", next.out);
    assert!(next.err.contains("Europe/Berlin"), "{}", next.err);

    world.file("mine.toml", "[digest]\ncron = \"@daily\"\n");
    for command in [&["job", "list"][..], &["daemon"], &["job", "run", "plan"]] {
        let ran = world.run(command).ends(4);
        for said in ["mine.toml", "[digest]", "0 0 * * *"] {
            assert!(ran.err.contains(said), "{said}: {}", ran.err);
        }
    }
    std::fs::remove_file(world.path("mine.toml")).unwrap();
    assert!(world.run(&["job", "next"]).ends(4).err.contains("mine.toml"));
    world.file("doseplan.toml", "");
    assert_eq!(
        world.run(&["job", "list", "-o", "json"]).ends(0).json().as_array().unwrap().len(),
        5
    );
}
