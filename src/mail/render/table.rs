//! Sections and tables of a letter, as HTML and as aligned plain text.

use crate::domain::count::Percent;
use crate::mail::Picture;
use askama::Template;
use unicode_width::UnicodeWidthStr;

/// Characters of a full bar in plain text.
const BAR_COLUMNS: usize = 20;

/// Display columns up to which a text is kept on one line, even on a phone.
const SHORT_COLUMNS_MAX: usize = 10;

/// A part of a letter under a heading.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    pub(super) heading: String,
    /// Sentences before the tables.
    pub(super) notes: Vec<String>,
    pub(super) tables: Vec<Table>,
    /// The picture below the tables.
    pub(super) picture: Option<Picture>,
    /// Sentences after the tables.
    pub(super) after: Vec<String>,
}

/// Rows of cells under a head.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/table.html")]
pub(super) struct Table {
    pub(super) head: Vec<Cell>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// Small print below the text.
    pub(super) notes: Vec<String>,
    pub(super) right: bool,
    pub(super) strong: bool,
    pub(super) bar: Option<Bar>,
    /// Whether the text is a phone number to be tapped.
    pub(super) phone: bool,
}

/// A bar made of table cells. It is never longer than 100 %, but marked where its figure is above that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bar {
    /// 0 to 100.
    pub(super) percent: u8,
    pub(super) over: bool,
}

impl Bar {
    /// The bar of a percentage: as long as its whole part, marked above 100 %; `None` below zero.
    pub(super) fn of_percent(share: Percent) -> Option<Self> {
        let percent = u8::try_from((share.tenths() / 10).min(100)).ok()?;
        (share.tenths() >= 0).then_some(Self { percent, over: share.is_over_100() })
    }

    /// The bar of a figure, relative to the largest one.
    pub(super) fn of(part: u64, longest: u64) -> Self {
        let percent = u128::from(part) * 100 / u128::from(longest.max(1));
        Self { percent: u8::try_from(percent.min(100)).unwrap_or(100), over: false }
    }

    fn text(self) -> String {
        "#".repeat((usize::from(self.percent) * BAR_COLUMNS).div_ceil(100))
    }
}

impl Cell {
    pub(super) fn left(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn right(text: impl Into<String>) -> Self {
        Self { text: text.into(), right: true, ..Self::default() }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(super) fn bar(mut self, bar: Option<Bar>) -> Self {
        self.bar = bar;
        self
    }

    pub(super) fn strong(mut self, strong: bool) -> Self {
        self.strong = strong;
        self
    }

    /// Whether a line break inside would read badly: figures and short words.
    pub(super) fn keeps_together(&self) -> bool {
        self.right || self.text.width() <= SHORT_COLUMNS_MAX
    }

    /// The digits, with a leading plus where there is one, for a `tel:` link.
    pub(super) fn dialled(&self) -> String {
        self.text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }

    /// The cell in plain text. A bar is drawn with characters, but left out beside its figure.
    fn plain(&self) -> String {
        match (self.bar, self.text.is_empty()) {
            (Some(bar), true) => bar.text(),
            _ if self.notes.is_empty() => self.text.clone(),
            _ => format!("{} ({})", self.text, self.notes.join("; ")),
        }
    }
}

impl Table {
    /// Whether a column has bars. Such columns have the same width, so that their bars can be compared.
    fn has_bars(&self, column: &usize) -> bool {
        let has_bar = |cell: &Cell| cell.bar.is_some() && !cell.text.is_empty();
        self.rows.iter().any(|row| row.get(*column).is_some_and(has_bar))
    }

    /// Whether a phone needs smaller letters to show all columns.
    fn is_wide(&self) -> bool {
        self.head.len() > 4
    }

    /// The rows as plain text in aligned columns; a Chinese character is two columns wide.
    pub(super) fn plain(&self) -> String {
        let all: Vec<Vec<String>> = std::iter::once(&self.head)
            .chain(&self.rows)
            .map(|row| row.iter().map(Cell::plain).collect())
            .collect();
        let columns = all.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            all.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for (index, row) in all.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let fill = " ".repeat(widths[column].saturating_sub(cell.width()));
                let is_right = self.head.get(column).is_some_and(|head| head.right);
                line += if column > 0 { "  " } else { "" };
                let (before, after) = if is_right { (&fill, cell) } else { (cell, &fill) };
                line += before;
                line += after;
            }
            out += line.trim_end();
            out.push('\n');
            if index == 0 {
                let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
                out += &rule.join("  ");
                out.push('\n');
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_where_chinese_characters_are_two_wide() {
        let table = Table {
            head: vec![Cell::left("镇"), Cell::right("人数")],
            rows: vec![
                vec![Cell::left("云阳街道"), Cell::right("1,200").note("93.1%")],
                vec![Cell::left("A"), Cell::right("7")],
            ],
        };
        let expected = "\
镇                 人数
--------  -------------
云阳街道  1,200 (93.1%)
A                     7
";
        assert_eq!(table.plain(), expected);
    }

    #[test]
    fn a_bar_is_full_at_100_and_marked_above_it() {
        let bar = |percent, over| Some(Bar { percent, over });
        for (part, expected) in [
            (9_314, bar(93, false)),
            (10_000, bar(100, false)),
            (10_001, bar(100, true)),
            (11_260, bar(100, true)),
            (40, bar(0, false)),
            (0, bar(0, false)),
            (-40, None),
            (-4_000, None),
        ] {
            assert_eq!(Percent::of(part, 10_000).and_then(Bar::of_percent), expected, "{part}");
        }
        assert_eq!(Bar::of(5, 0).percent, 100);
        assert_eq!(Bar::of(1, 3).percent, 33);
    }
}
