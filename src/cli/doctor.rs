//! `doseplan doctor`: is everything as it should be, and what to do where it is not.

use super::output::{Format, Sheet, Tone, toned};
use super::{Session, checks, exit};
use crate::app::App;
use crate::config::TransportKind;

/// How a line of the doctor begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    Warn,
    Fail,
}

pub(super) struct Report<'a> {
    pub(super) session: &'a Session,
    failed: bool,
    /// For programs, which get all of it at the end.
    lines: Sheet,
}

impl Report<'_> {
    pub(super) fn line(
        &mut self,
        mark: Mark,
        key: &str,
        arguments: &[(&str, &dyn std::fmt::Display)],
    ) {
        let (word, tone) = match mark {
            Mark::Ok => ("ok", Tone::Good),
            Mark::Warn => ("warn", Tone::Doubtful),
            Mark::Fail => ("fail", Tone::Bad),
        };
        self.failed |= mark == Mark::Fail;
        let said = self.session.out.say(key, arguments);
        if self.session.out.format == Format::Table {
            let word = toned(&format!("{word:4}"), tone);
            super::output::print(&format!("{word}  {said}\n"));
        } else {
            self.lines.push(vec![key.to_owned(), word.to_owned(), said]);
        }
    }
}

/// One line for each thing that must be right.
pub(super) async fn doctor(session: Session) -> anyhow::Result<u8> {
    let lines = Sheet::new(&["check", "state", "said"]);
    let mut report = Report { session: &session, failed: false, lines };
    let address = session.address();
    let shown = super::shown(&address);
    let app = match session.open(false).await {
        Err(error) => {
            let said = error.root_cause();
            report.line(Mark::Fail, "doctor-database-bad", &[("db", &shown), ("said", &said)]);
            None
        }
        Ok(app) => {
            report.line(Mark::Ok, "doctor-database", &[("db", &shown)]);
            Some(app)
        }
    };
    let mut daemon_runs = false;
    if let Some(app) = &app {
        checks::disk(&mut report, app);
        checks::installed(&mut report, app, session.clock.now()).await?;
        daemon_runs = checks::daemons(&session, &mut report, app).await?;
        campaigns(&session, &mut report, app).await?;
        mail(&mut report, app).await;
        font(&mut report, app).await?;
        checks::password_file(&mut report, &app.config);
    }
    checks::timetable(&session, &mut report, app.as_ref()).await?;
    checks::http(&mut report, session.config.http.listen, daemon_runs).await;
    checks::clocks(&session, &mut report, app.as_ref()).await?;
    let series = crate::intake::series::ids().join(", ");
    report.line(Mark::Ok, "doctor-series", &[("series", &series)]);
    if let Some(app) = app {
        app.store.close().await;
    }
    if session.out.format != Format::Table {
        session.out.sheet(&report.lines);
    }
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
        return checks::mail_folder(report, &config.dir);
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

/// Whether the summaries' picture can be drawn, with the names that are in it.
async fn font(report: &mut Report<'_>, app: &App) -> anyhow::Result<()> {
    let painter = match app.painter() {
        Ok(painter) => painter,
        Err(error) => {
            report.line(Mark::Warn, "doctor-font-bad", &[("said", &error)]);
            return Ok(());
        }
    };
    let family = painter.family().to_owned();
    let mut said = None;
    for loaded in app.campaigns().await? {
        let campaign = &loaded.campaign;
        let county = campaign.root().map_or(&campaign.name, |area| &area.name);
        said = said.or(painter.check(&crate::mail::safe::name(county)).err());
    }
    match said {
        None => report.line(Mark::Ok, "doctor-font", &[("family", &family)]),
        Some(said) => report.line(Mark::Warn, "doctor-font-bad", &[("said", &said)]),
    }
    Ok(())
}
