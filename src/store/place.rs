//! Where a database is: the file behind an address, the address of a file.

use super::{Result, StoreError};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// The most links that are followed to a file, as systems do.
const LINKS_MAX: usize = 40;

/// The file that an address names, whatever way to it is written; none of PostgreSQL or in memory.
pub fn file(address: &str) -> Result<Option<PathBuf>> {
    if !address.starts_with("sqlite:") {
        return Ok(None);
    }
    let options = options(address)?;
    let is_in_memory = options.get_filename().to_string_lossy().starts_with("file:sqlx-in-memory");
    Ok((!is_in_memory).then(|| real(options.get_filename())))
}

/// What an address of a file says.
pub(super) fn options(address: &str) -> Result<SqliteConnectOptions> {
    SqliteConnectOptions::from_str(address).map_err(|_| StoreError::address(address))
}

/// What an address of a server says.
pub(super) fn server(address: &str) -> Result<PgConnectOptions> {
    PgConnectOptions::from_str(address).map_err(|_| StoreError::address(address))
}

/// The address of a file.
pub fn address(file: &Path) -> Result<String> {
    let name = file.to_str().ok_or_else(|| StoreError::address(&file.display().to_string()))?;
    // A question mark would begin the options, a percent sign stands for others.
    Ok(format!("sqlite://{}", name.replace('%', "%25").replace('?', "%3f")))
}

/// The one name of a file: links are followed, even to a file that is yet to be made. SQLite keeps a file's log beside
/// this name.
pub fn real(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(to) = fs::read_link(&path) else { break };
        path = folder_of(&path).join(to);
    }
    match (folder_of(&path).canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// The folder that a file is in.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of a companion: `doseplan.db-wal` of `doseplan.db`.
pub fn added(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_way_to_a_file_has_one_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("real")).expect("a folder");
        let name = dir.path().canonicalize().expect("a folder").join("real/doseplan.db");
        symlink("real/doseplan.db", at("link.db")).expect("a link");
        symlink(at("link.db"), at("two.db")).expect("a link");
        symlink("real", at("way")).expect("a link");
        let all = ["link.db", "two.db", "way/doseplan.db", "real/../real/./doseplan.db"];
        // The file need not be there.
        for there in [false, true] {
            if there {
                fs::write(at("real/doseplan.db"), "").expect("a file");
            }
            for way in all {
                assert_eq!(real(&at(way)), name, "{way}");
                let address = format!("sqlite://{}?mode=rwc", at(way).display());
                assert_eq!(file(&address).expect("an address"), Some(name.clone()), "{way}");
            }
        }
        symlink("round.db", at("round.db")).expect("a link");
        real(&at("round.db"));
        assert_eq!(file("postgres://a@b/c").expect("an address"), None);
        assert_eq!(file("sqlite::memory:").expect("an address"), None);
    }
}
