//! Calendars of sites and teams under secret addresses.

use super::unsubscribing::secret;
use super::{App, Loaded, Result};
use crate::domain::audit::Action;
use crate::domain::calendar::Sessions;
use crate::domain::permission::{Actor, Power};
use crate::store::uploads;
use crate::text::hex;
use chrono::{DateTime, NaiveDate, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

impl App {
    /// The secret part of a calendar's address, derived from the installation's secret and from how often it was
    /// renewed.
    pub async fn feed_token(&self, loaded: &Loaded, code: &str) -> Result<String> {
        let mut tx = self.store.read().await?;
        let generation = uploads::generation(&mut tx, loaded.no, code).await?;
        let secret = secret(&mut tx).await?;
        Ok(hex(&signature(&secret, loaded, code, generation).finalize().into_bytes()[..16]))
    }

    /// Whether a text is the secret part of a calendar's address, compared in constant time.
    pub async fn is_feed_token(&self, loaded: &Loaded, code: &str, token: &str) -> Result<bool> {
        let right = self.feed_token(loaded, code).await?;
        let same = right.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        Ok(right.len() == token.len() && same == 0)
    }

    /// The calendar file of a site or team, even without sessions.
    pub fn feed(
        &self,
        loaded: &Loaded,
        sessions: &Sessions,
        (post, name): (&str, &str),
        days: (NaiveDate, NaiveDate),
    ) -> String {
        self.calendar(loaded, name, loaded.campaign.language, sessions.of(post, days))
    }

    /// Renews a calendar's address; the old one stops working.
    pub async fn renew_feed(
        &self,
        loaded: &Loaded,
        code: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Tally), Action::FeedRenew, now).await?;
        uploads::renew(&mut act, loaded.no, code).await?;
        Ok(act.commit(Some(loaded.campaign.id.as_str()), code).await?)
    }
}

fn signature(secret: &[u8], loaded: &Loaded, code: &str, generation: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of every length");
    for part in ["feed", loaded.campaign.id.as_str(), code, &generation.to_string()] {
        mac.update(part.as_bytes());
        mac.update(b"\n");
    }
    mac
}
