//! Reads a person's history from one line of JSON, for `doseplan forecast`.

use super::rules::padded;
use crate::domain::person::Sex;
use crate::domain::rules::{DoseAdministered, Patient, Rules};
use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use std::borrow::Cow;

/// A line that was read.
#[derive(Debug)]
pub struct History {
    /// The id, as in the line.
    pub id: Option<serde_json::Value>,
    /// The person.
    pub person: Patient,
    /// The codes of the doses, which the output repeats.
    pub codes: Vec<DoseCode>,
    /// Codes of observations that are not in the rules.
    pub unknown_observations: Vec<String>,
    /// Doses after the day of the forecast, which count for nothing. They are not among the person's.
    pub late: Vec<LateDose>,
}

/// A dose after the day of the forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateDose {
    /// Its place among all doses of the line, from 0.
    pub place: usize,
    /// Its day.
    pub date: NaiveDate,
    /// Its vaccine.
    pub code: DoseCode,
}

/// The vaccine of a dose, as in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseCode {
    /// `cvx` or `vaccine`.
    pub key: &'static str,
    /// The code; a CVX code has at least two digits.
    pub code: String,
}

/// What is wrong with a line. Never holds a date of birth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineError {
    /// It is not a JSON object of this form.
    Unreadable(String),
    /// A required key is missing.
    Missing(&'static str),
    /// A day that does not exist or is not written like 2021-10-20.
    BadDate {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// The sex is not F, M or U.
    BadSex(String),
    /// A dose before birth. Doses are numbered from 1.
    BeforeBirth(usize),
    /// Born after the day of the forecast.
    NotBorn,
    /// A dose without a vaccine.
    NoVaccine(usize),
    /// More doses than a person can have.
    TooManyDoses,
}

/// Most doses of a person. No register has more, and the rules take quadratic time in them.
const DOSES_MAX: usize = 1_000;
/// Most observations of a person, for the same reason.
const OBSERVATIONS_MAX: usize = 1_000;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    id: Option<serde_json::Value>,
    #[serde(borrow, default)]
    born: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    sex: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    as_of: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    doses: Option<Vec<LineDose<'a>>>,
    #[serde(borrow, default)]
    observations: Option<Vec<LineObservation<'a>>>,
}

#[derive(Deserialize)]
struct LineDose<'a> {
    #[serde(borrow, default)]
    date: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    cvx: Option<Code<'a>>,
    #[serde(borrow, default)]
    vaccine: Option<Code<'a>>,
    #[serde(borrow, default)]
    mvx: Option<Cow<'a, str>>,
    #[serde(default)]
    expired: Option<bool>,
}

#[derive(Deserialize)]
struct LineObservation<'a> {
    #[serde(borrow, default)]
    code: Option<Code<'a>>,
    #[serde(borrow, default)]
    date: Option<Cow<'a, str>>,
}

/// A code, written as a text or a number.
struct Code<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Code<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Code<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a code as text or as a whole number")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Code<'de>, E> {
                Ok(Code(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Code<'de>, E> {
                Ok(Code(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Code<'de>, E> {
                Ok(Code(Cow::Owned(number.to_string())))
            }

            // Sheets write whole numbers as `62.0`.
            fn visit_f64<E>(self, number: f64) -> Result<Code<'de>, E> {
                Ok(Code(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads a line. `today` is used if the line has no `as_of`.
pub fn read_line(
    line: &str,
    rules: &Rules,
    today: NaiveDate,
) -> Result<History, (Option<serde_json::Value>, LineError)> {
    let mut line: Line<'_> = match serde_json::from_str(line) {
        Ok(line) => line,
        Err(error) => return Err((id_of(line), LineError::Unreadable(plain(&error)))),
    };
    let id = line.id.take();
    match understand(&line, rules, today) {
        Ok(found) => Ok(History { id, ..found }),
        Err(error) => Err((id, error)),
    }
}

/// The id of a line that is otherwise wrong.
fn id_of(line: &str) -> Option<serde_json::Value> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.get("id").filter(|id| id.is_string() || id.is_number()).cloned()
}

/// The message of serde_json without "at line 1", which is always the same.
fn plain(error: &serde_json::Error) -> String {
    error.to_string().replace("at line 1 column", "at column")
}

/// The line's history, still without its id.
fn understand(line: &Line<'_>, rules: &Rules, today: NaiveDate) -> Result<History, LineError> {
    let born = day(line.born.as_deref(), "born")?.ok_or(LineError::Missing("born"))?;
    let as_of = day(line.as_of.as_deref(), "as_of")?.unwrap_or(today);
    let sex = match line.sex.as_deref() {
        None | Some("U" | "") => Sex::U,
        Some("F") => Sex::F,
        Some("M") => Sex::M,
        Some(other) => return Err(LineError::BadSex(other.to_owned())),
    };
    if as_of < born {
        return Err(LineError::NotBorn);
    }
    let given = line.doses.as_deref().unwrap_or_default();
    let observed = line.observations.as_deref().unwrap_or_default();
    if given.len() > DOSES_MAX || observed.len() > OBSERVATIONS_MAX {
        return Err(LineError::TooManyDoses);
    }
    let mut codes = Vec::with_capacity(given.len());
    let mut doses = Vec::with_capacity(given.len());
    let mut late = Vec::new();
    for (number, dose) in (1..).zip(given) {
        let (given, code) = read_dose(dose, number, rules)?;
        if given.date < born {
            return Err(LineError::BeforeBirth(number));
        }
        if given.date > as_of {
            late.push(LateDose { place: number - 1, date: given.date, code });
        } else {
            doses.push(given);
            codes.push(code);
        }
    }
    let mut observations = Vec::with_capacity(observed.len());
    let mut unknown = Vec::new();
    for observation in observed {
        let date = day(observation.date.as_deref(), "date")?;
        let code = observation.code.as_ref().ok_or(LineError::Missing("code"))?;
        let code = padded(&code.0, 3);
        match rules.observation_by_code.get(code.as_str()) {
            // Doses and observations dated later were not known on that day.
            Some(_) if date.is_some_and(|date| date > as_of) => {}
            Some(id) => observations.push((*id, date)),
            None => unknown.push(code),
        }
    }
    let person = Patient { born, sex, as_of, country: None, doses, observations };
    Ok(History { id: None, person, codes, unknown_observations: unknown, late })
}

fn read_dose(
    dose: &LineDose<'_>,
    number: usize,
    rules: &Rules,
) -> Result<(DoseAdministered, DoseCode), LineError> {
    let date = day(dose.date.as_deref(), "date")?.ok_or(LineError::Missing("date"))?;
    let filled =
        |code: &'_ Option<Code<'_>>| code.as_ref().is_some_and(|code| !code.0.trim().is_empty());
    let (key, code) = match (&dose.cvx, &dose.vaccine) {
        (Some(code), _) if filled(&dose.cvx) => ("cvx", code),
        (_, Some(code)) if filled(&dose.vaccine) => ("vaccine", code),
        _ => return Err(LineError::NoVaccine(number)),
    };
    let code = padded(&code.0, 2);
    let vaccine = rules.vaccine_by_code.get(code.as_str()).copied();
    let vaccine = vaccine.filter(|id| rules.vaccines[usize::from(id.0)].is_known);
    let manufacturer = dose.mvx.as_deref().map(str::trim).filter(|mvx| !mvx.is_empty());
    let expired = dose.expired.unwrap_or(false);
    let given =
        DoseAdministered { date, vaccine, manufacturer: manufacturer.map(Into::into), expired };
    Ok((given, DoseCode { key, code }))
}

/// Longest text that an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// Reads a day written like 2021-10-20.
fn day(text: Option<&str>, key: &'static str) -> Result<Option<NaiveDate>, LineError> {
    let Some(text) = text else { return Ok(None) };
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| {
        bytes.get(range)?.iter().try_fold(0_u32, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    let day = (|| {
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let year = i32::try_from(number(0..4)?).ok()?;
        NaiveDate::from_ymd_opt(year, number(5..7)?, number(8..10)?)
    })();
    match day.filter(|day| day.year() > 0) {
        Some(day) => Ok(Some(day)),
        // A date of birth is private, so the error does not repeat it.
        None if key == "born" => Err(LineError::BadDate { key, value: "…".to_owned() }),
        None => {
            let value = text.chars().take(SHOWN_CHARS_MAX).collect();
            Err(LineError::BadDate { key, value })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<History, (Option<serde_json::Value>, LineError)> {
        read_line(line, &Rules::default(), NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day"))
    }

    fn error(line: &str) -> LineError {
        read(line).expect_err("an error").1
    }

    #[test]
    fn codes_are_padded_and_numbers_are_codes_too() {
        let line = r#"{"id":7,"born":"2020-02-29","doses":[{"date":"2021-03-01","cvx":3},
            {"date":"2021-03-01","vaccine":"MMR"},{"date":"2021-03-01","cvx":"062"},
            {"date":"2021-03-01","cvx":62.0}],"observations":[{"code":7}]}"#;
        let history = read(line).expect("a history");
        assert_eq!(history.id, Some(7.into()));
        let codes: Vec<_> = history.codes.iter().map(|c| (c.key, c.code.as_str())).collect();
        assert_eq!(codes, [("cvx", "03"), ("vaccine", "MMR"), ("cvx", "62"), ("cvx", "62")]);
        assert_eq!(history.unknown_observations, ["007"]);
        assert_eq!(history.person.sex, Sex::U);
    }

    #[test]
    fn a_line_that_cannot_be_is_an_error_with_its_id() {
        let dose = |date: &str| {
            format!(r#"{{"id":"a","born":"2020-01-02","doses":[{{"date":"{date}","cvx":"3"}}]}}"#)
        };
        assert_eq!(error(&dose("2020-01-01")), LineError::BeforeBirth(1));
        let late = read(&dose("2026-01-02")).expect("a history");
        assert_eq!((late.person.doses.len(), late.late[0].place), (0, 0));
        assert_eq!(error(r#"{"born":"2027-01-01"}"#), LineError::NotBorn);
        assert_eq!(error("{}"), LineError::Missing("born"));
        assert_eq!(error(r#"{"born":"2020-01-01","sex":"X"}"#), LineError::BadSex("X".into()));
        assert!(matches!(error(r#"{"born":"2021-02-29"}"#), LineError::BadDate { .. }));
        let (id, found) = read(r#"{"id":"b","born":5}"#).expect_err("an error");
        assert_eq!(id, Some("b".into()));
        assert!(matches!(found, LineError::Unreadable(_)));
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_reader(
            line in "\\PC{0,60}", date in "[0-9-]{0,12}", cvx in "\\PC{0,5}",
        ) {
            let _ = read(&line);
            let value = serde_json::json!({"born": date, "doses": [{"date": date, "cvx": cvx}]});
            let _ = read(&value.to_string());
        }
    }
}
