//! Logins of the dashboard: how one begins, how long it lasts, which ones an account has, and how they end.

use super::accounts::{SEEN_EVERY, hash_of, secret_text};
use super::{App, Result, millis};
use crate::config::SecondFactor;
use crate::domain::account::Account;
use crate::domain::audit::Action;
use crate::domain::permission::{Actor, Power};
use crate::store::accounts::{self, Origin, Proof};
use crate::store::audit::Act;
use crate::store::second_factors;
use chrono::{DateTime, TimeDelta, Utc};

/// The longest that a login lasts.
const LOGIN_MAX: TimeDelta = TimeDelta::hours(12);
/// The longest that a login lasts without a request.
const LOGIN_IDLE_MAX: TimeDelta = TimeDelta::hours(2);
/// How long a code may be given after the password.
const HALF_MAX: TimeDelta = TimeDelta::minutes(10);
/// Digits of a login's hash that name it.
const NAME_DIGITS: usize = 16;

/// What the right password leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// A login; the secret for the browser's cookie.
    Login(String),
    /// The account has a second factor: the secret for the form that asks for its code.
    Half(String),
}

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The account.
    pub account: Account,
    /// Whether a second factor must be set up before anything else.
    pub lacks_factor: bool,
}

/// A login as its account sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LoginView {
    /// What it is called: digits of a hash from which nobody can make the login.
    pub id: String,
    /// Since when, milliseconds since 1970.
    pub made_at: i64,
    /// When it was last used, to the minute.
    pub seen_at: i64,
    /// The network address; `None` where an older version did not note it.
    pub address: Option<String>,
    /// The browser in a few words, as it says itself; empty where nothing is known.
    pub browser: String,
    /// Whether it is the one that asks.
    pub is_own: bool,
}

/// Limits of logins that are over: made before the first instant, or last used before the second.
pub(super) fn over(now: DateTime<Utc>) -> (i64, i64) {
    (millis(now - LOGIN_MAX), millis(now - LOGIN_IDLE_MAX))
}

/// Limit of logins that waited too long for a code.
pub(super) fn half_over(now: DateTime<Utc>) -> i64 {
    millis(now - HALF_MAX)
}

impl App {
    /// Goes on after the right password: with a login, or where the account has a second factor, with the wait for its
    /// code. `browser`: what the browser says of itself, in a few words.
    pub async fn begin_login(
        &self,
        account: &Account,
        browser: &str,
        now: DateTime<Utc>,
    ) -> Result<Begun> {
        let mut tx = self.store.read().await?;
        let factor = second_factors::get(&mut tx, account.id).await?;
        drop(tx);
        if !factor.is_some_and(|factor| factor.is_confirmed()) {
            return Ok(Begun::Login(self.log_in(account, browser, now).await?));
        }
        let token = secret_text();
        let hash = hash_of(&token);
        let mut tx = self.store.write().await?;
        second_factors::begin_half(&mut tx, &hash, account.id, millis(now), half_over(now)).await?;
        tx.commit().await?;
        Ok(Begun::Half(token))
    }

    /// Logs an account in that has no second factor; returns the secret for the browser's cookie. If it gets one at the
    /// same moment, the login is none.
    pub async fn log_in(
        &self,
        account: &Account,
        browser: &str,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let by = (Actor::Account(account), Power::Look);
        let mut act = self.act(by, Action::Login, now).await?;
        let token = self.enter(&mut act, account, (browser, Proof::Password), now).await?;
        act.commit(None, "").await?;
        Ok(token)
    }

    /// Stores a login, with what let it in.
    pub(super) async fn enter(
        &self,
        act: &mut Act,
        account: &Account,
        (browser, proof): (&str, Proof),
        now: DateTime<Utc>,
    ) -> Result<String> {
        let token = secret_text();
        let from = Origin { address: self.asked_address(), browser: browser.to_owned() };
        let who = (&*hash_of(&token), account.id, proof);
        accounts::log_in(act, who, &from, millis(now), over(now)).await?;
        Ok(token)
    }

    /// Who is logged in with a cookie's secret; `None` if there is nobody, or the login is over. `is_used`: by a
    /// person; a page that refreshes itself does not keep a login alive.
    pub async fn logged_in(
        &self,
        token: &str,
        is_used: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<LoggedIn>> {
        let hash = hash_of(token);
        let mut tx = self.store.read().await?;
        let Some(found) = accounts::logged_in(&mut tx, &hash, over(now)).await? else {
            return Ok(None);
        };
        drop(tx);
        if is_used && millis(now) - found.seen > SEEN_EVERY.num_milliseconds() {
            let mut tx = self.store.write().await?;
            accounts::seen(&mut tx, &hash, millis(now)).await?;
            tx.commit().await?;
        }
        // The second factor of a login by the sign-in service is that service's.
        let is_required = (found.is_required || self.requires_factor()) && !found.by_provider;
        Ok(Some(LoggedIn { account: found.account, lacks_factor: is_required && !found.is_set_up }))
    }

    /// Whether everybody must have a second factor.
    pub(super) fn requires_factor(&self) -> bool {
        self.config.http.second_factor == SecondFactor::Required
    }

    /// Ends a login.
    pub async fn log_out(&self, token: &str, account: &Account, now: DateTime<Utc>) -> Result<()> {
        let by = (Actor::Account(account), Power::Look);
        let mut act = self.act(by, Action::Logout, now).await?;
        accounts::log_out(&mut act, &hash_of(token)).await?;
        Ok(act.commit(None, "").await?)
    }

    /// The logins of an account, the last used first. `own`: the secret of the login that asks; empty for none.
    pub async fn logins(
        &self,
        name: &str,
        own: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<LoginView>> {
        let account = self.account(name).await?;
        let own = hash_of(own);
        let mut tx = self.store.read().await?;
        let all = accounts::logins(&mut tx, account.id, over(now)).await?;
        let view = |login: accounts::Login| LoginView {
            id: login.token.chars().take(NAME_DIGITS).collect(),
            made_at: login.made_at,
            seen_at: login.seen_at,
            address: login.address,
            browser: login.browser.unwrap_or_default(),
            is_own: login.token == own,
        };
        Ok(all.into_iter().map(view).collect())
    }

    /// Ends a login of an account; `false` where it has ended.
    pub async fn end_login(
        &self,
        (name, id): (&str, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let account = self.account(name).await?;
        let mut act = self.act((by, power_over(by, &account)), Action::LoginEnd, now).await?;
        let is_known = accounts::end_login(&mut act, account.id, id).await?;
        if is_known {
            act.commit(None, name).await?;
        }
        Ok(is_known)
    }

    /// Ends every login of an account, but that with the secret `keeps`; empty: all. Returns how many.
    pub async fn end_logins(
        &self,
        (name, keeps): (&str, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let account = self.account(name).await?;
        let mut act = self.act((by, power_over(by, &account)), Action::LoginEnd, now).await?;
        let count = if keeps.is_empty() {
            accounts::log_out_all(&mut act, account.id).await?
        } else {
            accounts::log_out_others(&mut act, account.id, &hash_of(keeps)).await?
        };
        act.commit(None, &format!("{name} {count}")).await?;
        Ok(count)
    }
}

/// The power that it takes to change how an account logs in: one's own needs none.
pub(super) fn power_over(by: Actor<'_>, account: &Account) -> Power {
    let is_own = matches!(by, Actor::Account(own) if own.id == account.id);
    if is_own { Power::Look } else { Power::Accounts }
}
