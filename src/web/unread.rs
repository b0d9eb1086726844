//! Requests that cannot be read: a form without its fields, an address with a wrong number, a body that is too long.
//! What the framework says of them in English becomes a page in the language of whoever asks.

use super::login_page::language;
use super::page::Refusal;
use super::words::T;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The answers that the framework makes by itself.
const UNREAD: [StatusCode; 6] = [
    StatusCode::BAD_REQUEST,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::LENGTH_REQUIRED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// Whether an answer is the framework's: the program's own ones are pages.
pub(super) fn is_unread(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    UNREAD.contains(&response.status())
        && kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

/// Says it in the house's words.
pub(super) async fn in_words(request: Request, next: Next) -> Response {
    let t = T(language(request.headers()));
    let is_form = request.method() == Method::POST;
    let response = next.run(request).await;
    if !is_unread(&response) {
        return response;
    }
    let key = match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => "web-too-long",
        _ if is_form => "web-bad-form",
        _ => "web-bad-address",
    };
    let mut page = Refusal::new(response.status(), t, key).into_response();
    if let Some(methods) = response.headers().get(header::ALLOW) {
        page.headers_mut().insert(header::ALLOW, methods.clone());
    }
    page
}
