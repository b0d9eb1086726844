//! Makes text from outside safe to read: on one line, without invisible characters, not a formula.

use crate::characters::is_invisible;
use unicode_width::UnicodeWidthChar;

/// Widest name, in columns. No real name of a person, place or group is wider.
pub const NAME_COLUMNS_MAX: usize = 48;

/// Widest sentence from outside, in columns, such as a change of a draft or a server's answer.
pub const SENTENCE_COLUMNS_MAX: usize = 200;

/// First characters by which a spreadsheet runs a pasted cell as a formula.
const FORMULA_STARTS: [char; 4] = ['=', '+', '-', '@'];

/// A name on one line, at most [`NAME_COLUMNS_MAX`] wide. It is never a formula and does not change the direction
/// of the text beside it.
pub fn name(text: &str) -> String {
    let cut = one_line(text, NAME_COLUMNS_MAX);
    let inert = if cut.starts_with(FORMULA_STARTS) { format!("'{cut}") } else { cut };
    // Uighur and other names written from right to left are isolated, so that digits after them keep their place.
    if inert.chars().any(is_from_the_right) { format!("\u{2068}{inert}\u{2069}") } else { inert }
}

/// A sentence on one line, at most [`SENTENCE_COLUMNS_MAX`] wide.
pub fn sentence(text: &str) -> String {
    one_line(text, SENTENCE_COLUMNS_MAX)
}

/// The digits of a phone number with their spaces and dashes; everything else is dropped.
pub fn phone(text: &str) -> String {
    /// The longest number of E.164 has 15 digits; this leaves room for spaces and an extension.
    const PHONE_CHARS_MAX: usize = 24;
    let kept: String = text
        .chars()
        .filter(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'))
        .take(PHONE_CHARS_MAX)
        .collect();
    kept.trim().to_owned()
}

/// Text on one line: without control and invisible characters, with single spaces, cut with `…` after
/// `columns_max`.
pub fn one_line(text: &str, columns_max: usize) -> String {
    let visible = text.chars().filter(|&c| is_break(c) || !is_invisible(c));
    let flat: String = visible.map(|c| if is_break(c) { ' ' } else { c }).collect();
    let words = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut kept = String::new();
    let mut columns = 0;
    for c in words.chars() {
        columns += c.width().unwrap_or(0);
        // Characters without a width could otherwise pile up on one letter without limit.
        if columns > columns_max || kept.chars().count() > 2 * columns_max {
            kept.push('…');
            break;
        }
        kept.push(c);
    }
    kept
}

fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_from_the_right(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_line_breaks_and_direction_marks_and_are_no_formulas() {
        for (given, harmless) in [
            ("张三", "张三"),
            ("  a \r\nBcc: x@y.z\t b ", "a Bcc: x@y.z b"),
            ("ab\u{202e}cd\u{2066}\u{200f}\u{feff}", "abcd"),
            ("a\u{200d}b\u{e0041}\u{2028}c", "ab c"),
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            (" \u{200b}=1", "'=1"),
            ("محمد", "\u{2068}محمد\u{2069}"),
            ("\0\u{7}", ""),
        ] {
            assert_eq!(name(given), harmless, "{given:?}");
        }
    }

    #[test]
    fn long_names_are_cut_and_say_so() {
        let long = name(&"丹".repeat(500));
        assert_eq!(long, format!("{}…", "丹".repeat(NAME_COLUMNS_MAX / 2)));
        assert!(name(&"a\u{301}".repeat(5_000)).len() < 500);
    }

    #[test]
    fn phones_keep_their_digits_only() {
        assert_eq!(phone(" +86 138-0000 0000<script>"), "+86 138-0000 0000");
        assert_eq!(phone("=cmd|' /C calc'!A0"), "0");
    }
}
