//! What the daemon serves over HTTP: the dashboard, the API, liveness, readiness and metrics. Pages show what `app`
//! decides and have no rules of their own.
//!
//! Slow or greedy clients cannot tie it up: connections, heads, bodies and answers have limits, readings take turns,
//! and only one reading of each kind of figure runs at a time.

mod accounts;
mod api;
mod asked_days;
mod assets;
mod authentication;
mod booking;
mod bookings;
mod bulletin;
mod calendar;
mod calls;
mod campaigns;
mod catch_up;
mod cells;
mod compare;
mod connections;
mod daily;
mod delivery;
mod draw;
mod due;
mod feeds;
mod health;
mod history;
mod home;
mod homes;
mod hooks;
mod imports;
mod inbox;
mod jobs;
mod kept;
mod login_page;
mod mail;
mod map;
mod map_areas;
mod map_outlines;
mod me;
mod metrics;
mod month;
mod national;
mod national_births;
mod national_desk;
mod national_people;
mod national_pupils;
mod national_survey;
mod navigation;
mod oidc;
mod once;
mod outlines;
mod overview;
mod page;
mod page_context;
mod person;
mod person_seats;
mod person_tables;
mod place;
mod place_form;
mod place_lock;
mod plan;
mod powers;
mod products;
mod records;
mod reports;
mod roster;
mod routes;
mod schools;
mod search;
mod searching;
mod second_factor;
mod setup;
mod smart;
mod source;
mod stale_cache;
mod stock;
mod supply;
mod system;
mod table;
mod table_show;
mod table_view;
mod tally;
mod tls;
mod turns;
mod unread;
mod unsubscribe;
mod upload;
mod visitor;
mod what_if;
mod words;

use crate::app::{App, AppError};
use crate::clock::{Clock, Hearts};
use crate::jobs::runner::{Reload, Runner};
use crate::jobs::timetable::Timetable;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio::time::timeout;

use connections::Answers;
pub use connections::{END_MAX, listen};
pub use tls::{BadCertificate, Tls};

/// The most bytes of a request's body.
const BODY_MAX: usize = 64 << 10;
/// Time limit for the body to arrive and the answer to be ready.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// The same for an upload, which may come over a slow line.
const UPLOAD_LIMIT: Duration = Duration::from_mins(2);

/// What all pages share.
#[derive(Debug, Clone)]
pub struct Site {
    app: App,
    clock: Clock,
    /// By which logins end: in a replay, weeks of the campaign pass between two clicks.
    login_clock: Clock,
    hearts: Arc<Hearts>,
    timetable: Arc<Timetable>,
    asked: Arc<Notify>,
    reload: watch::Receiver<Option<Arc<Reload>>>,
    ready_gate: Arc<Mutex<()>>,
    metrics_gate: Arc<Mutex<()>>,
    leave_gate: Arc<Mutex<()>>,
    hook_gate: Arc<Mutex<()>>,
    /// When a refused call of a service was last written into the audit log.
    hook_noted: Arc<std::sync::Mutex<Option<tokio::time::Instant>>>,
    shown: Arc<std::sync::Mutex<metrics::Shown>>,
    desk: Arc<Desk>,
    /// What every connection is encrypted with.
    tls: Option<Arc<Tls>>,
    /// The file of the configuration, where the daemon has one.
    configuration: Option<Arc<Path>>,
}

/// The most passwords that are hashed at a time.
const HASHING: usize = 2;

/// State of the dashboard in memory.
#[derive(Debug)]
struct Desk {
    cache: stale_cache::StaleCache,
    searches: searching::Searches,
    supposed: what_if::Answers,
    /// Files that are being imported.
    importing: imports::Importing,
    /// The backup that was asked for last.
    backing: system::Backing,
    national: national_desk::Results,
    /// Readings of pages, and calls of the API.
    turns: Arc<turns::Turns>,
    calls: Arc<turns::Turns>,
    hashing: Semaphore,
    /// How often networks ask the booking pages.
    booking: booking::limits::Limits,
    /// What other programs read of sessions, as it was read last.
    slots: smart::SlotCache,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            cache: stale_cache::StaleCache::default(),
            searches: searching::Searches::default(),
            supposed: what_if::Answers::default(),
            importing: imports::Importing::default(),
            backing: system::Backing::default(),
            national: national_desk::Results::default(),
            turns: Arc::default(),
            calls: Arc::default(),
            hashing: Semaphore::new(HASHING),
            booking: booking::limits::Limits::default(),
            slots: smart::SlotCache::default(),
        }
    }
}

impl Site {
    /// The site of a daemon with this timetable.
    pub fn new(runner: &Runner, clock: Clock) -> Self {
        Self {
            app: runner.app.clone(),
            login_clock: clock.clone(),
            clock,
            hearts: Arc::clone(&runner.hearts),
            timetable: Arc::new(runner.timetable.clone()),
            asked: Arc::clone(&runner.asked),
            reload: runner.reload.subscribe(),
            ready_gate: Arc::default(),
            metrics_gate: Arc::default(),
            leave_gate: Arc::default(),
            hook_gate: Arc::default(),
            hook_noted: Arc::default(),
            shown: Arc::default(),
            desk: Arc::default(),
            tls: None,
            configuration: None,
        }
    }

    /// The same site, whose connections are encrypted if there is something to do it with.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls: tls.map(Arc::new), ..self }
    }

    /// The same site, with the file of its configuration.
    #[must_use]
    pub fn with_configuration(self, file: &Path) -> Self {
        Self { configuration: Some(file.into()), ..self }
    }

    /// The same site, whose logins end by another clock.
    #[must_use]
    pub fn with_login_clock(self, login_clock: Clock) -> Self {
        Self { login_clock, ..self }
    }

    /// Takes over a changed configuration; says whether there was one.
    fn renew(&mut self) -> bool {
        let Ok(true) = self.reload.has_changed() else { return false };
        if let Some(new) = self.reload.borrow_and_update().clone() {
            self.app.config = new.config.clone();
            self.timetable = Arc::new(new.timetable.clone());
        }
        true
    }

    fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(metrics::metrics))
            .route("/u/{token}", get(unsubscribe::question).post(unsubscribe::leave))
            .merge(
                Router::new()
                    .route("/hooks/{name}", post(hooks::signed))
                    .route("/hooks/{name}/{token}", post(hooks::with_token))
                    .layer(DefaultBodyLimit::max(hooks::PUSHED_MAX)),
            )
            .merge(routes::pages(&self))
            .fallback(|headers: HeaderMap| async move {
                (StatusCode::NOT_FOUND, plain(&headers, "web-nothing-here"))
            })
            .with_state(self)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .layer(from_fn(guarded))
    }
}

/// Runs a reading of the database, one of each kind at a time, and waits no longer than `limit` for it. The reading
/// itself is never cancelled: a transaction that is dropped while it begins would stay open on its connection.
async fn within<T: Send + 'static>(
    limit: Duration,
    gate: &Arc<Mutex<()>>,
    work: impl Future<Output = Result<T, AppError>> + Send + 'static,
) -> Result<T, String> {
    let late = |_| format!("the database has not answered within {} s", limit.as_secs());
    let gate = Arc::clone(gate);
    let answer = async move {
        let turn = gate.lock_owned().await;
        let work = tokio::spawn(async move {
            let result = work.await;
            drop(turn);
            result
        });
        match work.await {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    };
    let said = timeout(limit, answer).await.map_err(late).flatten();
    said.map_err(|error| crate::mail::mask::addresses(&crate::secrets::masked(&error)).into_owned())
}

/// The longest body that an address takes, in bytes, and how long its answer may take.
fn limits(path: &str) -> (usize, Duration) {
    match path {
        "/upload" | "/national/survey" => (upload::UPLOAD_MAX, UPLOAD_LIMIT),
        "/imports" => (imports::IMPORT_MAX, UPLOAD_LIMIT),
        "/outlines" => (outlines::FORM_MAX, UPLOAD_LIMIT),
        path if path.starts_with("/hooks/") => (hooks::PUSHED_MAX, ANSWER_LIMIT),
        _ => (BODY_MAX, ANSWER_LIMIT),
    }
}

/// Limits the time of every answer, and adds headers that keep browsers from running or embedding anything foreign.
async fn guarded(request: Request, next: Next) -> Response {
    let asked_in = request.headers().clone();
    let (body_max, limit) = limits(request.uri().path());
    let too_long = |length| length > body_max as u64;
    let mut response = if length(request.headers()).is_some_and(too_long) {
        // The address of a service's hook is a secret, and so is that of somebody's booking page.
        let path = match request.uri().path() {
            path if path.starts_with("/hooks/") => "/hooks/…".to_owned(),
            path if path.starts_with("/b/") => "/b/…".to_owned(),
            path => crate::mail::safe::sentence(path),
        };
        tracing::warn!(%path, limit = body_max, "a body that is too long was refused");
        (StatusCode::PAYLOAD_TOO_LARGE, plain(&asked_in, "web-too-long")).into_response()
    } else {
        // The work is never cancelled: a transaction dropped while it begins would stay open on its connection.
        let work = tokio::spawn(next.run(request));
        match timeout(limit, work).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::error!(%error, "an answer could not be made");
                (StatusCode::INTERNAL_SERVER_ERROR, plain(&asked_in, "web-broken")).into_response()
            }
            Err(_) => {
                (StatusCode::REQUEST_TIMEOUT, plain(&asked_in, "web-too-slow")).into_response()
            }
        }
    };
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A line of the catalogue in the language of whoever asks.
fn plain(headers: &HeaderMap, key: &str) -> String {
    words::T(login_page::language(headers)).w(key) + "\n"
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Serves until `end`, then lets requests under way finish.
pub async fn serve(listener: TcpListener, mut site: Site, end: impl Future<Output = ()>) {
    let (desk, tls) = (Arc::clone(&site.desk), site.tls.clone());
    // The figures are there when the first page is asked for; where they cannot be read, the page says so.
    let app = site.app.clone();
    let warming = tokio::spawn(async move {
        if let Err(error) = app.warm_counts().await {
            tracing::debug!(%error, "figures could not be read ahead");
        }
    });
    let end = async {
        end.await;
        warming.abort();
        desk.searches.end();
        desk.supposed.end();
    };
    let answers = |site: &Site| Answers {
        router: site.clone().router(),
        config: site.app.config.http.clone(),
    };
    let first = (answers(&site), tls);
    let renewed = move || site.renew().then(|| answers(&site));
    connections::serve(listener, first, renewed, end).await;
}

/// Serves the booking pages until `end`, then lets requests under way finish.
pub async fn serve_booking(listener: TcpListener, mut site: Site, end: impl Future<Output = ()>) {
    let answers = |site: &Site| Answers {
        router: booking::router(site.clone()),
        config: site.app.config.http.clone(),
    };
    let first = (answers(&site), site.tls.clone());
    let renewed = move || site.renew().then(|| answers(&site));
    connections::serve(listener, first, renewed, end).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_that_does_not_answer_is_waited_for_once_and_then_asked_again() {
        let gate = Arc::default();
        let limit = Duration::from_millis(60);
        let (answer, answered) = tokio::sync::oneshot::channel::<()>();
        let slow = async move {
            drop(answered.await);
            Ok(1)
        };
        assert!(within(limit, &gate, slow).await.is_err());
        // The first reading still runs, so no second one begins.
        let second =
            within::<i32>(limit, &gate, async { unreachable!("it must wait for its turn") });
        assert!(second.await.is_err_and(|said: String| said.contains("not answered")));
        drop(answer);
        let third = within(Duration::from_secs(5), &gate, async { Ok(3) });
        assert_eq!(third.await, Ok(3));
        let failed = async { Err::<(), _>(AppError::Busy("no to zhao@home.example".into())) };
        let said = within(limit, &gate, failed).await;
        assert_eq!(said, Err("no to (address)".to_owned()));
    }
}
