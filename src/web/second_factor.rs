//! The visitor's second factor: set up with a QR code, a link or by hand, confirmed with a code; new recovery codes;
//! taken away.

use super::Site;
use super::accounts::{time, timezone};
use super::authentication::{too_many, too_many_codes, try_password};
use super::page::{Page, Refusal, framed};
use super::source::{AskedSite, Source};
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::app::second_factor::{FactorState, Tried};
use crate::app::sign_in;
use crate::domain::second_factor::{self as factor, Given};
use askama::Template;
use axum::Extension;
use axum::extract::Form;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;
use std::fmt::Write as _;

/// White squares around a QR code (ISO/IEC 18004, section 9.1).
const QUIET: usize = 4;

#[derive(Default, Template)]
#[template(path = "web/second.html")]
struct Main {
    t: T,
    wrong: String,
    action: String,
    /// Nothing else is to be had before it is set up.
    must: bool,
    /// New recovery codes, shown once.
    codes: Vec<String>,
    /// The black squares of the code, and how many squares wide it is.
    qr: String,
    width: usize,
    link: String,
    secret: String,
    /// Since when it is set up, and how many recovery codes are left.
    since: String,
    left: String,
    may_remove: bool,
}

/// A QR code as the path of an SVG, with its width in squares.
fn drawn(text: &str) -> (String, usize) {
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.expect("the address is short enough for a QR code");
    let (width, squares) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in squares.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                write!(path, "M{left} {top}h{length}v1h-{length}z").expect("memory takes text");
            }
            x += run.len();
        }
    }
    (path, width + 2 * QUIET)
}

/// The page.
pub(super) async fn page(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&site, &visitor, &headers, (StatusCode::OK, String::new(), Vec::new())).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    (status, wrong, codes): (StatusCode, String, Vec<String>),
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let found = site.app.second_factor(&visitor.account, &visitor.token).await.map_err(fail)?;
    let action = format!("/me/second?csrf={}", visitor.csrf());
    let is_set_up = matches!(found.state, FactorState::SetUp { .. });
    let must = found.is_required && !is_set_up;
    let may_remove = !found.is_required;
    let mut main = Main { t, wrong, action, must, codes, may_remove, ..Main::default() };
    match found.state {
        FactorState::Absent => {}
        FactorState::Begun(secret) => {
            main.link = factor::address(&secret, &visitor.account.name);
            (main.qr, main.width) = drawn(&main.link);
            main.secret = factor::shown_secret(&secret);
        }
        FactorState::SetUp { since, recovery_left } => {
            let zone = timezone(&site.app).await.map_err(fail)?;
            main.since = t.say("web-second-since", &[("since", &time(zone, since))]);
            main.left = t.say("web-second-left", &[("count", &recovery_left)]);
        }
    }
    let page = Page::new(t.w("web-second"), "me", &main);
    let page = framed(Some(visitor), (t, &visitor.here), None, &page, headers);
    Ok((status, page).into_response())
}

#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(rename = "do")]
    what: String,
    password: Option<String>,
    code: Option<String>,
}

/// What a form led to: a page with new codes, why not, or the page anew.
enum Led {
    Anew,
    Codes(Vec<String>),
    Wrong(StatusCode, String),
}

/// One of the forms.
pub(super) async fn act(
    AskedSite(site): AskedSite,
    Extension(source): Extension<Source>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let shown = match done(&site, source, &visitor, sent).await {
        Ok(Led::Anew) => return Ok(Redirect::to("/me/second").into_response()),
        Ok(Led::Codes(codes)) => (StatusCode::OK, String::new(), codes),
        Ok(Led::Wrong(status, said)) => (status, said, Vec::new()),
        Err(AppError::Refused(said)) => (StatusCode::CONFLICT, said.words(t.0), Vec::new()),
        Err(error) => return Err(Refusal::of(t, &error)),
    };
    show(&site, &visitor, &headers, shown).await
}

async fn done(
    site: &Site,
    source: Source,
    visitor: &Visitor,
    sent: Sent,
) -> crate::app::Result<Led> {
    let (t, account, token) = (visitor.t(), &visitor.account, visitor.token.as_str());
    let now = site.login_clock.now();
    let code = sent.code.unwrap_or_default();
    let led = |tried: Tried<Vec<String>>| match tried {
        Tried::Right(codes) if codes.is_empty() => Led::Anew,
        Tried::Right(codes) => Led::Codes(codes),
        Tried::Wrong | Tried::Over => Led::Wrong(StatusCode::FORBIDDEN, t.w("web-code-wrong")),
        Tried::Used => Led::Wrong(StatusCode::FORBIDDEN, t.w("web-code-used")),
        Tried::Early(secs) => Led::Wrong(StatusCode::TOO_MANY_REQUESTS, too_many_codes(t, secs)),
    };
    match sent.what.as_str() {
        "begin" => {
            let given = (account.name.as_str(), &*sent.password.unwrap_or_default());
            let wrong = match try_password(site, source, given).await? {
                sign_in::Tried::Right(_) => {
                    site.app.begin_factor(account, token, now).await?;
                    return Ok(Led::Anew);
                }
                sign_in::Tried::Wrong => (StatusCode::FORBIDDEN, t.w("web-wrong-password")),
                sign_in::Tried::Early(secs) => (StatusCode::TOO_MANY_REQUESTS, too_many(t, secs)),
            };
            Ok(Led::Wrong(wrong.0, wrong.1))
        }
        "confirm" => site.app.confirm_factor(account, (token, &code), now).await.map(led),
        "codes" => {
            let given = Given::read(&code);
            site.app.renew_recovery_codes(account, &given, now).await.map(led)
        }
        "remove" => {
            let given = Given::read(&code);
            let tried = site.app.remove_factor(account, (token, &given), now).await?;
            Ok(led(match tried {
                Tried::Right(()) => Tried::Right(Vec::new()),
                Tried::Wrong => Tried::Wrong,
                Tried::Used => Tried::Used,
                Tried::Early(secs) => Tried::Early(secs),
                Tried::Over => Tried::Over,
            }))
        }
        _ => Err(AppError::refused("refused-form", &[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_is_drawn_square_by_square() {
        let text = factor::address(&[7; factor::SECRET_BYTES], "zhao");
        let (path, width) = drawn(&text);
        let code = QrCode::with_error_correction_level(&text, EcLevel::M).unwrap();
        assert_eq!(width, code.width() + 2 * QUIET);
        // Each piece `Mx yhN…` blackens N squares from x on.
        let mut black = std::collections::BTreeSet::new();
        for piece in path.split('M').skip(1) {
            let (x, rest) = piece.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let length: usize = rest.split('v').next().unwrap().parse().unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            black.extend((x..x + length).map(|x| (x - QUIET, y - QUIET)));
        }
        for y in 0..code.width() {
            for x in 0..code.width() {
                assert_eq!(black.contains(&(x, y)), code[(x, y)] == Color::Dark, "{x} {y}");
            }
        }
    }
}
