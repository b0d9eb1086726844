//! Services that take text messages and posts in group chats, over HTTP: one request for a message, no redirects,
//! nothing tried again by itself. What a service answers is judged in `domain::gateway`.

mod answer;
mod content;
mod fetch;
mod http;
mod proxy;
mod receipts;
mod request;
mod sign;

pub use content::{Content, Text};
pub use fetch::{Fetched, Reach, Sent};
pub use http::{Endpoint, EndpointError};
pub use proxy::{Proxy, ProxyError};
pub use receipts::{Detail, Pushed, pushed, signed_by};

use super::{Outcome, Outgoing};
use crate::clock::Clock;
use crate::domain::gateway::{Meaning, Service};
use chrono::{DateTime, Utc};
use http::{Link, Lost, Route};
use std::path::PathBuf;
use std::time::Duration;

/// How to reach a service.
#[derive(Clone)]
pub struct GatewayConfig {
    /// The name of the channel.
    pub channel: String,
    /// Which service.
    pub service: Service,
    /// Its address.
    pub endpoint: Endpoint,
    /// The proxy between this machine and it.
    pub proxy: Option<Proxy>,
    /// PEM file with certificates to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// Id of the key, or a robot's key or token.
    pub key: String,
    /// What signs.
    pub secret: String,
    /// Tencent's SdkAppId.
    pub app_id: String,
    /// The approved signature.
    pub sign: String,
    /// Tencent's region.
    pub region: String,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for an answer.
    pub answer: Duration,
}

impl std::fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayConfig")
            .field("channel", &self.channel)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// What a service answered to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it means.
    pub meaning: Meaning,
    /// Status and code; never what was sent, nor to whom.
    pub code: String,
    /// The service's number of the message.
    pub serial: Option<String>,
}

/// An open connection to a service.
pub(super) struct GatewayConnection {
    link: Link,
    config: GatewayConfig,
}

impl std::fmt::Debug for GatewayConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayConnection").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The time by which requests are signed: services refuse any other than the present one.
fn signing_time() -> DateTime<Utc> {
    Clock::System.now()
}

impl GatewayConfig {
    fn route(&self) -> Route<'_> {
        let (endpoint, proxy) = (&self.endpoint, self.proxy.as_ref());
        Route { endpoint, proxy, ca_file: self.ca_file.as_deref(), connect: self.connect }
    }
}

impl GatewayConnection {
    pub(super) async fn open(config: &GatewayConfig) -> Result<Self, Outcome> {
        let link = Link::open(config.route()).await.map_err(Outcome::NotSent)?;
        Ok(Self { link, config: config.clone() })
    }

    /// Sends one message; see `Connection::send`.
    pub(super) async fn send<F, Fut, E>(&mut self, message: &Outgoing, before_body: F) -> Outcome
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        let Some(content) = Content::read(&message.bytes) else {
            let code = "its content cannot be read".to_owned();
            return Outcome::Answered(Said { meaning: Meaning::Ours, code, serial: None });
        };
        if let Err(why) = self.link.ready(self.config.route()).await {
            return Outcome::NotSent(why);
        }
        if let Err(error) = before_body().await {
            return Outcome::NotSent(format!("the outbox: {error}"));
        }
        let request = request::of_message(&self.config, message, &content, signing_time());
        match self.link.ask(request, self.config.answer).await {
            Ok(answer) => {
                Outcome::Answered(answer::said(self.config.service, &message.key, &answer))
            }
            Err(Lost::NotSent(why)) => Outcome::NotSent(why),
            // Its receiver keeps the message's number: sending it again leaves one.
            Err(Lost::InDoubt(why)) if self.config.service.removes_duplicates() => {
                Outcome::NotSent(why)
            }
            Err(Lost::InDoubt(why)) => Outcome::InDoubt(why),
        }
    }

    pub(super) fn is_usable(&self) -> bool {
        self.link.is_usable()
    }
}
