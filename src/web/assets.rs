//! The style sheet and the script, which are part of the binary.

use super::page::{SCRIPT, STYLE};
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Serves an asset. Its address contains its hash, so that browsers may cache it for ever.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    let (kind, text) = if path == *STYLE {
        ("text/css; charset=utf-8", include_str!("assets/style.css"))
    } else if path == *SCRIPT {
        ("text/javascript; charset=utf-8", include_str!("assets/doseplan.js"))
    } else {
        return (StatusCode::NOT_FOUND, "there is nothing here\n").into_response();
    };
    let keep = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], text).into_response()
}
