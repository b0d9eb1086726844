//! Official figures on the terminal: forms, the children behind a cell, quality figures.

use super::Invocation;
use super::output::{self, Format, Sheet};
use crate::app::national::{ExplainedChild, FormCell, OfficialForm};
use crate::domain::national::QualityLine;

/// At most this many children of a cell are shown on a terminal.
const CHILDREN_SHOWN_MAX: usize = 40;
/// Columns of a terminal for vaccine and dose, and for an age group.
const VACCINE_WIDTH: u16 = 34;
const AGE_WIDTH: u16 = 10;
/// Columns of the table of schools before those of vaccines.
const SCHOOL_COLUMNS: usize = 6;

/// Prints a form with all its columns.
pub(super) fn form_on_screen(invocation: &Invocation, form: &OfficialForm) {
    let all: Vec<usize> = (0..form.width()).collect();
    columns_on_screen(invocation, form, &all);
}

/// Prints a cohort form with its rates only, in as many tables as the terminal needs: numbers and rates of all age
/// groups fit none.
pub(super) fn cohort_on_screen(invocation: &Invocation, form: &OfficialForm, rates: &[usize]) {
    titles_on_screen(form);
    output::print(&format!("{}\n", invocation.out.word("national-form-rates-only")));
    // The rows of children have their numbers beside the rates.
    let mut form = form.clone();
    for row in &mut form.rows {
        for at in rates {
            if row[*at].shown().is_empty() {
                row.swap(*at, *at - 1);
            }
        }
    }
    let fit = usize::from(output::width().saturating_sub(VACCINE_WIDTH) / AGE_WIDTH).max(1);
    // Tables of about the same width.
    let tables = rates.len().div_ceil(fit).max(1);
    for rates in rates.chunks(rates.len().div_ceil(tables).max(1)) {
        let columns: Vec<usize> = [0, 1].into_iter().chain(rates.iter().copied()).collect();
        let names = form.column_names(invocation.out.language);
        let names = columns.iter().map(|at| match at {
            0 | 1 => names[*at].clone(),
            _ => form.upper_name(*at).to_owned(),
        });
        rows_on_screen(invocation, &form, &columns, names);
    }
}

/// Prints the table of schools: the figures of each school, and those of all by vaccine and dose.
pub(super) fn schools_on_screen(invocation: &Invocation, form: &OfficialForm) {
    let out = invocation.out;
    let own: Vec<usize> = (0..form.width().min(SCHOOL_COLUMNS)).collect();
    columns_on_screen(invocation, form, &own);
    let Some(all) = form.rows.last() else { return };
    let names = form.column_names(out.language);
    let heads = ["national-form-vaccine-dose", "national-form-missing-doses"];
    let mut sheet = Sheet::named(heads.iter().map(|key| out.word(key)));
    for (name, cell) in names.into_iter().zip(all).skip(SCHOOL_COLUMNS) {
        if *cell != FormCell::Count(0) {
            sheet.push(vec![name, cell.shown()]);
        }
    }
    output::print(&format!("{}\n", out.word("national-schools-by-vaccine")));
    out.sheet(&sheet);
}

fn titles_on_screen(form: &OfficialForm) {
    for title in &form.titles {
        output::print(&format!("{}\n", output::harmless(title)));
    }
}

fn columns_on_screen(invocation: &Invocation, form: &OfficialForm, columns: &[usize]) {
    titles_on_screen(form);
    let names = form.column_names(invocation.out.language);
    let names = columns.iter().map(|at| names[*at].clone());
    rows_on_screen(invocation, form, columns, names);
}

fn rows_on_screen(
    invocation: &Invocation,
    form: &OfficialForm,
    columns: &[usize],
    names: impl Iterator<Item = String>,
) {
    let mut sheet = Sheet::named(names);
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
