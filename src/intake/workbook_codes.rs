//! The hidden sheet of a form: its version, and the codes for drop-downs.

use super::workbook_out::{Book, Cell, Look};
use crate::domain::campaign::{Campaign, Language};
use crate::text;
use rust_xlsxwriter::XlsxError;
use std::collections::BTreeSet;

/// Version of the form, kept in the hidden sheet.
const VERSION: &str = "1";

/// Codes with their names, for drop-downs and for the person who fills in the form.
pub(super) struct Codes {
    pub(super) sheet: &'static str,
    pub(super) codes: Vec<(String, String)>,
}

/// The codes of some campaigns, each once; those of the campaigns themselves where there are several.
pub(super) fn codes_of(all: &[&Campaign]) -> Vec<Codes> {
    let areas = all.iter().flat_map(|one| &one.areas).map(|a| (a.code.as_str(), &a.name));
    let groups = all.iter().flat_map(|one| &one.groups).map(|g| (g.id.as_str(), &g.name));
    let places = all.iter().flat_map(|one| {
        let sites = one.sites.iter().map(|s| (s.code.as_str(), &s.name));
        sites.chain(one.stops.iter().map(|s| (s.code.as_str(), &s.name)))
    });
    let mut out = vec![
        Codes { sheet: "areas", codes: pairs(areas) },
        Codes { sheet: "groups", codes: pairs(groups) },
        Codes { sheet: "places", codes: pairs(places) },
    ];
    if all.len() > 1 {
        let campaigns = all.iter().map(|one| (one.id.as_str(), &one.name));
        out.push(Codes { sheet: "campaigns", codes: pairs(campaigns) });
    }
    out
}

/// Codes with their names, each code once.
fn pairs<'a>(rows: impl Iterator<Item = (&'a str, &'a String)>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let new = rows.filter(|(code, _)| seen.insert(*code));
    new.map(|(code, name)| (code.to_owned(), name.clone())).collect()
}

/// The hidden sheet: the version, then pairs of columns with codes and names.
pub(super) fn dictionary(
    book: &mut Book,
    codes: &[Codes],
    language: Language,
) -> Result<(), XlsxError> {
    let mut page = book.page(&text::word(language, "workbook-codes"));
    page.put(0, 0, &Cell::text("doseplan"), Look::Head)?;
    page.put(0, 1, &Cell::text(VERSION), Look::Plain)?;
    for (pair, codes) in (1_u16..).zip(codes) {
        let at = pair * 2;
        page.put(0, at, &Cell::text(codes.sheet), Look::Head)?;
        for (row, (code, name)) in (1..).zip(&codes.codes) {
            page.put(row, at, &Cell::text(code), Look::Plain)?;
            page.put(row, at + 1, &Cell::text(name), Look::Plain)?;
        }
    }
    if codes.is_empty() {
        page.hide();
    }
    page.close()
}
