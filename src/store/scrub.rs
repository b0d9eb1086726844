//! Leaves nothing of what was deleted.

use super::{Pools, Store, StoreError};
use sqlx::Row as _;

/// The tables of PostgreSQL that may hold personal data.
const SCRUBBED: &[&str] = &[
    "VACUUM FULL person",
    "VACUUM FULL person_past",
    "VACUUM FULL apart",
    "VACUUM FULL outbox",
    "VACUUM FULL way",
    "VACUUM FULL phone",
    "VACUUM FULL reply",
    "VACUUM FULL bounce",
    "VACUUM FULL suppressed",
    "VACUUM FULL unsubscribed",
    "VACUUM FULL upload",
    "VACUUM FULL event",
    "VACUUM FULL audit",
    "VACUUM FULL dose_past",
    "VACUUM FULL outcome_past",
];

impl Store {
    /// Whether SQLite writes zeros over what is deleted. PostgreSQL does not: see [`Self::scrub`].
    pub async fn overwrite_deleted(&self, overwrites: bool) -> Result<(), StoreError> {
        if let Pools::Sqlite { write, .. } = &self.pools {
            let sql =
                if overwrites { "PRAGMA secure_delete = ON" } else { "PRAGMA secure_delete = OFF" };
            sqlx::query(sql).fetch_all(write).await?;
        }
        Ok(())
    }

    /// Writes the tables anew, so that nothing is left of what was deleted: not on free pages, not in SQLite's log.
    /// `false`: somebody else was at work, and parts may be left.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                let vacuumed = sqlx::raw_sql("VACUUM").execute(write).await.is_ok();
                let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(write).await?;
                Ok(vacuumed && row.try_get::<i64, _>(0)? == 0)
            }
            Pools::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                sqlx::raw_sql("SET statement_timeout = 0").execute(&mut *connection).await?;
                let mut done = true;
                for table in SCRUBBED {
                    done &= sqlx::raw_sql(*table).execute(&mut *connection).await.is_ok();
                }
                sqlx::raw_sql("RESET statement_timeout").execute(&mut *connection).await?;
                Ok(done)
            }
        }
    }
}
