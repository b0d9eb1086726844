//! Brings the codes of a table into the form in which they are compared, and puts a code where its name was written.

use super::table::Table;
use super::values::{clean, half_width};
use crate::domain::names::Names;

/// A code or name in the form in which it is compared.
pub(crate) fn settled(text: &str) -> String {
    half_width(clean(text)).trim().to_owned()
}

/// Codes and names of a table, by the column of its codes.
pub(super) fn names_in(table: &Table, code: &str) -> Vec<(String, String)> {
    let at = |wanted: &str| table.columns.iter().position(|column| column.name == wanted);
    let (Some(code), Some(name)) = (at(code), at("name")) else { return Vec::new() };
    let cell =
        |cells: &[String], at: usize| cells.get(at).map_or(String::new(), |cell| settled(cell));
    let pairs = table.lines.iter().map(|line| (cell(&line.cells, code), cell(&line.cells, name)));
    pairs.filter(|(code, name)| !code.is_empty() && !name.is_empty()).collect()
}

/// The names of the things in a table.
pub(super) fn names_of(table: &Table, code: &str) -> Names {
    Names::new(names_in(table, code))
}

/// Rewrites the cells of columns that hold codes, each with the names that may stand in it.
pub(super) fn settle(table: &mut Table, columns: &[(&str, &Names)]) {
    for (column, names) in columns {
        let Some(at) = table.columns.iter().position(|known| known.name == *column) else {
            continue;
        };
        for line in &mut table.lines {
            let Some(cell) = line.cells.get_mut(at) else { continue };
            let text = settled(cell);
            let code = names.code_of(&text).map(str::to_owned);
            if let Some(code) = code {
                *cell = code;
            } else if !cell.is_ascii() {
                *cell = text;
            }
        }
    }
}
