//! `doseplan doctor`: is everything as it should be, and what to do where it is not.

use super::output::{Format, Sheet, Tone, toned};
use super::{Invocation, checks, exit};
use crate::app::App;
use crate::config::TransportKind;

/// How a line of the doctor begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    Warn,
    Fail,
}

pub(super) struct Findings<'a> {
    pub(super) invocation: &'a Invocation,
    failed: bool,
    /// For programs, which get all of it at the end.
    lines: Sheet,
}

impl Findings<'_> {
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
        let said = self.invocation.out.say(key, arguments);
        if self.invocation.out.format == Format::Table {
            let word = toned(&format!("{word:4}"), tone);
            super::output::print(&format!("{word}  {said}\n"));
        } else {
            self.lines.push(vec![key.to_owned(), word.to_owned(), said]);
        }
    }
}

/// One line for each thing that must be right.
pub(super) async fn doctor(invocation: Invocation) -> anyhow::Result<u8> {
    let lines = Sheet::new(&["check", "state", "said"]);
    let mut findings = Findings { invocation: &invocation, failed: false, lines };
    let address = invocation.address();
    let shown = super::shown(&address);
    let app = match invocation.open(false).await {
        Err(error) => {
            let said = error.root_cause();
            findings.line(Mark::Fail, "doctor-database-bad", &[("db", &shown), ("said", &said)]);
            None
        }
        Ok(app) => {
            findings.line(Mark::Ok, "doctor-database", &[("db", &shown)]);
            Some(app)
        }
    };
    let mut daemon_runs = false;
    if let Some(app) = &app {
        checks::disk(&mut findings, app);
        checks::installed(&mut findings, app, invocation.clock.now()).await?;
        daemon_runs = checks::daemons(&invocation, &mut findings, app).await?;
        campaigns(&invocation, &mut findings, app).await?;
        mail(&mut findings, app).await;
        font(&mut findings, app).await?;
        checks::password_file(&mut findings, &app.config);
    }
    checks::timetable(&invocation, &mut findings, app.as_ref()).await?;
    checks::http(&mut findings, invocation.config.http.listen, daemon_runs).await;
    checks::clocks(&invocation, &mut findings, app.as_ref()).await?;
    let series = crate::intake::series::ids().join(", ");
    findings.line(Mark::Ok, "doctor-series", &[("series", &series)]);
    if let Some(app) = app {
        app.store.close().await;
    }
    if invocation.out.format != Format::Table {
        invocation.out.sheet(&findings.lines);
    }
    Ok(if findings.failed { exit::FAILED } else { exit::OK })
}

async fn campaigns(
    invocation: &Invocation,
    findings: &mut Findings<'_>,
    app: &App,
) -> anyhow::Result<()> {
    let all = app.campaigns().await?;
    if all.is_empty() {
        findings.line(Mark::Warn, "doctor-no-campaign", &[]);
    }
    for loaded in all {
        let status = app.status(&loaded, None, invocation.clock.now()).await?;
        let id = loaded.campaign.id.as_str();
        if status.problems.is_empty() {
            findings.line(Mark::Ok, "doctor-campaign", &[("id", &id)]);
        } else {
            let count = status.problems.len();
            findings.line(
                Mark::Warn,
                "doctor-campaign-problems",
                &[("id", &id), ("count", &count)],
            );
        }
    }
    Ok(())
}

async fn mail(findings: &mut Findings<'_>, app: &App) {
    let config = &app.config.mail;
    if let Err(error) = config.from.parse::<crate::mail::message::Party>() {
        findings.line(Mark::Fail, "doctor-mail-from", &[("said", &error)]);
    }
    let transport = match app.transport() {
        Ok(transport) => transport,
        Err(error) => {
            findings.line(Mark::Fail, "doctor-mail-bad", &[("said", &error)]);
            return;
        }
    };
    if config.transport == TransportKind::Folder {
        return checks::mail_folder(findings, &config.dir);
    }
    let host = config.host.clone().unwrap_or_default();
    match transport.open().await {
        Ok(open) => {
            open.quit().await;
            findings.line(Mark::Ok, "doctor-mail-smtp", &[("host", &host)]);
        }
        Err(outcome) => {
            let said = format!("{outcome:?}");
            findings.line(Mark::Fail, "doctor-mail-smtp-bad", &[("host", &host), ("said", &said)]);
        }
    }
}

/// Whether the summaries' picture can be drawn, with the names that are in it.
async fn font(findings: &mut Findings<'_>, app: &App) -> anyhow::Result<()> {
    let painter = match app.painter() {
        Ok(painter) => painter,
        Err(error) => {
            findings.line(Mark::Warn, "doctor-font-bad", &[("said", &error)]);
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
        None => findings.line(Mark::Ok, "doctor-font", &[("family", &family)]),
        Some(said) => findings.line(Mark::Warn, "doctor-font-bad", &[("said", &said)]),
    }
    Ok(())
}
