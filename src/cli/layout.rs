//! Decides how wide the columns of a table are. Numbers and days are never broken, words only if it cannot be
//! helped; names get the space that is left.

use unicode_width::UnicodeWidthStr as _;

/// What stands for a missing figure: a dash for people, nothing for programs.
pub(super) const NONE: &str = "–";

/// Blanks before and after every cell.
pub(super) const LEFT: u16 = 0;
pub(super) const RIGHT: u16 = 1;
/// The blank between two columns and at both sides of the table.
const LINE: usize = 1;
/// Width below which names are not broken, in columns of the terminal.
const NAME_WIDTH: usize = 12;
/// Codes up to this width are not broken.
const CODE_WIDTH: usize = 16;
/// Headings are not broken below the width of two Chinese characters.
const HEADING_WIDTH: usize = 4;

/// A column to show.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its place in the sheet.
    pub(super) at: usize,
    pub(super) heading: String,
    /// Whether all its cells are numbers.
    pub(super) is_number: bool,
    /// Its width; `None` if it gets all that it wants.
    pub(super) width: Option<usize>,
    /// The width of its widest cell or its heading.
    wants: usize,
    /// The least width that it can do with.
    least: usize,
}

impl Column {
    pub(super) fn new<'a>(
        at: usize,
        heading: String,
        cells: impl Iterator<Item = &'a str>,
    ) -> Self {
        let (mut widest, mut is_number, mut is_solid, mut is_filled) = (0, true, true, false);
        let mut is_code = true;
        for cell in cells {
            widest = widest.max(cell.width());
            let is_digits = cell.starts_with(|c: char| c.is_ascii_digit());
            is_number &= cell.is_empty() || cell == NONE || (is_digits && !cell.contains('-'));
            is_solid &= cell.is_empty() || cell == NONE || is_digits || !cell.contains(' ');
            is_filled |= !cell.is_empty();
            // Codes are ASCII. Chinese may be broken anywhere.
            is_code &= cell.is_ascii() || cell == NONE || cell.width() <= NAME_WIDTH;
        }
        let is_number = is_number && is_filled;
        // Codes, numbers and days are not broken.
        let content = if is_number || (is_solid && is_code && widest <= CODE_WIDTH) {
            widest
        } else {
            widest.min(NAME_WIDTH)
        };
        let word = |word: &str| if word.is_ascii() { word.width() } else { HEADING_WIDTH };
        let parts = heading.split([' ', '·']).map(word);
        let least = content.max(parts.max().unwrap_or(0).min(NAME_WIDTH));
        let wants = widest.max(heading.width());
        Self { at, heading, is_number, width: None, wants, least }
    }
}

/// Fits columns into a width: first leaves out dispensable columns, then narrows the others. `spare` holds the
/// places of the dispensable ones, in the order in which they go.
pub(super) fn fit(columns: &mut Vec<Column>, width: usize, spare: &[usize]) {
    let gap = usize::from(LEFT + RIGHT) + LINE;
    let width = width.saturating_sub(LINE);
    let sum = |columns: &[Column], of: fn(&Column) -> usize| -> usize {
        columns.iter().map(|column| of(column) + gap).sum()
    };
    if sum(columns, |column| column.wants) <= width {
        return;
    }
    for at in spare {
        if sum(columns, |column| column.least) > width {
            columns.retain(|column| column.at != *at);
        }
    }
    let least = sum(columns, |column| column.least);
    if least > width {
        // Nothing fits; the table breaks cells as it must.
        return;
    }
    let mut left = width - least;
    for column in columns.iter_mut() {
        column.width = Some(column.least);
    }
    // One terminal column at a time, to the column that lacks most.
    while left > 0 {
        let short =
            |column: &Column| column.wants - column.width.unwrap_or(column.wants).min(column.wants);
        let Some(most) = columns.iter_mut().max_by_key(|column| short(column)) else { break };
        if short(most) == 0 {
            break;
        }
        most.width = most.width.map(|width| width + 1);
        left -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(cells: &[(&str, &[&str])]) -> Vec<Column> {
        (0..)
            .zip(cells)
            .map(|(at, (heading, cells))| {
                Column::new(at, (*heading).to_owned(), cells.iter().copied())
            })
            .collect()
    }

    #[test]
    fn numbers_and_days_stay_whole_and_names_give_way() {
        let mut table = columns(&[
            ("接种点", &["云阳街道村（社区）预防接种门诊"]),
            ("日期", &["2021-10-20"]),
            ("接种剂次", &["1,690,000"]),
        ]);
        fit(&mut table, 42, &[]);
        let widths: Vec<usize> = table.iter().map(|column| column.width.unwrap_or(0)).collect();
        assert_eq!((widths[1], widths[2]), (10, 9));
        assert_eq!(widths.iter().sum::<usize>() + 7, 42);
        assert!(table[2].is_number && !table[1].is_number);
    }

    #[test]
    fn what_people_can_do_without_goes_first_and_only_where_it_must() {
        let cells: &[(&str, &[&str])] =
            &[("group", &["senior"]), ("name", &["60岁及以上"]), ("people", &["253,200"])];
        let mut wide = columns(cells);
        fit(&mut wide, 80, &[0]);
        assert_eq!(wide.len(), 3);
        let mut narrow = columns(cells);
        fit(&mut narrow, 24, &[0]);
        assert_eq!(narrow.iter().map(|column| column.at).collect::<Vec<_>>(), [1, 2]);
    }
}
