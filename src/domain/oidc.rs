//! Signing in with a sign-in service (OpenID Connect): what an ID token must say, and why somebody is not let in.

use super::words::words;

/// How far the clocks of this machine and the service may differ, in seconds.
pub const SKEW_SECS: i64 = 60;

words! {
    /// Why somebody is not let in.
    pub enum OidcFault {
        /// The login was never begun here, is over, or was answered before.
        Over = "over",
        /// It was begun in another browser.
        Browser = "browser",
        /// The service says that the person may not.
        Denied = "denied",
        /// The service cannot be reached, or what it says of itself cannot be used.
        Unreachable = "unreachable",
        /// The service does not take the code, or this program.
        Code = "code",
        /// Its answer has no ID token that can be read.
        Token = "token",
        /// The token is signed in a way that is not accepted, or not at all.
        Algorithm = "algorithm",
        /// No key of the service fits.
        Key = "key",
        /// The signature is wrong.
        Signature = "signature",
        /// The token is of another service.
        Issuer = "issuer",
        /// The token is for another program.
        Audience = "audience",
        /// The token is over.
        Expired = "expired",
        /// The token is of a time to come.
        Early = "early",
        /// The token is not the answer to this login.
        Nonce = "nonce",
        /// The token lacks the claim that names the account.
        Claim = "claim",
        /// The service has not verified the address.
        Unverified = "unverified",
        /// No account has this identity.
        Unbound = "unbound",
    }
}

impl OidcFault {
    /// The message for whoever is not let in.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Over | Self::Browser => "refused-oidc-over",
            Self::Denied => "refused-oidc-denied",
            Self::Unreachable => "refused-oidc-unreachable",
            Self::Code => "refused-oidc-code",
            Self::Expired | Self::Early => "refused-oidc-clock",
            Self::Claim => "refused-oidc-claim",
            Self::Unverified => "refused-oidc-unverified",
            Self::Unbound => "refused-oidc-unbound",
            Self::Token
            | Self::Algorithm
            | Self::Key
            | Self::Signature
            | Self::Issuer
            | Self::Audience
            | Self::Nonce => "refused-oidc-untrusted",
        }
    }
}

/// What an ID token claims, as far as it decides whether the token counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// Who made it.
    pub issuer: String,
    /// For which programs.
    pub audience: Vec<String>,
    /// Which program asked for it, where that is said.
    pub party: Option<String>,
    /// Until when it counts, seconds since 1970.
    pub expires: i64,
    /// When it was made.
    pub issued: i64,
    /// From when it counts, where that is said.
    pub begins: Option<i64>,
    /// The login that it answers.
    pub nonce: Option<String>,
}

/// What a token must claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The service.
    pub issuer: &'a str,
    /// This program's name there.
    pub client: &'a str,
    /// The login.
    pub nonce: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

/// Whether the claims of a token with a right signature are those of this login (OpenID Connect Core 1.0, 3.1.3.7).
pub fn judge(claims: &Claims, wanted: Wanted<'_>) -> Result<(), OidcFault> {
    let is_own = |name: &str| name == wanted.client;
    let is_for_it = claims.audience.iter().any(|one| is_own(one));
    let is_party = match claims.party.as_deref() {
        Some(party) => is_own(party),
        None => claims.audience.len() == 1,
    };
    if claims.issuer != wanted.issuer {
        Err(OidcFault::Issuer)
    } else if !is_for_it || !is_party {
        Err(OidcFault::Audience)
    } else if claims.expires.saturating_add(SKEW_SECS) <= wanted.now {
        Err(OidcFault::Expired)
    } else if claims.issued.max(claims.begins.unwrap_or(i64::MIN)) > wanted.now + SKEW_SECS {
        Err(OidcFault::Early)
    } else if claims.nonce.as_deref() != Some(wanted.nonce) {
        Err(OidcFault::Nonce)
    } else {
        Ok(())
    }
}

/// An identity as it is compared: addresses of mail without regard to capitals.
pub fn subject(claim: &str, value: &str) -> String {
    let value = value.trim();
    if claim == "email" { value.to_lowercase() } else { value.to_owned() }
}

/// The most characters of an identity; the standard has 255 for `sub`.
pub const SUBJECT_CHARS_MAX: usize = 255;

/// Whether a text can be an identity.
pub fn is_subject(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= SUBJECT_CHARS_MAX
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_617_328_800;

    fn claims() -> Claims {
        Claims {
            issuer: "https://login.example".into(),
            audience: vec!["doseplan".into()],
            party: None,
            expires: NOW + 300,
            issued: NOW,
            begins: None,
            nonce: Some("n".into()),
        }
    }

    fn judged(change: impl FnOnce(&mut Claims)) -> Result<(), OidcFault> {
        let mut given = claims();
        change(&mut given);
        let issuer = "https://login.example";
        judge(&given, Wanted { issuer, client: "doseplan", nonce: "n", now: NOW })
    }

    #[test]
    fn a_token_counts_for_its_service_program_login_and_time_alone() {
        assert_eq!(judged(|_| {}), Ok(()));
        assert_eq!(judged(|it| it.issuer += "/"), Err(OidcFault::Issuer));
        assert_eq!(judged(|it| it.audience = vec!["other".into()]), Err(OidcFault::Audience));
        assert_eq!(judged(|it| it.audience.clear()), Err(OidcFault::Audience));
        assert_eq!(judged(|it| it.audience.push("b".into())), Err(OidcFault::Audience));
        let both = |it: &mut Claims, party: &str| {
            it.audience.push("b".into());
            it.party = Some(party.into());
        };
        assert_eq!(judged(|it| both(it, "doseplan")), Ok(()));
        assert_eq!(judged(|it| both(it, "b")), Err(OidcFault::Audience));
        assert_eq!(judged(|it| it.party = Some("b".into())), Err(OidcFault::Audience));
        assert_eq!(judged(|it| it.nonce = Some("m".into())), Err(OidcFault::Nonce));
        assert_eq!(judged(|it| it.nonce = None), Err(OidcFault::Nonce));
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        for (expires, wanted) in [
            (NOW, Ok(())),
            (NOW - 59, Ok(())),
            (NOW - 60, Err(OidcFault::Expired)),
            (i64::MAX, Ok(())),
            (0, Err(OidcFault::Expired)),
        ] {
            assert_eq!(judged(|it| it.expires = expires), wanted, "{expires}");
        }
        for (late, wanted) in [(60, Ok(())), (61, Err(OidcFault::Early))] {
            assert_eq!(judged(|it| it.issued = NOW + late), wanted, "{late}");
            assert_eq!(judged(|it| it.begins = Some(NOW + late)), wanted, "{late}");
        }
    }

    #[test]
    fn an_address_has_no_capitals_and_other_identities_do() {
        assert_eq!(subject("email", " Zhao@CDC.example "), "zhao@cdc.example");
        assert_eq!(subject("sub", "aB1"), "aB1");
        assert!(is_subject("a|b:1") && is_subject(&"x".repeat(255)));
        for bad in ["", "a b", "a\r\nb", &"x".repeat(256)] {
            assert!(!is_subject(bad), "{bad:?}");
        }
    }
}
