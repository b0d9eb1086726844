//! Official figures on the terminal: forms, the children behind a cell, quality figures.

use super::Invocation;
use super::output::{self, Format, Sheet};
use crate::app::national::{ExplainedChild, OfficialForm};
use crate::domain::national::QualityLine;

/// At most this many children of a cell are shown on a terminal.
const CHILDREN_SHOWN_MAX: usize = 40;

/// Prints a form with all its columns.
pub(super) fn form_on_screen(invocation: &Invocation, form: &OfficialForm) {
    let all: Vec<usize> = (0..form.width()).collect();
    columns_on_screen(invocation, form, &all);
}

/// Prints a cohort form with its rates only: numbers and rates of all age groups fit no terminal.
pub(super) fn cohort_on_screen(invocation: &Invocation, form: &OfficialForm, rates: &[usize]) {
    let columns: Vec<usize> = [0, 1].into_iter().chain(rates.iter().copied()).collect();
    // The rows of children have their numbers beside the rates.
    let mut form = form.clone();
    for row in &mut form.rows {
        for at in rates {
            if row[*at].shown().is_empty() {
                row.swap(*at, *at - 1);
            }
        }
    }
    columns_on_screen(invocation, &form, &columns);
}

fn columns_on_screen(invocation: &Invocation, form: &OfficialForm, columns: &[usize]) {
    for title in &form.titles {
        output::print(&format!("{}\n", output::harmless(title)));
    }
    let names = form.column_names();
    let mut sheet = Sheet::named(columns.iter().map(|at| names[*at].clone()));
    for row in &form.rows {
        sheet.push(columns.iter().map(|at| row[*at].shown()).collect());
    }
    invocation.out.sheet(&sheet);
}

/// Prints the children behind a cell.
pub(super) fn explained_children(invocation: &Invocation, children: &[ExplainedChild]) {
    let out = invocation.out;
    let is_for_people = out.format == Format::Table;
    let mut sheet = Sheet::new(&["child", "unit", "part", "record", "vaccine", "date"]);
    let shown = if is_for_people { CHILDREN_SHOWN_MAX } else { usize::MAX };
    for child in children.iter().take(shown) {
        let word = child.part.word();
        let part = if is_for_people {
            out.word(&format!("national-part-{}", word.replace('_', "-")))
        } else {
            word.to_owned()
        };
        let (record, vaccine, day) = match &child.dose {
            Some((record, vaccine, day)) => (record.clone(), vaccine.clone(), day.to_string()),
            None => (String::new(), String::new(), String::new()),
        };
        sheet.push(vec![child.child.clone(), child.unit.clone(), part, record, vaccine, day]);
    }
    out.sheet(&sheet);
    let more = children.len().saturating_sub(shown);
    if more > 0 {
        out.note("report-more", &[("count", &more)]);
    }
}

/// Prints how complete and how timely the records of a month are.
pub(super) fn quality_lines(invocation: &Invocation, quality: &[QualityLine]) {
    let out = invocation.out;
    if out.format == Format::Json {
        out.json(&quality);
        return;
    }
    let mut sheet = Sheet::new(&["figure", "place", "part", "whole", "percent"]);
    for line in quality {
        let rate = line.rate.map_or_else(|| output::NONE.to_owned(), |rate| rate.to_string());
        let figure = match out.format {
            Format::Table => out.word(&format!("national-quality-{}", line.figure)),
            _ => line.figure.to_owned(),
        };
        let place = match out.format {
            Format::Table if line.place == "all" => out.word("national-form-everything"),
            _ => line.place.clone(),
        };
        sheet.push(vec![figure, place, line.part.to_string(), line.whole.to_string(), rate]);
    }
    out.sheet(&sheet);
}
