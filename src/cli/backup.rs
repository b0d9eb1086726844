//! `doseplan backup` and `doseplan restore`.

use super::{Invocation, db, exit};
use crate::app::copies::{self, Restored};
use crate::fault::Faults;
use crate::secrets;
use clap::Args;
use std::path::PathBuf;

/// Write a copy of the database into a file, while the daemon runs.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file; it will hold people's names and addresses
    file: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// Restore the database from a backup.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `doseplan backup` wrote
    file: PathBuf,
    /// Replace a SQLite database that holds campaigns; it is kept as NAME.before-restore
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let tables = app.backup(&self.file, self.force, invocation.clock.now()).await?;
        let head = app.audit_head().await?;
        app.store.close().await;
        db::print(&invocation, &tables);
        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        invocation.out.note("backup-done", &[("file", &self.file.display()), ("rows", &rows)]);
        if let Some(head) = head {
            invocation.out.note("db-audit-head", &[("head", &head.short())]);
        }
        Ok(exit::OK)
    }
}

impl Restore {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let address = invocation.address();
        let now = invocation.clock.now();
        let faults = Faults::from_environment();
        let Restored { tables, kept } =
            copies::restore(&self.file, &address, self.force, now, &faults).await?;
        db::print(&invocation, &tables);
        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        let db = secrets::shown(&address);
        for file in &kept {
            invocation.out.note("restore-kept", &[("file", &file.display())]);
        }
        invocation.out.note("restore-done", &[("db", &db), ("rows", &rows)]);
        invocation.out.note("restore-held", &[]);
        Ok(exit::OK)
    }
}
