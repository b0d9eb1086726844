//! Links that open the booking page. A token says nothing by itself; what it is for is stored with its hash.

use super::hash_of_token;
use crate::app::unsubscribing::secret;
use crate::app::{App, Loaded, Result, millis};
use crate::domain::id::{CampaignNo, PersonId};
use crate::mail::link::booking_token;
use crate::store::Tx;
use crate::store::bookings::{self, Link};
use chrono::{DateTime, NaiveDate, Utc};

/// Stores a link to somebody's dose that lasts until a day, and returns its token. The same dose has the same token.
pub(in crate::app) async fn make(
    tx: &mut Tx,
    secret: &[u8],
    link: &Link,
    now: DateTime<Utc>,
) -> Result<String> {
    let token = token_of(secret, link.campaign, &link.person, link.dose);
    bookings::put_link(tx, &hash_of_token(&token), link, millis(now)).await?;
    Ok(token)
}

/// The token of a link to somebody's dose.
pub(in crate::app) fn token_of(
    secret: &[u8],
    campaign: CampaignNo,
    person: &PersonId,
    dose: u8,
) -> String {
    booking_token(secret, &format!("{}\n{dose}\n{person}", campaign.0))
}

impl App {
    /// A token that opens the booking page for somebody's dose until a day.
    pub async fn booking_token(
        &self,
        loaded: &Loaded,
        (person, dose): (&PersonId, u8),
        until: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let mut tx = self.store.write().await?;
        let secret = secret(&mut tx).await?;
        let link = Link { campaign: loaded.no, person: person.clone(), dose, until };
        let token = make(&mut tx, &secret, &link, now).await?;
        tx.commit().await?;
        Ok(token)
    }
}
