//! Reads `AntigenSupportingData- NAME-508.xml`: immunity, contraindications and series of one antigen.

use super::dose::read_dose;
use super::reading::{Reading, SERIES_GROUP_MAX, groups_of, small};
use super::xml::Element;
use crate::domain::person::Sex;
use crate::domain::rules::model::{
    Antigen, AntigenSeries, Condition, Contraindication, ImmuneBirth, IntervalFrom, Kind,
    VaccineContraindication,
};
use chrono::NaiveDate;

/// The contents of an antigen's file.
pub(super) struct Read {
    pub(super) name: Box<str>,
    pub(super) row: u32,
    pub(super) antigen: Antigen,
}

/// Reads an antigen's file.
pub(super) fn read(reading: &mut Reading<'_>, root: &Element) -> Option<Read> {
    reading.known(root, &["immunity", "contraindications", "series"]);
    let Some(first) = root.child("series") else {
        reading.error("missing_element", root, "series", "series");
        return None;
    };
    let name: Box<str> = reading.required(first, "targetDisease").into();
    let mut antigen = Antigen { name: name.clone(), ..Antigen::default() };
    // Without its age a contraindication holds at every age; an immunity whose day cannot be read makes nobody immune.
    let before = reading.issues.len();
    for immunity in root.each("immunity") {
        read_immunity(reading, immunity, &mut antigen);
    }
    for list in root.each("contraindications") {
        read_contraindications(reading, list, &mut antigen);
    }
    reading.forgive(before);
    for element in root.each("series") {
        let before = reading.issues.len();
        let disease = reading.required(element, "targetDisease");
        if disease != &*name {
            reading.error("several_antigens", element, "series/targetDisease", disease);
        }
        let series = read_series(reading, element);
        // A series with one rule that is not understood could recommend what it should not.
        if reading.forgive(before) {
            reading.leave_out(element, element.value("seriesName"));
        } else {
            antigen.series.extend(series);
        }
    }
    let asks = asked_groups(&antigen).next().is_some();
    antigen.asks_for_complete_series = asks;
    Some(Read { name, row: first.row, antigen })
}

/// Pairs of series groups: the first asks whether the second is complete.
pub(super) fn asked_groups(antigen: &Antigen) -> impl Iterator<Item = (u8, u8)> + use<'_> {
    antigen.series.iter().flat_map(|series| {
        let sets = series.doses.iter().flat_map(|d| &d.skips).flat_map(|skip| &skip.sets);
        sets.flat_map(|set| &set.conditions).flat_map(move |condition| {
            let asked = match condition {
                Condition::CompletedSeries(groups) => &groups[..],
                _ => &[],
            };
            asked.iter().map(move |group| (series.series_group, *group))
        })
    })
}

fn read_immunity(reading: &mut Reading<'_>, immunity: &Element, antigen: &mut Antigen) {
    reading.known(immunity, &["clinicalHistory", "dateOfBirth"]);
    for history in immunity.each("clinicalHistory") {
        reading.known(history, &["guidelineCode", "guidelineTitle"]);
        let code = history.value("guidelineCode");
        if !code.is_empty() {
            antigen.immune_by_history.push(reading.builder.observation(code));
        }
    }
    for birth in immunity.each("dateOfBirth") {
        reading.known(birth, &["immunityBirthDate", "birthCountry", "exclusion"]);
        let Some(before) = reading.day(birth, "immunityBirthDate") else { continue };
        let country = birth.value("birthCountry");
        let country = (!country.is_empty()).then(|| country.into());
        let mut except = Vec::new();
        for exclusion in birth.each("exclusion") {
            reading.known(exclusion, &["exclusionCode", "exclusionTitle"]);
            let code = exclusion.value("exclusionCode");
            if !code.is_empty() {
                except.push(reading.builder.observation(code));
            }
        }
        antigen.immune_by_birth.push(ImmuneBirth { before, country, except });
    }
}

const CONTRAINDICATION: [&str; 4] =
    ["observationCode", "observationTitle", "contraindicationText", "contraindicationGuidance"];

fn read_contraindications(reading: &mut Reading<'_>, list: &Element, antigen: &mut Antigen) {
    reading.known(list, &["vaccineGroup", "vaccine"]);
    for element in list.each("vaccineGroup").flat_map(|group| group.each("contraindication")) {
        let [a, b, c, d] = CONTRAINDICATION;
        reading.known(element, &[a, b, c, d, "beginAge", "endAge"]);
        let code = element.value("observationCode");
        if !code.is_empty() {
            let row = contraindication(reading, element, code);
            antigen.contraindications.push(row);
        }
    }
    for element in list.each("vaccine").flat_map(|vaccine| vaccine.each("contraindication")) {
        let [a, b, c, d] = CONTRAINDICATION;
        reading.known(element, &[a, b, c, d, "contraindicatedVaccine"]);
        let code = element.value("observationCode");
        if code.is_empty() {
            continue;
        }
        for vaccine in element.each("contraindicatedVaccine") {
            reading.known(vaccine, &["vaccineType", "cvx", "beginAge", "endAge"]);
            let cvx = vaccine.value("cvx");
            if cvx.is_empty() {
                continue;
            }
            let row = contraindication(reading, vaccine, code);
            antigen.vaccine_contraindications.push(VaccineContraindication {
                observation: row.observation,
                vaccine: reading.builder.vaccine(cvx),
                begin: row.begin,
                end: row.end,
            });
        }
    }
}

fn contraindication(reading: &mut Reading<'_>, element: &Element, code: &str) -> Contraindication {
    Contraindication {
        observation: reading.builder.observation(code),
        begin: reading.age(element, "beginAge"),
        end: reading.age(element, "endAge"),
    }
}

const SERIES: [&str; 10] = [
    "seriesName",
    "targetDisease",
    "vaccineGroup",
    "seriesAdminGuidance",
    "seriesType",
    "equivalentSeriesGroups",
    "requiredGender",
    "selectSeries",
    "indication",
    "seriesDose",
];
const SELECT: [&str; 8] = [
    "defaultSeries",
    "productPath",
    "seriesGroupName",
    "seriesGroup",
    "seriesPriority",
    "seriesPreference",
    "minAgeToStart",
    "maxAgeToStart",
];
const KINDS: [(&str, Kind); 3] =
    [("Standard", Kind::Standard), ("Risk", Kind::Risk), ("Evaluation Only", Kind::EvaluationOnly)];
const SEXES: [(&str, Sex); 3] = [("Female", Sex::F), ("Male", Sex::M), ("Unknown", Sex::U)];
const PRIORITIES: [(&str, u8); 8] =
    [("A", 0), ("B", 1), ("C", 2), ("D", 3), ("E", 4), ("F", 5), ("G", 6), ("H", 7)];

fn read_series(reading: &mut Reading<'_>, element: &Element) -> Option<AntigenSeries> {
    reading.known(element, &SERIES);
    let name = reading.required(element, "seriesName");
    let group = reading.required(element, "vaccineGroup");
    let group_known = reading.builder.rules.groups.iter().any(|known| *known.name == *group);
    if !group_known {
        reading.error("unknown_vaccine_group", element, "series/vaccineGroup", group);
        return None;
    }
    let kind = reading.word(element, "seriesType", &KINDS);
    if element.value("seriesType").is_empty() {
        reading.error("missing_value", element, "seriesType", "");
    }
    let sexes = read_sexes(reading, element);
    let equivalent_groups = groups_of(reading, element, "equivalentSeriesGroups");
    let indications = read_indications(reading, element);
    let mut doses = Vec::new();
    for (index, dose) in (1..).zip(element.each("seriesDose")) {
        doses.push(read_dose(reading, dose, index));
    }
    if doses.is_empty() {
        reading.error("missing_element", element, "seriesDose", "seriesDose");
    }
    let Some(select) = element.child("selectSeries") else {
        reading.error("missing_element", element, "selectSeries", "selectSeries");
        return None;
    };
    reading.known(select, &SELECT);
    let series_group = reading.number(select, "seriesGroup", 0, SERIES_GROUP_MAX);
    let preferable = doses.iter().flat_map(|d| &d.preferable).map(|row| row.vaccine).collect();
    check_references(reading, element, &doses);
    Some(AntigenSeries {
        name: name.into(),
        group: reading.builder.group(group),
        kind: kind?,
        sexes,
        born_from: NaiveDate::MIN,
        born_before: NaiveDate::MAX,
        indications,
        equivalent_groups,
        series_group: small(series_group.unwrap_or(1)),
        is_default: reading.yes(select, "defaultSeries"),
        is_product: reading.yes(select, "productPath"),
        priority: reading.word(select, "seriesPriority", &PRIORITIES).unwrap_or(0),
        preference: reading.number(select, "seriesPreference", 0, 1_000).unwrap_or(u32::MAX),
        start_before: reading.age(select, "maxAgeToStart"),
        doses,
        preferable,
    })
}

fn read_sexes(reading: &mut Reading<'_>, element: &Element) -> Vec<Sex> {
    let mut sexes = Vec::new();
    let is_known =
        |gender: &Element| SEXES.iter().any(|(word, _)| word.eq_ignore_ascii_case(gender.text()));
    let has_known = element.each("requiredGender").any(is_known);
    for gender in element.each("requiredGender").filter(|gender| !gender.is_blank()) {
        if let Some((_, sex)) =
            SEXES.iter().find(|(word, _)| word.eq_ignore_ascii_case(gender.text()))
        {
            sexes.push(*sex);
        } else {
            reading.error("bad_gender", gender, "requiredGender", gender.text());
            let last = reading.issues.len() - 1;
            // Nobody in the input has it, so the others that are required stand alone.
            if has_known {
                reading.forgive(last);
            }
        }
    }
    sexes
}

fn read_indications(reading: &mut Reading<'_>, element: &Element) -> Vec<Contraindication> {
    let mut indications = Vec::new();
    for row in element.each("indication").filter(|indication| !indication.is_blank()) {
        let known = ["observationCode", "description", "beginAge", "endAge", "guidance"];
        reading.known(row, &known);
        let code = row.child("observationCode").map_or("", |code| code.value("code"));
        if !code.is_empty() {
            indications.push(contraindication(reading, row, code));
        }
    }
    indications
}

/// An interval must start at an earlier dose; anything else would be circular.
fn check_references(
    reading: &mut Reading<'_>,
    element: &Element,
    doses: &[crate::domain::rules::model::TargetDose],
) {
    for dose in doses {
        for row in dose.intervals.iter().chain(&dose.allowable_intervals) {
            if let IntervalFrom::Dose(from) = row.from
                && from >= dose.number
            {
                let value = format!("Dose {} ← Dose {from}", dose.number);
                reading.error("rules_cycle", element, "interval/fromTargetDose", &value);
            }
        }
    }
}
