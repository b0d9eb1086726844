//! Reads the text of a cell as a number, day, weekday or word. Every function expects trimmed text.

use crate::domain::date::{Weekdays, parse_day};
use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;
use std::borrow::Cow;

/// Years that a day may lie in. Others are typing errors.
pub(super) const YEARS: std::ops::RangeInclusive<i32> = 1880..=2200;

/// The text of a cell without surrounding blanks, and without the apostrophe that [`super::csv_out`] puts in front
/// of formulas.
pub(super) fn clean(text: &str) -> &str {
    // The fast path for nearly every cell: it starts and ends with a plain character.
    if let ([first, .., last], _) | ([first], last) = (text.as_bytes(), &b'x')
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
        && *first != b'\''
    {
        return text;
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.starts_with('\'') && super::csv_out::is_formula(text.trim_start_matches('\'')) {
        &text[1..]
    } else {
        text
    }
}

/// Replaces full-width digits, letters and signs by their ASCII counterparts: `２０２１` becomes `2021`.
pub(super) fn half_width(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).expect("a twin in ASCII for every one of them")
        }
        '\u{3000}' => ' ',
        '−' => '-',
        '。' => '.',
        other => other,
    };
    Cow::Owned(text.chars().map(narrow).collect())
}

/// What a text that should be a number turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Number {
    /// A number.
    Exact(Decimal),
    /// A number too large for a decimal.
    Huge,
    /// Not a number.
    No,
}

/// A number in ASCII or full-width digits, with or without thousands separators: `1,690,000`.
pub(super) fn number(text: &str) -> Number {
    /// Most digits. No number of people or doses and no coordinate has more.
    const CHARS_MAX: usize = 40;
    let text = half_width(text);
    if text.is_empty() || text.len() > CHARS_MAX {
        return Number::No;
    }
    let joined = if text.contains(',') { join_thousands(&text) } else { Some(text) };
    let Some(text) = joined else { return Number::No };
    let body = text.strip_prefix(['-', '+']).unwrap_or(&text);
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !body.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b))
    {
        return Number::No;
    }
    let parsed = if body.contains(['e', 'E']) {
        Decimal::from_scientific(&text)
    } else {
        text.strip_prefix('+').unwrap_or(&text).parse()
    };
    match parsed {
        Ok(number) => Number::Exact(number),
        Err(_) if body.parse::<f64>().is_ok_and(|number| number > 1e20) => Number::Huge,
        Err(_) => Number::No,
    }
}

fn join_thousands(text: &str) -> Option<Cow<'_, str>> {
    let (whole, rest) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let mut parts = whole.split(',');
    let first = parts.next()?.trim_start_matches(['-', '+']);
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let apart = (1..=3).contains(&first.len())
        && digits(first)
        && parts.all(|part| part.len() == 3 && digits(part))
        && rest.is_none_or(|rest| !rest.contains(','));
    apart.then(|| Cow::Owned(text.replace(',', "")))
}

/// A whole number within the limits, with a fast path for plain digits.
pub(super) fn plain_count(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A day in any form that the contract allows, also with full-width digits or followed by a time of the day, as
/// spreadsheets and other programs write it.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    if let Some(day) = plain_day(text.as_bytes()) {
        return Some(day);
    }
    let text = half_width(text);
    if let Some(day) = parse_day(&text) {
        return Some(day);
    }
    let (day, time) = text.split_once([' ', 'T']).or_else(|| {
        let end = text.find('日')? + '日'.len_utf8();
        Some(text.split_at(end))
    })?;
    if is_time(time.trim()) { parse_day(day) } else { None }
}

/// `8:30`, `08:30:00.000`, `8:30 PM`, `下午8:30`, `08:30:00+08:00`, `08:30:00Z`.
fn is_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = ["上午", "下午", "am", "pm"];
    let bare = words.iter().fold(lower.as_str(), |bare, word| {
        bare.strip_prefix(word).or_else(|| bare.strip_suffix(word)).unwrap_or(bare).trim()
    });
    let (bare, zone) = match bare.rfind(['+', '-']) {
        Some(at) => (&bare[..at], Some(&bare[at + 1..])),
        None => (bare.strip_suffix('z').unwrap_or(bare), None),
    };
    let number = |text: &str, max: u32| {
        (1..=2).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u32>().is_ok_and(|number| number <= max)
    };
    let is_zone = zone.is_none_or(|zone| match zone.split_once(':') {
        Some((hours, minutes)) => number(hours, 14) && number(minutes, 59),
        None => zone.len() == 4 && zone.bytes().all(|byte| byte.is_ascii_digit()),
    });
    let (bare, part) = bare.split_once('.').unwrap_or((bare, "0"));
    let parts: Vec<&str> = bare.split(':').collect();
    let is_clock = match parts[..] {
        [hours, minutes] => number(hours, 24) && number(minutes, 59),
        [hours, minutes, seconds] => {
            number(hours, 24) && number(minutes, 59) && number(seconds, 60)
        }
        _ => false,
    };
    is_clock && is_zone && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a number that a spreadsheet shows with an exponent: `3.21101E+17`. A code such as `2E3` has no
/// sign and is none.
pub(super) fn is_exponent(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['e', 'E']) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    power.strip_prefix(['+', '-']).is_some_and(is_number) && is_number(whole) && is_number(part)
}

/// Reads `2021-10-20` without allocating.
fn plain_day(text: &[u8]) -> Option<NaiveDate> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let digits = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'))
        })
    };
    let year = digits(&[y1, y2, y3, y4])?.cast_signed();
    NaiveDate::from_ymd_opt(year, digits(&[m1, m2])?, digits(&[d1, d2])?)
}

/// Whether the year of a day is plausible.
pub(super) fn is_plausible(day: NaiveDate) -> bool {
    YEARS.contains(&day.year())
}

const WEEKDAYS: [(Weekday, &str, char); 7] = [
    (Weekday::Mon, "monday", '一'),
    (Weekday::Tue, "tuesday", '二'),
    (Weekday::Wed, "wednesday", '三'),
    (Weekday::Thu, "thursday", '四'),
    (Weekday::Fri, "friday", '五'),
    (Weekday::Sat, "saturday", '六'),
    (Weekday::Sun, "sunday", '日'),
];

/// `mon thu`, `Monday, Thursday`, `周一 周四`.
pub(super) fn weekdays(text: &str) -> Option<Weekdays> {
    let text = half_width(text).to_lowercase();
    let mut days = Weekdays::NONE;
    for word in text.split(|c: char| c.is_whitespace() || ",;/|、".contains(c)) {
        if word.is_empty() {
            continue;
        }
        let chinese = ["星期", "礼拜", "周"].iter().find_map(|prefix| word.strip_prefix(prefix));
        let found = WEEKDAYS.iter().find(|(_, name, sign)| match chinese {
            Some(rest) => {
                let mut signs = rest.chars();
                let first = signs.next().map(|c| if c == '天' { '日' } else { c });
                first == Some(*sign) && signs.next().is_none()
            }
            None => word == &name[..3] || word == *name,
        });
        days = days.with(found?.0);
    }
    (days != Weekdays::NONE).then_some(days)
}

/// Yes or no; `None` if the text is neither.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    match half_width(text).to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "是" => Some(true),
        "no" | "n" | "false" | "0" | "否" => Some(false),
        _ => None,
    }
}

/// Whether mail can be sent to this address. Only plain ASCII, which every server accepts.
pub(super) fn is_email(text: &str) -> bool {
    /// RFC 5321, section 4.5.3.1.3: a path has at most 256 octets, including its angle brackets.
    const BYTES_MAX: usize = 254;
    let Some((local, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= BYTES_MAX
        && !local.is_empty()
        && local.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&b))
        && domain.split('.').all(label)
        && text.parse::<lettre::Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_may_be_full_width_or_apart() {
        let exact = |text: &str| Number::Exact(text.parse().expect(text));
        assert_eq!(number("１２３"), exact("123"));
        assert_eq!(number("1,690,000"), exact("1690000"));
        assert_eq!(number("0.85"), exact("0.85"));
        assert_eq!(number("-1"), exact("-1"));
        assert_eq!(number("1e9"), exact("1000000000"));
        assert_eq!(number("1e99"), Number::Huge);
        for text in ["", "12a", "1,23", "1,2345", "--1", "e5", "nan", "inf", "0x10", "1.2.3"] {
            assert_eq!(number(text), Number::No, "{text}");
        }
    }

    #[test]
    fn days_may_be_full_width_or_carry_a_time() {
        let expected = NaiveDate::from_ymd_opt(2021, 10, 20);
        for text in [
            "2021-10-20",
            "２０２１－１０－２０",
            "2021/10/20 0:00",
            "2021-10-20 00:00:00",
            "2021年10月20日",
            "2021-10-20 08:30",
            "2021/10/20 8:30:05",
            "2021-10-20T08:30:00+08:00",
            "2021-10-20T00:30:00.000Z",
            "2021年10月20日 8:30",
            "2021年10月20日下午8:30",
            "2021-10-20 8:30 PM",
            "２０２１－１０－２０　０８：３０",
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in [
            "2021-02-30",
            "2021-02-30 08:30",
            "2021-10-20 25:30",
            "2021-10-20 08:70",
            "2021-10-20 noon",
            "2021-10-20 8",
            "2021-10-20T",
            "44489",
            "2021-1O-20",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_with_an_exponent_is_told_from_a_code() {
        for text in ["3.21101E+17", "1E+5", "1.00E-05", "-3.2e+17"] {
            assert!(is_exponent(text), "{text}");
        }
        for text in ["", "2E3", "E+5", "S01", "1E+", "1.E+5", "LOT-1E+5x", "321101199001011234"] {
            assert!(!is_exponent(text), "{text}");
        }
    }

    #[test]
    fn weekdays_are_words_in_either_language() {
        let monday_thursday = Weekdays::NONE.with(Weekday::Mon).with(Weekday::Thu);
        for text in ["mon thu", "Thu, Mon", "周一 周四", "星期一、星期四", "monday/thursday"]
        {
            assert_eq!(weekdays(text), Some(monday_thursday), "{text}");
        }
        for text in ["", "mo", "周八", "mon-thu", "every day"] {
            assert_eq!(weekdays(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_plain_and_cannot_carry_a_header() {
        for text in ["a@b", "first.last+tag@danyang.example", "s01@x-y.example"] {
            assert!(is_email(text), "{text}");
        }
        for text in
            ["", "a", "@b", "a@", "a@b@c", "a b@c.d", "a@b\r\nBcc: x@y.z", "a@-b.c", "张@b.cn"]
        {
            assert!(!is_email(text), "{text:?}");
        }
    }
}
