//! Who asks for a page, and tokens against forged forms.

use super::words::T;
use crate::domain::account::Account;
use crate::domain::campaign::Language;
use crate::domain::permission::Actor;
use crate::text::hex;
use sha2::{Digest as _, Sha256};

/// What a page adds to its address when it refreshes itself without JavaScript.
pub(super) const REFRESHED: &str = "refreshed=1";

/// Who asks for a page. It has no `Debug`, because it holds the login's secret.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) account: Account,
    pub(super) language: Language,
    /// The secret in the browser's login cookie.
    pub(super) token: String,
    /// Path and query of the page.
    pub(super) here: String,
}

impl Visitor {
    /// The visitor, as permissions know them.
    pub(super) fn actor(&self) -> Actor<'_> {
        Actor::Account(&self.account)
    }

    /// The catalogue in the visitor's language.
    pub(super) fn t(&self) -> T {
        T(self.language)
    }

    /// A token against forged forms. It differs each time, so that the size of a compressed page does not reveal it
    /// (BREACH).
    pub(super) fn csrf(&self) -> String {
        csrf_of(&self.token)
    }

    /// Whether a token is one that [`csrf`](Self::csrf) made for this login.
    pub(super) fn is_csrf(&self, token: &str) -> bool {
        let Some((nonce, signed)) = token.split_at_checked(32) else { return false };
        // Both are hashes, so the time of the comparison reveals nothing.
        sign(&self.token, nonce) == signed
    }
}

/// A token against forged forms for the login with this secret.
pub(super) fn csrf_of(token: &str) -> String {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let signed = sign(token, &nonce);
    format!("{nonce}{signed}")
}

fn sign(token: &str, nonce: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"form\n");
    hash.update(token);
    hash.update(b"\n");
    hash.update(nonce);
    hex(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_form_is_of_one_login_and_never_the_same() {
        let account = Account {
            id: 1,
            name: "a".into(),
            role: crate::domain::account::Role::Viewer,
            places: vec![],
            areas: vec![],
        };
        let visitor = |token: &str| Visitor {
            account: account.clone(),
            language: Language::En,
            token: token.to_owned(),
            here: "/".to_owned(),
        };
        let (one, other) = (visitor("one"), visitor("other"));
        let token = one.csrf();
        assert!(one.is_csrf(&token) && one.is_csrf(&one.csrf()));
        assert_ne!(token, one.csrf());
        assert!(!other.is_csrf(&token));
        for bad in ["", "x", &token[1..], &token[..63]] {
            assert!(!one.is_csrf(bad), "{bad}");
        }
    }
}
