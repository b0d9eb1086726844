//! The second factor of accounts: setting one up, giving its code, losing it. What a code is: `domain/second_factor`.

use super::accounts::hash_of;
use super::logins::{half_over, over};
use super::{App, AppError, Result, millis};
use crate::domain::account::Account;
use crate::domain::audit::Action;
use crate::domain::guessing::Guesser;
use crate::domain::permission::{Actor, Power};
use crate::domain::second_factor::{
    self as factor, Given, RECOVERY_BYTES, RECOVERY_CODES, SECRET_BYTES, Worth,
};
use crate::store::accounts::{self, Proof};
use crate::store::audit::Act;
use crate::store::guesses;
use crate::store::second_factors::{self, State};
use chrono::{DateTime, Utc};
use ring::rand::{SecureRandom as _, SystemRandom};

/// What came of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried<T> {
    /// It was right.
    Right(T),
    /// It was wrong.
    Wrong,
    /// It was right, and was used before.
    Used,
    /// There were too many wrong ones; it was not looked at. A further try may come after so many seconds.
    Early(i64),
    /// The password was given too long ago, or the login has begun already.
    Over,
}

/// A login that a code began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// Whose it is.
    pub account: Account,
    /// The secret for the browser's cookie.
    pub token: String,
}

/// The second factor of an account, as its owner sees it. It has no `Debug`, because it may hold the secret.
pub struct FactorView {
    /// Whether the account must have one.
    pub is_required: bool,
    /// How far it is.
    pub state: FactorState,
}

/// How far a second factor is.
pub enum FactorState {
    /// There is none.
    Absent,
    /// This login sets it up with a secret, and it has still to be confirmed with a code.
    Begun(Vec<u8>),
    /// A login needs it.
    SetUp {
        /// Since when, milliseconds since 1970.
        since: i64,
        /// Recovery codes that are left.
        recovery_left: i64,
    },
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random numbers");
    bytes
}

/// The name under which wrong codes are counted.
fn counted(account: &Account) -> (Guesser, String) {
    (Guesser::Codes, format!("codes {}", &hash_of(&account.name)[..24]))
}

/// Spends a code; the rest of the change follows in the same transaction.
async fn spend(
    act: &mut Act,
    account: &Account,
    given: &Given,
    now: DateTime<Utc>,
) -> Result<Tried<()>> {
    let is_right = match given {
        Given::Recovery(code) => {
            let code = hash_of(code);
            second_factors::use_recovery(act, account.id, &code).await?
        }
        Given::Code(code) => {
            let found = second_factors::get(act.tx(), account.id).await?;
            let Some(found) = found.filter(second_factors::Factor::is_confirmed) else {
                return Ok(Tried::Wrong);
            };
            let secret = found.secret.ok_or_else(|| {
                AppError::refused("refused-factor-key", &[("name", &account.name)])
            })?;
            match factor::judge(&secret, code, now.timestamp(), found.last_step) {
                Worth::Wrong => false,
                Worth::Used => return Ok(Tried::Used),
                // Of two at the same time, one was first.
                Worth::Right(step) => {
                    if !second_factors::use_step(act, account.id, step).await? {
                        return Ok(Tried::Used);
                    }
                    true
                }
            }
        }
    };
    if !is_right {
        return Ok(Tried::Wrong);
    }
    guesses::forget(act.tx(), &counted(account).1).await?;
    Ok(Tried::Right(()))
}

/// Puts new recovery codes in the place of the old ones; returns them as people note them down.
async fn renew_recovery(act: &mut Act, account: &Account) -> Result<Vec<String>> {
    let codes: Vec<String> = std::iter::repeat_with(random::<RECOVERY_BYTES>)
        .map(|bytes| factor::shown_recovery(&bytes))
        .take(RECOVERY_CODES)
        .collect();
    let hashes: Vec<String> =
        codes.iter().map(|code| hash_of(&factor::read_recovery(code))).collect();
    second_factors::set_recovery(act, account.id, &hashes).await?;
    Ok(codes)
}

impl App {
    /// Counts a try; after how many seconds it may come again, if it comes too early.
    async fn early(&self, account: &Account, now: DateTime<Utc>) -> Result<Option<i64>> {
        Ok(self.count_try(&[counted(account)], now).await?.err())
    }

    async fn note_wrong_code(&self, account: &Account, now: DateTime<Utc>) -> Result<()> {
        self.note_audit(&account.name, Action::LoginFailed, (None, "code"), now).await
    }

    /// Logs in who gave the password before and gives a code now. `half`: the secret of the form.
    pub async fn try_code(
        &self,
        half: &str,
        given: &Given,
        browser: &str,
        now: DateTime<Utc>,
    ) -> Result<Tried<Entered>> {
        let hash = hash_of(half);
        let mut tx = self.store.read().await?;
        let name = second_factors::half(&mut tx, &hash, half_over(now)).await?;
        drop(tx);
        let Some(name) = name else { return Ok(Tried::Over) };
        let account = self.account(&name).await?;
        if let Some(secs) = self.early(&account, now).await? {
            return Ok(Tried::Early(secs));
        }
        let by = (Actor::Account(&account), Power::Look);
        let mut act = self.act(by, Action::Login, now).await?;
        if !second_factors::end_half(&mut act, &hash).await? {
            return Ok(Tried::Over);
        }
        match spend(&mut act, &account, given, now).await? {
            Tried::Right(()) => {}
            other => {
                // The form stands for the next try.
                drop(act);
                self.note_wrong_code(&account, now).await?;
                return Ok(if other == Tried::Used { Tried::Used } else { Tried::Wrong });
            }
        }
        let token = self.enter(&mut act, &account, (browser, Proof::Factor), now).await?;
        let said = match given {
            Given::Code(_) => String::new(),
            Given::Recovery(_) => {
                let left = second_factors::recovery_left(act.tx(), account.id).await?;
                format!("recovery code, {left} left")
            }
        };
        act.commit(None, &said).await?;
        Ok(Tried::Right(Entered { account, token }))
    }

    /// The second factor of the account that is logged in with the secret `token`.
    pub async fn second_factor(&self, account: &Account, token: &str) -> Result<FactorView> {
        let mut tx = self.store.read().await?;
        let own = second_factors::is_required(&mut tx, account.id).await?;
        let found = second_factors::get(&mut tx, account.id).await?;
        let state = match found {
            Some(found) => match (found.confirmed_at, found.secret) {
                (Some(since), _) => FactorState::SetUp {
                    since,
                    recovery_left: second_factors::recovery_left(&mut tx, account.id).await?,
                },
                (None, Some(secret)) if found.login == Some(hash_of(token)) => {
                    FactorState::Begun(secret)
                }
                (None, _) => FactorState::Absent,
            },
            None => FactorState::Absent,
        };
        Ok(FactorView { is_required: own || self.requires_factor(), state })
    }

    /// Begins to set up a second factor, for whoever has just given their password. What the same login has begun
    /// stays: two tabs show one secret.
    pub async fn begin_factor(
        &self,
        account: &Account,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        if let FactorState::Begun(_) = self.second_factor(account, token).await?.state {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        let (secret, login) = (random::<SECRET_BYTES>(), hash_of(token));
        if !second_factors::begin(&mut tx, account.id, &secret, &login, millis(now)).await? {
            return Err(AppError::refused("refused-factor-there", &[]));
        }
        Ok(tx.commit().await?)
    }

    /// Confirms the second factor with its first code, which ends the account's other logins; returns its recovery
    /// codes.
    pub async fn confirm_factor(
        &self,
        account: &Account,
        (token, code): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Tried<Vec<String>>> {
        if let Some(secs) = self.early(account, now).await? {
            return Ok(Tried::Early(secs));
        }
        let own = hash_of(token);
        let by = (Actor::Account(account), Power::Look);
        let mut act = self.act(by, Action::FactorAdd, now).await?;
        let found = second_factors::get(act.tx(), account.id).await?;
        if found.as_ref().is_some_and(second_factors::Factor::is_confirmed) {
            return Err(AppError::refused("refused-factor-there", &[]));
        }
        let found = found.filter(|found| found.login.as_ref() == Some(&own));
        let secret = found.and_then(|found| found.secret);
        let anew = || AppError::refused("refused-factor-anew", &[]);
        let secret = secret.ok_or_else(anew)?;
        let code = factor::read_code(code);
        let Worth::Right(step) = factor::judge(&secret, &code, now.timestamp(), 0) else {
            drop(act);
            self.note_wrong_code(account, now).await?;
            return Ok(Tried::Wrong);
        };
        if !second_factors::confirm(&mut act, account.id, &own, millis(now), step).await? {
            return Err(anew());
        }
        let codes = renew_recovery(&mut act, account).await?;
        accounts::pass(&mut act, &own, account.id).await?;
        accounts::log_out_others(&mut act, account.id, &own).await?;
        guesses::forget(act.tx(), &counted(account).1).await?;
        act.commit(None, &account.name).await?;
        Ok(Tried::Right(codes))
    }

    /// Makes new recovery codes for whoever gives a code; the old ones are good for nothing then.
    pub async fn renew_recovery_codes(
        &self,
        account: &Account,
        given: &Given,
        now: DateTime<Utc>,
    ) -> Result<Tried<Vec<String>>> {
        if let Some(secs) = self.early(account, now).await? {
            return Ok(Tried::Early(secs));
        }
        let by = (Actor::Account(account), Power::Look);
        let mut act = self.act(by, Action::FactorCodes, now).await?;
        if let Some(other) = self.spent(&mut act, account, given, now).await? {
            drop(act);
            self.note_wrong_code(account, now).await?;
            return Ok(other);
        }
        let codes = renew_recovery(&mut act, account).await?;
        act.commit(None, &account.name).await?;
        Ok(Tried::Right(codes))
    }

    /// Takes the second factor of the account away, for whoever gives a code; ends its other logins.
    pub async fn remove_factor(
        &self,
        account: &Account,
        (token, given): (&str, &Given),
        now: DateTime<Utc>,
    ) -> Result<Tried<()>> {
        if self.second_factor(account, token).await?.is_required {
            return Err(AppError::refused("refused-factor-required", &[]));
        }
        if let Some(secs) = self.early(account, now).await? {
            return Ok(Tried::Early(secs));
        }
        let by = (Actor::Account(account), Power::Look);
        let mut act = self.act(by, Action::FactorRemove, now).await?;
        if let Some(other) = self.spent(&mut act, account, given, now).await? {
            drop(act);
            self.note_wrong_code(account, now).await?;
            return Ok(other);
        }
        second_factors::remove(&mut act, account.id).await?;
        accounts::log_out_others(&mut act, account.id, &hash_of(token)).await?;
        act.commit(None, &account.name).await?;
        Ok(Tried::Right(()))
    }

    /// Spends a code; `None` where it was right.
    async fn spent<T>(
        &self,
        act: &mut Act,
        account: &Account,
        given: &Given,
        now: DateTime<Utc>,
    ) -> Result<Option<Tried<T>>> {
        Ok(match spend(act, account, given, now).await? {
            Tried::Right(()) => None,
            Tried::Used => Some(Tried::Used),
            _ => Some(Tried::Wrong),
        })
    }

    /// Takes the second factor of an account away that has lost it, and ends its logins; `false` where it has none.
    /// Nobody does so for their own account at the dashboard: that takes a code.
    pub async fn reset_factor(
        &self,
        name: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let account = self.account(name).await?;
        if by.account().is_some_and(|own| own.id == account.id) {
            return Err(AppError::refused("refused-own-factor", &[]));
        }
        let mut act = self.act((by, Power::Accounts), Action::FactorRemove, now).await?;
        if !second_factors::remove(&mut act, account.id).await? {
            return Ok(false);
        }
        guesses::forget(act.tx(), &counted(&account).1).await?;
        accounts::log_out_all(&mut act, account.id).await?;
        act.commit(None, name).await?;
        Ok(true)
    }

    /// Says whether an account must have a second factor.
    pub async fn require_factor(
        &self,
        (name, is_required): (&str, bool),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let account = self.account(name).await?;
        let mut act = self.act((by, Power::Accounts), Action::FactorRequire, now).await?;
        second_factors::require(&mut act, account.id, is_required).await?;
        let said = if is_required { "required" } else { "optional" };
        Ok(act.commit(None, &format!("{name} {said}")).await?)
    }

    /// What lists say of every account's second factor and logins.
    pub(super) async fn second_factor_states(&self, now: DateTime<Utc>) -> Result<Vec<State>> {
        let mut tx = self.store.read().await?;
        Ok(second_factors::states(&mut tx, over(now)).await?)
    }

    /// How many second factors were sealed with a key that is not here.
    pub async fn unreadable_factors(&self) -> Result<usize> {
        let mut tx = self.store.read().await?;
        Ok(second_factors::unreadable(&mut tx).await?)
    }
}
