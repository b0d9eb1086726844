//! Accounts of the dashboard, their logins, and the tokens of programs.

use super::audit::Act;
use super::db::Row;
use super::{Result, StoreError, Tx, second_factors};
use crate::args;
use crate::domain::account::{Account, Role, Scope};
use crate::domain::id::AreaCode;

const INSERT: &str = "INSERT INTO account (name, role, places, password, made_at, areas) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
const LIST: &str = "SELECT id, name, role, places, areas FROM account ORDER BY name";
const FIND: &str = "SELECT id, name, role, places, areas, password FROM account WHERE name = $1";
const SET_PASSWORD: &str = "UPDATE account SET password = $2 WHERE id = $1";
const SET_PLACES: &str = "UPDATE account SET places = $2 WHERE id = $1";
const DELETE: &str = "DELETE FROM account WHERE id = $1";
const DELETE_TOKENS: &str = "DELETE FROM api_token WHERE account = $1";
const DELETE_UPLOADS: &str = "DELETE FROM upload WHERE account = $1";

const LOG_IN: &str = "INSERT INTO login \
     (token, account, made_at, seen_at, address, browser, passed, provider) \
     VALUES ($1, $2, $3, $3, $4, $5, $6, $7)";
// Where the account has a second factor, a login without it is none; a sign-in service has its own.
const LOGGED_IN: &str = "SELECT account.id, account.name, account.role, account.places, \
     account.areas, login.seen_at, account.second_required, second_factor.confirmed_at, \
     login.provider FROM login JOIN account ON account.id = login.account \
     LEFT JOIN second_factor ON second_factor.account = account.id \
     AND second_factor.confirmed_at IS NOT NULL \
     WHERE login.token = $1 AND login.made_at > $2 AND login.seen_at > $3 \
     AND (login.passed = 1 OR second_factor.confirmed_at IS NULL)";
const PASSED: &str = "UPDATE login SET passed = 1 WHERE token = $1 AND account = $2";
const LOGINS: &str = "SELECT token, made_at, seen_at, address, browser FROM login \
     WHERE account = $1 AND made_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, token";
// A login is named by the first digits of its hash, from which nobody can make it.
const END_LOGIN: &str = "DELETE FROM login WHERE account = $1 AND substr(token, 1, 16) = $2";
const LOG_OUT_OTHERS: &str = "DELETE FROM login WHERE account = $1 AND token <> $2";
const SEEN: &str = "UPDATE login SET seen_at = $2 WHERE token = $1";
const LOG_OUT: &str = "DELETE FROM login WHERE token = $1";
const LOG_OUT_ALL: &str = "DELETE FROM login WHERE account = $1";
const DELETE_FACTOR: &str = "DELETE FROM second_factor WHERE account = $1";
const DELETE_IDENTITY: &str = "DELETE FROM identity WHERE account = $1";
const DELETE_RECOVERY: &str = "DELETE FROM recovery_code WHERE account = $1";
const LOGINS_OVER: &str = "DELETE FROM login WHERE made_at <= $1 OR seen_at <= $2";

const ADD_TOKEN: &str = "INSERT INTO api_token (account, name, token, scopes, made_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (token) DO NOTHING";
const TOKENS: &str = "SELECT api_token.id, account.name, api_token.name, api_token.scopes, \
     api_token.made_at, api_token.used_at FROM api_token \
     JOIN account ON account.id = api_token.account WHERE api_token.scopes <> '' \
     ORDER BY api_token.id";
const TOKEN: &str = "SELECT account.id, account.name, account.role, account.places, \
     account.areas, api_token.scopes, api_token.id, api_token.used_at FROM api_token \
     JOIN account ON account.id = api_token.account \
     WHERE api_token.token = $1 AND api_token.scopes <> ''";
const TOKEN_USED: &str = "UPDATE api_token SET used_at = $2 WHERE id = $1";
// The row stays, good for nothing: the form that made the token may be sent again.
const REMOVE_TOKEN: &str = "UPDATE api_token SET scopes = '' WHERE id = $1 AND scopes <> ''";
const REMOVED_TOKEN: &str = "SELECT id FROM api_token WHERE token = $1 AND scopes = ''";

fn account(row: &Row) -> Result<Account> {
    let (places, areas): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(Account {
        id: row.get(0)?,
        name: row.get(1)?,
        role: row.of("account", &[0]).word(2)?,
        places: places.split_whitespace().map(str::to_owned).collect(),
        areas: areas.split_whitespace().map(AreaCode::from).collect(),
    })
}

/// Stores an account; `false` if the name is taken.
pub async fn insert(
    act: &mut Act,
    name: &str,
    (role, places, areas): (Role, &[String], &[String]),
    password: &str,
    now: i64,
) -> Result<bool> {
    let values = args![name, role, places.join(" "), password, now, areas.join(" ")];
    Ok(act.tx().run(INSERT, values).await? == 1)
}

/// Every account, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Account>> {
    tx.rows(LIST, args![]).await?.iter().map(account).collect()
}

/// An account and its password's hash.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<(Account, String)>> {
    let row = tx.row(FIND, args![name]).await?;
    row.map(|row| Ok((account(&row)?, row.get(5)?))).transpose()
}

/// Changes an account's password hash and ends its logins, and its tokens unless they are kept.
pub async fn set_password(
    act: &mut Act,
    id: i64,
    password: &str,
    keeps_tokens: bool,
) -> Result<()> {
    act.tx().run(SET_PASSWORD, args![id, password]).await?;
    log_out_all(act, id).await?;
    if !keeps_tokens {
        act.tx().run(DELETE_TOKENS, args![id]).await?;
    }
    Ok(())
}

/// Changes an account's places.
pub async fn set_places(tx: &mut Tx, id: i64, places: &[String]) -> Result<()> {
    tx.run(SET_PLACES, args![id, places.join(" ")]).await?;
    Ok(())
}

/// Removes an account with its logins, tokens and uploads.
pub async fn delete(act: &mut Act, id: i64) -> Result<()> {
    log_out_all(act, id).await?;
    let parts = [DELETE_FACTOR, DELETE_RECOVERY, DELETE_IDENTITY, DELETE_TOKENS, DELETE_UPLOADS];
    for sql in parts.into_iter().chain([DELETE]) {
        act.tx().run(sql, args![id]).await?;
    }
    Ok(())
}

/// From where a login comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The network address.
    pub address: Option<String>,
    /// The browser in a few words; empty where nothing is known.
    pub browser: String,
}

/// What let a login in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The password.
    Password,
    /// The password and the second factor.
    Factor,
    /// The sign-in service, which asks for a second factor itself where there is to be one.
    Provider,
}

/// Stores a login and deletes those that are over: made before the first instant, or last used before the second.
pub async fn log_in(
    act: &mut Act,
    (token, id, proof): (&str, i64, Proof),
    from: &Origin,
    now: i64,
    (made, seen): (i64, i64),
) -> Result<()> {
    act.tx().run(LOGINS_OVER, args![made, seen]).await?;
    let (address, browser) = (from.address.as_deref(), from.browser.as_str());
    let (passed, provider) = (proof != Proof::Password, proof == Proof::Provider);
    let (passed, provider) = (i64::from(passed), i64::from(provider));
    let values = args![token, id, now, address, browser, passed, provider];
    act.tx().run(LOG_IN, values).await?;
    Ok(())
}

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The account.
    pub account: Account,
    /// When the login was last used, milliseconds since 1970.
    pub seen: i64,
    /// Whether the account must have a second factor.
    pub is_required: bool,
    /// Whether it has one.
    pub is_set_up: bool,
    /// Whether the login came from the sign-in service.
    pub by_provider: bool,
}

/// Who is logged in with a login; `None` if it is unknown or over, as with [`log_in`], or lacks the second factor that
/// the account has.
pub async fn logged_in(
    tx: &mut Tx,
    token: &str,
    (made, seen): (i64, i64),
) -> Result<Option<LoggedIn>> {
    let row = tx.row(LOGGED_IN, args![token, made, seen]).await?;
    row.map(|row| {
        Ok(LoggedIn {
            account: account(&row)?,
            seen: row.get(5)?,
            is_required: row.get::<i64>(6)? == 1,
            is_set_up: row.get::<Option<i64>>(7)?.is_some(),
            by_provider: row.get::<i64>(8)? == 1,
        })
    })
    .transpose()
}

/// A login as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The hash of its secret.
    pub token: String,
    /// Since when, milliseconds since 1970.
    pub made_at: i64,
    /// When it was last used.
    pub seen_at: i64,
    /// From which network address it came; `None` where an older version did not note it.
    pub address: Option<String>,
    /// The browser in a few words.
    pub browser: Option<String>,
}

/// The logins of an account that are not over, as with [`log_in`]; the last used first.
pub async fn logins(tx: &mut Tx, id: i64, (made, seen): (i64, i64)) -> Result<Vec<Login>> {
    let rows = tx.rows(LOGINS, args![id, made, seen]).await?;
    rows.iter()
        .map(|row| {
            Ok(Login {
                token: row.get(0)?,
                made_at: row.get(1)?,
                seen_at: row.get(2)?,
                address: row.get(3)?,
                browser: row.get(4)?,
            })
        })
        .collect()
}

/// Ends a login of an account by the first 16 digits of its hash; `false` where there is none.
pub async fn end_login(act: &mut Act, id: i64, digits: &str) -> Result<bool> {
    Ok(act.tx().run(END_LOGIN, args![id, digits]).await? > 0)
}

/// Ends every login of an account but one (its hash); returns how many.
pub async fn log_out_others(act: &mut Act, id: i64, token: &str) -> Result<u64> {
    second_factors::end_halves(act.tx(), id).await?;
    act.tx().run(LOG_OUT_OTHERS, args![id, token]).await
}

/// Ends every login of an account, those that wait for a code too; returns how many there were.
pub async fn log_out_all(act: &mut Act, id: i64) -> Result<u64> {
    second_factors::end_halves(act.tx(), id).await?;
    act.tx().run(LOG_OUT_ALL, args![id]).await
}

/// Says that a login has passed the second factor.
pub async fn pass(act: &mut Act, token: &str, id: i64) -> Result<()> {
    act.tx().run(PASSED, args![token, id]).await?;
    Ok(())
}

/// Stores when a login was last used.
pub async fn seen(tx: &mut Tx, token: &str, now: i64) -> Result<()> {
    tx.run(SEEN, args![token, now]).await?;
    Ok(())
}

/// Ends a login.
pub async fn log_out(act: &mut Act, token: &str) -> Result<()> {
    act.tx().run(LOG_OUT, args![token]).await?;
    Ok(())
}

/// A token of a program, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ApiToken {
    /// Its number.
    pub id: i64,
    /// The account that it acts for.
    pub account: String,
    /// What it is called.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// When it was made, milliseconds since 1970.
    pub made_at: i64,
    /// When it was last used.
    pub used_at: Option<i64>,
}

/// The scopes in column `index` of a token whose number stands in column `id`.
fn scopes(row: &Row, index: usize, id: usize) -> Result<Vec<Scope>> {
    let text: String = row.get(index)?;
    let id: i64 = row.get(id)?;
    let scope = |word: &str| {
        let bad = || StoreError::bad("api_token", "scopes", id, format!("{word:?} is no scope"));
        Scope::from_word(word).ok_or_else(bad)
    };
    text.split_whitespace().map(scope).collect()
}

/// Stores a token by its hash; `false` where it is stored already.
pub async fn add_token(
    act: &mut Act,
    id: i64,
    (name, hash): (&str, &str),
    scopes: &[Scope],
    now: i64,
) -> Result<bool> {
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
    Ok(act.tx().run(ADD_TOKEN, args![id, name, hash, scopes.join(" "), now]).await? == 1)
}

/// Whether a token was removed.
pub async fn is_token_removed(act: &mut Act, hash: &str) -> Result<bool> {
    Ok(act.tx().row(REMOVED_TOKEN, args![hash]).await?.is_some())
}

/// Every token, the oldest first.
pub async fn tokens(tx: &mut Tx) -> Result<Vec<ApiToken>> {
    let rows = tx.rows(TOKENS, args![]).await?;
    rows.iter()
        .map(|row| {
            Ok(ApiToken {
                id: row.get(0)?,
                account: row.get(1)?,
                name: row.get(2)?,
                scopes: scopes(row, 3, 0)?,
                made_at: row.get(4)?,
                used_at: row.get(5)?,
            })
        })
        .collect()
}

/// Who a token acts for and what it is good for; its number and when it was last used.
pub async fn token(
    tx: &mut Tx,
    hash: &str,
) -> Result<Option<(Account, Vec<Scope>, (i64, Option<i64>))>> {
    let row = tx.row(TOKEN, args![hash]).await?;
    row.map(|row| {
        let used = (row.get(6)?, row.get(7)?);
        Ok((account(&row)?, scopes(&row, 5, 6)?, used))
    })
    .transpose()
}

/// Stores when a token was last used.
pub async fn token_used(tx: &mut Tx, id: i64, now: i64) -> Result<()> {
    tx.run(TOKEN_USED, args![id, now]).await?;
    Ok(())
}

/// Removes a token; `false` if there is none with this number.
pub async fn remove_token(act: &mut Act, id: i64) -> Result<bool> {
    Ok(act.tx().run(REMOVE_TOKEN, args![id]).await? == 1)
}
