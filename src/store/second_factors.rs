//! Second factors of accounts: secrets, recovery codes, and logins that wait for a code.
//!
//! A secret must be readable to check a code, so a hash will not do. It is sealed (ChaCha20-Poly1305) with a key made
//! from that of the audit log, which is not in the database where it has a file: who reads a backup cannot make codes.
//! The sealed text names its key, and the account is sealed along, so that no row stands for another account.

use super::audit::Act;
use super::audit_key::Key;
use super::{Result, Tx, seal};
use crate::args;
use crate::domain::second_factor::SECRET_BYTES;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

const GET: &str = "SELECT secret, login, confirmed_at, last_step, made_at FROM second_factor \
     WHERE account = $1";
// What another login has begun and not confirmed is nobody's yet.
const BEGIN: &str = "INSERT INTO second_factor (account, secret, made_at, login, last_step) \
     VALUES ($1, $2, $3, $4, 0) ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, \
     made_at = excluded.made_at, login = excluded.login, last_step = 0 \
     WHERE second_factor.confirmed_at IS NULL";
const CONFIRM: &str = "UPDATE second_factor SET confirmed_at = $3, last_step = $4, login = NULL \
     WHERE account = $1 AND login = $2 AND confirmed_at IS NULL";
const USE_STEP: &str = "UPDATE second_factor SET last_step = $2 \
     WHERE account = $1 AND last_step < $2 AND confirmed_at IS NOT NULL";
const REMOVE: &str = "DELETE FROM second_factor WHERE account = $1";
const REQUIRE: &str = "UPDATE account SET second_required = $2 WHERE id = $1";
const IS_REQUIRED: &str = "SELECT second_required FROM account WHERE id = $1";

const ADD_RECOVERY: &str = "INSERT INTO recovery_code (account, code) VALUES ($1, $2)";
const USE_RECOVERY: &str = "DELETE FROM recovery_code WHERE account = $1 AND code = $2";
const COUNT_RECOVERY: &str = "SELECT COUNT(*) FROM recovery_code WHERE account = $1";
const DROP_RECOVERY: &str = "DELETE FROM recovery_code WHERE account = $1";

const BEGIN_HALF: &str = "INSERT INTO half_login (token, account, made_at) VALUES ($1, $2, $3)";
const HALF: &str = "SELECT account.name FROM half_login \
     JOIN account ON account.id = half_login.account \
     WHERE half_login.token = $1 AND half_login.made_at > $2";
const END_HALF: &str = "DELETE FROM half_login WHERE token = $1";
const END_HALVES: &str = "DELETE FROM half_login WHERE account = $1";
const HALVES_OVER: &str = "DELETE FROM half_login WHERE made_at <= $1";

const STATES: &str = "SELECT account.name, account.second_required, \
     COALESCE(second_factor.confirmed_at, 0), \
     (SELECT COUNT(*) FROM login WHERE login.account = account.id AND login.made_at > $1 \
     AND login.seen_at > $2) FROM account \
     LEFT JOIN second_factor ON second_factor.account = account.id ORDER BY account.name";
const SEALED: &str = "SELECT account, secret FROM second_factor ORDER BY account";
const SET_SEALED: &str = "UPDATE second_factor SET secret = $2 WHERE account = $1";

/// The second factor of an account. It has no `Debug`, because it holds the secret.
pub struct Factor {
    /// What codes are made from; `None` where it was sealed with a key that is not here.
    pub secret: Option<Vec<u8>>,
    /// The hash of the login that sets it up, as long as it is not confirmed.
    pub login: Option<String>,
    /// When it was made, milliseconds since 1970.
    pub made_at: i64,
    /// When it was confirmed with a code; `None` where it is not yet.
    pub confirmed_at: Option<i64>,
    /// The step of the last code that was taken.
    pub last_step: i64,
}

impl Factor {
    /// Whether a login needs it.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some()
    }
}

/// What lists say of an account's second factor and logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The account's name.
    pub account: String,
    /// Whether the account must have one.
    pub is_required: bool,
    /// Whether it has one.
    pub is_set_up: bool,
    /// How many logins it has.
    pub logins: i64,
}

/// What is sealed along with a secret.
fn bound_to(account: i64) -> Aad<[u8; 8]> {
    Aad::from(account.to_be_bytes())
}

fn cipher(key: &Key) -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key.for_purpose("second factor"));
    LessSafeKey::new(key.expect("the key has the length that the cipher takes"))
}

fn sealed(key: &Key, account: i64, secret: &[u8]) -> String {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).expect("the system gives random numbers");
    let mut bytes = secret.to_vec();
    let whole = Nonce::assume_unique_for_key(nonce);
    let done = cipher(key).seal_in_place_append_tag(whole, bound_to(account), &mut bytes);
    done.expect("a secret is short enough to be sealed");
    format!("{}:{}", key.name, STANDARD_NO_PAD.encode([&nonce[..], &bytes].concat()))
}

fn opened(key: &Key, account: i64, text: &str) -> Option<Vec<u8>> {
    let (name, text) = text.split_once(':')?;
    let mut bytes = STANDARD_NO_PAD.decode(text).ok().filter(|_| name == key.name)?;
    let mut secret = bytes.split_off(NONCE_LEN.min(bytes.len()));
    let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
    let open = cipher(key).open_in_place(nonce, bound_to(account), &mut secret).ok()?.to_vec();
    (open.len() == SECRET_BYTES).then_some(open)
}

/// The second factor of an account, confirmed or not; `None` where it has none.
pub async fn get(tx: &mut Tx, account: i64) -> Result<Option<Factor>> {
    let Some(row) = tx.row(GET, args![account]).await? else { return Ok(None) };
    let text: String = row.get(0)?;
    let secret = seal::known_key(tx).await?.and_then(|key| opened(&key, account, &text));
    Ok(Some(Factor {
        secret,
        login: row.get(1)?,
        confirmed_at: row.get(2)?,
        last_step: row.get(3)?,
        made_at: row.get(4)?,
    }))
}

/// Stores a secret that a login (its hash) sets up; `false` where the account has one that is confirmed.
pub async fn begin(
    tx: &mut Tx,
    account: i64,
    secret: &[u8],
    login: &str,
    now: i64,
) -> Result<bool> {
    let text = sealed(&seal::key_for(tx).await?, account, secret);
    Ok(tx.run(BEGIN, args![account, text, now, login]).await? == 1)
}

/// Confirms what a login (its hash) has begun, by the code of a step; `false` where it is confirmed already, or
/// another login began anew.
pub async fn confirm(
    act: &mut Act,
    account: i64,
    login: &str,
    now: i64,
    step: i64,
) -> Result<bool> {
    Ok(act.tx().run(CONFIRM, args![account, login, now, step]).await? == 1)
}

/// Spends the code of a step; `false` where it, or a later one, is spent.
pub async fn use_step(act: &mut Act, account: i64, step: i64) -> Result<bool> {
    Ok(act.tx().run(USE_STEP, args![account, step]).await? == 1)
}

/// Takes an account's second factor away, with its recovery codes and the logins that wait for a code; `false` where
/// there was none.
pub async fn remove(act: &mut Act, account: i64) -> Result<bool> {
    let tx = act.tx();
    tx.run(DROP_RECOVERY, args![account]).await?;
    end_halves(tx, account).await?;
    Ok(tx.run(REMOVE, args![account]).await? == 1)
}

/// Says whether an account must have a second factor.
pub async fn require(act: &mut Act, account: i64, is_required: bool) -> Result<()> {
    act.tx().run(REQUIRE, args![account, i64::from(is_required)]).await?;
    Ok(())
}

/// Whether an account must have a second factor.
pub async fn is_required(tx: &mut Tx, account: i64) -> Result<bool> {
    let row = tx.row(IS_REQUIRED, args![account]).await?;
    Ok(row.map(|row| row.get::<i64>(0)).transpose()?.is_some_and(|required| required == 1))
}

/// Puts new recovery codes (hashes) in the place of an account's old ones.
pub async fn set_recovery(act: &mut Act, account: i64, codes: &[String]) -> Result<()> {
    act.tx().run(DROP_RECOVERY, args![account]).await?;
    for code in codes {
        act.tx().run(ADD_RECOVERY, args![account, code.as_str()]).await?;
    }
    Ok(())
}

/// Spends a recovery code (its hash); `false` where the account has none like it.
pub async fn use_recovery(act: &mut Act, account: i64, code: &str) -> Result<bool> {
    Ok(act.tx().run(USE_RECOVERY, args![account, code]).await? == 1)
}

/// How many recovery codes an account has left.
pub async fn recovery_left(tx: &mut Tx, account: i64) -> Result<i64> {
    tx.row(COUNT_RECOVERY, args![account]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Notes who has still to give a code, and forgets those who did not until `over`. `token`: the hash of what the form
/// holds.
pub async fn begin_half(tx: &mut Tx, token: &str, account: i64, now: i64, over: i64) -> Result<()> {
    tx.run(HALVES_OVER, args![over]).await?;
    tx.run(BEGIN_HALF, args![token, account, now]).await?;
    Ok(())
}

/// The name of the account that has still to give a code, made after `over`.
pub async fn half(tx: &mut Tx, token: &str, over: i64) -> Result<Option<String>> {
    tx.row(HALF, args![token, over]).await?.map(|row| row.get(0)).transpose()
}

/// Ends the wait for a code; `false` where it had ended.
pub async fn end_half(act: &mut Act, token: &str) -> Result<bool> {
    Ok(act.tx().run(END_HALF, args![token]).await? == 1)
}

/// Ends every login of an account that waits for a code.
pub async fn end_halves(tx: &mut Tx, account: i64) -> Result<()> {
    tx.run(END_HALVES, args![account]).await?;
    Ok(())
}

/// What lists say of every account; logins that were made and seen after these instants count.
pub async fn states(tx: &mut Tx, (made, seen): (i64, i64)) -> Result<Vec<State>> {
    let rows = tx.rows(STATES, args![made, seen]).await?;
    rows.iter()
        .map(|row| {
            Ok(State {
                account: row.get(0)?,
                is_required: row.get::<i64>(1)? == 1,
                is_set_up: row.get::<i64>(2)? != 0,
                logins: row.get(3)?,
            })
        })
        .collect()
}

/// How many secrets cannot be opened here.
pub async fn unreadable(tx: &mut Tx) -> Result<usize> {
    let key = seal::known_key(tx).await?;
    let mut count = 0;
    for row in tx.rows(SEALED, args![]).await? {
        let (account, text): (i64, String) = (row.get(0)?, row.get(1)?);
        let open = key.as_ref().and_then(|key| opened(key, account, &text));
        count += usize::from(open.is_none());
    }
    Ok(count)
}

/// Seals the secrets that came from another database with the key of this one. What could not be opened there stays.
pub async fn seal_anew(from: &mut Tx, to: &mut Tx) -> Result<()> {
    let Some(old) = seal::known_key(from).await? else { return Ok(()) };
    for row in to.rows(SEALED, args![]).await? {
        let (account, text): (i64, String) = (row.get(0)?, row.get(1)?);
        let Some(secret) = opened(&old, account, &text) else { continue };
        let text = sealed(&seal::key_for(to).await?, account, &secret);
        to.run(SET_SEALED, args![account, text]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_opened_with_its_key_for_its_account_alone() {
        let (key, other) = (Key::of_secret(b"one"), Key::of_secret(b"other"));
        let secret = [7; SECRET_BYTES];
        let text = sealed(&key, 1, &secret);
        assert_eq!(opened(&key, 1, &text).as_deref(), Some(&secret[..]));
        assert_ne!(text, sealed(&key, 1, &secret), "no two look the same");
        assert_eq!(opened(&other, 1, &text), None);
        assert_eq!(opened(&key, 2, &text), None);
        let (name, rest) = text.split_once(':').unwrap();
        for bad in ["", ":", name, &format!("{name}:"), &format!("{name}:AAAA"), rest] {
            assert_eq!(opened(&key, 1, bad), None, "{bad}");
        }
        let changed = format!("{name}:{}A", &rest[..rest.len() - 1]);
        assert!(changed == text || opened(&key, 1, &changed).is_none());
        assert!(!text.contains(&STANDARD_NO_PAD.encode(secret)));
    }
}
