//! Writes CSV. Cells are quoted and marked so that no spreadsheet runs one as a formula.

use std::borrow::Cow;

/// The byte order mark, by which Excel recognises UTF-8.
pub const BOM: &str = "\u{feff}";

/// Whether a spreadsheet would run a cell as a formula. Negative numbers are not formulas.
pub(super) fn is_formula(cell: &str) -> bool {
    let Some(first) = cell.chars().next() else { return false };
    let number = || {
        let body = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        body.starts_with(|c: char| c.is_ascii_digit())
            && body.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    match first {
        '-' | '+' => !number(),
        '=' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' => true,
        _ => false,
    }
}

/// A cell as it is written. One that would run as a formula gets an apostrophe in front. A cell that already starts
/// with such an apostrophe gets another, so that reading always removes exactly one.
pub fn cell(text: &str) -> Cow<'_, str> {
    if is_formula(text.trim_start_matches('\'')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// One line with its line end. Cells are marked and quoted where needed.
pub fn line<I, S>(cells: I) -> String
where
    I: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    let mut out = String::new();
    for (index, text) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let text = cell(text.as_ref());
        if text.contains([',', '"', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ') {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&text);
        }
    }
    out.push('\n');
    out
}

/// The same with every cell quoted.
pub fn quoted_line(cells: Vec<&str>) -> String {
    let quoted = |text: &str| format!("\"{}\"", cell(text).replace('"', "\"\""));
    cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::values::clean;

    #[test]
    fn cells_that_a_spreadsheet_would_run_leave_quoted_and_come_back_as_they_were() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("-5"), "-5");
        assert_eq!(cell("-5.25"), "-5.25");
        assert_eq!(cell("-cmd|x"), "'-cmd|x");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("\tx"), "'\tx");
        assert_eq!(cell("李'四"), "李'四");
        for text in ["=1", "'=1", "''=1", "'x", "-5", "'-5", "+86 138", "丹阳"] {
            assert_eq!(clean(&cell(text)), text);
        }
    }

    #[test]
    fn commas_quotes_and_line_ends_are_quoted() {
        assert_eq!(line(["a", "b,c", "d\"e", "f\ng"]), "a,\"b,c\",\"d\"\"e\",\"f\ng\"\n");
    }
}
