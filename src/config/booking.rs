//! The public pages on which people book: where the daemon listens for them, and how links to them begin.

use super::{HttpConfig, HttpsUrl, Listen};
use serde::Deserialize;

/// The public pages on which people book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BookingConfig {
    /// Where the daemon listens for them; if absent, it does not.
    pub listen: Option<Listen>,
    /// Their address as readers see it, such as `https://yy.example.org`. `/b/` and a token are appended. If absent,
    /// messages carry no link.
    pub url: Option<HttpsUrl>,
}

impl BookingConfig {
    /// Whether people book at all.
    pub fn is_on(&self) -> bool {
        matches!(self.listen, Some(Listen::At(_)))
    }

    /// The address that a token opens; `None` where messages carry no link.
    pub fn link(&self, token: &str) -> Option<String> {
        let url = self.url.as_ref().filter(|_| self.is_on())?;
        Some(format!("{}/b/{token}", url.0))
    }

    /// The listener of these pages, encrypted and behind proxies as the dashboard is.
    #[must_use]
    pub fn listener(&self, http: &HttpConfig) -> HttpConfig {
        HttpConfig { listen: Some(self.listen.unwrap_or(Listen::Off)), ..http.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_books_where_nothing_is_said_and_links_need_an_address() {
        let read = |text: &str| toml::from_str::<BookingConfig>(text).expect("a configuration");
        assert!(!read("").is_on() && !read("listen = \"off\"").is_on());
        let on = read("listen = \"127.0.0.1:8480\"");
        assert!(on.is_on() && on.link("t").is_none());
        let linked = read("listen = \"127.0.0.1:8480\"\nurl = \"https://yy.example.org/\"");
        assert_eq!(linked.link("t").as_deref(), Some("https://yy.example.org/b/t"));
        assert!(read("url = \"https://yy.example.org\"").link("t").is_none());
        let http = HttpConfig { allow_plain: true, ..HttpConfig::default() };
        assert_eq!(read("").listener(&http).listen, Some(Listen::Off));
        assert_eq!((on.listener(&http).listen, on.listener(&http).allow_plain), (on.listen, true));
    }
}
