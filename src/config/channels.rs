//! `[channels.NAME]`: services that take text messages, and robots in group chats.

use super::{HttpsUrl, QuietHours};
use crate::domain::campaign::Language;
use crate::domain::gateway::Service;
use chrono_tz::Tz;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The name of mail among the ways; no channel may have it.
pub const MAIL: &str = "mail";
/// The most channels. Our choice.
const CHANNELS_MAX: usize = 20;

/// A service, and how it is used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// Which service.
    pub kind: Service,
    /// The service itself, or a folder in its place.
    #[serde(default)]
    pub transport: Place,
    /// The folder, if messages go to one.
    #[serde(default = "folder")]
    pub dir: PathBuf,
    /// Address of the service; the vendor's if absent.
    pub url: Option<String>,
    /// Address of a proxy between this machine and the service, such as `http://proxy:3128`. Variables of the
    /// environment are not looked at.
    pub proxy: Option<String>,
    /// File with the id of the key (SecretId, AccessKey ID), or with a robot's key, token or whole address.
    pub key_file: Option<PathBuf>,
    /// File with the secret that signs.
    pub secret_file: Option<PathBuf>,
    /// File with the secret with which an own gateway signs what it reports; `secret_file` if absent.
    pub hook_secret_file: Option<PathBuf>,
    /// A PEM file with a certificate authority of one's own.
    pub ca_file: Option<PathBuf>,
    /// Whether messages may go to another machine without encryption.
    #[serde(default)]
    pub allow_plain: bool,
    /// Tencent's SdkAppId.
    pub app_id: Option<String>,
    /// The approved signature, without brackets.
    pub sign: Option<String>,
    /// Tencent's region.
    #[serde(default = "region")]
    pub region: String,
    /// Most messages a minute, over all daemons; the service's own limit if absent.
    pub per_minute: Option<i64>,
    /// Connections at the same time.
    #[serde(default = "connections")]
    pub connections: usize,
    /// Longest wait for an answer, in seconds; after that the message is in doubt.
    #[serde(default = "answer_seconds")]
    pub answer_seconds: u64,
    /// Hours without texts to people; those of `[reminders]` if absent.
    pub quiet_hours: Option<QuietHours>,
    /// Characters that the account allows in a variable.
    pub variable_max: Option<usize>,
    /// The templates by kind of message and language.
    #[serde(default)]
    pub templates: BTreeMap<String, BTreeMap<Language, TemplateConfig>>,
    /// Short names of places by their codes, and of campaigns' vaccines by the campaigns' ids.
    #[serde(default)]
    pub short_names: BTreeMap<String, String>,
    /// Most messages of the account's bill a day; more wait for the next day.
    pub segments_per_day: Option<u64>,
    /// Whether receipts and replies are fetched, or handed over at the daemon's page for them.
    #[serde(default)]
    pub receipts: ReceiptWay,
    /// Seconds after which a text that the service's list does not have was not taken.
    #[serde(default = "settle_seconds")]
    pub settle_seconds: u64,
    /// The time zone of its days.
    #[serde(default = "zone")]
    pub zone: Tz,
    /// What a robot posts.
    #[serde(default = "cards")]
    pub cards: Vec<CardKind>,
    /// The area that a robot's group is about; everything if absent.
    pub area: Option<String>,
    /// The language of a robot's cards; the campaign's if absent.
    pub language: Option<Language>,
    /// Where the dashboard is, for the links of cards.
    pub link: Option<HttpsUrl>,
}

/// A template that the vendor has approved.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateConfig {
    /// Its number at the vendor.
    pub id: String,
    /// Its text with `{name}`, `{time}`, `{site}` and `{vaccine}`, if it differs from the delivered one.
    pub text: Option<String>,
    /// Whether it is the delivered text that names the vaccine. Templates that were registered before there was one do
    /// not.
    #[serde(default)]
    pub vaccine: bool,
}

impl ChannelConfig {
    /// Whether the delivered text of a template names the vaccine. A text that nobody registers does, and so does one
    /// that is yet to be registered.
    pub fn names_vaccine(&self, template: Option<&TemplateConfig>) -> bool {
        !self.kind.wants_templates() || template.is_none_or(|template| template.vaccine)
    }
}

/// Where messages of a channel go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// To the service.
    #[default]
    Service,
    /// To a folder: for a demonstration.
    Folder,
}

/// How receipts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptWay {
    /// They are fetched.
    #[default]
    Pull,
    /// The service hands them over; only what is in doubt is asked for.
    Push,
}

/// What a robot posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CardKind {
    /// The coordinator's summary.
    Summary,
    /// The leads' digest.
    Digest,
    /// What needs attention at once.
    Alarm,
}

fn folder() -> PathBuf {
    PathBuf::from("sent")
}

fn region() -> String {
    "ap-guangzhou".to_owned()
}

fn connections() -> usize {
    4
}

fn answer_seconds() -> u64 {
    30
}

/// Longer than a list is behind. Our choice.
fn settle_seconds() -> u64 {
    900
}

fn zone() -> Tz {
    chrono_tz::Asia::Shanghai
}

fn cards() -> Vec<CardKind> {
    vec![CardKind::Summary, CardKind::Digest, CardKind::Alarm]
}

impl ChannelConfig {
    /// A channel whose messages go to a folder: a group's gets the leads' digest.
    pub fn to_folder(kind: Service, dir: PathBuf) -> Self {
        Self {
            kind,
            transport: Place::Folder,
            dir,
            url: None,
            proxy: None,
            key_file: None,
            secret_file: None,
            hook_secret_file: None,
            ca_file: None,
            allow_plain: false,
            app_id: None,
            sign: None,
            region: region(),
            per_minute: Some(60_000),
            connections: 1,
            answer_seconds: answer_seconds(),
            quiet_hours: None,
            variable_max: None,
            templates: BTreeMap::new(),
            short_names: BTreeMap::new(),
            segments_per_day: None,
            receipts: ReceiptWay::default(),
            settle_seconds: settle_seconds(),
            zone: zone(),
            cards: vec![CardKind::Digest],
            area: None,
            language: None,
            link: None,
        }
    }

    /// Messages a minute.
    pub fn pace(&self) -> Option<i64> {
        self.per_minute.or(self.kind.per_minute())
    }

    /// Characters in a variable.
    pub fn variable_max(&self) -> usize {
        self.variable_max.unwrap_or_else(|| self.kind.variable_max())
    }

    /// Whether a robot posts such cards.
    pub fn posts(&self, what: CardKind) -> bool {
        self.kind.is_robot() && self.cards.contains(&what)
    }

    /// Whether texts go to people over it.
    pub fn reaches_people(&self) -> bool {
        !self.kind.is_robot()
    }

    /// What is missing or wrong; `None` where nothing is.
    fn refusal(&self, name: &str) -> Option<String> {
        let at = format!("[channels.{name}]");
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name == MAIL || name.is_empty() || !name.chars().all(fits) {
            return Some(format!(
                "{at} has a name that no channel may have; write small letters, digits and \
                 hyphens, and not \"mail\""
            ));
        }
        if self.transport == Place::Folder {
            return None;
        }
        let needs = |key: &str, of: &str| Some(format!("{at} needs {key}: {of}"));
        match self.kind {
            Service::Webhook if self.url.is_none() => {
                return needs("url", "the address of your gateway");
            }
            Service::Webhook => {}
            kind if kind.is_robot() && self.key_file.is_none() => {
                return needs("key_file", "a file with the robot's address or token");
            }
            _ if self.key_file.is_none() => return needs("key_file", "a file with the key's id"),
            _ => {}
        }
        let signs = !matches!(self.kind, Service::Wecom);
        if signs && self.secret_file.is_none() {
            return needs("secret_file", "a file with the secret that signs");
        }
        if self.kind == Service::Tencent && self.app_id.is_none() {
            return needs("app_id", "Tencent's SdkAppId");
        }
        if self.kind.wants_templates() && self.sign.as_deref().is_none_or(str::is_empty) {
            return needs("sign", "the approved signature, without brackets");
        }
        if self.sign.as_ref().is_some_and(|sign| sign.contains(['【', '】'])) {
            return Some(format!("{at} sign has brackets, which the vendor adds; leave them out"));
        }
        None
    }
}

/// What is wrong with the channels or the order in which people are written to; `None` where nothing is.
pub(super) fn refusal(
    channels: &BTreeMap<String, ChannelConfig>,
    contact_order: &[String],
) -> Option<String> {
    if channels.len() > CHANNELS_MAX {
        return Some(format!("there are {} channels, {CHANNELS_MAX} at most", channels.len()));
    }
    if let Some(wrong) = channels.iter().find_map(|(name, channel)| channel.refusal(name)) {
        return Some(wrong);
    }
    for (nth, name) in contact_order.iter().enumerate() {
        let known = || {
            let texts = channels.iter().filter(|(_, channel)| channel.reaches_people());
            let names: Vec<_> = texts.map(|(name, _)| format!("{name:?}")).collect();
            [vec![format!("{MAIL:?}")], names].concat().join(", ")
        };
        let reaches = channels.get(name).is_some_and(ChannelConfig::reaches_people);
        if name != MAIL && !reaches {
            return Some(format!(
                "[reminders] contact_order names {name:?}, which is no way to a person; write \
                 some of {}",
                known()
            ));
        }
        if contact_order[..nth].contains(name) {
            return Some(format!("[reminders] contact_order names {name:?} twice; write it once"));
        }
    }
    None
}
