//! Reads long files (doses, tallies, persons, outcomes) in batches. Only the form of a row is
//! checked here; whether its person, place or lot exists is checked by the import.
//!
//! A CSV file is read twice. The first pass finds its encoding and checksum. The second yields the
//! rows and checks at the end that the file has not changed: [`Rows::finish`]. Memory use is one
//! chunk and one batch.

pub(super) mod national;
mod opening;
mod pupils;
mod raw;
mod shapes;
mod sheets;
mod stretch;
mod surveys;
mod whole;

pub(super) use opening::first_rows;
pub use pupils::{ConsentRow, PupilList, PupilRow, PupilSheet, consents, pupils};
pub use raw::RawCells;
pub use shapes::CampaignRow;
pub use sheets::Sheets;
pub use surveys::{SURVEY_COLUMNS, SURVEY_QUESTIONS, SurveyRow, births, survey};

use super::fields::Fields;
use super::issue::Issue;
use super::profile::{Mapping, Profile, header_of};
use super::records::Record;
use super::table::{Column, Header, RawRow, TITLE_ROWS_MAX, header_at, list};
use super::values::clean;
use crate::domain::dose::{Dose, Tally};
use crate::domain::person::{Outcome, Person};
use crate::domain::roster::Duty;
use opening::{Head, Source, head};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use stretch::Stretch;
use whole::whole;

/// Extra columns of an errors file. They are ignored, so that a corrected errors file can be imported.
pub(super) const ERROR_COLUMNS: [&str; 3] = ["line", "code", "reason"];

/// The column that names a row's campaign.
const CAMPAIGN: &str = "campaign";

/// Reads a row; `None` after it has added an issue.
type ReadRow<T> = fn(&mut Fields<'_>) -> Option<T>;

/// What a row of one kind looks like.
struct Shape<T> {
    /// The sheet's name in a workbook.
    stem: &'static str,
    columns: &'static [Column],
    read: ReadRow<T>,
    /// Whether a row of a form was left to be filled in. It says nothing, like a row that is not there.
    is_unfilled: fn(&Fields<'_>) -> bool,
}

impl<T> Clone for Shape<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shape<T> {}

/// The rows of a file.
pub struct Rows<T> {
    file: String,
    names: Vec<String>,
    header: Header,
    shape: Shape<T>,
    /// Rows read while the header was looked for.
    pending: VecDeque<RawRow>,
    source: Source,
    /// The campaign that the file is a form of.
    form_of: Option<Box<str>>,
    /// How the file's headings and codes become ours; `None`: they are ours.
    mapping: Option<Box<Mapping>>,
    /// Cells of a row that comes from a list, joined.
    joined: (String, Vec<usize>),
    count: u64,
    unfilled: u64,
    /// Rows of the last batch, and bytes of their cells: room for the next one.
    ahead: usize,
    ahead_bytes: usize,
    /// Rows that wait to be read in the order of their persons.
    stretch: Stretch,
    fault: Option<Issue>,
    is_done: bool,
}

/// Rows of a file, with their cells as read.
#[derive(Debug)]
pub struct Batch<T> {
    /// The rows.
    pub rows: Vec<Row<T>>,
    /// Their cells, by the index of the row.
    pub raw: RawCells,
    /// Whether it begins a part of the file, after which no earlier row comes.
    pub begins: bool,
    /// Whether the part comes in the order of the file, and not in that of its persons.
    pub in_order: bool,
}

/// One row.
#[derive(Debug)]
pub struct Row<T> {
    /// The row's number as a spreadsheet shows it, from 1.
    pub line: u32,
    /// The campaign that the row names, or else the form that it stands in.
    pub campaign: Option<Box<str>>,
    /// What it says, or all issues found in it.
    pub value: Result<T, Vec<Issue>>,
    /// What somebody should look at, although the row is accepted.
    pub warnings: Vec<Issue>,
}

/// The columns that a file has: what it does not have it says nothing about.
#[derive(Debug, Clone, Default)]
pub struct Present {
    columns: BTreeSet<&'static str>,
    /// What the file calls them, where that is something else.
    headings: BTreeMap<&'static str, String>,
}

impl Present {
    /// Whether the file has a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains(column)
    }

    /// What the file calls a column.
    pub fn shown<'a>(&'a self, column: &'a str) -> &'a str {
        self.headings.get(column).map_or(column, String::as_str)
    }

    /// All columns of a kind of record: what is entered by hand is whole.
    pub fn whole(stem: &str) -> Self {
        let columns = columns_of(stem).iter().map(|column| column.name).collect();
        Self { columns, headings: BTreeMap::new() }
    }
}

/// How much was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows, good and bad; blank rows are not counted.
    pub rows: u64,
    /// Rows of a form that were not filled in. They are not among the rows.
    pub unfilled: u64,
    /// Bytes of the file; 0 for a workbook.
    pub bytes: u64,
    /// Codes that the profile does not have: heading, code, how often.
    pub unknown_codes: Vec<(String, String, u64)>,
}

/// Opens `tallies.csv` or a workbook with such a sheet.
pub fn tallies(path: &Path) -> Result<Rows<Tally>, Vec<Issue>> {
    open(path, &shapes::TALLIES)
}

/// Opens `doses.csv` or a workbook with such a sheet.
pub fn doses(path: &Path) -> Result<Rows<Dose>, Vec<Issue>> {
    doses_by(path, None)
}

/// Opens `persons.csv` or a workbook with such a sheet.
pub fn persons(path: &Path) -> Result<Rows<Person>, Vec<Issue>> {
    persons_by(path, None)
}

/// Opens doses as a profile says that they are written.
pub fn doses_by(path: &Path, profile: Option<&Profile>) -> Result<Rows<Dose>, Vec<Issue>> {
    open_by(path, &shapes::DOSES, profile)
}

/// Opens people as a profile says that they are written.
pub fn persons_by(path: &Path, profile: Option<&Profile>) -> Result<Rows<Person>, Vec<Issue>> {
    open_by(path, &shapes::PERSONS, profile)
}

/// Opens `outcomes.csv` or a workbook with such a sheet.
pub fn outcomes(path: &Path) -> Result<Rows<Outcome>, Vec<Issue>> {
    open(path, &shapes::OUTCOMES)
}

/// The columns of a kind of row; empty for an unknown kind.
pub(super) fn columns_of(stem: &str) -> &'static [Column] {
    match stem {
        "tallies" => shapes::TALLIES.columns,
        "doses" => shapes::DOSES.columns,
        "persons" => shapes::PERSONS.columns,
        "outcomes" => shapes::OUTCOMES.columns,
        _ => &[],
    }
}

/// Reads a plan as `plan make -o csv` prints it, of one campaign or of several.
pub fn plan(path: &Path) -> Result<Vec<CampaignRow>, Vec<Issue>> {
    whole(path, &shapes::PLAN)
}

/// Reads a roster whole.
pub fn roster(path: &Path) -> Result<Vec<Duty>, Vec<Issue>> {
    whole(path, &shapes::ROSTER)
}

fn open<T>(path: &Path, shape: &Shape<T>) -> Result<Rows<T>, Vec<Issue>> {
    open_by(path, shape, None)
}

fn open_by<T>(
    path: &Path,
    shape: &Shape<T>,
    profile: Option<&Profile>,
) -> Result<Rows<T>, Vec<Issue>> {
    let read = head(path, shape.stem, TITLE_ROWS_MAX + 1);
    begin(read.map_err(|issue| vec![issue])?, shape, profile)
}

/// Finds the header of a table whose first rows were read.
fn begin<T>(
    (file, mut head, source): Head,
    shape: &Shape<T>,
    profile: Option<&Profile>,
) -> Result<Rows<T>, Vec<Issue>> {
    let found = match profile {
        Some(profile) => header_of(profile, &head),
        None => header_at(shape.stem, shape.columns, &head),
    };
    let Some(at) = found else {
        return Err(vec![Issue::error("empty_file", file).with("columns", list(shape.columns))]);
    };
    let pending = head.split_off(at + 1).into();
    let form_of = head[..at].iter().flat_map(|row| &row.cells).find_map(|cell| of_form(cell));
    let (columns, row) = (shape.columns, &head[at]);
    let (header, mapping) = if let Some(profile) = profile {
        let mapping = Mapping::new(&file, profile, columns, &ERROR_COLUMNS, row)?;
        (Header::mapped(row, mapping.index()), Some(Box::new(mapping)))
    } else {
        let mut issues = Vec::new();
        let header = Header::read(&file, (shape.stem, columns), &ERROR_COLUMNS, row, &mut issues);
        if !issues.is_empty() {
            return Err(issues);
        }
        (header, None)
    };
    Ok(Rows {
        file,
        names: header.names.clone(),
        header,
        shape: *shape,
        pending,
        source,
        form_of,
        mapping,
        joined: (String::new(), Vec::new()),
        count: 0,
        unfilled: 0,
        ahead: 0,
        ahead_bytes: 0,
        stretch: Stretch::default(),
        fault: None,
        is_done: false,
    })
}

/// Begins the cell above a form's table that names the campaign.
pub(super) const FORM_OF: &str = "campaign: ";

/// The campaign that a cell above the header names.
fn of_form(cell: &str) -> Option<Box<str>> {
    clean(cell).strip_prefix(FORM_OF).map(str::trim).filter(|id| !id.is_empty()).map(Box::from)
}

impl<T> Rows<T> {
    /// The header's cells as the file has them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Which columns the file has, in the order in which `columns_of` lists them.
    pub fn present(&self) -> Present {
        let has = |(at, column): (usize, &Column)| {
            self.header.index.get(at).copied().flatten().map(|_| column.name)
        };
        let columns = self.shape.columns.iter().enumerate().filter_map(has).collect();
        let headings = self.mapping.as_deref().map(Mapping::headings).unwrap_or_default();
        Present { columns, headings }
    }

    /// The file's name, or `book.xlsx!sheet`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether the rows come from a workbook.
    pub fn is_workbook(&self) -> bool {
        matches!(self.source, Source::Sheet(_))
    }

    /// The next rows, at most `rows_max`. `None` at the end of the file or where reading failed;
    /// [`Self::finish`] tells which.
    pub fn next_batch(&mut self, rows_max: usize) -> Option<Batch<T>> {
        let mut batch = self.room(rows_max);
        while !self.is_done && batch.rows.len() < rows_max {
            let step = self.step(|sort, record, mapping| sort.take(record, mapping, &mut batch));
            if let Err(issue) = step {
                self.fault = Some(issue);
                self.is_done = true;
            }
        }
        // The file was cut or changed while it was read: the rows so far may not be what the user
        // wanted to import.
        if self.is_done && self.fault.is_none() && !self.source.is_same() {
            self.fault = Some(Issue::error("file_changed", &self.file));
            batch.rows.clear();
        }
        self.handed(batch)
    }

    /// An empty batch with room for as many rows as the last one had.
    fn room(&self, rows_max: usize) -> Batch<T> {
        /// Rows that memory is reserved for before the batch is read.
        const ROWS_AHEAD: usize = 10_000;
        let rows_ahead = rows_max.min(self.ahead).min(ROWS_AHEAD);
        let cells_ahead = rows_ahead * self.header.names.len();
        let raw = RawCells::with_room(rows_ahead, cells_ahead, self.ahead_bytes);
        Batch { rows: Vec::with_capacity(rows_ahead), raw, begins: true, in_order: true }
    }

    fn handed(&mut self, batch: Batch<T>) -> Option<Batch<T>> {
        self.count += batch.rows.len() as u64;
        (self.ahead, self.ahead_bytes) = (batch.rows.len(), batch.raw.bytes());
        (!batch.rows.is_empty()).then_some(batch)
    }

    /// Reads one record. `take` says whether it is one that was filled in.
    fn step(
        &mut self,
        take: impl FnOnce(&Sort<'_, T>, Record<'_>, Option<&mut Mapping>) -> bool,
    ) -> Result<(), Issue> {
        let sort = Sort {
            file: &self.file,
            header: &self.header,
            shape: self.shape,
            form_of: self.form_of.as_deref(),
            is_csv: !self.is_workbook(),
        };
        let mapping = self.mapping.as_deref_mut();
        let raw = match (self.pending.pop_front(), &mut self.source) {
            (Some(row), _) => Some(row),
            (None, Source::Sheet(rows)) => {
                let row = rows.next();
                self.is_done = row.is_none();
                row
            }
            (None, Source::Csv(reader, _)) => {
                match reader.read(&self.file)? {
                    Some(record) => {
                        self.unfilled += u64::from(!take(&sort, record, mapping));
                        return Ok(());
                    }
                    None => self.is_done = true,
                }
                None
            }
        };
        if let Some(raw) = raw {
            let (text, ends) = &mut self.joined;
            text.clear();
            ends.clear();
            for cell in &raw.cells {
                text.push_str(cell);
                ends.push(text.len());
            }
            let record = Record { row: raw.row, text, ends };
            self.unfilled += u64::from(!take(&sort, record, mapping));
        }
        Ok(())
    }

    /// How much was read; an issue if the file changed meanwhile or could not be read to its end.
    pub fn finish(self) -> Result<Summary, Issue> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let bytes = match &self.source {
            Source::Csv(_, found) => found.bytes,
            Source::Sheet(_) => 0,
        };
        let unknown = self.mapping.map(|mapping| mapping.unknown).unwrap_or_default();
        let unknown_codes =
            unknown.into_iter().map(|((heading, code), count)| (heading, code, count)).collect();
        Ok(Summary { rows: self.count, unfilled: self.unfilled, bytes, unknown_codes })
    }
}

/// How the records of a file are read.
struct Sort<'a, T> {
    file: &'a str,
    header: &'a Header,
    shape: Shape<T>,
    /// The campaign of the form that the rows stand in.
    form_of: Option<&'a str>,
    is_csv: bool,
}

impl<T> Sort<'_, T> {
    /// Reads one record into the batch unless it is blank; false if it is a row of a form that was not filled in.
    fn take(
        &self,
        record: Record<'_>,
        mapping: Option<&mut Mapping>,
        batch: &mut Batch<T>,
    ) -> bool {
        if clean(record.text).is_empty() {
            return true;
        }
        let Some(mapping) = mapping else { return self.sort(record, (record, Vec::new()), batch) };
        let first = batch.rows.len();
        let mapped = mapping.row(record);
        let is_filled = self.sort(record, mapped, batch);
        for row in &mut batch.rows[first..] {
            let said = |issue| mapping.said_of_file(issue, record);
            row.warnings = std::mem::take(&mut row.warnings).into_iter().map(said).collect();
            if let Err(errors) = &mut row.value {
                *errors = std::mem::take(errors).into_iter().map(said).collect();
            }
        }
        is_filled
    }

    /// Sorts a record, read in the form that it has in our tables, into the batch.
    fn sort(
        &self,
        record: Record<'_>,
        (read, mut issues): (Record<'_>, Vec<Issue>),
        batch: &mut Batch<T>,
    ) -> bool {
        let Self { file, header, shape, form_of, is_csv } = *self;
        let mut fields = Fields::of_record(file, shape.columns, &header.index, read);
        let cells = record.ends.len();
        let short = if is_csv { header.short_issue(file, record.row, cells) } else { None };
        if short.is_none() && (shape.is_unfilled)(&fields) {
            return false;
        }
        // What a row that was cut off lacks would be told again, cell by cell.
        let value = if short.is_none() { (shape.read)(&mut fields) } else { None };
        let named = Some(fields.get(CAMPAIGN)).filter(|id| !id.is_empty());
        let campaign = named.or(form_of).map(Box::from);
        // What a cell says wrongly is told once: where a code is unknown, its column is empty.
        let told: Vec<Option<String>> = issues.iter().map(|issue| issue.column.clone()).collect();
        issues.extend(
            fields
                .issues
                .into_iter()
                .filter(|issue| issue.code != "missing_value" || !told.contains(&issue.column)),
        );
        issues.extend(short);
        if !header.covers(cells)
            && let Some(cell) = header.stray(record.cells())
        {
            issues.push(header.stray_issue(file, record.row, cell));
        }
        let (errors, warnings): (Vec<Issue>, Vec<Issue>) =
            issues.into_iter().partition(Issue::is_error);
        let value = match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => Err(errors),
        };
        batch.raw.push(record);
        batch.rows.push(Row { line: record.row, campaign, value, warnings });
        true
    }
}
