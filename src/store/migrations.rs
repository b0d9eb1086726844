//! The database migrations, embedded in the program. Both databases have the same numbers and names; a migration that
//! has landed never changes, because every database keeps its checksum.
//!
//! sqlx's own `migrate!` would compile all of sqlx a second time for its macros.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// One migration, with its text for each database.
struct Embedded {
    /// `NNNN_name`: the file's name without its ending.
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        /// All migrations in the order in which they run.
        const EMBEDDED: &[Embedded] = &[$(Embedded {
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+];
    };
}

embedded!(
    "0001_start",
    "0002_statistics",
    "0003_reliability",
    "0004_prices",
    "0005_accounts",
    "0006_records",
    "0007_lists",
    "0008_refusals",
    "0009_guard",
    "0010_people",
    "0011_jurisdiction",
    "0012_truth",
    "0013_channels",
    "0014_booking",
    "0015_schools",
    "0016_mergers",
    "0017_calls",
    "0018_waiting",
    "0019_ways",
    "0020_births",
    "0021_rosters",
    "0022_sign_in",
    "0023_homes",
    "0024_oidc_and_locks",
    "0025_outlines",
    "0026_visits",
    "0027_counted_days",
    "0028_by_person",
);

/// The migrations of a SQLite database.
pub(super) fn sqlite() -> Migrator {
    migrator(|embedded| embedded.sqlite)
}

/// The migrations of a PostgreSQL database.
pub(super) fn postgres() -> Migrator {
    migrator(|embedded| embedded.postgres)
}

/// The number of the newest migration that this program has.
pub(super) fn newest() -> i64 {
    EMBEDDED.iter().map(|embedded| parts(embedded).0).max().unwrap_or(0)
}

fn migrator(text: impl Fn(&Embedded) -> &'static str) -> Migrator {
    let migration = |embedded: &Embedded| {
        let (version, description) = parts(embedded);
        let sql = text(embedded).into_sql_str();
        Migration::new(version, description.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(EMBEDDED.iter().map(migration).collect())
}

/// Number and description of a migration, as sqlx reads them from a file's name.
fn parts(embedded: &Embedded) -> (i64, String) {
    let (number, name) = embedded.name.split_once('_').expect("a name is a number and words");
    (number.parse().expect("a name begins with a number"), name.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[tokio::test]
    async fn every_file_in_the_folders_is_embedded_as_sqlx_reads_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for (folder, embedded) in [("sqlite", sqlite()), ("postgres", postgres())] {
            let files = Migrator::new(root.join(folder)).await.unwrap();
            let seen = |all: &Migrator| -> Vec<_> {
                all.iter()
                    .map(|one| {
                        let kind = (one.migration_type, one.no_tx);
                        (one.version, one.description.clone(), kind, one.checksum.clone())
                    })
                    .collect()
            };
            assert_eq!(seen(&embedded), seen(&files), "{folder}");
            assert_eq!(embedded.iter().map(|one| one.version).max(), Some(newest()));
        }
    }
}
