//! The channels over which messages leave, each with its transport, its pace and its quiet hours: mail, and what
//! `[channels.NAME]` configures.

use crate::app::{App, AppError, Result, millis};
use crate::config::{ChannelConfig, MAIL, Place, QuietHours, TlsKind, TransportKind};
use crate::domain::date::{day_end, day_of};
use crate::domain::gateway::Service;
use crate::mail::transport::{
    Endpoint, GatewayConfig, Limits, Proxy, Security, SmtpConfig, Transport,
};
use crate::store::{Tx, ways};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::path::Path;
use std::time::Duration;

/// The longest wait for a connection to a service.
const CONNECT_MAX: Duration = Duration::from_secs(15);
/// The most connections to one server.
const CONNECTIONS_MAX: usize = 20;

/// A channel.
pub(super) struct Line {
    /// `mail`, or the channel's name.
    pub(super) name: String,
    pub(super) transport: Transport,
    /// The name of its breaker and rate limit.
    pub(super) relay: String,
    /// Whether sending twice leaves one message, so that nothing is ever in doubt.
    pub(super) safe: bool,
    pub(super) pace: Option<i64>,
    pub(super) connections: usize,
    pub(super) quiet_hours: QuietHours,
    /// The service and the zone of its bill; `None` for mail.
    pub(super) service: Option<(Service, Tz)>,
    budget: Option<u64>,
}

impl Line {
    pub(super) fn is_mail(&self) -> bool {
        self.name == MAIL
    }

    /// The name of a process in the claims of this channel: each channel renews its own.
    pub(super) fn owner(&self, process: &str) -> String {
        if self.is_mail() { process.to_owned() } else { format!("{process} {}", self.name) }
    }

    /// What went wrong, with the channel's name.
    pub(super) fn named(&self, said: String) -> String {
        if self.is_mail() { said } else { format!("[channels.{}] {said}", self.name) }
    }

    /// How many messages the budget of the day still allows; else until when nothing goes, and why.
    pub(super) async fn left_of_budget(
        &self,
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<i64, (i64, String)>> {
        let (Some(budget), Some((_, zone))) = (self.budget, self.service) else {
            return Ok(Ok(i64::MAX));
        };
        let day = day_of(zone, now);
        let spent = ways::spent_on(tx, &self.name, day).await?;
        if spent < budget {
            return Ok(Ok(i64::try_from(budget - spent).unwrap_or(i64::MAX)));
        }
        let said = format!(
            "segments_per_day = {budget} is used up; the rest goes tomorrow, or at once with a \
             larger number"
        );
        Ok(Err((millis(day_end(zone, day)), said)))
    }
}

impl App {
    /// Every channel that can be used, and what is wrong with the others: a service whose secrets cannot be read
    /// keeps no mail from leaving.
    pub(super) fn lines(&self) -> Result<(Vec<Line>, Vec<String>)> {
        let transport = self.transport()?;
        let mail = &self.config.mail;
        let mut out = vec![Line {
            name: MAIL.to_owned(),
            // Writing a message to a folder twice leaves one file.
            safe: matches!(transport, Transport::Folder(_) | Transport::QuickFolder(_)),
            relay: transport.name(),
            transport,
            pace: mail.per_minute,
            connections: mail.connections.clamp(1, CONNECTIONS_MAX),
            quiet_hours: self.config.reminders.quiet_hours,
            service: None,
            budget: None,
        }];
        let mut wrong = Vec::new();
        for (name, channel) in &self.config.channels {
            let transport = match self.channel_transport(name) {
                Ok(transport) => transport,
                Err(error) => {
                    wrong.push(format!("[channels.{name}] {error}"));
                    continue;
                }
            };
            out.push(Line {
                name: name.clone(),
                safe: channel.transport == Place::Folder || channel.kind.removes_duplicates(),
                relay: relay_of(&transport, name),
                transport,
                pace: channel.pace(),
                connections: channel.connections.clamp(1, CONNECTIONS_MAX),
                quiet_hours: channel.quiet_hours.unwrap_or(self.config.reminders.quiet_hours),
                service: Some((channel.kind, channel.zone)),
                budget: channel.segments_per_day,
            });
        }
        Ok((out, wrong))
    }

    /// The transport of mail.
    pub fn transport(&self) -> Result<Transport> {
        if let Some(transport) = &self.transport {
            return Ok(transport.clone());
        }
        let mail = &self.config.mail;
        if mail.transport == TransportKind::Folder {
            return Ok(Transport::Folder(mail.dir.clone()));
        }
        if let Some(said) = mail.refusal() {
            return Err(AppError::Configuration(said));
        }
        let host = mail.host.clone();
        let host = host.ok_or_else(|| AppError::refused("refused-no-host", &[]))?;
        let password = match &mail.password_file {
            None => None,
            Some(path) => Some(password(path)?),
        };
        let (tls, port) = match mail.tls {
            TlsKind::Implicit => (Security::Implicit, 465),
            TlsKind::Starttls => (Security::StartTls, 587),
            TlsKind::None => (Security::None, 25),
        };
        Ok(Transport::Smtp(SmtpConfig {
            host,
            port: mail.port.unwrap_or(port),
            tls,
            ca_file: mail.ca_file.clone(),
            user: mail.user.clone(),
            password,
            hello: mail.hello.as_ref().map(|name| name.0.clone()),
            limits: limits(mail.answer_seconds, mail.dot_seconds),
        }))
    }

    /// The transport of a configured channel.
    pub fn channel_transport(&self, name: &str) -> Result<Transport> {
        let channel = self.channel(name)?;
        if channel.transport == Place::Folder {
            return Ok(Transport::Texts(channel.dir.clone()));
        }
        Ok(Transport::Gateway(Box::new(gateway(name, channel)?)))
    }

    /// A configured channel.
    pub fn channel(&self, name: &str) -> Result<&ChannelConfig> {
        self.config.channels.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.config.channels.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
            AppError::refused("refused-no-channel", &[("name", &name), ("known", &known)])
        })
    }

    /// The name of the configured transport in the database; `None` if it cannot be used at all.
    pub fn relay_name(&self) -> Option<String> {
        self.transport().ok().map(|transport| transport.name())
    }

    /// The names under which the database knows the servers of mail and of all channels, each with the channel's name.
    pub fn relay_names(&self) -> Vec<(String, String)> {
        let mail = self.relay_name().map(|relay| (MAIL.to_owned(), relay));
        let others = self.config.channels.keys().filter_map(|name| {
            let transport = self.channel_transport(name).ok()?;
            Some((name.clone(), relay_of(&transport, name)))
        });
        mail.into_iter().chain(others).collect()
    }

    /// The longest that one message may take: the limits of all its steps, and two minutes for the database.
    pub fn message_max(&self) -> Duration {
        let limits = limits(self.config.mail.answer_seconds, self.config.mail.dot_seconds);
        let opening = limits.connect + limits.banner + limits.tls + limits.auth;
        let mail = opening + limits.command * 4 + limits.dot;
        let texts = self
            .config
            .channels
            .values()
            .map(|channel| CONNECT_MAX + Duration::from_secs(channel.answer_seconds));
        texts.fold(mail, Duration::max) + Duration::from_mins(2)
    }
}

fn relay_of(transport: &Transport, name: &str) -> String {
    match transport {
        Transport::Texts(_) => format!("texts {name}"),
        other => other.name(),
    }
}

/// How a service is reached.
fn gateway(name: &str, channel: &ChannelConfig) -> Result<GatewayConfig> {
    let usual = match channel.kind {
        Service::Tencent => "https://sms.tencentcloudapi.com",
        Service::Aliyun => "https://dysmsapi.aliyuncs.com",
        Service::Wecom => "https://qyapi.weixin.qq.com",
        Service::Dingtalk => "https://oapi.dingtalk.com",
        Service::Feishu => "https://open.feishu.cn",
        Service::Webhook => "",
    };
    let url = channel.url.as_deref().unwrap_or(usual);
    let endpoint = Endpoint::read(url, channel.allow_plain).map_err(|error| {
        AppError::Configuration(format!("[channels.{name}] url = {url:?}: {error}"))
    })?;
    let proxy = channel.proxy.as_deref().map(|url| {
        let wrong = |error| format!("[channels.{name}] proxy: {error}");
        Proxy::read(url).map_err(|error| AppError::Configuration(wrong(error)))
    });
    let secret = |file: Option<&std::path::PathBuf>| match file {
        None => Ok(String::new()),
        Some(path) => password(path),
    };
    let key = secret(channel.key_file.as_ref())?;
    Ok(GatewayConfig {
        channel: name.to_owned(),
        service: channel.kind,
        endpoint,
        proxy: proxy.transpose()?,
        ca_file: channel.ca_file.clone(),
        key: if channel.kind.is_robot() { robot_key(&key).to_owned() } else { key },
        secret: secret(channel.secret_file.as_ref())?,
        app_id: channel.app_id.clone().unwrap_or_default(),
        sign: channel.sign.clone().unwrap_or_default(),
        region: channel.region.clone(),
        connect: CONNECT_MAX.min(Duration::from_secs(channel.answer_seconds.max(1))),
        answer: Duration::from_secs(channel.answer_seconds.max(1)),
    })
}

/// The key of a robot. People copy the whole address from the group's settings.
fn robot_key(text: &str) -> &str {
    let after = ["key=", "access_token=", "/hook/"];
    let found = after.iter().find_map(|mark| text.rsplit_once(mark));
    let rest = found.map_or(text, |(_, rest)| rest);
    rest.split(['&', '/', '?']).next().unwrap_or_default()
}

/// The secret in a file. What editors add is not part of it: a byte order mark, the end of the line.
pub(in crate::app) fn password(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        AppError::refused("refused-password-file", &[("path", &path.display()), ("said", &error)])
    })?;
    Ok(text.trim_start_matches('\u{feff}').trim_end().to_owned())
}

fn limits(answer_seconds: u64, dot_seconds: u64) -> Limits {
    let shorter = |limit: Duration| limit.min(Duration::from_secs(answer_seconds.max(1)));
    let usual = Limits::default();
    Limits {
        connect: shorter(usual.connect),
        banner: Duration::from_secs(answer_seconds.max(1)),
        tls: shorter(usual.tls),
        auth: shorter(usual.auth),
        command: Duration::from_secs(answer_seconds.max(1)),
        dot: Duration::from_secs(dot_seconds.max(1)),
        quit: usual.quit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_robot_may_stand_in_its_whole_address() {
        for (text, key) in [
            ("11111111-2222", "11111111-2222"),
            ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1-2", "1-2"),
            ("https://oapi.dingtalk.com/robot/send?access_token=ab12&x=y", "ab12"),
            ("https://open.feishu.cn/open-apis/bot/v2/hook/6-7", "6-7"),
        ] {
            assert_eq!(robot_key(text), key);
        }
    }
}
