//! Printing: tables for people, JSON and CSV for programs. The only place that writes to stdout and stderr: what cannot
//! be written ends nothing.

use super::cell_words;
pub(super) use super::layout::NONE;
use super::layout::{self, Column};
use crate::domain::campaign::Language;
use crate::domain::count::Percent;
use crate::intake::csv_out;
pub(super) use crate::text::harmless;
use crate::{secrets, text};
use clap::ValueEnum;
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};
use serde::Serialize;
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};

/// How data are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// Language and form of the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    pub(super) language: Language,
    pub(super) format: Format,
}

/// What has become of stdout: nothing lost, the reader has gone, or it cannot be written.
static LOST: AtomicU8 = AtomicU8::new(0);
/// The reader has closed the pipe: it has all that it wants.
const READER_GONE: u8 = 1;
/// The disk is full, or the like.
const UNWRITABLE: u8 = 2;

/// Writes to stdout. What cannot be written is lost, and the command goes on: it may be in the middle of its work.
/// [`ended`] says what becomes of the exit code.
pub(super) fn print(text: &str) {
    if is_lost() {
        return;
    }
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        lost(&error);
    }
}

/// Stdout for a command that writes much; it says itself what it cannot write.
pub(super) fn stream() -> std::io::StdoutLock<'static> {
    std::io::stdout().lock()
}

/// Notes that stdout cannot be written.
fn lost(error: &std::io::Error) {
    if error.kind() == ErrorKind::BrokenPipe {
        LOST.store(READER_GONE, Ordering::Relaxed);
        return;
    }
    LOST.store(UNWRITABLE, Ordering::Relaxed);
    tell(&format!("doseplan: the output could not be written: {error}"));
}

/// Whether nobody gets what is printed any more.
pub(super) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed) != 0
}

/// The exit code of a command. One whose output is its result has failed if that was lost; one that did something
/// (`acts`) returns what came of it.
pub(super) fn ended(code: u8, acts: bool) -> u8 {
    let failed = LOST.load(Ordering::Relaxed) == UNWRITABLE && !acts;
    if failed && code == super::exit::OK { super::exit::FAILED } else { code }
}

/// Writes a line to stderr, without passwords. If it cannot be written, it is lost: that ends nothing.
pub(super) fn tell(text: &str) {
    write_err(&format!("{text}\n"));
}

/// Writes to stderr as it is, without passwords.
pub(super) fn write_err(text: &str) {
    let _ = std::io::stderr().lock().write_all(secrets::masked(text).as_bytes());
}

/// Whether stdout is a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether stdout shows colours: a terminal, and nothing in the environment forbids it.
pub(super) fn has_colours() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Columns of the terminal, or of the variable COLUMNS, or else [`WIDTH_ELSEWHERE`].
pub(super) fn width() -> u16 {
    let named = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width >= WIDTH_MIN);
    let asked = || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col);
    asked().filter(|width| *width >= WIDTH_MIN).or_else(named).unwrap_or(WIDTH_ELSEWHERE)
}

/// Text in the colour of a tone, if stdout shows colours.
pub(super) fn toned(text: &str, tone: Tone) -> String {
    if !has_colours() {
        return text.to_owned();
    }
    let style = tone.style();
    format!("{style}{text}{style:#}")
}

/// An issue on one line; errors in red, warnings in yellow.
pub(super) fn marked(issue: &crate::intake::Issue, out: Out) -> String {
    let line = issue.line(out.language);
    if issue.is_error() {
        return toned(&line, Tone::Bad);
    }
    format!("{} {line}", toned(&out.word("word-warning"), Tone::Doubtful))
}

/// Several lines, each safe to show on a terminal.
pub(super) fn lines_harmless(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

/// How good or bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look at it.
    Doubtful,
    /// Wrong.
    Bad,
}

impl Tone {
    fn style(self) -> anstyle::Style {
        let colour = match self {
            Self::Good => anstyle::AnsiColor::Green,
            Self::Doubtful => anstyle::AnsiColor::Yellow,
            Self::Bad => anstyle::AnsiColor::Red,
        };
        colour.on_default()
    }
}

impl Out {
    /// A message of the catalogue.
    pub(super) fn word(&self, key: &str) -> String {
        text::word(self.language, key)
    }

    /// A message of the catalogue with its arguments.
    pub(super) fn say(&self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        text::say(self.language, key, arguments)
    }

    /// An error with a message of the catalogue.
    pub(super) fn fail(&self, key: &str, arguments: &[(&str, &dyn Display)]) -> anyhow::Error {
        anyhow::anyhow!(self.say(key, arguments))
    }

    /// The error for a file or folder that cannot be written.
    pub(super) fn not_written(
        &self,
        path: &std::path::Path,
        error: &std::io::Error,
    ) -> anyhow::Error {
        self.fail("fail-not-written", &[("path", &path.display()), ("said", error)])
    }

    /// Prints a message on stderr.
    pub(super) fn note(&self, key: &str, arguments: &[(&str, &dyn Display)]) {
        tell(&self.say(key, arguments));
    }

    /// Prints a value as JSON.
    #[expect(clippy::unused_self, reason = "every form of output is asked of the same value")]
    pub(super) fn json(&self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).expect("plain data becomes JSON");
        print(&(text + "\n"));
    }

    /// Prints a sheet as CSV, whatever the form asked for: a file to be read again.
    #[expect(clippy::unused_self, reason = "every form of output is asked of the same value")]
    pub(super) fn csv(&self, sheet: &Sheet) {
        print(&sheet.csv());
    }

    /// Prints a thing that is no list, for programs: as JSON, or as CSV with a line for each figure in it. Nothing as a
    /// table, which its command words for people.
    pub(super) fn thing(&self, value: &impl Serialize) {
        match self.format {
            Format::Table => {}
            Format::Json => self.json(value),
            Format::Csv => {
                let value = serde_json::to_value(value).expect("plain data becomes JSON");
                let mut sheet = Sheet::new(&["figure", "value"]);
                flatten("", &value, &mut sheet);
                self.sheet(&sheet);
            }
        }
    }

    /// Prints a sheet as a table or as CSV.
    pub(super) fn sheet(&self, sheet: &Sheet) {
        print(&match self.format {
            Format::Csv => sheet.csv(),
            Format::Json => return self.json(&sheet.objects()),
            Format::Table => sheet.table(self.language),
        });
    }
}

/// Adds a line for each figure of a value, named by the way to it: `sites.reported`, `jobs.1.state`.
fn flatten(name: &str, value: &serde_json::Value, sheet: &mut Sheet) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        serde_json::Value::Object(all) => {
            all.iter().for_each(|(key, value)| flatten(&below(key), value, sheet));
        }
        serde_json::Value::Array(all) => {
            (1..).zip(all).for_each(|(no, value): (usize, _)| {
                flatten(&below(&no.to_string()), value, sheet);
            });
        }
        serde_json::Value::Null => sheet.push(vec![name.to_owned(), String::new()]),
        serde_json::Value::String(text) => sheet.push(vec![name.to_owned(), text.clone()]),
        other => sheet.push(vec![name.to_owned(), other.to_string()]),
    }
}

/// Rows under headings. The codes of the columns are the header of the CSV.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Codes, or names if `is_named`.
    columns: Vec<String>,
    /// Whether the columns have names instead of codes.
    is_named: bool,
    /// Columns that a narrow terminal may leave out.
    spare: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Width of tables when stdout is no terminal.
const WIDTH_ELSEWHERE: u16 = 120;
/// A smaller width is ignored: no table could be read.
const WIDTH_MIN: u16 = 20;

impl Sheet {
    pub(super) fn new(columns: &[&str]) -> Self {
        let columns = columns.iter().map(|code| (*code).to_owned()).collect();
        Self { columns, is_named: false, spare: Vec::new(), rows: Vec::new() }
    }

    /// A sheet whose headings are names already.
    pub(super) fn named(columns: impl Iterator<Item = String>) -> Self {
        let columns = columns.collect();
        Self { columns, is_named: true, spare: Vec::new(), rows: Vec::new() }
    }

    /// Sets the columns that a narrow terminal leaves out, in the order in which they go.
    pub(super) fn spare(mut self, columns: &[&'static str]) -> Self {
        self.spare = columns.to_vec();
        self
    }

    /// The rows of several sheets under one heading. Where sheets have the id of a campaign, it is the first column.
    pub(super) fn joined(sheets: impl Iterator<Item = (Option<String>, Self)>) -> Self {
        /// The heading of the campaign's column.
        const CAMPAIGN: &str = "campaign";
        let mut out: Option<Self> = None;
        for (id, sheet) in sheets {
            let columns = id.iter().map(|_| CAMPAIGN.to_owned()).chain(sheet.columns);
            let rows = sheet.rows.into_iter().map(|row| id.iter().cloned().chain(row).collect());
            let first = || Self {
                columns: columns.collect(),
                rows: Vec::new(),
                spare: sheet.spare,
                is_named: sheet.is_named,
            };
            out.get_or_insert_with(first).rows.extend(rows);
        }
        out.unwrap_or_default()
    }

    pub(super) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as objects; a missing figure is null.
    fn objects(&self) -> Vec<serde_json::Map<String, serde_json::Value>> {
        let value = |cell: &String| match cell.as_str() {
            NONE => serde_json::Value::Null,
            text => text.into(),
        };
        let object = |row: &Vec<String>| {
            self.columns.iter().zip(row).map(|(name, cell)| (name.clone(), value(cell))).collect()
        };
        self.rows.iter().map(object).collect()
    }

    fn csv(&self) -> String {
        // Programs that guess the separator take a semicolon for it, unless every cell is quoted.
        let is_prose = self.rows.iter().flatten().any(|cell| cell.contains(';'));
        let line = |cells: Vec<&str>| {
            if is_prose { csv_out::quoted_line(cells) } else { csv_out::line(cells) }
        };
        let mut out = line(self.columns.iter().map(String::as_str).collect());
        for row in &self.rows {
            let cells = row.iter().map(|cell| if cell == NONE { "" } else { cell.as_str() });
            out.push_str(&line(cells.collect()));
        }
        out
    }

    /// What a heading says where the sheet's other columns make it clear: a person's name is no place's, beside what
    /// if today's figures are those of the plan in force, and a D value is of a year of birth.
    fn meant<'a>(&self, code: &'a str) -> &'a str {
        let has = |codes: &[&str]| self.columns.iter().any(|one| codes.contains(&one.as_str()));
        match code {
            "name" if has(&["person", "phone", "staff", "born"]) => "person_name",
            "at" if has(&["alias"]) => "recorded_at",
            "today" if has(&["what_if"]) => "plan_now",
            "born" if has(&["d_value"]) => "birth_year",
            "other" if has(&["d_value"]) => "other_children",
            "row" if has(&["d_value"]) => "vaccine",
            "age" if has(&["d_value"]) => "age_group",
            "done" if has(&["d_value"]) => "had_dose",
            "place" if has(&["d_value", "whole"]) => "official_place",
            "percent" if has(&["interval", "whole"]) => "share_percent",
            code => code,
        }
    }

    /// The rows with words of the program in a reader's language.
    fn worded(&self, language: Language) -> Vec<Vec<String>> {
        let has = |name: &str| self.columns.iter().any(|one| one == name);
        let (of_tables, of_conflicts) = (has("hash"), has("now_code"));
        let of_runs = has("job");
        let said = |(cell, column): (&String, &String)| match column.as_str() {
            _ if self.is_named => cell.clone(),
            // Tables of the database.
            "table" if of_tables => cell.clone(),
            "state" if of_conflicts => cell_words::shown(language, "conflict", cell),
            "state" if of_runs => cell_words::shown(language, "run_state", cell),
            column => cell_words::shown(language, column, cell),
        };
        let row = |row: &Vec<String>| row.iter().zip(&self.columns).map(said).collect();
        self.rows.iter().map(row).collect()
    }

    fn table(&self, language: Language) -> String {
        let heading = |code: &String| {
            let key = format!("column-{}", self.meant(code));
            let named = (!self.is_named).then(|| text::found(language, &key));
            named.flatten().unwrap_or_else(|| code.clone())
        };
        let rows = self.worded(language);
        let cells = |at: usize| rows.iter().map(move |row| row.get(at).map_or("", String::as_str));
        let mut columns: Vec<Column> = (0..self.columns.len())
            .map(|at| Column::new(at, heading(&self.columns[at]), cells(at)))
            .collect();
        let all: Vec<(usize, String)> =
            columns.iter().map(|column| (column.at, column.heading.clone())).collect();
        let spare = |name: &&str| self.columns.iter().position(|column| column == name);
        let spare: Vec<usize> = self.spare.iter().filter_map(spare).collect();
        layout::fit(&mut columns, usize::from(width()), &spare);
        let is_shown = |at: usize| columns.iter().any(|column| column.at == at);
        let left: Vec<String> =
            all.into_iter().filter(|(at, _)| !is_shown(*at)).map(|(_, name)| name).collect();
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width());
        table.set_header(columns.iter().map(|column| column.heading.clone()));
        for row in &rows {
            table.add_row(
                columns
                    .iter()
                    .map(|column| row.get(column.at).map_or(String::new(), |c| harmless(c))),
            );
        }
        for (shown, column) in table.column_iter_mut().zip(&columns) {
            if column.is_number {
                shown.set_cell_alignment(CellAlignment::Right);
            }
            shown.set_padding((layout::LEFT, layout::RIGHT));
            if let Some(width) = column.width {
                let width = width + usize::from(layout::LEFT + layout::RIGHT);
                let width = Width::Fixed(u16::try_from(width).unwrap_or(u16::MAX));
                shown.set_constraint(ColumnConstraint::Absolute(width));
            }
        }
        if left.is_empty() {
            return format!("{table}\n");
        }
        let left = left.join(", ");
        let told = text::say(language, "table-left-out", &[("columns", &left)]);
        format!("{table}\n{told}\n")
    }
}

/// A percentage, or a dash without a denominator.
pub(super) fn percent(share: Option<Percent>) -> String {
    share.map_or_else(|| NONE.to_owned(), |share| share.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_is_no_mail_that_failed() {
        let state = |columns: &[&str]| {
            let mut sheet = Sheet::new(columns);
            sheet.push(columns.iter().map(|_| "failed".to_owned()).collect());
            sheet.worded(Language::ZhCn)[0].last().cloned()
        };
        let said = |key: &str| Some(text::word(Language::ZhCn, key));
        assert_eq!(state(&["job", "due", "state"]), said("run-state-failed"));
        assert_eq!(state(&["id", "to", "state"]), said("mail-state-failed"));
        assert_ne!(said("run-state-failed"), said("mail-state-failed"));
    }
}
