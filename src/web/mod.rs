//! What the daemon answers over HTTP: whether it lives, whether it can work, its figures. No page has a rule of its
//! own.
//!
//! Nobody can tie it up: connections, heads, bodies and answers have limits, and of each kind of question only one
//! goes to the database at a time.

mod health;
mod metrics;
mod unsubscribe;

use crate::app::{App, AppError};
use crate::clock::{Clock, Hearts};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections at once; more wait to be taken.
const CONNECTIONS_MAX: usize = 128;
/// Bytes of a body.
const BODY_MAX: usize = 64 << 10;
/// Bytes of a head.
const HEAD_MAX: usize = 16 << 10;
/// A head must be in by then, the first one and each next one of a connection.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// A body must be in, and its answer ready, by then.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// A connection takes no further question after so long, and is cut soon after: who reads slowly shall not keep it.
const CONNECTION_LIMIT: Duration = Duration::from_mins(5);
/// What is under way gets so long to end when the daemon stops.
pub const END_MAX: Duration = Duration::from_secs(2);

/// What the pages read from.
#[derive(Debug, Clone)]
pub struct Site {
    app: App,
    clock: Clock,
    hearts: Arc<Hearts>,
    ready_gate: Arc<Mutex<()>>,
    metrics_gate: Arc<Mutex<()>>,
    leave_gate: Arc<Mutex<()>>,
    shown: Arc<std::sync::Mutex<metrics::Shown>>,
}

impl Site {
    /// The site of a daemon whose loops have these hearts.
    pub fn new(app: App, clock: Clock, hearts: Arc<Hearts>) -> Self {
        Self {
            app,
            clock,
            hearts,
            ready_gate: Arc::default(),
            metrics_gate: Arc::default(),
            leave_gate: Arc::default(),
            shown: Arc::default(),
        }
    }

    fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(metrics::metrics))
            .route("/u/{token}", get(unsubscribe::question).post(unsubscribe::leave))
            .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here\n") })
            .with_state(self)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .layer(from_fn(guarded))
    }
}

/// Runs what asks the database, one of a kind at a time, and waits for it no longer than `limit`. The work itself is
/// never cut: a transaction that is dropped while it begins would stay open on its connection.
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
    said.map_err(|error| crate::mail::mask::addresses(&error).into_owned())
}

/// Limits every answer, and tells browsers to do as little as possible with it.
async fn guarded(request: Request, next: Next) -> Response {
    let mut response = if length(request.headers()).is_some_and(|length| length > BODY_MAX as u64) {
        (StatusCode::PAYLOAD_TOO_LARGE, "too long\n").into_response()
    } else {
        timeout(ANSWER_LIMIT, next.run(request))
            .await
            .unwrap_or_else(|_| (StatusCode::REQUEST_TIMEOUT, "too slow\n").into_response())
    };
    let set = |name: HeaderName, value| (name, HeaderValue::from_static(value));
    response.headers_mut().extend([
        set(header::CACHE_CONTROL, "no-store"),
        set(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
        set(header::REFERRER_POLICY, "no-referrer"),
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        set(header::X_FRAME_OPTIONS, "DENY"),
    ]);
    response
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Answers until `end`, then lets what is under way end.
pub async fn serve(listener: TcpListener, site: Site, end: impl Future<Output = ()>) {
    let router = site.router();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut open = JoinSet::new();
    let mut end = std::pin::pin!(end);
    loop {
        let taken = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place.expect("the semaphore is never closed"), listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            taken = taken => taken,
            () = &mut end => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone(), graceful.watcher());
                open.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Too many open files, as a rule: it passes.
                tracing::warn!(%error, "a connection could not be taken");
                sleep(Duration::from_millis(200)).await;
            }
        }
        while open.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = timeout(END_MAX, graceful.shutdown()).await;
    open.abort_all();
}

async fn connection(
    stream: TcpStream,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A connection that ends badly is the client's matter.
    let _ = timeout(CONNECTION_LIMIT, watcher.watch(served)).await;
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
        // The first one is still at work: no second question goes to the database.
        let second =
            within::<i32>(limit, &gate, async { unreachable!("it must wait for its turn") });
        assert!(second.await.is_err_and(|said: String| said.contains("not answered")));
        drop(answer);
        let third = within(Duration::from_secs(5), &gate, async { Ok(3) });
        assert_eq!(third.await, Ok(3));
        let failed = async { Err::<(), _>(AppError::Refused("no to zhao@home.example".into())) };
        let said = within(limit, &gate, failed).await;
        assert_eq!(said, Err("no to (address)".to_owned()));
    }
}
