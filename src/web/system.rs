//! The installation: what its checks find, the backups and the button that makes one; and the page that lists what only
//! the command line does, with the reasons.

use super::Site;
use super::page::{Page, Refusal, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::findings::{Finding, Findings, Mark};
use crate::app::{AppError, Result, checks};
use crate::domain::campaign::Language;
use crate::jobs::overdue::overdue;
use crate::text::harmless;
use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long the mail server is waited for.
const MAIL_LIMIT: Duration = Duration::from_secs(5);
/// How often the page refreshes itself while a backup is written, in seconds.
const LIVE_SECS: u32 = 3;

/// What is known of the backup that was asked for last.
#[derive(Debug, Clone, Default)]
pub(super) enum Writing {
    /// None was asked for since the daemon began.
    #[default]
    None,
    /// It is being written.
    Running,
    /// It has this name.
    Done(String),
    /// It was not written: the reason in both languages.
    Failed([String; 2]),
}

/// The newest backup of this process.
#[derive(Debug, Default)]
pub(super) struct Backing(Mutex<Writing>);

impl Backing {
    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Template)]
#[template(path = "web/system.html")]
struct Main {
    t: T,
    backup: String,
    /// What became of the backup that was asked for last.
    said: String,
    failed: bool,
    running: bool,
    folder: String,
    findings: Table,
    backups: Table,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    done: Option<String>,
}

/// The page.
pub(super) async fn system(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> std::result::Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let writing = site.desk.backing.lock().clone();
    // While a backup is written, the page comes again every few seconds: the checks would be too much for that.
    let is_looking = !matches!(writing, Writing::Running);
    let found = if is_looking {
        let _turn = site.desk.turns.take(visitor.account.id).await.map_err(fail)?;
        doctor(&site, t).await.map_err(fail)?
    } else {
        Vec::new()
    };
    let known = site.app.backups(visitor.actor()).map_err(fail)?;
    let zone = site.app.campaigns().await.map_err(fail)?;
    let zone = zone.first().map_or(chrono_tz::UTC, |loaded| loaded.campaign.timezone);
    let mut backups = Table::of(t, "web-backups", &["file_name", "when", "mb"]);
    for one in &known.files {
        let megabytes = one.bytes.div_ceil(1_000_000);
        backups.rows.push(vec![
            Cell::head(harmless(&one.name)),
            Cell::text(super::accounts::time(zone, one.at)),
            Cell::count(megabytes),
        ]);
    }
    let folder = known.folder.as_deref().map(|folder| folder.display().to_string());
    backups.note = match (&folder, &known.fault) {
        (None, _) => t.w("web-backup-no-folder"),
        (Some(_), Some(said)) => harmless(said),
        (Some(_), None) if known.files.is_empty() => t.w("web-backup-none"),
        _ => String::new(),
    };
    let main = Main {
        t,
        backup: format!("/system/backup?csrf={}", visitor.csrf()),
        said: match &writing {
            Writing::None => String::new(),
            Writing::Running => t.w("web-backup-runs"),
            Writing::Done(name) => t.say("web-backup-done", &[("name", name)]),
            Writing::Failed(said) => said[usize::from(t.tag() != "en")].clone(),
        },
        failed: matches!(writing, Writing::Failed(_)),
        running: matches!(writing, Writing::Running),
        folder: folder.map(|dir| t.say("web-backup-folder", &[("dir", &dir)])).unwrap_or_default(),
        findings: finding_table(t, found, is_looking),
        backups,
    };
    let page = Page::new(t.w("web-system"), "system", &main);
    let page = page.with(vec![main.findings, main.backups]);
    let flash = asked.done.filter(|done| done == "asked-backup");
    let flash = flash.map(|_| t.w("web-done-asked-backup")).filter(|_| main.running);
    let live_secs = if main.running { LIVE_SECS } else { 0 };
    let page = Page { live_secs, flash: flash.unwrap_or_default(), ..page };
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}

/// What the checks find that make sense from inside the daemon: it runs, and it answers, or nobody would see this.
async fn doctor(site: &Site, t: T) -> Result<Vec<Finding>> {
    let (app, now) = (&site.app, site.clock.now());
    let mut out = Vec::new();
    let mut findings = Findings::new(t.0, |found| out.push(found));
    checks::disk(&mut findings, app);
    let configuration = site.configuration.as_deref().unwrap_or(Path::new("doseplan.toml"));
    checks::rights(&mut findings, configuration, app);
    checks::audit_key(&mut findings, app);
    checks::second_factors(&mut findings, app).await?;
    checks::installed(&mut findings, app, now).await?;
    checks::campaigns(&mut findings, app, now).await?;
    if timeout(MAIL_LIMIT, checks::mail(&mut findings, app)).await.is_err() {
        findings.line(Mark::Warn, "doctor-mail-slow", &[("secs", &MAIL_LIMIT.as_secs())]);
    }
    checks::relay(&mut findings, app).await?;
    checks::channels(&mut findings, app, now).await?;
    checks::oidc(&mut findings, app, now).await;
    checks::font(&mut findings, app).await?;
    checks::password_file(&mut findings, &app.config);
    checks::clocks(&mut findings, Some(app), &site.clock).await?;
    let late = overdue(app, &site.timetable, now).await?;
    if late.is_empty() {
        findings.line(Mark::Ok, "doctor-jobs", &[]);
    } else {
        findings.line(Mark::Warn, "doctor-jobs-overdue", &[("jobs", &late.join(", "))]);
    }
    drop(findings);
    Ok(out)
}

/// The findings, what does not work first.
fn finding_table(t: T, mut found: Vec<Finding>, is_looking: bool) -> Table {
    let order = |mark| match mark {
        Mark::Fail => 0,
        Mark::Warn => 1,
        Mark::Ok => 2,
    };
    found.sort_by_key(|one| order(one.mark));
    let mut table = Table::of(t, "web-doctor", &["=state", "said"]);
    if !is_looking {
        table.note = t.w("web-doctor-later");
    }
    for one in found {
        let class = if one.mark == Mark::Ok { "" } else { "bad" };
        table.rows.push(vec![
            Cell { class, ..Cell::text(t.w(&format!("mark-{}", one.mark.word()))) },
            Cell::text(harmless(&one.said)),
        ]);
    }
    table
}

/// Begins a backup; one is written at a time.
pub(super) async fn backup(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let to = Redirect::to("/system?done=asked-backup").into_response();
    {
        let mut writing = site.desk.backing.lock();
        if matches!(*writing, Writing::Running) {
            return to;
        }
        *writing = Writing::Running;
    }
    let now = site.clock.now();
    // Whoever asked need not wait: a large database takes longer than an answer may.
    tokio::spawn(async move {
        let done = site.app.make_backup(visitor.actor(), now).await;
        *site.desk.backing.lock() = match done {
            Ok(name) => Writing::Done(name),
            Err(error) => {
                tracing::warn!(error = %crate::secrets::masked(&error.to_string()), "no backup");
                Writing::Failed([Language::En, Language::ZhCn].map(|one| error.words(one)))
            }
        };
    });
    to
}

/// Commands that have no page: what they are called, and the key of the reason.
const COMMANDS: &[(&str, &str)] = &[
    ("db move", "offline"),
    ("db adopt", "decides"),
    ("db check", "long"),
    ("restore", "offline"),
    ("daemon", "itself"),
    ("demo", "itself"),
    ("persons erase", "for-ever"),
    ("persons export", "leaves"),
    ("campaign remove", "for-ever"),
    ("jurisdiction apply", "folder"),
    ("jurisdiction export", "folder"),
    ("jurisdiction check", "folder"),
    ("jurisdiction conflicts list", "folder"),
    ("jurisdiction conflicts resolve", "folder"),
    ("import profile", "profile"),
    ("plan check", "program"),
    ("plan overbooking", "plays"),
    ("plan surge", "search"),
    ("roster make", "roster"),
    ("roster check", "roster"),
    ("roster show", "roster"),
    ("roster export", "roster"),
    ("roster publish", "roster"),
    ("roster leave", "roster"),
    ("schools import", "schools"),
    ("schools match", "schools"),
    ("schools decide", "schools"),
    ("schools consent", "schools"),
    ("schools visits", "schools"),
    ("schools lists", "schools"),
    ("schools missed", "schools"),
    ("schools correct", "schools"),
    ("homes rounds", "homes"),
    ("homes withdraw", "homes"),
    ("doses new", "forms"),
    ("tallies new", "forms"),
    ("persons new", "forms"),
    ("outcomes new", "forms"),
    ("forecast", "program"),
    ("channels test", "machine"),
    ("channels templates", "machine"),
    ("channels receipts", "machine"),
    ("bookings import", "program"),
    ("bounce import", "machine"),
    ("outbox drain", "machine"),
    ("job backfill", "machine"),
    ("man", "terminal"),
    ("completion", "terminal"),
    ("explain", "terminal"),
];

/// What only the command line does, with the reasons.
pub(super) async fn commands(
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Response {
    let t = visitor.t();
    let mut table = Table::of(t, "web-commands", &["command", "=why"]);
    for (command, why) in COMMANDS {
        table.rows.push(vec![
            Cell::head(format!("doseplan {command}")),
            Cell::text(t.w(&format!("command-why-{why}"))),
        ]);
    }
    table.note = t.w("web-commands-help");
    let title = t.w("web-commands");
    let main = format!("<h1>{}</h1>{table}", crate::characters::escaped(&title));
    let page = Page { title, main, here: "system", ..Page::default() }.with(vec![table]);
    framed(Some(&visitor), (t, &visitor.here), None, &page, &headers)
}
