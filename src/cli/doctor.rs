//! `doseplan doctor`: is everything as it should be, and what to do where it is not.

use super::{Session, exit};
use crate::app::App;
use crate::config::TransportKind;
use chrono::Datelike as _;

/// How a line of the doctor begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Ok,
    Warn,
    Fail,
}

struct Report<'a> {
    session: &'a Session,
    failed: bool,
}

impl Report<'_> {
    fn line(&mut self, mark: Mark, key: &str, arguments: &[(&str, &dyn std::fmt::Display)]) {
        let word = match mark {
            Mark::Ok => "ok  ",
            Mark::Warn => "warn",
            Mark::Fail => "fail",
        };
        self.failed |= mark == Mark::Fail;
        super::output::print(&format!("{word}  {}\n", self.session.out.say(key, arguments)));
    }
}

/// One line for each thing that must be right.
pub(super) async fn doctor(session: Session) -> anyhow::Result<u8> {
    let mut report = Report { session: &session, failed: false };
    let address = session.address();
    let shown = super::shown(&address);
    match session.open(false).await {
        Err(error) => {
            let said = error.root_cause();
            report.line(Mark::Fail, "doctor-database-bad", &[("db", &shown), ("said", &said)]);
        }
        Ok(app) => {
            report.line(Mark::Ok, "doctor-database", &[("db", &shown)]);
            campaigns(&session, &mut report, &app).await?;
            mail(&mut report, &app).await;
            app.store.close().await;
        }
    }
    let now = session.clock.now();
    let mark = if now.year() >= 2026 { Mark::Ok } else { Mark::Warn };
    report.line(mark, "doctor-clock", &[("now", &now.format("%Y-%m-%d %H:%M UTC"))]);
    let series = crate::intake::series::ids().join(", ");
    report.line(Mark::Ok, "doctor-series", &[("series", &series)]);
    Ok(if report.failed { exit::FAILED } else { exit::OK })
}

async fn campaigns(session: &Session, report: &mut Report<'_>, app: &App) -> anyhow::Result<()> {
    let all = app.campaigns().await?;
    if all.is_empty() {
        report.line(Mark::Warn, "doctor-no-campaign", &[]);
    }
    for loaded in all {
        let status = app.status(&loaded, None, session.clock.now()).await?;
        let id = loaded.campaign.id.as_str();
        if status.problems.is_empty() {
            report.line(Mark::Ok, "doctor-campaign", &[("id", &id)]);
        } else {
            let count = status.problems.len();
            report.line(Mark::Warn, "doctor-campaign-problems", &[("id", &id), ("count", &count)]);
        }
    }
    Ok(())
}

async fn mail(report: &mut Report<'_>, app: &App) {
    let config = &app.config.mail;
    if let Err(error) = config.from.parse::<crate::mail::message::Party>() {
        report.line(Mark::Fail, "doctor-mail-from", &[("said", &error)]);
    }
    let transport = match app.transport() {
        Ok(transport) => transport,
        Err(error) => {
            report.line(Mark::Fail, "doctor-mail-bad", &[("said", &error)]);
            return;
        }
    };
    if config.transport == TransportKind::Folder {
        let dir = config.dir.display();
        report.line(Mark::Ok, "doctor-mail-folder", &[("dir", &dir)]);
        return;
    }
    let host = config.host.clone().unwrap_or_default();
    match transport.open().await {
        Ok(open) => {
            open.quit().await;
            report.line(Mark::Ok, "doctor-mail-smtp", &[("host", &host)]);
        }
        Err(outcome) => {
            let said = format!("{outcome:?}");
            report.line(Mark::Fail, "doctor-mail-smtp-bad", &[("host", &host), ("said", &said)]);
        }
    }
}
