//! Reads files of few rows whole: what is good of them is of use only together.

use super::{Shape, open};
use crate::intake::issue::Issue;
use crate::intake::tables::Located;
use std::path::Path;

const ROWS_AT_ONCE: usize = 10_000;

/// Reads every row of a file, or lists everything that is wrong with it.
pub(super) fn whole<T: Send + 'static>(
    path: &Path,
    shape: &Shape<T>,
) -> Result<Vec<T>, Vec<Issue>> {
    let (_, rows) = located(path, shape)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// The same with the name of the file and the number of each row.
pub(super) fn located<T: Send + 'static>(
    path: &Path,
    shape: &Shape<T>,
) -> Result<(String, Vec<Located<T>>), Vec<Issue>> {
    let mut rows = open(path, shape)?;
    let file = rows.file().to_owned();
    let (mut found, mut issues) = (Vec::new(), Vec::new());
    while let Some(batch) = rows.next_batch(ROWS_AT_ONCE) {
        for row in batch.rows {
            match row.value {
                Ok(value) => found.push(Located { row: row.line, value }),
                Err(faults) => issues.extend(faults),
            }
        }
    }
    issues.extend(rows.finish().err());
    if issues.is_empty() { Ok((file, found)) } else { Err(issues) }
}
