//! `doseplan.toml`: the database, the address of the dashboard, how mail is sent, and the hours without reminders.

use crate::domain::campaign::Language;
use chrono::NaiveTime;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

mod booking;
mod channels;
mod http;
mod names;
mod oidc;

pub use booking::BookingConfig;
pub use channels::{CardKind, ChannelConfig, MAIL, Place, ReceiptWay, TemplateConfig};
pub use http::{HeaderName, HttpConfig, Listen, SecondFactor};
pub use names::{BounceAddress, HelloName, HttpsUrl};
pub use oidc::{ClientSecret, Create, OidcConfig};

/// The configuration of an installation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address of the database; `--db` takes precedence.
    pub db: Option<String>,
    /// Language of the command line; `--lang` takes precedence.
    pub language: Option<Language>,
    /// File with the timetable; the delivered timetable if absent.
    pub timetable: Option<PathBuf>,
    /// What the daemon serves over HTTP.
    pub http: HttpConfig,
    /// A sign-in service whose identities log in; none if absent.
    pub oidc: Option<OidcConfig>,
    /// The public pages on which people book.
    pub booking: BookingConfig,
    /// How mail is sent.
    pub mail: MailConfig,
    /// How people are reminded.
    pub reminders: ReminderConfig,
    /// Services that take text messages, and robots in group chats, by their names.
    pub channels: BTreeMap<String, ChannelConfig>,
    /// The daemon and its machine.
    pub daemon: DaemonConfig,
    /// How long personal data are kept.
    pub retention: RetentionConfig,
    /// The audit log.
    pub audit: AuditConfig,
    /// Backups that are made from the dashboard.
    pub backup: BackupConfig,
}

/// Backups that are made from the dashboard.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupConfig {
    /// Folder for them. If absent, the folder `backups` beside a SQLite database; for PostgreSQL none.
    pub dir: Option<PathBuf>,
}

/// How long personal data are kept that only the sending of mail and appointments needed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Days after a campaign's end.
    pub days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        /// A year: until then people ask what they were told. Our choice.
        const DAYS: u32 = 365;
        Self { days: DAYS }
    }
}

/// The audit log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// File with the key that seals the log, the same for all daemons of a database. If absent, a file beside a SQLite
    /// database; for PostgreSQL the installation's secret, which stands in the database itself.
    pub key_file: Option<PathBuf>,
}

/// The daemon and its machine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DaemonConfig {
    /// Name of this machine, used in place of its own id. For containers, whose ids change.
    pub instance: Option<String>,
}

/// How mail is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// The sender of the mails.
    pub from: String,
    /// Folder or mail server.
    pub transport: TransportKind,
    /// Folder for the `.eml` files, if mail goes to a folder.
    pub dir: PathBuf,
    /// Host name of the mail server.
    pub host: Option<String>,
    /// Its port: usually 465 for implicit TLS, 587 for STARTTLS, 25 without encryption.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: TlsKind,
    /// Whether user name and password may go to another machine without encryption.
    pub allow_plain: bool,
    /// A PEM file with a certificate authority of one's own.
    pub ca_file: Option<PathBuf>,
    /// User name at the mail server.
    pub user: Option<String>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// The name said at EHLO. If absent, the machine's full name, or its address where it has none.
    pub hello: Option<HelloName>,
    /// Where bounces go: mail 7 is sent with the envelope sender `bounce+7.TAG@example.org`. If absent, bounces go
    /// to the sender.
    pub bounce: Option<BounceAddress>,
    /// Where readers write to unsubscribe; the sender if absent.
    pub unsubscribe: Option<String>,
    /// Connections to the mail server at the same time.
    pub connections: usize,
    /// Most messages per minute, over all daemons; no limit if absent.
    pub per_minute: Option<i64>,
    /// Longest wait for each answer of the server, in seconds.
    pub answer_seconds: u64,
    /// Longest wait for the answer to a whole message, in seconds; after that the message is in doubt.
    pub dot_seconds: u64,
    /// Page on which readers unsubscribe with one click. A slash and a token are appended.
    pub unsubscribe_url: Option<HttpsUrl>,
    /// Font file for pictures, in place of the delivered font.
    pub font: Option<PathBuf>,
    /// Which leads get a digest.
    pub digest: DigestRule,
    /// Whether staff get their days at work by mail.
    pub roster: RosterRule,
    /// When teams leave their base, by which digests tell the time at each stop: `08:00`.
    pub tours_leave: NaiveTime,
}

/// Whether staff get their days at work by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RosterRule {
    /// When a roster is published, and when their days change.
    #[default]
    Changed,
    /// Never.
    Never,
}

/// Which leads get a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DigestRule {
    /// Those with a session tomorrow or today, or with something to do.
    #[default]
    Needed,
    /// All of them, every evening.
    Always,
}

/// Where mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// One `.eml` file for each message.
    #[default]
    Folder,
    /// A mail server.
    Smtp,
}

/// How an SMTP connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsKind {
    /// TLS from the first byte.
    #[default]
    Implicit,
    /// TLS after STARTTLS.
    Starttls,
    /// No encryption.
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
            allow_plain: false,
            ca_file: None,
            user: None,
            password_file: None,
            hello: None,
            bounce: None,
            unsubscribe: None,
            connections: 2,
            per_minute: None,
            answer_seconds: 60,
            dot_seconds: 600,
            unsubscribe_url: None,
            font: None,
            digest: DigestRule::Needed,
            roster: RosterRule::Changed,
            tours_leave: NaiveTime::from_hms_opt(8, 0, 0).expect("a time of the day"),
        }
    }
}

impl MailConfig {
    /// Why mail may not be sent as configured; `None` if it may.
    pub fn refusal(&self) -> Option<String> {
        let host = self.host.as_deref().unwrap_or_default();
        let is_bare = self.transport == TransportKind::Smtp && self.tls == TlsKind::None;
        let has_secret = self.user.is_some() || self.password_file.is_some();
        if !is_bare || !has_secret || is_this_machine(host) || self.allow_plain {
            return None;
        }
        Some(format!(
            "[mail] tls = \"none\" would send the password to {host} without encryption; write \
             tls = \"implicit\" or \"starttls\", or allow_plain = true if the network between \
             is your own"
        ))
    }
}

/// Whether a host name is this machine's own.
fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().map(|address| address.to_canonical().is_loopback());
    address.unwrap_or_else(|_| {
        let name = bare.trim_end_matches('.').to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost")
    })
}

/// Reads a value of the file from its text form.
macro_rules! deserialize_from_text {
    ($($kind:ty),+) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

deserialize_from_text!(BounceAddress, HelloName, HttpsUrl, QuietHours);

/// How people are reminded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReminderConfig {
    /// `21:00-08:00`: no mail to people between these local times.
    pub quiet_hours: QuietHours,
    /// The ways to a person, the first one first: names of channels, and `mail`.
    pub contact_order: Vec<String>,
}

impl Default for ReminderConfig {
    fn default() -> Self {
        Self {
            quiet_hours: "21:00-08:00".parse().expect("the default is well written"),
            contact_order: vec![MAIL.to_owned()],
        }
    }
}

/// Hours of the night, in the reader's local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// First quiet minute of the day.
    pub from: NaiveTime,
    /// First minute that is no longer quiet.
    pub until: NaiveTime,
}

impl QuietHours {
    /// Whether a local time is in the quiet hours.
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
    /// The content of the file is wrong.
    #[error("configuration {0}: {1}")]
    Wrong(PathBuf, String),
}

impl Config {
    /// A newly read configuration as far as a running daemon can follow it; and the keys that wait for its next start.
    #[must_use]
    pub fn followed_by(&self, new: Self) -> (Self, Vec<&'static str>) {
        let waiting = [
            ("db", self.db != new.db),
            ("[http] listen", self.http.listen != new.http.listen),
            ("[booking] listen", self.booking.listen != new.booking.listen),
            ("[daemon] instance", self.daemon.instance != new.daemon.instance),
        ];
        let waiting = waiting.iter().filter(|(_, differs)| *differs).map(|(key, _)| *key).collect();
        let (db, http, daemon) = (self.db.clone(), self.http.clone(), self.daemon.clone());
        let booking = BookingConfig { listen: self.booking.listen, ..new.booking.clone() };
        (Self { db, http, booking, daemon, ..new }, waiting)
    }

    /// Reads a configuration. If `path` does not exist and was not named by the user, returns the defaults.
    pub fn read(path: &Path, asked: bool) -> Result<Self, ConfigError> {
        let text = match crate::files::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => {
                return Ok(Self::default());
            }
            Err(error) => return Err(ConfigError::Unreadable(path.to_owned(), error)),
        };
        let read: Self = toml::from_str(text.trim_start_matches('\u{feff}'))
            // The message repeats the line at fault, which may be an address with a password.
            .map_err(|error| {
                let said = crate::secrets::masked(&error.to_string()).into_owned();
                ConfigError::Wrong(path.to_owned(), said)
            })?;
        let own = || read.oidc.as_ref().and_then(OidcConfig::refusal);
        let said = channels::refusal(&read.channels, &read.reminders.contact_order).or_else(own);
        match said {
            Some(said) => Err(ConfigError::Wrong(path.to_owned(), said)),
            None => Ok(read),
        }
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
    fn a_running_daemon_follows_what_it_can_and_names_the_rest() {
        let read = |text: &str| toml::from_str::<Config>(text).expect("a configuration");
        let old = read("db = \"sqlite://a.db\"\n[mail]\nhost = \"one\"");
        let new = read(
            "db = \"sqlite://b.db\"\n[mail]\nhost = \"two\"\n[http]\nlisten = \"off\"\n\
             [daemon]\ninstance = \"x\"\n[reminders]\nquiet_hours = \"22:00-07:00\"",
        );
        let (now, waiting) = old.followed_by(new.clone());
        assert_eq!(waiting, ["db", "[http] listen", "[daemon] instance"]);
        assert_eq!((now.db, now.mail.host.as_deref()), (old.db.clone(), Some("two")));
        assert_eq!(now.reminders.quiet_hours, new.reminders.quiet_hours);
        assert!(old.followed_by(old.clone()).1.is_empty());
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let read = toml::from_str::<Config>("[mail]\ntransport = \"pigeon\"");
        assert!(read.is_err());
        assert!(toml::from_str::<Config>("[mial]\n").is_err());
        assert!(toml::from_str::<Config>("[http]\nlisten = \"8470\"").is_err());
        let off = toml::from_str::<Config>("[http]\nlisten = \"off\"").expect("a configuration");
        assert_eq!(off.http.listen, Some(Listen::Off));
        let kept = toml::from_str::<Config>("[retention]\ndays = 30").expect("a configuration");
        assert_eq!((kept.retention.days, Config::default().retention.days), (30, 365));
        assert!(toml::from_str::<Config>("[reminders]\nquiet_hours = \"22:00-07:00\"").is_ok());
    }

    #[test]
    fn a_password_leaves_the_machine_unencrypted_only_where_that_is_written() {
        let refused = |text: &str| {
            let text = format!("[mail]\ntransport = \"smtp\"\ntls = \"none\"\n{text}");
            toml::from_str::<Config>(&text).expect("a configuration").mail.refusal().is_some()
        };
        for remote in ["smtp.example", "10.0.0.5", "[2001:db8::1]", "localhost.example"] {
            let host = format!("host = \"{remote}\"\n");
            assert!(refused(&format!("{host}user = \"u\"")), "{remote}");
            assert!(refused(&format!("{host}password_file = \"p\"")), "{remote}");
            assert!(!refused(&format!("{host}user = \"u\"\nallow_plain = true")), "{remote}");
            assert!(!refused(&host), "{remote}");
        }
        for own in ["localhost", "LOCALHOST.", "127.0.0.1", "::1", "[::1]", "127.8.8.8"] {
            assert!(!refused(&format!("host = \"{own}\"\nuser = \"u\"")), "{own}");
        }
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
        assert!(read(&format!("{}@c.d", "b".repeat(names::BOUNCE_LOCAL_MAX + 1))).is_err());
    }

    #[test]
    fn the_name_at_ehlo_is_one_that_servers_accept() {
        let read = |text: &str| text.parse::<HelloName>().map(|name| name.0);
        for (text, name) in [
            (" plan.example.org. ", "plan.example.org"),
            ("relay", "relay"),
            ("[192.0.2.7]", "[192.0.2.7]"),
            ("[IPv6:2001:db8::7]", "[IPv6:2001:db8::7]"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name));
        }
        for wrong in ["", "cdc_pc", "县疾控-PC", "a b", "a..b", "[192.0.2]", "x\r\nMAIL"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(toml::from_str::<Config>("[mail]\nhello = \"plan.example.org\"").is_ok());
        assert!(toml::from_str::<Config>("[mail]\nhello = \"cdc_pc\"").is_err());
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
