//! The installation's secret, which signs what mails carry.

use super::{Result, Store, installation};
use std::sync::Arc;

/// Bytes that are never printed.
#[derive(Clone, Default)]
pub(super) struct Secret(Arc<[u8]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The secret of a database, which is made here where there is none.
    pub(super) async fn of(store: &Store) -> Result<Self> {
        if let Some(found) = installation::secret(&mut store.read().await?).await? {
            return Ok(Self(found.into()));
        }
        let mut tx = store.write().await?;
        installation::found(&mut tx).await?;
        let made = installation::secret(&mut tx).await?.unwrap_or_default();
        tx.commit().await?;
        Ok(Self(made.into()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
