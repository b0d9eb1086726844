//! `doseplan backup` and `doseplan restore`.

use super::{Session, daemon, db, exit};
use crate::app::copies;
use clap::Args;
use std::path::PathBuf;

/// Write a copy of the database into a file, while the daemon runs.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file; it will hold people's names and addresses
    file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// Make the database anew from a backup.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `doseplan backup` wrote
    file: PathBuf,
    /// Replace a SQLite database that holds campaigns; it is kept beside as NAME.before-restore
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(super) async fn run(&self, session: Session) -> anyhow::Result<u8> {
        let app = session.open(false).await?;
        let tables = app.backup(&self.file, self.force, session.clock.now()).await?;
        app.store.close().await;
        db::print(&session, &tables);
        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        session.out.note("backup-done", &[("file", &self.file.display()), ("rows", &rows)]);
        Ok(exit::OK)
    }
}

impl Restore {
    pub(super) async fn run(&self, session: Session) -> anyhow::Result<u8> {
        let address = session.address();
        let _lock = daemon::lock(&address)?;
        let now = session.clock.now();
        let tables = copies::restore(&self.file, &address, self.force, now).await?;
        db::print(&session, &tables);
        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        let db = super::shown(&address);
        session.out.note("restore-done", &[("db", &db), ("rows", &rows)]);
        session.out.note("restore-held", &[]);
        Ok(exit::OK)
    }
}
