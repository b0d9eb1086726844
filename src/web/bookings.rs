//! Who has which seat of a day, who gave one back, and who waits for one. Each look goes to the audit log.

use super::page::{Page, Refusal, address, encoded};
use super::page_context::PageContext;
use super::plan::local;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::booking::{DeskBooking, DeskWaiting};
use crate::domain::audit::Action;
use crate::domain::booking::SeatStand;
use crate::domain::permission::{Power, Visits, may_at};
use crate::domain::person::Person;
use crate::text::{harmless, thousands};
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    place: Option<String>,
}

#[derive(Template)]
#[template(path = "web/bookings.html")]
struct Main {
    t: T,
    head: String,
    action: String,
    day: NaiveDate,
    code: String,
    /// Code and name.
    places: Vec<(String, String)>,
    said: String,
    table: Table,
    waiting: Table,
}

/// The address of the page for a place; empty where the visitor may not see its people.
pub(super) fn link(
    context: &PageContext,
    (code, day): (&str, NaiveDate),
    visits: &Visits,
) -> String {
    let campaign = &context.loaded.campaign;
    let may = may_at(context.actor(), Power::People, campaign, code, visits).is_ok();
    if !may || campaign.place(code).is_none() {
        return String::new();
    }
    format!("{}&place={}", address(&context.loaded, "bookings", Some(day)), encoded(code))
}

/// The page.
pub(super) async fn bookings(
    context: PageContext,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let (actor, day) = (context.actor(), context.as_of);
    let visits = context.visits(day).await?;
    let only = which.place.as_deref().filter(|code| !code.is_empty());
    if let Some(code) = only {
        campaign.place(code).ok_or_else(|| Refusal::absent(t))?;
        if let Err(denied) = may_at(actor, Power::People, campaign, code, &visits) {
            return Err(context.denied(denied, &format!("bookings of {code}")).await);
        }
    }
    let app = context.app();
    let found = app.desk_bookings(&context.loaded, (day, only), actor, context.now).await;
    let found = found.map_err(|error| context.refusal(&error))?;
    let waits = app.desk_waiting(&context.loaded, actor, context.now).await;
    let waits = waits.map_err(|error| context.refusal(&error))?;
    let place = only.unwrap_or("-");
    let said = format!(
        "bookings of {day}, place {place}, {} people, {} waiting",
        found.len(),
        waits.len()
    );
    let (who, id) = (&context.visitor.account.name, campaign.id.as_str());
    let noted = app.note_audit(who, Action::SeeDue, (Some(id), &said), context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    let sites = campaign.sites.iter().map(|one| (one.code.to_string(), harmless(&one.name)));
    let stops = campaign.stops.iter().map(|one| (one.code.to_string(), harmless(&one.name)));
    let may = |code: &str| may_at(actor, Power::People, campaign, code, &visits).is_ok();
    let title = t.w("web-bookings");
    let code = only.unwrap_or_default().to_owned();
    let main = Main {
        t,
        head: context.head(title.clone(), "bookings", &[("place", code.clone())]),
        action: address(&context.loaded, "bookings", None),
        day,
        code,
        places: sites.chain(stops).filter(|(code, _)| may(code)).collect(),
        said: counts(t, &found),
        table: table(&context, &found),
        waiting: waiting(&context, &waits),
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "calendar", &main);
    Ok(context.show(page.with(vec![main.table, main.waiting])))
}

/// How many have a seat, how many of them answered, and how many gave one back.
fn counts(t: T, found: &[DeskBooking]) -> String {
    use SeatStand::{Booked, Cancelled, Confirmed, Expected, Moved};
    let count = |of: &[SeatStand]| {
        let all = found.iter().filter(|one| of.contains(&one.stand)).count();
        thousands(all as u64)
    };
    t.say(
        "web-bookings-count",
        &[
            ("seats", &count(&[Expected, Confirmed, Booked])),
            ("answered", &count(&[Confirmed, Booked])),
            ("left", &count(&[Moved, Cancelled])),
        ],
    )
}

/// Name, phone and area of somebody, and the code.
fn cells(context: &PageContext, person: &Person) -> [Cell; 4] {
    let name = person.name.clone().unwrap_or_else(|| person.id.to_string());
    let area = context.loaded.campaign.area(person.area.as_str());
    let area = area.map_or_else(|| person.area.to_string(), |area| area.name.clone());
    [
        Cell::text(harmless(&name))
            .to(context.to(&format!("person/{}", encoded(person.id.as_str())))),
        Cell::text(person.phone.as_deref().map(harmless).unwrap_or_default()),
        Cell::named(area, person.area.as_str()),
        Cell::text(person.id.as_str()),
    ]
}

fn table(context: &PageContext, found: &[DeskBooking]) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["slot", "person_name", "phone", "area", "#dose", "=place", "=state", "person"];
    let mut table = Table { is_private: true, ..Table::of(t, "web-bookings", &keys) };
    for one in found {
        let [name, phone, area, code] = cells(context, &one.person);
        let place = campaign.place(one.place.as_str()).map(|place| place.name().to_owned());
        let stand = t.w(&format!("web-seat-{}", one.stand.word()));
        let slot = one.slot.map(|slot| slot.to_string()).unwrap_or_default();
        table.rows.push(vec![
            Cell::head(slot),
            name,
            phone,
            area,
            Cell::number(one.dose.to_string()),
            Cell::named(place.unwrap_or_else(|| one.place.to_string()), one.place.as_str()),
            Cell::text(stand),
            code,
        ]);
    }
    if table.rows.is_empty() {
        table.note = t.w("web-bookings-none");
    }
    table
}

fn waiting(context: &PageContext, found: &[DeskWaiting]) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["since", "person_name", "phone", "area", "#dose", "person"];
    let mut table = Table { is_private: true, ..Table::of(t, "web-bookings-waiting", &keys) };
    for one in found {
        let [name, phone, area, code] = cells(context, &one.person);
        let since = Cell::head(local(campaign, one.since));
        table.rows.push(vec![since, name, phone, area, Cell::number(one.dose.to_string()), code]);
    }
    if table.rows.is_empty() {
        table.note = t.w("web-bookings-nobody");
    }
    table
}
