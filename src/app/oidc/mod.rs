//! Signing in with a sign-in service (OpenID Connect, authorization code with PKCE). An identity logs in to the account
//! to which an admin has bound it.
//!
//! What binds a login to its browser is one secret in a cookie: the database has its hash beside that of the state, and
//! nonce and verifier are made from it. Whoever reads the database, or sees the state, can finish nobody's login.

mod provider;
mod token;

pub(super) use provider::Shared;

use super::accounts::{NOBODY, PROGRAM, hash_of, secret_text};
use super::{App, AppError, Result, millis};
use crate::config::{Create, OidcConfig};
use crate::domain::account::{Account, Role, is_name};
use crate::domain::audit::Action;
use crate::domain::guessing::Guesser;
use crate::domain::oidc::{OidcFault, Wanted, is_subject, judge, subject};
use crate::domain::permission::{Actor, Power};
use crate::store::accounts::{self, Proof};
use crate::store::audit::{Act, Author};
use crate::store::guesses;
use crate::store::oidc::{self as stored, Identity};
use crate::text::encoded;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use provider::{ASKED_AGAIN, KEPT};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// How long somebody may take at the service.
pub const BEGUN_MAX: TimeDelta = TimeDelta::minutes(10);
/// The longest address that a login leads to, in bytes: it is stored, and anybody can begin a login.
const NEXT_BYTES_MAX: usize = 2_000;

/// A login that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser goes.
    pub to: String,
    /// What the service returns.
    pub state: String,
    /// What the browser holds until then.
    pub secret: String,
}

/// What the service sent back by the browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The state.
    pub state: String,
    /// The code; empty where the service let nobody in.
    pub code: String,
    /// Who the service says it is (RFC 9207), where it does.
    pub issuer: Option<String>,
}

/// Who is logged in now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The account.
    pub account: Account,
    /// The secret for the browser's cookie.
    pub token: String,
    /// Where it leads.
    pub next: String,
}

/// Why somebody is not let in, with what the log says of it.
type Fault = (OidcFault, String);

/// What the login's browser alone can make of its secret.
fn made(what: &str, secret: &str) -> String {
    hash_of(&format!("{what} {secret}"))
}

fn off() -> AppError {
    AppError::refused("refused-oidc-off", &[])
}

fn identity<'a>(config: &'a OidcConfig, subject: &'a str) -> Identity<'a> {
    Identity { issuer: &config.issuer, claim: &config.claim, subject }
}

/// The identity that a token with a right signature names.
fn named(config: &OidcConfig, said: &Value) -> std::result::Result<String, OidcFault> {
    let name = said[config.claim.as_str()].as_str().unwrap_or_default();
    let name = subject(&config.claim, name);
    // Whoever may write any address into a profile of their own would else be whom they like.
    if config.claim == "email" && said["email_verified"] != Value::Bool(true) {
        return Err(OidcFault::Unverified);
    }
    if is_subject(&name) { Ok(name) } else { Err(OidcFault::Claim) }
}

impl App {
    /// Why the sign-in service cannot be used now; `None` where none is configured.
    pub async fn oidc_reached(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<std::result::Result<(), String>>> {
        let Some(config) = &self.config.oidc else { return Ok(None) };
        provider::secret(config)?;
        let found = self.provider(config, TimeDelta::zero(), now).await?;
        Ok(Some(found.map(drop)))
    }

    /// Begins a login with the service that leads to `next`.
    pub async fn begin_oidc(&self, next: &str, now: DateTime<Utc>) -> Result<Begun> {
        let config = self.config.oidc.as_ref().ok_or_else(off)?;
        let provider = match self.provider(config, KEPT, now).await? {
            Ok(provider) => provider,
            Err(why) => {
                self.count_source("begin", now).await?;
                return Err(self.not_let_in((OidcFault::Unreachable, why), now).await?);
            }
        };
        let next = if next.len() > NEXT_BYTES_MAX { "/" } else { next };
        let (state, secret) = (secret_text(), secret_text());
        let mut tx = self.store.write().await?;
        let hashes = (&*hash_of(&state), &*hash_of(&secret));
        let over = millis(now - BEGUN_MAX);
        stored::begin(&mut tx, hashes, next, millis(now), over).await?;
        tx.commit().await?;
        let challenge = Sha256::digest(made("verifier", &secret).as_bytes());
        let (back, scope) = (config.back(), config.scope());
        let asked = [
            ("response_type", "code"),
            ("client_id", &config.client_id),
            ("redirect_uri", &back),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &made("nonce", &secret)),
            ("code_challenge", &URL_SAFE_NO_PAD.encode(challenge)),
            ("code_challenge_method", "S256"),
        ];
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
        let asked = asked.iter().map(pair).collect::<Vec<_>>().join("&");
        let sign = if provider.authorization.contains('?') { '&' } else { '?' };
        Ok(Begun { to: format!("{}{sign}{asked}", provider.authorization), state, secret })
    }

    /// Ends a login that was begun: with a login of the account that has the identity, or a refusal, which is audited.
    /// `secret` is what the browser holds, empty for nothing; `agent`: what it says of itself, in a few words.
    pub async fn finish_oidc(
        &self,
        answered: &Answered,
        (secret, agent): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Finished> {
        let config = self.config.oidc.as_ref().ok_or_else(off)?;
        let key = self.count_source("end", now).await?;
        let next = match self.expected(config, answered, secret, now).await? {
            Ok(next) => next,
            Err(fault) => return Err(self.not_let_in(fault, now).await?),
        };
        let said = match self.said(config, &answered.code, secret, now).await? {
            Ok(said) => said,
            Err(fault) => return Err(self.not_let_in(fault, now).await?),
        };
        let name = match named(config, &said) {
            Ok(name) => name,
            Err(fault) => return Err(self.not_let_in((fault, String::new()), now).await?),
        };
        let Some(account) = self.account_of(config, &name, now).await? else {
            self.not_let_in((OidcFault::Unbound, String::new()), now).await?;
            let key = OidcFault::Unbound.key();
            return Err(AppError::refused(key, &[("subject", &name)]));
        };
        let by = (Actor::Account(&account), Power::Look);
        let mut act = self.act(by, Action::Login, now).await?;
        guesses::forgive(act.tx(), &key).await?;
        let token = self.enter(&mut act, &account, (agent, Proof::Provider), now).await?;
        act.commit(None, "oidc").await?;
        Ok(Finished { account, token, next })
    }

    /// Counts a request of a source, which waits where there were many; returns under what. Each refusal is a line in
    /// the audit log, and anybody may ask.
    async fn count_source(&self, what: &str, now: DateTime<Utc>) -> Result<String> {
        let source = self.asked_address().unwrap_or_default();
        let keys = [(Guesser::Source, format!("oidc {what} {source}"))];
        if let Err(secs) = self.count_try(&keys, now).await? {
            return Err(AppError::refused("refused-oidc-many", &[("secs", &secs)]));
        }
        let [(_, key)] = keys;
        Ok(key)
    }

    /// Where a login leads, if this is the first answer to it, from its own browser.
    async fn expected(
        &self,
        config: &OidcConfig,
        answered: &Answered,
        secret: &str,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<String, Fault>> {
        let mut tx = self.store.write().await?;
        let begun = stored::take(&mut tx, &hash_of(&answered.state)).await?;
        tx.commit().await?;
        let fault = |fault| Ok(Err((fault, String::new())));
        let Some(begun) = begun.filter(|it| it.made_at > millis(now - BEGUN_MAX)) else {
            return fault(OidcFault::Over);
        };
        if begun.browser != hash_of(secret) {
            return fault(OidcFault::Browser);
        }
        if answered.issuer.as_ref().is_some_and(|issuer| *issuer != config.issuer) {
            return fault(OidcFault::Issuer);
        }
        if answered.code.is_empty() {
            return fault(OidcFault::Denied);
        }
        Ok(Ok(begun.next))
    }

    /// What the ID token for a code says, if it counts.
    async fn said(
        &self,
        config: &OidcConfig,
        code: &str,
        secret: &str,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<Value, Fault>> {
        let mut provider = match self.provider(config, KEPT, now).await? {
            Ok(provider) => provider,
            Err(why) => return Ok(Err((OidcFault::Unreachable, why))),
        };
        let verifier = made("verifier", secret);
        let token = match provider::exchange((config, &provider), code, &verifier).await? {
            Ok(token) => token,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut found = token::verified(&token, &provider.keys);
        if found == Err(OidcFault::Key) {
            // It may have a new key.
            if let Ok(newer) = self.provider(config, ASKED_AGAIN, now).await? {
                provider = newer;
                found = token::verified(&token, &provider.keys);
            }
        }
        let wanted = Wanted {
            issuer: &config.issuer,
            client: &config.client_id,
            nonce: &made("nonce", secret),
            now: now.timestamp(),
        };
        let judged = found.and_then(|said| {
            judge(&token::claims(&said)?, wanted)?;
            Ok(said)
        });
        Ok(judged.map_err(|fault| (fault, String::new())))
    }

    /// The account that has an identity; made now where the configuration says so.
    async fn account_of(
        &self,
        config: &OidcConfig,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Account>> {
        let mut tx = self.store.read().await?;
        let owner = stored::owner(&mut tx, identity(config, name)).await?;
        drop(tx);
        match owner {
            Some(owner) => Ok(Some(self.account(&owner).await?)),
            None if config.create == Create::Viewer => {
                self.viewer(config, name, now).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Makes an account for an identity that none has: a viewer without a password.
    async fn viewer(&self, config: &OidcConfig, name: &str, now: DateTime<Utc>) -> Result<Account> {
        let own = format!("oidc-{}", &hash_of(&format!("{} {name}", config.issuer))[..12]);
        let author = Author { who: PROGRAM.to_owned(), address: self.asked_address() };
        let tx = self.store.write().await?;
        let mut act = Act::new(tx, Some(author), Action::AccountAdd, millis(now));
        let all = accounts::list(act.tx()).await?;
        let is_free = |name: &str| is_name(name) && !all.iter().any(|one| one.name == name);
        // A name that somebody else has is theirs, whatever the service calls this person.
        let account = if is_free(name) { name } else { own.as_str() };
        let kind = (Role::Viewer, &[][..], &[][..]);
        if !accounts::insert(&mut act, account, kind, NOBODY, millis(now)).await? {
            return Err(AppError::refused("refused-account-there", &[("name", &account)]));
        }
        self.bind(&mut act, account, (config, name), now).await?;
        act.commit(None, &format!("{account} viewer oidc")).await?;
        self.account(account).await
    }

    /// Writes down why somebody is not let in; returns what they are told.
    async fn not_let_in(&self, (fault, why): Fault, now: DateTime<Utc>) -> Result<AppError> {
        if !why.is_empty() {
            tracing::warn!(%why, "the sign-in service");
        }
        let said = format!("oidc {fault}");
        self.note_audit("-", Action::OidcRefused, (None, &said), now).await?;
        Ok(AppError::refused(fault.key(), &[]))
    }

    /// Binds an identity of the configured service to an account, in the place of the one that it had.
    pub async fn bind_identity(
        &self,
        (name, given): (&str, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let config = self.config.oidc.as_ref().ok_or_else(off)?;
        let mut act = self.act((by, Power::Accounts), Action::IdentityBind, now).await?;
        let said = self.bind(&mut act, name, (config, given), now).await?;
        Ok(act.commit(None, &said).await?)
    }

    /// Binds an identity; returns what the audit log says of it.
    async fn bind(
        &self,
        act: &mut Act,
        name: &str,
        (config, given): (&OidcConfig, &str),
        now: DateTime<Utc>,
    ) -> Result<String> {
        let subject = subject(&config.claim, given);
        if !is_subject(&subject) {
            return Err(AppError::refused("refused-oidc-subject", &[]));
        }
        let found = accounts::find(act.tx(), name).await?;
        let Some((account, _)) = found else {
            let name = crate::mail::safe::name(name);
            return Err(AppError::refused("refused-no-account", &[("name", &name)]));
        };
        let identity = identity(config, &subject);
        match stored::owner(act.tx(), identity).await? {
            Some(owner) if owner != name => {
                return Err(AppError::refused("refused-oidc-there", &[("name", &owner)]));
            }
            _ => stored::bind(act, account.id, identity, millis(now)).await?,
        }
        Ok(format!("{name} {} {subject}", config.claim))
    }

    /// Takes an account's identity away and ends the logins that came with it; `false` where it had none.
    pub async fn release_identity(
        &self,
        name: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let account = self.account(name).await?;
        let mut act = self.act((by, Power::Accounts), Action::IdentityRelease, now).await?;
        let had = stored::release(&mut act, account.id).await?;
        if had {
            act.commit(None, name).await?;
        }
        Ok(had)
    }

    /// The identities of accounts at the configured service, by account.
    pub(super) async fn identities(&self) -> Result<BTreeMap<String, String>> {
        let Some(config) = &self.config.oidc else { return Ok(BTreeMap::new()) };
        let mut tx = self.store.read().await?;
        let all = stored::all(&mut tx).await?;
        let is_own = |one: &stored::Bound| one.issuer == config.issuer && one.claim == config.claim;
        Ok(all.into_iter().filter(is_own).map(|one| (one.account, one.subject)).collect())
    }

    /// Makes an account that logs in with the sign-in service alone: it has no password.
    pub async fn add_account_with_identity(
        &self,
        (name, given): (&str, &str),
        (role, places, areas): (Role, &[String], &[String]),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let config = self.config.oidc.as_ref().ok_or_else(off)?;
        let places = self.allowed(name, (role, places, areas)).await?;
        let mut act = self.act((by, Power::Accounts), Action::AccountAdd, now).await?;
        let kind = (role, places.as_slice(), areas);
        if !accounts::insert(&mut act, name, kind, NOBODY, millis(now)).await? {
            return Err(AppError::refused("refused-account-there", &[("name", &name)]));
        }
        self.bind(&mut act, name, (config, given), now).await?;
        let (places, areas) = (places.join(" "), areas.join(" "));
        let said = format!("{name} {} {places} {areas}", role.word());
        Ok(act.commit(None, &format!("{} oidc", said.trim_end())).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_names_somebody_once_it_is_verified() {
        let config = |claim: &str| -> OidcConfig {
            let text = format!(
                "issuer = \"https://login.example\"\nclient_id = \"doseplan\"\n\
                 url = \"https://plan.example\"\nclaim = {claim:?}"
            );
            toml::from_str(&text).unwrap()
        };
        let said =
            json!({"sub": "17", "email": "Zhao@cdc.example", "email_verified": true, "n": 5});
        let name = |claim: &str, said: &Value| named(&config(claim), said);
        assert_eq!(name("sub", &said), Ok("17".to_owned()));
        assert_eq!(name("email", &said), Ok("zhao@cdc.example".to_owned()));
        for verified in [json!(false), json!("true"), json!(null)] {
            let mut said = said.clone();
            said["email_verified"] = verified;
            assert_eq!(name("email", &said), Err(OidcFault::Unverified));
        }
        for claim in ["n", "other", "sub "] {
            assert_eq!(name(claim, &said), Err(OidcFault::Claim), "{claim}");
        }
        assert_eq!(name("sub", &json!({"sub": "a b"})), Err(OidcFault::Claim));
    }

    #[test]
    fn nonce_and_verifier_do_not_tell_each_other() {
        assert_ne!(made("nonce", "s"), made("verifier", "s"));
        assert_ne!(made("nonce", "s"), made("nonce", "t"));
        // RFC 7636 wants 43 to 128 characters.
        assert_eq!(made("verifier", "s").len(), 64);
    }
}
