//! Names and addresses in `doseplan.toml` that must have a certain form.

use std::net::Ipv4Addr;

/// A mailbox that accepts `name+anything@domain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceAddress {
    /// The part before `@`.
    pub local: String,
    /// The part after `@`, in ASCII.
    pub domain: String,
}

/// Longest part before the `+`. The number and tag of a mail need the rest of the 64 characters before `@`.
pub(super) const BOUNCE_LOCAL_MAX: usize = 26;

impl std::str::FromStr for BounceAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "bounce = {text:?} is no address of the form bounce@example.org with at most \
                 {BOUNCE_LOCAL_MAX} ASCII letters, digits, '.', '-' and '_' before '@'"
            )
        };
        let (local, domain) = text.trim().split_once('@').ok_or_else(wrong)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-_.".contains(c);
        let is_local = !local.is_empty() && local.len() <= BOUNCE_LOCAL_MAX;
        if !is_local || !local.chars().all(is_plain) {
            return Err(wrong());
        }
        let domain = idna::domain_to_ascii(domain).map_err(|_| wrong())?;
        let is_domain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        if domain.is_empty() || !domain.chars().all(is_domain) {
            return Err(wrong());
        }
        Ok(Self { local: local.to_owned(), domain })
    }
}

/// A name to be said at EHLO: a full host name in ASCII, or an address such as `[192.0.2.7]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelloName(pub String);

impl std::str::FromStr for HelloName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim().trim_end_matches('.');
        let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_literal = inside.is_some_and(|inside| match inside.strip_prefix("IPv6:") {
            Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
            None => inside.parse::<Ipv4Addr>().is_ok(),
        });
        let is_label = |label: &str| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let is_name = name.len() <= 253 && name.split('.').all(is_label);
        if is_literal || is_name {
            return Ok(Self(name.to_owned()));
        }
        Err(format!(
            "hello = {text:?} is no host name of ASCII letters, digits and '-' such as \
             plan.example.org, and no address such as [192.0.2.7]"
        ))
    }
}

/// An `https:` address without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsUrl(pub String);

/// Longest address, in characters: with a token appended it must fit a header line and a line of text.
const URL_BYTES_MAX: usize = 300;

impl std::str::FromStr for HttpsUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no address of the form https://example.org/u in ASCII, without '?' \
                 and '#', of at most {URL_BYTES_MAX} bytes; plain http would show the token"
            )
        };
        let url = text.trim().trim_end_matches('/');
        let host = url.strip_prefix("https://").ok_or_else(wrong)?.split('/').next();
        let is_plain = |c: char| c.is_ascii_graphic() && !"<>,?#\"'\\".contains(c);
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        let has_host = host.is_some_and(|host| !host.is_empty() && host.chars().all(is_host));
        if !has_host || url.len() > URL_BYTES_MAX || !url.chars().all(is_plain) {
            return Err(wrong());
        }
        Ok(Self(url.to_owned()))
    }
}
