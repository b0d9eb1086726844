//! `doseplan doctor`: checks the installation and says what to do about what it finds.

use super::findings::Printed;
use super::{Invocation, checks, daemon};
use crate::app::checks as common;
use crate::app::findings::{Findings, Mark};
use crate::secrets;

/// Runs every check; one line each.
pub(super) async fn doctor(invocation: Invocation) -> anyhow::Result<u8> {
    let mut printed = Printed::new(&invocation);
    let mut findings = Findings::new(invocation.out.language, |found| printed.line(found));
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
        common::disk(&mut findings, app);
        common::rights(&mut findings, &invocation.common.configuration(), app);
        common::audit_key(&mut findings, app);
        common::second_factors(&mut findings, app).await?;
        common::installed(&mut findings, app, invocation.clock.now()).await?;
        daemon_runs = common::daemons(&mut findings, app, locked).await?;
        common::campaigns(&mut findings, app, invocation.clock.now()).await?;
        common::mail(&mut findings, app).await;
        common::relay(&mut findings, app).await?;
        common::channels(&mut findings, app, invocation.clock.now()).await?;
        common::oidc(&mut findings, app, invocation.clock.now()).await;
        common::font(&mut findings, app).await?;
        common::password_file(&mut findings, &app.config);
    }
    checks::timetable(&invocation, &mut findings, app.as_ref()).await?;
    checks::http(&mut findings, &invocation.config.http, daemon_runs).await;
    common::clocks(&mut findings, app.as_ref(), &invocation.clock).await?;
    let series = crate::intake::series::ids().join(", ");
    findings.line(Mark::Ok, "doctor-series", &[("series", &series)]);
    if let Some(app) = app {
        app.store.close().await;
    }
    drop(findings);
    Ok(printed.finish())
}
