//! `doseplan.toml`: when this installation works, where it answers, how it mails, and when it must not.

use crate::domain::campaign::Language;
use chrono::NaiveTime;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The configuration of an installation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The database; `--db` wins.
    pub db: Option<String>,
    /// Language of the command line; `--lang` wins.
    pub language: Option<Language>,
    /// When jobs run; the timetable as delivered where absent.
    pub timetable: Option<PathBuf>,
    /// What the daemon answers.
    pub http: HttpConfig,
    /// How mail leaves.
    pub mail: MailConfig,
    /// How persons are reminded.
    pub reminders: ReminderConfig,
    /// The daemon and where it works.
    pub daemon: DaemonConfig,
}

/// The daemon and where it works.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DaemonConfig {
    /// The name of this machine, in place of its own id: for containers, whose ids change.
    pub instance: Option<String>,
}

/// What the daemon answers over HTTP.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where it listens; at [`Listen::DEFAULT`] where absent, if that is free.
    pub listen: Option<Listen>,
}

/// Where the daemon listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// At this address; port 0 is any that is free.
    At(SocketAddr),
}

impl Listen {
    /// On this machine only.
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

/// How mail leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// The sender.
    pub from: String,
    /// Folder or SMTP.
    pub transport: TransportKind,
    /// Where a folder transport puts its `.eml` files.
    pub dir: PathBuf,
    /// SMTP relay.
    pub host: Option<String>,
    /// Its port; 465 for implicit TLS, 587 for STARTTLS, 25 for none.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub tls: TlsKind,
    /// A certificate authority of one's own.
    pub ca_file: Option<PathBuf>,
    /// Login.
    pub user: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// Where bounces go: mail 7 leaves with the envelope sender `bounce+7.TAG@example.org`. Without it
    /// they go to the sender.
    pub bounce: Option<BounceAddress>,
    /// Where people write who want no more mail; the sender where absent.
    pub unsubscribe: Option<String>,
    /// Connections at a time.
    pub connections: usize,
    /// At most so many messages a minute, over all daemons; no limit where absent.
    pub per_minute: Option<i64>,
    /// How long each answer of the server may take.
    pub answer_seconds: u64,
    /// How long the answer to a whole message may take; then it is in doubt.
    pub dot_seconds: u64,
    /// The page on which they say so with one click; a token follows after a slash.
    pub unsubscribe_url: Option<HttpsUrl>,
    /// A font file for pictures, in place of the one that is delivered.
    pub font: Option<PathBuf>,
}

/// Folder or SMTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// One `.eml` file for each message.
    #[default]
    Folder,
    /// A mail server.
    Smtp,
}

/// How an SMTP connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsKind {
    /// From the first byte.
    #[default]
    Implicit,
    /// After STARTTLS.
    Starttls,
    /// Not at all.
    None,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            from: "doseplan <doseplan@localhost.localdomain>".to_owned(),
            transport: TransportKind::Folder,
            dir: PathBuf::from("mail"),
            host: None,
            port: None,
            tls: TlsKind::Implicit,
            ca_file: None,
            user: None,
            password_file: None,
            bounce: None,
            unsubscribe: None,
            connections: 2,
            per_minute: None,
            answer_seconds: 60,
            dot_seconds: 600,
            unsubscribe_url: None,
            font: None,
        }
    }
}

/// A mailbox that takes `name+anything@domain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceAddress {
    /// The part before `@`.
    pub local: String,
    /// The part after it, in ASCII.
    pub domain: String,
}

/// Of the 64 characters before `@`, a mail's number and tag need the others.
const BOUNCE_LOCAL_MAX: usize = 26;

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

/// An address of the web that is protected on its way, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsUrl(pub String);

/// With a token behind it, it still fits a header line and a line of text.
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

/// Reads a value of the file by its text form.
macro_rules! deserialize_from_text {
    ($($kind:ty),+) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

deserialize_from_text!(BounceAddress, HttpsUrl, QuietHours);

/// How persons are reminded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReminderConfig {
    /// `21:00-08:00`: no mail to persons between these local times.
    pub quiet_hours: QuietHours,
}

impl Default for ReminderConfig {
    fn default() -> Self {
        Self { quiet_hours: "21:00-08:00".parse().expect("the default is well written") }
    }
}

/// A stretch of the night, in the reader's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// First minute of quiet.
    pub from: NaiveTime,
    /// First minute after it.
    pub until: NaiveTime,
}

impl QuietHours {
    /// Whether a local time is quiet.
    pub fn contains(&self, time: NaiveTime) -> bool {
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            time >= self.from || time < self.until
        }
    }
}

impl std::str::FromStr for QuietHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} are no quiet hours; write for example \"21:00-08:00\"");
        let (from, until) = text.split_once('-').ok_or_else(wrong)?;
        let time =
            |part: &str| NaiveTime::parse_from_str(part.trim(), "%H:%M").map_err(|_| wrong());
        Ok(Self { from: time(from)?, until: time(until)? })
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The file does not say what it should.
    #[error("configuration {0}: {1}")]
    Wrong(PathBuf, String),
}

impl Config {
    /// Reads a configuration; the defaults where `path` is not there and was not asked for by name.
    pub fn read(path: &Path, asked: bool) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => {
                return Ok(Self::default());
            }
            Err(error) => return Err(ConfigError::Unreadable(path.to_owned(), error)),
        };
        toml::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| ConfigError::Wrong(path.to_owned(), error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight() {
        let quiet: QuietHours = "21:00-08:00".parse().expect("hours");
        let at = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").expect("a time");
        assert!(quiet.contains(at("23:10")) && quiet.contains(at("07:59")));
        assert!(!quiet.contains(at("08:00")) && !quiet.contains(at("20:59")));
        assert!("21-8".parse::<QuietHours>().is_err());
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let read = toml::from_str::<Config>("[mail]\ntransport = \"pigeon\"");
        assert!(read.is_err());
        assert!(toml::from_str::<Config>("[mial]\n").is_err());
        assert!(toml::from_str::<Config>("[http]\nlisten = \"8470\"").is_err());
        let off = toml::from_str::<Config>("[http]\nlisten = \"off\"").expect("a configuration");
        assert_eq!(off.http.listen, Some(Listen::Off));
        assert!(toml::from_str::<Config>("[reminders]\nquiet_hours = \"22:00-07:00\"").is_ok());
    }

    #[test]
    fn a_bounce_address_leaves_room_for_its_number_and_tag() {
        let read = |text: &str| text.parse::<BounceAddress>();
        let plain = read(" bounce@Example.org ").expect("an address");
        assert_eq!((plain.local.as_str(), plain.domain.as_str()), ("bounce", "example.org"));
        assert_eq!(read("b+x@例子.测试").expect("an address").domain, "xn--fsqu00a.xn--0zwm56d");
        for wrong in ["bounce", "@example.org", "b@", "a b@c.d", "退信@c.d", "<b@c.d>", "b@c@d"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&format!("{}@c.d", "b".repeat(BOUNCE_LOCAL_MAX + 1))).is_err());
    }

    #[test]
    fn the_page_to_unsubscribe_is_of_https_only() {
        let read = |text: &str| text.parse::<HttpsUrl>();
        assert_eq!(read("https://a.example/u/").expect("a page").0, "https://a.example/u");
        assert!(read("https://[::1]:8443").is_ok());
        for wrong in
            ["http://a.example/u", "a.example/u", "https://", "https:///u", "https://a/<b>"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let both = "[mail]\nbounce = \"b@c.d\"\nunsubscribe_url = \"https://c.d/u\"";
        assert!(toml::from_str::<Config>(both).is_ok());
        assert!(toml::from_str::<Config>("[mail]\nunsubscribe_url = \"http://c.d/u\"").is_err());
        assert!(toml::from_str::<Config>("[mail]\nbounce = \"nobody\"").is_err());
    }
}
