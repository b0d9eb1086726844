//! `doseplan db`: check the database, adopt a copy, move it.

use super::output::{Format, Sheet};
use super::{Invocation, daemon, exit};
use crate::app::recount::Recount;
use crate::app::{App, AppError};
use crate::store::Store;
use crate::store::copy::Fingerprint;
use crate::store::health::CONFLICTS;
use crate::store::swap::log_beside;
use anyhow::Context as _;
use clap::Subcommand;
use serde::Serialize;

/// The database itself.
#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Read every page, follow every reference, count everything anew and compare with the totals that reports use
    Check {
        /// Write the totals anew where they differ
        #[arg(long)]
        repair: bool,
        /// Also prove that the audit log still has the line that a mail or backup named, such as 4711:0123456789abcdef
        #[arg(long, value_name = "NUMBER:SEAL")]
        audit_head: Option<String>,
    },
    /// Make this copy of the database the one that sends mail
    Adopt {
        /// Give up the mails that wait: they may have gone out from where the copy was taken
        #[arg(long)]
        expire_queued: bool,
    },
    /// Move everything to an empty database, of SQLite or PostgreSQL, and prove that it arrived
    Move {
        /// Where to: sqlite://FILE or postgres://USER@HOST/NAME
        target: String,
        /// Go on though a daemon was at work within the last minute (PostgreSQL), or mails are being sent
        #[arg(long)]
        force: bool,
    },
}

/// A line of the check.
#[derive(Serialize)]
struct Line {
    check: &'static str,
    campaign: Option<String>,
    right: u64,
    wrong: Vec<String>,
}

impl Db {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::Check { repair, audit_head } => {
                check(&invocation, *repair, audit_head.as_deref()).await
            }
            Self::Adopt { expire_queued } => adopt(&invocation, *expire_queued).await,
            Self::Move { target, force } => move_to(&invocation, target, *force).await,
        }
    }
}

async fn check(
    invocation: &Invocation,
    repair: bool,
    audit_head: Option<&str>,
) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    incomplete(invocation, &app).await?;
    let health = app.health(repair, invocation.clock.now()).await;
    let health = health
        .with_context(|| format!("database {}", crate::secrets::shown(&invocation.address())))?;
    let has_head = match audit_head {
        Some(head) => Some((head, app.has_audit_line(head).await?)),
        None => None,
    };
    if let Some(head) = app.audit_head().await? {
        invocation.out.note("db-audit-head", &[("head", &head.short())]);
    }
    app.store.close().await;
    if health.unproved > 0 {
        invocation.out.note("db-audit-unproved", &[("count", &health.unproved)]);
    }
    if let Some((head, has)) = has_head {
        let key = if has { "db-audit-has" } else { "db-audit-lacks" };
        invocation.out.note(key, &[("head", &super::output::harmless(head))]);
    }
    let mut lines = Vec::new();
    for check in health.checks {
        for what in &check.wrong {
            invocation.out.note(&format!("db-wrong-{}", check.check), &[("what", what)]);
        }
        let (right, wrong) = (check.right, check.wrong);
        lines.push(Line { check: check.check, campaign: None, right, wrong });
    }
    let is_damage = |line: &&Line| line.check != CONFLICTS;
    let sound = lines.iter().filter(is_damage).all(|line| line.wrong.is_empty())
        && has_head.is_none_or(|(_, has)| has);
    let mut counted = true;
    for (id, found) in health.totals {
        counted &= found.wrong.is_empty();
        let wrong = totals(invocation, &id, &found);
        let right = found.right as u64;
        lines.push(Line { check: "totals", campaign: Some(id), right, wrong });
    }
    if invocation.out.format == Format::Json {
        invocation.out.json(&lines);
    } else {
        let mut sheet = Sheet::new(&["check", "campaign", "right", "wrong"]);
        for line in &lines {
            sheet.push(vec![
                line.check.to_owned(),
                line.campaign.clone().unwrap_or_default(),
                line.right.to_string(),
                line.wrong.len().to_string(),
            ]);
        }
        invocation.out.sheet(&sheet);
    }
    Ok(if sound && (counted || repair) { exit::OK } else { exit::FAILED })
}

/// Says what a copy of the file alone would lack or, if this is a copy, may lack: a part of the database that is not
/// there cannot be checked.
async fn incomplete(invocation: &Invocation, app: &App) -> anyhow::Result<()> {
    if let Some(log) = app.store.file().and_then(log_beside) {
        let kilobytes = std::fs::metadata(&log).map_or(0, |found| found.len().div_ceil(1000));
        let told: [(&str, &dyn std::fmt::Display); 2] =
            [("log", &log.display()), ("kb", &kilobytes)];
        invocation.out.note("db-log-beside", &told);
    }
    if app.is_elsewhere().await? {
        invocation.out.note("db-elsewhere", &[]);
    }
    Ok(())
}

/// Prints which totals are wrong, and returns a summary.
fn totals(invocation: &Invocation, id: &str, found: &Recount) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, is, ought) in &found.wrong {
        let (area, group, dose, day) = (&key.area, &key.group, &key.dose, &key.day);
        let place: [(&str, &dyn std::fmt::Display); 4] =
            [("area", area), ("group", group), ("dose", dose), ("day", day)];
        invocation.out.note("db-wrong", &[&place[..], &[("is", is), ("ought", ought)]].concat());
        wrong.push(format!("{area} {group} {dose} {day}"));
    }
    let count = found.wrong.len();
    invocation.out.note("db-checked", &[("id", &id), ("right", &found.right), ("wrong", &count)]);
    wrong
}

async fn adopt(invocation: &Invocation, expire_queued: bool) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let adopted = app.adopt(expire_queued, invocation.clock.now()).await?;
    invocation.out.note("db-adopted", &[("expired", &adopted.expired)]);
    app.store.close().await;
    Ok(exit::OK)
}

async fn move_to(invocation: &Invocation, target: &str, force: bool) -> anyhow::Result<u8> {
    let source = invocation.address();
    let _lock = daemon::lock(&source)?;
    let app = invocation.open(false).await?;
    let file = |address: &str| crate::store::place::file(address).map_err(AppError::from);
    let made = file(target)?;
    // The same file cannot be locked twice; that it is the same is refused below.
    let is_same = made.is_some() && made == file(&source)?;
    let mut target_lock = if is_same { None } else { daemon::lock(target)? };
    let made = made.filter(|file| !file.exists());
    let moved = async {
        let to = Store::open(target, true).await.map_err(AppError::from)?;
        if let Some(lock) = &mut target_lock {
            lock.hold_file().map_err(AppError::from)?;
        }
        let moved = app.move_to(&to, force, invocation.clock.now()).await;
        to.close().await;
        moved
    };
    let moved = moved.await.inspect_err(|_| {
        // The new file is empty or half written.
        if let Some(file) = made {
            crate::store::swap::remove(&file);
        }
    })?;
    app.store.close().await;
    drop(target_lock);
    print(invocation, &moved.tables);
    let (from, to) = (crate::secrets::shown(&source), crate::secrets::shown(target));
    invocation.out.note("db-moved", &[("from", &from), ("to", &to)]);
    if let Some(why) = &moved.hold {
        invocation.out.note("db-moved-held", &[("why", why)]);
    }
    Ok(exit::OK)
}

/// Prints tables with their rows and hashes.
pub(super) fn print(invocation: &Invocation, tables: &[Fingerprint]) {
    if invocation.out.format == Format::Json {
        invocation.out.json(&tables);
        return;
    }
    let mut sheet = Sheet::new(&["table", "rows", "hash"]);
    for table in tables {
        sheet.push(vec![table.table.to_owned(), table.rows.to_string(), table.hash.clone()]);
    }
    invocation.out.sheet(&sheet);
}
