//! What a sign-in service says of itself (its discovery document and keys), read and kept for a while, and the exchange
//! of a code for a token.

use super::token::{self, Key};
use crate::app::outbox::password;
use crate::app::{App, AppError, Result};
use crate::config::OidcConfig;
use crate::domain::oidc::OidcFault;
use crate::mail::transport::{Endpoint, Proxy, Reach, Sent};
use crate::text::encoded;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long what a service says of itself is kept.
pub(super) const KEPT: TimeDelta = TimeDelta::hours(1);
/// A token with a key that is not known has it asked again, but no sooner than after so long.
pub(super) const ASKED_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// After a failure it is not asked for so long.
const LEFT_ALONE: TimeDelta = TimeDelta::seconds(5);
/// Longest wait for a connection, and for an answer.
const WAIT: Duration = Duration::from_secs(4);
/// Longest wait for all that a service says of itself, and for the exchange of a code: a page has fifteen seconds.
const ALL: Duration = Duration::from_secs(6);

/// What was read of a service.
#[derive(Debug)]
pub(super) struct Provider {
    /// Where browsers go.
    pub(super) authorization: String,
    /// Where codes are exchanged.
    token: String,
    /// Whether the secret goes into the form, because the service takes it nowhere else.
    posts_secret: bool,
    pub(super) keys: Vec<Key>,
}

/// What is remembered of the service that was asked last.
#[derive(Debug, Default)]
pub(in crate::app) struct Memory {
    known: Option<(String, DateTime<Utc>, Arc<Provider>)>,
    failed: Option<(String, DateTime<Utc>)>,
}

/// The same for all who ask: one of them reads it, and the others wait for that.
pub(in crate::app) type Shared = Arc<Mutex<Memory>>;

/// How the service is reached.
fn reach(config: &OidcConfig) -> Result<Reach> {
    let proxy = config.proxy.as_deref().map(|url| {
        let wrong = |error| AppError::Configuration(format!("[oidc] proxy: {error}"));
        Proxy::read(url).map_err(wrong)
    });
    let (ca_file, allow_plain) = (config.ca_file.clone(), config.allow_plain);
    Ok(Reach { proxy: proxy.transpose()?, ca_file, allow_plain, wait: WAIT })
}

/// What an address of the service says, as JSON.
async fn json(reach: &Reach, url: &str) -> std::result::Result<Value, String> {
    let answer = reach.fetch(url, None).await.map_err(|why| format!("{url}: {why}"))?;
    if answer.http != 200 {
        return Err(format!("{url} answers HTTP {}", answer.http));
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("{url}: {error}"))
}

/// Reads what the service says of itself (OpenID Connect Discovery 1.0).
async fn read(reach: &Reach, issuer: &str) -> std::result::Result<Provider, String> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let said = json(reach, &url).await?;
    // A document that another service wrote would send codes and secrets there.
    if said["issuer"].as_str() != Some(issuer) {
        let other = crate::mail::safe::sentence(&said["issuer"].to_string());
        return Err(format!("{url} names the issuer {other} and not {issuer:?}"));
    }
    let address = |name: &str| {
        let url = said[name].as_str().ok_or_else(|| format!("{url} has no {name}"))?;
        let read = Endpoint::read(url, reach.allow_plain);
        read.map(|_| url.to_owned()).map_err(|error| format!("{name}: {error}"))
    };
    let (authorization, token) = (address("authorization_endpoint")?, address("token_endpoint")?);
    let keys = token::keys(&json(reach, &address("jwks_uri")?).await?);
    if keys.is_empty() {
        return Err("the service has no key for RS256 or ES256".to_owned());
    }
    let ways = said["token_endpoint_auth_methods_supported"].as_array();
    let posts_secret = ways.is_some_and(|ways| !ways.iter().any(|it| it == "client_secret_basic"));
    Ok(Provider { authorization, token, posts_secret, keys })
}

impl App {
    /// What the service says of itself, no older than `age_max`; the error says why it is not known.
    pub(super) async fn provider(
        &self,
        config: &OidcConfig,
        age_max: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<Arc<Provider>, String>> {
        let reach = reach(config)?;
        let mut memory = self.oidc.lock().await;
        let is_fresh = |at: DateTime<Utc>, age: TimeDelta| (now - at).abs() < age;
        if let Some((issuer, at, known)) = &memory.known
            && *issuer == config.issuer
            && is_fresh(*at, age_max)
        {
            return Ok(Ok(Arc::clone(known)));
        }
        if let Some((issuer, at)) = &memory.failed
            && *issuer == config.issuer
            && is_fresh(*at, LEFT_ALONE)
        {
            return Ok(Err("it could not be reached a moment ago".to_owned()));
        }
        let late = |_| format!("no answer in {} s", ALL.as_secs());
        match timeout(ALL, read(&reach, &config.issuer)).await.map_err(late).flatten() {
            Ok(read) => {
                let read = Arc::new(read);
                memory.known = Some((config.issuer.clone(), now, Arc::clone(&read)));
                memory.failed = None;
                Ok(Ok(read))
            }
            Err(why) => {
                memory.failed = Some((config.issuer.clone(), now));
                Ok(Err(why))
            }
        }
    }
}

/// The secret that the service gave this program; `None` for a public client.
pub(super) fn secret(config: &OidcConfig) -> Result<Option<String>> {
    match (&config.client_secret, &config.client_secret_file) {
        (Some(secret), _) => Ok(Some(secret.0.clone())),
        (None, Some(file)) => password(file).map(Some),
        (None, None) => Ok(None),
    }
}

/// The form that exchanges a code, and where the secret goes.
fn form(
    config: &OidcConfig,
    (code, verifier): (&str, &str),
    (secret, posts_secret): (Option<&str>, bool),
) -> Sent {
    let back = config.back();
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &back),
        ("code_verifier", verifier),
    ];
    let basic = secret.filter(|_| !posts_secret);
    if basic.is_none() {
        fields.push(("client_id", &config.client_id));
        fields.extend(secret.map(|secret| ("client_secret", secret)));
    }
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
    Sent {
        form: fields.iter().map(pair).collect::<Vec<_>>().join("&"),
        // RFC 6749, 2.3.1: both are encoded before they are put together.
        basic: basic.map(|secret| (encoded(&config.client_id), encoded(secret))),
    }
}

/// The ID token for a code; the error says why there is none.
pub(super) async fn exchange(
    (config, provider): (&OidcConfig, &Provider),
    code: &str,
    verifier: &str,
) -> Result<std::result::Result<String, (OidcFault, String)>> {
    let secret = secret(config)?;
    let reach = reach(config)?;
    let sent = form(config, (code, verifier), (secret.as_deref(), provider.posts_secret));
    let asked = timeout(ALL, reach.fetch(&provider.token, Some(&sent))).await;
    let answer = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Ok(Err((OidcFault::Unreachable, why))),
        Err(_) => {
            let why = format!("no answer in {} s", ALL.as_secs());
            return Ok(Err((OidcFault::Unreachable, why)));
        }
    };
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.http != 200 {
        // The standard has words of small letters; whatever else it is may be somebody's name.
        let word = said["error"].as_str().unwrap_or_default();
        let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let word = if is_word { word } else { "" };
        return Ok(Err((OidcFault::Code, format!("HTTP {} {word}", answer.http))));
    }
    let token = said["id_token"].as_str().map(str::to_owned);
    Ok(token.ok_or_else(|| (OidcFault::Token, "there is no id_token".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> OidcConfig {
        let text = "issuer = \"https://login.example\"\nclient_id = \"dose:plan\"\n\
                    url = \"https://plan.example\"";
        toml::from_str(text).expect("a configuration")
    }

    #[test]
    fn the_secret_goes_to_one_place() {
        let asked = form(&config(), ("c&1", "v"), (Some("s:1"), false));
        assert_eq!(asked.basic, Some(("dose%3Aplan".to_owned(), "s%3A1".to_owned())));
        assert_eq!(
            asked.form,
            "grant_type=authorization_code&code=c%261&\
             redirect_uri=https%3A%2F%2Fplan.example%2Flogin%2Foidc%2Fback&code_verifier=v"
        );
        let posted = form(&config(), ("c", "v"), (Some("s:1"), true));
        assert!(posted.basic.is_none());
        assert!(posted.form.ends_with("&client_id=dose%3Aplan&client_secret=s%3A1"));
        let public = form(&config(), ("c", "v"), (None, false));
        assert!(public.basic.is_none() && public.form.ends_with("&client_id=dose%3Aplan"));
    }
}
