//! Children who miss doses, by school: lists to send back to schools, and the tables of the check (查验). Each look goes
//! to the audit log.

use super::Site;
use super::asked_days::{month_of, parse_day};
use super::national_desk::{self as desk, choices, counted, place, places, seen, units};
use super::national_people::Main;
use super::page::Refusal;
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::national::{National, PupilFile, Pupils, SchoolFigures};
use crate::domain::national::ScopeKey;
use axum::Extension;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The lists and tables of schools, in the order in which they are offered.
const LISTS: [&str; 4] = ["hpv", "missing", "check", "feedback"];

#[derive(Debug, Deserialize)]
pub(super) struct PupilsAsked {
    list: Option<String>,
    day: Option<String>,
    until: Option<String>,
    scope: Option<String>,
    school: Option<String>,
}

/// The same, read.
struct Wanted {
    list: &'static str,
    day: NaiveDate,
    until: NaiveDate,
    scope: Option<String>,
    school: Option<String>,
}

fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).cloned()
}

impl PupilsAsked {
    fn read(&self, site: &Site, t: T) -> Result<Wanted, Refusal> {
        let list = filled(self.list.as_ref()).unwrap_or_else(|| LISTS[0].to_owned());
        let bad = || Refusal::bad(t, t.w("web-bad-address"));
        let list = LISTS.into_iter().find(|known| *known == list).ok_or_else(bad)?;
        let today = site.clock.now().with_timezone(&chrono::Local).date_naive();
        let read = |text: Option<&String>, other: NaiveDate| match filled(text) {
            Some(text) => parse_day(&text).ok_or_else(|| Refusal::bad(t, t.w("web-bad-day"))),
            None => Ok(other),
        };
        let day = read(self.day.as_ref(), today)?;
        // The list of a month is that of its last day.
        let day = if list == "hpv" { month_of(day).map_or(day, |(_, last)| last) } else { day };
        let until =
            if list == "feedback" { read(self.until.as_ref(), today)?.max(day) } else { day };
        let (scope, school) = (self.scope.clone(), filled(self.school.as_ref()));
        Ok(Wanted { list, day, until, scope, school })
    }

    /// Children who miss something, or everybody.
    fn what(wanted: &Wanted, only_missing: bool) -> Pupils {
        Pupils {
            days: (wanted.day, wanted.until),
            scope: ScopeKey::All,
            family: (wanted.list == "hpv").then_some("HPV"),
            school: None,
            only_missing,
        }
    }
}

/// Children who miss doses: lists to send back to schools, and the tables of the check.
pub(super) async fn pupils(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<PupilsAsked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let wanted = asked.read(&site, visitor.t())?;
    let mut main = Main::new(&visitor, "web-national-pupils", "/national/pupils");
    let Wanted { list, day, until, .. } = wanted;
    let is_table = ["check", "feedback"].contains(&list);
    let key = format!("pupils {} {day} {until}", if is_table { "figures" } else { list });
    let key = (key.as_str(), None);
    // Only what the page shows is counted and kept: figures of schools, or children who miss something.
    let shown = if is_table {
        let what = SchoolFigures(PupilsAsked::what(&wanted, false));
        let Some(found) = counted(&site, &visitor, key, what).await? else {
            return Ok(main.counting(&visitor, &headers));
        };
        let Some(place) = chosen(&mut main, (&site, &visitor), &wanted, &found.national).await?
        else {
            return Ok(main.shown(&visitor, &headers, (0, String::new())));
        };
        let (all, without) = National::schools(&found.found, |unit| place.has(unit));
        let school = school(&mut main, &wanted, all.keys().map(String::as_str));
        let mut all = all;
        all.retain(|name, _| school.as_ref().is_none_or(|school| name == school));
        if without > 0 && school.is_none() {
            main.lines.push(main.t.say("national-without-school", &[("count", &without)]));
        }
        let form = match list {
            "check" => found.national.school_form(day, &all, main.t.0),
            _ => found.national.feedback_form((day, until), &all, main.t.0),
        };
        main.lines.extend(form.notes.clone());
        main.tables.push(desk::table(main.t, list, &form, |_| None));
        place
    } else {
        let what = PupilsAsked::what(&wanted, true);
        let Some(found) = counted(&site, &visitor, key, what).await? else {
            return Ok(main.counting(&visitor, &headers));
        };
        let Some(place) = chosen(&mut main, (&site, &visitor), &wanted, &found.national).await?
        else {
            return Ok(main.shown(&visitor, &headers, (0, String::new())));
        };
        let own = found.found.iter().filter(|pupil| place.has(&pupil.unit));
        let school = school(&mut main, &wanted, own.clone().map(|it| it.school.as_str()));
        let is_meant = |it: &&PupilFile| school.as_ref().is_none_or(|school| it.school == *school);
        let own: Vec<PupilFile> = own.filter(is_meant).cloned().collect();
        fill_list(&mut main, &found.national, (list, day), &own);
        place
    };
    let count: usize = main.tables.iter().map(|table| table.rows.len()).sum();
    let said = format!("national {list} {day}, {}: {count} rows", shown.scope);
    seen(&site, &visitor, &said).await?;
    Ok(main.shown(&visitor, &headers, (0, String::new())))
}

/// A place with its units; `None`: all, and children without a unit.
struct Place {
    scope: ScopeKey,
    units: Option<BTreeSet<String>>,
}

impl Place {
    fn has(&self, unit: &str) -> bool {
        self.units.as_ref().is_none_or(|units| units.contains(unit))
    }
}

/// The place that is asked for, or the first that somebody sees, offered with the lists and the other places; `None`
/// where they see none.
async fn chosen(
    main: &mut Main,
    (site, visitor): (&Site, &Visitor),
    wanted: &Wanted,
    national: &National,
) -> Result<Option<Place>, Refusal> {
    let t = main.t;
    let own = units(site, visitor, true).await?;
    let places = places(national, own.as_ref());
    if places.is_empty() {
        main.lines.push(t.w("web-national-nothing"));
        return Ok(None);
    }
    let scope = place(t, national, &places, wanted.scope.as_deref())?;
    let name = |one: &str| t.w(&format!("web-national-{one}"));
    let names = LISTS.map(|one| (one.to_owned(), name(one), one == wanted.list));
    main.selects = vec![
        ("list", t.w("web-month-table"), names.to_vec()),
        ("scope", t.w("column-official_place"), choices(t, national, &places, &scope)),
    ];
    main.fields.push(("day", t.w("column-day"), "date", wanted.day.to_string()));
    if wanted.list == "feedback" {
        main.fields.push(("until", t.w("web-national-until"), "date", wanted.until.to_string()));
    }
    let all = national.folder.places.all().filter_map(|(_, place)| place.unit.as_ref());
    let all = all.filter(|unit| scope.holds(unit)).map(|unit| unit.code.clone());
    let units = (scope != ScopeKey::All).then(|| all.collect());
    Ok(Some(Place { scope, units }))
}

/// Offers the schools, and returns the one that is asked for.
fn school<'a>(
    main: &mut Main,
    wanted: &Wanted,
    schools: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let schools: BTreeSet<&str> = schools.collect();
    let school = wanted.school.clone().filter(|name| schools.contains(name.as_str()));
    let all = (String::new(), main.t.w("web-all"), school.is_none());
    let of =
        |name: &&str| ((*name).to_owned(), (*name).to_owned(), school.as_deref() == Some(*name));
    let schools = schools.iter().filter(|name| !name.is_empty()).map(of);
    let offered = std::iter::once(all).chain(schools).collect();
    main.selects.push(("school", main.t.w("column-school"), offered));
    school
}

/// The children who miss a dose, school by school.
fn fill_list(
    main: &mut Main,
    national: &National,
    (list, day): (&str, NaiveDate),
    pupils: &[PupilFile],
) {
    let t = main.t;
    let keys = [
        "=school",
        "=class",
        "person_name",
        "child",
        "born",
        "=vaccine",
        "=dose",
        "since",
        "=unit",
    ];
    let caption = format!("web-national-{list}");
    let mut table = Table { is_private: true, ..Table::of(t, &caption, &keys) };
    for own in pupils.chunk_by(|one, next| one.school == next.school) {
        let form = national.missed_form(("hpv-title", day), &own[0].school, own, t.0);
        for row in &form.rows {
            let mut cells = vec![Cell::head(form.place.clone())];
            cells.extend(row.iter().map(|cell| Cell::text(cell.shown())));
            table.rows.push(cells);
        }
    }
    main.lines.push(t.say("web-national-missed", &[("count", &pupils.len()), ("day", &day)]));
    main.tables.push(table);
}
