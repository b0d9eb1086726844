//! Who is reached by which way: the channels and what they cost, numbers and addresses that nothing goes to, readers
//! who want no reminders; and the forms that change it. It shows addresses, so each look goes to the audit log.

use super::Site;
use super::accounts::{time, timezone};
use super::mail::channel;
use super::page::{Page, Refusal, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::app::audit_words::replaced;
use crate::app::bounces::AddressLine;
use crate::app::channels::ClosedNumber;
use crate::app::readers::ReaderChange;
use crate::domain::audit::Action;
use crate::store::unsubscribed::Unsubscribed;
use crate::text::harmless;
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Query};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono_tz::Tz;
use serde::Deserialize;

/// Up to so many addresses a form lists them; beyond that somebody types one.
const LISTED_MAX: usize = 100;
/// The longest address, and the longest reason.
const ADDRESS_CHARS_MAX: usize = 200;
const REASON_CHARS_MAX: usize = 120;

#[derive(Template)]
#[template(path = "web/delivery.html")]
struct Main {
    t: T,
    wrong: String,
    action: String,
    channels: Table,
    costs: Table,
    numbers: Table,
    bounces: Table,
    left: Table,
    /// What the forms offer; empty where somebody types it.
    shut: Vec<String>,
    bounced: Vec<String>,
    gone: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    done: Option<String>,
}

/// What a form asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    whom: Option<String>,
    reason: Option<String>,
    /// That the reader asked for it.
    sure: Option<String>,
}

/// The page.
pub(super) async fn delivery(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let done = asked.done.filter(|done| done == "entered");
    let flash = done.map(|_| visitor.t().w("web-done-entered")).unwrap_or_default();
    show(&site, &visitor, (&visitor.here, &headers), (String::new(), flash)).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    (here, headers): (&str, &HeaderMap),
    (wrong, flash): (String, String),
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let (app, now) = (&site.app, site.clock.now());
    let zone = timezone(app).await.map_err(fail)?;
    let (closed, unusable) = app.closed_numbers(now).await.map_err(fail)?;
    let bounced = app.bounces().await.map_err(fail)?;
    let left = app.unsubscribed().await.map_err(fail)?;
    let said =
        format!("{} numbers, {} addresses, {} left", closed.len(), bounced.len(), left.len());
    let who = &visitor.account.name;
    let noted = app.note_audit(who, Action::SeeMail, (None, &said), now).await;
    noted.map_err(fail)?;
    let shut = closed.iter().filter(|one| one.at.is_some()).map(|one| one.number.clone());
    let main = Main {
        t,
        wrong,
        action: format!("/delivery?csrf={}", visitor.csrf()),
        channels: channels(site, t).await?,
        costs: costs(site, t).await?,
        shut: few(shut.collect()),
        bounced: few(bounced.iter().map(|one| one.address.clone()).collect()),
        gone: few(left.iter().map(|one| one.address.clone()).collect()),
        numbers: numbers((t, zone), &closed, unusable),
        bounces: bounces(t, &bounced),
        left: unsubscribed((t, zone), &left),
    };
    let page = Page::new(t.w("web-delivery"), "system", &main);
    let tables = vec![main.channels, main.costs, main.numbers, main.bounces, main.left];
    let page = Page { flash, ..page.with(tables) };
    Ok(framed(Some(visitor), (t, here), None, &page, headers))
}

/// What a form lists, where that is little enough.
fn few(all: Vec<String>) -> Vec<String> {
    if all.len() > LISTED_MAX { Vec::new() } else { all }
}

async fn channels(site: &Site, t: T) -> Result<Table, Refusal> {
    let keys = ["channel", "kind", "#queued", "#in_doubt", "#segments", "said"];
    let mut table = Table::of(t, "web-channels", &keys);
    let found = site.app.channels(site.clock.now()).await;
    for one in found.map_err(|error| Refusal::of(t, &error))? {
        let most = one.segments_per_day.map(|most| format!(" / {most}")).unwrap_or_default();
        let wrong = one.wrong.map(|wrong| harmless(&wrong)).unwrap_or_default();
        let class = if wrong.is_empty() { "" } else { "bad" };
        table.rows.push(vec![
            Cell::head(harmless(&one.name)),
            Cell::text(t.w(&format!("web-service-{}", one.kind))),
            Cell::count(one.queued),
            Cell::count(one.in_doubt),
            Cell::number(format!("{}{most}", one.segments_today)),
            Cell { class, ..Cell::text(wrong) },
        ]);
    }
    if table.rows.is_empty() {
        table.note = t.w("web-channels-none");
    }
    Ok(table)
}

async fn costs(site: &Site, t: T) -> Result<Table, Refusal> {
    let fail = |error: AppError| Refusal::of(t, &error);
    let campaigns = site.app.campaigns().await.map_err(fail)?;
    let keys = ["day", "=channel", "=campaign", "#messages", "#segments"];
    let mut table = Table::of(t, "web-channel-costs", &keys);
    for one in site.app.channel_costs().await.map_err(fail)?.into_iter().rev() {
        let known = campaigns.iter().find(|loaded| loaded.campaign.id.as_str() == one.campaign);
        let name = known.map_or(&*one.campaign, |loaded| &*loaded.campaign.name);
        table.rows.push(vec![
            Cell::head(one.day.to_string()),
            Cell::text(channel(t, &one.channel)),
            Cell::named(harmless(name), one.campaign.clone()),
            Cell::count(one.messages),
            Cell::count(one.segments),
        ]);
    }
    Ok(table)
}

fn numbers((t, zone): (T, Tz), closed: &[ClosedNumber], unusable: usize) -> Table {
    let table = Table::of(t, "web-closed-numbers", &["phone", "since", "said"]);
    let mut table = Table { is_private: true, ..table };
    for one in closed {
        // What nobody closed is a number of many households.
        let why = if one.at.is_some() {
            harmless(&replaced(t.0, &one.why))
        } else {
            t.w("web-numbers-shared")
        };
        table.rows.push(vec![
            Cell::head(harmless(&one.number)),
            Cell::text(one.at.map(|at| time(zone, at)).unwrap_or_default()),
            Cell::text(why),
        ]);
    }
    if unusable > 0 {
        table.note = t.say("channels-unusable", &[("count", &unusable)]);
    }
    table
}

fn bounces(t: T, lines: &[AddressLine]) -> Table {
    let keys = ["address", "#hard", "#soft", "#policy", "status", "since", "=suppressed", "said"];
    let mut table = Table { is_private: true, ..Table::of(t, "web-bounces", &keys) };
    for one in lines {
        let zone = one.zone.parse().unwrap_or(Tz::UTC);
        table.rows.push(vec![
            Cell::head(harmless(&one.address)),
            Cell::count(one.hard),
            Cell::count(one.soft),
            Cell::count(one.policy),
            Cell::text(harmless(&one.status)),
            Cell::text(time(zone, one.since)),
            Cell::text(t.w(if one.suppressed { "web-word-yes" } else { "web-word-no" })),
            Cell::text(harmless(&one.said)),
        ]);
    }
    table
}

fn unsubscribed((t, zone): (T, Tz), all: &[Unsubscribed]) -> Table {
    let table = Table::of(t, "web-unsubscribed", &["address", "since", "how"]);
    let mut table = Table { is_private: true, ..table };
    for one in all {
        table.rows.push(vec![
            Cell::head(harmless(&one.address)),
            Cell::text(time(zone, one.at)),
            Cell::text(harmless(&replaced(t.0, &one.how))),
        ]);
    }
    table
}

impl Given {
    /// What is to be done; what is wrong with the form in words otherwise.
    fn change(&self, t: T) -> Result<ReaderChange, String> {
        let short = |text: &Option<String>, most: usize| -> String {
            let text = text.as_deref().unwrap_or_default().trim();
            harmless(&text.chars().take(most).collect::<String>())
        };
        let whom = short(&self.whom, ADDRESS_CHARS_MAX);
        let reason = short(&self.reason, REASON_CHARS_MAX);
        if whom.is_empty() {
            return Err(t.w("web-delivery-nobody"));
        }
        if reason.is_empty() && matches!(self.what.as_str(), "mended" | "leaves" | "shuts") {
            return Err(t.w("web-delivery-no-reason"));
        }
        Ok(match self.what.as_str() {
            "mended" => ReaderChange::Mended(whom, reason),
            "leaves" => ReaderChange::Leaves(whom, reason),
            "returns" if self.sure.as_deref() == Some("yes") => ReaderChange::Returns(whom),
            "returns" => return Err(t.w("web-delivery-not-asked")),
            "opens" => ReaderChange::Opens(whom),
            "shuts" => ReaderChange::Shuts(whom, reason),
            _ => return Err(t.w("web-bad-form")),
        })
    }
}

/// Does what a form asks for.
pub(super) async fn change(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let (t, by, now) = (visitor.t(), visitor.actor(), site.clock.now());
    let wrong = match given.change(t) {
        Err(wrong) => wrong,
        Ok(change) => match site.app.change_reader(&change, by, now).await {
            Ok(true) => return Ok(Redirect::to("/delivery?done=entered").into_response()),
            Ok(false) => t.w("web-delivery-is-so"),
            Err(error @ AppError::Refused(_)) => error.words(t.0),
            Err(error) => return Err(Refusal::of(t, &error)),
        },
    };
    // In answer to a form, links lead to the page itself.
    show(&site, &visitor, ("/delivery", &headers), (wrong, String::new())).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Language;

    #[test]
    fn a_reader_gets_reminders_again_only_where_they_asked_for_it() {
        let given = |what: &str, sure: Option<&str>, reason: Option<&str>| Given {
            what: what.to_owned(),
            whom: Some(" a@b.example ".to_owned()),
            reason: reason.map(str::to_owned),
            sure: sure.map(str::to_owned),
        };
        let t = T(Language::En);
        let again = ReaderChange::Returns("a@b.example".to_owned());
        assert_eq!(given("returns", Some("yes"), None).change(t), Ok(again));
        assert!(given("returns", None, None).change(t).is_err());
        assert!(given("mended", None, Some(" ")).change(t).is_err());
        assert!(given("nothing", None, Some("x")).change(t).is_err());
    }
}
