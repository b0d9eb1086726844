//! Reads a `seriesDose` of an antigen's file.

use super::reading::{DOSES_MAX, Reading, groups_of, parts, small};
use super::xml::Element;
use crate::domain::rules::model::{
    AgeRow, Allowable, Condition, Count, CountLogic, Interval, IntervalFrom, Preferable, Season,
    Skip, SkipSet, TargetDose, VaccineSet,
};
use chrono::NaiveDate;

/// Reads a dose; `index` counts from 1.
pub(super) fn read_dose(reading: &mut Reading<'_>, element: &Element, index: u32) -> TargetDose {
    reading.known(
        element,
        &[
            "doseNumber",
            "age",
            "interval",
            "allowableInterval",
            "preferableVaccine",
            "allowableVaccine",
            "inadvertentVaccine",
            "conditionalSkip",
            "recurringDose",
            "seasonalRecommendation",
        ],
    );
    let text = element.value("doseNumber");
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = reading.number_of(element, "doseNumber", digits, 1, DOSES_MAX);
    if number != Some(index) {
        reading.error("dose_out_of_order", element, "seriesDose/doseNumber", text);
    }
    let mut dose = TargetDose { number: small(index), ..TargetDose::default() };
    for age in element.each("age").filter(|age| !age.is_blank()) {
        dose.ages.push(read_age(reading, age));
    }
    for interval in element.each("interval").filter(|interval| !interval.is_blank()) {
        dose.intervals.extend(read_interval(reading, interval));
    }
    for interval in element.each("allowableInterval").filter(|interval| !interval.is_blank()) {
        dose.allowable_intervals.extend(read_interval(reading, interval));
    }
    read_vaccines(reading, element, &mut dose);
    for skip in element.each("conditionalSkip").filter(|skip| !skip.is_blank()) {
        dose.skips.extend(read_skip(reading, skip));
    }
    dose.recurring = reading.yes(element, "recurringDose");
    for season in element.each("seasonalRecommendation").filter(|season| !season.is_blank()) {
        reading.known(season, &["startDate", "endDate"]);
        let start = reading.day(season, "startDate");
        dose.season = Some(Season { start, end: reading.day(season, "endDate") });
    }
    dose
}

fn read_age(reading: &mut Reading<'_>, element: &Element) -> AgeRow {
    reading.known(
        element,
        &[
            "absMinAge",
            "minAge",
            "earliestRecAge",
            "latestRecAge",
            "maxAge",
            "effectiveDate",
            "cessationDate",
        ],
    );
    AgeRow {
        absolute_min: reading.age(element, "absMinAge"),
        min: reading.age(element, "minAge"),
        recommended: reading.age(element, "earliestRecAge"),
        latest: reading.age(element, "latestRecAge"),
        max: reading.age(element, "maxAge"),
        in_force: reading.in_force(element),
    }
}

fn read_interval(reading: &mut Reading<'_>, element: &Element) -> Option<Interval> {
    reading.known(
        element,
        &[
            "fromPrevious",
            "fromTargetDose",
            "fromMostRecent",
            "fromRelevantObs",
            "absMinInt",
            "minInt",
            "earliestRecInt",
            "latestRecInt",
            "intervalPriority",
            "effectiveDate",
            "cessationDate",
        ],
    );
    let code = element.child("fromRelevantObs").map_or("", |code| code.value("code"));
    let from = if reading.yes(element, "fromPrevious") {
        IntervalFrom::Previous
    } else if let Some(dose) = reading.number(element, "fromTargetDose", 1, DOSES_MAX) {
        IntervalFrom::Dose(small(dose))
    } else if !element.value("fromMostRecent").is_empty() {
        IntervalFrom::MostRecent(vaccines(reading, element.value("fromMostRecent")))
    } else if !code.is_empty() {
        IntervalFrom::Observation(reading.builder.observation(code))
    } else {
        reading.error("interval_from_nothing", element, &element.name, "");
        return None;
    };
    Some(Interval {
        from,
        absolute_min: reading.wait(element, "absMinInt"),
        min: reading.wait(element, "minInt"),
        recommended: reading.wait(element, "earliestRecInt"),
        latest: reading.wait(element, "latestRecInt"),
        max: None,
        late_counts: true,
        priority: reading
            .word(element, "intervalPriority", &[("override", true), ("Y", true), ("N", false)])
            .unwrap_or(false),
        in_force: reading.in_force(element),
    })
}

fn vaccines(reading: &mut Reading<'_>, text: &str) -> VaccineSet {
    parts(text).map(|code| reading.builder.vaccine(code)).collect()
}

fn read_vaccines(reading: &mut Reading<'_>, element: &Element, dose: &mut TargetDose) {
    for row in element.each("preferableVaccine") {
        reading.known(
            row,
            &[
                "vaccineType",
                "cvx",
                "beginAge",
                "endAge",
                "tradeName",
                "mvx",
                "volume",
                "forecastVaccineType",
            ],
        );
        let code = row.value("cvx");
        if code.is_empty() {
            continue;
        }
        let manufacturer = row.value("mvx");
        dose.preferable.push(Preferable {
            vaccine: reading.builder.vaccine(code),
            begin: reading.age(row, "beginAge"),
            end: reading.age(row, "endAge"),
            manufacturer: (!manufacturer.is_empty()).then(|| manufacturer.into()),
            forecast: reading.yes(row, "forecastVaccineType"),
        });
    }
    for row in element.each("allowableVaccine") {
        reading.known(row, &["vaccineType", "cvx", "beginAge", "endAge"]);
        let code = row.value("cvx");
        if !code.is_empty() {
            dose.allowable.push(Allowable {
                vaccine: reading.builder.vaccine(code),
                begin: reading.age(row, "beginAge"),
                end: reading.age(row, "endAge"),
            });
        }
    }
    for row in element.each("inadvertentVaccine") {
        reading.known(row, &["vaccineType", "cvx"]);
        let code = row.value("cvx");
        if !code.is_empty() {
            dose.inadvertent.insert(reading.builder.vaccine(code));
        }
    }
}

fn read_skip(reading: &mut Reading<'_>, element: &Element) -> Option<Skip> {
    reading.known(element, &["context", "setLogic", "set"]);
    let contexts =
        [("Both", (true, true)), ("Evaluation", (true, false)), ("Forecast", (false, true))];
    let context = reading.word(element, "context", &contexts);
    let all_sets = reading.word(element, "setLogic", &[("AND", true), ("OR", false)]);
    let mut sets = Vec::new();
    for set in element.each("set").filter(|set| !set.is_blank()) {
        reading.known(
            set,
            &[
                "setID",
                "setDescription",
                "effectiveDate",
                "cessationDate",
                "conditionLogic",
                "condition",
            ],
        );
        let all = reading.word(set, "conditionLogic", &[("AND", true), ("OR", false)]);
        let mut conditions = Vec::new();
        for condition in set.each("condition").filter(|condition| !condition.is_blank()) {
            conditions.extend(read_condition(reading, condition));
        }
        sets.push(SkipSet {
            in_force: reading.in_force(set),
            all_conditions: all.unwrap_or(true),
            conditions,
        });
    }
    let (in_evaluation, in_forecast) = context?;
    Some(Skip { in_evaluation, in_forecast, all_sets: all_sets.unwrap_or(false), sets })
}

#[derive(Clone, Copy)]
enum Type {
    Age,
    Interval,
    CompletedSeries,
    Count,
}

const TYPES: [(&str, Type); 7] = [
    ("Age", Type::Age),
    ("Interval", Type::Interval),
    ("Completed Series", Type::CompletedSeries),
    ("Vaccine Count by Age", Type::Count),
    ("Vaccine Count by Date", Type::Count),
    ("Vaccine Count by Date and Age", Type::Count),
    ("Vaccine Count by Age and Date", Type::Count),
];
const LOGIC: [(&str, CountLogic); 3] = [
    ("greater than", CountLogic::Greater),
    ("equal to", CountLogic::Equal),
    ("less than", CountLogic::Less),
];

fn read_condition(reading: &mut Reading<'_>, element: &Element) -> Option<Condition> {
    reading.known(
        element,
        &[
            "conditionID",
            "conditionType",
            "startDate",
            "endDate",
            "beginAge",
            "endAge",
            "interval",
            "doseCount",
            "doseType",
            "doseCountLogic",
            "vaccineTypes",
            "seriesGroups",
        ],
    );
    reading.required(element, "conditionType");
    let begin = reading.age(element, "beginAge");
    let end = reading.age(element, "endAge");
    let condition = match reading.word(element, "conditionType", &TYPES)? {
        Type::Age => Condition::Age { begin, end },
        Type::Interval => {
            reading.required(element, "interval");
            Condition::Interval(reading.wait(element, "interval")?)
        }
        Type::CompletedSeries => {
            reading.required(element, "seriesGroups");
            Condition::CompletedSeries(groups_of(reading, element, "seriesGroups"))
        }
        Type::Count => {
            for name in ["doseCount", "doseCountLogic"] {
                reading.required(element, name);
            }
            let types = element.value("vaccineTypes");
            Condition::Count(Count {
                vaccines: (!types.is_empty()).then(|| vaccines(reading, types)),
                begin,
                end,
                from: reading.day(element, "startDate").unwrap_or(NaiveDate::MIN),
                before: reading.day(element, "endDate").unwrap_or(NaiveDate::MAX),
                valid_only: reading
                    .word(element, "doseType", &[("Valid", true), ("Total", false)])
                    .unwrap_or(false),
                logic: reading.word(element, "doseCountLogic", &LOGIC)?,
                doses: reading.number(element, "doseCount", 0, 1_000)?,
            })
        }
    };
    Some(condition)
}
