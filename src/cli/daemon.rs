//! `doseplan daemon`.

use super::{Invocation, exit, service};
use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::config::{HttpConfig, Listen};
use crate::fault::Faults;
use crate::jobs::runner::{Reload, Runner};
use crate::mail::message::Party;
use crate::store::lock::{self, FileLock};
use crate::store::place;
use crate::web;
use anyhow::Context as _;
use clap::Args;
use sd_notify::NotifyState;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// Run the timetable until stopped.
#[derive(Debug, Args)]
pub(super) struct Daemon {}

/// How long a tick under way may take after a signal; then its transaction is rolled back.
const STOP_MAX: Duration = Duration::from_secs(4);

/// The name of this process in leases: unique, so that a restarted process is not taken for its predecessor.
pub(super) fn owner() -> String {
    format!("{}-{}", std::process::id(), uuid::Uuid::now_v7())
}

/// Why the daemon does not listen as configured.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotListen {
    /// The address cannot be bound.
    #[error("[http] listen = \"{0}\": {1}; write another address, or \"off\"")]
    Taken(SocketAddr, std::io::Error),
    /// The configuration is refused.
    #[error("{0}")]
    Refused(String),
}

impl Daemon {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let timetable = invocation.timetable()?;
        let http = &invocation.config.http;
        let tls = web::Tls::read(http)?;
        let listener = listen(http)?;
        let booking = listen_for_bookings(&invocation.config)?;
        let mut lock = lock(&invocation.address())?;
        let app = invocation.open(true).await?;
        if let Some(lock) = &mut lock {
            lock.hold_file().map_err(AppError::from)?;
        }
        let clock = invocation.clock.clone();
        app.note_zone_data(clock.now()).await?;
        let runner = Runner { timetable, ..Runner::new(app, owner()) };
        let site = web::Site::new(&runner, clock.clone()).with_tls(tls);
        let site = site.with_configuration(&invocation.common.configuration());
        let booking = booking.map(|it| Http::start_booking(it, site.clone()));
        let http = listener.map(|it| Http::start(it, site));
        let served = serve(runner, clock, http, Some(&invocation)).await;
        if let Some(booking) = booking {
            drop(booking.end);
            let _ = tokio::time::timeout(web::END_MAX, booking.task).await;
        }
        served?;
        drop(lock);
        Ok(exit::OK)
    }
}

/// Binds the address of the configuration. A configured address must be free; the default one need not be, because
/// another daemon of this machine may have it.
pub(super) fn listen(http: &HttpConfig) -> Result<Option<TcpListener>, CannotListen> {
    if let Some(said) = http.refusal() {
        return Err(CannotListen::Refused(said));
    }
    let asked = http.listen;
    let address = match asked {
        Some(Listen::Off) => return Ok(None),
        Some(Listen::At(address)) => address,
        None => Listen::DEFAULT,
    };
    match crate::web::listen(address) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if asked.is_some() => Err(CannotListen::Taken(address, error)),
        Err(error) => {
            tracing::warn!(
                %address, %error,
                "no HTTP: give another address in doseplan.toml, [http] listen = \"127.0.0.1:8471\""
            );
            Ok(None)
        }
    }
}

/// Binds the address of the booking pages, if they are on.
fn listen_for_bookings(
    config: &crate::config::Config,
) -> Result<Option<TcpListener>, CannotListen> {
    let listener = config.booking.listener(&config.http);
    listen(&listener).map_err(|error| {
        CannotListen::Refused(error.to_string().replace("[http] listen", "[booking] listen"))
    })
}

/// The running HTTP server.
pub(super) struct Http {
    address: Option<SocketAddr>,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Http {
    /// Starts serving.
    pub(super) fn start(listener: TcpListener, site: web::Site) -> Self {
        let address = listener.local_addr().ok();
        if let Some(address) = address {
            tracing::info!(%address, "HTTP listens");
        }
        let (end, ends) = oneshot::channel::<()>();
        let task = tokio::spawn(web::serve(listener, site, async { drop(ends.await) }));
        Self { address, end, task }
    }

    /// Starts serving the booking pages.
    fn start_booking(listener: TcpListener, site: web::Site) -> Self {
        let address = listener.local_addr().ok();
        if let Some(address) = address {
            tracing::info!(%address, "booking listens");
        }
        let (end, ends) = oneshot::channel::<()>();
        let task = tokio::spawn(web::serve_booking(listener, site, async { drop(ends.await) }));
        Self { address, end, task }
    }
}

/// Runs until SIGINT or SIGTERM, then ends within five seconds and leaves nothing half done. On SIGHUP it reads the
/// configuration of `invocation` again, if there is one.
pub(super) async fn serve(
    runner: Runner,
    clock: Clock,
    http: Option<Http>,
    invocation: Option<&Invocation>,
) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let had_terminal = std::io::stdin().is_terminal();
    let (stop, app) = (runner.stop.clone(), runner.app.clone());
    let reload = runner.reload.clone();
    let hung_up = async {
        loop {
            hangup.recv().await;
            // The terminal was closed under a daemon in its foreground: nobody could end it any more.
            if had_terminal && !std::io::stdin().is_terminal() {
                return;
            }
            if let Some(invocation) = invocation {
                follow(invocation, &app, &reload);
            }
        }
    };
    let hearts = Arc::clone(&runner.hearts);
    tracing::info!(now = %clock.now(), "daemon started");
    let address = http.as_ref().and_then(|http| http.address);
    let mut work = tokio::spawn(async move { Box::pin(runner.serve(&clock)).await });
    let mut broken = false;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = hung_up => {}
        _ = &mut work => broken = true,
        never = service::watch(&hearts, address) => match never {},
    }
    service::tell(&[NotifyState::Stopping]);
    stop.send_replace(true);
    let http = http.map(|http| {
        drop(http.end);
        http.task
    });
    if !broken && tokio::time::timeout(STOP_MAX, work).await.is_err() {
        tracing::warn!("a job did not end in time; its transaction is undone");
    }
    if let Some(http) = http {
        // It had the time in which the work ended.
        let _ = tokio::time::timeout(web::END_MAX, http).await;
    }
    // Closing folds the write-ahead log into the file. A job that hangs must not keep the process alive.
    let _ = tokio::time::timeout(Duration::from_millis(800), app.store.close()).await;
    tracing::info!("daemon stopped");
    // The service manager restarts the daemon.
    anyhow::ensure!(!broken, "the daemon's loops have ended by themselves; its log says why");
    Ok(())
}

/// Reads the configuration again and announces it. One that cannot be used is told, and the old one stays.
fn follow(invocation: &Invocation, app: &App, reload: &watch::Sender<Option<Arc<Reload>>>) {
    let read = || -> anyhow::Result<_> {
        let config = super::configuration(&invocation.common)?;
        let before = reload.borrow().clone();
        let before = before.as_ref().map_or(&invocation.config, |before| &before.config);
        let (config, waiting) = before.followed_by(config);
        let timetable = super::timetable_of(&config)?;
        let mut probe = app.clone();
        probe.config = config;
        probe.transport()?;
        probe
            .config
            .mail
            .from
            .parse::<Party>()
            .map_err(anyhow::Error::msg)
            .context("[mail] from")?;
        let config = probe.config;
        Ok((Reload { config, timetable }, waiting))
    };
    match read() {
        Ok((new, waiting)) => {
            reload.send_replace(Some(Arc::new(new)));
            tracing::info!("the configuration was read again and is followed");
            if !waiting.is_empty() {
                let keys = waiting.join(", ");
                tracing::warn!(keys, "these changes wait for the next start of the daemon");
            }
            service::tell(&[NotifyState::Status("follows the configuration as read again")]);
        }
        Err(error) => {
            let said = format!("{error:#}");
            tracing::error!(
                error = said,
                "the new configuration cannot be used; the old one stays"
            );
            service::tell(&[NotifyState::Status("the new configuration cannot be used")]);
        }
    }
}

/// Locks the SQLite file, whatever way to it is written, against a second daemon. Before it is opened.
pub(super) fn lock(address: &str) -> crate::app::Result<Option<FileLock>> {
    let file = place::file(address)?;
    Ok(file.map(|file| FileLock::take(&file, &Faults::from_environment())).transpose()?)
}

/// Whether a daemon has the SQLite file of this address. Before it is opened.
pub(super) fn is_locked(address: &str) -> bool {
    place::file(address).ok().flatten().is_some_and(|file| lock::is_held(&file))
}
