//! `[oidc]`: a sign-in service (OpenID Connect) whose identities log in to accounts.

use super::is_this_machine;
use serde::Deserialize;
use std::path::PathBuf;

/// What must be asked for, so that there is an ID token at all.
const OPENID: &str = "openid";

/// A sign-in service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The service, as it names itself in its discovery document and its tokens.
    pub issuer: String,
    /// The name by which it knows this program.
    pub client_id: String,
    /// The secret that it gave this program; none for a public client.
    pub client_secret: Option<ClientSecret>,
    /// File with the secret, in place of `client_secret`.
    pub client_secret_file: Option<PathBuf>,
    /// Address of the dashboard as browsers see it. The service sends them back to `/login/oidc/back` there.
    pub url: String,
    /// What is asked for; `openid` is added where it is missing.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim of the ID token that names an identity: `sub`, `email`, or one of the service's own.
    #[serde(default = "sub")]
    pub claim: String,
    /// The words on the button of the login page.
    pub button: Option<String>,
    /// What becomes of an identity that no account has.
    #[serde(default)]
    pub create: Create,
    /// Address of a proxy between this machine and the service, such as `http://proxy:3128`.
    pub proxy: Option<String>,
    /// A PEM file with a certificate authority of one's own.
    pub ca_file: Option<PathBuf>,
    /// Whether the service, or the dashboard, may be reached over a network without encryption.
    #[serde(default)]
    pub allow_plain: bool,
}

/// What becomes of an identity that no account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Create {
    /// It does not log in.
    #[default]
    Never,
    /// It gets an account as viewer.
    Viewer,
}

/// A secret that no message shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct ClientSecret(pub String);

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

fn sub() -> String {
    "sub".to_owned()
}

impl OidcConfig {
    /// The scopes, with a space between.
    pub fn scope(&self) -> String {
        let own = self.scopes.iter().map(String::as_str).filter(|scope| *scope != OPENID);
        std::iter::once(OPENID).chain(own).collect::<Vec<_>>().join(" ")
    }

    /// Where the service sends a browser back to.
    pub fn back(&self) -> String {
        format!("{}/login/oidc/back", self.url.trim_end_matches('/'))
    }

    /// Why it cannot be used as configured; `None` if it can.
    pub(super) fn refusal(&self) -> Option<String> {
        for (key, value) in [("client_id", &self.client_id), ("claim", &self.claim)] {
            if value.trim().is_empty() {
                return Some(format!("[oidc] {key} is empty"));
            }
        }
        if self.client_secret.is_some() && self.client_secret_file.is_some() {
            let said = "[oidc] has client_secret and client_secret_file; write one of them";
            return Some(said.to_owned());
        }
        let is_scope = |scope: &&String| {
            !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
        };
        if let Some(scope) = self.scopes.iter().find(|scope| !is_scope(scope)) {
            return Some(format!("[oidc] scopes: {scope:?} is no scope; write one word each"));
        }
        for (key, url) in [("issuer", &self.issuer), ("url", &self.url)] {
            if let Some(said) = self.refused(url) {
                return Some(format!("[oidc] {key} = {url:?} {said}"));
            }
        }
        let (_, rest) = self.url.split_once("://")?;
        (rest.trim_end_matches('/').contains('/')).then(|| {
            "[oidc] url has a path; the dashboard answers at the root of its address".to_owned()
        })
    }

    /// Why an address cannot be used.
    fn refused(&self, url: &str) -> Option<&'static str> {
        let is_plain = |c: char| c.is_ascii_graphic() && !"<>?#\"'\\@".contains(c);
        let Some((scheme, rest)) = url.split_once("://") else {
            return Some("is no address; write https:// and a host");
        };
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || !url.chars().all(is_plain) {
            return Some("is no address in ASCII without '?', '#' and '@'");
        }
        let bare = match host.rsplit_once(':') {
            Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
            _ => host,
        };
        match scheme {
            "https" => None,
            "http" if is_this_machine(bare) || self.allow_plain => None,
            "http" => Some("is not encrypted: who logs in would be readable on the way"),
            _ => Some("is no address; write https:// and a host"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &str) -> OidcConfig {
        let given = |key: &str| more.lines().any(|line| line.starts_with(&format!("{key} =")));
        let mut text = more.to_owned();
        for (key, value) in [
            ("issuer", "https://login.example/realms/cdc"),
            ("client_id", "doseplan"),
            ("url", "https://plan.example"),
        ] {
            if !given(key) {
                text += &format!("\n{key} = \"{value}\"");
            }
        }
        toml::from_str(&text).expect("a configuration")
    }

    #[test]
    fn what_cannot_be_used_is_refused_at_the_start() {
        for good in [
            "",
            "client_secret = \"s\"",
            "url = \"https://plan.example:8443/\"",
            "issuer = \"http://127.0.0.1:9000\"\nurl = \"http://localhost:8470\"",
            "issuer = \"http://[::1]:9000/x\"",
            "url = \"http://plan.example\"\nallow_plain = true",
        ] {
            assert_eq!(read(good).refusal(), None, "{good}");
        }
        for (bad, said) in [
            ("client_id = \" \"", "client_id"),
            ("claim = \"\"", "claim"),
            ("client_secret = \"s\"\nclient_secret_file = \"f\"", "one of them"),
            ("scopes = [\"openid email\"]", "scopes"),
            ("issuer = \"login.example\"", "issuer"),
            ("issuer = \"http://login.example\"", "not encrypted"),
            ("issuer = \"https://login.example?a=b\"", "ASCII"),
            ("url = \"https://a@plan.example\"", "ASCII"),
            ("url = \"http://plan.example\"", "not encrypted"),
            ("url = \"ftp://plan.example\"", "no address"),
            ("url = \"https://plan.example/dose\"", "path"),
        ] {
            let refused = read(bad).refusal().unwrap_or_default();
            assert!(refused.contains(said), "{bad}: {refused}");
        }
    }

    #[test]
    fn it_asks_for_an_id_token_and_shows_no_secret() {
        assert_eq!(read("").scope(), "openid");
        let asked = read("scopes = [\"email\", \"openid\"]\nclient_secret = \"geheim\"");
        assert_eq!(asked.scope(), "openid email");
        assert!(!format!("{asked:?}").contains("geheim"));
        let url = read("url = \"https://plan.example/\"");
        assert_eq!(url.back(), "https://plan.example/login/oidc/back");
        assert_eq!((url.create, url.claim.as_str()), (Create::Never, "sub"));
        assert_eq!(read("create = \"viewer\"").create, Create::Viewer);
    }
}
