//! Where a database is: the file behind an address, the address of a file.

use super::{Result, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// The file that an address names; none of PostgreSQL.
pub fn file(address: &str) -> Result<Option<PathBuf>> {
    if !address.starts_with("sqlite:") {
        return Ok(None);
    }
    let options = SqliteConnectOptions::from_str(address)
        .map_err(|_| StoreError::Address(address.to_owned()))?;
    Ok(Some(options.get_filename().to_owned()))
}

/// The address of a file.
pub fn address(file: &Path) -> Result<String> {
    let name = file.to_str().ok_or_else(|| StoreError::Address(file.display().to_string()))?;
    // A question mark would begin the options, a percent sign stands for others.
    Ok(format!("sqlite://{}", name.replace('%', "%25").replace('?', "%3f")))
}
