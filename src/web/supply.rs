//! Lots and eligible counts: added, corrected and changed in place, with the effect shown before anything is stored.

use super::asked_days::parse_day;
use super::page::{Page, Refusal, confirming, encoded};
use super::page_context::PageContext;
use super::plan::SEARCH_SECS;
use super::products;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::AppError;
use crate::app::supply_edit::SupplyEffect;
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, GroupId, LotCode};
use crate::domain::site::Delivery;
use crate::domain::standing::Unrest;
use crate::domain::supply_edit::{COUNT_MAX, LotSeen, SupplyEdit, VIAL_DOSES_MAX, people_on};
use crate::text::{harmless, thousands};
use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;

/// Longest code of a lot, and longest name of a product or source.
const CODE_CHARS_MAX: usize = 40;
const TEXT_CHARS_MAX: usize = 80;

/// A change that waits to be confirmed.
struct Waiting {
    said: String,
    effects: Vec<String>,
    fields: Vec<(&'static str, String)>,
}

/// The form of a lot.
#[derive(Default)]
struct LotForm {
    title: String,
    /// Empty: a new lot.
    lot: String,
    product: String,
    date: String,
    doses: String,
    expires: String,
    vial: String,
    /// What the form began with.
    had: String,
}

/// The form of a count.
struct CountForm {
    area: String,
    group: String,
    people: String,
    from: String,
    had: String,
    /// The count and its names, in words.
    now: String,
}

/// A choice: value, text, whether it is chosen.
type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "web/supply.html")]
struct Main {
    t: T,
    wrong: String,
    action: String,
    asked: Option<Waiting>,
    lot: LotForm,
    fresh: String,
    count: Option<CountForm>,
    choose: String,
    day: NaiveDate,
    areas: Vec<Choice>,
    groups: Vec<Choice>,
    make: String,
    seconds: u64,
    lots: Table,
    eligible: Table,
}

/// The row that is to be changed.
#[derive(Deserialize, Default, Clone)]
pub(super) struct Row {
    lot: Option<String>,
    area: Option<String>,
    group: Option<String>,
    from: Option<String>,
}

/// The page.
pub(super) async fn supply(
    context: PageContext,
    Query(row): Query<Row>,
) -> Result<Response, Refusal> {
    Ok(show(&context, &row, (String::new(), None)))
}

fn show(context: &PageContext, row: &Row, (wrong, asked): (String, Option<Waiting>)) -> Response {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let chosen = |code: &str, wanted: Option<&String>| wanted.is_some_and(|it| it == code);
    let area = |it: &crate::domain::area::Area| {
        let code = it.code.to_string();
        let is_chosen = chosen(&code, row.area.as_ref());
        (code, harmless(&it.name), is_chosen)
    };
    let group = |it: &crate::domain::group::Group| {
        let code = it.id.to_string();
        let is_chosen = chosen(&code, row.group.as_ref());
        (code, harmless(&it.name), is_chosen)
    };
    let main = Main {
        t,
        wrong,
        action: format!("{}&csrf={}", context.to("supply"), context.visitor.csrf()),
        asked,
        lot: lot_form(context, row.lot.as_deref()),
        fresh: context.to("supply"),
        count: count_form(context, row),
        choose: super::page::address(&context.loaded, "supply", None),
        day: context.as_of,
        areas: campaign.areas.iter().map(area).collect(),
        groups: campaign.groups.iter().map(group).collect(),
        make: format!("{}&csrf={}", context.to("make"), context.visitor.csrf()),
        seconds: SEARCH_SECS,
        lots: lot_table(context),
        eligible: eligible_table(context),
    };
    let title = t.w("web-supply");
    let page = Page::new(format!("{title} · {}", campaign.name), "stock", &main);
    context.show(page.with(vec![main.lots, main.eligible]))
}

fn lot_form(context: &PageContext, code: Option<&str>) -> LotForm {
    let (t, all) = (context.t(), &context.loaded.campaign.deliveries);
    let known = code.and_then(|code| all.iter().find(|lot| lot.lot.as_str() == code));
    let Some(lot) = known else {
        return LotForm { title: t.w("web-supply-new-lot"), ..LotForm::default() };
    };
    LotForm {
        title: t.say("web-supply-lot", &[("lot", &lot.lot)]),
        lot: lot.lot.to_string(),
        product: harmless(&lot.product),
        date: lot.date.to_string(),
        doses: lot.doses.to_string(),
        expires: lot.expires.to_string(),
        vial: lot.doses_per_vial.map(|doses| doses.to_string()).unwrap_or_default(),
        had: seen_lot(&LotSeen::of(lot)),
    }
}

fn count_form(context: &PageContext, row: &Row) -> Option<CountForm> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let area = campaign.area(row.area.as_deref()?)?;
    let group = campaign.group(row.group.as_deref()?)?;
    let from = row.from.as_deref().and_then(parse_day).unwrap_or_else(|| context.today());
    let people = people_on(campaign, &area.code, &group.id, from);
    let (area_name, group_name) = (harmless(&area.name), harmless(&group.name));
    let said = people.map_or_else(|| t.w("web-none"), thousands);
    let now = t.say(
        "web-supply-count-now",
        &[("area", &area_name), ("group", &group_name), ("people", &said), ("day", &from)],
    );
    Some(CountForm {
        area: area.code.to_string(),
        group: group.id.to_string(),
        people: people.map(|people| people.to_string()).unwrap_or_default(),
        from: from.to_string(),
        had: people.map(|people| people.to_string()).unwrap_or_default(),
        now,
    })
}

fn lot_table(context: &PageContext) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["lot", "product", "arrived", "expires", "#delivered"];
    let mut table = Table::of(t, "web-supply-lots", &keys);
    for lot in campaign.lots_by_expiry() {
        let to = format!("{}&lot={}#lot", context.to("supply"), encoded(lot.lot.as_str()));
        table.rows.push(vec![
            Cell::head(lot.lot.as_str()).to(to),
            products::cell(t.0, campaign, &harmless(&lot.product)),
            Cell::text(lot.date.to_string()),
            Cell::text(lot.expires.to_string()),
            Cell::count(lot.doses),
        ]);
    }
    table
}

fn eligible_table(context: &PageContext) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["area", "=group", "#people", "from", "source"];
    let mut table = Table::of(t, "web-supply-eligible", &keys);
    for row in &campaign.eligible {
        let area = campaign.area(row.area.as_str()).map_or(row.area.as_str(), |it| &it.name);
        let group = campaign.group(row.group.as_str()).map_or(row.group.as_str(), |it| &it.name);
        // A count is looked at on its own day, where that is still to come.
        let from = row.as_of.filter(|day| *day > context.today());
        let from = from.map(|day| format!("&from={day}")).unwrap_or_default();
        let to = format!(
            "{}&area={}&group={}{from}#count",
            context.to("supply"),
            encoded(row.area.as_str()),
            encoded(row.group.as_str())
        );
        table.rows.push(vec![
            Cell::named(harmless(area), row.area.as_str()).heading().to(to),
            Cell::named(harmless(group), row.group.as_str()),
            Cell::count(row.people),
            Cell::text(row.as_of.map(|day| day.to_string()).unwrap_or_default()),
            Cell::text(row.source.as_deref().map(harmless).unwrap_or_default()),
        ]);
    }
    table
}

/// What the forms ask for.
#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    /// Present where the effect has been seen.
    sure: Option<String>,
    lot: Option<String>,
    product: Option<String>,
    date: Option<String>,
    doses: Option<String>,
    expires: Option<String>,
    vial: Option<String>,
    area: Option<String>,
    group: Option<String>,
    people: Option<String>,
    from: Option<String>,
    source: Option<String>,
    had: Option<String>,
    seen: Option<String>,
}

/// A text of a form: trimmed, not empty, without anything invisible.
fn text(given: Option<&String>, chars_max: usize) -> Option<String> {
    let text = given?.trim();
    let is_good = !text.is_empty() && text.chars().count() <= chars_max && harmless(text) == text;
    is_good.then(|| text.to_owned())
}

impl Given {
    fn edit(&self, t: T) -> Result<SupplyEdit, String> {
        match self.what.as_str() {
            "new-lot" => Ok(SupplyEdit::NewLot(self.delivery(t)?)),
            "lot" => {
                let had = self.had.as_deref().and_then(lot_seen).ok_or_else(|| t.w("web-bad-form"));
                Ok(SupplyEdit::Lot { lot: self.delivery(t)?, had: had? })
            }
            "count" => self.count(t),
            _ => Err(t.w("web-bad-form")),
        }
    }

    fn delivery(&self, t: T) -> Result<Delivery, String> {
        let lot = text(self.lot.as_ref(), CODE_CHARS_MAX).ok_or_else(|| t.w("web-supply-bad-lot"));
        let product = text(self.product.as_ref(), TEXT_CHARS_MAX);
        let vial = self.vial.as_deref().map(str::trim).filter(|vial| !vial.is_empty());
        let vial = match vial.map(str::parse::<u32>) {
            None => None,
            Some(Ok(doses)) if (1..=VIAL_DOSES_MAX).contains(&doses) => Some(doses),
            Some(_) => return Err(t.say("web-supply-bad-vial", &[("most", &VIAL_DOSES_MAX)])),
        };
        Ok(Delivery {
            lot: LotCode::new(lot?),
            product: product.ok_or_else(|| t.w("web-supply-bad-product"))?,
            date: day(t, self.date.as_ref())?,
            doses: number(t, self.doses.as_ref())?,
            expires: day(t, self.expires.as_ref())?,
            doses_per_vial: vial,
        })
    }

    fn count(&self, t: T) -> Result<SupplyEdit, String> {
        let bad = || t.w("web-bad-form");
        let had = self.had.as_deref().unwrap_or_default();
        let had = if had.is_empty() { None } else { Some(had.parse().map_err(|_| bad())?) };
        Ok(SupplyEdit::Eligible {
            area: AreaCode::new(text(self.area.as_ref(), TEXT_CHARS_MAX).ok_or_else(bad)?),
            group: GroupId::new(text(self.group.as_ref(), TEXT_CHARS_MAX).ok_or_else(bad)?),
            people: number(t, self.people.as_ref())?,
            from: day(t, self.from.as_ref())?,
            source: text(self.source.as_ref(), TEXT_CHARS_MAX),
            had,
            seen_on: day(t, self.seen.as_ref())?,
        })
    }

    /// The same, after the count of the day from which the new one holds was shown: that one is to be confirmed.
    fn looked_at(self, campaign: &Campaign, edit: &SupplyEdit) -> Self {
        let SupplyEdit::Eligible { area, group, from, .. } = edit else { return self };
        let had = people_on(campaign, area, group, *from);
        let had = Some(had.map(|had| had.to_string()).unwrap_or_default());
        Self { had, seen: Some(from.to_string()), ..self }
    }

    /// The same again, for the form that confirms it.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let given = [
            ("lot", &self.lot),
            ("product", &self.product),
            ("date", &self.date),
            ("doses", &self.doses),
            ("expires", &self.expires),
            ("vial", &self.vial),
            ("area", &self.area),
            ("group", &self.group),
            ("people", &self.people),
            ("from", &self.from),
            ("source", &self.source),
            ("had", &self.had),
            ("seen", &self.seen),
        ];
        confirming(&self.what, &given)
    }
}

/// What a form begins with: doses, arrival, last day of use, doses in a vial or a dash, product.
fn seen_lot(lot: &LotSeen) -> String {
    let LotSeen { doses, date, expires, product, doses_per_vial } = lot;
    let vial = doses_per_vial.map_or_else(|| "-".to_owned(), |doses| doses.to_string());
    format!("{doses} {date} {expires} {vial} {product}")
}

/// What a form says that it began with.
fn lot_seen(text: &str) -> Option<LotSeen> {
    let mut parts = text.splitn(5, ' ');
    Some(LotSeen {
        doses: parts.next()?.parse().ok()?,
        date: parts.next()?.parse().ok()?,
        expires: parts.next()?.parse().ok()?,
        doses_per_vial: match parts.next()? {
            "-" => None,
            doses => Some(doses.parse().ok()?),
        },
        product: parts.next()?.to_owned(),
    })
}

fn day(t: T, text: Option<&String>) -> Result<NaiveDate, String> {
    text.and_then(|text| parse_day(text)).ok_or_else(|| t.w("web-bad-day"))
}

fn number(t: T, text: Option<&String>) -> Result<u32, String> {
    let number = text.and_then(|text| text.trim().parse::<u32>().ok());
    let number = number.filter(|number| *number <= COUNT_MAX);
    number.ok_or_else(|| t.say("web-supply-bad-number", &[("most", &thousands(COUNT_MAX))]))
}

/// Shows what a change would do, or does it where that has been seen.
pub(super) async fn edit(
    mut context: PageContext,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let to = context.to("supply");
    // What is shown is the page itself: its links lead there, not to this form.
    context.visitor.here.clone_from(&to);
    let row = Row {
        lot: given.lot.clone(),
        area: given.area.clone(),
        group: given.group.clone(),
        from: given.seen.clone(),
    };
    let again = |wrong: String| show(&context, &row, (wrong, None));
    let edit = match given.edit(t) {
        Ok(edit) => edit,
        Err(wrong) => return Ok(again(wrong)),
    };
    if let SupplyEdit::Eligible { from, .. } = &edit
        && *from > context.loaded.campaign.end
    {
        let end = context.loaded.campaign.end;
        return Ok(again(t.say("web-supply-too-late", &[("end", &end)])));
    }
    let (app, by, now) = (context.app(), context.actor(), context.now);
    let done = if given.sure.is_some() {
        Box::pin(app.edit_supply(&context.loaded, &edit, by, now)).await.map(|_| None)
    } else {
        Box::pin(app.supply_effect(&context.loaded, &edit, by, now)).await.map(Some)
    };
    match done {
        Err(error @ (AppError::Refused(_) | AppError::Files(_))) => Ok(again(error.words(t.0))),
        Err(error) => Err(context.refusal(&error)),
        Ok(Some(found)) => {
            let given = given.looked_at(&context.loaded.campaign, &edit);
            let asked = Waiting {
                said: said(&context, &edit),
                effects: effects(t, &found),
                fields: given.fields(),
            };
            Ok(show(&context, &row, (String::new(), Some(asked))))
        }
        Ok(None) => {
            context.site.desk.cache.forget();
            Ok(Redirect::to(&format!("{to}&done=supplied")).into_response())
        }
    }
}

/// A change in a sentence.
fn said(context: &PageContext, edit: &SupplyEdit) -> String {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    match edit {
        SupplyEdit::NewLot(lot) | SupplyEdit::Lot { lot, .. } => t.say(
            "web-supply-would-lot",
            &[
                ("lot", &lot.lot),
                ("product", &harmless(&lot.product)),
                ("vial", &lot.doses_per_vial.map_or_else(|| t.w("web-none"), |it| it.to_string())),
                ("doses", &thousands(lot.doses)),
                ("date", &lot.date),
                ("expires", &lot.expires),
            ],
        ),
        SupplyEdit::Eligible { area, group, people, from, .. } => {
            let had = people_on(campaign, area, group, *from);
            let area = campaign.area(area.as_str()).map(|it| harmless(&it.name));
            let group = campaign.group(group.as_str()).map(|it| harmless(&it.name));
            t.say(
                "web-supply-would-count",
                &[
                    ("area", &area.unwrap_or_default()),
                    ("group", &group.unwrap_or_default()),
                    ("people", &thousands(*people)),
                    ("from", from),
                    ("had", &had.map_or_else(|| t.w("web-none"), thousands)),
                ],
            )
        }
    }
}

/// What a change does.
fn effects(t: T, found: &SupplyEffect) -> Vec<String> {
    let mut out = Vec::new();
    if found.doses.0 != found.doses.1 {
        let (before, after) = (thousands(found.doses.0), thousands(found.doses.1));
        out.push(t.say("web-supply-doses", &[("before", &before), ("after", &after)]));
    }
    if let Some((before, after)) = found.people {
        let (before, after) = (thousands(before), thousands(after));
        out.push(t.say("web-supply-people", &[("before", &before), ("after", &after)]));
    }
    let seats = |unrest: &Unrest| unrest.seats.values().sum::<u64>();
    let (before, after) = (seats(&found.lost.0), seats(&found.lost.1));
    let first = found.lost.1.first.map(|day| day.to_string()).unwrap_or_default();
    out.push(match (before, after) {
        (0, 0) => t.w("web-supply-stands"),
        (_, 0) => t.w("web-supply-mends"),
        _ => t.say(
            "web-supply-loses",
            &[("before", &thousands(before)), ("after", &thousands(after)), ("first", &first)],
        ),
    });
    out
}
