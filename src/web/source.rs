//! From where a request came: the address of the connection, or what a trusted proxy says in a header.

use super::Site;
use crate::config::HttpConfig;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source(pub(super) IpAddr);

impl Source {
    /// The source of a request that came over a connection from `peer`. The header of the configuration is believed
    /// from a trusted proxy alone: anybody can send it.
    pub(super) fn of(config: &HttpConfig, peer: IpAddr, headers: &HeaderMap) -> Self {
        let peer = peer.to_canonical();
        let Some(name) = config.proxy_header.as_ref().filter(|_| config.is_proxy(peer)) else {
            return Self(peer);
        };
        let lines = headers.get_all(&name.0).iter().filter_map(|line| line.to_str().ok());
        let listed: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        // Each proxy appends the address that it was asked from, so only the end of the list is not the client's word.
        let mut known = listed.iter().rev().map_while(|text| address(text));
        let mut last = peer;
        let outside = known.find(|address| {
            last = *address;
            !config.is_proxy(*address)
        });
        Self(outside.unwrap_or(last))
    }

    /// Whom limits take for one: an IPv4 address, or the network that one customer has of IPv6.
    pub(super) fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        }
    }
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    let parsed = bare.parse().ok();
    let with_port = || bare.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    parsed.or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// The site, whose app knows from where the request came.
pub(super) struct AskedSite(pub(super) Site);

impl FromRequestParts<Site> for AskedSite {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        Ok(Self(asked(site, parts)))
    }
}

/// The site for a request.
pub(super) fn asked(site: &Site, parts: &Parts) -> Site {
    of_extensions(site, &parts.extensions)
}

/// The same, for what a middleware holds of a request.
pub(super) fn of_extensions(site: &Site, extensions: &axum::http::Extensions) -> Site {
    let source = extensions.get::<Source>().copied();
    let Source(address) = source.unwrap_or(Source(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    Site { app: site.app.asked_from(address), ..site.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(config: &str, peer: &str, header: &[&str]) -> String {
        let config: HttpConfig = toml::from_str(config).unwrap();
        let mut headers = HeaderMap::new();
        for line in header {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        Source::of(&config, peer.parse().unwrap(), &headers).0.to_string()
    }

    #[test]
    fn a_header_is_believed_from_a_configured_proxy_alone() {
        let none = "";
        let local = "proxy_header = \"X-Forwarded-For\"";
        let far = "proxy_header = \"x-forwarded-for\"\nproxies = [\"10.0.0.1\", \"10.0.0.2\"]";
        for (config, peer, header, right) in [
            (none, "127.0.0.1", &["9.9.9.9"][..], "127.0.0.1"),
            (local, "127.0.0.1", &["9.9.9.9"], "9.9.9.9"),
            (local, "::ffff:127.0.0.1", &["9.9.9.9"], "9.9.9.9"),
            (local, "8.8.8.8", &["9.9.9.9"], "8.8.8.8"),
            (local, "127.0.0.1", &[], "127.0.0.1"),
            // What the client wrote stands before what the proxy wrote.
            (local, "127.0.0.1", &["1.1.1.1, 9.9.9.9"], "9.9.9.9"),
            (local, "127.0.0.1", &["1.1.1.1", "9.9.9.9"], "9.9.9.9"),
            (local, "127.0.0.1", &["1.1.1.1, nonsense"], "127.0.0.1"),
            (local, "127.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            (local, "127.0.0.1", &["9.9.9.9:4711"], "9.9.9.9"),
            (far, "127.0.0.1", &["9.9.9.9"], "127.0.0.1"),
            (far, "10.0.0.2", &["1.1.1.1, 9.9.9.9, 10.0.0.1"], "9.9.9.9"),
        ] {
            assert_eq!(source(config, peer, header), right, "{config} {peer} {header:?}");
        }
    }

    #[test]
    fn a_customer_of_ipv6_is_one_source() {
        let network = |text: &str| Source(text.parse().unwrap()).network();
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }
}
