//! Whether this installation may send mail. A copy of the database must not send what the original sends; after a jump
//! of the clock, a long pause or the return of an old state nobody knows what was sent. In these cases sending is held
//! until somebody says that it may go on.

use super::{App, AppError, Result, millis};
use crate::domain::campaign::Language;
use crate::domain::hold::{EventKind, HoldReason, hold_after, hold_of_place};
use crate::store::installation::{self, Hold, Installation};
use crate::store::{Store, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use std::path::PathBuf;

/// How often the wall clock is stored, in milliseconds.
const SEEN_EVERY_MS: i64 = 60_000;

/// What adopting a copy did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    /// Queued mails that were given up.
    pub expired: u64,
}

impl App {
    async fn home(&self) -> Result<String> {
        self.home_of(&self.store).await
    }

    /// The home of any database that this machine can reach.
    pub(super) async fn home_of(&self, store: &Store) -> Result<String> {
        let machine = self.config.daemon.instance.clone();
        let machine = machine.unwrap_or_else(crate::machine::machine_id);
        Ok(store.home(&machine).await?)
    }

    /// The file beside a SQLite database that holds the generation up to which mail was sent.
    fn memory(&self) -> Option<PathBuf> {
        self.store.file().map(|file| file.with_added_extension("sent"))
    }

    fn remembered(&self) -> i64 {
        let text = self.memory().and_then(|path| std::fs::read_to_string(path).ok());
        text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Writes the generation beside the database. If that fails, the return of an old copy goes unnoticed.
    pub(super) fn remember(&self, generation: i64) {
        let Some(path) = self.memory() else { return };
        let temporary = path.with_added_extension("tmp");
        let written = crate::files::write(&temporary, format!("{generation}\n"))
            .and_then(|()| std::fs::rename(&temporary, &path));
        if let Err(error) = written {
            tracing::warn!(file = %path.display(), %error, "cannot be written");
        }
    }

    /// The installation's row. Its first use makes this place the one that may send.
    async fn installation(&self, home: &str) -> Result<Installation> {
        let mut tx = self.store.read().await?;
        if let Some(found) = installation::get(&mut tx).await? {
            return Ok(found);
        }
        drop(tx);
        let mut tx = self.store.write().await?;
        installation::make(&mut tx, home).await?;
        let found = installation::get(&mut tx).await?;
        tx.commit().await?;
        found.ok_or_else(|| AppError::refused("refused-installation", &[]))
    }

    /// Whether the database was at home in another place, from which its file was copied or moved by hand.
    pub async fn is_elsewhere(&self) -> Result<bool> {
        let here = self.home().await?;
        let found = installation::get(&mut self.store.read().await?).await?;
        let home = found.and_then(|found| found.home);
        Ok(home.is_some_and(|home| !home.is_empty() && home != here))
    }

    /// The hold on sending, if there is one. A new reason to hold is stored.
    pub async fn held(&self, now: DateTime<Utc>) -> Result<Option<Hold>> {
        let home = self.home().await?;
        let found = self.installation(&home).await?;
        if found.hold.is_some() {
            return Ok(found.hold);
        }
        let is_home = found.home.as_deref() == Some(home.as_str());
        let why = hold_of_place(is_home, found.generation, self.remembered());
        let Some(why) = why else { return Ok(None) };
        self.put_on_hold(why, "", now).await
    }

    /// The same on each tick, which also notices pauses and jumps of the clock. After a pause longer than `window`
    /// nothing is caught up, so sending is held.
    pub async fn watch(&self, now: DateTime<Utc>, window: TimeDelta) -> Result<Option<Hold>> {
        let home = self.home().await?;
        let found = self.installation(&home).await?;
        let mut tx = self.store.read().await?;
        // Several daemons share one clock: the database's.
        let at = if self.store.is_sqlite() {
            millis(now)
        } else {
            self.store.lease_clock(&mut tx).await?
        };
        drop(tx);
        let since = found.seen_at.map(|seen| at - seen);
        if since.is_none_or(|since| !(0..SEEN_EVERY_MS).contains(&since)) {
            let mut tx = self.store.write().await?;
            if let Some(since) = since {
                notice(&mut tx, since, window, now).await?;
            }
            installation::seen(&mut tx, at).await?;
            tx.commit().await?;
        }
        self.held(now).await
    }

    async fn put_on_hold(
        &self,
        why: HoldReason,
        said: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Hold>> {
        let mut tx = self.store.write().await?;
        begin_hold(&mut tx, why, said, millis(now)).await?;
        let found = installation::get(&mut tx).await?;
        tx.commit().await?;
        Ok(found.and_then(|found| found.hold))
    }

    /// Holds sending by hand.
    pub async fn hold(&self, said: &str, now: DateTime<Utc>) -> Result<()> {
        self.held(now).await?;
        self.put_on_hold(HoldReason::Asked, said, now).await?;
        Ok(())
    }

    /// Ends a hold after a pause or a jump of the clock; `false` if there was none. A copy has to be adopted instead.
    pub async fn resume(&self, now: DateTime<Utc>) -> Result<bool> {
        let Some(hold) = self.held(now).await? else { return Ok(false) };
        let mut tx = self.store.write().await?;
        resume_in(&mut tx, &hold, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes this copy of the database the one that sends. `expire_queued` gives up queued mail, which may have been
    /// sent from the original.
    pub async fn adopt(&self, expire_queued: bool, now: DateTime<Utc>) -> Result<Adopted> {
        let home = self.home().await?;
        self.installation(&home).await?;
        let at = millis(now);
        let mut tx = self.store.write().await?;
        let mut expired = 0;
        if expire_queued {
            let why = "given up when this copy of the database was adopted";
            expired = crate::store::outbox::expire_queued(&mut tx, why, at).await?;
        }
        installation::adopt(&mut tx, &home).await?;
        installation::note(
            &mut tx,
            EventKind::Adopt,
            &format!("{expired} waiting mails given up"),
            at,
        )
        .await?;
        let generation = installation::sent(&mut tx).await?;
        tx.commit().await?;
        self.remember(generation);
        Ok(Adopted { expired })
    }
}

/// Holds sending if the clock went back, or if no daemon ran for longer than missed work is caught up.
async fn notice(tx: &mut Tx, since: i64, window: TimeDelta, now: DateTime<Utc>) -> Result<()> {
    let at = millis(now);
    if let Some(why) = hold_after(since, window.num_milliseconds()) {
        begin_hold(tx, why, &spoken(since.abs()), at).await?;
    }
    Ok(())
}

/// Holds sending because somebody asked for it.
pub(super) async fn hold_in(tx: &mut Tx, said: &str, now: DateTime<Utc>) -> Result<()> {
    begin_hold(tx, HoldReason::Asked, said, millis(now)).await
}

/// Ends a hold. A copy has to be adopted instead.
pub(super) async fn resume_in(tx: &mut Tx, hold: &Hold, now: DateTime<Utc>) -> Result<()> {
    if hold.why.is_copy() {
        let (said, remedy) = (hold.words(Language::En), hold.remedy());
        return Err(AppError::refused("refused-held", &[("said", &said), ("remedy", &remedy)]));
    }
    installation::resume(tx).await?;
    installation::note(tx, EventKind::Resume, hold.why.word(), millis(now)).await?;
    Ok(())
}

async fn begin_hold(tx: &mut Tx, why: HoldReason, said: &str, at: i64) -> Result<()> {
    if installation::hold(tx, why, said, at).await? {
        let hold = Hold { why, said: said.to_owned(), at };
        installation::note(tx, EventKind::Hold, &hold.words(Language::En), at).await?;
    }
    Ok(())
}

/// A duration in words, such as `3 h 20 min`.
fn spoken(millis: i64) -> String {
    let minutes = millis / 60_000;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
