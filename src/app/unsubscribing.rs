//! Readers who want no more reminders, whether they used the link in a mail, wrote or phoned.

use super::{App, AppError, Result, millis};
use crate::domain::hold::EventKind;
use crate::mail::link::{self, WayOut};
use crate::mail::message::{Party, canonical, routable, spellings};
use crate::store::unsubscribed::{self, Unsubscribed};
use crate::store::{StoreError, Tx, installation};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The result of unsubscribing. It does not name the reader, because whoever has the token may be somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The reader gets no more reminders.
    Done,
    /// The reader had unsubscribed before.
    Already,
    /// No mail of this installation has this token.
    Unknown,
}

/// The secret that signs links and envelope senders.
pub(super) async fn secret(tx: &mut Tx) -> Result<Vec<u8>> {
    let missing = || {
        let what = "the row that holds the secret is gone; restore a backup";
        StoreError::bad("installation", "secret", 1, what)
    };
    Ok(installation::secret(tx).await?.ok_or_else(missing)?)
}

impl App {
    /// How the reader of the mail with this key can unsubscribe.
    pub(super) fn way_out(&self, secret: &[u8], key: &str) -> Result<WayOut> {
        let mail = &self.config.mail;
        let desk = match &mail.unsubscribe {
            Some(desk) => desk.clone(),
            None => mail.from.parse::<Party>().map(|from| from.address).unwrap_or_default(),
        };
        let token = link::token(secret, &link::message_hash(secret, key));
        WayOut::new(&desk, mail.unsubscribe_url.as_ref(), token)
            .map_err(|error| AppError::refused("refused-way-out", &[("said", &error)]))
    }

    /// Unsubscribes the reader of the mail with this token from all reminders; doing it twice changes nothing.
    /// `how` they asked is stored.
    pub async fn unsubscribe(&self, token: &str, how: &str, now: DateTime<Utc>) -> Result<Done> {
        let mut tx = self.store.write().await?;
        let secret = secret(&mut tx).await?;
        let Some(hash) = link::hash_of(&secret, token) else { return Ok(Done::Unknown) };
        let left = format!("reminder.{hash}");
        let Some(address) = unsubscribed::message(&mut tx, &left).await? else {
            return Ok(Done::Unknown);
        };
        let done = note(&mut tx, &address, how, now).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Unsubscribes an address from reminders.
    pub async fn unsubscribe_address(
        &self,
        address: &str,
        how: &str,
        now: DateTime<Utc>,
    ) -> Result<Done> {
        routable(address)
            .map_err(|error| AppError::refused("refused-address", &[("said", &error)]))?;
        let mut tx = self.store.write().await?;
        let done = note(&mut tx, address, how, now).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Lets an address get reminders again; `false` if it had not unsubscribed.
    pub async fn subscribe_again(&self, address: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let done = again_in(&mut tx, address, now).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// The addresses that unsubscribed.
    pub async fn unsubscribed(&self) -> Result<Vec<Unsubscribed>> {
        let mut tx = self.store.read().await?;
        Ok(unsubscribed::list(&mut tx).await?)
    }
}

/// Lets an address get reminders again, within a transaction.
pub(super) async fn again_in(tx: &mut Tx, address: &str, now: DateTime<Utc>) -> Result<bool> {
    let address = canonical(address);
    let done = unsubscribed::delete(tx, &address).await?;
    if done {
        let said = format!("{address} gets reminders again");
        installation::note(tx, EventKind::SubscribedAgain, &said, millis(now)).await?;
    }
    Ok(done)
}

/// Notes that an address wants no more reminders, and withdraws those that wait.
pub(super) async fn note(
    tx: &mut Tx,
    address: &str,
    how: &str,
    now: DateTime<Utc>,
) -> Result<Done> {
    let at = millis(now);
    let is_new = unsubscribed::insert(tx, &canonical(address), how, at).await?;
    // Even if it was known: a mail may have been queued by hand since.
    unsubscribed::expire(tx, &spellings(address), at).await?;
    Ok(if is_new { Done::Done } else { Done::Already })
}
