//! Numbers of China's resident identity cards (GB 11643): six digits of the place, eight of the birth date, three of
//! order, and a check digit. A register should not use them as codes, but many do.

use super::sex::Sex;
use chrono::NaiveDate;
use std::borrow::Cow;

/// Length of such a number.
const LENGTH: usize = 18;

/// What does not fit in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// The last digit does not follow from the others: one of them is mistyped, or lost.
    CheckDigit,
    /// The birth date in it is not that of the register.
    Born,
}

/// Whether a code has the form of such a number.
fn is_number(code: &str) -> bool {
    let (digits, last) = match code.as_bytes() {
        [digits @ .., last] if digits.len() + 1 == LENGTH => (digits, last),
        _ => return false,
    };
    digits.iter().all(u8::is_ascii_digit) && (last.is_ascii_digit() || matches!(last, b'X' | b'x'))
}

/// A person's code in the form in which codes are compared: `x` at the end of such a number is `X`.
pub fn normal(code: &str) -> Cow<'_, str> {
    match code.strip_suffix('x') {
        Some(digits) if is_number(code) => Cow::Owned(format!("{digits}X")),
        _ => Cow::Borrowed(code),
    }
}

/// Powers of two modulo 11, from the left.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check digit by the weighted sum modulo 11.
const LAST: &[u8; 11] = b"10X98765432";

/// What does not fit in a code that has the form of such a number; `None` for any other code.
pub fn misfit(code: &str, born: Option<NaiveDate>) -> Option<Misfit> {
    if !is_number(code) {
        return None;
    }
    let digits = code.bytes().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    if code.as_bytes()[LENGTH - 1].to_ascii_uppercase() != LAST[sum as usize % 11] {
        return Some(Misfit::CheckDigit);
    }
    let day = NaiveDate::parse_from_str(&code[6..14], "%Y%m%d").ok();
    (day.is_none() || born.is_some_and(|born| day != Some(born))).then_some(Misfit::Born)
}

/// A person's code as messages show it: of a number of an identity card, which holds the date of birth, only the end.
#[must_use]
pub fn shown(code: &str) -> Cow<'_, str> {
    let end = code.len().checked_sub(4).and_then(|at| code.get(at..));
    match (born(code), end) {
        (Some(_), Some(end)) => Cow::Owned(format!("…{end}")),
        _ => Cow::Borrowed(code),
    }
}

/// The birth date in such a number; `None` for any other code.
pub fn born(code: &str) -> Option<NaiveDate> {
    let digits = is_number(code).then(|| code.get(6..14)).flatten()?;
    NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
}

/// The sex in such a number: the last digit of the order is odd for men. `None` for any other code.
pub fn sex(code: &str) -> Option<Sex> {
    let digit = is_number(code).then(|| code.as_bytes().get(16)).flatten()?;
    Some(if (digit - b'0') % 2 == 1 { Sex::M } else { Sex::F })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_checked_by_its_last_digit_and_its_birth_date() {
        let born = NaiveDate::from_ymd_opt(1949, 12, 31);
        // The example of the standard.
        assert_eq!(misfit("11010519491231002X", born), None);
        assert_eq!(misfit("11010519491231002x", None), None);
        assert_eq!(misfit("110105194912310021", born), Some(Misfit::CheckDigit));
        assert_eq!(
            misfit("11010519491231002X", born.and_then(|day| day.succ_opt())),
            Some(Misfit::Born)
        );
        assert_eq!(
            misfit("321101199001011000", None),
            Some(Misfit::CheckDigit),
            "digits lost by a sheet"
        );
        for code in ["P-1", "12345678901234567", "1234567890123456789", "11010519491231002Y"] {
            assert_eq!(misfit(code, born), None, "{code}");
        }
        assert_eq!(normal("11010519491231002x"), "11010519491231002X");
        assert_eq!(normal("box"), "box");
        assert_eq!(
            (super::born("11010519491231002X"), sex("11010519491231002X")),
            (born, Some(Sex::F))
        );
        assert_eq!((super::born("P-1"), sex("P-1")), (None, None));
    }

    #[test]
    fn messages_show_the_end_of_a_number_and_other_codes_whole() {
        assert_eq!(shown("11010519491231002X"), "…002X");
        assert_eq!(["p1", "人", "110105194912310"].map(shown), ["p1", "人", "110105194912310"]);
    }
}
