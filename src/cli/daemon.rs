//! `doseplan daemon`.

use super::{Session, exit};
use crate::app::AppError;
use crate::clock::Clock;
use crate::jobs::runner::Runner;
use clap::Args;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Run the timetable until stopped.
#[derive(Debug, Args)]
pub(super) struct Daemon {}

/// A look that is under way gets so long to end after a signal; its transaction is undone if it does not.
const STOP_MAX: Duration = Duration::from_secs(4);

/// The name of this process in leases: unique, so that a restarted process is not taken for its predecessor.
pub(super) fn owner() -> String {
    format!("{}-{}", std::process::id(), uuid::Uuid::now_v7())
}

impl Daemon {
    pub(super) async fn run(&self, session: Session) -> anyhow::Result<u8> {
        let lock = lock(&session.address())?;
        let app = session.open(true).await?;
        let clock = session.clock.clone();
        serve(Runner::new(app, owner()), clock).await?;
        drop(lock);
        Ok(exit::OK)
    }
}

/// Runs until SIGINT or SIGTERM, then ends within five seconds with nothing half-done.
pub(super) async fn serve(runner: Runner, clock: Clock) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (stop, store) = (runner.stop.clone(), runner.app.store.clone());
    tracing::info!(now = %clock.now(), "daemon started");
    let work = tokio::spawn(async move { runner.serve(&clock).await });
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.send_replace(true);
    if tokio::time::timeout(STOP_MAX, work).await.is_err() {
        tracing::warn!("a job did not end in time; its transaction is undone");
    }
    // Closing folds the write-ahead log into the file; a job that hangs must not keep the process.
    let _ = tokio::time::timeout(Duration::from_millis(800), store.close()).await;
    tracing::info!("daemon stopped");
    Ok(())
}

/// Keeps a second daemon off the same SQLite file; the lock goes with the process, however it ends.
pub(super) fn lock(address: &str) -> anyhow::Result<Option<File>> {
    let Some(path) = address.strip_prefix("sqlite:") else { return Ok(None) };
    let path = path.trim_start_matches("//");
    let path = PathBuf::from(path.split('?').next().unwrap_or(path)).with_added_extension("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| AppError::File(path.clone(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(AppError::Busy(format!(
            "another daemon works on this database (it holds {}); stop it first, or use PostgreSQL \
             for several daemons",
            path.display()
        ))
        .into()),
        Err(TryLockError::Error(error)) => Err(AppError::File(path, error).into()),
    }
}
