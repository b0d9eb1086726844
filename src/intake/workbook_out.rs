//! Writes workbooks: tables under headings, columns wide enough for Chinese, text that no spreadsheet runs. The
//! same cells written at the same time give the same bytes.

use crate::text::harmless;
use chrono::{NaiveDate, NaiveDateTime};
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties, Format,
    FormatAlign, FormatBorder, Formula, Note, Workbook, Worksheet, XlsxError,
};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

/// Most characters of a text in a cell, just below Excel's own limit of 32,767.
const TEXT_CHARS_MAX: usize = 32_000;
/// Widest column, in Latin characters. Longer texts wrap.
const WIDTH_MAX: usize = 56;
/// Narrowest column, in Latin characters.
const WIDTH_MIN: usize = 8;
/// Most characters of a note. Spreadsheets show notes in a small box.
const NOTE_CHARS_MAX: usize = 2000;
/// Longest list of words that a drop-down can hold itself, Excel's own limit.
const INLINE_CHARS_MAX: usize = 250;
/// Excel's numbers for paper.
const A4: u8 = 9;
const A3: u8 = 8;
/// A sheet with at most so many columns stands upright on its paper, one with more than `WIDE` needs a larger one.
const NARROW: u16 = 8;
const WIDE: u16 = 20;

/// The media type of a workbook.
pub const MIME: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A cell's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// An empty cell.
    Blank,
    /// Text, even if it looks like a number, a day or a formula.
    Text(String),
    /// A whole number.
    Count(i64),
    /// A number with all its decimals.
    Number(f64),
    /// A number shown with a fixed number of decimals.
    Decimals(f64, u8),
    /// A day.
    Day(NaiveDate),
}

impl Cell {
    /// A text; an empty one gives an empty cell.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Blank } else { Self::Text(text) }
    }

    /// Width of the value, in Latin characters.
    fn width(&self) -> usize {
        match self {
            Self::Blank => 0,
            Self::Text(text) => text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0),
            Self::Count(number) => number.to_string().len() + number.to_string().len() / 3,
            Self::Number(number) => number.to_string().len(),
            Self::Decimals(number, digits) => {
                format!("{number:.0}").len() + usize::from(*digits) + 2
            }
            Self::Day(_) => 10,
        }
    }
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// Data.
    Plain,
    /// The title of a sheet.
    Title,
    /// A remark under the title.
    Remark,
    /// The name of a column.
    Head,
    /// The meaning of a column.
    Label,
    /// An error.
    Bad,
    /// A warning.
    Doubtful,
    /// The reason for an error or warning.
    Reason,
    /// A sum.
    Sum,
    /// A sign where there is no figure: it stands where figures do.
    NoFigure,
}

/// What the cells of a column may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One of these words.
    Words(Vec<String>),
    /// A cell of a range such as `=areas!$A$4:$A$2000`. Other values give a warning.
    Range(String),
    /// A whole number of at least 0.
    Count,
}

/// A workbook that is being written.
pub struct Book {
    book: Workbook,
}

/// A sheet that is being written. [`Page::close`] sets the widths.
pub struct Page<'a> {
    sheet: &'a mut Worksheet,
    widths: BTreeMap<u16, usize>,
    formats: BTreeMap<(Look, u8), Format>,
    /// Whether columns are as wide as their data, however long their names are.
    wraps_heads: bool,
}

/// Shows days as `2021-10-20`.
const DAY: u8 = 100;
/// Shows whole numbers with thousands separators.
const COUNT: u8 = 101;
/// Shows text and numbers as they are.
const AS_IS: u8 = 102;

impl Book {
    /// An empty workbook that names `made_at` as its time of creation.
    pub fn new(title: &str, made_at: NaiveDateTime) -> Self {
        let mut book = Workbook::new();
        let made = made_at.and_utc();
        let properties = DocProperties::new()
            .set_title(harmless(title))
            .set_author("doseplan")
            .set_creation_datetime(&made);
        book.set_properties(&properties);
        Self { book }
    }

    /// Adds a sheet. A name that Excel refuses is changed into one that it accepts.
    pub fn page(&mut self, name: &str) -> Page<'_> {
        /// Excel's own limit, in characters.
        const NAME_CHARS_MAX: usize = 31;
        let plain: String = harmless(name)
            .chars()
            .map(|c| if r"[]:*?/\'".contains(c) { ' ' } else { c })
            .take(NAME_CHARS_MAX)
            .collect();
        let sheet = self.book.add_worksheet();
        // A sheet with an empty name or one that is in use is named by its number.
        let _ = sheet.set_name(plain.trim());
        sheet.set_paper_size(A4).set_landscape().set_print_fit_to_pages(1, 0);
        sheet.set_margins(0.4, 0.4, 0.5, 0.5, 0.3, 0.3).set_footer("&C&P / &N");
        let (widths, formats) = (BTreeMap::new(), BTreeMap::new());
        Page { sheet, widths, formats, wraps_heads: false }
    }

    /// The workbook's bytes.
    pub fn bytes(mut self) -> Result<Vec<u8>, XlsxError> {
        self.book.save_to_buffer()
    }
}

impl Page<'_> {
    /// Writes a cell. Row and column count from 0.
    pub fn put(&mut self, row: u32, column: u16, cell: &Cell, look: Look) -> Result<(), XlsxError> {
        let is_beside = look == Look::Head && self.wraps_heads;
        if !matches!(look, Look::Title | Look::Remark) && !is_beside {
            let width = self.widths.entry(column).or_default();
            *width = (*width).max(cell.width());
        }
        let shown = match cell {
            Cell::Day(_) => DAY,
            Cell::Count(_) => COUNT,
            Cell::Decimals(_, digits) => *digits,
            Cell::Blank | Cell::Text(_) | Cell::Number(_) => AS_IS,
        };
        let format = self.formats.entry((look, shown)).or_insert_with(|| format(look, shown));
        match cell {
            Cell::Blank => self.sheet.write_blank(row, column, format)?,
            Cell::Text(text) => {
                let text: String = text.lines().map(harmless).collect::<Vec<_>>().join("\n");
                let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
                self.sheet.write_string_with_format(row, column, text, format)?
            }
            // Beyond 2^53 a spreadsheet loses digits. No count in a county is that large.
            Cell::Count(number) => {
                self.sheet.write_number_with_format(row, column, *number as f64, format)?
            }
            Cell::Number(number) | Cell::Decimals(number, _) => {
                self.sheet.write_number_with_format(row, column, *number, format)?
            }
            Cell::Day(day) => self.sheet.write_datetime_with_format(row, column, day, format)?,
        };
        Ok(())
    }

    /// Writes a cell over several rows and columns.
    pub fn put_over(
        &mut self,
        row: u32,
        column: u16,
        size: (u32, u16),
        cell: &Cell,
        look: Look,
    ) -> Result<(), XlsxError> {
        if size != (1, 1) {
            let format = self.formats.entry((look, AS_IS)).or_insert_with(|| format(look, AS_IS));
            let format = format.clone().set_align(FormatAlign::Center);
            let (last, right) = (row + size.0 - 1, column + size.1 - 1);
            self.sheet.merge_range(row, column, last, right, "", &format)?;
            let Cell::Text(text) = cell else { return Ok(()) };
            self.sheet.write_string_with_format(row, column, harmless(text), &format)?;
            return Ok(());
        }
        self.put(row, column, cell, look)
    }

    /// Attaches a note that is shown when the pointer is over the cell.
    pub fn note(&mut self, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
        let text: String = text.lines().map(harmless).collect::<Vec<_>>().join("\n");
        let text: String = text.chars().take(NOTE_CHARS_MAX).collect();
        let lines = text.width() / 34 + text.lines().count() + 1;
        let height = u32::try_from(lines).unwrap_or(40).clamp(3, 30) * 18;
        let note = Note::new(text).set_width(280).set_height(height).add_author_prefix(false);
        self.sheet.insert_note(row, column, &note)?;
        Ok(())
    }

    /// Limits what the cells `first..=last` of a column may hold. Other values give a warning, not an error, so
    /// that nobody who knows better is stopped.
    pub fn choice(
        &mut self,
        rows: (u32, u32),
        column: u16,
        choice: &Choice,
        title: &str,
        message: &str,
    ) -> Result<(), XlsxError> {
        let rule = match choice {
            Choice::Words(words) => {
                let length: usize = words.iter().map(|word| word.chars().count() + 1).sum();
                if words.is_empty() || length > INLINE_CHARS_MAX {
                    return Ok(());
                }
                DataValidation::new().allow_list_strings(words)?
            }
            Choice::Range(range) => {
                DataValidation::new().allow_list_formula(Formula::new(range.as_str()))
            }
            Choice::Count => DataValidation::new()
                .allow_whole_number(DataValidationRule::GreaterThanOrEqualTo(0)),
        };
        let title: String = title.chars().take(32).collect();
        let message: String = message.chars().take(250).collect();
        let rule = rule
            .set_error_style(DataValidationErrorStyle::Warning)
            .set_error_title(title)?
            .set_error_message(message)?;
        self.sheet.add_data_validation(rows.0, column, rows.1, column, &rule)?;
        Ok(())
    }

    /// Keeps the rows above `row` and the columns before `column` visible, on screen and on every printed page.
    pub fn freeze(&mut self, row: u32, column: u16) -> Result<(), XlsxError> {
        self.sheet.set_freeze_panes(row, column)?;
        if let Some(last) = row.checked_sub(1) {
            self.sheet.set_repeat_rows(last, last)?;
        }
        Ok(())
    }

    /// Prints a table with so many columns on paper that suits it, with the rows of its heading on every page.
    pub fn print_as(&mut self, columns: u16, head: (u32, u32)) -> Result<(), XlsxError> {
        if columns <= NARROW {
            self.sheet.set_portrait();
        } else if columns > WIDE {
            self.sheet.set_paper_size(A3);
            self.wraps_heads = true;
        }
        self.sheet.set_repeat_rows(head.0, head.1)?;
        Ok(())
    }

    /// Formats a column as text, so that codes keep leading zeros when people type them.
    pub fn text_column(&mut self, column: u16) -> Result<(), XlsxError> {
        self.sheet.set_column_format(column, &Format::new().set_num_format("@"))?;
        Ok(())
    }

    /// Prints the sheet in portrait.
    pub fn upright(&mut self) {
        self.sheet.set_portrait();
    }

    /// Hides the sheet.
    pub fn hide(&mut self) {
        self.sheet.set_hidden(true);
    }

    /// Sets the widths.
    pub fn close(self) -> Result<(), XlsxError> {
        for (column, width) in self.widths {
            let width = width.clamp(WIDTH_MIN, WIDTH_MAX) + 2;
            self.sheet.set_column_width(column, width as f64)?;
        }
        Ok(())
    }

    /// Writes a whole table: titles, heads, rows. Returns the number of the first data row.
    pub fn table(
        &mut self,
        titles: &[String],
        heads: &[String],
        rows: &[Vec<Cell>],
    ) -> Result<u32, XlsxError> {
        let mut at = 0;
        for (index, title) in titles.iter().enumerate() {
            let look = if index == 0 { Look::Title } else { Look::Remark };
            self.put(at, 0, &Cell::text(title), look)?;
            at += 1;
        }
        for (column, head) in (0..).zip(heads) {
            self.put(at, column, &Cell::text(head), Look::Head)?;
        }
        at += 1;
        self.freeze(at, 0)?;
        let first = at;
        for row in rows {
            for (column, cell) in (0..).zip(row) {
                self.put(at, column, cell, Look::Plain)?;
            }
            at += 1;
        }
        Ok(first)
    }
}

fn format(look: Look, shown: u8) -> Format {
    const LINE: u32 = 0x00B8_C4CE;
    let format = match look {
        Look::Plain | Look::Sum | Look::NoFigure | Look::Bad | Look::Doubtful => {
            Format::new().set_border(FormatBorder::Thin).set_border_color(Color::RGB(LINE))
        }
        Look::Title | Look::Remark | Look::Head | Look::Label | Look::Reason => Format::new(),
    };
    let format = match look {
        Look::Plain => format,
        Look::Title => format.set_bold().set_font_size(14),
        Look::Remark => format.set_font_color(Color::RGB(0x0059_6673)),
        Look::Head => format
            .set_bold()
            .set_background_color(Color::RGB(0x00DD_E8F0))
            .set_border(FormatBorder::Thin)
            .set_border_color(Color::RGB(LINE))
            .set_text_wrap(),
        Look::Label => format
            .set_font_color(Color::RGB(0x0026_4A63))
            .set_background_color(Color::RGB(0x00F2_F6F9))
            .set_border(FormatBorder::Thin)
            .set_border_color(Color::RGB(LINE))
            .set_text_wrap(),
        Look::Bad => format.set_background_color(Color::RGB(0x00FF_C7CE)),
        Look::Doubtful => format.set_background_color(Color::RGB(0x00FF_EB9C)),
        Look::Reason => format.set_font_color(Color::RGB(0x009C_0006)).set_text_wrap(),
        Look::Sum => format.set_bold(),
        Look::NoFigure => format.set_align(FormatAlign::Right),
    };
    let format = match look {
        Look::Title | Look::Remark => format,
        _ => format.set_align(FormatAlign::Top),
    };
    match shown {
        DAY => format.set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
        COUNT => format.set_num_format("#,##0"),
        AS_IS => format,
        0 => format.set_num_format("0"),
        digits => format.set_num_format(format!("0.{}", "0".repeat(usize::from(digits)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::workbook::Book as Read;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn made(text: &str) -> Vec<u8> {
        let mut book = Book::new("丹阳", day("2021-10-20").and_hms_opt(9, 0, 0).expect("a time"));
        let mut page = book.page("日报[1]");
        let rows = [vec![
            Cell::text(text),
            Cell::Text("0012".into()),
            Cell::Count(1_690_000),
            Cell::Decimals(93.1, 1),
            Cell::Day(day("2021-10-20")),
        ]];
        let heads = ["name", "code", "doses", "percent", "date"].map(str::to_owned);
        page.table(&["标题".into()], &heads, &rows).expect("a table");
        page.close().expect("widths");
        book.bytes().expect("a workbook")
    }

    #[test]
    fn what_is_written_is_read_again_and_formulas_and_marks_are_harmless_text() {
        let bytes = made("=1+1\u{202e}\u{7}x");
        let mut book = Read::of_upload(bytes.clone(), "f").expect("opens");
        assert_eq!(book.sheets(), ["日报 1"]);
        let rows = book.rows("日报 1").expect("rows");
        assert_eq!(rows[2].cells, ["=1+1  x", "0012", "1690000", "93.1", "2021-10-20"]);
        assert_eq!(bytes, made("=1+1\u{202e}\u{7}x"));
    }
}
