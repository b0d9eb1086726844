//! Shows issues of files on a terminal: the place, the line with the bad part underlined, and what to do. Of a row
//! only its first cell and the bad one are shown, because the others may be names and contacts.

use super::Invocation;
use super::output::{self, Format};
use crate::intake::Issue;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest file that is read again for its messages, in bytes.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// The lines of the files that issues are about.
pub(super) struct Lines {
    root: PathBuf,
    files: BTreeMap<String, Vec<String>>,
}

/// A line as it is shown, and which of its bytes are bad.
struct Shown {
    line: String,
    bad: std::ops::Range<usize>,
}

impl Lines {
    /// The lines of a campaign's folder.
    pub(super) fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), files: BTreeMap::new() }
    }

    fn lines(&mut self, file: &str) -> &[String] {
        let path = self.root.join(file);
        self.files.entry(file.to_owned()).or_insert_with(|| {
            let is_short =
                std::fs::metadata(&path).is_ok_and(|found| found.len() <= FILE_BYTES_MAX);
            let text = is_short.then(|| std::fs::read(&path).ok()).flatten().unwrap_or_default();
            String::from_utf8_lossy(&text).lines().map(output::harmless).collect()
        })
    }

    fn shown(&mut self, issue: &Issue) -> Option<Shown> {
        let at = usize::try_from(issue.row?).ok()?.checked_sub(1)?;
        let is_table = issue.file.ends_with(".csv");
        let lines = self.lines(&issue.file);
        let line = lines.get(at)?;
        if !is_table {
            let bad = issue.column.as_deref().and_then(|key| line.find(key)).unwrap_or(0);
            return Some(Shown { line: line.clone(), bad: bad..line.len() });
        }
        let column = issue.column.as_deref()?;
        let header = lines
            .iter()
            .take(at + 1)
            .find(|line| cells(line).iter().any(|cell| cell.trim().eq_ignore_ascii_case(column)))?;
        let index =
            cells(header).iter().position(|cell| cell.trim().eq_ignore_ascii_case(column))?;
        let mine = cells(line);
        let bad = mine.get(index).map_or("", |cell| cell.as_str());
        let mut shown = String::new();
        if index > 0 {
            shown.push_str(mine.first().map_or("", |cell| cell.as_str()));
            shown.push_str(if index > 1 { ",…," } else { "," });
        }
        let start = shown.len();
        // An empty cell has nothing to underline, so its place is marked.
        shown.push_str(if bad.is_empty() { " " } else { bad });
        let end = shown.len();
        if mine.len() > index + 1 {
            shown.push_str(",…");
        }
        Some(Shown { line: shown, bad: start..end })
    }

    /// Prints an issue with its line, as compilers do.
    pub(super) fn print(&mut self, invocation: &Invocation, issue: &Issue) {
        let language = invocation.out.language;
        let Some(shown) = self.shown(issue) else {
            output::print(&format!("{}\n", output::marked(issue, invocation.out)));
            return;
        };
        let (row, message) = (issue.row.unwrap_or(1), issue.message(language));
        let line = usize::try_from(row).unwrap_or(1);
        let snippet =
            Snippet::source(shown.line.as_str()).line_start(line).path(&*issue.file).annotation(
                AnnotationKind::Primary
                    .span(shown.bad)
                    .label(issue.column.as_deref().unwrap_or_default()),
            );
        let level = if issue.is_error() { Level::ERROR } else { Level::WARNING };
        let word =
            invocation.out.word(if issue.is_error() { "word-error" } else { "word-warning" });
        let word = word.trim_end_matches([':', '：']).to_owned();
        let level = level.with_name(word);
        let report = [level.primary_title(message).id(issue.code).element(snippet)];
        let renderer = if output::has_colours() { Renderer::styled() } else { Renderer::plain() };
        let width = usize::from(output::width());
        output::print(&format!("{}\n\n", renderer.term_width(width).render(&report)));
    }
}

/// Whether issues are shown with their lines: only as a table on a terminal.
pub(super) fn is_wanted(invocation: &Invocation, root: &Path) -> bool {
    invocation.out.format == Format::Table && output::is_terminal() && root.is_dir()
}

/// The cells of a line of CSV. A quoted cell that continues on the next line ends here.
fn cells(line: &str) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let first = reader.records().next().and_then(Result::ok);
    first.map(|record| record.iter().map(str::to_owned).collect()).unwrap_or_default()
}
