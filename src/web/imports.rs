//! Files of records: sent with a profile, what became of their rows, the refused ones to download, and taking a file
//! out again.

use super::Site;
use super::page::{Page, Refusal, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::upload::{XLSX, unreadable};
use super::visitor::Visitor;
use super::words::T;
use crate::app::import::{Imported, Kind, Sent};
use crate::app::{AppError, Loaded};
use crate::domain::campaign::Language;
use crate::intake::Issue;
use crate::intake::profile::{PROFILES, Profile};
use crate::mail::safe;
use crate::store::imports::File;
use crate::text::{harmless, thousands};
use askama::Template;
use axum::Extension;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{Form, Path};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most bytes of a file: some 300,000 people.
pub(super) const IMPORT_MAX: usize = 64 << 20;
/// The most bytes of a profile.
const PROFILE_MAX: usize = 4 << 20;
/// Files of the list; the command line shows all.
const FILES: i64 = 200;
/// Results that are kept in memory.
const RESULTS_KEPT: usize = 20;
/// How often the page of a running import refreshes itself, in seconds.
const LIVE_SECS: u32 = 2;
/// The kinds of records, the most usual first.
const KINDS: [Kind; 4] = [Kind::Persons, Kind::Doses, Kind::Tallies, Kind::Outcomes];
/// Keys of records that are shown where something stands on them.
const STANDS_SHOWN: usize = 20;

/// What becomes of a file.
#[derive(Debug, Clone)]
enum State {
    Running,
    Done(Arc<Imported>),
    /// Nothing was taken in: why, in both languages.
    Failed([String; 2]),
}

#[derive(Debug, Clone)]
struct Sending {
    account: i64,
    name: String,
    state: State,
}

/// The newest imports of this process. One file is read at a time.
#[derive(Debug, Default)]
pub(super) struct Importing {
    /// By their id; ids are in the order in which they were made.
    newest: Mutex<BTreeMap<String, Sending>>,
    turn: tokio::sync::Mutex<()>,
}

impl Importing {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Sending>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, id: &str, state: State) {
        if let Some(found) = self.lock().get_mut(id) {
            found.state = state;
        }
    }

    fn begin(&self, account: i64, name: String) -> String {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let mut newest = self.lock();
        newest.insert(id.clone(), Sending { account, name, state: State::Running });
        while newest.len() > RESULTS_KEPT {
            newest.pop_first();
        }
        id
    }
}

type Choice = (String, String);

#[derive(Template)]
#[template(path = "web/imports.html")]
struct Main {
    t: T,
    wrong: Vec<String>,
    action: String,
    undo: String,
    kinds: Vec<Choice>,
    profiles: Vec<Choice>,
    campaigns: Vec<Choice>,
    /// Files that can be taken out.
    undoable: Vec<Choice>,
    /// The file to take out, asked about.
    asked: Option<(i64, String)>,
    files: Table,
}

/// The page.
pub(super) async fn imports(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&site, &visitor, &headers, (StatusCode::OK, Vec::new(), None)).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    (status, wrong, asked): (StatusCode, Vec<String>, Option<i64>),
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let all = site.app.campaigns().await.map_err(fail)?;
    let files = site.app.imports(FILES).await.map_err(fail)?;
    let zone = all.first().map_or(chrono_tz::UTC, |loaded| loaded.campaign.timezone);
    let kind = |kind: Kind| (kind.name().to_owned(), t.w(&format!("import-kind-{}", kind.name())));
    let said = |file: &File| {
        let name = file.name.as_deref().map(harmless).unwrap_or_default();
        format!("{}: {name}, {}", file.id, super::accounts::time(zone, file.at))
    };
    let undoable = files.iter().filter(|file| file.undone_at.is_none());
    let found = asked.and_then(|id| files.iter().find(|file| file.id == id));
    let question = |file: &File| {
        let [new, _, corrected, _] = file.rows.map(thousands);
        let said = t.say(
            "web-imports-undo-sure",
            &[("file", &said(file)), ("new", &new), ("corrected", &corrected)],
        );
        (file.id, said)
    };
    let main = Main {
        t,
        wrong,
        action: format!("/imports?csrf={}", visitor.csrf()),
        undo: format!("/imports/undo?csrf={}", visitor.csrf()),
        kinds: KINDS.into_iter().map(kind).collect(),
        profiles: PROFILES
            .iter()
            .map(|(name, _)| ((*name).to_owned(), t.w(&format!("import-profile-{name}"))))
            .collect(),
        campaigns: all
            .iter()
            .filter(|one| one.is_open)
            .map(|one| (one.campaign.id.to_string(), harmless(&one.campaign.name)))
            .collect(),
        undoable: undoable.map(|file| (file.id.to_string(), said(file))).collect(),
        asked: found.map(question),
        files: file_table(t, &files, &all, zone),
    };
    let page = Page::new(t.w("web-imports"), "imports", &main).with(vec![main.files]);
    // In answer to a form, links lead to the page itself.
    let here = visitor.here.as_str();
    let here = if here.starts_with("/imports/") { "/imports" } else { here };
    let page = framed(Some(visitor), (t, here), None, &page, headers);
    if page.status() != StatusCode::OK {
        return Ok(page);
    }
    Ok((status, page).into_response())
}

fn file_table(t: T, files: &[File], all: &[Loaded], zone: chrono_tz::Tz) -> Table {
    let keys = [
        "#number",
        "when",
        "=kind",
        "file_name",
        "=campaign",
        "#new",
        "#same",
        "#corrected",
        "#refused",
        "undone",
    ];
    let mut table = Table::of(t, "web-imports-list", &keys);
    for file in files {
        let campaign = all.iter().find(|loaded| Some(loaded.no) == file.campaign);
        let [new, same, corrected, refused] = file.rows.map(Cell::count);
        let refused = if file.rows[3] > 0 {
            refused.to(format!("/imports/refused/{}", file.id))
        } else {
            refused
        };
        let undone = file.undone_at.map(|at| super::accounts::time(zone, at));
        table.rows.push(vec![
            Cell::head(file.id.to_string()),
            Cell::text(super::accounts::time(zone, file.at)),
            Cell::text(t.w(&format!("import-kind-{}", file.kind))),
            Cell::text(file.name.as_deref().map(harmless).unwrap_or_default()),
            Cell::text(campaign.map(|one| harmless(&one.campaign.name)).unwrap_or_default()),
            new,
            same,
            corrected,
            refused,
            Cell::text(undone.unwrap_or_default()),
        ]);
    }
    table
}

/// What the form has.
#[derive(Default)]
struct Fields {
    kind: String,
    profile: String,
    campaign: String,
    file: Option<(String, Vec<u8>)>,
    own_profile: Option<(String, Vec<u8>)>,
}

async fn fields(mut form: Multipart) -> Result<Fields, MultipartError> {
    let mut out = Fields::default();
    while let Some(field) = form.next_field().await? {
        let key = field.name().unwrap_or_default().to_owned();
        let name = field.file_name().map(ToOwned::to_owned);
        let bytes = field.bytes().await?;
        let text = || String::from_utf8_lossy(&bytes).trim().to_owned();
        match (key.as_str(), name) {
            ("kind", _) => out.kind = text(),
            ("profile", _) => out.profile = text(),
            ("campaign", _) => out.campaign = text(),
            ("file", Some(name)) if !bytes.is_empty() => out.file = Some((name, bytes.to_vec())),
            ("own", Some(name)) if !bytes.is_empty() => {
                out.own_profile = Some((name, bytes.to_vec()));
            }
            _ => {}
        }
    }
    Ok(out)
}

/// The profile that a form chooses or sends along.
fn profile(t: T, kind: Kind, fields: &Fields) -> Result<Option<Profile>, Vec<String>> {
    let told = |issues: Vec<Issue>| issues.iter().map(|one| one.line(t.0)).collect::<Vec<_>>();
    let found = match (&fields.own_profile, fields.profile.as_str()) {
        (Some((name, bytes)), _) => {
            if bytes.len() > PROFILE_MAX {
                return Err(vec![t.say("web-too-large", &[("limit", &(PROFILE_MAX >> 20))])]);
            }
            let text = std::str::from_utf8(bytes);
            let text = text.map_err(|_| vec![t.w("web-imports-bad-profile")])?;
            Profile::of_text(&safe::name(name), text).map_err(told)?
        }
        (None, "") => return Ok(None),
        (None, name) => {
            let known = Profile::delivered(name);
            known.ok_or_else(|| vec![t.w("web-bad-form")])?.map_err(told)?
        }
    };
    if found.table != kind.name() {
        let said: [(&str, &dyn std::fmt::Display); 2] =
            [("table", &found.table), ("wanted", &kind.name())];
        return Err(vec![t.say("profile-of-other-table", &said)]);
    }
    Ok(Some(found))
}

/// Takes a file and begins to import it.
pub(super) async fn import(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let bad = |status, wrong| show(&site, &visitor, &headers, (status, wrong, None));
    let mut fields = match fields(form).await {
        Ok(fields) => fields,
        Err(error) => {
            let (status, said) = unreadable(t, &error, IMPORT_MAX);
            return bad(status, vec![said]).await;
        }
    };
    let Some(kind) = Kind::from_name(&fields.kind) else {
        return bad(StatusCode::BAD_REQUEST, vec![t.w("web-bad-form")]).await;
    };
    let Some((name, content)) = fields.file.take() else {
        return bad(StatusCode::BAD_REQUEST, vec![t.w("web-imports-no-file")]).await;
    };
    let profile = match profile(t, kind, &fields) {
        Ok(profile) => profile,
        Err(wrong) => return bad(StatusCode::BAD_REQUEST, wrong).await,
    };
    let campaign = match fields.campaign.as_str() {
        "" => None,
        id => {
            let found = site.app.campaign(Some(id)).await;
            Some(found.map_err(|error| Refusal::of(t, &error))?)
        }
    };
    let id = site.desk.importing.begin(visitor.account.id, safe::name(&name));
    let to = format!("/imports/run/{id}");
    let sent = Sent { kind, campaign, name, content, profile, language: t.0 };
    // A large file takes longer than an answer may.
    tokio::spawn(run(site, visitor, id, sent));
    Ok(Redirect::to(&to).into_response())
}

async fn run(site: Site, visitor: Visitor, id: String, sent: Sent) {
    let importing = &site.desk.importing;
    let _turn = importing.turn.lock().await;
    let now = site.clock.now();
    let done = Box::pin(site.app.import_sent(sent, visitor.actor(), now)).await;
    importing.set(
        &id,
        match done {
            Ok(done) => State::Done(Arc::new(done)),
            Err(error) => {
                let said = crate::mail::mask::addresses(&error.to_string()).into_owned();
                tracing::warn!(error = %said, "a file could not be imported");
                State::Failed([Language::En, Language::ZhCn].map(|one| error.words(one)))
            }
        },
    );
    site.desk.cache.forget();
    // What the file breaks in plans is mended at once.
    site.asked.notify_one();
}

#[derive(Template)]
#[template(path = "web/imported.html")]
struct Outcome {
    t: T,
    title: String,
    running: bool,
    wrong: String,
    lines: Vec<String>,
    refused: String,
    issues: Table,
}

/// What becomes of a file that was sent.
pub(super) async fn outcome(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let found = site.desk.importing.lock().get(&id).cloned();
    let found = found.filter(|one| one.account == visitor.account.id);
    let found = found.ok_or_else(|| Refusal::absent(t))?;
    let (mut wrong, mut lines, mut refused) = (String::new(), Vec::new(), String::new());
    let mut issues = Table::default();
    match &found.state {
        State::Running => {}
        State::Failed(said) => wrong.clone_from(&said[usize::from(t.tag() != "en")]),
        State::Done(done) => {
            lines = told(t, done);
            issues = issue_table(t, done);
            if done.refused > 0 {
                refused = format!("/imports/refused/{}", done.number);
            }
        }
    }
    let running = matches!(found.state, State::Running);
    let main = Outcome {
        t,
        title: t.say("web-imports-of", &[("name", &found.name)]),
        running,
        wrong,
        lines,
        refused,
        issues,
    };
    let page = Page::new(main.title.clone(), "imports", &main).with(vec![main.issues]);
    let page = Page { live_secs: if running { LIVE_SECS } else { 0 }, ..page };
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}

/// What became of the rows, as the command line tells it.
fn told(t: T, done: &Imported) -> Vec<String> {
    let mut out = Vec::new();
    if done.fault.is_empty() || done.rows > 0 {
        let counts = [done.rows, done.new, done.same, done.corrected, done.refused].map(thousands);
        let [rows, new, same, corrected, refused] = &counts;
        let said: [(&str, &dyn std::fmt::Display); 5] = [
            ("rows", rows),
            ("new", new),
            ("same", same),
            ("corrected", corrected),
            ("refused", refused),
        ];
        out.push(t.say("import-done", &said));
    }
    for (column, code, count) in &done.unknown_codes {
        let (column, code) = (harmless(column), harmless(code));
        let said: [(&str, &dyn std::fmt::Display); 3] =
            [("column", &column), ("code", &code), ("count", count)];
        out.push(t.say("import-unknown-code", &said));
    }
    for (key, count) in [
        ("import-unfilled", done.unfilled),
        ("web-imports-doubtful", done.doubtful),
        ("import-invalid", done.invalid),
        ("import-no-longer-valid", done.no_longer_valid),
        ("web-imports-voided", done.voided),
        ("import-elsewhere", done.elsewhere),
    ] {
        if count > 0 {
            out.push(t.say(key, &[("count", &count)]));
        }
    }
    out
}

/// What is wrong with the file or its first rows, and what is odd.
fn issue_table(t: T, done: &Imported) -> Table {
    let heads = [t.w("web-kind"), format!("#{}", t.w("web-row"))];
    let heads = [&heads[..], &[t.w("column-column"), t.w("web-message")]].concat();
    let mut table = Table::new("issues", t.w("web-issues"), &heads);
    for issue in done.fault.iter().chain(&done.issues).chain(&done.oddities) {
        let kind = if issue.is_error() { "web-error" } else { "web-warning" };
        let class = if issue.is_error() { "bad" } else { "" };
        table.rows.push(vec![
            Cell { class, ..Cell::text(t.w(kind)) },
            Cell::number(issue.row.map(|row| row.to_string()).unwrap_or_default()),
            Cell::text(issue.column.clone().unwrap_or_default()),
            Cell::text(issue.message(t.0)),
        ]);
    }
    if done.refused > done.issues.len() as u64 {
        table.note = t.w("web-imports-more");
    }
    // They may hold what rows say of people.
    table.is_private = true;
    table.is_plain = true;
    table
}

/// The refused rows of a file.
pub(super) async fn refused(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Path(number): Path<i64>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let found = site.app.refused_rows(number, visitor.actor(), site.clock.now()).await;
    let found = found.map_err(|error| Refusal::of(t, &error))?;
    let gone = || Refusal::new(StatusCode::NOT_FOUND, t, "web-imports-gone");
    let (name, content) = found.ok_or_else(gone)?;
    // A workbook begins as every packed file does.
    let kind = if content.starts_with(b"PK") { XLSX } else { "text/csv; charset=utf-8" };
    let as_file = format!("attachment; filename*=UTF-8''{}", encoded(&name));
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, as_file)];
    Ok((headers, content).into_response())
}

#[derive(Deserialize)]
pub(super) struct Undo {
    number: i64,
    /// Present where it was asked about.
    sure: Option<String>,
}

/// Asks whether a file is to be taken out, or takes it out.
pub(super) async fn undo(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(given): Form<Undo>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    if given.sure.is_none() {
        let asked = (StatusCode::OK, Vec::new(), Some(given.number));
        return show(&site, &visitor, &headers, asked).await;
    }
    let again = |wrong| show(&site, &visitor, &headers, (StatusCode::OK, wrong, None));
    match site.app.undo_import(given.number, visitor.actor(), site.clock.now()).await {
        Ok(undone) if undone.stands.is_empty() => {
            site.desk.cache.forget();
            site.asked.notify_one();
            Ok(Redirect::to("/imports").into_response())
        }
        Ok(undone) => {
            let count = undone.stands.len();
            let mut wrong = vec![t.say("import-not-undone", &[("count", &count)])];
            let stands = undone.stands.iter().take(STANDS_SHOWN).map(|key| harmless(key));
            wrong.extend(stands.map(|key| t.say("import-stands", &[("record", &key)])));
            again(wrong).await
        }
        Err(error @ (AppError::Refused(_) | AppError::Files(_))) => {
            again(vec![error.words(t.0)]).await
        }
        Err(error) => Err(Refusal::of(t, &error)),
    }
}
