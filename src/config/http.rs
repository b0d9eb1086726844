//! What the daemon serves over HTTP: where it listens, how connections are encrypted, and which proxy is trusted.

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// What the daemon serves over HTTP.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where it listens; if absent, at [`Listen::DEFAULT`] as long as that is free.
    pub listen: Option<Listen>,
    /// PEM file with the certificate and those above it. With `tls_key`, every connection is encrypted.
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the certificate's private key.
    pub tls_key: Option<PathBuf>,
    /// Whether other machines may be answered without encryption, for example by a proxy that encrypts.
    pub allow_plain: bool,
    /// Header in which a trusted proxy names the address that it was asked from, such as `X-Forwarded-For`. If absent,
    /// no header is believed.
    pub proxy_header: Option<HeaderName>,
    /// Addresses of trusted proxies; this machine's own if absent.
    pub proxies: Option<Vec<IpAddr>>,
    /// Who must log in with a second factor.
    pub second_factor: SecondFactor,
}

/// Who must log in with a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactor {
    /// Who wants to, and accounts of which an admin says so.
    #[default]
    Optional,
    /// Everybody.
    Required,
}

impl HttpConfig {
    /// Whether an address is one of a trusted proxy.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match &self.proxies {
            None => address.is_loopback(),
            Some(proxies) => proxies.iter().any(|proxy| proxy.to_canonical() == address),
        }
    }

    /// Whether an address is one of a proxy whose header is believed, so that it speaks for many.
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.proxy_header.is_some() && self.is_proxy(address)
    }

    /// Whether connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.tls_cert.is_some() && self.tls_key.is_some()
    }

    /// Why the daemon may not listen as configured; `None` if it may.
    pub fn refusal(&self) -> Option<String> {
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Some("[http] tls_cert and tls_key belong together; write both".to_owned());
        }
        match self.listen {
            Some(Listen::At(address))
                if !address.ip().to_canonical().is_loopback()
                    && !self.is_encrypted()
                    && !self.allow_plain =>
            {
                Some(format!(
                    "[http] listen = \"{address}\" answers other machines without encryption: \
                     passwords and names would be readable on the way; write tls_cert and tls_key, \
                     or listen at \"127.0.0.1:{}\" behind a proxy that encrypts, or \
                     allow_plain = true if the network between is your own",
                    address.port()
                ))
            }
            _ => None,
        }
    }
}

/// Name of a header, in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(pub String);

impl std::str::FromStr for HeaderName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if text.is_empty() || !text.chars().all(fits) {
            return Err(format!(
                "{text:?} is no name of a header; write for example \"X-Forwarded-For\""
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// Where the daemon listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// It does not listen.
    Off,
    /// At this address. Port 0 means any free port.
    At(SocketAddr),
}

impl Listen {
    /// Reachable from this machine only.
    pub const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8470);
}

impl std::str::FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| {
            format!(
                "{text:?} is no address to listen at; write for example \"{}\", or \"off\"",
                Self::DEFAULT
            )
        })
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for HeaderName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_answered_without_encryption_only_where_that_is_written() {
        let refused = |text: &str| {
            toml::from_str::<HttpConfig>(text).expect("a configuration").refusal().is_some()
        };
        let tls = "tls_cert = \"c.pem\"\ntls_key = \"k.pem\"";
        for open in ["0.0.0.0:8470", "[::]:8470", "10.1.2.3:0", "[::ffff:10.1.2.3]:80"] {
            let listen = format!("listen = \"{open}\"");
            assert!(refused(&listen), "{open}");
            assert!(!refused(&format!("{listen}\nallow_plain = true")), "{open}");
            assert!(!refused(&format!("{listen}\n{tls}")), "{open}");
        }
        for own in ["127.0.0.1:8470", "127.9.9.9:1", "[::1]:8470", "[::ffff:127.0.0.1]:80", "off"] {
            assert!(!refused(&format!("listen = \"{own}\"")), "{own}");
        }
        assert!(!refused(""));
        assert!(refused("tls_cert = \"c.pem\"") && refused("tls_key = \"k.pem\""));
        assert!(toml::from_str::<HttpConfig>("proxy_header = \"X Y\"").is_err());
    }
}
