//! The tables in the official layout, row by row and column by column, for a workbook, a CSV file or a screen.
//!
//! What is written into files is in Chinese, as the form is; a screen shows it in the language of its reader.

use super::{National, upload_cut};
use crate::domain::campaign::Language;
use crate::domain::national::{
    AgeCount, CohortTable, PeriodRow, PeriodTable, RowCount, RowDoses, ScopeKey, TownshipTable,
    TwoDecimals,
};
use crate::intake::csv_out;
use crate::intake::workbook_out::{Book, Cell, Look};
use crate::text;
use chrono::NaiveDateTime;
use std::collections::BTreeMap;
use std::fmt::Display;

/// What the form prints where it has no figure.
const DASH: &str = "—";

/// A cell of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormCell {
    /// Words.
    Text(String),
    /// A number of children or townships.
    Count(u64),
    /// A rate in percent, with two decimals.
    Rate(TwoDecimals),
    /// No figure: `—`.
    Dash,
    /// Nothing.
    Blank,
}

impl FormCell {
    pub(super) fn rate(rate: Option<TwoDecimals>) -> Self {
        rate.map_or(Self::Dash, Self::Rate)
    }

    fn count_if(is_shown: bool, count: u64) -> Self {
        if is_shown { Self::Count(count) } else { Self::Dash }
    }

    /// The cell as text.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Rate(rate) => rate.to_string(),
            Self::Dash => DASH.to_owned(),
            Self::Blank => String::new(),
        }
    }

    fn look(&self) -> Look {
        if *self == Self::Dash { Look::NoFigure } else { Look::Plain }
    }

    fn in_workbook(&self) -> Cell {
        match self {
            Self::Count(count) => Cell::Count(i64::try_from(*count).unwrap_or(i64::MAX)),
            Self::Rate(rate) => Cell::Decimals(rate.shown(), 2),
            other => Cell::text(other.shown()),
        }
    }
}

/// A heading over one or more columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormHead {
    /// The words.
    pub text: String,
    /// The line of the heading, from 0.
    pub line: usize,
    /// Its first column, from 0.
    pub column: usize,
    /// How many lines it takes.
    pub lines: usize,
    /// How many columns it takes.
    pub columns: usize,
}

/// A table in the official layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialForm {
    /// The place, for the name of a sheet.
    pub place: String,
    /// The lines above the table, the title first.
    pub titles: Vec<String>,
    /// The headings.
    pub heads: Vec<FormHead>,
    /// The rows.
    pub rows: Vec<Vec<FormCell>>,
    /// What the rows are, by their ids.
    pub ids: Vec<String>,
    /// The lines below the table.
    pub notes: Vec<String>,
}

impl OfficialForm {
    /// Lines of the heading.
    pub fn head_lines(&self) -> usize {
        self.heads.iter().map(|head| head.line + head.lines).max().unwrap_or(0)
    }

    /// Columns of the table.
    pub fn width(&self) -> usize {
        self.heads.iter().map(|head| head.column + head.columns).max().unwrap_or(0)
    }

    /// The words over each column, all lines together, for a reader. The form has vaccine and dose under one heading:
    /// here the second has a name of its own.
    pub fn column_names(&self, language: Language) -> Vec<String> {
        let over = |column: usize| {
            let heads = self.heads.iter();
            let own = heads.filter(|it| (it.column..it.column + it.columns).contains(&column));
            own.map(|head| head.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        let mut names: Vec<String> = (0..self.width()).map(over).collect();
        if names.get(1) == names.first()
            && let Some(second) = names.get_mut(1)
        {
            *second = Words(language).label("dose");
        }
        names
    }

    /// The upper heading of a column.
    pub fn upper_name(&self, column: usize) -> &str {
        let mut heads = self.heads.iter().filter(|it| it.line == 0);
        let own = heads.find(|it| (it.column..it.column + it.columns).contains(&column));
        own.map_or("", |head| head.text.as_str())
    }

    /// The form as CSV: titles, headings, rows, notes.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        for title in &self.titles {
            out.push_str(&csv_out::line([title]));
        }
        for line in 0..self.head_lines() {
            let mut cells = vec![""; self.width()];
            for head in self.heads.iter().filter(|head| head.line == line) {
                cells[head.column] = &head.text;
            }
            out.push_str(&csv_out::line(cells));
        }
        for row in &self.rows {
            out.push_str(&csv_out::line(row.iter().map(FormCell::shown)));
        }
        for note in &self.notes {
            out.push_str(&csv_out::line([note]));
        }
        out
    }
}

/// Forms as a workbook, a sheet for each.
pub fn workbook(
    forms: &[OfficialForm],
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
    /// A form has at most some dozen rows and columns.
    fn small<T: TryFrom<usize> + Default>(number: usize) -> T {
        T::try_from(number).unwrap_or_default()
    }
    let title = forms.first().and_then(|form| form.titles.first()).cloned().unwrap_or_default();
    let mut book = Book::new(&title, made_at);
    for form in forms {
        let mut page = book.page(&form.place.replace(':', " "));
        let mut at = 0;
        for (index, title) in form.titles.iter().enumerate() {
            let look = if index == 0 { Look::Title } else { Look::Remark };
            page.put(at, 0, &Cell::text(title), look)?;
            at += 1;
        }
        let head_lines = small::<u32>(form.head_lines());
        page.freeze(at + head_lines, 2)?;
        page.print_as(small(form.width()), (at, at + head_lines.saturating_sub(1)))?;
        for head in &form.heads {
            let (row, column) = (at + small::<u32>(head.line), small(head.column));
            let size = (small(head.lines), small(head.columns));
            page.put_over(row, column, size, &Cell::text(&head.text), Look::Head)?;
        }
        at += head_lines;
        for row in &form.rows {
            for (column, cell) in (0..).zip(row) {
                page.put(at, column, &cell.in_workbook(), cell.look())?;
            }
            at += 1;
        }
        for note in &form.notes {
            page.put(at, 0, &Cell::text(note), Look::Remark)?;
            at += 1;
        }
        page.close()?;
    }
    book.bytes()
}

/// Words of a form in a language.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) Language);

impl Words {
    pub(super) fn label(self, key: &str) -> String {
        text::word(self.0, &format!("national-form-{key}"))
    }

    pub(super) fn told(self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        text::say(self.0, &format!("national-form-{key}"), arguments)
    }

    pub(super) fn own<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        if self.0 == Language::ZhCn { chinese } else { english }
    }

    pub(super) fn vaccine<'a>(self, chinese: &'a str, english: &'a str) -> FormCell {
        FormCell::Text(self.own(chinese, english).to_owned())
    }

    pub(super) fn head(
        self,
        key: &str,
        line: usize,
        column: usize,
        size: (usize, usize),
    ) -> FormHead {
        FormHead { text: self.label(key), line, column, lines: size.0, columns: size.1 }
    }
}

impl National {
    fn place_name(&self, scope: &ScopeKey, words: Words) -> String {
        match scope {
            ScopeKey::All => words.label("everything"),
            other => self.name_of(other),
        }
    }

    /// 国家免疫规划疫苗接种率月报表 of a place.
    pub fn period_form(
        &self,
        table: &PeriodTable,
        scope: &ScopeKey,
        counts: &[RowCount],
        language: Language,
    ) -> OfficialForm {
        let words = Words(language);
        let place = self.place_name(scope, words);
        let (first, last) = (table.span.first, table.span.last);
        let cut = upload_cut(&self.rules, last.last());
        let mut rows = Vec::new();
        let mut ids = Vec::new();
        let mut month = first;
        let mut ends = vec![last.last()];
        while month < last {
            ends.push(month.last());
            month = month.next();
        }
        for (at, rule) in self.rules.period.rows.iter().enumerate() {
            if ends.iter().any(|end| rule.terms_at(*end).is_some()) {
                rows.push(self.period_form_row(at, rule, counts, words));
                ids.push(rule.id.clone());
            }
        }
        let title = words.own(&self.rules.period.title, &words.label("period-title")).to_owned();
        OfficialForm {
            place: scope.to_string(),
            titles: vec![
                title,
                words.told("query", &[("place", &place), ("first", &first), ("last", &last)]),
                words.told("upload-cut", &[("day", &cut)]),
            ],
            heads: vec![
                words.head("vaccine-group", 0, 0, (2, 2)),
                words.head("due", 0, 2, (2, 1)),
                words.head("given", 0, 3, (1, 2)),
                words.head("given-programme", 1, 3, (1, 1)),
                words.head("given-other", 1, 4, (1, 1)),
                words.head("rate", 0, 5, (2, 1)),
            ],
            rows,
            ids,
            notes: Vec::new(),
        }
    }

    fn period_form_row(
        &self,
        at: usize,
        rule: &PeriodRow,
        counts: &[RowCount],
        words: Words,
    ) -> Vec<FormCell> {
        let count = counts.get(at).copied().unwrap_or_default();
        let has_due = rule.has_due() && !matches!(rule.doses, RowDoses::TimelyOf(_));
        vec![
            words.vaccine(&rule.vaccine, &rule.english),
            FormCell::Text(words.own(&rule.dose, rule.id.as_str()).to_owned()),
            FormCell::count_if(has_due, count.due()),
            FormCell::Count(count.programme),
            FormCell::Count(count.other),
            FormCell::rate(PeriodTable::rate(&self.rules, counts, at)),
        ]
    }

    /// 国家免疫规划疫苗出生队列接种率季报表 of a place.
    pub fn cohort_form(
        &self,
        table: &CohortTable,
        scope: &ScopeKey,
        ages: &BTreeMap<u8, AgeCount>,
        language: Language,
    ) -> OfficialForm {
        let words = Words(language);
        let place = self.place_name(scope, words);
        let rules = &self.rules.cohort;
        let groups: Vec<u8> = (rules.ages.0..=rules.ages.1).collect();
        let empty = AgeCount::default();
        let group = |age: u8| ages.get(&age).unwrap_or(&empty);
        let mut rows = Vec::new();
        let mut ids = Vec::new();
        let top = |key: &str, of: &dyn Fn(&AgeCount) -> u64| {
            let mut row = vec![FormCell::Text(words.label("children"))];
            row.push(FormCell::Text(words.label(key)));
            for age in &groups {
                row.extend([FormCell::Count(of(group(*age))), FormCell::Blank]);
            }
            row
        };
        let mut titles = vec![
            words.own(&rules.title, &words.label("cohort-title")).to_owned(),
            words.told("place", &[("place", &place)]),
            words.told("cohort-day", &[("day", &table.day)]),
            words.label("cohort-source"),
        ];
        // The form had no lines for all children and for girls before it had rows for girls.
        if rules.rows.iter().any(|row| row.only.is_some() && row.is_in_table(table.day)) {
            rows.push(top("children-all", &|group| group.children));
            rows.push(top("children-female", &|group| group.female));
            ids.extend(["children".to_owned(), "female".to_owned()]);
        } else {
            let each = groups.iter().map(|age| {
                words.told("children-of-age", &[("age", age), ("count", &group(*age).children)])
            });
            titles.push(
                std::iter::once(words.label("children")).chain(each).collect::<Vec<_>>().join("　"),
            );
        }
        for (id, row) in self.cohort_form_rows(table, ages, words) {
            rows.push(row);
            ids.push(id);
        }
        let mut full =
            vec![FormCell::Text(words.own(&rules.full, &words.label("full")).to_owned())];
        full.push(FormCell::Blank);
        for age in &groups {
            let count = group(*age).full;
            full.extend([FormCell::Count(count), FormCell::rate(group(*age).share(count))]);
        }
        rows.push(full);
        ids.push("full".to_owned());
        OfficialForm {
            place: scope.to_string(),
            titles,
            heads: cohort_heads(&groups, words),
            rows,
            ids,
            notes: ["note-grey", "note-full", "note-source", "note-managed"]
                .map(|key| words.label(key))
                .to_vec(),
        }
    }

    /// The rows of the cohort form, by their ids.
    fn cohort_form_rows(
        &self,
        table: &CohortTable,
        ages: &BTreeMap<u8, AgeCount>,
        words: Words,
    ) -> Vec<(String, Vec<FormCell>)> {
        let rules = &self.rules.cohort;
        let empty = AgeCount::default();
        let mut rows = Vec::new();
        let shown = rules.rows.iter().enumerate().filter(|(_, row)| row.is_in_table(table.day));
        for (at, rule) in shown {
            let mut row = vec![words.vaccine(&rule.vaccine, &rule.english)];
            row.push(FormCell::Text(words.own(&rule.dose, &rule.id).to_owned()));
            for age in rules.ages.0..=rules.ages.1 {
                let group = ages.get(&age).unwrap_or(&empty);
                let has_cell = rule.has_cell(age, table.day);
                let rate = has_cell.then(|| group.rate(&self.rules, at)).flatten();
                row.extend([FormCell::count_if(has_cell, group.done(at)), FormCell::rate(rate)]);
            }
            rows.push((rule.id.clone(), row));
        }
        rows
    }

    /// 国家免疫规划疫苗出生队列接种率＞90%的乡镇比例年报表 of a county or of everything.
    pub fn townships_form(
        &self,
        table: &TownshipTable,
        scope: &ScopeKey,
        year: i32,
        language: Language,
    ) -> OfficialForm {
        let words = Words(language);
        let place = self.place_name(scope, words);
        let rules = &self.rules.townships;
        let names = rules.rows.iter().map(|row| (&row.name, &row.english));
        let names = names.chain([(&rules.all.1, &rules.all.2)]);
        let rows = names.zip(&table.lines).map(|((chinese, english), line)| {
            vec![
                words.vaccine(chinese, english),
                FormCell::Count(line.townships),
                FormCell::rate(line.rate),
            ]
        });
        let title = words.own(&rules.title, &words.label("townships-title")).to_owned();
        OfficialForm {
            place: scope.to_string(),
            titles: vec![
                title,
                words.told("place", &[("place", &place)]),
                words.told("year", &[("year", &year)]),
                words.told("townships-count", &[("count", &table.townships)]),
                words.told("townships-merged", &[("count", &table.merged)]),
            ],
            heads: vec![
                words.head("vaccine-dose", 0, 0, (1, 1)),
                words.head("townships-over", 0, 1, (1, 1)),
                words.head("townships-share", 0, 2, (1, 1)),
            ],
            rows: rows.collect(),
            ids: self.township_ids().into_iter().map(str::to_owned).collect(),
            notes: ["note-hepa", "note-no-je", "note-merged"].map(|key| words.label(key)).to_vec(),
        }
    }
}

fn cohort_heads(groups: &[u8], words: Words) -> Vec<FormHead> {
    let mut heads = vec![words.head("vaccine", 0, 0, (2, 1)), words.head("dose", 0, 1, (2, 1))];
    for (index, age) in groups.iter().enumerate() {
        let text = words.told("age-group", &[("age", age)]);
        let column = 2 + index * 2;
        heads.push(FormHead { text, line: 0, column, lines: 1, columns: 2 });
        heads.push(words.head("done", 1, column, (1, 1)));
        heads.push(words.head("rate", 1, column + 1, (1, 1)));
    }
    heads
}
