//! Births by township or county and year from another source: seen, entered, changed, taken out. The D value holds
//! reported coverage against them.

use super::Site;
use super::national::links;
use super::page::{Page, Refusal, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::app::national::{BirthsEdit, BirthsHad};
use crate::domain::national::OtherDenominator;
use crate::domain::supply_edit::COUNT_MAX;
use crate::text::{harmless, thousands};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Query};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use std::ops::RangeInclusive;

/// Longest code of an area, and longest name of a source, as elsewhere.
const CODE_CHARS_MAX: usize = 100;
const SOURCE_CHARS_MAX: usize = 80;
/// Longest value that a message repeats.
const VALUE_CHARS_MAX: usize = 40;

#[derive(Template)]
#[template(path = "web/national_births.html")]
struct Main {
    t: T,
    links: Vec<(&'static str, String)>,
    wrong: String,
    action: String,
    form: BirthsForm,
    /// Code, name, whether it is chosen.
    areas: Vec<(String, String, bool)>,
    first: i32,
    last: i32,
    most: u32,
    list: Table,
}

/// The form. `area` and `year` are fixed where a row is changed.
#[derive(Default)]
struct BirthsForm {
    title: String,
    is_row: bool,
    area: String,
    year: String,
    births: String,
    source: String,
    had: String,
}

/// Which row is to be changed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    area: Option<String>,
    year: Option<String>,
    done: Option<String>,
}

/// What a form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    area: Option<String>,
    year: Option<String>,
    births: Option<String>,
    source: Option<String>,
    /// What the form began with: the number and the source, or nothing.
    had: Option<String>,
}

/// The page.
pub(super) async fn births(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let known = known(&site, &visitor).await?;
    let row = asked.area.as_deref().zip(asked.year.as_deref());
    let row = row.and_then(|(area, year)| known.iter().find(|one| is_of(one, area, year)));
    let form = row.map(BirthsForm::of).unwrap_or_default();
    let done = asked.done.filter(|done| done == "births");
    let flash = done.map(|_| visitor.t().w("web-done-births")).unwrap_or_default();
    let said = (String::new(), flash);
    show(&site, &visitor, (&visitor.here, &headers), (known, form, said)).await
}

async fn known(site: &Site, visitor: &Visitor) -> Result<Vec<OtherDenominator>, Refusal> {
    site.app.births().await.map_err(|error| Refusal::of(visitor.t(), &error))
}

fn is_of(one: &OtherDenominator, area: &str, year: &str) -> bool {
    one.place == area && one.year.to_string() == year.trim()
}

impl BirthsForm {
    /// The form of a row that stands there.
    fn of(row: &OtherDenominator) -> Self {
        Self {
            title: String::new(),
            is_row: true,
            area: row.place.clone(),
            year: row.year.to_string(),
            births: row.children.to_string(),
            source: row.source.clone(),
            had: seen(row),
        }
    }
}

/// What a form says that it began with.
fn seen(row: &OtherDenominator) -> String {
    format!("{} {}", row.children, row.source)
}

/// The page. `said`: what is wrong, and what was done.
async fn show(
    site: &Site,
    visitor: &Visitor,
    (here, headers): (&str, &HeaderMap),
    (known, mut form, said): (Vec<OtherDenominator>, BirthsForm, (String, String)),
) -> Result<Response, Refusal> {
    let (t, (wrong, flash)) = (visitor.t(), said);
    let places = site.app.birth_places().await.map_err(|error| Refusal::of(t, &error))?;
    let years = years(site, t).await?;
    let name = |code: &str| places.get(code).map_or_else(|| code.to_owned(), |name| harmless(name));
    form.title = if form.is_row {
        let (area, year) = (name(&form.area), harmless(&form.year));
        t.say("web-national-births-of", &[("area", &area), ("year", &year)])
    } else {
        t.w("web-national-births-new")
    };
    let chosen = form.area.clone();
    // Places of one name have their codes behind it, as where official tables are chosen.
    let choice = |(code, name): (&String, &String)| {
        let same = places.values().filter(|other| *other == name).count();
        let shown = harmless(name);
        let shown = match same {
            1 => shown,
            _ => t.say("mail-product-code", &[("name", &shown), ("code", code)]),
        };
        (code.clone(), shown, *code == chosen)
    };
    let mut list =
        Table::of(t, "web-national-births-list", &["=area", "=birth_year", "#births", "source"]);
    for row in &known {
        let to = format!("/national/births?area={}&year={}#form", encoded(&row.place), row.year);
        list.rows.push(vec![
            Cell::named(name(&row.place), &*row.place).heading().to(to),
            Cell::text(row.year.to_string()),
            Cell::count(row.children),
            Cell::text(harmless(&row.source)),
        ]);
    }
    let main = Main {
        t,
        links: links(visitor),
        wrong,
        action: format!("/national/births?csrf={}", visitor.csrf()),
        areas: places.iter().map(choice).collect(),
        form,
        first: *years.start(),
        last: *years.end(),
        most: COUNT_MAX,
        list,
    };
    let page = Page::new(t.w("web-national-births"), "national", &main).with(vec![main.list]);
    Ok(framed(Some(visitor), (t, here), None, &Page { flash, ..page }, headers))
}

/// The years of which births may be entered.
async fn years(site: &Site, t: T) -> Result<RangeInclusive<i32>, Refusal> {
    let years = site.app.birth_years(site.clock.now()).await;
    years.map_err(|error| Refusal::of(t, &error))
}

/// A short text that somebody typed; empty where there is none.
fn typed(text: Option<&String>) -> &str {
    text.map(|text| text.trim()).unwrap_or_default()
}

/// The beginning of what somebody typed, for a message about it.
fn repeated(text: &str) -> String {
    harmless(&text.chars().take(VALUE_CHARS_MAX).collect::<String>())
}

impl Given {
    fn edit(&self, t: T, years: &RangeInclusive<i32>) -> Result<BirthsEdit, String> {
        let year = typed(self.year.as_ref());
        let read = year.parse::<i32>().ok().filter(|year| years.contains(year));
        let bad_year = || {
            let said: [(&str, &dyn std::fmt::Display); 3] =
                [("value", &repeated(year)), ("first", years.start()), ("last", years.end())];
            t.say("web-national-births-bad-year", &said)
        };
        let area = typed(self.area.as_ref());
        if harmless(area) != area || area.chars().count() > CODE_CHARS_MAX {
            return Err(t.w("web-bad-form"));
        }
        let births = typed(self.births.as_ref());
        let number = births.parse::<u32>().ok().filter(|number| *number <= COUNT_MAX);
        let had = match self.had.as_deref().unwrap_or_default() {
            "" => BirthsHad::Nothing,
            text => {
                let (children, source) = text.split_once(' ').ok_or_else(|| t.w("web-bad-form"))?;
                let children = children.parse().map_err(|_| t.w("web-bad-form"))?;
                BirthsHad::Children(children, source.to_owned())
            }
        };
        let children = match (number, births) {
            (None, "") if had == BirthsHad::Nothing => {
                return Err(t.w("web-national-births-missing"));
            }
            (None, "") => None,
            (Some(number), _) => Some(number),
            (None, other) => {
                let said: [(&str, &dyn std::fmt::Display); 2] =
                    [("value", &repeated(other)), ("most", &thousands(COUNT_MAX))];
                return Err(t.say("web-national-births-bad-count", &said));
            }
        };
        let source: String = typed(self.source.as_ref()).chars().take(SOURCE_CHARS_MAX).collect();
        Ok(BirthsEdit {
            area: area.to_owned(),
            year: read.ok_or_else(bad_year)?,
            children,
            source: harmless(&source),
            had,
        })
    }

    /// The form with what was typed; `had` is what it began with.
    fn form(&self) -> BirthsForm {
        let had = self.had.clone().unwrap_or_default();
        BirthsForm {
            title: String::new(),
            is_row: !had.is_empty(),
            area: typed(self.area.as_ref()).to_owned(),
            year: typed(self.year.as_ref()).to_owned(),
            births: typed(self.births.as_ref()).to_owned(),
            source: typed(self.source.as_ref()).to_owned(),
            had,
        }
    }
}

/// Stores what a form says.
pub(super) async fn change(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let (t, by, now) = (visitor.t(), visitor.actor(), site.clock.now());
    let (form, wrong) = match given.edit(t, &years(&site, t).await?) {
        Err(wrong) => (given.form(), wrong),
        Ok(edit) => match site.app.enter_births(std::slice::from_ref(&edit), by, now).await {
            Ok(_) => {
                site.desk.national.forget();
                return Ok(Redirect::to("/national/births?done=births").into_response());
            }
            // The form begins with what stands there now, so that it is seen before it is changed.
            Err(error @ AppError::Refused(_)) => {
                let year = edit.year.to_string();
                let known = known(&site, &visitor).await?;
                let row = known.iter().find(|one| is_of(one, &edit.area, &year));
                let fresh = || BirthsForm { is_row: false, had: String::new(), ..given.form() };
                (row.map_or_else(fresh, BirthsForm::of), error.words(t.0))
            }
            Err(error) => return Err(Refusal::of(t, &error)),
        },
    };
    let known = known(&site, &visitor).await?;
    // In answer to a form, links lead to the page itself.
    let at = ("/national/births", &headers);
    show(&site, &visitor, at, (known, form, (wrong, String::new()))).await
}
