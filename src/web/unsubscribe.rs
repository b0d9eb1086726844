//! The unsubscribe page that a reminder's link opens. Opening it changes nothing, because mail programs follow links by
//! themselves; only the button, or the one-click POST of a mail program (RFC 8058), does.

use super::source::AskedSite;
use super::within;
use crate::app::unsubscribing::Done;
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::text::word;
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use std::time::Duration;

/// What the audit log calls a reader with a mail's link. No account can have this name.
const READER: &str = "(reader)";
/// Time limit for the database.
const LIMIT: Duration = Duration::from_secs(10);

/// Shows the question and the button.
pub(super) async fn question() -> Response {
    let ask = both(|language| word(language, "leave-ask"));
    let button = both(|language| word(language, "leave-button"));
    page(&format!("<p>{ask}</p><form method=\"post\"><button>{button}</button></form>"))
        .into_response()
}

/// Stops reminders to the reader of the mail with this token.
pub(super) async fn leave(AskedSite(site): AskedSite, Path(token): Path<String>) -> Response {
    let (app, now) = (site.app.clone(), site.clock.now());
    let work = async move {
        let done = app.unsubscribe(&token, "link", now).await?;
        if done == Done::Done {
            app.note_audit(READER, Action::Unsubscribe, (None, "by a mail's link"), now).await?;
        }
        Ok(done)
    };
    let said = match within(LIMIT, &site.leave_gate, work).await {
        Ok(Done::Done | Done::Already) => (StatusCode::OK, "leave-done"),
        Ok(Done::Unknown) => (StatusCode::NOT_FOUND, "leave-unknown"),
        Err(error) => {
            tracing::error!(%error, "somebody could not unsubscribe");
            (StatusCode::SERVICE_UNAVAILABLE, "leave-later")
        }
    };
    let text = both(|language| word(language, said.1));
    (said.0, page(&format!("<p>{text}</p>"))).into_response()
}

/// The page in both languages, since the reader's is not known here.
fn both(text: impl Fn(Language) -> String) -> String {
    format!("{} · {}", text(Language::ZhCn), text(Language::En))
}

fn page(body: &str) -> ([(HeaderName, &'static str); 1], Html<String>) {
    let own = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
               frame-ancestors 'none'; base-uri 'none'";
    let html = Html(format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>doseplan</title>\
         <style>body{{font:1.1rem sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}\
         button{{font:inherit;padding:.6rem 1.2rem}}</style>{body}</html>\n"
    ));
    ([(header::CONTENT_SECURITY_POLICY, own)], html)
}
