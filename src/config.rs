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
            unsubscribe: None,
            connections: 2,
            per_minute: None,
            answer_seconds: 60,
            dot_seconds: 600,
        }
    }
}

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

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
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
}
