//! The checks of `doseplan doctor` that only the command line makes: the timetable's file, and the address at which the
//! daemon answers.

use super::Invocation;
use crate::app::App;
use crate::app::findings::{Findings, Mark};
use crate::config::{HttpConfig, Listen};
use crate::web::Tls;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Whether the timetable can be read, and whether its jobs have been run.
pub(super) async fn timetable(
    invocation: &Invocation,
    findings: &mut Findings<'_>,
    app: Option<&App>,
) -> anyhow::Result<()> {
    let timetable = match invocation.timetable() {
        Ok(timetable) => timetable,
        Err(error) => {
            findings.line(Mark::Fail, "doctor-timetable-bad", &[("said", &error)]);
            return Ok(());
        }
    };
    let count = timetable.entries.len();
    match &invocation.config.timetable {
        None => findings.line(Mark::Ok, "doctor-timetable-delivered", &[("count", &count)]),
        Some(file) => {
            let file = file.display();
            findings.line(Mark::Ok, "doctor-timetable", &[("file", &file), ("count", &count)]);
        }
    }
    let Some(app) = app else { return Ok(()) };
    let late = crate::jobs::overdue::overdue(app, &timetable, invocation.clock.now()).await?;
    if late.is_empty() {
        findings.line(Mark::Ok, "doctor-jobs", &[]);
    } else {
        let jobs = late.join(", ");
        findings.line(Mark::Warn, "doctor-jobs-overdue", &[("jobs", &jobs)]);
    }
    Ok(())
}

/// Whether the daemon answers at the configured address, or could.
pub(super) async fn http(findings: &mut Findings<'_>, http: &HttpConfig, daemon_runs: bool) {
    if let Some(said) = http.refusal() {
        return findings.line(Mark::Fail, "doctor-http-plain", &[("said", &said)]);
    }
    if let Err(error) = Tls::read(http) {
        return findings.line(Mark::Fail, "doctor-http-tls-bad", &[("said", &error)]);
    }
    let address = match http.listen {
        Some(Listen::Off) => return findings.line(Mark::Ok, "doctor-http-off", &[]),
        Some(Listen::At(address)) => address,
        None => Listen::DEFAULT,
    };
    if address.port() == 0 {
        return findings.line(Mark::Ok, "doctor-http-any", &[("address", &address)]);
    }
    let shown: &[(&str, &dyn std::fmt::Display)] = &[("address", &address)];
    match TcpListener::bind(address).await {
        Ok(_) if daemon_runs => findings.line(Mark::Warn, "doctor-http-silent", shown),
        Ok(_) => findings.line(Mark::Ok, "doctor-http-free", shown),
        // Whether it is the daemon that answers there would take trusting its certificate.
        Err(error)
            if error.kind() == std::io::ErrorKind::AddrInUse
                && daemon_runs
                && http.is_encrypted() =>
        {
            let file = http.tls_cert.as_deref().unwrap_or(Path::new("")).display();
            findings.line(Mark::Ok, "doctor-http-tls", &[("address", &address), ("file", &file)]);
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match alive(address).await {
            Some(true) => findings.line(Mark::Ok, "doctor-http", shown),
            Some(false) => findings.line(Mark::Warn, "doctor-http-hangs", shown),
            None => findings.line(Mark::Warn, "doctor-http-taken", shown),
        },
        Err(error) => {
            let told: &[(&str, &dyn std::fmt::Display)] =
                &[("address", &address), ("said", &error)];
            findings.line(Mark::Fail, "doctor-http-bad", told);
        }
    }
}

/// What `/healthz` says; `None` if another program listens there.
async fn alive(address: SocketAddr) -> Option<bool> {
    const WAIT: Duration = Duration::from_secs(2);
    const ANSWER_MAX: u64 = 4096;
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.take(ANSWER_MAX).read_to_string(&mut answer).await.ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str::<serde_json::Value>(body).ok()?.get("alive")?.as_bool()
    };
    tokio::time::timeout(WAIT, ask).await.ok().flatten()
}
