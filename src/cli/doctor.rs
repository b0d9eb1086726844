//! `doseplan doctor`: checks the installation and says what to do about what it finds.

use super::findings::{Findings, Mark};
use super::{Invocation, checks, daemon};
use crate::app::App;
use crate::config::TransportKind;
use crate::secrets;

/// Runs every check; one line each.
pub(super) async fn doctor(invocation: Invocation) -> anyhow::Result<u8> {
    let mut findings = Findings::new(&invocation);
    let address = invocation.address();
    let shown = secrets::shown(&address);
    // Before the database is opened here.
    let locked = daemon::is_locked(&address);
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
        checks::rights(&mut findings, &invocation, app);
        checks::audit_key(&mut findings, app);
        checks::installed(&mut findings, app, invocation.clock.now()).await?;
        daemon_runs = checks::daemons(&mut findings, app, locked).await?;
        campaigns(&invocation, &mut findings, app).await?;
        mail(&mut findings, app).await;
        checks::relay(&mut findings, app).await?;
        checks::channels(&mut findings, app, invocation.clock.now()).await?;
        font(&mut findings, app).await?;
        checks::password_file(&mut findings, &app.config);
    }
    checks::timetable(&invocation, &mut findings, app.as_ref()).await?;
    checks::http(&mut findings, &invocation.config.http, daemon_runs).await;
    checks::clocks(&invocation, &mut findings, app.as_ref()).await?;
    let series = crate::intake::series::ids().join(", ");
    findings.line(Mark::Ok, "doctor-series", &[("series", &series)]);
    if let Some(app) = app {
        app.store.close().await;
    }
    Ok(findings.finish())
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
            let said = outcome.to_string();
            findings.line(Mark::Fail, "doctor-mail-smtp-bad", &[("host", &host), ("said", &said)]);
        }
    }
}

/// Whether the picture of the summaries can be drawn, with the names that appear in it.
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
