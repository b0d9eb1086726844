//! Opens a database: its tables, and what an installation and a jurisdiction need from the start.

use super::{Store, StoreError, jurisdictions};

impl Store {
    /// Opens a database and brings its tables up to date. A SQLite file is made where `create` says so.
    pub async fn open(address: &str, create: bool) -> Result<Self, StoreError> {
        let store = Self::connect(address, create).await?;
        if jurisdictions::is_ungathered(&mut store.read().await?).await? {
            let mut tx = store.write().await?;
            jurisdictions::gather(&mut tx).await?;
            tx.commit().await?;
        }
        store.with_secret().await
    }
}
