//! Accounts, tokens of programs, and the audit log.

use super::Site;
use super::page::{Page, Refusal, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::{App, AppError, audit_words};
use crate::domain::account::{Role, Scope};
use crate::text::harmless;
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The combinations of scopes that the form offers.
const SCOPES: [&str; 4] = ["read", "read people", "read tally", "read people tally"];
/// Lines of the audit log on one page.
const LINES: i64 = 200;

#[derive(Template)]
#[template(path = "web/accounts.html")]
struct Main {
    t: T,
    wrong: String,
    secret: String,
    csrf: String,
    once: String,
    accounts: Table,
    names: Vec<String>,
    roles: Vec<(&'static str, String)>,
    /// What the form sends, and what it says.
    scopes: [(&'static str, String); 4],
    tokens: Table,
    /// What is said of identities; empty where no sign-in service is configured.
    oidc: String,
}

/// The page with every account and token.
pub(super) async fn accounts(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&site, &visitor, &headers, (StatusCode::OK, String::new(), String::new())).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    (status, wrong, secret): (StatusCode, String, String),
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let all = site.app.account_views(site.login_clock.now()).await.map_err(fail)?;
    let oidc = site.app.config.oidc.as_ref();
    let columns = ["name", "=role", "places", "areas", "=second", "#logins", "identity"];
    let columns = if oidc.is_some() { &columns[..] } else { &columns[..6] };
    let mut accounts = Table::of(t, "web-accounts", columns);
    let names = Names::of(&site.app).await.map_err(fail)?;
    for one in &all {
        let role = t.w(&format!("role-{}", one.role.word()));
        let second = t.w(&format!("factor-{}", one.second_factor_word()));
        let cells = [
            Cell::head(one.name.clone()),
            Cell::text(role),
            named(t, &one.held, |code| names.place(code)),
            named(t, &one.areas, |code| names.areas.get(code).cloned()),
            Cell::text(second),
        ]
        .into_iter();
        let identity = oidc.map(|_| Cell::text(one.identity.clone().unwrap_or_default()));
        accounts.rows.push(cells.chain([Cell::count(one.logins)]).chain(identity).collect());
    }
    let mut tokens = Table::of(t, "web-tokens", &["id", "account", "name", "scopes", "used"]);
    let zone = timezone(&site.app).await.map_err(fail)?;
    for one in site.app.tokens().await.map_err(fail)? {
        tokens.rows.push(vec![
            Cell::head(one.id.to_string()),
            Cell::text(one.account),
            Cell::text(one.name),
            Cell::text(scope_words(t, one.scopes.iter().map(|scope| scope.word()))),
            Cell::text(one.used_at.map(|at| time(zone, at)).unwrap_or_default()),
        ]);
    }
    let main = Main {
        t,
        wrong,
        secret,
        csrf: visitor.csrf(),
        once: super::once::name(),
        accounts,
        names: all.into_iter().map(|one| one.name).collect(),
        roles: Role::ALL
            .iter()
            .rev()
            .map(|role| (role.word(), t.w(&format!("role-{}", role.word()))))
            .collect(),
        scopes: SCOPES.map(|scopes| (scopes, scope_words(t, scopes.split(' ')))),
        tokens,
        oidc: oidc.map_or_else(String::new, |it| t.say("web-oidc-help", &[("claim", &it.claim)])),
    };
    let page = Page::new(t.w("web-accounts"), "accounts", &main);
    let page = page.with(vec![main.accounts, main.tokens]);
    let page = framed(Some(visitor), (t, &visitor.here), None, &page, headers);
    Ok((status, page).into_response())
}

/// What scopes are called.
fn scope_words<'a>(t: T, scopes: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = scopes.map(|scope| t.w(&format!("scope-{scope}"))).collect();
    words.join(&t.w("mail-separator"))
}

/// What codes of accounts are called.
struct Names {
    /// By campaign and code.
    places: BTreeMap<(String, String), String>,
    areas: BTreeMap<String, String>,
}

impl Names {
    async fn of(app: &App) -> crate::app::Result<Self> {
        let areas = app.area_names().await?.into_iter();
        let areas = areas.map(|(code, name)| (code.to_string(), name)).collect();
        let mut places = BTreeMap::new();
        for loaded in app.campaigns().await? {
            let campaign = &loaded.campaign;
            let sites = campaign.sites.iter().map(|one| (one.code.to_string(), &one.name));
            let teams = campaign.teams.iter().map(|one| (one.code.to_string(), &one.name));
            let stops = campaign.stops.iter().map(|one| (one.code.to_string(), &one.name));
            for (code, name) in sites.chain(stops).chain(teams) {
                places.insert((campaign.id.to_string(), code), name.clone());
            }
        }
        Ok(Self { places, areas })
    }

    /// The name of `flu-2026/S01`.
    fn place(&self, held: &str) -> Option<String> {
        let (campaign, code) = held.split_once('/')?;
        self.places.get(&(campaign.to_owned(), code.to_owned())).cloned()
    }
}

/// The names of codes, each once; the codes on hover and in files. A code without a name stands for itself.
fn named(t: T, codes: &[String], name: impl Fn(&str) -> Option<String>) -> Cell {
    let mut names: Vec<String> = Vec::new();
    for code in codes {
        let name = harmless(&name(code).unwrap_or_else(|| code.clone()));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Cell::named(names.join(&t.w("mail-separator")), codes.join(" "))
}

/// An instant as the clocks of the jurisdiction show it; without any campaign, as the world's time.
pub(super) fn time(timezone: Tz, millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map(|at| at.with_timezone(&timezone))
        .map(|at| match timezone {
            Tz::UTC => at.format("%Y-%m-%d %H:%M UTC").to_string(),
            _ => at.format("%Y-%m-%d %H:%M").to_string(),
        })
        .unwrap_or_default()
}

/// The time zone of the jurisdiction: that of its first campaign.
pub(super) async fn timezone(app: &App) -> crate::app::Result<Tz> {
    let all = app.campaigns().await?;
    Ok(all.first().map_or(Tz::UTC, |loaded| loaded.campaign.timezone))
}

/// The fields of every form on the page; the address says which form was sent.
#[derive(Deserialize)]
pub(super) struct Given {
    name: Option<String>,
    role: Option<String>,
    places: Option<String>,
    areas: Option<String>,
    password: Option<String>,
    account: Option<String>,
    scopes: Option<String>,
    id: Option<i64>,
    once: Option<String>,
    /// Present where tokens outlive the old password.
    keep: Option<String>,
    /// What the sign-in service calls somebody.
    identity: Option<String>,
    /// What becomes of a second factor.
    #[serde(rename = "do")]
    what: Option<String>,
}

/// Carries out what a form asks for.
pub(super) async fn change(
    AskedSite(site): AskedSite,
    Extension(mut visitor): Extension<Visitor>,
    Path(what): Path<String>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    // The page is one of accounts, whichever form it answers.
    "/accounts".clone_into(&mut visitor.here);
    match act(&site.app, &what, given, &visitor, site.clock.now()).await {
        Ok(None) => Ok(Redirect::to("/accounts").into_response()),
        // The secret is shown once, in the answer to the form itself, and never in an address.
        Ok(Some(secret)) => {
            show(&site, &visitor, &headers, (StatusCode::OK, String::new(), secret)).await
        }
        Err(AppError::Refused(said)) => {
            let said = said.words(t.0);
            show(&site, &visitor, &headers, (StatusCode::CONFLICT, said, String::new())).await
        }
        Err(error) => Err(Refusal::of(t, &error)),
    }
}

async fn act(
    app: &App,
    what: &str,
    given: Given,
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> crate::app::Result<Option<String>> {
    let by = visitor.actor();
    let name = given.name.unwrap_or_default();
    let name = name.trim();
    let password = given.password.unwrap_or_default();
    match what {
        "add" => {
            let role = given.role.as_deref().and_then(Role::from_word);
            let role = role.ok_or_else(|| AppError::refused("refused-role", &[]))?;
            let codes = |text: Option<String>| -> Vec<String> {
                text.iter().flat_map(|all| all.split_whitespace()).map(str::to_owned).collect()
            };
            let (places, areas) = (codes(given.places), codes(given.areas));
            app.add_account_of(name, (role, &places, &areas), &password, by, now).await?;
        }
        "password" => app.set_password(name, (&password, given.keep.is_some()), by, now).await?,
        "remove" => {
            if name == visitor.account.name {
                return Err(AppError::refused("refused-own-account", &[]));
            }
            app.remove_account(name, by, now).await?;
        }
        "second" => match given.what.as_deref() {
            Some("reset") => {
                app.reset_factor(name, by, now).await?;
            }
            Some("require") => app.require_factor((name, true), by, now).await?,
            Some("free") => app.require_factor((name, false), by, now).await?,
            _ => return Err(AppError::refused("refused-form", &[])),
        },
        "identity" => match given.identity.as_deref().map(str::trim).unwrap_or_default() {
            "" => {
                app.release_identity(name, by, now).await?;
            }
            identity => app.bind_identity((name, identity), by, now).await?,
        },
        "logins" => {
            let own = if name == visitor.account.name { visitor.token.as_str() } else { "" };
            app.end_logins((name, own), by, now).await?;
        }
        "token" => {
            let words = given.scopes.unwrap_or_default();
            let scopes: Vec<Scope> =
                words.split_whitespace().filter_map(Scope::from_word).collect();
            let account = given.account.unwrap_or_default();
            let once = super::once::given(given.once.as_deref());
            let once = once.ok_or_else(|| AppError::refused("refused-form", &[]))?;
            return app.add_token(&account, name, (&scopes, Some(once)), by, now).await.map(Some);
        }
        "token-remove" => {
            app.remove_token(given.id.unwrap_or(0), by, now).await?;
        }
        _ => return Err(AppError::refused("refused-form", &[])),
    }
    Ok(None)
}

#[derive(Deserialize)]
pub(super) struct Lines {
    who: Option<String>,
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "web/audit.html")]
struct Audit {
    t: T,
    who: String,
    table: Table,
    older: String,
}

/// The audit log, newest first.
pub(super) async fn audit(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Lines>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let who = asked.who.unwrap_or_default();
    let before = asked.before.unwrap_or(i64::MAX);
    let found = site.app.audit(Some(&audit_words::author_of(&who)), before, LINES).await;
    let found = found.map_err(|error| Refusal::of(t, &error))?;
    let zone = timezone(&site.app).await.map_err(|error| Refusal::of(t, &error))?;
    let full = i64::try_from(found.len()).unwrap_or(0) == LINES;
    let last = found.last().filter(|_| full).map(|entry| entry.id);
    let mut table =
        Table::of(t, "web-audit", &["#nr", "when", "=who", "address", "=did", "=campaign", "said"]);
    for entry in found {
        let details = audit_words::details(t.0, zone, &entry);
        table.rows.push(vec![
            Cell::number(entry.nr.map(|nr| nr.to_string()).unwrap_or_default()),
            Cell::head(time(zone, entry.at)),
            Cell::text(audit_words::author(t.0, &entry.who)),
            Cell::text(entry.address.unwrap_or_default()),
            Cell::text(t.w(&format!("did-{}", entry.did))),
            Cell::text(entry.campaign.unwrap_or_default()),
            Cell::text(details),
        ]);
    }
    let older = last.map(|id| format!("/audit?who={}&before={id}", encoded(&who)));
    let main = Audit { t, who, table, older: older.unwrap_or_default() };
    let page = Page::new(t.w("web-audit"), "audit", &main).with(vec![main.table]);
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}
