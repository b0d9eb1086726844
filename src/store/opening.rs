//! Opens a database: its tables, and what an installation and a jurisdiction need from the start.

use super::{Store, StoreError, installation, jurisdictions};

impl Store {
    /// Opens a database and brings its tables up to date. A SQLite file is made where `create` says so.
    pub async fn open(address: &str, create: bool) -> Result<Self, StoreError> {
        let store = Self::connect(address, create).await?;
        if jurisdictions::is_ungathered(&mut store.read().await?).await? {
            let mut tx = store.write().await?;
            jurisdictions::gather(&mut tx).await?;
            tx.commit().await?;
        }
        if installation::secret(&mut store.read().await?).await?.is_none() {
            let mut tx = store.write().await?;
            installation::found(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(store)
    }
}
