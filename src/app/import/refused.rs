//! Rows that were refused, and the first of what is shown. A long file is stored in the order of its persons; what is
//! said about it comes in that of its lines.

use super::{Good, ISSUES_SHOWN_MAX, Imported};
use crate::app::{AppError, Result};
use crate::intake::rows::{Batch, RawCells};
use crate::intake::{ErrorsFile, Issue};
use std::path::Path;

/// Refused rows that memory holds. Where a stretch has more, they are in the order of their lines by so many.
const HELD_MAX: usize = 20_000;

/// Refused rows of a stretch of the file.
#[derive(Default)]
pub(super) struct Refused {
    rows: Vec<RefusedRow>,
    /// Whether they come in another order than that of their lines.
    is_mixed: bool,
}

struct RefusedRow {
    line: u32,
    cells: Vec<String>,
    issues: Vec<Issue>,
}

impl Refused {
    /// Keeps rows of the wrong form; returns the others.
    pub(super) fn sort_out<T>(
        &mut self,
        batch: Batch<T>,
        out: &mut Imported,
    ) -> (Vec<Good<T>>, RawCells) {
        self.is_mixed |= !batch.in_order;
        let mut good = Vec::with_capacity(batch.rows.len());
        for (index, row) in batch.rows.into_iter().enumerate() {
            out.to_look_at += u64::from(!row.warnings.is_empty());
            keep_first(&mut out.oddities, row.warnings, batch.in_order, |one| one.row);
            match row.value {
                Ok(value) => {
                    good.push(Good { index, line: row.line, campaign: row.campaign, value });
                }
                Err(issues) => self.push(row.line, &batch.raw.cells(index), issues),
            }
        }
        (good, batch.raw)
    }

    /// Keeps rows of a batch that were refused when it was stored: where they stand in it, and why. Where memory should
    /// hold no more, all are written.
    pub(super) fn add(
        &mut self,
        refused: Vec<(usize, Issue)>,
        raw: &RawCells,
        (errors, out): (&mut ErrorsFile, &mut Imported),
    ) -> Result<()> {
        for (line, index, issue) in by_line(refused) {
            self.push(line, &raw.cells(index), vec![issue]);
        }
        if self.rows.len() >= HELD_MAX { self.write(errors, out) } else { Ok(()) }
    }

    fn push(&mut self, line: u32, cells: &[&str], issues: Vec<Issue>) {
        let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
        self.rows.push(RefusedRow { line, cells, issues });
    }

    /// Writes them to the errors file, and counts and shows them.
    pub(super) fn write(&mut self, errors: &mut ErrorsFile, out: &mut Imported) -> Result<()> {
        if std::mem::take(&mut self.is_mixed) {
            self.rows.sort_by_key(|row| row.line);
        }
        for RefusedRow { line, cells, issues } in self.rows.drain(..) {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            errors
                .push(line, &cells, &issues)
                .map_err(|error| AppError::refused("refused-errors-row", &[("said", &error)]))?;
            out.refused += 1;
            keep_first(&mut out.issues, issues, true, |one| one.row);
        }
        Ok(())
    }
}

/// Adds to what is shown, of which there is no more than the screen takes: the first by line. `in_order`: it comes
/// behind what was added earlier.
pub(super) fn keep_first<T>(
    shown: &mut Vec<T>,
    more: Vec<T>,
    in_order: bool,
    line: impl Fn(&T) -> Option<u32>,
) {
    if in_order {
        let room = ISSUES_SHOWN_MAX.saturating_sub(shown.len());
        shown.extend(more.into_iter().take(room));
    } else if !more.is_empty() {
        shown.extend(more);
        shown.sort_by_key(line);
        shown.truncate(ISSUES_SHOWN_MAX);
    }
}

pub(super) fn errors_fault(path: &Path, error: &std::io::Error) -> AppError {
    let path = crate::intake::errors_path(path);
    AppError::refused("refused-errors-file", &[("path", &path.display()), ("said", error)])
}

fn by_line(refused: Vec<(usize, Issue)>) -> impl Iterator<Item = (u32, usize, Issue)> {
    let mut lines: Vec<_> =
        refused.into_iter().map(|(index, issue)| (issue.row.unwrap_or(0), index, issue)).collect();
    lines.sort_by_key(|(line, index, _)| (*line, *index));
    lines.into_iter()
}
