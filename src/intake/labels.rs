//! The headings that forms show above the codes of columns. A table may be headed by them alone, in either language.

use super::values::{clean, half_width};
use crate::domain::campaign::Language;
use crate::text;

/// A heading in the form in which headings are compared. Chinese ones are often spread: `姓 名`.
fn plain(heading: &str) -> String {
    let wide = half_width(clean(heading));
    let text = wide.trim().trim_end_matches('*').trim().to_lowercase();
    if text.is_ascii() { text } else { text.split_whitespace().collect() }
}

/// What a form calls a column of a table: its name there, and the one that it has in other tables.
fn labels_of(language: Language, stem: &str, column: &str) -> impl Iterator<Item = String> {
    let column = column.replace('.', "-");
    let keys = [format!("field-{stem}-{column}"), format!("field-{column}")];
    keys.into_iter().filter_map(move |key| text::found(language, &key))
}

/// What a form calls a column of a table.
pub fn label_of(language: Language, stem: &str, column: &str) -> Option<String> {
    labels_of(language, stem, column).next()
}

/// Which of the columns a heading names: by its code, or by what a form calls it.
pub(super) fn column_called<'a>(
    stem: &str,
    columns: impl IntoIterator<Item = &'a str>,
    heading: &str,
) -> Option<usize> {
    let wanted = plain(heading);
    if wanted.is_empty() {
        return None;
    }
    let columns: Vec<&str> = columns.into_iter().collect();
    if let Some(at) = columns.iter().position(|column| *column == wanted) {
        return Some(at);
    }
    let is_called = |column: &str| {
        let languages = [Language::ZhCn, Language::En].into_iter();
        let mut labels = languages.flat_map(|one| labels_of(one, stem, column));
        labels.any(|label| plain(&label) == wanted)
    };
    let mut found = (0..columns.len()).filter(|at| is_called(columns[*at]));
    // A heading that two columns share names neither.
    let first = found.next();
    if found.next().is_some() { None } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_a_code_or_what_a_form_calls_the_column() {
        let columns = ["record", "date", "place", "doses"];
        for (heading, at) in [
            ("date", Some(1)),
            (" Ｄate ", Some(1)),
            ("日期", Some(1)),
            ("日期*", Some(1)),
            ("日　期", Some(1)),
            ("接种剂次", Some(3)),
            ("剂次数", Some(3)),
            ("Date", Some(1)),
            ("", None),
            ("人数", None),
        ] {
            assert_eq!(column_called("tallies", columns, heading), at, "{heading}");
        }
    }
}
