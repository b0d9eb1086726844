//! Signing in with a sign-in service: which identity is bound to which account, and logins that were begun.

use super::audit::Act;
use super::{Result, Tx};
use crate::args;

// An identity that another account has stays there.
const BIND: &str = "INSERT INTO identity (account, issuer, claim, subject, bound_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account) DO UPDATE SET issuer = excluded.issuer, \
     claim = excluded.claim, subject = excluded.subject, bound_at = excluded.bound_at";
const RELEASE: &str = "DELETE FROM identity WHERE account = $1";
const OWNER: &str = "SELECT account.name FROM identity \
     JOIN account ON account.id = identity.account \
     WHERE identity.issuer = $1 AND identity.claim = $2 AND identity.subject = $3";
const ALL: &str = "SELECT account.name, identity.issuer, identity.claim, identity.subject \
     FROM identity JOIN account ON account.id = identity.account ORDER BY account.name";
const END_LOGINS: &str = "DELETE FROM login WHERE account = $1 AND provider = 1";

const BEGIN: &str = "INSERT INTO oidc_begun (state, browser, next, made_at) \
     VALUES ($1, $2, $3, $4)";
const TAKE: &str = "DELETE FROM oidc_begun WHERE state = $1 RETURNING browser, next, made_at";
const DROP_OVER: &str = "DELETE FROM oidc_begun WHERE made_at <= $1";
const DROP_OLDEST: &str = "DELETE FROM oidc_begun WHERE made_at <= \
     (SELECT made_at FROM oidc_begun ORDER BY made_at DESC LIMIT 1 OFFSET $1)";

/// The most logins that are begun at a time. Our choice: each is a short row, and anybody can begin one.
const BEGUN_MAX: i64 = 20_000;

/// An identity of a sign-in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The service.
    pub issuer: &'a str,
    /// The claim that names it there.
    pub claim: &'a str,
    /// What the claim says.
    pub subject: &'a str,
}

/// Who has which identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The account's name.
    pub account: String,
    /// The service.
    pub issuer: String,
    /// The claim.
    pub claim: String,
    /// What it says.
    pub subject: String,
}

/// A login that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The hash of what the browser holds.
    pub browser: String,
    /// Where it leads.
    pub next: String,
    /// When it was begun, milliseconds since 1970.
    pub made_at: i64,
}

/// Binds an identity to an account in the place of the one that it had; the logins of that end. The identity must be
/// nobody else's: see [`owner`].
pub async fn bind(act: &mut Act, account: i64, identity: Identity<'_>, now: i64) -> Result<()> {
    let Identity { issuer, claim, subject } = identity;
    act.tx().run(END_LOGINS, args![account]).await?;
    act.tx().run(BIND, args![account, issuer, claim, subject, now]).await?;
    Ok(())
}

/// Takes an account's identity away, and ends the logins that came with it; `false` where it had none.
pub async fn release(act: &mut Act, account: i64) -> Result<bool> {
    act.tx().run(END_LOGINS, args![account]).await?;
    Ok(act.tx().run(RELEASE, args![account]).await? == 1)
}

/// The name of the account that has an identity.
pub async fn owner(tx: &mut Tx, identity: Identity<'_>) -> Result<Option<String>> {
    let Identity { issuer, claim, subject } = identity;
    let row = tx.row(OWNER, args![issuer, claim, subject]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Every identity that is bound, by account.
pub async fn all(tx: &mut Tx) -> Result<Vec<Bound>> {
    let rows = tx.rows(ALL, args![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Bound {
                account: row.get(0)?,
                issuer: row.get(1)?,
                claim: row.get(2)?,
                subject: row.get(3)?,
            })
        })
        .collect()
}

/// Notes that a login was begun, and forgets those from before `over`. `state` and `browser` are hashes.
pub async fn begin(
    tx: &mut Tx,
    (state, browser): (&str, &str),
    next: &str,
    now: i64,
    over: i64,
) -> Result<()> {
    tx.run(DROP_OVER, args![over]).await?;
    tx.run(DROP_OLDEST, args![BEGUN_MAX]).await?;
    tx.run(BEGIN, args![state, browser, next, now]).await?;
    Ok(())
}

/// Takes a login that was begun, by the hash of its state: no answer counts twice.
pub async fn take(tx: &mut Tx, state: &str) -> Result<Option<Started>> {
    let row = tx.row(TAKE, args![state]).await?;
    row.map(|row| Ok(Started { browser: row.get(0)?, next: row.get(1)?, made_at: row.get(2)? }))
        .transpose()
}
