//! Signing in with a password, and the growing wait of those who guess. What comes after it: `logins`.

use super::accounts::hash_of;
use super::{App, Result, millis};
use crate::domain::account::Account;
use crate::domain::audit::Action;
use crate::domain::guessing::{FORGOTTEN, Guesser};
use crate::store::guesses;
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;
use tokio::sync::Semaphore;

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// The password is the account's.
    Right(Account),
    /// Name and password do not match.
    Wrong,
    /// There were too many wrong ones; the password was not looked at. A further try may come after so many seconds.
    Early(i64),
}

/// The names under which a try is counted. Only hashes of names are stored: what was typed may be a password.
fn counted(name: &str, source: IpAddr) -> [(Guesser, String); 3] {
    let account = &hash_of(name)[..24];
    [
        (Guesser::Pair, format!("pair {source} {account}")),
        (Guesser::Source, format!("source {source}")),
        (Guesser::Account, format!("account {account}")),
    ]
}

impl App {
    /// Tries a password from a source. Hashing one takes a core and 19 MB, so tries take turns at `hashing`.
    pub async fn try_password(
        &self,
        (name, password): (&str, &str),
        source: IpAddr,
        hashing: &Semaphore,
        now: DateTime<Utc>,
    ) -> Result<Tried> {
        let keys = counted(name, source);
        let pause = match self.count_try(&keys, now).await? {
            Ok(pause) => pause,
            Err(secs) => return Ok(Tried::Early(secs)),
        };
        tokio::time::sleep(pause.to_std().unwrap_or_default()).await;
        let turn = hashing.acquire().await.expect("the semaphore is never closed");
        let found = self.is_password_of(name, password).await;
        drop(turn);
        let Some(account) = found? else {
            self.note_wrong(name, now).await?;
            return Ok(Tried::Wrong);
        };
        let mut tx = self.store.write().await?;
        for (guesser, what) in &keys {
            match guesser {
                Guesser::Pair | Guesser::Codes => guesses::forget(&mut tx, what).await?,
                // Whoever has an account could else guess at others without end.
                Guesser::Source | Guesser::Account => guesses::forgive(&mut tx, what).await?,
            }
        }
        guesses::clear(&mut tx, millis(now - FORGOTTEN)).await?;
        tx.commit().await?;
        Ok(Tried::Right(account))
    }

    /// Counts a try before its password (or code) is looked at, so that many tries at once do not get around the wait.
    /// Returns how long this one is to be delayed, or after how many seconds it may come again.
    pub(super) async fn count_try(
        &self,
        keys: &[(Guesser, String)],
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<TimeDelta, i64>> {
        let (at, since) = (millis(now), millis(now - FORGOTTEN));
        let (mut pause, mut early) = (TimeDelta::zero(), 0);
        let mut tx = self.store.write().await?;
        for (guesser, what) in keys {
            let known = guesses::get(&mut tx, what, since).await?;
            let wait = guesser.wait(known.failures);
            if *guesser == Guesser::Account {
                pause = wait;
            } else {
                // A clock that went back makes nobody wait longer than the wait itself.
                let left = (known.at + wait.num_milliseconds() - at).min(wait.num_milliseconds());
                early = early.max(left);
            }
        }
        if early > 0 {
            return Ok(Err((early + 999) / 1000));
        }
        for (_, what) in keys {
            guesses::count(&mut tx, what, at, since).await?;
        }
        tx.commit().await?;
        Ok(Ok(pause))
    }

    /// A name that no account has may be a password that was typed into the wrong field: it does not reach the log.
    async fn note_wrong(&self, name: &str, now: DateTime<Utc>) -> Result<()> {
        let known = self.accounts().await?.iter().any(|account| account.name == name);
        let shown = if known { name } else { "-" };
        self.note_audit(shown, Action::LoginFailed, (None, ""), now).await
    }
}
