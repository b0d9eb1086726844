//! Accounts of the dashboard, tokens for programs, and the audit log.

use super::{App, AppError, Loaded, Result, millis, passwords};
use crate::domain::account::{Account, Role, Scope, is_name, is_password, place_of};
use crate::domain::audit::Action;
use crate::domain::permission::{Actor, Power, may};
use crate::mail::link::form_secret;
use crate::store::accounts::{self, ApiToken};
use crate::store::audit::{self, Author, Entry};
use crate::store::second_factors::State;
use crate::text::hex;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// How often the use of a login or token is stored.
pub(super) const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A random secret of 256 bits, as hexadecimal digits.
pub fn secret_text() -> String {
    let mut hash = Sha256::new();
    for _ in 0..3 {
        hash.update(uuid::Uuid::new_v4().as_bytes());
    }
    hex(&hash.finalize())
}

/// The hash of a secret, which is all that the database holds of it.
pub fn hash_of(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// A password's argon2id hash, computed on a blocking thread.
async fn hashed(password: &str) -> Result<String> {
    let password = password.to_owned();
    let work = move || -> argon2::password_hash::Result<String> {
        let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
        Ok(hash.to_string())
    };
    let refused =
        |error: &dyn std::fmt::Display| AppError::refused("refused-hash", &[("said", &error)]);
    match tokio::task::spawn_blocking(work).await {
        Ok(hash) => hash.map_err(|error| refused(&error)),
        Err(error) => Err(refused(&error)),
    }
}

/// Whether a password matches a hash.
async fn fits(password: &str, hash: String) -> bool {
    let password = password.to_owned();
    let work =
        move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
    tokio::task::spawn_blocking(work).await.unwrap_or(false)
}

/// A hash that no password has: checking it makes an unknown name take as long as a wrong password.
pub(super) const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What the audit log calls this program, where nobody asked. No account can have this name.
pub(super) const PROGRAM: &str = "(doseplan)";

/// An account as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountView {
    /// The name to log in with.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// Codes of a lead's sites, stops and teams.
    pub places: Vec<String>,
    /// Codes of the areas to which it is limited, or else of those that its places serve.
    pub areas: Vec<String>,
    /// The same places, each with its campaign.
    pub held: Vec<String>,
    /// Whether a login needs a second factor.
    pub second_factor: bool,
    /// Whether the account must have one.
    pub second_factor_required: bool,
    /// How many logins it has now.
    pub logins: i64,
    /// Its identity at the sign-in service.
    pub identity: Option<String>,
}

impl AccountView {
    /// How it stands with the second factor, in a word.
    pub fn second_factor_word(&self) -> &'static str {
        match (self.second_factor, self.second_factor_required) {
            (false, false) => "off",
            (false, true) => "missing",
            (true, false) => "on",
            (true, true) => "must",
        }
    }

    fn new(
        account: Account,
        campaigns: &[Loaded],
        (states, identities): (&BTreeMap<String, State>, &BTreeMap<String, String>),
    ) -> Self {
        let (mut places, mut areas) = (BTreeSet::new(), BTreeSet::new());
        for campaign in campaigns.iter().map(|loaded| &loaded.campaign) {
            for code in account.places_in(&campaign.id) {
                places.insert(code.to_owned());
                areas.extend(campaign.areas_served(code).into_iter().map(ToString::to_string));
            }
        }
        let Account { name, role, places: held, areas: limits, .. } = account;
        // What no campaign has any more still shows.
        places.extend(held.iter().filter(|place| !place.contains('/')).cloned());
        if !limits.is_empty() {
            areas = limits.iter().map(ToString::to_string).collect();
        }
        let state = states.get(&name);
        Self {
            second_factor: state.is_some_and(|state| state.is_set_up),
            second_factor_required: state.is_some_and(|state| state.is_required),
            logins: state.map_or(0, |state| state.logins),
            identity: identities.get(&name).cloned(),
            name,
            role,
            places: places.into_iter().collect(),
            areas: areas.into_iter().collect(),
            held,
        }
    }
}

/// A place of a campaign by its code, alone or written `CAMPAIGN/CODE`; `None` if the campaign has none.
fn place_in(loaded: &Loaded, code: &str) -> Option<String> {
    let campaign = &loaded.campaign;
    let own = code.strip_prefix(campaign.id.as_str()).and_then(|rest| rest.strip_prefix('/'));
    let is_known = |code: &str| campaign.place(code).is_some() || campaign.team(code).is_some();
    let found = own.filter(|code| is_known(code)).or(Some(code).filter(|code| is_known(code)))?;
    Some(place_of(&campaign.id, found))
}

impl App {
    /// Makes an account that is limited to no area.
    pub async fn add_account(
        &self,
        name: &str,
        (role, places): (Role, &[String]),
        password: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.add_account_of(name, (role, places, &[]), password, by, now).await
    }

    /// Makes an account; where areas are named, it sees these, all below them, and nothing else.
    pub async fn add_account_of(
        &self,
        name: &str,
        (role, places, areas): (Role, &[String], &[String]),
        password: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let places = self.allowed(name, (role, places, areas)).await?;
        passwords::check(name, password)?;
        let hash = hashed(password).await?;
        let mut act = self.act((by, Power::Accounts), Action::AccountAdd, now).await?;
        let kind = (role, places.as_slice(), areas);
        if !accounts::insert(&mut act, name, kind, &hash, millis(now)).await? {
            return Err(AppError::refused("refused-account-there", &[("name", &name)]));
        }
        let said = format!("{name} {} {} {}", role.word(), places.join(" "), areas.join(" "));
        Ok(act.commit(None, said.trim_end()).await?)
    }

    /// The places that a new account is to have, each with its campaign, if there may be such an account.
    pub(super) async fn allowed(
        &self,
        name: &str,
        (role, places, areas): (Role, &[String], &[String]),
    ) -> Result<Vec<String>> {
        if !is_name(name) {
            let name = crate::mail::safe::name(name);
            return Err(AppError::refused("refused-account-name", &[("name", &name)]));
        }
        if role == Role::Lead && places.is_empty() {
            return Err(AppError::refused("refused-lead-places", &[]));
        }
        let places = self.own_places(places).await?;
        self.are_areas(areas).await?;
        Ok(places)
    }

    /// Refuses areas that the jurisdiction does not have: such an account would see nothing, or one day too much.
    async fn are_areas(&self, areas: &[String]) -> Result<()> {
        if areas.is_empty() {
            return Ok(());
        }
        let known = self.jurisdiction().await?;
        let is_known = |code: &&String| known.as_ref().is_some_and(|all| all.area(code).is_some());
        match areas.iter().find(|code| !is_known(code)) {
            Some(code) => Err(AppError::refused("fail-no-area", &[("code", code)])),
            None => Ok(()),
        }
    }

    /// Every account, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let mut tx = self.store.read().await?;
        Ok(accounts::list(&mut tx).await?)
    }

    /// Every account with its places, the areas that they serve, and how it logs in.
    pub async fn account_views(&self, now: DateTime<Utc>) -> Result<Vec<AccountView>> {
        let campaigns = self.campaigns().await?;
        let mut states = BTreeMap::new();
        for mut state in self.second_factor_states(now).await? {
            state.is_required |= self.requires_factor();
            states.insert(state.account.clone(), state);
        }
        let known = (&states, &self.identities().await?);
        let view = |account: Account| AccountView::new(account, &campaigns, known);
        Ok(self.accounts().await?.into_iter().map(view).collect())
    }

    /// The places that an account is to have: each code must be one of a site, stop or team. Where several campaigns
    /// have it, which one is meant is written `CAMPAIGN/CODE`.
    async fn own_places(&self, codes: &[String]) -> Result<Vec<String>> {
        let campaigns = self.campaigns().await?;
        let mut out: Vec<String> = Vec::new();
        for code in codes {
            let found: Vec<String> =
                campaigns.iter().filter_map(|one| place_in(one, code)).collect();
            match found.as_slice() {
                [only] if out.contains(only) => {}
                [only] => out.push(only.clone()),
                [] => {
                    let code = crate::mail::safe::name(code);
                    return Err(AppError::refused("refused-unknown-place", &[("code", &code)]));
                }
                several => {
                    let known = several.join(", ");
                    return Err(AppError::refused(
                        "refused-which-place",
                        &[("code", code), ("known", &known)],
                    ));
                }
            }
        }
        Ok(out)
    }

    /// Gives the places of accounts that an older version made to the campaigns that have them now. Such a place named
    /// no campaign and held in all, in later ones too.
    pub async fn settle_places(&self, now: DateTime<Utc>) -> Result<()> {
        let bare = |place: &String| !place.contains('/');
        let all = self.accounts().await?;
        let old: Vec<Account> =
            all.into_iter().filter(|account| account.places.iter().any(bare)).collect();
        if old.is_empty() {
            return Ok(());
        }
        let campaigns = self.campaigns().await?;
        for account in old {
            let mut places: Vec<String> = Vec::new();
            for place in &account.places {
                let held: Vec<String> =
                    campaigns.iter().filter_map(|one| place_in(one, place)).collect();
                // Nothing has this code: it holds nowhere, and `account list` shows it.
                places.extend(if held.is_empty() { vec![place.clone()] } else { held });
            }
            if places != account.places {
                let said = format!("{} {}", account.name, places.join(" "));
                let mut tx = self.store.write().await?;
                accounts::set_places(&mut tx, account.id, &places).await?;
                let author = Author { who: PROGRAM.to_owned(), address: None };
                let did = (&author, Action::AccountPlaces);
                audit::insert(&mut tx, millis(now), did, (None, &said)).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// The account with a name.
    pub async fn account(&self, name: &str) -> Result<Account> {
        Ok(self.known_account(name).await?.0)
    }

    /// The same with its password's hash.
    async fn known_account(&self, name: &str) -> Result<(Account, String)> {
        let mut tx = self.store.read().await?;
        let found = accounts::find(&mut tx, name).await?;
        found.ok_or_else(|| {
            let name = crate::mail::safe::name(name);
            AppError::refused("refused-no-account", &[("name", &name)])
        })
    }

    /// Removes an account with its logins and tokens.
    pub async fn remove_account(
        &self,
        name: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let account = self.account(name).await?;
        let mut act = self.act((by, Power::Accounts), Action::AccountRemove, now).await?;
        accounts::delete(&mut act, account.id).await?;
        Ok(act.commit(None, name).await?)
    }

    /// Changes an account's password and ends its logins; its tokens too unless they are kept. Whoever knew the old
    /// password may have made tokens.
    pub async fn set_password(
        &self,
        name: &str,
        (password, keeps_tokens): (&str, bool),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        passwords::check(name, password)?;
        let account = self.account(name).await?;
        let hash = hashed(password).await?;
        let is_own = by.account().is_some_and(|own| own.id == account.id);
        let power = if is_own { Power::Look } else { Power::Accounts };
        let mut act = self.act((by, power), Action::AccountPassword, now).await?;
        accounts::set_password(&mut act, account.id, &hash, keeps_tokens).await?;
        let said = if keeps_tokens { format!("{name}, tokens kept") } else { name.to_owned() };
        Ok(act.commit(None, &said).await?)
    }

    /// The account with this name and password; `None` if they do not match.
    pub async fn is_password_of(&self, name: &str, password: &str) -> Result<Option<Account>> {
        let mut tx = self.store.read().await?;
        let found = accounts::find(&mut tx, name).await?;
        drop(tx);
        let (account, hash) = found.map_or((None, NOBODY.to_owned()), |(a, h)| (Some(a), h));
        // A password of an older, laxer version still counts.
        let right = is_password(password) && fits(password, hash).await;
        Ok(account.filter(|_| right))
    }

    /// Notes a failed login. What is no account's name is not written down: it may be a password that was typed into
    /// the wrong field.
    pub async fn note_login_failed(&self, name: &str, now: DateTime<Utc>) -> Result<()> {
        let known = accounts::find(&mut self.store.read().await?, name).await?.is_some();
        let who = if known { name } else { "-" };
        self.note_audit(who, Action::LoginFailed, (None, ""), now).await
    }

    /// Makes a token with which a program acts for an account; returns its secret, which is shown only once. `once`:
    /// the name of the form that asks. A form that is sent twice makes one token and reads the same secret, and is
    /// refused once the token was removed.
    pub async fn add_token(
        &self,
        account: &str,
        name: &str,
        (scopes, once): (&[Scope], Option<&str>),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<String> {
        if !is_name(name) {
            return Err(AppError::refused("refused-token-name", &[]));
        }
        if scopes.is_empty() {
            return Err(AppError::refused("refused-form", &[]));
        }
        let (account, password) = self.known_account(account).await?;
        let owner = Actor::Account(&account);
        if let Some(scope) = scopes.iter().find(|scope| may(owner, scope.power()).is_err()) {
            let (role, scope) = (account.role.word(), scope.word());
            return Err(AppError::refused(
                "refused-scope",
                &[("name", &account.name), ("role", &role), ("scope", &scope)],
            ));
        }
        let id = account.id;
        let token = once.map_or_else(secret_text, |once| {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
            // Filled in otherwise it asks for another token. A new password ends what was asked for before.
            let asked = format!("{once}/{id}/{name}/{}/{password}", scopes.join(" "));
            form_secret(self.store.secret(), &asked)
        });
        let mut act = self.act((by, Power::Accounts), Action::TokenAdd, now).await?;
        let kept = hash_of(&token);
        if accounts::is_token_removed(&mut act, &kept).await? {
            return Err(AppError::refused("refused-token-removed", &[]));
        }
        if accounts::add_token(&mut act, id, (name, &kept), scopes, millis(now)).await? {
            act.commit(None, &format!("{} {name}", account.name)).await?;
        }
        Ok(token)
    }

    /// Every token without its secret.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>> {
        let mut tx = self.store.read().await?;
        Ok(accounts::tokens(&mut tx).await?)
    }

    /// Removes a token; `false` if there is none with this number.
    pub async fn remove_token(&self, id: i64, by: Actor<'_>, now: DateTime<Utc>) -> Result<bool> {
        let mut act = self.act((by, Power::Accounts), Action::TokenRemove, now).await?;
        let known = accounts::remove_token(&mut act, id).await?;
        if known {
            act.commit(None, &id.to_string()).await?;
        }
        Ok(known)
    }

    /// The account and scopes of a token; `None` for an unknown one.
    pub async fn of_token(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(Account, Vec<Scope>)>> {
        let mut tx = self.store.read().await?;
        let Some((account, scopes, (id, used))) = accounts::token(&mut tx, &hash_of(token)).await?
        else {
            return Ok(None);
        };
        drop(tx);
        let at = millis(now);
        if used.is_none_or(|used| at - used > SEEN_EVERY.num_milliseconds()) {
            let mut tx = self.store.write().await?;
            accounts::token_used(&mut tx, id, at).await?;
            tx.commit().await?;
        }
        Ok(Some((account, scopes)))
    }

    /// The newest lines of the audit log with numbers below `before`, of one account or of all.
    pub async fn audit(&self, who: Option<&str>, before: i64, limit: i64) -> Result<Vec<Entry>> {
        let mut tx = self.store.read().await?;
        Ok(audit::list(&mut tx, who.unwrap_or_default(), before, limit).await?)
    }
}
