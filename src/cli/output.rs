//! Printing: tables for people, JSON and CSV for programs; a closed pipe ends the program quietly.

use crate::domain::campaign::Language;
use crate::intake::csv_out;
use crate::text;
pub(super) use crate::text::harmless;
use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

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

/// Writes to stdout. Whoever reads may have had enough: then the program ends, quietly and well.
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("doseplan: the output could not be written: {error}");
        std::process::exit(1);
    }
}

/// Whether people read stdout at a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether stdout takes colours: a terminal, and nobody has said no.
pub(super) fn has_colours() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Columns of the terminal, or of what stands for it.
pub(super) fn width() -> u16 {
    let named = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width >= WIDTH_MIN);
    let asked = || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col);
    asked().filter(|width| *width >= WIDTH_MIN).or_else(named).unwrap_or(WIDTH_ELSEWHERE)
}

/// Text in the colour of a tone, where stdout takes colours.
pub(super) fn toned(text: &str, tone: Tone) -> String {
    if !has_colours() {
        return text.to_owned();
    }
    let style = tone.style();
    format!("{style}{text}{style:#}")
}

/// An issue on one line; an error is red, a warning yellow.
pub(super) fn marked(issue: &crate::intake::Issue, out: Out) -> String {
    let line = issue.line(out.language);
    if issue.is_error() {
        return toned(&line, Tone::Bad);
    }
    format!("{} {line}", toned(&out.word("word-warning"), Tone::Doubtful))
}

/// Several lines for a terminal, each without what could harm it.
pub(super) fn lines_harmless(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

/// How good something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look.
    Doubtful,
    /// Not as it should be.
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

    /// That a file or folder cannot be written.
    pub(super) fn not_written(
        &self,
        path: &std::path::Path,
        error: &std::io::Error,
    ) -> anyhow::Error {
        self.fail("fail-not-written", &[("path", &path.display()), ("said", error)])
    }

    /// Prints words on stderr.
    pub(super) fn note(&self, key: &str, arguments: &[(&str, &dyn Display)]) {
        eprintln!("{}", self.say(key, arguments));
    }

    /// Prints a value as JSON.
    #[expect(clippy::unused_self, reason = "every form of output is asked of the same value")]
    pub(super) fn json(&self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).expect("plain data becomes JSON");
        print(&(text + "\n"));
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

/// Rows under headings. The codes of the headings are the columns of the CSV.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Codes, or names where there are no codes.
    columns: Vec<String>,
    /// Whether the columns are named already.
    is_named: bool,
    rows: Vec<Vec<String>>,
}

/// Tables are this wide where there is no terminal to ask.
const WIDTH_ELSEWHERE: u16 = 120;
/// Narrower than this no table can be read; whoever says so means something else.
const WIDTH_MIN: u16 = 20;

impl Sheet {
    pub(super) fn new(columns: &[&str]) -> Self {
        let columns = columns.iter().map(|code| (*code).to_owned()).collect();
        Self { columns, is_named: false, rows: Vec::new() }
    }

    /// With headings that are words already.
    pub(super) fn named(columns: impl Iterator<Item = String>) -> Self {
        Self { columns: columns.collect(), is_named: true, rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as objects; a figure that there is not is null.
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
        let mut out = csv_out::line(&self.columns);
        for row in &self.rows {
            let cells = row.iter().map(|cell| if cell == NONE { "" } else { cell.as_str() });
            out.push_str(&csv_out::line(cells));
        }
        out
    }

    fn table(&self, language: Language) -> String {
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width());
        let heading = |code: &String| {
            let named = (!self.is_named).then(|| text::found(language, &format!("column-{code}")));
            named.flatten().unwrap_or_else(|| code.clone())
        };
        table.set_header(self.columns.iter().map(heading));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| harmless(cell)));
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            let is_number = |row: &Vec<String>| {
                row.get(index).is_none_or(|cell| {
                    cell.is_empty()
                        || cell == NONE
                        || cell.starts_with(|c: char| c.is_ascii_digit())
                })
            };
            let is_day = |row: &Vec<String>| row.get(index).is_some_and(|cell| cell.contains('-'));
            if self.rows.iter().all(is_number) && !self.rows.iter().any(is_day) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }
}

/// What stands for a figure that there is not: a dash for people, nothing for programs.
pub(super) const NONE: &str = "–";

/// A percentage, or a dash where there is no denominator.
pub(super) fn percent(value: Option<&String>) -> String {
    value.map_or_else(|| NONE.to_owned(), Clone::clone)
}
