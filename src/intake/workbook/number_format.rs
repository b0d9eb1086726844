//! What a number format says about the numbers that it shows.

/// How a number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Day,
    /// With an exponent.
    Scientific,
    /// As hours or minutes that may exceed a day.
    Elapsed,
    Plain,
}

/// A format that every workbook has, by its number.
pub(super) fn built_in(number: u16) -> Shown {
    match number {
        11 | 48 => Shown::Scientific,
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Shown::Day,
        46 => Shown::Elapsed,
        _ => Shown::Plain,
    }
}

/// A format of the workbook's own, such as `yyyy"年"m"月"`.
pub(super) fn custom(code: &str) -> Shown {
    if code.trim().to_ascii_lowercase().starts_with("general") {
        return Shown::Plain;
    }
    let mut letters = code.chars();
    let mut last = ' ';
    while let Some(letter) = letters.next() {
        match letter.to_ascii_lowercase() {
            '"' => {
                letters.by_ref().find(|letter| *letter == '"');
            }
            '[' => {
                let inside: String = letters.by_ref().take_while(|letter| *letter != ']').collect();
                let inside = inside.to_ascii_lowercase();
                if !inside.is_empty()
                    && ["h", "m", "s"]
                        .iter()
                        .any(|unit| inside.trim_matches(|c| unit.contains(c)).is_empty())
                {
                    return Shown::Elapsed;
                }
            }
            '\\' | '_' | '*' => {
                letters.next();
            }
            ';' => break,
            '+' | '-' if last == 'e' => return Shown::Scientific,
            'y' | 'm' | 'd' | 'h' | 's' => return Shown::Day,
            _ => {}
        }
        last = letter.to_ascii_lowercase();
    }
    Shown::Plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_a_day_only_by_its_letters_outside_quotes_and_brackets() {
        for (code, shown) in [
            ("General", Shown::Plain),
            ("0.00", Shown::Plain),
            ("[Red]#,##0_);(#,##0)", Shown::Plain),
            ("0\"days\"", Shown::Plain),
            ("@", Shown::Plain),
            ("yyyy\"年\"m\"月\"d\"日\"", Shown::Day),
            ("[$-804]yyyy/m/d;@", Shown::Day),
            ("h:mm AM/PM", Shown::Day),
            ("[h]:mm", Shown::Elapsed),
            ("0.00E+00", Shown::Scientific),
            ("##0.0E+0", Shown::Scientific),
        ] {
            assert_eq!(custom(code), shown, "{code}");
        }
    }
}
