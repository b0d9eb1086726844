//! What every page of a campaign needs to know: the visitor, the campaign and the as-of day.

use super::Site;
use super::asked_days::parse_day;
use super::page::{Page, Refusal, address, encoded, framed};
use super::visitor::Visitor;
use super::words::T;
use crate::app::{App, AppError, Loaded, today};
use crate::domain::audit::Action;
use crate::domain::id::AreaCode;
use crate::domain::permission::{Actor, Denied, Visits};
use askama::Template;
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;

/// A request for a page of a campaign.
#[derive(Clone)]
pub(super) struct PageContext {
    pub(super) site: Site,
    pub(super) visitor: Visitor,
    pub(super) loaded: Loaded,
    pub(super) as_of: NaiveDate,
    pub(super) now: DateTime<Utc>,
    headers: HeaderMap,
    /// The key of a confirmation to show, taken from the address.
    done: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "as-of")]
    as_of: Option<String>,
    done: Option<String>,
}

/// The confirmations that an address may ask for.
const DONE: [&str; 16] = [
    "adopted",
    "applied",
    "tallied",
    "renewed",
    "searching",
    "entered",
    "changed",
    "settled",
    "queued",
    "asked",
    "held",
    "resumed",
    "supplied",
    "set-up",
    "undone",
    "undone-outcome",
];

impl FromRequestParts<Site> for PageContext {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let visitor = parts.extensions.get::<Visitor>().cloned();
        let visitor = visitor.expect("the gate has let somebody in");
        let t = visitor.t();
        let absent = || Refusal::absent(t).into_response();
        let path = RawPathParams::from_request_parts(parts, site).await.map_err(|_| absent())?;
        let id = path.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned());
        let id = id.ok_or_else(absent)?;
        let loaded = site.app.campaign(Some(&id)).await;
        let loaded = loaded.map_err(|error| Refusal::of(t, &error).into_response())?;
        let loaded = loaded.seen_by(visitor.actor());
        let asked = Query::<Asked>::try_from_uri(&parts.uri)
            .map_err(|_| Refusal::bad(t, t.w("web-bad-address")).into_response())?;
        let now = site.clock.now();
        let page = parts.uri.path().split('/').nth(3).unwrap_or_default();
        let as_of = match asked.as_of.as_deref() {
            Some(text) => parse_day(text)
                .ok_or_else(|| Refusal::bad(t, t.w("web-bad-day")).into_response())?,
            None if page == "tally" || page == "bookings" => {
                today(&loaded.campaign, now).min(loaded.campaign.end)
            }
            None => default_day(&loaded, now),
        };
        let last = last_day(page, today(&loaded.campaign, now));
        if parts.method == Method::GET && last.is_some_and(|last| last < as_of) {
            // What was given on days to come is not known; a figure would be today's under a wrong date.
            let to = address(&loaded, page, last);
            return Err(Redirect::to(&to).into_response());
        }
        if asked.as_of.is_none() && parts.method == Method::GET {
            // The day is part of the address, so that a saved link shows the same tomorrow.
            let query = parts.uri.query().map(|query| format!("&{query}")).unwrap_or_default();
            let to = format!("{}?as-of={as_of}{query}", parts.uri.path());
            return Err(Redirect::to(&to).into_response());
        }
        let done = asked.done.clone().filter(|done| DONE.contains(&done.as_str()));
        let headers = parts.headers.clone();
        Ok(Self {
            site: super::source::asked(site, parts),
            visitor,
            loaded,
            as_of,
            now,
            headers,
            done,
        })
    }
}

/// The as-of day of a page that names none: yesterday, or the campaign's last day once it is over. `doseplan status`
/// uses the same.
pub(super) fn default_day(loaded: &Loaded, now: DateTime<Utc>) -> NaiveDate {
    (today(&loaded.campaign, now) - TimeDelta::days(1)).min(loaded.campaign.end)
}

/// The last day that a page can be asked for; `None` for pages that look ahead.
fn last_day(page: &str, today: NaiveDate) -> Option<NaiveDate> {
    ["overview", "reports", "bulletin", "tally"].contains(&page).then_some(today)
}

impl PageContext {
    /// The context of a campaign on a page of several: of its newest day.
    pub(super) fn about(
        (site, visitor): (&Site, &Visitor),
        loaded: Loaded,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            site: site.clone(),
            visitor: visitor.clone(),
            as_of: default_day(&loaded, now),
            loaded,
            now,
            headers: headers.clone(),
            done: None,
        }
    }

    /// The catalogue in the visitor's language.
    pub(super) fn t(&self) -> T {
        self.visitor.t()
    }

    /// The visitor, as permissions know them.
    pub(super) fn actor(&self) -> Actor<'_> {
        self.visitor.actor()
    }

    /// The teams that the plan in force sends to each stop on a day.
    pub(super) async fn visits(&self, day: NaiveDate) -> Result<Visits, Refusal> {
        let sessions = self.app().sessions(&self.loaded).await;
        let sessions = sessions.map_err(|error| self.refusal(&error))?;
        Ok(Visits::on(&sessions, day))
    }

    /// The same for several days.
    pub(super) async fn visits_of(
        &self,
        days: impl IntoIterator<Item = NaiveDate>,
    ) -> Result<BTreeMap<NaiveDate, Visits>, Refusal> {
        let visits = self.app().visits(&self.loaded, days).await;
        visits.map_err(|error| self.refusal(&error))
    }

    /// Writes down that the visitor was denied something, and says why.
    pub(super) async fn denied(&self, denied: Denied, said: &str) -> Refusal {
        let (who, id) = (&self.visitor.account.name, self.loaded.campaign.id.as_str());
        let noted = self.app().note_audit(who, Action::Refused, (Some(id), said), self.now).await;
        self.refusal(&noted.err().unwrap_or(denied.into()))
    }

    /// The app.
    pub(super) fn app(&self) -> &App {
        &self.site.app
    }

    /// Today, in the campaign's time zone.
    pub(super) fn today(&self) -> NaiveDate {
        today(&self.loaded.campaign, self.now)
    }

    /// The address of another page of the campaign, for the same day.
    pub(super) fn to(&self, page: &str) -> String {
        address(&self.loaded, page, Some(self.as_of))
    }

    /// The response: the page with navigation and confirmation.
    pub(super) fn show(&self, mut page: Page) -> Response {
        if let Some(done) = &self.done {
            page.flash = self.t().w(&format!("web-done-{done}"));
        } else if self.site.clock.is_replay() {
            let now = self.now.with_timezone(&self.loaded.campaign.timezone);
            let now = now.format("%Y-%m-%d %H:%M");
            page.flash = self.t().say("web-replay", &[("now", &now)]);
        }
        let (t, here) = (self.t(), self.visitor.here.as_str());
        let of = Some((&self.loaded, Some(self.as_of)));
        framed(Some(&self.visitor), (t, here), of, &page, &self.headers)
    }

    /// A refusal in the visitor's language.
    pub(super) fn refusal(&self, error: &AppError) -> Refusal {
        Refusal::of(self.t(), error)
    }

    /// What `make` reads, cached under the campaign, its version, the day and `what`. Readings take turns, so that the
    /// daemon's own work always gets a connection and nobody waits for another reader's thousand days.
    pub(super) async fn cached<V, F>(
        &self,
        what: &str,
        make: impl FnOnce(Self) -> F,
    ) -> Result<Arc<V>, Refusal>
    where
        V: Send + Sync + 'static,
        F: Future<Output = Result<V, AppError>> + Send + 'static,
    {
        let (no, version) = (self.loaded.no.0, self.loaded.version);
        let tops = self.loaded.tops.as_deref().unwrap_or_default();
        let tops: Vec<&str> = tops.iter().map(AreaCode::as_str).collect();
        let key = format!("{no}/{version}/{}/{}/{what}", tops.join(" "), self.as_of);
        let account = self.visitor.account.id;
        let turn = || {
            let desk = Arc::clone(&self.site.desk);
            let made = make(self.clone());
            async move {
                let _turn = desk.turns.take(account).await?;
                made.await
            }
        };
        let found = self.site.desk.cache.get(Instant::now(), key, turn).await;
        found.map_err(|error| self.refusal(&error))
    }

    /// The heading of a page: its title, its day and links to other days.
    pub(super) fn head(&self, title: String, page: &str, hidden: &[(&str, String)]) -> String {
        let pair = |(name, value): &(&str, String)| format!("&{name}={}", encoded(value));
        let rest = hidden.iter().map(pair).collect::<Vec<_>>().concat();
        let on = |day: NaiveDate| address(&self.loaded, page, Some(day)) + &rest;
        let head = DayHead {
            t: self.t(),
            title,
            action: address(&self.loaded, page, None),
            day: self.as_of,
            before: on(self.as_of - TimeDelta::days(1)),
            after: Some(self.as_of + TimeDelta::days(1))
                .filter(|day| last_day(page, self.today()).is_none_or(|last| *day <= last))
                .map(on),
            newest: on(default_day(&self.loaded, self.now)),
            hidden: hidden.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
        };
        head.render().expect("templates fail only where a value does")
    }
}

#[derive(Template)]
#[template(path = "web/head.html")]
struct DayHead {
    t: T,
    title: String,
    action: String,
    day: NaiveDate,
    before: String,
    after: Option<String>,
    newest: String,
    hidden: Vec<(String, String)>,
}
