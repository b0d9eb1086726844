//! A small schedule of one antigen, of which each test changes one thing, and short texts of what
//! the rules say.

mod evaluating;
mod forecasting;
mod merging;
mod selecting;
mod skipping;

use super::model::{
    AgeId, AgeRow, Allowable, Antigen, AntigenId, AntigenSeries, Association, Conflict, Conflicts,
    InForce, Interval, IntervalFrom, Kind, ObservationId, Preferable, Rules, TargetDose, Vaccine,
    VaccineGroup, VaccineGroupId, VaccineId, Wait,
};
use super::{Assessment, DoseAdministered, DoseReason, DoseVerdict, Patient, Status, assess};
use crate::domain::person::Sex;
use crate::domain::series::MonthEnd;
use chrono::NaiveDate;

/// Vaccines of the antigen.
const A: VaccineId = VaccineId(0);
const B: VaccineId = VaccineId(1);
/// A vaccine of another antigen.
const L: VaccineId = VaccineId(2);
const CODES: [&str; 3] = ["A", "B", "L"];

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn wait(text: &str) -> Wait {
    Wait { duration: text.parse().expect("a duration"), month_end: MonthEnd::Roll }
}

/// An interval from the dose before with its shortest length, with grace and without.
fn interval(absolute_min: &str, min: &str) -> Interval {
    Interval {
        from: IntervalFrom::Previous,
        absolute_min: Some(wait(absolute_min)),
        min: Some(wait(min)),
        recommended: None,
        latest: None,
        max: None,
        late_counts: false,
        priority: false,
        in_force: InForce::default(),
    }
}

fn preferable(vaccine: VaccineId) -> Preferable {
    let (begin, end) = (AgeId::NONE, AgeId::NONE);
    Preferable { vaccine, begin, end, manufacturer: None, forecast: true }
}

fn allowable(vaccine: VaccineId, begin: AgeId, end: AgeId) -> Allowable {
    Allowable { vaccine, begin, end }
}

fn series(name: &str, doses: Vec<TargetDose>) -> AntigenSeries {
    AntigenSeries {
        name: name.into(),
        group: VaccineGroupId(0),
        kind: Kind::Standard,
        sexes: Vec::new(),
        born_from: NaiveDate::MIN,
        born_before: NaiveDate::MAX,
        indications: Vec::new(),
        equivalent_groups: Vec::new(),
        series_group: 1,
        is_default: true,
        is_product: false,
        priority: 0,
        preference: 1,
        start_before: AgeId::NONE,
        preferable: doses.iter().flat_map(|d| &d.preferable).map(|row| row.vaccine).collect(),
        doses,
    }
}

/// Rules for an antigen that A and B hold, and another that L holds.
struct Schedule {
    rules: Rules,
}

impl Schedule {
    fn empty() -> Self {
        let vaccine = |code: &str, antigen| Vaccine {
            code: code.into(),
            antigens: vec![Association {
                antigen: AntigenId(antigen),
                begin: AgeId::NONE,
                end: AgeId::NONE,
            }],
            is_known: true,
        };
        let group = |antigen| VaccineGroup {
            name: "G".into(),
            full: false,
            is_programme: true,
            antigens: vec![AntigenId(antigen)],
        };
        let rules = Rules {
            vaccines: vec![vaccine("A", 0), vaccine("B", 0), vaccine("L", 1)],
            antigens: vec![Antigen::default(), Antigen::default()],
            groups: vec![group(0)],
            conflicts: vec![Conflicts::default(); 3],
            ..Rules::default()
        };
        Self { rules }
    }

    /// Dose 1 of vaccine A from 6 weeks (4 days of grace) until 1 year, recommended at 2 months, overdue at
    /// 3 months; dose 2 of A after 4 weeks (4 days of grace), recommended after 8 weeks, overdue after 12, at
    /// the latest after 6 months.
    fn two_doses() -> Self {
        let mut schedule = Self::empty();
        let ages = AgeRow {
            absolute_min: schedule.age("6 weeks - 4 days"),
            min: schedule.age("6 weeks"),
            recommended: schedule.age("2 months"),
            latest: schedule.age("3 months"),
            max: schedule.age("1 year"),
            in_force: InForce::default(),
        };
        let first = TargetDose {
            number: 1,
            ages: vec![ages],
            preferable: vec![preferable(A)],
            ..TargetDose::default()
        };
        let between = Interval {
            recommended: Some(wait("8 weeks")),
            latest: Some(wait("12 weeks")),
            max: Some(wait("6 months")),
            ..interval("4 weeks - 4 days", "4 weeks")
        };
        let second = TargetDose {
            number: 2,
            intervals: vec![between],
            preferable: vec![preferable(A)],
            ..TargetDose::default()
        };
        schedule.rules.antigens[0].series = vec![series("S", vec![first, second])];
        schedule
    }

    fn age(&mut self, text: &str) -> AgeId {
        self.rules.ages.push(wait(text));
        AgeId(u16::try_from(self.rules.ages.len() - 1).expect("few ages"))
    }

    /// A dose of the first series, by its number.
    fn dose(&mut self, number: usize) -> &mut TargetDose {
        &mut self.rules.antigens[0].series[0].doses[number - 1]
    }

    /// A third dose with this interval.
    fn third(&mut self, interval: Interval) {
        let preferable = vec![preferable(A)];
        let intervals = vec![interval];
        let third = TargetDose { number: 3, intervals, preferable, ..TargetDose::default() };
        self.rules.antigens[0].series[0].doses.push(third);
    }

    /// L must keep this far before A.
    fn conflict(&mut self, previous: VaccineId, begin: &str, end_min: &str, end: &str) {
        let conflict =
            Conflict { previous, begin: wait(begin), end_min: wait(end_min), end: wait(end) };
        self.rules.conflicts[0].push(conflict);
    }

    fn assess(&self, person: &Patient) -> Assessment {
        assess(&self.rules, person)
    }

    /// What becomes of the doses given, in their order.
    fn judged(&self, given: &str) -> String {
        let assessment = self.assess(&person(given, "2024-01-01"));
        let words = assessment.doses.iter().map(|verdicts| match &verdicts[..] {
            [] => "-".to_owned(),
            [verdict, ..] => verdict_words(verdict),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// How far the person is, and the next dose: its number and earliest, recommended, overdue and latest day.
    fn next(&self, given: &str, as_of: &str) -> String {
        self.next_of(&person(given, as_of))
    }

    fn next_of(&self, person: &Patient) -> String {
        let assessment = self.assess(person);
        let [forecast, ..] = &assessment.forecasts[..] else { return "nothing".to_owned() };
        let Some(next) = forecast.next else { return format!("{:?}", forecast.progress) };
        let or_none = |day: Option<super::Day>| {
            day.map_or_else(|| "-".to_owned(), |day| day.date.to_string())
        };
        let (earliest, recommended) = (next.earliest.date, next.recommended.date);
        let (past_due, latest) = (or_none(next.past_due), or_none(next.latest));
        format!("{} {earliest} {recommended} {past_due} {latest}", next.number)
    }
}

/// Somebody born on 1 January 2020 with doses such as `2020-03-01 A, 2020-04-01 A expired`.
fn person(given: &str, as_of: &str) -> Patient {
    let dose = |text: &str| {
        let mut words = text.split_whitespace();
        let date = day(words.next().expect("a day"));
        let code = words.next().expect("a vaccine");
        let place = CODES.iter().position(|known| *known == code).expect("a known vaccine");
        let word = words.next();
        DoseAdministered {
            date,
            vaccine: Some(VaccineId(u16::try_from(place).expect("few vaccines"))),
            manufacturer: word.filter(|word| *word != "expired").map(Into::into),
            expired: word == Some("expired"),
        }
    };
    Patient {
        born: day("2020-01-01"),
        sex: Sex::F,
        as_of: day(as_of),
        country: None,
        doses: given.split(", ").filter(|text| !text.is_empty()).map(dose).collect(),
        observations: Vec::new(),
    }
}

/// The same with an observation.
fn person_with(observation: ObservationId, on: &str, given: &str, as_of: &str) -> Patient {
    Patient { observations: vec![(observation, Some(day(on)))], ..person(given, as_of) }
}

fn verdict_words(said: &DoseVerdict) -> String {
    let verdict = &said.verdict;
    let status = match verdict.status {
        Status::Valid => "valid",
        Status::Extraneous => "extraneous",
        Status::NotValid => "not valid",
        Status::SubStandard => "substandard",
    };
    let mut text = status.to_owned();
    if let Some(number) = verdict.number {
        text.push_str(&format!(" {number}"));
    }
    for reason in &verdict.reasons {
        text.push_str(": ");
        text.push_str(&reason_words(reason));
    }
    text
}

fn reason_words(reason: &DoseReason) -> String {
    match reason {
        DoseReason::SeriesComplete => "complete".to_owned(),
        DoseReason::Expired => "expired".to_owned(),
        DoseReason::Inadvertent => "by mistake".to_owned(),
        DoseReason::TooYoung { age, first } => format!("younger than {age}, counts from {first}"),
        DoseReason::GraceAge { age } => format!("grace before {age}"),
        DoseReason::TooOld { age } => format!("older than {age}"),
        DoseReason::TooSoon { date, wait, grace: None, first, .. } => {
            format!("sooner than {wait} after {date}, counts from {first}")
        }
        DoseReason::TooSoon { date, wait, grace: Some(grace), first, .. } => {
            format!("sooner than {wait} ({grace}) after {date}, counts from {first}")
        }
        DoseReason::GraceInterval { date, wait, .. } => format!("grace before {wait} after {date}"),
        DoseReason::TooLate { date, wait, counts, .. } => {
            let counts = if *counts { ", counts" } else { "" };
            format!("later than {wait} after {date}{counts}")
        }
        DoseReason::Conflict { vaccine, date, first } => {
            format!("{} on {date}, counts from {first}", CODES[usize::from(vaccine.0)])
        }
        DoseReason::VaccineAge => "vaccine not at this age".to_owned(),
        DoseReason::Manufacturer => "another manufacturer".to_owned(),
        DoseReason::VaccineNotListed => "not a vaccine of this dose".to_owned(),
    }
}
