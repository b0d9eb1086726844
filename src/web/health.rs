//! `/healthz`: whether the daemon's loops run. `/readyz`: whether it can work.

use super::{Site, within};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// A database that takes longer to answer counts as not ready.
const READY_LIMIT: Duration = Duration::from_secs(2);

/// 200 while every loop of the daemon runs, else 503.
pub(super) async fn alive(State(site): State<Site>) -> Response {
    let loops = [("jobs", &site.hearts.jobs), ("mail", &site.hearts.mail)];
    let dead: Vec<_> = loops.iter().filter(|(_, heart)| !heart.is_alive()).collect();
    let mut body = json!({"alive": dead.is_empty()});
    for (name, heart) in loops {
        body[format!("{name}_silent_secs")] = heart.silent().as_secs().into();
    }
    if dead.is_empty() {
        return said(StatusCode::OK, &body);
    }
    let names: Vec<_> = dead.iter().map(|(name, _)| *name).collect();
    let names = names.join(" and ");
    body["wrong"] =
        format!("no sign of life of {names}; restart the daemon and look at its log").into();
    said(StatusCode::SERVICE_UNAVAILABLE, &body)
}

/// 200 when the database answers and has this program's migrations, else 503. The body names a hold on sending.
pub(super) async fn ready(State(site): State<Site>) -> Response {
    let app = site.app.clone();
    match within(READY_LIMIT, &site.ready_gate, async move { app.ready().await }).await {
        Ok(hold) => {
            let hold = hold.map(|hold| json!({"why": hold.why, "said": hold.said}));
            said(StatusCode::OK, &json!({"ready": true, "sending_held": hold}))
        }
        Err(wrong) => {
            said(StatusCode::SERVICE_UNAVAILABLE, &json!({"ready": false, "wrong": wrong}))
        }
    }
}

fn said(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
