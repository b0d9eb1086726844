//! What cells of exports look like, in the form that our tables have.

use super::file::CellKind;
use crate::domain::resident_id::{self, Misfit};
use crate::intake::values::{self, clean, half_width, is_exponent};
use chrono::{NaiveDate, TimeDelta};

/// A cell in our form.
pub(super) enum Cell {
    /// Its text.
    Text(String),
    /// Its text, and what somebody should look at.
    Doubtful(String, &'static str),
    /// It cannot be used.
    Bad(&'static str),
}

/// Reads a cell. A blank one is an empty text.
pub(super) fn read(kind: CellKind, text: &str) -> Cell {
    let text = clean(text);
    match kind {
        _ if text.is_empty() => Cell::Text(String::new()),
        CellKind::Text => Cell::Text(text.to_owned()),
        CellKind::Date => match day(text) {
            Some(day) => Cell::Text(day.to_string()),
            None => Cell::Bad("bad_date"),
        },
        CellKind::Id => id(text),
    }
}

/// A day: what tables of ours may write, `20220101T000000`, or the serial number of a spreadsheet.
pub(in crate::intake) fn day(text: &str) -> Option<NaiveDate> {
    let text = half_width(text);
    let text = text.trim();
    let plain = |text: &str| values::day(text).filter(|day| values::is_plausible(*day));
    if let Some(day) = plain(text) {
        return Some(day);
    }
    if let Some((day, time)) = text.split_once(['T', 't', ' '])
        && matches!(time.len(), 4 | 6)
        && time.bytes().all(|digit| digit.is_ascii_digit())
        && is_clock(time)
    {
        return plain(day);
    }
    if text.len() == 14 && text.bytes().all(|digit| digit.is_ascii_digit()) && is_clock(&text[8..])
    {
        return plain(&text[..8]);
    }
    serial(text)
}

/// Whether digits are hours, minutes and perhaps seconds.
fn is_clock(digits: &str) -> bool {
    let number = |at: usize| digits.get(at..at + 2).and_then(|part| part.parse::<u8>().ok());
    number(0).is_some_and(|hour| hour < 24)
        && number(2).is_some_and(|minute| minute < 60)
        && (digits.len() == 4 || number(4).is_some_and(|second| second <= 60))
}

/// The day of a serial number of a spreadsheet that counts from 1900. Of the numbers with five digits only those are
/// taken that stand for a day from 1954 on: others are more likely something else.
fn serial(text: &str) -> Option<NaiveDate> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    if whole.len() != 5 || !digits(whole) || !digits(part) {
        return None;
    }
    let days: i64 = whole.parse().ok().filter(|days| (20_000..=80_000).contains(days))?;
    // A spreadsheet takes 1900 for a leap year, so from March 1900 on its day 0 is 30 December 1899.
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(TimeDelta::days(days))
}

/// An identity number.
fn id(text: &str) -> Cell {
    let narrow = half_width(text);
    if is_exponent(narrow.trim()) {
        return Cell::Bad("number_for_code");
    }
    let kept = |c: &char| !c.is_whitespace() && *c != '-' && *c != '\'';
    let number: String = narrow.chars().filter(kept).collect();
    let number = resident_id::normal(&number).into_owned();
    let doubt = match resident_id::misfit(&number, None) {
        Some(Misfit::CheckDigit) => Some("id_check_digit"),
        Some(Misfit::Born) => Some("id_born"),
        None => None,
    };
    match doubt {
        Some(code) => Cell::Doubtful(number, code),
        None => Cell::Text(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_exports_are_read_in_every_form() {
        let expected = NaiveDate::from_ymd_opt(2022, 1, 1);
        for text in [
            "20220101T000000",
            "20220101T083000",
            "20220101000000",
            "20220101 0830",
            "2022/1/1",
            "2022年1月1日",
            "2022-01-01",
            "20220101",
            "2022-01-01 00:00:00",
            "44562",
            "44562.0",
            "44562.354166",
            "２０２２／１／１",
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in
            ["20220101T250000", "20221301T000000", "1/2/2022", "4456", "445620", "99999", ""]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn identity_numbers_are_cleaned_and_checked() {
        let read = |text: &str| match read(CellKind::Id, text) {
            Cell::Text(text) => (text, ""),
            Cell::Doubtful(text, code) => (text, code),
            Cell::Bad(code) => (String::new(), code),
        };
        let sound = ("11010519491231002X".to_owned(), "");
        for text in [
            "11010519491231002x",
            " '11010519491231002X",
            "110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
        ] {
            assert_eq!(read(text), sound, "{text}");
        }
        assert_eq!(read("110105194912310021").1, "id_check_digit");
        assert_eq!(read("1.10105E+17").1, "number_for_code");
        assert_eq!(read("").0, "");
    }
}
