//! The JSON API for other programs: figures, plans, the due list, counts. `openapi.yaml` beside this file describes it.
//! A program sends a token. It may do what both the token's scopes and the token's account allow.

use super::Site;
use super::asked_days::parse_day;
use super::due::visible;
use super::source::AskedSite;
use super::turns::Turn;
use crate::app::coverage::AsOf;
use crate::app::import::Entered;
use crate::app::{AppError, Loaded};
use crate::domain::account::{Account, Scope};
use crate::domain::audit::Action;
use crate::domain::coverage::Depth;
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, RecordId};
use crate::domain::permission::{self, Actor, Power};
use crate::domain::plausible::Sure;
use axum::Router;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Json, Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

/// The description of the API.
const OPENAPI: &str = include_str!("openapi.yaml");
/// The most counts of one call.
const TALLIES_MAX: usize = 400;

/// The addresses of the API.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/api/v1/openapi.yaml", get(openapi))
        .route("/api/v1/campaigns", get(campaigns))
        .route("/api/v1/slots", get(slots))
        .route("/api/v1/campaigns/{id}/coverage", get(coverage))
        .route("/api/v1/campaigns/{id}/status", get(status))
        .route("/api/v1/campaigns/{id}/plan", get(plan))
        .route("/api/v1/campaigns/{id}/due", get(due))
        .route("/api/v1/campaigns/{id}/tallies", post(tallies))
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], OPENAPI).into_response()
}

/// Why a call is refused: a problem document (RFC 9457).
#[derive(Debug)]
struct Problem(StatusCode, String);

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(status, detail.into())
    }

    fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NoCampaign | AppError::UnknownCampaign { .. } => {
                Self::new(StatusCode::NOT_FOUND, "there is no such campaign")
            }
            AppError::Refused(said) => Self::new(StatusCode::CONFLICT, said.to_string()),
            error @ AppError::TooMany => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
            }
            error @ AppError::Denied(_) => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            other => {
                let said = other.to_string();
                let said = crate::mail::mask::addresses(&said);
                tracing::error!(error = %said, "a call of the API failed");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database cannot answer now")
            }
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such campaign")
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, detail) = self;
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": detail,
        });
        let kind = (header::CONTENT_TYPE, "application/problem+json");
        let mut response = (status, [kind], body.to_string()).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let value = header::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

/// A program that calls, by its token.
struct Caller {
    account: Account,
    scopes: Vec<Scope>,
    /// Calls of an account take turns.
    _turn: Turn,
}

impl Caller {
    fn actor(&self) -> Actor<'_> {
        Actor::Program(&self.account, &self.scopes)
    }

    /// Writes down that the program was denied something.
    async fn note_denied(
        &self,
        site: &Site,
        (campaign, said): (Option<&str>, &str),
    ) -> Result<(), AppError> {
        let (who, now) = (&self.account.name, site.clock.now());
        site.app.note_audit(who, Action::Refused, (campaign, &format!("API: {said}")), now).await
    }
}

/// The caller, if they have a power.
async fn caller(site: &Site, headers: &HeaderMap, power: Power) -> Result<Caller, Problem> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim);
    let unknown = || {
        let said = "send the header `Authorization: Bearer TOKEN`; an admin makes tokens";
        Problem::new(StatusCode::UNAUTHORIZED, said)
    };
    let now = site.clock.now();
    let found = site.app.of_token(token.ok_or_else(unknown)?, now).await?;
    let (account, scopes) = found.ok_or_else(unknown)?;
    let turn = site.desk.calls.take(account.id).await?;
    let caller = Caller { account, scopes, _turn: turn };
    if let Err(denied) = permission::may(caller.actor(), power) {
        let error = AppError::from(denied);
        caller.note_denied(site, (None, &error.to_string())).await?;
        return Err(error.into());
    }
    Ok(caller)
}

type Id = Result<Path<String>, PathRejection>;

/// The caller, if they have a power, and the campaign that they ask about.
async fn enter(
    site: &Site,
    headers: &HeaderMap,
    power: Power,
    id: Id,
) -> Result<(Caller, Loaded), Problem> {
    let caller = caller(site, headers, power).await?;
    let Path(id) = id?;
    let loaded = site.app.campaign(Some(&id)).await?.seen_by(caller.actor());
    Ok((caller, loaded))
}

/// The day that was asked for, else `or`.
fn day(text: Option<&String>, or: NaiveDate) -> Result<NaiveDate, Problem> {
    text.map_or(Ok(or), |text| {
        parse_day(text).ok_or_else(|| Problem::bad("write a day as 2021-10-20"))
    })
}

async fn campaigns(AskedSite(site): AskedSite, headers: HeaderMap) -> Result<Response, Problem> {
    let caller = caller(&site, &headers, Power::Look).await?;
    let all: Vec<_> = site
        .app
        .campaigns()
        .await?
        .iter()
        .map(|loaded| loaded.seen_by(caller.actor()))
        .filter(|loaded| !loaded.campaign.areas.is_empty())
        .map(|loaded| {
            let campaign = &loaded.campaign;
            json!({
                "campaign": campaign.id, "name": campaign.name, "start": campaign.start,
                "end": campaign.end, "version": loaded.version,
            })
        })
        .collect();
    Ok(Json(all).into_response())
}

#[derive(Deserialize)]
struct Asked {
    as_of: Option<String>,
    by: Option<String>,
}

type Question = Result<Query<Asked>, QueryRejection>;

async fn coverage(
    AskedSite(site): AskedSite,
    id: Id,
    headers: HeaderMap,
    asked: Question,
) -> Result<Response, Problem> {
    let (_, loaded) = enter(&site, &headers, Power::Look, id).await?;
    let Query(asked) = asked?;
    let today = crate::app::today(&loaded.campaign, site.clock.now());
    let as_of = day(asked.as_of.as_ref(), today)?;
    let depth = match asked.by.as_deref() {
        None | Some("group") => Depth::Root,
        Some("area") => Depth::Tree,
        Some(_) => return Err(Problem::bad("`by` is group or area")),
    };
    let mut found = site.app.coverage(&loaded, AsOf::day(as_of), depth).await?;
    // Like `doseplan coverage -o json`: the day of knowledge is given even if it is today.
    found.known_on = Some(today);
    Ok(Json(found).into_response())
}

async fn status(
    AskedSite(site): AskedSite,
    id: Id,
    headers: HeaderMap,
    asked: Question,
) -> Result<Response, Problem> {
    let (_, loaded) = enter(&site, &headers, Power::Look, id).await?;
    let Query(asked) = asked?;
    let now = site.clock.now();
    let as_of = asked.as_of.as_ref().map(|_| day(asked.as_of.as_ref(), NaiveDate::MIN));
    let found = site.app.status(&loaded, as_of.transpose()?, now).await?;
    Ok(Json(found).into_response())
}

async fn plan(AskedSite(site): AskedSite, id: Id, headers: HeaderMap) -> Result<Response, Problem> {
    let (_, loaded) = enter(&site, &headers, Power::Look, id).await?;
    let Some((head, rows)) = site.app.plan(&loaded, None).await? else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "no plan is adopted"));
    };
    let body = json!({
        "plan": head.no, "from": head.from, "figures": head.figures, "unplaced": head.unplaced,
        "rows": rows,
    });
    Ok(Json(body).into_response())
}

async fn due(
    AskedSite(site): AskedSite,
    id: Id,
    headers: HeaderMap,
    asked: Question,
) -> Result<Response, Problem> {
    let (caller, loaded) = enter(&site, &headers, Power::People, id).await?;
    let Query(asked) = asked?;
    let now = site.clock.now();
    let today = crate::app::today(&loaded.campaign, now);
    let by = day(asked.by.as_ref(), today)?;
    let mut lines = site.app.due(&loaded, by, today).await?;
    let visits = site.app.visits(&loaded, lines.iter().filter_map(|line| line.day)).await?;
    lines.retain(|line| visible(caller.actor(), &loaded, line, &visits));
    let said = format!("API: as of {by}, {} people", lines.len());
    let named = (Some(loaded.campaign.id.as_str()), said.as_str());
    site.app.note_audit(&caller.account.name, Action::SeeDue, named, now).await?;
    Ok(Json(lines).into_response())
}

#[derive(Deserialize)]
struct OfCampaign {
    campaign: Option<String>,
}

async fn slots(
    AskedSite(site): AskedSite,
    headers: HeaderMap,
    asked: Result<Query<OfCampaign>, QueryRejection>,
) -> Result<Response, Problem> {
    let caller = caller(&site, &headers, Power::Look).await?;
    let Query(asked) = asked?;
    let meant = site.app.meant(asked.campaign.as_deref()).await?;
    let mut out = Vec::new();
    for loaded in &meant {
        let seen = loaded.seen_by(caller.actor());
        for slot in site.app.open_slots(loaded, site.clock.now()).await? {
            if slot.area.as_ref().is_none_or(|area| !seen.shows(area)) {
                continue;
            }
            let time = slot.shown.time;
            out.push(json!({
                "campaign": loaded.campaign.id, "day": slot.shown.day,
                "place": slot.shown.place, "place_name": slot.shown.place_name,
                "address": slot.shown.address, "phone": slot.shown.phone,
                "from": time.map(|(from, _)| from.to_string()),
                "until": time.map(|(_, until)| until.format("%H:%M").to_string()),
                "seats": slot.seats, "free": slot.free,
            }));
        }
    }
    Ok(Json(out).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    tallies: Vec<Count>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    record: String,
    date: String,
    place: String,
    area: String,
    group: String,
    dose: u8,
    doses: u32,
    /// Whether the count is right though it would be asked about.
    #[serde(default)]
    confirmed: bool,
}

impl Count {
    /// The count as a value of the domain, if its texts are well formed.
    fn tally(self) -> Result<Tally, Problem> {
        let texts = [&self.record, &self.place, &self.area, &self.group];
        let fits = |text: &&String| {
            !text.trim().is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
        };
        if !texts.iter().all(fits) {
            let said = "record, place, area and group are texts of 1 to 200 bytes on one line";
            return Err(Problem::bad(said));
        }
        Ok(Tally {
            record: RecordId::new(self.record.trim()),
            date: day(Some(&self.date), NaiveDate::MIN)?,
            place: PlaceCode::new(self.place.trim()),
            area: AreaCode::new(self.area.trim()),
            group: GroupId::new(self.group.trim()),
            dose: self.dose,
            doses: self.doses,
            campaign: None,
        })
    }
}

async fn tallies(
    AskedSite(site): AskedSite,
    id: Id,
    headers: HeaderMap,
    counts: Result<Json<Counts>, JsonRejection>,
) -> Result<Response, Problem> {
    let (caller, loaded) = enter(&site, &headers, Power::Tally, id).await?;
    let Json(counts) = counts?;
    if counts.tallies.len() > TALLIES_MAX {
        return Err(Problem::bad(format!("{TALLIES_MAX} counts at a time, no more")));
    }
    let sure: BTreeSet<RecordId> = counts
        .tallies
        .iter()
        .filter(|count| count.confirmed)
        .map(|count| RecordId::new(count.record.trim()))
        .collect();
    let sure = if sure.is_empty() { Sure::None } else { Sure::Of(sure) };
    let tallies: Vec<Tally> =
        counts.tallies.into_iter().map(Count::tally).collect::<Result<_, _>>()?;
    let entered = Entered { tallies, sure, ..Entered::default() };
    let now = site.clock.now();
    let by = caller.actor();
    let done = match site.app.enter_tallies(&loaded, ("tallies", "API:"), entered, by, now).await {
        Err(error @ AppError::Denied(_)) => {
            let id = loaded.campaign.id.as_str();
            caller.note_denied(&site, (Some(id), &error.to_string())).await?;
            return Err(error.into());
        }
        done => done?.0,
    };
    let language = crate::domain::campaign::Language::En;
    if !done.issues.is_empty() {
        let said: Vec<String> = done.issues.iter().map(|issue| issue.line(language)).collect();
        return Err(Problem::new(StatusCode::CONFLICT, said.join("; ")));
    }
    site.desk.cache.forget();
    let body = json!({
        "rows": done.rows, "new": done.new, "same": done.same, "corrected": done.corrected,
    });
    Ok(Json(body).into_response())
}
