//! Mobile numbers of mainland China, in one form: eleven digits.

use std::fmt;

/// A mobile number: eleven digits that begin with 13 to 19. `Debug` shows the last digits alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Why a text is no mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMobile {
    /// Nothing is there.
    #[error("there is no number")]
    Empty,
    /// A number with an area code: text messages do not reach it.
    #[error("it is a landline")]
    Landline,
    /// A number of another country.
    #[error("it is a number of another country")]
    Foreign,
    /// Too few or too many digits.
    #[error("it has {0} digits; a mobile number has 11")]
    Digits(usize),
    /// Eleven digits that no mobile number begins with.
    #[error("no mobile number begins so; they begin with 13 to 19")]
    Beginning,
    /// Something that is no digit.
    #[error("it has characters that no number has")]
    Characters,
}

/// Digits of a mobile number.
const DIGITS: usize = 11;
/// What separates the numbers of a cell that has several.
const BETWEEN: [char; 8] = [',', '，', ';', '；', '/', '／', '、', '|'];

impl PhoneNumber {
    /// Reads a number: with or without +86, 0086 or 86, spaces, hyphens, brackets, and full-width digits.
    pub fn parse(text: &str) -> Result<Self, NotMobile> {
        let mut digits = String::new();
        let mut is_foreign = false;
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '０'..='９' => digits.push(full_width(c)),
                '+' | '＋' if digits.is_empty() => is_foreign = true,
                c if is_filler(c) => {}
                _ => return Err(NotMobile::Characters),
            }
        }
        let bare = match digits.strip_prefix("0086") {
            Some(rest) => rest,
            None if is_foreign => digits.strip_prefix("86").ok_or(NotMobile::Foreign)?,
            None if digits.len() == DIGITS + 2 => digits.strip_prefix("86").unwrap_or(&digits),
            None => &digits,
        };
        match bare.as_bytes() {
            [] => Err(NotMobile::Empty),
            [b'0', b'0', ..] => Err(NotMobile::Foreign),
            [b'0', ..] => Err(NotMobile::Landline),
            [b'1', b'3'..=b'9', ..] if bare.len() == DIGITS => Ok(Self(bare.to_owned())),
            [_, ..] if bare.len() == DIGITS => Err(NotMobile::Beginning),
            [_, ..] if matches!(bare.len(), 7 | 8) => Err(NotMobile::Landline),
            _ => Err(NotMobile::Digits(bare.len())),
        }
    }

    /// The first mobile number of a cell, which may have several, and remarks in brackets.
    pub fn first_of(cell: &str) -> Result<Self, NotMobile> {
        let mut found = Err(NotMobile::Empty);
        for part in without_remarks(cell).split(BETWEEN) {
            match (Self::parse(part), found) {
                (Ok(number), _) => return Ok(number),
                (Err(why), Err(NotMobile::Empty)) => found = Err(why),
                (Err(_), before) => found = before,
            }
        }
        found
    }

    /// The eleven digits.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// With the country's code, as some services want it.
    pub fn international(&self) -> String {
        format!("+86{}", self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber(…{})", &self.0[DIGITS - 2..])
    }
}

fn full_width(c: char) -> char {
    let value = u32::from(c) - u32::from('０');
    char::from_digit(value, 10).expect("a full-width digit is a digit")
}

fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '－' | '–' | '—' | '(' | ')' | '（' | '）' | '.' | '·' | '_')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}')
}

/// The cell without brackets that hold words: `13800001234（母亲）`.
fn without_remarks(cell: &str) -> String {
    let (mut out, mut held, mut depth) = (String::new(), String::new(), 0_u32);
    for c in cell.chars() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' if depth > 0 => {
                depth -= 1;
                if held.chars().all(|c| c.is_ascii_digit() || c == '+' || is_filler(c)) {
                    out.push_str(&held);
                }
                held.clear();
            }
            c if depth > 0 => held.push(c),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_written() {
        for text in [
            "13800001234",
            " 138 0000 1234 ",
            "138-0000-1234",
            "+86 138 0000 1234",
            "+8613800001234",
            "0086-13800001234",
            "8613800001234",
            "(+86)13800001234",
            "１３８００００１２３４",
            "＋86 13800001234",
            "\u{202a}13800001234\u{202c}",
        ] {
            let read = PhoneNumber::parse(text).map(|number| number.0);
            assert_eq!(read.as_deref(), Ok("13800001234"), "{text}");
        }
    }

    #[test]
    fn what_is_no_mobile_number_is_refused_with_its_reason() {
        for (text, why) in [
            ("", NotMobile::Empty),
            (" - ", NotMobile::Empty),
            ("0511-86523456", NotMobile::Landline),
            ("86523456", NotMobile::Landline),
            ("+1 212 555 0100", NotMobile::Foreign),
            ("0085291234567", NotMobile::Foreign),
            ("1380000123", NotMobile::Digits(10)),
            ("138000012345", NotMobile::Digits(12)),
            ("12345678901", NotMobile::Beginning),
            ("23800001234", NotMobile::Beginning),
            ("13800001234x", NotMobile::Characters),
            ("无", NotMobile::Characters),
        ] {
            assert_eq!(PhoneNumber::parse(text).map(|number| number.0), Err(why), "{text}");
        }
    }

    #[test]
    fn the_first_mobile_number_of_a_cell_counts() {
        for (cell, digits) in [
            ("13800001234（母亲）", Ok("13800001234")),
            ("0511-86523456/13800001234", Ok("13800001234")),
            ("13800001234,13900001234", Ok("13800001234")),
            ("(+86)13800001234", Ok("13800001234")),
            ("0511-86523456；86523456", Err(NotMobile::Landline)),
            ("无", Err(NotMobile::Characters)),
        ] {
            let read = PhoneNumber::first_of(cell).map(|number| number.0);
            assert_eq!(read.as_deref(), digits.as_deref(), "{cell}");
        }
        let number = PhoneNumber::parse("13800001234").expect("a number");
        assert_eq!(format!("{number:?}"), "PhoneNumber(…34)");
        assert_eq!(number.international(), "+8613800001234");
    }
}
